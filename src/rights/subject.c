/* subject.c — what is found stands in one list, sorted and each once after every round; a round follows what hangs on the own records that
 * the round before has found, and the last round is the one that finds no more. */
#include "rights/subject.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "records/children.h"
#include "records/page.h"

#define PAGE_FOUND 500u
#define BY_TOKEN_MOST 32u                     /* own records whose references are looked for one by one; more: by one walk through the kind */
#define WALK_ROWS 2000u                       /* of one view */
#define PARENTS_AT_ONCE 64u

struct hit { struct subject_record r; bool own; unsigned round; };
struct seeking {
    struct service *s; struct caller who; unsigned round;
    struct hit *list; size_t count, room, settled;             /* settled: sorted, each once */
    const char *email, *phone;                                 /* in their one form; NULL: not asked for */
    size_t doubtful, damaged;
    bool failed;
};

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a search for a person"); }

static bool hit_add(struct seeking *k, int kind, const struct uuid *id, usec_t created, bool own) {
    if (k->count == k->room) {
        size_t room = k->room == 0 ? 64 : k->room * 2;
        struct hit *list = mem_grow(k->list, room, sizeof *list);
        if (list == NULL) {
            k->failed = true;
            return false;
        }
        k->list = list;
        k->room = room;
    }
    k->list[k->count++] = (struct hit){ { kind, *id, created }, own, k->round };
    return true;
}

static int by_place(const void *a, const void *b) {
    const struct hit *x = a, *y = b;
    if (x->r.kind != y->r.kind)
        return x->r.kind < y->r.kind ? -1 : 1;
    int order = uuid_compare(&x->r.id, &y->r.id);
    if (order != 0)
        return order;
    if (x->own != y->own)
        return x->own ? -1 : 1;
    return x->round < y->round ? -1 : x->round > y->round;
}

/* Sorted, each once: as an own one if any way says so, and of the round that said so first. */
static void settle(struct seeking *k) {
    size_t n = 0;
    if (k->count > 1)
        qsort(k->list, k->count, sizeof *k->list, by_place);
    for (size_t i = 0; i < k->count; i++)
        if (n == 0 || k->list[n - 1].r.kind != k->list[i].r.kind || uuid_compare(&k->list[n - 1].r.id, &k->list[i].r.id) != 0)
            k->list[n++] = k->list[i];
    k->count = k->settled = n;
}

static const struct hit *hit_find(const struct seeking *k, int kind, const struct uuid *id) {
    struct hit key = { { kind, *id, 0 }, true, 0 };
    size_t low = 0, high = k->settled;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (by_place(&k->list[mid], &key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == k->settled || k->list[low].r.kind != kind || uuid_compare(&k->list[low].r.id, id) != 0)
        return NULL;
    return &k->list[low];
}
/* One that the round before has found to be the person's own. */
static bool is_fresh(const struct seeking *k, const struct hit *h) { return h->own && h->round + 1 == k->round; }

static size_t fresh_count(const struct seeking *k, int kind) {
    size_t n = 0;
    for (size_t i = 0; i < k->settled; i++)
        n += k->list[i].r.kind == kind && is_fresh(k, &k->list[i]);
    return n;
}

/* ---- fields that hold addresses */

static bool is_address(const struct field *f, enum field_type type) { return f->type == type && !f->masked; }

/* The field that is the address of whom the kind is about: the first of its type. -1: none. */
static int own_field(const struct kind *k, enum field_type type) {
    for (size_t i = 0; i < k->field_count; i++)
        if (is_address(&k->fields[i], type))
            return (int)i;
    return -1;
}

static bool other_email(const struct seeking *k, const struct record *r) {
    int f = own_field(r->info->kind, T_EMAIL);
    return f >= 0 && k->email != NULL && r->values[f].set && strcasecmp(r->values[f].text, k->email) != 0;
}

/* ---- walks through pages */

struct found_by { struct seeking *k; int field; bool phone; };

static bool by_address(const struct page_item *item, void *arg) {
    struct found_by *by = arg;
    const struct record *r = item->record;
    const struct kind *kind = r->info->kind;
    bool own = kind->about >= 0 && own_field(kind, by->phone ? T_PHONE : T_EMAIL) == by->field;
    if (r->damage != NULL && (r->unread >> by->field & 1) != 0) {
        by->k->damaged++;
        return true;
    }
    if (by->phone && own && other_email(by->k, r)) {
        by->k->doubtful++;
        return true;
    }
    return hit_add(by->k, r->info->index, &r->id, r->created, own);
}

struct walk { const struct kind_info *info; const char *name, *value /* NULL: every record */; bool (*item)(const struct page_item *, void *); void *arg; };

static enum code walk_page(struct seeking *k, const struct walk *w, struct buf *next, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(query_done) struct query q = { 0 };
    json_t *where = w->value == NULL ? json_object() : json_pack("{s:s}", w->name, w->value);
    json_t *in = json_pack("{s:i, s:O, s:s*}", "limit", (int)PAGE_FOUND, "where", where, "cursor", next->len > 0 ? buf_str(next) : NULL);
    struct page_work page = { .s = k->s, .who = &k->who, .q = &q, .item = w->item, .arg = w->arg };
    enum code code = arena == NULL || in == NULL ? no_memory(reterr) : query_of_search(k->s, w->info, kind_all(w->info->kind), in, arena, &q, reterr);
    buf_cut(next, 0);
    if (code == OK)
        code = page_run(&page, next, reterr);
    json_decref(where);
    json_decref(in);
    return code == OK && k->failed ? no_memory(reterr) : code;
}

static enum code walk_run(struct seeking *k, const struct walk *w, struct err *reterr) {
    AUTO(buf_done) struct buf next = BUF(4096);
    enum code code;
    do
        code = walk_page(k, w, &next, reterr);
    while (code == OK && next.len > 0);
    return code;
}

/* ---- by address */

static enum code find_addresses(struct seeking *k, const struct kind_info *info, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < info->kind->field_count; i++) {
        const struct field *f = &info->kind->fields[i];
        const char *value = is_address(f, T_EMAIL) ? k->email : is_address(f, T_PHONE) ? k->phone : NULL;
        struct found_by by = { k, (int)i, f->type == T_PHONE };
        struct walk w = { info, f->name, value, by_address, &by };
        if (value != NULL)
            code = walk_run(k, &w, reterr);
    }
    return code;
}

