/* torture_test.c — messages with the n-th allocation failing: each is queued, made, left, heard or told of whole, with an answer that says so, or not at all and with an
 * error; what is answered is what is stored. */
#include "base/jsontext.h"
#include "base/torture.h"
#include "messages/campaign.h"
#include "messages/compose.h"
#include "messages/dkim.h"
#include "messages/heard.h"
#include "messages/outgoing.h"
#include "messages/preview.h"
#include "messages/sendbed.h"
#include "messages/suppress.h"
#include "messages/unsubscribe.h"
#include "messages/verp.h"

#define MANY_A_DAY "messages:\n  email: only to participant of the same event, at most 1000 a day for each person\n  sms: never\n"
#define DOMAIN "bounces.seats.example"
struct scene { struct sendbed d; struct uuid person; int64_t made; struct letter_row row; struct mail_heard heard; struct unsubscribe leave; char to[320]; uint8_t who[WHO_SIZE]; struct dkim *dkim; };

static void scene_start(struct scene *s) {
    *s = (struct scene){ .made = 0 };
    send_start(&s->d, MANY_A_DAY);
    s->person = send_person(&s->d, &s->d.event, "ewa@people.example");
    CHECK_OK(who_of(s->d.b.service, s->d.b.tenant, CHANNEL_EMAIL, "ewa@people.example", s->who, &s->d.b.e), &s->d.b.e);
}
static enum code told(struct buf *outcome, json_t *o, enum code code, struct err *reterr) {
    if (code == OK)
        json_text_add(outcome, o);
    json_decref(o);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the test") : code;
}

/* ---- queued */

static bool count_one(const struct letter_row *r UNUSED, void *arg) {
    ++*(int64_t *)arg;
    return true;
}
static int64_t letters_of(struct scene *s, const char *cause) {
    AUTO(view_end) struct view *v = NULL;
    int64_t n = 0;
    CHECK_OK(store_view(s->d.b.store, s->d.b.tenant, &v, &s->d.b.e), &s->d.b.e);
    CHECK_OK(letters_about(view_sql(v), cause, 0, count_one, &n, &s->d.b.e), &s->d.b.e);
    return n;
}

static enum code queue(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    const struct message_wish w = send_wish(&s->d, &s->person);
    struct message_result r = { 0 };
    size_t bad = 99;
    enum code code = messages_send(s->d.b.service, s->d.b.tenant, &w, 1, &r, NULL, NULL, &bad, reterr);
    CHECK(code != OK || r.queued);
    return code;
}
static bool queued(void *arg, enum code code) {
    struct scene *s = arg;
    int64_t n = letters_of(s, "api");
    bool fine = n == s->made + (code == OK);
    s->made = n;
    return fine;
}

TEST(a_message_is_queued_whole_or_not_at_all) {
    struct scene s;
    scene_start(&s);
    CHECK(torture(&(struct torture){ .name = "messages_send", .call = queue, .check = queued, .arg = &s, .reach = TORTURE_ALL, .stride = 2 }));
    bed_end(&s.d.b);
}

/* ---- made */

