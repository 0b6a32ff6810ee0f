/* locks.c — a set is made whole and put in the place of the one before, which is kept: readers may be at it. It moves when a charter was
 * adopted, so a process has few of them. */
#include "records/locks.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "records/consents.h"
#include "records/use.h"
#include "store/consent.h"
#include "store/tables.h"
#include "store/version.h"

#define TEXTS_MAX ((size_t)64 << 20)
struct of_tenant { int64_t tenant; struct use_lock *list; size_t count; };
struct set { struct arena *arena; struct of_tenant *tenants; size_t count; struct set *before; };
struct locks { struct set *_Atomic now; struct use_lock *base; size_t base_count; };

static struct set *set_free(struct set *s) {
    if (s != NULL) {
        arena_free(s->arena);
        mem_free(s->tenants);
    }
    return mem_free(s);
}
DEFINE_AUTO(struct set, set_free)

struct locks *locks_new(void) { return mem_new(sizeof(struct locks)); }

struct locks *locks_free(struct locks *l) {
    for (struct set *s = l == NULL ? NULL : atomic_load(&l->now); s != NULL;) {
        struct set *before = s->before;
        (void)set_free(s);
        s = before;
    }
    if (l != NULL)
        mem_free(l->base);
    return mem_free(l);
}

enum code locks_base(struct service *s, struct err *reterr) {
    size_t count = 0;
    for (size_t i = 0; i < s->kinds; i++)
        count += s->info[i].kind->consent_count;
    struct use_lock *list = mem_new((count + 1) * sizeof *list);
    if (list == NULL)
        return err_set(reterr, E_MEMORY, "no memory for consents of uses");
    s->locks->base = list;
    for (size_t i = 0; i < s->kinds; i++)
        for (size_t n = 0; n < s->info[i].consent_count; n++) {
            const struct consent_rule *r = kind_consent_rule(s->info[i].kind, s->info[i].consents[n]);
            if (s->info[i].use_names[n] != NULL)
                list[s->locks->base_count++] = (struct use_lock){ (int)i, r->purpose, -1, -1, INT64_MAX, s->info[i].use_names[n], r->name, r->lasts };
        }
    return OK;
}

usec_t consent_until(const struct service *s, const struct span *lasts, usec_t given) {
    return given == 0 || span_days(lasts) <= 0 ? USEC_NEVER : zone_add(charter_zone(s->charter), given, lasts, 1);
}

enum code lock_open(const struct service *s, struct sql *q, const struct kind_info *k, const struct uuid *id, const struct use_lock *l, usec_t now, usec_t *ret_since, struct err *reterr) {
    usec_t at = 0;
    enum code code = lock_given(q, k->number, id, l->what, &at, reterr);
    if (code == OK)
        *ret_since = at != 0 && now < consent_until(s, &l->lasts, at) ? at : 0;
    return code;
}

static int by_tenant(const void *a, const void *b) {
    int64_t x = ((const struct of_tenant *)a)->tenant, y = ((const struct of_tenant *)b)->tenant;
    return (x > y) - (x < y);
}

const struct use_lock *locks_of(const struct locks *l, int64_t tenant, size_t *ret_count) {
    const struct set *s = atomic_load_explicit(&l->now, memory_order_acquire);
    *ret_count = l->base_count;
    if (s == NULL || s->count == 0)
        return l->base;
    const struct of_tenant key = { .tenant = tenant }, *found = bsearch(&key, s->tenants, s->count, sizeof *s->tenants, by_tenant);
    if (found == NULL)
        return l->base;
    *ret_count = found->count;
    return found->list;
}

/* ---- read from the store */

struct reading { struct service *s; struct set *set; struct of_tenant *to; size_t room; bool failed; };

/* As the charter of today names it; what it has no more locks nothing. */
static bool understood(const struct service *s, const struct lock_row *r, struct use_lock *ret) {
    const struct kind_info *k = service_kind_by_number(s, r->kind);
    const char *rest = strchr(r->what, ' ');
    char person[256];
    if (k == NULL || rest == NULL)
        return false;
    rest++;
    *ret = (struct use_lock){ .kind = k->index, .purpose = -1, .person = -1, .field = -1, .born = r->born, .what = r->what };
    if (strncmp(r->what, "purpose ", 8) == 0) {
        ret->purpose = kind_purpose(k->kind, rest);
        return ret->purpose >= 0;
    }
    const char *field = strchr(rest, ' ');
    if (strncmp(r->what, "person ", 7) == 0 && field != NULL && (size_t)(field - rest) < sizeof person) {
        memcpy(person, rest, (size_t)(field - rest));
        person[field - rest] = 0;
        ret->person = charter_person(s->charter, person);
        ret->field = kind_field(k->kind, field + 1);
        return ret->person >= 0 && ret->field >= 0;
    }
    return strncmp(r->what, "processor ", 10) == 0;
}

