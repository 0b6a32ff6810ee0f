/* retention.c — what a night costs in which much is due: N registrations of an event that ended long ago are erased by the walk along due dates
 * while others write as fast as they can, and made final by a renewal. The walk goes in slices, as the server's job does, and after each the writers have as
 * long for themselves, so that what else the machine does burdens both alike. Prints one line of JSON: seconds of the walk (the pauses of its slices
 * left out), of processor and of the renewal, writes a second alone and beside the walk, and the walk over as many records that are not due.
 *   bench_retention [-n RECORDS] [-w WRITERS] [-s SECONDS of a slice] */
#define TEST_NO_MAIN
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

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

/* Megabytes that this process has given to the disk. */
static double disk(void) {
    static const char name[] = "\nwrite_bytes: ";
    char text[1024];
    int64_t n = 0;
    int fd = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[got > 0 ? got : 0] = 0;
    char *at = strstr(text, name), *end = at == NULL ? NULL : strchr(at + sizeof name - 1, '\n');
    if (end == NULL)
        return 0;
    *end = 0;
    return text_int(at + sizeof name - 1, 0, INT64_MAX, &n) ? (double)n / 1e6 : 0;
}

static double seconds(usec_t from) { return (double)(clock_steady() - from) / 1e6; }

/* One slice; whether there is more. */
static bool slice(struct bench *b, usec_t now, usec_t until, int64_t *gone) {
    struct retired got = { 0 };
    struct err e;
    bool more = false;
    if (sweep_tenant(b->bed.service, b->bed.tenant, &(struct sweep_terms){ .now = now, .until = until, .every = true }, &got, &more, &e) != OK)
        die("the walk", &e);
    if (got.failed > 0)
        die("the walk", &got.why);
    *gone += got.records;
    return more;
}

static double rest(const struct bench *b) {
    usec_t from = clock_steady();
    struct timespec span = { .tv_sec = b->seconds };
    nanosleep(&span, NULL);
    return seconds(from);
}

struct times { double walk, worked, alone, disk; int64_t beside_writes, alone_writes; };
static void slices(struct bench *b, struct times *t) {
    const usec_t now = clock_now();
    int64_t gone = 0;
    for (bool more = true; more;) {
        int64_t at = b->written;
        if (b->writers > 0)
            t->alone += rest(b);
        t->alone_writes += b->written - at;
        at = b->written;
        const usec_t from = clock_steady();
        const double before = cpu(), stood = disk();
        more = slice(b, now, b->writers > 0 ? from + b->seconds * USEC_PER_SEC : USEC_NEVER, &gone);
        t->worked += cpu() - before;
        t->disk += disk() - stood;
        t->walk += seconds(from);
        t->beside_writes += b->written - at;
    }
    if (gone != b->records)
        die("the walk erased another number of records", &(struct err){ .text = "not those that were due" });
}

static void measure(struct bench *b) {
    pthread_t writer[WRITERS_MAX];
    struct renewal r;
    struct err e;
    struct times t = { 0 };
    int64_t none = 0;
    usec_t from = clock_steady();
    (void)slice(b, clock_now() - 100 * 366 * USEC_PER_DAY, USEC_NEVER, &none);
    const double idle = seconds(from);
    for (int64_t i = 0; i < b->writers; i++)
        if (pthread_create(&writer[i], NULL, write_on, b) != 0)
            die("a thread", &(struct err){ .text = "none" });
    slices(b, &t);
    from = clock_steady();
    if (keeper_renew(b->bed.keeper, &r, &e) != OK)
        die("the renewal", &e);
    const double renewal = seconds(from);
    b->stop = true;
    for (int64_t i = 0; i < b->writers; i++)
        pthread_join(writer[i], NULL);
    const double alone = t.alone > 0 ? (double)t.alone_writes / t.alone : 0, beside = t.walk > 0 ? (double)t.beside_writes / t.walk : 0;
    printf("{\"records\": %lld, \"walk\": %.2f, \"worked\": %.2f, \"disk_mb\": %.0f, \"renewal\": %.2f, \"alone\": %.0f, \"beside\": %.0f, \"share\": %.2f, \"nothing_due\": %.4f}\n",
           (long long)b->records, t.walk, t.worked, t.disk, renewal, alone, beside, alone > 0 ? beside / alone : 0, idle);
}

int main(int argc, char **argv) {
    static struct bench b = { .records = 100000, .writers = 8, .seconds = 1 };
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
