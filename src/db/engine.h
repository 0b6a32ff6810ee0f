/* engine.h — what an engine must offer to stand behind db.h. A driver is a const struct of functions;
 * SQLite is the only one so far. Every slot is required but those marked optional. Texts that an
 * engine puts into a struct err never hold a bound value.
 * A connection and its statements belong to one thread at a time. */
#pragma once
#include "db/db.h"

/* The head of every engine's own connection and statement (first member, so that a cast is sound). */
struct db { uint32_t magic; const struct db_engine *engine; struct stmt **slots; size_t room, used; };
struct stmt { struct db *db; const char *sql; bool open; };
#define DB_MAGIC UINT32_C(0x73646221)

struct db_engine {
    const char *name;                                                    /* "sqlite" */
    enum code (*open)(const struct db_options *o, struct db **ret, struct err *reterr);
    void (*close)(struct db *db);                                        /* statements are freed before */
    enum code (*prepare)(struct db *db, const char *sql, struct stmt **ret, struct err *reterr);
    void (*forget)(struct stmt *s);                                      /* frees the statement */
    void (*reset)(struct stmt *s);                                       /* and drops what was bound */
    void (*bind_int)(struct stmt *s, int at, int64_t value);
    void (*bind_blob)(struct stmt *s, int at, const void *bytes, size_t len);
    void (*bind_text)(struct stmt *s, int at, const char *text);
    enum code (*step)(struct stmt *s, bool *ret_row, struct err *reterr);
    int64_t (*col_int)(struct stmt *s, int at);
    const void *(*col_blob)(struct stmt *s, int at, size_t *ret_len);
    const char *(*col_text)(struct stmt *s, int at);
    bool (*col_is_null)(struct stmt *s, int at);
    int64_t (*changes)(struct db *db);
    bool (*in_transaction)(struct db *db);
    enum code (*others)(struct db *db, int64_t *ret, struct err *reterr);
    enum code (*begin)(struct db *db, bool write, struct err *reterr);
    enum code (*commit)(struct db *db, struct err *reterr);
    void (*rollback)(struct db *db);                                     /* outside a transaction: nothing */
    enum code (*savepoint)(struct db *db, struct err *reterr);
    enum code (*release)(struct db *db, struct err *reterr);
    void (*rollback_to)(struct db *db);
    enum code (*script)(struct db *db, const char *sql, struct err *reterr);
    enum code (*version)(struct db *db, int *ret, struct err *reterr);
    enum code (*version_set)(struct db *db, int version, struct err *reterr);
    enum code (*checkpoint)(struct db *db, struct err *reterr);          /* optional */
    enum code (*backfill)(struct db *db, int wait_ms, struct err *reterr);            /* optional */
    int64_t (*wal_pages)(struct db *db);                                 /* optional */
    enum code (*check)(struct db *db, struct err *reterr);               /* optional */
};

extern const struct db_engine db_sqlite;
