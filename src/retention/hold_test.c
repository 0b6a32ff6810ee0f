/* hold_test.c — who may hold, what it says, when it ends, and that its ground goes with it. */
#include "retention/hold.c"
#include "records/testbed.h"
#include "records/testcharters.h"

struct stage { struct bed b; struct caller boss; struct uuid event, person; int kind; };

static void stage_start(struct stage *s) {
    json_t *got = NULL;
    char id[UUID_TEXT];
    bed_start(&s->b, events_charter);
    s->boss = bed_role(&s->b, s->b.tenant, "organiser");
    s->kind = charter_kind(s->b.charter, "registration");
    CHECK_OK(bed_make(&s->b, &s->boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &got), &s->b.e);
    s->event = id_of(got);
    json_decref(got);
    CHECK_OK(bed_make(&s->b, &s->boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&s->event, id), "name", "Ewa", "email", "a@poczta.example"), &got), &s->b.e);
    s->person = id_of(got);
    json_decref(got);
}
static uint64_t held(struct stage *s, usec_t now) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct record r;
    uint64_t parts = 99;
    CHECK_OK(store_view(s->b.store, s->b.tenant, &v, &s->b.e), &s->b.e);
    CHECK_OK(record_load(view_sql(v), service_kind(s->b.service, s->kind), &s->person, arena, &r, &s->b.e), &s->b.e);
    CHECK_OK(held_parts(view_sql(v), &r, now, HELD_BY_PERSON, &parts, &s->b.e), &s->b.e);
    return parts;
}
static struct hold_wish wish(const struct stage *s) { return (struct hold_wish){ .kind = s->kind, .id = s->person, .why = "Spór sądowy I C 12/27" }; }

TEST(a_hold_says_why_and_its_ground_goes_with_it) {
    struct stage s;
    json_t *got = NULL, *list = NULL;
    stage_start(&s);
    struct hold_wish w = wish(&s);
    json_t *fields = json_pack("[s,s]", "email", "status");
    w.fields = fields;
    w.name = "Anna Nowak";
    CHECK_OK(hold_set(s.b.service, &s.boss, &w, &got, &s.b.e), &s.b.e);
    CHECK_INT(json_integer_value(json_object_get(got, "number")), 1);
    CHECK_TEXT(text_at(got, "why", NULL), "Spór sądowy I C 12/27");
    CHECK_TEXT(text_at(got, "by", NULL), "token 1");
    CHECK_TEXT(text_at(got, "name", NULL), "Anna Nowak");
    CHECK_TEXT(text_at(got, "state", NULL), "holds");
    CHECK(json_array_size(json_object_get(got, "fields")) == 5);      /* all that share the part: but diet, which has its own */
    json_decref(got);
    CHECK_INT(held(&s, clock_now()), 1);
    w.fields = NULL;
    w.until = "2099-12-31";
    CHECK_OK(hold_set(s.b.service, &s.boss, &w, &got, &s.b.e), &s.b.e);
    CHECK_TEXT(text_at(got, "until", NULL), "2099-12-31T23:00:00Z");      /* the end of that day in Warsaw */
    CHECK(json_is_null(json_object_get(got, "fields")));
    json_decref(got);
    CHECK_INT(held(&s, clock_now()), 3);
    CHECK_OK(hold_end(s.b.service, &s.boss, 2, &got, &s.b.e), &s.b.e);
    CHECK_TEXT(text_at(got, "state", NULL), "lifted");
    CHECK(json_is_null(json_object_get(got, "why")) && json_is_null(json_object_get(got, "name")) && json_is_string(json_object_get(got, "lifted")));
    json_decref(got);
    CHECK_CODE(hold_end(s.b.service, &s.boss, 2, &got, &s.b.e), E_NOT_FOUND, &s.b.e);
    CHECK_INT(held(&s, clock_now()), 1);
    CHECK_OK(holds_told(s.b.service, &s.boss, INT64_MAX, -1, NULL, &list, &s.b.e), &s.b.e);
    CHECK_INT(json_array_size(json_object_get(list, "items")), 2);
    CHECK_INT(json_integer_value(json_object_get(json_array_get(json_object_get(list, "items"), 0), "number")), 2);
    json_decref(list);
    CHECK_OK(holds_told(s.b.service, &s.boss, INT64_MAX, s.kind, &s.event, &list, &s.b.e), &s.b.e);
    CHECK_INT(json_array_size(json_object_get(list, "items")), 0);
    json_decref(list);
    json_decref(fields);
    bed_end(&s.b);
}

