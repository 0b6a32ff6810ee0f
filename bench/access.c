/* access.c — what it costs to know who asks: a session or a token in the request path, where it is remembered (as nearly always) and
 * where the store has to be asked (once a second), with few accounts and with many, one after the other in one run; and how long a
 * revocation takes. Prints one line of JSON.
 *   bench_access [-a ACCOUNTS] [-T TENANTS] [-n CALLS] [-s SESSIONS] */
#define TEST_NO_MAIN
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "access/inside.h"
#include "base/text.h"
#include "records/testbed.h"
#include "records/testcharters.h"

#define BATCHES 64u
#define SAMPLE_MAX 256
#define MAKERS 16u                            /* their writes are committed together */
#define FEW_ACCOUNTS 100
#define FEW_TENANTS 10

struct sample { char secret[SESSION_TEXT], token[TOKEN_TEXT]; struct session session; int64_t tenant; };
struct bench {
    struct bed bed;
    struct people *people;
    int64_t accounts, tenants, calls, sessions;
    int64_t *tenant;                          /* numbers of those that were made */
    _Atomic int64_t next; int64_t until;      /* what is being made */
    struct sample sample[SAMPLE_MAX];
};
struct cost { double session, token, session_cold, token_cold; };      /* microseconds of processor time: median of the batches */

static void die(const char *what, const struct err *e) {
    fprintf(stderr, "bench_access: %s: %s (%s)\n", what, e->text, e->hidden);
    exit(1);
}

/* ---- filling */
static void *make_tenants(void *arg) {
    struct bench *b = arg;
    struct err e;
    char name[64];
    for (int64_t i; (i = b->next++) < b->until;) {
        snprintf(name, sizeof name, "tenant %lld", (long long)i);
        if (tenant_make(b->bed.store, charter_name(b->bed.charter), name, false, &b->tenant[i], &e) != OK)
            die("tenant", &e);
    }
    return NULL;
}

/* Door staff; the link is not taken, but all stands in the store. */
static void *make_accounts(void *arg) {
    struct bench *b = arg;
    struct err e;
    char email[64], link[TOKEN_TEXT];
    struct uuid account;
    for (int64_t i; (i = b->next++) < b->until;) {
        const struct member_wish w = { .tenant = b->tenant[i % b->tenants], .role = "door" };
        snprintf(email, sizeof email, "person.%lld@people.example", (long long)i);
        if (member_invite(b->people, &w, email, "Bench", LANG_EN, "sejf", link, &account, &e) != OK)
            die("account", &e);
    }
    return NULL;
}

static void make(struct bench *b, void *(*fn)(void *), int64_t from, int64_t until) {
    pthread_t list[MAKERS];
    b->next = from;
    b->until = until;
    for (size_t i = 0; i < MAKERS; i++)
        if (pthread_create(&list[i], NULL, fn, b) != 0)
            exit(1);
    for (size_t i = 0; i < MAKERS; i++)
        (void)pthread_join(list[i], NULL);
}

/* Somebody who has come in, with a token of their own. */
static void come_in(struct bench *b, int64_t n) {
    struct sample *s = &b->sample[n];
    struct err e;
    struct uuid account;
    char email[64], link[TOKEN_TEXT];
    int64_t number;
    const struct visitor v = { .address = "192.0.2.7", .agent = "bench" };
    s->tenant = b->tenant[n % FEW_TENANTS];
    snprintf(email, sizeof email, "sample.%lld@people.example", (long long)n);
    const struct member_wish w = { .tenant = s->tenant, .role = "door" };
    if (member_invite(b->people, &w, email, "Bench", LANG_EN, "sejf", link, &account, &e) != OK ||
        link_accept(b->people, &v, link, NULL, "eleven quiet lanterns 4711", LANG_EN, s->secret, &s->session, &e) != OK)
        die("come in", &e);
    const struct own_token t = { .tenant = s->tenant, .name = "bench", .expires = USEC_NEVER };
    if (own_token_make(b->people, &s->session, &t, s->token, &number, &e) != OK)
        die("token", &e);
}

/* ---- asking */
static void ask(struct bench *b, int64_t i, bool token, bool cold) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    const struct sample *s = &b->sample[i % b->sessions];
    struct caller who;
    struct err e;
    if (cold)
        access_forget();
    enum code code = token ? access_caller(b->bed.service, s->token, &(struct caller_place){ .address = "192.0.2.7" }, &who, arena, &e) : session_caller(b->people, b->bed.service, s->secret, 0, false, &who, arena, &e);
    if (code != OK || who.tenant != s->tenant)
        die(token ? "token" : "session", &e);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Processor time of this thread, microseconds: what others do on the machine is not in it. */
