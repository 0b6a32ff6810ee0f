/* cmd_window.c — support windows and the register of authorised persons: each command is one call. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "sys/files.h"


struct register_ask {
    struct asking how;
    const char *span, *why, *who, *post, *scope, *from, *until, *undertaking, *trained, *place, *lang, *out;
    struct option_list kind, purpose;
    int64_t tenant, number;
    bool training_needed;
    struct plain_words words;
};

static enum code read_register(int argc, char *const *argv, size_t least, size_t most, struct register_ask *a, struct err *reterr) {
    *a = (struct register_ask){ .tenant = -1, .number = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "tenant", OPTION_NUMBER, &a->tenant },
        { "for", OPTION_TEXT, &a->span }, { "why", OPTION_TEXT, &a->why }, { "who", OPTION_TEXT, &a->who }, { "kind", OPTION_LIST, &a->kind },
        { "post", OPTION_TEXT, &a->post }, { "scope", OPTION_TEXT, &a->scope }, { "purpose", OPTION_LIST, &a->purpose }, { "place", OPTION_TEXT, &a->place },
        { "from", OPTION_TEXT, &a->from }, { "until", OPTION_TEXT, &a->until }, { "undertaking", OPTION_TEXT, &a->undertaking }, { "trained", OPTION_TEXT, &a->trained },
        { "training-needed", OPTION_FLAG, &a->training_needed }, { "lang", OPTION_TEXT, &a->lang }, { "number", OPTION_NUMBER, &a->number }, { "out", OPTION_TEXT, &a->out },
    };
    return options_read(argc, argv, options, ARRAY_LEN(options), least, most, &a->words, reterr);
}


static void put_list(json_t *o, const char *name, const struct option_list *list) {
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, json_string(list->items[i]));
    if (list->count > 0)
        json_object_set(o, name, array);
    json_decref(array);
}

/* Prints the last line's number, or the last line itself. */
static enum code say_number(const struct register_ask *a, json_t *in, const char *name, struct err *reterr) {
    json_t *r = NULL;
    enum code code = ask_call(&a->how, in, NULL, &r, reterr);
    if (code == OK && a->how.json)
        printf("{\"%s\":%lld}\n", name, (long long)json_integer_value(json_object_get(r, name)));
    else if (code == OK)
        printf("%s %lld\n", name, (long long)json_integer_value(json_object_get(r, name)));
    json_decref(r);
    return code;
}

/* "NUMBER" of a tenant's register in word `at`. */
static enum code numbered(const struct register_ask *a, const char *verb, const char *seen, json_t **ret, struct err *reterr) {
    int64_t number = 0;
    enum code code = ask_number(a->words.at[0], seen, &number, reterr);
    if (code != OK)
        return code;
    *ret = ask_request(verb, NULL, a->tenant < 0 ? 0 : a->tenant);
    json_object_set_new(*ret, "number", json_integer(number));
    return OK;
}

/* ---- windows */

static enum code wants_tenant(const struct register_ask *a, struct err *reterr) {
    return a->tenant > 0 ? OK : err_set(reterr, E_USAGE, "--tenant says whose; `sejf tenant list` shows their numbers");
}

enum code cmd_window_open(int argc, char *const *argv, struct err *reterr) {
    struct register_ask a;
    AUTO(buf_wipe) struct buf who = BUF(1);
    enum code code = read_register(argc, argv, 0, 0, &a, reterr);
    if (code == OK)
        code = wants_tenant(&a, reterr);
    if (code == OK && (a.span == NULL || a.why == NULL))
        return err_set(reterr, E_USAGE, "--for says how long (\"2 hours\"), --why what support is to do");
    if (code == OK && a.who != NULL)
        code = ask_personal(a.who, "E-mail address or id of the support account", &who, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("window_open", NULL, a.tenant);
    ask_put(in, "for", a.span);
    ask_put(in, "why", a.why);
    ask_put(in, "who", who.len > 0 ? buf_str(&who) : NULL);
    put_list(in, "kinds", &a.kind);
    return say_number(&a, in, "window", reterr);
}

static enum code one_window(int argc, char *const *argv, const char *verb, line_fn show, struct err *reterr) {
    struct register_ask a;
    json_t *in = NULL;
    enum code code = read_register(argc, argv, 1, 1, &a, reterr);
    if (code == OK)
        code = wants_tenant(&a, reterr);
    if (code == OK)
        code = numbered(&a, verb, "sejf window list", &in, reterr);
    return code != OK ? code : ask_done(&a.how, in, show, reterr);
}

enum code cmd_window_close(int argc, char *const *argv, struct err *reterr) { return one_window(argc, argv, "window_close", NULL, reterr); }

static void show_read(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o != NULL)
        printf("%s  %s  %s: %lld of %s  %s\n", ask_text(o, "at"), ask_text(o, "who"), ask_text(o, "how"), (long long)json_integer_value(json_object_get(o, "count")), ask_text(o, "kind"),
               ask_text(o, "purpose"));
    json_decref(o);
}

