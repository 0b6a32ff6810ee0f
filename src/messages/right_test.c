/* right_test.c — who sends and who reads what was sent: roles, scopes of tokens, purposes, levels, windows; of one record and of many. */
#include "messages/right.c"

#include "messages/sendbed.h"
#include "policy/scope.h"

struct hall { struct sendbed d; struct uuid ewa, jan /* of the other event */; int registration, event; };

static void hall_start(struct hall *h, const char *sent_by) {
    AUTO(buf_done) struct buf text = BUF(4096);
    buf_printf(&text, "%s%s", MAIL_TO_PEOPLE, sent_by);
    send_start(&h->d, buf_str(&text));
    h->ewa = send_person(&h->d, &h->d.event, "ewa@people.example");
    h->jan = send_person(&h->d, &h->d.other_event, "jan@people.example");
    h->registration = charter_kind(h->d.b.charter, "registration");
    h->event = charter_kind(h->d.b.charter, "event");
}

static enum code may(struct hall *h, const struct caller *who, enum message_verb verb, enum message_reach reach, const struct uuid *id) {
    struct message_deed deed = { .verb = verb, .reach = reach, .kind = h->registration };
    if (id != NULL)
        deed.id = *id;
    return message_right(h->d.b.service, who, &deed, NULL, &h->d.b.e);
}

TEST(who_sends_says_the_charter) {
    static const struct { const char *sent_by, *role; enum code one, any, all, reads, reads_all; } row[] = {
        { "", "organiser", OK, OK, OK, OK, OK },
        { "", "door", E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN },
        { "  sent_by: door\n", "organiser", E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN, OK, OK },      /* what was sent in its name it may read */
        { "  sent_by: organiser or door\n", "organiser", OK, OK, OK, OK, OK },
        { "  sent_by: organiser, door\n", "door", E_NOT_FOUND /* sees it on the day of the event alone */, OK, OK /* each record by itself */, OK, E_FORBIDDEN },
        { "", "participant", E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct hall h;
        hall_start(&h, row[i].sent_by);
        struct caller who = bed_role(&h.d.b, h.d.b.tenant, row[i].role);
        const struct uuid none = uuid_new();
        CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ONE, &h.ewa), row[i].one, &h.d.b.e);
        CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ANY, NULL), row[i].any, &h.d.b.e);
        CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ALL, NULL), row[i].all, &h.d.b.e);
        CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ALL, &h.d.event), row[i].all, &h.d.b.e);
        CHECK_CODE(may(&h, &who, MESSAGES_READ, REACH_ANY, NULL), row[i].reads, &h.d.b.e);
        CHECK_CODE(may(&h, &who, MESSAGES_READ, REACH_ALL, NULL), row[i].reads_all, &h.d.b.e);
        if (row[i].one == OK) {
            CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ONE, &none), E_NOT_FOUND, &h.d.b.e);
            CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ALL, &none), E_NOT_FOUND, &h.d.b.e);
            struct caller other = who;
            other.tenant = h.d.b.other;
            CHECK_CODE(may(&h, &other, MESSAGES_SEND, REACH_ONE, &h.ewa), E_NOT_FOUND, &h.d.b.e);
        }
        bool *const outside[] = { &who.staff, &who.by_form, &who.by_link };
        for (size_t o = 0; o < ARRAY_LEN(outside); o++) {
            *outside[o] = true;
            CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ANY, NULL), E_FORBIDDEN, &h.d.b.e);
            CHECK_CODE(may(&h, &who, MESSAGES_READ, REACH_ANY, NULL), E_FORBIDDEN, &h.d.b.e);
            *outside[o] = false;
        }
        bed_end(&h.d.b);
    }
}

