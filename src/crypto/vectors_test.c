/* Published test vectors (project Wycheproof), read from the folder beside the project that has
 * them; where it is absent each test says so and passes. The bodies that need a chosen nonce come
 * with seal.c. */
#include "crypto/seal.c"

#include <jansson.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/test.h"
#include "base/text.h"

struct bytes { uint8_t *p; size_t len; };
static void auto_bytes(struct bytes *b) { mem_free(b->p); }
static void auto_json(json_t **j) { json_decref(*j); }

static struct bytes take_hex(const json_t *from, const char *name) {
    const char *text = json_string_value(json_object_get(from, name));
    CHECK(text != NULL && strlen(text) % 2 == 0);
    struct bytes b = { .len = strlen(text) / 2 };
    b.p = mem_new(b.len + 1);
    CHECK(b.p != NULL && (b.len == 0 || hex_decode(text, strlen(text), b.p, b.len)));
    return b;
}

/* Calls fn for each test of each group; counts those that fn took. */
static void run(const char *file, bool (*fn)(const json_t *group, const json_t *test, bool valid)) {
    const char *root = getenv("SEJF_SOURCE");
    AUTO(buf_done) struct buf path = BUF(4096);
    buf_printf(&path, "%s/../shared/vectors/%s", root == NULL ? "." : root, file);
    json_error_t je;
    AUTO(json) json_t *all = json_load_file(buf_str(&path), 0, &je);
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    if (all == NULL && json_error_code(&je) == json_error_cannot_open_file) {
        fprintf(stderr, "skipped: ../shared/vectors/%s is not there\n", file);
        buf_done(&path);                         /* skip() jumps out, past the owners */
        skip();
    }
    CHECK(all != NULL);
    size_t g, t, taken = 0, left = 0;
    json_t *group, *test;
    json_array_foreach(json_object_get(all, "testGroups"), g, group)
        json_array_foreach(json_object_get(group, "tests"), t, test) {
            const char *result = json_string_value(json_object_get(test, "result"));
            CHECK(result != NULL);
            /* "acceptable" is for what a library may do either way; each fn says what we do. */
            if (fn(group, test, strcmp(result, "invalid") != 0))
                taken++;
            else
                left++;
        }
    fprintf(stderr, "%s: %zu vectors run, %zu of sizes that sejf does not use\n", file, taken, left);
    CHECK(taken > 50);
}

static bool gcm_one(const json_t *group, const json_t *test, bool valid) {
    if (json_integer_value(json_object_get(group, "keySize")) != 256 || json_integer_value(json_object_get(group, "ivSize")) != 96
        || json_integer_value(json_object_get(group, "tagSize")) != 128)
        return false;
    AUTO(bytes) struct bytes key = take_hex(test, "key"), iv = take_hex(test, "iv"), aad = take_hex(test, "aad"),
                             msg = take_hex(test, "msg"), ct = take_hex(test, "ct"), tag = take_hex(test, "tag");
    struct key k;
    struct err e;
    CHECK(key.len == KEY_SIZE && iv.len == NONCE_SIZE && tag.len == TAG_SIZE);
    memcpy(k.bytes, key.p, KEY_SIZE);
    AUTO(buf_done) struct buf sealed = BUF(1 << 20), open = BUF(1 << 20);
    buf_add(&sealed, iv.p, iv.len);
    buf_add(&sealed, ct.p, ct.len);
    buf_add(&sealed, tag.p, tag.len);
    AUTO(mem_free) uint8_t *got = mem_new(msg.len + TAG_SIZE);
    struct context *c = context_get();
    const bool has = c->has_brief;
    for (int brief = 0; brief < 2; brief++) {    /* through either library */
        c->has_brief = has && brief != 0;
        buf_cut(&open, 0);
        enum code code = seal_open(&k, aad.p, aad.len, sealed.data, sealed.len, &open, &e);
        CHECK(code == (valid ? OK : E_DAMAGED));
        if (!valid)
            continue;
        CHECK(open.len == msg.len && (msg.len == 0 || memcmp(open.data, msg.p, msg.len) == 0));
        CHECK(gcm_seal(c, &k, iv.p, aad.p, aad.len, msg.p, msg.len, got));
        CHECK(memcmp(got, sealed.data + NONCE_SIZE, msg.len + TAG_SIZE) == 0);
    }
    c->has_brief = has;
    return true;
}
TEST(wycheproof_aes_gcm) { run("aes_gcm_test.json", gcm_one); }

