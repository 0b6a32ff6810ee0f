/* remainder_test.c — counts add up, each for itself, and go with what they belonged to. */
#include "store/remainder.c"
#include "store/testbed.h"

struct sum { char text[256]; size_t n; };
static bool sum_up(const struct remainder *r, void *arg) {
    struct sum *s = arg;
    s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%d:%s=%lld ", r->scope.bytes[0], r->option, (long long)r->count);
    return true;
}
static enum code add(struct txn *t, void *arg, struct err *reterr) { return remainder_add(t, arg, reterr); }
static enum code drop(struct txn *t, void *arg, struct err *reterr) { return remainder_drop(t, 7, arg, reterr); }

static const char *all(struct bed *b, int64_t tenant, const struct uuid *scope, struct sum *s) {
    AUTO(view_end) struct view *v = NULL;
    static const struct uuid none;
    *s = (struct sum){ .text = "" };
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(remainders_list(view_sql(v), 7, scope, &none, sum_up, s, &b->e), &b->e);
    return s->text;
}

TEST(counts_add_up_and_go_with_what_they_belonged_to) {
    struct bed b;
    struct sum s;
    const struct uuid own = { { 0 } }, one = { { 1 } }, two = { { 2 } };
    bed_start(&b);
    const struct remainder list[] = { { 7, 3, one, "attended", 2 }, { 7, 3, one, "cancelled", 1 }, { 7, 3, one, "attended", 5 }, { 7, 3, two, "", 1 }, { 8, 3, one, "attended", 9 }, { 7, 3, own, "cancelled", 4 } };
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        struct remainder r = list[i];
        CHECK_OK(store_write(b.store, 1, add, &r, &b.e), &b.e);
    }
    CHECK_TEXT(all(&b, 1, NULL, &s), "0:cancelled=4 1:attended=7 1:cancelled=1 2:=1 ");
    CHECK_TEXT(all(&b, 1, &two, &s), "2:=1 ");
    CHECK_TEXT(all(&b, 2, NULL, &s), "");
    CHECK_TEXT(all(&b, 1, &own, &s), "0:cancelled=4 ");
    struct uuid gone = one;
    CHECK_OK(store_write(b.store, 1, drop, &gone, &b.e), &b.e);
    CHECK_TEXT(all(&b, 1, NULL, &s), "0:cancelled=4 2:=1 ");
    bed_end(&b);
}
