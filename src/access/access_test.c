/* access_test.c — tokens and private links over a real store. */
#include "access/access.c"
#include "records/testbed.h"
#include "records/testcharters.h"

static enum code bear(struct bed *b, const char *token, bool loopback, struct caller *ret) {
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    enum code code = access_caller(b->service, token, &(struct caller_place){ loopback, "192.0.2.7" }, ret, arena, &b->e);
    ret->scope = NULL;                        /* it lives in the arena */
    return code;
}

TEST(a_token_says_who_bears_it) {
    struct bed b;
    char token[TOKEN_TEXT] = "", first[TOKEN_TEXT];
    int64_t number = 0;
    struct caller who;
    bed_start(&b, events_charter);
    CHECK_OK(access_token_make(b.service, &(struct token_wish){ .tenant = b.tenant, .role = "organiser", .subject_kind = -1 }, token, &number, &b.e), &b.e);
    CHECK(strlen(token) == 48 && strncmp(token, "sejf_", 5) == 0 && number > 0);
    CHECK_OK(bear(&b, token, false, &who), &b.e);
    CHECK(who.tenant == b.tenant && who.person == charter_person(b.charter, "organiser") && who.token == number && !who.by_link && who.subject_kind == -1);
    memcpy(first, token, sizeof first);
    CHECK_OK(access_token_make(b.service, &(struct token_wish){ .tenant = b.tenant, .role = "door", .loopback_only = true, .subject_kind = -1 }, token, &number, &b.e), &b.e);
    CHECK_CODE(bear(&b, token, false, &who), E_SIGN_IN, &b.e);
    CHECK_OK(bear(&b, token, true, &who), &b.e);
    CHECK_OK(token_revoke(b.store, b.tenant, number, &b.e), &b.e);
    usleep(1100000);                          /* the memory of a second has gone */
    CHECK_CODE(bear(&b, token, true, &who), E_SIGN_IN, &b.e);
    CHECK_OK(bear(&b, first, true, &who), &b.e);
    CHECK_CODE(access_token_make(b.service, &(struct token_wish){ .tenant = b.tenant, .role = "nobody" }, token, NULL, &b.e), E_INVALID, &b.e);
    CHECK_CODE(access_token_make(b.service, &(struct token_wish){ .tenant = 999, .role = "door" }, token, NULL, &b.e), E_NOT_FOUND, &b.e);
    CHECK_CODE(access_token_make(b.service, &(struct token_wish){ .tenant = b.tenant, .role = "door", .scope = "[]" }, token, NULL, &b.e), E_INVALID, &b.e);
    bed_end(&b);
}

TEST(what_is_no_token_is_refused_in_the_same_words) {
    struct bed b;
    struct caller who;
    char expired[TOKEN_TEXT], words[sizeof b.e.text] = "";
    bed_start(&b, events_charter);
    CHECK_OK(access_token_make(b.service, &(struct token_wish){ .tenant = b.tenant, .role = "door", .expires = 1, .subject_kind = -1 }, expired, NULL, &b.e), &b.e);
    const char *const bad[] = { NULL, "", "sejf_", "Bearer", expired, "sejf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "sejf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK_CODE(bear(&b, bad[i], true, &who), E_SIGN_IN, &b.e);
        if (i == 0)
            memcpy(words, b.e.text, sizeof words);
        CHECK_TEXT(b.e.text, words);
    }
    bed_end(&b);
}

TEST(a_private_link_opens_its_own_record_only) {
    struct bed b;
    struct caller who;
    json_t *event = NULL, *mine = NULL, *other = NULL, *got = NULL;
    char link[TOKEN_TEXT];
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &event), &b.e);
    CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s}", "event", text_at(event, "id", NULL), "name", "Ewa", "email", "ewa@poczta.example"), &mine), &b.e);
    CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s}", "event", text_at(event, "id", NULL), "name", "Jan", "email", "jan@poczta.example"), &other), &b.e);
    struct uuid id = id_of(mine), not_mine = id_of(other), event_id = id_of(event);
    CHECK_OK(access_link_make(b.service, b.tenant, charter_kind(b.charter, "registration"), &id, link, &b.e), &b.e);
    CHECK_OK(bear(&b, link, false, &who), &b.e);
    CHECK(who.by_link && uuid_compare(&who.subject, &id) == 0);
    CHECK_OK(bed_read(&b, &who, "registration", &id, &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "name"), "Ewa");
    json_decref(got);
    CHECK_CODE(bed_read(&b, &who, "registration", &not_mine, &got), E_NOT_FOUND, &b.e);
    CHECK_CODE(bed_read(&b, &who, "event", &event_id, &got), E_NOT_FOUND, &b.e);
    CHECK_OK(bed_change(&b, &who, "registration", &id, -1, json_pack("{s:s}", "phone", "22 123 45 67"), &got), &b.e);
    json_decref(got);
    CHECK_CODE(bed_change(&b, &who, "registration", &id, -1, json_pack("{s:s}", "name", "Inna"), &got), E_FIELDS, &b.e);
    json_decref(got);
    CHECK_CODE(bed_change(&b, &who, "registration", &not_mine, -1, json_pack("{s:s}", "phone", "22 123 45 67"), &got), E_NOT_FOUND, &b.e);
    CHECK_OK(bed_change(&b, &who, "registration", &id, -1, json_pack("{s:s}", "status", "cancelled"), &got), &b.e);
    json_decref(got);
    CHECK_CODE(bed_change(&b, &who, "registration", &id, -1, json_pack("{s:s}", "status", "accepted"), &got), E_FIELDS, &b.e);
    json_decref(got);
    CHECK_CODE(bed_erase(&b, &who, "registration", &id, &got), E_FORBIDDEN, &b.e);
    CHECK_CODE(access_link_make(b.service, b.tenant, charter_kind(b.charter, "event"), &event_id, link, &b.e), E_INVALID, &b.e);
    json_decref(event);
    json_decref(mine);
    json_decref(other);
    bed_end(&b);
}
