/* decimal_test.c — numbers and money as rows: what is read, in which form it is kept, what is refused. */
#include "records/decimal.c"
#include "base/test.h"

TEST(decimals_have_one_form) {
    static const struct { const char *text; bool comma; const char *want; int64_t micro; } row[] = {
        { "12.50", false, "12.5", 12500000 }, { "-0.0", false, "0", 0 }, { "+007", false, "7", 7000000 }, { "0.000001", false, "0.000001", 1 },
        { "999999999999.999999", false, "999999999999.999999", INT64_C(999999999999999999) }, { "-1,5", true, "-1.5", -1500000 },
        { "1,5", false, NULL, 0 }, { "1.", false, NULL, 0 }, { ".5", false, NULL, 0 }, { "", false, NULL, 0 }, { "-", false, NULL, 0 }, { "1e3", false, NULL, 0 },
        { "0.0000001", false, NULL, 0 }, { "1000000000000", false, NULL, 0 }, { "1 000", false, NULL, 0 }, { "--1", false, NULL, 0 }, { "1.5.2", false, NULL, 0 },
        { "0.1000000000", false, "0.1", 100000 }, { "000000000000001", false, "1", 1000000 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct decimal d = { "", 0 };
        bool fine = decimal_read(row[i].text, strlen(row[i].text), row[i].comma, &d);
        CHECK(fine == (row[i].want != NULL));
        if (fine) {
            CHECK_TEXT(d.text, row[i].want);
            CHECK_INT(d.micro, row[i].micro);
        }
    }
}

TEST(amounts_have_the_places_of_their_currency) {
    static const struct { const char *text; int places; const char *want; } row[] = {
        { "12.5", 2, "12.50" }, { "12", 2, "12.00" }, { "12", 0, "12" }, { "-0.10", 2, "-0.10" }, { "0", 2, "0.00" }, { "-0", 2, "0.00" }, { "1.2345", 3, NULL }, { "12.5", 0, NULL },
        { "1234567890123.45", 2, "1234567890123.45" }, { "12345678901234.5", 2, NULL }, { "12.50", 1, "12.5" }, { "1.234", 3, "1.234" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        char ret[40] = "";
        bool fine = amount_read(row[i].text, strlen(row[i].text), false, row[i].places, ret);
        CHECK(fine == (row[i].want != NULL));
        if (fine)
            CHECK_TEXT(ret, row[i].want);
    }
    CHECK(currency_places("PLN") == 2 && currency_places("JPY") == 0 && currency_places("KWD") == 3 && currency_places("XXX") == -1 && currency_places("ZWG") == 2);
    CHECK(currency_places("LN ") == -1);       /* no code begins inside another */
}
