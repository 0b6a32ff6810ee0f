/* rows.c — records, their parts and tombstones, and the lists over them. */
#include "store/rows.h"

#include <string.h>

#include "store/consent.h"
#include "store/inner.h"
#include "store/tables.h"

#define ROW_COLS "kind, id, version, change, created, updated, due, restricted, parent, number, clear, born"

static const struct uuid last = { { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 } };

static void row_bind(struct stmt *s, const struct row *r) {
    stmt_int(s, 2, r->kind);
    bind_uuid(s, 3, &r->id);
    stmt_int(s, 4, r->version);
    stmt_int(s, 5, r->change);
    stmt_int(s, 6, r->created);
    stmt_int(s, 7, r->updated);
    bind_due(s, 8, r->due);
    stmt_int(s, 9, (r->restricted ? MARK_RESTRICTED : 0) | (r->objected ? MARK_OBJECTED : 0) | (r->unconfirmed ? MARK_UNCONFIRMED : 0) |
                  (r->imported ? MARK_IMPORTED : 0));
    bind_uuid_or_null(s, 10, &r->parent);
    stmt_text(s, 11, r->number);
    stmt_text(s, 12, r->clear != NULL ? r->clear : "{}");
}

/* Texts are those of the statement: they live until its next step. */
static enum code row_read(struct stmt *s, struct row *ret, struct err *reterr) {
    struct row r = { .kind = (int32_t)col_int(s, 0), .version = col_int(s, 2), .change = col_int(s, 3), .created = col_int(s, 4),
                     .updated = col_int(s, 5), .due = col_due(s, 6) };
    const int64_t marks = col_int(s, 7);
    r.restricted = (marks & MARK_RESTRICTED) != 0;
    r.objected = (marks & MARK_OBJECTED) != 0;
    r.unconfirmed = (marks & MARK_UNCONFIRMED) != 0;
    r.imported = (marks & MARK_IMPORTED) != 0;
    enum code code = col_bytes(s, 1, r.id.bytes, sizeof r.id.bytes, reterr);
    if (code == OK && !col_is_null(s, 8))
        code = col_bytes(s, 8, r.parent.bytes, sizeof r.parent.bytes, reterr);
    if (code != OK)
        return code;
    r.number = col_text(s, 9);
    r.clear = col_text(s, 10);
    r.born = col_int(s, 11);
    *ret = r;
    return OK;
}

/* Does a tombstone stand there? */
static enum code is_erased(struct sql *q, int32_t kind, const struct uuid *id, bool *ret, struct err *reterr) {
    struct stmt *s;
    bool erased = false;
    enum code code = sql_prepare_of(q, "SELECT 1 FROM tombstone WHERE tenant = ? AND kind = ? AND id = ?", kind, id, &s, reterr);
    if (code != OK)
        return code;
    if ((code = stmt_step(s, &erased, reterr)) != OK)
        return code;
    stmt_end(s);
    *ret = erased;
    return OK;
}

/* A row of values, not of a SELECT: for one row with one set of values SQLite needs no savepoint of its own. */
static enum code row_insert(struct txn *t, const struct row *r, bool *ret_done, struct err *reterr) {
    struct stmt *s;
    bool erased = false;
    enum code code = is_erased(&t->sql, r->kind, &r->id, &erased, reterr);
    if (code == OK && !erased)
        code = sql_prepare(&t->sql, "INSERT INTO record (tenant, kind, id, version, change, created, updated, due, restricted, parent, number, clear, born) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?5) ON CONFLICT (tenant, kind, id) DO NOTHING", &s, reterr);
    if (code != OK || erased)
        return code;
    row_bind(s, r);
    if ((code = stmt_run(s, reterr)) != OK)
        return code;
    *ret_done = db_changes(t->sql.records) == 1;
    if (*ret_done) {
        t->state->records++;
        state_touch(t);
    }
    return OK;
}

static enum code row_update(struct txn *t, const struct row *r, bool *ret_done, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE record SET version = ?4, change = ?5, created = ?6, updated = ?7, due = ?8, restricted = ?9, "
                                 "parent = ?10, number = ?11, clear = ?12 WHERE tenant = ?1 AND kind = ?2 AND id = ?3", &s, reterr);
    if (code != OK)
        return code;
    row_bind(s, r);
    if ((code = stmt_run(s, reterr)) != OK)
        return code;
    *ret_done = db_changes(t->sql.records) == 1;
    return OK;
}

enum code row_put(struct txn *t, const struct row *r, struct err *reterr) {
    bool done = false;
    enum code code = OK;
    if (r->version > 1)                       /* the likelier of the two goes first; either order is right */
        code = row_update(t, r, &done, reterr);
    if (code == OK && !done)
        code = row_insert(t, r, &done, reterr);
    if (code == OK && !done && r->version <= 1)
        code = row_update(t, r, &done, reterr);
    if (code == OK && !done)
        return err_set(reterr, E_GONE, "a record with this id was erased; an erased id is never used again");
    return code;
}

