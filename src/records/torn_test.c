/* torn_test.c — what is changed or erased between the look at its row and the opening of its keys is shown whole, or not at all. */
#include "records/record.h"

static enum code open_late(struct service *s, struct record **list, size_t count, struct arena *arena, struct err *reterr);
static enum code open_one_late(struct service *s, struct record *r, struct arena *arena, struct err *reterr);
#define records_open open_late
#define record_open open_one_late
#include "records/read.c"
#include "records/page.c"
#undef records_open
#undef record_open
#include "records/testbed.h"
#include "records/testcharters.h"

enum deed { NONE, CHANGES, ERASES };
static struct { struct bed *b; const struct caller *who; struct uuid id; enum deed deed; int left; enum code code; } late;

static const char *const names[] = { "Iza", "Iwa", "Ina" };

/* Somebody else is faster, as often as `left` says. */
static void strike(void) {
    json_t *got = NULL;
    if (late.left == 0 || late.deed == NONE)
        return;
    late.left--;
    enum deed deed = late.deed;
    late.deed = NONE;                          /* what it reads itself is not raced */
    late.code = deed == CHANGES ? bed_change(late.b, late.who, "registration", &late.id, -1, json_pack("{s:s}", "name", names[late.left]), &got)
                                : bed_erase(late.b, late.who, "registration", &late.id, &got);
    json_decref(got);
    late.deed = deed == CHANGES ? CHANGES : NONE;
}

static enum code open_late(struct service *s, struct record **list, size_t count, struct arena *arena, struct err *reterr) {
    strike();
    return records_open(s, list, count, arena, reterr);
}
static enum code open_one_late(struct service *s, struct record *r, struct arena *arena, struct err *reterr) {
    strike();
    return record_open(s, r, arena, reterr);
}

struct racing { struct bed b; struct caller boss; struct uuid event; };

static struct uuid guest(struct racing *r, const char *email) {
    char id[UUID_TEXT];
    json_t *got = NULL;
    CHECK_OK(bed_make(&r->b, &r->boss, "registration", json_pack("{s:s, s:s, s:s}", "event", uuid_format(&r->event, id), "name", "Ola", "email", email), &got), &r->b.e);
    struct uuid made = id_of(got);
    json_decref(got);
    return made;
}

static void racing_start(struct racing *r) {
    json_t *got = NULL;
    bed_start(&r->b, events_charter);
    r->boss = bed_role(&r->b, r->b.tenant, "organiser");
    CHECK_OK(bed_make(&r->b, &r->boss, "event", json_pack("{s:s, s:s, s:s}", "title", "Bieg", "starts", "2027-05-01T08:00:00Z", "ends", "2027-05-01T12:00:00Z"), &got), &r->b.e);
    r->event = id_of(got);
    json_decref(got);
    guest(r, "a@poczta.example");
    late.b = &r->b;
    late.who = &r->boss;
}

static void arm(struct racing *r, const char *email, enum deed deed, int times) {
    late.id = guest(r, email);
    late.deed = deed;
    late.left = times;
    late.code = E_INTERNAL;
}

/* Each item has its name; the one that was raced is there with the new one, or not at all. */
static void whole(struct racing *r, enum deed deed, bool searches) {
    json_t *got = NULL, *one, *query = searches ? json_pack("{s:{s:s}}", "where", "email", "b@poczta.example") : json_object();
    size_t i, found = 0;
    char id[UUID_TEXT];
    int kind = charter_kind(r->b.charter, "registration");
    CHECK_OK(searches ? record_search(r->b.service, &r->boss, kind, query, &got, &r->b.e) : record_list(r->b.service, &r->boss, kind, query, &got, &r->b.e), &r->b.e);
    CHECK_INT(late.code, OK);
    uuid_format(&late.id, id);
    json_array_foreach(json_object_get(got, "items"), i, one) {
        CHECK(text_at(one, "fields", "name") != NULL);
        if (strcmp(text_at(one, "id", NULL), id) == 0) {
            CHECK_TEXT(text_at(one, "fields", "name"), names[0]);
            found++;
        }
    }
    CHECK_INT(found, deed == CHANGES ? 1 : 0);
    json_decref(query);
    json_decref(got);
    late.deed = NONE;
}

TEST(lists_and_searches_show_records_whole) {
    struct racing r;
    racing_start(&r);
    for (int searches = 0; searches <= 1; searches++)
        for (enum deed deed = CHANGES; deed <= ERASES; deed++) {
            arm(&r, "b@poczta.example", deed, deed == CHANGES ? 3 : 1);
            whole(&r, deed, searches != 0);
            json_t *got = NULL;
            enum code code = bed_erase(&r.b, &r.boss, "registration", &late.id, &got);
            CHECK(code == OK || code == E_GONE);
            json_decref(got);
        }
    bed_end(&r.b);
}

TEST(one_record_is_read_whole) {
    struct racing r;
    json_t *got = NULL;
    racing_start(&r);
    arm(&r, "b@poczta.example", CHANGES, 3);
    CHECK_OK(bed_read(&r.b, &r.boss, "registration", &late.id, &got), &r.b.e);
    CHECK_INT(late.code, OK);
    CHECK_TEXT(text_at(got, "fields", "name"), names[0]);
    CHECK_TEXT(text_at(got, "fields", "email"), "b@poczta.example");
    json_decref(got);
    arm(&r, "c@poczta.example", ERASES, 1);
    CHECK_CODE(bed_read(&r.b, &r.boss, "registration", &late.id, &got), E_GONE, &r.b.e);
    CHECK_INT(late.code, OK);
    late.deed = NONE;
    bed_end(&r.b);
}
