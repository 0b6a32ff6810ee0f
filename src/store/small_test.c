/* small_test.c — replies, files, doomed keys. */
#include "store/small.c"

#include "store/testbed.h"

static enum code put_reply(struct txn *t, void *arg, struct err *e) { return reply_put(t, arg, e); }
static enum code expire(struct txn *t, void *arg, struct err *e) { return replies_expire(t, *(usec_t *)arg, e); }
static enum code get_reply(struct bed *b, int64_t tenant, uint8_t key, struct reply_row *ret, struct arena *arena) {
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    return reply_get(view_sql(v), (uint8_t[HASH_SIZE]){ key }, ret, arena, &b->e);
}
static bool see_doomed(int64_t tenant, uint64_t key, void *arg) {
    buf_printf(arg, "%lld:%llu;", (long long)tenant, (unsigned long long)key);
    return true;
}

TEST(a_reply_stands_until_it_ends) {
    struct bed b;
    AUTO(arena_free) struct arena *arena = arena_new(4096);
    struct buf all = BUF(1000);
    struct reply_row got = { 0 };
    usec_t later = clock_now() + USEC_PER_DAY;
    struct reply_row r = { .key_hash = { 1 }, .request_hash = { 2 }, .status = 201, .key = 55, .blob = "sealed", .len = 6, .until = later };
    bed_start(&b);
    CHECK_OK(store_write(b.store, 1, put_reply, &r, &b.e), &b.e);
    CHECK_CODE(store_write(b.store, 1, put_reply, &r, &b.e), E_CONFLICT, &b.e);
    CHECK_OK(store_write(b.store, 2, put_reply, &r, &b.e), &b.e);                   /* another tenant's key is another key */
    CHECK_OK(get_reply(&b, 1, 1, &got, arena), &b.e);
    CHECK(got.status == 201 && got.key == 55 && got.len == 6 && memcmp(got.blob, "sealed", 6) == 0 && got.until == later && got.request_hash[0] == 2);
    CHECK_CODE(get_reply(&b, 1, 9, &got, arena), E_NOT_FOUND, &b.e);
    struct reply_row old = { .key_hash = { 3 }, .key = 56, .until = 1, .status = 200 };
    CHECK_OK(store_write(b.store, 1, put_reply, &old, &b.e), &b.e);
    old.key = 57;
    old.until = later;
    CHECK_OK(store_write(b.store, 1, put_reply, &old, &b.e), &b.e);                 /* over one that has ended; its key is doomed */
    CHECK_OK(get_reply(&b, 1, 3, &got, arena), &b.e);
    CHECK(got.key == 57 && got.len == 0);
    CHECK_OK(doomed_list(b.store, see_doomed, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "1:56;");
    buf_cut(&all, 0);
    CHECK_OK(store_write(b.store, 1, expire, &later, &b.e), &b.e);
    CHECK_CODE(get_reply(&b, 1, 1, &got, arena), E_NOT_FOUND, &b.e);
    CHECK_OK(get_reply(&b, 2, 1, &got, arena), &b.e);
    CHECK_OK(doomed_list(b.store, see_doomed, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "1:55;1:56;1:57;");
    buf_done(&all);
    bed_end(&b);
}

static enum code put_file(struct txn *t, void *arg, struct err *e) { return file_put(t, arg, e); }
static enum code drop_file(struct txn *t, void *arg, struct err *e) { return file_delete(t, arg, e); }
static bool see_file(const struct file_row *r, void *arg) {
    buf_printf(arg, "%d.%d:%lld;", r->id.bytes[15], r->field, (long long)r->size);
    return true;
}

TEST(files_belong_to_a_record) {
    struct bed b;
    AUTO(arena_free) struct arena *arena = arena_new(4096);
    struct buf all = BUF(1000);
    struct file_row got = { 0 };
    bed_start(&b);
    for (uint32_t n = 1; n <= 4; n++) {
        struct file_row r = { .id = id_of(n), .record = id_of(n < 4 ? 70 : 71), .kind = 2, .field = (int32_t)n, .key = n + 100, .size = INT64_C(1) << 40, .made = 9,
                              .meta = "name", .meta_len = n == 3 ? 0 : 4 };
        CHECK_OK(store_write(b.store, 1, put_file, &r, &b.e), &b.e);
    }
    struct view *v = NULL;
    struct uuid record = id_of(70), one = id_of(2), three = id_of(3);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(file_get(view_sql(v), &one, &got, arena, &b.e), &b.e);
    CHECK(got.kind == 2 && got.field == 2 && got.key == 102 && got.size == INT64_C(1) << 40 && got.made == 9 && uuid_compare(&got.record, &record) == 0);
    CHECK(got.meta_len == 4 && memcmp(got.meta, "name", 4) == 0);
    CHECK_OK(file_get(view_sql(v), &three, &got, arena, &b.e), &b.e);
    CHECK(got.meta_len == 0);
    v = view_end(v);
    CHECK_OK(store_view(b.store, 2, &v, &b.e), &b.e);
    CHECK_CODE(file_get(view_sql(v), &one, &got, arena, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    CHECK_OK(store_write(b.store, 2, drop_file, &one, &b.e), &b.e);                  /* not its own: nothing happens */
    CHECK_OK(store_write(b.store, 1, drop_file, &three, &b.e), &b.e);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(files_of(view_sql(v), 2, &record, see_file, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "1.1:1099511627776;2.2:1099511627776;");
    v = view_end(v);
    buf_done(&all);
    bed_end(&b);
}

struct doom { uint64_t key; bool drop; };
static enum code doom(struct txn *t, void *arg, struct err *e) {
    const struct doom *d = arg;
    return d->drop ? doomed_drop(t, &d->key, 1, e) : doomed_put(t, d->key, e);
}
struct destroy { struct bed *b; size_t count; };
static bool destroy(int64_t tenant, uint64_t key, void *arg) {
    struct destroy *d = arg;
    struct doom gone = { key, true };
    CHECK_OK(store_write(d->b->store, tenant, doom, &gone, &d->b->e), &d->b->e);
    d->count++;
    return true;
}

TEST(doomed_keys_wait_for_their_destruction) {
    struct bed b;
    struct buf all = BUF(1000);
    struct doom d = { .key = 5 };
    bed_start(&b);
    CHECK_OK(store_write(b.store, 2, doom, &d, &b.e), &b.e);
    CHECK_OK(store_write(b.store, 2, doom, &d, &b.e), &b.e);                         /* twice is once */
    d.key = UINT64_MAX;
    CHECK_OK(store_write(b.store, 1, doom, &d, &b.e), &b.e);
    bed_reopen(&b);
    CHECK_OK(doomed_list(b.store, see_doomed, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "1:18446744073709551615;2:5;");
    for (uint64_t key = 100; key < 100 + DOOMED_CHUNK + 50; key++) {
        struct doom *later = malloc(sizeof *later);
        *later = (struct doom){ .key = key };
        store_write_later(b.store, 2, doom, later, free);
    }
    CHECK_OK(store_checkpoint(b.store, &b.e), &b.e);
    struct destroy gone = { .b = &b };
    CHECK_OK(doomed_list(b.store, destroy, &gone, &b.e), &b.e);
    CHECK_INT(gone.count, DOOMED_CHUNK + 52);
    buf_cut(&all, 0);
    CHECK_OK(doomed_list(b.store, see_doomed, &all, &b.e), &b.e);
    CHECK(all.len == 0);
    buf_done(&all);
    bed_end(&b);
}
