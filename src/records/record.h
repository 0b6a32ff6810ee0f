/* record.h — inside records: one record in memory, from its row, its parts and their keys. Everything lives in the
 * arena of the request. One thread at a time. */
#pragma once
#include "records/service.h"
#include "store/rows.h"

struct part_state {
    bool has;                                  /* a sealed part is stored */
    key_id key;
    usec_t due;
    const void *blob; size_t len;
    usec_t given;                              /* when the consent of this part was given; 0 */
};
/* A sealed part that the charter had once and has no more. */
struct stray { struct part_state state; int32_t number; };
struct record {
    const struct kind_info *info;
    int64_t tenant;
    struct uuid id, parent;
    int64_t version, change, born;
    usec_t created, updated, due;
    const char *number;                        /* or NULL */
    struct marks marks;                        /* as stored; the write of a record keeps them */
    bool loaded;                               /* its parts are here */
    bool opened;                               /* sealed values are in `values` too */
    bool torn;                                 /* a key of it was gone: it was erased or changed after its row was read */
    uint64_t uses;                             /* consents of purposes that are given and last, by index into the kind's; with the parts */
    usec_t agreed;                             /* consent of the kind itself; 0 */
    /* Stored under another charter: what the next write of the record puts where it belongs now. */
    bool moved;                                /* anything of this */
    fieldset home, misplaced;                  /* fields found where they belong; elsewhere */
    fieldset erased;                           /* of parts whose time was over (retire.h): they say so until something is set there again */
    fieldset unsealed;                         /* of the misplaced ones: stand unsealed and are to be sealed */
    uint64_t stale;                            /* parts, by index, that hold what belongs elsewhere */
    const struct err *damage;                  /* why something of it cannot be read; NULL: nothing */
    fieldset unread;                           /* fields that may have a value there */
    struct stray *strays; size_t stray_count;
    struct value *values;                      /* one for each field */
    struct part_state *parts;                  /* one for each part */
};

/* An empty record of that kind. */
MUST_USE enum code record_blank(const struct kind_info *k, int64_t tenant, struct arena *arena, struct record *ret, struct err *reterr);
/* From a row that a list gave. Copies. */
MUST_USE enum code record_of_row(const struct kind_info *k, int64_t tenant, const struct row *row, struct arena *arena, struct record *ret, struct err *reterr);
/* Row without its parts. E_NOT_FOUND, E_GONE. */
MUST_USE enum code record_find(struct sql *q, const struct kind_info *k, const struct uuid *id, struct arena *arena, struct record *ret, struct err *reterr);
/* Row and sealed parts. */
MUST_USE enum code record_load(struct sql *q, const struct kind_info *k, const struct uuid *id, struct arena *arena, struct record *ret, struct err *reterr);
/* The same for record after record in the order of their ids; w NULL: as record_load_parts. */
MUST_USE enum code record_walk_parts(struct part_walk *w, struct sql *q, struct arena *arena, struct record *r, struct err *reterr);
MUST_USE enum code record_load_parts(struct sql *q, struct arena *arena, struct record *r, struct err *reterr);
/* Opens the parts of many records with one question to the keeper. A part whose key is gone counts as not there, which is noted
 * (torn): whoever shows it looks at its row once more. One that is damaged is noted in its record (damage, unread), and the others go on. */
MUST_USE enum code records_open(struct service *s, struct record **list, size_t count, struct arena *arena, struct err *reterr);
/* One record; E_DAMAGED where a part of it is. */
MUST_USE enum code record_open(struct service *s, struct record *r, struct arena *arena, struct err *reterr);

/* The JSON object of the fields outside the sealed part, and of those that still stand there. */
MUST_USE enum code record_clear(const struct record *r, struct buf *ret, struct err *reterr);
/* One part, sealed under that key. */
MUST_USE enum code record_seal(const struct record *r, int part, key_id id, const struct key *key, struct buf *ret, struct err *reterr);
/* What is sealed in a part that is stored, as JSON, appended; strays are numbered behind the parts of the charter. Into a buf of PART_MAX
 * that is wiped. */
#define PART_MAX ((size_t)4 << 20)
MUST_USE enum code record_unseal(const struct record *r, size_t part, const struct key *key, struct buf *ret, struct err *reterr);
/* Is there anything to seal in that part? */
bool record_has_part(const struct record *r, int part);
/* Does the record hold anything of that part, sealed or not? */
bool record_uses_part(const struct record *r, int part);
/* Notes that these fields cannot be read. False: no memory. */
MUST_USE bool record_damaged(struct record *r, fieldset unread, const struct err *why, struct arena *arena);
/* As the API shows it, fields of that set only: appended as text; with what the headers of a reply say. */
#define SHOWN_MAX REQUEST_MAX
/* In place of one that cannot be shown; hidden: without its id. The watcher (or NULL) is told of it. */
void damage_show(const struct damage_watch *watch, const struct record *r, bool hidden, struct buf *ret);
void damage_tell(const struct damage_watch *watch, const struct kind_info *k, const struct uuid *id, const struct err *why);
void record_show(const struct record *r, fieldset fields, struct buf *ret);
MUST_USE enum code record_give(const struct record *r, fieldset fields, struct record_text *ret, struct err *reterr);
/* The state of a one_of field, -1: not set. */
int record_option(const struct record *r, int field);
