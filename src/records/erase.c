/* erase.c — to erase is to destroy keys; the tombstone is written first, so that a cut is made good at the next start. */
#include "records/erase.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "records/children.h"
#include "records/doom.h"
#include "records/held.h"
#include "records/limits.h"
#include "records/task.h"
#include "records/use.h"
#include "store/destruction.h"
#include "store/remainder.h"
#include "store/tables.h"

void erasure_done(struct erasure *e) {
    mem_free(e->keys);
    mem_free(e->files);
    json_decref(e->counts);
    json_decref(e->kept);
    *e = (struct erasure){ 0 };
}

void erasure_again(struct erasure *e) {
    struct erasure fresh = { .s = e->s, .tenant = e->tenant, .cause = e->cause, .by = e->by, .asks = e->asks, .asked = e->asked };
    erasure_done(e);
    *e = fresh;
}

static void key_add(struct erasure *e, key_id key) {
    if (e->key_count == e->key_room) {
        size_t room = e->key_room == 0 ? 64 : e->key_room * 2;
        key_id *keys = mem_grow(e->keys, room, sizeof *keys);
        if (keys == NULL) {
            e->failed = true;
            return;
        }
        e->keys = keys;
        e->key_room = room;
    }
    e->keys[e->key_count++] = key;
}

static void file_add(struct erasure *e, const struct uuid *id) {
    if (e->file_count == e->file_room) {
        size_t room = e->file_room == 0 ? 16 : e->file_room * 2;
        struct uuid *files = mem_grow(e->files, room, sizeof *files);
        if (files == NULL) {
            e->failed = true;
            return;
        }
        e->files = files;
        e->file_room = room;
    }
    e->files[e->file_count++] = *id;
}

static bool take_file(const struct file_row *f, void *arg) {
    struct erasure *e = arg;
    file_add(e, &f->id);
    key_add(e, f->key);
    return !e->failed;
}

static void count(struct erasure *e, const char *what) {
    if (e->counts == NULL)
        e->counts = json_object();
    json_int_t n = json_integer_value(json_object_get(e->counts, what));
    e->failed = e->failed || json_object_set_new(e->counts, what, json_integer(n + 1)) != 0;
}

/* Keys from `keys` on are doomed, files from `files` on go. */
static enum code taken_gone(struct txn *t, struct erasure *e, const struct kind_info *k, size_t keys, size_t files, struct err *reterr) {
    enum code code = e->failed ? err_set(reterr, E_MEMORY, "no memory for an erasure") : OK;
    for (size_t i = keys; code == OK && i < e->key_count; i++)
        code = doomed_put(t, e->keys[i], reterr);
    for (size_t i = files; code == OK && i < e->file_count; i++) {
        code = file_delete(t, &e->files[i], reterr);
        if (code == OK)
            code = task_put(t, e->s, TASK_UNLINK, k, &e->files[i], 0, NULL, reterr);
        e->more = true;
    }
    return code;
}

/* Everything of the row itself; not there as it was read: *ret false, and nothing has happened. */
static enum code row_gone(struct txn *t, struct erasure *e, const struct record *r, bool *ret, struct err *reterr) {
    const struct kind_info *k = r->info;
    const struct row row = { .kind = k->number, .id = r->id, .version = r->version, .change = r->change, .restricted = r->marks.restricted, .objected = r->marks.objected };
    size_t keys = e->key_count, files = e->file_count;
    enum code gone = row_erase(t, &row, ret, reterr);
    if (gone != OK || !*ret)
        return gone;
    for (size_t i = 0; i < k->kind->part_count; i++)
        if (r->parts[i].has)
            key_add(e, r->parts[i].key);
    for (size_t i = 0; i < r->stray_count; i++)
        key_add(e, r->strays[i].state.key);
    enum code code = k->has_files ? files_of(txn_sql(t), k->number, &r->id, take_file, e, reterr) : OK;
    if (code == OK)
        code = taken_gone(t, e, k, keys, files, reterr);
    return code == OK ? limits_release(t, e->s, r, reterr) : code;
}

