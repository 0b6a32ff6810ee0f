/* sender.c — one guest is one connection with one request:
 *
 *   READS --its frame--> ASKS --libcurl ends--> ANSWERS (the guest closes)
 *
 * A guest that closes before gives its request up. Invariant: a guest has a transfer, which the multi handle has too, in ASKS alone. */
#include "prog/sender.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "sys/files.h"
#include "sys/ipc.h"
#include "sys/sockets.h"

#define GUESTS_MAX 192u                       /* more than all lines of the server let through together: sign-in, text messages, webhooks, by hand, 16 askers */
#define WAIT_MS 60000
#define CONNECTIONS_KEPT 16L

enum state { READS, ASKS, ANSWERS };
struct guest { struct ipc *ipc; struct transfer *transfer; enum state state; bool gone; };
struct sender {
    const struct sender_config *config;
    CURLM *multi;
    struct guest *guests[GUESTS_MAX];
    size_t count;
    bool stale;                              /* a file of the system was replaced since the sandbox was entered */
};

static void guest_drop_transfer(struct sender *s, struct guest *g) {
    if (g->transfer != NULL)
        (void)curl_multi_remove_handle(s->multi, transfer_easy(g->transfer));
    g->transfer = transfer_free(g->transfer);
}

static struct guest *guest_free(struct sender *s, struct guest *g) {
    guest_drop_transfer(s, g);
    g->ipc = ipc_free(g->ipc);
    return mem_free(g);
}

/* ---- requests */

static void answer(struct guest *g, const struct err *refused, CURLcode how) {
    struct err e;
    struct buf *out = ipc_begin(g->ipc);
    g->state = ANSWERS;
    if (refused != NULL)
        fetch_refusal_put(out, refused, false);
    else
        transfer_put(g->transfer, how, out);
    g->gone = ipc_end(g->ipc, &e) != OK || ipc_flush(g->ipc, &e) != OK;
}

static void guest_ask(struct sender *s, struct guest *g, const void *frame, size_t len) {
    struct fetch_call call;
    struct err e;
    if (!fetch_call_read(frame, len, &call)) {
        g->gone = true;
        return;
    }
    enum code code = transfer_new(&s->config->to, &call, &g->transfer, &e);
    if (code == OK) {
        transfer_private(g->transfer, g);
        g->state = ASKS;
        if (curl_multi_add_handle(s->multi, transfer_easy(g->transfer)) == CURLM_OK)
            return;
        g->transfer = transfer_free(g->transfer);
        (void)err_set(&e, E_MEMORY, "no memory for a request");
    }
    answer(g, &e, CURLE_OK);
}

/* After its request a guest has nothing to say: what comes then, be it its end, ends it. */
static void guest_hear(struct sender *s, struct guest *g) {
    const uint8_t *frame;
    size_t len;
    struct err e;
    if (g->state != READS || ipc_fill(g->ipc, &e) != OK)
        g->gone = true;
    else if (ipc_next(g->ipc, &frame, &len))
        guest_ask(s, g, frame, len);
}

/* The sandbox was entered with the files as they were then; one that was replaced since cannot be opened any more. */
static bool is_stale(const struct sender *s, CURLcode how) {
    static const char *const resolver[] = { "/etc/resolv.conf", "/etc/hosts" };
    if (how != CURLE_COULDNT_RESOLVE_HOST && how != CURLE_SSL_CACERT_BADFILE)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(resolver) + s->config->to.count; i++) {
        const char *path = i < ARRAY_LEN(resolver) ? resolver[i] : s->config->to.list[i - ARRAY_LEN(resolver)].ca;
        AUTO(fd_close) int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        if (path != NULL && fd < 0 && errno == EACCES)
            return true;
    }
    return false;
}

static void take_ended(struct sender *s) {
    int left = 0;
    for (CURLMsg *m; (m = curl_multi_info_read(s->multi, &left)) != NULL;) {
        struct guest *g = NULL;
        CURLcode how = m->data.result;
        if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)(void *)&g) != CURLE_OK || g == NULL)
            continue;
        s->stale = s->stale || is_stale(s, how);
        answer(g, NULL, how);
        guest_drop_transfer(s, g);           /* m is gone with it */
    }
}

