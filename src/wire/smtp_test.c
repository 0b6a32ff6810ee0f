/* smtp_test.c — talks with relays of every kind, each as a script: "S" lines the relay says, "C" lines are what must have been said to it,
 * "=" what must have happened. */
#include "wire/smtp.c"

#include "base/test.h"

#define LETTER "Subject: a\r\n\r\n.dot\r\n..two\r\nend\r\n"
static const char *const happenings[] = { "nothing", "handshake", "ready", "accepted", "answered", "ended" };
static const char *const outcomes[] = { "sent", "refused", "later", "relay", "doubt" };

struct talk { struct smtp *s; size_t piece; struct buf happened; };

static void feed(struct talk *t, const char *bytes, size_t len) {
    enum smtp_event e;
    while (len > 0 || t->s->pending) {
        size_t n = t->piece > 0 && t->piece < len ? t->piece : len, left = n;
        const char *p = bytes;
        do {
            e = smtp_take(t->s, &p, &left);
            if (e != SMTP_NOTHING)
                buf_printf(&t->happened, "%s%s", t->happened.len > 0 ? " " : "", happenings[e]);
            if (e == SMTP_ANSWERED || e == SMTP_ENDED)
                buf_printf(&t->happened, ":%s:%d:%s:%s", outcomes[t->s->answer.outcome], t->s->answer.status, t->s->answer.enhanced, t->s->answer.at);
        } while (e != SMTP_NOTHING);
        bytes += n;
        len -= n;
    }
}

static void give(struct talk *t, const char *to, const char *text) {
    struct err e;
    const struct smtp_letter l = { "service@seats.example", to, "0190-abc", text, strlen(text) };
    CHECK_OK(smtp_letter(t->s, &l, &e), &e);
    feed(t, "", 0);
}

static void said(struct talk *t, const char *want) {
    CHECK_TEXT(buf_str(&t->s->out), want);
    buf_cut(&t->s->out, 0);
}
static void happened(struct talk *t, const char *want) {
    CHECK_TEXT(buf_str(&t->happened), want);
    buf_cut(&t->happened, 0);
}
static void hear(struct talk *t, const char *text, const char *events, const char *out) {
    feed(t, text, strlen(text));
    happened(t, events);
    said(t, out);
}

static struct talk begin(size_t piece, bool starttls, bool secure, const char *user) {
    struct talk t = { .piece = piece, .happened = BUF(4096) };
    struct err e;
    CHECK_OK(smtp_new(&(struct smtp_options){ "seats.example", starttls, secure, user, "geheim" }, &t.s, &e), &e);
    return t;
}
static void over(struct talk *t) {
    t->s = smtp_free(t->s);
    buf_done(&t->happened);
}

#define EHLO "EHLO seats.example\r\n"
static struct talk ready(size_t piece, const char *offers) {
    struct talk t = begin(piece, false, false, NULL);
    hear(&t, "220 relay.example ESMTP\r\n", "", EHLO);
    hear(&t, offers, "ready", "");
    return t;
}

TEST(a_letter_goes_in_one_round_trip) {
    for (size_t piece = 0; piece < 8; piece++) {
        struct talk t = ready(piece, "250-relay.example\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-DSN\r\n250 8BITMIME\r\n");
        give(&t, "anna@people.example", LETTER);
        said(&t, "MAIL FROM:<service@seats.example> SIZE=32 RET=HDRS ENVID=0190-abc\r\nRCPT TO:<anna@people.example> NOTIFY=FAILURE,DELAY\r\nDATA\r\n");
        hear(&t, "250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n", "accepted", "Subject: a\r\n\r\n..dot\r\n...two\r\nend\r\n");
        smtp_finish(t.s);
        said(&t, ".\r\n");
        hear(&t, "250 2.0.0 queued as 1\r\n", "answered:sent:250:2.0.0:end of text", "");
        CHECK(smtp_is_ready(t.s));
        give(&t, "jan@people.example", "a\nż");            /* the next, over the same connection */
        said(&t, "MAIL FROM:<service@seats.example> SIZE=4 BODY=8BITMIME RET=HDRS ENVID=0190-abc\r\nRCPT TO:<jan@people.example> NOTIFY=FAILURE,DELAY\r\nDATA\r\n");
        hear(&t, "250 ok\r\n250 ok\r\n354 go on\r\n", "accepted", "a\r\nż\r\n");
        smtp_quit(t.s);
        said(&t, "");
        over(&t);
    }
}

