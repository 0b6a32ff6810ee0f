/* markup.h — the small language of message texts. Blocks: paragraphs (an empty line between them; a line is a line), "# heading", "- item". In a
 * line: **strong**, [words](https://… or mailto:…), {{value}}; a backslash before one of \ * [ ] { # - lets it stand as it is. Marks close in
 * their line and do not stand in one another. The address of a link may hold values behind its host, or be one value alone: {{link}}. Reading and
 * rendering are pure; a text that was read is shared by threads. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct markup;
struct markup_name { const char *name; bool address; };
struct markup_rules { const struct markup_name *names; size_t count; bool subject /* one line of words and values, without marks */; };
/* A mistake: where it is (from 1) and what mends it. The source is not repeated but for names of values. */
typedef void (*markup_mistake_fn)(void *arg, int line, int column, const char *text);
/* source: UTF-8 without control characters but line ends and tabs. E_FIELDS after mistakes. */
MUST_USE enum code markup_read(const char *source, const struct markup_rules *rules, markup_mistake_fn mistake, void *arg, struct markup **ret, struct err *reterr);
struct markup *markup_free(struct markup *m);
DEFINE_AUTO(struct markup, markup_free)
bool markup_uses(const struct markup *m, const char *name);

/* The value of a name; NULL: none, which is empty. Any bytes: what is not UTF-8, and what steers a terminal or the direction of writing, is left out. */
struct markup_values { const char *(*get)(void *arg, const char *name); void *arg; };
enum markup_form { MARKUP_TEXT, MARKUP_SMS, MARKUP_HTML, MARKUP_LINE /* a subject: one line */ };
void markup_put(const struct markup *m, enum markup_form form, const struct markup_values *values, struct buf *ret);
