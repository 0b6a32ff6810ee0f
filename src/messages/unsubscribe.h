/* unsubscribe.h — leaving a list by one click (RFC 8058) or by a page: the address in a letter carries what it is about sealed under a key of the
 * tenant, so neither an address nor the id of a record stands in it, and nobody makes one for somebody else. It works as long as the tenant is there,
 * and for a person whose record is gone as well. Thread-safe; blocks. */
#pragma once
#include "messages/outgoing.h"
#include "messages/suppress.h"

#define UNSUBSCRIBE_PURPOSE 200u
struct unsubscribe { int64_t tenant; enum channel channel; int32_t kind /* stable number */; struct uuid record, scope; uint8_t who[WHO_SIZE]; char purpose[UNSUBSCRIBE_PURPOSE]; };
/* Appended: base64url. */
MUST_USE enum code unsubscribe_token(struct service *s, const struct unsubscribe *u, struct buf *ret, struct err *reterr);
MUST_USE enum code unsubscribe_read(struct service *s, const char *token, struct unsubscribe *ret, struct err *reterr);       /* E_NOT_FOUND: none of ours */
/* List-Unsubscribe and List-Unsubscribe-Post for a message by mail; nothing for others, for a letter of a duty, and without https:// (RFC 8058). */
MUST_USE enum code unsubscribe_headers(struct service *s, int64_t tenant, const struct letter_row *r, const uint8_t who[WHO_SIZE], const char *base_url, struct buf *ret, struct err *reterr);
/* The address in them alone, for the text: appended, or nothing. */
MUST_USE enum code unsubscribe_address(struct service *s, int64_t tenant, const struct letter_row *r, const uint8_t who[WHO_SIZE], const char *base_url, struct buf *ret, struct err *reterr);
/* Of which tenant it says to be, not yet believed: for whoever looks for the tenant before a key is made. Pure. */
MUST_USE bool unsubscribe_tenant(const char *token, int64_t *ret);

/* What is left by it: all about one record of the scope; one purpose, for which it had consented, or not; or everything. ret: as suppress.h names it. */
enum unsubscribe_from { FROM_SCOPE, FROM_CONSENT, FROM_PURPOSE, FROM_ALL };
enum unsubscribe_from unsubscribe_list(const struct service *s, const struct unsubscribe *u, char ret[LIST_TEXT]);
const struct words *unsubscribe_words(const struct service *s, const struct unsubscribe *u);         /* of the purpose; NULL */
/* The person leaves: suppressed for that list from now on, by the address of the letter and by that which the record holds now; a consent of the purpose's own is
 * withdrawn, and the record moves to a state "unsubscribed" where the charter lets the person move it there. Done twice is done once. A consent that could not be
 * withdrawn is an error, so that the click comes again. by: for the ledger. */
MUST_USE enum code unsubscribe_do(struct service *s, const struct unsubscribe *u, const char *by, struct err *reterr);
/* It comes back by the same address, which only its own mailbox has: the suppression of that list ends, and the record moves from "unsubscribed" to "subscribed"
 * where the person may move it there; but where the record holds another address by now, nothing ends and moves for that one. A consent that was withdrawn stays so. */
MUST_USE enum code unsubscribe_undo(struct service *s, const struct unsubscribe *u, const char *by, struct err *reterr);
/* Has it left already, as the gate sees it? OTHER: something stands that this address does not lift. */
enum unsubscribed { UNSUBSCRIBED_NOT, UNSUBSCRIBED_LEFT, UNSUBSCRIBED_OTHER };
MUST_USE enum code unsubscribe_done(struct service *s, const struct unsubscribe *u, enum unsubscribed *ret, struct err *reterr);
