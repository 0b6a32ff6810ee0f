/* reach_test.c — which hosts may be reached, and when: agreements, transfers out of the EEA, and each mistake in them; where requests may go. */
#include "charter/reach.c"

#include "base/test.h"
#include "charter/instance.h"
#include "charter/load.h"
#include "charter/sample.h"

#define LISTED "transfers: only with an entry in the register\n"
#define NEVER "transfers: never outside the EEA\n"
#define AGREED(in, days, more) "processors:\n  - {name: A, for: b, sees: c, in: " in ", agreement: " days more "}\n"
#define PROCESSOR(in, more) AGREED(in, "2026-01-01 to 2027-12-31", more)
#define SECOND(in, days, more) "  - {name: B, for: b, sees: c, in: " in ", agreement: " days more "}\n"
#define ENTRY(until) ", hosts: [a.example], transfer: \"until " until ", on standard clauses\""

static struct charter *load(const char *more, struct findings *f) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    struct charter *c = NULL;
    struct err e;
    buf_text(&text, sample_text);
    buf_text(&text, more);
    return charter_load_text("test.yaml", buf_str(&text), text.len, f, &c, &e) == OK ? c : NULL;
}

TEST(a_host_is_reached_while_its_agreement_and_its_transfer_last) {
    static const struct { const char *more, *host; struct civil at; enum reach want; } rows[] = {
        { PROCESSOR("PL", ", hosts: [a.example]"), "a.example", { 2026, 11, 23, 12, 0, 0, 0 }, REACH_OK },
        { PROCESSOR("PL", ", hosts: [a.example]"), "b.example", { 2026, 11, 23, 12, 0, 0, 0 }, REACH_UNNAMED },
        { PROCESSOR("PL", ", hosts: [a.example]"), "a.example", { 2028, 1, 1, 0, 0, 0, 0 }, REACH_UNNAMED },
        { PROCESSOR("US", ", hosts: [a.example]"), "a.example", { 2026, 11, 23, 12, 0, 0, 0 }, REACH_OK },       /* it says nothing of transfers */
        { NEVER PROCESSOR("NO", ", hosts: [a.example]"), "a.example", { 2026, 11, 23, 12, 0, 0, 0 }, REACH_OK },
        { LISTED PROCESSOR("US", ", hosts: [a.example], transfer: \"until 2026-12-31, on standard clauses\""), "a.example", { 2026, 12, 31, 23, 59, 59, 0 }, REACH_OK },
        { LISTED PROCESSOR("US", ", hosts: [a.example], transfer: \"until 2026-12-31, on standard clauses\""), "a.example", { 2027, 1, 1, 0, 0, 0, 0 }, REACH_OUTSIDE },
        { LISTED PROCESSOR("[PL, US]", ", hosts: [a.example], transfer: \"until 2026-12-31, on standard clauses\""), "a.example", { 2027, 1, 1, 0, 0, 0, 0 }, REACH_OUTSIDE },
        /* whether the agreement lasts or not, nothing leaves without an entry */
        { LISTED PROCESSOR("US", ENTRY("2027-12-31")), "a.example", { 2028, 1, 1, 0, 0, 0, 0 }, REACH_OUTSIDE },
        { LISTED PROCESSOR("US", ENTRY("2027-06-30")), "a.example", { 2028, 1, 1, 0, 0, 0, 0 }, REACH_OUTSIDE },
        { LISTED AGREED("US", "2020-01-01 to 2020-12-31", ENTRY("2020-12-31")), "a.example", { 2026, 11, 23, 12, 0, 0, 0 }, REACH_OUTSIDE },
        { LISTED AGREED("US", "2027-01-01 to 2027-12-31", ENTRY("2026-06-30")), "a.example", { 2026, 11, 23, 12, 0, 0, 0 }, REACH_OUTSIDE },
        { LISTED PROCESSOR("US", ENTRY("2028-12-31")), "a.example", { 2028, 1, 1, 0, 0, 0, 0 }, REACH_UNNAMED },
        /* the same host under two of them: one that may is enough, in either order */
        { LISTED PROCESSOR("US", ENTRY("2026-06-30")) SECOND("PL", "2026-01-01 to 2027-12-31", ", hosts: [a.example]"), "a.example", { 2026, 11, 23, 12, 0, 0, 0 }, REACH_OK },
        { LISTED PROCESSOR("PL", ", hosts: [a.example]") SECOND("US", "2026-01-01 to 2027-12-31", ENTRY("2026-06-30")), "a.example", { 2026, 11, 23, 12, 0, 0, 0 }, REACH_OK },
        { LISTED PROCESSOR("US", ENTRY("2026-06-30")) SECOND("PL", "2026-01-01 to 2026-06-30", ", hosts: [a.example]"), "a.example", { 2026, 11, 23, 12, 0, 0, 0 }, REACH_OUTSIDE },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(charter_free) struct charter *c = load(rows[i].more, f);
        if (c == NULL)
            fprintf(stderr, "row %zu\n", i);
        CHECK(c != NULL && charter_has_processors(c));
        enum reach got = charter_reach(c, rows[i].host, zone_instant(charter_zone(c), &rows[i].at));
        if (got != rows[i].want)
            fprintf(stderr, "row %zu\n", i);
        CHECK_INT(got, rows[i].want);
        CHECK(charter_names_host(c, "a.example") && !charter_names_host(c, "b.example"));
    }
}

