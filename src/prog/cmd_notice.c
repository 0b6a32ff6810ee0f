/* cmd_notice.c — notices before erasure: each command is one call. */
#include <stdio.h>

#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

struct notice_ask { struct asking how; int64_t tenant; struct plain_words words; };

static enum code read_notice(int argc, char *const *argv, size_t words, struct notice_ask *a, struct err *reterr) {
    *a = (struct notice_ask){ .tenant = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "tenant", OPTION_NUMBER, &a->tenant },
    };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), words, words, &a->words, reterr);
    return code == OK && a->tenant <= 0 ? err_set(reterr, E_USAGE, "--tenant says whose; `sejf tenant list` shows their numbers") : code;
}

static void print_notice(const json_t *o) {
    const json_t *letters = json_object_get(o, "letters"), *l;
    size_t i;
    printf("%6lld  %s  ", (long long)json_integer_value(json_object_get(o, "number")), ask_text(o, "day"));
    ask_column(ask_text(o, "state"), 9);
    printf("%lld records, from %.10s to %.10s, to the %s", (long long)json_integer_value(json_object_get(o, "records")), ask_text(o, "first"), ask_text(o, "last"), ask_text(o, "role"));
    json_array_foreach(letters, i, l)
        printf("%s %s%s%s", i == 0 ? ":" : ",", ask_text(l, "state"), ask_text(l, "said")[0] == 0 ? "" : " ", ask_text(l, "said"));
    printf("\n");
}

static void show_notice(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o != NULL)
        print_notice(o);
    json_decref(o);
}

enum code cmd_notice_list(int argc, char *const *argv, struct err *reterr) {
    struct notice_ask a;
    enum code code = read_notice(argc, argv, 0, &a, reterr);
    return code == OK ? ask_done(&a.how, ask_request("notice_list", NULL, a.tenant), show_notice, reterr) : code;
}

enum code cmd_notice_again(int argc, char *const *argv, struct err *reterr) {
    struct notice_ask a;
    int64_t number = 0;
    json_t *r = NULL;
    enum code code = read_notice(argc, argv, 1, &a, reterr);
    if (code == OK)
        code = ask_number(a.words.at[0], "sejf notice list", &number, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("notice_again", NULL, a.tenant);
    json_object_set_new(in, "number", json_integer(number));
    code = ask_call(&a.how, in, NULL, &r, reterr);
    if (code == OK && a.how.json)
        ask_print(json_object_get(r, "notice"));
    else if (code == OK)
        print_notice(json_object_get(r, "notice"));
    json_decref(r);
    return code;
}

enum code cmd_notice_run(int argc, char *const *argv, struct err *reterr) {
    struct notice_ask a;
    json_t *r = NULL;
    enum code code = read_notice(argc, argv, 0, &a, reterr);
    if (code == OK)
        code = ask_call(&a.how, ask_request("notice_run", NULL, a.tenant), NULL, &r, reterr);
    if (code == OK && a.how.json)
        ask_print(r);
    else if (code == OK)
        printf("%lld notices made\n", (long long)json_integer_value(json_object_get(r, "made")));
    json_decref(r);
    return code;
}