/* Moves a text to the scratch of q, so that it outlives its statement. Offsets first: the buffer may move. */
static bool keep_texts(struct sql *q, struct row *r) {
    size_t number = 0, clear;
    buf_cut(&q->scratch, 0);
    q->scratch.failed = false;
    if (r->number != NULL) {
        number = q->scratch.len;
        buf_add(&q->scratch, r->number, strlen(r->number) + 1);
    }
    clear = q->scratch.len;
    buf_add(&q->scratch, r->clear, strlen(r->clear) + 1);
    if (q->scratch.failed)
        return false;
    if (r->number != NULL)
        r->number = q->scratch.data + number;
    r->clear = q->scratch.data + clear;
    return true;
}

static enum code row_absent(struct sql *q, int32_t kind, const struct uuid *id, struct err *reterr) {
    bool erased = false;
    enum code code = is_erased(q, kind, id, &erased, reterr);
    if (code != OK)
        return code;
    return erased ? err_set(reterr, E_GONE, "this record was erased") : err_set(reterr, E_NOT_FOUND, "there is no such record");
}

enum code row_get(struct sql *q, int32_t kind, const struct uuid *id, struct row *ret, struct err *reterr) {
    struct stmt *s;
    struct row r;
    bool found = false;
    enum code code = sql_prepare_of(q, "SELECT " ROW_COLS " FROM record WHERE tenant = ? AND kind = ? AND id = ?", kind, id, &s, reterr);
    if (code != OK)
        return code;
    if ((code = stmt_step(s, &found, reterr)) != OK)
        return code;
    if (!found)
        return row_absent(q, kind, id, reterr);
    code = row_read(s, &r, reterr);
    if (code == OK && !keep_texts(q, &r))
        code = err_set(reterr, E_MEMORY, "no memory for a record");
    stmt_end(s);
    if (code == OK)
        *ret = r;
    return code;
}

/* ---- erasing ---- */

static enum code delete_of(struct txn *t, const char *sql, int32_t kind, const struct uuid *id, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, sql, kind, id, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

static enum code tombstone_put(struct txn *t, int32_t kind, const struct uuid *id, int64_t version, struct err *reterr) {
    struct stmt *s;
    int64_t change = 0;
    enum code code = txn_change(t, &change, reterr);
    if (code == OK)
        code = sql_prepare_of(&t->sql, "INSERT OR REPLACE INTO tombstone (tenant, kind, id, version, change, at) VALUES (?, ?, ?, ?, ?, ?)", kind, id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, version);
    stmt_int(s, 5, change);
    stmt_int(s, 6, t->now);
    return stmt_run(s, reterr);
}

/* What stands beside a record, and how to know that nothing does of the whole kind. */
static const struct { const char *any, *drop; } besides[BESIDES] = {
    [BESIDE_CLAIM] = { "SELECT 1 FROM claim WHERE tenant = ? AND kind = ? LIMIT 1", "DELETE FROM claim WHERE tenant = ? AND kind = ? AND holder = ?" },
    [BESIDE_SPAN] = { "SELECT 1 FROM span WHERE tenant = ? AND kind = ? LIMIT 1", "DELETE FROM span WHERE tenant = ? AND kind = ? AND holder = ?" },
    [BESIDE_GIVEN] = { "SELECT 1 FROM use_given WHERE tenant = ? AND kind = ? LIMIT 1", "DELETE FROM use_given WHERE tenant = ? AND kind = ? AND id = ?" },
    [BESIDE_CONSENT] = { "SELECT 1 FROM consent WHERE tenant = ? AND kind = ? LIMIT 1", "DELETE FROM consent WHERE tenant = ? AND kind = ? AND id = ?" },
};

static enum code bare_ask(struct txn *t, int32_t kind, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < BESIDES; i++) {
        struct stmt *s;
        bool row = false;
        code = sql_prepare(&t->sql, besides[i].any, &s, reterr);
        if (code != OK)
            return code;
        stmt_int(s, 2, kind);
        code = stmt_step(s, &row, reterr);
        if (code == OK && row)
            stmt_end(s);
        t->bare.is[i] = !row;
    }
    t->bare.known = code == OK;
    return code;
}

/* Whoever erases one record only does not ask first. */
static enum code besides_drop(struct txn *t, int32_t kind, const struct uuid *id, struct err *reterr) {
    if (t->bare.kind != kind)
        t->bare = (struct bare){ .kind = kind };
    enum code code = t->bare.erased++ > 0 && !t->bare.known ? bare_ask(t, kind, reterr) : OK;
    for (size_t i = 0; code == OK && i < BESIDES; i++)
        if (!t->bare.known || !t->bare.is[i])
            code = delete_of(t, besides[i].drop, kind, id, reterr);
    return code;
}

