/* retire_test.c — parts go at their dates, and nothing brings them back; what a law or a person holds stays; dates outlive what they count from. */
#include "records/retire.c"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "records/file.h"
#include "store/consent.h"
#include "store/destruction.h"
#include "store/hold.h"
#include "store/remainder.h"

static const char parcels_charter[] =
    CHARTER_HEAD("parcels", "PL", "Europe/Warsaw")
    "people:\n  recipient: a person to whom a parcel goes\n  company: the customer\n"
    "tenant: company\n"
    "records:\n"
    "  parcel:\n"
    "    we_are: processor for the company\n"
    "    belongs_to: company\n"
    "    about: recipient\n"
    "    because: contract with the company\n"
    "    used_for: [carrying the parcel]\n"
    "    holds:\n"
    "      remark: text, optional, found by word\n"
    "      state: one of ordered | delivered, found exactly\n"
    "      delivered: time, optional, sorted\n"
    "      name: personal name, found by word\n"
    "      phone: personal phone, found exactly\n"
    "      photo: personal file, optional\n"
    "    limits:\n      - one for each phone\n"
    "    moves:\n      ordered to delivered: company\n"
    "    keep:\n"
    "      - fields: remark, state, delivered\n"
    "        for: 8 years after end of year of delivered, then erase\n"
    "      - fields: name, phone\n"
    "        for: 90 days after delivered, then erase\n"
    "      - fields: photo\n"
    "        for: 1 year after delivered, then erase\n"
    "who_sees:\n  company: everything of own parcel\n  support: nothing personal, unless the tenant opens a window of at most 4 hours\n"
    "sign_in:\n  company: password of 12 characters and a second step\n"
    "agreement: needed before any personal data\n"
    "logs: kept 30 days, masked when written\n"
    "rights: answered within 1 month\nbreach: controller within 24 hours, authority within 72 hours\ncookies: none but those needed\nnot_sealed: []\nclaims: []\n";

static json_t *times(usec_t at) {
    char text[40];
    return json_string(time_format(at / USEC_PER_SEC * USEC_PER_SEC, text, sizeof text));
}

