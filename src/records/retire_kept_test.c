/* retire_kept_test.c — what is held, restricted or belongs to something that stays: what goes of it, what does not, and what is told of it. */
#include "records/retire.h"
#include "records/retirebed.h"

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
