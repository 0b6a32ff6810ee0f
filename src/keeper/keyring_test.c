/* keyring_test.c — the tree as a whole: what each file does shows here through the keyring. */
#include "keeper/keyring.c"
#include "keeper/parts.c"
#include "keeper/renew.c"

#include <stdlib.h>
#include <sys/wait.h>

#include "base/test.h"
#include "base/text.h"
#include "db/sums.h"

struct place { char directory[64], root[96], path[128]; struct keyring_options o; };

static void place_make(struct place *p) {
    struct err e;
    snprintf(p->directory, sizeof p->directory, "/tmp/sejf-keyring-XXXXXX");
    CHECK(mkdtemp(p->directory) != NULL);
    snprintf(p->root, sizeof p->root, "%s/root.key", p->directory);
    p->o = (struct keyring_options){ .directory = p->directory, .root = { .kind = ROOT_FILE, .path = p->root }, .owner = uuid_new() };
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(keyring_create(&p->o, NULL, &e), &e);
}

static void place_done(struct place *p) {
    struct err e;
    CHECK_OK(dir_remove(p->directory, &e), &e);
}
DEFINE_AUTO_VALUE(struct place, place_done)

static const char *in(struct place *p, const char *name) {
    snprintf(p->path, sizeof p->path, "%s/%s", p->directory, name);
    return p->path;
}

static struct keyring *opened(struct place *p) {
    struct keyring *k = NULL;
    struct err e;
    CHECK_OK(keyring_open(&p->o, &k, &e), &e);
    return k;
}

static void make(struct keyring *k, int64_t tenant, uint32_t month, size_t n, key_id *ids, struct key *keys) {
    struct err e;
    CHECK_OK(keyring_make(k, tenant, month, n, ids, keys, &e), &e);
    CHECK_OK(keyring_commit(k, &e), &e);
}

static void destroy(struct keyring *k, int64_t tenant, const key_id *ids, size_t n) {
    struct err e;
    CHECK_OK(keyring_destroy(k, tenant, ids, n, &e), &e);
    CHECK_OK(keyring_commit(k, &e), &e);
}

/* How many of the keys open, each to what it was. */
static size_t good(struct keyring *k, int64_t tenant, const key_id *ids, const struct key *keys, size_t n) {
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

static struct renewal renew(struct keyring *k) {
    struct renewal r = { 0 };
    struct err e;
    bool done = false;
    keyring_renew_begin(k);
    while (!done)
        CHECK_OK(keyring_renew_step(k, &done, &r, &e), &e);
    return r;
}

static uint64_t pending(struct keyring *k) {
    struct keeper_status st;
    keyring_status(k, &st);
    return st.pending;
}

TEST(keys_open_for_their_tenant_and_after_a_restart) {
    AUTO(place_done) struct place p;
    key_id ids[64];
    struct key keys[64];
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 7, 24312, 64, ids, keys);
    CHECK(ids[0] == (1u << 12) && ids[63] == (1u << 12 | 63));
    CHECK(good(k, 7, ids, keys, 64) == 64);
    CHECK(good(k, 8, ids, keys, 64) == 0);
    CHECK(good(k, 7, (key_id[]){ 0, ids[63] + 1, 2 << 12, UINT64_MAX }, keys, 4) == 0);
    k = keyring_close(k);
    k = opened(&p);
    CHECK(good(k, 7, ids, keys, 64) == 64 && k->keys == 64);
}

TEST(months_and_tenants_have_buckets_of_their_own_and_the_4097th_key_opens_a_new_one) {
    AUTO(place_done) struct place p;
    static key_id ids[BUCKET_KEYS], more[64];
    static struct key keys[BUCKET_KEYS], more_keys[64];
    struct err e;
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 32, more, more_keys);
    make(k, 1, 6, 32, more, more_keys);
    make(k, 2, 5, 32, more, more_keys);
    CHECK(k->buckets.count == 3);
    make(k, 1, 5, BUCKET_KEYS, ids, keys);   /* 32 stand in the first one already */
    CHECK(k->buckets.count == 4 && ids[BUCKET_KEYS - 33] >> 12 == 1 && ids[BUCKET_KEYS - 32] >> 12 == 4);
    CHECK(good(k, 1, ids, keys, BUCKET_KEYS) == BUCKET_KEYS);
    CHECK_CODE(keyring_make(k, 1, 5, 33, ids, keys, &e), E_INVALID, &e);
    CHECK_CODE(keyring_make(k, 1, 5, BUCKET_KEYS + 32, ids, keys, &e), E_INVALID, &e);
    CHECK_CODE(keyring_make(k, 1, MONTH_MAX + 1, 32, ids, keys, &e), E_INVALID, &e);
}

