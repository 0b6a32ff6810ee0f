/* export.c — the ledger as a file that needs nothing but SHA-256 and Ed25519 to be checked. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"

#define CHUNK 1000u
#define FLUSH 60000u

struct exporting {
    struct store *store;
    int fd;
    struct buf out;
    uint64_t chains, entries, heads, last;
    struct ledger_head head;
    size_t left;
    struct err *reterr;
    enum code code;
};

static enum code flush(struct exporting *x) {
    size_t at = 0;
    if (x->out.failed)
        return x->code = err_set(x->reterr, E_MEMORY, "no memory to export the ledger");
    while (at < x->out.len) {
        ssize_t n = write(x->fd, x->out.data + at, x->out.len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return x->code = err_errno(x->reterr, errno, "the ledger could not be written out");
        at += (size_t)n;
    }
    buf_cut(&x->out, 0);
    return OK;
}

static void add_head(struct exporting *x) {
    char when[32];
    const struct ledger_head *h = &x->head;
    buf_printf(&x->out, "{\"chain\":%lld,\"at\":\"%s\",\"head\":\"", (long long)h->chain, time_format(h->at, when, sizeof when));
    hex_encode(h->head, HASH_SIZE, &x->out);
    buf_printf(&x->out, "\",\"seq\":%llu,\"signature\":\"", (unsigned long long)h->seq);
    hex_encode(h->signature, SIGNATURE_SIZE, &x->out);
    buf_text(&x->out, "\"}\n");
    x->heads++;
}

static bool add_row(const struct ledger_row *r, void *arg) {
    struct exporting *x = arg;
    buf_printf(&x->out, "{\"chain\":%lld,\"entry\":", (long long)r->chain);
    buf_text(&x->out, r->entry);
    buf_text(&x->out, ",\"head\":\"");
    hex_encode(r->head, HASH_SIZE, &x->out);
    buf_printf(&x->out, "\",\"seq\":%llu}\n", (unsigned long long)r->seq);
    x->entries++;
    x->last = r->seq;
    if (r->seq == x->head.seq)
        add_head(x);
    if (x->out.len > FLUSH && flush(x) != OK)
        return false;
    return --x->left > 0;
}

static enum code export_chunk(struct exporting *x, int64_t chain, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    x->left = CHUNK;
    enum code code = store_view(x->store, chain, &v, reterr);
    return code == OK ? ledger_list(view_sql(v), x->last, add_row, x, reterr) : code;
}

static bool export_chain(int64_t chain, uint64_t seq UNUSED, const uint8_t head[HASH_SIZE] UNUSED, void *arg) {
    struct exporting *x = arg;
    struct view *v = NULL;
    x->last = 0;
    x->code = store_view(x->store, chain, &v, x->reterr);
    if (x->code == OK)
        x->code = ledger_head_get(view_sql(v), &x->head, x->reterr);
    v = view_end(v);
    x->left = 0;
    while (x->code == OK && x->left == 0) {
        enum code code = export_chunk(x, chain, x->reterr);
        if (x->code == OK)
            x->code = code;
    }
    x->chains += x->last > 0;
    return x->code == OK;
}

enum code ledger_export(struct store *s, int64_t chain, const uint8_t public[PUBLIC_SIZE], int fd, struct err *reterr) {
    struct exporting x = { .store = s, .fd = fd, .out = BUF(1u << 20), .reterr = reterr };
    enum code code = OK;
    buf_text(&x.out, "{\"ledger\":1,\"public\":");
    if (public != NULL) {
        buf_char(&x.out, '"');
        hex_encode(public, PUBLIC_SIZE, &x.out);
        buf_text(&x.out, "\"}\n");
    } else {
        buf_text(&x.out, "null}\n");
    }
    if (chain >= 0)
        (void)export_chain(chain, 0, x.head.head, &x);
    else
        code = ledger_chains(s, export_chain, &x, reterr);
    if (code == OK)
        code = x.code;
    if (code == OK) {
        buf_printf(&x.out, "{\"chains\":%llu,\"entries\":%llu,\"heads\":%llu}\n", (unsigned long long)x.chains, (unsigned long long)x.entries,
                   (unsigned long long)x.heads);
        code = flush(&x);
    }
    buf_done(&x.out);
    return code;
}
