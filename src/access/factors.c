/* factors.c — by what a person proves who it is: password, codes of an authenticator, recovery codes, providers. Each change wants a
 * session that was signed in (again) a moment ago; what it takes away gets no second life in older copies (a new key). */
#include <stdio.h>
#include <string.h>

#include "access/hasher.h"
#include "access/signin.h"
#include "access/strength.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/recovery.h"
#include "crypto/totp.h"

#define PASSWORDS_BEFORE 4u                    /* that a changed password must not be, where it has to be changed now and then */

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for an account"); }

/* What a session was told when it began may be over: the person has set up a second step elsewhere meanwhile, which this one must not replace. */
static enum code still_enrols(struct people *p, const struct session *s, const struct account *a, struct arena *arena, struct err *reterr) {
    struct memberships m;
    struct needs needs = { .length = 0 };
    enum code code = needs_read(p, a, arena, &m, &needs, reterr);
    if (code == OK && step_needed(a, s->factors, &needs) != STEP_ENROL)
        return err_field(reterr, E_SIGN_IN, "step", "signing in is not finished: the second step is missing");
    return code;
}

enum code factor_begin(struct people *p, const struct session *s, unsigned steps, struct account *ret, struct arena *arena, struct err *reterr) {
    if ((steps & 1u << s->step) == 0)
        return err_field(reterr, E_SIGN_IN, "step", "signing in is not finished");
    if (s->step == STEP_WHOLE && !s->elevated)
        return err_set(reterr, E_CONFIRM, "sign in again before this: it is more than ten minutes ago");
    enum code code = arena == NULL ? no_memory(reterr) : account_open(p, &s->account, ret, arena, reterr);
    return code == OK && s->step == STEP_ENROL ? still_enrols(p, s, ret, arena, reterr) : code;
}

enum code factor_save(struct people *p, struct account *a, unsigned fresh, const char *verb, const struct factor_more *more, struct err *reterr) {
    char by[80], id[UUID_TEXT];
    snprintf(by, sizeof by, "account %s", uuid_format(&a->row.id, id));
    json_t *what = json_pack("{s:s}", "account", id);
    struct account_edit e = { .a = a, .seal = PART_SECRET, .fresh = fresh, .verb = verb, .by = by, .what = what, .more = more != NULL ? more->fn : NULL, .arg = more != NULL ? more->arg : NULL };
    enum code code = account_save(p, &e, reterr);
    json_decref(what);
    return code;
}

/* ---- the password */
static enum code needs_now(struct people *p, const struct account *a, struct needs *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(4 << 20);
    AUTO(view_end) struct view *v = NULL;
    struct memberships m = { 0 };
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = store_view(p->store, 0, &v, reterr);
    if (code == OK)
        code = memberships_read(p, view_sql(v), &a->row.id, arena, &m, reterr);
    if (code == OK)
        needs_of(p, &m, 0, ret);
    return code;
}

#define OWN_WORDS 40u
static enum code password_judge(struct people *p, const struct account *a, const char *password, const struct needs *needs, struct strength *ret, struct err *reterr) {
    const char *own[OWN_WORDS + 1] = { json_string_value(json_object_get(a->profile, "name")) ?: "", json_string_value(json_object_get(a->profile, "email")) ?: "" };
    size_t n = 2;
    for (size_t i = 0; i < p->count && n < OWN_WORDS; i++)
        own[n++] = charter_name(service_charter(p->services[i]));
    return strength_check(&(struct strength_ask){ .text = password, .len = strlen(password), .least = (unsigned)needs->length, .own = own }, ret, reterr);
}

static enum code too_weak(const struct strength *s, enum lang lang, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(1000);
    strength_say(s, lang, &text);
    return text.failed ? no_memory(reterr) : err_field(reterr, E_FIELDS, "/password", "%s", buf_str(&text));
}

/* How many characters it has, as it is hashed. */
static enum code characters_of(const char *password, size_t *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf b = BUF(PASSWORD_TEXT_MAX * 4);
    enum code code = password_prepare(password, strlen(password), &b, reterr);
    size_t n = 0;
    for (size_t i = 0; code == OK && i < b.len; i++)
        n += ((unsigned char)b.data[i] & 0xc0) != 0x80;
    if (code == OK)
        *ret = n;
    return code;
}

