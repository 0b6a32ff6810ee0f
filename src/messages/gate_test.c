/* gate_test.c — each gate of this folder that asks the charter, the person and the number of the day; what was taken goes back when one before it has
 * nothing left; refusals are counted by day. */
#include "messages/gate.c"

#include "messages/sendbed.h"
#include "messages/who.h"
#include "records/service.h"

static enum code objected(struct txn *t, void *arg, struct err *e) {
    const struct letter_row *r = arg;
    enum code code = row_mark(t, r->kind, &r->record, MARK_OBJECTED, 0, e);
    return code == OK ? objection_put(t, &(struct objection_row){ .kind = r->kind, .id = r->record, .purpose = "running the event", .at = 1, .by = "token 1" }, e) : code;
}
static enum code restricted(struct txn *t, void *arg, struct err *e) {
    const struct letter_row *r = arg;
    return row_mark(t, r->kind, &r->record, MARK_RESTRICTED, 0, e);
}
static enum code unconfirmed(struct txn *t, void *arg, struct err *e) {
    const struct letter_row *r = arg;
    return row_mark(t, r->kind, &r->record, MARK_UNCONFIRMED, 0, e);
}
static enum code imported(struct txn *t, void *arg, struct err *e) {
    const struct letter_row *r = arg;
    return row_mark(t, r->kind, &r->record, MARK_IMPORTED, 0, e);
}
static void mark(struct sendbed *d, write_fn fn, const struct uuid *id) {
    struct letter_row r = { .kind = service_kind(d->b.service, charter_kind(d->b.charter, "registration"))->number, .record = *id };
    CHECK_OK(store_write(d->b.store, d->b.tenant, fn, &r, &d->b.e), &d->b.e);
}

TEST(a_charter_says_who_gets_messages_at_all) {
    static const struct { const char *messages, *want; } row[] = {
        { MAIL_TO_PEOPLE, "" },
        { "", "charter" },
        { "messages: {email: never}\n", "charter" },
        { "messages:\n  email: only to participant of the same organiser, at most 2 a day for each person\n", "" },
        { "messages:\n  email: only to participant of the same registration, at most 2 a day for each person\n", "" },
        { "messages:\n  sms: only to participant of the same event, at most 2 a day for each person\n", "charter" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct sendbed d;
        struct message_result r;
        send_start(&d, row[i].messages);
        const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example");
        const struct message_wish w = send_wish(&d, &ewa);
        CHECK_TEXT(send_try(&d, &w, &r), row[i].want);
        CHECK(r.queued == r.verdict.passes && (r.queued || strlen(r.verdict.why) > 20));
        bed_end(&d.b);
    }
}

TEST(the_people_of_another_event_get_nothing) {
    struct sendbed d;
    struct message_result r;
    send_start(&d, MAIL_TO_PEOPLE);
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example");
    struct message_wish w = send_wish(&d, &ewa);
    w.scope = d.other_event;
    CHECK_TEXT(send_try(&d, &w, &r), "charter");
    CHECK_TEXT(r.verdict.why, "the charter lets messages go only to people of the same `event`, and this record belongs to another: name one of its own");
    w.scope = d.event;
    CHECK_TEXT(send_try(&d, &w, &r), "");
    w = send_wish(&d, &d.event);
    w.kind = charter_kind(d.b.charter, "event");
    CHECK_TEXT(send_try(&d, &w, &r), "charter");      /* it is about nobody, and has no address */
    w = send_wish(&d, &ewa);
    w.record = uuid_new();
    CHECK_TEXT(send_try(&d, &w, &r), "gone");
    bed_end(&d.b);
}

TEST(what_the_person_said_stops_it) {
    static const struct { write_fn fn; const char *want; int purpose; } row[] = {
        { objected, "consent", 0 }, { restricted, "restricted", 0 }, { unconfirmed, "consent", 0 }, { NULL, "consent", 1 /* needs a consent */ },
    };
    struct sendbed d;
    struct message_result r;
    send_start(&d, MAIL_TO_PEOPLE);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        char email[64];
        snprintf(email, sizeof email, "p%zu@people.example", i);
        const struct uuid id = send_person(&d, &d.event, email);
        struct message_wish w = send_wish(&d, &id);
        w.purpose = row[i].purpose == 1 ? "sending offers" : NULL;
        if (row[i].fn != NULL) {
            CHECK_TEXT(send_try(&d, &w, &r), "");
            mark(&d, row[i].fn, &id);
        }
        CHECK_TEXT(send_try(&d, &w, &r), row[i].want);
    }
    bed_end(&d.b);
}

