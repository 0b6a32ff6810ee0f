/* notice_result_test.c — the letters of a notice: who gets one, what it says, what came of it, and trying again. */
#include "retention/notice_result.c"

#include "retention/noticebed.h"

TEST(a_bounce_keeps_nothing_and_is_tried_again) {
    struct stage g;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), guest = guest_make(&g, &event, 1);
    g.crowd.list[1] = (struct notice_person){ "jan@organiser.example", "Jan Kowalski", LANG_EN, { { 2 } } };
    g.crowd.count = 2;
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    CHECK_TEXT(g.crowd.role, "organiser");
    CHECK_INT(tried(&g, 1, LETTER_BOUNCED, 550), 2);
    state_is(&g, 1, "bounced");
    CHECK(goes_when_due(&g, &guest));            /* an attempt is on record */
    struct noticer_status st;
    noticer_status(g.n, &st);
    CHECK(st.bounced == 1 && st.waiting == 0 && st.made == 1);
    CHECK_OK(noticer_again(g.n, g.b.service, g.b.tenant, 1, "token 1", &g.b.e), &g.b.e);
    state_is(&g, 1, "waiting");
    json_t *n = shown(&g, 1);
    CHECK_INT(json_array_size(json_object_get(n, "letters")), 4);        /* two of them taken back */
    CHECK(!json_is_null(json_object_get(n, "attempted")));
    json_decref(n);
    CHECK_INT(tried(&g, 1, LETTER_SENT, 250), 2);
    state_is(&g, 1, "delivered");
    CHECK_CODE(noticer_again(g.n, g.b.service, g.b.tenant, 1, "token 1", &g.b.e), E_CONFLICT, &g.b.e);
    CHECK_CODE(noticer_again(g.n, g.b.service, g.b.tenant, 9, "token 1", &g.b.e), E_NOT_FOUND, &g.b.e);
    CHECK_CODE(notice_show(g.b.service, g.b.other, 1, &n, &g.b.e), E_NOT_FOUND, &g.b.e);
    /* Erased meanwhile by its owner: the notice has nothing more to say. */
    CHECK_OK(bed_erase(&g.b, &g.boss, "registration", &guest, &n), &g.b.e);
    json_decref(n);
    CHECK_INT(turn(&g, "2027-06-26T07:00:00Z"), 1);
    state_is(&g, 1, "over");
    stage_end(&g);
}

/* Two people, one of whom cannot be reached: the other is told once, however often the letter of the first comes back. */
static enum code one_goes(struct txn *t, void *arg, struct err *e) {
    struct post_office *p = arg;
    p->count = 0;
    enum code code = letters_about(txn_sql(t), "notice", 1, waits, p, e);
    for (size_t i = 0; i < p->count && code == OK; i++) {
        struct letter_row r;
        code = letter_get(txn_sql(t), &p->ids[i], stamp, &r, e);
        const bool first = r.whom.bytes[0] == 1;
        r.state = first ? p->to : LETTER_BOUNCED;
        r.tries++;
        r.tried = r.heard = txn_now(t);
        r.answers++;
        r.status = first ? 250 : 550;
        r.len = 0;
        if (code == OK)
            code = letter_set(t, &r, USEC_NEVER, e);
    }
    return code;
}
struct heap { size_t first, other; };
static bool heap_add(const struct letter_row *r, void *arg) {
    struct heap *h = arg;
    h->first += r->whom.bytes[0] == 1;
    h->other += r->whom.bytes[0] == 2;
    return true;
}
TEST(who_has_a_notice_is_not_sent_it_again) {
    static const enum letter_state states[] = { LETTER_SENT, LETTER_UNKNOWN, LETTER_SENDING };
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct stage g;
        stage_start(&g, WARNED);
        struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z");
        (void)guest_make(&g, &event, 1);
        g.crowd.list[1] = (struct notice_person){ "jan@organiser.example", "Jan Kowalski", LANG_EN, { { 2 } } };
        g.crowd.count = 2;
        CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
        for (int day = 26; day < 29; day++) {
            struct post_office p = { .to = states[i], .notice = 1 };
            char now[40];
            struct heap h = { 0 };
            CHECK_OK(store_write(g.b.store, g.b.tenant, one_goes, &p, &g.b.e), &g.b.e);
            CHECK_OK(noticer_settle(g.n, &g.b.e), &g.b.e);
            state_is(&g, 1, "bounced");
            snprintf(now, sizeof now, "2027-06-%dT07:00:00Z", day);
            CHECK_INT(turn(&g, now), 1);
            AUTO(view_end) struct view *v = NULL;
            CHECK_OK(store_view(g.b.store, g.b.tenant, &v, &g.b.e), &g.b.e);
            CHECK_OK(letters_about(view_sql(v), "notice", 1, heap_add, &h, &g.b.e), &g.b.e);
            CHECK(h.first == 1 && h.other == (size_t)(day - 24));
        }
        stage_end(&g);
    }
}

