/* offline.c — an exported file, line by line. The bytes of an entry are taken as they stand between their
 * neighbours, never parsed and printed again, because it is these bytes that were hashed. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "ledger/link.h"

#define LINE_MAX_BYTES (256u << 10)

struct file {
    int fd;
    char *bytes;                             /* LINE_MAX_BYTES and a zero */
    size_t from, until;
    bool ended;
    uint64_t line;
    const uint8_t *public;
    uint8_t own_public[PUBLIC_SIZE];
    struct walk walk;
    bool begun, closed;
    struct ledger_check sum;
    struct err *reterr;
};

static enum code wrong(struct file *f, int64_t chain, uint64_t seq, const char *why) {
    f->sum.bad_chain = chain;
    f->sum.bad_seq = seq;
    return err_set(f->reterr, E_DAMAGED, "ledger chain %lld, entry %llu (line %llu): %s", (long long)chain, (unsigned long long)seq,
                   (unsigned long long)f->line, why);
}

/* Wrong where no chain and no position can be named. */
static enum code bad_line(struct file *f, const char *why) {
    f->sum.bad_chain = -1;
    return err_set(f->reterr, E_DAMAGED, "ledger file, line %llu: %s", (unsigned long long)f->line, why);
}

/* More bytes behind those that wait. */
static enum code refill(struct file *f) {
    memmove(f->bytes, f->bytes + f->from, f->until - f->from);
    f->until -= f->from;
    f->from = 0;
    if (f->until == LINE_MAX_BYTES)
        return bad_line(f, "it is longer than any line of a ledger");
    ssize_t n = read(f->fd, f->bytes + f->until, LINE_MAX_BYTES - f->until);
    if (n < 0 && errno != EINTR)
        return err_errno(f->reterr, errno, "the ledger file cannot be read");
    if (n == 0)
        f->ended = true;
    if (n > 0)
        f->until += (size_t)n;
    return OK;
}

/* The next line, terminated, without its newline; *ret NULL at the end. A last line without newline was cut. */
static enum code next_line(struct file *f, char **ret, size_t *ret_len) {
    *ret = NULL;
    for (;;) {
        char *end = memchr(f->bytes + f->from, '\n', f->until - f->from);
        if (end != NULL) {
            *ret = f->bytes + f->from;
            *ret_len = (size_t)(end - *ret);
            *end = 0;
            f->from += *ret_len + 1;
            f->line++;
            return OK;
        }
        if (f->ended)
            return f->from == f->until ? OK : bad_line(f, "the file ends within it");
        enum code code = refill(f);
        if (code != OK)
            return code;
    }
}

/* ---- pieces of a line ---- */

static bool skip(const char **p, const char *text) {
    size_t len = strlen(text);
    if (strncmp(*p, text, len) != 0)
        return false;
    *p += len;
    return true;
}

static bool number(const char **p, uint64_t *ret) {
    int64_t value;
    size_t len = strspn(*p, "0123456789");
    if (len == 0 || !text_int_n(*p, len, 0, INT64_MAX, &value))
        return false;
    *p += len;
    *ret = (uint64_t)value;
    return true;
}

static bool hex(const char **p, void *ret, size_t len) {
    if (strnlen(*p, 2 * len) < 2 * len || !hex_decode(*p, 2 * len, ret, len))
        return false;
    *p += 2 * len;
    return true;
}

/* The chain that a line belongs to: the same as before, or a later one that begins. */
static bool chain_turn(struct file *f, int64_t chain) {
    if (f->sum.chains > 0 && chain == f->walk.chain)
        return true;
    if (f->sum.chains > 0 && chain < f->walk.chain)
        return false;
    f->walk = (struct walk){ .chain = chain };
    f->sum.chains++;
    return true;
}

#define ENTRY_TAIL (sizeof ",\"head\":\"\",\"seq\":}" - 1 + 2 * HASH_SIZE)

/* {"chain":N,"entry":BYTES,"head":"HEX","seq":N} — the tail is found from the end: seq has at most 20 digits. */
static enum code entry_line(struct file *f, int64_t chain, const char *entry, const char *end) {
    uint64_t seq = 0;
    uint8_t head[HASH_SIZE];
    const char *tail = NULL;
    for (size_t digits = 1; digits <= 20 && (size_t)(end - entry) > ENTRY_TAIL + digits && tail == NULL; digits++) {
        const char *p = end - ENTRY_TAIL - digits, *start = p;
        if (skip(&p, ",\"head\":\"") && hex(&p, head, HASH_SIZE) && skip(&p, "\",\"seq\":") && number(&p, &seq) && skip(&p, "}") && p == end)
            tail = start;
    }
    if (tail == NULL || !chain_turn(f, chain))
        return bad_line(f, "it is not a line of a ledger, or chains are out of order");
    uint64_t next = f->walk.seq + 1;
    if (seq != next)
        return wrong(f, chain, next, "it is missing or out of order");
    if (!walk_on(&f->walk, seq, entry, (size_t)(tail - entry), NULL, head))
        return wrong(f, chain, seq, "it is not what was written: its hash or its link does not hold");
    f->sum.entries++;
    return OK;
}

