/* epoch.c — a slot as bytes: magic (8), version (u32), root kind (u32), epoch (u64), owner (16), salt (16), passes
 * (u64), memory (u64), wrapped epoch key (40), MAC (32), SHA-256 of all before (32); little-endian; zeros to its end.
 *
 * Invariant: f->bytes is what stands in the file, but for slots that are unsure: their last write failed. The checksum tells a torn or flipped slot from a good one without
 * the root key; the MAC tells a wrong root key. */
#include "keeper/epoch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/files.h"
#include "sys/ipc.h"

#define VERSION 1u
#define FILE_SIZE (EPOCH_SLOTS * (size_t)EPOCH_SLOT_SIZE)
static const char magic[8] = { 's', 'e', 'j', 'f', ' ', 'e', 'p', '\n' };

struct epoch_file {
    char *path;
    int fd;
    bool direct, in_place, unsure[EPOCH_SLOTS];
    char filesystem[16];
    uint8_t *bytes;                          /* aligned for O_DIRECT */
};

/* File systems by the number that statfs gives; those that write a block elsewhere than it was keep the old one. */
static const struct { uint32_t type; const char *name; bool overwrites; } systems[] = {
    { 0xef53, "ext4", true }, { 0x58465342, "xfs", true }, { 0x01021994, "tmpfs", true }, { 0x3153464a, "jfs", true },
    { 0x4d44, "vfat", true }, { 0x9123683e, "btrfs", false }, { 0x2fc12fc1, "zfs", false }, { 0xca451a4e, "bcachefs", false },
    { 0xf2f52010, "f2fs", false }, { 0x3434, "nilfs", false }, { 0x794c7630, "overlay", false }, { 0x6969, "nfs", false },
    { 0xff534d42, "cifs", false }, { 0x65735546, "fuse", false }, { 0x01021997, "9p", false },
};

static bool name_system(int fd, char ret[16]) {
    struct statfs s;
    uint32_t type = fstatfs(fd, &s) == 0 ? (uint32_t)s.f_type : 0;
    for (size_t i = 0; i < ARRAY_LEN(systems); i++)
        if (systems[i].type == type) {
            snprintf(ret, 16, "%s", systems[i].name);
            return systems[i].overwrites;
        }
    snprintf(ret, 16, "0x%08x", (unsigned)type);
    return false;
}

static void slot_fields(const struct epoch_slot *s, struct buf *ret) {
    buf_add(ret, magic, sizeof magic);
    put_u32(ret, VERSION);
    put_u32(ret, (uint32_t)s->root);
    put_u64(ret, s->epoch);
    buf_add(ret, s->owner.bytes, sizeof s->owner.bytes);
    buf_add(ret, s->cost.salt, sizeof s->cost.salt);
    put_u64(ret, s->cost.passes);
    put_u64(ret, s->cost.memory);
    buf_add(ret, s->key.bytes, sizeof s->key.bytes);
}

static enum code slot_encode(const struct epoch_slot *s, uint8_t ret[EPOCH_SLOT_SIZE], struct err *reterr) {
    AUTO(buf_wipe) struct buf b = BUF(EPOCH_SLOT_SIZE);
    uint8_t sum[HASH_SIZE];
    slot_fields(s, &b);
    buf_add(&b, s->mac, sizeof s->mac);
    hash_sha256(b.data, b.len, sum);
    buf_add(&b, sum, sizeof sum);
    if (b.failed)
        return err_set(reterr, E_MEMORY, "no memory for a slot of the epoch file");
    memset(ret, 0, EPOCH_SLOT_SIZE);
    memcpy(ret, b.data, b.len);
    return OK;
}

static bool slot_decode(const uint8_t bytes[EPOCH_SLOT_SIZE], struct epoch_slot *ret) {
    struct msg m = { bytes, EPOCH_SLOT_SIZE, false };
    struct epoch_slot s = { 0 };
    uint8_t sum[HASH_SIZE];
    if (memcmp(msg_bytes(&m, sizeof magic), magic, sizeof magic) != 0 || msg_u32(&m) != VERSION)
        return false;
    s.root = (enum root_kind)msg_u32(&m);
    s.epoch = msg_u64(&m);
    memcpy(s.owner.bytes, msg_bytes(&m, sizeof s.owner.bytes), sizeof s.owner.bytes);
    memcpy(s.cost.salt, msg_bytes(&m, sizeof s.cost.salt), sizeof s.cost.salt);
    s.cost.passes = msg_u64(&m);
    s.cost.memory = msg_u64(&m);
    memcpy(s.key.bytes, msg_bytes(&m, sizeof s.key.bytes), sizeof s.key.bytes);
    memcpy(s.mac, msg_bytes(&m, sizeof s.mac), sizeof s.mac);
    hash_sha256(bytes, (size_t)(m.at - bytes), sum);
    if (!crypto_equal(sum, msg_bytes(&m, sizeof sum), sizeof sum))
        return false;
    *ret = s;
    return true;
}

