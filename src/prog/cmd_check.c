/* cmd_check.c — charters and sejf.yaml looked at: check, explain, schema, seeds, rules. */
#include <stdio.h>
#include <string.h>

#include "charter/lint.h"
#include "api/adopt.h"
#include "charter/explain.h"
#include "charter/report.h"
#include "charter/schema.h"
#include "prog/commands.h"
#include "prog/crew.h"
#include "prog/options.h"
#include "prog/session.h"
#include "promises/probe.h"
#include "promises/seeds.h"
#include "sys/files.h"
#include "sys/sockets.h"

#define CHARTER_MAX (8u << 20)

static bool is_instance(const char *path) {
    const char *slash = strrchr(path, '/');
    return strcmp(slash == NULL ? path : slash + 1, "sejf.yaml") == 0;
}

/* What a good charter promises and sejf does not keep yet goes to `later`. Findings go to f; E_CHARTER and E_CONFIG are not errors of the command: they are what it is there for. */
static enum code check_file(const char *path, struct findings *f, struct buf *later, struct err *reterr) {
    AUTO(charter_free) struct charter *c = NULL;
    AUTO(instance_free) struct instance *i = NULL;
    enum code code = is_instance(path) ? instance_load(path, f, &i, reterr) : charter_load(path, f, &c, reterr);
    if (code == OK && c != NULL) {                    /* traps: dates are late by the clock of the service */
        char today[16];
        struct civil now = zone_civil(charter_zone(c), clock_now());
        (void)explain_later(c, later);
        return lint_charter(c, date_format(&now, today, sizeof today), f, reterr);
    }
    return code == E_CHARTER || (code == E_CONFIG && findings_count(f, FINDING_ERROR) > 0) ? OK : code;
}

/* ---- how findings are printed */
enum format { PEOPLE, JSON, SARIF };
static enum code print_people(const struct findings *f, struct buf *ret, struct err *reterr) {
    findings_print(f, ret);
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for the findings") : OK;
}
static const struct { const char *name; enum code (*print)(const struct findings *f, struct buf *ret, struct err *reterr); } formats[] = {
    [PEOPLE] = { "people", print_people }, [JSON] = { "json", findings_json }, [SARIF] = { "sarif", findings_sarif },
};

static enum code format_find(const char *name, enum format *ret, struct err *reterr) {
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strcmp(formats[i].name, name) == 0) {
            *ret = (enum format)i;
            return OK;
        }
    return err_set(reterr, E_USAGE, "--format takes people, json or sarif");
}

/* ---- --against: what a charter does to a data directory */

static bool running(struct place *p) {
    AUTO(fd_close) int fd = -1;
    struct err e;
    return connect_unix(place_path(p, "run/server/control.sock"), &fd, &e) == OK;
}

static enum code ask_running(struct place *p, const char *path, bool *ret_allowed, struct err *reterr) {
    AUTO(session_close) struct session *s = NULL;
    AUTO(buf_done) struct buf text = BUF(CHARTER_MAX);
    json_t *r = NULL;
    enum code code = file_read(path, &text, reterr);
    if (code == OK)
        code = session_open(p, &s, reterr);
    if (code == OK)
        code = session_call(s, json_pack("{s:s,s:s,s:s}", "do", "charter_against", "file", path, "text", buf_str(&text)), NULL, NULL, NULL, &r, reterr);
    if (code == OK) {
        printf("%s:\n%s", path, json_string_value(json_object_get(r, "said")) ?: "");
        *ret_allowed = json_is_true(json_object_get(r, "allowed"));
    }
    json_decref(r);
    return code;
}

/* The store alone is opened: no keeper is needed, and nothing is adopted. */
static enum code ask_store(struct store *store, const char *path, bool *ret_allowed, struct err *reterr) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    AUTO(adopt_free) struct adoption *a = NULL;
    AUTO(buf_done) struct buf said = BUF(1u << 20);
    if (f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for %s", path);
    enum code code = charter_load(path, f, &c, reterr);
    if (code == OK)
        code = adopt_compare(store, c, &a, reterr);
    if (code != OK)
        return code;
    adopt_print(a, &said);
    printf("%s:\n%s", path, buf_str(&said));
    *ret_allowed = adopt_allowed(a, reterr) == OK;
    return OK;
}

