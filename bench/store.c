/* store.c — the ceiling of the server: the statements of one create, get, find and list without HTTP, keys and JSON, by as many
 * threads as may wait. With -m sealed the same statements with what they hold sealed and found by token, so that the two runs
 * side by side tell what sealing costs. Values lie in random order in both. Prints one line of JSON.
 *   bench_store [-m plain|sealed] [-n RECORDS] [-t SECONDS] [-w WRITERS] [-r READERS] [-T TENANTS] [-d DIRECTORY] */
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
#include "mix.h"
#include "store/rows.h"

#define VALUE 300u                            /* bytes of a record as JSON */
#define AD 48u                                /* bytes that a seal is bound to */
#define RECORDS_MAX 20000000
#define PAGE 50u
#define THREADS_MAX 512

enum work { WORK_CREATE, WORK_GET, WORK_FIND, WORK_LIST };

struct bench {
    struct store *store;
    bool sealed;
    int64_t writers, readers, fill, seconds, tenants;
    struct key find, index;
    struct uuid *ids;                         /* of what is there; room for RECORDS_MAX, touched as it grows */
    uint32_t *took;                           /* microseconds of each reply of the work under way */
    enum work work;
    int64_t until_count;                      /* creates end here */
    usec_t until;                             /* others, and timed creates, end then */
    _Atomic int64_t next, done;
};

struct one { const struct bench *b; int64_t n; struct uuid id; struct token token; struct buf bytes; json_t *what; };

static void die(const char *what, int64_t n, const struct err *e) {
    fprintf(stderr, "%s %lld: %s (%s)\n", what, (long long)n, e->text, e->hidden);
    exit(1);
}

/* ---- values */
static void value_of(int64_t n, char ret[VALUE]) {
    uint64_t x = mix((uint64_t)n);
    memset(ret, 'x', VALUE);
    memcpy(ret, &x, sizeof x);
}

static void token_of(const struct bench *b, int64_t n, struct token *ret) {
    uint64_t x[8] = { mix((uint64_t)n), mix((uint64_t)n + 1) };
    if (!b->sealed || !token_make(&b->find, &b->index, x, sizeof x, ret))
        memcpy(ret->bytes, x, TOKEN_SIZE);
}

/* A key of its own for each record, without a keeper: made anew where it is needed. */
static void key_of(int64_t n, struct key *ret) {
    uint64_t x = mix((uint64_t)n);
    for (size_t i = 0; i < KEY_SIZE; i += sizeof x, x = mix(x))
        memcpy(ret->bytes + i, &x, sizeof x);
}

static void bytes_of(struct one *o) {
    char value[VALUE], ad[AD] = "contacts";
    struct key key;
    struct err e;
    value_of(o->n, value);
    buf_cut(&o->bytes, 0);
    if (!o->b->sealed) {
        buf_add(&o->bytes, value, VALUE);
        return;
    }
    key_of(o->n, &key);
    if (seal(&key, ad, AD, value, VALUE, &o->bytes, &e) != OK)
        die("seal", o->n, &e);
}

static bool bytes_fine(const struct bench *b, int64_t n, const void *bytes, size_t len, struct buf *room) {
    char value[VALUE], ad[AD] = "contacts";
    struct key key;
    struct err e;
    value_of(n, value);
    if (!b->sealed)
        return len == VALUE && memcmp(bytes, value, VALUE) == 0;
    key_of(n, &key);
    buf_cut(room, 0);
    return seal_open(&key, ad, AD, bytes, len, room, &e) == OK && room->len == VALUE && memcmp(room->data, value, VALUE) == 0;
}

/* ---- statements */
static enum code create(struct txn *t, void *arg, struct err *reterr) {
    struct one *o = arg;
    struct row r = { .kind = 1, .id = o->id, .version = 1, .created = txn_now(t), .updated = txn_now(t), .due = txn_now(t) + 365 * USEC_PER_DAY, .clear = "{}" };
    struct part_row p = { .part = 1, .key = (uint64_t)o->n, .due = r.due, .blob = o->bytes.data, .len = o->bytes.len };
    enum code code = txn_change(t, &r.change, reterr);
    if (code == OK)
        code = row_put(t, &r, reterr);
    if (code == OK)
        code = part_put(t, 1, &r.id, &p, reterr);
    if (code == OK)
        code = index_put(t, 1, &r.id, 1, &o->token, 1, NULL, 0, reterr);
    return code == OK ? ledger_append(t, "record_made", "token 1", o->what, reterr) : code;
}

