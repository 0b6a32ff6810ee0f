/* logfile.c — invariant: only bytes of whole lines are written, which lie before whatever is appended meanwhile. */
#include "sys/logfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sys/files.h"

#define WINDOW ((size_t)1 << 20)
#define TIME_HEAD "{\"time\":\""
#define NO_TIME INT64_MIN
#define PATH_BYTES 4096u

struct walk {
    int fd; const char *path; bool writes;
    usec_t before, now, last;                /* last: time of the dated line before */
    off_t at, front;                         /* front: nothing but blanks lies before it */
    bool fronted;                            /* a line stands: front is where it begins */
    struct log_age age;
};

static bool is_blank(const char *line, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (line[i] != ' ' && line[i] != '\n')
            return false;
    return true;
}

/* Without its line break. */
static usec_t time_of(const char *line, size_t len, usec_t now) {
    char text[40];
    usec_t t;
    const size_t head = sizeof TIME_HEAD - 1;
    if (len <= head || memcmp(line, TIME_HEAD, head) != 0)
        return NO_TIME;
    const char *end = memchr(line + head, '"', len - head);
    if (end == NULL || (size_t)(end - line) - head >= sizeof text)
        return NO_TIME;
    memcpy(text, line + head, (size_t)(end - line) - head);
    text[(size_t)(end - line) - head] = 0;
    return time_parse(text, &t) && t <= now + USEC_PER_DAY ? t : NO_TIME;
}

/* One line, with its break. True: it was blanked. */
static bool line_look(struct walk *w, char *line, size_t len, off_t at) {
    if (is_blank(line, len))
        return false;
    size_t text = len - (line[len - 1] == '\n');      /* a piece of one longer than a window has no break */
    usec_t own = time_of(line, text, w->now), t = own != NO_TIME ? own : w->last;
    w->last = t;
    if (w->writes && t < w->before) {
        memset(line, ' ', text);
        w->age.lines++;
        return true;
    }
    usec_t known = t == NO_TIME ? 0 : t;
    w->age.oldest = known < w->age.oldest ? known : w->age.oldest;
    if (!w->fronted)
        w->front = at;
    w->fronted = true;
    return false;
}

