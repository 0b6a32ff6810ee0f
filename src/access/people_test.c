/* people_test.c — people from their invitation to their leaving: links, passwords, second steps, sessions, levels, tokens. */
#include "access/peoplebed.h"
#include "store/tables.h"

TEST(an_invited_person_comes_in_and_calls_as_the_member_it_is) {
    struct people_bed t;
    char link[TOKEN_TEXT], secret[SESSION_TEXT], again[SESSION_TEXT];
    struct session s, other;
    struct link_info info;
    struct caller who;
    start(&t);
    struct uuid id = invite(&t, t.b.tenant, "door", "Anna@Example.org", link), twin;
    CHECK_OK(link_look(t.p, link, &info, &t.b.e), &t.b.e);
    CHECK(!info.reset && !info.has_password && info.tenant == t.b.tenant);
    CHECK_TEXT(info.email, "Anna@example.org");
    CHECK_TEXT(info.role, "door");
    CHECK_CODE(session_password(t.p, &visitor, "anna@example.org", GOOD, secret, &s, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(link_accept(t.p, &visitor, link, NULL, "short", LANG_EN, secret, &s, &t.b.e), E_FIELDS, &t.b.e);
    CHECK_OK(link_accept(t.p, &visitor, link, "Anna Maria Nowak", GOOD, LANG_EN, secret, &s, &t.b.e), &t.b.e);
    CHECK(s.step == STEP_WHOLE && s.elevated && s.factors == FACTOR_PASSWORD);
    CHECK_CODE(link_accept(t.p, &visitor, link, NULL, GOOD, LANG_EN, again, &other, &t.b.e), E_NOT_FOUND, &t.b.e);
    CHECK_OK(account_find(t.p, "ANNA@example.ORG", &twin, &t.b.e), &t.b.e);
    CHECK(uuid_compare(&id, &twin) == 0);
    CHECK_OK(caller(&t, secret, 0, &who), &t.b.e);
    CHECK(who.tenant == t.b.tenant && who.person == charter_person(t.b.charter, "door") && who.by_session && !who.staff && uuid_compare(&who.account, &id) == 0);
    CHECK_CODE(caller(&t, secret, t.b.other, &who), E_NOT_FOUND, &t.b.e);
    CHECK_OK(session_password(t.p, &visitor, "anna@EXAMPLE.org", GOOD, again, &other, &t.b.e), &t.b.e);
    CHECK(other.number != s.number);
    CHECK_CODE(session_password(t.p, &visitor, "anna@example.org", GOOD "x", again, &other, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(session_password(t.p, &visitor, "nobody@example.org", GOOD, again, &other, &t.b.e), E_SIGN_IN, &t.b.e);
    struct person_of person;
    CHECK_OK(account_read(t.p, &id, &person, &t.b.e), &t.b.e);
    CHECK_TEXT(person.name, "Anna Maria Nowak");
    end(&t);
}

TEST(a_role_that_needs_a_second_step_has_nothing_without_it) {
    struct people_bed t;
    char secret[SESSION_TEXT], before[SESSION_TEXT], code[8];
    struct session s;
    struct caller who;
    json_t *begun = NULL, *codes = NULL;
    start(&t);
    (void)joined(&t, "organiser", "ola@example.org", secret, &s);
    CHECK(s.step == STEP_ENROL && !s.elevated);
    CHECK_CODE(caller(&t, secret, 0, &who), E_SIGN_IN, &t.b.e);
    CHECK_CODE(codes_make(t.p, &s, &codes, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_OK(totp_begin(t.p, &s, &begun, &t.b.e), &t.b.e);
    CHECK_CODE(totp_confirm(t.p, &s, "000000", &t.b.e), E_FIELDS, &t.b.e);
    code_of(begun, 0, code);
    CHECK_OK(totp_confirm(t.p, &s, code, &t.b.e), &t.b.e);
    memcpy(before, secret, sizeof before);
    CHECK_OK(session_go_on(t.p, before, secret, &s, &t.b.e), &t.b.e);
    CHECK(s.step == STEP_WHOLE && s.elevated && s.factors == (FACTOR_PASSWORD | FACTOR_TOTP));
    CHECK_CODE(session_find(t.p, before, &s, &t.b.e), E_SIGN_IN, &t.b.e);                 /* rotated */
    CHECK_OK(session_find(t.p, secret, &s, &t.b.e), &t.b.e);
    CHECK_OK(caller(&t, secret, 0, &who), &t.b.e);
    CHECK_OK(codes_make(t.p, &s, &codes, &t.b.e), &t.b.e);
    CHECK(json_array_size(codes) == 10);
    /* again, by the password: half a session, a code that was used, one of the next step, a recovery code once */
    CHECK_OK(session_password(t.p, &visitor, "ola@example.org", GOOD, secret, &s, &t.b.e), &t.b.e);
    CHECK(s.step == STEP_SECOND);
    CHECK_CODE(caller(&t, secret, 0, &who), E_SIGN_IN, &t.b.e);
    CHECK_CODE(session_code(t.p, &visitor, secret, code, secret, &s, &t.b.e), E_SIGN_IN, &t.b.e);
    code_of(begun, 1, code);
    memcpy(before, secret, sizeof before);
    CHECK_OK(session_code(t.p, &visitor, before, code, secret, &s, &t.b.e), &t.b.e);
    CHECK(s.step == STEP_WHOLE);
    CHECK_CODE(session_find(t.p, before, &s, &t.b.e), E_SIGN_IN, &t.b.e);
    const char *recovery = json_string_value(json_array_get(codes, 3));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(session_password(t.p, &visitor, "ola@example.org", GOOD, before, &s, &t.b.e), &t.b.e);
        CHECK_CODE(session_code(t.p, &visitor, before, recovery, secret, &s, &t.b.e), i == 0 ? OK : E_SIGN_IN, &t.b.e);
    }
    json_decref(begun);
    json_decref(codes);
    end(&t);
}

TEST(rights_that_are_taken_away_are_gone_at_once) {
    struct people_bed t;
    char secret[SESSION_TEXT], second[SESSION_TEXT], token[TOKEN_TEXT], link[TOKEN_TEXT];
    struct session s, two;
    struct caller who;
    int64_t number;
    start(&t);
    struct uuid id = joined(&t, "door", "jan@example.org", secret, &s);
    struct own_token w = { .tenant = t.b.tenant, .name = "scanner", .expires = USEC_NEVER };
    struct caller_place here = { false, "192.0.2.7" };
    CHECK_OK(own_token_make(t.p, &s, &w, token, &number, &t.b.e), &t.b.e);
    CHECK_OK(access_caller(t.b.service, token, &here, &who, t.arena, &t.b.e), &t.b.e);
    CHECK(uuid_compare(&who.account, &id) == 0 && who.person == charter_person(t.b.charter, "door") && !who.by_session);
    CHECK_OK(caller(&t, secret, 0, &who), &t.b.e);
    CHECK_OK(member_suspend(t.p, t.b.tenant, &id, true, "sejf", &t.b.e), &t.b.e);
    CHECK_CODE(caller(&t, secret, 0, &who), E_NOT_FOUND, &t.b.e);
    CHECK_CODE(access_caller(t.b.service, token, &here, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(member_suspend(t.p, t.b.tenant, &id, true, "sejf", &t.b.e), E_CONFLICT, &t.b.e);
    CHECK_OK(member_suspend(t.p, t.b.tenant, &id, false, "sejf", &t.b.e), &t.b.e);
    CHECK_OK(access_caller(t.b.service, token, &here, &who, t.arena, &t.b.e), &t.b.e);
    /* levels come with the membership, and with its tokens */
    json_t *levels = json_pack("{s:s, s:s}", "all", "none", "event/01936f4e-0000-7000-8000-000000000001", "read");
    struct member_wish change = { .tenant = t.b.tenant, .role = "door", .levels = levels };
    CHECK_OK(member_change(t.p, &id, &change, "sejf", &t.b.e), &t.b.e);
    CHECK_OK(caller(&t, secret, 0, &who), &t.b.e);
    CHECK(who.levels != NULL && who.levels->all == LEVEL_NONE && who.levels->count == 1 && who.levels->list[0].level == LEVEL_READ);
    CHECK_OK(access_caller(t.b.service, token, &here, &who, t.arena, &t.b.e), &t.b.e);
    CHECK(who.levels != NULL && who.levels->count == 1);
    json_decref(levels);
    /* a reset ends every session, suspended everywhere is suspended here */
    CHECK_OK(account_reset(t.p, &id, "sejf", link, &t.b.e), &t.b.e);
    CHECK_OK(session_find(t.p, secret, &s, &t.b.e), &t.b.e);
    CHECK_OK(link_accept(t.p, &visitor, link, NULL, BETTER, LANG_EN, second, &two, &t.b.e), &t.b.e);
    CHECK_CODE(session_find(t.p, secret, &s, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_OK(caller(&t, second, 0, &who), &t.b.e);
    CHECK_OK(account_suspend(t.p, &id, true, "sejf", &t.b.e), &t.b.e);
    CHECK_CODE(session_find(t.p, second, &s, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(session_password(t.p, &visitor, "jan@example.org", BETTER, second, &s, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(access_caller(t.b.service, token, &here, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_OK(account_suspend(t.p, &id, false, "sejf", &t.b.e), &t.b.e);
    CHECK_OK(session_password(t.p, &visitor, "jan@example.org", BETTER, second, &s, &t.b.e), &t.b.e);
    CHECK_OK(session_revoke(t.p, &id, s.number, &t.b.e), &t.b.e);
    CHECK_CODE(session_find(t.p, second, &s, &t.b.e), E_SIGN_IN, &t.b.e);
    /* the last membership ends: the account is gone, and its address free */
    CHECK_OK(member_remove(t.p, t.b.tenant, &id, "sejf", &t.b.e), &t.b.e);
    CHECK_CODE(account_find(t.p, "jan@example.org", &id, &t.b.e), E_NOT_FOUND, &t.b.e);
    CHECK_CODE(access_caller(t.b.service, token, &here, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);
    end(&t);
}

/* What is done later for somebody is done as that person may then, by its token or by the account itself. */
TEST(whoever_asked_before_is_asked_for_again) {
    struct people_bed t;
    char secret[SESSION_TEXT], token[TOKEN_TEXT], by_hand[TOKEN_TEXT];
    struct session s;
    struct caller who;
    int64_t number, hand;
    const struct uuid none = { { 0 } };
    start(&t);
    const struct uuid id = joined(&t, "door", "jan@example.org", secret, &s), nobody = uuid_new();
    struct own_token w = { .tenant = t.b.tenant, .name = "scanner", .expires = USEC_NEVER };
    CHECK_OK(own_token_make(t.p, &s, &w, token, &number, &t.b.e), &t.b.e);
    CHECK_OK(access_token_make(t.b.service, &(struct token_wish){ .tenant = t.b.tenant, .role = "organiser", .scope = "{\"verbs\": [\"read\"]}", .subject_kind = -1, .loopback_only = true }, by_hand, &hand, &t.b.e), &t.b.e);
    json_t *levels = json_pack("{s:s}", "all", "read");
    CHECK_OK(member_change(t.p, &id, &(struct member_wish){ .tenant = t.b.tenant, .role = "door", .levels = levels }, "sejf", &t.b.e), &t.b.e);
    json_decref(levels);
    const int door = charter_person(t.b.charter, "door");
    CHECK_OK(access_again(t.b.service, t.b.tenant, 0, &id, &who, t.arena, &t.b.e), &t.b.e);
    CHECK(who.tenant == t.b.tenant && who.person == door && who.by_session && uuid_compare(&who.account, &id) == 0 && who.subject_kind == -1 && who.levels != NULL && who.levels->all == LEVEL_READ);
    CHECK_OK(access_again(t.b.service, t.b.tenant, number, &none, &who, t.arena, &t.b.e), &t.b.e);
    CHECK(who.person == door && who.token == number && !who.by_session && who.levels != NULL && who.levels->all == LEVEL_READ);
    CHECK_OK(access_again(t.b.service, t.b.tenant, hand, &none, &who, t.arena, &t.b.e), &t.b.e);
    CHECK(who.person == charter_person(t.b.charter, "organiser") && who.token == hand && who.scope != NULL);
    CHECK_CODE(access_again(t.b.service, t.b.other, number, &none, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);      /* no other tenant's */
    CHECK_CODE(access_again(t.b.service, t.b.other, 0, &id, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(access_again(t.b.service, t.b.tenant, 0, &nobody, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(access_again(t.b.service, t.b.tenant, 999, &none, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_OK(token_revoke(t.b.store, t.b.tenant, hand, &t.b.e), &t.b.e);
    CHECK_CODE(access_again(t.b.service, t.b.tenant, hand, &none, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_OK(member_suspend(t.p, t.b.tenant, &id, true, "sejf", &t.b.e), &t.b.e);
    CHECK_CODE(access_again(t.b.service, t.b.tenant, number, &none, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(access_again(t.b.service, t.b.tenant, 0, &id, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_OK(member_suspend(t.p, t.b.tenant, &id, false, "sejf", &t.b.e), &t.b.e);
    CHECK_OK(access_again(t.b.service, t.b.tenant, 0, &id, &who, t.arena, &t.b.e), &t.b.e);
    CHECK_OK(member_remove(t.p, t.b.tenant, &id, "sejf", &t.b.e), &t.b.e);
    CHECK_CODE(access_again(t.b.service, t.b.tenant, 0, &id, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);
    end(&t);
}

TEST(somebody_stays_who_looks_after_the_accounts) {
    struct people_bed t;
    char link[TOKEN_TEXT], secret[SESSION_TEXT];
    struct session s;
    start(&t);
    struct uuid one = joined(&t, "organiser", "one@example.org", secret, &s), two = invite(&t, t.b.tenant, "organiser", "two@example.org", link);
    struct member_wish door = { .tenant = t.b.tenant, .role = "door" };
    CHECK_CODE(member_remove(t.p, t.b.tenant, &one, "sejf", &t.b.e), E_CONFLICT, &t.b.e);             /* the other has not come in yet */
    CHECK_CODE(member_suspend(t.p, t.b.tenant, &one, true, "sejf", &t.b.e), E_CONFLICT, &t.b.e);
    CHECK_CODE(member_change(t.p, &one, &door, "sejf", &t.b.e), E_CONFLICT, &t.b.e);
    CHECK_CODE(account_erase(t.p, &one, "sejf", &t.b.e), E_CONFLICT, &t.b.e);
    CHECK_OK(link_accept(t.p, &visitor, link, NULL, BETTER, LANG_EN, secret, &s, &t.b.e), &t.b.e);
    CHECK_OK(account_erase(t.p, &one, "sejf", &t.b.e), &t.b.e);
    CHECK_CODE(account_erase(t.p, &two, "sejf", &t.b.e), E_CONFLICT, &t.b.e);
    json_t *history = NULL, *list = NULL;
    CHECK_OK(members_history(t.p, t.b.tenant, 100, &history, &t.b.e), &t.b.e);
    static const char *const want[] = { "member_removed", "member_joined", "member_invited", "member_joined", "member_invited" };
    CHECK_INT(json_array_size(history), (long long)ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        CHECK_TEXT(json_string_value(json_object_get(json_array_get(history, i), "do")), want[i]);
    CHECK_OK(members_list(t.p, t.b.tenant, &list, &t.b.e), &t.b.e);
    CHECK(json_array_size(list) == 1);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(list, 0), "email")), "two@example.org");
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(list, 0), "state")), "active");
    json_decref(history);
    json_decref(list);
    end(&t);
}

TEST(one_person_in_two_tenants_says_which) {
    struct people_bed t;
    char link[TOKEN_TEXT], secret[SESSION_TEXT], stolen[SESSION_TEXT];
    struct session s, thief;
    struct caller who;
    json_t *all = NULL;
    start(&t);
    struct uuid id = joined(&t, "door", "ewa@example.org", secret, &s), same = invite(&t, t.b.other, "door", "ewa@example.org", link);
    CHECK(uuid_compare(&id, &same) == 0);
    CHECK_CODE(link_accept(t.p, &visitor, link, NULL, BETTER, LANG_EN, stolen, &thief, &t.b.e), E_CONFLICT, &t.b.e);   /* the link alone takes no account over */
    (void)joined(&t, "door", "thief@example.org", stolen, &thief);
    CHECK_CODE(link_join(t.p, &thief, link, &t.b.e), E_NOT_FOUND, &t.b.e);
    CHECK_OK(caller(&t, secret, 0, &who), &t.b.e);
    CHECK_OK(link_join(t.p, &s, link, &t.b.e), &t.b.e);
    CHECK_CODE(caller(&t, secret, 0, &who), E_INVALID, &t.b.e);
    CHECK_OK(caller(&t, secret, t.b.other, &who), &t.b.e);
    CHECK(who.tenant == t.b.other);
    CHECK_OK(caller(&t, secret, t.b.tenant, &who), &t.b.e);
    CHECK(who.tenant == t.b.tenant);
    CHECK_OK(members_of(t.p, &id, &all, &t.b.e), &t.b.e);
    CHECK(json_array_size(all) == 2);
    json_decref(all);
    end(&t);
}

TEST(who_may_look_after_whom) {
    struct people_bed t;
    char secret[SESSION_TEXT];
    struct session door, owner;
    json_t *begun = NULL;
    char code[8];
    start(&t);
    (void)joined(&t, "door", "door@example.org", secret, &door);
    CHECK_CODE(people_may(t.p, &door, t.b.tenant, PEOPLE_INVITE, &t.b.e), E_FORBIDDEN, &t.b.e);
    CHECK_CODE(people_may(t.p, &door, t.b.other, PEOPLE_LIST, &t.b.e), E_NOT_FOUND, &t.b.e);
    CHECK_CODE(people_may(t.p, &door, 0, PEOPLE_LIST, &t.b.e), E_NOT_FOUND, &t.b.e);
    (void)joined(&t, "organiser", "owner@example.org", secret, &owner);
    CHECK_CODE(people_may(t.p, &owner, t.b.tenant, PEOPLE_LIST, &t.b.e), E_SIGN_IN, &t.b.e);          /* not whole yet */
    CHECK_OK(totp_begin(t.p, &owner, &begun, &t.b.e), &t.b.e);
    code_of(begun, 0, code);
    CHECK_OK(totp_confirm(t.p, &owner, code, &t.b.e), &t.b.e);
    char now[SESSION_TEXT];
    CHECK_OK(session_go_on(t.p, secret, now, &owner, &t.b.e), &t.b.e);
    CHECK_OK(people_may(t.p, &owner, t.b.tenant, PEOPLE_INVITE, &t.b.e), &t.b.e);
    CHECK_CODE(people_may(t.p, &owner, t.b.other, PEOPLE_INVITE, &t.b.e), E_NOT_FOUND, &t.b.e);
    owner.elevated = false;
    CHECK_OK(people_may(t.p, &owner, t.b.tenant, PEOPLE_LIST, &t.b.e), &t.b.e);
    CHECK_CODE(people_may(t.p, &owner, t.b.tenant, PEOPLE_INVITE, &t.b.e), E_CONFIRM, &t.b.e);
    json_decref(begun);
    end(&t);
}

TEST(what_is_stored_tells_nobody_who_it_is) {
    struct people_bed t;
    char secret[SESSION_TEXT], path[128], *text = mem_new(8 << 20);
    struct session s;
    static const char *const files[] = { "records.db", "records.db-wal", "index.db", "index.db-wal" };
    static const char *const never[] = { "hidden.person", "HIDDEN", "Anna Nowak", "argon2" };
    start(&t);
    (void)joined(&t, "door", "hidden.person@example.org", secret, &s);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof path, "%s/%s", t.b.directory, files[i]);
        FILE *f = fopen(path, "re");
        size_t n = f == NULL ? 0 : fread(text, 1, 8 << 20, f);
        CHECK(n < 8u << 20);
        for (size_t k = 0; k < ARRAY_LEN(never); k++)
            CHECK(n == 0 || memmem(text, n, never[k], strlen(never[k])) == NULL);
        CHECK(n == 0 || memmem(text, n, secret, strlen(secret)) == NULL);
        if (f != NULL)
            (void)fclose(f);
    }
    mem_free(text);
    end(&t);
}

TEST(bad_wishes_are_refused_with_their_place) {
    struct people_bed t;
    char link[TOKEN_TEXT];
    struct uuid id;
    static const struct { const char *role, *email, *levels, *own, *field; } rows[] = {
        { "nobody", "a@example.org", NULL, NULL, "/role" }, { NULL, "a@example.org", NULL, NULL, "/role" }, { "support", "a@example.org", NULL, NULL, "/role" },
        { "door", "no address", NULL, NULL, "/email" }, { "door", "", NULL, NULL, "/email" }, { "door", "a@example.org", "[]", NULL, "/levels" },
        { "door", "a@example.org", "{\"all\":\"some\"}", NULL, "/levels" }, { "door", "a@example.org", "{\"gone/01936f4e-0000-7000-8000-000000000001\":\"read\"}", NULL, "/levels" },
        { "door", "a@example.org", "{\"event/1\":\"read\"}", NULL, "/levels" }, { "door", "a@example.org", NULL, "[\"event\"]", "/own" }, { "door", "a@example.org", NULL, "{}", "/own" },
    };
    start(&t);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct member_wish w = { .tenant = t.b.tenant, .role = rows[i].role, .levels = rows[i].levels ? json_loads(rows[i].levels, 0, NULL) : NULL, .own = rows[i].own ? json_loads(rows[i].own, 0, NULL) : NULL };
        CHECK_CODE(member_invite(t.p, &w, rows[i].email, "Anna", LANG_EN, "sejf", link, &id, &t.b.e), E_FIELDS, &t.b.e);
        CHECK_TEXT(t.b.e.field, rows[i].field);
        json_decref(w.levels);
        json_decref(w.own);
    }
    struct member_wish closed = { .tenant = 4711, .role = "door" };
    CHECK_CODE(member_invite(t.p, &closed, "a@example.org", "Anna", LANG_EN, "sejf", link, &id, &t.b.e), E_NOT_FOUND, &t.b.e);
    CHECK_CODE(account_find(t.p, "a@example.org", &id, &t.b.e), E_NOT_FOUND, &t.b.e);
    end(&t);
}

/* ---- what is over */
static enum code put_link(struct txn *t, void *arg, struct err *reterr) { return one_time_put(t, arg, reterr); }

TEST(an_invitation_that_nobody_took_goes_with_its_person) {
    struct people_bed t;
    char link[TOKEN_TEXT], secret[SESSION_TEXT];
    struct session s;
    start(&t);
    struct uuid gone = invite(&t, t.b.tenant, "door", "gone@example.org", link), stays = joined(&t, "door", "stays@example.org", secret, &s), found;
    struct link_row over = { .hash = { 1 }, .purpose = LINK_INVITE, .account = gone, .tenant = t.b.tenant, .made = 1, .until = 2, .ran_until = 2 };
    CHECK_OK(store_write(t.b.store, 0, put_link, &over, &t.b.e), &t.b.e);
    CHECK_OK(people_upkeep(t.p, &t.b.e), &t.b.e);
    CHECK_CODE(account_find(t.p, "gone@example.org", &found, &t.b.e), E_NOT_FOUND, &t.b.e);
    CHECK_OK(account_find(t.p, "stays@example.org", &found, &t.b.e), &t.b.e);
    CHECK(uuid_compare(&found, &stays) == 0);
    CHECK_OK(session_find(t.p, secret, &s, &t.b.e), &t.b.e);
    CHECK_OK(people_upkeep(t.p, &t.b.e), &t.b.e);
    end(&t);
}

static enum code put_session(struct txn *t, void *arg, struct err *reterr) {
    int64_t number;
    return session_put(t, arg, &number, reterr);
}

TEST(a_session_ends_by_rest_and_by_age) {
    static const struct { usec_t made, used; bool good; } rows[] = {      /* hours ago; the charter says nothing: 1 of rest, 12 in all */
        { 11, 0, true }, { 13, 0, false }, { 2, 2, false },
    };
    struct people_bed t;
    char secret[SESSION_TEXT], made[SESSION_TEXT];
    struct session s;
    start(&t);
    struct uuid id = joined(&t, "door", "rest@example.org", secret, &s);
    usec_t now = clock_now(), ran = store_ran(t.b.store);
    for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {                    /* by one clock, then by the other */
        const usec_t a = rows[i / 2].made * USEC_PER_HOUR, u = rows[i / 2].used * USEC_PER_HOUR;
        struct session_row row = { .account = id, .step = STEP_WHOLE, .factors = FACTOR_PASSWORD, .agent = "", .made = now - (i % 2 ? a : 0), .used = now - (i % 2 ? u : 0),
                                   .ran = ran - (i % 2 ? 0 : a), .used_ran = ran - (i % 2 ? 0 : u) };
        secret_make("", made, sizeof made, row.hash);
        CHECK_OK(store_write(t.b.store, 0, put_session, &row, &t.b.e), &t.b.e);
        CHECK_CODE(session_find(t.p, made, &s, &t.b.e), rows[i / 2].good ? OK : E_SIGN_IN, &t.b.e);
    }
    CHECK_OK(people_upkeep(t.p, &t.b.e), &t.b.e);
    json_t *list = NULL;
    CHECK_OK(session_find(t.p, secret, &s, &t.b.e), &t.b.e);
    CHECK_OK(sessions_json(t.p, &s, &list, &t.b.e), &t.b.e);
    CHECK_INT(json_array_size(list), 5);       /* those that the running clock ended are gone; wall clocks are looked at when they come */
    json_decref(list);
    end(&t);
}

/* ---- ways round */
TEST(a_token_opens_no_more_than_its_session) {
    struct people_bed t;
    char link[TOKEN_TEXT], secret[SESSION_TEXT], token[TOKEN_TEXT];
    struct session s;
    struct caller who;
    int64_t number;
    start(&t);
    (void)joined(&t, "door", "two@example.org", secret, &s);
    (void)invite(&t, t.b.other, "organiser", "two@example.org", link);
    CHECK_OK(link_join(t.p, &s, link, &t.b.e), &t.b.e);
    struct own_token here = { .tenant = t.b.tenant, .name = "door" }, there = { .tenant = t.b.other, .name = "all" };
    CHECK_CODE(caller(&t, secret, t.b.other, &who), E_SIGN_IN, &t.b.e);
    CHECK_CODE(own_token_make(t.p, &s, &there, token, &number, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_OK(own_token_make(t.p, &s, &here, token, &number, &t.b.e), &t.b.e);
    end(&t);
}

TEST(an_older_session_replaces_no_second_step) {
    struct people_bed t;
    char first[SESSION_TEXT], second[SESSION_TEXT], code[8];
    struct session a, b;
    json_t *begun = NULL, *other = NULL;
    start(&t);
    (void)joined(&t, "organiser", "enrol@example.org", first, &a);
    CHECK_OK(session_password(t.p, &visitor, "enrol@example.org", GOOD, second, &b, &t.b.e), &t.b.e);
    CHECK(a.step == STEP_ENROL && b.step == STEP_ENROL);
    CHECK_OK(totp_begin(t.p, &b, &begun, &t.b.e), &t.b.e);
    code_of(begun, 0, code);
    CHECK_OK(totp_confirm(t.p, &b, code, &t.b.e), &t.b.e);
    CHECK_CODE(totp_begin(t.p, &a, &other, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(passkey_begin(t.p, &a, &other, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(session_find(t.p, first, &a, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_OK(session_find(t.p, second, &b, &t.b.e), &t.b.e);
    json_decref(begun);
    end(&t);
}

TEST(a_reset_ends_what_somebody_else_may_have_set_up) {
    struct people_bed t;
    char link[TOKEN_TEXT], join[TOKEN_TEXT], secret[SESSION_TEXT], token[TOKEN_TEXT];
    struct session s;
    struct caller who;
    struct caller_place here = { false, "192.0.2.7" };
    struct uuid found;
    int64_t number;
    start(&t);
    struct uuid id = joined(&t, "door", "reset@example.org", secret, &s);
    struct own_token w = { .tenant = t.b.tenant, .name = "planted", .expires = USEC_NEVER };
    CHECK_OK(own_token_make(t.p, &s, &w, token, &number, &t.b.e), &t.b.e);
    CHECK_OK(identity_add(t.p, &s, "https://login.example", "4711", &t.b.e), &t.b.e);
    CHECK_OK(identity_find(t.p, "https://login.example", "4711", &found, &t.b.e), &t.b.e);
    CHECK_OK(account_reset(t.p, &id, "sejf", link, &t.b.e), &t.b.e);
    CHECK_OK(link_accept(t.p, &visitor, link, NULL, BETTER, LANG_EN, secret, &s, &t.b.e), &t.b.e);
    CHECK_CODE(access_caller(t.b.service, token, &here, &who, t.arena, &t.b.e), E_SIGN_IN, &t.b.e);
    CHECK_CODE(identity_find(t.p, "https://login.example", "4711", &found, &t.b.e), E_NOT_FOUND, &t.b.e);
    CHECK_OK(identity_add(t.p, &s, "https://login.example", "4712", &t.b.e), &t.b.e);
    /* one that was made while the person was here only is worth nothing when it belongs elsewhere too, or chose a password itself */
    CHECK_OK(account_reset(t.p, &id, "sejf", link, &t.b.e), &t.b.e);
    (void)invite(&t, t.b.other, "door", "reset@example.org", join);
    CHECK_OK(link_join(t.p, &s, join, &t.b.e), &t.b.e);
    CHECK_CODE(link_accept(t.p, &visitor, link, NULL, GOOD, LANG_EN, secret, &s, &t.b.e), E_NOT_FOUND, &t.b.e);
    CHECK_OK(account_reset(t.p, &id, "sejf", link, &t.b.e), &t.b.e);
    CHECK_OK(password_change(t.p, &visitor, &s, "trzecie haslo z ogrodu 9", LANG_EN, &t.b.e), &t.b.e);
    CHECK_CODE(link_accept(t.p, &visitor, link, NULL, GOOD, LANG_EN, secret, &s, &t.b.e), E_NOT_FOUND, &t.b.e);
    end(&t);
}

TEST(a_session_is_made_for_what_is_right_by_then) {
    struct people_bed t;
    char secret[SESSION_TEXT];
    struct session s;
    AUTO(account_close) struct account a = { 0 };
    start(&t);
    struct uuid id = joined(&t, "door", "late@example.org", secret, &s);
    CHECK_OK(account_open(t.p, &id, &a, t.arena, &t.b.e), &t.b.e);        /* the password was right for this one … */
    CHECK_OK(password_change(t.p, &visitor, &s, BETTER, LANG_EN, &t.b.e), &t.b.e);
    CHECK_CODE(session_make(t.p, &visitor, &a, FACTOR_PASSWORD, NULL, NULL, secret, &s, &t.b.e), E_SIGN_IN, &t.b.e);
    end(&t);
}

TEST(an_erasure_that_is_refused_has_done_nothing) {
    struct people_bed t;
    char link[TOKEN_TEXT], secret[SESSION_TEXT];
    struct session s;
    json_t *all = NULL;
    start(&t);
    struct uuid id = joined(&t, "door", "both@example.org", secret, &s);
    (void)invite(&t, t.b.other, "organiser", "both@example.org", link);
    CHECK_OK(link_join(t.p, &s, link, &t.b.e), &t.b.e);
    CHECK_CODE(account_erase(t.p, &id, "sejf", &t.b.e), E_CONFLICT, &t.b.e);
    CHECK_OK(members_of(t.p, &id, &all, &t.b.e), &t.b.e);
    CHECK_INT(json_array_size(all), 2);
    json_decref(all);
    end(&t);
}
