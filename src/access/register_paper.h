/* register_paper.h — the register of authorised persons on paper: as a table of A4 pages across, and one authorisation as a page to sign.
 * Set with Pango, in the language that is asked for; PDF with its texts, its language and its title. Thread-safe; blocks. */
#pragma once
#include "access/authorise.h"

struct register_paper { const struct registrar *r; enum lang lang; usec_t now; const char *tenant_name; };
MUST_USE enum code paper_register(const struct register_paper *p, struct buf *ret, struct err *reterr);
MUST_USE enum code paper_authorisation(const struct register_paper *p, int64_t number, struct buf *ret, struct err *reterr);     /* E_NOT_FOUND */
