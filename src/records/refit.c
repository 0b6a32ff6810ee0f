/* refit.c — records are read and opened outside of the write; inside it each is held against its row once more. */
#include "records/refit.h"

#include <string.h>

#include "records/children.h"
#include "records/draft.h"
#include "records/find.h"
#include "records/keys.h"
#include "records/limits.h"
#include "records/task.h"

/* REFIT_MAX records of the largest size, opened and sealed anew, and what they belong to. */
#define REFIT_MEMORY ((size_t)1 << 30)

struct fit {
    struct record r; bool there, damaged, overtaken;
    struct draft draft;                        /* of a record that moves its fields */
    struct token_list tokens; struct sorted_value *sorted; size_t sorted_count; struct claim *claims;
};
struct fitting {
    struct service *s; int64_t tenant; struct arena *arena; struct index_keys keys; struct index_keys none;
    struct fit *list; size_t count; bool everything;
};

/* ---- outside of the write: a record that cannot be read must not keep the others from being brought in line. It is left as it is, and counted. */
static enum code load(struct fitting *f, const struct refit_id *ids, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(f->s->store, f->tenant, &v, reterr);
    for (size_t i = 0; code == OK && i < f->count; i++) {
        code = record_load(view_sql(v), ids[i].k, &ids[i].id, f->arena, &f->list[i].r, reterr);
        f->list[i].there = code == OK;
        f->list[i].damaged = code == E_DAMAGED;
        if (code == E_DAMAGED)
            code = view_again(view_sql(v), reterr);
        else if (code == E_NOT_FOUND || code == E_GONE)
            code = OK;
    }
    return code;
}

static enum code open_all(struct fitting *f, struct err *reterr) {
    struct record *list[REFIT_MAX];
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++)
        if (f->list[i].there)
            list[n++] = &f->list[i].r;
    enum code code = n == 0 ? OK : records_open(f->s, list, n, f->arena, reterr);
    for (size_t i = 0; code == OK && i < f->count; i++)
        if (f->list[i].there && f->list[i].r.damage != NULL) {
            f->list[i].there = false;
            f->list[i].damaged = true;
        }
    return code;
}

static enum code prepare(struct fitting *f, struct fit *one, struct err *reterr) {
    one->tokens = (struct token_list){ 0 };
    enum code code = find_tokens(f->s, &f->keys, &one->r, kind_all(one->r.info->kind), f->arena, &one->tokens, reterr);
    if (code == OK)
        code = find_sorted(&one->r, f->arena, &one->sorted, &one->sorted_count, reterr);
    if (code == OK && f->everything)
        code = limits_claims(f->s, &f->keys, &one->r, f->arena, &one->claims, reterr);
    return code;
}

/* The record as it is, with every field where it belongs. */
static enum code draft_begin(struct fitting *f, struct fit *one, struct err *reterr) {
    struct draft *d = &one->draft;
    const struct kind *k = one->r.info->kind;
    *d = (struct draft){ .s = f->s, .arena = f->arena, .keys = &f->none, .old = &one->r, .quiet = true };
    struct fact_source src = { .s = f->s, .record = &d->rec, .arena = f->arena, .now = clock_now() };
    enum code code = record_blank(one->r.info, f->tenant, f->arena, &d->rec, reterr);
    if (code != OK)
        return code;
    struct value *values = d->rec.values;
    struct part_state *parts = d->rec.parts;
    d->rec = one->r;
    d->rec.values = memcpy(values, one->r.values, k->field_count * sizeof *values);
    d->rec.parts = memcpy(parts, one->r.parts, k->part_count * sizeof *parts);
    code = draft_prepare(d, &src, reterr);
    facts_end(&src);
    return code;
}

static enum code drafts_begin(struct fitting *f, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && f->everything && i < f->count; i++) {
        struct fit *one = &f->list[i];
        if (!one->there || !one->r.moved)
            continue;
        code = draft_begin(f, one, reterr);
        if (code == E_GONE) {                  /* erased meanwhile */
            one->there = false;
            code = OK;
        }
    }
    return code;
}

