/* qr.h — a QR code (ISO/IEC 18004) by libqrencode, as SVG for a page and as text for a terminal: black on white with its quiet zone
 * whatever the colours about it are, so that a phone reads it in the dark too. Pure. Thread-safe. What it says may be a secret:
 * *ret is to be wiped then. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define QR_TEXT_MAX 1024u                    /* bytes */

/* An <svg> element of its own, without style: class "qr", title and label for who cannot see it. */
MUST_USE enum code qr_svg(const char *text, const char *title, struct buf *ret, struct err *reterr);
/* Two rows of modules to a line, in half blocks. colours: black and white are set (a terminal); false: light is drawn, as for
 * white letters on black. */
MUST_USE enum code qr_terminal(const char *text, bool colours, struct buf *ret, struct err *reterr);
