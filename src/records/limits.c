/* limits.c — counters, claims and spans of records.db. A seat is a counter of (kind, limit, parent); those who wait are found
 * in the order of their ids, from a mark that never lies behind the first of them. */
#include "records/limits.h"

#include <stdio.h>
#include <string.h>

#include "ledger/ledger.h"
#include "records/children.h"
#include "records/task.h"

static const struct limit *limit_at(const struct kind_info *k, size_t i) { return &k->kind->limits[i]; }

/* ---- claims */
static bool piece_of(const struct record *r, fieldset set, struct arena *arena, struct buf *ret) {
    for (size_t i = 0; i < r->info->kind->field_count; i++) {
        size_t f = r->info->by_name[i];
        const struct field *field = &r->info->kind->fields[f];
        if ((set >> f & 1) == 0)
            continue;
        if (!r->values[f].set)
            return false;                      /* nothing to be unique by */
        const char *text = field->type == T_EMAIL ? find_fold(field, &r->values[f], arena) : r->values[f].text;
        if (text == NULL)
            return false;
        piece_add(ret, field->name, strlen(field->name));
        piece_add(ret, text, strlen(text));
    }
    return true;
}

static bool claim_of(const struct service *s, const struct index_keys *keys, const struct record *r, size_t i, struct arena *arena, struct claim *ret) {
    const struct limit *l = limit_at(r->info, i);
    AUTO(buf_wipe) struct buf pieces = BUF(TEXT_MAX * 8);
    if (l->type == LIMIT_CAPACITY || !piece_of(r, l->type == LIMIT_UNIQUE ? l->unique : l->overlap, arena, &pieces))
        return !arena_overflowed(arena);
    if (l->type == LIMIT_UNIQUE && l->per_parent)
        piece_add(&pieces, r->parent.bytes, sizeof r->parent.bytes);
    if (l->type == LIMIT_NO_OVERLAP) {
        if (!r->values[l->from_field].set || (l->to_field >= 0 && !r->values[l->to_field].set))
            return true;
        ret->from = r->values[l->from_field].number;
        ret->until = l->to_field >= 0 ? r->values[l->to_field].number : ret->from + 1;
    }
    if (pieces.failed)
        return false;
    ret->has = find_claim(s, keys, r->info, r->tenant, l->type == LIMIT_UNIQUE ? "unique" : "overlap", &pieces, &ret->token, &ret->before);
    ret->generation = keys->generation;
    ret->has_before = keys->has_before;
    return ret->has;
}

enum code limits_claims(const struct service *s, const struct index_keys *keys, const struct record *r, struct arena *arena,
                        struct claim **ret, struct err *reterr) {
    struct claim *list = arena_array(arena, r->info->kind->limit_count, sizeof *list);
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < r->info->kind->limit_count; i++)
        ok = claim_of(s, keys, r, i, arena, &list[i]);
    if (!ok)
        return err_set(reterr, E_MEMORY, "no memory for the limits of a record");
    *ret = list;
    return OK;
}

void limits_check(const struct record *r, struct mistakes *m) {
    for (size_t i = 0; i < r->info->kind->limit_count; i++) {
        const struct limit *l = limit_at(r->info, i);
        char path[96];
        if (l->type != LIMIT_NO_OVERLAP || l->to_field < 0 || !r->values[l->from_field].set || !r->values[l->to_field].set ||
            r->values[l->from_field].number < r->values[l->to_field].number)
            continue;
        snprintf(path, sizeof path, "/%s", r->info->kind->fields[l->to_field].name);
        mistakes_add(m, path, SAYS_order, r->info->kind->fields[l->from_field].name);
    }
}

/* ---- inside the write */
static bool counted(const struct record *r, const struct limit *l) {
    if (l->except_field < 0)
        return true;
    int option = record_option(r, l->except_field);
    return option < 0 || (l->except >> option & 1) == 0;
}