static struct uuid parcel(struct bed *b, const struct caller *boss, usec_t delivered, const char *phone) {
    json_t *got = NULL;
    CHECK_OK(bed_make(b, boss, "parcel", json_pack("{s:s,s:o,s:s,s:s}", "remark", "kruche szkło", "delivered", times(delivered), "name", "Ewa Nowak", "phone", phone), &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

static ssize_t few_bytes(void *arg, void *ret, size_t room) {
    size_t *left = arg, n = *left < room ? *left : room;
    memset(ret, 'x', n);
    *left -= n;
    return (ssize_t)n;
}
static enum code photo(struct bed *b, const struct caller *who, const struct uuid *record, json_t **ret) {
    size_t left = 5000;
    int kind = charter_kind(b->charter, "parcel"), field = kind_field(charter_kind_at(b->charter, kind), "photo");
    return file_store(b->service, who, kind, record, field, "p.png", "image/png", &(struct source){ few_bytes, &left }, ret, &b->e);
}

static uint64_t no_limit = UINT64_MAX;
static struct retired retire_at(struct bed *b, const char *kind, const struct uuid *id, usec_t now) {
    struct retired got = { 0 };
    const struct retire_terms terms = { .now = now, .early = &no_limit };
    const struct retire_id one = { service_kind(b->service, charter_kind(b->charter, kind))->number, *id };
    CHECK_OK(retire_some(b->service, b->tenant, &one, 1, &terms, &got, &b->e), &b->e);
    CHECK(got.failed == 0);
    return got;
}

static size_t found(struct bed *b, const struct caller *who, const char *field, json_t *value) {
    json_t *got = NULL, *query = json_pack("{s:{s:o}}", "where", field, value);
    CHECK_OK(record_search(b->service, who, 0, query, &got, &b->e), &b->e);
    size_t n = json_array_size(json_object_get(got, "items"));
    json_decref(query);
    json_decref(got);
    return n;
}

struct key_list { uint64_t list[8]; size_t count; };
static bool see(const struct part_row *p, void *arg) {
    struct key_list *k = arg;
    k->list[k->count++] = p->key;
    return true;
}
static struct key_list keys_stored(struct bed *b, const char *kind, const struct uuid *id) {
    struct key_list k = { .count = 0 };
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(parts_get(view_sql(v), service_kind(b->service, charter_kind(b->charter, kind))->number, id, see, &k, &b->e), &b->e);
    return k;
}
static size_t opening(struct bed *b, const struct key_list *k) {
    struct key keys[8];
    bool ok[8];
    size_t n = 0;
    CHECK_OK(keeper_open(b->keeper, b->tenant, k->list, k->count, keys, ok, &b->e), &b->e);
    for (size_t i = 0; i < k->count; i++)
        n += ok[i];
    return n;
}

/* Its row and its bytes stand, or neither does. */
static bool file_there(struct bed *b, const struct uuid *id) {
    AUTO(arena_free) struct arena *arena = arena_new(1u << 16);
    AUTO(view_end) struct view *v = NULL;
    struct file_row row;
    char path[512];
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    bool stands = file_get(view_sql(v), id, &row, arena, &b->e) == OK;
    CHECK(file_path(b->service, id, path, sizeof path) && (access(path, F_OK) == 0) == stands);
    return stands;
}

TEST(parts_go_at_their_dates_and_nothing_brings_them_back) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, parcels_charter);
    struct caller boss = bed_role(&b, b.tenant, "company");
    const usec_t delivered = clock_now() - 20 * USEC_PER_DAY;
    struct uuid id = parcel(&b, &boss, delivered, "22 123 45 67"), file;
    CHECK_OK(photo(&b, &boss, &id, &got), &b.e);
    CHECK(uuid_parse(text_at(got, "id", NULL), &file));
    json_decref(got);
    struct key_list before = keys_stored(&b, "parcel", &id);
    CHECK(before.count == 3 && file_there(&b, &file));

    struct retired r = retire_at(&b, "parcel", &id, delivered + 89 * USEC_PER_DAY);
    CHECK(r.parts == 0 && r.records == 0 && opening(&b, &before) == 3);
    r = retire_at(&b, "parcel", &id, delivered + 91 * USEC_PER_DAY);
    CHECK(r.parts == 1 && r.records == 0);
    CHECK_INT(opening(&b, &before), 2);
    CHECK_INT(keys_stored(&b, "parcel", &id).count, 2);
    CHECK_OK(bed_read(&b, &boss, "parcel", &id, &got), &b.e);
    CHECK_INT(json_integer_value(json_object_get(got, "version")), 3);
    CHECK(json_is_null(json_object_get(json_object_get(got, "fields"), "name")) && json_is_null(json_object_get(json_object_get(got, "fields"), "phone")));
    CHECK_TEXT(text_at(got, "fields", "remark"), "kruche szkło");
    CHECK_INT(json_array_size(json_object_get(got, "erased")), 2);
    CHECK_TEXT(json_string_value(json_array_get(json_object_get(got, "erased"), 0)), "name");
    json_decref(got);
    CHECK_INT(found(&b, &boss, "phone", json_string("22 123 45 67")), 0);
    CHECK_INT(found(&b, &boss, "name", json_pack("{s:s}", "word", "nowak")), 0);
    CHECK_INT(found(&b, &boss, "remark", json_pack("{s:s}", "word", "szkło")), 1);
    CHECK_INT(found(&b, &boss, "state", json_string("ordered")), 1);
    parcel(&b, &boss, delivered, "22 123 45 67");        /* the claim is free */
    CHECK(retire_at(&b, "parcel", &id, delivered + 91 * USEC_PER_DAY).parts == 0);

    r = retire_at(&b, "parcel", &id, delivered + 370 * USEC_PER_DAY);
    CHECK_INT(r.parts, 1);
    CHECK_INT(opening(&b, &before), 1);
    CHECK(!file_there(&b, &file));
    r = retire_at(&b, "parcel", &id, delivered + 9 * 366 * USEC_PER_DAY);
    CHECK(r.records == 1 && r.parts == 0 && opening(&b, &before) == 0);
    CHECK_CODE(bed_read(&b, &boss, "parcel", &id, &got), E_GONE, &b.e);
    bed_end(&b);
}

TEST(what_is_over_is_refused_until_its_date_moves) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, parcels_charter);
    struct caller boss = bed_role(&b, b.tenant, "company");
    const usec_t now = clock_now();
    struct uuid id = parcel(&b, &boss, now - 100 * USEC_PER_DAY, "22 123 45 67");
    CHECK_INT(retire_at(&b, "parcel", &id, now).parts, 1);
    CHECK_CODE(bed_change(&b, &boss, "parcel", &id, -1, json_pack("{s:s}", "name", "Ewa Nowak"), &got), E_FIELDS, &b.e);
    CHECK_TEXT(text_at(json_array_get(got, 0), "path", NULL), "/name");
    json_decref(got);
    CHECK_OK(bed_change(&b, &boss, "parcel", &id, -1, json_pack("{s:s}", "remark", "duże szkło"), &got), &b.e);
    CHECK_INT(json_array_size(json_object_get(got, "erased")), 2);
    json_decref(got);
    CHECK_OK(bed_change(&b, &boss, "parcel", &id, -1, json_pack("{s:n}", "name"), &got), &b.e);      /* nothing stands there */
    json_decref(got);
    /* Brought once more: then it may be written, and the mark goes. */
    CHECK_OK(bed_change(&b, &boss, "parcel", &id, -1, json_pack("{s:s,s:o}", "name", "Ewa Nowak", "delivered", times(now)), &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "name"), "Ewa Nowak");
    CHECK_INT(json_array_size(json_object_get(got, "erased")), 1);
    json_decref(got);
    CHECK_INT(found(&b, &boss, "name", json_pack("{s:s}", "word", "nowak")), 1);
    CHECK_INT(retire_at(&b, "parcel", &id, now).parts, 0);
    CHECK_INT(retire_at(&b, "parcel", &id, now + 91 * USEC_PER_DAY).parts, 1);
    bed_under(&b, parcels_charter);
    CHECK_OK(service_refit(b.service, NULL, &b.e), &b.e);
    CHECK_OK(bed_read(&b, &boss, "parcel", &id, &got), &b.e);
    CHECK_INT(json_array_size(json_object_get(got, "erased")), 2);
    json_decref(got);
    bed_end(&b);
}

