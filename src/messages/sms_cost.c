/* sms_cost.c — see sms_cost.h. */
#include "messages/sms_cost.h"

#include "charter/prices.h"

int64_t sms_cap(const struct service *s) {
    const struct sms_rules *r = charter_sms(service_charter(s));
    return r->capped && rule_on(RULE_sms_spend) ? r->spend : INT64_MAX;
}

bool sms_cost_of(const struct service *s, const char *number, const char *text, size_t len, struct sms_cost *ret) {
    const struct sms_rules *r = charter_sms(service_charter(s));
    struct sms_cost c = { .currency = r->capped ? r->currency : NULL };
    int64_t each = 0;
    if (!gsm_measure(text, len, &c.measure))
        return false;
    c.priced = price_of(service_prices(s), number, c.currency, &each, &c.currency);
    c.cost = c.priced ? each * c.measure.parts : 0;      /* below 1e15 * 1000 */
    *ret = c;
    return true;
}
