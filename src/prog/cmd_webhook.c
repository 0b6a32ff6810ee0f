/* cmd_webhook.c — who is told of changes, by the command line: lists, without secrets. */
#include <stdio.h>

#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

static void show_webhook(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    printf("%4lld  ", (long long)json_integer_value(json_object_get(o, "number")));
    ask_column(ask_text(o, "state"), 8);
    ask_column(ask_text(o, "host"), 30);
    printf("told up to change %lld, %lld in vain  %s\n", (long long)json_integer_value(json_object_get(o, "reached")), (long long)json_integer_value(json_object_get(o, "tries")), ask_text(o, "label"));
    json_decref(o);
}

static void show_delivery(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    ask_column(ask_text(o, "tried"), 20);
    ask_column(ask_text(o, "state"), 9);
    ask_column(ask_text(o, "what"), 7);
    printf("%s %s  change %lld, %lld tr%s: %lld %s\n", ask_text(o, "kind"), ask_text(o, "id"), (long long)json_integer_value(json_object_get(o, "change")), (long long)json_integer_value(json_object_get(o, "tries")),
           json_integer_value(json_object_get(o, "tries")) == 1 ? "y" : "ies", (long long)json_integer_value(json_object_get(o, "status")), ask_text(o, "said"));
    json_decref(o);
}

static enum code read_words(int argc, char *const *argv, size_t count, struct asking *how, int64_t *tenant, struct plain_words *w, struct err *reterr) {
    *tenant = -1;
    const struct option options[] = { { "data", OPTION_TEXT, &how->data }, { "config", OPTION_TEXT, &how->config }, { "json", OPTION_FLAG, &how->json }, { "tenant", OPTION_NUMBER, tenant } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), count, count, w, reterr);
    return code == OK && *tenant < 1 ? err_set(reterr, E_USAGE, "--tenant N says whose webhooks (sejf tenant list)") : code;
}

enum code cmd_webhook_list(int argc, char *const *argv, struct err *reterr) {
    struct asking how = { 0 };
    struct plain_words w;
    int64_t tenant;
    enum code code = read_words(argc, argv, 0, &how, &tenant, &w, reterr);
    return code != OK ? code : ask_done(&how, ask_request("webhook_list", NULL, tenant), show_webhook, reterr);
}

enum code cmd_webhook_deliveries(int argc, char *const *argv, struct err *reterr) {
    struct asking how = { 0 };
    struct plain_words w;
    int64_t tenant, number = 0;
    enum code code = read_words(argc, argv, 1, &how, &tenant, &w, reterr);
    if (code == OK)
        code = ask_number(w.at[0], "sejf webhook list", &number, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("webhook_deliveries", NULL, tenant);
    json_object_set_new(in, "number", json_integer(number));
    return ask_done(&how, in, show_delivery, reterr);
}
