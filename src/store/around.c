/* around.c — lists that go on around damaged pages. Rows lie in the order of their ids, changes in that of their numbers, and where a page of
 * the rows is lost, the pages of an index still name what lay on it: so many are asked for one by one, then the list goes on as usual. */
#include "store/inner.h"
#include "store/rows.h"

#define AT_ONCE 100u                          /* more than lie on one page */

struct around { struct sql *q; struct row_range at; row_fn fn; void *arg; bool stopped; };
struct names { struct uuid id[AT_ONCE]; size_t count; };

static bool give(const struct row *r, void *arg) {
    struct around *a = arg;
    a->at.after = r->id;
    a->stopped = !a->fn(r, a->arg);
    return !a->stopped;
}

/* What the index names, after a->at.after: no page of the rows themselves is touched. */
static enum code names_read(const struct around *a, struct names *ret, struct err *reterr) {
    static const char *const texts[2][2] = {
        { "SELECT id FROM record INDEXED BY record_change WHERE tenant = ? AND kind = ? AND id > ? ORDER BY id LIMIT ?",
          "SELECT id FROM record INDEXED BY record_change WHERE tenant = ? AND kind = ? AND id < ? ORDER BY id DESC LIMIT ?" },
        { "SELECT id FROM record INDEXED BY record_parent WHERE tenant = ? AND kind = ? AND id > ? AND parent = ?5 ORDER BY id LIMIT ?4",
          "SELECT id FROM record INDEXED BY record_parent WHERE tenant = ? AND kind = ? AND id < ? AND parent = ?5 ORDER BY id DESC LIMIT ?4" },
    };
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare(a->q, texts[a->at.has_parent][a->at.descending], &s, reterr);
    if (code != OK)
        return code;
    const struct uuid start = row_range_start(&a->at);
    stmt_int(s, 2, a->at.kind);
    bind_uuid(s, 3, &start);
    stmt_int(s, 4, AT_ONCE);
    if (a->at.has_parent)
        bind_uuid(s, 5, &a->at.parent);
    ret->count = 0;
    while (ret->count < AT_ONCE && (code = stmt_step(s, &row, reterr)) == OK && row)
        if ((code = col_bytes(s, 0, ret->id[ret->count++].bytes, sizeof ret->id[0].bytes, reterr)) != OK)
            break;
    stmt_end(s);
    return code;
}

/* A row that its index names and that is not there is no less damaged than one that cannot be read. */
static enum code one_by_one(struct around *a, bool *ret_more, struct err *reterr) {
    struct names names = { .count = 0 };
    enum code code = view_again(a->q, reterr);
    if (code == OK)
        code = names_read(a, &names, reterr);
    for (size_t i = 0; code == OK && !a->stopped && i < names.count; i++) {
        struct row r;
        code = row_get(a->q, a->at.kind, &names.id[i], &r, reterr);
        if (code == E_GONE)                    /* erased since the names were read */
            continue;
        bool damaged = code == E_DAMAGED || code == E_NOT_FOUND;
        if (damaged) {
            r = (struct row){ .kind = a->at.kind, .id = names.id[i], .damaged = true };
            code = view_again(a->q, reterr);
        }
        if (code == OK)
            give(&r, a);
    }
    *ret_more = code == OK && names.count == AT_ONCE;
    return code;
}

enum code rows_list_around(struct sql *q, const struct row_range *range, row_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && q->txn == NULL && range != NULL && fn != NULL && reterr != NULL);
    struct around a = { q, *range, fn, arg, false };
    enum code code = OK;
    for (bool more = true; more && code == OK && !a.stopped;) {
        code = rows_list(q, &a.at, give, &a, reterr);
        more = code == E_DAMAGED;
        if (more)
            code = one_by_one(&a, &more, reterr);
    }
    return code;
}

/* ---- changes */
struct changes { struct sql *q; int64_t after; change_fn fn; void *arg; bool stopped; };

static bool pass(const struct change *c, void *arg) {
    struct changes *a = arg;
    a->after = c->change;
    a->stopped = !a->fn(c, a->arg);
    return !a->stopped;
}

static enum code numbers_read(const struct changes *a, struct change ret[AT_ONCE], size_t *ret_count, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    size_t n = 0;
    enum code code = sql_prepare(a->q, "SELECT change, kind, id, 0 FROM record INDEXED BY record_change WHERE tenant = ?1 AND change > ?2 UNION ALL "
                                 "SELECT change, kind, id, 1 FROM tombstone INDEXED BY tombstone_change WHERE tenant = ?1 AND change > ?2 ORDER BY change LIMIT ?3", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, a->after);
    stmt_int(s, 3, AT_ONCE);
    for (; n < AT_ONCE && (code = stmt_step(s, &row, reterr)) == OK && row; n++) {
        ret[n] = (struct change){ .change = col_int(s, 0), .kind = (int32_t)col_int(s, 1), .erased = col_int(s, 3) != 0 };
        if ((code = col_bytes(s, 2, ret[n].id.bytes, sizeof ret[n].id.bytes, reterr)) != OK)
            break;
    }
    stmt_end(s);
    *ret_count = n;
    return code;
}

static enum code tombstone_read(struct sql *q, struct change *c, struct err *reterr) {
    struct stmt *s;
    bool row = false;
    enum code code = sql_prepare_of(q, "SELECT version, at FROM tombstone WHERE tenant = ? AND kind = ? AND id = ?", c->kind, &c->id, &s, reterr);
    if (code != OK)
        return code;
    if ((code = stmt_step(s, &row, reterr)) != OK)
        return code;
    if (!row)
        return err_set(reterr, E_DAMAGED, "a tombstone is missing");
    c->version = col_int(s, 0);
    c->at = col_int(s, 1);
    stmt_end(s);
    return OK;
}

/* Version and instant of a change that the index named. */
static enum code change_fill(struct sql *q, struct change *c, struct err *reterr) {
    struct row r;
    if (c->erased)
        return tombstone_read(q, c, reterr);
    enum code code = row_get(q, c->kind, &c->id, &r, reterr);
    if (code != OK)
        return code;
    c->version = r.version;
    c->at = r.updated;
    return OK;
}

static enum code change_by_change(struct changes *a, bool *ret_more, struct err *reterr) {
    struct change list[AT_ONCE];
    size_t n = 0;
    enum code code = view_again(a->q, reterr);
    if (code == OK)
        code = numbers_read(a, list, &n, reterr);
    for (size_t i = 0; code == OK && !a->stopped && i < n; i++) {
        code = change_fill(a->q, &list[i], reterr);
        list[i].damaged = code == E_DAMAGED || code == E_NOT_FOUND;
        if (list[i].damaged)
            code = view_again(a->q, reterr);
        if (code == OK)
            pass(&list[i], a);
    }
    *ret_more = code == OK && n == AT_ONCE;
    return code;
}

enum code changes_list_around(struct sql *q, int64_t after, change_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && q->txn == NULL && fn != NULL && reterr != NULL);
    struct changes a = { q, after, fn, arg, false };
    enum code code = OK;
    for (bool more = true; more && code == OK && !a.stopped;) {
        code = changes_list(q, a.after, pass, &a, reterr);
        more = code == E_DAMAGED;
        if (more)
            code = change_by_change(&a, &more, reterr);
    }
    return code;
}
