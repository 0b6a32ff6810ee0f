/* sms_test.c — no cap is passed, days and tenants are apart, and exceptions end by themselves and by hand. */
#include "store/sms.c"
#include "store/testbed.h"

struct deed { enum { TAKE_IT, BACK, NOTE, WARN, FORGET, ALLOW, END } what; struct uuid letter; int64_t day, cost, cap, number; bool taken; struct sms_exception x; };
static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    switch (d->what) {
    case TAKE_IT: return sms_spend_take(t, &d->letter, d->day, d->cost, d->cap, &d->taken, reterr);
    case BACK: return sms_spend_back(t, &d->letter, reterr);
    case NOTE: return sms_exception_note(t, &d->letter, d->number, &d->taken, reterr);
    case WARN: return sms_spend_warned(t, d->day, 77, reterr);
    case FORGET: return sms_spend_forget(t, d->day, reterr);
    case ALLOW: return sms_exception_add(t, &d->x, &d->number, reterr);
    case END: return sms_exception_end(t, d->number, reterr);
    }
    return OK;
}
static enum code done(struct bed *b, int64_t tenant, struct deed *d) { return store_write(b->store, tenant, act, d, &b->e); }

static bool take_for(struct bed *b, int64_t tenant, const struct uuid *letter, int64_t day, int64_t cost, int64_t cap) {
    struct deed d = { .what = TAKE_IT, .letter = *letter, .day = day, .cost = cost, .cap = cap };
    CHECK_OK(done(b, tenant, &d), &b->e);
    return d.taken;
}

static bool take(struct bed *b, int64_t tenant, int64_t day, int64_t cost, int64_t cap) {
    const struct uuid letter = uuid_new();
    return take_for(b, tenant, &letter, day, cost, cap);
}

static struct sms_spend spent(struct bed *b, int64_t tenant, int64_t day) {
    AUTO(view_end) struct view *v = NULL;
    struct sms_spend s = { .day = 0 };
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(sms_spend_of(view_sql(v), day, &s, &b->e), &b->e);
    CHECK_INT(s.day, day);
    return s;
}

static bool days(const struct sms_spend *s, void *arg) {
    buf_printf(arg, "%lld:%lld;", (long long)s->day, (long long)s->spent);
    return true;
}

TEST(a_cap_is_never_passed) {
    struct bed b;
    bed_start(&b);
    CHECK_INT(spent(&b, 4, 20261122).spent, 0);
    CHECK(!take(&b, 4, 20261122, 101, 100));
    CHECK_INT(spent(&b, 4, 20261122).spent, 0);
    CHECK(take(&b, 4, 20261122, 60, 100) && take(&b, 4, 20261122, 40, 100) && !take(&b, 4, 20261122, 1, 100) && take(&b, 4, 20261122, 0, 100));
    CHECK_INT(spent(&b, 4, 20261122).spent, 100);
    CHECK(take(&b, 4, 20261123, 100, 100) && take(&b, 5, 20261122, 100, 100) && take(&b, 5, 20261122, 1, INT64_MAX));
    CHECK(!take(&b, 4, 20261122, 0, 0) || spent(&b, 4, 20261122).spent == 100);
    struct deed d = { 0 };
    d = (struct deed){ .what = WARN, .day = 20261123 };
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK(spent(&b, 4, 20261123).warned == 77 && spent(&b, 4, 20261122).warned == 0);
    AUTO(buf_done) struct buf text = BUF(1024);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(sms_spend_list(view_sql(v), 0, days, &text, &b.e), &b.e);
    CHECK_TEXT(buf_str(&text), "20261123:100;20261122:100;");
    v = view_end(v);
    d = (struct deed){ .what = FORGET, .day = 20261123 };
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK(spent(&b, 4, 20261123).spent == 100 && spent(&b, 5, 20261122).spent == 101);
    bed_end(&b);
}

