/* mailbox_test.c — no address that passes can end a command, and no address that a relay repeats is kept. */
#include "wire/mailbox.c"

#include "base/test.h"

TEST(addresses_that_can_stand_in_a_command) {
    static const struct { const char *text; int want; } rows[] = {
        { "anna@people.example", 1 }, { "a.b+c@x.example", 1 }, { "o'brien@x-y.example", 1 }, { "root@localhost", 1 }, { "zażółć@people.example", 2 }, { "anna@żółw.example", 2 },
        { "", 0 }, { "anna", 0 }, { "@x.example", 0 }, { "anna@", 0 }, { ".a@x.example", 0 }, { "a.@x.example", 0 }, { "a..b@x.example", 0 }, { "a b@x.example", 0 },
        { "a\r\nRCPT@x.example", 0 }, { "a@x.example\r\n", 0 }, { "a@x.example>", 0 }, { "<a@x.example", 0 }, { "\"a b\"@x.example", 0 }, { "a@b@x.example", 0 },
        { "a@-x.example", 0 }, { "a@x-.example", 0 }, { "a@x..example", 0 }, { "a@x.example.", 0 }, { "a@[127.0.0.1]", 0 }, { "a\xff@x.example", 0 }, { "a@x_y.example", 0 },
        { "a\x7f@x.example", 0 }, { "a\t@x.example", 0 }, { "a,b@x.example", 0 }, { "a:b@x.example", 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool utf8 = false, fine = mailbox_valid(rows[i].text, &utf8);
        CHECK_INT(fine ? 1 + utf8 : 0, rows[i].want);
    }
    char longest[300];
    bool utf8;
    memset(longest, 'a', sizeof longest);
    memcpy(longest + 64, "@", 1);
    for (size_t i = 65 + 60; i < 254; i += 61)
        longest[i] = '.';
    longest[254] = 0;
    CHECK(mailbox_valid(longest, &utf8));
    longest[254] = 'a';
    longest[255] = 0;
    CHECK(!mailbox_valid(longest, &utf8));
    longest[254] = 0;
    longest[64] = 'a';
    longest[65] = '@';
    CHECK(!mailbox_valid(longest, &utf8));
}

static void said(const char *text, const char *address, size_t most, const char *want) {
    AUTO(buf_done) struct buf got = BUF(4096);
    mailbox_said(text, strlen(text), address, most, &got);
    CHECK_TEXT(buf_str(&got), want);
}

TEST(what_a_relay_says_is_masked) {
    said("no such user", NULL, 100, "no such user");
    said("<anna@people.example>: Recipient address rejected", "anna@people.example", 100, "<a**********@people.example>: Recipient address rejected");
    said("mailbox anna is full, see mailto:help@relay.example.", "anna@people.example", 100, "mailbox a********** is full, see mailto:h**********@relay.example.");
    said("user ANNA unknown", "anna@people.example", 100, "user A********** unknown");
    said("user jo unknown, JO? joint", "jo@people.example", 100, "user j********** unknown, J**********? joint");
    said("user jo=x", "jo@people.example", 100, "user j**********");
    said("<jan.b\xc5\x82" "aszczyk@people.example> unknown", NULL, 100, "<j**********@people.example> unknown");
    said("user Jan.b\xc5\x82" "aszczyk unknown", "jan.b\xc5\x82" "aszczyk@people.example", 100, "user J********** unknown");
    said("<\xc5\x82ucja@people.example> is not", NULL, 100, "<**********@people.example> is not");
    said("<@relay.example:anna@people.example>", "anna@people.example", 100, "<**********@relay.example:a**********@people.example>");
    said("<anna@people.example>(anna.kowalska)", "anna@people.example", 100, "<a**********@people.example>(a**********)");
    said("not here: anna.kowalska@people.example", NULL, 5, "not h");          /* 20 bytes are looked at: "anna.kowal" is none of them */
    said("a       b      c anna.kow@people.example", NULL, 6, "a b c");
    said("a\r\n b\tc\x01\xff d", NULL, 100, "a b c d");
    said("one two three", NULL, 7, "one two");
    said("call (+48600100200) or +48-600-100-200, code +1234 at +00:00", NULL, 100, "call (+**********) or +**********, code +1234 at +00:00");
    said("", "anna@people.example", 100, "");
    said("id@mx1/jan.kowalski refused", "jan.kowalski@people.example", 100, "i**********@mx1/********** refused");
    said("x@jan.kowalski=people.example JAN.KOWALSKI", "jan.kowalski@people.example", 100, "x**********@**********=people.example J**********");
    said("x@jo.example/jo", "jo@people.example", 100, "x**********@**********.example/**********");
    said("unknown <jan.kow alski@people.example> here", NULL, 100, "unknown <j********** a**********@people.example> here");
    said("no <jan@people.example> here <and> there", NULL, 100, "no <j**********@people.example> here <and> there");
    said("   ", NULL, 100, "");
}

TEST(domains_are_hidden_too) {
    static const struct { const char *said, *want; } rows[] = {
        { "RCPT: <a**********@people.example>: no such user", "RCPT: <a**********>: no such user" }, { "a**********@x.example,b**********@y-1.example.", "a**********,b**********" },
        { "see http://people.example or 2 * 3 @ home", "see http://people.example or 2 * 3 @ home" }, { "x**********@**********.example/y", "x**********/y" }, { "a**********@", "a**********" }, { "", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[200];
        snprintf(text, sizeof text, "%s", rows[i].said);
        mailbox_hide_domains(text);
        CHECK_TEXT(text, rows[i].want);
    }
}
