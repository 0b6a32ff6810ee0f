/* http.c — a request on its way through the loop (http_loop.c); the workers are in http_work.c.
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
#include "base/fiber.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rule.h"
#include "base/text.h"

#define ARENA_MAX (32u << 20)
#define DRAIN_MAX (8u << 20)                  /* of a body that nobody wants, so that its sender sees the reply */
#define STOP_SECONDS 5

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
    mem_free(req->reply_owned);
    buf_wipe(&req->body);
    arena_free(req->arena);
    mem_free(req);
}

/* Called with the request line, before any header: a request begins here. NULL: no memory, refused later. */
void *on_uri(void *arg, const char *uri, struct MHD_Connection *conn) {
    struct http_req *req = mem_new(sizeof *req);
    if (req == NULL || (req->arena = arena_new(ARENA_MAX)) == NULL)
        return mem_free(req);
    *req = (struct http_req){ .magic = REQ_MAGIC, .http = loop_http(arg), .loop = arg, .conn = conn, .arena = req->arena, .client = "",
                              .body = BUF(HTTP_BODY_MAX), .began = clock_steady() };
    atomic_init(&req->refs, 1);
    req->url_len = strlen(uri);
    req->url = req->url_len > HTTP_URL_MAX ? NULL : arena_text_n(req->arena, uri, req->url_len);
    return req;
}

void on_completed(void *arg UNUSED, struct MHD_Connection *conn, void **con_cls, enum MHD_RequestTerminationCode how UNUSED) {
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

void req_run(struct http_req *req) {
    struct http *h = req->http;
    if (h->o.before == NULL || h->o.before(req))
        req->match.route->handler(req);
    if (!req->replied && !fiber_gave_up())
        reply_plain_error(req, 500, E_INTERNAL, "no answer was made");
}

/* ---- the loop */

static enum MHD_Result send_reply(struct http_req *req) {
    req->phase = PHASE_DONE;
    return reply_make(req) ? MHD_queue_response(req->conn, (unsigned)req->status, req->response) : MHD_NO;
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
    return MHD_YES;
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

enum MHD_Result on_access(void *arg UNUSED, struct MHD_Connection *conn UNUSED, const char *url UNUSED, const char *method,
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
        return queue_place(req) ? MHD_YES : refuse_busy(req) == MHD_YES ? send_reply(req) : MHD_NO;
    case PHASE_DRAIN:
    case PHASE_HANDLED:
        return send_reply(req);
    case PHASE_STREAM:
        return stream_last(req);
    default:
        return MHD_NO;
    }
}

void on_connection(void *arg, struct MHD_Connection *conn UNUSED, void **socket_context UNUSED, enum MHD_ConnectionNotificationCode what) {
    struct http *h = loop_http(arg);
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        atomic_fetch_add(&h->connections, 1);
    else
        atomic_fetch_sub(&h->connections, 1);
    if (what != MHD_CONNECTION_NOTIFY_STARTED)
        loop_freed(arg);
}

size_t leave_escaped(void *arg UNUSED, struct MHD_Connection *conn UNUSED, char *text) { return strlen(text); }

/* ---- start and stop */

static void options_default(struct http_options *o) {
    o->busy = o->busy == 0 ? workers_busy() : o->busy;
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
    pthread_cond_destroy(&h->watch);
    pthread_cond_destroy(&h->idle);
    pthread_mutex_destroy(&h->lock);
    workers_free(h);
    return mem_free(h);
}
DEFINE_AUTO(struct http, http_free)

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
    cond_init_steady(&h->watch);
    cond_init_steady(&h->idle);
    enum code code = router_new(o->tables, o->table_count, &h->router, reterr);
    if (code != OK)
        return code;
    int num = workers_start(h);
    if (num == 0)
        num = loops_start(h);
    if (num != 0) {
        workers_end(h);
        loops_end(h);
        return err_errno(reterr, num, "the HTTP server cannot start");
    }
    *ret = TAKE(h);
    return OK;
}

struct http *http_stop(struct http *h) {
    if (h == NULL)
        return NULL;
    loops_quiesce(h);
    pthread_mutex_lock(&h->lock);
    h->closed = true;                         /* from here on nothing is suspended any more */
    workers_wake(h);
    streams_cut(h);
    while (h->waiting > 0 || h->running > 0 || h->streams > 0 || h->events > 0)
        pthread_cond_wait(&h->idle, &h->lock);
    int num = 0;                              /* what was answered is also sent, unless its reader is slow */
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_SECONDS;
    while (atomic_load(&h->open) > 0 && num != ETIMEDOUT)
        num = pthread_cond_clockwait(&h->idle, &h->lock, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&h->lock);
    workers_end(h);
    loops_end(h);
    return http_free(h);
}

void http_status(struct http *h, struct http_status *ret) {
    struct http_status s = { .requests = atomic_load(&h->requests), .refused = atomic_load(&h->refused),
                             .bytes_out = atomic_load(&h->bytes_out), .took_sum = (usec_t)atomic_load(&h->took_sum) };
    for (size_t i = 0; i < ARRAY_LEN(s.by_status); i++)
        s.by_status[i] = atomic_load(&h->by_status[i]);
    for (size_t i = 0; i < ARRAY_LEN(s.took_buckets); i++)
        s.took_buckets[i] = atomic_load(&h->took_buckets[i]);
    s.connections = atomic_load(&h->connections);
    pthread_mutex_lock(&h->lock);
    s.waiting = (unsigned)h->waiting;
    s.running = h->running;
    s.streams = h->streams;
    s.events = h->events;
    pthread_mutex_unlock(&h->lock);
    *ret = s;
}
