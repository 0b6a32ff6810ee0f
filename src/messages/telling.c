/* telling.c — one step is: what comes next (a view), the record opened (the keeper), the request (the sender), what came of it (a write). Nothing is
 * held over from one to the next, so a kill at any moment leaves a change that was not noted as told: it is told again, under its name. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "messages/piece.h"
#include "records/service.h"

#define LOOKS_MOST 20                        /* of one turn, where none is of its kinds */
#define WAIT_FIRST (5 * USEC_PER_SEC)
#define WAIT_MOST (4 * USEC_PER_HOUR)
#define GIVEN_UP (TELLING_DAYS * USEC_PER_DAY)
#define TURN_MOST (5 * USEC_PER_SEC)         /* then others have their turn; a try that is under way goes on to its end */
#define SLOW_USEC (2 * USEC_PER_SEC)         /* a peer that takes so long for a change holds up no more than those that fail */

usec_t telling_wait(int tries, uint32_t random) {
    usec_t wait = WAIT_FIRST;
    for (int i = 1; i < tries && wait < WAIT_MOST; i++)
        wait *= 2;
    wait = wait > WAIT_MOST ? WAIT_MOST : wait;
    return wait / 4 * 3 + wait / 2 * (usec_t)(random >> 16) / 65535;
}

/* ---- what came of it */

struct result { struct piece *p; struct webhook_row row; enum webhook_state ends; bool may_end /* somebody is told of it in the same write */; struct post_ready *letters; size_t letter_count; usec_t next; };

static enum code ends_note(struct txn *t, const struct result *r, struct err *reterr) {
    json_t *what = json_pack("{s:I, s:s, s:i, s:i}", "number", (json_int_t)r->p->hook->row.number, "host", r->p->hook->to.host, "status", r->p->status, "tries", r->row.tries);
    enum code code = ledger_append(t, r->ends == WEBHOOK_ENDED ? "webhook_ended" : "webhook_stopped", "sejf", what, reterr);
    json_decref(what);
    for (size_t i = 0; code == OK && i < r->letter_count; i++)
        code = post_put(t, &r->letters[i], reterr);
    return code;
}

static void row_vain(struct txn *t, struct webhook_row *row, uint32_t random, usec_t *ret_next) {
    row->tries++;
    row->failed = row->failed == 0 ? txn_ran(t) : row->failed;
    *ret_next = txn_now(t) + telling_wait(row->tries, random);
}

static enum code changed_meanwhile(struct err *reterr) { return err_set(reterr, E_CONFLICT, "the webhook was changed meanwhile, or told this by another server"); }

/* Where somebody has changed the webhook meanwhile (another address, or one made anew), or another server has told the same, what stands there stays. */
static enum code result_write(struct txn *t, void *arg, struct err *reterr) {
    struct result *r = arg;
    struct piece *p = r->p;
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    struct webhook_row now;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a webhook");
    enum code code = webhook_get(txn_sql(t), p->hook->row.number, &now, arena, reterr);
    if (code != OK || now.reached != p->hook->row.reached || now.key != p->hook->row.key)
        return code == OK ? changed_meanwhile(reterr) : code;
    r->row = now;
    r->ends = WEBHOOK_ON;
    if (piece_told(p)) {
        r->row.reached = p->change.change;
        r->row.tries = 0;
        r->row.failed = 0;
        r->next = 0;
    } else {
        row_vain(t, &r->row, (uint32_t)p->delivery.bytes[0] << 24 | (uint32_t)(p->tried & 0xffffff), &r->next);
        if (r->may_end)
            r->ends = p->status == 410 ? WEBHOOK_ENDED : txn_ran(t) - r->row.failed >= GIVEN_UP ? WEBHOOK_STOPPED : WEBHOOK_ON;
    }
    if (r->ends != WEBHOOK_ON && now.state == WEBHOOK_ON)
        r->row.state = r->ends;
    struct delivery_row d = piece_delivery(p, piece_told(p) ? now.tries + 1 : r->row.tries);
    code = delivery_put(t, &d, reterr);
    if (code == OK && now.tries > 0)
        code = deliveries_overtake(t, d.webhook, d.change, reterr);
    if (code == OK)
        code = webhook_set(t, &r->row, r->next, reterr);
    return code == OK && r->ends != WEBHOOK_ON && now.state == WEBHOOK_ON ? ends_note(t, r, reterr) : code;
}

