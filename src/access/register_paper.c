/* register_paper.c — set twice: the first time to count the pages, which each footer names. */
#include "access/register_paper.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/say.h"
#include "doc/pdf.h"

enum paper_text {
#define PAPER(name, en, pl, hu) P_##name,
#include "access/texts_paper.tbl"
#undef PAPER
    PAPER_TEXTS
};
static const struct words texts[PAPER_TEXTS] = {
#define PAPER(name, en, pl, hu) WORDS(en, pl, hu),
#include "access/texts_paper.tbl"
#undef PAPER
};

#define EDGE 42.0
#define FOOT 46.0                              /* from the lower edge of the paper to the footer */
#define BREATH 4.0                             /* above and below a row's text */

struct sheet { const struct register_paper *p; struct pdf *pdf; double width, height, y; int page, pages; const char *title; };

static const char *text_of(const struct register_paper *p, enum paper_text t) { return texts[t].in[p->lang]; }

static const char *service_title(const struct register_paper *p) {
    if (p->r->charter == NULL)
        return "sejf";
    const struct words *w = charter_title(p->r->charter);
    return w->in[p->lang] != NULL ? w->in[p->lang] : w->in[LANG_EN] != NULL ? w->in[LANG_EN] : charter_name(p->r->charter);
}

static const char *tenant_title(const struct register_paper *p) {
    return p->r->tenant == 0 ? text_of(p, P_STAFF) : p->tenant_name == NULL ? "" : p->tenant_name;
}

static void footer(struct sheet *s) {
    static const struct pdf_style left = { .size = 7.5, .grey = 0.35 }, right = { .size = 7.5, .grey = 0.35, .align = PDF_RIGHT };
    AUTO(buf_done) struct buf b = BUF(1024);
    char page[16], pages[16];
    double half = (s->width - 2 * EDGE) / 2, y = s->height - FOOT + 8;
    snprintf(page, sizeof page, "%d", s->page);
    snprintf(pages, sizeof pages, "%d", s->pages);
    pdf_line(s->pdf, EDGE, y - 4, s->width - EDGE, y - 4, 0.4, 0.7);
    (void)pdf_text(s->pdf, EDGE, y, half, &left, s->title);
    say_plain(&b, text_of(s->p, P_PAGE), SAY_ARGS(page, pages));
    (void)pdf_text(s->pdf, EDGE + half, y, half, &right, buf_str(&b));
}

static void page_end(struct sheet *s) {
    footer(s);
    pdf_page(s->pdf);
    s->page++;
    s->y = EDGE;
}

/* Both passes: `draw` puts everything on the sheet from its first page on. */
static enum code set_twice(const struct register_paper *p, double width, double height, const char *title, void (*draw)(struct sheet *s, const json_t *what),
                           const json_t *what, struct buf *ret, struct err *reterr) {
    const struct pdf_options o = { .width = width, .height = height, .title = title, .lang = p->lang, .made = p->now };
    enum code code = OK;
    for (int pass = 0, pages = 0; pass < 2 && code == OK; pass++) {
        AUTO(pdf_free) struct pdf *pdf = NULL;
        code = pdf_new(&o, &pdf, reterr);
        if (code != OK)
            return code;
        struct sheet s = { .p = p, .pdf = pdf, .width = width, .height = height, .y = EDGE, .page = 1, .pages = pages, .title = title };
        draw(&s, what);
        pages = s.page - 1;
        if (pass == 1)
            code = pdf_end(pdf, ret, reterr);
    }
    return code;
}

/* ---- the register ---- */

static void given_put(const struct register_paper *p, const json_t *e, struct buf *b) {
    authorise_cell(e, "made", p->lang, b);
    if (json_is_string(json_object_get(e, "place"))) {
        buf_text(b, ", ");
        authorise_cell(e, "place", p->lang, b);
    }
    buf_char(b, '\n');
    if (json_is_string(json_object_get(json_object_get(e, "granted_by"), "name")))
        authorise_cell(e, "granted_by.name", p->lang, b);
    else
        buf_text(b, text_of(p, P_OPERATOR));
}

