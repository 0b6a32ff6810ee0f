/* store_test.c — opening, views, waiting; versions, damage, full disks and kills. */
#include "store/store.c"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/testbed.h"

TEST(what_is_written_is_read) {
    struct bed b;
    struct row r = { 0 };
    bed_start(&b);
    bed_make(&b, 5, 1);
    CHECK_OK(bed_get(&b, 5, 1, &r), &b.e);
    CHECK(r.version == 1 && r.change == 1 && r.due == USEC_NEVER && uuid_is_null(&r.parent) && !r.restricted);
    CHECK_CODE(bed_get(&b, 5, 2, &r), E_NOT_FOUND, &b.e);
    CHECK_CODE(bed_get(&b, 6, 1, &r), E_NOT_FOUND, &b.e);   /* another tenant's is not there */
    struct token token = token_of(1);
    CHECK(bed_found(&b, 5, &token) == 1 && bed_found(&b, 6, &token) == 0);
    bed_reopen(&b);
    CHECK_OK(bed_get(&b, 5, 1, &r), &b.e);
    CHECK(bed_found(&b, 5, &token) == 1);
    CHECK_OK(store_check(b.store, &b.e), &b.e);
    struct store_status status;
    store_status(b.store, &status);
    CHECK(status.records == 1 && status.waiting == 0);
    bed_end(&b);
}

