/* rings.h — what stands around the data of an installation apart from its charters: users, sandbox, firewall, root key.
 * `sejf prove` prints each as kept or not kept yet, with its reason. Pure but for looking at the installation. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "prog/place.h"

void rings_text(struct place *p, struct buf *ret);
json_t *rings_json(struct place *p);         /* [{ring, kept, detail}] */
/* Those who connect to others: may they connect to the ports of their destinations alone? False: nobody connects to anybody. */
struct rings_out { bool kept; char text[320]; };
MUST_USE bool rings_out(struct place *p, struct rings_out *ret);
