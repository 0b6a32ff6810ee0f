/* number_test.c — which numbers are mobile ones of which country: golden rows, every calling code of the world, and every row of the table. */
#include "messages/number.c"

#include <stdio.h>

#include "base/test.h"

static struct number of(const char *text, const char *country) {
    struct number n = { .type = NUMBER_UNKNOWN };
    if (!number_read(text, strlen(text), country, &n))
        n.e164[0] = 0;
    return n;
}

TEST(numbers_as_people_write_them) {
    static const struct { const char *text, *country, *e164, *code, *is; enum number_type type; } rows[] = {
        { "+48 601 234 567", NULL, "+48601234567", "+48", "PL", NUMBER_MOBILE }, { "0048 601-234-567", NULL, "+48601234567", "+48", "PL", NUMBER_MOBILE },
        { "601 234 567", "PL", "+48601234567", "+48", "PL", NUMBER_MOBILE }, { "48601234567", "PL", "+48601234567", "+48", "PL", NUMBER_MOBILE },
        { "06 20 123 4567", "HU", "+36201234567", "+36", "HU", NUMBER_MOBILE }, { "(06-1) 234 5678", "HU", "+3612345678", "+36", "HU", NUMBER_FIXED },
        { "0664 1234567", "AT", "+436641234567", "+43", "AT", NUMBER_MOBILE }, { "07400 123456", "GB", "+447400123456", "+44", "GB", NUMBER_MOBILE },
        { "+48 22 123 45 67", NULL, "+48221234567", "+48", "PL", NUMBER_FIXED }, { "+48 701 234 567", NULL, "+48701234567", "+48", "PL", NUMBER_PREMIUM },
        { "+48 801 234 567", NULL, "+48801234567", "+48", "PL", NUMBER_SHARED }, { "+48 800 234 567", NULL, "+48800234567", "+48", "PL", NUMBER_FREE },
        { "+48 390 234 567", NULL, "+48390234567", "+48", "PL", NUMBER_VOIP }, { "+36 90 123 456", NULL, "+3690123456", "+36", "HU", NUMBER_PREMIUM },
        { "+36 21 123 4567", NULL, "+36211234567", "+36", "HU", NUMBER_VOIP }, { "+44 7012 345678", NULL, "+447012345678", "+44", "GB", NUMBER_PERSONAL },
        { "+44 7612 345678", NULL, "+447612345678", "+44", "GB", NUMBER_PAGER }, { "+44 909 8790000", NULL, "+449098790000", "+44", "GB", NUMBER_PREMIUM },
        { "+44 844 123 4567", NULL, "+448441234567", "+44", "GB", NUMBER_SHARED }, { "+49 171 1234567", NULL, "+491711234567", "+49", "DE", NUMBER_MOBILE },
        { "+49 180 5123456", NULL, "+491805123456", "+49", "DE", NUMBER_SHARED }, { "+49 900 1123456", NULL, "+499001123456", "+49", "DE", NUMBER_PREMIUM },
        { "+49 700 12345678", NULL, "+4970012345678", "+49", "DE", NUMBER_PERSONAL }, { "+49 164 123456", NULL, "+49164123456", "+49", "DE", NUMBER_PAGER },
        { "+39 347 123 4567", NULL, "+393471234567", "+39", "IT", NUMBER_MOBILE }, { "+39 899 123456", NULL, "+39899123456", "+39", "IT", NUMBER_PREMIUM },
        { "+33 6 12 34 56 78", NULL, "+33612345678", "+33", "FR", NUMBER_MOBILE }, { "+33 8 99 12 34 56", NULL, "+33899123456", "+33", "FR", NUMBER_PREMIUM },
        { "0690 12 34 56", "FR", "+33690123456", "+33", "FR", NUMBER_UNKNOWN }, { "+33 639 12 34 56", NULL, "+33639123456", "+33", "FR", NUMBER_UNKNOWN }, { "06 97 12 34 56", "FR", "+33697123456", "+33", "FR", NUMBER_UNKNOWN },
        { "06 38 12 34 56", "FR", "+33638123456", "+33", "FR", NUMBER_MOBILE }, { "06 98 12 34 56", "FR", "+33698123456", "+33", "FR", NUMBER_MOBILE },
        { "+31 6 12345678", NULL, "+31612345678", "+31", "NL", NUMBER_MOBILE }, { "+31 66 1234567", NULL, "+31661234567", "+31", "NL", NUMBER_PAGER },
        { "+353 85 012 3456", NULL, "+353850123456", "+353", "IE", NUMBER_MOBILE }, { "+353 85 512 34567", NULL, "", "", "", NUMBER_UNKNOWN },
        { "+372 5123 4567", NULL, "+37251234567", "+372", "EE", NUMBER_MOBILE }, { "+46 74 123 45 67", NULL, "+46741234567", "+46", "SE", NUMBER_PAGER },
        { "+881 6 1234 5678", NULL, "+881612345678", "+881", "", NUMBER_SATELLITE }, { "+870 773 123 456", NULL, "+870773123456", "+870", "", NUMBER_SATELLITE },
        { "+979 1 2345 6789", NULL, "+979123456789", "+979", "", NUMBER_PREMIUM },
        { "+1 212 555 0100", NULL, "+12125550100", "+1", "US", NUMBER_UNKNOWN }, { "+422 912 345 678", NULL, "", "", "", NUMBER_UNKNOWN },
        { "601 234 567", NULL, "", "", "", NUMBER_UNKNOWN }, { "+48 601 234 56", NULL, "", "", "", NUMBER_UNKNOWN }, { "tak", "PL", "", "", "", NUMBER_UNKNOWN }, { "", "PL", "", "", "", NUMBER_UNKNOWN },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct number n = of(rows[i].text, rows[i].country);
        CHECK_TEXT(n.e164, rows[i].e164);
        CHECK_TEXT(n.code, rows[i].code);
        CHECK_TEXT(n.country, rows[i].is);
        CHECK_INT(n.type, rows[i].type);
    }
}

