/* ipc.h — messages between the processes of sejf: frames over a Unix stream socket, a length (u32, little-endian)
 * and that many bytes. A struct ipc is one end with its two bounded buffers, which are wiped because keys pass
 * through them; it belongs to one thread at a time. It never waits by itself, but for ipc_wait. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct ipc;

/* Takes fd over, also when it fails, and makes it non-blocking. frame_max bounds each frame, both ways. */
MUST_USE enum code ipc_new(int fd, size_t frame_max, struct ipc **ret, struct err *reterr);
struct ipc *ipc_free(struct ipc *ipc);                  /* closes; accepts NULL */
DEFINE_AUTO(struct ipc, ipc_free)
int ipc_fd(const struct ipc *ipc);

/* Reads what is there. E_PEER: the other end closed; E_INVALID: it announced a frame above frame_max. */
MUST_USE enum code ipc_fill(struct ipc *ipc, struct err *reterr);
/* The next whole frame; the bytes live until the next ipc_fill. */
MUST_USE bool ipc_next(struct ipc *ipc, const uint8_t **ret, size_t *ret_len);

/* A frame is begun, filled, and ended; ipc_cut drops it instead. E_MEMORY or E_TOO_LARGE also drop it. */
struct buf *ipc_begin(struct ipc *ipc);
MUST_USE enum code ipc_end(struct ipc *ipc, struct err *reterr);
/* What waits to be sent; ipc_cut goes back to an earlier such number, as long as nothing was flushed since. */
size_t ipc_pending(const struct ipc *ipc);
void ipc_cut(struct ipc *ipc, size_t pending);
/* Writes what the socket takes now. E_PEER: the other end is gone. */
MUST_USE enum code ipc_flush(struct ipc *ipc, struct err *reterr);
/* Until there is something to read, or room to write what is pending; E_PEER after wait_ms. */
MUST_USE enum code ipc_wait(struct ipc *ipc, int wait_ms, struct err *reterr);

/* Reading a frame: getters that never pass its end; after the last, msg_done says whether it fitted exactly. */
struct msg { const uint8_t *at; size_t left; bool bad; };
uint8_t msg_u8(struct msg *m);
uint32_t msg_u32(struct msg *m);
uint64_t msg_u64(struct msg *m);
const void *msg_bytes(struct msg *m, size_t len);       /* NULL when there are fewer */
const char *msg_text(struct msg *m);                    /* as put_text wrote it, in place; "" when it is none, and the frame is bad */
MUST_USE bool msg_done(const struct msg *m);
void put_u8(struct buf *b, uint8_t v);
void put_u32(struct buf *b, uint32_t v);
void put_u64(struct buf *b, uint64_t v);
void put_text(struct buf *b, const char *text);         /* its length with the NUL, and its bytes */
