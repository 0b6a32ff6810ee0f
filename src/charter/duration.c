/* duration.c — durations in three languages. Polish counts in three forms and declines; Hungarian keeps the singular
 * and adds a suffix that follows the vowels of the unit. */
#include <string.h>

#include "base/text.h"
#include "charter/render.h"

enum unit { U_SECOND, U_MINUTE, U_HOUR, U_DAY, U_WEEK, U_MONTH, U_YEAR, UNITS };
static const char *const english[UNITS] = { "second", "minute", "hour", "day", "week", "month", "year" };

/* one, few (2 to 4), many: accusative, genitive, locative */
struct polish { const char *acc[3], *gen[3], *loc[3], *each; };
static const struct polish polish[UNITS] = {
    { { "sekundę", "sekundy", "sekund" }, { "sekundy", "sekund", "sekund" }, { "sekundzie", "sekundach", "sekundach" }, "co sekundę" },
    { { "minutę", "minuty", "minut" }, { "minuty", "minut", "minut" }, { "minucie", "minutach", "minutach" }, "co minutę" },
    { { "godzinę", "godziny", "godzin" }, { "godziny", "godzin", "godzin" }, { "godzinie", "godzinach", "godzinach" }, "co godzinę" },
    { { "dzień", "dni", "dni" }, { "dnia", "dni", "dni" }, { "dniu", "dniach", "dniach" }, "codziennie" },
    { { "tydzień", "tygodnie", "tygodni" }, { "tygodnia", "tygodni", "tygodni" }, { "tygodniu", "tygodniach", "tygodniach" }, "co tydzień" },
    { { "miesiąc", "miesiące", "miesięcy" }, { "miesiąca", "miesięcy", "miesięcy" }, { "miesiącu", "miesiącach", "miesiącach" }, "co miesiąc" },
    { { "rok", "lata", "lat" }, { "roku", "lat", "lat" }, { "roku", "latach", "latach" }, "co rok" },
};
/* nominative, -on (within), -ig (for), -val (after), -onként (every), -ra (to) */
static const struct { const char *n, *in, *lasting, *after, *every, *to; } hungarian[UNITS] = {
    { "másodperc", "másodpercen", "másodpercig", "másodperccel", "másodpercenként", "másodpercre" },
    { "perc", "percen", "percig", "perccel", "percenként", "percre" },
    { "óra", "órán", "óráig", "órával", "óránként", "órára" },
    { "nap", "napon", "napig", "nappal", "naponta", "napra" },
    { "hét", "héten", "hétig", "héttel", "hetente", "hétre" },
    { "hónap", "hónapon", "hónapig", "hónappal", "havonta", "hónapra" },
    { "év", "éven", "évig", "évvel", "évente", "évre" },
};
/* "2 times a day" */
static const char *const polish_per[UNITS] = { "na sekundę", "na minutę", "na godzinę", "dziennie", "tygodniowo", "miesięcznie", "rocznie" };

static size_t plural(int64_t n) {
    if (n == 1)
        return 0;
    return n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14) ? 1 : 2;
}

static int unit_of(const char *word) {
    for (int u = 0; u < UNITS; u++) {
        size_t n = strlen(english[u]);
        if (strncmp(word, english[u], n) == 0 && (word[n] == '\0' || strcmp(word + n, "s") == 0))
            return u;
    }
    return -1;
}

static void say_polish(int64_t n, int unit, const char *how, struct buf *ret) {
    const struct polish *p = &polish[unit];
    size_t form = plural(n);
    if (strcmp(how, "every") == 0 && n == 1)
        buf_text(ret, p->each);
    else if (strcmp(how, "every") == 0)
        buf_printf(ret, "co %lld %s", (long long)n, p->acc[form]);
    else
        buf_printf(ret, "%lld %s", (long long)n, strcmp(how, "in") == 0 ? p->gen[form] : strcmp(how, "after") == 0 ? p->loc[form] : p->acc[form]);
}

static void say_hungarian(int64_t n, int unit, const char *how, struct buf *ret) {
    const struct { const char *how, *word; } words[] = {
        { "n", hungarian[unit].n }, { "in", hungarian[unit].in }, { "for", hungarian[unit].lasting }, { "after", hungarian[unit].after },
        { "every", hungarian[unit].every }, { "to", hungarian[unit].to },
    };
    if (n != 1 || strcmp(how, "every") != 0)
        buf_printf(ret, "%lld ", (long long)n);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(words[i].how, how) == 0)
            buf_text(ret, words[i].word);
}

void render_duration(const char *text, const char *how, enum lang lang, struct buf *ret) {
    size_t digits = strspn(text, "0123456789");
    int64_t n;
    int unit = digits > 0 && text[digits] == ' ' ? unit_of(text + digits + 1) : -1;
    if (unit < 0 || !text_int_n(text, digits, 0, 1000000, &n)) {
        buf_text(ret, text);
        return;
    }
    if (lang == LANG_PL)
        say_polish(n, unit, how, ret);
    else if (lang == LANG_HU)
        say_hungarian(n, unit, how, ret);
    else if (strcmp(how, "every") == 0 && n == 1)
        buf_printf(ret, "every %s", english[unit]);
    else
        buf_printf(ret, "%s%lld %s%s", strcmp(how, "every") == 0 ? "every " : "", (long long)n, english[unit], n == 1 ? "" : "s");
}

void render_pace(const char *text, enum lang lang, struct buf *ret) {
    char one[48];
    if (strncmp(text, "every ", 6) == 0) {
        const char *rest = text + 6;
        if (rest[0] >= '0' && rest[0] <= '9') {
            render_duration(rest, "every", lang, ret);
            return;
        }
        if (strlen(rest) + 3 <= sizeof one) {
            memcpy(one, "1 ", 2);
            memcpy(one + 2, rest, strlen(rest) + 1);
            render_duration(one, "every", lang, ret);
        }
        return;
    }
    size_t digits = strspn(text, "0123456789");
    const char *last = strrchr(text, ' ');
    int unit = last != NULL ? unit_of(last + 1) : -1;
    if (unit < 0 || lang == LANG_EN)
        buf_text(ret, text);
    else if (lang == LANG_PL)
        buf_printf(ret, "%.*s %s %s", (int)digits, text, digits == 1 && text[0] == '1' ? "raz" : "razy", polish_per[unit]);
    else
        buf_printf(ret, "%s %.*s alkalommal", hungarian[unit].every, (int)digits, text);
}