static void valid_put(const struct register_paper *p, const json_t *e, struct buf *b) {
    authorise_cell(e, "from", p->lang, b);
    buf_text(b, " –\n");
    authorise_cell(e, "until", p->lang, b);
}

static void duty_put(const struct register_paper *p, const json_t *e, const char *name, enum paper_text text, struct buf *b) {
    AUTO(buf_done) struct buf value = BUF(64);
    authorise_cell(e, name, p->lang, &value);
    if (value.len == 0)
        return;
    if (b->len > 0)
        buf_char(b, '\n');
    say_plain(b, text_of(p, text), SAY_ARGS(buf_str(&value)));
}

static void duties_put(const struct register_paper *p, const json_t *e, struct buf *b) {
    duty_put(p, e, "undertaking", P_CONFIDENTIALITY, b);
    duty_put(p, e, "training.until", P_TRAINED, b);
}

static void state_put(const struct register_paper *p, const json_t *e, struct buf *b) {
    static const char *const more[] = { "withdrawn.at", "withdrawn.by.name", "withdrawn.why" };
    authorise_cell(e, "state", p->lang, b);
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        size_t len = b->len;
        buf_char(b, '\n');
        authorise_cell(e, more[i], p->lang, b);
        if (b->len == len + 1)
            buf_cut(b, len);
    }
}

static const struct column { enum paper_text head; double width; const char *name; void (*put)(const struct register_paper *p, const json_t *e, struct buf *b); } columns[] = {
    { P_COL_NUMBER, 62, "text", NULL }, { P_COL_PERSON, 92, "name", NULL }, { P_COL_POST, 80, "post", NULL }, { P_COL_SCOPE, 132, "scope", NULL },
    { P_COL_PURPOSE, 104, "purposes", NULL }, { P_COL_GIVEN, 82, NULL, given_put }, { P_COL_VALID, 64, NULL, valid_put }, { P_COL_DUTIES, 72, NULL, duties_put },
    { P_COL_STATE, 70, NULL, state_put },
};
#define COLUMNS ARRAY_LEN(columns)
#define GAP 7.0                                /* between columns; part of their widths */

static double bottom(const struct sheet *s) { return s->height - FOOT - 6; }

static void heads_draw(struct sheet *s) {
    static const struct pdf_style head = { .size = 8, .bold = true };
    double x = EDGE, most = 0, h;
    pdf_fill(s->pdf, EDGE, s->y, s->width - 2 * EDGE, 17, 0.93);
    for (size_t i = 0; i < COLUMNS; i++) {
        if ((h = pdf_text(s->pdf, x + 3, s->y + 3.5, columns[i].width - GAP, &head, text_of(s->p, columns[i].head))) > most)
            most = h;
        x += columns[i].width;
    }
    s->y += 17;
    pdf_line(s->pdf, EDGE, s->y, s->width - EDGE, s->y, 0.8, 0.25);
}

static void page_turn(struct sheet *s) {
    page_end(s);
    heads_draw(s);
}

struct row { struct pdf_flow *cells[COLUMNS]; };

static double row_height(const struct row *r) {
    double most = 0;
    for (size_t i = 0; i < COLUMNS; i++)
        if (pdf_flow_height(r->cells[i]) > most)
            most = pdf_flow_height(r->cells[i]);
    return most;
}

/* As much of the row as the page has room for; false: some of it is left. */
static bool row_draw(struct sheet *s, struct row *r) {
    double x = EDGE, most = 0, used;
    bool done = true;
    for (size_t i = 0; i < COLUMNS; i++) {
        used = pdf_flow_draw(r->cells[i], x + 3, s->y + BREATH, bottom(s) - s->y - 2 * BREATH);
        most = used > most ? used : most;
        done = done && pdf_flow_done(r->cells[i]);
        x += columns[i].width;
    }
    s->y += most + 2 * BREATH;
    pdf_line(s->pdf, EDGE, s->y, s->width - EDGE, s->y, 0.4, 0.75);
    return done;
}

