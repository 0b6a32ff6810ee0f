/* paper.c — set twice: the first time to count the pages, which each footer names. */
#include "rights/paper.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/say.h"
#include "charter/labels.h"
#include "doc/pdf.h"
#include "rights/request_int.h"
#include "rights/tell.h"

enum paper_text {
#define PAPER(name, en, pl, hu) P_##name,
#include "rights/texts_paper.tbl"
#undef PAPER
    PAPER_TEXTS
};
static const struct words texts[PAPER_TEXTS] = {
#define PAPER(name, en, pl, hu) WORDS(en, pl, hu),
#include "rights/texts_paper.tbl"
#undef PAPER
};
static const struct authority authorities[] = {
#define AUTHORITY(country, brief, name, address, web) { #country, brief, name, address, web },
#include "rights/authorities.tbl"
#undef AUTHORITY
};
static const char *const names[PAPERS] = { "newest", "received", "extended", "answered", "refused", "recipient" };

#define SIDE 68.0
#define FOOT 52.0
#define LABEL 128.0
#define LETTER_ROOM ((size_t)1 << 18)

struct sheet {
    struct request_work *w; struct pdf *pdf; enum lang lang; enum paper what; const json_t *recipient;
    double y; int page, pages; const char *foot;
};
static const struct pdf_style body = { .size = 10.5 }, strong = { .size = 10.5, .bold = true }, small = { .size = 9, .grey = 0.35 };
static const double width = PDF_A4_SHORT - 2 * SIDE, bottom = PDF_A4_LONG - FOOT - 10;

bool paper_find(const char *name, enum paper *ret) {
    for (size_t i = 1; name != NULL && i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0) {
            *ret = (enum paper)i;
            return true;
        }
    return false;
}

const struct authority *authority_of(const struct charter *c) {
    const char *country = charter_value(c, "operator.country"), *named = charter_authority(c);
    for (size_t i = 0; country != NULL && i < ARRAY_LEN(authorities); i++) {
        const struct authority *a = &authorities[i];
        if (strcmp(a->country, country) == 0 && (strcmp(a->brief, named) == 0 || strcmp(a->name, named) == 0))
            return a;
    }
    return NULL;
}

void authority_put(const struct charter *c, const char *between, struct buf *ret) {
    const struct authority *a = authority_of(c);
    if (a == NULL)
        buf_text(ret, charter_authority(c));
    else
        buf_printf(ret, "%s%s%s%s%s", a->name, between, a->address, between, a->web);
}

static const char *text_of(const struct sheet *s, enum paper_text t) { return texts[t].in[s->lang]; }

static void page_end(struct sheet *s) {
    static const struct pdf_style foot = { .size = 7.5, .grey = 0.35, .align = PDF_CENTRE };
    AUTO(buf_done) struct buf b = BUF(1024);
    char page[16], pages[16];
    snprintf(page, sizeof page, "%d", s->page);
    snprintf(pages, sizeof pages, "%d", s->pages);
    say_plain(&b, text_of(s, P_PAGE), SAY_ARGS(s->foot, page, pages));
    pdf_line(s->pdf, SIDE, PDF_A4_LONG - FOOT + 4, SIDE + width, PDF_A4_LONG - FOOT + 4, 0.4, 0.7);
    (void)pdf_text(s->pdf, SIDE, PDF_A4_LONG - FOOT + 8, width, &foot, buf_str(&b));
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
        page_end(s);
    for (;;) {
        double used = pdf_flow_draw(f, SIDE + x, s->y, bottom - s->y);
        s->y += used;
        if (pdf_flow_done(f))
            break;
        page_end(s);
    }
    s->y += gap;
}

static void paragraph(struct sheet *s, const char *text) { flow(s, 0, &body, text, 10); }

static void said(struct sheet *s, enum paper_text t, const char *const *args) {
    AUTO(buf_wipe) struct buf b = BUF(LETTER_ROOM);
    say_plain(&b, text_of(s, t), args);
    paragraph(s, buf_str(&b));
}

static void fact(struct sheet *s, enum paper_text name, const char *value) {
    if (value == NULL || value[0] == 0)
        return;
    double h = pdf_text(s->pdf, SIDE, s->y + 1.3, LABEL - 8, &small, text_of(s, name));
    double used = pdf_text(s->pdf, SIDE + LABEL, s->y, width - LABEL, &body, value);
    s->y += (used > h ? used : h) + 5;
}

