/* gone_test.c — what many records that go at once were found by is found no more from that write on, and is taken away whatever cuts it short. */
#include "store/gone.c"

#include "store/testbed.h"

#define MANY 300u
#define STAY 7u

struct span_of { uint32_t from, until; };
static enum code make_many(struct txn *t, void *arg, struct err *e) {
    const struct span_of *m = arg;
    enum code code = OK;
    for (uint32_t n = m->from; code == OK && n < m->until; n++) {
        struct make one = { .n = n };
        code = make_row(t, &one, e);
    }
    return code;
}
static enum code erase_many(struct txn *t, void *arg, struct err *e) {
    const struct span_of *m = arg;
    enum code code = OK;
    for (uint32_t n = m->from; code == OK && n < m->until; n++) {
        struct uuid id = id_of(n);
        code = row_delete(t, 1, &id, e);
    }
    return code;
}
static void many_start(struct bed *b) {
    struct span_of all = { 0, MANY + STAY };
    bed_start(b);
    for (int64_t tenant = 1; tenant <= 2; tenant++)
        CHECK_OK(store_write(b->store, tenant, make_many, &all, &b->e), &b->e);
}
static void erase(struct bed *b, uint32_t from, uint32_t until) {
    struct span_of some = { from, until };
    CHECK_OK(store_write(b->store, 1, erase_many, &some, &b->e), &b->e);
}

/* Rows of the index itself, whoever would be shown them. */
static int64_t rows_of(struct bed *b, int64_t tenant, const char *sql) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *s;
    bool row = false;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(index_prepare(view_sql(v), sql, &s, &b->e), &b->e);
    stmt_int(s, 1, tenant);
    CHECK_OK(stmt_step(s, &row, &b->e), &b->e);
    int64_t n = col_int(s, 0);
    stmt_end(s);
    return n;
}
static int64_t docs(struct bed *b, int64_t tenant) { return rows_of(b, tenant, "SELECT count(*) FROM doc WHERE tenant = ?"); }
static int64_t entries(struct bed *b, int64_t tenant) { return rows_of(b, tenant, "SELECT count(*) FROM found WHERE tenant = ?"); }
static int64_t sorts(struct bed *b, int64_t tenant) { return rows_of(b, tenant, "SELECT count(*) FROM sorted WHERE tenant = ?"); }
static int64_t notes(struct bed *b, int64_t tenant) { return rows_of(b, tenant, "SELECT count(*) FROM gone WHERE tenant = ?"); }

static bool count_sorted(const struct uuid *id UNUSED, const struct sorted_value *v UNUSED, void *arg) {
    ++*(size_t *)arg;
    return true;
}
/* What a search is shown: by one of ten tokens each, and sorted, both ways. */
static size_t shown(struct bed *b, int64_t tenant) {
    size_t by_token = 0, up = 0, down = 0;
    for (uint32_t i = 0; i < 10; i++) {
        struct token t = token_of(i + 1000000);
        by_token += bed_found(b, tenant, &t);
    }
    AUTO(view_end) struct view *v = NULL;
    struct sorted_range r = { .kind = 1, .field = 3, .number = true, .from = INT64_MIN, .until = INT64_MAX };
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(index_range(view_sql(v), &r, count_sorted, &up, &b->e), &b->e);
    r.descending = true;
    CHECK_OK(index_range(view_sql(v), &r, count_sorted, &down, &b->e), &b->e);
    CHECK(up == by_token && down == up);
    return up;
}
static void all_taken(struct bed *b) {
    CHECK_INT(docs(b, 1), STAY);
    CHECK_INT(entries(b, 1), 2 * STAY);
    CHECK_INT(sorts(b, 1), STAY);
    CHECK_INT(notes(b, 1), 0);
    CHECK_INT(shown(b, 1), STAY);
    CHECK_INT(docs(b, 2), MANY + STAY);
    CHECK_INT(shown(b, 2), MANY + STAY);
}

TEST(many_are_noted_and_found_no_more) {
    struct bed b;
    many_start(&b);
    erase(&b, 0, MANY);
    CHECK_INT(notes(&b, 1), 1);
    CHECK_INT(docs(&b, 1), MANY + STAY);
    CHECK_INT(shown(&b, 1), STAY);
    CHECK(!store_index_trails(b.store));       /* nothing is missing in it */
    AUTO(index_purge_free) struct index_purge *p = NULL;
    bool more = true;
    size_t steps = 0;
    CHECK_OK(index_purge_new(b.store, 1, &p, &b.e), &b.e);
    while (more) {
        CHECK_OK(index_purge_step(p, 100, &more, &b.e), &b.e);
        CHECK_INT(shown(&b, 1), STAY);
        steps++;
    }
    CHECK(steps >= 2 * MANY / 100 + MANY * DOC_COST / 100);
    all_taken(&b);
    bed_end(&b);
}

