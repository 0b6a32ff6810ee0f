/* markup_int.h — inside markup: a text that was read, as a row of marks. Never changed after markup_read. */
#pragma once
#include "messages/markup.h"

enum mark_kind { MARK_HEADING, MARK_PARAGRAPH, MARK_ITEM,          /* a block begins; it lasts to the next one */
                 MARK_BREAK,                                       /* a new line in it */
                 MARK_WORDS, MARK_VALUE,                           /* text: as it is; the name of a value */
                 MARK_STRONG, MARK_STRONG_END,
                 MARK_LINK, MARK_LINK_WORDS, MARK_LINK_END };      /* pieces of its address; then what is read of it */
struct mark { enum mark_kind kind; uint32_t at; bool address; };   /* at: of its text in `pool`, which ends by a zero */
struct markup { struct mark *marks; size_t count; struct buf pool; };

static inline const char *mark_text(const struct markup *m, const struct mark *k) { return m->pool.data + k->at; }
