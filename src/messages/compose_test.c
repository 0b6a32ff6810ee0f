/* compose_test.c — templates by version, letters made of them and of what the person may see, and the mail around them. */
#include "messages/compose.c"
#include "messages/preview.h"
#include "messages/values.h"
#include "records/link.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "store/template.h"

struct scene { struct bed b; struct caller organiser; struct uuid event, registration; };

static void scene_start(struct scene *s, const char *name) {
    json_t *made = NULL;
    bed_start(&s->b, events_charter);
    s->organiser = bed_role(&s->b, s->b.tenant, "organiser");
    CHECK_OK(service_base_set(s->b.service, "https://seats.example", &s->b.e), &s->b.e);
    CHECK_OK(bed_make(&s->b, &s->organiser, "event", json_pack("{s:s, s:s, s:s, s:s, s:i}", "title", "Autumn <fair>", "place", "Gdynia", "starts", "2027-06-03T12:05:00Z", "ends", "2027-06-03T15:00:00Z", "seats", 5), &made), &s->b.e);
    s->event = id_of(made);
    json_decref(made);
    char text[UUID_TEXT];
    CHECK_OK(bed_make(&s->b, &s->organiser, "registration", json_pack("{s:s, s:s, s:s, s:s}", "event", uuid_format(&s->event, text), "name", name, "email", "jan@people.example", "phone", "+48221234567"), &made), &s->b.e);
    s->registration = id_of(made);
    json_decref(made);
}

static enum code put(struct scene *s, const char *name, const char *body, json_t **ret) {
    json_t *o = json_loads(body, 0, NULL), *mistakes = NULL;
    CHECK(o != NULL);
    s->b.e = (struct err){ 0 };
    enum code code = template_put(s->b.service, &s->organiser, name, o, ret, &mistakes, &s->b.e);
    json_decref(o);
    if (mistakes != NULL)
        *ret = mistakes;
    return code;
}

static void record_of(struct scene *s, struct arena *arena, struct record *ret) {
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(s->b.store, s->b.tenant, &v, &s->b.e), &s->b.e);
    CHECK_OK(record_load(view_sql(v), service_kind(s->b.service, charter_kind(s->b.charter, "registration")), &s->registration, arena, ret, &s->b.e), &s->b.e);
    v = view_end(v);
    CHECK_OK(record_open(s->b.service, ret, arena, &s->b.e), &s->b.e);
}

/* The letter that names template `number`. */
static enum code composed(struct scene *s, int64_t number, enum channel channel, struct outgoing *ret) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct record rec;
    record_of(s, arena, &rec);
    const struct letter_row r = { .id = uuid_new(), .cause = "api", .channel = channel, .kind = rec.info->number, .record = s->registration, .template = number, .purpose = "", .said = "", .receipt = "" };
    return compose_texts(s->b.service, s->b.tenant, &r, &rec, ret, &s->b.e);
}

static int64_t number_of(struct scene *s, const char *name) {
    int64_t number = 0;
    int kind;
    bool sms;
    CHECK_OK(template_find(s->b.service, s->b.tenant, name, &number, &kind, &sms, &s->b.e), &s->b.e);
    return number;
}

#define NEWS "{\"kind\": \"registration\", \"pl\": {\"subject\": \"{{event.title}}\", \"text\": \"Dzie\xc5\x84 dobry {{name}},\\nzaczynamy {{event.starts}} ({{status}}).\\n\\n[Twoja strona]({{link}})\"}, " \
             "\"en\": {\"subject\": \"{{event.title}} for {{name}}\", \"text\": \"Hello {{name}}\"}}"

