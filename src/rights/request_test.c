/* request_test.c — a request from receipt to answer: nothing before it is known who asks, nothing without its step, a clock by the calendar, and
 * no refusal without ground, reason and name. */
#include "rights/request.c"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "records/testbed.h"
#include "records/testcharters.h"
#include "rights/paper.h"
#include "rights/tell.h"
#include "store/letter.h"

static struct request_desk desk(struct bed *b) { return (struct request_desk){ .service = b->service, .tenant = b->tenant, .base_url = "https://sejf.example", .tenant_name = "one" }; }

static struct uuid registered(struct bed *b, const struct caller *who, const char *email) {
    json_t *got = NULL;
    char id[UUID_TEXT];
    CHECK_OK(bed_make(b, who, "event", json_pack("{s:s, s:s, s:s}", "title", "Day", "starts", "2030-05-01T10:00:00Z", "ends", "2030-05-01T12:00:00Z"), &got), &b->e);
    struct uuid event = id_of(got);
    json_decref(got);
    CHECK_OK(bed_make(b, who, "registration", json_pack("{s:s, s:s, s:s}", "event", uuid_format(&event, id), "name", "Ewa Lis", "email", email), &got), &b->e);
    struct uuid made = id_of(got);
    json_decref(got);
    return made;
}

static int64_t asked(struct bed *b, enum request_type type, enum request_way way, const char *email, const struct request_by *by) {
    const struct request_desk d = desk(b);
    const struct request_wish w = { .type = type, .way = way, .lang = LANG_PL, .name = "Ewa Lis", .email = email, .text = "Please.", .kind = -1 };
    int64_t number = 0;
    CHECK_OK(request_make(&d, &w, by, &number, &b->e), &b->e);
    return number;
}

static json_t *told(struct bed *b, int64_t number) {
    const struct request_desk d = desk(b);
    json_t *o = NULL;
    CHECK_OK(request_told(&d, number, &o, &b->e), &b->e);
    return o;
}

static void in_state(struct bed *b, int64_t number, const char *state) {
    json_t *o = told(b, number);
    CHECK_TEXT(text_at(o, "state", NULL), state);
    json_decref(o);
}

struct mail { struct bed *b; char text[8192]; int count; };
static bool mail_take(const struct letter_row *r, void *arg) {
    struct mail *m = arg;
    json_t *letter = NULL;
    CHECK_OK(post_open(m->b->keeper, m->b->tenant, r, &letter, &m->b->e), &m->b->e);
    snprintf(m->text, sizeof m->text, "%s\n%s\n%s", text_at(letter, "to", NULL), text_at(letter, "subject", NULL), text_at(letter, "text", NULL));
    json_decref(letter);
    m->count++;
    return true;
}

/* The newest letter about a request. */
static struct mail mailed(struct bed *b, int64_t number) {
    struct mail m = { .b = b };
    struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(letters_about(view_sql(v), "request", number, mail_take, &m, &b->e), &b->e);
    v = view_end(v);
    return m;
}

static const char *link_in(struct mail *m) {
    char *at = strstr(m->text, "/r/events/");
    CHECK(at != NULL);
    at = strchr(at + 10, '/') + 1;
    at[strcspn(at, "\n")] = 0;
    return at;
}

