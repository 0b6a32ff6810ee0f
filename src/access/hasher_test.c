/* hasher_test.c — the order of the queue without threads, then all of it with some. */
#include "access/hasher.c"
#include "base/test.h"

#include <stdatomic.h>

static const struct password_cost cheap = { 1, 8192 };

static struct hasher *still(unsigned waiting, unsigned each) {     /* no thread: the queue alone */
    struct hasher *h = mem_new(sizeof *h);
    CHECK(h != NULL);
    h->o = (struct hasher_options){ .threads = 1, .waiting = waiting, .each = each, .cost = cheap };
    h->last = &h->first;
    h->typical = USEC_PER_SEC;
    CHECK((h->lines = mem_new_array(waiting, sizeof *h->lines)) != NULL);
    for (unsigned i = 0; i < waiting; i++) {
        h->lines[i].next = h->spare;
        h->spare = &h->lines[i];
    }
    CHECK(pthread_mutex_init(&h->lock, NULL) == 0 && pthread_cond_init(&h->work, NULL) == 0 && pthread_cond_init(&h->tuned, NULL) == 0);
    h->is_tuned = true;
    return h;
}
static void still_free(struct hasher *h) {
    mem_free(h->lines);
    mem_free(h);
}

TEST(sources_are_served_in_turn) {
    struct hasher *h = still(6, 3);
    struct job job[6] = { 0 }, *dropped = NULL, extra;
    static const char *const from[] = { "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.3" };
    static const size_t order[] = { 0, 3, 5, 1, 4, 2 };
    for (size_t i = 0; i < ARRAY_LEN(job); i++) {
        job[i].from = source_of(from[i]);
        CHECK(queue_put(h, &job[i], &dropped) && dropped == NULL);
    }
    extra = (struct job){ .from = source_of("192.0.2.1") };
    CHECK(!queue_put(h, &extra, &dropped) && dropped == NULL && h->waiting == 6);
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        CHECK(queue_take(h) == &job[order[i]]);
    CHECK(queue_take(h) == NULL && h->waiting == 0 && h->first == NULL && h->last == &h->first);
    still_free(h);
}

TEST(who_has_most_gives_way) {
    struct hasher *h = still(4, 4);
    struct job many[4] = { 0 }, one = { .from = source_of("192.0.2.2") }, two = { .from = source_of("192.0.2.3") }, again = { .from = source_of("192.0.2.2") }, *dropped = NULL;
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        many[i].from = source_of("192.0.2.1");
        CHECK(queue_put(h, &many[i], &dropped) && dropped == NULL);
    }
    CHECK(queue_put(h, &one, &dropped) && dropped == &many[3] && h->waiting == 4);
    CHECK(queue_put(h, &two, &dropped) && dropped == &many[2] && h->waiting == 4);
    CHECK(!queue_put(h, &again, &dropped) && dropped == NULL);      /* two there, and it would have two */
    CHECK(queue_take(h) == &many[0] && queue_take(h) == &one && queue_take(h) == &two && queue_take(h) == &many[1] && queue_take(h) == NULL);
    still_free(h);
}

/* Against a plain model: any order of putting and taking keeps the counts, and no source waits for more than one of each other. */
TEST(any_order_keeps_the_queue_whole) {
    struct hasher *h = still(8, 3);
    static struct job job[5000];
    unsigned seed = 1, waiting = 0, held[5] = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(job); i++) {
        seed = seed * 1103515245u + 12345u;
        unsigned who = seed >> 16 & 3, takes = seed >> 20 & 1;
        struct job *dropped = NULL;
        char from[32];
        snprintf(from, sizeof from, "192.0.2.%u", who);
        job[i] = (struct job){ .from = source_of(from) };
        if (queue_put(h, &job[i], &dropped)) {
            held[who]++;
            waiting++;
        }
        if (dropped != NULL) {
            held[dropped->from.bytes[15]]--;
            waiting--;
        }
        struct job *taken = takes ? queue_take(h) : NULL;
        if (taken != NULL) {
            held[taken->from.bytes[15]]--;
            waiting--;
        }
        unsigned seen = 0;
        for (struct line *l = h->first; l != NULL; l = l->next) {
            unsigned n = 0;
            for (struct job *j = l->first; j != NULL; j = j->next)
                n++;
            CHECK(n == l->count && n > 0 && n <= 3 && n == held[l->first->from.bytes[15]]);
            seen += n;
        }
        CHECK(seen == waiting && h->waiting == waiting && waiting <= 8);
    }
    still_free(h);
}

