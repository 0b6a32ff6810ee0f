/* cmd_doctor.c — a table of checks, each of which looks at one thing and says what is wrong and how to mend it. It changes
 * nothing, and works while the installation runs and while it does not. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/cert.h"
#include "messages/dkim.h"
#include "prog/commands.h"
#include "prog/crew.h"
#include "prog/logs.h"
#include "prog/nginx.h"
#include "prog/options.h"
#include "prog/relay_try.h"
#include "prog/rings.h"
#include "prog/session.h"
#include "sys/files.h"
#include "sys/logfile.h"
#include "sys/sandbox.h"
#include "sys/sockets.h"

#define CERTIFICATE_SOON (21 * USEC_PER_DAY)
#define LOCKED_LEAST (1u << 20)

enum level { GOOD, NOTE, BAD };
static const char *const level_names[] = { "good", "note", "bad" };
static const char *const level_marks[] = { "  ok ", "note ", " BAD " };

struct visit { struct place *place; struct session *session; struct crew crew; bool json, runs, thorough, starting /* the server says so: nothing inside can be looked at yet */; int bad; json_t *list; const char *about; };

static void say(struct visit *v, enum level level, const char *mend, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void say(struct visit *v, enum level level, const char *mend, const char *fmt, ...) {
    AUTO(buf_done) struct buf text = BUF(4096);
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&text, fmt, ap);
    va_end(ap);
    v->bad += level == BAD ? 1 : 0;
    if (v->json)
        json_array_append_new(v->list, json_pack("{s:s,s:s,s:s,s:s?}", "about", v->about, "level", level_names[level], "text", buf_str(&text), "mend", mend));
    else
        printf("%s %-12s %s%s%s\n", level_marks[level], v->about, buf_str(&text), mend == NULL ? "" : "\n                   mend: ", mend == NULL ? "" : mend);
}

/* ---- what lies on the disk */

static void look_version(struct visit *v) {
    struct err e;
    if (place_check_version(v->place, &e) != OK)
        say(v, BAD, NULL, "%s", e.text);
    else
        say(v, GOOD, NULL, "layout %d, program %s", LAYOUT_VERSION, SEJF_VERSION);
}

static void look_charters(struct visit *v) {
    struct charter *const *list;
    size_t n;
    struct err e;
    if (place_charters(v->place, &list, &n, &e) != OK)
        say(v, BAD, "sejf check FILE lists every mistake", "%s", e.text);
    else
        say(v, GOOD, NULL, "%zu services", n);
}

static void look_modes(struct visit *v) {
    static const char *const private[] = { "keeper", "store", "files", "log" };
    int wrong = v->bad;
    for (size_t i = 0; i < ARRAY_LEN(private); i++) {
        struct stat st;
        const char *path = place_path(v->place, "%s", private[i]);
        char mend[512];
        snprintf(mend, sizeof mend, "chmod 700 %s", path);
        if (stat(path, &st) != 0)
            say(v, BAD, "sejf serve makes it", "%s is missing", path);
        else if ((st.st_mode & 077) != 0)
            say(v, BAD, mend, "%s is open to others (mode %04o)", path, (unsigned)(st.st_mode & 07777));
    }
    const struct instance *i = place_instance(v->place);
    const char *secrets[] = { i->root == ROOT_IN_FILE ? i->root_at : NULL, i->key != NULL ? i->key : place_path(v->place, "tls/key.pem") };
    for (size_t k = 0; k < ARRAY_LEN(secrets); k++) {
        struct stat st;
        if (secrets[k] != NULL && stat(secrets[k], &st) == 0 && (st.st_mode & 077) != 0) {
            char mend[512];
            snprintf(mend, sizeof mend, "chmod 600 %s", secrets[k]);
            say(v, BAD, mend, "%s may be read by others", secrets[k]);
        }
    }
    if (v->bad == wrong)
        say(v, GOOD, NULL, "directories and secrets are for their owners alone");
}