/* ---- by what hangs on an own record */


struct referring { struct seeking *k; const struct kind_info *info; int field, on; bool own; size_t rows; struct uuid last; struct arena *arena; enum code code; struct err *err; };

static bool refers_fresh(const struct referring *f, const struct record *r) {
    struct uuid id;
    const struct value *v = &r->values[f->field];
    if (!v->set || !uuid_parse(v->text, &id))
        return false;
    const struct hit *h = hit_find(f->k, f->on, &id);
    return h != NULL && is_fresh(f->k, h);
}

static bool by_reference(const struct page_item *item, void *arg) {
    struct referring *f = arg;
    const struct record *r = item->record;
    if (r->damage != NULL && (r->unread >> f->field & 1) != 0) {
        f->k->damaged++;
        return true;
    }
    return !refers_fresh(f, r) || hit_add(f->k, r->info->index, &r->id, r->created, f->own);
}

/* A reference that stands outside the sealed part is read without opening a record. */
static bool row_reference(const struct row *row, void *arg) {
    struct referring *f = arg;
    struct record r;
    f->last = row->id;
    f->rows++;
    if (row->damaged) {
        f->k->damaged++;
        return f->rows < WALK_ROWS;
    }
    struct arena_mark mark = arena_mark(f->arena);
    f->code = record_of_row(f->info, f->k->who.tenant, row, f->arena, &r, f->err);
    if (f->code == E_DAMAGED) {
        f->k->damaged++;
        f->code = OK;
    } else if (f->code == OK && refers_fresh(f, &r)) {
        (void)hit_add(f->k, f->info->index, &row->id, row->created, f->own);
    }
    arena_rewind(f->arena, mark);
    return f->code == OK && !f->k->failed && f->rows < WALK_ROWS;
}

static enum code rows_referring(struct referring *f, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    enum code code = arena == NULL ? no_memory(reterr) : OK;
    f->arena = arena;
    f->err = reterr;
    do {
        AUTO(view_end) struct view *v = NULL;
        struct row_range range = { .kind = f->info->number, .after = f->last };
        f->rows = 0;
        if (code == OK)
            code = store_view(f->k->s->store, f->k->who.tenant, &v, reterr);
        if (code == OK)
            code = rows_list_around(view_sql(v), &range, row_reference, f, reterr);
        if (code == OK)
            code = f->code;
    } while (code == OK && !f->k->failed && f->rows == WALK_ROWS);
    return code == OK && f->k->failed ? no_memory(reterr) : code;
}

static enum code references_one_by_one(struct referring *f, struct err *reterr) {
    const size_t known = f->k->settled;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < known; i++) {
        char id[UUID_TEXT];
        if (f->k->list[i].r.kind != f->on || !is_fresh(f->k, &f->k->list[i]))
            continue;
        struct walk w = { f->info, f->info->kind->fields[f->field].name, uuid_format(&f->k->list[i].r.id, id), by_reference, f };
        code = walk_run(f->k, &w, reterr);
    }
    return code;
}

