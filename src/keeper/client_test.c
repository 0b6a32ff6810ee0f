/* client_test.c — client and keeper over a real socket: the keeper is a child process. */
#include "keeper/client.c"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fiber.h"
#include "base/test.h"
#include "db/sums.h"
#include "keeper/server.h"
#include "sys/files.h"
#include "sys/sandbox.h"
#include "sys/sockets.h"

struct scene { char directory[64], keyring[96], root[96], socket[96]; struct keyring_options o; pid_t pid; int stop, listen; size_t fail_at; uid_t server_user; bool sandbox; int line[2]; };

/* In the child, once it serves: the n-th write from then on fails, and all after it. */
static void fail_from_now(void *arg) { sums_fail_at = ((struct scene *)arg)->fail_at; }

/* What the keeper process is left with: its own directory and its connections. */
static enum code boxed(void *arg, struct err *reterr) {
    const struct scene *s = arg;
    const struct sandbox_path paths[] = { { s->keyring, SANDBOX_READ | SANDBOX_WRITE, false } };
    const struct sandbox box = { "the keeper", paths, ARRAY_LEN(paths), CALLS_FILES | CALLS_TALK };
    return s->sandbox ? sandbox_enter(&box, reterr) : OK;
}

static void serve(struct scene *s) {
    struct err e;
    int p[2];
    CHECK(pipe2(p, O_CLOEXEC) == 0);
    CHECK_OK(listen_unix(s->socket, 0600, &s->listen, &e), &e);
    s->stop = p[1];
    s->pid = fork();
    if (s->pid == 0) {
        struct keeper_config c = { .keyring = s->o, .server_user = s->server_user, .line_fd = s->line[1], .stop_fd = p[0], .sandbox = boxed, .ready = fail_from_now, .arg = s };
        close(p[1]);
        enum code code = keeper_serve(&c, s->listen, &e);
        if (code != OK)
            fprintf(stderr, "keeper: %s\n", e.text);
        _exit(code == OK ? 0 : 1);
    }
    close(p[0]);
}

/* In order, or as a power cut does. */
static void stop(struct scene *s, bool kill_it) {
    int status = 0;
    if (s->pid == 0)
        return;
    if (kill_it)
        CHECK(kill(s->pid, SIGKILL) == 0);
    close(s->stop);
    CHECK(waitpid(s->pid, &status, 0) == s->pid);
    CHECK(kill_it || status == 0);
    close(s->listen);
    s->pid = 0;
}

static void scene_make(struct scene *s) {
    struct err e;
    *s = (struct scene){ .pid = 0 };
    snprintf(s->directory, sizeof s->directory, "/tmp/sejf-client-XXXXXX");
    CHECK(mkdtemp(s->directory) != NULL);
    snprintf(s->keyring, sizeof s->keyring, "%s/keeper", s->directory);
    snprintf(s->root, sizeof s->root, "%s/root.key", s->directory);
    snprintf(s->socket, sizeof s->socket, "%s/socket", s->directory);
    s->o = (struct keyring_options){ .directory = s->keyring, .root = { .kind = ROOT_FILE, .path = s->root }, .owner = uuid_new() };
    s->server_user = geteuid();
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(keyring_create(&s->o, NULL, &e), &e);
    serve(s);
}

static void scene_done(struct scene *s) {
    struct err e;
    stop(s, false);
    CHECK_OK(dir_remove(s->directory, &e), &e);
}
DEFINE_AUTO_VALUE(struct scene, scene_done)

static struct keeper_client *connected(struct scene *s) {
    struct keeper_client *k = NULL;
    struct err e;
    CHECK_OK(keeper_connect(s->socket, &k, &e), &e);
    return k;
}

static struct keeper_client *connected_by_line(struct scene *s) {
    struct keeper_client *k = NULL;
    struct err e;
    CHECK_OK(keeper_connect_line(s->line[0], &k, &e), &e);
    return k;
}

