/* proofs_test.c — the proofs of identity within the sandbox of the server, for libraries that read keys of hardware elsewhere: they open
 * no device, no file and no socket. */
#include <sys/wait.h>
#include <unistd.h>

#include "access/hasher.h"
#include "access/strength.h"
#include "access/throttle.h"
#include "crypto/recovery.h"
#include "crypto/testdevice.h"
#include "crypto/totp.h"
#include "doc/qr.h"
#include "sys/sandbox.h"

static const uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE] = "a challenge of 32 random bytes.";
static const uint8_t account[THROTTLE_ACCOUNT_SIZE] = { 1 };
static struct given registered, asserted;

static bool passkey_works(struct err *e) {
    struct webauthn_answer given = given_answer(&registered), proof = given_answer(&asserted);
    struct webauthn_seen seen;
    struct passkey p;
    return webauthn_register(&device_site, challenge, &given, true, &p, e) == OK && webauthn_assert(&device_site, challenge, &p, &proof, true, &seen, e) == OK;
}

static bool password_works(struct err *e) {
    AUTO(hasher_free) struct hasher *h = NULL;
    AUTO(throttle_free) struct throttle *t = NULL;
    struct throttle_try try = { .what = THROTTLE_PASSWORD, .account = account, .from = source_of("192.0.2.1") };
    struct strength s;
    char hash[PASSWORD_HASH_MAX];
    unsigned seconds;
    bool yes = false;
    return strength_check(&(struct strength_ask){ "correcthorsebatterystaple", 25, 0, NULL }, &s, e) == OK && s.reason == STRENGTH_FINE && throttle_new(&t, e) == OK
        && throttle_check(t, &try, clock_steady(), &seconds, e) == OK && hasher_new(&(struct hasher_options){ .threads = 0 }, &h, e) == OK && hasher_cost(h).ops >= PASSWORD_OPS_LEAST
        && hasher_hash(h, &try.from, "correcthorsebatterystaple", 25, hash, e) == OK && hasher_verify(h, &try.from, hash, "correcthorsebatterystaple", 25, &yes, e) == OK && yes;
}

static bool codes_work(struct err *e) {
    uint8_t secret[TOTP_SECRET_SIZE];
    struct recovery_code codes[RECOVERY_CODES];
    struct recovery_hash hashes[RECOVERY_CODES];
    AUTO(buf_wipe) struct buf uri = BUF(1024), svg = BUF(1u << 20);
    int64_t step;
    totp_make(secret);
    totp_uri(secret, "Bieg", "anna@poczta.example", &uri);
    recovery_make(codes, hashes);
    return !totp_verify(secret, "12345", clock_now(), -1, &step) && !totp_verify(secret, "123456", clock_now(), INT64_MAX, &step) && recovery_find(hashes, RECOVERY_CODES, codes[9].text) == 9
        && qr_svg(buf_str(&uri), "a title", &svg, e) == OK;
}

/* What failed, as an exit code; 0: nothing. */
static int within(void) {
    struct err e = { 0 };
    const struct sandbox s = { .process = "the test", .calls = CALLS_FILES | CALLS_THREADS | CALLS_TALK | CALLS_PAIRS };
    int failed = sandbox_enter(&s, &e) != OK ? 1 : !passkey_works(&e) ? 2 : !password_works(&e) ? 3 : !codes_work(&e) ? 4 : 0;
    if (failed != 0)
        fprintf(stderr, "%d: %s (%s)\n", failed, e.text, e.hidden);
    return failed;
}

TEST(all_proofs_work_within_the_sandbox) {
    struct err e;
    struct device d;
    int status = 0;
    CHECK_OK(crypto_init(&e), &e);
    device_make(&d, -7);
    device_registers(&d, challenge, &registered);
    device_asserts(&d, challenge, &asserted);
    device_done(&d);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(within());
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
