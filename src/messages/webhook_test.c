/* webhook_test.c — definitions that are read and refused; entries that are sealed, changed and removed. */
#include "messages/webhook.c"

#include "policy/scope.h"

#include "records/testbed.h"
#include "records/testcharters.h"

static struct bed *start(struct bed *b) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    bed_start(b, buf_str(&text));
    return b;
}

static enum code read_text(struct bed *b, const char *text, bool part, struct webhook_wish *w, json_t **mistakes) {
    json_t *in = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    CHECK(in != NULL);
    enum code code = webhook_read(b->charter, in, part, w, mistakes, &b->e);
    json_decref(in);
    return code;
}

TEST(definitions) {
    static const struct { const char *text; bool part; const char *path; /* of the first mistake; NULL: it is fine */ } rows[] = {
        { "{\"url\": \"https://hooks.example/a\", \"kinds\": [\"event\", \"registration\"]}", false, NULL },
        { "{\"url\": \"https://hooks.example/a\", \"kinds\": [\"event\"], \"label\": \"ERP\", \"purpose\": \"running the event\", \"after\": 0}", false, NULL },
        { "{\"state\": \"paused\"}", true, NULL }, { "{}", true, NULL },
        { "[]", false, "" }, { "1", false, "" }, { "{}", false, "/url" }, { "{\"url\": \"https://hooks.example/a\"}", false, "/kinds" },
        { "{\"url\": \"http://hooks.example/a\", \"kinds\": [\"event\"]}", false, "/url" }, { "{\"url\": 7, \"kinds\": [\"event\"]}", false, "/url" },
        { "{\"url\": \"https://hooks.example/\\u0000a\", \"kinds\": [\"event\"]}", false, "/url" },
        { "{\"url\": \"https://hooks.example/a\", \"kinds\": []}", false, "/kinds" }, { "{\"url\": \"https://hooks.example/a\", \"kinds\": [\"secret\"]}", false, "/kinds" },
        { "{\"url\": \"https://hooks.example/a\", \"kinds\": \"event\"}", false, "/kinds" }, { "{\"url\": \"https://hooks.example/a\", \"kinds\": [\"event\"], \"after\": -1}", false, "/after" },
        { "{\"url\": \"https://hooks.example/a\", \"kinds\": [\"event\"], \"label\": \"\"}", false, "/label" }, { "{\"url\": \"https://hooks.example/a\", \"kinds\": [\"event\"], \"state\": \"on\"}", false, "" },
        { "{\"state\": \"stopped\"}", true, "/state" }, { "{\"after\": 7}", true, "" }, { "{\"purpose\": \"a\\nb\"}", true, "/purpose" },
    };
    struct bed b;
    start(&b);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct webhook_wish w = { .after = 99 };
        json_t *mistakes = NULL;
        enum code code = read_text(&b, rows[i].text, rows[i].part, &w, &mistakes);
        CHECK((code == OK) == (rows[i].path == NULL));
        CHECK(code == OK || w.after == 99);
        if (rows[i].path != NULL)
            CHECK_TEXT(json_string_value(json_object_get(json_array_get(mistakes, 0), "path")), rows[i].path);
        json_decref(mistakes);
    }
    bed_end(&b);
}

static const struct destination places[] = { { .host = "hooks.example", .port = 443, .use = FOR_WEBHOOKS }, { .host = "login.example", .port = 443, .use = FOR_SERVICES } };

static json_t *made(struct bed *b, const struct webhook_maker *m, const char *text, enum code want) {
    json_t *in = json_loads(text, 0, NULL), *ret = NULL, *mistakes = NULL;
    enum code code = webhook_make(m, in, &ret, &mistakes, &b->e);
    if (code != want)
        fprintf(stderr, "%s\n", b->e.text);
    CHECK(code == want);
    json_decref(in);
    json_decref(mistakes);
    return ret;
}

