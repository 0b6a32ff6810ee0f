/* letter.c — see letter.h. Invariant: a letter has one row of letter_next while it is to be tried, and none after. */
#include "store/letter.h"

#include "store/inner.h"

#define LETTER_FIELDS "SELECT id, cause, about, state, made, tries, tried, status, said, key, bytes, until, whom, answers, heard, channel, kind, record, scope, template, purpose, doubts, gate, cost, receipt, verdict, begins, attempt, losses FROM letter "
#define LETTER_COLS LETTER_FIELDS "WHERE tenant = ?"

/* Texts and bytes are those of the statement. */
static enum code letter_read(struct stmt *s, struct letter_row *ret, struct err *reterr) {
    struct letter_row r = { .cause = col_text(s, 1), .about = col_int(s, 2), .state = (enum letter_state)col_int(s, 3), .made = col_int(s, 4), .tries = (int)col_int(s, 5),
                            .tried = col_int(s, 6), .status = (int)col_int(s, 7), .said = col_text(s, 8), .key = (uint64_t)col_int(s, 9), .until = col_int(s, 11), .answers = (int)col_int(s, 13), .heard = col_int(s, 14),
                            .channel = (enum channel)col_int(s, 15), .kind = (int32_t)col_int(s, 16), .template = col_int(s, 19), .purpose = col_text(s, 20), .doubts = (int)col_int(s, 21),
                            .gate = (int)col_int(s, 22), .cost = col_int(s, 23), .receipt = col_text(s, 24), .verdict = (int)col_int(s, 25),
                            .begins = col_int(s, 26), .attempt = (uint32_t)col_int(s, 27), .losses = (int)col_int(s, 28) };
    enum code code = col_bytes(s, 0, r.id.bytes, sizeof r.id.bytes, reterr);
    r.blob = col_blob(s, 10, &r.len);
    if (code == OK)
        code = col_bytes(s, 12, r.whom.bytes, sizeof r.whom.bytes, reterr);
    if (code == OK)
        code = col_bytes(s, 17, r.record.bytes, sizeof r.record.bytes, reterr);
    if (code == OK)
        code = col_bytes(s, 18, r.scope.bytes, sizeof r.scope.bytes, reterr);
    if (code == OK)
        *ret = r;
    return code;
}

DEFINE_ROWS(letters_give, letter_row, letter_read)

/* Of several statements in a row, until fn has enough. */
struct some { letter_fn fn; void *arg; bool more; };
static bool some_take(const struct letter_row *r, void *arg) {
    struct some *s = arg;
    return s->more = s->fn(r, s->arg);
}

/* ---- when it is tried */

static enum code next_drop(struct txn *t, const struct uuid *id, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "DELETE FROM letter_next WHERE tenant = ? AND id = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, id);
    return stmt_run(s, reterr);
}

/* With the channel of the letter, which stands already, and whether it is one of a campaign. */
static enum code next_put(struct txn *t, const struct uuid *id, usec_t next, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "INSERT INTO letter_next (tenant, next, id, channel, many) VALUES (?1, ?2, ?3, coalesce((SELECT channel FROM letter WHERE tenant = ?1 AND id = ?3), 0), "
                                     "coalesce((SELECT cause = ?4 FROM letter WHERE tenant = ?1 AND id = ?3), 0))", next, &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 3, id);
    stmt_text(s, 4, LETTER_OF_CAMPAIGN);
    return stmt_run(s, reterr);
}

/* Those of that time, or put off by a clock that was wrong. */
static void bind_time(struct stmt *s, int at, usec_t until) {
    stmt_int(s, at, until);
    stmt_int(s, at + 1, until < USEC_NEVER - LETTER_AHEAD ? until + LETTER_AHEAD : USEC_NEVER);
}