static enum code put_back(const struct walk *w, const char *bytes, size_t len, off_t at, struct err *reterr) {
    while (len > 0) {
        ssize_t n = pwrite(w->fd, bytes, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_errno(reterr, n < 0 ? errno : EIO, "cannot purge the log %s", w->path);
        bytes += n;
        at += n;
        len -= (size_t)n;
    }
    return OK;
}

/* The whole lines of a window; *ret_used: its bytes. A line longer than a window counts as several. */
static enum code window_look(struct walk *w, char *bytes, size_t len, size_t *ret_used, struct err *reterr) {
    size_t from = 0, dirty_from = len, dirty_to = 0;
    while (from < len) {
        const char *end = memchr(bytes + from, '\n', len - from);
        if (end == NULL && (from > 0 || len < WINDOW))
            break;
        size_t n = end == NULL ? len : (size_t)(end - (bytes + from)) + 1;
        if (line_look(w, bytes + from, n, w->at + (off_t)from)) {
            dirty_from = from < dirty_from ? from : dirty_from;
            dirty_to = from + n;
        }
        from += n;
    }
    *ret_used = from;
    if (!w->fronted)
        w->front = w->at + (off_t)from;
    return dirty_to > dirty_from ? put_back(w, bytes + dirty_from, dirty_to - dirty_from, w->at + (off_t)dirty_from, reterr) : OK;
}

static enum code walk_all(struct walk *w, char *bytes, struct err *reterr) {
    enum code code = OK;
    for (size_t used = 1; code == OK && used > 0; w->at += (off_t)used) {
        ssize_t n = pread(w->fd, bytes, WINDOW, w->at);
        if (n < 0 && errno == EINTR) {
            used = 0;
            continue;
        }
        if (n < 0)
            return err_errno(reterr, errno, "cannot read the log %s", w->path);
        code = window_look(w, bytes, (size_t)n, &used, reterr);
        if (n == 0)
            break;
    }
    return code;
}

/* What cannot be cut off stays as blanks, which say nothing. At least a block is left. */
static void front_cut(const struct walk *w) {
    struct stat st;
    if (fstat(w->fd, &st) != 0 || st.st_blksize <= 0)
        return;
    off_t block = st.st_blksize, most = st.st_size > 0 ? (st.st_size - 1) / block * block : 0, len = w->front / block * block;
    len = len < most ? len : most;
    if (len > 0)
        (void)!fallocate(w->fd, FALLOC_FL_COLLAPSE_RANGE, 0, len);
}

static enum code one_file(const char *path, bool writes, usec_t before, usec_t now, struct log_age *age, bool *ret_empty, struct err *reterr) {
    AUTO(mem_free) char *bytes = mem_new(WINDOW);
    AUTO(fd_close) int fd = open(path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (bytes == NULL)
        return err_set(reterr, E_MEMORY, "no memory to look through the log");
    if (fd < 0)
        return errno == ENOENT ? err_set(reterr, E_NOT_FOUND, "there is no log %s", path) : err_errno(reterr, errno, "cannot open the log %s", path);
    struct walk w = { .fd = fd, .path = path, .writes = writes, .before = before, .now = now, .last = NO_TIME, .age = *age };
    enum code code = walk_all(&w, bytes, reterr);
    if (code == OK && writes && w.front > 0) {
        if (w.age.lines > age->lines && fdatasync(fd) != 0)
            return err_errno(reterr, errno, "cannot purge the log %s", path);
        front_cut(&w);
    }
    if (code != OK)
        return code;
    *age = w.age;
    *ret_empty = !w.fronted && fstat(fd, &st) == 0 && w.at >= st.st_size;
    return OK;
}

/* NAME.1 and the like, beside it. */
static enum code rotated(const char *path, bool writes, usec_t before, usec_t now, struct log_age *age, struct err *reterr) {
    AUTO(buf_done) struct buf directory = BUF(PATH_BYTES), one = BUF(PATH_BYTES);
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    const struct dirent *d;
    size_t len = strlen(name);
    enum code code = OK;
    buf_add(&directory, slash == NULL ? "." : path, slash == NULL ? 1 : (size_t)(slash - path) + 1);
    DIR *list = directory.failed ? NULL : opendir(buf_str(&directory));
    if (list == NULL)
        return err_errno(reterr, errno, "cannot list the directory of the log %s", path);
    while (code == OK && (d = readdir(list)) != NULL) {
        bool empty = false;
        if (strncmp(d->d_name, name, len) != 0 || d->d_name[len] != '.')
            continue;
        buf_cut(&one, 0);
        buf_printf(&one, "%s/%s", buf_str(&directory), d->d_name);
        code = one.failed ? err_set(reterr, E_MEMORY, "no memory to look through the logs") : one_file(buf_str(&one), writes, before, now, age, &empty, reterr);
        if (code == OK && empty && writes && unlink(buf_str(&one)) != 0)
            code = err_errno(reterr, errno, "cannot remove the old log %s", buf_str(&one));
    }
    (void)closedir(list);
    return code;
}

static enum code all_files(const char *path, bool writes, usec_t before, usec_t now, struct log_age *ret, struct err *reterr) {
    PRE(path != NULL && ret != NULL && reterr != NULL);
    struct log_age age = { .oldest = USEC_NEVER };
    bool empty;
    enum code code = one_file(path, writes, before, now, &age, &empty, reterr);
    if (code == OK)
        code = rotated(path, writes, before, now, &age, reterr);
    if (code == OK)
        *ret = age;
    return code;
}

enum code logfile_purge(const char *path, usec_t before, usec_t now, struct log_age *ret, struct err *reterr) { return all_files(path, true, before, now, ret, reterr); }
enum code logfile_age(const char *path, usec_t now, struct log_age *ret, struct err *reterr) { return all_files(path, false, 0, now, ret, reterr); }
