/* theme.h — the operator's colours as a stylesheet of custom properties, made readable: text on the colour and the
 * colour on paper reach a contrast of 4.5 (WCAG 2.2, 1.4.3), in light and in dark. Pure. */
#pragma once
#include "base/buf.h"

#define THEME_COLOUR 8                        /* "#1f4e79" */
struct theme { char brand[THEME_COLOUR], on_brand[THEME_COLOUR], accent[THEME_COLOUR] /* on light paper */, accent_dark[THEME_COLOUR]; };
void theme_of(const char *colour, const char *text, struct theme *ret);
/* colour, text: "#1f4e79" or NULL. What is not a colour is passed over for the standard one. */
void theme_css(const char *colour, const char *text, struct buf *ret);
/* Contrast of two colours, 1 to 21; 0 when one of them is none. */
double theme_contrast(const char *a, const char *b);