static void day_put(const struct sheet *s, usec_t t, struct buf *ret) {
    struct civil c = zone_civil(charter_zone(service_charter(s->w->desk->service)), t);
    say_date(ret, s->lang, &c);
}

static usec_t time_at(const json_t *o, const char *name) {
    usec_t t = 0;
    const char *text = json_string_value(json_object_get(o, name));
    return text != NULL && time_parse(text, &t) ? t : 0;
}

static const json_t *member(const struct sheet *s, const char *a, const char *b) {
    const json_t *o = json_object_get(s->w->entry, a);
    return b == NULL ? o : json_object_get(o, b);
}

/* When the letter was written, and who has decided. */
static const json_t *act_of(const struct sheet *s) {
    switch (s->what) {
    case PAPER_EXTENDED: return member(s, "extension", "by");
    case PAPER_ANSWERED: return member(s, "answer", "by");
    case PAPER_REFUSED: return member(s, "refusal", "by");
    case PAPER_RECIPIENT: return member(s, "decision", NULL);
    default: return NULL;
    }
}

static bool in_part(const struct sheet *s) {
    const char *granted = json_string_value(member(s, "decision", "granted"));
    return granted != NULL && strcmp(granted, "in part") == 0;
}

static const char *sender(const struct sheet *s) {
    const struct request_desk *d = s->w->desk;
    return d->tenant_name != NULL && d->tenant_name[0] != 0 ? d->tenant_name : charter_operator(service_charter(d->service));
}

static void head_draw(struct sheet *s, enum paper_text title) {
    static const struct pdf_style place = { .size = 10, .align = PDF_RIGHT }, big = { .size = 16, .bold = true };
    AUTO(buf_done) struct buf date = BUF(64), number = BUF(64), due = BUF(64), received = BUF(64), digits = BUF(32);
    const json_t *person = member(s, "person", NULL), *act = act_of(s);
    usec_t at = time_at(act, "at");
    day_put(s, at != 0 ? at : s->w->row.received, &date);
    day_put(s, s->w->row.received, &received);
    day_put(s, s->w->row.due == USEC_NEVER ? s->w->row.law - 1 : s->w->row.due - 1, &due);
    s->y = 56;
    double h = pdf_text(s->pdf, SIDE, s->y, width * 0.6, &strong, sender(s));
    h += pdf_text(s->pdf, SIDE, s->y + h, width * 0.6, &small, tell_service(s->w->desk, s->lang));
    h += pdf_text(s->pdf, SIDE, s->y + h, width * 0.6, &small, charter_contact(service_charter(s->w->desk->service)));
    (void)pdf_text(s->pdf, SIDE + width * 0.6, s->y, width * 0.4, &place, buf_str(&date));
    s->y += h + 26;
    if (s->what == PAPER_RECIPIENT) {
        s->y += pdf_text(s->pdf, SIDE + width * 0.5, s->y, width * 0.5, &body, json_string_value(json_object_get(s->recipient, "who")) ?: "");
    } else {
        s->y += pdf_text(s->pdf, SIDE + width * 0.5, s->y, width * 0.5, &body, json_string_value(json_object_get(person, "name")) ?: "");
        const char *address = json_string_value(json_object_get(person, "address")), *email = json_string_value(json_object_get(person, "email"));
        s->y += pdf_text(s->pdf, SIDE + width * 0.5, s->y, width * 0.5, &body, address != NULL ? address : email != NULL ? email : "");
    }
    s->y += 30;
    s->y += pdf_text(s->pdf, SIDE, s->y, width, &big, text_of(s, title)) + 10;
    buf_printf(&digits, "%lld", (long long)s->w->row.number);
    say_plain(&number, text_of(s, P_NUMBER), SAY_ARGS(buf_str(&digits)));
    s->y += pdf_text(s->pdf, SIDE, s->y, width, &strong, buf_str(&number)) + 6;
    fact(s, P_SUBJECT, tell_type(s->w->row.type, s->lang));
    fact(s, P_RECEIVED_ON, buf_str(&received));
    if (s->w->row.ended == 0)
        fact(s, P_ANSWER_BY, buf_str(&due));
    if (s->what != PAPER_RECIPIENT)
        fact(s, P_PERSON, json_string_value(json_object_get(act, "name")));
    s->y += 14;
}