static size_t good(struct keeper_client *k, int64_t tenant, const key_id *ids, const struct key *keys, size_t n) {
    static struct key got[10000];
    static bool ok[10000];
    struct err e;
    size_t same = 0;
    CHECK_OK(keeper_open(k, tenant, ids, n, got, ok, &e), &e);
    for (size_t i = 0; i < n; i++)
        same += ok[i] && memcmp(&got[i], &keys[i], sizeof got[i]) == 0;
    return same;
}

static struct keeper_status status_of(struct keeper_client *k) {
    struct keeper_status st = { 0 };
    struct err e;
    CHECK_OK(keeper_status(k, &st, &e), &e);
    return st;
}

/* Which buckets the keys come from depends on how many were made ahead, and when. */
static uint64_t buckets_of(const key_id *ids, size_t n) {
    uint64_t count = 0;
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < i && ids[j] >> 12 != ids[i] >> 12)
            j++;
        count += j == i;
    }
    return count;
}

TEST(makes_opens_destroys_and_renews) {
    AUTO(scene_done) struct scene s;
    static key_id ids[9000];
    static struct key keys[9000];
    struct err e;
    struct renewal r;
    size_t opened = 9;
    scene_make(&s);
    AUTO(keeper_close) struct keeper_client *k = connected(&s);
    CHECK_OK(keeper_make(k, 1, USEC_NEVER, 5, ids, keys, &e), &e);
    CHECK_OK(keeper_make(k, 1, INT64_C(1800000000) * USEC_PER_SEC, 8995, ids + 5, keys + 5, &e), &e);
    CHECK(ids[0] >> 12 != ids[5] >> 12);     /* another month, another bucket */
    CHECK(good(k, 1, ids, keys, 9000) == 9000);
    CHECK(good(k, 2, ids, keys, 9000) == 0);
    for (size_t i = 1; i < 9000; i++)
        CHECK(ids[i] != ids[i - 1] && memcmp(&keys[i], &keys[i - 1], sizeof *keys) != 0);
    CHECK_OK(keeper_rehearse_copy(k, &e), &e);
    CHECK_OK(keeper_destroy(k, 1, ids, 4100, &e), &e);
    CHECK(good(k, 1, ids, keys, 9000) == 4900);
    CHECK(status_of(k).pending == 4100 && status_of(k).destroyed_today == 4100);
    CHECK_OK(keeper_rehearse_open(k, 1, ids, 100, &opened, &e), &e);
    CHECK(opened == 100);
    CHECK_OK(keeper_renew(k, &r, &e), &e);
    CHECK(r.buckets == buckets_of(ids, 4100) && r.epoch == 2);
    CHECK_OK(keeper_rehearse_open(k, 1, ids, 100, &opened, &e), &e);
    CHECK(opened == 0);
    CHECK(good(k, 1, ids, keys, 9000) == 4900);
    struct keeper_status st = status_of(k);
    CHECK(st.pending == 0 && st.epoch == 2 && uuid_compare(&st.owner, &s.o.owner) == 0);
    CHECK_TEXT(st.root, "file");
    CHECK_OK(keeper_renew(k, &r, &e), &e);
    CHECK(r.buckets == 0 && r.epoch == 2);
}

TEST(everything_works_inside_the_sandbox) {
    AUTO(scene_done) struct scene s;
    key_id ids[64];
    struct key keys[64];
    struct err e;
    struct renewal r;
    size_t opened = 9;
    uint32_t generation;
    if (!sandbox_built())
        skip();
    scene_make(&s);
    stop(&s, false);
    s.sandbox = true;
    serve(&s);
    AUTO(keeper_close) struct keeper_client *k = connected(&s);
    for (int again = 0; again < 2; again++) {
        CHECK_OK(keeper_make(k, 1, USEC_NEVER, 64, ids, keys, &e), &e);
        CHECK_OK(keeper_rehearse_copy(k, &e), &e);
        CHECK_OK(keeper_destroy(k, 1, ids, 64, &e), &e);
        CHECK_OK(keeper_renew(k, &r, &e), &e);
        CHECK_OK(keeper_rehearse_open(k, 1, ids, 64, &opened, &e), &e);
        CHECK(opened == 0 && status_of(k).pending == 0);
    }
    CHECK_OK(keeper_index_renew(k, &generation, &e), &e);
    stop(&s, false);                         /* closing the database inside it, too */
}

