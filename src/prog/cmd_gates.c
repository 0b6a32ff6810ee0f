/* cmd_gates.c — what the gates of messages refused and put off, by the command line. */
#include <stdio.h>

#include "base/mem.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

static bool show_counts(json_t *counts, const char *head, bool first) {
    const char *gate;
    json_t *count;
    json_object_foreach(counts, gate, count) {
        printf("%s%s%s %lld", first ? "" : ", ", head, gate, (long long)json_integer_value(count));
        first = false;
    }
    return first;
}

static void show_day(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    ask_column(ask_text(o, "day"), 11);
    ask_column(ask_text(o, "channel"), 6);
    (void)show_counts(json_object_get(o, "put_off"), "put off by ", show_counts(json_object_get(o, "refused"), "", true));
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
