/* cmd_people.c — tenants and tokens: each command is one call, and one way to print its answer. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "prog/ask.h"
#include "prog/commands.h"
#include "prog/options.h"

struct ask {                                 /* what these commands take */
    struct asking how;
    const char *role, *label, *expires, *scope, *self, *owner, *owner_name, *lang, *agreement;
    int64_t tenant;
    bool loopback;
    struct plain_words words;
};

static enum code read_ask(int argc, char *const *argv, size_t least, size_t most, struct ask *a, struct err *reterr) {
    *a = (struct ask){ .tenant = -1 };
    const struct option options[] = {
        { "data", OPTION_TEXT, &a->how.data }, { "config", OPTION_TEXT, &a->how.config }, { "json", OPTION_FLAG, &a->how.json }, { "tenant", OPTION_NUMBER, &a->tenant },
        { "role", OPTION_TEXT, &a->role }, { "label", OPTION_TEXT, &a->label }, { "expires", OPTION_TEXT, &a->expires },
        { "scope", OPTION_TEXT, &a->scope }, { "self", OPTION_TEXT, &a->self }, { "loopback", OPTION_FLAG, &a->loopback },
        { "owner", OPTION_TEXT, &a->owner }, { "owner-name", OPTION_TEXT, &a->owner_name }, { "lang", OPTION_TEXT, &a->lang },
        { "agreement", OPTION_TEXT, &a->agreement },
    };
    return options_read(argc, argv, options, ARRAY_LEN(options), least, most, &a->words, reterr);
}

/* ---- tenants */

static void show_tenant(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    const char *closed = json_string_value(json_object_get(o, "closed"));
    if (o != NULL)
        printf("%6lld  %-10s %-24s %-12s %s%s\n", (long long)json_integer_value(json_object_get(o, "tenant")), json_string_value(json_object_get(o, "service")) ?: "",
               json_string_value(json_object_get(o, "made")) ?: "", ask_text(o, "agreement"), json_string_value(json_object_get(o, "name")) ?: "", closed == NULL ? "" : " (closed)");
    json_decref(o);
}

/* The owner's address first, the name behind it. */
static enum code add_owner(const struct ask *a, json_t *in, struct err *reterr) {
    AUTO(buf_wipe) struct buf owner = BUF(1), name = BUF(1);
    enum code code = a->owner == NULL ? OK : ask_personal(a->owner, "E-mail address of the owner", &owner, reterr);
    if (code == OK && a->owner_name != NULL)
        code = ask_personal(a->owner_name, "Name of the owner", &name, reterr);
    if (code != OK)
        return code;
    ask_put(in, "owner", owner.len > 0 ? buf_str(&owner) : NULL);
    ask_put(in, "owner_name", name.len > 0 ? buf_str(&name) : NULL);
    ask_put(in, "lang", a->lang);
    return OK;
}

