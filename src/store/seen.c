/* seen.c — which: the members of a stretch, as numbers of two bytes each, or, where that is longer, as a map of a bit each. */
#include "store/seen.h"

#include <string.h>

#include "store/inner.h"
#include "store/tables.h"

#define MAP_BYTES (SEEN_STRETCH / 8u)
#define LISTED_MOST (MAP_BYTES / 2 - 1)       /* a list is always shorter than a map, so its length tells which it is */

static size_t pack(const int64_t *born, size_t count, uint8_t ret[MAP_BYTES]) {
    memset(ret, 0, MAP_BYTES);
    for (size_t i = 0; i < count; i++) {
        size_t at = (size_t)(born[i] % SEEN_STRETCH);
        if (count > LISTED_MOST) {
            ret[at / 8] |= (uint8_t)(1u << at % 8);
        } else {
            ret[2 * i] = (uint8_t)(at >> 8);
            ret[2 * i + 1] = (uint8_t)at;
        }
    }
    return count > LISTED_MOST ? MAP_BYTES : 2 * count;
}

static bool holds(const uint8_t *which, size_t len, size_t at) {
    if (len == MAP_BYTES)
        return (which[at / 8] >> at % 8 & 1) != 0;
    for (size_t i = 0; i + 1 < len; i += 2)
        if (((size_t)which[i] << 8 | which[i + 1]) == at)
            return true;
    return false;
}

static enum code stretch_put(struct txn *t, int64_t stretch, int64_t seq, const int64_t *born, size_t count, struct err *reterr) {
    struct stmt *s;
    uint8_t which[MAP_BYTES];
    size_t len = pack(born, count, which);
    enum code code = sql_prepare(&t->sql, "INSERT INTO seen (tenant, stretch, seq, which) VALUES (?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, stretch);
    stmt_int(s, 3, seq);
    stmt_blob(s, 4, which, len);
    return stmt_run(s, reterr);
}

static enum code looked_put(struct txn *t, int64_t seq, const char *who, struct err *reterr) {
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO looked (tenant, seq, who) VALUES (?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, seq);
    stmt_text(s, 3, who);
    return stmt_run(s, reterr);
}

enum code seen_put(struct txn *t, const char *who, const int64_t *born, size_t count, struct err *reterr) {
    PRE(t != NULL && who != NULL && born != NULL && count > 0 && born[0] >= 0);
    uint64_t last = 0;
    uint8_t head[HASH_SIZE];
    enum code code = ledger_last(&t->sql, &last, head, reterr);
    if (code == OK)
        code = looked_put(t, (int64_t)last, who, reterr);
    for (size_t from = 0, until; code == OK && from < count; from = until) {
        int64_t stretch = born[from] / SEEN_STRETCH;
        for (until = from + 1; until < count && born[until] / SEEN_STRETCH == stretch;)
            until++;
        code = stretch_put(t, stretch, (int64_t)last, born + from, until - from, reterr);
    }
    return code;
}

static enum code each_seq(struct stmt *s, seen_fn fn, void *arg, struct err *reterr) {
    bool row = false;
    enum code code;
    while ((code = stmt_step(s, &row, reterr)) == OK && row)
        if (!fn(col_int(s, 0), arg))
            break;
    stmt_end(s);
    return code;
}

enum code seen_list(struct sql *q, const char *who, int64_t before, seen_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = who == NULL ? sql_prepare(q, "SELECT seq FROM looked WHERE tenant = ? AND seq < ? ORDER BY seq DESC", &s, reterr)
                                 : sql_prepare(q, "SELECT seq FROM looked WHERE tenant = ? AND seq < ? AND who = ? ORDER BY seq DESC", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, before);
    if (who != NULL)
        stmt_text(s, 3, who);
    return each_seq(s, fn, arg, reterr);
}

enum code seen_of(struct sql *q, int64_t born, int64_t before, size_t *left, seen_fn fn, void *arg, int64_t *ret_next, struct err *reterr) {
    PRE(q != NULL && born >= 0 && left != NULL && *left > 0 && fn != NULL && ret_next != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false, more = true;
    int64_t at = 0;
    enum code code = sql_prepare(q, "SELECT seq, which FROM seen WHERE tenant = ? AND stretch = ? AND seq < ? ORDER BY seq DESC", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, born / SEEN_STRETCH);
    stmt_int(s, 3, before);
    while (more && (code = stmt_step(s, &row, reterr)) == OK && row) {
        size_t len = 0;
        const void *which = col_blob(s, 1, &len);
        at = col_int(s, 0);
        more = (!holds(which, len, (size_t)(born % SEEN_STRETCH)) || fn(at, arg)) && --*left > 0;
    }
    stmt_end(s);
    if (code == OK)
        *ret_next = row ? at : 0;
    return code;
}

enum code born_find(struct sql *q, int64_t born, int32_t *ret_kind, struct uuid *ret, struct err *reterr) {
    PRE(q != NULL && ret_kind != NULL && ret != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(q, "SELECT kind, id FROM record INDEXED BY record_born WHERE tenant = ? AND born = ?", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, born);
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_NOT_FOUND, "this record was erased");
    *ret_kind = (int32_t)col_int(s, 0);
    code = col_bytes(s, 1, ret->bytes, sizeof ret->bytes, reterr);
    stmt_end(s);
    return code;
}