TEST(a_view_is_a_snapshot) {
    struct bed b;
    struct row r = { 0 };
    struct uuid id = id_of(2);
    bed_start(&b);
    bed_make(&b, 1, 1);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_CODE(row_get(view_sql(v), 1, &id, &r, &b.e), E_NOT_FOUND, &b.e);
    bed_make(&b, 1, 2);
    CHECK_CODE(row_get(view_sql(v), 1, &id, &r, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    CHECK_OK(bed_get(&b, 1, 2, &r), &b.e);
    bed_end(&b);
}

static void *end_view(void *arg) { return view_end(arg); }

TEST(views_are_as_many_as_said) {
    struct bed b;
    struct view *v[4] = { NULL }, *fifth = NULL;
    pthread_t thread;
    bed_start(&b);
    for (size_t i = 0; i < 4; i++)
        CHECK_OK(store_view(b.store, 1, &v[i], &b.e), &b.e);
    CHECK(pthread_create(&thread, NULL, end_view, v[0]) == 0);
    CHECK_OK(store_view(b.store, 1, &fifth, &b.e), &b.e);   /* waits for the one that ends */
    CHECK(fifth == v[0]);
    CHECK(pthread_join(thread, NULL) == 0);
    fifth = view_end(fifth);
    for (size_t i = 1; i < 4; i++)
        v[i] = view_end(v[i]);
    bed_end(&b);
}

struct late { struct bed *b; uint32_t n; };
static void *make_late(void *arg) {
    struct late *l = arg;
    struct make m = { .n = l->n };
    struct err e;
    CHECK_OK(store_write(l->b->store, 3, make_row, &m, &e), &e);
    return NULL;
}

TEST(a_change_wakes_who_waits_for_it) {
    struct bed b;
    pthread_t thread;
    struct late l = { &b, 9 };
    bed_start(&b);
    CHECK(store_wait_change(b.store, 3, 0, clock_steady()) == 0);
    CHECK(pthread_create(&thread, NULL, make_late, &l) == 0);
    CHECK(store_wait_change(b.store, 3, 0, clock_steady() + 20 * USEC_PER_SEC) == 1);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(store_wait_change(b.store, 3, 0, USEC_NEVER) == 1);         /* has passed already */
    usec_t start = clock_steady();
    CHECK(store_wait_change(b.store, 4, 0, start + 20000) == 0);
    CHECK(clock_steady() >= start + 20000);
    CHECK(b.store->waiters[3] == NULL && b.store->waiters[4] == NULL);
    bed_end(&b);
}

TEST(newer_data_is_refused_and_older_carried_forward) {
    struct bed b;
    char path[128];
    bed_start(&b);
    bed_make(&b, 1, 1);
    b.store = store_close(b.store);
    static const char *const files[] = { "records.db", "index.db" };
    static const char back[] =                /* what the steps after the first have made */
        "DROP TABLE owner; DROP TABLE door; DROP TABLE account; DROP TABLE member; DROP TABLE session; DROP TABLE link; DROP INDEX token_account;"
        "DROP INDEX record_born; ALTER TABLE record DROP COLUMN born; DROP TABLE looked; DROP TABLE seen; DROP TABLE copy;"
        "DROP TABLE authorisation; DROP TABLE support_window; DROP TABLE window_over; DROP TABLE agreement;"
        "DROP TABLE hold; DROP TABLE remainder; DROP TABLE letter; DROP TABLE letter_next; DROP TABLE notice; DROP TABLE noticed; DROP TABLE notice_open; DROP TABLE notice_mark; DROP TABLE destruction;"
        "DROP TABLE certificate; DROP TABLE pack; DROP TABLE pack_key; DROP TABLE closing; DROP TABLE charter_version; DROP TABLE use_lock; DROP TABLE use_given;"
        "DROP TABLE request; DROP TABLE request_step; DROP TABLE request_clock; DROP TABLE consent_text; DROP TABLE consent; DROP TABLE objection;"
        "DROP TABLE objector; DROP TABLE restriction; DROP INDEX record_marked;"
        "DROP TABLE sent_day; DROP TABLE gate_count; DROP TABLE template; DROP TABLE suppressed; DROP TABLE heard_day; DROP TABLE sending_pause; DROP TABLE sms_exception; DROP TABLE sms_spend; DROP TABLE sms_taken;"
        "DROP TABLE reminded; DROP TABLE webhook; DROP TABLE webhook_delivery; DROP TABLE webhook_next; DROP TABLE webhook_last; DROP TABLE campaign; DROP TABLE campaign_gate; DROP TABLE campaign_open;"
        "DROP TABLE letter_who;"
        "ALTER TABLE token DROP COLUMN account; ALTER TABLE token DROP COLUMN addresses; PRAGMA user_version = 1";
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct db *db = NULL;
        CHECK_OK(db_open(&(struct db_options){ .path = bed_path(&b, files[i], path, sizeof path) }, &db, &b.e), &b.e);
        CHECK_OK(db_script(db, "PRAGMA user_version = 99", &b.e), &b.e);
        db = db_close(db);
        struct store *s = NULL;
        CHECK_CODE(store_open(&(struct store_options){ .directory = b.directory, .readers = 1, .queue = 1 }, &s, &b.e), E_CONFIG, &b.e);
        CHECK(s == NULL && strstr(b.e.text, "newer sejf") != NULL && strstr(b.e.text, "99") != NULL);
        CHECK_OK(db_open(&(struct db_options){ .path = path }, &db, &b.e), &b.e);
        CHECK_OK(db_script(db, i == 0 ? back : "DROP TABLE gone; PRAGMA user_version = 1", &b.e), &b.e);
        db = db_close(db);
    }
    bed_open(&b);
    CHECK_OK(bed_get(&b, 1, 1, NULL), &b.e);
    b.store = store_close(b.store);
    CHECK(unlink(bed_path(&b, "index.db", path, sizeof path)) == 0);   /* an index of version 0: empty, and behind */
    bed_open(&b);
    struct token token = token_of(1);
    CHECK(bed_found(&b, 1, &token) == 0);
    bed_end(&b);
}

TEST(records_of_another_data_directory_are_refused) {
    struct bed b;
    struct store *s = NULL;
    bed_start(&b);
    bed_make(&b, 1, 1);
    b.store = store_close(b.store);
    struct store_options o = { .directory = b.directory, .readers = 1, .queue = 8, .owner = uuid_new() };
    CHECK_OK(store_open(&o, &s, &b.e), &b.e); /* made before owners were written down */
    s = store_close(s);
    CHECK_OK(store_open(&o, &s, &b.e), &b.e);
    s = store_close(s);
    o.owner = uuid_new();
    CHECK_CODE(store_open(&o, &s, &b.e), E_CONFIG, &b.e);
    CHECK(s == NULL && strstr(b.e.text, "records.db belongs to another data directory") != NULL && strstr(b.e.text, "put back") != NULL);
    bed_open(&b);
    CHECK_OK(bed_get(&b, 1, 1, NULL), &b.e);
    bed_end(&b);
}

TEST(a_missing_directory_is_told) {
    struct err e;
    struct store *s = NULL;
    CHECK_CODE(store_open(&(struct store_options){ .directory = "/nowhere/at/all", .readers = 1, .queue = 1 }, &s, &e), E_SYSTEM, &e);
    CHECK(s == NULL && strstr(e.text, "/nowhere/at/all/records.db") != NULL);
}

TEST(every_allocation_of_opening_may_fail) {
    struct bed b;
    bed_start(&b);
    b.store = store_close(b.store);
    size_t n = 1;
    for (bool reached = true; reached && n < 200; n++) {
        struct store *s = NULL;
        mem_fail_at = n;
        enum code code = store_open(&(struct store_options){ .directory = b.directory, .readers = 2, .queue = 8 }, &s, &b.e);
        reached = mem_fail_at == 0;
        mem_fail_at = 0;
        CHECK(code == (reached ? E_MEMORY : OK));
        s = store_close(s);
    }
    CHECK(n > 10 && n < 200);
    bed_end(&b);
}

/* A child writes until it is killed; what it was told is durable is counted in shared memory of a pipe. */
static void child_writes(const char *directory, int out) {
    struct err e;
    struct store *s = NULL;
    if (store_open(&(struct store_options){ .directory = directory, .readers = 1, .queue = 64 }, &s, &e) != OK)
        _exit(1);
    for (uint32_t n = 1;; n++) {
        struct make m = { .n = n };
        if (store_write(s, 1, make_row, &m, &e) != OK || write(out, &n, sizeof n) != sizeof n)
            _exit(2);
    }
}

static bool put_again(const struct change *c, void *arg) {
    struct bed *b = arg;
    struct make m = { .n = (uint32_t)c->id.bytes[12] << 24 | (uint32_t)c->id.bytes[13] << 16 | (uint32_t)c->id.bytes[14] << 8 | c->id.bytes[15] };
    CHECK_OK(store_write(b->store, 1, make_row, &m, &b->e), &b->e);
    return true;
}

TEST(a_kill_loses_nothing_that_was_acknowledged) {
    for (int round = 0; round < 4; round++) {
        struct bed b;
        int pipes[2];
        uint32_t n = 0, told = 0;
        bed_start(&b);
        b.store = store_close(b.store);
        CHECK(pipe2(pipes, O_CLOEXEC) == 0);
        pid_t child = fork();
        if (child == 0)
            child_writes(b.directory, pipes[1]);
        close(pipes[1]);
        while (told < 40u + 37u * (uint32_t)round && read(pipes[0], &n, sizeof n) == sizeof n)
            told = n;
        CHECK(kill(child, SIGKILL) == 0);
        while (read(pipes[0], &n, sizeof n) == sizeof n)
            told = n;
        int status;
        CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
        close(pipes[0]);
        bed_open(&b);
        CHECK_OK(store_check(b.store, &b.e), &b.e);
        CHECK(told >= 40);
        for (n = 1; n <= told; n++)
            CHECK_OK(bed_get(&b, 1, n, NULL), &b.e);
        /* The index has followed, or says that it is behind and is brought up. */
        CHECK_OK(index_behind(b.store, 1, put_again, &b, &b.e), &b.e);
        for (n = 1; n <= told; n++) {
            struct token token = token_of(n);
            CHECK(bed_found(&b, 1, &token) == 1);
        }
        bed_end(&b);
    }
}

TEST(a_full_disk_fails_writes_and_no_more) {
    struct bed b;
    bed_start(&b);
    bed_make(&b, 1, 1);
    b.store = store_close(b.store);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = { 400000, 400000 };
        enum code code = OK;
        uint32_t n = 1;
        b.store = NULL;
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(9);
        bed_open(&b);
        while (code == OK && n < 5000) {
            struct make m = { .n = ++n };
            code = store_write(b.store, 1, make_row, &m, &b.e);
        }
        if (code != E_FULL || n < 10)
            _exit(1);
        for (uint32_t i = 1; i < n; i++)
            if (bed_get(&b, 1, i, NULL) != OK)
                _exit(2);
        _exit(bed_get(&b, 1, n, NULL) == E_NOT_FOUND && store_check(b.store, &b.e) == OK ? 0 : 3);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    bed_open(&b);
    bed_make(&b, 1, 9999);                                  /* room again */
    bed_end(&b);
}

static void flip(const char *path, off_t at) {
    uint8_t byte = 0;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 0x40;
    CHECK(pwrite(fd, &byte, 1, at) == 1 && close(fd) == 0);
}

/* Whatever byte is flipped: damage is told, never a crash, never another value. An index that cannot even be opened is made anew. */
static void flip_and_read(struct bed *b, const char *file, off_t at, size_t *ret_told) {
    char path[128], command[400];
    struct store *s = NULL;
    bool index = strcmp(file, "index.db") == 0;
    bed_path(b, file, path, sizeof path);
    snprintf(command, sizeof command, "cp %s %s.whole", path, path);
    CHECK(system(command) == 0);
    flip(path, at);
    enum code code = store_open(&(struct store_options){ .directory = b->directory, .readers = 2, .queue = 8 }, &s, &b->e);
    bool remade = code == OK && store_index_was_remade(s);
    if (code == OK)
        code = store_check(s, &b->e);
    CHECK(code == (remade ? OK : E_DAMAGED) && (!remade || index));
    CHECK(remade || (strstr(b->e.text, "made anew from the records") != NULL) == index);
    CHECK(s == NULL || remade || store_index_damaged(s) == index);
    ++*ret_told;
    s = store_close(s);
    snprintf(command, sizeof command, "mv %s.whole %s", path, path);
    CHECK(system(command) == 0);
}

TEST(flipped_bytes_are_damage) {
    struct bed b;
    struct stat st;
    char path[128];
    size_t told = 0;
    static const char *const files[] = { "records.db", "index.db" };
    bed_start(&b);
    for (uint32_t n = 1; n <= 60; n++)
        bed_make(&b, 1, n);
    b.store = store_close(b.store);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        CHECK(stat(bed_path(&b, files[i], path, sizeof path), &st) == 0);
        for (off_t at = 7; at < st.st_size; at += st.st_size / 12)
            flip_and_read(&b, files[i], at, &told);
    }
    CHECK(told >= 24);
    bed_open(&b);
    CHECK_OK(store_check(b.store, &b.e), &b.e);
    bed_end(&b);
}

