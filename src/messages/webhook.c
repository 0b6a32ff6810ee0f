/* webhook.c — invariant: the entry of a webhook is sealed anew, under a new key, whenever its definition or its secrets change; the key before is doomed
 * in the same write. Names of kinds are stored, so a kind that leaves the charter is told no more. */
#include "messages/webhook.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "records/draft.h"
#include "records/entry.h"
#include "records/service.h"
#include "records/spare.h"
#include "store/tables.h"

#define REGISTER_NAME "webhook"
#define SECRET_BYTES 32u
#define SECRET_STARTS "whsec_"
#define SECRET_TEXT (sizeof SECRET_STARTS + BASE64URL_ROOM(SECRET_BYTES))
#define ARENA_MOST ((size_t)4 << 20)

static const char *const states[] = { [WEBHOOK_ON] = "on", [WEBHOOK_PAUSED] = "paused", [WEBHOOK_STOPPED] = "stopped", [WEBHOOK_ENDED] = "ended" };

static bool is_for(const struct destination *d, int64_t tenant) {
    bool found = d->tenant_count == 0;
    for (size_t i = 0; i < d->tenant_count && !found; i++)
        found = d->tenants[i] == tenant;
    return found;
}

/* A host that sejf.yaml gives to some tenants is not any public host for the others: the sender would reach it inside. */
bool webhook_place(const struct webhook_places *p, const struct weburl *to, int64_t tenant) {
    for (size_t i = 0; i < p->count; i++)
        if (p->list[i].use == FOR_WEBHOOKS && p->list[i].port == to->port && strcmp(p->list[i].host, to->host) == 0)
            return is_for(&p->list[i], tenant);
    return p->anywhere && to->port == 443;
}

/* ---- entries */

void hook_done(struct hook *h) {
    for (size_t i = 0; i < WEBHOOK_SECRETS; i++)
        if (h->secrets[i] != NULL)
            explicit_bzero((char *)(uintptr_t)h->secrets[i], strlen(h->secrets[i]));
    explicit_bzero(h, sizeof *h);
}

static enum code row_read(struct service *s, int64_t tenant, int64_t number, struct webhook_row *ret, struct arena *arena, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : store_view(s->store, tenant, &v, reterr);
    return code == OK ? webhook_get(view_sql(v), number, ret, arena, reterr) : code;
}

static enum code entry_open_row(struct service *s, int64_t tenant, const struct webhook_row *r, json_t **ret, struct err *reterr) {
    struct key key;
    key_id id = r->key;
    bool ok = false;
    const struct entry_place at = { REGISTER_NAME, tenant, r->number, { { 0 } }, id };
    enum code code = keeper_open(s->keeper, tenant, &id, 1, &key, &ok, reterr);
    if (code == OK)
        code = ok ? entry_open(&at, &key, r->blob, r->len, ret, reterr) : err_set(reterr, E_DAMAGED, "the key of webhook %lld is gone", (long long)r->number);
    crypto_wipe(&key, sizeof key);
    return code;
}

/* A change of it dooms the key that was read a moment before: then it is looked at again. E_NOT_FOUND: it is not there; E_DAMAGED: its entry opens no more,
 * and *ret_row says what stands beside it. */
#define ENTRY_LOOKS 4
static enum code entry_read(struct service *s, int64_t tenant, int64_t number, struct webhook_row *ret_row, json_t **ret, struct arena *arena, struct err *reterr) {
    uint64_t last = 0;
    enum code code = OK;
    for (int looks = 0; looks < ENTRY_LOOKS; looks++) {
        code = row_read(s, tenant, number, ret_row, arena, reterr);
        if (code != OK)
            return code;
        if (looks > 0 && ret_row->key == last)
            return err_set(reterr, E_DAMAGED, "webhook %lld is damaged: remove it, and make it anew", (long long)number);
        code = entry_open_row(s, tenant, ret_row, ret, reterr);
        if (code != E_DAMAGED)
            return code;
        last = ret_row->key;
    }
    return code;
}