TEST(caps_hold_for_what_the_cache_does_not_answer) {
    AUTO(scene_done) struct scene s;
    key_id ids[16];
    struct key keys[16], got[16];
    bool ok[16];
    struct err e;
    scene_make(&s);
    AUTO(keeper_close) struct keeper_client *k = connected(&s);
    CHECK_OK(keeper_make(k, 1, USEC_NEVER, 16, ids, keys, &e), &e);
    CHECK(good(k, 1, ids, keys, 16) == 16);
    CHECK_OK(keeper_tighten(k, 1, 24, &e), &e);      /* 16 are counted already */
    CHECK_OK(keeper_open(k, 1, ids, 8, got, ok, &e), &e);
    CHECK_OK(keeper_open(k, 1, ids, 8, got, ok, &e), &e);     /* from the cache */
    CHECK_CODE(keeper_open(k, 1, ids + 8, 1, got, ok, &e), E_TOO_MANY, &e);
    CHECK_OK(keeper_allow(k, 5, &e), &e);
}

TEST(the_keeper_may_go_away_and_come_back) {
    AUTO(scene_done) struct scene s;
    key_id ids[8];
    struct key keys[8];
    struct err e;
    struct keeper_status st;
    scene_make(&s);
    AUTO(keeper_close) struct keeper_client *k = connected(&s);
    CHECK_OK(keeper_make(k, 1, USEC_NEVER, 8, ids, keys, &e), &e);
    stop(&s, true);
    CHECK_CODE(keeper_status(k, &st, &e), E_PEER, &e);
    CHECK(strstr(e.text, "keeper") != NULL);
    serve(&s);
    CHECK(good(k, 1, ids, keys, 8) == 8);    /* keys that were given out are durable */
    CHECK_OK(keeper_destroy(k, 1, ids, 1, &e), &e);
    stop(&s, true);
    serve(&s);
    CHECK(good(k, 1, ids, keys, 8) == 7);    /* so are destructions; a broken connection is made anew by itself */
    CHECK(status_of(k).pending == 1);
}

/* A full disk: what must be written is refused, each request with one answer of its own; what is only read goes on. */
TEST(a_commit_that_fails_answers_each_request_once) {
    for (size_t n = 1; n <= 6; n++) {
        AUTO(scene_done) struct scene s;
        key_id ids[32], made_ids[32];
        struct key keys[32], made_keys[32], got[32];
        bool ok[32];
        size_t at[32];
        struct err e, errs[5];
        struct keeper_status st;
        scene_make(&s);
        AUTO(keeper_close) struct keeper_client *k = connected(&s);
        CHECK_OK(keeper_make(k, 1, USEC_NEVER, 32, ids, keys, &e), &e);
        k = keeper_close(k);
        stop(&s, false);
        s.fail_at = n;
        serve(&s);
        AUTO(link_free) struct link *l = NULL;
        CHECK_OK(link_new(&(struct door){ s.socket, -1 }, &l, &e), &e);
        struct made made = { made_ids, made_keys, 32 };
        struct opened o = { got, ok, at, 32 };
        for (size_t i = 0; i < 32; i++)
            at[i] = i;
        struct call c[5] = { CALL(OP_make, take_made, &made, &errs[0]), CALL(OP_open, take_opened, &o, &errs[1]), CALL(OP_destroy, NULL, NULL, &errs[2]),
                             CALL(OP_status, take_status, &st, &errs[3]), CALL(OP_make, take_made, &made, &errs[4]) };
        for (size_t i = 0; i < 5; i += 4) {
            put_u64(&c[i].request, 1);
            put_u32(&c[i].request, 0);
            put_u32(&c[i].request, 32);
        }
        put_ids(&c[1].request, 1, ids, 32);
        put_ids(&c[2].request, 1, ids, 1);
        for (size_t i = 0; i < 4; i++)
            c[i].next = &c[i + 1];
        link_do(l, c, 30000);
        for (size_t i = 0; i < 5; i++)
            buf_wipe(&c[i].request);
        CHECK(c[1].code == OK && c[3].code == OK && (c[4].code == E_FULL || c[4].code == E_IO) && st.keys >= 31);
        for (size_t i = 0; i < 32; i++)
            CHECK(ok[i] && memcmp(&got[i], &keys[i], sizeof *keys) == 0);
        stop(&s, true);
        s.fail_at = 0;
        serve(&s);
        k = connected(&s);
        CHECK(good(k, 1, ids, keys, 32) == (c[2].code == OK ? 31 : 32));
        CHECK(c[0].code != OK || good(k, 1, made_ids, made_keys, 32) == 32);
    }
}

