/* sandbox_test.c — each right that was not asked for is refused by the kernel; each that was works. Every test enters
 * its sandbox in a child, since nobody leaves one. */
#include "sys/sandbox.c"
#include "base/test.h"
#include "sys/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

/* Runs fn in a child; its exit code, or 1000 + signal. */
static int in_child(int (*fn)(const char *), const char *arg) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(fn(arg));
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool enter(const char *dir, unsigned calls) {
    const struct sandbox_path paths[] = { { dir, SANDBOX_READ | SANDBOX_WRITE, false }, { "/no/such/path", SANDBOX_READ, true } };
    const struct sandbox s = { "test", paths, ARRAY_LEN(paths), calls };
    struct err e;
    return sandbox_enter(&s, &e) == OK;
}

static void *nothing(void *arg) { return arg; }

static int files_only_here(const char *dir) {
    char path[128];
    snprintf(path, sizeof path, "%s/a", dir);
    struct err e;
    if (!enter(dir, CALLS_FILES | CALLS_THREADS))
        return 1;
    if (file_write(path, "x", 1, 0600, &e) != OK || unlink(path) != 0)
        return 2;
    if (open("/etc/hostname", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
        return 3;
    if (open("/tmp/sejf-must-not-be", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0)
        return 4;
    pthread_t t;
    if (pthread_create(&t, NULL, nothing, NULL) != 0 || pthread_join(t, NULL) != 0)
        return 5;
    if (fork() != -1)
        return 6;
    return 0;
}

/* What the server has: it talks, and hands connections on, and reaches nobody else's socket. */
static int no_connecting(const char *dir) {
    int pair[2], line[2];
    struct err e;
    if (line_make(&line[0], &line[1], &e) != OK)
        return 1;
    int before = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!enter(dir, CALLS_FILES | CALLS_TALK | CALLS_PAIRS))
        return 2;
    const struct sockaddr_un there = { .sun_family = AF_UNIX, .sun_path = "/run/sejf-nobody" };
    if (connect(before, (const struct sockaddr *)&there, sizeof there) == 0 || errno != EPERM)
        return 3;
    if (socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 || errno != EPERM)
        return 4;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0 || errno != EPERM)
        return 5;
    if (bind(before, (const struct sockaddr *)&there, sizeof there) == 0 || errno != EPERM)
        return 6;
    int fd = -1;
    if (line_send(line[0], &fd, &e) != OK || write(fd, "a", 1) != 1)
        return 7;
    char byte = 0;
    int end = line_take(line[1]);
    return end >= 0 && read(end, &byte, 1) == 1 && byte == 'a' ? 0 : 8;
}

/* A socket that listens could be made to connect by sending (TCP fast open), past connect and landlock. */
static int no_fast_open(const char *dir) {
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int there = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (there < 0 || ours < 0 || bind(there, (const struct sockaddr *)&a, len) != 0 || listen(there, 1) != 0 || getsockname(there, (struct sockaddr *)&a, &len) != 0 || listen(ours, 1) != 0)
        return 1;
    if (!enter(dir, CALLS_TALK))
        return 2;
    char byte = 0;
    struct iovec iov = { &byte, 1 };
    struct msghdr m = { .msg_name = &a, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1 };
    struct mmsghdr mm = { .msg_hdr = m };
    (void)shutdown(ours, SHUT_RDWR);
    if (sendto(ours, "a", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (const struct sockaddr *)&a, len) >= 0 || errno != EPERM)
        return 3;
    if (sendmsg(ours, &m, MSG_FASTOPEN | MSG_NOSIGNAL) >= 0 || errno != EPERM)
        return 4;
    return sendmmsg(ours, &mm, 1, MSG_FASTOPEN | MSG_NOSIGNAL) >= 0 || errno != EPERM ? 5 : 0;
}

/* What the keeper has: not even a pair. */
static int no_pairs(const char *dir) {
    int pair[2];
    if (!enter(dir, CALLS_FILES | CALLS_TALK))
        return 1;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 || errno != EPERM ? 2 : 0;
}

/* A foreign program keeps its calls but for these. */
static int narrowed(const char *dir) {
    const struct sandbox_path paths[] = { { dir, SANDBOX_READ | SANDBOX_WRITE, false } };
    const struct sandbox s = { "test", paths, ARRAY_LEN(paths), CALLS_UNIX };
    struct err e;
    if (sandbox_enter_program(&s, &e) != OK)
        return 1;
    if (socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0 || errno != EPERM)
        return 2;
    if (socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0 || errno != EPERM)
        return 3;
    if (socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0)
        return 4;
    (void)syscall(SYS_ptrace, 0, 0, NULL, NULL);
    return 5;
}

/* What the sender has: it connects to the declared ports, and nobody reaches it. */
static int out_only(const char *dir) {
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct err e;
    int listener[2] = { -1, -1 };
    uint16_t port[2];
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in got;
        socklen_t len = sizeof got;
        if (listen_tcp("127.0.0.1", 0, &listener[i], &e) != OK || getsockname(listener[i], (struct sockaddr *)&got, &len) != 0)
            return 1;
        port[i] = ntohs(got.sin_port);
    }
    const struct sandbox_path paths[] = { { dir, SANDBOX_READ, false } };
    const struct sandbox s = { "test", paths, ARRAY_LEN(paths), CALLS_FILES | CALLS_THREADS | CALLS_TALK | CALLS_PAIRS | CALLS_OUT, port, 1 };
    if (sandbox_enter(&s, &e) != OK)
        return 2;
    for (int i = 0; i < 2; i++) {
        AUTO(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        a.sin_port = htons(port[i]);
        bool reached = fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) == 0;
        if (reached != (i == 0 || !in_force.tcp))
            return 3 + i;
    }
    AUTO(fd_close) int udp = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    a.sin_port = 0;
    int again = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (udp < 0 || again < 0)
        return 5;
    if (bind(again, (const struct sockaddr *)&a, sizeof a) == 0 || listen(again, 1) == 0)
        return 6;
    if (socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 || errno != EPERM)
        return 7;
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0 ? 8 : 0;
}