/* Seen while it runs, by a search or by a check: a new index takes its place, and is filled from the records. */
TEST(a_damaged_index_is_made_anew_while_all_goes_on) {
    struct bed b;
    char path[128];
    struct stat st;
    struct token token = token_of(1000000 + 3);
    bed_start(&b);
    for (uint32_t n = 1; n <= 200; n++)
        bed_make(&b, 1, n);
    b.store = store_close(b.store);
    CHECK(stat(bed_path(&b, "index.db", path, sizeof path), &st) == 0);
    for (off_t at = 2048 + 1000; at < st.st_size; at += 2048)
        flip(path, at);                                    /* every page but the first */
    bed_open(&b);
    CHECK(!store_index_was_remade(b.store));
    struct view *held = NULL;
    CHECK_OK(store_view(b.store, 1, &held, &b.e), &b.e);
    CHECK_CODE(store_check(b.store, &b.e), E_DAMAGED, &b.e);
    CHECK(store_index_damaged(b.store) && store_index_trails(b.store));
    bed_make(&b, 1, 201);                                   /* records are written all the same */
    CHECK_CODE(store_index_remake(b.store, &b.e), E_BUSY, &b.e);
    held = view_end(held);
    CHECK_OK(store_index_remake(b.store, &b.e), &b.e);
    uint64_t gaps = store_index_gaps(b.store);
    CHECK(!store_index_damaged(b.store) && store_index_trails(b.store));
    CHECK_INT(bed_found(&b, 1, &token), 0);
    CHECK_OK(index_behind(b.store, 1, put_again, &b, &b.e), &b.e);
    store_index_settled(b.store, gaps);
    CHECK(!store_index_trails(b.store));
    token = token_of(201);
    CHECK_INT(bed_found(&b, 1, &token), 1);
    token = token_of(77);
    CHECK_INT(bed_found(&b, 1, &token), 1);
    bed_make(&b, 1, 202);
    CHECK(!store_index_trails(b.store));
    CHECK_OK(store_check(b.store, &b.e), &b.e);
    bed_reopen(&b);
    CHECK_OK(store_check(b.store, &b.e), &b.e);
    bed_end(&b);
}

