/* jwt_test.c — the published examples, tokens of every algorithm, and everything that may be wrong with one. */
#include "crypto/jwt.c"
#include "crypto/jwt_bed.h"

#define NOW (INT64_C(1790000000) * USEC_PER_SEC)
#define ISS "https://login.company.example"
#define GOOD "\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\""

static const struct jwt_wish wish = { .issuer = ISS, .audience = "sejf", .nonce = "n-1", .access_token = "at-1", .now = NOW };

static struct jwks *keys_of(const char *text) {
    struct jwks *k = NULL;
    struct err e;
    CHECK_OK(jwks_read(text, strlen(text), &k, &e), &e);
    return k;
}

/* ---- RFC 7515 appendix A and RFC 8037 appendix A */

#define JOE "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
static const char a2_key[] = "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}]}";
static const char a2_token[] = "eyJhbGciOiJSUzI1NiJ9." JOE ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
static const char a3_key[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
static const char a3_token[] = "eyJhbGciOiJFUzI1NiJ9." JOE ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
static const char ed_key[] = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";
static const char ed_token[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
static const char joe[] = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

TEST(published_examples_are_verified_and_no_bit_of_them_may_change) {
    static const struct { const char *key, *token, *payload; } row[] = {
        { a2_key, a2_token, joe }, { a3_key, a3_token, joe }, { ed_key, ed_token, "Example of Ed25519 signing" },
    };
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(jwks_free) struct jwks *k = keys_of(row[i].key);
        AUTO(buf_done) struct buf got = BUF(4096);
        char token[1024];
        size_t len = strlen(row[i].token);
        CHECK_OK(jws_verify(k, row[i].token, len, &got, &e), &e);
        CHECK_TEXT(buf_str(&got), row[i].payload);
        memcpy(token, row[i].token, len);
        for (size_t at = 0; at < len; at++)
            for (int bit = 0; bit < 8; bit++) {
                token[at] = (char)(token[at] ^ (1 << bit));
                enum code code = jws_verify(k, token, len, &got, &e);
                CHECK(code == E_INVALID || code == E_NOT_FOUND);
                token[at] = (char)(token[at] ^ (1 << bit));
            }
        for (size_t cut = 0; cut < len; cut++)
            CHECK(jws_verify(k, token, cut, &got, &e) == E_INVALID);
    }
}

TEST(examples_without_a_signature_of_ours_are_refused) {
    static const char *const tokens[] = {
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",         /* A.1: HS256 */
        "eyJhbGciOiJub25lIn0." JOE ".",                                                                        /* A.5: none */
        "eyJhbGciOiJub25lIn0." JOE, "", ".", "..", "...", "a.b.c", "eyJhbGciOiJSUzI1NiJ9." JOE ".", "eyJhbGciOiJSUzI1NiJ9.." ,
    };
    AUTO(jwks_free) struct jwks *k = keys_of(a2_key);
    AUTO(buf_done) struct buf got = BUF(4096);
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
        CHECK_INT(jws_verify(k, tokens[i], strlen(tokens[i]), &got, &e), E_INVALID);
    CHECK(got.len == 0);
}

/* ---- our own */

static enum code verify_text(const struct jwks *k, const char *token, size_t len, const struct jwt_wish *w, struct err *e) {
    json_t *claims = NULL;
    enum code code = jwt_verify(k, token, len, w, &claims, e);
    CHECK((code == OK) == (claims != NULL));
    if (code == OK)
        CHECK_TEXT(json_string_value(json_object_get(claims, "sub")), "u-1");
    json_decref(claims);
    return code;
}

static enum code attempt(const struct jwt_bed *b, const struct jwks *k, const char *alg, const char *payload, const struct jwt_wish *w) {
    AUTO(buf_done) struct buf token = BUF(JWT_MAX * 2);
    struct err e;
    bed_token(b, alg, payload, &token);
    return verify_text(k, token.data, token.len, w, &e);
}

TEST(every_algorithm_and_every_claim) {
    static const struct { const char *payload; enum code want; } row[] = {
        { "{" GOOD "}", OK }, { "{" GOOD ",\"azp\":\"sejf\",\"amr\":[\"mfa\"],\"more\":{\"a\":[1,2]}}", OK },
        { "{" GOOD ",\"nbf\":1790000120}", OK }, { "{" GOOD ",\"nbf\":1790000121}", E_INVALID }, { "{" GOOD ",\"nbf\":\"0\"}", E_INVALID },
        { "{" GOOD ",\"azp\":\"other\"}", E_INVALID }, { "{" GOOD ",\"azp\":1}", E_INVALID },
        { "{" GOOD ",\"iss\":\"https://evil.example\"}", E_INVALID },                              /* twice */
        { "{\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "/\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\\u0000\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"a\\nb\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":7,\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf2\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":[],\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":[\"sejf\"],\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", OK },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":[\"sejf\\u0000\"],\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":[\"a\",\"sejf\"],\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":[\"a\",\"sejf\"],\"azp\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", OK },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":[\"a\",\"b\"],\"azp\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1789999880,\"iat\":1789990000,\"nonce\":\"n-1\"}", E_INVALID },     /* two minutes over */
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1789999881,\"iat\":1789990000,\"nonce\":\"n-1\"}", OK },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000120,\"nonce\":\"n-1\"}", OK },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000121,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300.5,\"iat\":1790000000.25,\"nonce\":\"n-1\"}", OK },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":\"1790000300\",\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1e300,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":9223372036854775807,\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":-1,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"iat\":1790000000,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300,\"nonce\":\"n-1\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000,\"nonce\":\"n-2\"}", E_INVALID },
        { "{\"iss\":\"" ISS "\",\"sub\":\"u-1\",\"aud\":\"sejf\",\"exp\":1790000300,\"iat\":1790000000}", E_INVALID },
        { "[]", E_INVALID }, { "\"a\"", E_INVALID }, { "{", E_INVALID }, { "{" GOOD "}x", E_INVALID }, { "{" GOOD ",\"x\":\"\xff\"}", E_INVALID },
    };
    static const char *const algs[] = { "RS256", "PS256", "ES256", "EdDSA" };
    AUTO(bed_done) struct jwt_bed b = { .key = { NULL } };
    AUTO(buf_done) struct buf set = BUF(JWKS_MAX);
    bed_make(&b);
    bed_set(&b, &set);
    AUTO(jwks_free) struct jwks *k = keys_of(buf_str(&set));
    CHECK_INT(jwks_count(k), 3);
    for (size_t a = 0; a < ARRAY_LEN(algs); a++)
        for (size_t i = 0; i < ARRAY_LEN(row); i++) {
            enum code code = attempt(&b, k, algs[a], row[i].payload, &wish);
            if (code != row[i].want)
                fprintf(stderr, "%s row %zu: %s\n", algs[a], i, row[i].payload);
            CHECK_INT(code, row[i].want);
        }
    struct jwt_wish no_nonce = wish;
    no_nonce.nonce = NULL;
    CHECK_INT(attempt(&b, k, "ES256", row[0].payload, &no_nonce), OK);
}

