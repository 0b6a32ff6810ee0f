/* letter_test.c — a letter is found by id, by cause and by its time, by nobody else's tenant, and led to as long as it is to be tried. */
#include "store/letter.c"
#include "store/testbed.h"

#define LONG_AGO (INT64_C(1300000000) * USEC_PER_SEC)     /* behind the time in the ids of these tests */
struct deed { struct letter_row row; usec_t next, before; bool put, forget; int64_t most; };
static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    int64_t count;
    return d->forget ? letters_forget(t, d->before, d->most > 0 ? d->most : 100, &count, reterr) : d->put ? letter_put(t, &d->row, d->next, reterr) : letter_set(t, &d->row, d->next, reterr);
}
static enum code run(struct bed *b, int64_t tenant, struct deed d) { return store_write(b->store, tenant, act, &d, &b->e); }

static struct letter_row letter(uint32_t n, int64_t about) {
    return (struct letter_row){ .id = id_of(n), .cause = "notice", .about = about, .made = 1000 + n, .until = 9000, .key = n + 7, .blob = "sealed", .len = 6 };
}

static bool say(const struct letter_row *r, void *arg) {
    buf_printf(arg, "%u:%s:%lld:%d:%d:%d:%s:%zu ", r->id.bytes[15], r->cause, (long long)r->about, r->state, r->tries, r->status, r->said, r->len);
    return true;
}
static bool say_next(const struct letter_next *n, void *arg) {
    buf_printf(arg, "%lld/%u@%lld%s ", (long long)n->tenant, n->id.bytes[15], (long long)n->next, n->many ? "m" : "");
    return true;
}
static bool first_only(const struct letter_next *n UNUSED, void *arg) { return ++*(int *)arg < 1; }

static void next_is(struct bed *b, usec_t until, const char *want) {
    AUTO(buf_done) struct buf got = BUF(4096);
    CHECK_OK(letters_next(b->store, CHANNEL_EMAIL, until, INT64_MIN, 100, say_next, &got, &b->e), &b->e);
    CHECK_TEXT(buf_str(&got), want);
}

static void about_is(struct bed *b, int64_t tenant, const char *cause, int64_t about, const char *want) {
    AUTO(buf_done) struct buf got = BUF(4096);
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(letters_about(view_sql(v), cause, about, say, &got, &b->e), &b->e);
    CHECK_TEXT(buf_str(&got), want);
}

static void list_is(struct bed *b, int64_t tenant, uint32_t before, const char *want) {
    AUTO(buf_done) struct buf got = BUF(4096);
    AUTO(view_end) struct view *v = NULL;
    struct uuid id = before == 0 ? (struct uuid){ { 0 } } : id_of(before);
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(letters_list(view_sql(v), &id, say, &got, &b->e), &b->e);
    CHECK_TEXT(buf_str(&got), want);
}

TEST(letters_are_led_to_until_they_are_done) {
    struct bed b;
    int seen = 0;
    bed_start(&b);
    CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = letter(1, 7), .next = 500 }), &b.e);
    CHECK_OK(run(&b, 5, (struct deed){ .put = true, .row = letter(1, 7), .next = 400 }), &b.e);          /* of another tenant, under the same id */
    CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = letter(2, 7), .next = 600 }), &b.e);
    CHECK_CODE(run(&b, 4, (struct deed){ .put = true, .row = letter(2, 7), .next = 600 }), E_CONFLICT, &b.e);
    next_is(&b, 500, "4/1@500 5/1@400 ");
    next_is(&b, USEC_NEVER, "4/1@500 4/2@600 5/1@400 ");
    CHECK_OK(letters_next(b.store, CHANNEL_EMAIL, USEC_NEVER, INT64_MIN, 100, first_only, &seen, &b.e), &b.e);
    CHECK_INT(seen, 1);
    about_is(&b, 4, "notice", 7, "1:notice:7:0:0:0::6 2:notice:7:0:0:0::6 ");
    about_is(&b, 4, "notice", 8, "");
    about_is(&b, 4, "request", 7, "");
    struct letter_row r = letter(1, 99);
    r.state = LETTER_BOUNCED;
    r.tries = 3;
    r.status = 550;
    r.said = "no such person";
    CHECK_OK(run(&b, 4, (struct deed){ .row = r, .next = 900 }), &b.e);
    next_is(&b, USEC_NEVER, "4/2@600 4/1@900 5/1@400 ");
    r.state = LETTER_OVER;
    r.len = 0;
    CHECK_OK(run(&b, 4, (struct deed){ .row = r, .next = USEC_NEVER }), &b.e);
    next_is(&b, USEC_NEVER, "4/2@600 5/1@400 ");
    list_is(&b, 4, 0, "2:notice:7:0:0:0::6 1:notice:7:5:3:550:no such person:0 ");
    list_is(&b, 4, 2, "1:notice:7:5:3:550:no such person:0 ");
    r.id = id_of(9);
    CHECK_CODE(run(&b, 4, (struct deed){ .row = r, .next = 900 }), E_NOT_FOUND, &b.e);
    next_is(&b, USEC_NEVER, "4/2@600 5/1@400 ");
    bed_end(&b);
}

