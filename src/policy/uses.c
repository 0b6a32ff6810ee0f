/* uses.c — what stands beside a record and ends uses of it: restriction, objection, an address that has not confirmed. */
#include <string.h>

#include "policy/policy.h"

static const char *const grounds[GROUNDS] = { [GROUND_CONSENT] = "consent", [GROUND_CLAIMS] = "claims", [GROUND_PROTECTION] = "protection", [GROUND_PUBLIC] = "public interest",
                                              [GROUND_LAW] = "law" };

const char *use_ground_name(enum use_ground ground) { return ground > GROUND_NONE && ground < GROUNDS ? grounds[ground] : NULL; }

bool use_ground_read(const char *text, enum use_ground *ret) {
    PRE(text != NULL && ret != NULL);
    for (enum use_ground g = GROUND_CONSENT; g < GROUNDS; g++)
        if (strcmp(grounds[g], text) == 0) {
            *ret = g;
            return true;
        }
    return false;
}

const char *purpose_name(const struct kind *k, int purpose) {
    PRE(k != NULL);
    for (size_t l = 0; purpose >= 0 && (size_t)purpose < k->used_for_count && l < ARRAY_LEN(k->used_for[purpose].in); l++)
        if (k->used_for[purpose].in[l] != NULL)
            return k->used_for[purpose].in[l];
    return NULL;
}

bool policy_objectable(const struct kind *k, int purpose) {
    PRE(k != NULL);
    return purpose >= 0 && (size_t)purpose < k->used_for_count && k->because != NULL && strncmp(k->because, "interest", 8) == 0;
}

static const char restricted[] = "the processing of this record is restricted (GDPR, article 18): it is stored and not used. The tenant's own role may use it with a ground, which is "
                                 "kept in the ledger: Sejf-Ground is consent, claims, protection, public interest or law";
static const char unconfirmed[] = "the address of this record has not confirmed it: until then nobody uses it";
static const char objected[] = "the person objected to the use of this record for this purpose (GDPR, article 21)";

/* Is it the person whose record it is? */
static enum code is_own(const struct caller *who, const struct facts *f, bool *ret, struct err *reterr) {
    if (!policy_own_is_subject(f->charter, who, f->kind) || who->by_form) {
        *ret = false;
        return OK;
    }
    return f->owns(f->arg, who, ret, reterr);
}

enum code policy_uses(const struct caller *who, const struct facts *f, const char **ret_bar, struct err *reterr) {
    PRE(who != NULL && f != NULL && ret_bar != NULL && reterr != NULL);
    bool own = false, stands = false;
    int purpose = -1;
    *ret_bar = NULL;
    if (who->by_sejf)
        return OK;
    if (f->marks.unconfirmed && rule_on(RULE_double_opt_in)) {
        *ret_bar = unconfirmed;
        return OK;
    }
    bool held = f->marks.restricted && rule_on(RULE_right_restriction), asked = f->marks.objected && rule_on(RULE_right_objection);
    enum code code = held || asked ? is_own(who, f, &own, reterr) : OK;
    if (code != OK || own)
        return code;
    if (held && (who->person != charter_tenant(f->charter) || who->by_link || who->by_form || who->ground == GROUND_NONE)) {
        *ret_bar = restricted;
        return OK;
    }
    if (asked)
        code = policy_purpose(f->charter, who, f->kind, &purpose, reterr);
    if (code == E_FORBIDDEN) {                 /* a feed goes over kinds that are not used for the purpose that the call names */
        *ret_bar = objected;
        return OK;
    }
    if (code == OK && purpose >= 0 && f->objects != NULL)
        code = f->objects(f->arg, purpose, &stands, reterr);
    if (code == OK && stands)
        *ret_bar = objected;
    return code;
}

static const char not_given[] = "this purpose needs a consent of the person, which is not given";
static const char locked[] = "the person gave this record before the charter knew this purpose, and has not consented to it";

/* Is this lock in the way of this call? */
static enum code lock_bars(const struct caller *who, const struct facts *f, const struct use_lock *l, bool *ret, struct err *reterr) {
    int purpose = -1;
    bool given = false;
    enum code code = OK;
    *ret = false;
    if (f->born >= l->born || (l->purpose < 0 && l->person != who->person))
        return OK;
    if (l->purpose >= 0)
        code = policy_purpose(f->charter, who, f->kind, &purpose, reterr);
    if (code == E_FORBIDDEN)
        return OK;                             /* policy_uses and the kind's own rules speak of it */
    if (code != OK || (l->purpose >= 0 && purpose != l->purpose))
        return code;
    code = f->consented(f->arg, l, &given, reterr);
    *ret = !given;
    return code;
}

enum code policy_locks(const struct caller *who, const struct facts *f, fieldset *fields, const char **ret_bar, struct err *reterr) {
    PRE(who != NULL && f != NULL && fields != NULL && ret_bar != NULL && reterr != NULL);
    bool own = false;
    *ret_bar = NULL;
    if (who->by_sejf)
        return OK;
    bool asked = false;
    enum code code = OK;
    for (size_t i = 0; code == OK && !own && *ret_bar == NULL && i < f->lock_count; i++) {
        bool bars = false;
        const struct use_lock *l = &f->locks[i];
        if (l->kind != f->kind || !rule_on(l->consent != NULL ? RULE_consent_fields : RULE_consent_again))
            continue;
        code = lock_bars(who, f, &f->locks[i], &bars, reterr);
        if (code == OK && bars && !asked) {        /* seldom: a lock that concerns the call, and is not open */
            code = is_own(who, f, &own, reterr);
            asked = true;
        }
        if (own)
            break;
        if (bars && f->locks[i].purpose >= 0)
            *ret_bar = f->locks[i].consent != NULL ? not_given : locked;
        else if (bars && f->locks[i].field >= 0)
            *fields &= ~((fieldset)1 << f->locks[i].field);
    }
    return code;
}