/* Will this try be the last? Its letters are sealed before the write; where they cannot be made, what came is written all the same, and it ends at a
 * later try. */
static bool seems_over(const struct piece *p) {
    return !piece_told(p) && (p->status == 410 || (p->hook->row.failed != 0 && store_ran(p->s->store) - p->hook->row.failed >= GIVEN_UP));
}

static enum code piece_settle(struct piece *p, struct hook *h, enum telling_end *ret, struct err *reterr) {
    struct result r = { .p = p, .may_end = p->t->letters == NULL };
    struct err ignored;
    if (p->t->letters != NULL && seems_over(p))
        r.may_end = p->t->letters(p->t->arg, p->s, p->tenant, h, p->status == 410 ? WEBHOOK_ENDED : WEBHOOK_STOPPED, &r.letters, &r.letter_count, &ignored) == OK;
    enum code code = store_write(p->s->store, p->tenant, result_write, &r, reterr);
    if (r.letters != NULL)
        p->t->letters_done(p->t->arg, r.letters, r.letter_count);
    if (code == E_CONFLICT || code == E_NOT_FOUND) {         /* told, paused or removed by somebody else */
        *ret = TELLING_DONE;
        return OK;
    }
    if (code != OK)
        return code;
    h->row.reached = r.row.reached;
    h->row.tries = r.row.tries;
    h->row.failed = r.row.failed;
    h->row.state = r.row.state;
    *ret = !piece_told(p) || r.row.state != WEBHOOK_ON ? TELLING_WAITS : TELLING_MORE;
    return OK;
}

/* Nothing of its kinds lies before that, as they were when it was opened (key). */
struct passing { int64_t number, from, to; uint64_t key; };
static enum code pass_write(struct txn *t, void *arg, struct err *reterr) {
    const struct passing *p = arg;
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    struct webhook_row row;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : webhook_get(txn_sql(t), p->number, &row, arena, reterr);
    if (code != OK || row.reached != p->from || row.key != p->key)
        return code == OK ? changed_meanwhile(reterr) : code;
    row.reached = p->to;
    row.tries = 0;
    row.failed = 0;
    code = deliveries_overtake(t, p->number, 0, reterr);
    return code == OK ? webhook_set(t, &row, 0, reterr) : code;
}

/* ---- a webhook that cannot even be read: damaged, or its key gone. It is a try in vain like any other, so it waits longer and longer, shows, and stops
 * after three days; whom to tell of it stands in what cannot be read. */

struct vain { int64_t number; uint64_t key /* as it was opened; 0: it could not be */; };
static enum code vain_write(struct txn *t, void *arg, struct err *reterr) {
    const struct vain *v = arg;
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    struct webhook_row row;
    usec_t next;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : webhook_get(txn_sql(t), v->number, &row, arena, reterr);
    if (code == OK && v->key != 0 && row.key != v->key)
        return changed_meanwhile(reterr);
    if (code != OK || row.state != WEBHOOK_ON)
        return code;
    row_vain(t, &row, (uint32_t)(txn_now(t) & 0xffff) << 16, &next);
    if (txn_ran(t) - row.failed >= GIVEN_UP) {
        row.state = WEBHOOK_STOPPED;
        json_t *what = json_pack("{s:I, s:i, s:b}", "number", (json_int_t)row.number, "tries", row.tries, "damaged", 1);
        code = ledger_append(t, "webhook_stopped", "sejf", what, reterr);
        json_decref(what);
    }
    return code == OK ? webhook_set(t, &row, next, reterr) : code;
}

