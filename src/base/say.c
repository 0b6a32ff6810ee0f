/* say.c — every word is in a table; the functions only choose. */
#include "base/say.h"

#include <string.h>

static const char *const months[LANG_COUNT][12] = {
    { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December" },
    { "stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września", "października", "listopada", "grudnia" },
    { "január", "február", "március", "április", "május", "június", "július", "augusztus", "szeptember", "október", "november", "december" },
};
static const char *const joins[LANG_COUNT] = { " and ", " i ", " és " };

static const char *month(enum lang lang, const struct civil *c) {
    PRE(c->month >= 1 && c->month <= 12);
    return months[lang][c->month - 1];
}

void say_date(struct buf *ret, enum lang lang, const struct civil *c) {
    if (lang == LANG_HU)
        buf_printf(ret, "%d. %s %d.", c->year, month(lang, c), c->day);
    else
        buf_printf(ret, "%d %s %d", c->day, month(lang, c), c->year);
}

void say_until(struct buf *ret, enum lang lang, const struct civil *c) {
    if (lang == LANG_HU)                       /* the suffix takes the place of the day's full stop */
        buf_printf(ret, "%d. %s %d-ig", c->year, month(lang, c), c->day);
    else
        buf_printf(ret, "%s %d %s %d", lang == LANG_PL ? "do" : "until", c->day, month(lang, c), c->year);
}

void say_moment(struct buf *ret, enum lang lang, const struct civil *c) {
    say_date(ret, lang, c);
    buf_printf(ret, "%s %02d:%02d", lang == LANG_HU ? "" : ",", c->hour, c->minute);
}

/* Polish: 1 is one; 2 to 4 are few, but 12 to 14 are not; everything else is many. */
static int plural(enum lang lang, int64_t n) {
    uint64_t m = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    if (m == 1)
        return 0;
    if (lang == LANG_PL && m % 10 >= 2 && m % 10 <= 4 && !(m % 100 >= 12 && m % 100 <= 14))
        return 1;
    return 2;
}

const char *noun_form(const struct noun *noun, enum lang lang, int64_t n) {
    PRE(noun != NULL && lang < LANG_COUNT);
    return noun->in[lang][plural(lang, n)];
}

void say_count(struct buf *ret, enum lang lang, int64_t n, const struct noun *noun) {
    buf_printf(ret, "%lld %s", (long long)n, noun_form(noun, lang, n));
}

void say_span(struct buf *ret, enum lang lang, const struct span *s) {
    static const struct noun unit[] = {
        NOUN("year", "years", "rok", "lata", "lat", "év"),
        NOUN("month", "months", "miesiąc", "miesiące", "miesięcy", "hónap"),
        NOUN("week", "weeks", "tydzień", "tygodnie", "tygodni", "hét"),
        NOUN("day", "days", "dzień", "dni", "dni", "nap"),
        NOUN("hour", "hours", "godzina", "godziny", "godzin", "óra"),
        NOUN("minute", "minutes", "minuta", "minuty", "minut", "perc"),
    };
    const int count[] = { s->years, s->months, s->weeks, s->days, s->hours, s->minutes };
    size_t left = 0, said = 0;
    for (size_t i = 0; i < ARRAY_LEN(count); i++)
        left += count[i] != 0;
    for (size_t i = 0; i < ARRAY_LEN(count); i++) {
        if (count[i] == 0)
            continue;
        if (said > 0)
            buf_text(ret, said + 1 == left ? joins[lang] : ", ");
        say_count(ret, lang, count[i], &unit[i]);
        said++;
    }
}

static void fill(struct buf *ret, const char *sentence, const char *const *args, void (*put)(struct buf *, const char *)) {
    size_t count = 0;
    while (args != NULL && args[count] != NULL)
        count++;
    struct buf piece = BUF(1u << 16);
    for (const char *p = sentence; *p != 0; p++) {
        if (p[0] != '{' || p[1] < '1' || p[1] > '9' || p[2] != '}') {
            buf_char(&piece, *p);
            continue;
        }
        put(ret, buf_str(&piece));
        buf_cut(&piece, 0);
        size_t which = (size_t)(p[1] - '1');
        size_t len = which < count ? strlen(args[which]) : 0;
        if (which < count)
            put(ret, args[which]);
        p += 2;
        if (len > 0 && args[which][len - 1] == '.' && p[1] == '.' && p[2] != '.')
            p++;                               /* a Hungarian date, a "sp. z o.o.": its full stop ends the sentence too */
    }
    put(ret, buf_str(&piece));
    ret->failed |= piece.failed;
    buf_done(&piece);
}

void say_html(struct buf *ret, const char *sentence, const char *const *args) { fill(ret, sentence, args, buf_html); }
void say_plain(struct buf *ret, const char *sentence, const char *const *args) { fill(ret, sentence, args, buf_text); }