static bool wrap_one(const json_t *group, const json_t *test, bool valid) {
    AUTO(bytes) struct bytes key = take_hex(test, "key"), msg = take_hex(test, "msg"), ct = take_hex(test, "ct");
    if (key.len != KEY_SIZE || ct.len != WRAPPED_SIZE)
        return false;
    struct key kek, out;
    struct wrapped w, back;
    struct err e;
    memcpy(kek.bytes, key.p, KEY_SIZE);
    memcpy(w.bytes, ct.p, WRAPPED_SIZE);
    CHECK(key_unwrap(&kek, &w, &out, &e) == (valid ? OK : E_DAMAGED));
    if (valid) {
        CHECK(msg.len == KEY_SIZE && memcmp(out.bytes, msg.p, KEY_SIZE) == 0);
        CHECK_OK(key_wrap(&kek, &out, &back, &e), &e);
        CHECK(memcmp(&back, &w, sizeof w) == 0);
    }
    return true;
}

/* Few vectors have our one size, so this test counts for itself. */
static size_t wraps_run;
static bool wrap_counted(const json_t *group, const json_t *test, bool valid) {
    wraps_run += wrap_one(group, test, valid);
    return true;
}
TEST(wycheproof_aes_wrap) {
    run("aes_wrap_test.json", wrap_counted);
    fprintf(stderr, "aes_wrap_test.json: %zu of them wrap 256 bits under 256 bits\n", wraps_run);
    CHECK(wraps_run >= 10);
}

static bool ed25519_one(const json_t *group, const json_t *test, bool valid) {
    AUTO(bytes) struct bytes pk = take_hex(json_object_get(group, "publicKey"), "pk"), msg = take_hex(test, "msg"), sig = take_hex(test, "sig");
    if (sig.len != SIGNATURE_SIZE)
        return false;
    CHECK(pk.len == PUBLIC_SIZE && sign_verify(pk.p, msg.p, msg.len, sig.p) == valid);
    return true;
}
TEST(wycheproof_ed25519) { run("ed25519_test.json", ed25519_one); }

static bool hkdf_one(const json_t *group, const json_t *test, bool valid) {
    AUTO(bytes) struct bytes ikm = take_hex(test, "ikm"), salt = take_hex(test, "salt"), info = take_hex(test, "info"), okm = take_hex(test, "okm");
    size_t size = (size_t)json_integer_value(json_object_get(test, "size"));
    uint8_t got[8160 + 100];
    struct err e;
    if (size > sizeof got)
        return false;
    CHECK(hkdf_sha256(ikm.p, ikm.len, salt.p, salt.len, info.p, info.len, got, size, &e) == (valid ? OK : E_INVALID));
    CHECK(!valid || (okm.len == size && memcmp(got, okm.p, size) == 0));
    return true;
}
TEST(wycheproof_hkdf) { run("hkdf_sha256_test.json", hkdf_one); }

static bool hmac_one(const json_t *group, const json_t *test, bool valid) {
    AUTO(bytes) struct bytes key = take_hex(test, "key"), msg = take_hex(test, "msg"), tag = take_hex(test, "tag");
    uint8_t got[HASH_SIZE];
    hmac_sha256(key.p, key.len, msg.p, msg.len, got);
    CHECK(tag.len <= HASH_SIZE && crypto_equal(got, tag.p, tag.len) == valid);   /* shorter tags are cut ones */
    return true;
}
TEST(wycheproof_hmac) { run("hmac_sha256_test.json", hmac_one); }

/* Acceptable vectors have peers off the curve or not reduced: those are computed, but for the ones
 * whose shared secret is zero, which we refuse. */
static bool x25519_one(const json_t *group, const json_t *test, bool valid) {
    AUTO(bytes) struct bytes public = take_hex(test, "public"), private = take_hex(test, "private"), shared = take_hex(test, "shared");
    static const uint8_t zero[32];
    uint8_t got[32];
    struct err e;
    if (public.len != 32 || private.len != 32)
        return false;
    bool usable = valid && memcmp(shared.p, zero, 32) != 0;
    CHECK(exchange(private.p, public.p, got, &e) == (usable ? OK : E_DAMAGED));
    CHECK(!usable || memcmp(got, shared.p, 32) == 0);
    return true;
}
TEST(wycheproof_x25519) { run("x25519_test.json", x25519_one); }
