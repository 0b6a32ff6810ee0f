/* routes_bulk.c — import, export and files: bytes go through as they come. A reply begins with its first byte, so
 * that an error before it is a problem document. */
#include <string.h>

#include "api/call.h"
#include "api/damage.h"
#include "api/multipart.h"
#include "api/routes.h"
#include "api/tenant_call.h"
#include "base/jsontext.h"
#include "base/text.h"
#include "records/copies.h"

#define REPORT_MAX (12u << 20)                /* of an import: beyond, refused rows are counted and not listed */
#define NDJSON "application/x-ndjson"
#define CSV "text/csv; charset=utf-8"

/* ---- ends of streams */

struct out { struct http_req *req; const char *type; uint64_t written; struct call *call; };

static bool out_write(void *arg, const void *bytes, size_t len) {
    struct out *o = arg;
    if (!http_replied(o->req))
        http_reply_begin(o->req, 200, o->type, -1);
    o->written += len;
    return http_reply_write(o->req, bytes, len);
}

static ssize_t body_source(void *arg, void *ret, size_t room) { return http_body_read(arg, ret, room); }
static ssize_t part_source(void *arg, void *ret, size_t room) { return multipart_read(arg, ret, room); }

/* ---- export */

static bool format_of(struct call *c, json_t *body, enum stream_format *ret) {
    const json_t *format = json_object_get(body, "format");
    const char *name = format == NULL ? "ndjson" : json_string_value(format);
    bool csv = name != NULL && strcmp(name, "csv") == 0;
    if (!csv && (name == NULL || strcmp(name, "ndjson") != 0)) {
        call_fail(c, E_INVALID, "format must be \"ndjson\" or \"csv\"");
        return false;
    }
    json_object_del(body, "format");
    *ret = csv ? FORMAT_CSV : FORMAT_NDJSON;
    return true;
}

/* copy: what was taken of a request for it; NULL: none was needed. */
static void export_run(struct call *c, enum stream_format format, json_t *query, const struct copy_taken *copy) {
    struct err e, late;
    struct damage d;
    uint64_t count = 0;
    struct http_req *req = c->req;
    struct out o = { .req = req, .type = format == FORMAT_CSV ? CSV : NDJSON };
    if (copy != NULL && copy->mark != NULL)
        http_reply_header(req, "Sejf-Copy", copy->mark);
    http_reply_header(req, "Content-Disposition", arena_printf(http_arena(req), "attachment; filename=\"%s.%s\"", c->k->name,
                                                               format == FORMAT_CSV ? "csv" : "ndjson") ?: "attachment");
    damage_begin(&d, c->api, http_request_id(req));
    enum code code = !call_whole(c) ? E_MEMORY : records_copy(c->service, &c->who, c->kind, format, query, copy, &count, &d.watch, &(struct sink){ out_write, &o }, &e);
    damage_end(&d);
    if (copy != NULL)
        (void)!copy_given(c->service, &c->who, copy->number, count, &late);      /* that it was taken stands already */
    if (!http_replied(req) && code != OK)
        call_error(c, &e, NULL);
    else if (code != OK)
        http_reply_abort(req);                /* a cut file must not look whole */
    else if (!http_replied(req))
        http_reply(req, 200, o.type, "", 0);
}

/* {"copy": 7}: what was asked for and approved, and nothing beside it. */
static void export_copy(struct call *c, json_t *body) {
    struct err e;
    AUTO(copy_taken_done) struct copy_taken copy = { 0 };
    const json_t *number = json_object_get(body, "copy");
    enum code code;
    if (!json_is_integer(number) || json_object_size(body) != 1)
        code = err_set(&e, number == NULL ? E_FORBIDDEN : E_INVALID, "here a copy leaves on request only: POST /v1/tenants/%lld/copies {kind, format, query, why}, then, approved, {\"copy\": its number} "
                       "in the body of this call", (long long)c->who.tenant);
    else
        code = copy_take(c->service, &c->who, json_integer_value(number), c->kind, &copy, &e);
    if (code == OK)
        export_run(c, copy.format, copy.query, &copy);
    else
        call_error(c, &e, NULL);
}

static void on_export(struct http_req *req) {
    struct call c;
    struct err e;
    json_t *body = NULL;
    enum stream_format format;
    if (!call_begin(req, &c) || !call_kind(&c) || !tenant_call_confirmed(&c, "a bulk copy") || !call_json(&c, JSON_ONLY, &body))
        return;
    if (copy_right(c.service, &c.who, c.kind, &e) != OK)
        call_error(&c, &e, NULL);
    else if (copies_limited(c.service))
        export_copy(&c, body);
    else if (format_of(&c, body, &format))
        export_run(&c, format, body, NULL);
    json_decref(body);
}

/* ---- import */

/* Passes lines on; once the report is long, only those that are no refused row. */
struct report { struct out out; struct buf line; uint64_t left_out; };

