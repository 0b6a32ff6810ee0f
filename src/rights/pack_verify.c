/* pack_verify.c — is an archive whole, and signed? Every file is hashed as the archive's own directory lists it; the manifest must name
 * each of them once, and nothing that is not there. */
#include <archive.h>
#include <archive_entry.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "rights/pack_inside.h"

#define LISTED_MAX ((size_t)64 << 20)          /* of manifest and signature */
#define FILES_MAX 1000000u
#define CLOSING "closing"                      /* the archive of an account that closes (retention/closing_archive.c) is signed as such */

struct seen { char *name; uint8_t hash[HASH_SIZE]; };
struct checking { struct archive *in; struct hash *hash; struct seen *list; size_t count, room; struct buf manifest, signature; };

static enum code damaged(struct err *reterr, const char *what, const char *name) { return err_set(reterr, E_DAMAGED, "%s: %s", name, what); }

static bool printable(const char *name) {
    for (const char *p = name; *p != 0; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
            return false;
    return name[0] != 0 && strlen(name) < 1024;
}

static enum code seen_add(struct checking *c, const char *name, struct err *reterr) {
    if (c->count == FILES_MAX)
        return err_set(reterr, E_TOO_LARGE, "the archive holds more than %u files", FILES_MAX);
    if (c->count == c->room) {
        size_t room = c->room == 0 ? 64 : c->room * 2;
        struct seen *list = mem_grow(c->list, room, sizeof *list);
        if (list == NULL)
            return err_set(reterr, E_MEMORY, "no memory for the check of an archive");
        c->list = list;
        c->room = room;
    }
    struct seen *s = &c->list[c->count];
    s->name = mem_text(name);
    if (s->name == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the check of an archive");
    hash_end(c->hash, s->hash);
    c->count++;
    return OK;
}

static enum code file_check(struct checking *c, struct archive_entry *entry, struct err *reterr) {
    const char *name = archive_entry_pathname(entry);
    char piece[65536];
    la_ssize_t n;
    if (name == NULL || !printable(name))
        return err_set(reterr, E_DAMAGED, "a file of the archive has a name that no pack has");
    struct buf *keep = strcmp(name, MANIFEST_NAME) == 0 ? &c->manifest : strcmp(name, SIGNATURE_NAME) == 0 ? &c->signature : NULL;
    if (keep != NULL && keep->len > 0)
        return damaged(reterr, "it is there twice", name);
    while ((n = archive_read_data(c->in, piece, sizeof piece)) > 0)
        if (keep != NULL)
            buf_add(keep, piece, (size_t)n);
        else
            hash_add(c->hash, piece, (size_t)n);
    if (n < 0)
        return damaged(reterr, "it cannot be read: the archive is cut off or damaged", name);
    if (keep != NULL)
        return keep->failed ? damaged(reterr, "it is too large", name) : OK;
    return seen_add(c, name, reterr);
}

static enum code files_check(struct checking *c, int fd, struct err *reterr) {
    struct archive_entry *entry;
    int state = archive_read_support_format_zip_seekable(c->in);
    if (state == ARCHIVE_OK && lseek(fd, 0, SEEK_SET) == 0)
        state = archive_read_open_fd(c->in, fd, 65536);
    if (state != ARCHIVE_OK)
        return err_set(reterr, E_DAMAGED, "this is no archive, or it is cut off");
    enum code code = OK;
    while (code == OK && (state = archive_read_next_header(c->in, &entry)) == ARCHIVE_OK)
        code = file_check(c, entry, reterr);
    if (code == OK && state != ARCHIVE_EOF)
        return err_set(reterr, E_DAMAGED, "the archive is cut off or damaged");
    return code;
}

static int by_name(const void *a, const void *b) { return strcmp(((const struct seen *)a)->name, ((const struct seen *)b)->name); }

/* "hash  name" */
static enum code line_check(struct checking *c, const char *line, size_t len, bool *named, struct err *reterr) {
    uint8_t hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1], name[1024];
    if (len < 2 * HASH_SIZE + 3 || len - 2 * HASH_SIZE - 2 >= sizeof name || line[2 * HASH_SIZE] != ' ' || line[2 * HASH_SIZE + 1] != ' ')
        return damaged(reterr, "a line of it is none of a manifest", MANIFEST_NAME);
    memcpy(hex, line, 2 * HASH_SIZE);
    hex[2 * HASH_SIZE] = 0;
    memcpy(name, line + 2 * HASH_SIZE + 2, len - 2 * HASH_SIZE - 2);
    name[len - 2 * HASH_SIZE - 2] = 0;
    const struct seen key = { .name = name };
    const struct seen *found = c->count == 0 ? NULL : bsearch(&key, c->list, c->count, sizeof *c->list, by_name);
    if (!printable(name) || !hex_decode(hex, 2 * HASH_SIZE, hash, sizeof hash))
        return damaged(reterr, "a line of it is none of a manifest", MANIFEST_NAME);
    if (found == NULL)
        return damaged(reterr, "the manifest names it and it is not there", name);
    if (memcmp(found->hash, hash, sizeof hash) != 0)
        return damaged(reterr, "it is not the file that was signed", name);
    if (named[found - c->list])
        return damaged(reterr, "the manifest names it twice", name);
    named[found - c->list] = true;
    return OK;
}

static enum code manifest_check(struct checking *c, struct err *reterr) {
    AUTO(mem_free) bool *named = mem_new_array(c->count + 1, sizeof *named);
    enum code code = OK;
    if (named == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the check of an archive");
    if (c->count > 1)
        qsort(c->list, c->count, sizeof *c->list, by_name);
    for (size_t i = 1; i < c->count; i++)
        if (strcmp(c->list[i - 1].name, c->list[i].name) == 0)
            return damaged(reterr, "it is there twice", c->list[i].name);
    for (size_t at = 0; code == OK && at < c->manifest.len;) {
        const char *line = c->manifest.data + at, *end = memchr(line, '\n', c->manifest.len - at);
        size_t len = end == NULL ? c->manifest.len - at : (size_t)(end - line);
        if (at > 0 || line[0] != '#')          /* what the archive is: signature_check */
            code = line_check(c, line, len, named, reterr);
        at += len + 1;
    }
    for (size_t i = 0; code == OK && i < c->count; i++)
        if (!named[i])
            code = damaged(reterr, "it lies in the archive and was not signed", c->list[i].name);
    return code;
}

/* As keeper_attest signs: "sejf statement", what it is, and its hash. */
static bool attested(const uint8_t public[PUBLIC_SIZE], const char *what, const uint8_t digest[HASH_SIZE], const uint8_t signature[SIGNATURE_SIZE]) {
    static const char prefix[] = "sejf statement";
    uint8_t text[sizeof prefix + 64 + HASH_SIZE];
    size_t n = strlen(what) + 1;
    PRE(n <= 64);
    memcpy(text, prefix, sizeof prefix);
    memcpy(text + sizeof prefix, what, n);
    memcpy(text + sizeof prefix + n, digest, HASH_SIZE);
    return sign_verify(public, text, sizeof prefix + n + HASH_SIZE, signature);
}

/* What it says of itself must stand in the manifest, which is signed: else anybody could give it another date, purpose or service. */
static bool headed(const struct checking *c, const char *service, const char *purpose, const char *made) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    AUTO(buf_done) struct buf line = BUF(512);
    pack_heading(service, purpose, made, &line);
    return !line.failed && service[strspn(service, letters)] == 0 && purpose[strspn(purpose, letters)] == 0 && c->manifest.len >= line.len &&
           memcmp(buf_str(&c->manifest), buf_str(&line), line.len) == 0;
}

static enum code signature_check(struct checking *c, const uint8_t *wanted, struct pack_check *ret, struct err *reterr) {
    uint8_t digest[HASH_SIZE], signature[SIGNATURE_SIZE], public[PUBLIC_SIZE];
    json_t *told = json_loadb(buf_str(&c->signature), c->signature.len, 0, NULL);
    const char *key = json_string_value(json_object_get(told, "public_key")), *signed_by = json_string_value(json_object_get(told, "signature")),
               *service = json_string_value(json_object_get(told, "service")), *purpose = json_string_value(json_object_get(told, "purpose")), *made = json_string_value(json_object_get(told, "made"));
    enum code code = OK;
    hash_sha256(buf_str(&c->manifest), c->manifest.len, digest);
    if (key == NULL || signed_by == NULL || service == NULL || purpose == NULL || made == NULL || strlen(service) >= sizeof ret->service || strlen(purpose) >= sizeof ret->purpose ||
        !hex_decode(key, strlen(key), public, sizeof public) || !hex_decode(signed_by, strlen(signed_by), signature, sizeof signature) || !time_parse(made, &ret->made))
        code = damaged(reterr, "it is not what a pack is signed with", SIGNATURE_NAME);
    else if (wanted != NULL && memcmp(wanted, public, sizeof public) != 0)
        code = damaged(reterr, "it was signed with another key than the one that you gave", SIGNATURE_NAME);
    else if (!attested(public, strcmp(purpose, CLOSING) == 0 ? CLOSING : SIGNED_WHAT, digest, signature))
        code = damaged(reterr, "the signature is not one of this manifest", SIGNATURE_NAME);
    else if (!headed(c, service, purpose, made))
        code = damaged(reterr, "it names another service, purpose or time than the manifest that was signed", SIGNATURE_NAME);
    if (code == OK) {
        ret->files = c->count;
        memcpy(ret->service, service, strlen(service) + 1);
        memcpy(ret->purpose, purpose, strlen(purpose) + 1);
        memcpy(ret->key, key, 2 * PUBLIC_SIZE);
        ret->key[2 * PUBLIC_SIZE] = 0;
    }
    json_decref(told);
    return code;
}

enum code access_pack_verify(int fd, const uint8_t public[PUBLIC_SIZE], struct pack_check *ret, struct err *reterr) {
    PRE(fd >= 0 && ret != NULL && reterr != NULL);
    struct checking c = { .in = archive_read_new(), .hash = hash_new(), .manifest = BUF(LISTED_MAX), .signature = BUF(LISTED_MAX) };
    struct pack_check found = { 0 };
    enum code code = c.in == NULL || c.hash == NULL ? err_set(reterr, E_MEMORY, "no memory for the check of an archive") : files_check(&c, fd, reterr);
    if (code == OK && (c.manifest.len == 0 || c.signature.len == 0))
        code = damaged(reterr, "it is missing", c.manifest.len == 0 ? MANIFEST_NAME : SIGNATURE_NAME);
    if (code == OK)
        code = manifest_check(&c, reterr);
    if (code == OK)
        code = signature_check(&c, public, &found, reterr);
    for (size_t i = 0; i < c.count; i++)
        (void)mem_free(c.list[i].name);
    mem_free(c.list);
    hash_free(c.hash);
    archive_read_free(c.in);
    buf_wipe(&c.manifest);
    buf_done(&c.signature);
    if (code == OK)
        *ret = found;
    return code;
}

enum code access_pack_file(int fd, const char *name, struct buf *ret, struct err *reterr) {
    PRE(fd >= 0 && name != NULL && ret != NULL && reterr != NULL);
    struct archive *in = archive_read_new();
    struct archive_entry *entry;
    char piece[65536];
    la_ssize_t n = 0;
    if (in == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an archive");
    bool fine = archive_read_support_format_zip_seekable(in) == ARCHIVE_OK && lseek(fd, 0, SEEK_SET) == 0 && archive_read_open_fd(in, fd, sizeof piece) == ARCHIVE_OK;
    while (fine && archive_read_next_header(in, &entry) == ARCHIVE_OK) {
        const char *is = archive_entry_pathname(entry);
        if (is == NULL || strcmp(is, name) != 0)
            continue;
        while ((n = archive_read_data(in, piece, sizeof piece)) > 0)
            buf_add(ret, piece, (size_t)n);
        break;
    }
    archive_read_free(in);
    if (!fine || n < 0)
        return err_set(reterr, E_DAMAGED, "%s: the archive cannot be read", name);
    return ret->failed ? err_set(reterr, E_TOO_LARGE, "%s is too large", name) : OK;
}
