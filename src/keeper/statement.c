/* statement.c — the bytes that are signed, and how the keyring signs them. */
#include "keeper/statement.h"

#include <endian.h>
#include <string.h>

#include "keeper/inside.h"

void statement_text(const char *what, const uint8_t digest[HASH_SIZE], struct buf *ret) {
    buf_add(ret, "sejf statement", 15);
    buf_add(ret, what, strlen(what) + 1);
    buf_add(ret, digest, HASH_SIZE);
}

static void number_add(struct buf *to, uint64_t number) {
    uint64_t be = htobe64(number);
    buf_add(to, &be, sizeof be);
}

void certified_text(const struct certified *c, struct buf *ret) {
    statement_text("certificate", c->digest, ret);
    number_add(ret, (uint64_t)c->tenant);
    number_add(ret, c->epoch);
    number_add(ret, c->count);
    buf_add(ret, c->keys, sizeof c->keys);
}

void certified_key(struct hash *h, uint64_t id) {
    uint64_t be = htobe64(id);
    hash_add(h, &be, sizeof be);
}

static enum code sign_buf(const struct keyring *k, const struct buf *text, uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    return text->failed ? err_set(reterr, E_MEMORY, "no memory for a statement") : sign(k->secret->seed.bytes, text->data, text->len, ret_sig, reterr);
}

enum code keyring_attest(struct keyring *k, const char *what, const uint8_t digest[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    PRE(k != NULL && what != NULL && digest != NULL && ret_sig != NULL && reterr != NULL);
    AUTO(buf_done) struct buf text = BUF(256);
    size_t len = strlen(what);
    if (len == 0 || len > STATEMENT_WHAT_MAX || strspn(what, "abcdefghijklmnopqrstuvwxyz_") != len)
        return err_set(reterr, E_INVALID, "a statement is named by at most %u small letters", STATEMENT_WHAT_MAX);
    if (strcmp(what, "certificate") == 0)
        return err_set(reterr, E_FORBIDDEN, "a certificate is signed only together with the keys that it tells of");
    statement_text(what, digest, &text);
    return sign_buf(k, &text, ret_sig, reterr);
}

enum code keyring_certify(struct keyring *k, const struct certified *c, uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    PRE(k != NULL && c != NULL && ret_sig != NULL && reterr != NULL);
    AUTO(buf_done) struct buf text = BUF(256);
    if (c->epoch != k->meta.epoch)
        return err_set(reterr, E_CONFLICT, "the certificate names epoch %llu, and the keyring is at %llu: ask again", (unsigned long long)c->epoch,
                       (unsigned long long)k->meta.epoch);
    certified_text(c, &text);
    return sign_buf(k, &text, ret_sig, reterr);
}
