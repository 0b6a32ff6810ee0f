/* gate.c — the table of gates, in the order in which they are asked, and the count of what they refused. */
#include "messages/gate.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "messages/log.h"
#include "messages/suppress.h"
#include "store/sent.h"

static const struct gate_row gates[] = {
    { GATE_CHARTER, gate_charter_check, NULL, NULL },
    { GATE_CHARTER, gate_state_check, NULL, NULL },
    { GATE_CHARTER, gate_log_check, NULL, NULL },
    { GATE_CONSENT, gate_consent_check, NULL, NULL },
    { GATE_SUPPRESSED, gate_suppressed_check, NULL, NULL },
    { GATE_RESTRICTED, gate_restricted_check, NULL, NULL },
    { GATE_NUMBER, gate_number_check, gate_number_take, NULL },
    { GATE_PAUSED, gate_pause_check, NULL, NULL },
    { GATE_RATE, gate_rate_check, gate_rate_take, gate_rate_back },
    { GATE_SPEND, gate_spend_check, gate_spend_take, gate_spend_back },      /* last: what it takes when a message goes would be taken each day that another one stops it */
};

#define MORNING 8                            /* from when on phones may ring with what had to wait for a new day */

static const char *const names[GATES] = { [GATE_CHARTER] = "charter", [GATE_CONSENT] = "consent", [GATE_SUPPRESSED] = "suppressed", [GATE_RESTRICTED] = "restricted",
                                          [GATE_NUMBER] = "number", [GATE_SPEND] = "spend", [GATE_RATE] = "rate", [GATE_PAUSED] = "paused" };

const char *gate_name(enum gate gate) { return (unsigned)gate < GATES ? names[gate] : "unknown"; }

int64_t gate_day(const struct service *s, usec_t at) {
    const struct civil c = zone_civil(charter_zone(service_charter(s)), at);
    return (int64_t)c.year * 10000 + c.month * 100 + c.day;
}

usec_t gate_next_day(const struct gate_ask *a) {
    const struct zone *z = charter_zone(service_charter(a->service));
    const usec_t day = zone_end_of(z, a->goes > a->now ? a->goes : a->now, 'd');
    struct civil c = zone_civil(z, day);
    if (a->channel != CHANNEL_SMS)
        return day;
    c.hour = MORNING;
    return zone_instant(z, &c);
}

enum code gate_stop(struct gate_verdict *ret, enum gate gate, usec_t again, const char *why, ...) {
    struct gate_verdict v = { .passes = false, .gate = gate, .again = again };
    va_list ap;
    va_start(ap, why);
    vsnprintf(v.why, sizeof v.why, why, ap);
    va_end(ap);
    *ret = v;
    return OK;
}

enum code gate_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    PRE(a != NULL && a->service != NULL && ret != NULL && reterr != NULL);
    struct gate_verdict v = { .passes = true };
    enum code code = OK;
    for (size_t i = 0; code == OK && v.passes && i < ARRAY_LEN(gates); i++)
        if (gates[i].check != NULL)
            code = gates[i].check(a, &v, reterr);
    if (code == OK)
        *ret = v;
    return code;
}

/* From the last to the first: of what has nothing left, what was taken before goes back. */
enum code gate_take(struct txn *t, const struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    PRE(t != NULL && a != NULL && ret != NULL && reterr != NULL);
    struct gate_verdict v = { .passes = true };
    enum code code = OK;
    size_t at = ARRAY_LEN(gates);
    while (code == OK && v.passes && at-- > 0)
        if (gates[at].take != NULL)
            code = gates[at].take(t, a, &v, reterr);
    for (size_t i = at + 1; code == OK && !v.passes && i < ARRAY_LEN(gates); i++)
        if (gates[i].take != NULL && gates[i].give_back != NULL)
            code = gates[i].give_back(t, a, reterr);
    if (code == OK)
        *ret = v;
    return code;
}

static _Atomic uint64_t refused_ever[CHANNELS][GATES];      /* a write that runs twice counts twice here, and once in the store */
uint64_t gate_refused(enum channel channel, enum gate gate) { return refused_ever[channel][gate]; }

enum code gate_count(struct txn *t, const struct gate_ask *a, const struct gate_verdict *v, struct err *reterr) {
    PRE(t != NULL && a != NULL && v != NULL && !v->passes && (unsigned)v->gate < GATES && reterr != NULL);
    if ((unsigned)a->channel < CHANNELS)
        refused_ever[a->channel][v->gate]++;
    return refusals_add(t, &(struct refusals){ gate_day(a->service, txn_now(t)), a->channel, (int)v->gate, 1, 0 }, reterr);
}

enum code gate_put_off(struct txn *t, const struct gate_ask *a, const struct gate_verdict *v, struct err *reterr) {
    PRE(t != NULL && a != NULL && v != NULL && !v->passes && (unsigned)v->gate < GATES && reterr != NULL);
    return refusals_add(t, &(struct refusals){ gate_day(a->service, txn_now(t)), a->channel, (int)v->gate, 0, 1 }, reterr);
}

/* ---- told */

struct telling { json_t *items, *refused, *put_off; int64_t day; int channel; bool lost; };

static bool tell(const struct refusals *r, void *arg) {
    struct telling *t = arg;
    char day[16];
    if ((unsigned)r->channel >= CHANNELS)
        return true;
    if (t->refused == NULL || t->day != r->day || t->channel != (int)r->channel) {
        snprintf(day, sizeof day, "%04d-%02d-%02d", (int)(r->day / 10000), (int)(r->day / 100 % 100), (int)(r->day % 100));
        json_t *one = json_pack("{s:s, s:s, s:{}, s:{}}", "day", day, "channel", channel_name((enum channel)r->channel), "refused", "put_off");
        t->refused = json_object_get(one, "refused");
        t->put_off = json_object_get(one, "put_off");
        t->lost = t->refused == NULL || json_array_append_new(t->items, one) != 0;
        t->day = r->day;
        t->channel = (int)r->channel;
    }
    t->lost = t->lost || (r->count > 0 && json_object_set_new(t->refused, gate_name((enum gate)r->gate), json_integer(r->count)) != 0);
    t->lost = t->lost || (r->put_off > 0 && json_object_set_new(t->put_off, gate_name((enum gate)r->gate), json_integer(r->put_off)) != 0);
    return !t->lost;
}

enum code gates_told(struct service *s, int64_t tenant, int days, json_t **ret, struct err *reterr) {
    PRE(s != NULL && days >= 1 && ret != NULL && reterr != NULL);
    struct view *v = NULL;
    struct telling t = { .items = json_array() };
    const struct span back = { .days = days - 1 };
    int64_t from = gate_day(s, zone_add(charter_zone(service_charter(s)), clock_now(), &back, -1));
    enum code code = t.items == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of refusals") : store_view(service_store(s), tenant, &v, reterr);
    if (code == OK)
        code = refusals_list(view_sql(v), from, tell, &t, reterr);
    v = view_end(v);
    json_t *list = code == OK && !t.lost ? json_pack("{s:O}", "items", t.items) : NULL;
    json_decref(t.items);
    if (code != OK)
        return code;
    if (list == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list of refusals");
    *ret = list;
    return OK;
}
