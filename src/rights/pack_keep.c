/* pack_keep.c — one thread writes the archive, the caller's seals it: between them stands a block of memory that one fills and the other
 * empties. */
#include "rights/pack_keep.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "records/bytes.h"
#include "records/doom.h"
#include "records/draft.h"
#include "records/entry.h"
#include "records/spare.h"
#include "store/packs.h"

#define BLOCK ((size_t)256 << 10)
#define MAKING_MOST (6 * USEC_PER_HOUR)        /* one that is still being made then was cut off */
#define LISTED 50u
#define SECRET_BYTES 32u

/* ---- between the two threads */

struct channel {
    pthread_mutex_t lock; pthread_cond_t moved;
    char *block; size_t len, at;
    bool ended, gone;                          /* the writer has; the reader has */
    const struct pack_keep *k; struct packed done; pack_holds_fn holds; void *holds_arg;
    enum code code; struct err err;            /* of the writer */
};

static bool channel_put(void *arg, const void *bytes, size_t len) {
    struct channel *c = arg;
    const char *p = bytes;
    pthread_mutex_lock(&c->lock);
    while (len > 0 && !c->gone) {
        while (c->len > c->at && !c->gone)
            pthread_cond_wait(&c->moved, &c->lock);
        size_t n = len < BLOCK ? len : BLOCK;
        memcpy(c->block, p, n);
        c->len = n;
        c->at = 0;
        p += n;
        len -= n;
        pthread_cond_broadcast(&c->moved);
    }
    bool fine = !c->gone;
    pthread_mutex_unlock(&c->lock);
    return fine;
}

static ssize_t channel_get(void *arg, void *ret, size_t room) {
    struct channel *c = arg;
    pthread_mutex_lock(&c->lock);
    while (c->len == c->at && !c->ended)
        pthread_cond_wait(&c->moved, &c->lock);
    size_t n = c->len - c->at < room ? c->len - c->at : room;
    memcpy(ret, c->block + c->at, n);
    c->at += n;
    bool cut = n == 0 && c->code != OK;
    pthread_cond_broadcast(&c->moved);
    pthread_mutex_unlock(&c->lock);
    return cut ? -1 : (ssize_t)n;
}

static void *channel_run(void *arg) {
    struct channel *c = arg;
    struct err e = { 0 };
    struct packed done = { 0 };
    enum code code = c->k->write(c->k->arg, &(struct sink){ channel_put, c }, c->holds, c->holds_arg, &done, &e);
    pthread_mutex_lock(&c->lock);
    c->ended = true;
    c->code = code;
    c->err = e;
    c->done = done;
    pthread_cond_broadcast(&c->moved);
    pthread_mutex_unlock(&c->lock);
    crypto_forget();
    return NULL;
}

/* ---- making one */

struct making { struct service *s; int64_t tenant; const struct pack_keep *k; struct pack_row row; char by[CALLER_TEXT]; const key_id *keys; size_t count; struct packed done; };

static json_t *numbers_json(const struct making *m) {
    return json_pack("{s:I, s:s, s:I, s:I, s:I}", "number", (json_int_t)m->row.number, "purpose", m->row.purpose, "records", (json_int_t)m->done.records, "others", (json_int_t)m->done.others,
                     "files", (json_int_t)m->done.files);
}

static enum code note(struct txn *t, const struct making *m, const char *verb, json_t *what, struct err *reterr) {
    enum code code = ledger_append(t, verb, m->by, what, reterr);
    json_decref(what);
    return code;
}

static enum code write_put(struct txn *t, void *arg, struct err *reterr) {
    struct making *m = arg;
    m->row.until = txn_now(t) + PACK_LIFE;
    return packs_put(t, &m->row, &m->row.number, reterr);
}
static enum code write_hold(struct txn *t, void *arg, struct err *reterr) {
    struct making *m = arg;
    return packs_hold(t, m->row.number, m->keys, m->count, reterr);
}
static enum code write_ready(struct txn *t, void *arg, struct err *reterr) {
    struct making *m = arg;
    m->row.state = PACK_READY;
    enum code code = packs_move(t, &m->row, PACK_MAKING, reterr);
    return code == OK ? note(t, m, "pack_kept", numbers_json(m), reterr) : code;
}
static enum code write_drop(struct txn *t, void *arg, struct err *reterr) { return packs_drop(t, ((struct making *)arg)->row.number, reterr); }

