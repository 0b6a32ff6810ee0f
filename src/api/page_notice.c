/* page_notice.c — each paragraph is a function; what the charter does not say is left out. Dates come from policy_due, the
 * same that stores them, over facts that know the parent and what was typed. */
#include "api/page_notice.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/crypto.h"
#include "charter/labels.h"

/* ---- facts for dates */
struct known { const struct notice_view *view; };

static enum code known_clear(void *arg, int kind, int field, const char **ret_text, struct err *reterr UNUSED) {
    const struct notice_view *v = ((struct known *)arg)->view;
    const struct kind *k = charter_kind_at(v->charter, kind);
    const json_t *fields = kind == v->kind ? v->fields : json_object_get(v->parent, "fields");
    *ret_text = json_string_value(json_object_get(fields, k->fields[field].name));
    return OK;
}

static enum code known_no(void *arg UNUSED, const struct caller *who UNUSED, bool *ret, struct err *reterr UNUSED) {
    *ret = false;
    return OK;
}
static enum code known_no_relation(void *arg, int relation UNUSED, const struct caller *who, bool *ret, struct err *reterr) {
    return known_no(arg, who, ret, reterr);
}

static bool due_instant(const struct notice_view *v, const struct keep *keep, usec_t *ret) {
    struct known known = { v };
    struct facts facts = { .charter = v->charter, .kind = v->kind, .now = v->now, .arg = &known, .clear = known_clear,
                           .related = known_no_relation, .owns = known_no };
    struct err e;
    return policy_due(keep, &facts, v->created, v->created, ret, &e) == OK && *ret != USEC_NEVER;
}

bool notice_due(const struct notice_view *v, const struct keep *keep, struct civil *ret) {
    usec_t due;
    if (!due_instant(v, keep, &due))
        return false;
    *ret = zone_civil(charter_zone(v->charter), due);
    return true;
}

/* ---- small pieces */
static const struct kind *kind_of(const struct notice_view *v) { return charter_kind_at(v->charter, v->kind); }
static const char *value(const struct notice_view *v, const char *path) { return charter_value(v->charter, path); }

static void heading(struct buf *ret, const struct notice_view *v, enum text id) {
    buf_text(ret, "<h3>");
    buf_html(ret, text_in(id, v->lang));
    buf_text(ret, "</h3>\n");
}

#define PARAGRAPH(ret, v, id, ...) do { buf_text((ret), "<p>"); PUT((ret), (v)->lang, id, __VA_ARGS__); buf_text((ret), "</p>\n"); } while (0)

static const struct person *person_at(const struct notice_view *v, int at) {
    const struct person *list;
    size_t n = charter_people(v->charter, &list);
    return at >= 0 && (size_t)at < n ? &list[at] : NULL;
}

static void person_word(struct buf *ret, const struct notice_view *v, int at) {
    const struct person *p = person_at(v, at);
    if (p != NULL)
        buf_text(ret, p->label.in[v->lang]);
}

/* ---- who */
static void put_who(struct buf *ret, const struct notice_view *v) {
    AUTO(buf_done) struct buf role = BUF(512);
    const char *we = kind_of(v)->we_are, *operator = charter_operator(v->charter);
    const char *tenant = v->tenant == NULL ? "" : v->tenant, *officer = value(v, "operator.officer");
    heading(ret, v, TEXT_NOTICE_WHO);
    person_word(&role, v, charter_tenant(v->charter));
    if (we != NULL && strncmp(we, "controller", 10) == 0)
        PARAGRAPH(ret, v, NOTICE_CONTROLLER, operator);
    else if (we != NULL && strncmp(we, "joint", 5) == 0)
        PARAGRAPH(ret, v, NOTICE_JOINT, operator, tenant, buf_str(&role));
    else {
        PARAGRAPH(ret, v, NOTICE_CONTROLLER_TENANT, tenant, buf_str(&role));
        PARAGRAPH(ret, v, NOTICE_PROCESSOR, operator);
    }
    if (officer != NULL)
        PARAGRAPH(ret, v, NOTICE_OFFICER, officer);
    put_with_contact(ret, TEXT_NOTICE_CONTACT, v->lang, charter_contact(v->charter));
}

