/* view_words.c — linear searches: the tables are short, and a page asks a few dozen times. */
#include "promises/view_words.h"

#include <string.h>
#include <utf8proc.h>

static const struct { const char *name; struct words words; } words[] = {
#define WORD(name, en, pl, hu) { name, WORDS(en, pl, hu) },
#define PHRASE(en, pl, hu)
#include "promises/view_words.tbl"
#undef WORD
#undef PHRASE
};
static const struct words phrases[] = {
#define WORD(name, en, pl, hu)
#define PHRASE(en, pl, hu) WORDS(en, pl, hu),
#include "promises/view_words.tbl"
#undef WORD
#undef PHRASE
};

const char *word_find(const char *name, enum lang lang) {
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(words[i].name, name) == 0)
            return words[i].words.in[lang];
    return NULL;
}

void word_say(struct buf *ret, enum lang lang, const char *name) {
    const char *known = word_find(name, lang);
    if (known != NULL) {
        buf_text(ret, known);
        return;
    }
    for (const char *p = name; *p != 0; p++)
        buf_char(ret, *p == '_' ? ' ' : *p);
}

void word_label(struct buf *ret, enum lang lang, const char *name) {
    AUTO(buf_done) struct buf word = BUF(4096);
    word_say(&word, lang, name);
    utf8proc_int32_t point = 0;
    utf8proc_ssize_t used = word.len == 0 ? 0 : utf8proc_iterate((const utf8proc_uint8_t *)word.data, (utf8proc_ssize_t)word.len, &point);
    if (used <= 0) {
        buf_text(ret, buf_str(&word));
        return;
    }
    utf8proc_uint8_t upper[4];
    utf8proc_ssize_t len = utf8proc_encode_char(utf8proc_toupper(point), upper);
    buf_add(ret, upper, (size_t)len);
    buf_text(ret, buf_str(&word) + used);
}

static const struct words *phrase_find(const char *phrase) {
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
        if (strcmp(phrases[i].in[LANG_EN], phrase) == 0)
            return &phrases[i];
    return NULL;
}

const char *phrase_say(enum lang lang, const char *phrase) {
    const struct words *w = phrase_find(phrase);
    return w == NULL ? phrase : w->in[lang];
}

bool phrase_known(enum lang lang, const char *phrase) { return lang == LANG_EN || phrase_find(phrase) != NULL; }