TEST(who_shares_a_code_is_somebody_else) {
    static const struct { const char *number, *country; enum number_type type; bool own; } rows[] = {
        { "+447400123456", "GB", NUMBER_MOBILE, true }, { "+447797123456", "JE", NUMBER_MOBILE, false }, { "+447509123456", "JE", NUMBER_MOBILE, false },
        { "+447700312345", "JE", NUMBER_MOBILE, false }, { "+447700900123", "GB", NUMBER_MOBILE, true }, { "+447829123456", "JE", NUMBER_MOBILE, false },
        { "+447781123456", "GG", NUMBER_MOBILE, false }, { "+447839123456", "GG", NUMBER_MOBILE, false }, { "+447911123456", "GG", NUMBER_MOBILE, false },
        { "+447624123456", "IM", NUMBER_MOBILE, false }, { "+447924123456", "IM", NUMBER_MOBILE, false }, { "+447524123456", "IM", NUMBER_MOBILE, false },
        { "+447457612345", "IM", NUMBER_MOBILE, false }, { "+447457512345", "GB", NUMBER_MOBILE, true }, { "+441534123456", "JE", NUMBER_FIXED, false },
        { "+393471234567", "IT", NUMBER_MOBILE, true }, { "+390669812345", "VA", NUMBER_FIXED, false }, { "+390668812345", "IT", NUMBER_FIXED, true },
        { "+37966982123", "VA", NUMBER_UNKNOWN, true }, { "+38344123456", "XK", NUMBER_MOBILE, true }, { "+38161123456", "RS", NUMBER_MOBILE, true },
        { "+38643123456", "SI", NUMBER_UNKNOWN, true }, { "+38649123456", "SI", NUMBER_UNKNOWN, true }, { "+38641123456", "SI", NUMBER_MOBILE, true },
        { "+358457123456", "FI", NUMBER_MOBILE, true }, { "+35818123456", "FI", NUMBER_FIXED, true }, { "+77011234567", "RU", NUMBER_UNKNOWN, true }, { "+4779123456", "NO", NUMBER_FIXED, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct number n = of(rows[i].number, NULL);
        CHECK_TEXT(n.e164, rows[i].number);
        CHECK_TEXT(n.country, rows[i].country);
        CHECK_INT(n.type, rows[i].type);
        CHECK_INT(n.own, rows[i].own);
        CHECK_INT(number_within(&n, n.code), rows[i].own);
    }
}

TEST(prefixes) {
    struct number jersey = of("+447797123456", NULL), pole = of("+48601234567", NULL);
    CHECK(number_within(&jersey, "+447797") && !number_within(&jersey, "+447") && !number_within(&jersey, "+44779") && number_within(&jersey, "+44779712") && !number_within(&jersey, "+447911") && !number_within(&jersey, "+44"));
    CHECK(number_within(&pole, "+48") && number_within(&pole, "+486") && !number_within(&pole, "+4") && !number_within(&pole, "48") && !number_within(&pole, "+49") && !number_within(&pole, ""));
    static const char *const valid[] = { "+48", "+447797", "+1", "+1242", "+881" }, *const none[] = { "", "+", "+4", "48", "+0", "+422", "+48 6", "+48a", "+999", "+4812345678901234" };
    for (size_t i = 0; i < ARRAY_LEN(valid); i++)
        CHECK(number_prefix_valid(valid[i]));
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        CHECK(!number_prefix_valid(none[i]) && !number_prefix_known(none[i]));
    CHECK(number_prefix_known("+43") && number_prefix_known("+447797") && number_prefix_known("+44") && number_prefix_known("+380") && number_prefix_known("+4366"));
    CHECK(!number_prefix_known("+1") && !number_prefix_known("+7") && !number_prefix_known("+881") && !number_prefix_known("+379") && !number_prefix_known("+4322") && !number_prefix_known("+39066"));
}

/* Each beginning of each row, filled up to the shortest and the longest number: such a number has a type unless a longer beginning says otherwise. */
static void row_of_numbers(const struct range *r, const char *begin, size_t begin_len) {
    for (size_t len = r->min; len <= r->max; len++) {
        char national[32];
        struct number n = { .type = NUMBER_UNKNOWN };
        memcpy(national, begin, begin_len);
        for (size_t i = begin_len; i < len; i++)
            national[i] = (char)('1' + (i * 7 + begin_len) % 9);
        national[len] = 0;
        type_find(calling_of(r->code), national, &n);
        bool longer = false;
        for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
            longer |= strcmp(ranges[i].code, r->code) == 0 && begins_with(ranges[i].begins, national) > begin_len;
        CHECK(longer || n.type == r->type);
    }
}

TEST(every_row_of_the_table) {
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        const struct range *r = &ranges[i];
        const struct calling *c = calling_of(r->code);
        CHECK_TEXT(c == NULL ? "none" : c->code, r->code);
        CHECK(c != NULL && r->min <= r->max && strlen(r->code) + r->max <= 15 + 2 && r->type != NUMBER_UNKNOWN && (*r->country == 0) == (*c->country == 0));
        for (const char *p = r->begins; *(p += strspn(p, " ")) != 0; p += strcspn(p, " ")) {
            size_t whole = strcspn(p, " "), n = strcspn(p, " -");
            CHECK(strspn(p, "0123456789") == n && n >= 1 && n <= r->min && (whole == n || (whole == 2 * n + 1 && memcmp(p, p + n + 1, n) < 0)));
            row_of_numbers(r, p, n);
        }
    }
}

