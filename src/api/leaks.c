/* leaks.c — names that are never anything else, and values that look like what we give out. A charter may have a kind or a field
 * named "session": there only a value of our own shape is refused. */
#include "api/leaks.h"

#include <string.h>

#define SECRET_LEAST 40u                      /* base64url characters; an id has 36 and is none */

static bool secret_shaped(const char *value) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t n = strspn(value, alphabet);
    return n >= SECRET_LEAST && value[n] == 0;
}

bool leaks_secret(const char *name, const char *value) {
    if (strcmp(name, "token") == 0 || strcmp(name, "access_token") == 0 || strncmp(value, "sejf_", 5) == 0 || strncmp(value, "sejl_", 5) == 0 /* a link */)
        return true;
    return strcmp(name, "session") == 0 && secret_shaped(value);
}

bool leaks_refuse(struct http_req *req) {
    const char *name, *value;
    struct err e;
    for (size_t i = 0; http_query_at(req, i, &name, &value); i++) {
        if (!leaks_secret(name, value))
            continue;
        (void)err_set(&e, E_INVALID, "a token must not stand in an address, where histories and logs keep it: send it as the header "
                      "\"Authorization: Bearer …\" (RFC 6750, section 2.3); the one that was sent is no secret any more: revoke it");
        http_reply_error(req, &e, NULL);
        return false;
    }
    return true;
}
