/* store.c — how many durable creates a second the store takes: a record (row, part, 2 tokens, 1 sorted value) and its ledger
 * entry in each write, by many threads at once. Prints writes/s, writes a group, slow replies, memory.
 *   bench_store [-w WRITERS] [-n RECORDS] [-t TENANTS] [-d DIRECTORY] [-r READERS that find by token meanwhile] */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "store/rows.h"

#define PART_BYTES 300

struct bench {
    struct store *store;
    int64_t writers, records, tenants, readers;
    _Atomic int64_t next, finds;
    _Atomic bool over;
    uint32_t *took;                           /* microseconds of each write */
};

struct one { int64_t n; struct uuid id, parent; uint8_t bytes[PART_BYTES]; struct token tokens[2]; json_t *what; };

static enum code create(struct txn *t, void *arg, struct err *reterr) {
    struct one *o = arg;
    struct row r = { .kind = 1, .id = o->id, .version = 1, .created = txn_now(t), .updated = txn_now(t),
                     .due = txn_now(t) + 180 * USEC_PER_DAY, .parent = o->parent, .clear = "{\"status\":\"accepted\"}", .number = "000001" };
    struct part_row p = { .part = 1, .key = (uint64_t)o->n, .due = r.due, .blob = o->bytes, .len = sizeof o->bytes };
    struct sorted_value sorted = { .field = 1, .number = o->n };
    enum code code = txn_change(t, &r.change, reterr);
    if (code == OK)
        code = row_put(t, &r, reterr);
    if (code == OK)
        code = part_put(t, 1, &r.id, &p, reterr);
    if (code == OK)
        code = index_put(t, 1, &r.id, 1, o->tokens, 2, &sorted, 1, reterr);
    return code == OK ? ledger_append(t, "record_made", "token 1", o->what, reterr) : code;
}

static void tokens_of(int64_t n, struct token *ret) {
    uint8_t hash[HASH_SIZE];
    hash_sha256(&n, sizeof n, hash);
    memcpy(ret[0].bytes, hash, TOKEN_SIZE);
    memcpy(ret[1].bytes, hash + TOKEN_SIZE, TOKEN_SIZE);
}

static void *writer(void *arg) {
    struct bench *b = arg;
    struct err e;
    struct one o = { .n = 0 };
    crypto_random(o.bytes, sizeof o.bytes);
    o.parent.bytes[0] = 1;
    while ((o.n = b->next++) < b->records) {
        char id[UUID_TEXT];
        usec_t start = clock_steady();
        o.id = uuid_new();
        tokens_of(o.n, o.tokens);
        o.what = json_pack("{s:s,s:s}", "kind", "registration", "id", uuid_format(&o.id, id));
        if (store_write(b->store, 1 + o.n % b->tenants, create, &o, &e) != OK) {
            fprintf(stderr, "write %lld: %s (%s)\n", (long long)o.n, e.text, e.hidden);
            exit(1);
        }
        json_decref(o.what);
        b->took[o.n] = (uint32_t)(clock_steady() - start);
    }
    return NULL;
}

static bool see(const struct uuid *id, void *arg) { *(struct uuid *)arg = *id; return false; }
static bool see_part(const struct part_row *p, void *arg) { *(size_t *)arg += p->len; return true; }

/* One find as the API does it: token, row, parts. */
static enum code find(struct view *v, const struct token *token, struct err *reterr) {
    struct uuid id = { { 0 } };
    struct row row;
    size_t bytes = 0;
    enum code code = index_find(view_sql(v), 1, token, NULL, see, &id, reterr);
    if (code == OK && uuid_is_null(&id))
        return OK;                            /* its writer has been slow */
    if (code == OK)
        code = row_get(view_sql(v), 1, &id, &row, reterr);
    return code == OK ? parts_get(view_sql(v), 1, &id, see_part, &bytes, reterr) : code;
}

