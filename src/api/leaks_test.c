#include "api/leaks.c"
#include "base/test.h"

TEST(a_secret_in_a_query_is_known_by_name_or_by_shape) {
    static const struct { const char *name, *value; bool secret; } rows[] = {
        { "token", "x", true }, { "access_token", "", true }, { "limit", "sejf_AAAA", true }, { "link", "sejl_AAAA", true }, { "session", "0123456789012345678901234567890123456789abc", true },
        { "session", "01931f00-0000-7000-8000-000000000000", false }, { "session", "morning", false }, { "tokens", "x", false }, { "Token", "x", false },
        { "session_state", "0123456789012345678901234567890123456789abc", false }, { "limit", "10", false }, { "name", "a sejf_ inside", false }, { "", "", false },
        { "session", "0123456789012345678901234567890123456789 bc", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(leaks_secret(rows[i].name, rows[i].value), rows[i].secret);
}