TEST(a_letter_says_what_the_record_says_in_its_language) {
    struct scene s;
    json_t *made = NULL;
    scene_start(&s, "Jan <b> Nowak");
    CHECK_OK(put(&s, "news", NEWS, &made), &s.b.e);
    CHECK(json_integer_value(json_object_get(made, "version")) == 1 && strcmp(text_at(made, "kind", NULL), "registration") == 0 && json_array_size(json_object_get(made, "languages")) == 2);
    json_decref(made);
    AUTO(outgoing_done) struct outgoing o = { 0 };
    CHECK_OK(composed(&s, number_of(&s, "news"), CHANNEL_EMAIL, &o), &s.b.e);
    CHECK(o.lang == LANG_PL);                  /* the charter's first, for the record says none */
    CHECK_TEXT(buf_str(&o.subject), "Autumn <fair>");
    CHECK(strncmp(buf_str(&o.text), "Dzie\xc5\x84 dobry Jan <b> Nowak,\nzaczynamy 3 czerwca 2027, 14:05 (", 60) == 0);
    CHECK(strstr(buf_str(&o.text), "Twoja strona <https://seats.example/p/events/sejf_") != NULL && strstr(buf_str(&o.text), "?lang=pl>") != NULL);
    CHECK(strstr(buf_str(&o.html), "Jan &lt;b&gt; Nowak") != NULL && strstr(buf_str(&o.html), "class=\"button\"") != NULL);
    AUTO(outgoing_done) struct outgoing sms = { 0 };
    CHECK_OK(composed(&s, number_of(&s, "news"), CHANNEL_SMS, &sms), &s.b.e);
    CHECK(sms.html.len == 0 && sms.subject.len == 0 && strstr(buf_str(&sms.text), "Twoja strona https://") != NULL);
    bed_end(&s.b);
}

TEST(a_newer_version_leaves_letters_that_name_the_older) {
    struct scene s;
    json_t *made = NULL;
    scene_start(&s, "Jan");
    CHECK_OK(put(&s, "news", NEWS, &made), &s.b.e);
    json_decref(made);
    int64_t first = number_of(&s, "news");
    CHECK_OK(put(&s, "news", "{\"kind\": \"registration\", \"pl\": {\"subject\": \"Nowy\", \"text\": \"Nowy\"}}", &made), &s.b.e);
    CHECK(json_integer_value(json_object_get(made, "version")) == 2);
    json_decref(made);
    CHECK(number_of(&s, "news") == first + 1);
    for (int i = 0; i < 3; i++) {              /* the second time it is remembered */
        AUTO(outgoing_done) struct outgoing o = { 0 }, n = { 0 };
        CHECK_OK(composed(&s, first, CHANNEL_EMAIL, &o), &s.b.e);
        CHECK_OK(composed(&s, first + 1, CHANNEL_EMAIL, &n), &s.b.e);
        CHECK(strcmp(buf_str(&o.subject), "Autumn <fair>") == 0 && strcmp(buf_str(&n.subject), "Nowy") == 0);
    }
    CHECK_OK(template_over(s.b.service, &s.organiser, "news", &s.b.e), &s.b.e);
    CHECK_CODE(template_over(s.b.service, &s.organiser, "news", &s.b.e), E_NOT_FOUND, &s.b.e);
    AUTO(outgoing_done) struct outgoing o = { 0 };
    CHECK_OK(composed(&s, first + 1, CHANNEL_EMAIL, &o), &s.b.e);
    CHECK_CODE(composed(&s, 77, CHANNEL_EMAIL, &o), E_GONE, &s.b.e);
    json_t *list = NULL;
    CHECK_OK(templates_told(s.b.service, &s.organiser, "", &list, &s.b.e), &s.b.e);
    CHECK(json_array_size(json_object_get(list, "items")) == 0 && json_is_null(json_object_get(list, "next")));
    json_decref(list);
    CHECK_OK(template_told(s.b.service, &s.organiser, "news", 1, &list, &s.b.e), &s.b.e);
    CHECK(strcmp(text_at(list, "en", "text"), "Hello {{name}}") == 0);
    json_decref(list);
    const struct caller other = bed_role(&s.b, s.b.other, "organiser");
    CHECK_CODE(template_told(s.b.service, &other, "news", 1, &list, &s.b.e), E_NOT_FOUND, &s.b.e);
    CHECK_CODE(template_stands(s.b.service, s.b.tenant, first, &s.b.e), E_GONE, &s.b.e);       /* neither by name nor by number */
    CHECK_OK(put(&s, "news", NEWS, &made), &s.b.e);
    CHECK_INT(json_integer_value(json_object_get(made, "number")), first + 2);
    json_decref(made);
    CHECK_OK(template_stands(s.b.service, s.b.tenant, first, &s.b.e), &s.b.e);                 /* an older one of a name in use */
    CHECK_CODE(template_stands(s.b.service, s.b.tenant, 77, &s.b.e), E_GONE, &s.b.e);
    bed_end(&s.b);
}

