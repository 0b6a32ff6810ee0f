/* smtpd_test.c — conversations word by word, at any cut; order, bounds, and what must not pass: bare CR and LF, foreign addresses, text before its time. */
#include "wire/smtpd.c"
#include "base/test.h"

static bool ours(void *arg UNUSED, const char *address) { return strncmp(address, "b-", 2) == 0 && strstr(address, "@x.example") != NULL; }
static const struct smtpd_options options = { .name = "mail.x.example", .message_max = 64, .known = ours };

struct talk { struct smtpd *s; struct buf said, taken; enum smtpd_answer answer; bool ended; };
static void talk_begin(struct talk *t) {
    struct err e;
    *t = (struct talk){ .said = BUF(1u << 20), .taken = BUF(1u << 20) };
    CHECK_OK(smtpd_new(&options, &t->s, &e), &e);
}
static void talk_end(struct talk *t) {
    t->s = smtpd_free(t->s);
    buf_done(&t->said);
    buf_done(&t->taken);
}
static void hear(struct talk *t) {
    buf_add(&t->said, smtpd_out(t->s)->data, smtpd_out(t->s)->len);
    buf_cut(smtpd_out(t->s), 0);
}
static void tell(struct talk *t, const char *bytes, size_t len) {
    hear(t);
    for (enum smtpd_event e; (e = smtpd_take(t->s, &bytes, &len)) != SMTPD_NOTHING && !t->ended; hear(t)) {
        if (e == SMTPD_MESSAGE) {
            buf_printf(&t->taken, "%s|%s|", smtpd_recipient(t->s), buf_str(smtpd_text(t->s)));
            smtpd_answer(t->s, t->answer);
        }
        t->ended = e == SMTPD_ENDED;
    }
    hear(t);
}
static void tells(struct talk *t, const char *text) { tell(t, text, strlen(text)); }
static bool said(const struct talk *t, const char *text) { return strstr(buf_str(&t->said), text) != NULL; }

#define HEAD "EHLO peer.example\r\nMAIL FROM:<> SIZE=20 BODY=8BITMIME\r\nRCPT TO:<b-1@x.example>\r\nDATA\r\n"

TEST(a_message_comes_whole_at_any_cut) {
    static const char text[] = "Subject: x\r\n\r\n..dot\r\n.\r\n";
    for (size_t cut = 1; cut < sizeof text - 1; cut++) {
        struct talk t;
        talk_begin(&t);
        tells(&t, HEAD);
        tell(&t, text, cut);
        tell(&t, text + cut, sizeof text - 1 - cut);
        CHECK_TEXT(buf_str(&t.taken), "b-1@x.example|Return-Path: <>\r\nSubject: x\r\n\r\n.dot\r\n|");
        tells(&t, "QUIT\r\n");
        CHECK(t.ended);
        CHECK_TEXT(buf_str(&t.said), "220 mail.x.example ESMTP\r\n250-mail.x.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 64\r\n250 2.1.0 fine\r\n250 2.1.5 fine\r\n"
                                     "354 end with a dot on a line of its own\r\n250 2.0.0 taken\r\n221 2.0.0 good-bye\r\n");
        talk_end(&t);
    }
}

TEST(nothing_is_smuggled) {
    static const char *const tricks[] = { "a\n.\r\nMAIL FROM:<>\r\n", "a\r\n.\nMAIL", "a\r.\r\n", "a\r\n.\r.\r\n", "\n.\n", "a\r\n\n", "a\r\r\n" };
    for (size_t i = 0; i < ARRAY_LEN(tricks); i++) {
        struct talk t;
        talk_begin(&t);
        tells(&t, HEAD);
        tells(&t, tricks[i]);
        CHECK(t.ended && said(&t, "\r\n554 5.6.0 ") && t.taken.len == 0);
        talk_end(&t);
    }
    static const char *const lines[] = { "EHLO a\n", "EHLO\ra\r\n", "NOOP\r\r\n" };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct talk t;
        talk_begin(&t);
        tells(&t, lines[i]);
        CHECK(t.ended && said(&t, "\r\n554 5.6.0 "));
        talk_end(&t);
    }
    struct talk t;
    talk_begin(&t);
    tells(&t, HEAD "Subject: early\r\n\r\n.\r\n");
    CHECK(t.ended && said(&t, "554 5.5.0 ") && t.taken.len == 0);
    talk_end(&t);
    talk_begin(&t);
    tells(&t, HEAD);
    tell(&t, "a\0b\r\n.\r\n", 8);
    CHECK(t.ended && t.taken.len == 0);
    talk_end(&t);
}

