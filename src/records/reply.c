/* reply.c — the stored reply's associated data: tenant, key hash, key id, each with its length. What is stored names the record and
 * the fields that were shown, never their values: a repeated request reads them where they stand, so that no erased, corrected
 * or withdrawn value lives on beside its record. Of a record that has changed since, it shows what the caller sees now. */
#include "records/reply.h"

#include <string.h>

#include "base/mem.h"
#include "records/spare.h"
#include "records/use.h"
#include "store/tables.h"

#define REPLY_LIFE USEC_PER_DAY               /* of store_ran: a clock that jumps forgets no key */
#define REPLY_MAX ((size_t)4 << 20)
#define KEY_TEXT_MAX 255u

static int dump(const char *bytes, size_t len, void *arg) {
    hash_add(arg, bytes, len);
    return 0;
}

static void add(struct hash *h, const void *bytes, size_t len) {
    uint8_t be[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };
    hash_add(h, be, sizeof be);
    hash_add(h, bytes, len);
}
static void add_text(struct hash *h, const char *text) { add(h, text, strlen(text)); }

enum code reply_wish(struct service *s, const struct record_request *r, const char *what, struct reply_wish *ret, struct err *reterr) {
    struct reply_wish w = { .wanted = true };
    const char *kind = service_kind(s, r->kind)->kind->name;
    if (r->idempotency == NULL || r->idempotency[0] == 0)
        return OK;
    if (strlen(r->idempotency) > KEY_TEXT_MAX)
        return err_set(reterr, E_INVALID, "an Idempotency-Key has at most %u characters", KEY_TEXT_MAX);
    AUTO(hash_free) struct hash *h = hash_new();
    if (h == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an Idempotency-Key");
    add(h, &r->who->tenant, sizeof r->who->tenant);
    add(h, &r->who->token, sizeof r->who->token);
    add(h, r->who->account.bytes, sizeof r->who->account.bytes);
    add_text(h, r->idempotency);
    hash_end(h, w.key_hash);
    add_text(h, what);
    add_text(h, kind);
    add(h, r->id.bytes, sizeof r->id.bytes);
    add(h, r->parent.bytes, sizeof r->parent.bytes);
    if (json_dump_callback(r->input, dump, h, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) != 0 ||
        (r->consents != NULL && json_dump_callback(r->consents, dump, h, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) != 0))
        return err_set(reterr, E_MEMORY, "no memory for an Idempotency-Key");
    hash_end(h, w.request_hash);
    *ret = w;
    return OK;
}

static void associate(int64_t tenant, const uint8_t key_hash[HASH_SIZE], key_id id, struct buf *ret) {
    uint8_t be[16];
    for (int i = 0; i < 8; i++) {
        be[i] = (uint8_t)((uint64_t)tenant >> (56 - 8 * i));
        be[8 + i] = (uint8_t)(id >> (56 - 8 * i));
    }
    piece_add(ret, be, 8);
    piece_add(ret, key_hash, HASH_SIZE);
    piece_add(ret, be + 8, 8);
}

static enum code reply_gone(struct err *reterr) {
    return err_set(reterr, E_CONFLICT, "this Idempotency-Key was used before, and what it was answered has been erased");
}

/* Fields that were shown and may be shown again: of the version that was answered all, of a later one what the caller sees by now. */
static enum code still_shown(struct service *s, const struct record_request *r, const json_t *stored, struct fact_source *src, fieldset *shows, struct reply_seen *ret_seen, struct err *reterr) {
    struct verdict sees;
    const json_t *version = json_object_get(stored, "version");
    if (json_is_integer(version) && json_integer_value(version) == src->record->version)
        return OK;
    struct facts f = facts_of(src, src->now);
    enum code code = policy_sees(r->who, &f, &sees, reterr);
    if (code == OK) {
        *shows &= use_shown(s, r->who, r->kind, &sees);
        *ret_seen = (struct reply_seen){ { .info = src->record->info, .born = src->record->born, .updated = src->record->updated }, *shows };
    }
    return code;
}

/* The level that an account had then may be taken away by now. */
static enum code still_there(const struct record_request *r, struct fact_source *src, struct err *reterr) {
    enum access_level level = LEVEL_NONE;
    struct facts f = facts_of(src, src->now);
    enum code code = policy_level(r->who, &f, &level, reterr);
    return code != OK || level >= LEVEL_READ ? code : err_set(reterr, E_NOT_FOUND, "there is no such record");
}

/* {"id": …, "shows": [names of fields], "version": …}: the record as it stands now. */
static enum code reply_again(struct service *s, const struct record_request *r, const json_t *stored, struct sql *q, struct arena *arena,
                             struct record_text *ret, struct reply_seen *ret_seen, struct err *reterr) {
    const struct kind_info *k = service_kind(s, r->kind);
    const char *id = json_string_value(json_object_get(stored, "id"));
    struct record rec = { .tenant = r->who->tenant };
    struct uuid record;
    fieldset shows = 0;
    json_t *name;
    size_t i;
    if (id == NULL || !uuid_parse(id, &record))
        return err_set(reterr, E_DAMAGED, "a stored reply is damaged");
    json_array_foreach(json_object_get(stored, "shows"), i, name) {
        int f = json_is_string(name) ? kind_field(k->kind, json_string_value(name)) : -1;
        shows |= f < 0 ? 0 : (fieldset)1 << f;
    }
    enum code code = record_load(q, k, &record, arena, &rec, reterr);
    if (code == E_NOT_FOUND || code == E_GONE)
        return reply_gone(reterr);
    struct fact_source src = { .s = s, .q = q, .who = r->who, .record = &rec, .arena = arena, .now = clock_now() };
    if (code == OK)
        code = still_there(r, &src, reterr);
    if (code == OK)
        code = record_open(s, &rec, arena, reterr);
    if (code == OK)
        code = still_shown(s, r, stored, &src, &shows, ret_seen, reterr);
    return code == OK ? record_give(&rec, shows, ret, reterr) : code;
}

static enum code open_reply(struct service *s, const struct record_request *r, const struct reply_row *row, struct sql *q, struct arena *arena,
                            struct record_text *ret, struct reply_seen *ret_seen, struct err *reterr) {
    int64_t tenant = r->who->tenant;
    AUTO(buf_wipe) struct buf plain = BUF(REPLY_MAX), ad = BUF(256);
    struct key key;
    key_id id = row->key;
    bool ok = false;
    enum code code = keeper_open(s->keeper, tenant, &id, 1, &key, &ok, reterr);
    if (code == OK && !ok)
        return reply_gone(reterr);
    associate(tenant, row->key_hash, row->key, &ad);
    if (code == OK)
        code = seal_open(&key, ad.data, ad.len, row->blob, row->len, &plain, reterr);
    crypto_wipe(&key, sizeof key);
    if (code != OK)
        return code;
    json_t *stored = json_loadb(buf_str(&plain), plain.len, 0, NULL);
    code = reply_again(s, r, stored, q, arena, ret, ret_seen, reterr);
    json_decref(stored);
    return code;
}

enum code reply_find(struct service *s, const struct record_request *r, const struct reply_wish *w, struct sql *q, struct record_text *ret,
                     struct reply_seen *ret_seen, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct reply_row row;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a stored reply");
    enum code code = reply_get(q, w->key_hash, &row, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && row.until <= store_ran(s->store)))
        return OK;
    if (code != OK)
        return code;
    if (!crypto_equal(row.request_hash, w->request_hash, HASH_SIZE))
        return err_set(reterr, E_CONFLICT, "this Idempotency-Key was used before with another request: take a new one");
    return open_reply(s, r, &row, q, arena, ret, ret_seen, reterr);
}