/* ---- why */
static void purposes(struct buf *ret, const struct notice_view *v) {
    const struct kind *k = kind_of(v);
    for (size_t i = 0; i < k->used_for_count; i++) {
        buf_text(ret, i == 0 ? "" : "; ");
        buf_text(ret, k->used_for[i].in[v->lang]);
    }
}

/* "with the organiser": the person of that name; whom the record is about is the reader. */
static void party_said(struct buf *ret, const struct notice_view *v, const char *with) {
    with += strncmp(with, "with ", 5) == 0 ? 5 : 0;
    with += strncmp(with, "the ", 4) == 0 ? 4 : 0;
    if (charter_person(v->charter, with) >= 0 && charter_person(v->charter, with) == kind_of(v)->about)
        buf_text(ret, text_in(TEXT_NOTICE_YOU, v->lang));
    else
        label_say(ret, v->charter, NULL, with, v->lang);
}

static void put_ground(struct buf *ret, const struct notice_view *v, const char *because) {
    static const struct { const char *word; enum text text; } grounds[] = {
        { "contract ", TEXT_NOTICE_CONTRACT }, { "law ", TEXT_NOTICE_LAW }, { "consent ", TEXT_NOTICE_CONSENT }, { "interest ", TEXT_NOTICE_INTEREST },
    };
    for (size_t i = 0; i < ARRAY_LEN(grounds); i++) {
        size_t len = strlen(grounds[i].word);
        if (strncmp(because, grounds[i].word, len) != 0)
            continue;
        const char *rest = because + len;
        AUTO(buf_done) struct buf said = BUF(1024);
        if (grounds[i].text == TEXT_NOTICE_CONTRACT)
            party_said(&said, v, rest);
        else if (grounds[i].text == TEXT_NOTICE_CONSENT)
            label_say(&said, v->charter, kind_of(v), rest, v->lang);
        else
            buf_text(&said, kind_of(v)->ground.in[v->lang]);
        buf_text(ret, "<p>");
        say_html(ret, text_in(grounds[i].text, v->lang), SAY_ARGS(buf_str(&said)));
        buf_text(ret, "</p>\n");
        return;
    }
    PARAGRAPH(ret, v, NOTICE_GROUND, because);
}

static void put_why(struct buf *ret, const struct notice_view *v) {
    AUTO(buf_done) struct buf list = BUF(1u << 16);
    AUTO(buf_done) struct buf sensitive = BUF(1u << 14);
    const struct kind *k = kind_of(v);
    heading(ret, v, TEXT_NOTICE_WHY);
    purposes(&list, v);
    if (list.len > 0)
        PARAGRAPH(ret, v, NOTICE_PURPOSE, buf_str(&list));
    if (k->because != NULL)
        put_ground(ret, v, k->because);
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].consent != NULL) {
            buf_text(&sensitive, sensitive.len == 0 ? "" : ", ");
            buf_text(&sensitive, k->fields[i].label.in[v->lang]);
        }
    if (sensitive.len > 0)
        PARAGRAPH(ret, v, NOTICE_SENSITIVE, buf_str(&sensitive));
}

