/* remainders.h — what stays as a number of records that went by their dates, as it is told: {items: [{parent, field, counts}], next}. The caller answers for
 * who may read it. Thread-safe. */
#pragma once
#include "records/service.h"

/* Of one kind of a tenant; one: of that parent alone, or NULL; after: behind that parent. */
MUST_USE enum code remainders_told(struct service *s, int64_t tenant, const struct kind_info *k, const struct uuid *one, const struct uuid *after, json_t **ret, struct err *reterr);
