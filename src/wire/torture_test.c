/* torture_test.c — what speaks with strangers, with each allocation failing in turn: a conversation ends with an error that says so, or says what it says with all memory; a
 * letter is never called sent that did not go whole, and a message that came is never handed on in part. */
#include "base/test.h"
#include "base/torture.h"
#include "wire/mime.h"
#include "wire/smtp.h"
#include "wire/smtpd.h"

static enum code out_of(struct err *reterr) { return err_set(reterr, E_MEMORY, "no memory for a conversation"); }

/* ---- a letter as a message */

static enum code put(void *arg UNUSED, struct buf *outcome, struct err *reterr) {
    static const char file[] = "col1;col2\n";
    const struct mime_letter l = { .from = "service@seats.example", .from_name = "Zażółć", .to = "ewa@people.example", .id = "0190-abc", .lang = "pl", .made = USEC_PER_SEC, .subject = "Gęślą jaźń i jeszcze więcej",
                                   .text = "Dzień dobry\n", .html = "<p>Dzień dobry</p>\n", .headers = "X-A: b\r\n", .file_name = "plik.csv", .file_type = "text/csv", .file = file, .file_len = sizeof file - 1 };
    AUTO(buf_done) struct buf message = BUF(1u << 16);
    enum code code = mime_put(&l, &message, reterr);
    if (code == OK)
        buf_add(outcome, message.data, message.len);
    return code == OK && outcome->failed ? out_of(reterr) : code;
}

TEST(a_message_is_whole_or_none) {
    CHECK(torture(&(struct torture){ .name = "mime_put", .call = put }));
}

/* ---- to a relay */

/* What the relay says at each turn; everything that was said to it is the outcome. */
static enum code send(void *arg, struct buf *outcome, struct err *reterr) {
    static const char *const turns[] = { "220 relay.example\r\n", "250-relay.example\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n250 SIZE 1000000\r\n", "235 2.7.0 come in\r\n",
                                         "250 ok\r\n250 ok\r\n354 go\r\n", "250 2.0.0 queued\r\n" };
    const bool *refused = arg;
    AUTO(smtp_free) struct smtp *s = NULL;
    static const char text[] = "Subject: a\r\n\r\n.dot\r\nend\r\n";
    const struct smtp_letter l = { "service@seats.example", "ewa@people.example", "0190-abc", text, sizeof text - 1 };
    enum code code = smtp_new(&(struct smtp_options){ "seats.example", false, true, "user", "geheim" }, &s, reterr);
    bool given = false, ended = false;
    for (size_t i = 0; code == OK && !ended && i < ARRAY_LEN(turns); i++) {
        const char *at = *refused && i == 3 ? "250 ok\r\n550 5.1.1 no such user\r\n554 5.5.1 no recipients\r\n" : turns[i];
        size_t left = strlen(at);
        for (enum smtp_event e; !ended && (e = smtp_take(s, &at, &left)) != SMTP_NOTHING;) {
            if (e == SMTP_READY && !given) {
                given = true;
                code = smtp_letter(s, &l, reterr);
            } else if (e == SMTP_ACCEPTED) {
                buf_add(outcome, smtp_out(s)->data, smtp_out(s)->len);
                buf_cut(smtp_out(s), 0);
                smtp_finish(s);
            }
            ended = e == SMTP_ANSWERED || e == SMTP_ENDED || code != OK;
        }
        if (smtp_out(s)->failed)
            return out_of(reterr);           /* whoever carries it away ends the connection */
        buf_add(outcome, smtp_out(s)->data, smtp_out(s)->len);
        buf_cut(smtp_out(s), 0);
    }
    if (code != OK)
        return code;
    const struct smtp_answer *a = smtp_answer(s);
    if (a->outcome == SMTP_RELAY || (a->outcome == SMTP_LATER && a->status == 0))
        return out_of(reterr);               /* no letter goes now; it is tried again */
    buf_printf(outcome, "= %d %d %s", (int)a->outcome, a->status, a->enhanced);
    return outcome->failed ? out_of(reterr) : OK;
}

TEST(a_letter_is_sent_whole_or_not_called_sent) {
    bool no = false, yes = true;
    CHECK(torture(&(struct torture){ .name = "a letter to a relay", .call = send, .arg = &no }));
    CHECK(torture(&(struct torture){ .name = "a letter that is refused", .call = send, .arg = &yes }));
}

/* ---- from a relay */

static bool ours(void *arg UNUSED, const char *address) { return strncmp(address, "b-", 2) == 0; }
static enum code take(void *arg UNUSED, struct buf *outcome, struct err *reterr) {
    static const char said[] = "EHLO peer.example\r\nMAIL FROM:<>\r\nRCPT TO:<b-1@x.example>\r\nDATA\r\n", message[] = "Subject: x\r\n\r\none\r\n..two\r\n.\r\n", bye[] = "QUIT\r\n", *const turns[] = { said, message, bye };
    const struct smtpd_options o = { .name = "mail.x.example", .message_max = 1u << 16, .known = ours };
    AUTO(smtpd_free) struct smtpd *s = NULL;
    bool ended = false, taken = false, lost = false;
    enum code code = smtpd_new(&o, &s, reterr);
    for (size_t i = 0; code == OK && !ended && i < ARRAY_LEN(turns); i++) {
        const char *at = turns[i];
        size_t left = strlen(at);
        for (enum smtpd_event e; !ended && (e = smtpd_take(s, &at, &left)) != SMTPD_NOTHING;) {
            if (e == SMTPD_MESSAGE) {
                CHECK_TEXT(buf_str(smtpd_text(s)), "Return-Path: <>\r\nSubject: x\r\n\r\none\r\n.two\r\n");      /* never a part of it */
                smtpd_answer(s, SMTPD_TAKEN);
                taken = true;
            }
            ended = e == SMTPD_ENDED;
        }
        lost = lost || smtpd_out(s)->failed;
        buf_add(outcome, smtpd_out(s)->data, smtpd_out(s)->len);
        buf_cut(smtpd_out(s), 0);
    }
    CHECK(strstr(buf_str(outcome), "\n5") == NULL);       /* nothing is refused for good */
    if (code == OK && (lost || !taken || outcome->failed || strstr(buf_str(outcome), "\n421 ") != NULL))
        return out_of(reterr);               /* the peer was not told 250, or its connection ends: it comes again */
    return code;
}

TEST(a_message_that_comes_is_taken_whole) {
    CHECK(torture(&(struct torture){ .name = "a message from a relay", .call = take }));
}
