#include "records/value.c"
#include "base/test.h"

static const char *const options[] = { "waiting", "accepted" };
static const struct value_rules poland = { "PL" }, nowhere = { NULL };

/* As text it is what the tree is as text. */
static void shows_the_same(const struct field *f, const struct value *v, const json_t *tree) {
    AUTO(buf_done) struct buf text = BUF(1 << 20), want = BUF(1 << 20);
    value_show(f, v, &text);
    json_text_add(&want, tree);
    CHECK_TEXT(buf_str(&text), buf_str(&want));
}

/* One row: a type, the JSON that comes in, the canonical JSON it becomes (NULL: refused with `says`; "" : not set). */
struct row { enum field_type type; const char *in, *want; enum says says; int64_t number; };
static const struct row rows[] = {
    { T_TEXT, "\"  Wieczór  \"", "\"Wieczór\"", 0, 0 },
    { T_TEXT, "\"e\\u0301\"", "\"é\"", 0, 0 },
    { T_TEXT, "\"a\\nb \\\" \\\\\"", "\"a\\nb \\\" \\\\\"", 0, 0 },
    { T_TEXT, "\"a\\tb\\rc / \\u2028 d\"", "\"a\\u0009b\\u000dc / \xe2\x80\xa8 d\"", 0, 0 },
    { T_TEXT, "\"   \"", "", 0, 0 },
    { T_TEXT, "null", "", 0, 0 },
    { T_TEXT, "12", NULL, SAYS_text, 0 },
    { T_TEXT, "\"a\\u0001\"", NULL, SAYS_bytes, 0 },
    { T_NAME, "\"Ewa Żak\"", "\"Ewa Żak\"", 0, 0 },
    { T_NAME, "\"Ewa\\nŻak\"", NULL, SAYS_lines, 0 },
    { T_NAME, "\"12\"", NULL, SAYS_letters, 0 },
    { T_ADDRESS, "\"ul. Bzowa 1\\n80-001 Gdańsk\"", "\"ul. Bzowa 1\\n80-001 Gdańsk\"", 0, 0 },
    { T_EMAIL, "\" Ewa.Zak@POCZTA.Example \"", "\"Ewa.Zak@poczta.example\"", 0, 0 },
    { T_EMAIL, "\"a+b@x.example\"", "\"a+b@x.example\"", 0, 0 },
    { T_EMAIL, "\"ő@példa.example\"", "\"ő@példa.example\"", 0, 0 },
    { T_EMAIL, "\"a@b\"", NULL, SAYS_email, 0 },
    { T_EMAIL, "\"a..b@x.example\"", NULL, SAYS_email, 0 },
    { T_EMAIL, "\".a@x.example\"", NULL, SAYS_email, 0 },
    { T_EMAIL, "\"a@-x.example\"", NULL, SAYS_email, 0 },
    { T_EMAIL, "\"a b@x.example\"", NULL, SAYS_email, 0 },
    { T_EMAIL, "\"a@x..example\"", NULL, SAYS_email, 0 },
    { T_EMAIL, "\"a@10.0.0.1\"", NULL, SAYS_email, 0 },
    { T_EMAIL, "\"aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaa@x.example\"", NULL, SAYS_email_local, 0 },
    { T_PHONE, "\"22 123 45 67\"", "\"+48221234567\"", 0, 0 },
    { T_PHONE, "\"+36 (1) 123-4567\"", "\"+3611234567\"", 0, 0 },
    { T_PHONE, "\"0048221234567\"", "\"+48221234567\"", 0, 0 },
    { T_PHONE, "\"48221234567\"", "\"+48221234567\"", 0, 0 },
    { T_PHONE, "\"221234\"", NULL, SAYS_phone, 0 },
    { T_PHONE, "\"+4822123456\"", NULL, SAYS_phone, 0 },
    { T_PHONE, "\"call me\"", NULL, SAYS_phone, 0 },
    { T_NUMBER, "12", "12", 0, 12000000 },
    { T_NUMBER, "12.50", "12.5", 0, 12500000 },
    { T_NUMBER, "-0.000001", "-0.000001", 0, -1 },
    { T_NUMBER, "0.1", "0.1", 0, 100000 },
    { T_NUMBER, "0.00012", "0.00012", 0, 120 },
    { T_NUMBER, "\"0.000012\"", "0.000012", 0, 12 },
    { T_NUMBER, "\"123456789012.345\"", "123456789012.345", 0, INT64_C(123456789012345000) },
    { T_NUMBER, "\"123456789012.654321\"", "123456789012.654321", 0, INT64_C(123456789012654321) },
    { T_NUMBER, "1e3", "1000", 0, 1000000000 },
    { T_NUMBER, "0.1234567", NULL, SAYS_number_digits, 0 },
    { T_NUMBER, "1234567890123", NULL, SAYS_number_digits, 0 },
    { T_NUMBER, "1e300", NULL, SAYS_number_digits, 0 },
    { T_NUMBER, "\"twelve\"", NULL, SAYS_number, 0 },
    { T_NUMBER, "true", NULL, SAYS_number, 0 },
    { T_MONEY, "{\"amount\":\"12.5\",\"currency\":\"EUR\"}", "{\"amount\":\"12.50\",\"currency\":\"EUR\"}", 0, 12500000 },
    { T_MONEY, "{\"currency\":\"JPY\",\"amount\":1200}", "{\"amount\":\"1200\",\"currency\":\"JPY\"}", 0, INT64_C(1200000000) },
    { T_MONEY, "{\"amount\":\"-0.00\",\"currency\":\"PLN\"}", "{\"amount\":\"0.00\",\"currency\":\"PLN\"}", 0, 0 },
    { T_MONEY, "\"1200 HUF\"", "{\"amount\":\"1200.00\",\"currency\":\"HUF\"}", 0, INT64_C(1200000000) },
    { T_MONEY, "{\"amount\":12.5,\"currency\":\"EUR\"}", NULL, SAYS_money_real, 0 },
    { T_MONEY, "{\"amount\":\"12.505\",\"currency\":\"EUR\"}", NULL, SAYS_money_digits, 0 },
    { T_MONEY, "{\"amount\":\"12.5\",\"currency\":\"XXQ\"}", NULL, SAYS_currency, 0 },
    { T_MONEY, "{\"amount\":\"12.5\",\"currency\":\"EUR\",\"x\":1}", NULL, SAYS_money, 0 },
    { T_TIME, "\"2026-11-22T10:00:00+01:00\"", "\"2026-11-22T09:00:00Z\"", 0, INT64_C(1795338000000000) },
    { T_TIME, "\"2026-11-22T10:00:00\"", NULL, SAYS_time, 0 },
    { T_TIME, "\"2026-02-30T10:00:00Z\"", NULL, SAYS_time, 0 },
    { T_DATE, "\"1970-01-02\"", "\"1970-01-02\"", 0, 1 },
    { T_DATE, "\"2026-13-01\"", NULL, SAYS_date, 0 },
    { T_YESNO, "true", "true", 0, 1 },
    { T_YESNO, "\"true\"", NULL, SAYS_yesno, 0 },
    { T_ONE_OF, "\"accepted\"", "\"accepted\"", 0, 1 },
    { T_ONE_OF, "\"gone\"", NULL, SAYS_option, 0 },
    { T_REFERENCE, "\"0190AF00-0000-7000-8000-000000000001\"", "\"0190af00-0000-7000-8000-000000000001\"", 0, 0 },
    { T_REFERENCE, "\"17\"", NULL, SAYS_reference, 0 },
    { T_FILE, "\"x\"", NULL, SAYS_file, 0 },
    { T_FILE, "null", "", 0, 0 },
    { T_PLACE, "{\"lon\":21.01,\"lat\":52.230}", "{\"lat\":52.23,\"lon\":21.01}", 0, 0 },
    { T_PLACE, "{\"lon\":-0.000013,\"lat\":10}", "{\"lat\":10,\"lon\":-0.000013}", 0, 0 },
    { T_PLACE, "{\"lat\":91,\"lon\":0}", NULL, SAYS_place_range, 0 },
    { T_PLACE, "{\"lat\":1}", NULL, SAYS_place, 0 },
    { T_JSON, "{\"b\":[1,2],\"a\":\"x\"}", "{\"a\":\"x\",\"b\":[1,2]}", 0, 0 },
    { T_JSON, "{\"z\":0.1,\"y\":1e-7,\"x\":\"a\\tb.e/\\u0001\",\"w\":[true,null,-0,12345678901234567890.5,{}]}",
      "{\"w\":[true,null,0,1.2345678901234567e19,{}],\"x\":\"a\\tb.e/\\u0001\",\"y\":9.9999999999999995e-8,\"z\":0.10000000000000001}", 0, 0 },
    { T_JSON, "\"text\"", "\"text\"", 0, 0 },
    { T_COUNTER, "7", "7", 0, 7 },
    { T_COUNTER, "-1", NULL, SAYS_counter, 0 },
    { T_COUNTER, "1.5", NULL, SAYS_counter, 0 },
};