static void look_room(struct visit *v) {
    struct room room;
    if (!place_room(v->place, &room)) {
        say(v, BAD, NULL, "cannot look at the file system of %s", place_data(v->place));
        return;
    }
    say(v, room.bytes < ROOM_BAD ? BAD : room.bytes < ROOM_LOW ? NOTE : GOOD, room.bytes < ROOM_LOW ? "make room: with a full disk every write is refused" : NULL,
        "%llu MB free on its disk%s", (unsigned long long)(room.bytes >> 20), room.inodes < 1000 ? ", and hardly an inode" : "");
}

static void look_root(struct visit *v) {
    const struct instance *i = place_instance(v->place);
    struct stat a, b;
    if (i->root == ROOT_IN_FILE && stat(i->root_at, &a) == 0 && stat(place_data(v->place), &b) == 0 && a.st_dev == b.st_dev)
        say(v, NOTE, "root_key: credential NAME (systemd, TPM) or passphrase, in sejf.yaml", "the root key lies on the disk of the data: a thief of that disk has both");
    else
        say(v, GOOD, NULL, "the root key is not on the disk of the data");
}

static void look_log(struct visit *v) {
    struct charter *const *list;
    struct log_age age;
    struct err e;
    size_t n;
    usec_t before = 0, now = clock_now();
    bool said = place_charters(v->place, &list, &n, &e) == OK && logs_before(list, n, now, &before);
    const char *path = place_log(v->place);
    if (!said)
        say(v, GOOD, NULL, "no charter says how long log lines are kept");
    else if (path == NULL)
        say(v, NOTE, "log: log/sejf.log in sejf.yaml; or MaxRetentionSec in /etc/systemd/journald.conf, as long as the shortest \"logs: kept\" of the charters",
            "log lines go to standard error, where sejf cannot purge them: that promise shows as not kept");
    else if (logfile_age(path, now, &age, &e) != OK)
        say(v, v->runs ? BAD : GOOD, NULL, "%s", e.text);
    else if (v->runs && age.oldest < before - LOGS_PACE)
        say(v, BAD, "look into the log for \"log_not_purged\"", "lines of %s are older than the charters say", path);
    else
        say(v, GOOD, NULL, "the oldest line is %lld hours old", age.oldest == USEC_NEVER ? 0LL : (long long)((now - age.oldest) / USEC_PER_HOUR));
}

/* ---- the machine */

static void look_clock(struct visit *v) {
    struct timex t = { .modes = 0 };
    struct stat st;
    int state = adjtimex(&t);
    if (stat(place_path(v->place, "version"), &st) == 0 && (usec_t)st.st_mtime * USEC_PER_SEC > clock_now() + USEC_PER_HOUR)
        say(v, BAD, "set the clock: due dates are counted by it", "the clock is behind the data directory's own files");
    else if (state == TIME_ERROR || (t.status & STA_UNSYNC) != 0)
        say(v, NOTE, "apt-get install systemd-timesyncd (or chrony)", "nothing keeps the clock right");
    else
        say(v, GOOD, NULL, "the clock is kept right");
}

static void look_memory(struct visit *v) {
    struct rlimit r;
    if (getrlimit(RLIMIT_MEMLOCK, &r) == 0 && r.rlim_cur < LOCKED_LEAST)
        say(v, BAD, "ulimit -l 8192, or LimitMEMLOCK=8M in the unit", "only %llu bytes of memory may be locked: keys could be swapped out", (unsigned long long)r.rlim_cur);
    else
        say(v, GOOD, NULL, "memory for keys can be locked");
}

static int pid_of(struct visit *v, const char *name) {
    AUTO(buf_done) struct buf b = BUF(64);
    struct err e;
    int64_t pid = 0;
    if (file_read(place_path(v->place, "run/%s.pid", name), &b, &e) != OK || !text_int_n(buf_str(&b), strcspn(buf_str(&b), "\n"), 1, INT32_MAX, &pid))
        return 0;
    return process_alive((pid_t)pid) ? (int)pid : 0;
}

