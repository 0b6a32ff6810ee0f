/* page_form_test.c — every form of the five charters in three languages: sound structure, nothing unescaped, dates as they are. */
#include <stdlib.h>

#include "api/page_form.c"
#include "api/page_check.h"
#include "api/page_link.h"
#include "charter/load.h"

static const char *const services[] = { "events", "courier", "mail", "machines", "bookings" };
static const unsigned all_languages = (1u << LANG_COUNT) - 1;

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

static void text_of_charter(const char *name, struct buf *ret) {
    AUTO(buf_done) struct buf path = BUF(4096);
    const char *source = getenv("SEJF_SOURCE");
    char piece[4096];
    buf_printf(&path, "%s/charters/%s.yaml", source == NULL ? "." : source, name);
    FILE *f = fopen(buf_str(&path), "re");
    CHECK(f != NULL);
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0; )
        buf_add(ret, piece, n);
    (void)fclose(f);
}

static usec_t at(const char *text) {
    usec_t t;
    CHECK(time_parse(text, &t));
    return t;
}

static json_t *an_event(void) {
    return json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:i}}", "id", "0198c0de-0000-7000-8000-000000000001", "fields", "title", "Morze i dane",
                     "place", "Gdynia, ul. Morska 1", "starts", "2027-03-01T17:00:00Z", "ends", "2027-03-01T20:00:00Z", "seats", 2);
}

/* Typed values from a JSON object of texts. */
static const char *from_json(void *arg, const char *name) { return json_string_value(json_object_get(arg, name)); }

static void render(const struct form_view *v, const char *name, struct buf *ret) {
    AUTO(buf_done) struct buf title = BUF(4096);
    form_title(&title, v);
    struct page page = { .lang = v->notice.lang, .speaks = all_languages, .title = buf_str(&title), .path = "/f/x/y/z", .service = v->notice.service,
                         .operator = charter_operator(v->notice.charter) };
    page_begin(ret, &page);
    form_put(ret, v);
    page_end(ret, &page);
    CHECK(!ret->failed);
    check_page(buf_str(ret), lang_code(v->notice.lang), name);
    keep_page(buf_str(ret), name);
}

static struct form_view view_of(const struct charter *c, int kind, enum lang lang, const json_t *parent) {
    usec_t now = at("2026-11-22T10:00:00Z");
    return (struct form_view){ .notice = { .charter = c, .service = charter_name(c), .kind = kind, .lang = lang, .tenant = "Gdynia Talks", .parent = parent, .created = now, .now = now },
                               .action = "/f/x/y/z?lang=en", .token = "1.2.0.n.m" };
}

TEST(every_form_in_three_languages) {
    for (size_t s = 0; s < ARRAY_LEN(services); s++) {
        AUTO(charter_free) struct charter *c = load(services[s]);
        const struct kind *kinds;
        size_t n = charter_kinds(c, &kinds);
        json_t *event = an_event();
        for (size_t k = 0; k < n; k++)
            for (int l = 0; kinds[k].form != NULL && l < LANG_COUNT; l++) {
                AUTO(buf_done) struct buf html = BUF(1u << 20);
                char name[128];
                struct form_view v = view_of(c, (int)k, (enum lang)l, kinds[k].parent < 0 ? NULL : event);
                snprintf(name, sizeof name, "form-%s-%s-%s", services[s], kinds[k].form, lang_code((enum lang)l));
                render(&v, name, &html);
                CHECK(strstr(buf_str(&html), charter_contact(c)) != NULL);
                CHECK(strstr(buf_str(&html), charter_authority(c)) != NULL);
                CHECK(strstr(buf_str(&html), "data-due=\"") != NULL);
                CHECK(count_of(buf_str(&html), " checked") == 0);                 /* no consent is given by default */
            }
        json_decref(event);
    }
}

