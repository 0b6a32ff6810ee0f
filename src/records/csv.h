/* csv.h — tables as text, RFC 4180: rows in from a stream (quotes, line breaks inside them, a byte order mark, ',' ';' or tab),
 * cells out. A reader owns its memory and holds one row; one thread at a time. */
#pragma once
#include "records/records.h"

#define CSV_ROW_MAX ((size_t)1 << 20)          /* bytes of one row */
#define CSV_COLUMNS_MAX 512u

struct csv;
struct cell { const char *text; size_t len; };            /* terminated; lives until the next row */
MUST_USE struct csv *csv_new(const struct source *in);
struct csv *csv_free(struct csv *c);
DEFINE_AUTO(struct csv, csv_free)
/* The next row; *ret_count 0: the end. *ret_line: where it begins. Empty lines are passed over. E_INVALID: a quote that is never
 * closed, a zero byte; E_TOO_LARGE: this row is longer than CSV_ROW_MAX (the next call goes on behind it); E_PEER: cut off. */
MUST_USE enum code csv_row(struct csv *c, const struct cell **ret, size_t *ret_count, uint64_t *ret_line, struct err *reterr);
/* A line of any text, for NDJSON: without its end; the same limits. *ret NULL: the end. */
MUST_USE enum code csv_line(struct csv *c, const char **ret, size_t *ret_len, uint64_t *ret_line, struct err *reterr);
/* ',' ';' or tab, as the first row has it. */
char csv_delimiter(const struct csv *c);

/* A cell, quoted where it must be. guard: a text that a spreadsheet would take for a formula gets a ' before it. */
void csv_put(struct buf *ret, const char *text, size_t len, bool guard);
/* Takes that ' away again. */
void csv_unguard(struct cell *cell);
