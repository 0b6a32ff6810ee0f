/* access.c — a token is looked up by the SHA-256 of its text. Rows are cached for a second at most, in a table of fixed
 * size; a hit is compared by its whole hash. Invariant: a refusal says the same whatever its reason. */
#include "access/access.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "store/tables.h"

#define PREFIX "sejf_"
#define SECRET_SIZE 32u
#define CACHE_SLOTS 1024u
#define CACHE_TIME USEC_PER_SEC
#define ROLE_MAX 64u
#define SCOPE_MAX 512u
#define LINK_LABEL "private link"           /* no other token may be called so */

struct entry {
    usec_t until;                           /* steady clock; 0: empty */
    char service[ROLE_MAX], role[ROLE_MAX], scope[SCOPE_MAX];
    bool scoped, link;
    struct token_row row;                   /* its pointers are not used */
};
static struct { pthread_mutex_t lock; struct entry slots[CACHE_SLOTS]; } cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

static size_t slot_of(const uint8_t hash[HASH_SIZE]) { return ((size_t)hash[0] << 8 | hash[1]) % CACHE_SLOTS; }

static bool cache_get(const uint8_t hash[HASH_SIZE], struct entry *ret) {
    pthread_mutex_lock(&cache.lock);
    const struct entry *e = &cache.slots[slot_of(hash)];
    bool hit = e->until > clock_steady() && crypto_equal(e->row.hash, hash, HASH_SIZE);
    if (hit)
        *ret = *e;
    pthread_mutex_unlock(&cache.lock);
    return hit;
}

static void cache_put(const struct entry *e) {
    pthread_mutex_lock(&cache.lock);
    cache.slots[slot_of(e->row.hash)] = *e;
    pthread_mutex_unlock(&cache.lock);
}

static bool copy_fits(char *to, size_t room, const char *from) {
    return (size_t)snprintf(to, room, "%s", from == NULL ? "" : from) < room;
}

static enum code refused(struct err *reterr) {
    return err_set(reterr, E_SIGN_IN, "this needs a valid token: send it as \"Authorization: Bearer sejf_…\"");
}

/* From the store; E_SIGN_IN for a token that is nobody's or a tenant that is closed. */
static enum code entry_load(struct service *s, const uint8_t hash[HASH_SIZE], struct entry *ret, struct arena *arena, struct err *reterr) {
    struct tenant_row tenant;
    struct entry e = { .until = clock_steady() + CACHE_TIME };
    enum code code = token_get(service_store(s), hash, &e.row, arena, reterr);
    if (code == E_NOT_FOUND)
        return refused(reterr);
    if (code == OK)
        code = tenant_get(service_store(s), e.row.tenant, &tenant, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && tenant.closed != 0))
        return refused(reterr);
    if (code != OK)
        return code;
    e.scoped = e.row.scope != NULL;
    e.link = e.row.label != NULL && strcmp(e.row.label, LINK_LABEL) == 0;
    if (!copy_fits(e.service, sizeof e.service, tenant.service) || !copy_fits(e.role, sizeof e.role, e.row.role) ||
        !copy_fits(e.scope, sizeof e.scope, e.row.scope))
        return err_set(reterr, E_INTERNAL, "token %lld has a role or a scope that is too long", (long long)e.row.number);
    memcpy(e.row.hash, hash, HASH_SIZE);
    cache_put(&e);
    *ret = e;
    return OK;
}

/* The charter's index of a stored kind number; -1: the charter does not hold it any more. */
static enum code kind_index(struct service *s, int32_t number, int *ret, struct err *reterr) {
    const struct kind *kinds;
    const struct charter *c = service_charter(s);
    size_t n = charter_kinds(c, &kinds);
    *ret = -1;
    for (size_t i = 0; i < n && *ret < 0; i++) {
        int32_t here;
        enum code code = name_number(service_store(s), charter_name(c), 'k', kinds[i].name, &here, reterr);
        if (code != OK)
            return code;
        if (here == number)
            *ret = (int)i;
    }
    return OK;
}

static bool entry_valid(const struct service *s, const struct entry *e, bool from_loopback) {
    if (strcmp(e->service, charter_name(service_charter(s))) != 0 || e->row.revoked != 0 || (e->row.loopback_only && !from_loopback))
        return false;
    return clock_now() < e->row.expires || !rule_on(RULE_tokens_expire);
}

static enum code caller_of(struct service *s, const struct entry *e, bool from_loopback, struct caller *ret, struct arena *arena, struct err *reterr) {
    struct caller who = { .tenant = e->row.tenant, .token = e->row.number, .subject_kind = -1, .by_link = e->link, .loopback = from_loopback };
    who.person = charter_person(service_charter(s), e->role);
    if (who.person < 0)
        return refused(reterr);                      /* a role that the charter does not know any more */
    if (!uuid_is_null(&e->row.subject)) {
        enum code code = kind_index(s, e->row.subject_kind, &who.subject_kind, reterr);
        if (code != OK)
            return code;
        if (who.subject_kind < 0)
            return refused(reterr);
        who.subject = e->row.subject;
        if (!e->link)
            who.self = e->row.subject;
    }
    if (e->scoped) {
        who.scope = arena_text(arena, e->scope);
        if (who.scope == NULL)
            return err_set(reterr, E_MEMORY, "no memory for a request");
    }
    *ret = who;
    return OK;
}

