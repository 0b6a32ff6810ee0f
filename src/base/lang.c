/* lang.c — quality values are read to three digits; a malformed item is passed over. */
#include "base/lang.h"

#include <string.h>
#include <strings.h>

static const char *const codes[LANG_COUNT] = { "en", "pl", "hu" };

const char *lang_code(enum lang lang) { return codes[lang]; }

bool lang_parse(const char *code, size_t len, enum lang *ret) {
    if (len < 2 || (len > 2 && code[2] != '-'))
        return false;
    for (size_t i = 0; i < LANG_COUNT; i++)
        if (strncasecmp(code, codes[i], 2) == 0) {
            *ret = (enum lang)i;
            return true;
        }
    return false;
}

/* The value behind ";q=" in thousandths; 1000 when there is none. */
static unsigned quality(const char *item, size_t len) {
    const char *q = memmem(item, len, "q=", 2);
    if (q == NULL)
        return 1000;
    const char *end = item + len;
    unsigned value = 0, scale = 1000;
    for (q += 2; q < end && (*q == '.' || (*q >= '0' && *q <= '9')) && scale > 0; q++)
        if (*q != '.') {
            value += (unsigned)(*q - '0') * scale;
            scale /= 10;
        }
    return value > 1000 ? 1000 : value;
}

enum lang lang_accept(const char *header, unsigned allowed, enum lang otherwise) {
    unsigned best = 0;
    enum lang found = otherwise, lang;
    for (const char *p = header; p != NULL && *p != 0;) {
        p += strspn(p, " ,\t");
        size_t len = strcspn(p, ","), tag = strcspn(p, ",; \t");
        unsigned q = quality(p, len);
        if (lang_parse(p, tag, &lang) && (allowed & 1u << lang) != 0 && q > best) {
            best = q;
            found = lang;
        }
        p += len;
    }
    return found;
}
