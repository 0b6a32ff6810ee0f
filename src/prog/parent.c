/* parent.c — one loop over the signals, the ends of children, and three clocks (ticket keys, certificate, room on the disk).
 *
 *   STOPPED --start--> STARTING --ready byte--> UP --end--> STOPPED (started again after a delay)
 *   STARTING, never up yet --exit--> the whole installation stops with that code: it refused, and said why
 *
 * Invariant: a child runs if and only if its process has a pid; listening sockets stay open over every restart, so
 * requests wait for the new process instead of being refused. */
#include "prog/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "prog/crew.h"
#include "prog/hosts.h"
#include "prog/reaches.h"
#include "prog/logs.h"
#include "prog/nginx.h"
#include "prog/tls.h"
#include "sys/files.h"
#include "sys/sockets.h"

#define LISTENERS_MAX 16u
#define TICKETS_LIVE (8 * USEC_PER_HOUR)
#define CERTIFICATE_LOOK USEC_PER_DAY
#define ROOM_LOOK USEC_PER_MINUTE
#define PORT_WAIT_MS 5000                    /* the nginx of an earlier parent ends at once; a port that another program has is told soon */
#define NGINX_LINE_MAX 400u
#define NGINX_LOOK (20 * USEC_PER_SEC / 1000)

enum state { STOPPED, STARTING, UP };
struct child {
    enum state state;
    bool was_up;                             /* ever: one that served once is started again, whatever it says */
    struct process process;
    struct backoff backoff;
    usec_t again;                            /* STOPPED: when to start it */
    int ready;                               /* STARTING: our end of its pipe */
    int listeners[LISTENERS_MAX]; size_t listener_count;
};
struct parent {
    struct place *place;
    struct crew crew;
    struct child child[MEMBERS];
    int lock, signals, secret, secrets /* of providers, for the server */, relay_secret, log;
    int line[2];                             /* the server's end, the keeper's end: they outlive both */
    int out_line[2], mail_line[2];           /* the same for the sender and the mailer */
    int nginx_says[2];                       /* pipe of nginx's standard error: read end, write end */
    char nginx_said[NGINX_LINE_MAX];         /* the last of it, for the refusal */
    usec_t rotate_at, look_at, room_at, logs_at;
    uint64_t room_told;                      /* bytes that were left when the log was told last; 0: there is room */
    const char *nginx_pid;                   /* file that it writes */
    const char *pid_file[MEMBERS];
    bool ending, announced;
    enum code refused;                       /* a child's exit code while it was starting */
};

static void child_init(struct child *c) {
    *c = (struct child){ .process = NO_PROCESS, .ready = -1 };
    for (size_t i = 0; i < LISTENERS_MAX; i++)
        c->listeners[i] = -1;
}

static void parent_init(struct parent *r, struct place *p) {
    *r = (struct parent){ .place = p, .lock = -1, .signals = -1, .secret = -1, .secrets = -1, .relay_secret = -1, .log = -1, .line = { -1, -1 }, .out_line = { -1, -1 }, .mail_line = { -1, -1 }, .nginx_says = { -1, -1 } };
    for (int m = 0; m < MEMBERS; m++)
        child_init(&r->child[m]);
    for (int m = 0; m < MEMBERS; m++)
        r->pid_file[m] = place_path(p, "run/%s.pid", member_name((enum member)m));
}

static void parent_done(struct parent *r) {
    for (int m = 0; m < MEMBERS; m++) {
        fd_close(&r->child[m].ready);
        for (size_t i = 0; i < LISTENERS_MAX; i++)
            fd_close(&r->child[m].listeners[i]);
    }
    fd_close(&r->nginx_says[0]);
    fd_close(&r->nginx_says[1]);
    fd_close(&r->line[0]);
    fd_close(&r->line[1]);
    fd_close(&r->out_line[0]);
    fd_close(&r->out_line[1]);
    fd_close(&r->mail_line[0]);
    fd_close(&r->mail_line[1]);
    fd_close(&r->relay_secret);
    fd_close(&r->signals);
    fd_close(&r->secret);
    fd_close(&r->secrets);
    fd_close(&r->log);
    fd_close(&r->lock);
}

static bool wanted(const struct parent *r, enum member m) { return m == NGINX ? place_instance(r->place)->nginx != NULL : member_needed(r->place, m); }

/* ---- before anything runs */

