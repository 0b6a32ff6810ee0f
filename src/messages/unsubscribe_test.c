/* unsubscribe_test.c — the address in a letter says nothing to whoever reads it, and is nobody's when a sign is changed; who leaves is suppressed for that list,
 * and its consent is withdrawn; it comes back by the same address. */
#include "messages/unsubscribe.c"

#include <stdio.h>

#include "messages/suppress.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "store/consent.h"

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

static enum unsubscribed is(struct bed *b, const struct unsubscribe *u) {
    enum unsubscribed got = UNSUBSCRIBED_NOT;
    CHECK_OK(unsubscribe_done(b->service, u, &got, &b->e), &b->e);
    return got;
}

TEST(who_leaves_is_on_the_list_and_comes_back) {
    struct bed b;
    struct uuid id = uuid_new();
    json_t *told = NULL;
    bed_start(&b, events_charter);
    struct unsubscribe u = of(&b, &id);      /* the record is gone: it works all the same */
    CHECK_INT(is(&b, &u), UNSUBSCRIBED_NOT);
    for (int twice = 0; twice < 2; twice++)
        CHECK_OK(unsubscribe_do(b.service, &u, "link", &b.e), &b.e);
    CHECK_INT(is(&b, &u), UNSUBSCRIBED_LEFT);
    struct unsubscribe other = u;
    other.scope = uuid_new();
    CHECK_INT(is(&b, &other), UNSUBSCRIBED_NOT);       /* another event's letters go on */
    CHECK_OK(suppressions_told(b.service, b.tenant, USEC_NEVER, 10, &told, &b.e), &b.e);
    const json_t *first = json_array_get(json_object_get(told, "items"), 0);
    CHECK_INT(json_array_size(json_object_get(told, "items")), 1);
    CHECK_TEXT(json_string_value(json_object_get(first, "list")), "scope");
    CHECK_TEXT(json_string_value(json_object_get(first, "reason")), "unsubscribed");
    CHECK(json_is_null(json_object_get(first, "until")));
    json_decref(told);
    CHECK_OK(unsubscribe_undo(b.service, &u, "link", &b.e), &b.e);
    CHECK_INT(is(&b, &u), UNSUBSCRIBED_NOT);
    struct suppress_wish w = wish_of(&u, "", "sejf");
    bool fresh;
    w.reason = SUPPRESS_COMPLAINT;
    CHECK_OK(suppress(b.service, &w, &fresh, &b.e), &b.e);
    CHECK_OK(unsubscribe_do(b.service, &u, "link", &b.e), &b.e);
    CHECK_OK(unsubscribe_undo(b.service, &u, "link", &b.e), &b.e);
    CHECK_INT(is(&b, &u), UNSUBSCRIBED_OTHER);         /* nobody is told that it gets letters again */
    bed_end(&b);
}

/* ---- what the record shows */

static const char lists[] =
    CHARTER_HEAD("lists", "PL", "Europe/Warsaw")
    "people:\n  reader: who reads\n  owner: the customer\n"
    "tenant: owner\n"
    "records:\n"
    "  list:\n    belongs_to: owner\n    holds:\n      title: text\n    keep: until the owner deletes it\n    when_deleted: erase subscription\n"
    "  subscription:\n"
    "    we_are: processor for the owner\n    belongs_to: list\n    about: reader\n    because: consent news\n    used_for: [sending news, sending offers]\n"
    "    consents:\n      offers: for sending offers\n"
    "    holds:\n"
    "      email: personal email, found exactly\n"
    "      state: one of subscribed | unsubscribed, found exactly\n"
    "    moves:\n      subscribed to unsubscribed: reader\n      unsubscribed to subscribed: reader\n"
    "    keep: 1 year after created, then erase\n"
    "who_sees:\n"
    "  reader: everything of own subscription, by private link\n"
    "  owner: everything of own list, everything of own subscription\n"
    "  support: nothing personal\n"
    "messages:\n  email: only to reader of the same list, at most 9 a day for each person\n"
    "sign_in:\n  owner: password of 12 characters and a second step\n"
    CHARTER_TAIL;

