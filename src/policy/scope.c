/* scope.c — the JSON of a scope against the names of a charter. */
#include "policy/scope.h"

#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "policy/policy.h"

#define SAYS_SCOPE "the scope of a token is {\"kinds\": [names], \"verbs\": [read, create, change, erase, export, import], \"purposes\": [purposes of its kinds]}"

size_t scope_size(const struct scope *s) { return sizeof *s + s->kinds * sizeof s->of[0]; }

struct reading { const struct charter *c; bool strict; struct scope *s; struct err *err; };

static enum code unknown(struct reading *r, const char *what, const char *name) {
    bool plain = strlen(name) <= 80 && strpbrk(name, "\r\n") == NULL;
    return r->strict ? err_set(r->err, E_INVALID, "the scope names %s \"%s\", which %s does not have", what, plain ? name : "…", charter_name(r->c)) : OK;
}

static enum code take_kind(struct reading *r, const char *name) {
    int kind = charter_kind(r->c, name);
    if (kind < 0)
        return unknown(r, "the kind", name);
    r->s->of[kind].in = true;
    return OK;
}

static enum code take_verb(struct reading *r, const char *name) {
    for (enum verb v = 0; v < V_VERBS; v++)
        if (strcmp(verb_name(v), name) == 0) {
            r->s->verbs |= 1u << v;
            return OK;
        }
    return unknown(r, "the verb", name);
}

static enum code take_purpose(struct reading *r, const char *name) {
    const struct kind *kinds;
    size_t n = charter_kinds(r->c, &kinds);
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        int p = kind_purpose(&kinds[i], name);
        if (p < 0 || p >= PURPOSES_MAX)
            continue;
        r->s->of[i].purposes |= (uint64_t)1 << p;
        found = true;
    }
    return found ? OK : unknown(r, "the purpose", name);
}

static const struct { const char *name; enum code (*take)(struct reading *r, const char *name); } members[] = {
    { "kinds", take_kind }, { "verbs", take_verb }, { "purposes", take_purpose },
};

/* What the scope does not name is whole. */
static void whole(struct reading *r, const json_t *o) {
    const struct kind *kinds;
    size_t n = charter_kinds(r->c, &kinds);
    bool any_kind = json_object_get(o, "kinds") == NULL, any_purpose = json_object_get(o, "purposes") == NULL;
    if (json_object_get(o, "verbs") == NULL)
        r->s->verbs = ~0u;
    for (size_t i = 0; i < n; i++) {
        r->s->of[i].in = r->s->of[i].in || any_kind;
        if (any_purpose || kinds[i].used_for_count == 0)
            r->s->of[i].purposes = ~(uint64_t)0;
    }
}

static enum code member_read(struct reading *r, const char *name, json_t *list) {
    size_t i;
    json_t *one;
    enum code code = OK;
    for (size_t m = 0; m < ARRAY_LEN(members); m++) {
        if (strcmp(members[m].name, name) != 0)
            continue;
        if (!json_is_array(list))
            break;
        json_array_foreach(list, i, one)
            if (code == OK)
                code = json_is_string(one) ? members[m].take(r, json_string_value(one)) : err_set(r->err, E_INVALID, SAYS_SCOPE);
        return code;
    }
    return err_set(r->err, E_INVALID, SAYS_SCOPE);
}

static enum code object_read(struct reading *r, json_t *o) {
    const char *name;
    json_t *list;
    enum code code = OK;
    json_object_foreach(o, name, list)
        if (code == OK)
            code = member_read(r, name, list);
    whole(r, o);
    return code;
}

enum code scope_read(const char *json, const struct charter *c, bool strict, struct arena *arena, struct scope **ret, struct err *reterr) {
    PRE(c != NULL && arena != NULL && ret != NULL && reterr != NULL);
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds), lost = mem_lost();
    if (json == NULL || json[0] == 0 || strcmp(json, "{}") == 0) {
        *ret = NULL;
        return OK;
    }
    struct reading r = { c, strict, arena_get(arena, sizeof *r.s + n * sizeof r.s->of[0]), reterr };
    if (r.s == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the scope of a token");
    r.s->kinds = n;
    json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    enum code code = json_is_object(o) ? object_read(&r, o) : err_set(reterr, E_INVALID, SAYS_SCOPE);
    bool empty = json_object_size(o) == 0;
    json_decref(o);
    if (mem_lost() != lost)
        return err_set(reterr, E_MEMORY, "no memory for the scope of a token");
    if (code == OK)
        *ret = empty ? NULL : r.s;
    return code;
}
