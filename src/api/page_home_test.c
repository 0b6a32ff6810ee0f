/* page_home_test.c — how the name of a tenant stands in an address. */
#include "api/page_home.c"
#include "base/test.h"

TEST(slug_rows) {
    static const struct { const char *name, *want; } row[] = {
        { "Gabinet Mięta", "gabinet-mieta" }, { "Gyors Nyíl Futár Kft.", "gyors-nyil-futar-kft" }, { "  A  &  B  ", "a-b" },
        { "Biuro Arabika S.A.", "biuro-arabika-s-a" }, { "24/7", "24-7" }, { "---", "" }, { "", "" }, { "ŁÓDŹ", "lodz" },
        { "<script>", "script" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf b = BUF(256);
        slug_of(row[i].name, &b);
        CHECK_TEXT(buf_str(&b), row[i].want);
    }
}
