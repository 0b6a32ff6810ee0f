/* webhook.c — see webhook.h. Invariant: a webhook that is on has one row of webhook_next, which knows how far it is, any other none; webhook_last holds the
 * highest number that was ever given. */
#include "store/webhook.h"

#include "store/inner.h"

#define WEBHOOK_COLS "SELECT number, state, made, reached, tries, failed, key, bytes FROM webhook WHERE tenant = ?"
#define DELIVERY_COLS "SELECT webhook, change, kind, id, version, what, delivery, state, tries, tried, status, said FROM webhook_delivery WHERE tenant = ?"
#define FORGET_SOME "DELETE FROM webhook_delivery WHERE tenant = ?1 AND webhook = ?2 AND change IN " \
                    "(SELECT change FROM webhook_delivery WHERE tenant = ?1 AND webhook = ?2 AND tried < ?3 ORDER BY tried LIMIT ?4)"
/* A tenant of which nothing is new costs a look at two keys. */
#define BEHIND "SELECT tenant, webhook FROM webhook_next WHERE (tenant, webhook) > (?1, ?2) AND (next <= ?3 OR next > ?4) " \
               "AND reached < (SELECT change FROM tenant_clock WHERE tenant_clock.tenant = webhook_next.tenant) ORDER BY tenant, webhook"

static enum code webhook_read(struct stmt *s, struct webhook_row *ret, struct err *reterr UNUSED) {
    *ret = (struct webhook_row){ .number = col_int(s, 0), .state = (enum webhook_state)col_int(s, 1), .made = col_int(s, 2), .reached = col_int(s, 3), .tries = (int)col_int(s, 4),
                                 .failed = col_int(s, 5), .key = (uint64_t)col_int(s, 6) };
    ret->blob = col_blob(s, 7, &ret->len);
    return OK;
}

static enum code delivery_read(struct stmt *s, struct delivery_row *ret, struct err *reterr) {
    struct delivery_row r = { .webhook = col_int(s, 0), .change = col_int(s, 1), .kind = (int32_t)col_int(s, 2), .version = col_int(s, 4), .what = (int)col_int(s, 5),
                              .state = (enum delivery_state)col_int(s, 7), .tries = (int)col_int(s, 8), .tried = col_int(s, 9), .status = (int)col_int(s, 10), .said = col_text(s, 11) };
    enum code code = col_bytes(s, 3, r.id.bytes, sizeof r.id.bytes, reterr);
    if (code == OK)
        code = col_bytes(s, 6, r.delivery.bytes, sizeof r.delivery.bytes, reterr);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(webhooks_give, webhook_row, webhook_read)
DEFINE_ROWS(deliveries_give, delivery_row, delivery_read)

/* ---- when it is looked at */

static enum code next_set(struct txn *t, int64_t number, int64_t reached, usec_t next, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "DELETE FROM webhook_next WHERE tenant = ? AND webhook = ?", number, &s, reterr);
    if (code == OK)
        code = stmt_run(s, reterr);
    if (code != OK || next == USEC_NEVER)
        return code;
    code = sql_prepare_int(&t->sql, "INSERT INTO webhook_next (tenant, webhook, next, reached) VALUES (?, ?, ?, ?)", number, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, next);
    stmt_int(s, 4, reached);
    return stmt_run(s, reterr);
}

#define FORGET_AT_ONCE 1000
struct looked { int64_t tenant, number; };
#define LOOK_AT_ONCE 256u

/* Some of those that are behind and whose time has come, behind a place; of all tenants. */
static enum code look_some(struct store *store, usec_t until, const struct looked *after, struct looked *ret, size_t *ret_count, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *s = NULL;
    bool row = false;
    size_t n = 0;
    enum code code = store_view(store, 0, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), BEHIND, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, after->tenant);
    stmt_int(s, 2, after->number);
    stmt_int(s, 3, until);
    stmt_int(s, 4, until < USEC_NEVER - WEBHOOK_AHEAD ? until + WEBHOOK_AHEAD : USEC_NEVER);
    while (n < LOOK_AT_ONCE && (code = stmt_step(s, &row, reterr)) == OK && row) {
        ret[n].tenant = col_int(s, 0);
        ret[n++].number = col_int(s, 1);
    }
    stmt_end(s);
    *ret_count = n;
    return code;
}