static enum code holds(void *arg, const key_id *keys, size_t count, struct err *reterr) {
    struct making *m = arg;
    m->keys = keys;
    m->count = count;
    return store_write(m->s->store, m->tenant, write_hold, m, reterr);
}

static struct file_place place_of(int64_t tenant, const struct pack_row *r) { return (struct file_place){ .tenant = tenant, .file = r->file, .key = r->key }; }
static struct entry_place entry_of(int64_t tenant, const struct pack_row *r) {
    return (struct entry_place){ .name = "pack", .tenant = tenant, .number = r->number, .id = r->file, .key = r->key };
}

static enum code bytes_make(struct making *m, const struct key *key, struct err *reterr) {
    struct channel c = { .k = m->k, .holds = holds, .holds_arg = m, .block = mem_new(BLOCK) };
    const struct file_place at = place_of(m->tenant, &m->row);
    pthread_t thread;
    if (c.block == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an archive");
    pthread_mutex_init(&c.lock, NULL);
    pthread_cond_init(&c.moved, NULL);
    int num = pthread_create(&thread, NULL, channel_run, &c);
    enum code code = num != 0 ? err_errno(reterr, num, "no thread for an archive") : bytes_write(m->s, &at, key, &(struct source){ channel_get, &c }, &m->row.size, reterr);
    if (num == 0) {
        pthread_mutex_lock(&c.lock);
        c.gone = true;
        pthread_cond_broadcast(&c.moved);
        pthread_mutex_unlock(&c.lock);
        pthread_join(thread, NULL);
    }
    if (c.ended && c.code != OK && (code == OK || c.code != E_PEER)) {      /* whose trouble it was */
        code = c.code;
        *reterr = c.err;
    }
    m->done = c.done;
    pthread_cond_destroy(&c.moved);
    pthread_mutex_destroy(&c.lock);
    explicit_bzero(c.block, BLOCK);
    mem_free(c.block);
    return code;
}

static enum code entry_make(struct making *m, const struct key *key, const char *secret, struct buf *ret, struct err *reterr) {
    AUTO(buf_done) struct buf hash = BUF(128);
    uint8_t digest[HASH_SIZE];
    const struct entry_place at = entry_of(m->tenant, &m->row);
    hash_sha256(secret, strlen(secret), digest);
    hex_encode(digest, sizeof digest, &hash);
    json_t *entry = numbers_json(m);
    json_object_set_new(entry, "link", json_string(buf_str(&hash)));
    enum code code = entry_seal(&at, key, entry, ret, reterr);
    json_decref(entry);
    return code;
}

enum code pack_keep(struct service *s, int64_t tenant, const struct pack_keep *k, int64_t *ret_number, char ret_secret[PACK_SECRET], struct err *reterr) {
    PRE(s != NULL && k != NULL && k->purpose != NULL && k->who != NULL && k->write != NULL && ret_number != NULL && ret_secret != NULL && reterr != NULL);
    AUTO(buf_done) struct buf sealed = BUF(ENTRY_TEXT_MAX);
    struct making m = { .s = s, .tenant = tenant, .k = k, .row = { .purpose = k->purpose, .about = k->about, .file = uuid_new() } };
    struct key key;
    uint8_t random[SECRET_BYTES];
    char secret[PACK_SECRET];
    struct err late;
    (void)caller_text(k->who, m.by, sizeof m.by);
    crypto_random(random, sizeof random);
    base64url_text(random, sizeof random, secret);
    enum code code = spare_make(s, tenant, clock_now() + PACK_LIFE, 1, &m.row.key, &key, reterr);
    if (code != OK)
        return code;
    code = store_write(s->store, tenant, write_put, &m, reterr);
    bool there = code == OK;
    if (code == OK)
        code = bytes_make(&m, &key, reterr);
    if (code == OK)
        code = entry_make(&m, &key, secret, &sealed, reterr);
    m.row.blob = sealed.data;
    m.row.len = sealed.len;
    if (code == OK)
        code = store_write(s->store, tenant, write_ready, &m, reterr);
    if (code != OK && there) {
        file_unlink(s, &m.row.file);
        if (store_write(s->store, tenant, write_drop, &m, &late) == OK)
            (void)!doom_now(s, tenant, &m.row.key, 1, &late);      /* else the upkeep does both */
    }
    crypto_wipe(&key, sizeof key);
    if (code == OK) {
        *ret_number = m.row.number;
        memcpy(ret_secret, secret, strlen(secret) + 1);
    }
    crypto_wipe(secret, sizeof secret);
    crypto_wipe(random, sizeof random);
    return code;
}

/* ---- looking at them */

struct found { struct pack_row row; struct arena *arena; bool failed; };

static bool row_keep(const struct pack_row *r, struct arena *arena, struct pack_row *ret) {
    *ret = *r;
    ret->purpose = arena_text(arena, r->purpose);
    ret->blob = arena_text_n(arena, r->len > 0 ? r->blob : "", r->len);
    return ret->purpose != NULL && ret->blob != NULL;
}
static bool found_keep(const struct pack_row *r, void *arg) {
    struct found *f = arg;
    f->failed = !row_keep(r, f->arena, &f->row);
    return false;
}

static enum code find(struct service *s, int64_t tenant, int64_t number, struct found *f, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = f->arena == NULL ? err_set(reterr, E_MEMORY, "no memory for an archive") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = packs_get(view_sql(v), number, found_keep, f, reterr);
    return code == OK && f->failed ? err_set(reterr, E_MEMORY, "no memory for an archive") : code;
}

static bool is_open(const struct pack_row *r, usec_t now) { return (r->state == PACK_READY || r->state == PACK_TAKEN) && now < r->until; }

/* *ret NULL: its key is gone, or it is none that is ready. */
static enum code unlock(struct service *s, int64_t tenant, const struct pack_row *r, struct key *ret_key, json_t **ret, struct err *reterr) {
    const struct entry_place at = entry_of(tenant, r);
    bool ok = false;
    *ret = NULL;
    if (!is_open(r, clock_now()) || r->len == 0)
        return OK;
    enum code code = keeper_open(s->keeper, tenant, &r->key, 1, ret_key, &ok, reterr);
    return code == OK && ok ? entry_open(&at, ret_key, r->blob, r->len, ret, reterr) : code;
}

static json_t *row_json(const struct pack_row *r, json_t *entry) {
    static const char *const states[] = { [PACK_MAKING] = "making", [PACK_READY] = "ready", [PACK_TAKEN] = "taken", [PACK_OVER] = "over" };
    char made[40], until[40];
    bool over = r->state != PACK_MAKING && !is_open(r, clock_now());
    json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:s, s:I}", "number", (json_int_t)r->number, "purpose", r->purpose, "state", states[over ? PACK_OVER : r->state], "made",
                          time_format(r->made, made, sizeof made), "until", time_format(r->until, until, sizeof until), "size", (json_int_t)r->size);
    static const char *const told[] = { "records", "others", "files" };
    for (size_t i = 0; entry != NULL && i < ARRAY_LEN(told); i++)
        json_object_set(o, told[i], json_object_get(entry, told[i]));
    if (r->about != 0)
        json_object_set_new(o, "about", json_integer(r->about));
    return o;
}

