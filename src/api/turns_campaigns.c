/* turns_campaigns.c — the walk of campaigns: one page of each tenant in turn, for a moment; then the other jobs have theirs. While others write it
 * pauses as long as its page took, so that a campaign to a million people takes longer and nobody waits for it. */
#include <time.h>

#include "access/access.h"
#include "access/people.h"
#include "api/api_int.h"
#include "api/jobs.h"
#include "base/log.h"
#include "base/mem.h"
#include "messages/campaign.h"
#include "store/campaign.h"

#define TURN_MOST (400000)       /* of one turn */
#define PAUSE_MOST (200000)
#define TENANTS_MOST 256u                    /* of one turn; the next begins behind them */
#define LOOK USEC_PER_SEC
#define KEPT_DAYS 400                        /* of one that ended; as long as letters without address and text */
#define FORGET_SOON (10 * USEC_PER_SEC)
#define FORGET_PACE USEC_PER_DAY
#define FORGET_PIECE 50u

struct due { struct { int64_t tenant, number; } list[TENANTS_MOST]; size_t count; };
static bool due_take(int64_t tenant, int64_t number, void *arg) {
    struct due *d = arg;
    d->list[d->count].tenant = tenant;
    d->list[d->count++].number = number;
    return d->count < TENANTS_MOST;
}

/* As long as the page took, where somebody else waits for the writer. */
static void give_way(struct api *a, usec_t took) {
    struct store_status now;
    store_status(a->config.store, &now);
    const usec_t nap = now.waiting == 0 ? 0 : took < PAUSE_MOST ? took : PAUSE_MOST;
    if (nap > 0)
        (void)nanosleep(&(struct timespec){ .tv_nsec = nap * 1000 }, NULL);
}

/* Who asked, as the token or the account stands now. */
static enum code asker(void *nothing UNUSED, struct service *s, int64_t tenant, int64_t token, const struct uuid *account, struct caller *ret, struct arena *arena, struct err *reterr) {
    return access_again(s, tenant, token, account, ret, arena, reterr);
}

/* *ret_more: there is more to be done with it now. What is wrong with one tenant is nothing to the others. */
static enum code page(struct api *a, int64_t tenant, int64_t number, bool *ret_more, struct err *reterr) {
    struct service *s = NULL;
    const struct campaign_asker by = { asker, NULL };
    const usec_t began = clock_steady();
    *ret_more = false;
    enum code code = people_service(a->people, tenant, &s, reterr);
    if (code == E_NOT_FOUND)
        return OK;                             /* it closes */
    if (code == OK)
        code = campaign_step(s, tenant, number, &by, ret_more, reterr);
    give_way(a, clock_steady() - began);
    return code;
}

enum code turn_campaigns(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    struct due due = { .count = 0 };
    static _Atomic int64_t last = INT64_MIN;     /* the tenant whose turn was the last */
    const usec_t until = clock_steady() + TURN_MOST;
    bool again = false;
    *ret_next = now + LOOK;
    if (a->people == NULL)
        return OK;
    enum code code = campaigns_next(a->config.store, now, last, due_take, &due, reterr), first = OK;
    last = due.count == TENANTS_MOST ? due.list[due.count - 1].tenant : INT64_MIN;
    const size_t from = due.count == 0 ? 0 : (size_t)(clock_steady() / 1000) % due.count;      /* nobody is always the first */
    for (size_t left = due.count; code == OK && left > 0 && clock_steady() < until;) {
        left = 0;
        for (size_t i = 0; i < due.count && clock_steady() < until; i++) {
            struct err why;
            bool more = false;
            const size_t at = (from + i) % due.count;
            if (due.list[at].number == 0)
                continue;
            const enum code got = page(a, due.list[at].tenant, due.list[at].number, &more, &why);
            if (got != OK && first == OK) {
                first = got;
                *reterr = why;
            }
            due.list[at].number = more ? due.list[at].number : 0;
            left += more;
            again = again || more;
        }
    }
    if (again)
        *ret_next = now;
    return code == OK ? first : code;
}

/* ---- forgetting */

struct forgetting { usec_t before; size_t count; };
static enum code forget(struct txn *t, void *arg, struct err *reterr) {
    struct forgetting *f = arg;
    return campaigns_forget(t, f->before, FORGET_PIECE, &f->count, reterr);
}

/* A piece of each tenant's, so that no write is long; where there is more, soon again. */
enum code job_campaigns_forget(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    int64_t *tenants = NULL;
    size_t count = 0;
    bool more = false;
    if (turn_waits(a, now, ret_next))
        return OK;
    enum code first = tenants_all(a->config.store, NULL, &tenants, &count, reterr);
    for (size_t i = 0; i < count; i++) {
        struct err e;
        struct forgetting f = { .before = now - KEPT_DAYS * USEC_PER_DAY };
        const enum code code = store_write(a->config.store, tenants[i], forget, &f, &e);
        more = more || f.count == FORGET_PIECE;
        if (code != OK && first == OK) {
            first = code;
            *reterr = e;
        }
    }
    mem_free(tenants);
    *ret_next = now + (more ? FORGET_SOON : FORGET_PACE);
    return first;
}
