/* probes_messages.c — to whom messages may go, and how many a day. What is queued is to go on a day on which the tenants of the probe are long gone. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "promises/probe_mail.h"

#define AHEAD_DAYS 40

/* Noon of the charter's clock on that day, so that everything counts for one day. */
static void far_noon(const struct env *e, char ret[40]) {
    const struct zone *z = charter_zone(env_charter(e));
    (void)time_format(zone_end_of(z, clock_now() + AHEAD_DAYS * USEC_PER_DAY, 'd') + 12 * USEC_PER_HOUR, ret, 40);
}

int mail_kind(const struct env *e, bool sms) {
    const struct charter *c = env_charter(e);
    const struct message_rule r = charter_messages(c, sms);
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    for (size_t i = 0; r.said && i < n; i++)
        if (kinds[i].about == r.person && kind_address_field(&kinds[i], sms) >= 0 && (r.scope < 0 || kind_steps(c, (int)i, r.scope) >= 0))
            return (int)i;
    return -1;
}

/* A kind that has such an address and is about somebody whom no message of that channel may go to; -1. */
static int deaf_kind(const struct env *e, bool sms) {
    const struct charter *c = env_charter(e);
    const struct message_rule r = charter_messages(c, sms);
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    for (size_t i = 0; i < n; i++)
        if (kind_address_field(&kinds[i], sms) >= 0 && (!r.said || kinds[i].about != r.person))
            return (int)i;
    return -1;
}

json_t *mail_message(struct env *e, bool sms, int kind, const char *id) {
    char at[40];
    json_t *m;
    far_noon(e, at);
    m = json_pack("{s:s, s:s, s:s, s:s, s:s}", "channel", sms ? "sms" : "email", "kind", charter_kind_at(env_charter(e), kind)->name, "id", id, "text", "A message that no one gets.", "at", at);
    if (!sms)
        json_object_set_new(m, "subject", json_string("A trial"));
    return m;
}

/* Where each delivery is logged by its sending account, there is one. */
enum code mail_ready(struct env *e, int side, struct err *reterr) {
    const struct canary *c = NULL;
    const int log = charter_log(env_charter(e)).kind, parent = log < 0 ? -1 : charter_kind_at(env_charter(e), log)->parent;
    return parent < 0 ? OK : canary_make(e, side, parent, false, &c, reterr);
}

enum code mail_post(struct env *e, int side, const char *path, json_t *message, struct answer *ret, struct err *reterr) {
    char url[128];
    if (message == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a message");
    snprintf(url, sizeof url, "/v1/%s/messages%s", env_service(e), path);
    answer_done(ret);
    enum code code = env_call(e, &(struct call){ .method = "POST", .path = url, .side = side, .body = message }, ret, reterr);
    json_decref(message);
    return code;
}

static enum code send(struct env *e, const char *path, json_t *message, struct answer *ret, struct err *reterr) { return mail_post(e, 0, path, message, ret, reterr); }

const char *mail_gate(const struct answer *a) { return json_string_value(json_object_get(a->json, "gate")) ?: ""; }
static bool by_charter(const struct answer *a) { return a->status == 403 && strcmp(mail_gate(a), "charter") == 0; }

/* What was tried, and the first thing that went another way. */
struct tried { int asked; char wrong[160]; };
static void expect(struct tried *t, bool ok, const struct answer *a, bool sms, const char *what) {
    t->asked++;
    if (!ok && t->wrong[0] == 0)
        snprintf(t->wrong, sizeof t->wrong, "a %s %s was answered %d", sms ? "text message" : "message by mail", what, a->status);
}

/* An address in place of a record, beside it, and as its id. */
static enum code addresses(struct env *e, bool sms, int kind, const struct canary *c, struct tried *t, struct err *reterr) {
    static const char *const members[] = { "to", "cc", "recipient", "phone" };
    AUTO(answer_done) struct answer a = { 0 };
    enum code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_LEN(members); i++) {
        json_t *m = mail_message(e, sms, kind, c->id);
        json_object_set_new(m, members[i], json_string(sms ? "+48600100200" : "somebody@people.example"));
        code = send(e, "", m, &a, reterr);
        if (code == OK)
            expect(t, a.status == 422, &a, sms, "to an address");
    }
    if (code == OK)
        code = send(e, "", mail_message(e, sms, kind, "somebody@people.example"), &a, reterr);
    if (code == OK)
        expect(t, a.status == 422, &a, sms, "to an address");
    return code;
}

