/* rehearse.c — the thief of the probe: a copy of the keyring's tables as they are now, tried later with every epoch
 * key that today's epoch file and root key give, and with the bucket keys of today.
 *
 * The epoch file is not copied: such a copy, with the root key, would be the one thing that undoes a renewal. What
 * stands in it later is read from the file itself, so an old slot that was not overwritten makes the probe red. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/inside.h"
#include "sys/files.h"

static enum code copy_bytes(int from, const char *to, struct err *reterr) {
    uint8_t piece[65536];
    AUTO(fd_close) int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot make %s", to);
    for (off_t at = 0;;) {
        ssize_t n = pread(from, piece, sizeof piece, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(reterr, errno, "cannot read the keyring");
        if (n == 0)
            return OK;
        enum code code = fd_put(fd, piece, (size_t)n, reterr);
        if (code != OK)
            return code;
        at += n;
    }
}

static enum code copy_wal(struct keyring *k, const char *to, struct err *reterr) {
    AUTO(buf_done) struct buf path = BUF(4096);
    enum code code = keyring_path(k, "keyring.db-wal", &path, reterr);
    if (code != OK)
        return code;
    AUTO(fd_close) int fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return OK;
    if (fd < 0)
        return err_errno(reterr, errno, "cannot open %s", buf_str(&path));
    return copy_bytes(fd, to, reterr);
}

enum code keyring_rehearse_copy(struct keyring *k, struct err *reterr) {
    PRE(k != NULL && !k->writing && reterr != NULL);
    AUTO(buf_done) struct buf path = BUF(4096);
    enum code code = keyring_path(k, "rehearsal", &path, reterr);
    if (code == OK && file_exists(buf_str(&path)))
        code = dir_remove(buf_str(&path), reterr);
    if (code == OK)
        code = dir_make(buf_str(&path), 0700, reterr);
    if (code == OK)
        code = keyring_path(k, "rehearsal/keyring.db", &path, reterr);
    if (code == OK)
        code = copy_bytes(k->copy_fd, buf_str(&path), reterr);
    if (code == OK)
        code = keyring_path(k, "rehearsal/keyring.db-wal", &path, reterr);
    return code == OK ? copy_wal(k, buf_str(&path), reterr) : code;
}

static bool opens(const struct key *above, const struct wrapped *w) {
    struct key key;
    struct err refused;
    bool fine = key_unwrap(above, w, &key, &refused) == OK;
    crypto_wipe(&key, sizeof key);
    return fine;
}

/* Tries one key of the copy: its old bucket key under this epoch key, and the bucket's key of today. */
static enum code try_key(struct keyring *k, struct db *copy, const struct key *epoch, int64_t tenant, key_id id, bool *ret, struct err *reterr) {
    const struct bucket *today = buckets_find(&k->buckets, id >> SLOT_BITS);
    struct bucket old;
    struct wrapped block[BLOCK_KEYS];
    struct key above;
    struct err refused;
    bool there = false;
    *ret = false;
    enum code code = rows_bucket(copy, id >> SLOT_BITS, &old, &there, reterr);
    if (code != OK || !there || old.tenant != tenant)
        return code;
    code = rows_block(copy, id / BLOCK_KEYS, block, &there, reterr);
    if (code != OK || !there)
        return code;
    const struct wrapped *w = &block[id % BLOCK_KEYS];
    *ret = key_unwrap(epoch, &old.key, &above, &refused) == OK && opens(&above, w);
    if (!*ret && today != NULL)
        *ret = key_unwrap(epoch, &today->key, &above, &refused) == OK && opens(&above, w);
    crypto_wipe(&above, sizeof above);
    return OK;
}

static enum code try_slot(struct keyring *k, struct db *copy, int slot, int64_t tenant, const key_id *ids, size_t count, bool *opened, struct err *reterr) {
    struct epoch_slot s;
    struct key epoch;
    struct err refused;
    if (!epoch_slot(k->epoch, slot, &s) || epoch_unseal(&s, &k->secret->root, &epoch, &refused) != OK)
        return OK;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < count; i++)
        if (!opened[i])
            code = try_key(k, copy, &epoch, tenant, ids[i], &opened[i], reterr);
    crypto_wipe(&epoch, sizeof epoch);
    return code;
}

enum code keyring_rehearse_open(struct keyring *k, int64_t tenant, const key_id *ids, size_t count, size_t *ret_opened, struct err *reterr) {
    PRE(k != NULL && !k->writing && (ids != NULL || count == 0) && count <= BUCKET_KEYS && ret_opened != NULL && reterr != NULL);
    AUTO(buf_done) struct buf path = BUF(4096), directory = BUF(4096);
    AUTO(db_close) struct db *copy = NULL;
    size_t opened = 0;
    enum code code = keyring_path(k, "rehearsal/keyring.db", &path, reterr);
    if (code == OK && !file_exists(buf_str(&path)))
        return err_set(reterr, E_NOT_FOUND, "no copy of the keyring was kept for a rehearsal: make one first");
    if (code == OK)
        code = rows_open(buf_str(&path), false, &copy, reterr);
    memset(k->ok, 0, count * sizeof *k->ok);
    for (int i = 0; code == OK && i < EPOCH_SLOTS; i++)
        code = try_slot(k, copy, i, tenant, ids, count, k->ok, reterr);
    if (code != OK)
        return code;
    for (size_t i = 0; i < count; i++)
        opened += k->ok[i];
    copy = db_close(copy);
    if (opened == 0)
        code = keyring_path(k, "rehearsal", &directory, reterr);
    if (opened == 0 && code == OK)
        code = dir_remove(buf_str(&directory), reterr);
    if (code == OK)
        *ret_opened = opened;
    return code;
}
