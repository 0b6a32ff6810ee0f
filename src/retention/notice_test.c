/* notice_test.c — told at least the span before, once for each date, anew when it moves, and never again for what was told; across
 * daylight saving, leap days and a clock that was wrong; by one server or two, and by a maker that was cut. */
#include "retention/notice.c"

#include "retention/noticebed.h"

/* ---- calendars, alone */

TEST(the_run_is_at_eight_of_the_clock_on_every_day_of_the_year) {
    static const struct { const char *now, *last, *next; } rows[] = {
        { "2026-06-01T05:59:59Z", "2026-05-31T06:00:00Z", "2026-06-01T06:00:00Z" }, { "2026-06-01T06:00:00Z", "2026-06-01T06:00:00Z", "2026-06-02T06:00:00Z" },
        { "2026-06-01T23:30:00Z", "2026-06-01T06:00:00Z", "2026-06-02T06:00:00Z" },
        { "2026-03-29T00:30:00Z", "2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z" }, { "2026-03-28T12:00:00Z", "2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z" },
        { "2026-10-25T00:30:00Z", "2026-10-24T06:00:00Z", "2026-10-25T07:00:00Z" }, { "2028-02-29T12:00:00Z", "2028-02-29T07:00:00Z", "2028-03-01T07:00:00Z" },
        { "2027-12-31T23:30:00Z", "2027-12-31T07:00:00Z", "2028-01-01T07:00:00Z" },
    };
    AUTO(zone_free) struct zone *zone = NULL;
    struct err e;
    CHECK_OK(zone_open("Europe/Warsaw", &zone, &e), &e);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_INT(notice_run_last(zone, at(rows[i].now)), at(rows[i].last));
        CHECK_INT(notice_run_next(zone, at(rows[i].now)), at(rows[i].next));
    }
}

/* Whatever an instant is due at: of the runs of some years, in order, exactly one is the first whose horizon reaches it; it comes at least
 * the span before, and at most a day and the span. */
TEST(every_instant_is_told_of_at_least_the_span_before) {
    static const char *const zones[] = { "Europe/Warsaw", "Europe/Budapest", "America/New_York", "Australia/Lord_Howe", "UTC" };
    static const struct span spans[] = { { .days = 14 }, { .weeks = 1 }, { .months = 1 }, { .hours = 36 } };
    struct err e;
    for (size_t z = 0; z < ARRAY_LEN(zones); z++) {
        AUTO(zone_free) struct zone *zone = NULL;
        CHECK_OK(zone_open(zones[z], &zone, &e), &e);
        for (size_t s = 0; s < ARRAY_LEN(spans); s++) {
            usec_t run = notice_run_next(zone, at("2027-12-01T00:00:00Z")), reached = notice_horizon(zone, run, &spans[s]);
            for (int day = 0; day < 400; day++) {
                usec_t next = notice_run_next(zone, run), horizon = notice_horizon(zone, next, &spans[s]);
                CHECK(horizon >= reached && next - run >= 23 * USEC_PER_HOUR && next - run <= 25 * USEC_PER_HOUR);
                /* The first instant that this run tells of and the one before did not: the nearest of all. */
                CHECK(zone_add(zone, next, &spans[s], 1) <= reached);
                run = next;
                reached = horizon;
            }
        }
    }
}

/* ---- over a service */

TEST(day_165_nothing_day_166_the_notice_day_180_gone) {
    struct stage g;
    usec_t due = 0;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), far = event_make(&g, "Kurs", "2027-06-10T17:00:00Z");
    struct uuid guest = guest_make(&g, &event, 1);
    (void)guest_make(&g, &event, 2);
    (void)guest_make(&g, &far, 3);
    /* 10 January + 180 days is 9 July, 19:00 by the clock, an hour earlier in UTC than in winter would be. */
    CHECK_INT(turn(&g, "2027-06-24T12:00:00Z"), 0);              /* day 165 */
    CHECK_INT(turn(&g, "2027-06-25T05:59:00Z"), 0);
    CHECK_INT(turn(&g, "2027-06-25T06:01:00Z"), 1);              /* day 166, 08:01 */
    CHECK_INT(records_of(&g, 1), 2);
    CHECK(allowed(&g, &guest, false, &due) == USEC_NEVER);
    CHECK_INT(due, at("2027-07-09T16:00:00Z"));
    state_is(&g, 1, "waiting");
    CHECK_INT(tried(&g, 1, LETTER_SENT, 250), 1);
    state_is(&g, 1, "delivered");
    CHECK(goes_when_due(&g, &guest));            /* day 180 */
    for (int day = 26; day <= 30; day++) {
        char now[40];
        snprintf(now, sizeof now, "2027-06-%dT06:01:00Z", day);
        CHECK_INT(turn(&g, now), 1);                              /* told once */
    }
    stage_end(&g);
}

