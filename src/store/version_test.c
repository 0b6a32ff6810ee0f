/* version_test.c — numbers of versions, one place for what was announced, and locks that hold for what stood before them. */
#include "store/version.c"

#include "store/testbed.h"

struct seen { int64_t numbers[8]; usec_t since[8]; size_t count; };
static bool see(const struct version_row *r, void *arg) {
    struct seen *s = arg;
    s->numbers[s->count] = r->number;
    s->since[s->count++] = r->since;
    return true;
}

static int64_t put_one(struct bed *b, uint8_t hash, usec_t announced, usec_t since) {
    struct version_row r = { .service = "events", .updated = "2026-11-22", .announced = announced, .begins = announced, .since = since, .charter = "charter: events", .changes = "[]" };
    int64_t number = 0;
    r.hash[0] = hash;
    CHECK_OK(version_put(b->store, &r, &number, &b->e), &b->e);
    return number;
}

TEST(a_version_that_was_announced_keeps_its_number_when_it_comes_into_force) {
    struct bed b;
    struct seen s = { .count = 0 };
    bed_start(&b);
    CHECK_INT(put_one(&b, 1, 0, 5), 1);
    CHECK_INT(put_one(&b, 2, 7, 0), 2);
    CHECK_INT(put_one(&b, 2, 8, 0), 2);
    CHECK_INT(put_one(&b, 2, 8, 9), 2);
    CHECK_INT(put_one(&b, 1, 0, 12), 3);                      /* back to what was: a version of its own */
    CHECK_OK(versions_list(b.store, "events", see, &s, &b.e), &b.e);
    CHECK(s.count == 3 && s.numbers[0] == 3 && s.numbers[2] == 1 && s.since[1] == 9);
    s.count = 0;
    CHECK_OK(versions_list(b.store, "mail", see, &s, &b.e), &b.e);
    CHECK(s.count == 0);
    bed_end(&b);
}

static enum code locked(struct txn *t, void *arg UNUSED, struct err *reterr) { return lock_put(t, 4, "purpose offers", 2, reterr); }
static enum code given(struct txn *t, void *arg, struct err *reterr) { return lock_give(t, 4, arg, "purpose offers", 11, reterr); }
static enum code taken(struct txn *t, void *arg, struct err *reterr) { return lock_take_back(t, 4, arg, "purpose offers", reterr); }
static bool last_lock(const struct lock_row *r, void *arg) {
    *(struct lock_row *)arg = *r;
    return true;
}

TEST(a_lock_is_raised_and_given_by_record) {
    struct bed b;
    struct lock_row first = { .born = 0 }, second = { .born = 0 };
    struct uuid id = uuid_new();
    usec_t at = 1;
    bed_start(&b);
    bed_make(&b, 1, 1);
    CHECK_OK(store_write(b.store, 1, locked, NULL, &b.e), &b.e);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(locks_list(view_sql(v), last_lock, &first, &b.e), &b.e);
    CHECK_OK(lock_given(view_sql(v), 4, &id, "purpose offers", &at, &b.e), &b.e);
    CHECK(at == 0 && first.kind == 4 && first.version == 2 && first.born > 1);
    v = view_end(v);
    CHECK_OK(store_write(b.store, 1, locked, NULL, &b.e), &b.e);
    CHECK_OK(store_write(b.store, 1, given, &id, &b.e), &b.e);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(locks_list(view_sql(v), last_lock, &second, &b.e), &b.e);
    CHECK_OK(lock_given(view_sql(v), 4, &id, "purpose offers", &at, &b.e), &b.e);
    CHECK(at == 11 && second.born > first.born);
    CHECK_OK(lock_given(view_sql(v), 4, &id, "purpose other", &at, &b.e), &b.e);
    CHECK(at == 0);
    v = view_end(v);
    CHECK_OK(store_write(b.store, 1, taken, &id, &b.e), &b.e);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(lock_given(view_sql(v), 4, &id, "purpose offers", &at, &b.e), &b.e);
    CHECK(at == 0);
    v = view_end(v);
    CHECK_OK(store_view(b.store, 2, &v, &b.e), &b.e);
    first = (struct lock_row){ .born = -1 };
    CHECK_OK(locks_list(view_sql(v), last_lock, &first, &b.e), &b.e);
    CHECK(first.born == -1);                                  /* another tenant's are its own */
    v = view_end(v);
    bed_end(&b);
}
