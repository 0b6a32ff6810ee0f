/* fuzz_csv.c — any bytes as a table: read in small pieces or at once, the cells are the same; written and read again, they are the same. */
#include "fuzz_feed.h"
#include "records/csv.h"

/* Rows as cells with their lengths; `written`, if wanted, as our own writer puts them. */
static enum code rows(const uint8_t *bytes, size_t len, size_t piece, struct buf *ret, struct buf *written) {
    struct feed f = { bytes, len, piece };
    AUTO(csv_free) struct csv *c = csv_new(&(struct source){ feed_read, &f });
    const struct cell *cells;
    size_t count = 1;
    uint64_t line = 0, last = 0;
    struct err e;
    enum code code = c == NULL ? E_MEMORY : OK;
    while (code == OK && (code = csv_row(c, &cells, &count, &line, &e)) == OK && count > 0) {
        if (line <= last || count > CSV_COLUMNS_MAX)
            __builtin_trap();                       /* lines grow, columns are bounded */
        last = line;
        buf_printf(ret, "%zu:", count);
        for (size_t i = 0; i < count; i++) {
            if (cells[i].text[cells[i].len] != 0 || memchr(cells[i].text, 0, cells[i].len) != NULL)
                __builtin_trap();                   /* terminated, and no zero inside */
            buf_printf(ret, "%zu=", cells[i].len);
            buf_add(ret, cells[i].text, cells[i].len);
            if (written != NULL) {
                buf_text(written, i == 0 ? "" : ",");
                csv_put(written, cells[i].text, cells[i].len, false);
            }
        }
        if (written != NULL)
            buf_text(written, "\r\n");
    }
    return code;
}

static bool same(const struct buf *a, const struct buf *b) { return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO(buf_done) struct buf one = BUF(1u << 21), many = BUF(1u << 21), written = BUF(1u << 21), back = BUF(1u << 21), expected = BUF(1u << 21);
    if (size > 1u << 15)
        return 0;
    buf_text(&written, "c,c\r\n");                 /* as a header does: it settles what stands between columns */
    buf_text(&expected, "2:1=c1=c");
    enum code code = rows(data, size, SIZE_MAX, &one, &written);
    buf_add(&expected, buf_str(&one), one.len);
    if (rows(data, size, 3, &many, NULL) != code || !same(&one, &many))
        __builtin_trap();
    /* A row of one empty cell is an empty line, which a reader passes over. */
    if (code == OK && memmem(buf_str(&one), one.len, "1:0=", 4) == NULL &&
        (rows((const uint8_t *)buf_str(&written), written.len, SIZE_MAX, &back, NULL) != OK || !same(&expected, &back)))
        __builtin_trap();
    return 0;
}
