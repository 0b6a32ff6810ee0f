/* account.c — an account opened, changed and sealed. Keys first, then one write, then the keys that are not needed any more. */
#include <stdio.h>
#include <string.h>

#include "access/inside.h"
#include "base/jsontext.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "records/doom.h"
#include "records/find.h"

#define SEALED_MAX ((size_t)256 << 10)

/* ---- what people type */
static enum code value_of(enum field_type type, const char *what, const char *text, size_t room, char *ret, struct err *reterr) {
    static const struct value_rules rules = { NULL };
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct field f = { .name = what, .type = type, .level = L_PERSONAL };
    struct value v;
    struct say why = { 0 };
    struct raw raw = { .type = RAW_TEXT, .text = text == NULL ? "" : text, .len = text == NULL ? 0 : strlen(text) };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a person's %s", what);
    if (!value_read(&f, &raw, &rules, arena, &v, &why))
        return why.says == SAYS_OK ? err_set(reterr, E_MEMORY, "no memory for a person's %s", what)
                                   : err_field(reterr, E_FIELDS, type == T_EMAIL ? "/email" : "/name", type == T_EMAIL ? "this is no e-mail address" : "this is no name");
    if (!v.set || strlen(v.text) >= room)
        return err_field(reterr, E_FIELDS, type == T_EMAIL ? "/email" : "/name", v.set ? "the %s is too long" : "the %s is missing", what);
    snprintf(ret, room, "%s", v.text);
    return OK;
}

enum code address_read(const char *text, char ret[PERSON_EMAIL], struct err *reterr) { return value_of(T_EMAIL, "address", text, PERSON_EMAIL, ret, reterr); }
enum code name_read(const char *text, char ret[PERSON_NAME], struct err *reterr) { return value_of(T_NAME, "name", text, PERSON_NAME, ret, reterr); }

/* ---- secrets that are shown once */
void secret_make(const char *prefix, char *ret, size_t room, uint8_t ret_hash[HASH_SIZE]) {
    uint8_t secret[32];
    size_t n = strlen(prefix);
    PRE(n + SECRET_TEXT + 1 <= room);
    crypto_random(secret, sizeof secret);
    memcpy(ret, prefix, n);
    base64url_text(secret, sizeof secret, ret + n);
    crypto_wipe(secret, sizeof secret);
    hash_sha256(ret, n + SECRET_TEXT, ret_hash);
}

bool secret_hash(const char *prefix, const char *text, uint8_t ret_hash[HASH_SIZE]) {
    uint8_t secret[32];
    size_t len = 0, n = strlen(prefix);
    bool good = text != NULL && strnlen(text, n + SECRET_TEXT + 1) == n + SECRET_TEXT && strncmp(text, prefix, n) == 0 &&
                base64url_decode(text + n, SECRET_TEXT, secret, sizeof secret, &len) && len == sizeof secret;
    crypto_wipe(secret, sizeof secret);
    if (good)
        hash_sha256(text, n + SECRET_TEXT, ret_hash);
    return good;
}

/* ---- by what it is found */
static enum code mark_make(struct people *p, const char *what, const char *first, const char *second, struct account_mark *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf b = BUF(8192);
    struct index_keys keys;
    piece_add(&b, what, strlen(what));
    piece_add(&b, first, strlen(first));
    piece_add(&b, second, strlen(second));
    if (b.failed)
        return err_set(reterr, E_MEMORY, "no memory to look for an account");
    enum code code = index_keys_of(p->services[0], 0, true, &keys, reterr);
    if (code != OK)
        return code;
    *ret = (struct account_mark){ .mark = { .generation = keys.generation } };
    bool fine = token_make(&keys.find, &keys.index, buf_str(&b), b.len, &ret->mark.token) &&
                (!keys.has_before || token_make(&keys.find, &keys.index_before, buf_str(&b), b.len, &ret->before));
    if (keys.has_before)
        ret->mark.before = &ret->before;
    crypto_wipe(&keys, sizeof keys);
    return fine ? OK : err_set(reterr, E_MEMORY, "no memory to look for an account");
}

/* Addresses are the same in any case (find_fold of an e-mail field). */
enum code mark_email(struct people *p, const char *email, struct account_mark *ret, struct err *reterr) {
    char low[PERSON_EMAIL];
    size_t n = strnlen(email, sizeof low - 1);
    for (size_t i = 0; i < n; i++)
        low[i] = email[i] >= 'A' && email[i] <= 'Z' ? (char)(email[i] + 32) : email[i];
    low[n] = 0;
    enum code code = mark_make(p, "account", low, "", ret, reterr);
    crypto_wipe(low, sizeof low);
    return code;
}