TEST(the_date_of_this_event_stands_in_words) {
    static const char *const want[LANG_COUNT][2] = {
        { "until 28 August 2027: 180 days, counted from: end (event)", "until 11 September 2027" },
        { "do 28 sierpnia 2027: 180 dni, licząc od: końca (wydarzenie)", "do 11 września 2027" },
        { "2027. augusztus 28-ig; 180 nap, ettől számítva: vége (rendezvény)", "2027. szeptember 11-ig" },
    };
    AUTO(charter_free) struct charter *c = load("events");
    json_t *event = an_event();
    for (int l = 0; l < LANG_COUNT; l++) {
        AUTO(buf_done) struct buf html = BUF(1u << 20);
        struct form_view v = view_of(c, charter_form(c, "register"), (enum lang)l, event);
        render(&v, "form-events-dated", &html);
        for (int i = 0; i < 2; i++) {
            if (strstr(buf_str(&html), want[l][i]) == NULL)
                fprintf(stderr, "not there: %s\n", want[l][i]);
            CHECK(strstr(buf_str(&html), want[l][i]) != NULL);
        }
        CHECK(strstr(buf_str(&html), "data-due=\"2027-08-28\"") != NULL);
    }
    json_decref(event);
}

TEST(a_late_announcement_is_said_where_it_moves_the_date) {
    static const char warn[] = "    warn: organiser by email 14 days before", room[] = ", a late notice moves the erasure by at most 7 days";
    static const char *const want[LANG_COUNT] = { "goes out late, this may come later, by at most 7 days.", "wyjdzie z opóźnieniem, może to nastąpić później, najwyżej o 7 dni.",
                                                  "késve megy ki, ez későbbre tolódhat, de legfeljebb ennyivel: 7 nap." };
    AUTO(buf_done) struct buf text = BUF(1u << 20);
    AUTO(charter_free) struct charter *plain = load("events"), *c = NULL;
    AUTO(findings_free) struct findings *found = findings_new();
    struct err e;
    json_t *event = an_event();
    text_of_charter("events", &text);
    const char *line = strstr(buf_str(&text), warn);
    CHECK(line != NULL);
    AUTO(buf_done) struct buf whole = BUF(1u << 20);
    buf_add(&whole, buf_str(&text), (size_t)(line - buf_str(&text)) + strlen(warn));
    buf_text(&whole, room);
    buf_text(&whole, line + strlen(warn));
    CHECK_OK(charter_load_text("late.yaml", buf_str(&whole), whole.len, found, &c, &e), &e);
    for (int l = 0; l < LANG_COUNT; l++) {
        AUTO(buf_done) struct buf html = BUF(1u << 20), other = BUF(1u << 20);
        struct form_view v = view_of(c, charter_form(c, "register"), (enum lang)l, event);
        render(&v, "form-events-late", &html);
        CHECK(strstr(buf_str(&html), want[l]) != NULL);
        v = view_of(plain, charter_form(plain, "register"), (enum lang)l, event);
        render(&v, "form-events-not-late", &other);
        CHECK(strstr(buf_str(&other), want[l]) == NULL);
    }
    json_decref(event);
}

TEST(a_date_from_what_is_typed_or_from_today) {
    AUTO(charter_free) struct charter *c = load("bookings");
    AUTO(buf_done) struct buf visit = BUF(1u << 20);
    AUTO(buf_done) struct buf question = BUF(1u << 20);
    struct form_view v = view_of(c, charter_form(c, "book"), LANG_EN, NULL);
    render(&v, "form-bookings-open", &visit);
    CHECK(strstr(buf_str(&visit), "Held 1 year, counted from: end") != NULL);
    v = view_of(c, charter_form(c, "ask"), LANG_EN, NULL);
    render(&v, "form-bookings-today", &question);
    CHECK(strstr(buf_str(&question), "Held 60 days, counted from: day of receipt") != NULL);
    CHECK(strstr(buf_str(&question), "until 21 January 2027") != NULL);
}

