/* sms_way_test.c — what a request to a provider holds, and what each answer means, by the descriptions that are shipped and by one of an author's own. */
#include "messages/sms_way.c"

#include "base/test.h"

/* A provider that answers as it is told, and remembers what it was asked. */
struct double_of { int status; const char *body; enum code fails; bool left; char method[8], url[200], asked[4096], auth[200]; int calls; };

static enum code double_fetch(void *arg, const struct fetch_request *r, struct fetch_reply *ret, struct err *e) {
    struct double_of *d = arg;
    d->calls++;
    snprintf(d->method, sizeof d->method, "%s", r->method);
    snprintf(d->url, sizeof d->url, "%s", r->url);
    snprintf(d->asked, sizeof d->asked, "%.*s", (int)r->body_len, r->body == NULL ? "" : (const char *)r->body);
    d->auth[0] = 0;
    for (size_t i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, "Authorization") == 0)
            snprintf(d->auth, sizeof d->auth, "%s", r->headers[i].value);
    if (d->fails != OK) {
        *r->ret_left = d->left;
        return err_set(e, d->fails, "api.example did not answer in time");
    }
    ret->status = d->status;
    buf_text(&ret->body, d->body);
    return OK;
}

static enum code lets(void *arg, struct err *e) {
    int *count = arg;
    ++*count;
    return *count >= 0 ? OK : err_set(e, E_CONFLICT, "not now");
}

static struct sms_provider provider_of(const char *name, bool token) {
    return (struct sms_provider){ .shape = sms_shape_find(name), .user = token ? NULL : "seats", .token = token, .sender = "Seats" };
}
static struct sms_client *client_of(const struct sms_provider *p, struct double_of *d) {
    struct sms_client *c = NULL;
    struct err e;
    CHECK_OK(sms_open(&(struct sms_options){ .provider = p, .secret = "s3cret", .fetch = double_fetch, .arg = d }, &c, &e), &e);
    return c;
}

static const struct uuid letter_id = { { 1, 0x9a, 3, 4, 5, 6, 0x70, 8, 0x89, 10, 11, 12, 13, 14, 15, 0xff } };
#define REFERENCE "019a0304050670088" "90a0b0c0d0e0ffft2a"
static const struct sms_letter letter = { .tenant = 42, .to = "+48500600700", .text = "Wizyta 14:30 \"jutro\"", .parts = 1 };
static struct sms_letter the_letter(void) {
    struct sms_letter l = letter;
    l.id = letter_id;
    return l;
}

TEST(a_reference_leads_back) {
    char text[SMS_REFERENCE];
    int64_t tenant = 0;
    struct uuid id;
    sms_reference(42, &letter_id, text);
    CHECK_TEXT(text, REFERENCE);
    CHECK(sms_reference_read(text, strlen(text), &tenant, &id) && tenant == 42 && uuid_compare(&id, &letter_id) == 0);
    sms_reference(INT64_MAX >> 8, &letter_id, text);
    CHECK(strlen(text) <= 50 && sms_reference_read(text, strlen(text), &tenant, &id) && tenant == INT64_MAX >> 8);
    static const char *const bad[] = { "", "019a", "019a030405067008890a0b0c0d0e0ffft", "019a030405067008890a0b0c0d0e0fff-2a", "019a030405067008890a0b0c0d0e0ffft2G", "zz9a030405067008890a0b0c0d0e0ffft2a",
                                       "019a030405067008890a0b0c0d0e0ffft1234567890123456" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!sms_reference_read(bad[i], strlen(bad[i]), &tenant, &id));
}

