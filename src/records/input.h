/* input.h — inside records: what a request holds, against the charter: every mistake at once. */
#pragma once
#include "records/facts.h"
#include "records/says.h"

struct input {
    struct value values[FIELDS_MAX];
    fieldset given;                            /* fields that the request speaks of; a value that is not set clears */
    struct uuid parent; bool has_parent;
    bool consent_named[CONSENTS_MAX], consent_given[CONSENTS_MAX];       /* by kind_info.consents */
};
/* The fields object (or merge patch) and the consents: names, types, values. Mistakes are added; memory alone ends with an error. */
MUST_USE enum code input_read(const struct service *s, const struct kind_info *k, json_t *fields, json_t *consents, struct arena *arena,
                              struct mistakes *m, struct input *ret, struct err *reterr);
/* One field by its name, from a cell or a JSON value. */
MUST_USE enum code input_take(const struct service *s, const struct kind_info *k, const char *name, const struct raw *raw, struct arena *arena,
                              struct mistakes *m, struct input *in, struct err *reterr);
/* A name that nobody declared may itself be a value put in the wrong place: it is shown only when it looks like a name. */
MUST_USE bool input_name_shown(const char *name);
/* What the caller may not set: adds a mistake for each. */
void input_allow(const struct kind_info *k, const struct input *in, fieldset allowed, struct mistakes *m);
/* Puts a new record's values together: states where they start, counters at 0, consents with their time. Adds what is missing. */
void input_make(const struct service *s, const struct kind_info *k, const struct input *in, bool free_start, usec_t now, struct arena *arena,
                struct record *r, struct mistakes *m);
/* Is the consent of the field there? index into kind_info.consents. */
int consent_index(const struct kind_info *k, const char *name);
