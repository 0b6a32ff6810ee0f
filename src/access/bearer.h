/* bearer.h — inside access: what a membership makes of whoever bears a session or a token of its account. */
#pragma once
#include "access/inside.h"

/* Do the factors satisfy what the charter asks of that person? E_SIGN_IN with the factor that is missing as field. */
MUST_USE enum code role_satisfied(struct service *s, int person, unsigned factors, struct err *reterr);
/* Levels and own records of the membership, into a caller whose tenant and person are set. */
MUST_USE enum code member_caller(struct service *s, const struct member_row *m, struct arena *arena, struct caller *ret, struct err *reterr);