TEST(a_letter_counts_once_a_day) {
    struct bed b;
    const struct uuid one = uuid_new(), two = uuid_new();
    bed_start(&b);
    CHECK(take_for(&b, 4, &one, 20261122, 30, 100) && take_for(&b, 4, &one, 20261122, 30, 100) && take_for(&b, 4, &one, 20261122, 20, 100));
    CHECK_INT(spent(&b, 4, 20261122).spent, 30);
    CHECK(take_for(&b, 4, &one, 20261122, 60, 100));         /* its text grew */
    CHECK_INT(spent(&b, 4, 20261122).spent, 60);
    CHECK(take_for(&b, 4, &two, 20261122, 40, 100) && !take_for(&b, 4, &one, 20261122, 61, 100) && take_for(&b, 4, &one, 20261122, 60, 100));
    CHECK(take_for(&b, 4, &one, 20261123, 60, 100));         /* it goes on another day */
    CHECK(spent(&b, 4, 20261122).spent == 40 && spent(&b, 4, 20261123).spent == 60);      /* and not on the first */
    CHECK(!take_for(&b, 4, &one, 20261124, 101, 100) && spent(&b, 4, 20261123).spent == 60);
    struct deed d = { .what = BACK, .letter = two };
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK_INT(spent(&b, 4, 20261122).spent, 0);
    d = (struct deed){ .what = NOTE, .letter = one, .number = 3 };
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK(d.taken);                          /* an exception is known of it now */
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK(!d.taken);
    CHECK(take_for(&b, 4, &one, 20261123, 61, 100));
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK(!d.taken);
    d.number = 4;
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK(d.taken);
    d.letter = two;                          /* nothing is taken for it */
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK(!d.taken);
    d = (struct deed){ .what = FORGET, .day = 20261124 };
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK(take_for(&b, 4, &one, 20261123, 100, 100) && spent(&b, 4, 20261123).spent == 100);
    bed_end(&b);
}

static bool see(const struct sms_exception *x, void *arg) {
    buf_printf(arg, "%lld %s %s %s%s;", (long long)x->number, x->prefix, x->whose, x->why, x->ended == 0 ? "" : " ended");
    return true;
}
static void stand(struct bed *b, int64_t tenant, usec_t now /* -1: all */, const char *want) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(buf_done) struct buf text = BUF(4096);
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(now < 0 ? sms_exceptions_list(view_sql(v), see, &text, &b->e) : sms_exceptions_at(view_sql(v), now, see, &text, &b->e), &b->e);
    CHECK_TEXT(buf_str(&text), want);
}

TEST(exceptions_end_by_themselves_and_by_hand) {
    struct bed b;
    bed_start(&b);
    usec_t now = clock_now();
    struct deed d = { .what = ALLOW, .x = { .prefix = "+43", .until = now + USEC_PER_DAY, .whose = "account 1", .why = "a fair in Linz" } };
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK_INT(d.number, 1);
    d.x = (struct sms_exception){ .prefix = "+380", .until = now + 2 * USEC_PER_DAY, .whose = "account 2", .why = "drivers" };
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK_INT(d.number, 2);
    stand(&b, 4, now, "1 +43 account 1 a fair in Linz;2 +380 account 2 drivers;");
    stand(&b, 5, now, "");
    stand(&b, 4, now + USEC_PER_DAY, "2 +380 account 2 drivers;");
    stand(&b, 4, now + 2 * USEC_PER_DAY, "");
    d = (struct deed){ .what = END, .number = 2 };
    CHECK_CODE(done(&b, 5, &d), E_NOT_FOUND, &b.e);
    CHECK_OK(done(&b, 4, &d), &b.e);
    CHECK_CODE(done(&b, 4, &d), E_NOT_FOUND, &b.e);
    stand(&b, 4, now, "1 +43 account 1 a fair in Linz;");
    stand(&b, 4, -1, "2 +380 account 2 drivers ended;1 +43 account 1 a fair in Linz;");
    bed_end(&b);
}
