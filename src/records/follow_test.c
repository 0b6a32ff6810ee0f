/* follow_test.c — with small pieces, so that few records make many of them. */
#define CHANGES_AT_ONCE 2u
#define STRETCHES_MAX 2
#include "records/follow.c"
#include "records/testbed.h"
#include "records/testcharters.h"

/* Somebody who may see nothing of many changes is looked after in pieces, so that nobody waits behind it. */
TEST(many_changes_that_are_not_to_be_seen_take_several_calls) {
    struct bed b;
    struct uuid event;
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), door = bed_role(&b, b.tenant, "door");
    CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &got), &b.e);
    event = id_of(got);
    json_decref(got);
    for (int i = 0; i < 8; i++) {
        char email[64], id[UUID_TEXT];
        snprintf(email, sizeof email, "p%d@poczta.example", i);
        CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&event, id), "name", "Ewa", "email", email), &got), &b.e);
        json_decref(got);
    }
    int64_t at = 0, before = -1;
    bool end = false;
    int calls = 0;
    for (; !end && at > before; calls++) {
        before = at;
        CHECK_OK(record_changes(b.service, &door, &at, 100, NULL, &end, &got, &b.e), &b.e);
        CHECK_INT(json_array_size(got), 0);
        json_decref(got);
    }
    CHECK(end && calls > 1);
    bed_end(&b);
}