/* Put off while the clock was ahead: due at once when it is set right. */
TEST(a_letter_of_a_wrong_clock_is_led_to) {
    struct bed b;
    const usec_t now = 1000 * USEC_PER_HOUR;
    AUTO(buf_done) struct buf want = BUF(200);
    bed_start(&b);
    CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = letter(1, 7), .next = now + 25 * USEC_PER_HOUR }), &b.e);
    CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = letter(2, 7), .next = now + 27 * USEC_PER_HOUR }), &b.e);
    buf_printf(&want, "4/2@%lld ", (long long)(now + 27 * USEC_PER_HOUR));
    next_is(&b, now, buf_str(&want));
    bed_end(&b);
}

/* The clock was hours ahead: what was put off by it waits no longer than it would have; what was never tried goes, or waits for its own time. */
static enum code sooner(struct txn *t, void *arg, struct err *reterr) { return letters_sooner(t, *(const usec_t *)arg - 200, *(const usec_t *)arg, reterr); }
TEST(what_was_put_off_by_a_clock_that_was_ahead_is_tried_sooner) {
    struct bed b;
    bed_start(&b);
    for (uint32_t n = 1; n <= 7; n++) {
        struct letter_row r = letter(n, 1);
        r.begins = n == 6 ? 5006 : n == 7 ? 2000 : 0;
        r.tries = n == 1 || n == 4 || n == 5;
        r.gate = n == 2 ? 7 : 0;
        CHECK_OK(run(&b, n == 5 ? 6 : 4, (struct deed){ .put = true, .row = r, .next = n == 4 ? 800 : 5000 + n }), &b.e);
    }
    usec_t latest = 1000;
    CHECK_OK(store_write(b.store, 4, sooner, &latest, &b.e), &b.e);
    next_is(&b, 9000, "4/3@800 4/4@800 4/1@1000 4/2@1000 4/7@2000 4/6@5006 6/5@5005 ");
    bed_end(&b);
}

TEST(what_is_over_is_found_as_long_as_it_has_bytes) {
    struct bed b;
    AUTO(buf_done) struct buf got = BUF(4096);
    bed_start(&b);
    for (uint32_t n = 1; n <= 3; n++) {
        struct letter_row r = letter(n, 1);
        r.until = n == 3 ? 9001 : 9000;
        r.len = n == 2 ? 0 : 6;
        CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = r, .next = USEC_NEVER }), &b.e);
    }
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(letters_over(view_sql(v), 9000, say, &got, &b.e), &b.e);
    CHECK_TEXT(buf_str(&got), "1:notice:1:0:0:0::6 ");
    v = view_end(v);
    bed_end(&b);
}

