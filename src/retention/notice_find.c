/* notice_find.c — see notice_find.h. A kind with one keep rule that dates needs no look at its parts: the row's date is theirs. */
#include "retention/notice_find.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "retention/notice.h"

void found_done(struct found *f) {
    f->list = mem_free(f->list);
    f->count = f->room = 0;
}

uint32_t warned_people(const struct charter *c) {
    const struct kind *kinds;
    uint32_t set = 0;
    for (size_t i = 0, n = charter_kinds(c, &kinds); i < n; i++)
        if (kinds[i].warn.person >= 0 && kinds[i].warn.person < 32)
            set |= UINT32_C(1) << kinds[i].warn.person;
    return set;
}

static bool same_rule(const struct part *a, const struct part *b) { return a->keep.pos.line == b->keep.pos.line && a->keep.pos.column == b->keep.pos.column; }

/* The first part that has the rule of that part. */
static size_t rule_of(const struct kind *k, size_t part) {
    size_t i = 0;
    while (i < part && !same_rule(&k->parts[i], &k->parts[part]))
        i++;
    return i;
}

/* *ret: its first dated part; how many rules of the kind date. */
static size_t dated_rules(const struct kind *k, size_t *ret) {
    size_t count = 0;
    for (size_t i = 0; i < k->part_count; i++)
        if (k->parts[i].keep.type == KEEP_SPAN && rule_of(k, i) == i && count++ == 0)
            *ret = i;
    return count;
}

struct dated { usec_t due; size_t rule; };
struct dates { const struct kind_info *info; struct dated list[FIELDS_MAX]; size_t count; };

static void date_add(struct dates *d, usec_t due, size_t rule) {
    for (size_t i = 0; i < d->count; i++)
        if (d->list[i].due == due && d->list[i].rule == rule)
            return;
    if (d->count < ARRAY_LEN(d->list))
        d->list[d->count++] = (struct dated){ due, rule };
}

static bool date_of_part(const struct part_row *p, void *arg) {
    struct dates *d = arg;
    const struct kind *k = d->info->kind;
    for (size_t i = 0; i < k->part_count && p->due != USEC_NEVER; i++)
        if (d->info->parts[i] == p->part)
            date_add(d, p->due, rule_of(k, i));
    return true;
}

static enum code dates_of(struct sql *q, const struct kind_info *info, const struct row *r, struct dates *ret, struct err *reterr) {
    size_t first = 0, rules = dated_rules(info->kind, &first);
    enum code code = OK;
    *ret = (struct dates){ .info = info };
    if (rules > 1)
        code = parts_get(q, r->kind, &r->id, date_of_part, ret, reterr);
    if (code == OK && r->due != USEC_NEVER && ret->count == 0)
        date_add(ret, r->due, first);
    return code;
}

enum code dues_of(struct service *s, struct sql *q, const struct row *r, usec_t *ret, size_t room, size_t *ret_count, struct err *reterr) {
    PRE(s != NULL && r != NULL && ret != NULL && ret_count != NULL && reterr != NULL);
    const struct kind_info *info = service_kind_by_number(s, r->kind);
    struct dates d = { .info = info };
    enum code code = info == NULL ? OK : dates_of(q, info, r, &d, reterr);
    if (code != OK)
        return code;
    *ret_count = d.count < room ? d.count : room;
    for (size_t i = 0; i < *ret_count; i++)
        ret[i] = d.list[i].due;
    return OK;
}

static bool found_add(struct found *f, const struct told *t) {
    if (f->count == f->room) {
        size_t room = f->room == 0 ? 64 : f->room * 2;
        struct told *list = mem_grow(f->list, room, sizeof *list);
        if (list == NULL)
            return false;
        f->list = list;
        f->room = room;
    }
    f->list[f->count++] = *t;
    return true;
}

static int64_t day_of(const struct zone *zone, usec_t at) {
    struct civil c = zone_civil(zone, at);
    return (int64_t)c.year * 10000 + c.month * 100 + c.day;
}

