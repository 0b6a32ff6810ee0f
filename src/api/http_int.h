/* http_int.h — what the files of the HTTP layer share: the server, a request, its stream. Nobody else
 * includes this. Threads: a loop thread owns a request until it is queued (its connection is then suspended,
 * so the loop leaves it alone) and after it is resumed; a worker owns it in between. A stream is shared by
 * both sides under its lock. Two references: the loop's and the handler's. */
#pragma once
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "api/http.h"
#include "api/router.h"
#include "base/uuid.h"

#define REPLY_HEADERS_MAX 16u
#define REQ_MAGIC 0x48545251u

struct http_header { const char *name, *value; };

struct ring { char *data; size_t room, start, len; };     /* room bytes; len of them filled from start on */

struct stream {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    struct ring in, out;
    uint64_t in_total;                        /* bytes of the body that came */
    bool in_end, in_drop, in_suspended;       /* in_drop: nobody reads any more */
    bool out_begun, out_end, out_cut, out_suspended;
    bool awaits_reply;                        /* suspended after the whole body, until there is a reply */
    bool gone;                                /* the client has left, or the server stops */
    bool known;                               /* whose request it is */
    bool events; int64_t tenant;              /* under the server's lock; tenant 0: nobody has signed in */
    int64_t out_left;                         /* bytes still promised by Content-Length; -1: chunked */
    struct MHD_Connection *conn; struct loop *loop;
    struct stream *next, **link;              /* in the server's list */
};

/* Loop side: what comes next for a request. */
enum phase { PHASE_NEW, PHASE_BODY, PHASE_DRAIN, PHASE_HANDLED, PHASE_STREAM, PHASE_DONE };

struct http_req {
    unsigned magic;
    atomic_int refs;
    struct http *http;
    struct loop *loop;
    struct MHD_Connection *conn;
    struct arena *arena;
    enum phase phase;
    const char *method;
    const char *url; size_t url_len;          /* as sent */
    struct http_header headers[HTTP_HEADERS_MAX]; size_t header_count; bool headers_over;
    struct route_match match;
    struct path path;
    struct pairs query, form;
    bool query_parsed, form_parsed;
    struct buf body;
    uint64_t drained;
    char id[64];
    const char *client;
    bool direct;                              /* nginx did not write client_header */
    const char *media;
    const char *origin;                       /* of an allowed origin, or NULL */
    usec_t began;
    int64_t tenant;
    bool replied, closes, counted;            /* counted: in http.open */
    bool alone;                               /* it takes no turns any more: it would be long at it */
    int status;
    const char *reply_type;                   /* NULL: none */
    const void *reply_bytes; size_t reply_len;      /* NULL: no memory; the connection is closed */
    void *reply_owned;                        /* the same bytes, when the arena does not hold them */
    struct MHD_Response *response;
    struct http_header reply_headers[REPLY_HEADERS_MAX]; size_t reply_header_count;
    uint64_t bytes_out;
    struct stream *stream;
    struct http_events *events;
    struct http_req *next;                    /* on the way to the queue, in it, and back to the loop */
};

struct http {
    struct loop *loops; unsigned loop_count;
    struct router *router;
    struct http_options o;
    pthread_mutex_t lock;                     /* queue, counts, closed, streams_list */
    pthread_cond_t watch, idle;               /* watch: the server stops; idle: something ended */
    struct http_req *head, **tail;
    size_t waiting;                           /* those in the queue, and those that a loop is about to put there */
    struct sleeper *sleepers;                 /* workers without work; who went to sleep last is woken first: its memory is warm */
    struct sleeper *beds; unsigned beds_taken;
    unsigned running, streams, events;
    unsigned paused, slow, busy_most;         /* of those running: asleep until others are done; long at it; so many others may run at once */
    uint64_t taken, slow_until;               /* how often workers took requests; what is under way up to this one counts as slow */
    struct turns **turns; size_t turns_count;   /* that no worker has; the one that was used last is taken first */
    bool waking;                              /* a worker was woken and has not come yet */
    bool watched;                             /* a worker looks whether the busy ones get on */
    atomic_bool closed;
    atomic_uint connections;
    atomic_uint open;                         /* requests with a worker or a stream whose replies are not sent yet */
    struct stream *streams_list;
    pthread_t *workers; unsigned worker_count;
    atomic_uint_fast64_t requests, refused, by_status[6], bytes_out, took_buckets[12], took_sum;
};

/* http_loop.c */
struct http *loop_http(const struct loop *l);
void loop_freed(struct loop *l);              /* from the loop's thread: a connection has ended */
void loop_ready(struct loop *l, struct http_req *req);    /* from the loop's thread: to a worker when this turn is over */
void loop_done(struct http_req *req);         /* from any thread: the reply is made; from here on the loop may free the request */
void loop_resume(struct loop *l, struct MHD_Connection *conn);    /* from any thread */
MUST_USE int loops_start(struct http *h);     /* an errno; loops_end is called in any case */
void loops_quiesce(struct http *h);
void loops_end(struct http *h);
/* http.c: what the library calls; arg: the loop */
void *on_uri(void *arg, const char *uri, struct MHD_Connection *conn);
enum MHD_Result on_access(void *arg, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
                          const char *bytes, size_t *len, void **con_cls);
void on_completed(void *arg, struct MHD_Connection *conn, void **con_cls, enum MHD_RequestTerminationCode how);
void on_connection(void *arg, struct MHD_Connection *conn, void **socket_context, enum MHD_ConnectionNotificationCode what);
size_t leave_escaped(void *arg, struct MHD_Connection *conn, char *text);
/* http.c */
void req_unref(struct http_req *req);
void req_run(struct http_req *req);           /* before, handler, a 500 where there was no reply; none when it gave up (fiber_alone) */
void req_count(struct http_req *req);         /* access log and numbers; once, when the handler is over */
bool body_late(const struct http_req *req);
bool req_query_fine(struct http_req *req);    /* http_req.c */
const char *req_header(const struct http_req *req, const char *name);
/* http_work.c */
unsigned workers_busy(void);                  /* how many may run at once, by the cores of this machine */
MUST_USE int workers_start(struct http *h);   /* an errno; then those that were started run on */
bool queue_place(struct http_req *req);       /* suspends the connection, the loop hands it on; false: the queue is full */
void queue_add(struct http *h, struct http_req *first, struct http_req **last);     /* whose places are taken; last: where the list ends */
void workers_wake(struct http *h);            /* under lock: the server stops */
void workers_end(struct http *h);
void workers_free(struct http *h);
/* http_reply.c. Whoever runs the handler says what the reply is; the loop makes the library's object of it, so that what the
 * loop frees it has also taken: memory that wanders from thread to thread makes both wait for the allocator. */
bool reply_make(struct http_req *req);        /* false: no memory */
void reply_begun(struct http_req *req, int status, struct MHD_Response *response);    /* by pieces; NULL: no memory */
void reply_plain_error(struct http_req *req, int status, enum code code, const char *text);
/* http_stream.c */
bool stream_start(struct http_req *req, bool body);       /* body: one follows. False: too many */
enum MHD_Result stream_body(struct http_req *req, const char *bytes, size_t *len);
enum MHD_Result stream_last(struct http_req *req);
void stream_gone(struct stream *s, struct MHD_Connection *conn);
void stream_replied(struct http_req *req);    /* a reply exists now: the loop may send it */
struct stream *stream_free(struct stream *s);
void streams_cut(struct http *h);
void cond_init_steady(pthread_cond_t *c);
