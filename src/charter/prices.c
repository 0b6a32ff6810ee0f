/* prices.c — the list is kept sorted by prefix as it stood in the file; a look-up tries the longest beginning of the number first. */
#include "charter/prices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "charter/calling.h"
#include "charter/tree.h"

#define FILE_MAX ((size_t)1 << 20)
#define PRICES_MAX 20000u
#define PREFIX_MAX 15u                        /* '+' and 14 digits */

struct price { const char *prefix; char currency[4]; int64_t micros; int line; };
struct prices { struct arena *arena; struct price *list; size_t count; };

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool price_micros(const char *text, size_t len, int64_t *ret) {
    int64_t whole = 0, part = 0, unit = 1000000;
    size_t i = 0, before;
    while (i < len && is_digit(text[i]) && i < 9)
        whole = whole * 10 + (text[i++] - '0');
    before = i;
    if (before == 0)
        return false;
    if (i < len && text[i] == '.') {
        for (i++; i < len && is_digit(text[i]) && unit > 1; i++) {
            unit /= 10;
            part += (text[i] - '0') * unit;
        }
        if (i == before + 1)
            return false;                     /* nothing behind the point */
    }
    if (i != len)
        return false;
    *ret = whole * 1000000 + part;
    return true;
}

const char *price_text(int64_t micros, char ret[PRICE_TEXT]) {
    int n = snprintf(ret, PRICE_TEXT, "%lld.%06lld", (long long)(micros / 1000000), (long long)(micros % 1000000));
    while (n > 2 && ret[n - 1] == '0' && ret[n - 3] != '.')
        ret[--n] = 0;
    return ret;
}

/* ---- the file */

struct reader { struct prices *p; struct findings *findings; const char *name; int line; const char *text; size_t len; bool full; };
struct cell { const char *at; size_t len; int column; };

static void complain_cell(const struct reader *r, const struct cell *c, const char *id, const char *what) {
    char *source = strndup(r->text, r->len < 200 ? r->len : 200);
    finding_line(r->findings, r->name, source != NULL ? source : "", id, (struct pos){ r->line, c->column }, c->len > 0 && c->len < 200 ? (int)c->len : 1, "%s", what);
    free(source);
}

/* Cells of a line, without the spaces around them; how many there are, at most 4. */
static size_t cells_of(const struct reader *r, struct cell ret[4]) {
    size_t at = 0, n = 0;
    while (n < 4) {
        const char *comma = memchr(r->text + at, ',', r->len - at);
        size_t end = comma == NULL ? r->len : (size_t)(comma - r->text), from = at, to = end;
        while (from < to && (r->text[from] == ' ' || r->text[from] == '\t'))
            from++;
        while (to > from && (r->text[to - 1] == ' ' || r->text[to - 1] == '\t'))
            to--;
        ret[n++] = (struct cell){ r->text + from, to - from, (int)from + 1 };
        if (comma == NULL)
            break;
        at = end + 1;
    }
    return n;
}

static bool prefix_of(const struct cell *c) {
    char digits[PREFIX_MAX + 1];
    if (c->len < 2 || c->len > PREFIX_MAX || c->at[0] != '+')
        return false;
    for (size_t i = 1; i < c->len; i++)
        if (!is_digit(c->at[i]))
            return false;
    memcpy(digits, c->at + 1, c->len - 1);
    digits[c->len - 1] = 0;
    return calling_of(digits) != NULL;
}

static bool currency_of(const struct cell *c) {
    bool fits = c->len == 3;
    for (size_t i = 0; i < c->len; i++)
        fits = fits && c->at[i] >= 'A' && c->at[i] <= 'Z';
    return fits;
}

static bool is_header(const struct cell *c, size_t n) {
    static const char *const words[] = { "prefix", "price", "currency" };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (n != ARRAY_LEN(words) || c[i].len != strlen(words[i]) || memcmp(c[i].at, words[i], c[i].len) != 0)
            return false;
    return true;
}

static void line_read(struct reader *r) {
    struct cell c[4];
    struct price one = { .line = r->line };
    size_t n = cells_of(r, c), errors = findings_count(r->findings, FINDING_ERROR);
    if ((n == 1 && c[0].len == 0) || r->text[0] == '#' || (r->line == 1 && is_header(c, n)))
        return;
    if (n != 3) {
        complain_cell(r, &c[0], "price", "PREFIX,PRICE,CURRENCY is wanted here, such as +48,0.045,EUR");
        return;
    }
    if (!prefix_of(&c[0]))
        complain_cell(r, &c[0], "price-prefix", "A '+' and digits that begin with the code of a country are wanted here, such as +48 or +447797");
    if (!price_micros(c[1].at, c[1].len, &one.micros))
        complain_cell(r, &c[1], "price", "The price of one part is wanted here, with at most 6 digits behind the point, such as 0.045");
    if (!currency_of(&c[2]))
        complain_cell(r, &c[2], "price-currency", "A currency of three capitals is wanted here, such as EUR");
    if (findings_count(r->findings, FINDING_ERROR) > errors)
        return;
    if (r->p->count == PRICES_MAX) {
        r->full = true;
        return;
    }
    memcpy(one.currency, c[2].at, 3);
    one.prefix = arena_text_n(r->p->arena, c[0].at, c[0].len);
    r->p->list[r->p->count++] = one;
}

