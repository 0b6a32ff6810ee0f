/* server.h — the keeper process: one thread, one loop. It takes all requests that wait, does them in one
 * transaction (one fsync for all), and answers. What a peer sends wrong closes that peer only.
 *
 * Its permissions: the keyring's directory (read, write, make, remove), its listening socket and the connections
 * that come from it, random bytes. No other socket, no network, no child. */
#pragma once
#include <sys/types.h>

#include "keeper/keyring.h"

struct keeper_config {
    struct keyring_options keyring;
    uid_t server_user;                       /* may ask for everything but `allow`; root and our own user may ask for that too */
    int line_fd;                             /* connections of the server come over it (sys/sockets.h); 0 or -1: none */
    int stop_fd;                             /* readable: end in order; -1: none */
    /* Called when all files are open and before the first foreign byte; a failure ends the keeper. */
    enum code (*sandbox)(void *arg, struct err *reterr);
    /* Called when requests are taken. */
    void (*ready)(void *arg);
    void *arg;                               /* of both; each may be NULL */
};

/* Runs until stop_fd says so (OK) or the keyring cannot be used any more. listen_fd: a Unix stream socket; stays
 * the caller's. Turns core dumps off for this process. */
MUST_USE enum code keeper_serve(const struct keeper_config *config, int listen_fd, struct err *reterr);
