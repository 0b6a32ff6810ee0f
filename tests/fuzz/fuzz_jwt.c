/* fuzz_jwt.c — any bytes as a set of keys and a token. First line: the set, rest: the token; without a line break the token is held to a set of
 * known keys. What is verified was signed by them, so any byte that differs from the known tokens must be refused. */
#include <string.h>

#include "base/mem.h"
#include "crypto/jwt.h"

#define JOE "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
static const char known[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
                            "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";
static const char *const signed_by_them[] = {
    "eyJhbGciOiJFUzI1NiJ9." JOE ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
};

static void against_known(const char *token, size_t len) {
    static struct jwks *keys;
    AUTO(buf_done) struct buf payload = BUF(JWT_MAX * 2);
    struct err e;
    bool expected = false;
    if (keys == NULL && (crypto_init(&e) != OK || jwks_read(known, strlen(known), &keys, &e) != OK))
        __builtin_trap();
    for (size_t i = 0; i < ARRAY_LEN(signed_by_them); i++)
        expected = expected || (strlen(signed_by_them[i]) == len && memcmp(signed_by_them[i], token, len) == 0);
    if ((jws_verify(keys, token, len, &payload, &e) == OK) != expected)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data, *line = size == 0 ? NULL : memchr(text, '\n', size);
    const struct jwt_wish wish = { .issuer = "joe", .audience = "sejf", .now = INT64_C(1300819380) * USEC_PER_SEC };
    AUTO(jwks_free) struct jwks *keys = NULL;
    json_t *claims = NULL;
    struct err e;
    if (line == NULL) {
        against_known(text == NULL ? "" : text, size);
        return 0;
    }
    size_t set = (size_t)(line - text);
    if (crypto_init(&e) != OK || jwks_read(text, set, &keys, &e) != OK)
        return 0;
    enum code code = jwt_verify(keys, line + 1, size - set - 1, &wish, &claims, &e);
    if ((code == OK) != (claims != NULL))
        __builtin_trap();
    if (claims != NULL && strcmp(json_string_value(json_object_get(claims, "iss")), "joe") != 0)
        __builtin_trap();
    json_decref(claims);
    return 0;
}
