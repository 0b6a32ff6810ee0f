/* pack.h — an archive (ZIP, so that everybody can open it) written as a stream, file after file, in constant memory. Belongs to one thread.
 * The first failure is kept and given by pack_end. Libarchive ends the process where there is no memory at all. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"

struct pack;
typedef bool (*pack_write_fn)(void *arg, const void *bytes, size_t len);      /* false: the reader has gone */
/* made: the date that every file bears. */
MUST_USE enum code pack_new(pack_write_fn write, void *arg, usec_t made, struct pack **ret, struct err *reterr);
struct pack *pack_free(struct pack *p);
DEFINE_AUTO(struct pack, pack_free)
/* A whole file. name: "records/visit.json", of letters, digits, '.', '-', '_' and '/'. */
MUST_USE enum code pack_add(struct pack *p, const char *name, const void *bytes, size_t len, struct err *reterr);
/* A file in pieces, of a size that is known before (-1: not). */
MUST_USE enum code pack_begin(struct pack *p, const char *name, int64_t size, struct err *reterr);
MUST_USE enum code pack_write(struct pack *p, const void *bytes, size_t len, struct err *reterr);
MUST_USE enum code pack_close(struct pack *p, struct err *reterr);
/* SHA-256 of each file so far, as lines "hash  name": the contents of the manifest that is signed (keeper_attest). */
void pack_manifest(const struct pack *p, struct buf *ret);
/* The line before those: what the archive is, so that the signature of the manifest holds that too. A comment for "sha256sum -c". */
void pack_heading(const char *service, const char *purpose, const char *made, struct buf *ret);
MUST_USE enum code pack_end(struct pack *p, struct err *reterr);
