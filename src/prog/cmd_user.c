/* cmd_user.c — accounts, their memberships and sessions: each command is one call. Names and addresses come by standard input unless
 * they are given as words, which are wiped. Links go to standard output and nowhere else. */
#include <stdio.h>
#include <string.h>

#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

#define SEEN "sejf tenant list"

struct user_ask {
    struct asking how;
    const char *email, *name, *role, *lang, *levels;
    struct option_list level, self;
    int64_t tenant, limit, session;
    bool operator_staff, end;
    struct plain_words words;
};

static enum code read_user(int argc, char *const *argv, size_t least, size_t most, struct user_ask *a, struct err *reterr) {
    *a = (struct user_ask){ .tenant = -1, .limit = -1, .session = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json },
        { "tenant", OPTION_NUMBER, &a->tenant }, { "email", OPTION_TEXT, &a->email }, { "name", OPTION_TEXT, &a->name }, { "role", OPTION_TEXT, &a->role },
        { "lang", OPTION_TEXT, &a->lang }, { "levels", OPTION_TEXT, &a->levels }, { "level", OPTION_LIST, &a->level }, { "self", OPTION_LIST, &a->self },
        { "operator", OPTION_FLAG, &a->operator_staff }, { "end", OPTION_FLAG, &a->end }, { "session", OPTION_NUMBER, &a->session },
        { "limit", OPTION_NUMBER, &a->limit },
    };
    return options_read(argc, argv, options, ARRAY_LEN(options), least, most, &a->words, reterr);
}

/* "event/0193…=read" into {"event/0193…": "read"}. */
static enum code add_levels(const struct user_ask *a, json_t *in, struct err *reterr) {
    json_t *levels = a->levels == NULL ? json_object() : json_loads(a->levels, JSON_REJECT_DUPLICATES, NULL);
    enum code code = json_is_object(levels) ? OK : err_set(reterr, E_USAGE, "--levels takes a JSON object such as {\"all\": \"read\", \"event/0193…\": \"write\"}");
    for (size_t i = 0; code == OK && i < a->level.count; i++) {
        const char *item = a->level.items[i], *equals = strrchr(item, '=');
        if (equals == NULL || equals == item)
            code = err_set(reterr, E_USAGE, "--level takes KIND/ID=none, read or write, or all=…; not \"%s\"", item);
        else if (json_object_setn_new(levels, item, (size_t)(equals - item), json_string(equals + 1)) != 0)
            code = err_set(reterr, E_USAGE, "--level \"%s\" is not UTF-8", item);
    }
    if (code == OK && json_object_size(levels) > 0)
        json_object_set(in, "levels", levels);
    json_decref(levels);
    return code;
}

static void add_self(const struct user_ask *a, json_t *in) {
    json_t *own = json_array();
    for (size_t i = 0; i < a->self.count; i++)
        json_array_append_new(own, json_string(a->self.items[i]));
    if (a->self.count > 0)
        json_object_set(in, "own", own);
    json_decref(own);
}

/* The address first, the name behind it: so they stand on standard input, too. */
static enum code add_person(const struct user_ask *a, json_t *in, struct err *reterr) {
    AUTO(buf_wipe) struct buf email = BUF(1), name = BUF(1);
    enum code code = ask_personal(a->email, "E-mail address", &email, reterr);
    if (code == OK && a->name != NULL)
        code = ask_personal(a->name, "Name", &name, reterr);
    if (code != OK)
        return code;
    ask_put(in, "email", buf_str(&email));
    ask_put(in, "name", name.len > 0 ? buf_str(&name) : NULL);
    ask_put(in, "lang", a->lang);
    return OK;
}

/* Whom the command is about: word `at` of it. */
static enum code add_who(const struct user_ask *a, size_t at, json_t *in, struct err *reterr) {
    AUTO(buf_wipe) struct buf who = BUF(1);
    enum code code = ask_personal(a->words.count > at ? a->words.at[at] : NULL, "E-mail address or id of the account", &who, reterr);
    if (code == OK)
        ask_put(in, "who", buf_str(&who));
    return code;
}

/* The link is printed once and is stored nowhere. */
static enum code say_link(const struct user_ask *a, json_t *in, struct err *reterr) {
    json_t *r = NULL;
    enum code code = ask_call(&a->how, in, NULL, &r, reterr);
    if (code == OK && a->how.json)
        printf("{\"account\":\"%s\",\"link\":\"%s\"}\n", ask_text(r, "account"), ask_text(r, "link"));
    else if (code == OK)
        printf("%s\n", ask_text(r, "link"));
    json_decref(r);
    return code;
}