struct dated { const struct kind_info *k; const struct uuid *id; usec_t due; };
static enum code date_row(struct txn *t, void *arg, struct err *reterr) {
    const struct dated *d = arg;
    AUTO(buf_done) struct buf clear = BUF(1 << 16);
    struct row row;
    enum code code = row_get(txn_sql(t), d->k->number, d->id, &row, reterr);
    if (code != OK)
        return code;
    buf_text(&clear, row.clear);
    row.clear = buf_str(&clear);
    row.due = d->due;
    return row_put(t, &row, reterr);
}

TEST(a_date_that_is_not_kept_up_erases_nothing) {
    struct bed b;
    bed_start(&b, parcels_charter);
    struct caller boss = bed_role(&b, b.tenant, "company");
    const usec_t now = clock_now();
    json_t *got = NULL;
    struct uuid id = parcel(&b, &boss, now, "22 123 45 67");
    struct dated d = { service_kind(b.service, 0), &id, now - USEC_PER_DAY };
    CHECK_OK(store_write(b.store, b.tenant, date_row, &d, &b.e), &b.e);
    struct retired r = retire_at(&b, "parcel", &id, now);
    CHECK(r.moved == 1 && r.parts == 0);
    CHECK_OK(bed_read(&b, &boss, "parcel", &id, &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "name"), "Ewa Nowak");
    usec_t due;
    CHECK(time_parse(text_at(got, "due", NULL), &due) && due > now);
    json_decref(got);
    bed_end(&b);
}

static enum code hold_name(struct txn *t, void *arg, struct err *reterr) {
    struct dated *d = arg;
    struct hold_row h = { .kind = d->k->number, .id = *d->id, .fields = "phone name", .until = USEC_NEVER, .made = clock_now(), .by = "test", .blob = "", .len = 0 };
    int64_t number;
    return hold_put(t, &h, &number, reterr);
}

static enum code lift(struct txn *t, void *arg UNUSED, struct err *reterr) { return hold_lift(t, 1, txn_now(t), reterr); }

TEST(a_held_part_stays_and_the_others_go) {
    struct bed b;
    json_t *got = NULL, *kept = NULL;
    bed_start(&b, parcels_charter);
    struct caller boss = bed_role(&b, b.tenant, "company");
    const usec_t now = clock_now();
    struct uuid id = parcel(&b, &boss, now - 100 * USEC_PER_DAY, "22 123 45 67");
    struct dated d = { service_kind(b.service, 0), &id, 0 };
    CHECK_OK(store_write(b.store, b.tenant, hold_name, &d, &b.e), &b.e);
    struct retired r = retire_at(&b, "parcel", &id, now);
    CHECK(r.held == 1 && r.parts == 0 && r.records == 0);
    struct record_request q = { .who = &boss, .kind = 0, .id = id, .if_match = -1 };
    CHECK_OK(record_erase_told(b.service, &q, &got, &kept, &b.e), &b.e);
    CHECK_INT(json_integer_value(json_object_get(got, "parcel: remark, state, delivered")), 1);
    CHECK_INT(json_array_size(kept), 1);
    CHECK_TEXT(text_at(json_array_get(kept, 0), "because", NULL), "hold");
    json_decref(got);
    json_decref(kept);
    CHECK_OK(bed_read(&b, &boss, "parcel", &id, &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "phone"), "+48221234567");
    CHECK(json_is_null(json_object_get(json_object_get(got, "fields"), "remark")) && text_at(got, "due", NULL) != NULL);      /* dated, although its anchor is gone */
    json_decref(got);
    CHECK_INT(found(&b, &boss, "phone", json_string("22 123 45 67")), 1);
    CHECK_INT(found(&b, &boss, "remark", json_pack("{s:s}", "word", "szkło")), 0);
    CHECK_OK(store_write(b.store, b.tenant, lift, NULL, &b.e), &b.e);
    CHECK_INT(retire_at(&b, "parcel", &id, now).records, 1);
    bed_end(&b);
}

