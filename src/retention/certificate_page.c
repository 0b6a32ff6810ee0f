/* certificate_page.c — set twice: the first time to count the pages, which each footer names. */
#include "retention/certificate_page.h"

#include <stdio.h>
#include <string.h>

#include "base/say.h"
#include "base/text.h"
#include "charter/labels.h"
#include "doc/pdf.h"

enum cert_text {
#define CERT(name, en, pl, hu) C_##name,
#include "retention/texts_certificate.tbl"
#undef CERT
    CERT_TEXTS
};
static const struct words texts[CERT_TEXTS] = {
#define CERT(name, en, pl, hu) WORDS(en, pl, hu),
#include "retention/texts_certificate.tbl"
#undef CERT
};

#define SIDE 64.0
#define FOOT 48.0
#define LABEL 118.0
#define RANGES_SHOWN 240u                      /* of the numbers of the keys; all of them stand in the file */
#define SAID_MOST ((size_t)1 << 16)

struct sheet { const struct certificate *c; const struct certificate_look *look; struct pdf *pdf; double y; int page, pages; };
static const struct pdf_style body = { .size = 10 }, strong = { .size = 10.5, .bold = true }, small = { .size = 8.5, .grey = 0.35 };
static const double width = PDF_A4_SHORT - 2 * SIDE, bottom = PDF_A4_LONG - FOOT - 8;

static const char *words_of(const struct sheet *s, enum cert_text t) { return texts[t].in[s->look->lang]; }
static const char *member(const struct sheet *s, const char *name) { return json_string_value(json_object_get(s->c->body, name)) ?: ""; }
static long long number_of(const json_t *o, const char *name) { return (long long)json_integer_value(json_object_get(o, name)); }

static void page_close(struct sheet *s) {
    static const struct pdf_style foot = { .size = 7.5, .grey = 0.35, .align = PDF_CENTRE };
    AUTO(buf_done) struct buf b = BUF(1024);
    char page[16], pages[16];
    snprintf(page, sizeof page, "%d", s->page);
    snprintf(pages, sizeof pages, "%d", s->pages);
    say_plain(&b, words_of(s, C_PAGE), SAY_ARGS(charter_operator(s->look->charter), page, pages));
    pdf_line(s->pdf, SIDE, PDF_A4_LONG - FOOT + 2, SIDE + width, PDF_A4_LONG - FOOT + 2, 0.4, 0.7);
    (void)pdf_text(s->pdf, SIDE, PDF_A4_LONG - FOOT + 7, width, &foot, buf_str(&b));
    pdf_page(s->pdf);
    s->page++;
    s->y = SIDE;
}

/* A text that goes on on the next page where this one ends. */
static void flow(struct sheet *s, double x, const struct pdf_style *style, const char *text, double gap) {
    AUTO(pdf_flow_free) struct pdf_flow *f = pdf_flow_new(s->pdf, width - x, style, text);
    if (f == NULL || text[0] == 0)
        return;
    if (s->y + 14 > bottom)
        page_close(s);
    for (;;) {
        s->y += pdf_flow_draw(f, SIDE + x, s->y, bottom - s->y);
        if (pdf_flow_done(f))
            break;
        page_close(s);
    }
    s->y += gap;
}

static void heading(struct sheet *s, enum cert_text t) {
    if (s->y + 50 > bottom)                    /* not alone at the end of a page */
        page_close(s);
    s->y += 8;
    flow(s, 0, &strong, words_of(s, t), 4);
}

static void point(struct sheet *s, enum cert_text t) {
    if (s->y + 16 > bottom)
        page_close(s);
    (void)pdf_text(s->pdf, SIDE + 4, s->y, 10, &body, "–");
    flow(s, 16, &body, words_of(s, t), 2.5);
}

