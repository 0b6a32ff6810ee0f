/* dkim_test.c — canonical forms, letter by letter (the examples of RFC 6376, 3.4.5, and the edges of bodies), and what is signed. */
#include "messages/dkim.c"
#include "base/test.h"
#include "base/text.h"

static void body_is(const char *body, const char *want) {
    AUTO(buf_done) struct buf got = BUF(10000);
    body_canonical(&got, body, strlen(body));
    CHECK_TEXT(buf_str(&got), want);
}

TEST(bodies_in_their_canonical_form) {
    body_is(" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n");
    body_is("", "");
    body_is("\r\n\r\n", "");
    body_is(" \t\r\n", "");
    body_is("a", "a\r\n");
    body_is("a\r\n\r\nb", "a\r\n\r\nb\r\n");
    body_is("a \r\n \r\n", "a\r\n");
    body_is("a\rb\r\n", "a\rb\r\n");
}

static void header_is(const char *header, const char *want) {
    AUTO(buf_done) struct buf got = BUF(10000);
    header_canonical(&got, header, header + strlen(header));
    CHECK_TEXT(buf_str(&got), want);
}

TEST(headers_in_their_canonical_form) {
    header_is("A: X\r\n", "a:X");
    header_is("B : Y\t\r\n\tZ  \r\n", "b:Y Z");
    header_is("Subject:\r\n =?utf-8?B?eA==?=\r\n", "subject:=?utf-8?B?eA==?=");
    header_is("Empty: \r\n", "empty:");
}

static struct dkim *made(void) {
    struct rsa_key *key = NULL;
    struct dkim *d = NULL;
    struct err e;
    AUTO(buf_wipe) struct buf pem = BUF(10000);
    CHECK_OK(crypto_init(&e), &e);
    CHECK_OK(rsa_make(&pem, &e), &e);
    CHECK_OK(rsa_read(pem.data, pem.len, &key, &e), &e);
    CHECK_OK(dkim_new("seats.example", "s2026", key, &d, &e), &e);
    return d;
}

static const char letter[] = "From: a@seats.example\r\nTo: b@x.example\r\nSubject: a\r\n b\r\nDate: now\r\nX-Other: c\r\n\r\nhello\r\n";

TEST(every_header_that_matters_is_signed_once_more) {
    AUTO(dkim_free) struct dkim *d = made();
    AUTO(buf_done) struct buf got = BUF(10000), flat = BUF(10000), changed = BUF(10000), record = BUF(2000), name = BUF(200);
    struct err e;
    CHECK_OK(dkim_sign(d, letter, sizeof letter - 1, INT64_C(1795510800000000), &got, &e), &e);
    for (const char *p = got.data; *p != 0; p++)
        if (strchr(" \t\r\n", *p) == NULL)
            buf_char(&flat, *p);
    CHECK(strstr(flat.data, "h=From:From:To:To:Subject:Subject:Date:Date:Message-ID:Reply-To:Cc:MIME-Version:Content-Type:Content-Transfer-Encoding:Auto-Submitted:List-Id:List-Unsubscribe:List-Unsubscribe-Post;bh=") != NULL);
    CHECK(strstr(flat.data, "s=s2026;t=1795510800;") != NULL && got.len > 2 && memcmp(got.data + got.len - 2, "\r\n", 2) == 0);
    for (const char *p = got.data; *p != 0; p += strcspn(p, "\n") + 1)
        CHECK(strcspn(p, "\n") <= 78 && (p == got.data || *p == '\t'));
    CHECK_OK(dkim_sign(d, letter, sizeof letter - 1, INT64_C(1795510800000000), &changed, &e), &e);
    CHECK_TEXT(changed.data, got.data);        /* the same letter at the same second, the same signature */
    CHECK_OK(dkim_record(d, &name, &record, &e), &e);
    CHECK_TEXT(buf_str(&name), "s2026._domainkey.seats.example");
    CHECK(strncmp(record.data, "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", 50) == 0);
}

TEST(what_is_no_message_or_no_name_is_refused) {
    static const char *const bad[] = { "", "no header\r\n\r\n", "To: b\r\n\r\nx", "\r\nFrom: in the body\r\n", " folded: first\r\nFrom: a\r\n\r\n" };
    static const char *const names_bad[] = { "", "seats", "a..example", ".example.a", "x.example;", "ż.example", "a b.example" };
    AUTO(dkim_free) struct dkim *d = made();
    AUTO(buf_done) struct buf got = BUF(10000);
    struct dkim *none = NULL;
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_CODE(dkim_sign(d, bad[i], strlen(bad[i]), 0, &got, &e), E_INVALID, &e);
    for (size_t i = 0; i < ARRAY_LEN(names_bad); i++)
        CHECK_CODE(dkim_new(names_bad[i], "s", (struct rsa_key *)d->key, &none, &e), E_CONFIG, &e);
    CHECK_CODE(dkim_new("x.example", "a;b", (struct rsa_key *)d->key, &none, &e), E_CONFIG, &e);
    CHECK(got.len == 0 && none == NULL);
}
