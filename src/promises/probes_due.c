/* probes_due.c — when must it go? Counted here by the C library's calendar, from what the canaries were written with: nothing of
 * policy and of base/zone.c, which date the records, has a part in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "promises/probes.h"
#include "promises/run.h"

#define SECOND_NEVER INT64_MAX

/* The C library counts in the zone of TZ. A run of probes has one thread. */
struct calendar { char before[128]; bool had; };
static void calendar_begin(struct calendar *c, const char *zone) {
    const char *now = getenv("TZ");
    c->had = now != NULL && strlen(now) < sizeof c->before;
    snprintf(c->before, sizeof c->before, "%s", c->had ? now : "");
    setenv("TZ", zone, 1);                     /* NOLINT(concurrency-mt-unsafe): one thread, see above */
    tzset();
}

static void calendar_end(struct calendar *c) {
    if (c->had)
        setenv("TZ", c->before, 1);            /* NOLINT(concurrency-mt-unsafe) */
    else
        unsetenv("TZ");                        /* NOLINT(concurrency-mt-unsafe) */
    tzset();
}

static int days_of(int year, int month) {      /* month: 0 to 11 */
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month] + (month == 1 && leap);
}

/* A text that the canary was written with: a time, or a date, which is the first second of its day. */
static int64_t seconds_of(const char *text) {
    struct tm t = { .tm_isdst = -1 };
    if (text == NULL)
        return SECOND_NEVER;
    const char *rest = strptime(text, "%Y-%m-%d", &t);
    if (rest != NULL && rest[0] == 0)
        return mktime(&t);
    rest = rest == NULL ? NULL : strptime(rest, "T%H:%M:%S", &t);
    return rest == NULL ? SECOND_NEVER : timegm(&t);     /* canaries, and answers, are written in UTC */
}

/* The first second after the day, month or year. */
static int64_t end_of(int64_t at, char unit) {
    struct tm t;
    time_t in = at;
    if (localtime_r(&in, &t) == NULL)
        return SECOND_NEVER;
    struct tm next = { .tm_year = t.tm_year + (unit == 'y'), .tm_mon = unit == 'y' ? 0 : t.tm_mon + (unit == 'm'), .tm_mday = unit == 'd' ? t.tm_mday + 1 : 1, .tm_isdst = -1 };
    return mktime(&next);
}

static int64_t later(int64_t at, const struct span *s) {
    struct tm t;
    time_t in = at;
    int64_t elapsed = s->hours * INT64_C(3600) + s->minutes * INT64_C(60);
    if (localtime_r(&in, &t) == NULL)
        return SECOND_NEVER;
    if (s->years == 0 && s->months == 0 && s->weeks == 0 && s->days == 0)
        return at + elapsed;
    int months = t.tm_mon + s->months;
    t.tm_year += s->years + months / 12;
    t.tm_mon = months % 12;
    if (t.tm_mday > days_of(t.tm_year + 1900, t.tm_mon))
        t.tm_mday = days_of(t.tm_year + 1900, t.tm_mon);
    t.tm_mday += s->weeks * 7 + s->days;
    t.tm_isdst = -1;
    return mktime(&t) + elapsed;
}

/* On a day on which the clocks are changed, an hour that comes twice or not at all is read in two ways. */
static bool same_instant(int64_t a, int64_t b) {
    struct tm before, after;
    time_t from = b - 43200, to = b + 43200;
    int64_t apart = a > b ? a - b : b - a;
    return apart == 0 || (apart <= 3600 && localtime_r(&from, &before) != NULL && localtime_r(&to, &after) != NULL && before.tm_isdst != after.tm_isdst);
}

static const struct canary *canary_by_id(const struct env *e, const char *id) {
    for (size_t i = 0; id != NULL && i < e->canary_count; i++)
        if (strcmp(e->canaries[i]->id, id) == 0)
            return e->canaries[i];
    return NULL;
}