TEST(a_text_takes_only_what_its_reader_sees) {
    static const struct { const char *body, *path, *text; } rows[] = {
        { "{\"kind\": \"registration\", \"pl\": {\"subject\": \"a\", \"text\": \"{{nme}}\"}}", "/pl/text", "line 1, column 1: there is no value \"nme\"; is {{name}} meant?" },
        { "{\"kind\": \"registration\", \"pl\": {\"subject\": \"{{diet}}\", \"text\": \"{{diet}}\"}}", "/pl/subject", "line 1, column 1: there is no value \"diet\"; name a field that the person itself sees, as {{name}} or {{parent.field}}" },
        { "{\"kind\": \"registration\", \"pl\": {\"subject\": \"a\", \"text\": \"{{badge}}\"}}", "/pl/text", "line 1, column 1: there is no value \"badge\"; name a field that the person itself sees, as {{name}} or {{parent.field}}" },
        { "{\"kind\": \"registration\", \"pl\": {\"subject\": \"a\", \"text\": \"{{code}}\"}}", "/pl/text", "line 1, column 1: there is no value \"code\"; is {{name}} meant?" },
    };
    struct scene s;
    json_t *made = NULL;
    scene_start(&s, "Jan");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_CODE(put(&s, "a", rows[i].body, &made), E_FIELDS, &s.b.e);
        CHECK(json_array_size(made) == 1);
        CHECK_TEXT(text_at(json_array_get(made, 0), "path", NULL), rows[i].path);
        if (i < 3)                             /* what is meant by the last depends on how far words differ */
            CHECK_TEXT(text_at(json_array_get(made, 0), "text", NULL), rows[i].text);
        json_decref(made);
        made = NULL;
    }
    CHECK_CODE(put(&s, "a", "{\"kind\": \"event\", \"pl\": {\"text\": \"x\"}}", &made), E_FIELDS, &s.b.e);
    CHECK(strcmp(s.b.e.field, "/kind") == 0 && strstr(s.b.e.text, "about nobody") != NULL);
    CHECK_CODE(put(&s, "a", "{\"kind\": \"registration\", \"values\": [\"name\"], \"pl\": {\"text\": \"x\"}}", &made), E_FIELDS, &s.b.e);
    CHECK_TEXT(s.b.e.field, "/values");
    CHECK_CODE(put(&s, "A b", NEWS, &made), E_INVALID, &s.b.e);
    CHECK_OK(put(&s, "a", "{\"kind\": \"registration\", \"values\": [\"code\"], \"pl\": {\"text\": \"{{code}} {{number}} {{diet}}\"}}", &made), &s.b.e);
    json_decref(made);
    bed_end(&s.b);
}

TEST(a_look_shows_what_the_caller_sees_and_makes_no_link) {
    const struct mail_brand brand = { .name = "Seats" };
    struct scene s;
    json_t *made = NULL, *body;
    char id[UUID_TEXT];
    scene_start(&s, "Jan");
    CHECK_OK(put(&s, "news", NEWS, &made), &s.b.e);
    json_decref(made);
    body = json_pack("{s:s, s:s}", "id", uuid_format(&s.registration, id), "lang", "en");
    CHECK_OK(template_preview(s.b.service, &s.organiser, "news", body, &brand, &made, &s.b.e), &s.b.e);
    CHECK_TEXT(text_at(made, "subject", NULL), "Autumn <fair> for Jan");
    CHECK(strstr(text_at(made, "html", NULL), "<title>Autumn &lt;fair&gt; for Jan</title>") != NULL && strstr(text_at(made, "html", NULL), "Seats") != NULL);
    json_decref(made);
    struct caller other = bed_role(&s.b, s.b.other, "organiser");
    CHECK_CODE(template_preview(s.b.service, &other, "news", body, &brand, &made, &s.b.e), E_NOT_FOUND, &s.b.e);
    json_decref(body);
    body = json_object();
    CHECK_OK(template_preview(s.b.service, &s.organiser, "news", body, &brand, &made, &s.b.e), &s.b.e);
    CHECK(strstr(text_at(made, "text", NULL), "https://seats.example/p/events/xxxx") != NULL && strstr(text_at(made, "text", NULL), "Jan Nowak") != NULL);
    json_decref(made);
    json_decref(body);
    bed_end(&s.b);
}