/* ---- what was done */

/* The law of a kind in the language of the letter, where what keeps it is a law. */
static const char *ground_said(const struct sheet *s, const char *name, const char *ground) {
    const struct charter *c = service_charter(s->w->desk->service);
    const int kind = charter_kind(c, name);
    if (strncmp(ground, "law ", 4) != 0)
        return ground;
    if (kind < 0 || charter_kind_at(c, kind)->because == NULL || strcmp(charter_kind_at(c, kind)->because, ground) != 0)
        return ground + 4;                     /* of a part, which has a law of its own */
    const struct words *w = &charter_kind_at(c, kind)->ground;
    return w->in[s->lang] != NULL ? w->in[s->lang] : ground + 4;
}

static void kind_put(const struct sheet *s, const char *name, size_t len, struct buf *ret) {
    char word[64];
    const struct charter *c = service_charter(s->w->desk->service);
    snprintf(word, sizeof word, "%.*s", (int)len, name);
    int kind = charter_kind(c, word);
    buf_text(ret, kind < 0 ? word : charter_kind_at(c, kind)->label.in[s->lang]);
}

/* {kind: count} as a list. */
static void counts_put(const struct sheet *s, const json_t *counts, struct buf *ret) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)counts, name, value) {
        buf_text(ret, ret->len > 0 ? ", " : "");
        kind_put(s, name, strlen(name), ret);
        if (json_integer_value(value) != 1)
            buf_printf(ret, " (%lld)", (long long)json_integer_value(value));
    }
}

static void done_draw(struct sheet *s) {
    const json_t *done = member(s, "decision", "done"), *erased = json_object_get(done, "erased"), *changed = json_object_get(done, "changed");
    AUTO(buf_done) struct buf list = BUF(1u << 16);
    json_t *value, *field;
    size_t i, f;
    counts_put(s, erased, &list);
    if (erased != NULL && list.len == 0 && !in_part(s))         /* decided again after a cut, when what was found had gone already */
        counts_put(s, member(s, "found", "counts"), &list);
    if (erased != NULL && list.len > 0)
        said(s, P_DONE_ERASED, SAY_ARGS(buf_str(&list)));
    else if (erased != NULL && !in_part(s))
        said(s, P_DONE_NOTHING, SAY_ARGS(""));
    buf_cut(&list, 0);
    json_array_foreach((json_t *)(uintptr_t)changed, i, value) {
        const char *record = json_string_value(json_object_get(value, "record")) ?: "";
        buf_text(&list, list.len > 0 ? "; " : "");
        kind_put(s, record, strcspn(record, "/"), &list);
        json_array_foreach(json_object_get(value, "fields"), f, field)
            buf_printf(&list, "%s%s", f == 0 ? ": " : ", ", json_string_value(field));
    }
    if (list.len > 0)
        said(s, P_DONE_CHANGED, SAY_ARGS(buf_str(&list)));
    paragraph(s, json_string_value(json_object_get(done, "note")) ?: "");
}

static void stays_draw(struct sheet *s) {
    const json_t *kept = json_object_get(member(s, "decision", "done"), "kept");
    json_t *one;
    size_t i;
    if (json_array_size(kept) > 0)
        flow(s, 0, &strong, text_of(s, P_STAYS), 4);
    json_array_foreach((json_t *)(uintptr_t)kept, i, one) {
        AUTO(buf_done) struct buf kind = BUF(256), due = BUF(64), line = BUF(4096);
        const char *name = json_string_value(json_object_get(one, "kind")) ?: "", *ground = json_string_value(json_object_get(one, "ground")) ?: "";
        const json_int_t count = json_integer_value(json_object_get(one, "count"));
        usec_t t = time_at(one, "due");
        kind_put(s, name, strlen(name), &kind);
        if (count > 1)
            buf_printf(&kind, " (%lld)", (long long)count);
        if (t != 0)
            day_put(s, t - 1, &due);           /* the last day on which it is there */
        say_plain(&line, text_of(s, t != 0 ? P_STAYS_ONE : P_STAYS_OPEN), SAY_ARGS(buf_str(&kind), ground_said(s, name, ground), buf_str(&due)));
        flow(s, 14, &body, buf_str(&line), 3);
    }
    if (json_array_size(kept) > 0)
        s->y += 7;
}

