/* retire_test.c — parts go at their dates, and nothing brings them back; what a law or a person holds stays; dates outlive what they count from. */
#include "records/retire.c"
#include "records/retirebed.h"

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
