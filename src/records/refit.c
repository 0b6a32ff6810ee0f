/* refit.c — records are read and opened outside of the write; inside it each is held against its row once more. */
#include "records/refit.h"

#include <string.h>

#include "records/children.h"
#include "records/draft.h"
#include "records/find.h"
#include "records/keys.h"
#include "records/limits.h"

struct fit { struct record r; bool there; struct token_list tokens; struct sorted_value *sorted; size_t sorted_count; struct claim *claims; };
struct fitting { struct service *s; int64_t tenant; struct arena *arena; struct index_keys keys; struct fit *list; size_t count; bool everything; };

/* ---- outside of the write */
static enum code load(struct fitting *f, const struct refit_id *ids, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(f->s->store, f->tenant, &v, reterr);
    for (size_t i = 0; code == OK && i < f->count; i++) {
        code = record_load(view_sql(v), ids[i].k, &ids[i].id, f->arena, &f->list[i].r, reterr);
        f->list[i].there = code == OK;
        if (code == E_NOT_FOUND || code == E_GONE)
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
    return n == 0 ? OK : records_open(f->s, list, n, f->arena, reterr);
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

/* Unsealed once and to be sealed now. */
static fieldset to_seal(const struct record *r) { return r->misplaced & ~r->info->kind->outside; }

/* ---- inside it */
/* Due dates that the charter explains otherwise now, or unsealed fields that are not where they belong. */
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
    bool moved = r->misplaced != 0 || r->due != due;
    for (size_t i = 0; i < parts; i++)
        moved = moved || (stored[i].has && stored[i].due != r->parts[i].due);
    memcpy(r->parts, stored, parts * sizeof *stored);
    if (code == OK && moved)
        code = record_rewrite(t, &src, r, reterr);
    *known = src.known;
    return code;
}

static enum code write_one(struct txn *t, struct fitting *f, struct fit *one, struct looked_up **known, struct err *reterr) {
    struct row row;
    const struct record *r = &one->r;
    enum code code = row_get(txn_sql(t), r->info->number, &r->id, &row, reterr);
    if (code == E_NOT_FOUND || code == E_GONE)
        return OK;                             /* erased meanwhile: its entries went with it */
    if (code != OK || row.version != r->version)
        return code;                           /* written anew meanwhile, with its index */
    if (f->everything && to_seal(r) == 0)
        code = row_fit(t, f, one, known, reterr);
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

/* A record whose unsealed values go under seal is written whole, as it is. */
static enum code seal_up(struct fitting *f, struct record *r, struct err *reterr) {
    struct index_keys keys = { 0 };
    struct draft d = { .s = f->s, .arena = f->arena, .keys = &keys, .old = r, .changed = to_seal(r), .quiet = true };
    struct fact_source src = { .s = f->s, .record = &d.rec, .arena = f->arena, .now = clock_now() };
    enum code code = record_blank(r->info, f->tenant, f->arena, &d.rec, reterr);
    if (code != OK)
        return code;
    struct value *values = d.rec.values;
    struct part_state *parts = d.rec.parts;
    d.rec = *r;
    d.rec.values = memcpy(values, r->values, r->info->kind->field_count * sizeof *values);
    d.rec.parts = memcpy(parts, r->parts, r->info->kind->part_count * sizeof *parts);
    code = draft_prepare(&d, &src, reterr);
    facts_end(&src);
    if (code == OK)
        code = draft_commit(&d, reterr);
    draft_end(&d);
    crypto_wipe(&keys, sizeof keys);
    return d.stale || code == E_GONE ? OK : code;        /* written or erased meanwhile */
}

static enum code seal_all(struct fitting *f, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && f->everything && i < f->count; i++)
        if (f->list[i].there && to_seal(&f->list[i].r) != 0)
            code = seal_up(f, &f->list[i].r, reterr);
    return code;
}

static enum code prepare_and_write(struct fitting *f, bool anew, struct err *reterr) {
    enum code code = index_keys_of(f->s, f->tenant, anew, &f->keys, reterr);
    for (size_t i = 0; code == OK && i < f->count; i++)
        if (f->list[i].there)
            code = prepare(f, &f->list[i], reterr);
    return code == OK ? store_write(f->s->store, f->tenant, fit_write, f, reterr) : code;
}

enum code refit_some(struct service *s, int64_t tenant, const struct refit_id *ids, size_t count, bool everything, struct err *reterr) {
    PRE(count <= REFIT_MAX);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct fitting f = { .s = s, .tenant = tenant, .arena = arena, .count = count, .everything = everything };
    if (arena == NULL || (f.list = arena_array(arena, count, sizeof *f.list)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory to refit records");
    enum code code = load(&f, ids, reterr);
    if (code == OK)
        code = open_all(&f, reterr);
    if (code == OK)
        code = prepare_and_write(&f, false, reterr);
    if (code == E_STALE)                       /* the index key was renewed under our hands */
        code = prepare_and_write(&f, true, reterr);
    if (code == OK)
        code = seal_all(&f, reterr);
    crypto_wipe(&f.keys, sizeof f.keys);
    return code;
}

/* ---- a whole tenant */
struct some { struct refit_id list[REFIT_MAX]; size_t count; const struct kind_info *k; };
static bool take(const struct row *row, void *arg) {
    struct some *l = arg;
    l->list[l->count++] = (struct refit_id){ l->k, row->id };
    return l->count < REFIT_MAX;
}

static enum code list_some(struct service *s, int64_t tenant, const struct kind_info *k, const struct uuid *after, struct some *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    *ret = (struct some){ .k = k };
    enum code code = store_view(s->store, tenant, &v, reterr);
    return code == OK ? rows_list(view_sql(v), &(struct row_range){ .kind = k->number, .after = *after }, take, ret, reterr) : code;
}

struct recount { struct service *s; const struct kind_info *k; const struct uuid *scope; };
static enum code recount_write(struct txn *t, void *arg, struct err *reterr) {
    const struct recount *r = arg;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < r->k->kind->limit_count; i++)
        if (r->k->kind->limits[i].type == LIMIT_CAPACITY)
            code = limits_recount(t, r->s, r->k, i, r->scope, reterr);
    return code;
}

/* Seats are counted for each record of the parent kind, or once for the tenant. */
static enum code recount(struct service *s, int64_t tenant, const struct kind_info *k, const struct uuid *scope, struct err *reterr) {
    struct recount r = { s, k, scope };
    return k->counted == 0 ? OK : store_write(s->store, tenant, recount_write, &r, reterr);
}

static enum code refit_kind(struct service *s, int64_t tenant, const struct kind_info *k, struct err *reterr) {
    static const struct uuid none;
    struct uuid after = none;
    struct some l;
    enum code code = k->kind->parent < 0 ? recount(s, tenant, k, &none, reterr) : OK;
    do {
        if (code == OK)
            code = list_some(s, tenant, k, &after, &l, reterr);
        if (code == OK)
            code = refit_some(s, tenant, l.list, l.count, true, reterr);
        for (size_t i = 0; code == OK && i < l.count; i++)
            for (size_t c = 0; code == OK && c < k->child_count; c++)
                code = recount(s, tenant, service_kind(s, k->children[c]), &l.list[i].id, reterr);
        if (code == OK && l.count > 0)
            after = l.list[l.count - 1].id;
    } while (code == OK && l.count == REFIT_MAX);
    return code;
}

enum code refit_tenant(struct service *s, int64_t tenant, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < s->kinds; i++)
        code = refit_kind(s, tenant, &s->info[i], reterr);
    return code;
}
