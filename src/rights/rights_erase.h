/* rights_erase.h — everything of a person that may go, goes: records are erased, one after the other, as an owner erases them; what a law or
 * a hold keeps stays, with its ground and its date. A cut is finished by erasing again. Blocks; thread-safe. */
#pragma once
#include "rights/subject.h"

/* *ret: {erased: {kind: count}, stayed: [{record, ground, fields?, due}] (the first hundred), kept: [{kind, ground, count, due: the latest}]}; who: whose hand it is. Records that are gone meanwhile count nowhere. */
MUST_USE enum code rights_erase(struct service *s, const struct caller *who, const struct subject_record *list, size_t count, json_t **ret, struct err *reterr);