static void look_users(struct visit *v) {
    struct stat st[MEMBERS];
    bool apart = v->crew.apart;
    for (int m = 0; m < MEMBERS; m++) {       /* while it runs, what is counts, not what would be */
        char path[64];
        if (!member_needed(v->place, (enum member)m)) {
            st[m].st_uid = (uid_t)-1 - (uid_t)m;
            continue;
        }
        snprintf(path, sizeof path, "/proc/%d", pid_of(v, member_name((enum member)m)));
        if (stat(path, &st[m]) != 0)
            st[m].st_uid = (uid_t)-1 - (uid_t)m;
        for (int k = 0; k < m; k++)
            apart = apart && st[k].st_uid != st[m].st_uid;
    }
    if (apart)
        say(v, GOOD, NULL, "each process has a user of its own");
    else
        say(v, NOTE, "install the package's users (packaging/sejf.sysusers) and start as root", "one user for all processes: %s; that ring is not kept",
            v->crew.apart ? "not started by root" : v->crew.why);
}

static void look_sandbox(struct visit *v) {
    struct sandbox_status s;
    sandbox_status(&s);
    if (!place_instance(v->place)->sandbox)
        say(v, BAD, "sandbox: yes in sejf.yaml", "the sandbox is switched off");
    else if (!s.built)
        say(v, NOTE, "build with -Dprofile=release", "this is a sanitizer build: it has no sandbox");
    else if (s.landlock_abi == 0)
        say(v, BAD, "a kernel with landlock (5.13 or newer, \"landlock\" in lsm=)", "this kernel has no landlock, so sejf does not start");
    else
        say(v, GOOD, NULL, "landlock %d and seccomp", s.landlock_abi);
    struct rings_out out;
    if (rings_out(v->place, &out) && place_instance(v->place)->sandbox && s.built)
        say(v, out.kept ? GOOD : NOTE, out.kept ? NULL : "Linux 6.7 or newer, or the rule of nftables in docs/mail.md", "%s", out.text);
    static const char *const names[] = { "keeper", "server", "sender", "mailer" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int pid = pid_of(v, names[i]);
        if (pid > 0 && s.built && place_instance(v->place)->sandbox && (!sandbox_status_of(pid, &s) || !s.calls || !s.no_new_privs))
            say(v, BAD, "restart it, and report this", "the running %s is not in its sandbox", names[i]);
    }
}

/* ---- letters */

static void look_bounces(struct visit *v) {
    const struct mail_relay *m = place_instance(v->place)->mail;
    if (m == NULL)
        return;
    if (m->bounces_domain == NULL)
        say(v, NOTE, "bounces in mail of sejf.yaml, as docs/bounces.md says", "nothing that comes back is heard: dead addresses and complaints go unnoticed");
    else
        say(v, GOOD, NULL, "what comes back to addresses in %s is taken in at %s:%d", m->bounces_domain, m->bounces_listen, m->bounces_port);
    if (m->bounces_domain != NULL && strncmp(m->bounces_listen, "127.", 4) != 0 && strcmp(m->bounces_listen, "::1") != 0)
        say(v, NOTE, "let your own mail server take it, by TLS, and hand it on to 127.0.0.1, as docs/bounces.md says", "bounces come in over a network in the clear: they may quote addresses and letters");
}

static void look_relay(struct visit *v) {
    const struct mail_relay *m = place_instance(v->place)->mail;
    struct relay_tried t;
    struct err e;
    if (m == NULL)
        say(v, NOTE, "mail in sejf.yaml, as docs/mail.md says", "no relay is declared: letters wait");
    else if (relay_try(v->place, NULL, &t, &e) != OK)
        say(v, BAD, "docs/mail.md", "%s", e.text);
    else if (t.outcome != SMTP_SENT)
        say(v, BAD, "docs/mail.md, and whoever runs the relay", "%s:%d takes no letter: %d %s", m->host, m->port, t.status, t.said);
    else
        say(v, GOOD, NULL, "%s:%d takes letters%s%s%s", m->host, m->port, t.tls[0] == 0 ? "" : " over ", t.tls, m->user == NULL ? "" : ", signed in");
}

