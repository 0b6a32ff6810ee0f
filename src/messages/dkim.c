/* dkim.c — see dkim.h. Canonical forms after RFC 6376, 3.4.2 and 3.4.4. */
#include "messages/dkim.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "wire/base64.h"

#define NAME_MOST 253u
#define MESSAGE_MOST ((size_t)16 << 20)

struct dkim { char domain[NAME_MOST + 1], selector[64]; struct rsa_key *key; };

/* In the order of the signature. `more`: signed once more than it stands there. */
static const char *const names[] = { "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "Cc", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Auto-Submitted",
                                     "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post" };

/* Labels of letters, digits and '-', with dots between. */
static bool is_name(const char *text, size_t most) {
    size_t n = strlen(text), label = 0;
    if (n == 0 || n > most)
        return false;
    for (const char *p = text; *p != 0; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (*p == '.' ? label == 0 : !letter && *p != '-' && *p != '_')
            return false;
        label = *p == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return label > 0;
}

enum code dkim_new(const char *domain, const char *selector, struct rsa_key *key, struct dkim **ret, struct err *reterr) {
    PRE(domain != NULL && selector != NULL && key != NULL && ret != NULL && reterr != NULL);
    if (!is_name(domain, NAME_MOST) || strchr(domain, '.') == NULL)
        return err_set(reterr, E_CONFIG, "mail.dkim.domain is the domain that signs, as seats.example");
    if (!is_name(selector, 63))
        return err_set(reterr, E_CONFIG, "mail.dkim.selector is a name of letters, digits and -, as s2026");
    struct dkim *d = mem_new(sizeof *d);
    if (d == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a signing key");
    snprintf(d->domain, sizeof d->domain, "%s", domain);
    snprintf(d->selector, sizeof d->selector, "%s", selector);
    d->key = key;
    *ret = d;
    return OK;
}

struct dkim *dkim_free(struct dkim *d) {
    if (d != NULL)
        rsa_free(d->key);
    return mem_free(d);
}

const char *dkim_domain(const struct dkim *d) { return d->domain; }

/* ---- canonical forms */

static bool is_space(char c) { return c == ' ' || c == '\t'; }

/* A line of the body that ends in no white space: each run of it is one space. */
static void body_line(struct buf *ret, const char *p, const char *end) {
    while (p < end) {
        const char *from = p;
        while (p < end && !is_space(*p))
            p++;
        buf_add(ret, from, (size_t)(p - from));
        if (p < end)
            buf_char(ret, ' ');
        while (p < end && is_space(*p))
            p++;
    }
    buf_text(ret, "\r\n");
}

/* Empty lines at the end do not count. */
static void body_canonical(struct buf *ret, const char *body, size_t len) {
    const char *end = body + len;
    size_t empty = 0;
    for (const char *p = body, *next; p < end; p = next) {
        const char *stop = memchr(p, '\n', (size_t)(end - p)), *to = stop == NULL ? end : stop;
        next = stop == NULL ? end : stop + 1;
        if (stop != NULL && to > p && to[-1] == '\r')
            to--;
        while (to > p && is_space(to[-1]))
            to--;
        if (to == p) {
            empty++;
            continue;
        }
        for (; empty > 0; empty--)
            buf_text(ret, "\r\n");
        body_line(ret, p, to);
    }
}

/* One header, from its name to the end of its last line: "name:value". */
static void header_canonical(struct buf *ret, const char *p, const char *end) {
    const char *colon = memchr(p, ':', (size_t)(end - p));
    const char *name_end = colon;
    while (name_end > p && is_space(name_end[-1]))
        name_end--;
    for (; p < name_end; p++)
        buf_char(ret, (char)tolower((unsigned char)*p));
    buf_char(ret, ':');
    bool space = false, any = false;
    for (p = colon + 1; p < end; p++) {
        if (is_space(*p) || *p == '\r' || *p == '\n') {
            space = true;
            continue;
        }
        if (space && any)
            buf_char(ret, ' ');
        space = false;
        any = true;
        buf_char(ret, *p);
    }
}

/* ---- headers of a message */

struct header { const char *at, *end; size_t name; };
#define HEADERS_MOST 64u
struct headers { struct header list[HEADERS_MOST]; size_t count; const char *body; };

/* False: it does not begin with headers that end. */
static bool headers_read(const char *message, size_t len, struct headers *ret) {
    const char *p = message, *end = message + len;
    ret->count = 0;
    while (p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p)), *next = stop == NULL ? end : stop + 1;
        bool empty = next - p <= 2 && (*p == '\r' || *p == '\n');
        if (empty) {
            ret->body = next;
            return ret->count > 0;
        }
        const char *colon = memchr(p, ':', (size_t)(next - p));
        if (is_space(*p)) {
            if (ret->count == 0)
                return false;
            ret->list[ret->count - 1].end = next;
        } else if (colon == NULL || ret->count == HEADERS_MOST) {
            return false;
        } else {
            ret->list[ret->count++] = (struct header){ p, next, (size_t)(colon - p) };
        }
        p = next;
    }
    ret->body = end;
    return ret->count > 0;
}