/* Random records of those that are there. */
static void *reader(void *arg) {
    struct bench *b = arg;
    struct err e;
    struct token tokens[2];
    uint64_t x = (uint64_t)(uintptr_t)&e;
    while (!b->over) {
        int64_t have = (b->next < b->records ? b->next : b->records) - b->writers;
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
        if (have <= 0)
            continue;
        struct view *v = NULL;
        int64_t n = (int64_t)((x >> 20) % (uint64_t)have);
        tokens_of(n, tokens);
        if (store_view(b->store, 1 + n % b->tenants, &v, &e) != OK || find(v, tokens, &e) != OK) {
            fprintf(stderr, "find %lld: %s (%s)\n", (long long)n, e.text, e.hidden);
            exit(1);
        }
        v = view_end(v);
        b->finds++;
    }
    return NULL;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void report(struct bench *b, usec_t took) {
    struct rusage use;
    struct store_status status;
    double seconds = (double)took / 1e6;
    store_status(b->store, &status);
    getrusage(RUSAGE_SELF, &use);
    qsort(b->took, (size_t)b->records, sizeof *b->took, by_size);
    printf("%lld creates, %lld writers, %lld tenants: %.0f/s, %.1f in a group; reply p50 %.2f ms, p99 %.2f ms, max %.1f ms; "
           "cpu user %.1f s, system %.1f s of %.1f s; memory %ld MB; finds %.0f/s; index gaps %lld\n",
           (long long)b->records, (long long)b->writers, (long long)b->tenants, (double)b->records / seconds,
           (double)status.writes / (double)status.groups, b->took[b->records / 2] / 1e3, b->took[b->records * 99 / 100] / 1e3,
           b->took[b->records - 1] / 1e3, (double)use.ru_utime.tv_sec + (double)use.ru_utime.tv_usec / 1e6,
           (double)use.ru_stime.tv_sec + (double)use.ru_stime.tv_usec / 1e6, seconds, use.ru_maxrss / 1024, (double)b->finds / seconds,
           (long long)status.index_gaps);
}

static void run(struct bench *b) {
    pthread_t *threads = mem_new_array((size_t)(b->writers + b->readers), sizeof *threads);
    usec_t start = clock_steady();
    for (int64_t i = 0; i < b->writers + b->readers; i++)
        if (pthread_create(&threads[i], NULL, i < b->writers ? writer : reader, b) != 0)
            exit(1);
    for (int64_t i = 0; i < b->writers; i++)
        (void)pthread_join(threads[i], NULL);
    usec_t took = clock_steady() - start;
    int64_t finds = b->finds;
    report(b, took);
    if (b->readers > 0) {
        start = clock_steady();
        while (clock_steady() - start < 2 * USEC_PER_SEC)
            usleep(50000);
        printf("alone: finds %.0f/s\n", (double)(b->finds - finds) / 2);
    }
    b->over = true;
    for (int64_t i = b->writers; i < b->writers + b->readers; i++)
        (void)pthread_join(threads[i], NULL);
    (void)mem_free(threads);
}

int main(int argc, char **argv) {
    struct bench b = { .writers = 64, .records = 100000, .tenants = 1, .readers = 0 };
    char place[] = "bench-XXXXXX";
    const char *directory = NULL;
    struct err e;
    for (int c; (c = getopt(argc, argv, "w:n:t:r:d:")) != -1; ) {
        int64_t *to = c == 'w' ? &b.writers : c == 'n' ? &b.records : c == 't' ? &b.tenants : c == 'r' ? &b.readers : NULL;
        if (c == 'd')
            directory = optarg;
        else if (to == NULL || !text_int(optarg, c == 'r' ? 0 : 1, 100000000, to))
            return 2;
    }
    if (directory == NULL)
        directory = mkdtemp(place);
    b.took = mem_new_array((size_t)b.records, sizeof *b.took);
    if (directory == NULL || b.took == NULL || crypto_init(&e) != OK ||
        store_open(&(struct store_options){ .directory = directory, .readers = (size_t)b.readers + 2, .queue = 65536 }, &b.store, &e) != OK) {
        fprintf(stderr, "the store cannot be opened\n");
        return 1;
    }
    run(&b);
    usec_t start = clock_steady();
    b.store = store_close(b.store);
    printf("closed in %.1f ms\n", (double)(clock_steady() - start) / 1e3);
    (void)mem_free(b.took);
    return 0;
}
