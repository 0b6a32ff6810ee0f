/* due_test.c — what goes by a day, under the charter that runs and under a changed one, by counts and record by record. */
#include "retention/due.c"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "retention/hold.h"

struct stage { struct bed b; struct caller boss; struct uuid event, last; };

static void stage_start(struct stage *s, int people) {
    json_t *got = NULL;
    char id[UUID_TEXT], email[64];
    bed_start(&s->b, events_charter);
    s->boss = bed_role(&s->b, s->b.tenant, "organiser");
    CHECK_OK(bed_make(&s->b, &s->boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2030-03-01T18:00:00Z", "ends", "2030-03-01T21:00:00Z"), &got), &s->b.e);
    s->event = id_of(got);
    json_decref(got);
    for (int i = 0; i < people; i++) {
        snprintf(email, sizeof email, "o%d@poczta.example", i);
        CHECK_OK(bed_make(&s->b, &s->boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&s->event, id), "name", "Ewa", "email", email), &got), &s->b.e);
        s->last = id_of(got);
        json_decref(got);
    }
    CHECK_OK(bed_make(&s->b, &s->boss, "invoice", json_pack("{s:s,s:s,s:s,s:{s:s,s:s}}", "event", uuid_format(&s->event, id), "issued", "2030-03-02", "buyer", "Ewa", "total", "amount",
                                                           "9.00", "currency", "PLN"), &got), &s->b.e);
    json_decref(got);
}
static usec_t at(const struct stage *s, const char *text) {
    usec_t t = 0;
    struct err e;
    CHECK_OK(due_until(s->b.charter, text, clock_now(), &t, &e), &e);
    return t;
}
static json_t *simulate(struct stage *s, const char *until, const struct charter *newer) {
    json_t *got = NULL;
    struct due_wish w = { .until = at(s, until), .newer = newer };
    CHECK_OK(due_simulate(s->b.service, s->b.tenant, &w, &got, &s->b.e), &s->b.e);
    return got;
}
static int64_t number(const json_t *o, const char *name) { return json_integer_value(json_object_get(o, name)); }

TEST(what_goes_by_a_day_is_counted_by_kind_and_day) {
    struct stage s;
    json_t *got, *made = NULL;
    stage_start(&s, 3);
    got = simulate(&s, "2030-08-27", NULL);
    CHECK_INT(json_array_size(json_object_get(got, "items")), 0);
    json_decref(got);
    struct hold_wish h = { .kind = charter_kind(s.b.charter, "registration"), .id = s.last, .why = "spór" };
    CHECK_OK(hold_set(s.b.service, &s.boss, &h, &made, &s.b.e), &s.b.e);
    json_decref(made);
    got = simulate(&s, "2036-01-01", NULL);
    const json_t *items = json_object_get(got, "items"), *people = json_array_get(items, 0), *invoice = json_array_get(items, 1);
    CHECK_INT(json_array_size(items), 2);
    CHECK_TEXT(text_at(people, "day", NULL), "2030-08-28");
    CHECK_TEXT(text_at(people, "kind", NULL), "registration");
    CHECK_TEXT(text_at(people, "rule", NULL), "180 days after event.ends, then erase");
    CHECK(number(people, "count") == 3 && number(people, "held") == 1 && json_object_get(people, "law") == NULL && json_object_get(people, "overdue") == NULL);
    CHECK_TEXT(text_at(invoice, "day", NULL), "2036-01-01");
    CHECK_TEXT(text_at(invoice, "law", NULL), "Ustawa o rachunkowości art. 74");
    CHECK(number(got, "records") == 4 && number(got, "held") == 1);
    CHECK(json_object_get(got, "changes") == NULL);
    json_decref(got);
    bed_end(&s.b);
}

static struct charter *changed(const char *from, const char *to) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    AUTO(findings_free) struct findings *f = findings_new();
    struct charter *c = NULL;
    struct err e;
    buf_text(&text, events_charter);
    bed_swap(&text, from, to);
    CHECK_OK(charter_load_text("newer.yaml", buf_str(&text), text.len, f, &c, &e), &e);
    return c;
}
static const json_t *change_of(const json_t *got, const char *kind) {
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(got, "changes"), i, one)
        if (strcmp(text_at(one, "kind", NULL), kind) == 0)
            return one;
    return NULL;
}

