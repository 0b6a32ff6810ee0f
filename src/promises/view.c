/* view.c — every foreign text goes through buf_html or say_html; a line's anchor is its place in the list. */
#include "promises/view.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "charter/labels.h"
#include "crypto/crypto.h"
#include "promises/seeds.h"

enum view_text {
#define VIEW(id, en, pl, hu) VIEW_##id,
#define SECTION(key, en, pl, hu)
#include "promises/view_texts.tbl"
#undef VIEW
#undef SECTION
    VIEW_TEXTS
};
static const struct words texts[VIEW_TEXTS] = {
#define VIEW(id, en, pl, hu) [VIEW_##id] = WORDS(en, pl, hu),
#define SECTION(key, en, pl, hu)
#include "promises/view_texts.tbl"
#undef VIEW
#undef SECTION
};
static const struct { const char *key; struct words words; } sections[] = {
#define VIEW(id, en, pl, hu)
#define SECTION(key, en, pl, hu) { key, WORDS(en, pl, hu) },
#include "promises/view_texts.tbl"
#undef VIEW
#undef SECTION
};
static const char *const rule_words[RULE_COUNT][2] = {
#define RULE_WORDS(name, pl, hu) [RULE_##name] = { pl, hu },
#include "promises/view_rules.tbl"
#undef RULE_WORDS
};
/* How a state looks: a class for its colour, a shape for who sees no colour, and what it means. */
static const struct { const char *class, *path; enum view_text legend; struct noun counted; } looks[PROMISE_STATES] = {
    [PROMISE_KEPT] = { "kept", "M3 8.5l3.2 3.2L13 5", VIEW_LEGEND_KEPT,
                       NOUN("kept", "kept", "dotrzymana", "dotrzymane", "dotrzymanych", "megtartva") },
    [PROMISE_BROKEN] = { "broken", "M4 4l8 8M12 4l-8 8", VIEW_LEGEND_BROKEN,
                         NOUN("broken", "broken", "złamana", "złamane", "złamanych", "megszegve") },
    [PROMISE_LATER] = { "later", "M8 2.2a5.8 5.8 0 1 1 0 11.6a5.8 5.8 0 1 1 0-11.6M8 5v3.2l2.2 1.4", VIEW_LEGEND_LATER,
                        NOUN("not kept yet", "not kept yet", "jeszcze niewdrożona", "jeszcze niewdrożone", "jeszcze niewdrożonych", "még nincs megtartva") },
    [PROMISE_UNPROVED] = { "unproved", "M5.4 6.2a2.7 2.7 0 1 1 3.9 2.4c-.9.45-1.3.9-1.3 1.9M8 13.2v.1", VIEW_LEGEND_UNPROVED,
                           NOUN("not proved yet", "not proved yet", "jeszcze niesprawdzona", "jeszcze niesprawdzone", "jeszcze niesprawdzonych", "még nincs bizonyítva") },
    [PROMISE_EVIDENCE_NEEDED] = { "needed", "M8 2.6l6 10.6H2zM8 6.6v3M8 11.4v.1", VIEW_LEGEND_NEEDED,
                                  NOUN("waiting for evidence", "waiting for evidence", "bez dowodu", "bez dowodu", "bez dowodu", "igazolásra vár") },
    [PROMISE_EVIDENCED] = { "evidenced", "M3.8 2.2h5.6l2.8 2.8v8.8H3.8zM6 8.6l1.5 1.5L10.2 7", VIEW_LEGEND_EVIDENCED,
                            NOUN("evidenced", "evidenced", "potwierdzona dokumentem", "potwierdzone dokumentem", "potwierdzonych dokumentem", "irattal igazolva") },
    [PROMISE_EXPIRED] = { "expired", "M3.8 2.2h5.6l2.8 2.8v8.8H3.8zM6.2 7l3.6 4M9.8 7l-3.6 4", VIEW_LEGEND_EXPIRED,
                          NOUN("with expired evidence", "with expired evidence", "z dowodem po terminie", "z dowodem po terminie", "z dowodem po terminie", "lejárt igazolással") },
    [PROMISE_DATED] = { "dated", "M2.8 4h10.4v9.4H2.8zM2.8 7h10.4M5.4 2.4v3M10.6 2.4v3", VIEW_LEGEND_DATED,
                        NOUN("due later", "due later", "na później", "na później", "na później", "későbbre ígérve") },
    [PROMISE_OVERDUE] = { "overdue", "M2.8 4h10.4v9.4H2.8zM2.8 7h10.4M6 8.6l4 3.4M10 8.6l-4 3.4", VIEW_LEGEND_OVERDUE,
                          NOUN("overdue", "overdue", "po terminie", "po terminie", "po terminie", "lejárt határidővel") },
    [PROMISE_TEXT] = { "said", "M3.5 5h9M3.5 8h9M3.5 11h5", VIEW_LEGEND_TEXT,
                       NOUN("said on this page", "said on this page", "podana na tej stronie", "podane na tej stronie", "podanych na tej stronie", "ezen az oldalon közölve") },
};

