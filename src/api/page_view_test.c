/* page_view_test.c — the public pages of the five charters as whole pages, in three languages, with proofs of every sort. */
#include <stdlib.h>

#include "api/page_html.h"
#include "api/page_check.h"
#include "charter/explain.h"
#include "charter/load.h"
#include "promises/view.h"

static const char *const services[] = { "events", "courier", "mail", "machines", "bookings" };
#define NOW INT64_C(1795341600000000)          /* 2026-11-22T10:00:00Z */

static struct charter *load(const char *name) {
    struct findings *f = findings_new();
    struct charter *c = NULL;
    struct err e;
    AUTO(buf_done) struct buf path = BUF(4096);
    const char *source = getenv("SEJF_SOURCE");
    buf_printf(&path, "%s/charters/%s.yaml", source == NULL ? "." : source, name);
    CHECK_OK(charter_load(buf_str(&path), f, &c, &e), &e);
    findings_free(f);
    return c;
}

/* Every obeyed rule was proved but two: one is broken, one was never tried. */
static size_t make_proofs(struct proof *ret) {
    size_t n = 0;
    for (int r = 0; r < RULE_COUNT; r++)
        if (rule_state((enum rule)r) == OBEYED && r != RULE_tls_floor)
            ret[n++] = (struct proof){ .rule = rule_name((enum rule)r), .kept = r != RULE_due_dates, .at = NOW - USEC_PER_HOUR, .detail = "tried <3 ways> & \"held\"" };
    return n;
}

static bool said(const struct charter *c, const struct line *line, enum lang lang, struct buf *ret) {
    explain_line(c, line, lang, ret);
    return ret->len > 0;
}

TEST(every_public_page_in_three_languages) {
    static struct proof proofs[RULE_COUNT];
    size_t proof_count = make_proofs(proofs);
    for (size_t s = 0; s < ARRAY_LEN(services); s++) {
        AUTO(charter_free) struct charter *c = load(services[s]);
        AUTO(promises_free) struct promises *p = NULL;
        struct err e;
        CHECK_OK(promises_list(c, proofs, proof_count, "2026-11-22", &p, &e), &e);
        for (int l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf html = BUF(8u << 20);
            char name[64];
            snprintf(name, sizeof name, "page-%s-%s", services[s], lang_code((enum lang)l));
            struct page page = { .lang = (enum lang)l, .speaks = 7, .title = charter_title(c)->in[l], .path = "/s/x", .operator = charter_operator(c), .wide = true };
            page_begin(&html, &page);
            view_html(&(struct view_page){ .charter = c, .promises = p, .lang = (enum lang)l, .now = NOW, .sentence = said }, &html);
            page_end(&html, &page);
            CHECK(!html.failed);
            check_page(buf_str(&html), lang_code((enum lang)l), name);
            keep_page(buf_str(&html), name);
            CHECK(strstr(buf_str(&html), "<3 ways>") == NULL && strstr(buf_str(&html), charter_contact(c)) != NULL);
            for (int st = 0; st < PROMISE_STATES; st++)
                if (promises_count(p, (enum promise_state)st) > 0)
                    CHECK(strstr(buf_str(&html), promise_state_word((enum promise_state)st, (enum lang)l)) != NULL);
        }
    }
}

/* Each state by itself: its lines and no others, its number marked, and a way back. */
TEST(shows_the_lines_of_one_state) {
    static struct proof proofs[RULE_COUNT];
    AUTO(charter_free) struct charter *c = load("bookings");
    AUTO(promises_free) struct promises *p = NULL;
    struct err e;
    CHECK_OK(promises_list(c, proofs, make_proofs(proofs), "2026-11-22", &p, &e), &e);
    for (int s = 0; s < PROMISE_STATES; s++) {
        AUTO(buf_done) struct buf html = BUF(8u << 20);
        enum promise_state show;
        char class[64], current[64];
        CHECK(view_state_parse(view_state_name((enum promise_state)s), &show) && (int)show == s);
        struct page page = { .lang = LANG_HU, .speaks = 7, .title = "x", .path = "/s/bookings", .query = "&show=x", .wide = true };
        page_begin(&html, &page);
        view_html(&(struct view_page){ .charter = c, .promises = p, .lang = LANG_HU, .now = NOW, .sentence = said, .show = &show }, &html);
        page_end(&html, &page);
        check_page(buf_str(&html), "hu", "page-filtered");
        size_t n = promises_count(p, show);
        snprintf(class, sizeof class, "class=\"promise is-%s\"", view_state_name(show));
        snprintf(current, sizeof current, "show=%s\" aria-current", view_state_name(show));
        CHECK_INT(count_of(buf_str(&html), class), n);
        CHECK_INT(count_of(buf_str(&html), "class=\"promise is-"), n);
        CHECK_INT(count_of(buf_str(&html), current), n > 0);
        CHECK(strstr(buf_str(&html), "href=\"/s/bookings?lang=hu\"") != NULL && strstr(buf_str(&html), "?lang=pl&amp;show=x\"") != NULL);
    }
    enum promise_state none;
    CHECK(!view_state_parse("everything", &none) && !view_state_parse("", &none));
}

TEST(the_page_as_json_says_the_same) {
    static struct proof proofs[RULE_COUNT];
    size_t proof_count = make_proofs(proofs);
    AUTO(charter_free) struct charter *c = load("events");
    AUTO(promises_free) struct promises *p = NULL;
    struct err e;
    const struct promise *list;
    CHECK_OK(promises_list(c, proofs, proof_count, "2026-11-22", &p, &e), &e);
    json_t *json = view_json(&(struct view_page){ .charter = c, .promises = p, .lang = LANG_EN, .now = NOW });
    size_t n = promises_all(p, &list), answered = 0;
    const json_t *lines = json_object_get(json, "promises");
    CHECK(json_array_size(lines) == n && n > 20);
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(lines, i);
        CHECK_TEXT(json_string_value(json_object_get(one, "state")), promise_state_name(list[i].state));
        CHECK((list[i].proved > 0) == json_is_string(json_object_get(one, "proved")));
        const json_t *answers = json_object_get(one, "answers");
        answered += json_array_size(answers);
        for (size_t a = 0; a < json_array_size(answers); a++)
            for (int l = 0; l < LANG_COUNT; l++)
                CHECK(json_is_string(json_object_get(json_object_get(json_array_get(answers, a), "sentence"), lang_code((enum lang)l))));
    }
    CHECK_INT(answered, 28);                   /* K-01 to K-28 */
    CHECK_INT(json_integer_value(json_object_get(json_object_get(json, "summary"), "kept")), promises_count(p, PROMISE_KEPT));
    CHECK_INT(strlen(json_string_value(json_object_get(json, "charter_sha256"))), 64);
    CHECK_TEXT(json_string_value(json_object_get(json, "made")), "2026-11-22T10:00:00Z");
    json_decref(json);
}

TEST(every_rule_speaks_three_languages) {
    for (int r = 0; r < RULE_COUNT; r++)
        for (int l = 0; l < LANG_COUNT; l++) {
            const char *says = view_rule_says((enum rule)r, (enum lang)l);
            CHECK(says != NULL && strlen(says) > 10 && says[strlen(says) - 1] == '.');
        }
}
