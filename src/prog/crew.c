/* crew.c — a process is this same program with a word of its own ("keeper", "server", "sender", "mailer"), or nginx. */
#include "prog/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "sys/files.h"
#include "sys/sockets.h"

#define ENV_MAX 48u
#define PASSPHRASE_MAX 1024u
#define SOCKETS_MAX 16u

static const char *const names[MEMBERS] = { "keeper", "server", "nginx", "sender", "mailer" };
const char *member_name(enum member m) { return names[m]; }
bool member_needed(struct place *p, enum member m) {
    const struct instance *i = place_instance(p);
    return m == SENDER ? i->destination_count > 0 || i->webhooks_anywhere : m == MAILER ? i->mail != NULL : true;
}

/* ---- users */

static bool user_may(const struct user *u, const char *path) {
    struct stat st;
    mode_t bit = stat(path, &st) != 0 ? 0 : st.st_uid == u->uid ? S_IXUSR : st.st_gid == u->gid ? S_IXGRP : S_IXOTH;
    return bit != 0 && (st.st_mode & bit) != 0;
}

/* Which directory above path that user may not enter; "" when it may enter all. Looks at their modes, from the top. */
static void user_stops(const struct user *u, const char *path, char *ret, size_t room) {
    char *copy = mem_text(path);
    ret[0] = 0;
    if (copy == NULL || !user_may(u, "/"))
        snprintf(ret, room, "/");
    for (char *slash = copy == NULL ? NULL : strchr(copy + 1, '/'); ret[0] == 0 && slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (!user_may(u, copy))
            snprintf(ret, room, "%s", copy);
        *slash = '/';
    }
    mem_free(copy);
}

/* Can the user of m be used? Else ret->why and ret->mend say what is wrong. */
static bool member_fits(struct place *p, enum member m, const char *name, struct crew *ret) {
    struct user *u = &ret->user[m];
    struct err e;
    char stop[128];
    if (user_find(name, u, &e) != OK) {
        snprintf(ret->why, sizeof ret->why, "the user %s does not exist", name);
        snprintf(ret->mend, sizeof ret->mend, "packaging/make-users, or systemd-sysusers with packaging/sejf.sysusers, makes it");
        return false;
    }
    for (int k = 0; k <= (int)m; k++)
        if (u->uid == 0 || (k < (int)m && ret->user[k].uid == u->uid)) {
            snprintf(ret->why, sizeof ret->why, u->uid == 0 ? "the user %s of %s is root" : "the user %s of %s is that of another process, too", name, names[m]);
            snprintf(ret->mend, sizeof ret->mend, "name another in sejf.yaml (%s_user)", names[m]);
            return false;
        }
    user_stops(u, place_data(p), stop, sizeof stop);
    if (stop[0] != 0) {
        snprintf(ret->why, sizeof ret->why, "the user %s may not enter %s, above the data directory", name, stop);
        snprintf(ret->mend, sizeof ret->mend, "chmod o+x %s, or a data directory elsewhere, such as /var/lib/sejf", stop);
        return false;
    }
    if (!user_may(u, "/proc/self/exe")) {
        snprintf(ret->why, sizeof ret->why, "the user %s may not execute this program", name);
        snprintf(ret->mend, sizeof ret->mend, "chmod 755 on the file of this program");
        return false;
    }
    return true;
}

void crew_find(struct place *p, struct crew *ret) {
    const struct instance *i = place_instance(p);
    const char *wanted[MEMBERS] = { i->user_keeper, i->user_server, i->user_nginx, i->user_sender, i->user_mailer };
    *ret = (struct crew){ .apart = false };
    if (geteuid() != 0) {
        snprintf(ret->why, sizeof ret->why, "not started by root");
        snprintf(ret->mend, sizeof ret->mend, "start it as root");
        return;
    }
    for (int m = 0; m < MEMBERS; m++)
        if (member_needed(p, (enum member)m) && !member_fits(p, (enum member)m, wanted[m], ret))
            return;
    ret->apart = true;
}

enum code crew_allowed(const struct crew *c, struct err *reterr) {
    if (c->apart || geteuid() != 0)
        return OK;
    return err_set(reterr, E_CONFIG, "started by root, but %s, and root itself runs nothing here. Mend: %s; or start sejf as an ordinary user", c->why, c->mend);
}

const struct user *crew_user(const struct crew *c, enum member m) { return c->apart ? &c->user[m] : NULL; }

