/* pool_test.c — each piece is done once, by however many threads, also when several callers share the pool or a piece asks it itself. */
#include "records/pool.c"
#include <stdatomic.h>
#include "base/test.h"

#define PIECES 1000
struct work { struct pool *pool; atomic_int done[PIECES]; };
static void piece(void *arg, size_t i) { atomic_fetch_add(&((struct work *)arg)->done[i], 1); }
static bool each_once(struct work *w, size_t count) {
    for (size_t i = 0; i < PIECES; i++)
        if (atomic_load(&w->done[i]) != (i < count ? 1 : 0))
            return false;
    return true;
}

TEST(each_piece_is_done_once) {
    static const size_t counts[] = { 0, 1, 2, 7, PIECES };
    for (unsigned helpers = 0; helpers <= 3; helpers++) {
        struct pool *p = pool_new(helpers);
        CHECK(p != NULL && pool_width(p) >= 1);
        for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
            struct work w = { .pool = p };
            pool_run(p, counts[i], piece, &w);
            CHECK(each_once(&w, counts[i]));
        }
        CHECK(pool_free(p) == NULL);
    }
}

static void *caller(void *arg) {
    struct work *w = arg;
    pool_run(w->pool, PIECES, piece, w);
    return NULL;
}
TEST(callers_share_it) {
    struct pool *p = pool_new(2);
    static struct work works[6];
    pthread_t threads[6];
    for (size_t i = 0; i < ARRAY_LEN(works); i++) {
        works[i].pool = p;
        CHECK(pthread_create(&threads[i], NULL, caller, &works[i]) == 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(works); i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(each_once(&works[i], PIECES));
    }
    pool_free(p);
}