TEST(values_take_one_form) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(arena_free) struct arena *a = arena_new(1 << 20);
        struct field f = { .type = rows[i].type, .options = options, .option_count = 2 };
        json_t *in = json_loads(rows[i].in, JSON_DECODE_ANY, NULL);
        struct raw raw = raw_json(in);
        struct value v = { 0 }, again = { 0 };
        struct say why = { 0 };
        bool ok = value_read(&f, &raw, &poland, a, &v, &why);
        if (ok != (rows[i].want != NULL) || (!ok && why.says != rows[i].says) || (ok && v.set != (rows[i].want[0] != 0)))
            fprintf(stderr, "row %zu: %s: %s\n", i, rows[i].in, ok ? v.json : says_text(why.says, LANG_EN));
        CHECK(ok == (rows[i].want != NULL));
        if (!ok)
            CHECK(why.says == rows[i].says);
        if (ok)
            CHECK(v.set == (rows[i].want[0] != 0));
        if (ok && v.set) {
            CHECK_TEXT(v.json, rows[i].want);
            if (v.number != rows[i].number)
                fprintf(stderr, "row %zu: %s sorts by %lld\n", i, rows[i].in, (long long)v.number);
            CHECK(v.number == rows[i].number);
            CHECK(value_open(&f, (struct slice){ v.json, v.len }, a, &again));
            CHECK(value_same(&v, &again) && again.number == v.number);
            CHECK_TEXT(again.text, v.text);
            json_t *shown = value_json(&f, &again);
            shows_the_same(&f, &again, shown);
            struct raw back = raw_json(shown);
            struct value third = { 0 };
            bool same = value_read(&f, &back, &nowhere, a, &third, &why) && value_same(&v, &third);      /* a fixed point */
            if (!same)
                fprintf(stderr, "row %zu: %s reads back as %s: %s\n", i, v.json, third.json, says_text(why.says, LANG_EN));
            CHECK(same);
            json_decref(shown);
        }
        json_decref(in);
    }
}