static void recipients_draw(struct sheet *s) {
    const json_t *list = member(s, "recipients", NULL);
    json_t *one;
    size_t i;
    if (json_array_size(list) > 0)
        flow(s, 0, &strong, text_of(s, P_RECIPIENTS), 4);
    json_array_foreach((json_t *)(uintptr_t)list, i, one) {
        const char *how = json_string_value(json_object_get(one, "how"));
        if (how != NULL && strcmp(how, "processor") == 0)
            flow(s, 14, &body, json_string_value(json_object_get(one, "who")), 3);      /* accounts are not named to the person */
    }
    if (json_array_size(list) > 0)
        s->y += 7;
}

/* Whom a person may turn to: in every answer (Art. 12(4)). */
static void remedies_draw(struct sheet *s) {
    const struct charter *c = service_charter(s->w->desk->service);
    const char *country = charter_value(c, "operator.country") ?: "";
    AUTO(buf_done) struct buf where = BUF(1024);
    if (s->y + 110 > bottom)
        page_end(s);
    s->y += 4;
    flow(s, 0, &strong, text_of(s, P_RIGHTS), 4);
    flow(s, 0, &body, text_of(s, P_COMPLAIN), 4);
    authority_put(c, "\n", &where);
    flow(s, 14, &strong, buf_str(&where), 8);
    AUTO(buf_done) struct buf court = BUF(2048);
    buf_text(&court, text_of(s, P_COURT));
    if (strcmp(country, "PL") == 0 || strcmp(country, "HU") == 0)
        buf_printf(&court, " %s", text_of(s, country[0] == 'P' ? P_COURT_PL : P_COURT_HU));
    paragraph(s, buf_str(&court));
}

/* "17(3)(b), 21(1)" as lawyers of each language write it: "17 ust. 3 lit. b, 21 ust. 1", "17. cikk (3) bekezdés b) pont, 21. cikk (1) bekezdés". */
static void article_put(enum lang lang, const char *article, struct buf *ret) {
    for (const char *p = article; *p != 0;) {
        size_t n = strcspn(p, "(,)");
        if (lang == LANG_EN) {
            buf_text(ret, p);
            return;
        }
        buf_add(ret, p, n);
        buf_text(ret, lang == LANG_HU ? ". cikk" : "");
        for (p += n; *p == '('; p += n + 2) {
            bool letter = p[1] >= 'a';
            n = strcspn(p + 1, ")");
            if (lang == LANG_PL)
                buf_printf(ret, " %s %.*s", letter ? "lit." : "ust.", (int)n, p + 1);
            else
                buf_printf(ret, letter ? " %.*s) pont" : " (%.*s) bekezdés", (int)n, p + 1);
        }
        n = strspn(p, ", ");
        buf_add(ret, p, n);
        p += n;
    }
}

static void refusal_draw(struct sheet *s) {
    const json_t *r = member(s, "refusal", NULL);
    const char *article = NULL;
    const struct words *says = NULL;
    if (request_ground(json_string_value(json_object_get(r, "ground")), s->w->row.type, &article, &says)) {
        AUTO(buf_done) struct buf law = BUF(256);
        article_put(s->lang, article, &law);
        said(s, P_BODY_REFUSED, SAY_ARGS(tell_type(s->w->row.type, s->lang), buf_str(&law), says->in[s->lang]));
    }
    flow(s, 0, &strong, text_of(s, P_REASON), 4);
    paragraph(s, json_string_value(json_object_get(r, "reason")) ?: "");
}

static void recipient_draw(struct sheet *s) {
    AUTO(buf_done) struct buf date = BUF(64);
    day_put(s, time_at(member(s, "decision", NULL), "at"), &date);
    said(s, P_BODY_RECIPIENT, SAY_ARGS(json_string_value(json_object_get(s->recipient, "what")) ?: "", buf_str(&date), tell_type(s->w->row.type, s->lang)));
}

