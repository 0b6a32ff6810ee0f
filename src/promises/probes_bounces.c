/* probes_bounces.c — who gets nothing more, and sending that pauses. */
#include <stdio.h>
#include <string.h>

#include "promises/probe_mail.h"

static enum code call(struct env *e, const char *method, const char *path, const json_t *body, struct answer *ret, struct err *reterr) {
    char url[200];
    snprintf(url, sizeof url, "/v1/%s/%s", env_service(e), path);
    answer_done(ret);
    return env_call(e, &(struct call){ .method = method, .path = url, .side = 1, .body = (json_t *)(uintptr_t)body }, ret, reterr);
}

/* 409: it may go later. */
static bool stopped(const struct answer *a, const char *gate) { return (a->status == 403 || a->status == 409) && strcmp(mail_gate(a), gate) == 0; }

/* ---- the list */

struct whom { int kind; bool sms; const char *name; char id[UUID_TEXT]; json_t *input; };

/* A record with that address: the first one's, or a new one's with the same. */
static enum code record_with(struct env *e, struct whom *w, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    const char *field = charter_kind_at(env_charter(e), w->kind)->fields[kind_address_field(charter_kind_at(env_charter(e), w->kind), w->sms)].name;
    json_t *input = NULL;
    enum code code = canary_input(e, 1, w->kind, true, &input, reterr);       /* of another event, so that it may have the same address */
    if (code != OK)
        return code;
    if (w->input != NULL)
        json_object_set(json_object_get(input, "fields"), field, json_object_get(json_object_get(w->input, "fields"), field));
    code = canary_post(e, 1, w->kind, input, &a, reterr);
    const char *id = code == OK ? json_string_value(json_object_get(a.json, "id")) : NULL;
    if (code == OK && (a.status != 201 || id == NULL))
        code = err_set(reterr, E_BROKEN, "a record for this answered %d", a.status);
    if (code == OK)
        snprintf(w->id, sizeof w->id, "%s", id);
    if (code == OK && w->input == NULL)
        w->input = json_incref(input);
    json_decref(input);
    return code;
}

static enum code send_to(struct env *e, const struct whom *w, struct answer *ret, struct err *reterr) {
    answer_done(ret);
    return mail_post(e, 1, "", mail_message(e, w->sms, w->kind, w->id), ret, reterr);
}

static enum code put_on(struct env *e, const struct whom *w, const char *reason, struct answer *ret, struct err *reterr) {
    json_t *body = json_pack("{s:o, s:s, s:s}", "record", json_sprintf("%s/%s", w->name, w->id), "channel", w->sms ? "sms" : "email", "reason", reason);
    enum code code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a suppression") : call(e, "POST", "suppressions", body, ret, reterr);
    json_decref(body);
    return code;
}

static enum code take_off(struct env *e, const struct whom *w, struct answer *ret, struct err *reterr) {
    json_t *body = json_pack("{s:o, s:s, s:s}", "record", json_sprintf("%s/%s", w->name, w->id), "channel", w->sms ? "sms" : "email", "reason", "complaint");
    enum code code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a suppression") : call(e, "POST", "suppressions/lift", body, ret, reterr);
    json_decref(body);
    return code;
}

