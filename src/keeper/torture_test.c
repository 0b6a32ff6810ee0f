/* torture_test.c — keyring, and keeper and client over a socket, with the n-th allocation failing: no key is lost that was given
 * out, none that was destroyed opens, and the keeper goes on serving. */
#include "base/torture.h"

#include <pthread.h>
#include <sys/socket.h>

#include "keeper/server.h"
#include "keeper/testplace.h"
#include "sys/sockets.h"

#define TENANT 7

struct scene {
    struct place place; struct keyring *ring; struct key keys[BLOCK_KEYS]; key_id ids[BLOCK_KEYS]; key_id made[BLOCK_KEYS]; struct key made_keys[BLOCK_KEYS];
    struct keeper_client *client; int64_t chain; int listen, stop; char socket[128]; struct err e;
};

/* The caller of a keyring rolls back after a failure, and starts anew where it could not be read again. */
static enum code over(struct scene *s, enum code code) {
    if (code != OK)
        keyring_rollback(s->ring);
    return code;
}
static bool ring_fine(void *arg, enum code code UNUSED) {
    struct scene *s = arg;
    if (keyring_broken(s->ring)) {
        s->ring = keyring_close(s->ring);
        s->ring = opened(&s->place);
    }
    return good(s->ring, TENANT, s->ids, s->keys, BLOCK_KEYS) == BLOCK_KEYS;
}

static enum code ring_open(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    AUTO(keyring_close) struct keyring *k = NULL;
    return keyring_open(&s->place.o, &k, reterr);
}
static enum code ring_create(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    struct place p = { .directory = "" };
    struct err e;
    (void)s;
    snprintf(p.directory, sizeof p.directory, "/tmp/sejf-keyring-XXXXXX");
    CHECK(mkdtemp(p.directory) != NULL);
    snprintf(p.root, sizeof p.root, "%s/root.key", p.directory);
    p.o = (struct keyring_options){ .directory = p.directory, .root = { .kind = ROOT_FILE, .path = p.root }, .owner = s->place.o.owner };
    enum code code = keyring_create(&p.o, NULL, reterr);
    (void)torture_end();
    if (code != OK)                            /* and the next try makes it whole */
        CHECK_OK(keyring_create(&p.o, NULL, &e), &e);
    struct keyring *k = opened(&p);
    k = keyring_close(k);
    place_done(&p);
    return code;
}
static enum code ring_make(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    enum code code = keyring_make(s->ring, TENANT, 24000, BLOCK_KEYS, s->made, s->made_keys, reterr);
    return over(s, code == OK ? keyring_commit(s->ring, reterr) : code);
}
static bool made_fine(void *arg, enum code code) {
    struct scene *s = arg;
    return ring_fine(arg, code) && (code != OK || good(s->ring, TENANT, s->made, s->made_keys, BLOCK_KEYS) == BLOCK_KEYS);
}
static enum code ring_unwrap(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    struct key got[BLOCK_KEYS];
    bool ok[BLOCK_KEYS] = { false };
    enum code code = keyring_unwrap(s->ring, TENANT, s->ids, BLOCK_KEYS, got, ok, reterr);
    if (code == OK)
        buf_printf(outcome, "%d %d", ok[0], memcmp(got, s->keys, sizeof got));
    return over(s, code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code);
}
static enum code ring_destroy(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    enum code code = keyring_destroy(s->ring, TENANT, s->made, BLOCK_KEYS, reterr);
    return over(s, code == OK ? keyring_commit(s->ring, reterr) : code);
}
/* Destroyed, or there as before; then the next ones are made. */
static bool destroyed(void *arg, enum code code) {
    struct scene *s = arg;
    bool fine = ring_fine(arg, code);
    fine = fine && good(s->ring, TENANT, s->made, s->made_keys, BLOCK_KEYS) == (code == OK ? 0 : BLOCK_KEYS);
    make(s->ring, TENANT, 24000, BLOCK_KEYS, s->made, s->made_keys);
    return fine;
}
static enum code ring_renew(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    struct renewal r = { 0 };
    bool done = false;
    enum code code = OK;
    keyring_renew_begin(s->ring);
    while (code == OK && !done)
        code = keyring_renew_step(s->ring, &done, &r, reterr);
    return over(s, code);
}
static bool renewed(void *arg, enum code code) {
    struct scene *s = arg;
    bool fine = ring_fine(arg, code);
    (void)renew(s->ring);
    fine = fine && ring_fine(arg, code) && pending(s->ring) == 0;
    destroy(s->ring, TENANT, s->made, BLOCK_KEYS);
    make(s->ring, TENANT, 24000, BLOCK_KEYS, s->made, s->made_keys);
    return fine;
}
static enum code ring_small(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    struct index_keys keys;
    uint8_t head[HASH_SIZE], public[PUBLIC_SIZE];
    uint64_t seq;
    enum code code = keyring_index_keys(s->ring, TENANT, &keys, reterr);
    if (code == OK)
        code = keyring_head(s->ring, s->chain, &seq, head, reterr);
    if (code == OK)
        code = keyring_public(s->ring, public, reterr);
    if (code == OK)
        buf_printf(outcome, "%u %llu %02x%02x", keys.generation, (unsigned long long)seq, keys.find.bytes[0], public[0]);
    return over(s, code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code);
}
static enum code ring_sign(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    uint8_t both[2 * HASH_SIZE] = { 0 }, head[HASH_SIZE], sig[SIGNATURE_SIZE];
    uint8_t digests[1][HASH_SIZE] = { { 1 } };
    memcpy(both + HASH_SIZE, digests[0], HASH_SIZE);
    hash_sha256(both, sizeof both, head);
    enum code code = keyring_sign_head(s->ring, ++s->chain, 0, digests, 1, head, sig, reterr);
    return over(s, code == OK ? keyring_commit(s->ring, reterr) : code);
}

