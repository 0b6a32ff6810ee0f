/* cmd_sms.c — what text messages of a tenant cost, and where it may send beyond the charter's list: each command is one call. */
#include <stdio.h>

#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

struct sms_ask { struct asking how; const char *prefix, *until, *by, *why; int64_t tenant; struct plain_words words; };

static enum code read_sms(int argc, char *const *argv, size_t words, struct sms_ask *a, struct err *reterr) {
    *a = (struct sms_ask){ .tenant = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "tenant", OPTION_NUMBER, &a->tenant },
        { "prefix", OPTION_TEXT, &a->prefix }, { "until", OPTION_TEXT, &a->until }, { "by", OPTION_TEXT, &a->by }, { "why", OPTION_TEXT, &a->why },
    };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), words, words, &a->words, reterr);
    return code == OK && a->tenant <= 0 ? err_set(reterr, E_USAGE, "--tenant says whose; `sejf tenant list` shows their numbers") : code;
}

static void print_exception(const json_t *x) {
    bool stands = json_is_true(json_object_get(x, "stands"));
    printf("%6lld  ", (long long)json_integer_value(json_object_get(x, "number")));
    ask_column(ask_text(x, "prefix"), 8);
    ask_column(stands ? "stands" : "over", 6);
    printf("until %s  by %s  %s\n", ask_text(x, "until"), ask_text(x, "by"), ask_text(x, "why"));
}

static void print_sms(const json_t *o) {
    size_t i;
    json_t *one;
    const char *cap = ask_text(o, "cap"), *currency = ask_text(o, "currency");
    printf("%s: %s%s%s spent", ask_text(o, "day"), ask_text(o, "spent"), currency[0] == 0 ? "" : " ", currency);
    if (cap[0] != 0)
        printf(" of %s, %s left", cap, ask_text(o, "left"));
    printf("%s\n", ask_text(o, "warned")[0] == 0 ? "" : ", and its people were warned");
    json_array_foreach(json_object_get(o, "exceptions"), i, one)
        print_exception(one);
}

/* A member of the last line, as JSON or as it is read. */
static enum code say(const struct sms_ask *a, json_t *in, const char *member, void (*print)(const json_t *o), struct err *reterr) {
    json_t *r = NULL;
    enum code code = ask_call(&a->how, in, NULL, &r, reterr);
    if (code == OK && a->how.json)
        ask_print(json_object_get(r, member));
    else if (code == OK)
        print(json_object_get(r, member));
    json_decref(r);
    return code;
}

enum code cmd_sms_allow(int argc, char *const *argv, struct err *reterr) {
    struct sms_ask a;
    enum code code = read_sms(argc, argv, 0, &a, reterr);
    if (code == OK && (a.prefix == NULL || a.until == NULL || a.by == NULL || a.why == NULL))
        code = err_set(reterr, E_USAGE, "an exception needs --prefix (+43), --until (its last day), --by (who approves it) and --why (on what ground)");
    if (code != OK)
        return code;
    json_t *in = ask_request("sms_allow", NULL, a.tenant);
    ask_put(in, "prefix", a.prefix);
    ask_put(in, "until", a.until);
    ask_put(in, "by", a.by);
    ask_put(in, "why", a.why);
    return say(&a, in, "exception", print_exception, reterr);
}

enum code cmd_sms_end(int argc, char *const *argv, struct err *reterr) {
    struct sms_ask a;
    int64_t number = 0;
    enum code code = read_sms(argc, argv, 1, &a, reterr);
    if (code == OK && a.by == NULL)
        code = err_set(reterr, E_USAGE, "--by says who ends it");
    if (code == OK)
        code = ask_number(a.words.at[0], "sejf sms show", &number, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("sms_end", NULL, a.tenant);
    json_object_set_new(in, "number", json_integer(number));
    ask_put(in, "by", a.by);
    return ask_done(&a.how, in, NULL, reterr);
}

enum code cmd_sms_show(int argc, char *const *argv, struct err *reterr) {
    struct sms_ask a;
    enum code code = read_sms(argc, argv, 0, &a, reterr);
    return code == OK ? say(&a, ask_request("sms_show", NULL, a.tenant), "sms", print_sms, reterr) : code;
}