/* The relay cannot be reached for days: nothing goes; once it has answered, whatever it said, everything does. */
TEST(a_relay_that_says_nothing_is_no_attempt) {
    struct stage g;
    usec_t due = 0;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), guest = guest_make(&g, &event, 1);
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    for (int i = 0; i < 3; i++) {
        struct post_office p = { .to = LETTER_WAITING, .notice = 1, .silent = true };
        CHECK_OK(store_write(g.b.store, g.b.tenant, deliver, &p, &g.b.e), &g.b.e);
        CHECK_OK(noticer_settle(g.n, &g.b.e), &g.b.e);
        state_is(&g, 1, "waiting");
        CHECK(allowed(&g, &guest, false, &due) == USEC_NEVER && allowed(&g, &guest, true, &due) == USEC_NEVER);
    }
    json_t *n = shown(&g, 1), *letter = json_array_get(json_object_get(n, "letters"), 0);
    CHECK(json_is_null(json_object_get(n, "attempted")) && json_integer_value(json_object_get(letter, "tries")) == 3 && json_is_null(json_object_get(letter, "answered")));
    json_decref(n);
    struct noticer_status st;
    noticer_status(g.n, &st);
    CHECK(st.waiting == 1);
    (void)tried(&g, 1, LETTER_BOUNCED, 550);
    state_is(&g, 1, "bounced");
    CHECK(goes_when_due(&g, &guest));
    stage_end(&g);
}

/* The only person it would have gone to has left before it went: those who are there now are told, by the next daily run. */
TEST(who_comes_after_is_told_where_no_letter_is_left) {
    struct stage g;
    usec_t due = 0;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), guest = guest_make(&g, &event, 1);
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    struct post_office p = { .to = LETTER_OVER, .notice = 1, .silent = true };
    CHECK_OK(store_write(g.b.store, g.b.tenant, deliver, &p, &g.b.e), &g.b.e);
    CHECK_OK(noticer_settle(g.n, &g.b.e), &g.b.e);
    state_is(&g, 1, "waiting");
    CHECK(p.count == 1 && allowed(&g, &guest, false, &due) == USEC_NEVER);
    g.crowd.list[0] = (struct notice_person){ "jan@organiser.example", "Jan Kowalski", LANG_EN, { { 2 } } };
    CHECK_INT(turn(&g, "2027-06-26T07:00:00Z"), 1);
    CHECK_INT(tried(&g, 1, LETTER_SENT, 250), 1);
    state_is(&g, 1, "delivered");
    CHECK(goes_when_due(&g, &guest));
    CHECK_INT(turn(&g, "2027-06-27T07:00:00Z"), 1);
    state_is(&g, 1, "delivered");
    stage_end(&g);
}

TEST(nobody_has_the_role_so_the_operator_is_told) {
    struct stage g;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z");
    (void)guest_make(&g, &event, 1);
    g.crowd.count = 0;
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    json_t *n = shown(&g, 1);
    CHECK_INT(json_array_size(json_object_get(n, "letters")), 1);
    json_decref(n);
    stage_end(&g);
}

