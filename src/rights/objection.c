/* objection.c — outside the write: whose record it is, by which addresses it is known, what else is about the person. Inside: the objection,
 * the mark of the row, the keyed hashes of the addresses, an entry of the ledger. A record after another, for a person has few. */
#include "rights/objection.h"

#include <string.h>

#include "ledger/ledger.h"
#include "records/consents.h"
#include "records/keys.h"
#include "rights/subject.h"
#include "store/consent.h"

#define MARKS_MAX 64u
struct address { struct mark mark; struct token before; };
struct objecting {
    struct service *s; const struct caller *who; bool ends;
    struct arena *arena; struct index_keys keys;
    const struct kind_info *k; struct uuid id; int purpose;
    struct address addresses[MARKS_MAX]; size_t count;
    int64_t version; bool done;                /* what the write found */
};

/* ---- by which addresses the person is known */

/* The address as a field of that kind would hold it, in each of its kinds that have the purpose. */
static enum code address_add(struct objecting *o, const struct field *f, const struct value *v, struct err *reterr) {
    const char *name = purpose_name(o->k->kind, o->purpose);
    enum code code = OK;
    for (size_t k = 0; code == OK && k < o->s->kinds; k++) {
        const struct kind_info *other = service_kind(o->s, (int)k);
        if (!kind_objects(other->kind) || kind_purpose(other->kind, name) < 0)
            continue;
        for (size_t i = 0; code == OK && i < other->kind->field_count; i++) {
            struct address *a = &o->addresses[o->count];
            bool is = false;
            if (other->kind->fields[i].type != f->type || !kind_address(other->kind, (int)i))
                continue;
            if (o->count == MARKS_MAX)
                return err_set(reterr, E_TOO_LARGE, "the charter has more fields that hold addresses than an objection can be kept for");
            code = objector_mark(o->s, &o->keys, other, o->who->tenant, (int)i, v, o->arena, &is, &a->mark, &a->before, reterr);
            o->count += code == OK && is;
        }
    }
    return code;
}

static enum code addresses_of(struct objecting *o, struct record *r, struct err *reterr) {
    enum code code = OK;
    o->count = 0;
    for (size_t i = 0; code == OK && i < o->k->kind->field_count; i++)
        if (r->values[i].set && kind_address(o->k->kind, (int)i))
            code = address_add(o, &o->k->kind->fields[i], &r->values[i], reterr);
    return code;
}

static enum code record_get(struct objecting *o, struct record *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(o->s->store, o->who->tenant, &v, reterr);
    return code == OK ? record_load(view_sql(v), o->k, &o->id, o->arena, ret, reterr) : code;
}

/* ---- the write */
static bool take_any(const struct objection_row *r UNUSED, void *arg) {
    *(bool *)arg = true;
    return false;
}

static enum code ends_write(struct txn *t, struct objecting *o, const char *name, struct err *reterr) {
    bool others = false;
    enum code code = objection_drop(t, o->k->number, &o->id, name, reterr);
    if (code == OK)
        code = objections_of(txn_sql(t), o->k->number, &o->id, take_any, &others, reterr);
    if (code == OK)
        code = row_mark(t, o->k->number, &o->id, 0, others ? 0 : MARK_OBJECTED, reterr);
    for (size_t i = 0; code == OK && i < o->count; i++)
        code = objector_drop(t, name, &o->addresses[i].mark, reterr);
    return code;
}

static enum code makes_write(struct txn *t, struct objecting *o, const char *name, const char *by, struct err *reterr) {
    enum code code = objection_put(t, &(struct objection_row){ .kind = o->k->number, .id = o->id, .purpose = name, .by = by }, reterr);
    if (code == OK)
        code = row_mark(t, o->k->number, &o->id, MARK_OBJECTED, 0, reterr);
    for (size_t i = 0; code == OK && i < o->count; i++)
        code = objector_put(t, name, &o->addresses[i].mark, reterr);
    return code;
}

static enum code objection_write(struct txn *t, void *arg, struct err *reterr) {
    struct objecting *o = arg;
    struct row row;
    bool stands = false;
    char by[CALLER_TEXT], id[UUID_TEXT];
    const char *name = purpose_name(o->k->kind, o->purpose);
    caller_text(o->who, by, sizeof by);
    o->done = false;
    enum code code = row_get(txn_sql(t), o->k->number, &o->id, &row, reterr);
    if (code == OK && row.version != o->version)
        return err_set(reterr, E_STALE, "the record has changed meanwhile");
    if (code == OK)
        code = objection_stands(txn_sql(t), o->k->number, &o->id, name, &stands, reterr);
    if (code != OK || stands != o->ends)
        return code;
    code = o->ends ? ends_write(t, o, name, reterr) : makes_write(t, o, name, caller_text(o->who, by, sizeof by), reterr);
    if (code != OK)
        return code;
    json_t *what = json_pack("{s:s, s:s, s:s}", "kind", o->k->kind->name, "id", uuid_format(&o->id, id), "purpose", name);
    code = what == NULL ? err_set(reterr, E_MEMORY, "no memory for a ledger entry") : ledger_append(t, o->ends ? "objection_ended" : "objection_made", caller_text(o->who, by, sizeof by), what, reterr);
    json_decref(what);
    o->done = code == OK;
    return code;
}

