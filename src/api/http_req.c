/* http_req.c — what a request says: parameters, query, headers, form, JSON. */
#include <string.h>

#include "api/http_int.h"
#include "base/text.h"

#define JSON_DEPTH_MAX 32u                    /* the numbers stand in the texts of json_bounded, too */
#define JSON_VALUES_MAX 50000u

void *http_context(const struct http_req *req) { return req->http->o.context; }
struct arena *http_arena(struct http_req *req) { return req->arena; }
const char *http_method(const struct http_req *req) { return req->method; }
const struct route *http_route(const struct http_req *req) { return req->match.route; }
const char *http_header(const struct http_req *req, const char *name) { return req_header(req, name); }
const char *http_request_id(const struct http_req *req) { return req->id; }
const char *http_client(const struct http_req *req) { return req->client; }

bool http_is_direct(const struct http_req *req) { return req->direct; }

bool http_from_loopback(const struct http_req *req) {
    const char *c = req->client;
    return strcmp(c, "::1") == 0 || strncmp(c, "127.", 4) == 0 || strncmp(c, "::ffff:127.", 11) == 0;
}

const char *http_host(const struct http_req *req) {
    const char *host = req_header(req, "Host");
    return host == NULL ? "" : host;
}

const char *http_param(const struct http_req *req, const char *name) {
    for (size_t i = 0; i < req->match.count; i++)
        if (strcmp(req->match.names[i], name) == 0)
            return req->match.values[i];
    return "";
}

/* A query that cannot be decoded has no parameters; req_query_check (before the handler) refuses it. */
static const struct pairs *query(struct http_req *req) {
    if (!req->query_parsed) {
        struct err e;
        size_t at = strcspn(req->url, "?");
        req->query_parsed = true;
        if (at < req->url_len && pairs_parse(req->url + at + 1, req->url_len - at - 1, req->arena, &req->query, &e) != OK)
            req->query = (struct pairs){ 0 };
    }
    return &req->query;
}

bool req_query_fine(struct http_req *req) {
    size_t at = strcspn(req->url, "?");
    return at + 1 >= req->url_len || query(req)->list != NULL;
}

const char *http_query(struct http_req *req, const char *name) { return pairs_get(query(req), name); }

static bool pair_at(const struct pairs *p, size_t at, const char **ret_name, const char **ret_value) {
    if (at >= p->count)
        return false;
    *ret_name = p->list[at].name;
    *ret_value = p->list[at].value;
    return true;
}

bool http_query_at(struct http_req *req, size_t at, const char **ret_name, const char **ret_value) {
    return pair_at(query(req), at, ret_name, ret_value);
}

const char *http_cookie(struct http_req *req, const char *name) {
    size_t n = strlen(name);
    const char *p = req_header(req, "Cookie");
    while (p != NULL) {
        p += strspn(p, " ;");
        size_t len = strcspn(p, ";");
        if (len > n && strncmp(p, name, n) == 0 && p[n] == '=')
            return arena_text_n(req->arena, p + n + 1, len - n - 1);
        p = p[len] == 0 ? NULL : p + len;
    }
    return NULL;
}

enum lang http_lang(struct http_req *req, unsigned allowed, enum lang otherwise) {
    const char *asked = http_query(req, "lang");
    enum lang lang;
    if (asked != NULL && lang_parse(asked, strlen(asked), &lang) && (allowed & 1u << lang) != 0)
        return lang;
    return lang_accept(req_header(req, "Accept-Language"), allowed, otherwise);
}

const char *http_media(struct http_req *req) {
    const char *type = req_header(req, "Content-Type");
    if (req->media == NULL) {
        size_t n = type == NULL ? 0 : strcspn(type, "; \t");
        char *copy = arena_text_n(req->arena, type == NULL ? "" : type, n);
        for (char *p = copy; p != NULL && *p != 0; p++)
            if (*p >= 'A' && *p <= 'Z')
                *p = (char)(*p | 0x20);
        req->media = copy == NULL ? "" : copy;
    }
    return req->media;
}

const char *http_body(const struct http_req *req, size_t *ret_len) {
    *ret_len = req->body.len;
    return buf_str(&req->body);
}

/* Only UTF-8 is read; a charset that says otherwise is refused rather than misread. */
static bool charset_fine(struct http_req *req) {
    const char *type = req_header(req, "Content-Type"), *at = type == NULL ? NULL : strcasestr(type, "charset=");
    if (at == NULL)
        return true;
    at += strlen("charset=");
    at += *at == '"';
    size_t n = strcspn(at, "\"; \t");
    return (n == 5 && strncasecmp(at, "utf-8", 5) == 0) || (n == 8 && strncasecmp(at, "us-ascii", 8) == 0);
}

