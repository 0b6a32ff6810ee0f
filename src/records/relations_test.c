/* relations_test.c — the charters of the project: couriers, positions, technicians and overlaps, as their people meet them. */
#include "records/facts.c"
#include "records/testbed.h"

static void start_with(struct bed *b, const char *name) {
    char path[128];
    AUTO(buf_done) struct buf text = BUF(1 << 20);
    char piece[4096];
    ssize_t n;
    snprintf(path, sizeof path, "%s/charters/%s.yaml", SOURCE_ROOT, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    while ((n = read(fd, piece, sizeof piece)) > 0)
        buf_add(&text, piece, (size_t)n);
    close(fd);
    bed_start(b, buf_str(&text));
}

static struct uuid made(struct bed *b, const struct caller *who, const char *kind, json_t *in) {
    json_t *got = NULL;
    enum code code = bed_make(b, who, kind, in, &got);
    if (code != OK) {
        char *text = json_dumps(got, JSON_ENCODE_ANY);
        fprintf(stderr, "%s: %s %s\n", kind, b->e.text, text == NULL ? "" : text);
        free(text);
    }
    CHECK(code == OK);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}
static const char *text_of(const struct uuid *id) {
    static char text[4][UUID_TEXT];
    static int n;
    return uuid_format(id, text[n++ % 4]);
}
static bool sees(struct bed *b, const struct caller *who, const char *kind, const struct uuid *id, const char *field) {
    json_t *got = NULL;
    bool yes = bed_read(b, who, kind, id, &got) == OK && (field == NULL || json_object_get(json_object_get(got, "fields"), field) != NULL);
    json_decref(got);
    return yes;
}
static size_t listed(struct bed *b, const struct caller *who, const char *kind) {
    json_t *page = NULL, *query = json_object();
    size_t n = 0;
    if (record_list(b->service, who, charter_kind(b->charter, kind), query, &page, &b->e) == OK)
        n = json_array_size(json_object_get(page, "items"));
    json_decref(page);
    json_decref(query);
    return n;
}
static struct caller staff(const struct bed *b, const char *role, const struct uuid *self) {
    struct caller who = bed_role(b, b->tenant, role);
    who.self = who.subject = *self;
    who.subject_kind = charter_kind(b->charter, role);
    return who;
}
static struct caller link_to(const struct bed *b, const char *person, const char *kind, const struct uuid *id) {
    struct caller who = bed_role(b, b->tenant, person);
    who.by_link = true;
    who.subject = *id;
    who.subject_kind = charter_kind(b->charter, kind);
    return who;
}

TEST(couriers_and_recipients) {
    struct bed b;
    json_t *got = NULL;
    start_with(&b, "courier");
    struct caller company = bed_role(&b, b.tenant, "company"), dispatcher = bed_role(&b, b.tenant, "dispatcher");
    struct uuid ana = made(&b, &company, "courier", json_pack("{s:s,s:s}", "name", "Anna Futár", "phone", "06 1 123 4567"));
    struct uuid bea = made(&b, &company, "courier", json_pack("{s:s,s:s}", "name", "Bea Futár", "phone", "06 1 123 4568"));
    struct uuid mine = made(&b, &dispatcher, "parcel", json_pack("{s:s,s:s,s:s,s:{s:s,s:s},s:s}", "name", "Cili", "phone", "06 1 222 3344", "address", "Fő utca 1",
                                                                 "price", "amount", "1200", "currency", "HUF", "courier", text_of(&ana)));
    struct uuid other = made(&b, &dispatcher, "parcel", json_pack("{s:s,s:s,s:s,s:{s:s,s:s},s:s}", "name", "Dani", "phone", "06 1 222 3345", "address", "Fő utca 2",
                                                                  "price", "amount", "900", "currency", "HUF", "courier", text_of(&bea)));
    struct caller anna = staff(&b, "courier", &ana), cili = link_to(&b, "recipient", "parcel", &mine), dani = link_to(&b, "recipient", "parcel", &other);
    CHECK(!sees(&b, &anna, "parcel", &mine, NULL));      /* not picked up yet */
    CHECK_OK(bed_change(&b, &company, "parcel", &mine, -1, json_pack("{s:s}", "picked_up", "2020-01-01T08:00:00Z"), &got), &b.e);
    json_decref(got);
    CHECK(sees(&b, &anna, "parcel", &mine, "address") && !sees(&b, &anna, "parcel", &mine, "price") && !sees(&b, &anna, "parcel", &other, NULL));
    CHECK_INT(listed(&b, &anna, "parcel"), 1);
    CHECK_INT(listed(&b, &dispatcher, "parcel"), 2);
    struct uuid here = made(&b, &anna, "position", json_pack("{s:s,s:{s:f,s:f},s:s}", "courier", text_of(&ana), "place", "lat", 47.5, "lon", 19.05, "taken", "2026-11-22T10:00:00Z"));
    CHECK_CODE(bed_make(&b, &anna, "position", json_pack("{s:s,s:{s:f,s:f},s:s}", "courier", text_of(&bea), "place", "lat", 47.5, "lon", 19.05, "taken", "2026-11-22T10:00:00Z"), &got), E_FORBIDDEN, &b.e);
    CHECK(!sees(&b, &cili, "position", &here, NULL));    /* not next yet */
    CHECK_OK(bed_change(&b, &anna, "parcel", &mine, -1, json_pack("{s:s}", "state", "collected"), &got), &b.e);
    json_decref(got);
    CHECK_OK(bed_change(&b, &anna, "parcel", &mine, -1, json_pack("{s:s}", "state", "next"), &got), &b.e);
    json_decref(got);
    CHECK(sees(&b, &cili, "position", &here, "place") && !sees(&b, &dani, "position", &here, NULL));
    CHECK(sees(&b, &cili, "parcel", &mine, "state") && !sees(&b, &cili, "parcel", &mine, "name") && !sees(&b, &cili, "parcel", &other, NULL));
    CHECK_OK(bed_change(&b, &anna, "parcel", &mine, -1, json_pack("{s:s,s:s}", "state", "delivered", "delivered", "2020-01-01T09:00:00Z"), &got), &b.e);
    json_decref(got);
    CHECK(!sees(&b, &anna, "parcel", &mine, NULL) && !sees(&b, &cili, "position", &here, NULL));      /* the window has closed */
    CHECK_CODE(bed_change(&b, &anna, "parcel", &other, -1, json_pack("{s:s}", "delivered", "2020-01-01T09:00:00Z"), &got), E_NOT_FOUND, &b.e);
    bed_end(&b);
}

TEST(technicians_and_machines) {
    struct bed b;
    json_t *got = NULL;
    start_with(&b, "machines");
    struct caller customer = bed_role(&b, b.tenant, "customer");
    struct uuid tom = made(&b, &customer, "technician", json_pack("{s:s,s:s}", "name", "Tom", "phone", "32 12 34 56"));
    struct uuid deal = made(&b, &customer, "dealer", json_pack("{s:s}", "title", "Kaffe A"));
    struct uuid one = made(&b, &customer, "machine", json_pack("{s:s,s:s,s:s,s:s,s:f}", "serial", "A1", "model", "M", "source", "dealer", "dealer", text_of(&deal), "temperature", 91.5));
    struct uuid two = made(&b, &customer, "machine", json_pack("{s:s,s:s,s:s,s:i}", "serial", "A2", "model", "M", "source", "customer", "cups", 7));
    struct caller tech = staff(&b, "technician", &tom), dealer = staff(&b, "dealer", &deal);
    CHECK(!sees(&b, &tech, "machine", &one, NULL));
    struct uuid visit = made(&b, &customer, "visit", json_pack("{s:s,s:s,s:s}", "machine", text_of(&one), "technician", text_of(&tom), "starts", "2026-11-22T10:00:00Z"));
    CHECK(sees(&b, &tech, "machine", &one, "temperature") && !sees(&b, &tech, "machine", &one, "cups") && !sees(&b, &tech, "machine", &two, NULL));
    CHECK_INT(listed(&b, &tech, "machine"), 1);
    /* so with the faults of that machine, and with the visit itself; not with those of others */
    struct uuid near = made(&b, &customer, "fault", json_pack("{s:s,s:s}", "machine", text_of(&one), "what", "leaks")), far = made(&b, &customer, "fault", json_pack("{s:s,s:s}", "machine", text_of(&two), "what", "hums"));
    struct uuid eva = made(&b, &customer, "technician", json_pack("{s:s,s:s}", "name", "Eva", "phone", "32 12 34 57"));
    struct uuid hers = made(&b, &customer, "visit", json_pack("{s:s,s:s,s:s}", "machine", text_of(&two), "technician", text_of(&eva), "starts", "2026-11-22T12:00:00Z"));
    CHECK(sees(&b, &tech, "fault", &near, "what") && !sees(&b, &tech, "fault", &far, NULL) && sees(&b, &tech, "visit", &visit, "starts") && !sees(&b, &tech, "visit", &hers, NULL));
    CHECK(listed(&b, &tech, "fault") == 1 && listed(&b, &tech, "visit") == 1);
    CHECK_CODE(bed_change(&b, &tech, "visit", &hers, -1, json_pack("{s:s}", "state", "done"), &got), E_NOT_FOUND, &b.e);
    CHECK_OK(bed_change(&b, &tech, "visit", &visit, -1, json_pack("{s:s}", "state", "done"), &got), &b.e);
    json_decref(got);
    CHECK(!sees(&b, &tech, "machine", &one, NULL) && !sees(&b, &tech, "fault", &near, NULL) && !sees(&b, &tech, "visit", &visit, NULL));
    CHECK(sees(&b, &dealer, "machine", &one, "cups") && !sees(&b, &dealer, "machine", &one, "temperature") && !sees(&b, &dealer, "machine", &two, NULL));
    CHECK_CODE(bed_make(&b, &customer, "machine", json_pack("{s:s,s:s,s:s}", "serial", "A1", "model", "M", "source", "dealer"), &got), E_CONFLICT, &b.e);
    json_decref(got);
    bed_end(&b);
}

TEST(visits_never_overlap) {
    struct bed b;
    json_t *got = NULL;
    start_with(&b, "bookings");
    struct caller business = bed_role(&b, b.tenant, "business");
    struct uuid ewa = made(&b, &business, "staff", json_pack("{s:s,s:s}", "name", "Ewa", "email", "ewa@salon.example"));
    struct uuid jan = made(&b, &business, "staff", json_pack("{s:s,s:s}", "name", "Jan", "email", "jan@salon.example"));
    struct uuid cut = made(&b, &business, "service", json_pack("{s:s,s:i}", "title", "Strzyżenie", "minutes", 30));
    static const struct { bool jan; const char *from, *to; enum code want; } row[] = {
        { false, "2027-01-04T10:00:00Z", "2027-01-04T10:30:00Z", OK }, { false, "2027-01-04T10:29:59Z", "2027-01-04T11:00:00Z", E_CONFLICT },
        { false, "2027-01-04T10:30:00Z", "2027-01-04T11:00:00Z", OK }, { false, "2027-01-04T09:00:00Z", "2027-01-04T12:00:00Z", E_CONFLICT },
        { true, "2027-01-04T10:00:00Z", "2027-01-04T10:30:00Z", OK }, { false, "2027-01-04T13:00:00Z", "2027-01-04T13:00:00Z", E_FIELDS },
        { false, "2027-01-04T11:00:00+01:00", "2027-01-04T11:10:00+01:00", E_CONFLICT },
    };
    struct uuid first = { { 0 } };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        enum code code = bed_make(&b, &business, "visit", json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "service", text_of(&cut), "staff", text_of(row[i].jan ? &jan : &ewa), "starts", row[i].from,
                                                                    "ends", row[i].to, "name", "Ola", "phone", "22 123 45 67"), &got);
        if (code != row[i].want)
            fprintf(stderr, "row %zu: %s\n", i, b.e.text);
        CHECK(code == row[i].want);
        if (i == 0)
            first = id_of(got);
        json_decref(got);
    }
    struct caller client = link_to(&b, "client", "visit", &first);
    CHECK_OK(bed_change(&b, &client, "visit", &first, -1, json_pack("{s:s}", "state", "cancelled"), &got), &b.e);
    json_decref(got);
    made(&b, &business, "visit", json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "service", text_of(&cut), "staff", text_of(&ewa), "starts", row[0].from, "ends", row[0].to, "name", "Ula",
                                           "phone", "22 123 45 67"));      /* what is cancelled blocks nobody */
    CHECK_CODE(bed_change(&b, &business, "visit", &first, -1, json_pack("{s:s}", "starts", "2027-01-04T09:50:00Z"), &got), OK, &b.e);
    json_decref(got);
    bed_end(&b);
}

