/* log_test.c — lines that are held, and when they come out. */
#include "base/log.c"
#include "base/test.h"

#include <fcntl.h>

static int ends[2];

static void open_log(void) {
    CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    log_init("tester", LOG_INFO, ends[1]);
}

static void close_log(void) {
    log_flush();
    gathers = false;
    log_init("tester", LOG_INFO, -1);
    close(ends[0]);
    close(ends[1]);
}

/* What has come out since: events in their order, a space behind each. */
static const char *came(void) {
    static char text[HELD_MAX * 2], events[4096];
    ssize_t n = read(ends[0], text, sizeof text - 1);
    events[0] = 0;
    text[n < 0 ? 0 : n] = 0;
    for (const char *p = text; (p = strstr(p, "\"event\":\"")) != NULL;) {
        p += strlen("\"event\":\"");
        size_t len = strcspn(p, "\""), have = strlen(events);
        CHECK(have + len + 2 < sizeof events);
        memcpy(events + have, p, len);
        memcpy(events + have + len, " ", 2);
    }
    return events;
}

TEST(a_line_comes_out_at_once) {
    open_log();
    log_event(LOG_INFO, "one", LOG_INT("number", -120), LOG_INT("least", INT64_MIN), LOG_TEXT("text", "a\"b\n"));
    char text[512];
    ssize_t n = read(ends[0], text, sizeof text - 1);
    CHECK(n > 0);
    text[n] = 0;
    CHECK(strstr(text, "\"process\":\"tester\",\"event\":\"one\",\"number\":-120,\"least\":-9223372036854775808,\"text\":\"a\\\"b\\u000a\"}\n") != NULL);
    log_event(LOG_DEBUG, "never", LOG_INT("number", 1));
    CHECK_TEXT(came(), "");
    close_log();
}

TEST(gathered_lines_wait_for_company) {
    open_log();
    log_gather();
    log_event(LOG_INFO, "one", LOG_INT("number", 1));
    log_event(LOG_INFO, "two", LOG_INT("number", 2));
    CHECK_TEXT(came(), "");
    log_event(LOG_WARN, "three", LOG_INT("number", 3));
    CHECK_TEXT(came(), "one two three ");
    log_event(LOG_INFO, "four", LOG_INT("number", 4));
    log_flush();
    CHECK_TEXT(came(), "four ");
    log_event(LOG_INFO, "five", LOG_INT("number", 5));
    gathers = false;                          /* another thread's line takes what is held with it */
    log_event(LOG_INFO, "six", LOG_INT("number", 6));
    CHECK_TEXT(came(), "five six ");
    close_log();
}

TEST(more_than_is_held_comes_out_whole) {
    open_log();
    log_gather();
    int sum = 0;
    for (int i = 0; i < 1000; i++) {
        log_event(LOG_INFO, "x", LOG_INT("number", i));
        sum += (int)strlen(came());
    }
    log_flush();
    sum += (int)strlen(came());
    CHECK_INT(sum, 2000);
    close_log();
}
