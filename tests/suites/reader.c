/* reader.c — our readers of JSON, CSV, the charter's YAML and passwords, and what draws QR codes and writes letters, one text after the other, for suites and
 * readers that others keep: what each makes of it.
 *   reader json|csv|yaml|password|qr|letter <texts
 * Each text comes as its length, a line break, its bytes. Each answer is a line of JSON: {"ok": true, "value": …}, or {"ok": false, "text": …}
 * and for YAML the line, column and id of the first finding. Every scalar of YAML is a text; a table is a list of rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/strength.h"
#include "api/http.h"
#include "base/mem.h"
#include "base/text.h"
#include "charter/tree.h"
#include "crypto/crypto.h"
#include "doc/qr.h"
#include "records/csv.h"
#include "wire/mime.h"

#define INPUT_MAX (32u << 20)

struct feed { const char *at; size_t left; };
static ssize_t feed_read(void *arg, void *ret, size_t room) {
    struct feed *f = arg;
    size_t n = f->left < room ? f->left : room;
    memcpy(ret, f->at, n);
    f->at += n;
    f->left -= n;
    return (ssize_t)n;
}

static json_t *refused(const struct err *e) { return json_pack("{s:b, s:s, s:i}", "ok", 0, "text", e->text, "code", (int)e->code); }
static json_t *accepted(json_t *value) { return json_pack("{s:b, s:o}", "ok", 1, "value", value); }

static json_t *of_json(const char *text, size_t len) {
    struct err e;
    json_t *value = NULL;
    return json_read(text, len, &value, &e) == OK ? accepted(value) : refused(&e);
}

static json_t *of_csv(const char *text, size_t len) {
    struct feed f = { text, len };
    struct source in = { feed_read, &f };
    AUTO(csv_free) struct csv *c = csv_new(&in);
    json_t *rows = json_array();
    const struct cell *cells;
    size_t count = 1;
    uint64_t line = 0;
    struct err e;
    enum code code = c == NULL ? err_set(&e, E_MEMORY, "no memory") : OK;
    while (code == OK && (code = csv_row(c, &cells, &count, &line, &e)) == OK && count > 0) {
        json_t *row = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(row, json_stringn(cells[i].text, cells[i].len) ?: json_null());
        json_array_append_new(rows, row);
    }
    if (code == OK)
        return accepted(rows);
    json_decref(rows);
    return refused(&e);
}

static json_t *node_json(const struct node *n) {
    if (n->type == NODE_SCALAR)
        return json_string(n->text);
    json_t *o = n->type == NODE_MAP ? json_object() : json_array();
    for (const struct node *c = n->first; c != NULL; c = c->next)
        if (n->type == NODE_MAP)
            json_object_set_new(o, c->key, node_json(c));
        else
            json_array_append_new(o, node_json(c));
    return o;
}

static json_t *of_yaml(const char *text, size_t len) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(tree_free) struct tree *t = NULL;
    const struct finding *list = NULL;
    struct err e;
    if (tree_parse("text.yaml", text, len, f, &t, &e) == OK)
        return accepted(node_json(tree_root(t)));
    json_t *answer = refused(&e);
    if (findings_list(f, &list) > 0) {
        json_object_set_new(answer, "line", json_integer(list[0].pos.line));
        json_object_set_new(answer, "column", json_integer(list[0].pos.column));
        json_object_set_new(answer, "id", json_string(list[0].id));
        json_object_set_new(answer, "text", json_string(list[0].text));
    }
    return answer;
}

/* "fine", or why it may not be a password. */
static json_t *of_password(const char *text, size_t len) {
    struct strength s;
    struct err e;
    return strength_check(&(struct strength_ask){ text, len, 0, NULL }, &s, &e) == OK ? accepted(json_string(strength_name(s.reason))) : refused(&e);
}

/* The text as a QR code, in each drawing. */
static json_t *of_qr(const char *text, size_t len) {
    AUTO(buf_done) struct buf svg = BUF(1u << 20), plain = BUF(1u << 20), coloured = BUF(1u << 20);
    char *whole = mem_text_n(text, len);
    struct err e;
    bool fine = whole != NULL && qr_svg(whole, "code", &svg, &e) == OK && qr_terminal(whole, false, &plain, &e) == OK && qr_terminal(whole, true, &coloured, &e) == OK;
    mem_free(whole);
    return fine ? accepted(json_pack("[s, s, s]", buf_str(&svg), buf_str(&plain), buf_str(&coloured))) : refused(&e);
}

/* Both names, subject, text and the name of a file, split at zero bytes: the message that leaves. */
static json_t *of_letter(const char *text, size_t len) {
    AUTO(buf_done) struct buf out = BUF(1u << 22);
    const char *piece[5] = { "", "", "", "", "" };
    char *whole = mem_new(len + 1);
    struct err e;
    if (whole == NULL)
        abort();
    memcpy(whole, text, len);
    for (size_t i = 0, at = 0; i < ARRAY_LEN(piece) && at <= len; at += strlen(whole + at) + 1)
        piece[i++] = whole + at;
    const struct mime_letter l = { .from = "service@seats.example", .from_name = piece[0], .to = "anna@people.example", .to_name = piece[1], .id = "0190-abc", .lang = "pl", .made = INT64_C(1795510800000000),
                                   .subject = piece[2], .text = piece[3], .file_name = piece[4], .file_type = "application/pdf", .file = "%PDF-", .file_len = 5 };
    enum code code = mime_put(&l, &out, &e);
    mem_free(whole);
    return code == OK ? accepted(json_stringn(out.data, out.len)) : refused(&e);
}

/* The next text, or NULL at the end; a broken frame is a bug of the caller. */
static char *next(size_t *ret_len) {
    char head[32], *text = NULL;
    size_t n = 0;
    int64_t len = 0;
    int c;
    while ((c = getchar()) != EOF && c != '\n' && n < sizeof head)
        head[n++] = (char)c;
    if (c == EOF)
        return NULL;
    if (!text_int_n(head, n, 0, INPUT_MAX, &len) || (text = malloc((size_t)len + 1)) == NULL || fread(text, 1, (size_t)len, stdin) != (size_t)len)
        abort();
    *ret_len = (size_t)len;
    return text;
}

int main(int argc, char **argv) {
    static const struct { const char *name; json_t *(*read)(const char *text, size_t len); } kinds[] = { { "json", of_json }, { "csv", of_csv }, { "yaml", of_yaml }, { "password", of_password }, { "qr", of_qr }, { "letter", of_letter } };
    struct err e;
    size_t k = 0, len = 0;
    while (argc == 2 && k < ARRAY_LEN(kinds) && strcmp(kinds[k].name, argv[1]) != 0)
        k++;
    if (argc != 2 || k == ARRAY_LEN(kinds)) {
        fprintf(stderr, "reader: json, csv, yaml, password, qr or letter\n");
        return 2;
    }
    if (crypto_init(&e) != OK)
        abort();
    for (char *text; (text = next(&len)) != NULL; free(text)) {
        json_t *answer = kinds[k].read(text, len);
        char *line = answer == NULL ? NULL : json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY);
        if (line == NULL)
            abort();
        puts(line);
        free(line);
        json_decref(answer);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