static int64_t tenant_of(const struct bench *b, int64_t n) { return 1 + n % b->tenants; }

static void do_create(struct bench *b, struct one *o) {
    char id[UUID_TEXT];
    struct err e;
    o->id = uuid_new();
    token_of(b, o->n, &o->token);
    bytes_of(o);
    o->what = json_pack("{s:s,s:s}", "kind", "contact", "id", uuid_format(&o->id, id));
    if (store_write(b->store, tenant_of(b, o->n), create, o, &e) != OK)
        die("write", o->n, &e);
    json_decref(o->what);
    b->ids[o->n] = o->id;
}

struct seen { const struct bench *b; int64_t n; struct buf *room; size_t parts; };
static bool see_part(const struct part_row *p, void *arg) {
    struct seen *s = arg;
    s->parts++;
    if (!bytes_fine(s->b, (int64_t)p->key, p->blob, p->len, s->room)) {
        fprintf(stderr, "record %llu is not what was written\n", (unsigned long long)p->key);
        exit(1);
    }
    return true;
}

struct page { struct uuid ids[PAGE]; size_t count; };
static bool see_row(const struct row *r, void *arg) {
    struct page *p = arg;
    p->ids[p->count++] = r->id;
    return p->count < PAGE;
}

static bool see_id(const struct uuid *id, void *arg) { *(struct uuid *)arg = *id; return false; }

static enum code read_one(struct view *v, const struct uuid *id, struct seen *s, struct err *reterr) {
    struct row row;
    enum code code = row_get(view_sql(v), 1, id, &row, reterr);
    return code == OK ? parts_get(view_sql(v), 1, id, see_part, s, reterr) : code;
}

static enum code do_list(struct view *v, const struct uuid *after, struct seen *s, struct err *reterr) {
    struct page page = { .count = 0 };
    struct row_range range = { .kind = 1, .after = *after, .descending = true };
    enum code code = rows_list(view_sql(v), &range, see_row, &page, reterr);
    for (size_t i = 0; code == OK && i < page.count; i++)
        code = parts_get(view_sql(v), 1, &page.ids[i], see_part, s, reterr);
    return code;
}

static void do_read(struct bench *b, int64_t n, struct buf *room) {
    AUTO(view_end) struct view *v = NULL;
    struct seen s = { b, n, room, 0 };
    struct uuid id = b->ids[n];
    struct token token;
    struct err e;
    enum code code = store_view(b->store, tenant_of(b, n), &v, &e);
    if (code == OK && b->work == WORK_FIND) {
        token_of(b, n, &token);
        code = index_find(view_sql(v), 1, &token, NULL, see_id, &id, &e);
    }
    if (code == OK)
        code = b->work == WORK_LIST ? do_list(v, &id, &s, &e) : read_one(v, &id, &s, &e);
    if (code != OK)
        die("read", n, &e);
    if (s.parts == 0 && b->work != WORK_LIST) {
        fprintf(stderr, "record %lld has no part\n", (long long)n);
        exit(1);
    }
}

/* ---- threads */
static void *worker(void *arg) {
    struct bench *b = arg;
    struct one o = { .b = b, .bytes = BUF(65536) };
    struct buf room = BUF(65536);
    uint64_t x = mix((uint64_t)(uintptr_t)&o);
    int64_t have = b->next;
    for (;;) {
        usec_t start = clock_steady();
        if (start >= b->until)
            break;
        if (b->work == WORK_CREATE) {
            o.n = b->next++;
            if (o.n >= b->until_count)
                break;
            do_create(b, &o);
        } else {
            x = mix(x);
            do_read(b, (int64_t)(x % (uint64_t)have), &room);
        }
        int64_t at = b->done++;
        if (at < RECORDS_MAX)
            b->took[at] = (uint32_t)(clock_steady() - start);
    }
    buf_done(&o.bytes);
    buf_done(&room);
    return NULL;
}