static int no_network(const char *dir) {
    if (!enter(dir, CALLS_FILES | CALLS_UNIX))
        return 1;
    if (socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 || errno != EPERM)
        return 2;
    if (socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0)
        return 3;
    struct sandbox_status s;
    sandbox_status(&s);
    return s.files && s.calls && s.no_new_privs && s.landlock_abi > 0 ? 0 : 4;
}

static int no_new_code(const char *dir) {
    if (!enter(dir, CALLS_FILES))
        return 1;
    if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        return 2;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return 3;
    return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0 ? 4 : 0;
}

static int no_exec(const char *dir) {
    char *argv[] = { (char[]){ "true" }, NULL };
    if (!enter(dir, CALLS_FILES))
        return 1;
    execve("/bin/true", argv, argv + 1);
    return 2;
}

static int no_files_at_all(const char *dir) {
    if (!enter(dir, 0))
        return 1;
    return open(dir, O_RDONLY | O_CLOEXEC) >= 0 || errno != EPERM ? 2 : 0;
}

static int threads_before(const char *dir) {
    pthread_t t;
    static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&m);
    if (pthread_create(&t, NULL, (void *(*)(void *))(uintptr_t)pthread_mutex_lock, &m) != 0)
        return 1;
    return enter(dir, CALLS_FILES) ? 2 : 0;
}

TEST(the_kernel_refuses_what_was_not_asked_for) {
    if (!sandbox_built())
        skip();
    char dir[] = "/tmp/sejf-sandbox-XXXXXX";
    struct err e;
    CHECK(mkdtemp(dir) != NULL);
    CHECK_INT(in_child(files_only_here, dir), 0);
    CHECK_INT(in_child(no_network, dir), 0);
    CHECK_INT(in_child(out_only, dir), 0);
    CHECK_INT(in_child(no_connecting, dir), 0);
    CHECK_INT(in_child(no_pairs, dir), 0);
    CHECK_INT(in_child(no_fast_open, dir), 0);
    CHECK_INT(in_child(narrowed, dir), 1000 + SIGSYS);
    CHECK_INT(in_child(no_new_code, dir), 0);
    CHECK_INT(in_child(no_exec, dir), 1000 + SIGSYS);
    CHECK_INT(in_child(no_files_at_all, dir), 0);
    CHECK_INT(in_child(threads_before, dir), 0);
    CHECK_OK(dir_remove(dir, &e), &e);
}

TEST(a_path_that_is_not_there_is_an_error) {
    const struct sandbox_path paths[] = { { "/no/such/path", SANDBOX_READ, false } };
    int ruleset = -1;
    struct err e;
    CHECK_CODE(allow_path(ruleset, &paths[0], FS_ABI_1, &e), E_SYSTEM, &e);
    CHECK(strstr(e.text, "/no/such/path") != NULL);
}

TEST(rights_grow_with_the_abi) {
    CHECK(fs_known(1) == FS_ABI_1);
    CHECK(fs_known(2) == (FS_ABI_1 | FS_REFER));
    CHECK(fs_known(4) == (FS_ABI_1 | FS_REFER | FS_TRUNCATE));
    CHECK(fs_known(7) == (FS_ABI_1 | FS_REFER | FS_TRUNCATE | FS_IOCTL_DEV));
}

TEST(reads_the_state_of_another_process) {
    struct sandbox_status s;
    CHECK(sandbox_status_of(getpid(), &s) && !s.calls);
    CHECK(!sandbox_status_of(0, &s));
    CHECK_INT(status_number("Name:\tx\nThreads:\t3\nSeccomp:\t2\n", "\nThreads:"), 3);
    CHECK_INT(status_number("Name:\tx\n", "\nThreads:"), -1);
}
