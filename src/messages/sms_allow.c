/* sms_allow.c — see sms_allow.h. */
#include "messages/sms_allow.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "charter/prices.h"
#include "ledger/ledger.h"
#include "messages/gate.h"
#include "messages/number.h"
#include "messages/sms_cost.h"
#include "store/sms.h"

#define WHY_LEAST 3u
#define WHY_MOST 500u
#define LONGEST ((struct span){ .years = 1 })
#define DAYS_TOLD 31

static const struct sms_rules *rules_of(const struct service *s) { return charter_sms(service_charter(s)); }

static enum code prefix_check(const struct service *s, const char *prefix, struct err *reterr) {
    const struct sms_rules *r = rules_of(s);
    if (prefix == NULL || !number_prefix_valid(prefix))
        return err_field(reterr, E_FIELDS, "/prefix", "prefix is a '+' and digits that begin with the code of a country, such as +43");
    if (!number_prefix_known(prefix))
        return err_field(reterr, E_FIELDS, "/prefix", "sejf knows no range of mobile numbers that begins with %.16s, so nothing would go there", prefix);
    for (size_t i = 0; i < r->code_count; i++)
        if (strcmp(r->codes[i], prefix) == 0)
            return err_set(reterr, E_CONFLICT, "the charter lists %.16s for every tenant already", prefix);
    return OK;
}

/* To the end of that day. */
static enum code until_read(const struct service *s, const char *text, usec_t *ret, struct err *reterr) {
    const struct zone *z = charter_zone(service_charter(s));
    const struct span most = LONGEST;
    struct civil day;
    usec_t now = clock_now(), end = 0;
    if (text != NULL && date_parse(text, &day))
        end = zone_end_of(z, zone_instant(z, &day), 'd');
    if (end <= now || end > zone_add(z, now, &most, 1) + USEC_PER_DAY)
        return err_field(reterr, E_FIELDS, "/until", "until is a day such as 2027-01-31, from today on and within a year: an exception ends by itself");
    *ret = end;
    return OK;
}

static enum code why_check(const char *why, struct err *reterr) {
    size_t len = why == NULL ? 0 : strlen(why);
    if (len >= WHY_LEAST && len <= WHY_MOST && text_is_utf8(why, len) && strpbrk(why, "\r\n\t") == NULL)
        return OK;
    return err_field(reterr, E_FIELDS, "/why", "why is the ground, in one line of %u to %u bytes; name no person in it", WHY_LEAST, WHY_MOST);
}

/* ---- as it is told */

static json_t *exception_json(const struct sms_exception *x, usec_t now) {
    char made[32], until[32], ended[32];
    return json_pack("{s:I, s:s, s:s, s:s, s:s?, s:s, s:s, s:b}", "number", (json_int_t)x->number, "prefix", x->prefix, "made", time_format(x->made, made, sizeof made),
                     "until", time_format(x->until, until, sizeof until), "ended", x->ended == 0 ? NULL : time_format(x->ended, ended, sizeof ended), "by", x->whose, "why", x->why,
                     "stands", x->ended == 0 && x->until > now);
}

struct list { json_t *items; usec_t now; bool lost; };
static bool exception_add(const struct sms_exception *x, void *arg) {
    struct list *l = arg;
    l->lost = json_array_append_new(l->items, exception_json(x, l->now)) != 0;
    return !l->lost;
}

static const char *day_text(int64_t day, char ret[16]) {
    snprintf(ret, 16, "%04d-%02d-%02d", (int)(day / 10000), (int)(day / 100 % 100), (int)(day % 100));
    return ret;
}

static bool day_add(const struct sms_spend *s, void *arg) {
    struct list *l = arg;
    char day[16], spent[PRICE_TEXT];
    l->lost = json_array_append_new(l->items, json_pack("{s:s, s:s}", "day", day_text(s->day, day), "spent", price_text(s->spent, spent))) != 0;
    return !l->lost;
}

static json_t *codes_json(const struct sms_rules *r) {
    json_t *list = r->listed ? json_array() : json_null();
    for (size_t i = 0; i < r->code_count; i++)
        json_array_append_new(list, json_string(r->codes[i]));
    return list;
}

static json_t *told_json(const struct service *s, const struct sms_spend *today, json_t *exceptions, json_t *days) {
    const struct sms_rules *r = rules_of(s);
    char day[16], spent[PRICE_TEXT], cap[PRICE_TEXT], left[PRICE_TEXT], warned[32];
    return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:o, s:O, s:O}", "day", day_text(today->day, day), "spent", price_text(today->spent, spent), "cap", r->capped ? price_text(r->spend, cap) : NULL,
                     "left", r->capped ? price_text(today->spent < r->spend ? r->spend - today->spent : 0, left) : NULL, "currency", r->capped ? r->currency : NULL,
                     "warned", today->warned == 0 ? NULL : time_format(today->warned, warned, sizeof warned), "listed", codes_json(r), "exceptions", exceptions, "days", days);
}