/* ---- inside it */
/* Due dates that the charter explains otherwise now. */
static enum code row_fit(struct txn *t, struct fitting *f, struct fit *one, struct looked_up **known, struct err *reterr) {
    struct record *r = &one->r;
    struct fact_source src = { .s = f->s, .q = txn_sql(t), .record = r, .arena = f->arena, .inside = true, .known = *known, .now = txn_now(t) };
    size_t parts = r->info->kind->part_count;
    struct part_state *stored = arena_array(f->arena, parts, sizeof *stored);
    usec_t due = r->due;
    if (stored == NULL)
        return err_set(reterr, E_MEMORY, "no memory to refit records");
    memcpy(stored, r->parts, parts * sizeof *stored);
    enum code code = facts_due(&src, src.now, reterr);
    *known = src.known;
    bool moved = r->due != due;
    for (size_t i = 0; i < parts; i++)
        moved = moved || (stored[i].has && stored[i].due != r->parts[i].due);
    memcpy(r->parts, stored, parts * sizeof *stored);
    r->version += code == OK && moved;         /* the date is shown with the record */
    if (code == OK && moved)
        code = record_rewrite(t, &src, r, reterr);
    *known = src.known;
    return code;
}

static enum code write_one(struct txn *t, struct fitting *f, struct fit *one, struct looked_up **known, struct err *reterr) {
    struct row row;
    const struct record *r = &one->r;
    enum code code = row_get(txn_sql(t), r->info->number, &r->id, &row, reterr);
    one->overtaken = code == E_NOT_FOUND || code == E_GONE || (code == OK && row.version != r->version);
    if (one->overtaken)
        return OK;                             /* erased meanwhile, and its entries with it; or written anew, with its index */
    if (code != OK)
        return code;
    if (f->everything)
        code = r->moved ? draft_write(t, &one->draft, known, reterr) : row_fit(t, f, one, known, reterr);
    if (code == OK && f->everything)
        code = limits_claim_again(t, r, one->claims, reterr);
    if (code == OK)
        code = index_put(t, r->info->number, &r->id, f->keys.generation, one->tokens.list, one->tokens.count, one->sorted, one->sorted_count, reterr);
    return code;
}

static enum code fit_write(struct txn *t, void *arg, struct err *reterr) {
    struct fitting *f = arg;
    struct looked_up *known = NULL;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < f->count; i++)
        if (f->list[i].there)
            code = write_one(t, f, &f->list[i], &known, reterr);
    return code;
}

/* Keys above the cap of a day wait until a person confirms; they are noted in the store. */
static enum code drafts_end(struct fitting *f, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; i < f->count; i++) {
        struct draft *d = &f->list[i].draft;
        if (d->s == NULL)
            continue;
        if (d->written && code == OK && (code = draft_settle(d, reterr)) == E_TOO_MANY)
            code = OK;
        draft_end(d);
    }
    return code;
}

static enum code prepare_and_write(struct fitting *f, bool anew, struct err *reterr) {
    enum code code = index_keys_of(f->s, f->tenant, anew, &f->keys, reterr);
    for (size_t i = 0; code == OK && i < f->count; i++)
        if (f->list[i].there)
            code = prepare(f, &f->list[i], reterr);
    if (code != OK)
        return code;
    code = store_write(f->s->store, f->tenant, fit_write, f, reterr);
    for (size_t i = 0; i < f->count; i++)
        if (f->list[i].draft.s != NULL && (code != OK || !f->list[i].overtaken))
            draft_answered(&f->list[i].draft, code);
    return code;
}