static void look_sms(struct visit *v) {
    json_t *r = NULL;
    struct err e;
    if (place_instance(v->place)->sms == NULL)
        return;                              /* no charter needs one */
    if (!v->runs || v->starting || v->session == NULL) {
        say(v, NOTE, "run this while sejf serves", "the provider of text messages is tried by the server alone");
        return;
    }
    if (session_call(v->session, json_pack("{s:s}", "do", "sms_provider"), NULL, NULL, NULL, &r, &e) != OK) {
        say(v, BAD, "docs/text-messages.md", "the provider of text messages cannot be tried: %s", e.text);
        return;
    }
    const char *host = json_string_value(json_object_get(r, "host")), *said = json_string_value(json_object_get(r, "said"));
    bool there = json_is_true(json_object_get(r, "there"));
    say(v, there ? GOOD : BAD, there ? NULL : "docs/text-messages.md, and whoever runs the provider", "%s %s: %s", host == NULL ? "" : host, there ? "takes text messages" : "takes no text message", said == NULL ? "" : said);
    json_decref(r);
}

/* What has to stand in the zone for the key that signs letters. It is not looked up: that is the resolver's. */
static void look_dkim(struct visit *v) {
    const struct mail_relay *m = place_instance(v->place)->mail;
    AUTO(buf_wipe) struct buf pem = BUF(16u << 10);
    AUTO(buf_done) struct buf name = BUF(1024), text = BUF(4096);
    AUTO(dkim_free) struct dkim *d = NULL;
    struct rsa_key *key = NULL;
    struct err e;
    if (m == NULL)
        return;
    if (m->dkim_domain == NULL) {
        say(v, NOTE, "sejf dkim make, and mail.dkim in sejf.yaml (docs/sending.md)", "letters are not signed: many who get them will not take them");
        return;
    }
    if (m->dkim_key == SECRET_IN_CREDENTIAL) {
        say(v, GOOD, NULL, "letters are signed by %s, key %s (a credential)", m->dkim_domain, m->dkim_selector);
        return;
    }
    enum code code = file_check_secret(m->dkim_key_at, &e);
    if (code == OK)
        code = crypto_init(&e);
    if (code == OK)
        code = file_read(m->dkim_key_at, &pem, &e);
    if (code == OK)
        code = rsa_read(pem.data, pem.len, &key, &e);
    if (code == OK && (code = dkim_new(m->dkim_domain, m->dkim_selector, key, &d, &e)) != OK)
        rsa_free(key);
    if (code == OK)
        code = dkim_record(d, &name, &text, &e);
    if (code != OK)
        say(v, BAD, "sejf dkim make, and mail.dkim in sejf.yaml", "the key that signs letters: %s", e.text);
    else
        say(v, GOOD, NULL, "letters are signed; in the zone stands %s IN TXT \"%s\"", buf_str(&name), buf_str(&text));
}

/* ---- the front */

