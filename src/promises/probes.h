/* probes.h — the functions of probes.tbl, and what they share. */
#pragma once
#include "promises/env.h"

#define PROBE(rule, fn, tries) enum code fn(struct env *e, struct verdict_line *v, struct err *reterr);
#include "promises/probes.tbl"
#undef PROBE

/* A canary with one field set to a given text. */
MUST_USE enum code canary_with(struct env *e, int side, int kind, const char *field, const char *value, const struct canary **ret, struct err *reterr);
/* The kind of the first public form, or NULL; and its address at side 0. */
const struct kind *probe_form(struct env *e, int *ret);
MUST_USE enum code probe_form_path(struct env *e, const struct kind *k, char *ret, size_t room, struct err *reterr);
/* Makes a record of an input that the caller shaped (borrowed). */
MUST_USE enum code canary_of(struct env *e, int side, int kind, json_t *input, const struct canary **ret, struct err *reterr);
