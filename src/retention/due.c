/* due.c — one way of counting for both questions: of each record, which parts would the charter in question make of its fields, and when
 * is each due? The charter that runs asks the index of due dates; a changed one has to look at every record. Facts are those of the running
 * charter, asked for by name, so that a field which only the changed one counts from is found as well. */
#include "retention/due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "records/dues.h"
#include "records/facts.h"
#include "records/held.h"
#include "store/hold.h"

#define PAGE 500u
#define LINES_MAX 65536u                       /* days times parts; above, an earlier `until` is asked for */
#define DEFAULT_DAYS 90
#define NOTICE_HOUR 8                          /* when a day's notice leaves */

struct due_line { int32_t kind; uint32_t part; int32_t day; int64_t count, held; bool overdue; };
struct shift { int64_t same, earlier, later, at_once, dated, undated; };
struct sum {
    struct service *s; int64_t tenant; usec_t now, until;
    const struct charter *c; bool changed;
    int *kinds;                                /* of the charter in question, by index of the running one; -1: gone */
    struct due_line *lines; size_t count, room;    /* open addressing; room: a power of two */
    struct shift **shifts;                     /* by kind and part of the charter in question */
    int64_t records, held, unread;
    bool holds;                                /* some stand */
    struct err *err;
};

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for what is due"); }

/* ---- lines by day, kind and part */

static int32_t day_of(const struct zone *zone, usec_t t) {
    const struct civil c = zone_civil(zone, t);
    return c.year * 10000 + c.month * 100 + c.day;
}

static size_t line_place(const struct due_line *lines, size_t room, const struct due_line *l) {
    uint64_t h = ((uint64_t)(uint32_t)l->day << 32 | (uint32_t)l->kind << 8 | l->part) * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t)(h >> 32) & (room - 1);
    while (lines[i].count > 0 && (lines[i].day != l->day || lines[i].kind != l->kind || lines[i].part != l->part || lines[i].overdue != l->overdue))
        i = (i + 1) & (room - 1);
    return i;
}

static enum code lines_grow(struct sum *s) {
    size_t room = s->room == 0 ? 256 : 2 * s->room;
    if (s->count >= LINES_MAX)
        return err_set(s->err, E_TOO_LARGE, "that is more than %u days and parts: ask for an earlier day", LINES_MAX);
    struct due_line *lines = mem_new_array(room, sizeof *lines);
    if (lines == NULL)
        return no_memory(s->err);
    for (size_t i = 0; i < s->room; i++)
        if (s->lines[i].count > 0)
            lines[line_place(lines, room, &s->lines[i])] = s->lines[i];
    mem_free(s->lines);
    s->lines = lines;
    s->room = room;
    return OK;
}

static enum code line_add(struct sum *s, int kind, size_t part, usec_t due, bool held) {
    struct due_line l = { .kind = kind, .part = (uint32_t)part, .day = day_of(charter_zone(s->c), due < s->now ? s->now : due), .overdue = due <= s->now };
    enum code code = 2 * (s->count + 1) > s->room ? lines_grow(s) : OK;
    if (code != OK)
        return code;
    size_t at = line_place(s->lines, s->room, &l);
    if (s->lines[at].count == 0) {
        s->lines[at] = l;
        s->count++;
    }
    s->lines[at].count++;
    s->lines[at].held += held;
    return OK;
}

static int line_compare(const void *a, const void *b) {
    const struct due_line *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    if (x->overdue != y->overdue)
        return x->overdue ? -1 : 1;
    return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : x->part < y->part ? -1 : x->part > y->part;
}

/* ---- one record */

