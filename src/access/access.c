/* access.c — tokens. What the store says of one is remembered for CACHE_LIFE, so that a busy caller costs one look-up a second.
 * The memory is the process's: it holds no secret, only hashes and what they stand for. */
#include "access/access.h"

#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "records/service.h"
#include "store/tables.h"

#define PREFIX "sejf_"
#define SECRET_SIZE 32u
#define SECRET_TEXT 43u
#define YEAR (365 * USEC_PER_DAY)
#define LINK_SCOPE "{\"link\":true}"

/* ---- making */
static void token_text(char ret[TOKEN_TEXT], uint8_t ret_hash[HASH_SIZE]) {
    uint8_t secret[SECRET_SIZE];
    _Static_assert(sizeof PREFIX - 1 + BASE64URL_ROOM(SECRET_SIZE) <= TOKEN_TEXT && BASE64URL_ROOM(SECRET_SIZE) == SECRET_TEXT + 1, "a token and its end");
    crypto_random(secret, sizeof secret);
    memcpy(ret, PREFIX, sizeof PREFIX - 1);
    base64url_text(secret, sizeof secret, ret + sizeof PREFIX - 1);
    crypto_wipe(secret, sizeof secret);
    hash_sha256(ret, sizeof PREFIX - 1 + SECRET_TEXT, ret_hash);
}

/* A tenant belongs to one service. */
static enum code tenant_check(struct service *s, int64_t tenant, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct tenant_row t;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a token");
    enum code code = tenant_get(s->store, tenant, &t, arena, reterr);
    if (code != OK)
        return code;
    if (strcmp(t.service, charter_name(s->charter)) != 0)
        return err_set(reterr, E_NOT_FOUND, "tenant %lld is not one of %s", (long long)tenant, charter_name(s->charter));
    return t.closed == 0 ? OK : err_set(reterr, E_CONFLICT, "tenant %lld is closed", (long long)tenant);
}

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
                             .scope = scope, .loopback_only = w->loopback_only, .made = now, .expires = w->expires == 0 ? now + YEAR : w->expires };
    if (!uuid_is_null(&w->subject) && w->subject_kind >= 0)
        row.subject_kind = service_kind(s, w->subject_kind)->number;
    token_text(text, row.hash);
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
    enum code code = tenant_check(s, w->tenant, reterr);
    if (code == OK)
        code = scope_check(s, w->scope, reterr);
    return code == OK ? put(s, w, w->scope, ret, ret_number, reterr) : code;
}

enum code access_link_make(struct service *s, int64_t tenant, int kind, const struct uuid *record, char ret[TOKEN_TEXT], struct err *reterr) {
    PRE(s != NULL && record != NULL && ret != NULL && reterr != NULL);
    const struct person *people;
    const struct kind_info *k = service_kind(s, kind);
    size_t count = charter_people(s->charter, &people);
    if (k->kind->about < 0 || (size_t)k->kind->about >= count)
        return err_set(reterr, E_INVALID, "a %s is about nobody, so there is nobody to give a private link to", k->kind->name);
    struct token_wish w = { .tenant = tenant, .role = people[k->kind->about].name, .label = "private link", .expires = USEC_NEVER, .subject_kind = kind, .subject = *record };
    enum code code = tenant_check(s, tenant, reterr);
    return code == OK ? put(s, &w, LINK_SCOPE, ret, NULL, reterr) : code;
}

/* ---- bearing */
#define CACHE_SLOTS 1024u
#define CACHE_LIFE USEC_PER_SEC
struct known { const struct service *service; uint8_t hash[HASH_SIZE]; usec_t at; struct caller who; usec_t expires, used; struct scope *scope; bool good; };
static struct { pthread_mutex_t lock; struct known slots[CACHE_SLOTS]; } cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct known *slot_of(const uint8_t hash[HASH_SIZE]) { return &cache.slots[(hash[0] | (unsigned)hash[1] << 8) % CACHE_SLOTS]; }