static enum code drop(json_t *in, enum code code) {
    json_decref(in);
    return code;
}

enum code cmd_user_new(int argc, char *const *argv, struct err *reterr) {
    struct user_ask a;
    enum code code = read_user(argc, argv, 0, 0, &a, reterr);
    if (code == OK && !a.operator_staff)
        return err_set(reterr, E_USAGE, "--operator says that the person is of the operator's staff; people of a tenant come by `sejf user invite`");
    if (code != OK)
        return code;
    json_t *in = ask_request("user_new", NULL, -1);
    ask_put(in, "role", a.role);
    code = add_person(&a, in, reterr);
    return code != OK ? drop(in, code) : say_link(&a, in, reterr);
}

static enum code wants_tenant(const struct user_ask *a, struct err *reterr) {
    return a->tenant > 0 ? OK : err_set(reterr, E_USAGE, "--tenant says whose; `" SEEN "` shows their numbers");
}

enum code cmd_user_invite(int argc, char *const *argv, struct err *reterr) {
    struct user_ask a;
    enum code code = read_user(argc, argv, 1, 1, &a, reterr);
    if (code == OK)
        code = wants_tenant(&a, reterr);
    if (code == OK && a.role == NULL)
        return err_set(reterr, E_USAGE, "--role says as whom; `sejf role list %s` shows the people of its charter", a.words.at[0]);
    if (code != OK)
        return code;
    json_t *in = ask_request("user_invite", a.words.at[0], a.tenant);
    ask_put(in, "role", a.role);
    add_self(&a, in);
    code = add_levels(&a, in, reterr);
    if (code == OK)
        code = add_person(&a, in, reterr);
    return code != OK ? drop(in, code) : say_link(&a, in, reterr);
}

enum code cmd_user_reset(int argc, char *const *argv, struct err *reterr) {
    struct user_ask a;
    enum code code = read_user(argc, argv, 0, 1, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("user_reset", NULL, -1);
    code = add_who(&a, 0, in, reterr);
    return code != OK ? drop(in, code) : say_link(&a, in, reterr);
}

/* ---- looking */

static void print_levels(const json_t *levels) {
    const char *of;
    json_t *level;
    json_object_foreach((json_t *)(uintptr_t)levels, of, level)
        printf(" %s=%s", of, json_string_value(level) ?: "");
}

static void show_member(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL), *own;
    size_t i;
    if (o == NULL)
        return;
    printf("%s  ", ask_text(o, "account"));
    ask_column(ask_text(o, "role"), 16);
    ask_column(ask_text(o, "state"), 9);
    printf("%s  %s <%s>", json_is_true(json_object_get(o, "second")) ? "two steps" : "one step ", ask_text(o, "name"), ask_text(o, "email"));
    print_levels(json_object_get(o, "levels"));
    json_array_foreach(json_object_get(o, "own"), i, own)
        printf(" self=%s", json_string_value(own) ?: "");
    putchar('\n');
    json_decref(o);
}

