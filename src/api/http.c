/* http.c — the loop side and the workers.
 *
 *   NEW --headers--> BODY --whole--> [queue] --worker--> HANDLED --> DONE
 *    |                 \--too big--> DRAIN ------------------^
 *    |--refused-------------------->/
 *    \--ROUTE_STREAM--> STREAM (http_stream.c) --------------> DONE
 *
 * Between queue and HANDLED the connection is suspended and the request is the worker's alone. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "api/http_int.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pause.h"
#include "base/rule.h"
#include "base/text.h"
#include "crypto/crypto.h"

#define ARENA_MAX (32u << 20)
#define DRAIN_MAX (8u << 20)                  /* of a body that nobody wants, so that its sender sees the reply */
#define STOP_SECONDS 5
#define BUSY_PER_CORE 2u                      /* one works while another asks the keeper */
#define WATCH_NSEC 10000000                   /* 10 ms */
#define MEMORY_PER_CONNECTION (32u * 1024)

void cond_init_steady(pthread_cond_t *c) {
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(c, &attr);
    pthread_condattr_destroy(&attr);
}

/* ---- a request's life */

void req_unref(struct http_req *req) {
    PRE(req->magic == REQ_MAGIC);
    if (atomic_fetch_sub(&req->refs, 1) != 1)
        return;
    req->magic = 0;
    if (req->response != NULL)
        MHD_destroy_response(req->response);
    stream_free(req->stream);
    buf_wipe(&req->body);
    arena_free(req->arena);
    mem_free(req);
}

/* Called with the request line, before any header: a request begins here. NULL: no memory, refused later. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *conn) {
    struct http_req *req = mem_new(sizeof *req);
    if (req == NULL || (req->arena = arena_new(ARENA_MAX)) == NULL)
        return mem_free(req);
    *req = (struct http_req){ .magic = REQ_MAGIC, .http = arg, .conn = conn, .arena = req->arena, .client = "",
                              .body = BUF(HTTP_BODY_MAX), .began = clock_steady() };
    atomic_init(&req->refs, 1);
    req->url_len = strlen(uri);
    req->url = req->url_len > HTTP_URL_MAX ? NULL : arena_text_n(req->arena, uri, req->url_len);
    return req;
}

static void on_completed(void *arg UNUSED, struct MHD_Connection *conn, void **con_cls, enum MHD_RequestTerminationCode how UNUSED) {
    struct http_req *req = *con_cls;
    *con_cls = NULL;
    if (req == NULL)
        return;
    if (req->stream != NULL)
        stream_gone(req->stream, conn);
    struct http *h = req->http;
    if (req->counted && atomic_fetch_sub(&h->open, 1) == 1 && atomic_load(&h->closed)) {
        pthread_mutex_lock(&h->lock);
        pthread_cond_broadcast(&h->idle);
        pthread_mutex_unlock(&h->lock);
    }
    req_unref(req);
}

static enum MHD_Result header_copy(void *arg, enum MHD_ValueKind kind UNUSED, const char *name, const char *value) {
    struct http_req *req = arg;
    if (req->header_count == HTTP_HEADERS_MAX) {
        req->headers_over = true;
        return MHD_NO;
    }
    const char *n = arena_text(req->arena, name), *v = arena_text(req->arena, value == NULL ? "" : value);
    if (n == NULL || v == NULL)
        return MHD_NO;
    req->headers[req->header_count++] = (struct http_header){ n, v };
    return MHD_YES;
}

const char *req_header(const struct http_req *req, const char *name) {
    for (size_t i = 0; i < req->header_count; i++)
        if (strcasecmp(req->headers[i].name, name) == 0)
            return req->headers[i].value;
    return NULL;
}

static size_t header_times(const struct http_req *req, const char *name) {
    size_t times = 0;
    for (size_t i = 0; i < req->header_count; i++)
        times += strcasecmp(req->headers[i].name, name) == 0;
    return times;
}

/* What two servers in a row could read in two ways is refused, although nginx writes these headers itself. */
static const char *framing_fault(const struct http_req *req) {
    const char *length = req_header(req, "Content-Length"), *coding = req_header(req, "Transfer-Encoding");
    for (size_t i = 0; i < req->header_count; i++)
        if (req->headers[i].name[strcspn(req->headers[i].name, " \t")] != 0)
            return "the name of a header holds a space";
    if (header_times(req, "Content-Length") > 1 || header_times(req, "Transfer-Encoding") > 1)
        return "Content-Length or Transfer-Encoding stands there twice";
    if (header_times(req, "Host") > 1 || header_times(req, "Authorization") > 1 || header_times(req, "Content-Type") > 1)
        return "Host, Authorization or Content-Type stands there twice";
    if (length != NULL && coding != NULL)
        return "Content-Length and Transfer-Encoding exclude each other";
    if (coding != NULL && strcasecmp(coding, "chunked") != 0)
        return "the only Transfer-Encoding read here is chunked";
    if (length != NULL && (length[0] == 0 || length[strspn(length, "0123456789")] != 0))
        return "Content-Length is not a number";
    return NULL;
}