/* Kinds and fields of the charter in question, found by name in the one that runs. */
struct other { const struct sum *sum; struct facts inner; };
static enum code other_clear(void *arg, int kind, int field, const char **ret_text, struct err *reterr) {
    struct other *o = arg;
    const struct kind *k = charter_kind_at(o->sum->c, kind);
    const int at = charter_kind(o->inner.charter, k->name);
    const int old = at < 0 ? -1 : kind_field(charter_kind_at(o->inner.charter, at), k->fields[field].name);
    *ret_text = NULL;                          /* a field that is new is set nowhere yet; one that was sealed cannot be counted from before the charter runs */
    return old < 0 || (charter_kind_at(o->inner.charter, at)->outside >> old & 1) == 0 ? OK : o->inner.clear(o->inner.arg, at, old, ret_text, reterr);
}

/* Does the record hold anything in that field, as far as it can be told without opening it? */
static bool has_field(const struct record *r, int field) {
    const struct kind *k = r->info->kind;
    return r->values[field].set || ((k->outside >> field & 1) == 0 && r->parts[k->fields[field].part].has);
}

struct part_due { bool used; usec_t due, was; int old; };
static struct part_due part_now(const struct record *r, const struct kind *k, size_t part) {
    struct part_due d = { .due = USEC_NEVER, .was = USEC_NEVER, .old = -1 };
    for (size_t f = 0; f < k->field_count; f++) {
        int old = (k->parts[part].fields >> f & 1) != 0 ? kind_field(r->info->kind, k->fields[f].name) : -1;
        if (old < 0 || !has_field(r, old))
            continue;
        d.used = true;
        d.old = r->info->kind->fields[old].part;
        if (r->parts[d.old].due < d.was)
            d.was = r->parts[d.old].due;
    }
    return d;
}

static void shift_add(struct shift *t, const struct part_due *d, usec_t now) {
    if (d->due == d->was)
        t->same++;
    else if (d->was == USEC_NEVER)
        t->dated++;
    else if (d->due == USEC_NEVER)
        t->undated++;
    else if (d->due < d->was)
        t->earlier++;
    else
        t->later++;
    t->at_once += d->due <= now && d->was > now;
}

/* When a person's hold on that part ends after `due`. */
struct holding { const struct kind *kind; int part; bool held; };
static bool holding_take(const struct hold_row *h, void *arg) {
    struct holding *w = arg;
    w->held = (held_named(w->kind, h->fields) >> w->part & 1) != 0;
    return !w->held;
}
static enum code held_then(const struct sum *s, struct sql *q, const struct record *r, int old, usec_t due, bool *ret, struct err *reterr) {
    struct holding w = { .kind = r->info->kind, .part = old };
    usec_t then = due < s->now ? s->now : due;
    enum code code = s->holds ? holds_of(q, r->info->number, &r->id, then, holding_take, &w, reterr) : OK;
    if (code == OK)
        *ret = w.held;
    return code;
}

/* As they stand; a part of which nothing is sealed has none of its own in the store, so it is worked out. What counted from a field that is gone
 * keeps the date that stood then. */
static enum code dates_take(struct fact_source *src, usec_t now, struct err *reterr) {
    struct record *r = src->record;
    usec_t stands[FIELDS_MAX + 1];
    for (size_t i = 0; i < r->info->kind->part_count; i++)
        stands[i] = r->parts[i].due;
    enum code code = facts_due(src, now, reterr);
    for (size_t i = 0; code == OK && i < r->info->kind->part_count; i++)
        if (r->parts[i].has)
            r->parts[i].due = stands[i];
    return code;
}

/* When the part goes under the charter in question. */
static enum code due_under(const struct sum *s, const struct record *r, const struct kind *k, size_t part, const struct facts *f, struct part_due *d, struct err *reterr) {
    d->due = d->was;
    if (!s->changed)
        return OK;
    enum code code = policy_due(&k->parts[part].keep, f, r->created, r->updated, &d->due, reterr);
    if (d->due == USEC_NEVER && strcmp(k->parts[part].keep.text, r->info->kind->parts[d->old].keep.text) == 0)
        d->due = d->was;
    return code;
}