static enum code ask_tenant(int argc, char *const *argv, const char *verb, line_fn show, struct err *reterr) {
    struct user_ask a;
    enum code code = read_user(argc, argv, 0, 0, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request(verb, NULL, a.tenant < 0 ? 0 : a.tenant);
    if (a.limit > 0)
        json_object_set_new(in, "limit", json_integer(a.limit));
    return ask_done(&a.how, in, show, reterr);
}

enum code cmd_user_list(int argc, char *const *argv, struct err *reterr) { return ask_tenant(argc, argv, "user_list", show_member, reterr); }

static void show_step(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    if (o == NULL)
        return;
    printf("%s  ", ask_text(o, "at"));
    ask_column(ask_text(o, "do"), 18);
    printf("%s  %s%sby %s\n", ask_text(o, "account"), ask_text(o, "role"), ask_text(o, "role")[0] == 0 ? "" : "  ", ask_text(o, "by"));
    json_decref(o);
}

enum code cmd_user_history(int argc, char *const *argv, struct err *reterr) { return ask_tenant(argc, argv, "user_history", show_step, reterr); }

static void print_person(json_t *r) {
    size_t i;
    json_t *m;
    printf("%s  %s <%s>, %s\n", ask_text(r, "account"), ask_text(r, "name"), ask_text(r, "email"), ask_text(r, "state"));
    printf("  since %s, last here %s, password of %s\n", ask_text(r, "made"), json_is_string(json_object_get(r, "used")) ? ask_text(r, "used") : "never",
           json_is_string(json_object_get(r, "password")) ? ask_text(r, "password") : "never");
    printf("  second step: %s, %lld passkeys, %lld recovery codes; %lld sessions\n", json_is_true(json_object_get(r, "totp")) ? "codes" : "no codes",
           (long long)json_integer_value(json_object_get(r, "passkeys")), (long long)json_integer_value(json_object_get(r, "codes")),
           (long long)json_integer_value(json_object_get(r, "sessions")));
    json_array_foreach(json_object_get(r, "members"), i, m) {
        long long tenant = (long long)json_integer_value(json_object_get(m, "tenant"));
        if (tenant == 0)
            printf("  the operator's staff: %s", ask_text(m, "role"));
        else
            printf("  tenant %lld (%s, %s): %s", tenant, ask_text(m, "service"), ask_text(m, "tenant_name"), ask_text(m, "role"));
        print_levels(json_object_get(m, "levels"));
        puts(json_is_true(json_object_get(m, "suspended")) || json_is_string(json_object_get(m, "suspended")) ? " (suspended)" : "");
    }
}

enum code cmd_user_show(int argc, char *const *argv, struct err *reterr) {
    struct user_ask a;
    json_t *r = NULL;
    enum code code = read_user(argc, argv, 0, 1, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("user_show", NULL, -1);
    code = add_who(&a, 0, in, reterr);
    code = code != OK ? drop(in, code) : ask_call(&a.how, in, NULL, &r, reterr);
    if (code == OK && a.how.json)
        ask_print(r);
    else if (code == OK)
        print_person(r);
    json_decref(r);
    return code;
}

static void show_session(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL), *factor;
    size_t i;
    if (o == NULL)
        return;
    printf("%6lld  since %s  last %s  %s ", (long long)json_integer_value(json_object_get(o, "number")), ask_text(o, "made"), ask_text(o, "used"), ask_text(o, "agent"));
    json_array_foreach(json_object_get(o, "factors"), i, factor)
        printf("%s%s", i == 0 ? "(" : ", ", json_string_value(factor) ?: "");
    puts(json_array_size(json_object_get(o, "factors")) > 0 ? ")" : "");
    json_decref(o);
}

enum code cmd_user_sessions(int argc, char *const *argv, struct err *reterr) {
    struct user_ask a;
    enum code code = read_user(argc, argv, 0, 1, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("user_sessions", NULL, -1);
    code = add_who(&a, 0, in, reterr);
    if (a.end || a.session > 0)
        json_object_set_new(in, "end", json_true());
    if (a.session > 0)
        json_object_set_new(in, "session", json_integer(a.session));
    return code != OK ? drop(in, code) : ask_done(&a.how, in, show_session, reterr);
}

/* ---- changing */

static enum code change(int argc, char *const *argv, const char *verb, bool on, struct err *reterr) {
    struct user_ask a;
    enum code code = read_user(argc, argv, 0, 1, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request(verb, NULL, a.tenant);
    json_object_set_new(in, "on", json_boolean(on));
    code = add_who(&a, 0, in, reterr);
    return code != OK ? drop(in, code) : ask_done(&a.how, in, NULL, reterr);
}

enum code cmd_user_suspend(int argc, char *const *argv, struct err *reterr) { return change(argc, argv, "user_suspend", true, reterr); }
enum code cmd_user_resume(int argc, char *const *argv, struct err *reterr) { return change(argc, argv, "user_suspend", false, reterr); }
enum code cmd_user_remove(int argc, char *const *argv, struct err *reterr) { return change(argc, argv, "user_remove", true, reterr); }

enum code cmd_role_give(int argc, char *const *argv, struct err *reterr) {
    struct user_ask a;
    enum code code = read_user(argc, argv, 1, 2, &a, reterr);
    if (code == OK)
        code = wants_tenant(&a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("role_give", a.words.at[0], a.tenant);
    ask_put(in, "role", a.role);
    add_self(&a, in);
    code = add_levels(&a, in, reterr);
    if (code == OK && a.role == NULL && json_object_size(in) <= 3)
        code = err_set(reterr, E_USAGE, "--role, --level or --self says what changes");
    if (code == OK)
        code = add_who(&a, 1, in, reterr);
    return code != OK ? drop(in, code) : ask_done(&a.how, in, NULL, reterr);
}
