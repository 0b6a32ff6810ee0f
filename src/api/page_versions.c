/* page_versions.c — every version of a service's charter and what it changed: /s/{service}/versions and …/versions.json. Public, and of no
 * person. */
#include <stdio.h>
#include <string.h>

#include "api/page_visit.h"
#include "api/version.h"
#include "base/mem.h"
#include "base/text.h"

#define VERSIONS_MOST 100u                    /* that a page shows, newest first */

struct kept { struct version_row row; json_t *changes; };
struct keeping { struct kept list[VERSIONS_MOST]; size_t count; struct arena *arena; bool failed; };

static void keeping_done(struct keeping *k) {
    for (size_t i = 0; i < k->count; i++)
        json_decref(k->list[i].changes);
    k->count = 0;
}
DEFINE_AUTO_VALUE(struct keeping, keeping_done)

static bool keep(const struct version_row *r, void *arg) {
    struct keeping *k = arg;
    struct kept *one = &k->list[k->count];
    if (k->count == VERSIONS_MOST)
        return false;
    *one = (struct kept){ .row = *r, .changes = json_loads(r->changes, 0, NULL) };
    one->row.updated = arena_text(k->arena, r->updated);
    one->row.charter = one->row.changes = NULL;
    k->count++;
    k->failed = one->changes == NULL || one->row.updated == NULL;
    return !k->failed;
}

static enum code versions_read(struct visit *v, struct keeping *ret, struct err *reterr) {
    ret->arena = http_arena(v->req);
    enum code code = versions_list(service_store(v->service), v->name, keep, ret, reterr);
    return code == OK && ret->failed ? err_set(reterr, E_MEMORY, "no memory for the versions of a charter") : code;
}

/* ---- as JSON */

static json_t *instant(usec_t t) {
    char text[40];
    return t == 0 ? json_null() : json_string(time_format(t, text, sizeof text));
}

static json_t *version_json(const struct kept *k) {
    AUTO(buf_done) struct buf hash = BUF(2 * HASH_SIZE + 1);
    hex_encode(k->row.hash, HASH_SIZE, &hash);
    return json_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:O, s:O}", "number", (json_int_t)k->row.number, "updated", k->row.updated, "sha256", buf_str(&hash), "announced",
                     instant(k->row.announced), "begins", instant(k->row.begins), "since", instant(k->row.since), "changes", json_object_get(k->changes, "items"), "uses",
                     json_object_get(k->changes, "uses"));
}

static void json_get(struct http_req *req) {
    struct visit v;
    struct err e;
    AUTO(keeping_done) struct keeping k = { .count = 0 };
    if (!visit_begin(req, &v))
        return;
    if (versions_read(&v, &k, &e) != OK) {
        http_reply_error(req, &e, NULL);
        return;
    }
    json_t *items = json_array(), *body = json_pack("{s:s, s:o}", "service", v.name, "items", items);
    for (size_t i = 0; i < k.count; i++)
        json_array_append_new(items, version_json(&k.list[i]));
    http_reply_header(req, "Access-Control-Allow-Origin", "*");
    if (visit_whole(&v))
        http_reply_json(req, 200, body);
    json_decref(body);
}

/* ---- as a page */

static const char *day_of(struct visit *v, usec_t t) {
    AUTO(buf_done) struct buf text = BUF(64);
    struct civil c = zone_civil(charter_zone(v->charter), t);
    say_date(&text, v->lang, &c);
    const char *copy = arena_text(http_arena(v->req), buf_str(&text));
    return copy == NULL ? "" : copy;
}

static const char *said(const json_t *words, enum lang lang) { return json_string_value(json_object_get(words, lang_code(lang))); }

/* In another language than the page, its code stands behind the head. */
static void put_sentence(struct visit *v, struct buf *ret, enum text head, const char *sentence, const char *class, enum lang lang) {
    const bool own = lang == v->lang;
    buf_printf(ret, "<p class=\"%s\"><b>", class);
    buf_html(ret, text_in(head, v->lang));
    if (own)
        buf_text(ret, "</b> ");
    else
        buf_printf(ret, " (%s)</b> <span lang=\"%s\">", lang_code(lang), lang_code(lang));
    buf_html(ret, sentence);
    buf_text(ret, own ? "</p>\n" : "</span></p>\n");
}