/* r: loaded. */
static enum code record_add(struct sum *s, struct sql *q, struct record *r, struct arena *arena, struct looked_up **known, struct err *reterr) {
    struct fact_source src = { .s = s->s, .q = q, .record = r, .arena = arena, .inside = true, .known = *known, .now = s->now };
    const int kind = s->kinds[r->info->index];
    enum code code = dates_take(&src, s->now, reterr);
    struct other o = { .sum = s, .inner = facts_of(&src, s->now) };
    struct facts f = o.inner;
    bool any = false, any_held = false;
    if (kind < 0) {
        s->unread++;
        return code;
    }
    f.charter = s->c;
    f.kind = kind;
    f.arg = &o;
    f.clear = other_clear;
    const struct kind *k = charter_kind_at(s->c, kind);
    for (size_t p = 0; code == OK && p < k->part_count; p++) {
        struct part_due d = part_now(r, k, p);
        bool held = false;
        if (!d.used)
            continue;
        code = due_under(s, r, k, p, &f, &d, reterr);
        if (code == OK && s->changed)
            shift_add(&s->shifts[kind][p], &d, s->now);
        if (code != OK || d.due > s->until)
            continue;
        code = held_then(s, q, r, d.old, d.due, &held, reterr);
        if (code == OK)
            code = line_add(s, kind, p, d.due, held);
        any = true;
        any_held = any_held || held;
    }
    *known = src.known;
    s->records += any;
    s->held += any_held;
    return code;
}

/* ---- walking */

struct place { int32_t kind; struct uuid id; };
struct places { struct place list[PAGE]; size_t count; struct due_place last; };
static bool due_take(const struct due_place *at, void *arg) {
    struct places *p = arg;
    p->list[p->count++] = (struct place){ at->kind, at->id };
    p->last = *at;
    return p->count < PAGE;
}
static bool row_take(const struct row *r, void *arg) {
    struct places *p = arg;
    p->list[p->count++] = (struct place){ r->kind, r->id };
    return p->count < PAGE;
}

/* A page in one short view. What is damaged, or gone meanwhile, is passed over. */
static enum code page_add(struct sum *s, struct sql *q, const struct places *p, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX), *one = arena_new(REQUEST_MAX);      /* of the page, of a record */
    struct looked_up *known = NULL;
    enum code code = arena == NULL || one == NULL ? no_memory(reterr) : OK;
    const struct arena_mark mark = code == OK ? arena_mark(one) : (struct arena_mark){ 0 };
    for (size_t i = 0; code == OK && i < p->count; i++) {
        const struct kind_info *k = service_kind_by_number(s->s, p->list[i].kind);
        struct record r;
        if (k == NULL)
            continue;
        arena_rewind(one, mark);
        code = record_load(q, k, &p->list[i].id, one, &r, reterr);
        if (code == OK)
            code = record_add(s, q, &r, arena, &known, reterr);
        else if (code == E_DAMAGED)
            code = view_again(q, reterr);
        else if (code == E_NOT_FOUND || code == E_GONE)
            code = OK;
    }
    return code;
}

static enum code walk_due(struct sum *s, struct places *p, struct err *reterr) {
    enum code code = OK;
    p->last = (struct due_place){ .due = 0 };
    do {
        AUTO(view_end) struct view *v = NULL;
        p->count = 0;
        code = store_view(s->s->store, s->tenant, &v, reterr);
        if (code == OK)
            code = due_walk(view_sql(v), &p->last, s->until, due_take, p, reterr);
        if (code == OK)
            code = page_add(s, view_sql(v), p, reterr);
    } while (code == OK && p->count == PAGE);
    return code;
}

static enum code walk_kind(struct sum *s, struct places *p, int32_t kind, struct err *reterr) {
    struct row_range range = { .kind = kind };
    enum code code = OK;
    do {
        AUTO(view_end) struct view *v = NULL;
        p->count = 0;
        code = store_view(s->s->store, s->tenant, &v, reterr);
        if (code == OK)
            code = rows_list(view_sql(v), &range, row_take, p, reterr);
        if (code == OK)
            code = page_add(s, view_sql(v), p, reterr);
        if (p->count > 0)
            range.after = p->list[p->count - 1].id;
    } while (code == OK && p->count == PAGE);
    return code;
}

