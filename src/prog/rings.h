/* rings.h — what stands around the data of an installation apart from its charters: users, sandbox, firewall, root key.
 * `sejf prove` prints each as kept or not kept yet, with its reason. Pure but for looking at the installation. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "prog/place.h"

void rings_text(struct place *p, struct buf *ret);
json_t *rings_json(struct place *p);         /* [{ring, kept, detail}] */
