/* hasher.c — invariant, under lock: a source stands in the list of lines exactly while it has jobs that no thread has taken, and
 * `waiting` counts these. Jobs lie on the stacks of their callers, who sleep until `done`. */
#include "access/hasher.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/pause.h"

#define LEAST_TIME (100 * USEC_PER_SEC / 1000)
#define MOST_TIME (2 * LEAST_TIME)
#define WAITING_MOST 1024u

struct job {
    struct job *next;                        /* of the same source, later */
    struct net_source from;
    const char *hash, *text; size_t len;
    bool makes;                              /* hashes anew; else verifies */
    bool nobody;                             /* no hash was given */
    char dummy[PASSWORD_HASH_MAX];
    bool yes; char made[PASSWORD_HASH_MAX];
    enum code code; struct err *reterr;
    sem_t done;
};
struct line { struct line *next; struct job *first, *last; unsigned count; };

struct hasher {
    struct hasher_options o;
    pthread_mutex_t lock;
    pthread_cond_t work, tuned;
    struct line *lines, *first, **last, *spare;       /* those that have jobs, in the order of their turns; those without */
    unsigned waiting, running;
    uint64_t hashed, refused;
    usec_t typical;                          /* what one takes */
    bool closed, is_tuned, cost_wanted;      /* cost_wanted: somebody waits for it */
    pthread_t *threads; unsigned thread_count;
};

/* What cannot fail but by our own bug; a function, so that nothing with an effect stands in an assertion. */
static void must(bool fine) { PRE(fine); }
static void lock(struct hasher *h) { must(pthread_mutex_lock(&h->lock) == 0); }
static void unlock(struct hasher *h) { must(pthread_mutex_unlock(&h->lock) == 0); }

/* ---- the queue, under lock */

static struct line *line_of(const struct hasher *h, const struct net_source *from) {
    for (struct line *l = h->first; l != NULL; l = l->next)
        if (source_same(&l->first->from, from))
            return l;
    return NULL;
}

static void line_append(struct hasher *h, struct line *l) {
    l->next = NULL;
    *h->last = l;
    h->last = &l->next;
}

/* There are as many lines as jobs may wait, and no line without a job. */
static struct line *line_begin(struct hasher *h) {
    struct line *l = h->spare;
    PRE(l != NULL);
    h->spare = l->next;
    *l = (struct line){ 0 };
    line_append(h, l);
    return l;
}

static struct line *line_longest(const struct hasher *h) {
    struct line *longest = h->first;
    for (struct line *l = h->first; l != NULL; l = l->next)
        if (l->count > longest->count)
            longest = l;
    return longest;
}

static struct job *line_drop_newest(struct line *l) {
    struct job *dropped = l->last, *before = l->first;
    PRE(l->count > 1);
    while (before->next != dropped)
        before = before->next;
    before->next = NULL;
    l->last = before;
    l->count--;
    return dropped;
}

/* False: no room. *ret_dropped: who had to give way, or NULL. */
static bool queue_put(struct hasher *h, struct job *job, struct job **ret_dropped) {
    struct line *own = line_of(h, &job->from);
    unsigned has = own == NULL ? 0 : own->count;
    *ret_dropped = NULL;
    if (has >= h->o.each)
        return false;
    if (h->waiting >= h->o.waiting) {
        struct line *longest = line_longest(h);
        if (longest == NULL || longest->count < has + 2)
            return false;
        *ret_dropped = line_drop_newest(longest);
        h->waiting--;
    }
    if (own == NULL)
        own = line_begin(h);
    *(own->first == NULL ? &own->first : &own->last->next) = job;
    own->last = job;
    own->count++;
    h->waiting++;
    return true;
}

static struct job *queue_take(struct hasher *h) {
    struct line *l = h->first;
    if (l == NULL)
        return NULL;
    struct job *job = l->first;
    h->first = l->next;
    if (h->first == NULL)
        h->last = &h->first;
    l->first = job->next;
    l->count--;
    h->waiting--;
    if (l->first != NULL) {
        line_append(h, l);
    } else {
        l->next = h->spare;
        h->spare = l;
    }
    return job;
}

static unsigned wait_seconds(const struct hasher *h) {
    uint64_t all = ((uint64_t)h->waiting + h->running) * (uint64_t)h->typical / h->o.threads;
    return 1 + (unsigned)(all / (uint64_t)USEC_PER_SEC);
}

