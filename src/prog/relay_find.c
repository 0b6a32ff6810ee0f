/* relay_find.c — invariant: a search has two owners, who asked and the thread; the last to let go frees it. getaddrinfo cannot be called off, so
 * a thread that hangs ends when the resolver gives up, by itself. */
#include "prog/relay_find.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/files.h"

#define THREADS_MOST 16
#define STACK ((size_t)512 << 10)

struct relay_find {
    atomic_int owners;
    atomic_bool known;
    int fd;
    char *host, port[8];
    struct addrinfo *found;                  /* the thread's until `known`, then who asked */
};
static atomic_int threads;                   /* that look something up */
static int (*look_up)(const char *host, const char *port, const struct addrinfo *wish, struct addrinfo **ret) = getaddrinfo;

static void let_go(struct relay_find *f) {
    if (atomic_fetch_sub(&f->owners, 1) > 1)
        return;
    if (f->found != NULL)
        freeaddrinfo(f->found);
    fd_close(&f->fd);
    mem_free(f->host);
    mem_free(f);
}

static bool look(struct relay_find *f, int flags) {
    const struct addrinfo wish = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags };
    uint64_t one = 1;
    if (look_up(f->host, f->port, &wish, &f->found) != 0) {
        f->found = NULL;
        if (flags != 0)
            return false;
    }
    atomic_store(&f->known, true);
    return write(f->fd, &one, sizeof one) == (ssize_t)sizeof one;
}

static void *thread_run(void *arg) {
    struct relay_find *f = arg;
    (void)look(f, 0);
    let_go(f);
    atomic_fetch_sub(&threads, 1);
    return NULL;
}

static enum code thread_begin(struct relay_find *f, struct err *reterr) {
    pthread_attr_t attr;
    pthread_t thread;
    if (atomic_fetch_add(&threads, 1) >= THREADS_MOST) {
        atomic_fetch_sub(&threads, 1);
        return err_set(reterr, E_BUSY, "this machine's name servers do not answer");
    }
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK);
    atomic_store(&f->owners, 2);
    int num = pthread_create(&thread, &attr, thread_run, f);
    pthread_attr_destroy(&attr);
    if (num == 0)
        return OK;
    atomic_store(&f->owners, 1);
    atomic_fetch_sub(&threads, 1);
    return err_errno(reterr, num, "no thread to look up the name of the relay");
}

enum code relay_find_begin(const char *host, int port, struct relay_find **ret, struct err *reterr) {
    PRE(host != NULL && ret != NULL && reterr != NULL);
    AUTO(relay_find_end) struct relay_find *f = mem_new(sizeof *f);
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the relay");
    atomic_store(&f->owners, 1);
    f->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    f->host = mem_text(host);
    snprintf(f->port, sizeof f->port, "%d", port);
    if (f->fd < 0 || f->host == NULL)
        return err_set(reterr, E_MEMORY, "no memory, or no descriptor, for the relay");
    enum code code = look(f, AI_NUMERICHOST) ? OK : thread_begin(f, reterr);
    if (code == OK)
        *ret = TAKE(f);
    return code;
}

struct relay_find *relay_find_end(struct relay_find *f) {
    if (f != NULL)
        let_go(f);
    return NULL;
}

int relay_find_fd(const struct relay_find *f) { return f->fd; }

bool relay_find_take(struct relay_find *f, struct addrinfo **ret) {
    PRE(f != NULL && ret != NULL);
    if (!atomic_load(&f->known))
        return false;
    *ret = TAKE(f->found);
    return true;
}
