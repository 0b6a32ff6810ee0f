/* certificate_page.c — every line comes from the signed text; the charter gives the words for its names. */
#include "retention/certificate_page.h"

#include <stdio.h>
#include <string.h>

#include "base/say.h"
#include "base/text.h"
#include "charter/labels.h"
#include "doc/sheet.h"

enum cert_text {
#define CERT(name, en, pl, hu) C_##name,
#include "retention/texts_certificate.tbl"
#undef CERT
    CERT_TEXTS
};
static const struct words texts[CERT_TEXTS] = {
#define CERT(name, en, pl, hu) WORDS(en, pl, hu),
#include "retention/texts_certificate.tbl"
#undef CERT
};

#define RANGES_SHOWN 240u                      /* of the numbers of the keys; all of them stand in the file */

struct telling { const struct certificate *c; const struct certificate_look *look; struct sheet *s; };

static const char *words_of(const struct telling *t, enum cert_text text) { return texts[text].in[t->look->lang]; }
static const char *member(const struct telling *t, const char *name) { return json_string_value(json_object_get(t->c->body, name)) ?: ""; }
static long long number_of(const json_t *o, const char *name) { return (long long)json_integer_value(json_object_get(o, name)); }

static void fact(const struct telling *t, enum cert_text name, const char *value) { sheet_fact(t->s, words_of(t, name), value); }
static void said(const struct telling *t, enum cert_text text, const char *const *args, struct buf *ret) { say_plain(ret, words_of(t, text), args); }

static void moment_put(const struct telling *t, const char *time, struct buf *ret) {
    usec_t at;
    if (!time_parse(time, &at)) {
        buf_text(ret, time);
        return;
    }
    struct civil c = zone_civil(charter_zone(t->look->charter), at);
    say_moment(ret, t->look->lang, &c);
}

static void hex_fact(const struct telling *t, enum cert_text name, const char *hex) {
    AUTO(buf_done) struct buf groups = BUF(256);
    sheet_hex(hex, &groups);
    fact(t, name, buf_str(&groups));
}

/* ---- what it says */

/* "registration", or "registration: name, email" where only a part went. */
static void kind_put(const struct telling *t, const char *name, struct buf *ret) {
    AUTO(buf_done) struct buf word = BUF(256);
    const struct charter *c = t->look->charter;
    size_t n = strcspn(name, ":");
    buf_add(&word, name, n);
    int kind = charter_kind(c, buf_str(&word));
    const struct kind *k = kind < 0 ? NULL : charter_kind_at(c, kind);
    if (k == NULL) {
        buf_text(ret, name);
        return;
    }
    label_title(ret, k->label.in[t->look->lang]);
    for (const char *p = name + n; *p != 0; p += n) {
        p += strspn(p, ":, ");
        n = strcspn(p, ", ");
        buf_cut(&word, 0);
        buf_add(&word, p, n);
        buf_text(ret, p == name + strcspn(name, ":") + strspn(name + strcspn(name, ":"), ":, ") ? ": " : ", ");
        label_say(ret, c, k, buf_str(&word), t->look->lang);
    }
}

static void counts_draw(const struct telling *t) {
    const char *name;
    json_t *count;
    sheet_heading(t->s, words_of(t, C_WHAT));
    json_object_foreach(json_object_get(t->c->body, "counts"), name, count) {
        AUTO(buf_done) struct buf kind = BUF(2048);
        kind_put(t, name, &kind);
        sheet_count(t->s, (long long)json_integer_value(count), buf_str(&kind));
    }
    if (json_object_size(json_object_get(t->c->body, "counts")) == 0)
        sheet_point(t->s, words_of(t, C_KEYS_ONLY));
}

