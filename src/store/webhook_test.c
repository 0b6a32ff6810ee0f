/* webhook_test.c — who is looked at and when, in which order, and what goes with a webhook. */
#include "store/webhook.c"

#include "store/rows.h"
#include "store/testbed.h"

enum deed_is { PUTS, SETS, DROPS, DELIVERS, OVERTAKES, FORGETS, CHANGES };
struct deed { enum deed_is is; struct webhook_row row; usec_t next; struct delivery_row delivery; usec_t before; bool more; };
static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    int64_t change;
    switch (d->is) {
    case PUTS: return webhook_put(t, &d->row, reterr);
    case SETS: return webhook_set(t, &d->row, d->next, reterr);
    case DROPS: return webhook_drop(t, d->row.number, reterr);
    case DELIVERS: return delivery_put(t, &d->delivery, reterr);
    case OVERTAKES: return deliveries_overtake(t, d->row.number, d->delivery.change, reterr);
    case FORGETS: return deliveries_forget(t, d->row.number, d->before, &d->more, reterr);
    case CHANGES: return txn_change(t, &change, reterr);
    }
    return E_INTERNAL;
}
static void put(struct bed *b, int64_t tenant, int64_t number, enum webhook_state state, int64_t reached) {
    struct deed d = { .is = PUTS, .row = { .number = number, .state = state, .reached = reached, .key = 7, .blob = "sealed", .len = 6 } };
    CHECK_OK(store_write(b->store, tenant, act, &d, &b->e), &b->e);
}
static void change(struct bed *b, int64_t tenant) {
    struct deed d = { .is = CHANGES };
    CHECK_OK(store_write(b->store, tenant, act, &d, &b->e), &b->e);
}
struct seen { int64_t list[16]; size_t count, most; };
static bool see(int64_t tenant, int64_t number, void *arg) {
    struct seen *s = arg;
    s->list[s->count++] = tenant * 10 + number;
    return s->count < s->most;
}
static struct seen look(struct bed *b, usec_t until, int64_t after, size_t most) {
    struct seen s = { .most = most };
    CHECK_OK(webhooks_next(b->store, until, after, see, &s, &b->e), &b->e);
    return s;
}
static bool state_of(const struct delivery_row *r, void *arg) {
    int64_t *sum = arg;
    *sum = *sum * 100 + r->change * 10 + (int64_t)r->state;
    return true;
}

struct many { int64_t from, count; usec_t tried; };
static enum code deliver_many(struct txn *t, void *arg, struct err *reterr) {
    const struct many *m = arg;
    enum code code = OK;
    for (int64_t n = m->from; code == OK && n < m->from + m->count; n++) {
        struct delivery_row d = { .webhook = 1, .change = n, .kind = 3, .state = DELIVERY_TOLD, .tried = m->tried, .status = 204 };
        code = delivery_put(t, &d, reterr);
    }
    return code;
}
static bool count_one(const struct delivery_row *r UNUSED, void *arg) {
    ++*(int64_t *)arg;
    return true;
}

TEST(those_that_are_behind_are_looked_at_in_turn) {
    struct bed b;
    bed_start(&b);
    for (int64_t tenant = 1; tenant <= 3; tenant++)
        change(&b, tenant);
    put(&b, 1, 1, WEBHOOK_ON, 0);
    put(&b, 2, 1, WEBHOOK_ON, 0);
    put(&b, 2, 2, WEBHOOK_PAUSED, 0);
    put(&b, 3, 1, WEBHOOK_ON, 1);            /* knows of everything */
    struct seen s = look(&b, 100, 0, 16);
    CHECK(s.count == 2 && s.list[0] == 11 && s.list[1] == 21);
    s = look(&b, 100, 1, 16);
    CHECK(s.count == 2 && s.list[0] == 21 && s.list[1] == 11);
    CHECK(look(&b, 100, 1, 1).count == 1);
    struct deed d = { .is = SETS, .row = { .number = 1, .state = WEBHOOK_ON, .tries = 2, .failed = 9 }, .next = 200 };
    CHECK_OK(store_write(b.store, 1, act, &d, &b.e), &b.e);
    CHECK(look(&b, 199, 0, 16).count == 1 && look(&b, 200, 0, 16).count == 2);
    d.next = 300 + WEBHOOK_AHEAD;
    CHECK_OK(store_write(b.store, 1, act, &d, &b.e), &b.e);
    CHECK(look(&b, 300, 0, 16).count == 1);
    CHECK(look(&b, 299, 0, 16).count == 2);      /* put off by a clock that was wrong */
    d.row.state = WEBHOOK_STOPPED;
    CHECK_OK(store_write(b.store, 1, act, &d, &b.e), &b.e);
    CHECK(look(&b, USEC_NEVER - 1, 0, 16).count == 1);
    d.row.number = 5;
    CHECK(store_write(b.store, 1, act, &d, &b.e) == E_NOT_FOUND);
    bed_end(&b);
}

