/* transfer.c — what libcurl is told: https alone, TLS 1.2 or newer, verified; no redirect, proxy, cookie or decoding; bounds on bytes and
 * time. An answer goes on as it came, so whoever asked decides about a redirect, and asks again. */
#include "prog/transfer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "sys/address.h"

#define URL_MAX 4096u
#define CONNECT_MS 20000L

struct transfer {
    CURL *easy;
    CURLU *url;
    struct curl_slist *headers;
    const struct destination *to;
    struct destination anywhere; char host[256];         /* of a webhook that may go to any public host: to is that then */
    size_t most;
    struct fetch_reply reply;
    bool asked;                              /* there is a connection, TLS and all, and the request was about to go: before that nothing has left */
    bool inside;                             /* an address was refused because it is not of the public internet */
    bool too_large;
};

/* ---- may it be asked */

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };

static const struct destination *find(struct transfer *t, const struct allowed *to, unsigned use, const char *host, const char *port_text) {
    const struct destination *found = NULL;
    int64_t port;
    if (!text_int(port_text, 1, 65535, &port))
        return NULL;
    enum egress may = egress_of(to->list, to->count, to->webhooks_anywhere, use, host, (int)port, &found);
    if (may != EGRESS_ANYWHERE)
        return may == EGRESS_DECLARED ? found : NULL;
    if (strlen(host) >= sizeof t->host)
        return NULL;
    snprintf(t->host, sizeof t->host, "%s", host);     /* its addresses must be public ones, like those of every destination that is not `private` */
    t->anywhere = (struct destination){ .host = t->host, .port = (int)port, .use = (enum destination_for)use };
    return &t->anywhere;
}

