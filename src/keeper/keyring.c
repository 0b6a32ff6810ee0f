/* keyring.c — making, opening and closing a keyring; its transactions; what it tells about itself.
 *
 * What must hold between two calls: the epoch number in keyring.db is that of the slot in use; every wrapped key in
 * the tables lies under that epoch key, directly or by its bucket; the lists in memory are the rows on disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "keeper/inside.h"
#include "sys/files.h"

#define LOCK_WAIT_MS 2000

static enum code path_in(const char *directory, const char *name, struct buf *ret, struct err *reterr) {
    buf_cut(ret, 0);
    buf_printf(ret, "%s/%s", directory, name);
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for a path of the keyring") : OK;
}

enum code keyring_path(const struct keyring *k, const char *name, struct buf *ret, struct err *reterr) {
    return path_in(k->directory, name, ret, reterr);
}

enum code mac_key(const struct key *epoch, const struct uuid *owner, struct key *ret, struct err *reterr) {
    return hkdf_sha256(epoch->bytes, KEY_SIZE, owner->bytes, sizeof owner->bytes, "sejf keyring mac 1", 18, ret->bytes, KEY_SIZE, reterr);
}

/* --- making --- */

static enum code first_keys(struct meta *m, const struct key *epoch, struct err *reterr) {
    struct key keys[4];
    struct wrapped wrapped[4];
    crypto_random(keys, sizeof keys);
    enum code code = keys_wrap(epoch, keys, 4, wrapped, reterr);
    crypto_wipe(keys, sizeof keys);
    m->find = wrapped[0];
    m->index = wrapped[1];
    m->before = wrapped[2];                  /* a place holder: has_before is false */
    m->seed = wrapped[3];
    return code;
}

static enum code first_rows(const char *path, const struct meta *m, const struct key *mac, struct err *reterr) {
    AUTO(db_close) struct db *db = NULL;
    enum code code = rows_open(path, true, &db, reterr);
    if (code == OK)
        code = rows_first(db, m, mac, reterr);
    return code == OK ? db_checkpoint(db, reterr) : code;
}

/* What an earlier attempt left before its epoch file stood: it opens nothing. */
static void remove_rows(const char *path) {
    static const char *const tails[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        AUTO(buf_done) struct buf p = BUF(4096);
        buf_printf(&p, "%s%s", path, tails[i]);
        (void)unlink(buf_str(&p));
    }
}

static enum code create_files(const struct keyring_options *o, struct epoch_slot *slot, const struct key *root, struct err *reterr) {
    AUTO(buf_done) struct buf db_path = BUF(4096), epoch_path = BUF(4096);
    struct meta m = { .owner = o->owner, .epoch = 1, .next_bucket = 1, .generation = 1, .renewed = clock_now() };
    struct key epoch, mac;
    enum code code = path_in(o->directory, "keyring.db", &db_path, reterr);
    if (code == OK)
        code = path_in(o->directory, "epoch", &epoch_path, reterr);
    if (code != OK)
        return code;
    if (file_exists(buf_str(&epoch_path)))
        return err_set(reterr, E_CONFLICT, "%s holds a keyring already, and nothing was changed: a second one would make its data unreadable", o->directory);
    crypto_random(&epoch, sizeof epoch);
    remove_rows(buf_str(&db_path));
    code = mac_key(&epoch, &o->owner, &mac, reterr);
    if (code == OK)
        code = first_keys(&m, &epoch, reterr);
    if (code == OK)
        code = first_rows(buf_str(&db_path), &m, &mac, reterr);
    if (code == OK)
        code = epoch_seal(slot, root, &epoch, reterr);
    if (code == OK)
        code = epoch_create(buf_str(&epoch_path), slot, reterr);       /* the last step: from here on there is a keyring */
    crypto_wipe(&epoch, sizeof epoch);
    crypto_wipe(&mac, sizeof mac);
    return code;
}

enum code keyring_create(const struct keyring_options *o, const struct root_cost *cost, struct err *reterr) {
    PRE(o != NULL && o->directory != NULL && reterr != NULL);
    struct epoch_slot slot = { .epoch = 1, .owner = o->owner, .root = o->root.kind };
    struct key root;
    slot.cost = cost != NULL ? *cost : (struct root_cost){ .passes = ROOT_PASSES, .memory = ROOT_MEMORY };
    crypto_random(slot.cost.salt, sizeof slot.cost.salt);
    enum code code = dir_make(o->directory, 0700, reterr);
    if (code == OK && o->root.kind == ROOT_FILE && o->root.path != NULL && !file_exists(o->root.path))
        code = root_file_make(o->root.path, reterr);
    if (code == OK)
        code = root_load(&o->root, &slot.cost, &root, reterr);
    if (code != OK)
        return code;
    code = create_files(o, &slot, &root, reterr);
    crypto_wipe(&root, sizeof root);
    return code;
}

