/* renew_test.c — every token under a new index key: found by the new, not by the old; claims stay exact on the way. */
#include "store/renew.c"

#include "store/testbed.h"

/* Keys of a tenant by generation, as the keeper gives them. */
static struct key index_key(int64_t tenant, uint32_t generation) {
    struct key k;
    struct { int64_t tenant; uint32_t generation, zero; } seed = { tenant, generation, 0 };
    hash_sha256(&seed, sizeof seed, k.bytes);
    return k;
}
static struct token found_by(int64_t tenant, uint32_t generation, uint32_t value) {
    struct key find = index_key(tenant, 999), index = index_key(tenant, generation);
    struct token t;
    CHECK(token_make(&find, &index, &value, sizeof value, &t));
    return t;
}

struct keys { uint32_t generation; int64_t fail_at; size_t asked; };
static enum code keys_of(void *arg, int64_t tenant, struct key *ret_before, struct key *ret_now, uint32_t *ret_generation, struct err *e) {
    struct keys *k = arg;
    k->asked++;
    if (tenant == k->fail_at)
        return err_set(e, E_PEER, "the keeper is away");
    *ret_before = index_key(tenant, k->generation - 1);
    *ret_now = index_key(tenant, k->generation);
    *ret_generation = k->generation;
    return OK;
}

struct make2 { uint32_t n, generation; bool with_before; enum code claim_code; };
static enum code make2(struct txn *t, void *arg, struct err *e) {
    struct make2 *m = arg;
    int64_t tenant = txn_tenant(t), change;
    struct uuid id = id_of(m->n);
    struct token before = found_by(tenant, m->generation - 1, m->n);
    struct mark mark = { .token = found_by(tenant, m->generation, m->n), .generation = m->generation, .before = m->with_before ? &before : NULL };
    struct token tokens[2] = { mark.token, found_by(tenant, m->generation, 100000 + m->n % 3) };
    struct sorted_value sorted = { .field = 1, .number = m->n };
    enum code code = txn_change(t, &change, e);
    if (code == OK)
        code = claim_take(t, 1, 1, &mark, &id, e);
    for (int i = 0; i < 3 && code == OK; i++)
        code = span_take(t, 1, 2 + i, &mark, 10, 20, &id, e);
    return code == OK ? index_put(t, 1, &id, m->generation, tokens, 2, &sorted, 1, e) : code;
}
static void fill(struct bed *b, uint32_t per_tenant, uint32_t generation) {
    for (int64_t tenant = 1; tenant <= 2; tenant++)
        for (uint32_t n = 1; n <= per_tenant; n++) {
            struct make2 *m = malloc(sizeof *m);
            *m = (struct make2){ .n = n, .generation = generation };
            store_write_later(b->store, tenant, make2, m, free);
        }
    CHECK_OK(store_checkpoint(b->store, &b->e), &b->e);
}
static size_t found(struct bed *b, int64_t tenant, uint32_t generation, uint32_t value) {
    struct token t = found_by(tenant, generation, value);
    return bed_found(b, tenant, &t);
}

#define MANY (STEP * 2 + 11)

TEST(all_is_found_by_the_new_key_and_nothing_by_the_old) {
    struct bed b;
    struct keys k = { .generation = 2 };
    bed_start(&b);
    fill(&b, MANY, 1);
    CHECK_OK(index_renew(b.store, keys_of, &k, &b.e), &b.e);
    CHECK(k.asked == 2);
    for (int64_t tenant = 1; tenant <= 2; tenant++)
        for (uint32_t n = 1; n <= MANY; n += n < 5 || n > MANY - 5 ? 1 : 17)
            CHECK(found(&b, tenant, 2, n) == 1 && found(&b, tenant, 1, n) == 0);
    CHECK(found(&b, 1, 2, 100000) == MANY / 3 && found(&b, 1, 1, 100000) == 0);
    CHECK_OK(index_renew(b.store, keys_of, &k, &b.e), &b.e);          /* once more changes nothing */
    CHECK(found(&b, 1, 2, 7) == 1);
    k.generation = 3;
    CHECK_OK(index_renew(b.store, keys_of, &k, &b.e), &b.e);
    CHECK(found(&b, 1, 3, 7) == 1 && found(&b, 1, 2, 7) == 0);
    CHECK_OK(store_check(b.store, &b.e), &b.e);
    bed_end(&b);
}

