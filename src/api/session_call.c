/* session_call.c — what is asked of every call by cookie, in this order: a session in force, the origin, the csrf header, the step. */
#include "api/session_call.h"

#include <stdio.h>
#include <string.h>

#include "api/damage.h"
#include "base/mem.h"
#include "base/text.h"

/* ---- the cookie. SameSite=Lax, so that a link from a mail opens the panel of whoever is signed in; nothing changes by GET. */
const char *session_cookie(struct http_req *req) {
    const char *sent = http_cookie(req, SESSION_COOKIE);
    uint8_t bytes[32];
    size_t len = 0;
    bool fine = sent != NULL && strlen(sent) == SESSION_TEXT - 1 && base64url_decode(sent, SESSION_TEXT - 1, bytes, sizeof bytes, &len) && len == sizeof bytes;
    crypto_wipe(bytes, sizeof bytes);
    return fine ? sent : NULL;
}

void session_cookie_set(struct http_req *req, const char *secret) {
    char line[160];
    snprintf(line, sizeof line, SESSION_COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Lax%s", secret == NULL ? "" : secret, secret == NULL ? "; Max-Age=0" : "");
    http_reply_header(req, "Set-Cookie", line);
    crypto_wipe(line, sizeof line);
}

/* ---- where the request comes from */
/* nginx takes no host that is not ours, so that "Host" is as good as the address of the instance. */
static bool origin_ours(const char *origin, const char *base, const char *host) {
    static const char scheme[] = "https://";
    return (base[0] != 0 && strcmp(origin, base) == 0) ||
           (host[0] != 0 && strncmp(origin, scheme, sizeof scheme - 1) == 0 && strcmp(origin + sizeof scheme - 1, host) == 0);
}

static bool said_foreign(const char *site, const char *origin, const char *base, const char *host, bool strict) {
    if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return true;
    if (origin == NULL || (!strict && strcmp(origin, "null") == 0))
        return false;
    return !origin_ours(origin, base, host);
}

bool origin_foreign(struct http_req *req, bool strict) {
    const char *base = api_config(http_context(req))->base_url;
    return said_foreign(http_header(req, "Sec-Fetch-Site"), http_header(req, "Origin"), base == NULL ? "" : base, http_host(req), strict);
}

/* ---- who visits */
void agent_said(const char *agent, char ret[64]) {
    static const struct { const char *part, *name; } browsers[] = {      /* those that also name another come first */
        { "Edg", "Edge" }, { "OPR/", "Opera" }, { "SamsungBrowser", "Samsung Internet" }, { "Firefox/", "Firefox" }, { "FxiOS/", "Firefox" },
        { "Chromium/", "Chromium" }, { "Chrome/", "Chrome" }, { "CriOS/", "Chrome" }, { "Safari/", "Safari" }, { "curl/", "curl" },
    };
    static const struct { const char *part, *name; } systems[] = {
        { "Android", "Android" }, { "iPhone", "iPhone" }, { "iPad", "iPad" }, { "CrOS", "ChromeOS" }, { "Windows", "Windows" }, { "Mac OS X", "macOS" }, { "Linux", "Linux" },
    };
    const char *browser = NULL, *system = NULL;
    for (size_t i = 0; browser == NULL && i < ARRAY_LEN(browsers); i++)
        browser = strstr(agent, browsers[i].part) != NULL ? browsers[i].name : NULL;
    for (size_t i = 0; system == NULL && i < ARRAY_LEN(systems); i++)
        system = strstr(agent, systems[i].part) != NULL ? systems[i].name : NULL;
    snprintf(ret, 64, "%s%s%s", browser == NULL ? "" : browser, browser != NULL && system != NULL ? ", " : "", system == NULL ? "" : system);
}

struct visitor session_visitor(struct http_req *req) {
    char said[64];
    const char *agent = http_header(req, "User-Agent");
    agent_said(agent == NULL ? "" : agent, said);
    char *kept = arena_text(http_arena(req), said);
    return (struct visitor){ .address = http_client(req), .agent = kept == NULL ? "" : kept };
}

void retry_header(struct http_req *req, const struct err *e) {
    int64_t seconds;
    char text[24];
    if (e->code != E_TOO_MANY || !text_int(e->field, 1, 86400, &seconds))
        return;
    snprintf(text, sizeof text, "%lld", (long long)seconds);
    http_reply_header(req, "Retry-After", text);
}

/* ---- how a call ends */
static bool still_whole(const struct scall *c) { return mem_lost() == c->lost && !arena_overflowed(http_arena(c->req)); }

void scall_error(struct scall *c, const struct err *e) {
    struct err said = *e;
    if (code_status(e->code) < 500 && !still_whole(c))
        (void)err_set(&said, E_MEMORY, "the server has no memory for this request; try again");
    damage_count(c->api, &said);
    if (said.code == E_TOO_MANY) {
        retry_header(c->req, &said);
        said.field[0] = 0;
    }
    http_reply_error(c->req, &said, NULL);
}

bool scall_whole(struct scall *c) {
    if (still_whole(c))
        return true;
    scall_fail(c, E_MEMORY, "the server has no memory for this request; try again");
    return false;
}

void scall_reply(struct scall *c, int status, json_t *body) {
    if (body == NULL)
        scall_fail(c, E_MEMORY, "the server has no memory for the reply; try again");
    else if (scall_whole(c))
        http_reply_json(c->req, status, body);
    json_decref(body);
}

void scall_reply_nothing(struct scall *c, int status) {
    if (scall_whole(c))
        http_reply(c->req, status, NULL, "", 0);
}

/* ---- how it begins */
static bool changes_nothing(const char *method) { return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0; }

static void start(struct http_req *req, struct scall *c) {
    struct api *api = http_context(req);
    *c = (struct scall){ .req = req, .api = api, .people = api_people(api), .lang = http_lang(req, (1u << LANG_COUNT) - 1, LANG_EN), .tenant = -1, .lost = mem_lost() };
}

static bool origin_fine(struct scall *c) {
    if (changes_nothing(http_method(c->req)) || !origin_foreign(c->req, true))
        return true;
    scall_fail(c, E_FORBIDDEN, "this call was sent by a page of another site; a session is for the pages of this one");
    return false;
}

static const char *step_text(enum session_step step) {
    switch (step) {
    case STEP_SECOND: return "the second step is missing: POST /v1/account/second with a code, or /v1/account/passkey";
    case STEP_CHANGE: return "the password must be changed first: PUT /v1/account/password";
    case STEP_ENROL: return "this role needs a second step: set up a passkey or an authenticator app first, under /v1/account/passkeys or /v1/account/totp";
    case STEP_WHOLE: break;
    }
    return "this step of signing in is done already";
}

static bool csrf_fine(struct scall *c) {
    if (changes_nothing(http_method(c->req)) || session_csrf_fine(&c->session, http_header(c->req, "Sejf-Csrf")))
        return true;
    scall_fail(c, E_FORBIDDEN, "the header Sejf-Csrf is missing or not of this session: GET /v1/account gives it as `csrf`");
    return false;
}

static enum code find(struct scall *c, struct err *reterr) {
    const char *cookie = session_cookie(c->req);
    if (cookie == NULL)
        return err_set(reterr, E_SIGN_IN, "this address is for people who are signed in: POST /v1/account/sign-in gives the cookie");
    enum code code = session_find(c->people, cookie, &c->session, reterr);
    c->secret = code == OK ? cookie : NULL;
    return code;
}

bool scall_begin(struct http_req *req, unsigned steps, struct scall *ret) {
    struct err e;
    start(req, ret);
    if (find(ret, &e) != OK) {
        scall_error(ret, &e);
        return false;
    }
    if (!scall_whole(ret) || !origin_fine(ret) || !csrf_fine(ret))
        return false;
    if ((steps & 1u << ret->session.step) != 0)
        return true;
    scall_fail(ret, E_SIGN_IN, "%s", step_text(ret->session.step));
    return false;
}

/* A form of another site cannot send JSON, and its script is asked for leave first, which nobody gives it. */
bool scall_open(struct http_req *req, struct scall *ret) {
    start(req, ret);
    if (!origin_fine(ret))
        return false;
    if (strcmp(http_media(req), "application/json") == 0)
        return true;
    scall_fail(ret, E_MEDIA, "the Content-Type must be application/json");
    return false;
}

bool scall_maybe(struct http_req *req, struct scall *ret) {
    struct err e;
    if (!scall_open(req, ret))
        return false;
    enum code code = session_cookie(req) == NULL ? E_SIGN_IN : find(ret, &e);
    if (code == E_SIGN_IN)
        return true;
    if (code != OK) {
        scall_error(ret, &e);
        return false;
    }
    return csrf_fine(ret);
}

/* ---- what its path and body say */
static bool nothing_here(struct scall *c) {
    scall_fail(c, E_NOT_FOUND, "there is nothing at this address, or it is not for you");
    return false;
}

bool scall_tenant(struct scall *c, enum people_act act) {
    struct err e;
    int64_t tenant;
    if (!text_int(http_param(c->req, "tenant"), 0, INT64_MAX, &tenant))
        return nothing_here(c);
    enum code code = people_may(c->people, &c->session, tenant, act, &e);
    if (code == E_NOT_FOUND)
        return nothing_here(c);
    if (code != OK) {
        scall_error(c, &e);
        return false;
    }
    c->tenant = tenant;
    http_note_tenant(c->req, tenant);
    return scall_whole(c);
}

bool scall_service(struct scall *c, struct service **ret) {
    struct err e;
    enum code code = people_service(c->people, c->tenant, ret, &e);
    if (code == E_NOT_FOUND)
        return nothing_here(c);
    if (code != OK)
        scall_error(c, &e);
    return code == OK;
}

bool scall_id(struct scall *c, const char *name, struct uuid *ret) { return uuid_parse(http_param(c->req, name), ret) || nothing_here(c); }

bool scall_number(struct scall *c, const char *name, int64_t *ret) {
    const char *text = http_param(c->req, name);
    return (text[0] >= '1' && text[0] <= '9' && text_int(text, 1, INT64_MAX, ret)) || nothing_here(c);
}

static bool named(const char *const *names, const char *name) {
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

json_t *json_wiped(json_t *body) {
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value) {
        union { const char *in; char *out; } text = { .in = json_string_value(value) };
        if (text.in != NULL)
            crypto_wipe(text.out, json_string_length(value));
    }
    json_decref(body);
    return NULL;
}

bool scall_json(struct scall *c, const char *const *names, json_t **ret) {
    struct err e;
    json_t *body = NULL, *value;
    const char *name;
    if (http_json_read(c->req, "application/json", &body, &e) != OK) {
        scall_error(c, &e);
        return false;
    }
    bool fine = json_is_object(body);
    if (!fine)
        scall_fail(c, E_INVALID, "the body must be a JSON object");
    json_object_foreach(body, name, value) {
        if (!fine || named(names, name))
            continue;
        scall_fail(c, E_INVALID, "the body has a member that is not known here; those known are in /v1/account/openapi.json");
        fine = false;
    }
    if (fine && (fine = scall_whole(c)))
        *ret = body;
    else
        json_wiped(body);
    return fine;
}

bool scall_text_maybe(struct scall *c, const json_t *body, const char *name, size_t most, const char **ret) {
    const json_t *value = json_object_get(body, name);
    char path[64];
    struct err e;
    if (value == NULL || json_is_null(value)) {
        *ret = NULL;
        return true;
    }
    snprintf(path, sizeof path, "/%s", name);
    const char *text = json_string_value(value);
    if (text != NULL && strlen(text) == json_string_length(value) && strlen(text) <= most) {
        *ret = text;
        return true;
    }
    if (text == NULL)
        (void)err_field(&e, E_FIELDS, path, "%s must be a text", name);
    else
        (void)err_field(&e, E_FIELDS, path, "%s may have %zu bytes at most, and no NUL", name, most);
    scall_error(c, &e);
    return false;
}

bool scall_text(struct scall *c, const json_t *body, const char *name, size_t most, const char **ret) {
    char path[64];
    struct err e;
    if (!scall_text_maybe(c, body, name, most, ret))
        return false;
    if (*ret != NULL)
        return true;
    snprintf(path, sizeof path, "/%s", name);
    (void)err_field(&e, E_FIELDS, path, "%s is needed", name);
    scall_error(c, &e);
    return false;
}

const char *scall_by(const struct scall *c, char ret[SCALL_BY]) {
    char id[UUID_TEXT];
    snprintf(ret, SCALL_BY, "account %s", uuid_format(&c->session.account, id));
    return ret;
}
