/* testplace.h — for the tests of this folder: a keyring in a directory of its own, and the few steps that all take. */
#pragma once
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "keeper/inside.h"
#include "sys/files.h"

struct place { char directory[64], root[96], path[128]; struct keyring_options o; };

UNUSED static void place_make(struct place *p) {
    struct err e;
    snprintf(p->directory, sizeof p->directory, "/tmp/sejf-keyring-XXXXXX");
    CHECK(mkdtemp(p->directory) != NULL);
    snprintf(p->root, sizeof p->root, "%s/root.key", p->directory);
    p->o = (struct keyring_options){ .directory = p->directory, .root = { .kind = ROOT_FILE, .path = p->root }, .owner = uuid_new() };
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(keyring_create(&p->o, NULL, &e), &e);
}

UNUSED static void place_done(struct place *p) {
    struct err e;
    CHECK_OK(dir_remove(p->directory, &e), &e);
}
DEFINE_AUTO_VALUE(struct place, place_done)

UNUSED static const char *in(struct place *p, const char *name) {
    snprintf(p->path, sizeof p->path, "%s/%s", p->directory, name);
    return p->path;
}

UNUSED static struct keyring *opened(struct place *p) {
    struct keyring *k = NULL;
    struct err e;
    CHECK_OK(keyring_open(&p->o, &k, &e), &e);
    return k;
}

UNUSED static void make(struct keyring *k, int64_t tenant, uint32_t month, size_t n, key_id *ids, struct key *keys) {
    struct err e;
    CHECK_OK(keyring_make(k, tenant, month, n, ids, keys, &e), &e);
    CHECK_OK(keyring_commit(k, &e), &e);
}

UNUSED static void destroy(struct keyring *k, int64_t tenant, const key_id *ids, size_t n) {
    struct err e;
    CHECK_OK(keyring_destroy(k, tenant, ids, n, &e), &e);
    CHECK_OK(keyring_commit(k, &e), &e);
}

/* How many of the keys open, each to what it was. */
UNUSED static size_t good(struct keyring *k, int64_t tenant, const key_id *ids, const struct key *keys, size_t n) {
    static struct key got[BUCKET_KEYS];
    static bool ok[BUCKET_KEYS];
    struct err e;
    size_t same = 0;
    CHECK_OK(keyring_unwrap(k, tenant, ids, n, got, ok, &e), &e);
    for (size_t i = 0; i < n; i++)
        if (ok[i]) {
            CHECK(memcmp(&got[i], &keys[i], sizeof got[i]) == 0);
            same++;
        }
    return same;
}

UNUSED static struct renewal renew(struct keyring *k) {
    struct renewal r = { 0 };
    struct err e;
    bool done = false;
    keyring_renew_begin(k);
    while (!done)
        CHECK_OK(keyring_renew_step(k, &done, &r, &e), &e);
    return r;
}

UNUSED static uint64_t pending(struct keyring *k) {
    struct keeper_status st;
    keyring_status(k, &st);
    return st.pending;
}

UNUSED static void refused(struct place *p, enum code want, const char *text) {
    struct keyring *k = NULL;
    struct err e = { 0 };
    CHECK_CODE(keyring_open(&p->o, &k, &e), want, &e);
    CHECK(k == NULL);
    if (strstr(e.text, text) == NULL)
        fprintf(stderr, "said: %s\n", e.text);
    CHECK(strstr(e.text, text) != NULL);
}
