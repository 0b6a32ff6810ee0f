/* sentence.h — the grammar toolkit: a form of sentence is one line of pattern, a value is matched against the
 * forms of its key, and what stands in it comes back as captures. The same patterns make usage lines and schema.
 *
 * A pattern:  within {span:time}[, losing at most {span:loss}](, signed{=signed}|)
 *   words and commas     as they stand
 *   {type:name}          a capture (table below); {=name} a flag that notes that this place was passed
 *   [ … ]  ( … | … )     may be left out; alternatives
 *   < … >                any number of times, also none
 * Pure; everything is allotted from the arena that the caller gives. Thread-safe. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/time.h"

/* CAPTURE(type, word in patterns, what it is, in usage lines, as an ECMA regular expression) */
#define CAPTURES(X) \
    X(NAME,    "name",    "a declared name", "NAME", "[a-z][a-z0-9_]*") \
    X(NAMES,   "names",   "declared names", "NAME, NAME", "[a-z][a-z0-9_]*(?:(?:,| and| or) [a-z][a-z0-9_]*)*") \
    X(PERSON,  "person",  "one of the people", "PERSON", "(?:the )?(?:security officer|[a-z][a-z0-9_]*)") \
    X(PEOPLE,  "people",  "people such as `client or staff`", "PERSON or PERSON", "(?:the )?(?:security officer|[a-z][a-z0-9_]*)(?:(?:,| or) (?:the )?(?:security officer|[a-z][a-z0-9_]*))*") \
    X(PATH,    "path",    "KIND.FIELD", "KIND.FIELD", "[a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*") \
    X(ANCHOR,  "anchor",  "a field, KIND.FIELD, `created` or `changed`", "FIELD", "[a-z][a-z0-9_]*(?:\\.[a-z][a-z0-9_]*)?") \
    X(SPAN,    "span",    "a duration such as `30 days`", "DURATION", "[0-9]{1,6} (?:minute|hour|day|week|month|year)s?") \
    X(TICK,    "tick",    "a duration such as `30 seconds`", "DURATION", "[0-9]{1,6} (?:second|minute|hour|day)s?") \
    X(PACE,    "pace",    "a pace such as `every 3 hours`, `every day` or `2 times a day`", "every DURATION", "(?:every (?:[0-9]{1,6} )?(?:minute|hour|day|week|month|year)s?|[0-9]{1,3} times an? (?:hour|day|week|month|year))") \
    X(INT,     "int",     "a whole number", "NUMBER", "[0-9]{1,9}") \
    X(DECIMAL, "decimal", "a number such as `99.9`", "NUMBER", "[0-9]{1,9}(?:\\.[0-9]{1,6})?") \
    X(CURRENCY,"currency","a currency such as `EUR`", "CURRENCY", "[A-Z]{3}") \
    X(DATE,    "date",    "a date such as `2026-11-22`", "DATE", "[0-9]{4}-[0-9]{2}-[0-9]{2}") \
    X(HOUR,    "hour",    "a time of day such as `8:00`", "H:MM", "(?:[01]?[0-9]|2[0-4]):[0-5][0-9]") \
    X(COUNTRY, "country", "a country code such as `PL`", "COUNTRY", "[A-Z]{2}") \
    X(CODES,   "codes",   "calling codes such as `+48 +36`", "+CODE +CODE", "\\+[1-9][0-9]{0,3}(?: \\+[1-9][0-9]{0,3})*") \
    X(HOST,    "host",    "a host such as `api.host.example`", "HOST", "[a-z0-9-]+(?:\\.[a-z0-9-]+)+") \
    X(HOSTS,   "hosts",   "hosts such as `api.host.example`", "HOST, HOST", "[a-z0-9-]+(?:\\.[a-z0-9-]+)+(?:, [a-z0-9-]+(?:\\.[a-z0-9-]+)+)*") \
    X(ENDPOINT,"endpoint","a host and port such as `api.host.example:8883`", "HOST:PORT", "[a-z0-9-]+(?:\\.[a-z0-9-]+)+:[0-9]{1,5}") \
    X(EMAIL,   "email",   "an address such as `privacy@seats.example`", "ADDRESS", "[^ @]+@[^ @]+") \
    X(FORMAT,  "format",  "a number such as `FV/2026/000001`", "000001", "[^ ,]*0*1") \
    X(OPTIONS, "options", "options such as `open | closed`", "OPTION | OPTION", "[a-z][a-z0-9_]*(?: \\| [a-z][a-z0-9_]*)*") \
    X(OPTION,  "option",  "an option", "OPTION", "[a-z][a-z0-9_]*") \
    X(ITEM,    "item",    "a word of the list", "WORD", "") \
    X(ITEMS,   "items",   "words of the list", "WORD, WORD", "") \
    /* the rest of the value: stands last */ \
    X(TEXT,    "text",    "some text", "TEXT", ".+") \
    X(FLAG,    "flag",    "", "", "")

