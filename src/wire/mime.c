/* mime.c — see mime.h. The boundary holds "=_", which no line of quoted-printable or Base64 does. */
#include "wire/mime.h"

#include <string.h>

#include "base/text.h"
#include "wire/base64.h"
#include "wire/mailbox.h"

#define WORD_BYTES 39u                       /* of an encoded word: 52 letters of Base64 and 12 around them, behind "Subject: " */
#define LINE_MAX 76u

/* ---- headers */

static bool is_plain(const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p != 0; p++)
        if (*p < 0x20 || *p > 0x7e)
            return false;
    return strstr(text, "=?") == NULL;
}

/* How many of the bytes make whole characters; all of them where they are none. */
static size_t whole(const char *text, size_t len) {
    for (size_t n = len; n > 0 && n + 4 > len; n--)
        if (((unsigned char)text[n] & 0xc0) != 0x80)
            return n;
    return len;
}

/* Words of RFC 2047, each a line of its own. */
static void words_put(struct buf *ret, const char *text) {
    for (size_t left = strlen(text); left > 0;) {
        size_t n = left <= WORD_BYTES ? left : whole(text, WORD_BYTES);
        buf_text(ret, "=?utf-8?B?");
        base64_add(text, n, 0, ret);
        buf_text(ret, "?=");
        text += n;
        left -= n;
        if (left > 0)
            buf_text(ret, "\r\n ");
    }
}

/* Plain text, folded at spaces: of runs of spaces each but the first begins a word, so that none is lost. */
static void folded_put(struct buf *ret, const char *text, size_t column) {
    while (*text != 0) {
        size_t n = 1 + strcspn(text + 1, " ");
        if (column + n > LINE_MAX && text[0] == ' ' && text[1] != ' ' && text[1] != 0) {
            buf_text(ret, "\r\n");
            column = 0;
        }
        buf_add(ret, text, n);
        column += n;
        text += n;
    }
}

static void unstructured_put(struct buf *ret, const char *name, const char *text) {
    bool plain = is_plain(text) && strlen(text) < 900;
    buf_printf(ret, "%s: ", name);
    if (plain)
        folded_put(ret, text, strlen(name) + 2);
    else
        words_put(ret, text);
    buf_text(ret, "\r\n");
}

static void quoted_put(struct buf *ret, const char *text) {
    buf_char(ret, '"');
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\')
            buf_char(ret, '\\');
        buf_char(ret, *text);
    }
    buf_char(ret, '"');
}

static void address_put(struct buf *ret, const char *header, const char *name, const char *address) {
    bool named = name != NULL && name[0] != 0;
    buf_printf(ret, "%s: ", header);
    if (named && is_plain(name) && strlen(name) <= 60)
        quoted_put(ret, name);
    else if (named)
        words_put(ret, name);
    buf_printf(ret, named ? "\r\n <%s>\r\n" : "<%s>\r\n", address);
}

static void date_put(struct buf *ret, usec_t at) {
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    char text[40];
    struct civil c = { 0 };
    int64_t hour = 0, minute = 0, second = 0;
    time_format(at - at % USEC_PER_SEC, text, sizeof text);               /* 2026-11-22T09:00:00Z */
    text[10] = 0;
    bool fine = date_parse(text, &c) && text_int_n(text + 11, 2, 0, 23, &hour) && text_int_n(text + 14, 2, 0, 59, &minute) && text_int_n(text + 17, 2, 0, 59, &second);
    if (!fine)
        buf_fail(ret);
    else
        buf_printf(ret, "Date: %s, %d %s %04d %02d:%02d:%02d +0000\r\n", days[civil_weekday(c.year, c.month, c.day)], c.day, months[c.month - 1], c.year, (int)hour,
                   (int)minute, (int)second);
}

/* ---- bodies */

static bool is_literal(unsigned char c) { return c >= 0x21 && c <= 0x7e && c != '='; }

static void quoted_printable_put(struct buf *ret, const char *text) {
    size_t column = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p != 0; p++) {
        bool last = p[1] == '\n' || p[1] == 0 || (p[1] == '\r' && p[2] == '\n'), literal = is_literal(*p) || ((*p == ' ' || *p == '\t') && !last);
        if (*p == '\r' && p[1] == '\n')
            continue;
        if (*p == '\n') {
            buf_text(ret, "\r\n");
            column = 0;
            continue;
        }
        if (column == 0 && (*p == '.' || (*p == 'F' && strncmp((const char *)p, "From ", 5) == 0)))
            literal = false;                 /* which some on the way would change */
        size_t n = literal ? 1 : 3;
        if (column + n > LINE_MAX - 1) {
            buf_text(ret, "=\r\n");
            column = 0;
        }
        if (literal)
            buf_char(ret, (char)*p);
        else
            buf_printf(ret, "=%02X", *p);
        column += n;
    }
    if (column > 0)
        buf_text(ret, "\r\n");
}