/* Each end by itself, as in end_of. */
static enum code any_next(struct sql *q, enum channel channel, usec_t until, bool *ret, struct err *reterr) {
    struct stmt *s;
    enum code code = instance_prepare(q, "SELECT 1 FROM letter_next WHERE channel = ?1 AND next <= ?2 UNION ALL SELECT 1 FROM letter_next WHERE channel = ?1 AND next > ?3 LIMIT 1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, channel);
    bind_time(s, 2, until);
    code = stmt_step(s, ret, reterr);
    stmt_end(s);
    return code;
}

/* The first tenant behind *tenant which has letters. */
static enum code tenant_behind(struct sql *q, int64_t *tenant, bool *ret, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = instance_prepare(q, "SELECT tenant FROM letter_next WHERE tenant > ? ORDER BY tenant LIMIT 1", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, *tenant);
    code = stmt_step(s, &row, reterr);
    if (code == OK && row)
        *tenant = col_int(s, 0);
    *ret = row;
    stmt_end(s);
    return code;
}

/* Of one tenant, its campaigns or all else, from one end of their times: in two statements, for with both ends in one all that is put off would be walked through. *share: how many yet. */
static enum code end_of(struct sql *q, enum channel channel, bool many, bool ahead, int64_t tenant, usec_t until, size_t *share, letter_next_fn fn, void *arg, bool *ret_more, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = ahead ? instance_prepare(q, "SELECT next, id FROM letter_next WHERE tenant = ? AND channel = ? AND many = ? AND next > ? ORDER BY next, id LIMIT ?", &s, reterr)
                           : instance_prepare(q, "SELECT next, id FROM letter_next WHERE tenant = ? AND channel = ? AND many = ? AND next <= ? ORDER BY next, id LIMIT ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 1, tenant);
    stmt_int(s, 2, channel);
    stmt_int(s, 3, many);
    stmt_int(s, 4, !ahead ? until : until < USEC_NEVER - LETTER_AHEAD ? until + LETTER_AHEAD : USEC_NEVER);
    stmt_int(s, 5, (int64_t)*share);
    while (*ret_more && (code = stmt_step(s, &row, reterr)) == OK && row) {
        struct uuid id;
        code = col_bytes(s, 1, id.bytes, sizeof id.bytes, reterr);
        if (code != OK)
            break;
        *ret_more = fn(&(struct letter_next){ tenant, id, many, col_int(s, 0) }, arg);
        --*share;
    }
    stmt_end(s);
    return code;
}

/* *ret_more: fn wants others. */
static enum code turn_of(struct sql *q, enum channel channel, bool many, int64_t tenant, usec_t until, size_t share, letter_next_fn fn, void *arg, bool *ret_more, struct err *reterr) {
    enum code code = end_of(q, channel, many, false, tenant, until, &share, fn, arg, ret_more, reterr);
    return code == OK && *ret_more && share > 0 ? end_of(q, channel, many, true, tenant, until, &share, fn, arg, ret_more, reterr) : code;
}

enum code letters_next(struct store *store, enum channel channel, usec_t until, int64_t after, size_t share, letter_next_fn fn, void *arg, struct err *reterr) {
    PRE(store != NULL && share > 0 && fn != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    bool more = false;
    enum code code = store_view(store, 0, &v, reterr);
    if (code == OK)
        code = any_next(view_sql(v), channel, until, &more, reterr);
    for (int around = 0; code == OK && more && around < 2; around++) {      /* from behind it to the last, and from the first to it */
        int64_t tenant = around == 0 ? after : INT64_MIN;
        for (bool any = true; code == OK && more && any;) {
            code = tenant_behind(view_sql(v), &tenant, &any, reterr);
            any = any && (around == 0 || tenant <= after);
            for (int many = 0; code == OK && any && more && many < 2; many++)
                code = turn_of(view_sql(v), channel, many == 1, tenant, until, share, fn, arg, &more, reterr);
        }
    }
    return code;
}

enum code letter_next_set(struct txn *t, const struct uuid *id, usec_t next, struct err *reterr) {
    PRE(t != NULL && id != NULL && reterr != NULL);
    enum code code = next_drop(t, id, reterr);
    return code == OK && next != USEC_NEVER ? next_put(t, id, next, reterr) : code;
}

/* With what letter_next said of them by a clock that was ahead. */
#define SOONER_TRIED "UPDATE letter_next SET next = ?2 WHERE tenant = ?1 AND next > ?2 AND EXISTS (SELECT 1 FROM letter WHERE tenant = ?1 AND id = letter_next.id AND (tries > 0 OR gate > 0))"
#define SOONER_FRESH "UPDATE letter_next SET next = max(?2, coalesce((SELECT begins FROM letter WHERE tenant = ?1 AND id = letter_next.id), 0)) WHERE tenant = ?1 AND next > ?2 AND EXISTS " \
    "(SELECT 1 FROM letter WHERE tenant = ?1 AND id = letter_next.id AND tries = 0 AND gate = 0 AND begins < letter_next.next)"

enum code letters_sooner(struct txn *t, usec_t now, usec_t latest, struct err *reterr) {
    PRE(t != NULL && latest >= now && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, SOONER_TRIED, latest, &s, reterr);
    if (code == OK)
        code = stmt_run(s, reterr);
    if (code == OK)
        code = sql_prepare_int(&t->sql, SOONER_FRESH, now, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

/* ---- letters */

bool letter_is_open(const struct letter_row *r) { return r->kind > 0 ? r->state == LETTER_WAITING || r->state == LETTER_SENDING : r->len > 0; }

enum code letter_put(struct txn *t, const struct letter_row *r, usec_t next, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->cause != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO letter (tenant, id, cause, about, state, made, tries, tried, status, said, key, bytes, until, whom, answers, heard, "
                                 "channel, kind, record, scope, template, purpose, doubts, gate, cost, receipt, verdict, begins, attempt, losses) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, &r->id);
    stmt_text(s, 3, r->cause);
    stmt_int(s, 4, r->about);
    stmt_int(s, 5, r->state);
    stmt_int(s, 6, r->made);
    stmt_int(s, 7, r->tries);
    stmt_int(s, 8, r->tried);
    stmt_int(s, 9, r->status);
    stmt_text(s, 10, r->said == NULL ? "" : r->said);
    stmt_int(s, 11, (int64_t)r->key);
    bind_bytes(s, 12, r->blob, r->len);
    stmt_int(s, 13, r->until);
    bind_uuid(s, 14, &r->whom);
    stmt_int(s, 15, r->answers);
    stmt_int(s, 16, r->heard);
    stmt_int(s, 17, r->channel);
    stmt_int(s, 18, r->kind);
    bind_uuid(s, 19, &r->record);
    bind_uuid(s, 20, &r->scope);
    stmt_int(s, 21, r->template);
    stmt_text(s, 22, r->purpose == NULL ? "" : r->purpose);
    stmt_int(s, 23, r->doubts);
    stmt_int(s, 24, r->gate);
    stmt_int(s, 25, r->cost);
    stmt_text(s, 26, r->receipt == NULL ? "" : r->receipt);
    stmt_int(s, 27, r->verdict);
    stmt_int(s, 28, r->begins);
    stmt_int(s, 29, r->attempt);
    stmt_int(s, 30, r->losses);
    code = stmt_run(s, reterr);
    return code == OK && next != USEC_NEVER ? next_put(t, &r->id, next, reterr) : code;
}

enum code letter_set(struct txn *t, const struct letter_row *r, usec_t next, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE letter SET state = ?3, tries = ?4, tried = ?5, status = ?6, said = ?7, bytes = ?8, answers = ?9, heard = ?10, "
                                 "doubts = ?11, gate = ?12, cost = ?13, receipt = ?14, verdict = ?15, attempt = ?16, losses = ?17 WHERE tenant = ?1 AND id = ?2", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, &r->id);
    stmt_int(s, 3, r->state);
    stmt_int(s, 4, r->tries);
    stmt_int(s, 5, r->tried);
    stmt_int(s, 6, r->status);
    stmt_text(s, 7, r->said == NULL ? "" : r->said);
    bind_bytes(s, 8, r->blob, r->len);
    stmt_int(s, 9, r->answers);
    stmt_int(s, 10, r->heard);
    stmt_int(s, 11, r->doubts);
    stmt_int(s, 12, r->gate);
    stmt_int(s, 13, r->cost);
    stmt_text(s, 14, r->receipt == NULL ? "" : r->receipt);
    stmt_int(s, 15, r->verdict);
    stmt_int(s, 16, r->attempt);
    stmt_int(s, 17, r->losses);
    code = stmt_run_one(t, s, "there is no such letter", reterr);
    return code == OK ? letter_next_set(t, &r->id, next, reterr) : code;
}

enum code letter_get(struct sql *q, const struct uuid *id, letter_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && id != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    size_t count = 0;
    enum code code = sql_prepare(q, LETTER_COLS " AND id = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, id);
    code = letters_give(s, fn, arg, &count, reterr);
    return code == OK && count == 0 ? err_set(reterr, E_NOT_FOUND, "there is no such letter") : code;
}

enum code letters_about(struct sql *q, const char *cause, int64_t about, letter_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && cause != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(q, LETTER_COLS " AND cause = ? AND about = ? ORDER BY id", &s, reterr);
    if (code != OK)
        return code;
    stmt_text(s, 2, cause);
    stmt_int(s, 3, about);
    return letters_give(s, fn, arg, NULL, reterr);
}

#define OVER_MESSAGES LETTER_FIELDS "INDEXED BY letter_open WHERE tenant = ?1 AND kind > 0 AND state < 2 AND until <= ?2 ORDER BY id"
#define OVER_DUTIES LETTER_FIELDS "INDEXED BY letter_duty WHERE tenant = ?1 AND kind = 0 AND length(bytes) > 0 AND until <= ?2 ORDER BY until, id"
#define OVER_HELD LETTER_FIELDS "INDEXED BY letter_open WHERE tenant = ?1 AND kind > 0 AND state < 2 AND state = 0 AND until <= ?2 " \
    "AND NOT EXISTS (SELECT 1 FROM letter_next WHERE letter_next.tenant = ?1 AND letter_next.id = letter.id) ORDER BY id"

/* Two statements, each along an index of its own: what is open is few among what was sent. */
enum code letters_over(struct sql *q, usec_t now, letter_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    struct some some = { fn, arg, true };
    enum code code = sql_prepare_int(q, OVER_MESSAGES, now, &s, reterr);
    if (code == OK)
        code = letters_give(s, some_take, &some, NULL, reterr);
    if (code == OK && some.more)
        code = sql_prepare_int(q, OVER_DUTIES, now, &s, reterr);
    return code == OK && some.more ? letters_give(s, some_take, &some, NULL, reterr) : code;
}

enum code letters_held_over(struct sql *q, usec_t now, letter_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, OVER_HELD, now, &s, reterr);
    return code == OK ? letters_give(s, fn, arg, NULL, reterr) : code;
}

enum code letters_list(struct sql *q, const struct uuid *before, letter_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && before != NULL && fn != NULL && reterr != NULL);
    static const struct uuid last = { { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 } };
    struct stmt *s;
    enum code code = sql_prepare(q, LETTER_COLS " AND id < ? ORDER BY id DESC", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, uuid_is_null(before) ? &last : before);
    return letters_give(s, fn, arg, NULL, reterr);
}

#define FIND_OPEN LETTER_FIELDS "INDEXED BY letter_open WHERE tenant = ?1 AND kind > 0 AND state < 2 AND state = ?2 AND id < ?3 ORDER BY id DESC"
#define FIND_ENDED LETTER_FIELDS "INDEXED BY letter_ended WHERE tenant = ?1 AND kind > 0 AND state NOT IN (0, 1, 2) AND state = ?2 AND id < ?3 ORDER BY id DESC"

/* Without a record and a cause: what waits, and what did not arrive, are few among what was sent, and each has an index that says so. */
static enum code find_all(struct sql *q, int state, struct stmt **ret, struct err *reterr) {
    if (state == LETTER_WAITING || state == LETTER_SENDING)
        return sql_prepare(q, FIND_OPEN, ret, reterr);
    if (state > LETTER_SENT)
        return sql_prepare(q, FIND_ENDED, ret, reterr);
    return sql_prepare(q, LETTER_COLS " AND kind > 0 AND (?2 < 0 OR state = ?2) AND id < ?3 ORDER BY id DESC", ret, reterr);
}

enum code letters_find(struct sql *q, const struct letter_filter *f, const struct uuid *before, letter_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && f != NULL && before != NULL && fn != NULL && reterr != NULL);
    static const struct uuid last = { { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 } };
    bool of_record = !uuid_is_null(&f->record), of_cause = f->cause != NULL;
    struct stmt *s;
    enum code code = of_record  ? sql_prepare(q, LETTER_COLS " AND kind > 0 AND (?2 < 0 OR state = ?2) AND id < ?3 AND kind = ?4 AND record = ?5 AND (?6 IS NULL OR (cause = ?6 AND about = ?7)) ORDER BY id DESC", &s, reterr)
                     : of_cause ? sql_prepare(q, LETTER_COLS " AND kind > 0 AND (?2 < 0 OR state = ?2) AND id < ?3 AND cause = ?4 AND about = ?5 ORDER BY id DESC", &s, reterr)
                                : find_all(q, f->state, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, f->state);
    bind_uuid(s, 3, uuid_is_null(before) ? &last : before);
    if (of_record) {
        stmt_int(s, 4, f->kind);
        bind_uuid(s, 5, &f->record);
    }
    if (of_cause) {
        stmt_text(s, of_record ? 6 : 4, f->cause);
        stmt_int(s, of_record ? 7 : 5, f->about);
    } else if (of_record) {
        stmt_null(s, 6);
        stmt_int(s, 7, 0);
    }
    return letters_give(s, fn, arg, NULL, reterr);
}

/* Before which the ids of that time stand: they begin with it (uuid.h). A clock that went back has given some that are ahead of theirs. */
static struct uuid id_of_time(usec_t at) {
    struct uuid id = { { 0 } };
    const usec_t ahead = at < USEC_NEVER - 2 * USEC_PER_DAY ? at + 2 * USEC_PER_DAY : USEC_NEVER;
    const uint64_t ms = ahead < 0 ? 0 : (uint64_t)ahead / 1000;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    return id;
}

enum code letters_forget(struct txn *t, usec_t before, int64_t most, int64_t *ret_count, struct err *reterr) {
    PRE(t != NULL && most > 0 && ret_count != NULL && reterr != NULL);
    struct stmt *s;
    const struct uuid until = id_of_time(before);
    enum code code = sql_prepare_int(&t->sql, "DELETE FROM letter WHERE tenant = ?1 AND id IN (SELECT id FROM letter WHERE tenant = ?1 AND id < ?3 AND made < ?2 AND length(bytes) = 0 AND (kind = 0 OR state > 1) "
                                     "AND NOT EXISTS (SELECT 1 FROM letter_next WHERE letter_next.tenant = ?1 AND letter_next.id = letter.id) LIMIT ?4)", before, &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 3, &until);
    stmt_int(s, 4, most);
    code = stmt_run(s, reterr);
    if (code == OK)
        *ret_count = db_changes(t->sql.records);
    return code;
}
