/* mailbox.c — see mailbox.h. */
#include "wire/mailbox.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define LOCAL_MAX 64u
#define LABEL_MAX 63u
#define SAID_MAX 4000u
#define STARS "**********"                   /* as text_mask writes them */

static bool is_alnum(unsigned char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_atom(unsigned char c) { return c >= 0x80 || is_alnum(c) || (c != 0 && strchr("!#$%&'*+/=?^_`{|}~-", c) != NULL); }

static bool local_valid(const char *p, size_t len) {
    bool dot = true;                         /* none first, last or doubled */
    for (size_t i = 0; i < len; i++) {
        bool now = p[i] == '.';
        if ((now && dot) || (!now && !is_atom((unsigned char)p[i])))
            return false;
        dot = now;
    }
    return len > 0 && len <= LOCAL_MAX && !dot;
}

static bool domain_valid(const char *p) {
    for (;;) {
        size_t n = strcspn(p, ".");
        if (n == 0 || n > LABEL_MAX || p[0] == '-' || p[n - 1] == '-')
            return false;
        for (size_t i = 0; i < n; i++)
            if ((unsigned char)p[i] < 0x80 && !is_alnum((unsigned char)p[i]) && p[i] != '-')
                return false;
        if (p[n] == 0)
            return true;
        p += n + 1;
    }
}

bool mailbox_valid(const char *text, bool *ret_utf8) {
    size_t len = strnlen(text, MAILBOX_MAX + 1);
    const char *at = memrchr(text, '@', len);
    bool utf8 = false;
    if (len > MAILBOX_MAX || at == NULL || !text_is_utf8(text, len) || !local_valid(text, (size_t)(at - text)) || !domain_valid(at + 1))
        return false;
    for (size_t i = 0; i < len; i++)
        utf8 = utf8 || (unsigned char)text[i] >= 0x80;
    *ret_utf8 = utf8;
    return true;
}

/* ---- what a relay said */

static bool is_edge(const char *text, size_t len, size_t at) { return at >= len || ((unsigned char)text[at] < 0x80 && !is_alnum((unsigned char)text[at])); }

/* Does the part stand there? A short one stands in many words, so it must be a word of its own. */
static bool stands_at(const char *word, size_t len, size_t i, const char *part, size_t part_len) {
    return part_len > 0 && i + part_len <= len && strncasecmp(word + i, part, part_len) == 0 && (part_len >= 3 || ((i == 0 || is_edge(word, len, i - 1)) && is_edge(word, len, i + part_len)));
}

static bool holds(const char *word, size_t len, const char *part, size_t part_len) {
    for (size_t i = 0; i + part_len <= len; i++)
        if (stands_at(word, len, i, part, part_len))
            return true;
    return false;
}

static void put_printable(const char *text, size_t len, struct buf *ret) {
    for (size_t i = 0; i < len; i++)
        if (text[i] > 0x20 && text[i] < 0x7f)
            buf_char(ret, text[i]);
}

/* "+48600100200": a telephone number, as people and machines write one that is whole. */
#define NUMBER_DIGITS 7u
static bool is_number(const char *word, size_t len) {
    size_t digits = 0;
    for (size_t i = 1; i < len; i++)
        digits += word[i] >= '0' && word[i] <= '9';
    return len > 0 && word[0] == '+' && digits >= NUMBER_DIGITS;
}

/* The part stands behind the last '@' too ("id@mx/jan.lis"). */
static void put_without(const char *text, size_t len, const char *part, size_t part_len, struct buf *ret) {
    for (size_t i = 0; i < len; i++)
        if (stands_at(text, len, i, part, part_len)) {
            put_printable(STARS, sizeof STARS - 1, ret);
            i += part_len - 1;
        } else {
            put_printable(text + i, 1, ret);
        }
}

/* Looked at as it came, whatever its letters; only then made printable. part: of an address that goes on in the next line. */
static void word_said(const char *word, size_t len, const char *address, bool part, struct buf *ret) {
    if (is_number(word, len)) {
        buf_text(ret, "+" STARS);
        return;
    }
    const char *name = address == NULL ? "" : address;
    size_t local = strcspn(name, "@");
    if (memchr(word, '@', len) == NULL && !part && !holds(word, len, name, local)) {
        put_printable(word, len, ret);
        return;
    }
    AUTO(buf_done) struct buf text = BUF(SAID_MAX + 1), masked = BUF(SAID_MAX + 32);
    size_t head = word[0] == '\'', tail = len;
    while (tail > head && strchr("'.?!", word[tail - 1]) != NULL)
        tail--;
    buf_add(&text, word + head, tail - head);
    text_mask(buf_str(&text), &masked);
    put_printable(word, head, ret);
    put_without(masked.data, masked.len, name, local, ret);
    put_printable(word + tail, len - tail, ret);
    if (text.failed || masked.failed)
        buf_fail(ret);
}

static bool is_gap(char c) { return (unsigned char)c <= 0x20 || c == 0x7f; }
static bool is_mark(char c) { return c != 0 && strchr("<>()[]:;,\"", c) != NULL; }          /* in no address as relays write it */

void mailbox_said(const char *text, size_t len, const char *address, size_t most, struct buf *ret) {
    size_t start = ret->len, used = len < 4 * most ? len : 4 * most;
    bool gap = false;
    used = used < SAID_MAX ? used : SAID_MAX;
    for (size_t i = 0; i < used && ret->len - start < most;) {
        AUTO(buf_done) struct buf piece = BUF(2 * SAID_MAX);
        size_t n = 1;
        if (is_mark(text[i])) {
            buf_char(&piece, text[i]);
        } else if (!is_gap(text[i])) {
            while (i + n < used && !is_gap(text[i + n]) && !is_mark(text[i + n]))
                n++;
            if (i + n == used && used < len)
                break;                       /* the word goes on behind what we look at, so nobody knows what it is */
            bool opened = i > 0 && text[i - 1] == '<' && i + n < used && is_gap(text[i + n]);     /* "<jan.kow" at the end of a line, "alski@people.example>" in the next */
            word_said(text + i, n, address, opened, &piece);
        }
        gap = gap || is_gap(text[i]);
        if (piece.len > 0 && gap && ret->len > start)
            buf_char(ret, ' ');
        gap = gap && piece.len == 0;
        buf_add(ret, piece.data, piece.len);
        if (piece.failed)
            buf_fail(ret);
        i += n;
    }
    if (ret->len - start > most)
        buf_cut(ret, start + most);
}

void mailbox_hide_domains(char *said) {
    char *to = said;
    for (const char *p = said; *p != 0;) {
        bool masked = strncmp(p, STARS "@", sizeof STARS) == 0;
        size_t n = masked ? sizeof STARS - 1 : 1;
        memmove(to, p, n);
        to += n;
        p += n;
        if (masked)
            p += strspn(p, "@.-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*");
    }
    *to = 0;
}