static enum code open_store(struct place *p, int *ret_lock, struct store **ret, struct err *reterr) {
    struct crew crew;
    struct store_options options = { .directory = place_path(p, "store"), .readers = 1, .queue = 16 };
    enum code code = place_lock(p, 0, ret_lock, reterr);
    if (code == OK)
        code = place_id(p, &options.owner, reterr);
    if (code != OK)
        return code;
    crew_find(p, &crew);
    if (crew_user(&crew, SERVER) != NULL && (code = user_drop(crew_user(&crew, SERVER), reterr)) != OK)
        return code;
    return store_open(&options, ret, reterr);
}

static enum code check_against(const char *data, const struct plain_words *files, struct err *reterr) {
    AUTO(place_close) struct place *p = NULL;
    AUTO(store_close) struct store *store = NULL;
    AUTO(fd_close) int lock = -1;
    bool all = true;
    enum code code = place_open(data, NULL, &p, reterr);
    if (code == OK)
        code = place_check_version(p, reterr);
    if (code == OK && !running(p))
        code = open_store(p, &lock, &store, reterr);
    for (size_t i = 0; code == OK && i < files->count; i++) {
        bool allowed = true;
        if (is_instance(files->at[i]))
            continue;
        code = store == NULL ? ask_running(p, files->at[i], &allowed, reterr) : ask_store(store, files->at[i], &allowed, reterr);
        all = all && allowed;
    }
    if (code == OK && !all) {
        *reterr = (struct err){ .code = E_CHARTER };
        code = E_CHARTER;
    }
    return code;
}

struct check_args { const char *format, *against; struct plain_words words; };

enum code cmd_check(int argc, char *const *argv, struct err *reterr) {
    struct check_args a = { .format = "people" };
    const struct option options[] = { { "format", OPTION_TEXT, &a.format }, { "against", OPTION_TEXT, &a.against } };
    enum format format = PEOPLE;
    AUTO(buf_done) struct buf text = BUF(16u << 20), later = BUF(16u << 20);
    AUTO(findings_free) struct findings *f = findings_new();
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 1, WORDS_MAX, &a.words, reterr);
    if (code == OK)
        code = f == NULL ? err_set(reterr, E_MEMORY, "no memory for findings") : format_find(a.format, &format, reterr);
    for (size_t i = 0; code == OK && i < a.words.count; i++)
        code = check_file(a.words.at[i], f, &later, reterr);
    if (code == OK)
        code = formats[format].print(f, &text, reterr);
    if (code != OK)
        return code;
    if (format == PEOPLE)
        fputs(buf_str(&later), stdout);
    fputs(buf_str(&text), stdout);
    if (findings_count(f, FINDING_ERROR) > 0) {
        *reterr = (struct err){ .code = E_CHARTER };
        return E_CHARTER;
    }
    if (a.against != NULL)
        return check_against(a.against, &a.words, reterr);
    if (format == PEOPLE)
        printf("%zu files without a mistake; %zu traps, %zu notes.\n", a.words.count, findings_count(f, FINDING_TRAP), findings_count(f, FINDING_NOTE));
    return OK;
}

/* ---- explain and schema */
static const char *probe_says(enum rule rule) {
    const struct probe *p = probe_of(rule);
    return p == NULL ? NULL : p->tries;
}

enum code cmd_explain(int argc, char *const *argv, struct err *reterr) {
    struct option_list langs = { .count = 0 };
    struct plain_words w;
    const struct option options[] = { { "lang", OPTION_LIST, &langs } };
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    AUTO(buf_done) struct buf text = BUF(16u << 20);
    unsigned wanted = 0;
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 1, 1, &w, reterr);
    for (size_t i = 0; code == OK && i < langs.count; i++) {
        enum lang lang;
        if (!lang_parse(langs.items[i], strlen(langs.items[i]), &lang))
            return err_set(reterr, E_USAGE, "--lang takes en, pl or hu");
        wanted |= 1u << lang;
    }
    if (code == OK && f == NULL)
        return err_set(reterr, E_MEMORY, "no memory for findings");
    if (code == OK && (code = charter_load(w.at[0], f, &c, reterr)) == E_CHARTER)
        (void)place_print_findings(f);
    if (code != OK)
        return code;
    explain_charter(c, wanted != 0 ? wanted : charter_speaks(c), probe_says, &text);
    fputs(buf_str(&text), stdout);
    return OK;
}

enum code cmd_schema(int argc, char *const *argv, struct err *reterr) {
    struct plain_words w;
    AUTO(buf_done) struct buf text = BUF(4u << 20);
    enum code code = options_read(argc, argv, NULL, 0, 0, 0, &w, reterr);
    if (code == OK)
        code = schema_print(&text, reterr);
    if (code == OK)
        fputs(buf_str(&text), stdout);
    return code;
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
