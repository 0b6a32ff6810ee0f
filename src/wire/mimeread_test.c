/* mimeread_test.c — headers folded and doubled, parts within parts, boundaries that nearly are some, encodings, and what is not understood. */
#include "wire/mimeread.c"
#include "base/test.h"

static bool list_part(const struct mime_part *p, void *arg) {
    AUTO(buf_done) struct buf text = BUF(1000);
    mime_decode(p, &text);
    buf_printf(arg, "%s=%s;", p->type, buf_str(&text));
    return true;
}
static void parts_are(const char *message, const char *want) {
    AUTO(buf_done) struct buf got = BUF(1u << 16);
    mime_parts(message, strlen(message), list_part, &got);
    CHECK_TEXT(buf_str(&got), want);
}

TEST(parts_come_in_their_order) {
    parts_are("Subject: x\r\n\r\nhello", "text/plain=hello;");
    parts_are("", "text/plain=;");
    parts_are("Content-Type: TEXT/HTML; charset=x\n\n<p>", "text/html=<p>;");
    parts_are("Content-Type: multipart/mixed; boundary=\"a b\"\r\n\r\nbefore\r\n--a b\r\n\r\none\r\n--a bc\r\n--a b  \r\nContent-Type: message/rfc822\r\n\r\nSubject: two\r\n--a b--\r\nafter\r\n",
              "text/plain=one\r\n--a bc;message/rfc822=Subject: two;");
    parts_are("Content-Type: multipart/report;\r\n report-type=x;\r\n\tboundary=out\r\n\r\n--out\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n\r\na\r\n--in\r\n\r\nb\r\n--in--\r\n--out\r\n\r\nc\r\n--out--\r\n",
              "text/plain=a;text/plain=b;text/plain=c;");
    parts_are("Content-Type: multipart/mixed; boundary=x\n\n--x\n\ncut off", "text/plain=cut off;");
    parts_are("Content-Type: multipart/mixed\n\nno boundary", "multipart/mixed=no boundary;");
    parts_are("Content-Type: multipart/mixed; boundary=x\n\n--x--\n", "");
}

TEST(encodings_are_undone) {
    parts_are("Content-Transfer-Encoding: Base64\n\naGVs\nbG8=\n", "text/plain=hello;");
    parts_are("Content-Transfer-Encoding: quoted-printable\n\na=3Db=\r\nc=\nd=zz=C5=BC", "text/plain=a=bcd=zz\xc5\xbc;");
}

TEST(headers_are_unfolded_and_bounded) {
    static const char head[] = "Received: a\nSubject : one\r\n two\r\n\tthree\nSubject: four\nX: \x01y\n";
    AUTO(buf_done) struct buf v = BUF(MIME_VALUE + 1), x = BUF(100), none = BUF(100), big = BUF(MIME_VALUE + 1);
    CHECK(mime_header(head, sizeof head - 1, "subject", &v));
    CHECK_TEXT(buf_str(&v), "one two three");
    CHECK(mime_header(head, sizeof head - 1, "X", &x));
    CHECK_TEXT(buf_str(&x), "y");
    CHECK(!mime_header(head, sizeof head - 1, "Sub", &none));
    char huge[4 * MIME_VALUE];
    memset(huge, 'a', sizeof huge);
    memcpy(huge, "Subject: ", 9);
    CHECK(mime_header(huge, sizeof huge, "Subject", &big) && big.len == MIME_VALUE && !big.failed);
}

TEST(parameters_are_found) {
    static const struct { const char *value, *name, *want; } row[] = {
        { "multipart/report; report-type=delivery-status; boundary=\"a;\\\"b\"", "boundary", "a;\"b" }, { "x; a=\"; boundary=no\"; Boundary = yes ; c", "boundary", "yes" },
        { "x; boundaryx=no", "boundary", NULL }, { "x", "boundary", NULL }, { "x;", "boundary", NULL }, { "x; boundary", "boundary", NULL }, { "x; boundary=", "boundary", "" }, { "x; boundary=\"cut", "boundary", "cut" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf got = BUF(100);
        CHECK(mime_param(row[i].value, row[i].name, &got) == (row[i].want != NULL));
        CHECK_TEXT(buf_str(&got), row[i].want == NULL ? "" : row[i].want);
    }
}

TEST(depth_and_number_are_bounded) {
    AUTO(buf_done) struct buf deep = BUF(1u << 20), many = BUF(1u << 20), got = BUF(1u << 20);
    for (int i = 0; i < 200; i++)
        buf_printf(&deep, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    mime_parts(buf_str(&deep), deep.len, list_part, &got);
    CHECK(strncmp(buf_str(&got), "multipart/mixed=", 16) == 0);
    buf_cut(&got, 0);
    buf_text(&many, "Content-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < 1000; i++)
        buf_text(&many, "--b\n\nx\n");
    mime_parts(buf_str(&many), many.len, list_part, &got);
    CHECK_INT(got.len, MIME_PARTS * strlen("text/plain=x;"));
}
