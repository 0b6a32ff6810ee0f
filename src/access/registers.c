/* registers.c — what the registers of a tenant say of an account: is it authorised, and is a window open for it? */
#include "access/authorise.h"
#include "access/signin.h"
#include "access/window.h"

enum code authorised(struct service *s, int64_t tenant, int person, const struct uuid *account, usec_t *until, struct err *reterr) {
    bool yes = false;
    usec_t end = USEC_NEVER;
    enum code code = authorise_valid(s->store, s->charter, tenant, person, account, clock_now(), &yes, &end, reterr);
    if (code != OK)
        return code;
    if (!yes)
        return err_field(reterr, E_SIGN_IN, "authorised", "this account has no valid authorisation for this tenant: ask who keeps the register");
    if (end < *until)
        *until = end;
    return OK;
}

/* The operator's staff, wherever a service that runs asks for authorisations. */
enum code staff_authorised(struct people *p, const char *role, const struct uuid *account, usec_t *until, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < p->count; i++) {
        struct service *s = p->services[i];
        int person = charter_person(s->charter, role);
        code = charter_authorised_only(s->charter) && person >= 0 ? authorised(s, 0, person, account, until, reterr) : OK;
    }
    return code;
}

enum code staff_window(int64_t tenant, const struct uuid *account, struct service *s, struct arena *arena, const struct open_window **ret, usec_t *until, struct err *reterr) {
    struct open_window *w = arena_get(arena, sizeof *w);
    bool open = false;
    if (w == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a window");
    enum code code = window_now(s->store, s->charter, tenant, account, clock_now(), arena, w, &open, reterr);
    if (code != OK)
        return code;
    *ret = open ? w : NULL;
    if (open && w->until < *until)
        *until = w->until;
    return OK;
}
