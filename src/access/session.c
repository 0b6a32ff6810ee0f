/* session.c — sessions: who is in, for how long, and as whom they call a service. What the store says is remembered for CACHE_LIFE, so
 * that a busy session costs one look-up a second; access_forget empties that memory at once. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "access/bearer.h"
#include "access/kept.h"
#include "access/signin.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"

#define CACHE_LIFE USEC_PER_SEC
#define SLOTS 4096u

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a session"); }
static enum code not_in(struct err *reterr) { return err_set(reterr, E_SIGN_IN, "sign in first: this session has ended"); }

/* ---- what is remembered. Two tables: of sessions, and of who they are for a service. */
static _Atomic uint64_t generation;            /* what was remembered under an older one is forgotten */
struct known_session { uint8_t hash[HASH_SIZE]; usec_t at; uint64_t generation; struct session_row row; usec_t idle, most, noted; bool good; };
struct known_caller { uint8_t hash[HASH_SIZE]; const struct service *service; int64_t wanted; usec_t at, until; uint64_t generation; struct kept_caller *who; };
static struct { pthread_mutex_t lock; struct known_session sessions[SLOTS]; struct known_caller callers[SLOTS]; } cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

void access_forget(void) {
    atomic_fetch_add(&generation, 1);
    access_forget_tokens();
}

void session_forget(const uint8_t hash[HASH_SIZE]) {
    unsigned slot = (hash[0] | (unsigned)hash[1] << 8) % SLOTS;
    pthread_mutex_lock(&cache.lock);
    cache.sessions[slot].at = 0;
    cache.callers[slot].service = NULL;
    pthread_mutex_unlock(&cache.lock);
}

static unsigned slot_of(const uint8_t hash[HASH_SIZE]) { return (hash[0] | (unsigned)hash[1] << 8) % SLOTS; }

/* ---- limits: the strictest of the services that the person belongs to */
static void limits_of(const struct memberships *m, usec_t *ret_idle, usec_t *ret_most) {
    *ret_idle = *ret_most = USEC_NEVER;
    for (size_t i = 0; i < m->count; i++) {
        usec_t idle = STAFF_IDLE, most = STAFF_MOST;
        if (m->list[i].service != NULL) {
            struct sessions_rule r = charter_sessions(service_charter(m->list[i].service));
            idle = span_usec(&r.idle);
            most = span_usec(&r.most);
        }
        *ret_idle = idle < *ret_idle ? idle : *ret_idle;
        *ret_most = most < *ret_most ? most : *ret_most;
    }
    if (m->count == 0) {
        *ret_idle = STAFF_IDLE;
        *ret_most = STAFF_MOST;
    }
}

/* By both clocks: one that is put back lengthens nothing, and a process that did not run counts too. */
static bool in_force(struct people *p, const struct known_session *k) {
    usec_t ran = store_ran(p->store), now = clock_now();
    bool rested = ran - k->row.used_ran >= k->idle || now - k->row.used >= k->idle;
    bool old = ran - k->row.ran >= k->most || now - k->row.made >= k->most;
    return k->good && !((rested || old) && rule_on(RULE_sessions_end));
}

static enum code session_load(struct people *p, const uint8_t hash[HASH_SIZE], struct known_session *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(4 << 20);
    AUTO(view_end) struct view *v = NULL;
    struct known_session k = { .at = clock_steady(), .generation = atomic_load(&generation) };
    struct account_row account;
    struct memberships m;
    memcpy(k.hash, hash, HASH_SIZE);
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = store_view(p->store, 0, &v, reterr);
    if (code == OK)
        code = session_get(view_sql(v), hash, &k.row, arena, reterr);
    if (code == OK)
        code = account_get(view_sql(v), &k.row.account, &account, arena, reterr);
    if (code == OK)
        code = memberships_read(p, view_sql(v), &k.row.account, arena, &m, reterr);
    if (code == OK) {
        k.good = account.state == ACCOUNT_ACTIVE;
        limits_of(&m, &k.idle, &k.most);
    }
    k.row.agent = NULL;
    k.noted = k.row.used_ran;
    if (code == OK || code == E_NOT_FOUND)
        *ret = k;
    return code == E_NOT_FOUND ? OK : code;
}

