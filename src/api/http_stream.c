/* http_stream.c — bodies and replies by pieces, with a bounded ring for each direction; and events.
 *
 * Back-pressure: the loop suspends a connection whose ring is full (body) or empty (reply); the handler, or
 * the holder of events, resumes it when it has taken or added bytes. Both happen under the stream's lock, so
 * that no wake-up is lost. While a body is still coming the library cannot send a reply: until then the reply
 * ring may grow up to OUT_EARLY_MAX, and beyond that the write fails. */
#include <errno.h>
#include <string.h>

#include "api/http_int.h"
#include "base/mem.h"

#define IN_ROOM (256u * 1024)
#define OUT_ROOM (256u * 1024)
#define OUT_EARLY_MAX (16u << 20)
#define EVENTS_ROOM (64u * 1024)
#define BLOCK (64u * 1024)
#define RATE_LEAST 256u                       /* bytes a second that a long body must come with, over its whole time */

struct http_events { struct http_req *req; };

/* ---- rings */

static bool ring_room(struct ring *r, size_t room) {
    if (room <= r->room)
        return true;
    char *data = mem_new(room);
    if (data == NULL)
        return false;
    size_t tail = r->room - r->start < r->len ? r->room - r->start : r->len;
    if (r->data != NULL) {
        memcpy(data, r->data + r->start, tail);
        memcpy(data + tail, r->data, r->len - tail);
        explicit_bzero(r->data, r->room);
        mem_free(r->data);
    }
    r->data = data;
    r->room = room;
    r->start = 0;
    return true;
}

static size_t ring_put(struct ring *r, const char *bytes, size_t len) {
    size_t n = r->room - r->len < len ? r->room - r->len : len;
    if (n == 0)
        return 0;
    size_t at = (r->start + r->len) % r->room, first = r->room - at < n ? r->room - at : n;
    memcpy(r->data + at, bytes, first);
    memcpy(r->data, bytes + first, n - first);
    r->len += n;
    return n;
}

static size_t ring_take(struct ring *r, char *ret, size_t room) {
    size_t n = r->len < room ? r->len : room;
    if (n == 0)
        return 0;
    size_t first = r->room - r->start < n ? r->room - r->start : n;
    memcpy(ret, r->data + r->start, first);
    memcpy(ret + first, r->data, n - first);
    r->start = (r->start + n) % r->room;
    r->len -= n;
    return n;
}

static void ring_done(struct ring *r) {
    if (r->data != NULL)
        explicit_bzero(r->data, r->room);
    mem_free(r->data);
    *r = (struct ring){ 0 };
}

/* ---- a stream's life */

static struct stream *stream_new(const struct http_req *req) {
    struct stream *s = mem_new(sizeof *s);
    if (s == NULL)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    cond_init_steady(&s->cond);
    s->out_left = -1;
    s->conn = req->conn;
    s->loop = req->loop;
    return s;
}

struct stream *stream_free(struct stream *s) {
    if (s == NULL)
        return NULL;
    ring_done(&s->in);
    ring_done(&s->out);
    pthread_cond_destroy(&s->cond);
    pthread_mutex_destroy(&s->lock);
    return mem_free(s);
}

/* Resumes whatever is suspended; the lock is held. */
static void stream_resume(struct stream *s) {
    if (s->in_suspended || s->out_suspended || s->awaits_reply) {
        s->in_suspended = s->out_suspended = s->awaits_reply = false;
        loop_resume(s->loop, s->conn);
    }
}

void stream_gone(struct stream *s, struct MHD_Connection *conn UNUSED) {
    pthread_mutex_lock(&s->lock);
    s->gone = true;
    s->in_suspended = s->out_suspended = s->awaits_reply = false;    /* the connection ends: never touched again */
    pthread_cond_broadcast(&s->cond);
    pthread_mutex_unlock(&s->lock);
}

/* The server's list; its lock is held. */
static void stream_link(struct http *h, struct http_req *req) {
    struct stream *s = req->stream;
    s->next = h->streams_list;
    s->link = &h->streams_list;
    if (s->next != NULL)
        s->next->link = &s->next;
    h->streams_list = s;
}

