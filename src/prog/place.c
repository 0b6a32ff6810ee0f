/* place.c — invariant: data is absolute and exists. */
#include "prog/place.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "sys/files.h"

#define ARENA_MAX (4u << 20)

struct place {
    struct arena *arena;
    struct instance *instance;
    const char *data;
    struct charter **charters; size_t charter_count, charter_room;
    bool charters_read, id_read;
    struct uuid id;
};

struct place *place_close(struct place *p) {
    if (p == NULL)
        return NULL;
    for (size_t i = 0; i < p->charter_count; i++)
        charter_free(p->charters[i]);
    mem_free(p->charters);
    instance_free(p->instance);
    arena_free(p->arena);
    return mem_free(p);
}

bool place_print_findings(const struct findings *f) {
    AUTO(buf_done) struct buf text = BUF(1u << 20);
    findings_print(f, &text);
    fputs(buf_str(&text), stderr);
    return findings_count(f, FINDING_ERROR) == 0;
}

/* The absolute path of what exists, in the arena. */
static const char *absolute(struct place *p, const char *path, struct err *reterr) {
    char *full = realpath(path, NULL);
    if (full == NULL) {
        (void)(errno == ENOENT ? err_set(reterr, E_NOT_FOUND, "%s does not exist; `sejf init --data DIR` makes a data directory", path)
                               : err_errno(reterr, errno, "cannot find %s", path));
        return NULL;
    }
    const char *copy = arena_text(p->arena, full);
    free(full);
    if (copy == NULL)
        (void)err_set(reterr, E_MEMORY, "no memory for a path");
    return copy;
}

static enum code read_instance(struct place *p, const char *data, const char *config, struct err *reterr) {
    AUTO(findings_free) struct findings *f = findings_new();
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for reading sejf.yaml");
    const char *directory = config == NULL ? absolute(p, data, reterr) : NULL;
    const char *file = config != NULL ? absolute(p, config, reterr)
                     : directory == NULL ? NULL : arena_printf(p->arena, "%s/sejf.yaml", directory);
    if (file == NULL)
        return reterr->code;
    enum code code = instance_load(file, f, &p->instance, reterr);
    (void)place_print_findings(f);
    if (code == E_NOT_FOUND)
        return err_set(reterr, E_NOT_FOUND, "%s does not exist; `sejf init --data DIR` makes a data directory", file);
    if (code != OK)
        return code;
    p->data = absolute(p, p->instance->data != NULL ? p->instance->data : p->instance->directory, reterr);
    if (p->data == NULL)
        return reterr->code;
    if (directory != NULL && strcmp(directory, p->data) != 0)
        return err_set(reterr, E_CONFIG, "%s says that the data lies in %s; say --config %s, or take that line out", file, p->data, file);
    if (strpbrk(p->data, "\"'\\;{}$\n") != NULL)
        return err_set(reterr, E_CONFIG, "the path of the data directory holds a quote, brace, ';' or '$', which nginx's configuration cannot; move it");
    return OK;
}

