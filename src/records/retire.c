/* retire.c — records are read, and what is left of one that stays is opened, outside of the write; inside it each is held against its row
 * and judged once more. A batch that cannot be written as a whole is written record by record, so that one of them stops no other. */
#include "records/retire.h"

#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "records/doom.h"
#include "records/erase.h"
#include "records/held.h"
#include "records/keys.h"
#include "records/limits.h"
#include "records/task.h"

enum fate { NOT_THERE, STAYS, MOVED, PARTS_GO, ALL_GOES };
struct plan {
    struct record r; enum fate fate; uint64_t gone, used;
    usec_t stored;                             /* the due date of its row */
    bool left_out, failed;                     /* not in the write; or it could not be read */
    struct found_by found;
    enum fate became;                          /* in the write that was last tried */
};
struct retiring {
    struct service *s; int64_t tenant; struct arena *arena;
    const struct retire_terms *terms;          /* NULL: by the owner's word */
    struct index_keys keys; bool keyed, anew;
    struct plan *list; size_t count;
    size_t only;                               /* in the write: this one alone; SIZE_MAX: all */
    struct erasure e; struct retired *ret;
};

/* ---- what goes, by what is known at this moment */
static enum code held_of(struct retiring *w, struct sql *q, const struct record *r, usec_t now, uint64_t *ret, struct err *reterr) {
    unsigned by = w->terms != NULL ? HELD_BY_PERSON : HELD_BY_LAW | HELD_BY_PERSON;
    return held_parts(q, r, now, by, ret, reterr);
}

static uint64_t parts_over(const struct record *r, usec_t now) {
    uint64_t over = 0;
    for (size_t i = 0; i < r->info->kind->part_count; i++)
        over |= record_uses_part(r, (int)i) && r->parts[i].due <= now ? (uint64_t)1 << i : 0;
    return over;
}

/* Leaves those parts of *gone whose date the gate lets pass. */
static enum code pass_gate(struct retiring *w, struct sql *q, const struct record *r, uint64_t *gone, struct err *reterr) {
    usec_t asked = USEC_NEVER;                 /* parts of one date are asked for once */
    bool may = true;
    enum code code = OK;
    for (size_t i = 0; code == OK && w->terms->gate != NULL && i < r->info->kind->part_count; i++) {
        if ((*gone >> i & 1) == 0)
            continue;
        if (r->parts[i].due != asked)
            code = w->terms->gate(w->terms->arg, q, r, r->parts[i].due, w->terms->now, &may, reterr);
        asked = r->parts[i].due;
        *gone &= may ? UINT64_MAX : ~((uint64_t)1 << i);
    }
    return code;
}

/* r holds the dates as they are stored, and those that the charter explains afterwards. */
static enum code judge(struct retiring *w, struct fact_source *src, usec_t stored, uint64_t *ret_gone, enum fate *ret, struct err *reterr) {
    struct record *r = src->record;
    const usec_t now = w->terms != NULL ? w->terms->now : clock_now();
    uint64_t used = parts_used(r), gone = used, held = 0;
    enum code code = facts_due(src, now, reterr);
    if (code == OK && w->terms != NULL)
        gone = parts_over(r, now);
    *ret = STAYS;
    if (code == OK && gone == 0)
        *ret = w->terms != NULL && r->due != stored ? MOVED : STAYS;
    if (code != OK || gone == 0)
        return code;
    code = held_of(w, src->q, r, now, &held, reterr);
    gone &= ~held;
    if (code == OK && gone == 0)
        w->ret->held++;
    if (code != OK || gone == 0)
        return code;
    if (w->terms != NULL)
        code = pass_gate(w, src->q, r, &gone, reterr);
    w->ret->waiting += code == OK && gone == 0;
    if (code != OK || gone == 0)
        return code;
    *ret_gone = gone;
    *ret = gone == used ? ALL_GOES : PARTS_GO;
    return OK;
}

/* ---- outside of the write */
static void failed(struct retiring *w, struct plan *p, const struct err *why) {
    p->failed = p->left_out = true;
    w->ret->failed++;
    w->ret->why = *why;
}