TEST(a_relay_that_takes_one_command_at_a_time) {
    struct talk t = ready(0, "250 relay.example\r\n");
    give(&t, "anna@people.example", LETTER);
    said(&t, "MAIL FROM:<service@seats.example>\r\n");
    hear(&t, "250 ok\r\n", "", "RCPT TO:<anna@people.example>\r\n");
    hear(&t, "251 forwarded\r\n", "", "DATA\r\n");
    hear(&t, "354-go\r\n354 on\r\n", "accepted", "Subject: a\r\n\r\n..dot\r\n...two\r\nend\r\n");
    smtp_finish(t.s);
    said(&t, ".\r\n");
    hear(&t, "451 4.3.0 later\r\n", "answered:later:451:4.3.0:end of text", "RSET\r\n");
    CHECK(!smtp_is_ready(t.s));
    hear(&t, "250 ok\r\n", "ready", "");
    give(&t, "anna@people.example", LETTER);
    said(&t, "MAIL FROM:<service@seats.example>\r\n");
    hear(&t, "250 ok\r\n", "", "RCPT TO:<anna@people.example>\r\n");
    hear(&t, "550-5.1.1 no\r\n550 5.1.1 such person\r\n", "answered:refused:550:5.1.1:RCPT", "RSET\r\n");
    CHECK_TEXT(t.s->answer.said, "no such person");
    hear(&t, "250 ok\r\n", "ready", "");
    smtp_quit(t.s);
    said(&t, "QUIT\r\n");
    over(&t);
}

static void end_of(const char *replies, bool finish, const char *late, const char *want) {
    struct talk t = ready(0, "250-relay.example\r\n250 PIPELINING\r\n");
    give(&t, "anna@people.example", LETTER);
    feed(&t, replies, strlen(replies));
    if (finish) {
        smtp_finish(t.s);
        feed(&t, late, strlen(late));
        if (late[0] == 0) {
            smtp_lost(t.s, "the connection broke off");
            feed(&t, "", 0);
        }
    }
    happened(&t, want);
    over(&t);
}