/* Does the caller see it at that instant? */
static bool sees_at(struct bed *b, const struct caller *who, const char *kind, const struct uuid *id, const char *now) {
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    struct record r = { .tenant = who->tenant };
    AUTO(facts_end) struct fact_source src = { .s = b->service, .who = who, .record = &r, .arena = arena };
    struct verdict v = { 0 };
    struct sql *q = NULL;
    usec_t at = 0;
    CHECK(time_parse(now, &at));
    CHECK_OK(facts_sql(&src, &q, &b->e), &b->e);
    CHECK_OK(record_find(q, service_kind(b->service, charter_kind(b->charter, kind)), id, arena, &r, &b->e), &b->e);
    struct facts f = facts_of(&src, at);
    CHECK_OK(policy_sees(who, &f, &v, &b->e), &b->e);
    return v.any;
}

/* A shared machine is seen to the end of the day that the share names, by the clock of the charter. */
TEST(a_relation_ends_by_its_date) {
    struct bed b;
    start_with(&b, "machines");
    struct caller customer = bed_role(&b, b.tenant, "customer");
    struct uuid firm = made(&b, &customer, "contractor", json_pack("{s:s}", "title", "Firma"));
    struct uuid machine = made(&b, &customer, "machine", json_pack("{s:s,s:s,s:s,s:f}", "serial", "S1", "model", "M", "source", "customer", "temperature", 90.0));
    (void)made(&b, &customer, "share", json_pack("{s:s,s:s,s:s,s:s}", "machine", text_of(&machine), "contractor", text_of(&firm), "purpose", "repair", "ends", "2030-06-30"));
    struct caller contractor = staff(&b, "contractor", &firm);
    CHECK(sees_at(&b, &contractor, "machine", &machine, "2026-11-22T10:00:00Z") && sees_at(&b, &contractor, "machine", &machine, "2030-06-30T21:59:59Z"));
    CHECK(!sees_at(&b, &contractor, "machine", &machine, "2030-06-30T22:00:00Z") && !sees_at(&b, &contractor, "machine", &machine, "2031-01-01T00:00:00Z"));
    bed_end(&b);
}

