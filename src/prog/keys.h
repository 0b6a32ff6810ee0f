/* keys.h — where the keyring of an installation lies and what opens it. */
#pragma once
#include "keeper/keyring.h"
#include "prog/crew.h"
#include "prog/place.h"

/* secret: descriptor with the passphrase, or -1. Paths belong to the place. */
MUST_USE enum code keys_options(struct place *p, int secret, struct keyring_options *ret, struct err *reterr);
/* Makes root key and keyring where there is none, as the keeper's user. *ret_made false: there was one. */
MUST_USE enum code keys_make(struct place *p, const struct crew *c, bool *ret_made, struct err *reterr);
