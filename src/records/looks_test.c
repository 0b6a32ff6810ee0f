/* looks_test.c — a read is found by its record and by who read, names every record, and an erasure cuts its record off. */
#include "records/looks.c"

#include "records/testbed.h"
#include "records/testcharters.h"

#define GUESTS 30

static json_t *listed(struct bed *b, const struct looks_query *q, size_t wanted) {
    json_t *got = NULL;
    for (int i = 0; i < 600; i++) {           /* traces are written within a second */
        json_decref(got);
        CHECK_OK(looks_list(b->service, b->tenant, q, &got, &b->e), &b->e);
        if (json_array_size(json_object_get(got, "items")) >= wanted)
            break;
        usleep(100000);
    }
    return got;
}

static struct uuid guests_make(struct bed *b, const struct caller *boss, struct uuid ids[GUESTS]) {
    json_t *got = NULL;
    CHECK_OK(bed_make(b, boss, "event", json_pack("{s:s, s:s, s:s}", "title", "Bal", "starts", "2099-01-01T10:00:00Z", "ends", "2099-01-01T20:00:00Z"), &got), &b->e);
    struct uuid event = id_of(got);
    json_decref(got);
    for (int i = 0; i < GUESTS; i++) {
        char mail[64], parent[UUID_TEXT];
        snprintf(mail, sizeof mail, "guest%d@people.example", i);
        CHECK_OK(bed_make(b, boss, "registration", json_pack("{s:s, s:s, s:s}", "event", uuid_format(&event, parent), "name", "Ewa", "email", mail), &got), &b->e);
        ids[i] = id_of(got);
        json_decref(got);
    }
    return event;
}

static size_t items(const json_t *got) { return json_array_size(json_object_get(got, "items")); }

TEST(a_read_is_found_by_its_record_and_by_who_read) {
    struct bed b;
    struct uuid ids[GUESTS];
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), other = boss;
    other.token = 2;
    int kind = charter_kind(b.charter, "registration");
    guests_make(&b, &boss, ids);
    CHECK_OK(bed_read(&b, &boss, "registration", &ids[0], &got), &b.e);
    json_decref(got);
    CHECK_OK(record_list(b.service, &other, kind, NULL, &got, &b.e), &b.e);
    json_decref(got);
    struct looks_query all = { .before = INT64_MAX, .limit = 100 }, own = all, one = all, last = all;
    got = listed(&b, &all, 2);
    CHECK_INT(items(got), 2);
    json_decref(got);
    own.who = "token 2";
    got = listed(&b, &own, 1);
    const json_t *item = json_array_get(json_object_get(got, "items"), 0);
    CHECK(items(got) == 1 && json_integer_value(json_object_get(item, "count")) == GUESTS && json_array_size(json_object_get(item, "records")) == LOOKS_SHOWN);
    CHECK_TEXT(text_at(item, "how", NULL), "list");
    CHECK_TEXT(text_at(item, "role", NULL), "organiser");
    CHECK_TEXT(text_at(item, "purpose", NULL), "running the event");
    int64_t number = json_integer_value(json_object_get(item, "number"));
    json_decref(got);
    CHECK_OK(looks_records(b.service, b.tenant, number, 0, 1000, &got, &b.e), &b.e);
    CHECK(json_array_size(json_object_get(got, "records")) == GUESTS && json_is_null(json_object_get(got, "next")));
    json_decref(got);
    one.of_record = last.of_record = true;
    one.kind = last.kind = kind;
    one.id = ids[0];
    last.id = ids[GUESTS - 1];
    got = listed(&b, &one, 2);
    CHECK_INT(items(got), 2);
    json_decref(got);
    got = listed(&b, &last, 1);
    CHECK_INT(items(got), 1);
    json_decref(got);
    one.since = clock_now() + USEC_PER_HOUR;
    got = listed(&b, &one, 0);
    CHECK_INT(items(got), 0);
    json_decref(got);
    bed_end(&b);
}

