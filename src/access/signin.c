/* signin.c — coming in, step by step. Whether an address is known shows neither in the answer nor in the time it takes: an unknown one
 * is asked of the keeper and hashed like any other, and every refusal of a first step is the same. */
#include "access/signin.h"

#include <stdio.h>
#include <string.h>

#include "access/hasher.h"
#include "access/throttle.h"
#include "crypto/recovery.h"
#include "crypto/totp.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger.h"

static enum code no_memory(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory to sign in"); }
static enum code refused(struct err *reterr) { return err_set(reterr, E_SIGN_IN, "the address or the password is not right, or the account is not open"); }
static enum code wait_a_while(unsigned seconds, struct err *reterr) {
    char field[24];
    snprintf(field, sizeof field, "%u", seconds);
    return err_field(reterr, E_TOO_MANY, field, "too many attempts: try again in %u seconds", seconds);
}

/* ---- what a person's roles ask */
static void need_more(struct needs *n, const struct sign_in_rule *r) {
    n->second = n->second || r->second;
    n->passkey = n->passkey || r->passkey;
    n->length = r->length > n->length ? r->length : n->length;
}

/* Of the operator's staff: what any charter says of that role, and a second step in any case. */
static void needs_of_staff(struct people *p, const char *role, struct needs *n) {
    for (size_t i = 0; i < p->count; i++) {
        const struct charter *c = service_charter(p->services[i]);
        int person = charter_person(c, role);
        struct sign_in_rule r = { .length = PASSWORD_LENGTH_LEAST };
        if (person >= 0)
            r = charter_sign_in(c, person);
        r.second = true;
        need_more(n, &r);
    }
}

void needs_of(struct people *p, const struct memberships *m, usec_t password, struct needs *ret) {
    struct needs n = { .length = PASSWORD_LENGTH_LEAST };
    for (size_t i = 0; i < m->count; i++) {
        if (m->list[i].service == NULL) {
            needs_of_staff(p, m->list[i].row.role, &n);
            continue;
        }
        if (m->list[i].person < 0)
            continue;
        const struct charter *c = service_charter(m->list[i].service);
        struct sign_in_rule r = charter_sign_in(c, m->list[i].person);
        need_more(&n, &r);
        if (span_days(&r.changed) > 0 && password != 0 && zone_add(charter_zone(c), password, &r.changed, 1) <= clock_now())
            n.aged = true;
    }
    *ret = n;
}

enum session_step step_needed(const struct account *a, unsigned factors, const struct needs *n) {
    bool passkey = json_array_size(json_object_get(a->secret, "passkeys")) > 0, enrolled = factor_enrolled(a);
    bool second = (factors & FACTORS_SECOND) != 0;
    json_int_t points = json_integer_value(json_object_get(a->secret, "points"));
    if (rule_on(RULE_second_factor)) {
        if ((enrolled && !second) || (n->passkey && passkey && (factors & FACTOR_PASSKEY) == 0))
            return STEP_SECOND;
        if ((n->second && !enrolled && !second) || (n->passkey && !passkey))
            return STEP_ENROL;
    }
    if ((factors & FACTOR_PASSWORD) != 0 && ((n->aged && rule_on(RULE_password_change)) || (points < n->length && rule_on(RULE_password_length))))
        return STEP_CHANGE;
    return STEP_WHOLE;
}

/* ---- making sessions */
#define SESSIONS_MOST 50                       /* of one account; the oldest give way */
struct making { struct session_row row; const uint8_t *from; int64_t number; bool was_whole; usec_t password; };

/* Between the opening of an account and the making of a session a password is hashed: what was right then must be right still. */
static enum code still_so(struct txn *t, const struct making *m, struct err *reterr) {
    struct account_row now;
    struct err e;
    AUTO(arena_free) struct arena *arena = arena_new(2 << 20);
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = account_get(txn_sql(t), &m->row.account, &now, arena, &e);
    if (code == E_NOT_FOUND || (code == OK && (now.state != ACCOUNT_ACTIVE || now.password != m->password)))
        return refused(reterr);
    if (code != OK)
        *reterr = e;
    return code;
}

static enum code signed_in(struct txn *t, const struct session_row *row, struct err *reterr) {
    char by[80], id[UUID_TEXT];
    snprintf(by, sizeof by, "account %s", uuid_format(&row->account, id));
    json_t *what = json_pack("{s:b}", "second", (row->factors & FACTORS_SECOND) != 0);
    enum code code = ledger_append(t, "signed_in", by, what, reterr);
    json_decref(what);
    return code;
}

static enum code make_write(struct txn *t, void *arg, struct err *reterr) {
    struct making *m = arg;
    struct session_row row = m->row;
    enum code code = m->from == NULL ? still_so(t, m, reterr) : OK;
    if (code != OK)
        return code;
    code = m->from != NULL ? session_turn(t, m->from, &row, reterr) : session_put(t, &row, &m->number, reterr);
    if (code == OK && m->from == NULL)
        code = sessions_trim(t, &row.account, SESSIONS_MOST, reterr);
    return code == OK && row.step == STEP_WHOLE && !m->was_whole ? signed_in(t, &row, reterr) : code;
}

/* Nobody signs in without an authorisation in force, where every charter that the person would come to asks for one. */
static enum code any_authorised(struct people *p, const struct memberships *m, const struct uuid *account, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; i < m->count; i++) {
        usec_t until = USEC_NEVER;
        const struct membership *one = &m->list[i];
        if (one->service != NULL && one->person < 0)
            continue;
        code = one->service == NULL ? staff_authorised(p, one->row.role, account, &until, reterr) : authorised(one->service, one->row.tenant, one->person, account, &until, reterr);
        if (code != E_SIGN_IN)
            return code;
    }
    return code;
}

