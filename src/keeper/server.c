/* server.c — one turn of the loop:
 *   wait; accept; read what has come; do all ASK requests in one transaction; commit; one step of a SLOW one; send.
 * Answers are written to the buffers before the commit and sent after it. When the commit, or any request in it,
 * fails for a reason that is not the request's own, all is rolled back, the answers are taken back, and each request
 * is done again in a transaction of its own. */
#include "keeper/server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "keeper/protocol.h"
#include "sys/files.h"
#include "sys/ipc.h"
#include "sys/sockets.h"

#define GUESTS_MAX 64u
#define REQUESTS_MAX 1024u                   /* in one turn */
#define PENDING_MAX (4u << 20)               /* a peer that does not read its answers is not read either */

/* A certificate whose keys come in several requests: those that were looked at. */
struct certifying { struct hash *hash; int64_t tenant; uint64_t count; key_id last; };
struct guest { struct ipc *ipc; uid_t user; bool gone, slow; size_t mark; const uint8_t *bytes; size_t len; struct certifying certifying; };
struct request { struct guest *guest; const uint8_t *bytes; size_t len; };

/* Requests are handled one after the other, so one place for their keys is enough. */
struct work { key_id ids[BATCH_KEYS]; struct key keys[BATCH_KEYS]; bool ok[BATCH_KEYS]; uint8_t digests[BATCH_KEYS][HASH_SIZE]; };

struct server {
    const struct keeper_config *config;
    struct keyring *k;
    struct work *work;
    struct guest guests[GUESTS_MAX];
    size_t guest_count, request_count;
    struct request requests[REQUESTS_MAX];
    bool more;                               /* whole requests wait in a buffer: do not sleep */
    struct guest *renewing;                   /* who waits for the renewal that is under way */
};

struct call { struct server *s; struct guest *guest; struct msg in; struct buf *out; bool bad; };

/* --- what each request does --- */

static enum code bad(struct call *c, struct err *reterr) {
    c->bad = true;
    return err_set(reterr, E_INVALID, "a message that is not of this protocol");
}

/* tenant, count, ids: into work->ids. */
static bool take_ids(struct call *c, int64_t *ret_tenant, size_t *ret_count) {
    *ret_tenant = (int64_t)msg_u64(&c->in);
    *ret_count = msg_u32(&c->in);
    if (*ret_count > BATCH_KEYS)
        return false;
    for (size_t i = 0; i < *ret_count; i++)
        c->s->work->ids[i] = msg_u64(&c->in);
    return msg_done(&c->in);
}

static enum code do_hello(struct call *c, struct err *reterr) {
    uint32_t version = msg_u32(&c->in);
    if (!msg_done(&c->in))
        return bad(c, reterr);
    put_u32(c->out, PROTOCOL_VERSION);
    return version == PROTOCOL_VERSION ? OK : err_set(reterr, E_PEER, "the keeper is of another version of sejf: restart sejf");
}

static enum code do_make(struct call *c, struct err *reterr) {
    struct work *w = c->s->work;
    int64_t tenant = (int64_t)msg_u64(&c->in);
    uint32_t month = msg_u32(&c->in);
    size_t count = msg_u32(&c->in);
    if (!msg_done(&c->in) || count > BATCH_KEYS)
        return bad(c, reterr);
    enum code code = keyring_make(c->s->k, tenant, month, count, w->ids, w->keys, reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        put_u64(c->out, w->ids[i]);
        buf_add(c->out, w->keys[i].bytes, KEY_SIZE);
    }
    crypto_wipe(w->keys, count * sizeof *w->keys);
    return code;
}

static enum code do_open(struct call *c, struct err *reterr) {
    struct work *w = c->s->work;
    int64_t tenant;
    size_t count;
    if (!take_ids(c, &tenant, &count))
        return bad(c, reterr);
    enum code code = keyring_unwrap(c->s->k, tenant, w->ids, count, w->keys, w->ok, reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        static const struct key none;
        put_u8(c->out, w->ok[i]);
        buf_add(c->out, w->ok[i] ? w->keys[i].bytes : none.bytes, KEY_SIZE);
    }
    crypto_wipe(w->keys, count * sizeof *w->keys);
    return code;
}