/* A path that names the field of the limit (the first of a set). */
static void refuse(struct draft *d, fieldset set, enum says says) {
    char path[96] = "", names[128] = "";
    size_t n = 0;
    for (size_t i = 0; i < d->rec.info->kind->field_count; i++) {
        if ((set >> i & 1) == 0)
            continue;
        if (path[0] == 0)
            snprintf(path, sizeof path, "/%s", d->rec.info->kind->fields[i].name);
        if (n < sizeof names)
            n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n == 0 ? "" : ", ", d->rec.info->kind->fields[i].name);
    }
    mistakes_add(&d->mistakes, path, says, names);
}

static bool same_claim(const struct claim *a, const struct claim *b) {
    return a->has == b->has && (!a->has || (memcmp(&a->token, &b->token, sizeof a->token) == 0 && a->from == b->from && a->until == b->until));
}

static enum code claim_move(struct txn *t, struct draft *d, size_t i, struct err *reterr) {
    const struct limit *l = limit_at(d->rec.info, i);
    const struct kind_info *k = d->rec.info;
    const struct claim *now = &d->claims[i], *before = d->old == NULL ? NULL : &d->old_claims[i];
    struct mark mark = { now->token, now->generation, now->has_before ? &now->before : NULL };
    bool wants = now->has && counted(&d->rec, l), had = before != NULL && before->has && counted(d->old, l), unique = l->type == LIMIT_UNIQUE;
    enum code code = OK;
    if (!rule_on(unique ? RULE_limits_unique : RULE_limits_no_overlap) || (wants == had && (!wants || same_claim(now, before))))
        return OK;
    if (had)
        code = unique ? claim_drop(t, k->number, k->limits[i], &d->rec.id, reterr) : span_drop(t, k->number, k->limits[i], &d->rec.id, reterr);
    if (code == OK && wants)
        code = unique ? claim_take(t, k->number, k->limits[i], &mark, &d->rec.id, reterr)
                      : span_take(t, k->number, k->limits[i], &mark, now->from, now->until, &d->rec.id, reterr);
    if (code == E_CONFLICT)
        refuse(d, unique ? l->unique : l->overlap, unique ? SAYS_taken : SAYS_overlap);
    return code;
}

/* How many may be in; INT64_MAX: the parent sets no number. */
static enum code seats_of(struct service *s, const struct kind_info *k, size_t i, const struct uuid *scope, struct fact_source *src, int64_t *ret, struct err *reterr) {
    const struct limit *l = limit_at(k, i);
    struct record *parent;
    *ret = l->capacity >= 0 ? l->capacity : INT64_MAX;
    if (l->capacity >= 0 || k->kind->parent < 0)
        return OK;
    enum code code = facts_record(src, k->kind->parent, scope, &parent, reterr);
    if (code == OK && parent != NULL && parent->values[l->capacity_field].set) {
        int64_t v = parent->values[l->capacity_field].number;
        *ret = parent->info->kind->fields[l->capacity_field].type == T_NUMBER ? v / 1000000 : v;
    }
    return code;
}

static enum code count(struct txn *t, const struct kind_info *k, size_t i, const struct uuid *scope, int64_t delta, int64_t *ret, struct err *reterr) {
    return counter_add(t, k->number, k->limits[i], scope, 0, delta, ret, reterr);
}

/* Those who wait: year 1 counts them, year 2 holds the millisecond of the id from which the first is looked for. */
#define WAITING 1
#define MARK 2
static int64_t id_ms(const struct uuid *id) {
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->bytes[i];
    return ms;
}
static struct uuid ms_id(int64_t ms) {
    struct uuid id = { { 0 } };
    for (int i = 5; i >= 0; i--, ms >>= 8)
        id.bytes[i] = (uint8_t)ms;
    return id;
}

