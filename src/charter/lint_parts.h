/* lint_parts.h — what the files of the linter share: the charter under the lint, phrases, places. Internal to lint*.c. */
#pragma once
#include "base/buf.h"
#include "charter/lint.h"
#include "charter/tree.h"

struct lint {
    const struct charter *charter;
    const struct tree *tree;
    const char *today;
    struct findings *findings;
    bool failed;                              /* memory ran out somewhere */
};

/* The scalar or list at a path of keys from the top, such as lint_get(l, "backups", "stored"); NULL. */
const struct node *lint_get(const struct lint *l, const char *section, const char *key);
/* Text of a scalar node, or the main one of a text by language; "" otherwise. */
const char *lint_text(const struct node *n);
/* Folded for matching (lower case, no diacritics) in ret; "" when memory ran out, and then l->failed is set. */
const char *lint_fold(struct lint *l, const char *text, struct buf *ret);
void lint_trap(struct lint *l, const char *id, const struct node *at, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Do the words of the phrase stand in the folded text one after another? A word that ends in '~' is a beginning. */
bool phrase_in(const char *folded, const char *phrase);
/* The first phrase of the list (ended by NULL) that does; NULL. */
const char *phrase_of(const char *folded, const char *const *phrases);
bool has_digit(const char *text);

/* "kept 1 year" of "every 3 hours, kept 1 year": the span behind a word that starts a part of the sentence. */
bool sentence_span(const char *text, const char *word, struct span *ret);

/* places: country codes of telephone numbers, and what belongs to the EU and the EEA. */
bool place_in_eea(const char *iso_or_region);         /* "PL", "EU", "EEA"; unknown: false */
/* Compares a list of codes ("+36 +48") with its description; says the difference in ret. False: there is one. */
bool places_agree(const char *codes, const char *described, struct buf *ret);

/* The topics; each adds its findings. */
void lint_claims(struct lint *l);
void lint_lines(struct lint *l);
void lint_keeping(struct lint *l);
void lint_texts(struct lint *l);
void lint_accounts(struct lint *l);
void lint_messages(struct lint *l);
