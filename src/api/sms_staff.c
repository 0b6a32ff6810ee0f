/* sms_staff.c — see sms_staff.h. */
#include "api/sms_staff.h"

#include <string.h>

static bool approves(const json_t *member, const char *id, const char *person) {
    const char *account = json_string_value(json_object_get(member, "account")), *role = json_string_value(json_object_get(member, "role")), *state = json_string_value(json_object_get(member, "state"));
    return account != NULL && role != NULL && state != NULL && strcmp(account, id) == 0 && strcmp(state, "active") == 0 && strcmp(role, person) == 0;
}

enum code sms_approver(struct people *p, const struct service *s, const struct uuid *account, struct err *reterr) {
    const struct person *people;
    char id[UUID_TEXT];
    json_t *staff = NULL, *one;
    size_t i, n = charter_people(service_charter(s), &people);
    bool found = false;
    int who = charter_sms(service_charter(s))->approver;
    if (who < 0 || (size_t)who >= n)
        return err_set(reterr, E_CONFLICT, "the charter knows no exceptions for text messages");
    enum code code = members_list(p, 0, &staff, reterr);
    uuid_format(account, id);
    json_array_foreach(staff, i, one)
        found = found || approves(one, id, people[who].name);
    json_decref(staff);
    if (code != OK || !rule_on(RULE_sms_exceptions))
        return code;
    if (found)
        return people_authorised(p, people[who].name, account, reterr);
    return err_set(reterr, E_FORBIDDEN, "a further country is approved by the %s of the operator's staff, and this account is none: sejf user new --role %s", people[who].name, people[who].name);
}
