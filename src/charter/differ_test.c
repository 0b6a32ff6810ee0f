/* differ_test.c — rows: what changes in the sample, and which sentences and uses come of it. */
#include "charter/differ.c"

#include "base/test.h"
#include "charter/sample.h"

static struct charter *load(const char *text) {
    AUTO(findings_free) struct findings *f = findings_new();
    struct charter *c = NULL;
    struct err e;
    if (charter_load_text("s.yaml", text, strlen(text), f, &c, &e) != OK) {
        AUTO(buf_done) struct buf out = BUF(1 << 16);
        findings_print(f, &out);
        fail_msg("%s", buf_str(&out));
    }
    return c;
}

static struct charter *changed(const char *from, const char *to) {
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    const char *at = strstr(sample_text, from);
    if (at == NULL)
        fail_msg("not in the sample: %s", from);
    buf_add(&text, sample_text, (size_t)(at - sample_text));
    buf_text(&text, to);
    buf_text(&text, at + strlen(from));
    return load(buf_str(&text));
}

/* "path: before => now" in English, a line each; then "use kind name field". */
static void told(const char *from, const char *to, struct buf *out) {
    AUTO(charter_free) struct charter *older = load(sample_text);
    AUTO(charter_free) struct charter *newer = changed(from, to);
    AUTO(differences_free) struct differences *d = NULL;
    const struct difference *list;
    const struct new_use *use_list;
    struct err e;
    CHECK_OK(charter_differ(older, newer, &d, &e), &e);
    for (size_t i = 0, n = differences_list(d, &list); i < n; i++) {
        for (int l = 1; l < LANG_COUNT; l++)
            CHECK((list[i].now.in[l] == NULL) == (list[i].now.in[0] == NULL) && (list[i].before.in[l] == NULL) == (list[i].before.in[0] == NULL));
        buf_printf(out, "%s%s: %s => %s\n", list[i].type == DIFFER_USES ? "! " : "", list[i].path, list[i].before.in[0] == NULL ? "" : list[i].before.in[0], list[i].now.in[0] == NULL ? "" : list[i].now.in[0]);
    }
    for (size_t i = 0, n = differences_uses(d, &use_list); i < n; i++)
        buf_printf(out, "use %d %s %s %s\n", (int)use_list[i].type, use_list[i].kind, use_list[i].name, use_list[i].field == NULL ? "-" : use_list[i].field);
}

TEST(the_same_charter_differs_in_nothing) {
    AUTO(buf_done) struct buf out = BUF(1 << 16);
    told("updated: 2026-11-22", "updated: 2026-11-23", &out);
    CHECK_TEXT(buf_str(&out), "");
}

TEST(what_is_new_and_gone_and_otherwise_is_said_in_sentences) {
    static const struct { const char *from, *to, *want[3]; } rows[] = {
        { "180 days after event.ends", "90 days after event.ends", { "records.registration.keep: ", "180 days", "=> “registration” is erased 90 days after" } },
        { "warn: organiser by email 14 days before\n", "# none\n", { "records.registration.warn: ", " => \n", NULL } },
        { "      phone: personal phone, optional\n", "      phone: personal phone, optional\n      fax: personal phone, optional\n",
          { "records.registration.holds.fax:  => ", "fax", NULL } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf out = BUF(1 << 16);
        told(rows[i].from, rows[i].to, &out);
        for (size_t w = 0; w < ARRAY_LEN(rows[i].want) && rows[i].want[w] != NULL; w++)
            if (strstr(buf_str(&out), rows[i].want[w]) == NULL)
                fail_msg("row %zu: no “%s” in:\n%s", i, rows[i].want[w], buf_str(&out));
        CHECK(strstr(buf_str(&out), "use ") == NULL);
    }
}

TEST(a_new_purpose_and_a_new_recipient_are_new_uses) {
    static const struct { const char *from, *to, *want[2]; } rows[] = {
        { "used_for: [running the event, answering questions]", "used_for: [sending offers, running the event, answering questions]", { "use 0 registration sending offers -", "! records.registration.used_for" } },
        { "    used_for: [running the event, answering questions]\n", "    used_for:\n      - {en: running the event, pl: reklama, hu: running the event}\n      - answering questions\n",
          { "use 0 registration running the event -", "! records.registration.used_for" } },
        { "name, status of own registration", "name, status, email of own registration", { "use 1 registration door email", "! who_sees.door" } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf out = BUF(1 << 16);
        told(rows[i].from, rows[i].to, &out);
        for (size_t w = 0; w < ARRAY_LEN(rows[i].want); w++)
            if (strstr(buf_str(&out), rows[i].want[w]) == NULL)
                fail_msg("row %zu: no “%s” in:\n%s", i, rows[i].want[w], buf_str(&out));
    }
}

/* Two charters with a processor each. */
static size_t processor_uses(const char *before, const char *now) {
    AUTO(buf_done) struct buf one = BUF(1 << 12), two = BUF(1 << 12), first = BUF(1 << 16), second = BUF(1 << 16);
    AUTO(differences_free) struct differences *d = NULL;
    const char *at = strstr(sample_text, "\nclock: ") + 1;
    const struct new_use *list;
    struct err e;
    size_t count = 0;
    buf_printf(&one, "processors:\n  - name: Host\n    for: servers\n%s    agreement: 2026-01-10 to 2027-01-10\n", before);
    buf_printf(&two, "processors:\n  - name: Host\n    for: servers\n%s    agreement: 2026-01-10 to 2027-01-10\n", now);
    buf_printf(&first, "%.*s%s%s", (int)(at - sample_text), sample_text, buf_str(&one), at);
    buf_printf(&second, "%.*s%s%s", (int)(at - sample_text), sample_text, buf_str(&two), at);
    AUTO(charter_free) struct charter *older = load(buf_str(&first));
    AUTO(charter_free) struct charter *newer = load(buf_str(&second));
    CHECK_OK(charter_differ(older, newer, &d, &e), &e);
    for (size_t i = 0, n = differences_uses(d, &list); i < n; i++)
        count += list[i].type == USE_PROCESSOR && strcmp(list[i].name, "Host") == 0;
    return count;
}

TEST(a_processor_that_sees_more_or_sits_elsewhere_is_a_new_recipient) {
    CHECK(processor_uses("    sees: nothing readable\n    in: PL\n", "    sees: nothing readable\n    in: PL\n") == 0);
    CHECK(processor_uses("    sees: nothing readable\n    in: PL\n", "    sees: names and addresses\n    in: PL\n") > 0);
    CHECK(processor_uses("    sees: nothing readable\n    in: PL\n", "    sees: nothing readable\n    in: DE\n") > 0);
}

/* What stands behind an item that was put in front is no difference. */
TEST(places_in_lists_do_not_count) {
    AUTO(buf_done) struct buf out = BUF(1 << 16);
    told("    limits:\n", "    limits:\n      - one for each event and status\n", &out);
    const char *at = strstr(buf_str(&out), "records.registration.limits.#: ");
    CHECK(at != NULL && strstr(at + 1, "records.registration.limits.#: ") == NULL);
}
