/* scan.c — is a value readable in a file? Looked for as it was written, in lower case, as UTF-16LE, as hex of both
 * cases, and as base64 at each of the three offsets. Files are read in windows that overlap by the longest needle. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "promises/scan.h"

#define WINDOW (1u << 20)
#define NEEDLE_MAX 512u
#define NEEDLES_MAX 512u
#define DEPTH_MAX 8

/* Types whose values are long and of our own making: a date or a yes would be found everywhere. */
static const unsigned type_is_free = 1u << T_TEXT | 1u << T_EMAIL | 1u << T_PHONE | 1u << T_NAME | 1u << T_ADDRESS | 1u << T_JSON;

struct needles { struct { char *bytes; size_t len; } list[NEEDLES_MAX]; size_t count; size_t longest; };

static void needle_add(struct needles *n, const char *bytes, size_t len) {
    if (len < 6 || len > NEEDLE_MAX || n->count == NEEDLES_MAX)
        return;
    char *copy = mem_text_n(bytes, len);
    if (copy == NULL)
        return;
    n->list[n->count].bytes = copy;
    n->list[n->count++].len = len;
    if (len > n->longest)
        n->longest = len;
}

/* The base64 characters that depend on the value alone when it stands `skip` bytes into a group of three. */
static void needle_base64(struct needles *n, const char *value, size_t len, size_t skip) {
    char group[NEEDLE_MAX + 4] = { 0 };
    size_t drop = skip == 0 ? 0 : skip == 1 ? 2 : 3;
    memcpy(group + skip, value, len);
    AUTO(buf_done) struct buf b = BUF(NEEDLE_MAX * 2);
    base64url_encode(group, skip + len, &b);
    size_t keep = (skip + len) / 3 * 4;
    if (b.failed || keep <= drop)
        return;
    needle_add(n, buf_str(&b) + drop, keep - drop);
    for (size_t i = 0; i < b.len; i++)                /* the other alphabet too */
        if (b.data[i] == '-' || b.data[i] == '_')
            b.data[i] = b.data[i] == '-' ? '+' : '/';
    needle_add(n, buf_str(&b) + drop, keep - drop);
}

static void needles_of(struct needles *n, const char *value) {
    size_t len = strlen(value);
    char other[NEEDLE_MAX * 2];
    if (len < 6 || len > NEEDLE_MAX / 2)
        return;
    needle_add(n, value, len);
    for (size_t i = 0; i < len; i++)
        other[i] = (char)tolower((unsigned char)value[i]);
    if (memcmp(other, value, len) != 0)
        needle_add(n, other, len);
    for (size_t i = 0; i < len; i++) {
        other[2 * i] = value[i];
        other[2 * i + 1] = 0;
    }
    needle_add(n, other, 2 * len - 1);
    AUTO(buf_done) struct buf hex = BUF(NEEDLE_MAX * 2);
    hex_encode(value, len, &hex);
    needle_add(n, buf_str(&hex), hex.len);
    for (size_t i = 0; i < hex.len; i++)
        hex.data[i] = (char)toupper((unsigned char)hex.data[i]);
    needle_add(n, buf_str(&hex), hex.len);
    for (size_t skip = 0; skip < 3; skip++)
        needle_base64(n, value, len, skip);
}

/* Texts of personal fields, also inside objects (money, place, json). */
static void needles_of_json(struct needles *n, json_t *v) {
    const char *key;
    json_t *child;
    if (json_is_string(v))
        needles_of(n, json_string_value(v));
    else if (json_is_object(v))
        json_object_foreach(v, key, child)
            needles_of_json(n, child);
}

static void needles_free(struct needles *n) {
    for (size_t i = 0; i < n->count; i++)
        mem_free(n->list[i].bytes);
    mem_free(n);
}

static bool file_has(int fd, const struct needles *n, char *window, uint64_t *bytes, size_t *unread) {
    size_t kept = 0;
    for (;;) {
        ssize_t got = read(fd, window + kept, WINDOW - kept);
        if (got <= 0) {
            *unread += got < 0;
            return false;
        }
        *bytes += (uint64_t)got;
        size_t len = kept + (size_t)got;
        for (size_t i = 0; i < n->count; i++)
            if (memmem(window, len, n->list[i].bytes, n->list[i].len) != NULL)
                return true;
        kept = len < n->longest ? len : n->longest;
        memmove(window, window + len - kept, kept);
    }
}

struct walk { const struct needles *needles; char *window; struct scan result; };

static void walk_path(struct walk *w, int dir, const char *name, int depth) {
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        w->result.unread += fd < 0 && (errno == EACCES || errno == EPERM);
        if (fd >= 0)
            close(fd);
        return;                                       /* sockets, links, and files that went away meanwhile */
    }
    if (S_ISREG(st.st_mode)) {
        if (file_has(fd, w->needles, w->window, &w->result.bytes, &w->result.unread) && !w->result.found) {
            w->result.found = true;
            snprintf(w->result.where, sizeof w->result.where, "%s", strrchr(name, '/') == NULL ? name : strrchr(name, '/') + 1);
        }
    } else if (S_ISDIR(st.st_mode) && depth == DEPTH_MAX) {
        w->result.unread++;
    } else if (S_ISDIR(st.st_mode)) {
        DIR *d = fdopendir(fd);
        if (d == NULL) {
            close(fd);
            return;
        }
        for (struct dirent *entry; (entry = readdir(d)) != NULL;)
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                walk_path(w, dirfd(d), entry->d_name, depth + 1);
        closedir(d);
        return;
    }
    close(fd);
}

/* The first 12 to 16 bytes of a value: what would be left of it in a token that is not a keyed hash. */
static void needles_of_beginning(struct needles *n, json_t *v) {
    const char *text = json_string_value(v);
    AUTO(buf_done) struct buf folded = BUF(NEEDLE_MAX);
    if (text == NULL || strlen(text) < 12)
        return;
    needle_add(n, text, strlen(text) < 16 ? 12 : 16);
    if (text_fold(text, strlen(text), &folded) && folded.len >= 12)
        needle_add(n, buf_str(&folded), folded.len < 16 ? 12 : 16);
}

bool scan_looks_for(const struct kind *k) {
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].level > L_PLAIN && (type_is_free & 1u << k->fields[i].type) != 0)
            return true;
    return false;
}

enum code scan_path(const char *path, const struct kind *k, json_t *fields, enum scan_for what, struct scan *ret, struct err *reterr) {
    void (*const build)(struct needles *, json_t *) = what == SCAN_WHOLE ? needles_of_json : needles_of_beginning;
    struct needles *n = mem_new(sizeof *n);
    AUTO(mem_free) char *window = mem_new(WINDOW);
    if (n == NULL || window == NULL) {
        mem_free(n);
        return err_set(reterr, E_MEMORY, "no memory to search the data directory");
    }
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].level > L_PLAIN && (type_is_free & 1u << k->fields[i].type) != 0)
            build(n, json_object_get(fields, k->fields[i].name));
    struct walk w = { .needles = n, .window = window };
    size_t needles = n->count;
    walk_path(&w, AT_FDCWD, path, 0);
    needles_free(n);
    if (needles == 0)
        return err_set(reterr, E_BROKEN, "the canary has no personal value to look for");
    *ret = w.result;
    return OK;
}
