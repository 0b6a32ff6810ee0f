/* probes_wire.c — the connection, the query string, the log, and the public form. */
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/jsontext.h"
#include "base/text.h"
#include "base/time.h"
#include "promises/probes.h"

/* Sends bytes to a port of this machine and reads what comes back, for 3 seconds at most. */
static enum code raw_exchange(int port, const void *bytes, size_t len, struct buf *ret, struct err *reterr) {
    char service[16];
    struct addrinfo *list = NULL, hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    snprintf(service, sizeof service, "%d", port);
    int fd = -1;
    if (getaddrinfo("localhost", service, &hints, &list) == 0)
        for (struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
            fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
            if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
                close(fd);
                fd = -1;
            }
        }
    if (list != NULL)
        freeaddrinfo(list);
    if (fd < 0)
        return err_set(reterr, E_PEER, "port %d of this machine does not answer", port);
    ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
    usec_t end = clock_steady() + 3 * USEC_PER_SEC;
    char chunk[4096];
    while (n > 0 && clock_steady() < end && ret->len < 65536) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (poll(&p, 1, 500) > 0) {
            n = recv(fd, chunk, sizeof chunk, 0);
            buf_add(ret, chunk, n > 0 ? (size_t)n : 0);
        } else if (ret->len > 0) {
            break;
        }
    }
    close(fd);
    return OK;
}

static int https_port(const struct env *e) {
    const char *colon = strrchr(env_setup(e)->url, ':');
    int64_t port = 443;
    if (colon == NULL || !text_int(colon + 1, 1, 65535, &port))
        port = 443;
    return (int)port;
}

enum code probe_plain(struct env *e, struct verdict_line *v, struct err *reterr) {
    static const char get[] = "GET /s/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    static const char post[] = "POST /v1/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    const struct { int port; const char *text; const char *want, *or_want; } row[] = {
        { env_setup(e)->plain_port, get, "HTTP/1.1 308", NULL }, { env_setup(e)->plain_port, post, "HTTP/1.1 308", NULL },
        { https_port(e), get, "HTTP/1.1 400", "HTTP/1.1 444" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf got = BUF(1u << 17);
        enum code code = raw_exchange(row[i].port, row[i].text, strlen(row[i].text), &got, reterr);
        if (code != OK)
            return code;
        const char *head = buf_str(&got);
        bool fine = strncmp(head, row[i].want, strlen(row[i].want)) == 0 || got.len == 0;
        if (i < 2)
            fine = fine && strcasestr(head, "location: https://") != NULL;
        if (!fine)
            return SAY(v, false, "port %d answered a request without TLS with \"%.20s\"", row[i].port, head);
    }
    return SAY(v, true, "port %d answers 308 to https and nothing else; port %d refuses requests without TLS", row[0].port, row[2].port);
}

/* A ClientHello (RFC 5246, 7.4.1.2; RFC 4346) that offers at most `version` and suites which both old and new servers know. */
static size_t client_hello(uint8_t minor, uint8_t *ret) {
    static const uint8_t suites[] = { 0xc0, 0x09, 0xc0, 0x0a, 0xc0, 0x13, 0xc0, 0x14, 0x00, 0x2f, 0x00, 0x35, 0xc0, 0x2b, 0xc0, 0x2c, 0xc0, 0x2f, 0xc0, 0x30 };
    static const uint8_t extensions[] = { 0x00, 0x0a, 0x00, 0x08, 0x00, 0x06, 0x00, 0x1d, 0x00, 0x17, 0x00, 0x18,   /* groups */
                                          0x00, 0x0b, 0x00, 0x02, 0x01, 0x00,                                        /* point formats */
                                          0x00, 0x0d, 0x00, 0x0c, 0x00, 0x0a, 0x04, 0x03, 0x05, 0x03, 0x08, 0x04, 0x04, 0x01, 0x02, 0x01,
                                          0x00, 0x00, 0x00, 0x0e, 0x00, 0x0c, 0x00, 0x00, 0x09, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't' };
    uint8_t *p = ret + 9;
    *p++ = 3;
    *p++ = minor;
    for (int i = 0; i < 32; i++)
        *p++ = (uint8_t)(i * 7 + 1);
    *p++ = 0;
    *p++ = 0;
    *p++ = sizeof suites;
    memcpy(p, suites, sizeof suites);
    p += sizeof suites;
    *p++ = 1;
    *p++ = 0;
    *p++ = 0;
    *p++ = sizeof extensions;
    memcpy(p, extensions, sizeof extensions);
    p += sizeof extensions;
    size_t body = (size_t)(p - ret) - 9;
    const uint8_t head[9] = { 22, 3, 1, (uint8_t)((body + 4) >> 8), (uint8_t)(body + 4), 1, 0, (uint8_t)(body >> 8), (uint8_t)body };
    memcpy(ret, head, 9);
    return body + 9;
}

static enum code hello_answer(struct env *e, uint8_t minor, uint8_t *ret_type, struct err *reterr) {
    uint8_t hello[512];
    AUTO(buf_done) struct buf got = BUF(1u << 17);
    size_t len = client_hello(minor, hello);
    enum code code = raw_exchange(https_port(e), hello, len, &got, reterr);
    if (code == OK)
        *ret_type = got.len == 0 ? 0 : (uint8_t)got.data[0];
    return code;
}

enum code probe_tls(struct env *e, struct verdict_line *v, struct err *reterr) {
    uint8_t two = 0, one = 0, zero = 0;                     /* 22: handshake goes on; 21: alert; 0: closed */
    enum code code = hello_answer(e, 3, &two, reterr);
    if (code == OK)
        code = hello_answer(e, 2, &one, reterr);
    if (code == OK)
        code = hello_answer(e, 1, &zero, reterr);
    if (code != OK)
        return code;
    if (two != 22)
        return SAY(v, false, "a handshake with TLS 1.2 is refused too, so the offer proves nothing");
    return SAY(v, one != 22 && zero != 22, "TLS 1.2 goes on; TLS 1.1 and 1.0 are %s", one != 22 && zero != 22 ? "refused" : "accepted");
}

enum code probe_query(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct kind *kinds;
    size_t n = charter_kinds(env_charter(e), &kinds), tried = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t f = 0; f < kinds[i].field_count; f++) {
            static const char *const forms[] = { "%s", "%s.gte" };
            char path[512], name[128];
            if (kinds[i].fields[f].level == L_PLAIN)
                continue;
            for (size_t k = 0; k < ARRAY_LEN(forms); k++) {
                AUTO(answer_done) struct answer a = { 0 };
                if (k == 0)
                    snprintf(name, sizeof name, "%s", kinds[i].fields[f].name);
                else
                    snprintf(name, sizeof name, "%s.gte", kinds[i].fields[f].name);
                snprintf(path, sizeof path, "/v1/%s/%s?%s=probe", env_service(e), kinds[i].name, name);
                enum code code = env_call(e, &(struct call){ .method = "GET", .path = path }, &a, reterr);
                if (code != OK)
                    return code;
                if (a.status != 400)
                    return SAY(v, false, "%s of %s in a query string answered %d instead of 400", kinds[i].fields[f].name, kinds[i].name, a.status);
            }
            tried++;
        }
    return SAY(v, tried > 0, "%zu personal fields in query strings answered 400", tried);
}