TEST(each_refusal_is_told_from_the_others) {
    static const struct { const char *replies; bool finish; const char *late, *want; } rows[] = {
        { "250 a\r\n550 5.1.1 b\r\n503 c\r\n250 d\r\n", false, "", "answered:refused:550:5.1.1:RCPT ready" },
        { "250 a\r\n450 4.2.1 b\r\n554 c\r\n250 d\r\n", false, "", "answered:later:450:4.2.1:RCPT ready" },
        { "250 a\r\n550 b\r\n354 c\r\n", false, "", "ended:refused:550::RCPT" },
        { "550 5.7.1 a\r\n503 b\r\n503 c\r\n250 d\r\n", false, "", "answered:relay:550:5.7.1:MAIL ready" },
        { "530 5.7.0 sign in\r\n503 b\r\n503 c\r\n250 d\r\n", false, "", "answered:relay:530:5.7.0:MAIL ready" },
        { "552 5.3.4 large\r\n503 b\r\n503 c\r\n250 d\r\n", false, "", "answered:refused:552:5.3.4:MAIL ready" },
        { "451 a\r\n503 b\r\n503 c\r\n250 d\r\n", false, "", "answered:relay:451::MAIL ready" },
        { "250 a\r\n250 b\r\n554 c\r\n250 d\r\n", false, "", "answered:refused:554::DATA ready" },
        { "421 4.3.2 going\r\n", false, "", "ended:relay:421:4.3.2:MAIL" },
        { "250 a\r\n421 going\r\n", false, "", "ended:relay:421::RCPT" },
        { "250 a\r\n250 b\r\n354 c\r\n", true, "550 5.6.0 spam\r\n250 d\r\n", "accepted answered:refused:550:5.6.0:end of text ready" },
        { "250 a\r\n252 2.1.5 will try\r\n354 c\r\n", true, "250 d\r\n", "accepted answered:sent:250::end of text" },
        { "250 a\r\n250 b\r\n354 c\r\n", true, "421 going\r\n", "accepted ended:relay:421::end of text" },
        { "250 a\r\n250 b\r\n354 c\r\n", true, "", "accepted ended:doubt:0::end of text" },
        { "250 a\r\n250 b\r\n354 c\r\n", true, "354 d\r\n", "accepted ended:doubt:0::end of text" },
        { "250 a\r\n250 b\r\n354 c\r\n552 5.3.4 stop\r\n", false, "", "accepted ended:refused:552:5.3.4:text" },
        { "250 a\r\n250 b\r\n354 c\r\n250 d\r\n", false, "", "accepted ended:relay:0::text" },
        { "nonsense\r\n", false, "", "ended:relay:0::MAIL" },
        { "250-a\r\n550 b\r\n", false, "", "ended:relay:0::MAIL" },
        { "999 a\r\n", false, "", "ended:relay:0::MAIL" },
        { "25\r\n", false, "", "ended:relay:0::MAIL" },
        { "250a\r\n", false, "", "ended:relay:0::MAIL" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        end_of(rows[i].replies, rows[i].finish, rows[i].late, rows[i].want);
}

/* A refusal at MAIL is the relay's only where it would be every letter's. */
TEST(what_is_of_one_letter_alone_is_not_the_relays_fault) {
    static const struct { const char *offers, *text, *reply, *want; } rows[] = {
        { "250 relay\r\n", "a\r\n", "550 5.7.1 not you\r\n", "answered:relay:550:5.7.1:MAIL" }, { "250 relay\r\n", "a\r\n", "554 5.6.7 no\r\n", "answered:refused:554:5.6.7:MAIL" },
        { "250 relay\r\n", "a\r\n", "554 5.2.3 no\r\n", "answered:refused:554:5.2.3:MAIL" }, { "250 relay\r\n", "a\r\n", "552 no\r\n", "answered:refused:552::MAIL" },
        { "250-relay\r\n250 8BITMIME\r\n", "\xc5\x82\r\n", "501 no such parameter\r\n", "answered:refused:501::MAIL" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct talk t = ready(0, rows[i].offers);
        give(&t, "anna@people.example", rows[i].text);
        buf_cut(&t.s->out, 0);
        feed(&t, rows[i].reply, strlen(rows[i].reply));
        happened(&t, rows[i].want);
        over(&t);
    }
}

/* Cut before the last dot had left: nothing was sent, and the letter may go again. */
/* Only what the relay says about the letter tells of it: not that it has no room for us, wants us to sign in, or is gone. */
TEST(what_is_said_about_a_letter_and_what_is_not) {
    static const struct { const char *says; bool lost, about; } rows[] = {
        { "", true, false }, { "530 5.7.0 sign in\r\n503 b\r\n503 c\r\n", false, false }, { "550 5.7.1 not you\r\n503 b\r\n503 c\r\n", false, false },
        { "451 a\r\n503 b\r\n503 c\r\n", false, false }, { "552 5.3.4 large\r\n503 b\r\n503 c\r\n", false, true }, { "250 a\r\n", true, false }, { "250 a\r\n250 b\r\n", true, true },
        { "250 a\r\n550 b\r\n554 c\r\n", false, true }, { "250 a\r\n450 b\r\n554 c\r\n", false, true }, { "421 a\r\n", false, false },
        { "250 a\r\n250 b\r\n354 c\r\n", true, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct talk t = ready(0, "250-relay\r\n250 PIPELINING\r\n");
        give(&t, "anna@people.example", "a\r\n");
        feed(&t, rows[i].says, strlen(rows[i].says));
        if (rows[i].lost)
            smtp_lost(t.s, "the connection broke off");
        feed(&t, "", 0);
        CHECK(t.s->answer.about == rows[i].about && t.s->answer.outcome != SMTP_SENT);
        over(&t);
    }
    struct talk t = begin(0, false, false, NULL);
    feed(&t, "554 no room\r\n", 13);
    CHECK(!t.s->answer.about && t.s->answer.outcome == SMTP_RELAY);
    over(&t);
}

TEST(a_dot_that_did_not_leave_is_none) {
    for (int left = 0; left < 2; left++) {
        struct talk t = ready(0, "250 relay\r\n");
        give(&t, "anna@people.example", "a\r\n");
        feed(&t, "250 ok\r\n250 ok\r\n354 go\r\n", 24);
        smtp_finish(t.s);
        buf_cut(&t.happened, 0);
        if (!left)
            smtp_unfinish(t.s);
        smtp_lost(t.s, "broken off");
        feed(&t, "", 0);
        happened(&t, left ? "ended:doubt:0::end of text" : "ended:relay:0::text");
        over(&t);
    }
}

TEST(starttls_is_a_new_beginning) {
    struct talk t = begin(0, true, false, "seats");
    hear(&t, "220 relay\r\n", "", EHLO);
    hear(&t, "250-relay\r\n250-AUTH PLAIN\r\n250-PIPELINING\r\n250 STARTTLS\r\n", "", "STARTTLS\r\n");
    hear(&t, "220 go\r\n", "handshake", "");
    smtp_secured(t.s);
    said(&t, EHLO);
    hear(&t, "250-relay\r\n250 AUTH LOGIN CRAM-MD5\r\n", "", "AUTH LOGIN\r\n");      /* what was offered before is forgotten */
    hear(&t, "334 VXNlcm5hbWU6\r\n", "", "c2VhdHM=\r\n");
    hear(&t, "334 UGFzc3dvcmQ6\r\n", "", "Z2VoZWlt\r\n");
    hear(&t, "235 2.7.0 in\r\n", "ready", "");
    CHECK(t.s->offers == AUTH_LOGIN);
    over(&t);
    t = begin(0, true, false, NULL);
    hear(&t, "220 relay\r\n", "", EHLO);
    hear(&t, "250-relay\r\n250 XSTARTTLS\r\n", "ended:relay:0::EHLO", "");                 /* stripped */
    over(&t);
    t = begin(0, true, false, NULL);
    hear(&t, "220 relay\r\n250-relay\r\n250 STARTTLS\r\n", "", EHLO "STARTTLS\r\n");
    hear(&t, "220 go\r\n250 AUTH PLAIN\r\n", "ended:relay:0::TLS", "");      /* said ahead of the handshake */
    over(&t);
    t = begin(0, true, false, NULL);
    hear(&t, "220 relay\r\n250-relay\r\n250 STARTTLS\r\n454 4.7.0 no\r\n", "ended:relay:454:4.7.0:STARTTLS", EHLO "STARTTLS\r\n");
    over(&t);
}

TEST(a_password_is_said_inside_tls_alone) {
    struct talk t = begin(0, false, true, "seats");
    hear(&t, "220 relay\r\n", "", EHLO);
    hear(&t, "250-relay\r\n250 AUTH=LOGIN PLAIN\r\n", "", "AUTH PLAIN AHNlYXRzAGdlaGVpbQ==\r\n");
    hear(&t, "535 5.7.8 wrong\r\n", "ended:relay:535:5.7.8:AUTH", "");
    over(&t);
    t = begin(0, false, false, "seats");
    hear(&t, "220 relay\r\n", "", EHLO);
    hear(&t, "250-relay\r\n250 AUTH PLAIN\r\n", "ended:relay:0::EHLO", "");
    over(&t);
    t = begin(0, false, true, "seats");
    hear(&t, "220 relay\r\n", "", EHLO);
    hear(&t, "250-relay\r\n250 AUTH CRAM-MD5 XPLAIN\r\n", "ended:relay:0::EHLO", "");
    over(&t);
    t = begin(0, false, true, NULL);
    hear(&t, "554 5.7.1 not you\r\n", "ended:relay:554:5.7.1:greeting", "");
    over(&t);
}

TEST(what_the_relay_cannot_take_is_not_tried) {
    struct talk t = ready(0, "250-relay.example\r\n250 SIZE 10\r\n");
    give(&t, "anna@people.example", LETTER);
    happened(&t, "answered:refused:0:5.3.4:EHLO");
    CHECK(smtp_is_ready(t.s));
    give(&t, "zażółć@people.example", "a\r\n");
    happened(&t, "answered:refused:0:5.6.7:EHLO");
    said(&t, "");
    over(&t);
    t = ready(0, "250-relay.example\r\n250-8BITMIME\r\n250-SIZE\r\n250 SMTPUTF8\r\n");
    give(&t, "zażółć@people.example", "a\r\n");
    said(&t, "MAIL FROM:<service@seats.example> SIZE=3 SMTPUTF8\r\n");
    over(&t);
}

TEST(no_address_ends_a_command) {
    static const char *const bad[] = { "", "a@x.example\r\nDATA", "a@x.example> NOTIFY=NEVER", "a b@x.example", "a@x.example\n", "<>", "a\x01@x.example" };
    struct talk t = ready(0, "250 relay.example\r\n");
    struct err e;
    struct smtp *none = NULL;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK_CODE(smtp_letter(t.s, &(struct smtp_letter){ "a@x.example", bad[i], "1", "a", 1 }, &e), E_INVALID, &e);
        CHECK_CODE(smtp_letter(t.s, &(struct smtp_letter){ bad[i], "a@x.example", "1", "a", 1 }, &e), E_INVALID, &e);
    }
    CHECK_CODE(smtp_letter(t.s, &(struct smtp_letter){ "a@x.example", "a@x.example", "1 RET=FULL", "a", 1 }, &e), E_INVALID, &e);
    said(&t, "");
    over(&t);
    CHECK_CODE(smtp_new(&(struct smtp_options){ .name = "a\r\nb" }, &none, &e), E_INVALID, &e);
    CHECK_CODE(smtp_new(&(struct smtp_options){ .name = "" }, &none, &e), E_INVALID, &e);
    CHECK(none == NULL);
}

static void long_reply(const char *head, bool after, const char *want) {
    struct talk t = ready(0, "250-relay.example\r\n250 PIPELINING\r\n");
    char *text = mem_new(1 << 20);
    CHECK(text != NULL);
    memset(text, 'x', 1 << 20);
    give(&t, "anna@people.example", LETTER);
    if (after) {
        feed(&t, "250 a\r\n250 b\r\n354 c\r\n", 21);
        smtp_finish(t.s);
    }
    feed(&t, head, strlen(head));
    feed(&t, text, 1 << 20);
    happened(&t, want);
    mem_free(text);
    over(&t);
}

TEST(a_reply_without_end_ends) {
    long_reply("250-a\r\n250-", false, "ended:relay:0::MAIL");
    long_reply("250-a\r\n250-", true, "accepted ended:sent:250::end of text");
    long_reply("550-5.1.1 a\r\n550-", true, "accepted ended:refused:550:5.1.1:end of text");
    long_reply("250 ", true, "accepted ended:doubt:0::end of text");
    struct talk t = ready(0, "250 relay.example\r\n");
    hear(&t, "421 bye\r\n", "ended:relay:421::idle", "");
    hear(&t, "250 more\r\n", "", "");
    over(&t);
    t = begin(0, false, false, NULL);
    feed(&t, "22\0 a\r\n", 7);
    happened(&t, "ended:relay:0::greeting");
    smtp_lost(t.s, "again");
    feed(&t, "", 0);
    happened(&t, "");
    over(&t);
}

TEST(a_long_line_keeps_its_beginning) {
    struct talk t = ready(0, "250 relay.example\r\n");
    char line[3000];
    memset(line, 'y', sizeof line);
    memcpy(line, "550 5.1.1 ", 10);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    give(&t, "anna@people.example", LETTER);
    buf_cut(&t.s->out, 0);
    hear(&t, "250 ok\r\n", "", "RCPT TO:<anna@people.example>\r\n");
    feed(&t, line, sizeof line);
    happened(&t, "answered:refused:550:5.1.1:RCPT");
    CHECK_TEXT(t.s->answer.said, "");        /* one word without end: half of it may be half an address */
    over(&t);
    t = ready(0, "250 relay.example\r\n");
    for (size_t i = 19; i < sizeof line - 2; i += 10)
        line[i] = ' ';
    give(&t, "anna@people.example", LETTER);
    buf_cut(&t.s->out, 0);
    hear(&t, "250 ok\r\n", "", "RCPT TO:<anna@people.example>\r\n");
    feed(&t, line, sizeof line);
    happened(&t, "answered:refused:550:5.1.1:RCPT");
    const size_t said_len = strlen(t.s->answer.said);
    CHECK(said_len > SMTP_SAID - 30 && said_len < SMTP_SAID && t.s->answer.said[said_len - 1] == ' ');
    over(&t);
}

TEST(times_of_the_standard) {
    struct talk t = begin(0, false, false, NULL);
    CHECK_INT(smtp_wait_ms(t.s), 5 * 60000);
    t.s->state = DATA;
    CHECK_INT(smtp_wait_ms(t.s), 2 * 60000);
    t.s->state = ACCEPTED;
    CHECK_INT(smtp_wait_ms(t.s), 3 * 60000);
    t.s->state = DOT;
    CHECK_INT(smtp_wait_ms(t.s), 10 * 60000);
    over(&t);
}

TEST(survives_no_memory) {
    struct err e;
    for (size_t n = 1; n < 40; n++) {
        AUTO(smtp_free) struct smtp *s = NULL;
        const char *p = "220 a\r\n250-b\r\n250 AUTH PLAIN\r\n235 c\r\n";
        size_t left = strlen(p);
        mem_fail_at = n;
        enum code code = smtp_new(&(struct smtp_options){ "a.example", false, true, "u", "p" }, &s, &e);
        CHECK(code == OK || code == E_MEMORY);
        enum smtp_event at = SMTP_NOTHING;
        while (code == OK && at != SMTP_READY && at != SMTP_ENDED && left > 0)
            at = smtp_take(s, &p, &left);
        if (at == SMTP_READY) {
            code = smtp_letter(s, &(struct smtp_letter){ "a@x.example", "b@x.example", "1", LETTER, strlen(LETTER) }, &e);
            CHECK(code == OK || code == E_MEMORY);
        }
        mem_fail_at = 0;
    }
}

#define OFFERS "250-relay.example\r\n250 PIPELINING\r\n"
static void give_behind(struct talk *t, const char *to) {
    struct err e;
    const struct smtp_letter l = { "service@seats.example", to, "0190-def", "Subject: b\r\n\r\nb\r\n", 17 };
    CHECK(smtp_takes_next(t->s) && !smtp_has_next(t->s));
    CHECK_OK(smtp_letter(t->s, &l, &e), &e);
    CHECK(smtp_has_next(t->s) && !smtp_takes_next(t->s));
}
static struct talk accepted(size_t piece) {
    struct talk t = ready(piece, OFFERS);
    give(&t, "anna@people.example", LETTER);
    hear(&t, "250 ok\r\n250 ok\r\n354 go on\r\n", "accepted", "MAIL FROM:<service@seats.example>\r\nRCPT TO:<anna@people.example>\r\nDATA\r\nSubject: a\r\n\r\n..dot\r\n...two\r\nend\r\n");
    return t;
}

/* The next letter's commands go out with the last dot of the one before, and each reply is its letter's. */
TEST(the_next_letter_follows_the_dot) {
    for (size_t piece = 0; piece < 8; piece++) {
        struct talk t = accepted(piece);
        give_behind(&t, "jan@people.example");
        said(&t, "");                                /* nothing before the dot */
        smtp_finish(t.s);
        said(&t, ".\r\n");
        smtp_ahead(t.s);
        said(&t, "MAIL FROM:<service@seats.example>\r\nRCPT TO:<jan@people.example>\r\nDATA\r\n");
        smtp_ahead(t.s);
        said(&t, "");                                /* once */
        hear(&t, "250 2.0.0 queued\r\n250 ok\r\n250 ok\r\n354 go on\r\n", "answered:sent:250:2.0.0:end of text accepted", "Subject: b\r\n\r\nb\r\n");
        CHECK(!smtp_has_next(t.s));
        smtp_finish(t.s);
        said(&t, ".\r\n");
        give_behind(&t, "ewa@people.example");       /* while its answer is waited for: said at once */
        said(&t, "MAIL FROM:<service@seats.example>\r\nRCPT TO:<ewa@people.example>\r\nDATA\r\n");
        hear(&t, "554 5.7.1 not this\r\n", "answered:refused:554:5.7.1:end of text", "");        /* nothing to reset: the next is on its way */
        hear(&t, "250 ok\r\n550 5.1.1 nobody\r\n503 no recipient\r\n", "answered:refused:550:5.1.1:RCPT", "RSET\r\n");
        hear(&t, "250 ok\r\n", "ready", "");
        CHECK(smtp_is_ready(t.s));
        over(&t);
    }
}

/* Where the connection ends, the letter whose dot is out is in doubt, and nothing of the next went. */
TEST(the_end_of_a_connection_with_two_letters) {
    static const struct { const char *hear, *events; } rows[] = {
        { "", "ended:doubt:0::end of text" }, { "250 ok\r\n", "answered:sent:250::end of text ended:relay:0::MAIL" }, { "421 4.3.2 closing\r\n", "ended:relay:421:4.3.2:end of text" },
        { "250 ok\r\n421 enough\r\n", "answered:sent:250::end of text ended:relay:421::MAIL" }, { "250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go\r\n", "answered:sent:250::end of text ended:refused:550:5.1.1:RCPT" },
        { "354 what\r\n", "ended:doubt:0::end of text" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct talk t = accepted(0);
        give_behind(&t, "jan@people.example");
        smtp_finish(t.s);
        smtp_ahead(t.s);
        feed(&t, rows[i].hear, strlen(rows[i].hear));
        smtp_lost(t.s, "the connection broke off");
        feed(&t, "", 0);
        happened(&t, rows[i].events);
        over(&t);
    }
}

/* What the relay would refuse at once waits until it is ready; without PIPELINING nothing goes ahead. */
TEST(a_next_letter_that_would_be_answered_at_once_waits) {
    struct talk t = accepted(0), slow = ready(0, "250 relay.example\r\n");
    struct err e;
    const struct smtp_letter strange = { "service@seats.example", "łucja@people.example", "0190-def", "a\r\n", 3 };
    CHECK_CODE(smtp_letter(t.s, &strange, &e), E_CONFLICT, &e);
    CHECK(smtp_takes_next(t.s) && !t.s->pending);
    give(&slow, "anna@people.example", LETTER);
    hear(&slow, "250 ok\r\n", "", "MAIL FROM:<service@seats.example>\r\nRCPT TO:<anna@people.example>\r\n");
    hear(&slow, "250 ok\r\n354 go\r\n", "accepted", "DATA\r\nSubject: a\r\n\r\n..dot\r\n...two\r\nend\r\n");
    CHECK(!smtp_takes_next(slow.s));
    over(&slow);
    over(&t);
}