/* ---- one record; again where it changed, or the index key, while it was looked at */
#define TRIES 8
static enum code one_try(struct objecting *o, bool anew, struct err *reterr) {
    struct record r;
    enum code code = index_keys_of(o->s, o->who->tenant, anew, &o->keys, reterr);
    if (code == OK)
        code = record_get(o, &r, reterr);
    if (code == OK)
        code = record_open(o->s, &r, o->arena, reterr);
    if (code == OK)
        code = addresses_of(o, &r, reterr);
    if (code != OK)
        return code;
    o->version = r.version;
    return store_write(o->s->store, o->who->tenant, objection_write, o, reterr);
}

static enum code one_record(struct service *s, const struct caller *who, bool ends, int kind, const struct uuid *id, int purpose, bool *ret_done, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an objection");
    struct objecting o = { .s = s, .who = who, .ends = ends, .arena = arena, .k = service_kind(s, kind), .id = *id, .purpose = purpose };
    enum code code = E_STALE;
    for (int n = 0; code == E_STALE && n < TRIES; n++)
        code = one_try(&o, n > 0, reterr);
    crypto_wipe(&o.keys, sizeof o.keys);
    if (code == OK)
        *ret_done = o.done;
    return code;
}

/* The others of the same person that are used for a purpose of that name. What is gone meanwhile needs none. */
static enum code others_too(struct service *s, const struct caller *who, bool ends, int kind, const struct uuid *id, const char *name, size_t *count, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct subject all = { 0 };
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for an objection") : subject_of(s, who->tenant, kind, id, arena, &all, reterr);
    for (size_t i = 0; code == OK && i < all.count; i++) {
        const struct subject_record *r = &all.list[i];
        int purpose = kind_purpose(service_kind(s, r->kind)->kind, name);
        bool done = false;
        if (purpose < 0 || (r->kind == kind && uuid_compare(&r->id, id) == 0))
            continue;
        code = one_record(s, who, ends, r->kind, &r->id, purpose, &done, reterr);
        code = code == E_NOT_FOUND || code == E_GONE ? OK : code;
        *count += done;
    }
    return code;
}

static enum code object(struct service *s, const struct caller *who, bool ends, int kind, const struct uuid *id, const char *purpose, size_t *ret_records, struct err *reterr) {
    PRE(s != NULL && who != NULL && id != NULL && purpose != NULL && reterr != NULL);
    const struct kind *k = service_kind(s, kind)->kind;
    int at = kind_purpose(k, purpose);
    bool done = false;
    size_t count = 0;
    if (at < 0)
        return err_field(reterr, E_FIELDS, "/purpose", "%s is not used for such a purpose", k->name);
    enum code code = one_record(s, who, ends, kind, id, at, &done, reterr);
    count += done;
    if (code == OK)
        code = others_too(s, who, ends, kind, id, purpose_name(k, at), &count, reterr);
    if (code == OK && ret_records != NULL)
        *ret_records = count;
    return code;
}

enum code objection_make(struct service *s, const struct caller *who, int kind, const struct uuid *id, const char *purpose, size_t *ret_records, struct err *reterr) {
    return object(s, who, false, kind, id, purpose, ret_records, reterr);
}

enum code objection_end(struct service *s, const struct caller *who, int kind, const struct uuid *id, const char *purpose, struct err *reterr) {
    return object(s, who, true, kind, id, purpose, NULL, reterr);
}

struct listing { struct service *s; json_t *list; bool failed; };
static bool list_row(const struct objection_row *r, void *arg) {
    struct listing *l = arg;
    char id[UUID_TEXT], at[32];
    const struct kind_info *k = service_kind_by_number(l->s, r->kind);
    l->failed = k != NULL && json_array_append_new(l->list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", k->kind->name, "id", uuid_format(&r->id, id), "purpose", r->purpose,
                                                                      "at", time_format(r->at, at, sizeof at), "by", r->by)) != 0;
    return !l->failed;
}

enum code objection_list(struct service *s, int64_t tenant, int kind, const struct uuid *id, json_t **ret, struct err *reterr) {
    PRE(s != NULL && (kind < 0 || id != NULL) && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct listing l = { s, json_array(), false };
    enum code code = l.list == NULL ? err_set(reterr, E_MEMORY, "no memory for a list") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = kind < 0 ? objections_list(view_sql(v), list_row, &l, reterr) : objections_of(view_sql(v), service_kind(s, kind)->number, id, list_row, &l, reterr);
    if (code == OK && l.failed)
        code = err_set(reterr, E_MEMORY, "no memory for a list");
    if (code == OK)
        *ret = l.list;
    else
        json_decref(l.list);
    return code;
}