static bool text_is_plain(unsigned char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '@' || c == '.'; }

/* Where a careless access log would take it along: behind the question mark, and as an id. */
static enum code ask_with(struct env *e, const struct kind *k, const char *value, struct err *reterr) {
    static const char *const before[] = { "?q=", "/" };
    enum code code = OK;
    for (size_t i = 0; i < ARRAY_LEN(before) && code == OK; i++) {
        AUTO(buf_done) struct buf path = BUF(4096);
        AUTO(answer_done) struct answer a = { 0 };
        buf_printf(&path, "/v1/%s/%s%s", env_service(e), k->name, before[i]);
        for (const unsigned char *p = (const unsigned char *)value; *p != 0; p++)
            buf_printf(&path, text_is_plain(*p) ? "%c" : "%%%02X", *p);
        if (!path.failed)
            code = env_call(e, &(struct call){ .method = "GET", .path = buf_str(&path) }, &a, reterr);
    }
    return code;
}

/* Errors of every kind, each with the canary's values where a careless log would take them along. */
static enum code provoke(struct env *e, const struct canary *c, struct err *reterr) {
    const struct kind *k = charter_kind_at(env_charter(e), c->kind);
    const char *name;
    json_t *value;
    char path[256];
    enum code code = OK;
    snprintf(path, sizeof path, "/v1/%s/%s", env_service(e), k->name);
    json_object_foreach(c->fields, name, value) {
        AUTO(answer_done) struct answer a = { 0 }, b = { 0 };
        json_t *body = json_pack("{s:{s:O}}", "fields", name, value);
        AUTO(buf_done) struct buf text = BUF(1u << 20);
        json_text_add(&text, value);
        code = env_call(e, &(struct call){ .method = "POST", .path = path, .body = body }, &a, reterr);
        json_decref(body);
        if (code == OK && !text.failed)
            code = env_call(e, &(struct call){ .method = "POST", .path = path, .text = buf_str(&text), .type = "application/json" }, &b, reterr);
        if (code == OK && json_is_string(value))
            code = ask_with(e, k, json_string_value(value), reterr);
        if (code != OK)
            break;
    }
    return code;
}

