/* verify.c — the chains in the database, entry by entry, against themselves and against what was signed. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "ledger/link.h"

#define CHUNK 2000u                          /* entries in one view, so that none stays open for long */

bool walk_on(struct walk *w, uint64_t seq, const char *entry, size_t len, const uint8_t *digest, const uint8_t head[HASH_SIZE]) {
    uint8_t own[HASH_SIZE], next[HASH_SIZE];
    if (seq != w->seq + 1)
        return false;
    hash_sha256(entry, len, own);
    link_head(w->head, own, next);
    if ((digest != NULL && memcmp(digest, own, HASH_SIZE) != 0) || memcmp(head, next, HASH_SIZE) != 0)
        return false;
    w->seq = seq;
    memcpy(w->head, next, HASH_SIZE);
    return true;
}

struct checking {
    struct store *store;
    const uint8_t *public;
    struct ledger_check *ret;
    struct walk walk;
    struct ledger_head signed_head;          /* seq 0: none */
    bool head_met, wrong;
    size_t left;
    struct err *reterr;
    enum code code;
};

static enum code wrong(struct checking *c, uint64_t seq, const char *why) {
    c->ret->bad_chain = c->walk.chain;
    c->ret->bad_seq = seq;
    c->wrong = true;
    c->code = err_set(c->reterr, E_DAMAGED, "ledger chain %lld, entry %llu: %s", (long long)c->walk.chain, (unsigned long long)seq, why);
    return c->code;
}

static bool signature_right(const struct checking *c) {
    uint8_t text[LEDGER_HEAD_TEXT_SIZE];
    const struct ledger_head *h = &c->signed_head;
    if (c->public == NULL)
        return true;
    ledger_head_text(h->chain, h->seq, h->head, text);
    return sign_verify(c->public, text, sizeof text, h->signature);
}

static bool check_row(const struct ledger_row *r, void *arg) {
    struct checking *c = arg;
    uint64_t next = c->walk.seq + 1;
    if (!walk_on(&c->walk, r->seq, r->entry, strlen(r->entry), r->digest, r->head)) {
        (void)wrong(c, next, r->seq == next ? "it is not what was written: its hash or its link does not hold" : "it is missing");
        return false;
    }
    c->ret->entries++;
    if (r->seq == c->signed_head.seq) {
        c->head_met = true;
        if (memcmp(r->head, c->signed_head.head, HASH_SIZE) != 0 || !signature_right(c)) {
            (void)wrong(c, r->seq, "the signed head does not belong to it: the history was rewritten, or the signature is not the keeper's");
            return false;
        }
        c->ret->signed_heads++;
    }
    return --c->left > 0;
}

static enum code head_of(struct store *s, int64_t chain, struct ledger_head *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s, chain, &v, reterr);
    return code == OK ? ledger_head_get(view_sql(v), ret, reterr) : code;
}

/* The head before the rows, so that a head that is signed meanwhile is not missed by rows that were read earlier. */
static enum code check_chain(struct checking *c, struct err *reterr) {
    enum code code = head_of(c->store, c->walk.chain, &c->signed_head, reterr);
    do {
        AUTO(view_end) struct view *v = NULL;
        c->left = CHUNK;
        if (code == OK)
            code = store_view(c->store, c->walk.chain, &v, reterr);
        if (code == OK)
            code = ledger_list(view_sql(v), c->walk.seq, check_row, c, reterr);
    } while (code == OK && !c->wrong && c->left == 0);
    if (code == OK && c->wrong)
        return c->code;
    if (code == OK && c->signed_head.seq > 0 && !c->head_met)
        return wrong(c, c->walk.seq + 1, "it is missing, and a later one was signed: the end of the chain was cut off");
    return code;
}

struct chains { int64_t *list; size_t count, room; bool failed; };

static bool chain_note(int64_t chain, uint64_t seq UNUSED, const uint8_t head[HASH_SIZE] UNUSED, void *arg) {
    struct chains *l = arg;
    if (l->count == l->room) {
        int64_t *more = mem_grow(l->list, l->room * 2 + 16, sizeof *more);
        if (more == NULL) {
            l->failed = true;
            return false;
        }
        l->list = more;
        l->room = l->room * 2 + 16;
    }
    l->list[l->count++] = chain;
    return true;
}

static bool signed_note(const struct ledger_head *h, void *arg) { return chain_note(h->chain, h->seq, h->head, arg); }

static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Chains with entries and chains with a signature only (all of whose entries are gone). */
static enum code chains_all(struct store *s, struct chains *ret, struct err *reterr) {
    enum code code = ledger_chains(s, chain_note, ret, reterr);
    if (code == OK)
        code = ledger_heads(s, signed_note, ret, reterr);
    if (code == OK && ret->failed)
        code = err_set(reterr, E_MEMORY, "no memory for the list of ledger chains");
    if (code == OK && ret->count > 0)
        qsort(ret->list, ret->count, sizeof *ret->list, by_number);
    return code;
}

enum code ledger_verify(struct store *s, const uint8_t public[PUBLIC_SIZE], struct ledger_check *ret, struct err *reterr) {
    struct chains all = { 0 };
    struct ledger_check sum = { .bad_chain = -1 };
    enum code code = chains_all(s, &all, reterr);
    for (size_t i = 0; code == OK && i < all.count; i++) {
        if (i > 0 && all.list[i] == all.list[i - 1])
            continue;
        struct checking c = { .store = s, .public = public, .ret = &sum, .walk = { .chain = all.list[i] }, .reterr = reterr };
        code = check_chain(&c, reterr);
        sum.chains++;
    }
    (void)mem_free(all.list);
    if (code == OK || code == E_DAMAGED)
        *ret = sum;
    return code;
}
