/* smtp_reply.c — see smtp_reply.h. Invariant: what is kept of the words begins and ends with a whole one, for half a word may be half an address, which nobody
 * knows for one. */
#include "wire/smtp_reply.h"

#include <stdio.h>
#include <string.h>

#define GAP "... "

/* Its beginning and its end, `most` bytes in all, at words. */
static void squeeze(char *said, size_t *len, size_t most) {
    if (*len <= most)
        return;
    size_t head = most / 2, tail = *len - (most - head - sizeof GAP);
    while (head > 0 && said[head - 1] != ' ')
        head--;
    while (tail < *len && said[tail - 1] != ' ')
        tail++;
    if (head >= sizeof GAP - 1 && memcmp(said + head - (sizeof GAP - 1), GAP, sizeof GAP - 1) == 0)
        head -= sizeof GAP - 1;              /* one gap is enough */
    memcpy(said + head, GAP, sizeof GAP - 1);
    memmove(said + head + sizeof GAP - 1, said + tail, *len - tail);
    *len = head + sizeof GAP - 1 + *len - tail;
}

static void say(struct smtp_reply *r, const char *text, size_t n) {
    if (n == 0)
        return;
    if (r->said_len + 1 + n > sizeof r->said)
        squeeze(r->said, &r->said_len, sizeof r->said - SMTP_LINE_KEPT - 1);
    if (r->said_len > 0 && r->said[r->said_len - 1] != ' ')
        r->said[r->said_len++] = ' ';
    memcpy(r->said + r->said_len, text, n);
    r->said_len += n;
}

void smtp_reply_said(const struct smtp_reply *r, char ret[SMTP_SAID]) {
    char said[SMTP_SAID_KEPT];
    size_t len = r->said_len;
    memcpy(said, r->said, len);
    squeeze(said, &len, SMTP_SAID - 1);
    memcpy(ret, said, len);
    ret[len] = 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* "5.1.1 no such user": *text moves behind it. */
static void enhanced_read(struct smtp_reply *r, const char **text) {
    const char *p = *text;
    size_t a = strspn(p, "0123456789"), b = a == 1 && p[1] == '.' ? strspn(p + 2, "0123456789") : 0, c = b > 0 && p[2 + b] == '.' ? strspn(p + 3 + b, "0123456789") : 0;
    size_t len = 3 + b + c;
    if (a != 1 || b < 1 || b > 3 || c < 1 || c > 3 || (p[len] != ' ' && p[len] != 0) || p[0] - '0' != r->code / 100)
        return;
    if (r->lines == 0)
        snprintf(r->enhanced, sizeof r->enhanced, "%.*s", (int)len, p);
    *text = p + len + (p[len] == ' ');
}

static enum smtp_heard line_read(struct smtp_reply *r) {
    const char *p = r->line;
    r->line[r->line_len] = 0;
    if (r->line_len < 3 || p[0] < '2' || p[0] > '5' || !is_digit(p[1]) || !is_digit(p[2]) || (p[3] != 0 && p[3] != ' ' && p[3] != '-'))
        return SMTP_HEARD_NONSENSE;
    const int code = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
    const bool last = p[3] != '-';
    if (r->lines > 0 && code != r->code)
        return SMTP_HEARD_NONSENSE;
    r->code = code;
    const char *text = p[3] == 0 ? p + 3 : p + 4;
    enhanced_read(r, &text);
    size_t n = strlen(text);
    while (r->line_cut && n > 0 && text[n - 1] != ' ')
        n--;
    say(r, text, n);
    r->text = text;
    r->lines++;
    r->line_len = 0;
    r->line_cut = false;
    return last ? SMTP_HEARD_REPLY : SMTP_HEARD_LINE;
}

enum smtp_heard smtp_reply_hear(struct smtp_reply *r, char c) {
    if (++r->bytes > SMTP_REPLY_MAX)
        return SMTP_HEARD_ENDLESS;
    if (c == 0)
        return SMTP_HEARD_NONSENSE;
    if (c == '\n')
        return line_read(r);
    if (c == '\r')
        return SMTP_HEARS_ON;
    if (r->line_len < sizeof r->line - 1)
        r->line[r->line_len++] = c;
    else
        r->line_cut = true;
    return SMTP_HEARS_ON;
}
