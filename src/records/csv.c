/* csv.c — a window over the stream. Invariant: data[at..have) is not read yet; the cells of a row stand in `row`. */
#include "records/csv.h"

#include <string.h>

#include "base/mem.h"

#define WINDOW ((size_t)256 << 10)
struct csv {
    const struct source *in;
    char *data; size_t at, have; bool ended;
    uint64_t line;                             /* of what comes next */
    char delimiter; bool begun;
    struct buf row; size_t starts[CSV_COLUMNS_MAX]; struct cell cells[CSV_COLUMNS_MAX]; size_t count;
};

struct csv *csv_new(const struct source *in) {
    struct csv *c = mem_new(sizeof *c);
    if (c == NULL)
        return NULL;
    c->in = in;
    c->line = 1;
    c->row = BUF(CSV_ROW_MAX);
    c->data = mem_new(WINDOW);
    return c->data == NULL ? csv_free(c) : c;
}

struct csv *csv_free(struct csv *c) {
    if (c == NULL)
        return NULL;
    if (c->data != NULL)
        explicit_bzero(c->data, WINDOW);
    mem_free(c->data);
    buf_wipe(&c->row);
    return mem_free(c);
}

char csv_delimiter(const struct csv *c) { return c->delimiter; }

/* At least `want` bytes in the window, unless the stream ends. */
static enum code fill(struct csv *c, size_t want, struct err *reterr) {
    if (c->have - c->at >= want || c->ended)
        return OK;
    memmove(c->data, c->data + c->at, c->have - c->at);
    c->have -= c->at;
    c->at = 0;
    while (c->have < want && !c->ended) {
        ssize_t n = c->in->read(c->in->arg, c->data + c->have, WINDOW - c->have);
        if (n < 0)
            return err_set(reterr, E_PEER, "the input was cut off in line %llu", (unsigned long long)c->line);
        c->ended = n == 0;
        c->have += (size_t)n;
    }
    return OK;
}

/* The next byte, -1 at the end, -2 on failure. */
static int peek(struct csv *c, struct err *reterr) {
    if (c->at == c->have && fill(c, 1, reterr) != OK)
        return -2;
    return c->at < c->have ? (unsigned char)c->data[c->at] : -1;
}

/* What stands between columns: what the first line that is not empty has most of, outside quotes. */
static char guess(const char *p, size_t len) {
    static const char candidates[] = ",;\t";
    size_t counts[3] = { 0 }, best = 0;
    bool quoted = false;
    for (; len > 0 && (*p == '\n' || *p == '\r'); p++)
        len--;
    for (size_t i = 0; i < len && (quoted || (p[i] != '\n' && p[i] != '\r')); i++) {
        if (p[i] == '"')
            quoted = !quoted;
        const char *at = quoted || p[i] == 0 ? NULL : strchr(candidates, p[i]);
        if (at != NULL)
            counts[at - candidates]++;
    }
    for (size_t i = 1; i < 3; i++)
        if (counts[i] > counts[best])
            best = i;
    return candidates[best];
}

#define FIRST_LOOK ((size_t)64 << 10)
static enum code begin(struct csv *c, struct err *reterr) {
    if (c->begun)
        return OK;
    enum code code = fill(c, FIRST_LOOK, reterr);
    if (code != OK)
        return code;
    if (c->have - c->at >= 3 && memcmp(c->data + c->at, "\xef\xbb\xbf", 3) == 0)
        c->at += 3;
    c->delimiter = guess(c->data + c->at, c->have - c->at);
    c->begun = true;
    return OK;
}

/* Past the end of this line. */
static void skip_line(struct csv *c) {
    struct err e;
    for (int b = peek(c, &e); b >= 0; b = peek(c, &e)) {
        c->at++;
        if (b == '\n')
            break;
    }
    c->line++;
}

/* The run of plain bytes up to one that means something. */
static size_t plain_run(const char *p, size_t len, char delimiter) {
    size_t n = 0;
    while (n < len && p[n] != delimiter && p[n] != '\n' && p[n] != '\r' && p[n] != '"' && p[n] != 0)
        n++;
    return n;
}

/* Inside quotes: up to the closing one, which is taken. */
static enum code quoted(struct csv *c, uint64_t began, struct err *reterr) {
    for (;;) {
        int b = peek(c, reterr);
        if (b == -2)
            return E_PEER;
        if (b == -1 || c->row.failed)
            return b == -1 ? err_set(reterr, E_INVALID, "line %llu: a quote is opened and never closed", (unsigned long long)began) : E_TOO_LARGE;
        const char *p = c->data + c->at, *end = memchr(p, '"', c->have - c->at);
        size_t n = end == NULL ? c->have - c->at : (size_t)(end - p);
        if (memchr(p, 0, n) != NULL)
            return err_set(reterr, E_INVALID, "line %llu: a zero byte is no text", (unsigned long long)c->line);
        for (size_t i = 0; i < n; i++)
            c->line += p[i] == '\n';
        buf_add(&c->row, p, n);
        c->at += n;
        if (end == NULL)
            continue;
        c->at++;
        if (peek(c, reterr) != '"')
            return OK;
        buf_char(&c->row, '"');                /* "" is one quote */
        c->at++;
    }
}

static void cell_begin(struct csv *c) {
    if (c->count < CSV_COLUMNS_MAX)
        c->starts[c->count] = c->row.len;
    c->count++;
}

