/* cmd_check.c — charters and sejf.yaml looked at without anything running: check, seeds, rules. */
#include <stdio.h>
#include <string.h>

#include "charter/lint.h"
#include "prog/commands.h"
#include "prog/findings_out.h"
#include "prog/options.h"
#include "prog/place.h"
#include "promises/probe.h"
#include "promises/seeds.h"
#include "sys/files.h"

#define CHARTER_MAX (8u << 20)

static bool is_instance(const char *path) {
    const char *slash = strrchr(path, '/');
    return strcmp(slash == NULL ? path : slash + 1, "sejf.yaml") == 0;
}

/* Findings go to f; E_CHARTER and E_CONFIG are not errors of the command: they are what it is there for. */
static enum code check_file(const char *path, struct findings *f, struct err *reterr) {
    AUTO(charter_free) struct charter *c = NULL;
    AUTO(instance_free) struct instance *i = NULL;
    enum code code = is_instance(path) ? instance_load(path, f, &i, reterr) : charter_load(path, f, &c, reterr);
    if (code == OK && c != NULL) {                    /* traps: dates are late by the clock of the service */
        char today[16];
        struct civil now = zone_civil(charter_zone(c), clock_now());
        return lint_charter(c, date_format(&now, today, sizeof today), f, reterr);
    }
    return code == E_CHARTER || (code == E_CONFIG && findings_count(f, FINDING_ERROR) > 0) ? OK : code;
}

struct check_args { const char *format, *against; struct plain_words words; };

enum code cmd_check(int argc, char *const *argv, struct err *reterr) {
    struct check_args a = { .format = "people" };
    const struct option options[] = { { "format", OPTION_TEXT, &a.format }, { "against", OPTION_TEXT, &a.against } };
    enum findings_format format;
    AUTO(buf_done) struct buf text = BUF(16u << 20);
    AUTO(findings_free) struct findings *f = findings_new();
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 1, WORDS_MAX, &a.words, reterr);
    if (code == OK && !findings_format_find(a.format, &format))
        return err_set(reterr, E_USAGE, "--format takes people, json or sarif");
    if (code == OK && f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for findings");
    for (size_t i = 0; code == OK && i < a.words.count; i++)
        code = check_file(a.words.at[i], f, reterr);
    if (code != OK)
        return code;
    findings_out(f, format, &text);
    fputs(buf_str(&text), stdout);
    if (findings_count(f, FINDING_ERROR) > 0) {
        *reterr = (struct err){ .code = E_CHARTER };
        return E_CHARTER;
    }
    if (format == FINDINGS_PEOPLE && a.against == NULL)
        printf("%zu of %zu files are right; %zu traps, %zu notes.\n", a.words.count, a.words.count, findings_count(f, FINDING_TRAP), findings_count(f, FINDING_NOTE));
    return OK;
}

enum code cmd_seeds(int argc, char *const *argv, struct err *reterr) {
    struct plain_words w;
    AUTO(seed_places_free) struct seed_places *places = seed_places_new();
    AUTO(buf_done) struct buf out = BUF(4u << 20);
    const struct seed *rows;
    size_t count = seeds_table(&rows);
    enum code code = options_read(argc, argv, NULL, 0, 1, WORDS_MAX, &w, reterr);
    if (code == OK && places == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the seeds");
    for (size_t i = 0; code == OK && i < w.count; i++) {
        AUTO(buf_done) struct buf text = BUF(CHARTER_MAX);
        code = file_read(w.at[i], &text, reterr);
        if (code == OK)
            code = seed_places_read(places, w.at[i], buf_str(&text), text.len, reterr);
    }
    if (code != OK)
        return code;
    if (seeds_faults(rows, count, places, &out) > 0) {
        fputs(buf_str(&out), stderr);
        return err_set(reterr, E_CHARTER, "not every promise has exactly one owner and one line");
    }
    seeds_print(rows, count, places, &out);
    fputs(buf_str(&out), stdout);
    return OK;
}

enum code cmd_rules(int argc, char *const *argv, struct err *reterr) {
    bool json = false;
    struct plain_words w;
    const struct option options[] = { { "json", OPTION_FLAG, &json } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 0, 0, &w, reterr);
    if (code != OK)
        return code;
    json_t *list = json_array();
    for (int r = 0; r < RULE_COUNT; r++) {
        const struct probe *probe = probe_of((enum rule)r);
        const char *state = rule_state((enum rule)r) == OBEYED ? "obeyed" : "later";
        if (json)
            json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s?}", "name", rule_name((enum rule)r), "state", state, "says", rule_says((enum rule)r),
                                                  "tries", probe == NULL ? NULL : probe->tries));
        else
            printf("%-26s %-7s %s\n", rule_name((enum rule)r), state, rule_says((enum rule)r));
    }
    if (json) {
        json_t *top = json_pack("{s:O}", "rules", list);
        json_dumpf(top, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(top);
    }
    json_decref(list);
    return OK;
}
