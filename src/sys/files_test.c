/* files_test.c — whole or not at all, bounds, modes, locks. */
#include "sys/files.c"
#include "base/test.h"

#include <stdlib.h>
#include <sys/wait.h>

static char *scratch(void) {
    static char dir[64];
    snprintf(dir, sizeof dir, "/tmp/sejf-file-XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    return dir;
}

TEST(writes_and_reads_back) {
    struct err e;
    char path[128];
    char *dir = scratch();
    snprintf(path, sizeof path, "%s/a", dir);
    CHECK_OK(file_write(path, "one", 3, 0640, &e), &e);
    CHECK_OK(file_write(path, "second", 6, 0600, &e), &e);
    AUTO(buf_done) struct buf b = BUF(64);
    CHECK_OK(file_read(path, &b, &e), &e);
    CHECK_TEXT(buf_str(&b), "second");
    struct stat st;
    CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
    CHECK_CODE(file_create(path, "x", 1, 0600, &e), E_CONFLICT, &e);
    AUTO(buf_done) struct buf tiny = BUF(3);
    CHECK_CODE(file_read(path, &tiny, &e), E_TOO_LARGE, &e);
    snprintf(path, sizeof path, "%s/none", dir);
    CHECK_CODE(file_read(path, &b, &e), E_NOT_FOUND, &e);
    CHECK_OK(file_create(path, "x", 1, 0600, &e), &e);
    CHECK_OK(dir_remove(dir, &e), &e);
    CHECK(!file_exists(dir));
}

TEST(leaves_nothing_when_the_place_is_missing) {
    struct err e;
    char path[128];
    char *dir = scratch();
    snprintf(path, sizeof path, "%s/no/a", dir);
    CHECK_CODE(file_write(path, "x", 1, 0600, &e), E_SYSTEM, &e);
    CHECK_OK(dir_remove(dir, &e), &e);
}

TEST(a_foreign_file_is_a_plain_file_or_not_read) {
    struct err e;
    char path[128], link[128];
    char *dir = scratch();
    AUTO(buf_done) struct buf b = BUF(64);
    snprintf(path, sizeof path, "%s/a", dir);
    snprintf(link, sizeof link, "%s/b", dir);
    CHECK_CODE(file_read_foreign(path, &b, &e), E_NOT_FOUND, &e);
    CHECK(mkfifo(path, 0600) == 0);
    CHECK_CODE(file_read_foreign(path, &b, &e), E_CONFLICT, &e);      /* and does not wait for a writer */
    CHECK(unlink(path) == 0);
    CHECK_OK(file_write(path, "7\n", 2, 0600, &e), &e);
    CHECK_OK(file_read_foreign(path, &b, &e), &e);
    CHECK_TEXT(buf_str(&b), "7\n");
    CHECK(symlink(path, link) == 0);
    CHECK_CODE(file_read_foreign(link, &b, &e), E_CONFLICT, &e);
    CHECK_CODE(file_read_foreign(dir, &b, &e), E_CONFLICT, &e);
    CHECK_OK(dir_remove(dir, &e), &e);
}

TEST(a_secret_is_for_its_owner_only) {
    static const struct { mode_t mode; enum code want; } row[] = {
        { 0600, OK }, { 0400, OK }, { 0640, E_CONFIG }, { 0604, E_CONFIG }, { 0620, E_CONFIG },
    };
    struct err e;
    char path[128], to[160];
    char *dir = scratch();
    snprintf(path, sizeof path, "%s/key", dir);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        CHECK_OK(file_write(path, "k", 1, row[i].mode, &e), &e);
        CHECK_CODE(file_check_secret(path, &e), row[i].want, &e);
    }
    CHECK(strstr(e.text, "chmod 600") != NULL);
    snprintf(to, sizeof to, "%s/link", dir);
    CHECK(symlink(path, to) == 0);
    CHECK_CODE(file_check_secret(to, &e), E_CONFIG, &e);
    CHECK_OK(dir_remove(dir, &e), &e);
}

TEST(removes_links_without_following_them) {
    struct err e;
    char kept[64], path[128];
    snprintf(kept, sizeof kept, "%s", scratch());
    char *dir = scratch();
    snprintf(path, sizeof path, "%s/link", dir);
    CHECK(symlink(kept, path) == 0);
    snprintf(path, sizeof path, "%s/sub", dir);
    CHECK_OK(dir_make(path, 0700, &e), &e);
    CHECK_OK(dir_remove(dir, &e), &e);
    CHECK(file_exists(kept) && !file_exists(dir));
    CHECK_OK(dir_remove(kept, &e), &e);
}

TEST(a_directory_is_given_whole_or_refused) {
    struct err e;
    char path[128];
    struct stat st;
    char *dir = scratch();
    snprintf(path, sizeof path, "%s/sub", dir);
    CHECK_OK(dir_make(path, 0700, &e), &e);
    CHECK_OK(dir_give(dir, geteuid(), getegid(), &e), &e);
    enum code code = dir_give(dir, 65534, 65534, &e);
    CHECK(stat(path, &st) == 0);
    if (geteuid() == 0)
        CHECK(code == OK && st.st_uid == 65534 && st.st_gid == 65534);
    else
        CHECK(code == E_SYSTEM && st.st_uid == geteuid());
    CHECK_OK(dir_remove(dir, &e), &e);
}

TEST(a_lock_is_exclusive_and_goes_with_its_copies) {
    struct err e;
    char path[128];
    char *dir = scratch();
    int a = -1, b = -1;
    snprintf(path, sizeof path, "%s/lock", dir);
    CHECK_OK(file_lock(path, 0, &a, &e), &e);
    CHECK_CODE(file_lock(path, 30, &b, &e), E_BUSY, &e);
    CHECK(b == -1);
    int copy = fcntl(a, F_DUPFD_CLOEXEC, 3);
    fd_close(&a);
    CHECK_CODE(file_lock(path, 0, &b, &e), E_BUSY, &e);
    fd_close(&copy);
    CHECK_OK(file_lock(path, 0, &b, &e), &e);
    fd_close(&b);
    CHECK_OK(dir_remove(dir, &e), &e);
}
