/* page_home.h — where a form leads: the tenant, and the record that a new one will belong to. */
#pragma once
#include "api/page_slugs.h"
#include "api/page_visit.h"

struct home {
    int kind;                         /* that the form makes */
    int64_t tenant; const char *tenant_name;
    struct uuid parent;               /* null: the tenant itself */
    json_t *parent_record;            /* as the API shows it to its owner; NULL without a parent */
};
void home_done(struct home *h);
DEFINE_AUTO_VALUE(struct home, home_done)
/* form: its declared name; scope: the parent's id, or the tenant's number or name in an address ("gdynia-talks"). */
MUST_USE enum code home_find(struct slugs *slugs, struct service *s, const char *form, const char *scope, struct arena *arena, struct home *ret, struct err *reterr);
/* What the references of the form can be: {field: [{id, title}]}. A personal title is shown only where the charter lets the
 * person that the form is for see it; else the kind and a number. New reference. */
MUST_USE enum code home_choices(struct service *s, const struct home *h, enum lang lang, json_t **ret, struct err *reterr);
