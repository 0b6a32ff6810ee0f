/* smtpd.h — the server side of one connection of mail (RFC 5321): bytes in, events out. It takes mail for addresses that its caller knows and for nothing
 * else, one recipient a message, and sends nothing on. It knows no socket and no clock. Strict where servers were tricked: a CR or LF of its own, a zero, and
 * text before it was asked for end the connection, so no message hides inside another. Not thread-safe.
 *
 *   greeting -> EHLO -> MAIL -> RCPT -> DATA -> SMTPD_MESSAGE -> (smtpd_answer) -> MAIL … */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define SMTPD_LINE_MAX 1024u                 /* of a command, with its end */
#define SMTPD_ERRORS_MOST 10                 /* then the connection ends */
#define SMTPD_NOOPS_MOST 100
#define SMTPD_MESSAGES_MOST 100              /* over one connection */

struct smtpd;
struct smtpd_options {
    const char *name;                        /* ours */
    size_t message_max;                      /* larger ones are refused */
    size_t kept_max;                         /* of one that is not; what stands behind that is dropped. 0: all of it is kept */
    bool (*known)(void *arg, const char *address); void *arg;        /* is that an address of ours? */
};
MUST_USE enum code smtpd_new(const struct smtpd_options *o, struct smtpd **ret, struct err *reterr);
struct smtpd *smtpd_free(struct smtpd *s);
DEFINE_AUTO(struct smtpd, smtpd_free)

enum smtpd_event { SMTPD_NOTHING,            /* all bytes are used up */
                   SMTPD_MESSAGE,            /* one is whole: smtpd_answer says what became of it; nothing is read before */
                   SMTPD_ENDED };            /* what smtpd_out holds is carried away, then the connection is closed */
MUST_USE enum smtpd_event smtpd_take(struct smtpd *s, const char **bytes, size_t *len);
struct buf *smtpd_out(struct smtpd *s);      /* the caller carries it away and cuts it */

/* Of SMTPD_MESSAGE; theirs until it is answered. */
const char *smtpd_recipient(const struct smtpd *s);
const struct buf *smtpd_text(const struct smtpd *s);           /* "Return-Path: <>" stands before it where its sender is nobody (RFC 5321, 4.4), "Return-Path: <@>" else */
enum smtpd_answer { SMTPD_TAKEN, SMTPD_NOT_NOW, SMTPD_REFUSED };
void smtpd_answer(struct smtpd *s, enum smtpd_answer answer);
void smtpd_late(struct smtpd *s);            /* the peer is too slow, or we stop: 421, and it ends */
bool smtpd_waits(const struct smtpd *s);     /* for smtpd_answer */
