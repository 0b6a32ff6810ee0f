/* due.c — instants that rules count from, windows in which grants hold, and the due dates of parts. */
#include <string.h>

#include "policy/policy.h"

/* A time counts as it stands; a date is the first instant of its day on the charter's clock. */
static enum code field_instant(const struct facts *f, int kind, int field, usec_t *ret, struct err *reterr) {
    const struct kind *k = charter_kind_at(f->charter, kind);
    const char *text = NULL;
    struct civil c;
    enum code code = f->clear(f->arg, kind, field, &text, reterr);
    if (code != OK)
        return code;
    if (text == NULL) {
        *ret = USEC_NEVER;
        return OK;
    }
    if (k->fields[field].type == T_DATE && date_parse(text, &c))
        *ret = zone_instant(charter_zone(f->charter), &c);
    else if (!time_parse(text, ret))
        return err_set(reterr, E_DAMAGED, "a stored %s of %s is neither a time nor a date", k->fields[field].name, k->name);
    return OK;
}

enum code policy_anchor(const struct anchor *a, const struct facts *f, usec_t created, usec_t changed, usec_t *ret, struct err *reterr) {
    usec_t at = USEC_NEVER;
    enum code code = OK;
    PRE(a != NULL && f != NULL && ret != NULL && reterr != NULL);
    switch (a->type) {
    case A_NONE: break;
    case A_CREATED: at = created; break;
    case A_CHANGED: at = changed; break;
    case A_FIELD:
    case A_PARENT_FIELD: code = field_instant(f, a->kind, a->field, &at, reterr); break;
    }
    if (code != OK)
        return code;
    if (at != USEC_NEVER && a->end_of != 0)
        at = zone_end_of(charter_zone(f->charter), at, a->end_of);
    *ret = at;
    return OK;
}

enum code policy_due(const struct keep *k, const struct facts *f, usec_t created, usec_t changed, usec_t *ret, struct err *reterr) {
    usec_t from;
    PRE(k != NULL && f != NULL && ret != NULL && reterr != NULL);
    if (k->type != KEEP_SPAN) {                /* without the rule somebody has cleared up after a year */
        *ret = rule_on(RULE_owner_kept) || k->type != KEEP_OWNER ? USEC_NEVER : created + 365 * USEC_PER_DAY;
        return OK;
    }
    /* Without the rule a part has a date all the same, and a wrong one: the probe has to know what is right. */
    const struct anchor made = { .type = A_CREATED }, *anchor = rule_on(RULE_due_dates) ? &k->anchor : &made;
    enum code code = policy_anchor(anchor, f, created, changed, &from, reterr);
    if (code != OK)
        return code;
    *ret = from == USEC_NEVER ? USEC_NEVER : zone_add(charter_zone(f->charter), from, &k->span, 1);
    return OK;
}

static bool same_day(const struct zone *zone, usec_t a, usec_t b) {
    struct civil x = zone_civil(zone, a), y = zone_civil(zone, b);
    return x.year == y.year && x.month == y.month && x.day == y.day;
}

/* Open from the first instant on; an end that is not known yet has not come. */
static enum code from_until(const struct window *w, const struct facts *f, bool *ret, struct err *reterr) {
    usec_t from, until;
    enum code code = policy_anchor(&w->from, f, USEC_NEVER, USEC_NEVER, &from, reterr);
    if (code == OK)
        code = policy_anchor(&w->until, f, USEC_NEVER, USEC_NEVER, &until, reterr);
    if (code != OK)
        return code;
    if (until != USEC_NEVER)
        until = zone_add(charter_zone(f->charter), until, &w->until_after, 1);
    *ret = from != USEC_NEVER && f->now >= from && f->now < until;
    return OK;
}

enum code policy_window(const struct window *w, const struct facts *f, bool *ret, struct err *reterr) {
    usec_t at;
    const char *text = NULL;
    enum code code = OK;
    PRE(w != NULL && f != NULL && ret != NULL && reterr != NULL);
    switch (w->type) {
    case W_ALWAYS:
        *ret = true;
        return OK;
    case W_DAY_OF:
        code = policy_anchor(&w->from, f, USEC_NEVER, USEC_NEVER, &at, reterr);
        if (code == OK)
            *ret = at != USEC_NEVER && same_day(charter_zone(f->charter), at, f->now);
        return code;
    case W_FROM_UNTIL:
        return from_until(w, f, ret, reterr);
    case W_WHILE:
        code = f->clear(f->arg, w->while_kind, w->while_field, &text, reterr);
        if (code == OK)
            *ret = text != NULL && field_option(&charter_kind_at(f->charter, w->while_kind)->fields[w->while_field], text) == w->while_option;
        return code;
    }
    return err_set(reterr, E_INTERNAL, "a window of an unknown type");
}
