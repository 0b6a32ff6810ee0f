/* http_reply.c — replies. One request gets one: the first wins, a second is our bug. */
#include <string.h>

#include "api/http_int.h"
#include "base/fiber.h"
#include "base/jsontext.h"
#include "base/log.h"
#include "base/mem.h"

#define JSON_REPLY_MAX (64u << 20)
#define JSON_REPLY_USUAL 1024u
#define ARENA_REPLY_MAX 2048u                 /* what is longer has memory of its own */

bool http_replied(const struct http_req *req) { return req->replied; }

void http_reply_header(struct http_req *req, const char *name, const char *value) {
    PRE(req->reply_header_count < REPLY_HEADERS_MAX);
    if (strpbrk(value, "\r\n") != NULL || value[0] == 0)
        return;
    char *copy = arena_text(req->arena, value);
    if (copy != NULL)
        req->reply_headers[req->reply_header_count++] = (struct http_header){ name, copy };
}

static bool reply_has(const struct http_req *req, const char *name) {
    for (size_t i = 0; i < req->reply_header_count; i++)
        if (strcasecmp(req->reply_headers[i].name, name) == 0)
            return true;
    return false;
}

static bool put(struct MHD_Response *response, const char *name, const char *value) { return MHD_add_response_header(response, name, value) == MHD_YES; }

static bool headers_put(const struct http_req *req, struct MHD_Response *response) {
    bool fine = put(response, "X-Request-Id", req->id);
    for (size_t i = 0; i < req->reply_header_count; i++)
        fine = fine && put(response, req->reply_headers[i].name, req->reply_headers[i].value);
    if (!reply_has(req, "Cache-Control"))     /* what is sent may be personal */
        fine = fine && put(response, "Cache-Control", "no-store");
    if (req->match.route != NULL && (req->match.route->flags & ROUTE_SECRET) != 0)
        fine = fine && put(response, "Referrer-Policy", "no-referrer");
    if (req->origin != NULL && req->url != NULL && strncmp(req->url, "/v1/", 4) == 0)
        fine = fine && put(response, "Access-Control-Allow-Origin", req->origin) &&
               put(response, "Access-Control-Expose-Headers", "ETag, Location, X-Request-Id, Allow, Retry-After") && put(response, "Vary", "Origin");
    return fine && (!req->closes || put(response, "Connection", "close"));
}

/* A header that is missing for want of memory may be what forbids a browser something: then there is no reply. */
static bool response_take(struct http_req *req, struct MHD_Response *response) {
    if (response != NULL && !headers_put(req, response)) {
        MHD_destroy_response(response);
        response = NULL;
    }
    req->response = response;
    return response != NULL;
}

static void reply_mark(struct http_req *req, int status) {
    PRE(!req->replied);
    req->replied = true;
    req->status = status;
}

void reply_begun(struct http_req *req, int status, struct MHD_Response *response) {
    reply_mark(req, status);
    (void)response_take(req, response);
}

bool reply_make(struct http_req *req) {
    PRE(req->replied && req->response == NULL);
    union { const void *in; void *out; } u = { .in = req->reply_bytes };
    struct MHD_Response *response = u.in == NULL ? NULL : MHD_create_response_from_buffer(req->reply_len, u.out, MHD_RESPMEM_PERSISTENT);
    if (response != NULL && req->reply_type != NULL && !put(response, "Content-Type", req->reply_type)) {
        MHD_destroy_response(response);
        response = NULL;
    }
    return response_take(req, response);
}

/* `bytes` live as long as the request; NULL: no memory. */
static void reply_bytes(struct http_req *req, int status, const char *type, const void *bytes, size_t len) {
    reply_mark(req, status);
    req->reply_type = type == NULL ? NULL : arena_text(req->arena, type);
    req->reply_bytes = type != NULL && req->reply_type == NULL ? NULL : bytes;
    req->reply_len = req->bytes_out = len;
    if (req->stream != NULL) {
        (void)reply_make(req);
        stream_replied(req);
    }
}

void http_reply(struct http_req *req, int status, const char *type, const void *body, size_t len) {
    if (len > ARENA_REPLY_MAX && (req->reply_owned = mem_grow(NULL, len, 1)) != NULL)
        memcpy(req->reply_owned, body, len);
    reply_bytes(req, status, type, len > ARENA_REPLY_MAX ? req->reply_owned : arena_text_n(req->arena, body, len), len);
}

void http_reply_text(struct http_req *req, int status, const char *type, const char *text) {
    http_reply(req, status, type, text, strlen(text));
}

