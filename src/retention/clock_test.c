/* clock_test.c — when a clock is off, and that it stays held over a restart until somebody confirms it. */
#include "retention/clock.c"

#include "base/time.h"
#include "store/testbed.h"

#define D USEC_PER_DAY
#define NOW (INT64_C(20000) * D)

TEST(a_clock_is_off_by_more_than_a_day) {
    static const struct { usec_t seen, newest, known; bool off; usec_t from; } rows[] = {
        { 0, 0, 0, false, 0 },                                         /* a new installation */
        { NOW - 600, NOW - D / 4, 0, false, 0 }, { NOW - D, NOW - D, 0, false, 0 }, { NOW + D, NOW + D, 0, false, 0 },
        { NOW - D - 1, NOW - 1, 0, true, NOW - D - 1 },                /* the command line wrote an entry meanwhile: that excuses nothing */
        { NOW + D + 1, NOW - 1, 0, true, NOW + D + 1 }, { 0, NOW - D - 1, 0, true, NOW - D - 1 }, { NOW - 1, NOW - D - 1, 0, true, NOW - D - 1 },
        { NOW - 1, NOW + D + 1, 0, true, NOW + D + 1 }, { NOW - 1, NOW + 9 * D, NOW + 9 * D, false, 0 }, { NOW - 1, NOW + 9 * D, NOW + 8 * D, true, NOW + 9 * D },
        { NOW - 2 * D, NOW + 9 * D, NOW + 9 * D, true, NOW - 2 * D }, { NOW - 1, NOW - 2 * D, NOW + 9 * D, true, NOW - 2 * D },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        usec_t from = 0;
        CHECK(clock_is_off(NOW, rows[i].seen, rows[i].newest, rows[i].known, &from) == rows[i].off);
        CHECK_INT(from, rows[i].from);
    }
}

static bool say(const struct ledger_row *r, void *arg) {
    json_t *o = json_loads(r->entry, 0, NULL);
    buf_printf(arg, "%s %s;", json_string_value(json_object_get(o, "do")), json_string_value(json_object_get(o, "who")));
    json_decref(o);
    return true;
}
static void told(struct bed *b, struct buf *out) {
    AUTO(view_end) struct view *v = NULL;
    buf_cut(out, 0);
    CHECK_OK(store_view(b->store, 0, &v, &b->e), &b->e);
    CHECK_OK(ledger_list(view_sql(v), 0, say, out, &b->e), &b->e);
}

TEST(a_clock_that_is_off_is_held_until_somebody_confirms_it) {
    struct bed b;
    struct buf out = BUF(1000);
    bool held = true, was = true;
    bed_start(&b);
    usec_t now = clock_now();
    CHECK_OK(clock_start(b.store, now, 0, &held, &b.e), &b.e);
    CHECK(!held && !clock_held(b.store));
    CHECK_OK(clock_confirm(b.store, "local user 0", &was, &b.e), &b.e);
    CHECK(!was);
    CHECK_OK(ledger_note(b.store, 3, "record_made", "token 7", json_null(), true, &b.e), &b.e);
    CHECK_OK(clock_start(b.store, now, now, &held, &b.e), &b.e);
    CHECK(!held);
    CHECK_OK(clock_start(b.store, now + 10 * D, now, &held, &b.e), &b.e);
    CHECK(held && clock_held(b.store));
    bed_reopen(&b);
    CHECK(clock_held(b.store));
    CHECK_OK(clock_start(b.store, now, now, &held, &b.e), &b.e);       /* back in its place: a person looks all the same */
    CHECK(held);
    CHECK_OK(clock_hold(b.store, now, now - 5 * D, &b.e), &b.e);       /* held already: nothing new */
    struct clock_state c = { .held = false };
    CHECK_OK(clock_read_state(b.store, &c, &b.e), &b.e);
    CHECK(c.held && c.from == now && c.to == now + 10 * D && c.since == now + 10 * D);
    CHECK_OK(clock_confirm(b.store, "local user 0", &was, &b.e), &b.e);
    CHECK(was && !clock_held(b.store));
    told(&b, &out);
    CHECK_TEXT(buf_str(&out), "clock_suspicious sejf;clock_confirmed local user 0;");
    bed_reopen(&b);
    CHECK_OK(clock_start(b.store, now - 3 * D, now - 3 * D, &held, &b.e), &b.e);      /* entries lie ahead that nobody knew of */
    CHECK(held && clock_held(b.store));
    buf_done(&out);
    bed_end(&b);
}

TEST(a_quiet_installation_has_an_entry_every_six_hours) {
    struct bed b;
    struct buf out = BUF(1000);
    usec_t newest = 0;
    bed_start(&b);
    usec_t now = clock_now();
    CHECK_OK(clock_stand(b.store, now, &b.e), &b.e);
    CHECK_OK(clock_stand(b.store, now + 5 * USEC_PER_HOUR, &b.e), &b.e);
    told(&b, &out);
    CHECK_TEXT(buf_str(&out), "clock_stands sejf;");
    CHECK_OK(clock_stand(b.store, now + 7 * USEC_PER_HOUR, &b.e), &b.e);
    CHECK_OK(clock_stand(b.store, now - 7 * USEC_PER_HOUR, &b.e), &b.e);
    told(&b, &out);
    CHECK_TEXT(buf_str(&out), "clock_stands sejf;clock_stands sejf;clock_stands sejf;");
    CHECK_OK(clock_newest(b.store, &newest, &b.e), &b.e);
    CHECK(newest >= now && newest < now + USEC_PER_HOUR);
    buf_done(&out);
    bed_end(&b);
}
