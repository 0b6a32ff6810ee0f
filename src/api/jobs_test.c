#include "api/jobs.c"
#include "base/test.h"
#include "retention/certificatebed.h"

static usec_t instant(const char *text) {
    usec_t t = 0;
    CHECK(time_parse(text, &t));
    return t;
}

TEST(the_night_is_three_by_the_clock_of_the_place) {
    static const struct { const char *zone, *last, *next; } rows[] = {
        { "UTC", "2026-11-22T02:59:59Z", "2026-11-22T03:00:00Z" },
        { "UTC", "2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z" },
        { "Europe/Warsaw", "2026-11-22T00:00:00Z", "2026-11-22T02:00:00Z" },
        { "Europe/Warsaw", "2026-07-01T00:30:00Z", "2026-07-01T01:00:00Z" },
        { "Europe/Warsaw", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z" },     /* 02:00 to 03:00 does not exist that night */
        { "Europe/Warsaw", "2026-10-24T12:00:00Z", "2026-10-25T02:00:00Z" },     /* and comes twice in this one */
        { "Europe/Budapest", "2026-12-31T23:30:00Z", "2027-01-01T02:00:00Z" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(zone_free) struct zone *z = NULL;
        struct err e;
        char text[40];
        CHECK_OK(zone_open(rows[i].zone, &z, &e), &e);
        CHECK_TEXT(time_format(night_after(z, instant(rows[i].last)), text, sizeof text), rows[i].next);
    }
}

TEST(a_renewal_that_a_wrong_clock_dated_far_away_delays_none) {
    AUTO(zone_free) struct zone *z = NULL;
    struct err e;
    CHECK_OK(zone_open("Europe/Warsaw", &z, &e), &e);
    usec_t now = instant("2026-11-22T12:00:00Z");
    CHECK(renewal_due(z, instant("2026-11-22T02:00:00Z"), now) == instant("2026-11-23T02:00:00Z"));
    CHECK(renewal_due(z, instant("2026-11-20T02:00:00Z"), now) < now);
    CHECK(renewal_due(z, instant("2099-01-01T00:00:00Z"), now) == now);
    CHECK(renewal_due(z, 0, now) == instant("2026-11-23T02:00:00Z"));
}

TEST(a_failure_that_goes_on_is_told_at_growing_intervals) {
    struct telling t = { 0 };
    usec_t at = 5 * USEC_PER_DAY;
    int told = 0;
    for (int second = 0; second < 86400; second++)
        told += tell(&t, E_DAMAGED, at + second * USEC_PER_SEC);
    CHECK_INT(told, 12);                       /* 0, 1, 3, 7, 15, 31, 63, 127, 255 and 511 minutes, then every six hours */
    CHECK_INT(t.failed, 86400);
    CHECK(tell(&t, E_FULL, at + USEC_PER_DAY));         /* another reason is told at once */
    CHECK(!tell(&t, E_FULL, at + USEC_PER_DAY + USEC_PER_SEC));
    CHECK(!tell(&t, OK, at + USEC_PER_DAY + 2 * USEC_PER_SEC));
    CHECK_INT(t.failed, 0);
    CHECK(tell(&t, E_FULL, at + USEC_PER_DAY + 3 * USEC_PER_SEC));
}

/* What is damaged of one tenant's is told, with whose it is; those before and behind have their certificates. */
TEST(a_tenant_whose_destructions_are_damaged_keeps_nobody_waiting) {
    AUTO(scene_done) struct scene s;
    int64_t tenants[3];
    struct err e;
    size_t n = 0;
    scene_make(&s);
    struct api a = { .config = { .store = s.b.store, .keeper = s.keeper } };
    for (size_t i = 0; i < ARRAY_LEN(tenants); i++) {
        CHECK_OK(tenant_make(s.b.store, "papers", (const char *const[]){ "Alder", "Birch", "Cedar" }[i], false, &tenants[i], &s.e), &s.e);
        destroyed_of(&s, tenants[i], "owner", "token 7", i == 1 ? "{" : "{\"paper\":1}", 2, false);
    }
    renewed(&s);
    for (int again = 0; again < 2; again++) {
        CHECK_CODE(job_certify(&a, &n, &e), E_DAMAGED, &e);
        CHECK_INT(n, again == 0 ? 2 : 0);
        CHECK(strstr(e.text, "tenant 2") != NULL && strstr(e.text, "destruction 1") != NULL);
    }
    for (size_t i = 0; i < ARRAY_LEN(tenants); i++) {
        json_t *list = NULL;
        CHECK_OK(certificates_told(s.b.store, tenants[i], INT64_MAX, 10, &list, &s.e), &s.e);
        CHECK_INT(json_array_size(json_object_get(list, "items")), i == 1 ? 0 : 1);
        json_decref(list);
    }
}