enum code probe_logs(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = env_personal_kind(e);
    const struct canary *c = NULL;
    struct scan seen = { 0 };
    if (kind < 0 || env_setup(e)->log == NULL)
        return SAY(v, false, "there is no log file to search; name one in sejf.yaml (log: file)");
    enum code code = canary_make(e, 0, kind, false, &c, reterr);
    if (code == OK)
        code = provoke(e, c, reterr);
    if (code == OK)
        code = scan_path(env_setup(e)->log, charter_kind_at(env_charter(e), kind), c->fields, SCAN_WHOLE, &seen, reterr);
    if (code != OK)
        return code;
    if (seen.bytes == 0)
        return SAY(v, false, "the log is empty or cannot be read");
    if (seen.found)
        return SAY(v, false, "a personal value stands in %s", seen.where);
    return SAY(v, true, "refused requests left no personal value in %llu bytes of log", (unsigned long long)seen.bytes);
}

const struct kind *probe_form(struct env *e, int *ret) {
    const struct kind *k;
    size_t n = charter_kinds(env_charter(e), &k);
    for (size_t i = 0; i < n; i++)
        if (k[i].form != NULL) {
            *ret = (int)i;
            return &k[i];
        }
    return NULL;
}

enum code probe_form_path(struct env *e, const struct kind *k, char *ret, size_t room, struct err *reterr) {
    const struct canary *parent = NULL;
    char scope[UUID_TEXT];
    const char *form = k->form;
    if (k->parent < 0)
        snprintf(scope, sizeof scope, "%lld", (long long)env_tenant(e, 0));
    else {
        enum code code = canary_make(e, 0, k->parent, true, &parent, reterr);
        if (code != OK)
            return code;
        snprintf(scope, sizeof scope, "%s", parent->id);
    }
    snprintf(ret, room, "/f/%s/%s/%s", env_service(e), form, scope);
    return OK;
}

enum code probe_notice(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = -1;
    const struct kind *k = probe_form(e, &kind);
    char path[256];
    if (k == NULL)
        return SAY(v, true, "the charter has no public form");
    AUTO(answer_done) struct answer a = { 0 };
    enum code code = probe_form_path(e, k, path, sizeof path, reterr);
    if (code == OK)
        code = env_call(e, &(struct call){ .method = "GET", .path = path, .role = "", .headers = { "Accept-Language: en" } }, &a, reterr);
    if (code != OK)
        return code;
    AUTO(buf_done) struct buf operator = BUF(4096);
    const char *name = charter_operator(env_charter(e));
    buf_add(&operator, name, name == NULL ? 0 : strcspn(name, "&<>\"',"));       /* as it stands in HTML, and in a sentence */
    const char *const want[] = { charter_contact(env_charter(e)), charter_authority(env_charter(e)), "data-due=\"", operator.len > 0 ? buf_str(&operator) : NULL };
    static const char *const said[] = { "contact", "authority", "date", "operator" };
    if (a.status != 200)
        return SAY(v, false, "the form answered %d", a.status);
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        if (want[i] == NULL || strstr(buf_str(&a.body), want[i]) == NULL)
            return SAY(v, false, "the notice on the form lacks the %s", said[i]);
    return SAY(v, true, "the form names operator, contact, authority and the actual date");
}

enum code probe_csrf(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = -1;
    const struct kind *k = probe_form(e, &kind);
    char path[256];
    if (k == NULL)
        return SAY(v, true, "the charter has no public form");
    AUTO(answer_done) struct answer a = { 0 };
    enum code code = probe_form_path(e, k, path, sizeof path, reterr);
    if (code == OK)
        code = env_call(e, &(struct call){ .method = "POST", .path = path, .role = "", .text = "name=x", .type = "application/x-www-form-urlencoded" }, &a, reterr);
    return code != OK ? code : SAY(v, a.status == 403, "a form that was not served answered %d", a.status);
}

/* Fewer than the front's own limit lets through: this is about the rule, which holds without it. */
#define FORMS_TRIED 60

enum code probe_form_limits(struct env *e, struct verdict_line *v, struct err *reterr) {
    int kind = -1, served = 0;
    const struct kind *k = probe_form(e, &kind);
    char path[256];
    if (k == NULL)
        return SAY(v, true, "the charter has no public form");
    enum code code = probe_form_path(e, k, path, sizeof path, reterr);
    for (; served < FORMS_TRIED && code == OK; served++) {
        AUTO(answer_done) struct answer a = { 0 };
        code = env_call(e, &(struct call){ .method = "POST", .path = path, .role = "", .text = "name=x", .type = "application/x-www-form-urlencoded" }, &a, reterr);
        if (code == OK && a.status == 429)
            return SAY(v, true, "slowed down after %d forms", served);
    }
    return code != OK ? code : SAY(v, false, "%d forms in a row were answered", FORMS_TRIED);
}
