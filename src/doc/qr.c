/* qr.c */
#include "doc/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <string.h>

#define QUIET 4                              /* modules about it: what the standard asks for */
#define DARK 1                               /* the lowest bit of a module */

static void auto_code(QRcode **p) {
    if (*p != NULL)
        explicit_bzero((*p)->data, (size_t)(*p)->width * (size_t)(*p)->width);
    QRcode_free(*p);
}
#define OWNED(fn) __attribute__((cleanup(fn)))

/* The library leaves errno at 0 where some of its parts find no memory. */
static enum code code_make(const char *text, QRcode **ret, struct err *reterr) {
    size_t len = strnlen(text, QR_TEXT_MAX + 1);
    if (len == 0 || len > QR_TEXT_MAX)
        return err_set(reterr, E_INVALID, "a QR code is made of 1 to %u bytes", QR_TEXT_MAX);
    errno = 0;
    *ret = QRcode_encodeData((int)len, (const unsigned char *)text, 0, QR_ECLEVEL_M);
    return *ret != NULL ? OK : err_set(reterr, E_MEMORY, "no memory for a QR code");
}

/* Also about it, where all is light. */
static bool dark(const QRcode *q, int x, int y) {
    return x >= 0 && y >= 0 && x < q->width && y < q->width && (q->data[y * q->width + x] & DARK) != 0;
}

/* The dark modules of a row as one rectangle for each run. */
static void row_draw(const QRcode *q, int y, struct buf *ret) {
    for (int x = 0; x < q->width; x++) {
        int from = x;
        while (dark(q, x, y))
            x++;
        if (x > from)
            buf_printf(ret, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET, x - from, x - from);
    }
}

enum code qr_svg(const char *text, const char *title, struct buf *ret, struct err *reterr) {
    PRE(text != NULL && title != NULL && ret != NULL && reterr != NULL);
    OWNED(auto_code) QRcode *q = NULL;
    enum code code = code_make(text, &q, reterr);
    if (code != OK)
        return code;
    int side = q->width + 2 * QUIET;
    buf_printf(ret, "<svg class=\"qr\" xmlns=\"http://www.w3.org/2000/svg\" width=\"264\" height=\"264\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", side, side);
    buf_html(ret, title);
    buf_text(ret, "\" shape-rendering=\"crispEdges\"><title>");
    buf_html(ret, title);
    buf_printf(ret, "</title><path fill=\"#fff\" d=\"M0 0h%dv%dh-%dz\"/><path fill=\"#000\" d=\"", side, side, side);
    for (int y = 0; y < q->width; y++)
        row_draw(q, y, ret);
    buf_text(ret, "\"/></svg>");
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for a QR code") : OK;
}

enum code qr_terminal(const char *text, bool colours, struct buf *ret, struct err *reterr) {
    static const char *const drawn[2][2] = { { " ", "\xe2\x96\x84" }, { "\xe2\x96\x80", "\xe2\x96\x88" } };    /* upper, lower */
    PRE(text != NULL && ret != NULL && reterr != NULL);
    OWNED(auto_code) QRcode *q = NULL;
    enum code code = code_make(text, &q, reterr);
    if (code != OK)
        return code;
    for (int y = -QUIET; y < q->width + QUIET; y += 2) {
        buf_text(ret, colours ? "\033[38;5;16;48;5;231m" : "");
        for (int x = -QUIET; x < q->width + QUIET; x++)
            buf_text(ret, drawn[dark(q, x, y) == colours][dark(q, x, y + 1) == colours]);
        buf_text(ret, colours ? "\033[0m\n" : "\n");
    }
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for a QR code") : OK;
}