TEST(index_and_ledger_go_through) {
    AUTO(scene_done) struct scene s;
    struct index_keys a, b;
    uint32_t generation = 0;
    static uint8_t d[5000][HASH_SIZE];
    uint8_t head[HASH_SIZE] = { 0 }, got[HASH_SIZE], sig[SIGNATURE_SIZE], public[PUBLIC_SIZE], text[65] = "sejf ledger head";
    uint64_t seq = 0;
    struct err e;
    scene_make(&s);
    AUTO(keeper_close) struct keeper_client *k = connected(&s);
    CHECK_OK(keeper_index_keys(k, 1, &a, &e), &e);
    CHECK_OK(keeper_index_renew(k, &generation, &e), &e);
    CHECK_CODE(keeper_index_renew(k, &generation, &e), E_CONFLICT, &e);
    CHECK_OK(keeper_index_keys(k, 1, &b, &e), &e);
    CHECK(generation == 2 && b.has_before && memcmp(&b.index_before, &a.index, 32) == 0);
    CHECK_OK(keeper_index_settled(k, &e), &e);
    for (size_t i = 0; i < 5000; i++) {
        memset(d[i], (int)(i % 251), HASH_SIZE);
        extend(head, d[i]);
    }
    CHECK_OK(keeper_sign_head(k, 0, 0, (const uint8_t (*)[HASH_SIZE])d, 5000, head, sig, &e), &e);     /* more than one request takes */
    CHECK_OK(keeper_head(k, 0, &seq, got, &e), &e);
    CHECK(seq == 5000 && memcmp(got, head, HASH_SIZE) == 0);
    int64_t chain = -1;
    CHECK_OK(keeper_chain_after(k, -1, &chain, &e), &e);
    CHECK_INT(chain, 0);
    CHECK_CODE(keeper_chain_after(k, 0, &chain, &e), E_NOT_FOUND, &e);
    CHECK_OK(keeper_public(k, public, &e), &e);
    text[31] = 5000 >> 8;
    text[32] = (uint8_t)5000;
    memcpy(text + 33, head, HASH_SIZE);
    CHECK(sign_verify(public, text, sizeof text, sig));
    CHECK_CODE(keeper_sign_head(k, 0, 4999, (const uint8_t (*)[HASH_SIZE])d, 2, head, sig, &e), E_CONFLICT, &e);
}

/* --- many threads --- */

#define THREADS 8
#define ROUNDS 150
struct worker { struct keeper_client *k; int64_t tenant; bool fine; key_id all[ROUNDS * 3]; };

