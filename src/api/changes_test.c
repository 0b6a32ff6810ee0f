#include "api/changes.c"
#include "base/test.h"

TEST(an_event_is_one_frame) {
    AUTO(buf_done) struct buf b = BUF(4096);
    event_frame(&b, 7, "change", "{\"change\":7}");
    event_frame(&b, INT64_MAX, "change", "{}");
    CHECK_TEXT(buf_str(&b), "id: 7\nevent: change\ndata: {\"change\":7}\n\nid: 9223372036854775807\nevent: change\ndata: {}\n\n");
}
