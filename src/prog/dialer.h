/* dialer.h — a process beside the mailer that makes connections to one place, which was told to it before it began, and hands them over. So the mailer,
 * which reads what foreign machines say, has no call by which it could reach any other; and the dialer, which has that call, hears nothing from outside but
 * name servers, holds no letter and no password, and takes no word about where to. */
#pragma once
#include "base/err.h"

struct dialer_config {
    const char *host; int port;              /* where to; a copy is the dialer's */
    enum code (*sandbox)(void *arg, struct err *reterr);     /* in the dialer, before its first connection; NULL: none */
    void *arg;
};
/* Begins it as a child of this process, which has one thread and has read no secret yet. It holds none of our descriptors, and ends with us. *ret_line: for dial_ask; it
 * hangs up when the dialer ends. */
MUST_USE enum code dialer_start(const struct dialer_config *config, int *ret_line, struct err *reterr);
/* Its loop, until the line is closed at the other end; false: a file of the resolver was replaced, and this process cannot open the new one. */
MUST_USE bool dialer_serve(const struct dialer_config *config, int line);
