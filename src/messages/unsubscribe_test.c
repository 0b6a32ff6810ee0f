/* unsubscribe_test.c — the address in a letter says nothing to whoever reads it, and is nobody's when a sign is changed; who leaves is suppressed for that list,
 * and its consent is withdrawn; it comes back by the same address. */
#include "messages/unsubscribe.c"

#include "messages/suppress.h"
#include "records/testbed.h"
#include "records/testcharters.h"

static struct unsubscribe of(struct bed *b, const struct uuid *record) {
    struct unsubscribe u = { .tenant = b->tenant, .channel = CHANNEL_EMAIL, .kind = service_kind(b->service, charter_kind(b->charter, "registration"))->number, .record = *record, .scope = uuid_new(),
                             .purpose = "running the event" };
    CHECK_OK(who_of(b->service, b->tenant, CHANNEL_EMAIL, "anna@people.example", u.who, &b->e), &b->e);
    return u;
}

TEST(a_token_comes_back_whole_and_only_whole) {
    struct bed b;
    struct uuid id = uuid_new();
    struct unsubscribe got;
    AUTO(buf_done) struct buf token = BUF(4096), changed = BUF(4096);
    bed_start(&b, events_charter);
    struct unsubscribe u = of(&b, &id);
    CHECK_OK(unsubscribe_token(b.service, &u, &token, &b.e), &b.e);
    CHECK(strspn(buf_str(&token), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == token.len && token.len < 300);
    CHECK_OK(unsubscribe_read(b.service, buf_str(&token), &got, &b.e), &b.e);
    CHECK(got.tenant == u.tenant && got.channel == u.channel && got.kind == u.kind && uuid_compare(&got.record, &u.record) == 0 && uuid_compare(&got.scope, &u.scope) == 0 && memcmp(got.who, u.who, WHO_SIZE) == 0);
    CHECK_TEXT(got.purpose, u.purpose);
    for (size_t i = 0; i < token.len; i += 3) {
        buf_cut(&changed, 0);
        buf_text(&changed, buf_str(&token));
        changed.data[i] = changed.data[i] == 'A' ? 'B' : 'A';
        CHECK_CODE(unsubscribe_read(b.service, buf_str(&changed), &got, &b.e), E_NOT_FOUND, &b.e);
    }
    for (size_t n = 0; n < token.len; n += 5) {
        buf_cut(&changed, 0);
        buf_add(&changed, token.data, n);
        CHECK_CODE(unsubscribe_read(b.service, buf_str(&changed), &got, &b.e), E_NOT_FOUND, &b.e);
    }
    bed_end(&b);
}

TEST(headers_stand_in_messages_alone) {
    struct bed b;
    uint8_t who[WHO_SIZE] = { 7 };
    AUTO(buf_done) struct buf h = BUF(4096);
    bed_start(&b, events_charter);
    struct letter_row r = { .kind = 0, .channel = CHANNEL_EMAIL, .purpose = "" };
    CHECK_OK(unsubscribe_headers(b.service, b.tenant, &r, who, "https://seats.example", &h, &b.e), &b.e);
    r.kind = 3;
    r.channel = CHANNEL_SMS;
    CHECK_OK(unsubscribe_headers(b.service, b.tenant, &r, who, "https://seats.example", &h, &b.e), &b.e);
    r.channel = CHANNEL_EMAIL;
    CHECK_OK(unsubscribe_headers(b.service, b.tenant, &r, who, "http://seats.example", &h, &b.e), &b.e);
    CHECK_INT(h.len, 0);                     /* one click is promised over TLS alone */
    CHECK_OK(unsubscribe_headers(b.service, b.tenant, &r, who, "https://seats.example", &h, &b.e), &b.e);
    CHECK(strncmp(buf_str(&h), "List-Unsubscribe: <https://seats.example/u/events/", 50) == 0);
    CHECK(strstr(buf_str(&h), ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n") != NULL && strcspn(buf_str(&h), "\r") < 900);
    bed_end(&b);
}

TEST(who_leaves_is_on_the_list_and_comes_back) {
    struct bed b;
    struct uuid id = uuid_new();
    bool left = true;
    json_t *told = NULL;
    bed_start(&b, events_charter);
    struct unsubscribe u = of(&b, &id);      /* the record is gone: it works all the same */
    CHECK_OK(unsubscribe_done(b.service, &u, &left, &b.e), &b.e);
    CHECK(!left);
    for (int twice = 0; twice < 2; twice++)
        CHECK_OK(unsubscribe_do(b.service, &u, "link", &b.e), &b.e);
    CHECK_OK(unsubscribe_done(b.service, &u, &left, &b.e), &b.e);
    CHECK(left);
    struct unsubscribe other = u;
    other.scope = uuid_new();
    CHECK_OK(unsubscribe_done(b.service, &other, &left, &b.e), &b.e);
    CHECK(!left);                            /* another event's letters go on */
    CHECK_OK(suppressions_told(b.service, b.tenant, USEC_NEVER, 10, &told, &b.e), &b.e);
    const json_t *first = json_array_get(json_object_get(told, "items"), 0);
    CHECK_INT(json_array_size(json_object_get(told, "items")), 1);
    CHECK_TEXT(json_string_value(json_object_get(first, "list")), "scope");
    CHECK_TEXT(json_string_value(json_object_get(first, "reason")), "unsubscribed");
    CHECK(json_is_null(json_object_get(first, "until")));
    json_decref(told);
    CHECK_OK(unsubscribe_undo(b.service, &u, "link", &b.e), &b.e);
    CHECK_OK(unsubscribe_done(b.service, &u, &left, &b.e), &b.e);
    CHECK(!left);
    bed_end(&b);
}
