/* instance.c — the instance's own tables: names, services, tenants, tokens, proofs. They stand under no tenant;
 * what a statement here gives to a caller is held to the tenant by the caller (tokens_list and token_revoke do so themselves). */
#include <string.h>

#include "store/inner.h"
#include "store/tables.h"

#define INSTANCE 0

/* ---- names ---- */

struct name_arg { const char *service, *name; char type[2]; int32_t number; bool found; };

static enum code name_look(struct sql *q, struct name_arg *a, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(q, "SELECT number FROM name WHERE service = ? AND type = ? AND name = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 1, a->service);
    stmt_text(s, 2, a->type);
    stmt_text(s, 3, a->name);
    if ((code = stmt_step(s, &a->found, reterr)) != OK)
        return code;
    if (a->found)
        a->number = (int32_t)col_int(s, 0);
    stmt_end(s);
    return OK;
}

static enum code name_make(struct txn *t, void *arg, struct err *reterr) {
    struct name_arg *a = arg;
    struct stmt *s;
    enum code code = name_look(&t->sql, a, reterr);
    if (code != OK || a->found)
        return code;
    code = instance_prepare(&t->sql, "INSERT INTO name (service, type, name, number) "
                   "SELECT ?1, ?2, ?3, coalesce(max(number), 0) + 1 FROM name WHERE service = ?1 AND type = ?2", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 1, a->service);
    stmt_text(s, 2, a->type);
    stmt_text(s, 3, a->name);
    code = stmt_run(s, reterr);
    return code == OK ? name_look(&t->sql, a, reterr) : code;
}

enum code name_number(struct store *s, const char *service, char type, const char *name, int32_t *ret, struct err *reterr) {
    struct name_arg a = { .service = service, .name = name, .type = { type, 0 } };
    struct view *v = NULL;
    enum code code = store_view(s, INSTANCE, &v, reterr);
    if (code == OK)
        code = name_look(view_sql(v), &a, reterr);
    v = view_end(v);
    if (code == OK && !a.found)
        code = store_write(s, INSTANCE, name_make, &a, reterr);
    if (code == OK)
        *ret = a.number;
    return code;
}

/* ---- services ---- */

static enum code service_write(struct txn *t, void *arg, struct err *reterr) {
    const struct service_row *r = arg;
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "INSERT OR REPLACE INTO service (name, charter, hash, since) VALUES (?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 1, r->name);
    stmt_text(s, 2, r->charter_text);
    stmt_blob(s, 3, r->hash, HASH_SIZE);
    stmt_int(s, 4, r->since);
    return stmt_run(s, reterr);
}

enum code service_put(struct store *s, const struct service_row *r, struct err *reterr) {
    struct service_row row = *r;
    return store_write(s, INSTANCE, service_write, &row, reterr);
}

enum code services_list(struct store *s, service_fn fn, void *arg, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st;
    bool row = false;
    enum code code = store_view(s, INSTANCE, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), "SELECT name, charter, hash, since FROM service ORDER BY name", &st, reterr);
    while (code == OK && (code = stmt_step(st, &row, reterr)) == OK && row) {
        struct service_row r = { .name = col_text(st, 0), .charter_text = col_text(st, 1), .since = col_int(st, 3) };
        code = col_bytes(st, 2, r.hash, HASH_SIZE, reterr);
        if (code == OK && !fn(&r, arg))
            break;
    }
    return code;
}

/* ---- tenants ---- */

struct tenant_arg { const char *service, *name; bool probe; int64_t id; };

