/* engine.h — store, keeper's client, charters and services of an installation, opened in the right order: what the server
 * process runs on, and what a command runs on while no server does. Ownership: engine_open gives, engine_close takes back. */
#pragma once
#include "api/service.h"
#include <sys/types.h>

#include "prog/place.h"

struct engine;
/* Descriptors that it works with; they stay the caller's. */
struct engine_given {
    int control, http;                       /* the listening sockets, 0: none; a start that takes long is told there (early.h) */
    int line;                                /* our end of the line to the keeper; -1: it is reached at run/keeper.sock */
    int sender;                              /* our end of the line to the sender; -1: nothing is asked of other services */
    int mailer;                              /* our end of the line to the mailer; -1: letters wait */
    const uid_t *askers;                     /* beside the askers of sejf.yaml: who must answer at a socket (engine_askers); NULL: looked up */
    int secrets;                             /* of other services (crew_secrets); -1: none */
};
/* Who must answer at the sockets of askers: to be looked up while the system's files can be read. *ret: mem_free. */
MUST_USE enum code engine_askers(const struct instance *i, uid_t **ret, struct err *reterr);
MUST_USE enum code engine_open(struct place *p, const struct engine_given *given, struct engine **ret, struct err *reterr);
struct engine *engine_close(struct engine *e);
DEFINE_AUTO(struct engine, engine_close)
struct api *engine_api(struct engine *e);