TEST(cells_of_tables) {
    static const struct { enum field_type type; const char *in; bool comma; const char *want; } cells[] = {
        { T_NUMBER, "12,5", true, "12.5" }, { T_NUMBER, "12,5", false, NULL }, { T_YESNO, "Tak", false, "true" }, { T_YESNO, "0", false, "false" },
        { T_MONEY, "12,50 PLN", true, "{\"amount\":\"12.50\",\"currency\":\"PLN\"}" }, { T_PLACE, "52.23 21.01", false, "{\"lat\":52.23,\"lon\":21.01}" },
        { T_JSON, "{\"a\":1}", false, "{\"a\":1}" }, { T_JSON, "{", false, NULL }, { T_COUNTER, "07", false, "7" }, { T_TEXT, "12", false, "\"12\"" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
        AUTO(arena_free) struct arena *a = arena_new(1 << 20);
        struct field f = { .type = cells[i].type };
        struct raw raw = raw_cell(cells[i].in, strlen(cells[i].in), cells[i].comma);
        struct value v = { 0 };
        struct say why = { 0 };
        CHECK(value_read(&f, &raw, &poland, a, &v, &why) == (cells[i].want != NULL));
        if (cells[i].want != NULL)
            CHECK_TEXT(v.json, cells[i].want);
    }
    AUTO(arena_free) struct arena *a = arena_new(1 << 20);
    struct field f = { .type = T_JSON };
    struct raw null = raw_cell("null", 4, false);
    struct value v = { .set = true };
    struct say why = { 0 };
    CHECK(value_read(&f, &null, &poland, a, &v, &why) && !v.set);        /* as null in a body */
    for (size_t depth = JSON_VALUE_DEPTH - 1; depth <= JSON_VALUE_DEPTH + 2; depth++) {      /* lists in an object */
        AUTO(buf_done) struct buf b = BUF(1000);
        buf_text(&b, "{\"a\":");
        for (size_t i = 1; i < 2 * depth - 1; i++)
            buf_char(&b, i < depth ? '[' : ']');
        buf_char(&b, '}');
        struct raw deep = raw_cell(buf_str(&b), b.len, false);
        CHECK(value_read(&f, &deep, &poland, a, &v, &why) == (depth <= JSON_VALUE_DEPTH));
        CHECK(depth <= JSON_VALUE_DEPTH || (why.says == SAYS_json_deep && strcmp(why.arg, "30") == 0));
    }
}

TEST(phones_by_country) {
    static const struct { const char *country, *in, *want; } row[] = {
        { "HU", "06 1 123 4567", "+3611234567" }, { "HU", "06-20-123-4567", "+36201234567" }, { "DE", "030 1234567", "+49301234567" },
        { "IT", "06 1234567", "+39061234567" }, { "GB", "020 7946 0000", "+442079460000" }, { "DK", "32 12 34 56", "+4532123456" },
        { "PL", "+1 202 555 0100", "+12025550100" }, { NULL, "221234567", NULL }, { "PL", "+0221234567", NULL }, { "PL", "22+1234567", NULL },
        { "PL", "+999123456789", "+999123456789" }, { "PL", "123456789012345678901234567890", NULL }, { "PL", "", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        char got[20] = "";
        bool ok = phone_read(row[i].in, strlen(row[i].in), row[i].country, got);
        if (ok != (row[i].want != NULL))
            fprintf(stderr, "row %zu: %s\n", i, got);
        CHECK(ok == (row[i].want != NULL));
        if (ok)
            CHECK_TEXT(got, row[i].want);
    }
}

TEST(no_memory_is_not_the_senders_mistake) {
    for (size_t n = 1; n <= 3; n++) {
        AUTO(arena_free) struct arena *a = arena_new(64);
        struct field f = { .type = T_TEXT };
        char text[200];
        memset(text, 'x', sizeof text);
        struct raw raw = raw_cell(text, sizeof text, false);
        struct value v = { 0 };
        struct say why = { .says = SAYS_text };
        CHECK(!value_read(&f, &raw, &poland, a, &v, &why) && why.says == SAYS_OK && !v.set);
    }
}

TEST(mistakes_speak_three_languages) {
    static const struct { enum lang lang; const char *text; } want[] = {
        { LANG_EN, "has more than 200 characters" }, { LANG_PL, "ma więcej niż 200 znaków" }, { LANG_HU, "200 karakternél hosszabb" } };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        AUTO(mistakes_done) struct mistakes m = { .lang = want[i].lang };
        struct err e = { 0 };
        json_t *list = NULL;
        mistakes_add(&m, "/name", SAYS_long, "200");
        CHECK(mistakes_any(&m));
        CHECK(mistakes_take(&m, &list, &e) == E_FIELDS);
        CHECK_TEXT(json_string_value(json_object_get(json_array_get(list, 0), "text")), want[i].text);
        CHECK_TEXT(e.field, "/name");
        json_decref(list);
    }
    for (int s = SAYS_OK + 1; s < SAYS_COUNT; s++)
        for (int l = 0; l < LANG_COUNT; l++)
            CHECK(says_text((enum says)s, (enum lang)l)[0] != 0);
}
