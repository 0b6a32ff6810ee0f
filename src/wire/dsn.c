/* dsn.c — see dsn.h. */
#include "wire/dsn.h"

#include <string.h>
#include <strings.h>

#include "wire/mimeread.h"

#define TEXT_LOOKED (64u << 10)              /* of a text, from its beginning */

struct found { bool report; unsigned actions; char status[DSN_STATUS], said[DSN_SAID]; struct buf text; };
enum { SAW_FAILED = 1, SAW_DELAYED = 2, SAW_REACHED = 4 };

/* "5.1.1 (…)": class 2, 4 or 5, two numbers of at most three digits. */
static size_t status_len(const char *p, size_t len) {
    size_t at = 1;
    if (len < 5 || strchr("245", p[0]) == NULL || p[0] == 0)
        return 0;
    for (int i = 0; i < 2; i++) {
        size_t digits = 0;
        if (at >= len || p[at] != '.')
            return 0;
        for (at++; at < len && digits < 4 && p[at] >= '0' && p[at] <= '9'; at++)
            digits++;
        if (digits == 0 || digits > 3)
            return 0;
    }
    return at < DSN_STATUS && (at == len || ((p[at] < '0' || p[at] > '9') && p[at] != '.')) ? at : 0;
}

static void keep(char *ret, size_t room, const char *text, size_t len) {
    size_t n = len < room - 1 ? len : room - 1;
    memcpy(ret, text, n);
    ret[n] = 0;
}

static unsigned action_of(const char *text) {
    static const struct { const char *word; unsigned saw; } words[] = { { "failed", SAW_FAILED }, { "delayed", SAW_DELAYED }, { "delivered", SAW_REACHED }, { "relayed", SAW_REACHED }, { "expanded", SAW_REACHED } };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strncasecmp(text, words[i].word, strlen(words[i].word)) == 0)
            return words[i].saw;
    return 0;
}

/* Groups of fields with an empty line between; the first is about the message, the others about a recipient each. */
static void read_report(const char *p, size_t len, struct found *f) {
    const char *end = p + len;
    f->report = true;
    while (p < end) {
        AUTO(buf_done) struct buf action = BUF(MIME_VALUE + 1), status = BUF(MIME_VALUE + 1), said = BUF(MIME_VALUE + 1);
        size_t head, body;
        mime_split(p, (size_t)(end - p), &head, &body);
        unsigned saw = mime_header(p, head, "Action", &action) ? action_of(buf_str(&action)) : 0;
        f->actions |= saw;
        if (saw == SAW_FAILED || (saw == SAW_DELAYED && (f->actions & SAW_FAILED) == 0)) {
            size_t n = mime_header(p, head, "Status", &status) ? status_len(buf_str(&status), status.len) : 0;
            keep(f->status, sizeof f->status, buf_str(&status), n);
            if (mime_header(p, head, "Diagnostic-Code", &said))
                keep(f->said, sizeof f->said, buf_str(&said), said.len);
        }
        p += body > 0 ? body : (size_t)(end - p);
    }
}

static bool take_part(const struct mime_part *p, void *arg) {
    struct found *f = arg;
    if (strcmp(p->type, "message/delivery-status") == 0 || strcmp(p->type, "message/global-delivery-status") == 0) {
        AUTO(buf_done) struct buf text = BUF(TEXT_LOOKED);
        mime_decode(p, &text);
        read_report(buf_str(&text), text.len, f);
    } else if (strncmp(p->type, "text/", 5) == 0 && strcmp(p->type, "text/rfc822-headers") != 0 && f->text.len == 0) {
        mime_decode(p, &f->text);
    }
    return true;
}

/* ---- without a report */

static bool holds(const char *text, const char *word) { return strcasestr(text, word) != NULL; }
static bool any_of(const char *text, const char *const *words) {
    for (; *words != NULL; words++)
        if (holds(text, *words))
            return true;
    return false;
}

static const char *const failing[] = { "undeliver", "delivery status notification (failure)", "mail delivery failed", "delivery failure", "failure notice", "returned mail", "delivery has failed", "returned to sender",
                                       "could not be delivered", "nie dostarczono", "niedostarcz", "kézbesíthetetlen", "kézbesítés sikertelen", NULL };
static const char *const delaying[] = { "(delay)", "delayed", "warning: could not send", "not yet been delivered", "opóźni", "késés", NULL };
static const char *const machines[] = { "mailer-daemon", "postmaster", "mail delivery", "microsoftexchange", NULL };