/* ---- what stays: a number */
/* Of parts that go by their dates, where the charter says so. Before their fields go. */
static enum code counts_stay(struct txn *t, const struct erasure *e, const struct record *r, uint64_t gone, struct err *reterr) {
    const struct kind *k = r->info->kind;
    fieldset done = 0;
    enum code code = OK;
    for (size_t i = 0; code == OK && e->counting && i < k->part_count; i++) {
        const int field = k->parts[i].keep.count;
        if (field < 0 || (gone >> i & 1) == 0 || (done >> field & 1) != 0 || (r->erased >> field & 1) != 0)
            continue;
        done |= (fieldset)1 << field;
        const struct remainder one = { r->info->number, r->info->fields[field], r->parent, r->values[field].set ? r->values[field].text : "", 1 };
        code = remainder_add(t, &one, reterr);
    }
    return code;
}

/* ---- some parts of it */
fieldset erase_fields(const struct kind *k, uint64_t parts) {
    fieldset set = 0;
    for (size_t i = 0; i < k->part_count; i++)
        set |= (parts >> i & 1) != 0 ? k->parts[i].fields : 0;
    return set;
}

struct some_files { struct erasure *e; const struct kind_info *k; fieldset fields; };
static bool take_some_file(const struct file_row *f, void *arg) {
    struct some_files *some = arg;
    for (size_t i = 0; i < some->k->kind->field_count; i++)
        if (some->k->fields[i] == f->field && (some->fields >> i & 1) != 0)
            return take_file(f, some->e);
    return true;
}

/* "parcel: name, phone": kind and fields, nothing of the record. */
static void count_parts(struct erasure *e, const struct kind_info *k, fieldset fields) {
    AUTO(buf_done) struct buf what = BUF(8192);
    const char *before = ": ";
    buf_text(&what, k->kind->name);
    for (size_t i = 0; i < k->kind->field_count; i++)
        if ((fields >> i & 1) != 0) {
            buf_text(&what, before);
            buf_text(&what, k->kind->fields[i].name);
            before = ", ";
        }
    e->failed = e->failed || what.failed;
    if (!what.failed)
        count(e, buf_str(&what));
}

enum code erase_parts(struct txn *t, struct erasure *e, struct fact_source *src, uint64_t gone, const struct found_by *found, struct err *reterr) {
    struct record *r = src->record;
    const struct kind_info *k = r->info;
    const fieldset fields = erase_fields(k->kind, gone);
    size_t keys = e->key_count, files = e->file_count;
    struct some_files some = { e, k, fields };
    enum code code = counts_stay(t, e, r, gone, reterr);
    if (code == OK && k->has_files)
        code = files_of(txn_sql(t), k->number, &r->id, take_some_file, &some, reterr);
    for (size_t i = 0; code == OK && i < k->kind->part_count; i++)
        if ((gone >> i & 1) != 0 && r->parts[i].has) {
            key_add(e, r->parts[i].key);
            r->parts[i] = (struct part_state){ .due = r->parts[i].due };
            code = part_delete(t, k->number, &r->id, k->parts[i], reterr);
        }
    if (code == OK)
        code = limits_release_some(t, r, fields, reterr);
    for (size_t f = 0; f < k->kind->field_count; f++)
        if ((fields >> f & 1) != 0)
            r->values[f] = (struct value){ 0 };
    r->unsealed &= ~fields;
    r->erased |= fields;
    r->version++;
    count_parts(e, k, fields);
    if (code == OK)
        code = taken_gone(t, e, k, keys, files, reterr);
    if (code == OK)
        code = record_rewrite(t, src, r, reterr);
    return code == OK ? index_put(t, k->number, &r->id, found->generation, found->tokens.list, found->tokens.count, found->sorted, found->sorted_count, reterr) : code;
}

void counts_add(json_t *to, json_t *from) {
    const char *kind;
    json_t *n;
    json_object_foreach(from, kind, n)
        json_object_set_new(to, kind, json_integer(json_integer_value(n) + json_integer_value(json_object_get(to, kind))));
}

