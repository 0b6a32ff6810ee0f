/* changes.c — the thread waits for the tenant of one reader (so that a lone reader hears at once) and looks at the
 * others in turn. Invariant: a reader in the list has a live http_events; whoever takes it off ends that. */
#include "api/changes.h"

#include <pthread.h>
#include <string.h>

#include "api/api_int.h"
#include "api/call.h"
#include "api/creds.h"
#include "api/damage.h"
#include "api/http.h"
#include "api/routes.h"
#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"

#define LOOK_EVERY (100 * (USEC_PER_SEC / 1000))
#define BEAT_EVERY (15 * USEC_PER_SEC)
#define ASK_EVERY (USEC_PER_SEC / 2)          /* is the token or session still good, and for what */
#define REQUEST_ID_MAX 64u
#define PAGE 32u
#define PAGES_A_TURN 8                        /* of one reader, however much there is for it: then the others come */
#define PAGE_BYTES (24 * 1024)                /* more than a page of frames takes */
#define STALL_MAX (60 * USEC_PER_SEC)         /* of a reader that does not read what is there for it */
#define READER_ARENA ((size_t)256 << 10)
#define STALL_LOOK (5 * (USEC_PER_SEC / 1000))

struct reader {
    struct http_events *events;
    struct api *api;
    struct service *service;
    char request[REQUEST_ID_MAX];             /* that began the stream */
    char purpose[256];                        /* that it named; "": none */
    struct caller who;                        /* what it points to lies in the arena */
    struct arena *arena;
    struct creds creds;
    int64_t last;
    usec_t beat, asked, moved;                /* moved: when there was room last */
    bool behind;                              /* there is more for it than it has room for, or than its turn allows */
    struct reader *next;
};

struct watch {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct reader *arriving;
    bool closed;
};

void event_frame(struct buf *ret, int64_t id, const char *event, const char *data) {
    buf_printf(ret, "id: %lld\nevent: %s\ndata: %s\n\n", (long long)id, event, data);
}

static struct reader *reader_free(struct reader *r) {
    if (r == NULL)
        return NULL;
    crypto_wipe(&r->creds, sizeof r->creds);
    r->arena = arena_free(r->arena);
    return mem_free(r);
}
DEFINE_AUTO(struct reader, reader_free)

static void reader_end(struct reader *r) {
    http_events_end(r->events);
    reader_free(r);
}

/* A token or session that has ended ends its stream; one whose rights have changed sees by those of now. */
static bool reader_may(struct reader *r, usec_t now) {
    struct err e;
    struct caller who;
    if (now - r->asked < ASK_EVERY)
        return true;
    r->asked = now;
    struct arena *arena = arena_new(READER_ARENA);
    if (arena == NULL || creds_caller(r->api, r->service, &r->creds, &who, arena, &e) != OK) {
        arena_free(arena);
        return false;
    }
    who.purpose = r->purpose[0] != 0 ? r->purpose : NULL;
    r->arena = arena_free(r->arena);
    r->arena = arena;
    r->who = who;
    return true;
}

static bool send_page(struct reader *r, const json_t *page) {
    AUTO(buf_done) struct buf b = BUF(PAGE_BYTES);
    json_t *change;
    size_t i;
    json_array_foreach(page, i, change) {
        AUTO(buf_done) struct buf text = BUF(PAGE_BYTES);
        json_text_add(&text, change);
        if (text.failed)
            return false;
        r->last = json_integer_value(json_object_get(change, "change"));
        event_frame(&b, r->last, "change", buf_str(&text));
    }
    return !b.failed && (b.len == 0 || http_events_write(r->events, buf_str(&b), b.len));
}

/* One page, if there is room for it. */
static bool reader_page(struct reader *r, int64_t newest, usec_t now) {
    struct err e;
    json_t *page = NULL;
    ssize_t room = http_events_room(r->events);
    if (room < PAGE_BYTES) {
        r->behind = true;
        return room >= 0 && now - r->moved < STALL_MAX;
    }
    r->moved = now;
    int64_t looked = r->last;
    bool end = false;
    size_t lost = mem_lost();
    struct damage d;
    damage_begin(&d, r->api, r->request);
    enum code code = record_changes(r->service, &r->who, &looked, PAGE, &d.watch, &end, &page, &e);
    damage_end(&d);
    if (code != OK)
        return false;
    size_t n = json_array_size(page);
    bool fine = mem_lost() == lost && send_page(r, page);     /* cut off, it comes back and asks from where it was */
    json_decref(page);
    if (n > 0)
        r->beat = now;
    r->last = end && looked < newest ? newest : looked;     /* what lies between is nothing that this caller may see */
    r->behind = !end && n < PAGE;             /* much that it may not see: the others come first */
    return fine;
}

/* Changes after the last one sent, and a sign of life where there was none for long. False: it ends. */
static bool reader_serve(struct reader *r, int64_t newest, usec_t now) {
    if (!reader_may(r, now))
        return false;
    r->behind = false;
    for (int n = 0; newest > r->last && !r->behind; n++)
        if (n == PAGES_A_TURN)
            r->behind = true;
        else if (!reader_page(r, newest, now))
            return false;
    if (r->behind || now - r->beat < BEAT_EVERY)
        return true;
    r->beat = now;
    return http_events_write(r->events, ": still here\n\n", 14);
}

