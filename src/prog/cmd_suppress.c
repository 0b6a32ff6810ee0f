/* cmd_suppress.c — whom a tenant sends nothing to, and pauses of sending: each command is one call. Addresses are read from standard input, so that none
 * stands in the history of a shell. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

#define LINE_MAX_BYTES 400u

struct suppress_ask { struct asking how; const char *by, *why, *until, *reason, *channel, *scope, *email, *phone; int64_t tenant; struct plain_words words; };

static enum code read_ask(int argc, char *const *argv, size_t most, struct suppress_ask *a, struct err *reterr) {
    *a = (struct suppress_ask){ .tenant = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "tenant", OPTION_NUMBER, &a->tenant }, { "by", OPTION_TEXT, &a->by },
        { "why", OPTION_TEXT, &a->why }, { "until", OPTION_TEXT, &a->until }, { "reason", OPTION_TEXT, &a->reason }, { "channel", OPTION_TEXT, &a->channel }, { "scope", OPTION_TEXT, &a->scope },
        { "email", OPTION_TEXT, &a->email }, { "phone", OPTION_TEXT, &a->phone },
    };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, most, &a->words, reterr);
    return code == OK && a->tenant <= 0 ? err_set(reterr, E_USAGE, "--tenant says whose; `sejf tenant list` shows their numbers") : code;
}

/* The record of the words, or a line of standard input. */
static enum code put_whom(const struct suppress_ask *a, json_t *in, struct err *reterr) {
    char line[LINE_MAX_BYTES];
    const char *name = a->email != NULL ? "email" : "phone", *given = a->email != NULL ? a->email : a->phone;
    if ((a->words.count == 1) + (a->email != NULL) + (a->phone != NULL) != 1)
        return err_set(reterr, E_USAGE, "whom: KIND/ID, --email - or --phone - (the address is a line of standard input)");
    if (a->words.count == 1) {
        ask_put(in, "record", a->words.at[0]);
        return OK;
    }
    if (strcmp(given, "-") != 0)
        return err_set(reterr, E_USAGE, "--%s -: the address is read from standard input, so that it stands in no history", name);
    if (fgets(line, sizeof line, stdin) == NULL)
        return err_set(reterr, E_USAGE, "no address came on standard input");
    line[strcspn(line, "\r\n")] = 0;
    ask_put(in, name, line);
    return OK;
}

static enum code done(const struct suppress_ask *a, json_t *in, const char *member, const char *said, struct err *reterr) {
    json_t *r = NULL;
    enum code code = ask_call(&a->how, in, NULL, &r, reterr);
    if (code == OK && a->how.json)
        ask_print(r);
    else if (code == OK && member == NULL)
        printf("%s\n", said);
    else if (code == OK && json_is_boolean(json_object_get(r, member)))
        printf("%s%s\n", said, json_is_true(json_object_get(r, member)) ? "" : " (it was already)");
    else if (code == OK)
        printf("%s: %lld\n", said, (long long)json_integer_value(json_object_get(r, member)));
    json_decref(r);
    return code;
}

static enum code by_somebody(const struct suppress_ask *a, json_t *in, struct err *reterr) {
    if (a->by == NULL)
        return err_set(reterr, E_USAGE, "--by says who does it: the address or the id of an account, for the ledger");
    ask_put(in, "who", a->by);
    return OK;
}

static enum code on_one(int argc, char *const *argv, const char *verb, const char *member, const char *said, struct err *reterr) {
    struct suppress_ask a;
    enum code code = read_ask(argc, argv, 1, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request(verb, NULL, a.tenant);
    ask_put(in, "why", a.why);
    ask_put(in, "until", a.until);
    ask_put(in, "reason", a.reason);
    ask_put(in, "channel", a.channel);
    ask_put(in, "scope", a.scope);
    code = by_somebody(&a, in, reterr);
    if (code == OK)
        code = put_whom(&a, in, reterr);
    if (code != OK) {
        json_decref(in);
        return code;
    }
    return done(&a, in, member, said, reterr);
}

enum code cmd_suppression_put(int argc, char *const *argv, struct err *reterr) { return on_one(argc, argv, "suppress_put", "new", "nothing more is sent there", reterr); }
enum code cmd_suppression_lift(int argc, char *const *argv, struct err *reterr) { return on_one(argc, argv, "suppress_lift", "lifted", "lifted", reterr); }

static void show_row(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    ask_column(ask_text(o, "since"), 20);
    ask_column(ask_text(o, "channel"), 6);
    ask_column(ask_text(o, "reason"), 13);
    ask_column(ask_text(o, "list"), 8);
    printf("%s%s, by %s\n", ask_text(o, "until")[0] == 0 ? "without an end" : "until ", ask_text(o, "until"), ask_text(o, "by"));
    json_decref(o);
}

enum code cmd_suppression_list(int argc, char *const *argv, struct err *reterr) {
    struct suppress_ask a;
    enum code code = read_ask(argc, argv, 0, &a, reterr);
    return code == OK ? ask_done(&a.how, ask_request("suppress_list", NULL, a.tenant), show_row, reterr) : code;
}

/* ---- pauses */

enum code cmd_send_resume(int argc, char *const *argv, struct err *reterr) {
    struct suppress_ask a;
    enum code code = read_ask(argc, argv, 0, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("send_resume", NULL, a.tenant);
    ask_put(in, "channel", a.channel);
    code = by_somebody(&a, in, reterr);
    if (code != OK) {
        json_decref(in);
        return code;
    }
    return done(&a, in, NULL, "sending goes on; shares are counted anew", reterr);
}

static void print_shares(const json_t *r) {
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(r, "channels"), i, one)
        printf("%-6s %lld sent in %lld days, %lld bounced, %lld complained%s\n", ask_text(one, "channel"), (long long)json_integer_value(json_object_get(one, "sent")),
               (long long)json_integer_value(json_object_get(one, "days")), (long long)json_integer_value(json_object_get(one, "bounced")), (long long)json_integer_value(json_object_get(one, "complained")),
               json_is_true(json_object_get(one, "paused")) ? "; sending pauses" : "");
    json_array_foreach(json_object_get(r, "pauses"), i, one)
        printf("%s paused %s: %s; %s%s%s%s\n", ask_text(one, "channel"), ask_text(one, "since"), ask_text(one, "why"), ask_text(one, "ended")[0] == 0 ? "it stands" : "ended ", ask_text(one, "ended"),
               ask_text(one, "by")[0] == 0 ? "" : " by ", ask_text(one, "by"));
}

enum code cmd_send_shares(int argc, char *const *argv, struct err *reterr) {
    struct suppress_ask a;
    json_t *r = NULL;
    enum code code = read_ask(argc, argv, 0, &a, reterr);
    if (code == OK)
        code = ask_call(&a.how, ask_request("send_shares", NULL, a.tenant), NULL, &r, reterr);
    if (code == OK && a.how.json)
        ask_print(r);
    else if (code == OK)
        print_shares(r);
    json_decref(r);
    return code;
}
