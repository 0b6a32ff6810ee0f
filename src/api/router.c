/* router.c — invariant: patterns of one length stand together, the more literal first; the routes of one
 * pattern hang on it. So the first pattern that fits a path is the one that owns it. */
#include "api/router.h"

#include <string.h>

#include "base/mem.h"

#define METHODS_MAX 8u
#define ALLOW_ROOM 96u

struct segment { const char *text; bool name; };
struct pattern {
    struct segment segments[PATH_SEGMENTS];
    size_t count;
    const struct route *routes[METHODS_MAX];
    size_t route_count;
    char allow[ALLOW_ROOM];
};
struct router {
    struct arena *arena;
    struct pattern *patterns;
    size_t count;
    size_t first[PATH_SEGMENTS + 2];          /* patterns of n segments: first[n] to first[n + 1] */
};

struct router *router_free(struct router *r) {
    if (r != NULL) {
        arena_free(r->arena);
        mem_free(r);
    }
    return NULL;
}

static enum code pattern_parse(const char *text, struct arena *arena, struct pattern *ret, struct err *reterr) {
    size_t names = 0;
    PRE(text[0] == '/');
    for (const char *p = text + 1;;) {
        size_t n = strcspn(p, "/");
        bool name = n > 2 && p[0] == '{' && p[n - 1] == '}';
        names += name;
        PRE(ret->count < PATH_SEGMENTS && names <= HTTP_PARAMS_MAX);
        char *copy = name ? arena_text_n(arena, p + 1, n - 2) : arena_text_n(arena, p, n);
        if (copy == NULL)
            return err_set(reterr, E_MEMORY, "no memory for the routes");
        ret->segments[ret->count++] = (struct segment){ copy, name };
        if (p[n] == 0)
            return OK;
        p += n + 1;
    }
}

/* Fewer segments first, then literal before name at the first place where they differ. Names compare equal:
 * "/a/{x}" and "/a/{y}" are the same pattern. */
static int pattern_compare(const struct pattern *a, const struct pattern *b) {
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (size_t i = 0; i < a->count; i++) {
        const struct segment *x = &a->segments[i], *y = &b->segments[i];
        if (x->name != y->name)
            return x->name ? 1 : -1;
        int c = x->name ? 0 : strcmp(x->text, y->text);
        if (c != 0)
            return c;
    }
    return 0;
}

static void pattern_allow(struct pattern *p) {
    struct buf b = BUF(ALLOW_ROOM - 1);
    for (size_t i = 0; i < p->route_count; i++)
        buf_printf(&b, "%s%s, ", p->routes[i]->method, strcmp(p->routes[i]->method, "GET") == 0 ? ", HEAD" : "");
    buf_text(&b, "OPTIONS");
    PRE(!b.failed);
    memcpy(p->allow, buf_str(&b), b.len + 1);
    buf_done(&b);
}

static enum code router_add(struct router *r, const struct route *route, struct err *reterr) {
    struct pattern p = { 0 };
    enum code code = pattern_parse(route->pattern, r->arena, &p, reterr);
    if (code != OK)
        return code;
    size_t at = 0;
    while (at < r->count && pattern_compare(&r->patterns[at], &p) < 0)
        at++;
    if (at == r->count || pattern_compare(&r->patterns[at], &p) != 0) {
        memmove(r->patterns + at + 1, r->patterns + at, (r->count - at) * sizeof p);
        r->patterns[at] = p;
        r->count++;
    }
    struct pattern *own = &r->patterns[at];
    for (size_t i = 0; i < own->route_count; i++)
        if (strcmp(own->routes[i]->method, route->method) == 0)
            return err_set(reterr, E_INTERNAL, "two routes for %s %s", route->method, route->pattern);
    PRE(own->route_count < METHODS_MAX);
    own->routes[own->route_count++] = route;
    pattern_allow(own);
    return OK;
}

enum code router_new(const struct route_table *tables, size_t count, struct router **ret, struct err *reterr) {
    AUTO(router_free) struct router *r = mem_new(sizeof *r);
    size_t routes = 0;
    for (size_t i = 0; i < count; i++)
        routes += tables[i].count;
    if (r == NULL || (r->arena = arena_new(4u << 20)) == NULL ||
        (r->patterns = arena_array(r->arena, routes + 1, sizeof *r->patterns)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the routes");
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < tables[i].count; j++) {
            enum code code = router_add(r, &tables[i].routes[j], reterr);
            if (code != OK)
                return code;
        }
    for (size_t n = 0, at = 0; n < ARRAY_LEN(r->first); n++) {
        while (at < r->count && r->patterns[at].count < n)
            at++;
        r->first[n] = at;
    }
    *ret = TAKE(r);
    return OK;
}

static bool pattern_fits(const struct pattern *p, const struct path *path, struct route_match *ret) {
    ret->count = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct segment *s = &p->segments[i];
        if (!s->name) {
            if (strcmp(s->text, path->segment[i]) != 0)
                return false;
            continue;
        }
        if (path->segment[i][0] == 0)
            return false;
        ret->names[ret->count] = s->text;
        ret->values[ret->count++] = path->segment[i];
    }
    return true;
}

enum code router_find(const struct router *r, const char *method, const struct path *path,
                      struct route_match *ret, struct err *reterr) {
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (size_t i = r->first[path->count]; i < r->first[path->count + 1]; i++) {
        const struct pattern *p = &r->patterns[i];
        if (!pattern_fits(p, path, ret))
            continue;
        ret->route = NULL;
        ret->allow = p->allow;
        for (size_t j = 0; j < p->route_count; j++)
            if (strcmp(p->routes[j]->method, wanted) == 0) {
                ret->route = p->routes[j];
                return OK;
            }
        return err_set(reterr, E_METHOD, "this address offers %s only", p->allow);
    }
    return err_set(reterr, E_NOT_FOUND, "there is nothing at this address");
}
