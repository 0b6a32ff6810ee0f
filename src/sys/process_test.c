/* process_test.c — children start with what they were given, end, are stopped; delays grow and are forgiven. */
#include "sys/process.c"
#include "base/test.h"

#include <stdlib.h>

static const char *const no_env[] = { "PATH=/usr/bin:/bin", NULL };

static struct process_start shell(const char *const *argv) {
    return (struct process_start){ .path = "/bin/sh", .argv = argv, .env = no_env, .out = -1, .umask = 077 };
}

TEST(a_child_gets_its_descriptors_and_nothing_else) {
    struct err e;
    int ends[2], status = -1;
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    int stray = open("/dev/null", O_RDONLY);          /* without close-on-exec, on purpose */
    CHECK(stray >= 0);
    const char *argv[] = { "sh", "-c", "printf '%s' \"$(ls /proc/self/fd | tr '\\n' ' ')\" >&3", NULL };
    struct process_start s = shell(argv);
    s.fds = &ends[1];
    s.fd_count = 1;
    struct process p = NO_PROCESS;
    CHECK_OK(process_start(&s, &p, &e), &e);
    close(ends[1]);
    AUTO(buf_done) struct buf b = BUF(256);
    CHECK_OK(file_read_fd(ends[0], "pipe", &b, &e), &e);
    CHECK_INT(process_wait(&p, 5000, &status), PROCESS_EXITED);
    CHECK_INT(status, 0);
    CHECK(p.pid == 0 && p.pidfd == -1);
    char kept[16];
    snprintf(kept, sizeof kept, " %d ", stray);
    CHECK(strstr(buf_str(&b), " 3 ") != NULL || strstr(buf_str(&b), "3") != NULL);
    CHECK(stray < 6 || strstr(buf_str(&b), kept) == NULL);
    close(stray);
    close(ends[0]);
}

TEST(what_cannot_be_executed_is_an_error_here) {
    struct err e;
    const char *argv[] = { "x", NULL };
    struct process_start s = { .path = "/no/such/program", .argv = argv, .env = no_env, .out = -1 };
    struct process p = NO_PROCESS;
    CHECK_CODE(process_start(&s, &p, &e), E_SYSTEM, &e);
    CHECK(strstr(e.text, "cannot execute") != NULL && p.pid == 0);
    s.directory = "/no/such/directory";
    CHECK_CODE(process_start(&s, &p, &e), E_SYSTEM, &e);
    CHECK(strstr(e.text, "working directory") != NULL);
}

TEST(exit_codes_and_signals_are_told_apart) {
    struct err e;
    int status = 0;
    const char *seven[] = { "sh", "-c", "exit 7", NULL }, *deaf[] = { "sh", "-c", "trap '' TERM; sleep 60 & wait; sleep 60", NULL };
    struct process p = NO_PROCESS;
    struct process_start s = shell(seven);
    CHECK_OK(process_start(&s, &p, &e), &e);
    CHECK(process_wait(&p, 5000, &status) == PROCESS_EXITED && status == 7);
    s = shell(deaf);
    CHECK_OK(process_start(&s, &p, &e), &e);
    CHECK_INT(process_wait(&p, 200, &status), PROCESS_RUNS);
    pid_t pid = p.pid;
    CHECK(process_stop(&p, SIGTERM, 100, &status) == PROCESS_KILLED && status == SIGKILL);
    CHECK(!process_alive(pid) && !process_signal(&p, SIGTERM));
    CHECK(process_stop(&p, SIGTERM, 100, &status) == PROCESS_EXITED);
}

TEST(delays_grow_and_a_good_run_forgives) {
    struct backoff b = { 0, 0 };
    static const usec_t want[] = { 0, 100000, 200000, 400000, 800000, 1000000, 1000000 };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        b.started = 5 * USEC_PER_SEC;
        CHECK(backoff_next(&b, 6 * USEC_PER_SEC) == want[i]);
    }
    CHECK(backoff_next(&b, 15 * USEC_PER_SEC) == 0);
    CHECK(backoff_next(&b, 6 * USEC_PER_SEC) == 100000);
}
