/* turns_consent.c — records that nobody confirmed in time go. */
#include "api/api_int.h"
#include "api/jobs.h"
#include "base/log.h"
#include "retention/clock.h"

enum code turn_unconfirmed(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    enum code code = OK;
    *ret_next = now + USEC_PER_MINUTE;
    for (size_t i = 0; i < a->service_count && code == OK && !clock_held(a->config.store); i++) {
        int64_t gone = 0;
        code = records_unconfirmed_go(a->services[i], now, &gone, reterr);
        if (code == OK && gone > 0)
            log_event(LOG_INFO, "unconfirmed_erased", LOG_INT("records", gone));
    }
    return code;
}
