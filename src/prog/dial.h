/* dial.h — a connection to a named place, made without waiting: its addresses are looked up, then tried in turn. It is made in this process, or asked
 * for from the dialer (prog/dialer.h), by a process that may connect to nothing. One thread's. */
#pragma once
#include "base/err.h"
#include "base/time.h"

enum dial_state { DIAL_WAITS, DIAL_DONE, DIAL_FAILED };
struct dial;
MUST_USE enum code dial_begin(const char *host, int port, struct dial **ret, struct err *reterr);
/* line: to the dialer, which knows where to. E_PEER: it is gone. */
MUST_USE enum code dial_ask(int line, struct dial **ret, struct err *reterr);
struct dial *dial_end(struct dial *d);                   /* gives it up; accepts NULL */
DEFINE_AUTO(struct dial, dial_end)
int dial_fd(const struct dial *d);
short dial_events(const struct dial *d);                 /* for poll */
usec_t dial_until(const struct dial *d);                 /* by the steady clock: then dial_late */
void dial_late(struct dial *d);                          /* the address that is tried does not answer: on to the next */
/* DIAL_DONE, once: *ret_fd is the caller's, connected, non-blocking, with TCP_NODELAY. */
MUST_USE enum dial_state dial_go_on(struct dial *d, int *ret_fd);
const char *dial_why(const struct dial *d);              /* after DIAL_FAILED: a sentence for people, without addresses */

/* The dialer's answer over the connection by which it was asked: fd -1 where there is none, and why. */
bool dial_answer(int asked, int fd, const char *why);
