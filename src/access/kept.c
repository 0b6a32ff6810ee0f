/* kept.c — a caller and all that it points to, one after the other, each at an aligned place. */
#include "access/kept.h"

#include <string.h>

#include "base/mem.h"

struct kept_caller {
    size_t size, levels_at, owned_at, kinds_at, scope_at;      /* from the beginning; 0: there is none */
    struct caller who; struct levels levels; struct open_window window;
};

#define ALIGNED(n) (((n) + 15u) & ~(size_t)15u)

/* Makes room for len bytes; where they stand, or 0. */
static size_t room_for(size_t *size, size_t len) {
    size_t at = ALIGNED(*size);
    if (len == 0)
        return 0;
    *size = at + len;
    return at;
}

static size_t levels_size(const struct caller *w) { return w->levels != NULL ? w->levels->count * sizeof(struct level_of) : 0; }
static size_t kinds_size(const struct caller *w) { return w->window != NULL && w->window->kinds != NULL ? w->window->kind_count * sizeof(int) : 0; }

static void put(struct kept_caller *k, size_t at, const void *from, size_t len) {
    if (at != 0)
        memcpy((char *)k + at, from, len);
}

struct kept_caller *kept_new(const struct caller *who) {
    struct kept_caller made = { .size = sizeof made, .who = *who };
    size_t levels = levels_size(who), owned = who->owned_count * sizeof(struct own_record), kinds = kinds_size(who), scope = who->scope != NULL ? scope_size(who->scope) : 0;
    made.levels_at = room_for(&made.size, levels);
    made.owned_at = room_for(&made.size, owned);
    made.kinds_at = room_for(&made.size, kinds);
    made.scope_at = room_for(&made.size, scope);
    if (who->levels != NULL)
        made.levels = *who->levels;
    if (who->window != NULL)
        made.window = *who->window;
    struct kept_caller *k = mem_new(made.size);
    if (k == NULL)
        return NULL;
    *k = made;
    put(k, k->levels_at, who->levels != NULL ? who->levels->list : NULL, levels);
    put(k, k->owned_at, who->owned, owned);
    put(k, k->kinds_at, who->window != NULL ? who->window->kinds : NULL, kinds);
    put(k, k->scope_at, who->scope, scope);
    return k;
}

bool kept_get(const struct kept_caller *from, struct arena *arena, struct caller *ret) {
    struct kept_caller *k = arena_get(arena, from->size);
    if (k == NULL)
        return false;
    memcpy(k, from, from->size);
    k->levels.list = k->levels_at != 0 ? (const void *)((char *)k + k->levels_at) : NULL;
    k->window.kinds = k->kinds_at != 0 ? (const void *)((char *)k + k->kinds_at) : NULL;
    *ret = k->who;
    ret->levels = from->who.levels != NULL ? &k->levels : NULL;
    ret->window = from->who.window != NULL ? &k->window : NULL;
    ret->owned = k->owned_at != 0 ? (const void *)((char *)k + k->owned_at) : NULL;
    ret->scope = k->scope_at != 0 ? (const void *)((char *)k + k->scope_at) : NULL;
    ret->purpose = NULL;                       /* of one call */
    return true;
}