/* ---- guests */

static void guest_add(struct sender *s, int new_fd) {
    AUTO(fd_close) int fd = new_fd;
    struct peer who;
    struct err e;
    if (fd < 0 || socket_peer(fd, &who, &e) != OK || (who.uid != 0 && who.uid != geteuid() && who.uid != s->config->server_user))
        return;
    struct guest *g = mem_new(sizeof *g);
    if (g == NULL || ipc_new(fd_take(&fd), FETCH_FRAME_MAX, &g->ipc, &e) != OK) {
        mem_free(g);
        return;
    }
    s->guests[s->count++] = g;
}

static void guests_tidy(struct sender *s) {
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->guests[i]->gone)
            (void)guest_free(s, s->guests[i]);
        else
            s->guests[kept++] = s->guests[i];
    s->count = kept;
}

static bool is_ready(const struct curl_waitfd *w) { return (w->revents & (CURL_WAIT_POLLIN | CURL_WAIT_POLLPRI)) != 0; }

static enum code turn(struct sender *s, bool *ret_stop, struct err *reterr) {
    struct curl_waitfd w[GUESTS_MAX + 2];
    struct err e;
    int running = 0;
    size_t n = s->count;
    for (size_t i = 0; i < n; i++)
        w[i] = (struct curl_waitfd){ .fd = ipc_fd(s->guests[i]->ipc), .events = (short)(CURL_WAIT_POLLIN | (ipc_pending(s->guests[i]->ipc) > 0 ? CURL_WAIT_POLLOUT : 0)) };
    w[n] = (struct curl_waitfd){ .fd = s->config->stop_fd, .events = CURL_WAIT_POLLIN };
    w[n + 1] = (struct curl_waitfd){ .fd = s->config->line_fd, .events = CURL_WAIT_POLLIN };
    if (curl_multi_poll(s->multi, w, (unsigned)(n < GUESTS_MAX ? n + 2 : n + 1), WAIT_MS, NULL) != CURLM_OK)
        return err_set(reterr, E_MEMORY, "the sender cannot wait for requests");
    for (size_t i = 0; i < n; i++) {
        struct guest *g = s->guests[i];
        if (is_ready(&w[i]))
            guest_hear(s, g);
        else if (ipc_pending(g->ipc) > 0 && ipc_flush(g->ipc, &e) != OK)
            g->gone = true;
    }
    if (curl_multi_perform(s->multi, &running) != CURLM_OK)
        return err_set(reterr, E_MEMORY, "the sender cannot go on with its requests");
    take_ended(s);
    guests_tidy(s);
    if (n < GUESTS_MAX && is_ready(&w[n + 1]))
        guest_add(s, line_take(s->config->line_fd));
    *ret_stop = is_ready(&w[n]);
    return OK;
}

static bool answers_wait(const struct sender *s) {
    for (size_t i = 0; i < s->count; i++)
        if (s->guests[i]->state != ANSWERS || ipc_pending(s->guests[i]->ipc) > 0)
            return true;
    return false;
}

static enum code run(struct sender *s, struct err *reterr) {
    bool stop = false;
    enum code code = OK;
    while (code == OK && !stop) {
        code = turn(s, &stop, reterr);
        if (code == OK && s->stale && !answers_wait(s))
            code = err_set(reterr, E_SYSTEM, "the system's resolver or authorities were replaced: the sender is started anew to see them");
    }
    return code;
}

enum code sender_serve(const struct sender_config *config, struct err *reterr) {
    PRE(config != NULL && config->line_fd >= 0 && config->stop_fd >= 0 && reterr != NULL);
    struct sender s = { .config = config };
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (s.multi = curl_multi_init()) == NULL
        || curl_multi_setopt(s.multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT) != CURLM_OK)
        return err_set(reterr, E_MEMORY, "no memory for the sender");
    enum code code = config->sandbox != NULL ? config->sandbox(config->arg, reterr) : OK;
    if (code == OK && config->ready != NULL)
        config->ready(config->arg);
    if (code == OK)
        code = run(&s, reterr);
    while (s.count > 0)
        (void)guest_free(&s, s.guests[--s.count]);
    (void)curl_multi_cleanup(s.multi);
    return code;
}