enum code refit_some(struct service *s, int64_t tenant, const struct refit_id *ids, size_t count, bool everything, size_t *ret_damaged, struct err *reterr) {
    PRE(count <= REFIT_MAX);
    AUTO(arena_free) struct arena *arena = arena_new(REFIT_MEMORY);
    struct fitting f = { .s = s, .tenant = tenant, .arena = arena, .count = count, .everything = everything };
    struct err late;
    if (arena == NULL || (f.list = arena_array(arena, count, sizeof *f.list)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory to refit records");
    enum code code = load(&f, ids, reterr);
    if (code == OK)
        code = open_all(&f, reterr);
    if (code == OK)
        code = drafts_begin(&f, reterr);
    if (code == OK)
        code = prepare_and_write(&f, false, reterr);
    if (code == E_STALE)                       /* the index key was renewed under our hands */
        code = prepare_and_write(&f, true, reterr);
    enum code settled = drafts_end(&f, code == OK ? reterr : &late);
    crypto_wipe(&f.keys, sizeof f.keys);
    for (size_t i = 0; i < count; i++)
        *ret_damaged += f.list[i].damaged;
    return code == OK ? settled : code;
}

/* ---- a whole tenant */
struct some { struct uuid list[REFIT_MAX]; size_t count; };
static bool take(const struct row *row, void *arg) {
    struct some *l = arg;
    l->list[l->count++] = row->id;
    return l->count < REFIT_MAX;
}

/* Every record of a kind, some at a time. */
typedef enum code (*some_fn)(struct refit *r, const struct kind_info *k, const struct some *l, struct err *reterr);
static enum code each_some(struct refit *r, const struct kind_info *k, some_fn fn, struct err *reterr) {
    struct row_range range = { .kind = k->number };
    struct some l;
    enum code code;
    do {
        struct view *v = NULL;
        l.count = 0;
        code = store_view(r->s->store, r->tenant, &v, reterr);
        if (code == OK)
            code = rows_list(view_sql(v), &range, take, &l, reterr);
        view_end(v);
        if (code == OK && l.count > 0) {
            range.after = l.list[l.count - 1];
            code = fn(r, k, &l, reterr);
        }
    } while (code == OK && l.count == REFIT_MAX);
    return code;
}

static enum code fit_these(struct refit *r, const struct kind_info *k, const struct some *l, struct err *reterr) {
    struct refit_id ids[REFIT_MAX];
    size_t damaged = 0;
    for (size_t i = 0; i < l->count; i++)
        ids[i] = (struct refit_id){ k, l->list[i] };
    enum code code = refit_some(r->s, r->tenant, ids, l->count, true, &damaged, reterr);
    r->records += (int64_t)l->count;
    r->damaged += (int64_t)damaged;
    if (code == OK && r->watch != NULL)
        r->watch->say(r->watch->arg, charter_name(r->s->charter), r->records, r->damaged);
    return code;
}

/* ---- seats are counted for each record of the parent kind, or once for the tenant */
struct recount { struct service *s; const struct kind_info *k; const struct some *scopes; };
static enum code recount_write(struct txn *t, void *arg, struct err *reterr) {
    const struct recount *r = arg;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < r->k->kind->limit_count; i++)
        for (size_t n = 0; code == OK && r->k->kind->limits[i].type == LIMIT_CAPACITY && n < r->scopes->count; n++)
            code = limits_recount(t, r->s, r->k, i, &r->scopes->list[n], reterr);
    return code;
}

static enum code recount(struct refit *r, const struct kind_info *k, const struct some *scopes, struct err *reterr) {
    struct recount c = { r->s, k, scopes };
    return k->counted == 0 ? OK : store_write(r->s->store, r->tenant, recount_write, &c, reterr);
}

static enum code recount_children(struct refit *r, const struct kind_info *k, const struct some *l, struct err *reterr) {
    enum code code = OK;
    for (size_t c = 0; code == OK && c < k->child_count; c++)
        code = recount(r, service_kind(r->s, k->children[c]), l, reterr);
    return code;
}

static bool has_counted_child(const struct service *s, const struct kind_info *k) {
    for (size_t c = 0; c < k->child_count; c++)
        if (service_kind(s, k->children[c])->counted != 0)
            return true;
    return false;
}

static size_t depth(const struct service *s, const struct kind_info *k) {
    size_t n = 0;
    for (; k->kind->parent >= 0 && n < s->kinds; n++)
        k = service_kind(s, k->kind->parent);
    return n;
}

/* Parents first: due dates and seats of what belongs to them are told by their fields. Then the seats, for which every
 * state must stand where it is counted. */
enum code refit_tenant(struct refit *r, struct err *reterr) {
    static const struct some tenant = { .count = 1 };
    struct service *s = r->s;
    enum code code = OK;
    size_t left = s->kinds;
    for (size_t level = 0; left > 0 && level <= s->kinds; level++)
        for (size_t i = 0; code == OK && i < s->kinds; i++)
            if (depth(s, &s->info[i]) == level) {
                code = each_some(r, &s->info[i], fit_these, reterr);
                left--;
            }
    for (size_t i = 0; code == OK && i < s->kinds; i++) {
        if (s->info[i].kind->parent < 0)
            code = recount(r, &s->info[i], &tenant, reterr);
        if (code == OK && has_counted_child(s, &s->info[i]))
            code = each_some(r, &s->info[i], recount_children, reterr);
    }
    return code == OK ? tasks_run(s, r->tenant, NULL, reterr) : code;
}
