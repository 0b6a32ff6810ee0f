/* sandbox_calls.c — what is not in a table ends with EPERM; a foreign architecture or a call that only an intruder
 * makes ends the process. clone3 answers ENOSYS, so that libc falls back to clone, whose flags can be looked at. */
#include "sys/sandbox_calls.h"

#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "sys/sandbox.h"

#define IOCTL_ISATTY 0x5401
#define IOCTL_READABLE 0x541B
#define IOCTL_NONBLOCK 0x5421

static const char *const always[] = {
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "close", "fstat", "lseek", "fcntl",
    "dup", "pipe2", "munmap", "mremap", "madvise", "brk", "mlock", "mlock2", "munlock", "membarrier",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "rt_sigpending", "rt_sigsuspend", "sigaltstack", "signalfd4",
    "futex", "restart_syscall", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time",
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getgroups", "getrusage", "uname", "sysinfo", "times", "umask",
    "sched_yield", "sched_getaffinity", "getcpu", "rseq", "set_robust_list", "getrandom", "exit", "exit_group", "tgkill",
    "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2",
    "timerfd_create", "timerfd_settime", "timerfd_gettime", "newfstatat", "statx", "getrlimit", "arch_prctl",
};
static const char *const files[] = {
    "open", "openat", "openat2", "stat", "lstat", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd", "getdents64",
    "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat",
    "ftruncate", "truncate", "fallocate", "fsync", "fdatasync", "sync_file_range", "syncfs", "fadvise64", "flock",
    "chmod", "fchmod", "fchmodat", "fchown", "utimensat", "statfs", "fstatfs", "sendfile", "copy_file_range",
};
static const char *const talk[] = {
    "accept", "accept4", "getsockname", "getpeername", "getsockopt", "setsockopt", "shutdown",
    "recvfrom", "recvmsg", "recvmmsg",
};
/* With MSG_FASTOPEN these connect, a socket that has listened as well, and landlock is not asked: never with it. */
static const struct { const char *name; unsigned flags; /* which of its arguments */ } sends[] = { { "sendto", 3 }, { "sendmsg", 2 }, { "sendmmsg", 3 } };
static const char *const sockets[] = { "connect", "bind", "listen" };
/* Nothing that we run makes these: an attempt is an intrusion. A foreign program is started by the first of them. */
static const char *const starts[] = { "execve", "execveat" };
static const char *const deadly[] = {
    "ptrace", "process_vm_readv", "process_vm_writev", "bpf", "mount", "umount2", "pivot_root", "chroot", "init_module",
    "finit_module", "delete_module", "kexec_load", "add_key", "keyctl", "request_key", "unshare", "setns", "userfaultfd", "perf_event_open",
    "io_uring_setup", "open_by_handle_at", "personality", "reboot", "swapon", "swapoff",
};

struct filter { scmp_filter_ctx ctx; int failed; const char *at; };

static void add(struct filter *f, uint32_t action, const char *name, unsigned count, const struct scmp_arg_cmp *args) {
    if (f->failed != 0)
        return;
    int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR || call < 0)  /* this library or architecture has no such call: nothing to allow */
        return;
    int rc = seccomp_rule_add_array(f->ctx, action, call, count, args);
    if (rc != 0 && rc != -EDOM) {
        f->failed = rc;
        f->at = name;
    }
}

static void add_all(struct filter *f, uint32_t action, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        add(f, action, names[i], 0, NULL);
}

static void add_masked(struct filter *f, const char *name, unsigned arg, uint64_t mask, uint64_t value) {
    const struct scmp_arg_cmp cmp = { .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value };
    add(f, SCMP_ACT_ALLOW, name, 1, &cmp);
}

static void add_equal(struct filter *f, const char *name, unsigned arg, uint64_t value) {
    const struct scmp_arg_cmp cmp = { .arg = arg, .op = SCMP_CMP_EQ, .datum_a = value };
    add(f, SCMP_ACT_ALLOW, name, 1, &cmp);
}

static void add_stream_pair(struct filter *f) {
    const struct scmp_arg_cmp stream[] = { { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_UNIX },
                                           { .arg = 1, .op = SCMP_CMP_MASKED_EQ, .datum_a = 0xf, .datum_b = SOCK_STREAM } };
    add(f, SCMP_ACT_ALLOW, "socketpair", ARRAY_LEN(stream), stream);
}

