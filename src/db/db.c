/* db.c — what every engine shares: the statement cache and migrations.
 * Invariant: slots holds each literal at most once, by its address; at least one slot is empty. */
#include "db/db.h"

#include <string.h>

#include "base/mem.h"
#include "db/engine.h"

static const struct db_engine *live(const struct db *db) {
    PRE(db != NULL && db->magic == DB_MAGIC);
    return db->engine;
}

enum code db_open(const struct db_options *o, struct db **ret, struct err *reterr) {
    PRE(o != NULL && o->path != NULL && ret != NULL && reterr != NULL);
    const struct db_engine *engine = o->engine != NULL ? o->engine : &db_sqlite;
    struct db *db = NULL;
    struct stmt **slots = mem_new_array(64, sizeof *slots);
    if (slots == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a connection to %s", o->path);
    enum code code = engine->open(o, &db, reterr);
    if (code != OK) {
        (void)mem_free(slots);
        return code;
    }
    db->magic = DB_MAGIC;
    db->engine = engine;
    db->slots = slots;
    db->room = 64;
    *ret = db;
    return OK;
}

struct db *db_close(struct db *db) {
    if (db == NULL)
        return NULL;
    const struct db_engine *engine = live(db);
    for (size_t i = 0; i < db->room; i++)
        if (db->slots[i] != NULL)
            engine->forget(db->slots[i]);
    (void)mem_free(db->slots);
    db->magic = 0;
    engine->close(db);
    return NULL;
}

/* Literals stand at fixed addresses, so a multiplicative hash of the address spreads them well. */
static struct stmt **slot_of(struct stmt **slots, size_t room, const char *sql) {
    size_t at = (size_t)(((uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (room - 1);
    while (slots[at] != NULL && slots[at]->sql != sql)
        at = (at + 1) & (room - 1);
    return &slots[at];
}

static bool slots_grow(struct db *db) {
    if (db->used * 2 < db->room)
        return true;
    size_t room = db->room * 2;
    struct stmt **slots = mem_new_array(room, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < db->room; i++)
        if (db->slots[i] != NULL)
            *slot_of(slots, room, db->slots[i]->sql) = db->slots[i];
    (void)mem_free(db->slots);
    db->slots = slots;
    db->room = room;
    return true;
}

enum code db_prepare(struct db *db, const char *sql, struct stmt **ret, struct err *reterr) {
    const struct db_engine *engine = live(db);
    struct stmt *found = *slot_of(db->slots, db->room, sql);
    if (found != NULL) {
        if (found->open)
            engine->reset(found);
        found->open = true;
        *ret = found;
        return OK;
    }
    if (!slots_grow(db))
        return err_set(reterr, E_MEMORY, "no memory for a statement");
    struct stmt *s = NULL;
    enum code code = engine->prepare(db, sql, &s, reterr);
    if (code != OK)
        return code;
    s->db = db;
    s->sql = sql;
    s->open = true;
    *slot_of(db->slots, db->room, sql) = s;
    db->used++;
    *ret = s;
    return OK;
}

void stmt_int(struct stmt *s, int at, int64_t value) { s->db->engine->bind_int(s, at, value); }
void stmt_blob(struct stmt *s, int at, const void *bytes, size_t len) { s->db->engine->bind_blob(s, at, bytes, len); }
void stmt_text(struct stmt *s, int at, const char *text) { s->db->engine->bind_text(s, at, text); }
void stmt_null(struct stmt *s, int at) { s->db->engine->bind_text(s, at, NULL); }

enum code stmt_step(struct stmt *s, bool *ret_row, struct err *reterr) {
    bool row = false;
    enum code code = s->db->engine->step(s, &row, reterr);
    if (code != OK || !row)
        stmt_end(s);
    if (code == OK)
        *ret_row = row;
    return code;
}

enum code stmt_run(struct stmt *s, struct err *reterr) {
    bool row = true;
    while (row) {
        enum code code = stmt_step(s, &row, reterr);
        if (code != OK)
            return code;
    }
    return OK;
}

void stmt_end(struct stmt *s) {
    if (s == NULL || !s->open)
        return;
    s->db->engine->reset(s);
    s->open = false;
}

int64_t col_int(struct stmt *s, int at) { return s->db->engine->col_int(s, at); }
const void *col_blob(struct stmt *s, int at, size_t *ret_len) { return s->db->engine->col_blob(s, at, ret_len); }
const char *col_text(struct stmt *s, int at) { return s->db->engine->col_text(s, at); }
bool col_is_null(struct stmt *s, int at) { return s->db->engine->col_is_null(s, at); }

enum code db_begin(struct db *db, bool write, struct err *reterr) { return live(db)->begin(db, write, reterr); }

/* A statement left open would hold its snapshot past the end of the transaction. */
static void all_end(struct db *db) {
    for (size_t i = 0; i < db->room; i++)
        stmt_end(db->slots[i]);
}

enum code db_commit(struct db *db, struct err *reterr) {
    all_end(db);
    return live(db)->commit(db, reterr);
}

void db_rollback(struct db *db) {
    all_end(db);
    live(db)->rollback(db);
}

enum code db_savepoint(struct db *db, struct err *reterr) { return live(db)->savepoint(db, reterr); }
enum code db_release(struct db *db, struct err *reterr) { return live(db)->release(db, reterr); }

void db_rollback_to(struct db *db) {
    all_end(db);
    live(db)->rollback_to(db);
}

bool db_in_transaction(struct db *db) { return live(db)->in_transaction(db); }
enum code db_others(struct db *db, int64_t *ret, struct err *reterr) { return live(db)->others(db, ret, reterr); }
int64_t db_changes(struct db *db) { return live(db)->changes(db); }
enum code db_script(struct db *db, const char *sql, struct err *reterr) { return live(db)->script(db, sql, reterr); }

enum code db_checkpoint(struct db *db, struct err *reterr) {
    const struct db_engine *engine = live(db);
    return engine->checkpoint != NULL ? engine->checkpoint(db, reterr) : OK;
}

enum code db_backfill(struct db *db, int wait_ms, struct err *reterr) {
    const struct db_engine *engine = live(db);
    return engine->backfill != NULL ? engine->backfill(db, wait_ms, reterr) : OK;
}

int64_t db_wal_pages(struct db *db) {
    const struct db_engine *engine = live(db);
    return engine->wal_pages != NULL ? engine->wal_pages(db) : 0;
}

enum code db_check(struct db *db, struct err *reterr) {
    const struct db_engine *engine = live(db);
    return engine->check != NULL ? engine->check(db, reterr) : OK;
}

static enum code migrate_step(struct db *db, const struct migration *m, struct err *reterr) {
    const struct db_engine *engine = live(db);
    enum code code = engine->begin(db, true, reterr);
    if (code != OK)
        return code;
    code = engine->script(db, m->sql, reterr);
    if (code == OK)
        code = engine->version_set(db, m->to, reterr);
    if (code == OK)
        code = engine->commit(db, reterr);
    if (code != OK) {
        engine->rollback(db);
        return err_prefix(reterr, "carrying the data forward to version %d", m->to);
    }
    return OK;
}

enum code db_migrate(struct db *db, const struct migration *steps, size_t count, struct err *reterr) {
    PRE(count > 0);
    int have = 0, newest = steps[count - 1].to;
    enum code code = live(db)->version(db, &have, reterr);
    if (code != OK)
        return code;
    if (have > newest)
        return err_set(reterr, E_CONFIG, "the data was written by a newer sejf (version %d of its tables; this program knows "
                       "up to %d): start the newer program, or restore an archive made before it", have, newest);
    for (size_t i = 0; i < count; i++) {
        PRE(i == 0 || steps[i].to == steps[i - 1].to + 1);
        if (steps[i].to <= have)
            continue;
        code = migrate_step(db, &steps[i], reterr);
        if (code != OK)
            return code;
    }
    return OK;
}