static const char *text_of(const json_t *entry, const char *name, struct arena *arena) {
    const char *text = json_string_value(json_object_get(entry, name));
    return text == NULL ? NULL : arena_text(arena, text);
}

/* By the clock that no wall clock moves. */
static bool signs(const json_t *secret, usec_t ran) {
    json_int_t until = json_integer_value(json_object_get(secret, "until"));
    return until == 0 || ran < until;
}

/* Those of its kinds that the charter still has, into ret; how many. */
static size_t kinds_of(const struct charter *c, const json_t *entry, fieldset *ret) {
    size_t i, known = 0;
    json_t *one;
    json_array_foreach(json_object_get(entry, "kinds"), i, one) {
        int kind = json_is_string(one) ? charter_kind(c, json_string_value(one)) : -1;
        if (kind < 0)
            continue;
        known++;
        ret[kind / 64] |= (fieldset)1 << (kind % 64);
    }
    return known;
}

static void hook_fill(struct hook *h, const struct charter *c, const json_t *entry, usec_t ran, struct arena *arena) {
    json_t *one;
    size_t i;
    const char *seed = json_string_value(json_object_get(entry, "seed"));
    h->url = text_of(entry, "url", arena);
    h->label = text_of(entry, "label", arena);
    h->purpose = text_of(entry, "purpose", arena);
    kinds_of(c, entry, h->kinds);
    json_array_foreach(json_object_get(entry, "secrets"), i, one)
        if (h->secret_count < WEBHOOK_SECRETS && signs(one, ran) && (h->secrets[h->secret_count] = text_of(one, "secret", arena)) != NULL)
            h->secret_count++;
    if (seed == NULL || !hex_decode(seed, strlen(seed), h->seed, sizeof h->seed))
        h->url = NULL;
}

enum code hook_open(struct service *s, int64_t tenant, int64_t number, struct hook *ret, struct arena *arena, struct err *reterr) {
    PRE(s != NULL && ret != NULL && arena != NULL && reterr != NULL);
    struct hook h = { .url = NULL };
    json_t *entry = NULL;
    enum code code = entry_read(s, tenant, number, &h.row, &entry, arena, reterr);
    if (code == OK)
        hook_fill(&h, s->charter, entry, store_ran(s->store), arena);
    json_decref(entry);
    if (code == OK && arena_overflowed(arena))
        code = err_set(reterr, E_MEMORY, "no memory for a webhook");
    if (code == OK && (h.url == NULL || !weburl_read(h.url, &h.to) || h.secret_count == 0))
        code = err_set(reterr, E_DAMAGED, "webhook %lld is damaged", (long long)number);
    if (code == OK)
        *ret = h;
    explicit_bzero(&h, sizeof h);
    return code;
}

/* ---- as it is told */

static json_t *instant(usec_t t) {
    char text[32];
    return t == 0 ? json_null() : json_string(time_format(t, text, sizeof text));
}

static json_t *told(const struct webhook_row *r, const json_t *entry, usec_t ran) {
    size_t secrets = 0, i;
    json_t *one;
    json_array_foreach(json_object_get(entry, "secrets"), i, one)
        secrets += signs(one, ran);
    return json_pack("{s:I, s:O, s:O*, s:O, s:O*, s:s, s:I, s:i, s:I, s:o}", "number", (json_int_t)r->number, "url", json_object_get(entry, "url"), "label", json_object_get(entry, "label"),
                     "kinds", json_object_get(entry, "kinds"), "purpose", json_object_get(entry, "purpose"), "state", states[r->state], "reached", (json_int_t)r->reached,
                     "tries", r->tries, "secrets", (json_int_t)secrets, "made", instant(r->made));
}

/* ---- what a token's scope and an account's level leave in */

/* Of any of these kinds, records that the account only reads; NULL: of all. A webhook goes on by itself, when the account has long ended, and its secret
 * speaks for the tenant: it is not for one that reads. */
static bool level_reads(const struct charter *c, const struct caller *who, const fieldset *wanted) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    bool reads = false;
    for (size_t i = 0; i < n && !reads; i++)
        reads = (wanted == NULL || webhook_wants(wanted, (int)i)) && !policy_level_whole(c, who, (int)i, LEVEL_WRITE);
    return reads;
}

