/* paper.h — letters about a request on paper: PDF in the person's language, with sender, addressee, date, number, subject, a line to sign. Each answer
 * names the authority and the court (Art. 12(4), 77, 79 GDPR). Made from the request's words whenever it is asked for. Blocks; thread-safe. */
#pragma once
#include "rights/request.h"

enum paper { PAPER_NEWEST, PAPER_RECEIVED, PAPER_EXTENDED, PAPER_ANSWERED, PAPER_REFUSED, PAPER_RECIPIENT, PAPERS };
MUST_USE bool paper_find(const char *name, enum paper *ret);           /* "received", "extended", "answered", "refused", "recipient" */
/* recipient: number of one of its recipients, of PAPER_RECIPIENT. E_CONFLICT: there is no such letter (yet). */
MUST_USE enum code paper_request(const struct request_desk *d, int64_t number, enum paper what, int64_t recipient, struct buf *ret, struct err *reterr);

/* The authority that the charter names, where more than its name is known (authorities.tbl); NULL: the charter's own words are all. */
struct authority { const char *country, *brief, *name, *address, *web; };
const struct authority *authority_of(const struct charter *c);
/* Its name, address and address on the web with `between` in between, or the charter's own words. */
void authority_put(const struct charter *c, const char *between, struct buf *ret);