enum code erasure_note(struct txn *t, const struct erasure *e, struct err *reterr) {
    int64_t number;
    if (e->key_count == 0 && json_object_size(e->counts) == 0)
        return OK;
    char *counts = e->counts == NULL ? NULL : json_dumps(e->counts, JSON_COMPACT | JSON_SORT_KEYS);
    if (e->counts != NULL && counts == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an erasure");
    enum code code = destruction_put(t, e->cause, e->by, counts == NULL ? "{}" : counts, e->keys, e->key_count, &number, reterr);
    free(counts);
    return code;
}

/* ---- what must stay */
#define KEPT_TOLD 100u                        /* of one erasure; the others stay, too */
static void kept_one(struct erasure *e, const struct record *r, size_t part, bool by_law) {
    const struct kind *k = r->info->kind;
    const usec_t due = held_due(r, part);
    char id[UUID_TEXT], until[40];
    if (e->kept == NULL)
        e->kept = json_array();
    if (json_array_size(e->kept) >= KEPT_TOLD)
        return;
    json_t *fields = json_array();
    for (size_t i = 0; i < k->field_count; i++)
        if ((k->parts[part].fields >> i & 1) != 0)
            e->failed = e->failed || json_array_append_new(fields, json_string(k->fields[i].name)) != 0;
    json_t *one = json_pack("{s:s, s:s, s:o, s:s?, s:s}", "kind", k->name, "id", uuid_format(&r->id, id), "fields", fields,
                            "due", due == USEC_NEVER ? NULL : time_format(due, until, sizeof until), "because", by_law ? k->parts[part].law.in[LANG_EN] : r->marks.restricted ? "restriction" : "hold");
    e->failed = e->failed || one == NULL || json_array_append_new(e->kept, one) != 0;
}

static void kept_tell(struct erasure *e, const struct record *r, uint64_t held, uint64_t by_law) {
    for (size_t i = 0; i < r->info->kind->part_count; i++)
        if ((held >> i & 1) != 0)
            kept_one(e, r, i, (by_law >> i & 1) != 0);
}

uint64_t parts_used(const struct record *r) {
    uint64_t used = 0;
    for (size_t i = 0; i < r->info->kind->part_count; i++)
        used |= record_uses_part(r, (int)i) ? (uint64_t)1 << i : 0;
    return used;
}

/* What when_deleted says of a child kind; one that it does not name goes with its parent. */
static bool goes_too(const struct kind *k, int child) {
    for (size_t i = 0; i < k->when_deleted_count; i++)
        if (k->when_deleted[i].kind == child)
            return k->when_deleted[i].erase;
    return true;
}

enum code erase_children(struct txn *t, struct erasure *e, const struct kind_info *child, const struct uuid *parent, struct uuid *after, bool *ret_more, struct err *reterr) {
    struct uuid ids[64];
    size_t n = ARRAY_LEN(ids);
    enum code code = OK;
    if (e->budget == 0)
        e->budget = CHILDREN_NOW;
    while (code == OK && n == ARRAY_LEN(ids) && e->budget >= n) {
        code = children_list(txn_sql(t), child, parent, after, ids, ARRAY_LEN(ids), &n, reterr);
        for (size_t i = 0; code == OK && i < n; i++)
            code = erase_one(t, e, child, &ids[i], reterr);
        if (code == OK && n > 0)
            *after = ids[n - 1];
    }
    *ret_more = n == ARRAY_LEN(ids);
    return code;
}

static enum code children_go(struct txn *t, struct erasure *e, const struct record *r, struct err *reterr) {
    const struct kind_info *k = r->info;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < k->child_count; i++) {
        const struct kind_info *child = service_kind(e->s, k->children[i]);
        struct uuid after = { { 0 } };
        bool more = false;
        if (!goes_too(k->kind, child->index) || !rule_on(RULE_children_erased))
            continue;
        if (e->budget > 0)
            code = erase_children(t, e, child, &r->id, &after, &more, reterr);
        else
            more = true;
        if (code == OK && more) {
            e->more = true;
            code = task_put_erasing(t, e->s, TASK_ERASE, child, &r->id, e->cause, reterr);
        }
    }
    return code;
}

