/* closing_test.c — asked for by the owner, taken back, held up by a person's hold, done in steps that can be done again; and what a law keeps stays. */
#include "retention/closing.c"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "retention/hold.h"

struct stage { struct bed b; struct caller boss; struct uuid event, invoice; int left, fail; };

static enum code leave(void *arg, int64_t tenant UNUSED, struct err *reterr) {
    struct stage *s = arg;
    s->left++;
    return s->fail-- > 0 ? err_set(reterr, E_BUSY, "cut off") : OK;
}
static void stage_start(struct stage *s) {
    json_t *got = NULL;
    char id[UUID_TEXT], email[64];
    *s = (struct stage){ .left = 0 };
    bed_start(&s->b, events_charter);
    s->boss = bed_role(&s->b, s->b.tenant, "organiser");
    CHECK_OK(bed_make(&s->b, &s->boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2030-03-01T18:00:00Z", "ends", "2030-03-01T21:00:00Z"), &got), &s->b.e);
    s->event = id_of(got);
    json_decref(got);
    for (int i = 0; i < 3; i++) {
        snprintf(email, sizeof email, "o%d@poczta.example", i);
        CHECK_OK(bed_make(&s->b, &s->boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&s->event, id), "name", "Ewa", "email", email), &got), &s->b.e);
        json_decref(got);
    }
    CHECK_OK(bed_make(&s->b, &s->boss, "invoice", json_pack("{s:s,s:s,s:s,s:{s:s,s:s}}", "event", uuid_format(&s->event, id), "issued", "2026-11-02", "buyer", "Ewa", "total", "amount",
                                                           "9.00", "currency", "PLN"), &got), &s->b.e);
    s->invoice = id_of(got);
    json_decref(got);
}
static int64_t left(struct stage *s, const char *kind) {
    AUTO(view_end) struct view *v = NULL;
    int64_t n = -1;
    CHECK_OK(store_view(s->b.store, s->b.tenant, &v, &s->b.e), &s->b.e);
    CHECK_OK(rows_count(view_sql(v), service_kind(s->b.service, charter_kind(s->b.charter, kind))->number, NULL, &n, &s->b.e), &s->b.e);
    return n;
}
static enum code run(struct stage *s, bool *ret_done) {
    const struct closing_people people = { leave, s };
    return closing_run(s->b.service, s->b.tenant, &people, ret_done, &s->b.e);
}
static char *stands(struct stage *s, char ret[16]) {
    json_t *now = NULL;
    CHECK_OK(closing_told(s->b.service, &s->boss, &now, &s->b.e), &s->b.e);
    snprintf(ret, 16, "%s", text_at(now, "state", NULL));
    json_decref(now);
    return ret;
}

TEST(an_account_closes_by_its_owners_word_and_is_taken_back) {
    struct stage s;
    json_t *now = NULL;
    bool done = true;
    char text[16];
    stage_start(&s);
    struct caller door = bed_role(&s.b, s.b.tenant, "door");
    struct closing_wish w = { .on = "2020-01-01" };
    CHECK_TEXT(stands(&s, text), "open");
    CHECK_CODE(closing_ask(s.b.service, &s.boss, &w, &now, &s.b.e), E_FIELDS, &s.b.e);
    w = (struct closing_wish){ .on = "2099-01-01" };
    CHECK_CODE(closing_ask(s.b.service, &s.boss, &w, &now, &s.b.e), E_FIELDS, &s.b.e);
    w = (struct closing_wish){ .on = "2027-01-01", .now = true };
    CHECK_CODE(closing_ask(s.b.service, &s.boss, &w, &now, &s.b.e), E_FIELDS, &s.b.e);
    w = (struct closing_wish){ .now = false };
    CHECK_CODE(closing_ask(s.b.service, &door, &w, &now, &s.b.e), E_FORBIDDEN, &s.b.e);
    CHECK_CODE(closing_back(s.b.service, &s.boss, &now, &s.b.e), E_CONFLICT, &s.b.e);
    CHECK_OK(closing_ask(s.b.service, &s.boss, &w, &now, &s.b.e), &s.b.e);
    json_decref(now);
    CHECK_CODE(closing_ask(s.b.service, &s.boss, &w, &now, &s.b.e), E_CONFLICT, &s.b.e);
    CHECK_OK(run(&s, &done), &s.b.e);
    CHECK(!done && s.left == 0);               /* its day has not come */
    CHECK_OK(closing_back(s.b.service, &s.boss, &now, &s.b.e), &s.b.e);
    json_decref(now);
    CHECK_TEXT(stands(&s, text), "open");
    CHECK_OK(run(&s, &done), &s.b.e);
    CHECK(!done && left(&s, "registration") == 3);
    bed_end(&s.b);
}