TEST(number_and_text_stand_in_the_body_alone) {
    static const struct { const char *name; bool token; const char *url, *auth, *body; } rows[] = {
        { "smsapi", true, "https://api.smsapi.pl:443/sms.do", "Bearer s3cret",
          "{\"to\":\"48500600700\",\"message\":\"Wizyta 14:30 \\\"jutro\\\"\",\"from\":\"Seats\",\"format\":\"json\",\"encoding\":\"utf-8\",\"idx\":\"" REFERENCE "\",\"check_idx\":\"1\",\"max_parts\":1}" },
        { "serwersms", true, "https://api2.serwersms.pl:443/messages/send_sms", "Bearer s3cret",
          "{\"phone\":\"+48500600700\",\"text\":\"Wizyta 14:30 \\\"jutro\\\"\",\"sender\":\"Seats\",\"utf\":false,\"details\":true,\"unique_id\":\"" REFERENCE "\"}" },
        { "serwersms", false, "https://api2.serwersms.pl:443/messages/send_sms", "",
          "{\"username\":\"seats\",\"password\":\"s3cret\",\"phone\":\"+48500600700\",\"text\":\"Wizyta 14:30 \\\"jutro\\\"\",\"sender\":\"Seats\",\"utf\":false,\"details\":true,\"unique_id\":\"" REFERENCE "\"}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct double_of d = { .status = 200, .body = "{}" };
        const struct sms_provider p = provider_of(rows[i].name, rows[i].token);
        AUTO(sms_close) struct sms_client *c = client_of(&p, &d);
        const struct sms_letter l = the_letter();
        struct sms_reply r;
        struct err e;
        bool went = false;
        int goes = 0;
        CHECK_OK(sms_client_way(c)->send(c, &l, lets, &goes, &went, &r, &e), &e);
        CHECK(went && goes == 1 && d.calls == 1);
        CHECK_TEXT(d.method, "POST");
        CHECK_TEXT(d.url, rows[i].url);
        CHECK_TEXT(d.auth, rows[i].auth);
        CHECK_TEXT(d.asked, rows[i].body);
        goes = -5;
        CHECK_INT(sms_client_way(c)->send(c, &l, lets, &goes, &went, &r, &e), E_CONFLICT);
        CHECK(!went && d.calls == 1);        /* what may not go does not */
    }
}

#define QUEUED "{\"count\":1,\"list\":[{\"id\":\"1460969715572091219\",\"points\":0.16,\"number\":\"48500600700\",\"status\":\"QUEUE\",\"error\":null,\"idx\":\"x\"}]}"
#define ITEM(state) "{\"success\":true,\"queued\":1,\"unsent\":0,\"items\":[{\"id\":\"aca3944055\",\"phone\":\"+48500600700\",\"status\":\"" state "\"}]}"
#define FAULT(code) "{\"error\":{\"code\":" code ",\"type\":\"T\",\"message\":\"it says so\"}}"
TEST(what_each_answer_means) {
    static const struct { const char *name; int status; const char *body; enum mail_outcome want; int code; const char *said; } rows[] = {
        { "smsapi", 200, QUEUED, MAIL_SENT, 200, "taken" },
        { "smsapi", 200, "{\"error\":53,\"message\":\"Not unique idx\"}", MAIL_SENT, 53, "it had taken this reference already" },
        { "smsapi", 200, "{\"invalid_numbers\":[{\"number\":\"48500600700\",\"message\":\"Invalid phone number\"}],\"error\":13,\"message\":\"No correct phonenumbers 48500600700\"}", MAIL_REFUSED, 13,
          "No correct phonenumbers 48*******00" },
        { "smsapi", 401, "{\"error\":101,\"message\":\"Authorization failed\"}", MAIL_RELAY, 101, "Authorization failed" },
        { "smsapi", 200, "{\"error\":103,\"message\":\"Insufficient credits\"}", MAIL_RELAY, 103, "Insufficient credits" },
        { "smsapi", 200, "{\"error\":52,\"message\":\"Too many attempts\"}", MAIL_LATER, 52, "Too many attempts" },
        { "smsapi", 200, "{\"error\":4711,\"message\":\"Something new\"}", MAIL_LATER, 4711, "Something new" },
        { "smsapi", 429, "slow down", MAIL_RELAY, 429, "HTTP 429" }, { "smsapi", 503, "", MAIL_RELAY, 503, "HTTP 503" },
        { "smsapi", 500, "<h1>oops</h1>", MAIL_IN_DOUBT, 500, "HTTP 500" }, { "smsapi", 502, QUEUED, MAIL_IN_DOUBT, 502, "QUEUE" },
        { "smsapi", 200, "", MAIL_IN_DOUBT, 200, "HTTP 200" }, { "smsapi", 200, "<html>", MAIL_IN_DOUBT, 200, "HTTP 200" }, { "smsapi", 200, "[]", MAIL_IN_DOUBT, 200, "HTTP 200" },
        { "smsapi", 301, "", MAIL_RELAY, 301, "HTTP 301" }, { "smsapi", 404, "", MAIL_RELAY, 404, "HTTP 404" }, { "smsapi", 400, "", MAIL_LATER, 400, "HTTP 400" },
        { "smsapi", 200, "{\"error\":14,\"message\":\"he wrote Wizyta 14:30 \\\"jutro\\\" to him\"}", MAIL_RELAY, 14, "HTTP 200, code 14" },     /* the text stays out */
        { "serwersms", 200, ITEM("queued"), MAIL_SENT, 200, "taken" }, { "serwersms", 200, ITEM("unsent"), MAIL_LATER, 200, "unsent" },
        { "serwersms", 200, FAULT("1001"), MAIL_RELAY, 1001, "it says so" }, { "serwersms", 200, FAULT("2001"), MAIL_REFUSED, 2001, "it says so" },
        { "serwersms", 200, FAULT("3002"), MAIL_RELAY, 3002, "it says so" }, { "serwersms", 200, FAULT("3999"), MAIL_LATER, 3999, "it says so" },
        { "serwersms", 200, "{\"success\":true,\"items\":[]}", MAIL_IN_DOUBT, 200, "HTTP 200" },
        /* what it has taken is in doubt, and never said to have failed, whatever word of its own it has for that */
        { "serwersms", 200, ITEM("scheduled"), MAIL_IN_DOUBT, 200, "scheduled" }, { "serwersms", 201, ITEM("scheduled"), MAIL_IN_DOUBT, 201, "scheduled" }, { "serwersms", 400, ITEM("scheduled"), MAIL_IN_DOUBT, 400, "scheduled" },
        { "smsapi", 200, "{\"count\":1,\"list\":[{\"id\":\"1460969715572091219\",\"status\":\"PLANNED\",\"error\":null}]}", MAIL_IN_DOUBT, 200, "PLANNED" },
        { "smsapi", 200, "{\"error\":0.0,\"list\":[{\"id\":\"1460969715572091219\"}]}", MAIL_SENT, 200, "taken" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct double_of d = { .status = rows[i].status, .body = rows[i].body };
        const struct sms_provider p = provider_of(rows[i].name, true);
        AUTO(sms_close) struct sms_client *c = client_of(&p, &d);
        const struct sms_letter l = the_letter();
        struct sms_reply r;
        struct err e;
        bool went;
        int goes = 0;
        CHECK_OK(out_send(c, &l, lets, &goes, &went, &r, &e), &e);
        if (r.mail.outcome != rows[i].want)
            fprintf(stderr, "row %zu: %s\n", i, rows[i].body);
        CHECK_INT(r.mail.outcome, rows[i].want);
        CHECK_INT(r.mail.status, rows[i].code);
        CHECK_TEXT(r.mail.said, rows[i].said);
        CHECK_TEXT(r.receipt, strstr(rows[i].body, "1460969715572091219") != NULL ? "1460969715572091219" : strstr(rows[i].body, "aca3944055") != NULL ? "aca3944055" : "");
        CHECK(r.mail.about == (rows[i].want == MAIL_REFUSED || rows[i].want == MAIL_LATER));
    }
}

TEST(what_may_have_left_is_in_doubt) {
    static const struct { enum code fails; bool left; enum mail_outcome want; } rows[] = { { E_PEER, true, MAIL_IN_DOUBT }, { E_PEER, false, MAIL_RELAY }, { E_FORBIDDEN, false, MAIL_RELAY }, { E_MEMORY, true, MAIL_IN_DOUBT } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct double_of d = { .fails = rows[i].fails, .left = rows[i].left };
        const struct sms_provider p = provider_of("smsapi", true);
        AUTO(sms_close) struct sms_client *c = client_of(&p, &d);
        const struct sms_letter l = the_letter();
        struct sms_reply r;
        struct err e;
        bool went = false;
        int goes = 0;
        CHECK_OK(out_send(c, &l, lets, &goes, &went, &r, &e), &e);
        CHECK(went && r.mail.outcome == rows[i].want && !r.mail.about && r.mail.status == 0);
        CHECK_TEXT(r.mail.said, "api.example did not answer in time");
    }
}

#define H USEC_PER_HOUR
#define M USEC_PER_MINUTE
TEST(what_became_of_it_is_asked_by_our_reference) {
    static const struct { const char *name; enum code fails; int status; const char *body; usec_t first, last; enum mail_outcome want; int calls; } rows[] = {
        { "smsapi", OK, 0, "", M, 0, MAIL_NOT_SENT, 0 }, { "smsapi", OK, 0, "", 23 * H, 0, MAIL_NOT_SENT, 0 },       /* it refuses a second one by itself, for a day */
        { "smsapi", OK, 0, "", 24 * H - 10 * M, 0, MAIL_IN_DOUBT, 0 }, { "smsapi", OK, 0, "", 90 * H, M, MAIL_IN_DOUBT, 0 }, { "smsapi", OK, 0, "", -1, 0, MAIL_IN_DOUBT, 0 },
        { "serwersms", OK, 200, "{\"paging\":{\"page\":1,\"count\":0},\"items\":[]}", H, 11 * M, MAIL_NOT_SENT, 1 }, { "serwersms", OK, 200, "{\"items\":[]}", H, 5 * M, MAIL_RELAY, 1 },
        { "serwersms", OK, 200, "{\"items\":[]}", H, -1, MAIL_RELAY, 1 }, { "serwersms", OK, 200, "{}", H, H, MAIL_RELAY, 1 }, { "serwersms", OK, 200, "{\"items\":{}}", H, H, MAIL_RELAY, 1 },
        { "serwersms", OK, 200, "{\"items\":null}", H, H, MAIL_RELAY, 1 }, { "serwersms", OK, 200, "{\"items\":[{}]}", H, H, MAIL_RELAY, 1 }, { "serwersms", OK, 200, "[]", H, H, MAIL_RELAY, 1 },
        { "serwersms", OK, 200, "{\"success\":false,\"message\":\"maintenance\"}", H, H, MAIL_RELAY, 1 }, { "serwersms", OK, 200, "{\"error\":{\"type\":\"Internal\"}}", H, H, MAIL_RELAY, 1 },
        { "serwersms", OK, 500, "{\"items\":[]}", H, H, MAIL_RELAY, 1 }, { "serwersms", OK, 200, "{\"error\":{\"code\":77},\"items\":[]}", H, H, MAIL_RELAY, 1 },
        { "serwersms", OK, 200, ITEM("delivered"), M, M, MAIL_SENT, 1 }, { "serwersms", OK, 200, ITEM("in_progress"), M, M, MAIL_SENT, 1 }, { "serwersms", OK, 200, ITEM("undelivered"), M, M, MAIL_SENT, 1 },
        { "serwersms", OK, 200, ITEM("unsent"), M, M, MAIL_NOT_SENT, 1 }, { "serwersms", OK, 200, ITEM("scheduled"), H, H, MAIL_RELAY, 1 },
        { "serwersms", OK, 200, FAULT("1001"), H, H, MAIL_RELAY, 1 }, { "serwersms", OK, 200, FAULT("2001"), H, H, MAIL_RELAY, 1 }, { "serwersms", OK, 500, "", H, H, MAIL_RELAY, 1 },
        { "serwersms", OK, 200, "<p>", H, H, MAIL_RELAY, 1 }, { "serwersms", E_PEER, 0, "", H, H, MAIL_RELAY, 1 }, { "serwersms", OK, 429, "", H, H, MAIL_RELAY, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct double_of d = { .status = rows[i].status, .body = rows[i].body, .fails = rows[i].fails, .left = true };
        const struct sms_provider p = provider_of(rows[i].name, true);
        AUTO(sms_close) struct sms_client *c = client_of(&p, &d);
        struct sms_reply r;
        struct err e;
        CHECK_OK(out_ask(c, &(struct sms_question){ 42, letter_id, rows[i].first, rows[i].last }, &r, &e), &e);
        if (r.mail.outcome != rows[i].want)
            fprintf(stderr, "row %zu: %s\n", i, rows[i].body);
        CHECK(r.mail.outcome == rows[i].want && d.calls == rows[i].calls);
        if (d.calls > 0)
            CHECK_TEXT(d.asked, "{\"unique_id\":\"" REFERENCE "\"}");
    }
}

TEST(one_that_is_described_is_asked_as_it_says) {
    const struct sms_question q = { 42, letter_id, H, H };
    struct sms_shape other = { .name = "other", .host = "sms.example", .port = 9443, .prefix = "/v1", .send = { "POST", "/m", "{\"a\":[\"{{to}}\",\"{{sender}}\",\"{{nothing}}\"],\"b\":{\"c\":\"+{{digits}} {{text}}\"},\"d\":7}" }, .receipt = { "/id" } };
    struct sms_provider p = { .shape = &other, .token = true };
    struct double_of d = { .status = 201, .body = "{\"id\":77}" };
    AUTO(sms_close) struct sms_client *c = client_of(&p, &d);
    const struct sms_letter l = the_letter();
    struct sms_reply r;
    struct err e;
    bool went;
    int goes = 0;
    CHECK_OK(out_ask(c, &q, &r, &e), &e);
    CHECK(r.mail.outcome == MAIL_NEVER && d.calls == 0);             /* one that can neither be asked nor knows a second one */
    CHECK_OK(out_send(c, &l, lets, &goes, &went, &r, &e), &e);
    CHECK_TEXT(d.url, "https://sms.example:9443/v1/m");
    CHECK_TEXT(d.asked, "{\"a\":[\"+48500600700\",null,null],\"b\":{\"c\":\"+48500600700 Wizyta 14:30 \\\"jutro\\\"\"},\"d\":7}");
    CHECK(r.mail.outcome == MAIL_SENT);
    CHECK_TEXT(r.receipt, "77");
    static const struct sms_code codes[] = { { "not_found", SMS_NONE }, { "failed", SMS_REFUSED }, { "wrong_number", SMS_NUMBER }, { "550", SMS_REFUSED }, { "too_long", SMS_TEXT } };
    static const struct { const char *body; usec_t last; enum mail_outcome want; enum reply_verdict verdict; } answers[] = {
        { "{\"state\":\"not_found\"}", H, MAIL_NOT_SENT, VERDICT_NONE }, { "{\"state\":\"not_found\"}", M, MAIL_RELAY, VERDICT_NONE }, { "{\"id\":7,\"state\":\"failed\"}", M, MAIL_REFUSED, VERDICT_NONE },
        { "{\"id\":7,\"state\":\"wrong_number\"}", M, MAIL_REFUSED, VERDICT_REJECT }, { "{\"id\":7,\"state\":\"550\"}", M, MAIL_REFUSED, VERDICT_NONE }, { "{\"id\":7,\"state\":\"too_long\"}", M, MAIL_REFUSED, VERDICT_MESSAGE },
        { "{\"id\":7}", M, MAIL_SENT, VERDICT_TAKEN }, { "{\"state\":\"failed\"}", H, MAIL_RELAY, VERDICT_NONE },
    };
    other.ask = (struct sms_call){ "POST", "/q", "{\"r\":\"{{id}}\"}" };
    other.code[0] = "/state";
    other.codes = codes;
    other.code_count = ARRAY_LEN(codes);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        d.status = 200;
        d.body = answers[i].body;
        CHECK_OK(out_ask(c, &(struct sms_question){ 42, letter_id, H, answers[i].last }, &r, &e), &e);
        if (r.mail.outcome != answers[i].want)
            fprintf(stderr, "answer %zu: %s\n", i, answers[i].body);
        CHECK_INT(r.mail.outcome, answers[i].want);
        CHECK(r.mail.outcome == MAIL_RELAY || r.verdict == answers[i].verdict);
    }
    other.ask = (struct sms_call){ 0 };      /* for ever: nothing is too long ago */
    other.once = USEC_NEVER;
    CHECK_OK(out_ask(c, &(struct sms_question){ 42, letter_id, 5000 * H, H }, &r, &e), &e);
    CHECK_INT(r.mail.outcome, MAIL_NOT_SENT);
}

TEST(what_a_refusal_says_of_the_number) {
    static const struct { const char *name, *body; enum reply_verdict want; } rows[] = {
        { "smsapi", "{\"error\":13,\"message\":\"No\"}", VERDICT_REJECT }, { "smsapi", "{\"error\":11,\"message\":\"No\"}", VERDICT_MESSAGE }, { "smsapi", "{\"error\":12,\"message\":\"No\"}", VERDICT_MESSAGE },
        { "smsapi", "{\"error\":103,\"message\":\"No\"}", VERDICT_BLOCK }, { "smsapi", "{\"error\":550,\"message\":\"No\"}", VERDICT_NONE }, { "smsapi", QUEUED, VERDICT_TAKEN },
        { "serwersms", FAULT("2001"), VERDICT_REJECT }, { "serwersms", FAULT("3999"), VERDICT_NONE },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct double_of d = { .status = 200, .body = rows[i].body };
        const struct sms_provider p = provider_of(rows[i].name, true);
        AUTO(sms_close) struct sms_client *c = client_of(&p, &d);
        const struct sms_letter l = the_letter();
        struct sms_reply r;
        struct err e;
        bool went;
        int goes = 0;
        CHECK_OK(out_send(c, &l, lets, &goes, &went, &r, &e), &e);
        CHECK_INT(r.verdict, rows[i].want);
    }
}

TEST(neither_text_nor_number_is_kept_of_what_it_says) {
    static const struct { const char *body, *said, *receipt; } rows[] = {
        { "{\"error\":14,\"message\":\"izyta 14:30 jut\"}", "HTTP 200, code 14", "" }, { "{\"error\":14,\"message\":\"WIZYTA-14-30\"}", "HTTP 200, code 14", "" },
        { "{\"error\":14,\"message\":\"to 500/600/700 not\"}", "to 50*/***/*00 not", "" }, { "{\"error\":14,\"message\":\"to 5a0b0c6d0e0f7g0h0 not\"}", "HTTP 200, code 14", "" },
        { "{\"error\":\"Wizyta 14:30\"}", "HTTP 200", "" }, { "{\"error\":\"48500600700\"}", "HTTP 200", "" }, { "{\"list\":[{\"id\":\"48500600700\",\"status\":\"QUEUE\"}]}", "taken", "" },
        { "{\"list\":[{\"id\":\"m-0500600700\",\"status\":\"QUEUE\"}]}", "taken", "" }, { "{\"list\":[{\"id\":\"m-0500600701\",\"status\":\"QUEUE\"}]}", "taken", "m-0500600701" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct double_of d = { .status = 200, .body = rows[i].body };
        const struct sms_provider p = provider_of("smsapi", true);
        AUTO(sms_close) struct sms_client *c = client_of(&p, &d);
        const struct sms_letter l = the_letter();
        struct sms_reply r;
        struct err e;
        bool went;
        int goes = 0;
        CHECK_OK(out_send(c, &l, lets, &goes, &went, &r, &e), &e);
        CHECK_TEXT(r.mail.said, rows[i].said);
        CHECK_TEXT(r.receipt, rows[i].receipt);
    }
    struct double_of d = { .status = 200, .body = "{\"items\":[{\"id\":\"48500600700\",\"status\":\"unsent\",\"error_message\":\"Wizyta 14:30 not sent\"}]}" };
    const struct sms_provider p = provider_of("serwersms", true);
    AUTO(sms_close) struct sms_client *c = client_of(&p, &d);
    struct sms_reply r;
    struct err e;
    CHECK_OK(out_ask(c, &(struct sms_question){ 42, letter_id, H, H }, &r, &e), &e);
    CHECK_TEXT(r.mail.said, "HTTP 200, code unsent");
    CHECK_TEXT(r.receipt, "");
}

TEST(it_is_tried_without_sending) {
    static const struct { const char *name; enum code fails; int status; const char *body; enum mail_outcome want; const char *said, *path; } rows[] = {
        { "smsapi", OK, 200, "{\"username\":\"seats\",\"points\":12.5}", MAIL_SENT, "credit 12.5", "https://api.smsapi.pl:443/profile" },
        { "smsapi", OK, 401, "{\"error\":\"invalid_token\",\"message\":\"Authorization failed\"}", MAIL_RELAY, "Authorization failed", "https://api.smsapi.pl:443/profile" },
        { "smsapi", OK, 200, "<h1>", MAIL_RELAY, "HTTP 200", "https://api.smsapi.pl:443/profile" },
        { "serwersms", OK, 200, "{\"items\":[{\"type\":\"eco\",\"value\":\"3\"},{\"type\":\"full\",\"chars_limit\":1500,\"value\":\"250\"}]}", MAIL_SENT, "credit 250", "https://api2.serwersms.pl:443/account/limits" },
        { "serwersms", OK, 200, "{}", MAIL_SENT, "signed in", "https://api2.serwersms.pl:443/account/limits" },
        { "serwersms", OK, 200, FAULT("1001"), MAIL_RELAY, "it says so", "https://api2.serwersms.pl:443/account/limits" },
        { "serwersms", E_PEER, 0, "", MAIL_RELAY, "api.example did not answer in time", "https://api2.serwersms.pl:443/account/limits" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct double_of d = { .status = rows[i].status, .body = rows[i].body, .fails = rows[i].fails };
        const struct sms_provider p = provider_of(rows[i].name, true);
        AUTO(sms_close) struct sms_client *c = client_of(&p, &d);
        struct sms_reply r;
        struct err e;
        CHECK_OK(out_try(c, &r, &e), &e);
        CHECK_INT(r.mail.outcome, rows[i].want);
        CHECK_TEXT(r.mail.said, rows[i].said);
        CHECK_TEXT(d.url, rows[i].path);
    }
}

/* However little memory there is: what was taken is never said to have failed, and what is not known is never said to be there or not. */
TEST(no_memory_turns_no_answer_round) {
    static const struct { const char *body; bool asks; enum mail_outcome with; } rows[] = {
        { ITEM("queued"), false, MAIL_SENT }, { FAULT("2001"), false, MAIL_REFUSED }, { ITEM("delivered"), true, MAIL_SENT }, { "{\"items\":[]}", true, MAIL_NOT_SENT },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct double_of d = { .status = 200, .body = rows[i].body };
        const struct sms_provider p = provider_of("serwersms", true);
        AUTO(sms_close) struct sms_client *c = client_of(&p, &d);
        const struct sms_letter l = the_letter();
        bool whole = false;
        for (size_t n = 1; n < 500 && !whole; n++) {
            struct sms_reply r;
            struct err e;
            bool went = true;
            int goes = 0;
            mem_fail_at = n;
            enum code code = rows[i].asks ? out_ask(c, &(struct sms_question){ 42, letter_id, H, H }, &r, &e) : out_send(c, &l, lets, &goes, &went, &r, &e);
            whole = mem_fail_at > 0;           /* nothing failed any more */
            mem_fail_at = 0;
            if (code != OK)
                CHECK(code == E_MEMORY && (rows[i].asks || !went));      /* before anything left */
            else
                CHECK(r.mail.outcome == rows[i].with || r.mail.outcome == MAIL_RELAY || (r.mail.outcome == MAIL_IN_DOUBT && !rows[i].asks));
            CHECK(code != OK || d.calls > 0 || r.mail.outcome == MAIL_RELAY);
            if (code == OK && d.calls > 0 && !rows[i].asks)
                CHECK(r.mail.outcome != MAIL_RELAY);               /* it has left */
            d.calls = 0;
        }
        CHECK(whole);
    }
}
