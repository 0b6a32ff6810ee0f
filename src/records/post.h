/* post.h — a letter to one address, sealed and put beside what causes it: the outbox of rank 4. First post_seal, outside the write (it asks
 * the keeper), then post_put inside it; what was sealed and not put opens nothing and is collected. The process mailer delivers it
 * (messages/). Thread-safe. */
#pragma once
#include "records/records.h"
#include "store/letter.h"

struct post {
    const char *cause; int64_t about;          /* what it is about, so that it is found again: ("notice", its number) */
    const char *to, *to_name;                  /* an address; a name or NULL */
    enum lang lang;
    const char *subject, *text;                /* UTF-8; the text in paragraphs, lines by '\n' */
    const char *file_name, *file_type; const void *file; size_t file_len;       /* attached; NULL: nothing */
    usec_t until;                              /* then it is given up; a bounce is tried again daily until then */
};
struct post_ready { struct letter_row row; struct buf sealed; };
void post_ready_done(struct post_ready *r);
DEFINE_AUTO_VALUE(struct post_ready, post_ready_done)
/* about may be filled in later (ret->row.about). E_FIELDS: no address. */
MUST_USE enum code post_seal(struct service *s, int64_t tenant, const struct post *p, struct post_ready *ret, struct err *reterr);
/* Inside a write of that tenant; may run twice. */
MUST_USE enum code post_put(struct txn *t, struct post_ready *r, struct err *reterr);
