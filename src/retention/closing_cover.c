/* closing_cover.c — one page in one language. */
#include "retention/closing_cover.h"

#include "base/say.h"
#include "base/text.h"
#include "charter/labels.h"
#include "doc/sheet.h"

enum leave_text {
#define LEAVE(name, en, pl, hu) L_##name,
#include "retention/texts_closing.tbl"
#undef LEAVE
    LEAVE_TEXTS
};
static const struct words texts[LEAVE_TEXTS] = {
#define LEAVE(name, en, pl, hu) WORDS(en, pl, hu),
#include "retention/texts_closing.tbl"
#undef LEAVE
};

static const char *words_of(const struct closing_cover *c, enum leave_text t) { return texts[t].in[c->lang]; }

static void said(struct sheet *s, const struct closing_cover *c, enum leave_text t, const char *const *args) {
    AUTO(buf_done) struct buf b = BUF(8192);
    say_plain(&b, words_of(c, t), args);
    sheet_text(s, buf_str(&b), 4);
}

static void day_put(const struct closing_cover *c, usec_t t, struct buf *ret) {
    struct civil day = zone_civil(charter_zone(c->charter), t);
    say_date(ret, c->lang, &day);
}

static void counts_draw(struct sheet *s, const struct closing_cover *c) {
    const struct kind *kinds;
    size_t n = charter_kinds(c->charter, &kinds);
    sheet_heading(s, words_of(c, L_HELD));
    for (size_t i = 0; i < n; i++) {
        AUTO(buf_done) struct buf name = BUF(1024);
        label_title(&name, kinds[i].label.in[c->lang]);
        sheet_count(s, (long long)c->records[i], buf_str(&name));
    }
    sheet_count(s, (long long)c->files, words_of(c, L_UPLOADS));
}

static void draw(struct sheet *s, void *arg) {
    static const struct { const char *name; enum leave_text text; } files[] = { { "records/", L_FILE_RECORDS }, { "files/", L_FILE_FILES }, { "staff.json", L_FILE_STAFF }, { "ledger.ndjson", L_FILE_LEDGER } };
    const struct closing_cover *c = arg;
    AUTO(buf_done) struct buf now = BUF(128), goes = BUF(128), key = BUF(80), groups = BUF(128), command = BUF(256);
    day_put(c, c->now, &now);
    day_put(c, c->goes, &goes);
    sheet_head(s, (const char *const[3]){ charter_operator(c->charter), charter_title(c->charter)->in[c->lang], charter_contact(c->charter) }, buf_str(&now));
    sheet_title(s, words_of(c, L_TITLE), c->tenant_name);
    said(s, c, L_LEAD, SAY_ARGS(c->tenant_name, buf_str(&now)));
    said(s, c, L_GOES, SAY_ARGS(buf_str(&goes)));
    counts_draw(s, c);
    sheet_heading(s, words_of(c, L_FILES));
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        sheet_fact(s, files[i].name, words_of(c, files[i].text));
    sheet_heading(s, words_of(c, L_CHECK));
    sheet_text(s, words_of(c, L_CHECK_HOW), 5);
    hex_encode(c->public, PUBLIC_SIZE, &key);
    sheet_hex(buf_str(&key), &groups);
    buf_printf(&command, "sejf pack verify everything.zip \\\n    --public %s", buf_str(&key));
    sheet_code(s, buf_str(&command));
    sheet_fact(s, words_of(c, L_KEY), buf_str(&groups));
}

enum code closing_cover(const struct closing_cover *c, struct buf *ret, struct err *reterr) {
    PRE(c != NULL && c->charter != NULL && c->tenant_name != NULL && c->records != NULL && c->public != NULL && c->lang < LANG_COUNT && ret != NULL && reterr != NULL);
    const struct sheet_options o = { .title = words_of(c, L_TITLE), .lang = c->lang, .made = c->now, .foot = words_of(c, L_PAGE), .of = charter_operator(c->charter) };
    int pages = 0;
    struct closing_cover copy = *c;            /* what draws takes no const */
    return sheet_set(&o, draw, &copy, ret, &pages, reterr);
}