static enum code find_references(struct seeking *k, const struct kind_info *info, size_t field, struct err *reterr) {
    const struct field *f = &info->kind->fields[field];
    enum code code = OK;
    for (size_t on = 0; code == OK && on < k->s->kinds; on++) {
        const struct kind_info *to = service_kind(k->s, (int)on);
        size_t fresh = fresh_count(k, (int)on);
        struct referring r = { .k = k, .info = info, .field = (int)field, .on = (int)on, .own = info->kind->about == to->kind->about };
        struct walk all = { info, NULL, NULL, by_reference, &r };
        if (fresh == 0 || to->kind->about < 0 || (f->refers >= 0 && f->refers != (int)on))
            continue;
        if ((f->found & FIND_EXACT) != 0 && fresh <= BY_TOKEN_MOST)
            code = references_one_by_one(&r, reterr);
        else
            code = (info->kind->outside >> field & 1) != 0 ? rows_referring(&r, reterr) : walk_run(k, &all, reterr);
    }
    return code;
}

struct belonging { struct seeking *k; int kind; bool own; };
static bool row_child(const struct row *row, void *arg) {
    struct belonging *b = arg;
    return hit_add(b->k, b->kind, &row->id, row->created, b->own);
}

/* Those that belong to an own record, some parents in one view. */
static enum code find_children(struct seeking *k, const struct kind_info *info, struct err *reterr) {
    const struct kind_info *parent = service_kind(k->s, info->kind->parent);
    struct belonging b = { k, info->index, info->kind->about < 0 || info->kind->about == parent->kind->about };
    const size_t known = k->settled;
    enum code code = OK;
    for (size_t i = 0; code == OK && parent->kind->about >= 0 && i < known;) {
        AUTO(view_end) struct view *v = NULL;
        code = store_view(k->s->store, k->who.tenant, &v, reterr);
        for (size_t n = 0; code == OK && n < PARENTS_AT_ONCE && i < known; i++) {
            const struct row_range range = { .kind = info->number, .has_parent = true, .parent = k->list[i].r.id };
            if (k->list[i].r.kind != parent->index || !is_fresh(k, &k->list[i]))
                continue;
            code = rows_list(view_sql(v), &range, row_child, &b, reterr);
            n++;
        }
    }
    return code == OK && k->failed ? no_memory(reterr) : code;
}

static bool any_fresh(const struct seeking *k) {
    for (size_t i = 0; i < k->settled; i++)
        if (is_fresh(k, &k->list[i]))
            return true;
    return false;
}

static enum code follow(struct seeking *k, struct err *reterr) {
    enum code code = OK;
    for (k->round = 1, settle(k); code == OK && any_fresh(k); k->round++, settle(k))
        for (size_t i = 0; code == OK && i < k->s->kinds; i++) {
            const struct kind_info *info = service_kind(k->s, (int)i);
            if (info->kind->parent >= 0)
                code = find_children(k, info, reterr);
            for (size_t f = 0; code == OK && f < info->kind->field_count; f++)
                if (info->kind->fields[f].type == T_REFERENCE)
                    code = find_references(k, info, f, reterr);
        }
    return code;
}

/* ---- the answer */

static enum code give(struct seeking *k, struct arena *arena, struct subject *ret, struct err *reterr) {
    size_t own = 0;
    for (size_t i = 0; i < k->count; i++)
        own += k->list[i].own;
    struct subject to = { .email = k->email, .phone = k->phone, .doubtful = k->doubtful, .damaged = k->damaged };
    to.list = arena_array(arena, own + 1, sizeof *to.list);
    to.named = arena_array(arena, k->count - own + 1, sizeof *to.named);
    if (to.list == NULL || to.named == NULL)
        return no_memory(reterr);
    for (size_t i = 0; i < k->count; i++)
        if (k->list[i].own)
            to.list[to.count++] = k->list[i].r;
        else
            to.named[to.named_count++] = k->list[i].r;
    *ret = to;
    return OK;
}

static struct seeking seeking_of(struct service *s, int64_t tenant) {
    return (struct seeking){ .s = s, .who = { .tenant = tenant, .person = charter_tenant(s->charter), .by_sejf = true, .subject_kind = -1 } };
}

