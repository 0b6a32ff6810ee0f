/* restriction.c — each step is one write with its entry of the ledger. */
#include "rights/restriction.h"

#include "ledger/ledger.h"
#include "records/draft.h"
#include "store/consent.h"

enum step { SET, TELL, LIFT };
struct restricting { struct service *s; const struct caller *who; const struct kind_info *k; struct uuid id; enum step step; int64_t request; usec_t told; bool done; };

static bool take(const struct restriction_row *r, void *arg) {
    struct restriction_row *to = arg;
    *to = *r;
    to->by = NULL;                             /* lives no longer than the call */
    return true;
}

static enum code set_write(struct txn *t, const struct restricting *r, const char *by, struct err *reterr) {
    enum code code = restriction_put(t, &(struct restriction_row){ .kind = r->k->number, .id = r->id, .request = r->request, .lifts = USEC_NEVER, .by = by }, reterr);
    return code == OK ? row_mark(t, r->k->number, &r->id, MARK_RESTRICTED, 0, reterr) : code;
}

static enum code told_check(const struct restriction_row *stands, usec_t told, usec_t now, struct err *reterr) {
    return told >= stands->at && told <= now ? OK
        : err_field(reterr, E_FIELDS, "/told", "must lie between the day on which the record was restricted and now: the person is told before the restriction is lifted (GDPR, article 18(3))");
}

static enum code lift_write(struct txn *t, const struct restricting *r, const struct restriction_row *stands, struct err *reterr) {
    usec_t told = r->told != 0 ? r->told : stands->told;
    enum code code = OK;
    if (rule_on(RULE_right_restriction) && told == 0)
        return err_set(reterr, E_CONFLICT, "the person has not been told yet that the restriction ends, and must be before it is lifted (GDPR, article 18(3)): say when (told)");
    if (rule_on(RULE_right_restriction) && r->told != 0)
        code = told_check(stands, told, txn_now(t), reterr);
    if (code == OK)
        code = restriction_drop(t, r->k->number, &r->id, reterr);
    return code == OK ? row_mark(t, r->k->number, &r->id, 0, MARK_RESTRICTED, reterr) : code;
}

static enum code tell_write(struct txn *t, const struct restricting *r, const struct restriction_row *stands, struct err *reterr) {
    enum code code = told_check(stands, r->told, txn_now(t), reterr);
    return code == OK ? restriction_told(t, r->k->number, &r->id, r->told, USEC_NEVER, reterr) : code;
}

static enum code entry(struct txn *t, const struct restricting *r, const char *by, struct err *reterr) {
    static const char *const verbs[] = { [SET] = "restriction_set", [TELL] = "restriction_told", [LIFT] = "restriction_lifted" };
    char id[UUID_TEXT], told[32];
    json_t *what = json_pack("{s:s, s:s}", "kind", r->k->kind->name, "id", uuid_format(&r->id, id));
    if (what == NULL || (r->told != 0 && json_object_set_new(what, "told", json_string(time_format(r->told, told, sizeof told))) != 0) ||
        (r->request != 0 && json_object_set_new(what, "request", json_integer(r->request)) != 0)) {
        json_decref(what);
        return err_set(reterr, E_MEMORY, "no memory for a ledger entry");
    }
    enum code code = ledger_append(t, verbs[r->step], by, what, reterr);
    json_decref(what);
    return code;
}

static enum code step_write(struct txn *t, void *arg, struct err *reterr) {
    struct restricting *r = arg;
    struct row row;
    struct restriction_row stands = { 0 };
    struct err none;
    char buf[CALLER_TEXT];
    const char *by = caller_text(r->who, buf, sizeof buf);
    enum code code = row_get(txn_sql(t), r->k->number, &r->id, &row, reterr);
    if (code != OK)
        return code;
    code = restriction_get(txn_sql(t), r->k->number, &r->id, take, &stands, &none);
    if (r->step == SET && code == OK)
        return OK;                             /* restricted is restricted */
    if (code != OK && !(r->step == SET && code == E_NOT_FOUND)) {
        *reterr = none;
        return code;
    }
    code = r->step == SET ? set_write(t, r, by, reterr) : r->step == TELL ? tell_write(t, r, &stands, reterr) : lift_write(t, r, &stands, reterr);
    return code == OK ? entry(t, r, by, reterr) : code;
}

static enum code run(struct service *s, const struct caller *who, int kind, const struct uuid *id, enum step step, int64_t request, usec_t told, struct err *reterr) {
    PRE(s != NULL && who != NULL && id != NULL && reterr != NULL);
    struct restricting r = { .s = s, .who = who, .k = service_kind(s, kind), .id = *id, .step = step, .request = request, .told = told };
    return store_write(s->store, who->tenant, step_write, &r, reterr);
}

enum code restriction_set(struct service *s, const struct caller *who, int kind, const struct uuid *id, int64_t request, struct err *reterr) {
    return run(s, who, kind, id, SET, request, 0, reterr);
}

enum code restriction_tell(struct service *s, const struct caller *who, int kind, const struct uuid *id, usec_t told, struct err *reterr) {
    return run(s, who, kind, id, TELL, 0, told, reterr);
}

enum code restriction_lift(struct service *s, const struct caller *who, int kind, const struct uuid *id, usec_t told, struct err *reterr) {
    return run(s, who, kind, id, LIFT, 0, told, reterr);
}

struct listing { struct service *s; json_t *list; bool failed; };
static bool list_row(const struct restriction_row *r, void *arg) {
    struct listing *l = arg;
    char id[UUID_TEXT], at[32], told[32];
    const struct kind_info *k = service_kind_by_number(l->s, r->kind);
    if (k == NULL)
        return true;
    json_t *one = json_pack("{s:s, s:s, s:s, s:s?, s:s}", "kind", k->kind->name, "id", uuid_format(&r->id, id), "at", time_format(r->at, at, sizeof at),
                            "told", r->told == 0 ? NULL : time_format(r->told, told, sizeof told), "by", r->by);
    if (one != NULL && r->request != 0)
        l->failed = json_object_set_new(one, "request", json_integer(r->request)) != 0;
    l->failed = json_array_append_new(l->list, one) != 0 || l->failed;
    return !l->failed;
}

enum code restriction_list(struct service *s, int64_t tenant, int kind, const struct uuid *id, json_t **ret, struct err *reterr) {
    PRE(s != NULL && (kind < 0 || id != NULL) && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct listing l = { s, json_array(), false };
    enum code code = l.list == NULL ? err_set(reterr, E_MEMORY, "no memory for a list") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = kind < 0 ? restrictions_list(view_sql(v), list_row, &l, reterr) : restriction_get(view_sql(v), service_kind(s, kind)->number, id, list_row, &l, reterr);
    if (code == E_NOT_FOUND && kind >= 0)
        code = OK;
    if (code == OK && l.failed)
        code = err_set(reterr, E_MEMORY, "no memory for a list");
    if (code == OK)
        *ret = l.list;
    else
        json_decref(l.list);
    return code;
}