static void text_put(struct buf *ret, const struct mime_letter *l) {
    buf_text(ret, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n");
    if (l->lang != NULL)
        buf_printf(ret, "Content-Language: %s\r\n", l->lang);
    buf_text(ret, "\r\n");
    quoted_printable_put(ret, l->text);
}

/* filename*=utf-8''… (RFC 2231), in pieces that fit a line, and a plain name for those who know only that. */
static void file_name_put(struct buf *ret, const char *name) {
    static const char hex[] = "0123456789ABCDEF";
    size_t piece = 0, column = LINE_MAX;
    buf_text(ret, "Content-Disposition: attachment");
    for (const unsigned char *p = (const unsigned char *)name; *p != 0; p++) {
        bool plain = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '.' || *p == '-' || *p == '_';
        if (column > LINE_MAX - 8) {
            buf_printf(ret, ";\r\n filename*%zu*=%s", piece, piece == 0 ? "utf-8''" : "");
            column = 24;
            piece++;
        }
        if (plain)
            buf_char(ret, (char)*p);
        else {
            const char three[3] = { '%', hex[*p >> 4], hex[*p & 15] };
            buf_add(ret, three, sizeof three);
        }
        column += plain ? 1 : 3;
    }
    buf_text(ret, "\r\n");
}

static bool is_type(const char *type) {
    size_t n = strspn(type, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-/");
    return n > 2 && n < 80 && type[n] == 0 && strchr(type, '/') != NULL;
}

static void html_put(struct buf *ret, const struct mime_letter *l) {
    buf_text(ret, "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n");
    if (l->lang != NULL)
        buf_printf(ret, "Content-Language: %s\r\n", l->lang);
    buf_text(ret, "\r\n");
    quoted_printable_put(ret, l->html);
}

/* The plain text, and where there is one the page beside it: a reader takes the last that it understands. */
static void words_of_letter_put(struct buf *ret, const struct mime_letter *l) {
    if (l->html == NULL) {
        text_put(ret, l);
        return;
    }
    buf_printf(ret, "Content-Type: multipart/alternative; boundary=\"=_a_%s\"\r\n\r\n--=_a_%s\r\n", l->id, l->id);
    text_put(ret, l);
    buf_printf(ret, "\r\n--=_a_%s\r\n", l->id);
    html_put(ret, l);
    buf_printf(ret, "\r\n--=_a_%s--\r\n", l->id);
}

/* Each is a name, a colon and printable text in lines of at most 998 letters, folded by a space; so none ends the headers. */
static bool headers_fine(const char *headers) {
    for (const char *p = headers; *p != 0;) {
        size_t n = strcspn(p, "\r\n"), name = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
        bool folded = p > headers && (*p == ' ' || *p == '\t');
        if (n == 0 || n > 998 || p[n] != '\r' || p[n + 1] != '\n' || (!folded && (name == 0 || p[name] != ':')) || strspn(p, " \t") == n)
            return false;
        for (size_t i = 0; i < n; i++)
            if (p[i] != '\t' && ((unsigned char)p[i] < 0x20 || (unsigned char)p[i] > 0x7e))
                return false;
        p += n + 2;
    }
    return true;
}

enum code mime_put(const struct mime_letter *l, struct buf *ret, struct err *reterr) {
    PRE(l != NULL && l->text != NULL && l->subject != NULL && ret != NULL && reterr != NULL);
    bool utf8;
    size_t id = strspn(l->id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    if (!mailbox_valid(l->from, &utf8) || !mailbox_valid(l->to, &utf8) || id == 0 || id > 40 || l->id[id] != 0 || (l->file != NULL && !is_type(l->file_type)))
        return err_set(reterr, E_INVALID, "a letter has two addresses, an id, and a type for what is attached");
    if (l->headers != NULL && !headers_fine(l->headers))
        return err_set(reterr, E_INVALID, "a further header of a letter is not one");
    address_put(ret, "From", l->from_name, l->from);
    address_put(ret, "To", l->to_name, l->to);
    unstructured_put(ret, "Subject", l->subject);
    date_put(ret, l->made);
    buf_printf(ret, "Message-ID: <%s%s>\r\n%s%sMIME-Version: 1.0\r\n", l->id, strrchr(l->from, '@'), l->by_hand ? "" : "Auto-Submitted: auto-generated\r\n", l->headers == NULL ? "" : l->headers);
    if (l->file == NULL) {
        words_of_letter_put(ret, l);
    } else {
        buf_printf(ret, "Content-Type: multipart/mixed; boundary=\"=_%s\"\r\n\r\n--=_%s\r\n", l->id, l->id);
        words_of_letter_put(ret, l);
        buf_printf(ret, "\r\n--=_%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n", l->id, l->file_type);
        file_name_put(ret, l->file_name);
        buf_text(ret, "\r\n");
        base64_add(l->file, l->file_len, LINE_MAX, ret);
        buf_printf(ret, "\r\n--=_%s--\r\n", l->id);
    }
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for a letter") : OK;
}
