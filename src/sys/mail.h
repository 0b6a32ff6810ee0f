/* mail.h — letters handed to the process `mailer`, which hands them to the relay of sejf.yaml: the server can connect to nothing itself. Before
 * the last byte of a letter goes out the mailer asks, and goes on only once the server has noted durably that it does. So a letter of which that
 * was not noted has not been sent; for the others the mailer remembers what became of the last some thousand, and can be asked.
 *
 * A struct mail_line may be used by many threads at once. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"
#include "base/uuid.h"

#define MAIL_MESSAGE_MAX ((size_t)2 << 20)
#define MAIL_FRAME_MAX (MAIL_MESSAGE_MAX + 4096)
#define MAIL_TEXT_MAX 512u                    /* what a relay says, and addresses */

struct mail_line;
/* line: our end, the caller's. */
MUST_USE enum code mail_line_new(int line, struct mail_line **ret, struct err *reterr);
struct mail_line *mail_line_free(struct mail_line *l);
DEFINE_AUTO(struct mail_line, mail_line_free)
void mail_line_stop(struct mail_line *l);    /* those who wait are given E_PEER within a second, and so is who comes; whose letter has gone is given 15 s more */

enum mail_outcome { MAIL_SENT,               /* the relay has taken it */
                    MAIL_REFUSED,            /* this letter, for good */
                    MAIL_LATER,              /* this letter, for now */
                    MAIL_RELAY,              /* the relay takes no letter now: connection, TLS, sign-in */
                    MAIL_IN_DOUBT,           /* all was sent and no answer came */
                    MAIL_NOT_SENT,           /* cut off before the last byte: it can be sent anew */
                    MAIL_NEVER };            /* asked, and the mailer does not remember it */
struct mail_reply { enum mail_outcome outcome; bool about /* this letter: the relay has answered something about it, not only about us */; int stage /* enum reply_stage of wire/verdict.h: where in the talk it was said */; int status /* of SMTP; 0: none */; char enhanced[12], tls[16] /* "TLSv1.3"; "": in the clear */;
                    char said[MAIL_TEXT_MAX] /* one line; addresses masked */; };
struct mail_letter { struct uuid id; uint32_t attempt; const char *to, *from /* where its bounces come; "": the address that all come from */; const void *message; size_t len; };
/* Notes durably that the letter is about to go out. Not OK: it does not. */
typedef enum code (*mail_go_fn)(void *arg, struct err *reterr);
/* Blocks its thread. E_PEER before go was called: the mailer is away, nothing was sent; after: ask. Whatever go returns. *ret_went: go was
 * called and let it go. */
MUST_USE enum code mail_send(struct mail_line *l, const struct mail_letter *letter, mail_go_fn go, void *arg, bool *ret_went, struct mail_reply *ret, struct err *reterr);
/* What became of it; waits while it is under way. */
MUST_USE enum code mail_ask(struct mail_line *l, const struct uuid *id, uint32_t attempt, struct mail_reply *ret, struct err *reterr);

/* Is the relay there, is it who it should be, and does it let us in? MAIL_SENT: yes, and nothing was sent; MAIL_RELAY: no, and `said` is why. E_PEER: the
 * mailer does not say in MAIL_TRY_USEC. */
#define MAIL_TRY_USEC (45 * USEC_PER_SEC)
MUST_USE enum code mail_try(struct mail_line *l, struct mail_reply *ret, struct err *reterr);
/* What can the mailer reach that it must not? It tries. MAIL_SENT: `said` names what it got hold of, "" nothing; MAIL_NEVER: this build has no sandbox. */
MUST_USE enum code mail_reach(struct mail_line *l, struct mail_reply *ret, struct err *reterr);

/* ---- the frames of both ends, for the mailer */
struct mail_call { enum { MAIL_CALL_SENDS, MAIL_CALL_ASKS, MAIL_CALL_TRIES, MAIL_CALL_REACHES } kind; struct mail_letter letter; };
MUST_USE bool mail_call_read(const void *frame, size_t len, struct mail_call *ret);      /* texts are in the frame */
MUST_USE bool mail_go_read(const void *frame, size_t len);
void mail_go_put(struct buf *ret);                       /* may it go? */
void mail_answer_put(struct buf *ret, const struct mail_reply *reply);
