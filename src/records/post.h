/* post.h — a letter to one address, sealed and put beside what causes it: the outbox of rank 4. First post_seal, outside the write (it asks
 * the keeper), then post_put inside it; what was sealed and not put opens nothing and is collected. The process mailer delivers it
 * (messages/). Thread-safe. */
#pragma once
#include <jansson.h>

#include "records/records.h"
#include "store/letter.h"

#define POST_REGISTER "letter"                 /* the place of what is sealed with a letter: entry.h, number 0, the letter's id */
#define POST_FILE_MAX ((size_t)600 << 10)      /* what is attached; larger things are fetched by a link */
#define POST_TEXT_MAX ((size_t)64 << 10)
#define POST_SUBJECT_MAX 250u
struct post {
    const char *cause; int64_t about;          /* what it is about, so that it is found again: ("notice", its number) */
    const char *to, *to_name;                  /* an address; a name or NULL */
    enum lang lang;
    const char *subject, *text;                /* UTF-8; the text in paragraphs, lines by '\n' */
    const char *file_name, *file_type; const void *file; size_t file_len;       /* attached; NULL: nothing */
    struct uuid whom;                          /* the account it goes to, or null */
    usec_t until;                              /* then it is given up; a bounce is tried again daily until then */
};
struct post_ready { struct letter_row row; struct buf sealed; };
void post_ready_done(struct post_ready *r);
DEFINE_AUTO_VALUE(struct post_ready, post_ready_done)
/* *ret: post_ready_done. about may be filled in later (ret->row.about). E_FIELDS: no address; E_TOO_LARGE: larger than the bounds above. */
MUST_USE enum code post_seal(struct service *s, int64_t tenant, const struct post *p, struct post_ready *ret, struct err *reterr);
/* Inside a write of that tenant; may run twice. */
MUST_USE enum code post_put(struct txn *t, struct post_ready *r, struct err *reterr);

/* ---- for whoever delivers it. {to, to_name?, lang, subject, text, file?: {name, type, bytes: base64url}}; *ret is the caller's. E_GONE: its
 * key was destroyed. */
MUST_USE enum code post_open(struct keeper_client *k, int64_t tenant, const struct letter_row *r, json_t **ret, struct err *reterr);
/* Delivered, given up or not needed any more: its bytes and its key go. r->state, said and the rest are the caller's. */
MUST_USE enum code post_end(struct txn *t, struct letter_row *r, struct err *reterr);
