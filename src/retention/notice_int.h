/* notice_int.h — inside retention: a noticer, and the letters of a notice. */
#pragma once
#include <pthread.h>

#include "records/post.h"
#include "retention/notice.h"
#include "retention/notice_text.h"

struct row_key { int32_t kind; struct uuid id; };
struct reached { int64_t tenant, change; struct notice_mark mark; bool known; };      /* where a tenant stands, as this process knows */

struct noticer {
    struct noticer_options o;
    pthread_mutex_t running;                   /* one run or trying again at a time, in this process */
    struct reached *standing; size_t standing_count;      /* by tenant; under running */
    int64_t waiting, bounced, made;            /* atomic */
};

#define LETTERS_MOST 50u                       /* recipients of one notice */
struct letters { struct post_ready list[LETTERS_MOST]; size_t count; bool instead; };
void letters_done(struct letters *l);
struct letters_wish { struct service *s; int64_t tenant; const struct notice_row *row; const json_t *groups; int person; usec_t now; };
/* One for each recipient, or for the operator's contact (`instead`); sealed, not put. Asks the keeper. */
MUST_USE enum code letters_seal(struct noticer *n, const struct letters_wish *w, struct letters *ret, struct err *reterr);

/* Of that tenant: those of which nothing stands any more end, and their letters with them; those that came back are tried again. */
MUST_USE enum code notices_close_over(struct noticer *n, struct service *s, int64_t tenant, usec_t now, struct err *reterr);