TEST(claims_and_spans_hold_before_during_and_after) {
    struct bed b;
    struct keys k = { .generation = 2, .fail_at = 2 };
    bed_start(&b);
    fill(&b, MANY, 1);
    struct make2 m = { .n = 5000, .generation = 2, .with_before = true };
    for (int round = 0; round < 2; round++) {                          /* tenant 1 is done, tenant 2 is not; then both are */
        CHECK_CODE(index_renew(b.store, keys_of, &k, &b.e), round == 0 ? E_PEER : OK, &b.e);
        for (int64_t tenant = 1; tenant <= 2; tenant++)
            for (uint32_t n = 1; n <= MANY; n += 50) {
                struct uuid other = id_of(7000);
                struct token before = found_by(tenant, 1, n);
                struct mark mark = { .token = found_by(tenant, 2, n), .generation = 2, .before = &before };
                struct txn *t = &b.store->writer;
                CHECK_OK(store_checkpoint(b.store, &b.e), &b.e);       /* the thread sleeps from here on */
                t->sql.tenant = tenant;
                CHECK_CODE(claim_take(t, 1, 1, &mark, &other, &b.e), E_CONFLICT, &b.e);
                CHECK_CODE(span_take(t, 1, 3, &mark, 15, 16, &other, &b.e), E_CONFLICT, &b.e);
            }
        k.fail_at = 0;
    }
    CHECK_OK(store_write(b.store, 1, make2, &m, &b.e), &b.e);
    m.n = 3;                                                           /* a record that takes its own value anew on the way */
    CHECK_OK(store_write(b.store, 2, make2, &m, &b.e), &b.e);
    CHECK(found(&b, 2, 2, 3) == 1);
    bed_end(&b);
}

TEST(a_straggler_with_the_old_key_is_sent_back) {
    struct bed b;
    struct keys k = { .generation = 2 };
    bed_start(&b);
    fill(&b, 3, 1);
    CHECK_OK(index_renew(b.store, keys_of, &k, &b.e), &b.e);
    struct make2 m = { .n = 50, .generation = 1 };
    CHECK_CODE(store_write(b.store, 1, make2, &m, &b.e), E_STALE, &b.e);
    m.generation = 2;
    CHECK_OK(store_write(b.store, 1, make2, &m, &b.e), &b.e);
    bed_end(&b);
}

TEST(what_missed_a_renewal_is_told) {
    struct bed b;
    struct keys k = { .generation = 3 };
    bed_start(&b);
    fill(&b, 3, 1);
    CHECK_CODE(index_renew(b.store, keys_of, &k, &b.e), E_DAMAGED, &b.e);
    CHECK(strstr(b.e.text, "tenant 1") != NULL);
    bed_end(&b);
}

static enum code own_twice(struct txn *t, void *arg UNUSED, struct err *e) {
    struct uuid id = id_of(1);
    struct token before = found_by(1, 1, 1);
    struct mark old = { .token = before, .generation = 1 }, new = { .token = found_by(1, 2, 1), .generation = 2, .before = &before };
    int64_t change;
    enum code code = txn_change(t, &change, e);
    if (code == OK)
        code = claim_take(t, 1, 1, &old, &id, e);
    if (code == OK)
        code = span_take(t, 1, 2, &old, 10, 20, &id, e);
    if (code == OK)
        code = claim_take(t, 1, 1, &new, &id, e);
    return code == OK ? span_take(t, 1, 2, &new, 10, 20, &id, e) : code;
}

TEST(a_value_held_under_both_keys_becomes_one) {
    struct bed b;
    struct keys k = { .generation = 2 };
    struct view *v = NULL;
    struct stmt *s = NULL;
    bool row = false;
    bed_start(&b);
    CHECK_OK(store_write(b.store, 1, own_twice, NULL, &b.e), &b.e);
    CHECK_OK(index_renew(b.store, keys_of, &k, &b.e), &b.e);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(sql_prepare(view_sql(v), "SELECT (SELECT count(*) FROM claim WHERE tenant = ?1), (SELECT count(*) FROM span WHERE tenant = ?1)", &s, &b.e), &b.e);
    CHECK_OK(stmt_step(s, &row, &b.e), &b.e);
    CHECK(row && col_int(s, 0) == 1 && col_int(s, 1) == 1);
    v = view_end(v);
    bed_end(&b);
}
