/* ran.c — how long the store has been open, in a row of the instance's proofs: a kill loses a minute of it at most where something is
 * written, and what waits for a time then waits so much longer. */
#include "store/inner.h"

#define RAN_MARK "time_run"
#define RAN_EVERY USEC_PER_MINUTE

usec_t store_ran(const struct store *s) { return s->ran_from + (clock_steady() - s->ran_steady); }
usec_t txn_ran(const struct txn *t) { return t->ran; }

enum code ran_start(struct store *s, struct err *reterr) {
    struct stmt *st;
    bool row = false;
    enum code code = db_prepare(s->writer.sql.records, "SELECT at FROM proof WHERE service = ? AND rule = ?", &st, reterr);
    if (code != OK)
        return code;
    stmt_text(st, 1, "");
    stmt_text(st, 2, RAN_MARK);
    if ((code = stmt_step(st, &row, reterr)) != OK)
        return code;
    s->ran_noted = row ? col_int(st, 0) : 0;
    if (row)
        stmt_end(st);
    s->ran_from = row ? s->ran_noted : clock_now();
    s->ran_steady = clock_steady();
    return OK;
}

/* Another process that has the store open may have come further. */
enum code ran_note(struct store *s, struct err *reterr) {
    struct stmt *st;
    if (s->writer.ran - s->ran_noted < RAN_EVERY)
        return OK;
    enum code code = db_prepare(s->writer.sql.records, "INSERT INTO proof (service, rule, state, detail, at, ledger_seq) VALUES (?, ?, 1, ?, ?, 0) "
                                "ON CONFLICT (service, rule) DO UPDATE SET at = max(at, excluded.at)", &st, reterr);
    if (code != OK)
        return code;
    stmt_text(st, 1, "");
    stmt_text(st, 2, RAN_MARK);
    stmt_text(st, 3, "");
    stmt_int(st, 4, s->writer.ran);
    s->ran_wrote = s->writer.ran;
    return stmt_run(st, reterr);
}
