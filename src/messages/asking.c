/* asking.c — see asking.h. */
#include "messages/asking.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fiber.h"
#include "base/mem.h"
#include "base/pause.h"
#include "base/text.h"
#include "messages/leaves.h"
#include "records/service.h"
#include "store/tables.h"
#include "sys/files.h"
#include "sys/sockets.h"

#define PROBES 8u
struct seat { bool taken, by_form; int64_t tenant; };
struct places { struct seat asks[ASKING_MOST], waits[ASKING_MOST]; };        /* of one asker: whose questions are asked, and who waits until one has ended */
struct questioner {
    struct asking_setup setup;
    pthread_mutex_t lock; pthread_cond_t moved;
    struct places *places;                   /* beside the list; under lock */
    _Atomic int64_t probe_tenants[PROBES]; _Atomic int probe_answers[PROBES];
    _Atomic unsigned probe_next;
};

enum code asking_new(const struct asking_setup *setup, struct questioner **ret, struct err *reterr) {
    PRE(setup != NULL && ret != NULL && reterr != NULL);
    AUTO(asking_free) struct questioner *a = mem_new(sizeof *a);
    if (a == NULL || (a->places = mem_new_array(setup->count + 1, sizeof *a->places)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for askers");
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->moved, NULL);
    a->setup = *setup;
    *ret = TAKE(a);
    return OK;
}

struct questioner *asking_free(struct questioner *a) {
    if (a != NULL && a->places != NULL) {
        pthread_cond_destroy(&a->moved);
        pthread_mutex_destroy(&a->lock);
        mem_free(a->places);
    }
    return mem_free(a);
}

/* ---- answers */

/* Bytes of a sign that shows nothing and turns what is around it: further control characters, ends of lines, marks of direction. */
static size_t hidden(const unsigned char *p) {
    if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
        return 2;
    bool general = p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae));
    bool isolates = p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
    return general || isolates || (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) ? 3 : 0;
}

/* One line of text without control characters, cut at a whole character. */
static void why_set(const char *text, char ret[ASK_WHY + 1]) {
    size_t len = 0, skip;
    for (const char *p = text; *p != 0 && len < ASK_WHY; p += skip > 0 ? skip : 1) {
        skip = hidden((const unsigned char *)p);
        ret[len++] = skip > 0 || (unsigned char)*p < 0x20 || *p == 0x7f || *p == '%' ? ' ' : *p;
    }
    while (len > 0 && !text_is_utf8(ret, len))
        len--;
    ret[len] = 0;
}

enum ask_answer asking_read(const char *text, size_t len, char ret_why[ASK_WHY + 1]) {
    json_t *o = len > ASKING_ANSWER ? NULL : json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *allow = json_object_get(o, "allow"), *why = json_object_get(o, "why");
    enum ask_answer answer = ASK_SILENT;
    if (json_is_boolean(allow) && (why == NULL || json_is_string(why)))
        answer = json_is_true(allow) ? ASK_YES : ASK_NO;
    ret_why[0] = 0;
    if (answer == ASK_NO && why != NULL)
        why_set(json_string_value(why), ret_why);
    json_decref(o);
    return answer;
}

/* ---- at a socket: the question as one line, the answer as one line */

static bool waits(int fd, short events, usec_t until) {
    usec_t left = until - clock_steady();
    struct pollfd p = { .fd = fd, .events = events };
    int n = left <= 0 ? 0 : poll(&p, 1, (int)((left + 999) / 1000));
    return n > 0 || (n < 0 && errno == EINTR);
}

