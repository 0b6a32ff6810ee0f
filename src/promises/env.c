/* env.c — one HTTP client (libcurl) for all probes of a run; every answer is read whole, up to a limit.
 * Invariant: tokens[side] is an object {role: token}; tenants are closed by prove_run whatever happens. */
#include "promises/env.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/jsontext.h"
#include "base/mem.h"
#include "promises/run.h"

#define BODY_MAX (16u << 20)

void answer_done(struct answer *a) {
    buf_done(&a->body);
    buf_done(&a->head);
    json_decref(a->json);
    *a = (struct answer){ 0 };
}

enum code verdict_say(struct verdict_line *v, bool kept, const char *fmt, ...) {
    va_list ap;
    v->kept = kept;
    v->tried = true;
    va_start(ap, fmt);
    vsnprintf(v->detail, sizeof v->detail, fmt, ap);
    va_end(ap);
    return OK;
}

const struct probe_setup *env_setup(const struct env *e) { return e->setup; }
const struct charter *env_charter(const struct env *e) { return e->setup->charter; }
const char *env_service(const struct env *e) { return charter_name(e->setup->charter); }
int64_t env_tenant(const struct env *e, int side) { return e->tenants[side]; }

const char *env_own_role(const struct env *e) {
    const struct person *people;
    size_t n = charter_people(e->setup->charter, &people);
    int at = charter_tenant(e->setup->charter);
    PRE(at >= 0 && (size_t)at < n);
    return people[at].name;
}

const char *env_token(const struct env *e, int side, const char *role) {
    return json_string_value(json_object_get(e->tokens[side], role == NULL ? env_own_role(e) : role));
}

enum code env_control(struct env *e, const char *verb, json_t *in, json_t **ret, struct err *reterr) {
    if (in == NULL)
        in = json_object();
    json_object_set_new(in, "do", json_string(verb));
    json_object_set_new(in, "service", json_string(env_service(e)));
    enum code code = e->setup->control(e->setup->control_arg, in, ret, reterr);
    json_decref(in);
    return code;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *arg) {
    struct buf *b = arg;
    buf_add(b, bytes, size * count);
    return b->failed ? 0 : size * count;
}

static bool header_add(struct curl_slist **list, const char *line) {
    struct curl_slist *more = curl_slist_append(*list, line);
    if (more != NULL)
        *list = more;
    return more != NULL;
}

/* False: one found no memory. A call without its token would be refused, and a refusal may be what is looked for. */
static bool headers_of(const struct env *e, const struct call *c, struct curl_slist **ret) {
    char line[256];
    bool fine = true;
    const char *token = c->token != NULL ? c->token : c->role != NULL && c->role[0] == 0 ? NULL : env_token(e, c->side, c->role);
    if (token != NULL) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", token);
        fine = header_add(ret, line);
    }
    if (c->body != NULL || c->type != NULL) {
        snprintf(line, sizeof line, "Content-Type: %s", c->type != NULL ? c->type : "application/json");
        fine = fine && header_add(ret, line);
    }
    for (size_t i = 0; i < ARRAY_LEN(c->headers) && c->headers[i] != NULL; i++)
        fine = fine && header_add(ret, c->headers[i]);
    return fine && header_add(ret, "Expect:");
}

/* Where the service is not to be reached from there, from anywhere. */
static CURLcode perform_from(CURL *h, const char *from) {
    char local[64];
    if (from == NULL)
        return curl_easy_perform(h);
    snprintf(local, sizeof local, "host!%s", from);
    if (curl_easy_setopt(h, CURLOPT_INTERFACE, local) != CURLE_OK)
        return CURLE_OUT_OF_MEMORY;
    CURLcode rc = curl_easy_perform(h);
    if (rc != CURLE_INTERFACE_FAILED && rc != CURLE_COULDNT_CONNECT)
        return rc;
    (void)curl_easy_setopt(h, CURLOPT_INTERFACE, NULL);
    return curl_easy_perform(h);
}

static enum code perform(struct env *e, const struct call *c, const char *body, struct answer *ret, struct err *reterr) {
    char url[1024], why[CURL_ERROR_SIZE] = "";
    long status = 0;
    snprintf(url, sizeof url, "%s%s", c->keep_origin ? "" : e->setup->url, c->path);
    struct curl_slist *headers = NULL;
    CURL *h = e->curl;
    curl_easy_reset(h);
    bool fine = headers_of(e, c, &headers) && curl_easy_setopt(h, CURLOPT_URL, url) == CURLE_OK &&
                curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, c->method) == CURLE_OK && curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
                curl_easy_setopt(h, CURLOPT_CAINFO, e->setup->ca) == CURLE_OK && curl_easy_setopt(h, CURLOPT_NOPROXY, "*") == CURLE_OK;
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, 20000L);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &ret->body);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_bytes);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, &ret->head);
    if (strcasecmp(c->method, "HEAD") == 0)
        curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
    if (body != NULL) {
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    }
    CURLcode rc = fine ? perform_from(h, c->from) : CURLE_OUT_OF_MEMORY;
    curl_slist_free_all(headers);
    if (rc == CURLE_OUT_OF_MEMORY) {
        e->lost = true;
        return err_set(reterr, E_MEMORY, "no memory for a call of %s", c->path);
    }
    if (rc != CURLE_OK) {
        enum code code = err_set(reterr, E_PEER, "the service does not answer at %s", e->setup->url);
        err_hide(reterr, "%s", why[0] != 0 ? why : curl_easy_strerror(rc));
        return code;
    }
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    ret->status = (int)status;
    return OK;
}

enum code env_call(struct env *e, const struct call *c, struct answer *ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { .body = BUF(BODY_MAX), .head = BUF(65536) };
    AUTO(buf_done) struct buf text = BUF(BODY_MAX);
    if (c->body != NULL)
        json_text_add(&text, c->body);
    enum code code = text.failed ? err_set(reterr, E_MEMORY, "no memory for the body of a call") : perform(e, c, c->body != NULL ? buf_str(&text) : c->text, &a, reterr);
    if (code != OK)
        return code;
    a.json = json_loadb(buf_str(&a.body), a.body.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    answer_done(ret);
    *ret = a;
    a = (struct answer){ 0 };
    return OK;
}