enum code crew_directories(struct place *p, const struct crew *c, struct err *reterr) {
    static const struct { const char *name; mode_t mode; int owner; } dirs[] = {     /* owner -1: ours */
        { "charters", 0755, -1 }, { "run", 0711, -1 }, { "log", 0700, -1 }, { "tls", 0711, -1 }, { "nginx", 0755, -1 },
        { "nginx/tmp", 0700, NGINX }, { "keeper", 0700, KEEPER }, { "store", 0700, SERVER }, { "files", 0700, SERVER }, { "run/server", 0711, SERVER },
    };
    for (size_t d = 0; d < ARRAY_LEN(dirs); d++) {
        const char *path = place_path(p, "%s", dirs[d].name);
        const struct user *u = dirs[d].owner < 0 ? NULL : crew_user(c, (enum member)dirs[d].owner);
        enum code code = dir_make(path, dirs[d].mode, reterr);
        if (code == OK && geteuid() == 0 && dirs[d].owner >= 0)
            code = dir_give(path, u == NULL ? 0 : u->uid, u == NULL ? 0 : u->gid, reterr);
        if (code != OK)
            return code;
    }
    if (geteuid() == 0 && chmod(place_data(p), 0711) != 0)
        return err_errno(reterr, errno, "cannot set the mode of %s", place_data(p));
    return OK;
}

enum code crew_listen(struct place *p, const struct crew *c, const char *name, enum member reaches, int *ret_fd, struct err *reterr) {
    const char *path = place_path(p, "run/%s.sock", name);
    AUTO(fd_close) int fd = -1;
    enum code code = listen_unix_after(path, c->apart ? 0660 : 0600, END_WAIT_MS, &fd, reterr);
    if (code != OK)
        return code;
    if (c->apart && chown(path, (uid_t)-1, c->user[reaches].gid) != 0)
        return err_errno(reterr, errno, "cannot give %s to %s", path, c->user[reaches].name);
    *ret_fd = fd_take(&fd);
    return OK;
}

/* ---- what a process is started with */

/* Variables that may pass: nothing that could carry a secret, and what moves time or reports bugs in tests. */
static const char *const passes[] = {
    "PATH", "LANG", "LC_ALL", "TZ", "HOME", "SEJF_RULE_OFF", "CREDENTIALS_DIRECTORY", "LD_PRELOAD", "FAKETIME",
    "FAKETIME_DONT_FAKE_MONOTONIC", "FAKETIME_NO_CACHE", "FAKETIME_TIMESTAMP_FILE", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
    "LLVM_PROFILE_FILE",
};

struct env { struct buf text; const char *list[ENV_MAX]; size_t count; size_t at[ENV_MAX]; };

static void env_add(struct env *e, const char *name, const char *value) {
    if (value == NULL || e->count == ENV_MAX - 1)
        return;
    e->at[e->count++] = e->text.len;
    buf_printf(&e->text, "%s=%s", name, value);
    buf_char(&e->text, 0);
}

/* The pointers are taken last: the text moves while it grows. */
static bool env_end(struct env *e) {
    for (size_t i = 0; i < e->count; i++)
        e->list[i] = e->text.data + e->at[i];
    e->list[e->count] = NULL;
    return !e->text.failed;
}

/* "NGINX=3;4;": the listening sockets that nginx finds open. */
static void env_sockets(struct env *e, size_t count) {
    char text[SOCKETS_MAX * 4 + 1] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%zu;", 3 + i);
    env_add(e, "NGINX", text);
}

/* What nginx may reach: its libraries, the names of users, its certificate, its own directory; no TCP but the sockets that it
 * was given open. */
static size_t nginx_paths(struct place *p, struct sandbox_path ret[16]) {
    const struct instance *i = place_instance(p);
    static const struct sandbox_path system[] = {
        { "/usr", SANDBOX_READ | SANDBOX_EXECUTE, false }, { "/lib", SANDBOX_READ | SANDBOX_EXECUTE, true }, { "/lib64", SANDBOX_READ | SANDBOX_EXECUTE, true },
        { "/etc", SANDBOX_READ, false }, { "/dev/null", SANDBOX_READ | SANDBOX_WRITE, false }, { "/dev/urandom", SANDBOX_READ, true }, { "/proc", SANDBOX_READ, true },
        { "/sys/devices/system/cpu", SANDBOX_READ, true },
    };
    size_t n = 0;
    for (; n < ARRAY_LEN(system); n++)
        ret[n] = system[n];
    ret[n++] = (struct sandbox_path){ i->nginx, SANDBOX_READ | SANDBOX_EXECUTE, false };
    ret[n++] = (struct sandbox_path){ place_path(p, "nginx"), SANDBOX_READ, false };
    ret[n++] = (struct sandbox_path){ place_path(p, "nginx/tmp"), SANDBOX_READ | SANDBOX_WRITE, false };
    ret[n++] = (struct sandbox_path){ place_path(p, "tls"), SANDBOX_READ, false };
    if (i->brand_logo != NULL)
        ret[n++] = (struct sandbox_path){ i->brand_logo, SANDBOX_READ, true };
    return n;
}

