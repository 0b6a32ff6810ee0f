/* may_send.h — may the person of a record be written to for a purpose? What ends that: the record is not confirmed, it is restricted, its
 * person objected to the purpose or has not consented to it (it came after the record was given, or needs a consent), or the consent that the
 * record rests on is not given. Letters that a duty orders (answers to requests, notices,
 * the letter that asks for the confirmation itself) are not sent for a purpose of the kind and do not ask. Thread-safe; blocks. */
#pragma once
#include "records/records.h"

struct record;

enum send_bar { SEND_FINE, SEND_UNCONFIRMED, SEND_RESTRICTED, SEND_OBJECTED, SEND_LOCKED, SEND_NO_CONSENT };
const char *send_bar_text(enum send_bar bar);           /* in English, for the tenant; NULL for SEND_FINE */
/* purpose: index of the kind's used_for. E_NOT_FOUND, E_GONE: there is no such record, so nobody is written to. */
/* The same of a record that its caller has opened (record.h); q: a view or a write of its tenant. */
MUST_USE enum code may_send_opened(struct service *s, struct sql *q, const struct record *r, int purpose, enum send_bar *ret, struct err *reterr);
/* Does that purpose wait for a consent of the person? It is given and taken back apart from the record, so its row does not tell. born: of the row. */
struct locked_ask { int64_t tenant; int kind; struct uuid id; int64_t born; int purpose; };
MUST_USE enum code may_send_locked(struct service *s, struct sql *q, const struct locked_ask *a, bool *ret, struct err *reterr);
MUST_USE enum code may_send(struct service *s, int64_t tenant, int kind, const struct uuid *id, int purpose, enum send_bar *ret, struct err *reterr);
