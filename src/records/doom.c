/* doom.c — the keeper first (durable when it returns), then the store forgets. */
#include "records/doom.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/tables.h"

struct forget { size_t count; key_id keys[]; };

static enum code forget_keys(struct txn *t, void *arg, struct err *reterr) {
    const struct forget *f = arg;
    return doomed_drop(t, f->keys, f->count, reterr);
}

static int by_number(const void *a, const void *b) {
    key_id x = *(const key_id *)a, y = *(const key_id *)b;
    return x < y ? -1 : x > y;
}

static void forget_free(void *p) { mem_free(p); }

enum code doom_now(struct service *s, int64_t tenant, const key_id *keys, size_t count, struct err *reterr) {
    if (count == 0)
        return OK;
    enum code code = keeper_destroy(s->keeper, tenant, keys, count, reterr);
    if (code != OK)
        return code;
    size_t size;
    if (__builtin_mul_overflow(count, sizeof *keys, &size) || __builtin_add_overflow(size, sizeof(struct forget), &size))
        return err_set(reterr, E_TOO_LARGE, "too many keys at once");
    struct forget *f = mem_new(size);
    if (f == NULL)
        return OK;                             /* they are destroyed; the next start forgets them */
    f->count = count;
    memcpy(f->keys, keys, count * sizeof *keys);
    qsort(f->keys, count, sizeof *keys, by_number);      /* keys that were made together go in one step */
    store_write_later(s->store, tenant, forget_keys, f, forget_free);
    return OK;
}

#define DOOM_BATCH 1000u
struct doomed_list { int64_t *tenants; key_id *keys; size_t count, room; bool failed; };

static bool collect(int64_t tenant, uint64_t key, void *arg) {
    struct doomed_list *l = arg;
    if (l->count == l->room) {
        size_t room = l->room == 0 ? DOOM_BATCH : l->room * 2;
        int64_t *tenants = mem_grow(l->tenants, room, sizeof *tenants);
        if (tenants != NULL)
            l->tenants = tenants;
        key_id *keys = mem_grow(l->keys, room, sizeof *keys);
        if (keys != NULL)
            l->keys = keys;
        l->failed = tenants == NULL || keys == NULL;
        if (l->failed)
            return false;
        l->room = room;
    }
    l->tenants[l->count] = tenant;
    l->keys[l->count++] = key;
    return true;
}

enum code doom_rest(struct service *s, size_t *ret_left, struct err *reterr) {
    struct doomed_list l = { 0 };
    size_t done = 0;
    enum code code = doomed_list(s->store, collect, &l, reterr);
    if (code == OK && l.failed)
        code = err_set(reterr, E_MEMORY, "no memory for the keys that await destruction");
    while (code == OK && done < l.count) {     /* runs of one tenant */
        size_t n = 1;
        while (done + n < l.count && n < DOOM_BATCH && l.tenants[done + n] == l.tenants[done])
            n++;
        code = doom_now(s, l.tenants[done], l.keys + done, n, reterr);
        if (code == OK)
            done += n;
    }
    *ret_left = l.count - done;
    mem_free(l.tenants);
    mem_free(l.keys);
    return code;
}