/* A client with an account sees the visits that are its own, each of them, and is led there by lists. */
TEST(an_account_of_the_public_sees_its_own) {
    struct bed b;
    struct uuid visits[3];
    json_t *got = NULL;
    start_with(&b, "bookings");
    struct caller business = bed_role(&b, b.tenant, "business"), client = bed_role(&b, b.tenant, "client");
    struct uuid ewa = made(&b, &business, "staff", json_pack("{s:s,s:s}", "name", "Ewa", "email", "ewa@salon.example"));
    struct uuid cut = made(&b, &business, "service", json_pack("{s:s,s:i}", "title", "Strzyżenie", "minutes", 30));
    for (int i = 0; i < 3; i++) {
        char from[32], to[32];
        snprintf(from, sizeof from, "2027-01-04T1%d:00:00Z", i);
        snprintf(to, sizeof to, "2027-01-04T1%d:30:00Z", i);
        visits[i] = made(&b, &business, "visit", json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "service", text_of(&cut), "staff", text_of(&ewa), "starts", from, "ends", to, "name", "Ola", "phone", "22 123 45 67"));
    }
    int kind = charter_kind(b.charter, "visit");
    const struct own_record owned[] = { { kind, visits[2] } };
    client.subject_kind = kind;
    client.subject = client.self = visits[0];
    client.owned = owned;
    client.owned_count = 1;
    CHECK(!sees(&b, &client, "visit", &visits[0], NULL));                     /* a token without an account is none of the two ways in */
    CHECK_INT(listed(&b, &client, "visit"), 0);
    client.account = (struct uuid){ { 3 } };
    CHECK(sees(&b, &client, "visit", &visits[0], "note") == false && sees(&b, &client, "visit", &visits[0], "name") && sees(&b, &client, "visit", &visits[2], "name"));
    CHECK(!sees(&b, &client, "visit", &visits[1], NULL) && !sees(&b, &client, "service", &cut, NULL) && !sees(&b, &client, "staff", &ewa, NULL));
    CHECK_INT(listed(&b, &client, "visit"), 2);
    CHECK_INT(listed(&b, &client, "invoice"), 0);
    CHECK_OK(bed_change(&b, &client, "visit", &visits[2], -1, json_pack("{s:s}", "phone", "22 123 45 68"), &got), &b.e);
    json_decref(got);
    CHECK_CODE(bed_change(&b, &client, "visit", &visits[1], -1, json_pack("{s:s}", "phone", "22 123 45 68"), &got), E_NOT_FOUND, &b.e);
    CHECK_OK(bed_change(&b, &client, "visit", &visits[0], -1, json_pack("{s:s}", "state", "cancelled"), &got), &b.e);
    json_decref(got);
    bed_end(&b);
}
