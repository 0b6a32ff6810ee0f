/* renew_test.c — destroying, renewing, rotating: cut at each step, without memory, on a full disk. */
#include "keeper/renew.c"

#include <sys/wait.h>

#include "base/mem.h"
#include "db/sums.h"
#include "keeper/testplace.h"

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
    make(k, 1, MONTH_MAX, 96, ids, keys);
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

TEST(what_was_to_be_foreseen_is_not_capped) {
    AUTO(place_done) struct place p;
    key_id past[96], none[96], ahead[96];
    struct key keys[96];
    struct err e;
    struct keeper_status st;
    place_make(&p);
    p.o.destructions_per_day = 2;
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 24000, 96, past, keys);       /* the year 2000 */
    make(k, 1, 0, 96, none, keys);
    make(k, 1, MONTH_MAX, 96, ahead, keys);
    CHECK(keyring_ahead(k, 1, past, 96) == 0 && keyring_ahead(k, 1, none, 96) == 96 && keyring_ahead(k, 1, ahead, 96) == 96 && keyring_ahead(k, 2, ahead, 96) == 0);
    destroy(k, 1, past, 90);
    keyring_status(k, &st);
    CHECK_INT(st.destroyed_today, 0);
    destroy(k, 1, none, 1);
    destroy(k, 1, ahead, 1);
    keyring_status(k, &st);
    CHECK_INT(st.destroyed_today, 2);
    CHECK_CODE(keyring_destroy(k, 1, ahead + 1, 1, &e), E_TOO_MANY, &e);
    CHECK_CODE(keyring_destroy(k, 1, none + 1, 1, &e), E_TOO_MANY, &e);
    destroy(k, 1, past + 90, 6);
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

/* The n-th sync of a renewal tells of a failure although all is durable; it is tried again, and cut at each step: the keyring
 * always opens, with all that was not destroyed. */
TEST(survives_each_sync_that_fails_and_was_durable) {
    for (size_t n = 1; n <= 6; n++)
        for (cut_at = 1; cut_at <= 7; cut_at++) {
            AUTO(place_done) struct place p;
            static key_id ids[96];
            static struct key keys[96];
            int status;
            place_make(&p);
            AUTO(keyring_close) struct keyring *k = opened(&p);
            make(k, 1, 5, 96, ids, keys);
            destroy(k, 1, ids, 5);
            k = keyring_close(k);
            pid_t pid = fork();
            if (pid == 0) {
                struct keyring *child = opened(&p);
                struct renewal r;
                struct err e;
                bool done = false;
                keyring_renew_begin(child);
                sums_sync_pass = n - 1;
                sums_sync_fails = 1;
                enum code code = OK;
                while (code == OK && !done)
                    code = keyring_renew_step(child, &done, &r, &e);
                sums_sync_fails = 0;
                renew_fault = cut;
                if (code != OK)
                    (void)renew(child);
                _exit(0);
            }
            CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
            k = opened(&p);
            CHECK_INT(good(k, 1, ids, keys, 96), 91);
            (void)renew(k);
            CHECK(pending(k) == 0 && good(k, 1, ids, keys, 96) == 91);
        }
}

/* --- what a certificate may say --- */