static bool body_follows(const struct http_req *req) {
    const char *length = req_header(req, "Content-Length");
    return req_header(req, "Transfer-Encoding") != NULL || (length != NULL && length[strspn(length, "0")] != 0);
}

static bool text_made_of(const char *text, const char *chars, size_t least, size_t most) {
    size_t n = strlen(text);
    return n >= least && n <= most && strspn(text, chars) == n;
}

static void identify(struct http_req *req) {
    const struct http_options *o = &req->http->o;
    const char *id = req_header(req, "X-Request-Id"), *client = req_header(req, o->client_header), *origin = req_header(req, "Origin");
    if (id != NULL && text_made_of(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.", 8, 63)) {
        memcpy(req->id, id, strlen(id) + 1);
    } else {
        struct uuid u = uuid_new();
        uuid_format(&u, req->id);
    }
    if (client != NULL && text_made_of(client, "0123456789abcdefABCDEF:.", 2, 45))
        req->client = client;
    req->direct = client == NULL;
    for (size_t i = 0; origin != NULL && i < o->origin_count; i++)
        if (strcmp(o->origins[i], origin) == 0)
            req->origin = origin;
}

/* ---- numbers and the access log */

/* The pattern of the route stands for the address; neither address nor query nor body is written. */
static void access_log(const struct http_req *req, usec_t took) {
    const struct route *route = req->match.route;
    if (!rule_on(RULE_logs_masked))
        log_event(LOG_INFO, "request_whole", LOG_TEXT("url", req->url == NULL ? "" : req->url), LOG_TEXT("body", buf_str(&req->body)));
    log_event(LOG_INFO, "request", LOG_TEXT("method", route == NULL ? "-" : req->method),
              LOG_TEXT("route", route == NULL ? "-" : route->pattern), LOG_INT("status", req->status),
              LOG_INT("usec", took), LOG_TEXT("request", req->id), LOG_INT("tenant", req->tenant), LOG_INT("bytes", req->bytes_out));
}

void req_count(struct http_req *req) {
    struct http *h = req->http;
    usec_t took = clock_steady() - req->began, most = 100;
    size_t bucket = 0;
    while (bucket < ARRAY_LEN(h->took_buckets) - 1 && took > most) {
        bucket++;
        most *= 4;
    }
    int class = req->status / 100;
    atomic_fetch_add_explicit(&h->requests, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->by_status[class >= 1 && class <= 5 ? class : 0], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->bytes_out, req->bytes_out, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->took_buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->took_sum, (uint64_t)took, memory_order_relaxed);
    access_log(req, took);
}

/* ---- workers */

void req_run(struct http_req *req) {
    struct http *h = req->http;
    if (h->o.before == NULL || h->o.before(req))
        req->match.route->handler(req);
    if (!req->replied)
        reply_plain_error(req, 500, E_INTERNAL, "no answer was made");
}

/* A few workers that are never out of work do more than many that take turns, so no more are woken than keep the cores
 * busy; who waits for the group commit does not count. Should those few be long at it (a search through everything, a keeper
 * that does not answer), one that watches sees it, and from then on they do not count either. */
static bool queue_open(const struct http *h) { return h->running < h->busy_most + h->paused + h->slow; }

/* Wakes one worker at a time; it wakes the next if there is still work. A switch of threads costs more than most
 * requests, so a worker that is awake takes the next request rather than a second one being woken for it. */
static void queue_wake(struct http *h) {
    if (h->head != NULL && h->sleeping > 0 && !h->waking && (queue_open(h) || !h->watched)) {
        h->waking = true;
        pthread_cond_signal(&h->wake);
    }
}

static void queue_watch(struct http *h) {
    struct timespec until;
    uint64_t taken = h->taken;
    int num = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WATCH_NSEC;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    h->watched = true;
    while (num == 0 && !h->closed)
        num = pthread_cond_clockwait(&h->watch, &h->lock, CLOCK_MONOTONIC, &until);
    h->watched = false;
    if (h->taken == taken && h->head != NULL) {
        h->slow = h->running;                 /* nobody has come back since: all of them */
        h->slow_until = h->taken;
    }
}

/* Under lock. */
static void queue_sleep(struct http *h) {
    crypto_forget();                          /* a thread that goes idle keeps no key of a record */
    log_flush();
    if (h->head != NULL && !h->watched) {
        queue_watch(h);
        return;
    }
    h->sleeping++;
    pthread_cond_wait(&h->wake, &h->lock);
    h->sleeping--;
    h->waking = false;
}

static struct http_req *queue_take(struct http *h) {
    pthread_mutex_lock(&h->lock);
    while (!h->closed && (h->head == NULL || !queue_open(h)))
        queue_sleep(h);
    struct http_req *req = h->head;
    if (req != NULL) {
        req->turn = ++h->taken;
        h->head = req->next;
        if (h->head == NULL)
            h->tail = &h->head;
        h->waiting--;
        h->running++;
        queue_wake(h);
    }
    pthread_mutex_unlock(&h->lock);
    return req;
}

static void worker_pauses(void *arg, bool begins) {
    struct http *h = arg;
    pthread_mutex_lock(&h->lock);
    h->paused += begins;
    h->paused -= !begins;
    queue_wake(h);
    pthread_mutex_unlock(&h->lock);
}

static void *worker(void *arg) {
    struct http *h = arg;
    pause_listen(worker_pauses, h);
    log_gather();
    for (;;) {
        struct http_req *req = queue_take(h);
        if (req == NULL)
            return NULL;
        req_run(req);
        req_count(req);
        uint64_t turn = req->turn;
        req->phase = PHASE_HANDLED;
        MHD_resume_connection(req->conn);     /* from here on the loop may free it */
        pthread_mutex_lock(&h->lock);
        h->slow -= h->slow > 0 && turn <= h->slow_until;
        if (--h->running == 0 && h->closed)
            pthread_cond_broadcast(&h->idle);
        pthread_mutex_unlock(&h->lock);
    }
}

/* The connection is suspended first: a worker may be done before this returns. */
static bool queue_put(struct http *h, struct http_req *req) {
    pthread_mutex_lock(&h->lock);
    bool room = !h->closed && h->waiting < h->o.queue;
    if (room) {
        MHD_suspend_connection(req->conn);
        req->counted = true;
        atomic_fetch_add(&h->open, 1);
        req->next = NULL;
        *h->tail = req;
        h->tail = &req->next;
        h->waiting++;
        queue_wake(h);
    }
    pthread_mutex_unlock(&h->lock);
    return room;
}

/* ---- the loop */

static enum MHD_Result send_reply(struct http_req *req) {
    PRE(req->response != NULL);
    req->phase = PHASE_DONE;
    return MHD_queue_response(req->conn, (unsigned)req->status, req->response);
}

/* A reply made on the loop. A body that is still to come is read and dropped first, but for POST, where the
 * library closes the connection by itself. */
static enum MHD_Result refuse(struct http_req *req, int status, enum code code, const char *text) {
    req->closes = req->closes || body_follows(req);
    if (status < 500 && arena_overflowed(req->arena)) {       /* what could not be read had no place, whatever it looked like */
        status = 503;
        code = E_MEMORY;
        text = "the server has no memory for the request";
    }
    if (status == 503)
        http_reply_header(req, "Retry-After", "1");
    reply_plain_error(req, status, code, text);
    req_count(req);
    if (req->response == NULL)
        return MHD_NO;
    bool early = req->phase == PHASE_NEW && (!body_follows(req) || strcmp(req->method, "POST") == 0);
    if (early && body_follows(req))
        return send_reply(req);
    req->phase = PHASE_DRAIN;
    return MHD_YES;
}

static enum MHD_Result refuse_busy(struct http_req *req) {
    atomic_fetch_add_explicit(&req->http->refused, 1, memory_order_relaxed);
    return refuse(req, 503, E_BUSY, "the server has as much to do as it can take; try again in a second");
}

static enum MHD_Result refuse_route(struct http_req *req, enum code code, const struct err *e) {
    if (code != E_METHOD)
        return refuse(req, code_status(code), code, e->text);
    http_reply_header(req, "Allow", req->match.allow);
    if (strcmp(req->method, "OPTIONS") != 0)
        return refuse(req, 405, E_METHOD, e->text);
    if (req->origin != NULL) {
        http_reply_header(req, "Access-Control-Allow-Methods", req->match.allow);
        http_reply_header(req, "Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, "
                          "Sejf-Tenant, Sejf-Mapping, Accept-Language, Last-Event-ID");
        http_reply_header(req, "Access-Control-Max-Age", "600");
    }
    http_reply(req, 204, NULL, "", 0);
    req_count(req);
    req->phase = PHASE_DRAIN;
    return req->response == NULL ? MHD_NO : MHD_YES;
}

static bool body_announced_too_big(const struct http_req *req) {
    const char *length = req_header(req, "Content-Length");
    int64_t n;
    return length != NULL && (!text_int(length, 0, INT64_MAX, &n) || n > (int64_t)HTTP_BODY_MAX);
}

static enum MHD_Result headers_done(struct http_req *req, const char *method) {
    struct err e;
    req->method = arena_text(req->arena, method);
    MHD_get_connection_values(req->conn, MHD_HEADER_KIND, header_copy, req);
    if (req->method == NULL || arena_overflowed(req->arena))
        return MHD_NO;
    identify(req);
    const char *fault = framing_fault(req);
    if (fault != NULL) {
        req->closes = true;
        return refuse(req, 400, E_INVALID, fault);
    }
    if (req->headers_over)
        return refuse(req, 431, E_TOO_LARGE, "the request has more than 64 header fields");
    if (req->url == NULL)
        return refuse(req, 414, E_TOO_LARGE, "the address is longer than 4,096 bytes");
    size_t path_len = strcspn(req->url, "?");
    enum code code = path_parse(req->url, path_len, req->arena, &req->path, &e);
    if (code == OK)
        code = router_find(req->http->router, req->method, &req->path, &req->match, &e);
    if (code != OK)
        return refuse_route(req, code, &e);
    if (!req_query_fine(req))
        return refuse(req, 400, E_INVALID, "the query of the address is not percent-encoded UTF-8, or has too many parameters");
    if ((req->match.route->flags & ROUTE_DIRECT) != 0 && !http_is_direct(req))
        return refuse(req, 404, E_NOT_FOUND, "there is nothing at this address");
    if ((req->match.route->flags & ROUTE_STREAM) != 0) {
        if (!stream_start(req, body_follows(req)))
            return refuse_busy(req);
        req->phase = PHASE_STREAM;
        return MHD_YES;
    }
    if (body_announced_too_big(req))
        return refuse(req, 413, E_TOO_LARGE, "the body is larger than 1 MiB");
    req->phase = PHASE_BODY;
    return MHD_YES;
}

/* A body that comes drop by drop holds its connection no longer than this, however alive it looks. */
bool body_late(const struct http_req *req) { return clock_steady() - req->began > (usec_t)req->http->o.body_seconds * USEC_PER_SEC; }

static enum MHD_Result body_piece(struct http_req *req, const char *bytes, size_t *len) {
    size_t n = *len;
    if (req->phase == PHASE_STREAM)
        return stream_body(req, bytes, len);
    if (body_late(req))
        return MHD_NO;
    *len = 0;
    if (req->phase == PHASE_BODY) {
        if (n > HTTP_BODY_MAX - req->body.len)
            return refuse(req, 413, E_TOO_LARGE, "the body is larger than 1 MiB");
        buf_add(&req->body, bytes, n);
        return req->body.failed ? refuse(req, 503, E_MEMORY, "the server has no memory for the body") : MHD_YES;
    }
    req->drained += n;
    return req->drained > DRAIN_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_access(void *arg UNUSED, struct MHD_Connection *conn UNUSED, const char *url UNUSED, const char *method,
                                 const char *version UNUSED, const char *bytes, size_t *len, void **con_cls) {
    struct http_req *req = *con_cls;
    if (req == NULL)
        return MHD_NO;                        /* no memory when it began */
    PRE(req->magic == REQ_MAGIC);
    if (req->phase == PHASE_NEW)
        return headers_done(req, method);
    if (*len > 0)
        return body_piece(req, bytes, len);
    switch (req->phase) {
    case PHASE_BODY:
        return queue_put(req->http, req) ? MHD_YES : refuse_busy(req) == MHD_YES ? send_reply(req) : MHD_NO;
    case PHASE_DRAIN:
    case PHASE_HANDLED:
        return req->response == NULL ? MHD_NO : send_reply(req);
    case PHASE_STREAM:
        return stream_last(req);
    default:
        return MHD_NO;
    }
}

static size_t leave_escaped(void *arg UNUSED, struct MHD_Connection *conn UNUSED, char *text) { return strlen(text); }

/* ---- start and stop */

static void options_default(struct http_options *o) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    o->busy = o->busy == 0 ? (cores > 2 ? (unsigned)cores * BUSY_PER_CORE : 2 * BUSY_PER_CORE) : o->busy;
    o->loops = o->loops == 0 ? 1 : o->loops;
    o->workers = o->workers == 0 ? 8 : o->workers;
    o->queue = o->queue == 0 ? 1024 : o->queue;
    o->streams = o->streams == 0 ? 64 : o->streams;
    o->events = o->events == 0 ? 256 : o->events;
    o->connections = o->connections == 0 ? 4096 : o->connections;
    o->timeout_seconds = o->timeout_seconds == 0 ? 75 : o->timeout_seconds;
    o->body_seconds = o->body_seconds == 0 ? 60 : o->body_seconds;
    o->client_header = o->client_header == NULL ? "X-Real-IP" : o->client_header;
}

static struct http *http_free(struct http *h) {
    if (h == NULL)
        return NULL;
    router_free(h->router);
    pthread_cond_destroy(&h->wake);
    pthread_cond_destroy(&h->watch);
    pthread_cond_destroy(&h->idle);
    pthread_mutex_destroy(&h->lock);
    mem_free(h->workers);
    return mem_free(h);
}
DEFINE_AUTO(struct http, http_free)

static void workers_end(struct http *h) {
    pthread_mutex_lock(&h->lock);
    h->closed = true;
    pthread_cond_broadcast(&h->wake);
    pthread_cond_broadcast(&h->watch);
    pthread_mutex_unlock(&h->lock);
    for (unsigned i = 0; i < h->worker_count; i++)
        pthread_join(h->workers[i], NULL);
    h->worker_count = 0;
}

static struct MHD_Daemon *daemon_start(struct http *h) {
    /* With one loop the pool option must be absent: the library takes 1 as an error. */
    struct MHD_OptionItem pool[] = { { h->o.loops > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)h->o.loops, NULL },
                                     { MHD_OPTION_END, 0, NULL } };
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL, on_access, h,
                            MHD_OPTION_LISTEN_SOCKET, h->o.listen_fd,
                            MHD_OPTION_URI_LOG_CALLBACK, on_uri, h,
                            MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, h,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
                            MHD_OPTION_CONNECTION_LIMIT, h->o.connections,
                            MHD_OPTION_CONNECTION_TIMEOUT, h->o.timeout_seconds,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_PER_CONNECTION,
                            MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
}

