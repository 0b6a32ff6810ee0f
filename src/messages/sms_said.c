/* sms_said.c — see sms_said.h. Compared are letters and digits alone, folded: a provider that cuts, respells or transliterates what it was given is known by what is left of it. */
#include "messages/sms_said.h"

#include <string.h>
#include <utf8proc.h>

#include "base/text.h"
#include "wire/gsm.h"

#define PIECE 8u
#define NUMBER_PIECE 6u
#define BETWEEN 4u                           /* bytes of no letter that may part the digits of one number */
#define FOLDED_MAX (8u * GSM_TEXT_MAX)

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* What shows nothing, or turns the direction of what stands around it. */
static bool is_unseen(int32_t c) {
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC: case UTF8PROC_CATEGORY_CF: case UTF8PROC_CATEGORY_CS: case UTF8PROC_CATEGORY_CO: case UTF8PROC_CATEGORY_CN: case UTF8PROC_CATEGORY_ZL: case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return false;
    }
}

/* The end of the run of digits that begins there. */
static size_t run_end(const char *text, size_t len, size_t at, size_t *ret_digits) {
    size_t end = at, digits = 0;
    for (size_t k = at; k < len && !is_letter(text[k]) && k - end <= BETWEEN; k++)
        if (is_digit(text[k])) {
            digits++;
            end = k + 1;
        }
    *ret_digits = digits;
    return end;
}

static void numbers_mask(char *text, size_t len) {
    for (size_t i = 0; i < len;) {
        size_t digits = 0, end = is_digit(text[i]) ? run_end(text, len, i, &digits) : i + 1;
        for (size_t k = i, n = 0; digits >= 7 && k < end; k++)
            if (is_digit(text[k]) && ++n > 2 && n <= digits - 2)
                text[k] = '*';
        i = end;
    }
}

void sms_said(const char *text, char *ret, size_t room) {
    size_t len = 0, left = strlen(text);
    for (int32_t c = 0; left > 0;) {
        utf8proc_ssize_t n = utf8proc_iterate((const uint8_t *)text, (utf8proc_ssize_t)left, &c);
        size_t wide = n < 1 ? 1 : (size_t)n;
        bool plain = n < 1 || is_unseen(c);
        if (len + (plain ? 1 : wide) >= room)
            break;
        if (plain)
            ret[len++] = ' ';
        for (size_t i = 0; !plain && i < wide; i++)
            ret[len++] = text[i];
        text += wide;
        left -= wide;
    }
    while (len > 0 && ret[len - 1] == ' ')
        len--;
    ret[len] = 0;
    numbers_mask(ret, len);
}

/* Letters and digits alone, folded. False: no memory, or no text. */
static bool squeeze(const char *text, struct buf *ret) {
    AUTO(buf_wipe) struct buf folded = BUF(FOLDED_MAX);
    if (!text_fold(text, strlen(text), &folded))
        return false;
    for (const char *p = buf_str(&folded); *p != 0; p++)
        if (is_digit(*p) || is_letter(*p) || (unsigned char)*p >= 0x80)
            buf_char(ret, *p);
    return !folded.failed && !ret->failed;
}

static bool text_holds(const char *said, const char *text) {
    AUTO(buf_wipe) struct buf in = BUF(FOLDED_MAX);
    AUTO(buf_wipe) struct buf of = BUF(FOLDED_MAX);
    char piece[PIECE + 1];
    if (!squeeze(said, &in) || !squeeze(text, &of))
        return true;
    if (of.len <= PIECE)
        return of.len > 0 && strstr(buf_str(&in), buf_str(&of)) != NULL;
    for (size_t i = 0; i + PIECE <= of.len; i++) {
        memcpy(piece, buf_str(&of) + i, PIECE);
        piece[PIECE] = 0;
        if (strstr(buf_str(&in), piece) != NULL)
            return true;
    }
    return false;
}

static void digits_of(const char *text, struct buf *ret) {
    for (; *text != 0; text++)
        if (is_digit(*text))
            buf_char(ret, *text);
}

static bool number_holds(const char *said, const char *number) {
    AUTO(buf_wipe) struct buf in = BUF(FOLDED_MAX);
    AUTO(buf_wipe) struct buf of = BUF(64);
    digits_of(said, &in);
    digits_of(number, &of);
    const char *last = buf_str(&of) + (of.len > NUMBER_PIECE ? of.len - NUMBER_PIECE : 0);
    return in.failed || of.failed || (of.len > 0 && strstr(buf_str(&in), last) != NULL);
}

bool sms_said_holds(const char *said, const char *text, const char *number) {
    return (text != NULL && text_holds(said, text)) || (number != NULL && number_holds(said, number));
}
