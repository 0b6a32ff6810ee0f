/* suppress_test.c — one row for each reason, by tenant; ends; letters that were heard of once; shares by round; pauses. */
#include "store/suppress.c"
#include "store/testbed.h"

static const uint8_t anna[SUPPRESS_WHO] = { 1, 2 }, jan[SUPPRESS_WHO] = { 3 };

struct deed { enum { PUT, DROP, END, WENT, HEARD, FORGET, ADD, PAUSE, RESUME, TOLD } what; struct suppressed_row row; const char *list; unsigned which; struct letter_who letter; struct heard_counts counts;
              int64_t number, count; bool new; };
static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    switch (d->what) {
    case PUT: return suppressed_put(t, &d->row, &d->new, reterr);
    case DROP: return suppressed_drop(t, d->row.channel, d->row.who, d->list, d->which, &d->count, reterr);
    case END: return suppressed_end(t, d->number, &d->count, reterr);
    case WENT: return letter_who_put(t, &d->letter, reterr);
    case HEARD: return letter_who_heard(t, &d->letter.letter, d->letter.heard, reterr);
    case FORGET: return letter_who_forget(t, d->number, reterr);
    case ADD: return heard_add(t, 0, d->number, d->count, &d->counts, reterr);
    case PAUSE: return sending_pause_put(t, &(struct pause_row){ .channel = 0, .round = d->number, .since = 100 + d->number, .why = "6 % bounced" }, reterr);
    case RESUME: return sending_resume(t, 0, 5000, "account 7", reterr);
    case TOLD: return sending_pause_told(t, 0, d->number, reterr);
    }
    return OK;
}
static enum code done(struct bed *b, int64_t tenant, struct deed *d) { return store_write(b->store, tenant, act, d, &b->e); }

static struct deed put_of(const uint8_t who[SUPPRESS_WHO], const char *list, enum suppress_reason reason, usec_t since, usec_t until) {
    struct deed d = { .what = PUT, .row = { .list = list, .reason = reason, .since = since, .until = until, .by = "sejf" } };
    memcpy(d.row.who, who, SUPPRESS_WHO);
    return d;
}

struct seen { struct buf text; };
static bool see(const struct suppressed_row *r, void *arg) {
    buf_printf(arg, "%d:%s:%s:%lld-%lld;", r->who[0], r->list, suppress_reason_name(r->reason), (long long)r->since, (long long)r->until);
    return true;
}
static void is(struct bed *b, int64_t tenant, const uint8_t *who /* NULL: all */, usec_t now, const char *want) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(buf_done) struct buf text = BUF(4096);
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    if (who != NULL)
        CHECK_OK(suppressed_of(view_sql(v), 0, who, now, see, &text, &b->e), &b->e);
    else
        CHECK_OK(suppressed_list(view_sql(v), INT64_MAX, now, see, &text, &b->e), &b->e);
    CHECK_TEXT(buf_str(&text), want);
}

TEST(each_reason_stands_by_itself_and_ends_by_itself) {
    struct bed b;
    bed_start(&b);
    struct deed d = put_of(anna, "", SUPPRESS_COMPLAINT, 10, 1000);
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK(d.new);
    d = put_of(anna, "scope:x", SUPPRESS_LEFT, 20, USEC_NEVER);
    CHECK_OK(done(&b, 4, &d), &b.e);
    d = put_of(jan, "", SUPPRESS_DEAD, 30, 500);
    CHECK_OK(done(&b, 4, &d), &b.e);
    d = put_of(jan, "", SUPPRESS_DEAD, 40, 400);               /* again, and sooner over: neither moves */
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK(!d.new);
    is(&b, 4, anna, 50, "1::complaint:10-1000;1:scope:x:unsubscribed:20-9223372036854775807;");
    is(&b, 4, NULL, 50, "3::dead address:30-500;1:scope:x:unsubscribed:20-9223372036854775807;1::complaint:10-1000;");
    is(&b, 5, NULL, 50, "");
    is(&b, 4, jan, 500, "");                                    /* over, whether or not it was taken away */
    d = put_of(anna, "", SUPPRESS_COMPLAINT, 0, 0);
    d.what = DROP;
    d.list = "scope:y";
    d.which = 1u << SUPPRESS_LEFT;
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK_INT(d.count, 0);
    d.list = NULL;
    CHECK_OK(done(&b, 5, &d), &b.e);
    CHECK_INT(d.count, 0);                                      /* another tenant's */
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK_INT(d.count, 1);
    d = (struct deed){ .what = END, .number = 500 };
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK_INT(d.count, 1);
    is(&b, 4, NULL, 0, "1::complaint:10-1000;");
    bed_end(&b);
}