TEST(an_invoice_outlives_its_event_and_its_owner_s_word) {
    struct bed b;
    json_t *got = NULL, *kept = NULL;
    char text[UUID_TEXT];
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &got), &b.e);
    struct uuid event = id_of(got);
    json_decref(got);
    uuid_format(&event, text);
    CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s}", "event", text, "name", "Ewa", "email", "a@poczta.example"), &got), &b.e);
    struct uuid who = id_of(got);
    json_decref(got);
    CHECK_OK(bed_make(&b, &boss, "invoice", json_pack("{s:s,s:o,s:s,s:{s:s,s:s}}", "event", text, "issued", json_string("2095-05-01"), "buyer", "Ewa", "total", "amount", "10.00", "currency", "PLN"), &got), &b.e);
    struct uuid invoice = id_of(got);
    json_decref(got);
    struct record_request q = { .who = &boss, .kind = charter_kind(b.charter, "invoice"), .id = invoice, .if_match = -1 };
    CHECK_OK(record_erase_told(b.service, &q, &got, &kept, &b.e), &b.e);
    CHECK(json_object_size(got) == 0 && json_array_size(kept) == 1);
    CHECK_TEXT(text_at(json_array_get(kept, 0), "because", NULL), "Ustawa o rachunkowości art. 74");
    CHECK_TEXT(text_at(json_array_get(kept, 0), "due", NULL), "2100-12-31T23:00:00Z");
    json_decref(got);
    json_decref(kept);
    CHECK_OK(bed_erase(&b, &boss, "event", &event, &got), &b.e);
    CHECK(json_integer_value(json_object_get(got, "event")) == 1 && json_integer_value(json_object_get(got, "registration")) == 1);
    json_decref(got);
    CHECK_CODE(bed_read(&b, &boss, "registration", &who, &got), E_GONE, &b.e);
    CHECK_OK(bed_read(&b, &boss, "invoice", &invoice, &got), &b.e);
    CHECK_TEXT(text_at(got, "due", NULL), "2100-12-31T23:00:00Z");
    json_decref(got);
    json_t *query = json_object();
    CHECK_OK(record_list(b.service, &boss, q.kind, query, &got, &b.e), &b.e);
    CHECK_INT(json_array_size(json_object_get(got, "items")), 1);
    json_decref(got);
    json_decref(query);
    usec_t due;
    CHECK(time_parse("2100-12-31T23:00:00Z", &due));
    CHECK_INT(retire_at(&b, "invoice", &invoice, due - 1).records, 0);
    CHECK_INT(retire_at(&b, "invoice", &invoice, due).records, 1);
    bed_end(&b);
}

TEST(a_record_whose_parent_is_gone_keeps_its_date) {
    struct bed b;
    json_t *got = NULL;
    char text[UUID_TEXT];
    AUTO(buf_done) struct buf charter = BUF(1u << 16);
    buf_text(&charter, events_charter);
    bed_swap(&charter, "erase registration", "keep registration");
    bed_start(&b, buf_str(&charter));
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2097-03-01T18:00:00Z", "ends", "2097-03-01T21:00:00Z"), &got), &b.e);
    struct uuid event = id_of(got);
    json_decref(got);
    CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&event, text), "name", "Ewa", "email", "a@poczta.example"), &got), &b.e);
    struct uuid who = id_of(got);
    usec_t due, later;
    CHECK(time_parse(text_at(got, "due", NULL), &due));
    json_decref(got);
    CHECK_OK(bed_erase(&b, &boss, "event", &event, &got), &b.e);
    json_decref(got);
    CHECK_OK(bed_change(&b, &boss, "registration", &who, -1, json_pack("{s:s}", "name", "Ewa Nowak"), &got), &b.e);
    CHECK(time_parse(text_at(got, "due", NULL), &later) && later == due);
    json_decref(got);
    struct due_check check;
    CHECK_OK(service_check_due(b.service, b.tenant, &check, &b.e), &b.e);
    CHECK(check.parts == 1 && check.wrong == 0 && check.undated == 0);
    CHECK_INT(retire_at(&b, "registration", &who, due).records, 1);
    bed_end(&b);
}

