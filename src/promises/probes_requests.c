/* probes_requests.c — requests of people under their rights: a clock that is the calendar's, no refusal without what it needs, a correction that is
 * made and told. Months are counted here by the C library, in the charter's zone; nothing of base/zone.c has a part in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>

#include "base/time.h"
#include "promises/probes.h"

#define BOUND (20 * USEC_PER_SEC)             /* traces of reads are written within a second; a busy machine gets more */
#define PROBER "Probe Person"

static enum code asked(struct env *e, const char *below, json_t *body /* stolen */, struct answer *ret, struct err *reterr) {
    char path[160];
    snprintf(path, sizeof path, "/v1/tenants/%lld/requests%s", (long long)env_tenant(e, 0), below);
    enum code code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a call") : env_call(e, &(struct call){ .method = "POST", .path = path, .body = body }, ret, reterr);
    json_decref(body);
    return code;
}

/* *ret: the new request; E_BROKEN when it was not taken. */
static enum code entered(struct env *e, json_t *body, struct answer *ret, struct err *reterr) {
    enum code code = asked(e, "", body, ret, reterr);
    return code == OK && ret->status != 201 ? err_set(reterr, E_BROKEN, "entering a request answered %d", ret->status) : code;
}

static enum code step(struct env *e, int64_t number, const char *what, json_t *body, struct answer *ret, struct err *reterr) {
    char below[64];
    snprintf(below, sizeof below, "/%lld/%s", (long long)number, what);
    return asked(e, below, body, ret, reterr);
}

static int64_t number_of(const struct answer *a) { return json_integer_value(json_object_get(a->json, "number")); }

/* ---- the clock */

/* Midnight that begins that day, by the C library in the zone of the charter. */
static usec_t midnight(const char *zone, int year, int month, int day) {
    struct tm t = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_isdst = -1 };
    const char *now = getenv("TZ");
    char before[128];
    bool had = now != NULL && strlen(now) < sizeof before;
    snprintf(before, sizeof before, "%s", had ? now : "");
    setenv("TZ", zone, 1);                     /* NOLINT(concurrency-mt-unsafe): one thread */
    tzset();
    usec_t at = (usec_t)mktime(&t) * USEC_PER_SEC;
    if (had)
        setenv("TZ", before, 1);               /* NOLINT(concurrency-mt-unsafe) */
    else
        unsetenv("TZ");                        /* NOLINT(concurrency-mt-unsafe) */
    tzset();
    return at;
}

static usec_t time_of(const struct answer *a, const char *name) {
    usec_t t = 0;
    const char *text = json_string_value(json_object_get(a->json, name));
    return text != NULL && time_parse(text, &t) ? t : 0;
}

/* Entered as of 31 January of a year with and one without a 29 February; *ret: what is wrong, or NULL. */
static enum code clock_tried(struct env *e, const char **ret, struct err *reterr) {
    static const struct { const char *received; int year, month, day; } rows[] = { { "2024-01-31", 2024, 3, 1 }, { "2023-01-31", 2023, 3, 1 }, { "2025-03-15", 2025, 4, 16 } };
    const char *zone = zone_name(charter_zone(env_charter(e)));
    *ret = NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows) && *ret == NULL; i++) {
        AUTO(answer_done) struct answer a = { 0 };
        AUTO(answer_done) struct answer more = { 0 };
        enum code code = entered(e, json_pack("{s:s, s:s, s:s, s:s}", "type", "access", "name", "Probe", "received", rows[i].received, "way", "paper"), &a, reterr);
        if (code == OK)
            code = step(e, number_of(&a), "extend", json_pack("{s:s, s:s}", "reasons", "a probe", "name", PROBER), &more, reterr);
        if (code != OK)
            return code;
        usec_t law = time_of(&a, "law"), due = time_of(&a, "due");
        if (law != midnight(zone, rows[i].year, rows[i].month, rows[i].day))
            *ret = "a month after the 31st or the 15th does not end where the calendar ends it";
        else if (due == 0 || due > law || !json_is_true(json_object_get(a.json, "late")))
            *ret = "a request has no deadline, or one behind the law's, or does not show as late";
        else if (more.status != 409)
            *ret = "more time can be taken when the first month is over";
    }
    return OK;
}

