/* throttle_test.c — the clock is a number here. */
#include "access/throttle.c"
#include "base/test.h"

#define SEC USEC_PER_SEC
#define START (1000 * SEC)
static const uint8_t anna[32] = { 1 }, bela[32] = { 2 };

struct scene { struct throttle *t; usec_t now; struct err e; unsigned seconds; };
static void begin(struct scene *s) {
    *s = (struct scene){ .now = START };
    CHECK_OK(crypto_init(&s->e), &s->e);
    CHECK_OK(throttle_new(&s->t, &s->e), &s->e);
}
static struct throttle_try of(enum throttle_what what, const uint8_t *account, const char *from) {
    return (struct throttle_try){ .what = what, .account = account, .from = source_of(from) };
}
static bool passes(struct scene *s, const struct throttle_try *try, enum throttle_end end) {
    s->seconds = 0;
    enum code code = throttle_check(s->t, try, s->now, &s->seconds, &s->e);
    CHECK((code == OK && s->seconds == 0) || (code == E_TOO_MANY && s->seconds > 0));
    if (code == OK)
        throttle_end(s->t, try, end, s->now);
    return code == OK;
}
static unsigned passes_of(struct scene *s, const struct throttle_try *try, enum throttle_end end, unsigned times) {
    unsigned n = 0;
    for (unsigned i = 0; i < times; i++)
        n += passes(s, try, end);
    return n;
}

TEST(waits_grow_to_a_bound_and_end) {
    static const unsigned waits[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
    struct scene s;
    begin(&s);
    struct throttle_try try = of(THROTTLE_PASSWORD, anna, "192.0.2.1");
    CHECK_INT(passes_of(&s, &try, THROTTLE_WRONG, 1000), 11);      /* the burst, and one that begins the waits; none of the refused counts */
    for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
        CHECK(!passes(&s, &try, THROTTLE_WRONG));
        CHECK_INT(s.seconds, waits[i]);
        s.now += waits[i] * SEC - 1;
        CHECK(!passes(&s, &try, THROTTLE_WRONG) && s.seconds == 1);
        s.now += 1;
        CHECK(passes(&s, &try, THROTTLE_WRONG));
    }
    s.now += 24 * USEC_PER_HOUR;
    CHECK_INT(passes_of(&s, &try, THROTTLE_WRONG, 100), 11);
    s.t = throttle_free(s.t);
}

TEST(a_thousand_at_once_are_no_more_than_one_after_another) {
    struct scene s;
    begin(&s);
    struct throttle_try try = of(THROTTLE_PASSWORD, anna, "192.0.2.1");
    unsigned let = 0;
    for (int i = 0; i < 1000; i++)                                 /* all are looked at before the first has failed */
        let += throttle_check(s.t, &try, s.now, &s.seconds, &s.e) == OK;
    CHECK_INT(let, 11);
    s.t = throttle_free(s.t);
}

TEST(others_are_not_held_up) {
    struct scene s;
    begin(&s);
    struct throttle_try attack = of(THROTTLE_PASSWORD, anna, "192.0.2.1"), other = of(THROTTLE_PASSWORD, bela, "192.0.2.2"), code = of(THROTTLE_CODE, anna, "192.0.2.2");
    CHECK_INT(passes_of(&s, &attack, THROTTLE_WRONG, 100), 11);
    CHECK(passes(&s, &other, THROTTLE_RIGHT) && passes(&s, &code, THROTTLE_WRONG));
    s.t = throttle_free(s.t);
}

TEST(one_address_that_tries_many_accounts_waits) {
    struct scene s;
    begin(&s);
    unsigned let = 0;
    for (unsigned i = 0; i < 500; i++) {
        uint8_t account[32] = { 7, (uint8_t)i, (uint8_t)(i >> 8) };
        struct throttle_try try = of(THROTTLE_PASSWORD, account, "2001:db8::1");
        let += passes(&s, &try, THROTTLE_WRONG);
    }
    CHECK_INT(let, 31);
    let = 0;
    for (unsigned i = 0; i < 2000; i++) {                          /* all /64 of one /48, each account once */
        uint8_t account[32] = { 8, (uint8_t)i, (uint8_t)(i >> 8) };
        char from[64];
        snprintf(from, sizeof from, "2001:db8:0:%x::1", i + 1);
        struct throttle_try try = of(THROTTLE_PASSWORD, account, from);
        let += passes(&s, &try, THROTTLE_WRONG);
    }
    CHECK_INT(let, 241 - 31);
    struct throttle_try nobody = of(THROTTLE_PASSWORD, NULL, "192.0.2.9");
    CHECK_INT(passes_of(&s, &nobody, THROTTLE_WRONG, 100), 31);
    s.t = throttle_free(s.t);
}

