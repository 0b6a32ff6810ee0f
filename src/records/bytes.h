/* bytes.h — inside records: a file's bytes, sealed in frames of 64 KiB. A frame's associated data names tenant, kind, record,
 * field, file, key, its place and whether it is the last, so that none can be left out, moved or added. The file on disk is
 * the frames one after another: nonce, ciphertext, tag. Blocks; one thread at a time. */
#pragma once
#include "records/file.h"

#define FRAME_PLAIN 65536u
struct file_place { int64_t tenant; int32_t kind, field; struct uuid record, file; key_id key; };
/* Writes all of `in` and makes it durable (file and directories). The caller unlinks on failure. */
MUST_USE enum code bytes_write(const struct service *s, const struct file_place *at, const struct key *key, const struct source *in,
                               int64_t *ret_size, struct err *reterr);
/* E_DAMAGED when a frame is not the one that was written there. begin: called once the first frame has opened. */
MUST_USE enum code bytes_read(const struct service *s, const struct file_place *at, const struct key *key, int64_t size,
                              bool (*begin)(void *arg), void *arg, const struct sink *out, struct err *reterr);
/* Name and type of the file, sealed under its key. */
MUST_USE enum code bytes_meta_seal(const struct file_place *at, const struct key *key, const char *json, struct buf *ret, struct err *reterr);
MUST_USE enum code bytes_meta_open(const struct file_place *at, const struct key *key, const void *sealed, size_t len, struct buf *ret, struct err *reterr);
