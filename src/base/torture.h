/* torture.h — use cases with the n-th allocation failing. For tests: a test program that links it has malloc, calloc
 * and realloc replaced for all that it runs, so that SQLite, jansson, libyaml, libmicrohttpd, OpenSSL, RE2 and the C library
 * run out of memory as our own code does. Works under the sanitizers: what they put in the place of malloc is called then.
 *
 * torture() runs a call once as it is, then with its 1st, 2nd, 3rd … allocation failing until no more are made. Each time the
 * call must end well, with the same outcome as at first, or with an error that has a reason; and then work. Leaks are found by
 * the leak sanitizer when the program ends. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum torture_reach { TORTURE_OFF, TORTURE_THREAD /* what this thread asks for */, TORTURE_ALL };

struct torture {
    const char *name;
    enum code (*call)(void *arg, struct buf *outcome, struct err *reterr);   /* what it found, as text: the same every time */
    bool (*check)(void *arg, enum code code);   /* nothing fails: is all there that was answered, and no half of what was not; NULL */
    void *arg;
    enum code want;                    /* what it ends with when nothing fails: OK, or the error of a scene of its own */
    enum torture_reach reach;          /* TORTURE_OFF: this thread */
    long first, stride, most;          /* 0: from 1, each one, 100,000 */
    bool for_good;                     /* all that follow the n-th fail too */
    bool uncounted;                    /* an outcome that depends on what came before is not compared */
};

/* False, and on standard error why, when a failure ended otherwise. */
MUST_USE bool torture(const struct torture *t);

/* For scenes that torture() does not fit: the n-th allocation from now (1: the next), and the times - 1 after it, fail.
 * torture_end: false when it was never asked for. */
void torture_begin(enum torture_reach reach, long n, long times);
bool torture_end(void);