/* What is over stands in grey; number and name of the others are strong. */
static bool row_make(struct sheet *s, const json_t *e, struct row *r) {
    static const struct pdf_style plain = { .size = 8 }, strong = { .size = 8, .bold = true }, grey = { .size = 8, .grey = 0.45 };
    const char *state = json_string_value(json_object_get(e, "state"));
    bool over = state != NULL && (strcmp(state, "ended") == 0 || strcmp(state, "withdrawn") == 0), fine = true;
    for (size_t i = 0; i < COLUMNS; i++) {
        AUTO(buf_done) struct buf b = BUF(ENTRY_TEXT_MAX);
        if (json_is_true(json_object_get(e, "erased")) && i > 0)
            buf_text(&b, i == 1 ? text_of(s->p, P_ERASED) : "");
        else if (columns[i].put != NULL)
            columns[i].put(s->p, e, &b);
        else
            authorise_cell(e, columns[i].name, s->p->lang, &b);
        r->cells[i] = pdf_flow_new(s->pdf, columns[i].width - GAP, over ? &grey : i < 2 ? &strong : &plain, buf_str(&b));
        fine = fine && r->cells[i] != NULL;
    }
    return fine;
}

/* A row goes to the next page whole, but for one that would leave much of this one empty. */
#define LONG_ROW 150.0
#define SHORT_ROOM 60.0

static void row_put(struct sheet *s, const json_t *e) {
    struct row r = { { NULL } };
    if (row_make(s, e, &r)) {
        double height = row_height(&r) + 2 * BREATH;
        if (s->y + height > bottom(s) && (height < LONG_ROW || bottom(s) - s->y < SHORT_ROOM))
            page_turn(s);
        while (!row_draw(s, &r))
            page_turn(s);
    }
    for (size_t i = 0; i < COLUMNS; i++)
        (void)pdf_flow_free(r.cells[i]);
}

static double fact(struct sheet *s, double x, double width, enum paper_text name, const char *value) {
    static const struct pdf_style small = { .size = 7.5, .grey = 0.4 }, plain = { .size = 9.5 };
    double h = pdf_text(s->pdf, x, s->y, width - 10, &small, text_of(s->p, name));
    return h + pdf_text(s->pdf, x, s->y + h, width - 10, &plain, value);
}

static void register_head(struct sheet *s, size_t count) {
    static const struct pdf_style title = { .size = 17, .bold = true }, law = { .size = 9, .grey = 0.35 };
    AUTO(buf_done) struct buf day = BUF(64);
    struct civil today = registrar_civil(s->p->r, s->p->now);
    char number[24];
    double all = s->width - 2 * EDGE, most = 0, h;
    s->y += pdf_text(s->pdf, EDGE, s->y, all, &title, text_of(s->p, P_REGISTER)) + 1;
    s->y += pdf_text(s->pdf, EDGE, s->y, all, &law, text_of(s->p, P_REGISTER_LAW)) + 12;
    say_date(&day, s->p->lang, &today);
    snprintf(number, sizeof number, "%zu", count);
    const struct { enum paper_text name; const char *value; double x, width; } facts[] = {
        { P_SERVICE, service_title(s->p), 0, all * 0.32 }, { P_TENANT, tenant_title(s->p), all * 0.32, all * 0.36 },
        { P_AS_OF, buf_str(&day), all * 0.68, all * 0.18 }, { P_ENTRIES, number, all * 0.86, all * 0.14 },
    };
    for (size_t i = 0; i < ARRAY_LEN(facts); i++)
        if ((h = fact(s, EDGE + facts[i].x, facts[i].width, facts[i].name, facts[i].value)) > most)
            most = h;
    s->y += most + 12;
}

static void register_draw(struct sheet *s, const json_t *list) {
    static const struct pdf_style plain = { .size = 9, .grey = 0.35 };
    size_t i;
    json_t *e;
    register_head(s, json_array_size(list));
    heads_draw(s);
    json_array_foreach((json_t *)(uintptr_t)list, i, e)
        row_put(s, e);
    if (json_array_size(list) == 0)
        s->y += pdf_text(s->pdf, EDGE + 3, s->y + 8, 400, &plain, text_of(s->p, P_NONE));
    page_end(s);
}