/* ---- threads */

static void job_run(struct job *j, const struct password_cost *cost) {
    if (j->nobody)
        password_dummy(cost, j->dummy);
    if (j->makes)
        j->code = password_hash(cost, j->text, j->len, j->made, j->reterr);
    else
        j->code = password_verify(j->nobody ? j->dummy : j->hash, j->text, j->len, &j->yes, j->reterr);
}

static void tune(struct hasher *h) {
    struct password_cost cost = { PASSWORD_OPS_LEAST, PASSWORD_MEMORY_LEAST };
    struct err e;
    (void)!password_tune(LEAST_TIME, MOST_TIME, PASSWORD_MEMORY_MOST, &cost, &e);      /* no memory now: the least that will do */
    lock(h);
    h->o.cost = cost;
    h->is_tuned = true;
    must(pthread_cond_broadcast(&h->tuned) == 0);
    unlock(h);
}

static void await_tuning(struct hasher *h) {
    while (!h->is_tuned)
        must(pthread_cond_wait(&h->tuned, &h->lock) == 0);
}

static void serve(struct hasher *h) {
    lock(h);
    await_tuning(h);
    for (;;) {
        struct job *job = queue_take(h);
        if (job == NULL && h->closed)
            break;
        if (job == NULL) {
            must(pthread_cond_wait(&h->work, &h->lock) == 0);
            continue;
        }
        struct password_cost cost = h->o.cost;
        h->running++;
        unlock(h);
        usec_t began = clock_steady();
        job_run(job, &cost);
        usec_t took = clock_steady() - began;
        lock(h);
        h->running--;
        h->hashed++;                         /* before its caller goes on, who may ask */
        h->typical += (took - h->typical) / 8;
        must(sem_post(&job->done) == 0);     /* from here on the job is its caller's */
    }
    unlock(h);
}

/* When the first password comes: most processes end without one. */
static void tune_when_wanted(struct hasher *h) {
    lock(h);
    while (!h->is_tuned && !h->closed && h->first == NULL && !h->cost_wanted)
        must(pthread_cond_wait(&h->work, &h->lock) == 0);
    bool needed = !h->is_tuned && !h->closed;
    if (!needed) {
        h->is_tuned = true;
        must(pthread_cond_broadcast(&h->tuned) == 0);
    }
    unlock(h);
    if (needed)
        tune(h);
}

static void *thread_first(void *arg) {
    struct hasher *h = arg;
    tune_when_wanted(h);
    serve(h);
    return NULL;
}
static void *thread_further(void *arg) {
    serve(arg);
    return NULL;
}

/* ---- what callers see */

static void options_default(struct hasher_options *o) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    o->threads = o->threads == 0 ? (cores > 2 ? (unsigned)cores - 1 : 1) : o->threads;
    o->waiting = o->waiting == 0 ? 6 : o->waiting;
    o->each = o->each == 0 ? 2 : o->each;
}