static void stream_unlink(struct stream *s) {
    *s->link = s->next;
    if (s->next != NULL)
        s->next->link = s->link;
}

void streams_cut(struct http *h) {
    for (struct stream *s = h->streams_list; s != NULL; s = s->next) {
        pthread_mutex_lock(&s->lock);
        if (!s->gone) {
            s->gone = true;
            stream_resume(s);
        }
        pthread_cond_broadcast(&s->cond);
        pthread_mutex_unlock(&s->lock);
    }
}

/* The handler is over: what it did not read is dropped, what it wrote is sent to its end. */
static void stream_over(struct http_req *req) {
    struct stream *s = req->stream;
    pthread_mutex_lock(&s->lock);
    s->out_end = true;
    s->in_drop = true;
    s->in.len = 0;
    stream_resume(s);
    pthread_mutex_unlock(&s->lock);
}

static void *stream_thread(void *arg) {
    struct http_req *req = arg;
    struct http *h = req->http;
    req_run(req);
    req_count(req);
    if (req->events == NULL)
        stream_over(req);
    pthread_mutex_lock(&h->lock);
    if (req->events == NULL)
        stream_unlink(req->stream);
    pthread_mutex_unlock(&h->lock);
    req_unref(req);
    pthread_mutex_lock(&h->lock);
    h->streams--;
    pthread_cond_broadcast(&h->idle);
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

static bool thread_start(struct http_req *req) {
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int num = pthread_create(&thread, &attr, stream_thread, req);
    pthread_attr_destroy(&attr);
    return num == 0;
}

bool stream_start(struct http_req *req, bool body) {
    struct http *h = req->http;
    req->stream = stream_new(req);
    if (req->stream == NULL)
        return false;
    req->stream->in_end = !body;              /* else the handler could write far ahead of a loop that is busy */
    pthread_mutex_lock(&h->lock);
    bool room = !h->closed && h->streams < h->o.streams;
    if (room) {
        h->streams++;
        req->counted = true;
        atomic_fetch_add(&h->open, 1);
        stream_link(h, req);
        atomic_fetch_add(&req->refs, 1);
    }
    pthread_mutex_unlock(&h->lock);
    if (room && thread_start(req))
        return true;
    if (room) {
        pthread_mutex_lock(&h->lock);
        stream_unlink(req->stream);
        h->streams--;
        pthread_cond_broadcast(&h->idle);
        pthread_mutex_unlock(&h->lock);
        atomic_fetch_sub(&req->refs, 1);
        req->counted = false;
        atomic_fetch_sub(&h->open, 1);
    }
    req->stream = stream_free(req->stream);
    return false;
}

/* ---- shares: one tenant's streams leave room for those of others */

/* Streams or events of that tenant; the server's lock is held. */
static unsigned tenant_holds(const struct http *h, int64_t tenant, bool events) {
    unsigned n = 0;
    for (const struct stream *s = h->streams_list; s != NULL; s = s->next)
        n += s->tenant == tenant && s->events == events;
    return n;
}

static unsigned share_of(unsigned all) { return all - all / 4; }

void http_note_tenant(struct http_req *req, int64_t tenant) {
    req->tenant = tenant;
    if (req->stream == NULL)
        return;
    pthread_mutex_lock(&req->http->lock);
    req->stream->tenant = tenant;
    pthread_mutex_unlock(&req->http->lock);
    pthread_mutex_lock(&req->stream->lock);   /* the loop looks at it */
    req->stream->known = tenant != 0;
    pthread_mutex_unlock(&req->stream->lock);
}

bool http_share_fine(struct http_req *req) {
    struct http *h = req->http;
    PRE(req->stream != NULL);
    pthread_mutex_lock(&h->lock);
    bool fine = req->tenant == 0 || tenant_holds(h, req->tenant, false) <= share_of(h->o.streams);
    pthread_mutex_unlock(&h->lock);
    return fine;
}

/* ---- the loop's side */

/* A place among the streams is not held by a body that comes drop by drop. One that we push back has sent a ring full of it. */
static bool body_drips(const struct http_req *req, const struct stream *s) {
    return body_late(req) && s->in_total < RATE_LEAST * (uint64_t)((clock_steady() - req->began) / USEC_PER_SEC);
}

enum MHD_Result stream_body(struct http_req *req, const char *bytes, size_t *len) {
    struct stream *s = req->stream;
    enum MHD_Result result = MHD_YES;
    pthread_mutex_lock(&s->lock);
    if (s->gone) {
        result = MHD_NO;
    } else if (s->in_drop && !s->known && body_late(req)) {
        result = MHD_NO;                      /* refused for want of a token, and still sending */
    } else if (s->in_drop) {
        *len = 0;
    } else if (body_drips(req, s) || !ring_room(&s->in, IN_ROOM)) {
        result = MHD_NO;
    } else {
        size_t n = ring_put(&s->in, bytes, *len);
        s->in_total += n;
        *len -= n;
        pthread_cond_broadcast(&s->cond);
        if (*len > 0) {
            s->in_suspended = true;
            MHD_suspend_connection(req->conn);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return result;
}

enum MHD_Result stream_last(struct http_req *req) {
    struct stream *s = req->stream;
    enum MHD_Result result = MHD_YES;
    pthread_mutex_lock(&s->lock);
    s->in_end = true;
    bool begun = s->out_begun, gone = s->gone;
    pthread_cond_broadcast(&s->cond);
    if (!begun && !gone) {
        s->awaits_reply = true;
        MHD_suspend_connection(req->conn);
    }
    pthread_mutex_unlock(&s->lock);
    if (begun && req->response != NULL) {
        req->phase = PHASE_DONE;
        result = MHD_queue_response(req->conn, (unsigned)req->status, req->response);
    } else if (begun || gone) {
        result = MHD_NO;
    }
    return result;
}

static ssize_t on_wanted(void *arg, uint64_t pos UNUSED, char *ret, size_t room) {
    struct http_req *req = arg;
    struct stream *s = req->stream;
    ssize_t result = 0;
    pthread_mutex_lock(&s->lock);
    if (s->out_cut) {
        result = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (s->out.len > 0) {
        result = (ssize_t)ring_take(&s->out, ret, room);
        if (s->out_left >= 0)
            s->out_left -= result;
        pthread_cond_broadcast(&s->cond);
    } else if (s->out_end || s->gone) {
        bool whole = s->out_end && s->out_left <= 0;
        result = whole ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
    } else {
        s->out_suspended = true;
        MHD_suspend_connection(req->conn);
    }
    pthread_mutex_unlock(&s->lock);
    return result;
}

/* ---- the handler's side */

ssize_t http_body_read(struct http_req *req, void *ret, size_t room) {
    struct stream *s = req->stream;
    PRE(s != NULL);
    pthread_mutex_lock(&s->lock);
    while (s->in.len == 0 && !s->in_end && !s->gone)
        pthread_cond_wait(&s->cond, &s->lock);
    ssize_t n = (ssize_t)ring_take(&s->in, ret, room);
    if (n == 0 && s->gone)
        n = -1;
    if (s->in_suspended && s->in.len <= IN_ROOM / 2) {
        s->in_suspended = false;
        loop_resume(s->loop, s->conn);
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

void stream_replied(struct http_req *req) {
    struct stream *s = req->stream;
    pthread_mutex_lock(&s->lock);
    s->out_begun = true;
    if (s->awaits_reply) {
        s->awaits_reply = false;
        loop_resume(s->loop, s->conn);
    }
    pthread_mutex_unlock(&s->lock);
}

void http_reply_begin(struct http_req *req, int status, const char *type, int64_t size) {
    struct stream *s = req->stream;
    PRE(s != NULL);
    struct MHD_Response *response = MHD_create_response_from_callback(size < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)size, BLOCK, on_wanted, req, NULL);
    if (response != NULL && type != NULL && MHD_add_response_header(response, "Content-Type", type) != MHD_YES) {
        MHD_destroy_response(response);
        response = NULL;
    }
    pthread_mutex_lock(&s->lock);
    s->out_left = size;
    if (!ring_room(&s->out, req->events == NULL ? OUT_ROOM : EVENTS_ROOM))
        s->out_cut = true;
    pthread_mutex_unlock(&s->lock);
    reply_begun(req, status, response);
    stream_replied(req);
}

/* Room for at least one byte, or false. The lock is held. */
static bool out_wait(struct stream *s) {
    while (s->out.len == s->out.room && !s->gone && !s->out_cut) {
        if (s->in_end || s->in_drop)
            pthread_cond_wait(&s->cond, &s->lock);
        else if (s->out.room >= OUT_EARLY_MAX || !ring_room(&s->out, s->out.room * 2))
            return false;
    }
    return !s->gone && !s->out_cut;
}

bool http_reply_write(struct http_req *req, const void *bytes, size_t len) {
    struct stream *s = req->stream;
    const char *p = bytes;
    PRE(s != NULL && req->replied);
    pthread_mutex_lock(&s->lock);
    bool fine = true;
    while (len > 0 && (fine = out_wait(s))) {
        size_t n = ring_put(&s->out, p, len);
        p += n;
        len -= n;
        req->bytes_out += n;
        if (s->out_suspended) {
            s->out_suspended = false;
            loop_resume(s->loop, s->conn);
        }
    }
    fine = fine && !s->gone;
    pthread_mutex_unlock(&s->lock);
    return fine;
}

void http_reply_abort(struct http_req *req) {
    struct stream *s = req->stream;
    PRE(s != NULL);
    pthread_mutex_lock(&s->lock);
    s->out_cut = true;
    stream_resume(s);
    pthread_mutex_unlock(&s->lock);
}

/* ---- events */

struct http_events *http_events_begin(struct http_req *req) {
    struct http *h = req->http;
    PRE(req->stream != NULL);
    pthread_mutex_lock(&h->lock);
    bool room = !h->closed && h->events < h->o.events && (req->tenant == 0 || tenant_holds(h, req->tenant, true) < share_of(h->o.events));
    h->events += room;
    req->stream->events = room;
    pthread_mutex_unlock(&h->lock);
    struct http_events *e = room ? arena_get(req->arena, sizeof *e) : NULL;
    if (e == NULL) {
        pthread_mutex_lock(&h->lock);
        h->events -= room;
        req->stream->events = false;
        pthread_mutex_unlock(&h->lock);
        struct err why;
        (void)err_set(&why, E_BUSY, "too many readers of changes are connected; try again later");
        http_reply_error(req, &why, NULL);
        return NULL;
    }
    e->req = req;
    req->events = e;
    atomic_fetch_add(&req->refs, 1);
    http_reply_header(req, "X-Accel-Buffering", "no");
    http_reply_begin(req, 200, "text/event-stream", -1);
    return e;
}

bool http_events_write(struct http_events *e, const void *bytes, size_t len) {
    struct http_req *req = e->req;
    struct stream *s = req->stream;
    pthread_mutex_lock(&s->lock);
    bool fine = !s->gone && !s->out_cut && s->out.room - s->out.len >= len;
    if (fine) {
        ring_put(&s->out, bytes, len);
        if (s->out_suspended) {
            s->out_suspended = false;
            loop_resume(s->loop, s->conn);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return fine;
}

ssize_t http_events_room(struct http_events *e) {
    struct stream *s = e->req->stream;
    pthread_mutex_lock(&s->lock);
    ssize_t room = s->gone || s->out_cut ? -1 : (ssize_t)(s->out.room - s->out.len);
    pthread_mutex_unlock(&s->lock);
    return room;
}

void http_events_end(struct http_events *e) {
    struct http_req *req = e->req;
    struct http *h = req->http;
    stream_over(req);
    pthread_mutex_lock(&h->lock);
    stream_unlink(req->stream);
    h->events--;
    pthread_cond_broadcast(&h->idle);
    pthread_mutex_unlock(&h->lock);
    req_unref(req);
}
