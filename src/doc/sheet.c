/* sheet.c — invariant: y lies within the page whenever a piece has been drawn. */
#include "doc/sheet.h"

#include <stdio.h>

#include "base/say.h"

#define SIDE 64.0
#define FOOT 48.0
#define LABEL 118.0
#define SHEET_MOST ((size_t)64 << 20)

struct sheet { const struct sheet_options *o; struct pdf *pdf; double y; int page, pages; };
static const struct pdf_style body = { .size = 10 }, strong = { .size = 10.5, .bold = true }, small = { .size = 8.5, .grey = 0.35 };
static const double width = PDF_A4_SHORT - 2 * SIDE, bottom = PDF_A4_LONG - FOOT - 8;

static void page_close(struct sheet *s) {
    static const struct pdf_style foot = { .size = 7.5, .grey = 0.35, .align = PDF_CENTRE };
    AUTO(buf_done) struct buf b = BUF(4096);
    char page[16], pages[16];
    snprintf(page, sizeof page, "%d", s->page);
    snprintf(pages, sizeof pages, "%d", s->pages);
    say_plain(&b, s->o->foot, SAY_ARGS(s->o->of, page, pages));
    pdf_line(s->pdf, SIDE, PDF_A4_LONG - FOOT + 2, SIDE + width, PDF_A4_LONG - FOOT + 2, 0.4, 0.7);
    (void)pdf_text(s->pdf, SIDE, PDF_A4_LONG - FOOT + 7, width, &foot, buf_str(&b));
    pdf_page(s->pdf);
    s->page++;
    s->y = SIDE;
}

static void room(struct sheet *s, double wanted) {
    if (s->y + wanted > bottom)
        page_close(s);
}

static void flow(struct sheet *s, double x, const struct pdf_style *style, const char *text, double gap) {
    AUTO(pdf_flow_free) struct pdf_flow *f = text == NULL || text[0] == 0 ? NULL : pdf_flow_new(s->pdf, width - x, style, text);
    if (f == NULL)
        return;
    room(s, 14);
    for (;;) {
        s->y += pdf_flow_draw(f, SIDE + x, s->y, bottom - s->y);
        if (pdf_flow_done(f))
            break;
        page_close(s);
    }
    s->y += gap;
}

void sheet_text(struct sheet *s, const char *text, double gap) { flow(s, 0, &body, text, gap); }
void sheet_code(struct sheet *s, const char *text) { flow(s, 12, &(struct pdf_style){ .size = 8.5 }, text, 8); }

void sheet_heading(struct sheet *s, const char *text) {
    room(s, 50);
    s->y += 8;
    flow(s, 0, &strong, text, 4);
}

void sheet_point(struct sheet *s, const char *text) {
    room(s, 16);
    (void)pdf_text(s->pdf, SIDE + 4, s->y, 10, &body, "–");
    flow(s, 16, &body, text, 2.5);
}

static void beside(struct sheet *s, const struct pdf_style *style, const char *name, const char *value, double down) {
    room(s, 30);
    double h = pdf_text(s->pdf, SIDE, s->y + down, LABEL - 8, style, name);
    double used = pdf_text(s->pdf, SIDE + LABEL, s->y, width - LABEL, &body, value);
    s->y += (used > h ? used : h) + 4;
}

void sheet_fact(struct sheet *s, const char *name, const char *value) { beside(s, &small, name, value, 1); }

void sheet_count(struct sheet *s, long long count, const char *what) {
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", count);
    beside(s, &(struct pdf_style){ .size = 10, .bold = true, .align = PDF_RIGHT }, digits, what, 0);
}

void sheet_hex(const char *hex, struct buf *ret) {
    for (size_t i = 0; hex[i] != 0; i++) {
        if (i > 0 && i % 8 == 0)
            buf_char(ret, ' ');
        buf_char(ret, hex[i]);
    }
}

void sheet_head(struct sheet *s, const char *const lines[3], const char *day) {
    static const struct pdf_style place = { .size = 10, .align = PDF_RIGHT };
    double h = 0;
    s->y = 54;
    for (int i = 0; i < 3; i++)
        if (lines[i] != NULL && lines[i][0] != 0)
            h += pdf_text(s->pdf, SIDE, s->y + h, width * 0.6, i == 0 ? &strong : &small, lines[i]);
    (void)pdf_text(s->pdf, SIDE + width * 0.6, s->y, width * 0.4, &place, day);
    s->y += h + 28;
}

void sheet_title(struct sheet *s, const char *title, const char *under) {
    flow(s, 0, &(struct pdf_style){ .size = 19, .bold = true }, title, 2);
    flow(s, 0, &strong, under, 12);
}

static enum code set_once(struct sheet *s, sheet_fn draw, void *arg, struct buf *ret, struct err *reterr) {
    const struct pdf_options o = { .width = PDF_A4_SHORT, .height = PDF_A4_LONG, .title = s->o->title, .lang = s->o->lang, .made = s->o->made };
    AUTO(pdf_free) struct pdf *pdf = NULL;
    enum code code = pdf_new(&o, &pdf, reterr);
    if (code != OK)
        return code;
    s->pdf = pdf;
    s->page = 1;
    s->y = SIDE;
    draw(s, arg);
    page_close(s);
    return pdf_end(pdf, ret, reterr);
}

enum code sheet_set(const struct sheet_options *o, sheet_fn draw, void *arg, struct buf *ret, int *ret_pages, struct err *reterr) {
    PRE(o != NULL && o->foot != NULL && o->of != NULL && draw != NULL && ret != NULL && ret_pages != NULL && reterr != NULL);
    AUTO(buf_done) struct buf first = BUF(SHEET_MOST);
    struct sheet s = { .o = o };
    enum code code = set_once(&s, draw, arg, &first, reterr);
    s.pages = s.page - 1;
    if (code == OK)
        code = set_once(&s, draw, arg, ret, reterr);
    if (code == OK)
        *ret_pages = s.pages;
    return code;
}
