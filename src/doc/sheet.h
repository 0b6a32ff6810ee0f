/* sheet.h — a paper for an office: A4, one column with facts beside their names, headings that do not stand alone at the end of a page, and a foot that
 * says which page of how many it is. It is drawn twice by the same function: the first time counts the pages. A struct sheet lives within sheet_set
 * and belongs to its thread. */
#pragma once
#include "doc/pdf.h"

struct sheet;
typedef void (*sheet_fn)(struct sheet *s, void *arg);
struct sheet_options {
    const char *title; enum lang lang; usec_t made;
    const char *foot, *of;                     /* a sentence: {1} `of`, {2} the page, {3} how many there are */
};
/* Appended to ret. */
MUST_USE enum code sheet_set(const struct sheet_options *o, sheet_fn draw, void *arg, struct buf *ret, int *ret_pages, struct err *reterr);

/* Whose, in up to three lines, and the day at the right. */
void sheet_head(struct sheet *s, const char *const lines[3], const char *day);
void sheet_title(struct sheet *s, const char *title, const char *under);
void sheet_text(struct sheet *s, const char *text, double gap);         /* a paragraph that goes on on the next page */
void sheet_code(struct sheet *s, const char *text);                     /* lines to type, small and indented */
void sheet_heading(struct sheet *s, const char *text);
void sheet_point(struct sheet *s, const char *text);                    /* of a list */
void sheet_fact(struct sheet *s, const char *name, const char *value);
void sheet_count(struct sheet *s, long long count, const char *what);
/* Hexadecimal in groups of eight, which a person can compare and a line can break. */
void sheet_hex(const char *hex, struct buf *ret);