/* From behind a place up to another one. */
static enum code look_between(struct store *store, usec_t until, struct looked from, int64_t last_tenant, webhook_next_fn fn, void *arg, bool *ret_more, struct err *reterr) {
    struct looked list[LOOK_AT_ONCE];
    size_t count = LOOK_AT_ONCE;
    enum code code = OK;
    while (code == OK && *ret_more && count == LOOK_AT_ONCE) {
        code = look_some(store, until, &from, list, &count, reterr);
        for (size_t i = 0; code == OK && *ret_more && i < count; i++) {
            if (list[i].tenant > last_tenant)
                return OK;
            *ret_more = fn(list[i].tenant, list[i].number, arg);
        }
        if (code == OK && count > 0)
            from = list[count - 1];
    }
    return code;
}

enum code webhooks_next(struct store *s, usec_t until, int64_t after, webhook_next_fn fn, void *arg, struct err *reterr) {
    PRE(s != NULL && fn != NULL && reterr != NULL);
    bool more = true;
    enum code code = look_between(s, until, (struct looked){ after, INT64_MAX }, INT64_MAX, fn, arg, &more, reterr);
    return code == OK && more ? look_between(s, until, (struct looked){ INT64_MIN, INT64_MIN }, after, fn, arg, &more, reterr) : code;
}

/* ---- webhooks */

enum code webhook_clock(struct sql *q, int64_t *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    int64_t records;
    return clock_read(q, ret, &records, reterr);
}

enum code webhook_number(struct sql *q, int64_t *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    return number_next(q, "SELECT number FROM webhook_last WHERE tenant = ?", ret, reterr);
}

enum code webhook_put(struct txn *t, const struct webhook_row *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "INSERT OR REPLACE INTO webhook (tenant, number, state, made, reached, tries, failed, key, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", r->number, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, r->state);
    stmt_int(s, 4, r->made);
    stmt_int(s, 5, r->reached);
    stmt_int(s, 6, r->tries);
    stmt_int(s, 7, r->failed);
    stmt_int(s, 8, (int64_t)r->key);
    bind_bytes(s, 9, r->blob, r->len);
    code = stmt_run(s, reterr);
    if (code == OK)
        code = sql_prepare_int(&t->sql, "INSERT INTO webhook_last (tenant, number) VALUES (?, ?) ON CONFLICT (tenant) DO UPDATE SET number = max(number, excluded.number)", r->number, &s, reterr);
    if (code == OK)
        code = stmt_run(s, reterr);
    return code == OK ? next_set(t, r->number, r->reached, r->state == WEBHOOK_ON ? 0 : USEC_NEVER, reterr) : code;
}

enum code webhook_set(struct txn *t, const struct webhook_row *r, usec_t next, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "UPDATE webhook SET state = ?3, reached = ?4, tries = ?5, failed = ?6 WHERE tenant = ?1 AND number = ?2", r->number, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, r->state);
    stmt_int(s, 4, r->reached);
    stmt_int(s, 5, r->tries);
    stmt_int(s, 6, r->failed);
    code = stmt_run_one(t, s, "there is no such webhook", reterr);
    return code == OK ? next_set(t, r->number, r->reached, r->state == WEBHOOK_ON ? next : USEC_NEVER, reterr) : code;
}

enum code webhook_drop(struct txn *t, int64_t number, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    static const char *const texts[] = { "DELETE FROM webhook_delivery WHERE tenant = ? AND webhook = ?", "DELETE FROM webhook WHERE tenant = ? AND number = ?" };
    enum code code = next_set(t, number, 0, USEC_NEVER, reterr);
    for (size_t i = 0; code == OK && i < ARRAY_LEN(texts); i++) {
        struct stmt *s = NULL;
        code = sql_prepare_int(&t->sql, texts[i], number, &s, reterr);
        if (code == OK)
            code = stmt_run(s, reterr);
    }
    return code;
}