/* SHA-256 of "at-1" and SHA-512 of it, by the command openssl. */
TEST(the_access_token_belongs_to_the_id_token) {
    static const struct { const char *alg, *hash; enum code want; } row[] = {
        { "ES256", "R8PYaIQdcYEdkSc9TeGyiQ", OK }, { "ES256", "R8PYaIQdcYEdkSc9TeGyAQ", E_INVALID }, { "ES256", "", E_INVALID },
        { "EdDSA", "R8PYaIQdcYEdkSc9TeGyiQ", E_INVALID }, { "EdDSA", "4J8UayM9qUGnNqHaqK2rpChA_M6CMUIfl5gcZqvthBE", OK },
    };
    AUTO(bed_done) struct jwt_bed b = { .key = { NULL } };
    AUTO(buf_done) struct buf set = BUF(JWKS_MAX);
    struct jwt_wish none = wish;
    bed_make(&b);
    bed_set(&b, &set);
    AUTO(jwks_free) struct jwks *k = keys_of(buf_str(&set));
    none.access_token = NULL;
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        char payload[400];
        snprintf(payload, sizeof payload, "{" GOOD ",\"at_hash\":\"%s\"}", row[i].hash);
        CHECK_INT(attempt(&b, k, row[i].alg, payload, &wish), row[i].want);
        CHECK_INT(attempt(&b, k, row[i].alg, payload, &none), E_INVALID);
    }
    CHECK_INT(attempt(&b, k, "ES256", "{" GOOD ",\"at_hash\":null}", &wish), E_INVALID);
}

