/* explain.h — every line of a charter said back as sentences in English, Polish and Hungarian, with the rules that keep
 * it, the probes that try them, and the promise ids behind it. Names stand by their labels, dates in words; the rest is grammar.
 * Pure and thread-safe: templates are constant. */
#pragma once
#include "charter/load.h"

/* One or two sentences. `line` is one of charter_lines(). */
void explain_line(const struct charter *c, const struct line *line, enum lang lang, struct buf *ret);

/* What a probe of the rule tries, in words; NULL: there is none (yet). Probes live in a higher folder. */
typedef const char *(*probe_words)(enum rule rule);
/* For `sejf explain`: each line with its place, its text, the sentences in the wanted languages (bits 1 << lang), its
 * rules with their state and probes, and its ids. `probes` may be NULL. */
void explain_charter(const struct charter *c, unsigned langs, probe_words probes, struct buf *ret);
/* For `sejf check`: "events.yaml:92: not kept yet: logs: kept 30 days (logs_purged)", a row for each line whose rule is
 * known and not obeyed. Returns how many there are. */
size_t explain_later(const struct charter *c, struct buf *ret);
