/* against.h — what a newer charter does to records that were made under an older one, in plain words: what is added,
 * what must be built, what holds from now on, and what is refused because stored records would no longer fit.
 * Pure. Ownership: charter_against gives, changes_free takes back; the charters must outlive the list. */
#pragma once
#include "charter/load.h"

enum change_type {
    CHANGE_ADDS,                       /* a kind, an optional field, an option: nothing stored is touched */
    CHANGE_INDEX,                      /* stored records are to be indexed, counted or sealed anew (service_refit) */
    CHANGE_DUES,                       /* due dates of stored records are to be computed anew */
    CHANGE_ACCESS,                     /* people lose access or gain it, or must do something before they sign in again: look before you serve it */
    CHANGE_SAYS,                       /* holds from now on; stored records stay as they are */
    CHANGE_REFUSED,                    /* the service does not start with it; the text says why and what to do */
    CHANGE_TYPES
};
struct change_item { enum change_type type; const char *path; const char *text; struct pos pos; /* in the newer charter; line 0: gone from it */ };
struct changes;

/* records: how many of a kind are stored; NULL fn: unknown, so every kind counts as used. holding: how many of them hold a
 * field (or that option of it) outside the sealed part; NULL fn: any may. members: how many accounts have that role; NULL fn: any may. */
struct held {
    int64_t (*records)(void *arg, const char *kind);
    void *arg;
    int64_t (*holding)(void *arg, const char *kind, const char *field, const char *option);
    int64_t (*members)(void *arg, const char *role);
};
MUST_USE enum code charter_against(const struct charter *older, const struct charter *newer, const struct held *held, struct changes **ret, struct err *reterr);
size_t changes_list_all(const struct changes *c, const struct change_item **ret);
size_t changes_count(const struct changes *c, enum change_type type);
struct changes *changes_free(struct changes *c);
DEFINE_AUTO(struct changes, changes_free)
/* One line each: "refused  records.visit.holds.note: …"; "Nothing changes." where nothing does. */
void changes_print(const struct changes *c, struct buf *ret);
