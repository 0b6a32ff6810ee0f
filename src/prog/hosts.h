/* hosts.h — the machine that sejf runs on, and whether it may start there. A charter that says "hosts: only declared ones" is served on machines
 * that sejf.yaml lists under `hosts` and on no other. Not thread-safe but host_check. */
#pragma once
#include "prog/place.h"

#define HOST_ID 33u                          /* with its NUL */
/* What this machine is known by: 32 hexadecimal digits made of its machine id (machine-id(5)), which itself is told to nobody; of its host name where it has none. */
MUST_USE enum code host_id(char ret[HOST_ID], struct err *reterr);
/* E_CONFIG: some charter wants declared machines and this is none. charters: as place_charters gives them. */
MUST_USE enum code host_check(const struct instance *i, struct charter *const *charters, size_t count, const char *id, struct err *reterr);
