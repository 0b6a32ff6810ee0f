/* mailer.h — the process mailer: hands the letters that the server gives it to the relay of sejf.yaml. One thread, one loop, several letters at
 * once, connections that are used again.
 *
 * Its permissions: connections out, to the relay's port and to name servers; the files of the resolver, to read. The authorities are read before
 * its sandbox. No other file, no key, no listening socket. What it remembers is in memory alone. */
#pragma once
#include <sys/types.h>

#include "prog/relay.h"

struct mailer_config {
    struct relay_way way;
    uid_t server_user;                       /* may ask, beside root and our own user */
    int line_fd;                             /* the server's connections come over it (sys/sockets.h) */
    int listen_fd; const char *bounces;      /* a socket that listens, for mail to addresses of bounces in that domain; NULL: none comes in */
    int stop_fd;                             /* readable: end in order */
    enum code (*sandbox)(void *arg, struct err *reterr);     /* before the first foreign byte; NULL: none */
    void (*ready)(void *arg);                /* when letters are taken; NULL: nobody is told */
    void *arg;                               /* of both */
};
MUST_USE enum code mailer_serve(const struct mailer_config *config, struct err *reterr);     /* until stop_fd says so */
