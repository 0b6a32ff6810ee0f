/* reaches_test.c — which hosts of sejf.yaml a service may reach, by its charter's processors. */
#include "prog/reaches.c"

#include "base/test.h"
#include "charter/load.h"
#include "charter/sample.h"

#define RELAY(host) "mail: {relay: " host ", tls: starttls, from: a@seats.example}\n"
#define ASKER "askers: {rules: {url: \"https://rules.example/ask\"}}\n"
#define INSIDE "askers: {rules: {url: \"https://rules.example/ask\", private: yes}}\n"
#define PROCESSOR(in, hosts, more) "processors:\n  - {name: A, for: b, sees: c, in: " in ", agreement: 2026-01-01 to 2027-12-31, hosts: [" hosts "]" more "}\n"
#define LISTED "transfers: only with an entry in the register\n"
#define ENTRY ", transfer: \"until 2026-12-31, on standard clauses\""

static struct charter *charter_of(const char *more, bool asks) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    AUTO(findings_free) struct findings *f = findings_new();
    struct charter *c = NULL;
    struct err e;
    const char *at = strstr(sample_text, "  registration:\n") + strlen("  registration:\n");
    buf_add(&text, sample_text, (size_t)(at - sample_text));
    buf_text(&text, asks ? "    ask: rules before create, within 300 ms\n" : "");
    buf_text(&text, at);
    buf_text(&text, more);
    CHECK_OK(charter_load_text("events.yaml", buf_str(&text), text.len, f, &c, &e), &e);
    return c;
}

TEST(hosts_are_those_of_a_processor_or_inside) {
    static const struct civil now = { 2026, 11, 23, 12, 0, 0, 0 }, later = { 2027, 1, 1, 0, 0, 0, 0 }, over = { 2028, 1, 1, 0, 0, 0, 0 };
    static const struct { const char *yaml, *charter; bool asks; const struct civil *at; enum code want; const char *says; } rows[] = {
        { "host: localhost\n", "", false, &now, OK, NULL }, { RELAY("relay.example"), "", false, &now, OK, NULL },           /* it names no processors at all */
        { RELAY("relay.example"), PROCESSOR("PL", "relay.example", ""), false, &now, OK, NULL },
        { RELAY("relay.example"), PROCESSOR("PL", "other.example", ""), false, &now, E_CONFIG, "mail goes to relay.example, and no processor" },
        { RELAY("127.0.0.1:2525"), PROCESSOR("PL", "other.example", ""), false, &now, OK, NULL }, { RELAY("localhost"), PROCESSOR("PL", "other.example", ""), false, &now, OK, NULL },
        { RELAY("mail.internal"), PROCESSOR("PL", "other.example", ""), false, &now, OK, NULL }, { RELAY("10.0.0.5"), PROCESSOR("PL", "other.example", ""), false, &now, OK, NULL },
        { RELAY("93.184.216.34"), PROCESSOR("PL", "other.example", ""), false, &now, E_CONFIG, "mail goes to 93.184.216.34" },
        { RELAY("relay.example"), LISTED PROCESSOR("US", "relay.example", ENTRY), false, &now, OK, NULL },
        { RELAY("relay.example"), LISTED PROCESSOR("US", "relay.example", ENTRY), false, &later, OK, NULL },           /* sending stops then, not the service */
        { RELAY("relay.example"), PROCESSOR("PL", "relay.example", ""), false, &over, OK, NULL },            /* fields stop then, not the service */
        { ASKER, PROCESSOR("PL", "other.example", ""), true, &now, E_CONFIG, "a question before records are made goes to rules.example" },
        { ASKER, PROCESSOR("PL", "rules.example", ""), true, &now, OK, NULL }, { INSIDE, PROCESSOR("PL", "other.example", ""), true, &now, OK, NULL },
    };
    for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(instance_free) struct instance *i = NULL;
        AUTO(charter_free) struct charter *c = charter_of(rows[n].charter, rows[n].asks);
        struct err e = { 0 };
        const struct finding *found;
        if (instance_load_text("/etc/sejf/sejf.yaml", rows[n].yaml, strlen(rows[n].yaml), f, &i, &e) != OK)
            fprintf(stderr, "row %zu: %s\n", n, findings_list(f, &found) > 0 ? found[0].text : "?");
        i = instance_free(i);
        CHECK_OK(instance_load_text("/etc/sejf/sejf.yaml", rows[n].yaml, strlen(rows[n].yaml), f, &i, &e), &e);
        struct charter *const list[] = { c };
        enum code code = reaches_check(i, list, 1, zone_instant(charter_zone(c), rows[n].at), &e);
        if (code != rows[n].want)
            fprintf(stderr, "row %zu: %s\n", n, e.text);
        CHECK_INT(code, rows[n].want);
        CHECK(rows[n].says == NULL || strstr(e.text, rows[n].says) != NULL);
    }
}

TEST(an_entry_that_has_ended_lets_nothing_go_on) {
    AUTO(charter_free) struct charter *c = charter_of(LISTED PROCESSOR("US", "relay.example", ", transfer: \"until 2026-01-31, on standard clauses\""), false);
    struct charter *const list[] = { c };
    struct err e;
    CHECK(reach_now(list, 1, "relay.example", &e) == E_FORBIDDEN && reach_now(list, 1, "127.0.0.1", &e) == OK && reach_now(list, 1, "other.example", &e) == OK && reach_now(list, 0, "relay.example", &e) == OK);
}
