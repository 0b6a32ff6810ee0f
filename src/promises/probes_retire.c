/* probes_retire.c — what is due goes by itself, and what its owner keeps stays. The walk along due dates is the service's own; the probes set
 * the instant by which it goes, and look at the record through the API. */
#include <stdio.h>
#include <string.h>

#include "promises/probes.h"

/* As the owner reads it, where the charter shows it such records; and how many of its parts are stored, and have a date. */
struct look { int status; size_t erased, parts, dated, wrong; };
static enum code read_it(struct env *e, const struct canary *c, struct look *ret, struct err *reterr) {
    char path[256];
    AUTO(answer_done) struct answer a = { 0 };
    snprintf(path, sizeof path, "/v1/%s/%s/%s", env_service(e), charter_kind_at(env_charter(e), c->kind)->name, c->id);
    enum code code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
    if (code == OK) {
        ret->status = a.status;
        ret->erased = json_array_size(json_object_get(a.json, "erased"));
    }
    return code;
}

static bool kept_by_owner(const struct kind *k, const char *part) {
    for (size_t i = 0; i < k->part_count; i++)
        if (strcmp(k->parts[i].name, part) == 0)
            return k->parts[i].keep.type == KEEP_OWNER;
    return false;
}

static enum code look(struct env *e, const struct canary *c, struct look *ret, struct err *reterr) {
    json_t *got = NULL, *due;
    const char *part;
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    *ret = (struct look){ 0 };
    enum code code = read_it(e, c, ret, reterr);
    if (code == OK)
        code = env_control(e, "probe_dates", json_pack("{s:I,s:s,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "kind", k->name, "id", c->id), &got, reterr);
    json_object_foreach(json_object_get(got, "due"), part, due) {
        ret->parts++;
        ret->dated += json_is_integer(due);
        ret->wrong += json_is_integer(due) && kept_by_owner(k, part);
    }
    json_decref(got);
    return code;
}

static enum code sweep(struct env *e, const struct canary *c, int after, bool never, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_sweep", json_pack("{s:I,s:s,s:s,s:i,s:b}", "tenant", (json_int_t)env_tenant(e, 0), "kind", charter_kind_at(env_charter(e), c->kind)->name,
                                                             "id", c->id, "after", after, "never", never), &got, reterr);
    json_decref(got);
    return code;
}

static bool is_gone(const struct look *l) { return l->parts == 0 && (l->status == 404 || l->status == 410); }
/* Of a record that its owner is not shown, the parts tell alone. */
static bool is_whole(const struct look *l, const struct look *made) { return l->parts == made->parts && l->status == made->status && l->erased == 0; }
static bool has_lost(const struct look *l, const struct look *made) {
    return is_gone(l) || (l->parts < made->parts && l->status == made->status && (l->erased > 0) == (made->status == 200));
}

/* One record of the kind: *ret_whole: it went; else a part of it did. */
static enum code try_kind(struct env *e, int kind, size_t *whole, size_t *some, struct verdict_line *v, bool *ret_broken, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    const struct canary *c = NULL;
    struct look made = { .dated = 0 }, before, after;
    enum code code = canary_make(e, 0, kind, false, &c, reterr);
    if (code == OK)
        code = look(e, c, &made, reterr);
    if (code != OK || made.dated == 0)
        return code;
    if (k->warn.person < 0)                    /* else that is the probe of notices */
        code = sweep(e, c, -1, false, reterr);
    if (code == OK)
        code = look(e, c, &before, reterr);
    if (code == OK)
        code = sweep(e, c, 0, false, reterr);
    if (code == OK)
        code = look(e, c, &after, reterr);
    if (code != OK)
        return code;
    *ret_broken = true;
    if (!is_whole(&before, &made))
        return SAY(v, false, "a second before its date a %s answers %d, and %zu of its %zu parts stand", k->name, before.status, before.parts, made.parts);
    if (!has_lost(&after, &made))
        return SAY(v, false, "the first date of a %s has come, and it answers %d, and %zu of its %zu parts stand", k->name, after.status, after.parts, made.parts);
    *ret_broken = false;
    *whole += is_gone(&after);
    *some += !is_gone(&after);
    return OK;
}

enum code probe_retired(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds), whole = 0, some = 0;
    json_t *over = NULL;
    bool broken = false;
    enum code code = OK;
    for (size_t i = 0; i < n && code == OK && !broken; i++)
        code = try_kind(e, (int)i, &whole, &some, v, &broken, reterr);
    if (code != OK || broken)
        return code;
    code = env_control(e, "probe_overdue", json_pack("{s:i}", "since", 600), &over, reterr);
    long long left = json_integer_value(json_object_get(over, "records")), held = json_integer_value(json_object_get(over, "held")), seconds = json_integer_value(json_object_get(over, "seconds"));
    const bool waits = json_is_true(json_object_get(over, "clock"));
    json_decref(over);
    if (code != OK)
        return code;
    if (waits)
        return SAY(v, false, "the clock is in doubt, so nothing goes by its date until somebody has looked at it and says `sejf clock confirm`; records due meanwhile: %lld", left);
    if (left > 0)
        return SAY(v, false, "still there although due for more than ten minutes: %lld record%s, the first for %lld hour%s", left, ENDS(left), seconds / 3600, ENDS(seconds / 3600));
    return SAY(v, true, whole + some == 0 ? "no kind has a date" : "at its date a record of %zu kind%s was gone and one of %zu kind%s had lost that part; overdue records: 0, held: %lld", whole, ENDS(whole), some, ENDS(some), held);
}

enum code probe_kept(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds), tried = 0;
    enum code code = OK;
    for (size_t i = 0; i < n && code == OK; i++) {
        const struct canary *c = NULL;
        struct look made = { 0 }, after = { 0 };
        bool mine = false;
        for (size_t p = 0; p < kinds[i].part_count; p++)
            mine = mine || kinds[i].parts[p].keep.type == KEEP_OWNER;
        if (!mine)
            continue;
        code = canary_make(e, 0, (int)i, false, &c, reterr);
        if (code == OK)
            code = look(e, c, &made, reterr);
        if (code == OK && made.wrong > 0)
            return SAY(v, false, "a part of a %s that its owner keeps has a due date", kinds[i].name);
        if (code == OK)
            code = sweep(e, c, 0, true, reterr);
        if (code == OK)
            code = look(e, c, &after, reterr);
        if (code == OK && (after.status != made.status || after.parts != made.parts - made.dated))
            return SAY(v, false, "a %s that its owner keeps answers %d after a walk at the end of all dates, and %zu of its %zu parts stand", kinds[i].name, after.status, after.parts, made.parts);
        tried++;
    }
    return code != OK ? code : SAY(v, true, "what the owner keeps of %zu kind%s has no date, and a walk at the end of all dates leaves it", tried, ENDS(tried));
}