TEST(dates_that_come_early_are_limited) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, parcels_charter);
    struct caller boss = bed_role(&b, b.tenant, "company");
    const usec_t now = clock_now();
    struct uuid id[3];
    struct retire_id ids[3];
    for (int i = 0; i < 3; i++) {
        char phone[16];
        snprintf(phone, sizeof phone, "22 123 45 6%d", i);
        id[i] = parcel(&b, &boss, i == 0 ? now - 400 * USEC_PER_DAY : now, phone);      /* the first was due when it was made */
        if (i > 0) {
            CHECK_OK(bed_change(&b, &boss, "parcel", &id[i], -1, json_pack("{s:o}", "delivered", times(now - 100 * USEC_PER_DAY)), &got), &b.e);
            json_decref(got);
        }
        ids[i] = (struct retire_id){ service_kind(b.service, 0)->number, id[i] };
    }
    uint64_t early = 1;
    struct retired r = { 0 };
    const struct retire_terms terms = { .now = now, .early = &early };
    CHECK_OK(retire_some(b.service, b.tenant, ids, 3, &terms, &r, &b.e), &b.e);
    CHECK(r.parts == 2 && r.early == 1 && early == 0);
    CHECK_OK(retire_some(b.service, b.tenant, ids, 3, &terms, &r, &b.e), &b.e);
    CHECK(r.parts == 2 && r.early == 2);
    early = 1;                                 /* a person has confirmed */
    CHECK_OK(retire_some(b.service, b.tenant, ids, 3, &terms, &r, &b.e), &b.e);
    CHECK_INT(r.parts, 3);
    bed_end(&b);
}

struct counted { char text[128]; size_t n; };
static bool see_count(const struct remainder *r, void *arg) {
    struct counted *c = arg;
    c->n += (size_t)snprintf(c->text + c->n, sizeof c->text - c->n, "%s=%lld ", r->option, (long long)r->count);
    return true;
}
static void counts_are(struct bed *b, const struct uuid *scope, const char *want) {
    struct counted c = { .n = 0 };
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(remainders_list(view_sql(v), service_kind(b->service, charter_kind(b->charter, "registration"))->number, scope, scope, see_count, &c, &b->e), &b->e);
    CHECK_TEXT(c.text, want);
}

TEST(a_number_stays_of_what_its_date_erased) {
    struct bed b;
    json_t *got = NULL;
    char text[UUID_TEXT];
    struct uuid who[4];
    AUTO(buf_done) struct buf charter = BUF(1u << 16);
    buf_text(&charter, events_charter);
    bed_swap(&charter, "event.ends, then erase\n", "event.ends, then erase, count by status stays\n");
    bed_start(&b, buf_str(&charter));
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2096-03-01T18:00:00Z", "ends", "2096-03-01T21:00:00Z"), &got), &b.e);
    struct uuid event = id_of(got);
    json_decref(got);
    uuid_format(&event, text);
    for (int i = 0; i < 4; i++) {
        char email[40];
        snprintf(email, sizeof email, "a%d@poczta.example", i);
        CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s}", "event", text, "name", "Ewa", "email", email), &got), &b.e);
        who[i] = id_of(got);
        json_decref(got);
    }
    CHECK_OK(bed_change(&b, &boss, "registration", &who[0], -1, json_pack("{s:s}", "status", "cancelled"), &got), &b.e);
    json_decref(got);
    CHECK_OK(bed_erase(&b, &boss, "registration", &who[3], &got), &b.e);       /* by its owner's word: not counted */
    json_decref(got);
    usec_t due;
    CHECK(time_parse("2096-09-01T00:00:00Z", &due));
    for (int i = 0; i < 3; i++)
        CHECK_INT(retire_at(&b, "registration", &who[i], due).records, 1);
    counts_are(&b, &event, "accepted=2 cancelled=1 ");
    CHECK_OK(bed_erase(&b, &boss, "event", &event, &got), &b.e);
    json_decref(got);
    counts_are(&b, &event, "");
    bed_end(&b);
}

/* Requests and imports may name ids, so a tenant can have an event and a club under the same one. */
TEST(records_of_two_kinds_under_one_id_are_two) {
    struct bed b;
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, parcels_charter);
    bed_swap(&text, "records:\n",
             "records:\n"
             "  fair:\n    belongs_to: company\n    holds:\n      ends: time\n    keep: until the company deletes it\n"
             "  club:\n    belongs_to: company\n    holds:\n      closes: time\n    keep: until the company deletes it\n"
             "  guest:\n    belongs_to: fair\n    holds:\n      seat: text\n    keep: 1 day after fair.ends, then erase\n"
             "  member:\n    belongs_to: club\n    holds:\n      seat: text\n    keep: 1 day after club.closes, then erase\n");
    bed_swap(&text, "everything of own parcel\n", "everything of own parcel, everything of own fair, everything of own club, everything of own guest, everything of own member\n");
    bed_start(&b, buf_str(&text));
    struct caller boss = bed_role(&b, b.tenant, "company");
    static const char *const kinds[] = { "fair", "club" }, *const fields[] = { "ends", "closes" }, *const children[] = { "guest", "member" };
    struct retire_id due[2];
    const struct uuid same = uuid_new();
    char id[UUID_TEXT];
    const usec_t now = clock_now();
    for (int i = 0; i < 2; i++) {
        json_t *got = NULL, *mistakes = NULL, *in = json_pack("{s:o}", fields[i], times(now + (i == 0 ? -10 : 10) * USEC_PER_DAY));
        const struct record_request r = { .who = &boss, .kind = charter_kind(b.charter, kinds[i]), .input = in, .if_match = -1, .id = same };
        CHECK_OK(record_create(b.service, &r, &got, &mistakes, &b.e), &b.e);
        json_decref(got);
        json_decref(in);
        CHECK_OK(bed_make(&b, &boss, children[i], json_pack("{s:s,s:s}", kinds[i], uuid_format(&same, id), "seat", "1"), &got), &b.e);
        due[i] = (struct retire_id){ service_kind(b.service, charter_kind(b.charter, children[i]))->number, id_of(got) };
        json_decref(got);
    }
    struct retired got = { 0 };
    const struct retire_terms terms = { .now = now, .early = &no_limit };
    CHECK_OK(retire_some(b.service, b.tenant, due, 2, &terms, &got, &b.e), &b.e);
    CHECK(got.records == 1 && got.moved == 0);  /* the guest: the club has not closed, and its members keep their date */
    json_t *stays = NULL;
    CHECK_OK(bed_read(&b, &boss, "member", &due[1].id, &stays), &b.e);
    CHECK(json_is_string(json_object_get(stays, "due")));
    json_decref(stays);
    bed_end(&b);
}

