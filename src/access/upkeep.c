/* upkeep.c — what is over goes: an invitation that nobody took must not keep a person's name and address. */
#include "access/inside.h"
#include "access/signin.h"
#include "base/mem.h"

#define AT_ONCE 64u
#define ALONE_AFTER USEC_PER_HOUR              /* an account is made a moment before its membership */

struct over { usec_t ran, used_ran; const struct link_row *link; };
static enum code sessions_go(struct txn *t, void *arg, struct err *reterr) {
    const struct over *o = arg;
    return sessions_expire(t, o->ran, o->used_ran, reterr);
}
static enum code link_goes(struct txn *t, void *arg, struct err *reterr) {
    const struct over *o = arg;
    struct err e;
    enum code code = one_time_take(t, o->link->hash, &e);
    if (code == OK || code == E_NOT_FOUND)     /* taken meanwhile */
        return OK;
    *reterr = e;
    return code;
}

/* By the longest that any service lets a session last; the strictest of a person's own is held to where it is used. */
static enum code sessions_over(struct people *p, struct err *reterr) {
    usec_t idle = STAFF_IDLE, most = STAFF_MOST, ran = store_ran(p->store);
    for (size_t i = 0; i < p->count; i++) {
        struct sessions_rule r = charter_sessions(service_charter(p->services[i]));
        usec_t a = span_usec(&r.idle), b = span_usec(&r.most);
        idle = a > idle ? a : idle;
        most = b > most ? b : most;
    }
    struct over o = { .ran = ran - most, .used_ran = ran - idle };
    return rule_on(RULE_sessions_end) ? store_write(p->store, 0, sessions_go, &o, reterr) : OK;
}

/* Was this an invitation that nobody took? Then the membership goes, and the account that has no other. */
static enum code invitation_over(struct people *p, const struct link_row *link, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    struct member_row member = { .suspended = 0 };
    struct err e = { .code = OK };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an invitation");
    enum code code = OK;
    if (link->purpose == LINK_INVITE) {
        {
            AUTO(view_end) struct view *v = NULL;
            code = store_view(p->store, 0, &v, &e);
            if (code == OK)
                code = member_get(view_sql(v), link->tenant, &link->account, &member, arena, &e);
        }
        if (code == OK && member.suspended == SUSPENDED_INVITED)
            code = member_remove(p, link->tenant, &link->account, "sejf", &e);
    }
    if (code != OK && code != E_NOT_FOUND) {
        *reterr = e;
        return code;
    }
    struct over o = { .link = link };
    return store_write(p->store, 0, link_goes, &o, reterr);
}

static enum code links_over(struct people *p, struct err *reterr) {
    struct link_row list[AT_ONCE];
    size_t n = 0;
    {
        AUTO(view_end) struct view *v = NULL;
        enum code code = store_view(p->store, 0, &v, reterr);
        if (code == OK)
            code = one_times_over(view_sql(v), clock_now(), store_ran(p->store), list, AT_ONCE, &n, reterr);
        if (code != OK)
            return code;
    }
    for (size_t i = 0; i < n; i++) {
        enum code code = invitation_over(p, &list[i], reterr);
        if (code != OK)
            return code;
    }
    return OK;
}

static enum code left_alone(struct people *p, struct err *reterr) {
    struct uuid list[AT_ONCE];
    size_t n = 0;
    {
        AUTO(view_end) struct view *v = NULL;
        enum code code = store_view(p->store, 0, &v, reterr);
        if (code == OK)
            code = accounts_alone(view_sql(v), clock_now() - ALONE_AFTER, list, AT_ONCE, &n, reterr);
        if (code != OK)
            return code;
    }
    for (size_t i = 0; i < n; i++) {
        struct err e;
        enum code code = account_end_if_alone(p, &list[i], "sejf", &e);
        if (code != OK && code != E_NOT_FOUND) {
            *reterr = e;
            return code;
        }
    }
    return OK;
}

enum code people_upkeep(struct people *p, struct err *reterr) {
    PRE(p != NULL && reterr != NULL);
    enum code code = sessions_over(p, reterr);
    if (code == OK)
        code = links_over(p, reterr);
    return code == OK ? left_alone(p, reterr) : code;
}
