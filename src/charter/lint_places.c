/* lint_places.c — telephone country codes and regions by name. A code that several countries share stands once for
 * each of them. Names are folded (lower case, no diacritics), because descriptions are. */
#include "charter/lint_parts.h"

#include <string.h>

#include "base/text.h"

enum { EU = 1, EEA = 2 };
static const struct country { const char *name, *other, *iso, *code; int in; } countries[] = {
    { "austria", NULL, "AT", "43", EU | EEA }, { "belgium", NULL, "BE", "32", EU | EEA }, { "bulgaria", NULL, "BG", "359", EU | EEA },
    { "croatia", NULL, "HR", "385", EU | EEA }, { "cyprus", NULL, "CY", "357", EU | EEA }, { "czechia", "czech republic", "CZ", "420", EU | EEA },
    { "denmark", NULL, "DK", "45", EU | EEA }, { "estonia", NULL, "EE", "372", EU | EEA }, { "finland", NULL, "FI", "358", EU | EEA },
    { "france", NULL, "FR", "33", EU | EEA }, { "germany", NULL, "DE", "49", EU | EEA }, { "greece", NULL, "GR", "30", EU | EEA },
    { "hungary", NULL, "HU", "36", EU | EEA }, { "ireland", NULL, "IE", "353", EU | EEA }, { "italy", NULL, "IT", "39", EU | EEA },
    { "latvia", NULL, "LV", "371", EU | EEA }, { "lithuania", NULL, "LT", "370", EU | EEA }, { "luxembourg", NULL, "LU", "352", EU | EEA },
    { "malta", NULL, "MT", "356", EU | EEA }, { "netherlands", NULL, "NL", "31", EU | EEA }, { "poland", NULL, "PL", "48", EU | EEA },
    { "portugal", NULL, "PT", "351", EU | EEA }, { "romania", NULL, "RO", "40", EU | EEA }, { "slovakia", NULL, "SK", "421", EU | EEA },
    { "slovenia", NULL, "SI", "386", EU | EEA }, { "spain", NULL, "ES", "34", EU | EEA }, { "sweden", NULL, "SE", "46", EU | EEA },
    { "iceland", NULL, "IS", "354", EEA }, { "liechtenstein", NULL, "LI", "423", EEA }, { "norway", NULL, "NO", "47", EEA },
    { "switzerland", NULL, "CH", "41", 0 }, { "united kingdom", "uk", "GB", "44", 0 }, { "albania", NULL, "AL", "355", 0 },
    { "andorra", NULL, "AD", "376", 0 }, { "armenia", NULL, "AM", "374", 0 }, { "azerbaijan", NULL, "AZ", "994", 0 },
    { "belarus", NULL, "BY", "375", 0 }, { "bosnia-herzegovina", "bosnia", "BA", "387", 0 }, { "canada", NULL, "CA", "1", 0 },
    { "georgia", NULL, "GE", "995", 0 }, { "gibraltar", NULL, "GI", "350", 0 }, { "israel", NULL, "IL", "972", 0 },
    { "kazakhstan", NULL, "KZ", "7", 0 }, { "kosovo", NULL, "XK", "383", 0 }, { "moldova", NULL, "MD", "373", 0 },
    { "monaco", NULL, "MC", "377", 0 }, { "montenegro", NULL, "ME", "382", 0 }, { "north macedonia", NULL, "MK", "389", 0 },
    { "russia", NULL, "RU", "7", 0 }, { "san marino", NULL, "SM", "378", 0 }, { "serbia", NULL, "RS", "381", 0 },
    { "turkey", "turkiye", "TR", "90", 0 }, { "ukraine", NULL, "UA", "380", 0 }, { "united states", "usa", "US", "1", 0 },
};
static const struct region { const char *name; int in; } regions[] = {
    { "eu", EU }, { "european union", EU }, { "eu countries", EU }, { "eea", EEA }, { "european economic area", EEA },
};
#define COUNTRIES ARRAY_LEN(countries)
_Static_assert(COUNTRIES <= 64, "a set of countries is one word");

bool place_in_eea(const char *name) {
    if (strcmp(name, "EU") == 0 || strcmp(name, "EEA") == 0)
        return true;
    for (size_t i = 0; i < COUNTRIES; i++)
        if (strcmp(countries[i].iso, name) == 0)
            return (countries[i].in & EEA) != 0;
    return false;
}

