/* pdf.c — a document has a font map of its own, so that threads share nothing but the files of fonts. Invariant: a flow has drawn the lines before `next`. */
#include "doc/pdf.h"

#include <cairo-pdf.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define FONTS "/usr/share/fonts/truetype/lato/"
#define FAMILY "Lato"
#define PITCH 1.34                             /* from one line to the next, for each point of the size */
#define BASE 1.05                              /* from the top of a line to what its letters stand on */

struct pdf { cairo_surface_t *surface; cairo_t *cairo; PangoFontMap *map; PangoContext *context; enum lang lang; struct buf out; };
struct pdf_flow { struct pdf *pdf; PangoLayout *layout; double grey, size, pitch, left; int next, lines; };

static cairo_status_t take(void *arg, const unsigned char *bytes, unsigned int len) {
    struct buf *out = arg;
    buf_add(out, bytes, len);
    return out->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

/* The library keeps pointers as offsets, which the leak sanitizer does not follow: what it keeps of the fonts, which is kept for good, looks
 * lost to it. Without the sanitizer nobody asks. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfontconfig\n"; }

/* The process has one configuration of fonts, this one: nothing of the machine's is read, and what the library keeps of a font is kept once. */
static enum code fonts_ready(struct err *reterr) {
    static const char *const files[] = { FONTS "Lato-Regular.ttf", FONTS "Lato-Bold.ttf", FONTS "Lato-Italic.ttf" };
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool ready;
    pthread_mutex_lock(&lock);
    if (!ready) {
        FcConfig *config = FcConfigCreate();
        ready = config != NULL;
        for (size_t i = 0; i < ARRAY_LEN(files); i++)
            ready = ready && access(files[i], R_OK) == 0 && FcConfigAppFontAddFile(config, (const FcChar8 *)files[i]);
        ready = ready && FcConfigSetCurrent(config);
        if (config != NULL)
            FcConfigDestroy(config);
    }
    bool fine = ready;
    pthread_mutex_unlock(&lock);
    return fine ? OK : err_set(reterr, E_CONFIG, "the fonts for documents are missing: install the package fonts-lato");
}

static enum code fonts_open(struct pdf *p, struct err *reterr) {
    enum code code = fonts_ready(reterr);
    if (code != OK)
        return code;
    p->map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
    if (p->map == NULL)
        return err_set(reterr, E_SYSTEM, "Pango works without FreeType here; documents cannot be set");
    pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(p->map), 72);
    return OK;
}

static void describe(struct pdf *p, const struct pdf_options *o) {
    char when[40];
    cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_TITLE, o->title);
    cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_CREATOR, "sejf");
    cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_CREATE_DATE, time_format(o->made - o->made % USEC_PER_SEC, when, sizeof when));
    pango_context_set_language(p->context, pango_language_from_string(lang_code(o->lang)));
}

/* Letters stand where the type says, and not where the dots of a screen are. */
static void print_metrics(struct pdf *p) {
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    pango_cairo_context_set_font_options(p->context, options);
    cairo_font_options_destroy(options);
    pango_context_set_round_glyph_positions(p->context, FALSE);
    pango_cairo_update_context(p->cairo, p->context);
}

