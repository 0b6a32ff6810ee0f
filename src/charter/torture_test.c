/* torture_test.c — reading, explaining and comparing charters with the n-th allocation failing. */
#include "charter/load.h"
#include "base/test.h"
#include "base/torture.h"
#include "charter/against.h"
#include "charter/explain.h"
#include "charter/instance.h"
#include "charter/lint.h"
#include "charter/report.h"
#include "charter/schema.h"

/* One of each section, so that each reader allocates; two lines are wrong in the second. */
static const char good[] =
    "charter: clinic\n"
    "title: {en: Clinic, pl: Klinika, hu: Klinika}\n"
    "updated: 2026-11-22\n"
    "clock: Europe/Warsaw\n"
    "speaks: [pl, en, hu]\n"
    "operator:\n"
    "  name: Klinika sp. z o.o., ul. Morska 1, Gdynia\n"
    "  contact: privacy@klinika.example\n"
    "  authority: UODO\n"
    "people:\n"
    "  patient: a person who is treated\n"
    "  clinic: the customer\n"
    "tenant: clinic\n"
    "records:\n"
    "  visit:\n"
    "    we_are: processor for the clinic\n"
    "    belongs_to: clinic\n"
    "    about: patient\n"
    "    because: contract with the clinic\n"
    "    used_for: [treatment]\n"
    "    number: 000001 per clinic\n"
    "    holds:\n"
    "      name: personal text, found by word\n"
    "      email: personal email, found exactly\n"
    "      seen: time, sorted\n"
    "      status: one of planned | done, found exactly\n"
    "    moves:\n"
    "      planned to done: clinic\n"
    "    keep: 180 days after seen, then erase\n"
    "    warn: clinic by email 14 days before\n"
    "who_sees:\n"
    "  patient: everything of own visit, by private link\n"
    "  clinic: everything of own visit\n"
    "backups:\n"
    "  database: every 3 hours, kept 1 year\n"
    "  stored: in the EEA, apart from the data\n"
    "available: 99.98 % of every calendar year\n"
    "logs: kept 30 days, masked when written\n"
    "processors:\n"
    "  - name: Hosting sp. z o.o.\n"
    "    for: keeping the servers\n"
    "    sees: nothing readable\n"
    "    in: PL\n"
    "    agreement: 2026-01-10 to 2027-01-10\n"
    "claims: [Your data is absolutely safe]\n";
static const char bad[] =
    "charter: clinic\n"
    "titel: {en: Clinic}\n"
    "updated: soon\n"
    "records:\n"
    "  visit:\n"
    "    holds:\n"
    "      name: personal text, found by wrod\n"
    "    keep: 180 days after nothing, then erase\n";
static enum code load_good(void *arg UNUSED, struct buf *outcome, struct err *reterr) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for findings");
    enum code code = charter_load_text("good.yaml", good, sizeof good - 1, f, &c, reterr);
    findings_print(f, outcome);
    if (code == OK)
        code = lint_charter(c, "2026-11-22", f, reterr);
    if (code == OK)
        findings_print(f, outcome);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}
static enum code load_bad(void *arg UNUSED, struct buf *outcome, struct err *reterr) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for findings");
    enum code code = charter_load_text("bad.yaml", bad, sizeof bad - 1, f, &c, reterr);
    if (code == E_CHARTER) {
        findings_print(f, outcome);
        if (outcome->failed)
            return err_set(reterr, E_MEMORY, "no memory for the outcome");
    }
    return code;
}
static enum code report_json(void *arg, struct buf *outcome, struct err *reterr) { return findings_json(arg, outcome, reterr); }
static enum code report_sarif(void *arg, struct buf *outcome, struct err *reterr) { return findings_sarif(arg, outcome, reterr); }
static enum code print_schema(void *arg UNUSED, struct buf *outcome, struct err *reterr) { return schema_print(outcome, reterr); }
static enum code explain(void *arg, struct buf *outcome, struct err *reterr) {
    explain_charter(arg, 7, NULL, outcome);
    (void)explain_later(arg, outcome);
    return outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : OK;
}
static enum code compare(void *arg, struct buf *outcome, struct err *reterr) {
    struct charter *const *both = arg;
    AUTO(changes_free) struct changes *changes = NULL;
    enum code code = charter_against(both[0], both[1], NULL, &changes, reterr);
    if (code == OK)
        changes_print(changes, outcome);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}
static enum code load_settings(void *arg, struct buf *outcome, struct err *reterr) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL;
    const struct buf *text = arg;
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for findings");
    enum code code = instance_load_text("sejf.yaml", buf_str(text), text->len, f, &i, reterr);
    findings_print(f, outcome);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}
static enum code example(void *arg UNUSED, struct buf *outcome, struct err *reterr) {
    instance_example(&(struct instance_wish){ .host = "sejf.example", .https = 8443, .charters = "charters" }, outcome);
    return outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : OK;
}

TEST(a_charter_is_read_or_memory_is_named) {
    bool fine = true;
    fine &= torture(&(struct torture){ .name = "charter load and lint", .call = load_good });
    fine &= torture(&(struct torture){ .name = "charter with mistakes", .call = load_bad, .want = E_CHARTER });
    fine &= torture(&(struct torture){ .name = "charter load, for good", .call = load_good, .for_good = true, .stride = 7 });
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    instance_example(&(struct instance_wish){ .host = "sejf.example", .https = 8443, .charters = "charters" }, &text);
    fine &= torture(&(struct torture){ .name = "sejf.yaml", .call = load_settings, .arg = &text });
    fine &= torture(&(struct torture){ .name = "example of sejf.yaml", .call = example });
    CHECK(fine);
}

TEST(what_is_said_of_a_charter_is_whole_or_refused) {
    bool fine = true;
    struct err e = { 0 };
    AUTO(findings_free) struct findings *f = findings_new(), *g = findings_new();
    AUTO(charter_free) struct charter *c = NULL, *none = NULL, *newer = NULL;
    CHECK_OK(charter_load_text("good.yaml", good, sizeof good - 1, f, &c, &e), &e);
    CHECK_CODE(charter_load_text("bad.yaml", bad, sizeof bad - 1, f, &none, &e), E_CHARTER, &e);
    AUTO(buf_done) struct buf other = BUF(1 << 16);
    const char *at = strstr(good, "      seen:");
    buf_add(&other, good, (size_t)(at - good));
    buf_text(&other, "      phone: personal phone, optional, found exactly\n");
    buf_text(&other, at);
    CHECK_OK(charter_load_text("newer.yaml", other.data, other.len, g, &newer, &e), &e);
    struct charter *both[] = { c, newer };
    fine &= torture(&(struct torture){ .name = "findings as JSON", .call = report_json, .arg = f });
    fine &= torture(&(struct torture){ .name = "findings as SARIF", .call = report_sarif, .arg = f });
    fine &= torture(&(struct torture){ .name = "JSON Schema", .call = print_schema, .stride = 11 });
    fine &= torture(&(struct torture){ .name = "explanation", .call = explain, .arg = c });
    fine &= torture(&(struct torture){ .name = "comparison", .call = compare, .arg = both });
    CHECK(fine);
}