enum code hasher_new(const struct hasher_options *o, struct hasher **ret, struct err *reterr) {
    PRE(o != NULL && o->waiting <= WAITING_MOST && ret != NULL && reterr != NULL);
    struct hasher *h = mem_new(sizeof *h);
    if (h == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the hashing of passwords");
    h->o = *o;
    options_default(&h->o);
    h->last = &h->first;
    h->is_tuned = h->o.cost.ops != 0;
    h->typical = MOST_TIME;
    must(pthread_mutex_init(&h->lock, NULL) == 0 && pthread_cond_init(&h->work, NULL) == 0 && pthread_cond_init(&h->tuned, NULL) == 0);
    h->lines = mem_new_array(h->o.waiting, sizeof *h->lines);
    h->threads = mem_new_array(h->o.threads, sizeof *h->threads);
    int num = h->lines == NULL || h->threads == NULL ? -1 : 0;
    for (unsigned i = 0; num == 0 && i < h->o.waiting; i++) {
        h->lines[i].next = h->spare;
        h->spare = &h->lines[i];
    }
    while (num == 0 && h->thread_count < h->o.threads) {
        num = pthread_create(&h->threads[h->thread_count], NULL, h->thread_count == 0 ? thread_first : thread_further, h);
        h->thread_count += num == 0;
    }
    if (num != 0) {
        (void)hasher_free(h);
        return num < 0 ? err_set(reterr, E_MEMORY, "no memory for the hashing of passwords") : err_errno(reterr, num, "cannot make a thread for the hashing of passwords");
    }
    *ret = h;
    return OK;
}

/* Who waits is answered, who comes is refused, threads end. */
static void hasher_close(struct hasher *h) {
    lock(h);
    h->closed = true;
    for (struct job *job; (job = queue_take(h)) != NULL;) {
        job->code = err_set(job->reterr, E_BUSY, "the server is stopping");
        must(sem_post(&job->done) == 0);
    }
    must(pthread_cond_broadcast(&h->work) == 0);
    unlock(h);
}

struct hasher *hasher_free(struct hasher *h) {
    if (h == NULL)
        return NULL;
    hasher_close(h);
    for (unsigned i = 0; i < h->thread_count; i++)
        must(pthread_join(h->threads[i], NULL) == 0);
    must(pthread_mutex_destroy(&h->lock) == 0 && pthread_cond_destroy(&h->work) == 0 && pthread_cond_destroy(&h->tuned) == 0);
    mem_free(h->lines);
    mem_free(h->threads);
    return mem_free(h);
}

static enum code refuse(struct err *reterr, unsigned seconds) {
    return err_set(reterr, E_TOO_MANY, "too many passwords are waiting to be checked: try again in %u s", seconds);
}

static enum code run(struct hasher *h, struct job *job) {
    struct job *dropped = NULL;
    lock(h);
    if (h->closed) {
        unlock(h);
        return err_set(job->reterr, E_BUSY, "the server is stopping");
    }
    must(sem_init(&job->done, 0, 0) == 0);
    bool fits = queue_put(h, job, &dropped);
    unsigned seconds = wait_seconds(h);
    h->refused += !fits + (dropped != NULL);
    if (fits)
        must(pthread_cond_signal(&h->work) == 0);
    if (dropped != NULL) {
        dropped->code = refuse(dropped->reterr, seconds);
        must(sem_post(&dropped->done) == 0);
    }
    unlock(h);
    if (fits) {
        pause_begin();
        while (sem_wait(&job->done) != 0)
            continue;                        /* a signal handler ran */
        pause_end();
    } else {
        job->code = refuse(job->reterr, seconds);
    }
    must(sem_destroy(&job->done) == 0);
    return job->code;
}

enum code hasher_verify(struct hasher *h, const struct net_source *from, const char *hash, const char *text, size_t len, bool *ret_yes, struct err *reterr) {
    PRE(h != NULL && from != NULL && ret_yes != NULL && reterr != NULL);
    struct job job = { .from = *from, .hash = hash, .text = text, .len = len, .nobody = hash == NULL, .reterr = reterr };
    enum code code = run(h, &job);
    if (code == OK)
        *ret_yes = job.yes && !job.nobody;
    return code;
}

enum code hasher_hash(struct hasher *h, const struct net_source *from, const char *text, size_t len, char ret[PASSWORD_HASH_MAX], struct err *reterr) {
    PRE(h != NULL && from != NULL && ret != NULL && reterr != NULL);
    struct job job = { .from = *from, .text = text, .len = len, .makes = true, .reterr = reterr };
    enum code code = run(h, &job);
    if (code == OK)
        memcpy(ret, job.made, sizeof job.made);
    crypto_wipe(job.made, sizeof job.made);
    return code;
}

struct password_cost hasher_cost(struct hasher *h) {
    lock(h);
    h->cost_wanted = true;
    must(pthread_cond_broadcast(&h->work) == 0);
    await_tuning(h);
    struct password_cost cost = h->o.cost;
    unlock(h);
    return cost;
}

bool hasher_stale(struct hasher *h, const char *hash) {
    struct password_cost cost = hasher_cost(h);
    return password_stale(hash, &cost);
}

unsigned hasher_wait(struct hasher *h) {
    lock(h);
    unsigned seconds = wait_seconds(h);
    unlock(h);
    return seconds;
}

void hasher_status(struct hasher *h, struct hasher_status *ret) {
    PRE(h != NULL && ret != NULL);
    lock(h);
    *ret = (struct hasher_status){ .hashed = h->hashed, .refused = h->refused, .waiting = h->waiting };
    unlock(h);
}