static bool add(struct reading *r, const struct use_lock *lock) {
    if (r->to->count == r->room) {
        size_t room = r->room == 0 ? 8 : r->room * 2;
        struct use_lock *list = arena_array(r->set->arena, room, sizeof *list);
        r->failed = list == NULL;
        if (r->failed)
            return false;
        if (r->to->count > 0)
            memcpy(list, r->to->list, r->to->count * sizeof *list);
        r->to->list = list;
        r->room = room;
    }
    r->to->list[r->to->count] = *lock;
    r->to->list[r->to->count].what = arena_text(r->set->arena, lock->what);
    r->failed = r->to->list[r->to->count++].what == NULL;
    return !r->failed;
}

/* Behind those of the charter itself, which say more of the same purpose. */
static bool take(const struct lock_row *row, void *arg) {
    struct reading *r = arg;
    const struct locks *l = r->s->locks;
    struct use_lock lock;
    bool fine = true;
    if (!understood(r->s, row, &lock))
        return true;
    for (size_t i = 0; i < l->base_count; i++)
        if (l->base[i].kind == lock.kind && strcmp(l->base[i].what, lock.what) == 0)
            return true;
    for (size_t i = 0; fine && r->to->count < l->base_count; i++)
        fine = add(r, &l->base[i]);
    return fine && add(r, &lock);
}

static enum code read_all(struct reading *r, const int64_t *tenants, size_t count, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < count; i++) {
        AUTO(view_end) struct view *v = NULL;
        r->to = &r->set->tenants[r->set->count];
        *r->to = (struct of_tenant){ .tenant = tenants[i] };
        r->room = 0;
        code = store_view(r->s->store, tenants[i], &v, reterr);
        if (code == OK)
            code = locks_list(view_sql(v), take, r, reterr);
        if (code == OK && r->failed)
            code = err_set(reterr, E_MEMORY, "no memory for locks of uses");
        r->set->count += r->to->count > 0;
    }
    return code;
}

enum code service_locks(struct service *s, struct err *reterr) {
    AUTO(set_free) struct set *set = mem_new(sizeof *set);
    int64_t *tenants = NULL;
    size_t count = 0;
    enum code code = tenants_all(s->store, charter_name(s->charter), &tenants, &count, reterr);
    if (code == OK && set != NULL) {
        set->arena = arena_new(TEXTS_MAX);
        set->tenants = mem_new((count + 1) * sizeof *set->tenants);
    }
    if (code == OK && (set == NULL || set->arena == NULL || set->tenants == NULL))
        code = err_set(reterr, E_MEMORY, "no memory for locks of uses");
    if (code == OK)
        code = read_all(&(struct reading){ .s = s, .set = set }, tenants, count, reterr);
    mem_free(tenants);
    if (code != OK)
        return code;
    qsort(set->tenants, set->count, sizeof *set->tenants, by_tenant);
    set->before = atomic_load(&s->locks->now);
    atomic_store_explicit(&s->locks->now, TAKE(set), memory_order_release);
    return OK;
}

/* ---- given and taken back */

struct give { struct service *s; const struct caller *who; const struct kind_info *k; struct uuid id; const struct use_lock *lock; const char *what; bool given; };

/* A consent of the charter's own leaves its row as if it had come with a change of the record. */
static enum code step_note(struct txn *t, const struct give *g, const char *by, struct err *reterr) {
    struct consent_row row = { .kind = g->k->number, .id = g->id, .name = g->lock->consent, .state = g->given ? CONSENT_GIVEN : CONSENT_WITHDRAWN, .until = USEC_NEVER,
                               .way = consent_way(g->s, g->who, g->k->index), .by = by };
    if (g->given)
        row.until = consent_until(g->s, &g->lock->lasts, txn_now(t));
    return g->lock->consent == NULL ? OK : consent_step_put(t, &row, reterr);
}

