/* control_retention.c — holds, what is due, and the closing of a tenant by the command line. */
#include <string.h>

#include "access/people.h"
#include "api/api_int.h"
#include "api/control_int.h"
#include "retention/hold.h"

/* Of the tenant that the call names: its service, and sejf itself as its caller. */
struct whose { struct service *s; const struct charter *charter; struct caller who; };
static enum code whose_of(struct control_req *c, struct whose *ret, struct err *reterr) {
    int64_t tenant = control_number(c, "tenant", 0);
    struct service *s = NULL;
    enum code code = tenant < 1 ? err_set(reterr, E_INVALID, "tenant: a number") : people_service(api_people(c->api), tenant, &s, reterr);
    if (code == OK)
        *ret = (struct whose){ s, service_charter(s), { .tenant = tenant, .person = charter_tenant(service_charter(s)), .by_sejf = true, .subject_kind = -1 } };
    return code;
}

/* "registration/0193…" */
static enum code record_arg(struct control_req *c, const struct charter *charter, int *ret_kind, struct uuid *ret, struct err *reterr) {
    const char *text = control_text(c, "record");
    size_t n = text == NULL ? 0 : strcspn(text, "/");
    char *kind = text == NULL ? NULL : strndup(text, n);
    *ret_kind = kind == NULL ? -1 : charter_kind(charter, kind);
    free(kind);
    return *ret_kind >= 0 && text[n] == '/' && uuid_parse(text + n + 1, ret) ? OK : err_set(reterr, E_INVALID, "a record is named by its kind and its id: KIND/ID");
}

enum code do_hold_set(struct control_req *c, struct err *reterr) {
    struct whose w;
    json_t *fields = json_object_get(c->in, "fields"), *made = NULL;
    struct hold_wish wish = { .fields = json_is_array(fields) ? fields : NULL, .why = control_text(c, "why"), .until = control_text(c, "until") };
    enum code code = whose_of(c, &w, reterr);
    if (code == OK)
        code = record_arg(c, w.charter, &wish.kind, &wish.id, reterr);
    if (code == OK)
        code = hold_set(w.s, &w.who, &wish, &made, reterr);
    if (code == OK)
        control_set(c, "hold", made);
    return code;
}

enum code do_hold_lift(struct control_req *c, struct err *reterr) {
    struct whose w;
    json_t *now = NULL;
    enum code code = whose_of(c, &w, reterr);
    if (code == OK)
        code = hold_end(w.s, &w.who, control_number(c, "number", 0), &now, reterr);
    if (code == OK)
        control_set(c, "hold", now);
    return code;
}

enum code do_hold_list(struct control_req *c, struct err *reterr) {
    struct whose w;
    int64_t before = INT64_MAX, count = 0;
    int kind = -1;
    struct uuid id = { { 0 } };
    enum code code = whose_of(c, &w, reterr);
    if (code == OK && control_text(c, "record") != NULL)
        code = record_arg(c, w.charter, &kind, &id, reterr);
    while (code == OK && before > 0 && !c->reader_gone) {
        json_t *page = NULL, *one;
        size_t i;
        code = holds_told(w.s, &w.who, before, kind, &id, &page, reterr);
        json_array_foreach(json_object_get(page, "items"), i, one) {
            (void)!control_say(c, one);
            count++;
        }
        before = json_integer_value(json_object_get(page, "next"));
        json_decref(page);
    }
    control_set(c, "count", json_integer(count));
    return code;
}
