/* campaign_int.h — what the files of campaigns share: what is sealed of one, and finding it. */
#pragma once
#include "messages/campaign.h"
#include "store/campaign.h"

/* {name?, where?, by} under a key of its own. */
struct campaign_sealed { key_id id; struct key key; struct buf blob; };
void campaign_sealed_done(struct campaign_sealed *c);
DEFINE_AUTO_VALUE(struct campaign_sealed, campaign_sealed_done)
MUST_USE enum code campaign_seal(struct service *s, int64_t tenant, const json_t *entry, struct campaign_sealed *ret, struct err *reterr);
/* The write that was to store it ended so: a key that sealed nothing which was stored serves another. */
void campaign_unused(struct service *s, int64_t tenant, const struct campaign_sealed *c, enum code code);
/* Nothing of what was searched for: its name alone, sealed anew. ret->id 0: nothing else stands there, or can be read any more. */
MUST_USE enum code campaign_seal_name(struct service *s, int64_t tenant, const struct campaign_row *r, struct campaign_sealed *ret, struct err *reterr);
/* In the write that stores *r: that in place of what is sealed now, whose key is destroyed. id 0: it stays. */
MUST_USE enum code campaign_replace(struct txn *t, struct campaign_row *r, const struct campaign_sealed *anew, struct err *reterr);
MUST_USE enum code campaign_open(struct service *s, int64_t tenant, const struct campaign_row *r, json_t **ret, struct err *reterr);
/* arena may be NULL: E_MEMORY. */
MUST_USE enum code campaign_find(struct service *s, int64_t tenant, int64_t number, struct campaign_row *ret, struct arena *arena, struct err *reterr);
/* `by` of what is sealed: "sejf", {token: n} or {account: id}. NULL: no memory. */
json_t *campaign_by(const struct caller *who);
/* The scope of its messages: the campaign's own where the charter has messages go to the people of such records; else null, and the gate finds it. */
struct uuid campaign_scope(const struct service *s, enum channel channel, int kind, const struct uuid *scope);
/* When there is work with it; USEC_NEVER: none. Pure. */
usec_t campaign_when(const struct campaign_row *r, usec_t now);
