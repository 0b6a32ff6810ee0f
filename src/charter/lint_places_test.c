/* lint_places_test.c — lists of codes against what is said of them. */
#include "charter/lint_places.c"
#include "base/test.h"

#define EU_CODES "+32 +359 +385 +357 +420 +45 +372 +358 +33 +49 +30 +36 +353 +39 +371 +370 +352 +356 +31 +48 +351 +40 +421 +386 +34 +46"

TEST(compares_codes_with_their_description) {
    static const struct { const char *codes, *described, *want; } row[] = {
        { "+48", "Poland", "" },
        { "+48 +36", "Poland and Hungary", "" },
        { EU_CODES " +43", "the EU", "" },
        { EU_CODES " +43 +44", "the European Union and the United Kingdom", "" },
        { EU_CODES " +43 +354 +423 +47", "EEA", "" },
        { EU_CODES " +43 +41 +44 +47 +423", "the EU, Switzerland, the United Kingdom, Norway and Liechtenstein", "" },
        { EU_CODES " +41 +44 +47 +423", "the EU, Switzerland and the United Kingdom",
          "Austria (+43) described and not in the list; Liechtenstein (+423), Norway (+47) in the list and not described" },
        { "+1", "Canada", "" },
        { "+1", "the United States and Canada", "" },
        { "+48", "Poland and Atlantis", "sejf knows no place called atlantis" },
        { "+48 +999 48", "Poland", "+999 is in the list and in no described place; 48 is in the list and in no described place" },
        { "+48", "", "Poland (+48) in the list and not described" },
        { "", "San Marino", "San Marino (+378) described and not in the list" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf out = BUF(4096);
        CHECK(places_agree(row[i].codes, row[i].described, &out) == (row[i].want[0] == '\0'));
        CHECK_TEXT(buf_str(&out), row[i].want);
    }
}

TEST(knows_the_union_and_the_area) {
    int eu = 0, eea = 0;
    for (size_t i = 0; i < COUNTRIES; i++) {
        eu += (countries[i].in & EU) != 0;
        eea += (countries[i].in & EEA) != 0;
        CHECK((countries[i].in & EU) == 0 || (countries[i].in & EEA) != 0);
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(countries[i].iso, countries[k].iso) != 0 && strcmp(countries[i].name, countries[k].name) != 0);
    }
    CHECK_INT(eu, 27);
    CHECK_INT(eea, 30);
    CHECK(place_in_eea("PL") && place_in_eea("NO") && place_in_eea("EU") && place_in_eea("EEA"));
    CHECK(!place_in_eea("US") && !place_in_eea("CH") && !place_in_eea("") && !place_in_eea("pl"));
}