static void fact(struct sheet *s, enum cert_text name, const char *value) {
    if (s->y + 30 > bottom)
        page_close(s);
    double h = pdf_text(s->pdf, SIDE, s->y + 1, LABEL - 8, &small, words_of(s, name));
    double used = pdf_text(s->pdf, SIDE + LABEL, s->y, width - LABEL, &body, value);
    s->y += (used > h ? used : h) + 4;
}

static void said(struct sheet *s, enum cert_text t, const char *const *args, struct buf *ret) { say_plain(ret, words_of(s, t), args); }

static void moment_put(const struct sheet *s, const char *time, struct buf *ret) {
    usec_t t;
    if (!time_parse(time, &t)) {
        buf_text(ret, time);
        return;
    }
    struct civil c = zone_civil(charter_zone(s->look->charter), t);
    say_moment(ret, s->look->lang, &c);
}

/* In groups of eight, which a person can compare and a line can break. */
static void hex_put(const char *hex, struct buf *ret) {
    for (size_t i = 0; hex[i] != 0; i++) {
        if (i > 0 && i % 8 == 0)
            buf_char(ret, ' ');
        buf_char(ret, hex[i]);
    }
}

static void hex_fact(struct sheet *s, enum cert_text name, const char *hex) {
    AUTO(buf_done) struct buf groups = BUF(256);
    hex_put(hex, &groups);
    fact(s, name, buf_str(&groups));
}

/* ---- what it says */

/* "registration", or "registration: name, email" where only a part went. */
static void kind_put(const struct sheet *s, const char *name, struct buf *ret) {
    AUTO(buf_done) struct buf word = BUF(256);
    const struct charter *c = s->look->charter;
    size_t n = strcspn(name, ":");
    buf_add(&word, name, n);
    int kind = charter_kind(c, buf_str(&word));
    const struct kind *k = kind < 0 ? NULL : charter_kind_at(c, kind);
    if (k == NULL) {
        buf_text(ret, name);
        return;
    }
    label_title(ret, k->label.in[s->look->lang]);
    for (const char *p = name + n; *p != 0; p += n) {
        p += strspn(p, ":, ");
        n = strcspn(p, ", ");
        buf_cut(&word, 0);
        buf_add(&word, p, n);
        buf_text(ret, p == name + strcspn(name, ":") + strspn(name + strcspn(name, ":"), ":, ") ? ": " : ", ");
        label_say(ret, c, k, buf_str(&word), s->look->lang);
    }
}

static void counts_draw(struct sheet *s) {
    const char *name;
    json_t *count;
    heading(s, C_WHAT);
    json_object_foreach(json_object_get(s->c->body, "counts"), name, count) {
        AUTO(buf_done) struct buf kind = BUF(2048);
        char digits[24];
        kind_put(s, name, &kind);
        snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(count));
        if (s->y + 30 > bottom)
            page_close(s);
        double h = pdf_text(s->pdf, SIDE, s->y, LABEL - 8, &(struct pdf_style){ .size = 10, .bold = true, .align = PDF_RIGHT }, digits);
        double used = pdf_text(s->pdf, SIDE + LABEL, s->y, width - LABEL, &body, buf_str(&kind));
        s->y += (used > h ? used : h) + 3;
    }
    if (json_object_size(json_object_get(s->c->body, "counts")) == 0)
        flow(s, LABEL, &body, words_of(s, C_KEYS_ONLY), 3);
    s->y += 6;
}

static void why_draw(struct sheet *s) {
    static const struct { const char *cause; enum cert_text text; } causes[] = {
        { "due", C_DUE }, { "owner", C_OWNER }, { "person", C_PERSON }, { "consent", C_CONSENT }, { "closed", C_CLOSED }, { "moved", C_MOVED } };
    static const struct { const char *start; enum cert_text text; } makers[] = { { "token ", C_BY_TOKEN }, { "link ", C_BY_LINK }, { "account ", C_BY_ACCOUNT } };
    const char *cause = member(s, "cause"), *by = member(s, "by"), *why = cause;
    AUTO(buf_done) struct buf who = BUF(512);
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        if (strcmp(causes[i].cause, cause) == 0)
            why = words_of(s, causes[i].text);
    for (size_t i = 0; i < ARRAY_LEN(makers); i++)
        if (strncmp(by, makers[i].start, strlen(makers[i].start)) == 0)
            said(s, makers[i].text, SAY_ARGS(by + strlen(makers[i].start)), &who);
    fact(s, C_WHY, why);
    fact(s, C_BY, strcmp(by, "sejf") == 0 ? words_of(s, C_BY_SEJF) : who.len > 0 ? buf_str(&who) : by);
}

