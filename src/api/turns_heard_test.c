/* turns_heard_test.c — what is over by a clock that is in doubt stays until the clock is confirmed: who complained, whom letters went to, what a day cost. */
#include "api/turns_heard.c"

#include "access/people.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "retention/clock.h"
#include "store/sms.h"

#define SPENT_DAY 20190401
struct old { struct uuid letter, sms; uint8_t who[SUPPRESS_WHO]; };
static enum code old_put(struct txn *t, void *arg, struct err *reterr) {
    const struct old *o = arg;
    struct suppressed_row r = { .list = "", .reason = SUPPRESS_COMPLAINT, .since = 10, .until = 20, .by = "sejf" };
    struct letter_who w = { .letter = o->letter, .at = 10 };
    bool flag = false;
    memcpy(r.who, o->who, sizeof r.who);
    memcpy(w.who, o->who, sizeof w.who);
    enum code code = suppressed_put(t, &r, &flag, reterr);
    if (code == OK)
        code = letter_who_put(t, &w, reterr);
    if (code == OK)
        code = heard_add(t, CHANNEL_EMAIL, 1, 0, &(struct heard_counts){ .sent = 1 }, reterr);
    return code == OK ? sms_spend_take(t, &o->sms, SPENT_DAY, 7, INT64_MAX, &flag, reterr) : code;
}

static bool one_more(const struct suppressed_row *r UNUSED, void *arg) {
    ++*(int *)arg;
    return true;
}
/* How many of the four are still there. */
static int left(struct bed *b, const struct old *o) {
    AUTO(view_end) struct view *v = NULL;
    struct letter_who w;
    struct heard_counts c = { 0 };
    struct sms_spend spent = { 0 };
    int count = 0;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(suppressed_of(view_sql(v), CHANNEL_EMAIL, o->who, 15, one_more, &count, &b->e), &b->e);
    count += letter_who_get(view_sql(v), &o->letter, &w, &b->e) == OK;
    CHECK_OK(heard_sum(view_sql(v), CHANNEL_EMAIL, 0, 0, &c, &b->e), &b->e);
    CHECK_OK(sms_spend_of(view_sql(v), SPENT_DAY, &spent, &b->e), &b->e);
    return count + (c.sent == 1) + (spent.spent == 7);
}

TEST(a_clock_in_doubt_forgets_nothing) {
    static enum code (*const turns[])(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) = { turn_suppressed, turn_sms_forget, job_campaigns_forget, job_webhooks_forget, job_mail_forget };
    struct bed b;
    struct old o = { .letter = uuid_new(), .sms = uuid_new(), .who = { 1, 2 } };
    struct people *people = NULL;
    bool was = false;
    bed_start(&b, events_charter);
    struct service *services[] = { b.service };
    CHECK_OK(people_open(&(struct people_options){ .store = b.store, .keeper = b.keeper, .services = services, .service_count = 1, .base_url = "https://seats.example" }, &people, &b.e), &b.e);
    struct api a = { .services = services, .service_count = 1, .people = people, .config = { .store = b.store, .keeper = b.keeper } };
    CHECK_OK(store_write(b.store, b.tenant, old_put, &o, &b.e), &b.e);
    const usec_t now = clock_now();
    CHECK_OK(clock_hold(b.store, now - 800 * USEC_PER_DAY, now, &b.e), &b.e);
    for (int confirmed = 0; confirmed < 2; confirmed++) {
        for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
            usec_t next = 0;
            CHECK_OK(turns[i](&a, now, &next, &b.e), &b.e);
            CHECK(confirmed ? next >= now + USEC_PER_HOUR : next == now + 10 * USEC_PER_MINUTE);
        }
        CHECK_INT(left(&b, &o), confirmed ? 0 : 4);
        CHECK_OK(clock_confirm(b.store, "account 1", &was, &b.e), &b.e);
    }
    people = people_close(people);
    bed_end(&b);
}
