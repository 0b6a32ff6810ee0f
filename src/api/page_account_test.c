/* page_account_test.c — every page of accounts as a whole page, in three languages, with values that try to be markup. */
#include "api/page_account.c"
#include "api/page_check.h"

#define NOW INT64_C(1795341600000000)          /* 2026-11-22T10:00:00Z */
#define EVIL "<b class=\"x\">Anna & 'Zofia'</b>"

static struct zone *zone_here(void) {
    struct zone *z = NULL;
    struct err e;
    CHECK_OK(zone_open("Europe/Warsaw", &z, &e), &e);
    return z;
}

static struct account_frame frame_of(int lang, const struct zone *zone) {
    return (struct account_frame){ .lang = (enum lang)lang, .token = "token\"<x>", .csrf = "csrf\"<y>", .zone = zone, .done = TEXTS, .trouble = TEXTS };
}

/* Frames the body, checks the page, and that nothing foreign became markup. */
static void whole(const char *name, int lang, struct buf *body) {
    AUTO(buf_done) struct buf html = BUF(1u << 20);
    char called[64];
    snprintf(called, sizeof called, "account-%s-%s", name, lang_code((enum lang)lang));
    struct page page = { .lang = (enum lang)lang, .speaks = 7, .title = name, .path = "/account", .script = true };
    page_begin(&html, &page);
    buf_text(&html, buf_str(body));
    page_end(&html, &page);
    CHECK(!html.failed && !body->failed);
    check_page(buf_str(&html), lang_code((enum lang)lang), called);
    keep_page(buf_str(&html), called);
    CHECK(strstr(buf_str(&html), "<b class") == NULL && strstr(buf_str(&html), "\"<x>") == NULL && strstr(buf_str(&html), "\"<y>") == NULL);
    CHECK(strstr(buf_str(&html), "<form method=\"get\"") == NULL);
    CHECK_INT(count_of(buf_str(&html), "<form "), count_of(buf_str(&html), "name=\"" ACCOUNT_TOKEN "\""));
    CHECK_INT(count_of(buf_str(&html), "<form "), count_of(buf_str(&html), "method=\"post\" action=\"/account"));
    buf_cut(body, 0);
}

static bool due_there(void *arg UNUSED, const json_t *member) { return json_integer_value(json_object_get(member, "tenant")) >= 3; }

TEST(every_page_of_coming_in) {
    AUTO(zone_free) struct zone *zone = zone_here();
    static const struct provider_button providers[] = { { "Company " EVIL, "/account/with/company", "https://company.example" } };
    for (int l = 0; l < LANG_COUNT; l++) {
        AUTO(buf_done) struct buf b = BUF(1u << 20);
        struct account_frame f = frame_of(l, zone);
        page_sign(&b, &(struct sign_view){ .frame = f, .providers = providers, .provider_count = 1 });
        CHECK(strstr(buf_str(&b), "autocomplete=\"username\"") != NULL && strstr(buf_str(&b), "autocomplete=\"current-password\"") != NULL);
        CHECK(strstr(buf_str(&b), "onpaste") == NULL && strstr(buf_str(&b), "autocomplete=\"off\"") == NULL);
        whole("sign", l, &b);
        f.trouble = TEXT_SIGN_REFUSED;
        page_sign(&b, &(struct sign_view){ .frame = f, .email = EVIL });
        whole("sign-refused", l, &b);
        f.trouble = TEXTS;
        page_second(&b, &(struct second_view){ .frame = f, .totp = true, .codes = true, .passkeys = true });
        CHECK(strstr(buf_str(&b), "autocomplete=\"one-time-code\"") != NULL);
        whole("second", l, &b);
        page_second(&b, &(struct second_view){ .frame = f, .codes = true });
        whole("second-codes", l, &b);
        page_confirm(&b, &(struct confirm_view){ .frame = f, .to = "tokens", .email = EVIL, .password = true, .passkeys = true });
        whole("confirm", l, &b);
        page_change(&b, &f, EVIL, "a mistake " EVIL);
        whole("change", l, &b);
        page_enrol(&b, &f);
        whole("enrol", l, &b);
    }
}

