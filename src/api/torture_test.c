/* torture_test.c — requests through a real socket with the n-th allocation failing, in whichever thread, of the HTTP library too: what
 * is answered is whole, what is not is answered 503 or cut off, and the next request works. Calls of the control socket likewise. */
#include "api/service.c"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "api/page_form.h"
#include "api/page_guard.h"
#include "api/page_link.h"
#include "api/page_visit.h"
#include "base/torture.h"
#include "charter/charter.h"
#include "records/testbed.h"
#include "records/testcharters.h"

#define ANSWER_MAX (1u << 20)

struct scene {
    struct bed b;
    struct api *api; struct http *http;
    char path[96]; int listener;
    char token[TOKEN_TEXT], link[TOKEN_TEXT], cookie[GUARD_COOKIE_TEXT];
    char event[UUID_TEXT], registration[UUID_TEXT];
    int n;
};
static char answer[ANSWER_MAX + 1];           /* of the one request that is under way; the client itself asks for no memory */

/* ---- one request */
struct ask { struct scene *s; char head[1024], body[2048]; const char *blank /* texts one after the other */; void (*next)(struct ask *); };

static size_t answer_read(int fd) {
    size_t len = 0;
    ssize_t n;
    while (len < ANSWER_MAX && ((n = recv(fd, answer + len, ANSWER_MAX - len, 0)) > 0 || (n < 0 && errno == EINTR)))
        len += n > 0 ? (size_t)n : 0;
    answer[len] = 0;
    return len;
}

static size_t digits(const char *p, size_t base, const char **ret_end) {
    static const char known[] = "0123456789abcdef";
    size_t n = 0;
    for (const char *at; *p != 0 && n < ANSWER_MAX && (at = strchr(known, *p | 0x20)) != NULL && (size_t)(at - known) < base; p++)
        n = n * base + (size_t)(at - known);
    *ret_end = p;
    return n;
}

/* Chunks, joined in place. False: the last is not there, so the client sees that it was cut. */
static bool dechunk(char *body) {
    char *to = body;
    for (const char *from = body;;) {
        const char *end;
        size_t size = digits(from, 16, &end);
        if (end == from || strncmp(end, "\r\n", 2) != 0 || strlen(end + 2) < size + 2)
            return false;
        memmove(to, end + 2, size);
        to += size;
        *to = 0;
        if (size == 0)
            return true;
        from = end + 2 + size + 2;
    }
}

/* What is another each time: from `start` up to the next quote. */
static void blank_out(char *body, const char *start) {
    for (char *at = strstr(body, start); at != NULL; at = strstr(at, start)) {
        at += strlen(start);
        memmove(at, at + strcspn(at, "\""), strlen(at + strcspn(at, "\"")) + 1);
    }
}

static enum code answer_take(const struct ask *a, size_t len, struct buf *outcome, struct err *reterr) {
    char *body = strstr(answer, "\r\n\r\n");
    if (len == 0 || body == NULL || strncmp(answer, "HTTP/1.1 ", 9) != 0)
        return err_set(reterr, E_PEER, "the connection was closed without an answer");
    body += 4;
    const char *end, *length = strstr(answer, "Content-Length: ");
    size_t status = digits(answer + 9, 10, &end);
    bool chunked = strstr(answer, "Transfer-Encoding: chunked") != NULL;
    if ((chunked && !dechunk(body)) || (!chunked && length != NULL && digits(length + 16, 10, &end) != strlen(body)))
        return err_set(reterr, E_PEER, "the answer was cut off");
    if (status == 503)
        return err_set(reterr, E_MEMORY, "%.200s", body);
    const char *failed = strstr(body, "{\"failed\":true");       /* the end of an import */
    if (failed != NULL && (failed[14] == '}' || strstr(failed, "\"code\":31,") != NULL))
        return err_set(reterr, E_MEMORY, "%.200s", failed);
    if (status >= 400 || failed != NULL)
        return err_set(reterr, E_INTERNAL, "%zu: %.300s", status, failed == NULL ? body : failed);
    for (const char *start = a->blank; start != NULL && *start != 0; start += strlen(start) + 1)
        blank_out(body, start);
    size_t lines = 0;                         /* a reply that lacks a header is not whole: it may be the one that forbids something */
    for (const char *at = answer; (at = strstr(at, "\r\n")) != NULL && at < body; at += 2)
        lines++;
    buf_printf(outcome, "%zu, %zu lines ", status, lines);
    buf_text(outcome, body);
    return outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : OK;
}

