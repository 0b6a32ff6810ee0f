/* campaign.c — see campaign.h. Invariant: a campaign has a row of campaign_open while there is work with it. */
#include "store/campaign.h"

#include "store/inner.h"
#include "store/tables.h"

#define CAMPAIGN_COLS "SELECT number, state, walked, act, channel, kind, scope, template, purpose, made, begins, ended, whose, born, reached, walk, found, queued, sent, bounced, over, unknown, " \
                      "digest, key, bytes FROM campaign WHERE tenant = ?"

/* Texts and bytes are those of the statement. */
static enum code campaign_read(struct stmt *s, struct campaign_row *ret, struct err *reterr) {
    struct campaign_row r = { .number = col_int(s, 0), .state = (enum campaign_state)col_int(s, 1), .walked = col_int(s, 2) != 0, .act = (enum campaign_act)col_int(s, 3),
                              .channel = (enum channel)col_int(s, 4), .kind = (int32_t)col_int(s, 5), .template = col_int(s, 7), .purpose = col_text(s, 8), .made = col_int(s, 9),
                              .begins = col_int(s, 10), .ended = col_int(s, 11), .whose = col_text(s, 12), .born = col_int(s, 13), .found = col_int(s, 16), .queued = col_int(s, 17),
                              .sent = col_int(s, 18), .bounced = col_int(s, 19), .over = col_int(s, 20), .unknown = col_int(s, 21), .key = (uint64_t)col_int(s, 23) };
    const struct { int at; void *to; size_t len; } fixed[] = { { 6, r.scope.bytes, sizeof r.scope.bytes }, { 14, r.reached.bytes, sizeof r.reached.bytes },
                                                               { 15, r.walk.bytes, sizeof r.walk.bytes }, { 22, r.digest, sizeof r.digest } };
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(fixed); i++)
        code = col_bytes(s, fixed[i].at, fixed[i].to, fixed[i].len, reterr);
    r.blob = col_blob(s, 24, &r.len);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(campaigns_give, campaign_row, campaign_read)

static enum code next_set(struct txn *t, int64_t number, usec_t next, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "DELETE FROM campaign_open WHERE tenant = ? AND number = ?", number, &s, reterr);
    if (code == OK)
        code = stmt_run(s, reterr);
    if (code == OK && next != USEC_NEVER && (code = sql_prepare_int(&t->sql, "INSERT INTO campaign_open (tenant, number, next) VALUES (?, ?, ?)", number, &s, reterr)) == OK) {
        stmt_int(s, 3, next);
        code = stmt_run(s, reterr);
    }
    return code;
}

static enum code newest_born(struct txn *t, int64_t *ret, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "SELECT born FROM record WHERE tenant = ? ORDER BY born DESC LIMIT 1", &s, reterr);
    return code == OK ? stmt_number(s, 0, ret, reterr) : code;
}

enum code campaign_add(struct txn *t, const struct campaign_row *r, int64_t *ret_number, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->purpose != NULL && r->whose != NULL && ret_number != NULL && reterr != NULL);
    struct stmt *s;
    int64_t number = 0, born = 0;
    enum code code = number_next(&t->sql, "SELECT number FROM campaign WHERE tenant = ? ORDER BY number DESC LIMIT 1", &number, reterr);
    if (code == OK)
        code = newest_born(t, &born, reterr);
    if (code == OK)
        code = sql_prepare_int(&t->sql, "INSERT INTO campaign (tenant, number, state, walked, act, channel, kind, scope, template, purpose, made, begins, ended, whose, born, reached, walk, found, "
                               "queued, sent, bounced, over, unknown, digest, key, bytes) VALUES (?, ?, 0, 0, 0, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, zeroblob(16), zeroblob(16), 0, 0, 0, 0, 0, 0, "
                               "zeroblob(32), ?, ?)", number, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, r->channel);
    stmt_int(s, 4, r->kind);
    bind_uuid(s, 5, &r->scope);
    stmt_int(s, 6, r->template);
    stmt_text(s, 7, r->purpose);
    stmt_int(s, 8, t->now);
    stmt_int(s, 9, r->begins);
    stmt_text(s, 10, r->whose);
    stmt_int(s, 11, born);
    stmt_int(s, 12, (int64_t)r->key);
    bind_bytes(s, 13, r->blob, r->len);
    code = stmt_run(s, reterr);
    if (code == OK)
        code = next_set(t, number, r->begins, reterr);
    if (code == OK)
        *ret_number = number;
    return code;
}