/* {"chain":N,"at":"…","head":"HEX","seq":N,"signature":"HEX"}, right after the entry that it signs. */
static enum code head_line(struct file *f, int64_t chain, const char *p) {
    uint64_t seq = 0;
    uint8_t head[HASH_SIZE], signature[SIGNATURE_SIZE], text[LEDGER_HEAD_TEXT_SIZE];
    p += strcspn(p, "\"");
    if (!skip(&p, "\",\"head\":\"") || !hex(&p, head, HASH_SIZE) || !skip(&p, "\",\"seq\":") || !number(&p, &seq) ||
        !skip(&p, ",\"signature\":\"") || !hex(&p, signature, SIGNATURE_SIZE) || !skip(&p, "\"}") || *p != 0)
        return bad_line(f, "it is not a line of a ledger");
    if (f->sum.chains == 0 || chain != f->walk.chain || seq != f->walk.seq || memcmp(head, f->walk.head, HASH_SIZE) != 0)
        return wrong(f, chain, seq, "the signed head does not belong to the entry before it: an entry was taken out or rewritten");
    ledger_head_text(chain, seq, head, text);
    if (f->public != NULL && !sign_verify(f->public, text, sizeof text, signature))
        return wrong(f, chain, seq, "the signature is not that of the key");
    f->sum.signed_heads++;
    return OK;
}

static enum code first_line(struct file *f, const char *p) {
    if (!skip(&p, "{\"ledger\":1,\"public\":"))
        return bad_line(f, "this is not an exported ledger");
    f->begun = true;
    if (skip(&p, "null}") && *p == 0)
        return OK;
    if (!skip(&p, "\"") || !hex(&p, f->own_public, PUBLIC_SIZE) || !skip(&p, "\"}") || *p != 0)
        return bad_line(f, "the public key is not one");
    if (f->public == NULL)
        f->public = f->own_public;
    return OK;
}

static enum code last_line(struct file *f, const char *p) {
    uint64_t chains = 0, entries = 0, heads = 0;
    if (!number(&p, &chains) || !skip(&p, ",\"entries\":") || !number(&p, &entries) || !skip(&p, ",\"heads\":") || !number(&p, &heads) ||
        !skip(&p, "}") || *p != 0)
        return bad_line(f, "it is not a line of a ledger");
    if (chains != f->sum.chains || entries != f->sum.entries || heads != f->sum.signed_heads)
        return bad_line(f, "the counts are not those of the file: lines were taken out");
    f->closed = true;
    return OK;
}

static enum code one_line(struct file *f, const char *line, size_t len) {
    const char *p = line, *end = line + len;
    uint64_t chain = 0;
    if (strlen(line) != len)
        return bad_line(f, "it holds a zero byte");
    if (f->closed)
        return bad_line(f, "it stands behind the end");
    if (!f->begun)
        return first_line(f, p);
    if (skip(&p, "{\"chains\":"))
        return last_line(f, p);
    if (!skip(&p, "{\"chain\":") || !number(&p, &chain))
        return bad_line(f, "it is not a line of a ledger");
    if (skip(&p, ",\"entry\":"))
        return entry_line(f, (int64_t)chain, p, end);
    if (skip(&p, ",\"at\":\""))
        return head_line(f, (int64_t)chain, p);
    return bad_line(f, "it is not a line of a ledger");
}

enum code ledger_verify_file(int fd, const uint8_t public[PUBLIC_SIZE], struct ledger_check *ret, struct err *reterr) {
    struct file f = { .fd = fd, .public = public, .sum = { .bad_chain = -1 }, .reterr = reterr };
    f.bytes = mem_new(LINE_MAX_BYTES + 1);
    if (f.bytes == NULL)
        return err_set(reterr, E_MEMORY, "no memory to check a ledger file");
    enum code code = OK;
    char *line = NULL;
    size_t len = 0;
    do {
        code = next_line(&f, &line, &len);
        if (code == OK && line != NULL)
            code = one_line(&f, line, len);
    } while (code == OK && line != NULL);
    if (code == OK && !f.closed)
        code = bad_line(&f, f.begun ? "the end is missing: the file was cut off" : "the file is empty");
    (void)mem_free(f.bytes);
    if (code == OK || code == E_DAMAGED)
        *ret = f.sum;
    return code;
}
