/* guests.c */
#include "promises/guests.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "crypto/crypto.h"

#define COOKIE "__Host-sejf="

static void copy(char *ret, size_t room, const char *text) { snprintf(ret, room, "%s", text == NULL ? "" : text); }

static enum code broken(const char *what, const struct answer *a, struct err *reterr) {
    const char *why = json_string_value(json_object_get(a->json, "detail"));
    return err_set(reterr, E_BROKEN, "%s answered %d: %s", what, a->status, why == NULL ? "" : why);
}

/* Of the last Set-Cookie line of ours; one that is taken away is empty. */
static void cookie_take(struct guest *g, const struct answer *a) {
    for (const char *at = buf_str(&a->head); (at = strcasestr(at, "\nset-cookie: " COOKIE)) != NULL;) {
        at += sizeof "\nset-cookie: " COOKIE - 1;
        size_t len = strcspn(at, ";\r\n");
        snprintf(g->cookie, sizeof g->cookie, "%.*s", (int)(len < sizeof g->cookie ? len : 0), at);
    }
}

enum code guest_call(struct env *e, struct guest *g, const char *method, const char *path, json_t *body, struct answer *ret, struct err *reterr) {
    char cookie[GUEST_SECRET + 32], csrf[GUEST_SECRET + 32], origin[512];
    struct call c = { .method = method, .path = path, .role = "", .body = body, .from = g->from[0] != 0 ? g->from : NULL };
    size_t n = 0;
    snprintf(cookie, sizeof cookie, "Cookie: " COOKIE "%s", g->cookie);
    snprintf(csrf, sizeof csrf, "Sejf-Csrf: %s", g->csrf);
    snprintf(origin, sizeof origin, "Origin: %s", env_setup(e)->url);
    c.headers[n++] = origin;
    if (g->cookie[0] != 0)
        c.headers[n++] = cookie;
    if (g->csrf[0] != 0)
        c.headers[n++] = csrf;
    enum code code = env_call(e, &c, ret, reterr);
    if (code != OK)
        return code;
    cookie_take(g, ret);
    if (json_is_string(json_object_get(ret->json, "csrf"))) {
        copy(g->csrf, sizeof g->csrf, json_string_value(json_object_get(ret->json, "csrf")));
        copy(g->step, sizeof g->step, json_string_value(json_object_get(ret->json, "step")));
    }
    return OK;
}

/* 127.0.0.0/8 is this machine whatever comes behind. */
void guest_begin(struct guest *ret) {
    uint8_t x[3];
    crypto_random(x, sizeof x);
    *ret = (struct guest){ .account = "" };
    snprintf(ret->from, sizeof ret->from, "127.%u.%u.%u", 1u + x[0] % 254u, x[1], 1u + x[2] % 254u);
}

enum code guest_invite(struct env *e, int side, const char *role, const char *own, struct guest *ret, struct err *reterr) {
    json_t *made = NULL, *in = json_pack("{s:I,s:s}", "tenant", (json_int_t)env_tenant(e, side), "role", role);
    guest_begin(ret);
    if (own != NULL)
        json_object_set_new(in, "own", json_pack("[s]", own));
    enum code code = env_control(e, "probe_account", in, &made, reterr);
    if (code == OK) {
        copy(ret->account, sizeof ret->account, json_string_value(json_object_get(made, "account")));
        copy(ret->email, sizeof ret->email, json_string_value(json_object_get(made, "email")));
        copy(ret->link, sizeof ret->link, json_string_value(json_object_get(made, "link")));
    }
    json_decref(made);
    return code;
}

enum code guest_accept(struct env *e, struct guest *g, const char *password, int *ret_status, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    json_t *body = json_pack("{s:s,s:s,s:s}", "link", g->link, "password", password, "name", "Proba");
    enum code code = guest_call(e, g, "POST", "/v1/account/link/accept", body, &a, reterr);
    json_decref(body);
    if (code == OK) {
        *ret_status = a.status;
        copy(g->password, sizeof g->password, password);
    }
    return code;
}

enum code guest_sign_in(struct env *e, struct guest *g, const char *password, int *ret_status, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    json_t *body = json_pack("{s:s,s:s}", "email", g->email, "password", password);
    g->cookie[0] = g->csrf[0] = g->step[0] = 0;
    enum code code = guest_call(e, g, "POST", "/v1/account/sign-in", body, &a, reterr);
    json_decref(body);
    if (code == OK)
        *ret_status = a.status;
    return code;
}

enum code guest_enrol(struct env *e, struct guest *g, struct err *reterr) {
    AUTO(answer_done) struct answer begun = { 0 }, done = { 0 };
    char shown[TOTP_CODE];
    json_t *empty = json_object();
    enum code code = guest_call(e, g, "POST", "/v1/account/totp/begin", empty, &begun, reterr);
    json_decref(empty);
    if (code != OK)
        return code;
    copy(g->totp, sizeof g->totp, json_string_value(json_object_get(begun.json, "secret")));
    if (begun.status != 200 || !totp_code(g->totp, clock_now(), shown))
        return broken("adding an authenticator", &begun, reterr);
    json_t *body = json_pack("{s:s}", "code", shown);
    code = guest_call(e, g, "POST", "/v1/account/totp/confirm", body, &done, reterr);
    json_decref(body);
    return code == OK && done.status != 200 ? broken("a code of the authenticator", &done, reterr) : code;
}

/* Random, so that it is in no list; with words, so that it is long. */
static void password_make(char ret[64]) {
    uint64_t x[2];
    crypto_random(x, sizeof x);
    snprintf(ret, 64, "probe %016llx %016llx", (unsigned long long)x[0], (unsigned long long)x[1]);
}

enum code guest_in(struct env *e, int side, const char *role, const char *own, struct guest *ret, struct err *reterr) {
    char password[64];
    int status = 0;
    password_make(password);
    enum code code = guest_invite(e, side, role, own, ret, reterr);
    if (code == OK)
        code = guest_accept(e, ret, password, &status, reterr);
    if (code == OK && strcmp(ret->step, "enrol") == 0)
        code = guest_enrol(e, ret, reterr);
    if (code == OK && strcmp(ret->step, "whole") != 0)
        return err_set(reterr, E_BROKEN, "taking the link of a %s answered %d and left the session \"%s\"", role, status, ret->step);
    return code;
}

bool guest_can_be(const struct env *e, int person) {
    const struct charter *c = env_charter(e);
    return charter_signs_in(c, person) && !charter_operator_staff(c, person) && !charter_public(c, person) && !charter_sign_in(c, person).passkey;
}

int guest_role(const struct env *e, bool second) {
    const struct person *people;
    const struct charter *c = env_charter(e);
    size_t n = charter_people(c, &people);
    for (size_t i = 0; i < n; i++) {
        struct sign_in_rule r = charter_sign_in(c, (int)i);
        if (guest_can_be(e, (int)i) && (!second || r.second))
            return (int)i;
    }
    return -1;
}
