/* consent.c — see consent.h. */
#include "store/consent.h"

#include <string.h>

#include "store/inner.h"

const char *consent_state_name(enum consent_state state) {
    static const char *const names[] = { [CONSENT_GIVEN] = "given", [CONSENT_REFUSED] = "refused", [CONSENT_WITHDRAWN] = "withdrawn", [CONSENT_EXPIRED] = "expired" };
    return state >= CONSENT_GIVEN && state <= CONSENT_EXPIRED ? names[state] : "unknown";
}

/* ---- consents */

enum code consent_step_put(struct txn *t, const struct consent_row *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->name != NULL && r->way != NULL && r->by != NULL && reterr != NULL);
    struct stmt *s;
    beside_put(t);
    enum code code = sql_prepare_of(&t->sql, "INSERT INTO consent (tenant, kind, id, number, name, state, at, until, text, way, whose) "
                               "SELECT ?1, ?2, ?3, coalesce(max(number), 0) + 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM consent WHERE tenant = ?1 AND kind = ?2 AND id = ?3", r->kind, &r->id, &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 4, r->name);
    stmt_int(s, 5, r->state);
    stmt_int(s, 6, t->now);
    bind_due(s, 7, r->until);
    if (r->shown)
        stmt_blob(s, 8, r->text, HASH_SIZE);
    else
        stmt_null(s, 8);
    stmt_text(s, 9, r->way);
    stmt_text(s, 10, r->by);
    return stmt_run(s, reterr);
}

enum code consents_of(struct sql *q, int32_t kind, const struct uuid *id, consent_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && id != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare_of(q, "SELECT number, name, state, at, until, text, way, whose FROM consent WHERE tenant = ? AND kind = ? AND id = ? ORDER BY number", kind, id, &s, reterr);
    if (code != OK)
        return code;
    while ((code = stmt_step(s, &row, reterr)) == OK && row) {
        struct consent_row r = { .kind = kind, .id = *id, .number = col_int(s, 0), .name = col_text(s, 1), .state = (enum consent_state)col_int(s, 2), .at = col_int(s, 3),
                                 .until = col_due(s, 4), .shown = !col_is_null(s, 5), .way = col_text(s, 6), .by = col_text(s, 7) };
        if (r.shown && (code = col_bytes(s, 5, r.text, HASH_SIZE, reterr)) != OK)
            break;
        if (!fn(&r, arg))
            break;
    }
    stmt_end(s);
    return code;
}

static enum code text_write(struct txn *t, void *arg, struct err *reterr) {
    const struct consent_text *r = arg;
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "INSERT OR IGNORE INTO consent_text (service, hash, lang, version, text, since) VALUES (?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 1, r->service);
    stmt_blob(s, 2, r->hash, HASH_SIZE);
    stmt_text(s, 3, r->lang);
    stmt_text(s, 4, r->version);
    stmt_text(s, 5, r->text);
    stmt_int(s, 6, t->now);
    return stmt_run(s, reterr);
}

enum code consent_text_put(struct store *s, const struct consent_text *r, struct err *reterr) {
    PRE(s != NULL && r != NULL && r->service != NULL && r->lang != NULL && r->version != NULL && r->text != NULL && reterr != NULL);
    struct consent_text row = *r;
    return store_write(s, 0, text_write, &row, reterr);
}

enum code consent_text_get(struct store *s, const char *service, const uint8_t hash[HASH_SIZE], consent_text_fn fn, void *arg, struct err *reterr) {
    PRE(s != NULL && service != NULL && hash != NULL && fn != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st;
    bool row = false;
    enum code code = store_view(s, 0, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), "SELECT lang, version, text, since FROM consent_text WHERE service = ? AND hash = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_text(st, 1, service);
    stmt_blob(st, 2, hash, HASH_SIZE);
    if ((code = stmt_step(st, &row, reterr)) != OK)
        return code;
    if (row) {
        struct consent_text r = { .service = service, .lang = col_text(st, 0), .version = col_text(st, 1), .text = col_text(st, 2), .since = col_int(st, 3) };
        memcpy(r.hash, hash, HASH_SIZE);
        (void)fn(&r, arg);
        stmt_end(st);
    }
    return row ? OK : err_set(reterr, E_NOT_FOUND, "no text of that hash was shown");
}

/* ---- objections */

enum code objection_put(struct txn *t, const struct objection_row *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->purpose != NULL && r->by != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "INSERT OR IGNORE INTO objection (tenant, kind, id, purpose, at, whose) VALUES (?, ?, ?, ?, ?, ?)", r->kind, &r->id, &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 4, r->purpose);
    stmt_int(s, 5, t->now);
    stmt_text(s, 6, r->by);
    return stmt_run(s, reterr);
}

