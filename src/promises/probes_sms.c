/* probes_sms.c — text messages: to whom none may go, what a day may cost, and exceptions. Nothing leaves: messages are queued for the next day, and the
 * records that they name are gone before it. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "charter/prices.h"
#include "messages/number.h"
#include "messages/sms_cost.h"
#include "promises/probes.h"

/* Numbers that nobody has, but for the chance of one in millions: a beginning and how many digits behind it. */
static const struct sample { const char *begins; int digits; } mobile[] = {
    { "+48601", 6 }, { "+3620", 7 }, { "+44740", 7 }, { "+49151", 7 }, { "+43664", 7 }, { "+38050", 7 }, { "+38161", 6 }, { "+3834", 7 }, { "+35569", 7 }, { "+90532", 7 }, { "+37369", 6 },
}, others[] = { { "+48701", 6 }, { "+4822", 7 }, { "+36901", 5 }, { "+447797", 6 }, { "+447624", 6 }, { "+44701", 7 }, { "+44761", 7 }, { "+88161", 7 }, { "+1212", 7 } };

static const char *number_make(const struct sample *s, char ret[24]) {
    const struct uuid random = uuid_new();
    size_t n = (size_t)snprintf(ret, 24, "%s", s->begins);
    for (int i = 0; i < s->digits && n < 23; i++)
        ret[n++] = (char)('1' + random.bytes[15 - i % 8] % 9);
    ret[n] = 0;
    return ret;
}

/* The kind whose people get text messages, and where its number stands; -1: nobody gets any. */
static int sms_kind(struct env *e, const char **ret_field) {
    const struct kind *kinds;
    const struct message_rule r = charter_messages(env_charter(e), true);
    size_t n = charter_kinds(env_charter(e), &kinds);
    for (size_t i = 0; i < n; i++) {
        int f = kind_address_field(&kinds[i], true);
        if (f < 0 || kinds[i].about < 0 || (r.said && (kinds[i].about != r.person || (r.scope >= 0 && kind_steps(env_charter(e), (int)i, r.scope) < 0))))
            continue;
        *ret_field = kinds[i].fields[f].name;
        return (int)i;
    }
    return -1;
}

static const char *sender(struct env *e) {
    const struct person *people;
    size_t n = charter_people(env_charter(e), &people);
    if (charter_sends(env_charter(e), charter_tenant(env_charter(e))))
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (charter_sends(env_charter(e), (int)i) && env_token(e, 0, people[i].name) != NULL)
            return people[i].name;
    return NULL;
}

/* To a new record with that number. *ret_gate: which gate refused, "" none. */
struct tried { int status; char gate[32]; int64_t cost; };
static enum code send_to(struct env *e, int side, const char *number, const char *text, struct tried *ret, struct err *reterr) {
    const char *field = NULL;
    const struct canary *c = NULL;
    char path[128], at[40];
    int kind = sms_kind(e, &field);
    AUTO(answer_done) struct answer a = { 0 };
    enum code code = canary_with(e, side, kind, field, number, &c, reterr);
    if (code != OK)
        return code;
    snprintf(path, sizeof path, "/v1/%s/messages", env_service(e));
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s}", "channel", "sms", "kind", charter_kind_at(env_charter(e), kind)->name, "id", c->id, "text", text,
                             "at", time_format(clock_now() + USEC_PER_DAY, at, sizeof at));
    code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a call") : env_call(e, &(struct call){ .method = "POST", .path = path, .side = side, .role = sender(e), .body = body }, &a, reterr);
    json_decref(body);
    if (code != OK)
        return code;
    const char *gate = json_string_value(json_object_get(a.json, "gate")), *cost = json_string_value(json_object_get(a.json, "cost"));
    *ret = (struct tried){ .status = a.status };
    snprintf(ret->gate, sizeof ret->gate, "%s", gate == NULL ? "" : gate);
    if (cost != NULL && !price_micros(cost, strlen(cost), &ret->cost))
        return err_set(reterr, E_BROKEN, "a text message has no readable cost");
    if (a.status != 202 && gate == NULL)
        return err_set(reterr, E_BROKEN, "a text message was answered %d, and no gate is named", a.status);
    return OK;
}

