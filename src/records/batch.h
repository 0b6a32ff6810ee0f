/* batch.h — inside records: many new records in one write. Prepared by one thread while another writes the batch before; a
 * record that the write refuses is told and left out, and the rest is written again. */
#pragma once
#include "records/draft.h"
#include "records/input.h"

#define BATCH_ROWS 500u
struct batch_row { uint64_t line; struct draft draft; bool refused; };
struct batch {
    struct service *s;
    const struct caller *who;
    const struct kind_info *k;
    enum lang lang;
    struct arena *arena;
    struct index_keys keys;
    struct fact_source facts;                  /* shared by the rows: what one looked up the others know */
    struct batch_row *rows; size_t count, made;
    json_t *refused;                           /* [{line, path, text}] */
    enum code code; struct err err;            /* of the batch as a whole */
};
MUST_USE struct batch *batch_new(struct service *s, const struct caller *who, const struct kind_info *k, enum lang lang);
struct batch *batch_free(struct batch *b);
DEFINE_AUTO(struct batch, batch_free)
/* Adds a row, or its mistakes. An error ends the import. */
MUST_USE enum code batch_add(struct batch *b, uint64_t line, const struct record_request *r, struct input *in, struct mistakes *m, struct err *reterr);
MUST_USE enum code batch_refuse(struct batch *b, uint64_t line, struct mistakes *m, struct err *reterr);
/* The write, and what follows it. Sets b->code. */
void batch_write(struct batch *b);