static void *work(void *arg) {
    struct worker *w = arg;
    w->fine = true;
    for (size_t i = 0; i < ROUNDS && w->fine; i++) {
        key_id *ids = w->all + i * 3;
        struct key keys[3], got[3];
        bool ok[3];
        struct err e;
        w->fine = keeper_make(w->k, w->tenant, (usec_t)(i % 3) * 40 * USEC_PER_DAY, 3, ids, keys, &e) == OK
            && keeper_open(w->k, w->tenant, ids, 3, got, ok, &e) == OK && ok[0] && ok[1] && ok[2] && memcmp(keys, got, sizeof keys) == 0
            && keeper_destroy(w->k, w->tenant, ids, 1, &e) == OK && keeper_open(w->k, w->tenant, ids, 3, got, ok, &e) == OK
            && !ok[0] && ok[1] && ok[2];
    }
    return NULL;
}

static int by_value(const void *a, const void *b) {
    key_id x = *(const key_id *)a, y = *(const key_id *)b;
    return x < y ? -1 : x > y;
}

TEST(threads_share_one_connection_while_it_is_renewed) {
    AUTO(scene_done) struct scene s;
    static struct worker w[THREADS];
    static key_id all[THREADS * ROUNDS * 3];
    pthread_t t[THREADS];
    struct err e;
    struct renewal r;
    scene_make(&s);
    AUTO(keeper_close) struct keeper_client *k = connected(&s);
    for (size_t i = 0; i < THREADS; i++) {
        w[i] = (struct worker){ .k = k, .tenant = (int64_t)(i / 2) };
        CHECK(pthread_create(&t[i], NULL, work, &w[i]) == 0);
    }
    for (int i = 0; i < 10; i++)
        CHECK_OK(keeper_renew(k, &r, &e), &e);
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(t[i], NULL) == 0);
        CHECK(w[i].fine);
        memcpy(all + i * ROUNDS * 3, w[i].all, sizeof w[i].all);
    }
    qsort(all, ARRAY_LEN(all), sizeof *all, by_value);
    for (size_t i = 1; i < ARRAY_LEN(all); i++)
        CHECK(all[i] != all[i - 1]);         /* nobody was given the key of another */
    CHECK_OK(keeper_renew(k, &r, &e), &e);
    CHECK(status_of(k).pending == 0);
}

/* --- calls that take turns --- */

#define TURNS 8u
struct turning { struct worker w[TURNS]; size_t begun; };
static void work_in_turn(void *arg) { (void)work(arg); }

static void *next_worker(void *by) {
    struct turning *t = by;
    return t->begun == TURNS ? NULL : &t->w[t->begun++];
}

static void *take_turns(void *arg) {
    struct turning *t = arg;
    struct turns *turns = turns_new();
    t->begun = 0;
    turns_run(turns, work_in_turn, next_worker, t);
    turns_free(turns);
    return NULL;
}

static size_t fine_ones(const struct turning *t) {
    size_t n = 0;
    for (size_t i = 0; i < TURNS; i++)
        n += t->w[i].fine;
    return n;
}

TEST(calls_take_turns_on_each_of_several_threads) {
    AUTO(scene_done) struct scene s;
    static struct turning all[3];
    pthread_t t[ARRAY_LEN(all)];
    scene_make(&s);
    AUTO(keeper_close) struct keeper_client *k = connected(&s);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        for (size_t n = 0; n < TURNS; n++)
            all[i].w[n] = (struct worker){ .k = k, .tenant = (int64_t)n };
        CHECK(pthread_create(&t[i], NULL, take_turns, &all[i]) == 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        CHECK(pthread_join(t[i], NULL) == 0);
        CHECK_INT(fine_ones(&all[i]), TURNS);
    }
    stop(&s, true);                          /* nobody answers: each is told, none waits */
    (void)take_turns(&all[0]);
    CHECK_INT(fine_ones(&all[0]), 0);
}

/* --- peers that do not keep to the protocol --- */

static int raw(struct scene *s) {
    int fd = -1;
    struct err e;
    CHECK_OK(connect_unix(s->socket, &fd, &e), &e);
    return fd;
}

/* The keeper closes this connection. */
static bool closed(int fd) {
    char byte;
    struct timeval wait = { 5, 0 };
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
    ssize_t n;
    while ((n = recv(fd, &byte, 1, 0)) > 0)
        continue;
    bool is = n == 0 || (n < 0 && errno == ECONNRESET);
    close(fd);
    return is;
}

