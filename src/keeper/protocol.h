/* protocol.h — what client and keeper say to each other, over sys/ipc.h.
 * A request: op (u8), then what its row says. An answer, in the order of the requests: op (u8), code (u32), then
 * the answer's fields, or, unless the code is OK, the text of the error. Numbers are little-endian; keys raw. */
#pragma once
#include "base/macros.h"

#define PROTOCOL_VERSION 3u
#define FRAME_MAX (256u * 1024)
#define BATCH_KEYS 4096u                     /* keys or digests in one request */

/* OP(name, kind): ASK may write and shares a commit with others; SLOW is done by itself, between the others. */
#define PROTOCOL_OPS(OP) \
    OP(hello, ASK)            /* version u32                              -> version u32 */ \
    OP(make, ASK)             /* tenant i64, month u32, count u32         -> count x (id u64, key 32) */ \
    OP(open, ASK)             /* tenant i64, count u32, ids               -> count x (ok u8, key 32) */ \
    OP(destroy, ASK)          /* tenant i64, count u32, ids               -> */ \
    OP(ahead, ASK)            /* tenant i64, count u32, ids               -> how many of a month to come u64 */ \
    OP(allow, ASK)            /* destructions u64                         -> */ \
    OP(tighten, ASK)          /* tenant i64, per minute u64               -> */ \
    OP(index_keys, ASK)       /* tenant i64                               -> generation u32, before u8, find 32, index 32, before 32 */ \
    OP(index_renew, ASK)      /*                                          -> generation u32 */ \
    OP(index_settled, ASK)    /*                                          -> */ \
    OP(status, ASK)           /*                                          -> see server.c */ \
    OP(sign_head, ASK)        /* chain i64, from u64, head 32, count u32, digests -> signature 64 */ \
    OP(head, ASK)             /* chain i64                                -> seq u64, head 32 */ \
    OP(chain_after, ASK)      /* chain i64                                -> the next chain that has a head i64 */ \
    OP(public, ASK)           /*                                          -> public key 32 */ \
    OP(renew, SLOW)           /*                                          -> buckets u64, keys u64, epoch u64, took u64 */ \
    OP(rehearse_copy, SLOW)   /*                                          -> */ \
    OP(rehearse_open, SLOW)   /* tenant i64, count u32, ids               -> opened u64 */ \
    OP(attest, ASK)           /* digest 32, what (text to the end)        -> signature 64 */ \
    OP(certify, SLOW)         /* before u64, last u8, epoch u64, digest 32, tenant i64, count u32, ids -> with last: signature 64 */

enum op {
    OP_NONE,
#define OP(name, kind) OP_##name,
    PROTOCOL_OPS(OP)
#undef OP
    OP_COUNT
};
