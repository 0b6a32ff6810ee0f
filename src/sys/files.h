/* files.h — files as a safe needs them: written whole or not at all, read up to a bound, refused
 * when others may read a secret, locked so that two programs never open one data directory.
 * Descriptors given out are close-on-exec and belong to the caller. Thread-safe; never logs. */
#pragma once
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* The whole file, appended to *ret; E_TOO_LARGE above what *ret still takes. E_NOT_FOUND: no such file. */
MUST_USE enum code file_read(const char *path, struct buf *ret, struct err *reterr);
/* The same for a file in a directory where another user may write: only a regular file, no link, never waits. E_CONFLICT: something else. */
MUST_USE enum code file_read_foreign(const char *path, struct buf *ret, struct err *reterr);
MUST_USE enum code file_read_fd(int fd, const char *name, struct buf *ret, struct err *reterr);

/* Replaces the file in one step: temporary file, fsync, rename, fsync of the directory. */
MUST_USE enum code file_write(const char *path, const void *bytes, size_t len, mode_t mode, struct err *reterr);
/* The same, but E_CONFLICT when the file is there already. */
MUST_USE enum code file_create(const char *path, const void *bytes, size_t len, mode_t mode, struct err *reterr);
/* All of it, interrupted or not. */
MUST_USE enum code fd_put(int fd, const void *bytes, size_t len, struct err *reterr);

/* A secret: a regular file of ours or of root that neither group nor others may read or write; else E_CONFIG with
 * the command that mends it. */
MUST_USE enum code file_check_secret(const char *path, struct err *reterr);
bool file_exists(const char *path);

/* Makes the directory where it is missing; it is then ours with exactly this mode. Parents must exist. */
MUST_USE enum code dir_make(const char *path, mode_t mode, struct err *reterr);
MUST_USE enum code dir_sync(const char *path, struct err *reterr);
/* Removes a directory of ours with all that it holds; symbolic links are removed, not followed. */
MUST_USE enum code dir_remove(const char *path, struct err *reterr);

/* Gives a directory and all that it holds to a user; symbolic links are not followed. Nothing to do: costs one look. */
MUST_USE enum code dir_give(const char *path, uid_t uid, gid_t gid, struct err *reterr);

/* An exclusive lock on a file (made when missing). It is held until every copy of the descriptor is
 * closed, so a child that was given one holds it too. E_BUSY after `wait_ms`. */
MUST_USE enum code file_lock(const char *path, int wait_ms, int *ret_fd, struct err *reterr);

/* Closes and forgets: for AUTO(fd_close) int fd = -1. */
void fd_close(int *fd);
static inline void auto_fd_close(int *fd) { fd_close(fd); }
/* Hands an owned descriptor on. */
int fd_take(int *fd);