static enum code complained(struct env *e, struct whom *w, struct verdict_line *v, struct err *reterr) {
    AUTO(answer_done) struct answer before = { 0 }, put = { 0 }, after = { 0 }, lift = { 0 }, list = { 0 }, gone = { 0 }, again = { 0 };
    char path[160];
    enum code code = send_to(e, w, &before, reterr);
    if (code == OK && before.status != 202 && !(w->sms && before.status == 403))
        return err_set(reterr, E_BROKEN, "a message before anybody complained answered %d", before.status);
    if (code == OK)
        code = put_on(e, w, "complaint", &put, reterr);
    if (code == OK)
        code = send_to(e, w, &after, reterr);
    if (code == OK)
        code = take_off(e, w, &lift, reterr);
    if (code == OK)
        code = call(e, "GET", "suppressions", NULL, &list, reterr);
    snprintf(path, sizeof path, "%s/%s", w->name, w->id);
    if (code == OK)
        code = call(e, "DELETE", path, NULL, &gone, reterr);
    if (code == OK)
        code = record_with(e, w, reterr);
    if (code == OK)
        code = send_to(e, w, &again, reterr);
    if (code != OK)
        return code;
    if (put.status != 201)
        return err_set(reterr, E_BROKEN, "a complaint was answered %d", put.status);
    if (!stopped(&after, "suppressed"))
        return SAY(v, false, "a message to somebody who had complained was answered %d", after.status);
    if (lift.status != 403)
        return SAY(v, false, "a program lifted a complaint: %d", lift.status);
    const char *address = json_string_value(json_object_get(json_object_get(w->input, "fields"), charter_kind_at(env_charter(e), w->kind)->fields[kind_address_field(charter_kind_at(env_charter(e), w->kind), w->sms)].name));
    if (list.status != 200 || (address != NULL && strstr(buf_str(&list.body), address) != NULL) || strstr(buf_str(&list.body), w->id) != NULL)
        return SAY(v, false, "the list of those who get nothing names somebody");
    if (!stopped(&again, "suppressed"))
        return SAY(v, false, "after the record was erased (%d), a message to a new one with the same address was answered %d", gone.status, again.status);
    return SAY(v, true, "somebody who complained got nothing more, nor after the record was erased and the address came back; no program lifted it, and the list names nobody");
}

enum code probe_suppressed(struct env *e, struct verdict_line *v, struct err *reterr) {
    struct whom w = { .kind = mail_kind(e, false) };
    if (w.kind < 0) {
        w.sms = true;
        w.kind = mail_kind(e, true);
    }
    if (w.kind < 0)
        return err_set(reterr, E_BROKEN, "no record gets messages to try this on");
    w.name = charter_kind_at(env_charter(e), w.kind)->name;
    enum code code = mail_ready(e, 1, reterr);
    if (code == OK)
        code = record_with(e, &w, reterr);
    if (code == OK)
        code = complained(e, &w, v, reterr);
    json_decref(w.input);
    return code;
}

/* ---- pauses */

static enum code count(struct env *e, int64_t sent, int64_t bounced, int64_t complaints, bool goes_on, struct err *reterr) {
    json_t *got = NULL;
    enum code code = env_control(e, "probe_shares", json_pack("{s:I, s:I, s:I, s:I, s:b}", "tenant", (json_int_t)env_tenant(e, 1), "sent", (json_int_t)sent, "bounced", (json_int_t)bounced, "complained",
                                                              (json_int_t)complaints, "goes_on", (int)goes_on), &got, reterr);
    json_decref(got);
    return code;
}

#define SENT 10000
enum code probe_mail_reputation(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct reputation_rule rule = charter_reputation(env_charter(e));
    struct whom w = { .kind = mail_kind(e, false) };
    AUTO(answer_done) struct answer before = { 0 }, paused = { 0 }, after = { 0 };
    if (!rule.said)
        return SAY(v, true, "the charter says no shares at which sending pauses");
    if (w.kind < 0)
        return err_set(reterr, E_BROKEN, "no record gets messages by mail to try this on");
    w.name = charter_kind_at(env_charter(e), w.kind)->name;
    /* The most that is no pause yet, then one more. */
    const int64_t most = rule.bounced * SENT / 1000000;
    enum code code = mail_ready(e, 1, reterr);
    if (code == OK)
        code = record_with(e, &w, reterr);
    if (code == OK)
        code = count(e, SENT, most, 0, false, reterr);
    if (code == OK)
        code = send_to(e, &w, &before, reterr);
    if (code == OK)
        code = count(e, 0, 1, 0, false, reterr);
    if (code == OK)
        code = send_to(e, &w, &paused, reterr);
    if (code == OK)
        code = count(e, 0, 0, 0, true, reterr);
    if (code == OK)
        code = send_to(e, &w, &after, reterr);
    json_decref(w.input);
    if (code != OK)
        return code;
    if (before.status != 202 || after.status != 202)
        return err_set(reterr, E_BROKEN, "messages before and after the pause were answered %d (%s) and %d (%s)", before.status, mail_gate(&before), after.status, mail_gate(&after));
    if (!stopped(&paused, "paused"))
        return SAY(v, false, "with %lld of %d bounced a message was answered %d", (long long)most + 1, SENT, paused.status);
    return SAY(v, true, "with %lld of %d bounced messages went, with one more sending paused, and it went on when it was let", (long long)most, SENT);
}