/* One row into c->row, cells separated by zeros. */
static enum code row_read(struct csv *c, struct err *reterr) {
    uint64_t began = c->line, lost = mem_lost();
    enum code code = OK;
    buf_cut(&c->row, 0);
    c->row.failed = false;
    c->count = 0;
    cell_begin(c);
    for (;;) {
        int b = peek(c, reterr);
        if (b == -2)
            return E_PEER;
        if (b == -1)
            break;
        if (b == 0)
            return err_set(reterr, E_INVALID, "line %llu: a zero byte is no text", (unsigned long long)c->line);
        if (b == '"' && c->row.len == c->starts[c->count <= CSV_COLUMNS_MAX ? c->count - 1 : 0]) {
            c->at++;
            code = quoted(c, began, reterr);
            if (code == E_TOO_LARGE)
                break;
            if (code != OK)
                return code;
            continue;
        }
        if (b == '\n' || b == '\r') {
            c->at++;
            if (b == '\r' && peek(c, reterr) == '\n')
                c->at++;
            c->line++;
            break;
        }
        if (b == c->delimiter) {
            c->at++;
            buf_char(&c->row, 0);
            cell_begin(c);
            continue;
        }
        size_t n = plain_run(c->data + c->at, c->have - c->at, c->delimiter);
        n += n == 0;                           /* a quote in the middle of a cell stands for itself */
        buf_add(&c->row, c->data + c->at, n);
        c->at += n;
        if (c->row.failed) {
            skip_line(c);
            break;
        }
    }
    buf_char(&c->row, 0);
    if (c->row.failed && mem_lost() != lost)
        return err_set(reterr, E_MEMORY, "no memory for a row of a table");
    return c->row.failed ? err_set(reterr, E_TOO_LARGE, "line %llu is longer than %zu bytes", (unsigned long long)began, CSV_ROW_MAX) : OK;
}

enum code csv_row(struct csv *c, const struct cell **ret, size_t *ret_count, uint64_t *ret_line, struct err *reterr) {
    enum code code = begin(c, reterr);
    *ret_count = 0;
    while (code == OK) {
        int b = peek(c, reterr);
        if (b == -2)
            return E_PEER;
        if (b == -1)
            return OK;
        *ret_line = c->line;
        code = row_read(c, reterr);
        if (code == OK && (c->count > 1 || c->row.len > 1))
            break;
    }
    if (code != OK)
        return code;
    if (c->count > CSV_COLUMNS_MAX)
        return err_set(reterr, E_TOO_LARGE, "line %llu has more than %u columns", (unsigned long long)*ret_line, CSV_COLUMNS_MAX);
    for (size_t i = 0; i < c->count; i++) {
        size_t end = i + 1 < c->count ? c->starts[i + 1] : c->row.len;
        c->cells[i] = (struct cell){ c->row.data + c->starts[i], end - c->starts[i] - 1 };
    }
    *ret = c->cells;
    *ret_count = c->count;
    return OK;
}

enum code csv_line(struct csv *c, const char **ret, size_t *ret_len, uint64_t *ret_line, struct err *reterr) {
    enum code code = begin(c, reterr);
    *ret = NULL;
    while (code == OK) {
        int b = peek(c, reterr);
        if (b < 0)
            return b == -2 ? E_PEER : OK;
        buf_cut(&c->row, 0);
        c->row.failed = false;
        *ret_line = c->line++;
        for (bool end = false; !end && b >= 0; b = end ? b : peek(c, reterr)) {
            const char *p = c->data + c->at, *stop = memchr(p, '\n', c->have - c->at);
            size_t n = stop == NULL ? c->have - c->at : (size_t)(stop - p);
            buf_add(&c->row, p, n);
            c->at += n + (stop != NULL);
            end = stop != NULL;
        }
        if (b == -2)
            return E_PEER;
        if (c->row.failed)
            return err_set(reterr, E_TOO_LARGE, "line %llu is longer than %zu bytes", (unsigned long long)*ret_line, CSV_ROW_MAX);
        if (c->row.len > 0 && c->row.data[c->row.len - 1] == '\r')
            buf_cut(&c->row, c->row.len - 1);
        if (c->row.len == 0)
            continue;
        *ret = c->row.data;
        *ret_len = c->row.len;
        return OK;
    }
    return code;
}

/* ---- out */
static bool formula(const char *text, size_t len) { return len > 0 && text[0] != 0 && strchr("=+-@\t\r", text[0]) != NULL; }

void csv_put(struct buf *ret, const char *text, size_t len, bool guard) {
    guard = guard && formula(text, len);
    bool quote = len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
    for (size_t i = 0; i < len && !quote; i++)
        quote = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r' || text[i] == ';';
    if (quote)
        buf_char(ret, '"');
    if (guard)
        buf_char(ret, '\'');
    for (size_t from = 0; from < len;) {
        const char *at = memchr(text + from, '"', len - from);
        size_t n = at == NULL ? len - from : (size_t)(at - text) - from + 1;
        buf_add(ret, text + from, n);
        if (at != NULL)
            buf_char(ret, '"');
        from += n;
    }
    if (quote)
        buf_char(ret, '"');
}

void csv_unguard(struct cell *cell) {
    if (cell->len > 1 && cell->text[0] == '\'' && formula(cell->text + 1, cell->len - 1)) {
        cell->text++;
        cell->len--;
    }
}