static void look_nginx(struct visit *v) {
    const struct instance *i = place_instance(v->place);
    const char *argv[] = { "nginx", "-v", NULL }, *env[] = { NULL };
    int ends[2], status = -1;
    AUTO(buf_done) struct buf said = BUF(4096);
    struct process p = NO_PROCESS;
    struct err e;
    if (i->nginx == NULL) {
        say(v, NOTE, "sejf nginx-config prints what it needs", "you run nginx yourself");
        return;
    }
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    const struct process_start start = { .path = i->nginx, .argv = argv, .env = env, .out = ends[1] };
    enum code code = process_start(&start, &p, &e);
    fd_close(&ends[1]);
    if (code == OK)
        code = file_read_fd(ends[0], "nginx -v", &said, &e);
    fd_close(&ends[0]);
    if (code == OK)
        (void)process_wait(&p, 5000, &status);
    const char *number = strstr(buf_str(&said), "nginx/");
    int64_t major = 0, minor = 0;
    if (number != NULL) {
        const char *dot = strchr(number, '.');
        (void)!text_int_n(number + 6, dot == NULL ? 0 : (size_t)(dot - number - 6), 0, 1000, &major);
        (void)!text_int_n(dot == NULL ? "" : dot + 1, dot == NULL ? 0 : strcspn(dot + 1, ".\n "), 0, 10000, &minor);
    }
    if (code != OK || status != 0)
        say(v, BAD, "apt-get install nginx-light", "%s cannot be run", i->nginx);
    else if (major * 1000 + minor < 1018)
        say(v, BAD, "nginx 1.18 or newer", "%.*s is too old", (int)strcspn(number == NULL ? "" : number, "\n"), number == NULL ? "" : number);
    else
        say(v, GOOD, NULL, "%.*s", (int)strcspn(number, "\n"), number);
}

