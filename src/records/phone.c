/* phone.c — telephone numbers as people write them, brought to E.164 (ITU-T, at most 15 digits). The table knows a
 * country's code, the prefix that national numbers are dialled with, and how many digits a number has behind the code. */
#include <string.h>

#include "records/value.h"

static const struct dialling { char country[3]; const char *code, *trunk; int min, max; } table[] = {
    { "AD", "376", "", 6, 9 }, { "AL", "355", "0", 7, 9 }, { "AM", "374", "0", 8, 8 }, { "AR", "54", "0", 10, 11 }, { "AT", "43", "0", 4, 13 },
    { "AU", "61", "0", 9, 9 }, { "AZ", "994", "0", 9, 9 }, { "BA", "387", "0", 8, 9 }, { "BE", "32", "0", 8, 9 }, { "BG", "359", "0", 7, 9 },
    { "BR", "55", "0", 10, 11 }, { "BY", "375", "8", 9, 9 }, { "CA", "1", "1", 10, 10 }, { "CH", "41", "0", 9, 9 }, { "CN", "86", "0", 8, 11 },
    { "CY", "357", "", 8, 8 }, { "CZ", "420", "", 9, 9 }, { "DE", "49", "0", 5, 13 }, { "DK", "45", "", 8, 8 }, { "EE", "372", "", 7, 8 },
    { "ES", "34", "", 9, 9 }, { "FI", "358", "0", 5, 12 }, { "FO", "298", "", 6, 6 }, { "FR", "33", "0", 9, 9 }, { "GB", "44", "0", 9, 10 },
    { "GE", "995", "0", 9, 9 }, { "GI", "350", "", 8, 8 }, { "GL", "299", "", 6, 6 }, { "GR", "30", "", 10, 10 }, { "HR", "385", "0", 8, 9 },
    { "HU", "36", "06", 8, 9 }, { "IE", "353", "0", 7, 9 }, { "IL", "972", "0", 8, 9 }, { "IN", "91", "0", 10, 10 }, { "IS", "354", "", 7, 9 },
    { "IT", "39", "", 6, 11 }, { "JP", "81", "0", 9, 10 }, { "KR", "82", "0", 8, 10 }, { "KZ", "7", "8", 10, 10 }, { "LI", "423", "", 7, 9 },
    { "LT", "370", "0", 8, 8 }, { "LU", "352", "", 4, 11 }, { "LV", "371", "", 8, 8 }, { "MC", "377", "", 8, 9 }, { "MD", "373", "0", 8, 8 },
    { "ME", "382", "0", 8, 8 }, { "MK", "389", "0", 8, 8 }, { "MT", "356", "", 8, 8 }, { "MX", "52", "", 10, 10 }, { "NL", "31", "0", 9, 9 },
    { "NO", "47", "", 8, 8 }, { "NZ", "64", "0", 8, 10 }, { "PL", "48", "", 9, 9 }, { "PT", "351", "", 9, 9 }, { "RO", "40", "0", 9, 9 },
    { "RS", "381", "0", 8, 9 }, { "RU", "7", "8", 10, 10 }, { "SE", "46", "0", 7, 9 }, { "SI", "386", "0", 8, 8 }, { "SK", "421", "0", 9, 9 },
    { "SM", "378", "", 6, 10 }, { "TR", "90", "0", 10, 10 }, { "UA", "380", "0", 9, 9 }, { "US", "1", "1", 10, 10 }, { "VA", "39", "", 6, 11 },
    { "XK", "383", "0", 8, 8 }, { "ZA", "27", "0", 9, 9 },
};
#define DIGITS_MIN 7
#define DIGITS_MAX 15

/* "0664 1234567/89": behind a number that is whole stands an extension, or the end of another one. */
static bool is_extended(const char *text, size_t len) {
    const char *slash = memchr(text, '/', len);
    size_t before = 0, behind = 0;
    for (const char *p = text; slash != NULL && p < text + len; p++) {
        bool digit = *p >= '0' && *p <= '9';
        before += digit && p < slash;
        behind += digit && p > slash;
    }
    return slash != NULL && memchr(slash + 1, '/', len - (size_t)(slash + 1 - text)) == NULL && before >= DIGITS_MIN && behind < 5;
}

/* Digits only, with '+' kept at the start; what people put between digits is dropped. 0: not a number. */
static size_t squeeze(const char *text, size_t len, char ret[DIGITS_MAX + 6]) {
    size_t n = 0;
    if (is_extended(text, len))
        return 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if ((c >= '0' && c <= '9') || (c == '+' && n == 0)) {
            if (n == DIGITS_MAX + 5)
                return 0;
            ret[n++] = c;
        } else if (c == 0 || strchr(" \t-./()", c) == NULL)
            return 0;
    }
    ret[n] = 0;
    return n;
}

static const struct dialling *dialling_of(const char *country) {
    for (size_t i = 0; country != NULL && i < ARRAY_LEN(table); i++)
        if (strcmp(table[i].country, country) == 0)
            return &table[i];
    return NULL;
}

/* A number behind its country code: where the code is one of the table, the length must be that country's. */
static bool length_fits(const char *digits) {
    bool known = false;
    int len = (int)strlen(digits);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        int code = (int)strlen(table[i].code);
        if (strncmp(digits, table[i].code, (size_t)code) != 0)
            continue;
        known = true;
        if (len - code >= table[i].min && len - code <= table[i].max)
            return true;
    }
    return !known;
}

static bool international(const char *digits, char ret[20]) {
    size_t n = strlen(digits);
    if (n < DIGITS_MIN || n > DIGITS_MAX || digits[0] == '0' || strchr(digits, '+') != NULL || !length_fits(digits))
        return false;
    ret[0] = '+';
    memcpy(ret + 1, digits, n + 1);
    return true;
}

bool phone_read(const char *text, size_t len, const char *country, char ret[20]) {
    char raw[DIGITS_MAX + 6], whole[2 * DIGITS_MAX + 8];
    const char *digits = raw;
    const struct dialling *d = dialling_of(country);
    if (squeeze(text, len, raw) == 0)
        return false;
    if (raw[0] == '+')
        return international(raw + 1, ret);
    if (raw[0] == '0' && raw[1] == '0')
        return international(raw + 2, ret);
    if (d == NULL)
        return false;
    size_t trunk = strlen(d->trunk), code = strlen(d->code);
    int n = (int)strlen(digits);
    if (n > d->max && strncmp(digits, d->code, code) == 0 && international(digits, ret))
        return true;                          /* 48221234567: the code without its plus */
    if (trunk > 0 && strncmp(digits, d->trunk, trunk) == 0)
        digits += trunk;
    memcpy(whole, d->code, code);
    memcpy(whole + code, digits, strlen(digits) + 1);
    return (int)strlen(digits) >= d->min && (int)strlen(digits) <= d->max && international(whole, ret);
}