enum code http_start(const struct http_options *o, struct http **ret, struct err *reterr) {
    PRE(o != NULL && ret != NULL && reterr != NULL && o->listen_fd >= 0);
    AUTO(http_free) struct http *h = mem_new(sizeof *h);
    if (h == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the HTTP server");
    h->o = *o;
    options_default(&h->o);
    h->busy_most = h->o.busy;
    h->tail = &h->head;
    pthread_mutex_init(&h->lock, NULL);
    cond_init_steady(&h->wake);
    cond_init_steady(&h->watch);
    cond_init_steady(&h->idle);
    enum code code = router_new(o->tables, o->table_count, &h->router, reterr);
    if (code != OK)
        return code;
    h->workers = mem_new_array(h->o.workers, sizeof *h->workers);
    if (h->workers == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the workers");
    int num = 0;
    while (num == 0 && h->worker_count < h->o.workers) {
        num = pthread_create(&h->workers[h->worker_count], NULL, worker, h);
        h->worker_count += num == 0;
    }
    if (num == 0)
        h->daemon = daemon_start(h);
    if (num != 0 || h->daemon == NULL) {
        int why = num != 0 ? num : errno;
        workers_end(h);
        return err_errno(reterr, why, "the HTTP server cannot start");
    }
    *ret = TAKE(h);
    return OK;
}

struct http *http_stop(struct http *h) {
    if (h == NULL)
        return NULL;
    MHD_quiesce_daemon(h->daemon);            /* gives the listening socket back to the caller */
    pthread_mutex_lock(&h->lock);
    h->closed = true;                         /* from here on nothing is suspended any more */
    pthread_cond_broadcast(&h->wake);
    pthread_cond_broadcast(&h->watch);
    streams_cut(h);
    while (h->head != NULL || h->running > 0 || h->streams > 0 || h->events > 0)
        pthread_cond_wait(&h->idle, &h->lock);
    int num = 0;                              /* what was answered is also sent, unless its reader is slow */
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_SECONDS;
    while (atomic_load(&h->open) > 0 && num != ETIMEDOUT)
        num = pthread_cond_clockwait(&h->idle, &h->lock, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&h->lock);
    workers_end(h);
    MHD_stop_daemon(h->daemon);
    return http_free(h);
}

void http_status(struct http *h, struct http_status *ret) {
    struct http_status s = { .requests = atomic_load(&h->requests), .refused = atomic_load(&h->refused),
                             .bytes_out = atomic_load(&h->bytes_out), .took_sum = (usec_t)atomic_load(&h->took_sum) };
    for (size_t i = 0; i < ARRAY_LEN(s.by_status); i++)
        s.by_status[i] = atomic_load(&h->by_status[i]);
    for (size_t i = 0; i < ARRAY_LEN(s.took_buckets); i++)
        s.took_buckets[i] = atomic_load(&h->took_buckets[i]);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    s.connections = info == NULL ? 0 : info->num_connections;
    pthread_mutex_lock(&h->lock);
    s.waiting = (unsigned)h->waiting;
    s.running = h->running;
    s.streams = h->streams;
    s.events = h->events;
    pthread_mutex_unlock(&h->lock);
    *ret = s;
}