const char *view_rule_says(enum rule rule, enum lang lang) {
    PRE(rule < RULE_COUNT);
    return lang == LANG_EN ? rule_says(rule) : rule_words[rule][lang - LANG_PL];
}

static const char *text(const struct view_page *v, enum view_text id) { return texts[id].in[v->lang]; }
static void put(const struct view_page *v, struct buf *ret, enum view_text id) { buf_html(ret, text(v, id)); }

static void put_icon(struct buf *ret, enum promise_state state) {
    buf_printf(ret, "<svg class=\"icon\" viewBox=\"0 0 16 16\" aria-hidden=\"true\" focusable=\"false\"><path d=\"%s\"/></svg>", looks[state].path);
}

static void put_state(struct buf *ret, enum promise_state state, enum lang lang) {
    put_icon(ret, state);
    buf_html(ret, promise_state_word(state, lang));
}

static void moment(const struct view_page *v, usec_t at, struct buf *ret) {
    struct civil c = zone_civil(charter_zone(v->charter), at);
    say_moment(ret, v->lang, &c);
}

/* ---- the head of the page: who, which charter, how many of what */
static void fact(const struct view_page *v, struct buf *ret, enum view_text name, const char *value) {
    if (value == NULL || *value == 0)
        return;
    buf_text(ret, "<div><dt>");
    put(v, ret, name);
    buf_text(ret, "</dt><dd>");
    buf_html(ret, value);
    buf_text(ret, "</dd></div>\n");
}

static void put_facts(const struct view_page *v, struct buf *ret) {
    AUTO(buf_done) struct buf date = BUF(256);
    AUTO(buf_done) struct buf version = BUF(512);
    AUTO(buf_done) struct buf hash = BUF(256);
    AUTO(buf_done) struct buf made = BUF(256);
    struct civil c;
    const char *updated = charter_updated(v->charter);
    if (updated != NULL && date_parse(updated, &c))
        say_date(&date, v->lang, &c);
    say_plain(&version, text(v, VIEW_CHARTER_OF), SAY_ARGS(buf_str(&date)));
    hex_encode(charter_hash(v->charter), HASH_SIZE, &hash);
    moment(v, v->now, &made);
    buf_text(ret, "<dl class=\"facts\">\n");
    fact(v, ret, VIEW_OPERATOR, charter_operator(v->charter));
    fact(v, ret, VIEW_CONTACT, charter_contact(v->charter));
    fact(v, ret, VIEW_AUTHORITY, charter_authority(v->charter));
    fact(v, ret, VIEW_CHARTER, buf_str(&version));
    buf_text(ret, "<div><dt>");
    put(v, ret, VIEW_HASH);
    buf_printf(ret, "</dt><dd><code class=\"hash\">%s</code></dd></div>\n", buf_str(&hash));
    fact(v, ret, VIEW_MADE, buf_str(&made));
    buf_text(ret, "</dl>\n");
}