/* What is restricted does not go because what it belongs to goes: it has its own date, its person, and the lifting (GDPR, article 18). */
static bool is_spared(const struct erasure *e, const struct record *r) {
    return r->marks.restricted && uuid_compare(&r->id, &e->asked) != 0 && rule_on(RULE_right_restriction);
}

/* Some of the record is held: the rest of it goes in a write of its own, before which it is opened, and what belongs to it by its own rules: a law speaks of
 * the record that it names, and so does a person who holds some fields. Who holds a record as a whole holds what belongs to it, and so does a restriction. */
static enum code erase_rest(struct txn *t, struct erasure *e, const struct record *r, uint64_t held, struct err *reterr) {
    const uint64_t used = parts_used(r);
    uint64_t person = 0;
    kept_tell(e, r, held & used, held_by_law(r, txn_now(t)));
    e->budget -= e->budget > 0;
    enum code code = (used & ~held) == 0 ? OK : task_put_erasing(t, e->s, TASK_PARTS, r->info, &r->id, e->cause, reterr);
    e->more = e->more || (used & ~held) != 0;
    if (code == OK)
        code = held_parts(txn_sql(t), r, txn_now(t), HELD_BY_PERSON, &person, reterr);
    if (code != OK || is_spared(e, r) || (used & ~person) == 0)
        return code;
    return children_go(t, e, r, reterr);
}

/* Does it wait for its own date, although what it belongs to goes by one? Somebody was promised to be told before it goes. */
static bool is_told_first(const struct erasure *e, const struct record *r) {
    return strcmp(e->cause, "due") == 0 && r->info->kind->warn.person >= 0 && r->due != USEC_NEVER && rule_on(RULE_erasure_notice);
}

enum code erase_one(struct txn *t, struct erasure *e, const struct kind_info *k, const struct uuid *id, struct err *reterr) {
    struct record r;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an erasure");
    enum code code = record_load(txn_sql(t), k, id, arena, &r, reterr);
    if (code == E_NOT_FOUND || code == E_GONE)
        return OK;
    uint64_t held = 0;
    if (code == OK && is_told_first(e, &r))
        return OK;
    if (code == OK && e->asks != 0)
        code = held_parts(txn_sql(t), &r, txn_now(t), e->asks, &held, reterr);
    if (code == OK && e->asks != 0 && is_spared(e, &r))
        held = ~(uint64_t)0;
    if (code == OK && (held & parts_used(&r)) != 0)
        return erase_rest(t, e, &r, held, reterr);
    bool gone = false;                         /* it was read in this write */
    return code == OK ? erase_loaded(t, e, &r, &gone, reterr) : code;
}

static bool kind_counts(const struct kind *k) {
    for (size_t i = 0; i < k->part_count; i++)
        if (k->parts[i].keep.count >= 0)
            return true;
    return false;
}

enum code erase_loaded(struct txn *t, struct erasure *e, const struct record *r, bool *ret_gone, struct err *reterr) {
    const struct kind_info *k = r->info;
    bool gone = false;
    enum code code = row_gone(t, e, r, &gone, reterr);
    if (code == OK && !gone)
        *ret_gone = false;
    if (code != OK || !gone)
        return code;
    *ret_gone = true;
    code = counts_stay(t, e, r, parts_used(r), reterr);
    for (size_t i = 0; code == OK && i < k->child_count; i++)
        if (kind_counts(service_kind(e->s, k->children[i])->kind))
            code = remainder_drop(t, service_kind(e->s, k->children[i])->number, &r->id, reterr);
    if (code != OK)
        return code;
    e->counting = false;                       /* what goes with it goes with its numbers */
    count(e, k->kind->name);
    e->budget -= e->budget > 0;
    return code == OK ? children_go(t, e, r, reterr) : code;
}

