/* sign.c — chains that grew get a signed head. The signer recomputes each link itself, so it gets every digest. */
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"

#define BATCH 1024u

struct batch { uint8_t digests[BATCH][HASH_SIZE]; size_t count; uint8_t head[HASH_SIZE]; };

static bool batch_add(const struct ledger_row *r, void *arg) {
    struct batch *b = arg;
    memcpy(b->digests[b->count++], r->digest, HASH_SIZE);
    memcpy(b->head, r->head, HASH_SIZE);
    return b->count < BATCH;
}

static enum code batch_read(struct store *s, int64_t chain, uint64_t after, struct batch *b, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    b->count = 0;
    enum code code = store_view(s, chain, &v, reterr);
    return code == OK ? ledger_list(view_sql(v), after, batch_add, b, reterr) : code;
}

struct signing { struct store *store; const struct ledger_signer *signer; struct batch *batch; struct err *reterr; enum code code; };

static enum code rewound(int64_t chain, uint64_t have, uint64_t seen, struct err *reterr) {
    return err_set(reterr, E_DAMAGED, "ledger chain %lld ends at entry %llu or differs there, and the keeper signed entry %llu: the data was put "
                   "back from another time; restore the ledger that belongs to this keyring", (long long)chain, (unsigned long long)have, (unsigned long long)seen);
}

static enum code sign_batch(const struct signing *g, int64_t chain, uint64_t from, struct err *reterr) {
    struct ledger_head h = { .chain = chain, .seq = from + g->batch->count, .at = clock_now() };
    memcpy(h.head, g->batch->head, HASH_SIZE);
    enum code code = g->signer->sign(g->signer->arg, chain, from, (const uint8_t (*)[HASH_SIZE])g->batch->digests, g->batch->count, h.head, h.signature, reterr);
    return code == OK ? ledger_head_put(g->store, &h, reterr) : code;
}

/* From what the signer has seen to the end. A head that was signed but not stored (a cut) is stored again first:
 * a batch of none under the head that it knows. */
static enum code sign_chain(const struct signing *g, int64_t chain, uint64_t end, const uint8_t end_head[HASH_SIZE], struct err *reterr) {
    uint64_t at = 0;
    uint8_t known[HASH_SIZE];
    enum code code = g->signer->head(g->signer->arg, chain, &at, known, reterr);
    if (code != OK)
        return code;
    if (at > end || (at == end && memcmp(known, end_head, HASH_SIZE) != 0))
        return rewound(chain, end, at, reterr);
    if (at == end) {
        g->batch->count = 0;
        memcpy(g->batch->head, known, HASH_SIZE);
        return sign_batch(g, chain, at, reterr);
    }
    while (code == OK && at < end) {
        code = batch_read(g->store, chain, at, g->batch, reterr);
        if (code == OK && g->batch->count == 0)
            return rewound(chain, at, end, reterr);
        if (code == OK)
            code = sign_batch(g, chain, at, reterr);
        at += g->batch->count;
    }
    return code == E_CONFLICT ? rewound(chain, end, at, reterr) : code;
}

static enum code stored_seq(struct store *s, int64_t chain, uint64_t *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct ledger_head h = { 0 };
    enum code code = store_view(s, chain, &v, reterr);
    if (code == OK)
        code = ledger_head_get(view_sql(v), &h, reterr);
    if (code == OK)
        *ret = h.seq;
    return code;
}

static bool sign_one(int64_t chain, uint64_t seq, const uint8_t head[HASH_SIZE], void *arg) {
    struct signing *g = arg;
    uint64_t stored = 0;
    g->code = stored_seq(g->store, chain, &stored, g->reterr);
    if (g->code == OK && stored < seq)
        g->code = sign_chain(g, chain, seq, head, g->reterr);
    return g->code == OK;
}

enum code ledger_sign(struct store *s, const struct ledger_signer *signer, struct err *reterr) {
    struct signing g = { .store = s, .signer = signer, .batch = mem_new(sizeof *g.batch), .reterr = reterr };
    if (g.batch == NULL)
        return err_set(reterr, E_MEMORY, "no memory to sign the ledger");
    enum code code = ledger_chains(s, sign_one, &g, reterr);
    (void)mem_free(g.batch);
    return code != OK ? code : g.code;
}

/* ---- is all of it still there? */

struct met { uint64_t seq; uint8_t head[HASH_SIZE]; };

static bool meet(const struct ledger_row *r, void *arg) {
    struct met *m = arg;
    m->seq = r->seq;
    memcpy(m->head, r->head, HASH_SIZE);
    return false;                              /* the first one only */
}

static enum code compare_chain(struct store *s, const struct ledger_signer *signer, int64_t chain, struct ledger_check *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct met met = { 0 };
    uint64_t seq = 0;
    uint8_t head[HASH_SIZE];
    enum code code = signer->head(signer->arg, chain, &seq, head, reterr);
    if (code == OK)
        code = store_view(s, chain, &v, reterr);
    if (code == OK && seq > 0)
        code = ledger_list(view_sql(v), seq - 1, meet, &met, reterr);
    if (code != OK || seq == 0 || (met.seq == seq && memcmp(met.head, head, HASH_SIZE) == 0))
        return code;
    ret->bad_chain = chain;
    ret->bad_seq = seq;
    return err_set(reterr, E_DAMAGED, "ledger chain %lld, entry %llu: the keeper has signed it, and it is missing or another: the end of the chain was cut "
                   "off, or the data was put back from another time", (long long)chain, (unsigned long long)seq);
}

/* A stored head that the signer does not know any more: it is the signer that was put back. */
struct comparing { const struct ledger_signer *signer; struct ledger_check *ret; enum code code; struct err *err; };
static bool compare_head(const struct ledger_head *h, void *arg) {
    struct comparing *c = arg;
    uint64_t seq = 0;
    uint8_t head[HASH_SIZE];
    c->code = c->signer->head(c->signer->arg, h->chain, &seq, head, c->err);
    if (c->code != OK || seq >= h->seq)
        return c->code == OK;
    c->ret->bad_chain = h->chain;
    c->ret->bad_seq = seq + 1;
    c->code = err_set(c->err, E_DAMAGED, "ledger chain %lld, entry %llu: it was signed, and the keeper knows entries up to %llu only: the keyring was put back "
                      "from an earlier time than the data; restore what belongs together", (long long)h->chain, (unsigned long long)h->seq, (unsigned long long)seq);
    return false;
}

enum code ledger_compare(struct store *s, const struct ledger_signer *signer, struct ledger_check *ret, struct err *reterr) {
    int64_t chain = -1;
    struct comparing c = { signer, ret, OK, reterr };
    enum code code = ledger_heads(s, compare_head, &c, reterr);
    if (code == OK)
        code = c.code;
    if (code != OK)
        return code;
    while ((code = signer->chain_after(signer->arg, chain, &chain, reterr)) == OK && (code = compare_chain(s, signer, chain, ret, reterr)) == OK)
        continue;
    return code == E_NOT_FOUND ? OK : code;
}