/* The n-th of that name from the bottom, as signers take them; NULL: there are fewer. */
static const struct header *header_find(const struct headers *h, const char *name, size_t n) {
    for (size_t i = h->count; i-- > 0;)
        if (h->list[i].name == strlen(name) && strncasecmp(h->list[i].at, name, strlen(name)) == 0 && n-- == 0)
            return &h->list[i];
    return NULL;
}

/* ---- the signature */

/* Names, and the canonical headers in the same order. */
static void signed_put(const struct headers *h, struct buf *ret_names, struct buf *ret_input) {
    size_t column = 3;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct header *at = NULL;
        for (size_t n = 0; n == 0 || at != NULL; n++) {        /* and once more than it stands there */
            at = header_find(h, names[i], n);
            if (at != NULL) {
                header_canonical(ret_input, at->at, at->end);
                buf_text(ret_input, "\r\n");
            }
            if (ret_names->len > 0)
                buf_char(ret_names, ':');
            if (column + strlen(names[i]) > 70) {
                buf_text(ret_names, "\r\n\t ");
                column = 2;
            }
            buf_text(ret_names, names[i]);
            column += strlen(names[i]) + 1;
        }
    }
}

static void folded_put(struct buf *ret, const struct buf *base64) {
    for (size_t at = 0; at < base64->len; at += 72) {
        size_t n = base64->len - at < 72 ? base64->len - at : 72;
        if (at > 0)
            buf_text(ret, "\r\n\t ");
        buf_add(ret, base64->data + at, n);
    }
}

enum code dkim_sign(const struct dkim *d, const char *message, size_t len, usec_t now, struct buf *ret, struct err *reterr) {
    PRE(d != NULL && message != NULL && ret != NULL && reterr != NULL);
    AUTO(buf_done) struct buf body = BUF(MESSAGE_MOST), list = BUF(8192), input = BUF(1u << 20), head = BUF(16384), sig = BUF(1024), text = BUF(2048);
    struct headers h;
    uint8_t hash[HASH_SIZE];
    if (!headers_read(message, len, &h) || header_find(&h, "From", 0) == NULL)
        return err_set(reterr, E_INVALID, "a message that is signed has headers, and From among them");
    body_canonical(&body, h.body, len - (size_t)(h.body - message));
    hash_sha256(buf_str(&body), body.len, hash);
    signed_put(&h, &list, &input);
    buf_printf(&head, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s;\r\n\t s=%s; t=%lld;\r\n\t h=%s;\r\n\t bh=", d->domain, d->selector, (long long)(now / USEC_PER_SEC), buf_str(&list));
    base64_add(hash, sizeof hash, 0, &head);
    buf_text(&head, ";\r\n\t b=");
    if (!list.failed && !head.failed)        /* half a header has no colon to look for */
        header_canonical(&input, buf_str(&head), buf_str(&head) + head.len);
    if (body.failed || list.failed || input.failed || head.failed)
        return err_set(reterr, E_MEMORY, "no memory for a signature");
    enum code code = rsa_sign(d->key, input.data, input.len, &sig, reterr);
    if (code != OK)
        return code;
    base64_add(sig.data, sig.len, 0, &text);
    buf_add(ret, head.data, head.len);
    folded_put(ret, &text);
    buf_text(ret, "\r\n");
    return ret->failed || text.failed ? err_set(reterr, E_MEMORY, "no memory for a signature") : OK;
}

enum code dkim_record(const struct dkim *d, struct buf *ret_name, struct buf *ret_text, struct err *reterr) {
    PRE(d != NULL && ret_name != NULL && ret_text != NULL && reterr != NULL);
    AUTO(buf_done) struct buf der = BUF(2048);
    enum code code = rsa_public(d->key, &der, reterr);
    if (code != OK)
        return code;
    buf_printf(ret_name, "%s._domainkey.%s", d->selector, d->domain);
    buf_text(ret_text, "v=DKIM1; k=rsa; p=");
    base64_add(der.data, der.len, 0, ret_text);
    return ret_name->failed || ret_text->failed ? err_set(reterr, E_MEMORY, "no memory for a record") : OK;
}