static enum code walk(struct sum *s, struct err *reterr) {
    struct places *p = mem_new(sizeof *p);
    enum code code = p == NULL ? no_memory(reterr) : OK;
    if (code == OK && !s->changed)
        code = walk_due(s, p, reterr);
    for (size_t i = 0; code == OK && s->changed && i < s->s->kinds; i++)
        code = walk_kind(s, p, service_kind(s->s, (int)i)->number, reterr);
    mem_free(p);
    return code;
}

/* ---- as it is told */

static json_t *fields_json(const struct kind *k, size_t part) {
    json_t *list = json_array();
    for (size_t f = 0; f < k->field_count; f++)
        if ((k->parts[part].fields >> f & 1) != 0)
            json_array_append_new(list, json_string(k->fields[f].name));
    return list;
}

static json_t *day_json(int32_t day) { return json_sprintf("%04d-%02d-%02d", day / 10000, day / 100 % 100, day % 100); }

/* The first run of notices behind the moment from which it may be told; none where that has passed. */
static json_t *notice_json(const struct sum *s, const struct kind *k, int32_t day) {
    const struct zone *zone = charter_zone(s->c);
    struct civil c = { .year = day / 10000, .month = day / 100 % 100, .day = day % 100 };
    const struct span one = { .days = 1 };
    char text[16];
    if (k->warn.person < 0)
        return NULL;
    usec_t from = zone_add(zone, zone_add(zone, zone_instant(zone, &c), &k->warn.before, -1), &one, -1);
    c = zone_civil(zone, from);
    c.hour = NOTICE_HOUR;
    c.minute = c.second = c.usec = 0;
    usec_t run = zone_instant(zone, &c);
    if (run < from)
        run = zone_add(zone, run, &one, 1);
    c = zone_civil(zone, run < s->now ? s->now : run);
    return json_string(date_format(&c, text, sizeof text));
}

static json_t *line_json(const struct sum *s, const struct due_line *l) {
    const struct kind *k = charter_kind_at(s->c, l->kind);
    const struct part *p = &k->parts[l->part];
    json_t *o = json_pack("{s:o, s:s, s:o, s:s, s:s*, s:o*, s:I, s:I}", "day", day_json(l->day), "kind", k->name, "fields", fields_json(k, l->part), "rule", p->keep.text,
                          "law", p->by_law ? p->law.in[LANG_EN] : NULL, "notice", notice_json(s, k, l->day), "count", (json_int_t)l->count, "held", (json_int_t)l->held);
    if (l->overdue)
        json_object_set_new(o, "overdue", json_true());
    return o;
}

static json_t *shift_json(const struct sum *s, const struct kind *k, size_t part, const struct shift *t) {
    json_t *was = json_array();
    const int at = charter_kind(service_charter(s->s), k->name);
    const struct kind *old = at < 0 ? NULL : charter_kind_at(service_charter(s->s), at);
    for (size_t p = 0; old != NULL && p < old->part_count; p++)
        for (size_t f = 0; f < k->field_count; f++) {
            int field = (k->parts[part].fields >> f & 1) != 0 ? kind_field(old, k->fields[f].name) : -1;
            if (field >= 0 && old->fields[field].part == (int)p) {
                json_array_append_new(was, json_string(old->parts[p].keep.text));
                break;
            }
        }
    return json_pack("{s:s, s:o, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "kind", k->name, "fields", fields_json(k, part), "rule", k->parts[part].keep.text, "was", was,
                     "same", (json_int_t)t->same, "earlier", (json_int_t)t->earlier, "later", (json_int_t)t->later, "at_once", (json_int_t)t->at_once, "dated", (json_int_t)t->dated,
                     "undated", (json_int_t)t->undated);
}

