/* crypto.h — sealing, wrapping, hashing, signing: the sole caller of OpenSSL and libsodium.
 * Pure but for randomness. Thread-safe. Keys are 32 bytes; a caller keeps them in memory from
 * secret_new (locked, wiped on free) or wipes them with crypto_wipe. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define KEY_SIZE 32u
#define WRAPPED_SIZE 40u                       /* AES-KW of a key (RFC 3394) */
#define NONCE_SIZE 12u
#define TAG_SIZE 16u
#define SEAL_OVERHEAD (NONCE_SIZE + TAG_SIZE)
#define HASH_SIZE 32u
#define TOKEN_SIZE 16u
#define SIGNATURE_SIZE 64u
#define PUBLIC_SIZE 32u

struct key { uint8_t bytes[KEY_SIZE]; };
struct wrapped { uint8_t bytes[WRAPPED_SIZE]; };

MUST_USE enum code crypto_init(struct err *reterr);    /* once, before threads */
void crypto_random(void *ret, size_t len);             /* never fails: aborts without entropy */
void crypto_wipe(void *p, size_t len);
/* The cipher contexts of a thread keep the schedule of the key used last until the next use; this
 * drops it. For threads that go idle, and for the keeper after each batch. */
void crypto_forget(void);
MUST_USE bool crypto_equal(const void *a, const void *b, size_t len);   /* constant time */

/* Locked memory that is wiped on free and kept out of core dumps. */
MUST_USE void *secret_new(size_t size);
void *secret_free(void *p);                            /* accepts NULL */
static inline void auto_secret_free(void *p) { (void)secret_free(*(void **)p); }

/* AES-256-GCM (NIST SP 800-38D), random 96-bit nonce: nonce ‖ ciphertext ‖ tag appended to *ret. */
MUST_USE enum code seal(const struct key *key, const void *ad, size_t ad_len,
                        const void *plain, size_t len, struct buf *ret, struct err *reterr);
/* E_DAMAGED when key, bytes or associated data are not those of seal. */
MUST_USE enum code seal_open(const struct key *key, const void *ad, size_t ad_len,
                             const void *sealed, size_t len, struct buf *ret, struct err *reterr);

/* AES-KW, RFC 3394. Unwrap: E_DAMAGED when the check value is not right. */
MUST_USE enum code key_wrap(const struct key *kek, const struct key *key, struct wrapped *ret, struct err *reterr);
MUST_USE enum code key_unwrap(const struct key *kek, const struct wrapped *in, struct key *ret, struct err *reterr);
/* Many at once under one key, in lanes over AES-256-ECB. ok[i] says which check value was right; a
 * key whose check failed is zeroed. */
MUST_USE enum code keys_wrap(const struct key *kek, const struct key *keys, size_t count, struct wrapped *ret, struct err *reterr);
MUST_USE enum code keys_unwrap(const struct key *kek, const struct wrapped *in, size_t count, struct key *ret, bool *ok, struct err *reterr);

void hash_sha256(const void *bytes, size_t len, uint8_t ret[HASH_SIZE]);
struct hash;                                           /* streaming SHA-256 */
MUST_USE struct hash *hash_new(void);
void hash_add(struct hash *h, const void *bytes, size_t len);
void hash_end(struct hash *h, uint8_t ret[HASH_SIZE]);  /* and ready to start anew */
struct hash *hash_free(struct hash *h);
DEFINE_AUTO(struct hash, hash_free)
void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len, uint8_t ret[HASH_SIZE]);
/* HKDF-SHA-256 (RFC 5869); ret_len <= 255 * 32. */
MUST_USE enum code hkdf_sha256(const void *ikm, size_t ikm_len, const void *salt, size_t salt_len,
                               const void *info, size_t info_len, void *ret, size_t ret_len, struct err *reterr);

/* What a row is found by: the first 128 bits of HMAC-SHA-256, encrypted as one block under `index`.
 * False: no memory (which only a thread that has made none before can lack). */
struct token { uint8_t bytes[TOKEN_SIZE]; };
MUST_USE bool token_make(const struct key *find, const struct key *index, const void *text, size_t len, struct token *ret);
/* Re-encrypts tokens from one index key to another, without the plaintext. */
MUST_USE bool tokens_renew(const struct key *from, const struct key *to, struct token *tokens, size_t count);

/* Ed25519 (RFC 8032). */
MUST_USE enum code sign_make(uint8_t seed[32], uint8_t ret_public[PUBLIC_SIZE], struct err *reterr);
MUST_USE enum code sign_public(const uint8_t seed[32], uint8_t ret_public[PUBLIC_SIZE], struct err *reterr);
MUST_USE enum code sign(const uint8_t seed[32], const void *bytes, size_t len, uint8_t ret[SIGNATURE_SIZE], struct err *reterr);
MUST_USE bool sign_verify(const uint8_t public[PUBLIC_SIZE], const void *bytes, size_t len, const uint8_t sig[SIGNATURE_SIZE]);

/* Argon2id13; ret is KEY_SIZE bytes. */
MUST_USE enum code password_key(const char *password, size_t len, const uint8_t salt[16],
                                uint64_t ops, size_t mem_bytes, struct key *ret, struct err *reterr);
/* X25519 (RFC 7748); E_DAMAGED for a low-order peer. */
MUST_USE enum code exchange(const uint8_t secret[32], const uint8_t public[32], uint8_t ret[32], struct err *reterr);

/* Appends a length-prefixed piece (u32 big-endian, bytes): how associated data and hashed texts are built. */
void piece_add(struct buf *ret, const void *bytes, size_t len);
