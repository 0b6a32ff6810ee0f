/* reaches.c — see reaches.h. */
#include "prog/reaches.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/log.h"
#include "base/rule.h"
#include "sys/address.h"

/* Of this machine or of a network of the operator's own, as far as the name says it. */
static bool is_inside(const char *host) {
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        return !address_is_public((const struct sockaddr *)&v4);
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
        return !address_is_public((const struct sockaddr *)&v6);
    const char *last = strrchr(host, '.');
    return last == NULL || strcmp(last, ".localhost") == 0 || strcmp(last, ".local") == 0 || strcmp(last, ".internal") == 0;
}

static enum code one_check(const struct charter *c, const char *host, const char *what, usec_t now, struct err *reterr) {
    if (is_inside(host))
        return OK;
    switch (charter_reach(c, host, now)) {
    case REACH_OUTSIDE:                      /* its entry has ended, for without one no charter is taken: sending waits (reach_now), the service does not */
        log_event(LOG_WARN, "transfer_ended", LOG_TEXT("what", what), LOG_TEXT("host", host), LOG_TEXT("charter", charter_file(c)));
        return OK;
    case REACH_UNNAMED:
        if (charter_names_host(c, host) || !charter_has_processors(c))
            return OK;                       /* an agreement that is over does not stop the service: fields and questions stop, and prove says it */
        return err_set(reterr, E_CONFIG, "%s goes to %s, and no processor of %s has it: name whose host it is under `processors`, with hosts: [%s]", what, host, charter_file(c), host);
    case REACH_OK: break;
    }
    return OK;
}

static bool is_private(const struct instance *i, unsigned use, const char *host) {
    bool private = false;
    for (size_t n = 0; n < i->destination_count; n++)
        private = private || ((unsigned)i->destinations[n].use == use && i->destinations[n].private && strcmp(i->destinations[n].host, host) == 0);
    return private;
}

static const struct asker *asker_of(const struct instance *i, const char *name) {
    for (size_t n = 0; name != NULL && n < i->asker_count; n++)
        if (strcmp(i->askers[n].name, name) == 0)
            return &i->askers[n];
    return NULL;
}

static enum code charter_check(const struct instance *i, const struct charter *c, usec_t now, struct err *reterr) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    enum code code = OK;
    if (i->mail != NULL)
        code = one_check(c, i->mail->host, "mail", now, reterr);
    if (code == OK && i->sms != NULL && charter_messages(c, true).said && !is_private(i, FOR_SERVICES, i->sms->shape->host))
        code = one_check(c, i->sms->shape->host, "text messages", now, reterr);
    for (size_t k = 0; code == OK && k < n; k++) {
        const struct asker *a = asker_of(i, kinds[k].ask.asker);
        if (a != NULL && a->url != NULL && !is_private(i, FOR_ASKERS, a->host))
            code = one_check(c, a->host, "a question before records are made", now, reterr);
    }
    return code;
}

enum code reaches_check(const struct instance *i, struct charter *const *charters, size_t count, usec_t now, struct err *reterr) {
    PRE(i != NULL && (count == 0 || charters != NULL) && reterr != NULL);
    enum code code = OK;
    for (size_t n = 0; code == OK && n < count; n++)
        code = charter_check(i, charters[n], now, reterr);
    return code;
}

enum code reach_now(struct charter *const *charters, size_t count, const char *host, struct err *reterr) {
    PRE((count == 0 || charters != NULL) && host != NULL && reterr != NULL);
    usec_t now = clock_now();
    for (size_t n = 0; n < count; n++)
        if (!is_inside(host) && charter_reach(charters[n], host, now) == REACH_OUTSIDE)
            return err_set(reterr, E_FORBIDDEN, "%s lies outside the EEA by %s, and its entry in the register of transfers has ended: it waits", host, charter_file(charters[n]));
    return OK;
}
