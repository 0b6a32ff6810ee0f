/* page_link.h — what a person sees by private link: all that is held and may be seen, and what may be done about it. Pure. */
#pragma once
#include "api/page_form.h"

#define LINK_DO ".do"                         /* change, withdraw, move, erase, confirm, object, object_end, restrict */
#define LINK_VERSION ".version"
#define LINK_TO ".to"                         /* the option of a move, or the consent that is withdrawn */

struct link_view {
    struct notice_view notice;
    const struct caller *who;
    const json_t *record;                     /* as the person sees it */
    json_t *others;                           /* {kind: [records]} that the person sees beside it */
    const json_t *choices;                    /* of references: {field: [{id, title}]} */
    const json_t *looks; bool looks_more;     /* who looked at the record, as looks_of_person says (records/looks.h) */
    const json_t *requests;                   /* that came by this link, as requests_of says (rights/request.h) */
    const char *path;                         /* of the private link, without its query */
    const char *action;                       /* path and query */
    const char *token;                        /* of the guard */
    typed_fn typed; void *typed_arg;          /* what was typed before a mistake; NULL: nothing */
    const json_t *mistakes;                   /* [{path, text}], as sentences */
    const char *trouble, *done;               /* a sentence above all, or NULL */
    const json_t *again;                      /* new uses, as record_locks says (records/locks.h); NULL: none */
    fieldset changes;                         /* fields that the person may set */
    bool erases;
    const json_t *objections;                 /* [{purpose}] that stand, as objection_list says */
};
void link_put(struct buf *ret, const struct link_view *v);
/* A fold with the reason inside and a button under it, which sends `what` (and LINK_TO, where `to` is not NULL). */
void link_fold(struct buf *ret, const struct link_view *v, const char *what, const char *to, const char *label, enum text why);
void uses_put(struct buf *ret, const struct link_view *v);        /* page_uses.c: objection and restriction */
/* page_mine.c: the requests that came by this link, as requests_of says. New reference. */
struct visit;
MUST_USE enum code requests_mine(struct visit *v, const struct caller *who, json_t **ret, struct err *reterr);
/* Takes what was asked for. *ret_trouble: what is wrong with it (TEXTS: nothing); false without it: it has replied. */
MUST_USE bool request_take(struct visit *v, const struct caller *who, enum text *ret_trouble);
void requests_put(struct buf *ret, const struct link_view *v);    /* page_mine.c: what was asked for, and a form for more */
void looks_put(struct buf *ret, const struct link_view *v);       /* page_looks.c */
void again_put(struct buf *ret, const struct link_view *v);       /* page_again.c */
/* The beginning of a form of this page that does `what`: guard and version with it. */
void link_form_begin(struct buf *ret, const struct link_view *v, const char *what);
/* The state that may be reached from here by the person, in the order of the charter: fn for each. */
typedef void (*move_fn)(void *arg, int field, const char *option);
void link_moves(const struct link_view *v, move_fn fn, void *arg);
/* What was typed into the change form, as a merge patch; consents beside it. New references. */
void link_patch(const struct link_view *v, json_t **ret_patch, json_t **ret_consents);