TEST(a_key_serves_the_algorithms_of_its_kind_alone) {
    static const struct { enum bed_key key; const char *alg, *header; enum code want; } row[] = {
        { BED_RSA, "RS256", "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"jwt\"}", OK }, { BED_RSA, "RS256", "{\"alg\":\"RS256\"}", OK },
        { BED_P256, "ES256", "{\"alg\":\"ES256\"}", OK }, { BED_ED25519, "EdDSA", "{\"alg\":\"EdDSA\"}", OK },
        { BED_RSA, "RS256", "{\"alg\":\"RS256\",\"kid\":\"p256\"}", E_NOT_FOUND }, { BED_RSA, "RS256", "{\"alg\":\"RS256\",\"kid\":\"gone\"}", E_NOT_FOUND },
        { BED_RSA, "RS256", "{\"alg\":\"RS256\",\"kid\":\"\"}", E_NOT_FOUND }, { BED_RSA, "RS256", "{\"alg\":\"RS256\",\"kid\":7}", E_INVALID },
        { BED_RSA, "RS256", "{\"alg\":\"ES256\",\"kid\":\"p256\"}", E_INVALID }, { BED_RSA, "RS256", "{\"alg\":\"PS256\",\"kid\":\"rsa\"}", E_INVALID },
        { BED_RSA, "PS256", "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", E_INVALID }, { BED_ED25519, "EdDSA", "{\"alg\":\"ES256\"}", E_INVALID },
        { BED_RSA, "RS256", "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", E_INVALID }, { BED_RSA, "RS256", "{\"alg\":\"none\",\"kid\":\"rsa\"}", E_INVALID },
        { BED_RSA, "RS256", "{\"alg\":\"rs256\",\"kid\":\"rsa\"}", E_INVALID }, { BED_RSA, "RS256", "{\"kid\":\"rsa\"}", E_INVALID },
        { BED_RSA, "RS256", "{\"alg\":[\"RS256\"]}", E_INVALID }, { BED_RSA, "RS256", "{\"alg\":\"RS256\",\"alg\":\"RS256\"}", E_INVALID },
        { BED_RSA, "RS256", "{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}", E_INVALID }, { BED_RSA, "RS256", "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}", E_INVALID },
        { BED_RSA, "RS256", "[]", E_INVALID }, { BED_RSA, "RS256", "", E_INVALID },
    };
    AUTO(bed_done) struct jwt_bed b = { .key = { NULL } };
    AUTO(buf_done) struct buf set = BUF(JWKS_MAX);
    struct err e;
    bed_make(&b);
    bed_set(&b, &set);
    AUTO(jwks_free) struct jwks *k = keys_of(buf_str(&set));
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf token = BUF(JWT_MAX);
        bed_sign(b.key[row[i].key], row[i].alg, row[i].header, "{" GOOD "}", &token);
        enum code code = verify_text(k, token.data, token.len, &wish, &e);
        if (code != row[i].want)
            fprintf(stderr, "row %zu: %s\n", i, row[i].header);
        CHECK_INT(code, row[i].want);
    }
}

/* ---- sets of keys */

TEST(keys_that_are_of_no_use_are_left_out) {
    static const char *const more[] = {
        ",\"use\":\"enc\"", ",\"use\":1", ",\"key_ops\":[\"sign\"]", ",\"key_ops\":[]", ",\"alg\":\"ES256\"", ",\"alg\":\"RSA-OAEP\"", ",\"alg\":null", ",\"kid\":7", ",\"kid\":\"a\\u0000b\"",
    };
    AUTO(bed_done) struct jwt_bed b = { .key = { NULL } };
    struct jwks *k = NULL;
    struct err e;
    bed_make(&b);
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        AUTO(buf_done) struct buf set = BUF(JWKS_MAX);
        buf_text(&set, "{\"keys\":[7,");
        bed_jwk(&set, b.key[BED_RSA], more[i]);
        buf_text(&set, "]}");
        CHECK_INT(jwks_read(set.data, set.len, &k, &e), E_INVALID);
    }
    AUTO(buf_done) struct buf set = BUF(JWKS_MAX);
    buf_text(&set, "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"},");
    bed_jwk(&set, b.key[BED_RSA], ",\"key_ops\":[\"verify\"],\"alg\":\"PS256\"");
    buf_text(&set, "]}");
    CHECK_OK(jwks_read(set.data, set.len, &k, &e), &e);
    CHECK_INT(jwks_count(k), 1);
    CHECK_INT(attempt(&b, k, "RS256", "{" GOOD "}", &wish), E_NOT_FOUND);      /* it is for PS256 */
    k = jwks_free(k);
}

