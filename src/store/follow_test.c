/* follow_test.c — an index that fell behind is seen to be behind, also after a crash, and is brought up. */
#include "store/follow.c"

#include "db/sums.h"
#include "store/testbed.h"

struct redo { struct bed *b; int64_t tenant; size_t calls, stop; };
static uint32_t number_of(const struct uuid *id) { return (uint32_t)id->bytes[14] << 8 | id->bytes[15]; }
static enum code put_again(struct txn *t, void *arg, struct err *e) {
    uint32_t n = *(uint32_t *)arg;
    struct uuid id = id_of(n);
    struct token tokens[1] = { token_of(n) };
    struct row r;
    enum code code = row_get(&t->sql, 1, &id, &r, e);
    return code == OK ? index_put(t, 1, &id, 1, tokens, 1, NULL, 0, e) : code == E_GONE ? OK : code;
}
static bool redo(const struct change *c, void *arg) {
    struct redo *r = arg;
    uint32_t n = number_of(&c->id);
    if (!c->erased)
        CHECK_OK(store_write(r->b->store, r->tenant, put_again, &n, &r->b->e), &r->b->e);
    return ++r->calls != r->stop;
}
static size_t behind(struct bed *b, int64_t tenant, size_t stop) {
    struct redo r = { .b = b, .tenant = tenant, .stop = stop };
    CHECK_OK(index_behind(b->store, tenant, redo, &r, &b->e), &b->e);
    return r.calls;
}
static bool found(struct bed *b, int64_t tenant, uint32_t n) {
    struct token token = token_of(n);
    return bed_found(b, tenant, &token) == 1;
}

/* The index of these writes is lost, as by a cut between the two commits: its connection is busy with something else. */
static enum code lose_index(struct store *s, void *arg UNUSED, struct err *e) { return db_begin(s->writer.sql.index, false, e); }
static enum code have_index(struct store *s, void *arg UNUSED, struct err *e UNUSED) {
    db_rollback(s->writer.sql.index);
    return OK;
}
static void make_without_index(struct bed *b, int64_t tenant, uint32_t from, uint32_t until) {
    CHECK_OK(commit_job(b->store, lose_index, NULL, &b->e), &b->e);
    for (uint32_t n = from; n <= until; n++)
        bed_make(b, tenant, n);
    CHECK_OK(commit_job(b->store, have_index, NULL, &b->e), &b->e);
}

TEST(an_index_that_follows_is_not_behind) {
    struct bed b;
    bed_start(&b);
    CHECK(behind(&b, 1, 0) == 0);
    for (uint32_t n = 1; n <= 5; n++)
        bed_make(&b, 1, n);
    CHECK(behind(&b, 1, 0) == 0);
    bed_reopen(&b);
    CHECK(behind(&b, 1, 0) == 0);
    bed_end(&b);
}

TEST(a_gap_stays_until_it_is_filled) {
    struct bed b;
    struct store_status status;
    bed_start(&b);
    bed_make(&b, 1, 1);
    make_without_index(&b, 1, 2, 3);
    store_status(b.store, &status);
    CHECK(status.index_gaps == 2);
    bed_make(&b, 1, 4);                                    /* followed, but the gap before it must not be forgotten */
    CHECK(!found(&b, 1, 2) && !found(&b, 1, 3) && found(&b, 1, 4));
    bed_make(&b, 2, 5);
    bed_reopen(&b);
    CHECK(behind(&b, 2, 0) == 0);
    CHECK(behind(&b, 1, 2) == 2);                          /* stopped: still behind */
    CHECK(behind(&b, 1, 0) == 3);
    CHECK(found(&b, 1, 2) && found(&b, 1, 3) && found(&b, 1, 4));
    CHECK(behind(&b, 1, 0) == 0);
    bed_make(&b, 1, 6);
    CHECK(behind(&b, 1, 0) == 0);
    bed_end(&b);
}

TEST(an_index_that_was_dropped_is_built_anew) {
    struct bed b;
    bed_start(&b);
    for (uint32_t n = 1; n <= CHUNK + 20; n++) {
        struct make *m = malloc(sizeof *m);
        *m = (struct make){ .n = n };
        store_write_later(b.store, 1, make_row, m, free);
    }
    bed_make(&b, 1, 9999);
    CHECK_OK(index_drop_all(b.store, &b.e), &b.e);
    CHECK(!found(&b, 1, 7));
    bed_make(&b, 1, 10000);
    CHECK(behind(&b, 1, 0) == CHUNK + 22);
    CHECK(found(&b, 1, 7) && found(&b, 1, CHUNK + 20) && found(&b, 1, 9999) && found(&b, 1, 10000));
    CHECK(behind(&b, 1, 0) == 0);
    bed_end(&b);
}

static enum code erase(struct txn *t, void *arg, struct err *e) {
    struct uuid id = id_of(*(uint32_t *)arg);
    return row_delete(t, 1, &id, e);
}

TEST(an_erasure_that_the_index_missed_is_among_the_changes) {
    struct bed b;
    uint32_t n = 1;
    bed_start(&b);
    bed_make(&b, 1, 1);
    CHECK_OK(commit_job(b.store, lose_index, NULL, &b.e), &b.e);
    CHECK_OK(store_write(b.store, 1, erase, &n, &b.e), &b.e);
    CHECK_OK(commit_job(b.store, have_index, NULL, &b.e), &b.e);
    CHECK(found(&b, 1, 1));                                /* a hit that no record answers to */
    CHECK(behind(&b, 1, 0) == 1);
    CHECK(!found(&b, 1, 1));
    bed_end(&b);
}

struct busy { struct bed *b; _Atomic bool over; uint32_t from; };
static void *busy_writer(void *arg) {
    struct busy *w = arg;
    struct err e;
    for (uint32_t n = w->from; !w->over && n < w->from + 3000; n++) {
        struct make m = { .n = n };
        CHECK_OK(store_write(w->b->store, 1, make_row, &m, &e), &e);
    }
    return NULL;
}

TEST(it_is_brought_up_beside_writers) {
    struct bed b;
    pthread_t thread;
    struct busy w = { .b = &b, .from = 2000 };
    bed_start(&b);
    bed_make(&b, 1, 1);
    make_without_index(&b, 1, 2, 40);
    CHECK(pthread_create(&thread, NULL, busy_writer, &w) == 0);
    CHECK(behind(&b, 1, 0) >= 39);
    w.over = true;
    CHECK(pthread_join(thread, NULL) == 0);
    for (uint32_t n = 1; n <= 40; n++)
        CHECK(found(&b, 1, n));
    CHECK(behind(&b, 1, 0) == 0);
    bed_end(&b);
}