/* ---- how long */
static void anchor_said(struct buf *ret, const struct notice_view *v, const struct anchor *a) {
    AUTO(buf_done) struct buf plain = BUF(1024);
    if (a->type == A_CREATED || a->type == A_CHANGED) {
        buf_text(&plain, label_since(a->type == A_CREATED ? "created" : "changed", v->lang));
    } else if (a->type == A_FIELD || a->type == A_PARENT_FIELD) {
        const struct kind *k = charter_kind_at(v->charter, a->kind);
        const char *noun = label_since(k->fields[a->field].name, v->lang);
        buf_text(&plain, noun != NULL ? noun : k->fields[a->field].label.in[v->lang]);
        if (a->kind != v->kind) {
            buf_text(&plain, " (");
            buf_text(&plain, k->label.in[v->lang]);
            buf_char(&plain, ')');
        }
    }
    enum text wrap = a->end_of == 'd' ? TEXT_NOTICE_END_OF_DAY : a->end_of == 'm' ? TEXT_NOTICE_END_OF_MONTH : TEXT_NOTICE_END_OF_YEAR;
    if (a->end_of != 0)
        say_plain(ret, text_in(wrap, v->lang), SAY_ARGS(buf_str(&plain)));
    else
        buf_text(ret, buf_str(&plain));
}

/* Is the date certain before the form is sent? One that counts from the sending is only "if you send it today". */
static bool counts_from_sending(const struct anchor *a) { return a->type == A_CREATED || a->type == A_CHANGED; }

bool notice_span_said(struct buf *ret_span, struct buf *ret_anchor, const struct notice_view *v, const struct keep *keep) {
    if (keep->type != KEEP_SPAN)
        return false;
    say_span(ret_span, v->lang, &keep->span);
    anchor_said(ret_anchor, v, &keep->anchor);
    return true;
}

static void put_keep(struct buf *ret, const struct notice_view *v, const struct keep *keep) {
    AUTO(buf_done) struct buf span = BUF(512);
    AUTO(buf_done) struct buf anchor = BUF(2048);
    AUTO(buf_done) struct buf until = BUF(512);
    AUTO(buf_done) struct buf who = BUF(512);
    struct civil due;
    const struct kind *k = kind_of(v);
    if (keep->type == KEEP_OWNER) {
        person_word(&who, v, charter_tenant(v->charter));
        PUT(ret, v->lang, NOTICE_OWNER, buf_str(&who));
        return;
    }
    if (keep->type == KEEP_WITH_PARENT) {
        if (k->parent >= 0)
            buf_text(&who, charter_kind_at(v->charter, k->parent)->label.in[v->lang]);
        PUT(ret, v->lang, NOTICE_PARENT, buf_str(&who));
        return;
    }
    say_span(&span, v->lang, &keep->span);
    anchor_said(&anchor, v, &keep->anchor);
    if (!notice_due(v, keep, &due)) {
        PUT(ret, v->lang, NOTICE_HELD_OPEN, buf_str(&span), buf_str(&anchor));
        return;
    }
    say_until(&until, v->lang, &due);
    if (!v->sent && counts_from_sending(&keep->anchor)) {
        PUT(ret, v->lang, NOTICE_HELD_OPEN, buf_str(&span), buf_str(&anchor));
        buf_char(ret, ' ');
        PUT(ret, v->lang, NOTICE_TODAY, buf_str(&until));
    } else {
        PUT(ret, v->lang, NOTICE_HELD, buf_str(&until), buf_str(&span), buf_str(&anchor));
    }
}

static void put_undo(struct buf *ret, const struct notice_view *v, const struct keep *keep) {
    struct span undo;
    usec_t due;
    const char *text = value(v, "backups.undo");
    AUTO(buf_done) struct buf span = BUF(512);
    AUTO(buf_done) struct buf until = BUF(512);
    if (text == NULL || !span_parse(text, &undo))
        undo = (struct span){ .days = 14 };
    say_span(&span, v->lang, &undo);
    buf_text(ret, "<p>");
    if (keep->type == KEEP_SPAN && due_instant(v, keep, &due)) {
        struct civil last = zone_civil(charter_zone(v->charter), zone_add(charter_zone(v->charter), due, &undo, 1));
        say_until(&until, v->lang, &last);
        PUT(ret, v->lang, NOTICE_UNDO, buf_str(&span), buf_str(&until));
    } else {
        PUT(ret, v->lang, NOTICE_UNDO_OPEN, buf_str(&span));
    }
    buf_text(ret, "</p>\n");
}

