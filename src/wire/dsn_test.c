/* dsn_test.c — reports in the forms that machines send, the ones that are a text alone and what is none. */
#include "wire/dsn.c"
#include "base/test.h"

#define REPORT(from, subject, status) "From: " from "\r\nSubject: " subject "\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b/1\"\r\n\r\n--b/1\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n" \
    "--b/1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n" status "\r\n--b/1\r\nContent-Type: message/rfc822\r\n\r\nSubject: 5.1.1\r\n\r\n--b/1--\r\n"
#define GROUP(action, status, said) "Final-Recipient: rfc822; x@y.example\r\nAction: " action "\r\nStatus: " status "\r\nDiagnostic-Code: smtp; " said "\r\n\r\n"
#define NOBODY "Return-Path: <>\r\n"

static const struct { const char *message; enum dsn_says says; const char *status, *said; bool report; int code; } rows[] = {
    { REPORT("MAILER-DAEMON@mx.example (Mail Delivery System)", "Undelivered Mail Returned to Sender", GROUP("failed", "5.1.1", "550 5.1.1 <x@y.example>: user unknown")), DSN_FAILED, "5.1.1", "smtp; 550 5.1.1 <x@y.example>: user unknown", true },
    { REPORT("a", "b", GROUP("delayed", "4.4.1", "connect: timed out")), DSN_DELAYED, "4.4.1", "smtp; connect: timed out", true },
    { REPORT("a", "b", GROUP("delivered", "2.0.0", "fine")), DSN_DELIVERED, "", "", true },
    { REPORT("a", "b", GROUP("failed", "5.1.1", "no") GROUP("relayed", "2.0.0", "yes")), DSN_DELIVERED, "5.1.1", "smtp; no", true },         /* an alias of two: one was reached */
    { REPORT("a", "b", GROUP("delivered", "2.0.0", "yes") GROUP("failed", "5.1.1", "no")), DSN_DELIVERED, "5.1.1", "smtp; no", true },
    { REPORT("a", "b", GROUP("delayed", "4.4.1", "late") GROUP("failed", "5.1.1", "no")), DSN_DELAYED, "5.1.1", "smtp; no", true },
    { REPORT("a", "b", GROUP("Failed (bad)", "5.1.1 (really)", "no")), DSN_FAILED, "5.1.1", "smtp; no", true },
    { REPORT("a", "b", GROUP("failed", "9.1.1", "no")), DSN_FAILED, "", "smtp; no", true },
    { REPORT("a", "b", GROUP("failed", "5.1.1111", "no")), DSN_FAILED, "", "smtp; no", true },
    { REPORT("a", "b", ""), DSN_NOTHING, "", "", true },
    { NOBODY "From: MAILER-DAEMON@qmail.example\r\nSubject: failure notice\r\n\r\nHi. This is the qmail-send program.\r\n<x@y.example>:\r\n192.0.2.1 said: 550 5.1.1 no such user (#5.1.1)\r\n", DSN_FAILED, "5.1.1",
      "192.0.2.1 said: 550 5.1.1 no such user (#5.1.1)", false },
    { NOBODY "From: Mail Delivery System <Mailer-Daemon@exim.example>\r\nAuto-Submitted: auto-replied\r\nSubject: Mail delivery failed: returning message to sender\r\n\r\n  x@y.example\r\n    SMTP error: 550 user unknown\r\n", DSN_FAILED, "",
      "    SMTP error: 550 user unknown", false, 550 },
    { NOBODY "From: Mailer-Daemon@exim.example\r\nSubject: Mail delivery failed\r\n\r\nIt was not to be. 5500 and 1550 7.\r\n", DSN_FAILED, "", "It was not to be. 5500 and 1550 7.\r\n", false },
    { NOBODY "From: Mailer-Daemon@exim.example\r\nSubject: Warning: message delayed 24 hours\r\n\r\n4.4.1\r\n", DSN_DELAYED, "4.4.1", "4.4.1", false },
    { "From: Jan <jan@y.example>\r\nSubject: Re: your letter\r\n\r\nThank you, 5.1.1 it is.\r\n", DSN_NOTHING, "", "", false },
    /* absence notes and answers by hand that quote a subject of ours, whatever sender their envelope names */
    { NOBODY "From: Jan <jan@y.example>\r\nSubject: Re: Twojej paczki nie dostarczono\r\n\r\nI am in hospital, call my wife. 5.1.1\r\n", DSN_NOTHING, "", "", false },
    { NOBODY "From: Jan <jan@y.example>\r\nAuto-Submitted: auto-generated\r\nSubject: Automatic reply: could not be delivered\r\n\r\nI am away.\r\n", DSN_NOTHING, "", "", false },
    { NOBODY "X-Autoreply: yes\r\nPrecedence: auto_reply\r\nFrom: Jan <jan@y.example>\r\nSubject: returned to sender\r\n\r\nI am away.\r\n", DSN_NOTHING, "", "", false },
    { "From: MAILER-DAEMON@y.example\r\nSubject: failure notice\r\n\r\n550 5.1.1 no such user\r\n", DSN_NOTHING, "", "", false },          /* it has a sender, so it is no report */
    { "Return-Path: <@>\r\nReturn-Path: <>\r\nFrom: MAILER-DAEMON@y.example\r\nSubject: failure notice\r\n\r\n550 5.1.1 no such user\r\n", DSN_NOTHING, "", "", false },
    { NOBODY "From: postmaster@y.example\r\nAuto-Submitted: auto-replied (vacation)\r\nSubject: Undeliverable until Monday\r\n\r\n5.1.1\r\n", DSN_NOTHING, "", "", false },
    { "5.1.1", DSN_NOTHING, "", "", false },
};

TEST(reports_are_read_in_the_forms_that_are_sent) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dsn d;
        dsn_read(rows[i].message, strlen(rows[i].message), &d);
        if (d.says != rows[i].says || strcmp(d.status, rows[i].status) != 0 || strcmp(d.said, rows[i].said) != 0 || d.report != rows[i].report)
            fprintf(stderr, "row %zu: %d %s %s\n", i, d.says, d.status, d.said);
        CHECK(d.says == rows[i].says && d.report == rows[i].report && d.code == rows[i].code);
        CHECK_TEXT(d.status, rows[i].status);
        CHECK_TEXT(d.said, rows[i].said);
    }
}
