/* mimeread.h — reads a message of mail (RFC 5322, 2045, 2046): its header and its parts. For mail that strangers wrote: depth, parts and sizes are bounded, and
 * whatever is not understood is a text. What is given points into the message, except what is decoded. Pure; thread-safe. */
#pragma once
#include "base/buf.h"

#define MIME_DEPTH 6
#define MIME_PARTS 60u
#define MIME_TYPE 80u
#define MIME_VALUE 2000u                     /* of a header, unfolded */

struct mime_part { char type[MIME_TYPE] /* "message/delivery-status", in small letters */; const char *head; size_t head_len; const char *body; size_t body_len; };
typedef bool (*mime_part_fn)(const struct mime_part *p, void *arg);      /* false stops */
/* Parts that hold no further ones, in their order; a message within a message is one. The whole message's own head is given beside. */
void mime_parts(const char *message, size_t len, mime_part_fn fn, void *arg);
/* Where the header ends and the body begins. */
void mime_split(const char *message, size_t len, size_t *ret_head, size_t *ret_body);
/* The first header of that name, unfolded, printable or UTF-8, at most MIME_VALUE bytes; false: there is none. Appended. */
MUST_USE bool mime_header(const char *head, size_t len, const char *name, struct buf *ret);
/* A parameter of a header's value ("boundary"): without quotes. Appended. */
MUST_USE bool mime_param(const char *value, const char *name, struct buf *ret);
/* The body as it was meant: Base64 and quoted-printable undone; cut where *ret is full. Appended. */
void mime_decode(const struct mime_part *p, struct buf *ret);
