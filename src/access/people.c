/* people.c — what the process keeps for people who sign in, and who may look after whom. */
#include "access/people.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "access/bearer.h"
#include "access/hasher.h"
#include "access/signin.h"
#include "access/throttle.h"
#include "base/mem.h"
#include "base/text.h"

/* "https://host:8443" -> "host": what passkeys are bound to. */
static char *host_of(const char *url) {
    const char *at = strstr(url, "://");
    at = at != NULL ? at + 3 : url;
    if (*at == '[') {
        const char *end = strchr(at, ']');
        return mem_text_n(at, end != NULL ? (size_t)(end - at) + 1 : strlen(at));
    }
    return mem_text_n(at, strcspn(at, ":/"));
}

/* The cost of passwords is tuned once and kept: were it tuned at each start, hashes of other starts would take another time than what an
 * unknown address is answered after. Stands beside the proofs, under no service. */
#define COST_MARK "password_cost"
static bool cost_take(const struct proof_row *r, void *arg) {
    struct password_cost *c = arg;
    int64_t ops, memory;
    const char *colon = strchr(r->detail, ':');
    if (strcmp(r->rule, COST_MARK) == 0 && colon != NULL && text_int_n(r->detail, (size_t)(colon - r->detail), PASSWORD_OPS_LEAST, 1000, &ops) &&
        text_int(colon + 1, PASSWORD_MEMORY_LEAST, PASSWORD_MEMORY_MOST, &memory))
        *c = (struct password_cost){ (uint64_t)ops, (size_t)memory };
    return c->ops == 0;
}

void cost_keep(struct people *p) {
    struct password_cost c = hasher_cost(p->hasher);
    char text[64];
    struct err e;
    bool kept = atomic_exchange(&p->cost_kept, true);
    snprintf(text, sizeof text, "%llu:%zu", (unsigned long long)c.ops, c.memory);
    struct proof_row row = { .service = "", .rule = COST_MARK, .state = 1, .detail = text, .at = clock_now() };
    if (!kept && proof_put(p->store, &row, &e) != OK)
        atomic_store(&p->cost_kept, false);    /* the next one tries again */
}

enum code people_open(const struct people_options *o, struct people **ret, struct err *reterr) {
    PRE(o != NULL && o->store != NULL && o->keeper != NULL && o->service_count > 0 && o->base_url != NULL && ret != NULL && reterr != NULL);
    struct people *p = mem_new(sizeof *p);
    struct password_cost cost = o->cost;
    if (p == NULL)
        return err_set(reterr, E_MEMORY, "no memory for people");
    p->store = o->store;
    p->keeper = o->keeper;
    pthread_mutex_init(&p->lock, NULL);
    crypto_random(p->challenge_key, sizeof p->challenge_key);
    p->services = mem_new_array(o->service_count, sizeof *p->services);
    p->spent = mem_new_array(SPENT_MAX, sizeof *p->spent);
    p->base_url = mem_text(o->base_url);
    p->host = host_of(o->base_url);
    enum code code = p->services == NULL || p->spent == NULL || p->base_url == NULL || p->host == NULL ? err_set(reterr, E_MEMORY, "no memory for people") : OK;
    if (code == OK) {
        memcpy(p->services, o->services, o->service_count * sizeof(struct service *));
        p->count = o->service_count;
        code = throttle_new(&p->throttle, reterr);
    }
    if (code == OK)
        code = o->cost.ops == 0 ? proofs_list(p->store, "", cost_take, &cost, reterr) : OK;
    p->cost_kept = cost.ops != 0;
    if (code == OK)
        code = hasher_new(&(struct hasher_options){ .cost = cost }, &p->hasher, reterr);
    if (code == OK)
        *ret = p;
    else
        (void)people_close(p);
    return code;
}

void people_status(struct people *p, struct people_status *ret) {
    PRE(p != NULL && ret != NULL);
    struct hasher_status h;
    hasher_status(p->hasher, &h);
    *ret = (struct people_status){ .hashed = h.hashed, .refused = h.refused, .waiting = h.waiting };
}

struct people *people_close(struct people *p) {
    if (p == NULL)
        return NULL;
    p->hasher = hasher_free(p->hasher);
    p->throttle = throttle_free(p->throttle);
    access_forget();
    crypto_wipe(p->challenge_key, sizeof p->challenge_key);
    pthread_mutex_destroy(&p->lock);
    mem_free(p->spent);
    mem_free((void *)p->services);
    mem_free(p->base_url);
    mem_free(p->host);
    return mem_free(p);
}

/* ---- who may look after whom */
static enum code no_such_tenant(struct err *reterr) { return err_set(reterr, E_NOT_FOUND, "there is no such tenant"); }

/* Does somebody in force look after the accounts of that tenant? */
struct looking { const char *role; bool any; };
static bool looks_after(const struct member_row *r, void *arg) {
    struct looking *l = arg;
    l->any = l->any || (r->suspended == 0 && strcmp(r->role, l->role) == 0);
    return !l->any;
}

