/* subject.h — a person across kinds: every record of a tenant that is about the one who has this e-mail address or phone number, of every
 * kind that is about a person, and what hangs on them (an invoice that names its registration's event and buyer alone is found by the
 * same address where it holds one, and by reference where another record of the person refers to it). Reads no more than it must; leaves
 * no trace by itself (who asks does). Blocks; thread-safe. */
#pragma once
#include "base/arena.h"
#include "records/records.h"

struct subject_wish { const char *email, *phone; };            /* either may be NULL, not both; as a person types them */
struct subject_record { int kind; struct uuid id; usec_t created; };
struct subject { struct subject_record *list; size_t count; };    /* by kind, then id; in the arena */
/* E_FIELDS: neither is an address or a number. None found: OK and count 0. */
MUST_USE enum code subject_find(struct service *s, int64_t tenant, const struct subject_wish *w, struct arena *arena, struct subject *ret, struct err *reterr);
/* The same from one record: its e-mail and phone, and that record itself (a private link). */
MUST_USE enum code subject_of(struct service *s, int64_t tenant, int kind, const struct uuid *id, struct arena *arena, struct subject *ret, struct err *reterr);
