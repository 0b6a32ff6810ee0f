/* qr_test.c — both drawings show the same modules; that they are a QR code which says the text is read in tests/suites by another's reader. */
#include "doc/qr.c"
#include "base/test.h"
#include "base/text.h"
#include "base/torture.h"

#define SIDE_MOST 200

struct picture { int side; bool dark[SIDE_MOST][SIDE_MOST]; };

static int number(const char **at) {
    int n = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++)
        n = n * 10 + (**at - '0');
    return n;
}

static void svg_read(const char *svg, struct picture *ret) {
    const char *at = strstr(svg, "viewBox=\"0 0 ") + strlen("viewBox=\"0 0 ");
    ret->side = number(&at);
    CHECK(ret->side > 20 && ret->side < SIDE_MOST);
    at = strstr(svg, "fill=\"#000\" d=\"");
    CHECK(at != NULL);
    for (at += strlen("fill=\"#000\" d=\""); *at == 'M';) {
        at++;
        int x = number(&at);
        at++;
        int y = number(&at);
        CHECK(*at == 'h');
        at++;
        for (int n = number(&at); n > 0; n--)
            ret->dark[y][x + n - 1] = true;
        at = strchr(at, 'z') + 1;
    }
    CHECK_TEXT(at, "\"/></svg>");
}

static void terminal_read(const char *text, bool colours, struct picture *ret) {
    int y = 0;
    for (const char *line = text; *line != 0; y += 2) {
        int x = 0;
        if (colours) {
            CHECK(strncmp(line, "\033[38;5;16;48;5;231m", 19) == 0);
            line += 19;
        }
        for (; *line != '\n' && *line != '\033'; x++) {
            bool block = (unsigned char)*line == 0xe2, up = block && (unsigned char)line[2] != 0x84, low = block && (unsigned char)line[2] != 0x80;
            CHECK(block || *line == ' ');
            ret->dark[y][x] = up == colours;
            ret->dark[y + 1][x] = low == colours;
            line += block ? 3 : 1;
        }
        if (colours) {
            CHECK(strncmp(line, "\033[0m", 4) == 0);
            line += 4;
        }
        ret->side = x;
        line++;
    }
    CHECK(y == ret->side || y == ret->side + 1);
}

TEST(all_drawings_are_the_same_picture) {
    static const char *const texts[] = { "a", "otpauth://totp/Bieg:anna%40poczta.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bieg&algorithm=SHA1&digits=6&period=30", "za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87" };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO(buf_done) struct buf svg = BUF(1 << 20), plain = BUF(1 << 20), coloured = BUF(1 << 20);
        static struct picture one, two, three;
        struct err e;
        memset(&one, 0, sizeof one);
        memset(&two, 0, sizeof two);
        memset(&three, 0, sizeof three);
        CHECK_OK(qr_svg(texts[i], "a title", &svg, &e), &e);
        CHECK_OK(qr_terminal(texts[i], false, &plain, &e), &e);
        CHECK_OK(qr_terminal(texts[i], true, &coloured, &e), &e);
        svg_read(buf_str(&svg), &one);
        terminal_read(buf_str(&plain), false, &two);
        terminal_read(buf_str(&coloured), true, &three);
        CHECK(one.side == two.side && one.side == three.side);
        for (int y = 0; y < one.side; y++)
            for (int x = 0; x < one.side; x++) {
                bool quiet = x < QUIET || y < QUIET || x >= one.side - QUIET || y >= one.side - QUIET;
                CHECK(one.dark[y][x] == two.dark[y][x] && one.dark[y][x] == three.dark[y][x] && !(quiet && one.dark[y][x]));
            }
        for (int k = 0; k < 7; k++)                                    /* the finder at three corners */
            CHECK(one.dark[QUIET][QUIET + k] && one.dark[QUIET + k][QUIET] && one.dark[QUIET][one.side - QUIET - 1 - k] && one.dark[one.side - QUIET - 1][QUIET + k]);
    }
}

TEST(a_title_is_text) {
    AUTO(buf_done) struct buf svg = BUF(1 << 20);
    struct err e;
    CHECK_OK(qr_svg("a", "\"><script>&", &svg, &e), &e);
    CHECK(strstr(buf_str(&svg), "<script>") == NULL && strstr(buf_str(&svg), "<title>&quot;&gt;&lt;script&gt;&amp;</title>") != NULL);
    CHECK(strstr(buf_str(&svg), "style") == NULL);
}

TEST(sizes_and_want_of_room) {
    AUTO(buf_done) struct buf svg = BUF(1 << 20), small = BUF(100);
    char text[QR_TEXT_MAX + 2];
    struct err e;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    CHECK_CODE(qr_svg("", "t", &svg, &e), E_INVALID, &e);
    CHECK_CODE(qr_svg(text, "t", &svg, &e), E_INVALID, &e);
    CHECK(svg.len == 0);
    text[QR_TEXT_MAX] = 0;
    CHECK_OK(qr_svg(text, "t", &svg, &e), &e);
    CHECK_CODE(qr_svg("a", "t", &small, &e), E_MEMORY, &e);
    CHECK_CODE(qr_terminal("a", true, &small, &e), E_MEMORY, &e);
}

static enum code both(void *arg, struct buf *outcome, struct err *reterr) {
    enum code code = qr_svg(arg, "t", outcome, reterr);
    return code == OK ? qr_terminal(arg, true, outcome, reterr) : code;
}
TEST(each_allocation_that_fails_is_told) {
    static char text[] = "otpauth://totp/Bieg:anna%40poczta.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    CHECK(torture(&(struct torture){ .name = "qr", .call = both, .arg = text, .reach = TORTURE_THREAD }));
}