enum code place_open(const char *data, const char *config, struct place **ret, struct err *reterr) {
    AUTO(place_close) struct place *p = mem_new(sizeof *p);
    if (p == NULL || (p->arena = arena_new(ARENA_MAX)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory");
    *reterr = (struct err){ .code = E_MEMORY };
    if (data != NULL && config != NULL)
        return err_set(reterr, E_USAGE, "--data and --config exclude each other; sejf.yaml itself says where the data lies");
    if (data == NULL && config == NULL)
        data = getenv("SEJF_DATA");
    if (data == NULL && config == NULL)
        return err_set(reterr, E_USAGE, "which installation? say --data DIR or --config FILE, or set SEJF_DATA");
    enum code code = read_instance(p, data, config, reterr);
    if (code != OK)
        return code;
    *ret = TAKE(p);
    return OK;
}

const struct instance *place_instance(const struct place *p) { return p->instance; }
const char *place_data(const struct place *p) { return p->data; }
const char *place_log(struct place *p) { return p->instance->log; }

const char *place_path(struct place *p, const char *fmt, ...) {
    AUTO(buf_done) struct buf b = BUF(8192);
    va_list ap;
    va_start(ap, fmt);
    buf_printf(&b, "%s/", p->data);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    const char *path = b.failed ? NULL : arena_text(p->arena, buf_str(&b));
    return path == NULL ? "/dev/null/out-of-memory" : path;      /* opens as an error that says so */
}

const char *place_url(struct place *p) {
    const char *url = p->instance->https == 443 ? arena_printf(p->arena, "https://%s", p->instance->host)
                                                : arena_printf(p->arena, "https://%s:%d", p->instance->host, p->instance->https);
    return url == NULL ? "https://localhost" : url;
}

/* ---- charters */
static enum code charter_add(struct place *p, const char *path, struct err *reterr) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for reading %s", path);
    enum code code = charter_load(path, f, &c, reterr);
    if (code != OK) {
        (void)place_print_findings(f);
        return code == E_CHARTER ? err_set(reterr, E_CHARTER, "%s has mistakes; `sejf check %s` lists them", path, path) : code;
    }
    for (size_t i = 0; i < p->charter_count; i++)
        if (strcmp(charter_name(p->charters[i]), charter_name(c)) == 0)
            return err_set(reterr, E_CONFIG, "%s and %s both declare the service %s: take one of them out of the charters", charter_file(p->charters[i]), path, charter_name(c));
    if (p->charter_count == p->charter_room) {
        size_t room = p->charter_room == 0 ? 8 : 2 * p->charter_room;
        struct charter **grown = mem_grow(p->charters, room, sizeof *grown);
        if (grown == NULL)
            return err_set(reterr, E_MEMORY, "no memory for the charters");
        p->charters = grown;
        p->charter_room = room;
    }
    p->charters[p->charter_count++] = TAKE(c);
    return OK;
}

static int is_yaml(const struct dirent *e) {
    size_t n = strlen(e->d_name);
    return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0;
}

static enum code charters_add(struct place *p, const char *path, struct err *reterr) {
    struct stat st;
    struct dirent **list = NULL;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? err_set(reterr, E_NOT_FOUND, "%s (charters in sejf.yaml) does not exist", path)
                               : err_errno(reterr, errno, "cannot look at %s", path);
    if (!S_ISDIR(st.st_mode))
        return charter_add(p, path, reterr);
    int n = scandir(path, &list, is_yaml, alphasort);
    if (n < 0)
        return err_errno(reterr, errno, "cannot list %s", path);
    enum code code = OK;
    for (int i = 0; i < n; i++) {
        const char *file = arena_printf(p->arena, "%s/%s", path, list[i]->d_name);
        if (code == OK)
            code = file == NULL ? err_set(reterr, E_MEMORY, "no memory for a path") : charter_add(p, file, reterr);
        free(list[i]);
    }
    free(list);
    return code;
}

enum code place_charters(struct place *p, struct charter *const **ret, size_t *ret_count, struct err *reterr) {
    for (size_t i = 0; !p->charters_read && i < p->instance->charter_count; i++) {
        enum code code = charters_add(p, p->instance->charters[i], reterr);
        if (code != OK)
            return code;
    }
    p->charters_read = true;
    if (p->charter_count == 0)
        return err_set(reterr, E_CONFIG, "there is no charter; put one into the directory that sejf.yaml names under charters");
    *ret = p->charters;
    *ret_count = p->charter_count;
    return OK;
}

const struct charter *place_charter(struct place *p, const char *service, struct err *reterr) {
    struct charter *const *list;
    size_t n;
    if (place_charters(p, &list, &n, reterr) != OK)
        return NULL;
    AUTO(buf_done) struct buf names = BUF(256);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(charter_name(list[i]), service) == 0)
            return list[i];
        buf_printf(&names, "%s%s", i == 0 ? "" : ", ", charter_name(list[i]));
    }
    (void)err_set(reterr, E_NOT_FOUND, "there is no service \"%s\" here; there is %s", service, buf_str(&names));
    return NULL;
}

/* ---- room */
#define ROOM_TO_START (UINT64_C(1) << 20)      /* measured: sockets, numbers, configuration and the databases' shared memory take 128 KiB */
#define INODES_TO_START 64u

