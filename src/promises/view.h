/* view.h — the public page of promises as HTML (what stands inside <main>) and as JSON: each line of the charter
 * with its state, the time of its last proof, the rule that keeps it in plain words, and the published sentence that it
 * answers. Pure: charter and promises come from the caller and are borrowed. Thread-safe. */
#pragma once
#include <jansson.h>

#include "base/say.h"
#include "promises/promises.h"

struct view_page {
    const struct charter *charter;
    const struct promises *promises;
    enum lang lang;
    usec_t now;
    const enum promise_state *show;   /* only lines in this state; NULL: all */
    /* Says a line as a sentence for people; false, with nothing added: it has none. NULL: the line as written. */
    bool (*sentence)(const struct charter *c, const struct line *line, enum lang lang, struct buf *ret);
};
/* Appends; the caller looks at ret->failed. */
void view_html(const struct view_page *v, struct buf *ret);
/* Only the counts by state, as a list of links to the page of the service with only those lines. */
void view_tally(const struct view_page *v, struct buf *ret);
/* A state as `?show=` of the page names it ("kept", "later", …). */
const char *view_state_name(enum promise_state s);
MUST_USE bool view_state_parse(const char *name, enum promise_state *ret);
/* The same as JSON, in all languages' terms neutral: states by their English name, times RFC 3339. NULL: no memory. */
MUST_USE json_t *view_json(const struct view_page *v);

/* What a rule of rules.tbl enforces, as one sentence. */
const char *view_rule_says(enum rule rule, enum lang lang);
