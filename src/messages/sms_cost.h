/* sms_cost.h — what a text message to a number costs by the price list of sejf.yaml (charter/prices.h), and how many parts it takes. Money in
 * millionths. Pure; thread-safe. */
#pragma once
#include "records/records.h"
#include "wire/gsm.h"

#define SMS_PARTS_MOST 10                    /* of one message: as many as providers take */
struct sms_cost {
    struct gsm_measure measure;
    bool priced;                             /* false: the list has no price of that number, in the currency of the charter's cap where it has one */
    int64_t cost;                            /* of all parts */
    const char *currency;                    /* of the list, or of the cap; NULL: neither says */
};
/* False: gsm_measure takes no such text. number: in E.164. */
MUST_USE bool sms_cost_of(const struct service *s, const char *number, const char *text, size_t len, struct sms_cost *ret);
/* Of a tenant's day; INT64_MAX: the charter has no cap, or its rule is off. */
int64_t sms_cap(const struct service *s);
