/* sign_test.c — heads are signed in batches, once; a history from another time is refused. */
#include "ledger/sign.c"

#include "ledger/signer.h"
#include "store/testbed.h"

static void note(struct bed *b, int64_t chain, unsigned times) {
    for (unsigned i = 0; i < times; i++)
        CHECK_OK(ledger_note(b->store, chain, "record_made", "token 1", json_null(), i % 500 == 499 || i + 1 == times, &b->e), &b->e);
}

TEST(a_long_chain_is_signed_in_batches) {
    struct bed b;
    struct signer s;
    struct ledger_check check;
    bed_start(&b);
    struct ledger_signer signer = signer_start(&s);
    note(&b, 3, 2 * BATCH + 5);
    CHECK_OK(ledger_sign(b.store, &signer, &b.e), &b.e);
    CHECK(s.calls == 3 && signer_seen(&s, 3)->seq == 2 * BATCH + 5);
    CHECK_OK(ledger_verify(b.store, s.public, &check, &b.e), &b.e);
    CHECK(check.signed_heads == 1);
    bed_end(&b);
}

static void view_head(struct bed *b, int64_t chain, struct ledger_head *ret) {
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, chain, &v, &b->e), &b->e);
    CHECK_OK(ledger_head_get(view_sql(v), ret, &b->e), &b->e);
}

static enum code cut_after_signing(void *arg, int64_t chain, uint64_t from_seq, const uint8_t (*digests)[HASH_SIZE], size_t count,
                                   const uint8_t head[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    enum code code = signer_sign(arg, chain, from_seq, digests, count, head, ret_sig, reterr);
    return code == OK ? err_set(reterr, E_PEER, "the keeper went away") : code;
}

TEST(a_signature_that_got_lost_is_made_again) {
    struct bed b;
    struct signer s;
    struct ledger_check check;
    bed_start(&b);
    struct ledger_signer signer = signer_start(&s), cut = signer;
    cut.sign = cut_after_signing;
    note(&b, 3, 4);
    CHECK_CODE(ledger_sign(b.store, &cut, &b.e), E_PEER, &b.e);
    CHECK(signer_seen(&s, 3)->seq == 4);
    CHECK_OK(ledger_sign(b.store, &signer, &b.e), &b.e);
    CHECK_OK(ledger_verify(b.store, s.public, &check, &b.e), &b.e);
    CHECK(check.signed_heads == 1);
    bed_end(&b);
}

TEST(a_history_from_another_time_is_refused) {
    struct bed b;
    struct signer s;
    bed_start(&b);
    struct ledger_signer signer = signer_start(&s);
    note(&b, 3, 4);
    CHECK_OK(ledger_sign(b.store, &signer, &b.e), &b.e);
    bed_chain_cut(&b, 3, 2);
    note(&b, 3, 1);                                        /* shorter than what was signed, and not stored as signed: caught below */
    bed_heads_drop(&b, 3);
    CHECK_CODE(ledger_sign(b.store, &signer, &b.e), E_DAMAGED, &b.e);
    CHECK(strstr(b.e.text, "chain 3") != NULL && strstr(b.e.text, "entry 4") != NULL);
    note(&b, 3, 1);                                        /* as long, but another history */
    CHECK_CODE(ledger_sign(b.store, &signer, &b.e), E_DAMAGED, &b.e);
    note(&b, 3, 3);                                        /* longer */
    CHECK_CODE(ledger_sign(b.store, &signer, &b.e), E_DAMAGED, &b.e);
    bed_end(&b);
}

/* A thief of the database puts back yesterday's entries with yesterday's signature: both fit, and the keeper has seen more. */
TEST(an_end_that_was_cut_off_with_its_signature_is_told) {
    for (int whole = 0; whole < 2; whole++) {
        struct bed b;
        struct signer s;
        struct ledger_check check;
        struct ledger_head old = { 0 };
        bed_start(&b);
        struct ledger_signer signer = signer_start(&s);
        note(&b, 0, 2);
        note(&b, 3, 4);
        CHECK_OK(ledger_sign(b.store, &signer, &b.e), &b.e);
        view_head(&b, 3, &old);
        note(&b, 3, 2);
        CHECK_OK(ledger_sign(b.store, &signer, &b.e), &b.e);
        CHECK_OK(ledger_compare(b.store, &signer, &check, &b.e), &b.e);
        bed_chain_cut(&b, 3, whole ? 0 : 4);
        bed_heads_drop(&b, 3);
        if (!whole)
            CHECK_OK(ledger_head_put(b.store, &old, &b.e), &b.e);
        CHECK_OK(ledger_sign(b.store, &signer, &b.e), &b.e);
        CHECK_OK(ledger_verify(b.store, s.public, &check, &b.e), &b.e);      /* it fits in itself */
        CHECK_CODE(ledger_compare(b.store, &signer, &check, &b.e), E_DAMAGED, &b.e);
        CHECK(check.bad_chain == 3 && check.bad_seq == 6 && strstr(b.e.text, "chain 3, entry 6") != NULL);
        bed_end(&b);
    }
}

TEST(a_signer_that_was_put_back_is_told) {
    struct bed b;
    struct signer s;
    struct ledger_check check;
    bed_start(&b);
    struct ledger_signer signer = signer_start(&s);
    note(&b, 3, 4);
    CHECK_OK(ledger_sign(b.store, &signer, &b.e), &b.e);
    struct walk old = *signer_seen(&s, 3);
    note(&b, 3, 2);
    CHECK_OK(ledger_sign(b.store, &signer, &b.e), &b.e);
    *signer_seen(&s, 3) = old;
    CHECK_CODE(ledger_compare(b.store, &signer, &check, &b.e), E_DAMAGED, &b.e);
    CHECK(check.bad_chain == 3 && check.bad_seq == 5 && strstr(b.e.text, "keyring") != NULL);
    bed_end(&b);
}
