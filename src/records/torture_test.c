/* torture_test.c — each use case with the n-th allocation failing; numbers without gaps under refusals; one reply for a crowd. */
#include "records/create.c"
#include "base/mem.h"
#include "records/testbed.h"
#include "records/testcharters.h"

static struct uuid event_made(struct bed *b, const struct caller *boss) {
    json_t *event = NULL;
    CHECK_OK(bed_make(b, boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &event), &b->e);
    struct uuid id = id_of(event);
    json_decref(event);
    return id;
}
static json_t *person(const struct uuid *event, const char *email) {
    char id[UUID_TEXT];
    return json_pack("{s:s,s:s,s:s,s:s}", "event", uuid_format(event, id), "name", "Ewa Żak", "email", email, "phone", "22 123 45 67");
}

/* The calls that are tortured; each may fail for want of memory and must then have done nothing. */
struct scene { struct bed *b; struct caller who; struct uuid event, id; int n; };
static enum code create_one(struct scene *s) {
    json_t *got = NULL;
    char email[64];
    snprintf(email, sizeof email, "t%d@poczta.example", s->n);
    enum code code = bed_make(s->b, &s->who, "registration", person(&s->event, email), &got);
    json_decref(got);
    return code;
}
static enum code read_one(struct scene *s) {
    json_t *got = NULL;
    enum code code = bed_read(s->b, &s->who, "registration", &s->id, &got);
    json_decref(got);
    return code;
}
static enum code change_one(struct scene *s) {
    json_t *got = NULL;
    enum code code = bed_change(s->b, &s->who, "registration", &s->id, -1, json_pack("{s:s}", "name", s->n % 2 == 0 ? "Ewa" : "Ola"), &got);
    json_decref(got);
    return code;
}
static enum code search_one(struct scene *s) {
    json_t *got = NULL, *query = json_pack("{s:{s:{s:s}}}", "where", "name", "contains", "wa");
    enum code code = record_search(s->b->service, &s->who, charter_kind(s->b->charter, "registration"), query, &got, &s->b->e);
    json_decref(query);
    json_decref(got);
    return code;
}
static enum code list_one(struct scene *s) {
    json_t *got = NULL, *query = json_object();
    enum code code = record_list(s->b->service, &s->who, charter_kind(s->b->charter, "registration"), query, &got, &s->b->e);
    json_decref(query);
    json_decref(got);
    return code;
}

/* As the tenant, and as an account with a level on one event. */
static void torture(struct bed *b, bool levelled) {
    json_t *got = NULL;
    static enum code (*const calls[])(struct scene *) = { create_one, read_one, change_one, search_one, list_one };
    struct scene s = { .b = b, .who = bed_role(b, b->tenant, "organiser") };
    s.event = event_made(b, &s.who);
    CHECK_OK(bed_make(b, &s.who, "registration", person(&s.event, "first@poczta.example"), &got), &b->e);
    s.id = id_of(got);
    json_decref(got);
    struct level_of one = { charter_kind(b->charter, "event"), s.event, LEVEL_WRITE };
    struct levels own = { .all = LEVEL_NONE, .count = 1, .list = &one };
    s.who.levels = levelled ? &own : NULL;
    for (size_t c = 0; c < ARRAY_LEN(calls); c++) {
        bool reached = true;
        for (size_t n = 1; reached && n < 20000; n++) {
            s.n++;
            mem_fail_at = n;
            enum code code = calls[c](&s);
            reached = mem_fail_at == 0;        /* the n-th was asked for */
            mem_fail_at = 0;
            if (code != OK && code != E_MEMORY)
                fprintf(stderr, "call %zu, allocation %zu: %s: %s\n", c, n, code_name(code), b->e.text);
            CHECK(code == OK || code == E_MEMORY);
            s.n++;
            CHECK_OK(calls[c](&s), &b->e);     /* and after it everything works */
        }
        CHECK(!reached);
    }
}

TEST(every_allocation_may_fail) {
    struct bed b;
    bed_start(&b, events_charter);
    torture(&b, false);
    torture(&b, true);
    bed_end(&b);
}

struct crowd { struct bed *b; struct caller who; struct uuid event; int from; json_t *reply; };
static void *mixed(void *arg) {                /* half of the requests are refused */
    struct crowd *c = arg;
    for (int i = 0; i < 100; i++) {
        char email[64];
        json_t *reply = NULL, *mistakes = NULL;
        struct err e;
        snprintf(email, sizeof email, "m%d@poczta.example", (c->from + i) / 2);
        struct record_request r = { .who = &c->who, .kind = charter_kind(c->b->charter, "registration"), .if_match = -1, .input = person(&c->event, email) };
        (void)!record_create(c->b->service, &r, &reply, &mistakes, &e);
        json_decref(r.input);
        json_decref(reply);
        json_decref(mistakes);
    }
    return NULL;
}