static enum code start_nginx(const struct crew_start *s, struct env *env, struct process *ret, struct err *reterr) {
    const struct instance *i = place_instance(s->place);
    const char *prefix = place_path(s->place, "nginx");
    const char *argv[] = { "nginx", "-p", prefix, "-c", "nginx.conf", "-e", "stderr", NULL };
    env_sockets(env, s->listener_count);
    if (!env_end(env))
        return err_set(reterr, E_MEMORY, "no memory for starting nginx");
    struct sandbox_path paths[16];
    const struct sandbox files = { "nginx", paths, nginx_paths(s->place, paths), CALLS_UNIX };
    const struct process_start start = { .path = i->nginx, .files = i->sandbox ? &files : NULL, .argv = argv, .env = env->list, .fds = s->listeners, .fd_count = s->listener_count,
        .out = s->out, .directory = prefix, .user = crew_user(s->crew, NGINX), .umask = 077 };
    return process_start(&start, ret, reterr);
}

static enum code start_own(const struct crew_start *s, enum member m, struct env *env, struct process *ret, struct err *reterr) {
    const struct { const char *name; int fd; } more[] = { { "--ready", s->ready }, { "--log", s->log }, { "--secret", s->secret }, { "--life", s->life }, { "--line", s->line }, { "--sender", s->sender }, { "--mailer", s->mailer } };
    int fds[10];
    size_t n = 0;
    char numbers[7][16], peer[16];
    const struct user *server = crew_user(s->crew, SERVER);
    const char *argv[22] = { "sejf", names[m], "--config", place_instance(s->place)->file, "--peer", peer };
    size_t argc = 6;
    snprintf(peer, sizeof peer, "%u", server == NULL ? (unsigned)geteuid() : (unsigned)server->uid);
    if (s->listener_count > 0)
        fds[n++] = s->listeners[0];
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        if (more[i].fd < 0)
            continue;
        snprintf(numbers[i], sizeof numbers[i], "%zu", 3 + n);
        fds[n++] = more[i].fd;
        argv[argc++] = more[i].name;
        argv[argc++] = numbers[i];
    }
    if (m != SENDER && m != MAILER)          /* they have nothing of the data directory */
        fds[n++] = s->lock;
    if (!env_end(env))
        return err_set(reterr, E_MEMORY, "no memory for starting %s", names[m]);
    const struct process_start start = { .path = "/proc/self/exe", .argv = argv, .env = env->list, .fds = fds, .fd_count = n,
        .out = -1, .user = crew_user(s->crew, m), .umask = 077 };
    return process_start(&start, ret, reterr);
}

enum code crew_start(const struct crew_start *s, enum member m, struct process *ret, struct err *reterr) {
    PRE((s->listener_count >= 1 || m == SENDER || m == MAILER) && s->listener_count <= SOCKETS_MAX);
    enum code code = crew_allowed(s->crew, reterr);
    if (code != OK)
        return code;
    struct env env = { .text = BUF(65536) };
    for (size_t i = 0; i < ARRAY_LEN(passes); i++)
        env_add(&env, passes[i], getenv(passes[i]));
    code = m == NGINX ? start_nginx(s, &env, ret, reterr) : start_own(s, m, &env, ret, reterr);
    buf_done(&env.text);
    return code;
}

