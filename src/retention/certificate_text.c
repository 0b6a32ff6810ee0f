/* certificate_text.c — canonical JSON: keys sorted, no spaces, so that a text that was altered by a byte is another one. */
#include "retention/certificate_text.h"

#include <string.h>

#include "base/text.h"
#include "keeper/statement.h"

#define KEYS_MOST (UINT64_C(64) << 20)        /* more than any keyring destroys in a day */

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a certificate"); }

/* ---- ranges */

static void ranges_add(struct buf *to, const uint64_t *keys, size_t count) {
    for (size_t i = 0; i < count;) {
        size_t n = 1;
        while (i + n < count && keys[i + n] == keys[i] + n)
            n++;
        buf_printf(to, "%s%llu", i == 0 ? "" : ",", (unsigned long long)keys[i]);
        if (n > 1)
            buf_printf(to, "-%llu", (unsigned long long)keys[i + n - 1]);
        i += n;
    }
}

static bool number_take(const char **p, uint64_t *ret) {
    int64_t value;
    size_t len = strspn(*p, "0123456789");
    if (len == 0 || len > 19 || **p == '0' || !text_int_n(*p, len, 1, INT64_MAX - 1, &value))
        return false;
    *p += len;
    *ret = (uint64_t)value;
    return true;
}

bool certificate_ranges(const char *text, uint8_t ret_hash[HASH_SIZE], uint64_t *ret_count) {
    AUTO(hash_free) struct hash *h = hash_new();
    uint64_t last = 0, count = 0;
    const char *p = text;
    bool fine = h != NULL;
    while (fine && *p != 0) {
        uint64_t from = 0, to;
        fine = (p == text || *p++ == ',') && number_take(&p, &from) && (count == 0 ? from > 0 : from > last + 1);
        to = from;
        if (fine && *p == '-') {
            p++;
            fine = number_take(&p, &to) && to > from;
        }
        fine = fine && to - from < KEYS_MOST - count;
        for (uint64_t k = from; fine && k <= to; k++)
            certified_key(h, k);
        count += fine ? to - from + 1 : 0;
        last = to;
    }
    if (!fine)
        return false;
    hash_end(h, ret_hash);
    *ret_count = count;
    return true;
}

/* ---- texts */

static json_t *hex_json(const uint8_t *bytes, size_t len) {
    AUTO(buf_done) struct buf text = BUF(256);
    hex_encode(bytes, len, &text);
    return text.failed ? NULL : json_string(buf_str(&text));
}

enum code certificate_body(const struct certificate_parts *p, json_t *counts, json_t **ret, struct err *reterr) {
    AUTO(buf_done) struct buf ranges = BUF(CERTIFICATE_MOST);
    ranges_add(&ranges, p->keys, p->key_count);
    if (ranges.failed) {
        json_decref(counts);
        return no_memory(reterr);
    }
    json_t *body = json_pack("{s:i,s:s,s:I,s:I,s:s,s:s,s:s,s:o,s:s,s:s,s:I,s:{s:I,s:s},s:{s:I,s:I,s:s},s:{s:I,s:I,s:o}}", "certificate", CERTIFICATE_VERSION, "service", p->service, "tenant",
        (json_int_t)p->tenant, "number", (json_int_t)p->number, "made", p->made, "cause", p->cause, "by", p->by, "counts", counts, "from", p->from, "until", p->until,
        "destructions", (json_int_t)p->destructions, "keys", "count", (json_int_t)p->key_count, "ranges", buf_str(&ranges),
        "renewal", "epoch_before", (json_int_t)p->epoch - 1, "epoch", (json_int_t)p->epoch, "at", p->renewed,
        "ledger", "chain", (json_int_t)p->tenant, "seq", (json_int_t)p->seq, "head", hex_json(p->head, HASH_SIZE));
    if (body == NULL)
        return no_memory(reterr);
    *ret = body;
    return OK;
}

static int dump(const char *bytes, size_t len, void *to) {
    buf_add(to, bytes, len);
    return 0;
}

static enum code canonical(const json_t *o, struct buf *ret, struct err *reterr) {
    return json_dump_callback(o, dump, ret, JSON_COMPACT | JSON_SORT_KEYS) != 0 || ret->failed ? no_memory(reterr) : OK;
}

enum code certificate_digest(const json_t *body, uint8_t ret[HASH_SIZE], struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(CERTIFICATE_MOST);
    enum code code = canonical(body, &text, reterr);
    if (code == OK)
        hash_sha256(text.data, text.len, ret);
    return code;
}

enum code certificate_whole(const json_t *body, const uint8_t digest[HASH_SIZE], const uint8_t public[PUBLIC_SIZE], const uint8_t sig[SIGNATURE_SIZE], struct buf *ret,
                            struct err *reterr) {
    json_t *o = json_pack("{s:O,s:o,s:o,s:o}", "body", body, "hash", hex_json(digest, HASH_SIZE), "public", hex_json(public, PUBLIC_SIZE), "signature", hex_json(sig, SIGNATURE_SIZE));
    enum code code = o == NULL ? no_memory(reterr) : canonical(o, ret, reterr);
    json_decref(o);
    buf_char(ret, '\n');
    return code == OK && ret->failed ? no_memory(reterr) : code;
}
