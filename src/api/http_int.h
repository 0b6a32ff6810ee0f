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
    struct MHD_Connection *conn;
    struct stream *next, **link;              /* in the server's list */
};

/* Loop side: what comes next for a request. */
enum phase { PHASE_NEW, PHASE_BODY, PHASE_DRAIN, PHASE_HANDLED, PHASE_STREAM, PHASE_DONE };

struct http_req {
    unsigned magic;
    atomic_int refs;
    struct http *http;
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
    int status;
    struct MHD_Response *response;
    struct http_header reply_headers[REPLY_HEADERS_MAX]; size_t reply_header_count;
    uint64_t bytes_out;
    struct stream *stream;
    struct http_events *events;
    uint64_t turn;                            /* which of the requests that workers took */
    struct http_req *next;                    /* in the queue */
};

struct http {
    struct MHD_Daemon *daemon;
    struct router *router;
    struct http_options o;
    pthread_mutex_t lock;                     /* queue, counts, closed, streams_list */
    pthread_cond_t wake, watch, idle;         /* wake: a request for a worker; watch: the server stops; idle: something ended */
    struct http_req *head, **tail;
    size_t waiting;
    unsigned sleeping, running, streams, events;
    unsigned paused, slow, busy_most;         /* of those running: asleep until others are done; long at it; so many others may run at once */
    uint64_t taken, slow_until;               /* requests that workers took; those under way up to this one count as slow */
    bool waking;                              /* a worker was woken and has not come yet */
    bool watched;                             /* a worker looks whether the busy ones get on */
    atomic_bool closed;
    atomic_uint open;                         /* requests with a worker or a stream whose replies are not sent yet */
    struct stream *streams_list;
    pthread_t *workers; unsigned worker_count;
    atomic_uint_fast64_t requests, refused, by_status[6], bytes_out, took_buckets[12], took_sum;
};

/* http.c */
void req_unref(struct http_req *req);
void req_run(struct http_req *req);           /* before, handler, a 500 where there was no reply */
void req_count(struct http_req *req);         /* access log and numbers; once, when the handler is over */
bool body_late(const struct http_req *req);
bool req_query_fine(struct http_req *req);    /* http_req.c */
const char *req_header(const struct http_req *req, const char *name);
/* http_reply.c: the reply is complete but not yet handed to the loop. */
void reply_ready(struct http_req *req, int status, struct MHD_Response *response, uint64_t bytes);
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
