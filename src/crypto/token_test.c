#include "crypto/token.c"

#include "base/test.h"

TEST(token_is_one_encrypted_block_of_the_hmac) {
    struct key find = { { 1 } }, index = { { 2 } };
    struct token t, plain;
    uint8_t hash[HASH_SIZE];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    CHECK(token_make(&find, &index, "word", 4, &t));
    hmac_sha256(find.bytes, KEY_SIZE, "word", 4, hash);
    CHECK(memcmp(&t, hash, TOKEN_SIZE) != 0);
    struct context *c = context_get();
    int n = 0;
    CHECK(EVP_DecryptInit_ex2(c->lane_unwrap, NULL, index.bytes, NULL, NULL) == 1);
    CHECK(EVP_DecryptUpdate(c->lane_unwrap, plain.bytes, &n, t.bytes, TOKEN_SIZE) == 1);
    CHECK(memcmp(&plain, hash, TOKEN_SIZE) == 0);
}

TEST(renewed_tokens_are_those_of_the_new_index_key) {
    struct key find = { { 1 } }, before = { { 2 } }, after = { { 3 } };
    static struct token t[LANE + 3];
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    for (uint32_t i = 0; i < ARRAY_LEN(t); i++)
        CHECK(token_make(&find, &before, &i, sizeof i, &t[i]));
    CHECK(tokens_renew(&before, &after, t, ARRAY_LEN(t)));
    for (uint32_t i = 0; i < ARRAY_LEN(t); i++) {
        struct token want, old;
        CHECK(token_make(&find, &after, &i, sizeof i, &want));
        CHECK(token_make(&find, &before, &i, sizeof i, &old));
        CHECK(memcmp(&t[i], &want, sizeof want) == 0 && memcmp(&t[i], &old, sizeof old) != 0);
    }
    CHECK(tokens_renew(&before, &after, NULL, 0));
}
