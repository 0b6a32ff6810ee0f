/* control_log.c — what follows a message that was delivered, without any mail: as the postman settles it, for a record of a probe's tenant. */
#include <stdio.h>
#include <string.h>

#include "messages/settled.h"
#include "promises/control_int.h"
#include "records/record.h"

static enum code parent_of(struct service *s, int64_t tenant, const struct kind_info *k, const struct uuid *id, struct uuid *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct record r;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    enum code code = store_view(service_store(s), tenant, &v, reterr);
    if (code == OK)
        code = record_find(view_sql(v), k, id, arena, &r, reterr);
    if (code == OK)
        *ret = r.parent;
    return code;
}

static enum code settle(struct txn *t, void *arg, struct err *reterr) { return settled_write(t, arg, reterr); }

enum code probe_delivered(struct service *s, json_t *in, json_t **ret, struct err *reterr) {
    const char *name = json_string_value(json_object_get(in, "kind")), *id = json_string_value(json_object_get(in, "id")), *to = json_string_value(json_object_get(in, "to"));
    const int kind = name == NULL ? -1 : charter_kind(service_charter(s), name);
    AUTO(outgoing_done) struct outgoing out = OUTGOING;
    int64_t tenant;
    struct uuid parent;
    enum code code = probe_tenant(s, in, &tenant, reterr);
    struct letter_row row = { .id = uuid_new(), .cause = "probe", .state = LETTER_SENT, .status = 250, .said = "", .receipt = "", .purpose = "", .channel = CHANNEL_EMAIL };
    if (code == OK && (kind < 0 || id == NULL || to == NULL || strlen(to) >= sizeof out.to || !uuid_parse(id, &row.record)))
        return err_set(reterr, E_INVALID, "kind, id and to are missing");
    if (code != OK)
        return code;
    const struct kind_info *k = service_kind(s, kind);
    row.kind = k->number;
    code = parent_of(s, tenant, k, &row.record, &parent, reterr);
    snprintf(out.to, sizeof out.to, "%s", to);
    out.ask = (struct gate_ask){ .service = s, .tenant = tenant, .kind = kind, .record = row.record, .parent = parent };
    struct settled settled = { .service = s, .tenant = tenant, .row = &row, .out = &out, .tls = "TLSv1.3", .enhanced = "2.0.0", .final = true };
    if (code == OK)
        code = settled_prepare(&settled, reterr);
    if (code == OK)
        code = store_write(service_store(s), tenant, settle, &settled, reterr);
    settled_done(&settled);
    if (code == OK)
        *ret = json_object();
    return code;
}
