/* damage.c */
#include "api/damage.h"

#include "api/api_int.h"
#include "base/log.h"

#define LOGGED 20u                            /* of one answer; a lost page of a database holds some dozens */

static void tell(void *arg, const char *kind, const struct uuid *id, const struct err *why) {
    struct damage *d = arg;
    char text[UUID_TEXT];
    d->api->damaged++;
    if (++d->count <= LOGGED)
        log_event(LOG_ERROR, "record_damaged", LOG_TEXT("request", d->watch.request), LOG_TEXT("kind", kind), LOG_TEXT("id", uuid_format(id, text)),
                  LOG_TEXT("code", code_name(why->code)), LOG_TEXT("text", why->text), LOG_TEXT("cause", why->hidden));
}

void damage_begin(struct damage *d, struct api *api, const char *request) {
    *d = (struct damage){ .watch = { .request = request, .tell = tell, .arg = d }, .api = api };
}

void damage_end(struct damage *d) {
    if (d->count > LOGGED)
        log_event(LOG_ERROR, "records_damaged", LOG_TEXT("request", d->watch.request), LOG_INT("more", d->count - LOGGED));
}

void damage_count(struct api *api, const struct err *e) {
    if (e->code == E_DAMAGED)
        api->damaged++;
}
