/* load.h — from a charter file to the frozen model, with every mistake of the file in one run.
 * Ownership: charter_load gives, charter_free takes back. Reads files only; never logs. */
#pragma once
#include "base/buf.h"
#include "charter/charter.h"

enum finding_level { FINDING_ERROR, FINDING_TRAP, FINDING_NOTE };
struct finding {
    enum finding_level level;
    const char *id;                    /* "T11", or a stable error id such as "unknown-key" */
    const char *file;
    struct pos pos; int width;         /* what to mark */
    const char *text;                  /* what, and how to mend */
    const char *suggestion;            /* "did you mean keep?"; NULL */
    const char *source;                /* the line of the file, to print and mark */
};
struct findings;                       /* a list, and the memory of its texts */
MUST_USE struct findings *findings_new(void);
struct findings *findings_free(struct findings *f);
DEFINE_AUTO(struct findings, findings_free)
size_t findings_list(const struct findings *f, const struct finding **ret);
size_t findings_count(const struct findings *f, enum finding_level level);

/* Reads the file. Errors go to `findings`; E_CHARTER when there is one (then *ret is untouched).
 * Other codes: the file cannot be read. */
MUST_USE enum code charter_load(const char *path, struct findings *findings, struct charter **ret, struct err *reterr);
/* The same from memory; `name` stands in the findings. */
MUST_USE enum code charter_load_text(const char *name, const char *text, size_t len, struct findings *findings, struct charter **ret, struct err *reterr);
struct charter *charter_free(struct charter *c);
DEFINE_AUTO(struct charter, charter_free)

struct tree;
const struct tree *charter_tree(const struct charter *c);   /* for lints and explanations; lives as long as the charter */

/* file:line:column, source line, marker, suggestion: for people. */
void findings_print(const struct findings *f, struct buf *ret);
