/* use.h — inside records: what the use cases share. */
#pragma once
#include "records/draft.h"
#include "records/input.h"

/* 403 for who may see such records, 404 for who may not. */
enum code use_refused(const struct service *s, const struct caller *who, int kind, const struct verdict *may, struct err *reterr);
/* E_GONE becomes E_NOT_FOUND for all but the tenant: that a record was there is its business. */
enum code read_absent(const struct service *s, const struct caller *who, int kind, enum code code, struct err *reterr);
/* Nothing of a record is seen: for what stands beside it, or because there is none for the caller. */
enum code read_barred(const struct verdict *sees, struct err *reterr);
/* What an answer may show of what the caller sees: nothing where the scope of its token leaves reading out. */
fieldset use_shown(const struct service *s, const struct caller *who, int kind, const struct verdict *sees);
/* The tenant's own role, or sejf itself. */
bool use_owner(const struct service *s, const struct caller *who);
/* The same, where no level hides any record of that kind: it may know of each that it is or was there. */
bool use_knows(const struct service *s, const struct caller *who, int kind);
/* Hands the mistakes over; E_CONFLICT keeps its status. */
enum code use_mistakes(struct mistakes *m, enum code code, json_t **ret_mistakes, struct err *reterr);
/* Idempotency-Key: ret->text is the reply of before, or empty still and the wish is ready. */
MUST_USE enum code use_reply_begin(struct service *s, const struct record_request *r, const char *what, int status, struct reply_wish *w, struct record_text *ret, struct err *reterr);
/* After the write, which ended with `code`: the reply, or what it refused. */
MUST_USE enum code use_finish(struct draft *d, const struct record_request *r, enum code code, struct record_text *ret, json_t **ret_mistakes, struct err *reterr);
/* A draft's new record from an input: id, parent, values, rights. */
MUST_USE enum code create_fill(struct draft *d, struct fact_source *src, const struct record_request *r, struct input *in, struct mistakes *m, struct err *reterr);