static enum code give_write(struct txn *t, void *arg, struct err *reterr) {
    struct give *g = arg;
    struct row row;
    char by[CALLER_TEXT], id[UUID_TEXT];
    enum code code = row_get(txn_sql(t), g->k->number, &g->id, &row, reterr);
    if (code == OK)
        code = g->given ? lock_give(t, g->k->number, &g->id, g->what, txn_now(t), reterr) : lock_take_back(t, g->k->number, &g->id, g->what, reterr);
    if (code == OK)
        code = step_note(t, g, caller_text(g->who, by, sizeof by), reterr);
    if (code != OK)
        return code == E_GONE ? err_set(reterr, E_NOT_FOUND, "there is no such record") : code;
    json_t *what = json_pack("{s:s, s:s, s:s, s:b}", "kind", g->k->kind->name, "id", uuid_format(&g->id, id), "use", g->what, "given", (int)g->given);
    code = ledger_append(t, "use_consented", caller_text(g->who, by, sizeof by), what, reterr);
    json_decref(what);
    return code;
}

static const struct use_lock *lock_named(const struct service *s, int64_t tenant, int kind, const char *what) {
    size_t n;
    const struct use_lock *list = locks_of(s->locks, tenant, &n);
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == kind && strcmp(list[i].what, what) == 0)
            return &list[i];
    return NULL;
}

/* May the caller know of the record at all? The tenant's own role may of each, though it is locked to it. */
static enum code may_know(struct service *s, const struct caller *who, int kind, const struct uuid *id, struct err *reterr) {
    json_t *seen = NULL;
    if (use_knows(s, who, kind))
        return OK;
    enum code code = record_read(s, &(struct record_request){ .who = who, .kind = kind, .id = *id, .if_match = -1 }, &seen, reterr);
    json_decref(seen);
    return code;
}

enum code record_consent_again(struct service *s, const struct caller *who, int kind, const struct uuid *id, const char *what, bool given, struct err *reterr) {
    PRE(s != NULL && who != NULL && id != NULL && what != NULL && reterr != NULL);
    const struct use_lock *lock = lock_named(s, who->tenant, kind, what);
    if (lock == NULL)
        return err_set(reterr, E_NOT_FOUND, "no use of this name waits for a consent");
    enum code code = may_know(s, who, kind, id, reterr);
    struct give g = { s, who, service_kind(s, kind), *id, lock, lock->what, given };
    return code == OK ? store_write(s->store, who->tenant, give_write, &g, reterr) : code;
}

static json_t *lock_json(const struct service *s, const struct kind_info *k, const struct use_lock *l, usec_t at) {
    const struct person *people;
    char text[40];
    json_t *purpose = json_null();
    (void)charter_people(s->charter, &people);
    if (l->purpose >= 0) {
        const struct words *w = &k->kind->used_for[l->purpose];
        purpose = json_pack("{s:s, s:s, s:s}", "en", w->in[LANG_EN], "pl", w->in[LANG_PL], "hu", w->in[LANG_HU]);
    }
    return json_pack("{s:s, s:s?, s:o, s:s?, s:s?, s:o}", "what", l->what, "consent", l->consent, "purpose", purpose, "person", l->person < 0 ? NULL : people[l->person].name, "field",
                     l->field < 0 ? NULL : k->kind->fields[l->field].name, "given", at == 0 ? json_null() : json_string(time_format(at, text, sizeof text)));
}

enum code record_locks(struct service *s, const struct caller *who, int kind, const struct uuid *id, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && id != NULL && ret != NULL && reterr != NULL);
    const struct kind_info *k = service_kind(s, kind);
    AUTO(view_end) struct view *v = NULL;
    struct row row = { .born = 0 };
    size_t n, lost = mem_lost();
    const struct use_lock *list = locks_of(s->locks, who->tenant, &n);
    json_t *all = json_array();
    enum code code = may_know(s, who, kind, id, reterr);
    if (code == OK && n > 0)
        code = store_view(s->store, who->tenant, &v, reterr);
    if (code == OK && n > 0)
        code = row_get(view_sql(v), k->number, id, &row, reterr);
    int64_t born = n > 0 && code == OK ? row.born : 0;
    for (size_t i = 0; code == OK && i < n; i++) {
        usec_t at = 0;
        if (list[i].kind != kind || born >= list[i].born)
            continue;
        code = lock_open(s, view_sql(v), k, id, &list[i], clock_now(), &at, reterr);
        json_array_append_new(all, lock_json(s, k, &list[i], at));
    }
    if (code == OK && (all == NULL || mem_lost() != lost))
        code = err_set(reterr, E_MEMORY, "no memory for locks of uses");
    if (code == OK)
        *ret = all;
    else
        json_decref(all);
    return code;
}
