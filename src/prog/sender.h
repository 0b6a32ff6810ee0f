/* sender.h — the process sender: makes the HTTPS requests that the server hands it, to the destinations that sejf.yaml declares. One
 * thread, one loop, several requests at once.
 *
 * Its permissions: connections out, to the declared ports and to name servers; the files of authorities and of the resolver, to read. No
 * other file, no key, no listening socket. */
#pragma once
#include <sys/types.h>

#include "prog/transfer.h"

struct sender_config {
    struct allowed to;
    uid_t server_user;                       /* may ask, beside root and our own user */
    int line_fd;                             /* the server's connections come over it (sys/sockets.h) */
    int stop_fd;                             /* readable: end in order */
    enum code (*sandbox)(void *arg, struct err *reterr);     /* before the first foreign byte; NULL: none */
    void (*ready)(void *arg);                /* when requests are taken; NULL: nobody is told */
    void *arg;                               /* of both */
};
/* Runs until stop_fd says so (OK), or until the system's files were replaced and its sandbox shows the old ones (E_SYSTEM: start it anew). */
MUST_USE enum code sender_serve(const struct sender_config *config, struct err *reterr);