static enum code open_log(struct parent *r, struct err *reterr) {
    const struct instance *i = place_instance(r->place);
    if (i->log != NULL) {
        r->log = open(i->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (r->log < 0)
            return err_errno(reterr, errno, "cannot open the log file %s", i->log);
    }
    log_init("parent", i->log_level, r->log);
    return OK;
}

static enum code open_ports(struct parent *r, struct err *reterr) {
    const struct instance *i = place_instance(r->place);
    struct child *nginx = &r->child[NGINX];
    const char *const *list;
    size_t n = listen_addresses(i, &list);
    const int ports[] = { i->https, i->plain };
    for (size_t p = 0; p < ARRAY_LEN(ports); p++)
        for (size_t a = 0; a < n && ports[p] != 0; a++) {
            if (nginx->listener_count == LISTENERS_MAX)
                return err_set(reterr, E_CONFIG, "at most %u addresses can be listened on", LISTENERS_MAX / 2);
            enum code code = listen_tcp_after(list[a], (uint16_t)ports[p], PORT_WAIT_MS, &nginx->listeners[nginx->listener_count], reterr);
            if (code != OK)
                return code;
            nginx->listener_count++;
        }
    return OK;
}

static enum code open_sockets(struct parent *r, struct err *reterr) {
    enum code code = crew_listen(r->place, &r->crew, "keeper", SERVER, &r->child[KEEPER].listeners[0], reterr);
    if (code == OK)
        code = crew_listen(r->place, &r->crew, "http", NGINX, &r->child[SERVER].listeners[0], reterr);
    if (code == OK)
        code = line_make(&r->line[0], &r->line[1], reterr);
    if (code == OK && wanted(r, SENDER))
        code = line_make(&r->out_line[0], &r->out_line[1], reterr);
    if (code == OK && wanted(r, MAILER))
        code = line_make(&r->mail_line[0], &r->mail_line[1], reterr);
    const struct mail_relay *mail = place_instance(r->place)->mail;
    if (code == OK && wanted(r, MAILER) && mail->bounces_listen != NULL) {
        code = listen_tcp_after(mail->bounces_listen, (uint16_t)mail->bounces_port, PORT_WAIT_MS, &r->child[MAILER].listeners[0], reterr);
        r->child[MAILER].listener_count = 1;
    }
    r->child[KEEPER].listener_count = r->child[SERVER].listener_count = 1;
    if (code == OK && wanted(r, NGINX))
        code = open_ports(r, reterr);
    return code;
}

static enum code open_signals(struct parent *r, struct err *reterr) {
    static const int list[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1 };
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        sigaddset(&set, list[i]);
    (void)signal(SIGPIPE, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 || (r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return err_errno(reterr, errno, "cannot listen for signals");
    return OK;
}

static enum code prepare_front(struct parent *r, struct err *reterr) {
    bool changed = false;
    enum code code = tls_prepare(r->place, crew_user(&r->crew, NGINX), &changed, reterr);
    if (code == OK)
        code = tls_tickets(r->place, crew_user(&r->crew, NGINX), false, reterr);
    if (code == OK && wanted(r, NGINX))
        code = nginx_write(r->place, reterr);
    if (code == OK && wanted(r, NGINX) && crew_user(&r->crew, NGINX) != NULL)
        code = dir_give(place_path(r->place, "nginx/tmp"), r->crew.user[NGINX].uid, r->crew.user[NGINX].gid, reterr);
    if (code == OK && pipe2(r->nginx_says, O_CLOEXEC | O_NONBLOCK) != 0)
        return err_errno(reterr, errno, "cannot make a pipe");
    r->nginx_pid = place_path(r->place, "nginx/tmp/nginx.pid");
    r->rotate_at = clock_steady() + TICKETS_LIVE;
    r->look_at = clock_steady() + CERTIFICATE_LOOK;
    return code;
}

static enum code prepare(struct parent *r, struct err *reterr) {
    struct charter *const *charters;
    struct uuid id;
    size_t count;
    char pid[16], host[HOST_ID];
    crew_find(r->place, &r->crew);
    enum code code = crew_allowed(&r->crew, reterr);
    if (code == OK)
        code = place_check_version(r->place, reterr);
    if (code == OK)
        code = place_id(r->place, &id, reterr);
    if (code == OK)
        code = place_charters(r->place, &charters, &count, reterr);
    if (code == OK)
        code = host_id(host, reterr);
    if (code == OK)
        code = host_check(place_instance(r->place), charters, count, host, reterr);
    if (code == OK)
        code = reaches_check(place_instance(r->place), charters, count, clock_now(), reterr);
    if (code == OK)
        code = place_lock(r->place, END_WAIT_MS, &r->lock, reterr);
    if (code == OK)
        code = place_room_to_start(r->place, reterr);
    if (code == OK)
        code = open_log(r, reterr);
    if (code != OK)
        return code;
    int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if ((code = crew_directories(r->place, &r->crew, reterr)) == OK && (code = place_write_version(r->place, reterr)) == OK
        && (code = file_write(place_path(r->place, "run/parent.pid"), pid, (size_t)n, 0644, reterr)) == OK
        && (code = crew_secret(r->place, "Passphrase of the root key: ", NULL, &r->secret, reterr)) == OK && (code = crew_secrets(r->place, &r->secrets, reterr)) == OK
        && (code = crew_relay_secret(r->place, &r->relay_secret, reterr)) == OK
        && (code = open_signals(r, reterr)) == OK && (code = logs_prepare(r->place, reterr)) == OK
        && (code = prepare_front(r, reterr)) == OK)
        code = open_sockets(r, reterr);
    return code;
}

/* ---- children */

/* systemd's protocol for Type=notify: one datagram. */
static void announce(const char *what) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof a.sun_path)
        return;
    memcpy(a.sun_path, path, strlen(path) + 1);
    if (a.sun_path[0] == '@')
        a.sun_path[0] = 0;
    AUTO(fd_close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)!sendto(fd, what, strlen(what), MSG_NOSIGNAL, (const struct sockaddr *)&a,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
}

static void child_up(struct parent *r, enum member m) {
    struct child *c = &r->child[m];
    fd_close(&c->ready);
    c->state = UP;
    c->was_up = true;
    log_event(LOG_INFO, "process_up", LOG_TEXT("name", member_name(m)), LOG_INT("pid", c->process.pid),
              LOG_INT("took_ms", (clock_steady() - c->backoff.started) / 1000));
    for (int k = 0; k < MEMBERS; k++)
        if (wanted(r, (enum member)k) && r->child[k].state != UP)
            return;
    if (!r->announced)
        announce("READY=1");
    r->announced = true;
}

/* run/NAME.pid, for doctor and for people; ours, so a child cannot name another process. */
static void pid_note(struct parent *r, enum member m) {
    char text[16];
    struct err e;
    int n = snprintf(text, sizeof text, "%d\n", (int)r->child[m].process.pid);
    if (file_write(r->pid_file[m], text, (size_t)n, 0644, &e) != OK)
        log_error("pid_not_noted", &e);
}

static enum code child_start(struct parent *r, enum member m, struct err *reterr) {
    struct child *c = &r->child[m];
    int ends[2] = { -1, -1 };
    if (m != NGINX && pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return err_errno(reterr, errno, "cannot make a pipe");
    const int lines[MEMBERS] = { [KEEPER] = r->line[1], [SERVER] = r->line[0], [NGINX] = -1, [SENDER] = r->out_line[1], [MAILER] = r->mail_line[1] };
    const int secrets[MEMBERS] = { [KEEPER] = r->secret, [SERVER] = r->secrets, [NGINX] = -1, [SENDER] = -1, [MAILER] = r->relay_secret };
    const struct crew_start s = { .place = r->place, .crew = &r->crew, .listeners = c->listeners, .listener_count = c->listener_count,
        .ready = ends[1], .lock = r->lock, .secret = secrets[m], .life = -1, .line = lines[m], .sender = m == SERVER ? r->out_line[0] : -1, .mailer = m == SERVER ? r->mail_line[0] : -1,
        .log = r->log, .out = r->nginx_says[1] };
    c->backoff.started = clock_steady();
    if (m == NGINX)
        (void)unlink(r->nginx_pid);          /* of an earlier one, or whatever lies there */
    enum code code = crew_start(&s, m, &c->process, reterr);
    fd_close(&ends[1]);
    c->ready = ends[0];
    if (code != OK)
        return code;
    c->state = STARTING;
    pid_note(r, m);
    return OK;
}

/* nginx writes its number when it has accepted its configuration, into a directory of its own user: who has taken that user over may
 * say "ready", and nothing else. Our own processes write a byte. */
static bool is_ready(struct parent *r, enum member m) {
    char byte, number[16];
    if (m != NGINX)
        return read(r->child[m].ready, &byte, 1) == 1;
    AUTO(buf_done) struct buf text = BUF(64);
    struct err e;
    int n = snprintf(number, sizeof number, "%d\n", (int)r->child[m].process.pid);
    return file_read_foreign(r->nginx_pid, &text, &e) == OK && text.len == (size_t)n && memcmp(text.data, number, text.len) == 0;
}

static void child_ended(struct parent *r, enum member m, enum process_end how, int status) {
    struct child *c = &r->child[m];
    bool refused = !c->was_up && how == PROCESS_EXITED && status != 0;
    c->state = STOPPED;
    fd_close(&c->ready);
    if (r->ending)
        return;
    c->again = clock_steady() + backoff_next(&c->backoff, clock_steady());
    log_event(LOG_ERROR, "process_ended", LOG_TEXT("name", member_name(m)), LOG_TEXT("how", how == PROCESS_KILLED ? "signal" : "exit"),
              LOG_INT("status", status), LOG_INT("again_ms", (c->again - clock_steady()) / 1000));
    if (refused) {
        r->refused = (enum code)status;
        r->ending = true;
    }
}

static void children_look(struct parent *r) {
    for (int m = 0; m < MEMBERS; m++) {
        struct child *c = &r->child[m];
        int status = 0;
        if (c->state == STARTING && is_ready(r, (enum member)m))
            child_up(r, (enum member)m);
        enum process_end how = c->state == STOPPED ? PROCESS_RUNS : process_poll(&c->process, &status);
        if (how != PROCESS_RUNS)
            child_ended(r, (enum member)m, how, status);
    }
}

/* The server needs the keeper, and nginx waits for nobody: its requests queue at the server's socket. */
static void children_start(struct parent *r) {
    for (int m = 0; m < MEMBERS && !r->ending; m++) {
        struct child *c = &r->child[m];
        struct err e;
        if (!wanted(r, (enum member)m) || c->state != STOPPED || clock_steady() < c->again || (m == SERVER && r->child[KEEPER].state != UP))
            continue;
        if (child_start(r, (enum member)m, &e) == OK)
            continue;
        log_error("process_not_started", &e);
        c->again = clock_steady() + backoff_next(&c->backoff, clock_steady());
        if (!r->announced) {
            fprintf(stderr, "sejf: %s%s%s\n", e.text, e.hidden[0] != 0 ? ": " : "", e.hidden);
            r->refused = e.code;
            r->ending = true;
        }
    }
}

/* ---- signals and clocks */

static void front_reload(struct parent *r) {
    if (r->child[NGINX].state == UP)
        (void)process_signal(&r->child[NGINX].process, SIGHUP);
}

static void reload(struct parent *r) {
    struct err e;
    bool changed = false;
    if (tls_prepare(r->place, crew_user(&r->crew, NGINX), &changed, &e) != OK) {
        log_error("certificate_refused", &e);     /* the one that is in use stays */
        return;
    }
    log_event(LOG_INFO, "certificate_read", LOG_INT("renewed", changed && place_instance(r->place)->certificate == NULL));
    front_reload(r);
}

/* While there is still room for the line: told below the least, and again at each half of that. */
static void room_look(struct parent *r) {
    struct room room;
    r->room_at = clock_steady() + ROOM_LOOK;
    if (!place_room(r->place, &room))
        return;
    if (room.bytes >= ROOM_BAD && r->room_told != 0)
        log_event(LOG_INFO, "disk_has_room", LOG_INT("free_mb", (int64_t)(room.bytes >> 20)));
    if (room.bytes >= ROOM_BAD)
        r->room_told = 0;
    else if (r->room_told == 0 || room.bytes < r->room_told / 2) {
        log_event(LOG_WARN, "disk_low", LOG_TEXT("directory", place_data(r->place)), LOG_INT("free_mb", (int64_t)(room.bytes >> 20)),
                  LOG_TEXT("mend", "make room: with a full disk every write is refused"));
        r->room_told = room.bytes > 0 ? room.bytes : 1;
    }
}

static void clocks_look(struct parent *r) {
    struct err e;
    bool changed = false;
    if (clock_steady() >= r->room_at)
        room_look(r);
    if (clock_steady() >= r->logs_at) {
        r->logs_at = clock_steady() + LOGS_PACE;
        logs_look(r->place);
    }
    if (clock_steady() >= r->rotate_at) {
        r->rotate_at = clock_steady() + TICKETS_LIVE;
        if (tls_tickets(r->place, crew_user(&r->crew, NGINX), true, &e) != OK)
            log_error("tickets_not_rotated", &e);
        front_reload(r);
    }
    if (clock_steady() >= r->look_at) {
        r->look_at = clock_steady() + CERTIFICATE_LOOK;
        if (tls_prepare(r->place, crew_user(&r->crew, NGINX), &changed, &e) != OK)
            log_error("certificate_refused", &e);
        else if (changed)
            front_reload(r);
    }
}

static void signals_read(struct parent *r) {
    struct signalfd_siginfo s;
    while (read(r->signals, &s, sizeof s) == (ssize_t)sizeof s) {
        if (s.ssi_signo == SIGTERM || s.ssi_signo == SIGINT)
            r->ending = true;
        if (s.ssi_signo == SIGHUP)
            reload(r);
        if (s.ssi_signo == SIGUSR1)
            r->logs_at = 0;
    }
}

/* What nginx says at "emerg" is about its configuration, never about a request. */
static void nginx_read(struct parent *r) {
    char text[NGINX_LINE_MAX];
    ssize_t n;
    while ((n = read(r->nginx_says[0], text, sizeof text - 1)) > 0) {
        text[n] = 0;
        text[strcspn(text, "\n")] = 0;
        bool notice = strstr(text, "[notice]") != NULL;     /* said before it has read how little it may say */
        log_event(notice ? LOG_DEBUG : LOG_WARN, "nginx", LOG_TEXT("text", text));
        if (!notice)
            memcpy(r->nginx_said, text, sizeof text);
    }
}

static int wait_ms(const struct parent *r) {
    usec_t now = clock_steady(), next = r->rotate_at < r->look_at ? r->rotate_at : r->look_at;
    next = r->room_at < next ? r->room_at : next;
    next = r->logs_at < next ? r->logs_at : next;
    for (int m = 0; m < MEMBERS; m++)
        if (wanted(r, (enum member)m) && r->child[m].state == STOPPED && r->child[m].again > now && r->child[m].again < next)
            next = r->child[m].again;
    if (r->child[NGINX].state == STARTING && next > now + NGINX_LOOK)
        next = now + NGINX_LOOK;
    return next <= now ? 0 : next - now > USEC_PER_HOUR ? 3600000 : (int)((next - now) / 1000) + 1;
}

static void wait_for_something(struct parent *r) {
    struct pollfd w[2 + 2 * MEMBERS] = { { .fd = r->signals, .events = POLLIN }, { .fd = r->nginx_says[0], .events = POLLIN } };
    size_t n = 2;
    for (int m = 0; m < MEMBERS; m++) {
        if (r->child[m].state != STOPPED)
            w[n++] = (struct pollfd){ .fd = r->child[m].process.pidfd, .events = POLLIN };
        if (r->child[m].state == STARTING && r->child[m].ready >= 0)
            w[n++] = (struct pollfd){ .fd = r->child[m].ready, .events = POLLIN };
    }
    (void)poll(w, n, wait_ms(r));
}

/* In the order in which requests go: the front ends its requests, then the server, then what it asks. */
static void stop_all(struct parent *r) {
    /* Where the server never served, requests wait for an answer that will not come, and nginx would wait with them. */
    bool served = r->child[SERVER].was_up;
    const struct { enum member m; int signal, wait_ms; } order[] = { { NGINX, served ? SIGQUIT : SIGTERM, 10000 }, { SERVER, SIGTERM, 20000 },
        { SENDER, SIGTERM, 10000 }, { MAILER, SIGTERM, 10000 }, { KEEPER, SIGTERM, 10000 } };
    int status = 0;
    r->ending = true;
    announce("STOPPING=1");
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        struct child *c = &r->child[order[i].m];
        if (c->process.pid <= 0)
            continue;
        enum process_end end = process_stop(&c->process, order[i].signal, order[i].wait_ms, &status);
        log_event(LOG_INFO, "process_stopped", LOG_TEXT("name", member_name(order[i].m)), LOG_TEXT("how", end == PROCESS_KILLED ? "signal" : "exit"),
                  LOG_INT("status", status));
    }
    (void)unlink(place_path(r->place, "run/parent.pid"));
    for (int m = 0; m < MEMBERS; m++)
        (void)unlink(r->pid_file[m]);
}

enum code parent_run(struct place *p, struct err *reterr) {
    struct parent r;
    parent_init(&r, p);
    enum code code = prepare(&r, reterr);
    if (code == OK) {
        log_event(LOG_INFO, "started", LOG_TEXT("version", SEJF_VERSION), LOG_TEXT("url", place_url(p)),
                  LOG_TEXT("users", r.crew.apart ? "one for each process" : r.crew.why));
        while (!r.ending) {
            children_start(&r);
            if (!r.ending)
                wait_for_something(&r);
            signals_read(&r);
            nginx_read(&r);
            children_look(&r);
            clocks_look(&r);
        }
        stop_all(&r);
        log_event(LOG_INFO, "stopped", LOG_INT("code", r.refused));
        if (r.refused != OK && r.nginx_said[0] != 0)
            code = err_set(reterr, E_CONFIG, "nginx refused to start: %s (its configuration is %s, made from sejf.yaml)", r.nginx_said, place_path(p, "nginx/nginx.conf"));
        else if (r.refused != OK)
            code = err_set(reterr, r.refused, "a process refused to start; its reason stands above");
    }
    parent_done(&r);
    return code;
}
