/* notice_text.h — inside retention: what a notice says. Groups are what is kept of it ([{kind, part?, parent?: id, due: date, records, more?:
 * true}]): no value of a record. Titles of what records belong to are sealed where they stand, so they are opened when somebody reads. */
#pragma once
#include <jansson.h>

#include "retention/notice_find.h"

#define GROUPS_MOST 300u
/* Of what was found, sorted; the rest behind GROUPS_MOST by kind alone, marked `more`. */
MUST_USE enum code notice_groups(struct service *s, const struct found *f, json_t **ret, struct err *reterr);
/* {parent's id: {title?, number?}}. Asks the keeper: no view may be open. */
MUST_USE enum code notice_titles(struct service *s, int64_t tenant, const json_t *groups, json_t **ret, struct err *reterr);

struct notice_letter {
    struct service *s; int64_t tenant; const char *tenant_name, *base_url;
    const json_t *groups, *titles;
    int64_t records; usec_t first, made;
    int person;                                /* who is told */
    bool instead;                              /* it goes to the operator's contact, as nobody has that role */
    const char *to_name; enum lang lang;
};
/* Appended. */
void notice_subject(const struct notice_letter *l, struct buf *ret);
void notice_text(const struct notice_letter *l, struct buf *ret);