TEST(whatever_is_old_is_forgotten_however_much_there_is_and_what_was_repeated_stays) {
    struct bed b;
    bed_start(&b);
    struct many m = { .from = 1, .count = 2500 };
    int64_t left = 0;
    put(&b, 4, 1, WEBHOOK_ON, 0);
    CHECK_OK(store_write(b.store, 4, deliver_many, &m, &b.e), &b.e);
    m = (struct many){ .from = 1, .count = 1200, .tried = 900 };         /* repeated lately: the lowest numbers */
    CHECK_OK(store_write(b.store, 4, deliver_many, &m, &b.e), &b.e);
    struct deed forget = { .is = FORGETS, .row = { .number = 1 }, .before = 500, .more = true };
    int rounds = 0;
    for (; forget.more && rounds < 10; rounds++)
        CHECK_OK(store_write(b.store, 4, act, &forget, &b.e), &b.e);
    CHECK_INT(rounds, 2);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(delivery_list(view_sql(v), 1, INT64_MAX, count_one, &left, &b.e), &b.e);
    CHECK_INT(left, 1200);
    v = view_end(v);
    bed_end(&b);
}

TEST(deliveries_are_listed_overtaken_and_forgotten) {
    struct bed b;
    bed_start(&b);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct delivery_row got;
    struct webhook_row row;
    int64_t sum = 0, number = 0;
    put(&b, 4, 1, WEBHOOK_ON, 0);
    for (int64_t n = 1; n <= 3; n++) {
        struct deed d = { .is = DELIVERS, .delivery = { .webhook = 1, .change = n, .kind = 3, .version = n, .state = n == 3 ? DELIVERY_TOLD : DELIVERY_FAILED, .tried = n * 10, .status = 500, .said = "no" } };
        d.delivery.delivery.bytes[0] = (uint8_t)n;
        CHECK_OK(store_write(b.store, 4, act, &d, &b.e), &b.e);
    }
    struct deed over = { .is = OVERTAKES, .row = { .number = 1 }, .delivery = { .change = 2 } };
    CHECK_OK(store_write(b.store, 4, act, &over, &b.e), &b.e);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(delivery_list(view_sql(v), 1, INT64_MAX, state_of, &sum, &b.e), &b.e);
    CHECK_INT(sum, 312012);
    struct uuid name = { { 2 } };
    CHECK_OK(delivery_get(view_sql(v), 1, &name, &got, arena, &b.e), &b.e);
    CHECK(got.change == 2 && got.version == 2 && got.status == 500);
    CHECK_TEXT(got.said, "no");
    CHECK(delivery_get(view_sql(v), 2, &name, &got, arena, &b.e) == E_NOT_FOUND);
    CHECK_OK(webhook_get(view_sql(v), 1, &row, arena, &b.e), &b.e);
    CHECK(row.key == 7 && row.len == 6 && memcmp(row.blob, "sealed", 6) == 0);
    CHECK_OK(webhook_number(view_sql(v), &number, &b.e), &b.e);
    CHECK_INT(number, 2);
    v = view_end(v);
    struct deed forget = { .is = FORGETS, .row = { .number = 1 }, .before = 25 };
    CHECK_OK(store_write(b.store, 4, act, &forget, &b.e), &b.e);
    sum = 0;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(delivery_list(view_sql(v), 1, INT64_MAX, state_of, &sum, &b.e), &b.e);
    CHECK_INT(sum, 31);
    v = view_end(v);
    struct deed drop = { .is = DROPS, .row = { .number = 1 } };
    CHECK_OK(store_write(b.store, 4, act, &drop, &b.e), &b.e);
    sum = 0;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(delivery_list(view_sql(v), 1, INT64_MAX, state_of, &sum, &b.e), &b.e);
    CHECK_INT(sum, 0);
    CHECK(webhook_get(view_sql(v), 1, &row, arena, &b.e) == E_NOT_FOUND);
    CHECK_OK(webhook_number(view_sql(v), &number, &b.e), &b.e);
    CHECK_INT(number, 2);                    /* not the number of the one that is gone */
    v = view_end(v);
    bed_end(&b);
}
