/* probes_hosts.c — would sejf start on a machine that nobody declared? */
#include <stdio.h>

#include "promises/probes.h"

enum code probe_hosts(struct env *e, struct verdict_line *v, struct err *reterr) {
    struct uuid any = uuid_new();            /* that no machine has */
    char id[2 * sizeof any.bytes + 1];
    for (size_t i = 0; i < sizeof any.bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", any.bytes[i]);
    json_t *reply = NULL, *in = json_pack("{s:s}", "machine", id);
    bool wanted = charter_value(env_charter(e), "hosts") != NULL;
    enum code code = in == NULL ? err_set(reterr, E_MEMORY, "no memory for a question") : env_control(e, "host_try", in, &reply, reterr);
    bool may = code == OK && json_is_true(json_object_get(reply, "may"));
    json_decref(reply);
    if (code != OK)
        return code;
    return !wanted ? SAY(v, true, "this charter names no machines") : SAY(v, !may, "it would %sstart on a machine that sejf.yaml does not declare", may ? "" : "not ");
}