static enum code sum_json(struct sum *s, json_t **ret, struct err *reterr) {
    char until[32];
    const size_t lost = mem_lost();
    json_t *items = json_array(), *changes = json_array();
    size_t n = 0;
    for (size_t i = 0; i < s->room; i++)
        if (s->lines[i].count > 0)
            s->lines[n++] = s->lines[i];
    if (n > 0)
        qsort(s->lines, n, sizeof *s->lines, line_compare);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(items, line_json(s, &s->lines[i]));
    s->room = 0;                               /* the places mean nothing any more */
    for (size_t i = 0; s->changed && i < charter_kinds(s->c, &(const struct kind *){ NULL }); i++)
        for (size_t p = 0; p < charter_kind_at(s->c, (int)i)->part_count; p++)
            json_array_append_new(changes, shift_json(s, charter_kind_at(s->c, (int)i), p, &s->shifts[i][p]));
    json_t *o = json_pack("{s:s, s:O, s:I, s:I}", "until", time_format(s->until, until, sizeof until), "items", items, "records", (json_int_t)s->records, "held", (json_int_t)s->held);
    if (s->changed) {
        json_object_set(o, "changes", changes);
        json_object_set_new(o, "unread", json_integer(s->unread));
    }
    json_decref(items);
    json_decref(changes);
    if (o == NULL || mem_lost() != lost) {
        json_decref(o);
        return no_memory(reterr);
    }
    *ret = o;
    return OK;
}

/* ---- the use cases */

static bool any_stands(const struct hold_row *h, void *arg) {
    *(bool *)arg = h->lifted == 0;
    return h->lifted != 0;
}

static enum code sum_begin(struct sum *s, struct arena *arena, struct err *reterr) {
    const struct kind *kinds;
    const size_t n = charter_kinds(s->c, &kinds);
    s->kinds = arena_array(arena, s->s->kinds + 1, sizeof *s->kinds);
    s->shifts = arena_array(arena, n + 1, sizeof *s->shifts);
    if (s->kinds == NULL || s->shifts == NULL)
        return no_memory(reterr);
    for (size_t i = 0; i < s->s->kinds; i++)
        s->kinds[i] = charter_kind(s->c, service_kind(s->s, (int)i)->kind->name);
    for (size_t i = 0; i < n; i++) {
        s->shifts[i] = arena_array(arena, kinds[i].part_count + 1, sizeof **s->shifts);
        if (s->shifts[i] == NULL)
            return no_memory(reterr);
        memset(s->shifts[i], 0, (kinds[i].part_count + 1) * sizeof **s->shifts);
    }
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s->s->store, s->tenant, &v, reterr);
    return code == OK ? holds_list(view_sql(v), INT64_MAX, any_stands, &s->holds, reterr) : code;
}

enum code due_simulate(struct service *s, int64_t tenant, const struct due_wish *w, json_t **ret, struct err *reterr) {
    PRE(s != NULL && w != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1u << 22);
    struct sum sum = { .s = s, .tenant = tenant, .now = clock_now(), .until = w->until, .c = w->newer != NULL ? w->newer : service_charter(s), .changed = w->newer != NULL, .err = reterr };
    enum code code = arena == NULL ? no_memory(reterr) : OK;
    if (code == OK && w->newer != NULL && strcmp(charter_name(w->newer), charter_name(service_charter(s))) != 0)
        code = err_set(reterr, E_INVALID, "this is the charter of %s, the tenant is one of %s", charter_name(w->newer), charter_name(service_charter(s)));
    if (code == OK)
        code = sum_begin(&sum, arena, reterr);
    if (code == OK)
        code = walk(&sum, reterr);
    if (code == OK)
        code = sum_json(&sum, ret, reterr);
    mem_free(sum.lines);
    return code;
}

/* ---- record by record */

static json_t *text_time(usec_t t) {
    char text[32];
    return t == USEC_NEVER ? json_null() : json_string(time_format(t, text, sizeof text));
}