/* What a person types, in the one form in which fields hold it; NULL: nothing was typed. */
static enum code canonical(const struct service *s, enum field_type type, const char *typed, struct arena *arena, const char **ret, struct err *reterr) {
    const struct field f = { .name = type == T_EMAIL ? "email" : "phone", .type = type };
    const struct raw raw = { .type = RAW_TEXT, .text = typed, .len = typed == NULL ? 0 : strlen(typed) };
    struct value v = { 0 };
    struct say why = { 0 };
    if (typed == NULL)
        return OK;
    if (!value_read(&f, &raw, &s->rules, arena, &v, &why) && why.says == SAYS_OK)
        return no_memory(reterr);
    if (!v.set)
        return err_field(reterr, E_FIELDS, type == T_EMAIL ? "/email" : "/phone", type == T_EMAIL ? "this is no e-mail address" : "this is no telephone number: give it with + and the country's code");
    *ret = v.text;
    return OK;
}

static enum code seek(struct seeking *k, const struct subject_wish *w, struct arena *arena, struct err *reterr) {
    enum code code = canonical(k->s, T_EMAIL, w->email, arena, &k->email, reterr);
    if (code == OK)
        code = canonical(k->s, T_PHONE, w->phone, arena, &k->phone, reterr);
    if (code == OK && k->email == NULL && k->phone == NULL)
        return OK;
    for (size_t i = 0; code == OK && i < k->s->kinds; i++) {
        code = find_addresses(k, service_kind(k->s, (int)i), reterr);
        if (!rule_on(RULE_right_access) && k->count > 0)
            return code;
    }
    return code;
}

enum code subject_find(struct service *s, int64_t tenant, const struct subject_wish *w, struct arena *arena, struct subject *ret, struct err *reterr) {
    PRE(s != NULL && w != NULL && arena != NULL && ret != NULL && reterr != NULL);
    struct seeking k = seeking_of(s, tenant);
    if (w->email == NULL && w->phone == NULL)
        return err_set(reterr, E_FIELDS, "a person is found by an e-mail address, a telephone number, or both");
    enum code code = seek(&k, w, arena, reterr);
    if (code == OK)
        code = follow(&k, reterr);
    if (code == OK)
        code = give(&k, arena, ret, reterr);
    mem_free(k.list);
    return code;
}

static enum code load(struct service *s, int64_t tenant, int kind, const struct uuid *id, struct arena *arena, struct record *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    ret->tenant = tenant;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = record_load(view_sql(v), service_kind(s, kind), id, arena, ret, reterr);
    return code == E_GONE ? err_set(reterr, E_NOT_FOUND, "there is no such record") : code;
}

static const char *value_at(const struct record *r, int field) { return field >= 0 && r->values[field].set ? r->values[field].text : NULL; }

enum code subject_addresses(struct service *s, int64_t tenant, int kind, const struct uuid *id, struct arena *arena, struct subject_wish *ret, struct err *reterr) {
    PRE(s != NULL && id != NULL && arena != NULL && ret != NULL && reterr != NULL);
    struct record r = { 0 };
    enum code code = load(s, tenant, kind, id, arena, &r, reterr);
    if (code == OK)
        code = record_open(s, &r, arena, reterr);
    if (code == OK)
        *ret = (struct subject_wish){ value_at(&r, own_field(r.info->kind, T_EMAIL)), value_at(&r, own_field(r.info->kind, T_PHONE)) };
    return code;
}

static enum code of_record(struct seeking *k, int kind, const struct uuid *id, bool addresses, struct arena *arena, struct err *reterr) {
    struct record r = { 0 };
    struct subject_wish w = { 0 };
    enum code code = load(k->s, k->who.tenant, kind, id, arena, &r, reterr);
    if (code == OK && !hit_add(k, kind, id, r.created, true))
        code = no_memory(reterr);
    if (code == OK && addresses)
        code = subject_addresses(k->s, k->who.tenant, kind, id, arena, &w, reterr);
    return code == OK ? seek(k, &w, arena, reterr) : code;
}

static enum code around(struct service *s, int64_t tenant, int kind, const struct uuid *id, bool addresses, struct arena *arena, struct subject *ret, struct err *reterr) {
    struct seeking k = seeking_of(s, tenant);
    enum code code = of_record(&k, kind, id, addresses, arena, reterr);
    if (code == OK)
        code = follow(&k, reterr);
    if (code == OK)
        code = give(&k, arena, ret, reterr);
    mem_free(k.list);
    return code;
}

enum code subject_of(struct service *s, int64_t tenant, int kind, const struct uuid *id, struct arena *arena, struct subject *ret, struct err *reterr) {
    PRE(s != NULL && id != NULL && arena != NULL && ret != NULL && reterr != NULL);
    return around(s, tenant, kind, id, true, arena, ret, reterr);
}

enum code subject_near(struct service *s, int64_t tenant, int kind, const struct uuid *id, struct arena *arena, struct subject *ret, struct err *reterr) {
    PRE(s != NULL && id != NULL && arena != NULL && ret != NULL && reterr != NULL);
    return around(s, tenant, kind, id, false, arena, ret, reterr);
}
