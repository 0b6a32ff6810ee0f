/* cmd_gates.c — what the gates of messages refused, by the command line. */
#include <stdio.h>

#include "base/mem.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

static void show_day(const char *line, size_t len, void *arg) {
    (void)arg;
    const char *gate;
    json_t *count, *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    ask_column(ask_text(o, "day"), 11);
    ask_column(ask_text(o, "channel"), 6);
    bool first = true;
    json_object_foreach(json_object_get(o, "refused"), gate, count) {
        printf("%s%s %lld", first ? "" : ", ", gate, (long long)json_integer_value(count));
        first = false;
    }
    printf("\n");
    json_decref(o);
}

enum code cmd_send_gates(int argc, char *const *argv, struct err *reterr) {
    struct asking how = { 0 };
    int64_t tenant = -1, days = -1;
    struct plain_words w;
    const struct option options[] = { { "data", OPTION_TEXT, &how.data }, { "config", OPTION_TEXT, &how.config }, { "json", OPTION_FLAG, &how.json }, { "tenant", OPTION_NUMBER, &tenant },
                                      { "days", OPTION_NUMBER, &days } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &w, reterr);
    if (code == OK && tenant < 1)
        return err_set(reterr, E_USAGE, "--tenant N says whose messages (sejf tenant list)");
    if (code != OK)
        return code;
    json_t *in = ask_request("send_gates", NULL, tenant);
    if (days >= 0)
        json_object_set_new(in, "days", json_integer(days));
    return ask_done(&how, in, show_day, reterr);
}