static enum code row_told(struct service *s, int64_t tenant, const struct pack_row *r, json_t **ret, struct err *reterr) {
    json_t *entry = NULL;
    struct key key = { 0 };
    enum code code = unlock(s, tenant, r, &key, &entry, reterr);
    crypto_wipe(&key, sizeof key);
    if (code == OK && (*ret = row_json(r, entry)) == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for an archive");
    json_decref(entry);
    return code;
}

enum code pack_told(struct service *s, int64_t tenant, int64_t number, json_t **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 * ENTRY_TEXT_MAX);
    struct found f = { .arena = arena };
    enum code code = find(s, tenant, number, &f, reterr);
    return code == OK ? row_told(s, tenant, &f.row, ret, reterr) : code;
}

struct listing { struct arena *arena; struct pack_row rows[LISTED + 1]; size_t count; bool failed; };
static bool list_keep(const struct pack_row *r, void *arg) {
    struct listing *l = arg;
    l->failed = l->failed || !row_keep(r, l->arena, &l->rows[l->count]);
    return ++l->count <= LISTED && !l->failed;
}

enum code packs_told(struct service *s, int64_t tenant, int64_t before, json_t **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new((LISTED + 2) * ENTRY_TEXT_MAX);
    struct listing l = { .arena = arena };
    struct view *v = NULL;
    json_t *items = json_array();
    enum code code = arena == NULL || items == NULL ? err_set(reterr, E_MEMORY, "no memory for a list") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = packs_list(view_sql(v), before, list_keep, &l, reterr);
    view_end(v);                               /* the keeper is asked without a view open */
    if (code == OK && l.failed)
        code = err_set(reterr, E_MEMORY, "no memory for a list");
    for (size_t i = 0; code == OK && i < l.count && i < LISTED; i++) {
        json_t *one = NULL;
        code = row_told(s, tenant, &l.rows[i], &one, reterr);
        if (code == OK)
            json_array_append_new(items, one);
    }
    if (code == OK)
        *ret = json_pack("{s:O, s:o}", "items", items, "next", l.count > LISTED ? json_integer(l.rows[LISTED - 1].number) : json_null());
    json_decref(items);
    return code == OK && *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for a list") : code;
}

