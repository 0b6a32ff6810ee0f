/* load.c — asks one server for one thing over and over, and prints what came of it as one line of JSON.
 *   bench_load -j create|get|find|list (-u SOCKET | -a HOST -p PORT [-c CA]) -k TOKEN -x PATH
 *              [-n REQUESTS] [-t SECONDS] [-w CONNECTIONS] [-r RECORDS] [-f FIRST] [-i IDS] [-s SEED]
 * and bench_load -C ROWS [-f FIRST]: prints the same people as CSV.
 * Exits with 1 when a reply was not what was asked for. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "load.h"

#define CONNECTIONS_MAX 1024
#define REQUESTS_MAX 100000000
#define SHOWN 400

struct run {
    const struct plan *plan;
    struct people *people;
    SSL_CTX *tls;
    struct line *lines;
    int epoll;
    int64_t asked, answered, failed, reconnects;
    uint32_t *took;                           /* microseconds of each reply */
    size_t room;
    usec_t began, until;
};

static bool more_to_ask(const struct run *r) {
    bool timed = r->plan->seconds > 0, counted = !timed || r->plan->job == JOB_CREATE;     /* created ids need room */
    return (!timed || clock_steady() < r->until) && (!counted || r->asked < r->plan->requests);
}

static bool watch(struct run *r, struct line *l, int how) {
    struct epoll_event on = { .events = EPOLLIN | (l->wants_write ? EPOLLOUT : 0), .data.ptr = l };
    return epoll_ctl(r->epoll, how, l->fd, &on) == 0;
}

static bool line_again(struct run *r, struct line *l) {
    line_close(l);
    r->reconnects++;
    return line_open(r->plan, r->tls, l) && watch(r, l, EPOLL_CTL_ADD);
}

static bool note(struct run *r, usec_t took) {
    if ((size_t)r->answered == r->room) {
        size_t room = r->room == 0 ? 65536 : r->room * 2;
        uint32_t *more = mem_grow(r->took, room, sizeof *more);
        if (more == NULL)
            return false;
        r->took = more;
        r->room = room;
    }
    r->took[r->answered++] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
    return true;
}

static void say_wrong(struct run *r, int status, const char *body, size_t len) {
    if (r->failed++ == 0)
        fprintf(stderr, "load: a reply is not what was asked for: %d %.*s\n", status, (int)(len < SHOWN ? len : SHOWN), body);
}

/* The next request on this connection, if there is one. */
static void ask(struct run *r, struct line *l) {
    buf_cut(&l->in, 0);
    buf_cut(&l->out, 0);
    l->sent = 0;
    if (!more_to_ask(r) || (l->closes && !line_again(r, l))) {
        line_close(l);
        return;
    }
    people_ask(r->people, l, r->asked++);
    l->began = clock_steady();
}

static bool turn(struct run *r, struct line *l) {
    int status = 0;
    const char *body = NULL;
    size_t len = 0;
    bool waited = l->wants_write;
    while (l->fd >= 0) {
        enum step step = line_go_on(l, &status, &body, &len);
        if (step == STEP_WAIT)
            return l->wants_write == waited || watch(r, l, EPOLL_CTL_MOD);
        if (step == STEP_GONE) {
            fprintf(stderr, "load: the connection broke before the reply\n");
            r->failed++;
            line_close(l);
            return true;
        }
        if (!people_check(r->people, l, status, body, len))
            say_wrong(r, status, body, len);
        if (!note(r, clock_steady() - l->began))
            return false;
        ask(r, l);
    }
    return true;
}

static bool begin(struct run *r) {
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    r->lines = mem_new_array((size_t)r->plan->connections, sizeof *r->lines);
    if (r->epoll < 0 || r->lines == NULL)
        return false;
    for (int64_t i = 0; i < r->plan->connections; i++) {
        struct line *l = &r->lines[i];
        l->fd = -1;
        l->in = BUF(REPLY_MAX);
        l->out = BUF(65536);
        if (!line_open(r->plan, r->tls, l) || !watch(r, l, EPOLL_CTL_ADD)) {
            fprintf(stderr, "load: connection %lld cannot be made: %s\n", (long long)i, strerror(errno));
            return false;
        }
    }
    r->began = clock_steady();
    r->until = r->began + r->plan->seconds * USEC_PER_SEC;
    for (int64_t i = 0; i < r->plan->connections; i++) {
        ask(r, &r->lines[i]);
        if (!turn(r, &r->lines[i]))
            return false;
    }
    return true;
}

static bool busy(const struct run *r) {
    for (int64_t i = 0; i < r->plan->connections; i++)
        if (r->lines[i].fd >= 0)
            return true;
    return false;
}