/* A text goes to whomever it is written to: who puts it, or takes it out, may write to all of them. */
TEST(texts_are_written_by_who_may_write_to_all) {
    struct scene s;
    json_t *made = NULL, *list = NULL;
    scene_start(&s, "Jan");
    CHECK_OK(put(&s, "news", NEWS, &made), &s.b.e);
    json_decref(made);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct scope *reads = NULL, *other = NULL, *writes = NULL;
    CHECK_OK(scope_read("{\"verbs\": [\"read\"]}", s.b.charter, true, arena, &reads, &s.b.e), &s.b.e);
    CHECK_OK(scope_read("{\"kinds\": [\"event\"]}", s.b.charter, true, arena, &other, &s.b.e), &s.b.e);
    CHECK_OK(scope_read("{\"kinds\": [\"registration\"]}", s.b.charter, true, arena, &writes, &s.b.e), &s.b.e);
    const struct level_of one = { charter_kind(s.b.charter, "event"), s.event, LEVEL_WRITE };
    const struct levels all = { .all = LEVEL_READ }, event = { .all = LEVEL_READ, .count = 1, .list = &one };
    const struct { const char *role; const struct scope *scope; const struct levels *levels; enum code puts, tells; size_t listed; } row[] = {
        { "organiser", NULL, NULL, OK, OK, 1 }, { "organiser", writes, NULL, OK, OK, 1 },
        { "door", NULL, NULL, E_FORBIDDEN, E_FORBIDDEN, 0 },
        { "organiser", reads, NULL, E_FORBIDDEN, OK, 1 }, { "organiser", other, NULL, E_NOT_FOUND, E_NOT_FOUND, 0 },
        { "organiser", NULL, &all, E_FORBIDDEN, OK, 1 }, { "organiser", NULL, &event, E_FORBIDDEN, OK, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct caller who = bed_role(&s.b, s.b.tenant, row[i].role);
        const struct caller boss = s.organiser;
        who.scope = row[i].scope;
        who.levels = row[i].levels;
        s.organiser = who;
        CHECK_CODE(put(&s, "other", "{\"kind\": \"registration\", \"en\": {\"subject\": \"Hi\", \"text\": \"Hi\"}}", &made), row[i].puts, &s.b.e);
        json_decref(row[i].puts == OK ? made : NULL);
        s.organiser = boss;
        CHECK_CODE(template_told(s.b.service, &who, "news", 0, &list, &s.b.e), row[i].tells, &s.b.e);
        json_decref(row[i].tells == OK ? list : NULL);
        if (row[i].puts == OK) {
            CHECK_OK(template_over(s.b.service, &who, "other", &s.b.e), &s.b.e);
        } else {
            CHECK_CODE(template_over(s.b.service, &who, "news", &s.b.e), row[i].puts, &s.b.e);
        }
        enum code code = templates_told(s.b.service, &who, "", &list, &s.b.e);
        CHECK(code == (strcmp(row[i].role, "door") == 0 ? E_FORBIDDEN : OK));
        CHECK(code != OK || json_array_size(json_object_get(list, "items")) == row[i].listed);
        json_decref(code == OK ? list : NULL);
    }
    /* who does not see the event puts nothing of it into a text, for it could write to itself */
    s.organiser.scope = writes;
    CHECK_CODE(put(&s, "other", "{\"kind\": \"registration\", \"en\": {\"subject\": \"Hi\", \"text\": \"Hi {{name}}, {{event.place}}\"}}", &made), E_FIELDS, &s.b.e);
    json_decref(made);
    /* nor is one of such records put anew as one of others */
    s.organiser.scope = other;
    CHECK_CODE(put(&s, "news", "{\"kind\": \"invoice\", \"en\": {\"subject\": \"Hi\", \"text\": \"Hi\"}}", &made), E_NOT_FOUND, &s.b.e);
    bed_end(&s.b);
}

TEST(nothing_sent_along_passes_for_what_the_record_says) {
    struct scene s;
    json_t *made = NULL;
    scene_start(&s, "Jan");
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(text_ready_free) struct text_ready text = { 0 };
    AUTO(buf_done) struct buf subject = BUF(1000), plain = BUF(1 << 20), html = BUF(1 << 20);
    struct record rec;
    CHECK_OK(put(&s, "bill", "{\"kind\": \"registration\", \"values\": [\"code\"], \"en\": {\"subject\": \"Bill\", \"text\": \"{{diet}}|{{phone}}|{{number}}|{{event.place}}|{{event.title}}|{{code}} [page]({{link}})\"}}", &made), &s.b.e);
    json_decref(made);
    CHECK_OK(text_open(s.b.service, s.b.tenant, number_of(&s, "bill"), &text, &s.b.e), &s.b.e);
    CHECK(text_takes(&text, "code") && !text_takes(&text, "diet") && !text_takes(&text, "any"));
    json_t *values = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "diet", "FORGED", "phone", "FORGED", "number", "FORGED", "event.place", "FORGED", "event.title", "FORGED", "link", "FORGED", "unsubscribe", "FORGED", "code", "12 B");
    record_of(&s, arena, &rec);
    const struct compose_ask ask = { .service = s.b.service, .tenant = s.b.tenant, .text = &text, .channel = CHANNEL_EMAIL, .lang = LANG_EN, .record = &rec, .arena = arena, .values = values, .to_measure = true };
    CHECK_OK(compose_record(&ask, &subject, &plain, &html, &s.b.e), &s.b.e);
    CHECK(strstr(buf_str(&plain), "FORGED") == NULL && strstr(buf_str(&plain), "12 B") != NULL && strstr(buf_str(&plain), "Autumn <fair>") != NULL);
    json_decref(values);
    bed_end(&s.b);
}

