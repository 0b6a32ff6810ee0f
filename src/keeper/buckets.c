/* buckets.c — invariant: list is in ascending order of ids; each used slot holds index + 1 of the newest bucket of
 * its (tenant, month); at least half of the slots are empty. */
#include <string.h>

#include "base/mem.h"
#include "keeper/inside.h"

static size_t slot_of(const struct buckets *t, const uint32_t *slot, size_t slots, int64_t tenant, uint32_t month) {
    uint64_t h = ((uint64_t)tenant * UINT64_C(0x9e3779b97f4a7c15)) ^ ((uint64_t)month * UINT64_C(0xc2b2ae3d27d4eb4f));
    size_t at = (size_t)((h * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (slots - 1);
    while (slot[at] != 0) {
        const struct bucket *b = &t->list[slot[at] - 1];
        if (b->tenant == tenant && b->month == month)
            break;
        at = (at + 1) & (slots - 1);
    }
    return at;
}

static void fill(const struct buckets *t, uint32_t *slot, size_t slots) {
    memset(slot, 0, slots * sizeof *slot);
    for (size_t i = 0; i < t->count; i++)
        slot[slot_of(t, slot, slots, t->list[i].tenant, t->list[i].month)] = (uint32_t)i + 1;
}

static enum code grow(struct buckets *t, struct err *reterr) {
    size_t room = t->room == 0 ? 64 : t->room * 2, slots = room * 2;
    if (room > UINT32_MAX / 4)
        return err_set(reterr, E_FULL, "the keyring holds as many buckets as it can");
    uint32_t *slot = mem_new_array(slots, sizeof *slot);
    struct bucket *list = slot == NULL ? NULL : mem_grow(t->list, room, sizeof *list);
    if (list == NULL) {
        (void)mem_free(slot);
        return err_set(reterr, E_MEMORY, "no memory for the buckets of the keyring");
    }
    t->list = list;
    t->room = room;
    (void)mem_free(t->slot);
    t->slot = slot;
    t->slots = slots;
    fill(t, slot, slots);
    return OK;
}

enum code buckets_add(struct buckets *t, const struct bucket *b, struct err *reterr) {
    PRE(t->count == 0 || t->list[t->count - 1].id < b->id);
    if (t->count == t->room) {
        enum code code = grow(t, reterr);
        if (code != OK)
            return code;
    }
    t->list[t->count] = *b;
    size_t at = slot_of(t, t->slot, t->slots, b->tenant, b->month);
    t->slot[at] = (uint32_t)++t->count;
    return OK;
}

struct bucket *buckets_find(const struct buckets *t, uint64_t id) {
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->list[mid].id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low < t->count && t->list[low].id == id ? &t->list[low] : NULL;
}

struct bucket *buckets_newest(const struct buckets *t, int64_t tenant, uint32_t month) {
    if (t->slots == 0)
        return NULL;
    uint32_t at = t->slot[slot_of(t, t->slot, t->slots, tenant, month)];
    return at == 0 ? NULL : &t->list[at - 1];
}

void buckets_compact(struct buckets *t) {
    size_t to = 0;
    for (size_t i = 0; i < t->count; i++)
        if (!t->list[i].dropped)
            t->list[to++] = t->list[i];
    if (to == t->count)
        return;
    t->count = to;
    fill(t, t->slot, t->slots);
}

void buckets_done(struct buckets *t) {
    (void)mem_free(t->list);
    (void)mem_free(t->slot);
    *t = (struct buckets){ 0 };
}
