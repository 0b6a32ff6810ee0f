/* access.c — tokens. What the store says of one is remembered for CACHE_LIFE, so that a busy caller costs one look-up a second.
 * The memory is the process's: it holds no secret, only hashes and what they stand for. */
#include "access/access.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "access/addresses.h"
#include "access/bearer.h"
#include "access/kept.h"
#include "access/signin.h"
#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "records/link.h"
#include "records/service.h"
#include "store/tables.h"

#define PREFIX LINK_PREFIX_TEXT
#define SECRET_SIZE LINK_SECRET_SIZE
#define YEAR (365 * USEC_PER_DAY)

/* ---- making */
static enum code scope_check(const struct service *s, const char *scope, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1 << 18);
    struct scope *read;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the scope of a token");
    return scope_read(scope, s->charter, true, arena, &read, reterr);
}

static enum code put(struct service *s, const struct token_wish *w, const char *scope, char ret[TOKEN_TEXT], int64_t *ret_number, struct err *reterr) {
    usec_t now = clock_now();
    char text[TOKEN_TEXT];
    int64_t number = 0;
    struct token_row row = { .tenant = w->tenant, .role = w->role, .label = w->label == NULL ? "" : w->label, .subject = w->subject, .subject_kind = -1,
                             .scope = scope, .loopback_only = w->loopback_only, .made = now, .expires = w->expires == 0 ? now + YEAR : w->expires,
                             .account = w->account, .addresses = w->addresses == NULL ? "" : w->addresses };
    if (!uuid_is_null(&w->subject) && w->subject_kind >= 0)
        row.subject_kind = service_kind(s, w->subject_kind)->number;
    link_text(text, row.hash);
    enum code code = token_put(s->store, &row, &number, reterr);
    if (code == OK) {
        memcpy(ret, text, TOKEN_TEXT);
        if (ret_number != NULL)
            *ret_number = number;
    }
    crypto_wipe(text, sizeof text);
    return code;
}

enum code access_token_make(struct service *s, const struct token_wish *w, char ret[TOKEN_TEXT], int64_t *ret_number, struct err *reterr) {
    PRE(s != NULL && w != NULL && ret != NULL && reterr != NULL);
    if (w->role == NULL || charter_person(s->charter, w->role) < 0)
        return err_set(reterr, E_INVALID, "%s is not one of the people of %s", w->role == NULL ? "(no role)" : w->role, charter_name(s->charter));
    enum code code = link_tenant(s, w->tenant, reterr);
    if (code == OK)
        code = scope_check(s, w->scope, reterr);
    return code == OK ? put(s, w, w->scope, ret, ret_number, reterr) : code;
}

enum code access_link_make(struct service *s, int64_t tenant, int kind, const struct uuid *record, char ret[TOKEN_TEXT], struct err *reterr) {
    _Static_assert(TOKEN_TEXT >= LINK_TEXT, "a private link is a token");
    return link_make(s, tenant, kind, record, USEC_NEVER, ret, reterr);
}

/* ---- bearing */
#define CACHE_SLOTS 4096u
#define CACHE_LIFE USEC_PER_SEC
struct known { const struct service *service; uint8_t hash[HASH_SIZE]; usec_t at; uint64_t generation; usec_t expires, used; bool good, loopback_only; int64_t tenant, number; struct kept_caller *who;
               char *addresses; /* "": from anywhere */ };
static struct { pthread_mutex_t lock; struct known slots[CACHE_SLOTS]; } cache = { .lock = PTHREAD_MUTEX_INITIALIZER };
static _Atomic uint64_t generation;            /* what was remembered under an older one is forgotten */

void access_forget_tokens(void) { atomic_fetch_add(&generation, 1); }

static struct known *slot_of(const uint8_t hash[HASH_SIZE]) { return &cache.slots[(hash[0] | (unsigned)hash[1] << 8) % CACHE_SLOTS]; }

/* *ret->addresses lies in the arena; *ret_who is set where it is good. */
static bool cached(const struct service *s, const uint8_t hash[HASH_SIZE], struct known *ret, struct caller *ret_who, struct arena *arena) {
    bool found = false;
    usec_t now = clock_steady();
    pthread_mutex_lock(&cache.lock);
    const struct known *k = slot_of(hash);
    if (k->service == s && k->generation == atomic_load(&generation) && memcmp(k->hash, hash, HASH_SIZE) == 0 && now - k->at < CACHE_LIFE) {
        *ret = *k;
        ret->addresses = k->addresses != NULL ? arena_text(arena, k->addresses) : NULL;
        found = (ret->addresses == NULL) == (k->addresses == NULL) && (!k->good || kept_get(k->who, arena, ret_who));
    }
    pthread_mutex_unlock(&cache.lock);
    return found;
}