TEST(a_changed_charter_is_tried_without_touching_anything) {
    struct stage s;
    stage_start(&s, 700);                      /* more than a page */
    AUTO(charter_free) struct charter *shorter = changed("keep: 180 days after event.ends, then erase", "keep: 30 days after event.starts, then erase");
    AUTO(charter_free) struct charter *owner = changed("keep: 180 days after event.ends, then erase", "keep: until the organiser deletes it");
    AUTO(charter_free) struct charter *made = changed("keep: 180 days after event.ends, then erase", "keep: 1 minute after created, then erase");
    json_t *got = simulate(&s, "2030-12-31", shorter);
    const json_t *one = change_of(got, "registration");
    CHECK(number(one, "earlier") == 700 && number(one, "later") == 0 && number(one, "same") == 0 && number(one, "at_once") == 0);
    CHECK_TEXT(json_string_value(json_array_get(json_object_get(one, "was"), 0)), "180 days after event.ends, then erase");
    CHECK_INT(number(change_of(got, "invoice"), "same"), 1);
    CHECK_TEXT(text_at(json_array_get(json_object_get(got, "items"), 0), "day", NULL), "2030-03-31");
    CHECK_INT(number(json_array_get(json_object_get(got, "items"), 0), "count"), 700);
    json_decref(got);
    got = simulate(&s, "2030-12-31", owner);
    CHECK(number(change_of(got, "registration"), "undated") == 700 && json_array_size(json_object_get(got, "items")) == 0);
    json_decref(got);
    got = simulate(&s, "2030-12-31", made);
    CHECK(number(change_of(got, "registration"), "earlier") == 700);
    json_decref(got);
    got = simulate(&s, "2030-12-31", NULL);    /* nothing was touched */
    CHECK_TEXT(text_at(json_array_get(json_object_get(got, "items"), 0), "day", NULL), "2030-08-28");
    json_decref(got);
    bed_end(&s.b);
}

TEST(another_services_charter_is_refused) {
    struct stage s;
    json_t *got = NULL;
    stage_start(&s, 1);
    AUTO(charter_free) struct charter *other = changed("charter: events", "charter: another");
    struct due_wish w = { .until = USEC_NEVER - 1, .newer = other };
    CHECK_CODE(due_simulate(s.b.service, s.b.tenant, &w, &got, &s.b.e), E_INVALID, &s.b.e);
    bed_end(&s.b);
}

TEST(records_come_by_date_page_by_page) {
    struct stage s;
    char cursor[128] = "";
    size_t seen = 0, pages = 0;
    stage_start(&s, 7);
    usec_t until = at(&s, "2036-12-31");
    json_t *page = NULL, *one;
    do {
        size_t i;
        const char *last = "";
        CHECK_OK(due_records(s.b.service, s.b.tenant, until, cursor[0] == 0 ? NULL : cursor, 3, &page, &s.b.e), &s.b.e);
        json_array_foreach(json_object_get(page, "items"), i, one) {
            CHECK(strcmp(last, text_at(one, "due", NULL)) <= 0);
            last = text_at(one, "due", NULL);
            CHECK_INT(json_array_size(json_object_get(one, "dues")), 1);
            seen++;
        }
        pages++;
        const char *next = text_at(page, "next", NULL);
        snprintf(cursor, sizeof cursor, "%s", next == NULL ? "" : next);
        json_decref(page);
    } while (cursor[0] != 0);
    CHECK(seen == 8 && pages == 3);
    CHECK_CODE(due_records(s.b.service, s.b.tenant, until, "1.2", 3, &page, &s.b.e), E_INVALID, &s.b.e);
    CHECK_CODE(due_records(s.b.service, s.b.tenant, until, "a.b.c", 3, &page, &s.b.e), E_INVALID, &s.b.e);
    bed_end(&s.b);
}

TEST(an_end_is_a_day_or_a_time) {
    struct bed b;
    struct err e;
    usec_t t = 0, now = 0;
    bed_charter(&b, events_charter);
    CHECK(time_parse("2026-11-22T10:00:00Z", &now));
    char text[40];
    CHECK_OK(due_until(b.charter, "2027-05-31", now, &t, &e), &e);
    CHECK_TEXT(time_format(t + 1, text, sizeof text), "2027-05-31T22:00:00Z");
    CHECK_OK(due_until(b.charter, "2027-05-31T10:00:00Z", now, &t, &e), &e);
    CHECK_TEXT(time_format(t, text, sizeof text), "2027-05-31T10:00:00Z");
    CHECK_OK(due_until(b.charter, NULL, now, &t, &e), &e);
    CHECK_TEXT(time_format(t, text, sizeof text), "2027-02-20T10:00:00Z");
    CHECK_CODE(due_until(b.charter, "soon", now, &t, &e), E_FIELDS, &e);
    b.charter = charter_free(b.charter);
}
