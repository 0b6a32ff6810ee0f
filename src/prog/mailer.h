/* mailer.h — the process mailer: hands the letters that the server gives it to the relay of sejf.yaml. One thread, one loop, several letters at
 * once, connections that are used again.
 *
 * Its permissions: to talk over connections that it was given: by the server, by the dialer to the relay (prog/dialer.h), by who listens for bounces. It
 * can make none itself, and open no file; the authorities are read before its sandbox. What it remembers is in memory alone. */
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
    void (*reaches)(void *arg, char *ret, size_t room);      /* what this process can reach that it must not, by trying (sys/mail.h); NULL: there is no sandbox in this build */
    void *arg;                               /* of all three */
};
MUST_USE enum code mailer_serve(const struct mailer_config *config, struct err *reterr);     /* until stop_fd says so */