enum code probe_requests(struct env *e, struct verdict_line *v, struct err *reterr) {
    const char *wrong = NULL;
    json_t *counts = NULL;
    AUTO(answer_done) struct answer now = { 0 };
    enum code code = clock_tried(e, &wrong, reterr);
    if (code == OK)
        code = entered(e, json_pack("{s:s, s:s}", "type", "erasure", "name", "Probe"), &now, reterr);
    if (code == OK)
        code = env_control(e, "probe_requests", json_object(), &counts, reterr);
    if (code != OK)
        return code;
    int64_t days = json_integer_value(json_object_get(now.json, "days")), late = json_integer_value(json_object_get(counts, "open_late")), ended = json_integer_value(json_object_get(counts, "ended")),
            in_time = json_integer_value(json_object_get(counts, "in_time"));
    json_decref(counts);
    if (wrong == NULL && (!json_is_integer(json_object_get(now.json, "days")) || days < 0 || days > 31))
        wrong = "a request of today is not to be answered within a month";
    if (wrong != NULL)
        return SAY(v, false, "%s", wrong);
    if (late > 0)
        return SAY(v, false, "%lld request%s of people wait%s behind the deadline", (long long)late, late == 1 ? "" : "s", late == 1 ? "s" : "");
    return SAY(v, true, "deadlines are the calendar's, none is overdue, and %lld of %lld ended requests were answered in time", (long long)in_time, (long long)ended);
}

/* ---- refusals */

enum code probe_refusals(struct env *e, struct verdict_line *v, struct err *reterr) {
    static const struct { const char *ground, *reason, *name; } rows[] = {
        { NULL, "a probe", PROBER }, { "legal_duty", NULL, PROBER }, { "legal_duty", "a probe", NULL }, { "accurate", "a probe", PROBER }, { "legal_duty", "  ", PROBER } };
    AUTO(answer_done) struct answer made = { 0 };
    AUTO(answer_done) struct answer done = { 0 };
    AUTO(answer_done) struct answer letter = { 0 };
    char path[160];
    enum code code = entered(e, json_pack("{s:s, s:s}", "type", "erasure", "name", "Probe"), &made, reterr);
    if (code != OK)
        return code;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(answer_done) struct answer a = { 0 };
        code = step(e, number_of(&made), "refuse", json_pack("{s:s*, s:s*, s:s*}", "ground", rows[i].ground, "reason", rows[i].reason, "name", rows[i].name), &a, reterr);
        if (code != OK)
            return code;
        if (a.status != 422)
            return SAY(v, false, "a request could be refused without %s", i == 0 ? "a ground" : i == 2 ? "the name of a person" : i == 3 ? "a ground of that right" : "a reason");
    }
    code = step(e, number_of(&made), "refuse", json_pack("{s:s, s:s, s:s}", "ground", "legal_duty", "reason", "a probe", "name", PROBER), &done, reterr);
    snprintf(path, sizeof path, "/v1/tenants/%lld/requests/%lld/letter.pdf", (long long)env_tenant(e, 0), (long long)number_of(&made));
    if (code == OK)
        code = env_call(e, &(struct call){ .method = "GET", .path = path }, &letter, reterr);
    if (code != OK)
        return code;
    const json_t *r = json_object_get(done.json, "refusal");
    static const char *const members[] = { "right", "ground", "article", "reason" };
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (json_string_value(json_object_get(r, members[i])) == NULL)
            return SAY(v, false, "a refusal is on record without its %s", members[i]);
    if (json_string_value(json_object_get(json_object_get(r, "by"), "name")) == NULL)
        return SAY(v, false, "a refusal is on record without who decided");
    if (letter.status != 200 || strncmp(buf_str(&letter.body), "%PDF-", 5) != 0)
        return SAY(v, false, "the letter of a refusal answered %d", letter.status);
    return SAY(v, true, "no refusal without ground, reason and name; one with them has its letter");
}

/* ---- corrections */

/* A kind about a person that an address leads to, with a text to correct; *ret_address, *ret_text: fields. */
static int correctable(const struct env *e, int *ret_address, int *ret_text) {
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds);
    for (size_t i = 0; i < n; i++) {
        *ret_address = *ret_text = -1;
        for (size_t f = 0; f < kinds[i].field_count && kinds[i].about >= 0; f++) {
            const struct field *at = &kinds[i].fields[f];
            if (at->type == T_EMAIL && *ret_address < 0)
                *ret_address = (int)f;
            if ((at->type == T_NAME || at->type == T_TEXT) && at->level == L_PERSONAL && at->consent == NULL && *ret_text < 0)
                *ret_text = (int)f;
        }
        if (*ret_address >= 0 && *ret_text >= 0)
            return (int)i;
    }
    return -1;
}

