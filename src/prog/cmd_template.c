/* cmd_template.c — texts of messages: each command is one call. */
#include <stdio.h>
#include <string.h>

#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "sys/files.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)

struct template_ask { struct asking how; const char *lang; bool html; int64_t tenant, version; struct plain_words words; };

static enum code read_template(int argc, char *const *argv, size_t words, struct template_ask *a, struct err *reterr) {
    *a = (struct template_ask){ .tenant = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "tenant", OPTION_NUMBER, &a->tenant },
        { "version", OPTION_NUMBER, &a->version }, { "lang", OPTION_TEXT, &a->lang }, { "html", OPTION_FLAG, &a->html },
    };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), words, words, &a->words, reterr);
    return code == OK && a->tenant <= 0 ? err_set(reterr, E_USAGE, "--tenant says whose; `sejf tenant list` shows their numbers") : code;
}

static json_t *request(const struct template_ask *a, const char *verb) {
    json_t *in = ask_request(verb, a->words.at[0], a->tenant);
    ask_put(in, "name", a->words.count > 1 ? a->words.at[1] : NULL);
    return in;
}

static void show_template(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL), *one;
    size_t i;
    if (o == NULL)
        return;
    ask_column(ask_text(o, "name"), 24);
    printf("version %lld  %s ", (long long)json_integer_value(json_object_get(o, "version")), ask_text(o, "kind"));
    json_array_foreach(json_object_get(o, "languages"), i, one)
        printf(" %s", json_string_value(one));
    printf("  %s by %s\n", ask_text(o, "made"), ask_text(o, "whose"));
    json_decref(o);
}

enum code cmd_template_list(int argc, char *const *argv, struct err *reterr) {
    struct template_ask a;
    enum code code = read_template(argc, argv, 1, &a, reterr);
    return code == OK ? ask_done(&a.how, request(&a, "template_list"), show_template, reterr) : code;
}

static enum code body_read(const char *path, json_t **ret, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(FILE_MAX_BYTES);
    json_error_t where;
    enum code code = strcmp(path, "-") == 0 ? file_read_fd(0, "standard input", &text, reterr) : file_read(path, &text, reterr);
    if (code != OK)
        return code;
    *ret = json_loadb(buf_str(&text), text.len, JSON_REJECT_DUPLICATES, &where);
    return *ret != NULL ? OK : err_set(reterr, E_INVALID, "%s:%d:%d: %s", path, where.line, where.column, where.text);
}

/* Each as the file has it. */
static enum code mistakes_say(const json_t *mistakes, const char *path, struct err *reterr) {
    for (size_t i = 0; i < json_array_size(mistakes); i++)
        fprintf(stderr, "%s: %s: %s\n", path, ask_text(json_array_get(mistakes, i), "path"), ask_text(json_array_get(mistakes, i), "text"));
    return err_set(reterr, E_FIELDS, "the template was not taken: %zu mistake%s above", json_array_size(mistakes), json_array_size(mistakes) == 1 ? "" : "s");
}

enum code cmd_template_put(int argc, char *const *argv, struct err *reterr) {
    struct template_ask a;
    json_t *body = NULL, *r = NULL;
    enum code code = read_template(argc, argv, 3, &a, reterr);
    if (code == OK)
        code = body_read(a.words.at[2], &body, reterr);
    if (code != OK)
        return code;
    json_t *in = request(&a, "template_put");
    json_object_set_new(in, "body", body);
    code = ask_call(&a.how, in, NULL, &r, reterr);
    const json_t *mistakes = json_object_get(r, "mistakes");
    if (code == OK && mistakes != NULL)
        code = mistakes_say(mistakes, a.words.at[2], reterr);
    else if (code == OK && a.how.json)
        ask_print(r);
    else if (code == OK)
        printf("%s is version %lld\n", ask_text(r, "name"), (long long)json_integer_value(json_object_get(r, "version")));
    json_decref(r);
    return code;
}

enum code cmd_template_show(int argc, char *const *argv, struct err *reterr) {
    struct template_ask a;
    json_t *r = NULL;
    enum code code = read_template(argc, argv, 2, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = request(&a, "template_show");
    if (a.version > 0)
        json_object_set_new(in, "version", json_integer(a.version));
    code = ask_call(&a.how, in, NULL, &r, reterr);
    if (code == OK)
        ask_print(r);
    json_decref(r);
    return code;
}

enum code cmd_template_preview(int argc, char *const *argv, struct err *reterr) {
    struct template_ask a;
    json_t *r = NULL;
    enum code code = read_template(argc, argv, 2, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = request(&a, "template_preview"), *body = json_object();
    ask_put(body, "lang", a.lang);
    json_object_set_new(in, "body", body);
    code = ask_call(&a.how, in, NULL, &r, reterr);
    if (code == OK && a.how.json)
        ask_print(r);
    else if (code == OK && a.html)
        printf("%s", ask_text(r, "html"));
    else if (code == OK)
        printf("%s%s%s", ask_text(r, "subject"), ask_text(r, "subject")[0] == 0 ? "" : "\n\n", ask_text(r, "text"));
    json_decref(r);
    return code;
}
