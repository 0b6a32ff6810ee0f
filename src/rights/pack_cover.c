/* pack_cover.c — the letter of an access pack: one page, set with Pango. */
#include <stdio.h>
#include <string.h>

#include "base/say.h"
#include "charter/labels.h"
#include "doc/pdf.h"
#include "rights/pack_inside.h"
#include "rights/paper.h"

enum cover_text {
#define COVER(name, en, pl, hu) C_##name,
#include "rights/texts_pack.tbl"
#undef COVER
    COVER_TEXTS
};
static const struct words texts[COVER_TEXTS] = {
#define COVER(name, en, pl, hu) WORDS(en, pl, hu),
#include "rights/texts_pack.tbl"
#undef COVER
};

#define SIDE 64.0
#define NAMES 150.0                            /* of the column of names */
#define KINDS_SHOWN 12u

struct sheet { const struct packing *p; struct pdf *pdf; double y, width; };
static const struct pdf_style body = { .size = 10.5 }, small = { .size = 9, .grey = 0.35 }, strong = { .size = 10.5, .bold = true };

static const char *text_of(const struct sheet *s, enum cover_text t) { return texts[t].in[s->p->job->lang]; }
static const char *tenant_of(const struct packing *p) { return p->job->tenant_name == NULL ? "" : p->job->tenant_name; }

static void paragraph(struct sheet *s, const struct pdf_style *style, const char *text, double gap) {
    s->y += pdf_text(s->pdf, SIDE, s->y, s->width - 2 * SIDE, style, text) + gap;
}

static void said(struct sheet *s, enum cover_text t, double gap, const char *const *args) {
    AUTO(buf_done) struct buf b = BUF(8192);
    say_plain(&b, text_of(s, t), args);
    paragraph(s, &body, buf_str(&b), gap);
}

static void line(struct sheet *s, const char *name, const char *value) {
    double h = pdf_text(s->pdf, SIDE + 8, s->y, NAMES - 12, &strong, name);
    double used = pdf_text(s->pdf, SIDE + NAMES, s->y, s->width - 2 * SIDE - NAMES, &body, value);
    s->y += (used > h ? used : h) + 2.5;
}

static void head(struct sheet *s) {
    static const struct pdf_style place = { .size = 10, .align = PDF_RIGHT }, title = { .size = 18, .bold = true };
    AUTO(buf_done) struct buf day = BUF(128);
    const struct pack_job *job = s->p->job;
    struct civil c = zone_civil(charter_zone(s->p->s->charter), job->now);
    double half = (s->width - 2 * SIDE) / 2;
    bool access = job->purpose == PACK_ACCESS;
    say_date(&day, job->lang, &c);
    double h = pdf_text(s->pdf, SIDE, s->y, half, &strong, tenant_of(s->p));
    (void)pdf_text(s->pdf, SIDE + half, s->y, half, &place, buf_str(&day));
    s->y += h + 40;
    paragraph(s, &title, text_of(s, access ? C_TITLE_ACCESS : C_TITLE_PORTABILITY), 2);
    paragraph(s, &small, text_of(s, access ? C_LAW_ACCESS : C_LAW_PORTABILITY), 16);
    said(s, !access ? C_BODY_PORTABILITY : job->only_seen ? C_BODY_LINK : C_BODY_ACCESS, 14, SAY_ARGS(tenant_of(s->p), charter_title(s->p->s->charter)->in[job->lang], buf_str(&day)));
}

/* How many of each kind. */
static void counts(struct sheet *s) {
    const struct pack_job *job = s->p->job;
    size_t shown = 0;
    paragraph(s, &strong, text_of(s, C_HELD), 4);
    for (size_t i = 0; i < s->p->s->kinds; i++) {
        AUTO(buf_done) struct buf name = BUF(1024);
        const struct kind *k = service_kind(s->p->s, (int)i)->kind;
        char number[24];
        size_t n = run_of(job->about->list, job->about->count, (int)i).count;
        if (n == 0 || (job->purpose == PACK_PORTABILITY && pack_portable(k) == 0) || shown++ >= KINDS_SHOWN)
            continue;
        label_title(&name, k->label.in[job->lang]);
        snprintf(number, sizeof number, "%zu", n);
        line(s, buf_str(&name), number);
    }
    if (shown == 0)
        paragraph(s, &body, text_of(s, C_NOTHING), 2);
    if (job->about->named_count > 0 && job->purpose == PACK_ACCESS) {
        char number[24];
        snprintf(number, sizeof number, "%zu", job->about->named_count);
        s->y += 3;
        said(s, C_OTHERS, 2, SAY_ARGS(number));
    }
    s->y += 10;
}