/* A copy leaves, and the tenant's list tells of it; *ret false: the charter lets none leave just so. */
static enum code copied(struct env *e, const struct canary *c, bool *ret, struct err *reterr) {
    char path[256];
    AUTO(answer_done) struct answer out = { 0 };
    snprintf(path, sizeof path, "/v1/%s/%s/export", env_service(e), charter_kind_at(env_charter(e), c->kind)->name);
    json_t *body = json_object();
    enum code code = env_call(e, &(struct call){ .method = "POST", .path = path, .body = body }, &out, reterr);
    json_decref(body);
    bool told = out.status != 200;
    usec_t end = clock_steady() + BOUND;
    *ret = out.status == 200;
    snprintf(path, sizeof path, "/v1/tenants/%lld/reads?record=%s/%s", (long long)env_tenant(e, 0), charter_kind_at(env_charter(e), c->kind)->name, c->id);
    while (code == OK && !told && clock_steady() < end) {
        AUTO(answer_done) struct answer a = { 0 };
        code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
        told = strstr(buf_str(&a.body), "\"export\"") != NULL;
        if (!told)
            thrd_sleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
    }
    return code;
}

static bool processor_reads(const struct charter *c) {
    for (int i = 0; i < 64; i++) {
        char path[64];
        snprintf(path, sizeof path, "processors.%d.sees", i);
        const char *sees = charter_text(c, path, LANG_EN);
        if (sees == NULL)
            return false;
        if (strncmp(sees, "nothing", 7) != 0)
            return true;
    }
    return false;
}

enum code probe_rectification(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct canary *c = NULL;
    int address, text, kind = correctable(e, &address, &text);
    bool out = false;
    char record[128], path[256];
    AUTO(answer_done) struct answer made = { 0 };
    AUTO(answer_done) struct answer known = { 0 };
    AUTO(answer_done) struct answer decided = { 0 };
    AUTO(answer_done) struct answer now = { 0 };
    if (kind < 0)
        return err_set(reterr, E_BROKEN, "the charter holds no kind about a person with an address, to try this on");
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    enum code code = canary_make(e, 0, kind, false, &c, reterr);
    if (code == OK)
        code = copied(e, c, &out, reterr);
    if (code == OK)
        code = entered(e, json_pack("{s:s, s:s, s:O*}", "type", "rectification", "name", "Probe", "email", json_object_get(c->fields, k->fields[address].name)), &made, reterr);
    if (code == OK)
        code = step(e, number_of(&made), "identity", json_pack("{s:s, s:s, s:s}", "by", "person", "how", "a probe", "name", PROBER), &known, reterr);
    if (code != OK)
        return code;
    json_t *value = canary_value(e, &k->fields[text]);
    snprintf(record, sizeof record, "%s/%s", k->name, c->id);
    code = step(e, number_of(&made), "decide", json_pack("{s:[{s:s, s:{s:O}}], s:s}", "changes", "record", record, "fields", k->fields[text].name, value, "name", PROBER), &decided, reterr);
    snprintf(path, sizeof path, "/v1/%s/%s", env_service(e), record);
    if (code == OK)
        code = env_call(e, &(struct call){ .method = "GET", .path = path }, &now, reterr);
    bool same = json_equal(json_object_get(json_object_get(now.json, "fields"), k->fields[text].name), value) != 0;
    json_decref(value);
    if (code != OK)
        return code;
    size_t recipients = json_array_size(json_object_get(decided.json, "recipients"));
    if (decided.status != 200 || !same)
        return SAY(v, false, "a correction that was granted (%d) is not in the record", decided.status);
    if (recipients == 0 && (out || processor_reads(env_charter(e))))
        return SAY(v, false, "data was corrected, and nobody to whom it had been disclosed is listed to be told");
    return SAY(v, true, "what was asked is in the record, and %zu recipient%s listed to be told", recipients, recipients == 1 ? " is" : "s are");
}
