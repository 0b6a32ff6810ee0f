/* cmd_role.c — what the people of a charter may do: in sentences, and as a table of role, kind, field and verb made by the same
 * decisions that the running service makes. The charters alone are read. */
#include <stdio.h>
#include <string.h>

#include "charter/explain.h"
#include "policy/policy.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

struct reading { struct place *place; const struct charter *charter; enum lang lang; bool json; };

static enum code reading_begin(int argc, char *const *argv, struct reading *r, struct err *reterr) {
    const char *data = NULL, *config = NULL, *lang = "en";
    struct plain_words w;
    const struct option options[] = { { "data", OPTION_TEXT, &data }, { "config", OPTION_TEXT, &config }, { "json", OPTION_FLAG, &r->json }, { "lang", OPTION_TEXT, &lang } };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 1, 1, &w, reterr);
    if (code == OK && !lang_parse(lang, strlen(lang), &r->lang))
        return err_set(reterr, E_USAGE, "--lang takes en, pl or hu");
    if (code == OK)
        code = place_open(data, config, &r->place, reterr);
    if (code == OK && (r->charter = place_charter(r->place, w.at[0], reterr)) == NULL)
        code = reterr->code;
    return code;
}

static void reading_done(struct reading *r) { place_close(r->place); }
DEFINE_AUTO_VALUE(struct reading, reading_done)

static void print_json(json_t *top) {
    ask_print(top);
    json_decref(top);
}

/* ---- role list */

static const char *belongs(const struct charter *c, int person) {
    return person == charter_tenant(c) ? "owner" : charter_operator_staff(c, person) ? "operator" : charter_public(c, person) ? "public"
         : charter_signs_in(c, person) ? "staff" : "none";
}
static const struct { const char *word, *says; } belonging[] = {
    { "owner", "the tenant's own role" }, { "staff", "of a tenant's staff" }, { "operator", "of the operator's staff" },
    { "public", "of the public" }, { "none", "without an account" },
};

/* Lines "who_sees.door" and "who_sees.door.0". */
static bool speaks_of(const struct line *l, const char *section, const char *person) {
    size_t s = strlen(section), p = strlen(person);
    return strncmp(l->path, section, s) == 0 && l->path[s] == '.' && strncmp(l->path + s + 1, person, p) == 0
        && (l->path[s + 1 + p] == '\0' || l->path[s + 1 + p] == '.');
}

static json_t *sentences(const struct reading *r, const char *section, const char *person) {
    const struct line *lines;
    size_t n = charter_lines(r->charter, &lines);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        AUTO(buf_done) struct buf text = BUF(1u << 16);
        if (!speaks_of(&lines[i], section, person) || lines[i].text[0] == '\0')
            continue;
        explain_line(r->charter, &lines[i], r->lang, &text);
        json_array_append_new(list, json_string(buf_str(&text)));
    }
    return list;
}

static json_t *role_json(const struct reading *r, int at, const struct person *p) {
    struct sign_in_rule s = charter_sign_in(r->charter, at);
    json_t *sees = sentences(r, "who_sees", p->name), *changes = sentences(r, "who_changes", p->name);
    if (at == charter_tenant(r->charter) && !charter_has_changes(r->charter, at))
        json_array_append_new(changes, json_string(((const struct words)WORDS("Changes and erases everything of the tenant's own records.", "Zmienia i usuwa wszystko w rekordach własnych klienta.",
                                                    "Az ügyfél saját rekordjaiban mindent módosíthat és törölhet.")).in[r->lang]));
    return json_pack("{s:s,s:s,s:s,s:b,s:{s:i,s:b,s:b,s:b,s:o},s:o,s:o}", "role", p->name, "label", p->label.in[r->lang] ?: p->name, "belongs", belongs(r->charter, at),
                     "signs_in", charter_signs_in(r->charter, at), "asks", "length", s.length, "second", s.second, "passkey", s.passkey, "changed", span_days(&s.changed) > 0,
                     "says", sentences(r, "sign_in", p->name), "sees", sees, "changes", changes);
}

static void print_sentences(const char *head, json_t *list) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        printf("  %-9s %s\n", i == 0 ? head : "", json_string_value(one));
}

static void print_role(json_t *role) {
    const char *says = "", *where = ask_text(role, "belongs");
    for (size_t i = 0; i < ARRAY_LEN(belonging); i++)
        if (strcmp(belonging[i].word, where) == 0)
            says = belonging[i].says;
    printf("%s: %s, %s\n", ask_text(role, "role"), ask_text(role, "label"), says);
    print_sentences("sign-in", json_object_get(json_object_get(role, "asks"), "says"));
    print_sentences("sees", json_object_get(role, "sees"));
    print_sentences("changes", json_object_get(role, "changes"));
}

