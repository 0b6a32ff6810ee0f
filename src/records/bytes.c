/* bytes.c — frames in, frames out. */
#include "records/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/files.h"

#define PATH_ROOM 4096
#define FRAME_SEALED (FRAME_PLAIN + SEAL_OVERHEAD)
#ifndef FILE_MAX                              /* a test has a smaller one */
#define FILE_MAX ((int64_t)4 << 30)            /* bytes of one file: a disk is not filled by one request */
#endif
#define META UINT64_MAX                       /* the place of the sealed name and type */

static void put_be(struct buf *b, uint64_t v, size_t size) {
    uint8_t be[8];
    for (size_t i = size; i-- > 0; v >>= 8)
        be[i] = (uint8_t)v;
    piece_add(b, be, size);
}

static void associate(const struct file_place *at, uint64_t index, bool last, struct buf *ret) {
    buf_cut(ret, 0);
    put_be(ret, (uint64_t)at->tenant, 8);
    put_be(ret, (uint32_t)at->kind, 4);
    piece_add(ret, at->record.bytes, sizeof at->record.bytes);
    put_be(ret, (uint32_t)at->field, 4);
    piece_add(ret, at->file.bytes, sizeof at->file.bytes);
    put_be(ret, at->key, 8);
    put_be(ret, index, 8);
    put_be(ret, last, 1);
}

/* files/ and files/ab, durable in their own parents. */
static enum code dirs_make(const struct service *s, const char *path, struct err *reterr) {
    char dir[PATH_ROOM];
    const char *slash = strrchr(path, '/');
    size_t len = (size_t)(slash - path);
    memcpy(dir, path, len);
    dir[len] = 0;
    if (mkdir(s->files, 0700) != 0 && errno != EEXIST)
        return err_errno(reterr, errno, "the directory of files cannot be made");
    if (mkdir(dir, 0700) == 0)
        return dir_sync(s->files, reterr);
    return errno == EEXIST ? OK : err_errno(reterr, errno, "the directory of files cannot be made");
}

static enum code write_all(int fd, const char *bytes, size_t len, struct err *reterr) {
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_errno(reterr, n < 0 ? errno : EIO, "a file cannot be written");
        bytes += n;
        len -= (size_t)n;
    }
    return OK;
}