/* Where memory runs out it is not remembered. */
static void remember(const struct known *k, const struct caller *who) {
    struct kept_caller *kept = k->good ? kept_new(who) : NULL;
    char *addresses = k->addresses != NULL ? mem_text(k->addresses) : NULL;
    bool whole = (kept != NULL || !k->good) && (addresses != NULL || k->addresses == NULL);
    pthread_mutex_lock(&cache.lock);
    struct known *slot = slot_of(k->hash);
    mem_free(slot->who);
    mem_free(slot->addresses);
    *slot = *k;
    slot->who = kept;
    slot->addresses = addresses;
    slot->at = clock_steady();
    if (!whole)
        slot->service = NULL;
    pthread_mutex_unlock(&cache.lock);
}

/* Its last use is written at most once a minute: a write for each request would cost more than the request. */
static bool use_is_due(const struct known *k, usec_t now) {
    bool due = false;
    pthread_mutex_lock(&cache.lock);
    struct known *slot = slot_of(k->hash);
    if (slot->service == k->service && memcmp(slot->hash, k->hash, HASH_SIZE) == 0) {
        due = now - slot->used >= USEC_PER_MINUTE;
        if (due)
            slot->used = now;
    }
    pthread_mutex_unlock(&cache.lock);
    return due;
}

static void caller_of(const struct service *s, const struct token_row *row, struct caller *ret) {
    const struct kind_info *k = row->subject_kind < 0 ? NULL : service_kind_by_number(s, row->subject_kind);
    bool link = row->scope != NULL && strcmp(row->scope, LINK_SCOPE) == 0;
    *ret = (struct caller){ .tenant = row->tenant, .person = charter_person(s->charter, row->role), .token = row->number, .by_link = link,
                            .subject_kind = k == NULL ? -1 : k->index, .subject = row->subject };
    if (k != NULL && !link)
        ret->self = row->subject;
}

/* What an account's token may is what the account may: as a member of that tenant, by its role of today. */
static enum code bearer_of(struct service *s, struct sql *q, const struct token_row *row, struct known *k, struct caller *who, struct arena *arena, struct err *reterr) {
    struct account_row account;
    struct member_row member;
    struct err e;
    enum code code = account_get(q, &row->account, &account, arena, &e);
    if (code == OK)
        code = member_get(q, row->tenant, &row->account, &member, arena, &e);
    if (code == OK) {
        who->account = row->account;
        who->person = charter_person(s->charter, member.role);
        k->good = k->good && account.state == ACCOUNT_ACTIVE && member.suspended == 0 && who->person >= 0;
        code = k->good ? member_caller(s, &member, arena, who, &e) : OK;
    }
    if (code == E_NOT_FOUND)
        k->good = false;
    else if (code != OK)
        *reterr = e;
    return code == E_NOT_FOUND ? OK : code;
}