enum code cmd_role_list(int argc, char *const *argv, struct err *reterr) {
    AUTO(reading_done) struct reading r = { .lang = LANG_EN };
    const struct person *people;
    size_t i;
    json_t *list = NULL, *one;
    enum code code = reading_begin(argc, argv, &r, reterr);
    if (code != OK)
        return code;
    size_t n = charter_people(r.charter, &people);
    list = json_array();
    for (size_t k = 0; k < n; k++)
        json_array_append_new(list, role_json(&r, (int)k, &people[k]));
    if (r.json) {
        print_json(json_pack("{s:s,s:o}", "service", charter_name(r.charter), "roles", list));
        return OK;
    }
    json_array_foreach(list, i, one)
        print_role(one);
    json_decref(list);
    return OK;
}

/* ---- role matrix */

static json_t *field_names(const struct kind *k, fieldset set) {
    json_t *list = json_array();
    for (size_t i = 0; i < k->field_count; i++)
        if ((set >> i & 1) != 0)
            json_array_append_new(list, json_string(k->fields[i].name));
    return list;
}

static bool comes_by_link(const struct charter *c, int person) {
    const struct grant *list;
    size_t n = charter_sees(c, &list);
    for (size_t i = 0; i < n; i++)
        if (list[i].person == person && list[i].by_link)
            return true;
    return false;
}

/* One cell of role, way and kind: which fields it may ever read and set, and the verbs that it has. NULL: none of them. */
static json_t *cell(const struct charter *c, const struct caller *who, const char *role, int kind) {
    const struct kind *k = charter_kind_at(c, kind);
    json_t *verbs = json_array();
    for (int v = 0; v < V_VERBS; v++)
        if (policy_kind(c, who, kind, (enum verb)v).any)
            json_array_append_new(verbs, json_string(verb_name((enum verb)v)));
    if (json_array_size(verbs) == 0) {
        json_decref(verbs);
        return NULL;
    }
    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:o}", "role", role, "way", who->by_link ? "link" : "sign-in", "kind", k->name, "verbs", verbs,
                     "reads", field_names(k, policy_kind(c, who, kind, V_READ).fields), "makes", field_names(k, policy_kind(c, who, kind, V_CREATE).fields),
                     "changes", field_names(k, policy_kind(c, who, kind, V_CHANGE).fields));
}

static void role_cells(const struct charter *c, int person, const char *role, bool by_link, json_t *list) {
    const struct kind *kinds;
    size_t n = charter_kinds(c, &kinds);
    struct caller who = { .tenant = 1, .person = person, .subject_kind = -1, .by_link = by_link, .by_session = !by_link, .account = { { 1 } },
                          .staff = charter_operator_staff(c, person) };
    for (size_t k = 0; k < n; k++) {
        json_t *one = cell(c, &who, role, (int)k);
        if (one != NULL)
            json_array_append_new(list, one);
    }
}

static const char *holds(json_t *list, const char *name, const char *sign) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        if (strcmp(json_string_value(one), name) == 0)
            return sign;
    return "-";
}

static void print_cell(const struct charter *c, json_t *one) {
    const struct kind *k = charter_kind_at(c, charter_kind(c, ask_text(one, "kind")));
    size_t i;
    json_t *verb;
    printf("%s, %s, %s:", ask_text(one, "role"), ask_text(one, "way"), k->name);
    json_array_foreach(json_object_get(one, "verbs"), i, verb)
        printf(" %s", json_string_value(verb));
    putchar('\n');
    for (size_t f = 0; f < k->field_count; f++) {
        const char *name = k->fields[f].name;
        printf("  %s%s%s  %s\n", holds(json_object_get(one, "reads"), name, "r"), holds(json_object_get(one, "makes"), name, "m"),
               holds(json_object_get(one, "changes"), name, "c"), name);
    }
}

enum code cmd_role_matrix(int argc, char *const *argv, struct err *reterr) {
    AUTO(reading_done) struct reading r = { .lang = LANG_EN };
    const struct person *people;
    size_t i;
    json_t *one;
    enum code code = reading_begin(argc, argv, &r, reterr);
    if (code != OK)
        return code;
    json_t *list = json_array();
    size_t n = charter_people(r.charter, &people);
    for (size_t p = 0; p < n; p++) {
        role_cells(r.charter, (int)p, people[p].name, false, list);
        if (comes_by_link(r.charter, (int)p))
            role_cells(r.charter, (int)p, people[p].name, true, list);
    }
    if (r.json) {
        print_json(json_pack("{s:s,s:o}", "service", charter_name(r.charter), "cells", list));
        return OK;
    }
    printf("r: reads the field, m: sets it in a new record, c: changes it, where the charter's condition holds (`sejf role list %s`)\n", charter_name(r.charter));
    json_array_foreach(list, i, one)
        print_cell(r.charter, one);
    json_decref(list);
    return OK;
}