static double run(struct bench *b, enum work work, int64_t threads) {
    pthread_t list[THREADS_MAX];
    usec_t start = clock_steady();
    b->work = work;
    b->done = 0;
    for (int64_t i = 0; i < threads; i++)
        if (pthread_create(&list[i], NULL, worker, b) != 0)
            exit(1);
    for (int64_t i = 0; i < threads; i++)
        (void)pthread_join(list[i], NULL);
    double seconds = (double)(clock_steady() - start) / 1e6;
    if (work == WORK_CREATE && b->next > b->until_count)
        b->next = b->until_count;
    return seconds;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double cpu_now(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void measure(struct bench *b, enum work work, const char *name) {
    double before = cpu_now();
    b->until = clock_steady() + b->seconds * USEC_PER_SEC;
    b->until_count = RECORDS_MAX;
    double seconds = run(b, work, work == WORK_CREATE ? b->writers : b->readers);
    int64_t n = b->done < RECORDS_MAX ? b->done : RECORDS_MAX;
    if (n == 0)
        return;
    qsort(b->took, (size_t)n, sizeof *b->took, by_size);
    printf(",\"%s\":{\"rate\":%.1f,\"p50\":%.3f,\"p99\":%.3f,\"cpu\":%.1f}", name, (double)b->done / seconds, b->took[n / 2] / 1e3,
           b->took[(n - 1) * 99 / 100] / 1e3, (cpu_now() - before) * 1e6 / (double)b->done);
}

static void run_all(struct bench *b) {
    struct rusage use;
    struct store_status status;
    b->until = INT64_MAX;
    b->until_count = b->fill;
    (void)run(b, WORK_CREATE, b->writers);
    printf("{\"sealed\":%s", b->sealed ? "true" : "false");
    measure(b, WORK_CREATE, "create");
    measure(b, WORK_GET, "get");
    measure(b, WORK_FIND, "find");
    measure(b, WORK_LIST, "list");
    getrusage(RUSAGE_SELF, &use);
    store_status(b->store, &status);
    printf(",\"records\":%lld,\"group\":%.1f,\"memory\":%.1f}\n", (long long)b->next, (double)status.writes / (double)status.groups, (double)use.ru_maxrss / 1024);
}

static bool options(int argc, char **argv, struct bench *b, const char **ret_directory) {
    const struct { char letter; int64_t most, *to; } numbers[] = { { 'n', RECORDS_MAX / 2, &b->fill }, { 't', 600, &b->seconds }, { 'w', THREADS_MAX, &b->writers },
                                                                  { 'r', THREADS_MAX, &b->readers }, { 'T', 1000000, &b->tenants } };
    for (int c; (c = getopt(argc, argv, "m:n:t:w:r:T:d:")) != -1;) {
        bool fine = c == 'd' || (c == 'm' && (strcmp(optarg, "plain") == 0 || strcmp(optarg, "sealed") == 0));
        if (c == 'd')
            *ret_directory = optarg;
        if (c == 'm')
            b->sealed = strcmp(optarg, "sealed") == 0;
        for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
            if (numbers[i].letter == c)
                fine = text_int(optarg, 1, numbers[i].most, numbers[i].to);
        if (!fine)
            return false;
    }
    return true;
}

int main(int argc, char **argv) {
    static struct bench b = { .writers = 64, .readers = 4, .fill = 10000, .seconds = 3, .tenants = 1 };
    char place[] = "bench-XXXXXX";
    const char *directory = NULL;
    struct err e;
    if (!options(argc, argv, &b, &directory)) {
        fprintf(stderr, "bench_store: see the head of bench/store.c for its options\n");
        return 2;
    }
    if (directory == NULL)
        directory = mkdtemp(place);
    b.took = mem_new_array(RECORDS_MAX, sizeof *b.took);
    b.ids = mem_new_array(RECORDS_MAX, sizeof *b.ids);
    if (directory == NULL || b.took == NULL || b.ids == NULL || crypto_init(&e) != OK ||
        store_open(&(struct store_options){ .directory = directory, .readers = (size_t)b.readers + 2, .queue = 65536 }, &b.store, &e) != OK) {
        fprintf(stderr, "the store cannot be opened\n");
        return 1;
    }
    crypto_random(&b.find, sizeof b.find);
    crypto_random(&b.index, sizeof b.index);
    run_all(&b);
    b.store = store_close(b.store);
    (void)mem_free(b.took);
    (void)mem_free(b.ids);
    return 0;
}
