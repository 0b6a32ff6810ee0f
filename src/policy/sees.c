/* sees.c — grants against a caller and a record. A grant that does not apply grants nothing; nothing is
 * taken away by another. */
#include <string.h>

#include "policy/policy.h"

static const char *const verbs[V_VERBS] = { "read", "create", "change", "erase", "export", "import" };
const char *verb_name(enum verb verb) { return verbs[verb]; }

static const struct verdict nothing = { 0, false, "no line of the charter grants this to the caller's role", NULL };

static const struct verdict out_of_level = { 0, false, "the account's level here is to read, not to write" };
static const struct verdict read_only = { 0, false, "the operator's staff reads what a tenant opens to it, and changes nothing" };

bool policy_own_is_subject(const struct charter *c, const struct caller *who, int kind) {
    /* Where a kind is about the tenant, its staff's own is the tenant's all the same: staff is no subject. */
    return who->by_link || (who->person != charter_tenant(c) && (charter_kind_at(c, kind)->about == who->person || charter_public(c, who->person)));
}

/* ---- the operator's staff */
static bool is_staff(const struct charter *c, const struct caller *who) { return who->staff || charter_operator_staff(c, who->person); }

/* Has the tenant opened this kind to it, as the charter lets it? */
static bool opened(const struct charter *c, const struct caller *who, int kind, usec_t now) {
    static const struct span never;
    const struct open_window *w = who->window;
    const struct grant *list;
    bool may = false, named = w != NULL && w->kinds == NULL;
    size_t count = charter_sees(c, &list);
    for (size_t i = 0; i < count; i++)
        may = may || (list[i].nothing_personal && list[i].person == who->person && memcmp(&list[i].window.until_after, &never, sizeof never) != 0);
    if (!may || !is_staff(c, who) || who->by_link)
        return false;
    if (!rule_on(RULE_window_needed))
        return true;
    for (size_t i = 0; w != NULL && w->kinds != NULL && !named && i < w->kind_count; i++)
        named = w->kinds[i] == kind;
    return named && now < w->until;
}

/* ---- grants */
static bool way_in(const struct grant *g, const struct caller *who) {
    bool account = !uuid_is_null(&who->account) && !who->by_link && !who->staff;
    return (!g->by_link && !g->by_account) || (g->by_link && who->by_link) || (g->by_account && account);
}

/* The part of a grant that needs no record: person, kind, way in. */
static bool grant_speaks(const struct grant *g, const struct caller *who, int kind) {
    return g->understood && g->person == who->person && (g->nothing_personal || g->kind == kind) && way_in(g, who);
}

/* An id of a person's record is the person's, too. */
static bool names_person(const struct charter *c, const struct field *f) {
    return f->type == T_REFERENCE && f->refers >= 0 && charter_kind_at(c, f->refers)->about >= 0;
}

static fieldset plain_fields(const struct charter *c, const struct kind *k) {
    fieldset set = 0;
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].level == L_PLAIN && !names_person(c, &k->fields[i]))
            set |= (fieldset)1 << i;
    return set;
}

static fieldset grant_fields(const struct charter *c, const struct grant *g, const struct kind *k) {
    if (g->nothing_personal)
        return plain_fields(c, k);
    return g->everything ? kind_all(k) : g->fields & kind_all(k);
}

static enum code grant_holds(const struct grant *g, const struct caller *who, const struct facts *f, bool *ret, struct err *reterr) {
    bool yes = true;
    enum code code = OK;
    if (g->nothing_personal) {                 /* its window is how long a tenant may open its records: see opened() */
        *ret = !who->by_link;
        return OK;
    }
    if (g->of == OF_OWN && policy_own_is_subject(f->charter, who, f->kind))
        code = rule_on(RULE_sees_own) ? f->owns(f->arg, who, &yes, reterr) : OK;
    else if (g->of == OF_RELATION && rule_on(RULE_sees_relations))
        code = f->related(f->arg, g->relation, who, &yes, reterr);
    if (code == OK && yes)
        code = policy_window(&g->window, f, &yes, reterr);
    if (code == OK)
        *ret = yes;
    return code;
}

static enum code grants_once(const struct grant *list, size_t count, const struct caller *who, const struct facts *f,
                             fieldset *set, struct err *reterr) {
    const struct kind *k = charter_kind_at(f->charter, f->kind);
    for (size_t i = 0; i < count; i++) {
        bool holds = false;
        if (!grant_speaks(&list[i], who, f->kind) || (grant_fields(f->charter, &list[i], k) & ~*set) == 0)
            continue;
        enum code code = grant_holds(&list[i], who, f, &holds, reterr);
        if (code != OK)
            return code;
        if (holds)
            *set |= grant_fields(f->charter, &list[i], k);
    }
    return OK;
}

