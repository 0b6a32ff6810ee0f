/* context.h — the OpenSSL contexts of one thread: made at its first use, reused for every call, freed
 * with the thread. Algorithms are fetched once for the process by crypto_init. Inside crypto only. */
#pragma once
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <sodium.h>

#include "crypto/crypto.h"

#define POOL_SIZE 512u

struct context {
    EVP_CIPHER_CTX *seal, *open;             /* AES-256-GCM, one for each direction */
    crypto_aead_aes256gcm_state brief;       /* the same cipher for few bytes, where the processor has it; see seal.c */
    bool has_brief;
    EVP_CIPHER_CTX *lane_wrap, *lane_unwrap; /* AES-256-ECB without padding */
    EVP_MD_CTX *sha256;
    EVP_MAC_CTX *hmac;
    struct key hmac_key;                     /* of the HMAC that was made last, if it is known */
    bool hmac_known;
    EVP_KDF_CTX *hkdf;
    EVP_PKEY_CTX *rsa;                       /* of the RSA key that signed last (rsa.c); NULL: none has */
    uint64_t rsa_of;
    uint8_t pool[POOL_SIZE];                 /* random bytes; those given out are zero */
    size_t pool_left;
    unsigned pool_fork;                      /* of which process the pool is */
};

/* NULL: no memory. PRE: crypto_init has run. */
MUST_USE struct context *context_get(void);

/* What cannot fail but by our own bug (a context was made for exactly this); a function, so that nothing with an
 * effect stands in an assertion. */
static inline void must(bool fine) { PRE(fine); }
