/* closing_cover.h — the first page of the archive of an account that closes: what lies in it, when the account goes, how to check it. Pure: everything
 * is borrowed. */
#pragma once
#include "charter/charter.h"
#include "crypto/crypto.h"

struct closing_cover {
    const struct charter *charter; const char *tenant_name; enum lang lang; usec_t now, goes;
    const uint64_t *records;                   /* of each kind */
    size_t files; const uint8_t *public;
};
/* PDF, appended. */
MUST_USE enum code closing_cover(const struct closing_cover *c, struct buf *ret, struct err *reterr);