enum code objection_drop(struct txn *t, int32_t kind, const struct uuid *id, const char *purpose, struct err *reterr) {
    PRE(t != NULL && id != NULL && purpose != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "DELETE FROM objection WHERE tenant = ? AND kind = ? AND id = ? AND purpose = ?", kind, id, &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 4, purpose);
    return stmt_run_one(t, s, "there is no such objection", reterr);
}

enum code objection_stands(struct sql *q, int32_t kind, const struct uuid *id, const char *purpose, bool *ret, struct err *reterr) {
    PRE(q != NULL && id != NULL && purpose != NULL && ret != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(q, "SELECT 1 FROM objection WHERE tenant = ? AND kind = ? AND id = ? AND purpose = ?", kind, id, &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 4, purpose);
    return stmt_any(s, ret, reterr);
}

static enum code objection_read(struct stmt *s, struct objection_row *ret, struct err *reterr) {
    *ret = (struct objection_row){ .kind = (int32_t)col_int(s, 0), .purpose = col_text(s, 2), .at = col_int(s, 3), .by = col_text(s, 4) };
    return col_bytes(s, 1, ret->id.bytes, sizeof ret->id.bytes, reterr);
}

DEFINE_ROWS(objections_give, objection_row, objection_read)

#define OBJECTIONS "SELECT kind, id, purpose, at, whose FROM objection WHERE tenant = ?"

enum code objections_of(struct sql *q, int32_t kind, const struct uuid *id, objection_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && id != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(q, OBJECTIONS " AND kind = ? AND id = ? ORDER BY purpose", kind, id, &s, reterr);
    return code == OK ? objections_give(s, fn, arg, NULL, reterr) : code;
}

enum code objections_list(struct sql *q, objection_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, OBJECTIONS " ORDER BY kind, id, purpose", &s, reterr);
    return code == OK ? objections_give(s, fn, arg, NULL, reterr) : code;
}

/* ---- objectors */

static enum code objector_stmt(struct txn *t, const char *sql, const char *purpose, const struct token *token, struct stmt **ret, struct err *reterr) {
    enum code code = sql_prepare(&t->sql, sql, ret, reterr);
    if (code != OK)
        return code;
    stmt_text(*ret, 2, purpose);
    stmt_blob(*ret, 3, token->bytes, TOKEN_SIZE);
    return OK;
}

enum code objector_put(struct txn *t, const char *purpose, const struct mark *who, struct err *reterr) {
    PRE(t != NULL && purpose != NULL && who != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = generation_check(t, who->generation, reterr);
    if (code == OK)
        code = objector_stmt(t, "INSERT OR IGNORE INTO objector (tenant, purpose, token, generation, at) VALUES (?, ?, ?, ?, ?)", purpose, &who->token, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, who->generation);
    stmt_int(s, 5, t->now);
    return stmt_run(s, reterr);
}

enum code objector_drop(struct txn *t, const char *purpose, const struct mark *who, struct err *reterr) {
    PRE(t != NULL && purpose != NULL && who != NULL && reterr != NULL);
    const struct token *const list[] = { &who->token, who->before };
    enum code code = generation_check(t, who->generation, reterr);
    for (size_t i = 0; code == OK && i < ARRAY_LEN(list) && list[i] != NULL; i++) {
        struct stmt *s;
        code = objector_stmt(t, "DELETE FROM objector WHERE tenant = ? AND purpose = ? AND token = ?", purpose, list[i], &s, reterr);
        if (code == OK)
            code = stmt_run(s, reterr);
    }
    return code;
}

enum code objector_is(struct txn *t, const char *purpose, const struct mark *who, bool *ret, struct err *reterr) {
    PRE(t != NULL && purpose != NULL && who != NULL && ret != NULL && reterr != NULL);
    const struct token *const list[] = { &who->token, who->before };
    bool row = false;
    enum code code = generation_check(t, who->generation, reterr);
    for (size_t i = 0; code == OK && !row && i < ARRAY_LEN(list) && list[i] != NULL; i++) {
        struct stmt *s;
        code = objector_stmt(t, "SELECT 1 FROM objector WHERE tenant = ? AND purpose = ? AND token = ?", purpose, list[i], &s, reterr);
        if (code == OK && (code = stmt_step(s, &row, reterr)) == OK)
            stmt_end(s);
    }
    if (code == OK)
        *ret = row;
    return code;
}

enum code objectors_any(struct sql *q, bool *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, "SELECT 1 FROM objector WHERE tenant = ? LIMIT 1", &s, reterr);
    return code == OK ? stmt_any(s, ret, reterr) : code;
}