static int open_socket(const char *path, uid_t user) {
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    AUTO(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct peer who;
    struct err ignored;
    if (fd < 0 || strlen(path) >= sizeof at.sun_path)
        return -1;
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (connect(fd, (const struct sockaddr *)&at, sizeof at) != 0 || socket_peer(fd, &who, &ignored) != OK || who.uid != user)
        return -1;
    return fd_take(&fd);
}

static bool send_line(int fd, const char *text, size_t len, usec_t until) {
    for (size_t sent = 0; sent < len + 1;) {
        const char *from = sent < len ? text + sent : "\n";
        ssize_t n = send(fd, from, sent < len ? len - sent : 1, MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        else if ((n < 0 && errno != EAGAIN && errno != EINTR) || !waits(fd, POLLOUT, until))
            return false;
    }
    return true;
}

/* Until its line or its end. */
static bool receive_line(int fd, struct buf *ret, usec_t until) {
    char bytes[4096];
    while (ret->len <= ASKING_ANSWER) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n == 0)
            return ret->len > 0;
        if (n < 0 && ((errno != EAGAIN && errno != EINTR) || !waits(fd, POLLIN, until)))
            return false;
        if (n < 0)
            continue;
        const char *end = memchr(bytes, '\n', (size_t)n);
        buf_add(ret, bytes, end == NULL ? (size_t)n : (size_t)(end - bytes));
        if (ret->failed || end != NULL)
            return !ret->failed;
        if (clock_steady() >= until)
            return false;
    }
    return false;
}

static enum ask_answer ask_socket(const struct asker *at, uid_t user, const struct ask_question *q, usec_t until, char ret_why[ASK_WHY + 1]) {
    AUTO(buf_wipe) struct buf answer = BUF(ASKING_ANSWER + 8192);
    AUTO(fd_close) int fd = open_socket(at->socket, user);
    pause_begin();
    bool fine = fd >= 0 && send_line(fd, q->body, q->len, until) && receive_line(fd, &answer, until);
    pause_end();
    return fine ? asking_read(buf_str(&answer), answer.len, ret_why) : ASK_SILENT;
}

/* ---- at an address */

static enum ask_answer ask_url(struct questioner *a, const struct asker *at, const struct ask_question *q, usec_t until, char ret_why[ASK_WHY + 1]) {
    AUTO(fetch_reply_done) struct fetch_reply reply = FETCH_REPLY;
    struct err ignored;
    int64_t left = (until - clock_steady() + 999) / 1000;
    const struct fetch_header headers[] = { { "Content-Type", "application/json" } };
    const struct fetch_request request = { .method = "POST", .url = at->url, .headers = headers, .header_count = ARRAY_LEN(headers), .body = q->body, .body_len = q->len, .most = ASKING_ANSWER,
                                           .wait_ms = left < 1 ? 1 : (int)left, .use = FOR_ASKERS };
    if (charter_reach(service_charter(q->service), at->host, clock_now()) == REACH_OUTSIDE)
        return ASK_SILENT;
    if (a->setup.fetch == NULL || a->setup.fetch(a->setup.arg, &request, &reply, &ignored) != OK || reply.status != 200)
        return ASK_SILENT;
    return asking_read(buf_str(&reply.body), reply.body.len, ret_why);
}

/* ---- the probes' own tenants */

void asking_probe(struct questioner *a, int64_t tenant, enum ask_answer answer) {
    for (size_t i = 0; i < PROBES; i++)
        if (a->probe_tenants[i] == tenant) {
            a->probe_answers[i] = (int)answer;
            return;
        }
    unsigned i = atomic_fetch_add(&a->probe_next, 1) % PROBES;
    a->probe_answers[i] = (int)answer;
    a->probe_tenants[i] = tenant;
}

static bool is_probe(const struct ask_question *q) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    struct tenant_row row = { .probe = false };
    struct err ignored;
    return arena != NULL && tenant_get(q->service->store, q->tenant, &row, arena, &ignored) == OK && row.probe;
}

static enum ask_answer probe_answer(const struct questioner *a, int64_t tenant) {
    for (size_t i = 0; i < PROBES; i++)
        if (a->probe_tenants[i] == tenant)
            return (enum ask_answer)a->probe_answers[i];
    return ASK_YES;
}

/* ---- */