static enum code look_one(struct retiring *w, struct sql *q, const struct retire_id *id, struct plan *p, struct looked_up **known, struct err *reterr) {
    struct fact_source src = { .s = w->s, .q = q, .record = &p->r, .arena = w->arena, .inside = true, .known = *known };
    const struct kind_info *k = service_kind_by_number(w->s, id->kind);
    p->left_out = true;
    if (k == NULL)                             /* a task, or of a kind that the charter has no more */
        return OK;
    enum code code = record_load(q, k, &id->id, w->arena, &p->r, reterr);
    if (code == OK) {
        p->stored = p->r.due;
        code = judge(w, &src, p->stored, &p->gone, &p->fate, reterr);
    }
    *known = src.known;
    p->left_out = code != OK || p->fate == STAYS;
    if (code == E_NOT_FOUND || code == E_GONE)
        return OK;
    if (code == E_DAMAGED) {
        failed(w, p, reterr);
        return view_again(q, reterr);
    }
    return code;
}

static enum code look(struct retiring *w, const struct retire_id *ids, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct looked_up *known = NULL;
    enum code code = store_view(w->s->store, w->tenant, &v, reterr);
    for (size_t i = 0; code == OK && i < w->count; i++)
        code = look_one(w, view_sql(v), &ids[i], &w->list[i], &known, reterr);
    return code;
}

/* Keys of what goes, appended. */
static size_t keys_of(const struct plan *p, key_id *ret) {
    size_t n = 0;
    for (size_t i = 0; i < p->r.info->kind->part_count; i++)
        if ((p->gone >> i & 1) != 0 && p->r.parts[i].has)
            ret[n++] = p->r.parts[i].key;
    return n;
}

static bool goes(const struct plan *p) { return !p->left_out && p->fate >= PARTS_GO; }

/* What would go ahead of the month that its key was made for is limited: a date that was moved by mistake is not worth all records. */
static enum code ahead_check(struct retiring *w, struct err *reterr) {
    key_id *ids = arena_array(w->arena, w->count * FIELDS_MAX, sizeof *ids);
    uint64_t ahead = 0;
    size_t n = 0;
    if (ids == NULL)
        return err_set(reterr, E_MEMORY, "no memory for keys");
    for (size_t i = 0; i < w->count; i++)
        n += goes(&w->list[i]) ? keys_of(&w->list[i], ids + n) : 0;
    enum code code = n == 0 ? OK : keeper_ahead(w->s->keeper, w->tenant, ids, n, &ahead, reterr);
    if (code != OK)
        return code;
    if (ahead <= *w->terms->early) {
        *w->terms->early -= ahead;
        return OK;
    }
    for (size_t i = 0; code == OK && i < w->count; i++) {
        struct plan *p = &w->list[i];
        if (!goes(p))
            continue;
        ahead = 0;
        n = keys_of(p, ids);
        code = n == 0 ? OK : keeper_ahead(w->s->keeper, w->tenant, ids, n, &ahead, reterr);
        p->left_out = code != OK || ahead > *w->terms->early;
        w->ret->early += p->left_out;
        *w->terms->early -= p->left_out ? 0 : ahead;
    }
    return code;
}

/* Is anything that stays sealed needed to say what the record is found by from now on? */
static bool needs_open(const struct plan *p) {
    const struct kind *k = p->r.info->kind;
    fieldset left = p->r.info->found & ~k->outside & ~erase_fields(k, p->gone);
    for (size_t i = 0; i < k->field_count; i++)
        if ((left >> i & 1) != 0 && p->r.parts[k->fields[i].part].has)
            return true;
    return false;
}