static void why_draw(const struct telling *t) {
    static const struct { const char *cause; enum cert_text text; } causes[] = {
        { "due", C_DUE }, { "owner", C_OWNER }, { "person", C_PERSON }, { "consent", C_CONSENT }, { "closed", C_CLOSED }, { "moved", C_MOVED } };
    static const struct { const char *start; enum cert_text text; } makers[] = { { "token ", C_BY_TOKEN }, { "link ", C_BY_LINK }, { "account ", C_BY_ACCOUNT } };
    const char *cause = member(t, "cause"), *by = member(t, "by"), *why = cause;
    AUTO(buf_done) struct buf who = BUF(512);
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        if (strcmp(causes[i].cause, cause) == 0)
            why = words_of(t, causes[i].text);
    for (size_t i = 0; i < ARRAY_LEN(makers); i++)
        if (strncmp(by, makers[i].start, strlen(makers[i].start)) == 0)
            said(t, makers[i].text, SAY_ARGS(by + strlen(makers[i].start)), &who);
    fact(t, C_WHY, why);
    fact(t, C_BY, strcmp(by, "sejf") == 0 ? words_of(t, C_BY_SEJF) : who.len > 0 ? buf_str(&who) : by);
}

static void keys_draw(const struct telling *t) {
    const json_t *keys = json_object_get(t->c->body, "keys");
    const char *ranges = json_string_value(json_object_get(keys, "ranges")) ?: "";
    AUTO(buf_done) struct buf shown = BUF(1024), list = BUF(2048), line = BUF(4096);
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", number_of(keys, "count"));
    for (const char *p = ranges; *p != 0 && shown.len < RANGES_SHOWN;) {      /* whole ones, with room to break a line between them */
        size_t n = strcspn(p, ",");
        buf_text(&shown, p == ranges ? "" : ", ");
        buf_add(&shown, p, n);
        p += n + (p[n] == ',');
        if (*p != 0 && shown.len >= RANGES_SHOWN)
            said(t, C_KEYS_MORE, SAY_ARGS(buf_str(&shown)), &list);
    }
    said(t, C_KEYS_ARE, SAY_ARGS(digits, list.len > 0 ? buf_str(&list) : buf_str(&shown)), &line);
    fact(t, C_KEYS, ranges[0] == 0 ? digits : buf_str(&line));
}

static void facts_draw(const struct telling *t) {
    const json_t *renewal = json_object_get(t->c->body, "renewal"), *ledger = json_object_get(t->c->body, "ledger");
    AUTO(buf_done) struct buf from = BUF(128), until = BUF(128), at = BUF(128), when = BUF(512), final = BUF(512), stood = BUF(512), head = BUF(256);
    char epoch[24], seq[24];
    bool once = strcmp(member(t, "from"), member(t, "until")) == 0;
    moment_put(t, member(t, "from"), &from);
    moment_put(t, member(t, "until"), &until);
    moment_put(t, json_string_value(json_object_get(renewal, "at")) ?: "", &at);
    once |= strcmp(buf_str(&from), buf_str(&until)) == 0;
    snprintf(epoch, sizeof epoch, "%lld", number_of(renewal, "epoch"));
    snprintf(seq, sizeof seq, "%lld", number_of(ledger, "seq"));
    sheet_hex(json_string_value(json_object_get(ledger, "head")) ?: "", &head);
    said(t, C_FROM_UNTIL, SAY_ARGS(buf_str(&from), buf_str(&until)), &when);
    said(t, C_FINAL_IS, SAY_ARGS(buf_str(&at), epoch), &final);
    said(t, C_LEDGER_IS, SAY_ARGS(seq, buf_str(&head)), &stood);
    why_draw(t);
    fact(t, C_WHEN, once ? buf_str(&from) : buf_str(&when));
    keys_draw(t);
    fact(t, C_FINAL, buf_str(&final));
    fact(t, C_LEDGER, buf_str(&stood));
}

/* Where no key is named the keeper looked at none, and the page says nothing of keys that were destroyed. */
static bool says(const struct certificate *c, enum cert_text text) {
    if (text == C_NO_KEYS)
        return c->keys == 0;
    return c->keys > 0 || (text != C_LEAD && text != C_UNDO && text != C_PROVED_KEYS);
}