/* The countries that a name means; 0: no such name. */
static uint64_t named(const char *name) {
    uint64_t set = 0;
    int in = 0;
    for (size_t i = 0; i < ARRAY_LEN(regions); i++)
        if (strcmp(regions[i].name, name) == 0)
            in = regions[i].in;
    for (size_t i = 0; i < COUNTRIES; i++)
        if ((countries[i].in & in) != 0 || strcmp(countries[i].name, name) == 0 || (countries[i].other != NULL && strcmp(countries[i].other, name) == 0))
            set |= UINT64_C(1) << i;
    return set;
}

/* The next name of "the EU, Switzerland and the United Kingdom" in ret; NULL at the end. */
static const char *next_name(const char *at, char *ret, size_t room) {
    for (;;) {
        at += strspn(at, ", ");
        if (strncmp(at, "and ", 4) == 0)
            at += 4;
        else if (strncmp(at, "the ", 4) == 0)
            at += 4;
        else
            break;
    }
    if (*at == '\0')
        return NULL;
    const char *comma = strchr(at, ','), *and = strstr(at, " and "), *end = at + strlen(at);
    if (comma != NULL && comma < end)
        end = comma;
    if (and != NULL && and < end)
        end = and;
    size_t len = (size_t)(end - at);
    if (len >= room)
        len = room - 1;
    memcpy(ret, at, len);
    ret[len] = '\0';
    return end;
}

/* "Austria (+43)" from a folded name. */
static void say_country(const struct country *c, const char *between, struct buf *ret) {
    buf_text(ret, between);
    bool start = true;
    for (const char *s = c->name; *s != '\0'; s++) {
        buf_char(ret, start ? (char)(*s - 'a' + 'A') : *s);
        start = *s == ' ' || *s == '-';
    }
    buf_printf(ret, " (+%s)", c->code);
}

/* The countries of "+36 +48"; codes that no country of the table has are said in ret. */
static uint64_t listed(const char *codes, struct buf *ret) {
    uint64_t set = 0;
    for (const char *at = codes; *(at += strspn(at, " ,")) != '\0';) {
        size_t len = strcspn(at, " ,");
        uint64_t these = 0;
        for (size_t i = 0; i < COUNTRIES; i++)
            if (*at == '+' && strlen(countries[i].code) == len - 1 && memcmp(countries[i].code, at + 1, len - 1) == 0)
                these |= UINT64_C(1) << i;
        if (these == 0)
            buf_printf(ret, "%s%.*s is in the list and in no described place", ret->len == 0 ? "" : "; ", (int)(len < 16 ? len : 16), at);
        set |= these;
        at += len;
    }
    return set;
}

/* A country counts as described or listed when one that shares its code is. */
static uint64_t with_shared(uint64_t set) {
    uint64_t all = set;
    for (size_t i = 0; i < COUNTRIES; i++)
        for (size_t k = 0; k < COUNTRIES; k++)
            if ((set >> k & 1) != 0 && strcmp(countries[i].code, countries[k].code) == 0)
                all |= UINT64_C(1) << i;
    return all;
}

static void say_difference(uint64_t set, const char *ending, struct buf *ret) {
    bool first = true;
    for (size_t i = 0; i < COUNTRIES; i++)
        if ((set >> i & 1) != 0) {
            say_country(&countries[i], first ? (ret->len == 0 ? "" : "; ") : ", ", ret);
            first = false;
        }
    if (!first)
        buf_text(ret, ending);
}

bool places_agree(const char *codes, const char *described, struct buf *ret) {
    struct buf folded = BUF(4096);
    uint64_t wanted = 0, have = listed(codes, ret);
    char name[64];
    if (!text_fold(described, strlen(described), &folded))
        buf_text(ret, "the description cannot be read");
    for (const char *at = buf_str(&folded); (at = next_name(at, name, sizeof name)) != NULL;) {
        uint64_t these = named(name);
        if (these == 0)
            buf_printf(ret, "%ssejf knows no place called %s", ret->len == 0 ? "" : "; ", name);
        wanted |= these;
    }
    buf_done(&folded);
    say_difference(wanted & ~with_shared(have), " described and not in the list", ret);
    say_difference(have & ~with_shared(wanted), " in the list and not described", ret);
    return ret->len == 0;
}
