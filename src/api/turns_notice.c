/* turns_notice.c — tells before records are erased, once a minute; and who is told: the members of a tenant that have the role. */
#include <string.h>

#include "access/people.h"
#include "api/api_int.h"
#include "api/jobs.h"
#include "base/log.h"
#include "retention/notice.h"

#define PACE (20 * USEC_PER_SEC)

enum code role_told(void *arg, int64_t tenant, const char *role, notice_person_fn fn, void *fn_arg, struct err *reterr) {
    struct api *a = arg;
    json_t *list = NULL, *one;
    size_t i;
    bool more = true;
    enum code code = a->people == NULL ? OK : members_list(a->people, tenant, &list, reterr);
    json_array_foreach(list, i, one) {
        const char *state = json_string_value(json_object_get(one, "state")), *has = json_string_value(json_object_get(one, "role")), *account = json_string_value(json_object_get(one, "account"));
        struct person_of p = { .name = "" };
        struct uuid id;
        if (code != OK || !more || state == NULL || strcmp(state, "active") != 0 || has == NULL || strcmp(has, role) != 0 || account == NULL || !uuid_parse(account, &id))
            continue;
        code = account_read(a->people, &id, &p, reterr);
        if (code == OK)
            more = fn(&(struct notice_person){ p.email, p.name, p.lang, id }, fn_arg);
        else if (code == E_NOT_FOUND)
            code = OK;                         /* gone meanwhile */
        crypto_wipe(&p, sizeof p);
    }
    json_decref(list);
    return code;
}

enum code notices_ready(struct api *a, struct err *reterr) {
    const struct noticer_options o = { .services = a->services, .service_count = a->service_count, .base_url = a->config.base_url, .people = role_told, .people_arg = a };
    return noticer_open(&o, &a->noticer, reterr);
}

enum code turn_notice(struct api *a, usec_t now, usec_t *ret_next, struct err *reterr) {
    struct noticer_status before, after;
    struct err e = { 0 };
    *ret_next = now + PACE;
    noticer_status(a->noticer, &before);
    enum code code = noticer_turn(a->noticer, now, reterr);
    noticer_status(a->noticer, &after);
    if (after.made > before.made)
        log_event(LOG_INFO, "notices_made", LOG_INT("notices", after.made - before.made));
    enum code settled = noticer_settle(a->noticer, &e);
    if (code == OK && settled != OK)
        *reterr = e;
    return code != OK ? code : settled;
}
