/* root.c — every way ends in 32 bytes; nothing of a passphrase or a key stays behind. */
#include "keeper/root.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "sys/files.h"

#define LINE_MAX_BYTES 1024u
#define PASSPHRASE_MIN 12u

const char *root_name(enum root_kind kind) {
    static const char *const names[] = { [ROOT_FILE] = "file", [ROOT_PASSPHRASE] = "passphrase", [ROOT_CREDENTIAL] = "credential" };
    return (unsigned)kind < ARRAY_LEN(names) && names[kind] != NULL ? names[kind] : "?";
}

static void trim(struct buf *line) {
    while (line->len > 0 && (line->data[line->len - 1] == '\n' || line->data[line->len - 1] == '\r'))
        buf_cut(line, line->len - 1);
}

static enum code credential_path(const char *name, struct buf *ret, struct err *reterr) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (name == NULL || name[0] == 0 || name[0] == '.' || strchr(name, '/') != NULL)
        return err_set(reterr, E_CONFIG, "the root key's credential must be named, without \"/\"");
    if (directory == NULL || directory[0] != '/')
        return err_set(reterr, E_CONFIG, "the root key is the credential %s, but $CREDENTIALS_DIRECTORY is not set: "
                       "start sejf by systemd with LoadCredential=%s or LoadCredentialEncrypted=%s", name, name, name);
    buf_printf(ret, "%s/%s", directory, name);
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for the path of the credential") : OK;
}

/* Bytes of a secret file; names the mend when it is not there. */
static enum code secret_file(const char *path, struct buf *ret, struct err *reterr) {
    enum code code = file_check_secret(path, reterr);
    if (code == E_NOT_FOUND)
        return err_set(reterr, E_KEY, "the root key %s is not there: put it back from its copy; without it nothing can be opened", path);
    if (code == OK)
        code = file_read(path, ret, reterr);
    if (code == E_TOO_LARGE)
        return err_set(reterr, E_KEY, "%s is not a root key: it is too long; put it back from its copy", path);
    return code;
}

static enum code key_of(const struct buf *text, const char *path, bool raw, struct key *ret, struct err *reterr) {
    struct key key = { { 0 } };
    bool fine = true;
    if (raw && text->len == KEY_SIZE)
        memcpy(key.bytes, text->data, KEY_SIZE);
    else
        fine = text->len == 2 * (size_t)KEY_SIZE && hex_decode(text->data, text->len, key.bytes, KEY_SIZE);
    if (fine)
        *ret = key;
    crypto_wipe(&key, sizeof key);             /* half of one too */
    return fine ? OK : err_set(reterr, E_KEY, "%s is not a root key: it must hold 64 hexadecimal digits; put it back from its copy", path);
}

static enum code passphrase(const struct root_source *from, const struct root_cost *cost, struct key *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf line = BUF(LINE_MAX_BYTES);
    AUTO(buf_done) struct buf path = BUF(4096);
    enum code code;
    if (from->path != NULL) {
        code = credential_path(from->path, &path, reterr);
        if (code == OK)
            code = secret_file(buf_str(&path), &line, reterr);
    } else if (from->fd < 0) {
        code = err_set(reterr, E_CONFIG, "the root key comes from a passphrase: give it by a file descriptor or a credential");
    } else {
        code = file_read_fd(from->fd, "the passphrase", &line, reterr);
    }
    if (code != OK)
        return code;
    trim(&line);
    if (line.len < PASSPHRASE_MIN)
        return err_set(reterr, E_KEY, "the passphrase is shorter than %u bytes", PASSPHRASE_MIN);
    return password_key(line.data, line.len, cost->salt, cost->passes, cost->memory, ret, reterr);
}

enum code root_load(const struct root_source *from, const struct root_cost *cost, struct key *ret, struct err *reterr) {
    PRE(from != NULL && cost != NULL && ret != NULL && reterr != NULL);
    AUTO(buf_wipe) struct buf bytes = BUF(LINE_MAX_BYTES);
    AUTO(buf_done) struct buf path = BUF(4096);
    enum code code = OK;
    if (from->kind == ROOT_PASSPHRASE)
        return passphrase(from, cost, ret, reterr);
    if (from->kind == ROOT_CREDENTIAL)
        code = credential_path(from->path, &path, reterr);
    else if (from->kind == ROOT_FILE && from->path != NULL)
        buf_text(&path, from->path);
    else
        code = err_set(reterr, E_CONFIG, "the root key has no source: name a file, a passphrase or a credential");
    if (code == OK && path.failed)
        code = err_set(reterr, E_MEMORY, "no memory for the path of the root key");
    bool handed = from->kind == ROOT_CREDENTIAL && from->fd > 2;     /* by a parent that alone may read it */
    if (code == OK)
        code = handed ? file_read_fd(from->fd, buf_str(&path), &bytes, reterr) : secret_file(buf_str(&path), &bytes, reterr);
    if (code != OK)
        return code;
    bool raw = from->kind == ROOT_CREDENTIAL && bytes.len == KEY_SIZE;
    if (!raw)
        trim(&bytes);
    return key_of(&bytes, buf_str(&path), raw, ret, reterr);
}

enum code root_file_make(const char *path, struct err *reterr) {
    PRE(path != NULL && reterr != NULL);
    struct key key;
    AUTO(buf_wipe) struct buf text = BUF(128);
    crypto_random(&key, sizeof key);
    hex_encode(&key, sizeof key, &text);
    crypto_wipe(&key, sizeof key);
    buf_char(&text, '\n');
    if (text.failed)
        return err_set(reterr, E_MEMORY, "no memory for a root key");
    enum code code = file_create(path, text.data, text.len, 0600, reterr);
    if (code == E_CONFLICT)
        return err_set(reterr, E_CONFLICT, "%s is there already: a root key is never overwritten, because what it opens would be lost", path);
    return code;
}
