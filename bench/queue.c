/* queue.c — letters a second through the process mailer to a relay that answers after a while, and through the whole of it (store, keys, postman,
 * mailer): each is a process of its own here, as in the program. The relay is a sink that takes everything, checks that every letter
 * came once, and answers each burst of commands after --delay. Prints one line of JSON.
 *   bench_queue [-n LETTERS] [-d DELAY_MS] [-t THREADS] [-w (the whole)]
 * With -r: so many messages put into the store, and the memory of this process before, with all of them there, and after ten seconds in which they are tried and put off. */
#define TEST_NO_MAIN
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "messages/outbed.h"
#include "messages/postman.h"
#include "sink.h"
#include "sys/files.h"

#define FAR (INT64_C(4102444800) * USEC_PER_SEC)

/* ---- the server */

struct bench { struct mail_line *line; int64_t letters; _Atomic int64_t next, failed; char text[2048]; };

static enum code goes(void *arg, struct err *e) {
    (void)arg;
    (void)e;
    return OK;
}

static void *give(void *arg) {
    struct bench *b = arg;
    while (b->next++ < b->letters) {
        struct mail_letter l = { .id = uuid_new(), .attempt = 1, .to = "anna@people.example", .from = "", .message = b->text, .len = strlen(b->text) };
        struct mail_reply r = { .status = 0 };
        struct err e;
        bool went = false;
        if (mail_send(b->line, &l, goes, b, &went, &r, &e) != OK || r.outcome != MAIL_SENT)
            b->failed++;
    }
    return NULL;
}

static double through_mailer(struct bench *b, int threads) {
    pthread_t t[64];
    usec_t began = clock_steady();
    for (int i = 0; i < threads; i++)
        pthread_create(&t[i], NULL, give, b);
    for (int i = 0; i < threads; i++)
        pthread_join(t[i], NULL);
    return (double)(clock_steady() - began) / 1e6;
}

static enum code way_send(void *arg, const struct mail_letter *letter, mail_go_fn go, void *go_arg, bool *ret_went, struct mail_reply *ret, struct err *e) {
    return mail_send(arg, letter, go, go_arg, ret_went, ret, e);
}
static enum code way_ask(void *arg, const struct uuid *id, uint32_t attempt, struct mail_reply *ret, struct err *e) { return mail_ask(arg, id, attempt, ret, e); }

/* Letters of a duty, sealed each under its own key, from the store to the relay. */
static double through_all(struct bench *b) {
    static struct outbed o;
    struct postman *p = NULL;
    usec_t next;
    out_start(&o);
    for (int64_t i = 0; i < b->letters; i++)
        (void)out_letter(&o, FAR);
    o.d.way = (struct deliver_way){ .send = way_send, .ask = way_ask, .arg = b->line, .from = "service@seats.example", .relay = "127.0.0.1" };
    usec_t began = clock_steady();
    CHECK_OK(postman_start(&o.d, &p, &o.b.e), &o.b.e);
    for (struct postman_status s = { 0 }; s.done < (uint64_t)b->letters && clock_steady() - began < 300 * USEC_PER_SEC; postman_status(p, CHANNEL_EMAIL, &s)) {
        CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
        (void)usleep(20000);
    }
    double took = (double)(clock_steady() - began) / 1e6;
    p = postman_stop(p);
    out_end(&o);
    return took;
}

/* ---- memory */

static int64_t resident(void) {
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    struct err e;
    CHECK_OK(file_read("/proc/self/status", &text, &e), &e);
    const char *at = strstr(buf_str(&text), "VmRSS:");
    int64_t kib = 0;
    for (at = at == NULL ? "" : at + 6; *at == ' ' || *at == '\t'; at++) {}
    for (; *at >= '0' && *at <= '9'; at++)
        kib = kib * 10 + (*at - '0');
    return kib;
}

