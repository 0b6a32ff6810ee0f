/* weburl.c — see weburl.h. */
#include "wire/weburl.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define START "https://"

static bool is_plain(const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p != 0; p++)
        if (*p <= 0x20 || *p >= 0x7f || strchr("\"'\\<>`{}|^#", *p) != NULL)
            return false;
    return true;
}

/* Labels of letters, digits and '-', with a letter or digit at either end of the name. */
static bool is_host(const char *text, size_t len) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    if (len == 0 || len > 253 || strchr(letters, text[0]) == NULL || strchr(letters, text[len - 1]) == NULL)
        return false;
    for (size_t i = 0; i < len; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", text[i]) == NULL || (text[i] == '.' && text[i + 1] == '.'))
            return false;
    return true;
}

bool weburl_read(const char *text, struct weburl *ret) {
    struct weburl u = { .port = 443 };
    int64_t port = 443;
    if (strlen(text) > WEBURL_MAX || strncmp(text, START, strlen(START)) != 0 || !is_plain(text))
        return false;
    const char *at = text + strlen(START);
    size_t authority = strcspn(at, "/?"), len = strcspn(at, ":/?");
    if (len == 0 || len >= sizeof u.host)
        return false;
    for (size_t i = 0; i < len; i++)
        u.host[i] = at[i] >= 'A' && at[i] <= 'Z' ? (char)(at[i] - 'A' + 'a') : at[i];
    if (!is_host(u.host, len) || (len < authority && !text_int_n(at + len + 1, authority - len - 1, 1, 65535, &port)))
        return false;
    u.port = (int)port;
    *ret = u;
    return true;
}