bool policy_only_own(const struct charter *c, const struct caller *who, int kind) {
    const struct grant *list;
    size_t count = charter_sees(c, &list);
    bool only = !who->by_sejf && !is_staff(c, who) && policy_own_is_subject(c, who, kind) && rule_on(RULE_sees_enforced) && rule_on(RULE_sees_own);
    for (size_t i = 0; only && i < count; i++)
        only = !grant_speaks(&list[i], who, kind) || (!list[i].nothing_personal && list[i].of == OF_OWN);
    return only;
}

/* For each record that is the caller's own, by itself: a relation of one and a window of another make no grant. */
static enum code grants_union(const struct grant *list, size_t count, const struct caller *who, const struct facts *f,
                              fieldset *ret, struct err *reterr) {
    struct caller one = *who;
    fieldset set = 0;
    one.owned_count = 0;
    enum code code = grants_once(list, count, &one, f, &set, reterr);
    for (size_t i = 0; code == OK && i < who->owned_count; i++) {
        one.subject_kind = who->owned[i].kind;
        one.subject = one.self = who->owned[i].id;
        if (f->as != NULL)
            f->as(f->arg, &one);
        code = grants_once(list, count, &one, f, &set, reterr);
    }
    if (who->owned_count > 0 && f->as != NULL)
        f->as(f->arg, who);
    if (code == OK)
        *ret = set;
    return code;
}

/* What would be seen, but for what stands beside the record. */
static enum code with_marks(const struct caller *who, const struct facts *f, struct verdict would, struct verdict *ret, struct err *reterr) {
    const char *bar = NULL;
    enum code code = would.any && (f->marks.restricted || f->marks.objected || f->marks.unconfirmed) ? policy_uses(who, f, &bar, reterr) : OK;
    if (code == OK && would.any && bar == NULL && f->lock_count > 0)
        code = policy_locks(who, f, &would.fields, &bar, reterr);
    would.any = would.any && would.fields != 0;
    if (code == OK)
        *ret = bar == NULL ? would : (struct verdict){ 0, false, bar, bar };
    return code;
}

enum code policy_sees(const struct caller *who, const struct facts *f, struct verdict *ret, struct err *reterr) {
    const struct grant *list;
    const struct kind *k;
    enum access_level level;
    fieldset set = 0;
    PRE(who != NULL && f != NULL && ret != NULL && reterr != NULL);
    k = charter_kind_at(f->charter, f->kind);
    if (who->by_sejf) {
        *ret = (struct verdict){ kind_all(k), true, NULL };
        return OK;
    }
    enum code code = policy_level(who, f, &level, reterr);
    if (code != OK)
        return code;
    if (level < LEVEL_READ || (who->by_form && rule_on(RULE_sees_enforced))) {
        *ret = nothing;
        return OK;
    }
    if (!rule_on(RULE_sees_enforced) || opened(f->charter, who, f->kind, f->now))
        return with_marks(who, f, (struct verdict){ kind_all(k), true, NULL, NULL }, ret, reterr);
    size_t count = charter_sees(f->charter, &list);
    code = grants_union(list, count, who, f, &set, reterr);
    return code == OK ? with_marks(who, f, set != 0 ? (struct verdict){ set, true, NULL, NULL } : nothing, ret, reterr) : code;
}

/* The tenant's own role changes everything of its records unless who_changes speaks of it. */
static bool is_owner(const struct charter *c, const struct caller *who) {
    return who->person == charter_tenant(c) && !who->by_link && !charter_has_changes(c, who->person);
}

static struct verdict made_of(const struct kind *k, fieldset set, enum verb verb) {
    if (verb == V_ERASE)
        return (struct verdict){ 0, false, "only the tenant's own role erases" };
    if ((verb == V_CREATE || verb == V_IMPORT) && (kind_needs(k) & ~set) != 0)
        return (struct verdict){ 0, false, "the caller's role may not set every field that such a record needs" };
    if (set == 0)
        return nothing;
    return (struct verdict){ set, true, NULL };
}

static bool form_makes(const struct kind *k, const struct caller *who, enum verb verb) {
    return who->by_form && verb == V_CREATE && k->form != NULL;
}