TEST(every_page_of_links_and_of_what_is_shown_once) {
    AUTO(zone_free) struct zone *zone = zone_here();
    json_t *codes = json_pack("[s, s, s, s, s, s, s, s, s, s]", "A7KQ-9MPX-2DFT-V8WY", "B7KQ-9MPX-2DFT-V8WY", "C7KQ-9MPX-2DFT-V8WY", "D7KQ-9MPX-2DFT-V8WY", "E7KQ-9MPX-2DFT-V8WY",
                              "F7KQ-9MPX-2DFT-V8WY", "G7KQ-9MPX-2DFT-V8WY", "H7KQ-9MPX-2DFT-V8WY", "J7KQ-9MPX-2DFT-V8WY", "<K>Q-9MPX-2DFT-V8WY");
    for (int l = 0; l < LANG_COUNT; l++) {
        AUTO(buf_done) struct buf b = BUF(1u << 20);
        const struct account_frame f = frame_of(l, zone);
        struct link_info info = { .name = "Anna Zawilska", .email = "anna@people.example", .tenant_name = "Gdynia " "<Talks>", .until = NOW, .tenant = 3 };
        struct link_page v = { .frame = f, .link = &info, .role = "organiser", .path = LINK_PATH "sejf_AAAA" };
        page_link_accept(&b, &v);
        CHECK(strstr(buf_str(&b), "autocomplete=\"new-password\"") != NULL && strstr(buf_str(&b), "Anna Zawilska") != NULL);
        whole("link", l, &b);
        v.name = EVIL;
        v.password_mistake = "too weak <x>";
        page_link_accept(&b, &v);
        whole("link-mistakes", l, &b);
        for (int how = JOIN_SIGN_IN; how <= JOIN_READY; how++) {
            page_link_join(&b, &v, (enum join)how);
            whole(how == JOIN_READY ? "join-ready" : how == JOIN_OTHER ? "join-other" : "join", l, &b);
        }
        info.reset = true;
        info.tenant_name[0] = 0;
        page_link_accept(&b, &v);
        whole("reset", l, &b);
        page_totp(&b, &f, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"><path d=\"M1 1h7v7H1z\"/></svg>");
        CHECK(strstr(buf_str(&b), "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP<") != NULL);
        whole("totp", l, &b);
        page_totp(&b, &f, NULL, NULL);
        whole("totp-again", l, &b);
        page_codes(&b, &f, codes);
        CHECK_INT(count_of(buf_str(&b), "<li><code>"), 10);
        whole("codes", l, &b);
        page_token(&b, &f, "sejf_<AAAA>");
        whole("token", l, &b);
    }
    json_decref(codes);
}

static const char *role_said(void *arg, const json_t *member) {
    (void)arg;
    return json_string_value(json_object_get(member, "role"));
}

static json_t *sample(const char *text) {
    json_t *j = json_loads(text, 0, NULL);
    CHECK(j != NULL);
    return j;
}

