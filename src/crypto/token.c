/* token.c — what a row is found by. The HMAC is cut to 128 bits, one block of AES, so that the index
 * key can be renewed by decrypting and encrypting blocks, without the words. */
#include <string.h>

#include "crypto/context.h"

#define LANE 64u                             /* as in wrap.c */
_Static_assert(sizeof(struct token) == 16, "a block of AES");

static void forget(EVP_CIPHER_CTX *aes) {
    static const uint8_t zero[KEY_SIZE];
    must(EVP_CipherInit_ex2(aes, NULL, zero, NULL, -1, NULL) == 1);
}

bool token_make(const struct key *find, const struct key *index, const void *text, size_t len, struct token *ret) {
    PRE(find != NULL && index != NULL && ret != NULL);
    struct context *c = context_get();
    if (c == NULL)
        return false;
    uint8_t hash[HASH_SIZE];
    int n = 0;
    hmac_sha256(find->bytes, sizeof find->bytes, text, len, hash);
    must(EVP_EncryptInit_ex2(c->lane_wrap, NULL, index->bytes, NULL, NULL) == 1
        && EVP_EncryptUpdate(c->lane_wrap, ret->bytes, &n, hash, TOKEN_SIZE) == 1 && n == (int)TOKEN_SIZE);
    forget(c->lane_wrap);
    crypto_wipe(hash, sizeof hash);
    return true;
}

bool tokens_renew(const struct key *from, const struct key *to, struct token *tokens, size_t count) {
    PRE(from != NULL && to != NULL && (tokens != NULL || count == 0));
    struct context *c = context_get();
    if (c == NULL)
        return false;
    struct token lane[LANE];
    must(EVP_DecryptInit_ex2(c->lane_unwrap, NULL, from->bytes, NULL, NULL) == 1
        && EVP_EncryptInit_ex2(c->lane_wrap, NULL, to->bytes, NULL, NULL) == 1);
    for (size_t at = 0; at < count; at += LANE) {
        size_t some = count - at < LANE ? count - at : LANE;
        int n = 0, len = (int)(some * sizeof *tokens);
        must(EVP_DecryptUpdate(c->lane_unwrap, (uint8_t *)lane, &n, tokens[at].bytes, len) == 1 && n == len
            && EVP_EncryptUpdate(c->lane_wrap, tokens[at].bytes, &n, (uint8_t *)lane, len) == 1 && n == len);
    }
    crypto_wipe(lane, sizeof lane[0] * (count < LANE ? count : LANE));
    forget(c->lane_unwrap);
    forget(c->lane_wrap);
    return true;
}