/* A copy, so that what goes is never opened. What cannot be read is not found either. */
static enum code open_left(struct retiring *w, const struct plan *p, struct record *ret, struct err *reterr) {
    const struct kind *k = p->r.info->kind;
    struct value *values = arena_array(w->arena, k->field_count, sizeof *values);
    struct part_state *parts = arena_array(w->arena, k->part_count, sizeof *parts);
    struct record *r = ret;
    if (values == NULL || parts == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    *r = p->r;
    r->values = memcpy(values, p->r.values, k->field_count * sizeof *values);
    r->parts = memcpy(parts, p->r.parts, k->part_count * sizeof *parts);
    r->stray_count = 0;
    for (size_t i = 0; i < k->part_count; i++)
        r->parts[i].has = r->parts[i].has && (p->gone >> i & 1) == 0;
    enum code code = needs_open(p) ? records_open(w->s, &r, 1, w->arena, reterr) : OK;
    for (size_t i = 0; i < k->field_count; i++)
        if ((erase_fields(k, p->gone) >> i & 1) != 0)
            r->values[i] = (struct value){ 0 };
    return code;
}

static enum code prepare(struct retiring *w, struct plan *p, struct err *reterr) {
    struct record left;
    enum code code = open_left(w, p, &left, reterr);
    if (code == OK && !w->keyed && p->r.info->found != 0) {
        code = index_keys_of(w->s, w->tenant, w->anew, &w->keys, reterr);
        w->keyed = code == OK;
    }
    p->found = (struct found_by){ .generation = w->keys.generation };
    if (code == OK && p->r.info->found != 0)
        code = find_tokens(w->s, &w->keys, &left, kind_all(left.info->kind), w->arena, &p->found.tokens, reterr);
    return code == OK ? find_sorted(&left, w->arena, &p->found.sorted, &p->found.sorted_count, reterr) : code;
}

static enum code prepare_all(struct retiring *w, bool anew, struct err *reterr) {
    enum code code = OK;
    w->anew = anew;
    w->keyed = w->keyed && !anew;
    for (size_t i = 0; code == OK && i < w->count; i++)
        if (!w->list[i].left_out && w->list[i].fate == PARTS_GO) {
            code = prepare(w, &w->list[i], reterr);
            if (code == E_DAMAGED) {
                failed(w, &w->list[i], reterr);
                code = OK;
            }
        }
    return code;
}

/* ---- inside it */
/* A record of its own for this try. */
static enum code again(struct retiring *w, const struct plan *p, struct record *ret, struct err *reterr) {
    const struct kind *k = p->r.info->kind;
    struct value *values = arena_array(w->arena, k->field_count, sizeof *values);
    struct part_state *parts = arena_array(w->arena, k->part_count, sizeof *parts);
    if (values == NULL || parts == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    *ret = p->r;
    ret->values = memcpy(values, p->r.values, k->field_count * sizeof *values);
    ret->parts = memcpy(parts, p->r.parts, k->part_count * sizeof *parts);
    return OK;
}

static enum code seats_follow(struct txn *t, struct retiring *w, const struct record *r, struct looked_up **known, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < r->info->kind->limit_count; i++)
        code = seats_fill(t, w->s, r->info, i, &r->parent, w->arena, known, &w->e.more, reterr);
    return code;
}

/* Is the row as it was read? One that goes as a whole is asked by the statement that takes it away. */
static enum code stands(struct txn *t, const struct plan *p, bool *ret, struct err *reterr) {
    struct row row;
    *ret = true;
    if (p->fate == ALL_GOES)
        return OK;
    enum code code = row_get(txn_sql(t), p->r.info->number, &p->r.id, &row, reterr);
    *ret = code == OK && row.change == p->r.change;
    return code == E_NOT_FOUND || code == E_GONE ? OK : code;
}

static enum code go_one(struct txn *t, struct retiring *w, struct plan *p, struct looked_up **known, struct err *reterr) {
    struct record r;
    enum fate fate = STAYS;
    uint64_t gone = 0;
    bool there = false;
    p->became = NOT_THERE;
    enum code code = stands(t, p, &there, reterr);
    if (code != OK || !there)
        return code;
    code = again(w, p, &r, reterr);
    if (code != OK)
        return code;
    struct fact_source src = { .s = w->s, .q = txn_sql(t), .record = &r, .arena = w->arena, .inside = true, .known = *known };
    struct retired count = *w->ret;
    code = judge(w, &src, p->stored, &gone, &fate, reterr);
    *w->ret = count;                           /* what stays was counted when it was looked at first */
    *known = src.known;
    if (code != OK || fate != p->fate || (fate == PARTS_GO && gone != p->gone))
        return code;
    w->e.counting = w->terms != NULL;
    r.version += fate == MOVED;                /* the date is shown with the record */
    if (fate == MOVED)
        code = record_rewrite(t, &src, &r, reterr);
    else if (fate == PARTS_GO)
        code = erase_parts(t, &w->e, &src, gone, &p->found, reterr);
    else
        code = erase_loaded(t, &w->e, &r, &there, reterr);
    *known = src.known;
    p->became = there ? fate : NOT_THERE;
    return code;
}

/* Once for those of one parent that follow one another, as they do in the order of dates. */
static enum code seats_follow_all(struct txn *t, struct retiring *w, struct looked_up **known, struct err *reterr) {
    const struct plan *last = NULL;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < w->count; i++) {
        const struct plan *p = &w->list[i];
        if (p->left_out || (w->only != SIZE_MAX && w->only != i) || p->became < PARTS_GO)
            continue;
        if (last == NULL || last->r.info != p->r.info || uuid_compare(&last->r.parent, &p->r.parent) != 0)
            code = seats_follow(t, w, &p->r, known, reterr);
        last = p;
    }
    return code;
}

