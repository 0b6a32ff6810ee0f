/* fuzz_webauthn.c — a passkey's answers bent in any way. The first byte chooses: an assertion that was signed, and then patched (nothing but
 * what was signed passes); authenticator data behind a right head; client data; a stored passkey. What passes is stored and read
 * back the same. */
#define TEST_NO_MAIN
#include "crypto/testdevice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { ASSERTION, AUTHDATA, CLIENT_DATA, STORED };
static const int kinds[] = { -7, -8, -257 };
static const uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE] = "a challenge of 32 random bytes.";
static struct device devices[ARRAY_LEN(kinds)];
static struct passkey passkeys[ARRAY_LEN(kinds)];
static struct given signed_ones[ARRAY_LEN(kinds)];

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    struct err e;
    struct given g;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        device_make(&devices[i], kinds[i]);
        device_registers(&devices[i], challenge, &g);
        struct webauthn_answer a = given_answer(&g);
        CHECK_OK(webauthn_register(&device_site, challenge, &a, true, &passkeys[i], &e), &e);
        devices[i].count = 7;
        device_asserts(&devices[i], challenge, &signed_ones[i]);
    }
    return 0;
}

static void told(enum code code, const struct err *e) {
    if (code != OK && (e->text[0] == 0 || code == E_INTERNAL || code == E_MEMORY))
        __builtin_trap();
}

static void stored_and_read(const struct passkey *p) {
    struct passkey back;
    struct err e;
    json_t *json = passkey_json(p), *again = NULL;
    if (json == NULL || passkey_parse(json, &back, &e) != OK || (again = passkey_json(&back)) == NULL || !json_equal(json, again))
        __builtin_trap();
    json_decref(json);
    json_decref(again);
}

/* Patches of four bytes: part and how, where (2), what. */
static void assertion(const uint8_t *p, size_t n) {
    size_t i = n == 0 ? 0 : p[0] % ARRAY_LEN(kinds);
    static struct given g;
    struct webauthn_seen seen;
    struct err e = { 0 };
    g = signed_ones[i];
    struct { uint8_t *bytes; size_t *len, room; } part[] = { { g.client_data, &g.client_data_len, sizeof g.client_data }, { g.authdata, &g.authdata_len, sizeof g.authdata },
                                                             { g.signature, &g.signature_len, sizeof g.signature } };
    for (size_t at = 1; at + 4 <= n; at += 4) {
        size_t k = p[at] % ARRAY_LEN(part), where = ((size_t)p[at + 1] << 8 | p[at + 2]) % part[k].room;
        if (p[at] >> 2 == 63)
            *part[k].len = where;
        else
            part[k].bytes[where] ^= p[at + 3];
    }
    const struct given *was = &signed_ones[i];
    bool same = g.client_data_len == was->client_data_len && memcmp(g.client_data, was->client_data, g.client_data_len) == 0 && g.authdata_len == was->authdata_len
        && memcmp(g.authdata, was->authdata, g.authdata_len) == 0 && g.signature_len == was->signature_len && memcmp(g.signature, was->signature, g.signature_len) == 0;
    struct webauthn_answer a = given_answer(&g);
    enum code code = webauthn_assert(&device_site, challenge, &passkeys[i], &a, true, &seen, &e);
    told(code, &e);
    if ((code == OK) != same || (code == OK && (seen.count != 7 || !seen.verified)))
        __builtin_trap();
}

static void registration(const struct given *g) {
    struct passkey p;
    struct err e = { 0 };
    struct webauthn_answer a = given_answer(g);
    memset(&p, 0, sizeof p);
    enum code code = webauthn_register(&device_site, challenge, &a, false, &p, &e);
    told(code, &e);
    if (code == OK)
        stored_and_read(&p);
}

static void stored(const uint8_t *p, size_t n) {
    struct passkey got;
    struct err e = { 0 };
    json_t *json = json_loadb((const char *)p, n, JSON_DECODE_ANY, NULL);
    memset(&got, 0, sizeof got);
    enum code code = passkey_parse(json, &got, &e);
    told(code, &e);
    if (code == OK)
        stored_and_read(&got);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct given g;
    if (size == 0 || size > 4096)
        return 0;
    const uint8_t *p = data + 1;
    size_t n = size - 1;
    if (data[0] % 4 == ASSERTION)
        assertion(p, n);
    if (data[0] % 4 == STORED)
        stored(p, n);
    if (data[0] % 4 == AUTHDATA || data[0] % 4 == CLIENT_DATA) {
        device_registers(&devices[0], challenge, &g);
        if (data[0] % 4 == AUTHDATA) {                  /* flags, counter and what follows */
            memcpy(g.authdata + HASH_SIZE, p, n);
            g.authdata_len = HASH_SIZE + n;
        } else {
            memcpy(g.client_data, p, n);
            g.client_data_len = n;
        }
        registration(&g);
    }
    return 0;
}