static const struct words used_before = WORDS("This password was used before: choose another.", "To hasło było już używane: wybierz inne.", "Ezt a jelszót már használták: válasszon másikat.");

/* The same one again, where it has to be changed? */
static enum code password_before(struct people *p, const struct net_source *from, const struct account *a, const char *password, bool *ret, struct err *reterr) {
    json_t *list = json_object_get(a->secret, "before");
    const char *now = json_string_value(json_object_get(a->secret, "password"));
    enum code code = now == NULL ? OK : hasher_verify(p->hasher, from, now, password, strlen(password), ret, reterr);
    for (size_t i = 0; code == OK && !*ret && i < json_array_size(list); i++)
        code = hasher_verify(p->hasher, from, json_string_value(json_array_get(list, i)) ?: "", password, strlen(password), ret, reterr);
    return code;
}

static bool remember_before(struct account *a, const char *hash) {
    json_t *list = json_object_get(a->secret, "before");
    if (hash == NULL)
        return true;
    if (list == NULL) {
        list = json_array();
        if (json_object_set_new(a->secret, "before", list) != 0)
            return false;
    }
    if (json_array_insert_new(list, 0, json_string(hash)) != 0)
        return false;
    while (json_array_size(list) > PASSWORDS_BEFORE)
        if (json_array_remove(list, PASSWORDS_BEFORE) != 0)
            return false;
    return true;
}

enum code password_put(struct people *p, const struct visitor *v, struct account *a, const char *password, enum lang lang, struct err *reterr) {
    struct needs needs = { .length = PASSWORD_LENGTH_LEAST };
    struct strength judged = { 0 };
    struct net_source from = source_of(v->address);
    char hash[PASSWORD_HASH_MAX];
    bool before = false;
    size_t points = 0;
    enum code code = needs_now(p, a, &needs, reterr);
    if (code == OK)
        code = password_judge(p, a, password, &needs, &judged, reterr);
    if (code == OK && judged.reason != STRENGTH_FINE && rule_on(RULE_password_length))
        return too_weak(&judged, lang, reterr);
    if (code == OK)
        code = characters_of(password, &points, reterr);
    if (code == OK && rule_on(RULE_password_change))
        code = password_before(p, &from, a, password, &before, reterr);
    if (code == OK && before)
        return err_field(reterr, E_FIELDS, "/password", "%s", used_before.in[lang]);
    if (code == OK)
        code = hasher_hash(p->hasher, &from, password, strlen(password), hash, reterr);
    if (code != OK)
        return code;
    cost_keep(p);
    a->row.password = clock_now();
    if (!remember_before(a, json_string_value(json_object_get(a->secret, "password"))) || json_object_set_new(a->secret, "password", json_string(hash)) != 0 ||
        json_object_set_new(a->secret, "points", json_integer((json_int_t)points)) != 0)
        return no_memory(reterr);
    return OK;
}

struct others { struct uuid account; int64_t but, count; };
static enum code end_others(struct txn *t, void *arg, struct err *reterr) {
    struct others *o = arg;
    enum code code = sessions_drop(t, &o->account, o->but, &o->count, reterr);
    return code == OK ? one_times_drop(t, &o->account, LINK_RESET, reterr) : code;
}

