/* processes.c — the keeper, the server, the sender and the mailer: each opens what it needs, enters its sandbox, says that it is ready, runs its
 * loop. What each may reach is stated beside it. Both are started by the parent, with their descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rule.h"
#include "crypto/cert.h"
#include "keeper/server.h"
#include "prog/commands.h"
#include "prog/dialer.h"
#include "prog/engine.h"
#include "prog/keys.h"
#include "prog/mailer.h"
#include "prog/options.h"
#include "prog/sender.h"
#include "sys/files.h"
#include "sys/sandbox.h"
#include "sys/sockets.h"

#define LISTENER 3

struct given { struct place *place; int64_t ready, log, secret, life, line, sender, mailer /* server: the lines to them */, peer /* the user that may call keeper and sender */; };

static enum code read_given(int argc, char *const *argv, const char *name, struct given *ret, struct err *reterr) {
    const char *config = NULL;
    struct plain_words w;
    *ret = (struct given){ .ready = -1, .log = -1, .secret = -1, .life = -1, .line = -1, .sender = -1, .mailer = -1, .peer = -1 };
    const struct option options[] = { { "config", OPTION_TEXT, &config }, { "ready", OPTION_NUMBER, &ret->ready },
                                      { "log", OPTION_NUMBER, &ret->log }, { "secret", OPTION_NUMBER, &ret->secret }, { "life", OPTION_NUMBER, &ret->life }, { "line", OPTION_NUMBER, &ret->line },
                                      { "sender", OPTION_NUMBER, &ret->sender }, { "mailer", OPTION_NUMBER, &ret->mailer }, { "peer", OPTION_NUMBER, &ret->peer } };
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

/* *stop becomes readable when that is, too, or when its other end is closed. */
static enum code stop_with(int other, uint32_t events, int *stop, struct err *reterr) {
    if (other < 0)
        return OK;
    int both = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event on = { .events = EPOLLIN }, with = { .events = events };
    if (both < 0 || epoll_ctl(both, EPOLL_CTL_ADD, *stop, &on) != 0 || epoll_ctl(both, EPOLL_CTL_ADD, other, &with) != 0) {
        int num = errno;
        fd_close(&both);
        return err_errno(reterr, num, "cannot watch another process");
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
        code = stop_with((int)g.life, EPOLLIN, &stop, reterr);
    if (code == OK)
        code = keys_options(p, (int)g.secret, &keyring, reterr);
    if (code != OK)
        return code;
    const struct keeper_config config = { .keyring = keyring, .server_user = (uid_t)g.peer, .line_fd = (int)g.line, .stop_fd = stop,
        .sandbox = keeper_sandbox, .ready = say_ready, .arg = &g };
    return keeper_serve(&config, LISTENER, reterr);
}

/* ---- server: the store, the files; the connections that come to it, and pairs of sockets, one of which goes over the line to the
 * keeper. It connects to nothing: landlock does not know Unix sockets, so the call itself is not there (but where sejf.yaml declares
 * somebody who is asked at a socket) */

static enum code server_sandbox(struct place *p, struct err *reterr) {
    const struct instance *i = place_instance(p);
    struct sandbox_path paths[12] = {
        { place_path(p, "store"), SANDBOX_READ | SANDBOX_WRITE, false },
        { place_path(p, "files"), SANDBOX_READ | SANDBOX_WRITE, false },
        { "/usr/share/zoneinfo", SANDBOX_READ, true },
        { "/dev/urandom", SANDBOX_READ, true },
        { "/usr/share/fonts", SANDBOX_READ, true },                       /* of documents (doc/pdf.h); the library reads its own settings first */
        { "/etc/fonts", SANDBOX_READ, true },
        { "/usr/share/fontconfig", SANDBOX_READ, true },
        { "/var/cache/fontconfig", SANDBOX_READ, true },
        { place_path(p, "run/log"), SANDBOX_READ, true },                 /* how old the oldest line of the log is */
    };
    const char *const named[] = { i->brand_logo, i->metrics_token };      /* by sejf.yaml; there may be none */
    size_t count = 9;
    for (size_t n = 0; n < ARRAY_LEN(named); n++)
        if (named[n] != NULL)
            paths[count++] = (struct sandbox_path){ named[n], SANDBOX_READ, true };
    unsigned calls = CALLS_FILES | CALLS_THREADS | CALLS_TALK | CALLS_PAIRS;
    for (size_t n = 0; n < i->asker_count; n++)
        if (i->askers[n].socket != NULL)
            calls |= CALLS_UNIX;               /* who is asked at a socket of this machine, where sejf.yaml declares one */
    const struct sandbox s = { "the server", paths, count, calls };
    return i->sandbox ? sandbox_enter(&s, reterr) : OK;
}

enum code cmd_server(int argc, char *const *argv, struct err *reterr) {
    struct given g;
    AUTO(fd_close) int stop = -1;
    AUTO(fd_close) int control = -1;
    struct charter *const *charters;
    struct uuid id;
    size_t count;
    uid_t *askers = NULL;                    /* as long as the process */
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
        code = listen_unix_after(place_path(p, "run/server/control.sock"), 0600, END_WAIT_MS, &control, reterr);
    if (code == OK)
        code = engine_askers(place_instance(p), &askers, reterr);
    if (code == OK)
        code = server_sandbox(p, reterr);
    AUTO(engine_close) struct engine *e = NULL;
    if (code == OK)
        code = engine_open(p, &(struct engine_given){ .control = control, .http = LISTENER, .line = (int)g.line, .sender = (int)g.sender, .mailer = (int)g.mailer, .askers = askers, .secrets = (int)g.secret }, &e, reterr);
    if (code != OK)
        return code;
    say_ready(&g);
    return api_serve(engine_api(e), LISTENER, stop, reterr);
}

/* ---- sender: connections out to the declared ports, the files of authorities and of the resolver; no other file, no key, nobody reaches it */

#define RESOLVER "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/run/systemd/resolve"
#define PORTS_MAX 200u
#define PORT_DNS 53u
#define PORT_HTTPS 443u

static void port_add(uint16_t ret[PORTS_MAX], size_t *count, int port) {
    for (size_t k = 0; k < *count; k++)
        if (ret[k] == (uint16_t)port)
            return;
    if (*count < PORTS_MAX)
        ret[(*count)++] = (uint16_t)port;
}

static size_t sender_ports(const struct instance *i, uint16_t ret[PORTS_MAX]) {
    size_t count = 0;
    port_add(ret, &count, PORT_DNS);         /* answers that are too long for a datagram */
    if (i->webhooks_anywhere)
        port_add(ret, &count, PORT_HTTPS);
    for (size_t d = 0; d < i->destination_count; d++)
        port_add(ret, &count, i->destinations[d].port);
    return count;
}

static enum code sender_sandbox(void *arg, struct err *reterr) {
    struct given *g = arg;
    const struct instance *i = place_instance(g->place);
    static const char *const system[] = { RESOLVER, "/etc/ssl/certs", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/dev/urandom" };
    struct sandbox_path paths[ARRAY_LEN(system) + PORTS_MAX];
    uint16_t ports[PORTS_MAX];
    size_t count = 0;
    for (; count < ARRAY_LEN(system); count++)
        paths[count] = (struct sandbox_path){ system[count], SANDBOX_READ, true };
    for (size_t d = 0; d < i->destination_count && count < ARRAY_LEN(paths); d++)
        if (i->destinations[d].ca != NULL)
            paths[count++] = (struct sandbox_path){ i->destinations[d].ca, SANDBOX_READ, false };
    const struct sandbox s = { "the sender", paths, count, CALLS_FILES | CALLS_THREADS | CALLS_TALK | CALLS_PAIRS | CALLS_OUT, ports, sender_ports(i, ports) };
    return i->sandbox ? sandbox_enter(&s, reterr) : OK;
}

/* Each file of authorities is looked into before it is needed: a wrong one is told at the start. */
static enum code sender_authorities(const struct instance *i, struct err *reterr) {
    for (size_t d = 0; d < i->destination_count; d++) {
        AUTO(buf_done) struct buf pem = BUF(1u << 20);
        struct cert_info info;
        const char *ca = i->destinations[d].ca;
        enum code code = ca == NULL ? OK : file_read(ca, &pem, reterr);
        if (code == OK && ca != NULL)
            code = cert_read(pem.data, pem.len, &info, reterr);
        if (code != OK)
            return err_set(reterr, E_CONFIG, "%s, the \"ca\" of %s in sejf.yaml, cannot be read as certificates by the user of the sender", ca, i->destinations[d].host);
    }
    return OK;
}

enum code cmd_sender(int argc, char *const *argv, struct err *reterr) {
    struct given g;
    AUTO(fd_close) int stop = -1;
    enum code code = read_given(argc, argv, "sender", &g, reterr);
    AUTO(place_close) struct place *p = g.place;
    if (code == OK && g.line < LISTENER)
        code = err_set(reterr, E_USAGE, "the sender is started by `sejf serve`");
    if (code == OK)
        code = stop_signals(&stop, reterr);
    if (code == OK)
        code = sender_authorities(place_instance(p), reterr);
    if (code != OK)
        return code;
    const struct instance *i = place_instance(p);
    const struct sender_config config = { .to = { i->destinations, i->destination_count, RELAY_AUTHORITIES, i->webhooks_anywhere }, .server_user = (uid_t)g.peer,
        .line_fd = (int)g.line, .stop_fd = stop, .sandbox = sender_sandbox, .ready = say_ready, .arg = &g };
    return sender_serve(&config, reterr);
}

/* ---- mailer: it talks over connections that it is given; it makes none, and opens no file. The dialer makes those to the relay: connections out to that
 * port and to name servers, the files of the resolver */

static bool kept_apart(const struct given *g) { return place_instance(g->place)->sandbox && rule_on(RULE_process_apart); }

static enum code mailer_sandbox(void *arg, struct err *reterr) {
    const struct sandbox s = { "the mailer", NULL, 0, CALLS_TALK | CALLS_PAIRS };
    return kept_apart(arg) ? sandbox_enter(&s, reterr) : OK;
}

static enum code dialer_sandbox(void *arg, struct err *reterr) {
    struct given *g = arg;
    static const char *const system[] = { RESOLVER, "/dev/urandom" };
    struct sandbox_path paths[ARRAY_LEN(system)];
    const uint16_t ports[] = { PORT_DNS, (uint16_t)place_instance(g->place)->mail->port };
    for (size_t n = 0; n < ARRAY_LEN(system); n++)
        paths[n] = (struct sandbox_path){ system[n], SANDBOX_READ, true };
    const struct sandbox s = { "the dialer", paths, ARRAY_LEN(paths), CALLS_FILES | CALLS_THREADS | CALLS_TALK | CALLS_OUT, ports, ARRAY_LEN(ports) };
    return place_instance(g->place)->sandbox ? sandbox_enter(&s, reterr) : OK;
}

/* Each is tried as an intruder would; what a sandbox leaves is named. */
static void mailer_reaches(void *arg, char *ret, size_t room) {
    const struct given *g = arg;
    static const char *const ours[] = { "keeper", "store", "files", "charters", "tls", "run", "log", "sejf.yaml" };
    static const char *const system[] = { "/etc/passwd", "/etc/resolv.conf", "/proc/self/environ", "/" };
    static const struct { int family; const char *name; } sockets[] = { { AF_INET, "IPv4 sockets" }, { AF_INET6, "IPv6 sockets" }, { AF_UNIX, "sockets of this machine" } };
    struct buf out = buf_over(ret, room);
    for (size_t i = 0; i < ARRAY_LEN(ours) + ARRAY_LEN(system); i++) {
        bool own = i < ARRAY_LEN(ours);
        const char *name = own ? ours[i] : system[i - ARRAY_LEN(ours)];
        AUTO(fd_close) int fd = open(own ? place_path(g->place, "%s", name) : name, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            buf_printf(&out, "%s%s", out.len == 0 ? "" : ", ", name);
    }
    for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
        AUTO(fd_close) int fd = socket(sockets[i].family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0)
            buf_printf(&out, "%s%s", out.len == 0 ? "" : ", ", sockets[i].name);
    }
}

/* The signals, the life line, and the dialer: readable when any of them ends us. */
static enum code mailer_dialer(struct given *g, int *stop, int *ret_line, struct err *reterr) {
    const struct mail_relay *to = place_instance(g->place)->mail;
    const struct dialer_config config = { .host = to->host, .port = to->port, .sandbox = dialer_sandbox, .arg = g };
    enum code code = dialer_start(&config, ret_line, reterr);
    return code == OK ? stop_with(*ret_line, 0, stop, reterr) : code;
}

enum code cmd_mailer(int argc, char *const *argv, struct err *reterr) {
    struct given g;
    AUTO(fd_close) int stop = -1;
    AUTO(fd_close) int dialer = -1;
    AUTO(tls_trust_free) struct tls_trust *trust = NULL;
    AUTO(buf_wipe) struct buf password = BUF(4096);
    enum code code = read_given(argc, argv, "mailer", &g, reterr);
    AUTO(place_close) struct place *p = g.place;
    const struct mail_relay *to = code == OK ? place_instance(p)->mail : NULL;
    if (code == OK && (g.line < LISTENER || to == NULL))
        code = err_set(reterr, E_USAGE, "the mailer is started by `sejf serve`, where sejf.yaml declares a relay (mail)");
    if (code == OK)
        code = stop_signals(&stop, reterr);
    if (code == OK)
        code = mailer_dialer(&g, &stop, &dialer, reterr);      /* before a secret is read */
    if (code == OK && to->tls != RELAY_PLAIN)
        code = tls_trust_new(to->ca != NULL ? to->ca : RELAY_AUTHORITIES, &trust, reterr);
    if (code == OK && to->user != NULL)
        code = relay_password((int)g.secret, &password, reterr);
    if (code != OK)
        return code;
    const struct mailer_config config = { .way = { to, place_instance(p)->host, to->user == NULL ? NULL : buf_str(&password), trust, dialer }, .server_user = (uid_t)g.peer, .line_fd = (int)g.line,
        .listen_fd = LISTENER, .bounces = to->bounces_domain, .stop_fd = stop, .sandbox = mailer_sandbox, .ready = say_ready, .reaches = sandbox_built() ? mailer_reaches : NULL, .arg = &g };
    return mailer_serve(&config, reterr);
}
