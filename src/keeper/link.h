/* link.h — one connection to the keeper, and requests over it: all of a list go out together, their answers come in
 * order. Connects when it must; a connection that broke is made anew once. One thread at a time. */
#pragma once
#include "base/buf.h"
#include "keeper/protocol.h"
#include "sys/ipc.h"

struct link;
struct call {
    enum op op;
    struct buf request;                      /* after the op; wiped by the caller */
    void (*take)(struct call *c, struct msg *in);   /* reads the answer; in->bad when it does not fit */
    void *arg;
    enum code code;                          /* what came of it */
    struct err *err;
    bool done;
    struct call *next;
};
#define CALL(op_, take_, arg_, err_) (struct call){ .op = (op_), .request = BUF(FRAME_MAX), .take = (take_), .arg = (arg_), .err = (err_) }

/* Where the keeper is reached: its socket in the file system, or, with path NULL, a line (sys/sockets.h) that the parent gave. */
struct door { const char *path; int line; };
MUST_USE enum code link_new(const struct door *door, struct link **ret, struct err *reterr);   /* does not connect yet; path is copied */
struct link *link_free(struct link *l);
DEFINE_AUTO(struct link, link_free)
MUST_USE enum code link_connect(struct link *l, struct err *reterr);
/* Sets code, *err and done of each. */
void link_do(struct link *l, struct call *list, int wait_ms);
