/* buf_test.c */
#include "base/buf.c"
#include "base/test.h"

TEST(stops_at_its_maximum) {
    AUTO(buf_done) struct buf b = BUF(10);
    buf_text(&b, "12345");
    buf_printf(&b, "%d", 67890);
    CHECK(!b.failed && b.len == 10);
    buf_char(&b, 'x');
    CHECK(b.failed && b.len == 10);
    CHECK_TEXT(buf_str(&b), "1234567890");
}

TEST(escapes_html) {
    AUTO(buf_done) struct buf b = BUF(100);
    buf_html(&b, "<a href='x'>\"&\"</a>");
    CHECK_TEXT(buf_str(&b), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;&lt;/a&gt;");
}

TEST(survives_no_memory) {
    AUTO(buf_done) struct buf b = BUF(100);
    mem_fail_at = 1;
    buf_text(&b, "x");
    CHECK(b.failed && b.len == 0);
    CHECK_TEXT(buf_str(&b), "");
}