static int by_prefix(const void *a, const void *b) {
    const struct price *x = a, *y = b;
    int way = strcmp(x->prefix == NULL ? "" : x->prefix, y->prefix == NULL ? "" : y->prefix);
    return way != 0 ? way : x->line - y->line;
}

/* Sorted; one that stands twice in one currency is complained of. */
static void list_sort(struct reader *r) {
    struct price *list = r->p->list;
    if (r->p->count > 1)
        qsort(list, r->p->count, sizeof *list, by_prefix);
    for (size_t i = 1; i < r->p->count; i++)
        for (size_t k = i; k-- > 0 && strcmp(list[k].prefix, list[i].prefix) == 0;)
            if (strcmp(list[k].currency, list[i].currency) == 0)
                finding_line(r->findings, r->name, list[i].prefix, "named-twice", (struct pos){ list[i].line, 1 }, (int)strlen(list[i].prefix),
                             "The price of %s in %s stands in line %d already: keep one of the two", list[i].prefix, list[i].currency, list[k].line);
}

enum code prices_load_text(const char *name, const char *text, size_t len, struct findings *findings, struct prices **ret, struct err *reterr) {
    PRE(name != NULL && (text != NULL || len == 0) && findings != NULL && ret != NULL && reterr != NULL);
    AUTO(prices_free) struct prices *p = mem_new(sizeof *p);
    size_t errors = findings_count(findings, FINDING_ERROR);
    struct reader r = { .p = p, .findings = findings, .name = name };
    if (p == NULL || (p->arena = arena_new(2 * FILE_MAX)) == NULL || (p->list = mem_new_array(PRICES_MAX, sizeof *p->list)) == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a price list");
    for (size_t at = 0; at < len && !r.full;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end == NULL ? len - at : (size_t)(end - text) - at;
        r.line++;
        r.text = text + at;
        r.len = n > 0 && text[at + n - 1] == '\r' ? n - 1 : n;
        at += n + 1;
        if (r.len > 0)
            line_read(&r);
    }
    for (size_t i = 0; i < p->count; i++)
        if (p->list[i].prefix == NULL)
            return err_set(reterr, E_MEMORY, "no memory for a price list");
    if (r.full)
        return err_set(reterr, E_TOO_LARGE, "%s has more than %u prices", name, PRICES_MAX);
    list_sort(&r);
    if (findings_count(findings, FINDING_ERROR) > errors)
        return err_set(reterr, E_CONFIG, "%s has mistakes", name);
    *ret = TAKE(p);
    return OK;
}

enum code prices_load(const char *path, struct findings *findings, struct prices **ret, struct err *reterr) {
    PRE(path != NULL);
    AUTO(buf_done) struct buf text = BUF(FILE_MAX);
    enum code code = source_read(path, &text, reterr);
    return code == OK ? prices_load_text(path, buf_str(&text), text.len, findings, ret, reterr) : code;
}

struct prices *prices_free(struct prices *p) {
    if (p != NULL) {
        arena_free(p->arena);
        mem_free(p->list);
    }
    return mem_free(p);
}

size_t prices_count(const struct prices *p) { return p == NULL ? 0 : p->count; }

/* The first of that prefix (len bytes of text) in the currency. */
static const struct price *exactly(const struct prices *p, const char *text, size_t len, const char *currency) {
    size_t low = 0, high = p->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int way = strncmp(p->list[middle].prefix, text, len);
        if (way < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < p->count && strncmp(p->list[low].prefix, text, len) == 0 && p->list[low].prefix[len] == 0; low++)
        if (currency == NULL || strcmp(p->list[low].currency, currency) == 0)
            return &p->list[low];
    return NULL;
}

bool price_of(const struct prices *p, const char *e164, const char *currency, int64_t *ret, const char **ret_currency) {
    size_t len = strlen(e164);
    for (size_t n = len < PREFIX_MAX ? len : PREFIX_MAX; p != NULL && n >= 2; n--) {
        const struct price *one = exactly(p, e164, n, currency);
        if (one == NULL)
            continue;
        *ret = one->micros;
        *ret_currency = one->currency;
        return true;
    }
    return false;
}