TEST(it_verifies_and_makes_hashes) {
    struct err e;
    struct hasher *h = NULL;
    struct net_source from = source_of("192.0.2.1");
    char hash[PASSWORD_HASH_MAX];
    bool yes = false;
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(hasher_new(&(struct hasher_options){ .threads = 2, .cost = cheap }, &h, &e), &e);
    CHECK_OK(hasher_hash(h, &from, "correct horse battery", 21, hash, &e), &e);
    CHECK_OK(hasher_verify(h, &from, hash, "correct horse battery", 21, &yes, &e), &e);
    CHECK(yes && !hasher_stale(h, hash));
    CHECK_OK(hasher_verify(h, &from, hash, "correct horse batterz", 21, &yes, &e), &e);
    CHECK(!yes);
    yes = true;
    CHECK_OK(hasher_verify(h, &from, NULL, "correct horse battery", 21, &yes, &e), &e);
    CHECK(!yes);
    struct hasher_status status;
    hasher_status(h, &status);                 /* the one for nobody counts, too */
    CHECK(status.hashed == 4 && status.refused == 0 && status.waiting == 0);
    yes = true;
    CHECK_CODE(hasher_verify(h, &from, "no hash", "a", 1, &yes, &e), E_DAMAGED, &e);
    CHECK(yes && hasher_wait(h) >= 1);
    CHECK_CODE(hasher_hash(h, &from, "", 0, hash, &e), E_FIELDS, &e);
    h = hasher_free(h);
}

/* Callers in threads of their own; the one that serves them is begun when all have come. */
#define CROWD 16
struct caller { struct hasher *h; struct net_source from; pthread_t thread; enum code code; struct err e; bool yes; };
static atomic_uint paused, ended;
static void counts_pauses(void *arg UNUSED, bool begins) { atomic_fetch_add(&paused, begins ? 1u : -1u); }
static void *call(void *arg) {
    struct caller *c = arg;
    pause_listen(counts_pauses, NULL);
    c->code = hasher_verify(c->h, &c->from, NULL, "a", 1, &c->yes, &c->e);
    atomic_fetch_add(&ended, 1);
    return NULL;
}
static void await(atomic_uint *count, unsigned n) {
    for (int i = 0; i < 60000 && atomic_load(count) != n; i++)
        usleep(1000);
    CHECK_INT(atomic_load(count), n);
}
static void calls_begin(struct caller *c, struct hasher *h, const char *from) {
    *c = (struct caller){ .h = h, .from = source_of(from), .yes = true };
    CHECK(pthread_create(&c->thread, NULL, call, c) == 0);
}

TEST(a_crowd_from_one_address_is_refused_at_once_and_another_gets_in) {
    struct hasher *h = still(3, 3);
    static struct caller crowd[CROWD], other;
    unsigned served = 0, refused = 0;
    struct err e;
    pthread_t thread;
    CHECK_OK(crypto_init(&e), &e);
    atomic_store(&paused, 0);
    atomic_store(&ended, 0);
    for (size_t i = 0; i < CROWD; i++)
        calls_begin(&crowd[i], h, "192.0.2.1");
    await(&ended, CROWD - 3);
    await(&paused, 3);
    CHECK(hasher_wait(h) == 4);
    calls_begin(&other, h, "192.0.2.2");
    await(&ended, CROWD - 2);                                      /* one of the crowd gave way */
    await(&paused, 3);
    CHECK(pthread_create(&thread, NULL, thread_first, h) == 0);
    for (size_t i = 0; i < CROWD; i++) {
        CHECK(pthread_join(crowd[i].thread, NULL) == 0);
        served += crowd[i].code == OK && !crowd[i].yes;
        refused += crowd[i].code == E_TOO_MANY && strncmp(crowd[i].e.text, "too many passwords are waiting", 30) == 0;
    }
    CHECK(pthread_join(other.thread, NULL) == 0 && other.code == OK && !other.yes);
    CHECK(served == 2 && refused == CROWD - 2 && atomic_load(&paused) == 0);
    lock(h);
    h->closed = true;
    pthread_cond_broadcast(&h->work);
    unlock(h);
    CHECK(pthread_join(thread, NULL) == 0);
    still_free(h);
}

TEST(who_waits_is_told_when_it_stops) {
    struct err e;
    struct hasher *h = still(3, 3);
    static struct caller c[2];
    bool yes = true;
    struct net_source from = source_of("192.0.2.1");
    CHECK_OK(crypto_init(&e), &e);
    atomic_store(&paused, 0);
    atomic_store(&ended, 0);
    for (size_t i = 0; i < ARRAY_LEN(c); i++)
        calls_begin(&c[i], h, "192.0.2.1");
    await(&paused, 2);
    hasher_close(h);
    for (size_t i = 0; i < ARRAY_LEN(c); i++)
        CHECK(pthread_join(c[i].thread, NULL) == 0 && c[i].code == E_BUSY && c[i].yes);
    CHECK_CODE(hasher_verify(h, &from, NULL, "a", 1, &yes, &e), E_BUSY, &e);
    still_free(h);
}

TEST(want_of_memory_or_tuning_on_the_way) {
    struct err e;
    struct hasher *h = NULL;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t n = 1; n <= 3; n++) {
        mem_fail_at = n;
        CHECK_CODE(hasher_new(&(struct hasher_options){ .threads = 1, .cost = cheap }, &h, &e), E_MEMORY, &e);
        CHECK(h == NULL);
    }
    mem_fail_at = 0;
    CHECK_OK(hasher_new(&(struct hasher_options){ .threads = 1 }, &h, &e), &e);
    struct password_cost cost = hasher_cost(h);                    /* of this machine */
    CHECK(cost.ops >= PASSWORD_OPS_LEAST && cost.memory >= PASSWORD_MEMORY_LEAST && cost.memory <= PASSWORD_MEMORY_MOST);
    h = hasher_free(h);
}
