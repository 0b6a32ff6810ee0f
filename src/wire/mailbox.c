/* mailbox.c — see mailbox.h. */
#include "wire/mailbox.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define LOCAL_MAX 64u
#define LABEL_MAX 63u
#define WORD_MAX 320u

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

static bool holds(const char *word, size_t len, const char *part, size_t part_len) {
    for (size_t i = 0; part_len >= 3 && i + part_len <= len; i++)
        if (strncasecmp(word + i, part, part_len) == 0)
            return true;
    return false;
}

static void word_said(const char *word, size_t len, const char *address, struct buf *ret) {
    AUTO(buf_done) struct buf text = BUF(WORD_MAX);
    size_t local = address == NULL ? 0 : strcspn(address, "@");
    if (memchr(word, '@', len) == NULL && !holds(word, len, address == NULL ? "" : address, local)) {
        buf_add(ret, word, len);
        return;
    }
    while (len > 0 && strchr("<\"'([:;,", word[0]) != NULL) {         /* what stands around it is no part of it */
        buf_char(ret, word[0]);
        word++;
        len--;
    }
    size_t tail = len;
    while (tail > 0 && strchr(">\"')]:;,.?!", word[tail - 1]) != NULL)
        tail--;
    buf_add(&text, word, tail);
    text_mask(buf_str(&text), ret);
    buf_add(ret, word + tail, len - tail);
    if (text.failed)
        buf_fail(ret);
}

void mailbox_said(const char *text, size_t len, const char *address, size_t most, struct buf *ret) {
    AUTO(buf_done) struct buf line = BUF(4096);
    size_t start = ret->len;
    for (size_t i = 0; i < len && i < 4 * most && i < 4000; i++)
        buf_char(&line, text[i] > 0x20 && text[i] < 0x7f ? text[i] : ' ');
    for (const char *p = buf_str(&line); *(p += strspn(p, " ")) != 0 && ret->len - start < most;) {
        size_t n = strcspn(p, " ");
        if (ret->len > start)
            buf_char(ret, ' ');
        word_said(p, n < WORD_MAX ? n : WORD_MAX, address, ret);
        p += n;
    }
    if (ret->len - start > most)
        buf_cut(ret, start + most);
    if (line.failed)
        buf_fail(ret);
}