enum code mark_identity(struct people *p, const char *issuer, const char *subject, struct account_mark *ret, struct err *reterr) {
    return mark_make(p, "identity", issuer, subject, ret, reterr);
}

static enum code holder_of(struct people *p, int rule, const struct account_mark *m, struct uuid *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(p->store, 0, &v, reterr);
    if (code == OK)
        code = claim_holder(view_sql(v), ACCOUNT_CLAIM_KIND, rule, &m->mark, ret, reterr);
    return code == E_NOT_FOUND ? err_set(reterr, E_NOT_FOUND, "there is no such account") : code;
}

enum code account_find(struct people *p, const char *email, struct uuid *ret, struct err *reterr) {
    char address[PERSON_EMAIL];
    struct account_mark m;
    enum code code = address_read(email, address, reterr);
    if (code == OK)
        code = mark_email(p, address, &m, reterr);
    crypto_wipe(address, sizeof address);
    return code == OK ? holder_of(p, ACCOUNT_CLAIM_RULE, &m, ret, reterr) : code;
}

enum code identity_find(struct people *p, const char *issuer, const char *subject, struct uuid *ret, struct err *reterr) {
    struct account_mark m;
    enum code code = mark_identity(p, issuer, subject, &m, reterr);
    return code == OK ? holder_of(p, IDENTITY_CLAIM_RULE, &m, ret, reterr) : code;
}

/* ---- opening and sealing */
static void associate(const struct uuid *id, unsigned part, key_id key, struct buf *ret) {
    uint8_t be[8];
    for (int i = 7; i >= 0; i--, key >>= 8)
        be[i] = (uint8_t)key;
    piece_add(ret, "account", 7);
    piece_add(ret, id->bytes, sizeof id->bytes);
    piece_add(ret, part == PART_PROFILE ? "profile" : "secret", part == PART_PROFILE ? 7 : 6);
    piece_add(ret, be, sizeof be);
}

static enum code part_open(const struct uuid *id, unsigned part, key_id id_of_key, const struct key *key, const void *bytes, size_t len, json_t **ret, struct err *reterr) {
    AUTO(buf_done) struct buf ad = BUF(256);
    AUTO(buf_wipe) struct buf plain = BUF(SEALED_MAX);
    size_t lost = mem_lost();
    associate(id, part, id_of_key, &ad);
    enum code code = ad.failed ? err_set(reterr, E_MEMORY, "no memory for an account") : seal_open(key, ad.data, ad.len, bytes, len, &plain, reterr);
    if (code != OK)
        return code;
    json_t *o = json_loadb(plain.data, plain.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(o)) {
        *ret = o;
        return OK;
    }
    json_decref(o);
    return mem_lost() != lost ? err_set(reterr, E_MEMORY, "no memory for an account") : err_set(reterr, E_DAMAGED, "what is stored of an account is damaged");
}

void account_close(struct account *a) {
    json_decref(a->profile);
    json_decref(a->secret);
    a->profile = a->secret = NULL;
}

enum code account_open(struct people *p, const struct uuid *id, struct account *ret, struct arena *arena, struct err *reterr) {
    AUTO(account_close) struct account a = { 0 };
    {
        AUTO(view_end) struct view *v = NULL;  /* the keeper is asked without a view open */
        enum code code = store_view(p->store, 0, &v, reterr);
        if (code == OK)
            code = account_get(view_sql(v), id, &a.row, arena, reterr);
        if (code != OK)
            return code;
    }
    const key_id ids[2] = { a.row.profile_key, a.row.secret_key };
    struct key keys[2];
    bool ok[2];
    enum code code = keeper_open(p->keeper, 0, ids, 2, keys, ok, reterr);
    if (code == OK && (!ok[0] || !ok[1]))
        code = err_set(reterr, E_KEY, "the keys of an account are gone");
    if (code == OK)
        code = part_open(id, PART_PROFILE, ids[0], &keys[0], a.row.profile, a.row.profile_len, &a.profile, reterr);
    if (code == OK)
        code = part_open(id, PART_SECRET, ids[1], &keys[1], a.row.secret, a.row.secret_len, &a.secret, reterr);
    crypto_wipe(keys, sizeof keys);
    if (code == OK) {
        *ret = a;
        a = (struct account){ 0 };
    }
    return code;
}