TEST(a_date_that_moves_is_told_anew_both_ways_and_twice) {
    struct stage g;
    usec_t due = 0;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), guest = guest_make(&g, &event, 1);
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    (void)tried(&g, 1, LETTER_SENT, 250);
    CHECK(goes_when_due(&g, &guest));
    event_move(&g, &event, "2027-02-10T17:00:00Z");              /* later: away from what was told */
    CHECK(allowed(&g, &guest, false, &due) == USEC_NEVER);
    CHECK_INT(turn(&g, "2027-06-25T08:00:00Z"), 1);
    CHECK_INT(turn(&g, "2027-06-26T07:00:00Z"), 1);
    state_is(&g, 1, "over");                                      /* nothing of it stands */
    CHECK_INT(turn(&g, "2027-07-27T07:00:00Z"), 2);              /* 14 days before 9 August */
    (void)tried(&g, 2, LETTER_SENT, 250);
    CHECK(goes_when_due(&g, &guest));
    event_move(&g, &event, "2027-02-08T17:00:00Z");              /* earlier, within the span: at the next run, for it is late already */
    CHECK(allowed(&g, &guest, false, &due) == USEC_NEVER);
    CHECK_INT(turn(&g, "2027-07-27T08:00:00Z"), 2);
    CHECK_INT(turn(&g, "2027-07-28T07:00:00Z"), 3);
    event_move(&g, &event, "2027-01-29T17:00:00Z");              /* due before the next run: at once */
    CHECK_INT(turn(&g, "2027-07-28T08:00:00Z"), 4);
    CHECK_INT(turn(&g, "2027-07-28T08:01:00Z"), 4);
    event_move(&g, &event, "2027-02-10T17:00:00Z");              /* back to a date of which a notice told that stands no more */
    CHECK(allowed(&g, &guest, false, &due) == USEC_NEVER);
    CHECK_INT(turn(&g, "2027-07-28T09:00:00Z"), 4);
    CHECK_INT(turn(&g, "2027-07-29T07:00:00Z"), 5);
    /* The list in pages: 5 and 4, 3 and 2, 1. */
    int64_t before = INT64_MAX, seen = 0;
    for (int pages = 0; pages < 3; pages++) {
        json_t *page = NULL;
        CHECK(before > 0);
        CHECK_OK(notices_show(g.b.service, g.b.tenant, before, 2, &page, &g.b.e), &g.b.e);
        seen = seen * 10 + json_integer_value(json_object_get(json_array_get(json_object_get(page, "items"), 0), "number"));
        before = json_integer_value(json_object_get(page, "next"));
        json_decref(page);
    }
    CHECK(seen == 531 && before == 0);
    stage_end(&g);
}

TEST(ten_days_down_and_a_clock_that_was_wrong) {
    struct stage g;
    usec_t due = 0;
    stage_start(&g, ROOM);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), guest = guest_make(&g, &event, 1);
    CHECK_INT(turn(&g, "2027-06-20T07:00:00Z"), 0);
    CHECK_INT(turn(&g, "2027-07-05T15:00:00Z"), 1);              /* at once, in the afternoon: four days are left */
    CHECK(allowed(&g, &guest, true, &due) == USEC_NEVER);
    json_t *n = shown(&g, 1);
    CHECK_TEXT(json_string_value(json_object_get(n, "first")), "2027-07-09T16:00:00Z");
    json_decref(n);
    CHECK_INT(turn(&g, "2027-07-05T15:01:00Z"), 1);
    CHECK_INT(turn(&g, "2027-05-01T15:01:00Z"), 1);              /* the clock was ahead: nothing is told of twice */
    CHECK_INT(turn(&g, "2027-06-25T15:01:00Z"), 1);
    stage_end(&g);
}

TEST(a_leap_day_and_the_changing_of_clocks) {
    static const struct { const char *ends, *due, *before, *run; } rows[] = {
        { "2027-09-02T10:00:00Z", "2028-02-29T11:00:00Z", "2028-02-14T12:00:00Z", "2028-02-15T07:00:00Z" },      /* due on a leap day, in winter */
        { "2027-10-05T10:00:00Z", "2028-04-02T10:00:00Z", "2028-03-18T12:00:00Z", "2028-03-19T07:00:00Z" },      /* told before the clocks change, due after */
        { "2027-05-10T10:00:00Z", "2027-11-06T11:00:00Z", "2027-10-22T12:00:00Z", "2027-10-23T06:00:00Z" },      /* and in autumn */
        { "2027-07-12T10:00:00Z", "2028-01-08T11:00:00Z", "2027-12-24T12:00:00Z", "2027-12-25T07:00:00Z" },      /* over the end of a year */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct stage g;
        usec_t due = 0;
        stage_start(&g, WARNED);
        struct uuid event = event_make(&g, "Bal", rows[i].ends), guest = guest_make(&g, &event, 1);
        CHECK_INT(turn(&g, rows[i].before), 0);
        CHECK_INT(turn(&g, rows[i].run), 1);
        CHECK(allowed(&g, &guest, false, &due) == USEC_NEVER);
        CHECK_INT(due, at(rows[i].due));
        stage_end(&g);
    }
}

