/* pack_inside.h — inside rights: the pieces of an access pack. */
#pragma once
#include "records/record.h"
#include "rights/access_pack.h"

#define SIGNED_WHAT "pack"
#define LETTER_NAME "letter.pdf"
#define MANIFEST_NAME "manifest.txt"
#define SIGNATURE_NAME "signature.json"
#define PIECE_MAX ((size_t)64 << 20)           /* of a batch as text */

struct packing {
    struct service *s; int64_t tenant; const struct pack_job *job; struct pack *pack;
    struct buf text;                           /* what goes into the archive next; wiped */
    struct packed done;
};
/* The text so far into the open file of the archive. */
MUST_USE enum code packing_flush(struct packing *p, struct err *reterr);
/* A whole JSON tree as a file; stolen. NULL: no memory. */
MUST_USE enum code packing_json(struct packing *p, const char *name, json_t *tree, struct err *reterr);

/* ---- pack_records.c: records, tables, schemas, files, records of others */
MUST_USE enum code packing_kind(struct packing *p, const struct kind_info *k, struct err *reterr);
MUST_USE enum code packing_others(struct packing *p, const struct kind_info *k, struct err *reterr);
/* Records of a kind in a list that is sorted by kind. */
struct run { const struct subject_record *first; size_t count; };
struct run run_of(const struct subject_record *list, size_t count, int kind);

/* ---- pack_choices.c: consents with what was read, objections, restrictions */
MUST_USE enum code packing_choices(struct packing *p, struct err *reterr);

/* ---- pack_messages.c: letters to the person that wait to be delivered */
MUST_USE enum code packing_messages(struct packing *p, struct err *reterr);

/* ---- pack_cover.c: the letter */
MUST_USE enum code cover_make(const struct packing *p, struct buf *ret, struct err *reterr);