TEST(a_whole_mail_stands_on_its_own) {
    struct scene s;
    json_t *made = NULL;
    struct rsa_key *key = NULL;
    AUTO(dkim_free) struct dkim *d = NULL;
    AUTO(buf_wipe) struct buf pem = BUF(8192);
    scene_start(&s, "\"><script>alert(1)</script>");
    CHECK_OK(put(&s, "news", NEWS, &made), &s.b.e);
    json_decref(made);
    CHECK_OK(rsa_make(&pem, &s.b.e), &s.b.e);
    CHECK_OK(rsa_read(pem.data, pem.len, &key, &s.b.e), &s.b.e);
    CHECK_OK(dkim_new("seats.example", "s2026", key, &d, &s.b.e), &s.b.e);
    AUTO(outgoing_done) struct outgoing o = { .headers = BUF(1000) };
    CHECK_OK(composed(&s, number_of(&s, "news"), CHANNEL_EMAIL, &o), &s.b.e);
    snprintf(o.to, sizeof o.to, "jan@people.example");
    buf_text(&o.headers, "List-Unsubscribe: <https://seats.example/u/x>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
    const struct letter_row r = { .id = uuid_new(), .cause = "api", .made = clock_now(), .kind = 7, .scope = s.event };
    const struct compose_way way = { .from = "service@seats.example", .from_name = "Seats", .brand = { .name = "Seats" }, .dkim = d };
    AUTO(buf_done) struct buf mail = BUF(1u << 20), small = BUF(100);
    CHECK_OK(compose_mail(&way, &r, &o, &mail, &s.b.e), &s.b.e);
    CHECK(strncmp(mail.data, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=seats.example;", 70) == 0);
    CHECK(strstr(mail.data, "\r\nList-Id: <") != NULL && strstr(mail.data, ".k7.seats.example>\r\nList-Unsubscribe: ") != NULL && strstr(mail.data, "multipart/alternative") != NULL);
    const char *page = strstr(mail.data, "text/html");
    CHECK(strcasestr(page, "<img") == NULL && strcasestr(page, "<link") == NULL && strstr(page, "url(") == NULL && strstr(page, "src=") == NULL);      /* nothing loads */
    CHECK(strstr(mail.data, "\r\nAuto-Submitted") == NULL && page != NULL && strstr(page, "<script") == NULL && strstr(page, "&lt;script&gt;") != NULL);
    for (const char *p = mail.data; *p != 0; p++)
        CHECK((unsigned char)*p < 0x80 && (*p != '\n' || p[-1] == '\r'));
    CHECK_CODE(compose_mail(&way, &r, &o, &small, &s.b.e), E_MEMORY, &s.b.e);
    buf_text(&o.headers, "X: a\nBcc: b@x.example\r\n");
    CHECK_CODE(compose_mail(&way, &r, &o, &mail, &s.b.e), E_INVALID, &s.b.e);
    bed_end(&s.b);
}
