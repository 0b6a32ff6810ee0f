/* theme.c — relative luminance after WCAG 2.2; a colour that is too weak is mixed with black or white in steps. */
#include "base/theme.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

struct colour { double part[3]; };            /* 0 to 1, sRGB */
static const struct colour standard = { { 0x1f / 255.0, 0x4e / 255.0, 0x79 / 255.0 } };
static const struct colour white = { { 1, 1, 1 } }, black = { { 0, 0, 0 } };
static const struct colour paper = { { 0xfb / 255.0, 0xfa / 255.0, 0xf7 / 255.0 } }, night = { { 0x14 / 255.0, 0x17 / 255.0, 0x1b / 255.0 } };
#define ENOUGH 4.5

static bool colour_parse(const char *text, struct colour *ret) {
    uint8_t bytes[3];
    if (text == NULL || text[0] != '#' || strlen(text) != 7 || !hex_decode(text + 1, 6, bytes, sizeof bytes))
        return false;
    for (int i = 0; i < 3; i++)
        ret->part[i] = bytes[i] / 255.0;
    return true;
}

static double luminance(const struct colour *c) {
    static const double weight[3] = { 0.2126, 0.7152, 0.0722 };
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += weight[i] * (c->part[i] <= 0.04045 ? c->part[i] / 12.92 : pow((c->part[i] + 0.055) / 1.055, 2.4));
    return sum;
}

static double contrast(const struct colour *a, const struct colour *b) {
    double x = luminance(a), y = luminance(b);
    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

double theme_contrast(const char *a, const char *b) {
    struct colour x, y;
    return colour_parse(a, &x) && colour_parse(b, &y) ? contrast(&x, &y) : 0;
}

/* The colour, moved towards `towards` until it can be read on `ground`. */
static struct colour readable(struct colour c, const struct colour *ground, const struct colour *towards) {
    for (int step = 0; step < 40 && contrast(&c, ground) < ENOUGH; step++)
        for (int i = 0; i < 3; i++)
            c.part[i] += (towards->part[i] - c.part[i]) * 0.08;
    return contrast(&c, ground) < ENOUGH ? *towards : c;
}

static void colour_text(const struct colour *c, char ret[THEME_COLOUR]) {
    static const char hex[] = "0123456789abcdef";
    ret[0] = '#';
    for (int i = 0; i < 3; i++) {
        unsigned part = (unsigned)lround(c->part[i] * 255);
        ret[1 + 2 * i] = hex[part >> 4 & 15];
        ret[2 + 2 * i] = hex[part & 15];
    }
    ret[7] = 0;
}

void theme_of(const char *colour, const char *text, struct theme *ret) {
    struct colour brand, on;
    if (!colour_parse(colour, &brand))
        brand = standard;
    if (!colour_parse(text, &on) || contrast(&on, &brand) < ENOUGH)
        on = contrast(&white, &brand) >= contrast(&black, &brand) ? white : black;
    struct colour light = readable(brand, &paper, &black), dark = readable(brand, &night, &white);
    colour_text(&brand, ret->brand);
    colour_text(&on, ret->on_brand);
    colour_text(&light, ret->accent);
    colour_text(&dark, ret->accent_dark);
}

void theme_css(const char *colour, const char *text, struct buf *ret) {
    struct theme t;
    theme_of(colour, text, &t);
    buf_printf(ret, ":root{--brand:%s;--on-brand:%s;--accent:%s;}\n@media (prefers-color-scheme:dark){:root{--accent:%s;}}\n", t.brand, t.on_brand, t.accent, t.accent_dark);
}