void http_reply_buf(struct http_req *req, int status, const char *type, struct buf *body) {
    if (body->failed) {
        buf_wipe(body);
        reply_plain_error(req, 503, E_MEMORY, "the server has no memory for the reply");
        return;
    }
    size_t len = body->len;
    if (len <= ARENA_REPLY_MAX) {
        http_reply(req, status, type, buf_str(body), len);
    } else {
        req->reply_owned = TAKE(body->data);
        reply_bytes(req, status, type, req->reply_owned, len);
    }
    buf_done(body);
}

static void reply_json(struct http_req *req, int status, const char *type, const json_t *body) {
    AUTO(buf_done) struct buf b = BUF(JSON_REPLY_MAX);
    if (buf_more(&b, JSON_REPLY_USUAL) != NULL)
        buf_cut(&b, 0);                       /* room for most replies at once */
    json_text_add(&b, body);
    buf_char(&b, '\n');
    http_reply_buf(req, status, type, &b);
}

void http_reply_json(struct http_req *req, int status, const json_t *body) { reply_json(req, status, "application/json", body); }

/* "urn of a code": E_NOT_FOUND to "<base>/problems/not_found". */
static json_t *problem(const struct http_req *req, int status, enum code code, const char *detail) {
    char name[48], *p = name;
    for (const char *c = code_name(code) + 2; *c != 0 && p < name + sizeof name - 1; c++)
        *p++ = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
    *p = 0;
    const char *base = req->http->o.problem_base;
    return json_pack("{s:o, s:s, s:i, s:s, s:i, s:s}", "type",
                     base == NULL ? json_string("about:blank") : json_sprintf("%s/problems/%s", base, name),
                     "title", code_title(code), "status", status, "detail", detail, "code", (int)code, "request", req->id);
}

void reply_plain_error(struct http_req *req, int status, enum code code, const char *text) {
    json_t *doc = problem(req, status, code, text);
    if (doc == NULL)
        http_reply_text(req, 503, "text/plain; charset=utf-8", "no memory\n");
    else
        reply_json(req, status, "application/problem+json", doc);
    json_decref(doc);
}

static void mistake_add(json_t *list, const char *pointer, const char *detail) {
    json_array_append_new(list, json_pack("{s:s, s:s}", "pointer", pointer == NULL ? "" : pointer, "detail", detail == NULL ? "" : detail));
}

static json_t *mistakes_of(const struct err *e, const json_t *mistakes) {
    json_t *list = json_array(), *m;
    size_t i;
    json_array_foreach(mistakes, i, m)
        mistake_add(list, json_string_value(json_object_get(m, "path")), json_string_value(json_object_get(m, "text")));
    if (json_array_size(list) == 0 && e->field[0] != 0)
        mistake_add(list, e->field, e->text);
    return list;
}

/* A failure of ours may name files of this machine: those are told to the log, not to whoever asks. */
const char *http_detail(const struct err *e) {
    if (e->code == E_FULL)
        return "there is no room left on the server's disk, so nothing can be stored; reading goes on: try again when the operator has made room";
    return code_status(e->code) >= 500 && strchr(e->text, '/') != NULL ? "the operator finds the reason in the log, under the number of this request" : e->text;
}

void http_reply_error(struct http_req *req, const struct err *e, const json_t *mistakes) {
    if (fiber_gave_up())
        return;                               /* it is handled again, by itself */
    int status = code_status(e->code);
    if (status >= 500)
        log_event(LOG_ERROR, "request_failed", LOG_TEXT("request", req->id), LOG_TEXT("code", code_name(e->code)), LOG_TEXT("text", e->text),
                  LOG_TEXT("cause", e->hidden), LOG_TEXT("at", e->file == NULL ? "" : e->file), LOG_INT("line", e->line));
    if (e->code == E_SIGN_IN)
        http_reply_header(req, "WWW-Authenticate", "Bearer realm=\"sejf\"");
    if ((status == 503 || status == 429) && !reply_has(req, "Retry-After"))
        http_reply_header(req, "Retry-After", status == 503 ? "1" : "60");
    json_t *doc = problem(req, status, e->code, http_detail(e)), *errors = mistakes_of(e, mistakes);
    if (doc != NULL && json_array_size(errors) > 0)
        json_object_set(doc, "errors", errors);
    json_decref(errors);
    if (doc == NULL)
        http_reply_text(req, 503, "text/plain; charset=utf-8", "no memory\n");
    else
        reply_json(req, status, "application/problem+json", doc);
    json_decref(doc);
}

void http_reply_redirect(struct http_req *req, int status, const char *location) {
    http_reply_header(req, "Location", location);
    http_reply(req, status, NULL, "", 0);
}
