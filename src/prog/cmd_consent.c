/* cmd_consent.c — consents, objections and restrictions of a record: each command is one call. */
#include <stdio.h>

#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

struct consent_ask { struct asking how; const char *purpose, *told; int64_t tenant; struct plain_words words; };

static enum code read_consent(int argc, char *const *argv, size_t least, struct consent_ask *a, struct err *reterr) {
    *a = (struct consent_ask){ .tenant = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "tenant", OPTION_NUMBER, &a->tenant },
        { "purpose", OPTION_TEXT, &a->purpose }, { "told", OPTION_TEXT, &a->told },
    };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), least, 1, &a->words, reterr);
    return code == OK && a->tenant <= 0 ? err_set(reterr, E_USAGE, "--tenant says whose; `sejf tenant list` shows their numbers") : code;
}

static json_t *request(const struct consent_ask *a, const char *verb) {
    json_t *in = ask_request(verb, NULL, a->tenant);
    ask_put(in, "record", a->words.count > 0 ? a->words.at[0] : NULL);
    ask_put(in, "purpose", a->purpose);
    ask_put(in, "told", a->told);
    return in;
}

static void show_consent(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL), *text = json_object_get(o, "text");
    if (o != NULL)
        printf("%s  %s %s by %s (%s)  %s %.12s\n", ask_text(o, "at"), ask_text(o, "consent"), ask_text(o, "state"), ask_text(o, "by"), ask_text(o, "way"), ask_text(text, "language"), ask_text(text, "hash"));
    json_decref(o);
}

static void show_row(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    const char *told = ask_text(o, "told");
    if (o != NULL)
        printf("%s/%s  since %s  by %s%s%s  %s\n", ask_text(o, "kind"), ask_text(o, "id"), ask_text(o, "at"), ask_text(o, "by"), told[0] == 0 ? "" : "  told ", told, ask_text(o, "purpose"));
    json_decref(o);
}

static enum code run(int argc, char *const *argv, size_t least, const char *verb, line_fn show, struct err *reterr) {
    struct consent_ask a;
    enum code code = read_consent(argc, argv, least, &a, reterr);
    return code == OK ? ask_done(&a.how, request(&a, verb), show, reterr) : code;
}

enum code cmd_consent_list(int argc, char *const *argv, struct err *reterr) { return run(argc, argv, 1, "consent_list", show_consent, reterr); }

enum code cmd_consent_receipt(int argc, char *const *argv, struct err *reterr) {
    struct consent_ask a;
    json_t *r = NULL;
    enum code code = read_consent(argc, argv, 1, &a, reterr);
    if (code == OK)
        code = ask_call(&a.how, request(&a, "consent_receipt"), NULL, &r, reterr);
    if (code == OK)
        ask_print(json_object_get(r, "receipt"));
    json_decref(r);
    return code;
}

static enum code objection(int argc, char *const *argv, bool ends, struct err *reterr) {
    struct consent_ask a;
    enum code code = read_consent(argc, argv, 1, &a, reterr);
    if (code == OK && a.purpose == NULL)
        return err_set(reterr, E_USAGE, "--purpose says which use the person objects to, as the charter writes it");
    if (code != OK)
        return code;
    json_t *in = request(&a, "objection_make");
    json_object_set_new(in, "end", json_boolean(ends));
    return ask_done(&a.how, in, NULL, reterr);
}

enum code cmd_objection_list(int argc, char *const *argv, struct err *reterr) { return run(argc, argv, 0, "objection_list", show_row, reterr); }
enum code cmd_objection_make(int argc, char *const *argv, struct err *reterr) { return objection(argc, argv, false, reterr); }
enum code cmd_objection_end(int argc, char *const *argv, struct err *reterr) { return objection(argc, argv, true, reterr); }
enum code cmd_restriction_list(int argc, char *const *argv, struct err *reterr) { return run(argc, argv, 0, "restriction_list", show_row, reterr); }
enum code cmd_restriction_set(int argc, char *const *argv, struct err *reterr) { return run(argc, argv, 1, "restriction_set", NULL, reterr); }
enum code cmd_restriction_told(int argc, char *const *argv, struct err *reterr) { return run(argc, argv, 1, "restriction_told", NULL, reterr); }
enum code cmd_restriction_lift(int argc, char *const *argv, struct err *reterr) { return run(argc, argv, 1, "restriction_lift", NULL, reterr); }
