/* page_guard_test.c — each row changes one thing about a token that was fine. */
#include "api/page_guard.c"
#include "base/test.h"

#define T0 INT64_C(1780000000000000)

static struct guard *new_guard(void) {
    struct guard *g = NULL;
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(guard_new(&g, &e), &e);
    return g;
}

TEST(token_rows) {
    AUTO(guard_free) struct guard *g = new_guard();
    AUTO(guard_free) struct guard *other = new_guard();
    char cookie[GUARD_COOKIE_TEXT], cookie2[GUARD_COOKIE_TEXT], token[GUARD_TOKEN_TEXT], again[GUARD_TOKEN_TEXT], foreign[GUARD_TOKEN_TEXT];
    guard_cookie(cookie);
    guard_cookie(cookie2);
    CHECK(strcmp(cookie, cookie2) != 0 && guard_cookie_fine(cookie) && !guard_cookie_fine("abc") && !guard_cookie_fine(NULL));
    guard_token(g, "f/events/register/1", cookie, false, T0, token);
    guard_token(g, "f/events/register/1", cookie, true, T0, again);
    guard_token(other, "f/events/register/1", cookie, false, T0, foreign);
    const struct { const char *about, *cookie, *token; usec_t at; enum guard_verdict want; } row[] = {
        { "f/events/register/1", cookie, token, T0 + GUARD_LEAST, GUARD_FINE },
        { "f/events/register/1", cookie, token, T0 + GUARD_LIFE, GUARD_FINE },
        { "f/events/register/1", cookie, token, T0 + GUARD_LIFE + 1, GUARD_OLD },
        { "f/events/register/1", cookie, token, T0 - 1, GUARD_OLD },
        { "f/events/register/1", cookie, token, T0 + GUARD_LEAST - 1, GUARD_FAST },
        { "f/events/register/1", cookie, again, T0, GUARD_FINE },
        { "f/events/register/2", cookie, token, T0 + GUARD_LEAST, GUARD_OLD },
        { "f/events/register/1", cookie2, token, T0 + GUARD_LEAST, GUARD_OLD },
        { "f/events/register/1", cookie, foreign, T0 + GUARD_LEAST, GUARD_OLD },
        { "f/events/register/1", NULL, token, T0 + GUARD_LEAST, GUARD_FOREIGN },
        { "f/events/register/1", cookie, NULL, T0 + GUARD_LEAST, GUARD_FOREIGN },
        { "f/events/register/1", cookie, "", T0, GUARD_FOREIGN },
        { "f/events/register/1", cookie, "1.", T0, GUARD_FOREIGN },
        { "f/events/register/1", cookie, "1.5.0", T0, GUARD_FOREIGN },
        { "f/events/register/1", cookie, "1.zz.0.x.y", T0, GUARD_FOREIGN },
        { "f/events/register/1", cookie, "1.ffffffffffffffff.0.x.y", T0, GUARD_FOREIGN },
        { "f/events/register/1", cookie, "1.5.b.x.y", T0, GUARD_FOREIGN },
        { "f/events/register/1", cookie, "1.5.0.x.y", T0, GUARD_OLD },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        enum guard_verdict got = guard_check(g, row[i].about, row[i].cookie, row[i].token, row[i].at);
        if (got != row[i].want)
            fprintf(stderr, "row %zu: %d\n", i, (int)got);
        CHECK(got == row[i].want);
    }
    for (size_t i = 0; token[i] != 0; i++) {   /* every character counts */
        char bent[GUARD_TOKEN_TEXT];
        memcpy(bent, token, sizeof bent);
        bent[i] = bent[i] == 'a' ? 'b' : 'a';
        CHECK(guard_check(g, "f/events/register/1", cookie, bent, T0 + GUARD_LEAST) != GUARD_FINE);
    }
}

TEST(tokens_differ_each_time) {
    AUTO(guard_free) struct guard *g = new_guard();
    char cookie[GUARD_COOKIE_TEXT], a[GUARD_TOKEN_TEXT], b[GUARD_TOKEN_TEXT];
    guard_cookie(cookie);
    guard_token(g, "x", cookie, false, T0, a);
    guard_token(g, "x", cookie, false, T0, b);
    CHECK(strcmp(a, b) != 0);
}

TEST(buckets_leak_and_keep_networks_apart) {
    AUTO(guard_free) struct guard *g = new_guard();
    for (int64_t i = 0; i < per_form.burst; i++)
        CHECK(guard_take(g, "2001:db8:1:2::1", "f", T0));
    static const struct { const char *address, *form; usec_t later; bool want; } row[] = {
        { "2001:db8:1:2::1", "f", 0, false },
        { "2001:db8:1:2:ffff::9", "f", 0, false },        /* the same /64 */
        { "2001:db8:1:3::1", "f", 0, true },
        { "2001:db8:1:2::1", "g", 0, true },              /* another form */
        { "2001:db8:1:2::1", "f", 10 * USEC_PER_SEC - 1, false },
        { "2001:db8:1:2::1", "f", 10 * USEC_PER_SEC, true },
        { "2001:db8:1:2::1", "f", 10 * USEC_PER_SEC, false },
        { "2001:db8:1:2::1", "f", INT64_MAX - T0, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK(guard_take(g, row[i].address, row[i].form, T0 + row[i].later) == row[i].want);
}

TEST(mapped_addresses_are_ipv4) {
    AUTO(guard_free) struct guard *g = new_guard();
    for (int64_t i = 0; i < per_form.burst; i++)
        CHECK(guard_take(g, "192.0.2.7", "f", T0));
    CHECK(!guard_take(g, "::ffff:192.0.2.7", "f", T0));
    CHECK(guard_take(g, "192.0.2.8", "f", T0));
}

TEST(one_address_is_held_over_many_forms) {
    AUTO(guard_free) struct guard *g = new_guard();
    int taken = 0;
    for (int i = 0; i < 1000; i++) {
        char form[32];
        snprintf(form, sizeof form, "form %d", i);
        taken += guard_take(g, "192.0.2.7", form, T0);
    }
    CHECK_INT(taken, per_address.burst);
}

TEST(a_mailbox_gets_few_letters_whoever_asks) {
    static const usec_t hour = 60 * USEC_PER_MINUTE;
    AUTO(guard_free) struct guard *g = new_guard();
    for (int i = 0; i < 3; i++)
        CHECK(guard_mailbox(g, i == 1 ? "Ewa@People.example" : "ewa@people.example", T0));
    CHECK(!guard_mailbox(g, "ewa@people.example", T0) && !guard_mailbox(g, "EWA@people.example", T0 + hour - 1));
    CHECK(guard_mailbox(g, "ola@people.example", T0));
    CHECK(guard_mailbox(g, "ewa@people.example", T0 + hour) && !guard_mailbox(g, "ewa@people.example", T0 + hour));
}

TEST(survives_no_memory) {
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t n = 1; n <= 2; n++) {
        struct guard *g = NULL;
        mem_fail_at = n;
        CHECK(guard_new(&g, &e) == E_MEMORY && g == NULL);
        mem_fail_at = 0;
    }
}
