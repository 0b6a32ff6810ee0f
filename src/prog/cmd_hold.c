/* cmd_hold.c — what is kept although its time comes: each command is one call. */
#include <stdio.h>

#include "base/text.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

struct hold_ask { struct asking how; const char *why, *until, *as; struct option_list field; int64_t tenant; struct plain_words words; };

static enum code read_hold(int argc, char *const *argv, size_t least, size_t most, struct hold_ask *a, struct err *reterr) {
    *a = (struct hold_ask){ .tenant = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "tenant", OPTION_NUMBER, &a->tenant },
        { "why", OPTION_TEXT, &a->why }, { "until", OPTION_TEXT, &a->until }, { "as", OPTION_TEXT, &a->as }, { "field", OPTION_LIST, &a->field },
    };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), least, most, &a->words, reterr);
    return code == OK && a->tenant <= 0 ? err_set(reterr, E_USAGE, "--tenant says whose; `sejf tenant list` shows their numbers") : code;
}

static void print_hold(const json_t *o) {
    size_t i;
    json_t *name, *fields = json_object_get(o, "fields");
    const char *until = ask_text(o, "until"), *why = ask_text(o, "why"), *as = ask_text(o, "name");
    printf("%6lld  ", (long long)json_integer_value(json_object_get(o, "number")));
    ask_column(ask_text(o, "state"), 6);
    printf("%s/%s  ", ask_text(o, "kind"), ask_text(o, "id"));
    json_array_foreach(fields, i, name)
        printf("%s%s", i == 0 ? "" : ", ", json_string_value(name) ?: "");
    printf("%s  %s%s  by %s%s%s%s  %s\n", json_is_null(fields) ? "everything" : "", until[0] == 0 ? "until it is lifted" : "until ", until, ask_text(o, "by"), as[0] == 0 ? "" : " (", as, as[0] == 0 ? "" : ")", why);
}

static void show_hold(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o != NULL)
        print_hold(o);
    json_decref(o);
}

/* The hold of the last line. */
static enum code say_hold(const struct hold_ask *a, json_t *in, struct err *reterr) {
    json_t *r = NULL;
    enum code code = ask_call(&a->how, in, NULL, &r, reterr);
    if (code == OK && a->how.json)
        ask_print(json_object_get(r, "hold"));
    else if (code == OK)
        print_hold(json_object_get(r, "hold"));
    json_decref(r);
    return code;
}

enum code cmd_hold_set(int argc, char *const *argv, struct err *reterr) {
    struct hold_ask a;
    enum code code = read_hold(argc, argv, 1, 1, &a, reterr);
    if (code == OK && a.why == NULL)
        return err_set(reterr, E_USAGE, "--why says on what ground it is kept");
    if (code == OK && a.as == NULL)
        return err_set(reterr, E_USAGE, "--as names the person who keeps it");
    if (code != OK)
        return code;
    json_t *in = ask_request("hold_set", NULL, a.tenant), *fields = json_array();
    ask_put(in, "record", a.words.at[0]);
    ask_put(in, "why", a.why);
    ask_put(in, "name", a.as);
    ask_put(in, "until", a.until);
    for (size_t i = 0; i < a.field.count; i++)
        json_array_append_new(fields, json_string(a.field.items[i]));
    if (a.field.count > 0)
        json_object_set(in, "fields", fields);
    json_decref(fields);
    return say_hold(&a, in, reterr);
}

enum code cmd_hold_lift(int argc, char *const *argv, struct err *reterr) {
    struct hold_ask a;
    int64_t number = 0;
    enum code code = read_hold(argc, argv, 1, 1, &a, reterr);
    if (code == OK)
        code = ask_number(a.words.at[0], "sejf hold list", &number, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("hold_lift", NULL, a.tenant);
    json_object_set_new(in, "number", json_integer(number));
    return say_hold(&a, in, reterr);
}

enum code cmd_hold_list(int argc, char *const *argv, struct err *reterr) {
    struct hold_ask a;
    enum code code = read_hold(argc, argv, 0, 1, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("hold_list", NULL, a.tenant);
    ask_put(in, "record", a.words.count > 0 ? a.words.at[0] : NULL);
    return ask_done(&a.how, in, show_hold, reterr);
}