enum capture_type {
#define X(type, word, what, usage, regex) C_##type,
    CAPTURES(X)
#undef X
    CAPTURE_TYPES
};

struct capture {
    enum capture_type type;
    const char *name;                         /* as in the pattern */
    const char *text;                         /* terminated; as written, spaces between words as they stood */
    int at, width;                            /* characters from the beginning of the value */
};

struct pattern;                               /* compiled */
/* NULL: no memory. A pattern that is not well-formed is our own bug. */
MUST_USE struct pattern *pattern_new(struct arena *arena, const char *text);
/* For people: "within DURATION[, losing at most DURATION]". */
void pattern_usage(const char *pattern, struct buf *ret);
/* For schemas: an ECMA regular expression, without ^ and $. */
void pattern_regex(const char *pattern, struct buf *ret);

#define EXPECTED_MAX 48
/* Where the best form stopped: the word there, and what could have stood instead. */
struct miss {
    int at, width;                            /* characters; width 0: the sentence ends too early */
    char word[64];
    const char *literal[EXPECTED_MAX]; size_t literal_count;   /* words that fit there */
    const char *wanted[8]; size_t wanted_count;                /* captures that fit there, described */
    bool end;                                 /* nothing more would have been right too */
    size_t words;                             /* how far: for comparing */
};

/* Matches the whole value. *ret_list is allotted only on success. *miss is added to (start with zeroes), so that
 * several forms share it: the one that came farthest speaks. False too when there is no memory (arena_overflowed). */
MUST_USE bool pattern_match(const struct pattern *p, struct arena *arena, const char *value,
                            const struct capture **ret_list, size_t *ret_count, struct miss *miss);

const struct capture *capture_find(const struct capture *list, size_t count, const char *name);
/* Steps through NAMES, PEOPLE, OPTIONS, ITEMS, HOSTS, CODES: each name copied into `arena` ("the" left out, two words
 * joined by _ for people). `state` begins at 0. NULL at the end. *ret_at is the place in the value. */
const char *capture_next(const struct capture *c, struct arena *arena, size_t *state, int *ret_at, int *ret_width);
MUST_USE bool capture_span(const struct capture *c, struct span *ret);       /* SPAN; TICK below a minute is false */
/* PACE: "2 times a day" is times 2, per "1 day"; "every 3 hours" is times 1 per "3 hours". */
MUST_USE bool capture_pace(const struct capture *c, int *ret_times, struct span *ret_per);
int64_t capture_int(const struct capture *c);
int capture_minutes(const struct capture *c);                                /* HOUR: of the day, 0 to 1440 */

/* Words of fixed lists (words.tbl): field types, rings, kinds of attempts … */
struct vocabulary { const char *list, *key, *in[3]; };
size_t vocabulary_all(const struct vocabulary **ret);
const struct vocabulary *vocabulary_find(const char *list, const char *key);   /* NULL: no such word */
bool is_name(const char *text);               /* snake_case */