/* Where a notice to the tenant's staff that goes out late moves the date. */
static void put_late(struct buf *ret, const struct notice_view *v, const struct keep *keep) {
    const struct warn *w = &kind_of(v)->warn;
    const struct person *people;
    AUTO(buf_done) struct buf room = BUF(512);
    if (w->person < 0 || keep->type != KEEP_SPAN)
        return;
    say_span(&room, v->lang, &w->room);
    (void)charter_people(v->charter, &people);
    if (room.len == 0)
        return;
    buf_char(ret, ' ');
    PUT(ret, v->lang, NOTICE_LATE, people[w->person].label.in[v->lang], buf_str(&room));
}

static bool same_keep(const struct keep *a, const struct keep *b) { return a->pos.line == b->pos.line && a->pos.column == b->pos.column; }

/* data-due: for whoever checks pages by machine. */
static void keep_begin(struct buf *ret, const struct notice_view *v, const struct keep *keep) {
    char room[40] = "";
    struct civil due;
    if (notice_due(v, keep, &due))
        date_format(&due, room, sizeof room);
    buf_printf(ret, "<p data-due=\"%s\">", room[0] != 0 ? room : keep->type == KEEP_OWNER ? "owner" : "open");
}

static void put_how_long(struct buf *ret, const struct notice_view *v) {
    const struct kind *k = kind_of(v);
    size_t groups = 0;
    heading(ret, v, TEXT_NOTICE_HOW_LONG);
    for (size_t i = 0; i < k->part_count; i++)
        groups += i == 0 || !same_keep(&k->parts[i].keep, &k->parts[i - 1].keep);
    for (size_t i = 0; i < k->part_count; i++) {
        const struct keep *keep = &k->parts[i].keep;
        bool first = true;
        for (size_t j = 0; j < i; j++)
            first &= !same_keep(&k->parts[j].keep, keep);
        if (!first)
            continue;
        keep_begin(ret, v, keep);
        AUTO(buf_done) struct buf names = BUF(1u << 14);
        for (size_t f = 0; groups > 1 && f < k->field_count; f++) {
            if (k->fields[f].part < 0 || !same_keep(&k->parts[k->fields[f].part].keep, keep))
                continue;
            buf_text(&names, names.len == 0 ? "" : ", ");
            if (names.len == 0)
                label_title(&names, k->fields[f].label.in[v->lang]);
            else
                buf_text(&names, k->fields[f].label.in[v->lang]);
        }
        if (names.len > 0) {
            buf_text(ret, "<strong>");
            PUT(ret, v->lang, NOTICE_FIELDS, buf_str(&names));
            buf_text(ret, "</strong> ");
        }
        put_keep(ret, v, keep);
        put_late(ret, v, keep);
        buf_text(ret, "</p>\n");
        if (groups == 1)
            put_undo(ret, v, keep);
    }
    if (groups > 1)
        put_undo(ret, v, &(struct keep){ .type = KEEP_OWNER });
}

/* ---- who sees */
static void window_said(struct buf *ret, const struct notice_view *v, const struct grant *g) {
    AUTO(buf_done) struct buf said = BUF(1024);
    const struct window *w = &g->window;
    if (w->type == W_DAY_OF) {
        anchor_said(&said, v, &w->from);
        PUT(ret, v->lang, NOTICE_DAY_OF, buf_str(&said));
    } else if (w->type == W_FROM_UNTIL) {
        PUT_TEXT(ret, v->lang, NOTICE_WINDOW);
    } else if (w->type == W_WHILE && w->while_kind >= 0) {
        buf_text(&said, charter_kind_at(v->charter, w->while_kind)->fields[w->while_field].option_labels[w->while_option].in[v->lang]);
        PUT(ret, v->lang, NOTICE_WHILE, buf_str(&said));
    }
}

