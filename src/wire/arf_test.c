/* arf_test.c — reports of feedback: whose letter, and whether it is a complaint. */
#include "wire/arf.c"
#include "base/test.h"

#define ARF(fields, original) "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\n\r\nSomebody complained.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n" fields \
    "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" original "\r\n\r\ntext\r\n--b--\r\n"

TEST(a_report_says_which_letter) {
    static const struct { const char *message, *type, *from; bool is, complaint; } row[] = {
        { ARF("Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\nOriginal-Mail-From: <b-1@x.example>\r\n", "Return-Path: <b-2@x.example>"), "abuse", "b-1@x.example", true, true },
        { ARF("User-Agent: x\r\nFeedback-Type: Abuse \r\n", "Return-Path: <b-2@x.example>\r\nSubject: y"), "abuse", "b-2@x.example", true, true },
        { ARF("Feedback-Type: not-spam\r\n", "Return-Path: b-2@x.example"), "not-spam", "b-2@x.example", true, false },
        { ARF("Feedback-Type: auth-failure\r\n", "Subject: y"), "auth-failure", "", true, false },
        { ARF("Version: 1\r\n", "Return-Path: <b-2@x.example>"), "", "", false, false },
        { "Subject: abuse\r\n\r\nFeedback-Type: abuse\r\n", "", "", false, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct arf a;
        AUTO(buf_done) struct buf from = BUF(4000);
        arf_read(row[i].message, strlen(row[i].message), &a, &from);
        CHECK(a.is == row[i].is && a.complaint == row[i].complaint);
        CHECK_TEXT(a.type, row[i].type);
        CHECK_TEXT(buf_str(&from), row[i].from);
    }
}