static bool media_among(const char *media, const char *types) {
    size_t n = strlen(media);
    for (const char *p = types; n > 0 && *p != 0;) {
        p += strspn(p, ", ");
        size_t len = strcspn(p, ",");
        if (len == n && strncmp(p, media, n) == 0)
            return true;
        p += len;
    }
    return false;
}

static enum code media_check(struct http_req *req, const char *types, struct err *reterr) {
    if (!media_among(http_media(req), types))
        return err_set(reterr, E_MEDIA, "the Content-Type must be %s", types);
    if (!charset_fine(req))
        return err_set(reterr, E_MEDIA, "the only charset read here is UTF-8");
    return OK;
}

/* The whole body of a stream, bounded as any other. */
static enum code body_gather(struct http_req *req, struct err *reterr) {
    char piece[16384];
    ssize_t n;
    while ((n = http_body_read(req, piece, sizeof piece)) > 0)
        buf_add(&req->body, piece, (size_t)n);
    explicit_bzero(piece, sizeof piece);
    if (req->body.failed)
        return err_set(reterr, E_TOO_LARGE, "the body is larger than 1 MiB");
    return n < 0 ? err_set(reterr, E_INVALID, "the body ends too early") : OK;
}

enum code http_form_read(struct http_req *req, struct err *reterr) {
    enum code code = media_check(req, "application/x-www-form-urlencoded", reterr);
    if (code != OK || req->form_parsed)
        return code;
    req->form_parsed = true;
    if (req->stream != NULL && (code = body_gather(req, reterr)) != OK)
        return code;
    return pairs_parse(buf_str(&req->body), req->body.len, req->arena, &req->form, reterr);
}

const char *http_form(struct http_req *req, const char *name) { return pairs_get(&req->form, name); }

/* jansson allows depths of 2,048, and makes some 100 bytes of each value; both are known before it begins. Strings are skipped by
 * their own rule. */
static bool json_bounded(const char *text, size_t len, const char **ret_why) {
    size_t depth = 0, values = 1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            for (i++; i < len && text[i] != '"'; i++)
                i += text[i] == '\\';
        else if (text[i] == '{' || text[i] == '[')
            depth++;
        else if ((text[i] == '}' || text[i] == ']') && depth > 0)
            depth--;
        values += i < len && text[i] == ',';   /* a text that never closes ends at len */
        if (depth > JSON_DEPTH_MAX || values > JSON_VALUES_MAX) {
            *ret_why = depth > JSON_DEPTH_MAX ? "nested more than 32 deep" : "of more than 50,000 values";
            return false;
        }
    }
    return true;
}

static const struct { enum json_error_code code; const char *says; } faults[] = {
    { json_error_duplicate_key, "a key stands twice in one object" },
    { json_error_invalid_utf8, "it is not UTF-8" },
    { json_error_numeric_overflow, "a number is out of range" },
    { json_error_null_character, "a text holds a zero character" },
    { json_error_null_byte_in_key, "a key holds a zero character" },
    { json_error_end_of_input_expected, "something follows its end" },
    { json_error_premature_end_of_input, "it ends too early" },
};

enum code json_read(const char *text, size_t len, json_t **ret, struct err *reterr) {
    json_error_t e;
    if (len == 0)
        return err_set(reterr, E_INVALID, "the body is empty; JSON is needed");
    const char *zero = memchr(text, 0, len);  /* behind a number jansson takes one for the end */
    if (zero != NULL)
        return err_set(reterr, E_INVALID, "the JSON of the body cannot be read at byte %zu: a zero byte stands there", (size_t)(zero - text) + 1);
    const char *why = "it is not well formed";
    if (!json_bounded(text, len, &why))
        return err_set(reterr, E_INVALID, "the JSON is %s", why);
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (json == NULL) {
        /* jansson's text may quote the input, so its kind is told, not its words. */
        for (size_t i = 0; i < ARRAY_LEN(faults); i++)
            if (json_error_code(&e) == faults[i].code)
                why = faults[i].says;
        return err_set(reterr, E_INVALID, "the JSON of the body cannot be read at byte %d (line %d): %s", e.position, e.line, why);
    }
    *ret = json;
    return OK;
}

enum code http_json_read(struct http_req *req, const char *types, json_t **ret, struct err *reterr) {
    enum code code = media_check(req, types, reterr);
    if (code == OK && req->stream != NULL)
        code = body_gather(req, reterr);
    return code != OK ? code : json_read(buf_str(&req->body), req->body.len, ret, reterr);
}
