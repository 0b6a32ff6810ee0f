/* torture.c — malloc and its kin in the place of libc's or the sanitizer's, and the loop that makes them fail. */
#include "base/torture.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOR_GOOD (1L << 40)
#define MOST 100000L
#define YOUTH 16u
#define OUTCOME_MAX (16u << 20)

/* What really allocates: the sanitizer's where there is one, else libc's. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__interceptor_malloc(size_t size) __attribute__((weak));
void *__interceptor_calloc(size_t count, size_t size) __attribute__((weak));
void *__interceptor_realloc(void *old, size_t size) __attribute__((weak));

static _Atomic int torture_on = TORTURE_OFF;
static _Thread_local bool torture_mine;
static _Thread_local unsigned young;
static _Atomic long torture_left, torture_for;   /* allocations before the failing ones; how many fail */

static bool torture_fails(void) {
    int reach = atomic_load_explicit(&torture_on, memory_order_relaxed);
    if (reach == TORTURE_OFF || (reach == TORTURE_THREAD && !torture_mine))
        return false;
    if (!torture_mine && __interceptor_malloc != NULL && young < YOUTH) {
        young++;                              /* a sanitizer that looks at a new thread dies where it gets nothing */
        return false;
    }
    long left = atomic_fetch_sub(&torture_left, 1);
    if (left > 0 || left <= -atomic_load(&torture_for))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) {
    if (torture_fails())
        return NULL;
    return __interceptor_malloc != NULL ? __interceptor_malloc(size) : __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    if (torture_fails())
        return NULL;
    return __interceptor_calloc != NULL ? __interceptor_calloc(count, size) : __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
    if (torture_fails())
        return NULL;
    return __interceptor_realloc != NULL ? __interceptor_realloc(old, size) : __libc_realloc(old, size);
}

void torture_begin(enum torture_reach reach, long n, long times) {
    atomic_store(&torture_left, n - 1);
    atomic_store(&torture_for, times);
    torture_mine = true;
    atomic_store(&torture_on, reach);
}
bool torture_end(void) {
    atomic_store(&torture_on, TORTURE_OFF);
    torture_mine = false;
    return atomic_load(&torture_left) < 0;
}

/* Codes that tell of memory, or of a process or thread that ran out of it. */
static bool tells(enum code code) { return code == E_MEMORY || code == E_BUSY || code == E_PEER; }

/* n 0: nothing fails. *ret_reached: the n-th was asked for. */
static bool once(const struct torture *t, long n, const struct buf *want, bool *ret_reached) {
    struct err e = { 0 };
    AUTO(buf_done) struct buf outcome = BUF(OUTCOME_MAX);
    if (n > 0)
        torture_begin(t->reach == TORTURE_OFF ? TORTURE_THREAD : t->reach, n, t->for_good ? FOR_GOOD : 1);
    enum code code = t->call(t->arg, &outcome, &e);
    *ret_reached = n > 0 && torture_end();
    bool whole = t->check == NULL || t->check(t->arg, code);
    bool same = t->uncounted || strcmp(buf_str(&outcome), buf_str(want)) == 0;
    if (!whole)
        fprintf(stderr, "%s, allocation %ld: %s, and what is stored is not so\n", t->name, n, code_name(code));
    else if (code == t->want ? same : *ret_reached && tells(code) && e.code == code && e.text[0] != 0)
        return true;
    fprintf(stderr, "%s, %s allocation %ld: %s: %s (%s) %s:%d\n", t->name, n == 0 ? "after the" : "the", n, code_name(code), e.text, e.hidden,
            e.file == NULL ? "" : e.file, e.line);
    if (code == t->want)
        fprintf(stderr, "  came: %.600s\n  want: %.600s\n", buf_str(&outcome), buf_str(want));
    return false;
}

bool torture(const struct torture *t) {
    bool reached = true, after;
    long faults = 0, times = 0, n = t->first > 0 ? t->first : 1;
    struct err e = { 0 };
    AUTO(buf_done) struct buf want = BUF(OUTCOME_MAX);
    enum code code = t->call(t->arg, &want, &e);
    if (code != t->want || (t->check != NULL && !t->check(t->arg, code))) {
        fprintf(stderr, "%s, with nothing failing: %s: %s\n", t->name, code_name(code), e.text);
        return false;
    }
    while (reached && n < (t->most > 0 ? t->most : MOST)) {
        faults += !once(t, n, &want, &reached);
        faults += reached && !once(t, 0, &want, &after);
        times += reached;
        n += t->stride > 0 ? t->stride : 1;
    }
    printf("%s: %ld failures, up to allocation %ld, %ld wrong\n", t->name, times, n, faults);
    return times > 0 && faults == 0;
}
