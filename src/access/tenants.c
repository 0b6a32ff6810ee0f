/* tenants.c — for the command line and for the operator's administrators alike. */
#include "access/tenants.h"

#include <string.h>

#include "base/text.h"
#include "ledger/ledger.h"
#include "store/tables.h"

enum code tenant_found(struct store *store, const char *service, const char *name, const char *by, int64_t *ret, struct err *reterr) {
    int64_t tenant, have;
    AUTO(buf_done) struct buf clean = BUF(200);
    if (!text_clean(name, strlen(name), &clean) || clean.len == 0 || clean.failed)
        return err_field(reterr, E_INVALID, "/name", "a tenant needs a name of 1 to 200 bytes of UTF-8");
    enum code code = tenant_find(store, service, buf_str(&clean), &have, reterr);
    if (code == OK)
        return err_field(reterr, E_CONFLICT, "/name", "there is a tenant of that name in %s already: number %lld", service, (long long)have);
    if (code == E_NOT_FOUND)
        code = tenant_make(store, service, buf_str(&clean), false, &tenant, reterr);
    if (code == OK)
        code = ledger_note(store, tenant, "tenant_made", by, json_null(), true, reterr);
    if (code == OK)
        *ret = tenant;
    return code;
}
