/* who_test.c — the same person whatever the letters, another of another tenant or channel; masks letter by letter. */
#include "messages/who.c"

#include "records/testbed.h"
#include "records/testcharters.h"

TEST(a_person_is_the_same_in_any_spelling_and_another_elsewhere) {
    struct bed b;
    bed_start(&b, events_charter);
    static const struct { int other; enum channel channel; const char *address; bool same; } row[] = {
        { 0, CHANNEL_EMAIL, "john.walk@abcabc.example", true }, { 0, CHANNEL_EMAIL, "  John.Walk@ABCabc.example\r\n", true },
        { 0, CHANNEL_EMAIL, "john.walk@abcabc.exampl", false }, { 0, CHANNEL_EMAIL, "johnwalk@abcabc.example", false },
        { 0, CHANNEL_SMS, "john.walk@abcabc.example", false }, { 1, CHANNEL_EMAIL, "john.walk@abcabc.example", false },
    };
    uint8_t first[WHO_SIZE], who[WHO_SIZE], phone[WHO_SIZE];
    CHECK_CODE(who_of(b.service, b.tenant, CHANNEL_EMAIL, row[0].address, first, &b.e), OK, &b.e);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        CHECK_CODE(who_of(b.service, row[i].other ? b.other : b.tenant, row[i].channel, row[i].address, who, &b.e), OK, &b.e);
        CHECK((memcmp(who, first, WHO_SIZE) == 0) == row[i].same);
    }
    CHECK_CODE(who_of(b.service, b.tenant, CHANNEL_SMS, "+48 22 123 45 67", who, &b.e), OK, &b.e);
    CHECK_CODE(who_of(b.service, b.tenant, CHANNEL_SMS, "+48221234567", phone, &b.e), OK, &b.e);
    CHECK(memcmp(who, phone, WHO_SIZE) == 0);
    CHECK_CODE(who_of(b.service, b.tenant, CHANNEL_EMAIL, " ", who, &b.e), E_INVALID, &b.e);
    bed_end(&b);
}

TEST(a_renewed_index_knows_everybody_still) {
    struct bed b;
    bed_start(&b, events_charter);
    uint8_t before[WHO_SIZE], after[WHO_SIZE];
    uint32_t generation;
    CHECK_CODE(who_of(b.service, b.tenant, CHANNEL_EMAIL, "anna@seats.example", before, &b.e), OK, &b.e);
    CHECK_CODE(keeper_index_renew(b.keeper, &generation, &b.e), OK, &b.e);
    struct index_keys keys;
    CHECK_CODE(index_keys_of(b.service, b.tenant, true, &keys, &b.e), OK, &b.e);         /* what was remembered of it */
    CHECK_CODE(who_of(b.service, b.tenant, CHANNEL_EMAIL, "anna@seats.example", after, &b.e), OK, &b.e);
    CHECK(memcmp(before, after, WHO_SIZE) == 0);
    bed_end(&b);
}

TEST(addresses_are_masked) {
    static const struct { enum channel channel; const char *address, *masked; } row[] = {
        { CHANNEL_EMAIL, "john.walk@abcabc.pl", "j**********@abcabc.pl" }, { CHANNEL_EMAIL, "j@abcabc.pl", "j**********@abcabc.pl" },
        { CHANNEL_EMAIL, "john+events@abcabc.pl", "j**********@abcabc.pl" }, { CHANNEL_EMAIL, "\"j w@x\"@abcabc.pl", "\"**********@abcabc.pl" },
        { CHANNEL_EMAIL, "ążka@poczta.example", "ą**********@poczta.example" }, { CHANNEL_EMAIL, "@abcabc.pl", "**********@abcabc.pl" },
        { CHANNEL_EMAIL, "nobody", "n**********" }, { CHANNEL_EMAIL, "", "**********" },
        { CHANNEL_SMS, "+48221234567", "+48**********67" }, { CHANNEL_SMS, "+48221", "**********" }, { CHANNEL_SMS, "", "**********" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        char got[320], small[8];
        address_mask(row[i].channel, row[i].address, got, sizeof got);
        CHECK_TEXT(got, row[i].masked);
        address_mask(row[i].channel, row[i].address, small, sizeof small);
        CHECK(strlen(small) <= 7 && strncmp(got, small, strlen(small)) == 0);
    }
    char one[1] = { 'x' }, endless[2000];
    address_mask(CHANNEL_EMAIL, "anna@seats.example", one, sizeof one);
    CHECK_INT(one[0], 0);
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = 0;
    char got[64];
    address_mask(CHANNEL_EMAIL, endless, got, sizeof got);
    CHECK_TEXT(got, "**********");           /* no address is that long */
}