TEST(a_bad_message_closes_its_peer_only) {
    static const struct { const char *bytes; size_t len; } bad[] = {
        { "\0\0\0\0", 4 },                                   /* an empty frame */
        { "\1\0\0\0\0", 5 }, { "\1\0\0\0\xff", 5 },          /* no such op */
        { "\1\0\0\0\1", 5 },                                 /* hello without its version */
        { "\6\0\0\0\1\1\0\0\0\0", 10 },                      /* hello with more than that */
        { "\xff\xff\xff\xff", 4 }, { "\1\0\4\0", 4 },        /* frames that are too long */
        { "\x0d\0\0\0\3\1\0\0\0\0\0\0\0\xff\xff\xff\xff", 17 },      /* more ids than a request has */
        { "\x0d\0\0\0\3\1\0\0\0\0\0\0\0\2\0\0\0", 17 },      /* ids announced and not there */
    };
    AUTO(scene_done) struct scene s;
    key_id ids[4];
    struct key keys[4];
    struct err e;
    scene_make(&s);
    AUTO(keeper_close) struct keeper_client *k = connected(&s);
    CHECK_OK(keeper_make(k, 1, USEC_NEVER, 4, ids, keys, &e), &e);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int fd = raw(&s);
        CHECK(send(fd, bad[i].bytes, bad[i].len, MSG_NOSIGNAL) == (ssize_t)bad[i].len);
        CHECK(closed(fd));
        CHECK(status_of(k).keys >= 4);
    }
    for (int i = 0; i < 50; i++)             /* half a message, then gone */
        CHECK(send(raw(&s), "\x20\0\0\0\3", 5, MSG_NOSIGNAL) == 5);
    CHECK(good(k, 1, ids, keys, 4) == 4);
}

TEST(keys_made_ahead_and_never_used_are_destroyed) {
    AUTO(scene_done) struct scene s;
    struct err e;
    key_id id;
    struct key key, got;
    bool ok = false;
    uint64_t n = 99;
    scene_make(&s);
    AUTO(keeper_close) struct keeper_client *k = connected(&s);
    CHECK_OK(keeper_make(k, 1, USEC_NEVER, 1, &id, &key, &e), &e);
    usec_t end = clock_steady() + 60 * USEC_PER_SEC;
    while (status_of(k).keys < 2 * BLOCK_KEYS && clock_steady() < end)    /* the pool is filled behind our back */
        usleep(1000);
    uint64_t made = status_of(k).keys;
    CHECK_OK(keeper_collect(k, USEC_PER_HOUR, &n, &e), &e);
    CHECK_INT(n, 0);
    for (uint64_t all = 0; all < made - 1 && clock_steady() < end; all += n) {
        CHECK_OK(keeper_collect(k, 0, &n, &e), &e);
        usleep(1000);
    }
    struct keeper_status st = status_of(k);
    CHECK_INT(st.keys, 1);
    CHECK_INT(st.destroyed_today, made - 1);
    CHECK(st.opened_most == UNWRAPS_PER_MINUTE && st.destroyed_most == DESTRUCTIONS_PER_DAY && st.allowed_today == 0);
    CHECK_OK(keeper_open(k, 1, &id, 1, &got, &ok, &e), &e);
    CHECK(ok && memcmp(&got, &key, sizeof key) == 0);
}

#define STRANGER 65534

/* What a process of another user gets: 0 everything was as it should be. */
static int as_stranger(struct scene *s, bool is_server) {
    struct keeper_client *k = NULL;
    struct keeper_status st;
    struct err e;
    if (setresgid(STRANGER, STRANGER, STRANGER) != 0 || setresuid(STRANGER, STRANGER, STRANGER) != 0)
        return 1;
    enum code code = keeper_connect(s->socket, &k, &e);
    if (!is_server)
        return code == E_PEER ? 0 : 2;
    if (code != OK)
        return 3;
    if (keeper_status(k, &st, &e) != OK)
        return 4;
    code = keeper_allow(k, 10, &e);          /* not by the server itself */
    (void)keeper_close(k);
    return code == E_FORBIDDEN ? 0 : 5;
}

