/* doors.h — inside records: a public form stands under the id of a record, which does not say whose it is. Each such record has a
 * door in the store (door_find), made and erased in the write of the record itself. */
#pragma once
#include "records/service.h"

/* Before the first request: records that were made when no form stood under their kind get their doors. Long only then;
 * can be done twice. */
MUST_USE enum code doors_ready(struct service *s, struct err *reterr);
