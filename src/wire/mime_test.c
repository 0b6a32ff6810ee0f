/* mime_test.c — messages as they stand on the wire, letter by letter, and bounds that hold for any text. */
#include "wire/mime.c"

#include "base/test.h"

static const struct mime_letter plain = { .from = "service@seats.example", .from_name = "Seats", .to = "anna@people.example", .id = "0190-abc", .lang = "en",
                                          .made = INT64_C(1795510800000000), .subject = "What goes on 3 June", .text = "Good day,\n\nall is well.\n" };

static void is(const struct mime_letter *l, const char *want) {
    AUTO(buf_done) struct buf got = BUF(1 << 20);
    struct err e;
    CHECK_OK(mime_put(l, &got, &e), &e);
    CHECK_TEXT(buf_str(&got), want);
}

#define HEAD "Date: Tue, 24 Nov 2026 09:00:00 +0000\r\nMessage-ID: <0190-abc@seats.example>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
#define TEXT_HEAD "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"

TEST(a_plain_letter) {
    is(&plain, "From: \"Seats\"\r\n <service@seats.example>\r\nTo: <anna@people.example>\r\nSubject: What goes on 3 June\r\n" HEAD TEXT_HEAD
               "Content-Language: en\r\n\r\nGood day,\r\n\r\nall is well.\r\n");
}

TEST(a_letter_in_polish_with_a_file) {
    struct mime_letter l = plain;
    l.to_name = "Zażółć";
    l.subject = "Zażółć gęślą jaźń: co zniknie 3 czerwca";
    l.text = ".kropka\nFrom here \nŻółw = żółw";
    l.lang = "pl";
    l.file_name = "lista ż.pdf";
    l.file_type = "application/pdf";
    l.file = "%PDF-";
    l.file_len = 5;
    is(&l, "From: \"Seats\"\r\n <service@seats.example>\r\nTo: =?utf-8?B?WmHFvMOzxYLEhw==?=\r\n <anna@people.example>\r\n"
           "Subject: =?utf-8?B?WmHFvMOzxYLEhyBnxJnFm2zEhSBqYcW6xYQ6IGNvIHpuaWtuaWUg?=\r\n =?utf-8?B?MyBjemVyd2Nh?=\r\n" HEAD
           "Content-Type: multipart/mixed; boundary=\"=_0190-abc\"\r\n\r\n--=_0190-abc\r\n" TEXT_HEAD "Content-Language: pl\r\n\r\n"
           "=2Ekropka\r\n=46rom here=20\r\n=C5=BB=C3=B3=C5=82w =3D =C5=BC=C3=B3=C5=82w\r\n\r\n--=_0190-abc\r\n"
           "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n filename*0*=utf-8''lista%20%C5%BC.pdf\r\n\r\n"
           "JVBERi0=\r\n\r\n--=_0190-abc--\r\n");
}

TEST(names_and_subjects_stay_in_their_place) {
    struct mime_letter l = plain;
    l.from_name = NULL;
    l.to_name = "Anna \"A\\B\" <x@y.example>";
    l.subject = "a\r\nBcc: x@y.example";
    l.text = "";
    is(&l, "From: <service@seats.example>\r\nTo: \"Anna \\\"A\\\\B\\\" <x@y.example>\"\r\n <anna@people.example>\r\nSubject: =?utf-8?B?YQ0KQmNjOiB4QHkuZXhhbXBsZQ==?=\r\n" HEAD TEXT_HEAD
           "Content-Language: en\r\n\r\n");
    l.subject = "=?utf-8?B?eA==?=";            /* what looks encoded is text */
    l.to_name = NULL;
    is(&l, "From: <service@seats.example>\r\nTo: <anna@people.example>\r\nSubject: =?utf-8?B?PT91dGYtOD9CP2VBPT0/PQ==?=\r\n" HEAD TEXT_HEAD "Content-Language: en\r\n\r\n");
}

TEST(what_cannot_stand_in_a_header_is_refused) {
    AUTO(buf_done) struct buf got = BUF(1 << 16);
    struct err e;
    struct mime_letter l = plain;
    l.to = "a@x.example\r\nBcc: b";
    CHECK_CODE(mime_put(&l, &got, &e), E_INVALID, &e);
    l = plain;
    l.id = "a>";
    CHECK_CODE(mime_put(&l, &got, &e), E_INVALID, &e);
    l = plain;
    l.file = "a";
    l.file_len = 1;
    l.file_name = "a";
    l.file_type = "text/plain\r\nX: y";
    CHECK_CODE(mime_put(&l, &got, &e), E_INVALID, &e);
    struct buf small = BUF(100);
    CHECK_CODE(mime_put(&plain, &small, &e), E_MEMORY, &e);
    buf_done(&small);
}

