/* pdf_test.c — texts flow over pages, and what comes out is a document. */
#include "doc/pdf.c"

#include <stdio.h>

#include "base/test.h"

static struct pdf *document(void) {
    struct pdf *p = NULL;
    struct err e;
    const struct pdf_options o = { .width = PDF_A4_SHORT, .height = PDF_A4_LONG, .title = "Zażółć gęślą jaźń", .lang = LANG_PL, .made = 1795341600 * USEC_PER_SEC };
    CHECK_OK(pdf_new(&o, &p, &e), &e);
    return p;
}

TEST(a_text_that_does_not_fit_goes_on_elsewhere) {
    AUTO(pdf_free) struct pdf *p = document();
    const struct pdf_style s = { .size = 10 };
    AUTO(pdf_flow_free) struct pdf_flow *f = pdf_flow_new(p, 100, &s, "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen");
    double whole = pdf_flow_height(f), first = pdf_flow_draw(f, 10, 10, whole / 2);
    CHECK(whole > 20 && first > 0 && first <= whole / 2 && !pdf_flow_done(f));
    CHECK(pdf_flow_draw(f, 10, 10, 1) == 0);                         /* no room for a line */
    double rest = pdf_flow_height(f);
    CHECK(rest > 0 && rest < whole);
    CHECK(pdf_flow_draw(f, 10, 10, 1000) > 0 && pdf_flow_done(f) && pdf_flow_height(f) < 0.5);
    AUTO(pdf_flow_free) struct pdf_flow *nothing = pdf_flow_new(p, 100, &s, "");
    CHECK(pdf_flow_done(nothing) && pdf_flow_height(nothing) < 0.5 && pdf_flow_draw(nothing, 0, 0, 100) == 0);
    AUTO(pdf_flow_free) struct pdf_flow *word = pdf_flow_new(p, 40, &s, "Rechtsschutzversicherungsgesellschaften");
    CHECK(pdf_flow_height(word) > 30);                                 /* broken, not cut off */
}

TEST(no_line_ends_with_a_word_that_belongs_to_the_next) {
    static const struct { enum lang lang; const char *text, *bound; } rows[] = {
        { LANG_PL, "sąd, w którym (o czym niżej)", "sąd, w\u00a0którym (o\u00a0czym niżej)" }, { LANG_EN, "a word, Article 93 and no. 4", "a word, Article\u00a093\u00a0and no.\u00a04" },
        { LANG_PL, "art. 17 ust. 3 lit. b RODO", "art.\u00a017\u00a0ust.\u00a03\u00a0lit.\u00a0b RODO" }, { LANG_HU, "14 nap\na sorban, 2026 óta", "14\u00a0nap\na sorban, 2026 óta" },
        { LANG_PL, "ul. Morska 12, 80-827 Gdańsk", "ul.\u00a0Morska 12, 80-827 Gdańsk" }, { LANG_PL, " w ", " w\u00a0" }, { LANG_PL, "", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf b = BUF(1000);
        bind(rows[i].lang, rows[i].text, &b);
        CHECK_TEXT(buf_str(&b), rows[i].bound);
    }
}

TEST(pages_become_a_document) {
    AUTO(pdf_free) struct pdf *p = document();
    AUTO(buf_done) struct buf out = BUF(1u << 20);
    struct err e;
    const struct pdf_style s = { .size = 12, .bold = true, .align = PDF_CENTRE };
    CHECK(pdf_text(p, 50, 50, 400, &s, "Árvíztűrő tükörfúrógép") > 10);
    pdf_line(p, 50, 80, 450, 80, 0.5, 0.5);
    pdf_fill(p, 50, 90, 100, 10, 0.9);
    pdf_page(p);
    (void)pdf_text(p, 50, 50, 400, &s, "2");
    pdf_page(p);
    CHECK_OK(pdf_end(p, &out, &e), &e);
    CHECK(out.len > 1000 && strncmp(buf_str(&out), "%PDF-1.", 7) == 0 && memmem(out.data, out.len, "%%EOF", 5) != NULL);
    CHECK(memmem(out.data, out.len, "/Count 2", 8) != NULL && memmem(out.data, out.len, "Lato-Bold", 9) != NULL);
}

TEST(a_document_that_is_too_large_is_none) {
    AUTO(pdf_free) struct pdf *p = document();
    AUTO(buf_done) struct buf out = BUF(100);
    struct err e;
    pdf_page(p);
    CHECK_CODE(pdf_end(p, &out, &e), E_TOO_LARGE, &e);
}