TEST(a_keyring_without_memory_loses_nothing) {
    struct scene s = { .chain = 0 };
    bool fine = true;
    place_make(&s.place);
    s.ring = opened(&s.place);
    make(s.ring, TENANT, 24000, BLOCK_KEYS, s.ids, s.keys);
    make(s.ring, TENANT, 24000, BLOCK_KEYS, s.made, s.made_keys);
    fine &= torture(&(struct torture){ .name = "keyring create", .call = ring_create, .arg = &s, .stride = 29 });
    fine &= torture(&(struct torture){ .name = "keyring make", .call = ring_make, .check = made_fine, .arg = &s });
    fine &= torture(&(struct torture){ .name = "keyring make, for good", .call = ring_make, .check = made_fine, .arg = &s, .for_good = true });
    fine &= torture(&(struct torture){ .name = "keyring unwrap", .call = ring_unwrap, .check = ring_fine, .arg = &s });
    fine &= torture(&(struct torture){ .name = "keyring destroy", .call = ring_destroy, .check = destroyed, .arg = &s });
    fine &= torture(&(struct torture){ .name = "keyring renew", .call = ring_renew, .check = renewed, .arg = &s });
    fine &= torture(&(struct torture){ .name = "keyring reads", .call = ring_small, .check = ring_fine, .arg = &s });
    fine &= torture(&(struct torture){ .name = "keyring sign", .call = ring_sign, .check = ring_fine, .arg = &s });
    s.ring = keyring_close(s.ring);
    fine &= torture(&(struct torture){ .name = "keyring open", .call = ring_open, .arg = &s, .stride = 7 });
    place_done(&s.place);
    CHECK(fine);
}

/* ---- keeper and client in one process, so that either may run out */

static void *serve(void *arg) {
    struct scene *s = arg;
    struct err e;
    struct keeper_config c = { .keyring = s->place.o, .server_user = geteuid(), .stop_fd = s->stop };
    enum code code = keeper_serve(&c, s->listen, &e);
    if (code != OK)
        fprintf(stderr, "keeper: %s\n", e.text);
    return code == OK ? s : NULL;
}
static enum code ask_all(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    key_id ids[4];
    struct key keys[4], again[4];
    bool ok[4] = { false };
    struct index_keys index;
    enum code code = keeper_make(s->client, TENANT, USEC_NEVER, 4, ids, keys, reterr);
    if (code == OK)
        code = keeper_open(s->client, TENANT, ids, 4, again, ok, reterr);
    if (code == OK)
        buf_printf(outcome, "%d%d%d%d %d ", ok[0], ok[1], ok[2], ok[3], memcmp(keys, again, sizeof keys));
    if (code == OK)
        code = keeper_destroy(s->client, TENANT, ids, 4, reterr);
    if (code == OK)
        code = keeper_open(s->client, TENANT, ids, 4, again, ok, reterr);
    if (code == OK)
        code = keeper_index_keys(s->client, TENANT, &index, reterr);
    if (code == OK)
        buf_printf(outcome, "%d%d%d%d %u", ok[0], ok[1], ok[2], ok[3], index.generation);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}
static enum code connect_once(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    AUTO(keeper_close) struct keeper_client *k = NULL;
    struct keeper_status st;
    enum code code = keeper_connect(s->socket, &k, reterr);
    return code == OK ? keeper_status(k, &st, reterr) : code;
}
static enum code renew_once(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    struct renewal r;
    return keeper_renew(s->client, &r, reterr);
}

TEST(a_keeper_without_memory_goes_on_serving) {
    struct scene s = { .chain = 0 };
    pthread_t keeper;
    void *ended = NULL;
    int p[2];
    bool fine = true;
    place_make(&s.place);
    snprintf(s.socket, sizeof s.socket, "%s/socket", s.place.directory);
    CHECK_OK(listen_unix(s.socket, 0600, &s.listen, &s.e), &s.e);
    CHECK(pipe2(p, O_CLOEXEC) == 0);
    s.stop = p[0];
    CHECK(pthread_create(&keeper, NULL, serve, &s) == 0);
    CHECK_OK(keeper_connect(s.socket, &s.client, &s.e), &s.e);
    fine &= torture(&(struct torture){ .name = "keeper: make, open, destroy", .call = ask_all, .arg = &s, .reach = TORTURE_ALL });
    fine &= torture(&(struct torture){ .name = "keeper: connect", .call = connect_once, .arg = &s, .reach = TORTURE_ALL });
    fine &= torture(&(struct torture){ .name = "keeper: renew", .call = renew_once, .arg = &s, .reach = TORTURE_ALL });
    s.client = keeper_close(s.client);
    close(p[1]);
    CHECK(pthread_join(keeper, &ended) == 0);
    close(s.listen);
    close(p[0]);
    place_done(&s.place);
    CHECK(ended != NULL);
    CHECK(fine);
}