TEST(a_webhook_is_made_changed_and_removed) {
    struct bed b;
    start(&b);
    struct caller who = bed_role(&b, b.tenant, "organiser");
    const struct webhook_places where = { places, ARRAY_LEN(places), false };
    const struct webhook_maker m = { b.service, &who, &where };
    json_t *one = made(&b, &m, "{\"url\": \"https://hooks.example/a\", \"kinds\": [\"event\"]}", OK), *told = NULL, *mistakes = NULL;
    char secret[SECRET_TEXT];
    snprintf(secret, sizeof secret, "%s", json_string_value(json_object_get(one, "secret")));
    CHECK(strlen(secret) == SECRET_TEXT - 2 && json_integer_value(json_object_get(one, "number")) == 1);
    CHECK(made(&b, &m, "{\"url\": \"https://login.example/a\", \"kinds\": [\"event\"]}", E_FIELDS) == NULL);       /* declared, but for another use */
    CHECK(made(&b, &m, "{\"url\": \"https://hooks.example:8443/a\", \"kinds\": [\"event\"]}", E_FIELDS) == NULL);
    CHECK_OK(webhook_told(b.service, b.tenant, 1, &told, &b.e), &b.e);
    CHECK(json_object_get(told, "secret") == NULL && json_object_get(told, "seed") == NULL);
    CHECK_TEXT(json_string_value(json_object_get(told, "state")), "on");
    json_decref(told);
    CHECK(webhook_told(b.service, b.other, 1, &told, &b.e) == E_NOT_FOUND);
    /* a second secret, and the first one beside it */
    CHECK_OK(webhook_secret(&m, 1, &told, &b.e), &b.e);
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    AUTO(hook_done) struct hook h = { .url = NULL };
    CHECK_OK(hook_open(b.service, b.tenant, 1, &h, arena, &b.e), &b.e);
    CHECK(h.secret_count == 2);
    CHECK_TEXT(h.secrets[0], json_string_value(json_object_get(told, "secret")));
    CHECK_TEXT(h.secrets[1], secret);
    json_decref(told);
    json_t *in = json_pack("{s:s}", "state", "paused");
    CHECK_OK(webhook_change(&m, 1, in, &told, &mistakes, &b.e), &b.e);
    CHECK_TEXT(json_string_value(json_object_get(told, "state")), "paused");
    json_decref(told);
    json_decref(in);
    CHECK_OK(webhook_remove(&m, 1, &b.e), &b.e);
    CHECK(webhook_told(b.service, b.tenant, 1, &told, &b.e) == E_NOT_FOUND && webhook_remove(&m, 1, &b.e) == E_NOT_FOUND);
    json_decref(one);
    for (size_t i = 0; i < WEBHOOKS_MOST; i++)
        json_decref(made(&b, &m, "{\"url\": \"https://hooks.example/a\", \"kinds\": [\"event\"]}", OK));
    CHECK(made(&b, &m, "{\"url\": \"https://hooks.example/a\", \"kinds\": [\"event\"]}", E_CONFLICT) == NULL);
    bed_end(&b);
}

/* Where a delivery is told again, its name is the one by which the same address knows it; another one sees other names. */
TEST(names_of_deliveries_stay_with_the_address) {
    static const struct { const char *url; bool same; } rows[] = { { "https://hooks.example/a", true }, { "https://hooks.example/b", false }, { "https://hooks.example/b", true }, { "https://other.example/b", false } };
    static const struct webhook_places any = { NULL, 0, true };
    struct bed b;
    start(&b);
    struct caller who = bed_role(&b, b.tenant, "organiser");
    const struct webhook_maker m = { b.service, &who, &any };
    json_decref(made(&b, &m, "{\"url\": \"https://hooks.example/a\", \"kinds\": [\"event\"]}", OK));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
        AUTO(hook_done) struct hook before = { .url = NULL };
        AUTO(hook_done) struct hook after = { .url = NULL };
        json_t *in = json_pack("{s:s}", "url", rows[i].url), *told = NULL, *mistakes = NULL;
        CHECK_OK(hook_open(b.service, b.tenant, 1, &before, arena, &b.e), &b.e);
        CHECK_OK(webhook_change(&m, 1, in, &told, &mistakes, &b.e), &b.e);
        CHECK_OK(hook_open(b.service, b.tenant, 1, &after, arena, &b.e), &b.e);
        CHECK((memcmp(before.seed, after.seed, sizeof after.seed) == 0) == rows[i].same);
        json_decref(told);
        json_decref(in);
    }
    bed_end(&b);
}

TEST(who_may_not_read_a_kind_is_not_told_of_it) {
    struct bed b;
    start(&b);
    struct caller who = bed_role(&b, b.tenant, "door");
    const struct webhook_places any = { NULL, 0, true };
    const struct webhook_maker m = { b.service, &who, &any };
    CHECK(made(&b, &m, "{\"url\": \"https://anywhere.example/a\", \"kinds\": [\"invoice\"]}", E_FIELDS) == NULL);
    CHECK(made(&b, &m, "{\"url\": \"https://anywhere.example:444/a\", \"kinds\": [\"registration\"]}", E_FIELDS) == NULL);
    bed_end(&b);
}

static struct caller with_scope(const struct caller *boss, const struct bed *b, const char *text, struct arena *arena, struct err *e) {
    struct caller who = *boss;
    struct scope *scope = NULL;
    CHECK_OK(scope_read(text, b->charter, false, arena, &scope, e), e);
    who.scope = scope;
    return who;
}