static bool collect(const json_t *entry, void *arg) { return json_array_append(arg, (json_t *)(uintptr_t)entry) == 0; }

static void title_put(const struct register_paper *p, const char *what, struct buf *ret) {
    buf_printf(ret, "%s · %s", what, service_title(p));
    if (tenant_title(p)[0] != 0)
        buf_printf(ret, " · %s", tenant_title(p));
}

enum code paper_register(const struct register_paper *p, struct buf *ret, struct err *reterr) {
    AUTO(buf_done) struct buf title = BUF(4096);
    size_t lost = mem_lost();
    json_t *list = json_array();
    title_put(p, text_of(p, P_REGISTER), &title);
    enum code code = authorise_each(p->r, p->now, collect, list, reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for a register");
    if (code == OK)
        code = set_twice(p, PDF_A4_LONG, PDF_A4_SHORT, buf_str(&title), register_draw, list, ret, reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for a register");
    json_decref(list);
    return code;
}

/* ---- one authorisation ---- */

#define SIDE 68.0                              /* the page of a letter */
#define LABEL 128.0

static const struct pdf_style body = { .size = 10.5 }, body_strong = { .size = 10.5, .bold = true }, label = { .size = 9, .grey = 0.4 };

static void line_put(struct sheet *s, enum paper_text name, const struct pdf_style *style, const char *value) {
    double width = s->width - 2 * SIDE, h;
    if (value[0] == 0)
        return;
    AUTO(pdf_flow_free) struct pdf_flow *f = pdf_flow_new(s->pdf, width - LABEL, style, value);
    if (f == NULL)
        return;
    if (s->y + pdf_flow_height(f) > bottom(s))
        page_end(s);
    h = pdf_text(s->pdf, SIDE, s->y + 1.3, LABEL - 8, &label, text_of(s->p, name));
    double used = pdf_flow_draw(f, SIDE + LABEL, s->y, bottom(s) - s->y);
    s->y += (used > h ? used : h) + 7;
}

static void member_put(struct sheet *s, const json_t *e, enum paper_text name, const char *member, const struct pdf_style *style) {
    AUTO(buf_done) struct buf b = BUF(ENTRY_TEXT_MAX);
    authorise_cell(e, member, s->p->lang, &b);
    line_put(s, name, style, buf_str(&b));
}

static void day_put(struct sheet *s, const json_t *e, enum paper_text name, const char *member) {
    AUTO(buf_done) struct buf text = BUF(64);
    AUTO(buf_done) struct buf said = BUF(64);
    struct civil c;
    authorise_cell(e, member, s->p->lang, &text);
    if (text.len > 0 && date_parse(buf_str(&text), &c))
        say_date(&said, s->p->lang, &c);
    line_put(s, name, &body, buf_str(&said));
}

static void sign_put(struct sheet *s, double x, double width, enum paper_text name) {
    static const struct pdf_style small = { .size = 8, .grey = 0.4, .align = PDF_CENTRE };
    pdf_line(s->pdf, x, s->y, x + width, s->y, 0.5, 0.4);
    (void)pdf_text(s->pdf, x, s->y + 3, width, &small, text_of(s->p, name));
}

/* Where and when, on the right as letters have it; then who gives it. */
static void letter_head(struct sheet *s, const json_t *e) {
    static const struct pdf_style place = { .size = 10, .align = PDF_RIGHT }, small = { .size = 9, .grey = 0.35 }, title = { .size = 17, .bold = true, .align = PDF_CENTRE },
                                  under = { .size = 12, .align = PDF_CENTRE };
    AUTO(buf_done) struct buf b = BUF(512);
    AUTO(buf_done) struct buf number = BUF(64);
    AUTO(buf_done) struct buf made = BUF(64);
    AUTO(buf_done) struct buf head = BUF(256);
    struct civil c;
    double width = s->width - 2 * SIDE;
    authorise_cell(e, "place", s->p->lang, &b);
    authorise_cell(e, "made", s->p->lang, &made);
    if (b.len > 0)
        buf_text(&b, ", ");
    if (date_parse(buf_str(&made), &c))
        say_date(&b, s->p->lang, &c);
    s->y = 60;
    double h = pdf_text(s->pdf, SIDE, s->y, width * 0.55, &small, service_title(s->p));
    h += pdf_text(s->pdf, SIDE, s->y + h, width * 0.55, &small, tenant_title(s->p));
    (void)pdf_text(s->pdf, SIDE + width * 0.55, s->y, width * 0.45, &place, buf_str(&b));
    s->y += (h > 24 ? h : 24) + 40;
    authorise_cell(e, "text", s->p->lang, &number);
    say_plain(&head, text_of(s->p, P_NUMBERED), SAY_ARGS(buf_str(&number)));
    s->y += pdf_text(s->pdf, SIDE, s->y, width, &title, buf_str(&head));
    s->y += pdf_text(s->pdf, SIDE, s->y, width, &under, text_of(s->p, P_TO_PROCESS)) + 26;
    s->y += pdf_text(s->pdf, SIDE, s->y, width, &body, text_of(s->p, P_BY_LAW)) + 20;
}

static void facts_put(struct sheet *s, const json_t *e) {
    AUTO(buf_done) struct buf by = BUF(512);
    member_put(s, e, P_PERSON, "name", &body_strong);
    member_put(s, e, P_POST, "post", &body);
    member_put(s, e, P_SCOPE, "scope", &body);
    member_put(s, e, P_PURPOSE, "purposes", &body);
    day_put(s, e, P_FROM, "from");
    day_put(s, e, P_UNTIL, "until");
    authorise_cell(e, "granted_by.name", s->p->lang, &by);
    line_put(s, P_GRANTED, &body, by.len > 0 ? buf_str(&by) : text_of(s->p, P_OPERATOR));
    day_put(s, e, P_TRAINING, "training.until");
    day_put(s, e, P_UNDERTAKEN, "undertaking");
    day_put(s, e, P_WITHDRAWN, "withdrawn.at");
    if (json_is_true(json_object_get(json_object_get(e, "training"), "needed")))
        s->y += pdf_text(s->pdf, SIDE + LABEL, s->y, s->width - 2 * SIDE - LABEL, &label, text_of(s->p, P_TRAINING_NEEDED)) + 7;
}

#define SIGN_ROOM 210.0                        /* of undertaking and signatures, which stay together */

static void letter_draw(struct sheet *s, const json_t *e) {
    double width = s->width - 2 * SIDE, half = (width - 40) / 2;
    letter_head(s, e);
    facts_put(s, e);
    if (s->y + SIGN_ROOM > bottom(s))
        page_end(s);
    s->y += 60;
    sign_put(s, SIDE + half + 40, half, P_SIGN_GIVER);
    s->y += 40;
    s->y += pdf_text(s->pdf, SIDE, s->y, width, &body, text_of(s->p, P_UNDERTAKING)) + 48;
    sign_put(s, SIDE + half + 40, half, P_SIGN_PERSON);
    page_end(s);
}

enum code paper_authorisation(const struct register_paper *p, int64_t number, struct buf *ret, struct err *reterr) {
    AUTO(buf_done) struct buf title = BUF(4096);
    AUTO(buf_done) struct buf head = BUF(256);
    json_t *entry = NULL;
    enum code code = authorise_read(p->r, number, p->now, &entry, reterr);
    if (code == OK && json_is_true(json_object_get(entry, "erased")))
        code = err_set(reterr, E_GONE, "this authorisation was erased");
    say_plain(&head, text_of(p, P_NUMBERED), SAY_ARGS(json_string_value(json_object_get(entry, "text")) ?: ""));
    title_put(p, buf_str(&head), &title);
    if (code == OK)
        code = set_twice(p, PDF_A4_SHORT, PDF_A4_LONG, buf_str(&title), letter_draw, entry, ret, reterr);
    json_decref(entry);
    return code;
}