TEST(old_letters_go_when_they_are_done) {
    struct bed b;
    AUTO(buf_done) struct buf got = BUF(4096);
    bed_start(&b);
    for (uint32_t n = 1; n <= 3; n++) {
        struct letter_row r = letter(n, 1);
        r.len = n == 1 ? 6 : 0;
        CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = r, .next = n == 2 ? 100 : USEC_NEVER }), &b.e);
    }
    CHECK_OK(run(&b, 4, (struct deed){ .forget = true, .before = 1003 }), &b.e);
    list_is(&b, 4, 0, "3:notice:1:0:0:0::0 2:notice:1:0:0:0::0 1:notice:1:0:0:0::6 ");
    CHECK_OK(run(&b, 4, (struct deed){ .forget = true, .before = USEC_NEVER }), &b.e);
    list_is(&b, 4, 0, "2:notice:1:0:0:0::0 1:notice:1:0:0:0::6 ");
    struct view *v = NULL;
    struct uuid id = id_of(1), none = id_of(3);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(letter_get(view_sql(v), &id, say, &got, &b.e), &b.e);
    CHECK_TEXT(buf_str(&got), "1:notice:1:0:0:0::6 ");
    CHECK_CODE(letter_get(view_sql(v), &none, say, &got, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    bed_end(&b);
}

/* However many letters one tenant has, each look gives every other its share, and begins behind whose turn it was. */
TEST(tenants_take_turns) {
    static const struct { int64_t after; size_t share; const char *want; } rows[] = {
        { INT64_MIN, 2, "4/1@101 4/2@102 5/1@50 6/1@60 " }, { 4, 2, "5/1@50 6/1@60 4/1@101 4/2@102 " }, { 5, 1, "6/1@60 4/1@101 5/1@50 " },
        { 6, 1, "4/1@101 5/1@50 6/1@60 " }, { 9, 1, "4/1@101 5/1@50 6/1@60 " },
    };
    struct bed b;
    bed_start(&b);
    for (uint32_t i = 1; i <= 40; i++)
        CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = letter(i, 7), .next = 100 + i }), &b.e);
    CHECK_OK(run(&b, 5, (struct deed){ .put = true, .row = letter(1, 7), .next = 50 }), &b.e);
    CHECK_OK(run(&b, 6, (struct deed){ .put = true, .row = letter(1, 7), .next = 60 }), &b.e);
    CHECK_OK(run(&b, 7, (struct deed){ .put = true, .row = letter(1, 7), .next = 9000 }), &b.e);          /* not yet */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf got = BUF(4096);
        CHECK_OK(letters_next(b.store, CHANNEL_EMAIL, 500, rows[i].after, rows[i].share, say_next, &got, &b.e), &b.e);
        CHECK_TEXT(buf_str(&got), rows[i].want);
    }
    AUTO(buf_done) struct buf none = BUF(64);
    CHECK_OK(letters_next(b.store, CHANNEL_EMAIL, 49, INT64_MIN, 9, say_next, &none, &b.e), &b.e);
    CHECK_TEXT(buf_str(&none), "");
    bed_end(&b);
}

/* What is sent to one person is looked at before the letters of its tenant's campaigns, however many and how old these are; put off it is still that. */
TEST(what_is_sent_to_one_waits_behind_no_campaign) {
    struct bed b;
    bed_start(&b);
    for (uint32_t i = 1; i <= 40; i++) {
        struct letter_row r = letter(i, 7);
        r.cause = LETTER_OF_CAMPAIGN;
        CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = r, .next = 100 + i }), &b.e);
    }
    struct letter_row late = letter(50, 1);
    CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = late, .next = 450 }), &b.e);
    CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = letter(51, 1), .next = 600 }), &b.e);         /* not yet */
    CHECK_OK(run(&b, 5, (struct deed){ .put = true, .row = letter(1, 7), .next = 470 }), &b.e);
    late.tries = 1;
    CHECK_OK(run(&b, 4, (struct deed){ .row = late, .next = 460 }), &b.e);
    AUTO(buf_done) struct buf got = BUF(4096);
    CHECK_OK(letters_next(b.store, CHANNEL_EMAIL, 500, INT64_MIN, 2, say_next, &got, &b.e), &b.e);
    CHECK_TEXT(buf_str(&got), "4/50@460 4/1@101m 4/2@102m 5/1@470 ");
    bed_end(&b);
}