static bool session_known(const uint8_t hash[HASH_SIZE], struct known_session *ret) {
    pthread_mutex_lock(&cache.lock);
    const struct known_session *k = &cache.sessions[slot_of(hash)];
    bool found = k->generation == atomic_load(&generation) && memcmp(k->hash, hash, HASH_SIZE) == 0 && clock_steady() - k->at < CACHE_LIFE && k->at != 0;
    if (found)
        *ret = *k;
    pthread_mutex_unlock(&cache.lock);
    return found;
}

/* Its last use is written at most once a minute: a write for each request would cost more than the request. */
static void session_note(struct people *p, struct known_session *k) {
    usec_t ran = store_ran(p->store);
    bool due = false;
    if (ran - k->noted < USEC_PER_MINUTE)
        return;
    pthread_mutex_lock(&cache.lock);
    struct known_session *slot = &cache.sessions[slot_of(k->hash)];
    if (memcmp(slot->hash, k->hash, HASH_SIZE) == 0 && ran - slot->noted >= USEC_PER_MINUTE) {
        slot->noted = slot->row.used_ran = ran;
        slot->row.used = clock_now();
        due = true;
    }
    pthread_mutex_unlock(&cache.lock);
    if (due) {
        session_used(p->store, k->hash, clock_now(), ran);
        account_used(p->store, &k->row.account, clock_now());
    }
}

/* quiet: a look that is no use of it, such as that of a stream which goes on by itself. */
static enum code session_of(struct people *p, const char *secret, bool quiet, struct known_session *ret, struct err *reterr) {
    uint8_t hash[HASH_SIZE];
    if (!secret_hash("", secret, hash))
        return not_in(reterr);
    if (!session_known(hash, ret)) {
        enum code code = session_load(p, hash, ret, reterr);
        if (code != OK)
            return code;
        pthread_mutex_lock(&cache.lock);
        cache.sessions[slot_of(hash)] = *ret;
        pthread_mutex_unlock(&cache.lock);
    }
    if (!in_force(p, ret))
        return not_in(reterr);
    if (!quiet)
        session_note(p, ret);
    return OK;
}

/* ---- a session as its holder sees it */
static void csrf_of(const char *secret, char ret[CSRF_TEXT]) {
    static const char about[] = "sejf csrf";
    uint8_t mac[HASH_SIZE];
    hmac_sha256(secret, strlen(secret), about, sizeof about - 1, mac);
    base64url_text(mac, sizeof mac, ret);
}

void session_shown(struct people *p, const struct session_row *r, const char *secret, struct session *ret) {
    *ret = (struct session){ .number = r->number, .account = r->account, .step = (enum session_step)r->step, .factors = r->factors, .made = r->made, .used = r->used,
                             .elevated = r->step == STEP_WHOLE && r->elevated > store_ran(p->store) };
    csrf_of(secret, ret->csrf);
}

enum code session_find(struct people *p, const char *secret, struct session *ret, struct err *reterr) {
    PRE(p != NULL && ret != NULL && reterr != NULL);
    struct known_session k;
    enum code code = session_of(p, secret, false, &k, reterr);
    if (code == OK)
        session_shown(p, &k.row, secret, ret);
    return code;
}

enum code session_row_of(struct people *p, const char *secret, struct session_row *ret, struct err *reterr) {
    struct known_session k;
    enum code code = session_of(p, secret, false, &k, reterr);
    if (code == OK)
        *ret = k.row;
    return code;
}

bool session_csrf_fine(const struct session *s, const char *given) {
    return given != NULL && strnlen(given, CSRF_TEXT) == strlen(s->csrf) && crypto_equal(given, s->csrf, strlen(s->csrf));
}

/* ---- who calls a service */
struct found_caller { struct caller who; usec_t until; };

