/* subject.h — a person across kinds: every record of a tenant that is about the one who has this e-mail address or phone number, of every
 * kind that is about a person, and what hangs on them. The ways that lead to a record:
 *   - an e-mail or phone field of it, found by its token where it is found exactly, else by looking through the kind;
 *   - a declared reference of it to a record of the person, or belonging to one; never a name.
 * A record is the person's own when its kind is about somebody and the first e-mail or phone field (which is that somebody's) leads
 * there, or when it hangs on an own one and its kind is about the same person (or about nobody and belongs to it). Any other that
 * names the person is somebody else's as well: it is counted apart (`named`), and nobody erases it for this person.
 * Where both an e-mail address and a number are given, a record with that number and another e-mail address is left out, for families
 * share telephones: `doubtful` counts those. Reads no more than it must; leaves no trace by itself (who asks does). Blocks; thread-safe. */
#pragma once
#include "base/arena.h"
#include "records/records.h"

struct subject_wish { const char *email, *phone; };            /* either may be NULL, not both; as a person types them */
struct subject_record { int kind; struct uuid id; usec_t created; };
struct subject {
    struct subject_record *list; size_t count;                    /* the person's own: by kind, then id; in the arena */
    struct subject_record *named; size_t named_count;             /* those that name the person beside somebody else */
    const char *email, *phone;                                    /* what it was found by, in its one form; NULL: not by that */
    size_t doubtful, damaged;                                     /* left out, as above; could not be read, so nobody knows */
};
/* E_FIELDS: neither is an address or a number. None found: OK and count 0. */
MUST_USE enum code subject_find(struct service *s, int64_t tenant, const struct subject_wish *w, struct arena *arena, struct subject *ret, struct err *reterr);
/* The same from one record: that record itself, and what its e-mail address and phone lead to. E_NOT_FOUND. */
MUST_USE enum code subject_of(struct service *s, int64_t tenant, int kind, const struct uuid *id, struct arena *arena, struct subject *ret, struct err *reterr);
/* That record and what hangs on it, for who has shown no more than its private link: anybody can type somebody else's address into a form. */
MUST_USE enum code subject_near(struct service *s, int64_t tenant, int kind, const struct uuid *id, struct arena *arena, struct subject *ret, struct err *reterr);
/* The e-mail address and the phone number of a record's own person, in the arena; NULL where it holds none. E_NOT_FOUND, E_DAMAGED. */
MUST_USE enum code subject_addresses(struct service *s, int64_t tenant, int kind, const struct uuid *id, struct arena *arena, struct subject_wish *ret, struct err *reterr);