struct rows { int64_t from, until; };
static enum code rows_write(struct txn *t, void *arg, struct err *e) {
    const struct rows *r = arg;
    enum code code = OK;
    for (int64_t i = r->from; code == OK && i < r->until; i++) {
        const struct letter_row row = { .id = uuid_new(), .cause = "campaign", .about = 1, .made = txn_now(t), .until = FAR, .kind = 7, .record = uuid_new(), .scope = { { 9 } }, .template = 1, .purpose = "running the event" };
        code = letter_put(t, &row, txn_now(t), e);
    }
    return code;
}

static int memory(int64_t count) {
    static struct outbed o;
    struct postman *p = NULL;
    struct postman_status s = { 0 };
    usec_t next, took = 0;
    int64_t looks = 0;
    out_start(&o);
    int64_t before = resident();
    usec_t began = clock_steady();
    for (int64_t i = 0; i < count; i += 10000)
        CHECK_OK(store_write(o.b.store, o.b.tenant, rows_write, &(struct rows){ i, i + 10000 < count ? i + 10000 : count }, &o.b.e), &o.b.e);
    double put = (double)(clock_steady() - began) / 1e6;
    int64_t full = resident();
    CHECK_OK(postman_start(&o.d, &p, &o.b.e), &o.b.e);
    for (began = clock_steady(); clock_steady() - began < 10 * USEC_PER_SEC; looks++) {
        usec_t look = clock_steady();
        CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
        took += clock_steady() - look;
        (void)usleep(100000);
    }
    postman_status(p, CHANNEL_EMAIL, &s);
    printf("{\"rows\": %lld, \"put_seconds\": %.1f, \"kib_empty\": %lld, \"kib_full\": %lld, \"kib_worked\": %lld, \"tried\": %llu, \"look_ms\": %.2f}\n", (long long)count, put, (long long)before, (long long)full, (long long)resident(),
           (unsigned long long)s.tried, (double)took / 1000 / (double)looks);
    p = postman_stop(p);
    out_end(&o);
    return 0;
}

int main(int argc, char **argv) {
    static struct bench b = { .letters = 5000 };
    int64_t delay = 0, threads = 16, rows = 0;
    bool whole = false, fine = true;
    for (int c; (c = getopt(argc, argv, "n:d:t:r:w")) != -1;) {
        fine = fine && (c == 'w' || text_int(optarg, 0, 10000000, c == 'n' ? &b.letters : c == 'd' ? &delay : c == 'r' ? &rows : &threads)) && c != '?';
        whole = whole || c == 'w';
    }
    if (!fine || threads < 1 || threads > 64)
        return fprintf(stderr, "bench_queue [-n LETTERS] [-d DELAY_MS] [-t THREADS] [-w] [-r ROWS]\n"), 2;
    if (rows > 0)
        return memory(rows);
    struct err e;
    struct sink_sum *sum = mmap(NULL, sizeof *sum, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct sunk k;
    if (sum == MAP_FAILED || !sink_start(&k, (usec_t)delay * 1000, sum))
        return perror("bench_queue"), 1;
    memset(b.text, 'x', 1500);
    for (size_t i = 70; i < 1500; i += 72)
        memcpy(b.text + i, "\r\n", 2);
    memcpy(b.text, "Subject: a\r\n\r\n", 14);
    CHECK_OK(mail_line_new(k.line, &b.line, &e), &e);
    double took = whole ? through_all(&b) : through_mailer(&b, (int)threads);
    printf("{\"letters\": %lld, \"delay_ms\": %lld, \"threads\": %lld, \"whole\": %s, \"seconds\": %.3f, \"a_second\": %.0f, \"arrived\": %lld, \"failed\": %lld, \"connections\": %lld}\n", (long long)b.letters, (long long)delay,
           (long long)threads, whole ? "true" : "false", took, (double)b.letters / took, (long long)sum->letters, (long long)b.failed, (long long)sum->connections);
    mail_line_free(b.line);
    sink_stop(&k);
    return sum->letters == b.letters && b.failed == 0 ? 0 : 1;
}
