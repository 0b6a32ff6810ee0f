/* verify_test.c — every way to rewrite a history in the database, and that it is told with its place. */
#include "ledger/verify.c"

#include "ledger/signer.h"
#include "store/testbed.h"

static void note(struct bed *b, int64_t chain, int times) {
    for (int i = 0; i < times; i++)
        CHECK_OK(ledger_note(b->store, chain, "record_made", "token 1", json_null(), true, &b->e), &b->e);
}

static void start(struct bed *b, struct signer *s) {
    bed_start(b);
    struct ledger_signer signer = signer_start(s);
    note(b, 0, 3);
    note(b, 7, 5);
    CHECK_OK(ledger_sign(b->store, &signer, &b->e), &b->e);
    note(b, 7, 2);                                         /* not signed yet */
}

TEST(an_honest_ledger_verifies) {
    struct bed b;
    struct signer s;
    struct ledger_check check;
    start(&b, &s);
    CHECK_OK(ledger_verify(b.store, s.public, &check, &b.e), &b.e);
    CHECK(check.entries == 10 && check.chains == 2 && check.signed_heads == 2 && check.bad_chain == -1);
    struct ledger_signer signer = { .head = signer_head, .sign = signer_sign, .arg = &s };
    CHECK_OK(ledger_sign(b.store, &signer, &b.e), &b.e);
    CHECK(s.calls == 3);
    CHECK_OK(ledger_sign(b.store, &signer, &b.e), &b.e);
    CHECK(s.calls == 3);                                   /* nothing grew */
    CHECK_OK(ledger_verify(b.store, s.public, &check, &b.e), &b.e);
    CHECK(check.signed_heads == 2);
    bed_end(&b);
}

enum harm { CHANGE, DROP, CUT, CUT_UNSIGNED, ALL, OTHER_KEY };

TEST(every_harm_is_told_with_its_place) {
    static const struct { enum harm harm; int64_t chain; int64_t seq; uint64_t bad; const char *says; } rows[] = {
        { CHANGE, 7, 3, 3, "not what was written" }, { CHANGE, 0, 1, 1, "not what was written" }, { CHANGE, 7, 7, 7, "not what was written" },
        { DROP, 7, 2, 2, "missing" }, { DROP, 7, 1, 1, "missing" }, { CUT, 7, 4, 5, "cut off" }, { CUT, 0, 1, 2, "cut off" },
        { ALL, 0, 0, 1, "cut off" }, { OTHER_KEY, 0, 0, 3, "not the keeper's" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bed b;
        struct signer s;
        struct ledger_check check = { 0 };
        start(&b, &s);
        if (rows[i].harm == CHANGE)
            bed_entry_change(&b, rows[i].chain, rows[i].seq, "{\"do\":\"nothing\"}");
        else if (rows[i].harm == DROP)
            bed_entry_drop(&b, rows[i].chain, rows[i].seq);
        else if (rows[i].harm == OTHER_KEY)
            s.public[5] ^= 1;
        else
            bed_chain_cut(&b, rows[i].chain, rows[i].seq);
        CHECK_CODE(ledger_verify(b.store, s.public, &check, &b.e), E_DAMAGED, &b.e);
        CHECK_INT(check.bad_chain, rows[i].chain);
        CHECK_INT(check.bad_seq, rows[i].bad);
        CHECK(strstr(b.e.text, rows[i].says) != NULL);
        bed_end(&b);
    }
}

TEST(a_long_chain_is_read_in_pieces) {
    struct bed b;
    struct ledger_check check;
    bed_start(&b);
    for (unsigned i = 0; i < 2 * CHUNK; i++)
        CHECK_OK(ledger_note(b.store, 1, "v", "w", json_null(), i % 500 == 499, &b.e), &b.e);
    CHECK_OK(ledger_verify(b.store, NULL, &check, &b.e), &b.e);
    CHECK_INT(check.entries, 2 * CHUNK);
    bed_end(&b);
}