TEST(what_is_not_ours_or_not_now_is_refused) {
    static const struct { const char *line, *answer; } row[] = {
        { "MAIL FROM:<a@b.example>\r\n", "503 " }, { "EHLO\r\n", "501 " }, { "EHLO a\r\n", "250 SIZE 64" }, { "RCPT TO:<b-1@x.example>\r\n", "503 " }, { "DATA\r\n", "503 " },
        { "MAIL FROM:<a@b.example> SIZE=65\r\n", "552 " }, { "MAIL FROM:<a@b.example> SIZE=x\r\n", "501 " }, { "MAIL FROM:<a@b.example> SMTPUTF8\r\n", "555 " }, { "MAIL FROM:a@b.example\r\n", "501 " },
    };
    struct talk t;
    talk_begin(&t);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        hear(&t);
        buf_cut(&t.said, 0);
        tells(&t, row[i].line);
        CHECK(said(&t, row[i].answer));
    }
    talk_end(&t);
    static const char *const parts[] = { "BODY=", "B", " SIZE=1", "BODY=8BITMIMES" };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        char line[100];
        talk_begin(&t);
        snprintf(line, sizeof line, "EHLO a\r\nMAIL FROM:<a@b.example> %s\r\n", parts[i]);
        tells(&t, line);
        CHECK(said(&t, "\r\n555 5.5.4 "));
        talk_end(&t);
    }
    talk_begin(&t);
    tells(&t, "HELO a\r\nMAIL FROM: <a@b.example>\r\nRCPT TO:<someone@elsewhere.example>\r\nRCPT TO:<b-1@x.example> NOTIFY=NEVER\r\nRCPT TO:<b-1@x.example>\r\n");
    CHECK(said(&t, "550 5.1.1 ") && said(&t, "501 5.1.3 ") && said(&t, "250 2.1.5 "));
    buf_cut(&t.said, 0);
    tells(&t, "RCPT TO:<b-2@x.example>\r\nEXPN x\r\nSTARTTLS\r\nVRFY a\r\nRSET\r\nDATA\r\n");
    CHECK(said(&t, "452 4.5.3 ") && said(&t, "500 5.5.1 ") && said(&t, "252 ") && said(&t, "503 "));
    CHECK(!t.ended);
    talk_end(&t);
}

TEST(bounds_hold) {
    struct talk t;
    char line[SMTPD_LINE_MAX + 10];
    memset(line, 'a', sizeof line);
    talk_begin(&t);
    tell(&t, line, sizeof line);
    CHECK(t.ended && said(&t, "500 5.5.2 "));
    talk_end(&t);
    talk_begin(&t);
    for (int i = 0; i < SMTPD_ERRORS_MOST; i++)
        tells(&t, "JUNK\r\n");
    CHECK(t.ended && said(&t, "421 4.7.0 "));
    talk_end(&t);
    talk_begin(&t);
    tells(&t, HEAD);
    for (int i = 0; i < 1000; i++)
        tells(&t, "0123456789\r\n");
    tells(&t, ".\r\n");
    CHECK(!t.ended && said(&t, "552 5.3.4 ") && t.taken.len == 0);
    tells(&t, "MAIL FROM:<>\r\nRCPT TO:<b-2@x.example>\r\nDATA\r\n");
    t.answer = SMTPD_NOT_NOW;
    tells(&t, "short\r\n.\r\n");
    CHECK(said(&t, "451 4.3.0 ") && strstr(buf_str(&t.taken), "b-2@x.example|Return-Path: <>\r\nshort\r\n|") != NULL);
    talk_end(&t);
    talk_begin(&t);
    tells(&t, "EHLO a\r\n");
    for (int i = 0; i <= SMTPD_MESSAGES_MOST && !t.ended; i++) {
        tells(&t, "MAIL FROM:<>\r\nRCPT TO:<b-2@x.example>\r\nDATA\r\n");
        if (!t.ended)
            tells(&t, "x\r\n.\r\n");
    }
    CHECK(t.ended && said(&t, "421 4.7.0 enough"));
    talk_end(&t);
    talk_begin(&t);
    tells(&t, HEAD);
    smtpd_late(t.s);
    tells(&t, "x");
    CHECK(t.ended && said(&t, "421 4.4.2 "));
    talk_end(&t);
}

TEST(a_large_one_is_taken_as_far_as_it_is_looked_at) {
    struct err e;
    struct talk t = { .said = BUF(1u << 20), .taken = BUF(1u << 20) };
    struct smtpd_options o = options;
    o.kept_max = 20;
    CHECK_OK(smtpd_new(&o, &t.s, &e), &e);
    tells(&t, "EHLO a\r\nMAIL FROM:<mx@people.example>\r\nRCPT TO:<b-2@x.example>\r\nDATA\r\n");
    tells(&t, "Subject: x\r\n\r\n0123456789 0123456789\r\n.\r\n");
    CHECK(!t.ended && said(&t, "250 2.0.0 taken"));
    CHECK_TEXT(buf_str(&t.taken), "b-2@x.example|Return-Path: <@>\r\nSubject: x\r\n\r\n012345|");
    for (int i = 0; i <= SMTPD_NOOPS_MOST && !t.ended; i++)
        tells(&t, "NOOP\r\n");
    CHECK(t.ended && said(&t, "421 4.7.0 nothing"));
    talk_end(&t);
}