TEST(what_is_no_text_ends_too) {
    AUTO(buf_done) struct buf got = BUF(1 << 16);
    struct err e;
    struct mime_letter l = plain;
    char bytes[200];
    memset(bytes, 0xb9, sizeof bytes - 1);      /* none of them begins a character */
    bytes[sizeof bytes - 1] = 0;
    l.subject = l.to_name = l.from_name = bytes;
    CHECK_OK(mime_put(&l, &got, &e), &e);
    for (const char *p = buf_str(&got); *p != 0; p++)
        CHECK((unsigned char)*p < 0x7f);
}

/* Any text: no line above 76 characters and its end, and all of it ASCII. */
TEST(lines_are_short_whatever_stands_in_them) {
    static const char *const pieces[] = { "a", "ż", " ", "\n", "=", ".", "\xf0\x9f\x8c\xb7", "\t", "From ", "word " };
    uint32_t seed = 7;
    for (int round = 0; round < 200; round++) {
        AUTO(buf_done) struct buf text = BUF(1 << 16), got = BUF(1 << 20), subject = BUF(1000);
        struct err e;
        struct mime_letter l = plain;
        for (int i = 0; i < 300; i++) {
            seed = seed * 1664525u + 1013904223u;
            const char *piece = pieces[(seed >> 16) % ARRAY_LEN(pieces)];
            buf_text(&text, piece);
            if (i < 60 && piece[0] != '\n')
                buf_text(&subject, round % 2 == 0 && (piece[0] & 0x80) != 0 ? "x" : piece[0] == '\t' ? "y" : piece);
        }
        l.text = buf_str(&text);
        l.subject = l.to_name = buf_str(&subject);
        l.file = l.text;
        l.file_len = text.len;
        l.file_name = l.subject;
        l.file_type = "text/plain";
        CHECK_OK(mime_put(&l, &got, &e), &e);
        size_t column = 0;
        for (const char *p = buf_str(&got); *p != 0; p++) {
            CHECK((unsigned char)*p < 0x7f);
            column = *p == '\n' ? 0 : column + (*p != '\r');
            CHECK(column <= 78);
        }
    }
}

TEST(a_letter_in_two_forms_with_headers_of_its_own) {
    struct mime_letter l = plain;
    l.html = "<p>Żółw</p>\n";
    l.headers = "List-Id: <a.k7.seats.example>\r\nX-Long: a\r\n b\r\n";
    l.by_hand = true;
    is(&l, "From: \"Seats\"\r\n <service@seats.example>\r\nTo: <anna@people.example>\r\nSubject: What goes on 3 June\r\n"
           "Date: Tue, 24 Nov 2026 09:00:00 +0000\r\nMessage-ID: <0190-abc@seats.example>\r\nList-Id: <a.k7.seats.example>\r\nX-Long: a\r\n b\r\nMIME-Version: 1.0\r\n"
           "Content-Type: multipart/alternative; boundary=\"=_a_0190-abc\"\r\n\r\n--=_a_0190-abc\r\n" TEXT_HEAD "Content-Language: en\r\n\r\nGood day,\r\n\r\nall is well.\r\n"
           "\r\n--=_a_0190-abc\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Language: en\r\n\r\n"
           "<p>=C5=BB=C3=B3=C5=82w</p>\r\n\r\n--=_a_0190-abc--\r\n");
}

TEST(a_header_that_would_end_the_headers_is_refused) {
    static const char *const bad[] = { "no colon\r\n", "X: a", "X: a\n", "X: a\r\n\r\nbody\r\n", "X: a\rb\r\n", " folded: first\r\n", "X: \x01\r\n", "X: ż\r\n", "X: a\r\n \r\n", ": a\r\n", "X a: b\r\n" };
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(buf_done) struct buf got = BUF(1 << 16);
        struct mime_letter l = plain;
        l.headers = bad[i];
        CHECK_CODE(mime_put(&l, &got, &e), E_INVALID, &e);
        CHECK(got.len == 0);
    }
}
