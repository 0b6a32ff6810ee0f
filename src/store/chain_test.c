/* chain_test.c — rows of the ledger follow one another or are refused; heads only go forward. */
#include "store/chain.c"

#include "store/testbed.h"

static enum code put_entry(struct txn *t, void *arg, struct err *e) { return ledger_put(t, arg, e); }
static enum code last_and_put(struct txn *t, void *arg, struct err *e) {
    struct ledger_row *r = arg;
    enum code code = ledger_last(txn_sql(t), &r->seq, r->before, e);
    r->seq++;
    memset(r->head, (int)r->seq, HASH_SIZE);
    return code == OK ? ledger_put(t, r, e) : code;
}
static bool count_rows(const struct ledger_row *r, void *arg) {
    uint64_t *n = arg;
    CHECK(r->seq == *n + 1 && r->before[0] == *n % 256 && r->head[5] == r->seq % 256);
    *n = r->seq;
    return true;
}
static bool see_chain(int64_t chain, uint64_t seq, const uint8_t head[HASH_SIZE], void *arg) {
    int64_t *sum = arg;
    CHECK(head[3] == seq % 256);
    *sum = *sum * 1000 + chain * 10 + (int64_t)seq;
    return true;
}

TEST(an_entry_follows_the_last_or_is_refused) {
    struct bed b;
    struct ledger_row r = { .seq = 1, .entry = "{}" };
    bed_start(&b);
    r.seq = 2;
    CHECK_CODE(store_write(b.store, 1, put_entry, &r, &b.e), E_CONFLICT, &b.e);
    r.seq = 1;
    r.before[0] = 1;
    CHECK_CODE(store_write(b.store, 1, put_entry, &r, &b.e), E_CONFLICT, &b.e);
    r.before[0] = 0;
    memset(r.head, 1, HASH_SIZE);
    CHECK_OK(store_write(b.store, 1, put_entry, &r, &b.e), &b.e);
    CHECK_CODE(store_write(b.store, 1, put_entry, &r, &b.e), E_CONFLICT, &b.e);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(store_write(b.store, 1, last_and_put, &r, &b.e), &b.e);
        bed_reopen(&b);
    }
    CHECK_OK(store_write(b.store, 0, last_and_put, &r, &b.e), &b.e);
    CHECK_OK(store_write(b.store, 3, last_and_put, &r, &b.e), &b.e);
    struct view *v = NULL;
    uint64_t n = 0;
    uint8_t head[HASH_SIZE];
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(ledger_list(view_sql(v), 0, count_rows, &n, &b.e), &b.e);
    CHECK(n == 4);
    n = 2;
    CHECK_OK(ledger_list(view_sql(v), 2, count_rows, &n, &b.e), &b.e);      /* from the middle: `before` is right there too */
    CHECK_OK(ledger_last(view_sql(v), &n, head, &b.e), &b.e);
    CHECK(n == 4 && head[0] == 4);
    v = view_end(v);
    int64_t sum = 0;
    CHECK_OK(ledger_chains(b.store, see_chain, &sum, &b.e), &b.e);
    CHECK_INT(sum, 1014031);                                                /* chains 0, 1 and 3 */
    bed_end(&b);
}

static bool see_head(const struct ledger_head *h, void *arg) {
    struct ledger_head *list = arg;
    list[list[0].seq == 0 ? 0 : 1] = *h;
    return true;
}

TEST(a_signed_head_never_goes_back) {
    struct bed b;
    struct ledger_row r = { .entry = "{}" };
    struct ledger_head h = { .chain = 4, .seq = 7, .at = 5 }, got[2] = { { .seq = 0 } };
    bed_start(&b);
    CHECK_OK(store_write(b.store, 4, last_and_put, &r, &b.e), &b.e);
    CHECK_OK(ledger_head_put(b.store, &h, &b.e), &b.e);
    h.seq = 6;
    h.head[0] = 9;
    CHECK_OK(ledger_head_put(b.store, &h, &b.e), &b.e);
    CHECK_OK(ledger_heads(b.store, see_head, got, &b.e), &b.e);
    CHECK(got[0].chain == 4 && got[0].seq == 7 && got[0].head[0] == 0 && got[1].seq == 0);
    h.seq = 8;
    CHECK_OK(ledger_head_put(b.store, &h, &b.e), &b.e);
    got[0].seq = 0;
    CHECK_OK(ledger_heads(b.store, see_head, got, &b.e), &b.e);
    CHECK(got[0].seq == 8 && got[0].head[0] == 9 && got[0].at == 5);
    bed_end(&b);
}
