/* secret.c — random bytes, wiping, constant-time comparison, locked memory.
 * Small requests for random bytes come out of a pool of the thread, so that a nonce costs no system
 * call. A byte that was given out is zeroed in the pool; a fork empties it. */
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "crypto/context.h"

static unsigned forks;                       /* how many forks led to this process; written in the child only */

static void fork_seen(void) { forks++; }

static void watch_forks(void) { must(pthread_atfork(NULL, NULL, fork_seen) == 0); }

static void kernel_random(uint8_t *ret, size_t len) {
    while (len > 0) {
        ssize_t n = getrandom(ret, len < 256 ? len : 256, 0);
        if (n < 0 && errno == EINTR)
            continue;
        PRE(n > 0);
        ret += n;
        len -= (size_t)n;
    }
}

void crypto_random(void *ret, size_t len) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    PRE(ret != NULL || len == 0);
    struct context *c = len <= 64 ? context_get() : NULL;
    if (c == NULL) {
        kernel_random(ret, len);
        return;
    }
    must(pthread_once(&once, watch_forks) == 0);
    if (c->pool_left < len || c->pool_fork != forks) {
        kernel_random(c->pool, sizeof c->pool);
        c->pool_left = sizeof c->pool;
        c->pool_fork = forks;
    }
    c->pool_left -= len;
    memcpy(ret, c->pool + c->pool_left, len);
    crypto_wipe(c->pool + c->pool_left, len);
}

void crypto_wipe(void *p, size_t len) {
    if (len > 0)
        explicit_bzero(p, len);
}

bool crypto_equal(const void *a, const void *b, size_t len) { return len == 0 || sodium_memcmp(a, b, len) == 0; }

void *secret_new(size_t size) {
    PRE(size > 0);
    size_t whole;                            /* sodium_malloc aligns the end: whole lines keep the start aligned */
    if (__builtin_add_overflow(size, 63, &whole) || (mem_fail_at != 0 && --mem_fail_at == 0))
        return NULL;
    whole -= whole % 64;
    if (sodium_init() < 0)                   /* cheap after the first time; sodium_malloc needs it */
        return NULL;
    void *p = sodium_malloc(whole);
    if (p != NULL)
        memset(p, 0, whole);
    return p;
}

void *secret_free(void *p) {
    sodium_free(p);
    return NULL;
}
