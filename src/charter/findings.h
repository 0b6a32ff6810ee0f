/* findings.h — adding to the list of load.h: what readers and lints of this folder use.
 * Texts are copied into the list, with the source line that they mark, so a finding outlives its tree.
 * The list of one file stays sorted by line and column. One thread at a time. */
#pragma once
#include <stdarg.h>

#include "charter/load.h"

struct tree;
struct node;

#define FINDINGS_MAX 1000                     /* of one list; what comes after is counted by a last finding */

/* At a place of the tree; suggestion may be NULL. `tree` gives file name and source line. */
void finding_add(struct findings *f, const struct tree *tree, enum finding_level level, const char *id,
                 struct pos pos, int width, const char *suggestion, const char *fmt, ...) PRINTF_LIKE(8, 9);
/* At the value of a node (a scalar, or the first item), and at its key. */
void finding_node(struct findings *f, const struct tree *tree, enum finding_level level, const char *id,
                  const struct node *node, const char *suggestion, const char *fmt, ...) PRINTF_LIKE(7, 8);
void finding_key(struct findings *f, const struct tree *tree, enum finding_level level, const char *id,
                 const struct node *node, const char *suggestion, const char *fmt, ...) PRINTF_LIKE(7, 8);
/* In a line of a file that is no tree: an error. */
void finding_line(struct findings *f, const char *file, const char *source, const char *id, struct pos pos, int width, const char *fmt, ...) PRINTF_LIKE(7, 8);
/* The word of `words` (count) nearest to `word`, or NULL when none is near enough to be meant. */
const char *nearest(const char *word, const char *const *words, size_t count);
