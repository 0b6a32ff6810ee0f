/* dsn.h — what a message that came back says (RFC 3464): that a letter was not delivered, is late, or was. Also the wild ones, which are a text alone. Who reads
 * it knows the letter by the address that it came to, so what it says about other addresses counts for nothing. What a failure means for the person says wire/verdict.h.
 * A text alone is believed only of a machine that wrote to nobody: whoever answers by hand, or is away, may quote a subject that says "could not be delivered".
 * Pure; thread-safe. */
#pragma once
#include "base/buf.h"

enum dsn_says { DSN_NOTHING /* it is none: an answer of a person, an absence note */, DSN_FAILED, DSN_DELAYED, DSN_DELIVERED };
#define DSN_STATUS 12u
#define DSN_SAID 300u
struct dsn { enum dsn_says says; char status[DSN_STATUS] /* "5.1.1" or "" */; int code /* of SMTP, where a text names one and no status; 0 */;
             char said[DSN_SAID] /* the remote machine's words: to be looked at, never kept */; bool report /* it had a report part */; };
/* Several recipients in one report: failed only where none of them was reached. A "Return-Path: <>" before all else says that it has no sender (wire/smtpd.h). */
void dsn_read(const char *message, size_t len, struct dsn *ret);
