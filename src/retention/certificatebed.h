/* certificatebed.h — for tests of certificates: a store, a keeper of its own in a thread, destructions of invented kinds. One thread's. */
#pragma once
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "keeper/client.h"
#include "keeper/server.h"
#include "store/destruction.h"
#include "store/testbed.h"
#include "sys/files.h"
#include "sys/sockets.h"

struct scene { struct bed b; char directory[64], keyring[96], root[96], socket[96]; struct keyring_options o; int listen, stop[2]; pthread_t thread; struct keeper_client *keeper; struct err e; };

static inline void *serve(void *arg) {
    struct scene *s = arg;
    struct err e;
    struct keeper_config c = { .keyring = s->o, .server_user = geteuid(), .stop_fd = s->stop[0] };
    CHECK_OK(keeper_serve(&c, s->listen, &e), &e);
    return NULL;
}

static inline void scene_make(struct scene *s) {
    bed_start(&s->b);
    snprintf(s->directory, sizeof s->directory, "/tmp/sejf-certificate-XXXXXX");
    CHECK(mkdtemp(s->directory) != NULL);
    snprintf(s->keyring, sizeof s->keyring, "%s/keeper", s->directory);
    snprintf(s->root, sizeof s->root, "%s/root.key", s->directory);
    snprintf(s->socket, sizeof s->socket, "%s/socket", s->directory);
    s->o = (struct keyring_options){ .directory = s->keyring, .root = { .kind = ROOT_FILE, .path = s->root }, .owner = uuid_new() };
    CHECK_OK(keyring_create(&s->o, NULL, &s->e), &s->e);
    CHECK_OK(listen_unix(s->socket, 0600, &s->listen, &s->e), &s->e);
    CHECK(pipe2(s->stop, O_CLOEXEC) == 0);
    CHECK(pthread_create(&s->thread, NULL, serve, s) == 0);
    CHECK_OK(keeper_connect(s->socket, &s->keeper, &s->e), &s->e);
}

static inline void scene_done(struct scene *s) {
    s->keeper = keeper_close(s->keeper);
    close(s->stop[1]);
    CHECK(pthread_join(s->thread, NULL) == 0);
    close(s->listen);
    close(s->stop[0]);
    CHECK_OK(dir_remove(s->directory, &s->e), &s->e);
    bed_end(&s->b);
}
DEFINE_AUTO_VALUE(struct scene, scene_done)

struct destroying { const char *cause, *by, *counts; key_id ids[8]; size_t count; };
static inline enum code destroying_write(struct txn *t, void *arg, struct err *e) {
    struct destroying *d = arg;
    int64_t number;
    return destruction_put(t, d->cause, d->by, d->counts, d->ids, d->count, &number, e);
}
/* As an erasure does it: the row, then the keys, unless the process ended before that. */
static inline void destroyed_of(struct scene *s, int64_t tenant, const char *cause, const char *by, const char *counts, size_t keys, bool cut) {
    struct destroying d = { cause, by, counts, { 0 }, keys };
    struct key key[8];
    if (keys > 0)
        CHECK_OK(keeper_make(s->keeper, tenant, USEC_NEVER, keys, d.ids, key, &s->e), &s->e);
    CHECK_OK(store_write(s->b.store, tenant, destroying_write, &d, &s->e), &s->e);
    if (!cut)
        CHECK_OK(keeper_destroy(s->keeper, tenant, d.ids, keys, &s->e), &s->e);
}
static inline void renewed(struct scene *s) {
    struct renewal r;
    CHECK_OK(keeper_renew(s->keeper, &r, &s->e), &s->e);
}
