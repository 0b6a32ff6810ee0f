/* value.h — one field's value: what a person or machine sent, checked and brought into one form. Pure; thread-safe.
 * Memory comes from the caller's arena. A mistake says which one; it never holds the value. */
#pragma once
#include <jansson.h>

#include "base/arena.h"
#include "charter/charter.h"
#include "records/canon.h"
#include "records/says.h"

#define TEXT_MAX 20000u                      /* characters of a text */
#define NAME_MAX_POINTS 200u
#define ADDRESS_MAX 500u
#define JSON_VALUE_MAX 16384u                /* bytes of a json field */
#define JSON_VALUE_DEPTH 30u                 /* lists and objects in one another: what a body, two deeper, may still hold */

/* A value in its one form. json: canonical JSON. text: the same as people read it (text as it is, a time as RFC 3339 in
 * UTC, a number in decimal digits, money "12.50 EUR", true/false, an id). number: what it sorts by (µs of a time, days of a
 * date, a number times 10^6). */
struct value { bool set; const char *json; size_t len; const char *text; int64_t number; };

/* What came in. A loose one is a cell of a table: text stands for numbers, yes/no and so on; `comma`: 12,50 is a number. */
struct raw { enum { RAW_NULL, RAW_TEXT, RAW_TREE } type; const char *text; size_t len; json_t *tree; bool loose, comma; };
struct raw raw_json(json_t *v);
struct raw raw_cell(const char *text, size_t len, bool comma);

struct value_rules { const char *country; };             /* "PL": default of telephone numbers; NULL: + is needed */

/* *ret->set false: null, or empty text. False: *why says what is wrong (also when memory ran out: then why->says is SAYS_OK). */
MUST_USE bool value_read(const struct field *f, const struct raw *raw, const struct value_rules *rules, struct arena *arena,
                         struct value *ret, struct say *why);
/* From its canonical JSON, as sealed or stored, which lives as long as the value. False: damaged, or no memory. */
MUST_USE bool value_open(const struct field *f, struct slice json, struct arena *arena, struct value *ret);
/* As the API shows it: appended as text, or as a tree (new reference; NULL: no memory). */
void value_show(const struct field *f, const struct value *v, struct buf *ret);
json_t *value_json(const struct field *f, const struct value *v);
MUST_USE bool value_same(const struct value *a, const struct value *b);

/* The parts that have a file of their own (phone.c, decimal.c). */
MUST_USE bool phone_read(const char *text, size_t len, const char *country, char ret[20]);    /* E.164: "+48221234567" */
struct decimal { char text[40]; int64_t micro; };
/* -12.5, 12.50: at most 12 digits before and 6 after the point; without needless zeros. */
MUST_USE bool decimal_read(const char *text, size_t len, bool comma, struct decimal *ret);
/* Decimal places of an ISO 4217 currency, -1 when there is none of that code. */
int currency_places(const char code[3]);
/* "12.5" with 2 places is "12.50"; false: more places than that, or more than 15 digits. */
MUST_USE bool amount_read(const char *text, size_t len, bool comma, int places, char ret[40]);
