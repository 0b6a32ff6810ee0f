/* destruction.c — keys lie as ranges: how far behind the last one a range begins, and how many more follow; each a number in groups of
 * seven bits, the last without its top bit. Keys made together are destroyed together, so a million take a few bytes a bucket. */
#include "store/destruction.h"

#include <stdlib.h>
#include <string.h>

#include "store/inner.h"

#define RANGES_MAX ((size_t)32 << 20)         /* bytes */

/* ---- keys as ranges */

static void number_add(struct buf *to, uint64_t n) {
    while (n >= 0x80) {
        buf_char(to, (char)(0x80 | (n & 0x7f)));
        n >>= 7;
    }
    buf_char(to, (char)n);
}

static bool number_take(const uint8_t *list, size_t len, size_t *at, uint64_t *ret) {
    uint64_t n = 0;
    for (unsigned shift = 0; shift < 64 && *at < len; shift += 7) {
        uint8_t byte = list[(*at)++];
        if (shift == 63 && byte > 1)
            return false;
        n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = n;
            return true;
        }
    }
    return false;
}

/* keys: ascending, each once. */
static void ranges_add(struct buf *to, const uint64_t *keys, size_t count) {
    uint64_t behind = 0;
    for (size_t i = 0; i < count;) {
        size_t n = 1;
        while (i + n < count && keys[i + n] == keys[i] + n)
            n++;
        number_add(to, keys[i] - behind);
        number_add(to, n - 1);
        behind = keys[i] + n;
        i += n;
    }
}

static enum code damaged(struct err *reterr) { return err_set(reterr, E_DAMAGED, "the keys of a destruction are damaged"); }