enum code needs_read(struct people *p, const struct account *a, struct arena *arena, struct memberships *ret_members, struct needs *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(p->store, 0, &v, reterr);
    if (code == OK)
        code = memberships_read(p, view_sql(v), &a->row.id, arena, ret_members, reterr);
    if (code == OK && ret_members->count == 0)
        return refused(reterr);
    if (code == OK)
        needs_of(p, ret_members, a->row.password, ret);
    return code;
}

enum code session_make(struct people *p, const struct visitor *v, const struct account *a, unsigned factors, const uint8_t *from, const struct account_edit *with,
                       char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr) {
    struct needs needs = { 0 };
    struct making m = { .from = from, .password = a->row.password };
    struct memberships members;
    char secret[SESSION_TEXT];
    AUTO(arena_free) struct arena *arena = arena_new(4 << 20);
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = needs_read(p, a, arena, &members, &needs, reterr);
    if (code != OK)
        return code;
    usec_t now = clock_now(), ran = store_ran(p->store);
    if (from != NULL) {
        AUTO(view_end) struct view *view = NULL;
        code = store_view(p->store, 0, &view, reterr);
        if (code == OK)
            code = session_get(view_sql(view), from, &m.row, arena, reterr);
        if (code != OK)
            return code == E_NOT_FOUND ? err_set(reterr, E_SIGN_IN, "sign in first: this session has ended") : code;
        factors |= m.row.factors;
        m.was_whole = m.row.step == STEP_WHOLE;
    } else {
        m.row = (struct session_row){ .account = a->row.id, .agent = v != NULL && v->agent != NULL ? v->agent : "", .made = now, .ran = ran };
    }
    m.row.factors = factors;
    m.row.step = (int)step_needed(a, factors, &needs);
    if (m.row.step == STEP_WHOLE && (code = any_authorised(p, &members, &a->row.id, reterr)) != OK)
        return code;
    m.row.used = now;
    m.row.used_ran = ran;
    m.row.elevated = m.row.step == STEP_WHOLE ? ran + ELEVATED_FOR : 0;
    secret_make("", secret, sizeof secret, m.row.hash);
    if (with != NULL) {
        struct account_edit edit = *with;
        edit.more = make_write;
        edit.arg = &m;
        code = account_save(p, &edit, reterr);
    } else {
        code = store_write(p->store, 0, make_write, &m, reterr);
    }
    if (from != NULL)
        session_forget(from);
    if (code == OK) {
        m.row.number = from != NULL ? m.row.number : m.number;
        memcpy(ret_secret, secret, sizeof secret);
        session_shown(p, &m.row, secret, ret);
    }
    crypto_wipe(secret, sizeof secret);
    return code == E_NOT_FOUND ? err_set(reterr, E_SIGN_IN, "sign in first: this session has ended") : code;
}

/* ---- address and password */
static void try_of(const char *email, const struct visitor *v, enum throttle_what what, uint8_t account[HASH_SIZE], struct throttle_try *ret) {
    char low[PERSON_EMAIL];
    size_t n = 0;
    for (; email != NULL && email[n] != 0 && n < sizeof low - 1; n++)
        low[n] = email[n] >= 'A' && email[n] <= 'Z' ? (char)(email[n] + 32) : email[n];
    hash_sha256(low, n, account);
    crypto_wipe(low, sizeof low);
    *ret = (struct throttle_try){ .what = what, .account = account, .from = source_of(v->address) };
}