TEST(everything_goes_but_what_a_law_keeps) {
    struct stage s;
    json_t *now = NULL, *held = NULL;
    bool done = true;
    char text[16];
    stage_start(&s);
    struct closing_wish w = { .now = true };
    struct hold_wish h = { .kind = charter_kind(s.b.charter, "event"), .id = s.event, .why = "spór" };
    CHECK_OK(hold_set(s.b.service, &s.boss, &h, &held, &s.b.e), &s.b.e);
    CHECK_OK(closing_ask(s.b.service, &s.boss, &w, &now, &s.b.e), &s.b.e);
    CHECK_INT(json_integer_value(json_object_get(now, "holds")), 1);
    json_decref(now);
    CHECK_OK(run(&s, &done), &s.b.e);
    CHECK(!done && left(&s, "event") == 1);    /* a person lifts first what a person holds */
    json_decref(held);
    CHECK_OK(hold_end(s.b.service, &s.boss, 1, &held, &s.b.e), &s.b.e);
    json_decref(held);
    s.fail = 1;
    CHECK_CODE(run(&s, &done), E_BUSY, &s.b.e);       /* cut off: it goes on */
    CHECK_TEXT(stands(&s, text), "going");
    CHECK_CODE(closing_back(s.b.service, &s.boss, &now, &s.b.e), E_CONFLICT, &s.b.e);
    CHECK_OK(run(&s, &done), &s.b.e);
    CHECK(done && s.left == 2);
    CHECK_TEXT(stands(&s, text), "gone");
    CHECK(left(&s, "event") == 0 && left(&s, "registration") == 0 && left(&s, "invoice") == 1);
    CHECK_OK(bed_read(&s.b, &s.boss, "invoice", &s.invoice, &now), &s.b.e);
    json_decref(now);
    CHECK_OK(run(&s, &done), &s.b.e);
    CHECK(!done && s.left == 2);               /* once */
    bed_end(&s.b);
}

static enum code put(struct txn *t, void *arg, struct err *e) { return closing_put(t, arg, e); }
TEST(a_clock_in_doubt_brings_no_day_but_what_was_asked_for_at_once_goes) {
    struct stage s;
    json_t *now = NULL;
    bool done = true, was = false;
    stage_start(&s);
    struct closing_row row = { .state = CLOSING_ASKED, .asked = clock_now() - 5 * USEC_PER_DAY, .goes = clock_now() - USEC_PER_DAY, .by = "token 1" };
    CHECK_OK(store_write(s.b.store, s.b.tenant, put, &row, &s.b.e), &s.b.e);
    CHECK_OK(clock_hold(s.b.store, clock_now() - 3 * USEC_PER_DAY, clock_now(), &s.b.e), &s.b.e);
    CHECK_OK(run(&s, &done), &s.b.e);
    CHECK(!done && left(&s, "registration") == 3 && s.left == 0);
    CHECK_OK(closing_back(s.b.service, &s.boss, &now, &s.b.e), &s.b.e);
    json_decref(now);
    CHECK_OK(closing_ask(s.b.service, &s.boss, &(struct closing_wish){ .now = true }, &now, &s.b.e), &s.b.e);
    json_decref(now);
    CHECK_OK(run(&s, &done), &s.b.e);
    CHECK(done && left(&s, "registration") == 0);
    CHECK_OK(clock_confirm(s.b.store, "sejf", &was, &s.b.e), &s.b.e);
    bed_end(&s.b);
}

/* Set when the look at holds was over, and before the going began. */
TEST(a_hold_that_comes_late_is_seen_or_refused) {
    struct stage s;
    json_t *held = NULL;
    struct begin begin = { true };
    stage_start(&s);
    struct hold_wish h = { .kind = charter_kind(s.b.charter, "event"), .id = s.event, .why = "spór" };
    struct closing_row row = { .state = CLOSING_ASKED, .asked = clock_now() - 5 * USEC_PER_DAY, .goes = clock_now() - USEC_PER_DAY, .by = "token 1" };
    CHECK_OK(store_write(s.b.store, s.b.tenant, put, &row, &s.b.e), &s.b.e);
    CHECK_OK(hold_set(s.b.service, &s.boss, &h, &held, &s.b.e), &s.b.e);
    json_decref(held);
    CHECK_OK(store_write(s.b.store, s.b.tenant, begin_write, &begin, &s.b.e), &s.b.e);
    CHECK(!begin.goes);
    CHECK_OK(hold_end(s.b.service, &s.boss, 1, &held, &s.b.e), &s.b.e);
    json_decref(held);
    CHECK_OK(store_write(s.b.store, s.b.tenant, begin_write, &begin, &s.b.e), &s.b.e);
    CHECK(begin.goes);
    CHECK_CODE(hold_set(s.b.service, &s.boss, &h, &held, &s.b.e), E_CONFLICT, &s.b.e);
    bed_end(&s.b);
}

static enum code spoil(struct txn *t, void *arg, struct err *e) {
    const struct retire_id *one = arg;
    struct row row;
    enum code code = row_get(txn_sql(t), one->kind, &one->id, &row, e);
    row.clear = "{\"status\":";
    row.number = NULL;
    return code == OK ? row_put(t, &row, e) : code;
}
TEST(one_that_cannot_be_read_stops_no_other_and_is_told) {
    struct stage s;
    json_t *now = NULL, *got = NULL;
    bool done = true;
    char text[16];
    stage_start(&s);
    CHECK_OK(bed_make(&s.b, &s.boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bal", "starts", "2030-03-01T18:00:00Z", "ends", "2030-03-01T21:00:00Z"), &got), &s.b.e);
    struct retire_id bad = { service_kind(s.b.service, charter_kind(s.b.charter, "event"))->number, id_of(got) };
    json_decref(got);
    CHECK_OK(store_write(s.b.store, s.b.tenant, spoil, &bad, &s.b.e), &s.b.e);
    CHECK_OK(closing_ask(s.b.service, &s.boss, &(struct closing_wish){ .now = true }, &now, &s.b.e), &s.b.e);
    json_decref(now);
    CHECK_CODE(run(&s, &done), E_DAMAGED, &s.b.e);
    CHECK(!done && left(&s, "event") == 1 && left(&s, "registration") == 0);
    CHECK_TEXT(stands(&s, text), "going");
    bed_end(&s.b);
}
