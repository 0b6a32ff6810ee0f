/* seen_test.c — every record of an entry is found again by its pseudonym, lists and maps alike, and nothing of another tenant's. */
#include "store/seen.c"
#include "store/testbed.h"

struct told { const char *who; int64_t born[4096]; size_t count; int64_t seq; };

static enum code tell(struct txn *t, void *arg, struct err *reterr) {
    struct told *d = arg;
    struct ledger_row r = { .chain = txn_tenant(t), .at = txn_now(t), .entry = "{}" };
    enum code code = ledger_last(txn_sql(t), &r.seq, r.before, reterr);
    r.seq++;
    d->seq = (int64_t)r.seq;
    r.head[0] = (uint8_t)r.seq;
    if (code == OK)
        code = ledger_put(t, &r, reterr);
    return code == OK ? seen_put(t, d->who, d->born, d->count, reterr) : code;
}

struct got { int64_t seq[16]; size_t count, most; };
static bool take(int64_t seq, void *arg) {
    struct got *g = arg;
    g->seq[g->count++] = seq;
    return g->count < g->most;
}

static struct got of(struct bed *b, int64_t tenant, int64_t born, int64_t before, size_t look, int64_t *next) {
    AUTO(view_end) struct view *v = NULL;
    struct got g = { .most = 16 };
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(seen_of(view_sql(v), born, before, &look, take, &g, next, &b->e), &b->e);
    return g;
}

TEST(an_entry_is_found_by_each_of_its_records) {
    struct bed b;
    struct told few = { .who = "token 7" }, many = { .who = "account a" };
    int64_t next = -1;
    bed_start(&b);
    for (int64_t i = 0; i < 63; i++)
        few.born[few.count++] = 1000 + 40 * i;            /* over several stretches, each a list */
    for (int64_t i = 0; i < 3000; i++)
        many.born[many.count++] = 500 + i;                /* maps */
    CHECK_OK(store_write(b.store, 3, tell, &few, &b.e), &b.e);
    CHECK_OK(store_write(b.store, 3, tell, &many, &b.e), &b.e);
    for (int64_t n = 0; n < 4200; n++) {
        bool in_few = n >= 1000 && n <= 1000 + 40 * 62 && (n - 1000) % 40 == 0, in_many = n >= 500 && n < 3500;
        struct got g = of(&b, 3, n, INT64_MAX, 100, &next);
        CHECK_INT(g.count, (size_t)in_few + in_many);
        CHECK(next == 0 && (!in_many || g.seq[0] == many.seq) && (!in_few || g.seq[g.count - 1] == few.seq));
    }
    CHECK_INT(of(&b, 4, 1000, INT64_MAX, 100, &next).count, 0);
    CHECK_INT(of(&b, 3, 1000, many.seq, 100, &next).count, 1);             /* before that one */
    CHECK_INT(of(&b, 3, 1000, INT64_MAX, 1, &next).seq[0], many.seq);      /* one at a time */
    CHECK_INT(next, many.seq);
    bed_end(&b);
}

TEST(the_edge_between_list_and_map_holds) {
    struct bed b;
    int64_t next = 0;
    bed_start(&b);
    for (size_t n = LISTED_MOST - 1; n <= LISTED_MOST + 2; n++) {
        struct told d = { .who = "token 1" };
        for (size_t i = 0; i < n; i++)
            d.born[d.count++] = (int64_t)(i * 7 + n);
        CHECK_OK(store_write(b.store, (int64_t)n, tell, &d, &b.e), &b.e);
        for (int64_t at = 0; at < SEEN_STRETCH; at++) {
            bool in = at >= (int64_t)n && (at - (int64_t)n) % 7 == 0 && (at - (int64_t)n) / 7 < (int64_t)n;
            CHECK_INT(of(&b, (int64_t)n, at, INT64_MAX, 100, &next).count, in);
        }
    }
    bed_end(&b);
}

TEST(entries_are_listed_by_who_read) {
    struct bed b;
    struct told d = { .who = "token 7", .born = { 5 }, .count = 1 };
    bed_start(&b);
    for (int i = 0; i < 6; i++) {
        d.who = i % 2 == 0 ? "token 7" : "token 70";
        CHECK_OK(store_write(b.store, 3, tell, &d, &b.e), &b.e);
    }
    AUTO(view_end) struct view *v = NULL;
    struct got all = { .most = 16 }, own = { .most = 2 };
    CHECK_OK(store_view(b.store, 3, &v, &b.e), &b.e);
    CHECK_OK(seen_list(view_sql(v), NULL, INT64_MAX, take, &all, &b.e), &b.e);
    CHECK_OK(seen_list(view_sql(v), "token 7", 5, take, &own, &b.e), &b.e);
    CHECK(all.count == 6 && all.seq[0] == 6 && own.count == 2 && own.seq[0] == 3 && own.seq[1] == 1);
    v = view_end(v);
    bed_end(&b);
}

static enum code drop(struct txn *t, void *arg, struct err *reterr) { return row_delete(t, 1, arg, reterr); }

TEST(a_pseudonym_is_cut_off_by_the_erasure) {
    struct bed b;
    struct row r = { 0 };
    struct uuid id = id_of(9), got;
    int32_t kind = 0;
    bed_start(&b);
    bed_make(&b, 3, 8);
    bed_make(&b, 3, 9);
    CHECK_OK(bed_get(&b, 3, 9, &r), &b.e);
    CHECK(r.born == 2 && r.change == 2);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 3, &v, &b.e), &b.e);
    CHECK_OK(born_find(view_sql(v), r.born, &kind, &got, &b.e), &b.e);
    CHECK(kind == 1 && uuid_compare(&got, &id) == 0);
    v = view_end(v);
    CHECK_OK(store_write(b.store, 3, drop, &id, &b.e), &b.e);
    CHECK_OK(store_view(b.store, 3, &v, &b.e), &b.e);
    CHECK_CODE(born_find(view_sql(v), r.born, &kind, &got, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    bed_end(&b);
}
