/* control_webhooks.c — who is told of changes, by the command line. */
#include "access/people.h"
#include "api/api_int.h"
#include "api/control_int.h"
#include "messages/telling.h"
#include "wire/weburl.h"

#define PAGE 200u

enum code do_webhook_list(struct control_req *c, struct err *reterr) {
    struct service *s = NULL;
    json_t *list = NULL, *one;
    size_t i;
    int64_t tenant = control_number(c, "tenant", 0);
    enum code code = people_service(api_people(c->api), tenant, &s, reterr);
    if (code == OK)
        code = webhooks_told(s, tenant, NULL, &list, reterr);
    json_array_foreach(json_object_get(list, "items"), i, one) {
        struct weburl u;
        const char *url = json_string_value(json_object_get(one, "url"));
        if (url != NULL && weburl_read(url, &u))
            json_object_set_new(one, "host", json_string(u.host));
        json_object_del(one, "url");           /* its path may be a secret of the peer's */
        (void)!control_say(c, one);
    }
    control_set(c, "count", json_integer((json_int_t)json_array_size(json_object_get(list, "items"))));
    json_decref(list);
    return code;
}

enum code do_webhook_deliveries(struct control_req *c, struct err *reterr) {
    struct service *s = NULL;
    int64_t tenant = control_number(c, "tenant", 0), before = INT64_MAX, count = 0;
    bool more = true;
    enum code code = people_service(api_people(c->api), tenant, &s, reterr);
    while (code == OK && more && !c->reader_gone) {
        json_t *list = NULL, *one;
        size_t i;
        code = deliveries_told(s, tenant, control_number(c, "number", 0), before, PAGE, &list, reterr);
        json_array_foreach(json_object_get(list, "items"), i, one)
            (void)!control_say(c, one);
        count += (int64_t)json_array_size(json_object_get(list, "items"));
        before = json_integer_value(json_object_get(list, "next"));
        more = before > 0;
        json_decref(list);
    }
    control_set(c, "count", json_integer(count));
    return code;
}