enum code policy_changes(const struct caller *who, const struct facts *f, enum verb verb, struct verdict *ret, struct err *reterr) {
    PRE(who != NULL && f != NULL && ret != NULL && reterr != NULL);
    const struct kind *k = charter_kind_at(f->charter, f->kind);
    const struct grant *list;
    enum access_level level = LEVEL_WRITE;
    fieldset set = 0;
    enum code code = OK;
    if (who->by_sejf) {
        *ret = (struct verdict){ kind_all(k), true, NULL };
        return OK;
    }
    if (verb != V_CREATE && verb != V_IMPORT)
        code = policy_level(who, f, &level, reterr);
    if (code != OK)
        return code;
    if (level < LEVEL_WRITE) {
        *ret = level < LEVEL_READ ? nothing : out_of_level;
        return OK;
    }
    if (!rule_on(RULE_changes_enforced)) {
        *ret = (struct verdict){ kind_all(k), true, NULL };
        return OK;
    }
    if (who->by_form) {
        *ret = form_makes(k, who, verb) ? (struct verdict){ kind_asks(k), true, NULL } : nothing;
        return OK;
    }
    if (is_owner(f->charter, who)) {
        *ret = (struct verdict){ kind_all(k), true, NULL };
        return OK;
    }
    size_t count = charter_changes(f->charter, &list);
    code = grants_union(list, count, who, f, &set, reterr);
    if (code == OK)
        *ret = verb == V_ERASE && who->person == charter_tenant(f->charter) && !who->by_link
                   ? (struct verdict){ kind_all(k), true, NULL } : made_of(k, set, verb);
    return code;
}

/* A token from before a kind was declared does not reach it. */
static bool scope_allows(const struct scope *s, int kind, enum verb verb) {
    return s == NULL || ((size_t)kind < s->kinds && s->of[kind].in && (s->verbs >> verb & 1) != 0);
}

bool policy_scope(const struct charter *c UNUSED, const struct caller *who, int kind, enum verb verb) {
    return scope_allows(who->scope, kind, verb);
}

static fieldset may_ever(const struct grant *list, size_t count, const struct caller *who, const struct charter *c, int kind) {
    fieldset set = 0;
    for (size_t i = 0; i < count; i++)
        if (grant_speaks(&list[i], who, kind))
            set |= grant_fields(c, &list[i], charter_kind_at(c, kind));
    return set;
}

/* A state that the caller's role may move counts as a field that it may change. */
static fieldset moved_by(const struct kind *k, const struct caller *who) {
    fieldset set = 0;
    for (size_t i = 0; i < k->move_count; i++)
        if (who->person >= 0 && (k->moves[i].who >> who->person & 1) != 0)
            set |= (fieldset)1 << k->moves[i].field;
    return set;
}

static struct verdict kind_read(const struct charter *c, const struct caller *who, int kind, enum verb verb) {
    const struct kind *k = charter_kind_at(c, kind);
    const struct grant *list;
    if (verb == V_EXPORT && is_staff(c, who) && rule_on(RULE_window_needed))
        return read_only;
    if (opened(c, who, kind, 0))              /* its end is held against each record */
        return (struct verdict){ kind_all(k), true, NULL };
    size_t count = charter_sees(c, &list);
    fieldset set = may_ever(list, count, who, c, kind);
    return set == 0 ? nothing : (struct verdict){ set, true, NULL };
}

static struct verdict kind_write(const struct charter *c, const struct caller *who, int kind, enum verb verb) {
    const struct kind *k = charter_kind_at(c, kind);
    const struct grant *list;
    if (is_owner(c, who))
        return (struct verdict){ kind_all(k), true, NULL };
    size_t count = charter_changes(c, &list);
    fieldset set = may_ever(list, count, who, c, kind);
    if (verb == V_CHANGE)
        set |= moved_by(k, who);
    if (verb == V_ERASE && who->person == charter_tenant(c) && !who->by_link)
        return (struct verdict){ kind_all(k), true, NULL };
    return made_of(k, set, verb);
}

static struct verdict kind_decide(const struct charter *c, const struct caller *who, int kind, enum verb verb) {
    const struct kind *k = charter_kind_at(c, kind);
    bool reads = verb == V_READ || verb == V_EXPORT;
    enum access_level most;
    if (!scope_allows(who->scope, kind, verb))
        return (struct verdict){ 0, false, "the token's scope leaves this out" };
    if (who->by_sejf)
        return (struct verdict){ kind_all(k), true, NULL };
    most = policy_level_most(c, who, kind);
    if (most < LEVEL_READ || (!reads && most < LEVEL_WRITE))
        return most < LEVEL_READ ? nothing : out_of_level;
    if (!rule_on(reads ? RULE_sees_enforced : RULE_changes_enforced))
        return (struct verdict){ kind_all(k), true, NULL };
    if (who->by_form)
        return form_makes(k, who, verb) ? (struct verdict){ kind_asks(k), true, NULL } : nothing;
    return reads ? kind_read(c, who, kind, verb) : kind_write(c, who, kind, verb);
}

struct verdict policy_kind(const struct charter *c, const struct caller *who, int kind, enum verb verb) {
    PRE(c != NULL && who != NULL);
    struct verdict v = kind_decide(c, who, kind, verb);
    return v.any || rule_on(RULE_access) ? v : (struct verdict){ kind_all(charter_kind_at(c, kind)), true, NULL };
}
