/* sandbox.h — what a process gives up before it reads the first foreign byte: landlock (files, TCP), no_new_privs,
 * seccomp (calls, no memory that is writable and executable). The kernel is asked at run time; a sandbox that was
 * asked for and cannot be had is an error, never a silent gap. Enter it once, before any thread is made.
 * In sanitizer builds there is none, and sandbox_built() says so. */
#pragma once
#include "base/err.h"

enum sandbox_right {
    SANDBOX_READ = 1,                        /* read files and list directories below the path */
    SANDBOX_WRITE = 2,                       /* write, make, rename, cut and remove files and directories */
    SANDBOX_SOCKETS = 4,                     /* make Unix sockets in it */
    SANDBOX_EXECUTE = 8,                     /* run programs and map libraries below the path */
};
struct sandbox_path { const char *path; unsigned rights; bool optional; /* may be absent */ };

enum sandbox_calls {                         /* beside memory, waiting, clocks and open descriptors */
    CALLS_FILES = 1,                         /* open, make, rename, remove, sync */
    CALLS_THREADS = 2,
    CALLS_TALK = 4,                          /* take connections from sockets that listen already, send and receive over open ones */
    CALLS_PAIRS = 8,                         /* with CALLS_TALK: make pairs of connected Unix stream sockets */
    CALLS_UNIX = 16,                         /* all of that, and make Unix sockets, bind, and connect to any that the file system shows */
    CALLS_INET = 32,                         /* the same for TCP and UDP sockets */
    CALLS_OUT = 64,                          /* with CALLS_TALK: TCP and UDP sockets that connect; none that listens, none to a process of this system */
};
struct sandbox {
    const char *process;
    const struct sandbox_path *paths; size_t path_count;
    unsigned calls;
    const uint16_t *ports; size_t port_count;            /* CALLS_OUT: TCP goes to these alone, where the kernel knows how (landlock 4) */
};
/* For a foreign program that is executed next and keeps it: files and TCP by landlock; of its calls only those are taken away that no
 * service makes (mounts, other processes' memory, sockets of other families than Unix without CALLS_INET). */
MUST_USE enum code sandbox_enter_program(const struct sandbox *s, struct err *reterr);
MUST_USE enum code sandbox_enter(const struct sandbox *s, struct err *reterr);

struct sandbox_status {
    bool built;                              /* false: a sanitizer build */
    int landlock_abi;                        /* of the kernel; 0: none */
    bool files, tcp, calls, no_new_privs;    /* in force in this process */
};
void sandbox_status(struct sandbox_status *ret);
/* The same for another process, from /proc (landlock does not show there: files and tcp stay false). */
MUST_USE bool sandbox_status_of(int pid, struct sandbox_status *ret);
bool sandbox_built(void);
#define SANDBOX_ABI_PORTS 4                  /* of landlock (Linux 6.7): from it on, CALLS_OUT keeps to its ports */