/* Among the people of another record of the scope. */
static enum code elsewhere(struct env *e, bool sms, int kind, const struct canary *c, struct tried *t, struct err *reterr) {
    const struct charter *charter = env_charter(e);
    const struct message_rule r = charter_messages(charter, sms);
    const struct canary *other = NULL;
    AUTO(answer_done) struct answer a = { 0 };
    if (r.scope < 0 || kind_steps(charter, kind, r.scope) != 1)
        return OK;
    enum code code = canary_make(e, 0, r.scope, true, &other, reterr);
    json_t *m = code == OK ? mail_message(e, sms, kind, c->id) : NULL;
    if (code == OK) {
        json_object_set_new(m, "scope", json_string(other->id));
        code = send(e, "", m, &a, reterr);
    }
    if (code == OK)
        expect(t, by_charter(&a), &a, sms, "to somebody of another");
    return code;
}

/* A record that came by an import, in that state where one is named: no line of the charter needs to let anybody move it there. */
static enum code by_import(struct env *e, bool sms, int kind, const struct field *f, const char *state, struct tried *t, struct err *reterr) {
    json_t *input = NULL, *found = NULL;
    char url[128];
    AUTO(answer_done) struct answer in = { 0 }, list = { 0 }, a = { 0 };
    enum code code = canary_input(e, 0, kind, false, &input, reterr);
    if (code == OK && state != NULL)
        json_object_set_new(json_object_get(input, "fields"), f->name, json_string(state));
    char *line = code == OK ? json_dumps(input, JSON_COMPACT) : NULL;
    json_decref(input);
    if (code != OK || line == NULL)
        return code != OK ? code : err_set(reterr, E_MEMORY, "no memory for a record");
    const char *name = charter_kind_at(env_charter(e), kind)->name;
    snprintf(url, sizeof url, "/v1/%s/%s/import", env_service(e), name);
    code = env_call(e, &(struct call){ .method = "POST", .path = url, .text = line, .type = "application/x-ndjson" }, &in, reterr);
    free(line);
    snprintf(url, sizeof url, "/v1/%s/%s?limit=1000", env_service(e), name);
    if (code == OK)
        code = env_call(e, &(struct call){ .method = "GET", .path = url }, &list, reterr);
    if (code == OK)                            /* the newest one: ids are in the order in which they were made */
        found = json_array_get(json_object_get(list.json, "items"), json_array_size(json_object_get(list.json, "items")) - 1);
    const char *id = json_string_value(json_object_get(found, "id"));
    if (code == OK && (in.status != 200 || id == NULL))
        return err_set(reterr, E_BROKEN, "an import answered %d", in.status);
    if (code == OK)
        code = send(e, "", mail_message(e, sms, kind, id), &a, reterr);
    if (code == OK)
        expect(t, by_charter(&a), &a, sms, state != NULL ? "to one in a state to which nothing goes" : "to an imported one");
    return code;
}

static enum code imported(struct env *e, bool sms, int kind, struct tried *t, struct err *reterr) {
    return charter_messages(env_charter(e), sms).not_imported ? by_import(e, sms, kind, NULL, NULL, t, reterr) : OK;
}

/* The first state of that kind that the line names. */
static enum code in_state(struct env *e, bool sms, int kind, struct tried *t, struct err *reterr) {
    const struct message_rule r = charter_messages(env_charter(e), sms);
    const struct kind *k = charter_kind_at(env_charter(e), kind);
    for (size_t i = 0; i < k->field_count; i++)
        for (size_t o = 0; o < k->fields[i].option_count && k->fields[i].type == T_ONE_OF; o++)
            if (message_excepts(&r, k->fields[i].options[o]))
                return by_import(e, sms, kind, &k->fields[i], k->fields[i].options[o], t, reterr);
    return OK;
}