enum code campaign_set(struct txn *t, const struct campaign_row *r, usec_t next, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->whose != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "UPDATE campaign SET state = ?3, walked = ?4, act = ?5, ended = ?6, reached = ?7, walk = ?8, found = ?9, queued = ?10, digest = ?11, key = ?12, "
                                     "bytes = ?13, whose = ?14 WHERE tenant = ?1 AND number = ?2", r->number, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, r->state);
    stmt_int(s, 4, r->walked);
    stmt_int(s, 5, r->act);
    stmt_int(s, 6, r->ended);
    bind_uuid(s, 7, &r->reached);
    bind_uuid(s, 8, &r->walk);
    stmt_int(s, 9, r->found);
    stmt_int(s, 10, r->queued);
    bind_bytes(s, 11, r->digest, sizeof r->digest);
    stmt_int(s, 12, (int64_t)r->key);
    bind_bytes(s, 13, r->blob, r->len);
    stmt_text(s, 14, r->whose);
    code = stmt_run_one(t, s, "there is no campaign of that number", reterr);
    return code == OK ? next_set(t, r->number, next, reterr) : code;
}

enum code campaign_get(struct sql *q, int64_t number, struct campaign_row *ret, struct arena *arena, struct err *reterr) {
    PRE(q != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct stmt *s;
    struct campaign_row r;
    bool row = false;
    enum code code = sql_prepare_int(q, CAMPAIGN_COLS " AND number = ?", number, &s, reterr);
    if (code == OK)
        code = stmt_step(s, &row, reterr);
    if (code != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "there is no campaign of that number");
    code = campaign_read(s, &r, reterr);
    if (code == OK) {
        r.purpose = arena_text(arena, r.purpose);
        r.whose = arena_text(arena, r.whose);
        r.blob = arena_text_n(arena, r.len > 0 ? r.blob : "", r.len);
        if (r.purpose == NULL || r.whose == NULL || r.blob == NULL)
            code = err_set(reterr, E_MEMORY, "no memory for a campaign");
    }
    stmt_end(s);
    if (code == OK)
        *ret = r;
    return code;
}

enum code campaign_list(struct sql *q, int64_t before, campaign_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, CAMPAIGN_COLS " AND number < ? ORDER BY number DESC", before, &s, reterr);
    return code == OK ? campaigns_give(s, fn, arg, NULL, reterr) : code;
}

/* ---- counts */

enum code campaign_refuse(struct txn *t, int64_t number, int gate, int64_t count, struct err *reterr) {
    PRE(t != NULL && gate >= 0 && count > 0 && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "INSERT INTO campaign_gate (tenant, number, gate, count) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count", number, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, gate);
    stmt_int(s, 4, count);
    return stmt_run(s, reterr);
}

enum code campaign_gates(struct sql *q, int64_t number, campaign_gate_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare_int(q, "SELECT gate, count FROM campaign_gate WHERE tenant = ? AND number = ? ORDER BY gate", number, &s, reterr);
    if (code != OK)
        return code;
    while ((code = stmt_step(s, &row, reterr)) == OK && row && fn((int)col_int(s, 0), col_int(s, 1), arg))
        continue;
    stmt_end(s);
    return code;
}

static int counts(enum letter_state state, enum letter_state of) { return state == of ? 1 : 0; }

enum code campaign_settle(struct txn *t, int64_t number, enum letter_state before, enum letter_state now, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    static const enum letter_state counted[] = { LETTER_SENT, LETTER_BOUNCED, LETTER_OVER, LETTER_UNKNOWN };
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "UPDATE campaign SET sent = sent + ?3, bounced = bounced + ?4, over = over + ?5, unknown = unknown + ?6 WHERE tenant = ?1 AND number = ?2", number, &s, reterr);
    if (code != OK)
        return code;
    for (size_t i = 0; i < ARRAY_LEN(counted); i++)
        stmt_int(s, 3 + (int)i, counts(now, counted[i]) - counts(before, counted[i]));
    code = stmt_run(s, reterr);
    if (code == OK)
        code = sql_prepare_int(&t->sql, "UPDATE campaign SET state = 3, ended = ?3 WHERE tenant = ?1 AND number = ?2 AND state = 0 AND walked = 1 AND act = 0 AND sent + bounced + over + unknown >= queued",
                               number, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, t->now);
    return stmt_run(s, reterr);
}

/* ---- its letters */

enum code campaign_waiting(struct sql *q, int64_t number, const struct uuid *after, size_t most, struct uuid *ret, size_t *ret_count, struct uuid *ret_last, bool *ret_more, struct err *reterr) {
    PRE(q != NULL && after != NULL && most > 0 && ret != NULL && ret_count != NULL && ret_last != NULL && ret_more != NULL && reterr != NULL);
    struct stmt *s;
    size_t seen = 0, count = 0;
    struct uuid id = *after;
    bool row = false;
    enum code code = sql_prepare_int(q, "SELECT id, state FROM letter WHERE tenant = ?1 AND cause = ?3 AND about = ?2 AND id > ?4 ORDER BY id LIMIT ?5", number, &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 3, LETTER_OF_CAMPAIGN);
    bind_uuid(s, 4, after);
    stmt_int(s, 5, (int64_t)most);
    while ((code = stmt_step(s, &row, reterr)) == OK && row && (code = col_bytes(s, 0, id.bytes, sizeof id.bytes, reterr)) == OK) {
        seen++;
        if (col_int(s, 1) == LETTER_WAITING)
            ret[count++] = id;
    }
    stmt_end(s);
    if (code == OK) {
        *ret_count = count;
        *ret_last = id;
        *ret_more = seen == most;
    }
    return code;
}