const char *view_state_name(enum promise_state s) { return looks[s].class; }

bool view_state_parse(const char *name, enum promise_state *ret) {
    for (int s = 0; s < PROMISE_STATES; s++)
        if (strcmp(looks[s].class, name) == 0) {
            *ret = (enum promise_state)s;
            return true;
        }
    return false;
}

static bool is_shown(const struct view_page *v, const struct promise *p) { return v->show == NULL || p->state == *v->show; }

/* "/s/events?lang=pl", and which lines. */
static void put_address(const struct view_page *v, const char *show, struct buf *ret) {
    buf_text(ret, "/s/");
    buf_html(ret, charter_name(v->charter));
    buf_printf(ret, "?lang=%s%s%s", lang_code(v->lang), show != NULL ? "&amp;show=" : "", show != NULL ? show : "");
}

void view_tally(const struct view_page *v, struct buf *ret) {
    buf_text(ret, "<ul class=\"tally\">\n");
    for (int s = 0; s < PROMISE_STATES; s++) {
        size_t n = promises_count(v->promises, (enum promise_state)s);
        if (n == 0 && s != PROMISE_KEPT && s != PROMISE_BROKEN)
            continue;
        buf_printf(ret, "<li class=\"state is-%s%s\">", looks[s].class, n == 0 ? " none" : "");
        if (n > 0) {
            buf_text(ret, "<a href=\"");
            put_address(v, looks[s].class, ret);
            buf_printf(ret, "\"%s>", v->show != NULL && (int)*v->show == s ? " aria-current=\"true\"" : "");
        }
        buf_printf(ret, "<b>%zu</b> <span>", n);
        put_icon(ret, (enum promise_state)s);
        buf_html(ret, noun_form(&looks[s].counted, v->lang, (int64_t)n));
        buf_printf(ret, "</span>%s</li>\n", n > 0 ? "</a>" : "");
    }
    buf_text(ret, "</ul>\n");
}

/* The parts of the whole as a strip: what the numbers say, seen before they are read. */
static void put_strip(const struct view_page *v, size_t all, struct buf *ret) {
    size_t at = 0;
    buf_printf(ret, "<svg class=\"strip\" viewBox=\"0 0 %zu 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">", all == 0 ? 1 : all);
    for (int s = 0; s < PROMISE_STATES; s++) {
        size_t n = promises_count(v->promises, (enum promise_state)s);
        if (n > 0)
            buf_printf(ret, "<rect class=\"is-%s\" x=\"%zu\" y=\"0\" width=\"%zu\" height=\"1\"/>", looks[s].class, at, n);
        at += n;
    }
    buf_text(ret, "</svg>\n");
}

/* When the newest proof was made, and the oldest on which a line rests. */
static void put_proofs(const struct view_page *v, const struct promise *list, size_t n, struct buf *ret) {
    AUTO(buf_done) struct buf newest = BUF(256);
    AUTO(buf_done) struct buf oldest = BUF(256);
    usec_t first = 0, last = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].proved <= 0)
            continue;
        first = first == 0 || list[i].proved < first ? list[i].proved : first;
        last = list[i].proved > last ? list[i].proved : last;
    }
    buf_text(ret, "<p class=\"note\">");
    if (last == 0) {
        put(v, ret, VIEW_PROOFS_NONE);
    } else {
        moment(v, last, &newest);
        moment(v, first, &oldest);
        bool same = strcmp(buf_str(&newest), buf_str(&oldest)) == 0;
        say_html(ret, text(v, same ? VIEW_PROOFS : VIEW_PROOFS_SINCE), SAY_ARGS(buf_str(&newest), buf_str(&oldest)));
    }
    buf_text(ret, "</p>\n");
}