static enum code ask(void *arg, struct buf *outcome, struct err *reterr) {
    struct ask *a = arg;
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    char whole[4096];
    if (a->next != NULL)
        a->next(a);
    memcpy(to.sun_path, a->s->path, strlen(a->s->path) + 1);
    int n = snprintf(whole, sizeof whole, "%sHost: localhost\r\nConnection: close\r\nContent-Length: %zu\r\nAuthorization: Bearer %s\r\n\r\n%s", a->head, strlen(a->body),
                     a->s->token, a->body);
    CHECK(n > 0 && (size_t)n < sizeof whole);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    enum code code = OK;
    if (send(fd, whole, (size_t)n, MSG_NOSIGNAL) != n)
        code = err_set(reterr, E_PEER, "the connection was closed");
    if (code == OK)
        code = answer_take(a, answer_read(fd), outcome, reterr);
    close(fd);
    return code;
}

/* ---- the scene */
static int64_t tenant_token(struct scene *s) {
    int64_t number;
    CHECK_OK(access_token_make(s->api->services[0], &(struct token_wish){ .tenant = s->b.tenant, .role = "organiser", .subject_kind = -1,
             .scope = "{\"kinds\":[\"event\",\"registration\"]}" }, s->token, &number, &s->b.e), &s->b.e);
    return number;
}

static void record_add(struct scene *s, const char *kind, json_t *input, char ret_id[UUID_TEXT]) {
    struct caller boss = bed_role(&s->b, s->b.tenant, "organiser");
    json_t *got = NULL;
    CHECK_OK(bed_make(&s->b, &boss, kind, input, &got), &s->b.e);
    memcpy(ret_id, text_at(got, "id", NULL), UUID_TEXT);
    json_decref(got);
}

static void scene_start(struct scene *s) {
    char id[UUID_TEXT], email[64];
    struct uuid registration;
    char files[96];
    *s = (struct scene){ .n = 0 };
    bed_start(&s->b, events_charter);
    log_init("test", LOG_ERROR + 1, -1);      /* every failure would be told */
    snprintf(files, sizeof files, "%s/files", s->b.directory);
    record_add(s, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), s->event);
    for (int i = 0; i < 4; i++) {
        snprintf(email, sizeof email, "s%d@poczta.example", i);
        record_add(s, "registration", json_pack("{s:s,s:s,s:s,s:s}", "event", s->event, "name", "Ewa Żak", "email", email, "phone", "22 123 45 67"), id);
    }
    memcpy(s->registration, id, sizeof id);
    s->b.service = service_close(s->b.service);       /* the server has one of its own */
    const struct charter *charter = s->b.charter;
    const struct api_config c = { .charters = &charter, .charter_count = 1, .store = s->b.store, .keeper = s->b.keeper, .files_directory = files,
                                  .base_url = "https://localhost:8443", .loops = 1, .workers = 2 };
    CHECK_OK(api_open(&c, &s->api, &s->b.e), &s->b.e);
    snprintf(s->path, sizeof s->path, "%s/http", s->b.directory);
    CHECK_OK(listen_unix(s->path, 0600, &s->listener, &s->b.e), &s->b.e);
    CHECK_OK(http_begin(s->api, s->listener, &s->http, &s->b.e), &s->b.e);
    (void)tenant_token(s);
    CHECK(uuid_parse(s->registration, &registration));
    CHECK_OK(access_link_make(s->api->services[0], s->b.tenant, charter_kind(charter, "registration"), &registration, s->link, &s->b.e), &s->b.e);
    guard_cookie(s->cookie);
}

static void scene_end(struct scene *s) {
    http_stop(s->http);
    close(s->listener);
    api_close(s->api);
    bed_end(&s->b);
}

