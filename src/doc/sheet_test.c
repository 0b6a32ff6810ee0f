/* sheet_test.c — a paper is as long as what stands on it, its pages are counted before they are drawn, and nothing falls off the end of one. */
#include "doc/sheet.c"

#include <string.h>

#include "base/test.h"

struct paper { int facts, draws; double lowest; bool counted; };
static void draw(struct sheet *s, void *arg) {
    struct paper *p = arg;
    p->draws++;
    p->counted = s->pages > 0;
    sheet_head(s, (const char *const[3]){ "Kwiaciarnia", NULL, "kontakt@kwiaciarnia.example" }, "2026. november 22.");
    sheet_title(s, "Igazolás", "1. szám");
    for (int i = 0; i < p->facts; i++) {
        sheet_heading(s, "Ami van");
        sheet_fact(s, "név", "Zażółć gęślą jaźń, árvíztűrő tükörfúrógép");
        sheet_count(s, i, "dolog");
        sheet_point(s, "pont");
        p->lowest = s->y > p->lowest ? s->y : p->lowest;
    }
    sheet_code(s, "sejf");
    sheet_text(s, "", 4);                      /* nothing takes no room */
}

TEST(pages_follow_what_stands_on_them) {
    static const struct { int facts, least, most; } rows[] = { { 0, 1, 1 }, { 3, 1, 1 }, { 60, 4, 10 } };
    const struct sheet_options o = { .title = "Igazolás", .lang = LANG_HU, .made = USEC_PER_SEC, .foot = "{1}: {2}/{3}", .of = "Kwiaciarnia" };
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf pdf = BUF(1u << 22);
        struct paper p = { .facts = rows[i].facts };
        int pages = 0;
        CHECK_OK(sheet_set(&o, draw, &p, &pdf, &pages, &e), &e);
        CHECK(pages >= rows[i].least && pages <= rows[i].most && p.draws == 2 && p.counted);
        CHECK(p.lowest <= bottom && pdf.len > 1000 && memcmp(pdf.data, "%PDF-", 5) == 0);
    }
}

TEST(hexadecimal_stands_in_groups) {
    static const struct { const char *hex, *said; } rows[] = { { "", "" }, { "0123", "0123" }, { "01234567", "01234567" }, { "0123456789abcdef0", "01234567 89abcdef 0" } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf b = BUF(64);
        sheet_hex(rows[i].hex, &b);
        CHECK_TEXT(buf_str(&b), rows[i].said);
    }
}