static void put_shown(const struct view_page *v, size_t all, struct buf *ret) {
    char shown[32], of[32];
    if (v->show == NULL) {
        buf_text(ret, "<p class=\"note\">");
        put(v, ret, VIEW_FILTER);
        buf_text(ret, "</p>\n");
        return;
    }
    snprintf(shown, sizeof shown, "%zu", promises_count(v->promises, *v->show));
    snprintf(of, sizeof of, "%zu", all);
    buf_text(ret, "<p class=\"shown\">");
    say_html(ret, text(v, VIEW_SHOWN), SAY_ARGS(shown, of, promise_state_word(*v->show, v->lang)));
    buf_text(ret, " <a href=\"");
    put_address(v, NULL, ret);
    buf_text(ret, "\">");
    put(v, ret, VIEW_SHOW_ALL);
    buf_text(ret, "</a></p>\n");
}

static void put_summary(const struct view_page *v, const struct promise *list, size_t n, struct buf *ret) {
    buf_text(ret, "<section class=\"summary\" aria-labelledby=\"summary\">\n<h2 id=\"summary\" class=\"quiet\">");
    put(v, ret, VIEW_SUMMARY);
    buf_text(ret, "</h2>\n");
    put_strip(v, n, ret);
    view_tally(v, ret);
    put_shown(v, n, ret);
    put_proofs(v, list, n, ret);
    buf_text(ret, "<details class=\"legend\"><summary>");
    put(v, ret, VIEW_LEGEND);
    buf_text(ret, "</summary>\n<dl>\n");
    for (int s = 0; s < PROMISE_STATES; s++) {
        buf_printf(ret, "<div><dt class=\"state is-%s\">", looks[s].class);
        put_state(ret, (enum promise_state)s, v->lang);
        buf_text(ret, "</dt><dd>");
        put(v, ret, looks[s].legend);
        buf_text(ret, "</dd></div>\n");
    }
    buf_text(ret, "</dl>\n</details>\n</section>\n");
}

/* ---- sections: the first segment of a path; of records the kind too */
static size_t section_len(const char *path) {
    size_t len = strcspn(path, ".");
    if (len == strlen("records") && strncmp(path, "records", len) == 0 && path[len] == '.')
        len += 1 + strcspn(path + len + 1, ".");
    return len;
}

static bool same_section(const char *a, const char *b) {
    size_t len = section_len(a);
    return len == section_len(b) && strncmp(a, b, len) == 0;
}

