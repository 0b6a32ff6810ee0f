/* control_leaves.c — for the probes of what leaves and of who is asked: what a host would be told of a record of a probe tenant, and how its questions are
 * answered in place of the asker's own answers. */
#include <string.h>

#include "messages/asking.h"
#include "messages/telling.h"
#include "promises/control_int.h"
#include "records/service.h"

enum code probe_told(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    struct uuid id;
    AUTO(buf_wipe) struct buf body = BUF(1u << 20);
    int64_t tenant;
    const char *kind = json_string_value(json_object_get(in, "kind")), *text = json_string_value(json_object_get(in, "id")), *host = json_string_value(json_object_get(in, "host"));
    enum code code = probe_tenant(s, in, &tenant, reterr);
    if (code == OK && (kind == NULL || text == NULL || host == NULL || charter_kind(s->charter, kind) < 0 || !uuid_parse(text, &id)))
        code = err_set(reterr, E_INVALID, "kind, id and host: of a record, and of whom it would be told");
    if (code == OK)
        code = telling_would(s, tenant, charter_kind(s->charter, kind), &id, host, &body, reterr);
    if (code == OK && (*ret = json_pack("{s:s}", "body", buf_str(&body))) == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for a probe");
    return code;
}

enum code probe_asks(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    static const char *const words[] = { [ASK_SILENT] = "silent", [ASK_YES] = "yes", [ASK_NO] = "no" };
    int64_t tenant;
    const char *answer = json_string_value(json_object_get(in, "answer"));
    enum code code = probe_tenant(s, in, &tenant, reterr);
    for (size_t i = 0; code == OK && s->asks.arg != NULL && i < ARRAY_LEN(words); i++)
        if (answer != NULL && strcmp(answer, words[i]) == 0) {
            asking_probe(s->asks.arg, tenant, (enum ask_answer)i);
            *ret = json_object();
            return *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for a probe") : OK;
        }
    return code == OK ? err_set(reterr, E_INVALID, "answer: yes, no or silent, where sejf.yaml declares askers") : code;
}
