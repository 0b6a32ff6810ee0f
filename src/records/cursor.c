/* cursor.c — id (16 bytes), number (8, big-endian) and, where the order is one of texts, the text, padded; sealed with the query's kind,
 * source, field and direction beside it. Every server makes the same key from the tenant's, so any of them reads it. */
#include "records/cursor.h"

#include <string.h>

#include "base/text.h"
#include "records/keys.h"

#define FIXED (16u + 8u)
#define PLAIN_MAX (FIXED + SORT_TEXT)
#define SEALED_MAX (PLAIN_MAX + 12 + 16)      /* nonce and tag */
#define AD_LEN (4u + 4u + 8u)

static enum code cursor_key(struct service *s, int64_t tenant, struct key *ret, struct err *reterr) {
    static const char label[] = "sejf cursor";
    struct index_keys keys;
    enum code code = index_keys_of(s, tenant, false, &keys, reterr);
    if (code != OK)
        return code;
    _Static_assert(sizeof ret->bytes == HASH_SIZE, "a key is as long as a hash");
    hmac_sha256(keys.find.bytes, sizeof keys.find.bytes, label, sizeof label - 1, ret->bytes);
    crypto_wipe(&keys, sizeof keys);
    return OK;
}

static void put_be(uint8_t *to, uint64_t v, size_t len) {
    for (size_t i = len; i-- > 0; v >>= 8)
        to[i] = (uint8_t)v;
}

static void associate(int64_t tenant, const struct query *q, uint8_t ret[AD_LEN]) {
    const uint8_t head[4] = { 2, (uint8_t)q->source, (uint8_t)(q->source == BY_SORT ? q->sort : 0), q->descending };
    memcpy(ret, head, sizeof head);
    put_be(ret + 4, (uint32_t)q->k->number, 4);
    put_be(ret + 8, (uint64_t)tenant, 8);
}

static size_t plain_len(const struct query *q) {
    return FIXED + (q->source == BY_SORT && !find_by_number(&q->k->kind->fields[q->sort]) ? SORT_TEXT : 0);
}

enum code cursor_make(struct service *s, int64_t tenant, const struct query *q, const struct spot *at, struct buf *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf sealed = BUF(SEALED_MAX);
    uint8_t plain[PLAIN_MAX] = { 0 }, ad[AD_LEN];
    struct key key;
    enum code code = cursor_key(s, tenant, &key, reterr);
    if (code != OK)
        return code;
    memcpy(plain, at->id.bytes, 16);
    put_be(plain + 16, (uint64_t)at->number, 8);
    memcpy(plain + FIXED, at->text, strnlen(at->text, SORT_TEXT));
    associate(tenant, q, ad);
    code = seal(&key, ad, sizeof ad, plain, plain_len(q), &sealed, reterr);
    crypto_wipe(&key, sizeof key);
    crypto_wipe(plain, sizeof plain);
    if (code != OK)
        return code;
    base64url_encode(sealed.data, sealed.len, ret);
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for a cursor") : OK;
}

enum code cursor_read(struct service *s, int64_t tenant, const struct query *q, const char *text, size_t len, struct spot *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf plain = BUF(PLAIN_MAX + 1);
    uint8_t sealed[SEALED_MAX], ad[AD_LEN];
    size_t n = 0;
    struct key key;
    uint64_t number = 0;
    enum code code = cursor_key(s, tenant, &key, reterr);
    if (code != OK)
        return code;
    associate(tenant, q, ad);
    code = base64url_decode(text, len, sealed, sizeof sealed, &n) ? seal_open(&key, ad, sizeof ad, sealed, n, &plain, reterr) : E_DAMAGED;
    crypto_wipe(&key, sizeof key);
    if (code == E_DAMAGED || (code == OK && plain.len != plain_len(q)))
        return err_set(reterr, E_INVALID, "the cursor is not one of this query: begin again without it");
    if (code != OK)
        return code;
    const uint8_t *raw = (const uint8_t *)plain.data;
    struct spot at = { .number = 0 };
    memcpy(at.id.bytes, raw, 16);
    for (int i = 0; i < 8; i++)
        number = number << 8 | raw[16 + i];
    at.number = (int64_t)number;
    memcpy(at.text, raw + FIXED, plain.len - FIXED);
    *ret = at;
    return OK;
}