static void look_ports(struct visit *v) {
    const struct instance *i = place_instance(v->place);
    const char *const *list;
    size_t n = listen_addresses(i, &list);
    const int ports[] = { i->https, i->plain };
    for (size_t p = 0; p < ARRAY_LEN(ports); p++)
        for (size_t a = 0; a < n && ports[p] != 0; a++) {
            AUTO(fd_close) int fd = -1;
            struct err e;
            enum code code = v->runs ? connect_tcp(strcmp(list[a], "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(list[a], "::") == 0 ? "::1" : list[a],
                                                   (uint16_t)ports[p], 2000, &fd, &e)
                                     : listen_tcp(list[a], (uint16_t)ports[p], &fd, &e);
            if (code != OK)
                say(v, BAD, v->runs ? "look into the log for \"process_ended\"" : NULL, "%s", e.text);
            else
                say(v, GOOD, NULL, "port %d on %s %s", ports[p], list[a], v->runs ? "answers" : "is free");
        }
}

static void look_certificate(struct visit *v) {
    const struct instance *i = place_instance(v->place);
    AUTO(buf_done) struct buf pem = BUF(1u << 20);
    struct cert_info info;
    struct err e;
    char until[40];
    const char *path = i->certificate != NULL ? i->certificate : place_path(v->place, "tls/chain.pem");
    if (file_read(path, &pem, &e) != OK || cert_read(pem.data, pem.len, &info, &e) != OK) {
        say(v, BAD, i->certificate == NULL ? "sejf serve makes one" : NULL, "%s: %s", path, e.text);
        return;
    }
    (void)time_format(info.until, until, sizeof until);
    if (!cert_covers(pem.data, pem.len, i->host))
        say(v, BAD, "get one for that name", "%s is not for the host %s", path, i->host);
    else if (clock_now() >= info.until - CERTIFICATE_SOON)
        say(v, clock_now() >= info.until ? BAD : NOTE, i->certificate != NULL ? "renew it, then send SIGHUP to sejf serve" : "sejf serve renews it by itself", "%s ends at %s", path, until);
    else
        say(v, GOOD, NULL, "%s until %s", i->certificate == NULL ? "self-made" : path, until);
}

/* ---- what only the keeper and the store know */

static json_t *ask(struct visit *v, const char *verb) {
    json_t *r = NULL;
    struct err e;
    if (v->session == NULL)
        return NULL;
    enum code code = session_call(v->session, json_pack("{s:s}", "do", verb), NULL, NULL, NULL, &r, &e);
    if (code != OK) {
        v->starting = code == E_BUSY;
        say(v, v->starting ? NOTE : BAD, NULL, "%s", e.text);
        return NULL;
    }
    return r;
}

static void look_keyring(struct visit *v) {
    json_t *r = ask(v, "key_status");
    if (r == NULL)
        return;
    long long pending = (long long)json_integer_value(json_object_get(r, "pending"));
    if (!json_is_true(json_object_get(r, "in_place")))
        say(v, NOTE, "keep the data directory on ext4 or xfs", "the file system (%s) may keep old epoch keys: erasures are not final against a copy of the raw disk",
            json_string_value(json_object_get(r, "filesystem")) ?: "unknown");
    long long today = (long long)json_integer_value(json_object_get(r, "destroyed_today"));
    if (today >= (long long)(json_integer_value(json_object_get(r, "destroyed_most")) + json_integer_value(json_object_get(r, "allowed_today"))))
        say(v, BAD, "find out what erases so much, then: sejf key allow NUMBER", "%lld keys were destroyed today, as many as are allowed: erasures are refused", today);
    say(v, GOOD, NULL, "%lld keys in %lld buckets, epoch %lld; %lld destroyed and final with the next renewal", (long long)json_integer_value(json_object_get(r, "keys")),
        (long long)json_integer_value(json_object_get(r, "buckets")), (long long)json_integer_value(json_object_get(r, "epoch")), pending);
    json_decref(r);
}

static void look_time(struct visit *v) {
    json_t *r = ask(v, "clock_show");
    if (json_is_true(json_object_get(r, "held")))
        say(v, BAD, "look at the clock, then: sejf clock confirm", "the clock jumped from %s to %s: nothing that is due is erased", json_string_value(json_object_get(r, "from")) ?: "?",
            json_string_value(json_object_get(r, "to")) ?: "?");
    else if (r != NULL)
        say(v, GOOD, NULL, "the clock goes on from what was seen last");
    json_decref(r);
}

static void say_damaged(const char *line, size_t len, void *arg) {
    json_t *o = json_loadb(line, len, 0, NULL);
    say(arg, BAD, "it is lost unless an archive has it: erase it, or restore", "%s %s: %s", json_string_value(json_object_get(o, "what")) ?: "?",
        json_string_value(json_object_get(o, "id")) ?: "?", json_string_value(json_object_get(o, "text")) ?: "");
    json_decref(o);
}

static void look_data(struct visit *v) {
    json_t *r = NULL;
    struct err e;
    if (session_call(v->session, json_pack("{s:s,s:b}", "do", "data_check", "thorough", v->thorough), NULL, say_damaged, v, &r, &e) != OK) {
        say(v, BAD, NULL, "%s", e.text);
        return;
    }
    const char *pages = json_string_value(json_object_get(r, "pages"));
    if (pages != NULL)
        say(v, BAD, NULL, "%s", pages);
    else if (v->thorough)
        say(v, GOOD, NULL, "every page is whole; %lld records and %lld files were opened, %lld are damaged", (long long)json_integer_value(json_object_get(r, "records")),
            (long long)json_integer_value(json_object_get(r, "files")), (long long)json_integer_value(json_object_get(r, "bad")));
    else
        say(v, GOOD, NULL, "every page is whole (--thorough also opens every record and file)");
    json_decref(r);
}

struct lacking { struct visit *visit; long long shut; };

/* One that takes personal data without an agreement breaks a promise; one that is shut out waits for it. */
static void say_lacking(const char *line, size_t len, void *arg) {
    struct lacking *l = arg;
    char mend[160];
    json_t *o = json_loadb(line, len, 0, NULL);
    const char *service = json_string_value(json_object_get(o, "service")), *state = json_string_value(json_object_get(o, "state"));
    long long tenant = (long long)json_integer_value(json_object_get(o, "tenant"));
    if (service != NULL && state != NULL && strcmp(state, "not recorded") == 0) {
        snprintf(mend, sizeof mend, "sejf tenant agreement %.64s %lld --signed DATE", service, tenant);
        say(l->visit, BAD, mend, "tenant %lld of %s takes personal data, and no agreement with it is recorded", tenant, service);
    } else {
        l->shut++;
    }
    json_decref(o);
}

static void look_agreements(struct visit *v) {
    json_t *r = NULL;
    struct err e;
    struct lacking l = { v, 0 };
    int bad = v->bad;
    if (session_call(v->session, json_pack("{s:s}", "do", "agreement_check"), NULL, say_lacking, &l, &r, &e) != OK)
        say(v, BAD, NULL, "%s", e.text);
    else if (l.shut > 0)
        say(v, NOTE, "sejf tenant list names them; sejf tenant agreement records one", "%lld %s no agreement in force: no personal data is taken there", l.shut, l.shut == 1 ? "tenant has" : "tenants have");
    else if (v->bad == bad)
        say(v, GOOD, NULL, json_integer_value(json_object_get(r, "asked")) > 0 ? "every tenant whose charter asks for an agreement has one" : "no charter asks for agreements");
    json_decref(r);
}

static void look_ledger(struct visit *v) {
    json_t *r = ask(v, "ledger_verify");
    if (r != NULL)
        say(v, GOOD, NULL, "%lld entries in %lld chains are whole", (long long)json_integer_value(json_object_get(r, "entries")),
            (long long)json_integer_value(json_object_get(r, "chains")));
    json_decref(r);
}

static const struct { const char *about; void (*look)(struct visit *v); bool inside; } checks[] = {
    { "version", look_version, false }, { "charters", look_charters, false }, { "modes", look_modes, false }, { "disk", look_room, false },
    { "log", look_log, false }, { "root key", look_root, false }, { "clock", look_clock, false }, { "memory", look_memory, false }, { "users", look_users, false },
    { "sandbox", look_sandbox, false }, { "relay", look_relay, false }, { "dkim", look_dkim, false }, { "bounces", look_bounces, false }, { "nginx", look_nginx, false }, { "ports", look_ports, false }, { "certificate", look_certificate, false },
    { "keyring", look_keyring, true }, { "sms", look_sms, true }, { "time", look_time, true }, { "data", look_data, true }, { "agreements", look_agreements, true }, { "ledger", look_ledger, true },
};

/* The keeper is asked last: opening a session may make this process another user. */
static void visit_all(struct visit *v) {
    struct err e;
    v->runs = pid_of(v, "parent") > 0;
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        v->about = checks[i].about;
        if (checks[i].inside && v->starting)
            continue;
        if (checks[i].inside && v->session == NULL) {
            if (v->bad > 0 && !v->runs) {
                say(v, NOTE, NULL, "looked at when the above is mended");
                continue;
            }
            if (session_open(v->place, &v->session, &e) != OK) {
                say(v, BAD, NULL, "%s", e.text);
                continue;
            }
        }
        checks[i].look(v);
    }
}

enum code cmd_doctor(int argc, char *const *argv, struct err *reterr) {
    const char *data = NULL, *config = NULL;
    struct visit v = { .bad = 0 };
    struct plain_words w;
    const struct option options[] = { { "data", OPTION_TEXT, &data }, { "config", OPTION_TEXT, &config }, { "json", OPTION_FLAG, &v.json },
                                      { "thorough", OPTION_FLAG, &v.thorough } };
    AUTO(place_close) struct place *p = NULL;
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &w, reterr);
    if (code == OK)
        code = place_open(data, config, &p, reterr);
    if (code != OK)
        return code;
    v.place = p;
    v.list = json_array();
    crew_find(p, &v.crew);
    visit_all(&v);
    v.session = session_close(v.session);
    if (v.json) {
        json_t *top = json_pack("{s:b,s:O}", "well", v.bad == 0, "checks", v.list);
        json_dumpf(top, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(top);
    }
    json_decref(v.list);
    if (v.bad == 0)
        return OK;
    *reterr = (struct err){ .code = E_CONFIG };
    return E_CONFIG;
}