enum code erasure_settle(struct erasure *e, struct err *reterr) {
    return doom_now(e->s, e->tenant, e->keys, e->key_count, reterr);
}

/* ---- the use case */
struct request { bool by_wish; struct service *s; const struct caller *who; const struct kind_info *k; struct uuid id; int64_t if_match; struct erasure e; };

static enum code erase_write(struct txn *t, void *arg, struct err *reterr) {
    struct request *q = arg;
    struct record r;
    struct looked_up *known = NULL;
    char who[CALLER_TEXT], id[UUID_TEXT];
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an erasure");
    erasure_again(&q->e);
    q->e.by = caller_text(q->who, who, sizeof who);
    q->e.budget = CHILDREN_NOW;
    enum code code = record_find(txn_sql(t), q->k, &q->id, arena, &r, reterr);
    if (code == OK && q->if_match >= 0 && r.version != q->if_match)
        return err_set(reterr, E_STALE, "the record has version %lld: read it again before it is erased", (long long)r.version);
    if (code == OK)
        code = erase_one(t, &q->e, q->k, &q->id, reterr);
    for (size_t i = 0; code == OK && i < q->k->kind->limit_count; i++)
        code = seats_fill(t, q->s, q->k, i, &r.parent, arena, &known, &q->e.more, reterr);
    if (code != OK)
        return code;
    if (q->e.counts == NULL)
        q->e.counts = json_object();
    json_t *what = json_pack("{s:s, s:s, s:O, s:O*}", "kind", q->k->kind->name, "id", uuid_format(&q->id, id), "erased", q->e.counts, "kept", q->e.kept);
    code = ledger_append(t, "record_erased", q->e.by, what, reterr);
    json_decref(what);
    if (code == OK)
        code = erasure_note(t, &q->e, reterr);
    q->e.by = NULL;                            /* it lies on the stack of this call */
    return code == OK && q->e.failed ? err_set(reterr, E_MEMORY, "no memory for an erasure") : code;
}

/* What goes with the record goes by the caller's hand: may a level keep any of it from the caller's writing? Asked of the kinds and not of
 * the records, so that the answer tells nothing of those that are hidden. A level that holds for the record holds for what belongs to it. */
static bool reaches_children(const struct service *s, const struct caller *who, const struct kind_info *k, size_t depth) {
    const struct levels *l = rule_on(RULE_access_levels) && !who->by_sejf ? who->levels : NULL;
    for (size_t i = 0; l != NULL && depth < s->kinds && i < k->child_count; i++) {
        const struct kind_info *child = service_kind(s, k->children[i]);
        if (!goes_too(k->kind, child->index))
            continue;
        if (!policy_spoken_of(s->charter, who, k->index) && !policy_level_whole(s->charter, who, child->index, LEVEL_WRITE))
            return false;                      /* the record goes by the highest level that the account has, what belongs to it by its own */
        for (size_t n = 0; n < l->count; n++)
            if (l->list[n].level < LEVEL_WRITE && (child->index == l->list[n].kind || kind_refers(child->kind, l->list[n].kind)))
                return false;
        if (!reaches_children(s, who, child, depth + 1))
            return false;
    }
    return true;
}