static void keys_draw(struct sheet *s) {
    const json_t *keys = json_object_get(s->c->body, "keys");
    const char *ranges = json_string_value(json_object_get(keys, "ranges")) ?: "";
    AUTO(buf_done) struct buf shown = BUF(1024), list = BUF(2048), line = BUF(4096);
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", number_of(keys, "count"));
    for (const char *p = ranges; *p != 0 && shown.len < RANGES_SHOWN;) {      /* whole ones, with room to break a line between them */
        size_t n = strcspn(p, ",");
        buf_text(&shown, p == ranges ? "" : ", ");
        buf_add(&shown, p, n);
        p += n + (p[n] == ',');
        if (*p != 0 && shown.len >= RANGES_SHOWN)
            said(s, C_KEYS_MORE, SAY_ARGS(buf_str(&shown)), &list);
    }
    said(s, C_KEYS_ARE, SAY_ARGS(digits, list.len > 0 ? buf_str(&list) : buf_str(&shown)), &line);
    fact(s, C_KEYS, ranges[0] == 0 ? digits : buf_str(&line));
}

static void facts_draw(struct sheet *s) {
    const json_t *renewal = json_object_get(s->c->body, "renewal"), *ledger = json_object_get(s->c->body, "ledger");
    AUTO(buf_done) struct buf from = BUF(128), until = BUF(128), at = BUF(128), when = BUF(512), final = BUF(512), stood = BUF(512), head = BUF(256);
    char epoch[24], seq[24];
    bool once = strcmp(member(s, "from"), member(s, "until")) == 0;
    moment_put(s, member(s, "from"), &from);
    moment_put(s, member(s, "until"), &until);
    moment_put(s, json_string_value(json_object_get(renewal, "at")) ?: "", &at);
    once |= strcmp(buf_str(&from), buf_str(&until)) == 0;
    snprintf(epoch, sizeof epoch, "%lld", number_of(renewal, "epoch"));
    snprintf(seq, sizeof seq, "%lld", number_of(ledger, "seq"));
    hex_put(json_string_value(json_object_get(ledger, "head")) ?: "", &head);
    said(s, C_FROM_UNTIL, SAY_ARGS(buf_str(&from), buf_str(&until)), &when);
    said(s, C_FINAL_IS, SAY_ARGS(buf_str(&at), epoch), &final);
    said(s, C_LEDGER_IS, SAY_ARGS(seq, buf_str(&head)), &stood);
    why_draw(s);
    fact(s, C_WHEN, once ? buf_str(&from) : buf_str(&when));
    keys_draw(s);
    fact(s, C_FINAL, buf_str(&final));
    fact(s, C_LEDGER, buf_str(&stood));
}

