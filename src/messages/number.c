/* number.c — first E.164 (records/value.h), then the code (charter/calling.h), then the range (number.tbl). */
#include "messages/number.h"

#include <string.h>

#include "charter/calling.h"
#include "records/value.h"

static const struct range { const char *code; char country[3]; enum number_type type; size_t min, max; const char *begins; } ranges[] = {
#define RANGE(code, country, type, min, max, begins) { code, country, NUMBER_##type, min, max, begins },
#include "messages/number.tbl"
#undef RANGE
};

const char *number_type_name(enum number_type t) {
    static const char *const names[NUMBER_TYPES] = { "unknown", "mobile", "fixed", "premium-rate", "shared-cost", "freephone", "pager", "personal", "satellite", "internet", "service" };
    return t < NUMBER_TYPES ? names[t] : names[NUMBER_UNKNOWN];
}

/* Digits that are all as long as the first. -1, 0, 1. */
static int digits_compare(const char *a, const char *b, size_t n) { return memcmp(a, b, n); }

/* "20-39": the next of a list; both ends are of `n` digits. False: there is none. */
static bool begin_next(const char **at, const char **ret_from, const char **ret_to, size_t *ret_n) {
    *at += strspn(*at, " ");
    *ret_from = *ret_to = *at;
    *ret_n = strcspn(*at, " -");
    *at += *ret_n;
    if (**at == '-') {
        *ret_to = ++*at;
        *at += strcspn(*at, " ");
    }
    return *ret_n > 0;
}

/* How many digits of the number the longest of these beginnings is; 0: none. */
static size_t begins_with(const char *begins, const char *national) {
    const char *from, *to;
    size_t best = 0, n, len = strlen(national);
    while (begin_next(&begins, &from, &to, &n))
        if (n > best && n <= len && digits_compare(national, from, n) >= 0 && digits_compare(national, to, n) <= 0)
            best = n;
    return best;
}

/* The longest beginning counts; among equal ones the range that the number's length fits. */
static void type_find(const struct calling *c, const char *national, struct number *n) {
    const struct range *best = NULL;
    size_t most = 0, len = strlen(national);
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        const struct range *r = &ranges[i];
        size_t m = strcmp(r->code, c->code) == 0 ? begins_with(r->begins, national) : 0;
        bool fits = len >= r->min && len <= r->max;
        if (m == 0 || m < most || (m == most && !fits))
            continue;
        most = m;
        best = r;
    }
    if (best == NULL)
        return;
    memcpy(n->country, best->country, sizeof n->country);
    n->type = len >= best->min && len <= best->max ? best->type : NUMBER_UNKNOWN;
}

bool number_read(const char *text, size_t len, const char *country, struct number *ret) {
    struct number n = { .type = NUMBER_UNKNOWN };
    if (!phone_read(text, len, country, n.e164))
        return false;
    const struct calling *c = calling_of(n.e164 + 1);
    if (c == NULL)
        return false;
    n.code[0] = '+';
    memcpy(n.code + 1, c->code, strlen(c->code) + 1);
    memcpy(n.country, c->country, strlen(c->country) + 1);
    type_find(c, n.e164 + 1 + strlen(c->code), &n);
    n.own = strcmp(n.country, c->country) == 0;
    *ret = n;
    return true;
}

bool number_prefix_valid(const char *prefix) {
    size_t len = strlen(prefix);
    return len >= 2 && len <= 15 && prefix[0] == '+' && strspn(prefix + 1, "0123456789") == len - 1 && calling_of(prefix + 1) != NULL;
}

/* Does all that begins with that prefix belong to ranges of that country, which shares the code with others? */
static bool prefix_of_country(const char *code, const char *country, const char *national) {
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        if (strcmp(ranges[i].code, code) == 0 && strcmp(ranges[i].country, country) == 0 && begins_with(ranges[i].begins, national) > 0)
            return true;
    return false;
}

bool number_within(const struct number *n, const char *prefix) {
    if (strncmp(n->e164, prefix, strlen(prefix)) != 0 || !number_prefix_valid(prefix))
        return false;
    return n->own || (strlen(prefix) > strlen(n->code) && prefix_of_country(n->code + 1, n->country, prefix + strlen(n->code)));
}

/* Do some numbers that begin with `begin` begin with the prefix? One of the two is the start of the other. */
static bool begins_meet(const char *begins, const char *prefix) {
    const char *from, *to;
    size_t n, len = strlen(prefix);
    while (begin_next(&begins, &from, &to, &n)) {
        size_t same = n < len ? n : len;
        if (digits_compare(prefix, from, same) >= 0 && digits_compare(prefix, to, same) <= 0)
            return true;
    }
    return false;
}

bool number_prefix_known(const char *prefix) {
    const struct calling *c = number_prefix_valid(prefix) ? calling_of(prefix + 1) : NULL;
    for (size_t i = 0; c != NULL && i < ARRAY_LEN(ranges); i++)
        if (ranges[i].type == NUMBER_MOBILE && strcmp(ranges[i].code, c->code) == 0 && begins_meet(ranges[i].begins, prefix + 1 + strlen(c->code)))
            return true;
    return false;
}