static enum code audience(struct env *e, bool sms, struct tried *t, struct err *reterr) {
    const struct canary *c = NULL, *theirs = NULL;
    AUTO(answer_done) struct answer a = { 0 };
    int kind = mail_kind(e, sms), deaf = deaf_kind(e, sms);
    enum code code = mail_ready(e, 0, reterr);
    if (code == OK && deaf >= 0) {
        code = canary_make(e, 0, deaf, false, &c, reterr);
        if (code == OK)
            code = send(e, "", mail_message(e, sms, deaf, c->id), &a, reterr);
        if (code == OK)
            expect(t, by_charter(&a), &a, sms, "to somebody whom the charter does not name");
    }
    if (code != OK || kind < 0)
        return code;
    code = canary_make(e, 0, kind, false, &c, reterr);
    if (code == OK)
        code = canary_make(e, 1, kind, false, &theirs, reterr);
    if (code == OK)
        code = send(e, "", mail_message(e, sms, kind, c->id), &a, reterr);
    if (code == OK)                            /* another gate may stop it: a canary has no mobile number of a listed country */
        expect(t, a.status == 202 || (a.status == 403 && !by_charter(&a)), &a, sms, "to whom it may go");
    if (code == OK)
        code = send(e, "", mail_message(e, sms, kind, theirs->id), &a, reterr);
    if (code == OK)
        expect(t, a.status == 404, &a, sms, "to a record of another tenant");
    if (code == OK)
        code = addresses(e, sms, kind, c, t, reterr);
    if (code == OK)
        code = elsewhere(e, sms, kind, c, t, reterr);
    if (code == OK)
        code = in_state(e, sms, kind, t, reterr);
    return code == OK ? imported(e, sms, kind, t, reterr) : code;
}

enum code probe_mail_audience(struct env *e, struct verdict_line *v, struct err *reterr) {
    struct tried t = { 0 };
    enum code code = audience(e, false, &t, reterr);
    if (code == OK)
        code = audience(e, true, &t, reterr);
    if (code != OK)
        return code;
    if (t.asked == 0)
        return err_set(reterr, E_BROKEN, "no record holds an address to try this on");
    return t.wrong[0] != 0 ? SAY(v, false, "%s", t.wrong)
                           : SAY(v, true, "%d message%s tried: to people of another, of another tenant, whom the charter does not name, and to addresses; only whom it names can be written to", t.asked, ENDS(t.asked));
}

/* ---- how many a day */

struct sums { int queued, rate, other; };
static void count(const json_t *items, struct sums *s) {
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *one = json_array_get(items, i);
        const char *gate = json_string_value(json_object_get(one, "gate"));
        int *to = json_integer_value(json_object_get(one, "status")) == 202 ? &s->queued : gate != NULL && strcmp(gate, "rate") == 0 ? &s->rate : &s->other;
        ++*to;
    }
}

/* As many as may be and two more, in one request. */
static enum code burst(struct env *e, bool sms, int kind, const char *id, int most, struct sums *ret, struct err *reterr) {
    AUTO(answer_done) struct answer a = { 0 };
    json_t *list = json_array();
    *ret = (struct sums){ 0 };
    for (int i = 0; i < most + 2; i++)
        json_array_append_new(list, mail_message(e, sms, kind, id));
    enum code code = send(e, "/batch", json_pack("{s:o}", "messages", list), &a, reterr);
    if (code == OK && a.status != 200)
        return err_set(reterr, E_BROKEN, "a batch of messages answered %d", a.status);
    count(json_object_get(a.json, "items"), ret);
    return code;
}

#define TRIED_MOST 100                         /* of a channel that allows more, so many are tried */
enum code probe_mail_caps(struct env *e, struct verdict_line *v, struct err *reterr) {
    bool sms = !charter_messages(env_charter(e), false).said;
    const struct message_rule r = charter_messages(env_charter(e), sms);
    const struct canary *c = NULL;
    struct sums s;
    AUTO(answer_done) struct answer a = { 0 };
    int kind = mail_kind(e, sms);
    if (kind < 0 || r.a_day > TRIED_MOST)
        return err_set(reterr, E_BROKEN, "no record can be written to %d times in a day to try this on", r.a_day + 1);
    enum code code = mail_ready(e, 0, reterr);
    if (code == OK)
        code = canary_make(e, 0, kind, false, &c, reterr);
    if (code == OK)
        code = burst(e, sms, kind, c->id, r.a_day, &s, reterr);
    if (code == OK && s.other > 0)
        return err_set(reterr, E_BROKEN, "%d of %d messages were stopped by something else", s.other, r.a_day + 2);
    if (code == OK)
        code = send(e, "", mail_message(e, sms, kind, c->id), &a, reterr);
    if (code != OK)
        return code;
    if (s.queued != r.a_day || s.rate != 2)
        return SAY(v, false, "%d of %d messages at once to one person were taken, and %d are allowed a day", s.queued, r.a_day + 2, r.a_day);
    if (a.status != 429 || strcmp(mail_gate(&a), "rate") != 0)
        return SAY(v, false, "one message more than %d a day was answered %d", r.a_day, a.status);
    return SAY(v, true, "of %d messages at once to one person %d were taken, and one more was refused until the next day", r.a_day + 2, s.queued);
}
