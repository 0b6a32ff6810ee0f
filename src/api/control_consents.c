/* control_consents.c — consents, objections and restrictions by the command line: of the record that the call names. */
#include <string.h>

#include "access/people.h"
#include "api/api_int.h"
#include "api/control_int.h"
#include "rights/consent.h"
#include "rights/objection.h"
#include "rights/restriction.h"
#include "store/tables.h"

struct asked { struct service *s; struct caller who; int kind; struct uuid id; };

/* needed: the call must name a record; otherwise kind -1 stands for all. */
static enum code asked_of(struct control_req *c, bool needed, struct asked *ret, struct err *reterr) {
    const char *record = control_text(c, "record"), *slash = record == NULL ? NULL : strchr(record, '/');
    char kind[128] = "";
    *ret = (struct asked){ .kind = -1, .who = { .tenant = control_number(c, "tenant", 0), .person = -1, .by_sejf = true, .subject_kind = -1 } };
    enum code code = ret->who.tenant < 1 ? err_set(reterr, E_INVALID, "tenant: a number") : people_service(api_people(c->api), ret->who.tenant, &ret->s, reterr);
    if (code != OK || (record == NULL && !needed))
        return code;
    if (slash != NULL && (size_t)(slash - record) < sizeof kind) {
        memcpy(kind, record, (size_t)(slash - record));
        ret->kind = charter_kind(service_charter(ret->s), kind);
    }
    return ret->kind >= 0 && uuid_parse(slash + 1, &ret->id) ? OK : err_set(reterr, E_INVALID, "the record is named by its kind and its id: KIND/ID");
}

static enum code told_of(struct control_req *c, usec_t otherwise, usec_t *ret, struct err *reterr) {
    const char *text = control_text(c, "told");
    *ret = otherwise;
    return text == NULL || time_parse(text, ret) ? OK : err_set(reterr, E_INVALID, "told: a time such as 2026-11-22T10:00:00Z");
}

enum code do_consent_list(struct control_req *c, struct err *reterr) {
    struct asked a;
    json_t *made = NULL;
    enum code code = asked_of(c, true, &a, reterr);
    if (code == OK)
        code = consent_history(a.s, a.who.tenant, a.kind, &a.id, &made, reterr);
    if (code == OK)
        code = control_say_list(c, json_incref(json_object_get(made, "items")));
    json_decref(made);
    return code;
}

enum code do_consent_receipt(struct control_req *c, struct err *reterr) {
    struct asked a;
    json_t *made = NULL;
    struct tenant_row row = { .name = NULL };
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a receipt") : asked_of(c, true, &a, reterr);
    if (code == OK)
        code = tenant_get(c->store, a.who.tenant, &row, arena, reterr);
    if (code == OK)
        code = consent_receipt(a.s, a.who.tenant, row.name, a.kind, &a.id, &made, reterr);
    if (code == OK)
        control_set(c, "receipt", made);
    return code;
}

static enum code say_list_of(struct control_req *c, enum code (*list_of)(struct service *s, int64_t tenant, int kind, const struct uuid *id, json_t **ret, struct err *reterr),
                             struct err *reterr) {
    struct asked a;
    json_t *list = NULL;
    enum code code = asked_of(c, false, &a, reterr);
    if (code == OK)
        code = list_of(a.s, a.who.tenant, a.kind, &a.id, &list, reterr);
    return code == OK ? control_say_list(c, list) : code;
}

enum code do_objection_list(struct control_req *c, struct err *reterr) { return say_list_of(c, objection_list, reterr); }

enum code do_objection_make(struct control_req *c, struct err *reterr) {
    struct asked a;
    size_t records = 0;
    const char *purpose = control_text(c, "purpose");
    enum code code = asked_of(c, true, &a, reterr);
    if (code == OK && purpose == NULL)
        return err_set(reterr, E_INVALID, "purpose: as the charter writes it, in any language");
    if (code == OK && json_is_true(json_object_get(c->in, "end")))
        code = objection_end(a.s, &a.who, a.kind, &a.id, purpose, reterr);
    else if (code == OK)
        code = objection_make(a.s, &a.who, a.kind, &a.id, purpose, &records, reterr);
    if (code == OK)
        control_set(c, "records", json_integer((json_int_t)records));
    return code;
}

enum code do_restriction_list(struct control_req *c, struct err *reterr) { return say_list_of(c, restriction_list, reterr); }

enum code do_restriction_set(struct control_req *c, struct err *reterr) {
    struct asked a;
    enum code code = asked_of(c, true, &a, reterr);
    return code == OK ? restriction_set(a.s, &a.who, a.kind, &a.id, 0, reterr) : code;
}

enum code do_restriction_told(struct control_req *c, struct err *reterr) {
    struct asked a;
    usec_t told = 0;
    enum code code = asked_of(c, true, &a, reterr);
    if (code == OK)
        code = told_of(c, 0, &told, reterr);
    if (code == OK && told == 0)
        return restriction_write(a.s, &a.who, a.kind, &a.id, NULL, reterr);
    return code == OK ? restriction_tell(a.s, &a.who, a.kind, &a.id, told, reterr) : code;
}

enum code do_restriction_lift(struct control_req *c, struct err *reterr) {
    struct asked a;
    usec_t told = 0;
    enum code code = asked_of(c, true, &a, reterr);
    if (code == OK)
        code = told_of(c, 0, &told, reterr);
    return code == OK ? restriction_lift(a.s, &a.who, a.kind, &a.id, told, reterr) : code;
}
