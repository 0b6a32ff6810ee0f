/* tls.h — the certificate of the installation and the keys of session tickets. */
#pragma once
#include "prog/place.h"
#include "sys/users.h"

/* The operator's certificate is checked (dates, key, mode of the key, host name); without one a self-made one is made, or
 * renewed 30 days before its end. *ret_changed: nginx must read it again. owner NULL: files stay ours. */
MUST_USE enum code tls_prepare(struct place *p, const struct user *owner, bool *ret_changed, struct err *reterr);
/* Makes missing ticket keys; `rotate` moves each one on and makes a new first one. */
MUST_USE enum code tls_tickets(struct place *p, const struct user *owner, bool rotate, struct err *reterr);
/* Path of the file that a client trusts for this installation; NULL with a certificate of the operator's own. */
const char *tls_authority(struct place *p);
