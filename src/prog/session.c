/* session.c — a running server is asked over its control socket. Otherwise: lock, a keeper as our child (as its user), then
 * this process becomes the server's user and opens the store itself. */
#include "prog/session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/control.h"
#include "base/mem.h"
#include "prog/crew.h"
#include "prog/engine.h"
#include "prog/lines.h"
#include "sys/files.h"
#include "sys/sockets.h"

#define LOCK_WAIT_MS 5000
#define KEEPER_WAIT_MS 60000

struct session {
    const char *control;                     /* running: its socket */
    struct engine *engine;                   /* else */
    struct process keeper;
    int lock, listener, life;                /* life: closed, it stops the keeper */
};

struct session *session_close(struct session *s) {
    int status;
    if (s == NULL)
        return NULL;
    engine_close(s->engine);
    fd_close(&s->life);                               /* as another user we may not signal the keeper: this ends it */
    (void)process_stop(&s->keeper, SIGTERM, 10000, &status);
    fd_close(&s->keeper.pidfd);
    fd_close(&s->listener);
    fd_close(&s->lock);
    return mem_free(s);
}

bool session_running(const struct session *s) { return s->control != NULL; }

static enum code start_keeper(struct session *s, struct place *p, const struct crew *c, struct err *reterr) {
    int ends[2], lives[2], status = 0;
    AUTO(fd_close) int secret = -1;
    AUTO(fd_close) int life = -1;
    enum code code = crew_secret(p, "Passphrase of the root key: ", NULL, &secret, reterr);
    if (code == OK)
        code = crew_listen(p, c, "keeper", SERVER, &s->listener, reterr);
    if (code == OK && pipe2(ends, O_CLOEXEC) != 0)
        code = err_set(reterr, E_SYSTEM, "cannot make a pipe");
    if (code != OK)
        return code;
    if (pipe2(lives, O_CLOEXEC) != 0) {
        close(ends[0]);
        close(ends[1]);
        return err_set(reterr, E_SYSTEM, "cannot make a pipe");
    }
    life = lives[0];
    s->life = lives[1];
    const struct crew_start start = { .place = p, .crew = c, .listeners = &s->listener, .listener_count = 1, .ready = ends[1], .lock = s->lock,
                                      .secret = secret, .life = life, .line = -1, .sender = -1, .log = -1, .out = -1 };
    code = crew_start(&start, KEEPER, &s->keeper, reterr);
    close(ends[1]);
    char byte;
    struct pollfd w = { .fd = ends[0], .events = POLLIN };
    bool ready = code == OK && poll(&w, 1, KEEPER_WAIT_MS) == 1 && read(ends[0], &byte, 1) == 1;
    close(ends[0]);
    if (code != OK || ready)
        return code;
    (void)process_stop(&s->keeper, SIGTERM, 1000, &status);
    return err_set(reterr, status > 1 ? (enum code)status : E_KEY, "the keeper refused to start; its reason stands above");
}

static enum code open_here(struct session *s, struct place *p, struct err *reterr) {
    struct crew crew;
    struct charter *const *charters;
    size_t count;
    enum code code = place_lock(p, LOCK_WAIT_MS, &s->lock, reterr);
    if (code == OK)
        code = place_charters(p, &charters, &count, reterr);
    if (code != OK)
        return code;
    crew_find(p, &crew);
    code = crew_directories(p, &crew, reterr);
    if (code == OK)
        code = start_keeper(s, p, &crew, reterr);
    if (code == OK && crew_user(&crew, SERVER) != NULL)        /* what the store makes must be the server's */
        code = user_drop(crew_user(&crew, SERVER), reterr);
    return code != OK ? code : engine_open(p, &(struct engine_given){ .line = -1, .sender = -1, .mailer = -1, .secrets = -1 }, &s->engine, reterr);
}

enum code session_open(struct place *p, struct session **ret, struct err *reterr) {
    AUTO(session_close) struct session *s = mem_new(sizeof *s);
    AUTO(fd_close) int probe = -1;
    struct err nobody;
    if (s == NULL)
        return err_set(reterr, E_MEMORY, "no memory");
    *s = (struct session){ .keeper = NO_PROCESS, .lock = -1, .listener = -1, .life = -1 };
    const char *control = place_path(p, "run/server/control.sock");
    enum code code = place_check_version(p, reterr);
    if (code != OK)
        return code;
    if (connect_unix(control, &probe, &nobody) == OK)
        s->control = control;
    else
        code = open_here(s, p, reterr);
    if (code != OK)
        return code;
    *ret = TAKE(s);
    return OK;
}

enum code session_call(struct session *s, json_t *in, const struct source *file, line_fn each, void *arg, json_t **ret, struct err *reterr) {
    AUTO(lines_done) struct lines lines = LINES(each, arg);
    const struct sink out = { .write = lines_take, .arg = &lines };
    if (in == NULL || mem_lost() > 0) {       /* one that lacks a piece may ask for more than was meant */
        json_decref(in);
        return err_set(reterr, E_MEMORY, "no memory for the request");
    }
    enum code code = OK;
    if (s->control != NULL)
        code = control_ask(s->control, in, file, &out, reterr);
    else
        control_call(engine_api(s->engine), in, file, &out);
    json_decref(in);
    return code != OK ? code : lines_end(&lines, ret, reterr);
}
