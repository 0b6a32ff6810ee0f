/* probes_people.c — people who sign in: what a session needs, when it ends, who manages accounts. Each probe brings invented people in by
 * the same links and calls as a browser. */
#include <stdio.h>
#include <string.h>
#include <threads.h>

#include "base/time.h"
#include "crypto/crypto.h"
#include "promises/guests.h"
#include "promises/probes.h"

#define WITHIN (3 * USEC_PER_SEC)             /* a second is promised; a busy machine takes longer to ask */

static const char *role_name(const struct env *e, int person) {
    const struct person *people;
    size_t n = charter_people(env_charter(e), &people);
    PRE(person >= 0 && (size_t)person < n);
    return people[person].name;
}

/* A list of the service with the guest's session: 200 where it is let in, for its role may list something or nothing at all. */
static enum code service_status(struct env *e, struct guest *g, int *ret, struct err *reterr) {
    char path[256];
    AUTO(answer_done) struct answer a = { 0 };
    int kind = env_personal_kind(e);
    snprintf(path, sizeof path, "/v1/%s/%s?limit=1", env_service(e), charter_kind_at(env_charter(e), kind < 0 ? 0 : kind)->name);
    enum code code = guest_call(e, g, "GET", path, NULL, &a, reterr);
    if (code == OK)
        *ret = a.status;
    return code;
}

/* 401 within the time; *ret false: it still answers. */
static enum code is_out(struct env *e, struct guest *g, bool *ret, struct err *reterr) {
    usec_t end = clock_steady() + WITHIN;
    int status = 0;
    for (;;) {
        enum code code = service_status(e, g, &status, reterr);
        *ret = code == OK && status == 401;
        if (code != OK || *ret || clock_steady() > end)
            return code;
        thrd_sleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
    }
}

static enum code nobody(struct verdict_line *v) { return SAY(v, true, "nobody of this charter signs in with a password"); }

/* ---- second_factor */

enum code probe_second(struct env *e, struct verdict_line *v, struct err *reterr) {
    struct guest g;
    int status = 0, person = guest_role(e, true);
    if (person < 0 || !charter_sign_in(env_charter(e), person).second)
        return SAY(v, true, "no role of this charter needs a second step");
    enum code code = guest_invite(e, 0, role_name(e, person), NULL, &g, reterr);
    if (code == OK)
        code = guest_accept(e, &g, "probe of a second step 4711", &status, reterr);
    if (code == OK && status != 200)
        return err_set(reterr, E_BROKEN, "taking the link answered %d", status);
    if (code == OK)
        code = service_status(e, &g, &status, reterr);
    if (code != OK)
        return code;
    if (strcmp(g.step, "enrol") != 0 || status != 401)
        return SAY(v, false, "%s without any second step has a session \"%s\", and the service answered %d", role_name(e, person), g.step, status);
    if ((code = guest_enrol(e, &g, reterr)) == OK)
        code = service_status(e, &g, &status, reterr);
    if (code == OK && status == 401)
        return SAY(v, false, "%s with a second step is not let in", role_name(e, person));
    if (code == OK)
        code = guest_sign_in(e, &g, g.password, &status, reterr);
    if (code == OK)
        code = service_status(e, &g, &status, reterr);
    if (code != OK)
        return code;
    return SAY(v, strcmp(g.step, "second") == 0 && status == 401, status == 401 ? "a password alone reaches nothing as %s: not before a second step is there, and not without it after"
               : "a password alone reached the service as %s", role_name(e, person));
}

/* ---- password_length */

enum code probe_password(struct env *e, struct verdict_line *v, struct err *reterr) {
    static const struct { const char *what, *text; } bad[] = { { "one of 11 characters", "Kx7 vq2 Zpw" }, { "one of a list of leaked ones", "qwertyuiop12" }, { "another of that list", "password1234" } };
    struct guest g;
    int status = 0, person = guest_role(e, false);
    if (person < 0)
        return nobody(v);
    enum code code = guest_invite(e, 0, role_name(e, person), NULL, &g, reterr);
    for (size_t i = 0; code == OK && i < ARRAY_LEN(bad); i++) {
        code = guest_accept(e, &g, bad[i].text, &status, reterr);
        if (code == OK && status != 422)
            return SAY(v, false, "a password, %s, answered %d instead of 422", bad[i].what, status);
    }
    if (code == OK)
        code = guest_accept(e, &g, "probe of quiet lanterns 4711", &status, reterr);
    if (code != OK)
        return code;
    return SAY(v, status == 200, status == 200 ? "passwords that are short or leaked are refused, a good one is taken" : "a good password answered %d", status);
}

/* ---- password_change */

static int role_that_changes(const struct env *e) {
    const struct person *people;
    size_t n = charter_people(env_charter(e), &people);
    for (size_t i = 0; i < n; i++) {
        struct sign_in_rule r = charter_sign_in(env_charter(e), (int)i);
        if (guest_can_be(e, (int)i) && span_days(&r.changed) > 0)
            return (int)i;
    }
    return -1;
}

