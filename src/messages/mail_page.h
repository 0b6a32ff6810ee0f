/* mail_page.h — the page around the HTML of a mail: one column in the operator's colours, light and dark; its style stands in it, and it fetches
 * nothing from anywhere. Pure. */
#pragma once
#include "base/buf.h"
#include "base/lang.h"

struct mail_brand { const char *name /* "Seats"; NULL: none is shown */, *colour, *text /* "#1f4e79"; NULL: the standard ones */; };
/* blocks: as template_render makes them; the rest is escaped here. Appended. */
void mail_page(const struct mail_brand *b, enum lang lang, const char *subject, const char *blocks, struct buf *ret);