static bool token_hash(const char *token, uint8_t ret[HASH_SIZE]) {
    uint8_t secret[SECRET_SIZE];
    size_t n;
    size_t prefix = sizeof PREFIX - 1;
    if (token == NULL || strncmp(token, PREFIX, prefix) != 0 || strnlen(token, TOKEN_TEXT) >= TOKEN_TEXT)
        return false;
    bool fine = base64url_decode(token + prefix, strlen(token + prefix), secret, sizeof secret, &n) && n == sizeof secret;
    explicit_bzero(secret, sizeof secret);
    if (fine)
        hash_sha256(token, strlen(token), ret);
    return fine;
}

enum code access_caller(struct service *s, const char *token, bool from_loopback, struct caller *ret, struct arena *arena, struct err *reterr) {
    uint8_t hash[HASH_SIZE];
    struct entry e;
    if (!token_hash(token, hash))
        return refused(reterr);
    if (!cache_get(hash, &e)) {
        enum code code = entry_load(s, hash, &e, arena, reterr);
        if (code != OK)
            return code;
    }
    if (!entry_valid(s, &e, from_loopback))
        return refused(reterr);
    enum code code = caller_of(s, &e, from_loopback, ret, arena, reterr);
    if (code == OK)
        token_used(service_store(s), e.row.tenant, e.row.number, clock_now());
    return code;
}

static enum code wish_check(struct service *s, const struct token_wish *w, struct err *reterr) {
    const struct charter *c = service_charter(s);
    struct tenant_row tenant;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a token");
    if (w->role == NULL || strlen(w->role) >= ROLE_MAX || charter_person(c, w->role) < 0)
        return err_set(reterr, E_INVALID, "\"%.40s\" is no role of %s: name one of its people", w->role == NULL ? "" : w->role, charter_name(c));
    if (w->scope != NULL && strlen(w->scope) >= SCOPE_MAX)
        return err_set(reterr, E_INVALID, "a scope has at most %u characters", SCOPE_MAX - 1);
    if (w->expires <= clock_now())
        return err_set(reterr, E_INVALID, "the end of a token must lie in the future");
    enum code code = tenant_get(service_store(s), w->tenant, &tenant, arena, reterr);
    if (code == E_NOT_FOUND || (code == OK && (strcmp(tenant.service, charter_name(c)) != 0 || tenant.closed != 0)))
        return err_set(reterr, E_NOT_FOUND, "%s has no open tenant %lld", charter_name(c), (long long)w->tenant);
    return code;
}

/* What both kinds of token have in common: make the secret, store its hash. */
static enum code token_store(struct service *s, const struct token_wish *w, const char *label, char ret[TOKEN_TEXT], int64_t *ret_number, struct err *reterr) {
    uint8_t secret[SECRET_SIZE];
    AUTO(buf_wipe) struct buf text = BUF(TOKEN_TEXT - 1);
    const struct charter *c = service_charter(s);
    enum code code = wish_check(s, w, reterr);
    struct token_row row = { .tenant = w->tenant, .role = w->role, .label = label, .scope = w->scope, .loopback_only = w->loopback_only, .made = clock_now(), .expires = w->expires };
    if (code == OK && w->subject_kind >= 0) {
        row.subject = w->subject;
        code = name_number(service_store(s), charter_name(c), 'k', charter_kind_at(c, w->subject_kind)->name, &row.subject_kind, reterr);
    }
    if (code != OK)
        return code;
    crypto_random(secret, sizeof secret);
    buf_text(&text, PREFIX);
    base64url_encode(secret, sizeof secret, &text);
    explicit_bzero(secret, sizeof secret);
    if (text.failed)
        return err_set(reterr, E_MEMORY, "no memory for a token");
    hash_sha256(buf_str(&text), text.len, row.hash);
    code = token_put(service_store(s), &row, ret_number, reterr);
    if (code == OK)
        snprintf(ret, TOKEN_TEXT, "%s", buf_str(&text));
    return code;
}

enum code access_token_make(struct service *s, const struct token_wish *w, char ret[TOKEN_TEXT], int64_t *ret_number, struct err *reterr) {
    if (w->label != NULL && strcmp(w->label, LINK_LABEL) == 0)
        return err_set(reterr, E_INVALID, "\"%s\" is what sejf calls the links that it makes itself; choose another label", LINK_LABEL);
    return token_store(s, w, w->label, ret, ret_number, reterr);
}

enum code access_link_make(struct service *s, int64_t tenant, int kind, const struct uuid *record, char ret[TOKEN_TEXT], struct err *reterr) {
    const struct charter *c = service_charter(s);
    const struct person *people;
    int64_t number;
    int about = charter_kind_at(c, kind)->about;
    charter_people(c, &people);
    if (about < 0)
        return err_set(reterr, E_INVALID, "a %s is about nobody, so it has no private link", charter_kind_at(c, kind)->name);
    struct token_wish w = { .tenant = tenant, .role = people[about].name, .expires = USEC_NEVER, .subject_kind = kind, .subject = *record };
    return token_store(s, &w, LINK_LABEL, ret, &number, reterr);
}