static enum code mark_at(struct txn *t, const struct kind_info *k, size_t i, const struct uuid *scope, int64_t to, bool only_lower, struct err *reterr) {
    int64_t now = 0;
    enum code code = counter_get(txn_sql(t), k->number, k->waits[i], scope, MARK, &now, reterr);
    if (code == OK && now != to && (!only_lower || now == 0 || to < now))
        code = counter_add(t, k->number, k->waits[i], scope, MARK, to - now, &now, reterr);
    return code;
}

static enum code waits(struct txn *t, const struct kind_info *k, size_t i, const struct record *r, int64_t delta, struct err *reterr) {
    int64_t now;
    enum code code = counter_add(t, k->number, k->waits[i], &r->parent, WAITING, delta, &now, reterr);
    if (code == OK && delta > 0)
        code = mark_at(t, k, i, &r->parent, id_ms(&r->id), true, reterr);
    return code;
}

static bool set_option(const struct kind_info *k, struct record *r, int field, int option, struct arena *arena) {
    const char *text = k->kind->fields[field].options[option];
    char *json = arena_printf(arena, "\"%s\"", text);
    if (json == NULL)
        return false;
    r->values[field] = (struct value){ .set = true, .json = json, .len = strlen(json), .text = text, .number = option };
    return true;
}

/* One capacity: the record enters the counted state, leaves it, or stays where it is. */
static enum code seat_take(struct txn *t, struct draft *d, size_t i, struct fact_source *src, struct err *reterr) {
    const struct kind_info *k = d->rec.info;
    const struct limit *l = limit_at(k, i);
    int now = record_option(&d->rec, l->state_field), before = d->old == NULL ? -1 : record_option(d->old, l->state_field);
    int64_t seats, taken = 0;
    enum code code = OK;
    if (now == l->full_option && before != l->full_option) {
        code = seats_of(d->s, k, i, &d->rec.parent, src, &seats, reterr);
        if (code == OK)
            code = counter_get(txn_sql(t), k->number, k->limits[i], &d->rec.parent, 0, &taken, reterr);
        if (code != OK)
            return code;
        if (taken >= seats && rule_on(RULE_limits_capacity)) {
            if (d->old != NULL || l->else_option < 0) {
                refuse(d, (fieldset)1 << l->state_field, SAYS_full);
                return err_set(reterr, E_CONFLICT, "all places are taken");
            }
            now = l->else_option;
            if (!set_option(k, &d->rec, l->state_field, now, d->arena))
                return err_set(reterr, E_MEMORY, "no memory for a state");
        } else
            code = count(t, k, i, &d->rec.parent, 1, &taken, reterr);
    }
    if (code == OK && before == l->full_option && now != l->full_option)
        code = count(t, k, i, &d->rec.parent, -1, &taken, reterr);
    if (code == OK && l->else_option >= 0 && now == l->else_option && before != l->else_option)
        code = waits(t, k, i, &d->rec, 1, reterr);
    if (code == OK && l->else_option >= 0 && before == l->else_option && now != l->else_option)
        code = waits(t, k, i, &d->rec, -1, reterr);
    return code;
}

enum code limits_take(struct txn *t, struct draft *d, struct fact_source *src, struct err *reterr) {
    enum code code = OK, first = OK;
    for (size_t i = 0; code == OK && i < d->rec.info->kind->limit_count; i++)
        if (limit_at(d->rec.info, i)->type == LIMIT_CAPACITY)
            code = seat_take(t, d, i, src, reterr);
    for (size_t i = 0; code == OK && i < d->rec.info->kind->limit_count; i++)
        if (limit_at(d->rec.info, i)->type != LIMIT_CAPACITY) {
            code = claim_move(t, d, i, reterr);
            if (code == E_CONFLICT) {          /* all refusals at once */
                first = code;
                code = OK;
            }
        }
    return code == OK ? first : code;
}

