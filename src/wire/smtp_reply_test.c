/* smtp_reply_test.c — replies whole, long, endless and none. */
#include "wire/smtp_reply.c"

#include "base/test.h"

static enum smtp_heard hears(struct smtp_reply *r, const char *text) {
    enum smtp_heard h = SMTP_HEARS_ON;
    for (const char *p = text; *p != 0; p++) {
        h = smtp_reply_hear(r, *p);
        if (h == SMTP_HEARD_REPLY || h == SMTP_HEARD_NONSENSE || h == SMTP_HEARD_ENDLESS)
            CHECK(p[1] == 0 || h != SMTP_HEARD_REPLY);
        if (h == SMTP_HEARD_NONSENSE || h == SMTP_HEARD_ENDLESS)
            break;
    }
    return h;
}

TEST(a_reply_has_a_code_and_words) {
    static const struct { const char *text; int code; const char *enhanced, *said; size_t lines; } rows[] = {
        { "250 ok\r\n", 250, "", "ok", 1 }, { "250\n", 250, "", "", 1 }, { "250-a\r\n250-\r\n250 b\r\n", 250, "", "a b", 3 }, { "550 5.1.1 no such user\r\n", 550, "5.1.1", "no such user", 1 },
        { "550-5.1.1 no such\r\n550 5.1.1 user\r\n", 550, "5.1.1", "no such user", 2 }, { "550-no\r\n550 5.1.1 user\r\n", 550, "", "no user", 2 }, { "450 5.1.1 x\r\n", 450, "", "5.1.1 x", 1 },
        { "550 5.1.1\r\n", 550, "5.1.1", "", 1 }, { "550 5.1.1234 x\r\n", 550, "", "5.1.1234 x", 1 }, { "550 5..1 x\r\n", 550, "", "5..1 x", 1 }, { "550 5.\r\n", 550, "", "5.", 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct smtp_reply r = { 0 };
        char said[SMTP_SAID];
        CHECK_INT(hears(&r, rows[i].text), SMTP_HEARD_REPLY);
        smtp_reply_said(&r, said);
        CHECK(r.code == rows[i].code && r.lines == rows[i].lines);
        CHECK_TEXT(r.enhanced, rows[i].enhanced);
        CHECK_TEXT(said, rows[i].said);
    }
}

TEST(what_is_no_reply) {
    static const char *const none[] = { "\r\n", "25\r\n", "999 a\r\n", "150 a\r\n", "250a\r\n", "2x0 a\r\n", "250-a\r\n251 b\r\n", "hello\r\n" };
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        struct smtp_reply r = { 0 };
        CHECK_INT(hears(&r, none[i]), SMTP_HEARD_NONSENSE);
    }
    struct smtp_reply r = { 0 };
    CHECK(smtp_reply_hear(&r, 0) == SMTP_HEARD_NONSENSE);
    r = (struct smtp_reply){ 0 };
    size_t n = 1;
    for (; smtp_reply_hear(&r, 'x') == SMTP_HEARS_ON; n++) {}
    CHECK_INT(n, SMTP_REPLY_MAX + 1);
}

/* A server that quotes what it said to others tells in its last line what is meant. */
TEST(the_end_of_a_long_reply_is_kept) {
    struct smtp_reply r = { 0 };
    char line[200], said[SMTP_SAID];
    CHECK_INT(hears(&r, "550-Verification failed for <b-0190abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567@bounces.seats.example>\r\n"), SMTP_HEARD_LINE);
    CHECK_INT(hears(&r, "550-Called: 192.0.2.1 which is mx.bounces.seats.example as somebody looked it up just now\r\n550-Sent: RCPT TO:<b-0190abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567@bounces.seats.example>\r\n550-Response: 550 User unknown\r\n"), SMTP_HEARD_LINE);
    CHECK_INT(hears(&r, "550 Sender verify failed\r\n"), SMTP_HEARD_REPLY);
    smtp_reply_said(&r, said);
    CHECK(strlen(said) < SMTP_SAID && strstr(said, "Verification failed for") == said && strstr(said, "Sender verify failed") != NULL && strstr(said, " ... ") != NULL);
    r = (struct smtp_reply){ 0 };
    for (int i = 0; i < 300; i++) {
        snprintf(line, sizeof line, "550-line %d of person%d@people.example and more words\r\n", i, i);
        CHECK_INT(hears(&r, line), SMTP_HEARD_LINE);
        CHECK(r.said_len <= sizeof r.said);
    }
    CHECK_INT(hears(&r, "550 the last of them\r\n"), SMTP_HEARD_REPLY);
    smtp_reply_said(&r, said);
    CHECK(strlen(said) < SMTP_SAID && strncmp(said, "line 0 of person0@people.example and", 36) == 0 && strstr(said, "the last of them") != NULL);
    for (const char *p = said; (p = strchr(p, '@')) != NULL; p++)            /* each address whole */
        CHECK(strncmp(p, "@people.example", 15) == 0 && p - said > 7);
}

/* One word without an end is half of something: nothing of it is told, at either end. */
TEST(no_half_words) {
    struct smtp_reply r = { 0 };
    char said[SMTP_SAID];
    CHECK_INT(hears(&r, "550 5.1.1 begins "), SMTP_HEARS_ON);
    for (int i = 0; i < 3000; i++)
        CHECK_INT(smtp_reply_hear(&r, 'y'), SMTP_HEARS_ON);
    CHECK_INT(hears(&r, "\r\n"), SMTP_HEARD_REPLY);
    smtp_reply_said(&r, said);
    CHECK_TEXT(said, "begins ");
    r = (struct smtp_reply){ 0 };
    for (int k = 0; k < 4; k++) {
        CHECK_INT(hears(&r, "550-"), SMTP_HEARS_ON);
        for (int i = 0; i < 500; i++)
            CHECK_INT(smtp_reply_hear(&r, 'z'), SMTP_HEARS_ON);
        CHECK_INT(hears(&r, "\r\n"), SMTP_HEARD_LINE);
    }
    CHECK_INT(hears(&r, "550 end\r\n"), SMTP_HEARD_REPLY);
    smtp_reply_said(&r, said);
    CHECK_TEXT(said, "... end");
}