TEST(strangers_are_refused_and_the_server_may_not_lift_its_cap) {
    if (geteuid() != 0)
        skip();                              /* only root can be somebody else */
    for (int is_server = 0; is_server < 2; is_server++) {
        AUTO(scene_done) struct scene s;
        int status = 0;
        scene_make(&s);
        stop(&s, false);
        s.server_user = is_server ? STRANGER : 0;
        serve(&s);
        CHECK(chmod(s.directory, 0755) == 0 && chmod(s.socket, 0666) == 0);
        pid_t pid = fork();
        if (pid == 0)
            _exit(as_stranger(&s, is_server));
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK_INT(status, 0);
        AUTO(keeper_close) struct keeper_client *k = connected(&s);
        struct err e;
        CHECK_OK(keeper_allow(k, 10, &e), &e);
    }
}

/* A stranger who has got hold of the server's end of the line is looked at like one who connects. */
TEST(over_a_line_the_peer_is_looked_at_too) {
    if (geteuid() != 0)
        skip();
    AUTO(scene_done) struct scene s;
    struct err e;
    int status = 0;
    scene_make(&s);
    stop(&s, false);
    CHECK_OK(line_make(&s.line[0], &s.line[1], &e), &e);
    serve(&s);
    pid_t pid = fork();
    if (pid == 0) {
        struct keeper_client *k = NULL;
        if (setresgid(STRANGER, STRANGER, STRANGER) != 0 || setresuid(STRANGER, STRANGER, STRANGER) != 0)
            _exit(1);
        _exit(keeper_connect_line(s.line[0], &k, &e) == E_PEER ? 0 : 2);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_INT(status, 0);
    AUTO(keeper_close) struct keeper_client *k = connected_by_line(&s);
    CHECK(status_of(k).epoch > 0);
    fd_close(&s.line[0]);
    fd_close(&s.line[1]);
}

TEST(a_line_reaches_the_keeper_that_comes_after) {
    AUTO(scene_done) struct scene s;
    struct err e;
    struct renewal r;
    key_id ids[32];
    struct key keys[32];
    bool ok[32];
    scene_make(&s);
    stop(&s, false);
    CHECK_OK(line_make(&s.line[0], &s.line[1], &e), &e);
    CHECK(send(s.line[0], "noise", 5, 0) == 5);
    serve(&s);
    AUTO(keeper_close) struct keeper_client *k = connected_by_line(&s);
    CHECK_OK(keeper_make(k, 1, USEC_NEVER, 32, ids, keys, &e), &e);
    stop(&s, true);
    serve(&s);
    CHECK_OK(keeper_open(k, 1, ids, 32, keys, ok, &e), &e);
    CHECK_OK(keeper_renew(k, &r, &e), &e);    /* over a connection of its own */
    fd_close(&s.line[0]);
    fd_close(&s.line[1]);
}

TEST(connecting_to_nobody_says_so) {
    struct keeper_client *k = NULL;
    struct err e;
    CHECK_CODE(keeper_connect("/tmp/sejf-nobody.socket", &k, &e), E_PEER, &e);
    CHECK(k == NULL);
}

TEST(months_of_due_dates) {
    CHECK_INT(month_of(USEC_NEVER), 0);
    CHECK_INT(month_of(0), 1970 * 12);
    CHECK_INT(month_of(-USEC_PER_DAY), 1969 * 12 + 11);
    CHECK_INT(month_of(INT64_C(1795305600) * USEC_PER_SEC), 2026 * 12 + 10);
    CHECK_INT(month_of(USEC_NEVER - 1), MONTH_MAX);
    CHECK(month_of(INT64_MIN) >= 1);
}