/* What the anchor says of this record. answer: as its owner reads it. */
static const char *anchor_text(const struct env *e, const struct canary *c, json_t *answer, const struct anchor *a) {
    const struct canary *of = c;
    if (a->type == A_CREATED || a->type == A_CHANGED)
        return json_string_value(json_object_get(answer, a->type == A_CREATED ? "created" : "updated"));
    if (a->type == A_NONE)
        return NULL;
    const struct kind *k = charter_kind_at(env_charter(e), a->kind);
    if (a->type == A_PARENT_FIELD)
        of = canary_by_id(e, json_string_value(json_object_get(c->fields, k->name)));
    return of == NULL ? NULL : json_string_value(json_object_get(of->fields, k->fields[a->field].name));
}

static int64_t expected(const struct env *e, const struct canary *c, json_t *answer, const struct keep *keep) {
    if (keep->type != KEEP_SPAN)
        return SECOND_NEVER;
    int64_t from = seconds_of(anchor_text(e, c, answer, &keep->anchor));
    if (from != SECOND_NEVER && keep->anchor.end_of != 0)
        from = end_of(from, keep->anchor.end_of);
    return from == SECOND_NEVER ? from : later(from, &keep->span);
}

static bool date_fits(const json_t *stored, int64_t want) {
    if (json_is_null(stored) || want == SECOND_NEVER)
        return json_is_null(stored) && want == SECOND_NEVER;
    return same_instant(json_integer_value(stored) / USEC_PER_SEC, want);
}

/* *ret_part: the first part whose stored date is another one; or NULL. */
static enum code dates_compare(struct env *e, const struct canary *c, size_t *parts, size_t *dated, const char **ret_part, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    struct calendar calendar;
    char path[256];
    json_t *got = NULL;
    AUTO(answer_done) struct answer a = { 0 };
    snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), k->name, c->id);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
    if (code == OK)
        code = env_control(e, "probe_dates", json_pack("{s:I,s:s,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "kind", k->name, "id", c->id), &got, reterr);
    if (code != OK)
        return code;
    calendar_begin(&calendar, zone_name(charter_zone(env_charter(e))));
    for (size_t i = 0; i < k->part_count && *ret_part == NULL; i++) {
        json_t *stored = json_object_get(json_object_get(got, "due"), k->parts[i].name);
        if (stored == NULL)                    /* nothing was written into it */
            continue;
        if (!date_fits(stored, expected(e, c, a.json, &k->parts[i].keep)))
            *ret_part = k->parts[i].name;
        ++*parts;
        *dated += json_is_integer(stored);
    }
    calendar_end(&calendar);
    json_decref(got);
    return OK;
}

/* What the service itself finds when it counts all of them again: dates that were not kept up. */
static enum code recount(struct env *e, long long *ret_parts, long long *ret_off, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_due", json_pack("{s:I}", "tenant", (json_int_t)env_tenant(e, 0)), &got, reterr);
    if (code == OK) {
        *ret_parts = json_integer_value(json_object_get(got, "parts"));
        *ret_off = json_integer_value(json_object_get(got, "undated")) + json_integer_value(json_object_get(got, "wrong"));
    }
    json_decref(got);
    return code;
}

enum code probe_due(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds), parts = 0, dated = 0;
    long long stored = 0, off = 0;
    enum code code = OK;
    for (size_t i = 0; i < n && code == OK; i++) {
        const struct canary *c = NULL;
        const char *part = NULL;
        code = canary_make(e, 0, (int)i, false, &c, reterr);
        if (code == OK)
            code = dates_compare(e, c, &parts, &dated, &part, reterr);
        if (code == OK && part != NULL)
            return SAY(v, false, "the part %s of a %s has another due date than the charter's sentence gives", part, kinds[i].name);
    }
    if (code == OK)
        code = recount(e, &stored, &off, reterr);
    if (code != OK)
        return code;
    return SAY(v, parts > 0 && off == 0, "%zu part%s of %zu kind%s: %zu go when another calendar says so, the others stay; %lld of %lld stored dates not kept up", parts, ENDS(parts), n, ENDS(n), dated, off, stored);
}