static bool in_list(struct env *e, const char *number) {
    const struct sms_rules *r = charter_sms(env_charter(e));
    const char *home = charter_value(env_charter(e), "operator.country");
    struct number n;
    if (!number_read(number, strlen(number), NULL, &n))
        return false;
    for (size_t i = 0; i < r->code_count; i++)
        if (number_within(&n, r->codes[i]))
            return true;
    return !r->listed && home != NULL && strcmp(n.country, home) == 0;
}

/* Where the charter sends none, not even one to its own country goes. */
static enum code never(struct env *e, struct verdict_line *v, struct err *reterr) {
    const char *field;
    char number[24];
    struct tried t;
    if (sms_kind(e, &field) < 0)
        return SAY(v, true, "no record holds a telephone number that a text message could go to");
    enum code code = send_to(e, 0, number_make(&mobile[0], number), "Probe", &t, reterr);
    return code != OK ? code : SAY(v, t.status != 202, "a text message was %s, and the charter sends none", t.status == 202 ? "queued" : "refused");
}

enum code probe_sms_countries(struct env *e, struct verdict_line *v, struct err *reterr) {
    int inside = 0, outside = 0;
    char number[24];
    struct tried t;
    enum code code = OK;
    if (!charter_messages(env_charter(e), true).said)
        return never(e, v, reterr);
    for (size_t i = 0; i < ARRAY_LEN(mobile) + ARRAY_LEN(others); i++) {
        bool is_mobile = i < ARRAY_LEN(mobile);
        (void)number_make(is_mobile ? &mobile[i] : &others[i - ARRAY_LEN(mobile)], number);
        bool may = is_mobile && in_list(e, number);
        if ((code = send_to(e, 0, number, "Probe", &t, reterr)) != OK)
            return code;
        if (may && strcmp(t.gate, "number") == 0)
            return SAY(v, false, "a mobile number of %.4s is refused, though the charter lists it", number);
        if (!may && strcmp(t.gate, "number") != 0)
            return SAY(v, false, "a %s number that begins with %.6s passed the gate", is_mobile ? "mobile" : "premium, fixed or foreign", number);
        inside += may;
        outside += !may;
    }
    return SAY(v, true, "%d numbers of other countries and of premium, fixed, pager, personal and satellite lines were refused at the gate, %d mobile ones of the list passed it", outside, inside);
}

/* ---- money */

#define TRIES 60
#define LONG (153 * SMS_PARTS_MOST)           /* as long as a text message may be */
enum code probe_sms_spend(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct sms_rules *r = charter_sms(env_charter(e));
    char number[24], text[LONG + 1];
    int queued = 0;
    int64_t spent = 0;
    struct tried t = { 0 };
    enum code code = OK;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    const struct sample *s = NULL;
    for (size_t i = 0; i < ARRAY_LEN(mobile) && s == NULL; i++)
        s = in_list(e, number_make(&mobile[i], number)) ? &mobile[i] : NULL;
    if (!charter_messages(env_charter(e), true).said || s == NULL)
        return SAY(v, true, "the charter sends no text messages, so none cost anything");
    while (code == OK && queued < TRIES) {
        code = send_to(e, 0, number_make(s, number), text, &t, reterr);
        if (t.status != 202)
            break;
        queued++;
        spent += t.cost;
    }
    if (code != OK)
        return code;
    if (t.status == 202 && spent > 0 && spent <= r->spend)
        return SAY(v, true, "%d long messages of one day together cost less than the sum of a day, and all were queued", queued);
    if (strcmp(t.gate, "spend") != 0)
        return SAY(v, false, "%d messages of %d parts each were queued for one day, and the gate did not close%s%s", queued, SMS_PARTS_MOST, t.gate[0] == 0 ? "" : ": the last one was stopped by ", t.gate);
    if (queued == 0)
        return SAY(v, true, "without a price of the number nothing is queued, so nothing costs more than %lld %s a day", (long long)(r->spend / 1000000), r->currency);
    return SAY(v, true, "after %d message%s of %d parts the gate closed for the day", queued, ENDS(queued), SMS_PARTS_MOST);
}

