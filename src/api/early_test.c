/* early_test.c — who asks during a long start is answered, with the body unread, and what comes in the grace is left for the service. */
#include "api/early.c"

#include <stdlib.h>

#include "base/test.h"

struct bed { char directory[64], path[2][100]; int fd[2]; };

static void bed_start(struct bed *b) {
    struct err e;
    snprintf(b->directory, sizeof b->directory, "/tmp/sejf-early-XXXXXX");
    CHECK(mkdtemp(b->directory) != NULL);
    for (int i = 0; i < 2; i++) {
        snprintf(b->path[i], sizeof b->path[i], "%s/%d", b->directory, i);
        CHECK_OK(listen_unix(b->path[i], 0600, &b->fd[i], &e), &e);
    }
}

static void bed_end(struct bed *b) {
    for (int i = 0; i < 2; i++) {
        close(b->fd[i]);
        (void)unlink(b->path[i]);
    }
    CHECK(rmdir(b->directory) == 0);
}

static int ask(struct bed *b, int which, const char *text) {
    struct err e;
    int fd = -1;
    CHECK_OK(connect_unix(b->path[which], &fd, &e), &e);
    CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
    return fd;
}

static const char *answer_of(int fd, char *ret, size_t room) {
    size_t len = 0;
    ssize_t n;
    while (len < room - 1 && (n = recv(fd, ret + len, room - 1 - len, 0)) > 0)
        len += (size_t)n;
    ret[len] = 0;
    close(fd);
    return ret;
}

TEST(a_long_start_is_told) {
    struct bed b;
    struct err err;
    char text[8192];
    AUTO(early_stop) struct early *e = NULL;
    bed_start(&b);
    CHECK_OK(early_start(b.fd[0], b.fd[1], 0, &e, &err), &err);
    answer_of(ask(&b, 0, "POST /v1/events/event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{\"a\":"), text, sizeof text);
    CHECK(strncmp(text, "HTTP/1.1 503 ", 13) == 0 && strstr(text, "\r\nRetry-After: 10\r\n") != NULL && strstr(text, "problem+json") != NULL);
    answer_of(ask(&b, 0, "GET /f/events HTTP/1.1\r\nAccept-Language: hu-HU,hu;q=0.9\r\nAccept: text/html,*/*\r\n\r\n"), text, sizeof text);
    CHECK(strstr(text, "text/html") != NULL && strstr(text, "<html lang=hu>") != NULL && strstr(text, "Nemsokára visszatérünk") != NULL);
    answer_of(ask(&b, 0, "HEAD /s/events HTTP/1.1\r\nAccept: text/html\r\n\r\n"), text, sizeof text);
    CHECK(strncmp(text, "HTTP/1.1 503 ", 13) == 0 && strstr(text, "<main>") == NULL);
    answer_of(ask(&b, 1, "{\"do\":\"status\"}\n"), text, sizeof text);
    CHECK(strstr(text, "\"ok\":false") != NULL && strstr(text, "the server is starting; ask again") != NULL);
    early_tell(e, "events", 4100);
    answer_of(ask(&b, 1, "{\"do\":\"status\"}\n"), text, sizeof text);
    CHECK(strstr(text, "it brings the records of events in line with its charter, 4100 so far") != NULL);
    CHECK(text[strlen(text) - 1] == '\n');
    int silent = ask(&b, 0, "GET / HTTP/1.1\r\n");        /* never ends its head: answered when the start is over */
    answer_of(ask(&b, 0, "GET / HTTP/1.1\r\n\r\n"), text, sizeof text);
    e = early_stop(e);
    answer_of(silent, text, sizeof text);
    CHECK(strncmp(text, "HTTP/1.1 503 ", 13) == 0);
    bed_end(&b);
}

TEST(a_usual_start_leaves_requests_to_the_service) {
    struct bed b;
    struct err err;
    struct early *e = NULL;
    bed_start(&b);
    CHECK_OK(early_start(b.fd[0], b.fd[1], 3600000, &e, &err), &err);
    int fd = ask(&b, 0, "GET / HTTP/1.1\r\n\r\n");
    e = early_stop(e);
    int got = accept4(b.fd[0], NULL, NULL, SOCK_CLOEXEC);
    CHECK(got >= 0 && e == NULL);
    close(got);
    close(fd);
    bed_end(&b);
}