TEST(a_clock_is_a_calendar_month_and_ends_with_its_day) {
    static const struct { const char *received, *law, *three; } rows[] = {
        { "2027-01-31T09:00:00Z", "2027-02-28T23:00:00Z", "2027-04-30T22:00:00Z" },       /* no 31 February */
        { "2028-01-31T09:00:00Z", "2028-02-29T23:00:00Z", "2028-04-30T22:00:00Z" },       /* a leap year */
        { "2027-01-31T23:30:00Z", "2027-03-01T23:00:00Z", "2027-05-01T22:00:00Z" },       /* is 1 February in Warsaw */
        { "2027-03-05T10:00:00Z", "2027-04-05T22:00:00Z", "2027-06-05T22:00:00Z" },       /* summer begins between */
        { "2027-09-30T10:00:00Z", "2027-10-30T22:00:00Z", "2027-12-30T23:00:00Z" },       /* the day before summer ends */
        { "2027-11-30T10:00:00Z", "2027-12-30T23:00:00Z", "2028-02-29T23:00:00Z" },       /* across a year */
    };
    static const struct { const char *says; const char *due; } promises[] = {
        { "answered within 1 month", "2027-02-28T23:00:00Z" }, { "answered within 14 days", "2027-02-14T23:00:00Z" }, { "answered within 30 days", "2027-02-28T23:00:00Z" } };
    struct bed b = { .directory = "" };
    char text[40];
    usec_t at;
    bed_charter(&b, events_charter);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(time_parse(rows[i].received, &at));
        struct request_dates d = clock_first(b.charter, at);
        CHECK(d.due == d.law);
        CHECK_TEXT(time_format(d.law, text, sizeof text), rows[i].law);
        CHECK_TEXT(time_format(clock_extended(b.charter, at), text, sizeof text), rows[i].three);
    }
    b.charter = charter_free(b.charter);
    for (size_t i = 0; i < ARRAY_LEN(promises); i++) {
        AUTO(buf_done) struct buf charter = BUF(1u << 16);
        buf_text(&charter, events_charter);
        bed_swap(&charter, "answered within 1 month", promises[i].says);
        bed_charter(&b, buf_str(&charter));
        CHECK(time_parse("2027-01-31T09:00:00Z", &at));
        struct request_dates d = clock_first(b.charter, at);
        CHECK_TEXT(time_format(d.due, text, sizeof text), promises[i].due);
        CHECK_TEXT(time_format(d.law, text, sizeof text), "2027-02-28T23:00:00Z");
        b.charter = charter_free(b.charter);
    }
}

TEST(somebody_is_told_before_a_deadline_and_behind_it) {
    static const char *const at[] = { "2027-02-14T23:00:00Z", "2027-02-25T23:00:00Z", "2027-02-28T07:00:00Z", "2027-02-28T23:00:00Z" };
    struct bed b = { .directory = "" };
    usec_t due, t;
    char text[40];
    bed_charter(&b, events_charter);
    CHECK(time_parse("2027-02-28T23:00:00Z", &due));
    for (int i = 0; i < CLOCK_WARNINGS; i++) {
        CHECK_TEXT(time_format(clock_warning(b.charter, due, i), text, sizeof text), at[i]);
        CHECK(time_parse(at[i], &t));
        CHECK(clock_passed(b.charter, due, t - 1) == i && clock_passed(b.charter, due, t) == i + 1);
    }
    b.charter = charter_free(b.charter);
}