/* What comes too late for the daily message, one by one all day, is told of by the hour and not by the record. */
TEST(late_records_are_not_a_message_each) {
    struct stage g;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2026-12-20T17:00:00Z");      /* its registrations are due on 18 June */
    (void)guest_make(&g, &event, 0);
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    static const struct { const char *now; int64_t notices; } looks[] = { { "2027-06-25T07:20:00Z", 1 }, { "2027-06-25T07:40:00Z", 1 }, { "2027-06-25T08:00:01Z", 2 }, { "2027-06-25T08:20:00Z", 2 },
                                                                        { "2027-06-25T09:00:02Z", 3 }, { "2027-06-25T12:00:00Z", 4 } };
    for (int i = 0; i < (int)ARRAY_LEN(looks); i++) {
        (void)guest_make(&g, &event, i + 1);
        CHECK_INT(turn(&g, looks[i].now), looks[i].notices);
    }
    CHECK(records_of(&g, 2) == 3 && records_of(&g, 3) == 2 && records_of(&g, 4) == 1);
    (void)guest_make(&g, &event, 99);        /* asked for by hand: at once */
    int64_t made = 0;
    CHECK_OK(noticer_tenant(g.n, g.b.service, g.b.tenant, at("2027-06-25T12:00:01Z"), &made, &g.b.e), &g.b.e);
    CHECK_INT(made, 1);
    stage_end(&g);
}

/* A cut between two writes: nothing was told, and the next turn makes it whole. */
struct cut { struct notice_claim claim; struct uuid id; int32_t kind; };
static enum code cut_begin(struct txn *t, void *arg, struct err *e) {
    struct cut *c = arg;
    enum code code = notice_begin(t, "organiser", 20270625, 0, &c->claim, e);
    if (code == OK) {
        c->claim.sign = c->claim.next;
        code = noticed_put(t, &c->claim, &(struct noticed){ c->kind, c->id, 7 }, 1, e);
    }
    return code;
}
TEST(a_maker_that_was_cut_told_nobody) {
    struct stage g;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), guest = guest_make(&g, &event, 1);
    struct cut c = { .id = guest, .kind = g.b.service->info[charter_kind(g.b.charter, "registration")].number };
    CHECK_OK(store_write(g.b.store, g.b.tenant, cut_begin, &c, &g.b.e), &g.b.e);
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 0);              /* somebody is at it, as far as one can know */
    int64_t made = 0;
    CHECK_CODE(noticer_tenant(g.n, g.b.service, g.b.tenant, at("2027-06-25T07:00:00Z"), &made, &g.b.e), E_BUSY, &g.b.e);
    struct making m = { .n = g.n, .s = g.b.service, .tenant = g.b.tenant, .now = at("2027-06-25T07:00:00Z"), .person = charter_person(g.b.charter, "organiser"), .role = "organiser" };
    bool whole = false;
    m.stale = -2 * USEC_PER_MINUTE;                                /* as after two minutes */
    CHECK_OK(make(&m, &whole, &g.b.e), &g.b.e);
    CHECK(whole);
    CHECK_INT(records_of(&g, 1), 1);
    CHECK_INT(turn(&g, "2027-06-25T07:01:00Z"), 1);
    stage_end(&g);
}

/* Two servers over one store: whatever the order of their turns, everything is told of once. */
struct racer { struct noticer *n; usec_t now; enum code code; struct err e; };
static void *race(void *arg) {
    struct racer *r = arg;
    for (int i = 0; i < 5 && r->code == OK; i++)
        r->code = noticer_turn(r->n, r->now, &r->e);
    return NULL;
}
TEST(two_servers_tell_once) {
    struct stage g;
    struct noticer *other = NULL;
    stage_start(&g, WARNED);
    const struct noticer_options o = g.n->o;
    CHECK_OK(noticer_open(&o, &other, &g.b.e), &g.b.e);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z");
    for (int i = 0; i < 30; i++)
        (void)guest_make(&g, &event, i);
    struct racer a = { .n = g.n, .now = at("2027-06-25T07:00:00Z") }, b = { .n = other, .now = a.now };
    pthread_t one, two;
    CHECK(pthread_create(&one, NULL, race, &a) == 0);
    CHECK(pthread_create(&two, NULL, race, &b) == 0);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    CHECK_OK(a.code, &a.e);
    CHECK_OK(b.code, &b.e);
    CHECK_INT(turn(&g, "2027-06-25T07:10:00Z"), 1);
    CHECK_INT(records_of(&g, 1), 30);
    other = noticer_close(other);
    stage_end(&g);
}
