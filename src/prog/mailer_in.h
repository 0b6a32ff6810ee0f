/* mailer_in.h — within the process mailer: takes mail for the addresses of bounces from a socket that listens already, and holds each message until the server
 * says that it is written down. It writes nothing and knows no key. Bounded in connections, bytes and time. One thread's. */
#pragma once
#include <poll.h>

#include "sys/mail_in.h"

#define MAILER_IN_CONNECTIONS 24u
#define MAILER_IN_FDS (MAILER_IN_CONNECTIONS + 1)

struct mailer_in;
/* name: ours; domain: of the addresses. listen_fd: the caller's. */
MUST_USE enum code mailer_in_new(int listen_fd, const char *name, const char *domain, struct mailer_in **ret, struct err *reterr);
struct mailer_in *mailer_in_free(struct mailer_in *m);
DEFINE_AUTO(struct mailer_in, mailer_in_free)

/* For poll: at most MAILER_IN_FDS. */
size_t mailer_in_watch(struct mailer_in *m, struct pollfd *ret);
void mailer_in_turn(struct mailer_in *m, const struct pollfd *ready, size_t count);

/* Is there a message for the server? mailer_in_next gives it as a frame (sys/mail_in.h): it is in hand until it is answered, or lost with whoever had it. */
MUST_USE bool mailer_in_waits(const struct mailer_in *m);
void mailer_in_next(struct mailer_in *m, struct buf *ret);
void mailer_in_answered(struct mailer_in *m, enum mail_in_answer answer);
void mailer_in_lost(struct mailer_in *m);
