/* session_call.h — one call with the cookie of a session: /v1/account…, /v1/tenants/{tenant}/…. Whoever calls by cookie might have been
 * made to by another site: every method but GET and HEAD carries Sejf-Csrf, and what a browser says of its origin must be ours. The
 * functions that answer false have replied. Belongs to the handler of its request. */
#pragma once
#include "access/session.h"
#include "api/http.h"
#include "api/service.h"

struct scall {
    struct http_req *req;
    struct api *api;
    struct people *people;
    struct session session;
    const char *secret;                       /* the cookie's value; NULL: there is no session (scall_open) */
    enum lang lang;
    int64_t tenant;                           /* after scall_tenant */
    size_t lost;                              /* mem_lost() when it began */
};

/* Steps in which a session may do this; the usual call wants one that is whole. */
#define SCALL_WHOLE (1u << STEP_WHOLE)
#define SCALL_SECOND (1u << STEP_SECOND)
#define SCALL_CHANGE (1u << STEP_CHANGE)
#define SCALL_ENROL (1u << STEP_ENROL)
#define SCALL_ANY (SCALL_WHOLE | SCALL_SECOND | SCALL_CHANGE | SCALL_ENROL)
MUST_USE bool scall_begin(struct http_req *req, unsigned steps, struct scall *ret);
/* Without a session: to sign in. The body must be JSON and the origin ours, since another site could sign the person in as somebody else. */
MUST_USE bool scall_open(struct http_req *req, struct scall *ret);
/* With the session that the cookie names where there is one in force, else as scall_open. */
MUST_USE bool scall_maybe(struct http_req *req, struct scall *ret);
/* {tenant}, and may the person do this there? Another tenant's is 404, like one that is not there. */
MUST_USE bool scall_tenant(struct scall *c, enum people_act act);
MUST_USE bool scall_service(struct scall *c, struct service **ret);     /* of that tenant; tenant 0 has none: 404 */
MUST_USE bool scall_id(struct scall *c, const char *name, struct uuid *ret);
MUST_USE bool scall_number(struct scall *c, const char *name, int64_t *ret);
/* The body as a JSON object without members but `names` (a NULL-ended list). Its texts may be passwords and links: freed by json_wiped. */
MUST_USE bool scall_json(struct scall *c, const char *const *names, json_t **ret);
json_t *json_wiped(json_t *body);             /* overwrites the texts of its members; always returns NULL */
DEFINE_AUTO(json_t, json_wiped)
#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* A text of it; false: missing, no text, or longer than room - 1 bytes. */
MUST_USE bool scall_text(struct scall *c, const json_t *body, const char *name, size_t most, const char **ret);
/* The same where the member may be absent or null: then NULL. */
MUST_USE bool scall_text_maybe(struct scall *c, const json_t *body, const char *name, size_t most, const char **ret);
MUST_USE bool scall_whole(struct scall *c);   /* false where a piece of what was read found no memory */
void scall_reply(struct scall *c, int status, json_t *body);             /* takes the reference; NULL: no memory */
void scall_reply_nothing(struct scall *c, int status);
void scall_error(struct scall *c, const struct err *e);
#define scall_fail(c, code, ...) do { struct err e_; (void)err_set(&e_, (code), __VA_ARGS__); scall_error((c), &e_); } while (0)
/* Who does this, as the ledger names it: "account 0193…". */
#define SCALL_BY 64
const char *scall_by(const struct scall *c, char ret[SCALL_BY]);

/* ---- shared with the pages */
const char *session_cookie(struct http_req *req);                        /* as it came and well-formed, or NULL */
void session_cookie_set(struct http_req *req, const char *secret);       /* NULL: taken away */
/* Did a page of another site cause this request? strict: "Origin: null" is another site's (for fetch; forms of pages that send
 * no referrer have it, too). */
bool origin_foreign(struct http_req *req, bool strict);
struct visitor session_visitor(struct http_req *req);
/* "Firefox, Linux" of a User-Agent. */
void agent_said(const char *agent, char ret[64]);
/* err.field of E_TOO_MANY holds seconds: into Retry-After. */
void retry_header(struct http_req *req, const struct err *e);