enum code crew_run(struct place *p, const struct crew *c, enum member m, const char *const *words, size_t count,
                   const int *fds, size_t fd_count, struct err *reterr) {
    const char *argv[16] = { "sejf" };
    size_t argc = 1;
    struct env env = { .text = BUF(65536) };
    struct process process = NO_PROCESS;
    int status = -1;
    PRE(count <= 8);
    enum code code = crew_allowed(c, reterr);
    if (code != OK)
        return code;
    for (size_t i = 0; i < count; i++)
        argv[argc++] = words[i];
    argv[argc++] = "--config";
    argv[argc++] = place_instance(p)->file;
    for (size_t i = 0; i < ARRAY_LEN(passes); i++)
        env_add(&env, passes[i], getenv(passes[i]));
    const struct process_start start = { .path = "/proc/self/exe", .argv = argv, .env = env.list, .fds = fds, .fd_count = fd_count,
        .out = -1, .user = crew_user(c, m), .umask = 077 };
    code = !env_end(&env) ? err_set(reterr, E_MEMORY, "no memory for starting a process") : process_start(&start, &process, reterr);
    buf_done(&env.text);
    if (code != OK)
        return code;
    if (process_wait(&process, -1, &status) != PROCESS_EXITED)
        return err_set(reterr, E_INTERNAL, "sejf %s ended by signal %d: the log of the system (dmesg, journalctl -k) may say why; then run this again", words[0], status);
    if (status == 0)
        return OK;
    *reterr = (struct err){ .code = E_INTERNAL };           /* it has said why itself */
    return (enum code)status;
}

/* ---- the passphrase */

static enum code read_line(int fd, char *ret, size_t room, size_t *ret_len, struct err *reterr) {
    size_t len = 0;
    while (len < room) {
        ssize_t n = read(fd, ret + len, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(reterr, errno, "cannot read the passphrase");
        if (n == 0 || ret[len] == '\n')
            break;
        len++;
    }
    if (len == 0 || len == room)
        return err_set(reterr, E_KEY, len == 0 ? "no passphrase was given: type it at the prompt, or give it as a line of standard input" : "the passphrase is longer than %u characters", PASSPHRASE_MAX);
    *ret_len = len;
    return OK;
}

static enum code ask(const char *prompt, char *ret, size_t *ret_len, struct err *reterr) {
    struct termios before, silent;
    AUTO(fd_close) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (tty < 0 || tcgetattr(tty, &before) != 0)
        return read_line(0, ret, PASSPHRASE_MAX, ret_len, reterr);     /* from standard input, when there is no terminal */
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    struct err ignored;
    (void)!fd_put(tty, prompt, strlen(prompt), &ignored);
    tcsetattr(tty, TCSAFLUSH, &silent);
    enum code code = read_line(tty, ret, PASSPHRASE_MAX, ret_len, reterr);
    tcsetattr(tty, TCSAFLUSH, &before);
    (void)!fd_put(tty, "\n", 1, &ignored);
    return code;
}

/* The kernel keeps it in memory of a file without a name: it outlives a keeper that is restarted, not us. */
static enum code hold(const void *bytes, size_t len, int *ret_fd, struct err *reterr) {
    AUTO(fd_close) int fd = memfd_create("secret", MFD_CLOEXEC);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot hold a secret for a process");
    enum code code = fd_put(fd, bytes, len, reterr);
    if (code == OK && lseek(fd, 0, SEEK_SET) != 0)
        code = err_errno(reterr, errno, "cannot hold a secret for a process");
    if (code != OK)
        return code;
    *ret_fd = fd_take(&fd);
    return OK;
}

static enum code hold_passphrase(const char *prompt, int *ret_fd, struct err *reterr) {
    size_t len = 0;
    char *line = secret_new(PASSPHRASE_MAX);
    if (line == NULL)
        return err_set(reterr, E_MEMORY, "no locked memory for the passphrase; mend: ulimit -l 8192, or LimitMEMLOCK=16M in the unit");
    enum code code = ask(prompt, line, &len, reterr);
    if (code == OK)
        code = hold(line, len, ret_fd, reterr);
    secret_free(line);
    return code;
}

/* systemd gives credentials to the unit's user, root: the keeper's user could not read them. */
static enum code hold_credential(const char *name, int *ret_fd, struct err *reterr) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    AUTO(buf_done) struct buf path = BUF(8192);
    AUTO(buf_wipe) struct buf bytes = BUF(PASSPHRASE_MAX);
    if (directory == NULL)
        return OK;                           /* the keeper says what is missing */
    buf_printf(&path, "%s/%s", directory, name);
    enum code code = file_check_secret(buf_str(&path), reterr);
    if (code == OK)
        code = file_read(buf_str(&path), &bytes, reterr);
    return code != OK ? code : hold(bytes.data, bytes.len, ret_fd, reterr);
}

