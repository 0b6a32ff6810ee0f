/* sent.c — see sent.h. A letter is a row, not a number that is raised: whoever takes the same one again, in a write that runs twice or at a later
 * try, takes nothing more. */
#include "store/sent.h"

#include "store/inner.h"

static enum code sent_prepare(struct sql *q, const char *text, const struct sent *w, struct stmt **ret, struct err *reterr) {
    enum code code = sql_prepare_int(q, text, w->day, ret, reterr);
    if (code != OK)
        return code;
    stmt_int(*ret, 3, w->channel);
    stmt_blob(*ret, 4, w->who, sizeof w->who);
    bind_uuid(*ret, 5, &w->letter);
    return OK;
}

enum code sent_count(struct sql *q, const struct sent *w, int64_t most, int64_t *ret_others, bool *ret_this, struct err *reterr) {
    PRE(q != NULL && w != NULL && most >= 0 && ret_others != NULL && ret_this != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false, this_one = false;
    int64_t others = 0;
    enum code code = sent_prepare(q, "SELECT letter = ?5 FROM sent_day WHERE tenant = ?1 AND day = ?2 AND channel = ?3 AND who = ?4 LIMIT ?6", w, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 6, most + 1);                  /* itself may stand among them */
    while ((code = stmt_step(s, &row, reterr)) == OK && row) {
        this_one = this_one || col_int(s, 0) != 0;
        others += col_int(s, 0) == 0;
    }
    stmt_end(s);
    if (code == OK) {
        *ret_others = others > most ? most : others;
        *ret_this = this_one;
    }
    return code;
}

enum code sent_take(struct txn *t, const struct sent *w, int64_t most, bool *ret, struct err *reterr) {
    PRE(t != NULL && w != NULL && ret != NULL && reterr != NULL);
    struct stmt *s;
    int64_t others = 0;
    bool stands = false;
    enum code code = sent_count(&t->sql, w, most, &others, &stands, reterr);
    if (code == OK && !stands && others < most) {
        code = sent_prepare(&t->sql, "INSERT INTO sent_day (tenant, day, channel, who, letter) VALUES (?, ?, ?, ?, ?)", w, &s, reterr);
        if (code == OK)
            code = stmt_run(s, reterr);
    }
    if (code == OK)
        *ret = stands || others < most;
    return code;
}

enum code sent_drop(struct txn *t, const struct sent *w, struct err *reterr) {
    PRE(t != NULL && w != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sent_prepare(&t->sql, "DELETE FROM sent_day WHERE tenant = ? AND day = ? AND channel = ? AND who = ? AND letter = ?", w, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

enum code sent_drop_letter(struct txn *t, const struct uuid *letter, struct err *reterr) {
    PRE(t != NULL && letter != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "DELETE FROM sent_day WHERE tenant = ? AND letter = ?", &s, reterr);
    if (code != OK)
        return code;
    bind_uuid(s, 2, letter);
    return stmt_run(s, reterr);
}

static enum code forget(struct txn *t, const char *text, int64_t day, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, text, day, &s, reterr);
    return code == OK ? stmt_run(s, reterr) : code;
}

enum code sent_forget(struct txn *t, int64_t day, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    return forget(t, "DELETE FROM sent_day WHERE tenant = ? AND day < ?", day, reterr);
}

enum code refusals_forget(struct txn *t, int64_t day, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    return forget(t, "DELETE FROM gate_count WHERE tenant = ? AND day < ?", day, reterr);
}

enum code refusals_add(struct txn *t, const struct refusals *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(&t->sql, "INSERT INTO gate_count (tenant, day, channel, gate, count, put_off) VALUES (?, ?, ?, ?, ?, ?) "
                                     "ON CONFLICT (tenant, day, channel, gate) DO UPDATE SET count = count + excluded.count, put_off = put_off + excluded.put_off", r->day, &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 3, r->channel);
    stmt_int(s, 4, r->gate);
    stmt_int(s, 5, r->count);
    stmt_int(s, 6, r->put_off);
    return stmt_run(s, reterr);
}

enum code refusals_list(struct sql *q, int64_t from, refusals_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare_int(q, "SELECT day, channel, gate, count, put_off FROM gate_count WHERE tenant = ? AND day >= ? ORDER BY day DESC, channel, gate", from, &s, reterr);
    if (code != OK)
        return code;
    while ((code = stmt_step(s, &row, reterr)) == OK && row) {
        const struct refusals r = { col_int(s, 0), (enum channel)col_int(s, 1), (int)col_int(s, 2), col_int(s, 3), col_int(s, 4) };
        if (!fn(&r, arg))
            break;
    }
    stmt_end(s);
    return code;
}