enum code found_record(struct service *s, struct sql *q, const struct row *r, usec_t until, struct found *f, struct err *reterr) {
    PRE(s != NULL && q != NULL && r != NULL && f != NULL && reterr != NULL);
    const struct kind_info *info = service_kind_by_number(s, r->kind);
    struct dates d;
    if (info == NULL || info->kind->warn.person != f->person || r->due > until)
        return OK;
    enum code code = dates_of(q, info, r, &d, reterr);
    for (size_t i = 0; i < d.count && code == OK && f->count < f->most; i++) {
        struct told t = { .what = { r->kind, r->id, d.list[i].due }, .kind = info->index, .rule = d.list[i].rule, .parent = r->parent };
        bool told = false;
        if (t.what.due > until)
            continue;
        code = noticed_told(q, r->kind, &r->id, t.what.due, &told, reterr);
        t.day = day_of(charter_zone(s->charter), t.what.due);
        if (code == OK && !told && !found_add(f, &t))
            code = err_set(reterr, E_MEMORY, "no memory for what a notice tells of");
    }
    return code;
}

struct due_look { struct service *s; struct sql *q; struct found *f; usec_t *horizons; enum code code; struct err *reterr; };

static bool due_row(const struct row *r, void *arg) {
    struct due_look *l = arg;
    const struct kind_info *info = service_kind_by_number(l->s, r->kind);
    if (info != NULL)
        l->code = found_record(l->s, l->q, r, l->horizons[info->index], l->f, l->reterr);
    return l->code == OK && l->f->count < l->f->most;
}

enum code found_due(struct service *s, struct sql *q, usec_t now, struct found *f, struct err *reterr) {
    PRE(s != NULL && q != NULL && f != NULL && f->most > 0 && reterr != NULL);
    AUTO(mem_free) usec_t *horizons = mem_new_array(s->kinds > 0 ? s->kinds : 1, sizeof *horizons);
    usec_t last = INT64_MIN;
    if (horizons == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a look at what is due");
    for (size_t i = 0; i < s->kinds; i++) {
        const struct warn *w = &s->info[i].kind->warn;
        horizons[i] = w->person == f->person ? notice_horizon(charter_zone(s->charter), now, &w->before) : INT64_MIN;
        last = horizons[i] > last ? horizons[i] : last;
    }
    struct due_look l = { s, q, f, horizons, OK, reterr };
    enum code code = last == INT64_MIN ? OK : rows_due(q, last, due_row, &l, reterr);
    return code == OK ? l.code : code;
}

static int by_place(const void *a, const void *b) {
    const struct told *x = a, *y = b;
    int order = uuid_compare(&x->parent, &y->parent);
    if (order == 0 && x->kind != y->kind)
        order = x->kind < y->kind ? -1 : 1;
    if (order == 0 && x->rule != y->rule)
        order = x->rule < y->rule ? -1 : 1;
    if (order == 0 && x->day != y->day)
        order = x->day < y->day ? -1 : 1;
    return order != 0 ? order : uuid_compare(&x->what.id, &y->what.id);
}

static int by_record(const void *a, const void *b) {
    const struct told *x = a, *y = b;
    return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : uuid_compare(&x->what.id, &y->what.id);
}

int64_t found_records(struct found *f, usec_t *ret_first, usec_t *ret_last) {
    int64_t records = 0;
    if (f->count > 1)
        qsort(f->list, f->count, sizeof *f->list, by_record);
    *ret_first = USEC_NEVER;
    *ret_last = INT64_MIN;
    for (size_t i = 0; i < f->count; i++) {
        usec_t due = f->list[i].what.due;
        *ret_first = due < *ret_first ? due : *ret_first;
        *ret_last = due > *ret_last ? due : *ret_last;
        records += i == 0 || by_record(&f->list[i - 1], &f->list[i]) != 0;
    }
    return records;
}

void found_sort(struct found *f) {
    if (f->count > 1)
        qsort(f->list, f->count, sizeof *f->list, by_place);
}
