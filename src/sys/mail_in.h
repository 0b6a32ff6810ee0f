/* mail_in.h — mail that came in, handed from the process `mailer` to the server: the mailer can connect to nobody, so the server waits at it for the next
 * message, and answers each once it is written down. One message at a time. The thread that hears blocks; mail_ear_stop from another lets it go. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define MAIL_IN_MAX ((size_t)1 << 20)        /* of a message */

enum mail_in_answer { MAIL_IN_TAKEN, MAIL_IN_LATER, MAIL_IN_NOBODY };
typedef enum mail_in_answer (*mail_in_fn)(void *arg, const char *to, const void *message, size_t len);

struct mail_ear;
/* line: our end, the caller's (sys/sockets.h). */
MUST_USE enum code mail_ear_new(int line, struct mail_ear **ret, struct err *reterr);
struct mail_ear *mail_ear_free(struct mail_ear *e);
DEFINE_AUTO(struct mail_ear, mail_ear_free)
void mail_ear_stop(struct mail_ear *e);
bool mail_ear_stopped(const struct mail_ear *e);
/* Until it is stopped (OK), or the mailer is away (E_PEER: come again in a moment). */
MUST_USE enum code mail_ear_hear(struct mail_ear *e, mail_in_fn fn, void *arg, struct err *reterr);

/* ---- the other end, for the mailer */
MUST_USE bool mail_in_hello(const void *frame, size_t len);       /* whoever sent it waits for messages */
void mail_in_put(struct buf *ret, const char *to, const void *message, size_t len);
MUST_USE bool mail_in_answer_read(const void *frame, size_t len, enum mail_in_answer *ret);