TEST(a_batch_goes_by_its_owners_word_but_what_a_law_keeps) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    json_t *got = NULL;
    char id[UUID_TEXT], mail[64];
    struct retire_id all[12];
    size_t n = 0;
    CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2030-03-01T18:00:00Z", "ends", "2030-03-01T21:00:00Z"), &got), &b.e);
    struct uuid event = id_of(got);
    json_decref(got);
    for (; n < 10; n++) {
        snprintf(mail, sizeof mail, "g%zu@people.example", n);
        CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&event, id), "name", "Ewa", "email", mail), &got), &b.e);
        all[n] = (struct retire_id){ service_kind(b.service, charter_kind(b.charter, "registration"))->number, id_of(got) };
        json_decref(got);
    }
    CHECK_OK(bed_make(&b, &boss, "invoice", json_pack("{s:s,s:s,s:s,s:{s:s,s:s}}", "event", uuid_format(&event, id), "issued", "2029-11-02", "buyer", "Ewa", "total", "amount", "9.00", "currency", "PLN"), &got), &b.e);
    all[n++] = (struct retire_id){ service_kind(b.service, charter_kind(b.charter, "invoice"))->number, id_of(got) };
    json_decref(got);
    struct retired sum = { 0 };
    CHECK_OK(retire_rests(b.service, b.tenant, all, n, "closed", &sum, &b.e), &b.e);
    CHECK(sum.records == 10 && sum.held == 1 && sum.failed == 0 && sum.skipped == 0);
    CHECK_OK(bed_read(&b, &boss, "invoice", &all[10].id, &got), &b.e);
    json_decref(got);
    CHECK_CODE(bed_read(&b, &boss, "registration", &all[0].id, &got), E_GONE, &b.e);
    CHECK_OK(retire_rests(b.service, b.tenant, all, 0, "closed", &sum, &b.e), &b.e);
    bed_end(&b);
}

static enum code hold_all(struct txn *t, void *arg, struct err *reterr) {
    int64_t number;
    return hold_put(t, arg, &number, reterr);
}
static enum code lift_all(struct txn *t, void *arg UNUSED, struct err *reterr) { return hold_lift(t, 1, txn_now(t), reterr); }
static void held_whole(struct bed *b, const char *kind, const struct uuid *id) {
    struct hold_row h = { .kind = service_kind(b->service, charter_kind(b->charter, kind))->number, .id = *id, .fields = "", .until = USEC_NEVER, .by = "test", .blob = "", .len = 0 };
    CHECK_OK(store_write(b->store, b->tenant, hold_all, &h, &b->e), &b->e);
}

TEST(what_is_held_is_neither_emptied_nor_written_over) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, parcels_charter);
    struct caller boss = bed_role(&b, b.tenant, "company");
    struct uuid id = parcel(&b, &boss, clock_now(), "22 123 45 67");
    held_whole(&b, "parcel", &id);
    CHECK_CODE(bed_change(&b, &boss, "parcel", &id, -1, json_pack("{s:s}", "name", "Inna Osoba"), &got), E_FIELDS, &b.e);
    json_decref(got);
    CHECK_CODE(bed_change(&b, &boss, "parcel", &id, -1, json_pack("{s:n}", "remark"), &got), E_FIELDS, &b.e);
    json_decref(got);
    CHECK_OK(bed_change(&b, &boss, "parcel", &id, -1, json_pack("{s:s}", "remark", "kruche"), &got), &b.e);      /* plain, and something stands */
    json_decref(got);
    CHECK_OK(photo(&b, &boss, &id, &got), &b.e);       /* added to */
    struct uuid file;
    CHECK(uuid_parse(text_at(got, "id", NULL), &file));
    json_decref(got);
    CHECK_CODE(file_erase(b.service, &boss, &file, &b.e), E_FIELDS, &b.e);
    CHECK(file_there(&b, &file));
    CHECK_OK(store_write(b.store, b.tenant, lift_all, NULL, &b.e), &b.e);
    CHECK_OK(file_erase(b.service, &boss, &file, &b.e), &b.e);
    CHECK_OK(bed_change(&b, &boss, "parcel", &id, -1, json_pack("{s:s}", "name", "Inna Osoba"), &got), &b.e);
    json_decref(got);
    bed_end(&b);
}