/* --- opening --- */

enum code epoch_adopt(struct keyring *k, uint64_t epoch, struct err *reterr) {
    struct epoch_slot slot;
    uint64_t other = 0;
    enum code code = OK;
    bool found = false, opened = false;
    for (int i = 0; i < EPOCH_SLOTS && !opened; i++) {
        if (!epoch_slot(k->epoch, i, &slot))
            continue;
        other = slot.epoch;
        if (slot.epoch != epoch)
            continue;
        found = true;
        code = epoch_unseal(&slot, &k->secret->root, &k->secret->epoch, reterr);
        opened = code == OK;
        if (opened) {
            k->slot = i;
            k->active = slot;
        }
    }
    if (!found && other == 0)
        return err_set(reterr, E_DAMAGED, "%s/epoch was altered: none of its slots holds an epoch key; restore the keyring (with its epoch "
                       "file) from the keyring's backup", k->directory);
    if (!found)
        return err_set(reterr, E_KEY, "keyring.db is of epoch %llu and the epoch file of %llu: they are not of the same time; restore both "
                       "together from the keyring's backup", (unsigned long long)epoch, (unsigned long long)other);
    if (!opened)
        return code;
    return mac_key(&k->secret->epoch, &k->active.owner, &k->secret->mac, reterr);
}

/* The slot that keyring.db names: before the root key is known, only for its kind, cost and owner. */
static enum code slot_check(struct keyring *k, const struct keyring_options *o, const struct meta *m, struct root_cost *ret, struct err *reterr) {
    struct epoch_slot slot, any = { 0 };
    for (int i = 0; i < EPOCH_SLOTS; i++)
        if (epoch_slot(k->epoch, i, &slot) && (any.epoch == 0 || (slot.epoch == m->epoch && (any.epoch != m->epoch || slot.root == o->root.kind))))
            any = slot;
    if (any.epoch == 0)
        return epoch_adopt(k, m->epoch, reterr);                       /* says that no slot is good */
    if (uuid_compare(&any.owner, &m->owner) != 0)
        return err_set(reterr, E_CONFIG, "keyring.db and the epoch file beside it belong to different data directories: put back the pair "
                       "that belongs together");
    if (!uuid_is_null(&o->owner) && uuid_compare(&any.owner, &o->owner) != 0)
        return err_set(reterr, E_CONFIG, "the keyring in %s belongs to another data directory (%s, and here %s): give each data directory its own keyring, or put "
                       "back the file \"id\" that was beside it", o->directory, uuid_format(&any.owner, (char[UUID_TEXT]){ 0 }),
                       uuid_format(&o->owner, (char[UUID_TEXT]){ 0 }));
    if (any.root != o->root.kind)
        return err_set(reterr, E_CONFIG, "the root key of this keyring comes from a %s, not from a %s: mend the line \"root_key\" of sejf.yaml",
                       root_name(any.root), root_name(o->root.kind));
    *ret = any.cost;
    return OK;
}

/* A rotation of a key file makes the new key beside the old one ("….next") and puts it in place at the end; one
 * that was cut is finished, or undone, by which of the two opens the slot. */
static enum code adopt_with_file(struct keyring *k, const struct keyring_options *o, const struct root_cost *cost, uint64_t epoch, struct err *reterr) {
    AUTO(buf_done) struct buf next = BUF(4096);
    enum code code = root_load(&o->root, cost, &k->secret->root, reterr);
    if (code == OK)
        code = epoch_adopt(k, epoch, reterr);
    if (o->root.kind != ROOT_FILE)
        return code;
    buf_printf(&next, "%s.next", o->root.path);
    if (next.failed || !file_exists(buf_str(&next)))
        return code;
    if (code == OK) {
        if (unlink(buf_str(&next)) != 0)
            return err_errno(reterr, errno, "cannot remove %s, which a cut rotation left", buf_str(&next));
        return OK;
    }
    if (code != E_KEY)
        return code;
    code = root_load(&(struct root_source){ .kind = ROOT_FILE, .path = buf_str(&next) }, cost, &k->secret->root, reterr);
    if (code == OK)
        code = epoch_adopt(k, epoch, reterr);
    if (code == OK && rename(buf_str(&next), o->root.path) != 0)
        return err_errno(reterr, errno, "cannot put %s in place", o->root.path);
    return code;
}