/* The first status of a failure in a text that a machine wrote. The letter itself may stand behind, so the first counts. */
static void status_find(const char *text, size_t len, char ret[DSN_STATUS]) {
    for (size_t i = 0; i < len; i++) {
        size_t n = (text[i] == '4' || text[i] == '5') && (i == 0 || strchr(" \t\r\n#(<[-:=", text[i - 1]) != NULL) ? status_len(text + i, len - i) : 0;
        if (n > 0) {
            keep(ret, DSN_STATUS, text + i, n);
            return;
        }
    }
}

static void line_keep(const char *text, const char *at, char ret[DSN_SAID]) {
    while (at > text && at[-1] != '\n')
        at--;
    keep(ret, DSN_SAID, at, strcspn(at, "\r\n"));
}

static void line_find(const char *text, const char *status, char ret[DSN_SAID]) {
    const char *at = status[0] == 0 ? NULL : strstr(text, status);
    if (at != NULL)
        line_keep(text, at, ret);
}

/* "550 user unknown": the first code of a failure that a server gave, with its line. 0: there is none. */
static int code_find(const char *text, char ret[DSN_SAID]) {
    for (const char *p = text; *p != 0; p++)
        if ((*p == '4' || *p == '5') && (p == text || strchr(" \t\n(<:", p[-1]) != NULL) && p[1] >= '0' && p[1] <= '5' && p[2] >= '0' && p[2] <= '9' && (p[3] == ' ' || p[3] == '-')) {
            line_keep(text, p, ret);
            return (p[0] - '0') * 100 + (p[1] - '0') * 10 + p[2] - '0';
        }
    return 0;
}

static bool has(const char *message, size_t head, const char *name, struct buf *ret) {
    buf_cut(ret, 0);
    return mime_header(message, head, name, ret);
}

/* Written to nobody (RFC 5321, 4.5.5) by a mail server. Exim calls that auto-replied, as absence notes call themselves, so a name that says it whose it is counts. */
static bool by_machine(const char *message, size_t head, struct buf *value) {
    if (strncasecmp(message, "Return-Path: <>\r\n", head < 17 ? head : 17) != 0 || head < 17)
        return false;
    if (!has(message, head, "From", value) || !any_of(buf_str(value), machines))
        return false;
    return holds(buf_str(value), "mailer-daemon") || !has(message, head, "Auto-Submitted", value) || !holds(buf_str(value), "auto-replied");
}

static void read_wild(const char *message, size_t len, struct found *f, struct dsn *ret) {
    AUTO(buf_done) struct buf value = BUF(MIME_VALUE + 1);
    const char *text = buf_str(&f->text);
    size_t head, body;
    mime_split(message, len, &head, &body);
    if (!by_machine(message, head, &value))
        return;
    const bool named = has(message, head, "Subject", &value), late = named && any_of(buf_str(&value), delaying), failed = named && any_of(buf_str(&value), failing);
    status_find(text, f->text.len, ret->status);
    line_find(text, ret->status, ret->said);
    if (late && !failed)
        ret->says = DSN_DELAYED;
    else if (failed || ret->status[0] != 0 || any_of(text, failing))
        ret->says = ret->status[0] == '4' && late ? DSN_DELAYED : DSN_FAILED;
    if (ret->says == DSN_FAILED && ret->status[0] == 0 && (ret->code = code_find(text, ret->said)) == 0)
        keep(ret->said, sizeof ret->said, text, f->text.len);
}

void dsn_read(const char *message, size_t len, struct dsn *ret) {
    struct found f = { .text = BUF(TEXT_LOOKED) };
    *ret = (struct dsn){ .says = DSN_NOTHING };
    mime_parts(message, len, take_part, &f);
    if (f.report) {
        ret->report = true;
        ret->says = (f.actions & SAW_REACHED) != 0 ? DSN_DELIVERED : (f.actions & SAW_DELAYED) != 0 ? DSN_DELAYED : (f.actions & SAW_FAILED) != 0 ? DSN_FAILED : DSN_NOTHING;
        memcpy(ret->status, f.status, sizeof ret->status);
        memcpy(ret->said, f.said, sizeof ret->said);
    } else {
        read_wild(message, len, &f, ret);
    }
    buf_wipe(&f.text);
}
