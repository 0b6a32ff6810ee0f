/* dial.c — FINDS (addresses) -> CONNECTS (each in turn) -> ENDED, or ASKS -> ENDED. Invariant: `fd` is the socket that is being connected, in ASKS the
 * connection to the dialer; there is none behind the end. */
#include "prog/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "prog/relay_find.h"
#include "sys/files.h"
#include "sys/sockets.h"

#define FIND_USEC (40 * USEC_PER_SEC)        /* of a resolver with two servers that it asks twice */
#define CONNECT_USEC (20 * USEC_PER_SEC)
#define ADDRESSES_MOST 8                     /* that are tried; a name may have hundreds */
#define ASK_USEC (FIND_USEC + ADDRESSES_MOST * CONNECT_USEC + 10 * USEC_PER_SEC)
static const char name_unknown[] = "the name has no address: look at the name and at this machine's name servers";
static const char nobody[] = "nobody answers there";
static const char dialer_gone[] = "the process that makes connections is away";

enum state { ASKS, FINDS, CONNECTS, ENDED };
struct dial {
    enum state state;
    struct relay_find *find;                 /* in FINDS */
    struct addrinfo *addresses, *next;       /* next: to be tried */
    int fd, tried;
    usec_t until;
    bool done;                               /* ENDED: fd is connected */
    char why[160];
};

static void end(struct dial *d, const char *why) {
    d->state = ENDED;
    d->done = why == NULL;
    if (why != NULL) {
        fd_close(&d->fd);
        snprintf(d->why, sizeof d->why, "%s", why);
    }
}

int dial_fd(const struct dial *d) { return d->find != NULL ? relay_find_fd(d->find) : d->fd; }
short dial_events(const struct dial *d) { return d->state == CONNECTS ? POLLOUT : POLLIN; }
usec_t dial_until(const struct dial *d) { return d->until; }
const char *dial_why(const struct dial *d) { return d->why; }

/* ---- made here */

static bool connect_begin(struct dial *d, const struct addrinfo *a) {
    fd_close(&d->fd);
    d->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->fd < 0 || (connect(d->fd, a->ai_addr, a->ai_addrlen) != 0 && errno != EINPROGRESS))
        return false;
    if (setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) != 0)      /* else a dot waits for what the relay says of the text */
        return false;
    d->until = clock_steady() + CONNECT_USEC;
    return true;
}

static void connect_next(struct dial *d) {
    d->state = CONNECTS;
    while (d->next != NULL && d->tried++ < ADDRESSES_MOST) {
        const struct addrinfo *a = d->next;
        d->next = a->ai_next;
        if (connect_begin(d, a))
            return;
    }
    end(d, nobody);
}

static void find_turn(struct dial *d) {
    if (!relay_find_take(d->find, &d->addresses))
        return;
    d->find = relay_find_end(d->find);
    d->next = d->addresses;
    if (d->addresses == NULL)
        end(d, name_unknown);
    else
        connect_next(d);
}

static void connect_turn(struct dial *d) {
    struct pollfd p = { .fd = d->fd, .events = POLLOUT };
    int num = 0;
    socklen_t len = sizeof num;
    if (poll(&p, 1, 0) <= 0)
        return;
    if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &num, &len) != 0)
        num = errno;
    if (num == EINPROGRESS || num == EALREADY)
        return;
    if (num != 0)
        connect_next(d);
    else
        end(d, NULL);
}

enum code dial_begin(const char *host, int port, struct dial **ret, struct err *reterr) {
    PRE(host != NULL && ret != NULL && reterr != NULL);
    AUTO(dial_end) struct dial *d = mem_new(sizeof *d);
    if (d == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a connection");
    *d = (struct dial){ .state = FINDS, .fd = -1, .until = clock_steady() + FIND_USEC };
    enum code code = relay_find_begin(host, port, &d->find, reterr);
    if (code != OK)
        return code;
    find_turn(d);                            /* a number is known at once */
    *ret = TAKE(d);
    return OK;
}

/* ---- asked for */

enum code dial_ask(int line, struct dial **ret, struct err *reterr) {
    PRE(line >= 0 && ret != NULL && reterr != NULL);
    AUTO(dial_end) struct dial *d = mem_new(sizeof *d);
    if (d == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a connection");
    *d = (struct dial){ .state = ASKS, .fd = -1, .until = clock_steady() + ASK_USEC };
    if (line_send(line, &d->fd, reterr) != OK)
        return err_set(reterr, E_PEER, "%s", dialer_gone);
    *ret = TAKE(d);
    return OK;
}

bool dial_answer(int asked, int fd, const char *why) { return socket_give(asked, why == NULL ? "" : why, fd); }

static void ask_turn(struct dial *d) {
    char why[sizeof d->why];
    int given = -1;
    int came = socket_given(d->fd, why, sizeof why, &given);
    if (came == 0)
        return;
    fd_close(&d->fd);
    d->fd = given;
    end(d, given >= 0 ? NULL : came < 0 || why[0] == 0 ? dialer_gone : why);
}

/* ---- both */

struct dial *dial_end(struct dial *d) {
    if (d == NULL)
        return NULL;
    d->find = relay_find_end(d->find);
    if (d->addresses != NULL)
        freeaddrinfo(d->addresses);
    fd_close(&d->fd);
    return mem_free(d);
}

void dial_late(struct dial *d) {
    if (d->state == CONNECTS)
        connect_next(d);
    else if (d->state != ENDED)
        end(d, d->state == FINDS ? name_unknown : dialer_gone);
}

enum dial_state dial_go_on(struct dial *d, int *ret_fd) {
    PRE(d != NULL && ret_fd != NULL);
    if (d->state == FINDS)
        find_turn(d);
    if (d->state == CONNECTS)
        connect_turn(d);
    if (d->state == ASKS)
        ask_turn(d);
    if (d->state != ENDED)
        return DIAL_WAITS;
    if (!d->done)
        return DIAL_FAILED;
    if (d->fd < 0)
        return DIAL_WAITS;                   /* it was taken */
    *ret_fd = fd_take(&d->fd);
    return DIAL_DONE;
}
