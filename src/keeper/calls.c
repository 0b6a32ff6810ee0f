/* calls.c — invariant: queue and leading are guarded by lock; the link belongs to the leader. */
#include "keeper/calls.h"

#include <pthread.h>

#include "base/fiber.h"
#include "base/mem.h"

#define WAIT_MS 30000

/* Who asks: a thread for itself, or for all of its calls that take turns. */
struct asker { pthread_cond_t wake; size_t left; };
struct waiting { struct parked parked; struct call *call; struct asker *asker; struct waiting *next; };
struct calls { pthread_mutex_t lock; struct link *link; struct waiting *first, **last; bool leading; };

/* What cannot fail but by our own bug; a function, so that nothing with an effect stands in an assertion. */
static void must(bool fine) { PRE(fine); }

enum code calls_new(const struct door *door, struct calls **ret, struct err *reterr) {
    PRE(door != NULL && ret != NULL && reterr != NULL);
    struct calls *a = mem_new(sizeof *a);
    if (a == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a connection to the keeper");
    a->last = &a->first;
    must(pthread_mutex_init(&a->lock, NULL) == 0);
    enum code code = link_new(door, &a->link, reterr);
    if (code != OK) {
        (void)calls_free(a);
        return code;
    }
    *ret = a;
    return OK;
}

struct calls *calls_free(struct calls *a) {
    if (a == NULL)
        return NULL;
    a->link = link_free(a->link);
    must(pthread_mutex_destroy(&a->lock) == 0);
    return mem_free(a);
}

enum code calls_connect(struct calls *a, struct err *reterr) { return link_connect(a->link, reterr); }

/* The leader's turn: everything that is queued, in one go. Called and left with the lock held. */
static void lead(struct calls *a) {
    struct waiting *list = a->first;
    PRE(list != NULL);                       /* the caller's own, at least */
    a->leading = true;
    a->first = NULL;
    a->last = &a->first;
    for (struct waiting *w = list; w != NULL; w = w->next)
        w->call->next = w->next == NULL ? NULL : w->next->call;
    must(pthread_mutex_unlock(&a->lock) == 0);
    link_do(a->link, list->call, WAIT_MS);
    must(pthread_mutex_lock(&a->lock) == 0);
    a->leading = false;
    while (list != NULL) {                   /* a call may be gone once its asker was woken */
        struct waiting *next = list->next;
        if (--list->asker->left == 0)
            must(pthread_cond_signal(&list->asker->wake) == 0);
        list = next;
    }
    if (a->first != NULL)                    /* who came meanwhile leads next */
        must(pthread_cond_signal(&a->first->asker->wake) == 0);
}

/* All of a thread's, in one go. */
static void ask_all(void *by, struct parked *first) {
    struct calls *a = by;
    struct asker me = { .left = 0 };
    must(pthread_cond_init(&me.wake, NULL) == 0 && pthread_mutex_lock(&a->lock) == 0);
    for (struct parked *p = first; p != NULL; p = p->next) {
        struct waiting *w = (struct waiting *)p;
        w->asker = &me;
        w->next = NULL;
        *a->last = w;
        a->last = &w->next;
        me.left++;
    }
    while (me.left > 0) {
        if (a->leading)
            must(pthread_cond_wait(&me.wake, &a->lock) == 0);
        else
            lead(a);
    }
    for (struct parked *p = first; p != NULL; p = p->next)
        ((struct waiting *)p)->asker = NULL;
    must(pthread_mutex_unlock(&a->lock) == 0 && pthread_cond_destroy(&me.wake) == 0);
}

enum code calls_do(struct calls *a, struct call *c) {
    struct waiting w = { .call = c };
    if (fiber_parks())
        fiber_park(&w.parked, ask_all, a);
    else
        ask_all(a, &w.parked);
    buf_wipe(&c->request);
    return c->code;
}