TEST(weak_and_wrong_keys_are_left_out) {
    static const char *const texts[] = {
        "", "{", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":[{}]}", "{\"keys\":[{\"kty\":\"RSA\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}]}",     /* spare bits */
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a8\"}]}",     /* not on the curve */
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",       /* short */
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}]}",
    };
    struct jwks *k = NULL;
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (jwks_read(texts[i], strlen(texts[i]), &k, &e) != E_INVALID)
            fprintf(stderr, "row %zu\n", i);
        CHECK(jwks_read(texts[i], strlen(texts[i]), &k, &e) == E_INVALID && k == NULL);
    }
    EVP_PKEY *weak = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    AUTO(buf_done) struct buf set = BUF(JWKS_MAX * 2);
    buf_text(&set, "{\"keys\":[");
    bed_jwk(&set, weak, "");
    buf_text(&set, "]}");
    EVP_PKEY_free(weak);
    CHECK_INT(jwks_read(set.data, set.len, &k, &e), E_INVALID);
    buf_cut(&set, 0);
    buf_text(&set, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
    for (size_t i = 0; i < 2 * NUMBER_MAX; i++)
        buf_char(&set, 'B');
    buf_text(&set, "\"}]}");
    CHECK_INT(jwks_read(set.data, set.len, &k, &e), E_INVALID);                /* beyond 8192 bits */
    buf_cut(&set, 0);
    buf_text(&set, "{\"keys\":[7");
    for (size_t i = 0; i < KEYS_MAX; i++)
        buf_text(&set, ",7");
    buf_text(&set, "]}");
    CHECK_INT(jwks_read(set.data, set.len, &k, &e), E_INVALID);
    while (set.len <= JWKS_MAX)
        buf_char(&set, ' ');
    CHECK_INT(jwks_read(set.data, set.len, &k, &e), E_INVALID);
}

/* Exponents of 1 and of an even number make anything a signature, or nothing. */
TEST(exponents_that_sign_nothing_are_refused) {
    static const char *const exponents[] = { "AQ", "AA", "AAE", "Ag", "AQAA", "AQAAAAAAAAAB" };
    for (size_t i = 0; i < ARRAY_LEN(exponents); i++) {
        AUTO(buf_done) struct buf set = BUF(JWKS_MAX);
        const char *e_at = strstr(a2_key, "AQAB\"}");
        struct jwks *k = NULL;
        struct err e;
        buf_add(&set, a2_key, (size_t)(e_at - a2_key));
        buf_printf(&set, "%s\"}]}", exponents[i]);
        CHECK_INT(jwks_read(set.data, set.len, &k, &e), E_INVALID);
    }
}

TEST(two_keys_that_can_be_meant_are_one_too_many) {
    AUTO(bed_done) struct jwt_bed b = { .key = { NULL } };
    AUTO(buf_done) struct buf set = BUF(JWKS_MAX), token = BUF(JWT_MAX);
    struct err e;
    bed_make(&b);
    buf_text(&set, "{\"keys\":[");
    bed_jwk(&set, b.key[BED_P256], ",\"kid\":\"a\"");
    buf_char(&set, ',');
    bed_jwk(&set, b.key[BED_P256], ",\"kid\":\"b\"");
    buf_text(&set, "]}");
    AUTO(jwks_free) struct jwks *k = keys_of(buf_str(&set));
    bed_sign(b.key[BED_P256], "ES256", "{\"alg\":\"ES256\"}", "{" GOOD "}", &token);
    CHECK_INT(verify_text(k, token.data, token.len, &wish, &e), E_INVALID);
    buf_cut(&token, 0);
    bed_sign(b.key[BED_P256], "ES256", "{\"alg\":\"ES256\",\"kid\":\"b\"}", "{" GOOD "}", &token);
    CHECK_INT(verify_text(k, token.data, token.len, &wish, &e), OK);
    buf_done(&token);
}

TEST(a_token_of_any_length_is_bounded) {
    AUTO(jwks_free) struct jwks *k = keys_of(a2_key);
    AUTO(buf_done) struct buf token = BUF(JWT_MAX * 4);
    AUTO(buf_done) struct buf got = BUF(JWT_MAX * 4);
    struct err e;
    buf_text(&token, a2_token);
    while (token.len <= JWT_MAX)
        buf_char(&token, 'A');
    CHECK_INT(jws_verify(k, token.data, token.len, &got, &e), E_INVALID);
    buf_cut(&token, 0);
    for (size_t i = 0; i < HEADER_MAX * 2; i++)
        buf_char(&token, 'A');
    buf_text(&token, "." JOE ".AAAA");
    CHECK_INT(jws_verify(k, token.data, token.len, &got, &e), E_INVALID);
}
