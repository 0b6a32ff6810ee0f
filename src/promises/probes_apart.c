/* probes_apart.c — can the process that sends mail reach anything but what it is given? It tries, in the running service. */
#include <stdio.h>

#include "promises/probes.h"

enum code probe_apart(struct env *e, struct verdict_line *v, struct err *reterr) {
    json_t *reply = NULL, *in = json_object();
    bool wanted = charter_value(env_charter(e), "sending.apart") != NULL;
    enum code code = in == NULL ? err_set(reterr, E_MEMORY, "no memory for a question") : env_control(e, "mail_reach", in, &reply, reterr);
    const char *reaches = json_string_value(json_object_get(reply, "reaches"));
    bool mailer = json_is_true(json_object_get(reply, "mailer")), tried = json_is_true(json_object_get(reply, "tried"));
    char found[200];
    snprintf(found, sizeof found, "%s", reaches == NULL ? "unknown" : reaches);
    json_decref(reply);
    if (code != OK)
        return code;
    if (!wanted || !mailer)
        return SAY(v, true, wanted ? "sejf.yaml declares no relay: no process sends mail" : "this charter does not say how sending is kept apart");
    if (!tried)
        return SAY(v, true, "a build for finding faults runs without sandboxes: nothing was tried");
    return found[0] == 0 ? SAY(v, true, "the process that sends mail could open no file and make no connection of its own") : SAY(v, false, "the process that sends mail got hold of: %s", found);
}
