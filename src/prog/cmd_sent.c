/* cmd_sent.c — what became of messages to the people of records, by the command line. */
#include <stdio.h>

#include "base/mem.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

static void show_message(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    long long tries = (long long)json_integer_value(json_object_get(o, "tries")), doubts = (long long)json_integer_value(json_object_get(o, "doubts"));
    ask_column(ask_text(o, "made"), 20);
    ask_column(ask_text(o, "channel"), 5);
    ask_column(ask_text(o, "state"), 8);
    printf("%s/%s, %s %lld, %lld tr%s", ask_text(o, "kind"), ask_text(o, "record"), ask_text(o, "cause"), (long long)json_integer_value(json_object_get(o, "about")), tries, tries == 1 ? "y" : "ies");
    if (doubts > 0)
        printf(", %lld of them in doubt", doubts);
    if (ask_text(o, "gate")[0] != 0)
        printf(", gate %s", ask_text(o, "gate"));
    if (ask_text(o, "verdict")[0] != 0)
        printf(", %s", ask_text(o, "verdict"));
    if (ask_text(o, "said")[0] != 0)
        printf(": %lld %s", (long long)json_integer_value(json_object_get(o, "status")), ask_text(o, "said"));
    printf("\n");
    json_decref(o);
}

enum code cmd_send_list(int argc, char *const *argv, struct err *reterr) {
    struct asking how = { 0 };
    int64_t tenant = -1, campaign = -1;
    const char *state = NULL;
    struct plain_words w;
    const struct option options[] = { { "data", OPTION_TEXT, &how.data }, { "config", OPTION_TEXT, &how.config }, { "json", OPTION_FLAG, &how.json }, { "tenant", OPTION_NUMBER, &tenant },
                                      { "campaign", OPTION_NUMBER, &campaign }, { "state", OPTION_TEXT, &state } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &w, reterr);
    if (code == OK && tenant < 1)
        return err_set(reterr, E_USAGE, "--tenant N says whose messages (sejf tenant list)");
    if (code != OK)
        return code;
    json_t *in = ask_request("send_list", NULL, tenant);
    ask_put(in, "state", state);
    if (campaign >= 0)
        json_object_set_new(in, "campaign", json_integer(campaign));
    return ask_done(&how, in, show_message, reterr);
}