static enum code go(struct txn *t, void *arg, struct err *reterr) {
    struct retiring *w = arg;
    struct looked_up *known = NULL;
    enum code code = OK;
    erasure_again(&w->e);
    w->e.budget = CHILDREN_NOW;
    for (size_t i = 0; code == OK && i < w->count; i++)
        if (!w->list[i].left_out && (w->only == SIZE_MAX || w->only == i))
            code = go_one(t, w, &w->list[i], &known, reterr);
    if (code == OK)
        code = seats_follow_all(t, w, &known, reterr);
    if (code == OK && json_object_size(w->e.counts) > 0) {
        json_t *what = json_pack("{s:s, s:O}", "because", w->e.cause, "erased", w->e.counts);
        code = ledger_append(t, "parts_erased", "sejf", what, reterr);
        json_decref(what);
    }
    if (code == OK)
        code = erasure_note(t, &w->e, reterr);
    return code == OK && w->e.failed ? err_set(reterr, E_MEMORY, "no memory for an erasure") : code;
}

/* ---- and after it */
static void tell(struct retiring *w) {
    for (size_t i = 0; i < w->count; i++) {
        struct plan *p = &w->list[i];
        if (p->left_out || (w->only != SIZE_MAX && w->only != i))
            continue;
        w->ret->records += p->became == ALL_GOES;
        w->ret->parts += p->became == PARTS_GO ? __builtin_popcountll(p->gone) : 0;
        w->ret->moved += p->became == MOVED;
        w->ret->skipped += p->became == NOT_THERE;
    }
}

#define BAG 4096u                             /* as many as the keeper takes at once */
void key_bag_done(struct key_bag *bag) {
    mem_free(bag->keys);
    *bag = (struct key_bag){ 0 };
}

enum code retire_settle(struct service *s, int64_t tenant, struct key_bag *bag, struct err *reterr) {
    PRE(s != NULL && bag != NULL && reterr != NULL);
    size_t count = bag->count;
    bag->count = 0;
    return doom_now(s, tenant, bag->keys, count, reterr);
}

/* False: there is no bag, or no memory for more. */
static bool bag_add(struct key_bag *bag, const key_id *keys, size_t count) {
    if (bag == NULL)
        return false;
    if (bag->room - bag->count < count) {
        size_t room = bag->count + count + BAG;
        key_id *more = mem_grow(bag->keys, room, sizeof *more);
        if (more == NULL)
            return false;
        bag->keys = more;
        bag->room = room;
    }
    if (count > 0)
        memcpy(bag->keys + bag->count, keys, count * sizeof *keys);
    bag->count += count;
    return true;
}

/* What could not be done after the write stands noted, and the upkeep does it. */
static void settle(struct retiring *w) {
    struct err later;
    struct key_bag *bag = w->terms != NULL ? w->terms->bag : NULL;
    tell(w);
    enum code code = !bag_add(bag, w->e.keys, w->e.key_count) ? erasure_settle(&w->e, &later) : bag->count >= BAG ? retire_settle(w->s, w->tenant, bag, &later) : OK;
    if (code == OK && w->e.more)
        (void)!tasks_run(w->s, w->tenant, NULL, &later);
}

static enum code write_all(struct retiring *w, struct err *reterr) {
    w->only = SIZE_MAX;
    enum code code = store_write(w->s->store, w->tenant, go, w, reterr);
    if (code == OK)
        settle(w);
    return code;
}

/* One after the other: each that fails is counted, and the others go on. */
static void write_each(struct retiring *w) {
    struct err why;
    for (size_t i = 0; i < w->count; i++) {
        if (w->list[i].left_out)
            continue;
        w->only = i;
        if (store_write(w->s->store, w->tenant, go, w, &why) == OK)
            settle(w);
        else
            failed(w, &w->list[i], &why);
    }
}

static bool of_all(enum code code) { return code == E_BUSY || code == E_MEMORY || code == E_FULL; }