enum code probe_change(struct env *e, struct verdict_line *v, struct err *reterr) {
    struct guest g;
    json_t *aged = NULL;
    int status = 0, person = role_that_changes(e);
    if (person < 0)
        return SAY(v, true, "no password of this charter has an age at which it must be changed");
    struct sign_in_rule rule = charter_sign_in(env_charter(e), person);
    enum code code = guest_in(e, 0, role_name(e, person), NULL, &g, reterr);
    if (code == OK)
        code = env_control(e, "probe_password_age", json_pack("{s:I,s:s,s:I}", "tenant", (json_int_t)env_tenant(e, 0), "account", g.account,
                                                              "days", (json_int_t)span_days(&rule.changed) + 3), &aged, reterr);
    json_decref(aged);
    if (code == OK)
        code = guest_sign_in(e, &g, g.password, &status, reterr);
    if (code == OK && strcmp(g.step, "second") == 0) {           /* the next code, for each works once */
        char shown[TOTP_CODE] = "";
        AUTO(answer_done) struct answer a = { 0 };
        (void)!totp_code(g.totp, clock_now() + TOTP_STEP_SECONDS * USEC_PER_SEC, shown);
        json_t *body = json_pack("{s:s}", "code", shown);
        code = guest_call(e, &g, "POST", "/v1/account/second", body, &a, reterr);
        json_decref(body);
    }
    if (code == OK)
        code = service_status(e, &g, &status, reterr);
    if (code != OK)
        return code;
    return SAY(v, strcmp(g.step, "change_password") == 0 && status == 401, status == 401 ? "%s with a password past its age reaches nothing before it is changed"
               : "%s with a password past its age reached the service", role_name(e, person));
}

/* ---- accounts_managed */

static enum code entries(struct env *e, const char *verb, int64_t *ret, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_entries", json_pack("{s:I,s:s}", "tenant", (json_int_t)env_tenant(e, 0), "verb", verb), &got, reterr);
    if (code == OK)
        *ret = json_integer_value(json_object_get(got, "count"));
    json_decref(got);
    return code;
}

static enum code members_call(struct env *e, struct guest *g, int side, const char *method, const char *tail, json_t *body, int *ret, struct guest *ret_joiner, struct err *reterr) {
    char path[256];
    AUTO(answer_done) struct answer a = { 0 };
    snprintf(path, sizeof path, "/v1/tenants/%lld/members%s", (long long)env_tenant(e, side), tail);
    enum code code = guest_call(e, g, method, path, body, &a, reterr);
    json_decref(body);
    if (code == OK) {
        *ret = a.status;
        if (ret_joiner != NULL) {
            const char *link = json_string_value(json_object_get(a.json, "link")) ?: "", *secret = strrchr(link, '/');
            guest_begin(ret_joiner);
            snprintf(ret_joiner->account, sizeof ret_joiner->account, "%s", json_string_value(json_object_get(a.json, "account")) ?: "");
            snprintf(ret_joiner->link, sizeof ret_joiner->link, "%s", secret == NULL ? "" : secret + 1);
        }
    }
    return code;
}

static json_t *invitation(const char *role) {
    char email[128];
    uint64_t x;
    crypto_random(&x, sizeof x);
    snprintf(email, sizeof email, "joiner.%016llx@probe.example", (unsigned long long)x);
    return json_pack("{s:s,s:s,s:s}", "role", role, "email", email, "name", "Proba");
}

/* Somebody of a tenant's staff who does not manage accounts; -1: everybody does. */
static int role_below(const struct env *e) {
    const struct person *people;
    const struct charter *c = env_charter(e);
    size_t n = charter_people(c, &people);
    for (size_t i = 0; i < n; i++)
        if (guest_can_be(e, (int)i) && (int)i != charter_accounts_by(c) && (int)i != charter_tenant(c))
            return (int)i;
    return -1;
}

/* Who may not: a member of another role, and the owner of another tenant. */
static enum code others_refused(struct env *e, int below, struct verdict_line *v, bool *ret_fine, struct err *reterr) {
    struct guest g;
    int status = 0, stranger = 0;
    enum code code = guest_in(e, 0, role_name(e, below), NULL, &g, reterr);
    if (code == OK)
        code = members_call(e, &g, 0, "POST", "", invitation(role_name(e, below)), &status, NULL, reterr);
    if (code == OK)
        code = guest_in(e, 1, role_name(e, charter_accounts_by(env_charter(e))), NULL, &g, reterr);
    if (code == OK)
        code = members_call(e, &g, 0, "GET", "", NULL, &stranger, NULL, reterr);
    *ret_fine = status == 403 && stranger == 404;
    if (code == OK && !*ret_fine)
        (void)SAY(v, false, "%s inviting somebody answered %d instead of 403, the owner of another tenant looking answered %d instead of 404", role_name(e, below), status, stranger);
    return code;
}

