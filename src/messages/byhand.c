/* byhand.c — a webhook that is tried, or told a delivery once more, because somebody asks for it; and the list of deliveries. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "messages/piece.h"
#include "records/service.h"

static const char *const delivery_states[] = { [DELIVERY_FAILED] = "failed", [DELIVERY_TOLD] = "told", [DELIVERY_OVERTAKEN] = "overtaken" };

/* ---- by hand */

static json_t *tried_told(const struct piece *p) {
    char id[UUID_TEXT];
    return json_pack("{s:s, s:b, s:i, s:s}", "delivery", uuid_format(&p->delivery, id), "delivered", piece_told(p), "status", p->status, "said", p->said);
}

/* ---- one at a time of a tenant, so that nobody's peer that does not answer holds more than one place */

static pthread_mutex_t hands_lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t hands[TELLING_HANDS];         /* tenants, under lock; 0: free */

static bool hand_take(int64_t tenant) {
    int64_t *room = NULL;
    bool same = false;
    pthread_mutex_lock(&hands_lock);
    for (size_t i = 0; i < TELLING_HANDS; i++) {
        same = same || hands[i] == tenant;
        room = hands[i] == 0 ? &hands[i] : room;
    }
    bool fine = !same && room != NULL;
    if (fine)
        *room = tenant;
    pthread_mutex_unlock(&hands_lock);
    return fine;
}

static void hand_give(int64_t tenant) {
    pthread_mutex_lock(&hands_lock);
    for (size_t i = 0; i < TELLING_HANDS; i++)
        if (hands[i] == tenant)
            hands[i] = 0;
    pthread_mutex_unlock(&hands_lock);
}