TEST(who_signed_in_from_there_comes_in_whatever_others_do) {
    struct scene s;
    begin(&s);
    struct throttle_try home = of(THROTTLE_PASSWORD, anna, "198.51.100.7"), device = of(THROTTLE_PASSWORD, anna, "198.51.100.8"), elsewhere = of(THROTTLE_PASSWORD, anna, "198.51.100.9");
    device.device_known = true;
    CHECK(passes(&s, &home, THROTTLE_RIGHT));
    unsigned let = 0;
    for (unsigned i = 0; i < 4000; i++) {
        char from[64];
        snprintf(from, sizeof from, "203.0.%u.%u", i / 250, i % 250 + 1);
        struct throttle_try attack = of(THROTTLE_PASSWORD, anna, from);
        let += passes(&s, &attack, THROTTLE_WRONG);
    }
    CHECK_INT(let, 11);
    CHECK(!passes(&s, &elsewhere, THROTTLE_RIGHT));
    CHECK_INT(passes_of(&s, &home, THROTTLE_RIGHT, 50), 50);
    CHECK_INT(passes_of(&s, &device, THROTTLE_RIGHT, 50), 50);
    CHECK_INT(passes_of(&s, &home, THROTTLE_WRONG, 50), 11);       /* but has no more tries than anybody */
    CHECK_INT(passes_of(&s, &device, THROTTLE_WRONG, 50), 11);
    s.now += 60 * SEC;
    CHECK(passes(&s, &elsewhere, THROTTLE_RIGHT));                 /* and elsewhere after the longest wait */
    s.now += REMEMBERED + SEC;
    let = 0;
    for (unsigned i = 0; i < 20; i++) {
        char from[64];
        snprintf(from, sizeof from, "203.0.113.%u", i + 1);
        struct throttle_try attack = of(THROTTLE_PASSWORD, anna, from);
        let += passes(&s, &attack, THROTTLE_WRONG);
    }
    CHECK(let == 11 && !passes(&s, &home, THROTTLE_RIGHT));        /* after a month without use it is as any other place */
    s.t = throttle_free(s.t);
}

TEST(success_forgives_only_its_own_try) {
    struct scene s;
    begin(&s);
    struct throttle_try mine = of(THROTTLE_PASSWORD, bela, "192.0.2.1"), theirs = of(THROTTLE_PASSWORD, anna, "192.0.2.1");
    unsigned let = 0;
    for (int i = 0; i < 200; i++) {                                /* one's own account between two tries */
        let += passes(&s, &theirs, THROTTLE_WRONG);
        CHECK(passes(&s, &mine, THROTTLE_RIGHT));
    }
    CHECK_INT(let, 11);
    CHECK_INT(passes_of(&s, &mine, THROTTLE_RIGHT, 200), 200);
    s.t = throttle_free(s.t);
}

TEST(what_was_not_looked_at_does_not_count) {
    struct scene s;
    begin(&s);
    struct throttle_try try = of(THROTTLE_PASSWORD, anna, "192.0.2.1");
    CHECK_INT(passes_of(&s, &try, THROTTLE_UNTRIED, 500), 500);
    CHECK_INT(passes_of(&s, &try, THROTTLE_WRONG, 500), 11);
    s.t = throttle_free(s.t);
}

TEST(codes_wait_longer_and_each_mail_counts) {
    struct scene s;
    begin(&s);
    struct throttle_try code = of(THROTTLE_CODE, anna, "192.0.2.1"), mail = of(THROTTLE_MAIL, anna, "192.0.2.2");
    CHECK_INT(passes_of(&s, &code, THROTTLE_WRONG, 50), 6);
    unsigned let = 0;
    for (usec_t until = s.now + 24 * USEC_PER_HOUR; s.now < until; s.now += SEC)
        let += passes(&s, &code, THROTTLE_WRONG);
    CHECK(let > 90 && let < 115);                                  /* of a million codes, three of which are right */
    s.now = START;
    CHECK_INT(passes_of(&s, &mail, THROTTLE_RIGHT, 50), 4);
    s.t = throttle_free(s.t);
}

TEST(a_flood_of_addresses_pushes_out_no_attacked_account) {
    struct scene s;
    begin(&s);
    struct throttle_try try = of(THROTTLE_PASSWORD, anna, "192.0.2.1");
    CHECK_INT(passes_of(&s, &try, THROTTLE_WRONG, 50), 11);
    for (unsigned i = 0; i < 60000; i++) {
        uint8_t account[32] = { 9, (uint8_t)i, (uint8_t)(i >> 8) };
        char from[64];
        snprintf(from, sizeof from, "10.%u.%u.1", i / 250, i % 250);
        struct throttle_try flood = of(THROTTLE_PASSWORD, account, from);
        CHECK(passes(&s, &flood, THROTTLE_WRONG));
    }
    CHECK(!passes(&s, &try, THROTTLE_WRONG));
    s.t = throttle_free(s.t);
}

TEST(odd_clocks_and_want_of_memory) {
    struct scene s;
    begin(&s);
    struct throttle_try try = of(THROTTLE_PASSWORD, anna, "192.0.2.1");
    CHECK_INT(passes_of(&s, &try, THROTTLE_WRONG, 50), 11);
    s.now = 0;                                                     /* a thread that read the clock a little earlier */
    CHECK(!passes(&s, &try, THROTTLE_WRONG));
    s.now = USEC_NEVER;
    CHECK(passes(&s, &try, THROTTLE_WRONG));
    s.t = throttle_free(s.t);
    for (size_t n = 1; n <= 1 + WHOSE + 1; n++) {
        mem_fail_at = n;
        CHECK_CODE(throttle_new(&s.t, &s.e), E_MEMORY, &s.e);
        CHECK(s.t == NULL);
    }
    mem_fail_at = 0;
}