static enum code do_destroy(struct call *c, struct err *reterr) {
    int64_t tenant;
    size_t count;
    if (!take_ids(c, &tenant, &count))
        return bad(c, reterr);
    return keyring_destroy(c->s->k, tenant, c->s->work->ids, count, reterr);
}

static enum code do_ahead(struct call *c, struct err *reterr) {
    int64_t tenant;
    size_t count;
    if (!take_ids(c, &tenant, &count))
        return bad(c, reterr);
    put_u64(c->out, keyring_ahead(c->s->k, tenant, c->s->work->ids, count));
    return OK;
}

/* The cap is there for the day on which somebody else acts through the server: the server may not lift it, as far
 * as it has a user of its own. */
static enum code do_allow(struct call *c, struct err *reterr) {
    uint64_t n = msg_u64(&c->in);
    if (!msg_done(&c->in))
        return bad(c, reterr);
    if (c->guest->user != 0 && c->guest->user != geteuid())
        return err_set(reterr, E_FORBIDDEN, "only root or the keeper's own user may allow more destructions: run \"sejf key allow\" as one of them");
    return keyring_allow(c->s->k, n, reterr);
}

static enum code do_tighten(struct call *c, struct err *reterr) {
    int64_t tenant = (int64_t)msg_u64(&c->in);
    uint64_t per_minute = msg_u64(&c->in);
    return msg_done(&c->in) ? keyring_tighten(c->s->k, tenant, per_minute, reterr) : bad(c, reterr);
}

static enum code do_index_keys(struct call *c, struct err *reterr) {
    struct index_keys keys;
    int64_t tenant = (int64_t)msg_u64(&c->in);
    if (!msg_done(&c->in))
        return bad(c, reterr);
    enum code code = keyring_index_keys(c->s->k, tenant, &keys, reterr);
    if (code != OK)
        return code;
    put_u32(c->out, keys.generation);
    put_u8(c->out, keys.has_before);
    buf_add(c->out, keys.find.bytes, KEY_SIZE);
    buf_add(c->out, keys.index.bytes, KEY_SIZE);
    buf_add(c->out, keys.index_before.bytes, KEY_SIZE);
    crypto_wipe(&keys, sizeof keys);
    return OK;
}

static enum code do_index_renew(struct call *c, struct err *reterr) {
    uint32_t generation = 0;
    if (!msg_done(&c->in))
        return bad(c, reterr);
    enum code code = keyring_index_renew(c->s->k, &generation, reterr);
    put_u32(c->out, generation);
    return code;
}

static enum code do_index_settled(struct call *c, struct err *reterr) {
    return msg_done(&c->in) ? keyring_index_settled(c->s->k, reterr) : bad(c, reterr);
}

/* epoch, buckets, keys, pending, destroyed today, opened this minute, most of the latter, most of the former, allowed beyond it, renewed
 * (u64 each), in place u8, locked u8,
 * root 16, file system 16, owner 16. */
static enum code do_status(struct call *c, struct err *reterr) {
    struct keeper_status st;
    if (!msg_done(&c->in))
        return bad(c, reterr);
    keyring_status(c->s->k, &st);
    const uint64_t numbers[] = { st.epoch, st.buckets, st.keys, st.pending, st.destroyed_today, st.opened_minute,
                                 st.opened_most, st.destroyed_most, st.allowed_today, (uint64_t)st.renewed };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        put_u64(c->out, numbers[i]);
    put_u8(c->out, st.in_place);
    put_u8(c->out, st.locked);
    buf_add(c->out, st.root, sizeof st.root);
    buf_add(c->out, st.filesystem, sizeof st.filesystem);
    buf_add(c->out, st.owner.bytes, sizeof st.owner.bytes);
    return OK;
}

