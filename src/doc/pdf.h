/* pdf.h — pages of text for an office: PDF by Pango and Cairo, so that every language that sejf speaks is set properly. Lengths are points
 * (1/72 inch) from the top left corner. The fonts are Lato's alone, by their files and not by what a machine prefers: a document looks the
 * same everywhere. A struct pdf and its flows belong to one thread. What fails while a page is set shows at pdf_end. Glib ends the process
 * where there is no memory at all. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/lang.h"
#include "base/time.h"

#define PDF_A4_SHORT 595.276
#define PDF_A4_LONG 841.89

struct pdf;
struct pdf_options { double width, height; const char *title /* of the document's properties */; enum lang lang; usec_t made; };
/* E_CONFIG: the fonts are not installed. */
MUST_USE enum code pdf_new(const struct pdf_options *o, struct pdf **ret, struct err *reterr);
struct pdf *pdf_free(struct pdf *p);
DEFINE_AUTO(struct pdf, pdf_free)
void pdf_page(struct pdf *p);                   /* what comes now stands on the next page */
/* The bytes of the document, once all stands on its pages. */
MUST_USE enum code pdf_end(struct pdf *p, struct buf *ret, struct err *reterr);

enum pdf_align { PDF_LEFT, PDF_CENTRE, PDF_RIGHT };
struct pdf_style { double size; bool bold, italic; enum pdf_align align; double grey /* 0: black */; };

/* A text in lines of a width, drawn piece by piece where a page ends within it. */
struct pdf_flow;
MUST_USE struct pdf_flow *pdf_flow_new(struct pdf *p, double width, const struct pdf_style *s, const char *text);
struct pdf_flow *pdf_flow_free(struct pdf_flow *f);
DEFINE_AUTO(struct pdf_flow, pdf_flow_free)
double pdf_flow_height(const struct pdf_flow *f);        /* of what is left */
bool pdf_flow_done(const struct pdf_flow *f);
/* Draws the lines that fit; returns the height that they took. */
double pdf_flow_draw(struct pdf_flow *f, double x, double y, double room);
/* A whole text at once; returns its height. */
double pdf_text(struct pdf *p, double x, double y, double width, const struct pdf_style *s, const char *text);
void pdf_line(struct pdf *p, double x1, double y1, double x2, double y2, double thickness, double grey);
void pdf_fill(struct pdf *p, double x, double y, double width, double height, double grey);
