/* limits_test.c — seats, uniqueness and numbers under concurrency, over a real store and keeper. */
#include "records/limits.c"
#include "records/testbed.h"

#include "records/testcharters.h"

static struct uuid make_event(struct bed *b, const struct caller *boss, int seats) {
    json_t *event = NULL;
    CHECK_OK(bed_make(b, boss, "event", json_pack("{s:s,s:s,s:s,s:i}", "title", "Bieg", "starts", "2027-03-01T18:00:00+01:00", "ends", "2027-03-01T21:00:00+01:00",
                                                  "seats", seats), &event), &b->e);
    struct uuid id = id_of(event);
    json_decref(event);
    return id;
}

static json_t *registration(const struct uuid *event, int n) {
    char id[UUID_TEXT], email[64];
    snprintf(email, sizeof email, "Osoba%d@poczta.example", n);
    return json_pack("{s:s,s:s,s:s}", "event", uuid_format(event, id), "name", "Osoba Pierwsza", "email", email);
}

static size_t in_state(struct bed *b, const struct caller *who, const struct uuid *event, const char *status) {
    char id[UUID_TEXT];
    json_t *page = NULL, *query = json_pack("{s:s,s:s,s:i}", "event", uuid_format(event, id), "status", status, "limit", 1000);
    size_t n = 0;
    for (;;) {
        CHECK_OK(record_list(b->service, who, charter_kind(b->charter, "registration"), query, &page, &b->e), &b->e);
        n += json_array_size(json_object_get(page, "items"));
        json_t *next = json_object_get(page, "next");
        if (json_is_null(next))
            break;
        json_object_set(query, "cursor", next);
        json_decref(page);
    }
    json_decref(page);
    json_decref(query);
    return n;
}

struct crowd { struct bed *b; struct caller who; struct uuid event; int first, count; int made, refused; };
static void *register_all(void *arg) {
    struct crowd *c = arg;
    for (int i = 0; i < c->count; i++) {
        struct record_request r = { .who = &c->who, .kind = charter_kind(c->b->charter, "registration"), .if_match = -1 };
        json_t *in = registration(&c->event, c->first + i), *reply = NULL, *mistakes = NULL;
        struct err e = { 0 };
        r.input = in;
        enum code code = record_create(c->b->service, &r, &reply, &mistakes, &e);
        c->made += code == OK;
        c->refused += code == E_CONFLICT;
        json_decref(reply);
        json_decref(mistakes);
        json_decref(in);
    }
    return NULL;
}

#define THREADS 8
TEST(a_thousand_for_a_hundred_seats) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = make_event(&b, &boss, 100);
    pthread_t threads[THREADS];
    struct crowd crowds[THREADS];
    int made = 0, refused = 0;
    for (int i = 0; i < THREADS; i++) {        /* each person is tried by two threads */
        crowds[i] = (struct crowd){ .b = &b, .who = boss, .event = event, .first = i / 2 * 250, .count = 250 };
        CHECK(pthread_create(&threads[i], NULL, register_all, &crowds[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        made += crowds[i].made;
        refused += crowds[i].refused;
    }
    CHECK_INT(made, 1000);
    CHECK_INT(refused, 1000);
    CHECK_INT(in_state(&b, &boss, &event, "accepted"), 100);
    CHECK_INT(in_state(&b, &boss, &event, "waiting"), 900);
    bed_end(&b);
}

TEST(a_freed_seat_goes_to_the_first_who_waits) {
    struct bed b;
    json_t *people[5], *got = NULL;
    struct uuid ids[5];
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = make_event(&b, &boss, 2);
    for (int i = 0; i < 5; i++) {
        CHECK_OK(bed_make(&b, &boss, "registration", registration(&event, i), &people[i]), &b.e);
        ids[i] = id_of(people[i]);
        CHECK_TEXT(text_at(people[i], "fields", "status"), i < 2 ? "accepted" : "waiting");
        json_decref(people[i]);
    }
    CHECK_OK(bed_change(&b, &boss, "registration", &ids[0], -1, json_pack("{s:s}", "status", "cancelled"), &got), &b.e);
    json_decref(got);
    CHECK_OK(bed_read(&b, &boss, "registration", &ids[2], &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "status"), "accepted");
    CHECK_INT(json_integer_value(json_object_get(got, "version")), 2);
    json_decref(got);
    CHECK_OK(bed_erase(&b, &boss, "registration", &ids[1], &got), &b.e);
    json_decref(got);
    CHECK_OK(bed_read(&b, &boss, "registration", &ids[3], &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "status"), "accepted");
    json_decref(got);
    CHECK_CODE(bed_change(&b, &boss, "registration", &ids[4], -1, json_pack("{s:s}", "status", "accepted"), &got), E_CONFLICT, &b.e);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(got, 0), "path")), "/status");
    json_decref(got);
    CHECK_OK(bed_change(&b, &boss, "event", &event, -1, json_pack("{s:i}", "seats", 10), &got), &b.e);       /* more seats: nobody waits */
    json_decref(got);
    CHECK_INT(in_state(&b, &boss, &event, "waiting"), 0);
    CHECK_INT(in_state(&b, &boss, &event, "accepted"), 3);
    CHECK_OK(bed_make(&b, &boss, "registration", registration(&event, 0), &got), &b.e);      /* cancelled ones do not count as taken */
    json_decref(got);
    CHECK_CODE(bed_make(&b, &boss, "registration", registration(&event, 3), &got), E_CONFLICT, &b.e);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(got, 0), "path")), "/email");
    json_decref(got);
    bed_end(&b);
}