/* ---- fetching one */

struct taking { struct making m; bool once; };
static enum code write_taken(struct txn *t, void *arg, struct err *reterr) {
    struct taking *k = arg;
    enum code code = OK;
    k->m.row.state = PACK_TAKEN;
    if (k->once)
        code = packs_move(t, &k->m.row, PACK_READY, reterr);
    return code == OK ? note(t, &k->m, k->once ? "pack_taken" : "pack_fetched", json_pack("{s:I, s:s}", "number", (json_int_t)k->m.row.number, "purpose", k->m.row.purpose), reterr) : code;
}

static bool secret_fits(const json_t *entry, const char *secret) {
    const char *hex = json_string_value(json_object_get(entry, "link"));
    uint8_t wanted[HASH_SIZE], given[HASH_SIZE];
    hash_sha256(secret, strlen(secret), given);
    return hex != NULL && hex_decode(hex, strlen(hex), wanted, sizeof wanted) && crypto_equal(wanted, given, sizeof given);
}

struct opening { const struct pack_fetch *f; const struct pack_row *row; void *arg; };
static bool opened(void *arg) {
    const struct opening *o = arg;
    return o->f->begin(o->arg, o->row->size, o->row->purpose);
}

static enum code no_such(struct err *reterr) { return err_set(reterr, E_NOT_FOUND, "there is nothing at this address: the link was used, is over, or never was"); }

