/* retention.c — what a night costs in which much is due: N registrations of an event that ended long ago are erased by the walk along due dates
 * while others write as fast as they can, and made final by a renewal. Prints one line of JSON: writes a second alone and beside the walk,
 * seconds of walk and renewal, and the walk over as many records that are not due.
 *   bench_retention [-n RECORDS] [-w WRITERS] [-s SECONDS alone] */
#define TEST_NO_MAIN
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/text.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "retention/sweep.h"

#define WRITERS_MAX 64
struct bench { struct bed bed; struct uuid past, ahead; int64_t records, writers, seconds; _Atomic int64_t written, serial; _Atomic bool stop; };

static void die(const char *what, const struct err *e) {
    fprintf(stderr, "bench_retention: %s: %s (%s)\n", what, e->text, e->hidden);
    exit(1);
}

static struct uuid event_make(struct bench *b, const char *ends) {
    struct caller boss = bed_role(&b->bed, b->bed.tenant, "organiser");
    json_t *got = NULL;
    if (bed_make(&b->bed, &boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2000-01-01T00:00:00Z", "ends", ends), &got) != OK)
        die("an event", &b->bed.e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

/* Lines of CSV, as an import reads them. */
struct lines { const struct uuid *event; int64_t next, until; struct buf left; size_t at; bool headed; };
static ssize_t lines_read(void *arg, void *ret, size_t room) {
    struct lines *l = arg;
    char id[UUID_TEXT];
    if (l->at == l->left.len) {
        buf_cut(&l->left, 0);
        l->at = 0;
        if (!l->headed)
            buf_text(&l->left, "event,name,email\n");
        l->headed = true;
        for (int i = 0; i < 1000 && l->next < l->until; i++, l->next++)
            buf_printf(&l->left, "%s,Ewa %lld,a%lld@people.example\n", uuid_format(l->event, id), (long long)l->next, (long long)l->next);
    }
    size_t n = l->left.len - l->at < room ? l->left.len - l->at : room;
    memcpy(ret, l->left.data + l->at, n);
    l->at += n;
    return (ssize_t)n;
}
static bool lines_told(void *arg UNUSED, const void *bytes UNUSED, size_t len UNUSED) { return true; }

static void fill(struct bench *b, const struct uuid *event) {
    struct caller boss = bed_role(&b->bed, b->bed.tenant, "organiser");
    struct lines l = { .event = event, .until = b->records, .left = BUF(1u << 20) };
    const struct source in = { lines_read, &l };
    const struct sink out = { lines_told, NULL };
    struct err e;
    if (records_import(b->bed.service, &boss, charter_kind(b->bed.charter, "registration"), FORMAT_CSV, NULL, &in, &out, &e) != OK)
        die("an import", &e);
    buf_done(&l.left);
}

static void *write_on(void *arg) {
    struct bench *b = arg;
    struct caller boss = bed_role(&b->bed, b->bed.tenant, "organiser");
    char id[UUID_TEXT], email[64];
    uuid_format(&b->ahead, id);
    while (!b->stop) {
        json_t *reply = NULL, *mistakes = NULL;
        struct err e;
        snprintf(email, sizeof email, "w%lld@people.example", (long long)b->serial++);
        json_t *in = json_pack("{s:s,s:s,s:s}", "event", id, "name", "Ewa", "email", email);
        struct record_request r = { .who = &boss, .kind = charter_kind(b->bed.charter, "registration"), .input = in, .if_match = -1 };
        if (record_create(b->bed.service, &r, &reply, &mistakes, &e) != OK)
            die("a registration", &e);
        json_decref(reply);
        json_decref(in);
        b->written++;
    }
    return NULL;
}

static double cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(usec_t from) { return (double)(clock_steady() - from) / 1e6; }

static double sweep(struct bench *b, usec_t now, int64_t want) {
    struct retired got = { 0 };
    struct err e;
    bool more = false;
    usec_t from = clock_steady();
    if (sweep_tenant(b->bed.service, b->bed.tenant, &(struct sweep_terms){ .now = now, .until = USEC_NEVER, .every = true }, &got, &more, &e) != OK)
        die("the walk", &e);
    if (got.records != want || got.failed > 0)
        die("the walk erased another number of records", &got.why);
    return seconds(from);
}

static void measure(struct bench *b) {
    pthread_t writer[WRITERS_MAX];
    struct renewal r;
    struct err e;
    double idle = sweep(b, clock_now() - 100 * 366 * USEC_PER_DAY, 0);
    for (int64_t i = 0; i < b->writers; i++)
        if (pthread_create(&writer[i], NULL, write_on, b) != 0)
            die("a thread", &(struct err){ .text = "none" });
    usec_t from = clock_steady();
    int64_t at = b->written;
    struct timespec rest = { .tv_sec = b->seconds };
    nanosleep(&rest, NULL);
    double alone = (double)(b->written - at) / seconds(from);
    at = b->written;
    double before = cpu(), walk = sweep(b, clock_now(), b->records), worked = cpu() - before, beside = (double)(b->written - at) / walk;
    from = clock_steady();
    if (keeper_renew(b->bed.keeper, &r, &e) != OK)
        die("the renewal", &e);
    double renewal = seconds(from);
    b->stop = true;
    for (int64_t i = 0; i < b->writers; i++)
        pthread_join(writer[i], NULL);
    printf("{\"records\": %lld, \"walk\": %.2f, \"worked\": %.2f, \"renewal\": %.2f, \"alone\": %.0f, \"beside\": %.0f, \"share\": %.2f, \"nothing_due\": %.4f}\n", (long long)b->records, walk, worked, renewal, alone, beside,
           alone > 0 ? beside / alone : 0, idle);
}

int main(int argc, char **argv) {
    static struct bench b = { .records = 100000, .writers = 8, .seconds = 5 };
    int64_t *to[] = { ['n'] = &b.records, ['w'] = &b.writers, ['s'] = &b.seconds };
    for (int c; (c = getopt(argc, argv, "n:w:s:")) != -1;)
        if (c == '?' || !text_int(optarg, 0, c == 'w' ? WRITERS_MAX : INT64_MAX / 2, to[c]))
            return 2;
    bed_start(&b.bed, events_charter);
    b.past = event_make(&b, "2000-01-01T01:00:00Z");
    b.ahead = event_make(&b, "2097-01-01T01:00:00Z");
    fill(&b, &b.past);
    measure(&b);
    bed_end(&b.bed);
    return 0;
}
