/* template.c — see template.h. */
#include "store/template.h"

#include "store/inner.h"

#define TEMPLATE_COLS "SELECT number, name, version, made, whose, ended, key, bytes FROM template WHERE tenant = ?"

/* Texts are those of the statement. */
static enum code template_take(struct stmt *s, struct template_row *ret, struct err *reterr UNUSED) {
    *ret = (struct template_row){ .number = col_int(s, 0), .name = col_text(s, 1), .version = (int)col_int(s, 2), .made = col_int(s, 3), .whose = col_text(s, 4), .ended = col_int(s, 5), .key = (uint64_t)col_int(s, 6) };
    ret->blob = col_blob(s, 7, &ret->len);
    return OK;
}

DEFINE_ROWS(templates_give, template_row, template_take)

static enum code number_of(struct stmt *s, int64_t *ret, struct err *reterr) { return stmt_number(s, 0, ret, reterr); }

static enum code counts(struct txn *t, const char *name, int64_t *ret_version, struct err *reterr) {
    struct stmt *s;
    int64_t names = 0;
    enum code code = sql_prepare(&t->sql, "SELECT count(*) FROM template WHERE tenant = ? AND ended = 0", &s, reterr);
    if (code == OK)
        code = number_of(s, &names, reterr);
    if (code == OK && names >= TEMPLATES_MOST)
        return err_set(reterr, E_CONFLICT, "there are %d templates, and no more may be: take some out that are not used", TEMPLATES_MOST);
    if (code == OK)
        code = sql_prepare(&t->sql, "SELECT coalesce(max(version), 0) FROM template WHERE tenant = ? AND name = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 2, name);
    return number_of(s, ret_version, reterr);
}

static enum code end_named(struct txn *t, const char *name, struct stmt **ret, struct err *reterr) {
    enum code code = sql_prepare(&t->sql, "UPDATE template SET ended = ?3 WHERE tenant = ?1 AND name = ?2 AND ended = 0", ret, reterr);
    if (code == OK) {
        stmt_text(*ret, 2, name);
        stmt_int(*ret, 3, t->now);
    }
    return code;
}

enum code template_add(struct txn *t, const struct template_row *r, int64_t *ret_number, int *ret_version, struct err *reterr) {
    PRE(t != NULL && r != NULL && ret_number != NULL && ret_version != NULL && reterr != NULL);
    struct stmt *s;
    int64_t number = 0, version = 0;
    enum code code = end_named(t, r->name, &s, reterr);
    if (code == OK)
        code = stmt_run(s, reterr);
    if (code == OK)
        code = counts(t, r->name, &version, reterr);
    if (code == OK)
        code = number_next(&t->sql, "SELECT number FROM template WHERE tenant = ? ORDER BY number DESC LIMIT 1", &number, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT INTO template (tenant, number, name, version, made, whose, ended, key, bytes) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_text(s, 3, r->name);
    stmt_int(s, 4, version + 1);
    stmt_int(s, 5, t->now);
    stmt_text(s, 6, r->whose);
    stmt_int(s, 7, (int64_t)r->key);
    bind_bytes(s, 8, r->blob, r->len);
    if ((code = stmt_run(s, reterr)) == OK) {
        *ret_number = number;
        *ret_version = (int)version + 1;
    }
    return code;
}

enum code template_end(struct txn *t, const char *name, struct err *reterr) {
    PRE(t != NULL && name != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = end_named(t, name, &s, reterr);
    return code == OK ? stmt_run_one(t, s, "there is no template of that name", reterr) : code;
}

static enum code one(struct stmt *s, struct template_row *ret, struct arena *arena, struct err *reterr) {
    struct template_row r;
    bool row = false;
    enum code code = stmt_step(s, &row, reterr);
    if (code != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is no such template");
    code = template_take(s, &r, reterr);
    r.name = arena_text(arena, r.name);
    r.whose = arena_text(arena, r.whose);
    r.blob = arena_text_n(arena, r.len > 0 ? r.blob : "", r.len);
    if (r.name == NULL || r.whose == NULL || r.blob == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for a template");
    stmt_end(s);
    if (code == OK)
        *ret = r;
    return code;
}

enum code template_get(struct sql *q, int64_t number, struct template_row *ret, struct arena *arena, struct err *reterr) {
    PRE(q != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, TEMPLATE_COLS " AND number = ?", number, &s, reterr);
    return code == OK ? one(s, ret, arena, reterr) : code;
}

enum code template_named(struct sql *q, const char *name, struct template_row *ret, struct arena *arena, struct err *reterr) {
    PRE(q != NULL && name != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, TEMPLATE_COLS " AND name = ? AND ended = 0", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 2, name);
    return one(s, ret, arena, reterr);
}

enum code template_version(struct sql *q, const char *name, int version, struct template_row *ret, struct arena *arena, struct err *reterr) {
    PRE(q != NULL && name != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, TEMPLATE_COLS " AND name = ? AND version = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 2, name);
    stmt_int(s, 3, version);
    return one(s, ret, arena, reterr);
}

enum code template_list(struct sql *q, const char *after, template_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && after != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, TEMPLATE_COLS " AND name > ? AND ended = 0 ORDER BY name", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 2, after);
    return templates_give(s, fn, arg, NULL, reterr);
}
