/* logfile_test.c — which lines go; a writer beside the purge loses nothing; a cut purge goes on. */
#include "sys/logfile.c"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"

#define NOW (INT64_C(1795305600) * USEC_PER_SEC)

struct place { char directory[64], path[96]; };
static void place_make(struct place *p) {
    snprintf(p->directory, sizeof p->directory, "/tmp/sejf-logfile-XXXXXX");
    CHECK(mkdtemp(p->directory) != NULL);
    snprintf(p->path, sizeof p->path, "%s/sejf.log", p->directory);
}
static void place_done(struct place *p) {
    struct err e;
    CHECK_OK(dir_remove(p->directory, &e), &e);
}
DEFINE_AUTO_VALUE(struct place, place_done)

/* "d40 a\n": a dated line of 40 days ago; others as they are. */
static void line_put(struct buf *to, int days, const char *text) {
    char when[40];
    buf_printf(to, "{\"time\":\"%s\",\"event\":\"%s\"}\n", time_format(NOW - days * USEC_PER_DAY, when, sizeof when), text);
}
static void file_put(const char *path, const struct buf *text) {
    struct err e;
    CHECK_OK(file_write(path, text->data, text->len, 0600, &e), &e);
}
/* The events that stand, and what has no time, in order. */
static void stands(const char *path, struct buf *ret) {
    AUTO(buf_done) struct buf all = BUF(64u << 20);
    struct err e;
    buf_cut(ret, 0);
    CHECK_OK(file_read(path, &all, &e), &e);
    for (char *p = all.data, *end; p < all.data + all.len; p = end + 1) {
        end = memchr(p, '\n', (size_t)(all.data + all.len - p));
        if (end == NULL)
            end = all.data + all.len;
        if (is_blank(p, (size_t)(end - p)))
            continue;
        const char *event = memmem(p, (size_t)(end - p), "\"event\":\"", 9);
        if (event != NULL)
            buf_printf(ret, "%.*s ", (int)strcspn(event + 9, "\""), event + 9);
        else
            buf_printf(ret, "<%.*s> ", (int)(end - p), p);
    }
}
static struct log_age purged(struct place *p) {
    struct log_age age = { 0 };
    struct err e;
    CHECK_OK(logfile_purge(p->path, NOW - 30 * USEC_PER_DAY, NOW, &age, &e), &e);
    return age;
}

TEST(old_lines_go_and_what_has_no_time_goes_with_them) {
    AUTO(place_done) struct place p;
    AUTO(buf_done) struct buf text = BUF(10000), left = BUF(10000);
    struct err e;
    struct log_age age;
    place_make(&p);
    CHECK_CODE(logfile_purge(p.path, NOW, NOW, &age, &e), E_NOT_FOUND, &e);
    buf_text(&text, "torn\":3}\n");
    line_put(&text, 40, "a");
    buf_text(&text, "a stack trace\n");
    line_put(&text, 29, "b");
    buf_text(&text, "another one\n");
    line_put(&text, 31, "c");                  /* a clock that went back */
    line_put(&text, -400, "d");                /* one that was far ahead: goes with c */
    line_put(&text, 0, "e");
    buf_text(&text, "{\"time\":\"2026-13-45T00:00:00Z\",\"event\":\"f\"}\n");
    buf_text(&text, "no end yet");
    file_put(p.path, &text);
    CHECK_OK(logfile_age(p.path, NOW, &age, &e), &e);
    CHECK(age.oldest == 0 && age.lines == 0);
    age = purged(&p);
    stands(p.path, &left);
    CHECK_TEXT(buf_str(&left), "b <another one> e f <no end yet> ");
    CHECK_INT(age.lines, 5);
    CHECK_INT(age.oldest, NOW - 29 * USEC_PER_DAY);
    CHECK_INT(purged(&p).lines, 0);
    CHECK_OK(logfile_age(p.path, NOW, &age, &e), &e);
    CHECK_INT(age.oldest, NOW - 29 * USEC_PER_DAY);
}

TEST(rotated_files_go_too) {
    AUTO(place_done) struct place p;
    AUTO(buf_done) struct buf text = BUF(10000), left = BUF(10000);
    char one[128], two[128], other[128];
    place_make(&p);
    snprintf(one, sizeof one, "%s.1", p.path);
    snprintf(two, sizeof two, "%s.2", p.path);
    snprintf(other, sizeof other, "%s/sejf.logs", p.directory);
    line_put(&text, 40, "a");
    file_put(two, &text);
    file_put(other, &text);                    /* not ours */
    line_put(&text, 20, "b");
    file_put(one, &text);
    buf_cut(&text, 0);
    line_put(&text, 1, "c");
    file_put(p.path, &text);
    struct log_age age = purged(&p);
    CHECK(age.lines == 2 && age.oldest == NOW - 20 * USEC_PER_DAY);
    CHECK(access(two, F_OK) != 0 && access(other, F_OK) == 0);
    stands(one, &left);
    CHECK_TEXT(buf_str(&left), "b ");
}

/* Lines longer than a window, and a file of several windows. */
TEST(long_lines_and_long_files) {
    AUTO(place_done) struct place p;
    AUTO(buf_done) struct buf text = BUF(16u << 20), left = BUF(1u << 20);
    struct stat st;
    place_make(&p);
    for (int i = 0; i < 30000; i++)
        line_put(&text, 90 - i / 1000, "old");
    for (size_t i = 0; i < 2 * WINDOW + 77; i++)
        buf_char(&text, 'x');
    buf_char(&text, '\n');
    size_t before = text.len;
    for (int i = 0; i < 3; i++)
        line_put(&text, 3, "new");
    file_put(p.path, &text);
    struct log_age age = purged(&p);
    CHECK(age.lines >= 30001 && age.oldest == NOW - 3 * USEC_PER_DAY);
    stands(p.path, &left);
    CHECK_TEXT(buf_str(&left), "new new new ");
    CHECK(stat(p.path, &st) == 0 && (size_t)st.st_size <= text.len);
    printf("%zu old bytes; %lld left\n", before, (long long)st.st_size);
}

struct writer { const char *path; int fd; _Atomic bool over; int lines; };
static void *writes(void *arg) {
    struct writer *w = arg;
    char line[128], when[40];
    while (!w->over && w->lines < 20000) {
        int n = snprintf(line, sizeof line, "{\"time\":\"%s\",\"event\":\"w%06d\"}\n", time_format(NOW, when, sizeof when), w->lines);
        CHECK(write(w->fd, line, (size_t)n) == n);
        w->lines++;
    }
    return NULL;
}

TEST(a_writer_beside_the_purge_loses_nothing) {
    AUTO(place_done) struct place p;
    AUTO(buf_done) struct buf text = BUF(16u << 20), left = BUF(4u << 20), want = BUF(4u << 20);
    pthread_t thread;
    place_make(&p);
    for (int i = 0; i < 20000; i++)
        line_put(&text, 90, "old");
    file_put(p.path, &text);
    struct writer w = { .path = p.path, .fd = open(p.path, O_WRONLY | O_APPEND | O_CLOEXEC) };
    CHECK(w.fd >= 0 && pthread_create(&thread, NULL, writes, &w) == 0);
    for (int i = 0; i < 20; i++)
        (void)purged(&p);
    w.over = true;
    CHECK(pthread_join(thread, NULL) == 0);
    close(w.fd);
    (void)purged(&p);
    for (int i = 0; i < w.lines; i++)
        buf_printf(&want, "w%06d ", i);
    stands(p.path, &left);
    CHECK_TEXT(buf_str(&left), buf_str(&want));
}
