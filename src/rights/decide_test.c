/* decide_test.c — what each right does once it is granted, and that a decision which names nothing real is refused at its place and changes nothing. */
#include "rights/decide.c"

#include "records/testbed.h"
#include "records/testcharters.h"
#include "rights/request.h"
#include "store/consent.h"
#include "store/rows.h"

struct office { struct bed b; struct caller owner; struct request_by anna; struct uuid event, mine, others; };

static struct request_desk desk(struct office *o) {
    return (struct request_desk){ .service = o->b.service, .tenant = o->b.tenant, .base_url = "https://sejf.example", .tenant_name = "one" };
}

static struct uuid registered(struct office *o, const char *email, const char *diet) {
    char id[UUID_TEXT];
    json_t *got = NULL, *in = json_pack("{s:s, s:s, s:s, s:s, s:{s:b, s:b}}", "event", uuid_format(&o->event, id), "name", "Ewa Lis", "email", email, "diet", diet, "consents",
                                        "diet", 1, "offers", 1);
    CHECK_OK(bed_make(&o->b, &o->owner, "registration", in, &got), &o->b.e);
    struct uuid made = id_of(got);
    json_decref(got);
    return made;
}

/* With a second purpose, which needs a consent of its own. */
static void office_open(struct office *o) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    json_t *got = NULL;
    *o = (struct office){ .event = { { 0 } } };
    buf_text(&text, events_charter);
    bed_swap(&text, "used_for: [running the event]\n", "used_for: [running the event, sending offers]\n    consents:\n      offers: for sending offers\n");
    bed_start(&o->b, buf_str(&text));
    o->owner = bed_role(&o->b, o->b.tenant, "organiser");
    o->anna = (struct request_by){ .who = "token 1", .name = "Anna Nowak", .caller = &o->owner };
    CHECK_OK(bed_make(&o->b, &o->owner, "event", json_pack("{s:s, s:s, s:s}", "title", "Day", "starts", "2030-05-01T10:00:00Z", "ends", "2030-05-01T12:00:00Z"), &got), &o->b.e);
    o->event = id_of(got);
    json_decref(got);
    o->mine = registered(o, "ewa@people.example", "bez orzechów");
    o->others = registered(o, "ola@people.example", "bez mleka");
}

/* A request whose person is known and whose records are collected. */
static int64_t ready(struct office *o, enum request_type type) {
    const struct request_desk d = desk(o);
    const struct request_wish w = { .type = type, .way = REQUEST_ON_PAPER, .lang = LANG_PL, .name = "Ewa Lis", .email = "ewa@people.example", .text = "Please.", .kind = -1 };
    int64_t n = 0;
    CHECK_OK(request_make(&d, &w, &o->anna, &n, &o->b.e), &o->b.e);
    CHECK_OK(request_identify(&d, n, "Called back.", NULL, NULL, &o->anna, &o->b.e), &o->b.e);
    CHECK_OK(request_collect(&d, n, &o->anna, &o->b.e), &o->b.e);
    return n;
}

static enum code decided(struct office *o, int64_t n, json_t *what) {
    const struct request_desk d = desk(o);
    json_t *mistakes = NULL;
    enum code code = request_decide(&d, n, what, &o->anna, &mistakes, &o->b.e);
    json_decref(mistakes);
    json_decref(what);
    return code;
}

/* What the request says was done. */
static json_t *done_of(struct office *o, int64_t n) {
    const struct request_desk d = desk(o);
    json_t *told = NULL;
    CHECK_OK(request_told(&d, n, &told, &o->b.e), &o->b.e);
    json_t *done = json_incref(json_object_get(json_object_get(told, "decision"), "done"));
    CHECK(done != NULL);
    json_decref(told);
    return done;
}

static json_t *read_of(struct office *o, const struct uuid *id) {
    json_t *got = NULL;
    CHECK_OK(bed_read(&o->b, &o->owner, "registration", id, &got), &o->b.e);
    return got;
}