static void section_title(const struct view_page *v, const char *path, struct buf *ret) {
    AUTO(buf_done) struct buf key = BUF(256);
    buf_add(&key, path, section_len(path));
    const char *dot = strchr(buf_str(&key), '.');
    AUTO(buf_done) struct buf word = BUF(4096);
    AUTO(buf_done) struct buf label = BUF(4096);
    if (dot != NULL) {
        label_say(&word, v->charter, charter_kind_at(v->charter, charter_kind(v->charter, dot + 1)), dot + 1, v->lang);
        label_title(&label, buf_str(&word));
        buf_html(ret, buf_str(&label));
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        if (strcmp(sections[i].key, buf_str(&key)) == 0) {
            buf_html(ret, sections[i].words.in[v->lang]);
            return;
        }
    label_say(&word, v->charter, NULL, buf_str(&key), v->lang);
    label_title(&label, buf_str(&word));
    buf_html(ret, buf_str(&label));
}

/* The next line that is shown, from `at`; n: none. */
static size_t next_shown(const struct view_page *v, const struct promise *list, size_t n, size_t at) {
    while (at < n && !is_shown(v, &list[at]))
        at++;
    return at;
}

static void put_contents(const struct view_page *v, const struct promise *list, size_t n, struct buf *ret) {
    const struct promise *before = NULL;
    buf_text(ret, "<nav class=\"contents\" aria-labelledby=\"contents\">\n<h2 id=\"contents\" class=\"quiet\">");
    put(v, ret, VIEW_CONTENTS);
    buf_text(ret, "</h2>\n<ul>\n");
    for (size_t i = next_shown(v, list, n, 0); i < n; i = next_shown(v, list, n, i + 1)) {
        if (before == NULL || !same_section(before->line->path, list[i].line->path)) {
            buf_printf(ret, "<li><a href=\"#part-%zu\">", i + 1);
            section_title(v, list[i].line->path, ret);
            buf_text(ret, "</a></li>\n");
        }
        before = &list[i];
    }
    buf_text(ret, "</ul>\n</nav>\n");
}

/* ---- one line */
static void put_when(const struct view_page *v, const struct promise *p, struct buf *ret) {
    AUTO(buf_done) struct buf when = BUF(256);
    struct civil c;
    enum view_text id = p->state == PROMISE_BROKEN ? VIEW_TRIED : VIEW_PROVED;
    if (p->until != NULL && date_parse(p->until, &c)) {
        id = p->state == PROMISE_EXPIRED ? VIEW_EXPIRED : p->state == PROMISE_DATED || p->state == PROMISE_OVERDUE ? VIEW_PROMISED : VIEW_EVIDENCED;
        if (id != VIEW_EVIDENCED)
            say_date(&when, v->lang, &c);
        else
            say_until(&when, v->lang, &c);
    } else if (p->proved > 0) {
        moment(v, p->proved, &when);
    } else {
        return;
    }
    buf_text(ret, " <span class=\"when\">");
    say_html(ret, text(v, id), SAY_ARGS(buf_str(&when)));
    buf_text(ret, "</span>");
}

static void put_answers(const struct view_page *v, const struct line *line, struct buf *ret) {
    bool said = false;
    for (size_t i = 0; i < line->id_count; i++) {
        const char *sentence = seed_says(line->ids[i], v->lang);
        if (sentence == NULL)
            continue;
        buf_text(ret, said ? "<br>" : "<p class=\"note\">");
        if (!said) {
            put(v, ret, VIEW_ANSWERS);
            buf_char(ret, ' ');
        }
        buf_text(ret, "<q>");
        buf_html(ret, sentence);
        buf_text(ret, "</q>&nbsp;<span class=\"id\">");
        buf_html(ret, line->ids[i]);
        buf_text(ret, "</span>");
        said = true;
    }
    buf_text(ret, said ? "</p>\n" : "");
}

static bool rule_of(const struct line *line, size_t at, enum rule *ret) {
    if (line->rules != NULL ? at >= line->rule_count : at > 0)
        return false;
    *ret = line->rules != NULL ? line->rules[at] : line->rule;
    return *ret < RULE_COUNT;
}

/* First the rules that are obeyed, then those to come: one paragraph each. */
static void put_rules(const struct view_page *v, const struct line *line, struct buf *ret) {
    static const struct { enum rule_state state; enum view_text text; } sorts[] = { { OBEYED, VIEW_KEPT_BY }, { LATER, VIEW_WOULD_KEEP } };
    enum rule rule;
    for (size_t s = 0; s < ARRAY_LEN(sorts); s++) {
        bool any = false;
        for (size_t i = 0; rule_of(line, i, &rule); i++) {
            if (rule_state(rule) != sorts[s].state)
                continue;
            if (!any) {
                buf_text(ret, "<p class=\"note\">");
                put(v, ret, sorts[s].text);
            }
            any = true;
            buf_char(ret, ' ');
            buf_html(ret, view_rule_says(rule, v->lang));
        }
        buf_text(ret, any ? "</p>\n" : "");
    }
}

/* The line as the charter has it. */
static void put_source(const struct line *line, struct buf *ret) {
    buf_text(ret, "<p class=\"source\" lang=\"en\"><code>");
    buf_html(ret, line->path);
    if (line->text != NULL && *line->text != 0) {
        buf_text(ret, "</code><code>");
        buf_html(ret, line->text);
    }
    buf_text(ret, "</code></p>\n");
}

/* Folded: how it is kept, and what only some readers look for. */
static void put_more(const struct view_page *v, const struct promise *p, bool source, struct buf *ret) {
    bool seen = p->detail != NULL && *p->detail != 0, rules = p->line->kind == LINE_RULE && p->line->rule_count > 0;
    if (!source && !seen && !rules)
        return;
    buf_printf(ret, "<details class=\"more\"%s><summary>", p->state == PROMISE_BROKEN ? " open" : "");
    put(v, ret, seen ? VIEW_MORE : rules ? VIEW_HOW : VIEW_SOURCE);
    buf_text(ret, "</summary>\n");
    if (rules)
        put_rules(v, p->line, ret);
    if (source)
        put_source(p->line, ret);
    if (seen) {
        buf_text(ret, "<p class=\"note\">");
        put(v, ret, VIEW_SEEN);
        buf_text(ret, " <span lang=\"en\">");
        buf_html(ret, p->detail);
        buf_text(ret, "</span></p>\n");
    }
    buf_text(ret, "</details>\n");
}

static void put_line(const struct view_page *v, const struct promise *p, size_t at, struct buf *ret) {
    const struct line *line = p->line;
    buf_printf(ret, "<li id=\"line-%zu\" class=\"promise is-%s\">\n<p class=\"state is-%s\"><span>", at + 1, looks[p->state].class, looks[p->state].class);
    put_state(ret, p->state, v->lang);
    buf_text(ret, "</span>");
    put_when(v, p, ret);
    buf_text(ret, "</p>\n");
    AUTO(buf_done) struct buf says = BUF(1u << 16);
    if (v->sentence != NULL && v->sentence(v->charter, line, v->lang, &says)) {
        buf_text(ret, "<p class=\"says\">");
        buf_html(ret, buf_str(&says));
        buf_text(ret, "</p>\n");
    }
    if (says.len == 0)
        put_source(line, ret);
    put_answers(v, line, ret);
    put_more(v, p, says.len > 0, ret);
    buf_text(ret, "</li>\n");
}

/* How many lines from here are parts of the line above, in the same section; a first line never is. */
static size_t details_from(const struct view_page *v, const struct promise *list, size_t n, size_t at) {
    size_t count = 0;
    if (v->show != NULL || at == 0 || !same_section(list[at - 1].line->path, list[at].line->path))
        return 0;
    while (at + count < n && list[at + count].line->detail && same_section(list[at].line->path, list[at + count].line->path))
        count++;
    return count;
}

/* Folded, unless one of them is broken or expired: that must show. */
static void put_folded(const struct view_page *v, const struct promise *list, size_t count, size_t at, struct buf *ret) {
    static const struct noun lines = NOUN("detail", "details", "szczegół", "szczegóły", "szczegółów", "részlet");
    bool open = false;
    for (size_t i = 0; i < count; i++)
        open |= list[i].state == PROMISE_BROKEN || list[i].state == PROMISE_EXPIRED || list[i].state == PROMISE_OVERDUE;
    buf_printf(ret, "<li class=\"folded\"><details%s><summary>", open ? " open" : "");
    say_count(ret, v->lang, (int64_t)count, &lines);
    buf_text(ret, "</summary>\n<ul class=\"promises\">\n");
    for (size_t i = 0; i < count; i++)
        put_line(v, &list[i], at + i, ret);
    buf_text(ret, "</ul>\n</details></li>\n");
}

/* The lines by section; a part of the charter that shows nothing has no heading. */
static void put_lines(const struct view_page *v, const struct promise *list, size_t n, struct buf *ret) {
    const struct promise *before = NULL;
    for (size_t i = next_shown(v, list, n, 0); i < n; i = next_shown(v, list, n, i + 1)) {
        if (before == NULL || !same_section(before->line->path, list[i].line->path)) {
            buf_printf(ret, "%s<section class=\"part\" aria-labelledby=\"part-%zu\">\n<h2 id=\"part-%zu\">", before != NULL ? "</ul>\n</section>\n" : "", i + 1, i + 1);
            section_title(v, list[i].line->path, ret);
            buf_text(ret, "</h2>\n<ul class=\"promises\">\n");
        }
        before = &list[i];
        size_t folded = details_from(v, list, n, i);
        if (folded == 0) {
            put_line(v, &list[i], i, ret);
            continue;
        }
        put_folded(v, list + i, folded, i, ret);
        i += folded - 1;
        before = &list[i];
    }
    buf_text(ret, before != NULL ? "</ul>\n</section>\n" : "");
}

void view_html(const struct view_page *v, struct buf *ret) {
    const struct promise *list;
    size_t n = promises_all(v->promises, &list);
    buf_text(ret, "<h1>");
    buf_html(ret, charter_title(v->charter)->in[v->lang]);
    buf_text(ret, "</h1>\n<p class=\"lead\">");
    put(v, ret, VIEW_LEAD);
    buf_text(ret, "</p>\n");
    put_summary(v, list, n, ret);
    if (v->show == NULL)
        put_facts(v, ret);
    put_contents(v, list, n, ret);
    put_lines(v, list, n, ret);
    buf_text(ret, "<p class=\"machine\"><a href=\"/s/");
    buf_html(ret, charter_name(v->charter));
    buf_text(ret, ".json\">");
    put(v, ret, VIEW_MACHINE);
    buf_text(ret, "</a></p>\n");
}

/* ---- JSON */
static json_t *instant(usec_t t) {
    char room[40];
    return t <= 0 ? json_null() : json_string(time_format(t, room, sizeof room));
}

static json_t *json_of(const struct promise *p) {
    const struct line *line = p->line;
    json_t *ids = json_array();
    for (size_t i = 0; i < line->id_count; i++) {
        json_t *says = json_object();
        for (int l = 0; l < LANG_COUNT && seed_says(line->ids[i], LANG_EN) != NULL; l++)
            json_object_set_new(says, lang_code((enum lang)l), json_string(seed_says(line->ids[i], (enum lang)l)));
        json_array_append_new(ids, json_pack("{s:s, s:o}", "id", line->ids[i], "sentence", says));
    }
    enum rule one;
    json_t *rules = json_array();
    for (size_t i = 0; line->kind == LINE_RULE && rule_of(line, i, &one); i++)
        json_array_append_new(rules, json_pack("{s:s, s:s, s:b}", "name", rule_name(one), "says", rule_says(one), "obeyed", rule_state(one) == OBEYED));
    return json_pack("{s:s, s:s?, s:i, s:s, s:o, s:s?, s:o, s:s?, s:o}", "path", line->path, "text", line->text, "line", line->pos.line,
                     "state", promise_state_name(p->state), "proved", instant(p->proved), "until", p->until,
                     "rules", rules,
                     "detail", p->detail != NULL && *p->detail != 0 ? p->detail : NULL, "answers", ids);
}

json_t *view_json(const struct view_page *v) {
    AUTO(buf_done) struct buf hash = BUF(256);
    size_t lost = mem_lost();
    hex_encode(charter_hash(v->charter), HASH_SIZE, &hash);
    json_t *title = json_object(), *summary = json_object(), *lines = json_array();
    for (int l = 0; l < LANG_COUNT; l++)
        json_object_set_new(title, lang_code((enum lang)l), json_string(charter_title(v->charter)->in[l]));
    for (int s = 0; s < PROMISE_STATES; s++)
        json_object_set_new(summary, promise_state_name((enum promise_state)s), json_integer((json_int_t)promises_count(v->promises, (enum promise_state)s)));
    const struct promise *list;
    size_t n = promises_all(v->promises, &list);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(lines, json_of(&list[i]));
    json_t *page = json_pack("{s:s, s:o, s:s?, s:s?, s:s?, s:s?, s:s, s:o, s:o, s:o}", "service", charter_name(v->charter), "title", title,
                     "operator", charter_operator(v->charter), "contact", charter_contact(v->charter), "authority", charter_authority(v->charter),
                     "updated", charter_updated(v->charter), "charter_sha256", buf_str(&hash), "made", instant(v->now), "summary", summary, "promises", lines);
    if (mem_lost() == lost)
        return page;
    json_decref(page);
    return NULL;
}