TEST(a_transfer_that_the_charter_does_not_let_be_is_refused) {
    static const struct { const char *more, *id; } rows[] = {
        { NEVER PROCESSOR("US", ", hosts: [a.example]"), "transfer-never" }, { NEVER PROCESSOR("[PL, CH]", ", hosts: [a.example]"), "transfer-never" },
        { NEVER PROCESSOR("US", ", hosts: [a.example], transfer: \"until 2026-12-31, on standard clauses\""), "two-lines-contradict" },
        { LISTED PROCESSOR("US", ", hosts: [a.example]"), "transfer-missing" }, { LISTED PROCESSOR("US", ", hosts: [a.example], transfer: soon"), "sentence" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(charter_free) struct charter *c = load(rows[i].more, f);
        const struct finding *list;
        bool found = false;
        size_t n = findings_list(f, &list);
        for (size_t k = 0; k < n; k++)
            found = found || strcmp(list[k].id, rows[i].id) == 0;
        if (!found)
            fprintf(stderr, "row %zu: %s\n", i, n > 0 ? list[0].id : "nothing");
        CHECK(c == NULL && found);
    }
}

TEST(requests_go_to_declared_hosts_for_their_own_use) {
    static const struct destination list[] = { { .host = "login.example", .port = 443, .use = FOR_SERVICES }, { .host = "hooks.example", .port = 8443, .use = FOR_WEBHOOKS } };
    const struct destination *d = NULL;
    CHECK(egress_of(list, 2, false, FOR_SERVICES, "LOGIN.example", 443, &d) == EGRESS_DECLARED && d == &list[0]);
    CHECK(egress_of(list, 2, false, FOR_WEBHOOKS, "login.example", 443, &d) == EGRESS_DENIED && egress_of(list, 2, false, FOR_SERVICES, "login.example", 444, &d) == EGRESS_DENIED);
    CHECK(egress_of(list, 2, true, FOR_WEBHOOKS, "any.example", 443, &d) == EGRESS_ANYWHERE && egress_of(list, 2, true, FOR_WEBHOOKS, "any.example", 8443, &d) == EGRESS_DENIED);
    CHECK(egress_of(list, 2, true, FOR_ASKERS, "any.example", 443, &d) == EGRESS_DENIED && egress_of(list, 0, false, FOR_SERVICES, "", 443, &d) == EGRESS_DENIED);
}