static void add_memory(struct filter *f) {
    add_masked(f, "mmap", 2, PROT_EXEC, 0);  /* no new code at all: what runs was mapped before */
    add_masked(f, "mprotect", 2, PROT_EXEC, 0);
    add_equal(f, "ioctl", 1, IOCTL_ISATTY);
    add_equal(f, "ioctl", 1, IOCTL_READABLE);
    add_equal(f, "ioctl", 1, IOCTL_NONBLOCK);
    add_equal(f, "prctl", 0, PR_SET_NAME);
    add_equal(f, "prctl", 0, PR_GET_DUMPABLE);
    add_equal(f, "prctl", 0, PR_SET_DUMPABLE);
    add_equal(f, "prctl", 0, 0x53564d41);    /* PR_SET_VMA: names of libc's mappings */
    const struct scmp_arg_cmp read_only = { .arg = 2, .op = SCMP_CMP_EQ, .datum_a = 0 };
    add(f, SCMP_ACT_ALLOW, "prlimit64", 1, &read_only);
}

static void add_sockets(struct filter *f, unsigned calls) {
    if ((calls & (CALLS_TALK | CALLS_UNIX | CALLS_INET | CALLS_OUT)) == 0)
        return;
    add_all(f, SCMP_ACT_ALLOW, talk, ARRAY_LEN(talk));
    for (size_t i = 0; i < ARRAY_LEN(sends); i++)
        add_masked(f, sends[i].name, sends[i].flags, MSG_FASTOPEN, 0);
    /* Streams alone: over a datagram socket without a name of its own one may write to any that has one. */
    if ((calls & (CALLS_PAIRS | CALLS_UNIX | CALLS_INET)) != 0)
        add_stream_pair(f);
    if ((calls & CALLS_OUT) != 0) {          /* a Unix socket cannot be made, so there is none to connect */
        add(f, SCMP_ACT_ALLOW, "connect", 0, NULL);
        add_equal(f, "socket", 0, AF_INET);
        add_equal(f, "socket", 0, AF_INET6);
    }
    if ((calls & (CALLS_UNIX | CALLS_INET)) == 0)
        return;
    add_all(f, SCMP_ACT_ALLOW, sockets, ARRAY_LEN(sockets));
    add_equal(f, "socket", 0, AF_UNIX);
    if ((calls & CALLS_INET) != 0) {
        add_equal(f, "socket", 0, AF_INET);
        add_equal(f, "socket", 0, AF_INET6);
        add_equal(f, "socket", 0, AF_NETLINK);  /* getaddrinfo asks which families there are */
    }
}

static void add_tables(struct filter *f, unsigned calls) {
    add_all(f, SCMP_ACT_ALLOW, always, ARRAY_LEN(always));
    add_all(f, SCMP_ACT_KILL_PROCESS, starts, ARRAY_LEN(starts));
    add_all(f, SCMP_ACT_KILL_PROCESS, deadly, ARRAY_LEN(deadly));
    add(f, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
    add_memory(f);
    if ((calls & CALLS_FILES) != 0)
        add_all(f, SCMP_ACT_ALLOW, files, ARRAY_LEN(files));
    if ((calls & CALLS_THREADS) != 0)
        add_masked(f, "clone", 0, CLONE_THREAD | CLONE_VM | CLONE_NEWUSER | CLONE_NEWNS, CLONE_THREAD | CLONE_VM);
    add_sockets(f, calls);
}

static void take_away(struct filter *f, unsigned calls) {
    const struct scmp_arg_cmp other = { .arg = 0, .op = SCMP_CMP_NE, .datum_a = AF_UNIX };
    add_all(f, SCMP_ACT_KILL_PROCESS, deadly, ARRAY_LEN(deadly));
    if ((calls & CALLS_INET) != 0)
        return;
    add(f, SCMP_ACT_ERRNO(EPERM), "socket", 1, &other);
    for (size_t i = 0; i < ARRAY_LEN(sends); i++) {
        const struct scmp_arg_cmp fast = { .arg = sends[i].flags, .op = SCMP_CMP_MASKED_EQ, .datum_a = MSG_FASTOPEN, .datum_b = MSG_FASTOPEN };
        add(f, SCMP_ACT_ERRNO(EPERM), sends[i].name, 1, &fast);
    }
}

static enum code load(uint32_t otherwise, void (*fill)(struct filter *f, unsigned calls), unsigned calls, struct err *reterr) {
    struct filter f = { .ctx = seccomp_init(otherwise) };
    if (f.ctx == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the seccomp filter");
    int rc = seccomp_attr_set(f.ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0) {
        fill(&f, calls);
        rc = f.failed;
    }
    if (rc == 0)
        rc = seccomp_load(f.ctx);
    seccomp_release(f.ctx);
    if (rc != 0)
        return err_errno(reterr, -rc, "the kernel refused the seccomp filter%s%s; a kernel with seccomp is needed, or \"sandbox: no\" in sejf.yaml",
                         f.at == NULL ? "" : " at ", f.at == NULL ? "" : f.at);
    return OK;
}

enum code calls_limit(unsigned calls, struct err *reterr) { return load(SCMP_ACT_ERRNO(EPERM), add_tables, calls, reterr); }
enum code calls_narrow(unsigned calls, struct err *reterr) { return load(SCMP_ACT_ALLOW, take_away, calls, reterr); }