static enum code within_scope(const struct charter *c, const struct caller *caller, const json_t *entry, const fieldset *wanted, bool writes, struct err *reterr) {
    struct caller who = *caller;
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    who.purpose = json_string_value(json_object_get(entry, "purpose"));
    for (size_t i = 0; i < n; i++) {
        if (!webhook_wants(wanted, (int)i))
            continue;
        if (!policy_scope(c, &who, (int)i, V_READ) || policy_purpose(c, &who, (int)i, NULL, reterr) != OK)
            return err_set(reterr, E_NOT_FOUND, "there is no such webhook");
        if (writes && !policy_scope(c, &who, (int)i, V_CHANGE))
            return err_set(reterr, E_FORBIDDEN, "the token's scope reads what this webhook is told of, and does not change it: a token without scope, or with change in it, is wanted here");
    }
    return OK;
}

/* entry: NULL where it opens no more, and nobody knows of which kinds it is. */
static enum code within(const struct service *s, const struct caller *who, const json_t *entry, bool writes, struct err *reterr) {
    fieldset wanted[KINDS_MAX / 64] = { 0 };
    size_t known = kinds_of(s->charter, entry, wanted);
    enum code code = who->scope == NULL ? OK : within_scope(s->charter, who, entry, wanted, writes, reterr);
    if (code == OK && who->scope != NULL && known == 0)
        return err_set(reterr, E_NOT_FOUND, "there is no such webhook");
    if (code == OK && writes && level_reads(s->charter, who, known == 0 ? NULL : wanted))
        return err_set(reterr, E_FORBIDDEN, "the account's level of access is to read, at least some of what this webhook is told of, and whoever alters one has to write: see how it stands with GET");
    return code;
}