/* D-15, D-17: over every calling code of the world, and every beginning of three digits behind it, the list lets its own countries' mobile numbers through and nothing else. */
static const char *const listed[] = { "+36", "+32", "+359", "+385", "+357", "+420", "+45", "+372", "+358", "+33", "+49", "+30", "+353", "+39", "+371", "+423", "+370", "+352", "+356", "+31", "+47", "+48",
                                      "+351", "+40", "+421", "+386", "+34", "+46", "+41", "+44", "+43" };

static bool let_through(const char *text) {
    struct number n;
    bool within = false;
    if (!number_read(text, strlen(text), NULL, &n) || n.type != NUMBER_MOBILE)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(listed); i++)
        within |= number_within(&n, listed[i]);
    return within;
}

TEST(all_codes_of_the_world) {
    const struct calling *all;
    size_t count = calling_all(&all), passing = 0;
    for (size_t i = 0; i < count; i++) {
        bool in_list = false, any = false;
        for (size_t k = 0; k < ARRAY_LEN(listed); k++)
            in_list |= strcmp(listed[k] + 1, all[i].code) == 0;
        for (int begin = 0; begin < 1000; begin++)
            for (size_t len = 4; len <= 12; len++) {
                char text[32];
                snprintf(text, sizeof text, "+%s%03d%.*s", all[i].code, begin, (int)len - 3, "123456789");
                any |= let_through(text);
            }
        CHECK_INT(any, in_list);
        passing += any;
    }
    CHECK_INT(passing, 31);
    static const char *const refused[] = { "+35057123456", "+3546112345", "+35569123456", "+37369123456", "+37491123456", "+375291234567", "+376312345", "+377612345678", "+37866661212",
                                           "+37966982123", "+380501234567", "+38161123456", "+38267123456", "+38344123456", "+38761123456", "+38970123456", "+422901123456", "+905321234567",
                                           "+79161234567", "+12125550100", "+447797123456", "+447624123456", "+390669812345", "+48701234567", "+48221234567", "+4474", "0048", "+" };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        CHECK(!let_through(refused[i]));
}
