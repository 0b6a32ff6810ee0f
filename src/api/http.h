/* http.h — the one narrow header over the HTTP library: requests that nginx hands on through a Unix
 * socket become calls of route handlers. A handler runs on a worker thread and may block; it replies
 * exactly once (no reply is answered with 500). A request belongs to its handler until that returns;
 * texts that a request gives out live as long. Bodies are read whole before the call (BODY_MAX), but
 * for ROUTE_STREAM, whose handlers read and write piece by piece on threads of their own. */
#pragma once
#include <jansson.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/lang.h"
#include "base/time.h"

#define HTTP_BODY_MAX (1u << 20)              /* of a route without ROUTE_STREAM; above: 413 */
#define HTTP_URL_MAX 4096u                    /* path and query; above: 414 */
#define HTTP_HEADERS_MAX 64u                  /* fields of one request; above: 431 */
#define HTTP_PARAMS_MAX 6u                    /* {names} in one pattern */

struct http;                                  /* a server on one listening socket */
struct http_req;                              /* one request */

enum route_flag {
    ROUTE_STREAM = 1,                         /* body by http_body_read, reply by http_reply_begin */
    ROUTE_DIRECT = 2,                         /* for whoever may open the socket: through nginx it is 404 */
    ROUTE_FRAMED = 4,                         /* the page may stand in frames of declared origins */
    ROUTE_TURNS = 16,                         /* reads and soon ends: such requests take turns on one thread (base/fiber.h) */
    ROUTE_SECRET = 8,                         /* the path holds a secret (private link): referrer never sent, reply never stored */
};
typedef void (*route_fn)(struct http_req *req);
/* pattern: "/f/{service}/{form}/{parent}"; a literal segment wins over a {name}. HEAD is served by
 * GET, OPTIONS and 405 from the table. */
struct route { const char *method, *pattern; unsigned flags; route_fn handler; };
struct route_table { const struct route *routes; size_t count; };

/* ---- what was asked */
void *http_context(const struct http_req *req);                  /* given to http_start: struct api */
struct arena *http_arena(struct http_req *req);                  /* freed with the request */
const char *http_method(const struct http_req *req);
const struct route *http_route(const struct http_req *req);
/* Decoded (UTF-8, no control characters, no '/'); "" when the pattern has no such name. */
const char *http_param(const struct http_req *req, const char *name);
/* First value of the query; NULL when absent. All of them: http_query_at, in order, false at the end. */
const char *http_query(struct http_req *req, const char *name);
MUST_USE bool http_query_at(struct http_req *req, size_t at, const char **ret_name, const char **ret_value);
const char *http_header(const struct http_req *req, const char *name);       /* any case; NULL when absent */
const char *http_cookie(struct http_req *req, const char *name);             /* NULL when absent */
const char *http_request_id(const struct http_req *req);
const char *http_client(const struct http_req *req);             /* address of the client, from nginx; "" unknown */
bool http_from_loopback(const struct http_req *req);             /* ::1, 127.0.0.0/8 */
bool http_is_direct(const struct http_req *req);                 /* not through nginx: somebody who may open the socket */
const char *http_host(const struct http_req *req);               /* "" when absent */
/* Best of `allowed` (bits 1 << lang) by ?lang= where given, then Accept-Language. */
enum lang http_lang(struct http_req *req, unsigned allowed, enum lang otherwise);
/* Media type without parameters, lower case ("application/json"), "" when absent. */
const char *http_media(struct http_req *req);

/* ---- its body: whole (never NULL), or by pieces with ROUTE_STREAM */
const char *http_body(const struct http_req *req, size_t *ret_len);
/* Field of an application/x-www-form-urlencoded body; NULL when absent. E_MEDIA, E_INVALID by http_form_read. */
MUST_USE enum code http_form_read(struct http_req *req, struct err *reterr);      /* once, before http_form */
const char *http_form(struct http_req *req, const char *name);
/* The body as JSON: depth, size and duplicate keys are bounded; only UTF-8. E_MEDIA unless the media type
 * is one of `types` (comma list), E_INVALID says what is wrong and at which byte. With ROUTE_STREAM it reads the
 * body whole first. */
MUST_USE enum code http_json_read(struct http_req *req, const char *types, json_t **ret, struct err *reterr);
/* The same bounds for any text. */
MUST_USE enum code json_read(const char *text, size_t len, json_t **ret, struct err *reterr);
/* Blocks. Bytes read, 0 at the end, -1 when the client has gone. */
ssize_t http_body_read(struct http_req *req, void *ret, size_t room);

