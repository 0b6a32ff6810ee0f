/* mime.h — a letter as a message (RFC 5322, MIME): headers in ASCII (RFC 2047), text in UTF-8 as quoted-printable, what is attached in Base64, no
 * line above 76 characters but of an address, so that any relay takes it. A subject or name cannot become a header: what is not printable
 * ASCII is encoded. Pure. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"

struct mime_letter {
    const char *from, *from_name;            /* an address; a name or NULL */
    const char *to, *to_name;
    const char *id;                          /* letters, digits, '-': the same at each try, so that two copies can be told for one */
    const char *lang;                        /* "pl" */
    usec_t made;
    const char *subject, *text;              /* lines end in '\n' */
    const char *html;                        /* the same as a page of HTML; NULL: none */
    const char *headers;                     /* further ones, each ended by CRLF; NULL: none */
    bool by_hand;                            /* a person had it sent: without Auto-Submitted */
    const char *file_name, *file_type; const void *file; size_t file_len;       /* file NULL: nothing is attached */
};
/* Appended to *ret; lines end in CRLF. E_INVALID: an address or a type that cannot stand in a header; E_MEMORY: *ret failed. */
MUST_USE enum code mime_put(const struct mime_letter *l, struct buf *ret, struct err *reterr);
