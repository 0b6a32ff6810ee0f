/* webhook_test.c — definitions that are read and refused; entries that are sealed, changed and removed. */
#include "messages/webhook.c"

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