static enum code throttled(struct people *p, const struct throttle_try *try, struct err *reterr) {
    unsigned seconds = 1;
    struct err e;
    if (!rule_on(RULE_sign_in_throttled))
        return OK;
    enum code code = throttle_check(p->throttle, try, clock_steady(), &seconds, &e);
    if (code == E_TOO_MANY)
        return wait_a_while(seconds, reterr);
    if (code != OK)
        *reterr = e;
    return code;
}

static void throttle_over(struct people *p, const struct throttle_try *try, enum code code, bool right) {
    if (rule_on(RULE_sign_in_throttled))
        throttle_end(p->throttle, try, code != OK ? THROTTLE_UNTRIED : right ? THROTTLE_RIGHT : THROTTLE_WRONG, clock_steady());
}

/* Opens the account of that address. *ret_there false: nobody has it; then the keeper was asked all the same. */
static enum code account_of(struct people *p, const char *email, struct account *ret, struct arena *arena, bool *ret_there, struct err *reterr) {
    struct uuid id;
    struct err e;
    enum code code = account_find(p, email, &id, &e);
    if (code == OK)
        code = account_open(p, &id, ret, arena, &e);
    *ret_there = code == OK;
    if (code == E_NOT_FOUND || code == E_FIELDS) {
        const key_id none[2] = { 1, 2 };
        struct key keys[2];
        bool ok[2];
        code = keeper_open(p->keeper, 0, none, 2, keys, ok, &e);
        crypto_wipe(keys, sizeof keys);
    }
    if (code != OK)
        *reterr = e;
    return code;
}

static const char *password_of(const struct account *a) { return json_string_value(json_object_get(a->secret, "password")); }

/* Is it the account's? Busy hashing threads end with E_TOO_MANY. */
static enum code password_right(struct people *p, const struct visitor *v, const struct account *a, const char *password, bool *ret, struct err *reterr) {
    struct net_source from = source_of(v->address);
    struct err e;
    enum code code = hasher_verify(p->hasher, &from, a == NULL ? NULL : password_of(a), password, strlen(password), ret, &e);
    if (code == E_TOO_MANY)
        return wait_a_while(hasher_wait(p->hasher), reterr);
    if (code != OK)
        *reterr = e;
    return code;
}

/* A hash of a time when machines were slower is made anew, now that the password is known. What fails is left for the next time. */
static bool freshen(struct people *p, const struct visitor *v, struct account *a, const char *password) {
    struct net_source from = source_of(v->address);
    char hash[PASSWORD_HASH_MAX];
    struct err e;
    if (!hasher_stale(p->hasher, password_of(a)) || hasher_hash(p->hasher, &from, password, strlen(password), hash, &e) != OK)
        return false;
    return json_object_set_new(a->secret, "password", json_string(hash)) == 0;
}

enum code session_password(struct people *p, const struct visitor *v, const char *email, const char *password, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr) {
    PRE(p != NULL && v != NULL && email != NULL && password != NULL && ret_secret != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    uint8_t named[HASH_SIZE];
    struct throttle_try try;
    bool there = false, right = false;
    if (arena == NULL)
        return no_memory(reterr);
    try_of(email, v, THROTTLE_PASSWORD, named, &try);
    enum code code = throttled(p, &try, reterr);
    if (code != OK)
        return code;
    code = account_of(p, email, &a, arena, &there, reterr);
    if (code == OK)
        code = password_right(p, v, there && a.row.state == ACCOUNT_ACTIVE ? &a : NULL, password, &right, reterr);
    throttle_over(p, &try, code, right);
    if (code != OK)
        return code;
    if (!right)
        return refused(reterr);
    struct account_edit e = { .a = &a, .seal = PART_SECRET, .fresh = PART_SECRET };
    bool anew = freshen(p, v, &a, password);
    return session_make(p, v, &a, FACTOR_PASSWORD, NULL, anew ? &e : NULL, ret_secret, ret, reterr);
}

/* ---- the second step, and confirming */
static enum code account_of_session(struct people *p, const char *secret, struct session_row *row, struct account *ret, struct arena *arena, struct err *reterr) {
    enum code code = arena == NULL ? no_memory(reterr) : session_row_of(p, secret, row, reterr);
    return code == OK ? account_open(p, &row->account, ret, arena, reterr) : code;
}

static bool totp_fits(struct account *a, const char *code) {
    json_t *totp = json_object_get(a->secret, "totp");
    const char *text = json_string_value(json_object_get(totp, "secret"));
    uint8_t secret[TOTP_SECRET_SIZE];
    size_t len = 0;
    int64_t step = 0;
    bool fits = text != NULL && base64url_decode(text, strlen(text), secret, sizeof secret, &len) && len == sizeof secret &&
                totp_verify(secret, code, clock_now(), json_integer_value(json_object_get(totp, "last")), &step);
    crypto_wipe(secret, sizeof secret);
    return fits && json_object_set_new(totp, "last", json_integer(step)) == 0;
}

static bool recovery_fits(struct account *a, const char *code) {
    json_t *list = json_object_get(a->secret, "codes");
    struct recovery_hash hashes[RECOVERY_CODES];
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list) && n < RECOVERY_CODES; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        size_t len = 0;
        if (text != NULL && base64url_decode(text, strlen(text), hashes[n].bytes, HASH_SIZE, &len) && len == HASH_SIZE)
            n++;
    }
    int at = recovery_find(hashes, n, code);
    return at >= 0 && json_array_remove(list, (size_t)at) == 0;
}

