/* theme_test.c — whatever an operator writes, the page stays readable and the stylesheet stays a stylesheet. */
#include "base/theme.c"
#include "base/test.h"

static void value_of(const char *css, const char *name, bool dark, char ret[8]) {
    const char *from = dark ? strstr(css, "@media") : css;
    CHECK(from != NULL);
    const char *at = strstr(from, name);
    CHECK(at != NULL);
    memcpy(ret, at + strlen(name) + 1, 7);
    ret[7] = 0;
}

TEST(contrast_of_known_pairs) {
    CHECK(fabs(theme_contrast("#000000", "#ffffff") - 21) < 0.001);
    CHECK(fabs(theme_contrast("#ffffff", "#ffffff") - 1) < 0.001);
    CHECK(fabs(theme_contrast("#777777", "#ffffff") - 4.478) < 0.01);
    CHECK(theme_contrast("red", "#ffffff") <= 0);
}

TEST(every_brand_stays_readable) {
    static const char *const brand[][2] = {
        { "#1f4e79", "#ffffff" }, { "#ffff00", "#ffffff" }, { "#000000", "#000000" }, { "#ffffff", "#ffffff" },
        { "#777777", NULL }, { "#e3000f", "#ff0000" }, { NULL, NULL }, { "red;}body{display:none", "x" }, { "#12345", "#zzzzzz" },
    };
    for (size_t i = 0; i < ARRAY_LEN(brand); i++) {
        AUTO(buf_done) struct buf css = BUF(4096);
        char b[8], on[8], accent[8], night_[8];
        theme_css(brand[i][0], brand[i][1], &css);
        value_of(buf_str(&css), "--brand", false, b);
        value_of(buf_str(&css), "--on-brand", false, on);
        value_of(buf_str(&css), "--accent", false, accent);
        value_of(buf_str(&css), "--accent", true, night_);
        CHECK(theme_contrast(b, on) >= 4.5);
        CHECK(theme_contrast(accent, "#fbfaf7") >= 4.4);
        CHECK(theme_contrast(night_, "#14171b") >= 4.4);
        CHECK(strstr(buf_str(&css), "display") == NULL);
    }
}
