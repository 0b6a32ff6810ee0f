/* piece.h — inside messages: one change of one webhook, as it is now: found behind a change number, looked at, opened, and sent once. What came of it
 * is written down by whoever tried (telling.c, byhand.c). One thread; blocks as long as the peer takes. Never logs. */
#pragma once
#include "messages/telling.h"
#include "records/facts.h"

#define SAID_MOST 200u

struct piece {
    const struct telling *t; struct service *s; int64_t tenant;
    const struct hook *hook; struct caller who;          /* piece_caller */
    struct arena *arena;                     /* of this change */
    struct change change; const struct kind_info *kind;  /* NULL: nothing was found yet */
    enum told what; bool repeats;
    bool gone, withheld, damaged;            /* as it is now */
    struct record rec; fieldset fields;      /* that go; 0: none */
    struct uuid delivery;
    usec_t tried; int status;                /* 0: no answer came */
    char said[SAID_MOST + 1];                /* by the peer, masked, or our words: shown to whoever tries by hand, and never kept */
    const char *noted;                       /* our words of what was wrong, which are kept; "": nothing */
    char wrong[SAID_MOST + 1];               /* where noted may point to */
    int64_t scanned;                         /* as far as nothing was found */
};

struct caller piece_caller(const struct piece *p);
const char *told_name(enum told what);
/* The next change behind `after` that the webhook is told; *ret_any false: p->scanned says how far there was none, *ret_end whether nothing lies behind. */
MUST_USE enum code piece_next(struct piece *p, int64_t after, bool *ret_any, bool *ret_end, struct err *reterr);
/* What the tenant's own role would see of it for this purpose, less what the charter does not let that host have. A record that is restricted, whose use
 * was objected to, or that waits to be confirmed, and any where the charter does not know the purpose any more, is told without its fields. */
MUST_USE enum code piece_look(struct piece *p, struct sql *q, struct err *reterr);
/* The keeper is asked without a view open. What was erased meanwhile opens nothing, and is looked at once more. The reading is noted before. */
MUST_USE enum code piece_open(struct piece *p, struct err *reterr);
void piece_body(const struct piece *p, struct buf *b);
/* One try; `arg` of the way's fetch. *ret_tried false: the sender takes no request now. */
MUST_USE enum code piece_try(struct piece *p, void *arg, bool *ret_tried, struct err *reterr);
static inline bool piece_told(const struct piece *p) { return p->status >= 200 && p->status < 300; }
struct delivery_row piece_delivery(const struct piece *p, int tries);
