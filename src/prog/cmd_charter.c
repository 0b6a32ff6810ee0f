/* cmd_charter.c — versions of a charter: announcing one that comes, listing those that were, and what they lock. */
#include <stdio.h>
#include <string.h>

#include "api/version.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "sys/files.h"

#define CHARTER_MOST (8u << 20)

struct charter_ask { struct asking how; const char *from; int64_t tenant; struct plain_words words; };

static enum code read_ask(int argc, char *const *argv, struct charter_ask *a, struct err *reterr) {
    *a = (struct charter_ask){ .tenant = -1 };
    const struct option options[] = { { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json },
                                      { "from", OPTION_TEXT, &a->from }, { "tenant", OPTION_NUMBER, &a->tenant } };
    return options_read(argc, argv, options, ARRAY_LEN(options), 1, 1, &a->words, reterr);
}

enum code cmd_charter_announce(int argc, char *const *argv, struct err *reterr) {
    struct charter_ask a;
    AUTO(buf_done) struct buf text = BUF(CHARTER_MOST);
    json_t *r = NULL;
    enum code code = read_ask(argc, argv, &a, reterr);
    if (code == OK)
        code = file_read(a.words.at[0], &text, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("charter_announce", NULL, -1);
    ask_put(in, "file", a.words.at[0]);
    ask_put(in, "text", buf_str(&text));
    ask_put(in, "from", a.from);
    code = ask_call(&a.how, in, NULL, &r, reterr);
    if (code == OK && a.how.json)
        ask_print(r);
    else if (code == OK)
        printf("version %lld of %s may be served from %s on; %lld letter%s to %lld tenant%s\n", (long long)json_integer_value(json_object_get(r, "version")), ask_text(r, "service"),
               ask_text(r, "begins"), (long long)json_integer_value(json_object_get(r, "told")), json_integer_value(json_object_get(r, "told")) == 1 ? "" : "s",
               (long long)json_integer_value(json_object_get(r, "tenants")), json_integer_value(json_object_get(r, "tenants")) == 1 ? "" : "s");
    json_decref(r);
    return code;
}

/* In English; what only other languages say otherwise, in those. */
static void show_words(const json_t *item, enum lang lang) {
    const char *code = lang_code(lang), *before = ask_text(json_object_get(item, "before"), code), *now = ask_text(json_object_get(item, "now"), code);
    char mark[16] = "";
    if (lang != LANG_EN)
        snprintf(mark, sizeof mark, "[%s] ", code);
    if (before[0] != 0)
        printf("        - %s%s\n", mark, before);
    if (now[0] != 0)
        printf("        + %s%s%s\n", mark, now, json_is_true(json_object_get(item, "uses")) ? "  (a new use of data already held)" : "");
}

static void show_change(const json_t *item) {
    const unsigned reworded = version_reworded(item), english = 1u << LANG_EN;
    for (int l = 0; l < LANG_COUNT; l++)
        if (((reworded & english) != 0 ? english : reworded) >> l & 1)
            show_words(item, (enum lang)l);
}

static void show_version(const char *text, size_t len, void *arg) {
    json_t *line = json_loadb(text, len, 0, NULL);
    const json_t *item;
    size_t i;
    (void)arg;
    printf("%4lld  %s  %s%s\n", (long long)json_integer_value(json_object_get(line, "number")), ask_text(line, "updated"),
           json_is_null(json_object_get(line, "since")) ? "announced for " : "since ", json_is_null(json_object_get(line, "since")) ? ask_text(line, "begins") : ask_text(line, "since"));
    json_array_foreach(json_object_get(json_object_get(line, "changes"), "items"), i, item)
        show_change(item);
    json_decref(line);
}

enum code cmd_charter_versions(int argc, char *const *argv, struct err *reterr) {
    struct charter_ask a;
    enum code code = read_ask(argc, argv, &a, reterr);
    return code == OK ? ask_done(&a.how, ask_request("charter_versions", a.words.at[0], -1), show_version, reterr) : code;
}

static void show_lock(const char *text, size_t len, void *arg) {
    json_t *line = json_loadb(text, len, 0, NULL);
    (void)arg;
    ask_column(ask_text(line, "kind"), 20);
    printf("%s  (version %lld)\n", ask_text(line, "what"), (long long)json_integer_value(json_object_get(line, "version")));
    json_decref(line);
}

enum code cmd_charter_locks(int argc, char *const *argv, struct err *reterr) {
    struct charter_ask a;
    enum code code = read_ask(argc, argv, &a, reterr);
    if (code == OK && a.tenant < 0)
        return err_set(reterr, E_USAGE, "--tenant N is missing: `sejf tenant list` names them");
    return code == OK ? ask_done(&a.how, ask_request("charter_locks", a.words.at[0], a.tenant), show_lock, reterr) : code;
}