struct desk { struct bed b; struct caller owner; struct uuid list, anna; };
static void desk_start(struct desk *d) {
    json_t *got = NULL;
    bed_start(&d->b, lists);
    d->owner = bed_role(&d->b, d->b.tenant, "owner");
    CHECK_OK(bed_make(&d->b, &d->owner, "list", json_pack("{s:s}", "title", "News"), &got), &d->b.e);
    d->list = id_of(got);
    json_decref(got);
    char list[UUID_TEXT];
    CHECK_OK(bed_make(&d->b, &d->owner, "subscription", json_pack("{s:s, s:s, s:{s:b, s:b}}", "list", uuid_format(&d->list, list), "email", "anna@people.example", "consents", "news", 1, "offers", 1), &got), &d->b.e);
    d->anna = id_of(got);
    json_decref(got);
}
static struct unsubscribe from(struct desk *d, const char *purpose, const char *address) {
    struct unsubscribe u = { .tenant = d->b.tenant, .channel = CHANNEL_EMAIL, .kind = service_kind(d->b.service, charter_kind(d->b.charter, "subscription"))->number, .record = d->anna, .scope = d->list };
    snprintf(u.purpose, sizeof u.purpose, "%s", purpose);
    CHECK_OK(who_of(d->b.service, d->b.tenant, CHANNEL_EMAIL, address, u.who, &d->b.e), &d->b.e);
    return u;
}
/* "subscribed, news, offers" */
static void shows(struct desk *d, const char *want) {
    json_t *got = NULL;
    char text[100];
    CHECK_OK(bed_read(&d->b, &d->owner, "subscription", &d->anna, &got), &d->b.e);
    const json_t *consents = json_object_get(got, "consents");
    snprintf(text, sizeof text, "%s%s%s", text_at(got, "fields", "state"), json_is_true(json_object_get(consents, "news")) ? ", news" : "", json_is_true(json_object_get(consents, "offers")) ? ", offers" : "");
    CHECK_TEXT(text, want);
    json_decref(got);
}
static void moves(struct desk *d, const struct caller *who, const char *state) {
    json_t *got = NULL;
    CHECK_OK(bed_change(&d->b, who, "subscription", &d->anna, -1, json_pack("{s:s}", "state", state), &got), &d->b.e);
    json_decref(got);
}

struct heard_way { char text[200]; };
static bool way_take(const struct consent_row *r, void *arg) {
    struct heard_way *w = arg;
    size_t n = strlen(w->text);
    snprintf(w->text + n, sizeof w->text - n, "%s %d %s;", r->name, (int)r->state, r->way);
    return true;
}
static void steps(struct desk *d, const char *want) {
    struct heard_way w = { "" };
    struct view *v = NULL;
    CHECK_OK(store_view(d->b.store, d->b.tenant, &v, &d->b.e), &d->b.e);
    CHECK_OK(consents_of(view_sql(v), service_kind(d->b.service, charter_kind(d->b.charter, "subscription"))->number, &d->anna, way_take, &w, &d->b.e), &d->b.e);
    v = view_end(v);
    CHECK_TEXT(w.text, want);
}

TEST(a_consent_of_the_purpose_is_withdrawn_and_that_of_the_record_is_not) {
    struct desk d;
    desk_start(&d);
    shows(&d, "subscribed, news, offers");
    struct unsubscribe offers = from(&d, "sending offers", "anna@people.example"), news = from(&d, "sending news", "anna@people.example");
    char list[LIST_TEXT];
    CHECK_INT(unsubscribe_list(d.b.service, &offers, list), FROM_CONSENT);
    CHECK_TEXT(list, "purpose sending offers");
    CHECK_INT(unsubscribe_list(d.b.service, &news, list), FROM_SCOPE);
    for (int twice = 0; twice < 2; twice++)
        CHECK_OK(unsubscribe_do(d.b.service, &offers, "link", &d.b.e), &d.b.e);
    shows(&d, "unsubscribed, news");
    char said[200];
    snprintf(said, sizeof said, "news %d api;offers %d api;offers %d link;", CONSENT_GIVEN, CONSENT_GIVEN, CONSENT_WITHDRAWN);
    steps(&d, said);
    CHECK(is(&d.b, &offers) == UNSUBSCRIBED_LEFT && is(&d.b, &news) == UNSUBSCRIBED_NOT);
    CHECK_OK(unsubscribe_do(d.b.service, &news, "link", &d.b.e), &d.b.e);
    shows(&d, "unsubscribed, news");         /* one click erases no record */
    CHECK_INT(is(&d.b, &news), UNSUBSCRIBED_LEFT);
    bed_end(&d.b);
}