static enum code do_sign_head(struct call *c, struct err *reterr) {
    struct work *w = c->s->work;
    uint8_t sig[SIGNATURE_SIZE];
    int64_t chain = (int64_t)msg_u64(&c->in);
    uint64_t from = msg_u64(&c->in);
    const uint8_t *head = msg_bytes(&c->in, HASH_SIZE);
    size_t count = msg_u32(&c->in);
    if (count > BATCH_KEYS)
        return bad(c, reterr);
    const void *digests = msg_bytes(&c->in, count * HASH_SIZE);
    if (head == NULL || digests == NULL || !msg_done(&c->in))
        return bad(c, reterr);
    memcpy(w->digests, digests, count * HASH_SIZE);
    enum code code = keyring_sign_head(c->s->k, chain, from, (const uint8_t (*)[HASH_SIZE])w->digests, count, head, sig, reterr);
    if (code == OK)
        buf_add(c->out, sig, sizeof sig);
    return code;
}

static enum code do_head(struct call *c, struct err *reterr) {
    uint8_t head[HASH_SIZE];
    uint64_t seq = 0;
    int64_t chain = (int64_t)msg_u64(&c->in);
    if (!msg_done(&c->in))
        return bad(c, reterr);
    enum code code = keyring_head(c->s->k, chain, &seq, head, reterr);
    if (code != OK)
        return code;
    put_u64(c->out, seq);
    buf_add(c->out, head, sizeof head);
    return OK;
}

static enum code do_chain_after(struct call *c, struct err *reterr) {
    int64_t chain = 0, after = (int64_t)msg_u64(&c->in);
    if (!msg_done(&c->in))
        return bad(c, reterr);
    enum code code = keyring_chain_after(c->s->k, after, &chain, reterr);
    put_u64(c->out, (uint64_t)chain);
    return code;
}

static enum code do_public(struct call *c, struct err *reterr) {
    uint8_t public[PUBLIC_SIZE];
    if (!msg_done(&c->in))
        return bad(c, reterr);
    enum code code = keyring_public(c->s->k, public, reterr);
    if (code == OK)
        buf_add(c->out, public, sizeof public);
    return code;
}

/* A renewal takes several turns; its answer comes with the last. */
static enum code do_renew(struct call *c, struct err *reterr) {
    bool done = false;
    struct renewal r;
    if (!msg_done(&c->in))
        return bad(c, reterr);
    if (c->s->renewing == NULL) {
        c->s->renewing = c->guest;
        keyring_renew_begin(c->s->k);
    }
    enum code code = keyring_renew_step(c->s->k, &done, &r, reterr);
    if (code != OK || done)
        c->s->renewing = NULL;
    if (code != OK || !done)
        return code;
    const uint64_t numbers[] = { r.buckets, r.keys, r.epoch, (uint64_t)r.took };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        put_u64(c->out, numbers[i]);
    return OK;
}

static enum code do_rehearse_copy(struct call *c, struct err *reterr) {
    return msg_done(&c->in) ? keyring_rehearse_copy(c->s->k, reterr) : bad(c, reterr);
}

static enum code do_rehearse_open(struct call *c, struct err *reterr) {
    int64_t tenant;
    size_t count, opened = 0;
    if (!take_ids(c, &tenant, &count))
        return bad(c, reterr);
    enum code code = keyring_rehearse_open(c->s->k, tenant, c->s->work->ids, count, &opened, reterr);
    put_u64(c->out, opened);
    return code;
}

static enum code do_attest(struct call *c, struct err *reterr) {
    uint8_t sig[SIGNATURE_SIZE];
    char what[STATEMENT_WHAT_MAX + 1] = "";
    const uint8_t *digest = msg_bytes(&c->in, HASH_SIZE);
    size_t len = c->in.left;
    if (digest == NULL || len > STATEMENT_WHAT_MAX || memchr(c->in.at, 0, len) != NULL)
        return bad(c, reterr);
    memcpy(what, msg_bytes(&c->in, len), len);
    enum code code = keyring_attest(c->s->k, what, digest, sig, reterr);
    if (code == OK)
        buf_add(c->out, sig, sizeof sig);
    return code;
}

