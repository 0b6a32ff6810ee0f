/* process.h — children by fork and exec, watched by pidfd, and how long to wait before one is started anew.
 * For single-threaded processes (the parent). A struct process is a value; process_forget closes its pidfd. */
#pragma once
#include <sys/types.h>

#include "base/time.h"
#include "sys/sandbox.h"
#include "sys/users.h"

struct process { pid_t pid; int pidfd; };
#define NO_PROCESS (struct process){ 0, -1 }

#define PROCESS_FDS_MAX 16
struct process_start {
    const char *path;                        /* what is executed */
    const char *const *argv, *const *env;    /* both end with NULL; env is all that the child gets */
    const int *fds; size_t fd_count;         /* the child has them as 3, 4, …; everything else is closed */
    int out;                                 /* standard output and error; -1: ours. Standard input is empty */
    const char *directory;                   /* working directory; NULL: ours */
    const struct user *user;                 /* dropped to before exec; NULL: ours */
    const struct sandbox *files;             /* that the program starts in (sandbox_enter_program); NULL: none */
    mode_t umask;
};
/* The child leads a process group of its own and gets SIGTERM when this thread dies. The answer comes after the
 * exec: a program that cannot be executed is an error here, not a child that dies. */
MUST_USE enum code process_start(const struct process_start *s, struct process *ret, struct err *reterr);

enum process_end { PROCESS_RUNS, PROCESS_EXITED, PROCESS_KILLED };
/* Without waiting; *ret_status: exit code or signal. A child that ended is forgotten and its group killed, so that
 * nothing that it started lives on. */
enum process_end process_poll(struct process *p, int *ret_status);
bool process_signal(const struct process *p, int signal);
/* SIGTERM, then SIGKILL to the whole group after wait_ms; returns when it is gone. */
enum process_end process_stop(struct process *p, int signal, int wait_ms, int *ret_status);
/* Waits until it ends or wait_ms have passed (-1: for ever). */
enum process_end process_wait(struct process *p, int wait_ms, int *ret_status);
/* /proc/PID/exe-independent look: is a process of this number there. */
bool process_alive(pid_t pid);

/* Delay before the next start: at once, then 0.1 s doubling to 30 s; a run of a minute forgives. */
struct backoff { int failures; usec_t started; };
usec_t backoff_next(struct backoff *b, usec_t now);