TEST(ids_never_come_again) {
    AUTO(place_done) struct place p;
    static key_id ids[BUCKET_KEYS];
    static struct key keys[BUCKET_KEYS];
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 64, ids, keys);
    destroy(k, 1, ids, 64);
    CHECK(renew(k).buckets == 1);            /* the empty bucket goes */
    CHECK(k->buckets.count == 0);
    k = keyring_close(k);
    k = opened(&p);
    make(k, 1, 5, 32, ids, keys);
    CHECK(ids[0] >> 12 == 2);
    CHECK_OK(keyring_make(k, 1, 5, 32, ids, keys, &(struct err){ 0 }), &(struct err){ 0 });
    keyring_rollback(k);                     /* never handed out, so the slots may come again */
    k = keyring_close(k);
    k = opened(&p);
    make(k, 1, 5, 32, ids, keys);
    CHECK(ids[0] == (2u << 12 | 32));
}

TEST(destroyed_keys_are_gone_at_once_and_others_stay) {
    AUTO(place_done) struct place p;
    key_id ids[96], gone[] = { 0, 0, 0, 0 };
    struct key keys[96];
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 96, ids, keys);
    gone[0] = ids[3];
    gone[1] = ids[90];
    gone[2] = ids[3];                        /* twice, and one of nobody */
    gone[3] = UINT64_C(77) << 12;
    destroy(k, 2, gone, 4);                  /* another tenant destroys nothing */
    CHECK(good(k, 1, ids, keys, 96) == 96 && pending(k) == 0);
    destroy(k, 1, gone, 4);
    CHECK(good(k, 1, ids, keys, 96) == 94 && good(k, 1, gone, keys, 4) == 0);
    CHECK(pending(k) == 2 && k->keys == 94);
    destroy(k, 1, gone, 4);                  /* again: fine, and nothing more */
    CHECK(pending(k) == 2);
    k = keyring_close(k);
    k = opened(&p);
    CHECK(good(k, 1, ids, keys, 96) == 94 && pending(k) == 2 && k->keys == 94);
}

TEST(a_renewal_leaves_the_survivors_and_nothing_pending) {
    AUTO(place_done) struct place p;
    static key_id ids[3][BUCKET_KEYS];
    static struct key keys[3][BUCKET_KEYS];
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    for (int i = 0; i < 3; i++)
        make(k, i, 5, BUCKET_KEYS, ids[i], keys[i]);
    CHECK(renew(k).buckets == 0 && k->meta.epoch == 1);          /* nothing to do */
    destroy(k, 0, ids[0], 100);
    destroy(k, 2, ids[2], BUCKET_KEYS);
    struct wrapped untouched = buckets_find(&k->buckets, 2)->key, touched = buckets_find(&k->buckets, 1)->key;
    struct renewal r = renew(k);
    CHECK(r.buckets == 2 && r.keys == BUCKET_KEYS - 100 && r.epoch == 2);
    CHECK(pending(k) == 0 && k->buckets.count == 2);
    CHECK(memcmp(&untouched, &buckets_find(&k->buckets, 2)->key, sizeof untouched) != 0);
    CHECK(memcmp(&touched, &buckets_find(&k->buckets, 1)->key, sizeof touched) != 0);
    for (int again = 0; again < 2; again++) {
        CHECK(good(k, 0, ids[0], keys[0], BUCKET_KEYS) == BUCKET_KEYS - 100);
        CHECK(good(k, 1, ids[1], keys[1], BUCKET_KEYS) == BUCKET_KEYS);
        CHECK(good(k, 2, ids[2], keys[2], BUCKET_KEYS) == 0);
        k = keyring_close(k);
        k = opened(&p);
    }
}

/* --- refusals at the start --- */

static void refused(struct place *p, enum code want, const char *text) {
    struct keyring *k = NULL;
    struct err e = { 0 };
    CHECK_CODE(keyring_open(&p->o, &k, &e), want, &e);
    CHECK(k == NULL);
    if (strstr(e.text, text) == NULL)
        fprintf(stderr, "said: %s\n", e.text);
    CHECK(strstr(e.text, text) != NULL);
}

static void flip(const char *path, off_t at) {
    uint8_t byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 0x40;
    CHECK(pwrite(fd, &byte, 1, at) == 1 && close(fd) == 0);
}

TEST(refuses_loose_modes) {
    AUTO(place_done) struct place p;
    place_make(&p);
    CHECK(chmod(p.root, 0640) == 0);
    refused(&p, E_CONFIG, "chmod 600");
    CHECK(chmod(p.root, 0600) == 0);
    CHECK(chmod(in(&p, "epoch"), 0604) == 0);
    refused(&p, E_CONFIG, "chmod 600");
    CHECK(chmod(in(&p, "epoch"), 0600) == 0 && chmod(in(&p, "keyring.db"), 0660) == 0);
    refused(&p, E_CONFIG, "chmod 600");
    CHECK(chmod(in(&p, "keyring.db"), 0600) == 0 && chmod(p.directory, 0755) == 0);
    refused(&p, E_CONFIG, "chmod 700");
    CHECK(chmod(p.directory, 0700) == 0);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    CHECK(k != NULL);
}