/* The next keys of a certificate: looked at, then counted. A request that fails leaves nothing to go on from. */
static enum code certify_more(struct call *c, int64_t tenant, uint64_t before, size_t count, struct err *reterr) {
    struct certifying *g = &c->guest->certifying;
    const key_id *ids = c->s->work->ids;
    if (g->hash == NULL && (g->hash = hash_new()) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a certificate");
    if (before == 0) {
        uint8_t dropped[HASH_SIZE];
        hash_end(g->hash, dropped);          /* and ready to start anew */
        *g = (struct certifying){ .hash = g->hash, .tenant = tenant };
    }
    if (before != g->count || tenant != g->tenant)
        return err_set(reterr, E_INVALID, "the keys of a certificate come in one go");
    enum code code = keyring_gone(c->s->k, tenant, ids, count, reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (ids[i] <= g->last)
            code = err_set(reterr, E_INVALID, "the keys of a certificate come in ascending order, each once");
        certified_key(g->hash, ids[i]);
        g->last = ids[i];
        g->count++;
    }
    return code;
}

static enum code do_certify(struct call *c, struct err *reterr) {
    struct certified what = { .count = 0 };
    uint8_t sig[SIGNATURE_SIZE];
    size_t count;
    uint64_t before = msg_u64(&c->in);
    bool last = msg_u8(&c->in) != 0;
    what.epoch = msg_u64(&c->in);
    const uint8_t *digest = msg_bytes(&c->in, HASH_SIZE);
    if (digest == NULL || !take_ids(c, &what.tenant, &count))
        return bad(c, reterr);
    memcpy(what.digest, digest, HASH_SIZE);
    struct certifying *g = &c->guest->certifying;
    enum code code = certify_more(c, what.tenant, before, count, reterr);
    if (code == OK && last) {
        what.count = g->count;
        hash_end(g->hash, what.keys);
        code = keyring_certify(c->s->k, &what, sig, reterr);
    }
    if (code == OK && last)
        buf_add(c->out, sig, sizeof sig);
    if (code != OK || last)
        *g = (struct certifying){ .hash = g->hash, .count = UINT64_MAX };      /* the next one begins at 0 */
    return code;
}

enum kind { ASK, SLOW };
static const struct { enum code (*run)(struct call *c, struct err *reterr); enum kind kind; } handlers[OP_COUNT] = {
#define OP(name, kind) [OP_##name] = { do_##name, kind },
    PROTOCOL_OPS(OP)
#undef OP
};

/* --- one request --- */

/* Results that are the request's own: nothing was written. After any other the transaction cannot go on. */
static bool is_answer(enum code code) {
    return code == OK || code == E_INVALID || code == E_CONFLICT || code == E_TOO_MANY || code == E_NOT_FOUND || code == E_FORBIDDEN
        || code == E_PEER;
}

static void answer_error(struct guest *p, uint8_t op, const struct err *e) {
    struct err ignored;
    struct buf *out = ipc_begin(p->ipc);
    put_u8(out, op);
    put_u32(out, (uint32_t)e->code);
    buf_text(out, e->text);
    if (ipc_end(p->ipc, &ignored) != OK)
        p->gone = true;
}

/* Does it and writes its answer; *ret_wait: a slow one that has not ended wrote none. */
static enum code handle(struct server *s, struct guest *p, const uint8_t *bytes, size_t len, bool *ret_wait) {
    struct err e = { .code = OK };
    uint8_t op = len == 0 ? OP_NONE : bytes[0];
    if (op == OP_NONE || op >= OP_COUNT) {
        p->gone = true;
        return OK;
    }
    size_t before = ipc_pending(p->ipc);
    struct buf *out = ipc_begin(p->ipc);
    put_u8(out, op);
    put_u32(out, OK);
    struct call c = { s, p, { bytes + 1, len - 1, false }, out, false };
    enum code code = handlers[op].run(&c, &e);
    *ret_wait = code == OK && s->renewing == p && op == OP_renew;
    if (code == OK && !*ret_wait)
        code = ipc_end(p->ipc, &e);
    else
        ipc_cut(p->ipc, before);
    if (c.bad)
        p->gone = true;
    else if (code != OK)
        answer_error(p, op, &e);
    return c.bad ? OK : code;
}

/* --- a turn's requests --- */

static void handle_alone(struct server *s, const struct request *r) {
    struct err e;
    bool wait = false;
    r->guest->mark = ipc_pending(r->guest->ipc);
    enum code code = handle(s, r->guest, r->bytes, r->len, &wait);
    if (!is_answer(code)) {
        keyring_rollback(s->k);
        return;                              /* its error is written already */
    }
    code = keyring_commit(s->k, &e);
    if (code == OK)
        return;
    keyring_rollback(s->k);
    ipc_cut(r->guest->ipc, r->guest->mark);
    answer_error(r->guest, r->bytes[0], &e);
}

static void handle_all(struct server *s) {
    struct err e;
    bool wait = false;
    enum code code = OK;
    for (size_t i = 0; i < s->guest_count; i++)
        s->guests[i].mark = ipc_pending(s->guests[i].ipc);
    for (size_t i = 0; is_answer(code) && i < s->request_count; i++)
        if (!s->requests[i].guest->gone)
            code = handle(s, s->requests[i].guest, s->requests[i].bytes, s->requests[i].len, &wait);
    if (is_answer(code) && keyring_commit(s->k, &e) == OK)
        return;
    keyring_rollback(s->k);
    for (size_t i = 0; i < s->guest_count; i++)
        ipc_cut(s->guests[i].ipc, s->guests[i].mark);
    for (size_t i = 0; i < s->request_count; i++)
        if (!s->requests[i].guest->gone)
            handle_alone(s, &s->requests[i]);
}

/* The renewal under way, else the first slow request that waits. */
static void handle_slow(struct server *s) {
    bool wait = false;
    struct guest *p = s->renewing;
    for (size_t i = 0; p == NULL && i < s->guest_count; i++)
        if (s->guests[i].slow && !s->guests[i].gone)
            p = &s->guests[i];
    if (p == NULL)
        return;
    enum code code = handle(s, p, p->bytes, p->len, &wait);
    if (!is_answer(code) && keyring_changed(s->k))
        keyring_rollback(s->k);
    p->slow = wait;
}

/* --- who is connected --- */

static void guest_add(struct server *s, int new_fd) {
    struct err e;
    struct peer who;
    struct guest g = { 0 };
    AUTO(fd_close) int fd = new_fd;
    if (fd < 0 || s->guest_count == GUESTS_MAX || socket_peer(fd, &who, &e) != OK)
        return;
    if (who.uid != 0 && who.uid != geteuid() && who.uid != s->config->server_user)
        return;
    g.user = who.uid;
    if (ipc_new(fd_take(&fd), FRAME_MAX, &g.ipc, &e) == OK)
        s->guests[s->guest_count++] = g;
}

static void guest_take(struct server *s, struct guest *p) {
    const uint8_t *bytes;
    size_t len;
    while (!p->gone && !p->slow) {
        if (s->request_count == REQUESTS_MAX) {
            s->more = true;
            return;
        }
        if (!ipc_next(p->ipc, &bytes, &len))
            return;
        if (len > 0 && bytes[0] > OP_NONE && bytes[0] < OP_COUNT && handlers[bytes[0]].kind == SLOW) {
            p->slow = true;                  /* what follows it waits for its answer */
            p->bytes = bytes;
            p->len = len;
            return;
        }
        s->requests[s->request_count++] = (struct request){ p, bytes, len };
    }
}

static void guest_done(struct guest *p) {
    p->ipc = ipc_free(p->ipc);
    p->certifying.hash = hash_free(p->certifying.hash);
}

/* Those that are gone leave; the one that waits for a renewal only when that has ended. */
static void guests_tidy(struct server *s) {
    size_t to = 0;
    for (size_t i = 0; i < s->guest_count; i++) {
        if (s->guests[i].gone && s->renewing != &s->guests[i]) {
            guest_done(&s->guests[i]);
            continue;
        }
        if (s->renewing == &s->guests[i])
            s->renewing = &s->guests[to];
        s->guests[to++] = s->guests[i];
    }
    s->guest_count = to;
}

static bool slow_waits(const struct server *s) {
    for (size_t i = 0; i < s->guest_count; i++)
        if (s->guests[i].slow)
            return true;
    return s->renewing != NULL;
}

static enum code turn(struct server *s, int listen_fd, bool *ret_stop, struct err *reterr) {
    struct pollfd fds[GUESTS_MAX + 3];
    struct err e;
    size_t n = s->guest_count;
    for (size_t i = 0; i < n; i++) {
        const struct guest *p = &s->guests[i];
        size_t pending = ipc_pending(p->ipc);
        fds[i] = (struct pollfd){ .fd = ipc_fd(p->ipc), .events = (short)((pending < PENDING_MAX && !p->slow ? POLLIN : 0) | (pending > 0 ? POLLOUT : 0)) };
    }
    fds[n] = (struct pollfd){ .fd = listen_fd, .events = n < GUESTS_MAX ? POLLIN : 0 };
    fds[n + 1] = (struct pollfd){ .fd = s->config->stop_fd, .events = POLLIN };
    fds[n + 2] = (struct pollfd){ .fd = n < GUESTS_MAX && s->config->line_fd > 0 ? s->config->line_fd : -1, .events = POLLIN };
    if (poll(fds, n + 3, s->more || slow_waits(s) ? 0 : -1) < 0 && errno != EINTR)
        return err_errno(reterr, errno, "the keeper cannot wait for requests");
    s->request_count = 0;
    s->more = false;
    for (size_t i = 0; i < n; i++) {
        struct guest *p = &s->guests[i];
        if (!p->slow && (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && ipc_fill(p->ipc, &e) != OK)
            p->gone = true;
        else if (p->slow && (fds[i].revents & (POLLHUP | POLLERR)) != 0)
            p->gone = true;
        if (!p->slow && ipc_pending(p->ipc) < PENDING_MAX)
            guest_take(s, p);
    }
    handle_all(s);
    handle_slow(s);
    for (size_t i = 0; i < n; i++)
        if (!s->guests[i].gone && ipc_flush(s->guests[i].ipc, &e) != OK)
            s->guests[i].gone = true;
    guests_tidy(s);
    if ((fds[n].revents & POLLIN) != 0)
        guest_add(s, accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if ((fds[n + 2].revents & POLLIN) != 0)
        guest_add(s, line_take(s->config->line_fd));
    crypto_forget();
    *ret_stop = fds[n + 1].revents != 0;
    return keyring_broken(s->k) ? err_set(reterr, E_IO, "the keyring cannot be read any more: look at the disk, then start the keeper anew") : OK;
}

static enum code no_dumps(struct err *reterr) {
    const struct rlimit none = { 0, 0 };
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        return err_errno(reterr, errno, "core dumps of the keeper cannot be turned off");
    return OK;
}

static struct server *server_free(struct server *s) {
    if (s == NULL)
        return NULL;
    for (size_t i = 0; i < s->guest_count; i++)
        guest_done(&s->guests[i]);
    s->k = keyring_close(s->k);
    s->work = secret_free(s->work);
    return mem_free(s);
}
DEFINE_AUTO(struct server, server_free)

enum code keeper_serve(const struct keeper_config *config, int listen_fd, struct err *reterr) {
    PRE(config != NULL && listen_fd >= 0 && reterr != NULL);
    AUTO(server_free) struct server *s = mem_new(sizeof *s);
    bool stop = false;
    if (s == NULL || (s->work = secret_new(sizeof *s->work)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the keeper");
    s->config = config;
    enum code code = no_dumps(reterr);
    if (code == OK)
        code = crypto_init(reterr);
    if (code == OK)
        code = keyring_open(&config->keyring, &s->k, reterr);
    if (code == OK && config->sandbox != NULL)
        code = config->sandbox(config->arg, reterr);
    if (code == OK && config->ready != NULL)
        config->ready(config->arg);
    while (code == OK && !stop)
        code = turn(s, listen_fd, &stop, reterr);
    return code;
}
