/* people.c — what the process keeps for people who sign in, and who may look after whom. */
#include "access/people.h"

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

enum code people_open(const struct people_options *o, struct people **ret, struct err *reterr) {
    PRE(o != NULL && o->store != NULL && o->keeper != NULL && o->service_count > 0 && o->base_url != NULL && ret != NULL && reterr != NULL);
    struct people *p = mem_new(sizeof *p);
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
        code = hasher_new(&(struct hasher_options){ .cost = o->cost }, &p->hasher, reterr);
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
enum code people_may(struct people *p, const struct session *s, int64_t tenant, enum people_act act, struct err *reterr) {
    PRE(p != NULL && s != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(4 << 20);
    AUTO(view_end) struct view *v = NULL;
    struct memberships m;
    bool member = false, owner = false, officer = false, administrator = false;
    if (s->step != STEP_WHOLE)
        return err_field(reterr, E_SIGN_IN, "step", "signing in is not finished");
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory to sign in") : store_view(p->store, 0, &v, reterr);
    if (code == OK)
        code = memberships_read(p, view_sql(v), &s->account, arena, &m, reterr);
    for (size_t i = 0; code == OK && i < m.count; i++) {
        const struct membership *one = &m.list[i];
        struct err e;
        bool here = one->row.tenant == tenant, fine = one->service == NULL || role_satisfied(one->service, one->person, s->factors, &e) == OK;
        member = member || here;
        owner = owner || (here && fine && one->service != NULL && one->person == charter_accounts_by(one->service->charter));
        administrator = administrator || (one->row.tenant == 0 && strcmp(one->row.role, ROLE_ADMINISTRATOR) == 0);
        officer = officer || (one->row.tenant == 0 && strcmp(one->row.role, ROLE_OFFICER) == 0);
    }
    if (code != OK)
        return code;
    if (administrator && rule_on(RULE_accounts_managed) && (s->factors & FACTORS_SECOND) == 0 && rule_on(RULE_second_factor))
        return err_field(reterr, E_SIGN_IN, "second", "this role needs a second step at sign-in");
    /* The operator's administrator makes tenants and its own colleagues, and invites to a tenant that has nobody who could; a tenant's
     * accounts are the tenant's. The security officer keeps the register of authorisations of the operator's staff. */
    bool may = tenant == 0 ? administrator || (officer && (act == PEOPLE_AUTHORISE || act == PEOPLE_LIST)) : owner || (administrator && (act == PEOPLE_TENANTS || act == PEOPLE_INVITE));
    if (!rule_on(RULE_accounts_managed))
        may = may || member;
    if (!may)
        return member || (tenant == 0 && (administrator || officer)) ? err_set(reterr, E_FORBIDDEN, "your role does not look after accounts")
                                                                      : err_set(reterr, E_NOT_FOUND, "there is no such tenant");
    if (act != PEOPLE_LIST && !s->elevated)
        return err_set(reterr, E_CONFIRM, "sign in again before this: it is more than ten minutes ago");
    return OK;
}