TEST(refuses_a_wrong_or_absent_root_key) {
    AUTO(place_done) struct place p;
    struct err e;
    place_make(&p);
    CHECK(unlink(p.root) == 0);
    refused(&p, E_KEY, "is not there");
    CHECK_OK(root_file_make(p.root, &e), &e);
    refused(&p, E_KEY, "root key (file) is not the one");
    CHECK_OK(file_write(p.root, "short\n", 6, 0600, &e), &e);
    refused(&p, E_KEY, "64 hexadecimal digits");
    p.o.root.kind = ROOT_PASSPHRASE;
    refused(&p, E_CONFIG, "comes from a file, not from a passphrase");
}

TEST(refuses_a_foreign_keyring) {
    AUTO(place_done) struct place p, other;
    struct err e;
    AUTO(buf_wipe) struct buf bytes = BUF(1 << 20);
    place_make(&p);
    place_make(&other);
    struct uuid own = p.o.owner;
    p.o.owner = other.o.owner;
    refused(&p, E_CONFIG, "belongs to another data directory");
    p.o.owner = own;
    CHECK_OK(file_read(in(&other, "keyring.db"), &bytes, &e), &e);
    CHECK_OK(file_write(in(&p, "keyring.db"), bytes.data, bytes.len, 0600, &e), &e);
    refused(&p, E_CONFIG, "belong to different data directories");
}

TEST(refuses_an_older_keyring_beside_a_renewed_epoch) {
    AUTO(place_done) struct place p;
    struct err e;
    key_id ids[32];
    struct key keys[32];
    AUTO(buf_wipe) struct buf bytes = BUF(1 << 20);
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 32, ids, keys);
    k = keyring_close(k);
    CHECK_OK(file_read(in(&p, "keyring.db"), &bytes, &e), &e);
    k = opened(&p);
    destroy(k, 1, ids, 1);
    (void)renew(k);
    k = keyring_close(k);
    CHECK_OK(file_write(in(&p, "keyring.db"), bytes.data, bytes.len, 0600, &e), &e);
    (void)unlink(in(&p, "keyring.db-wal"));
    refused(&p, E_KEY, "not of the same time");
}

TEST(refuses_cut_and_altered_files) {
    AUTO(place_done) struct place p;
    struct err e;
    key_id ids[64];
    struct key keys[64];
    AUTO(buf_wipe) struct buf db = BUF(1 << 20), epoch = BUF(1 << 20);
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 64, ids, keys);
    k = keyring_close(k);
    CHECK_OK(file_read(in(&p, "keyring.db"), &db, &e), &e);
    CHECK_OK(file_read(in(&p, "epoch"), &epoch, &e), &e);
    for (size_t at = 100; at < db.len; at += 1777) {         /* every page */
        flip(in(&p, "keyring.db"), (off_t)at);
        struct keyring *none = NULL;
        enum code code = keyring_open(&p.o, &none, &e);
        if (code != E_DAMAGED)
            fprintf(stderr, "byte %zu: %d %s\n", at, code, e.text);
        CHECK(code == E_DAMAGED && none == NULL);
        CHECK_OK(file_write(in(&p, "keyring.db"), db.data, db.len, 0600, &e), &e);
    }
    for (size_t len = 0; len < db.len; len += db.len / 5 + 1) {
        CHECK_OK(file_write(in(&p, "keyring.db"), db.data, len, 0600, &e), &e);
        refused(&p, E_DAMAGED, "keyring's backup");
    }
    CHECK_OK(file_write(in(&p, "keyring.db"), db.data, db.len, 0600, &e), &e);
    flip(in(&p, "epoch"), 30);
    refused(&p, E_DAMAGED, "epoch was altered");
    CHECK_OK(file_write(in(&p, "epoch"), epoch.data, epoch.len - 1, 0600, &e), &e);
    refused(&p, E_DAMAGED, "was cut or replaced");
    CHECK(unlink(in(&p, "epoch")) == 0);
    refused(&p, E_NOT_FOUND, "is not there");
    CHECK_OK(file_write(in(&p, "epoch"), epoch.data, epoch.len, 0600, &e), &e);
    CHECK(unlink(in(&p, "keyring.db")) == 0);
    refused(&p, E_NOT_FOUND, "keyring.db is not there");
    CHECK_OK(file_write(in(&p, "keyring.db"), db.data, db.len, 0600, &e), &e);
    k = opened(&p);
    CHECK(good(k, 1, ids, keys, 64) == 64);
}