bool place_room(struct place *p, struct room *ret) {
    struct statvfs fs;
    if (statvfs(p->data, &fs) != 0)
        return false;
    *ret = (struct room){ (uint64_t)fs.f_bavail * fs.f_frsize, fs.f_files > 0 ? (uint64_t)fs.f_favail : UINT64_MAX };
    return true;
}

enum code place_room_to_start(struct place *p, struct err *reterr) {
    struct room r;
    if (!place_room(p, &r) || (r.bytes >= ROOM_TO_START && r.inodes >= INODES_TO_START))
        return OK;
    if (r.bytes >= ROOM_TO_START)
        return err_set(reterr, E_FULL, "the disk of %s has %llu inodes left, and a start needs %u: remove files of others on that disk, and start again; nothing that was "
                       "acknowledged is lost", p->data, (unsigned long long)r.inodes, INODES_TO_START);
    return err_set(reterr, E_FULL, "the disk of %s has %llu KiB left, and a start needs %llu: free some space (not in store/, files/ and keeper/: old logs, files of others on "
                   "that disk), and start again; nothing that was acknowledged is lost", p->data, (unsigned long long)(r.bytes >> 10), (unsigned long long)(ROOM_TO_START >> 10));
}

/* ---- version and lock */
enum code place_check_version(struct place *p, struct err *reterr) {
    const char *path = place_path(p, "version");
    AUTO(buf_done) struct buf b = BUF(64);
    int64_t version = 0;
    enum code code = file_read(path, &b, reterr);
    if (code == E_NOT_FOUND)
        return err_set(reterr, E_NOT_FOUND, "%s is not a data directory yet; `sejf init --data %s` makes one", p->data, p->data);
    if (code != OK)
        return code;
    size_t len = b.len > 0 && b.data[b.len - 1] == '\n' ? b.len - 1 : b.len;
    if (!text_int_n(buf_str(&b), len, 1, INT32_MAX, &version))
        return err_set(reterr, E_DAMAGED, "%s does not hold a version number: put it back from a copy of this directory", path);
    if (version > LAYOUT_VERSION)
        return err_set(reterr, E_CONFIG, "%s was written by a newer sejf (layout %lld; this program, %s, knows up to %d); use that newer program",
                       p->data, (long long)version, SEJF_VERSION, LAYOUT_VERSION);
    return OK;
}

enum code place_write_version(struct place *p, struct err *reterr) {
    char text[16];
    struct err e;
    AUTO(buf_done) struct buf b = BUF(64);
    int n = snprintf(text, sizeof text, "%d\n", LAYOUT_VERSION);
    if (file_read(place_path(p, "version"), &b, &e) == OK && b.len == (size_t)n && memcmp(b.data, text, b.len) == 0)
        return OK;
    return file_write(place_path(p, "version"), text, (size_t)n, 0644, reterr);
}

enum code place_id(struct place *p, struct uuid *ret, struct err *reterr) {
    const char *path = place_path(p, "id");
    char text[UUID_TEXT + 1];
    AUTO(buf_done) struct buf b = BUF(256);
    if (p->id_read) {
        *ret = p->id;
        return OK;
    }
    enum code code = file_read(path, &b, reterr);
    if (code == E_NOT_FOUND && file_exists(place_path(p, "keeper/epoch")))
        return err_set(reterr, E_DAMAGED, "%s is missing, and keys and records know themselves by it: put it back from a copy of this directory", path);
    if (code == E_NOT_FOUND) {
        struct uuid id = uuid_new();
        snprintf(text, sizeof text, "%s\n", uuid_format(&id, (char[UUID_TEXT]){ 0 }));
        if ((code = file_create(path, text, UUID_TEXT, 0644, reterr)) == OK)
            *ret = id;
        return code;
    }
    if (code != OK)
        return code;
    if (b.len == UUID_TEXT && b.data[UUID_TEXT - 1] == '\n')
        buf_cut(&b, UUID_TEXT - 1);
    if (!uuid_parse(buf_str(&b), &p->id))
        return err_set(reterr, E_DAMAGED, "%s does not hold the id of a data directory: put it back from a copy of this directory", path);
    p->id_read = true;
    *ret = p->id;
    return OK;
}

enum code place_lock(struct place *p, int wait_ms, int *ret_fd, struct err *reterr) {
    return file_lock(place_path(p, "lock"), wait_ms, ret_fd, reterr);
}