/* A consent may be taken back at any time, and then nothing uses the record; what somebody holds for a claim stays stored until the hold is lifted. */
TEST(a_consent_taken_back_leaves_what_is_held_unused) {
    struct bed b;
    json_t *got = NULL;
    char id[UUID_TEXT];
    int64_t gone = 0;
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    bed_swap(&text, "    because: contract with the organiser\n", "    because: consent mailing\n");
    bed_start(&b, buf_str(&text));
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2030-03-01T18:00:00Z", "ends", "2030-03-01T21:00:00Z"), &got), &b.e);
    struct uuid event = id_of(got);
    json_decref(got);
    CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s,s:{s:b}}", "event", uuid_format(&event, id), "name", "Ewa", "email", "g@people.example", "consents", "mailing", 1), &got), &b.e);
    struct uuid guest = id_of(got);
    json_decref(got);
    held_whole(&b, "registration", &guest);
    CHECK_OK(bed_change(&b, &boss, "registration", &guest, -1, json_pack("{s:{s:b}}", "consents", "mailing", 0), &got), &b.e);
    json_decref(got);
    CHECK(keys_stored(&b, "registration", &guest).count > 0);
    CHECK_CODE(bed_read(&b, &boss, "registration", &guest, &got), E_FORBIDDEN, &b.e);
    CHECK_OK(records_unconfirmed_go(b.service, clock_now() + 3 * USEC_PER_DAY, &gone, &b.e), &b.e);
    CHECK(gone == 0 && keys_stored(&b, "registration", &guest).count > 0);
    CHECK_OK(store_write(b.store, b.tenant, lift_all, NULL, &b.e), &b.e);
    CHECK_OK(records_unconfirmed_go(b.service, clock_now() + 3 * USEC_PER_DAY, &gone, &b.e), &b.e);
    CHECK(gone == 1 && keys_stored(&b, "registration", &guest).count == 0);
    bed_end(&b);
}

static const char cards[] = "records:\n  card:\n    belongs_to: parcel\n    holds:\n      text: text\n    keep: until the company deletes it\n";
static void law_and_cards(struct buf *text) {
    buf_text(text, parcels_charter);
    bed_swap(text, "records:\n", cards);
    bed_swap(text, "        for: 8 years after end of year of delivered, then erase\n", "        for: 8 years after end of year of delivered, then erase\n        because: law Ustawa o rachunkowości art. 74\n");
    bed_swap(text, "everything of own parcel\n", "everything of own parcel, everything of own card\n");
}
static struct uuid child_of(struct bed *b, const struct caller *boss, const char *kind, const char *parent, const struct uuid *of) {
    char id[UUID_TEXT];
    json_t *got = NULL;
    CHECK_OK(bed_make(b, boss, kind, json_pack("{s:s,s:s}", parent, uuid_format(of, id), "text", "raz"), &got), &b->e);
    struct uuid made = id_of(got);
    json_decref(got);
    return made;
}
static bool stands_still(struct bed *b, const struct caller *boss, const char *kind, const struct uuid *id) {
    json_t *got = NULL;
    enum code code = bed_read(b, boss, kind, id, &got);
    CHECK(code == OK || code == E_GONE);
    json_decref(got);
    return code == OK;
}

TEST(what_belongs_to_a_record_of_which_a_part_stays_goes_by_its_own_rules) {
    struct bed b;
    json_t *got = NULL;
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    law_and_cards(&text);
    bed_start(&b, buf_str(&text));
    struct caller boss = bed_role(&b, b.tenant, "company");
    struct uuid sold = parcel(&b, &boss, clock_now(), "22 123 45 67"), sued = parcel(&b, &boss, clock_now(), "22 123 45 68");
    struct uuid one = child_of(&b, &boss, "card", "parcel", &sold), two = child_of(&b, &boss, "card", "parcel", &sued);
    held_whole(&b, "parcel", &sued);
    CHECK_OK(bed_erase(&b, &boss, "parcel", &sold, &got), &b.e);
    CHECK_INT(json_integer_value(json_object_get(got, "card")), 1);
    json_decref(got);
    CHECK(stands_still(&b, &boss, "parcel", &sold) && !stands_still(&b, &boss, "card", &one));
    CHECK_OK(bed_erase(&b, &boss, "parcel", &sued, &got), &b.e);
    json_decref(got);
    CHECK(stands_still(&b, &boss, "parcel", &sued) && stands_still(&b, &boss, "card", &two));      /* who holds the whole holds these, too */
    bed_end(&b);
}

