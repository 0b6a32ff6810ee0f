/* destruction_test.c — keys as ranges, there and back; numbers without gaps; told once; damage is seen. */
#include "store/destruction.c"

#include "store/testbed.h"

struct put { const char *cause; const uint64_t *keys; size_t count; int64_t number; };
static enum code put_write(struct txn *t, void *arg, struct err *e) {
    struct put *p = arg;
    return destruction_put(t, p->cause, "token 7", "{\"paper\":1}", p->keys, p->count, &p->number, e);
}
static int64_t bed_put(struct bed *b, int64_t tenant, const uint64_t *keys, size_t count) {
    struct put p = { "owner", keys, count, 0 };
    CHECK_OK(store_write(b->store, tenant, put_write, &p, &b->e), &b->e);
    return p.number;
}

static bool say(const struct destruction_row *r, void *arg) {
    struct buf *out = arg;
    buf_printf(out, "%lld %s %s %s", (long long)r->number, r->cause, r->by, r->counts);
    for (size_t i = 0; i < r->key_count; i++)
        buf_printf(out, " %llu", (unsigned long long)r->keys[i]);
    buf_char(out, ';');
    return true;
}
static enum code listed(struct bed *b, int64_t tenant, struct buf *out) {
    AUTO(view_end) struct view *v = NULL;
    buf_cut(out, 0);
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    return destructions_open(view_sql(v), say, out, &b->e);
}
static bool waits(struct bed *b, int64_t tenant) {
    AUTO(buf_done) struct buf out = BUF(4000);
    CHECK_OK(listed(b, tenant, &out), &b->e);
    return out.len > 0;
}

TEST(keys_come_back_ascending_and_each_once) {
    static const uint64_t keys[] = { 4099, 4096, 4097, 4097, UINT64_MAX - 1, 1, 300 }, one[] = { 8 };
    struct bed b;
    struct buf out = BUF(1000);
    bed_start(&b);
    CHECK(!waits(&b, 3));
    CHECK_INT(bed_put(&b, 3, keys, ARRAY_LEN(keys)), 1);
    CHECK_INT(bed_put(&b, 3, one, 1), 2);
    CHECK_INT(bed_put(&b, 4, one, 1), 1);
    CHECK_OK(listed(&b, 3, &out), &b.e);
    CHECK_TEXT(buf_str(&out), "1 owner token 7 {\"paper\":1} 1 300 4096 4097 4099 18446744073709551614;2 owner token 7 {\"paper\":1} 8;");
    CHECK(waits(&b, 3) && waits(&b, 4) && !waits(&b, 5));
    CHECK_INT(bed_put(&b, 5, NULL, 0), 1);                             /* what had no key any more is told of, too */
    CHECK_OK(listed(&b, 5, &out), &b.e);
    CHECK_TEXT(buf_str(&out), "1 owner token 7 {\"paper\":1};");
    struct put most = { "owner", one, DESTRUCTION_KEYS + 1, 0 };
    CHECK_CODE(store_write(b.store, 3, put_write, &most, &b.e), E_INVALID, &b.e);
    buf_done(&out);
    bed_end(&b);
}

TEST(a_million_keys_that_were_made_together_take_a_few_bytes) {
    enum { N = 1000000 };
    AUTO(buf_done) struct buf out = BUF(RANGES_MAX);
    uint64_t *keys = mem_new_array(N, sizeof *keys), *back = mem_new_array(N, sizeof *back);
    size_t count = 0;
    struct err e;
    CHECK(keys != NULL && back != NULL);
    for (size_t i = 0; i < N; i++)
        keys[i] = 4096 + i;
    ranges_add(&out, keys, N);
    CHECK(out.len < 10);
    CHECK_OK(ranges_read((const uint8_t *)out.data, out.len, back, &count, &e), &e);
    CHECK(count == N && memcmp(keys, back, N * sizeof *keys) == 0);
    buf_cut(&out, 0);
    for (size_t i = 0; i < N; i++)
        keys[i] = 4096 + 3 * i;                /* none beside another: the most that they can take */
    ranges_add(&out, keys, N);
    CHECK(out.len < 2 * N + 10);
    CHECK_OK(ranges_read((const uint8_t *)out.data, out.len, back, &count, &e), &e);
    CHECK(count == N && memcmp(keys, back, N * sizeof *keys) == 0);
    mem_free(keys);
    mem_free(back);
}

