/* cmd_campaign.c — campaigns by the command line: how far each came, and stopping one. They are asked for through the API, by those who may send. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

struct campaign_ask { struct asking how; int64_t tenant, number; struct plain_words words; };

static enum code ask_read(int argc, char *const *argv, size_t words, struct campaign_ask *a, struct err *reterr) {
    *a = (struct campaign_ask){ .tenant = -1 };
    const struct option options[] = { { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "tenant", OPTION_NUMBER, &a->tenant } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), words, words, &a->words, reterr);
    if (code == OK && a->tenant < 1)
        return err_set(reterr, E_USAGE, "--tenant N says whose campaigns (sejf tenant list)");
    if (code == OK && words > 0 && !text_int(a->words.at[0], 1, INT64_MAX, &a->number))
        return err_set(reterr, E_USAGE, "a campaign is named by its number (sejf campaign list)");
    return code;
}

static long long count_of(const json_t *o, const char *name) { return (long long)json_integer_value(json_object_get(o, name)); }

static void show(const json_t *o) {
    const char *name = json_string_value(json_object_get(o, "name")), *gate;
    json_t *count, *refused = json_object_get(o, "refused");
    printf("%lld %s %s to %s: found %lld, queued %lld, waiting %lld, sent %lld, bounced %lld, over %lld, unknown %lld", count_of(o, "number"), ask_text(o, "state"), ask_text(o, "channel"), ask_text(o, "kind"),
           count_of(o, "found"), count_of(o, "queued"), count_of(o, "waiting"), count_of(o, "sent"), count_of(o, "bounced"), count_of(o, "over"), count_of(o, "unknown"));
    json_object_foreach(refused, gate, count)
        printf(", refused by %s %lld", gate, (long long)json_integer_value(count));
    printf("%s%s\n", name == NULL ? "" : " — ", name == NULL ? "" : name);
}

static void show_line(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o != NULL)
        show(o);
    json_decref(o);
}

enum code cmd_campaign_list(int argc, char *const *argv, struct err *reterr) {
    struct campaign_ask a;
    enum code code = ask_read(argc, argv, 0, &a, reterr);
    return code == OK ? ask_done(&a.how, ask_request("campaign_list", NULL, a.tenant), show_line, reterr) : code;
}

static enum code one(int argc, char *const *argv, const char *verb, const char *what, struct err *reterr) {
    struct campaign_ask a;
    json_t *r = NULL;
    enum code code = ask_read(argc, argv, 1, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request(verb, NULL, a.tenant);
    json_object_set_new(in, "number", json_integer(a.number));
    if (what != NULL)
        json_object_set_new(in, "what", json_string(what));
    code = ask_call(&a.how, in, NULL, &r, reterr);
    if (code == OK && a.how.json) {
        char *text = json_dumps(json_object_get(r, "campaign"), JSON_COMPACT);
        printf("%s\n", text == NULL ? "{}" : text);
        free(text);
    } else if (code == OK)
        show(json_object_get(r, "campaign"));
    json_decref(r);
    return code;
}

enum code cmd_campaign_show(int argc, char *const *argv, struct err *reterr) { return one(argc, argv, "campaign_show", NULL, reterr); }
enum code cmd_campaign_stop(int argc, char *const *argv, struct err *reterr) { return one(argc, argv, "campaign_turn", "stop", reterr); }
enum code cmd_campaign_pause(int argc, char *const *argv, struct err *reterr) { return one(argc, argv, "campaign_turn", "pause", reterr); }
enum code cmd_campaign_resume(int argc, char *const *argv, struct err *reterr) { return one(argc, argv, "campaign_turn", "resume", reterr); }