TEST(few_go_at_once) {
    struct bed b;
    many_start(&b);
    erase(&b, 0, 20);
    CHECK_INT(notes(&b, 1), 0);
    CHECK_INT(docs(&b, 1), MANY + STAY - 20);
    CHECK_INT(entries(&b, 1), 2 * (MANY + STAY - 20));
    erase(&b, 20, MANY);
    CHECK_INT(notes(&b, 1), 1);
    CHECK_OK(index_purge_all(b.store, &b.e), &b.e);
    all_taken(&b);
    bed_end(&b);
}

TEST(a_purge_that_was_cut_is_done_again) {
    for (size_t cut = 1; cut < 12; cut += 2) {
        struct bed b;
        bool more = true;
        many_start(&b);
        erase(&b, 0, MANY);
        struct index_purge *p = NULL;
        CHECK_OK(index_purge_new(b.store, 1, &p, &b.e), &b.e);
        for (size_t i = 0; i < cut && more; i++)
            CHECK_OK(index_purge_step(p, 170, &more, &b.e), &b.e);
        p = index_purge_free(p);
        bed_reopen(&b);
        CHECK_INT(shown(&b, 1), STAY);
        CHECK_OK(index_purge_all(b.store, &b.e), &b.e);
        all_taken(&b);
        bed_end(&b);
    }
}

/* What goes while a purge is under way has a note of its own, which that purge leaves. */
TEST(what_goes_meanwhile_waits_for_the_next) {
    struct bed b;
    struct span_of later = { 1000, 1000 + MANY };
    bool more = true;
    many_start(&b);
    CHECK_OK(store_write(b.store, 1, make_many, &later, &b.e), &b.e);
    erase(&b, 0, MANY);
    AUTO(index_purge_free) struct index_purge *p = NULL, *other = NULL;
    CHECK_OK(index_purge_new(b.store, 1, &p, &b.e), &b.e);
    CHECK_OK(index_purge_step(p, 1, &more, &b.e), &b.e);       /* it has gathered */
    erase(&b, 1000, 1000 + MANY);
    CHECK_INT(notes(&b, 1), 2);
    CHECK_OK(index_purge_step(p, SIZE_MAX, &more, &b.e), &b.e);
    CHECK_INT(notes(&b, 1), 1);
    CHECK_INT(docs(&b, 1), MANY + STAY);
    CHECK_INT(shown(&b, 1), STAY);
    CHECK_OK(index_purge_new(b.store, 1, &other, &b.e), &b.e);    /* two beside one another */
    CHECK_OK(index_purge_step(other, 1, &more, &b.e), &b.e);
    CHECK_OK(index_purge_step(p, 1, &more, &b.e), &b.e);
    CHECK_OK(index_purge_step(other, SIZE_MAX, &more, &b.e), &b.e);
    all_taken(&b);
    CHECK_OK(index_purge_step(p, SIZE_MAX, &more, &b.e), &b.e);
    CHECK_OK(index_purge_step(p, SIZE_MAX, &more, &b.e), &b.e);
    CHECK(!more);
    all_taken(&b);
    bed_end(&b);
}

/* Tokens that were renewed after they were gathered are gathered again, or the new ones would be left without a doc that tells of them. */
static enum code keys_of(void *arg UNUSED, int64_t tenant, struct key *ret_before, struct key *ret_now, uint32_t *ret_generation, struct err *e UNUSED) {
    hash_sha256(&tenant, sizeof tenant, ret_before->bytes);
    hash_sha256(ret_before->bytes, sizeof ret_before->bytes, ret_now->bytes);
    *ret_generation = 2;
    return OK;
}
TEST(tokens_that_were_renewed_meanwhile_go_too) {
    struct bed b;
    bool more = true;
    many_start(&b);
    erase(&b, 0, MANY);
    AUTO(index_purge_free) struct index_purge *p = NULL;
    CHECK_OK(index_purge_new(b.store, 1, &p, &b.e), &b.e);
    CHECK_OK(index_purge_step(p, 1, &more, &b.e), &b.e);
    CHECK_OK(index_renew(b.store, keys_of, NULL, &b.e), &b.e);
    CHECK_OK(index_purge_step(p, SIZE_MAX, &more, &b.e), &b.e);
    CHECK_INT(notes(&b, 1), 1);
    while (more)
        CHECK_OK(index_purge_step(p, SIZE_MAX, &more, &b.e), &b.e);
    CHECK_INT(docs(&b, 1), STAY);
    CHECK_INT(entries(&b, 1), 2 * STAY);
    CHECK_INT(notes(&b, 1), 0);
    bed_end(&b);
}
