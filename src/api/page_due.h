/* page_due.h — the page of what will be erased of a tenant: notices with what came of them, and what can be done before. Pure: everything
 * is borrowed. */
#pragma once
#include "api/page_account.h"

struct due_view {
    struct account_frame frame;
    const struct charter *charter;
    int64_t tenant;
    const char *tenant_name;
    const json_t *notices;                     /* as notices_show has them */
    const json_t *holds;                       /* as holds_told has them, the newest; those that stand are shown */
    const json_t *certificates;                /* items of certificates_told */
    bool limited;                              /* a copy is asked for, with a reason */
    const char *said;                          /* what was done, plain text; NULL: nothing */
};
void page_due(struct buf *ret, const struct due_view *v);