TEST(the_letter_says_what_goes_and_when_and_no_value_of_a_person) {
    static const char *const says[LANG_COUNT][6] = {
        { "Notice before erasure: Test, from 9 July 2027", "Hello Ewa Nowak,", "Event: Bal", "9 July 2027: registration, 12 records", "GDPR, Article 5(1)(e)", "14 days" },
        { "Zapowiedź usunięcia danych: Test, od 9 lipca 2027", "Dzień dobry,", "Wydarzenie: Bal", "9 lipca 2027: zgłoszenie, 12 rekordów", "art. 5 ust. 1 lit. e RODO", "14 dni" },
        { "Értesítés adatok törlése előtt: Test, 2027. július 9.", "Kedves Ewa Nowak!", "Rendezvény: Bal", "2027. július 9.: jelentkezés, 12 rekord", "GDPR 5. cikk", "14 nap" },
    };
    for (int l = 0; l < LANG_COUNT; l++) {
        struct stage g;
        stage_start(&g, WARNED);
        g.crowd.list[0].lang = (enum lang)l;
        struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z");
        for (int i = 0; i < 12; i++)
            (void)guest_make(&g, &event, i);
        CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
        json_t *letter = letter_of(&g, 1);
        const char *subject = json_string_value(json_object_get(letter, "subject")), *text = json_string_value(json_object_get(letter, "text"));
        CHECK_TEXT(json_string_value(json_object_get(letter, "to")), "ewa@organiser.example");
        CHECK_TEXT(subject, says[l][0]);
        if (getenv("SEJF_SHOW") != NULL)
            fprintf(stderr, "%s\n\n%s\n", subject, text);
        for (size_t i = 1; i < ARRAY_LEN(says[l]); i++)
            if (strstr(text, says[l][i]) == NULL)
                fail_msg("%s is not in:\n%s", says[l][i], text);
        CHECK(strstr(text, "guest") == NULL && strstr(text, "Jan") == NULL && strstr(text, "{") == NULL);
        CHECK(strstr(text, "https://sejf.example/account/due/") != NULL);
        json_decref(letter);
        stage_end(&g);
    }
}

/* Parents beyond what a letter holds: the rest is counted by kind, and everything is told of all the same. */
TEST(a_long_list_is_cut_in_the_letter_and_nowhere_else) {
    struct stage g;
    json_t *group;
    size_t i;
    int64_t sum = 0, more = 0;
    stage_start(&g, WARNED);
    for (int e = 0; e < (int)GROUPS_MOST + 7; e++) {
        struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z");
        (void)guest_make(&g, &event, e);
    }
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    json_t *n = shown(&g, 1);
    json_array_foreach(json_object_get(n, "groups"), i, group) {
        sum += json_integer_value(json_object_get(group, "records"));
        more += json_is_true(json_object_get(group, "more")) ? json_integer_value(json_object_get(group, "records")) : 0;
    }
    CHECK(sum == GROUPS_MOST + 7 && more == 7 && records_of(&g, 1) == sum);
    json_decref(n);
    json_t *letter = letter_of(&g, 1);
    CHECK(strstr(json_string_value(json_object_get(letter, "text")), "7 rekordów") != NULL);
    json_decref(letter);
    CHECK_INT(turn(&g, "2027-06-26T07:00:00Z"), 1);
    stage_end(&g);
}

/* What a law keeps of a tenant that has closed goes at its date like everything else: after a notice, to the operator's contact. */
TEST(a_tenant_that_has_closed_is_told_of_too) {
    struct stage g;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-01T18:00:00Z");
    (void)guest_make(&g, &event, 1);
    g.crowd.count = 0;
    CHECK_OK(tenant_close(g.b.store, g.b.tenant, &g.b.e), &g.b.e);
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    CHECK_INT(records_of(&g, 1), 1);
    stage_end(&g);
}
