/* control_retire.c — for the probes: the walk along due dates over one of their records, at another instant than now; and what is overdue. */
#include "promises/control_target.h"
#include "retention/clock.h"
#include "retention/sweep.h"
#include "store/notice.h"

enum code target_of(struct service *s, json_t *in, struct target *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    const char *kind = json_string_value(json_object_get(in, "kind")), *id = json_string_value(json_object_get(in, "id"));
    struct row row = { .due = USEC_NEVER };
    int at = kind == NULL ? -1 : charter_kind(service_charter(s), kind);
    struct target g = { .s = s };
    enum code code = probe_tenant(s, in, &g.tenant, reterr);
    if (code == OK && (at < 0 || id == NULL || !uuid_parse(id, &g.id.id)))
        return err_set(reterr, E_INVALID, "kind and id must name a record");
    if (code != OK)
        return code;
    g.k = service_kind(s, at);
    g.id.kind = g.k->number;
    code = store_view(service_store(s), g.tenant, &v, reterr);
    if (code == OK)
        code = row_get(view_sql(v), g.id.kind, &g.id.id, &row, reterr);
    g.due = row.due;
    if (code == OK)
        *ret = g;
    return code;
}

/* As a notice of a kind that has one stands when its letter was handed over. */
static enum code tell(struct txn *t, void *arg, struct err *reterr) {
    const struct target *g = arg;
    const struct person *people;
    struct notice_claim claim;
    (void)charter_people(service_charter(g->s), &people);
    const char *role = people[g->k->kind->warn.person].name;
    enum code code = notice_begin(t, role, 10101, txn_ran(t), &claim, reterr);
    if (code == OK)
        code = noticed_put(t, &claim, &(struct noticed){ g->id.kind, g->id.id, g->due }, 1, reterr);
    claim.sign = claim.next;
    if (code == OK)
        code = notice_finish(t, &claim, &(struct notice_row){ .number = claim.number, .state = NOTICE_WAITING, .role = role, .day = 10101, .made = txn_now(t),
                                                             .records = 1, .first = g->due, .last = g->due, .counts = "{}" }, reterr);
    return code == OK ? notice_set(t, claim.number, NOTICE_TRIED, txn_now(t), reterr) : code;
}

/* {kind, id, after: seconds from its due date} or {kind, id, never: true}: at an instant that lies behind every date. */
enum code probe_sweep(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    struct target g;
    struct retired got = { 0 };
    bool more = false;
    enum code code = target_of(s, in, &g, reterr);
    if (code == OK && g.due != USEC_NEVER && g.k->kind->warn.person >= 0)
        code = store_write(service_store(s), g.tenant, tell, &g, reterr);
    if (code != OK)
        return code;
    const bool never = json_is_true(json_object_get(in, "never")) || g.due == USEC_NEVER;
    const usec_t room = g.k->kind->warn.person >= 0 ? 366 * USEC_PER_DAY : 0;       /* that a late notice may take */
    const struct sweep_terms terms = { .now = never ? USEC_NEVER - 1 : g.due + room + json_integer_value(json_object_get(in, "after")) * USEC_PER_SEC,
                                       .until = USEC_NEVER, .every = true, .only = &g.id };
    code = sweep_tenant(s, g.tenant, &terms, &got, &more, reterr);
    if (code == OK)
        *ret = json_pack("{s:I,s:I,s:I,s:I}", "records", (json_int_t)got.records, "parts", (json_int_t)got.parts, "held", (json_int_t)got.held, "waiting", (json_int_t)got.waiting);
    return code;
}

/* {since: seconds}: what is due for longer than that and still there, in all tenants. */
enum code probe_overdue(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    struct overdue o;
    const usec_t now = clock_now();
    enum code code = sweep_overdue(s, now - json_integer_value(json_object_get(in, "since")) * USEC_PER_SEC, &o, reterr);
    if (code == OK)
        *ret = json_pack("{s:b,s:I,s:I,s:I}", "clock", clock_held(service_store(s)), "records", (json_int_t)o.records, "held", (json_int_t)o.held, "seconds", (json_int_t)(o.oldest == USEC_NEVER ? 0 : (now - o.oldest) / USEC_PER_SEC));
    return code;
}