enum code sms_told(struct service *s, int64_t tenant, json_t **ret, struct err *reterr) {
    PRE(s != NULL && ret != NULL && reterr != NULL);
    struct view *v = NULL;
    struct sms_spend today = { 0 };
    usec_t now = clock_now();
    struct list exceptions = { json_array(), now, false }, days = { json_array(), now, false };
    const struct span back = { .days = DAYS_TOLD - 1 };
    const struct zone *z = charter_zone(service_charter(s));
    json_t *told = NULL;
    enum code code = exceptions.items == NULL || days.items == NULL ? err_set(reterr, E_MEMORY, "no memory for a list") : store_view(service_store(s), tenant, &v, reterr);
    if (code == OK)
        code = sms_spend_of(view_sql(v), gate_day(s, now), &today, reterr);
    if (code == OK)
        code = sms_exceptions_list(view_sql(v), exception_add, &exceptions, reterr);
    if (code == OK)
        code = sms_spend_list(view_sql(v), gate_day(s, zone_add(z, now, &back, -1)), day_add, &days, reterr);
    v = view_end(v);
    if (code == OK && !exceptions.lost && !days.lost)
        told = told_json(s, &today, exceptions.items, days.items);
    json_decref(exceptions.items);
    json_decref(days.items);
    if (code != OK)
        return code;
    if (told == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a list");
    *ret = told;
    return OK;
}

enum code sms_warning_due(struct service *s, int64_t tenant, usec_t now, bool *ret, int64_t *ret_day, int64_t *ret_spent, struct err *reterr) {
    PRE(s != NULL && ret != NULL && ret_day != NULL && ret_spent != NULL && reterr != NULL);
    struct view *v = NULL;
    struct sms_spend today = { 0 };
    int64_t cap = sms_cap(s);
    *ret = false;
    if (cap == INT64_MAX)
        return OK;
    enum code code = store_view(service_store(s), tenant, &v, reterr);
    if (code == OK)
        code = sms_spend_of(view_sql(v), gate_day(s, now), &today, reterr);
    v = view_end(v);
    if (code != OK)
        return code;
    *ret = today.warned == 0 && today.spent > 0 && today.spent >= cap / 100 * SMS_WARN_PERCENT;
    *ret_day = today.day;
    *ret_spent = today.spent;
    return OK;
}

/* ---- steps */

struct step { struct sms_exception x; json_t *told; };

static enum code allow_write(struct txn *t, void *arg, struct err *reterr) {
    struct step *k = arg;
    json_decref(k->told);                      /* of a run before */
    k->told = NULL;
    enum code code = sms_exception_add(t, &k->x, &k->x.number, reterr);
    if (code != OK)
        return code;
    k->x.made = txn_now(t);
    char until[32];
    json_t *what = json_pack("{s:I, s:s, s:s}", "exception", (json_int_t)k->x.number, "prefix", k->x.prefix, "until", time_format(k->x.until, until, sizeof until));
    k->told = exception_json(&k->x, txn_now(t));
    code = what == NULL || k->told == NULL ? err_set(reterr, E_MEMORY, "no memory for a ledger entry") : ledger_append(t, "sms_exception_made", k->x.whose, what, reterr);
    json_decref(what);
    return code;
}

enum code sms_allow(struct service *s, int64_t tenant, const struct sms_wish *w, json_t **ret, struct err *reterr) {
    PRE(s != NULL && w != NULL && w->by != NULL && ret != NULL && reterr != NULL);
    struct step k = { .x = { .prefix = w->prefix, .whose = w->by, .why = w->why } };
    if (rules_of(s)->approver < 0)
        return err_set(reterr, E_CONFLICT, "the charter knows no exceptions for text messages: `sms: exceptions: for one tenant until a date, approved by the administrator` would let them be");
    enum code code = prefix_check(s, w->prefix, reterr);
    if (code == OK)
        code = until_read(s, w->until, &k.x.until, reterr);
    if (code == OK)
        code = why_check(w->why, reterr);
    if (code == OK)
        code = store_write(service_store(s), tenant, allow_write, &k, reterr);
    if (code == OK)
        *ret = k.told;
    else
        json_decref(k.told);
    return code;
}

static enum code end_write(struct txn *t, void *arg, struct err *reterr) {
    const struct step *k = arg;
    enum code code = sms_exception_end(t, k->x.number, reterr);
    if (code != OK)
        return code;
    json_t *what = json_pack("{s:I}", "exception", (json_int_t)k->x.number);
    code = what == NULL ? err_set(reterr, E_MEMORY, "no memory for a ledger entry") : ledger_append(t, "sms_exception_ended", k->x.whose, what, reterr);
    json_decref(what);
    return code;
}

enum code sms_disallow(struct service *s, int64_t tenant, int64_t number, const char *by, struct err *reterr) {
    PRE(s != NULL && by != NULL && reterr != NULL);
    struct step k = { .x = { .number = number, .whose = by } };
    return store_write(service_store(s), tenant, end_write, &k, reterr);
}
