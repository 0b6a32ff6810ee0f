/* record_test.c — the way of a record: made, read, changed, erased, over a real store and keeper. */
#include "records/record.c"
#include "records/testbed.h"

#include "records/testcharters.h"

TEST(a_record_is_made_read_changed_erased) {
    struct bed b;
    json_t *event = NULL, *reg = NULL, *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), stranger = bed_role(&b, b.other, "organiser");
    CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s,s:i}", "title", "Wieczór", "starts", "2027-03-01T18:00:00+01:00", "ends", "2027-03-01T21:00:00+01:00", "seats", 2), &event), &b.e);
    struct uuid eid = id_of(event);
    CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s,s:s}", "event", text_at(event, "id", NULL), "name", "Ewa Żak", "email", "Ewa@poczta.example", "phone", "22 123 45 67"), &reg), &b.e);
    struct uuid id = id_of(reg);
    CHECK_TEXT(text_at(reg, "fields", "status"), "accepted");
    CHECK_TEXT(text_at(reg, "number", NULL), "000001");
    CHECK_TEXT(text_at(reg, "due", NULL), "2027-08-28T19:00:00Z");
    CHECK_OK(bed_read(&b, &boss, "registration", &id, &got), &b.e);
    CHECK(json_equal(got, reg));
    json_decref(got);
    CHECK_CODE(bed_read(&b, &stranger, "registration", &id, &got), E_NOT_FOUND, &b.e);
    CHECK_OK(bed_change(&b, &boss, "registration", &id, 1, json_pack("{s:s,s:n}", "name", "Ewa Żak-Nowa", "phone"), &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "name"), "Ewa Żak-Nowa");
    CHECK(text_at(got, "fields", "phone") == NULL);
    json_decref(got);
    CHECK_CODE(bed_change(&b, &boss, "registration", &id, 1, json_pack("{s:s}", "name", "X"), &got), E_STALE, &b.e);
    CHECK_OK(bed_erase(&b, &boss, "event", &eid, &got), &b.e);
    CHECK_INT(json_integer_value(json_object_get(got, "registration")), 1);
    json_decref(got);
    CHECK_CODE(bed_read(&b, &boss, "registration", &id, &got), E_GONE, &b.e);
    json_decref(event);
    json_decref(reg);
    bed_end(&b);
}