/* Somebody who can write the database, and its checksums, moves a bucket to another tenant. */
TEST(refuses_a_row_that_was_moved) {
    static const char *const changes[] = {
        "UPDATE bucket SET tenant = 2", "UPDATE bucket SET used = used - 32", "UPDATE bucket SET live = 1",
        "UPDATE keyring SET fields = substr(fields, 1, 24) || x'63' || substr(fields, 26)", "UPDATE head SET seq = seq - 1",
        "UPDATE bucket SET wrapped = zeroblob(40)",
    };
    AUTO(place_done) struct place p;
    key_id ids[64];
    struct key keys[64];
    struct err e;
    uint8_t sig[SIGNATURE_SIZE], head[HASH_SIZE], both[2 * HASH_SIZE] = { 0 };
    AUTO(buf_wipe) struct buf bytes = BUF(1 << 20);
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 64, ids, keys);
    memset(both + HASH_SIZE, 7, HASH_SIZE);
    hash_sha256(both, sizeof both, head);
    CHECK_OK(keyring_sign_head(k, 3, 0, (const uint8_t (*)[HASH_SIZE])(both + HASH_SIZE), 1, head, sig, &e), &e);
    CHECK_OK(keyring_commit(k, &e), &e);
    k = keyring_close(k);
    CHECK_OK(file_read(in(&p, "keyring.db"), &bytes, &e), &e);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        AUTO(db_close) struct db *db = NULL;
        CHECK_OK(db_open(&(struct db_options){ .path = in(&p, "keyring.db") }, &db, &e), &e);
        CHECK_OK(db_script(db, changes[i], &e), &e);
        db = db_close(db);
        refused(&p, E_DAMAGED, "was altered");
        CHECK_OK(file_write(in(&p, "keyring.db"), bytes.data, bytes.len, 0600, &e), &e);
    }
    k = opened(&p);
    CHECK(good(k, 1, ids, keys, 64) == 64);
}

TEST(refuses_a_second_keeper_and_a_second_keyring) {
    AUTO(place_done) struct place p;
    struct err e;
    place_make(&p);
    CHECK_CODE(keyring_create(&p.o, NULL, &e), E_CONFLICT, &e);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    refused(&p, E_BUSY, "another keeper");
}

/* --- caps --- */

TEST(caps_of_a_minute_and_of_a_day) {
    AUTO(place_done) struct place p;
    key_id ids[96];
    struct key keys[96], got[96];
    bool ok[96];
    struct err e;
    place_make(&p);
    p.o.unwraps_per_minute = 100000;
    p.o.destructions_per_day = 10;
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 96, ids, keys);
    CHECK_CODE(keyring_destroy(k, 1, ids, 11, &e), E_TOO_MANY, &e);
    CHECK(strstr(e.text, "sejf key allow") != NULL && !keyring_changed(k));
    destroy(k, 1, ids, 10);
    CHECK_CODE(keyring_destroy(k, 1, ids + 10, 1, &e), E_TOO_MANY, &e);
    k = keyring_close(k);
    k = opened(&p);                          /* a restart gives nothing back */
    CHECK_CODE(keyring_destroy(k, 1, ids + 10, 1, &e), E_TOO_MANY, &e);
    CHECK_OK(keyring_allow(k, 2, &e), &e);
    CHECK_OK(keyring_commit(k, &e), &e);
    destroy(k, 1, ids + 10, 2);
    CHECK_CODE(keyring_destroy(k, 1, ids + 12, 1, &e), E_TOO_MANY, &e);
    CHECK_OK(keyring_tighten(k, 1, 8, &e), &e);
    CHECK_OK(keyring_unwrap(k, 1, ids + 20, 8, got, ok, &e), &e);
    CHECK_CODE(keyring_unwrap(k, 1, ids + 20, 1, got, ok, &e), E_TOO_MANY, &e);
}

/* --- renewal, cut at each step --- */

static int cut_at;
static void cut(int step) {
    if (step == cut_at)
        _exit(40 + step);
}

TEST(a_renewal_cut_at_any_step_is_undone_or_finished) {
    for (cut_at = 1; cut_at <= 6; cut_at++) {
        AUTO(place_done) struct place p;
        static key_id ids[2][96];
        static struct key keys[2][96];
        int status;
        place_make(&p);
        AUTO(keyring_close) struct keyring *k = opened(&p);
        make(k, 1, 5, 96, ids[0], keys[0]);
        make(k, 2, 5, 96, ids[1], keys[1]);
        destroy(k, 1, ids[0], 3);
        k = keyring_close(k);
        pid_t pid = fork();
        if (pid == 0) {
            struct keyring *child = opened(&p);
            renew_fault = cut;
            (void)renew(child);
            _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 40 + cut_at);
        k = opened(&p);
        CHECK(k->meta.epoch == (cut_at <= 3 ? 1 : 2));
        struct epoch_slot left;
        CHECK(!epoch_slot(k->epoch, 1 - k->slot, &left));
        CHECK(good(k, 1, ids[0], keys[0], 96) == 93 && good(k, 2, ids[1], keys[1], 96) == 96);
        CHECK(pending(k) == (cut_at <= 3 ? 3 : 0));
        struct renewal r = renew(k);
        CHECK(r.epoch == 2 && pending(k) == 0);
        CHECK(good(k, 1, ids[0], keys[0], 96) == 93 && good(k, 2, ids[1], keys[1], 96) == 96);
    }
}