TEST(imported_people_get_nothing_where_the_charter_says_so) {
    struct sendbed d;
    struct message_result r;
    send_start(&d, "messages: {email: \"only to participant of the same event, at most 2 a day for each person, never to imported ones\"}\n");
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example"), jan = send_person(&d, &d.event, "jan@people.example");
    mark(&d, imported, &jan);
    struct message_wish w = send_wish(&d, &ewa);
    CHECK_TEXT(send_try(&d, &w, &r), "");
    w = send_wish(&d, &jan);
    CHECK_TEXT(send_try(&d, &w, &r), "charter");
    json_t *got = NULL;                        /* a change keeps the mark */
    CHECK_OK(bed_change(&d.b, &d.boss, "registration", &jan, -1, json_pack("{s:s}", "name", "Jan"), &got), &d.b.e);
    json_decref(got);
    CHECK_TEXT(send_try(&d, &w, &r), "charter");
    bed_end(&d.b);
}

TEST(nobody_is_written_to_whose_record_is_in_a_state_that_the_charter_names) {
    struct sendbed d;
    struct message_result r;
    send_start(&d, "messages: {email: \"only to participant of the same event, at most 20 a day for each person, not when cancelled or attended\"}\n");
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example");
    const struct message_wish w = send_wish(&d, &ewa);
    static const struct { const char *state, *want; } rows[] = { { NULL, "" }, { "accepted", "" }, { "cancelled", "charter" } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *got = NULL;
        if (rows[i].state != NULL)
            CHECK_OK(bed_change(&d.b, &d.boss, "registration", &ewa, -1, json_pack("{s:s}", "status", rows[i].state), &got), &d.b.e);
        json_decref(got);
        CHECK_TEXT(send_try(&d, &w, &r), rows[i].want);
    }
    CHECK(strstr(r.verdict.why, "`cancelled`") != NULL);
    bed_end(&d.b);
}

TEST(a_person_gets_so_many_a_day_whichever_record_it_is) {
    struct sendbed d;
    struct message_result r;
    send_start(&d, MAIL_TO_PEOPLE);
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example"), again = send_person(&d, &d.other_event, "EWA@people.example"), jan = send_person(&d, &d.event, "jan@people.example");
    struct message_wish w = send_wish(&d, &ewa);
    CHECK_TEXT(send_try(&d, &w, &r), "");
    w.record = again;
    CHECK_TEXT(send_try(&d, &w, &r), "");
    CHECK_TEXT(send_try(&d, &w, &r), "rate");
    CHECK(r.verdict.again > w.at && gate_day(d.b.service, r.verdict.again) > gate_day(d.b.service, r.verdict.again - 1));
    w.at = send_noon(&d) + USEC_PER_DAY;    /* for the next day there is room */
    CHECK_TEXT(send_try(&d, &w, &r), "");
    w = send_wish(&d, &jan);
    CHECK_TEXT(send_try(&d, &w, &r), "");
    bed_end(&d.b);
}

TEST(what_goes_on_another_day_is_taken_for_that_one) {
    struct sendbed d;
    struct gate_verdict v;
    send_start(&d, MAIL_TO_PEOPLE);
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example");
    usec_t day = zone_end_of(charter_zone(d.b.charter), clock_now(), 'd') + USEC_PER_HOUR;
    for (int i = 0; i < 4; i++) {
        struct gate_ask a = { .service = d.b.service, .tenant = d.b.tenant, .stage = STAGE_SEND, .kind = charter_kind(d.b.charter, "registration"), .record = ewa, .parent = d.event,
                              .address = "ewa@people.example", .now = day, .letter = { { (uint8_t)(i == 3 ? 1 : i) } } };
        CHECK_OK(who_of(d.b.service, d.b.tenant, CHANNEL_EMAIL, a.address, a.who, &d.b.e), &d.b.e);
        CHECK_OK(gate_check(&a, &v, &d.b.e), &d.b.e);
        CHECK(v.passes == (i != 2));           /* the third is one too many; one that was taken is tried again */
        CHECK(i != 2 || (v.gate == GATE_RATE && v.again == zone_end_of(charter_zone(d.b.charter), day, 'd')));
    }
    bed_end(&d.b);
}

