/* outbox_test.c — letters are told of page by page, without address or text. */
#include "messages/outbox.c"

#include "messages/outbed.h"

TEST(letters_are_listed_by_page) {
    struct outbed o;
    struct uuid ids[5];
    json_t *list = NULL;
    struct uuid none = { { 0 } }, at;
    enum deliver_end end;
    out_start(&o);
    for (int i = 0; i < 5; i++)
        ids[i] = out_letter(&o, INT64_C(4102444800) * USEC_PER_SEC);
    o.outcome = MAIL_REFUSED;
    o.status = 550;
    CHECK_OK(deliver_one(&o.d, o.b.tenant, &ids[4], &end, &o.b.e), &o.b.e);
    CHECK_OK(outbox_list(o.b.store, o.b.tenant, &none, 3, &list, &o.b.e), &o.b.e);
    json_t *items = json_object_get(list, "items"), *first = json_array_get(items, 0);
    CHECK_INT(json_array_size(items), 3);
    CHECK_TEXT(text_at(first, "state", NULL), "bounced");
    CHECK_TEXT(text_at(first, "said", NULL), "RCPT: so it says");
    CHECK(json_integer_value(json_object_get(first, "status")) == 550 && json_integer_value(json_object_get(first, "about")) == 7 && text_at(first, "tried", NULL) != NULL);
    CHECK(json_is_null(json_object_get(json_array_get(items, 1), "tried")));
    char *text = json_dumps(list, 0);
    CHECK(strstr(text, "anna") == NULL && strstr(text, "What goes") == NULL);
    free(text);
    CHECK(uuid_parse(text_at(list, "next", NULL), &at));
    json_decref(list);
    CHECK_OK(outbox_list(o.b.store, o.b.tenant, &at, 3, &list, &o.b.e), &o.b.e);
    CHECK(json_array_size(json_object_get(list, "items")) == 2 && json_is_null(json_object_get(list, "next")));
    json_decref(list);
    CHECK_OK(outbox_list(o.b.store, o.b.other, &none, 3, &list, &o.b.e), &o.b.e);
    CHECK(json_array_size(json_object_get(list, "items")) == 0);
    json_decref(list);
    out_end(&o);
}
