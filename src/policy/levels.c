/* levels.c — how far an account's levels reach. They only narrow what its role may do. */
#include "policy/policy.h"

static bool levelled(const struct caller *who) {
    return who->levels != NULL && !who->by_sejf && !who->by_form && rule_on(RULE_access_levels);
}

bool kind_refers(const struct kind *k, int kind) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == T_REFERENCE && k->fields[i].refers == kind && (k->outside >> i & 1) != 0)
            return true;
    return false;
}

bool policy_comes_under(const struct charter *c, int kind, int under) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    for (size_t steps = 0; kind >= 0 && steps <= n; steps++, kind = kinds[kind].parent)
        if (kind == under || kind_refers(&kinds[kind], under))
            return true;
    return false;
}

static enum access_level higher(enum access_level a, enum access_level b) { return a > b ? a : b; }

/* Does any level speak of such records: one that the account has, or one that the charter has? */
static bool spoken_of(const struct charter *c, const struct levels *l, int kind) {
    bool yes = charter_level(c, kind).kind >= 0;
    for (size_t i = 0; !yes && i < l->count; i++)
        yes = policy_comes_under(c, kind, l->list[i].kind);
    return yes;
}

bool policy_spoken_of(const struct charter *c, const struct caller *who, int kind) { return levelled(who) && spoken_of(c, who->levels, kind); }

enum access_level policy_level_most(const struct charter *c, const struct caller *who, int kind) {
    if (!levelled(who))
        return LEVEL_WRITE;
    const struct levels *l = who->levels;
    bool all = !spoken_of(c, l, kind);
    enum access_level most = l->all;
    for (size_t i = 0; i < l->count; i++)
        if (all || policy_comes_under(c, kind, l->list[i].kind))
            most = higher(most, l->list[i].level);
    return most;
}

enum code policy_level(const struct caller *who, const struct facts *f, enum access_level *ret, struct err *reterr) {
    PRE(who != NULL && f != NULL && ret != NULL && reterr != NULL);
    const struct levels *l = who->levels;
    bool named = false;
    if (!levelled(who)) {
        *ret = LEVEL_WRITE;
        return OK;
    }
    if (!spoken_of(f->charter, l, f->kind)) {
        *ret = policy_level_most(f->charter, who, f->kind);
        return OK;
    }
    enum access_level least = LEVEL_WRITE;
    for (size_t i = 0; i < l->count; i++) {
        bool in = false;
        if ((named && l->list[i].level >= least) || !policy_comes_under(f->charter, f->kind, l->list[i].kind))
            continue;
        enum code code = f->within(f->arg, l->list[i].kind, &l->list[i].id, &in, reterr);
        if (code != OK)
            return code;
        if (in)
            least = l->list[i].level;
        named = named || in;
    }
    *ret = named ? least : l->all;
    return OK;
}

bool policy_level_whole(const struct charter *c, const struct caller *who, int kind, enum access_level least) {
    if (!levelled(who))
        return true;
    const struct levels *l = who->levels;
    if (!spoken_of(c, l, kind))
        return policy_level_most(c, who, kind) >= least;
    bool whole = l->all >= least;
    for (size_t i = 0; whole && i < l->count; i++)
        whole = l->list[i].level >= least || !policy_comes_under(c, kind, l->list[i].kind);
    return whole;
}

bool policy_whole(const struct charter *c, const struct caller *who) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    bool whole = true;
    for (size_t i = 0; whole && i < n; i++)
        whole = policy_level_whole(c, who, (int)i, LEVEL_READ);
    return whole;
}