TEST(the_old_epoch_is_gone_from_its_file) {
    AUTO(place_done) struct place p;
    key_id ids[32];
    struct key keys[32];
    struct epoch_slot old;
    struct err e;
    AUTO(buf_wipe) struct buf now = BUF(1 << 20);
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 32, ids, keys);
    old = k->active;
    CHECK_OK(file_read(in(&p, "epoch"), &now, &e), &e);
    CHECK(memmem(now.data, now.len, old.key.bytes, WRAPPED_SIZE) != NULL);
    struct stat before, after;
    CHECK(stat(in(&p, "epoch"), &before) == 0);
    destroy(k, 1, ids, 1);
    (void)renew(k);
    buf_wipe(&now);
    CHECK_OK(file_read(in(&p, "epoch"), &now, &e), &e);
    CHECK(memmem(now.data, now.len, old.key.bytes, 8) == NULL && memmem(now.data, now.len, old.mac, 8) == NULL);
    CHECK(memmem(now.data, now.len, k->active.key.bytes, WRAPPED_SIZE) != NULL);
    CHECK(stat(in(&p, "epoch"), &after) == 0 && before.st_ino == after.st_ino && before.st_size == after.st_size);
}

TEST(a_copy_from_before_opens_until_the_renewal_and_not_after_it) {
    AUTO(place_done) struct place p;
    key_id ids[32];
    struct key keys[32];
    struct err e;
    size_t n = 99;
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 32, ids, keys);
    CHECK_CODE(keyring_rehearse_open(k, 1, ids, 2, &n, &e), E_NOT_FOUND, &e);
    CHECK_OK(keyring_rehearse_copy(k, &e), &e);
    destroy(k, 1, ids, 2);
    CHECK_OK(keyring_rehearse_open(k, 1, ids, 2, &n, &e), &e);
    CHECK(n == 2);                           /* not final yet, and the rehearsal can tell */
    CHECK_OK(keyring_rehearse_open(k, 2, ids, 2, &n, &e), &e);
    CHECK(n == 0);
    CHECK_OK(keyring_rehearse_copy(k, &e), &e);
    k = keyring_close(k);
    k = opened(&p);
    CHECK(!file_exists(in(&p, "rehearsal")));                   /* no copy outlives a start */
    make(k, 1, 5, 32, ids, keys);
    CHECK_OK(keyring_rehearse_copy(k, &e), &e);
    destroy(k, 1, ids, 2);
    (void)renew(k);
    CHECK_OK(keyring_rehearse_open(k, 1, ids, 32, &n, &e), &e);
    CHECK(n == 0 && !file_exists(in(&p, "rehearsal")));
    CHECK(good(k, 1, ids, keys, 32) == 30);
}

/* A renewal that left an old slot, or an old bucket key, would show: the rehearsal looks for both. */
TEST(the_rehearsal_sees_a_renewal_that_is_not_whole) {
    AUTO(place_done) struct place p;
    key_id ids[32];
    struct key keys[32];
    struct err e;
    size_t n = 0;
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 32, ids, keys);
    CHECK_OK(keyring_rehearse_copy(k, &e), &e);
    struct epoch_slot old = k->active;
    destroy(k, 1, ids, 2);
    struct wrapped bucket = k->buckets.list[0].key;
    CHECK_OK(epoch_switch(k, k->active.root, &k->active.cost, &e), &e);      /* without the buckets */
    CHECK(memcmp(&bucket, &k->buckets.list[0].key, sizeof bucket) != 0);
    CHECK_OK(keyring_rehearse_open(k, 1, ids, 2, &n, &e), &e);
    CHECK(n == 2);
    (void)renew(k);
    CHECK_OK(epoch_write(k->epoch, 1 - k->slot, &old, &e), &e);              /* the old slot is still there */
    CHECK(pending(k) == 1);
    CHECK_OK(keyring_rehearse_open(k, 1, ids, 2, &n, &e), &e);
    CHECK(n == 2);
    (void)renew(k);
    CHECK_OK(keyring_rehearse_open(k, 1, ids, 2, &n, &e), &e);
    CHECK(n == 0);
}

/* --- index keys and heads --- */

TEST(index_keys_are_the_tenants_own_and_outlive_renewals) {
    AUTO(place_done) struct place p;
    struct index_keys a, b, c;
    key_id ids[32];
    struct key keys[32];
    uint32_t generation = 0;
    struct err e;
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    CHECK_OK(keyring_index_keys(k, 1, &a, &e), &e);
    CHECK_OK(keyring_index_keys(k, 2, &b, &e), &e);
    CHECK(memcmp(&a.find, &b.find, 32) != 0 && memcmp(&a.index, &b.index, 32) != 0 && memcmp(&a.find, &a.index, 32) != 0 && !a.has_before);
    make(k, 1, 5, 32, ids, keys);
    destroy(k, 1, ids, 1);
    (void)renew(k);
    k = keyring_close(k);
    k = opened(&p);
    CHECK_OK(keyring_index_keys(k, 1, &c, &e), &e);
    CHECK(memcmp(&a, &c, sizeof a) == 0);
    CHECK_OK(keyring_index_renew(k, &generation, &e), &e);
    CHECK_OK(keyring_commit(k, &e), &e);
    CHECK_CODE(keyring_index_renew(k, &generation, &e), E_CONFLICT, &e);
    k = keyring_close(k);
    k = opened(&p);
    CHECK_OK(keyring_index_keys(k, 1, &c, &e), &e);
    CHECK(generation == 2 && c.generation == 2 && c.has_before && memcmp(&c.index_before, &a.index, 32) == 0);
    CHECK(memcmp(&c.find, &a.find, 32) == 0 && memcmp(&c.index, &a.index, 32) != 0);
    CHECK_OK(keyring_index_settled(k, &e), &e);
    CHECK_OK(keyring_commit(k, &e), &e);
    CHECK_OK(keyring_index_keys(k, 1, &c, &e), &e);
    CHECK(!c.has_before && pending(k) == 1);
    CHECK(renew(k).epoch == 3 && pending(k) == 0);
}