enum code cmd_window_reads(int argc, char *const *argv, struct err *reterr) { return one_window(argc, argv, "window_reads", show_read, reterr); }

static void print_texts(const json_t *list) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        printf("%s%s", i == 0 ? "" : ", ", json_string_value(one) ?: "");
}

static void show_window(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    printf("%6lld  %-7s from %s until %s  ", (long long)json_integer_value(json_object_get(o, "number")), ask_text(o, "state"), ask_text(o, "opened"), ask_text(o, "until"));
    print_texts(json_object_get(o, "kinds"));
    printf("  %s\n", ask_text(o, "why"));
    json_decref(o);
}

enum code cmd_window_list(int argc, char *const *argv, struct err *reterr) {
    struct register_ask a;
    enum code code = read_register(argc, argv, 0, 0, &a, reterr);
    if (code == OK)
        code = wants_tenant(&a, reterr);
    return code != OK ? code : ask_done(&a.how, ask_request("window_list", NULL, a.tenant), show_window, reterr);
}

/* ---- authorisations; without --tenant those of the operator's staff */

enum code cmd_authorise_new(int argc, char *const *argv, struct err *reterr) {
    struct register_ask a;
    AUTO(buf_wipe) struct buf who = BUF(1);
    enum code code = read_register(argc, argv, 0, 1, &a, reterr);
    if (code == OK && (a.post == NULL || a.scope == NULL || a.until == NULL))
        return err_set(reterr, E_USAGE, "--post, --scope and --until say in which post, over what, and to which day");
    if (code == OK)
        code = ask_personal(a.words.count > 0 ? a.words.at[0] : NULL, "E-mail address or id of the account", &who, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("authorise_new", NULL, a.tenant < 0 ? 0 : a.tenant);
    const struct { const char *name, *value; } texts[] = { { "who", buf_str(&who) }, { "post", a.post }, { "scope", a.scope }, { "place", a.place }, { "from", a.from }, { "until", a.until },
                                                           { "undertaking", a.undertaking }, { "trained", a.trained } };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        ask_put(in, texts[i].name, texts[i].value);
    put_list(in, "purposes", &a.purpose);
    json_object_set_new(in, "training_needed", json_boolean(a.training_needed));
    return say_number(&a, in, "number", reterr);
}

static void show_authorisation(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    ask_column(ask_text(o, "text"), 14);
    ask_column(ask_text(o, "state"), 9);
    printf("%.10s to %.10s  ", ask_text(o, "from"), ask_text(o, "until"));
    ask_column(ask_text(o, "name"), 24);
    printf("%s; %s\n", ask_text(o, "post"), ask_text(o, "scope"));
    json_decref(o);
}

enum code cmd_authorise_list(int argc, char *const *argv, struct err *reterr) {
    struct register_ask a;
    enum code code = read_register(argc, argv, 0, 0, &a, reterr);
    return code != OK ? code : ask_done(&a.how, ask_request("authorise_list", NULL, a.tenant < 0 ? 0 : a.tenant), show_authorisation, reterr);
}

enum code cmd_authorise_withdraw(int argc, char *const *argv, struct err *reterr) {
    struct register_ask a;
    json_t *in = NULL;
    enum code code = read_register(argc, argv, 1, 1, &a, reterr);
    if (code == OK && a.why == NULL)
        return err_set(reterr, E_USAGE, "--why says why it is withdrawn");
    if (code == OK)
        code = numbered(&a, "authorise_withdraw", "sejf authorise list", &in, reterr);
    if (code != OK)
        return code;
    ask_put(in, "why", a.why);
    return ask_done(&a.how, in, NULL, reterr);
}

enum code cmd_authorise_csv(int argc, char *const *argv, struct err *reterr) {
    struct register_ask a;
    json_t *r = NULL;
    enum code code = read_register(argc, argv, 0, 0, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("authorise_csv", NULL, a.tenant < 0 ? 0 : a.tenant);
    ask_put(in, "lang", a.lang);
    code = ask_call(&a.how, in, NULL, &r, reterr);
    if (code == OK)
        fputs(ask_text(r, "csv"), stdout);
    json_decref(r);
    return code;
}

enum code cmd_authorise_pdf(int argc, char *const *argv, struct err *reterr) {
    struct register_ask a;
    enum code code = read_register(argc, argv, 0, 0, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("authorise_pdf", NULL, a.tenant < 0 ? 0 : a.tenant);
    ask_put(in, "lang", a.lang);
    if (a.number > 0)
        json_object_set_new(in, "number", json_integer(a.number));
    return ask_document(&a.how, in, a.out, reterr);
}
