/* ledger.c — entries: their canonical bytes, their place in the chain.
 * Invariant: head = SHA-256(head before ‖ SHA-256(entry)); the chain begins with a head of zeros at seq 0. */
#include "ledger/ledger.h"

#include <endian.h>
#include <string.h>

#include "base/mem.h"
#include "base/rule.h"
#include "ledger/link.h"

#define ENTRY_MAX 65536u

void link_head(const uint8_t before[HASH_SIZE], const uint8_t digest[HASH_SIZE], uint8_t ret[HASH_SIZE]) {
    uint8_t both[2 * HASH_SIZE];
    memcpy(both, before, HASH_SIZE);
    memcpy(both + HASH_SIZE, digest, HASH_SIZE);
    hash_sha256(both, sizeof both, ret);
}

void ledger_head_text(int64_t chain, uint64_t seq, const uint8_t head[HASH_SIZE], uint8_t ret[LEDGER_HEAD_TEXT_SIZE]) {
    uint64_t be = htobe64((uint64_t)chain);
    memcpy(ret, "sejf ledger head", 17);              /* with its zero */
    memcpy(ret + 17, &be, 8);
    be = htobe64(seq);
    memcpy(ret + 25, &be, 8);
    memcpy(ret + 33, head, HASH_SIZE);
}

static int dump_piece(const char *bytes, size_t len, void *arg) {
    buf_add(arg, bytes, len);
    return ((struct buf *)arg)->failed ? -1 : 0;
}

/* A JSON string; ours are plain, but a caller's need not be. */
static bool add_string(struct buf *to, const char *text) {
    json_t *s = json_string(text);
    bool ok = s != NULL && json_dump_callback(s, dump_piece, to, JSON_ENCODE_ANY | JSON_COMPACT) == 0;
    json_decref(s);
    return ok;
}

static enum code what_text(json_t *what, struct buf *ret, struct err *reterr) {
    if (what == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a ledger entry");
    if (json_is_null(what) || json_dump_callback(what, dump_piece, ret, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) == 0)
        return OK;
    return ret->failed && ret->len > ENTRY_MAX / 2 ? err_set(reterr, E_TOO_LARGE, "a ledger entry is larger than %u bytes", ENTRY_MAX)
                                                   : err_set(reterr, E_MEMORY, "no memory for a ledger entry");
}

/* Keys in their order: at, do, what, who. */
static enum code entry_text(usec_t at, const char *verb, const char *who, const char *what, struct buf *ret, struct err *reterr) {
    char when[32];
    buf_text(ret, "{\"at\":\"");
    buf_text(ret, time_format(at, when, sizeof when));
    buf_text(ret, "\",\"do\":");
    bool ok = add_string(ret, verb);
    if (*what != 0) {
        buf_text(ret, ",\"what\":");
        buf_text(ret, what);
    }
    buf_text(ret, ",\"who\":");
    ok = ok && add_string(ret, who);
    buf_char(ret, '}');
    return ok && !ret->failed ? OK : err_set(reterr, E_MEMORY, "a ledger entry is larger than %u bytes or memory has run out", ENTRY_MAX);
}

static enum code append(struct txn *t, const char *verb, const char *who, const char *what, struct err *reterr) {
    AUTO(buf_done) struct buf entry = BUF(ENTRY_MAX);
    struct ledger_row r = { .chain = txn_tenant(t), .at = txn_now(t) };
    enum code code = ledger_last(txn_sql(t), &r.seq, r.before, reterr);
    if (code == OK)
        code = entry_text(r.at, verb, who, what, &entry, reterr);
    if (code != OK)
        return code;
    r.seq++;
    r.entry = buf_str(&entry);
    hash_sha256(entry.data, entry.len, r.digest);
    link_head(r.before, r.digest, r.head);
    if (!rule_on(RULE_ledger_verifies))
        memcpy(r.head, r.digest, sizeof r.head);       /* hashes itself alone, nothing before it */
    return ledger_put(t, &r, reterr);
}

enum code ledger_append(struct txn *t, const char *verb, const char *who, json_t *what, struct err *reterr) {
    PRE(t != NULL && verb != NULL && who != NULL);
    AUTO(buf_done) struct buf text = BUF(ENTRY_MAX);
    enum code code = what_text(what, &text, reterr);
    return code == OK ? append(t, verb, who, buf_str(&text), reterr) : code;
}

/* ---- from outside a write ---- */

struct note { char *verb, *who, *what; };

static void note_free(void *arg) {
    struct note *n = arg;
    if (n == NULL)
        return;
    (void)mem_free(n->verb);
    (void)mem_free(n->who);
    (void)mem_free(n->what);
    (void)mem_free(n);
}

static enum code note_write(struct txn *t, void *arg, struct err *reterr) {
    const struct note *n = arg;
    return append(t, n->verb, n->who, n->what, reterr);
}

/* The caller's json is turned to text here, so that no thread but the caller's touches it. */
static struct note *note_new(const char *verb, const char *who, const char *what) {
    struct note *n = mem_new(sizeof *n);
    if (n == NULL)
        return NULL;
    n->verb = mem_text(verb);
    n->who = mem_text(who);
    n->what = mem_text(what);
    if (n->verb != NULL && n->who != NULL && n->what != NULL)
        return n;
    note_free(n);
    return NULL;
}

enum code ledger_note(struct store *s, int64_t tenant, const char *verb, const char *who, json_t *what, bool wait, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(ENTRY_MAX);
    enum code code = what_text(what, &text, reterr);
    if (code != OK)
        return code;
    struct note *n = note_new(verb, who, buf_str(&text));
    if (n == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a ledger entry");
    if (!wait) {
        store_write_later(s, tenant, note_write, n, note_free);
        return OK;
    }
    code = store_write(s, tenant, note_write, n, reterr);
    note_free(n);
    return code;
}