static void put_grant(struct buf *ret, const struct notice_view *v, const struct grant *g) {
    const struct kind *k = kind_of(v);
    AUTO(buf_done) struct buf list = BUF(1u << 14);
    for (size_t i = 0; !g->everything && !g->nothing_personal && i < k->field_count; i++)
        if (g->fields >> i & 1) {
            buf_text(&list, list.len == 0 ? "" : ", ");
            buf_text(&list, k->fields[i].label.in[v->lang]);
        }
    buf_html(ret, g->nothing_personal ? text_in(TEXT_NOTICE_NOTHING, v->lang) : g->everything ? text_in(TEXT_NOTICE_ALL, v->lang) : buf_str(&list));
    if (!g->nothing_personal && g->window.type != W_ALWAYS) {
        buf_text(ret, ", ");
        window_said(ret, v, g);
    }
    if (g->by_link || g->by_account) {
        buf_text(ret, ", ");
        buf_html(ret, text_in(!g->by_account ? TEXT_NOTICE_BY_LINK : g->by_link ? TEXT_NOTICE_BY_BOTH : TEXT_NOTICE_BY_ACCOUNT, v->lang));
    }
}

static void put_sees(struct buf *ret, const struct notice_view *v) {
    const struct grant *list;
    size_t n = charter_sees(v->charter, &list);
    const struct kind *k = kind_of(v);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (list[i].kind != v->kind && !list[i].nothing_personal)
            continue;
        if (!any) {
            heading(ret, v, TEXT_NOTICE_SEES);
            buf_text(ret, "<ul>\n");
        }
        any = true;
        AUTO(buf_done) struct buf who = BUF(512);
        if (list[i].person == k->about)
            buf_text(&who, text_in(TEXT_NOTICE_YOU, v->lang));
        else {
            const struct person *p = person_at(v, list[i].person);
            label_title(&who, p == NULL ? "" : p->label.in[v->lang]);
        }
        buf_text(ret, "<li><strong>");
        buf_html(ret, buf_str(&who));
        buf_text(ret, "</strong>: ");
        put_grant(ret, v, &list[i]);
        buf_text(ret, "</li>\n");
    }
    buf_text(ret, any ? "</ul>\n" : "");
}

/* ---- processors and transfers */
static const char *processor_value(const struct notice_view *v, size_t at, const char *key, char *path, size_t room) {
    snprintf(path, room, "processors.%zu.%s", at, key);
    return charter_text(v->charter, path, v->lang);
}

/* One country, or a list of them. */
static void processor_countries(struct buf *ret, const struct notice_view *v, size_t at) {
    char path[128];
    const char *one = processor_value(v, at, "in", path, sizeof path);
    for (size_t i = 0; one != NULL || i == 0; i++) {
        if (one != NULL) {
            buf_text(ret, ret->len == 0 ? "" : ", ");
            buf_text(ret, label_country(one, v->lang));
        }
        snprintf(path, sizeof path, "processors.%zu.in.%zu", at, i);
        one = value(v, path);
    }
}

static void put_processors(struct buf *ret, const struct notice_view *v) {
    char path[128];
    heading(ret, v, TEXT_NOTICE_PROCESSORS);
    for (size_t i = 0; i < 1000; i++) {
        const char *name = processor_value(v, i, "name", path, sizeof path);
        if (name == NULL) {
            buf_text(ret, i > 0 ? "</ul>\n" : "");
            break;
        }
        const char *does = processor_value(v, i, "for", path, sizeof path);
        const char *sees = processor_value(v, i, "sees", path, sizeof path);
        AUTO(buf_done) struct buf in = BUF(4096);
        processor_countries(&in, v, i);
        buf_text(ret, i == 0 ? "<ul>\n<li>" : "<li>");
        PUT(ret, v->lang, NOTICE_PROCESSOR_LINE, name, does == NULL ? "" : does, sees == NULL ? "" : sees, buf_str(&in));
        buf_text(ret, "</li>\n");
    }
    const char *transfers = value(v, "transfers");
    if (transfers == NULL)
        return;
    if (strcmp(transfers, "never outside the EEA") == 0) {
        buf_text(ret, "<p>");
        PUT_TEXT(ret, v->lang, NOTICE_TRANSFERS);
        buf_text(ret, "</p>\n");
    } else {
        PARAGRAPH(ret, v, NOTICE_TRANSFERS_SAID, transfers);
    }
}