static bool row_take(const struct letter_row *r, void *arg) {
    struct scene *s = arg;
    s->row = *r;
    s->row.cause = "api";
    s->row.purpose = "running the event";
    s->row.said = s->row.receipt = "";
    s->row.blob = NULL;
    s->row.len = 0;
    s->row.key = 0;
    return false;
}
static enum code make(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    AUTO(outgoing_done) struct outgoing o = OUTGOING;
    struct gate_verdict v = { 0 };
    enum code code = outgoing_make(s->d.b.service, s->d.b.tenant, &s->row, &o, &v, reterr);
    if (code == OK)
        buf_printf(outcome, "%d %s %s|%s|%s|%s", v.passes, o.to, o.masked, buf_str(&o.subject), buf_str(&o.text), buf_str(&o.html));
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the test") : code;
}
static enum code mail(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    AUTO(outgoing_done) struct outgoing o = OUTGOING;
    AUTO(buf_done) struct buf message = BUF(1u << 20);
    const struct compose_way way = { .from = "service@seats.example", .from_name = "Seats", .dkim = s->dkim };
    buf_text(&o.subject, "Zażółć");
    buf_text(&o.text, "Hello\n");
    buf_text(&o.html, "<p>Hello</p>\n");
    buf_text(&o.headers, "List-Id: <a.seats.example>\r\n");
    snprintf(o.to, sizeof o.to, "ewa@people.example");
    if (o.subject.failed || o.text.failed || o.html.failed || o.headers.failed)
        return err_set(reterr, E_MEMORY, "no memory for the test");
    enum code code = compose_mail(&way, &s->row, &o, &message, reterr);
    if (code == OK)
        buf_text(outcome, strstr(buf_str(&message), "\r\nSubject: "));
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the test") : code;
}
static enum code preview(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    char id[UUID_TEXT];
    json_t *body = json_pack("{s:s, s:s}", "id", uuid_format(&s->person, id), "lang", "pl"), *o = NULL;
    const struct mail_brand brand = { .name = "Seats" };
    if (body == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the test");
    enum code code = template_preview(s->d.b.service, &s->d.boss, "news", body, &brand, &o, reterr);
    json_decref(body);
    return told(outcome, o, code, reterr);
}

TEST(a_text_is_made_whole_or_not_at_all) {
    struct scene s;
    struct rsa_key *key = NULL;
    AUTO(buf_wipe) struct buf pem = BUF(10000);
    scene_start(&s);
    const int64_t text = send_text(&s.d, "{\"kind\": \"registration\", \"pl\": {\"subject\": \"{{event.title}}\", \"text\": \"# Witaj {{name}}\\n\\n- {{event.starts}}\\n\\n[x](https://a.example/{{name}})\"}}");
    struct message_wish w = send_wish(&s.d, &s.person);
    struct message_result r;
    w.subject = w.text = NULL;
    w.template = text;
    CHECK_TEXT(send_try(&s.d, &w, &r), "");
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(s.d.b.store, s.d.b.tenant, &v, &s.d.b.e), &s.d.b.e);
    CHECK_OK(letters_about(view_sql(v), "api", 0, row_take, &s, &s.d.b.e), &s.d.b.e);
    v = view_end(v);
    CHECK(torture(&(struct torture){ .name = "outgoing_make", .call = make, .arg = &s }));
    CHECK(torture(&(struct torture){ .name = "template_preview", .call = preview, .arg = &s, .uncounted = true }));
    CHECK_OK(rsa_make(&pem, &s.d.b.e), &s.d.b.e);
    CHECK_OK(rsa_read(pem.data, pem.len, &key, &s.d.b.e), &s.d.b.e);
    CHECK_OK(dkim_new("seats.example", "s2026", key, &s.dkim, &s.d.b.e), &s.d.b.e);
    CHECK(torture(&(struct torture){ .name = "compose_mail, signed", .call = mail, .arg = &s }));
    s.dkim = dkim_free(s.dkim);
    bed_end(&s.d.b);
}

/* ---- what comes back */

static int64_t counted(struct scene *s, const char *reason) {
    json_t *o = NULL;
    CHECK_OK(suppressions_of(s->d.b.service, s->d.b.tenant, CHANNEL_EMAIL, s->who, &o, &s->d.b.e), &s->d.b.e);
    int64_t n = json_integer_value(json_object_get(json_object_get(o, "counts"), reason));
    json_decref(o);
    return n;
}
static enum code service_of(void *arg, int64_t tenant UNUSED, struct service **ret, struct err *reterr UNUSED) {
    *ret = ((struct scene *)arg)->d.b.service;
    return OK;
}
static enum code went(struct txn *t, void *arg, struct err *reterr) { return letter_who_put(t, arg, reterr); }
/* A further letter that went, and the address that its bounces come to. */
static void next_letter(struct scene *s) {
    struct letter_who w = { .letter = uuid_new(), .channel = CHANNEL_EMAIL };
    memcpy(w.who, s->who, sizeof w.who);
    CHECK_OK(store_write(s->d.b.store, s->d.b.tenant, went, &w, &s->d.b.e), &s->d.b.e);
    CHECK_OK(verp_make(s->d.b.service, s->d.b.tenant, &w.letter, DOMAIN, s->to, &s->d.b.e), &s->d.b.e);
}

static const char dsn[] = "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nUmVwb3J0aW5nLU1UQTogZG5zOyBteAoKRmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGEKQWN0aW9uOiBmYWlsZWQKU3RhdHVzOiA1LjEuMQpEaWFnbm9zdGljLUNvZGU6IHNtdHA7IDU1MCA1LjEuMSB1c2VyIHVua25vd24K\r\n--b--\r\n";
static const char arf[] = "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n--b--\r\n";

static enum code hear_one(struct scene *s, const char *message, struct err *reterr) {
    enum mail_heard_end end = mail_heard(&s->heard, s->to, message, strlen(message), reterr);
    return end == MAIL_HEARD_TAKEN ? OK : end == MAIL_HEARD_NOBODY ? err_set(reterr, E_INVALID, "an address of ours was called nobody's") : reterr->code;
}
static enum code bounce(void *arg, struct buf *outcome UNUSED, struct err *reterr) { return hear_one(arg, dsn, reterr); }
static enum code complain(void *arg, struct buf *outcome UNUSED, struct err *reterr) { return hear_one(arg, arf, reterr); }

/* "Taken" is said of what was written down. */
static bool heard_so(struct scene *s, enum code code, const char *reason, enum suppress_reason number) {
    bool fine = counted(s, reason) == (code == OK);
    int64_t gone;
    const struct suppress_wish w = { .tenant = s->d.b.tenant, .channel = CHANNEL_EMAIL, .reason = number, .by = "token 1", .why = "a mistake" };
    struct suppress_wish one = w;
    memcpy(one.who, s->who, sizeof one.who);
    CHECK_OK(suppress_lift(s->d.b.service, &one, LIFTED_BY_NAMED, &gone, &s->d.b.e), &s->d.b.e);
    next_letter(s);
    return fine;
}
static bool bounced(void *arg, enum code code) { return heard_so(arg, code, "dead address", SUPPRESS_DEAD); }
static bool complained(void *arg, enum code code) { return heard_so(arg, code, "complaint", SUPPRESS_COMPLAINT); }