/* The operator's support with a tenant: nothing of its own there but what the tenant has opened. */
static enum code staff_caller(struct service *s, const struct known_session *k, const struct memberships *m, int64_t wanted, struct arena *arena,
                              struct found_caller *ret, struct err *reterr) {
    struct view *v = NULL;
    struct tenant_row t;
    int person = charter_person(service_charter(s), ROLE_SUPPORT);
    bool support = false;
    for (size_t i = 0; i < m->count; i++)
        support = support || (m->list[i].row.tenant == 0 && strcmp(m->list[i].row.role, ROLE_SUPPORT) == 0);
    if (!support || person < 0 || wanted <= 0)
        return err_set(reterr, E_NOT_FOUND, "there is nothing at this address, or it is not for this account");
    enum code code = store_view(s->store, 0, &v, reterr);
    if (code == OK)
        code = tenant_look(view_sql(v), wanted, &t, arena, reterr);
    v = view_end(v);
    if (code == E_NOT_FOUND || (code == OK && (t.closed != 0 || strcmp(t.service, charter_name(service_charter(s))) != 0)))
        return err_set(reterr, E_NOT_FOUND, "there is nothing at this address, or it is not for this account");
    if (code == OK)
        code = role_satisfied(s, person, k->row.factors, reterr);
    if (code != OK)
        return code;
    ret->who = (struct caller){ .tenant = wanted, .person = person, .subject_kind = -1, .account = k->row.account, .by_session = true, .staff = true };
    code = authorised(s, 0, person, &k->row.account, &ret->until, reterr);
    return code == OK ? staff_window(wanted, &k->row.account, s, arena, &ret->who.window, &ret->until, reterr) : code;
}

static enum code caller_find(struct people *p, struct service *s, const struct known_session *k, int64_t wanted, struct arena *arena, struct found_caller *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct memberships m;
    const struct membership *one = NULL;
    size_t n = 0;
    enum code code = store_view(p->store, 0, &v, reterr);
    if (code == OK)
        code = memberships_read(p, view_sql(v), &k->row.account, arena, &m, reterr);
    v = view_end(v);                          /* the registers are looked at through views of their own, and nobody waits for one while holding another */
    if (code != OK)
        return code;
    for (size_t i = 0; i < m.count; i++)
        if (m.list[i].service == s && m.list[i].person >= 0 && (wanted == 0 || m.list[i].row.tenant == wanted)) {
            one = &m.list[i];
            n++;
        }
    if (n > 1)
        return err_set(reterr, E_INVALID, "you belong to several tenants of %s: say which by the header Sejf-Tenant (GET /v1/account lists them)", charter_name(service_charter(s)));
    if (one == NULL)
        return staff_caller(s, k, &m, wanted, arena, ret, reterr);
    ret->who = (struct caller){ .tenant = one->row.tenant, .person = one->person, .subject_kind = -1, .account = k->row.account, .by_session = true };
    code = role_satisfied(s, one->person, k->row.factors, reterr);
    if (code == OK)
        code = authorised(s, one->row.tenant, one->person, &k->row.account, &ret->until, reterr);
    return code == OK ? member_caller(s, &one->row, arena, &ret->who, reterr) : code;
}

static bool caller_known(const struct service *s, const uint8_t hash[HASH_SIZE], int64_t wanted, struct arena *arena, struct caller *ret) {
    usec_t now = clock_now();
    pthread_mutex_lock(&cache.lock);
    const struct known_caller *k = &cache.callers[slot_of(hash)];
    bool found = k->generation == atomic_load(&generation) && k->service == s && k->wanted == wanted && memcmp(k->hash, hash, HASH_SIZE) == 0 &&
                 clock_steady() - k->at < CACHE_LIFE && now < k->until && kept_get(k->who, arena, ret);
    pthread_mutex_unlock(&cache.lock);
    return found;
}

static void caller_remember(const struct service *s, const uint8_t hash[HASH_SIZE], int64_t wanted, uint64_t at_generation, const struct found_caller *f) {
    struct kept_caller *who = kept_new(&f->who);
    if (who == NULL)
        return;
    pthread_mutex_lock(&cache.lock);
    struct known_caller *k = &cache.callers[slot_of(hash)];
    mem_free(k->who);
    *k = (struct known_caller){ .service = s, .wanted = wanted, .at = clock_steady(), .until = f->until, .generation = at_generation, .who = who };
    memcpy(k->hash, hash, HASH_SIZE);
    pthread_mutex_unlock(&cache.lock);
}