TEST(numbers_have_no_gaps) {
    struct bed b;
    pthread_t threads[6];
    struct crowd crowds[6];
    json_t *page = NULL, *query = json_pack("{s:i}", "limit", 1000), *one;
    bool seen[301] = { false };
    size_t i;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = event_made(&b, &boss);
    for (i = 0; i < 6; i++) {
        crowds[i] = (struct crowd){ .b = &b, .who = boss, .event = event, .from = (int)i * 100 };
        CHECK(pthread_create(&threads[i], NULL, mixed, &crowds[i]) == 0);
    }
    for (i = 0; i < 6; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_OK(record_list(b.service, &boss, charter_kind(b.charter, "registration"), query, &page, &b.e), &b.e);
    CHECK_INT(json_array_size(json_object_get(page, "items")), 300);
    json_array_foreach(json_object_get(page, "items"), i, one) {
        int64_t n = 0;
        const char *number = text_at(one, "number", NULL);
        for (const char *p = number; *p != 0; p++)
            n = n * 10 + (*p - '0');
        CHECK(strlen(number) == 6 && n >= 1 && n <= 300 && !seen[n]);
        seen[n] = true;
    }
    json_decref(page);
    json_decref(query);
    bed_end(&b);
}

static void *same_request(void *arg) {
    struct crowd *c = arg;
    json_t *mistakes = NULL;
    struct err e;
    struct record_request r = { .who = &c->who, .kind = charter_kind(c->b->charter, "registration"), .if_match = -1, .idempotency = "one and the same",
                                .input = person(&c->event, "once@poczta.example") };
    enum code code = record_create(c->b->service, &r, &c->reply, &mistakes, &e);
    if (code != OK)
        fprintf(stderr, "%s: %s\n", code_name(code), e.text);
    json_decref(r.input);
    json_decref(mistakes);
    return NULL;
}

TEST(a_crowd_with_one_key_gets_one_record) {
    struct bed b;
    pthread_t threads[8];
    struct crowd crowds[8];
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = event_made(&b, &boss);
    for (int i = 0; i < 8; i++) {
        crowds[i] = (struct crowd){ .b = &b, .who = boss, .event = event };
        CHECK(pthread_create(&threads[i], NULL, same_request, &crowds[i]) == 0);
    }
    for (int i = 0; i < 8; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    for (int i = 0; i < 8; i++)
        CHECK(crowds[i].reply != NULL && strcmp(text_at(crowds[i].reply, "id", NULL), text_at(crowds[0].reply, "id", NULL)) == 0);
    for (int i = 0; i < 8; i++)
        json_decref(crowds[i].reply);
    bed_end(&b);
}

TEST(what_is_kept_outlives_what_it_belonged_to) {
    struct bed b;
    json_t *got = NULL;
    char year[8];
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid event = event_made(&b, &boss), reg, invoice;
    char id[UUID_TEXT];
    CHECK_OK(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), &b.e);
    reg = id_of(got);
    json_decref(got);
    CHECK_OK(bed_make(&b, &boss, "invoice", json_pack("{s:s,s:s,s:s,s:{s:s,s:s}}", "event", uuid_format(&event, id), "issued", "2026-11-22", "buyer", "Ewa", "total",
                                                      "amount", "12.50", "currency", "PLN"), &got), &b.e);
    invoice = id_of(got);
    snprintf(year, sizeof year, "%d", zone_civil(charter_zone(b.charter), clock_now()).year);
    CHECK(strncmp(text_at(got, "number", NULL), "FV/", 3) == 0 && strncmp(text_at(got, "number", NULL) + 3, year, 4) == 0);
    CHECK_TEXT(text_at(got, "number", NULL) + 7, "/000001");
    CHECK_TEXT(text_at(got, "due", NULL), "2031-12-31T23:00:00Z");
    json_decref(got);
    CHECK_OK(bed_erase(&b, &boss, "event", &event, &got), &b.e);
    CHECK(json_object_get(got, "invoice") == NULL && json_integer_value(json_object_get(got, "registration")) == 1);
    json_decref(got);
    CHECK_CODE(bed_read(&b, &boss, "registration", &reg, &got), E_GONE, &b.e);
    CHECK_OK(bed_read(&b, &boss, "invoice", &invoice, &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "buyer"), "Ewa");
    json_decref(got);
    CHECK_CODE(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), E_FIELDS, &b.e);      /* what it belongs to is gone */
    json_decref(got);
    CHECK_CODE(bed_erase(&b, &boss, "event", &event, &got), E_GONE, &b.e);
    bed_end(&b);
}