/* ---- rights */
static void put_rights(struct buf *ret, const struct notice_view *v) {
    static const char within[] = "answered within ";
    const char *scalar = value(v, "rights"), *map = value(v, "rights.answered");
    struct span span;
    const char *text = map != NULL ? map : scalar;
    heading(ret, v, TEXT_NOTICE_RIGHTS);
    buf_text(ret, "<p>");
    PUT_TEXT(ret, v->lang, NOTICE_RIGHTS_LIST);
    buf_text(ret, "</p>\n");
    put_with_contact(ret, TEXT_NOTICE_RIGHTS_HOW, v->lang, charter_contact(v->charter));
    if (text != NULL && strncmp(text, within, strlen(within)) == 0)
        text += strlen(within);
    else if (text != NULL && strncmp(text, "within ", 7) == 0)
        text += 7;
    if (text != NULL && span_parse(text, &span)) {
        AUTO(buf_done) struct buf said = BUF(256);
        buf_text(&said, v->lang == LANG_EN ? "within " : "");
        say_span(&said, v->lang, &span);
        PARAGRAPH(ret, v, NOTICE_ANSWERED, buf_str(&said));
    }
    PARAGRAPH(ret, v, NOTICE_AUTHORITY, charter_authority(v->charter));
    buf_text(ret, "<p>");
    PUT_TEXT(ret, v->lang, NOTICE_AUTOMATED);
    buf_text(ret, "</p>\n");
}

static void put_made(struct buf *ret, const struct notice_view *v) {
    AUTO(buf_done) struct buf date = BUF(128);
    AUTO(buf_done) struct buf hash = BUF(128);
    struct civil c;
    if (charter_updated(v->charter) == NULL || !date_parse(charter_updated(v->charter), &c))
        return;
    say_date(&date, v->lang, &c);
    hex_encode(charter_hash(v->charter), 4, &hash);
    buf_text(ret, "<p class=\"note\">");
    PUT(ret, v->lang, NOTICE_MADE, buf_str(&date), buf_str(&hash));
    buf_text(ret, "</p>\n");
}

void notice_brief(struct buf *ret, const struct notice_view *v) {
    AUTO(buf_done) struct buf list = BUF(1u << 16);
    AUTO(buf_done) struct buf until = BUF(512);
    const struct kind *k = kind_of(v);
    struct civil due;
    if (!rule_on(RULE_form_notice) || k->part_count == 0)
        return;
    purposes(&list, v);
    if (list.len == 0)
        buf_text(&list, k->label.in[v->lang]);
    if (notice_due(v, &k->parts[0].keep, &due))
        say_until(&until, v->lang, &due);
    else if (k->parts[0].keep.type == KEEP_SPAN) {
        buf_text(&until, v->lang == LANG_EN ? "for " : "");
        say_span(&until, v->lang, &k->parts[0].keep.span);
    }
    if (until.len == 0)
        return;
    buf_text(ret, "<p class=\"brief\">");
    PUT(ret, v->lang, NOTICE_BRIEF, buf_str(&list), buf_str(&until));
    buf_text(ret, "</p>\n");
}

void notice_put(struct buf *ret, const struct notice_view *v) {
    if (!rule_on(RULE_form_notice))
        return;
    buf_text(ret, "<section class=\"notice\" id=\"notice\" aria-labelledby=\"notice-title\">\n<h2 id=\"notice-title\">");
    PUT_TEXT(ret, v->lang, NOTICE_TITLE);
    buf_text(ret, "</h2>\n");
    put_who(ret, v);
    put_why(ret, v);
    put_how_long(ret, v);
    put_sees(ret, v);
    put_processors(ret, v);
    put_rights(ret, v);
    put_made(ret, v);
    buf_text(ret, "</section>\n");
}
