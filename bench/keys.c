/* keys.c — a night's renewal: a keyring of many parts, some of them erased at random, renewed as the keeper does it.
 * Prints one line of JSON.
 *   bench_keys [-n PARTS] [-e ERASED] [-T TENANTS] -d DIRECTORY */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "base/text.h"
#include "keeper/keyring.h"
#include "mix.h"
#include "sys/files.h"

#define PARTS_MAX 100000000
#define MONTHS 12u                            /* due dates lie in so many months */
#define FIRST_MONTH (2027u * 12u)

struct place { int64_t parts, erased, tenants; const char *directory; char root[4096]; };

static void die(const char *what, const struct err *e) {
    fprintf(stderr, "%s: %s (%s)\n", what, e->text, e->hidden);
    exit(1);
}

/* A bucket's worth at a time, tenants and months in turn. */
static void make_all(struct keyring *k, const struct place *p, key_id *ids, int64_t *tenants) {
    static struct key keys[BUCKET_KEYS];
    struct err e;
    for (int64_t at = 0, turn = 0; at < p->parts; turn++) {
        int64_t left = p->parts - at, n = left < (int64_t)BUCKET_KEYS ? (left + BLOCK_KEYS - 1) / BLOCK_KEYS * BLOCK_KEYS : (int64_t)BUCKET_KEYS;
        tenants[at / BUCKET_KEYS] = 1 + turn % p->tenants;
        if (keyring_make(k, tenants[at / BUCKET_KEYS], FIRST_MONTH + (uint32_t)(turn % MONTHS), (size_t)n, ids + at, keys, &e) != OK ||
            (turn % 64 == 63 && keyring_commit(k, &e) != OK))
            die("make", &e);
        at += n;
    }
    crypto_wipe(keys, sizeof keys);
    if (keyring_commit(k, &e) != OK)
        die("make", &e);
}

static void erase_some(struct keyring *k, const struct place *p, const key_id *ids, const int64_t *tenants) {
    struct err e;
    for (int64_t i = 0; i < p->erased; i++) {
        int64_t n = (int64_t)(mix((uint64_t)i) % (uint64_t)p->parts);
        if (keyring_destroy(k, tenants[n / BUCKET_KEYS], &ids[n], 1, &e) != OK)
            die("erase", &e);
    }
    if (keyring_commit(k, &e) != OK)
        die("erase", &e);
}

static void renew(struct keyring *k, struct renewal *ret, usec_t *ret_longest) {
    struct err e;
    bool done = false;
    keyring_renew_begin(k);
    while (!done) {
        usec_t start = clock_steady();
        if (keyring_renew_step(k, &done, ret, &e) != OK)
            die("renew", &e);
        usec_t took = clock_steady() - start;
        *ret_longest = took > *ret_longest ? took : *ret_longest;
    }
}

/* What was erased stays shut, what was not opens: a sample of both. */
static void check(struct keyring *k, const struct place *p, const key_id *ids, const int64_t *tenants) {
    struct key key;
    struct err e;
    int64_t open = 0;
    bool ok = true;
    for (int64_t i = 0; i < 1000; i++) {
        int64_t gone = (int64_t)(mix((uint64_t)(i % p->erased)) % (uint64_t)p->parts), n = (int64_t)(mix((uint64_t)i ^ 77777) % (uint64_t)p->parts);
        if (keyring_unwrap(k, tenants[gone / BUCKET_KEYS], &ids[gone], 1, &key, &ok, &e) != OK)
            die("open", &e);
        if (ok) {
            fprintf(stderr, "an erased key opens\n");
            exit(1);
        }
        if (keyring_unwrap(k, tenants[n / BUCKET_KEYS], &ids[n], 1, &key, &ok, &e) != OK)
            die("open", &e);
        open += ok;
    }
    crypto_wipe(&key, sizeof key);
    if (open < 900 && p->parts >= 100 * p->erased) {
        fprintf(stderr, "only %lld of 1000 keys open\n", (long long)open);
        exit(1);
    }
}

static bool options(int argc, char **argv, struct place *p) {
    const struct { char letter; int64_t most, *to; } numbers[] = { { 'n', PARTS_MAX, &p->parts }, { 'e', 1000000, &p->erased }, { 'T', 100000, &p->tenants } };
    for (int c; (c = getopt(argc, argv, "n:e:T:d:")) != -1;) {
        bool fine = c == 'd';
        if (fine)
            p->directory = optarg;
        for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
            if (numbers[i].letter == c)
                fine = text_int(optarg, 1, numbers[i].most, numbers[i].to);
        if (!fine)
            return false;
    }
    return p->directory != NULL && (size_t)snprintf(p->root, sizeof p->root, "%s.root", p->directory) < sizeof p->root;
}

int main(int argc, char **argv) {
    struct place p = { .parts = 10000000, .erased = 1000, .tenants = 20 };
    struct keyring *k = NULL;
    struct renewal r = { 0 };
    struct rusage use;
    struct err e;
    usec_t longest = 0;
    if (!options(argc, argv, &p)) {
        fprintf(stderr, "bench_keys: see the head of bench/keys.c for its options\n");
        return 2;
    }
    key_id *ids = mem_new_array((size_t)p.parts + BLOCK_KEYS, sizeof *ids);
    int64_t *tenants = mem_new_array((size_t)p.parts / BUCKET_KEYS + 1, sizeof *tenants);
    const struct keyring_options o = { .directory = p.directory, .root = { .kind = ROOT_FILE, .path = p.root }, .owner = uuid_new(), .unwraps_per_minute = UINT64_C(1) << 40 };
    if (ids == NULL || tenants == NULL || crypto_init(&e) != OK || keyring_create(&o, NULL, &e) != OK || keyring_open(&o, &k, &e) != OK)
        die("keyring", &e);
    usec_t start = clock_steady();
    make_all(k, &p, ids, tenants);
    double made = (double)(clock_steady() - start) / 1e6;
    erase_some(k, &p, ids, tenants);
    renew(k, &r, &longest);
    check(k, &p, ids, tenants);
    getrusage(RUSAGE_SELF, &use);
    printf("{\"parts\":%lld,\"erased\":%lld,\"made_seconds\":%.2f,\"buckets\":%llu,\"keys\":%llu,\"seconds\":%.3f,\"longest_step_ms\":%.1f,\"memory\":%.1f}\n",
           (long long)p.parts, (long long)p.erased, made, (unsigned long long)r.buckets, (unsigned long long)r.keys, (double)r.took / 1e6,
           (double)longest / 1e3, (double)(use.ru_maxrss / 1024) - (double)p.parts * sizeof *ids / 1048576);
    k = keyring_close(k);
    (void)mem_free(ids);
    (void)mem_free(tenants);
    return 0;
}
