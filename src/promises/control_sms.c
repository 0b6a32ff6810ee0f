/* control_sms.c — for the probe of exceptions: one for a probe tenant, opened and ended as the operator's staff would. */
#include <string.h>

#include "base/time.h"
#include "messages/sms_allow.h"
#include "promises/control_int.h"

/* {tenant, step: "allow" | "end", prefix, number} -> {number} */
enum code probe_sms(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    const char *step = json_string_value(json_object_get(in, "step"));
    int64_t tenant = 0, number = json_integer_value(json_object_get(in, "number"));
    const struct civil tomorrow = zone_civil(charter_zone(service_charter(s)), clock_now() + USEC_PER_DAY * 3);
    char day[16];
    json_t *made = NULL;
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code != OK)
        return code;
    if (step != NULL && strcmp(step, "allow") == 0) {
        const struct sms_wish w = { .prefix = json_string_value(json_object_get(in, "prefix")), .until = date_format(&tomorrow, day, sizeof day), .why = "tried by sejf prove", .by = "sejf" };
        code = sms_allow(s, tenant, &w, &made, reterr);
        number = json_integer_value(json_object_get(made, "number"));
    } else {
        code = sms_disallow(s, tenant, number, "sejf", reterr);
    }
    json_decref(made);
    if (code == OK)
        *ret = json_pack("{s:I}", "number", (json_int_t)number);
    return code;
}