static bool report_line(struct report *r) {
    bool refused = strncmp(buf_str(&r->line), "{\"line\"", 7) == 0, fine = true;
    if (refused && r->out.written > REPORT_MAX)
        r->left_out++;
    else
        fine = out_write(&r->out, buf_str(&r->line), r->line.len);
    buf_cut(&r->line, 0);
    return fine;
}

static bool report_write(void *arg, const void *bytes, size_t len) {
    struct report *r = arg;
    const char *p = bytes;
    while (len > 0) {
        const char *end = memchr(p, '\n', len);
        size_t n = end == NULL ? len : (size_t)(end - p) + 1;
        buf_add(&r->line, p, n);
        if (r->line.failed || (end != NULL && !report_line(r)))
            return false;
        p += n;
        len -= n;
    }
    return true;
}

static void report_end(struct call *c, struct report *r, enum code code, const struct err *e) {
    AUTO(buf_done) struct buf b = BUF(4096);
    if (code != OK && !http_replied(c->req)) {
        call_error(c, e, NULL);
        return;
    }
    if (r->line.len > 0)
        (void)report_line(r);
    if (r->left_out > 0)
        buf_printf(&b, "{\"not_listed\":%llu}\n", (unsigned long long)r->left_out);
    if (code != OK) {
        json_t *line = json_pack("{s:b, s:i, s:s, s:s}", "failed", 1, "code", (int)code, "detail", http_detail(e), "request", http_request_id(c->req));
        json_text_add(&b, line);
        buf_char(&b, '\n');
        json_decref(line);
    }
    const char *last = b.failed ? "{\"failed\":true}\n" : buf_str(&b);      /* no memory: an import that failed must still not look done */
    (void)out_write(&r->out, last, strlen(last));
}

static void import_run(struct call *c, enum stream_format format, json_t *mapping, const struct source *in) {
    struct err e;
    struct report r = { .out = { .req = c->req, .type = NDJSON }, .line = BUF(64u << 10) };
    enum code code = records_import(c->service, &c->who, c->kind, format, mapping, in, &(struct sink){ report_write, &r }, &e);
    if (r.line.failed)                        /* and not that its reader has gone */
        code = err_set(&e, E_MEMORY, "the server has no memory for the report of the import");
    report_end(c, &r, code, &e);
    buf_done(&r.line);
}

static bool ends_in(const char *name, const char *end) {
    size_t len = strlen(name), n = strlen(end);
    return len > n && strcasecmp(name + (len - n), end) == 0;
}

static bool format_of_type(const char *type, const char *filename, enum stream_format *ret) {
    size_t n = strcspn(type, "; \t");
    bool csv = (n == 8 && strncasecmp(type, "text/csv", n) == 0) || ends_in(filename, ".csv");
    bool ndjson = (n == 20 && strncasecmp(type, NDJSON, n) == 0) || (n == 18 && strncasecmp(type, "application/ndjson", n) == 0) ||
                  (n == 17 && strncasecmp(type, "application/jsonl", n) == 0) || ends_in(filename, ".ndjson");
    if (csv || ndjson)
        *ret = csv ? FORMAT_CSV : FORMAT_NDJSON;
    return csv || ndjson;
}

/* Its shape is checked by the import. */
static enum code mapping_read(const char *text, size_t len, json_t **ret, struct err *reterr) {
    enum code code = json_read(text, len, ret, reterr);
    return code == OK ? OK : err_prefix(reterr, "mapping");
}

static enum code mapping_part(struct multipart *m, json_t **ret, struct err *reterr) {
    AUTO(buf_done) struct buf b = BUF(64u << 10);
    char piece[4096];
    ssize_t n;
    while ((n = multipart_read(m, piece, sizeof piece)) > 0)
        buf_add(&b, piece, (size_t)n);
    if (n < 0 || b.failed)
        return err_set(reterr, E_INVALID, "the part mapping is cut off or larger than 64 KiB");
    json_decref(*ret);
    *ret = NULL;
    return mapping_read(buf_str(&b), b.len, ret, reterr);
}

/* Parts in order: mapping (JSON), then file. */
static void import_multipart(struct call *c) {
    struct err e;
    AUTO(multipart_free) struct multipart *m = NULL;
    struct form_part part;
    bool more = true, done = false;
    json_t *mapping = NULL;
    enum stream_format format;
    enum code code = multipart_new(http_header(c->req, "Content-Type"), &(struct source){ body_source, c->req }, &m, &e);
    while (code == OK && !done && (code = multipart_next(m, &part, &more, &e)) == OK && more) {
        if (strcmp(part.name, "mapping") == 0) {
            code = mapping_part(m, &mapping, &e);
        } else if (strcmp(part.name, "file") == 0 && format_of_type(part.type, part.filename, &format)) {
            import_run(c, format, mapping, &(struct source){ part_source, m });
            done = true;
        } else {
            code = err_set(&e, E_MEDIA, "an import has a part \"mapping\" (JSON, may be left out), then a part \"file\" of text/csv or " NDJSON);
        }
    }
    if (code == OK && !done)
        code = err_set(&e, E_INVALID, "the import has no part named \"file\"");
    if (code != OK)
        call_error(c, &e, NULL);
    json_decref(mapping);
}