static enum code tenant_write(struct txn *t, void *arg, struct err *reterr) {
    struct tenant_arg *a = arg;
    struct stmt *s;
    bool row = false;
    enum code code = instance_prepare(&t->sql, "SELECT coalesce(max(id), 0) + 1 FROM tenant", &s, reterr);
    if (code != OK || (code = stmt_step(s, &row, reterr)) != OK)
        return code;
    a->id = col_int(s, 0);
    stmt_end(s);
    code = instance_prepare(&t->sql, "INSERT INTO tenant (id, service, name, probe, made, closed) VALUES (?, ?, ?, ?, ?, 0)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, a->id);
    stmt_text(s, 2, a->service);
    stmt_text(s, 3, a->name);
    stmt_int(s, 4, a->probe);
    stmt_int(s, 5, t->now);
    code = stmt_run(s, reterr);
    return code == E_CONFLICT ? err_set(reterr, E_CONFLICT, "the service has a tenant of this name already") : code;
}

enum code tenant_make(struct store *s, const char *service, const char *name, bool probe, int64_t *ret, struct err *reterr) {
    struct tenant_arg a = { .service = service, .name = name, .probe = probe };
    enum code code = store_write(s, INSTANCE, tenant_write, &a, reterr);
    if (code == OK)
        *ret = a.id;
    return code;
}

#define TENANT_COLS "SELECT id, service, name, probe, made, closed FROM tenant"

static struct tenant_row tenant_read(struct stmt *s) {
    return (struct tenant_row){ .id = col_int(s, 0), .service = col_text(s, 1), .name = col_text(s, 2), .probe = col_int(s, 3) != 0,
                                .made = col_int(s, 4), .closed = col_int(s, 5) };
}

enum code tenant_look(struct sql *q, int64_t id, struct tenant_row *ret, struct arena *arena, struct err *reterr) {
    struct stmt *st;
    bool row = false;
    enum code code = instance_prepare(q, TENANT_COLS " WHERE id = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 1, id);
    if ((code = stmt_step(st, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is no such tenant");
    struct tenant_row r = tenant_read(st);
    r.service = arena_text(arena, r.service);
    r.name = arena_text(arena, r.name);
    stmt_end(st);
    if (r.service == NULL || r.name == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a tenant");
    *ret = r;
    return OK;
}

enum code tenant_get(struct store *s, int64_t id, struct tenant_row *ret, struct arena *arena, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s, INSTANCE, &v, reterr);
    return code == OK ? tenant_look(view_sql(v), id, ret, arena, reterr) : code;
}

enum code tenant_find(struct store *s, const char *service, const char *name, int64_t *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st;
    bool row = false;
    enum code code = store_view(s, INSTANCE, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), "SELECT id FROM tenant WHERE service = ? AND name = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_text(st, 1, service);
    stmt_text(st, 2, name);
    if ((code = stmt_step(st, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "the service has no tenant of this name");
    *ret = col_int(st, 0);
    return OK;
}

enum code tenant_newest(struct store *s, int64_t *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st;
    enum code code = store_view(s, INSTANCE, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), "SELECT coalesce(max(id), 0) FROM tenant", &st, reterr);
    if (code != OK)
        return code;
    return stmt_number(st, 0, ret, reterr);
}

enum code tenants_list(struct store *s, const char *service, tenant_fn fn, void *arg, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st;
    bool row = false;
    enum code code = store_view(s, INSTANCE, &v, reterr);
    if (code == OK)
        code = service != NULL ? instance_prepare(view_sql(v), TENANT_COLS " WHERE service = ? ORDER BY id", &st, reterr)
                               : instance_prepare(view_sql(v), TENANT_COLS " ORDER BY id", &st, reterr);
    if (code == OK && service != NULL)
        stmt_text(st, 1, service);
    while (code == OK && (code = stmt_step(st, &row, reterr)) == OK && row) {
        struct tenant_row r = tenant_read(st);
        if (!fn(&r, arg))
            break;
    }
    return code;
}

struct tenant_numbers { int64_t *list; size_t count, room; bool failed; };
static bool take_number(const struct tenant_row *r, void *arg) {
    struct tenant_numbers *n = arg;
    if (n->count == n->room) {
        size_t room = n->room == 0 ? 64 : n->room * 2;
        int64_t *list = mem_grow(n->list, room, sizeof *list);
        n->failed = list == NULL;
        if (n->failed)
            return false;
        n->list = list;
        n->room = room;
    }
    n->list[n->count++] = r->id;
    return true;
}

enum code tenants_all(struct store *s, const char *service, int64_t **ret, size_t *ret_count, struct err *reterr) {
    struct tenant_numbers n = { 0 };
    enum code code = tenants_list(s, service, take_number, &n, reterr);
    if (code == OK && n.failed)
        code = err_set(reterr, E_MEMORY, "no memory for a list of tenants");
    if (code != OK) {
        mem_free(n.list);
        return code;
    }
    *ret = n.list;
    *ret_count = n.count;
    return OK;
}

static enum code tenant_shut(struct txn *t, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "UPDATE tenant SET closed = ? WHERE id = ? AND closed = 0", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, t->now);
    stmt_int(s, 2, *(const int64_t *)arg);
    return stmt_run_one(t, s, "there is no such open tenant", reterr);
}

enum code tenant_close(struct store *s, int64_t id, struct err *reterr) { return store_write(s, INSTANCE, tenant_shut, &id, reterr); }

/* ---- tokens ---- */

#define TOKEN_COLS "SELECT hash, number, tenant, role, label, subject, subject_kind, scope, loopback, made, expires, revoked, used, account, addresses FROM token"

struct token_arg { const struct token_row *row; int64_t number; };

static enum code token_write(struct txn *t, void *arg, struct err *reterr) {
    struct token_arg *a = arg;
    const struct token_row *r = a->row;
    struct stmt *s;
    bool row = false;
    enum code code = instance_prepare(&t->sql, "SELECT coalesce(max(number), 0) + 1 FROM token", &s, reterr);
    if (code != OK || (code = stmt_step(s, &row, reterr)) != OK)
        return code;
    a->number = col_int(s, 0);
    stmt_end(s);
    code = instance_prepare(&t->sql, "INSERT INTO token (hash, number, tenant, role, label, subject, subject_kind, scope, loopback, made, expires, revoked, used, account, addresses) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_blob(s, 1, r->hash, HASH_SIZE);
    stmt_int(s, 2, a->number);
    stmt_int(s, 3, r->tenant);
    stmt_text(s, 4, r->role != NULL ? r->role : "");
    stmt_text(s, 5, r->label != NULL ? r->label : "");
    bind_uuid_or_null(s, 6, &r->subject);
    stmt_int(s, 7, r->subject_kind);
    stmt_text(s, 8, r->scope != NULL ? r->scope : "{}");
    stmt_int(s, 9, r->loopback_only);
    stmt_int(s, 10, r->made != 0 ? r->made : t->now);
    bind_due(s, 11, r->expires);
    stmt_int(s, 12, r->revoked);
    stmt_int(s, 13, r->used);
    bind_uuid_or_null(s, 14, &r->account);
    stmt_text(s, 15, r->addresses != NULL ? r->addresses : "");
    return stmt_run(s, reterr);
}

enum code token_put_in(struct txn *t, const struct token_row *r, int64_t *ret_number, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->tenant == txn_tenant(t) && ret_number != NULL && reterr != NULL);
    struct token_arg a = { .row = r };
    enum code code = token_write(t, &a, reterr);
    if (code == OK)
        *ret_number = a.number;
    return code;
}

enum code token_put(struct store *s, const struct token_row *r, int64_t *ret_number, struct err *reterr) {
    struct token_arg a = { .row = r };
    enum code code = store_write(s, r->tenant, token_write, &a, reterr);
    if (code == OK)
        *ret_number = a.number;
    return code;
}

static enum code token_read(struct stmt *s, struct token_row *ret, struct err *reterr) {
    struct token_row r = { .number = col_int(s, 1), .tenant = col_int(s, 2), .role = col_text(s, 3), .label = col_text(s, 4),
                           .subject_kind = (int32_t)col_int(s, 6), .scope = col_text(s, 7), .loopback_only = col_int(s, 8) != 0, .made = col_int(s, 9),
                           .expires = col_due(s, 10), .revoked = col_int(s, 11), .used = col_int(s, 12), .addresses = col_text(s, 14) };
    enum code code = col_bytes(s, 0, r.hash, HASH_SIZE, reterr);
    if (code == OK && !col_is_null(s, 5))
        code = col_bytes(s, 5, r.subject.bytes, sizeof r.subject.bytes, reterr);
    if (code == OK && !col_is_null(s, 13))
        code = col_bytes(s, 13, r.account.bytes, sizeof r.account.bytes, reterr);
    if (code == OK)
        *ret = r;
    return code;
}

/* The one row of a bound statement, with its texts in the arena. */
static enum code token_one(struct stmt *st, struct token_row *ret, struct arena *arena, struct err *reterr) {
    struct token_row r;
    bool row = false;
    enum code code = stmt_step(st, &row, reterr);
    if (code != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is no such token");
    if ((code = token_read(st, &r, reterr)) == OK) {
        r.role = arena_text(arena, r.role);
        r.label = arena_text(arena, r.label);
        r.scope = arena_text(arena, r.scope);
        r.addresses = arena_text(arena, r.addresses);
        if (r.role == NULL || r.label == NULL || r.scope == NULL || r.addresses == NULL)
            code = err_set(reterr, E_MEMORY, "no memory for a token");
    }
    stmt_end(st);
    if (code == OK)
        *ret = r;
    return code;
}

enum code token_look(struct sql *q, const uint8_t hash[HASH_SIZE], struct token_row *ret, struct arena *arena, struct err *reterr) {
    struct stmt *st;
    enum code code = instance_prepare(q, TOKEN_COLS " WHERE hash = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_blob(st, 1, hash, HASH_SIZE);
    return token_one(st, ret, arena, reterr);
}

enum code token_numbered(struct sql *q, int64_t number, struct token_row *ret, struct arena *arena, struct err *reterr) {
    PRE(q != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct stmt *st;
    enum code code = sql_prepare_int(q, TOKEN_COLS " WHERE tenant = ? AND number = ?", number, &st, reterr);
    return code == OK ? token_one(st, ret, arena, reterr) : code;
}

enum code token_get(struct store *s, const uint8_t hash[HASH_SIZE], struct token_row *ret, struct arena *arena, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(s, INSTANCE, &v, reterr);
    return code == OK ? token_look(view_sql(v), hash, ret, arena, reterr) : code;
}

DEFINE_ROWS(tokens_give, token_row, token_read)

enum code tokens_list(struct store *s, int64_t tenant, token_fn fn, void *arg, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st;
    enum code code = store_view(s, tenant, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), TOKEN_COLS " WHERE tenant = ? ORDER BY number", &st, reterr);
    if (code != OK)
        return code;
    stmt_int(st, 1, tenant);
    return tokens_give(st, fn, arg, NULL, reterr);
}

enum code tokens_of_account(struct sql *q, const struct uuid *account, token_fn fn, void *arg, struct err *reterr) {
    struct stmt *st;
    enum code code = instance_prepare(q, TOKEN_COLS " WHERE account = ? ORDER BY number", &st, reterr);
    if (code != OK)
        return code;
    bind_uuid(st, 1, account);
    return tokens_give(st, fn, arg, NULL, reterr);
}

enum code tokens_end(struct txn *t, const struct uuid *account, int64_t tenant, struct err *reterr) {
    struct stmt *st;
    enum code code = instance_prepare(&t->sql, "UPDATE token SET revoked = ?3 WHERE account = ?1 AND (tenant = ?2 OR ?2 < 0) AND revoked = 0", &st, reterr);
    if (code != OK)
        return code;
    bind_uuid(st, 1, account);
    stmt_int(st, 2, tenant);
    stmt_int(st, 3, t->now);
    return stmt_run(st, reterr);
}

static enum code token_end(struct txn *t, void *arg, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE token SET revoked = ?3 WHERE tenant = ?1 AND number = ?2 AND revoked = 0", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, *(const int64_t *)arg);
    stmt_int(s, 3, t->now);
    return stmt_run_one(t, s, "this tenant has no such token in force", reterr);
}

enum code token_revoke(struct store *s, int64_t tenant, int64_t number, struct err *reterr) {
    return store_write(s, tenant, token_end, &number, reterr);
}

struct used_arg { int64_t number; usec_t at; };

static enum code token_note(struct txn *t, void *arg, struct err *reterr) {
    const struct used_arg *a = arg;
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE token SET used = ?3 WHERE tenant = ?1 AND number = ?2 AND used < ?3", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, a->number);
    stmt_int(s, 3, a->at);
    return stmt_run(s, reterr);
}

static void used_free(void *arg) { (void)mem_free(arg); }

void token_used(struct store *s, int64_t tenant, int64_t number, usec_t at) {
    struct used_arg *a = mem_new(sizeof *a);
    if (a == NULL)
        return;                               /* a date that is only shown */
    *a = (struct used_arg){ number, at };
    store_write_later(s, tenant, token_note, a, used_free);
}

/* ---- proofs ---- */

static enum code proof_write(struct txn *t, void *arg, struct err *reterr) {
    const struct proof_row *r = arg;
    struct stmt *s;
    enum code code = instance_prepare(&t->sql, "INSERT OR REPLACE INTO proof (service, rule, state, detail, at, ledger_seq) VALUES (?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 1, r->service);
    stmt_text(s, 2, r->rule);
    stmt_int(s, 3, r->state);
    stmt_text(s, 4, r->detail != NULL ? r->detail : "");
    stmt_int(s, 5, r->at);
    stmt_int(s, 6, (int64_t)r->ledger_seq);
    return stmt_run(s, reterr);
}

enum code proof_put(struct store *s, const struct proof_row *r, struct err *reterr) {
    struct proof_row row = *r;
    return store_write(s, INSTANCE, proof_write, &row, reterr);
}

enum code proofs_list(struct store *s, const char *service, proof_fn fn, void *arg, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *st;
    bool row = false;
    enum code code = store_view(s, INSTANCE, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), "SELECT service, rule, state, detail, at, ledger_seq FROM proof WHERE service = ? ORDER BY rule", &st, reterr);
    if (code == OK)
        stmt_text(st, 1, service);
    while (code == OK && (code = stmt_step(st, &row, reterr)) == OK && row) {
        struct proof_row r = { .service = col_text(st, 0), .rule = col_text(st, 1), .state = (int)col_int(st, 2), .detail = col_text(st, 3),
                               .at = col_int(st, 4), .ledger_seq = (uint64_t)col_int(st, 5) };
        if (!fn(&r, arg))
            break;
    }
    return code;
}
