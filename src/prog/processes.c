/* processes.c — the keeper and the server: each opens what it needs, enters its sandbox, says that it is ready, runs its
 * loop. What each may reach is stated beside it. Both are started by the parent, with their descriptors. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "keeper/server.h"
#include "prog/commands.h"
#include "prog/engine.h"
#include "prog/keys.h"
#include "prog/options.h"
#include "sys/files.h"
#include "sys/sandbox.h"
#include "sys/sockets.h"

#define LISTENER 3

struct given { struct place *place; int64_t ready, log, secret, life, line, peer /* the user that may call the keeper */; };

static enum code read_given(int argc, char *const *argv, const char *name, struct given *ret, struct err *reterr) {
    const char *config = NULL;
    struct plain_words w;
    *ret = (struct given){ .ready = -1, .log = -1, .secret = -1, .life = -1, .line = -1, .peer = -1 };
    const struct option options[] = { { "config", OPTION_TEXT, &config }, { "ready", OPTION_NUMBER, &ret->ready },
                                      { "log", OPTION_NUMBER, &ret->log }, { "secret", OPTION_NUMBER, &ret->secret }, { "life", OPTION_NUMBER, &ret->life }, { "line", OPTION_NUMBER, &ret->line },
                                      { "peer", OPTION_NUMBER, &ret->peer } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &w, reterr);
    if (code == OK && (config == NULL || ret->ready < LISTENER || ret->peer < 0))
        return err_set(reterr, E_USAGE, "the %s is started by `sejf serve`", name);
    if (code == OK)
        code = place_open(NULL, config, &ret->place, reterr);
    if (code == OK)
        log_init(name, place_instance(ret->place)->log_level, (int)ret->log);
    return code;
}

static enum code stop_signals(int *ret_fd, struct err *reterr) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return err_errno(reterr, errno, "cannot block signals");
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot listen for signals");
    *ret_fd = fd;
    return OK;
}

/* One descriptor that is readable when either is: a signal came, or the other end of the life line is closed. */
static enum code stop_with_life(int life, int *stop, struct err *reterr) {
    if (life < 0)
        return OK;
    int both = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event on = { .events = EPOLLIN };
    if (both < 0 || epoll_ctl(both, EPOLL_CTL_ADD, *stop, &on) != 0 || epoll_ctl(both, EPOLL_CTL_ADD, life, &on) != 0) {
        int num = errno;
        fd_close(&both);
        return err_errno(reterr, num, "cannot watch the life line");
    }
    *stop = both;                                 /* the signals' own descriptor lives on inside it, as long as this process */
    return OK;
}

static void say_ready(void *arg) {
    const struct given *g = arg;
    (void)!write((int)g->ready, "R", 1);
    (void)close((int)g->ready);
}

/* ---- keeper: its own directory, and the connections that come to it by its socket and its line; it makes none, no network, no other
 * file */

static enum code keeper_sandbox(void *arg, struct err *reterr) {
    struct given *g = arg;
    const struct sandbox_path paths[] = { { place_path(g->place, "keeper"), SANDBOX_READ | SANDBOX_WRITE, false } };
    const struct sandbox s = { "the keeper", paths, ARRAY_LEN(paths), CALLS_FILES | CALLS_TALK };
    return place_instance(g->place)->sandbox ? sandbox_enter(&s, reterr) : OK;
}

enum code cmd_keeper(int argc, char *const *argv, struct err *reterr) {
    struct given g;
    AUTO(fd_close) int stop = -1;
    struct keyring_options keyring;
    enum code code = read_given(argc, argv, "keeper", &g, reterr);
    AUTO(place_close) struct place *p = g.place;
    if (code == OK)
        code = stop_signals(&stop, reterr);
    if (code == OK)
        code = stop_with_life((int)g.life, &stop, reterr);
    if (code == OK)
        code = keys_options(p, (int)g.secret, &keyring, reterr);
    if (code != OK)
        return code;
    const struct keeper_config config = { .keyring = keyring, .server_user = (uid_t)g.peer, .line_fd = (int)g.line, .stop_fd = stop,
        .sandbox = keeper_sandbox, .ready = say_ready, .arg = &g };
    return keeper_serve(&config, LISTENER, reterr);
}

/* ---- server: the store, the files; the connections that come to it, and pairs of sockets, one of which goes over the line to the
 * keeper. It connects to nothing: landlock does not know Unix sockets, so the call itself is not there */

static enum code server_sandbox(struct place *p, struct err *reterr) {
    const struct instance *i = place_instance(p);
    struct sandbox_path paths[6] = {
        { place_path(p, "store"), SANDBOX_READ | SANDBOX_WRITE, false },
        { place_path(p, "files"), SANDBOX_READ | SANDBOX_WRITE, false },
        { "/usr/share/zoneinfo", SANDBOX_READ, true },
        { "/dev/urandom", SANDBOX_READ, true },
    };
    const char *const named[] = { i->brand_logo, i->metrics_token };      /* by sejf.yaml; there may be none */
    size_t count = 4;
    for (size_t n = 0; n < ARRAY_LEN(named); n++)
        if (named[n] != NULL)
            paths[count++] = (struct sandbox_path){ named[n], SANDBOX_READ, true };
    const struct sandbox s = { "the server", paths, count, CALLS_FILES | CALLS_THREADS | CALLS_TALK | CALLS_PAIRS };
    return i->sandbox ? sandbox_enter(&s, reterr) : OK;
}

enum code cmd_server(int argc, char *const *argv, struct err *reterr) {
    struct given g;
    AUTO(fd_close) int stop = -1;
    AUTO(fd_close) int control = -1;
    struct charter *const *charters;
    struct uuid id;
    size_t count;
    (void)mem_share();
    enum code code = read_given(argc, argv, "server", &g, reterr);
    AUTO(place_close) struct place *p = g.place;
    if (code == OK)
        code = stop_signals(&stop, reterr);
    if (code == OK)
        code = place_charters(p, &charters, &count, reterr);       /* these are read before they are out of reach */
    if (code == OK)
        code = place_id(p, &id, reterr);
    if (code == OK)
        code = listen_unix(place_path(p, "run/server/control.sock"), 0600, &control, reterr);
    if (code == OK)
        code = server_sandbox(p, reterr);
    AUTO(engine_close) struct engine *e = NULL;
    if (code == OK)
        code = engine_open(p, control, LISTENER, (int)g.line, &e, reterr);
    if (code != OK)
        return code;
    say_ready(&g);
    return api_serve(engine_api(e), LISTENER, stop, reterr);
}