static enum code erase_row(struct txn *t, void *arg, struct err *e) { return row_delete(t, 1, arg, e); }

static bool file_holds(const char *path, const void *needle, size_t len) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    CHECK(fstat(fd, &st) == 0);
    char *all = malloc((size_t)st.st_size + 1);
    CHECK(all != NULL && pread(fd, all, (size_t)st.st_size, 0) == st.st_size);
    bool found = memmem(all, (size_t)st.st_size, needle, len) != NULL;
    free(all);
    close(fd);
    return found;
}

TEST(erased_rows_leave_nothing_in_any_file) {
    struct bed b;
    char path[128];
    struct uuid id = id_of(3);
    struct token token = token_of(3);
    static const char *const files[] = { "records.db", "records.db-wal", "index.db", "index.db-wal" };
    bed_start(&b);
    for (uint32_t n = 1; n <= 5; n++)
        bed_make(&b, 1, n);
    CHECK_OK(store_checkpoint(b.store, &b.e), &b.e);
    CHECK(file_holds(bed_path(&b, "index.db", path, sizeof path), token.bytes, TOKEN_SIZE));
    CHECK_OK(store_write(b.store, 1, erase_row, &id, &b.e), &b.e);
    CHECK_CODE(bed_get(&b, 1, 3, NULL), E_GONE, &b.e);
    CHECK_OK(store_checkpoint(b.store, &b.e), &b.e);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        CHECK(!file_holds(bed_path(&b, files[i], path, sizeof path), token.bytes, TOKEN_SIZE));
    bed_end(&b);
}
