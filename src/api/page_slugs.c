/* page_slugs.c — invariant: list is sorted by hash, then id, and holds every tenant up to `newest` that was open when it was read. */
#include "api/page_slugs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "store/tables.h"

struct name { uint8_t hash[16]; int64_t id; };
struct slugs { pthread_mutex_t lock; struct name *list; size_t count, room; int64_t newest; };

enum code slugs_new(struct slugs **ret, struct err *reterr) {
    struct slugs *n = mem_new(sizeof *n);
    if (n == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the names of tenants");
    pthread_mutex_init(&n->lock, NULL);
    *ret = n;
    return OK;
}

struct slugs *slugs_free(struct slugs *n) {
    if (n != NULL) {
        pthread_mutex_destroy(&n->lock);
        mem_free(n->list);
    }
    return mem_free(n);
}

void slug_of(const char *name, struct buf *ret) {
    AUTO(buf_done) struct buf folded = BUF(4096);
    bool gap = false;
    if (!text_fold(name, strlen(name), &folded))
        return;
    for (const char *p = buf_str(&folded); *p != 0; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || (unsigned char)*p >= 0x80;
        if (letter && gap && ret->len > 0)
            buf_char(ret, '-');
        if (letter)
            buf_char(ret, *p);
        gap = !letter;
    }
}

static bool hash_of(const char *service, const char *slug, uint8_t ret[16]) {
    AUTO(buf_done) struct buf text = BUF(8192);
    uint8_t full[HASH_SIZE];
    buf_printf(&text, "%s/%s", service, slug);      /* no slash stands in either */
    if (text.failed)
        return false;
    hash_sha256(text.data, text.len, full);
    memcpy(ret, full, 16);
    return true;
}

static int by_hash(const void *a, const void *b) {
    const struct name *x = a, *y = b;
    int order = memcmp(x->hash, y->hash, sizeof x->hash);
    return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

struct reading { struct slugs *n; bool failed; };
static bool name_add(const struct tenant_row *r, void *arg) {
    struct reading *g = arg;
    struct slugs *n = g->n;
    AUTO(buf_done) struct buf slug = BUF(4096);
    if (r->id > n->newest)
        n->newest = r->id;
    if (r->closed != 0)
        return true;
    if (n->count == n->room) {
        size_t room = n->room == 0 ? 64 : n->room * 2;
        struct name *list = mem_grow(n->list, room, sizeof *list);
        if (list == NULL) {
            g->failed = true;
            return false;
        }
        n->list = list;
        n->room = room;
    }
    slug_of(r->name, &slug);
    n->list[n->count].id = r->id;
    g->failed = slug.failed || !hash_of(r->service, buf_str(&slug), n->list[n->count].hash);
    n->count++;
    return !g->failed;
}

static enum code read_anew(struct slugs *n, struct store *s, struct err *reterr) {
    struct reading g = { .n = n };
    n->count = 0;
    n->newest = 0;
    enum code code = tenants_list(s, NULL, name_add, &g, reterr);
    if (code == OK && g.failed)
        code = err_set(reterr, E_MEMORY, "no memory for the names of tenants");
    if (code == OK && n->count > 0)
        qsort(n->list, n->count, sizeof *n->list, by_hash);
    if (code != OK)
        n->newest = -1;                       /* not even half of it is believed */
    return code;
}

/* The oldest one of that hash. */
static bool look(const struct slugs *n, const uint8_t hash[16], int64_t *ret) {
    size_t low = 0, high = n->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(n->list[mid].hash, hash, 16) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == n->count || memcmp(n->list[low].hash, hash, 16) != 0)
        return false;
    *ret = n->list[low].id;
    return true;
}

static enum code still_open(struct store *s, int64_t id, bool *ret, struct err *reterr) {
    struct tenant_row row;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory to look up a tenant") : tenant_get(s, id, &row, arena, reterr);
    if (code == OK)
        *ret = row.closed == 0;
    return code;
}

/* By the list as it is, or read anew. *ret 0: nobody. */
static enum code look_up(struct slugs *n, struct store *s, const uint8_t hash[16], bool anew, int64_t *ret, struct err *reterr) {
    int64_t newest = 0, id = 0;
    enum code code = tenant_newest(s, &newest, reterr);
    pthread_mutex_lock(&n->lock);
    if (code == OK && (anew || newest != n->newest))
        code = read_anew(n, s, reterr);
    if (code == OK && !look(n, hash, &id))
        id = 0;
    pthread_mutex_unlock(&n->lock);
    if (code == OK)
        *ret = id;
    return code;
}

enum code slugs_find(struct slugs *n, struct store *s, const char *service, const char *slug, int64_t *ret, struct err *reterr) {
    PRE(n != NULL && s != NULL && service != NULL && slug != NULL && ret != NULL && reterr != NULL);
    uint8_t hash[16];
    int64_t id = 0;
    bool open = true;
    if (!hash_of(service, slug, hash))
        return err_set(reterr, E_NOT_FOUND, "no tenant of this service has that name");
    enum code code = look_up(n, s, hash, false, &id, reterr);
    if (code == OK && id != 0)
        code = still_open(s, id, &open, reterr);
    if (code == OK && !open)                   /* closed since then: perhaps a younger one has the address now */
        code = look_up(n, s, hash, true, &id, reterr);
    if (code == OK && id == 0)
        code = err_set(reterr, E_NOT_FOUND, "no tenant of this service has that name");
    if (code == OK)
        *ret = id;
    return code;
}
