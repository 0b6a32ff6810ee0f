/* engine.h — store, keeper's client, charters and services of an installation, opened in the right order: what the server
 * process runs on, and what a command runs on while no server does. Ownership: engine_open gives, engine_close takes back. */
#pragma once
#include "api/service.h"
#include "prog/place.h"

struct engine;
/* The keeper must answer at run/keeper.sock. control: NULL, or where the control socket is made. */
MUST_USE enum code engine_open(struct place *p, const char *control, struct engine **ret, struct err *reterr);
struct engine *engine_close(struct engine *e);
DEFINE_AUTO(struct engine, engine_close)
struct api *engine_api(struct engine *e);