/* May the caller erase it? What it may not even see is not there. */
static enum code erase_check(struct request *q, struct err *reterr) {
    struct record r;
    struct verdict may, sees;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(facts_end) struct fact_source src = { .s = q->s, .who = q->who, .record = &r, .arena = arena };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an erasure");
    r.tenant = q->who->tenant;
    struct sql *sql;
    enum code code = facts_sql(&src, &sql, reterr);
    if (code == OK)
        code = record_find(sql, q->k, &q->id, arena, &r, reterr);
    if (code != OK)
        return read_absent(q->s, q->who, q->k->index, code, reterr);
    struct facts f = facts_of(&src, clock_now());
    code = policy_changes(q->who, &f, V_ERASE, &may, reterr);
    if (code == OK && may.any && !reaches_children(q->s, q->who, q->k, 0))
        return err_set(reterr, E_FORBIDDEN, "this record is not yours to erase: the account's levels leave out what may belong to it, and that would go too");
    if (code == OK && may.any && r.marks.restricted && !q->who->by_sejf && !q->by_wish && rule_on(RULE_right_restriction))
        return err_set(reterr, E_CONFLICT, "the processing of this record is restricted (GDPR, article 18): it is kept until its date, or until the restriction is lifted, and not erased by hand meanwhile");
    if (code != OK || may.any)
        return code;
    code = policy_sees(q->who, &f, &sees, reterr);
    if (code != OK)
        return code;
    return sees.any ? err_set(reterr, E_FORBIDDEN, "this record is not yours to erase: %s", may.reason)
                    : err_set(reterr, E_NOT_FOUND, "there is no such record");
}

/* Above the cap of a day nothing is erased until a person has confirmed. What goes on meanwhile is counted later: then the record is gone
 * and its keys wait. */
static enum code cap_check(struct service *s, struct err *reterr) {
    struct keeper_status now;
    enum code code = keeper_status(s->keeper, &now, reterr);
    if (code == OK && rule_on(RULE_key_caps) && now.destroyed_today >= now.destroyed_most + now.allowed_today)
        return err_set(reterr, E_TOO_MANY, "nothing was erased: %llu keys were destroyed today, as many as are allowed (key_destructions in sejf.yaml); somebody must "
                       "confirm with \"sejf key allow N\"", (unsigned long long)now.destroyed_today);
    return code;
}

enum code record_erase(struct service *s, const struct record_request *r, json_t **ret, struct err *reterr) {
    json_t *kept = NULL;
    enum code code = record_erase_told(s, r, ret, &kept, reterr);
    json_decref(kept);
    return code;
}

/* sejf itself erases what its probes have made; with the number of a link it does so for a person. */
static struct erasure erasure_of(struct service *s, const struct record_request *r) {
    const struct caller *who = r->who;
    const bool alone = who->by_sejf && who->token == 0 && !r->withdrawn;
    if (r->withdrawn)
        return (struct erasure){ .s = s, .tenant = who->tenant, .cause = "consent", .asks = HELD_BY_LAW | HELD_BY_PERSON, .asked = r->id };
    return (struct erasure){ .s = s, .tenant = who->tenant, .cause = alone || (!who->by_sejf && !r->by_wish && use_owner(s, who)) ? "owner" : "person",
                             .asks = alone ? 0 : HELD_BY_LAW | HELD_BY_PERSON, .asked = r->id };
}

enum code record_erase_told(struct service *s, const struct record_request *r, json_t **ret, json_t **ret_kept, struct err *reterr) {
    PRE(s != NULL && r != NULL && ret != NULL && ret_kept != NULL && reterr != NULL);
    struct request q = { r->by_wish, s, r->who, service_kind(s, r->kind), r->id, r->if_match, erasure_of(s, r) };
    static const struct verdict outside = { .reason = "the token's scope leaves this out" };
    if (!policy_scope(s->charter, r->who, r->kind, V_ERASE))
        return use_refused(s, r->who, r->kind, &outside, reterr);
    enum code code = erase_check(&q, reterr);
    if (code == OK && !rule_on(RULE_erasure_by_owner) && !r->who->by_sejf) {
        *ret = json_pack("{s:i}", q.k->kind->name, 1);
        return OK;
    }
    if (code == OK)
        code = cap_check(s, reterr);
    if (code == OK)
        code = store_write(s->store, r->who->tenant, erase_write, &q, reterr);
    if (code == OK) {
        struct err later;                      /* the record is gone: what could not be done stands noted, and the upkeep goes on */
        *ret = json_incref(q.e.counts);
        *ret_kept = json_incref(q.e.kept);
        if (erasure_settle(&q.e, &later) == OK && q.e.more)
            (void)!tasks_run(s, r->who->tenant, *ret, &later);
    }
    erasure_done(&q.e);
    return code;
}