/* ---- free seats */
struct first_waiting { const struct kind_info *k; const char *field, *option; struct uuid id; bool found; };
static bool is_waiting(const struct row *row, void *arg) {
    struct first_waiting *f = arg;
    struct slice v;
    size_t n = strlen(f->option);
    if (!canon_get(row->clear, strlen(row->clear), f->field, &v) || v.len != n + 2 || memcmp(v.at + 1, f->option, n) != 0)
        return true;
    f->id = row->id;
    f->found = true;
    return false;
}

static bool moves_when_free(const struct kind_info *k, const struct limit *l) {
    for (size_t i = 0; i < k->kind->move_count; i++) {
        const struct move *m = &k->kind->moves[i];
        if (m->when_free && m->field == l->state_field && m->from == l->else_option && m->to == l->full_option)
            return true;
    }
    return false;
}

static enum code promote(struct txn *t, struct service *s, const struct kind_info *k, size_t i, const struct uuid *id, struct arena *arena,
                         struct looked_up **known, struct err *reterr) {
    const struct limit *l = limit_at(k, i);
    struct record r;
    struct fact_source src = { .s = s, .q = txn_sql(t), .record = &r, .arena = arena, .inside = true, .known = *known };
    char text[UUID_TEXT];
    int64_t now;
    enum code code = record_find(src.q, k, id, arena, &r, reterr);
    if (code != OK)
        return code;
    if (!set_option(k, &r, l->state_field, l->full_option, arena))
        return err_set(reterr, E_MEMORY, "no memory for free seats");
    r.version++;
    r.updated = txn_now(t);
    code = record_rewrite(t, &src, &r, reterr);
    *known = src.known;
    if (code == OK)
        code = count(t, k, i, &r.parent, 1, &now, reterr);
    if (code == OK)
        code = waits(t, k, i, &r, -1, reterr);
    if (code == OK)
        code = mark_at(t, k, i, &r.parent, id_ms(&r.id), false, reterr);
    if (code == OK) {
        json_t *what = json_pack("{s:s, s:s, s:s}", "kind", k->kind->name, "id", uuid_format(&r.id, text), "to", k->kind->fields[l->state_field].options[l->full_option]);
        code = ledger_append(t, "record_moved", "sejf", what, reterr);
        json_decref(what);
    }
    return code;
}

/* Is there a seat, and somebody who waits for it? */
static enum code seat_wanted(struct txn *t, const struct kind_info *k, size_t i, const struct uuid *scope, int64_t seats, bool *ret, int64_t *ret_mark, struct err *reterr) {
    int64_t taken = 0, waiting = 0;
    enum code code = counter_get(txn_sql(t), k->number, k->limits[i], scope, 0, &taken, reterr);
    if (code == OK)
        code = counter_get(txn_sql(t), k->number, k->waits[i], scope, WAITING, &waiting, reterr);
    if (code == OK)
        code = counter_get(txn_sql(t), k->number, k->waits[i], scope, MARK, ret_mark, reterr);
    *ret = taken < seats && waiting > 0;
    return code;
}

#define FILL_MAX 300                          /* seats filled in one write; the rest in further ones */
enum code seats_fill(struct txn *t, struct service *s, const struct kind_info *k, size_t i, const struct uuid *scope,
                     struct arena *arena, struct looked_up **known, bool *ret_more, struct err *reterr) {
    const struct limit *l = limit_at(k, i);
    struct fact_source src = { .s = s, .q = txn_sql(t), .arena = arena, .inside = true, .known = *known };
    int64_t seats, mark = 0;
    bool wanted = true;
    if (l->type != LIMIT_CAPACITY || l->else_option < 0 || !moves_when_free(k, l))
        return OK;
    enum code code = seats_of(s, k, i, scope, &src, &seats, reterr);
    *known = src.known;
    for (int n = 0; code == OK && n < FILL_MAX; n++) {
        struct first_waiting first = { k, k->kind->fields[l->state_field].name, k->kind->fields[l->state_field].options[l->else_option], { { 0 } }, false };
        code = seat_wanted(t, k, i, scope, seats, &wanted, &mark, reterr);
        if (code != OK || !wanted)
            return code;
        struct row_range range = { .kind = k->number, .after = ms_id(mark), .has_parent = k->kind->parent >= 0, .parent = *scope };
        code = rows_list(src.q, &range, is_waiting, &first, reterr);
        if (code != OK || !first.found)
            return code;
        code = promote(t, s, k, i, &first.id, arena, known, reterr);
    }
    if (code == OK)
        code = task_put(t, s, TASK_FILL, k, scope, 0, NULL, reterr);
    *ret_more = *ret_more || code == OK;
    return code;
}