TEST(ranges_that_are_damaged_are_refused) {
    static const struct { const char *bytes; size_t len; } rows[] = {
        { "\x80", 1 }, { "\x01", 1 }, { "\x01\x80", 2 }, { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x00", 11 }, { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x01\x00", 13 },
        { "\x00\xff\xff\xff\xff\x7f", 6 }, { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", 12 },
    };
    size_t count = 77;
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_CODE(ranges_read((const uint8_t *)rows[i].bytes, rows[i].len, NULL, &count, &e), E_DAMAGED, &e);
    CHECK_INT(count, 77);
}

struct cert { int64_t number, tells; const char *text; };
static enum code cert_write(struct txn *t, void *arg, struct err *e) {
    struct cert *c = arg;
    enum code code = c->number != 0 ? OK : certificate_next(&t->sql, &c->number, e);
    if (code == OK)
        code = certificate_put(t, c->number, c->text, e);
    return code == OK ? destruction_told(t, c->tells, c->number, e) : code;
}
static bool say_cert(const struct certificate_row *r, void *arg) {
    buf_printf(arg, "%lld %s;", (long long)r->number, r->text);
    return true;
}
static enum code drop_write(struct txn *t, void *arg UNUSED, struct err *e) { return destructions_drop(t, e); }

TEST(a_destruction_is_told_of_once) {
    static const uint64_t keys[] = { 9, 10, 11 };
    struct bed b;
    struct buf out = BUF(1000);
    bed_start(&b);
    for (int i = 0; i < 3; i++)
        CHECK_INT(bed_put(&b, 3, keys, 3), i + 1);
    struct cert c = { 0, 2, "first" };
    CHECK_OK(store_write(b.store, 3, cert_write, &c, &b.e), &b.e);
    CHECK_INT(c.number, 1);
    CHECK_OK(listed(&b, 3, &out), &b.e);
    CHECK_TEXT(buf_str(&out), "1 owner token 7 {\"paper\":1} 9 10 11;3 owner token 7 {\"paper\":1} 9 10 11;");
    struct cert again = { 0, 2, "again" }, taken = { 1, 1, "taken" }, second = { 0, 1, "second" };
    CHECK_CODE(store_write(b.store, 3, cert_write, &again, &b.e), E_CONFLICT, &b.e);
    CHECK_CODE(store_write(b.store, 3, cert_write, &taken, &b.e), E_CONFLICT, &b.e);
    CHECK_OK(store_write(b.store, 3, cert_write, &second, &b.e), &b.e);
    CHECK_INT(second.number, 2);                                       /* what was refused took none */
    {
        AUTO(view_end) struct view *v = NULL;
        CHECK_OK(store_view(b.store, 3, &v, &b.e), &b.e);
        buf_cut(&out, 0);
        CHECK_OK(certificates_list(view_sql(v), INT64_MAX, say_cert, &out, &b.e), &b.e);
        CHECK_OK(certificates_list(view_sql(v), 2, say_cert, &out, &b.e), &b.e);
        CHECK_OK(certificate_get(view_sql(v), 2, say_cert, &out, &b.e), &b.e);
        CHECK_TEXT(buf_str(&out), "2 second;1 first;1 first;2 second;");
        CHECK_CODE(certificate_get(view_sql(v), 3, say_cert, &out, &b.e), E_NOT_FOUND, &b.e);
    }
    CHECK_INT(bed_put(&b, 3, keys, 3), 4);
    CHECK_OK(store_write(b.store, 3, drop_write, NULL, &b.e), &b.e);
    CHECK(!waits(&b, 3));
    buf_done(&out);
    bed_end(&b);
}