enum code pdf_new(const struct pdf_options *o, struct pdf **ret, struct err *reterr) {
    PRE(o != NULL && o->title != NULL && o->width > 0 && o->height > 0);
    AUTO(pdf_free) struct pdf *p = mem_new(sizeof *p);
    if (p == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a document");
    p->out = BUF((size_t)256 << 20);
    p->lang = o->lang;
    enum code code = fonts_open(p, reterr);
    if (code != OK)
        return code;
    p->surface = cairo_pdf_surface_create_for_stream(take, &p->out, o->width, o->height);
    p->cairo = cairo_create(p->surface);
    p->context = pango_font_map_create_context(p->map);
    if (cairo_status(p->cairo) != CAIRO_STATUS_SUCCESS || p->context == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a document");
    print_metrics(p);
    describe(p, o);
    *ret = TAKE(p);
    return OK;
}

struct pdf *pdf_free(struct pdf *p) {
    if (p == NULL)
        return NULL;
    g_clear_object(&p->context);
    if (p->cairo != NULL)
        cairo_destroy(p->cairo);
    if (p->surface != NULL)
        cairo_surface_destroy(p->surface);    /* which may still write */
    g_clear_object(&p->map);
    buf_wipe(&p->out);
    return mem_free(p);
}

void pdf_page(struct pdf *p) { cairo_show_page(p->cairo); }

enum code pdf_end(struct pdf *p, struct buf *ret, struct err *reterr) {
    cairo_surface_finish(p->surface);
    if (p->out.failed)
        return err_set(reterr, E_TOO_LARGE, "the document is too large");
    if (cairo_status(p->cairo) != CAIRO_STATUS_SUCCESS || cairo_surface_status(p->surface) != CAIRO_STATUS_SUCCESS)
        return err_set(reterr, E_MEMORY, "no memory for a document");
    buf_add(ret, p->out.data, p->out.len);
    return ret->failed ? err_set(reterr, E_TOO_LARGE, "the document is too large") : OK;
}

/* ---- text */

/* Words that no line ends with: short numbers, those before a number ("art. 93", "no. 4"), and in Polish those of one letter ("w którym"). */
static bool clings(enum lang lang, const char *word, size_t len, char next) {
    static const char *const before_numbers[] = { "art.", "Art.", "Article", "section", "ust.", "lit.", "nr", "no.", "§" };
    if (len == 3 && memcmp(word, "ul.", 3) == 0)
        return true;
    if (len <= 2 && strspn(word, "0123456789") >= len)                          /* "14 dni" */
        return true;
    if (lang == LANG_PL && len == 1 && strchr("aiouwzAIOUWZ", word[0]) != NULL)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(before_numbers); i++)
        if (strlen(before_numbers[i]) == len && memcmp(before_numbers[i], word, len) == 0)
            return (next >= '0' && next <= '9') || (len == 4 && memcmp(word, "lit.", 4) == 0);
    return false;
}

/* The text with spaces at which no line breaks where one should not. */
static void bind(enum lang lang, const char *text, struct buf *ret) {
    for (const char *p = text; *p != 0;) {
        size_t n = strcspn(p, " \n");
        const char *word = p;
        size_t len = n;
        while (len > 0 && strchr("([„“\"", *word) != NULL) {
            word++;
            len--;
        }
        buf_add(ret, p, n);
        p += n;
        if (*p == ' ' && len > 0 && clings(lang, word, len, p[1])) {
            buf_text(ret, "\u00a0");
            p++;
        } else if (*p != 0) {
            buf_char(ret, *p++);
        }
    }
}

static PangoLayout *layout_of(struct pdf *p, double width, const struct pdf_style *s, const char *text) {
    static const PangoAlignment aligns[] = { [PDF_LEFT] = PANGO_ALIGN_LEFT, [PDF_CENTRE] = PANGO_ALIGN_CENTER, [PDF_RIGHT] = PANGO_ALIGN_RIGHT };
    PangoLayout *l = pango_layout_new(p->context);
    PangoFontDescription *d = pango_font_description_new();
    pango_font_description_set_family_static(d, FAMILY);
    pango_font_description_set_absolute_size(d, s->size * PANGO_SCALE);
    pango_font_description_set_weight(d, s->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_style(d, s->italic ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL);
    pango_layout_set_font_description(l, d);
    pango_font_description_free(d);
    pango_layout_set_width(l, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(l, PANGO_WRAP_WORD_CHAR);        /* a word that is longer than its column is broken */
    pango_layout_set_alignment(l, aligns[s->align]);
    AUTO(buf_wipe) struct buf bound = BUF((size_t)16 << 20);
    bind(p->lang, text, &bound);
    if (bound.failed)
        buf_fail(&p->out);
    else
        pango_layout_set_text(l, buf_str(&bound), -1);
    return l;
}

struct pdf_flow *pdf_flow_new(struct pdf *p, double width, const struct pdf_style *s, const char *text) {
    struct pdf_flow *f = mem_new(sizeof *f);
    if (f == NULL)
        return NULL;
    *f = (struct pdf_flow){ .pdf = p, .layout = layout_of(p, width, s, text), .grey = s->grey, .size = s->size, .pitch = s->size * PITCH };
    f->lines = text[0] == 0 ? 0 : pango_layout_get_line_count(f->layout);
    f->left = f->lines * f->pitch;
    return f;
}

struct pdf_flow *pdf_flow_free(struct pdf_flow *f) {
    if (f == NULL)
        return NULL;
    g_object_unref(f->layout);
    return mem_free(f);
}

double pdf_flow_height(const struct pdf_flow *f) { return f->left; }
bool pdf_flow_done(const struct pdf_flow *f) { return f->next == f->lines; }

double pdf_flow_draw(struct pdf_flow *f, double x, double y, double room) {
    PangoLayoutIter *i = pango_layout_get_iter(f->layout);
    double used = 0;
    cairo_set_source_rgb(f->pdf->cairo, f->grey, f->grey, f->grey);
    for (int line = 0; line < f->lines; line++, (void)pango_layout_iter_next_line(i)) {
        PangoRectangle logical;
        if (line < f->next)
            continue;
        if (used + f->pitch > room + 0.01)
            break;
        pango_layout_iter_get_line_extents(i, NULL, &logical);
        cairo_move_to(f->pdf->cairo, x + (double)logical.x / PANGO_SCALE, y + used + f->size * BASE);
        pango_cairo_show_layout_line(f->pdf->cairo, pango_layout_iter_get_line_readonly(i));
        used += f->pitch;
        f->next++;
    }
    pango_layout_iter_free(i);
    f->left -= used;
    return used;
}

double pdf_text(struct pdf *p, double x, double y, double width, const struct pdf_style *s, const char *text) {
    AUTO(pdf_flow_free) struct pdf_flow *f = pdf_flow_new(p, width, s, text);
    if (f == NULL)
        buf_fail(&p->out);
    return f == NULL ? 0 : pdf_flow_draw(f, x, y, 1e9);
}

/* ---- lines */

void pdf_line(struct pdf *p, double x1, double y1, double x2, double y2, double thickness, double grey) {
    cairo_set_source_rgb(p->cairo, grey, grey, grey);
    cairo_set_line_width(p->cairo, thickness);
    cairo_move_to(p->cairo, x1, y1);
    cairo_line_to(p->cairo, x2, y2);
    cairo_stroke(p->cairo);
}

void pdf_fill(struct pdf *p, double x, double y, double width, double height, double grey) {
    cairo_set_source_rgb(p->cairo, grey, grey, grey);
    cairo_rectangle(p->cairo, x, y, width, height);
    cairo_fill(p->cairo);
}
