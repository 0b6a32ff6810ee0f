/* mailbox.h — addresses of mail as they may stand in a command or a header: what passes here holds no control character, no space, no
 * bracket and no quote, so it can end neither. Pure; thread-safe. */
#pragma once
#include "base/buf.h"

#define MAILBOX_MAX 254u                     /* bytes: a path of 256 with its brackets (RFC 5321, 4.5.3.1.3) */
/* local@domain: a dot-atom and at least one label, letters beyond ASCII in UTF-8 let through (RFC 6531); *ret_utf8: are there any. */
MUST_USE bool mailbox_valid(const char *text, bool *ret_utf8);
/* Text of a foreign machine for log, list and ledger: one line of printable ASCII, at most `most` bytes, and each word that could be an
 * address, or part of the named one, or is a telephone number that begins with '+', masked. address may be NULL. */
void mailbox_said(const char *text, size_t len, const char *address, size_t most, struct buf *ret);
/* Takes the domains of masked addresses out of such a text, in place, for charters whose masks hide the domain. */
void mailbox_hide_domains(char *said);
