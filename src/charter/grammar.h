/* grammar.h — the tables of the charter language (keys.tbl, forms.tbl) and the reading of a tree by them: every key
 * known, every value a sentence of a known form. What a sentence means is the business of build.h.
 * Tables are constant; a reading belongs to its arena. */
#pragma once
#include "base/rule.h"
#include "charter/sentence.h"
#include "charter/tree.h"

enum key_id {
    KEY_TOP,
#define KEY(id, parent, name, shapes, flags, what) KEY_##id,
#include "charter/keys.tbl"
#undef KEY
    KEY_COUNT
};
enum form_id {
    FORM_NONE,
#define FORM(id, key, pattern, keeper) FORM_##id,
#define HEAD(id, key, keeper) FORM_##id,
#include "charter/forms.tbl"
#undef FORM
#undef HEAD
    FORM_COUNT
};

#define SHAPE_S 1u
#define SHAPE_M 2u
#define SHAPE_L 4u
#define FLAG_NEEDED 1u
#define FLAG_SHOWN 2u
#define FLAG_HEADED 4u
#define FLAG_DETAIL 8u
#define FLAG_SPOKEN 16u
struct key_spec { const char *id, *name, *what; enum key_id parent; unsigned shapes, flags; };

enum keeper { KEEPER_RULE, KEEPER_SAID, KEEPER_PAPER };
struct form_spec { const char *id; enum key_id key; const char *pattern; /* NULL: a head */ enum keeper keeper; const enum rule *rules; size_t rule_count; };

const struct key_spec *key_spec(enum key_id key);
const struct form_spec *form_spec(enum form_id form);
/* Forms of a key stand together: the first, then while form_spec(f)->key is the same. FORM_NONE: none. */
enum form_id key_first_form(enum key_id key);

/* What a node was read as. */
struct said { enum key_id key; enum form_id form; const struct capture *list; size_t count; };

/* Reads the whole tree. *ret has tree_nodes() rows; a row without form is a map, a list or a mistake that findings
 * tell. *ret_bad: there were mistakes. E_MEMORY only. */
MUST_USE enum code grammar_read(const struct tree *tree, struct findings *findings, struct arena *arena,
                                const struct said **ret, bool *ret_bad, struct err *reterr);
/* Reads one sentence as a form of `key` (for tests and tools). */
MUST_USE bool grammar_sentence(struct arena *arena, enum key_id key, const char *text, struct said *ret, struct miss *miss);
/* "`hte` does not fit here: write `the` …"; *ret_better may become a word to suggest. */
void grammar_explain(enum key_id key, const struct miss *miss, struct buf *ret, const char **ret_better);