static enum code record_drop(struct txn *t, const struct row *r, bool *ret_gone, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "DELETE FROM record WHERE tenant = ? AND kind = ? AND id = ? AND change = ?", r->kind, &r->id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, r->change);
    if ((code = stmt_run(s, reterr)) == OK)
        *ret_gone = db_changes(t->sql.records) == 1;
    return code;
}

enum code row_erase(struct txn *t, const struct row *r, bool *ret_gone, struct err *reterr) {
    PRE(t != NULL && r != NULL && ret_gone != NULL && reterr != NULL);
    bool gone = false;
    enum code code = record_drop(t, r, &gone, reterr);
    if (code == OK && !gone)
        *ret_gone = false;
    if (code != OK || !gone)
        return code;
    code = delete_of(t, "DELETE FROM part WHERE tenant = ? AND kind = ? AND id = ?", r->kind, &r->id, reterr);
    if (code == OK)
        code = besides_drop(t, r->kind, &r->id, reterr);
    if (code == OK && r->objected)
        code = delete_of(t, "DELETE FROM objection WHERE tenant = ? AND kind = ? AND id = ?", r->kind, &r->id, reterr);
    if (code == OK && r->restricted)
        code = delete_of(t, "DELETE FROM restriction WHERE tenant = ? AND kind = ? AND id = ?", r->kind, &r->id, reterr);
    if (code == OK)
        code = door_drop(t, &r->id, reterr);
    if (code == OK)
        code = tombstone_put(t, r->kind, &r->id, r->version + 1, reterr);
    if (code == OK)
        code = index_erase(t, r->kind, &r->id, reterr);
    if (code != OK)
        return code;
    t->state->records--;
    *ret_gone = true;
    return OK;
}

enum code row_delete(struct txn *t, int32_t kind, const struct uuid *id, struct err *reterr) {
    struct row r;
    bool gone = false;
    enum code code = row_get(&t->sql, kind, id, &r, reterr);
    return code == OK ? row_erase(t, &r, &gone, reterr) : code;
}

/* ---- parts ---- */

enum code part_put(struct txn *t, int32_t kind, const struct uuid *id, const struct part_row *p, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "INSERT OR REPLACE INTO part (tenant, kind, id, part, key, due, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)", kind, id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, p->part);
    stmt_int(s, 5, (int64_t)p->key);
    bind_due(s, 6, p->due);
    stmt_blob(s, 7, p->blob, p->len);
    return stmt_run(s, reterr);
}

enum code part_delete(struct txn *t, int32_t kind, const struct uuid *id, int32_t part, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "DELETE FROM part WHERE tenant = ? AND kind = ? AND id = ? AND part = ?", kind, id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, part);
    return stmt_run(s, reterr);
}

static enum code part_read(struct stmt *s, struct part_row *ret, struct err *reterr) {
    (void)reterr;
    *ret = (struct part_row){ .part = (int32_t)col_int(s, 0), .key = (uint64_t)col_int(s, 1), .due = col_due(s, 2) };
    ret->blob = col_blob(s, 3, &ret->len);
    return OK;
}

DEFINE_ROWS(parts_give, part_row, part_read)

enum code parts_get(struct sql *q, int32_t kind, const struct uuid *id, part_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_of(q, "SELECT part, key, due, bytes FROM part WHERE tenant = ? AND kind = ? AND id = ? ORDER BY part", kind, id, &s, reterr);
    return code == OK ? parts_give(s, fn, arg, NULL, reterr) : code;
}

static enum code walk_begin(struct part_walk *w, const struct uuid *id, struct err *reterr) {
    enum code code = w->descending
        ? sql_prepare(w->q, "SELECT part, key, due, bytes, id FROM part WHERE tenant = ? AND kind = ? AND id <= ? ORDER BY id DESC, part DESC", &w->s, reterr)
        : sql_prepare(w->q, "SELECT part, key, due, bytes, id FROM part WHERE tenant = ? AND kind = ? AND id >= ? ORDER BY id, part", &w->s, reterr);
    if (code != OK)
        return code;
    stmt_int(w->s, 2, w->kind);
    bind_uuid(w->s, 3, id);
    w->begun = true;
    w->begun_at = w->q->begun;
    return stmt_step(w->s, &w->there, reterr);
}

enum code parts_walk(struct part_walk *w, const struct uuid *id, part_fn fn, void *arg, struct err *reterr) {
    PRE(w != NULL && w->q != NULL && id != NULL && fn != NULL && reterr != NULL);
    enum code code = w->begun && w->begun_at == w->q->begun ? OK : walk_begin(w, id, reterr);
    while (code == OK && w->there) {
        struct uuid at;
        code = col_bytes(w->s, 4, at.bytes, sizeof at.bytes, reterr);
        int ahead = code == OK ? uuid_compare(&at, id) : 0;
        if (code != OK || (w->descending ? ahead < 0 : ahead > 0))
            break;
        if (ahead == 0) {
            struct part_row p;
            if ((code = part_read(w->s, &p, reterr)) != OK || !fn(&p, arg))
                break;
        }
        code = stmt_step(w->s, &w->there, reterr);
    }
    return code;
}

