/* damage_test.c — what stands in the log, and what is counted. */
#include "api/damage.c"

#include <stdlib.h>
#include <unistd.h>

#include "base/test.h"

static size_t times(const char *text, const char *part) {
    size_t n = 0;
    for (const char *p = strstr(text, part); p != NULL; p = strstr(p + 1, part))
        n++;
    return n;
}

TEST(the_first_ones_are_logged_and_all_are_counted) {
    static struct api api;
    struct damage d;
    struct err why;
    struct uuid id = { { 1, 2, 3 } };
    char name[] = "/tmp/sejf-log-XXXXXX", text[20000] = "";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && unlink(name) == 0);
    log_init("server", LOG_INFO, fd);
    (void)err_set(&why, E_DAMAGED, "sealed bytes do not open");
    damage_begin(&d, &api, "0123456789abcdef");
    for (size_t i = 0; i < LOGGED; i++)
        d.watch.tell(d.watch.arg, "paper", &id, &why);
    damage_end(&d);
    CHECK(pread(fd, text, sizeof text - 1, 0) > 0);
    CHECK_INT(times(text, "\"record_damaged\""), LOGGED);
    CHECK_INT(times(text, "0123456789abcdef"), LOGGED);
    CHECK(strstr(text, "01020300-0000-0000-0000-000000000000") != NULL && strstr(text, "sealed bytes do not open") != NULL);
    CHECK(strstr(text, "\"records_damaged\"") == NULL);
    for (int i = 0; i < 5; i++)
        d.watch.tell(d.watch.arg, "paper", &id, &why);
    damage_end(&d);
    memset(text, 0, sizeof text);
    CHECK(pread(fd, text, sizeof text - 1, 0) > 0);
    CHECK_INT(times(text, "\"record_damaged\""), LOGGED);
    CHECK(strstr(text, "\"more\":5") != NULL);
    damage_count(&api, &why);
    (void)err_set(&why, E_NOT_FOUND, "there is no such record");
    damage_count(&api, &why);
    CHECK_INT(api.damaged, LOGGED + 5 + 1);
    log_init("server", LOG_INFO, -1);
    CHECK(close(fd) == 0);
}
