/* sms_said_test.c — what is kept of a provider's words, and when none of them is. */
#include "messages/sms_said.c"

#include "base/test.h"

TEST(what_a_provider_says_is_kept_without_numbers) {
    static const struct { const char *text, *want; } rows[] = {
        { "", "" }, { "Invalid number +48 500 600 700 today", "Invalid number +48 *** *** *00 today" }, { "code 123456", "code 123456" }, { "1234567", "12***67" },
        { "a\r\nb\tc\x7f", "a  b c" }, { "bad \xc4", "bad" }, { "12 34 56 78 and 9", "12 ** ** 78 and 9" }, { "500/600/700", "50*/***/*00" }, { "500\xc2\xa0" "600\xc2\xa0" "700", "50*\xc2\xa0***\xc2\xa0*00" },
        { "500 - 600 - 700", "50* - *** - *00" }, { "1 of 2, code 34", "1 of 2, code 34" }, { "a\xc2\x85" "b\xe2\x80\xae" "c", "a b c" }, { "\xc5\xbb\xc3\xb3\xc5\x82w", "\xc5\xbb\xc3\xb3\xc5\x82w" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char said[64];
        sms_said(rows[i].text, said, sizeof said);
        CHECK_TEXT(said, rows[i].want);
    }
    char small[6];
    sms_said("abcd\xc4\x85" "f", small, sizeof small);
    CHECK_TEXT(small, "abcd");
}

TEST(a_piece_of_the_text_is_found_however_it_is_spelled) {
    static const char text[] = "Wizyta u dr. \xc5\xbb\xc3\xb3\xc5\x82wia, 24.11., godz. 14:30";
    static const struct { const char *said; bool want; } rows[] = {
        { "", false }, { "Invalid sender", false }, { "wizyta", false }, { "WIZYTA U D", true }, { "...dr zolwia 24...", true }, { "izyta/u/dr", true }, { "2411 godz 1430", true }, { "24.11., 14:30", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(sms_said_holds(rows[i].said, text, NULL) == rows[i].want);
    CHECK(sms_said_holds("he wrote: Ty\xc5\x82!", "ty\xc5\x82", NULL) && !sms_said_holds("nothing", "", NULL) && sms_said_holds("bad \xc4", text, NULL));
}

TEST(the_end_of_the_number_is_found) {
    CHECK(sms_said_holds("600700", NULL, "+48500600700") && sms_said_holds("60-07-00", NULL, "+48500600700") && !sms_said_holds("60070", NULL, "+48500600700") && !sms_said_holds("x", NULL, NULL));
}
