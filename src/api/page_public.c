/* page_public.c — the index of services, the page of promises of each, and the static files that pages load. */
#include <stdio.h>
#include <string.h>

#include "api/page_visit.h"
#include "base/text.h"
#include "charter/explain.h"
#include "promises/view.h"
#include "store/tables.h"

extern const unsigned char style_css[];       /* made from style.css by embed.py */
extern const size_t style_css_len;
extern const unsigned char passkey_js[];      /* from passkey.js */
extern const size_t passkey_js_len;

static const char icon_svg[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect x=\"3\" y=\"4\" width=\"26\" height=\"23\" rx=\"4\" fill=\"#1f4e79\"/>"
    "<rect x=\"6\" y=\"27\" width=\"5\" height=\"3\" fill=\"#1f4e79\"/><rect x=\"21\" y=\"27\" width=\"5\" height=\"3\" fill=\"#1f4e79\"/>"
    "<circle cx=\"16\" cy=\"15.5\" r=\"6\" fill=\"none\" stroke=\"#fff\" stroke-width=\"2.4\"/><path d=\"M16 15.5V9.5\" stroke=\"#fff\" stroke-width=\"2.4\"/></svg>\n";

/* ---- proofs as the store keeps them */
#define PROOFS_MAX 512u
struct proofs { struct proof list[PROOFS_MAX]; size_t count; struct arena *arena; bool failed; };

static bool proof_add(const struct proof_row *r, void *arg) {
    struct proofs *p = arg;
    p->failed = true;
    if (p->count == PROOFS_MAX)
        return false;
    char *rule = arena_text(p->arena, r->rule), *detail = arena_text(p->arena, r->detail == NULL ? "" : r->detail);
    if (rule == NULL || detail == NULL)
        return false;
    p->failed = false;
    p->list[p->count++] = (struct proof){ .rule = rule, .kept = r->state == 1, .at = r->at, .detail = detail };
    return true;
}

static enum code promises_of(struct service *s, usec_t now, struct arena *arena, struct promises **ret, struct err *reterr) {
    const struct charter *c = service_charter(s);
    struct proofs *proofs = arena_get(arena, sizeof *proofs);
    char today[40];
    if (proofs == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the proofs of the page");
    proofs->arena = arena;
    struct civil day = zone_civil(charter_zone(c), now);
    date_format(&day, today, sizeof today);
    enum code code = proofs_list(service_store(s), charter_name(c), proof_add, proofs, reterr);
    if (code == OK && proofs->failed)
        code = err_set(reterr, E_MEMORY, "no memory for the proofs of the page");
    return code != OK ? code : promises_list(c, proofs->list, proofs->count, today, ret, reterr);
}

/* ---- how long it takes until no copy can be opened: the rule, and the sealed copies of the keys behind it */

/* The part that this line is the keep rule of: the value stands on its line, or (of a group) is the first behind it. NULL: none, or nothing personal. */
static const struct part *part_of(const struct charter *c, const struct line *line) {
    const struct kind *k = line->number < 0 ? NULL : charter_kind_at(c, line->number);
    const char *keep = k == NULL ? NULL : strstr(line->path, ".keep");
    const struct part *found = NULL;
    if (keep == NULL || line->detail)
        return NULL;
    for (size_t i = 0; i < k->part_count; i++) {
        const struct part *p = &k->parts[i];
        if (p->keep.type == KEEP_SPAN && p->keep.pos.line >= line->pos.line && (keep[5] != 0 || p->keep.pos.line == line->pos.line) && (found == NULL || p->keep.pos.line < found->keep.pos.line))
            found = p;
    }
    for (size_t i = 0; found != NULL && i < k->field_count; i++)
        if ((found->fields >> i & 1) != 0 && k->fields[i].level != L_PLAIN)
            return found;
    return NULL;
}

static bool undo_of(const struct charter *c, struct span *ret) {
    const struct line *lines;
    const size_t n = charter_lines(c, &lines);
    for (size_t i = 0; i < n; i++)
        if (strcmp(lines[i].path, "backups.undo") == 0)
            return span_parse(lines[i].text, ret);
    return false;
}

static void residue_said(const struct charter *c, const struct line *line, enum lang lang, struct buf *ret) {
    struct span undo;
    const struct part *p = part_of(c, line);
    AUTO(buf_done) struct buf kept = BUF(512), more = BUF(512);
    char days[32];
    if (p == NULL || !undo_of(c, &undo))
        return;
    say_span(&kept, lang, &p->keep.span);
    say_span(&more, lang, &undo);
    snprintf(days, sizeof days, "%d", (int)(span_days(&p->keep.span) + span_days(&undo)));
    buf_char(ret, ' ');
    say_plain(ret, text_in(TEXT_RESIDUE, lang), SAY_ARGS(buf_str(&kept), buf_str(&more), days));
}

static bool said(const struct charter *c, const struct line *line, enum lang lang, struct buf *ret) {
    const size_t before = ret->len;
    explain_line(c, line, lang, ret);
    if (ret->len > before)
        residue_said(c, line, lang, ret);
    return ret->len > 0;
}

/* ---- the page of one service: /s/events and /s/events.json */
static void json_get(struct visit *v, const struct view_page *view) {
    json_t *body = view_json(view);
    struct err e;
    if (body == NULL) {
        (void)err_set(&e, E_MEMORY, "no memory for the page");
        http_reply_error(v->req, &e, NULL);
        return;
    }
    http_reply_header(v->req, "Access-Control-Allow-Origin", "*");     /* public, and of no person */
    if (visit_whole(v))
        http_reply_json(v->req, 200, body);
    json_decref(body);
}

/* The name of a service in the path, with or without ".json". */
static bool promises_begin(struct http_req *req, struct visit *v, bool *ret_json) {
    static const char ending[] = ".json";
    const char *name = http_param(req, "service");
    size_t len = strlen(name), end = strlen(ending);
    visit_plain(req, NULL, v);
    *ret_json = len > end && strcmp(name + len - end, ending) == 0;
    char *bare = arena_text_n(http_arena(req), name, *ret_json ? len - end : len);
    v->service = bare == NULL ? NULL : api_service(v->api, bare);
    if (v->service == NULL) {
        visit_missing(v);
        return false;
    }
    v->charter = service_charter(v->service);
    v->name = charter_name(v->charter);
    v->speaks = charter_speaks(v->charter) | 1u << LANG_EN;
    v->lang = http_lang(req, v->speaks, LANG_EN);
    v->path = arena_printf(http_arena(req), "/s/%s", v->name);
    return true;
}

static void promises_get(struct http_req *req) {
    struct visit v;
    struct err e;
    struct buf body;
    struct page page;
    bool json;
    AUTO(promises_free) struct promises *promises = NULL;
    usec_t now = clock_now();
    if (!promises_begin(req, &v, &json))
        return;
    if (promises_of(v.service, now, http_arena(req), &promises, &e) != OK) {
        visit_trouble(&v, &e);
        return;
    }
    struct view_page view = { .charter = v.charter, .promises = promises, .lang = v.lang, .now = now, .sentence = said };
    if (json) {
        json_get(&v, &view);
        return;
    }
    enum promise_state show;
    const char *wanted = http_query(req, "show");
    if (wanted != NULL && view_state_parse(wanted, &show))     /* anything else shows all */
        view.show = &show;
    visit_page(&v, charter_title(v.charter)->in[v.lang], false, &body, &page);
    page.query = view.show != NULL ? arena_printf(http_arena(req), "&show=%s", view_state_name(show)) : NULL;
    page.service = NULL;
    page.wide = true;
    view_html(&view, &body);
    buf_printf(&body, "<p class=\"note\"><a href=\"/s/%s/versions?lang=%s\">", v.name, lang_code(v.lang));
    PUT_TEXT(&body, v.lang, VERSIONS_LINK);
    buf_text(&body, "</a></p>\n");
    visit_send(&v, 200, &page, &body);
}

/* ---- the index */
static enum code put_service(struct visit *v, struct service *s, usec_t now, struct buf *ret, struct err *reterr) {
    const struct charter *c = service_charter(s);
    AUTO(promises_free) struct promises *promises = NULL;
    buf_text(ret, "<li><h2><a href=\"/s/");
    buf_html(ret, charter_name(c));
    buf_printf(ret, "?lang=%s\">", lang_code(v->lang));
    buf_html(ret, charter_title(c)->in[v->lang]);
    buf_text(ret, "</a></h2>\n<p class=\"note\">");
    PUT(ret, v->lang, INDEX_OF, charter_operator(c));
    buf_text(ret, "</p>\n");
    enum code code = promises_of(s, now, http_arena(v->req), &promises, reterr);
    if (code == OK)
        view_tally(&(struct view_page){ .charter = c, .promises = promises, .lang = v->lang, .now = now }, ret);
    buf_text(ret, "</li>\n");
    return code;
}

static void index_get(struct http_req *req) {
    struct visit v;
    struct buf body;
    struct page page;
    struct service *const *services;
    struct err e;
    enum code code = OK;
    visit_plain(req, "/", &v);
    size_t n = api_services(v.api, &services);
    visit_page(&v, text_in(TEXT_INDEX_TITLE, v.lang), false, &body, &page);
    page.wide = page.index = true;
    page.service = NULL;
    buf_text(&body, "<h1>");
    PUT_TEXT(&body, v.lang, INDEX_TITLE);
    buf_text(&body, "</h1>\n<p class=\"lead\">");
    buf_html(&body, text_in(n == 0 ? TEXT_INDEX_NONE : TEXT_INDEX_LEAD, v.lang));
    buf_text(&body, "</p>\n<ul class=\"services\">\n");
    for (size_t i = 0; i < n && code == OK; i++)
        code = put_service(&v, services[i], clock_now(), &body, &e);
    buf_text(&body, "</ul>\n");
    if (code == OK) {
        visit_send(&v, 200, &page, &body);
        return;
    }
    buf_done(&body);
    visit_trouble(&v, &e);
}

/* ---- static files: public, and the same for everybody */
static void send_static(struct http_req *req, const char *type, const void *bytes, size_t len) {
    uint8_t hash[HASH_SIZE];
    AUTO(buf_done) struct buf tag = BUF(128);
    hash_sha256(bytes, len, hash);
    buf_char(&tag, '"');
    hex_encode(hash, 12, &tag);
    buf_char(&tag, '"');
    const char *known = http_header(req, "If-None-Match");
    http_reply_header(req, "Cache-Control", "public, max-age=300");
    http_reply_header(req, "ETag", buf_str(&tag));
    http_reply_header(req, "X-Content-Type-Options", "nosniff");
    http_reply_header(req, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");   /* a logo that is opened by itself runs nothing */
    if (known != NULL && strcmp(known, buf_str(&tag)) == 0)
        http_reply(req, 304, NULL, "", 0);
    else
        http_reply(req, 200, type, bytes, len);
}

static void style_get(struct http_req *req) { send_static(req, "text/css; charset=utf-8", style_css, style_css_len); }
static void script_get(struct http_req *req) { send_static(req, "text/javascript; charset=utf-8", passkey_js, passkey_js_len); }
static void icon_get(struct http_req *req) { send_static(req, "image/svg+xml", icon_svg, sizeof icon_svg - 1); }

static void theme_get(struct http_req *req) {
    size_t len;
    const char *css = pages_theme(api_pages(http_context(req)), &len);
    send_static(req, "text/css; charset=utf-8", css, len);
}

static void logo_get(struct http_req *req) {
    size_t len;
    const char *type;
    const void *bytes = pages_logo(api_pages(http_context(req)), &len, &type);
    struct visit v;
    if (bytes == NULL) {
        visit_plain(req, NULL, &v);
        visit_missing(&v);
        return;
    }
    send_static(req, type, bytes, len);
}

static const struct route list[] = {
    { "GET", "/", 0, index_get },
    { "GET", "/s/{service}", 0, promises_get },
    { "GET", "/static/style.css", 0, style_get },
    { "GET", "/static/theme.css", 0, theme_get },
    { "GET", "/static/passkey.js", 0, script_get },
    { "GET", "/static/icon.svg", 0, icon_get },
    { "GET", "/static/logo", 0, logo_get },
};
const struct route_table routes_public = { list, ARRAY_LEN(list) };
