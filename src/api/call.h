/* call.h — one call of the API: which service, who calls, which kind and record; and how it ends. The functions
 * that answer false have replied. Belongs to the handler of its request. */
#pragma once
#include "api/http.h"
#include "api/service.h"

struct call {
    struct http_req *req;
    struct api *api;
    struct service *service;
    const struct charter *charter;
    struct caller who;
    bool elevated;                            /* a session that was signed in (again) a moment ago */
    int kind; const struct kind *k;           /* after call_kind */
    struct uuid id;                           /* after call_id */
    enum lang lang;
    size_t lost;                              /* mem_lost() when it began */
};
/* Service by the path, caller by the bearer token or the cookie of a session. Unknown services, kinds and records answer 404 alike. */
MUST_USE bool call_begin(struct http_req *req, struct call *ret);
/* Who calls c->service, by token or by cookie, into c->who; tenant: that the path names, or 0. */
MUST_USE enum code call_caller(struct call *c, int64_t tenant, struct err *reterr);
MUST_USE bool call_kind(struct call *c);      /* {kind}; and no personal value may stand in the query */
MUST_USE bool call_id(struct call *c, const char *name);
/* {kind} and {id} of a call that begins here: the usual first line of a handler. */
MUST_USE bool call_record(struct http_req *req, struct call *ret);
/* If-Match as a version: -1 where it is absent or "*". */
MUST_USE bool call_if_match(struct call *c, int64_t *ret);
/* Idempotency-Key, 1 to 255 printable characters; NULL where there is none. */
MUST_USE bool call_key(struct call *c, const char **ret);
/* The body as a JSON object; to be freed by json_decref. */
MUST_USE bool call_json(struct call *c, const char *types, json_t **ret);

/* False where a piece of what was read found no memory: asked before anything is done, since a wish without its piece is another wish. */
MUST_USE bool call_whole(struct call *c);
/* A reply that is whole, or want of memory. */
void call_reply_json(struct call *c, int status, const json_t *body);
void call_reply_nothing(struct call *c, int status);
void call_error(struct call *c, const struct err *e, const json_t *mistakes);
/* The same for mistakes in the fields of a record: their paths begin at fields, the body's at its outside. */
void call_error_fields(struct call *c, const struct err *e, const json_t *mistakes);
#define call_fail(c, code, ...) do { struct err e_; (void)err_set(&e_, (code), __VA_ARGS__); call_error((c), &e_, NULL); } while (0)
/* A record with its ETag, or 304 where If-None-Match names it; location: of a new one. Empties its text. */
void call_reply_record(struct call *c, int status, struct record_text *record, bool location);
/* Wants JSON types of the API. */
#define JSON_ONLY "application/json"
#define JSON_OR_PATCH "application/merge-patch+json, application/json"