static bool loop(struct run *r) {
    struct epoll_event events[CONNECTIONS_MAX];
    while (busy(r)) {
        int n = epoll_wait(r->epoll, events, (int)ARRAY_LEN(events), 60000);
        if (n == 0) {
            fprintf(stderr, "load: no reply for a minute\n");
            return false;
        }
        for (int i = 0; i < n; i++)
            if (!turn(r, events[i].data.ptr))
                return false;
    }
    return true;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double at(const struct run *r, int64_t per_mille) {
    return r->answered == 0 ? 0 : (double)r->took[(r->answered - 1) * per_mille / 1000] / 1e3;
}

static void report(struct run *r) {
    struct rusage use;
    double seconds = (double)(clock_steady() - r->began) / 1e6;
    getrusage(RUSAGE_SELF, &use);
    if (r->answered > 0)
        qsort(r->took, (size_t)r->answered, sizeof *r->took, by_size);
    printf("{\"requests\":%lld,\"failed\":%lld,\"seconds\":%.3f,\"rate\":%.1f,\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f,\"cpu\":%.2f,\"reconnects\":%lld}\n",
           (long long)r->answered, (long long)r->failed, seconds, (double)r->answered / seconds, at(r, 500), at(r, 990), at(r, 999), at(r, 1000),
           (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6, (long long)r->reconnects);
}

static bool job_of(const char *name, enum job *ret) {
    static const char *const names[] = { "create", "get", "find", "list" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0) {
            *ret = (enum job)i;
            return true;
        }
    return false;
}

static bool read_plan(int argc, char **argv, struct plan *p) {
    int64_t seed = 1;
    bool job = false;
    *p = (struct plan){ .connections = 64, .requests = 10000, .records = 1 };
    const struct { char letter; const char **to; } texts[] = { { 'u', &p->unix_path }, { 'a', &p->host }, { 'p', &p->port }, { 'c', &p->ca },
                                                              { 'k', &p->token }, { 'x', &p->path }, { 'i', &p->ids_path } };
    const struct { char letter; int64_t most, *to; } numbers[] = { { 'n', REQUESTS_MAX, &p->requests }, { 't', 3600, &p->seconds }, { 'w', CONNECTIONS_MAX, &p->connections },
                                                                  { 'r', REQUESTS_MAX, &p->records }, { 'f', REQUESTS_MAX, &p->first }, { 's', INT64_MAX, &seed } };
    for (int c; (c = getopt(argc, argv, "j:u:a:p:c:k:x:i:n:t:w:r:f:s:")) != -1;) {
        bool fine = c == 'j' && (job = job_of(optarg, &p->job));
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
            if (texts[i].letter == c) {
                *texts[i].to = optarg;
                fine = true;
            }
        for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
            if (numbers[i].letter == c)
                fine = text_int(optarg, c == 'f' ? 0 : 1, numbers[i].most, numbers[i].to);
        if (!fine)
            return false;
    }
    p->seed = (uint64_t)seed;
    bool ids = p->job != JOB_GET || p->ids_path != NULL;
    return job && ids && (p->unix_path != NULL || (p->host != NULL && p->port != NULL)) && p->token != NULL && p->path != NULL;
}

static SSL_CTX *tls_of(const char *ca) {
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL || SSL_CTX_load_verify_file(tls, ca) != 1) {
        fprintf(stderr, "load: %s cannot be read as a certificate\n", ca);
        SSL_CTX_free(tls);
        return NULL;
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    return tls;
}

static int print_csv(const char *count, const char *first) {
    int64_t n, from = 0;
    if (!text_int(count, 1, REQUESTS_MAX, &n) || (first != NULL && !text_int(first, 0, REQUESTS_MAX, &from)))
        return 2;
    return people_csv(stdout, from, n) ? 0 : 1;
}

int main(int argc, char **argv) {
    struct plan plan;
    if (argc >= 3 && strcmp(argv[1], "-C") == 0)
        return print_csv(argv[2], argc >= 5 ? argv[4] : NULL);
    if (!read_plan(argc, argv, &plan)) {
        fprintf(stderr, "load: see the head of bench/load.c for its options\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    AUTO(people_free) struct people *people = people_new(&plan);
    struct run r = { .plan = &plan, .people = people, .epoll = -1 };
    if (people == NULL || (plan.ca != NULL && (r.tls = tls_of(plan.ca)) == NULL))
        return 2;
    bool fine = begin(&r) && loop(&r);
    people_made(people, r.asked);
    report(&r);
    for (int64_t i = 0; r.lines != NULL && i < plan.connections; i++) {
        line_close(&r.lines[i]);
        buf_done(&r.lines[i].in);
        buf_done(&r.lines[i].out);
    }
    (void)mem_free(r.lines);
    (void)mem_free(r.took);
    SSL_CTX_free(r.tls);
    if (r.epoll >= 0)
        (void)close(r.epoll);
    return fine && r.failed == 0 ? 0 : 1;
}
