/* prices_test.c — each mistake has its place, and the longest prefix counts. */
#include "charter/prices.c"

#include "base/test.h"

static enum code load(const char *text, struct findings *f, struct prices **ret) {
    struct err e;
    return prices_load_text("prices.csv", text, strlen(text), f, ret, &e);
}

TEST(money) {
    static const struct { const char *text; int64_t micros; const char *again; } rows[] = {
        { "0", 0, "0.00" }, { "0.045", 45000, "0.045" }, { "50", 50000000, "50.00" }, { "50.00", 50000000, "50.00" }, { "0.000001", 1, "0.000001" }, { "1.5", 1500000, "1.50" },
        { "999999999.999999", INT64_C(999999999999999), "999999999.999999" }, { "0.10", 100000, "0.10" },
    };
    static const char *const none[] = { "", ".", ".5", "1.", "-1", "+1", "1,5", "1 ", " 1", "1e3", "1234567890", "0.1234567", "0x1", "1.2.3" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t got = -1;
        char text[PRICE_TEXT];
        CHECK(price_micros(rows[i].text, strlen(rows[i].text), &got));
        CHECK_INT(got, rows[i].micros);
        CHECK_TEXT(price_text(got, text), rows[i].again);
    }
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        int64_t got = -1;
        CHECK(!price_micros(none[i], strlen(none[i]), &got) && got == -1);
    }
}

TEST(the_longest_prefix_counts) {
    static const char list[] = "prefix,price,currency\n# of November\n\n+48,0.045,EUR\r\n+48,0.19,PLN\n +447797 , 0.30 , EUR\n+44,0.05,EUR\n+43, 0.07,EUR\n+380,0.09,USD";
    static const struct { const char *number, *currency; int64_t micros; const char *in; } rows[] = {
        { "+48601234567", "EUR", 45000, "EUR" }, { "+48601234567", "PLN", 190000, "PLN" }, { "+48601234567", NULL, 45000, "EUR" }, { "+48601234567", "USD", -1, "" },
        { "+447797123456", "EUR", 300000, "EUR" }, { "+447400123456", "EUR", 50000, "EUR" }, { "+436641234567", "EUR", 70000, "EUR" }, { "+4", "EUR", -1, "" },
        { "+49151123456", "EUR", -1, "" }, { "+380501234567", "EUR", -1, "" }, { "+380501234567", NULL, 90000, "USD" }, { "+38", NULL, -1, "" }, { "", NULL, -1, "" },
    };
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(prices_free) struct prices *p = NULL;
    CHECK(load(list, f, &p) == OK && prices_count(p) == 6);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t got = -1;
        const char *in = "";
        CHECK_INT(price_of(p, rows[i].number, rows[i].currency, &got, &in), rows[i].micros >= 0);
        CHECK_INT(got, rows[i].micros);
        CHECK_TEXT(in, rows[i].in);
    }
    int64_t none = 5;
    const char *in = "";
    CHECK(!price_of(NULL, "+48601234567", NULL, &none, &in) && none == 5 && prices_count(NULL) == 0);
}

TEST(mistakes_with_their_places) {
    static const struct { const char *text; const char *want; } rows[] = {
        { "+48,0.045\n", "1:1 price;" }, { "+48;0.045;EUR\n", "1:1 price;" }, { "\n\n48,0.045,EUR\n", "3:1 price-prefix;" }, { "+422,0.045,EUR\n", "1:1 price-prefix;" },
        { "+48, x,EUR\n", "1:6 price;" }, { "+48,-1,EUR\n", "1:5 price;" }, { "+48,0.045,eur\n", "1:11 price-currency;" }, { "+48,0.045,EUR,\n", "1:1 price;" },
        { "+48,a,b\n+0,1,EUR\n", "1:5 price;1:7 price-currency;2:1 price-prefix;" }, { "+48,1,EUR\n+44,1,EUR\n+48,2,EUR\n", "3:1 named-twice;" }, { "prefix,price\n", "1:1 price;" },
        { "+48,1,EUR\nprefix,price,currency\n", "2:1 price-prefix;2:8 price;2:14 price-currency;" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(buf_done) struct buf got = BUF(4096);
        struct prices *p = NULL;
        const struct finding *list;
        CHECK(load(rows[i].text, f, &p) == E_CONFIG && p == NULL);
        size_t n = findings_list(f, &list);
        for (size_t k = 0; k < n; k++)
            buf_printf(&got, "%d:%d %s;", list[k].pos.line, list[k].pos.column, list[k].id);
        CHECK_TEXT(buf_str(&got), rows[i].want);
    }
    AUTO(findings_free) struct findings *f = findings_new();
    struct prices *p = NULL;
    struct err e;
    CHECK(load("", f, &p) == OK && prices_count(p) == 0);
    p = prices_free(p);
    CHECK(prices_load("/nonexistent/prices.csv", f, &p, &e) == E_NOT_FOUND && p == NULL);
    AUTO(buf_done) struct buf large = BUF((size_t)1 << 20);
    for (unsigned i = 0; i <= PRICES_MAX; i++)
        buf_printf(&large, "+48%05u,0.04,EUR\n", i);
    CHECK(prices_load_text("prices.csv", buf_str(&large), large.len, f, &p, &e) == E_TOO_LARGE && p == NULL);
}