enum code limits_fill(struct txn *t, struct draft *d, struct fact_source *src, struct err *reterr) {
    enum code code = OK;
    const struct kind_info *k = d->rec.info;
    for (size_t i = 0; code == OK && d->old != NULL && i < k->kind->limit_count; i++) {
        const struct limit *l = limit_at(k, i);
        if (l->type == LIMIT_CAPACITY && record_option(d->old, l->state_field) == l->full_option && record_option(&d->rec, l->state_field) != l->full_option)
            code = seats_fill(t, d->s, k, i, &d->rec.parent, d->arena, &src->known, &d->more, reterr);
    }
    for (size_t c = 0; code == OK && d->old != NULL && c < k->child_count; c++) {      /* more seats at the parent */
        const struct kind_info *child = service_kind(d->s, k->children[c]);
        for (size_t i = 0; code == OK && i < child->kind->limit_count; i++)
            if (limit_at(child, i)->type == LIMIT_CAPACITY && limit_at(child, i)->capacity < 0 && (d->changed >> limit_at(child, i)->capacity_field & 1) != 0)
                code = seats_fill(t, d->s, child, i, &d->rec.id, d->arena, &src->known, &d->more, reterr);
    }
    return code;
}

static enum code seat_release(struct txn *t, const struct record *r, size_t i, struct err *reterr) {
    const struct limit *l = limit_at(r->info, i);
    int option = record_option(r, l->state_field);
    int64_t now;
    if (option == l->full_option)
        return count(t, r->info, i, &r->parent, -1, &now, reterr);
    return l->else_option >= 0 && option == l->else_option ? waits(t, r->info, i, r, -1, reterr) : OK;
}

enum code limits_release(struct txn *t, struct service *s, const struct record *r, struct err *reterr) {
    enum code code = OK;
    (void)s;
    for (size_t i = 0; code == OK && i < r->info->kind->limit_count; i++)
        if (limit_at(r->info, i)->type == LIMIT_CAPACITY)      /* claims and spans go with the row */
            code = seat_release(t, r, i, reterr);
    return code;
}

static fieldset bit_of(int field) { return field < 0 ? 0 : (fieldset)1 << field; }

enum code limits_release_some(struct txn *t, const struct record *r, fieldset gone, struct err *reterr) {
    const struct kind_info *k = r->info;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < k->kind->limit_count; i++) {
        const struct limit *l = limit_at(k, i);
        if (l->type == LIMIT_CAPACITY && (gone & bit_of(l->state_field)) != 0)
            code = seat_release(t, r, i, reterr);
        else if (l->type == LIMIT_UNIQUE && (gone & l->unique) != 0)
            code = claim_drop(t, k->number, k->limits[i], &r->id, reterr);
        else if (l->type == LIMIT_NO_OVERLAP && (gone & (l->overlap | bit_of(l->from_field) | bit_of(l->to_field))) != 0)
            code = span_drop(t, k->number, k->limits[i], &r->id, reterr);
    }
    return code;
}

