/* files.c — invariant: a reader of a path sees the old bytes or the new ones, never a mixture. */
#include "sys/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"

#define DEPTH_MAX 32                         /* of a tree that dir_remove goes down */

void fd_close(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int fd_take(int *fd) {
    int taken = *fd;
    *fd = -1;
    return taken;
}

enum code file_read_fd(int fd, const char *name, struct buf *ret, struct err *reterr) {
    PRE(fd >= 0 && ret != NULL && reterr != NULL);
    char piece[16384];
    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(reterr, errno, "cannot read %s", name);
        if (n == 0)
            return OK;
        bool fits = ret->max - ret->len >= (size_t)n;
        buf_add(ret, piece, (size_t)n);
        if (ret->failed && fits)
            return err_set(reterr, E_MEMORY, "no memory for reading %s", name);
        if (ret->failed)
            return err_set(reterr, E_TOO_LARGE, "%s is larger than the %zu bytes that are read here", name, ret->max);
    }
}

enum code file_read(const char *path, struct buf *ret, struct err *reterr) {
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return err_set(reterr, E_NOT_FOUND, "%s does not exist", path);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot open %s", path);
    return file_read_fd(fd, path, ret, reterr);
}

enum code file_read_foreign(const char *path, struct buf *ret, struct err *reterr) {
    struct stat st;
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return err_set(reterr, E_NOT_FOUND, "%s does not exist", path);
    if (fd < 0 && errno != ELOOP && errno != ENXIO)
        return err_errno(reterr, errno, "cannot open %s", path);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return err_set(reterr, E_CONFLICT, "%s is no regular file, so it is not read; remove it", path);
    return file_read_fd(fd, path, ret, reterr);
}

enum code fd_put(int fd, const void *bytes, size_t len, struct err *reterr) {
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(reterr, errno, "writing failed");
        p += n;
        len -= (size_t)n;
    }
    return OK;
}

/* "a/b/c" -> "a/b"; "c" -> "."; "/c" -> "/". */
static char *parent_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return mem_text(".");
    return slash == path ? mem_text("/") : mem_text_n(path, (size_t)(slash - path));
}

enum code dir_sync(const char *path, struct err *reterr) {
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot open the directory %s", path);
    if (fsync(fd) != 0)
        return err_errno(reterr, errno, "cannot make the directory %s durable", path);
    return OK;
}

static enum code write_temporary(const char *temporary, const void *bytes, size_t len, mode_t mode, struct err *reterr) {
    AUTO(fd_close) int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot make %s", temporary);
    enum code code = fd_put(fd, bytes, len, reterr);
    if (code != OK)
        return err_prefix(reterr, "%s", temporary);
    if (fchmod(fd, mode) != 0)
        return err_errno(reterr, errno, "cannot set the mode of %s", temporary);
    if (fsync(fd) != 0)
        return err_errno(reterr, errno, "cannot make %s durable", temporary);
    return OK;
}

static enum code put_in_place(const char *path, const void *bytes, size_t len, mode_t mode, bool replace, struct err *reterr) {
    PRE(path != NULL && (bytes != NULL || len == 0) && reterr != NULL);
    __attribute__((cleanup(auto_mem_free))) char *parent = parent_of(path);
    AUTO(buf_done) struct buf temporary = BUF(8192);
    buf_printf(&temporary, "%s.%d.new", path, (int)getpid());
    if (parent == NULL || temporary.failed)
        return err_set(reterr, E_MEMORY, "no memory for writing %s", path);
    (void)unlink(buf_str(&temporary));       /* what a program with the same number left behind */
    enum code code = write_temporary(buf_str(&temporary), bytes, len, mode, reterr);
    if (code == OK && replace && rename(buf_str(&temporary), path) != 0)
        code = err_errno(reterr, errno, "cannot put %s in place", path);
    if (code == OK && !replace && link(buf_str(&temporary), path) != 0)
        code = errno == EEXIST ? err_set(reterr, E_CONFLICT, "%s is there already", path)
                               : err_errno(reterr, errno, "cannot put %s in place", path);
    if (code != OK || !replace)
        (void)unlink(buf_str(&temporary));
    return code != OK ? code : dir_sync(parent, reterr);
}

enum code file_write(const char *path, const void *bytes, size_t len, mode_t mode, struct err *reterr) {
    return put_in_place(path, bytes, len, mode, true, reterr);
}

enum code file_create(const char *path, const void *bytes, size_t len, mode_t mode, struct err *reterr) {
    return put_in_place(path, bytes, len, mode, false, reterr);
}