enum code cmd_tenant_new(int argc, char *const *argv, struct err *reterr) {
    struct ask a;
    json_t *r = NULL;
    enum code code = read_ask(argc, argv, 2, 2, &a, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("tenant_new", a.words.at[0], -1);
    ask_put(in, "name", a.words.at[1]);
    ask_put(in, "agreement", a.agreement);
    if ((code = add_owner(&a, in, reterr)) != OK) {
        json_decref(in);
        return code;
    }
    if ((code = ask_call(&a.how, in, NULL, &r, reterr)) != OK)
        return code;
    if (a.how.json) {
        ask_print(r);
    } else {
        printf("tenant %lld\n", (long long)json_integer_value(json_object_get(r, "tenant")));
        if (json_object_get(r, "link") != NULL)
            printf("%s\n", ask_text(r, "link"));
    }
    json_decref(r);
    return OK;
}

enum code cmd_tenant_list(int argc, char *const *argv, struct err *reterr) {
    struct ask a;
    json_t *r = NULL;
    enum code code = read_ask(argc, argv, 0, 1, &a, reterr);
    if (code == OK)
        code = ask_call(&a.how, ask_request("tenant_list", a.words.count > 0 ? a.words.at[0] : NULL, -1), show_tenant, &r, reterr);
    json_decref(r);
    return code;
}

static void print_tenant(json_t *r) {
    const char *role;
    json_t *count;
    printf("tenant %lld of %s: %s\n  made %s%s%s\n  people:", (long long)json_integer_value(json_object_get(r, "tenant")), ask_text(r, "service"), ask_text(r, "name"), ask_text(r, "made"),
           ask_text(r, "closed")[0] == 0 ? "" : ", closed ", ask_text(r, "closed"));
    json_object_foreach(json_object_get(r, "people"), role, count)
        printf(" %lld %s,", (long long)json_integer_value(count), role);
    printf(" %lld of them invited only, %lld suspended\n", (long long)json_integer_value(json_object_get(r, "invited")), (long long)json_integer_value(json_object_get(r, "suspended")));
    ask_agreement(json_object_get(r, "agreement"));
}

enum code cmd_tenant_show(int argc, char *const *argv, struct err *reterr) {
    struct ask a;
    int64_t tenant;
    json_t *r = NULL;
    enum code code = read_ask(argc, argv, 1, 1, &a, reterr);
    if (code == OK)
        code = ask_number(a.words.at[0], "sejf tenant list", &tenant, reterr);
    if (code == OK)
        code = ask_call(&a.how, ask_request("tenant_show", NULL, tenant), NULL, &r, reterr);
    if (code == OK && a.how.json)
        ask_print(r);
    else if (code == OK)
        print_tenant(r);
    json_decref(r);
    return code;
}

enum code cmd_tenant_close(int argc, char *const *argv, struct err *reterr) {
    struct asking how = { NULL, NULL, false };
    const char *on = NULL;
    bool now = false, back = false, show = false;
    int64_t tenant;
    struct plain_words words;
    json_t *r = NULL;
    const struct option options[] = {
        { "data", OPTION_TEXT, &how.data }, { "config", OPTION_TEXT, &how.config }, { "json", OPTION_FLAG, &how.json }, { "now", OPTION_FLAG, &now },
        { "on", OPTION_TEXT, &on }, { "back", OPTION_FLAG, &back }, { "show", OPTION_FLAG, &show },
    };
    enum code code = options_read(argc, argv, options, ARRAY_LEN(options), 2, 2, &words, reterr);
    if (code == OK && now + back + show + (on != NULL) > 1)
        return err_set(reterr, E_USAGE, "one of --now, --on, --back and --show");
    if (code == OK)
        code = ask_number(words.at[1], "sejf tenant list", &tenant, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("tenant_close", words.at[0], tenant);
    ask_put(in, "on", on);
    json_object_set_new(in, "now", json_boolean(now));
    json_object_set_new(in, "back", json_boolean(back));
    json_object_set_new(in, "show", json_boolean(show));
    code = ask_call(&how, in, NULL, &r, reterr);
    const json_t *told = json_object_get(r, "closing");
    if (code == OK && how.json)
        ask_print(json_object_get(r, "closing"));
    else if (code == OK)
        printf("%s%s%s%s\n", ask_text(told, "state"), ask_text(told, "goes")[0] == 0 ? "" : ", goes on ", ask_text(told, "goes"),
               json_integer_value(json_object_get(told, "holds")) > 0 ? "; holds stand, and are to be lifted before" : "");
    json_decref(r);
    return code;
}

/* ---- tokens */

static enum code wants_tenant(const struct ask *a, struct err *reterr) {
    return a->tenant > 0 ? OK : err_set(reterr, E_USAGE, "--tenant says whose; `sejf tenant list` shows their numbers");
}

enum code cmd_token_new(int argc, char *const *argv, struct err *reterr) {
    struct ask a;
    json_t *r = NULL, *scope = NULL;
    enum code code = read_ask(argc, argv, 1, 1, &a, reterr);
    if (code == OK)
        code = wants_tenant(&a, reterr);
    if (code == OK && a.role == NULL)
        return err_set(reterr, E_USAGE, "--role says which person of the charter (under people) the bearer is");
    if (code == OK && a.scope != NULL && (scope = json_loads(a.scope, JSON_REJECT_DUPLICATES, NULL)) == NULL)
        return err_set(reterr, E_USAGE, "--scope takes a JSON object such as {\"kinds\": [\"event\"], \"verbs\": [\"read\"]}");
    if (code != OK)
        return code;
    json_t *in = ask_request("token_new", a.words.at[0], a.tenant);
    ask_put(in, "role", a.role);
    ask_put(in, "label", a.label);
    ask_put(in, "expires", a.expires);
    ask_put(in, "self", a.self);
    if (scope != NULL)
        json_object_set_new(in, "scope", scope);
    if (a.loopback)
        json_object_set_new(in, "loopback", json_true());
    if ((code = ask_call(&a.how, in, NULL, &r, reterr)) != OK)
        return code;
    const char *token = json_string_value(json_object_get(r, "token"));
    if (a.how.json)
        printf("{\"token\":\"%s\",\"number\":%lld}\n", token ?: "", (long long)json_integer_value(json_object_get(r, "number")));
    else
        printf("%s\n", token ?: "");
    json_decref(r);
    return OK;
}

static void show_token(const char *line, size_t len, void *arg) {
    (void)arg;
    json_t *o = json_loadb(line, len, 0, NULL);
    bool revoked = json_is_string(json_object_get(o, "revoked"));
    if (o != NULL)
        printf("%6lld  %-14s until %-21s %s%s%s\n", (long long)json_integer_value(json_object_get(o, "number")), json_string_value(json_object_get(o, "role")) ?: "",
               json_string_value(json_object_get(o, "expires")) ?: "revoked", json_string_value(json_object_get(o, "label")) ?: "",
               json_is_true(json_object_get(o, "loopback")) ? " (this machine only)" : "", revoked ? " (revoked)" : "");
    json_decref(o);
}

enum code cmd_token_list(int argc, char *const *argv, struct err *reterr) {
    struct ask a;
    json_t *r = NULL;
    enum code code = read_ask(argc, argv, 1, 1, &a, reterr);
    if (code == OK)
        code = wants_tenant(&a, reterr);
    if (code == OK)
        code = ask_call(&a.how, ask_request("token_list", a.words.at[0], a.tenant), show_token, &r, reterr);
    json_decref(r);
    return code;
}

enum code cmd_token_revoke(int argc, char *const *argv, struct err *reterr) {
    struct ask a;
    int64_t number;
    json_t *r = NULL;
    enum code code = read_ask(argc, argv, 2, 2, &a, reterr);
    if (code == OK)
        code = wants_tenant(&a, reterr);
    if (code == OK)
        code = ask_number(a.words.at[1], "sejf tenant list", &number, reterr);
    if (code != OK)
        return code;
    json_t *in = ask_request("token_revoke", a.words.at[0], a.tenant);
    json_object_set_new(in, "number", json_integer(number));
    code = ask_call(&a.how, in, NULL, &r, reterr);
    json_decref(r);
    return code;
}
