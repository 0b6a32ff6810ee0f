/* consents.h — inside records: what a write says of consents leaves a row for each (store/consent.h), in that write; and an objection is
 * inherited by a new record of the same address. */
#pragma once
#include "records/draft.h"

/* Was the consent (index into kind_info.consents) given, as the record stands? */
bool consent_given(const struct record *r, size_t consent);
/* By which way the caller speaks of a consent: "form", "link", "account" (its person itself, signed in), "staff" (somebody of the tenant, signed in), "api", "sejf". */
const char *consent_way(const struct service *s, const struct caller *who, int kind);
/* Inside the write of the draft, behind its row: consents given, refused and withdrawn by it. A kind without consents costs nothing. */
MUST_USE enum code consents_note(struct txn *t, const struct draft *d, struct err *reterr);
/* Inside the write, before the row of a record that is new, or whose address changed, is written: marks it where somebody of this address
 * objected. *ret_purposes: bits of used_for that were. */
MUST_USE enum code objections_inherit(struct txn *t, struct draft *d, uint64_t *ret_purposes, struct err *reterr);
/* Behind the row: its objections. */
MUST_USE enum code objections_note(struct txn *t, const struct draft *d, uint64_t purposes, struct err *reterr);
/* Keyed hashes of the address in a field, as an objector is known by. false: the field holds no address. */
MUST_USE enum code objector_mark(const struct service *s, const struct index_keys *keys, const struct kind_info *k, int64_t tenant, int field, const struct value *v,
                                 struct arena *arena, bool *ret_is, struct mark *ret, struct token *ret_before, struct err *reterr);
/* Is this field the address of whom the kind is about: the first of its type? */
bool kind_address(const struct kind *k, int field);
/* Can a record of that kind be objected to at all: it has purposes and a field that holds an address? */
bool kind_objects(const struct kind *k);