void parts_walk_end(struct part_walk *w) {
    if (w->begun && w->there && w->begun_at == w->q->begun)
        stmt_end(w->s);
    w->begun = w->there = false;
}

/* ---- lists ---- */

DEFINE_ROWS(rows_give, row, row_read)

struct uuid row_range_start(const struct row_range *range) { return range->descending && uuid_is_null(&range->after) ? last : range->after; }

enum code rows_list(struct sql *q, const struct row_range *range, row_fn fn, void *arg, struct err *reterr) {
    /* Left to itself, the planner takes the primary key, and so all records of the kind, to find those of one parent. */
    static const char *const texts[2][2] = {
        { "SELECT " ROW_COLS " FROM record WHERE tenant = ? AND kind = ? AND id > ? ORDER BY id",
          "SELECT " ROW_COLS " FROM record WHERE tenant = ? AND kind = ? AND id < ? ORDER BY id DESC" },
        { "SELECT " ROW_COLS " FROM record INDEXED BY record_parent WHERE tenant = ? AND kind = ? AND id > ? AND parent = ? ORDER BY id",
          "SELECT " ROW_COLS " FROM record INDEXED BY record_parent WHERE tenant = ? AND kind = ? AND id < ? AND parent = ? ORDER BY id DESC" },
    };
    struct stmt *s;
    enum code code = sql_prepare(q, texts[range->has_parent][range->descending], &s, reterr);
    if (code != OK)
        return code;
    const struct uuid start = row_range_start(range);
    stmt_int(s, 2, range->kind);
    bind_uuid(s, 3, &start);
    if (range->has_parent)
        bind_uuid(s, 4, &range->parent);
    return rows_give(s, fn, arg, NULL, reterr);
}

enum code rows_due(struct sql *q, usec_t until, row_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(q, "SELECT " ROW_COLS " FROM record WHERE tenant = ? AND due <= ? ORDER BY due", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, until);
    return rows_give(s, fn, arg, NULL, reterr);
}

static enum code place_read(struct stmt *s, struct due_place *ret, struct err *reterr) {
    *ret = (struct due_place){ .due = col_int(s, 0), .kind = (int32_t)col_int(s, 1) };
    return col_bytes(s, 2, ret->id.bytes, sizeof ret->id.bytes, reterr);
}

DEFINE_ROWS(places_give, due_place, place_read)

enum code due_walk(struct sql *q, const struct due_place *after, usec_t until, due_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_int(q, "SELECT due, kind, id FROM record INDEXED BY record_due WHERE tenant = ? AND due <= ? AND (due, kind, id) > (?, ?, ?) "
                                     "ORDER BY due, kind, id", until, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, after->due == 0 ? INT64_MIN : after->due);
    stmt_int(s, 4, after->kind);
    bind_uuid(s, 5, &after->id);
    return places_give(s, fn, arg, NULL, reterr);
}

enum code rows_count(struct sql *q, int32_t kind, const struct uuid *parent, int64_t *ret, struct err *reterr) {
    struct stmt *s;
    enum code code = parent != NULL ? sql_prepare(q, "SELECT count(*) FROM record INDEXED BY record_parent WHERE tenant = ? AND kind = ? AND parent = ?", &s, reterr)
                                    : sql_prepare(q, "SELECT count(*) FROM record WHERE tenant = ? AND kind = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, kind);
    if (parent != NULL)
        bind_uuid(s, 3, parent);
    return stmt_number(s, 0, ret, reterr);
}

static enum code change_read(struct stmt *s, struct change *ret, struct err *reterr) {
    *ret = (struct change){ .change = col_int(s, 0), .kind = (int32_t)col_int(s, 1), .version = col_int(s, 3), .erased = col_int(s, 4) != 0, .at = col_int(s, 5) };
    return col_bytes(s, 2, ret->id.bytes, sizeof ret->id.bytes, reterr);
}

DEFINE_ROWS(changes_give, change, change_read)

enum code changes_list(struct sql *q, int64_t after, change_fn fn, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_int(q, "SELECT change, kind, id, version, 0, updated FROM record WHERE tenant = ?1 AND change > ?2 UNION ALL "
                                     "SELECT change, kind, id, version, 1, at FROM tombstone WHERE tenant = ?1 AND change > ?2 ORDER BY change", after, &s, reterr);
    return code == OK ? changes_give(s, fn, arg, NULL, reterr) : code;
}
