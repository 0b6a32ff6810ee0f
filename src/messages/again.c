/* again.c — what is kept is an entry of a register of its own: bound to its tenant, the hash of the request's key and its sealing key. */
#include "messages/again.h"

#include <string.h>

#include "records/entry.h"
#include "records/service.h"
#include "records/spare.h"

#define AGAIN_LIFE USEC_PER_DAY              /* of store_ran: a clock that jumps forgets no key */
#define AGAIN_DOMAIN "sejf messages 1"
#define KEY_TEXT_MAX 255u

static int dump(const char *bytes, size_t len, void *arg) {
    hash_add(arg, bytes, len);
    return 0;
}

static void add(struct hash *h, const void *bytes, size_t len) {
    const uint8_t be[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };
    hash_add(h, be, sizeof be);
    hash_add(h, bytes, len);
}

/* The place of what is sealed: the first half of the hash stands where other registers have an id. */
static struct entry_place place(const struct again *a, key_id id) {
    struct entry_place at = { .name = "messages answered", .tenant = a->who->tenant, .key = id };
    memcpy(at.id.bytes, a->key_hash, sizeof at.id.bytes);
    return at;
}

static enum code hashes(struct again *a, const char *key, const json_t *request, struct err *reterr) {
    AUTO(hash_free) struct hash *h = hash_new();
    if (h == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an Idempotency-Key");
    add(h, AGAIN_DOMAIN, strlen(AGAIN_DOMAIN));
    add(h, &a->who->tenant, sizeof a->who->tenant);
    add(h, &a->who->token, sizeof a->who->token);
    add(h, a->who->account.bytes, sizeof a->who->account.bytes);
    add(h, key, strlen(key));
    hash_end(h, a->key_hash);
    if (json_dump_callback(request, dump, h, JSON_COMPACT | JSON_SORT_KEYS) != 0)
        return err_set(reterr, E_MEMORY, "no memory for an Idempotency-Key");
    hash_end(h, a->request_hash);
    return OK;
}

static enum code before_open(struct again *a, const struct reply_row *row, json_t **ret, struct err *reterr) {
    struct key key;
    key_id id = row->key;
    bool ok = false;
    const struct entry_place at = place(a, id);
    enum code code = keeper_open(a->service->keeper, a->who->tenant, &id, 1, &key, &ok, reterr);
    if (code == OK)
        code = ok ? entry_open(&at, &key, row->blob, row->len, ret, reterr) : err_set(reterr, E_CONFLICT, "this Idempotency-Key was used before, and its answer is no longer kept: take a new one");
    crypto_wipe(&key, sizeof key);
    return code;
}

static enum code before_find(struct again *a, json_t **ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct view *v = NULL;
    struct reply_row row;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an Idempotency-Key");
    enum code code = store_view(a->service->store, a->who->tenant, &v, reterr);
    if (code == OK)
        code = reply_get(view_sql(v), a->key_hash, &row, arena, reterr);
    v = view_end(v);                           /* the keeper is asked without a view open */
    if (code == E_NOT_FOUND || (code == OK && row.until <= store_ran(a->service->store)))
        return OK;
    if (code == OK && !crypto_equal(row.request_hash, a->request_hash, HASH_SIZE))
        return err_set(reterr, E_CONFLICT, "this Idempotency-Key was used before with another request: take a new one");
    return code == OK ? before_open(a, &row, ret, reterr) : code;
}

enum code again_begin(struct service *s, const struct caller *who, const char *key, const json_t *request, struct again *ret, json_t **ret_before, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && ret_before != NULL && reterr != NULL);
    struct again a = { .service = s, .who = who, .due = clock_now() + AGAIN_LIFE };
    json_t *before = NULL;
    if (key == NULL || key[0] == 0) {
        *ret = a;
        *ret_before = NULL;
        return OK;
    }
    if (strlen(key) > KEY_TEXT_MAX)
        return err_set(reterr, E_INVALID, "an Idempotency-Key has at most %u characters", KEY_TEXT_MAX);
    enum code code = hashes(&a, key, request, reterr);
    if (code == OK)
        code = before_find(&a, &before, reterr);
    if (code == OK && before == NULL)
        code = spare_make(s, who->tenant, a.due, 1, &a.id, &a.key, reterr);
    if (code != OK)
        return code;
    a.wanted = before == NULL;
    *ret = a;
    *ret_before = before;
    crypto_wipe(&a.key, sizeof a.key);
    return OK;
}

enum code again_write(struct txn *t, void *arg, struct err *reterr) {
    struct again *a = arg;
    AUTO(buf_wipe) struct buf sealed = BUF(ENTRY_TEXT_MAX + SEAL_OVERHEAD);
    a->met = false;
    if (!a->wanted)
        return OK;
    json_t *answer = a->answer(a->arg);
    if (json_is_null(answer)) {                /* nothing was done that a second request would do again */
        json_decref(answer);
        return OK;
    }
    struct reply_row row = { .status = 200, .key = a->id, .until = txn_ran(t) + AGAIN_LIFE };
    const struct entry_place at = place(a, a->id);
    enum code code = entry_seal(&at, &a->key, answer, &sealed, reterr);
    json_decref(answer);
    memcpy(row.key_hash, a->key_hash, HASH_SIZE);
    memcpy(row.request_hash, a->request_hash, HASH_SIZE);
    row.blob = sealed.data;
    row.len = sealed.len;
    if (code == OK)
        code = reply_put(t, &row, reterr);
    a->met = code == E_CONFLICT;
    return code;
}

void again_end(struct again *a, enum code code, bool kept) {
    if (a->wanted && !(code == OK && kept) && (code == OK || spare_sure(code)))
        spare_give(a->service, a->who->tenant, a->due, &a->id, &a->key, 1);
    crypto_wipe(&a->key, sizeof a->key);
    a->wanted = false;
}