static void on_import(struct http_req *req) {
    struct call c;
    struct err e;
    enum stream_format format;
    json_t *mapping = NULL;
    if (!call_begin(req, &c) || !call_kind(&c))
        return;
    if (strcmp(http_media(req), "multipart/form-data") == 0) {
        import_multipart(&c);
        return;
    }
    const char *header = http_header(req, "Sejf-Mapping");
    if (!format_of_type(http_media(req), "", &format))
        call_fail(&c, E_MEDIA, "the Content-Type of an import must be text/csv, " NDJSON " or multipart/form-data");
    else if (header != NULL && mapping_read(header, strlen(header), &mapping, &e) != OK)
        call_error(&c, &e, NULL);
    else
        import_run(&c, format, mapping, &(struct source){ body_source, req });
    json_decref(mapping);
}

/* ---- files */

static bool file_field(struct call *c, int *ret) {
    *ret = kind_field(c->k, http_param(c->req, "field"));
    if (*ret >= 0 && c->k->fields[*ret].type == T_FILE)
        return true;
    call_fail(c, E_NOT_FOUND, "there is no file field of that name");
    return false;
}

static void on_file_put(struct http_req *req) {
    struct call c;
    struct err e;
    int field;
    bool more = false;
    AUTO(multipart_free) struct multipart *m = NULL;
    struct form_part part;
    json_t *file = NULL;
    if (!call_record(req, &c) || !file_field(&c, &field))
        return;
    enum code code = multipart_new(http_header(req, "Content-Type"), &(struct source){ body_source, req }, &m, &e);
    if (code == OK)
        code = multipart_next(m, &part, &more, &e);
    if (code == OK && (!more || !part.is_file))
        code = err_set(&e, E_INVALID, "the body must have one part with a file name");
    if (code == OK)
        code = file_store(c.service, &c.who, c.kind, &c.id, field, part.filename, part.type[0] == 0 ? "application/octet-stream" : part.type,
                          &(struct source){ part_source, m }, &file, &e);
    if (code == OK) {
        const char *id = json_string_value(json_object_get(file, "id"));
        if (id != NULL)
            http_reply_header(req, "Location", arena_printf(http_arena(req), "/v1/%s/files/%s", charter_name(c.charter), id) ?: "");
        call_reply_json(&c, 201, file);
    } else {
        call_error(&c, &e, NULL);
    }
    json_decref(file);
}

/* RFC 8187: every byte that is not a plain letter or digit is escaped. */
static void disposition(struct http_req *req, const char *name) {
    AUTO(buf_done) struct buf b = BUF(2048);
    buf_text(&b, "attachment; filename*=UTF-8''");
    for (const unsigned char *p = (const unsigned char *)name; *p != 0; p++)
        if ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '.' || *p == '-' || *p == '_')
            buf_char(&b, (char)*p);
        else
            buf_printf(&b, "%%%02X", *p);
    http_reply_header(req, "Content-Disposition", name[0] == 0 ? "attachment" : buf_str(&b));
}

/* The type is what the sender said, so nothing may run it. */
static bool file_begin(void *arg, const struct file_info *info) {
    struct out *o = arg;
    disposition(o->req, info->name);
    http_reply_header(o->req, "X-Content-Type-Options", "nosniff");
    http_reply_header(o->req, "Content-Security-Policy", "sandbox; default-src 'none'");
    if (!call_whole(o->call))
        return false;
    http_reply_begin(o->req, 200, info->type[0] == 0 ? "application/octet-stream" : info->type, info->size);
    return true;
}

static void on_file_get(struct http_req *req) {
    struct call c;
    struct err e;
    struct file_info info;
    struct out o = { .req = req, .type = "application/octet-stream", .call = &c };
    if (!call_begin(req, &c) || !call_id(&c, "id"))
        return;
    enum code code = file_fetch(c.service, &c.who, &c.id, &info, file_begin, &(struct sink){ out_write, &o }, &e);
    if (code != OK && !http_replied(req))
        call_error(&c, &e, NULL);
    else if (code != OK && o.written > 0)
        http_reply_abort(req);
}

static void on_file_erase(struct http_req *req) {
    struct call c;
    struct err e;
    if (!call_begin(req, &c) || !call_id(&c, "id"))
        return;
    if (file_erase(c.service, &c.who, &c.id, &e) == OK)
        call_reply_nothing(&c, 204);
    else
        call_error(&c, &e, NULL);
}

static const struct route routes[] = {
    { "POST", "/v1/{service}/{kind}/import", ROUTE_STREAM, on_import },
    { "POST", "/v1/{service}/{kind}/export", ROUTE_STREAM, on_export },
    { "POST", "/v1/{service}/{kind}/{id}/{field}", ROUTE_STREAM, on_file_put },
    { "GET", "/v1/{service}/files/{id}", ROUTE_STREAM, on_file_get },
    { "DELETE", "/v1/{service}/files/{id}", 0, on_file_erase },
};
const struct route_table routes_bulk = { routes, ARRAY_LEN(routes) };