TEST(what_is_told_of_first_does_not_go_with_the_date_of_something_else) {
    struct bed b;
    json_t *got = NULL;
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, parcels_charter);
    bed_swap(&text, "records:\n",
             "records:\n"
             "  fair:\n    belongs_to: company\n    holds:\n      ends: time\n    keep: 1 day after fair.ends, then erase\n"
             "  guest:\n    belongs_to: fair\n    holds:\n      text: text\n    keep: 100 days after fair.ends, then erase\n    warn: company by email 14 days before\n"
             "  stall:\n    belongs_to: fair\n    holds:\n      text: text\n    keep: 100 days after fair.ends, then erase\n");
    bed_swap(&text, "everything of own parcel\n", "everything of own parcel, everything of own fair, everything of own guest, everything of own stall\n");
    bed_start(&b, buf_str(&text));
    struct caller boss = bed_role(&b, b.tenant, "company");
    CHECK_OK(bed_make(&b, &boss, "fair", json_pack("{s:o}", "ends", times(clock_now() - 10 * USEC_PER_DAY)), &got), &b.e);
    struct uuid fair = id_of(got);
    json_decref(got);
    struct uuid guest = child_of(&b, &boss, "guest", "fair", &fair), stall = child_of(&b, &boss, "stall", "fair", &fair);
    struct retired r = retire_at(&b, "fair", &fair, clock_now());
    CHECK(r.records == 1 && !stands_still(&b, &boss, "stall", &stall) && stands_still(&b, &boss, "guest", &guest));
    CHECK_OK(bed_read(&b, &boss, "guest", &guest, &got), &b.e);
    CHECK(json_is_string(json_object_get(got, "due")));       /* and goes then */
    json_decref(got);
    bed_end(&b);
}

struct told_of { char cause[16]; size_t keys, rows; };
static bool see_row(const struct destruction_row *r, void *arg) {
    struct told_of *o = arg;
    snprintf(o->cause, sizeof o->cause, "%s", r->cause);
    o->keys += r->key_count;
    o->rows++;
    return true;
}
static struct told_of told_of(struct bed *b) {
    AUTO(view_end) struct view *v = NULL;
    struct told_of o = { .rows = 0 };
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(destructions_open(view_sql(v), see_row, &o, &b->e), &b->e);
    return o;
}
TEST(a_value_that_was_corrected_is_told_of_as_destroyed) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, parcels_charter);
    struct caller boss = bed_role(&b, b.tenant, "company");
    struct uuid id = parcel(&b, &boss, clock_now(), "22 123 45 67");
    CHECK_OK(bed_change(&b, &boss, "parcel", &id, -1, json_pack("{s:s}", "remark", "ostrożnie"), &got), &b.e);
    json_decref(got);
    CHECK_INT(told_of(&b).rows, 0);            /* not personal: the key stands */
    CHECK_OK(bed_change(&b, &boss, "parcel", &id, -1, json_pack("{s:s}", "name", "Ewa Kos"), &got), &b.e);
    json_decref(got);
    struct told_of o = told_of(&b);
    CHECK(o.rows == 1 && o.keys == 1);
    CHECK_TEXT(o.cause, "moved");
    bed_end(&b);
}

static enum code restrict_one(struct txn *t, void *arg, struct err *e) {
    const struct retire_id *one = arg;
    return row_mark(t, one->kind, &one->id, MARK_RESTRICTED, 0, e);
}
TEST(a_restriction_stops_the_hand_of_the_tenant_and_not_the_wish_of_the_person) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, parcels_charter);
    struct caller boss = bed_role(&b, b.tenant, "company");
    struct uuid id = parcel(&b, &boss, clock_now(), "22 123 45 67");
    struct retire_id one = { service_kind(b.service, charter_kind(b.charter, "parcel"))->number, id };
    CHECK_OK(store_write(b.store, b.tenant, restrict_one, &one, &b.e), &b.e);
    struct record_request r = { .who = &boss, .kind = charter_kind(b.charter, "parcel"), .id = id, .if_match = -1 };
    CHECK_CODE(record_erase(b.service, &r, &got, &b.e), E_CONFLICT, &b.e);
    r.by_wish = true;
    CHECK_OK(record_erase(b.service, &r, &got, &b.e), &b.e);
    json_decref(got);
    CHECK_TEXT(told_of(&b).cause, "person");
    bed_end(&b);
}