TEST(who_leaves_again_has_left_now) {
    struct bed b;
    int64_t counts[SUPPRESS_HAND + 1];
    bed_start(&b);
    static const struct { enum suppress_reason reason; usec_t since; bool new; const char *want; } rows[] = {
        { SUPPRESS_LEFT, 100, true, "1:x:unsubscribed:100-9223372036854775807;" },
        { SUPPRESS_LEFT, 200, false, "1:x:unsubscribed:200-9223372036854775807;" },          /* what was consented to at 150 is over */
        { SUPPRESS_LEFT, 150, false, "1:x:unsubscribed:200-9223372036854775807;" },
        { SUPPRESS_LEFT, 201 + SUPPRESS_ANEW, true, "1:x:unsubscribed:86400000201-9223372036854775807;" },
        { SUPPRESS_HAND, 300, true, "1:x:unsubscribed:86400000201-9223372036854775807;1:x:by hand:300-9223372036854775807;" },
        { SUPPRESS_HAND, 300 + 2 * SUPPRESS_ANEW, false, "1:x:unsubscribed:86400000201-9223372036854775807;1:x:by hand:300-9223372036854775807;" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct deed d = put_of(anna, "x", rows[i].reason, rows[i].since, USEC_NEVER);
        CHECK_OK(done(&b, 4, &d), &b.e);
        CHECK(d.new == rows[i].new);
        is(&b, 4, anna, 50, rows[i].want);
    }
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(suppressed_counts(view_sql(v), 50, counts, &b.e), &b.e);
    CHECK(counts[SUPPRESS_LEFT] == 1 && counts[SUPPRESS_HAND] == 1 && counts[SUPPRESS_DEAD] == 0 && counts[SUPPRESS_COMPLAINT] == 0);
    v = view_end(v);
    bed_end(&b);
}

TEST(letters_are_remembered_by_whom_they_went_to) {
    struct bed b;
    bed_start(&b);
    struct letter_who got = { 0 };
    int64_t count = -1;
    for (uint32_t i = 1; i <= 3; i++) {
        struct deed d = { .what = WENT, .letter = { .letter = id_of(i), .at = 100 * i } };
        memcpy(d.letter.who, i == 3 ? jan : anna, SUPPRESS_WHO);
        CHECK_OK(done(&b, 4, &d), &b.e);
        d.what = HEARD;
        d.letter.heard = HEARD_OF_SOFT;
        CHECK_OK(done(&b, 4, &d), &b.e);
        CHECK_CODE(done(&b, 5, &d), E_NOT_FOUND, &b.e);
    }
    struct view *v = NULL;
    struct uuid first = id_of(1), none = id_of(9);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(letter_who_get(view_sql(v), &first, &got, &b.e), &b.e);
    CHECK(got.at == 100 && got.heard == HEARD_OF_SOFT && memcmp(got.who, anna, SUPPRESS_WHO) == 0);
    v = view_end(v);
    for (int back = 0; back < 2; back++) {                      /* it goes once more, to somebody else: what was heard stays, and when the first one went */
        struct deed again = { .what = WENT, .letter = { .letter = first, .at = 700 } };
        memcpy(again.letter.who, back ? anna : jan, SUPPRESS_WHO);
        CHECK_OK(done(&b, 4, &again), &b.e);
        CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
        CHECK_OK(letter_who_get(view_sql(v), &first, &got, &b.e), &b.e);
        CHECK(got.at == 100 && got.heard == HEARD_OF_SOFT && memcmp(got.who, back ? anna : jan, SUPPRESS_WHO) == 0);
        v = view_end(v);
    }
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_CODE(letter_who_get(view_sql(v), &none, &got, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(letter_who_count(view_sql(v), 0, anna, HEARD_OF_SOFT, 0, &count, &b.e), &b.e);
    CHECK_INT(count, 2);
    CHECK_OK(letter_who_count(view_sql(v), 0, anna, HEARD_OF_SOFT, 101, &count, &b.e), &b.e);
    CHECK_INT(count, 1);
    CHECK_OK(letter_who_count(view_sql(v), 0, anna, HEARD_OF_BOUNCE, 0, &count, &b.e), &b.e);
    CHECK_INT(count, 0);
    v = view_end(v);
    struct deed d = { .what = FORGET, .number = 300 };
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_CODE(letter_who_get(view_sql(v), &first, &got, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    bed_end(&b);
}

static bool see_pause(const struct pause_row *r, void *arg) {
    buf_printf(arg, "%lld:%s:%d:%lld:%s;", (long long)r->round, r->why, r->told, (long long)r->ended, r->by);
    return true;
}

TEST(shares_begin_anew_after_a_pause) {
    struct bed b;
    bed_start(&b);
    for (int64_t day = 1; day <= 3; day++)
        for (int twice = 0; twice < 2; twice++) {
            struct deed d = { .what = ADD, .number = day, .count = day == 3, .counts = { 50, day, 1 } };
            CHECK_OK(done(&b, 4, &d), &b.e);
        }
    struct view *v = NULL;
    struct heard_counts c;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(heard_sum(view_sql(v), 0, 1, 0, &c, &b.e), &b.e);
    CHECK(c.sent == 200 && c.bounced == 6 && c.complained == 4);
    CHECK_OK(heard_sum(view_sql(v), 0, 2, -1, &c, &b.e), &b.e);
    CHECK(c.sent == 200 && c.bounced == 10);
    CHECK_OK(heard_sum(view_sql(v), 1, 0, -1, &c, &b.e), &b.e);
    CHECK(c.sent == 0 && c.bounced == 0 && c.complained == 0);
    v = view_end(v);
    struct deed d = { .what = PAUSE, .number = 0 };
    CHECK_OK(done(&b, 4, &d), &b.e);
    d.what = TOLD;
    CHECK_OK(done(&b, 4, &d), &b.e);
    struct paused p = { .round = -1 };
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(sending_paused(view_sql(v), 0, &p, &b.e), &b.e);
    CHECK(p.open && p.round == 0 && p.since == 0);
    v = view_end(v);
    d.what = RESUME;
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK_CODE(done(&b, 4, &d), E_NOT_FOUND, &b.e);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(sending_paused(view_sql(v), 0, &p, &b.e), &b.e);
    CHECK(!p.open && p.round == 1 && p.since == 5000);
    AUTO(buf_done) struct buf text = BUF(4096);
    CHECK_OK(sending_pauses(view_sql(v), see_pause, &text, &b.e), &b.e);
    CHECK_TEXT(buf_str(&text), "0:6 % bounced:1:5000:account 7;");
    v = view_end(v);
    bed_end(&b);
}