static void grow_chain(uint8_t head[HASH_SIZE], uint8_t digests[][HASH_SIZE], size_t n, uint8_t salt) {
    for (size_t i = 0; i < n; i++) {
        uint8_t both[2 * HASH_SIZE];
        memset(digests[i], (int)(salt + i), HASH_SIZE);
        memcpy(both, head, HASH_SIZE);
        memcpy(both + HASH_SIZE, digests[i], HASH_SIZE);
        hash_sha256(both, sizeof both, head);
    }
}

TEST(a_ledger_head_only_grows) {
    AUTO(place_done) struct place p;
    uint8_t head[HASH_SIZE] = { 0 }, old[HASH_SIZE], fork_head[HASH_SIZE], d[5][HASH_SIZE], sig[SIGNATURE_SIZE], public[PUBLIC_SIZE], got[HASH_SIZE];
    uint8_t text[65] = "sejf ledger head";
    uint64_t seq = 9;
    key_id ids[32];
    struct key keys[32];
    struct err e;
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    CHECK_OK(keyring_head(k, 4, &seq, got, &e), &e);
    CHECK(seq == 0);
    grow_chain(head, d, 3, 1);
    CHECK_OK(keyring_sign_head(k, 4, 0, d, 3, head, sig, &e), &e);
    CHECK_OK(keyring_public(k, public, &e), &e);
    text[24] = 4;
    text[32] = 3;
    memcpy(text + 33, head, HASH_SIZE);
    CHECK(sign_verify(public, text, sizeof text, sig));
    memcpy(old, head, sizeof old);
    memcpy(fork_head, head, sizeof head);
    CHECK_OK(keyring_sign_head(k, 4, 3, NULL, 0, head, sig, &e), &e);          /* the same again */
    CHECK_OK(keyring_sign_head(k, 4, 0, d, 3, head, sig, &e), &e);             /* an answer that was lost */
    grow_chain(head, d, 2, 9);
    CHECK_CODE(keyring_sign_head(k, 4, 4, d, 2, head, sig, &e), E_CONFLICT, &e);       /* a gap */
    CHECK_CODE(keyring_sign_head(k, 4, 2, d, 2, head, sig, &e), E_CONFLICT, &e);       /* rewritten */
    CHECK_CODE(keyring_sign_head(k, 4, 3, d, 1, head, sig, &e), E_CONFLICT, &e);       /* not that head */
    CHECK_OK(keyring_sign_head(k, 4, 3, d, 2, head, sig, &e), &e);
    CHECK_OK(keyring_commit(k, &e), &e);
    grow_chain(fork_head, d, 2, 50);
    CHECK_CODE(keyring_sign_head(k, 4, 3, d, 2, fork_head, sig, &e), E_CONFLICT, &e);  /* another history */
    CHECK_CODE(keyring_sign_head(k, 4, 3, NULL, 0, old, sig, &e), E_CONFLICT, &e);     /* a ledger put back */
    make(k, 1, 5, 32, ids, keys);
    destroy(k, 1, ids, 1);
    (void)renew(k);
    k = keyring_close(k);
    k = opened(&p);
    CHECK_OK(keyring_head(k, 4, &seq, got, &e), &e);
    CHECK(seq == 5 && memcmp(got, head, HASH_SIZE) == 0);
    uint8_t again[PUBLIC_SIZE];
    CHECK_OK(keyring_public(k, again, &e), &e);
    CHECK(memcmp(again, public, PUBLIC_SIZE) == 0);
}

TEST(many_heads_outlive_a_renewal) {
    AUTO(place_done) struct place p;
    uint8_t d[1][HASH_SIZE], sig[SIGNATURE_SIZE];
    key_id ids[32];
    struct key keys[32];
    struct err e;
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    for (int64_t chain = 0; chain < 600; chain++) {
        uint8_t head[HASH_SIZE] = { 0 };
        grow_chain(head, d, 1, (uint8_t)chain);
        CHECK_OK(keyring_sign_head(k, chain, 0, d, 1, head, sig, &e), &e);
    }
    make(k, 1, 5, 32, ids, keys);
    destroy(k, 1, ids, 1);
    (void)renew(k);
    k = keyring_close(k);
    k = opened(&p);                          /* checks the code of each */
    uint64_t seq = 0;
    uint8_t got[HASH_SIZE];
    CHECK_OK(keyring_head(k, 599, &seq, got, &e), &e);
    CHECK(seq == 1);
}

