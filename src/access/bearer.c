/* bearer.c — what a membership makes of whoever bears a session or a token of its account. */
#include "access/bearer.h"

#include "access/signin.h"

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a caller"); }

enum code role_satisfied(struct service *s, int person, unsigned factors, struct err *reterr) {
    struct sign_in_rule r = charter_sign_in(service_charter(s), person);
    if (!rule_on(RULE_second_factor))
        return OK;
    if (r.passkey && (factors & FACTOR_PASSKEY) == 0)
        return err_field(reterr, E_SIGN_IN, "passkey", "this role signs in with a passkey");
    if (r.second && (factors & FACTORS_SECOND) == 0)
        return err_field(reterr, E_SIGN_IN, "second", "this role needs a second step at sign-in");
    return OK;
}

enum code member_caller(struct service *s, const struct member_row *m, struct arena *arena, struct caller *ret, struct err *reterr) {
    struct levels *levels = NULL;
    struct own_record *own = NULL;
    size_t n = 0;
    json_t *l = m->levels[0] != 0 ? json_loads(m->levels, 0, NULL) : NULL, *o = m->own[0] != 0 ? json_loads(m->own, 0, NULL) : NULL;
    enum code code = (l == NULL) != (m->levels[0] == 0) || (o == NULL) != (m->own[0] == 0) ? no_memory(reterr) : OK;
    if (code == OK)
        code = levels_read(s, l, arena, &levels, reterr);
    if (code == OK)
        code = own_read(s, o, arena, &own, &n, reterr);
    json_decref(l);
    json_decref(o);
    if (code == E_FIELDS)                      /* a kind that the charter has no more: what it opened is shut */
        return err_set(reterr, E_NOT_FOUND, "this membership speaks of kinds that the charter has no more: its levels have to be given anew");
    if (code != OK)
        return code;
    ret->levels = levels;
    if (n > 0) {
        ret->self = ret->subject = own[0].id;
        ret->subject_kind = own[0].kind;
        ret->owned = own + 1;
        ret->owned_count = n - 1;
    }
    return OK;
}