TEST(it_comes_back_by_its_own_move_and_leaves_again) {
    struct desk d;
    desk_start(&d);
    struct unsubscribe news = from(&d, "sending news", "anna@people.example");
    const struct caller anna = person_of(d.b.service, &news, service_kind(d.b.service, charter_kind(d.b.charter, "subscription")));
    for (int again = 0; again < 2; again++) {
        CHECK_OK(unsubscribe_do(d.b.service, &news, "link", &d.b.e), &d.b.e);
        CHECK_INT(is(&d.b, &news), UNSUBSCRIBED_LEFT);
        shows(&d, "unsubscribed, news, offers");
        moves(&d, &anna, "subscribed");
        CHECK_INT(is(&d.b, &news), UNSUBSCRIBED_NOT);
    }
    CHECK_OK(unsubscribe_do(d.b.service, &news, "link", &d.b.e), &d.b.e);
    CHECK_OK(unsubscribe_undo(d.b.service, &news, "link", &d.b.e), &d.b.e);
    shows(&d, "subscribed, news, offers");
    CHECK_INT(is(&d.b, &news), UNSUBSCRIBED_NOT);
    bed_end(&d.b);
}

TEST(it_leaves_by_the_address_that_the_record_holds_now_too) {
    struct desk d;
    json_t *got = NULL;
    desk_start(&d);
    struct unsubscribe old = from(&d, "sending news", "anna@people.example"), now = from(&d, "sending news", "anna.nowak@people.example");
    CHECK_OK(bed_change(&d.b, &d.owner, "subscription", &d.anna, -1, json_pack("{s:s}", "email", "Anna.Nowak@people.example"), &got), &d.b.e);
    json_decref(got);
    CHECK_OK(unsubscribe_do(d.b.service, &old, "link", &d.b.e), &d.b.e);
    CHECK(is(&d.b, &old) == UNSUBSCRIBED_LEFT && is(&d.b, &now) == UNSUBSCRIBED_LEFT);
    CHECK_OK(unsubscribe_undo(d.b.service, &now, "link", &d.b.e), &d.b.e);
    CHECK_INT(is(&d.b, &now), UNSUBSCRIBED_NOT);
    shows(&d, "subscribed, news, offers");
    bed_end(&d.b);
}

/* The first address was a stranger's, or is one's by now: it comes back itself, and takes back nothing of what the person at the corrected one said. */
TEST(whoever_has_an_old_letter_brings_nobody_else_back) {
    struct desk d;
    json_t *got = NULL;
    desk_start(&d);
    struct unsubscribe old = from(&d, "sending news", "anna@people.example"), now = from(&d, "sending news", "anna.nowak@people.example");
    CHECK_OK(bed_change(&d.b, &d.owner, "subscription", &d.anna, -1, json_pack("{s:s}", "email", "Anna.Nowak@people.example"), &got), &d.b.e);
    json_decref(got);
    CHECK_OK(unsubscribe_do(d.b.service, &now, "link", &d.b.e), &d.b.e);
    shows(&d, "unsubscribed, news, offers");
    CHECK_OK(unsubscribe_do(d.b.service, &old, "link", &d.b.e), &d.b.e);
    for (int twice = 0; twice < 2; twice++)
        CHECK_OK(unsubscribe_undo(d.b.service, &old, "link", &d.b.e), &d.b.e);
    CHECK(is(&d.b, &old) == UNSUBSCRIBED_NOT && is(&d.b, &now) == UNSUBSCRIBED_LEFT);
    shows(&d, "unsubscribed, news, offers");
    char said[200];
    snprintf(said, sizeof said, "news %d api;offers %d api;", CONSENT_GIVEN, CONSENT_GIVEN);
    steps(&d, said);
    bed_end(&d.b);
}