/* How many keys the ranges name; with `ret`, which has room for them, the keys. */
static enum code ranges_read(const uint8_t *list, size_t len, uint64_t *ret, size_t *ret_count, struct err *reterr) {
    uint64_t next = 0, gap, more;
    size_t count = 0;
    for (size_t at = 0; at < len;) {
        if (!number_take(list, len, &at, &gap) || !number_take(list, len, &at, &more) || more >= DESTRUCTION_KEYS - count || gap >= UINT64_MAX - next
            || more >= UINT64_MAX - next - gap)
            return damaged(reterr);
        for (uint64_t i = 0; ret != NULL && i <= more; i++)
            ret[count + i] = next + gap + i;
        count += more + 1;
        next += gap + more + 1;
    }
    *ret_count = count;
    return OK;
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static enum code ranges_of(const uint64_t *keys, size_t count, struct buf *ret, struct err *reterr) {
    AUTO(mem_free) uint64_t *sorted = mem_new_array(count, sizeof *sorted);
    size_t n = 0;
    if (sorted == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the keys of a destruction");
    memcpy(sorted, keys, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_number);
    for (size_t i = 0; i < count; i++)
        if (n == 0 || sorted[i] != sorted[n - 1])
            sorted[n++] = sorted[i];
    ranges_add(ret, sorted, n);
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for the keys of a destruction") : OK;
}

/* ---- destructions */

enum code destruction_put(struct txn *t, const char *cause, const char *by, const char *counts, const uint64_t *keys, size_t count, int64_t *ret_number, struct err *reterr) {
    PRE(t != NULL && cause != NULL && by != NULL && counts != NULL && (keys != NULL || count == 0) && ret_number != NULL && reterr != NULL);
    AUTO(buf_done) struct buf ranges = BUF(RANGES_MAX);
    struct stmt *s;
    int64_t number = 0;
    if (count > DESTRUCTION_KEYS)
        return err_set(reterr, E_INVALID, "a destruction is of at most %zu keys", DESTRUCTION_KEYS);
    enum code code = count == 0 ? OK : ranges_of(keys, count, &ranges, reterr);
    if (code == OK)
        code = number_next(&t->sql, "SELECT number FROM destruction WHERE tenant = ? ORDER BY number DESC LIMIT 1", &number, reterr);
    if (code == OK)
        code = sql_prepare(&t->sql, "INSERT INTO destruction (tenant, number, at, cause, whose, counts, keys, certificate) VALUES (?, ?, ?, ?, ?, ?, ?, 0)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, t->now);
    stmt_text(s, 4, cause);
    stmt_text(s, 5, by);
    stmt_text(s, 6, counts);
    stmt_blob(s, 7, ranges.len > 0 ? ranges.data : "", ranges.len);
    if ((code = stmt_run(s, reterr)) == OK)
        *ret_number = number;
    return code;
}

static enum code row_give(struct stmt *s, destruction_fn fn, void *arg, bool *ret_more, struct err *reterr) {
    struct destruction_row r = { .number = col_int(s, 0), .at = col_int(s, 1), .cause = col_text(s, 2), .by = col_text(s, 3), .counts = col_text(s, 4) };
    size_t len;
    const uint8_t *list = col_blob(s, 5, &len);
    enum code code = ranges_read(list, len, NULL, &r.key_count, reterr);
    if (code != OK)
        return code;
    AUTO(mem_free) uint64_t *keys = r.key_count == 0 ? NULL : mem_new_array(r.key_count, sizeof *keys);
    if (keys == NULL && r.key_count > 0)
        return err_set(reterr, E_MEMORY, "no memory for the keys of a destruction");
    if (r.key_count > 0)
        code = ranges_read(list, len, keys, &r.key_count, reterr);
    r.keys = keys;
    *ret_more = code == OK && fn(&r, arg);
    return code;
}

enum code destructions_open(struct sql *q, destruction_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    bool row = false, more = true;
    enum code code = sql_prepare(q, "SELECT number, at, cause, whose, counts, keys FROM destruction WHERE tenant = ? AND certificate = 0 ORDER BY number", &s, reterr);
    if (code != OK)
        return code;
    while (more && (code = stmt_step(s, &row, reterr)) == OK && row)
        if ((code = row_give(s, fn, arg, &more, reterr)) != OK)
            break;
    stmt_end(s);
    return code;
}

enum code destruction_told(struct txn *t, int64_t number, int64_t certificate, struct err *reterr) {
    PRE(t != NULL && certificate > 0 && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "UPDATE destruction SET certificate = ?3, keys = ?4 WHERE tenant = ?1 AND number = ?2 AND certificate = 0", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, certificate);
    stmt_blob(s, 4, "", 0);
    if ((code = stmt_run(s, reterr)) != OK)
        return code;
    return db_changes(t->sql.records) == 1 ? OK : err_set(reterr, E_CONFLICT, "a certificate tells of destruction %lld already", (long long)number);
}

/* ---- certificates */

enum code certificate_next(struct sql *q, int64_t *ret, struct err *reterr) {
    PRE(q != NULL && ret != NULL && reterr != NULL);
    return number_next(q, "SELECT number FROM certificate WHERE tenant = ? ORDER BY number DESC LIMIT 1", ret, reterr);
}

enum code certificate_put(struct txn *t, int64_t number, const char *text, struct err *reterr) {
    PRE(t != NULL && number > 0 && text != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare(&t->sql, "INSERT INTO certificate (tenant, number, at, text) VALUES (?, ?, ?, ?)", &s, reterr);
    if (code != OK)
        return code;
    stmt_int(s, 2, number);
    stmt_int(s, 3, t->now);
    stmt_text(s, 4, text);
    return stmt_run(s, reterr);
}

static enum code certificate_read(struct stmt *s, struct certificate_row *ret, struct err *reterr) {
    (void)reterr;
    *ret = (struct certificate_row){ .number = col_int(s, 0), .at = col_int(s, 1), .text = col_text(s, 2) };
    return OK;
}

DEFINE_ROWS(certificates_give, certificate_row, certificate_read)

enum code certificates_list(struct sql *q, int64_t before, certificate_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    enum code code = sql_prepare_int(q, "SELECT number, at, text FROM certificate WHERE tenant = ? AND number < ? ORDER BY number DESC", before, &s, reterr);
    return code == OK ? certificates_give(s, fn, arg, NULL, reterr) : code;
}

enum code certificate_get(struct sql *q, int64_t number, certificate_fn fn, void *arg, struct err *reterr) {
    PRE(q != NULL && fn != NULL && reterr != NULL);
    struct stmt *s;
    size_t count = 0;
    enum code code = sql_prepare_int(q, "SELECT number, at, text FROM certificate WHERE tenant = ? AND number = ?", number, &s, reterr);
    if (code == OK)
        code = certificates_give(s, fn, arg, &count, reterr);
    return code == OK && count == 0 ? err_set(reterr, E_NOT_FOUND, "there is no certificate of this number") : code;
}

/* ---- */

enum code destructions_drop(struct txn *t, struct err *reterr) {
    PRE(t != NULL && reterr != NULL);
    enum code code = sql_run(t, "DELETE FROM destruction WHERE tenant = ?", reterr);
    return code == OK ? sql_run(t, "DELETE FROM certificate WHERE tenant = ?", reterr) : code;
}