static enum code many_bounced(struct txn *t, void *arg, struct err *e) {
    const struct sendbed *d = arg;
    return shares_add(t, d->b.service, CHANNEL_EMAIL, clock_now(), &(struct heard_counts){ 200, 100, 0 }, e);
}

/* It goes on again when somebody lets it, so whoever asks may come again, and a reminder waits for it. */
TEST(a_pause_says_when_to_come_again) {
    struct sendbed d;
    struct message_result r;
    send_start(&d, MAIL_TO_PEOPLE "  pause: above 5 % bounced or 0.1 % complaints\n");
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example");
    const struct message_wish w = send_wish(&d, &ewa);
    CHECK_TEXT(send_try(&d, &w, &r), "");
    CHECK_OK(store_write(d.b.store, d.b.tenant, many_bounced, &d, &d.b.e), &d.b.e);
    const usec_t now = clock_now();
    CHECK_TEXT(send_try(&d, &w, &r), "paused");
    CHECK(r.verdict.again > now && r.verdict.again < clock_now() + USEC_PER_HOUR);
    CHECK_OK(sending_go_on(d.b.service, d.b.tenant, CHANNEL_EMAIL, "account 1", &d.b.e), &d.b.e);
    CHECK_TEXT(send_try(&d, &w, &r), "");
    bed_end(&d.b);
}

static enum code put_off(struct txn *t, void *arg, struct err *e) {
    const struct sendbed *d = arg;
    const struct gate_ask a = { .service = d->b.service, .tenant = d->b.tenant, .channel = CHANNEL_SMS };
    return gate_put_off(t, &a, &(struct gate_verdict){ .gate = GATE_PAUSED, .again = 1 }, e);
}

TEST(what_a_gate_puts_off_is_told_beside_what_it_refused) {
    struct sendbed d;
    json_t *told = NULL;
    send_start(&d, MAIL_TO_PEOPLE);
    const uint64_t before = gate_refused(CHANNEL_SMS, GATE_PAUSED);
    CHECK_OK(store_write(d.b.store, d.b.tenant, put_off, &d, &d.b.e), &d.b.e);
    CHECK_OK(gates_told(d.b.service, d.b.tenant, 2, &told, &d.b.e), &d.b.e);
    json_t *day = json_array_get(json_object_get(told, "items"), 0);
    CHECK_INT(json_integer_value(json_object_get(json_object_get(day, "put_off"), "paused")), 1);
    CHECK_INT(json_object_size(json_object_get(day, "refused")), 0);
    CHECK(gate_refused(CHANNEL_SMS, GATE_PAUSED) == before);
    json_decref(told);
    bed_end(&d.b);
}

TEST(refusals_are_counted_and_told_by_day) {
    struct sendbed d;
    struct message_result r;
    json_t *told = NULL;
    send_start(&d, MAIL_TO_PEOPLE);
    const struct uuid ewa = send_person(&d, &d.event, "ewa@people.example");
    struct message_wish w = send_wish(&d, &ewa);
    for (int i = 0; i < 5; i++)
        (void)send_try(&d, &w, &r);
    w.scope = d.other_event;
    (void)send_try(&d, &w, &r);
    CHECK_OK(gates_told(d.b.service, d.b.tenant, 2, &told, &d.b.e), &d.b.e);
    json_int_t rate = 0, charter = 0;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(told, "items"), i, one) {       /* a midnight may stand between them */
        CHECK_TEXT(text_at(one, "channel", NULL), "email");
        rate += json_integer_value(json_object_get(json_object_get(one, "refused"), "rate"));
        charter += json_integer_value(json_object_get(json_object_get(one, "refused"), "charter"));
    }
    CHECK(rate == 3 && charter == 1);
    json_decref(told);
    CHECK_OK(gates_told(d.b.service, d.b.other, 2, &told, &d.b.e), &d.b.e);
    CHECK_INT(json_array_size(json_object_get(told, "items")), 0);
    json_decref(told);
    CHECK_TEXT(gate_name(GATES), "unknown");
    bed_end(&d.b);
}
