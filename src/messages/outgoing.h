/* outgoing.h — a queued message made ready to go: the record is opened, the gates are asked again, the text is made from the template. For letters of
 * store/letter.h whose kind is not 0. Thread-safe; blocks. Ownership: outgoing_done. */
#pragma once
#include "messages/gate.h"

struct outgoing {
    char to[320];                            /* the address, or the number in E.164 */
    char masked[320];                        /* the same as a log may hold it: first character, ten stars, domain; of a number all but its country and last two */
    uint8_t who[WHO_SIZE];
    enum lang lang;
    char envelope_from[320];                 /* where bounces go; "": the relay's own */
    struct buf subject, text, html;          /* of a text message: text alone. html empty: none */
    struct buf headers;                      /* further ones of a mail, each ended by CRLF: List-Unsubscribe … */
    struct gate_ask ask;                     /* as the gates were asked */
};
#define OUTGOING_TEXT_MAX ((size_t)512 << 10)
#define OUTGOING (struct outgoing){ .subject = BUF(4096), .text = BUF(OUTGOING_TEXT_MAX), .html = BUF(OUTGOING_TEXT_MAX), .headers = BUF(8192) }
void outgoing_done(struct outgoing *o);      /* wipes */
DEFINE_AUTO_VALUE(struct outgoing, outgoing_done)
/* *ret: OUTGOING. *ret_verdict.passes false: a gate stops it (again: put off until then). E_NOT_FOUND, E_GONE: the record is no more, so the message ends. */
MUST_USE enum code outgoing_make(struct service *s, int64_t tenant, const struct letter_row *r, struct outgoing *ret, struct gate_verdict *ret_verdict, struct err *reterr);
