/* wrap.c — AES-KW (RFC 3394) of 256-bit keys, many at once.
 *
 * OpenSSL's own AES-KW makes 24 calls of the block cipher for each key, one block a call, and sets up
 * a context each time. The 24 steps of one key depend on one another, those of different keys do not:
 * so a lane of keys takes each step together, one call for up to LANE blocks, and AES-NI runs full.
 *
 * A lane holds, for each key, its block (A ‖ what is encrypted next) and its registers R[1..4]. */
#include <string.h>

#include "crypto/context.h"

#define LANE 64u                             /* more gains nothing, and a lane lies on the stack, cleared for each call */
#define REGISTERS 4u                         /* 64-bit pieces of a key */
#define STEPS (6u * REGISTERS)

struct block { uint8_t a[8], b[8]; };
struct lane { struct block block[LANE]; uint8_t r[REGISTERS][LANE][8]; };
_Static_assert(sizeof(struct block) == 16, "a block of AES");

static const uint8_t check_value[8] = { 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6 };

static enum code no_context(struct err *reterr) {
    return err_set(reterr, E_MEMORY, "no memory for the cipher contexts of a thread");
}

/* t is at most 24: only the last byte of A changes. */
static bool wrap_steps(EVP_CIPHER_CTX *aes, struct lane *l, size_t n) {
    int len = 0;
    for (unsigned t = 1; t <= STEPS; t++) {
        uint8_t (*r)[8] = l->r[(t - 1) % REGISTERS];
        for (size_t i = 0; i < n; i++)
            memcpy(l->block[i].b, r[i], 8);
        if (EVP_EncryptUpdate(aes, (uint8_t *)l->block, &len, (uint8_t *)l->block, (int)(n * sizeof *l->block)) != 1)
            return false;
        for (size_t i = 0; i < n; i++) {
            memcpy(r[i], l->block[i].b, 8);
            l->block[i].a[7] ^= (uint8_t)t;
        }
    }
    return true;
}

static bool unwrap_steps(EVP_CIPHER_CTX *aes, struct lane *l, size_t n) {
    int len = 0;
    for (unsigned t = STEPS; t >= 1; t--) {
        uint8_t (*r)[8] = l->r[(t - 1) % REGISTERS];
        for (size_t i = 0; i < n; i++) {
            l->block[i].a[7] ^= (uint8_t)t;
            memcpy(l->block[i].b, r[i], 8);
        }
        if (EVP_DecryptUpdate(aes, (uint8_t *)l->block, &len, (uint8_t *)l->block, (int)(n * sizeof *l->block)) != 1)
            return false;
        for (size_t i = 0; i < n; i++)
            memcpy(r[i], l->block[i].b, 8);
    }
    return true;
}

static bool wrap_lane(EVP_CIPHER_CTX *aes, struct lane *l, const struct key *keys, size_t n, struct wrapped *ret) {
    for (size_t i = 0; i < n; i++) {
        memcpy(l->block[i].a, check_value, 8);
        for (unsigned r = 0; r < REGISTERS; r++)
            memcpy(l->r[r][i], keys[i].bytes + (size_t)r * 8, 8);
    }
    if (!wrap_steps(aes, l, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        memcpy(ret[i].bytes, l->block[i].a, 8);
        for (unsigned r = 0; r < REGISTERS; r++)
            memcpy(ret[i].bytes + 8 + (size_t)r * 8, l->r[r][i], 8);
    }
    return true;
}

static bool unwrap_lane(EVP_CIPHER_CTX *aes, struct lane *l, const struct wrapped *in, size_t n, struct key *ret, bool *ok) {
    for (size_t i = 0; i < n; i++) {
        memcpy(l->block[i].a, in[i].bytes, 8);
        for (unsigned r = 0; r < REGISTERS; r++)
            memcpy(l->r[r][i], in[i].bytes + 8 + (size_t)r * 8, 8);
    }
    if (!unwrap_steps(aes, l, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        ok[i] = crypto_equal(l->block[i].a, check_value, sizeof check_value);
        for (unsigned r = 0; r < REGISTERS; r++)
            memcpy(ret[i].bytes + (size_t)r * 8, l->r[r][i], 8);
        if (!ok[i])
            crypto_wipe(&ret[i], sizeof ret[i]);
    }
    return true;
}

/* What a lane of n keys has touched, and the key schedule, leave no trace. */
static void lane_forget(EVP_CIPHER_CTX *aes, struct lane *l, size_t n) {
    static const uint8_t zero[KEY_SIZE];
    crypto_wipe(l->block, n * sizeof *l->block);
    for (unsigned r = 0; r < REGISTERS; r++)
        crypto_wipe(l->r[r], n * sizeof l->r[r][0]);
    must(EVP_CipherInit_ex2(aes, NULL, zero, NULL, -1, NULL) == 1);
}

enum code keys_wrap(const struct key *kek, const struct key *keys, size_t count, struct wrapped *ret, struct err *reterr) {
    PRE(kek != NULL && (count == 0 || (keys != NULL && ret != NULL)) && reterr != NULL);
    struct context *c = context_get();
    if (c == NULL)
        return no_context(reterr);
    struct lane l;
    bool fine = EVP_EncryptInit_ex2(c->lane_wrap, NULL, kek->bytes, NULL, NULL) == 1;
    for (size_t at = 0; fine && at < count; at += LANE)
        fine = wrap_lane(c->lane_wrap, &l, keys + at, count - at < LANE ? count - at : LANE, ret + at);
    lane_forget(c->lane_wrap, &l, count < LANE ? count : LANE);
    return fine ? OK : err_set(reterr, E_MEMORY, "no memory for wrapping keys");     /* nothing else can fail here */
}

enum code keys_unwrap(const struct key *kek, const struct wrapped *in, size_t count, struct key *ret, bool *ok, struct err *reterr) {
    PRE(kek != NULL && (count == 0 || (in != NULL && ret != NULL && ok != NULL)) && reterr != NULL);
    struct context *c = context_get();
    if (c == NULL)
        return no_context(reterr);
    struct lane l;
    bool fine = EVP_DecryptInit_ex2(c->lane_unwrap, NULL, kek->bytes, NULL, NULL) == 1;
    for (size_t at = 0; fine && at < count; at += LANE)
        fine = unwrap_lane(c->lane_unwrap, &l, in + at, count - at < LANE ? count - at : LANE, ret + at, ok + at);
    lane_forget(c->lane_unwrap, &l, count < LANE ? count : LANE);
    return fine ? OK : err_set(reterr, E_MEMORY, "no memory for unwrapping keys");
}

enum code key_wrap(const struct key *kek, const struct key *key, struct wrapped *ret, struct err *reterr) {
    return keys_wrap(kek, key, 1, ret, reterr);
}

enum code key_unwrap(const struct key *kek, const struct wrapped *in, struct key *ret, struct err *reterr) {
    struct key key;
    bool ok = false;
    enum code code = keys_unwrap(kek, in, 1, &key, &ok, reterr);
    if (code == OK && !ok)
        code = err_set(reterr, E_DAMAGED, "a wrapped key does not open: it or the key above it is not the right one");
    if (code == OK)
        *ret = key;
    crypto_wipe(&key, sizeof key);
    return code;
}
