/* held.c — a part is held by law while the date that the law gives it lies ahead. A law whose time has not begun (its anchor is not known
 * yet) holds nothing: there is nothing to account for. A part of which nothing is sealed has no row and no date of its own in the store;
 * the record's date, the earliest of all, stands for it, and where another part explains that date, it counts as ahead. */
#include "records/held.h"

#include <string.h>

#include "store/hold.h"

/* Whole words of a list. */
static bool names(const char *list, const char *name) {
    const size_t len = strlen(name);
    for (const char *p = list; *p != 0; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        if (n == len && memcmp(p, name, len) == 0)
            return true;
        p += n;
    }
    return false;
}

uint64_t held_named(const struct kind *k, const char *fields) {
    uint64_t parts = 0;
    for (size_t i = 0; i < k->field_count; i++)
        if (*fields == 0 || names(fields, k->fields[i].name))
            parts |= UINT64_C(1) << k->fields[i].part;
    return parts;
}

usec_t held_due(const struct record *r, size_t part) {
    if (r->parts[part].has)
        return r->parts[part].due;
    for (size_t i = 0; i < r->info->kind->part_count; i++)
        if (r->parts[i].has && r->parts[i].due == r->due)
            return USEC_NEVER;
    return r->due;
}

static bool ahead(const struct record *r, size_t part, usec_t now) {
    usec_t due = held_due(r, part);
    return due > now && (due != USEC_NEVER || (!r->parts[part].has && r->due != USEC_NEVER));
}

uint64_t held_by_law(const struct record *r, usec_t now) {
    const struct kind *k = r->info->kind;
    uint64_t held = 0;
    if (!rule_on(RULE_held_by_law))
        return 0;
    for (size_t i = 0; i < k->part_count; i++)
        if (k->parts[i].by_law && k->parts[i].keep.type == KEEP_SPAN && record_uses_part(r, (int)i) && ahead(r, i, now))
            held |= UINT64_C(1) << i;
    return held;
}

struct held { const struct kind *kind; uint64_t parts; };
static bool add(const struct hold_row *h, void *arg) {
    struct held *held = arg;
    held->parts |= held_named(held->kind, h->fields);
    return true;
}

enum code held_parts(struct sql *q, const struct record *r, usec_t now, unsigned by, uint64_t *ret, struct err *reterr) {
    PRE(q != NULL && r != NULL && r->loaded && ret != NULL && reterr != NULL);
    struct held held = { .kind = r->info->kind };
    enum code code = OK;
    if ((by & HELD_BY_PERSON) != 0)
        code = holds_of(q, r->info->number, &r->id, now, add, &held, reterr);
    if ((by & HELD_BY_LAW) != 0)
        held.parts |= held_by_law(r, now);
    if (code == OK)
        *ret = held.parts;
    return code;
}