/* ---- the reply: headers first, then one of these */
void http_reply_header(struct http_req *req, const char *name, const char *value);   /* line breaks are refused */
void http_reply(struct http_req *req, int status, const char *type, const void *body, size_t len);   /* copied */
void http_reply_text(struct http_req *req, int status, const char *type, const char *text);
void http_reply_buf(struct http_req *req, int status, const char *type, struct buf *body);  /* taken over, emptied */
void http_reply_json(struct http_req *req, int status, const json_t *body);
/* RFC 9457 problem document in the status of e->code; `mistakes`: [{path, text}] or NULL. Borrowed. */
void http_reply_error(struct http_req *req, const struct err *e, const json_t *mistakes);
/* The text of e as a caller may read it. */
const char *http_detail(const struct err *e);
void http_reply_redirect(struct http_req *req, int status, const char *location);
/* By pieces. size: bytes in all, or -1. http_reply_write blocks; false: the client has gone. */
void http_reply_begin(struct http_req *req, int status, const char *type, int64_t size);
MUST_USE bool http_reply_write(struct http_req *req, const void *bytes, size_t len);
/* The reply cannot be ended well: the connection is cut, so that the client sees it. */
void http_reply_abort(struct http_req *req);
bool http_replied(const struct http_req *req);
/* For the access log and the shares of tenants: whose request it was. */
void http_note_tenant(struct http_req *req, int64_t tenant);
/* ROUTE_STREAM, after http_note_tenant: false when one tenant would hold more than three quarters of all streams. */
MUST_USE bool http_share_fine(struct http_req *req);

/* ---- events: the request outlives its handler and is written by whoever holds this. Own lock. */
struct http_events;
/* Replies 200 text/event-stream. NULL: too many already, in all or of this tenant (three quarters), and 503 was replied. */
MUST_USE struct http_events *http_events_begin(struct http_req *req);
/* Never blocks. False: the reader has gone, or there is no room (http_events_room). That a reader has gone shows after
 * a write only: nobody looks at a connection that waits for bytes. */
MUST_USE bool http_events_write(struct http_events *e, const void *bytes, size_t len);
/* Bytes that can be written now; -1: the reader has gone. */
ssize_t http_events_room(struct http_events *e);
void http_events_end(struct http_events *e);

/* ---- the server */
struct http_options {
    int listen_fd;                            /* stays the caller's; SOCK_STREAM, listening */
    const struct route_table *tables; size_t table_count;
    void *context;
    unsigned loops;                           /* threads that read and write sockets; 0: 1 */
    unsigned workers;                         /* 0: 8 */
    unsigned busy;                            /* workers that run at once while none is stuck, those waiting for a group commit apart; 0: by the cores */
    size_t queue;                             /* requests waiting for a worker; above: 503; 0: 1,024 */
    unsigned streams;                         /* ROUTE_STREAM at a time; above: 503; 0: 64 */
    unsigned events;                          /* http_events at a time; 0: 256 */
    unsigned connections;                     /* 0: 4,096 */
    unsigned timeout_seconds;                 /* of a silent client; 0: 75 */
    unsigned body_seconds;                    /* of a whole body without ROUTE_STREAM, or one that nobody reads; 0: 60 */
    const char *client_header;                /* set by nginx; NULL: "X-Real-IP" */
    const char *const *origins; size_t origin_count;   /* CORS: may read replies of /v1/ */
    const char *problem_base;                 /* "https://host" of problem types; NULL: "about:blank" */
    /* Sees each request before its handler: headers for all replies, a refusal (then it replies and returns false). */
    bool (*before)(struct http_req *req);
};
MUST_USE enum code http_start(const struct http_options *o, struct http **ret, struct err *reterr);
/* Takes no more, lets handlers end, cuts streams and events, then returns; whoever holds events ends them
 * before this is called, or while it waits. Accepts NULL. */
struct http *http_stop(struct http *h);
DEFINE_AUTO(struct http, http_stop)

struct http_status {
    uint64_t requests, refused /* 503 by a full queue */, by_status[6] /* [2]: 2xx */, bytes_out;
    uint64_t took_buckets[12];                /* requests that took at most 0.1·4^i ms; the last: more */
    usec_t took_sum;
    unsigned waiting, running, streams, events, connections;
};
void http_status(struct http *h, struct http_status *ret);