TEST(a_person_is_told_and_an_erasure_cuts_off) {
    struct bed b;
    struct uuid ids[GUESTS];
    json_t *got = NULL;
    bool more = true;
    struct looks_left left = LOOKS_LEFT;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    int kind = charter_kind(b.charter, "registration");
    guests_make(&b, &boss, ids);
    CHECK_OK(record_list(b.service, &boss, kind, NULL, &got, &b.e), &b.e);
    json_decref(got);
    struct looks_query all = { .before = INT64_MAX, .limit = 100 };
    got = listed(&b, &all, 1);
    int64_t number = json_integer_value(json_object_get(json_array_get(json_object_get(got, "items"), 0), "number"));
    json_decref(got);
    CHECK_OK(looks_of_person(b.service, b.tenant, kind, &ids[3], &left, &got, &more, &b.e), &b.e);
    CHECK(json_array_size(got) == 1 && !more);
    const json_t *line = json_array_get(got, 0);
    CHECK_TEXT(text_at(line, "role", NULL), "organiser");
    CHECK(json_integer_value(json_object_get(line, "times")) == 1 && json_array_size(json_object_get(line, "fields")) >= 2);
    json_decref(got);
    CHECK_OK(bed_erase(&b, &boss, "registration", &ids[3], &got), &b.e);
    json_decref(got);
    CHECK_CODE(looks_of_person(b.service, b.tenant, kind, &ids[3], &left, &got, &more, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(looks_records(b.service, b.tenant, number, 0, 1000, &got, &b.e), &b.e);
    CHECK(json_array_size(json_object_get(got, "records")) == GUESTS - 1 && json_integer_value(json_object_get(got, "erased")) == 1);
    json_decref(got);
    CHECK_CODE(looks_records(b.service, b.other, number, 0, 1000, &got, &b.e), E_NOT_FOUND, &b.e);      /* another tenant's */
    bed_end(&b);
}

static int64_t times(const json_t *lines) {    /* of one day, or of two at midnight */
    size_t i;
    json_t *line;
    int64_t n = 0;
    json_array_foreach(lines, i, line)
        n += json_integer_value(json_object_get(line, "times"));
    return n;
}

/* What is told of many records shares what may be looked at, and says where it ended; stretches of it follow one another. */
TEST(what_is_told_ends_with_what_is_left) {
    struct bed b;
    struct uuid ids[GUESTS];
    json_t *got = NULL;
    bool more = true;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    int kind = charter_kind(b.charter, "registration");
    guests_make(&b, &boss, ids);
    struct looks_query all = { .before = INT64_MAX, .limit = 100 };
    for (size_t i = 0; i < 3; i++) {
        struct caller other = boss;
        other.token = (int64_t)i + 1;              /* an entry of its own each */
        CHECK_OK(record_list(b.service, &other, kind, NULL, &got, &b.e), &b.e);
        json_decref(got);
    }
    json_decref(listed(&b, &all, 3));
    struct looks_left left = { .rows = 100, .entries = 5 };
    CHECK_OK(looks_of_person(b.service, b.tenant, kind, &ids[0], &left, &got, &more, &b.e), &b.e);
    CHECK(!more && left.entries == 2 && left.rows == 97);
    CHECK_INT(times(got), 3);
    json_decref(got);
    CHECK_OK(looks_of_person(b.service, b.tenant, kind, &ids[1], &left, &got, &more, &b.e), &b.e);
    CHECK(more && left.entries == 0);
    CHECK_INT(times(got), 2);
    json_decref(got);
    CHECK_OK(looks_of_person(b.service, b.tenant, kind, &ids[2], &left, &got, &more, &b.e), &b.e);
    CHECK(more && json_array_size(got) == 0);
    json_decref(got);
    left = (struct looks_left){ .rows = 1, .entries = 5 };
    CHECK_OK(looks_of_person(b.service, b.tenant, kind, &ids[2], &left, &got, &more, &b.e), &b.e);
    CHECK(more && left.rows == 0 && left.entries == 4);
    json_decref(got);
    bed_end(&b);
}