static enum code by_hand(struct piece *p, json_t **ret, struct err *reterr) {
    bool tried = false;
    if (!hand_take(p->tenant))
        return err_set(reterr, E_BUSY, "another test or repeat is under way: try again when it is over");
    enum code code = piece_try(p, p->t->way.hand_arg, &tried, reterr);
    hand_give(p->tenant);
    if (code == OK && !tried)
        return err_set(reterr, E_BUSY, "too many requests to other services are under way: try again in a moment");
    if (code == OK && (*ret = tried_told(p)) == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for a webhook");
    return code;
}

static enum code not_ended(const struct hook *h, struct err *reterr) {
    return h->row.state != WEBHOOK_ENDED ? OK : err_set(reterr, E_CONFLICT, "the peer has said (410) that it does not want this webhook any more: make a new one");
}

enum code telling_test(const struct telling *t, struct service *s, int64_t tenant, int64_t number, json_t **ret, struct err *reterr) {
    PRE(t != NULL && s != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(hook_done) struct hook h = { .url = NULL };
    struct piece p = { .t = t, .s = s, .tenant = tenant, .hook = &h, .arena = arena, .what = TOLD_TEST, .delivery = uuid_new() };
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : hook_open(s, tenant, number, &h, arena, reterr);
    if (code == OK)
        code = not_ended(&h, reterr);
    return code == OK ? by_hand(&p, ret, reterr) : code;
}

static enum code repeat_look(struct piece *p, const struct uuid *delivery, struct delivery_row *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(p->s->store, p->tenant, &v, reterr);
    if (code == OK)
        code = delivery_get(view_sql(v), p->hook->row.number, delivery, ret, p->arena, reterr);
    if (code != OK)
        return code;
    p->change = (struct change){ .kind = ret->kind, .id = ret->id, .change = ret->change, .version = ret->version, .erased = ret->what == TOLD_ERASED, .at = ret->tried };
    p->kind = service_kind_by_number(p->s, ret->kind);
    p->what = (enum told)ret->what;
    p->delivery = ret->delivery;
    if (p->kind == NULL || !webhook_wants(p->hook->kinds, p->kind->index))
        return err_set(reterr, E_CONFLICT, "this webhook is not told of such records any more");
    return piece_look(p, view_sql(v), reterr);
}

/* Beside the webhook that it was a delivery of: one that was removed meanwhile, or made anew, has none of it. */
struct repeat { struct delivery_row row; uint64_t key; };
static enum code repeat_write(struct txn *t, void *arg, struct err *reterr) {
    struct repeat *r = arg;
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    struct webhook_row now;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : webhook_get(txn_sql(t), r->row.webhook, &now, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && now.key != r->key))
        return OK;
    return code == OK ? delivery_put(t, &r->row, reterr) : code;
}

enum code telling_repeat(const struct telling *t, struct service *s, int64_t tenant, int64_t number, const struct uuid *delivery, json_t **ret, struct err *reterr) {
    PRE(t != NULL && s != NULL && delivery != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(hook_done) struct hook h = { .url = NULL };
    struct piece p = { .t = t, .s = s, .tenant = tenant, .hook = &h, .arena = arena, .repeats = true };
    struct repeat r = { .row = { .webhook = 0 } };
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : hook_open(s, tenant, number, &h, arena, reterr);
    p.who = piece_caller(&p);
    if (code == OK)
        code = not_ended(&h, reterr);
    if (code == OK)
        code = repeat_look(&p, delivery, &r.row, reterr);
    if (code == OK)
        code = piece_open(&p, reterr);
    if (code == OK)
        code = by_hand(&p, ret, reterr);
    if (code != OK || r.row.state == DELIVERY_FAILED)        /* what is still to be told has its own tries */
        return code;
    enum delivery_state was = r.row.state;
    r.row = piece_delivery(&p, r.row.tries + 1);
    r.row.state = piece_told(&p) ? DELIVERY_TOLD : was;
    r.key = h.row.key;
    code = store_write(s->store, tenant, repeat_write, &r, reterr);
    if (code != OK) {
        json_decref(*ret);
        *ret = NULL;
    }
    return code;
}

enum code telling_would(struct service *s, int64_t tenant, int kind, const struct uuid *id, const char *host, struct buf *ret, struct err *reterr) {
    PRE(s != NULL && id != NULL && host != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct hook h = { .row = { .number = 0 } };
    struct piece p = { .s = s, .tenant = tenant, .hook = &h, .arena = arena, .kind = service_kind(s, kind), .what = TOLD_CHANGED, .delivery = uuid_new() };
    struct view *v = NULL;
    snprintf(h.to.host, sizeof h.to.host, "%s", host);
    p.change = (struct change){ .kind = p.kind->number, .id = *id };
    p.who = piece_caller(&p);
    p.who.by_sejf = false;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = piece_look(&p, view_sql(v), reterr);
    view_end(v);
    if (code == OK && p.fields != 0)
        code = record_open(s, &p.rec, arena, reterr);
    if (code == OK)
        piece_body(&p, ret);
    return code == OK && ret->failed ? err_set(reterr, E_MEMORY, "no memory for a webhook") : code;
}

/* ---- the list */

struct listing { const struct service *s; json_t *items; size_t limit, count; int64_t last; bool more, failed; };
static bool list_take(const struct delivery_row *r, void *arg) {
    struct listing *l = arg;
    const struct kind_info *k = service_kind_by_number(l->s, r->kind);
    char id[UUID_TEXT], record[UUID_TEXT], at[32];
    if (l->count == l->limit) {
        l->more = true;
        return false;
    }
    l->failed = json_array_append_new(l->items, json_pack("{s:s, s:I, s:s*, s:s, s:I, s:s, s:s, s:i, s:s, s:i, s:s}", "delivery", uuid_format(&r->delivery, id), "change", (json_int_t)r->change,
                                      "kind", k == NULL ? NULL : k->kind->name, "id", uuid_format(&r->id, record), "version", (json_int_t)r->version, "what", told_name((enum told)r->what),
                                      "state", delivery_states[r->state], "tries", r->tries, "tried", time_format(r->tried, at, sizeof at), "status", r->status, "said", r->said)) != 0;
    l->last = r->change;
    l->count++;
    return !l->failed;
}

enum code deliveries_told(struct service *s, int64_t tenant, int64_t number, int64_t before, size_t limit, json_t **ret, struct err *reterr) {
    PRE(s != NULL && limit > 0 && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    struct webhook_row row;
    struct listing l = { .s = s, .items = json_array(), .limit = limit };
    enum code code = l.items == NULL || arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of deliveries") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = webhook_get(view_sql(v), number, &row, arena, reterr);
    if (code == OK)
        code = delivery_list(view_sql(v), number, before, list_take, &l, reterr);
    if (code == OK && (l.failed || (*ret = json_pack("{s:O, s:o}", "items", l.items, "next", l.more ? json_integer(l.last) : json_null())) == NULL))
        code = err_set(reterr, E_MEMORY, "no memory for a list of deliveries");
    json_decref(l.items);
    return code;
}