enum code session_code(struct people *p, const struct visitor *v, const char *secret, const char *code_text, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr) {
    PRE(p != NULL && v != NULL && code_text != NULL && ret_secret != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct session_row row;
    uint8_t named[HASH_SIZE];
    struct throttle_try try;
    enum code code = account_of_session(p, secret, &row, &a, arena, reterr);
    if (code != OK)
        return code;
    try_of(json_string_value(json_object_get(a.profile, "email")), v, THROTTLE_CODE, named, &try);
    if ((code = throttled(p, &try, reterr)) != OK)
        return code;
    bool totp = totp_fits(&a, code_text), recovery = !totp && recovery_fits(&a, code_text);
    throttle_over(p, &try, OK, totp || recovery);
    if (!totp && !recovery)
        return err_set(reterr, E_SIGN_IN, "this code is not right, or it was used already");
    /* a used recovery code does not live on in an older copy; a step of TOTP is worth nothing there. The version of the account makes
     * sure that one code is taken once: of two at the same time one ends with E_STALE */
    struct account_edit e = { .a = &a, .seal = PART_SECRET, .fresh = recovery ? PART_SECRET : 0 };
    code = session_make(p, v, &a, totp ? FACTOR_TOTP : FACTOR_CODE, row.hash, &e, ret_secret, ret, reterr);
    return code == E_STALE ? err_set(reterr, E_SIGN_IN, "this code is not right, or it was used already") : code;
}

enum code session_confirm(struct people *p, const struct visitor *v, const char *secret, const char *password, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr) {
    PRE(p != NULL && v != NULL && password != NULL && ret_secret != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct session_row row;
    uint8_t named[HASH_SIZE];
    struct throttle_try try;
    bool right = false;
    enum code code = account_of_session(p, secret, &row, &a, arena, reterr);
    if (code != OK)
        return code;
    if (row.step != STEP_WHOLE)
        return err_set(reterr, E_SIGN_IN, "signing in is not finished");
    try_of(json_string_value(json_object_get(a.profile, "email")), v, THROTTLE_PASSWORD, named, &try);
    if ((code = throttled(p, &try, reterr)) != OK)
        return code;
    code = password_right(p, v, &a, password, &right, reterr);
    throttle_over(p, &try, code, right);
    if (code != OK)
        return code;
    if (!right)
        return err_set(reterr, E_SIGN_IN, "the password is not right");
    return session_make(p, v, &a, FACTOR_PASSWORD, row.hash, NULL, ret_secret, ret, reterr);
}

enum code session_person(struct people *p, const struct visitor *v, const struct uuid *account, unsigned factors, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr) {
    PRE(p != NULL && account != NULL && ret_secret != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    if (arena == NULL)
        return no_memory(reterr);
    enum code code = account_open(p, account, &a, arena, reterr);
    if (code == OK && a.row.state != ACCOUNT_ACTIVE)
        return refused(reterr);
    return code == OK ? session_make(p, v, &a, factors, NULL, NULL, ret_secret, ret, reterr) : code;
}

enum code session_go_on(struct people *p, const char *secret, char ret_secret[SESSION_TEXT], struct session *ret, struct err *reterr) {
    PRE(p != NULL && ret_secret != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    AUTO(account_close) struct account a = { 0 };
    struct session_row row;
    enum code code = account_of_session(p, secret, &row, &a, arena, reterr);
    return code == OK ? session_make(p, NULL, &a, 0, row.hash, NULL, ret_secret, ret, reterr) : code;
}