/* What the memberships of one account let it do for one tenant. */
struct rights { bool member, owner, administrator, officer, orphaned /* nobody looks after that tenant */; const struct membership *as; };
static enum code rights_read(struct people *p, const struct session *s, int64_t tenant, struct arena *arena, struct rights *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct memberships m;
    struct service *service = NULL;
    enum code code = tenant == 0 ? OK : people_service(p, tenant, &service, reterr);
    if (code == OK)
        code = store_view(p->store, 0, &v, reterr);
    if (code == OK)
        code = memberships_read(p, view_sql(v), &s->account, arena, &m, reterr);
    for (size_t i = 0; code == OK && i < m.count; i++) {
        const struct membership *one = &m.list[i];
        struct err e;
        bool here = one->row.tenant == tenant, fine = one->service == NULL || role_satisfied(one->service, one->person, s->factors, &e) == OK;
        ret->member = ret->member || here;
        if (here && fine && one->service != NULL && one->person == charter_accounts_by(one->service->charter)) {
            ret->owner = true;
            ret->as = one;
        }
        ret->administrator = ret->administrator || (one->row.tenant == 0 && strcmp(one->row.role, ROLE_ADMINISTRATOR) == 0);
        ret->officer = ret->officer || (one->row.tenant == 0 && strcmp(one->row.role, ROLE_OFFICER) == 0);
    }
    if (code == OK && service != NULL && ret->administrator) {
        const struct person *people;
        charter_people(service->charter, &people);
        struct looking l = { .role = people[charter_accounts_by(service->charter)].name };
        code = members_of_tenant(view_sql(v), tenant, looks_after, &l, reterr);
        ret->orphaned = !l.any && !charter_operator_staff(service->charter, charter_accounts_by(service->charter));
    }
    return code;
}

/* The operator's administrator makes tenants and looks after its own colleagues, and invites to a tenant that has nobody who could: a
 * tenant's accounts are the tenant's. The security officer keeps the register of the operator's staff. */
static bool may(const struct rights *r, int64_t tenant, enum people_act act) {
    if (tenant == 0)
        return r->administrator || (r->officer && (act == PEOPLE_AUTHORISE || act == PEOPLE_LIST));
    return r->owner || (r->administrator && (act == PEOPLE_TENANTS || (r->orphaned && (act == PEOPLE_INVITE || act == PEOPLE_AUTHORISE)))) ||
           (!rule_on(RULE_accounts_managed) && r->member);
}

enum code people_may(struct people *p, const struct session *s, int64_t tenant, enum people_act act, struct err *reterr) {
    PRE(p != NULL && s != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 << 20);
    struct rights r = { .member = false };
    usec_t until = USEC_NEVER;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory to sign in");
    if (s->step != STEP_WHOLE)
        return err_field(reterr, E_SIGN_IN, "step", "signing in is not finished");
    enum code code = rights_read(p, s, tenant, arena, &r, reterr);
    if (code != OK)
        return code == E_NOT_FOUND ? no_such_tenant(reterr) : code;
    if (!may(&r, tenant, act))
        return r.member || (tenant == 0 && (r.administrator || r.officer)) ? err_set(reterr, E_FORBIDDEN, "your role does not look after accounts") : no_such_tenant(reterr);
    if (!r.owner && (s->factors & FACTORS_SECOND) == 0 && rule_on(RULE_second_factor))
        return err_field(reterr, E_SIGN_IN, "second", "this role needs a second step at sign-in");
    const char *staff = r.owner ? NULL : r.administrator ? ROLE_ADMINISTRATOR : r.officer ? ROLE_OFFICER : NULL;
    if (staff != NULL && (code = staff_authorised(p, staff, &s->account, &until, reterr)) != OK)
        return code;
    if (r.owner && (code = authorised(r.as->service, tenant, r.as->person, &s->account, &until, reterr)) != OK)
        return code;
    if (act != PEOPLE_LIST && !s->elevated)
        return err_set(reterr, E_CONFIRM, "sign in again before this: it is more than ten minutes ago");
    return OK;
}

enum code people_staff(struct people *p, const struct session *s, struct err *reterr) {
    PRE(p != NULL && s != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 << 20);
    struct rights r = { .member = false };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory to sign in");
    if (s->step != STEP_WHOLE)
        return err_field(reterr, E_SIGN_IN, "step", "signing in is not finished");
    enum code code = rights_read(p, s, 0, arena, &r, reterr);
    if (code == OK && !r.member)
        return no_such_tenant(reterr);
    if (code == OK && (s->factors & FACTORS_SECOND) == 0 && rule_on(RULE_second_factor))
        return err_field(reterr, E_SIGN_IN, "second", "this role needs a second step at sign-in");
    return code;
}

enum code people_authorised(struct people *p, const char *role, const struct uuid *account, struct err *reterr) {
    PRE(p != NULL && role != NULL && account != NULL && reterr != NULL);
    usec_t until = USEC_NEVER;
    return staff_authorised(p, role, account, &until, reterr);
}
