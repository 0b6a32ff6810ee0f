/* agedbed.h — for tests of what is limited by the age of records: beside testbed.h. */
#pragma once
#include "records/service.h"
#include "records/testbed.h"
#include "store/rows.h"

/* As if it had been changed two days ago. */
struct bed_aged { const struct kind_info *k; const struct uuid *id; };
UNUSED static enum code bed_age_write(struct txn *t, void *arg, struct err *reterr) {
    struct bed_aged *a = arg;
    struct row row;
    AUTO(buf_done) struct buf clear = BUF(1 << 16);
    enum code code = row_get(txn_sql(t), a->k->number, a->id, &row, reterr);
    if (code != OK)
        return code;
    buf_text(&clear, row.clear);
    row.clear = buf_str(&clear);
    row.updated -= 2 * USEC_PER_DAY;
    return row_put(t, &row, reterr);
}
UNUSED static void bed_age(struct bed *b, const char *kind, const struct uuid *id) {
    struct bed_aged a = { service_kind(b->service, charter_kind(b->charter, kind)), id };
    CHECK_OK(store_write(b->store, b->tenant, bed_age_write, &a, &b->e), &b->e);
}