TEST(the_notice_says_by_which_way_the_person_sees_it) {
    static const char *const both[LANG_COUNT] = { "by private link or signed in to an account", "przez prywatny odnośnik lub po zalogowaniu na konto", "személyes hivatkozással vagy fiókba bejelentkezve" };
    AUTO(charter_free) struct charter *c = load("bookings");
    for (int l = 0; l < LANG_COUNT; l++) {
        AUTO(buf_done) struct buf visit = BUF(1u << 20);
        AUTO(buf_done) struct buf question = BUF(1u << 20);
        struct form_view v = view_of(c, charter_form(c, "book"), (enum lang)l, NULL);
        render(&v, "form-bookings-account", &visit);
        CHECK(strstr(buf_str(&visit), both[l]) != NULL);
        v = view_of(c, charter_form(c, "ask"), (enum lang)l, NULL);
        render(&v, "form-bookings-link", &question);
        CHECK(strstr(buf_str(&question), text_in(TEXT_NOTICE_BY_LINK, (enum lang)l)) != NULL && strstr(buf_str(&question), both[l]) == NULL);
    }
}

TEST(mistakes_stand_at_their_fields_and_values_stay) {
    AUTO(charter_free) struct charter *c = load("events");
    json_t *event = an_event();
    json_t *typed = json_pack("{s:s, s:s, s:s}", "name", "<b onload=x>\"O'Neil\" & Żółć", "email", "nobody at all", "diet", "nuts");
    json_t *mistakes = json_pack("[{s:s,s:s},{s:s,s:s},{s:s,s:s}]", "path", "/email", "text", "is not an e-mail address, such as name@domain.example",
                                 "path", "/fields/diet", "text", "is kept only with the consent diet", "path", "/phone", "text", "is needed");
    for (int l = 0; l < LANG_COUNT; l++) {
        AUTO(buf_done) struct buf html = BUF(1u << 20);
        char name[64];
        struct form_view v = view_of(c, charter_form(c, "register"), (enum lang)l, event);
        v.typed = from_json;
        v.typed_arg = typed;
        json_t *said = form_mistakes(&v, mistakes);
        v.mistakes = said;
        snprintf(name, sizeof name, "form-events-mistakes-%s", lang_code((enum lang)l));
        render(&v, name, &html);
        const char *h = buf_str(&html);
        CHECK(strstr(h, "role=\"alert\"") != NULL);
        CHECK(strstr(h, "<b onload") == NULL);
        CHECK(strstr(h, "value=\"&lt;b onload=x&gt;&quot;O&#39;Neil&quot; &amp; Żółć\"") != NULL);
        CHECK(strstr(h, text_in(TEXT_MISSING_CONSENT, (enum lang)l)) != NULL);
        CHECK(strstr(h, text_in(TEXT_MISSING, (enum lang)l)) != NULL);
        CHECK_INT(count_of(h, "aria-invalid=\"true\""), 3);
        CHECK_INT(count_of(h, "<p class=\"mistake\""), 3);
        if (l == LANG_EN)
            CHECK(strstr(h, "This is not an e-mail address, such as name@domain.example.") != NULL && strstr(h, "Correct 3 fields") != NULL);
        if (l == LANG_PL)
            CHECK(strstr(h, "Popraw 3 pola") != NULL);
        if (l == LANG_HU)
            CHECK(strstr(h, "Javítson 3 mezőt") != NULL);
        json_decref(said);
    }
    json_decref(typed);
    json_decref(mistakes);
    json_decref(event);
}

