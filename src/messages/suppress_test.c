/* suppress_test.c — ends by the charter, who may lift what, and shares above which sending pauses. */
#include "messages/suppress.c"

#include "records/testbed.h"
#include "records/testcharters.h"

static struct suppress_wish wish(struct bed *b, const char *address, enum suppress_reason reason) {
    struct suppress_wish w = { .tenant = b->tenant, .channel = CHANNEL_EMAIL, .list = "", .reason = reason, .by = "token 7" };
    CHECK_OK(who_of(b->service, b->tenant, CHANNEL_EMAIL, address, w.who, &b->e), &b->e);
    return w;
}

TEST(a_complaint_is_lifted_by_a_person_alone) {
    struct bed b;
    bool fresh = false;
    int64_t count = -1;
    json_t *told = NULL;
    bed_start(&b, events_charter);
    struct suppress_wish w = wish(&b, "anna@people.example", SUPPRESS_COMPLAINT);
    CHECK_OK(suppress(b.service, &w, &fresh, &b.e), &b.e);
    CHECK(fresh);
    CHECK_OK(suppress(b.service, &w, &fresh, &b.e), &b.e);
    CHECK(!fresh);
    for (int i = 0; i < 2; i++) {
        w.reason = i == 0 ? SUPPRESS_COMPLAINT : SUPPRESS_LEFT;
        CHECK_OK(suppress(b.service, &w, &fresh, &b.e), &b.e);
        CHECK_CODE(suppress_lift(b.service, &w, LIFTED_BY_PROGRAM, &count, &b.e), E_FORBIDDEN, &b.e);
        CHECK_CODE(suppress_lift(b.service, &w, LIFTED_BY_NAMED, &count, &b.e), E_FIELDS, &b.e);     /* why? */
    }
    w.reason = 0;
    for (int i = LIFTED_BY_PROGRAM; i <= LIFTED_BY_ITSELF; i++) {
        CHECK_OK(suppress_lift(b.service, &w, (enum suppress_lifter)i, &count, &b.e), &b.e);
        CHECK_INT(count, 0);                 /* whoever lifts "all": never what the person said */
    }
    w.reason = SUPPRESS_LEFT;
    CHECK_OK(suppress_lift(b.service, &w, LIFTED_BY_ITSELF, &count, &b.e), &b.e);
    CHECK_INT(count, 1);
    CHECK_OK(suppressions_of(b.service, b.tenant, CHANNEL_EMAIL, w.who, &told, &b.e), &b.e);
    CHECK_INT(json_integer_value(json_object_get(json_object_get(told, "counts"), "complaint")), 1);
    usec_t until = 0;
    CHECK(time_parse(json_string_value(json_object_get(json_array_get(json_object_get(told, "items"), 0), "until")), &until));
    CHECK(until > clock_now() + 729 * USEC_PER_DAY && until < clock_now() + 732 * USEC_PER_DAY);
    json_decref(told);
    CHECK_OK(suppressions_end(b.service, b.tenant, until - 1, &b.e), &b.e);
    w.reason = SUPPRESS_COMPLAINT;
    w.why = "it was pressed by mistake";
    CHECK_OK(suppress_lift(b.service, &w, LIFTED_BY_NAMED, &count, &b.e), &b.e);
    CHECK_INT(count, 1);
    w.reason = SUPPRESS_COMPLAINT;
    CHECK_OK(suppress(b.service, &w, &fresh, &b.e), &b.e);
    CHECK_OK(suppressions_end(b.service, b.tenant, until + USEC_PER_DAY, &b.e), &b.e);
    CHECK_OK(suppressions_told(b.service, b.tenant, USEC_NEVER, 10, &told, &b.e), &b.e);
    CHECK_INT(json_array_size(json_object_get(told, "items")), 0);
    json_decref(told);
    bed_end(&b);
}

struct add { struct bed *b; usec_t went; struct heard_counts c; };
static enum code add_it(struct txn *t, void *arg, struct err *reterr) {
    struct add *a = arg;
    return shares_add(t, a->b->service, CHANNEL_EMAIL, a->went, &a->c, reterr);
}
static bool paused_by(struct bed *b, usec_t went, struct heard_counts c) {
    json_t *told = NULL;
    struct add a = { b, went, c };
    CHECK_OK(store_write(b->store, b->tenant, add_it, &a, &b->e), &b->e);
    CHECK_OK(shares_told(b->service, b->tenant, &told, &b->e), &b->e);
    bool paused = json_is_true(json_object_get(json_array_get(json_object_get(told, "channels"), 0), "paused"));
    CHECK(!json_is_true(json_object_get(json_array_get(json_object_get(told, "channels"), 1), "paused")));
    json_decref(told);
    return paused;
}

static bool paused_after(struct bed *b, struct heard_counts c) { return paused_by(b, 0, c); }

TEST(sending_pauses_above_the_shares_and_begins_anew) {
    struct bed b;
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    bed_swap(&text, "agreement: needed", "messages:\n  pause: above 5 % bounced or 0.1 % complaints\nagreement: needed");
    bed_start(&b, buf_str(&text));
    CHECK(!paused_after(&b, (struct heard_counts){ 99, 99, 0 }));    /* too few to say anything */
    CHECK(paused_after(&b, (struct heard_counts){ 1, 1, 0 }));
    CHECK_OK(sending_go_on(b.service, b.tenant, CHANNEL_EMAIL, "account 1", &b.e), &b.e);
    CHECK_CODE(sending_go_on(b.service, b.tenant, CHANNEL_EMAIL, "account 1", &b.e), E_NOT_FOUND, &b.e);
    CHECK(!paused_after(&b, (struct heard_counts){ 1000, 50, 1 }));  /* 5 % and 0.1 % are not above */
    CHECK(!paused_after(&b, (struct heard_counts){ 0, 0, 1 }));      /* two people: 0.2 %, and no share yet */
    CHECK(paused_after(&b, (struct heard_counts){ 0, 0, 1 }));
    bed_end(&b);
}

TEST(what_went_before_the_last_pause_ended_pauses_nothing_any_more) {
    struct bed b;
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    bed_swap(&text, "agreement: needed", "messages:\n  pause: above 5 % bounced or 0.1 % complaints\nagreement: needed");
    bed_start(&b, buf_str(&text));
    const usec_t before = clock_now();
    CHECK(paused_after(&b, (struct heard_counts){ 1000, 60, 0 }));
    CHECK(paused_by(&b, before, (struct heard_counts){ 0, 10, 0 }));
    CHECK_OK(sending_go_on(b.service, b.tenant, CHANNEL_EMAIL, "account 1", &b.e), &b.e);
    CHECK(!paused_after(&b, (struct heard_counts){ 100, 0, 0 }));
    CHECK(!paused_by(&b, before, (struct heard_counts){ 0, 300, 5 }));                           /* the rest of the old round trickles in */
    CHECK(!paused_by(&b, clock_now() - 8 * USEC_PER_DAY, (struct heard_counts){ 0, 300, 5 }));
    CHECK(!paused_after(&b, (struct heard_counts){ 0, 5, 0 }));
    CHECK(paused_after(&b, (struct heard_counts){ 0, 1, 0 }));
    CHECK(shares_ever(CHANNEL_EMAIL, SHARES_SENT) >= 1100 && shares_ever(CHANNEL_EMAIL, SHARES_BOUNCED) >= 676);
    bed_end(&b);
}

TEST(without_a_line_nothing_pauses) {
    struct bed b;
    bed_start(&b, events_charter);
    CHECK(!paused_after(&b, (struct heard_counts){ 200, 200, 200 }));
    bed_end(&b);
}
