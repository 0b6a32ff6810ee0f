/* chains.c — keys that stay: those of the index, derived for each tenant, and the one that signs ledger heads. */
#include <endian.h>
#include <string.h>

#include "keeper/inside.h"

static enum code tenant_key(const struct keyring *k, const struct key *from, const char *use, int64_t tenant, struct key *ret, struct err *reterr) {
    uint8_t info[32 + 8] = { 0 };
    uint64_t number = htobe64((uint64_t)tenant);
    size_t len = strlen(use);
    PRE(len <= 32);
    memcpy(info, use, len);
    memcpy(info + len, &number, sizeof number);
    return hkdf_sha256(from->bytes, KEY_SIZE, k->meta.owner.bytes, sizeof k->meta.owner.bytes, info, len + sizeof number, ret->bytes, KEY_SIZE, reterr);
}

enum code keyring_index_keys(struct keyring *k, int64_t tenant, struct index_keys *ret, struct err *reterr) {
    PRE(k != NULL && ret != NULL && reterr != NULL);
    struct index_keys keys = { .generation = k->meta.generation, .has_before = k->meta.has_before };
    enum code code = tenant_key(k, &k->secret->find, "sejf find 1", tenant, &keys.find, reterr);
    if (code == OK)
        code = tenant_key(k, &k->secret->index, "sejf index 1", tenant, &keys.index, reterr);
    if (code == OK && keys.has_before)
        code = tenant_key(k, &k->secret->before, "sejf index 1", tenant, &keys.index_before, reterr);
    if (code == OK)
        *ret = keys;
    crypto_wipe(&keys, sizeof keys);
    return code;
}

enum code keyring_index_renew(struct keyring *k, uint32_t *ret_generation, struct err *reterr) {
    PRE(k != NULL && ret_generation != NULL && reterr != NULL);
    if (k->meta.has_before)
        return err_set(reterr, E_CONFLICT, "the index is still being carried over from its key before: wait until that is settled");
    enum code code = keyring_write(k, reterr);
    struct key fresh;
    struct wrapped wrapped;
    if (code != OK)
        return code;
    crypto_random(&fresh, sizeof fresh);
    code = key_wrap(&k->secret->epoch, &fresh, &wrapped, reterr);
    if (code == OK) {
        k->meta.before = k->meta.index;
        k->meta.index = wrapped;
        k->meta.has_before = true;
        k->meta.generation++;
        k->meta_dirty = true;
        k->secret->before = k->secret->index;
        k->secret->index = fresh;
        *ret_generation = k->meta.generation;
    }
    crypto_wipe(&fresh, sizeof fresh);
    return code;
}

/* The key before becomes noise with the next epoch, as destroyed keys do. */
enum code keyring_index_settled(struct keyring *k, struct err *reterr) {
    PRE(k != NULL && reterr != NULL);
    if (!k->meta.has_before)
        return OK;
    enum code code = keyring_write(k, reterr);
    struct key filler;
    if (code != OK)
        return code;
    crypto_random(&filler, sizeof filler);
    code = key_wrap(&k->secret->epoch, &filler, &k->meta.before, reterr);
    if (code == OK) {
        k->secret->before = filler;
        k->meta.has_before = false;
        k->meta.noise++;
        k->meta_dirty = true;
    }
    crypto_wipe(&filler, sizeof filler);
    return code;
}

enum code keyring_public(struct keyring *k, uint8_t ret[PUBLIC_SIZE], struct err *reterr) { return sign_public(k->secret->seed.bytes, ret, reterr); }

/* "sejf ledger head\0" ‖ chain (i64 be) ‖ seq (u64 be) ‖ head: 65 bytes, as ledger.h says. */
static enum code sign_text(struct keyring *k, const struct chain_head *h, uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    uint8_t text[17 + 8 + 8 + HASH_SIZE];
    uint64_t chain = htobe64((uint64_t)h->chain), seq = htobe64(h->seq);
    memcpy(text, "sejf ledger head", 17);
    memcpy(text + 17, &chain, 8);
    memcpy(text + 25, &seq, 8);
    memcpy(text + 33, h->head, HASH_SIZE);
    return sign(k->secret->seed.bytes, text, sizeof text, ret_sig, reterr);
}

static enum code head_now(struct keyring *k, int64_t chain, struct chain_head *ret, struct err *reterr) {
    struct err none;
    enum code code = rows_head(k, chain, ret, &none);
    if (code == E_NOT_FOUND)
        *ret = (struct chain_head){ .chain = chain };
    else if (code != OK)
        *reterr = none;
    return code == E_NOT_FOUND ? OK : code;
}

static void extend(uint8_t head[HASH_SIZE], const uint8_t digest[HASH_SIZE]) {
    uint8_t both[2 * HASH_SIZE];
    memcpy(both, head, HASH_SIZE);
    memcpy(both + HASH_SIZE, digest, HASH_SIZE);
    hash_sha256(both, sizeof both, head);
}

enum code keyring_sign_head(struct keyring *k, int64_t chain, uint64_t from_seq, const uint8_t (*digests)[HASH_SIZE], size_t count,
                            const uint8_t head[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    PRE(k != NULL && (digests != NULL || count == 0) && head != NULL && ret_sig != NULL && reterr != NULL);
    struct chain_head h;
    enum code code = head_now(k, chain, &h, reterr);
    if (code != OK)
        return code;
    /* An answer that was lost: what is asked ends where the head stands already. */
    if (h.seq > 0 && from_seq <= h.seq && count == h.seq - from_seq && crypto_equal(h.head, head, HASH_SIZE))
        return sign_text(k, &h, ret_sig, reterr);
    if (from_seq != h.seq)
        return err_set(reterr, E_CONFLICT, "the ledger continues chain %lld after entry %llu, but its signed head is at %llu: entries are missing or were "
                       "put back from another time", (long long)chain, (unsigned long long)from_seq, (unsigned long long)h.seq);
    for (size_t i = 0; i < count; i++)
        extend(h.head, digests[i]);
    h.seq += count;
    if (!crypto_equal(h.head, head, HASH_SIZE))
        return err_set(reterr, E_CONFLICT, "the ledger's chain %lld does not continue what was signed up to entry %llu: an entry was altered",
                       (long long)chain, (unsigned long long)from_seq);
    if (h.seq == 0)
        return err_set(reterr, E_INVALID, "an empty chain has no head to sign");
    code = keyring_write(k, reterr);
    if (code == OK)
        code = rows_head_set(k, &h, reterr);
    return code == OK ? sign_text(k, &h, ret_sig, reterr) : code;
}

enum code keyring_head(struct keyring *k, int64_t chain, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *reterr) {
    PRE(k != NULL && ret_seq != NULL && ret_head != NULL && reterr != NULL);
    struct chain_head h;
    enum code code = head_now(k, chain, &h, reterr);
    if (code != OK)
        return code;
    *ret_seq = h.seq;
    memcpy(ret_head, h.head, HASH_SIZE);
    return OK;
}

enum code keyring_chain_after(struct keyring *k, int64_t after, int64_t *ret, struct err *reterr) {
    PRE(k != NULL && ret != NULL && reterr != NULL);
    return rows_chain_after(k, after, ret, reterr);
}
