/* names.c — open addressing; invariant: at least half of the slots are free. */
#include "charter/names.h"

#include <string.h>

#include "charter/findings.h"

struct slot { const char *name; int value; };
struct names { struct slot *slots; const char **list; size_t room, count, most; };

struct names *names_new(struct arena *arena, size_t most) {
    struct names *n = arena_get(arena, sizeof *n);
    if (n == NULL)
        return NULL;
    n->most = most;
    for (n->room = 8; n->room < most * 2; n->room *= 2)
        ;
    n->slots = arena_array(arena, n->room, sizeof *n->slots);
    n->list = arena_array(arena, most + 1, sizeof *n->list);
    return n->slots != NULL && n->list != NULL ? n : NULL;
}

static size_t place(const struct names *n, const char *name) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (const char *p = name; *p != '\0'; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    size_t at = (h ^ (h >> 31)) & (n->room - 1);
    while (n->slots[at].name != NULL && strcmp(n->slots[at].name, name) != 0)
        at = (at + 1) & (n->room - 1);
    return at;
}

bool names_add(struct names *n, const char *name, int value) {
    PRE(n->count < n->most);
    size_t at = place(n, name);
    if (n->slots[at].name != NULL)
        return false;
    n->slots[at] = (struct slot){ name, value };
    n->list[n->count++] = name;
    return true;
}

int names_get(const struct names *n, const char *name) {
    size_t at = place(n, name);
    return n->slots[at].name != NULL ? n->slots[at].value : -1;
}

const char *names_nearest(const struct names *n, const char *name) { return nearest(name, n->list, n->count); }
