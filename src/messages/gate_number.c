/* gate_number.c — text messages go to mobile numbers of the countries that the charter lists, and to nobody else; a charter without a list has that
 * of its operator's own country. Beyond it there is an exception of the tenant, until its date: a message that goes by one says so in the ledger. */
#include <jansson.h>
#include <string.h>

#include "ledger/ledger.h"
#include "messages/gate.h"
#include "messages/number.h"
#include "messages/sms_cost.h"
#include "store/sms.h"

/* Without a list: numbers of the operator's own country. */
static bool listed(const struct charter *c, const struct number *n) {
    const struct sms_rules *r = charter_sms(c);
    const char *home = charter_value(c, "operator.country");
    if (!r->listed)
        return home != NULL && strcmp(n->country, home) == 0;
    for (size_t i = 0; i < r->code_count; i++)
        if (number_within(n, r->codes[i]))
            return true;
    return false;
}

struct seeking { const struct number *number; int64_t found; };
static bool seek(const struct sms_exception *x, void *arg) {
    struct seeking *k = arg;
    if (number_within(k->number, x->prefix))
        k->found = x->number;
    return k->found == 0;
}

static enum code exception_find(struct gate_ask *a, const struct number *n, struct err *reterr) {
    struct view *v = NULL;
    struct seeking k = { n, 0 };
    if (charter_sms(service_charter(a->service))->approver < 0)
        return OK;
    enum code code = store_view(service_store(a->service), a->tenant, &v, reterr);
    if (code == OK)
        code = rule_on(RULE_sms_exceptions) ? sms_exceptions_at(view_sql(v), a->goes > a->now ? a->goes : a->now, seek, &k, reterr)
                                            : sms_exceptions_list(view_sql(v), seek, &k, reterr);
    v = view_end(v);
    if (code == OK)
        a->exception = k.found;
    return code;
}

static enum code outside(struct gate_ask *a, const struct number *n, struct gate_verdict *ret) {
    bool may = charter_sms(service_charter(a->service))->approver >= 0;
    const char *mend = may ? "the operator may allow it for a time: sejf sms allow" : "the charter knows no exceptions";
    if (!n->own)
        return gate_stop(ret, GATE_NUMBER, 0, "the number shares the code %s, but is of another country (%s), which the charter does not list; %s", n->code, n->country, mend);
    return gate_stop(ret, GATE_NUMBER, 0, "the charter does not list %s for text messages; %s", n->code, mend);
}

/* Parts and cost, where the text is known. */
static enum code cost_set(struct gate_ask *a, const struct number *n, struct gate_verdict *ret) {
    struct sms_cost c;
    if (a->text == NULL)
        return OK;
    if (!sms_cost_of(a->service, n->e164, a->text, strlen(a->text), &c))
        return gate_stop(ret, GATE_NUMBER, 0, "the text is too long for a text message, or holds control characters");
    if (c.measure.parts > SMS_PARTS_MOST)
        return gate_stop(ret, GATE_NUMBER, 0, "the text takes %d parts, and a text message has %d at most: shorten it", c.measure.parts, SMS_PARTS_MOST);
    a->parts = c.measure.parts;
    a->cost = c.cost;
    a->unpriced = !c.priced;
    return OK;
}

enum code gate_number_check(struct gate_ask *a, struct gate_verdict *ret, struct err *reterr) {
    struct number n;
    if (a->channel != CHANNEL_SMS)
        return OK;
    const struct charter *c = service_charter(a->service);
    if (a->address == NULL || a->address[0] == 0)
        return gate_stop(ret, GATE_NUMBER, 0, "the record holds no telephone number");
    if (!number_read(a->address, strlen(a->address), charter_value(c, "operator.country"), &n))
        return gate_stop(ret, GATE_NUMBER, 0, "what the record holds is no telephone number of any country: mend it");
    a->exception = 0;
    if (!rule_on(RULE_sms_countries))
        return cost_set(a, &n, ret);
    if (n.type != NUMBER_MOBILE)
        return gate_stop(ret, GATE_NUMBER, 0, "text messages go to mobile numbers alone, and this one is %s%s of %s: write another into the record",
                         n.type == NUMBER_UNKNOWN ? "in no known mobile range" : number_type_name(n.type), n.type == NUMBER_UNKNOWN ? "" : " number", n.code);
    enum code code = listed(c, &n) ? OK : exception_find(a, &n, reterr);
    if (code != OK)
        return code;
    return listed(c, &n) || a->exception > 0 ? cost_set(a, &n, ret) : outside(a, &n, ret);
}

enum code gate_number_take(struct txn *t, const struct gate_ask *a, struct gate_verdict *ret UNUSED, struct err *reterr) {
    char id[UUID_TEXT];
    bool fresh = false;
    enum code code = a->exception == 0 ? OK : sms_exception_note(t, &a->letter, a->exception, &fresh, reterr);
    if (code != OK || !fresh)
        return code;
    json_t *what = json_pack("{s:I, s:s}", "exception", (json_int_t)a->exception, "letter", uuid_format(&a->letter, id));
    code = what == NULL ? err_set(reterr, E_MEMORY, "no memory for a ledger entry") : ledger_append(t, "sms_by_exception", "sejf", what, reterr);
    json_decref(what);
    return code;
}

struct going { const struct gate_ask *ask; struct gate_verdict verdict; };
static enum code going_write(struct txn *t, void *arg, struct err *reterr) {
    struct going *g = arg;
    return gate_number_take(t, g->ask, &g->verdict, reterr);
}

enum code gate_number_goes(const struct gate_ask *a, struct err *reterr) {
    return store_write(service_store(a->service), a->tenant, going_write, &(struct going){ a, { .passes = true } }, reterr);
}
