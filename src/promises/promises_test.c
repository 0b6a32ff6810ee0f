/* promises_test.c — the state of a line follows from its rules, its proofs, its evidence; every obeyed rule has a probe. */
#include "promises/promises.c"
#include "base/test.h"
#include "charter/load.h"
#include "promises/probe.h"

static const char text[] =
    "charter: notes\n"
    "title: {en: Notes}\n"
    "updated: 2026-11-22\n"
    "clock: Europe/Warsaw\n"
    "speaks: [en]\n"
    "operator:\n"
    "  name: Notes, Gdynia\n"
    "  contact: privacy@notes.example\n"
    "  authority: UODO\n"
    "people:\n"
    "  owner: who keeps notes\n"
    "tenant: owner\n"
    "records:\n"
    "  note:\n"
    "    belongs_to: owner\n"
    "    holds:\n"
    "      title: text\n"
    "    keep: until the owner deletes it\n"
    "who_sees:\n"
    "  owner: everything of own note\n"
    "connections: TLS 1.2 or newer\n"
    "logs: kept 30 days, masked when written\n"
    "log_review: every day, signed by the administrator\n"
    "evidence:\n"
    "  - what: certificate of the host\n"
    "    owner: administrator\n"
    "    until: 2027-05-31\n"
    "    remind: 60 days before\n"
    "promised_for:\n"
    "  - what: notes with pictures\n"
    "    by: 2027-06-30\n";

static struct charter *notes(void) {
    AUTO(findings_free) struct findings *f = findings_new();
    struct charter *c = NULL;
    struct err e;
    AUTO(buf_done) struct buf b = BUF(65536);
    enum code code = charter_load_text("notes.yaml", text, sizeof text - 1, f, &c, &e);
    findings_print(f, &b);
    if (code != OK)
        fprintf(stderr, "%s", buf_str(&b));
    CHECK(code == OK);
    return c;
}

static enum promise_state state_of(const struct charter *c, const struct proof *proofs, size_t n, const char *today, const char *path) {
    AUTO(promises_free) struct promises *p = NULL;
    const struct promise *list;
    struct err e;
    CHECK_OK(promises_list(c, proofs, n, today, &p, &e), &e);
    size_t count = promises_all(p, &list);
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].line->path, path) == 0)
            return list[i].state;
    fprintf(stderr, "no line %s\n", path);
    CHECK(false);
    return PROMISE_STATES;
}

TEST(follows_rules_and_proofs) {
    AUTO(charter_free) struct charter *c = notes();
    const struct proof kept[] = { { "tls_floor", true, 5, "fine" }, { "plain_http_refused", true, 4, "fine" }, { "logs_masked", true, 6, "fine" }, { "logs_purged", true, 8, "fine" } };
    const struct proof broken[] = { { "tls_floor", false, 7, "TLS 1.1 goes on" } };
    CHECK_INT(state_of(c, NULL, 0, "2026-11-22", "connections"), PROMISE_UNPROVED);
    CHECK_INT(state_of(c, kept, 3, "2026-11-22", "connections"), PROMISE_KEPT);
    CHECK_INT(state_of(c, kept, 1, "2026-11-22", "connections"), PROMISE_UNPROVED);   /* one of its two rules only */
    CHECK_INT(state_of(c, broken, 1, "2026-11-22", "connections"), PROMISE_BROKEN);
    CHECK_INT(state_of(c, kept, 3, "2026-11-22", "logs"), PROMISE_UNPROVED);   /* masked, and nobody tried the purge */
    CHECK_INT(state_of(c, kept, 4, "2026-11-22", "logs"), PROMISE_KEPT);
    CHECK_INT(state_of(c, kept, 4, "2026-11-22", "log_review"), PROMISE_LATER);      /* nothing keeps it yet */
}

TEST(evidence_expires_after_its_day) {
    AUTO(charter_free) struct charter *c = notes();
    CHECK_INT(state_of(c, NULL, 0, "2027-05-31", "evidence.0"), PROMISE_EVIDENCED);
    CHECK_INT(state_of(c, NULL, 0, "2027-06-01", "evidence.0"), PROMISE_EXPIRED);
}

TEST(what_is_promised_for_a_day_is_overdue_after_it) {
    AUTO(charter_free) struct charter *c = notes();
    CHECK_INT(state_of(c, NULL, 0, "2027-06-30", "promised_for.0"), PROMISE_DATED);
    CHECK_INT(state_of(c, NULL, 0, "2027-07-01", "promised_for.0"), PROMISE_OVERDUE);
}

TEST(every_obeyed_rule_has_one_probe_and_no_other_has) {
    const struct probe *list;
    size_t n = probes_list(&list);
    for (size_t r = 0; r < RULE_COUNT; r++) {
        size_t rows = 0;
        for (size_t i = 0; i < n; i++)
            rows += list[i].rule == (enum rule)r;
        if (rows != (rule_state((enum rule)r) == OBEYED))
            fprintf(stderr, "rule %s has %zu probes\n", rule_name((enum rule)r), rows);
        CHECK(rows == (rule_state((enum rule)r) == OBEYED));
    }
}

TEST(every_state_has_words) {
    for (int s = 0; s < PROMISE_STATES; s++)
        for (int l = 0; l < LANG_COUNT; l++)
            CHECK(promise_state_word((enum promise_state)s, (enum lang)l) != NULL && promise_state_name((enum promise_state)s) != NULL);
}