static enum code token_load(struct service *s, struct sql *q, struct known *ret, struct caller *who, struct token_row *row, struct arena *arena, struct err *reterr) {
    struct tenant_row tenant = { 0 };
    struct scope *scope = NULL;
    enum code code = token_look(q, ret->hash, row, arena, reterr);
    if (code == OK)
        code = tenant_look(q, row->tenant, &tenant, arena, reterr);
    if (code != OK)
        return code;
    caller_of(s, row, who);
    ret->loopback_only = row->loopback_only;
    ret->expires = row->expires;
    ret->used = row->used;
    ret->tenant = row->tenant;
    ret->number = row->number;
    ret->addresses = row->addresses[0] != 0 ? arena_text(arena, row->addresses) : NULL;
    if (row->addresses[0] != 0 && ret->addresses == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a token");
    bool readable = true;
    if (!who->by_link) {
        code = scope_read(row->scope, s->charter, false, arena, &scope, reterr);
        readable = code == OK;                 /* one that says nothing opens nothing */
        if (code != OK && code != E_INVALID)
            return code;
    }
    who->scope = scope;
    ret->good = readable && row->revoked == 0 && tenant.closed == 0 && strcmp(tenant.service, charter_name(s->charter)) == 0;
    code = uuid_is_null(&row->account) ? OK : bearer_of(s, q, row, ret, who, arena, reterr);
    ret->good = ret->good && who->person >= 0;
    return code;
}

/* From the store: a token that is not there, or of a tenant that is closed or another service's, is known as no good. */
static enum code look_up(struct service *s, const uint8_t hash[HASH_SIZE], struct known *ret, struct caller *who, struct arena *arena, struct err *reterr) {
    struct token_row row = { .account = { { 0 } } };
    *ret = (struct known){ .service = s, .generation = atomic_load(&generation) };
    memcpy(ret->hash, hash, HASH_SIZE);
    {
        AUTO(view_end) struct view *v = NULL;
        enum code code = store_view(s->store, 0, &v, reterr);
        if (code == OK)
            code = token_load(s, view_sql(v), ret, who, &row, arena, reterr);
        if (code != OK || !ret->good)
            return code == E_NOT_FOUND ? OK : code;
    }
    struct err e;
    usec_t until = USEC_NEVER, open = USEC_NEVER;
    if (charter_operator_staff(s->charter, who->person)) {         /* a window that ends ends what it shows, not the token */
        who->staff = true;
        enum code opened = staff_window(row.tenant, &row.account, s, arena, &who->window, &open, reterr);
        if (opened != OK)
            return opened;
    }
    if (uuid_is_null(&row.account))
        return OK;
    enum code code = authorised(s, row.tenant, who->person, &row.account, &until, &e);
    if (code == E_SIGN_IN)
        ret->good = false;
    else if (code != OK)
        *reterr = e;
    if (until < ret->expires)
        ret->expires = until;
    return code == E_SIGN_IN ? OK : code;
}

static bool well_formed(const char *token) {
    uint8_t secret[SECRET_SIZE];
    size_t len = 0;
    bool good = token != NULL && strnlen(token, TOKEN_TEXT) == sizeof PREFIX - 1 + SECRET_TEXT && strncmp(token, PREFIX, sizeof PREFIX - 1) == 0 &&
                base64url_decode(token + sizeof PREFIX - 1, SECRET_TEXT, secret, sizeof secret, &len) && len == SECRET_SIZE;
    crypto_wipe(secret, sizeof secret);
    return good;
}

enum code access_caller(struct service *s, const char *token, const struct caller_place *from, struct caller *ret, struct arena *arena, struct err *reterr) {
    PRE(s != NULL && from != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct known k = { 0 };
    struct caller who = { 0 };
    uint8_t hash[HASH_SIZE];
    usec_t now = clock_now();
    if (well_formed(token)) {
        hash_sha256(token, strlen(token), hash);
        if (!cached(s, hash, &k, &who, arena)) {
            enum code code = look_up(s, hash, &k, &who, arena, reterr);
            if (code != OK)
                return code;
            remember(&k, &who);
        }
    }
    bool expired = k.expires <= now && rule_on(RULE_tokens_expire);
    if (!k.good || expired || (k.loopback_only && !from->loopback) || (k.addresses != NULL && !addresses_match(k.addresses, from->address)))
        return err_set(reterr, E_SIGN_IN, "a valid token is needed: Authorization: Bearer sejf_…");
    if (now - k.used >= USEC_PER_MINUTE && use_is_due(&k, now))
        token_used(s->store, k.tenant, k.number, now);
    *ret = who;
    ret->loopback = from->loopback;
    return OK;
}

/* ---- later */

static enum code nobody(struct err *reterr) { return err_set(reterr, E_SIGN_IN, "whoever asked for this may not any more"); }

static enum code token_again(struct service *s, int64_t tenant, int64_t number, struct caller *ret, struct arena *arena, struct err *reterr) {
    struct token_row row;
    struct known k;
    struct caller who = { 0 };
    struct view *v = NULL;
    enum code code = store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = token_numbered(view_sql(v), number, &row, arena, reterr);
    v = view_end(v);
    if (code == OK)
        code = look_up(s, row.hash, &k, &who, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && (!k.good || (k.expires <= clock_now() && rule_on(RULE_tokens_expire)))))
        return nobody(reterr);
    if (code == OK)
        *ret = who;
    return code;
}

static enum code account_again(struct service *s, int64_t tenant, const struct uuid *account, struct caller *ret, struct arena *arena, struct err *reterr) {
    const struct token_row row = { .tenant = tenant, .account = *account };
    struct known k = { .good = true };
    struct caller who = { .tenant = tenant, .subject_kind = -1, .by_session = true };
    struct view *v = NULL;
    usec_t until;
    enum code code = store_view(s->store, 0, &v, reterr);
    if (code == OK)
        code = bearer_of(s, view_sql(v), &row, &k, &who, arena, reterr);
    v = view_end(v);                           /* the registers are looked at through views of their own */
    if (code == OK && !k.good)
        return nobody(reterr);
    if (code == OK)
        code = authorised(s, tenant, who.person, account, &until, reterr);
    if (code == OK)
        *ret = who;
    return code;
}

enum code access_again(struct service *s, int64_t tenant, int64_t token, const struct uuid *account, struct caller *ret, struct arena *arena, struct err *reterr) {
    PRE(s != NULL && account != NULL && ret != NULL && arena != NULL && reterr != NULL);
    return token > 0 ? token_again(s, tenant, token, ret, arena, reterr) : account_again(s, tenant, account, ret, arena, reterr);
}