static enum code rows_check(const struct keyring *k, const char *path, struct err *reterr) {
    struct stat st;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? err_set(reterr, E_NOT_FOUND, "%s is not there: restore the keyring (with its epoch file) from the keyring's backup", path)
                               : err_errno(reterr, errno, "cannot look at %s", path);
    if (st.st_size < 4096 || st.st_size % 512 != 0)
        return err_set(reterr, E_DAMAGED, "%s was cut (%lld bytes): restore the keyring (with its epoch file) from the keyring's backup",
                       path, (long long)st.st_size);
    if ((st.st_mode & 077) != 0)
        return err_set(reterr, E_CONFIG, "%s may be read by others (mode %04o); mend: chmod 600 %s", path, (unsigned)(st.st_mode & 07777), path);
    return OK;
}

static enum code directory_check(const char *path, struct err *reterr) {
    struct stat st;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? err_set(reterr, E_NOT_FOUND, "there is no keyring in %s; make one: sejf key init", path)
                               : err_errno(reterr, errno, "cannot look at %s", path);
    if (!S_ISDIR(st.st_mode) || (st.st_mode & 077) != 0)
        return err_set(reterr, E_CONFIG, "the keyring's directory %s may be read by others (mode %04o); mend: chmod 700 %s", path,
                       (unsigned)(st.st_mode & 07777), path);
    return OK;
}

static enum code open_files(struct keyring *k, struct err *reterr) {
    AUTO(buf_done) struct buf path = BUF(4096);
    enum code code = directory_check(k->directory, reterr);
    if (code == OK)
        code = keyring_path(k, "lock", &path, reterr);
    if (code == OK)
        code = file_lock(buf_str(&path), LOCK_WAIT_MS, &k->lock_fd, reterr);
    if (code == E_BUSY)
        return err_set(reterr, E_BUSY, "another keeper has this keyring open: stop sejf first");
    if (code == OK)
        code = keyring_path(k, "epoch", &path, reterr);
    if (code == OK)
        code = epoch_open(buf_str(&path), &k->epoch, reterr);
    if (code == OK)
        code = keyring_path(k, "keyring.db", &path, reterr);
    if (code == OK)
        code = rows_check(k, buf_str(&path), reterr);
    if (code != OK)
        return code;
    k->copy_fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (k->copy_fd < 0)
        return err_errno(reterr, errno, "cannot open %s", buf_str(&path));
    code = rows_open(buf_str(&path), false, &k->db, reterr);
    if (code != E_DAMAGED)
        return code;
    struct err cause = *reterr;
    err_set(reterr, E_DAMAGED, "%s is damaged: restore the keyring (with its epoch file) from the keyring's backup", buf_str(&path));
    return err_hide(reterr, "%s", cause.hidden);
}

static enum code unwrap_secrets(struct keyring *k, struct err *reterr) {
    struct secrets *s = k->secret;
    const struct { const struct wrapped *from; struct key *to; } list[] = {
        { &k->meta.find, &s->find }, { &k->meta.index, &s->index }, { &k->meta.before, &s->before }, { &k->meta.seed, &s->seed } };
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        enum code code = key_unwrap(&s->epoch, list[i].from, list[i].to, reterr);
        if (code != OK)
            return code;
    }
    return OK;
}

enum code other_slot_blank(struct keyring *k, struct err *reterr) {
    if (!epoch_left(k->epoch, 1 - k->slot))
        return OK;
    enum code code = db_checkpoint(k->db, reterr);
    return code == OK ? epoch_blank(k->epoch, 1 - k->slot, reterr) : code;
}

static enum code open_rows(struct keyring *k, const struct keyring_options *o, struct err *reterr) {
    struct meta m;
    uint8_t mac[HASH_SIZE];
    struct root_cost cost;
    enum code code = rows_meta(k->db, &m, mac, reterr);
    if (code == OK)
        code = slot_check(k, o, &m, &cost, reterr);
    if (code == OK)
        code = adopt_with_file(k, o, &cost, m.epoch, reterr);
    if (code == OK)
        code = rows_load(k, reterr);
    if (code == OK)
        code = rows_heads(k, NULL, reterr);
    if (code == OK)
        code = unwrap_secrets(k, reterr);
    return code == OK ? other_slot_blank(k, reterr) : code;
}

