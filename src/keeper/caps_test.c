#include "keeper/caps.c"

#include "base/test.h"

static enum code take(struct caps *c, int64_t tenant, uint64_t n, usec_t now) {
    struct err e;
    return caps_take(c, tenant, n, now, &e);
}

TEST(a_tenant_gets_its_minute_and_no_more) {
    static const struct { int64_t tenant; uint64_t n; usec_t at; enum code want; } step[] = {
        { 1, 60, 0, OK }, { 1, 41, 1, E_TOO_MANY }, { 1, 40, 2, OK }, { 1, 1, 59999999, E_TOO_MANY },
        { 2, 100, 59999999, OK },            /* another tenant has a minute of its own */
        { 1, 100, 60000000, OK }, { 1, 1, 60000001, E_TOO_MANY },
        { 1, 1, 5, E_TOO_MANY },             /* a clock that went back earns nothing */
        { 1, UINT64_MAX, 180000000, E_TOO_MANY }, { 1, 101, 180000000, E_TOO_MANY }, { 1, 100, 180000000, OK },
    };
    AUTO(caps_free) struct caps *c = NULL;
    struct err e;
    CHECK_OK(caps_new(100, &c, &e), &e);
    for (size_t i = 0; i < ARRAY_LEN(step); i++)
        CHECK_INT(take(c, step[i].tenant, step[i].n, step[i].at), step[i].want);
    CHECK(caps_minute(c, 180000000) == 100 && caps_minute(c, 240000000) == 0);
}

TEST(tightening_only_lowers_and_lasts) {
    AUTO(caps_free) struct caps *c = NULL;
    struct err e;
    CHECK_OK(caps_new(100, &c, &e), &e);
    CHECK_OK(caps_tighten(c, 1, 10, &e), &e);
    CHECK_OK(caps_tighten(c, 1, 50, &e), &e);
    CHECK_INT(take(c, 1, 11, 0), E_TOO_MANY);
    CHECK_INT(take(c, 1, 10, 0), OK);
    for (int64_t t = 2; t < 3000; t++)       /* the table grows and forgets others' minutes, not this */
        CHECK_INT(take(c, t, 1, t * USEC_PER_MINUTE), OK);
    CHECK_INT(take(c, 1, 11, 4000 * USEC_PER_MINUTE), E_TOO_MANY);
    CHECK_INT(take(c, 1, 10, 4000 * USEC_PER_MINUTE), OK);
}

TEST(counts_stay_right_while_the_table_grows) {
    AUTO(caps_free) struct caps *c = NULL;
    struct err e;
    CHECK_OK(caps_new(3, &c, &e), &e);
    for (int round = 0; round < 3; round++)
        for (int64_t t = -2000; t < 2000; t++)
            CHECK_INT(take(c, t, 1, 1), OK);
    for (int64_t t = -2000; t < 2000; t++)
        CHECK_INT(take(c, t, 1, 1), E_TOO_MANY);
    CHECK(caps_minute(c, 1) == 12000 && c->used * 2 <= c->room);
}

TEST(without_memory) {
    struct caps *c = NULL;
    struct err e;
    for (size_t n = 1; n <= 2; n++) {
        mem_fail_at = n;
        CHECK_CODE(caps_new(3, &c, &e), E_MEMORY, &e);
        CHECK(c == NULL);
    }
}
