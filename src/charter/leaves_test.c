/* leaves_test.c — which fields leave to which host, who is asked, and each mistake in it. */
#include "charter/leaves.c"

#include "base/test.h"
#include "charter/load.h"
#include "charter/sample.h"

static const char whole[] = "processors:\n  - name: ERP\n    for: planning\n    sees: names\n    fields: [\"name, email of registration\", everything of event]\n    hosts: [erp.example, two.example]\n"
                            "    in: PL\n    agreement: 2026-01-01 to 2027-12-31\n";

static struct charter *load(const char *more, const char *ask, struct findings *f) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    struct charter *c = NULL;
    struct err e;
    const char *at = strstr(sample_text, "  registration:\n");
    CHECK(at != NULL);
    at += strlen("  registration:\n");
    buf_add(&text, sample_text, (size_t)(at - sample_text));
    buf_text(&text, ask);
    buf_text(&text, at);
    buf_text(&text, more);
    return charter_load_text("test.yaml", buf_str(&text), text.len, f, &c, &e) == OK ? c : NULL;
}

TEST(fields_leave_to_the_hosts_of_their_processor) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = load(whole, "    ask: stock before create and move, seeing name, status, within 300 ms\n", f);
    CHECK(c != NULL);
    int registration = charter_kind(c, "registration"), event = charter_kind(c, "event");
    const struct kind *k = charter_kind_at(c, registration);
    const usec_t now = zone_instant(charter_zone(c), &(struct civil){ 2026, 11, 23, 12, 0, 0, 0 });
    CHECK(charter_leaves(c, "erp.example", registration, now) == (BIT(kind_field(k, "name")) | BIT(kind_field(k, "email"))));
    CHECK(charter_leaves(c, "two.example", event, now) == BIT(charter_kind_at(c, event)->field_count) - 1);
    CHECK(charter_leaves(c, "other.example", registration, now) == 0 && charter_leaves(c, "erp.example", charter_kind(c, "invoice"), now) == 0);
    CHECK_TEXT(k->ask.asker, "stock");
    CHECK(k->ask.create && k->ask.move && k->ask.within_ms == 300 && k->ask.fields == (BIT(kind_field(k, "name")) | BIT(kind_field(k, "status"))));
    CHECK(charter_kind_at(c, event)->ask.asker == NULL);
}

TEST(nothing_leaves_before_and_after_its_agreement) {
    static const struct { struct civil at; bool leaves; } rows[] = {
        { { 2025, 12, 31, 23, 59, 59, 0 }, false }, { { 2026, 1, 1, 0, 0, 0, 0 }, true }, { { 2027, 12, 31, 23, 59, 59, 0 }, true }, { { 2028, 1, 1, 0, 0, 0, 0 }, false },
    };
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = load(whole, "", f);
    CHECK(c != NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK((charter_leaves(c, "erp.example", charter_kind(c, "registration"), zone_instant(charter_zone(c), &rows[i].at)) != 0) == rows[i].leaves);
}

TEST(each_mistake_is_told) {
    static const struct { const char *more, *ask, *id; } rows[] = {
        { "processors:\n  - {name: A, for: b, sees: c, fields: name of registration, in: PL, agreement: 2026-01-01 to 2027-12-31}\n", "", "fields-nowhere" },
        { "processors:\n  - {name: A, for: b, sees: c, fields: nothing_such of registration, hosts: [a.example], in: PL, agreement: 2026-01-01 to 2027-12-31}\n", "", "unknown-field" },
        { "processors:\n  - {name: A, for: b, sees: c, fields: name of person, hosts: [a.example], in: PL, agreement: 2026-01-01 to 2027-12-31}\n", "", "unknown-kind" },
        { "", "    ask: stock before create, within 5 ms\n", "ask-within" }, { "", "    ask: stock before create, within 60000 ms\n", "ask-within" },
        { "", "    ask: stock before create, seeing nothing_such, within 300 ms\n", "unknown-field" }, { "", "    ask: stock\n", "sentence" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(charter_free) struct charter *c = load(rows[i].more, rows[i].ask, f);
        const struct finding *list;
        bool found = false;
        size_t n = findings_list(f, &list);
        CHECK(c == NULL);
        for (size_t k = 0; k < n; k++)
            found = found || strcmp(list[k].id, rows[i].id) == 0;
        if (!found)
            fprintf(stderr, "row %zu: %s\n", i, n > 0 ? list[0].id : "nothing");
        CHECK(found);
    }
}