/* --- the root key --- */

static int line_fd(const char *text) {
    int fd[2];
    CHECK(pipe2(fd, O_CLOEXEC) == 0 && write(fd[1], text, strlen(text)) == (ssize_t)strlen(text) && close(fd[1]) == 0);
    return fd[0];
}

static void rotate_to(struct place *p, const struct root_source *to, const struct root_cost *cost) {
    struct err e;
    key_id ids[32];
    struct key keys[32];
    AUTO(keyring_close) struct keyring *k = opened(p);
    make(k, 1, 5, 32, ids, keys);
    uint64_t before = k->meta.epoch;
    k = keyring_close(k);
    if (p->o.root.kind == ROOT_PASSPHRASE)
        p->o.root.fd = line_fd("a passphrase of the old days\n");
    CHECK_OK(keyring_rotate(&p->o, to, cost, &e), &e);
    p->o.root = *to;
    if (to->kind == ROOT_PASSPHRASE)
        p->o.root.fd = line_fd("a passphrase of the old days\n");
    k = opened(p);
    CHECK(k->meta.epoch == before + 1 && good(k, 1, ids, keys, 32) == 32);
    k = keyring_close(k);
}

TEST(the_root_key_rotates) {
    AUTO(place_done) struct place p;
    AUTO(buf_wipe) struct buf a = BUF(100), b = BUF(100);
    struct err e;
    struct root_cost cheap = { .passes = 1, .memory = 8192 };
    place_make(&p);
    CHECK_OK(file_read(p.root, &a, &e), &e);
    rotate_to(&p, &(struct root_source){ .kind = ROOT_FILE, .path = p.root }, NULL);
    CHECK_OK(file_read(p.root, &b, &e), &e);
    CHECK(a.len == b.len && memcmp(a.data, b.data, a.len) != 0);
    AUTO(buf_done) struct buf next = BUF(200);
    buf_printf(&next, "%s.next", p.root);
    CHECK(!file_exists(buf_str(&next)));
    rotate_to(&p, &(struct root_source){ .kind = ROOT_PASSPHRASE, .fd = line_fd("a passphrase of the old days\n") }, &cheap);
    p.o.root.fd = line_fd("another passphrase than that");
    refused(&p, E_KEY, "root key (passphrase) is not the one");
    p.o.root.fd = line_fd("short");
    refused(&p, E_KEY, "shorter than");
    p.o.root = (struct root_source){ .kind = ROOT_FILE, .path = p.root };
    refused(&p, E_CONFIG, "comes from a passphrase, not from a file");
}

TEST(a_rotation_cut_at_any_step_opens_with_what_is_there) {
    for (cut_at = 1; cut_at <= 6; cut_at++) {
        AUTO(place_done) struct place p;
        static key_id ids[32];
        static struct key keys[32];
        int status;
        place_make(&p);
        AUTO(keyring_close) struct keyring *k = opened(&p);
        make(k, 1, 5, 32, ids, keys);
        k = keyring_close(k);
        pid_t pid = fork();
        if (pid == 0) {
            struct err e;
            renew_fault = cut;
            _exit(keyring_rotate(&p.o, &p.o.root, NULL, &e) == OK ? 0 : 1);
        }
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 40 + cut_at);
        k = opened(&p);
        CHECK(good(k, 1, ids, keys, 32) == 32);
        AUTO(buf_done) struct buf next = BUF(200);
        buf_printf(&next, "%s.next", p.root);
        CHECK(!file_exists(buf_str(&next)));
        k = keyring_close(k);
        k = opened(&p);
    }
}

TEST(a_credential_of_systemd_is_the_root_key) {
    AUTO(place_done) struct place p;
    struct err e;
    place_make(&p);
    struct keyring_options o = { .directory = in(&p, "second"), .root = { .kind = ROOT_CREDENTIAL, .path = "sejf.root" }, .owner = uuid_new() };
    char second[128];
    snprintf(second, sizeof second, "%s", p.path);
    o.directory = second;
    CHECK(unsetenv("CREDENTIALS_DIRECTORY") == 0);
    CHECK_CODE(keyring_create(&o, NULL, &e), E_CONFIG, &e);
    CHECK(strstr(e.text, "LoadCredential=sejf.root") != NULL);
    CHECK(setenv("CREDENTIALS_DIRECTORY", p.directory, 1) == 0);
    uint8_t raw[32];
    crypto_random(raw, sizeof raw);
    CHECK_OK(file_create(in(&p, "sejf.root"), raw, sizeof raw, 0400, &e), &e);
    CHECK_OK(keyring_create(&o, NULL, &e), &e);
    AUTO(keyring_close) struct keyring *k = NULL;
    CHECK_OK(keyring_open(&o, &k, &e), &e);
    struct keeper_status st;
    keyring_status(k, &st);
    CHECK_TEXT(st.root, "credential");
    CHECK(uuid_compare(&st.owner, &o.owner) == 0);
    o.root.path = "../escape";
    CHECK_CODE(keyring_create(&o, NULL, &e), E_CONFIG, &e);
}

