#include "wire/weburl.c"

#include "base/test.h"

TEST(reads_what_is_an_address) {
    static const struct { const char *text, *host; int port; } row[] = {
        { "https://hooks.example", "hooks.example", 443 }, { "https://HOOKS.Example/a/b?c=d:e@f", "hooks.example", 443 }, { "https://hooks.example:8443", "hooks.example", 8443 },
        { "https://127.0.0.1:9/x", "127.0.0.1", 9 }, { "https://a?b", "a", 443 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct weburl u;
        CHECK(weburl_read(row[i].text, &u));
        CHECK_TEXT(u.host, row[i].host);
        CHECK(u.port == row[i].port);
    }
}

TEST(refuses_what_could_be_read_otherwise) {
    static const char *const row[] = {
        "", "https://", "http://hooks.example", "https:hooks.example", "https://user@hooks.example/", "https://hooks.example@inner.example/", "https://hooks.example:0/", "https://hooks.example:/",
        "https://hooks.example:65536/", "https://hooks.example:80:81/", "https://hooks.example#x", "https://hooks example/", "https://hooks.example/\r\nX: y", "https://[::1]/", "https://-a.example/",
        "https://a..b/", "https://.a/", "https://a./", "https://a\\b/", "https://za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87.example/", "https:///path", "HTTPS://hooks.example/",
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct weburl u = { .port = -1 };
        CHECK(!weburl_read(row[i], &u));
        CHECK(u.port == -1);
    }
    char long_one[WEBURL_MAX + 32] = "https://a.example/";
    for (size_t i = strlen(long_one); i <= WEBURL_MAX; i++)
        long_one[i] = 'a';
    struct weburl u;
    CHECK(!weburl_read(long_one, &u));
}