static bool say_message(const struct letter_row *r, void *arg) {
    buf_printf(arg, "%d:%d:%u:%u:%lld:%s:%d:%d:%s:%d", r->channel, r->kind, r->record.bytes[15], r->scope.bytes[15], (long long)r->template, r->purpose, r->doubts, r->gate, r->receipt, r->verdict);
    return true;
}
static bool over_take(const struct letter_row *r, void *arg) {
    buf_printf(arg, "%u ", r->id.bytes[15]);
    return true;
}
/* A message has no bytes of its own: it is open by its state, its columns come back, and it is forgotten once nothing leads to it. */
TEST(a_message_is_open_without_bytes) {
    struct bed b;
    AUTO(buf_done) struct buf got = BUF(4096);
    struct letter_row m = { .id = id_of(3), .cause = "campaign", .about = 7, .made = 1003, .until = 9000, .channel = CHANNEL_SMS, .kind = 12, .record = id_of(40), .scope = id_of(41), .template = 5, .purpose = "news" };
    bed_start(&b);
    CHECK(letter_is_open(&m));
    CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = m, .next = 500 }), &b.e);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(letters_over(view_sql(v), 8999, over_take, &got, &b.e), &b.e);
    CHECK_TEXT(buf_str(&got), "");
    CHECK_OK(letters_over(view_sql(v), 9000, over_take, &got, &b.e), &b.e);
    CHECK_TEXT(buf_str(&got), "3 ");
    v = view_end(v);
    CHECK_OK(run(&b, 4, (struct deed){ .forget = true, .before = LONG_AGO }), &b.e);       /* something leads to it */
    m.state = LETTER_BOUNCED;
    m.doubts = 2;
    m.gate = 3;
    m.receipt = "r-1";
    m.verdict = 5;
    CHECK(!letter_is_open(&m));
    CHECK_OK(run(&b, 4, (struct deed){ .row = m, .next = USEC_NEVER }), &b.e);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    buf_cut(&got, 0);
    CHECK_OK(letters_over(view_sql(v), 9000, over_take, &got, &b.e), &b.e);
    CHECK_TEXT(buf_str(&got), "");
    CHECK_OK(letter_get(view_sql(v), &m.id, say_message, &got, &b.e), &b.e);
    CHECK_TEXT(buf_str(&got), "1:12:40:41:5:news:2:3:r-1:5");
    v = view_end(v);
    CHECK_OK(run(&b, 4, (struct deed){ .forget = true, .before = LONG_AGO }), &b.e);
    list_is(&b, 4, 0, "");
    bed_end(&b);
}

/* Messages alone, by record, by cause and by state, page by page. */
TEST(messages_are_found) {
    struct bed b;
    bed_start(&b);
    for (uint32_t n = 1; n <= 6; n++) {
        struct letter_row r = letter(n, n <= 4 ? 7 : 8);
        r.cause = n == 6 ? "api" : "campaign";
        r.kind = n == 1 ? 0 : 12;                    /* the first is a letter of a duty */
        r.record = id_of(n % 2 == 0 ? 40 : 41);
        r.state = n == 4 ? LETTER_SENT : LETTER_WAITING;
        CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = r, .next = 500 }), &b.e);
    }
    static const struct { int32_t kind; uint32_t record; const char *cause; int64_t about; int state; uint32_t before; const char *want; } rows[] = {
        { 0, 0, NULL, 0, -1, 0, "6 5 4 3 2 " }, { 0, 0, NULL, 0, LETTER_SENT, 0, "4 " }, { 0, 0, NULL, 0, -1, 4, "3 2 " }, { 12, 40, NULL, 0, -1, 0, "6 4 2 " }, { 13, 40, NULL, 0, -1, 0, "" },
        { 12, 40, "campaign", 7, -1, 0, "4 2 " }, { 12, 40, "campaign", 7, LETTER_WAITING, 0, "2 " }, { 0, 0, "campaign", 7, -1, 0, "4 3 2 " }, { 0, 0, "campaign", 8, -1, 0, "5 " }, { 0, 0, "api", 8, -1, 6, "" },
    };
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf got = BUF(4096);
        const struct letter_filter f = { rows[i].kind, rows[i].record == 0 ? (struct uuid){ { 0 } } : id_of(rows[i].record), rows[i].cause, rows[i].about, rows[i].state };
        struct uuid before = rows[i].before == 0 ? (struct uuid){ { 0 } } : id_of(rows[i].before);
        CHECK_OK(letters_find(view_sql(v), &f, &before, over_take, &got, &b.e), &b.e);
        CHECK_TEXT(buf_str(&got), rows[i].want);
    }
    v = view_end(v);
    bed_end(&b);
}

