/* signer.h — for tests: a signer in memory that refuses what the keeper refuses. */
#pragma once
#include <string.h>

#include "base/test.h"
#include "ledger/ledger.h"
#include "ledger/link.h"

struct signer { uint8_t seed[32], public[PUBLIC_SIZE]; struct walk seen[8]; int calls; };

static inline struct walk *signer_seen(struct signer *s, int64_t chain) {
    for (size_t i = 0; i < ARRAY_LEN(s->seen); i++)
        if (s->seen[i].chain == chain || s->seen[i].seq == 0) {
            s->seen[i].chain = chain;
            return &s->seen[i];
        }
    assert_failed("a test has at most eight chains", __FILE__, __LINE__);
}
static enum code signer_head(void *arg, int64_t chain, uint64_t *ret_seq, uint8_t ret_head[HASH_SIZE], struct err *reterr UNUSED) {
    struct walk *w = signer_seen(arg, chain);
    *ret_seq = w->seq;
    memcpy(ret_head, w->head, HASH_SIZE);
    return OK;
}
static enum code signer_chain_after(void *arg, int64_t after, int64_t *ret, struct err *reterr) {
    const struct signer *s = arg;
    const struct walk *next = NULL;
    for (size_t i = 0; i < ARRAY_LEN(s->seen); i++)
        if (s->seen[i].seq > 0 && s->seen[i].chain > after && (next == NULL || s->seen[i].chain < next->chain))
            next = &s->seen[i];
    if (next == NULL)
        return err_set(reterr, E_NOT_FOUND, "no further chain");
    *ret = next->chain;
    return OK;
}
static enum code signer_sign(void *arg, int64_t chain, uint64_t from_seq, const uint8_t (*digests)[HASH_SIZE], size_t count,
                             const uint8_t head[HASH_SIZE], uint8_t ret_sig[SIGNATURE_SIZE], struct err *reterr) {
    struct signer *s = arg;
    struct walk *w = signer_seen(s, chain), next = *w;
    uint8_t text[LEDGER_HEAD_TEXT_SIZE];
    s->calls++;
    for (size_t i = 0; i < count; i++)
        link_head(next.head, digests[i], next.head);
    next.seq += count;
    if (from_seq != w->seq || memcmp(next.head, head, HASH_SIZE) != 0)
        return err_set(reterr, E_CONFLICT, "this head does not extend what was signed");
    *w = next;
    ledger_head_text(chain, next.seq, head, text);
    return sign(s->seed, text, sizeof text, ret_sig, reterr);
}
static inline struct ledger_signer signer_start(struct signer *s) {
    struct err e;
    *s = (struct signer){ .calls = 0 };
    CHECK_OK(sign_make(s->seed, s->public, &e), &e);
    return (struct ledger_signer){ .head = signer_head, .chain_after = signer_chain_after, .sign = signer_sign, .arg = s };
}