static bool cached(const struct service *s, const uint8_t hash[HASH_SIZE], struct known *ret, struct arena *arena) {
    bool found = false;
    usec_t now = clock_steady();
    pthread_mutex_lock(&cache.lock);
    const struct known *k = slot_of(hash);
    if (k->service == s && memcmp(k->hash, hash, HASH_SIZE) == 0 && now - k->at < CACHE_LIFE) {
        *ret = *k;
        ret->scope = k->scope == NULL ? NULL : arena_get(arena, scope_size(k->scope));
        found = k->scope == NULL || ret->scope != NULL;
        if (ret->scope != NULL)
            memcpy(ret->scope, k->scope, scope_size(k->scope));
    }
    pthread_mutex_unlock(&cache.lock);
    return found;
}

static void remember(const struct known *k) {
    struct scope *scope = k->scope == NULL ? NULL : mem_new(scope_size(k->scope));
    if (scope != NULL)
        memcpy(scope, k->scope, scope_size(k->scope));
    pthread_mutex_lock(&cache.lock);
    struct known *slot = slot_of(k->hash);
    mem_free(slot->scope);
    *slot = *k;
    slot->scope = scope;
    slot->at = clock_steady();
    if (k->scope != NULL && scope == NULL)
        slot->service = NULL;                  /* no memory: not remembered */
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

/* From the store: a token that is not there, or of a tenant that is closed or another service's, is known as no good. */
static enum code look_up(struct service *s, const uint8_t hash[HASH_SIZE], struct known *ret, struct arena *arena, struct err *reterr) {
    struct token_row row;
    struct tenant_row tenant = { 0 };
    *ret = (struct known){ .service = s };
    memcpy(ret->hash, hash, HASH_SIZE);
    enum code code = token_get(s->store, hash, &row, arena, reterr);
    if (code == E_NOT_FOUND)
        return OK;
    if (code == OK)
        code = tenant_get(s->store, row.tenant, &tenant, arena, reterr);
    if (code != OK)
        return code == E_NOT_FOUND ? OK : code;
    caller_of(s, &row, &ret->who);
    ret->who.loopback = row.loopback_only;
    ret->expires = row.expires;
    ret->used = row.used;
    bool readable = true;
    if (!ret->who.by_link) {
        code = scope_read(row.scope, s->charter, false, arena, &ret->scope, reterr);
        readable = code == OK;                 /* one that says nothing opens nothing */
        if (code != OK && code != E_INVALID)
            return code;
    }
    ret->good = readable && row.revoked == 0 && tenant.closed == 0 && strcmp(tenant.service, charter_name(s->charter)) == 0 && ret->who.person >= 0;
    return OK;
}

static bool well_formed(const char *token) {
    uint8_t secret[SECRET_SIZE];
    size_t len = 0;
    bool good = token != NULL && strnlen(token, TOKEN_TEXT) == sizeof PREFIX - 1 + SECRET_TEXT && strncmp(token, PREFIX, sizeof PREFIX - 1) == 0 &&
                base64url_decode(token + sizeof PREFIX - 1, SECRET_TEXT, secret, sizeof secret, &len) && len == SECRET_SIZE;
    crypto_wipe(secret, sizeof secret);
    return good;
}

enum code access_caller(struct service *s, const char *token, bool from_loopback, struct caller *ret, struct arena *arena, struct err *reterr) {
    PRE(s != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct known k = { 0 };
    uint8_t hash[HASH_SIZE];
    usec_t now = clock_now();
    if (well_formed(token)) {
        hash_sha256(token, strlen(token), hash);
        if (!cached(s, hash, &k, arena)) {
            enum code code = look_up(s, hash, &k, arena, reterr);
            if (code != OK)
                return code;
            remember(&k);
        }
    }
    bool expired = k.expires <= now && rule_on(RULE_tokens_expire);
    if (!k.good || expired || (k.who.loopback && !from_loopback))
        return err_set(reterr, E_SIGN_IN, "a valid token is needed: Authorization: Bearer sejf_…");
    if (now - k.used >= USEC_PER_MINUTE && use_is_due(&k, now))
        token_used(s->store, k.who.tenant, k.who.token, now);
    *ret = k.who;
    ret->loopback = from_loopback;
    ret->scope = k.scope;
    return OK;
}