struct saving {
    struct account_edit *e; bool is_new; const struct account_mark *mark;
    struct buf blobs[2]; key_id keys[2], old[2]; size_t old_count;
};

static enum code part_seal(struct people *p, struct saving *s, int i, struct err *reterr) {
    unsigned part = 1u << i;
    struct account *a = s->e->a;
    key_id *of = i == 0 ? &a->row.profile_key : &a->row.secret_key;
    struct key key;
    bool ok = true;
    AUTO(buf_done) struct buf ad = BUF(256);
    AUTO(buf_wipe) struct buf plain = BUF(SEALED_MAX);
    if (((s->e->seal | s->e->fresh) & part) == 0)
        return OK;
    s->keys[i] = *of;
    enum code code = (s->e->fresh & part) != 0 ? keeper_make(p->keeper, 0, USEC_NEVER, 1, &s->keys[i], &key, reterr) : keeper_open(p->keeper, 0, of, 1, &key, &ok, reterr);
    if (code == OK && !ok)
        code = err_set(reterr, E_KEY, "the keys of an account are gone");
    if (code != OK)
        return code;
    json_text_add(&plain, i == 0 ? a->profile : a->secret);
    associate(&a->row.id, part, s->keys[i], &ad);
    code = plain.failed || ad.failed ? err_set(reterr, E_MEMORY, "no memory for an account") : seal(&key, ad.data, ad.len, plain.data, plain.len, &s->blobs[i], reterr);
    crypto_wipe(&key, sizeof key);
    return code;
}

static enum code saving_write(struct txn *t, void *arg, struct err *reterr) {
    struct saving *s = arg;
    struct account_edit *e = s->e;
    struct account_row row = e->a->row;
    enum code code = OK;
    if (s->blobs[0].len > 0) {
        row.profile = s->blobs[0].data;
        row.profile_len = s->blobs[0].len;
        row.profile_key = s->keys[0];
    }
    if (s->blobs[1].len > 0) {
        row.secret = s->blobs[1].data;
        row.secret_len = s->blobs[1].len;
        row.secret_key = s->keys[1];
    }
    code = s->is_new ? account_put(t, &row, reterr) : account_set(t, &row, reterr);
    if (code == OK && s->mark != NULL)
        code = claim_take(t, ACCOUNT_CLAIM_KIND, ACCOUNT_CLAIM_RULE, &s->mark->mark, &row.id, reterr);
    for (size_t i = 0; code == OK && i < s->old_count; i++)
        code = doomed_put(t, s->old[i], reterr);
    if (code == OK && e->more != NULL)
        code = e->more(t, e->arg, reterr);
    if (code == OK && e->verb != NULL)
        code = ledger_append(t, e->verb, e->by, e->what, reterr);
    return code;
}

/* New keys of what was not written open nothing. */
static void unused_keys(struct people *p, const struct saving *s) {
    struct err e;
    for (int i = 0; i < 2; i++)
        if ((s->e->fresh >> i & 1) != 0 && s->keys[i] != 0)
            (void)!keeper_destroy(p->keeper, 0, &s->keys[i], 1, &e);
}

static enum code save(struct people *p, struct saving *s, struct err *reterr) {
    struct account_row *row = &s->e->a->row;
    enum code code = part_seal(p, s, 0, reterr);
    if (code == OK)
        code = part_seal(p, s, 1, reterr);
    for (int i = 0; i < 2; i++)
        if (!s->is_new && (s->e->fresh >> i & 1) != 0)
            s->old[s->old_count++] = i == 0 ? row->profile_key : row->secret_key;
    bool wrote = code == OK;
    if (code == OK)
        code = store_write(p->store, 0, saving_write, s, reterr);
    if (code == OK) {
        struct err e;
        row->version++;
        if (s->blobs[0].len > 0)
            row->profile_key = s->keys[0];
        if (s->blobs[1].len > 0)
            row->secret_key = s->keys[1];
        row->profile = row->secret = NULL;     /* the old ones; nobody needs them */
        (void)!doom_now(p->services[0], 0, s->old, s->old_count, &e);      /* what fails stays doomed, and the next upkeep goes on */
    } else if (!wrote || code == E_STALE || code == E_CONFLICT || code == E_NOT_FOUND) {
        unused_keys(p, s);
    }
    buf_done(&s->blobs[0]);
    buf_done(&s->blobs[1]);
    return code;
}

enum code account_save(struct people *p, struct account_edit *e, struct err *reterr) {
    struct saving s = { .e = e, .blobs = { BUF(SEALED_MAX + 64), BUF(SEALED_MAX + 64) } };
    return save(p, &s, reterr);
}