enum code webhook_within(const struct webhook_maker *m, int64_t number, bool writes, struct err *reterr) {
    PRE(m != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(ARENA_MOST);
    struct webhook_row row;
    json_t *entry = NULL;
    enum code code = entry_read(m->service, m->who->tenant, number, &row, &entry, arena, reterr);
    if (code == OK || code == E_DAMAGED)
        code = within(m->service, m->who, entry, writes, reterr);
    json_decref(entry);
    return code;
}

/* One that is damaged is told as such, with what stands beside its entry. */
static json_t *damaged(const struct webhook_row *r) {
    return json_pack("{s:I, s:s, s:I, s:i, s:o, s:b}", "number", (json_int_t)r->number, "state", states[r->state], "reached", (json_int_t)r->reached, "tries", r->tries, "made", instant(r->made),
                     "damaged", 1);
}

enum code webhook_told(struct service *s, int64_t tenant, int64_t number, json_t **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(ARENA_MOST);
    struct webhook_row row;
    json_t *entry = NULL;
    enum code code = entry_read(s, tenant, number, &row, &entry, arena, reterr);
    if (code != OK && code != E_DAMAGED)
        return code;
    *ret = code == OK ? told(&row, entry, store_ran(s->store)) : damaged(&row);
    json_decref(entry);
    return *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : OK;
}

struct listing { int64_t numbers[WEBHOOKS_MOST]; size_t count; };
static bool list_take(const struct webhook_row *r, void *arg) {
    struct listing *l = arg;
    l->numbers[l->count++] = r->number;
    return l->count < WEBHOOKS_MOST;
}

static enum code told_if_within(struct service *s, int64_t tenant, int64_t number, const struct caller *who, json_t **ret, struct err *reterr) {
    enum code code = OK;
    if (who != NULL)
        code = webhook_within(&(struct webhook_maker){ s, who, NULL }, number, false, reterr);
    return code == OK ? webhook_told(s, tenant, number, ret, reterr) : code;
}

enum code webhooks_told(struct service *s, int64_t tenant, const struct caller *who, json_t **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    struct listing l = { .count = 0 };
    struct view *v = NULL;
    json_t *items = json_array(), *list = json_pack("{s:o}", "items", items);
    enum code code = list == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of webhooks") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = webhooks_list(view_sql(v), list_take, &l, reterr);
    view_end(v);                             /* the keeper is asked without a view open */
    for (size_t i = 0; code == OK && i < l.count; i++) {
        json_t *one = NULL;
        code = told_if_within(s, tenant, l.numbers[i], who, &one, reterr);
        if (code == OK && json_array_append_new(items, one) != 0)
            code = err_set(reterr, E_MEMORY, "no memory for a list of webhooks");
        if (code == E_NOT_FOUND)             /* removed meanwhile, or not of its scope */
            code = OK;
    }
    if (code == OK)
        *ret = json_incref(list);
    json_decref(list);
    return code;
}

/* ---- writing */

enum step { STEP_MAKE, STEP_CHANGE, STEP_SECRET, STEP_REMOVE };
struct work {
    const struct webhook_maker *m; enum step step;
    int64_t number, after; int state;        /* -1: as it is */
    uint64_t before;                         /* key of the entry that this one takes the place of; 0: none */
    json_t *entry; key_id key; struct buf sealed;
    char who[CALLER_TEXT]; const char *host;
};

static enum code note(struct txn *t, const struct work *w, struct err *reterr) {
    static const char *const verbs[] = { [STEP_MAKE] = "webhook_made", [STEP_CHANGE] = "webhook_changed", [STEP_SECRET] = "webhook_secret_changed", [STEP_REMOVE] = "webhook_removed" };
    json_t *what = json_pack("{s:I, s:s*, s:O*, s:O*, s:s*}", "number", (json_int_t)w->number, "host", w->host, "kinds", json_object_get(w->entry, "kinds"), "purpose",
                             json_object_get(w->entry, "purpose"), "state", w->state < 0 ? NULL : states[w->state]);
    enum code code = ledger_append(t, verbs[w->step], w->who, what, reterr);
    json_decref(what);
    return code;
}

static bool count_one(const struct webhook_row *r UNUSED, void *arg) { return ++*(size_t *)arg < WEBHOOKS_MOST; }

static enum code row_new(struct txn *t, const struct work *w, struct webhook_row *ret, struct err *reterr) {
    size_t count = 0;
    int64_t clock = 0;
    enum code code = webhooks_list(txn_sql(t), count_one, &count, reterr);
    if (code == OK && count >= WEBHOOKS_MOST)
        return err_set(reterr, E_CONFLICT, "a tenant has at most %u webhooks: remove one that is not needed any more", WEBHOOKS_MOST);
    if (code == OK)
        code = webhook_clock(txn_sql(t), &clock, reterr);
    if (code == OK)
        *ret = (struct webhook_row){ .number = w->number, .state = WEBHOOK_ON, .made = txn_now(t), .reached = w->after < 0 || w->after > clock ? clock : w->after };
    return code;
}

/* What stands may have changed since it was read: then it is begun anew by whoever wants it. */
static enum code row_standing(struct txn *t, const struct work *w, struct webhook_row *ret, struct arena *arena, struct err *reterr) {
    enum code code = webhook_get(txn_sql(t), w->number, ret, arena, reterr);
    if (code == OK && ret->key != w->before)
        return err_set(reterr, E_CONFLICT, "somebody else has changed this webhook at the same moment: look at it and try again");
    if (code == OK && ret->state == WEBHOOK_ENDED && w->state >= 0)
        return err_set(reterr, E_CONFLICT, "the peer has said (410) that it does not want this webhook any more: make a new one");
    if (code == OK && w->state >= 0 && ret->state != (enum webhook_state)w->state) {
        ret->state = (enum webhook_state)w->state;
        ret->tries = 0;
        ret->failed = 0;
    }
    return code;
}

static enum code work_write(struct txn *t, void *arg, struct err *reterr) {
    struct work *w = arg;
    AUTO(arena_free) struct arena *arena = arena_new(ARENA_MOST);
    struct webhook_row row = { .number = 0 };
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : OK;
    if (code == OK && w->step == STEP_MAKE)
        code = webhook_number(txn_sql(t), &w->number, reterr);
    if (code == OK)
        code = w->step == STEP_MAKE ? row_new(t, w, &row, reterr) : row_standing(t, w, &row, arena, reterr);
    if (code == OK && w->before != 0)
        code = doomed_put(t, w->before, reterr);
    row.key = w->key;
    row.blob = w->sealed.data;
    row.len = w->sealed.len;
    if (code == OK)
        code = w->step == STEP_REMOVE ? webhook_drop(t, w->number, reterr) : webhook_put(t, &row, reterr);
    return code == OK ? note(t, w, reterr) : code;
}

/* The number stands in what is sealed; of a new one it is known only inside the write, so it is tried until nobody else took it. */
static enum code work_number(struct work *w, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    if (w->step != STEP_MAKE)
        return OK;
    enum code code = store_view(w->m->service->store, w->m->who->tenant, &v, reterr);
    return code == OK ? webhook_number(view_sql(v), &w->number, reterr) : code;
}

static enum code number_write(struct txn *t, void *arg, struct err *reterr) {
    struct work *w = arg;
    int64_t wanted = w->number, now = 0;
    enum code code = w->step == STEP_MAKE ? webhook_number(txn_sql(t), &now, reterr) : OK;
    if (code == OK && w->step == STEP_MAKE && now != wanted)
        return err_set(reterr, E_STALE, "another webhook was made at the same moment");
    return code == OK ? work_write(t, w, reterr) : code;
}

static enum code work_once(struct work *w, struct err *reterr) {
    struct service *s = w->m->service;
    int64_t tenant = w->m->who->tenant;
    struct key key;
    enum code code = work_number(w, reterr);
    if (code == OK && w->step == STEP_REMOVE)
        return store_write(s->store, tenant, number_write, w, reterr);
    if (code == OK)
        code = spare_make(s, tenant, USEC_NEVER, 1, &w->key, &key, reterr);
    if (code != OK)
        return code;
    const struct entry_place at = { REGISTER_NAME, tenant, w->number, { { 0 } }, w->key };
    buf_cut(&w->sealed, 0);
    code = entry_seal(&at, &key, w->entry, &w->sealed, reterr);
    bool sealed = code == OK;
    if (code == OK)
        code = store_write(s->store, tenant, number_write, w, reterr);
    if (code != OK && (!sealed || spare_sure(code)))
        spare_give(s, tenant, USEC_NEVER, &w->key, &key, 1);
    crypto_wipe(&key, sizeof key);
    return code;
}

#define AGAIN 8
static enum code work_do(struct work *w, struct err *reterr) {
    enum code code = E_STALE;
    caller_text(w->m->who, w->who, sizeof w->who);
    w->sealed = BUF(ENTRY_TEXT_MAX + SEAL_OVERHEAD);
    for (int i = 0; code == E_STALE && i < AGAIN; i++)
        code = work_once(w, reterr);
    buf_wipe(&w->sealed);
    return code;
}

/* ---- what is asked for */

static json_t *secret_entry(char text[SECRET_TEXT]) {
    uint8_t bytes[SECRET_BYTES];
    crypto_random(bytes, sizeof bytes);
    memcpy(text, SECRET_STARTS, sizeof SECRET_STARTS);
    base64url_text(bytes, sizeof bytes, text + sizeof SECRET_STARTS - 1);
    explicit_bzero(bytes, sizeof bytes);
    return json_pack("{s:s, s:i}", "secret", text, "until", 0);
}

/* A token tells its webhooks no more than it may read itself. */
static enum code allowed(const struct webhook_maker *m, const struct webhook_wish *w, json_t **ret_mistakes, struct err *reterr) {
    const struct charter *c = m->service->charter;
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    struct caller who = *m->who;
    const char *path = NULL, *text = NULL;
    who.purpose = w->purpose;
    if (level_reads(c, &who, w->kinds)) {
        path = "/kinds";
        text = "the account's level of access is to read, at least some records of these kinds: what goes on by itself is not for one that reads";
    }
    for (size_t i = 0; i < n && path == NULL; i++)
        if (webhook_wants(w->kinds, (int)i) && !policy_scope(c, &who, (int)i, V_CHANGE)) {
            path = "/kinds";
            text = "the token's scope does not change records of all of these kinds: what goes on after the token has ended is not for one that reads";
        } else if (webhook_wants(w->kinds, (int)i) && (!policy_kind(c, &who, (int)i, V_READ).any || policy_purpose(c, &who, (int)i, NULL, reterr) != OK)) {
            path = w->purpose != NULL && policy_kind(c, &who, (int)i, V_READ).any ? "/purpose" : "/kinds";
            text = path[1] == 'p' ? "not every one of these kinds is used for this purpose by you" : "you may not read all of these kinds yourself";
        }
    if (path == NULL && w->url != NULL && !webhook_place(m->places, &w->to, m->who->tenant)) {
        path = "/url";
        text = "sejf.yaml of this installation does not let webhooks go to this host and port: ask the operator (its key is webhooks)";
    }
    if (path == NULL)
        return OK;
    *ret_mistakes = json_pack("[{s:s, s:s}]", "path", path, "text", text);
    return *ret_mistakes == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : err_set(reterr, E_FIELDS, "this webhook cannot be");
}

static enum code seed_put(json_t *entry, struct err *reterr) {
    uint8_t seed[WEBHOOK_SEED];
    AUTO(buf_wipe) struct buf hex = BUF(2 * WEBHOOK_SEED + 1);
    crypto_random(seed, sizeof seed);
    hex_encode(seed, sizeof seed, &hex);
    explicit_bzero(seed, sizeof seed);
    bool fine = !hex.failed && json_object_set_new(entry, "seed", json_string(buf_str(&hex))) == 0;
    return fine ? OK : err_set(reterr, E_MEMORY, "no memory for a webhook");
}

enum code webhook_make(const struct webhook_maker *m, const json_t *in, json_t **ret, json_t **ret_mistakes, struct err *reterr) {
    PRE(m != NULL && in != NULL && ret != NULL && ret_mistakes != NULL && reterr != NULL);
    struct webhook_wish wish;
    char secret[SECRET_TEXT];
    json_t *made = NULL;
    enum code code = webhook_read(m->service->charter, in, false, &wish, ret_mistakes, reterr);
    if (code == OK)
        code = allowed(m, &wish, ret_mistakes, reterr);
    if (code != OK)
        return code;
    struct work w = { .m = m, .step = STEP_MAKE, .after = wish.after, .state = -1, .host = wish.to.host };
    w.entry = json_pack("{s:s, s:s*, s:s*, s:O, s:[o]}", "url", wish.url, "label", wish.label, "purpose", wish.purpose, "kinds", json_object_get(in, "kinds"), "secrets", secret_entry(secret));
    code = w.entry == NULL ? err_set(reterr, E_MEMORY, "no memory for a webhook") : seed_put(w.entry, reterr);
    if (code == OK)
        code = work_do(&w, reterr);
    json_decref(w.entry);
    if (code == OK)
        code = webhook_told(m->service, m->who->tenant, w.number, &made, reterr);
    if (code == OK && json_object_set_new(made, "secret", json_string(secret)) != 0) {
        json_decref(made);
        code = err_set(reterr, E_MEMORY, "no memory for a webhook");
    }
    explicit_bzero(secret, sizeof secret);
    if (code == OK)
        *ret = made;
    return code;
}

/* The entry as it stands, to be sealed anew. */
static enum code work_begin(const struct webhook_maker *m, enum step step, int64_t number, struct work *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(ARENA_MOST);
    struct webhook_row row;
    struct work w = { .m = m, .step = step, .number = number, .after = -1, .state = -1 };
    enum code code = entry_read(m->service, m->who->tenant, number, &row, &w.entry, arena, reterr);
    if (code == E_DAMAGED && step == STEP_REMOVE)        /* it goes all the same */
        code = OK;
    if (code != OK)
        return code;
    w.before = row.key;
    *ret = w;
    return OK;
}

static bool put(json_t *entry, const char *name, const char *text) { return text == NULL || json_object_set_new(entry, name, json_string(text)) == 0; }

/* Kinds or purpose alone may be changed; what comes of it is held against what its maker may read. */
static void wish_whole(const struct webhook_maker *m, const json_t *entry, struct webhook_wish *w) {
    if (w->purpose == NULL)
        w->purpose = json_string_value(json_object_get(entry, "purpose"));
    if (w->kind_count == 0)
        kinds_of(m->service->charter, entry, w->kinds);
}

/* Another address does not see the names that the one before has seen; the same one, said again, finds by them what it has heard already. */
static bool is_elsewhere(const json_t *entry, const char *url) {
    const char *before = json_string_value(json_object_get(entry, "url"));
    return url != NULL && (before == NULL || strcmp(before, url) != 0);
}

enum code webhook_change(const struct webhook_maker *m, int64_t number, const json_t *in, json_t **ret, json_t **ret_mistakes, struct err *reterr) {
    PRE(m != NULL && in != NULL && ret != NULL && ret_mistakes != NULL && reterr != NULL);
    struct webhook_wish wish;
    struct work w = { .entry = NULL };
    enum code code = webhook_read(m->service->charter, in, true, &wish, ret_mistakes, reterr);
    if (code == OK)
        code = work_begin(m, STEP_CHANGE, number, &w, reterr);
    if (code == OK)
        code = within(m->service, m->who, w.entry, true, reterr);
    if (code == OK) {
        wish_whole(m, w.entry, &wish);
        code = allowed(m, &wish, ret_mistakes, reterr);
    }
    bool elsewhere = code == OK && is_elsewhere(w.entry, wish.url);
    if (code == OK && (!put(w.entry, "url", wish.url) || !put(w.entry, "label", wish.label) || !put(w.entry, "purpose", wish.purpose)
                       || (wish.kind_count > 0 && json_object_set(w.entry, "kinds", json_object_get(in, "kinds")) != 0)))
        code = err_set(reterr, E_MEMORY, "no memory for a webhook");
    if (code == OK && elsewhere)
        code = seed_put(w.entry, reterr);
    w.state = wish.state;
    w.host = wish.url == NULL ? NULL : wish.to.host;
    if (code == OK)
        code = work_do(&w, reterr);
    json_decref(w.entry);
    return code == OK ? webhook_told(m->service, m->who->tenant, number, ret, reterr) : code;
}

enum code webhook_secret(const struct webhook_maker *m, int64_t number, json_t **ret, struct err *reterr) {
    PRE(m != NULL && ret != NULL && reterr != NULL);
    struct work w = { .entry = NULL };
    char secret[SECRET_TEXT];
    enum code code = work_begin(m, STEP_SECRET, number, &w, reterr);
    if (code == OK)
        code = within(m->service, m->who, w.entry, true, reterr);
    if (code != OK) {
        json_decref(w.entry);
        return code;
    }
    json_t *last = json_array_get(json_object_get(w.entry, "secrets"), 0), *list = json_pack("[o, O*]", secret_entry(secret), last);
    bool fine = list != NULL && (last == NULL || json_object_set_new(last, "until", json_integer(store_ran(m->service->store) + WEBHOOK_BOTH)) == 0)
                && json_object_set_new(w.entry, "secrets", list) == 0;
    code = fine ? work_do(&w, reterr) : err_set(reterr, E_MEMORY, "no memory for a webhook");
    json_decref(w.entry);
    if (code == OK && (*ret = json_pack("{s:I, s:s, s:i}", "number", (json_int_t)number, "secret", secret, "both_sign_for_hours", (int)(WEBHOOK_BOTH / USEC_PER_HOUR))) == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for a webhook");
    explicit_bzero(secret, sizeof secret);
    return code;
}

enum code webhook_remove(const struct webhook_maker *m, int64_t number, struct err *reterr) {
    PRE(m != NULL && reterr != NULL);
    struct work w = { .entry = NULL };
    enum code code = work_begin(m, STEP_REMOVE, number, &w, reterr);
    if (code == OK)
        code = within(m->service, m->who, w.entry, true, reterr);
    json_decref(w.entry);
    w.entry = NULL;
    return code == OK ? work_do(&w, reterr) : code;
}
