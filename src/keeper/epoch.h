/* epoch.h — the file of the epoch key: two slots of 4,096 bytes, made once at their full size and then only
 * overwritten in place, so that an old epoch key is gone from the disk when its slot was overwritten.
 * The file is never renamed, never made anew, and in no archive but the keyring's own. One thread at a time. */
#pragma once
#include "base/uuid.h"
#include "keeper/root.h"

#define EPOCH_SLOTS 2
#define EPOCH_SLOT_SIZE 4096u

struct epoch_slot {
    uint64_t epoch;
    struct uuid owner;                       /* the data directory that the keyring belongs to */
    enum root_kind root;
    struct root_cost cost;
    struct wrapped key;                      /* the epoch key under the root key */
    uint8_t mac[HASH_SIZE];                  /* of all of the above, under the root key; set by epoch_seal */
};
struct epoch_file;

/* E_CONFLICT when the file is there. The first slot gets `slot`, the other one noise. */
MUST_USE enum code epoch_create(const char *path, const struct epoch_slot *slot, struct err *reterr);
/* E_NOT_FOUND, E_DAMAGED (with the mend) when the file is absent or has not its size. */
MUST_USE enum code epoch_open(const char *path, struct epoch_file **ret, struct err *reterr);
struct epoch_file *epoch_close(struct epoch_file *f);
DEFINE_AUTO(struct epoch_file, epoch_close)

/* What stands in slot i; false: noise, or bytes without their checksum. */
MUST_USE bool epoch_slot(const struct epoch_file *f, int i, struct epoch_slot *ret);
/* May slot i still hold a key? Also so after a write of it that failed: what the disk has then, nobody knows. */
MUST_USE bool epoch_left(const struct epoch_file *f, int i);
/* Overwrites slot i in place; durable when it returns. blank: with noise. */
MUST_USE enum code epoch_write(struct epoch_file *f, int i, const struct epoch_slot *slot, struct err *reterr);
MUST_USE enum code epoch_blank(struct epoch_file *f, int i, struct err *reterr);

/* Is what is overwritten gone from the disk, as far as the file system tells: O_DIRECT worked, and it is not one that
 * writes elsewhere (copy on write, log). `filesystem` gets its name ("ext4"), or the number of its type. */
bool epoch_in_place(const struct epoch_file *f);
const char *epoch_filesystem(const struct epoch_file *f);

/* Wraps the epoch key into the slot and closes it with a code, both under keys derived from root and owner. */
MUST_USE enum code epoch_seal(struct epoch_slot *slot, const struct key *root, const struct key *epoch, struct err *reterr);
/* E_KEY: the root key is not the one that closed the slot. */
MUST_USE enum code epoch_unseal(const struct epoch_slot *slot, const struct key *root, struct key *ret_epoch, struct err *reterr);
