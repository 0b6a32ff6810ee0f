#include "api/session_call.c"
#include "base/test.h"

TEST(a_request_of_another_site_is_known) {
    static const char base[] = "https://staff.example:8443", host[] = "127.0.0.1:8443";
    static const struct { const char *site, *origin; bool strict, foreign; } rows[] = {
        { NULL, NULL, true, false }, { "same-origin", NULL, true, false }, { "none", NULL, true, false }, { "same-site", NULL, true, true }, { "cross-site", NULL, true, true },
        { "cross-site", "https://staff.example:8443", true, true }, { "same-origin", "https://staff.example:8443", true, false }, { NULL, "https://127.0.0.1:8443", true, false },
        { NULL, "https://staff.example", true, true }, { NULL, "https://staff.example:8443.evil.example", true, true }, { NULL, "http://staff.example:8443", true, true },
        { NULL, "https://evil.example", false, true }, { NULL, "null", true, true }, { NULL, "null", false, false }, { "same-origin", "null", false, false },
        { "same-origin", "https://evil.example", true, true }, { NULL, "", true, true }, { "", NULL, true, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(said_foreign(rows[i].site, rows[i].origin, base, host, rows[i].strict), rows[i].foreign);
    CHECK(!origin_ours("https://", "", ""));
    CHECK(!origin_ours("", "", ""));
}

TEST(a_browser_is_kept_in_two_words) {
    static const struct { const char *agent, *said; } rows[] = {
        { "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox, Linux" },
        { "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0", "Edge, Windows" },
        { "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "Safari, iPhone" },
        { "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36", "Chrome, Android" },
        { "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari, macOS" },
        { "curl/8.5.0", "curl" }, { "", "" }, { "something else", "" }, { "<script>Windows", "Windows" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char said[64];
        agent_said(rows[i].agent, said);
        CHECK_TEXT(said, rows[i].said);
    }
}
