/* page_visit.c — pages are never stored, never framed but where declared, and load nothing from elsewhere. */
#include "api/page_visit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "api/page_slugs.h"
#include "base/theme.h"
#include "base/log.h"
#include "base/mem.h"

#define LOGO_MAX (512u << 10)
#define PAGE_MAX (16u << 20)
#define COOKIE "__Host-sejf-form"
#define COOKIE_FRAMED "__Host-sejf-frame"

struct pages {
    struct guard *guard;
    struct slugs *slugs;
    struct buf theme;
    char *policy_framed;
    char *logo; size_t logo_len; const char *logo_type;
    const char *brand_name;
};
/* Of the pages with the script for passkeys: it may call the API of this instance, and make no markup. */
static const char policy_script[] =
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors 'none'";
static const char policy_start[] = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors ";

/* ---- state */
static const char *logo_type(const char *bytes, size_t len) {
    static const struct { const char *start; size_t len; const char *type; } known[] = {
        { "\x89PNG", 4, "image/png" }, { "\xff\xd8\xff", 3, "image/jpeg" }, { "GIF8", 4, "image/gif" }, { "RIFF", 4, "image/webp" },
        { "<svg", 4, "image/svg+xml" }, { "<?xml", 5, "image/svg+xml" },
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (len >= known[i].len && memcmp(bytes, known[i].start, known[i].len) == 0)
            return known[i].type;
    return NULL;
}

static void logo_read(struct pages *p, const char *file) {
    int fd = file == NULL || *file == 0 ? -1 : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char *bytes = fd < 0 ? NULL : mem_new(LOGO_MAX + 1);
    size_t len = 0;
    ssize_t got = 1;
    while (bytes != NULL && len <= LOGO_MAX && got > 0) {
        got = read(fd, bytes + len, LOGO_MAX + 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0)
        close(fd);
    p->logo_type = bytes == NULL || got < 0 || len > LOGO_MAX ? NULL : logo_type(bytes, len);
    if (p->logo_type == NULL) {
        mem_free(bytes);
        return;
    }
    p->logo = bytes;
    p->logo_len = len;
}

enum code pages_open(const struct api_config *c, struct pages **ret, struct err *reterr) {
    struct pages *p = mem_new(sizeof *p);
    AUTO(buf_done) struct buf policy = BUF(1u << 16);
    if (p == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the pages");
    p->theme = BUF(4096);
    theme_css(c->brand_colour, c->brand_text, &p->theme);
    buf_text(&policy, policy_start);
    buf_text(&policy, c->frame_origin_count == 0 ? "'none'" : "");
    for (size_t i = 0; i < c->frame_origin_count; i++)
        buf_printf(&policy, "%s%s", i == 0 ? "" : " ", c->frame_origins[i]);
    p->policy_framed = mem_text(buf_str(&policy));
    p->brand_name = c->brand_name;
    logo_read(p, c->brand_logo);
    enum code code = p->policy_framed == NULL || p->theme.failed || policy.failed ? err_set(reterr, E_MEMORY, "no memory for the pages") : guard_new(&p->guard, reterr);
    if (code == OK)
        code = slugs_new(&p->slugs, reterr);
    if (code != OK) {
        pages_close(p);
        return code;
    }
    *ret = p;
    return OK;
}

struct pages *pages_close(struct pages *p) {
    if (p != NULL) {
        guard_free(p->guard);
        slugs_free(p->slugs);
        buf_done(&p->theme);
        mem_free(p->policy_framed);
        mem_free(p->logo);
        mem_free(p);
    }
    return NULL;
}

struct guard *pages_guard(struct pages *p) { return p->guard; }
struct slugs *pages_slugs(struct pages *p) { return p->slugs; }
const char *pages_theme(const struct pages *p, size_t *ret_len) {
    *ret_len = p->theme.len;
    return buf_str(&p->theme);
}
const void *pages_logo(const struct pages *p, size_t *ret_len, const char **ret_type) {
    *ret_len = p->logo_len;
    *ret_type = p->logo_type;
    return p->logo;
}

/* ---- one visit */
static bool in_frame(struct http_req *req) {
    static const char *const frames[] = { "iframe", "frame", "embed", "object" };
    const char *dest = http_header(req, "Sec-Fetch-Dest");
    for (size_t i = 0; dest != NULL && i < ARRAY_LEN(frames); i++)
        if (strcmp(dest, frames[i]) == 0)
            return true;
    return false;
}

void visit_plain(struct http_req *req, const char *path, struct visit *ret) {
    struct api *api = http_context(req);
    unsigned all = (1u << LANG_COUNT) - 1;
    *ret = (struct visit){ .req = req, .api = api, .pages = api_pages(api), .lang = http_lang(req, all, LANG_EN), .speaks = all,
                           .framed = in_frame(req), .path = path == NULL ? "/" : path, .lost = mem_lost() };
}

bool visit_begin(struct http_req *req, struct visit *ret) {
    visit_plain(req, NULL, ret);
    ret->service = api_service(ret->api, http_param(req, "service"));
    if (ret->service == NULL) {
        visit_missing(ret);
        return false;
    }
    ret->charter = service_charter(ret->service);
    ret->name = charter_name(ret->charter);
    ret->speaks = charter_speaks(ret->charter);
    enum lang first = LANG_EN;
    while ((ret->speaks & 1u << first) == 0 && first + 1 < LANG_COUNT)
        first++;
    ret->lang = http_lang(req, ret->speaks, first);
    return true;
}

static bool still_whole(const struct visit *v) { return mem_lost() == v->lost && !arena_overflowed(http_arena(v->req)); }

bool visit_whole(struct visit *v) {
    struct err e;
    if (still_whole(v))
        return true;
    (void)err_set(&e, E_MEMORY, "the server has no memory for this request; try again");
    visit_trouble(v, &e);
    return false;
}

const char *visit_cookie_sent(struct visit *v) {
    const char *cookie = http_cookie(v->req, v->framed ? COOKIE_FRAMED : COOKIE);
    return guard_cookie_fine(cookie) ? cookie : NULL;
}

const char *visit_cookie(struct visit *v) {
    const char *sent = visit_cookie_sent(v);
    if (sent != NULL)
        return sent;
    char fresh[GUARD_COOKIE_TEXT];
    guard_cookie(fresh);
    char *line = arena_printf(http_arena(v->req), "%s=%s; Path=/; Secure; HttpOnly; Max-Age=%lld; %s", v->framed ? COOKIE_FRAMED : COOKIE, fresh,
                              (long long)(GUARD_LIFE / USEC_PER_SEC), v->framed ? "SameSite=None; Partitioned" : "SameSite=Strict");
    char *kept = arena_text(http_arena(v->req), fresh);
    if (line == NULL || kept == NULL)
        return "";
    http_reply_header(v->req, "Set-Cookie", line);
    return kept;
}

bool visit_cross_site(struct visit *v) {
    const char *site = http_header(v->req, "Sec-Fetch-Site");
    return site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

/* ---- pages */
void visit_page(struct visit *v, const char *title, bool typed, struct buf *ret, struct page *ret_page) {
    size_t logo_len;
    const char *type, *operator = v->charter == NULL ? NULL : charter_operator(v->charter);
    *ret = BUF(PAGE_MAX);
    *ret_page = (struct page){ .lang = v->lang, .speaks = typed ? 0 : v->speaks, .title = title, .path = v->path, .service = v->name,
                               .operator = v->pages->brand_name != NULL ? v->pages->brand_name : operator,
                               .logo = pages_logo(v->pages, &logo_len, &type) != NULL, .framed = v->framed };
}

void visit_send(struct visit *v, int status, const struct page *page, struct buf *body) {
    bool form = http_route(v->req) != NULL && (http_route(v->req)->flags & ROUTE_FRAMED) != 0;
    AUTO(buf_done) struct buf whole = BUF(PAGE_MAX);
    page_begin(&whole, page);
    buf_add(&whole, buf_str(body), body->len);
    page_end(&whole, page);
    whole.failed |= body->failed;
    char *policy = arena_printf(http_arena(v->req), "%s%s", policy_start, "'none'");
    http_reply_header(v->req, "Content-Security-Policy", form ? v->pages->policy_framed : page->script ? policy_script : policy == NULL ? "default-src 'none'" : policy);
    http_reply_header(v->req, "X-Content-Type-Options", "nosniff");
    http_reply_header(v->req, "Content-Language", lang_code(v->lang));
    http_reply_header(v->req, "X-Robots-Tag", "noindex");
    http_reply_header(v->req, "Vary", "Accept-Language, Cookie");
    whole.failed |= !still_whole(v);           /* a sentence or a header that is not there: the reply says so instead */
    buf_wipe(body);
    http_reply_buf(v->req, status, "text/html; charset=utf-8", &whole);
}

static void message(struct visit *v, int status, enum text title, void (*put)(struct visit *v, struct buf *ret)) {
    struct buf body;
    struct page page;
    visit_page(v, text_in(title, v->lang), true, &body, &page);
    buf_text(&body, "<h1>");
    buf_html(&body, text_in(title, v->lang));
    buf_text(&body, "</h1>\n<p class=\"lead\">");
    put(v, &body);
    buf_text(&body, "</p>\n");
    visit_send(v, status, &page, &body);
}

static void put_missing(struct visit *v, struct buf *ret) { PUT_TEXT(ret, v->lang, NOT_FOUND); }

static void put_trouble(struct visit *v, struct buf *ret) {
    PUT(ret, v->lang, TROUBLE, v->charter == NULL ? "" : charter_contact(v->charter), http_request_id(v->req));
}

void visit_missing(struct visit *v) { message(v, 404, TEXT_NOT_FOUND_TITLE, put_missing); }

void visit_trouble(struct visit *v, const struct err *e) {
    if (e->code == E_NOT_FOUND || e->code == E_GONE || e->code == E_SIGN_IN || e->code == E_FORBIDDEN) {
        visit_missing(v);
        return;
    }
    if (e->code != E_TOO_MANY)                 /* one's own limit is no failure */
        log_error("page_failed", e);
    v->lost = mem_lost();                      /* this page may find some again */
    message(v, e->code == E_TOO_MANY ? 429 : e->code == E_BUSY || e->code == E_MEMORY ? 503 : e->code == E_FULL ? 507 : 500, TEXT_TROUBLE_TITLE, put_trouble);
}