static enum code retire(struct retiring *w, const struct retire_id *ids, struct err *reterr) {
    bool any = false;
    enum code code = look(w, ids, reterr);
    if (code == OK && w->terms != NULL)
        code = ahead_check(w, reterr);
    if (code == OK)
        code = prepare_all(w, false, reterr);
    for (size_t i = 0; i < w->count; i++)
        any = any || !w->list[i].left_out;
    if (code != OK || !any)
        return code;
    code = write_all(w, reterr);
    if (code == E_STALE) {                     /* the index key was renewed under our hands */
        code = prepare_all(w, true, reterr);
        if (code == OK)
            code = write_all(w, reterr);
    }
    if (code == OK || of_all(code))
        return code;
    write_each(w);
    return OK;
}

#define RETIRE_MEMORY ((size_t)1 << 28)
/* Records of the largest size go by themselves. */
static enum code retire_halves(struct service *s, int64_t tenant, const struct retire_id *ids, size_t count, const struct retire_terms *terms, struct retired *ret, struct err *reterr) {
    enum code code = retire_some(s, tenant, ids, count / 2, terms, ret, reterr);
    return code == OK ? retire_some(s, tenant, ids + count / 2, count - count / 2, terms, ret, reterr) : code;
}

enum code retire_some(struct service *s, int64_t tenant, const struct retire_id *ids, size_t count, const struct retire_terms *terms, struct retired *ret, struct err *reterr) {
    PRE(s != NULL && ids != NULL && count <= RETIRE_MAX && terms != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(RETIRE_MEMORY);
    struct retiring w = { .s = s, .tenant = tenant, .arena = arena, .terms = terms, .count = count, .ret = ret, .e = { .s = s, .tenant = tenant, .cause = "due", .by = "sejf",
                          .asks = HELD_BY_LAW | HELD_BY_PERSON } };
    if (arena == NULL || (w.list = arena_array(arena, count, sizeof *w.list)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an erasure");
    enum code code = rule_on(RULE_retention_due) ? retire(&w, ids, reterr) : OK;
    crypto_wipe(&w.keys, sizeof w.keys);
    erasure_done(&w.e);
    return code == E_MEMORY && count > 1 && arena_overflowed(arena) ? retire_halves(s, tenant, ids, count, terms, ret, reterr) : code;
}

enum code retire_rests(struct service *s, int64_t tenant, const struct retire_id *ids, size_t count, const char *cause, struct retired *ret, struct err *reterr) {
    PRE(s != NULL && (ids != NULL || count == 0) && count <= RETIRE_MAX && cause != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(RETIRE_MEMORY);
    struct retiring w = { .s = s, .tenant = tenant, .arena = arena, .count = count, .ret = ret, .e = { .s = s, .tenant = tenant, .cause = cause, .by = "sejf", .asks = HELD_BY_LAW | HELD_BY_PERSON } };
    if (count == 0)
        return OK;
    if (arena == NULL || (w.list = arena_array(arena, count, sizeof *w.list)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an erasure");
    enum code code = retire(&w, ids, reterr);
    crypto_wipe(&w.keys, sizeof w.keys);
    erasure_done(&w.e);
    if (code != E_MEMORY || count == 1 || !arena_overflowed(arena))
        return code;
    code = retire_rests(s, tenant, ids, count / 2, cause, ret, reterr);
    return code == OK ? retire_rests(s, tenant, ids + count / 2, count - count / 2, cause, ret, reterr) : code;
}

enum code retire_rest(struct service *s, int64_t tenant, const struct kind_info *k, const struct uuid *id, const char *cause, json_t *counts, struct err *reterr) {
    PRE(s != NULL && k != NULL && id != NULL && cause != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct retire_id one = { k->number, *id };
    struct retired ret = { 0 };
    struct retiring w = { .s = s, .tenant = tenant, .arena = arena, .count = 1, .ret = &ret, .only = SIZE_MAX,
                          .e = { .s = s, .tenant = tenant, .cause = cause, .by = "sejf", .asks = HELD_BY_LAW | HELD_BY_PERSON } };
    if (arena == NULL || (w.list = arena_array(arena, 1, sizeof *w.list)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an erasure");
    enum code code = look(&w, &one, reterr);
    if (code == OK)
        code = prepare_all(&w, false, reterr);
    if (code == OK && w.list[0].failed) {
        *reterr = ret.why;
        code = ret.why.code;
    }
    if (code == OK && !w.list[0].left_out)
        code = store_write(s->store, tenant, go, &w, reterr);
    if (code == OK && counts != NULL)
        counts_add(counts, w.e.counts);
    if (code == OK)
        code = erasure_settle(&w.e, reterr);
    crypto_wipe(&w.keys, sizeof w.keys);
    erasure_done(&w.e);
    return code;
}