static enum code settle_vain(struct store *store, int64_t tenant, struct vain v, enum telling_end *ret, struct err *reterr) {
    enum code code = store_write(store, tenant, vain_write, &v, reterr);
    bool gone = code == E_NOT_FOUND || code == E_CONFLICT;   /* removed or changed meanwhile */
    *ret = gone ? TELLING_DONE : TELLING_WAITS;
    return gone ? OK : code;
}

/* ---- */

static enum code look(struct piece *p, int64_t *after, bool *ret_any, bool *ret_end, struct err *reterr) {
    enum code code = OK;
    *ret_any = *ret_end = false;
    for (int looks = 0; code == OK && !*ret_any && !*ret_end && looks < LOOKS_MOST; looks++) {
        code = piece_next(p, *after, ret_any, ret_end, reterr);
        *after = p->scanned;
    }
    return code;
}

/* One change, or a stretch without any. */
static enum code step(const struct telling *t, struct service *s, int64_t tenant, struct hook *h, enum telling_end *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct piece p = { .t = t, .s = s, .tenant = tenant, .hook = h, .arena = arena };
    bool any = false, end = false, tried = false;
    int64_t after = h->row.reached;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a webhook");
    p.who = piece_caller(&p);
    enum code code = look(&p, &after, &any, &end, reterr);
    if (code == OK && !any) {
        struct passing pass = { h->row.number, h->row.reached, after, h->row.key };
        code = after == h->row.reached ? OK : store_write(s->store, tenant, pass_write, &pass, reterr);
        bool gone = code == E_NOT_FOUND || code == E_CONFLICT;
        *ret = end || gone ? TELLING_DONE : TELLING_MORE;
        h->row.reached = code == OK ? after : h->row.reached;
        return gone ? OK : code;
    }
    if (code == OK)
        code = piece_open(&p, reterr);
    if (code == OK)
        code = piece_try(&p, t->way.arg, &tried, reterr);
    if (code != OK && p.kind != NULL) {      /* what is damaged, or a keeper that is away: it is a try in vain, and what is wrong stands in the list */
        p.status = 0;
        p.tried = clock_now();
        p.noted = code == E_MEMORY ? "there was no memory to send it" : "it could not be read here, so it was not sent; the operator: sejf doctor";
        return piece_settle(&p, h, ret, reterr);
    }
    if (code == OK && !tried)
        *ret = TELLING_BUSY;
    return code == OK && tried ? piece_settle(&p, h, ret, reterr) : code == OK ? OK : settle_vain(s->store, tenant, (struct vain){ h->row.number, h->row.key }, ret, reterr);
}

enum code telling_run(const struct telling *t, int64_t tenant, int64_t number, bool (*stop)(void *arg), void *stop_arg, struct telling_turn *ret, struct err *reterr) {
    PRE(t != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    AUTO(hook_done) struct hook h = { .url = NULL };
    struct service *s = t->service_of(t->arg, tenant);
    usec_t began = clock_steady();
    size_t steps = 0;
    *ret = (struct telling_turn){ TELLING_DONE, false };
    if (s == NULL)
        return OK;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : hook_open(s, tenant, number, &h, arena, reterr);
    if (code != OK && code != E_NOT_FOUND && code != E_MEMORY)
        return settle_vain(s->store, tenant, (struct vain){ number, 0 }, &ret->end, reterr);
    if (code != OK || h.row.state != WEBHOOK_ON)
        return code == E_NOT_FOUND ? OK : code;
    ret->end = TELLING_MORE;
    for (; code == OK && ret->end == TELLING_MORE && steps < TELLING_AT_ONCE && clock_steady() - began < TURN_MOST && !stop(stop_arg); steps++)
        code = step(t, s, tenant, &h, &ret->end, reterr);
    ret->slow = steps > 0 && clock_steady() - began >= (usec_t)steps * SLOW_USEC;
    return code;
}
