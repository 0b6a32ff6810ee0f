/* cmd_clock.c — whether the clock is believed, and a person who says so. */
#include <stdio.h>

#include "base/time.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

static enum code ask_clock(int argc, char *const *argv, const char *verb, struct asking *how, json_t **ret, struct err *reterr) {
    struct plain_words w;
    const struct option options[] = { { "data", OPTION_TEXT, &how->data }, { "config", OPTION_TEXT, &how->config }, { "json", OPTION_FLAG, &how->json } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &w, reterr);
    return code == OK ? ask_call(how, ask_request(verb, NULL, -1), NULL, ret, reterr) : code;
}

enum code cmd_clock_show(int argc, char *const *argv, struct err *reterr) {
    struct asking how = { .json = false };
    char now[40];
    json_t *r = NULL;
    enum code code = ask_clock(argc, argv, "clock_show", &how, &r, reterr);
    if (code != OK)
        return code;
    if (how.json)
        ask_print(r);
    else if (json_is_true(json_object_get(r, "held")))
        printf("The clock jumped from %s to %s, so nothing that is due is erased.\nIt is %s now. When that is right: sejf clock confirm\n", ask_text(r, "from"), ask_text(r, "to"),
               time_format(clock_now(), now, sizeof now));
    else
        printf("The clock is believed; it is %s.%s%s\n", time_format(clock_now(), now, sizeof now), json_is_null(json_object_get(r, "since")) ? "" : " Last confirmed at ",
               ask_text(r, "since"));
    json_decref(r);
    return OK;
}

enum code cmd_clock_confirm(int argc, char *const *argv, struct err *reterr) {
    struct asking how = { .json = false };
    json_t *r = NULL;
    enum code code = ask_clock(argc, argv, "clock_confirm", &how, &r, reterr);
    if (code != OK)
        return code;
    if (how.json)
        ask_print(r);
    else
        printf(json_is_true(json_object_get(r, "was")) ? "Confirmed: what is due is erased again.\n" : "Nothing to confirm: the clock is believed already.\n");
    json_decref(r);
    return OK;
}