TEST(only_what_is_destroyed_and_final_may_be_certified) {
    AUTO(place_done) struct place p;
    static key_id ids[2][BUCKET_KEYS];
    static struct key keys[BUCKET_KEYS];
    key_id foreign = UINT64_C(77) << 12;
    struct err e;
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    make(k, 1, 5, 96, ids[0], keys);
    make(k, 2, 5, BUCKET_KEYS, ids[1], keys);
    CHECK_CODE(keyring_gone(k, 1, ids[0], 1, &e), E_CONFLICT, &e);
    CHECK(strstr(e.text, "is not destroyed") != NULL);
    destroy(k, 1, ids[0], 40);
    CHECK_CODE(keyring_gone(k, 1, ids[0], 40, &e), E_CONFLICT, &e);
    CHECK(strstr(e.text, "no renewal") != NULL);
    renew(k);
    CHECK_OK(keyring_gone(k, 1, ids[0], 40, &e), &e);
    CHECK_CODE(keyring_gone(k, 1, ids[0], 41, &e), E_CONFLICT, &e);            /* one of them is there */
    CHECK_CODE(keyring_gone(k, 2, ids[0], 40, &e), E_CONFLICT, &e);            /* another tenant's */
    CHECK_CODE(keyring_gone(k, 1, &foreign, 1, &e), E_CONFLICT, &e);           /* nobody's yet */
    CHECK_CODE(keyring_gone(k, 1, &(key_id){ 0 }, 1, &e), E_CONFLICT, &e);
    destroy(k, 1, ids[0] + 40, 10);                                            /* more of the same bucket: what was final stays so */
    destroy(k, 2, ids[1], BUCKET_KEYS);
    CHECK_OK(keyring_gone(k, 1, ids[0], 40, &e), &e);
    CHECK_CODE(keyring_gone(k, 1, ids[0] + 39, 2, &e), E_CONFLICT, &e);
    CHECK_CODE(keyring_gone(k, 2, ids[1], BUCKET_KEYS, &e), E_CONFLICT, &e);
    k = keyring_close(k);
    k = opened(&p);
    CHECK_OK(keyring_gone(k, 1, ids[0], 40, &e), &e);
    CHECK_CODE(keyring_gone(k, 1, ids[0], 50, &e), E_CONFLICT, &e);
    renew(k);
    CHECK_OK(keyring_gone(k, 1, ids[0], 50, &e), &e);
    CHECK(buckets_find(&k->buckets, ids[1][0] >> SLOT_BITS) == NULL);          /* nobody was left in it */
    CHECK_OK(keyring_gone(k, 2, ids[1], BUCKET_KEYS, &e), &e);
}

TEST(what_is_destroyed_while_a_renewal_goes_on_is_final_with_the_next_one) {
    AUTO(place_done) struct place p;
    static key_id ids[STEP_KEYS / BUCKET_KEYS + 2][BUCKET_KEYS];
    static struct key keys[BUCKET_KEYS];
    struct renewal r;
    struct err e;
    bool done = false;
    place_make(&p);
    AUTO(keyring_close) struct keyring *k = opened(&p);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        make(k, 1, (uint32_t)(5 + i), BUCKET_KEYS, ids[i], keys);
        destroy(k, 1, ids[i], 1);
    }
    keyring_renew_begin(k);
    CHECK_OK(keyring_renew_step(k, &done, &r, &e), &e);
    CHECK(!done);
    destroy(k, 1, ids[0] + 1, 1);                                              /* its bucket has its new key already */
    CHECK_CODE(keyring_gone(k, 1, ids[0], 1, &e), E_CONFLICT, &e);             /* the epoch is the old one yet */
    while (!done)
        CHECK_OK(keyring_renew_step(k, &done, &r, &e), &e);
    CHECK_OK(keyring_gone(k, 1, ids[0], 1, &e), &e);
    CHECK_CODE(keyring_gone(k, 1, ids[0] + 1, 1, &e), E_CONFLICT, &e);
    k = keyring_close(k);
    k = opened(&p);
    CHECK_CODE(keyring_gone(k, 1, ids[0] + 1, 1, &e), E_CONFLICT, &e);
    renew(k);
    CHECK_OK(keyring_gone(k, 1, ids[0], 2, &e), &e);
}

TEST(a_new_root_key_makes_final_what_waited) {
    AUTO(place_done) struct place p;
    key_id ids[32];
    struct key keys[32];
    struct err e;
    place_make(&p);
    struct keyring *k = opened(&p);
    make(k, 1, 5, 32, ids, keys);
    destroy(k, 1, ids, 3);
    k = keyring_close(k);
    CHECK_OK(keyring_rotate(&p.o, &p.o.root, NULL, &e), &e);
    k = opened(&p);
    CHECK(pending(k) == 0);
    CHECK_OK(keyring_gone(k, 1, ids, 3, &e), &e);
    CHECK(good(k, 1, ids, keys, 32) == 29);
    k = keyring_close(k);
}