enum code session_caller(struct people *p, struct service *s, const char *secret, int64_t wanted, bool quiet, struct caller *ret, struct arena *arena, struct err *reterr) {
    PRE(p != NULL && s != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct known_session k;
    struct found_caller f = { .until = USEC_NEVER };
    uint64_t at = atomic_load(&generation);
    enum code code = session_of(p, secret, quiet, &k, reterr);
    if (code != OK)
        return code;
    if (k.row.step != STEP_WHOLE && rule_on(RULE_second_factor))
        return err_field(reterr, E_SIGN_IN, "step", "signing in is not finished: see GET /v1/account");
    if (caller_known(s, k.hash, wanted, arena, ret))
        return OK;
    code = caller_find(p, s, &k, wanted, arena, &f, reterr);
    if (code != OK)
        return code;
    caller_remember(s, k.hash, wanted, at, &f);
    *ret = f.who;
    return OK;
}

/* ---- ending */
struct ending { struct uuid account; int64_t number, count; bool all; };
static enum code end_write(struct txn *t, void *arg, struct err *reterr) {
    struct ending *e = arg;
    return e->all ? sessions_drop(t, &e->account, e->number, &e->count, reterr) : session_drop(t, &e->account, e->number, reterr);
}

static enum code end_sessions(struct people *p, struct ending *e, struct err *reterr) {
    enum code code = store_write(p->store, 0, end_write, e, reterr);
    access_forget();
    return code;
}

enum code session_revoke(struct people *p, const struct uuid *account, int64_t number, struct err *reterr) {
    PRE(p != NULL && account != NULL && reterr != NULL);
    struct ending e = { .account = *account, .number = number };
    return end_sessions(p, &e, reterr);
}

enum code session_revoke_all(struct people *p, const struct uuid *account, int64_t but, struct err *reterr) {
    PRE(p != NULL && account != NULL && reterr != NULL);
    struct ending e = { .account = *account, .number = but, .all = true };
    return end_sessions(p, &e, reterr);
}

enum code session_end(struct people *p, const char *secret, struct err *reterr) {
    PRE(p != NULL && reterr != NULL);
    struct known_session k;
    enum code code = session_of(p, secret, false, &k, reterr);
    if (code != OK)
        return code == E_SIGN_IN ? OK : code;  /* it has ended already */
    code = session_revoke(p, &k.row.account, k.row.number, reterr);
    return code == E_NOT_FOUND ? OK : code;
}

/* ---- shown */
static json_t *factors_json(unsigned factors) {
    static const char *const names[] = { "password", "totp", "recovery_code", "passkey", "provider", "provider_second" };
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if ((factors >> i & 1) != 0)
            json_array_append_new(list, json_string(names[i]));
    return list;
}

struct listing { struct people *p; const struct session *own; json_t *list; bool failed; };
static bool take_session(const struct session_row *r, void *arg) {
    struct listing *l = arg;
    char made[40], used[40];
    json_t *one = json_pack("{s:I, s:s, s:s, s:s, s:o, s:b}", "number", (json_int_t)r->number, "agent", r->agent, "made", time_format(r->made, made, sizeof made),
                            "used", time_format(r->used, used, sizeof used), "factors", factors_json(r->factors), "own", r->number == l->own->number);
    l->failed = one == NULL || json_array_append_new(l->list, one) != 0;
    return !l->failed;
}

enum code sessions_json(struct people *p, const struct session *own, json_t **ret, struct err *reterr) {
    PRE(p != NULL && own != NULL && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    struct listing l = { p, own, json_array(), false };
    enum code code = l.list == NULL ? no_memory(reterr) : store_view(p->store, 0, &v, reterr);
    if (code == OK)
        code = sessions_of(view_sql(v), &own->account, take_session, &l, reterr);
    if (code == OK && l.failed)
        code = no_memory(reterr);
    if (code == OK)
        *ret = l.list;
    else
        json_decref(l.list);
    return code;
}