enum code reply_check(struct txn *t, struct draft *d, struct err *reterr) {
    struct reply_row row;
    AUTO(arena_free) struct arena *arena = arena_new(REPLY_MAX);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a stored reply");
    enum code code = reply_get(txn_sql(t), d->reply.key_hash, &row, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && row.until <= txn_ran(t)))
        return OK;
    d->replayed = code == OK;
    return code == OK ? err_set(reterr, E_CONFLICT, "this request was answered meanwhile") : code;
}

static char *reply_text(const struct draft *d) {
    const struct kind *k = d->rec.info->kind;
    char id[UUID_TEXT];
    json_t *shows = json_array();
    for (size_t i = 0; i < k->field_count; i++)
        if ((d->shows >> i & 1) != 0)
            json_array_append_new(shows, json_string(k->fields[i].name));
    json_t *o = json_pack("{s:s, s:o, s:I}", "id", uuid_format(&d->rec.id, id), "shows", shows, "version", (json_int_t)d->rec.version);
    char *text = o == NULL ? NULL : json_dumps(o, JSON_COMPACT);
    json_decref(o);
    return text;
}

enum code reply_write(struct txn *t, struct draft *d, struct err *reterr) {
    AUTO(buf_done) struct buf sealed = BUF(REPLY_MAX + SEAL_OVERHEAD), ad = BUF(256);
    struct reply_row row = { .key = d->reply.id, .status = d->reply.status, .until = txn_ran(t) + REPLY_LIFE };
    char *text = reply_text(d);
    if (text == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a stored reply");
    associate(d->rec.tenant, d->reply.key_hash, d->reply.id, &ad);
    enum code code = seal(&d->reply.key, ad.data, ad.len, text, strlen(text), &sealed, reterr);
    free(text);
    memcpy(row.key_hash, d->reply.key_hash, HASH_SIZE);
    memcpy(row.request_hash, d->reply.request_hash, HASH_SIZE);
    row.blob = sealed.data;
    row.len = sealed.len;
    return code == OK ? reply_put(t, &row, reterr) : code;
}