static void head_draw(const struct telling *t) {
    const struct charter *c = t->look->charter;
    AUTO(buf_done) struct buf day = BUF(128), number = BUF(1024), span = BUF(256), undo = BUF(512);
    const char *text = charter_value(c, "backups.undo");
    struct span left;
    char digits[24];
    moment_put(t, member(t, "made"), &day);
    sheet_head(t->s, (const char *const[3]){ charter_operator(c), charter_title(c)->in[t->look->lang], charter_contact(c) }, buf_str(&day));
    snprintf(digits, sizeof digits, "%lld", number_of(t->c->body, "number"));
    said(t, C_NUMBER, SAY_ARGS(digits, t->look->tenant_name == NULL ? "" : t->look->tenant_name), &number);
    sheet_title(t->s, words_of(t, C_TITLE), buf_str(&number));
    if (says(t->c, C_NO_KEYS))
        sheet_text(t->s, words_of(t, C_NO_KEYS), 6);
    if (says(t->c, C_LEAD))
        sheet_text(t->s, words_of(t, C_LEAD), 4);
    if (text == NULL || !span_parse(text, &left))
        left = (struct span){ .days = 14 };
    say_span(&span, t->look->lang, &left);
    said(t, C_UNDO, SAY_ARGS(buf_str(&span)), &undo);
    if (says(t->c, C_UNDO))
        sheet_text(t->s, buf_str(&undo), 6);
}

static void proof_draw(const struct telling *t) {
    static const enum cert_text proved[] = { C_PROVED_TEXT, C_PROVED_KEYS, C_PROVED_LEDGER }, open[] = { C_OPEN_COPIES, C_OPEN_COUNTS, C_OPEN_KEY };
    AUTO(buf_done) struct buf hash = BUF(80), key = BUF(80), command = BUF(512);
    sheet_heading(t->s, words_of(t, C_PROVED));
    for (size_t i = 0; i < ARRAY_LEN(proved); i++)
        if (says(t->c, proved[i]))
            sheet_point(t->s, words_of(t, proved[i]));
    sheet_heading(t->s, words_of(t, C_OPEN));
    for (size_t i = 0; i < ARRAY_LEN(open); i++)
        sheet_point(t->s, words_of(t, open[i]));
    sheet_heading(t->s, words_of(t, C_CHECK));
    sheet_text(t->s, words_of(t, C_CHECK_HOW), 5);
    hex_encode(t->c->public, PUBLIC_SIZE, &key);
    hex_encode(t->c->hash, HASH_SIZE, &hash);
    buf_printf(&command, "sejf certificate verify certificate-%lld.json \\\n    --public %s \\\n    --ledger ledger.ndjson", number_of(t->c->body, "number"), buf_str(&key));
    sheet_code(t->s, buf_str(&command));
    hex_fact(t, C_HASH, buf_str(&hash));
    hex_fact(t, C_KEY, buf_str(&key));
}

static void draw(struct sheet *s, void *arg) {
    struct telling *t = arg;
    t->s = s;
    head_draw(t);
    counts_draw(t);
    facts_draw(t);
    proof_draw(t);
}

static enum code page_set(const struct certificate *c, const struct certificate_look *look, struct buf *ret, int *ret_pages, struct err *reterr) {
    struct telling t = { .c = c, .look = look };
    struct sheet_options o = { .title = words_of(&t, C_TITLE), .lang = look->lang, .foot = words_of(&t, C_PAGE), .of = charter_operator(look->charter) };
    if (!time_parse(member(&t, "made"), &o.made))
        return err_set(reterr, E_DAMAGED, "the certificate does not say when it was made");
    return sheet_set(&o, draw, &t, ret, ret_pages, reterr);
}

enum code certificate_page(const char *text, size_t len, const struct certificate_look *look, struct buf *ret, struct err *reterr) {
    PRE(text != NULL && look != NULL && look->charter != NULL && look->lang < LANG_COUNT && ret != NULL && reterr != NULL);
    AUTO(certificate_done) struct certificate c = { .body = NULL };
    int pages = 0;
    enum code code = certificate_verify(text, len, NULL, &c, reterr);
    return code == OK ? page_set(&c, look, ret, &pages, reterr) : code;
}
