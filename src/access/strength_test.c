/* strength_test.c — what is refused and why, and that the most used are known. */
#include "access/strength.c"
#include "base/test.h"

static const char *const own[] = { "Anna Kowalska-\xc5\xbb\xc3\xb3\xc5\x82\xc4\x87", "akowalska@poczta.example", "Biegi Miejskie", NULL };

static struct strength look(const char *text, unsigned least) {
    struct strength s = { .score = 99 };
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(strength_check(&(struct strength_ask){ text, strlen(text), least, own }, &s, &e), &e);
    return s;
}

TEST(what_is_refused_and_why) {
    static const struct { const char *text; enum strength_reason reason; } row[] = {
        { "", STRENGTH_SHORT }, { "xkT7!pq9#Lm", STRENGTH_SHORT }, { "xkT7!pq9#Lmz", STRENGTH_FINE }, { "tab\tin a password", STRENGTH_FORM }, { "\xff\xfe not utf-8 \xff", STRENGTH_FORM },
        { "1qaz2wsx3edc", STRENGTH_COMMON }, { "1QAZ2wsx3EDC", STRENGTH_COMMON }, { "sonyericsson", STRENGTH_COMMON },
        { "password1234", STRENGTH_COMMON }, { "password12345x", STRENGTH_WORDS }, { "p4$$w0rd!!!!!", STRENGTH_WORDS }, { "warszawa2024!", STRENGTH_WORDS },
        { "aaaaaaaaaaaaaaaa", STRENGTH_REPEATS }, { "iloveyouiloveyou", STRENGTH_REPEATS }, { "\xc5\xbc\xc5\xbc\xc5\xbc\xc5\xbc\xc5\xbc\xc5\xbc\xc5\xbc\xc5\xbc\xc5\xbc\xc5\xbc\xc5\xbc\xc5\xbc\xc5\xbc", STRENGTH_REPEATS },
        { "abcdefghijklmnop", STRENGTH_SEQUENCE }, { "rqponmlkjihgfe", STRENGTH_SEQUENCE }, { "rfvbgtyhnmju", STRENGTH_KEYS }, { "12.03.1984 ", STRENGTH_SHORT }, { "198419851986", STRENGTH_DATES }, { "12031984 1984", STRENGTH_DATES },
        { "kowalska-anna-1984", STRENGTH_OWN }, { "AnnaKowalska1!", STRENGTH_OWN }, { "K0w4lsk4K0w4l", STRENGTH_OWN }, { "biegi miejskie 7", STRENGTH_OWN }, { "zolczolc zolc", STRENGTH_REPEATS },
        { "anna \xc5\xbb\xc3\xb3\xc5\x82\xc4\x87 kowalska", STRENGTH_OWN },
        { "correcthorsebatterystaple", STRENGTH_FINE }, { "lubi\xc4\x99 placki z jab\xc5\x82kami", STRENGTH_FINE }, { "\xd0\xba\xd0\xbe\xd1\x82 \xd0\xbf\xd1\x8c\xd1\x91\xd1\x82 \xd0\xbc\xd0\xbe\xd0\xbb\xd0\xbe\xd0\xba\xd0\xbe", STRENGTH_FINE },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct strength s = look(row[i].text, 0);
        if (s.reason != row[i].reason)
            fprintf(stderr, "row %zu: %s, score %u\n", i, strength_name(s.reason), s.score);
        CHECK(s.reason == row[i].reason && (s.reason == STRENGTH_FINE) == (s.score >= STRENGTH_SCORE) && s.score <= 4);
    }
}

TEST(a_charter_may_ask_for_more_never_for_less) {
    CHECK(look("xkT7!pq9#Lmz", 1).least == 12 && look("xkT7!pq9#Lmz", 13).reason == STRENGTH_SHORT && look("xkT7!pq9#Lmzq", 13).reason == STRENGTH_FINE);
    CHECK(look("\xc5\xbc\xc3\xb3\xc5\x82w k\xc4\x85t \xc5\x9b", 0).reason == STRENGTH_SHORT);      /* letters are counted, not bytes */
    CHECK(look("z\xcc\x87z\xcc\x87z\xcc\x87z\xcc\x87z\xcc\x87z\xcc\x87", 0).reason == STRENGTH_SHORT);
}

TEST(long_ones_are_looked_at_quickly) {
    char text[1026];
    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = "abcdefgh"[i * 7919 % 8];
    text[1025] = 0;
    CHECK(look(text, 0).reason == STRENGTH_LONG);
    text[1024] = 0;
    CHECK(look(text, 0).reason != STRENGTH_LONG);
    memset(text, 'p', 1024);
    CHECK(look(text, 0).reason == STRENGTH_REPEATS);
    for (size_t i = 0; i + 3 <= 1023; i += 3)
        memcpy(text + i, "\xef\xb7\xba", 3);           /* one letter that folds to eighteen */
    text[1023] = 0;
    CHECK(look(text, 0).score <= 4);
}

TEST(the_table_is_in_order) {
    CHECK(ARRAY_LEN(common) > 480);
    for (size_t i = 1; i < ARRAY_LEN(common); i++)
        CHECK(common[i - 1] < common[i]);
}

TEST(each_reason_has_words) {
    for (size_t r = STRENGTH_FINE; r < STRENGTH_REASONS; r++)
        for (size_t l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf b = BUF(1024);
            strength_say(&(struct strength){ .reason = (enum strength_reason)r, .least = 14 }, (enum lang)l, &b);
            CHECK(strength_name((enum strength_reason)r)[0] != 0 && (b.len > 20) == (r != STRENGTH_FINE) && strstr(buf_str(&b), "{1}") == NULL);
            CHECK((strstr(buf_str(&b), "14") != NULL) == (r == STRENGTH_SHORT));
        }
}

TEST(want_of_memory_is_told) {
    struct err e;
    bool done = false;
    CHECK_OK(crypto_init(&e), &e);
    (void)look("lubi\xc4\x99 placki z jab\xc5\x82kami", 0);
    for (size_t n = 1; !done; n++) {
        struct strength s = { .score = 99 };
        static const char text[] = "lubi\xc4\x99 placki z jab\xc5\x82kami";
        CHECK(n < 10000);
        mem_fail_at = n;
        enum code code = strength_check(&(struct strength_ask){ text, sizeof text - 1, 0, own }, &s, &e);
        done = mem_fail_at != 0;
        mem_fail_at = 0;
        CHECK(code == OK ? s.reason == STRENGTH_FINE : code == E_MEMORY && s.score == 99);
        CHECK(done == (code == OK));
    }
}
