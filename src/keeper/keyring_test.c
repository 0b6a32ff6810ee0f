/* keyring_test.c — making, opening and refusing a keyring; the keys that stay. What erases is in renew_test.c. */
#include "keeper/keyring.c"

#include "base/text.h"
#include "keeper/testplace.h"

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

static void flip(const char *path, off_t at) {
    uint8_t byte = 0;
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
    AUTO(keyring_close) UNUSED struct keyring *k = opened(&p);
    refused(&p, E_BUSY, "another keeper");
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