/* "1767222000000000.12.0193…": due, kind, id of the last one. */
static bool cursor_read(const char *text, struct due_place *ret) {
    const char *dot = strchr(text, '.'), *second = dot == NULL ? NULL : strchr(dot + 1, '.');
    int64_t kind;
    struct due_place at = { .due = 0 };
    if (second == NULL || !text_int_n(text, (size_t)(dot - text), INT64_MIN + 1, INT64_MAX, &at.due) || !text_int_n(dot + 1, (size_t)(second - dot - 1), 0, INT32_MAX, &kind) ||
        !uuid_parse(second + 1, &at.id))
        return false;
    at.kind = (int32_t)kind;
    *ret = at;
    return true;
}

struct listing { struct due_place list[DUE_PAGE + 1]; size_t count, limit; };
static bool list_take(const struct due_place *at, void *arg) {
    struct listing *l = arg;
    l->list[l->count++] = *at;
    return l->count <= l->limit;
}

static enum code one_add(struct service *s, struct sql *q, const struct due_place *at, struct arena *arena, json_t *items, struct err *reterr) {
    const struct kind_info *k = service_kind_by_number(s, at->kind);
    char id[UUID_TEXT];
    struct record r;
    json_t *dues = NULL;
    const struct arena_mark mark = arena_mark(arena);
    enum code code = k == NULL ? OK : record_load(q, k, &at->id, arena, &r, reterr);
    if (code == E_NOT_FOUND || code == E_GONE || k == NULL)
        return OK;
    if (code == OK)
        code = dues_tell(q, &r, kind_all(k->kind), clock_now(), &dues, reterr);
    else if (code == E_DAMAGED)
        code = view_again(q, reterr);
    arena_rewind(arena, mark);
    if (code != OK)
        return code;
    json_t *one = json_pack("{s:s, s:s, s:o, s:o*}", "kind", k->kind->name, "id", uuid_format(&at->id, id), "due", text_time(at->due), "dues", dues);
    return one != NULL && json_array_append_new(items, one) == 0 ? OK : no_memory(reterr);
}

enum code due_records(struct service *s, int64_t tenant, usec_t until, const char *cursor, size_t limit, json_t **ret, struct err *reterr) {
    PRE(s != NULL && limit >= 1 && limit <= DUE_PAGE && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct due_place after = { .due = 0 };
    struct listing *l = arena == NULL ? NULL : arena_get(arena, sizeof *l);
    json_t *items = json_array();
    enum code code = l == NULL || items == NULL ? no_memory(reterr) : OK;
    if (code == OK && cursor != NULL && !cursor_read(cursor, &after))
        code = err_set(reterr, E_INVALID, "cursor must be the next of the page before");
    if (code == OK) {
        l->count = 0;
        l->limit = limit;
        code = store_view(s->store, tenant, &v, reterr);
    }
    if (code == OK)
        code = due_walk(view_sql(v), &after, until, list_take, l, reterr);
    for (size_t i = 0; code == OK && i < l->count && i < limit; i++)
        code = one_add(s, view_sql(v), &l->list[i], arena, items, reterr);
    if (code == OK) {
        char id[UUID_TEXT];
        const struct due_place *last = &l->list[limit - 1];
        json_t *next = l->count > limit ? json_sprintf("%lld.%d.%s", (long long)last->due, (int)last->kind, uuid_format(&last->id, id)) : json_null();
        *ret = json_pack("{s:O, s:o}", "items", items, "next", next);
        code = *ret == NULL ? no_memory(reterr) : OK;
    }
    json_decref(items);
    return code;
}

enum code due_until(const struct charter *c, const char *text, usec_t now, usec_t *ret, struct err *reterr) {
    const struct span day = { .days = 1 }, most = { .days = DEFAULT_DAYS };
    struct civil civil = { 0 };
    if (text == NULL)
        *ret = zone_add(charter_zone(c), now, &most, 1);
    else if (date_parse(text, &civil))
        *ret = zone_add(charter_zone(c), zone_instant(charter_zone(c), &civil), &day, 1) - 1;
    else if (!time_parse(text, ret))
        return err_field(reterr, E_FIELDS, "/until", "this is no day such as 2027-05-31, and no time");
    return OK;
}