/* The head ends in a line break; type NULL: no body. */
#define HEAD(a, method, type, ...) head_set((a), (method), (type), __VA_ARGS__)
static void PRINTF_LIKE(4, 5) head_set(struct ask *a, const char *method, const char *type, const char *fmt, ...) {
    char path[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(path, sizeof path, fmt, ap);
    va_end(ap);
    snprintf(a->head, sizeof a->head, "%s %s HTTP/1.1\r\nX-Real-IP: 2001:db8:%x::1\r\n%s%s%s", method, path, a->s->n & 0xffff, type == NULL ? "" : "Content-Type: ",
             type == NULL ? "" : type, type == NULL ? "" : "\r\n");
}

static bool tortured(const char *name, struct ask *a, long stride, bool uncounted) {
    return torture(&(struct torture){ .name = name, .call = ask, .arg = a, .reach = TORTURE_ALL, .stride = stride, .uncounted = uncounted });
}

/* ---- what is read */
TEST(records_are_read_whole_or_not) {
    struct scene s;
    bool fine = true;
    scene_start(&s);
    struct ask read = { .s = &s }, list = { .s = &s }, search = { .s = &s, .body = "{\"where\":{\"name\":\"Ewa Żak\"},\"limit\":10}" },
               export = { .s = &s, .body = "{\"format\":\"csv\"}" };
    HEAD(&read, "GET", NULL, "/v1/events/registration/%s", s.registration);
    HEAD(&list, "GET", NULL, "/v1/events/registration?limit=10&status=accepted");
    HEAD(&search, "POST", "application/json", "/v1/events/registration/search");
    HEAD(&export, "POST", "application/json", "/v1/events/registration/export");
    fine &= tortured("GET record", &read, 1, false);
    fine &= tortured("GET list", &list, 2, false);
    fine &= tortured("POST search", &search, 3, false);
    fine &= tortured("POST export", &export, 3, false);
    scene_end(&s);
    CHECK(fine);
}

static void new_download(struct ask *a) {      /* from another address: each has so many */
    a->s->n++;
    HEAD(a, "GET", NULL, "/p/events/%s/data.json", a->s->link);
}

/* An address may load down so often; another one still may. */
TEST(downloads_are_counted_by_address) {
    struct scene s;
    AUTO(buf_done) struct buf said = BUF(1u << 20);
    scene_start(&s);
    struct ask data = { .s = &s, .next = new_download };
    new_download(&data);
    data.next = NULL;
    enum code code = OK;
    int n = 0;
    for (; code == OK && n < 1000; n++)
        code = ask(&data, &said, &s.b.e);
    CHECK_CODE(code, E_INTERNAL, &s.b.e);
    CHECK(n > 20 && strncmp(s.b.e.text, "429: ", 5) == 0 && strstr(answer, "\r\nRetry-After: 60\r\n") != NULL);
    data.next = new_download;
    CHECK_OK(ask(&data, &said, &s.b.e), &s.b.e);
    scene_end(&s);
}

TEST(pages_are_shown_whole_or_not) {
    static const char tokens[] = "name=\"" FORM_TOKEN "\" value=\"\0", exported[] = "\"exported\":\"\0", made[] = "\"made\":\"\0";
    struct scene s;
    bool fine = true;
    scene_start(&s);
    struct ask index = { .s = &s }, promises = { .s = &s }, json = { .s = &s, .blank = made }, form = { .s = &s, .blank = tokens }, link = { .s = &s, .blank = tokens },
               data = { .s = &s, .blank = exported, .next = new_download }, metrics = { .s = &s };
    HEAD(&index, "GET", NULL, "/");
    HEAD(&promises, "GET", NULL, "/s/events?lang=pl");
    HEAD(&json, "GET", NULL, "/s/events.json");
    HEAD(&form, "GET", NULL, "/f/events/register/%s?lang=hu", s.event);
    HEAD(&link, "GET", NULL, "/p/events/%s?lang=pl", s.link);
    HEAD(&metrics, "GET", NULL, "/readyz");
    fine &= tortured("GET index", &index, 2, false);
    fine &= tortured("GET promises", &promises, 7, false);
    fine &= tortured("GET promises as JSON", &json, 29, false);
    fine &= tortured("GET form", &form, 3, false);
    fine &= tortured("GET link", &link, 3, true);                    /* each shows the reads before it, which are written within a second */
    fine &= tortured("GET data of a link", &data, 2, true);
    fine &= tortured("GET readyz", &metrics, 1, false);
    scene_end(&s);
    CHECK(fine);
}

/* ---- what is changed */
static void new_person(struct ask *a) {
    struct scene *s = a->s;
    s->n++;
    HEAD(a, "POST", "application/json", "/v1/events/registration");
    snprintf(a->body, sizeof a->body, "{\"fields\":{\"event\":\"%s\",\"name\":\"Ola\",\"email\":\"p%d@poczta.example\"},\"consents\":{\"diet\":false}}", s->event, s->n);
}
static void new_name(struct ask *a) {
    a->s->n++;
    HEAD(a, "PATCH", "application/merge-patch+json", "/v1/events/registration/%s", a->s->registration);
    snprintf(a->body, sizeof a->body, "{\"fields\":{\"name\":\"Ola %d\"}}", a->s->n);
}
static void two_rows(struct ask *a) {
    struct scene *s = a->s;
    s->n++;
    HEAD(a, "POST", "text/csv", "/v1/events/registration/import");
    snprintf(a->body, sizeof a->body, "event,name,email\n%s,Ala,i%d@poczta.example\n%s,Ula,not an address\n", s->event, s->n, s->event);
}
static void form_token(struct ask *a, const char *about, char ret[GUARD_TOKEN_TEXT]) {
    char cookie[128];
    guard_token(pages_guard(api_pages(a->s->api)), about, a->s->cookie, true, clock_now(), ret);
    snprintf(cookie, sizeof cookie, "Cookie: __Host-sejf-form=%s\r\n", a->s->cookie);
    memcpy(a->head + strlen(a->head), cookie, strlen(cookie) + 1);
}
static void new_form(struct ask *a) {
    char token[GUARD_TOKEN_TEXT], about[128];
    a->s->n++;
    snprintf(about, sizeof about, "/f/events/register/%s", a->s->event);
    HEAD(a, "POST", "application/x-www-form-urlencoded", "%s", about);
    form_token(a, about, token);
    snprintf(a->body, sizeof a->body, FORM_TOKEN "=%s&name=Ola&email=f%d%%40poczta.example&phone=%%2B48221234567&diet=wege&" FORM_CONSENT "diet=yes", token, a->s->n);
}
static void new_phone(struct ask *a) {
    char token[GUARD_TOKEN_TEXT], about[128];
    a->s->n++;
    snprintf(about, sizeof about, "/p/events/%s", a->s->link);
    HEAD(a, "POST", "application/x-www-form-urlencoded", "%s", about);
    form_token(a, about, token);
    snprintf(a->body, sizeof a->body, FORM_TOKEN "=%s&" LINK_DO "=change&phone=%%2B4822123%04d", token, a->s->n % 10000);
}

TEST(records_are_written_whole_or_not) {
    struct scene s;
    bool fine = true;
    scene_start(&s);
    struct ask create = { .s = &s, .next = new_person }, change = { .s = &s, .next = new_name }, import = { .s = &s, .next = two_rows };
    fine &= tortured("POST record", &create, 5, true);
    fine &= tortured("PATCH record", &change, 5, true);
    fine &= tortured("POST import", &import, 5, true);
    scene_end(&s);
    CHECK(fine);
}

TEST(forms_are_taken_whole_or_not) {
    struct scene s;
    bool fine = true;
    scene_start(&s);
    struct ask form = { .s = &s, .next = new_form }, link = { .s = &s, .next = new_phone };
    fine &= tortured("POST form", &form, 7, true);
    fine &= tortured("POST link", &link, 7, true);
    scene_end(&s);
    CHECK(fine);
}

/* ---- files */
#define BOUNDARY "0b0u0n0d"
static void new_file(struct ask *a) {
    a->s->n++;
    HEAD(a, "POST", "multipart/form-data; boundary=" BOUNDARY, "/v1/events/registration/%s/badge", a->s->registration);
    snprintf(a->body, sizeof a->body, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"badge %d.png\"\r\nContent-Type: image/png\r\n\r\n"
             "the bytes of a badge %d\r\n--" BOUNDARY "--\r\n", a->s->n, a->s->n);
}

TEST(files_are_stored_and_read_whole_or_not) {
    struct scene s;
    bool fine = true;
    char id[UUID_TEXT] = "";
    AUTO(buf_done) struct buf said = BUF(1u << 16);
    scene_start(&s);
    struct ask put = { .s = &s, .next = new_file }, get = { .s = &s };
    fine &= tortured("POST file", &put, 5, true);
    CHECK_OK(ask(&put, &said, &s.b.e), &s.b.e);
    const char *at = strstr(buf_str(&said), "\"id\":\"");
    CHECK(at != NULL && strlen(at) > 6 + sizeof id);
    memcpy(id, at + 6, sizeof id - 1);
    HEAD(&get, "GET", NULL, "/v1/events/files/%s", id);
    fine &= tortured("GET file", &get, 1, false);
    scene_end(&s);
    CHECK(fine);
}

/* ---- the control socket's calls, and what is made at the start */
struct order { struct scene *s; json_t *in; const char *blank; };
static size_t told;
static bool tell(void *arg UNUSED, const void *bytes, size_t len) {
    CHECK(len <= ANSWER_MAX - told);
    memcpy(answer + told, bytes, len);
    told += len;
    answer[told] = 0;
    return true;
}
static enum code call_verb(void *arg, struct buf *outcome, struct err *reterr) {
    const struct order *v = arg;
    told = 0;
    control_call(v->s->api, v->in, NULL, &(struct sink){ tell, NULL });
    if (strstr(answer, "\"ok\":true") == NULL)
        return err_set(reterr, strstr(answer, "\"code\":31,") != NULL ? E_MEMORY : strstr(answer, "\"code\":32,") != NULL ? E_BUSY : E_INTERNAL, "%.300s", answer);
    for (const char *start = v->blank; start != NULL && *start != 0; start += strlen(start) + 1)
        blank_out(answer, start);
    buf_text(outcome, answer);
    return outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : OK;
}
static bool verb_tortured(struct scene *s, const char *request, long stride, bool uncounted) {
    struct order v = { s, json_loads(request, 0, NULL), NULL };
    CHECK(v.in != NULL);
    bool fine = torture(&(struct torture){ .name = request, .call = call_verb, .arg = &v, .reach = TORTURE_ALL, .stride = stride, .uncounted = uncounted });
    json_decref(v.in);
    return fine;
}

TEST(control_calls_are_answered_whole_or_not) {
    struct scene s;
    char request[256];
    bool fine = true;
    scene_start(&s);
    fine &= verb_tortured(&s, "{\"do\":\"tenant_list\"}", 1, false);
    snprintf(request, sizeof request, "{\"do\":\"token_list\",\"service\":\"events\",\"tenant\":%lld}", (long long)s.b.tenant);
    fine &= verb_tortured(&s, request, 1, false);
    snprintf(request, sizeof request, "{\"do\":\"token_new\",\"service\":\"events\",\"tenant\":%lld,\"role\":\"door\",\"scope\":{\"kinds\":[\"event\"]}}", (long long)s.b.tenant);
    fine &= verb_tortured(&s, request, 1, true);
    snprintf(request, sizeof request, "{\"do\":\"ledger_show\",\"chain\":%lld,\"limit\":5}", (long long)s.b.tenant);
    fine &= verb_tortured(&s, request, 1, false);
    fine &= verb_tortured(&s, "{\"do\":\"status\"}", 1, true);
    fine &= verb_tortured(&s, "{\"do\":\"key_status\"}", 1, true);
    fine &= verb_tortured(&s, "{\"do\":\"ledger_verify\"}", 3, true);
    scene_end(&s);
    CHECK(fine);
}

static enum code make_openapi(void *arg, struct buf *outcome, struct err *reterr) {
    const struct scene *s = arg;
    json_t *doc = openapi_make(s->b.charter, "https://localhost:8443");
    json_text_add(outcome, doc);
    json_decref(doc);
    return outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the document") : OK;
}
static enum code open_and_close(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    const struct scene *s = arg;
    const struct charter *charter = s->b.charter;
    struct api *api = NULL;
    const struct api_config c = { .charters = &charter, .charter_count = 1, .store = s->b.store, .keeper = s->b.keeper, .files_directory = s->b.directory,
                                  .base_url = "https://localhost:8443", .brand_name = "Seats", .loops = 1, .workers = 2 };
    enum code code = api_open(&c, &api, reterr);
    api_close(api);
    return code;
}

TEST(a_start_is_whole_or_refused) {
    struct scene s;
    bool fine = true;
    scene_start(&s);
    fine &= torture(&(struct torture){ .name = "OpenAPI", .call = make_openapi, .arg = &s, .stride = 29 });
    fine &= torture(&(struct torture){ .name = "api_open", .call = open_and_close, .arg = &s, .reach = TORTURE_ALL, .stride = 97 });
    scene_end(&s);
    CHECK(fine);
}