TEST(every_foreign_text_is_escaped) {
    AUTO(charter_free) struct charter *c = load("bookings");
    static const char evil[] = "</textarea><script>x</script>'\"&";
    json_t *typed = json_object(), *choices = json_pack("{s:[{s:s,s:s}], s:[]}", "service", "id", evil, "title", evil, "staff");
    int kind = charter_form(c, "book");
    const struct kind *k = charter_kind_at(c, kind);
    for (size_t i = 0; i < k->field_count; i++)
        json_object_set_new(typed, k->fields[i].name, json_string(evil));
    AUTO(buf_done) struct buf html = BUF(1u << 20);
    struct form_view v = view_of(c, kind, LANG_EN, NULL);
    v.notice.tenant = evil;
    v.typed = from_json;
    v.typed_arg = typed;
    v.trouble = evil;
    v.choices = choices;
    v.action = evil;
    v.token = evil;
    render(&v, "form-evil", &html);
    CHECK(strstr(buf_str(&html), "<script") == NULL && strstr(buf_str(&html), "\"'\"") == NULL);
    json_decref(typed);
    json_decref(choices);
}

TEST(typed_values_become_api_values) {
    AUTO(charter_free) struct charter *c = load("courier");
    static const struct { enum field_type type; const char *typed, *want; } row[] = {
        { T_NUMBER, "12,5", "12.5" }, { T_NUMBER, "1 234", "1234" }, { T_NUMBER, "-3", "-3" }, { T_NUMBER, "many", "\"many\"" }, { T_NUMBER, "1.2.3", "\"1.2.3\"" },
        { T_COUNTER, "7", "7" }, { T_TEXT, " x ", "\"x \"" }, { T_TEXT, "   ", NULL }, { T_DATE, "2026-12-01", "\"2026-12-01\"" },
        { T_TIME, "2026-12-01T10:00", "\"2026-12-01T09:00:00Z\"" }, { T_TIME, "2026-07-01T10:00", "\"2026-07-01T08:00:00Z\"" },
        { T_TIME, "2026-12-01T25:00", "\"2026-12-01T25:00\"" }, { T_TIME, "soon", "\"soon\"" }, { T_YESNO, "yes", "true" }, { T_YESNO, "no", "false" },
        { T_EMAIL, "a@b.example", "\"a@b.example\"" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct field f = { .name = "x", .type = row[i].type };
        json_t *typed = json_pack("{s:s}", "x", row[i].typed);
        json_t *value = field_value(c, &f, from_json, typed);
        char *text = value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
        CHECK((text == NULL) == (row[i].want == NULL));
        if (text != NULL)
            CHECK_TEXT(text, row[i].want);
        free(text);
        json_decref(value);
        json_decref(typed);
    }
    json_t *typed = json_pack("{s:s, s:s, s:s, s:s}", "m.amount", "1 234,50", "m.currency", "HUF", "p.lat", "47,5", "p.lon", "19.05");
    json_t *money = field_value(c, &(struct field){ .name = "m", .type = T_MONEY }, from_json, typed);
    json_t *place = field_value(c, &(struct field){ .name = "p", .type = T_PLACE }, from_json, typed);
    CHECK_TEXT(json_string_value(json_object_get(money, "amount")), "1234.50");
    CHECK(json_number_value(json_object_get(place, "lat")) > 47.49 && json_number_value(json_object_get(place, "lon")) < 19.06);
    json_decref(typed);
    json_decref(money);
    json_decref(place);
}

TEST(thanks_show_number_state_and_link_once) {
    AUTO(charter_free) struct charter *c = load("events");
    static const char *const states[] = { "accepted", "waiting" };
    for (int l = 0; l < LANG_COUNT; l++)
        for (size_t s = 0; s < ARRAY_LEN(states); s++) {
            AUTO(buf_done) struct buf html = BUF(1u << 20);
            char name[64];
            json_t *record = json_pack("{s:s, s:s, s:{s:s}}", "number", "000017", "due", "2027-08-28T20:00:00Z", "fields", "status", states[s]);
            struct form_view f = view_of(c, charter_form(c, "register"), (enum lang)l, NULL);
            struct done_view v = { .notice = f.notice, .record = record, .link = "/p/events/sejf_secret", .base_url = "https://localhost:8443", .again = "/f/events/register/1" };
            struct page page = { .lang = (enum lang)l, .title = text_in(TEXT_DONE_TITLE, (enum lang)l), .path = "/", .service = "events", .operator = charter_operator(c) };
            page_begin(&html, &page);
            done_put(&html, &v);
            page_end(&html, &page);
            snprintf(name, sizeof name, "done-%s-%s", states[s], lang_code((enum lang)l));
            check_page(buf_str(&html), lang_code((enum lang)l), name);
            keep_page(buf_str(&html), name);
            CHECK(strstr(buf_str(&html), "000017") != NULL);
            CHECK((strstr(buf_str(&html), text_in(TEXT_DONE_WAITING, (enum lang)l)) != NULL) == (s == 1));
            CHECK(strstr(buf_str(&html), "https://localhost:8443/p/events/sejf_secret") != NULL);
            json_decref(record);
        }
}

static void render_link(const struct charter *c, enum lang lang, const json_t *record, fieldset changes, bool erases, struct buf *ret) {
    char name[64];
    struct form_view f = view_of(c, charter_kind(c, "registration"), lang, NULL);
    struct caller who = { .tenant = 1, .person = charter_person(c, "participant"), .by_link = true, .subject_kind = f.notice.kind };
    json_t *event = an_event(), *others = json_pack("{s:[{s:n, s:b}, {s:s, s:s, s:{s:s, s:s, s:{s:s,s:s}}}]}", "invoice", "id", "damaged", 1, "number", "FV/2026/000001", "due", "2032-01-01T00:00:00Z", "fields",
                                                    "issued", "2026-11-22", "buyer", "<Ewa>", "total", "amount", "120.50", "currency", "PLN");
    f.notice.parent = event;
    f.notice.sent = true;
    struct link_view v = { .notice = f.notice, .who = &who, .record = record, .others = others, .path = "/p/events/x", .action = "/p/events/x?lang=en", .token = "t",
                           .changes = changes, .erases = erases, .done = text_in(TEXT_LINK_DONE_CHANGE, lang) };
    struct page page = { .lang = lang, .speaks = all_languages, .title = text_in(TEXT_LINK_TITLE, lang), .path = "/p/events/x", .service = "events", .operator = charter_operator(c) };
    page_begin(ret, &page);
    link_put(ret, &v);
    page_end(ret, &page);
    snprintf(name, sizeof name, "link-%s", lang_code(lang));
    check_page(buf_str(ret), lang_code(lang), name);
    keep_page(buf_str(ret), name);
    json_decref(event);
    json_decref(others);
}

TEST(the_private_link_shows_what_is_held_and_what_can_be_done) {
    AUTO(charter_free) struct charter *c = load("events");
    const struct kind *k = charter_kind_at(c, charter_kind(c, "registration"));
    fieldset changes = (fieldset)1 << kind_field(k, "phone") | (fieldset)1 << kind_field(k, "diet");
    json_t *record = json_pack("{s:s, s:i, s:s, s:s, s:s, s:{s:b}, s:{s:s, s:s, s:n, s:s, s:s}}", "id", "0198c0de-0000-7000-8000-000000000002", "version", 3,
                               "number", "000017", "created", "2026-11-20T10:00:00Z", "due", "2027-08-28T20:00:00Z", "consents", "diet", 1,
                               "fields", "name", "Ewa <Sowa>", "email", "ewa@people.example", "phone", "diet", "no nuts", "status", "accepted");
    for (int l = 0; l < LANG_COUNT; l++) {
        AUTO(buf_done) struct buf html = BUF(1u << 20);
        render_link(c, (enum lang)l, record, changes, l == LANG_HU, &html);
        const char *h = buf_str(&html);
        CHECK(strstr(h, "Ewa &lt;Sowa&gt;") != NULL && strstr(h, "<Sowa>") == NULL && strstr(h, "FV/2026/000001") != NULL);
        CHECK(strstr(h, text_in(TEXT_LINK_DAMAGED, (enum lang)l)) != NULL);
        CHECK(strstr(h, move_word("cancelled", (enum lang)l)) != NULL);
        CHECK(strstr(h, "value=\"withdraw\"") != NULL && strstr(h, "/p/events/x/data.json") != NULL);
        CHECK((strstr(h, "value=\"erase\"") != NULL) == (l == LANG_HU));
        CHECK(strstr(h, "name=\"name\"") == NULL && strstr(h, "name=\"phone\"") != NULL);       /* only what who_changes allows */
        CHECK(count_of(h, " checked") == 1);                                                  /* the consent that was given */
    }
    json_decref(record);
}

TEST(the_private_link_says_when_each_part_goes_and_what_keeps_it) {
    AUTO(charter_free) struct charter *c = load("events");
    json_t *record = json_pack("{s:s, s:i, s:s, s:s, s:s, s:[{s:[s,s], s:s}, {s:[s], s:n, s:s}], s:{s:s, s:s}}", "id", "0198c0de-0000-7000-8000-000000000002", "version", 3,
                               "number", "000017", "created", "2026-11-20T10:00:00Z", "due", "2027-08-28T20:00:00Z",
                               "dues", "fields", "name", "email", "due", "2027-08-28T20:00:00Z", "fields", "diet", "due", "held", "person",
                               "fields", "name", "Ewa Sowa", "email", "ewa@people.example");
    for (int l = 0; l < LANG_COUNT; l++) {
        static const char *const days[LANG_COUNT] = { "28 August 2027", "28 sierpnia 2027", "2027. augusztus 28." }, *const spans[LANG_COUNT] = { "180 days", "180 dni", "180 nap" };
        AUTO(buf_done) struct buf html = BUF(1u << 20);
        render_link(c, (enum lang)l, record, 0, false, &html);
        const char *h = buf_str(&html);
        CHECK(strstr(h, days[l]) != NULL && strstr(h, spans[l]) != NULL);
        CHECK(count_of(h, text_in(TEXT_LINK_HELD_PERSON, (enum lang)l)) == 1);
    }
    json_decref(record);
}

/* A use that came later and was not agreed to is not told as one that is made of the data; with a consent, or an objection on record, it is. */
TEST(a_use_that_waits_for_a_consent_is_no_use_yet) {
    static const struct { const char *given; bool objected, told; } cases[] = { { NULL, false, false }, { "2026-11-22T10:00:00Z", false, true }, { NULL, true, true } };
    AUTO(charter_free) struct charter *c = load("machines");
    const struct kind *k = charter_kind_at(c, charter_kind(c, "fault"));
    struct form_view f = view_of(c, charter_kind(c, "fault"), LANG_EN, NULL);
    json_t *record = json_object();
    CHECK(k->used_for_count >= 2);
    const char *later = purpose_name(k, 1), *first = purpose_name(k, 0);
    AUTO(buf_done) struct buf button = BUF(1024);
    buf_printf(&button, "name=\"" LINK_TO "\" value=\"%s\"", later);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(buf_done) struct buf html = BUF(1u << 16), what = BUF(1024);
        buf_printf(&what, "purpose %s", later);
        json_t *again = json_pack("[{s:s, s:s?}]", "what", buf_str(&what), "given", cases[i].given);
        json_t *objections = !cases[i].objected ? json_array() : json_pack("[{s:s}]", "purpose", later);
        struct link_view v = { .notice = f.notice, .record = record, .path = "/p/machines/x", .action = "/p/machines/x?lang=en", .token = "t", .again = again, .objections = objections };
        uses_put(&html, &v);
        CHECK((strstr(buf_str(&html), buf_str(&button)) != NULL) == cases[i].told);
        CHECK(strstr(buf_str(&html), first) != NULL);
        json_decref(again);
        json_decref(objections);
    }
    json_decref(record);
}