enum code password_change(struct people *p, const struct visitor *v, const struct session *s, const char *password, enum lang lang, struct err *reterr) {
    PRE(p != NULL && v != NULL && s != NULL && password != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct others o = { .account = s->account, .but = s->number };
    enum code code = factor_begin(p, s, 1u << STEP_WHOLE | 1u << STEP_CHANGE, &a, arena, reterr);
    if (code == OK)
        code = password_put(p, v, &a, password, lang, reterr);
    if (code == OK)
        code = factor_save(p, &a, PART_SECRET, "password_changed", &(struct factor_more){ end_others, &o }, reterr);
    access_forget();
    return code;
}

enum code password_advice(struct people *p, const struct session *s, const char *password, enum lang lang, char ret[256], struct err *reterr) {
    PRE(p != NULL && s != NULL && password != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct needs needs = { .length = PASSWORD_LENGTH_LEAST };
    struct strength judged = { 0 };
    enum code code = arena == NULL ? no_memory(reterr) : account_open(p, &s->account, &a, arena, reterr);
    if (code == OK)
        code = needs_now(p, &a, &needs, reterr);
    if (code == OK)
        code = password_judge(p, &a, password, &needs, &judged, reterr);
    AUTO(buf_done) struct buf text = BUF(1000);
    if (code == OK && judged.reason != STRENGTH_FINE)
        strength_say(&judged, lang, &text);
    if (code == OK && text.failed)
        return no_memory(reterr);
    if (code == OK)
        snprintf(ret, 256, "%s", text.len > 0 ? buf_str(&text) : "");
    return code;
}

/* ---- an authenticator */
enum code totp_begin(struct people *p, const struct session *s, json_t **ret, struct err *reterr) {
    PRE(p != NULL && s != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    AUTO(buf_wipe) struct buf uri = BUF(4096);
    uint8_t secret[TOTP_SECRET_SIZE];
    char kept[BASE64URL_ROOM(TOTP_SECRET_SIZE)], text[TOTP_SECRET_TEXT];
    enum code code = factor_begin(p, s, 1u << STEP_WHOLE | 1u << STEP_ENROL, &a, arena, reterr);
    if (code != OK)
        return code;
    totp_make(secret);
    base64url_text(secret, sizeof secret, kept);
    totp_text(secret, text);
    totp_uri(secret, p->host, json_string_value(json_object_get(a.profile, "email")) ?: "?", &uri);
    json_t *out = uri.failed ? NULL : json_pack("{s:s, s:s}", "secret", text, "uri", buf_str(&uri));
    if (out == NULL || json_object_set_new(a.secret, "totp_new", json_string(kept)) != 0)
        code = no_memory(reterr);
    if (code == OK)
        code = factor_save(p, &a, PART_SECRET, NULL, NULL, reterr);
    crypto_wipe(secret, sizeof secret);
    crypto_wipe(kept, sizeof kept);
    crypto_wipe(text, sizeof text);
    if (code == OK)
        *ret = out;
    else
        json_decref(out);
    return code;
}

bool factor_enrolled(const struct account *a) { return json_array_size(json_object_get(a->secret, "passkeys")) > 0 || json_object_get(a->secret, "totp") != NULL; }

struct added { struct uuid account; int64_t number; unsigned factors; bool first; };
static enum code add_factor(struct txn *t, void *arg, struct err *reterr) {
    struct added *a = arg;
    int64_t ended = 0;
    enum code code = a->first ? sessions_drop(t, &a->account, a->number, &ended, reterr) : OK;
    return code == OK ? session_factor(t, &a->account, a->number, a->factors, reterr) : code;
}

enum code totp_confirm(struct people *p, const struct session *s, const char *code_text, struct err *reterr) {
    PRE(p != NULL && s != NULL && code_text != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct added added = { s->account, s->number, FACTOR_TOTP, false };
    uint8_t secret[TOTP_SECRET_SIZE];
    size_t len = 0;
    int64_t step = 0;
    enum code code = factor_begin(p, s, 1u << STEP_WHOLE | 1u << STEP_ENROL, &a, arena, reterr);
    if (code != OK)
        return code;
    const char *kept = json_string_value(json_object_get(a.secret, "totp_new"));
    if (kept == NULL)
        return err_set(reterr, E_CONFLICT, "no authenticator waits to be confirmed: begin again");
    bool fits = base64url_decode(kept, strlen(kept), secret, sizeof secret, &len) && len == sizeof secret && totp_verify(secret, code_text, clock_now(), -1, &step);
    crypto_wipe(secret, sizeof secret);
    if (!fits)
        return err_field(reterr, E_FIELDS, "/code", "this is not the code that the authenticator shows now; is the clock of the phone right?");
    added.first = !factor_enrolled(&a);        /* sessions that came in by less are over */
    json_t *totp = json_pack("{s:s, s:I}", "secret", kept, "last", (json_int_t)step);
    if (totp == NULL || json_object_set_new(a.secret, "totp", totp) != 0 || json_object_del(a.secret, "totp_new") != 0)
        return no_memory(reterr);
    code = factor_save(p, &a, PART_SECRET, "totp_added", &(struct factor_more){ add_factor, &added }, reterr);
    access_forget();
    return code;
}

static enum code remove_member(struct people *p, const struct session *s, const char *name, const char *verb, const char *missing, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    enum code code = factor_begin(p, s, 1u << STEP_WHOLE, &a, arena, reterr);
    if (code == OK && json_object_del(a.secret, name) != 0)
        return err_set(reterr, E_NOT_FOUND, "%s", missing);
    return code == OK ? factor_save(p, &a, PART_SECRET, verb, NULL, reterr) : code;
}

enum code totp_remove(struct people *p, const struct session *s, struct err *reterr) {
    PRE(p != NULL && s != NULL && reterr != NULL);
    return remove_member(p, s, "totp", "totp_removed", "there is no authenticator", reterr);
}

/* ---- recovery codes */
enum code codes_make(struct people *p, const struct session *s, json_t **ret, struct err *reterr) {
    PRE(p != NULL && s != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct recovery_code codes[RECOVERY_CODES];
    struct recovery_hash hashes[RECOVERY_CODES];
    json_t *shown = json_array(), *kept = json_array();
    enum code code = factor_begin(p, s, 1u << STEP_WHOLE, &a, arena, reterr);
    if (code == OK) {
        recovery_make(codes, hashes);
        for (size_t i = 0; i < RECOVERY_CODES; i++) {
            char text[BASE64URL_ROOM(HASH_SIZE)];
            base64url_text(hashes[i].bytes, HASH_SIZE, text);
            json_array_append_new(shown, json_string(codes[i].text));
            json_array_append_new(kept, json_string(text));
        }
        crypto_wipe(codes, sizeof codes);
        if (json_array_size(shown) != RECOVERY_CODES || json_array_size(kept) != RECOVERY_CODES || json_object_set(a.secret, "codes", kept) != 0)
            code = no_memory(reterr);
    }
    if (code == OK)
        code = factor_save(p, &a, PART_SECRET, "recovery_codes_made", NULL, reterr);
    json_decref(kept);
    if (code == OK)
        *ret = shown;
    else
        json_decref(shown);
    return code;
}

/* ---- providers */
struct linking { struct account_mark mark; struct uuid account; bool on; };
static enum code link_identity(struct txn *t, void *arg, struct err *reterr) {
    struct linking *l = arg;
    if (l->on) {
        struct err e;
        enum code code = claim_take(t, ACCOUNT_CLAIM_KIND, IDENTITY_CLAIM_RULE, &l->mark.mark, &l->account, &e);
        if (code == E_CONFLICT)
            return err_set(reterr, E_CONFLICT, "this identity belongs to another account");
        if (code != OK)
            *reterr = e;
        return code;
    }
    return claim_drop(t, ACCOUNT_CLAIM_KIND, IDENTITY_CLAIM_RULE, &l->account, reterr);
}

/* One provider for an account: a second takes the place of the first only after that was removed. */
enum code identity_add(struct people *p, const struct session *s, const char *issuer, const char *subject, struct err *reterr) {
    PRE(p != NULL && s != NULL && issuer != NULL && subject != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct linking l = { .account = s->account, .on = true };
    enum code code = factor_begin(p, s, 1u << STEP_WHOLE, &a, arena, reterr);
    if (code == OK && json_object_get(a.secret, "identity") != NULL)
        return err_set(reterr, E_CONFLICT, "the account has an identity of a provider already: remove that first");
    if (code == OK)
        code = mark_identity(p, issuer, subject, &l.mark, reterr);
    if (code == OK && json_object_set_new(a.secret, "identity", json_pack("{s:s, s:s}", "issuer", issuer, "subject", subject)) != 0)
        code = no_memory(reterr);
    return code == OK ? factor_save(p, &a, 0, "identity_added", &(struct factor_more){ link_identity, &l }, reterr) : code;
}

enum code identity_remove(struct people *p, const struct session *s, const char *issuer, struct err *reterr) {
    PRE(p != NULL && s != NULL && issuer != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct linking l = { .account = s->account };
    enum code code = factor_begin(p, s, 1u << STEP_WHOLE, &a, arena, reterr);
    const char *now = json_string_value(json_object_get(json_object_get(a.secret, "identity"), "issuer"));
    if (code == OK && (now == NULL || strcmp(now, issuer) != 0))
        return err_set(reterr, E_NOT_FOUND, "the account has no identity of this provider");
    if (code == OK && json_object_del(a.secret, "identity") != 0)
        return no_memory(reterr);
    return code == OK ? factor_save(p, &a, PART_SECRET, "identity_removed", &(struct factor_more){ link_identity, &l }, reterr) : code;
}