TEST(a_hold_is_refused_in_words) {
    struct stage s;
    json_t *got = NULL;
    stage_start(&s);
    struct caller door = bed_role(&s.b, s.b.tenant, "door"), other = bed_role(&s.b, s.b.other, "organiser"), linked = s.boss;
    struct hold_wish w = wish(&s);
    char longer[HOLD_WHY + 2];
    linked.by_link = true;
    CHECK_CODE(hold_set(s.b.service, &door, &w, &got, &s.b.e), E_FORBIDDEN, &s.b.e);
    CHECK_CODE(hold_set(s.b.service, &linked, &w, &got, &s.b.e), E_FORBIDDEN, &s.b.e);
    CHECK_CODE(hold_end(s.b.service, &door, 1, &got, &s.b.e), E_FORBIDDEN, &s.b.e);
    CHECK_CODE(holds_told(s.b.service, &door, INT64_MAX, -1, NULL, &got, &s.b.e), E_FORBIDDEN, &s.b.e);
    CHECK_CODE(hold_set(s.b.service, &other, &w, &got, &s.b.e), E_NOT_FOUND, &s.b.e);
    w.why = "";
    CHECK_CODE(hold_set(s.b.service, &s.boss, &w, &got, &s.b.e), E_FIELDS, &s.b.e);
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    w.why = longer;
    CHECK_CODE(hold_set(s.b.service, &s.boss, &w, &got, &s.b.e), E_FIELDS, &s.b.e);
    w = wish(&s);
    w.until = "2020-01-01";
    CHECK_CODE(hold_set(s.b.service, &s.boss, &w, &got, &s.b.e), E_FIELDS, &s.b.e);
    w.until = "soon";
    CHECK_CODE(hold_set(s.b.service, &s.boss, &w, &got, &s.b.e), E_FIELDS, &s.b.e);
    w = wish(&s);
    json_t *fields = json_pack("[s]", "shoe"), *none = json_array();
    w.fields = fields;
    CHECK_CODE(hold_set(s.b.service, &s.boss, &w, &got, &s.b.e), E_FIELDS, &s.b.e);
    w.fields = none;
    CHECK_CODE(hold_set(s.b.service, &s.boss, &w, &got, &s.b.e), E_FIELDS, &s.b.e);
    w.fields = NULL;
    json_decref(fields);
    json_decref(none);
    CHECK_OK(bed_erase(&s.b, &s.boss, "registration", &s.person, &got), &s.b.e);
    json_decref(got);
    CHECK_CODE(hold_set(s.b.service, &s.boss, &w, &got, &s.b.e), E_GONE, &s.b.e);
    bed_end(&s.b);
}

static enum code put(struct txn *t, void *arg, struct err *e) {
    int64_t number;
    return hold_put(t, arg, &number, e);
}
TEST(what_ended_by_itself_leaves_no_ground) {
    struct stage s;
    json_t *list = NULL;
    struct key key;
    stage_start(&s);
    struct hold_row row = { .kind = service_kind(s.b.service, s.kind)->number, .id = s.person, .fields = "", .until = 1000, .by = "sejf", .blob = "sealed", .len = 6 };
    key_id ended = 0, open = 0;
    for (int i = 0; i < 2; i++) {
        CHECK_OK(keeper_make(s.b.keeper, s.b.tenant, USEC_NEVER, 1, i == 0 ? &ended : &open, &key, &s.b.e), &s.b.e);
        row.key = i == 0 ? ended : open;
        CHECK_OK(store_write(s.b.store, s.b.tenant, put, &row, &s.b.e), &s.b.e);
        row.until = USEC_NEVER;
    }
    bool ok = false, was = false;
    CHECK_OK(clock_hold(s.b.store, clock_now() - 3 * USEC_PER_DAY, clock_now(), &s.b.e), &s.b.e);
    CHECK_OK(holds_over(s.b.service, s.b.tenant, &s.b.e), &s.b.e);
    CHECK_OK(keeper_open(s.b.keeper, s.b.tenant, &ended, 1, &key, &ok, &s.b.e), &s.b.e);
    CHECK(ok);                                 /* a clock in doubt ends nothing */
    CHECK_OK(clock_confirm(s.b.store, "sejf", &was, &s.b.e), &s.b.e);
    CHECK_OK(holds_over(s.b.service, s.b.tenant, &s.b.e), &s.b.e);
    CHECK_OK(holds_over(s.b.service, s.b.tenant, &s.b.e), &s.b.e);
    ok = true;
    CHECK_OK(keeper_open(s.b.keeper, s.b.tenant, &ended, 1, &key, &ok, &s.b.e), &s.b.e);
    CHECK(!ok);
    CHECK_OK(keeper_open(s.b.keeper, s.b.tenant, &open, 1, &key, &ok, &s.b.e), &s.b.e);
    CHECK(ok);
    CHECK_CODE(holds_told(s.b.service, &s.boss, INT64_MAX, -1, NULL, &list, &s.b.e), E_DAMAGED, &s.b.e);      /* no true ground was sealed here */
    CHECK_OK(holds_told(s.b.service, &s.boss, 2, -1, NULL, &list, &s.b.e), &s.b.e);
    const json_t *one = json_array_get(json_object_get(list, "items"), 0);
    CHECK_TEXT(text_at(one, "state", NULL), "ended");
    CHECK(json_is_null(json_object_get(one, "why")));
    json_decref(list);
    CHECK_INT(held(&s, clock_now()), 3);
    bed_end(&s.b);
}