/* ---- restrictions */

enum code restriction_put(struct txn *t, const struct restriction_row *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->by != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "INSERT INTO restriction (tenant, kind, id, request, at, told, lifts, whose) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", r->kind, &r->id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, r->request);
    stmt_int(s, 5, t->now);
    stmt_int(s, 6, r->told);
    bind_due(s, 7, r->lifts);
    stmt_text(s, 8, r->by);
    code = stmt_run(s, reterr);
    return code == E_CONFLICT ? err_set(reterr, E_CONFLICT, "the processing of this record is restricted already") : code;
}

#define NOT_RESTRICTED "the processing of this record is not restricted"

enum code restriction_told(struct txn *t, int32_t kind, const struct uuid *id, usec_t told, usec_t lifts, struct err *reterr) {
    PRE(t != NULL && id != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "UPDATE restriction SET told = ?4, lifts = ?5 WHERE tenant = ?1 AND kind = ?2 AND id = ?3", kind, id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, told);
    bind_due(s, 5, lifts);
    return stmt_run_one(t, s, NOT_RESTRICTED, reterr);
}

enum code restriction_drop(struct txn *t, int32_t kind, const struct uuid *id, struct err *reterr) {
    PRE(t != NULL && id != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_of(&t->sql, "DELETE FROM restriction WHERE tenant = ? AND kind = ? AND id = ?", kind, id, &s, reterr);
    return code == OK ? stmt_run_one(t, s, NOT_RESTRICTED, reterr) : code;
}

static enum code restriction_read(struct stmt *s, struct restriction_row *ret, struct err *reterr) {
    *ret = (struct restriction_row){ .kind = (int32_t)col_int(s, 0), .request = col_int(s, 2), .at = col_int(s, 3), .told = col_int(s, 4), .lifts = col_due(s, 5), .by = col_text(s, 6) };
    return col_bytes(s, 1, ret->id.bytes, sizeof ret->id.bytes, reterr);
}

DEFINE_ROWS(restrictions_give, restriction_row, restriction_read)

#define RESTRICTIONS "SELECT kind, id, request, at, told, lifts, whose FROM restriction WHERE tenant = ?"

enum code restriction_get(struct sql *q, int32_t kind, const struct uuid *id, restriction_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && id != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    size_t n = 0;
    enum code code = sql_prepare_of(q, RESTRICTIONS " AND kind = ? AND id = ?", kind, id, &s, reterr);
    if (code == OK)
        code = restrictions_give(s, fn, arg, &n, reterr);
    return code == OK && n == 0 ? err_set(reterr, E_NOT_FOUND, NOT_RESTRICTED) : code;
}

enum code restrictions_list(struct sql *q, restriction_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, RESTRICTIONS " ORDER BY kind, id", &s, reterr);
    return code == OK ? restrictions_give(s, fn, arg, NULL, reterr) : code;
}

/* ---- marks */

enum code row_mark(struct txn *t, int32_t kind, const struct uuid *id, unsigned set, unsigned clear, struct err *reterr) {
    PRE(t != NULL && id != NULL && reterr != NULL);
    struct stmt *s;
    struct row r;
    int64_t change = 0;
    enum code code = row_get(&t->sql, kind, id, &r, reterr);
    if (code == OK)
        code = txn_change(t, &change, reterr);
    if (code == OK)
        code = sql_prepare_of(&t->sql, "UPDATE record SET restricted = (restricted | ?4) & ~?5, version = version + 1, change = ?6 WHERE tenant = ?1 AND kind = ?2 AND id = ?3", kind, id, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 4, set);
    stmt_int(s, 5, clear);
    stmt_int(s, 6, change);
    return stmt_run(s, reterr);
}

enum code rows_marked(struct sql *q, unsigned marks, marked_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT kind, id, created FROM record INDEXED BY record_marked WHERE tenant = ?1 AND (restricted & 7) > 0 AND (restricted & ?2) <> 0 ORDER BY kind, id", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, marks);
    while ((code = stmt_step(s, &row, reterr)) == OK && row) {
        struct uuid id;
        if ((code = col_bytes(s, 1, id.bytes, sizeof id.bytes, reterr)) != OK || !fn((int32_t)col_int(s, 0), &id, col_int(s, 2), arg))
            break;
    }
    stmt_end(s);
    return code;
}