TEST(a_list_whose_words_were_changed_stays_left) {
    struct desk d;
    desk_start(&d);
    struct unsubscribe news = from(&d, "sending news", "anna@people.example");
    bool fresh;
    char of_list[LIST_TEXT];
    const char *const left[] = { "purpose sending newz", of_list, "purpose sending offers" };       /* words of an older charter; what the record belongs to; another one of today */
    list_of_scope(&d.list, of_list);
    for (size_t i = 0; i < ARRAY_LEN(left); i++) {
        struct suppress_wish w = wish_of(&news, left[i], "sejf");
        int64_t count = 0;
        struct gate_ask a = { .service = d.b.service, .tenant = d.b.tenant, .kind = charter_kind(d.b.charter, "subscription"), .record = d.anna, .parent = d.list, .scope = uuid_new() /* the charter of today has messages go by another */,
                              .now = clock_now() };
        enum suppress_reason reason = 0;
        memcpy(a.who, news.who, sizeof a.who);
        CHECK_OK(suppress(d.b.service, &w, &fresh, &d.b.e), &d.b.e);
        a.now = clock_now();
        CHECK_OK(suppressed_by(&a, &reason, &d.b.e), &d.b.e);
        CHECK_INT(reason, i == 2 ? 0 : SUPPRESS_LEFT);
        w.list = NULL;
        CHECK_OK(suppress_lift(d.b.service, &w, LIFTED_BY_ITSELF, &count, &d.b.e), &d.b.e);
    }
    bed_end(&d.b);
}

/* It left by a letter of the charter before: the same letter takes that back, and nothing that it left by others. */
TEST(who_left_a_purpose_of_old_words_comes_back_by_its_letter) {
    struct desk d;
    int64_t count = 0;
    bool fresh;
    desk_start(&d);
    struct unsubscribe letter = from(&d, "sending newz", "anna@people.example"), other = from(&d, "sending ofers", "anna@people.example");
    struct suppress_wish w = wish_of(&letter, "purpose sending newz", "link");
    CHECK_OK(suppress(d.b.service, &w, &fresh, &d.b.e), &d.b.e);
    CHECK_INT(is(&d.b, &letter), UNSUBSCRIBED_LEFT);
    CHECK_OK(unsubscribe_undo(d.b.service, &other, "link", &d.b.e), &d.b.e);
    CHECK_INT(is(&d.b, &letter), UNSUBSCRIBED_LEFT);
    CHECK_OK(unsubscribe_undo(d.b.service, &letter, "link", &d.b.e), &d.b.e);
    CHECK_INT(is(&d.b, &letter), UNSUBSCRIBED_NOT);
    CHECK_OK(suppress_lift(d.b.service, &w, LIFTED_BY_ITSELF, &count, &d.b.e), &d.b.e);
    CHECK_INT(count, 0);
    bed_end(&d.b);
}

TEST(a_purpose_of_many_words_has_its_header_too) {
    struct bed b;
    struct uuid id = uuid_new();
    char many[400] = "running the event and whatever belongs to it, ";
    struct unsubscribe got;
    bed_start(&b, events_charter);
    while (strlen(many) < 300)
        memcpy(many + strlen(many), "zażółć ", sizeof "zażółć ");
    AUTO(buf_done) struct buf h = BUF(4096);
    struct letter_row r = { .kind = 3, .channel = CHANNEL_EMAIL, .purpose = many, .record = id };
    uint8_t who[WHO_SIZE] = { 7 };
    CHECK_OK(unsubscribe_address(b.service, b.tenant, &r, who, "https://seats.example", &h, &b.e), &b.e);
    const char *token = strrchr(buf_str(&h), '/');
    CHECK(token != NULL);
    CHECK_OK(unsubscribe_read(b.service, token + 1, &got, &b.e), &b.e);
    const size_t n = strlen(got.purpose);
    CHECK(n >= UNSUBSCRIBE_PURPOSE - 1 - UTF8_MORE && n < UNSUBSCRIBE_PURPOSE && strncmp(many, got.purpose, n) == 0 && ((unsigned char)many[n] & 0xc0) != 0x80);
    int64_t tenant = 0;
    CHECK(unsubscribe_tenant(token + 1, &tenant) && tenant == b.tenant && !unsubscribe_tenant("AAAA", &tenant));
    bed_end(&b);
}