/* ---- exceptions */

static enum code step(struct env *e, const char *what, const char *prefix, int64_t *number, struct err *reterr) {
    json_t *made = NULL;
    enum code code = env_control(e, "probe_sms", json_pack("{s:I, s:s, s:s, s:I}", "tenant", (json_int_t)env_tenant(e, 0), "step", what, "prefix", prefix, "number", (json_int_t)*number), &made, reterr);
    if (code == OK)
        *number = json_integer_value(json_object_get(made, "number"));
    json_decref(made);
    return code;
}

/* Somebody of no role of the operator's approves nothing. */
static bool stranger_allowed(struct env *e, const char *prefix) {
    struct err ignored;
    json_t *made = NULL;
    bool allowed = env_control(e, "sms_allow", json_pack("{s:I, s:s, s:s, s:s, s:s}", "tenant", (json_int_t)env_tenant(e, 0), "prefix", prefix, "until", "2100-01-01", "by", "nobody@people.example", "why", "probe"), &made, &ignored) == OK;
    json_decref(made);
    return allowed;
}

enum code probe_sms_exceptions(struct env *e, struct verdict_line *v, struct err *reterr) {
    const struct sample *s = NULL;
    char number[24], prefix[8] = "";
    struct tried before = { 0 }, open = { 0 }, other = { 0 }, ended = { 0 };
    struct number n;
    int64_t exception = 0;
    for (size_t i = 0; i < ARRAY_LEN(mobile) && s == NULL; i++)
        s = in_list(e, number_make(&mobile[i], number)) ? NULL : &mobile[i];
    if (!charter_messages(env_charter(e), true).said || s == NULL || !number_read(number, strlen(number), NULL, &n))
        return SAY(v, true, "the charter sends no text messages that could need an exception");
    if (charter_sms(env_charter(e))->approver < 0)
        return SAY(v, true, "the charter knows no exceptions, so there is none to open");
    snprintf(prefix, sizeof prefix, "%s", n.code);
    if (stranger_allowed(e, prefix))
        return SAY(v, false, "somebody who is none of the operator's staff opened %s", prefix);
    enum code code = send_to(e, 0, number, "Probe", &before, reterr);
    if (code == OK)
        code = step(e, "allow", prefix, &exception, reterr);
    if (code == OK)
        code = send_to(e, 0, number_make(s, number), "Probe", &open, reterr);
    if (code == OK)
        code = send_to(e, 1, number_make(s, number), "Probe", &other, reterr);
    if (code == OK)
        code = step(e, "end", prefix, &exception, reterr);
    if (code == OK)
        code = send_to(e, 0, number_make(s, number), "Probe", &ended, reterr);
    if (code != OK)
        return code;
    if (strcmp(before.gate, "number") != 0 || strcmp(other.gate, "number") != 0)
        return SAY(v, false, "a number of %s passed the gate %s", prefix, strcmp(before.gate, "number") != 0 ? "before the exception" : "for a tenant that has none");
    if (strcmp(open.gate, "number") == 0)
        return SAY(v, false, "an exception for %s lets nothing through", prefix);
    if (strcmp(ended.gate, "number") != 0)
        return SAY(v, false, "a number of %s still passes the gate after its exception ended", prefix);
    return SAY(v, true, "%s passed the gate for one tenant while its exception stood, not before, not after, and not for another tenant", prefix);
}