static bool has_files(const struct packing *p) {
    for (size_t i = 0; i < p->s->kinds; i++) {
        const struct kind *k = service_kind(p->s, (int)i)->kind;
        for (size_t f = 0; f < k->field_count; f++)
            if (k->fields[f].type == T_FILE && run_of(p->job->about->list, p->job->about->count, (int)i).count > 0)
                return true;
    }
    return false;
}

static void contents(struct sheet *s) {
    bool access = s->p->job->purpose == PACK_ACCESS;
    const struct { const char *name; enum cover_text text; bool there; } files[] = {
        { LETTER_NAME, C_FILE_LETTER, s->p->job->letter != NULL }, { "records/", C_FILE_RECORDS, true }, { "files/", C_FILE_FILES, has_files(s->p) }, { "about.html", C_FILE_ABOUT, access && s->p->job->notice != NULL },
        { "others/", C_FILE_OTHERS, access && s->p->job->about->named_count > 0 }, { "choices.json", C_FILE_CHOICES, access }, { "messages.json", C_FILE_MESSAGES, access && !s->p->job->only_seen },
        { "account.json", C_FILE_ACCOUNT, access && s->p->job->account != NULL },
        { "who_looked.json", C_FILE_LOOKED, access },
        { MANIFEST_NAME "\n" SIGNATURE_NAME, C_FILE_PROOF, true },
    };
    paragraph(s, &strong, text_of(s, C_FILES), 4);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (files[i].there)
            line(s, files[i].name, text_of(s, files[i].text));
    s->y += 10;
}

static void backups(struct sheet *s) {
    AUTO(buf_done) struct buf span = BUF(256);
    struct span undo;
    const char *text = charter_value(s->p->s->charter, "backups.undo");
    if (text == NULL || !span_parse(text, &undo))
        undo = (struct span){ .days = 14 };
    say_span(&span, s->p->job->lang, &undo);
    said(s, C_BACKUPS, 8, SAY_ARGS(buf_str(&span)));
}

static void rights(struct sheet *s) {
    const struct charter *c = s->p->s->charter;
    if (s->p->job->purpose == PACK_ACCESS) {
        said(s, C_SOURCE, 8, SAY_ARGS(tenant_of(s->p)));
        backups(s);
    }
    said(s, C_RIGHTS, 8, SAY_ARGS(charter_contact(c)));
    AUTO(buf_done) struct buf authority = BUF(1024);
    authority_put(c, ", ", &authority);
    said(s, C_AUTHORITY, 8, SAY_ARGS(buf_str(&authority)));
    said(s, C_OPERATOR, 0, SAY_ARGS(charter_operator(c)));
}

enum code cover_make(const struct packing *p, struct buf *ret, struct err *reterr) {
    AUTO(pdf_free) struct pdf *pdf = NULL;
    const struct pack_job *job = p->job;
    const struct pdf_options o = { .width = PDF_A4_SHORT, .height = PDF_A4_LONG, .title = texts[job->purpose == PACK_ACCESS ? C_TITLE_ACCESS : C_TITLE_PORTABILITY].in[job->lang],
                                   .lang = job->lang, .made = job->now };
    enum code code = pdf_new(&o, &pdf, reterr);
    if (code != OK)
        return code;
    struct sheet s = { .p = p, .pdf = pdf, .y = 60, .width = PDF_A4_SHORT };
    head(&s);
    counts(&s);
    contents(&s);
    rights(&s);
    pdf_page(pdf);
    return pdf_end(pdf, ret, reterr);
}
