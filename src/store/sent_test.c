/* sent_test.c — what counts for a person and a day counts once, up to the most; refusals add up by day; both are forgotten by day. */
#include "store/sent.c"
#include "store/testbed.h"

struct asked { struct sent w; int64_t most; bool taken; };
static enum code take(struct txn *t, void *arg, struct err *reterr) {
    struct asked *a = arg;
    return sent_take(t, &a->w, a->most, &a->taken, reterr);
}
static enum code drop(struct txn *t, void *arg, struct err *reterr) { return sent_drop(t, arg, reterr); }
static enum code forget_before(struct txn *t, void *arg, struct err *reterr) {
    enum code code = sent_forget(t, *(int64_t *)arg, reterr);
    return code == OK ? refusals_forget(t, *(int64_t *)arg, reterr) : code;
}
static enum code add(struct txn *t, void *arg, struct err *reterr) { return refusals_add(t, arg, reterr); }

static bool taken(struct bed *b, int64_t tenant, struct sent w, int64_t most) {
    struct asked a = { w, most, false };
    CHECK_OK(store_write(b->store, tenant, take, &a, &b->e), &b->e);
    return a.taken;
}
static int64_t counted(struct bed *b, int64_t tenant, struct sent w, bool *ret_this) {
    AUTO(view_end) struct view *v = NULL;
    int64_t n = -1;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(sent_count(view_sql(v), &w, 2, &n, ret_this, &b->e), &b->e);
    return n;
}
static struct sent of(int64_t day, enum channel channel, uint8_t who, uint8_t letter) {
    return (struct sent){ day, channel, { who }, { { letter } } };
}

TEST(a_message_counts_once_and_the_most_is_exact) {
    struct bed b;
    bool this_one = false;
    bed_start(&b);
    CHECK(taken(&b, 1, of(20261122, CHANNEL_EMAIL, 7, 1), 2) && taken(&b, 1, of(20261122, CHANNEL_EMAIL, 7, 1), 2));
    CHECK(taken(&b, 1, of(20261122, CHANNEL_EMAIL, 7, 2), 2) && !taken(&b, 1, of(20261122, CHANNEL_EMAIL, 7, 3), 2));
    CHECK(taken(&b, 1, of(20261122, CHANNEL_EMAIL, 7, 2), 2));                       /* one that counts passes again, though the day is full */
    CHECK(counted(&b, 1, of(20261122, CHANNEL_EMAIL, 7, 2), &this_one) == 1 && this_one);
    CHECK(counted(&b, 1, of(20261122, CHANNEL_EMAIL, 7, 3), &this_one) == 2 && !this_one);
    CHECK(taken(&b, 1, of(20261123, CHANNEL_EMAIL, 7, 3), 2));                       /* another day, channel, person, tenant: its own */
    CHECK(taken(&b, 1, of(20261122, CHANNEL_SMS, 7, 3), 2) && taken(&b, 1, of(20261122, CHANNEL_EMAIL, 8, 3), 2) && taken(&b, 2, of(20261122, CHANNEL_EMAIL, 7, 3), 2));
    struct sent back = of(20261122, CHANNEL_EMAIL, 7, 1);
    CHECK_OK(store_write(b.store, 1, drop, &back, &b.e), &b.e);
    CHECK(taken(&b, 1, of(20261122, CHANNEL_EMAIL, 7, 3), 2) && !taken(&b, 1, of(20261122, CHANNEL_EMAIL, 7, 4), 2));
    CHECK(!taken(&b, 1, of(20261122, CHANNEL_EMAIL, 9, 1), 0));
    bed_end(&b);
}

struct sum { char text[256]; size_t n; };
static bool sum_up(const struct refusals *r, void *arg) {
    struct sum *s = arg;
    s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%lld/%d/%d=%lld", (long long)r->day, (int)r->channel, r->gate, (long long)r->count);
    s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, r->put_off == 0 ? " " : "+%lld ", (long long)r->put_off);
    return true;
}
static const char *all(struct bed *b, int64_t tenant, int64_t from, struct sum *s) {
    AUTO(view_end) struct view *v = NULL;
    *s = (struct sum){ .text = "" };
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(refusals_list(view_sql(v), from, sum_up, s, &b->e), &b->e);
    return s->text;
}

TEST(refusals_add_up_and_days_are_forgotten) {
    struct bed b;
    struct sum s;
    bool this_one = true;
    bed_start(&b);
    const struct refusals list[] = { { 20261122, CHANNEL_EMAIL, 6, 1, 0 }, { 20261122, CHANNEL_EMAIL, 6, 2, 0 }, { 20261123, CHANNEL_SMS, 0, 1, 0 }, { 20261122, CHANNEL_EMAIL, 1, 1, 0 },
                                      { 20261122, CHANNEL_EMAIL, 6, 0, 1 }, { 20261122, CHANNEL_EMAIL, 6, 0, 4 }, { 20261122, CHANNEL_EMAIL, 7, 0, 2 } };
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        struct refusals r = list[i];
        CHECK_OK(store_write(b.store, 1, add, &r, &b.e), &b.e);
    }
    CHECK(taken(&b, 1, of(20261122, CHANNEL_EMAIL, 7, 1), 2));
    CHECK_TEXT(all(&b, 1, 0, &s), "20261123/1/0=1 20261122/0/1=1 20261122/0/6=3+5 20261122/0/7=0+2 ");
    CHECK_TEXT(all(&b, 1, 20261123, &s), "20261123/1/0=1 ");
    CHECK_TEXT(all(&b, 2, 0, &s), "");
    int64_t day = 20261123;
    CHECK_OK(store_write(b.store, 1, forget_before, &day, &b.e), &b.e);
    CHECK_TEXT(all(&b, 1, 0, &s), "20261123/1/0=1 ");
    CHECK(counted(&b, 1, of(20261122, CHANNEL_EMAIL, 7, 1), &this_one) == 0 && !this_one);
    bed_end(&b);
}