static bool has_diet(struct office *o, const struct uuid *id) {
    json_t *got = read_of(o, id);
    bool has = json_is_string(json_object_get(json_object_get(got, "fields"), "diet"));
    json_decref(got);
    return has;
}

static const char *named(struct office *o, const struct uuid *id, char ret[64]) {
    char text[UUID_TEXT];
    (void)o;
    snprintf(ret, 64, "registration/%s", uuid_format(id, text));
    return ret;
}

TEST(what_names_nothing_real_is_refused_at_its_place) {
    struct office o;
    char mine[64], others[64];
    office_open(&o);
    named(&o, &o.mine, mine);
    named(&o, &o.others, others);
    const struct { enum request_type type; json_t *what; const char *field; } rows[] = {
        { REQUEST_RECTIFICATION, NULL, "/changes" },
        { REQUEST_RECTIFICATION, json_pack("{s:[{s:s, s:{s:s}}]}", "changes", "record", others, "fields", "name", "Ola Lis"), "/record" },
        { REQUEST_RECTIFICATION, json_pack("{s:[{s:s, s:{}}]}", "changes", "record", mine, "fields"), "/fields" },
        { REQUEST_ERASURE, json_pack("{s:[s, s]}", "records", mine, others), "/record" },
        { REQUEST_ERASURE, json_pack("{s:[s]}", "records", "registration/none"), "/record" },
        { REQUEST_OBJECTION, NULL, "/purpose" },
        { REQUEST_OBJECTION, json_pack("{s:s}", "purpose", "selling shoes"), "/purpose" },
        { REQUEST_WITHDRAWAL, NULL, "/consent" },
        { REQUEST_WITHDRAWAL, json_pack("{s:s}", "consent", "dite"), "/consent" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t n = ready(&o, rows[i].type);
        CHECK_CODE(decided(&o, n, rows[i].what), E_FIELDS, &o.b.e);
        CHECK_TEXT(o.b.e.field, rows[i].field);
        CHECK(has_diet(&o, &o.mine) && has_diet(&o, &o.others));
    }
    bed_end(&o.b);
}

TEST(a_correction_changes_the_fields_that_it_names_and_says_which) {
    struct office o;
    char mine[64];
    office_open(&o);
    int64_t n = ready(&o, REQUEST_RECTIFICATION);
    CHECK_OK(decided(&o, n, json_pack("{s:[{s:s, s:{s:s}}]}", "changes", "record", named(&o, &o.mine, mine), "fields", "name", "Ewa Wilk")), &o.b.e);
    json_t *got = read_of(&o, &o.mine), *done = done_of(&o, n), *one = json_array_get(json_object_get(done, "changed"), 0);
    CHECK_TEXT(text_at(got, "fields", "name"), "Ewa Wilk");
    CHECK_TEXT(text_at(one, "record", NULL), mine);
    CHECK(json_array_size(json_object_get(one, "fields")) == 1);
    CHECK_TEXT(json_string_value(json_array_get(json_object_get(one, "fields"), 0)), "name");
    char *said = json_dumps(done, JSON_COMPACT);
    CHECK(said != NULL && strstr(said, "Wilk") == NULL);       /* never to what */
    free(said);
    json_decref(got);
    json_decref(done);
    bed_end(&o.b);
}

TEST(an_erasure_of_one_record_leaves_the_persons_others) {
    struct office o;
    char second[64];
    json_t *got = NULL;
    office_open(&o);
    CHECK_OK(bed_make(&o.b, &o.owner, "event", json_pack("{s:s, s:s, s:s}", "title", "Night", "starts", "2030-06-01T10:00:00Z", "ends", "2030-06-01T12:00:00Z"), &got), &o.b.e);
    o.event = id_of(got);
    json_decref(got);
    struct uuid again = registered(&o, "ewa@people.example", "bez soli");
    int64_t n = ready(&o, REQUEST_ERASURE);
    CHECK_OK(decided(&o, n, json_pack("{s:[s]}", "records", named(&o, &again, second))), &o.b.e);
    CHECK_CODE(bed_read(&o.b, &o.owner, "registration", &again, &got), E_GONE, &o.b.e);
    CHECK(has_diet(&o, &o.mine) && has_diet(&o, &o.others));
    bed_end(&o.b);
}

TEST(a_withdrawn_consent_takes_what_rests_on_it_and_nothing_else) {
    struct office o;
    office_open(&o);
    int64_t n = ready(&o, REQUEST_WITHDRAWAL);
    CHECK_OK(decided(&o, n, json_pack("{s:s}", "consent", "diet")), &o.b.e);
    CHECK(!has_diet(&o, &o.mine) && has_diet(&o, &o.others));
    json_t *done = done_of(&o, n), *got = read_of(&o, &o.mine);
    CHECK_TEXT(text_at(done, "consent", NULL), "diet");
    CHECK_INT(json_integer_value(json_object_get(done, "records")), 1);
    CHECK_TEXT(text_at(got, "fields", "email"), "ewa@people.example");
    json_decref(done);
    json_decref(got);
    bed_end(&o.b);
}

/* Whether the newest step says that it is given. */
static bool offers_take(const struct consent_row *r, void *arg) {
    if (strcmp(r->name, "offers") == 0)
        *(bool *)arg = r->state == CONSENT_GIVEN;
    return true;
}
static bool offers_given(struct office *o, const struct uuid *id) {
    AUTO(view_end) struct view *v = NULL;
    bool given = false;
    CHECK_OK(store_view(o->b.store, o->b.tenant, &v, &o->b.e), &o->b.e);
    CHECK_OK(consents_of(view_sql(v), service_kind(o->b.service, charter_kind(o->b.charter, "registration"))->number, id, offers_take, &given, &o->b.e), &o->b.e);
    return given;
}

TEST(a_consent_that_a_purpose_needs_is_withdrawn_like_any_other) {
    struct office o;
    office_open(&o);
    CHECK(offers_given(&o, &o.mine) && offers_given(&o, &o.others));
    int64_t n = ready(&o, REQUEST_WITHDRAWAL);
    CHECK_OK(decided(&o, n, json_pack("{s:s}", "consent", "offers")), &o.b.e);
    CHECK(!offers_given(&o, &o.mine) && offers_given(&o, &o.others) && has_diet(&o, &o.mine));
    json_t *done = done_of(&o, n);
    CHECK_INT(json_integer_value(json_object_get(done, "records")), 1);
    json_decref(done);
    bed_end(&o.b);
}

TEST(restriction_and_objection_reach_every_record_of_the_person_and_only_those) {
    struct office o;
    office_open(&o);
    for (int again = 0; again < 2; again++) {                  /* the second finds it done, and is granted likewise */
        int64_t objects = ready(&o, REQUEST_OBJECTION), restricts = ready(&o, REQUEST_RESTRICTION);
        CHECK_OK(decided(&o, objects, json_pack("{s:s}", "purpose", "running the event")), &o.b.e);
        CHECK_OK(decided(&o, restricts, NULL), &o.b.e);
        json_t *done = done_of(&o, restricts);
        CHECK_INT(json_integer_value(json_object_get(done, "records")), 1);
        json_decref(done);
        done = done_of(&o, objects);
        CHECK_TEXT(text_at(done, "purpose", NULL), "running the event");
        CHECK_INT(json_integer_value(json_object_get(done, "records")), 1);
        json_decref(done);
        AUTO(view_end) struct view *v = NULL;
        struct row row;
        CHECK_OK(store_view(o.b.store, o.b.tenant, &v, &o.b.e), &o.b.e);
        int32_t kind = service_kind(o.b.service, charter_kind(o.b.charter, "registration"))->number;
        CHECK_OK(row_get(view_sql(v), kind, &o.mine, &row, &o.b.e), &o.b.e);
        CHECK(row.restricted && row.objected);
        CHECK_OK(row_get(view_sql(v), kind, &o.others, &row, &o.b.e), &o.b.e);
        CHECK(!row.restricted && !row.objected);
        v = view_end(v);
    }
    bed_end(&o.b);
}
