/* agreed_test.c — no personal data is taken before the agreement is in force, by whatever way it comes; what is there can be read, moved,
 * emptied, exported and erased; and what is remembered is forgotten at once. */
#include "records/agreed.c"

#include "records/testbed.h"
#include "records/testcharters.h"

static enum code end_now(struct txn *t, void *arg, struct err *e) {
    (void)arg;
    return agreement_end(t, txn_now(t), e);
}

static void gate_shut(struct bed *b) {
    CHECK_OK(store_write(b->store, b->tenant, end_now, NULL, &b->e), &b->e);
    service_agreement_moved(b->service, b->tenant);
}

static void gate_open(struct bed *b) {
    bed_agree(b, b->tenant);
    service_agreement_moved(b->service, b->tenant);
}

static struct uuid make_ok(struct bed *b, const struct caller *who, const char *kind, json_t *input) {
    json_t *made = NULL;
    CHECK_OK(bed_make(b, who, kind, input, &made), &b->e);
    struct uuid id = id_of(made);
    json_decref(made);
    return id;
}

static json_t *event(void) { return json_pack("{s:s, s:s, s:s}", "title", "Meetup", "starts", "2027-03-01T10:00:00Z", "ends", "2027-03-01T12:00:00Z"); }
static json_t *registration(const struct uuid *to, const char *email) {
    char id[UUID_TEXT];
    return json_pack("{s:s, s:s, s:s, s:s}", "event", uuid_format(to, id), "name", "Anna Zawilska", "email", email, "phone", "+48 601 234 567");
}

static enum code change(struct bed *b, const struct caller *who, const struct uuid *id, json_t *patch) {
    json_t *got = NULL;
    enum code code = bed_change(b, who, "registration", id, -1, patch, &got);
    json_decref(got);
    return code;
}

struct piece { const char *text; };
static ssize_t piece_read(void *arg, void *ret, size_t room) {
    struct piece *p = arg;
    size_t n = strlen(p->text) < room ? strlen(p->text) : room;
    memcpy(ret, p->text, n);
    p->text += n;
    return (ssize_t)n;
}
static bool keep_written(void *arg, const void *bytes, size_t len) {
    buf_add(arg, bytes, len);
    return true;
}

static enum code import(struct bed *b, const struct caller *who, const char *text, struct buf *said) {
    struct piece p = { text };
    return records_import(b->service, who, charter_kind(b->charter, "registration"), FORMAT_NDJSON, NULL, &(struct source){ piece_read, &p }, &(struct sink){ keep_written, said }, &b->e);
}

static enum code file_put_in(struct bed *b, const struct caller *who, const struct uuid *id) {
    struct piece p = { "bytes" };
    json_t *got = NULL;
    int kind = charter_kind(b->charter, "registration");
    enum code code = file_store(b->service, who, kind, id, kind_field(charter_kind_at(b->charter, kind), "badge"), "badge.txt", "text/plain", &(struct source){ piece_read, &p }, &got, &b->e);
    json_decref(got);
    return code;
}

TEST(no_personal_data_comes_in_before_the_agreement) {
    struct bed b;
    json_t *got = NULL;
    char row[300], id[UUID_TEXT];
    AUTO(buf_done) struct buf said = BUF(10000);
    bed_start(&b, events_charter);
    struct caller organiser = bed_role(&b, b.tenant, "organiser"), form = { .tenant = b.tenant, .person = charter_person(b.charter, "participant"), .by_form = true, .subject_kind = -1 };
    struct uuid to = make_ok(&b, &organiser, "event", event()), mine = make_ok(&b, &organiser, "registration", registration(&to, "anna@people.example"));
    struct caller by_link = { .tenant = b.tenant, .person = form.person, .by_link = true, .subject_kind = charter_kind(b.charter, "registration"), .subject = mine };
    snprintf(row, sizeof row, "{\"event\":\"%s\",\"name\":\"Jan Bez\",\"email\":\"jan@people.example\"}\n", uuid_format(&to, id));
    gate_shut(&b);
    CHECK_CODE(bed_make(&b, &organiser, "registration", registration(&to, "ola@people.example"), &got), E_FORBIDDEN, &b.e);
    CHECK(got == NULL && strstr(b.e.text, "agreement") != NULL && strstr(b.e.text, "sejf tenant agreement events") != NULL && strlen(b.e.text) < sizeof b.e.text - 1);
    CHECK_CODE(bed_make(&b, &form, "registration", registration(&to, "ola@people.example"), &got), E_FORBIDDEN, &b.e);
    CHECK_CODE(change(&b, &organiser, &mine, json_pack("{s:s}", "name", "Anna Bez")), E_FORBIDDEN, &b.e);
    CHECK_CODE(change(&b, &by_link, &mine, json_pack("{s:s}", "phone", "+48 601 234 568")), E_FORBIDDEN, &b.e);
    CHECK_CODE(import(&b, &organiser, row, &said), E_FORBIDDEN, &b.e);
    CHECK_CODE(file_put_in(&b, &organiser, &mine), E_FORBIDDEN, &b.e);
    make_ok(&b, &organiser, "event", event());                        /* nothing personal */
    struct caller other = bed_role(&b, b.other, "organiser");         /* another tenant has one */
    struct uuid there = make_ok(&b, &other, "event", event());
    make_ok(&b, &other, "registration", registration(&there, "ola@people.example"));
    gate_open(&b);
    make_ok(&b, &organiser, "registration", registration(&to, "ola@people.example"));
    CHECK_OK(import(&b, &organiser, row, &said), &b.e);
    CHECK(strstr(buf_str(&said), "\"made\":1") != NULL);
    CHECK_OK(change(&b, &by_link, &mine, json_pack("{s:s}", "phone", "+48 601 234 568")), &b.e);
    CHECK_OK(file_put_in(&b, &organiser, &mine), &b.e);
    bed_end(&b);
}

