/* rows_test.c — records, parts, tombstones, lists; each within its tenant. */
#include "store/rows.c"

#include "store/testbed.h"

struct ids { uint32_t n[64]; size_t count, stop; };
static uint32_t number_of(const struct uuid *id) {
    return (uint32_t)id->bytes[12] << 24 | (uint32_t)id->bytes[13] << 16 | (uint32_t)id->bytes[14] << 8 | id->bytes[15];
}
static bool ids_add(const struct row *r, void *arg) {
    struct ids *l = arg;
    l->n[l->count++] = number_of(&r->id);
    return l->stop == 0 || l->count < l->stop;
}
static void check_ids(const struct ids *got, const uint32_t *want) {
    size_t n = 0;
    while (want[n] != 0)
        n++;
    CHECK_INT(got->count, n);
    for (size_t i = 0; i < n; i++)
        CHECK_INT(got->n[i], want[i]);
}

struct put { struct row row; };
static enum code put_row(struct txn *t, void *arg, struct err *e) {
    struct row *r = arg;
    enum code code = txn_change(t, &r->change, e);
    return code == OK ? row_put(t, r, e) : code;
}
static enum code delete_row(struct txn *t, void *arg, struct err *e) { return row_delete(t, 1, arg, e); }

TEST(every_field_comes_back) {
    struct bed b;
    struct row r = row_of(7), got = { 0 };
    bed_start(&b);
    r.version = 3;
    r.created = -5;
    r.updated = 1234567890123456;
    r.due = 99;
    r.parent = id_of(1);
    r.clear = "{\"a\":\"zażółć\"}";
    r.number = "FV/2026/000001";
    r.restricted = true;
    CHECK_OK(store_write(b.store, 2, put_row, &r, &b.e), &b.e);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 2, &v, &b.e), &b.e);
    CHECK_OK(row_get(view_sql(v), 1, &r.id, &got, &b.e), &b.e);
    CHECK(got.kind == 1 && uuid_compare(&got.id, &r.id) == 0 && got.version == 3 && got.change == 1 && got.created == -5);
    CHECK(got.updated == r.updated && got.due == 99 && uuid_compare(&got.parent, &r.parent) == 0 && got.restricted);
    CHECK_TEXT(got.clear, r.clear);
    CHECK_TEXT(got.number, r.number);
    v = view_end(v);
    r.version = 4;
    r.due = USEC_NEVER;
    r.parent = (struct uuid){ 0 };
    r.number = NULL;
    r.clear = NULL;
    r.restricted = false;
    CHECK_OK(store_write(b.store, 2, put_row, &r, &b.e), &b.e);
    CHECK_OK(store_view(b.store, 2, &v, &b.e), &b.e);
    CHECK_OK(row_get(view_sql(v), 1, &r.id, &got, &b.e), &b.e);
    CHECK(got.version == 4 && got.change == 2 && got.due == USEC_NEVER && uuid_is_null(&got.parent) && got.number == NULL && !got.restricted);
    CHECK_TEXT(got.clear, "{}");
    v = view_end(v);
    struct store_status status;
    store_status(b.store, &status);
    CHECK(status.records == 1);
    bed_end(&b);
}

TEST(a_restored_row_of_any_version_is_put) {
    struct bed b;
    struct row got = { 0 };
    bed_start(&b);
    static const int64_t versions[] = { 5, 1, 1, 9 };              /* new at 5, then over it in any order */
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct row r = row_of(1);
        r.version = versions[i];
        CHECK_OK(store_write(b.store, 1, put_row, &r, &b.e), &b.e);
        CHECK_OK(bed_get(&b, 1, 1, &got), &b.e);
        CHECK(got.version == versions[i] && got.change == (int64_t)i + 1);
    }
    bed_end(&b);
}

static enum code everything(struct txn *t, void *arg, struct err *e) {
    struct make *m = arg;
    struct uuid id = id_of(m->n);
    struct mark mark = { .token = token_of(m->n), .generation = 1 };
    enum code code = make_row(t, m, e);
    if (code == OK)
        code = claim_take(t, 1, 1, &mark, &id, e);
    return code == OK ? span_take(t, 1, 2, &mark, 10, 20, &id, e) : code;
}

