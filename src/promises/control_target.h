/* control_target.h — inside the probes' control verbs: one record of a probe tenant, by {tenant, kind, id}. */
#pragma once
#include "promises/control_int.h"
#include "records/retire.h"
#include "records/service.h"

struct target { struct service *s; int64_t tenant; const struct kind_info *k; struct retire_id id; usec_t due /* its first date; USEC_NEVER */; };
MUST_USE enum code target_of(struct service *s, json_t *in, struct target *ret, struct err *reterr);