TEST(the_page_of_an_account) {
    AUTO(zone_free) struct zone *zone = zone_here();
    json_t *members = sample("[{\"tenant\": 0, \"service\": \"\", \"role\": \"support\", \"suspended\": false}, {\"tenant\": 3, \"tenant_name\": \"Gdynia <b class>\", "
                             "\"service\": \"events\", \"role\": \"organiser\", \"suspended\": true}, {\"tenant\": 5, \"tenant_name\": \"Hel <b class>\", "
                             "\"service\": \"events\", \"role\": \"organiser\", \"suspended\": false}]");
    json_t *sessions = sample("[{\"number\": 4, \"agent\": \"Firefox on Linux\", \"made\": \"2026-11-22T09:00:00Z\", \"used\": \"2026-11-22T09:30:00Z\", \"own\": true}, "
                              "{\"number\": 5, \"agent\": \"\", \"made\": \"2026-11-20T09:00:00Z\", \"used\": \"2026-11-21T09:30:00Z\", \"own\": false}]");
    json_t *passkeys = sample("[{\"id\": \"AQID\", \"name\": \"my <b class> phone\", \"made\": \"2026-11-20T09:00:00Z\", \"used\": null, \"backed_up\": true}]");
    json_t *tokens = sample("[{\"number\": 9, \"tenant\": 3, \"name\": \"nightly copy\", \"expires\": \"2027-11-20T09:00:00Z\", \"used\": \"2026-11-21T09:30:00Z\"}]");
    struct person_of who = { .name = "Anna Zawilska", .email = "anna.zawilska@people.example", .lang = LANG_PL, .password = NOW, .totp = true, .codes = 7 };
    const struct link_info link = { .tenant_name = "Sopot " EVIL };
    for (int l = 0; l < LANG_COUNT; l++) {
        AUTO(buf_done) struct buf b = BUF(1u << 20);
        struct account_view v = { .frame = frame_of(l, zone), .who = &who, .due = due_there, .members = members, .sessions = sessions, .passkeys = passkeys, .tokens = tokens, .role = role_said,
                                  .invited = &link, .invited_role = "organiser", .mistake_at = "password", .mistake = "too short " EVIL };
        v.frame.done = TEXT_ACCOUNT_SAVED;
        page_own(&b, &v);
        CHECK(strstr(buf_str(&b), "Firefox on Linux") != NULL && strstr(buf_str(&b), "nightly copy") != NULL);
        CHECK(strstr(buf_str(&b), "href=\"/account/due/5?lang=") != NULL && count_of(buf_str(&b), "/account/due/") == 1);
        CHECK_INT(count_of(buf_str(&b), "action=\"/account/sessions?"), 2);       /* the other one, and all others */
        whole("own", l, &b);
        CHECK(strstr(buf_str(&b), "providers") == NULL);
        const struct person_of nobody = { .name = "", .email = "new@people.example" };
        page_own(&b, &(struct account_view){ .frame = frame_of(l, zone), .who = &nobody, .role = role_said });
        CHECK(strstr(buf_str(&b), "name=\"label\"") == NULL);                     /* a token belongs to a tenant */
        whole("own-empty", l, &b);
        static const struct provider_button providers[] = { { "Company " EVIL, "/account/with/company", "https://company.example" }, { "Other", "/account/with/other", "https://other.example" } };
        struct person_of linked = nobody;
        page_own(&b, &(struct account_view){ .frame = frame_of(l, zone), .who = &linked, .role = role_said, .providers = providers, .provider_count = 2 });
        CHECK(strstr(buf_str(&b), "href=\"/account/with/other?link=1&amp;lang=") != NULL && strstr(buf_str(&b), "/account/part") == NULL);
        whole("own-unlinked", l, &b);
        snprintf(linked.issuer, sizeof linked.issuer, "https://company.example");
        page_own(&b, &(struct account_view){ .frame = frame_of(l, zone), .who = &linked, .role = role_said, .providers = providers, .provider_count = 2 });
        CHECK(strstr(buf_str(&b), "link=1") == NULL && count_of(buf_str(&b), "action=\"/account/part?") == 1);
        whole("own-linked", l, &b);
    }
    json_decref(members);
    json_decref(sessions);
    json_decref(passkeys);
    json_decref(tokens);
}

TEST(how_long_to_wait) {
    static const struct { int64_t seconds; enum lang lang; const char *said; } rows[] = {
        { 1, LANG_PL, "1 sekundę" }, { 22, LANG_PL, "22 sekundy" }, { 90, LANG_EN, "90 seconds" }, { 91, LANG_EN, "2 minutes" }, { 300, LANG_PL, "5 minut" },
        { 0, LANG_EN, "1 second" }, { 7200, LANG_HU, "120 perc" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf b = BUF(64);
        account_wait(&b, rows[i].lang, rows[i].seconds);
        CHECK_TEXT(buf_str(&b), rows[i].said);
    }
}