enum code account_make(struct people *p, const char *email, const char *name, enum lang lang, const char *by, struct uuid *ret, struct err *reterr) {
    AUTO(account_close) struct account a = { .row = { .id = uuid_new(), .state = ACCOUNT_INVITED } };
    struct account_mark m;
    char id[UUID_TEXT];
    enum code code = mark_email(p, email, &m, reterr);
    if (code != OK)
        return code;
    a.profile = json_pack("{s:s, s:s, s:s}", "email", email, "name", name, "lang", lang_code(lang));
    a.secret = json_object();
    json_t *what = json_pack("{s:s}", "account", uuid_format(&a.row.id, id));
    struct account_edit e = { .a = &a, .seal = PART_PROFILE | PART_SECRET, .fresh = PART_PROFILE | PART_SECRET, .verb = "account_made", .by = by, .what = what };
    struct saving s = { .e = &e, .is_new = true, .mark = &m, .blobs = { BUF(SEALED_MAX + 64), BUF(SEALED_MAX + 64) } };
    code = a.profile == NULL || a.secret == NULL || what == NULL ? err_set(reterr, E_MEMORY, "no memory for an account") : save(p, &s, reterr);
    json_decref(what);
    if (code == OK)
        *ret = a.row.id;
    return code;
}

/* ---- what others are told of it */
static void text_into(const json_t *o, const char *name, char *ret, size_t room) { snprintf(ret, room, "%s", json_string_value(json_object_get(o, name)) ?: ""); }

enum code account_read(struct people *p, const struct uuid *id, struct person_of *ret, struct err *reterr) {
    PRE(p != NULL && id != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an account");
    enum code code = account_open(p, id, &a, arena, reterr);
    if (code != OK)
        return code;
    struct person_of r = { .id = *id, .state = (int)a.row.state, .made = a.row.made, .used = a.row.used, .password = a.row.password,
                           .totp = json_object_get(a.secret, "totp") != NULL, .passkeys = (unsigned)json_array_size(json_object_get(a.secret, "passkeys")),
                           .codes = (unsigned)json_array_size(json_object_get(a.secret, "codes")) };
    const char *lang = json_string_value(json_object_get(a.profile, "lang")) ?: "en";
    text_into(a.profile, "name", r.name, sizeof r.name);
    text_into(a.profile, "email", r.email, sizeof r.email);
    text_into(json_object_get(a.secret, "identity"), "issuer", r.issuer, sizeof r.issuer);
    if (!lang_parse(lang, strlen(lang), &r.lang))
        r.lang = LANG_EN;
    *ret = r;
    return OK;
}

enum code account_change(struct people *p, const struct uuid *id, const char *name, enum lang lang, struct err *reterr) {
    PRE(p != NULL && id != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    char clean[PERSON_NAME];
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an account");
    enum code code = name == NULL ? OK : name_read(name, clean, reterr);
    if (code == OK)
        code = account_open(p, id, &a, arena, reterr);
    if (code != OK)
        return code;
    if ((name != NULL && json_object_set_new(a.profile, "name", json_string(clean)) != 0) ||
        (lang < LANG_COUNT && json_object_set_new(a.profile, "lang", json_string(lang_code(lang))) != 0))
        return err_set(reterr, E_MEMORY, "no memory for an account");
    struct account_edit e = { .a = &a, .seal = PART_PROFILE, .fresh = PART_PROFILE };
    return account_save(p, &e, reterr);
}

enum code account_suspend(struct people *p, const struct uuid *id, bool on, const char *by, struct err *reterr) {
    PRE(p != NULL && id != NULL && by != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    char text[UUID_TEXT];
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an account");
    enum code code = account_open(p, id, &a, arena, reterr);
    if (code != OK)
        return code;
    if (!on && a.row.state != ACCOUNT_SUSPENDED)
        return err_set(reterr, E_CONFLICT, "the account is not suspended");
    a.row.state = on ? ACCOUNT_SUSPENDED : a.row.password != 0 || json_array_size(json_object_get(a.secret, "passkeys")) > 0 ? ACCOUNT_ACTIVE : ACCOUNT_INVITED;
    json_t *what = json_pack("{s:s}", "account", uuid_format(id, text));
    struct account_edit e = { .a = &a, .verb = on ? "account_suspended" : "account_resumed", .by = by, .what = what };
    code = account_save(p, &e, reterr);
    json_decref(what);
    access_forget();
    return code;
}