/* A few rows of many are found by what they are, not by reading all: whoever adds a column to a question sees it here. */
static void plan_is(struct bed *b, const char *explain, const char *index, bool sorts) {
    AUTO(buf_done) struct buf plan = BUF(16384);
    struct stmt *s;
    bool row = false;
    CHECK_OK(db_prepare(b->store->writer.sql.records, explain, &s, &b->e), &b->e);
    while (stmt_step(s, &row, &b->e) == OK && row)
        buf_printf(&plan, "%s; ", col_text(s, 3));
    if (strstr(buf_str(&plan), index) == NULL)
        fprintf(stderr, "for %s: %s\n", index, buf_str(&plan));
    CHECK(strstr(buf_str(&plan), index) != NULL);
    CHECK((strstr(buf_str(&plan), "TEMP B-TREE") != NULL) == sorts && strstr(buf_str(&plan), "SCAN letter") == NULL);
}
TEST(what_is_open_or_went_wrong_has_an_index_of_its_own) {
    struct bed b;
    bed_start(&b);
    plan_is(&b, "EXPLAIN QUERY PLAN " FIND_OPEN, "letter_open (tenant=? AND id<?)", false);
    plan_is(&b, "EXPLAIN QUERY PLAN " FIND_ENDED, "letter_ended (tenant=? AND state=? AND id<?)", false);
    plan_is(&b, "EXPLAIN QUERY PLAN " OVER_MESSAGES, "letter_open (tenant=?)", false);
    plan_is(&b, "EXPLAIN QUERY PLAN " OVER_DUTIES, "letter_duty (tenant=? AND until<?)", false);
    plan_is(&b, "EXPLAIN QUERY PLAN " OVER_HELD, "letter_open (tenant=?)", false);
    bed_end(&b);
}

/* Messages of a campaign that pauses lead to nobody who delivers; what is forgotten goes a few at a time, and never what is still open. */
TEST(what_is_held_is_found_when_its_time_is_over_and_not_forgotten_before) {
    struct bed b;
    AUTO(buf_done) struct buf got = BUF(4096);
    struct view *v = NULL;
    static const struct { enum letter_state state; usec_t until, next; } rows[] = {
        { LETTER_WAITING, 9000, USEC_NEVER }, { LETTER_WAITING, 9001, USEC_NEVER }, { LETTER_WAITING, 9000, 500 }, { LETTER_SENDING, 9000, USEC_NEVER }, { LETTER_SENT, 9000, USEC_NEVER }, { LETTER_OVER, 9000, USEC_NEVER }, { LETTER_BOUNCED, 9000, USEC_NEVER },
    };
    bed_start(&b);
    for (uint32_t n = 0; n < ARRAY_LEN(rows); n++) {
        struct letter_row r = letter(n + 1, 7);
        r.kind = 12;
        r.len = 0;
        r.key = 0;
        r.state = rows[n].state;
        r.until = rows[n].until;
        CHECK_OK(run(&b, 4, (struct deed){ .put = true, .row = r, .next = rows[n].next }), &b.e);
    }
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(letters_held_over(view_sql(v), 9000, over_take, &got, &b.e), &b.e);
    CHECK_TEXT(buf_str(&got), "1 ");
    v = view_end(v);
    CHECK_OK(run(&b, 4, (struct deed){ .forget = true, .before = LONG_AGO, .most = 2 }), &b.e);
    list_is(&b, 4, 0, "7:notice:7:3:0:0::0 4:notice:7:1:0:0::0 3:notice:7:0:0:0::0 2:notice:7:0:0:0::0 1:notice:7:0:0:0::0 ");
    CHECK_OK(run(&b, 4, (struct deed){ .forget = true, .before = LONG_AGO, .most = 2 }), &b.e);
    list_is(&b, 4, 0, "4:notice:7:1:0:0::0 3:notice:7:0:0:0::0 2:notice:7:0:0:0::0 1:notice:7:0:0:0::0 ");
    bed_end(&b);
}