TEST(an_erased_row_takes_all_with_it_and_never_comes_back) {
    struct bed b;
    struct uuid id = id_of(1);
    struct make one = { .n = 1 }, two = { .n = 2 };
    struct store_status status;
    struct token token = token_of(1);
    bed_start(&b);
    CHECK_OK(store_write(b.store, 1, everything, &one, &b.e), &b.e);
    CHECK_OK(store_write(b.store, 1, everything, &two, &b.e), &b.e);
    CHECK_CODE(store_write(b.store, 2, delete_row, &id, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(store_write(b.store, 1, delete_row, &id, &b.e), &b.e);
    CHECK_CODE(bed_get(&b, 1, 1, NULL), E_GONE, &b.e);
    CHECK_CODE(bed_get(&b, 2, 1, NULL), E_NOT_FOUND, &b.e);         /* nor does another tenant learn that it was there */
    CHECK_CODE(store_write(b.store, 1, delete_row, &id, &b.e), E_GONE, &b.e);
    CHECK(bed_found(&b, 1, &token) == 0);
    struct row r = row_of(1);
    CHECK_CODE(store_write(b.store, 1, put_row, &r, &b.e), E_GONE, &b.e);
    r.version = 2;
    CHECK_CODE(store_write(b.store, 1, put_row, &r, &b.e), E_GONE, &b.e);
    store_status(b.store, &status);
    CHECK(status.records == 1);
    bed_reopen(&b);
    store_status(b.store, &status);
    CHECK(status.records == 1);
    /* what was claimed and held by the erased one is free for others */
    struct view *v = NULL;
    struct stmt *s;
    bool row = false;
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(sql_prepare(view_sql(v), "SELECT (SELECT count(*) FROM claim WHERE tenant = ?1), (SELECT count(*) FROM span WHERE tenant = ?1), "
                         "(SELECT count(*) FROM part WHERE tenant = ?1)", &s, &b.e), &b.e);
    CHECK_OK(stmt_step(s, &row, &b.e), &b.e);
    CHECK(row && col_int(s, 0) == 1 && col_int(s, 1) == 1 && col_int(s, 2) == 1);
    v = view_end(v);
    bed_end(&b);
}

struct parts { int32_t part[8]; uint64_t key[8]; size_t count; };
static bool parts_add(const struct part_row *p, void *arg) {
    struct parts *l = arg;
    CHECK(p->len == 3 && memcmp(p->blob, "abc", 3) == 0 && p->due == (p->part == 2 ? USEC_NEVER : 50 + p->part));
    l->part[l->count] = p->part;
    l->key[l->count++] = p->key;
    return l->count < 7;
}
static enum code put_parts(struct txn *t, void *arg UNUSED, struct err *e) {
    struct uuid id = id_of(1);
    static const struct { int32_t part; uint64_t key; } rows[] = { { 3, 30 }, { 1, 10 }, { 2, UINT64_MAX }, { 1, 11 }, { 4, 40 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct part_row p = { .part = rows[i].part, .key = rows[i].key, .due = rows[i].part == 2 ? USEC_NEVER : 50 + rows[i].part, .blob = "abc", .len = 3 };
        enum code code = part_put(t, 1, &id, &p, e);
        if (code != OK)
            return code;
    }
    return part_delete(t, 1, &id, 4, e);
}

/* Records 2, 4, 6, each with parts 1 and 2 whose key is ten times its number and the part. */
static enum code put_walked(struct txn *t, void *arg UNUSED, struct err *e) {
    enum code code = OK;
    for (uint32_t n = 2; code == OK && n <= 6; n += 2)
        for (int32_t part = 1; code == OK && part <= 2; part++) {
            struct uuid id = id_of(n);
            code = part_put(t, 1, &id, &(struct part_row){ .part = part, .key = n * 10 + (uint32_t)part, .due = part == 2 ? USEC_NEVER : 51, .blob = "abc", .len = 3 }, e);
        }
    return code;
}

static uint64_t walked(struct bed *b, struct part_walk *w, uint32_t n) {
    struct parts got = { .count = 0 };
    struct uuid id = id_of(n);
    uint64_t sum = 0;
    CHECK_OK(parts_walk(w, &id, parts_add, &got, &b->e), &b->e);
    for (size_t i = 0; i < got.count; i++)
        sum += got.key[i];
    return sum;
}

TEST(a_walk_gives_the_parts_of_each_in_turn) {
    struct bed b;
    struct view *v = NULL;
    bed_start(&b);
    CHECK_OK(store_write(b.store, 1, put_walked, NULL, &b.e), &b.e);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    struct part_walk up = PART_WALK(view_sql(v), 1, false);
    CHECK(walked(&b, &up, 1) == 0 && walked(&b, &up, 2) == 43 && walked(&b, &up, 3) == 0 && walked(&b, &up, 6) == 123 && walked(&b, &up, 7) == 0);
    parts_walk_end(&up);
    parts_walk_end(&up);
    struct part_walk down = PART_WALK(view_sql(v), 1, true), from = PART_WALK(view_sql(v), 1, true), other = PART_WALK(view_sql(v), 2, false);
    CHECK(walked(&b, &down, 6) == 123 && walked(&b, &down, 5) == 0 && walked(&b, &down, 4) == 83 && walked(&b, &down, 2) == 43 && walked(&b, &down, 1) == 0);
    parts_walk_end(&down);
    CHECK(walked(&b, &from, 4) == 83);
    parts_walk_end(&from);
    CHECK(walked(&b, &other, 2) == 0);
    parts_walk_end(&other);
    v = view_end(v);
    CHECK_OK(store_view(b.store, 2, &v, &b.e), &b.e);
    struct part_walk tenant = PART_WALK(view_sql(v), 1, false);
    CHECK(walked(&b, &tenant, 2) == 0);
    parts_walk_end(&tenant);
    v = view_end(v);
    bed_end(&b);
}

TEST(parts_are_put_over_and_deleted) {
    struct bed b;
    struct uuid id = id_of(1);
    struct parts got = { .count = 0 };
    struct view *v = NULL;
    bed_start(&b);
    CHECK_OK(store_write(b.store, 1, put_parts, NULL, &b.e), &b.e);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(parts_get(view_sql(v), 1, &id, parts_add, &got, &b.e), &b.e);
    CHECK(got.count == 3 && got.part[0] == 1 && got.key[0] == 11 && got.part[1] == 2 && got.key[1] == UINT64_MAX && got.part[2] == 3);
    v = view_end(v);
    CHECK_OK(store_view(b.store, 2, &v, &b.e), &b.e);
    CHECK_OK(parts_get(view_sql(v), 1, &id, parts_add, &got, &b.e), &b.e);
    CHECK(got.count == 3);
    v = view_end(v);
    bed_end(&b);
}

static void make_many(struct bed *b) {
    struct make m = { .n = 99 };
    bed_start(b);
    for (uint32_t n = 1; n <= 9; n++) {
        struct uuid top = { { 0 } };
        m = (struct make){ .n = n, .parent = n % 3 == 0 ? id_of(100) : n % 3 == 1 ? id_of(101) : top, .due = n % 2 == 0 ? 1000 * (10 - n) : 0 };
        CHECK_OK(store_write(b->store, 1, make_row, &m, &b->e), &b->e);
    }
    m = (struct make){ .n = 50, .kind = 2 };
    CHECK_OK(store_write(b->store, 1, make_row, &m, &b->e), &b->e);
    m = (struct make){ .n = 51 };
    CHECK_OK(store_write(b->store, 2, make_row, &m, &b->e), &b->e);
}

TEST(lists_keep_kind_parent_order_and_page) {
    struct bed b;
    make_many(&b);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    static const struct { int32_t kind; uint32_t after, parent; bool descending; size_t stop; uint32_t want[12]; } rows[] = {
        { 1, 0, 0, false, 0, { 1, 2, 3, 4, 5, 6, 7, 8, 9 } }, { 1, 0, 0, true, 0, { 9, 8, 7, 6, 5, 4, 3, 2, 1 } },
        { 1, 4, 0, false, 2, { 5, 6 } }, { 1, 4, 0, true, 2, { 3, 2 } }, { 1, 0, 100, false, 0, { 3, 6, 9 } },
        { 1, 3, 100, false, 0, { 6, 9 } }, { 1, 0, 101, true, 0, { 7, 4, 1 } }, { 1, 7, 101, true, 0, { 4, 1 } },
        { 2, 0, 0, false, 0, { 50 } }, { 3, 0, 0, false, 0, { 0 } }, { 1, 9, 0, false, 0, { 0 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ids got = { .stop = rows[i].stop };
        struct row_range range = { .kind = rows[i].kind, .has_parent = rows[i].parent != 0, .parent = id_of(rows[i].parent), .descending = rows[i].descending };
        if (rows[i].after != 0)
            range.after = id_of(rows[i].after);
        CHECK_OK(rows_list(view_sql(v), &range, ids_add, &got, &b.e), &b.e);
        check_ids(&got, rows[i].want);
    }
    int64_t n = 0;
    struct uuid parent = id_of(100);
    CHECK_OK(rows_count(view_sql(v), 1, NULL, &n, &b.e), &b.e);
    CHECK(n == 9);
    CHECK_OK(rows_count(view_sql(v), 1, &parent, &n, &b.e), &b.e);
    CHECK(n == 3);
    v = view_end(v);
    bed_end(&b);
}

TEST(what_is_due_comes_by_its_date) {
    struct bed b;
    make_many(&b);
    struct view *v = NULL;
    struct ids got = { .count = 0 };
    static const uint32_t all[] = { 8, 6, 4, 2, 0 }, some[] = { 8, 6, 0 };
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(rows_due(view_sql(v), USEC_NEVER - 1, ids_add, &got, &b.e), &b.e);
    check_ids(&got, all);
    got.count = 0;
    CHECK_OK(rows_due(view_sql(v), 4000, ids_add, &got, &b.e), &b.e);
    check_ids(&got, some);
    v = view_end(v);
    bed_end(&b);
}

struct seen { struct change c[32]; size_t count; };
static bool see(const struct change *c, void *arg) {
    struct seen *s = arg;
    s->c[s->count++] = *c;
    return s->count < ARRAY_LEN(s->c);
}

TEST(changes_are_numbered_without_a_gap_and_erasures_are_among_them) {
    struct bed b;
    make_many(&b);
    struct uuid id = id_of(4);
    struct row r = row_of(2);
    struct seen got;
    struct view *v = NULL;
    got.count = 0;
    r.version = 2;
    CHECK_OK(store_write(b.store, 1, put_row, &r, &b.e), &b.e);             /* change 11 */
    CHECK_OK(store_write(b.store, 1, delete_row, &id, &b.e), &b.e);         /* change 12 */
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(changes_list(view_sql(v), 0, see, &got, &b.e), &b.e);
    static const int64_t want[] = { 1, 3, 5, 6, 7, 8, 9, 10, 11, 12 };
    CHECK_INT(got.count, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        CHECK(got.c[i].change == want[i] && got.c[i].erased == (want[i] == 12));
    CHECK(got.c[9].kind == 1 && number_of(&got.c[9].id) == 4 && got.c[9].version == 2 && got.c[9].at > 0);
    CHECK(got.c[8].version == 2 && number_of(&got.c[8].id) == 2 && got.c[7].kind == 2);
    got.count = 0;
    CHECK_OK(changes_list(view_sql(v), 10, see, &got, &b.e), &b.e);
    CHECK(got.count == 2);
    v = view_end(v);
    bed_end(&b);
}

TEST(no_memory_for_the_texts_of_a_row) {
    struct bed b;
    struct view *v = NULL;
    struct row r = { 0 };
    struct uuid id = id_of(1);
    bed_start(&b);
    bed_make(&b, 1, 1);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    size_t n = 1;
    for (bool reached = true; reached && n < 20; n++) {
        mem_fail_at = n;
        enum code code = row_get(view_sql(v), 1, &id, &r, &b.e);
        reached = mem_fail_at == 0;
        mem_fail_at = 0;
        CHECK(code == (reached ? E_MEMORY : OK));
    }
    CHECK(n > 2);
    v = view_end(v);
    bed_end(&b);
}
