/* told.c — requests as the API shows them: the row's facts, then its words. */
#include <limits.h>
#include <string.h>

#include "base/civil.h"
#include "base/mem.h"
#include "records/service.h"
#include "rights/request_int.h"

#define LISTED 50u

/* Whole days until the deadline's day, by the service's calendar; 0: today; negative: late. */
static int64_t days_left(const struct request_desk *d, usec_t due, usec_t now) {
    const struct zone *z = charter_zone(service_charter(d->service));
    const struct civil last = zone_civil(z, due - 1), today = zone_civil(z, now);
    return civil_days(last.year, last.month, last.day) - civil_days(today.year, today.month, today.day);
}

static json_t *facts(const struct request_desk *d, const struct request_row *r) {
    usec_t now = clock_now();
    bool open = r->ended == 0;
    json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "number", (json_int_t)r->number, "type", request_type_name(r->type), "state", request_state_name(r->state),
                          "way", request_way_name(r->way), "received", request_time(r->received), "due", request_time(r->due), "law", request_time(r->law),
                          "extended", request_time(r->extended), "identified", request_time(r->identified), "ended", request_time(r->ended),
                          "late", (int)(open ? now >= r->due : r->ended >= r->due));
    if (o != NULL)
        json_object_set_new(o, "days", open && r->due != USEC_NEVER ? json_integer(days_left(d, r->due, now)) : json_null());
    return o;
}

static bool step_take(const struct request_step *s, void *arg) {
    json_array_append_new(arg, json_pack("{s:o, s:s, s:s}", "at", request_time(s->at), "what", request_event_name(s->what), "by", s->by));
    return true;
}

static enum code steps_of(const struct request_desk *d, int64_t number, json_t *into, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(d->service->store, d->tenant, &v, reterr);
    return code == OK ? request_steps(view_sql(v), number, step_take, into, reterr) : code;
}

enum code request_told(const struct request_desk *d, int64_t number, json_t **ret, struct err *reterr) {
    PRE(d != NULL && ret != NULL && reterr != NULL);
    size_t lost = mem_lost();
    AUTO(request_work_done) struct request_work w = { 0 };
    json_t *steps = json_array(), *o = NULL;
    enum code code = request_open(d, number, &w, reterr);
    bool gone = code == E_GONE;
    if (code == OK || gone)
        code = steps_of(d, number, steps, reterr);
    if (code == OK) {
        o = facts(d, &w.row);
        if (gone)
            json_object_set_new(o, "erased", json_true());
        else
            json_object_update(o, w.entry);
        json_object_set(o, "steps", steps);
    }
    json_decref(steps);
    if (code == OK && (o == NULL || mem_lost() != lost)) {
        json_decref(o);
        code = request_memory(reterr);
    }
    if (code == OK)
        *ret = o;
    return code;
}

struct listing { const struct request_desk *d; json_t *items; int64_t last; bool open, more; };

static bool list_take(const struct request_row *r, void *arg) {
    struct listing *l = arg;
    if ((l->open && r->ended != 0) || strcmp(r->service, charter_name(service_charter(l->d->service))) != 0)
        return true;
    l->more = json_array_size(l->items) >= LISTED;
    if (l->more)
        return false;
    l->last = r->number;
    return json_array_append_new(l->items, facts(l->d, r)) == 0;
}

static enum code list_end(struct listing *l, enum code code, size_t lost, json_t **ret, struct err *reterr) {
    json_t *o = NULL;
    if (code == OK) {
        o = json_pack("{s:O, s:o}", "items", l->items, "next", l->more ? json_integer(l->last) : json_null());
        if (o == NULL || mem_lost() != lost) {
            json_decref(o);
            code = request_memory(reterr);
        }
    }
    json_decref(l->items);
    if (code == OK)
        *ret = o;
    return code;
}

enum code requests_told(const struct request_desk *d, int64_t before, bool open, json_t **ret, struct err *reterr) {
    PRE(d != NULL && ret != NULL && reterr != NULL);
    size_t lost = mem_lost();
    AUTO(view_end) struct view *v = NULL;
    struct listing l = { .d = d, .items = json_array(), .open = open };
    enum code code = store_view(d->service->store, d->tenant, &v, reterr);
    if (code == OK)
        code = request_list(view_sql(v), before, list_take, &l, reterr);
    return list_end(&l, code, lost, ret, reterr);
}

enum code requests_of(const struct request_desk *d, int kind, const struct uuid *id, json_t **ret, struct err *reterr) {
    PRE(d != NULL && id != NULL && ret != NULL && reterr != NULL);
    size_t lost = mem_lost();
    AUTO(view_end) struct view *v = NULL;
    struct listing l = { .d = d, .items = json_array() };
    json_t *o = NULL;
    enum code code = store_view(d->service->store, d->tenant, &v, reterr);
    if (code == OK)
        code = request_list_of(view_sql(v), service_kind(d->service, kind)->number, id, list_take, &l, reterr);
    code = list_end(&l, code, lost, &o, reterr);
    if (code == OK)
        *ret = json_incref(json_object_get(o, "items"));
    json_decref(o);
    return code;
}