TEST(an_erasure_goes_from_form_to_answer) {
    struct bed b;
    json_t *mistakes = NULL, *o = NULL, *got = NULL;
    bed_start(&b, events_charter);
    struct caller owner = bed_role(&b, b.tenant, "organiser");
    const struct request_by form = { .who = "form" }, anna = { .who = "token 1", .name = "Anna Nowak", .caller = &owner };
    const struct request_desk d = desk(&b);
    struct uuid mine = registered(&b, &owner, "ewa@people.example"), others = registered(&b, &owner, "ola@people.example");
    int64_t n = asked(&b, REQUEST_ERASURE, REQUEST_BY_FORM, "ewa@people.example", &form);
    CHECK_CODE(request_decide(&d, n, NULL, &anna, &mistakes, &b.e), E_CONFLICT, &b.e);          /* nothing before it is known who asks */
    CHECK_CODE(request_collect(&d, n, &anna, &b.e), E_CONFLICT, &b.e);
    CHECK_CODE(request_answer(&d, n, "No.", &anna, &b.e), E_CONFLICT, &b.e);
    CHECK_OK(request_ask_identity(&d, n, -1, NULL, &form, &b.e), &b.e);
    struct mail m = mailed(&b, n);
    CHECK(m.count == 1 && strncmp(m.text, "ewa@people.example\n", 19) == 0 && strstr(m.text, "usunięcie danych") != NULL);
    char link[64];
    snprintf(link, sizeof link, "%s", link_in(&m));
    CHECK_CODE(request_link_look(&d, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &o, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(request_link_look(&d, link, &o, &b.e), &b.e);
    CHECK_TEXT(text_at(o, "for", NULL), "identity");
    json_decref(o);
    in_state(&b, n, "identity");              /* looking proves nothing */
    CHECK_OK(request_link_take(&d, link, &o, &b.e), &b.e);
    json_decref(o);
    CHECK_CODE(request_link_take(&d, link, &o, &b.e), E_NOT_FOUND, &b.e);                        /* once */
    in_state(&b, n, "identified");
    CHECK_OK(request_collect(&d, n, &anna, &b.e), &b.e);
    o = told(&b, n);
    CHECK(json_integer_value(json_object_get(json_object_get(json_object_get(o, "found"), "counts"), "registration")) == 1);
    json_decref(o);
    CHECK_OK(request_decide(&d, n, NULL, &anna, &mistakes, &b.e), &b.e);
    CHECK_CODE(bed_read(&b, &owner, "registration", &mine, &got), E_GONE, &b.e);
    CHECK_OK(bed_read(&b, &owner, "registration", &others, &got), &b.e);
    json_decref(got);
    CHECK_OK(request_answer(&d, n, "Zrobione.", &anna, &b.e), &b.e);
    o = told(&b, n);
    CHECK_TEXT(text_at(o, "state", NULL), "answered");
    CHECK(!json_is_true(json_object_get(o, "late")) && json_array_size(json_object_get(o, "steps")) == 6);
    CHECK_TEXT(text_at(json_object_get(o, "decision"), "granted", NULL), "whole");
    json_decref(o);
    m = mailed(&b, n);
    CHECK(m.count == 2);
    CHECK_CODE(request_withdraw(&d, n, NULL, &anna, &b.e), E_CONFLICT, &b.e);                    /* it has ended */
    bed_end(&b);
}

TEST(a_refusal_needs_ground_reason_and_name) {
    static const struct { enum request_type type; const char *ground, *reason, *name, *field; } rows[] = {
        { REQUEST_ERASURE, NULL, "Because.", "Anna Nowak", "/ground" }, { REQUEST_ERASURE, "because", "Because.", "Anna Nowak", "/ground" },
        { REQUEST_ACCESS, "legal_duty", "Because.", "Anna Nowak", "/ground" },               /* one of another right */
        { REQUEST_ERASURE, "legal_duty", NULL, "Anna Nowak", "/reason" }, { REQUEST_ERASURE, "legal_duty", "  ", "Anna Nowak", "/reason" },
        { REQUEST_ERASURE, "legal_duty", "Because.", NULL, "/name" }, { REQUEST_ERASURE, "legal_duty", "Because.", "", "/name" },
    };
    struct bed b;
    bed_start(&b, events_charter);
    const struct request_desk d = desk(&b);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct request_by by = { .who = "token 1", .name = rows[i].name };
        int64_t n = asked(&b, rows[i].type, REQUEST_BY_API, "ewa@people.example", &by);
        CHECK_CODE(request_refuse(&d, n, rows[i].ground, rows[i].reason, &by, &b.e), E_FIELDS, &b.e);
        CHECK_TEXT(b.e.field, rows[i].field);
        in_state(&b, n, "received");
    }
    const struct request_by by = { .who = "token 1", .name = "Anna Nowak" };
    int64_t n = asked(&b, REQUEST_ERASURE, REQUEST_BY_API, "ewa@people.example", &by);
    CHECK_OK(request_refuse(&d, n, "legal_duty", "Faktury trzymamy pięć lat.", &by, &b.e), &b.e);
    json_t *o = told(&b, n), *refusal = json_object_get(o, "refusal");
    CHECK_TEXT(text_at(refusal, "right", NULL), "erasure");
    CHECK_TEXT(text_at(refusal, "article", NULL), "17(3)(b)");
    CHECK_TEXT(text_at(json_object_get(refusal, "by"), "name", NULL), "Anna Nowak");
    json_decref(o);
    bed_end(&b);
}

static enum code no_letters(void *arg, const struct request_desk *d, int64_t number, int type, usec_t due, int left, struct post_ready **ret, size_t *ret_count, struct err *reterr) {
    (void)d, (void)number, (void)type, (void)due, (void)ret, (void)ret_count, (void)reterr;
    *(int *)arg = *(int *)arg * 100 + left + 2;
    return OK;
}

TEST(more_time_is_taken_once_and_within_the_first_month) {
    struct bed b;
    bed_start(&b, events_charter);
    const struct request_desk d = desk(&b);
    const struct request_by by = { .who = "token 1", .name = "Anna Nowak" };
    const struct request_wish late = { .type = REQUEST_ACCESS, .way = REQUEST_ON_PAPER, .lang = LANG_EN, .name = "Ewa Lis", .kind = -1, .received = clock_now() - 40 * USEC_PER_DAY };
    const struct request_wish tomorrow = { .type = REQUEST_ACCESS, .way = REQUEST_ON_PAPER, .lang = LANG_EN, .name = "Ewa Lis", .kind = -1, .received = clock_now() + 2 * USEC_PER_DAY };
    int64_t n = asked(&b, REQUEST_ACCESS, REQUEST_BY_API, NULL, &by), over = 0;
    int said = 0;
    CHECK_CODE(request_extend(&d, n, NULL, &by, &b.e), E_FIELDS, &b.e);
    CHECK_OK(request_extend(&d, n, "Very many records.", &by, &b.e), &b.e);
    CHECK_CODE(request_extend(&d, n, "Again.", &by, &b.e), E_CONFLICT, &b.e);
    json_t *o = told(&b, n);
    CHECK(json_integer_value(json_object_get(o, "days")) > 80 && strcmp(text_at(o, "state", NULL), "received") == 0);
    json_decref(o);
    CHECK_OK(request_make(&d, &late, &by, &over, &b.e), &b.e);
    CHECK_CODE(request_extend(&d, over, "Too late.", &by, &b.e), E_CONFLICT, &b.e);
    o = told(&b, over);
    CHECK(json_is_true(json_object_get(o, "late")) && json_integer_value(json_object_get(o, "days")) < 0);
    json_decref(o);
    CHECK_CODE(request_make(&d, &tomorrow, &by, &over, &b.e), E_FIELDS, &b.e);
    usec_t due = clock_extended(b.charter, clock_now());
    CHECK_OK(request_tick(&d, n, clock_now(), no_letters, &said, &b.e), &b.e);
    CHECK_INT(said, 0);
    CHECK_OK(request_tick(&d, n, due - 2 * USEC_PER_DAY, no_letters, &said, &b.e), &b.e);       /* nobody ran 14 days before: told as one */
    CHECK_OK(request_tick(&d, n, due - 2 * USEC_PER_DAY, no_letters, &said, &b.e), &b.e);
    CHECK_INT(said, 5);
    CHECK_OK(request_tick(&d, n, due + USEC_PER_DAY, no_letters, &said, &b.e), &b.e);
    CHECK_INT(said, 501);
    bed_end(&b);
}

TEST(a_letter_goes_where_it_is_known_who_asks) {
    struct bed b;
    json_t *mistakes = NULL, *o = NULL;
    bed_start(&b, events_charter);
    struct caller owner = bed_role(&b, b.tenant, "organiser");
    const struct request_by anna = { .who = "token 1", .name = "Anna Nowak", .caller = &owner };
    const struct request_desk d = desk(&b);
    registered(&b, &owner, "ewa@people.example");
    int64_t n = asked(&b, REQUEST_ACCESS, REQUEST_BY_FORM, "somebody.else@people.example", &anna);        /* in Ewa's name */
    CHECK_OK(request_identify(&d, n, "Called back.", "ewa@people.example", NULL, &anna, &b.e), &b.e);
    CHECK_OK(request_collect(&d, n, &anna, &b.e), &b.e);
    CHECK_OK(request_decide(&d, n, NULL, &anna, &mistakes, &b.e), &b.e);
    CHECK_OK(request_answer(&d, n, "Here it is.", &anna, &b.e), &b.e);
    struct mail m = mailed(&b, n);
    CHECK(m.count == 1 && strncmp(m.text, "ewa@people.example\n", 19) == 0);
    CHECK_OK(request_link_look(&d, link_in(&m), &o, &b.e), &b.e);
    CHECK_TEXT(text_at(o, "for", NULL), "archive");
    json_decref(o);
    bed_end(&b);
}

TEST(a_request_is_passed_on_in_one_write_with_what_is_known_of_who_asks) {
    struct bed b;
    json_t *o = NULL, *list = NULL;
    bed_start(&b, events_charter);
    const struct request_by by = { .who = "token 1", .name = "Anna Nowak" };
    const struct request_desk here = desk(&b), there = { .service = b.service, .tenant = b.other };
    int64_t n = asked(&b, REQUEST_ACCESS, REQUEST_BY_FORM, "ewa@people.example", &by), made = 0;
    const int64_t wrong[] = { b.tenant, 999999 };
    CHECK_OK(request_ask_identity(&here, n, -1, NULL, &by, &b.e), &b.e);
    struct mail m = mailed(&b, n);
    CHECK_OK(request_link_take(&here, link_in(&m), &o, &b.e), &b.e);
    json_decref(o);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK_CODE(request_pass(&here, n, "two", "by letter", wrong[i], &by, &made, &b.e), E_FIELDS, &b.e);
    CHECK_CODE(request_pass(&here, n, "two\nlines", "by letter", b.other, &by, &made, &b.e), E_FIELDS, &b.e);
    in_state(&b, n, "identified");
    CHECK_OK(requests_told(&there, INT64_MAX, false, &list, &b.e), &b.e);
    CHECK_INT(json_array_size(json_object_get(list, "items")), 0);                               /* nothing of what failed */
    json_decref(list);
    CHECK_OK(request_pass(&here, n, "two", "by letter", b.other, &by, &made, &b.e), &b.e);
    o = told(&b, n);
    CHECK(json_integer_value(json_object_get(json_object_get(o, "passed"), "number")) == made && made == 1);
    json_decref(o);
    m = mailed(&b, n);
    CHECK(m.count == 2 && strstr(m.text, "Przekazaliśmy Twoje żądanie") != NULL && strstr(m.text, "two") != NULL && strstr(m.text, "/r/") == NULL);
    CHECK_OK(request_told(&there, made, &o, &b.e), &b.e);
    CHECK_TEXT(text_at(o, "state", NULL), "identified");
    CHECK_TEXT(text_at(json_object_get(o, "identity"), "email", NULL), "ewa@people.example");
    json_decref(o);
    CHECK_CODE(request_pass(&here, n, "two", "by letter", b.other, &by, &made, &b.e), E_CONFLICT, &b.e);
    bed_end(&b);
}

TEST(what_nobody_confirmed_lapses_and_warns_nobody) {
    struct bed b;
    json_t *o = NULL;
    int said = 0;
    bed_start(&b, events_charter);
    const struct request_desk d = desk(&b);
    const struct request_by form = { .who = "form" };
    usec_t due = clock_first(b.charter, clock_now()).due;
    int64_t spam = asked(&b, REQUEST_ERASURE, REQUEST_BY_FORM, "ewa@people.example", &form), hers = asked(&b, REQUEST_ERASURE, REQUEST_BY_FORM, "ewa@people.example", &form);
    CHECK_OK(request_ask_identity(&d, spam, -1, NULL, &form, &b.e), &b.e);
    CHECK_OK(request_ask_identity(&d, hers, -1, NULL, &form, &b.e), &b.e);
    struct mail m = mailed(&b, hers);
    CHECK_OK(request_link_take(&d, link_in(&m), &o, &b.e), &b.e);
    json_decref(o);
    CHECK_OK(request_tick(&d, spam, due - USEC_PER_DAY, no_letters, &said, &b.e), &b.e);
    CHECK_INT(said, 0);
    in_state(&b, spam, "identity");
    CHECK_OK(request_tick(&d, spam, due, no_letters, &said, &b.e), &b.e);
    CHECK_INT(said, 0);
    in_state(&b, spam, "withdrawn");
    CHECK_OK(request_tick(&d, hers, due, no_letters, &said, &b.e), &b.e);
    CHECK_INT(said, 1);                       /* late, for she is known */
    in_state(&b, hers, "identified");
    bed_end(&b);
}

TEST(every_right_has_the_same_clock) {
    struct bed b;
    bed_start(&b, events_charter);
    const struct request_desk d = desk(&b);
    const struct request_by by = { .who = "token 1", .name = "Anna Nowak" };
    const usec_t now = clock_now(), old = now - 20 * USEC_PER_DAY;
    for (int type = 0; type < REQUEST_TYPES; type++) {
        const struct request_wish w = { .type = (enum request_type)type, .way = REQUEST_ON_PAPER, .lang = LANG_PL, .name = "Ewa Lis", .kind = -1, .received = old };
        char text[2][40];
        int64_t n = 0;
        CHECK_OK(request_make(&d, &w, &by, &n, &b.e), &b.e);
        json_t *o = told(&b, n);
        CHECK_TEXT(text_at(o, "due", NULL), time_format(clock_first(b.charter, old).law, text[0], sizeof text[0]));
        json_decref(o);
        CHECK_CODE(request_extend(&d, n, " ", &by, &b.e), E_FIELDS, &b.e);
        CHECK_OK(request_extend(&d, n, "Many records.", &by, &b.e), &b.e);
        CHECK_CODE(request_extend(&d, n, "Once more.", &by, &b.e), E_CONFLICT, &b.e);
        o = told(&b, n);
        CHECK_TEXT(text_at(o, "due", NULL), time_format(clock_extended(b.charter, old), text[0], sizeof text[0]));
        CHECK_TEXT(text_at(o, "law", NULL), time_format(clock_first(b.charter, old).law, text[1], sizeof text[1]));
        json_decref(o);
    }
    bed_end(&b);
}

TEST(words_go_when_their_time_is_over) {
    struct bed b;
    bed_start(&b, events_charter);
    const struct request_desk d = desk(&b);
    const struct request_by by = { .who = "token 1", .name = "Anna Nowak" };
    int64_t n = asked(&b, REQUEST_ACCESS, REQUEST_BY_API, "ewa@people.example", &by), made = 0;
    int said = 0;
    json_t *list = NULL;
    CHECK_OK(request_pass(&d, n, "two", "by letter", b.other, &by, &made, &b.e), &b.e);
    CHECK_INT(made, 1);                       /* the other's first, with the day on which it came */
    CHECK_OK(request_tick(&d, n, clock_now() + 2 * 366 * USEC_PER_DAY, no_letters, &said, &b.e), &b.e);
    json_t *o = told(&b, n);
    CHECK(json_object_get(o, "erased") == NULL && strcmp(text_at(o, "state", NULL), "passed") == 0);
    json_decref(o);
    CHECK_OK(request_tick(&d, n, clock_now() + 4 * 366 * USEC_PER_DAY, no_letters, &said, &b.e), &b.e);
    o = told(&b, n);
    CHECK(json_is_true(json_object_get(o, "erased")) && json_object_get(o, "person") == NULL && json_object_get(o, "steps") != NULL);
    json_decref(o);
    CHECK_OK(requests_told(&d, INT64_MAX, false, &list, &b.e), &b.e);
    CHECK(json_array_size(json_object_get(list, "items")) == 1);
    json_decref(list);
    CHECK_OK(requests_told(&d, INT64_MAX, true, &list, &b.e), &b.e);
    CHECK(json_array_size(json_object_get(list, "items")) == 0);
    json_decref(list);
    bed_end(&b);
}

TEST(a_private_link_proves_its_own_record_alone) {
    struct bed b;
    json_t *o = NULL, *mistakes = NULL, *list = NULL;
    bed_start(&b, events_charter);
    struct caller owner = bed_role(&b, b.tenant, "organiser");
    const struct request_by link = { .who = "link 1" }, anna = { .who = "token 1", .name = "Anna Nowak", .caller = &owner };
    const struct request_desk d = desk(&b);
    struct uuid mine = registered(&b, &owner, "ewa@people.example"), others = registered(&b, &owner, "ola@people.example");
    int kind = charter_kind(b.charter, "registration");
    char id[UUID_TEXT], record[80];
    int64_t n = 0;
    const struct request_wish w = { .type = REQUEST_RECTIFICATION, .way = REQUEST_BY_LINK, .lang = LANG_HU, .text = "Lis-Nowak", .kind = kind, .id = mine };
    CHECK_OK(request_make(&d, &w, &link, &n, &b.e), &b.e);
    in_state(&b, n, "identified");
    CHECK_OK(requests_of(&d, kind, &mine, &list, &b.e), &b.e);
    CHECK_INT(json_array_size(list), 1);
    json_decref(list);
    CHECK_OK(requests_of(&d, kind, &others, &list, &b.e), &b.e);
    CHECK_INT(json_array_size(list), 0);
    json_decref(list);
    CHECK_OK(request_collect(&d, n, &anna, &b.e), &b.e);
    snprintf(record, sizeof record, "registration/%s", uuid_format(&others, id));
    json_t *what = json_pack("{s:[{s:s, s:{s:s}}]}", "changes", "record", record, "fields", "name", "Ewa Lis-Nowak");
    CHECK_CODE(request_decide(&d, n, what, &anna, &mistakes, &b.e), E_FIELDS, &b.e);            /* somebody else's */
    json_decref(what);
    snprintf(record, sizeof record, "registration/%s", uuid_format(&mine, id));
    what = json_pack("{s:[{s:s, s:{s:s}}]}", "changes", "record", record, "fields", "name", "Ewa Lis-Nowak");
    CHECK_OK(request_decide(&d, n, what, &anna, &mistakes, &b.e), &b.e);
    json_decref(what);
    CHECK_OK(bed_read(&b, &owner, "registration", &mine, &o), &b.e);
    CHECK_TEXT(text_at(o, "fields", "name"), "Ewa Lis-Nowak");
    json_decref(o);
    bed_end(&b);
}

/* A letter in each language; on paper it is looked at where SEJF_PAPERS names a directory. */
static void paper(struct bed *b, int64_t number, enum paper what, const char *name) {
    AUTO(buf_done) struct buf pdf = BUF(1u << 22);
    const struct request_desk d = desk(b);
    const char *directory = getenv("SEJF_PAPERS");
    char path[256];
    CHECK_OK(paper_request(&d, number, what, 1, &pdf, &b->e), &b->e);
    CHECK(pdf.len > 2000 && memcmp(pdf.data, "%PDF-", 5) == 0);
    if (directory == NULL)
        return;
    snprintf(path, sizeof path, "%s/%s.pdf", directory, name);
    FILE *f = fopen(path, "we");
    CHECK(f != NULL && fwrite(pdf.data, 1, pdf.len, f) == pdf.len && fclose(f) == 0);
}

/* Does the newest letter say that? */
static bool paper_says(struct bed *b, int64_t number, const char *text) {
    AUTO(buf_done) struct buf pdf = BUF(1u << 22), plain = BUF(1u << 16);
    const struct request_desk d = desk(b);
    char path[] = "/tmp/sejf-letter-XXXXXX", to[sizeof path + 4], piece[4096];
    int fd = mkostemp(path, O_CLOEXEC), status = -1;
    CHECK_OK(paper_request(&d, number, PAPER_NEWEST, 0, &pdf, &b->e), &b->e);
    CHECK(fd >= 0 && write(fd, pdf.data, pdf.len) == (ssize_t)pdf.len && close(fd) == 0);
    snprintf(to, sizeof to, "%s.txt", path);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("pdftotext", "pdftotext", path, to, (char *)NULL);
        _exit(127);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    FILE *f = fopen(to, "re");
    CHECK(f != NULL);
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_add(&plain, piece, n);
    CHECK(fclose(f) == 0 && unlink(path) == 0 && unlink(to) == 0);
    return strstr(buf_str(&plain), text) != NULL;
}

TEST(a_letter_never_says_that_nothing_was_held_where_it_was_erased) {
    struct bed b;
    json_t *mistakes = NULL;
    bed_start(&b, events_charter);
    struct caller owner = bed_role(&b, b.tenant, "organiser");
    const struct request_by anna = { .who = "token 1", .name = "Anna Nowak", .caller = &owner };
    const struct request_desk d = desk(&b);
    for (int held = 0; held < 2; held++) {
        struct uuid mine = { { 0 } };
        if (held)
            mine = registered(&b, &owner, "ewa@people.example");
        int64_t n = asked(&b, REQUEST_ERASURE, REQUEST_ON_PAPER, "ewa@people.example", &anna);
        CHECK_OK(request_identify(&d, n, "Called back.", NULL, NULL, &anna, &b.e), &b.e);
        CHECK_OK(request_collect(&d, n, &anna, &b.e), &b.e);
        const struct record_request q = { .who = &owner, .kind = charter_kind(b.charter, "registration"), .id = mine, .if_match = -1 };
        json_t *reply = NULL;
        if (held)                              /* as if a server had been killed between erasing and recording */
            CHECK_OK(record_erase(b.service, &q, &reply, &b.e), &b.e);
        json_decref(reply);
        CHECK_OK(request_decide(&d, n, NULL, &anna, &mistakes, &b.e), &b.e);
        CHECK_OK(request_answer(&d, n, NULL, &anna, &b.e), &b.e);
        CHECK(paper_says(&b, n, "Nie przechowywaliśmy żadnych danych") == !held && paper_says(&b, n, "Usunięto: ") == (held == 1));
    }
    bed_end(&b);
}

TEST(an_invoice_outlives_its_person_and_the_letter_says_so) {
    static const struct { enum lang lang; const char *reason, *name; } rows[] = {
        { LANG_PL, "Faktury przechowujemy pięć lat, licząc od końca roku, w którym je wystawiono.", "pl" },
        { LANG_EN, "Invoices are kept for five years after the end of the year in which they were issued.", "en" },
        { LANG_HU, "A számlákat a kiállítás évének végétől számított öt évig megőrizzük.", "hu" } };
    struct bed b;
    json_t *mistakes = NULL, *got = NULL;
    char id[UUID_TEXT], name[32];
    AUTO(buf_done) struct buf charter = BUF(1u << 16);
    buf_text(&charter, events_charter);
    bed_swap(&charter, "      buyer: personal text\n", "      buyer: personal text\n      email: personal email, found exactly\n");
    bed_start(&b, buf_str(&charter));
    struct caller owner = bed_role(&b, b.tenant, "organiser");
    const struct request_by anna = { .who = "token 1", .name = "Anna Nowak", .caller = &owner };
    const struct request_desk d = desk(&b);
    CHECK(authority_of(b.charter) != NULL && strcmp(authority_of(b.charter)->country, "PL") == 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct uuid mine = registered(&b, &owner, "ewa@people.example"), event = { { 0 } };
        int64_t n = 0, refused = 0;
        CHECK_OK(bed_read(&b, &owner, "registration", &mine, &got), &b.e);
        CHECK(uuid_parse(text_at(got, "fields", "event"), &event));
        json_decref(got);
        CHECK_OK(bed_make(&b, &owner, "invoice", json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "event", uuid_format(&event, id), "issued", "2026-11-02", "buyer", "Ewa Lis", "email",
                                                           "ewa@people.example", "total", "amount", "120.00", "currency", "PLN"), &got), &b.e);
        json_decref(got);
        const struct request_wish w = { .type = REQUEST_ERASURE, .way = REQUEST_ON_PAPER, .lang = rows[i].lang, .name = "Ewa Lis", .email = "ewa@people.example", .kind = -1,
                                        .address = "ul. Długa 7 m. 3\n80-827 Gdańsk", .text = "Proszę usunąć moje dane." };
        CHECK_OK(request_make(&d, &w, &anna, &n, &b.e), &b.e);
        snprintf(name, sizeof name, "received-%s", rows[i].name);
        paper(&b, n, PAPER_NEWEST, name);
        CHECK_CODE(paper_request(&d, n, PAPER_ANSWERED, 0, &charter, &b.e), E_CONFLICT, &b.e);
        CHECK_OK(request_identify(&d, n, "Okazała dowód osobisty.", NULL, NULL, &anna, &b.e), &b.e);
        CHECK_OK(request_collect(&d, n, &anna, &b.e), &b.e);
        CHECK_OK(request_extend(&d, n, rows[i].reason, &anna, &b.e), &b.e);
        snprintf(name, sizeof name, "extended-%s", rows[i].name);
        paper(&b, n, PAPER_NEWEST, name);
        CHECK_OK(request_decide(&d, n, NULL, &anna, &mistakes, &b.e), &b.e);
        json_t *o = told(&b, n);
        CHECK_TEXT(text_at(json_object_get(o, "decision"), "granted", NULL), "in part");
        CHECK(json_array_size(json_object_get(json_object_get(json_object_get(o, "decision"), "done"), "stayed")) == i + 1);
        json_t *kept = json_object_get(json_object_get(json_object_get(o, "decision"), "done"), "kept");
        CHECK(json_array_size(kept) == 1 && json_integer_value(json_object_get(json_array_get(kept, 0), "count")) == (json_int_t)i + 1);
        json_decref(o);
        CHECK_OK(request_answer(&d, n, rows[i].reason, &anna, &b.e), &b.e);
        snprintf(name, sizeof name, "answered-%s", rows[i].name);
        paper(&b, n, PAPER_NEWEST, name);
        CHECK_OK(request_make(&d, &w, &anna, &refused, &b.e), &b.e);
        CHECK_OK(request_refuse(&d, refused, "legal_duty", rows[i].reason, &anna, &b.e), &b.e);
        snprintf(name, sizeof name, "refused-%s", rows[i].name);
        paper(&b, refused, PAPER_REFUSED, name);
    }
    bed_end(&b);
}