/* --- no memory, no room --- */

TEST(survives_each_allocation_that_fails) {
    AUTO(place_done) struct place p;
    struct err e;
    key_id ids[64];
    struct key keys[64], got[64];
    bool ok[64];
    place_make(&p);
    size_t fails = 0;
    for (size_t n = 1;; n++) {
        struct keyring *k = NULL;
        mem_fail_at = n;
        enum code code = keyring_open(&p.o, &k, &e);
        if (code == OK)
            code = keyring_make(k, 1, 5, 64, ids, keys, &e);
        if (code == OK)
            code = keyring_commit(k, &e);
        if (code == OK)
            code = keyring_unwrap(k, 1, ids, 64, got, ok, &e);
        bool done = mem_fail_at != 0;
        mem_fail_at = 0;
        (void)keyring_close(k);
        if (code != OK && code != E_MEMORY)
            fprintf(stderr, "allocation %zu: %d %s (%s)\n", n, (int)code, e.text, e.hidden);
        CHECK(code == OK || code == E_MEMORY);
        fails += code == E_MEMORY;
        if (done)
            break;
    }
    CHECK(fails > 10);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    CHECK(good(k, 1, ids, keys, 64) == 64);
}

TEST(a_rollback_takes_everything_back) {
    AUTO(place_done) struct place p;
    key_id ids[64], more[64];
    struct key keys[64], more_keys[64];
    struct err e;
    uint32_t generation;
    struct index_keys a, b;
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 64, ids, keys);
    CHECK_OK(keyring_index_keys(k, 1, &a, &e), &e);
    CHECK_OK(keyring_make(k, 2, 5, 64, more, more_keys, &e), &e);
    CHECK_OK(keyring_destroy(k, 1, ids, 10, &e), &e);
    CHECK_OK(keyring_index_renew(k, &generation, &e), &e);
    CHECK(keyring_changed(k));
    keyring_rollback(k);
    CHECK(!keyring_changed(k) && !keyring_broken(k));
    CHECK(good(k, 1, ids, keys, 64) == 64 && good(k, 2, more, more_keys, 64) == 0 && k->keys == 64 && pending(k) == 0);
    CHECK_OK(keyring_index_keys(k, 1, &b, &e), &e);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    make(k, 2, 5, 64, more, more_keys);      /* the bucket that was taken back comes again, with another key */
    k = keyring_close(k);
    k = opened(&p);
    CHECK(good(k, 1, ids, keys, 64) == 64 && good(k, 2, more, more_keys, 64) == 64);
}

/* The n-th write or sync of the database fails, for every n, as on a full disk: whatever was acknowledged holds,
 * whatever was refused can be asked again. */
TEST(survives_each_write_that_fails) {
    for (size_t n = 1, failed = 1; failed != 0 && n < 400; n++) {
        AUTO(place_done) struct place p;
        static key_id ids[96], more[96];
        static struct key keys[96], more_keys[96];
        struct err e;
        struct renewal r;
        bool done = false;
        failed = 0;
        place_make(&p);
        AUTO(keyring_close) struct keyring *k = opened(&p);
        make(k, 1, 5, 96, ids, keys);
        sums_fail_at = n;
        bool made = keyring_make(k, 1, 5, 96, more, more_keys, &e) == OK && keyring_commit(k, &e) == OK;
        if (!made)
            keyring_rollback(k);
        bool gone = keyring_destroy(k, 1, ids, 5, &e) == OK && keyring_commit(k, &e) == OK;
        if (!gone)
            keyring_rollback(k);
        keyring_renew_begin(k);
        enum code code = OK;
        while (code == OK && !done)
            code = keyring_renew_step(k, &done, &r, &e);
        failed = !made || !gone || code != OK;
        sums_fail_at = 0;
        if (keyring_broken(k)) {             /* the process would end here and start anew */
            k = keyring_close(k);
            k = opened(&p);
        }
        CHECK(good(k, 1, ids, keys, 96) == (gone ? 91 : 96));
        CHECK(!made || good(k, 1, more, more_keys, 96) == 96);
        CHECK(code != OK || pending(k) == 0);
        destroy(k, 1, ids, 6);
        (void)renew(k);
        CHECK(pending(k) == 0 && good(k, 1, ids, keys, 96) == 90);
        k = keyring_close(k);
        k = opened(&p);
        CHECK(good(k, 1, ids, keys, 96) == 90 && (!made || good(k, 1, more, more_keys, 96) == 96));
        CHECK(n < 399);
    }
}