struct one { struct arena *arena; struct webhook_row webhook; struct delivery_row delivery; bool failed; };
static bool webhook_copy(const struct webhook_row *r, void *arg) {
    struct one *o = arg;
    o->webhook = *r;
    o->webhook.blob = arena_text_n(o->arena, r->len > 0 ? r->blob : "", r->len);
    o->failed = o->webhook.blob == NULL;
    return false;
}

enum code webhook_get(struct sql *q, int64_t number, struct webhook_row *ret, struct arena *arena, struct err *reterr) {
    PRE(q != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct stmt *s;
    struct one o = { .arena = arena };
    size_t count = 0;
    enum code code = sql_prepare_int(q, WEBHOOK_COLS " AND number = ?", number, &s, reterr);
    if (code == OK)
        code = webhooks_give(s, webhook_copy, &o, &count, reterr);
    if (code == OK && count == 0)
        return err_set(reterr, E_NOT_FOUND, "there is no such webhook");
    if (code == OK && o.failed)
        return err_set(reterr, E_MEMORY, "no memory for a webhook");
    if (code == OK)
        *ret = o.webhook;
    return code;
}

enum code webhooks_list(struct sql *q, webhook_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, WEBHOOK_COLS " ORDER BY number", &s, reterr);
    return code == OK ? webhooks_give(s, fn, arg, NULL, reterr) : code;
}

/* ---- deliveries */

enum code delivery_put(struct txn *t, const struct delivery_row *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "INSERT OR REPLACE INTO webhook_delivery (tenant, webhook, change, kind, id, version, what, delivery, state, tries, tried, status, said) "
                                     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", r->webhook, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, r->change);
    stmt_int(s, 4, r->kind);
    bind_uuid(s, 5, &r->id);
    stmt_int(s, 6, r->version);
    stmt_int(s, 7, r->what);
    bind_uuid(s, 8, &r->delivery);
    stmt_int(s, 9, r->state);
    stmt_int(s, 10, r->tries);
    stmt_int(s, 11, r->tried);
    stmt_int(s, 12, r->status);
    stmt_text(s, 13, r->said == NULL ? "" : r->said);
    return stmt_run(s, reterr);
}

static bool delivery_copy(const struct delivery_row *r, void *arg) {
    struct one *o = arg;
    o->delivery = *r;
    o->delivery.said = arena_text(o->arena, r->said);
    o->failed = o->delivery.said == NULL;
    return false;
}

enum code delivery_get(struct sql *q, int64_t webhook, const struct uuid *delivery, struct delivery_row *ret, struct arena *arena, struct err *reterr) {
    PRE(q != NULL && delivery != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct stmt *s;
    struct one o = { .arena = arena };
    size_t count = 0;
    enum code code = sql_prepare_int(q, DELIVERY_COLS " AND webhook = ? AND delivery = ?", webhook, &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 3, delivery);
    code = deliveries_give(s, delivery_copy, &o, &count, reterr);
    if (code == OK && count == 0)
        return err_set(reterr, E_NOT_FOUND, "there is no such delivery of this webhook, or it was longer ago than deliveries are listed");
    if (code == OK && o.failed)
        return err_set(reterr, E_MEMORY, "no memory for a delivery");
    if (code == OK)
        *ret = o.delivery;
    return code;
}

enum code delivery_list(struct sql *q, int64_t webhook, int64_t before, delivery_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, DELIVERY_COLS " AND webhook = ? AND change < ? ORDER BY change DESC", webhook, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, before);
    return deliveries_give(s, fn, arg, NULL, reterr);
}

enum code deliveries_overtake(struct txn *t, int64_t webhook, int64_t change, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "UPDATE webhook_delivery SET state = 2 WHERE tenant = ?1 AND webhook = ?2 AND state = 0 AND change <> ?3", webhook, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, change);
    return stmt_run(s, reterr);
}

enum code deliveries_forget(struct txn *t, int64_t webhook, usec_t before, bool *ret_more, struct err *reterr) {
    PRE(t != NULL && ret_more != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, FORGET_SOME, webhook, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, before);
    stmt_int(s, 4, FORGET_AT_ONCE);
    code = stmt_run(s, reterr);
    if (code == OK)
        *ret_more = db_changes(t->sql.records) >= FORGET_AT_ONCE;
    return code;
}