TEST(what_is_answered_to_a_bounce_is_what_was_written) {
    struct scene s;
    scene_start(&s);
    s.heard = (struct mail_heard){ s.d.b.keeper, DOMAIN, service_of, &s };
    next_letter(&s);
    CHECK(torture(&(struct torture){ .name = "a bounce", .call = bounce, .check = bounced, .arg = &s, .reach = TORTURE_ALL }));
    CHECK(torture(&(struct torture){ .name = "a complaint", .call = complain, .check = complained, .arg = &s, .reach = TORTURE_ALL }));
    bed_end(&s.d.b);
}

/* ---- leaving a list */

static enum code leave(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    AUTO(buf_done) struct buf token = BUF(4096);
    struct unsubscribe u;
    enum code code = unsubscribe_token(s->d.b.service, &s->leave, &token, reterr);
    if (code == OK)
        code = unsubscribe_read(s->d.b.service, buf_str(&token), &u, reterr);
    return code == OK ? unsubscribe_do(s->d.b.service, &u, "link", reterr) : code;
}
static bool left(void *arg, enum code code) {
    struct scene *s = arg;
    enum unsubscribed now = UNSUBSCRIBED_NOT;
    CHECK_OK(unsubscribe_done(s->d.b.service, &s->leave, &now, &s->d.b.e), &s->d.b.e);
    bool done = now != UNSUBSCRIBED_NOT;
    if (done)
        CHECK_OK(unsubscribe_undo(s->d.b.service, &s->leave, "link", &s->d.b.e), &s->d.b.e);
    return done || code != OK;               /* one that failed half-way is done anew: "left" is never said of what is not */
}
static enum code list(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    json_t *o = NULL;
    enum code code = suppressions_told(s->d.b.service, s->d.b.tenant, USEC_NEVER, 10, &o, reterr);
    return told(outcome, o, code, reterr);
}

TEST(who_leaves_has_left_or_is_told) {
    struct scene s;
    bool fresh;
    scene_start(&s);
    s.leave = (struct unsubscribe){ .tenant = s.d.b.tenant, .channel = CHANNEL_EMAIL, .kind = service_kind(s.d.b.service, charter_kind(s.d.b.charter, "registration"))->number, .record = s.person,
                                    .scope = s.d.event, .purpose = "sending offers" };
    memcpy(s.leave.who, s.who, sizeof s.who);
    CHECK(torture(&(struct torture){ .name = "unsubscribe_do", .call = leave, .check = left, .arg = &s, .reach = TORTURE_ALL, .stride = 2 }));
    struct suppress_wish w = { .tenant = s.d.b.tenant, .channel = CHANNEL_EMAIL, .list = "", .reason = SUPPRESS_HAND, .by = "token 1" };
    memcpy(w.who, s.who, sizeof w.who);
    CHECK_OK(suppress(s.d.b.service, &w, &fresh, &s.d.b.e), &s.d.b.e);
    CHECK(torture(&(struct torture){ .name = "suppressions_told", .call = list, .arg = &s }));
    bed_end(&s.d.b);
}

/* ---- campaigns */

static int64_t campaigns(struct scene *s) {
    json_t *o = NULL;
    CHECK_OK(campaigns_told(s->d.b.service, &s->d.boss, INT64_MAX, 1, &o, &s->d.b.e), &s->d.b.e);
    int64_t n = json_integer_value(json_object_get(json_array_get(json_object_get(o, "items"), 0), "number"));
    json_decref(o);
    return n;
}
static enum code begin(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    int64_t number;
    json_t *where = json_pack("{s:{s:s}}", "name", "word", "ewa");
    if (where == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the test");
    const struct campaign_wish w = { .channel = CHANNEL_EMAIL, .kind = charter_kind(s->d.b.charter, "registration"), .scope = s->d.event, .where = where, .template_name = "news", .at = send_noon(&s->d) };
    enum code code = campaign_make(s->d.b.service, &s->d.boss, &w, NULL, NULL, &number, reterr);
    json_decref(where);
    return code;
}
static bool begun(void *arg, enum code code) {
    struct scene *s = arg;
    int64_t n = campaigns(s);
    bool fine = n == s->made + (code == OK);
    s->made = n;
    return fine;
}
TEST(a_campaign_stands_whole_or_not_at_all) {
    struct scene s;
    scene_start(&s);
    (void)send_text(&s.d, "{\"kind\": \"registration\", \"pl\": {\"subject\": \"a\", \"text\": \"b\"}}");
    CHECK(torture(&(struct torture){ .name = "campaign_make", .call = begin, .check = begun, .arg = &s, .reach = TORTURE_ALL, .stride = 2 }));
    bed_end(&s.d.b);
}