static void head_draw(struct sheet *s) {
    static const struct pdf_style place = { .size = 10, .align = PDF_RIGHT }, big = { .size = 19, .bold = true };
    const struct charter *c = s->look->charter;
    AUTO(buf_done) struct buf day = BUF(128), number = BUF(1024), span = BUF(256), undo = BUF(512);
    const char *text = charter_value(c, "backups.undo");
    struct span left;
    char digits[24];
    moment_put(s, member(s, "made"), &day);
    s->y = 54;
    double h = pdf_text(s->pdf, SIDE, s->y, width * 0.6, &strong, charter_operator(c));
    h += pdf_text(s->pdf, SIDE, s->y + h, width * 0.6, &small, charter_title(c)->in[s->look->lang]);
    h += pdf_text(s->pdf, SIDE, s->y + h, width * 0.6, &small, charter_contact(c));
    (void)pdf_text(s->pdf, SIDE + width * 0.6, s->y, width * 0.4, &place, buf_str(&day));
    s->y += h + 28;
    flow(s, 0, &big, words_of(s, C_TITLE), 2);
    snprintf(digits, sizeof digits, "%lld", number_of(s->c->body, "number"));
    said(s, C_NUMBER, SAY_ARGS(digits, s->look->tenant_name == NULL ? "" : s->look->tenant_name), &number);
    flow(s, 0, &strong, buf_str(&number), 12);
    flow(s, 0, &body, words_of(s, C_LEAD), 4);
    if (text == NULL || !span_parse(text, &left))
        left = (struct span){ .days = 14 };
    say_span(&span, s->look->lang, &left);
    said(s, C_UNDO, SAY_ARGS(buf_str(&span)), &undo);
    flow(s, 0, &body, buf_str(&undo), 6);
}

static void proof_draw(struct sheet *s) {
    static const enum cert_text proved[] = { C_PROVED_TEXT, C_PROVED_KEYS, C_PROVED_LEDGER }, open[] = { C_OPEN_COPIES, C_OPEN_COUNTS, C_OPEN_KEY };
    AUTO(buf_done) struct buf hash = BUF(80), key = BUF(80), command = BUF(512);
    heading(s, C_PROVED);
    for (size_t i = 0; i < ARRAY_LEN(proved); i++)
        point(s, proved[i]);
    heading(s, C_OPEN);
    for (size_t i = 0; i < ARRAY_LEN(open); i++)
        point(s, open[i]);
    heading(s, C_CHECK);
    flow(s, 0, &body, words_of(s, C_CHECK_HOW), 5);
    hex_encode(s->c->public, PUBLIC_SIZE, &key);
    hex_encode(s->c->hash, HASH_SIZE, &hash);
    buf_printf(&command, "sejf certificate verify certificate-%lld.json \\\n    --public %s \\\n    --ledger ledger.ndjson", number_of(s->c->body, "number"), buf_str(&key));
    flow(s, 12, &(struct pdf_style){ .size = 8.5 }, buf_str(&command), 8);
    hex_fact(s, C_HASH, buf_str(&hash));
    hex_fact(s, C_KEY, buf_str(&key));
}

static enum code sheet_set(struct sheet *s, usec_t made, struct buf *ret, struct err *reterr) {
    const struct pdf_options o = { .width = PDF_A4_SHORT, .height = PDF_A4_LONG, .title = words_of(s, C_TITLE), .lang = s->look->lang, .made = made };
    AUTO(pdf_free) struct pdf *pdf = NULL;
    enum code code = pdf_new(&o, &pdf, reterr);
    if (code != OK)
        return code;
    s->pdf = pdf;
    s->page = 1;
    head_draw(s);
    counts_draw(s);
    facts_draw(s);
    proof_draw(s);
    page_close(s);
    return pdf_end(pdf, ret, reterr);
}

enum code certificate_page(const char *text, size_t len, const struct certificate_look *look, struct buf *ret, struct err *reterr) {
    PRE(text != NULL && look != NULL && look->charter != NULL && look->lang < LANG_COUNT && ret != NULL && reterr != NULL);
    AUTO(certificate_done) struct certificate c = { .body = NULL };
    AUTO(buf_done) struct buf first = BUF(CERTIFICATE_MOST);
    usec_t made = 0;
    enum code code = certificate_verify(text, len, NULL, &c, reterr);
    if (code != OK)
        return code;
    struct sheet s = { .c = &c, .look = look };
    if (!time_parse(member(&s, "made"), &made))
        return err_set(reterr, E_DAMAGED, "the certificate does not say when it was made");
    code = sheet_set(&s, made, &first, reterr);
    s.pages = s.page - 1;
    return code == OK ? sheet_set(&s, made, ret, reterr) : code;
}
