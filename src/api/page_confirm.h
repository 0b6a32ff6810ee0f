/* page_confirm.h — a form whose address confirms it: the letter, and the page that its link leads to until then; and what a person read
 * before it consented, kept once for each text. */
#pragma once
#include "api/page_notice.h"
#include "records/post.h"

struct confirm_ask { struct service *service; int64_t tenant; const char *tenant_name; int kind; enum lang lang; const char *base_url; const json_t *fields; };
/* The id that the record shall have, and the letter to its address with its private link. E_FIELDS: the form holds no address. */
MUST_USE enum code confirm_letter(const struct confirm_ask *a, struct uuid *ret_id, struct post_ready *ret, struct err *reterr);
/* Before the record is made, and after it was refused because the address is there already (taken). *ret: nothing more is done and the same is
 * said as ever, so that nobody learns who is known here: what waits for that address got its letter again, or as many letters as it gets. */
MUST_USE enum code confirm_again(const struct confirm_ask *a, bool taken, bool *ret, struct err *reterr);
void confirm_sent_put(struct buf *ret, enum lang lang);
struct confirm_view { const struct charter *charter; int kind; enum lang lang; const char *tenant, *action, *token; };
void confirm_put(struct buf *ret, const struct confirm_view *v);

/* What the form or the private link says of consents in that language: kept, and its hash in *ret. false: no consent is asked there. */
MUST_USE enum code consent_shown(struct service *service, int kind, enum lang lang, bool *ret_any, uint8_t ret[HASH_SIZE], struct err *reterr);
