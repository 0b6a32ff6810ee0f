/* sendbed.h — for the tests of this folder: a service whose charter lets messages go, with two events, their people, and wishes for messages. */
#pragma once
#include "messages/send.h"
#include "messages/templates.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "store/consent.h"

#define MAIL_TO_PEOPLE "messages:\n  email: only to participant of the same event, at most 2 a day for each person\n  sms: never\n"
struct sendbed { struct bed b; struct caller boss; struct uuid event, other_event; };

/* The charter of events with that section of messages, and a second purpose that needs a consent. */
UNUSED static void send_charter(const char *messages, struct buf *ret) {
    buf_cut(ret, 0);
    buf_text(ret, events_charter);
    AUTO(buf_done) struct buf both = BUF(4096);
    buf_printf(&both, "%sagreement: needed", messages);
    bed_swap(ret, "agreement: needed", buf_str(&both));
    bed_swap(ret, "used_for: [running the event]\n", "used_for: [running the event, sending offers]\n    consents:\n      offers: for sending offers\n");
}

UNUSED static struct uuid send_event(struct sendbed *d, const char *title) {
    json_t *got = NULL;
    CHECK_OK(bed_make(&d->b, &d->boss, "event", json_pack("{s:s,s:s,s:s}", "title", title, "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &got), &d->b.e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

UNUSED static struct uuid send_person(struct sendbed *d, const struct uuid *event, const char *email) {
    char id[UUID_TEXT];
    json_t *got = NULL;
    CHECK_OK(bed_make(&d->b, &d->boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(event, id), "name", "Ewa", "email", email), &got), &d->b.e);
    struct uuid made = id_of(got);
    json_decref(got);
    return made;
}

UNUSED static void send_start(struct sendbed *d, const char *messages) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    send_charter(messages, &text);
    bed_start(&d->b, buf_str(&text));
    d->boss = bed_role(&d->b, d->b.tenant, "organiser");
    d->event = send_event(d, "Bieg");
    d->other_event = send_event(d, "Zawody");
}

/* Noon of tomorrow, by the charter's clock: what is to go then counts for one day, whenever the test runs. */
UNUSED static usec_t send_noon(const struct sendbed *d) { return zone_end_of(charter_zone(d->b.charter), clock_now(), 'd') + 12 * USEC_PER_HOUR; }

UNUSED static struct message_wish send_wish(const struct sendbed *d, const struct uuid *id) {
    return (struct message_wish){ .kind = charter_kind(d->b.charter, "registration"), .record = *id, .subject = "News", .text = "The race begins at 9.", .at = send_noon(d), .cause = "api", .whose = "token 1" };
}

/* A text for messages; its number. */
UNUSED static int64_t send_text(struct sendbed *d, const char *body) {
    json_t *o = json_loads(body, 0, NULL), *made = NULL, *mistakes = NULL;
    int64_t number = 0;
    int kind;
    bool sms;
    CHECK_OK(template_put(d->b.service, &d->boss, "news", o, &made, &mistakes, &d->b.e), &d->b.e);
    CHECK_OK(template_find(d->b.service, d->b.tenant, "news", &number, &kind, &sms, &d->b.e), &d->b.e);
    json_decref(made);
    json_decref(o);
    return number;
}

/* One message; "" where it was queued, else the name of the gate. */
UNUSED static const char *send_try(struct sendbed *d, const struct message_wish *w, struct message_result *ret) {
    size_t bad = 99;
    CHECK_CODE(messages_send(d->b.service, d->b.tenant, w, 1, ret, NULL, NULL, &bad, &d->b.e), OK, &d->b.e);
    return ret->queued ? "" : ret->gone ? "gone" : gate_name(ret->verdict.gate);
}
