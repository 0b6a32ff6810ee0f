/* pool.c — a list of jobs; each helper takes the next piece of the first job that has one. */
#include "records/pool.h"

#include <pthread.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/crypto.h"

#define HELPERS_MAX 7u
struct job { struct job *next; void (*fn)(void *, size_t); void *arg; size_t count, taken, done; };
struct pool { pthread_mutex_t lock; pthread_cond_t work, finished; struct job *jobs; bool stop; unsigned helpers; pthread_t threads[HELPERS_MAX]; };

static struct job *job_with_pieces(struct pool *p) {
    struct job *j = p->jobs;
    while (j != NULL && j->taken == j->count)
        j = j->next;
    return j;
}

/* Under lock, which is let go while the piece is worked on. */
static void piece_do(struct pool *p, struct job *j) {
    size_t i = j->taken++;
    pthread_mutex_unlock(&p->lock);
    j->fn(j->arg, i);
    pthread_mutex_lock(&p->lock);
    if (++j->done == j->count)
        pthread_cond_broadcast(&p->finished);
}

static void *helper_main(void *arg) {
    struct pool *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct job *j = job_with_pieces(p);
        if (j != NULL) {
            piece_do(p, j);
            continue;
        }
        crypto_forget();                      /* a thread that goes idle keeps no key of a record */
        pthread_cond_wait(&p->work, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct pool *pool_new(unsigned helpers) {
    struct pool *p = mem_new(sizeof *p);
    if (p == NULL)
        return NULL;
    if (helpers == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        helpers = cores > 1 ? (unsigned)cores - 1 : 0;
    }
    if (helpers > HELPERS_MAX)
        helpers = HELPERS_MAX;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->finished, NULL);
    while (p->helpers < helpers && pthread_create(&p->threads[p->helpers], NULL, helper_main, p) == 0)
        p->helpers++;
    return p;
}

struct pool *pool_free(struct pool *p) {
    if (p == NULL)
        return NULL;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->helpers; i++)
        (void)pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->finished);
    pthread_mutex_destroy(&p->lock);
    return mem_free(p);
}

unsigned pool_width(const struct pool *p) { return p->helpers + 1; }

void pool_run(struct pool *p, size_t count, void (*fn)(void *arg, size_t i), void *arg) {
    struct job j = { .fn = fn, .arg = arg, .count = count };
    if (count == 0)
        return;
    pthread_mutex_lock(&p->lock);
    struct job **at = &p->jobs;
    while (*at != NULL)
        at = &(*at)->next;
    *at = &j;
    if (count > 1)
        pthread_cond_broadcast(&p->work);
    while (j.taken < j.count)
        piece_do(p, &j);
    while (j.done < j.count)
        pthread_cond_wait(&p->finished, &p->lock);
    for (at = &p->jobs; *at != &j; at = &(*at)->next)
        continue;
    *at = j.next;
    pthread_mutex_unlock(&p->lock);
}
