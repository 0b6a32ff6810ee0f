/* plain_test.c — the page fits between the quotes of nginx.conf, and its policy lets its style work. */
#include "api/plain.c"

#include <stdlib.h>

#include "base/test.h"

__attribute__((constructor)) static void bed_ready(void) {
    struct err e;
    if (crypto_init(&e) != OK)
        abort();
}

TEST(nothing_in_it_ends_a_string_of_nginx) {
    AUTO(buf_done) struct buf page = BUF(16384);
    const struct plain *all;
    size_t n = plain_list(&all);
    plain_put(&page, "$lang", "$title", "$text");
    CHECK(!page.failed && page.len < 4000);    /* nginx reads a parameter of 4,096 bytes at most */
    CHECK(strpbrk(buf_str(&page), "'\"\\") == NULL);
    CHECK(n >= 5);
    for (size_t i = 0; i < n; i++)
        for (int l = 0; l < LANG_COUNT; l++) {
            CHECK(strlen(all[i].title.in[l]) > 3 && strlen(all[i].text.in[l]) > 40);
            CHECK(strpbrk(all[i].title.in[l], "'\"\\$;{}<>&") == NULL && strpbrk(all[i].text.in[l], "'\"\\$;{}<>&") == NULL);
        }
    CHECK(plain_of(503) != NULL && plain_of(200) == NULL);
}

TEST(the_policy_names_the_style) {
    AUTO(buf_done) struct buf policy = BUF(4096);
    plain_policy(&policy);
    const char *at = strstr(buf_str(&policy), "'sha256-");
    CHECK(at != NULL && strchr(at + 1, '\'') - at == 8 + 44);
    CHECK(strchr(at, '-') != NULL && strstr(buf_str(&policy), "unsafe") == NULL);
}
