/* page_due_view_test.c — the page of what will be erased as a whole page, in three languages, with values that try to be markup. */
#include "api/page_due_view.c"
#include "api/page_check.h"
#include "charter/load.h"

#define EVIL "<b class=\"x\">Anna & 'Zofia'</b>"

static struct charter *events(void) {
    const char *source = getenv("SEJF_SOURCE");
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf path = BUF(4096);
    struct charter *c = NULL;
    struct err e;
    buf_printf(&path, "%s/charters/events.yaml", source != NULL ? source : ".");
    CHECK_OK(charter_load(buf_str(&path), f, &c, &e), &e);
    return c;
}

static json_t *notice_of(int number, const char *state, const char *letter) {
    json_t *n = json_pack("{s:i, s:s, s:s, s:s, s:i, s:[{s:s, s:s, s:i, s:{s:s, s:s, s:s, s:s}}, {s:s, s:i, s:b}], s:[{s:s, s:s, s:i}]}", "number", number, "state", state, "role", "organiser",
                          "day", "2026-11-22", "records", 5, "groups", "kind", "registration", "due", "2026-12-04", "records", 5, "parent", "kind", "event", "id", "1", "title", "Ball " EVIL,
                          "number", "E/7 " EVIL, "kind", "registration", "records", 2, "more", 1, "letters", "state", letter, "said", "550 no " EVIL, "tries", 1);
    CHECK(n != NULL);
    return n;
}

static void whole(const char *name, int lang, struct buf *body) {
    AUTO(buf_done) struct buf html = BUF(1u << 20);
    char called[64];
    snprintf(called, sizeof called, "due-%s-%s", name, lang_code((enum lang)lang));
    struct page page = { .lang = (enum lang)lang, .speaks = 7, .title = name, .path = "/account/due/7", .script = true };
    page_begin(&html, &page);
    buf_text(&html, buf_str(body));
    page_end(&html, &page);
    CHECK(!html.failed && !body->failed);
    check_page(buf_str(&html), lang_code((enum lang)lang), called);
    keep_page(buf_str(&html), called);
    CHECK(strstr(buf_str(&html), "<b class") == NULL && strstr(buf_str(&html), "\"<x>") == NULL);
    CHECK_INT(count_of(buf_str(&html), "<form "), count_of(buf_str(&html), "name=\"" ACCOUNT_TOKEN "\""));
    CHECK_INT(count_of(buf_str(&html), "<form "), count_of(buf_str(&html), "method=\"post\" action=\"/account/due/7/"));
}

TEST(each_state_says_what_it_is_and_what_can_be_done) {
    static const struct { const char *state, *letter; int forms; bool said; } rows[] = {
        { "waiting", "waiting", 5, false }, { "tried", "unknown", 5, false }, { "delivered", "sent", 4, false }, { "bounced", "bounced", 5, true }, { "over", "over", 2, false },
    };
    AUTO(charter_free) struct charter *c = events();
    AUTO(zone_free) struct zone *zone = NULL;
    struct err e;
    CHECK_OK(zone_open("Europe/Warsaw", &zone, &e), &e);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf body = BUF(1u << 20);
            json_t *notices = json_pack("[o]", notice_of(3, rows[i].state, rows[i].letter));
            json_t *holds = json_pack("{s:[{s:i, s:s, s:s, s:s, s:s}, {s:i, s:s, s:s, s:n, s:s}], s:i}", "items", "number", 4, "kind", "registration", "state", "holds", "until", "2031-12-31T23:00:00Z",
                                      "why", "Lawsuit " EVIL, "number", 3, "kind", "invoice", "state", "lifted", "until", "why", "over", "next", 3);
            json_t *certificates = json_pack("[{s:i, s:s}]", "number", 5, "made", "2026-11-22T02:00:00Z");
            page_due(&body, &(struct due_view){ .frame = { .lang = (enum lang)l, .token = "token\"<x>", .csrf = "", .zone = zone, .done = TEXTS, .trouble = TEXTS }, .charter = c, .tenant = 7,
                                                .tenant_name = "Gdynia " EVIL, .notices = notices, .holds = holds, .certificates = certificates, .limited = i == 1, .said = i == 0 ? "done " EVIL : NULL });
            CHECK_INT(count_of(buf_str(&body), "<form "), rows[i].forms);
            CHECK((strstr(buf_str(&body), "550 no ") != NULL) == rows[i].said);
            CHECK_INT(count_of(buf_str(&body), "name=\"why\""), (i == 1) + (i != 4));      /* of a copy that is asked for with a reason, and of a hold */
            CHECK(strstr(buf_str(&body), "Lawsuit ") != NULL && strstr(buf_str(&body), "over<") == NULL && strstr(buf_str(&body), "(null)") == NULL);
            CHECK(strstr(buf_str(&body), l == 0 ? "until 31 December 2031: " : l == 1 ? "do 31 grudnia 2031: " : "2031. december 31., ") != NULL);
            CHECK_INT(count_of(buf_str(&body), "/v1/tenants/7/certificates/5"), 2);
            CHECK((strstr(buf_str(&body), "Ball ") != NULL) == (strcmp(rows[i].state, "over") != 0));
            CHECK((strstr(buf_str(&body), text_in(TEXT_DUE_NONE, (enum lang)l)) != NULL) == (strcmp(rows[i].state, "over") == 0));
            whole(rows[i].state, l, &body);
            json_decref(notices);
            json_decref(holds);
            json_decref(certificates);
        }
}
