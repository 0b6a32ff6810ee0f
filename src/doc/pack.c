/* pack.c — ZIP by libarchive, handed on as it is made. What is known of a file before its bytes stands at its head; a size that is not
 * known stands behind it, in the form for large files. */
#include "doc/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/crypto.h"

#define NAME_MOST 200u
#define MANIFEST_MAX ((size_t)64 << 20)

struct pack {
    struct archive *out; struct archive_entry *entry; struct hash *hash;
    pack_write_fn write; void *arg; time_t made;
    struct buf manifest; char name[NAME_MOST + 1];
    int64_t size, put;                         /* of the file that is open; -1: not known */
    bool open, entered, gone;                  /* entered: the library has a file open; gone: the reader has */
    enum code failed; struct err why;          /* the first failure */
};

static enum code fail(struct pack *p, enum code code, const char *why) {
    if (p->failed == OK)
        p->failed = err_set(&p->why, code, "%s", why);
    return p->failed;
}
/* Of libarchive: it has no reason of its own but want of memory. */
static enum code library(struct pack *p) {
    return p->gone ? fail(p, E_PEER, "the reader of an archive has gone") : fail(p, E_MEMORY, "no memory for an archive");
}
static enum code told(const struct pack *p, struct err *reterr) {
    if (p->failed != OK)
        *reterr = p->why;
    return p->failed;
}

/* Libarchive is not told that the reader has gone: after a failure it would not end the file that is open, and lose what that holds. */
static la_ssize_t hand_on(struct archive *a, void *arg, const void *bytes, size_t len) {
    struct pack *p = arg;
    (void)a;
    p->gone = p->gone || !p->write(p->arg, bytes, len);
    return (la_ssize_t)len;
}

static bool begin(struct pack *p) {
    p->out = archive_write_new();
    p->entry = archive_entry_new();
    p->hash = hash_new();
    return p->out != NULL && p->entry != NULL && p->hash != NULL && archive_write_set_format_zip(p->out) == ARCHIVE_OK &&
           archive_write_zip_set_compression_deflate(p->out) == ARCHIVE_OK && archive_write_set_bytes_per_block(p->out, 65536) == ARCHIVE_OK &&
           archive_write_set_bytes_in_last_block(p->out, 1) == ARCHIVE_OK && archive_write_open2(p->out, p, NULL, hand_on, NULL, NULL) == ARCHIVE_OK;
}

enum code pack_new(pack_write_fn write, void *arg, usec_t made, struct pack **ret, struct err *reterr) {
    PRE(write != NULL && ret != NULL && reterr != NULL);
    struct pack *p = mem_new(sizeof *p);
    if (p == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an archive");
    *p = (struct pack){ .write = write, .arg = arg, .made = (time_t)(made / USEC_PER_SEC), .manifest = BUF(MANIFEST_MAX) };
    if (!begin(p)) {
        pack_free(p);
        return err_set(reterr, E_MEMORY, "no memory for an archive");
    }
    *ret = p;
    return OK;
}

struct pack *pack_free(struct pack *p) {
    if (p == NULL)
        return NULL;
    p->gone = true;                            /* what the library writes now to end the archive is nobody's */
    if (p->entered)
        (void)archive_write_finish_entry(p->out);
    archive_write_free(p->out);
    archive_entry_free(p->entry);
    hash_free(p->hash);
    buf_done(&p->manifest);
    return mem_free(p);
}

static bool good_name(const char *name) {
    size_t len = strlen(name);
    return len > 0 && len <= NAME_MOST && name[0] != '/' && name[len - 1] != '/' && strstr(name, "..") == NULL && strstr(name, "//") == NULL &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/") == len;
}

enum code pack_begin(struct pack *p, const char *name, int64_t size, struct err *reterr) {
    PRE(p != NULL && name != NULL && size >= -1 && !p->open && reterr != NULL);
    if (p->failed == OK && !good_name(name))
        (void)fail(p, E_INVALID, "a file of an archive has a name of letters, digits, '.', '-', '_' and '/'");
    if (p->failed != OK)
        return told(p, reterr);
    memcpy(p->name, name, strlen(name) + 1);
    archive_entry_clear(p->entry);
    archive_entry_set_pathname(p->entry, name);
    archive_entry_set_filetype(p->entry, AE_IFREG);
    archive_entry_set_perm(p->entry, 0644);
    archive_entry_set_mtime(p->entry, p->made, 0);
    if (size >= 0)
        archive_entry_set_size(p->entry, size);
    p->size = size;
    p->put = 0;
    p->entered = archive_write_header(p->out, p->entry) == ARCHIVE_OK;
    p->open = p->entered && !p->gone;
    if (!p->open)
        (void)library(p);
    return told(p, reterr);
}

enum code pack_write(struct pack *p, const void *bytes, size_t len, struct err *reterr) {
    PRE(p != NULL && reterr != NULL && (p->open || p->failed != OK));
    if (p->failed == OK && len > 0) {
        if (len > INT64_MAX - (size_t)p->put || (p->size >= 0 && p->put + (int64_t)len > p->size))
            (void)fail(p, E_DAMAGED, "a file is longer than it was said to be");
        else if (archive_write_data(p->out, bytes, len) != (la_ssize_t)len || p->gone)
            (void)library(p);
        else
            hash_add(p->hash, bytes, len);
        p->put += (int64_t)len;
    }
    return told(p, reterr);
}

static void manifest_add(struct pack *p) {
    uint8_t digest[HASH_SIZE];
    hash_end(p->hash, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        buf_printf(&p->manifest, "%02x", digest[i]);
    buf_printf(&p->manifest, "  %s\n", p->name);
    if (p->manifest.failed)
        (void)fail(p, E_MEMORY, "no memory for an archive");
}

enum code pack_close(struct pack *p, struct err *reterr) {
    PRE(p != NULL && reterr != NULL && (p->open || p->failed != OK));
    if (p->failed == OK && p->size >= 0 && p->put != p->size)
        (void)fail(p, E_DAMAGED, "a file is shorter than it was said to be");
    if (p->failed == OK) {
        bool fine = archive_write_finish_entry(p->out) == ARCHIVE_OK && !p->gone;
        p->entered = false;
        if (fine)
            manifest_add(p);
        else
            (void)library(p);
    }
    p->open = false;
    return told(p, reterr);
}

enum code pack_add(struct pack *p, const char *name, const void *bytes, size_t len, struct err *reterr) {
    PRE(p != NULL && name != NULL && (bytes != NULL || len == 0) && reterr != NULL);
    if (len > INT64_MAX)
        return err_set(reterr, E_TOO_LARGE, "a file of an archive is too large");
    enum code code = pack_begin(p, name, (int64_t)len, reterr);
    if (code == OK)
        code = pack_write(p, bytes, len, reterr);
    return code == OK ? pack_close(p, reterr) : code;
}

void pack_manifest(const struct pack *p, struct buf *ret) {
    PRE(p != NULL && ret != NULL);
    buf_add(ret, buf_str(&p->manifest), p->manifest.len);
}

void pack_heading(const char *service, const char *purpose, const char *made, struct buf *ret) {
    PRE(service != NULL && purpose != NULL && made != NULL && ret != NULL);
    buf_printf(ret, "# sejf_pack 1 %s %s %s\n", service, purpose, made);
}

enum code pack_end(struct pack *p, struct err *reterr) {
    PRE(p != NULL && !p->open && reterr != NULL);
    if (p->failed == OK && (archive_write_close(p->out) != ARCHIVE_OK || p->gone))
        (void)library(p);
    return told(p, reterr);
}
