/* smtp.h — a client of one relay (RFC 5321): bytes in, events out. It knows no socket and no clock: the caller carries bytes, makes the
 * handshake of TLS, and keeps the time that smtp_wait_ms says. Each letter has one recipient. What is said to the relay is made of checked
 * pieces only, so no address can end a command. Not thread-safe.
 *
 *   greeting -> EHLO [-> STARTTLS -> (handshake) -> EHLO] [-> AUTH] -> READY
 *   READY -> MAIL, RCPT, DATA in one go (RFC 2920) -> ACCEPTED -> text, and after smtp_finish the last dot -> ANSWERED -> READY
 *
 * Where the relay offers PIPELINING, the next letter may be given while one is on its way (smtp_takes_next): what is said for it before its text goes out
 * behind the last dot of the other, so that a letter costs one round trip. Replies belong to letters in their order. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "wire/smtp_reply.h"
#include "wire/verdict.h"

#define SMTP_LETTER_MAX (8u << 20)

struct smtp;
struct smtp_options {
    const char *name;                        /* ours, as in EHLO */
    bool starttls;                           /* must be offered and taken before anything else */
    bool secure;                             /* the bytes are inside TLS from the start */
    const char *user, *password;             /* NULL: no AUTH; only inside TLS */
};
/* Texts are copied; the password is wiped. E_INVALID: a name or user that cannot be said. */
MUST_USE enum code smtp_new(const struct smtp_options *o, struct smtp **ret, struct err *reterr);
struct smtp *smtp_free(struct smtp *s);
DEFINE_AUTO(struct smtp, smtp_free)

enum smtp_event { SMTP_NOTHING,              /* all bytes are used up */
                  SMTP_HANDSHAKE,            /* make one, then smtp_secured */
                  SMTP_READY,                /* for a letter */
                  SMTP_ACCEPTED,             /* the recipient was taken and the text is on its way: smtp_finish lets it end; closing the connection ends all */
                  SMTP_ANSWERED,             /* smtp_answer: what came of the letter */
                  SMTP_ENDED };              /* smtp_answer: why; the connection is to be closed */
/* Uses up bytes until something happens; call again until nothing does. */
MUST_USE enum smtp_event smtp_take(struct smtp *s, const char **bytes, size_t *len);
/* What is to be said: the caller carries it away and cuts it. */
struct buf *smtp_out(struct smtp *s);

void smtp_secured(struct smtp *s);           /* the handshake is made and the relay is who it should be */
struct smtp_letter { const char *from, *to, *id /* of letters, digits and '-' */; const void *text; size_t len /* lines end in CRLF */; };
/* In READY. What the relay cannot take is answered at once: then the next smtp_take, even of no bytes, gives SMTP_ANSWERED. Or the next one, where
 * smtp_takes_next: E_CONFLICT where it would be answered at once, so that it waits for READY. The next is begun when the one before it was answered. */
MUST_USE enum code smtp_letter(struct smtp *s, const struct smtp_letter *l, struct err *reterr);
bool smtp_takes_next(const struct smtp *s);
bool smtp_has_next(const struct smtp *s);    /* given and not begun */
void smtp_finish(struct smtp *s);            /* after SMTP_ACCEPTED and once all of smtp_out is carried: the last dot; what comes now counts */
void smtp_ahead(struct smtp *s);             /* after smtp_finish, once what it said was taken out: what may be said of the next letter by now */
void smtp_unfinish(struct smtp *s);          /* before smtp_lost: of what smtp_finish said, the end did not go out. So the letter was not sent */
void smtp_quit(struct smtp *s);              /* politely; the answer need not be waited for */
/* The connection is lost, or the time is over: ends it (SMTP_ENDED at the next smtp_take). why: shown to people. */
void smtp_lost(struct smtp *s, const char *why);
bool smtp_is_ready(const struct smtp *s);
int smtp_step(const struct smtp *s);         /* a number that changes as it goes on */
int smtp_wait_ms(const struct smtp *s);      /* how long the relay may take now (4.5.3.2) */

enum smtp_outcome { SMTP_SENT,               /* taken by the relay */
                    SMTP_REFUSED,            /* this letter, for good */
                    SMTP_LATER,              /* this letter, for now */
                    SMTP_RELAY,              /* no letter goes now: connection, TLS, AUTH, or the sender's address */
                    SMTP_IN_DOUBT };         /* all was sent and no answer came */
struct smtp_answer { enum smtp_outcome outcome; bool about /* this letter: the relay has answered about it (RCPT, DATA, the text, or its form at MAIL), not only about us */; int status /* 0: none came */; char enhanced[12] /* "5.1.1" or "" */; const char *at /* "RCPT" */; enum reply_stage stage;
                     char said[SMTP_SAID] /* as the relay wrote it: not masked, not printable */; };
const struct smtp_answer *smtp_answer(const struct smtp *s);