enum code crew_secret(struct place *p, const char *prompt, const char *credential, int *ret_fd, struct err *reterr) {
    const struct instance *i = place_instance(p);
    *ret_fd = -1;
    if (i->root == ROOT_BY_PASSPHRASE)
        return hold_passphrase(prompt, ret_fd, reterr);
    return i->root == ROOT_IN_CREDENTIAL && geteuid() == 0 ? hold_credential(credential != NULL ? credential : i->root_at, ret_fd, reterr) : OK;
}

/* ---- what others ask of us: the secrets of providers, the password of the relay */

struct said { const char *what; enum secret_place place; const char *at; };

/* One line, in a file for its owner alone. */
static enum code secret_line(const struct said *s, struct buf *ret, struct err *reterr) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    AUTO(buf_done) struct buf path = BUF(8192);
    AUTO(buf_wipe) struct buf text = BUF(PASSPHRASE_MAX);
    struct err why;
    if (s->place == SECRET_IN_CREDENTIAL)
        buf_printf(&path, "%s/", directory == NULL ? "the credentials of systemd (LoadCredential in the unit)" : directory);
    buf_text(&path, s->at);
    enum code code = file_check_secret(buf_str(&path), &why);
    if (code == OK)
        code = file_read(buf_str(&path), &text, &why);
    size_t len = strcspn(buf_str(&text), "\r\n");
    if (code == OK && (len == 0 || len + strspn(buf_str(&text) + len, "\r\n") != text.len))
        code = err_set(&why, E_CONFIG, "one line is wanted in it");
    if (code != OK)
        return err_set(reterr, E_CONFIG, "%s cannot be had from %s: %s", s->what, buf_str(&path), why.text);
    buf_add(ret, buf_str(&text), len);
    buf_char(ret, '\n');
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for a secret") : OK;
}

/* The whole of it as one line of base64url: of a key that has several lines. */
static enum code secret_block(const struct said *s, struct buf *ret, struct err *reterr) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    AUTO(buf_done) struct buf path = BUF(8192);
    AUTO(buf_wipe) struct buf text = BUF(16u << 10);
    struct err why;
    if (s->place == SECRET_IN_CREDENTIAL)
        buf_printf(&path, "%s/", directory == NULL ? "the credentials of systemd (LoadCredential in the unit)" : directory);
    buf_text(&path, s->at);
    enum code code = file_check_secret(buf_str(&path), &why);
    if (code == OK)
        code = file_read(buf_str(&path), &text, &why);
    if (code != OK)
        return err_set(reterr, E_CONFIG, "%s cannot be had from %s: %s", s->what, buf_str(&path), why.text);
    base64url_encode(text.data, text.len, ret);
    buf_char(ret, '\n');
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for a secret") : OK;
}

enum code crew_secrets(struct place *p, int *ret_fd, struct err *reterr) {
    const struct instance *i = place_instance(p);
    AUTO(buf_wipe) struct buf all = BUF(64u << 10);
    enum code code = OK;
    *ret_fd = -1;
    if (i->mail != NULL && i->mail->dkim_domain != NULL)
        code = secret_block(&(struct said){ "the key that signs letters (mail.dkim)", i->mail->dkim_key, i->mail->dkim_key_at }, &all, reterr);
    for (size_t n = 0; code == OK && n < i->provider_count; n++) {
        char what[256];
        snprintf(what, sizeof what, "the client secret of %s (sign_in_with)", i->providers[n].name);
        code = secret_line(&(struct said){ what, i->providers[n].secret, i->providers[n].secret_at }, &all, reterr);
    }
    const struct sms_provider *sms = i->sms;
    if (code == OK && sms != NULL)
        code = secret_line(&(struct said){ "the secret of the provider of text messages (sms)", sms->secret, sms->secret_at }, &all, reterr);
    if (code == OK && sms != NULL && sms->hook_at != NULL)
        code = secret_line(&(struct said){ "the secret of the address of receipts (sms, receipts)", sms->hook, sms->hook_at }, &all, reterr);
    return code != OK || all.len == 0 ? code : hold(all.data, all.len, ret_fd, reterr);
}

enum code crew_relay_secret(struct place *p, int *ret_fd, struct err *reterr) {
    const struct mail_relay *m = place_instance(p)->mail;
    AUTO(buf_wipe) struct buf line = BUF(PASSPHRASE_MAX + 1);
    *ret_fd = -1;
    if (m == NULL || m->user == NULL)
        return OK;
    enum code code = secret_line(&(struct said){ "the password for the relay (mail)", m->password, m->password_at }, &line, reterr);
    return code != OK ? code : hold(line.data, line.len, ret_fd, reterr);
}