enum code probe_managed(struct env *e, struct verdict_line *v, struct err *reterr) {
    static const struct { const char *method, *tail, *verb; int want; } steps[] = { { "POST", "/suspend", "member_suspended", 204 }, { "POST", "/resume", "member_resumed", 204 }, { "DELETE", "", "member_removed", 204 } };
    struct guest owner, joiner;
    char tail[UUID_TEXT + 32];
    bool fine = true;
    int status = 0, below = role_below(e), by = charter_accounts_by(env_charter(e));
    int64_t before = 0, after = 0;
    if (by < 0 || !guest_can_be(e, by))
        return nobody(v);
    enum code code = below < 0 ? OK : others_refused(e, below, v, &fine, reterr);
    if (code != OK || !fine)
        return code;
    code = guest_in(e, 0, role_name(e, by), NULL, &owner, reterr);
    if (code == OK)
        code = entries(e, "member_invited", &before, reterr);
    if (code == OK)
        code = members_call(e, &owner, 0, "POST", "", invitation(role_name(e, below < 0 ? by : below)), &status, &joiner, reterr);
    if (code == OK)
        code = entries(e, "member_invited", &after, reterr);
    if (code == OK && (status != 201 || after != before + 1))
        return SAY(v, false, "%s inviting somebody answered %d, with %lld entries in the ledger", role_name(e, by), status, (long long)(after - before));
    if (code == OK)
        code = guest_accept(e, &joiner, "probe of patient harbours 4711", &status, reterr);
    if (code == OK && status != 200)
        return SAY(v, false, "the invitation of %s was answered %d", role_name(e, by), status);
    for (size_t i = 0; code == OK && i < ARRAY_LEN(steps); i++) {
        snprintf(tail, sizeof tail, "/%s%s", joiner.account, steps[i].tail);
        code = entries(e, steps[i].verb, &before, reterr);
        if (code == OK)
            code = members_call(e, &owner, 0, steps[i].method, tail, steps[i].method[0] == 'P' ? json_object() : NULL, &status, NULL, reterr);
        if (code == OK)
            code = entries(e, steps[i].verb, &after, reterr);
        if (code == OK && (status != steps[i].want || after != before + 1))
            return SAY(v, false, "%s of %s answered %d, with %lld entries in the ledger", steps[i].verb, role_name(e, by), status, (long long)(after - before));
    }
    return code != OK ? code : SAY(v, true, "%s invited, suspended, resumed and removed, an entry each; nobody else could", role_name(e, by));
}

/* ---- sessions_end */

static enum code moved(struct env *e, const struct guest *g, const char *what, double days, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_session_age", json_pack("{s:I,s:s,s:s,s:I}", "tenant", (json_int_t)env_tenant(e, 0), "account", g->account, "what", what,
                                                                   "seconds", (json_int_t)(days * 86400) + 60), &got, reterr);
    json_decref(got);
    return code;
}

enum code probe_sessions(struct env *e, struct verdict_line *v, struct err *reterr) {
    struct sessions_rule rule = charter_sessions(env_charter(e));
    const struct { const char *what; double days; } clocks[] = { { "used", span_days(&rule.idle) }, { "made", span_days(&rule.most) } };
    int status = 0, person = guest_role(e, false);
    bool out = false;
    struct guest g, left;
    if (person < 0)
        return nobody(v);
    enum code code = guest_in(e, 0, role_name(e, person), NULL, &g, reterr);
    if (code == OK)
        code = service_status(e, &g, &status, reterr);
    if (code == OK && status == 401)
        return SAY(v, false, "a new session is not let in");
    AUTO(answer_done) struct answer a = { 0 };
    json_t *empty = json_object();
    left = g;
    if (code == OK)
        code = guest_call(e, &g, "POST", "/v1/account/sign-out", empty, &a, reterr);
    json_decref(empty);
    if (code == OK)
        code = is_out(e, &left, &out, reterr);
    if (code == OK && !out)
        return SAY(v, false, "a session goes on after it was signed out");
    for (size_t i = 0; code == OK && i < ARRAY_LEN(clocks); i++) {
        code = guest_in(e, 0, role_name(e, person), NULL, &g, reterr);
        if (code == OK)
            code = moved(e, &g, clocks[i].what, clocks[i].days, reterr);
        if (code == OK)
            code = is_out(e, &g, &out, reterr);
        if (code == OK && !out)
            return SAY(v, false, "a session %s longer ago than the charter allows still answers", clocks[i].what);
    }
    return code != OK ? code : SAY(v, true, "signed out, unused too long, and too old: each is refused");
}

/* ---- sign_in_throttled */

enum code probe_throttle(struct env *e, struct verdict_line *v, struct err *reterr) {
    struct guest g;
    int status = 0, tries = 0, person = guest_role(e, false);
    if (person < 0)
        return nobody(v);
    enum code code = guest_in(e, 0, role_name(e, person), NULL, &g, reterr);
    while (code == OK && tries++ < 60 && status != 429)
        code = guest_sign_in(e, &g, "not the password of the probe", &status, reterr);
    if (code != OK)
        return code;
    return SAY(v, status == 429, status == 429 ? "wrong passwords are slowed after %d tries" : "%d wrong passwords were all answered at once", tries);
}