enum code pack_fetch(struct service *s, const struct pack_fetch *f, const struct sink *out, struct err *reterr) {
    PRE(s != NULL && f != NULL && f->begin != NULL && (f->who != NULL || f->secret != NULL) && out != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 * ENTRY_TEXT_MAX);
    struct found found = { .arena = arena };
    struct key key = { 0 };
    json_t *entry = NULL;
    enum code code = find(s, f->tenant, f->number, &found, reterr);
    if (code == OK)
        code = unlock(s, f->tenant, &found.row, &key, &entry, reterr);
    if (code == E_NOT_FOUND && f->secret != NULL)
        return no_such(reterr);
    if (code == OK && f->secret != NULL && (entry == NULL || found.row.state != PACK_READY || !secret_fits(entry, f->secret)))
        code = no_such(reterr);
    else if (code == OK && entry == NULL)
        code = err_set(reterr, found.row.state == PACK_MAKING ? E_CONFLICT : E_GONE, found.row.state == PACK_MAKING ? "this archive is still being made" :
                       "this archive is over: its seven days have passed, or something that it holds was changed or erased; ask for a new one");
    json_decref(entry);
    if (code == OK) {
        struct taking k = { .m = { .s = s, .tenant = f->tenant, .row = found.row }, .once = f->secret != NULL };
        struct opening o = { f, &found.row, out->arg };
        const struct file_place at = place_of(f->tenant, &found.row);
        if (f->who != NULL)
            (void)caller_text(f->who, k.m.by, sizeof k.m.by);
        else
            snprintf(k.m.by, sizeof k.m.by, "pack link %lld", (long long)f->number);
        code = store_write(s->store, f->tenant, write_taken, &k, reterr);
        if (code == E_CONFLICT && k.once)
            code = no_such(reterr);            /* somebody else was faster */
        if (code == OK)
            code = bytes_read(s, &at, &key, found.row.size, opened, &o, out, reterr);
    }
    crypto_wipe(&key, sizeof key);
    return code;
}

/* ---- and dropping it */

static enum code write_dropped(struct txn *t, void *arg, struct err *reterr) {
    struct making *m = arg;
    enum code code = packs_drop(t, m->row.number, reterr);
    return code == OK ? note(t, m, "pack_dropped", json_pack("{s:I, s:s}", "number", (json_int_t)m->row.number, "purpose", m->row.purpose), reterr) : code;
}

/* The row last: until it is gone, the next upkeep finds the file. */
static enum code drop(struct making *m, struct err *reterr) {
    struct err late;
    file_unlink(m->s, &m->row.file);
    enum code code = store_write(m->s->store, m->tenant, write_dropped, m, reterr);
    if (code == OK)
        (void)!doom_now(m->s, m->tenant, &m->row.key, 1, &late);       /* it stands as doomed */
    return code;
}

enum code pack_drop(struct service *s, int64_t tenant, int64_t number, const struct caller *who, struct err *reterr) {
    PRE(s != NULL && who != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 * ENTRY_TEXT_MAX);
    struct found f = { .arena = arena };
    struct making m = { .s = s, .tenant = tenant };
    enum code code = find(s, tenant, number, &f, reterr);
    if (code == OK && f.row.state == PACK_MAKING)
        code = err_set(reterr, E_CONFLICT, "this archive is still being made");
    m.row = f.row;
    (void)caller_text(who, m.by, sizeof m.by);
    return code == OK ? drop(&m, reterr) : code;
}

enum code packs_upkeep(struct service *s, int64_t tenant, usec_t now, struct err *reterr) {
    PRE(s != NULL && reterr != NULL);
    int64_t before = INT64_MAX;
    enum code code = OK;
    for (size_t got = LISTED + 1; code == OK && got > LISTED;) {
        AUTO(arena_free) struct arena *arena = arena_new((LISTED + 2) * ENTRY_TEXT_MAX);
        struct listing l = { .arena = arena };
        struct view *v = NULL;
        code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a list") : store_view(s->store, tenant, &v, reterr);
        if (code == OK)
            code = packs_list(view_sql(v), before, list_keep, &l, reterr);
        view_end(v);
        got = l.count;
        if (code == OK && l.failed)
            code = err_set(reterr, E_MEMORY, "no memory for a list");
        for (size_t i = 0; code == OK && i < l.count; i++) {
            struct making m = { .s = s, .tenant = tenant, .row = l.rows[i], .by = "sejf" };
            bool cut = m.row.state == PACK_MAKING && now - m.row.made > MAKING_MOST;
            before = m.row.number;
            if (cut || (m.row.state != PACK_MAKING && !is_open(&m.row, now)))
                code = drop(&m, reterr);
        }
    }
    return code;
}