/* Takes new readers in; with none at all it sleeps, and while one is behind it gives that one time to read. */
static struct reader *readers_take(struct watch *w, struct reader *list, bool behind, bool *ret_closed) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += STALL_LOOK * 1000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&w->lock);
    while (list == NULL && w->arriving == NULL && !w->closed)
        pthread_cond_wait(&w->some, &w->lock);
    if (behind && w->arriving == NULL && !w->closed)
        (void)pthread_cond_clockwait(&w->some, &w->lock, CLOCK_MONOTONIC, &until);
    while (w->arriving != NULL) {
        struct reader *r = w->arriving;
        w->arriving = r->next;
        r->next = list;
        list = r;
    }
    *ret_closed = w->closed;
    pthread_mutex_unlock(&w->lock);
    return list;
}

/* One look at every reader; true: one of them is behind. */
static bool readers_serve(struct watch *w, struct reader **list, bool closed, bool behind) {
    usec_t now = clock_steady(), wait = behind ? now : now + LOOK_EVERY;
    bool any = false;
    for (struct reader **at = list; *at != NULL;) {
        struct reader *r = *at;
        bool fine = false;
        if (!closed) {
            int64_t newest = store_wait_change(w->store, r->who.tenant, r->last, wait);
            wait = now = clock_steady();      /* only the first is waited for */
            fine = reader_serve(r, newest, now);
        }
        if (fine) {
            any = any || r->behind;
            at = &r->next;
        } else {
            *at = r->next;
            reader_end(r);
        }
    }
    return any;
}

static void *watch_thread(void *arg) {
    struct watch *w = arg;
    struct reader *list = NULL;
    bool closed = false, behind = false;
    while (!closed) {
        list = readers_take(w, list, behind, &closed);
        behind = readers_serve(w, &list, closed, behind);
    }
    return NULL;
}

enum code watch_start(struct store *store, struct watch **ret, struct err *reterr) {
    struct watch *w = mem_new(sizeof *w);
    if (w == NULL)
        return err_set(reterr, E_MEMORY, "no memory to watch changes");
    w->store = store;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->some, NULL);
    int num = pthread_create(&w->thread, NULL, watch_thread, w);
    if (num != 0) {
        mem_free(w);
        return err_errno(reterr, num, "no thread to watch changes");
    }
    *ret = w;
    return OK;
}

void watch_stop(struct watch *w) {
    if (w == NULL || w->closed)               /* only the thread that stops it writes `closed` */
        return;
    pthread_mutex_lock(&w->lock);
    w->closed = true;
    pthread_cond_signal(&w->some);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
}

struct watch *watch_free(struct watch *w) {
    if (w == NULL)
        return NULL;
    watch_stop(w);
    pthread_cond_destroy(&w->some);
    pthread_mutex_destroy(&w->lock);
    return mem_free(w);
}

/* False: closed; the reader stays the caller's. */
static bool watch_add(struct watch *w, struct reader *r) {
    pthread_mutex_lock(&w->lock);
    bool open = !w->closed;
    if (open) {
        r->next = w->arriving;
        w->arriving = r;
        pthread_cond_signal(&w->some);
    }
    pthread_mutex_unlock(&w->lock);
    return open;
}

/* Last-Event-ID, or ?after= for the first time; from the beginning without either. */
static bool start_after(struct call *c, int64_t *ret) {
    const char *last = http_header(c->req, "Last-Event-ID"), *after = http_query(c->req, "after");
    const char *from = last != NULL ? last : after;
    *ret = 0;
    if (from == NULL || text_int(from, 0, INT64_MAX, ret))
        return true;
    call_fail(c, E_INVALID, "Last-Event-ID must be the id of an event of this stream");
    return false;
}

/* The request ends before its stream does, so that who calls is found anew. */
static struct reader *reader_new(struct call *c, int64_t after) {
    struct err e;
    AUTO(reader_free) struct reader *r = mem_new(sizeof *r);
    if (r == NULL)
        return NULL;
    usec_t now = clock_steady();
    *r = (struct reader){ .api = c->api, .service = c->service, .last = after, .beat = now, .asked = now - ASK_EVERY, .moved = now };
    snprintf(r->request, sizeof r->request, "%s", http_request_id(c->req));
    if (c->who.purpose != NULL)
        snprintf(r->purpose, sizeof r->purpose, "%s", c->who.purpose);
    if (creds_read(c->req, &r->creds, &e) != OK || !reader_may(r, now))
        return NULL;
    r->creds.quiet = true;
    return TAKE(r);
}

static void on_changes(struct http_req *req) {
    static const char hello[] = "retry: 2000\n\n";
    struct call c;
    int64_t after;
    if (!call_begin(req, &c))
        return;
    if (c.who.by_link) {                      /* a person's page needs no stream, and a link is in many hands */
        call_fail(&c, E_NOT_FOUND, "there is nothing at this address, or it is not for this token");
        return;
    }
    if (!start_after(&c, &after))
        return;
    AUTO(reader_free) struct reader *r = reader_new(&c, after);
    if (r == NULL)
        call_fail(&c, E_MEMORY, "no memory for another reader of changes");
    else if ((r->events = http_events_begin(req)) != NULL) {
        if (!http_events_write(r->events, hello, sizeof hello - 1) || !watch_add(c.api->watch, r))
            http_events_end(r->events);
        else
            r = NULL;                         /* the thread's now */
    }
}

static const struct route routes[] = { { "GET", "/v1/{service}/changes", ROUTE_STREAM, on_changes } };
const struct route_table routes_changes = { routes, ARRAY_LEN(routes) };
