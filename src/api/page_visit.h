/* page_visit.h — one visit of a page: which service, which language, in a frame or not; and how it ends. Functions that
 * answer false have replied. Belongs to the handler of its request. */
#pragma once
#include "api/page_guard.h"
#include "api/page_html.h"
#include "api/pages.h"

struct visit {
    struct http_req *req;
    struct api *api;
    struct pages *pages;
    struct service *service;
    const struct charter *charter;
    const char *name;                 /* of the service */
    enum lang lang;
    unsigned speaks;
    bool framed;                      /* another site shows it */
    const char *path;                 /* of this page, without its query */
    size_t lost;                      /* mem_lost() when it began */
};
/* Language and frame; no service yet. path: built by the caller, escaped for an address; NULL: "/". */
void visit_plain(struct http_req *req, const char *path, struct visit *ret);
/* The service in the path. */
MUST_USE bool visit_begin(struct http_req *req, struct visit *ret);

/* False where a piece of what was typed or read found no memory: asked before anything is done. visit_send asks by itself. */
MUST_USE bool visit_whole(struct visit *v);

/* The browser's secret for forms: from its cookie, or a new one that the reply sets. */
const char *visit_cookie(struct visit *v);
/* The one that came, or NULL. */
const char *visit_cookie_sent(struct visit *v);
/* Did another site's page send this request? */
bool visit_cross_site(struct visit *v);

struct guard *pages_guard(struct pages *p);
struct slugs *pages_slugs(struct pages *p);       /* page_slugs.h */
const char *pages_theme(const struct pages *p, size_t *ret_len);
const void *pages_logo(const struct pages *p, size_t *ret_len, const char **ret_type);     /* NULL: none */

/* Begins a page in *ret; visit_send ends and sends it. typed: it holds what somebody typed, so no switch of language. */
void visit_page(struct visit *v, const char *title, bool typed, struct buf *ret, struct page *ret_page);
void visit_send(struct visit *v, int status, const struct page *page, struct buf *body);
void visit_missing(struct visit *v);                          /* 404 */
void visit_trouble(struct visit *v, const struct err *e);     /* 404 for what is not there, else 500, and one line in the log */