static void put_words(struct visit *v, struct buf *ret, const json_t *item, enum lang lang) {
    const char *before = said(json_object_get(item, "before"), lang), *now = said(json_object_get(item, "now"), lang);
    if (before != NULL)
        put_sentence(v, ret, now == NULL ? TEXT_VERSIONS_GONE : TEXT_VERSIONS_BEFORE, before, "before", lang);
    if (now != NULL)
        put_sentence(v, ret, before == NULL ? TEXT_VERSIONS_NEW : TEXT_VERSIONS_NOW, now, "now", lang);
}

/* Where the page's language says the same as before, those that do not are shown: the same sentence twice would tell nothing. */
static void put_item(struct visit *v, struct buf *ret, const json_t *item) {
    const unsigned reworded = version_reworded(item), own = 1u << v->lang;
    buf_text(ret, "<li class=\"change\">\n");
    for (int l = 0; l < LANG_COUNT; l++)
        if (((reworded & own) != 0 ? own : reworded) >> l & 1)
            put_words(v, ret, item, (enum lang)l);
    if (json_is_true(json_object_get(item, "uses"))) {
        buf_text(ret, "<p class=\"note\">");
        PUT_TEXT(ret, v->lang, VERSIONS_USES);
        if (charter_changing(v->charter).again) {
            buf_char(ret, ' ');
            PUT_TEXT(ret, v->lang, VERSIONS_LOCKED);
        }
        buf_text(ret, "</p>\n");
    }
    buf_text(ret, "</li>\n");
}

static void put_when(struct visit *v, struct buf *ret, const struct version_row *r, bool newest) {
    buf_text(ret, "<p class=\"note\">");
    if (r->since == 0)
        PUT(ret, v->lang, VERSIONS_COMES, day_of(v, r->begins), day_of(v, r->announced));
    else if (newest)
        PUT(ret, v->lang, VERSIONS_SINCE, day_of(v, r->since));
    else
        PUT(ret, v->lang, VERSIONS_WAS, day_of(v, r->since));
    buf_text(ret, "</p>\n");
}

static void put_version(struct visit *v, struct buf *ret, const struct kept *k, bool newest) {
    char number[24];
    const json_t *items = json_object_get(k->changes, "items"), *item;
    size_t i;
    snprintf(number, sizeof number, "%lld", (long long)k->row.number);
    buf_printf(ret, "<section class=\"version\" aria-labelledby=\"v%s\">\n<h2 id=\"v%s\">", number, number);
    PUT(ret, v->lang, VERSIONS_NUMBER, number);
    buf_text(ret, "</h2>\n");
    put_when(v, ret, &k->row, newest);
    if (json_array_size(items) == 0) {
        buf_text(ret, "<p>");
        buf_html(ret, text_in(k->row.number == 1 ? TEXT_VERSIONS_FIRST : TEXT_VERSIONS_NONE, v->lang));
        buf_text(ret, "</p>\n");
    } else {
        buf_text(ret, "<ul class=\"changes\">\n");
        json_array_foreach(items, i, item)
            put_item(v, ret, item);
        buf_text(ret, "</ul>\n");
    }
    buf_text(ret, "</section>\n");
}

static void versions_get(struct http_req *req) {
    struct visit v;
    struct err e;
    struct buf body;
    struct page page;
    AUTO(keeping_done) struct keeping k = { .count = 0 };
    bool told = false;
    if (!visit_begin(req, &v))
        return;
    if (versions_read(&v, &k, &e) != OK) {
        visit_trouble(&v, &e);
        return;
    }
    v.path = arena_printf(http_arena(req), "/s/%s/versions", v.name);
    visit_page(&v, text_in(TEXT_VERSIONS_TITLE, v.lang), false, &body, &page);
    page.wide = true;
    buf_text(&body, "<h1>");
    PUT_TEXT(&body, v.lang, VERSIONS_TITLE);
    buf_text(&body, "</h1>\n<p class=\"lead\">");
    PUT_TEXT(&body, v.lang, VERSIONS_LEAD);
    buf_text(&body, "</p>\n");
    for (size_t i = 0; i < k.count; i++) {
        put_version(&v, &body, &k.list[i], !told && k.list[i].row.since != 0);
        told = told || k.list[i].row.since != 0;
    }
    visit_send(&v, 200, &page, &body);
}

static const struct route list[] = {
    { "GET", "/s/{service}/versions", 0, versions_get },
    { "GET", "/s/{service}/versions.json", 0, json_get },
};
const struct route_table routes_versions = { list, ARRAY_LEN(list) };
