/* link.h — private links of records: whoever has one is taken for the person whom the record is about. Made when they are given; only their hash
 * is stored. Thread-safe. */
#pragma once
#include "records/service.h"
#include "store/tables.h"

#define LINK_TEXT 64                           /* "sejf_" and 43 letters, and the end */
#define LINK_PREFIX_TEXT "sejf_"
#define LINK_SECRET_SIZE 32u
#define LINK_SECRET_TEXT 43u
#define LINK_SCOPE "{\"link\":true}"           /* of a token that is one */
/* expires: USEC_NEVER, or when it ends. E_INVALID: a kind that is about nobody. E_CONFLICT, E_NOT_FOUND: a tenant that is closed, or of another service. */
MUST_USE enum code link_make(struct service *s, int64_t tenant, int kind, const struct uuid *record, usec_t expires, char ret[LINK_TEXT], struct err *reterr);
/* As long as one, and none: for a look, or a measure. */
void link_like(char ret[LINK_TEXT]);
/* The same in two steps: its text now, and what is stored of it in a write of its tenant, when the text leaves; until then it opens nothing. Repeatable. The row's
 * texts are the charter's. */
struct link_ready { struct token_row row; bool made; };
MUST_USE enum code link_ready(struct service *s, int64_t tenant, int kind, const struct uuid *record, usec_t expires, char ret[LINK_TEXT], struct link_ready *ret_row, struct err *reterr);
MUST_USE enum code link_store(struct txn *t, const struct link_ready *r, struct err *reterr);
/* The address of its page, appended: "https://…/p/events/sejf_…?lang=pl". E_CONFIG where the service does not know its own address. */
MUST_USE enum code link_page(const struct service *s, const char *link, enum lang lang, struct buf *ret, struct err *reterr);
/* What addresses of this instance begin with ("https://seats.example"); before the first request; copied. */
MUST_USE enum code service_base_set(struct service *s, const char *base_url, struct err *reterr);
const char *service_base(const struct service *s);           /* "": not known */
/* ---- for access, whose tokens are made the same way */
void link_text(char ret[LINK_TEXT], uint8_t ret_hash[HASH_SIZE]);
/* A tenant belongs to one service. */
MUST_USE enum code link_tenant(struct service *s, int64_t tenant, struct err *reterr);