static const struct asker *find(const struct questioner *a, const char *name, size_t *ret_index) {
    for (size_t i = 0; i < a->setup.count; i++)
        if (strcmp(a->setup.list[i].name, name) == 0) {
            *ret_index = i;
            return &a->setup.list[i];
        }
    return NULL;
}

/* ---- places */

/* Under lock. NULL: none for this one now. */
static struct seat *seat_free(struct seat *of, const struct ask_question *q) {
    struct seat *room = NULL;
    unsigned same = 0, forms = 0;
    for (size_t i = 0; i < ASKING_MOST; i++) {
        struct seat *s = &of[i];
        same += s->taken && s->tenant == q->tenant;
        forms += s->taken && s->by_form;
        if (!s->taken)
            room = s;
    }
    return same < ASKING_TENANT && (!q->by_form || forms < ASKING_FORMS) ? room : NULL;
}

static void seat_sit(struct seat *seat, const struct ask_question *q) {
    if (seat != NULL)
        *seat = (struct seat){ true, q->by_form, q->tenant };
}

/* Under lock. Whoever waits holds a thread that serves everybody, so they are counted like those that ask. */
static struct seat *seat_wait(struct questioner *a, struct places *p, const struct ask_question *q, usec_t until) {
    const struct timespec at = { .tv_sec = until / USEC_PER_SEC, .tv_nsec = (long)(until % USEC_PER_SEC) * 1000 };
    struct seat *seat = NULL, *bench = seat_free(p->waits, q);
    bool waits = bench != NULL;
    seat_sit(bench, q);
    while ((seat = seat_free(p->asks, q)) == NULL && waits) {
        pause_begin();
        waits = pthread_cond_clockwait(&a->moved, &a->lock, CLOCK_MONOTONIC, &at) == 0;
        pause_end();
    }
    if (bench != NULL)
        *bench = (struct seat){ .taken = false };
    return seat;
}

static struct seat *seat_take(struct questioner *a, size_t asker, const struct ask_question *q, usec_t until) {
    struct places *p = &a->places[asker];
    pthread_mutex_lock(&a->lock);
    struct seat *seat = seat_free(p->asks, q);
    if (seat == NULL)
        seat = seat_wait(a, p, q, until);
    seat_sit(seat, q);
    pthread_mutex_unlock(&a->lock);
    return seat;
}

static void seat_give(struct questioner *a, struct seat *seat) {
    pthread_mutex_lock(&a->lock);
    *seat = (struct seat){ .taken = false };
    pthread_cond_broadcast(&a->moved);
    pthread_mutex_unlock(&a->lock);
}

static enum ask_answer ask(void *arg, const struct ask_question *q, char ret_why[ASK_WHY + 1]) {
    struct questioner *a = arg;
    size_t i = 0;
    enum ask_answer answer = ASK_SILENT;
    if (is_probe(q))
        return probe_answer(a, q->tenant);
    const struct asker *at = find(a, q->asker, &i);
    if (at == NULL || !fiber_alone())        /* others of this thread would wait with it */
        return ASK_SILENT;
    usec_t until = clock_steady() + (usec_t)q->within_ms * 1000;
    struct seat *seat = seat_take(a, i, q, until);
    if (seat == NULL)
        return ASK_SILENT;
    answer = at->socket != NULL ? ask_socket(at, a->setup.users[i], q, until, ret_why) : ask_url(a, at, q, until, ret_why);
    seat_give(a, seat);
    return answer;
}

/* At a socket it is the operator's own code on the operator's machine: it sees what the line names. To a host leaves what a processor's line names, too. */
static fieldset sees(void *arg, const struct service *s, const char *asker, int kind, fieldset wanted) {
    size_t i;
    const struct asker *at = find(arg, asker, &i);
    return at == NULL ? 0 : at->socket != NULL ? wanted : leaves_to(s->charter, at->host, kind, wanted, clock_now());
}

struct ask_way asking_way(struct questioner *a) { return (struct ask_way){ ask, sees, a }; }