/* ---- numbers */
enum code limits_number(struct txn *t, struct draft *d, struct err *reterr) {
    const struct number_format *f = &d->rec.info->kind->number;
    struct uuid scope = { { 0 } };
    int64_t n = 1;
    enum code code = OK;
    if (!f->set)
        return OK;
    if (f->scope == PER_PARENT)
        scope = d->rec.parent;
    int year = zone_civil(charter_zone(d->s->charter), txn_now(t)).year;
    if (rule_on(RULE_numbers_counted))
        code = counter_add(t, d->rec.info->number, d->rec.info->numbering, &scope, f->year ? year : 0, 1, &n, reterr);
    if (code != OK)
        return code;
    char years[16] = "";
    if (f->year)
        snprintf(years, sizeof years, "%d%s", year, f->after_year == NULL ? "" : f->after_year);
    d->rec.number = arena_printf(d->arena, "%s%s%0*lld", f->prefix == NULL ? "" : f->prefix, years, f->digits, (long long)n);
    return d->rec.number == NULL ? err_set(reterr, E_MEMORY, "no memory for a number") : OK;
}

/* ---- counted and claimed anew, under a charter that has changed */
enum code limits_claim_again(struct txn *t, const struct record *r, const struct claim *claims, struct err *reterr) {
    const struct kind_info *k = r->info;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < k->kind->limit_count; i++) {
        const struct limit *l = limit_at(k, i);
        const struct claim *c = &claims[i];
        struct mark mark = { c->token, c->generation, c->has_before ? &c->before : NULL };
        if (l->type == LIMIT_CAPACITY)
            continue;
        code = l->type == LIMIT_UNIQUE ? claim_drop(t, k->number, k->limits[i], &r->id, reterr) : span_drop(t, k->number, k->limits[i], &r->id, reterr);
        if (code == OK && c->has && counted(r, l))
            code = l->type == LIMIT_UNIQUE ? claim_take(t, k->number, k->limits[i], &mark, &r->id, reterr)
                                           : span_take(t, k->number, k->limits[i], &mark, c->from, c->until, &r->id, reterr);
        if (code == E_CONFLICT)
            code = OK;
    }
    return code;
}

struct tally { const char *field, *full, *waiting; int64_t taken, waits, mark; };
static bool option_is(const char *clear, const char *field, const char *option) {
    struct slice v;
    return option != NULL && canon_get(clear, strlen(clear), field, &v) && v.len == strlen(option) + 2 && memcmp(v.at + 1, option, v.len - 2) == 0;
}
static bool tally_row(const struct row *row, void *arg) {
    struct tally *c = arg;
    c->taken += option_is(row->clear, c->field, c->full);
    if (option_is(row->clear, c->field, c->waiting) && c->waits++ == 0)
        c->mark = id_ms(&row->id);
    return true;
}

static enum code counter_set(struct txn *t, int32_t kind, int32_t rule, const struct uuid *scope, int64_t year, int64_t to, struct err *reterr) {
    int64_t now = 0;
    enum code code = counter_get(txn_sql(t), kind, rule, scope, year, &now, reterr);
    return code == OK && now != to ? counter_add(t, kind, rule, scope, year, to - now, &now, reterr) : code;
}

enum code limits_recount(struct txn *t, struct service *s, const struct kind_info *k, size_t i, const struct uuid *scope, struct err *reterr) {
    const struct limit *l = limit_at(k, i);
    const struct field *f = &k->kind->fields[l->state_field];
    struct tally c = { f->name, f->options[l->full_option], l->else_option < 0 ? NULL : f->options[l->else_option], 0, 0, 0 };
    struct row_range range = { .kind = k->number, .has_parent = k->kind->parent >= 0, .parent = *scope };
    enum code code = rows_list(txn_sql(t), &range, tally_row, &c, reterr);
    if (code == OK)
        code = counter_set(t, k->number, k->limits[i], scope, 0, c.taken, reterr);
    if (code == OK)
        code = counter_set(t, k->number, k->waits[i], scope, WAITING, c.waits, reterr);
    if (code == OK && c.waits > 0)
        code = counter_set(t, k->number, k->waits[i], scope, MARK, c.mark, reterr);
    if (code == OK && c.waits > 0)             /* there may be seats now */
        code = task_put(t, s, TASK_FILL, k, scope, 0, NULL, reterr);
    return code;
}
