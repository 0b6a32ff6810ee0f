/* carry_test.c — the WALs stay short beside writers and readers, and nothing is lost on the way. */
#include "store/carry.c"

#include <sys/stat.h>

#include "db/sums.h"
#include "store/testbed.h"

static enum code nothing(struct store *s UNUSED, void *arg UNUSED, struct err *e UNUSED) { return OK; }

/* In groups of sixteen: a job stands between. */
static void make_many(struct bed *b, uint32_t from, uint32_t count) {
    for (uint32_t n = from; n < from + count; n++) {
        struct make *m = malloc(sizeof *m);
        *m = (struct make){ .n = n };
        store_write_later(b->store, 1, make_row, m, free);
        if (n % 16 == 0)
            CHECK_OK(commit_job(b->store, nothing, NULL, &b->e), &b->e);
    }
}

struct lengths { int64_t now[2], restarts[2]; };
static enum code measure(struct store *s, void *arg, struct err *e UNUSED) {
    struct lengths *l = arg;
    const int64_t now[] = { db_wal_pages(s->writer.sql.records), db_wal_pages(s->writer.sql.index) };
    for (int i = RECORDS; i <= INDEX; i++) {
        l->restarts[i] += now[i] < l->now[i];
        l->now[i] = now[i];
    }
    return OK;
}

TEST(wals_begin_anew_beside_writers) {
    struct bed b;
    struct stat st;
    char path[128];
    struct lengths l = { { 0 }, { 0 } };
    uint32_t made = 0;
    bed_start(&b);
    b.store->wal_pages[RECORDS] = 60;                     /* nothing is queued: the threads sleep */
    b.store->wal_pages[INDEX] = 60;
    while (made < 100000 && (l.restarts[RECORDS] < 3 || l.restarts[INDEX] < 3)) {
        make_many(&b, made + 1, 160);
        made += 160;
        CHECK_OK(commit_job(b.store, measure, &l, &b.e), &b.e);
    }
    CHECK(l.restarts[RECORDS] >= 3 && l.restarts[INDEX] >= 3);
    for (uint32_t n = 1; n <= made; n += made / 30) {
        struct token token = token_of(n);
        CHECK_OK(bed_get(&b, 1, n, NULL), &b.e);
        CHECK(bed_found(&b, 1, &token) == 1);
    }
    CHECK_OK(store_check(b.store, &b.e), &b.e);
    CHECK_OK(store_checkpoint(b.store, &b.e), &b.e);
    static const char *const files[] = { "records.db-wal", "index.db-wal" };
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        CHECK(stat(bed_path(&b, files[i], path, sizeof path), &st) == 0 && st.st_size == 0);
    bed_end(&b);
}

TEST(an_open_view_keeps_its_state_while_the_wal_is_carried) {
    struct bed b;
    struct view *v = NULL;
    int64_t n = 0;
    bed_start(&b);
    b.store->wal_pages[RECORDS] = 10;
    make_many(&b, 1, 100);
    bed_make(&b, 1, 101);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(rows_count(view_sql(v), 1, NULL, &n, &b.e), &b.e);
    CHECK_INT(n, 101);
    make_many(&b, 102, 400);
    bed_make(&b, 1, 502);
    CHECK_OK(rows_count(view_sql(v), 1, NULL, &n, &b.e), &b.e);
    CHECK_INT(n, 101);
    v = view_end(v);
    bed_end(&b);
}

TEST(a_full_disk_while_carrying_loses_nothing) {
    struct bed b;
    bed_start(&b);
    make_many(&b, 1, 200);
    bed_make(&b, 1, 201);
    struct carrier *c = b.store->carrier;
    pthread_mutex_lock(&c->lock);                         /* its thread sleeps: its connections are ours */
    for (size_t at = 1; at < 12; at++) {
        sums_fail_at = at;
        carry(c, RECORDS);
        sums_fail_at = 0;
        CHECK(!atomic_load(&c->carried[RECORDS]));
    }
    carry(c, RECORDS);
    CHECK(atomic_load(&c->carried[RECORDS]));
    pthread_mutex_unlock(&c->lock);
    CHECK_OK(store_check(b.store, &b.e), &b.e);
    bed_reopen(&b);
    for (uint32_t n = 1; n <= 201; n++)
        CHECK_OK(bed_get(&b, 1, n, NULL), &b.e);
    bed_end(&b);
}
