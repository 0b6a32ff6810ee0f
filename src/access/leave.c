/* leave.c — everybody leaves a tenant that closes, its last owner too. */
#include "access/inside.h"
#include "ledger/ledger.h"
#include "store/people.h"

#define AT_ONCE 64u

struct leavers { struct uuid list[AT_ONCE]; size_t count; };
static bool leaver_take(const struct member_row *m, void *arg) {
    struct leavers *l = arg;
    l->list[l->count++] = m->account;
    return l->count < AT_ONCE;
}

struct leaving { int64_t tenant; struct uuid account; const char *by; };
static enum code leave_write(struct txn *t, void *arg, struct err *reterr) {
    const struct leaving *l = arg;
    char id[UUID_TEXT];
    enum code code = member_drop(t, l->tenant, &l->account, reterr);
    if (code == E_NOT_FOUND)
        return OK;
    if (code == OK)
        code = tokens_end(t, &l->account, l->tenant, reterr);
    json_t *what = json_pack("{s:s}", "account", uuid_format(&l->account, id));
    if (code == OK)
        code = ledger_append(t, "member_removed", l->by, what, reterr);
    json_decref(what);
    return code;
}

enum code members_end(struct people *p, int64_t tenant, const char *by, struct err *reterr) {
    PRE(p != NULL && tenant > 0 && by != NULL && reterr != NULL);
    struct leavers l;
    enum code code;
    do {
        struct view *v = NULL;
        l.count = 0;
        code = store_view(p->store, tenant, &v, reterr);
        if (code == OK)
            code = members_of_tenant(view_sql(v), tenant, leaver_take, &l, reterr);
        view_end(v);
        for (size_t i = 0; code == OK && i < l.count; i++) {
            struct leaving one = { tenant, l.list[i], by };
            code = store_write(p->store, tenant, leave_write, &one, reterr);
            access_forget();
            if (code == OK && (code = account_end_if_alone(p, &l.list[i], by, reterr)) == E_NOT_FOUND)
                code = OK;
        }
    } while (code == OK && l.count > 0);
    return code;
}