/* A whole frame unless the source ends; -1: it was cut off. */
static ssize_t frame_fill(const struct source *in, char *ret, size_t room) {
    size_t have = 0;
    while (have < room) {
        ssize_t n = in->read(in->arg, ret + have, room - have);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

struct frames { struct buf ad, sealed; char *plain, *next; };
static void frames_done(struct frames *f) {
    buf_done(&f->ad);
    buf_done(&f->sealed);
    for (int i = 0; i < 2; i++) {
        char *p = i == 0 ? f->plain : f->next;
        if (p != NULL)
            crypto_wipe(p, FRAME_PLAIN);
        mem_free(p);
    }
}
DEFINE_AUTO_VALUE(struct frames, frames_done)

/* One frame ahead, so that the last is known as the last. */
static enum code frames_out(int fd, const struct file_place *at, const struct key *key, const struct source *in, int64_t *ret_size, struct err *reterr) {
    AUTO(frames_done) struct frames f = { .ad = BUF(256), .sealed = BUF(FRAME_SEALED), .plain = mem_new(FRAME_PLAIN), .next = mem_new(FRAME_PLAIN) };
    int64_t size = 0;
    if (f.plain == NULL || f.next == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a file");
    ssize_t n = frame_fill(in, f.plain, FRAME_PLAIN);
    for (uint64_t i = 0;; i++) {
        ssize_t more = n == (ssize_t)FRAME_PLAIN ? frame_fill(in, f.next, FRAME_PLAIN) : 0;
        if (n < 0 || more < 0)
            return err_set(reterr, E_INVALID, "the file was cut off before its end");
        if (n > FILE_MAX - size)
            return err_set(reterr, E_TOO_LARGE, "a file may have %lld GiB", (long long)(FILE_MAX >> 30));
        associate(at, i, more == 0, &f.ad);
        buf_cut(&f.sealed, 0);
        enum code code = f.ad.failed ? err_set(reterr, E_MEMORY, "no memory for a file") : seal(key, f.ad.data, f.ad.len, f.plain, (size_t)n, &f.sealed, reterr);
        if (code == OK)
            code = write_all(fd, f.sealed.data, f.sealed.len, reterr);
        if (code != OK)
            return code;
        size += n;
        if (more == 0)
            break;
        char *swap = f.plain;
        f.plain = f.next;
        f.next = swap;
        n = more;
    }
    *ret_size = size;
    return OK;
}

enum code bytes_write(const struct service *s, const struct file_place *at, const struct key *key, const struct source *in,
                      int64_t *ret_size, struct err *reterr) {
    char path[PATH_ROOM];
    if (!file_path(s, &at->file, path, sizeof path))
        return err_set(reterr, E_CONFIG, "the path of the directory of files is too long");
    enum code code = dirs_make(s, path, reterr);
    if (code != OK)
        return code;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(reterr, errno, "a file cannot be written");
    code = frames_out(fd, at, key, in, ret_size, reterr);
    if (code == OK && fsync(fd) != 0)
        code = err_errno(reterr, errno, "a file cannot be made durable");
    close(fd);
    *strrchr(path, '/') = 0;
    return code == OK ? dir_sync(path, reterr) : code;
}

/* Exactly len bytes. */
static enum code read_all(int fd, char *ret, size_t len, struct err *reterr) {
    while (len > 0) {
        ssize_t n = read(fd, ret, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(reterr, errno, "a file cannot be read");
        if (n == 0)
            return err_set(reterr, E_DAMAGED, "a stored file is shorter than it was");
        ret += n;
        len -= (size_t)n;
    }
    return OK;
}

static enum code frames_in(int fd, const struct file_place *at, const struct key *key, int64_t size, bool (*begin)(void *), void *arg,
                           const struct sink *out, struct err *reterr) {
    AUTO(frames_done) struct frames f = { .ad = BUF(256), .sealed = BUF(FRAME_SEALED), .plain = NULL, .next = NULL };
    AUTO(mem_free) char *sealed = mem_new(FRAME_SEALED);
    uint64_t count = size == 0 ? 1 : ((uint64_t)size + FRAME_PLAIN - 1) / FRAME_PLAIN;
    if (sealed == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a file");
    for (uint64_t i = 0; i < count; i++) {
        size_t n = i + 1 < count ? FRAME_PLAIN : (size_t)((uint64_t)size - i * FRAME_PLAIN);
        enum code code = read_all(fd, sealed, n + SEAL_OVERHEAD, reterr);
        if (code != OK)
            return code;
        associate(at, i, i + 1 == count, &f.ad);
        buf_cut(&f.sealed, 0);
        code = f.ad.failed ? err_set(reterr, E_MEMORY, "no memory for a file") : seal_open(key, f.ad.data, f.ad.len, sealed, n + SEAL_OVERHEAD, &f.sealed, reterr);
        if (code != OK)
            return code;
        if ((i == 0 && !begin(arg)) || (n > 0 && !out->write(out->arg, f.sealed.data, n)))
            return err_set(reterr, E_PEER, "the reader of a file has gone");
    }
    return OK;
}

enum code bytes_read(const struct service *s, const struct file_place *at, const struct key *key, int64_t size,
                     bool (*begin)(void *arg), void *arg, const struct sink *out, struct err *reterr) {
    char path[PATH_ROOM];
    if (!file_path(s, &at->file, path, sizeof path))
        return err_set(reterr, E_CONFIG, "the path of the directory of files is too long");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? err_set(reterr, E_DAMAGED, "a stored file is not there") : err_errno(reterr, errno, "a file cannot be read");
    enum code code = frames_in(fd, at, key, size, begin, arg, out, reterr);
    close(fd);
    return code;
}

enum code bytes_meta_seal(const struct file_place *at, const struct key *key, const char *json, struct buf *ret, struct err *reterr) {
    AUTO(buf_done) struct buf ad = BUF(256);
    associate(at, META, false, &ad);
    return ad.failed ? err_set(reterr, E_MEMORY, "no memory for a file") : seal(key, ad.data, ad.len, json, strlen(json), ret, reterr);
}

enum code bytes_meta_open(const struct file_place *at, const struct key *key, const void *sealed, size_t len, struct buf *ret, struct err *reterr) {
    AUTO(buf_done) struct buf ad = BUF(256);
    associate(at, META, false, &ad);
    return ad.failed ? err_set(reterr, E_MEMORY, "no memory for a file") : seal_open(key, ad.data, ad.len, sealed, len, ret, reterr);
}
