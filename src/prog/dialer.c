/* dialer.c — a guest is one connection that was asked for. Invariant: a guest has a dial until it was answered, and then it is gone. */
#include "prog/dialer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "prog/dial.h"
#include "sys/files.h"
#include "sys/sockets.h"

#define GUESTS_MAX 48u                       /* above the connections of the mailer */
#define LINE 3                               /* the descriptor that it keeps */

struct guest { int fd; struct dial *dial; };
struct dialer { const struct dialer_config *config; struct guest guests[GUESTS_MAX]; size_t count; bool stale; };

/* The sandbox was entered with the files as they were then; one that was replaced since cannot be opened any more. */
static bool is_stale(void) {
    static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts" };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO(fd_close) int fd = open(files[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == EACCES)
            return true;
    }
    return false;
}

/* False: it is over. */
static bool guest_turn(struct dialer *d, struct guest *g) {
    AUTO(fd_close) int made = -1;
    if (clock_steady() >= dial_until(g->dial))
        dial_late(g->dial);
    switch (dial_go_on(g->dial, &made)) {
    case DIAL_WAITS:
        return true;
    case DIAL_DONE:
        (void)dial_answer(g->fd, made, NULL);
        return false;
    case DIAL_FAILED:
        d->stale = d->stale || is_stale();
        (void)dial_answer(g->fd, -1, dial_why(g->dial));
        return false;
    }
    return false;
}

static void guest_end(struct guest *g) {
    g->dial = dial_end(g->dial);
    fd_close(&g->fd);
}

static void guest_add(struct dialer *d, int new_fd) {
    struct guest g = { .fd = new_fd };
    struct err e;
    if (dial_begin(d->config->host, d->config->port, &g.dial, &e) == OK) {
        d->guests[d->count++] = g;
        return;
    }
    (void)dial_answer(g.fd, -1, e.text);
    guest_end(&g);
}

/* False: the mailer is gone. */
static bool line_turn(struct dialer *d, int line, short ready) {
    int fd = (ready & POLLIN) != 0 && d->count < GUESTS_MAX ? line_take(line) : -1;
    if (fd >= 0)
        guest_add(d, fd);
    return fd >= 0 || (ready & (POLLHUP | POLLERR | POLLNVAL)) == 0;
}

bool dialer_serve(const struct dialer_config *config, int line) {
    struct dialer d = { .config = config };
    bool there = true;
    while (there && !d.stale) {
        struct pollfd p[1 + 2 * GUESTS_MAX];
        size_t count = d.count, kept = 0;
        p[0] = (struct pollfd){ .fd = line, .events = (short)(count < GUESTS_MAX ? POLLIN : 0) };
        for (size_t i = 0; i < count; i++) {
            p[1 + 2 * i] = (struct pollfd){ .fd = d.guests[i].fd, .events = 0 };
            p[2 + 2 * i] = (struct pollfd){ .fd = dial_fd(d.guests[i].dial), .events = dial_events(d.guests[i].dial) };
        }
        if (poll(p, (nfds_t)(1 + 2 * count), 500) < 0 && errno != EINTR)
            break;
        for (size_t i = 0; i < count; i++) {
            if ((p[1 + 2 * i].revents & (POLLHUP | POLLERR)) == 0 && guest_turn(&d, &d.guests[i]))
                d.guests[kept++] = d.guests[i];
            else
                guest_end(&d.guests[i]);
        }
        d.count = kept;
        there = line_turn(&d, line, p[0].revents);
    }
    for (size_t i = 0; i < d.count; i++)
        guest_end(&d.guests[i]);
    return !d.stale;
}

static void child_run(const struct dialer_config *config, int line, pid_t parent) __attribute__((noreturn));
static void child_run(const struct dialer_config *config, int line, pid_t parent) {
    struct err e;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || dup2(line, LINE) != LINE || close_range(LINE + 1, ~0u, 0) != 0)
        _exit(1);
    (void)prctl(PR_SET_NAME, "sejf-dialer");
    log_init("dialer", LOG_WARN, -1);
    if (config->sandbox != NULL && config->sandbox(config->arg, &e) != OK) {
        log_event(LOG_ERROR, "dialer_sandbox", LOG_TEXT("why", e.text));
        _exit(1);
    }
    _exit(dialer_serve(config, LINE) ? 0 : 1);
}

enum code dialer_start(const struct dialer_config *config, int *ret_line, struct err *reterr) {
    PRE(config != NULL && config->host != NULL && ret_line != NULL && reterr != NULL);
    AUTO(fd_close) int ours = -1;
    AUTO(fd_close) int its = -1;
    enum code code = line_make(&ours, &its, reterr);
    if (code != OK)
        return code;
    pid_t parent = getpid(), child = fork();
    if (child < 0)
        return err_errno(reterr, errno, "cannot start the process that makes connections");
    if (child == 0)
        child_run(config, its, parent);
    *ret_line = fd_take(&ours);
    return OK;
}