enum code file_check_secret(const char *path, struct err *reterr) {
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? err_set(reterr, E_NOT_FOUND, "%s does not exist", path)
                               : err_errno(reterr, errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(reterr, E_CONFIG, "%s is not a regular file; a secret must be one", path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return err_set(reterr, E_CONFIG, "%s belongs to another user; mend: chown %u %s", path, (unsigned)geteuid(), path);
    if ((st.st_mode & 077) != 0)
        return err_set(reterr, E_CONFIG, "%s may be read by others (mode %04o); mend: chmod 600 %s", path,
                       (unsigned)(st.st_mode & 07777), path);
    return OK;
}

bool file_exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

enum code dir_make(const char *path, mode_t mode, struct err *reterr) {
    struct stat st;
    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return err_errno(reterr, errno, "cannot make the directory %s", path);
    if (stat(path, &st) != 0)
        return err_errno(reterr, errno, "cannot look at %s", path);
    if (!S_ISDIR(st.st_mode))
        return err_set(reterr, E_CONFLICT, "%s is there and is not a directory", path);
    if ((st.st_mode & 07777) != mode && chmod(path, mode) != 0)
        return err_errno(reterr, errno, "cannot set the mode of %s", path);
    return OK;
}

static enum code empty_dir(int fd, const char *name, int depth, struct err *reterr);

static enum code remove_entry(int dir, const char *name, int depth, struct err *reterr) {
    if (unlinkat(dir, name, 0) == 0)
        return OK;
    if (errno != EISDIR && errno != EPERM)
        return err_errno(reterr, errno, "cannot remove %s", name);
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot open %s", name);
    enum code code = empty_dir(fd, name, depth + 1, reterr);
    if (code == OK && unlinkat(dir, name, AT_REMOVEDIR) != 0)
        return err_errno(reterr, errno, "cannot remove %s", name);
    return code;
}

/* Takes fd over. */
static enum code empty_dir(int fd, const char *name, int depth, struct err *reterr) {
    if (depth > DEPTH_MAX) {
        fd_close(&fd);
        return err_set(reterr, E_INVALID, "%s lies too deep to be removed", name);
    }
    DIR *list = fdopendir(fd);
    if (list == NULL) {
        fd_close(&fd);
        return err_set(reterr, E_MEMORY, "no memory for listing %s", name);
    }
    enum code code = OK;
    for (struct dirent *e; code == OK && (e = readdir(list)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            code = remove_entry(dirfd(list), e->d_name, depth, reterr);
    closedir(list);
    return code;
}

enum code dir_remove(const char *path, struct err *reterr) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return OK;
    if (fd < 0)
        return err_errno(reterr, errno, "cannot open %s", path);
    enum code code = empty_dir(fd, path, 0, reterr);
    if (code == OK && rmdir(path) != 0)
        return err_errno(reterr, errno, "cannot remove %s", path);
    return code;
}

static enum code give_all(int fd, const char *name, uid_t uid, gid_t gid, int depth, struct err *reterr);

static enum code give_entry(int dir, const char *name, uid_t uid, gid_t gid, int depth, struct err *reterr) {
    struct stat st;
    if (fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return err_errno(reterr, errno, "cannot give %s to its user", name);
    if (!S_ISDIR(st.st_mode))
        return OK;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? err_errno(reterr, errno, "cannot open %s", name) : give_all(fd, name, uid, gid, depth + 1, reterr);
}

/* Takes fd over. */
static enum code give_all(int fd, const char *name, uid_t uid, gid_t gid, int depth, struct err *reterr) {
    DIR *list = depth > DEPTH_MAX ? NULL : fdopendir(fd);
    if (list == NULL) {
        fd_close(&fd);
        return err_set(reterr, E_SYSTEM, "cannot list %s", name);
    }
    enum code code = OK;
    for (struct dirent *e; code == OK && (e = readdir(list)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            code = give_entry(dirfd(list), e->d_name, uid, gid, depth, reterr);
    closedir(list);
    return code;
}

enum code dir_give(const char *path, uid_t uid, gid_t gid, struct err *reterr) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        int num = errno;
        fd_close(&fd);
        return err_errno(reterr, num, "cannot open the directory %s", path);
    }
    if (st.st_uid == uid && st.st_gid == gid) {
        fd_close(&fd);
        return OK;
    }
    if (fchown(fd, uid, gid) != 0) {
        int num = errno;
        fd_close(&fd);
        return err_errno(reterr, num, "cannot give %s to its user", path);
    }
    return give_all(fd, path, uid, gid, 0, reterr);
}

enum code file_lock(const char *path, int wait_ms, int *ret_fd, struct err *reterr) {
    AUTO(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot open the lock file %s", path);
    usec_t until = clock_steady() + (usec_t)wait_ms * 1000;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_errno(reterr, errno, "cannot lock %s", path);
        if (clock_steady() >= until)
            return err_set(reterr, E_BUSY, "another sejf has this data directory open (%s is locked); stop it first", path);
        nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
    }
    *ret_fd = fd_take(&fd);
    return OK;
}
