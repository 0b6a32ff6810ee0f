/* children.c — the kinds that belong to a kind. */
#include "records/children.h"

#include <string.h>

#include "records/task.h"

enum code record_rewrite(struct txn *t, struct fact_source *src, struct record *r, struct err *reterr) {
    AUTO(buf_done) struct buf clear = BUF((size_t)1 << 20);
    usec_t *before = arena_array(src->arena, r->info->kind->part_count, sizeof *before);
    enum code code = before == NULL ? err_set(reterr, E_MEMORY, "no memory for a record") : r->loaded ? OK : record_load_parts(src->q, src->arena, r, reterr);
    for (size_t i = 0; code == OK && i < r->info->kind->part_count; i++)
        before[i] = r->parts[i].due;
    if (code == OK)
        code = facts_due(src, txn_now(t), reterr);
    if (code == OK)
        code = record_clear(r, &clear, reterr);
    if (code == OK)
        code = txn_change(t, &r->change, reterr);
    if (code != OK)
        return code;
    struct row row = { .kind = r->info->number, .id = r->id, .version = r->version, .change = r->change, .created = r->created, .updated = r->updated,
                       .due = r->due, .parent = r->parent, .clear = buf_str(&clear), .number = r->number, .restricted = r->marks.restricted,
                       .objected = r->marks.objected, .unconfirmed = r->marks.unconfirmed, .imported = r->marks.imported };
    code = row_put(t, &row, reterr);
    for (size_t i = 0; code == OK && i < r->info->kind->part_count; i++) {
        const struct part_state *p = &r->parts[i];
        if (p->has && p->due != before[i])
            code = part_put(t, r->info->number, &r->id, &(struct part_row){ r->info->parts[i], p->key, p->due, p->blob, p->len }, reterr);
    }
    return code;
}

struct id_room { struct uuid *list; size_t count, room; };
static bool take(const struct row *row, void *arg) {
    struct id_room *r = arg;
    r->list[r->count++] = row->id;
    return r->count < r->room;
}

enum code children_list(struct sql *q, const struct kind_info *child, const struct uuid *parent, const struct uuid *after,
                        struct uuid *ret, size_t room, size_t *ret_count, struct err *reterr) {
    struct id_room r = { ret, 0, room };
    struct row_range range = { .kind = child->number, .after = *after, .has_parent = parent != NULL };
    if (parent != NULL)
        range.parent = *parent;
    enum code code = rows_list(q, &range, take, &r, reterr);
    *ret_count = r.count;
    return code;
}

static enum code redate(struct txn *t, struct service *s, const struct kind_info *child, const struct uuid *id, struct looked_up **known,
                        struct arena *arena, struct err *reterr) {
    struct record r = { 0 }, again = { 0 };
    struct fact_source src = { .s = s, .q = txn_sql(t), .record = &r, .arena = arena, .inside = true, .known = *known };
    enum code code = record_load(src.q, child, id, arena, &r, reterr);
    if (code == OK)
        code = record_load(src.q, child, id, arena, &again, reterr);
    if (code == OK)
        code = facts_due(&src, txn_now(t), reterr);
    *known = src.known;
    bool moved = code == OK && r.due != again.due;
    for (size_t i = 0; code == OK && i < child->kind->part_count; i++)     /* each part may count from another field */
        moved = moved || (again.parts[i].has && r.parts[i].due != again.parts[i].due);
    if (!moved)
        return code;
    src.record = &again;
    again.version++;                           /* the date is shown with the record */
    return record_rewrite(t, &src, &again, reterr);
}

enum code children_redate_some(struct txn *t, struct service *s, const struct kind_info *child, const struct uuid *parent,
                               struct uuid *after, bool *ret_more, struct err *reterr) {
    struct uuid ids[CHILDREN_NOW];
    struct looked_up *known = NULL;
    size_t n = 0;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for due dates")
                                   : children_list(txn_sql(t), child, parent, after, ids, CHILDREN_NOW, &n, reterr);
    for (size_t i = 0; code == OK && i < n; i++)
        code = redate(t, s, child, &ids[i], &known, arena, reterr);
    *ret_more = n == CHILDREN_NOW;
    if (n > 0)
        *after = ids[n - 1];
    return code;
}

/* Does a part of the child count from one of these fields of its parent? */
static bool counts_from(const struct kind_info *child, fieldset changed) {
    for (size_t i = 0; i < child->kind->part_count; i++) {
        const struct anchor *a = &child->kind->parts[i].keep.anchor;
        if (child->kind->parts[i].keep.type == KEEP_SPAN && a->type == A_PARENT_FIELD && (changed >> a->field & 1) != 0)
            return true;
    }
    return false;
}

enum code children_redate(struct txn *t, struct draft *d, struct fact_source *src UNUSED, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < d->rec.info->child_count; i++) {
        const struct kind_info *child = service_kind(d->s, d->rec.info->children[i]);
        struct uuid after = { { 0 } };
        bool more = false;
        if (!counts_from(child, d->changed))
            continue;
        code = children_redate_some(t, d->s, child, &d->rec.id, &after, &more, reterr);
        if (code == OK && more) {
            d->more = true;
            code = task_put(t, d->s, TASK_REDATE, child, &d->rec.id, 0, NULL, reterr);
        }
    }
    return code;
}
