/* told_test.c — values as people read them, in three languages. */
#include "records/told.c"
#include "base/test.h"
#include "charter/load.h"

static const char charter[] =
    "charter: shop\ntitle: {en: Shop}\nupdated: 2026-11-22\nclock: Europe/Warsaw\nspeaks: [pl, en, hu]\noperator:\n  name: Shop\n  country: PL\n  contact: a@shop.example\n  authority: UODO\n"
    "people:\n  owner: whoever runs it\ntenant: owner\nrecords:\n  thing:\n    belongs_to: owner\n    holds:\n      text: text\n      when: time\n      day: date\n      price: money\n"
    "      fine: yes/no\n      size: number\n      where: place\n      status: one of open | closed\n    keep: until the owner deletes it\nwho_sees:\n  owner: everything of own thing\n";

TEST(each_type_in_each_language) {
    static const struct { const char *field, *json, *in[LANG_COUNT]; } rows[] = {
        { "text", "\"a\\nb\"", { "a\nb", "a\nb", "a\nb" } },
        { "when", "\"2027-06-03T12:05:00Z\"", { "3 June 2027, 14:05", "3 czerwca 2027, 14:05", "2027. június 3. 14:05" } },
        { "day", "\"2027-06-03\"", { "3 June 2027", "3 czerwca 2027", "2027. június 3." } },
        { "price", "{\"amount\": \"12.50\", \"currency\": \"EUR\"}", { "12.50 EUR", "12,50 EUR", "12,50 EUR" } },
        { "fine", "true", { "Yes", "Tak", "Igen" } }, { "fine", "false", { "No", "Nie", "Nem" } },
        { "size", "12.5", { "12.5", "12,5", "12,5" } }, { "size", "7", { "7", "7", "7" } },
    };
    AUTO(findings_free) struct findings *f = findings_new();
    struct charter *c = NULL;
    struct err e;
    CHECK_OK(charter_load_text("shop.yaml", charter, sizeof charter - 1, f, &c, &e), &e);
    const struct kind *k = charter_kind_at(c, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int lang = 0; lang < LANG_COUNT; lang++) {
            AUTO(buf_done) struct buf b = BUF(1000);
            json_t *v = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
            CHECK(v != NULL && value_told(&b, c, &k->fields[kind_field(k, rows[i].field)], v, (enum lang)lang));
            CHECK_TEXT(buf_str(&b), rows[i].in[lang]);
            json_decref(v);
        }
    AUTO(buf_done) struct buf none = BUF(100);
    json_t *null = json_null();
    CHECK(!value_told(&none, c, &k->fields[0], null, LANG_EN) && !value_told(&none, c, &k->fields[0], NULL, LANG_EN) && none.len == 0);
    charter_free(c);
}
