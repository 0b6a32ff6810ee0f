/* held_test.c — what a law or a named person keeps, part by part, and until when. */
#include "records/held.c"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "records/service.h"

static const char books_charter[] =
    CHARTER_HEAD("books", "PL", "Europe/Warsaw")
    "people:\n  client: a person who buys\n  shop: the customer\n"
    "tenant: shop\n"
    "records:\n"
    "  sale:\n"
    "    we_are: processor for the shop\n"
    "    belongs_to: shop\n"
    "    about: client\n"
    "    because: contract with the shop\n"
    "    used_for: [selling]\n"
    "    holds:\n"
    "      total: money\n"
    "      sold: date, optional\n"
    "      name: personal text\n"
    "      wish: sensitive text, optional, only with consent wish\n"
    "    keep:\n"
    "      - fields: total, wish\n"
    "        for: 5 years after end of year of sold, then erase\n"
    "        because: law Ustawa o rachunkowości art. 74\n"
    "      - fields: name\n"
    "        for: 30 days after sold, then erase\n"
    "      - fields: sold\n"
    "        for: 6 years after end of year of sold, then erase\n"
    "        because: law Ordynacja podatkowa art. 86\n"
    "who_sees:\n  shop: everything of own sale\n  support: nothing personal, unless the tenant opens a window of at most 4 hours\n"
    "sign_in:\n  shop: password of 12 characters and a second step\n"
    "agreement: needed before any personal data\n"
    "logs: kept 30 days, masked when written\n"
    "rights: answered within 1 month\nbreach: controller within 24 hours, authority within 72 hours\ncookies: none but those needed\nnot_sealed: []\nclaims: []\n";

enum { MAIN = 1, WISH = 2, NAME = 4, SOLD = 8 };
static struct uuid sale(struct bed *b, const char *sold) {
    struct caller boss = bed_role(b, b->tenant, "shop");
    json_t *got = NULL, *in = json_pack("{s:{s:s,s:s}, s:s, s:s, s:{s:b}}", "total", "amount", "12.50", "currency", "PLN", "name", "Ewa", "wish", "bez orzechów", "consents", "wish", 1);
    if (sold != NULL)
        json_object_set_new(in, "sold", json_string(sold));
    CHECK_OK(bed_make(b, &boss, "sale", in, &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

static uint64_t held(struct bed *b, const struct uuid *id, const char *at, unsigned by) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(view_end) struct view *v = NULL;
    struct record r;
    usec_t now;
    uint64_t parts = 99;
    CHECK(time_parse(at, &now));
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(record_load(view_sql(v), service_kind(b->service, 0), id, arena, &r, &b->e), &b->e);
    CHECK_OK(held_parts(view_sql(v), &r, now, by, &parts, &b->e), &b->e);
    return parts;
}

TEST(a_law_keeps_its_parts_until_their_date) {
    struct bed b;
    bed_start(&b, books_charter);
    const struct kind *k = charter_kind_at(b.charter, 0);
    CHECK_INT(k->part_count, 4);
    CHECK(k->parts[0].by_law && !k->parts[1].by_law && !k->parts[2].by_law && k->parts[3].by_law);      /* a consent is no law */
    CHECK_TEXT(k->parts[3].law.in[LANG_HU], "Ordynacja podatkowa art. 86");
    struct uuid sold = sale(&b, "2026-05-04"), open = sale(&b, NULL);
    CHECK_INT(held(&b, &sold, "2027-01-01T00:00:00Z", HELD_BY_LAW), MAIN | SOLD);
    CHECK_INT(held(&b, &sold, "2031-12-31T22:59:59Z", HELD_BY_LAW), MAIN | SOLD);
    CHECK_INT(held(&b, &sold, "2031-12-31T23:00:00Z", HELD_BY_LAW), SOLD);      /* midnight in Warsaw; no row of its own, and the date is another part's */
    CHECK_INT(held(&b, &sold, "2027-01-01T00:00:00Z", HELD_BY_PERSON), 0);
    CHECK_INT(held(&b, &open, "2027-01-01T00:00:00Z", HELD_BY_LAW | HELD_BY_PERSON), 0);      /* the law's time has not begun */
    bed_end(&b);
}

static enum code put(struct txn *t, void *arg, struct err *e) {
    int64_t number;
    return hold_put(t, arg, &number, e);
}
TEST(a_person_keeps_named_parts_or_all) {
    struct bed b;
    bed_start(&b, books_charter);
    struct uuid one = sale(&b, "2026-05-04"), two = sale(&b, NULL);
    struct hold_row h = { .kind = service_kind(b.service, 0)->number, .id = one, .fields = "name", .until = 1900000000000000, .by = "token 1" };
    CHECK_OK(store_write(b.store, b.tenant, put, &h, &b.e), &b.e);
    CHECK_INT(held(&b, &one, "2027-01-01T00:00:00Z", HELD_BY_PERSON), NAME);
    CHECK_INT(held(&b, &one, "2027-01-01T00:00:00Z", HELD_BY_PERSON | HELD_BY_LAW), NAME | MAIN | SOLD);
    CHECK_INT(held(&b, &one, "2039-01-01T00:00:00Z", HELD_BY_PERSON), 0);
    h.fields = "total wish";
    h.until = USEC_NEVER;
    CHECK_OK(store_write(b.store, b.tenant, put, &h, &b.e), &b.e);
    CHECK_INT(held(&b, &one, "2027-01-01T00:00:00Z", HELD_BY_PERSON), NAME | MAIN | WISH);
    CHECK_INT(held(&b, &one, "2039-01-01T00:00:00Z", HELD_BY_PERSON), MAIN | WISH);
    h.fields = "";
    h.id = two;
    CHECK_OK(store_write(b.store, b.tenant, put, &h, &b.e), &b.e);
    CHECK_INT(held(&b, &two, "2039-01-01T00:00:00Z", HELD_BY_PERSON), MAIN | WISH | NAME | SOLD);
    bed_end(&b);
}

TEST(names_are_whole_words) {
    CHECK(names("main", "main") && names("keep2 main", "main"));
    CHECK(!names("", "main") && !names("main+diet", "main") && !names("keep22", "keep2") && !names("keep2", "keep22"));
}

/* The charter puts its groups in another order: what is held is the same. */
TEST(a_hold_outlasts_another_order_of_parts) {
    struct bed b;
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    bed_start(&b, books_charter);
    struct uuid one = sale(&b, "2026-05-04");
    struct hold_row h = { .kind = service_kind(b.service, 0)->number, .id = one, .fields = "name", .until = USEC_NEVER, .by = "token 1" };
    CHECK_OK(store_write(b.store, b.tenant, put, &h, &b.e), &b.e);
    buf_text(&text, books_charter);
    bed_swap(&text, "      - fields: name\n        for: 30 days after sold, then erase\n", "");
    bed_swap(&text, "    keep:\n", "    keep:\n      - fields: name\n        for: 30 days after sold, then erase\n");
    bed_under(&b, buf_str(&text));
    CHECK_OK(service_refit(b.service, NULL, &b.e), &b.e);
    const struct kind *k = charter_kind_at(b.charter, 0);
    CHECK_INT(k->fields[kind_field(k, "name")].part, 0);
    CHECK_INT(held(&b, &one, "2027-01-01T00:00:00Z", HELD_BY_PERSON), 1);
    bed_end(&b);
}