static double cpu_now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double measure(struct bench *b, bool token, bool cold) {
    double took[BATCHES];
    int64_t each = b->calls / (cold ? 16 : 1) / BATCHES + 1;
    for (int64_t i = 0; i < b->sessions; i++)
        ask(b, i, token, false);
    for (size_t k = 0; k < BATCHES; k++) {
        double start = cpu_now();
        for (int64_t i = 0; i < each; i++)
            ask(b, i, token, cold);
        took[k] = (cpu_now() - start) / (double)each;
    }
    qsort(took, BATCHES, sizeof *took, by_size);
    return took[BATCHES / 2];
}

static struct cost measure_all(struct bench *b) {
    return (struct cost){ measure(b, false, false), measure(b, true, false), measure(b, false, true), measure(b, true, true) };
}

/* From the revocation's return until a session that is remembered is refused; the longest. */
static usec_t revoke_all(struct bench *b) {
    usec_t longest = 0;
    for (int64_t i = 0; i < b->sessions; i++) {
        AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
        const struct sample *s = &b->sample[i];
        struct caller who;
        struct err e;
        ask(b, i, false, false);
        if (session_revoke(b->people, &s->session.account, s->session.number, &e) != OK)
            die("revoke", &e);
        usec_t start = clock_steady();
        while (session_caller(b->people, b->bed.service, s->secret, 0, false, &who, arena, &e) == OK)
            ;
        usec_t took = clock_steady() - start;
        longest = took > longest ? took : longest;
    }
    return longest;
}

static void print_cost(const char *name, int64_t accounts, int64_t tenants, const struct cost *c) {
    printf("\"%s\":{\"accounts\":%lld,\"tenants\":%lld,\"session\":%.3f,\"token\":%.3f,\"session_cold\":%.3f,\"token_cold\":%.3f}", name, (long long)accounts, (long long)tenants,
           c->session, c->token, c->session_cold, c->token_cold);
}

static bool read_options(int argc, char **argv, struct bench *b) {
    bool fine = true;
    *b = (struct bench){ .accounts = 100000, .tenants = 10000, .calls = 400000, .sessions = 32 };
    for (int c; (c = getopt(argc, argv, "a:T:n:s:")) >= 0;)
        fine &= c == 'a' ? text_int(optarg, FEW_ACCOUNTS, 10000000, &b->accounts) : c == 'T' ? text_int(optarg, FEW_TENANTS, 1000000, &b->tenants)
              : c == 'n' ? text_int(optarg, 1, 1000000000, &b->calls) : c == 's' ? text_int(optarg, 1, SAMPLE_MAX, &b->sessions) : false;
    return fine && optind == argc;
}

int main(int argc, char **argv) {
    static struct bench b;
    if (!read_options(argc, argv, &b)) {
        fprintf(stderr, "bench_access [-a ACCOUNTS] [-T TENANTS] [-n CALLS] [-s SESSIONS]\n");
        return 2;
    }
    bed_start(&b.bed, events_charter);
    b.tenant = calloc((size_t)b.tenants, sizeof *b.tenant);
    const struct people_options o = { .store = b.bed.store, .keeper = b.bed.keeper, .services = &b.bed.service, .service_count = 1, .base_url = "https://localhost:8443" };
    if (b.tenant == NULL || people_open(&o, &b.people, &b.bed.e) != OK)
        die("people", &b.bed.e);
    make(&b, make_tenants, 0, FEW_TENANTS);
    int64_t all = b.tenants;
    b.tenants = FEW_TENANTS;
    make(&b, make_accounts, 0, FEW_ACCOUNTS);
    for (int64_t i = 0; i < b.sessions; i++)
        come_in(&b, i);
    struct cost few = measure_all(&b);
    b.tenants = all;
    make(&b, make_tenants, FEW_TENANTS, all);
    make(&b, make_accounts, FEW_ACCOUNTS, b.accounts);
    struct cost many = measure_all(&b);
    usec_t revoked = revoke_all(&b);
    printf("{");
    print_cost("few", FEW_ACCOUNTS, FEW_TENANTS, &few);
    printf(",");
    print_cost("many", b.accounts, b.tenants, &many);
    printf(",\"revoked\":%lld}\n", (long long)revoked);
    b.people = people_close(b.people);
    free(b.tenant);
    bed_end(&b.bed);
    return 0;
}