static char *piece(CURLU *url, CURLUPart part, unsigned flags) {
    char *text = NULL;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool has(CURLU *url, CURLUPart part) {
    char *text = piece(url, part, 0);
    bool there = text != NULL;
    curl_free(text);
    return there;
}

static enum code check_url(struct transfer *t, const struct allowed *to, unsigned use, const char *url, struct err *reterr) {
    if (strlen(url) > URL_MAX || (t->url = curl_url()) == NULL || curl_url_set(t->url, CURLUPART_URL, url, CURLU_DISALLOW_USER) != CURLUE_OK)
        return err_set(reterr, E_INVALID, "the address of a request is none that can be asked");
    char *scheme = piece(t->url, CURLUPART_SCHEME, 0), *host = piece(t->url, CURLUPART_HOST, 0), *port = piece(t->url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    bool secure = scheme != NULL && strcmp(scheme, "https") == 0 && !has(t->url, CURLUPART_FRAGMENT);
    t->to = secure && host != NULL && port != NULL ? find(t, to, use, host, port) : NULL;
    enum code code = t->to != NULL ? OK : !secure ? err_set(reterr, E_INVALID, "only https is asked")
                     : err_set(reterr, E_FORBIDDEN, "sejf.yaml does not declare %.100s port %.5s (a provider's further hosts stand in its \"hosts\")", host == NULL ? "?" : host,
                               port == NULL ? "?" : port);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    return code;
}

static bool is_token(const char *t) {
    return *t != 0 && strspn(t, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~") == strlen(t);
}

static bool is_value(const char *t) {
    for (const unsigned char *p = (const unsigned char *)t; *p != 0; p++)
        if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
            return false;
    return true;
}

/* How long a message is and to whom it goes is the transfer's own. */
static bool is_ours(const char *name) {
    static const char *const list[] = { "Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "TE", "Trailer", "Expect", "Keep-Alive", "Proxy-Authorization" };
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        if (strcasecmp(list[i], name) == 0)
            return true;
    return false;
}

static bool header_add(struct transfer *t, const char *line) {
    struct curl_slist *list = curl_slist_append(t->headers, line);
    if (list == NULL)
        return false;
    t->headers = list;
    return true;
}

static enum code set_headers(struct transfer *t, const struct fetch_call *c, struct err *reterr) {
    bool fine = header_add(t, "Expect:");    /* no waiting for a go-ahead */
    for (size_t i = 0; i < c->header_count && fine; i++) {
        AUTO(buf_wipe) struct buf line = BUF(16384);
        const struct fetch_header *h = &c->headers[i];
        if (!is_token(h->name) || !is_value(h->value) || is_ours(h->name))
            return err_set(reterr, E_INVALID, "a header of a request is none that can be sent");
        buf_printf(&line, h->value[0] == 0 ? "%s;%s" : "%s: %s", h->name, h->value);
        fine = !line.failed && header_add(t, buf_str(&line));
    }
    return fine ? OK : err_set(reterr, E_MEMORY, "no memory for the headers of a request");
}

/* ---- what comes back */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a) {
    struct transfer *t = arg;
    if (purpose != CURLSOCKTYPE_IPCXN)
        return CURL_SOCKET_BAD;
    if (!t->to->private && !address_is_public(&a->addr)) {
        t->inside = true;
        return CURL_SOCKET_BAD;
    }
    t->inside = false;                       /* the next address of the name is one that may be asked */
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* A connection that another destination of the same name has left open is held to our own rule, too. */
static int before_request(void *arg, char *ip, char *own_ip, int port, int own_port) {      // NOLINT(readability-non-const-parameter): as libcurl calls it
    struct transfer *t = arg;
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    (void)own_ip, (void)port, (void)own_port;
    bool is4 = inet_pton(AF_INET, ip, &v4.sin_addr) == 1, is6 = !is4 && inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1;
    bool fine = t->to->private || (is4 && address_is_public((const struct sockaddr *)&v4)) || (is6 && address_is_public((const struct sockaddr *)&v6));
    t->inside = !fine;
    t->asked = t->asked || fine;
    return fine ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t take_body(char *bytes, size_t one, size_t len, void *arg) {
    struct transfer *t = arg;
    (void)one;                               /* always 1 */
    if (len > t->most - t->reply.body.len) {
        t->too_large = true;
        return 0;
    }
    buf_add(&t->reply.body, bytes, len);
    return t->reply.body.failed ? 0 : len;
}

/* A line of the head: a status line begins it anew (what came before was provisional); what is no header is left out. */
static size_t take_head(char *line, size_t one, size_t len, void *arg) {
    struct transfer *t = arg;
    struct buf *head = &t->reply.head;
    const char *colon = memchr(line, ':', len);
    size_t name = colon == NULL ? 0 : (size_t)(colon - line), end = len;
    (void)one;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        buf_cut(head, 0);
        return len;
    }
    while (end > 0 && (line[end - 1] == '\r' || line[end - 1] == '\n' || line[end - 1] == ' ' || line[end - 1] == '\t'))
        end--;
    if (name == 0 || name >= end || memchr(line, 0, len) != NULL)
        return len;
    size_t value = name + 1;
    while (value < end && (line[value] == ' ' || line[value] == '\t'))
        value++;
    for (size_t i = 0; i < name; i++)
        buf_char(head, line[i] >= 'A' && line[i] <= 'Z' ? (char)(line[i] - 'A' + 'a') : line[i]);
    buf_char(head, 0);
    buf_add(head, line + value, end - value);
    buf_char(head, 0);
    t->too_large = t->too_large || head->failed;
    return head->failed ? 0 : len;
}

/* ---- the request */

struct setting { CURLcode failed; CURL *easy; };
#define SET(s, option, value) do { if ((s)->failed == CURLE_OK) (s)->failed = curl_easy_setopt((s)->easy, (option), (value)); } while (0)

static void set_bounds(struct setting *s, const struct fetch_call *c) {
    SET(s, CURLOPT_PROTOCOLS_STR, "https");
    SET(s, CURLOPT_FOLLOWLOCATION, 0L);
    SET(s, CURLOPT_PROXY, "");
    SET(s, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(s, CURLOPT_HTTP09_ALLOWED, 0L);
    SET(s, CURLOPT_NOSIGNAL, 1L);
    SET(s, CURLOPT_QUICK_EXIT, 1L);          /* never wait for a name server that does not answer */
    SET(s, CURLOPT_TIMEOUT_MS, (long)c->wait_ms);
    SET(s, CURLOPT_CONNECTTIMEOUT_MS, c->wait_ms < CONNECT_MS ? (long)c->wait_ms : CONNECT_MS);
    SET(s, CURLOPT_USERAGENT, "sejf/" SEJF_VERSION);
}

static void set_trust(struct setting *s, const char *authorities) {
    SET(s, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(s, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(s, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(s, CURLOPT_CAINFO, authorities);
    SET(s, CURLOPT_CAPATH, NULL);
}

static void set_callbacks(struct setting *s, struct transfer *t) {
    SET(s, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(s, CURLOPT_OPENSOCKETDATA, t);
    SET(s, CURLOPT_PREREQFUNCTION, before_request);
    SET(s, CURLOPT_PREREQDATA, t);
    SET(s, CURLOPT_WRITEFUNCTION, take_body);
    SET(s, CURLOPT_WRITEDATA, t);
    SET(s, CURLOPT_HEADERFUNCTION, take_head);
    SET(s, CURLOPT_HEADERDATA, t);
}

static void set_message(struct setting *s, const struct transfer *t, const struct fetch_call *c) {
    SET(s, CURLOPT_CURLU, t->url);
    SET(s, CURLOPT_HTTPHEADER, t->headers);
    if (strcmp(c->method, "HEAD") == 0)
        SET(s, CURLOPT_NOBODY, 1L);
    else if (strcmp(c->method, "GET") != 0 || c->body_len > 0) {
        SET(s, CURLOPT_POST, 1L);
        SET(s, CURLOPT_POSTFIELDSIZE, (long)c->body_len);
        SET(s, CURLOPT_COPYPOSTFIELDS, c->body_len > 0 ? (const char *)c->body : "");
        if (c->use != FOR_WEBHOOKS && c->use != FOR_ASKERS)      /* these have names, or no effect: to come twice does no harm, and a new connection each costs them most of their time */
            SET(s, CURLOPT_FRESH_CONNECT, 1L);                   /* on one that was used before, libcurl sends it again by itself when the other side closes without an answer */
    }
    SET(s, CURLOPT_CUSTOMREQUEST, c->method);
}

static bool is_method(const char *text) {
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (strcmp(text, methods[i]) == 0)
            return true;
    return false;
}

enum code transfer_new(const struct allowed *to, const struct fetch_call *call, struct transfer **ret, struct err *reterr) {
    PRE(to != NULL && call != NULL && ret != NULL && reterr != NULL);
    AUTO(transfer_free) struct transfer *t = mem_new(sizeof *t);
    if (t == NULL || (t->easy = curl_easy_init()) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a request");
    t->reply = FETCH_REPLY;
    t->most = call->most;
    if (!is_method(call->method))
        return err_set(reterr, E_INVALID, "no such method");
    enum code code = check_url(t, to, call->use, call->url, reterr);
    if (code == OK)
        code = set_headers(t, call, reterr);
    if (code != OK)
        return code;
    struct setting s = { CURLE_OK, t->easy };
    set_bounds(&s, call);
    set_trust(&s, t->to->ca != NULL ? t->to->ca : to->authorities);
    set_callbacks(&s, t);
    set_message(&s, t, call);
    if (s.failed != CURLE_OK)
        return err_set(reterr, E_INTERNAL, "a request could not be prepared: %s", curl_easy_strerror(s.failed));
    *ret = TAKE(t);
    return OK;
}

struct transfer *transfer_free(struct transfer *t) {
    if (t == NULL)
        return NULL;
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    curl_url_cleanup(t->url);
    fetch_reply_done(&t->reply);
    return mem_free(t);
}

CURL *transfer_easy(struct transfer *t) { return t->easy; }

void transfer_private(struct transfer *t, void *whose) { (void)curl_easy_setopt(t->easy, CURLOPT_PRIVATE, whose); }

/* ---- its end */

struct reason { enum code code; const char *before, *after /* of the host */; bool left /* the request may have gone out, if it came so far */; };
static const struct { CURLcode how; struct reason why; } ends[] = {
    { CURLE_COULDNT_RESOLVE_HOST, { E_PEER, "the name ", " has no address: look at the name and at this machine's name servers" } },
    { CURLE_COULDNT_CONNECT, { E_PEER, "nobody answers at ", "" } },
    { CURLE_OPERATION_TIMEDOUT, { E_PEER, "", " did not answer in time", true } },
    { CURLE_PEER_FAILED_VERIFICATION, { E_PEER, "the certificate of ", " is not vouched for by an authority that is trusted here, or is for another name (\"ca\" in sejf.yaml names an authority of your own)" } },
    { CURLE_SSL_CACERT_BADFILE, { E_PEER, "the file of authorities that vouch for ", " cannot be read: install ca-certificates, or mend \"ca\" in sejf.yaml" } },
    { CURLE_SSL_CONNECT_ERROR, { E_PEER, "", " takes no connection by TLS 1.2 or newer" } },
    { CURLE_OUT_OF_MEMORY, { E_MEMORY, "no memory for asking ", "", true } },
};
static const struct reason inside = { E_FORBIDDEN, "the address of ", " is of this machine or of a private network, which sejf.yaml does not allow it (private: yes)" };
static const struct reason too_large = { E_PEER, "the answer of ", " is larger than is taken", true };
static const struct reason broken = { E_PEER, "the exchange with ", " broke off", true };

static const struct reason *reason_of(const struct transfer *t, CURLcode how) {
    if (t->inside && (how == CURLE_COULDNT_CONNECT || how == CURLE_ABORTED_BY_CALLBACK))       /* else it left by another address of the name */
        return &inside;
    if (t->too_large)
        return &too_large;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (ends[i].how == how)
            return &ends[i].why;
    return &broken;
}

/* A time that is over, or a connection that broke, says so of the name, the connection and the handshake, too. */
static bool may_have_left(const struct transfer *t, CURLcode how) { return t->asked && reason_of(t, how)->left; }

void transfer_put(struct transfer *t, CURLcode how, struct buf *ret) {
    long status = 0;
    struct err e;
    if (how == CURLE_OK)
        how = curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (how == CURLE_OK && status >= 100 && status <= 999) {
        t->reply.status = (int)status;
        fetch_answer_put(ret, &t->reply);
        return;
    }
    const struct reason *why = reason_of(t, how);
    (void)err_set(&e, why->code, "%s%s%s", why->before, t->to->host, why->after);
    log_event(LOG_WARN, "request_failed", LOG_TEXT("host", t->to->host), LOG_INT("port", t->to->port), LOG_INT("curl", how), LOG_TEXT("text", curl_easy_strerror(how)));
    fetch_refusal_put(ret, &e, may_have_left(t, how));
}
