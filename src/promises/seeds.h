/* seeds.h — the 185 published promises: what answers each one, and where. `sejf seeds` prints docs/seeds.md from
 * the table (seeds.tbl) and from the ids in the trailing comments of the charters. Pure; never logs.
 * Ownership: seed_places_new gives, seed_places_free takes back; rows and their texts are static. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/lang.h"
#include "base/rule.h"

enum seed_owner { SEED_BY_RULE, SEED_BY_EVIDENCE, SEED_BY_TEXT };
struct seed {
    const char *id;                   /* "D-01" */
    const char *charter;              /* "courier": the charter in which it must stand */
    const char *sentence;             /* as published, shortened to its core, in English */
    struct { enum seed_owner by; enum rule rule; const char *generator; } owner;
};
size_t seeds_table(const struct seed **ret);         /* all 185, in order */
/* The sentence in that language (seeds.tbl, seeds_pl.tbl, seeds_hu.tbl); NULL: no published promise has the id. */
const char *seed_says(const char *id, enum lang lang);

/* Where ids stand. */
struct seed_places;
MUST_USE struct seed_places *seed_places_new(void);
struct seed_places *seed_places_free(struct seed_places *p);
DEFINE_AUTO(struct seed_places, seed_places_free)
/* Reads the ids of one charter: "…  # D-13, D-14" behind a value or a key; whole comment lines do not count.
 * file is what the printed page shows and links, such as "charters/courier.yaml". */
MUST_USE enum code seed_places_read(struct seed_places *p, const char *file, const char *text, size_t len, struct err *reterr);

/* One line of text for each thing that is wrong: an id in no charter, in two lines, in the wrong charter, unknown,
 * or with no or two owners in the table. Returns their number. */
size_t seeds_faults(const struct seed *rows, size_t count, const struct seed_places *p, struct buf *ret);
/* docs/seeds.md. Meant for places without faults; an id without a line shows as such. */
void seeds_print(const struct seed *rows, size_t count, const struct seed_places *p, struct buf *ret);