bool epoch_slot(const struct epoch_file *f, int i, struct epoch_slot *ret) {
    PRE(f != NULL && i >= 0 && i < EPOCH_SLOTS && ret != NULL);
    return slot_decode(f->bytes + (size_t)i * EPOCH_SLOT_SIZE, ret);
}

bool epoch_left(const struct epoch_file *f, int i) {
    struct epoch_slot slot;
    return f->unsure[i] || epoch_slot(f, i, &slot);
}

/* Without O_DIRECT the write is still in place and durable; the flag says that the page cache stood between. */
static enum code reopen_buffered(struct epoch_file *f, struct err *reterr) {
    int fd = open(f->path, O_RDWR | O_SYNC | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_errno(reterr, errno, "cannot open %s", f->path);
    fd_close(&f->fd);
    f->fd = fd;
    f->direct = f->in_place = false;
    return OK;
}

static enum code put_slot(struct epoch_file *f, int i, struct err *reterr) {
    off_t at = (off_t)i * EPOCH_SLOT_SIZE;
    f->unsure[i] = true;
    ssize_t n = pwrite(f->fd, f->bytes + at, EPOCH_SLOT_SIZE, at);
    if (n < 0 && errno == EINVAL && f->direct) {
        enum code code = reopen_buffered(f, reterr);
        if (code != OK)
            return code;
        n = pwrite(f->fd, f->bytes + at, EPOCH_SLOT_SIZE, at);
    }
    if (n < 0)
        return err_errno(reterr, errno, "cannot overwrite a slot of %s", f->path);
    if (n != (ssize_t)EPOCH_SLOT_SIZE)
        return err_set(reterr, E_IO, "only %zd of %u bytes of a slot of %s were written: look at the disk", n, EPOCH_SLOT_SIZE, f->path);
    if (fdatasync(f->fd) != 0)
        return err_errno(reterr, errno, "cannot make %s durable", f->path);
    f->unsure[i] = false;
    return OK;
}

enum code epoch_write(struct epoch_file *f, int i, const struct epoch_slot *slot, struct err *reterr) {
    PRE(f != NULL && i >= 0 && i < EPOCH_SLOTS && slot != NULL && reterr != NULL);
    enum code code = slot_encode(slot, f->bytes + (size_t)i * EPOCH_SLOT_SIZE, reterr);
    return code == OK ? put_slot(f, i, reterr) : code;
}

enum code epoch_blank(struct epoch_file *f, int i, struct err *reterr) {
    PRE(f != NULL && i >= 0 && i < EPOCH_SLOTS && reterr != NULL);
    uint8_t *slot = f->bytes + (size_t)i * EPOCH_SLOT_SIZE;
    crypto_random(slot, EPOCH_SLOT_SIZE);
    slot[0] = 0;                             /* never the magic by chance */
    return put_slot(f, i, reterr);
}

enum code epoch_create(const char *path, const struct epoch_slot *slot, struct err *reterr) {
    PRE(path != NULL && slot != NULL && reterr != NULL);
    uint8_t bytes[FILE_SIZE];
    crypto_random(bytes, sizeof bytes);
    bytes[EPOCH_SLOT_SIZE] = 0;
    enum code code = slot_encode(slot, bytes, reterr);
    return code == OK ? file_create(path, bytes, sizeof bytes, 0600, reterr) : code;
}

static enum code read_all(struct epoch_file *f, struct err *reterr) {
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return err_errno(reterr, errno, "cannot look at %s", f->path);
    if (!S_ISREG(st.st_mode) || st.st_size != (off_t)FILE_SIZE)
        return err_set(reterr, E_DAMAGED, "%s has %lld bytes and must have %zu: it was cut or replaced; restore the keyring (with its "
                       "epoch file) from the keyring's backup", f->path, (long long)st.st_size, FILE_SIZE);
    ssize_t n = pread(f->fd, f->bytes, FILE_SIZE, 0);
    if (n < 0 && errno == EINVAL && f->direct) {
        enum code code = reopen_buffered(f, reterr);
        if (code != OK)
            return code;
        n = pread(f->fd, f->bytes, FILE_SIZE, 0);
    }
    if (n != (ssize_t)FILE_SIZE)
        return err_errno(reterr, n < 0 ? errno : EIO, "cannot read %s", f->path);
    return OK;
}

enum code epoch_open(const char *path, struct epoch_file **ret, struct err *reterr) {
    PRE(path != NULL && ret != NULL && reterr != NULL);
    enum code code = file_check_secret(path, reterr);
    if (code == E_NOT_FOUND)
        return err_set(reterr, E_NOT_FOUND, "%s is not there: without the epoch key nothing can be opened; restore the keyring (with its "
                       "epoch file) from the keyring's backup", path);
    if (code != OK)
        return code;
    AUTO(epoch_close) struct epoch_file *f = mem_new(sizeof *f);
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the epoch file");
    f->fd = -1;
    f->path = mem_text(path);
    f->bytes = aligned_alloc(EPOCH_SLOT_SIZE, FILE_SIZE);
    if (f->path == NULL || f->bytes == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the epoch file");
    f->fd = open(path, O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC | O_NOFOLLOW);
    f->direct = f->fd >= 0;
    if (f->fd < 0)
        f->fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC | O_NOFOLLOW);
    if (f->fd < 0)
        return err_errno(reterr, errno, "cannot open %s", path);
    f->in_place = name_system(f->fd, f->filesystem) && f->direct;
    code = read_all(f, reterr);
    if (code == OK)
        *ret = TAKE(f);
    return code;
}

struct epoch_file *epoch_close(struct epoch_file *f) {
    if (f == NULL)
        return NULL;
    fd_close(&f->fd);
    if (f->bytes != NULL)
        crypto_wipe(f->bytes, FILE_SIZE);
    free(f->bytes);
    (void)mem_free(f->path);
    return mem_free(f);
}

bool epoch_in_place(const struct epoch_file *f) { return f->in_place; }
const char *epoch_filesystem(const struct epoch_file *f) { return f->filesystem; }

/* One key for each use, so that the root key itself never meets data. */
static enum code root_part(const struct key *root, const struct uuid *owner, const char *use, struct key *ret, struct err *reterr) {
    return hkdf_sha256(root->bytes, KEY_SIZE, owner->bytes, sizeof owner->bytes, use, strlen(use), ret->bytes, KEY_SIZE, reterr);
}

static enum code slot_mac(const struct epoch_slot *s, const struct key *root, uint8_t ret[HASH_SIZE], struct err *reterr) {
    AUTO(buf_wipe) struct buf b = BUF(EPOCH_SLOT_SIZE);
    struct key key;
    enum code code = root_part(root, &s->owner, "sejf epoch mac 1", &key, reterr);
    if (code != OK)
        return code;
    slot_fields(s, &b);
    if (b.failed)
        return err_set(reterr, E_MEMORY, "no memory for a slot of the epoch file");
    hmac_sha256(key.bytes, KEY_SIZE, b.data, b.len, ret);
    crypto_wipe(&key, sizeof key);
    return OK;
}

enum code epoch_seal(struct epoch_slot *slot, const struct key *root, const struct key *epoch, struct err *reterr) {
    PRE(slot != NULL && root != NULL && epoch != NULL && reterr != NULL);
    struct key kek;
    enum code code = root_part(root, &slot->owner, "sejf epoch wrap 1", &kek, reterr);
    if (code == OK)
        code = key_wrap(&kek, epoch, &slot->key, reterr);
    if (code == OK)
        code = slot_mac(slot, root, slot->mac, reterr);
    crypto_wipe(&kek, sizeof kek);
    return code;
}

enum code epoch_unseal(const struct epoch_slot *slot, const struct key *root, struct key *ret_epoch, struct err *reterr) {
    PRE(slot != NULL && root != NULL && ret_epoch != NULL && reterr != NULL);
    struct key kek;
    uint8_t mac[HASH_SIZE];
    enum code code = slot_mac(slot, root, mac, reterr);
    if (code != OK)
        return code;
    if (!crypto_equal(mac, slot->mac, sizeof mac))
        return err_set(reterr, E_KEY, "the root key (%s) is not the one of this keyring: give the right one; after an interrupted "
                       "\"sejf key rotate\" that is the old one or the new one", root_name(slot->root));
    code = root_part(root, &slot->owner, "sejf epoch wrap 1", &kek, reterr);
    if (code == OK)
        code = key_unwrap(&kek, &slot->key, ret_epoch, reterr);
    crypto_wipe(&kek, sizeof kek);
    return code;
}