TEST(what_is_there_goes_on_without_one) {
    struct bed b;
    json_t *got = NULL;
    AUTO(buf_done) struct buf out = BUF(10000);
    bed_start(&b, events_charter);
    struct caller organiser = bed_role(&b, b.tenant, "organiser");
    int kind = charter_kind(b.charter, "registration");
    struct uuid to = make_ok(&b, &organiser, "event", event()), mine = make_ok(&b, &organiser, "registration", registration(&to, "anna@people.example"));
    CHECK_OK(file_put_in(&b, &organiser, &mine), &b.e);
    gate_shut(&b);
    CHECK_OK(bed_read(&b, &organiser, "registration", &mine, &got), &b.e);
    json_decref(got);
    CHECK_OK(records_export(b.service, &organiser, kind, FORMAT_NDJSON, NULL, NULL, &(struct sink){ keep_written, &out }, &b.e), &b.e);
    CHECK(strstr(buf_str(&out), "Anna Zawilska") != NULL);
    CHECK_OK(change(&b, &organiser, &mine, json_pack("{s:s}", "name", "Anna Zawilska")), &b.e);       /* as it stands */
    CHECK_OK(change(&b, &organiser, &mine, json_pack("{s:n, s:n}", "phone", "badge")), &b.e);
    CHECK_OK(change(&b, &organiser, &mine, json_pack("{s:s}", "status", "cancelled")), &b.e);
    CHECK_OK(bed_erase(&b, &organiser, "registration", &mine, &got), &b.e);
    json_decref(got);
    bed_end(&b);
}

static bool agreed(struct bed *b, int64_t tenant) {
    bool yes = false;
    CHECK_OK(service_agreed(b->service, tenant, &yes, &b->e), &b->e);
    return yes;
}

TEST(what_is_remembered_is_forgotten_at_once) {
    struct bed b;
    bed_start(&b, events_charter);
    for (int i = 0; i < 3; i++) {
        CHECK(agreed(&b, b.tenant) && agreed(&b, b.other));
        gate_shut(&b);
        CHECK(!agreed(&b, b.tenant) && agreed(&b, b.other));
        gate_open(&b);
    }
    int64_t far = b.tenant + PLACES;                                  /* shares the place of the first */
    CHECK(!agreed(&b, far) && agreed(&b, b.tenant) && !agreed(&b, far));
    struct place *p = place_of(b.service->agreed, b.tenant);
    CHECK(agreed(&b, b.tenant) && p->tenant == b.tenant);
    CHECK_OK(store_write(b.store, b.tenant, end_now, NULL, &b.e), &b.e);       /* by another server, say: nothing told this one */
    p->at -= 2 * LIFE;                                                /* it is remembered for a second */
    CHECK(!agreed(&b, b.tenant));
    bed_end(&b);
}

TEST(a_charter_that_asks_for_none_has_no_gate) {
    struct bed b;
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    bed_swap(&text, "agreement: needed before any personal data\n", "");
    bed_start(&b, buf_str(&text));
    struct caller organiser = bed_role(&b, b.tenant, "organiser");
    gate_shut(&b);
    struct uuid to = make_ok(&b, &organiser, "event", event());
    make_ok(&b, &organiser, "registration", registration(&to, "anna@people.example"));
    bed_end(&b);
}
