/* process.c — the reason of a failure between fork and exec comes back by a pipe. The caller has one thread, so what is not
 * async-signal-safe (looking at /proc for the sandbox) may be called there too. */
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/files.h"

#define FIRST_DELAY (100 * USEC_PER_SEC / 1000)
#define LONGEST_DELAY USEC_PER_SEC             /* a service that is killed again and again is back within two seconds each time */
#define FORGIVEN_AFTER (10 * USEC_PER_SEC)

enum step { STEP_GROUP, STEP_FDS, STEP_DIRECTORY, STEP_USER, STEP_PARENT, STEP_SANDBOX, STEP_EXEC };
static const char *const step_says[] = {
    "cannot make a process group", "cannot hand the descriptors on", "cannot enter the working directory",
    "cannot become the user", "lost the parent", "cannot enter its sandbox", "cannot execute",
};
struct failure { enum step step; int num; };

static NORETURN void child_fails(int report, enum step step) {
    struct failure f = { step, errno };
    ssize_t n = write(report, &f, sizeof f);
    (void)n;
    _exit(127);
}

/* Moves what the child gets to 3, 4, …: first out of the way, then into place. */
static void place_fds(const struct process_start *s, int *report) {
    int moved[PROCESS_FDS_MAX];
    int out = s->out;
    *report = fcntl(*report, F_DUPFD_CLOEXEC, 3 + PROCESS_FDS_MAX);
    if (out >= 0)
        out = fcntl(out, F_DUPFD_CLOEXEC, 3 + PROCESS_FDS_MAX);
    for (size_t i = 0; i < s->fd_count; i++)
        if ((moved[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, 3 + PROCESS_FDS_MAX)) < 0)
            child_fails(*report, STEP_FDS);
    for (size_t i = 0; i < s->fd_count; i++)
        if (dup2(moved[i], 3 + (int)i) < 0)
            child_fails(*report, STEP_FDS);
    int none = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (none < 0 || dup2(none, 0) < 0 || (out >= 0 && (dup2(out, 1) < 0 || dup2(out, 2) < 0)))
        child_fails(*report, STEP_FDS);
    /* The rest goes by close-on-exec, including what a library opened without it. */
    (void)syscall(SYS_close_range, 3U + (unsigned)s->fd_count, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
}

static NORETURN void child_run(const struct process_start *s, pid_t parent, int report) {
    sigset_t none;
    sigemptyset(&none);
    for (int sig = 1; sig < NSIG; sig++)
        if (sig != SIGKILL && sig != SIGSTOP)
            (void)signal(sig, SIG_DFL);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    place_fds(s, &report);
    if (setpgid(0, 0) != 0)
        child_fails(report, STEP_GROUP);
    if (s->directory != NULL && chdir(s->directory) != 0)
        child_fails(report, STEP_DIRECTORY);
    umask(s->umask);
    struct err e;
    if (s->user != NULL && user_drop(s->user, &e) != OK)
        child_fails(report, STEP_USER);
    /* After the change of user, which would clear it; then look whether the parent went away meanwhile. */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
        child_fails(report, STEP_PARENT);
    if (s->files != NULL && sandbox_enter_program(s->files, &e) != OK)
        child_fails(report, STEP_SANDBOX);
    execve(s->path, (char *const *)(uintptr_t)s->argv, (char *const *)(uintptr_t)s->env);
    child_fails(report, STEP_EXEC);
}

static enum code read_failure(int fd, const char *path, struct err *reterr) {
    struct failure f;
    ssize_t n;
    do {
        n = read(fd, &f, sizeof f);
    } while (n < 0 && errno == EINTR);
    if (n == 0)
        return OK;                           /* closed by the exec */
    if (n != (ssize_t)sizeof f)
        return err_set(reterr, E_SYSTEM, "starting %s failed without a reason", path);
    return err_errno(reterr, f.num, "starting %s: %s", path, step_says[f.step]);
}

enum code process_start(const struct process_start *s, struct process *ret, struct err *reterr) {
    PRE(s != NULL && s->path != NULL && s->argv != NULL && s->env != NULL && s->fd_count <= PROCESS_FDS_MAX);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_errno(reterr, errno, "cannot make a pipe");
    AUTO(fd_close) int from = ends[0];
    AUTO(fd_close) int to = ends[1];
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return err_errno(reterr, errno, "cannot make a process for %s", s->path);
    if (pid == 0)
        child_run(s, parent, to);
    fd_close(&to);
    enum code code = read_failure(from, s->path, reterr);
    int pidfd = code == OK ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (code == OK && pidfd < 0)
        code = err_errno(reterr, errno, "cannot watch %s", s->path);
    if (code != OK) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
        return code;
    }
    (void)fcntl(pidfd, F_SETFD, FD_CLOEXEC);
    *ret = (struct process){ pid, pidfd };
    return OK;
}

enum process_end process_poll(struct process *p, int *ret_status) {
    int status = 0;
    if (p->pid <= 0)
        return PROCESS_EXITED;
    pid_t got = waitpid(p->pid, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR))
        return PROCESS_RUNS;
    (void)kill(-p->pid, SIGKILL);
    fd_close(&p->pidfd);
    p->pid = 0;
    if (got > 0 && WIFSIGNALED(status)) {
        *ret_status = WTERMSIG(status);
        return PROCESS_KILLED;
    }
    *ret_status = got > 0 ? WEXITSTATUS(status) : -1;
    return PROCESS_EXITED;
}

bool process_signal(const struct process *p, int signal) {
    return p->pid > 0 && syscall(SYS_pidfd_send_signal, p->pidfd, signal, NULL, 0) == 0;
}

enum process_end process_wait(struct process *p, int wait_ms, int *ret_status) {
    usec_t until = wait_ms < 0 ? USEC_NEVER : clock_steady() + (usec_t)wait_ms * 1000;
    for (;;) {
        enum process_end end = process_poll(p, ret_status);
        usec_t left = until == USEC_NEVER ? 1000000 : until - clock_steady();
        if (end != PROCESS_RUNS || left <= 0)
            return end;
        struct pollfd w = { .fd = p->pidfd, .events = POLLIN };
        (void)poll(&w, 1, left > 1000000 ? 1000 : (int)(left / 1000) + 1);
    }
}

enum process_end process_stop(struct process *p, int signal, int wait_ms, int *ret_status) {
    if (p->pid <= 0)
        return PROCESS_EXITED;
    (void)process_signal(p, signal);
    enum process_end end = process_wait(p, wait_ms, ret_status);
    if (end != PROCESS_RUNS)
        return end;
    (void)kill(-p->pid, SIGKILL);
    return process_wait(p, -1, ret_status);
}

bool process_alive(pid_t pid) { return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM); }

usec_t backoff_next(struct backoff *b, usec_t now) {
    if (b->started != 0 && now - b->started >= FORGIVEN_AFTER)
        b->failures = 0;
    int n = b->failures++;
    if (n == 0)
        return 0;
    usec_t delay = n > 10 ? LONGEST_DELAY : FIRST_DELAY << (n - 1);
    return delay > LONGEST_DELAY ? LONGEST_DELAY : delay;
}
