/* cmd_due.c — what goes, when and why: one call. */
#include <stdio.h>
#include <string.h>

#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"
#include "sys/files.h"

#define CHARTER_MOST (1u << 20)

static void print_names(const json_t *list) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        printf("%s%s", i == 0 ? "" : ", ", json_string_value(one) ?: "");
}

static long long number(const json_t *o, const char *name) { return (long long)json_integer_value(json_object_get(o, name)); }

static void print_item(const json_t *o) {
    const char *notice = ask_text(o, "notice"), *law = ask_text(o, "law");
    printf("%s  tenant %lld  ", json_is_true(json_object_get(o, "overdue")) ? "overdue   " : ask_text(o, "day"), number(o, "tenant"));
    ask_column(ask_text(o, "kind"), 14);
    printf("%7lld", number(o, "count"));
    if (number(o, "held") > 0)
        printf(" (%lld held)", number(o, "held"));
    printf("  %s", ask_text(o, "rule"));
    if (law[0] != 0)
        printf("; %s", law);
    if (notice[0] != 0)
        printf("; told of on %s", notice);
    printf("  [");
    print_names(json_object_get(o, "fields"));
    printf("]\n");
}

static void print_change(const json_t *o) {
    static const struct { const char *name, *says; } counts[] = {
        { "earlier", "go earlier" }, { "later", "go later" }, { "at_once", "would go at once" }, { "dated", "get a date" }, { "undated", "lose their date" }, { "same", "stay as they are" },
    };
    const char *between = "";
    printf("changed     tenant %lld  ", number(o, "tenant"));
    ask_column(ask_text(o, "kind"), 14);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (number(o, counts[i].name) > 0) {
            printf("%s%lld %s", between, number(o, counts[i].name), counts[i].says);
            between = ", ";
        }
    printf("%s  %s (was: ", between[0] == 0 ? "none held" : "", ask_text(o, "rule"));
    print_names(json_object_get(o, "was"));
    printf(")\n");
}

static void print_record(const json_t *o) {
    size_t i;
    json_t *one;
    printf("%s  tenant %lld  %s/%s\n", ask_text(o, "due"), number(o, "tenant"), ask_text(o, "kind"), ask_text(o, "id"));
    json_array_foreach(json_object_get(o, "dues"), i, one) {
        const char *held = ask_text(one, "held"), *due = ask_text(one, "due");
        printf("    %s  %s%s%s  [", due[0] == 0 ? "no date" : due, ask_text(one, "why"), held[0] == 0 ? "" : "; held by ", held[0] == 'p' ? "a person" : held);
        print_names(json_object_get(one, "fields"));
        printf("]\n");
    }
}

static void print_stayed(const json_t *o) {
    const char *parent = ask_text(o, "parent"), *option, *between = "";
    json_t *n;
    printf("stayed      tenant %lld  ", number(o, "tenant"));
    ask_column(ask_text(o, "kind"), 14);
    printf("%s: ", ask_text(o, "field"));
    json_object_foreach(json_object_get(o, "counts"), option, n) {
        printf("%s%lld %s", between, (long long)json_integer_value(n), option[0] == 0 ? "none" : option);
        between = ", ";
    }
    printf("%s%s\n", parent[0] == 0 ? "" : "  of ", parent);
}

static void show_due(const char *text, size_t len, void *arg) {
    json_t *o = json_loadb(text, len, 0, NULL);
    (void)arg;
    if (o == NULL)
        return;
    const char *line = ask_text(o, "line");
    if (strcmp(line, "due") == 0)
        print_item(o);
    else if (strcmp(line, "change") == 0)
        print_change(o);
    else if (strcmp(line, "record") == 0)
        print_record(o);
    else if (strcmp(line, "stayed") == 0)
        print_stayed(o);
    json_decref(o);
}

enum code cmd_due(int argc, char *const *argv, struct err *reterr) {
    struct asking how = { NULL, NULL, false };
    const char *until = NULL, *charter = NULL;
    int64_t tenant = -1;
    bool records = false, stayed = false;
    struct plain_words words;
    AUTO(buf_done) struct buf text = BUF(CHARTER_MOST);
    json_t *r = NULL;
    const struct option options[] = {
        { "data", OPTION_TEXT, &how.data }, { "config", OPTION_TEXT, &how.config }, { "json", OPTION_FLAG, &how.json }, { "tenant", OPTION_NUMBER, &tenant },
        { "until", OPTION_TEXT, &until }, { "charter", OPTION_TEXT, &charter }, { "records", OPTION_FLAG, &records }, { "stayed", OPTION_FLAG, &stayed },
    };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 1, &words, reterr);
    if (code == OK && stayed && (records || charter != NULL || until != NULL))
        return err_set(reterr, E_USAGE, "--stayed lists numbers of what went already: leave --records, --until and --charter out");
    if (code == OK && charter != NULL && records)
        return err_set(reterr, E_USAGE, "--records lists what goes under the charter that runs: leave --charter out");
    if (code == OK && charter != NULL)
        code = file_read(charter, &text, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("due", words.count > 0 ? words.at[0] : NULL, tenant);
    ask_put(in, "until", until);
    if (charter != NULL) {
        ask_put(in, "file", charter);
        ask_put(in, "text", buf_str(&text));
    }
    json_object_set_new(in, "records", json_boolean(records));
    json_object_set_new(in, "stayed", json_boolean(stayed));
    code = ask_call(&how, in, show_due, &r, reterr);
    if (code == OK && !how.json && !stayed)
        printf("%lld record%s%s\n", number(r, "records"), number(r, "records") == 1 ? "" : "s", number(r, "held") > 0 ? ", some of them held" : "");
    json_decref(r);
    return code;
}