TEST(a_token_with_a_scope_does_nothing_with_a_webhook_beyond_it) {
    static const struct { const char *scope; enum code looks, writes; size_t listed; } rows[] = {
        { "{\"kinds\": [\"event\"], \"verbs\": [\"read\"]}", E_NOT_FOUND, E_NOT_FOUND, 1 },
        { "{\"kinds\": [\"registration\"], \"verbs\": [\"read\"]}", OK, E_FORBIDDEN, 1 },
        { "{\"kinds\": [\"registration\"], \"verbs\": [\"read\", \"change\"]}", OK, OK, 1 },
    };
    struct bed b;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    start(&b);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    const struct webhook_places any = { NULL, 0, true };
    const struct webhook_maker all = { b.service, &boss, &any };
    json_t *of_events = made(&b, &all, "{\"url\": \"https://hooks.example/e\", \"kinds\": [\"event\"]}", OK), *of_people = made(&b, &all, "{\"url\": \"https://hooks.example/r\", \"kinds\": [\"registration\"]}", OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct caller who = with_scope(&boss, &b, rows[i].scope, arena, &b.e);
        const struct webhook_maker m = { b.service, &who, &any };
        json_t *told = NULL, *mistakes = NULL, *in = json_pack("{s:s}", "state", "paused");
        CHECK_CODE(webhook_within(&m, 2, false, &b.e), rows[i].looks, &b.e);
        CHECK_CODE(webhook_within(&m, 2, true, &b.e), rows[i].writes, &b.e);
        if (rows[i].writes != OK) {
            CHECK_CODE(webhook_secret(&m, 2, &told, &b.e), rows[i].writes, &b.e);
            CHECK_CODE(webhook_remove(&m, 2, &b.e), rows[i].writes, &b.e);
            CHECK_CODE(webhook_change(&m, 2, in, &told, &mistakes, &b.e), rows[i].writes, &b.e);
            CHECK(made(&b, &m, "{\"url\": \"https://hooks.example/x\", \"kinds\": [\"registration\"]}", E_FIELDS) == NULL);
        }
        CHECK_OK(webhooks_told(b.service, b.tenant, &who, &told, &b.e), &b.e);
        CHECK_INT(json_array_size(json_object_get(told, "items")), rows[i].listed);
        json_decref(told);
        json_decref(in);
    }
    json_decref(of_events);
    json_decref(of_people);
    bed_end(&b);
}

TEST(an_account_that_only_reads_does_nothing_with_a_webhook) {
    struct bed b;
    start(&b);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    const struct webhook_places any = { NULL, 0, true };
    const struct webhook_maker all = { b.service, &boss, &any };
    json_t *of_events = made(&b, &all, "{\"url\": \"https://hooks.example/e\", \"kinds\": [\"event\"]}", OK);
    const struct level_of one_event = { charter_kind(b.charter, "event"), uuid_new(), LEVEL_READ };
    const struct { struct levels levels; enum code want; } rows[] = {
        { { .all = LEVEL_READ }, E_FORBIDDEN }, { { .all = LEVEL_WRITE }, OK }, { { LEVEL_WRITE, 1, &one_event }, E_FORBIDDEN },      /* one event that it only reads is enough */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct caller who = boss;
        who.levels = &rows[i].levels;
        const struct webhook_maker m = { b.service, &who, &any };
        json_t *told = NULL, *mistakes = NULL, *in = json_pack("{s:s}", "url", "https://elsewhere.example/e");
        CHECK_OK(webhook_within(&m, 1, false, &b.e), &b.e);
        CHECK_CODE(webhook_within(&m, 1, true, &b.e), rows[i].want, &b.e);
        CHECK_CODE(within(b.service, &who, NULL, true, &b.e), rows[i].want, &b.e);                /* damaged: of no kind that anybody knows */
        CHECK_CODE(webhook_change(&m, 1, in, &told, &mistakes, &b.e), rows[i].want, &b.e);
        json_decref(told);
        CHECK_CODE(webhook_secret(&m, 1, &told, &b.e), rows[i].want, &b.e);
        if (rows[i].want == OK)
            json_decref(told);
        else
            CHECK_CODE(webhook_remove(&m, 1, &b.e), rows[i].want, &b.e);
        json_decref(made(&b, &m, "{\"url\": \"https://hooks.example/x\", \"kinds\": [\"event\"]}", rows[i].want == OK ? OK : E_FIELDS));
        json_decref(in);
    }
    json_decref(of_events);
    bed_end(&b);
}

TEST(a_host_that_is_given_to_one_tenant_is_nobody_elses) {
    static const int64_t theirs[] = { 3, 7 };
    static const struct destination list[] = { { .host = "erp.example", .port = 443, .use = FOR_WEBHOOKS, .private = true, .tenants = theirs, .tenant_count = 2 }, { .host = "all.example", .port = 443, .use = FOR_WEBHOOKS } };
    const struct webhook_places p = { list, 2, true };
    const struct weburl erp = { "erp.example", 443 }, all = { "all.example", 443 }, other = { "other.example", 443 };
    CHECK(webhook_place(&p, &erp, 7) && !webhook_place(&p, &erp, 4));
    CHECK(webhook_place(&p, &all, 4) && webhook_place(&p, &other, 4));
}