/* To send is to write: of the record, of what it belongs to, and of every one where all are meant. */
TEST(an_account_reaches_as_far_as_its_levels) {
    struct hall h;
    hall_start(&h, "");
    const struct { enum access_level all; int kind; const struct uuid *id; enum access_level there; enum code ewa, jan, a, b, whole, reads; } row[] = {
        { LEVEL_WRITE, -1, NULL, LEVEL_WRITE, OK, OK, OK, OK, OK, OK },
        { LEVEL_READ, -1, NULL, LEVEL_READ, E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN, E_FORBIDDEN, OK },
        { LEVEL_WRITE, h.event, &h.d.event, LEVEL_READ, E_FORBIDDEN, OK, E_FORBIDDEN, OK, E_FORBIDDEN, OK },
        { LEVEL_NONE, h.event, &h.d.event, LEVEL_WRITE, OK, E_NOT_FOUND, OK, E_NOT_FOUND, E_FORBIDDEN, E_FORBIDDEN },
        { LEVEL_WRITE, h.event, &h.d.event, LEVEL_NONE, E_NOT_FOUND, OK, E_NOT_FOUND, OK, E_FORBIDDEN, E_FORBIDDEN },
        { LEVEL_WRITE, h.registration, &h.ewa, LEVEL_NONE, E_NOT_FOUND, OK, OK /* each record by itself */, OK, E_FORBIDDEN, E_FORBIDDEN },
        { LEVEL_NONE, -1, NULL, LEVEL_NONE, E_NOT_FOUND, E_NOT_FOUND, E_NOT_FOUND, E_NOT_FOUND, E_NOT_FOUND, E_NOT_FOUND },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct level_of one = { .kind = row[i].kind, .level = row[i].there };
        if (row[i].id != NULL)
            one.id = *row[i].id;
        const struct levels levels = { .all = row[i].all, .count = row[i].id != NULL, .list = &one };
        struct caller who = h.d.boss;
        who.levels = &levels;
        CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ONE, &h.ewa), row[i].ewa, &h.d.b.e);
        CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ONE, &h.jan), row[i].jan, &h.d.b.e);
        CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ALL, &h.d.event), row[i].a, &h.d.b.e);
        CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ALL, &h.d.other_event), row[i].b, &h.d.b.e);
        CHECK_CODE(may(&h, &who, MESSAGES_SEND, REACH_ALL, NULL), row[i].whole, &h.d.b.e);
        CHECK_CODE(may(&h, &who, MESSAGES_READ, REACH_ALL, NULL), row[i].reads, &h.d.b.e);
    }
    bed_end(&h.d.b);
}

TEST(a_token_sends_what_its_scope_lets_it_write_and_for_what_it_says) {
    struct hall h;
    hall_start(&h, "");
    static const struct { const char *scope, *purpose, *call; enum code sends, reads; int has; } row[] = {
        { "{}", NULL, NULL, OK, OK, 0 },
        { "{}", "sending offers", NULL, OK, OK, 1 },
        { "{}", NULL, "sending offers", OK, OK, 1 },                       /* what the call is for the message is for */
        { "{}", "running the event", "sending offers", OK, OK, 0 },        /* unless it says itself */
        { "{\"verbs\": [\"read\"]}", NULL, NULL, E_FORBIDDEN, OK, -1 },
        { "{\"verbs\": [\"change\"]}", NULL, NULL, E_NOT_FOUND, E_FORBIDDEN, -1 },
        { "{\"kinds\": [\"event\"]}", NULL, NULL, E_NOT_FOUND, E_NOT_FOUND, -1 },
        { "{\"purposes\": [\"running the event\"]}", NULL, NULL, OK, OK, 0 },
        { "{\"purposes\": [\"running the event\"]}", "sending offers", NULL, E_FORBIDDEN, OK, -1 },
        { "{\"purposes\": [\"sending offers\"]}", NULL, NULL, OK, OK, 1 },  /* the first that it has, not the first that there is */
        { "{\"purposes\": [\"sending offers\"]}", "running the event", NULL, E_FORBIDDEN, OK, -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
        struct scope *scope = NULL;
        struct message_may got = { .purpose = -1 };
        CHECK_OK(scope_read(row[i].scope, h.d.b.charter, true, arena, &scope, &h.d.b.e), &h.d.b.e);
        struct caller who = h.d.boss;
        who.scope = scope;
        who.purpose = row[i].call;
        const struct message_deed sends = { .verb = MESSAGES_SEND, .reach = REACH_ONE, .kind = h.registration, .id = h.ewa, .purpose = row[i].purpose };
        CHECK_CODE(message_right(h.d.b.service, &who, &sends, &got, &h.d.b.e), row[i].sends, &h.d.b.e);
        CHECK_INT(got.purpose, row[i].has);
        CHECK_CODE(may(&h, &who, MESSAGES_READ, REACH_KIND, NULL), row[i].reads, &h.d.b.e);
    }
    bed_end(&h.d.b);
}

/* What the caller sees of a record goes with the answer: a refusal may tell no more than that. */
TEST(says_what_the_caller_sees_of_the_record) {
    struct hall h;
    struct message_may got;
    hall_start(&h, "");
    const struct message_deed one = { .verb = MESSAGES_SEND, .reach = REACH_ONE, .kind = h.registration, .id = h.ewa };
    const struct caller sejf = { .tenant = h.d.b.tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    const struct kind *k = charter_kind_at(h.d.b.charter, h.registration);
    CHECK_OK(message_right(h.d.b.service, &h.d.boss, &one, &got, &h.d.b.e), &h.d.b.e);
    CHECK((got.sees >> kind_address_field(k, false) & 1) != 0);
    CHECK_OK(message_right(h.d.b.service, &sejf, &one, &got, &h.d.b.e), &h.d.b.e);
    CHECK(got.sees == kind_all(k) && got.purpose == 0);
    bed_end(&h.d.b);
}
