/* view_words_test.c — every row speaks three languages, and a name that no row knows still reads well. */
#include "promises/view_words.c"
#include "base/test.h"

TEST(every_row_is_whole_and_stands_once) {
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        for (int l = 0; l < LANG_COUNT; l++)
            CHECK(words[i].words.in[l] != NULL && words[i].words.in[l][0] != 0);
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(words[i].name, words[k].name) != 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(phrases[i].in[LANG_EN], phrases[k].in[LANG_EN]) != 0);
}

TEST(label_rows) {
    static const struct { const char *name, *want[LANG_COUNT]; } row[] = {
        { "email", { "E-mail address", "Adres e-mail", "E-mail-cím" } },
        { "diet", { "Diet and food allergies", "Dieta i alergie pokarmowe", "Étrend és ételallergia" } },       /* É from é */
        { "at", { "Time", "Czas", "Időpont" } },
        { "shoe_size_left", { "Shoe size left", "Shoe size left", "Shoe size left" } },
        { "ślub_data", { "Ślub data", "Ślub data", "Ślub data" } },
        { "", { "", "", "" } },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        for (int l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf b = BUF(256);
            word_label(&b, (enum lang)l, row[i].name);
            CHECK_TEXT(buf_str(&b), row[i].want[l]);
        }
}

TEST(phrases_fall_back_to_what_is_written) {
    CHECK_TEXT(phrase_say(LANG_PL, "running the event"), "prowadzenie wydarzenia");
    CHECK_TEXT(phrase_say(LANG_HU, "feeding the cat"), "feeding the cat");
    CHECK(phrase_known(LANG_EN, "feeding the cat") && !phrase_known(LANG_PL, "feeding the cat") && phrase_known(LANG_PL, "bookkeeping"));
}
