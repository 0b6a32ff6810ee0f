/* turns_mail.c — letters that are to be tried, and those that are long over. */
#include "access/people.h"
#include "api/api_int.h"
#include "api/jobs.h"
#include "base/mem.h"
#include "messages/postman.h"
#include "retention/clock.h"
#include "store/sent.h"
#include "store/tables.h"

#define KEPT_DAYS 400                        /* of a letter that needs no more, without address and text */

enum code job_mail(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    *ret_next = now + USEC_PER_SEC;
    return a->postman == NULL ? OK : postman_look(a->postman, now, ret_next, reterr);
}

enum code mail_belongs(void *arg, int64_t tenant, const struct uuid *account, bool *ret, struct err *reterr) {
    const struct api *a = arg;
    json_t *list = NULL, *one;
    size_t i;
    bool found = false;
    enum code code = a->people == NULL ? E_NOT_FOUND : members_of(a->people, account, &list, reterr);
    json_array_foreach(list, i, one)
        found = found || (json_integer_value(json_object_get(one, "tenant")) == tenant && !json_is_true(json_object_get(one, "suspended")));
    json_decref(list);
    if (code == OK || code == E_NOT_FOUND)
        *ret = found || a->people == NULL;
    return code == E_NOT_FOUND ? OK : code;
}

enum code mail_service(void *arg, int64_t tenant, struct service **ret, struct err *reterr) {
    const struct api *a = arg;
    return a->people == NULL ? err_set(reterr, E_NOT_FOUND, "there are no tenants yet") : people_service(a->people, tenant, ret, reterr);
}

struct mail_brand mail_brand_of(void *arg, struct service *s) { return api_brand(arg, service_charter(s)); }

/* ---- what is over, where no relay takes it; and where its campaign pauses, so that whoever delivers never comes across it */

#define OVER_PACE (10 * USEC_PER_MINUTE)
#define OVER_SOON (10 * USEC_PER_SEC)            /* where there are more than one look takes */
#define OVER_MOST 256u
struct over { struct uuid ids[OVER_MOST]; size_t count; };
static bool over_take(const struct letter_row *r, void *arg) {
    struct over *o = arg;
    o->ids[o->count++] = r->id;
    return o->count < OVER_MOST;
}

/* *ret_more: there may be others. */
static enum code over_some(struct api *a, int64_t tenant, usec_t now, bool *ret_more, struct err *reterr) {
    const struct deliver d = { .store = a->config.store, .keeper = a->config.keeper, .clock_held = clock_held, .service = mail_service, .service_arg = a };
    struct over o = { .count = 0 };
    struct view *v = NULL;
    enum code code = store_view(a->config.store, tenant, &v, reterr);
    if (code == OK)
        code = a->postman == NULL ? letters_over(view_sql(v), now, over_take, &o, reterr) : letters_held_over(view_sql(v), now, over_take, &o, reterr);
    v = view_end(v);
    for (size_t i = 0; i < o.count && code == OK; i++)
        code = deliver_over(&d, tenant, &o.ids[i], reterr);
    *ret_more = code == OK && o.count == OVER_MOST;
    return code;
}

/* One tenant's fault keeps no other from its turn: the first error is given at the end. */
enum code job_mail_over(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    int64_t *tenants = NULL;
    size_t count = 0;
    *ret_next = now + OVER_PACE;
    if (clock_held(a->config.store))
        return OK;
    enum code first = tenants_all(a->config.store, NULL, &tenants, &count, reterr);
    for (size_t i = 0; i < count; i++) {
        struct err e = { 0 };
        bool more = false;
        enum code code = over_some(a, tenants[i], now, &more, &e);
        if (more)
            *ret_next = now + OVER_SOON;
        if (code != OK && code != E_CONFLICT && first == OK) {
            first = code;
            *reterr = e;
        }
    }
    mem_free(tenants);
    return first;
}

/* ---- a clock that was ahead */

#define SOONER_WAIT (4 * USEC_PER_HOUR)      /* the longest that a letter waits between two tries but where a day is said */
static enum code sooner_write(struct txn *t, void *arg, struct err *reterr) { return letters_sooner(t, *(const usec_t *)arg, *(const usec_t *)arg + SOONER_WAIT, reterr); }

enum code job_mail_sooner(struct api *a, usec_t now, struct err *reterr) {
    int64_t *tenants = NULL;
    size_t count = 0;
    enum code code = tenants_all(a->config.store, NULL, &tenants, &count, reterr);
    for (size_t i = 0; code == OK && i < count; i++)
        code = store_write(a->config.store, tenants[i], sooner_write, &now, reterr);
    mem_free(tenants);
    return code;
}

/* What counts is asked for today and, ahead of it, for the day on which a message is to go; refusals are shown for a year and more. */
#define COUNTED_DAYS 3
#define REFUSED_DAYS 400
static int64_t utc_day(usec_t at) {
    struct civil c = { 0 };
    char text[32];
    (void)time_format(at, text, sizeof text);
    text[10] = 0;
    return date_parse(text, &c) ? (int64_t)c.year * 10000 + c.month * 100 + c.day : 0;
}

#define FORGET_MOST 2000                     /* in one write: others wait for it */
struct forgetting { usec_t before; int64_t count; };
static enum code forget(struct txn *t, void *arg, struct err *reterr) {
    struct forgetting *f = arg;
    enum code code = letters_forget(t, f->before, FORGET_MOST, &f->count, reterr);
    if (code == OK && f->count < FORGET_MOST)
        code = sent_forget(t, utc_day(txn_now(t) - COUNTED_DAYS * USEC_PER_DAY), reterr);
    return code == OK && f->count < FORGET_MOST ? refusals_forget(t, utc_day(txn_now(t) - REFUSED_DAYS * USEC_PER_DAY), reterr) : code;
}

static enum code forget_all(struct store *s, int64_t tenant, usec_t before, struct err *reterr) {
    struct forgetting f = { before, FORGET_MOST };
    enum code code = OK;
    while (code == OK && f.count == FORGET_MOST)
        code = store_write(s, tenant, forget, &f, reterr);
    return code;
}

enum code job_mail_forget(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    usec_t before = now - KEPT_DAYS * USEC_PER_DAY;
    int64_t *tenants = NULL;
    size_t count = 0;
    *ret_next = now + USEC_PER_DAY;
    if (turn_waits(a, now, ret_next))          /* what counts for a day that is not over yet would be forgotten with it */
        return OK;
    enum code code = tenants_all(a->config.store, NULL, &tenants, &count, reterr);
    for (size_t i = 0; i < count; i++) {
        struct err e = { 0 };
        enum code one = forget_all(a->config.store, tenants[i], before, &e);
        if (one != OK && code == OK) {
            code = one;
            *reterr = e;
        }
    }
    mem_free(tenants);
    return code;
}