static enum code rehearsal_remove(struct keyring *k, struct err *reterr) {
    AUTO(buf_done) struct buf path = BUF(4096);
    enum code code = keyring_path(k, "rehearsal", &path, reterr);
    return code == OK && file_exists(buf_str(&path)) ? dir_remove(buf_str(&path), reterr) : code;
}

enum code keyring_open(const struct keyring_options *o, struct keyring **ret, struct err *reterr) {
    PRE(o != NULL && o->directory != NULL && ret != NULL && reterr != NULL);
    AUTO(keyring_close) struct keyring *k = mem_new(sizeof *k);
    if (k == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the keyring");
    k->lock_fd = k->copy_fd = -1;
    k->destructions_per_day = o->destructions_per_day != 0 ? o->destructions_per_day : DESTRUCTIONS_PER_DAY;
    k->directory = mem_text(o->directory);
    k->secret = secret_new(sizeof *k->secret);
    if (k->directory == NULL || k->secret == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the keyring");
    k->locked = mlock(k->secret, sizeof *k->secret) == 0;
    enum code code = caps_new(o->unwraps_per_minute != 0 ? o->unwraps_per_minute : UNWRAPS_PER_MINUTE, &k->caps, reterr);
    if (code == OK)
        code = open_files(k, reterr);
    if (code == OK)
        code = open_rows(k, o, reterr);
    if (code == OK)
        code = rehearsal_remove(k, reterr);
    if (code == OK)
        *ret = TAKE(k);
    return code;
}

struct keyring *keyring_close(struct keyring *k) {
    if (k == NULL)
        return NULL;
    if (k->db != NULL && k->writing)
        db_rollback(k->db);
    k->db = db_close(k->db);
    fd_close(&k->copy_fd);
    k->epoch = epoch_close(k->epoch);
    k->secret = secret_free(k->secret);
    k->caps = caps_free(k->caps);
    buckets_done(&k->buckets);
    fd_close(&k->lock_fd);
    (void)mem_free(k->directory);
    return mem_free(k);
}

/* --- transactions --- */

enum code keyring_write(struct keyring *k, struct err *reterr) {
    if (k->broken)
        return err_set(reterr, E_IO, "the keyring could not be read again after a failure: the keeper must start anew");
    if (k->writing)
        return OK;
    enum code code = db_begin(k->db, true, reterr);
    k->writing = code == OK;
    return code;
}

bool keyring_changed(const struct keyring *k) { return k->writing; }

enum code keyring_commit(struct keyring *k, struct err *reterr) {
    if (!k->writing)
        return OK;
    enum code code = rows_flush(k, reterr);
    if (code == OK)
        code = db_commit(k->db, reterr);
    if (code == OK)
        k->writing = false;
    return code;
}

void keyring_rollback(struct keyring *k) {
    struct err ignored;
    struct meta m;
    uint8_t mac[HASH_SIZE];
    if (k->writing)
        db_rollback(k->db);
    k->writing = false;
    bucket_keys_forget(k);
    /* A commit that failed may still have been done: the number on disk decides. */
    k->broken = rows_meta(k->db, &m, mac, &ignored) != OK
        || epoch_adopt(k, m.epoch, &ignored) != OK
        || rows_load(k, &ignored) != OK || unwrap_secrets(k, &ignored) != OK;
}

bool keyring_broken(const struct keyring *k) { return k->broken; }

void keyring_status(struct keyring *k, struct keeper_status *ret) {
    usec_t now = clock_now();
    *ret = (struct keeper_status){
        .epoch = k->meta.epoch, .buckets = k->buckets.count, .keys = k->keys, .pending = k->gone + k->meta.noise,
        .opened_most = caps_most(k->caps), .destroyed_most = k->destructions_per_day,
        .allowed_today = now / USEC_PER_DAY <= k->meta.day ? k->meta.allowed : 0,      /* a clock that went back earns nothing */
        .destroyed_today = now / USEC_PER_DAY <= k->meta.day ? k->meta.destroyed : 0, .opened_minute = caps_minute(k->caps, clock_steady()),
        .renewed = k->meta.renewed, .in_place = epoch_in_place(k->epoch), .locked = k->locked, .owner = k->meta.owner };
    /* An old slot that could not be overwritten keeps everything of before alive. */
    ret->pending += epoch_left(k->epoch, 1 - k->slot);
    snprintf(ret->root, sizeof ret->root, "%s", root_name(k->active.root));
    snprintf(ret->filesystem, sizeof ret->filesystem, "%s", epoch_filesystem(k->epoch));
}