/* ---- what is to be done */

enum code campaign_defer(struct txn *t, int64_t number, usec_t next, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "UPDATE campaign_open SET next = ?3 WHERE tenant = ?1 AND number = ?2 AND next < ?3", number, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, next);
    return stmt_run(s, reterr);
}

/* The first tenant behind *tenant with a campaign of which there is work by then. */
static enum code tenant_behind(struct sql *q, usec_t until, int64_t *tenant, int64_t *number, bool *ret, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = instance_prepare(q, "SELECT tenant, number FROM campaign_open WHERE tenant > ? AND next <= ? ORDER BY tenant, number LIMIT 1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, *tenant);
    stmt_int(s, 2, until);
    code = stmt_step(s, &row, reterr);
    if (code == OK && row) {
        *tenant = col_int(s, 0);
        *number = col_int(s, 1);
    }
    *ret = row;
    stmt_end(s);
    return code;
}

enum code campaigns_next(struct store *store, usec_t until, int64_t after, campaign_next_fn fn, void *arg, struct err *reterr) {
    PRE(store != NULL && fn != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    bool wanted = true;
    enum code code = store_view(store, 0, &v, reterr);
    for (int around = 0; code == OK && wanted && around < 2; around++) {
        int64_t tenant = around == 0 ? after : INT64_MIN, number = 0;
        bool any = true;
        while (code == OK && wanted && any) {
            code = tenant_behind(view_sql(v), until, &tenant, &number, &any, reterr);
            any = any && (around == 0 || tenant <= after);
            if (code == OK && any)
                wanted = fn(tenant, number, arg);
        }
    }
    return code;
}

static enum code instance_number(struct store *store, const char *sql, int64_t none, int64_t *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct stmt *s;
    int64_t n = none;
    enum code code = store_view(store, 0, &v, reterr);
    if (code == OK)
        code = instance_prepare(view_sql(v), sql, &s, reterr);
    if (code == OK)
        code = stmt_number(s, none, &n, reterr);
    if (code == OK)
        *ret = n;
    return code;
}

enum code campaigns_when(struct store *store, usec_t *ret, struct err *reterr) {
    PRE(store != NULL && ret != NULL && reterr != NULL);
    return instance_number(store, "SELECT next FROM campaign_open ORDER BY next LIMIT 1", USEC_NEVER, ret, reterr);
}

enum code campaigns_open(struct store *store, int64_t *ret, struct err *reterr) {
    PRE(store != NULL && ret != NULL && reterr != NULL);
    return instance_number(store, "SELECT count(*) FROM campaign_open", 0, ret, reterr);
}

/* ---- forgetting */

#define FORGET_MOST 100u
struct old { int64_t number; uint64_t key; };

static enum code old_read(struct sql *q, usec_t before, size_t most, struct old *list, size_t *ret_count, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    size_t n = 0;
    enum code code = sql_prepare_int(q, "SELECT number, key FROM campaign WHERE tenant = ?1 AND ended > 0 AND ended < ?2 AND number < (SELECT max(number) FROM campaign WHERE tenant = ?1) "
                                     "ORDER BY number LIMIT ?3", before, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, (int64_t)most);
    while ((code = stmt_step(s, &row, reterr)) == OK && row && n < most)
        list[n++] = (struct old){ col_int(s, 0), (uint64_t)col_int(s, 1) };
    stmt_end(s);
    if (code == OK)
        *ret_count = n;
    return code;
}

enum code campaigns_forget(struct txn *t, usec_t before, size_t most, size_t *ret_count, struct err *reterr) {
    PRE(t != NULL && most > 0 && ret_count != NULL && reterr != NULL);
    static const char *const gone[] = { "DELETE FROM campaign_gate WHERE tenant = ? AND number = ?", "DELETE FROM campaign_open WHERE tenant = ? AND number = ?", "DELETE FROM campaign WHERE tenant = ? AND number = ?" };
    struct old list[FORGET_MOST];
    struct stmt *s;
    size_t count = 0;
    enum code code = old_read(&t->sql, before, most < FORGET_MOST ? most : FORGET_MOST, list, &count, reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        code = list[i].key != 0 ? doomed_put(t, list[i].key, reterr) : OK;
        for (size_t k = 0; code == OK && k < ARRAY_LEN(gone); k++)
            if ((code = sql_prepare_int(&t->sql, gone[k], list[i].number, &s, reterr)) == OK)
                code = stmt_run(s, reterr);
    }
    if (code == OK)
        *ret_count = count;
    return code;
}
