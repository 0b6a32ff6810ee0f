/* notice_find_test.c — parts of one record with dates of their own: each is told of by its own date, and what is near in one notice. */
#include "retention/notice_find.c"

#include "retention/noticebed.h"

#define PARCELS(spans) \
    CHARTER_HEAD("parcels", "PL", "Europe/Warsaw") \
    "people:\n  recipient: a person to whom a parcel goes\n  company: the customer\n" "tenant: company\n" "records:\n  parcel:\n    we_are: processor for the company\n" \
    "    belongs_to: company\n    about: recipient\n    because: contract with the company\n    used_for: [carrying the parcel]\n" \
    "    holds:\n      remark: text, optional, found by word\n      delivered: time, sorted\n      name: personal name, found by word\n      phone: personal phone, optional\n" \
    spans "    warn: company by email 14 days before\n" \
    "who_sees:\n  company: everything of own parcel\n  support: nothing personal, unless the tenant opens a window of at most 4 hours\n" \
    "sign_in:\n  company: password of 12 characters and a second step\nagreement: needed before any personal data\nlogs: kept 30 days, masked when written\n" \
    "rights: answered within 1 month\nbreach: controller within 24 hours, authority within 72 hours\ncookies: none but those needed\nnot_sealed: []\nclaims: []\n"
static const char two_rules[] = PARCELS("    keep:\n      - fields: remark, delivered\n        for: 8 years after end of year of delivered, then erase\n"
                                        "      - fields: name, phone\n        for: 90 days after delivered, then erase\n");
static const char near_rules[] = PARCELS("    keep:\n      - fields: remark, delivered\n        for: 95 days after delivered, then erase\n"
                                         "      - fields: name, phone\n        for: 90 days after delivered, then erase\n");

static void parcels_start(struct stage *g, const char *charter) {
    bed_start(&g->b, charter);
    g->crowd = (struct crowd){ .list = { { "ewa@company.example", "Ewa Nowak", LANG_EN } }, .count = 1 };
    g->boss = bed_role(&g->b, g->b.tenant, "company");
    const struct noticer_options o = { .services = &g->b.service, .service_count = 1, .base_url = "https://sejf.example", .people = people, .people_arg = &g->crowd };
    CHECK_OK(noticer_open(&o, &g->n, &g->b.e), &g->b.e);
}
static struct uuid parcel_make(struct stage *g, const char *delivered) {
    json_t *got = NULL;
    CHECK_OK(bed_make(&g->b, &g->boss, "parcel", json_pack("{s:s,s:s,s:s}", "remark", "szkło", "delivered", delivered, "name", "Jan Kowalski"), &got), &g->b.e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

TEST(each_part_is_told_of_by_its_own_date) {
    struct stage g;
    parcels_start(&g, two_rules);
    (void)parcel_make(&g, "2027-01-10T12:00:00Z");
    CHECK_INT(turn(&g, "2027-03-27T12:00:00Z"), 1);              /* 90 days are over on 10 April */
    json_t *n = shown(&g, 1), *group = json_array_get(json_object_get(n, "groups"), 0);
    CHECK_INT(json_array_size(json_object_get(n, "groups")), 1);
    CHECK_TEXT(json_string_value(json_object_get(group, "part")), "keep2");
    CHECK_TEXT(json_string_value(json_object_get(group, "due")), "2027-04-10");
    json_decref(n);
    json_t *letter = letter_of(&g, 1);
    const char *text = json_string_value(json_object_get(letter, "text"));
    if (getenv("SEJF_SHOW") != NULL)
        fprintf(stderr, "%s\n", text);
    CHECK(strstr(text, "10 April 2027: parcel (name, phone number), 1 record") != NULL && strstr(text, "szkło") == NULL && strstr(text, "Kowalski") == NULL);
    json_decref(letter);
    (void)tried(&g, 1, LETTER_SENT, 250);
    struct retired got = { 0 };
    bool more = false;
    const struct sweep_terms terms = { .now = at("2027-04-10T12:00:00Z"), .until = USEC_NEVER, .every = true };
    CHECK_OK(sweep_tenant(g.b.service, g.b.tenant, &terms, &got, &more, &g.b.e), &g.b.e);
    CHECK(got.parts == 1 && got.records == 0);
    CHECK_INT(turn(&g, "2027-04-11T12:00:00Z"), 1);
    state_is(&g, 1, "over");                                      /* the other part has eight years left, and is told of then */
    stage_end(&g);
}

TEST(two_dates_of_one_record_stand_in_one_notice) {
    struct stage g;
    parcels_start(&g, near_rules);
    struct uuid id = parcel_make(&g, "2027-01-10T12:00:00Z");
    (void)parcel_make(&g, "2027-01-10T12:00:00Z");
    CHECK_INT(turn(&g, "2027-04-08T12:00:00Z"), 1);
    CHECK_INT(records_of(&g, 1), 2);
    json_t *n = shown(&g, 1);
    CHECK_INT(json_array_size(json_object_get(n, "groups")), 2);
    CHECK_TEXT(json_string_value(json_object_get(n, "last")), "2027-04-15T11:00:00Z");      /* 95 days, over the change of clocks */
    json_decref(n);
    (void)tried(&g, 1, LETTER_SENT, 250);
    struct retired got = { 0 };
    bool more = false;
    struct sweep_terms terms = { .now = at("2027-04-10T12:00:00Z"), .until = USEC_NEVER, .every = true };
    CHECK_OK(sweep_tenant(g.b.service, g.b.tenant, &terms, &got, &more, &g.b.e), &g.b.e);
    CHECK_INT(turn(&g, "2027-04-11T12:00:00Z"), 1);              /* the later one was told of long ago: no second letter */
    state_is(&g, 1, "delivered");
    terms.now = at("2027-04-15T11:00:00Z");
    CHECK_OK(sweep_tenant(g.b.service, g.b.tenant, &terms, &got, &more, &g.b.e), &g.b.e);
    CHECK_INT(got.records, 2);
    CHECK_CODE(bed_read(&g.b, &g.boss, "parcel", &id, &n), E_GONE, &g.b.e);
    CHECK_INT(turn(&g, "2027-04-16T12:00:00Z"), 1);
    state_is(&g, 1, "over");
    stage_end(&g);
}
