/* doors_test.c — a record under which a form stands has its door from the moment it is made, or from the start after a form came. */
#define DOORS_AT_ONCE 8u                      /* so that few records make several pieces */
#include "records/doors.c"
#include "records/testbed.h"
#include "records/testcharters.h"

static struct uuid made(struct bed *b, int64_t tenant, const char *kind, json_t *in) {
    json_t *got = NULL;
    struct caller boss = bed_role(b, tenant, "organiser");
    CHECK_OK(bed_make(b, &boss, kind, in, &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}
static json_t *event(const char *title) { return json_pack("{s:s,s:s,s:s}", "title", title, "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"); }
static int64_t door_of(struct bed *b, const struct uuid *id) {
    int32_t kind = 0;
    int64_t tenant = 0;
    enum code code = door_find(b->store, id, &kind, &tenant, &b->e);
    CHECK(code == OK || code == E_NOT_FOUND);
    CHECK(code != OK || kind == service_kind(b->service, charter_kind(b->charter, "event"))->number);
    return tenant;
}
static void under(struct bed *b, const char *charter) {
    bed_shut(b);
    b->charter = charter_free(b->charter);
    bed_charter(b, charter);
    bed_open(b);
}

TEST(a_record_has_its_door_as_long_as_it_stands) {
    struct bed b;
    json_t *got = NULL;
    char id[UUID_TEXT];
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid one = made(&b, b.tenant, "event", event("Bieg")), two = made(&b, b.other, "event", event("Marsz"));
    struct uuid guest = made(&b, b.tenant, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&one, id), "name", "Ewa", "email", "a@poczta.example"));
    CHECK(door_of(&b, &one) == b.tenant && door_of(&b, &two) == b.other && door_of(&b, &guest) == 0);
    CHECK_OK(bed_erase(&b, &boss, "event", &one, &got), &b.e);
    json_decref(got);
    CHECK(door_of(&b, &one) == 0 && door_of(&b, &two) == b.other);
    bed_end(&b);
}

TEST(a_form_that_comes_later_finds_the_records_that_were_there) {
    struct bed b;
    AUTO(buf_done) struct buf without = BUF(1u << 16);
    static const char form[] = "    form: register, asks name, email, phone, diet\n";
    const char *at = strstr(events_charter, form);
    struct uuid ids[3 * DOORS_AT_ONCE];      /* of two tenants */
    buf_add(&without, events_charter, (size_t)(at - events_charter));
    buf_text(&without, at + sizeof form - 1);
    bed_start(&b, buf_str(&without));
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        ids[i] = made(&b, i % 2 == 0 ? b.tenant : b.other, "event", event("Bieg"));
    CHECK_INT(door_of(&b, &ids[0]), 0);
    under(&b, events_charter);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        CHECK_INT(door_of(&b, &ids[i]), i % 2 == 0 ? b.tenant : b.other);
    under(&b, buf_str(&without));              /* the form goes, a record comes, the form comes back */
    struct uuid late = made(&b, b.other, "event", event("Marsz"));
    CHECK_INT(door_of(&b, &late), 0);
    under(&b, events_charter);
    CHECK_INT(door_of(&b, &late), b.other);
    bed_end(&b);
}