static void letter_draw(struct sheet *s) {
    static const enum paper_text titles[PAPERS] = { 0, P_TITLE_RECEIVED, P_TITLE_EXTENDED, P_TITLE_ANSWERED, P_TITLE_REFUSED, P_TITLE_RECIPIENT };
    AUTO(buf_done) struct buf due = BUF(64);
    day_put(s, s->w->row.due == USEC_NEVER ? s->w->row.law - 1 : s->w->row.due - 1, &due);
    head_draw(s, s->what == PAPER_ANSWERED && in_part(s) ? P_TITLE_PARTLY : titles[s->what]);
    if (s->what == PAPER_RECEIVED)
        said(s, P_BODY_RECEIVED, SAY_ARGS(buf_str(&due)));
    if (s->what == PAPER_EXTENDED) {
        said(s, P_BODY_EXTENDED, SAY_ARGS(buf_str(&due)));
        paragraph(s, json_string_value(member(s, "extension", "reasons")) ?: "");
    }
    if (s->what == PAPER_ANSWERED) {
        paragraph(s, text_of(s, in_part(s) ? P_BODY_PARTLY : P_BODY_ANSWERED));
        done_draw(s);
        stays_draw(s);
        recipients_draw(s);
        paragraph(s, json_string_value(member(s, "answer", "text")) ?: "");
    }
    if (s->what == PAPER_REFUSED)
        refusal_draw(s);
    if (s->what == PAPER_RECIPIENT)
        recipient_draw(s);
    else
        remedies_draw(s);
    if (s->y + 60 > bottom)
        page_end(s);
    s->y += 42;
    static const struct pdf_style under = { .size = 8, .grey = 0.4, .align = PDF_CENTRE };
    pdf_line(s->pdf, SIDE + width - 190, s->y, SIDE + width, s->y, 0.5, 0.4);
    (void)pdf_text(s->pdf, SIDE + width - 190, s->y + 3, 190, &under, text_of(s, P_SIGN));
    page_end(s);
}

static enum code set_twice(struct request_work *w, enum paper what, const json_t *recipient, struct buf *ret, struct err *reterr) {
    AUTO(buf_done) struct buf foot = BUF(512);
    char digits[24];
    struct sheet s = { .w = w, .lang = tell_lang(w), .what = what, .recipient = recipient };
    enum code code = OK;
    snprintf(digits, sizeof digits, "%lld", (long long)w->row.number);
    buf_printf(&foot, "%s · ", sender(&s));
    say_plain(&foot, text_of(&s, P_NUMBER), SAY_ARGS(digits));
    const struct pdf_options o = { .width = PDF_A4_SHORT, .height = PDF_A4_LONG, .title = buf_str(&foot), .lang = s.lang, .made = w->row.received };
    s.foot = buf_str(&foot);
    for (int pass = 0; pass < 2 && code == OK; pass++) {
        AUTO(pdf_free) struct pdf *pdf = NULL;
        code = pdf_new(&o, &pdf, reterr);
        if (code != OK)
            return code;
        s.pdf = pdf;
        s.page = 1;
        letter_draw(&s);
        s.pages = s.page - 1;
        if (pass == 1)
            code = pdf_end(pdf, ret, reterr);
    }
    return code;
}

/* The last thing that the person was told. */
static enum paper newest(const json_t *entry) {
    return json_object_get(entry, "refusal") != NULL  ? PAPER_REFUSED
           : json_object_get(entry, "answer") != NULL ? PAPER_ANSWERED
           : json_object_get(entry, "extension") != NULL ? PAPER_EXTENDED : PAPER_RECEIVED;
}

static const char *const needs[PAPERS] = { NULL, NULL, "extension", "answer", "refusal", "decision" };

enum code paper_request(const struct request_desk *d, int64_t number, enum paper what, int64_t recipient, struct buf *ret, struct err *reterr) {
    PRE(d != NULL && ret != NULL && reterr != NULL);
    AUTO(request_work_done) struct request_work w = { 0 };
    size_t lost = mem_lost();
    enum code code = request_open(d, number, &w, reterr);
    if (code != OK)
        return code;
    if (what == PAPER_NEWEST)
        what = newest(w.entry);
    const json_t *to = what == PAPER_RECIPIENT && recipient > 0 ? json_array_get(json_object_get(w.entry, "recipients"), (size_t)recipient - 1) : NULL;
    if ((needs[what] != NULL && json_object_get(w.entry, needs[what]) == NULL) || (what == PAPER_RECIPIENT && to == NULL))
        return err_set(reterr, E_CONFLICT, "there is no such letter of this request (yet): it is in the state \"%s\"", request_state_name(w.row.state));
    code = set_twice(&w, what, to, ret, reterr);
    return code == OK && mem_lost() != lost ? request_memory(reterr) : code;
}
