/* outgoing.h — a queued message made ready to go: the record is opened, the gates are asked again, the text is made from the template. For letters of
 * store/letter.h whose kind is not 0. Thread-safe; blocks. Ownership: outgoing_done. */
#pragma once
#include "messages/gate.h"
#include "records/link.h"

struct outgoing {
    char to[320];                            /* the address, or the number in E.164 */
    char masked[320];                        /* the same as a log may hold it: first character, ten stars, domain; of a number all but its country and last two */
    uint8_t who[WHO_SIZE];
    enum lang lang;
    char envelope_from[320];                 /* where bounces go; "": the relay's own */
    struct buf subject, text, html;          /* of a text message: text alone. html empty: none */
    struct buf headers;                      /* further ones of a mail, each ended by CRLF: List-Unsubscribe … */
    struct gate_ask ask;                     /* as the gates were asked */
    int64_t version; struct marks marks;     /* of the record then */
    uint64_t barred;                         /* what stood on the list of those who get nothing, before the gates were asked (outgoing_barred) */
    struct link_ready link;                  /* the private link in its text, which opens something once the message goes */
};
#define OUTGOING_TEXT_MAX ((size_t)512 << 10)
#define OUTGOING (struct outgoing){ .subject = BUF(4096), .text = BUF(OUTGOING_TEXT_MAX), .html = BUF(OUTGOING_TEXT_MAX), .headers = BUF(8192) }
void outgoing_done(struct outgoing *o);      /* wipes */
DEFINE_AUTO_VALUE(struct outgoing, outgoing_done)
/* *ret: OUTGOING. *ret_verdict.passes false: a gate stops it (again: put off until then). E_NOT_FOUND, E_GONE: the record is no more, so the message ends. */
MUST_USE enum code outgoing_make(struct service *s, int64_t tenant, const struct letter_row *r, struct outgoing *ret, struct gate_verdict *ret_verdict, struct err *reterr);
/* The gates once more, of one that was made a while ago: o->ask is of now. E_STALE: its record is not what it was, so it is to be made anew. */
MUST_USE enum code outgoing_again(struct service *s, int64_t tenant, const struct letter_row *r, struct outgoing *o, struct gate_verdict *ret_verdict, struct err *reterr);
/* Another number where anything of that person on the list of those who get nothing was put, renewed or lifted since. Looks at no clock. */
MUST_USE enum code outgoing_barred(struct sql *q, enum channel channel, const uint8_t who[WHO_SIZE], uint64_t *ret, struct err *reterr);
/* Of a message that went at an earlier try: whom it went to (who), and of its record, where it stands, what ask.kind and ask.parent say; `to` and `masked` where
 * the record's address is still that one, else "". E_NOT_FOUND: it never went. */
MUST_USE enum code outgoing_whom(struct service *s, int64_t tenant, const struct letter_row *r, struct outgoing *ret, struct err *reterr);

struct settled;                              /* settled.h */
/* A row of settled.c: what the gates took for it is spent where it was handed over and may have arrived, and a further try takes anew; where it ends, what was taken
 * for nothing goes back: its money, and, of one that was given up (LETTER_OVER), its place among the person's of the day. */
MUST_USE enum code outgoing_settled(struct txn *t, const struct settled *s, void *nothing, struct err *reterr);
/* The last of it, of whatever message ends as LETTER_OVER in a write of its own. */
MUST_USE enum code outgoing_give_back(struct txn *t, const struct letter_row *r, struct err *reterr);
