/* heard_test.c — what comes back finds the person of its letter, once, and nobody else, whatever it says. */
#include "messages/heard.c"

#include "records/service.h"
#include "records/testbed.h"
#include "records/testcharters.h"

#define DOMAIN "bounces.seats.example"
struct desk { struct bed b; struct mail_heard h; uint8_t anna[WHO_SIZE]; };

static enum code service_of(void *arg, int64_t tenant, struct service **ret, struct err *reterr) {
    struct bed *b = arg;
    if (tenant != b->tenant && tenant != b->other)
        return err_set(reterr, E_NOT_FOUND, "no tenant");
    *ret = b->service;
    return OK;
}
static void desk_start(struct desk *d) {
    bed_start(&d->b, events_charter);
    d->h = (struct mail_heard){ d->b.keeper, DOMAIN, service_of, &d->b };
    CHECK_OK(who_of(d->b.service, d->b.tenant, CHANNEL_EMAIL, "anna@people.example", d->anna, &d->b.e), &d->b.e);
}

static enum code went(struct txn *t, void *arg, struct err *reterr) { return letter_who_put(t, arg, reterr); }
/* A letter that went to Anna, and the address that its bounces come to. */
static struct uuid letter(struct desk *d, char ret[320]) {
    struct letter_who w = { .letter = uuid_new(), .channel = CHANNEL_EMAIL };
    memcpy(w.who, d->anna, sizeof w.who);
    CHECK_OK(store_write(d->b.store, d->b.tenant, went, &w, &d->b.e), &d->b.e);
    CHECK_OK(verp_make(d->b.service, d->b.tenant, &w.letter, DOMAIN, ret, &d->b.e), &d->b.e);
    return w.letter;
}

static int64_t count(struct desk *d, const char *reason) {
    json_t *told = NULL;
    CHECK_OK(suppressions_of(d->b.service, d->b.tenant, CHANNEL_EMAIL, d->anna, &told, &d->b.e), &d->b.e);
    int64_t n = json_integer_value(json_object_get(json_object_get(told, "counts"), reason));
    json_decref(told);
    return n;
}
static int64_t shares(struct desk *d, const char *name) {
    json_t *told = NULL;
    CHECK_OK(shares_told(d->b.service, d->b.tenant, &told, &d->b.e), &d->b.e);
    int64_t n = json_integer_value(json_object_get(json_array_get(json_object_get(told, "channels"), 0), name));
    json_decref(told);
    return n;
}

#define REPORT(action, status, said) "From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n" \
    "Final-Recipient: rfc822; somebody.else@people.example\r\nAction: " action "\r\nStatus: " status "\r\nDiagnostic-Code: smtp; " said "\r\n--b--\r\n"
#define ARF(type, more) "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: " type "\r\n" more "--b--\r\n"
static enum mail_heard_end comes(struct desk *d, const char *to, const char *message) { return mail_heard(&d->h, to, message, strlen(message), &d->b.e); }

TEST(a_dead_address_gets_nothing_more_and_counts_once) {
    struct desk d;
    char to[320];
    desk_start(&d);
    (void)letter(&d, to);
    static const char *const harmless[] = { REPORT("delayed", "4.4.1", "later"), REPORT("delivered", "2.0.0", "fine"), "Return-Path: <>\r\nFrom: anna@people.example\r\nAuto-Submitted: auto-replied\r\n\r\nAway.\r\n", "", "junk" };
    for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
        CHECK_INT(comes(&d, to, harmless[i]), MAIL_HEARD_TAKEN);
    CHECK(count(&d, "dead address") == 0 && shares(&d, "bounced") == 0);
    for (int twice = 0; twice < 2; twice++)
        CHECK_INT(comes(&d, to, REPORT("failed", "5.1.1", "550 <anna@people.example> user unknown")), MAIL_HEARD_TAKEN);
    CHECK(count(&d, "dead address") == 1 && shares(&d, "bounced") == 1);
    bed_end(&d.b);
}

TEST(a_block_of_ours_is_nobodys_fault_and_a_full_box_counts_after_some_letters) {
    struct desk d;
    char to[320];
    desk_start(&d);
    (void)letter(&d, to);
    CHECK_INT(comes(&d, to, REPORT("failed", "5.7.1", "550 5.7.1 blocked, see https://blocklist.example")), MAIL_HEARD_TAKEN);
    CHECK(count(&d, "dead address") == 0 && shares(&d, "bounced") == 1);
    for (int i = 0; i < SOFT_MOST; i++) {
        CHECK_INT(count(&d, "dead address"), 0);
        (void)letter(&d, to);
        CHECK_INT(comes(&d, to, REPORT("failed", "5.2.2", "mailbox full")), MAIL_HEARD_TAKEN);
    }
    CHECK_INT(count(&d, "dead address"), 1);
    bed_end(&d.b);
}

TEST(complaints_find_their_letter_by_the_address_alone) {
    struct desk d;
    char to[320], other[320];
    AUTO(buf_done) struct buf text = BUF(4096);
    struct uuid id;
    desk_start(&d);
    (void)letter(&d, to);
    CHECK_INT(comes(&d, COMPLAINTS_AT "@" DOMAIN, ARF("abuse", "Original-Mail-From: <anna@people.example>\r\n")), MAIL_HEARD_TAKEN);
    id = uuid_new();
    CHECK_OK(verp_make(d.b.service, d.b.tenant, &id, DOMAIN, other, &d.b.e), &d.b.e);     /* ours, and no such letter */
    buf_printf(&text, ARF("abuse", "Original-Mail-From: <%s>\r\n"), other);
    CHECK_INT(comes(&d, COMPLAINTS_AT "@" DOMAIN, buf_str(&text)), MAIL_HEARD_TAKEN);
    CHECK_INT(comes(&d, to, ARF("not-spam", "")), MAIL_HEARD_TAKEN);
    CHECK_INT(count(&d, "complaint"), 0);
    buf_cut(&text, 0);
    buf_printf(&text, ARF("abuse", "Original-Mail-From: <%s>\r\n"), to);
    for (int twice = 0; twice < 2; twice++)
        CHECK_INT(comes(&d, COMPLAINTS_AT "@" DOMAIN, buf_str(&text)), MAIL_HEARD_TAKEN);
    CHECK(count(&d, "complaint") == 1 && shares(&d, "complained") == 1);
    bed_end(&d.b);
}

TEST(whoever_makes_an_address_up_is_told_that_there_is_none) {
    struct desk d;
    char to[320], foreign[320];
    desk_start(&d);
    struct uuid id = letter(&d, to);
    CHECK_OK(verp_make(d.b.service, d.b.other, &id, DOMAIN, foreign, &d.b.e), &d.b.e);    /* another tenant's: right code, no such letter there */
    CHECK_INT(comes(&d, foreign, REPORT("failed", "5.1.1", "user unknown")), MAIL_HEARD_TAKEN);
    char *code = strchr(to, '@') - 1;
    *code = *code == 'a' ? 'b' : 'a';
    CHECK_INT(comes(&d, to, REPORT("failed", "5.1.1", "user unknown")), MAIL_HEARD_NOBODY);
    CHECK_INT(comes(&d, "postmaster@" DOMAIN, "x"), MAIL_HEARD_NOBODY);
    CHECK_INT(comes(&d, COMPLAINTS_AT "@" DOMAIN, "Subject: by hand\r\n\r\nx"), MAIL_HEARD_TAKEN);
    CHECK(count(&d, "dead address") == 0 && shares(&d, "bounced") == 0);
    bed_end(&d.b);
}

/* ---- letters of the queue */

static const struct { enum letter_state state; int doubts; } waiting = { LETTER_WAITING, 0 }, doubted = { LETTER_WAITING, 2 }, going = { LETTER_SENDING, 0 }, sent = { LETTER_SENT, 0 }, unknown = { LETTER_UNKNOWN, 4 };
static enum code letter_write(struct txn *t, void *arg, struct err *reterr) {
    const struct letter_row *r = arg;
    enum code code = letter_put(t, r, r->state == LETTER_WAITING || r->state == LETTER_SENDING ? clock_now() + USEC_PER_DAY : USEC_NEVER, reterr);
    return code == OK ? letter_set(t, r, r->state == LETTER_WAITING || r->state == LETTER_SENDING ? clock_now() + USEC_PER_DAY : USEC_NEVER, reterr) : code;
}
/* A message to Anna that is in the queue, or was; its address for bounces. */
static struct uuid queued(struct desk *d, enum letter_state state, int doubts, char ret[320]) {
    struct uuid id = letter(d, ret);
    struct letter_row r = { .id = id, .cause = "api", .state = state, .made = clock_now(), .tried = clock_now(), .until = clock_now() + USEC_PER_DAY, .tries = 1 + doubts, .said = "", .receipt = "", .purpose = "running the event",
                            .kind = service_kind(d->b.service, charter_kind(d->b.charter, "registration"))->number, .record = uuid_new(), .doubts = doubts };
    CHECK_OK(store_write(d->b.store, d->b.tenant, letter_write, &r, &d->b.e), &d->b.e);
    return id;
}
struct state { enum letter_state state; bool open; char said[100]; int verdict; };
static bool state_take(const struct letter_row *r, void *arg) {
    struct state *s = arg;
    *s = (struct state){ .state = r->state, .open = letter_is_open(r), .verdict = r->verdict };
    snprintf(s->said, sizeof s->said, "%s", r->said);
    return false;
}
static struct state now(struct desk *d, const struct uuid *id) {
    struct state s = { .said = "?" };
    struct view *v = NULL;
    CHECK_OK(store_view(d->b.store, d->b.tenant, &v, &d->b.e), &d->b.e);
    CHECK_OK(letter_get(view_sql(v), id, state_take, &s, &d->b.e), &d->b.e);
    v = view_end(v);
    return s;
}
static enum code news(struct desk *d, const struct uuid *id, enum heard what, enum reply_verdict verdict) {
    return message_heard(d->b.service, d->b.tenant, id, &(struct heard_news){ what, verdict, "", "as it was told" }, &d->b.e);
}

TEST(of_a_letter_under_way_the_news_comes_again) {
    struct desk d;
    char to[320];
    desk_start(&d);
    for (int i = 0; i < 2; i++) {
        struct uuid id = queued(&d, i == 0 ? going.state : waiting.state, 0, to);
        CHECK_INT(comes(&d, to, REPORT("failed", "5.1.1", "user unknown")), MAIL_HEARD_NOT_NOW);
        CHECK_CODE(news(&d, &id, HEARD_DELIVERED, VERDICT_NONE), E_BUSY, &d.b.e);
        CHECK_INT(comes(&d, to, REPORT("delayed", "4.4.1", "later")), MAIL_HEARD_TAKEN);
        CHECK(now(&d, &id).open && count(&d, "dead address") == 0 && shares(&d, "bounced") == 0);
    }
    /* whom it went to is not known yet either */
    struct uuid id = uuid_new();
    struct letter_row r = { .id = id, .cause = "api", .state = LETTER_SENDING, .made = clock_now(), .until = clock_now() + USEC_PER_DAY, .tries = 1, .said = "", .receipt = "", .purpose = "", .kind = 1, .record = uuid_new() };
    CHECK_OK(store_write(d.b.store, d.b.tenant, letter_write, &r, &d.b.e), &d.b.e);
    CHECK_CODE(news(&d, &id, HEARD_BOUNCED, VERDICT_REJECT), E_BUSY, &d.b.e);
    /* who complains has it, whatever the queue still thinks */
    (void)queued(&d, going.state, going.doubts, to);
    CHECK_INT(comes(&d, to, ARF("abuse", "")), MAIL_HEARD_TAKEN);
    CHECK(count(&d, "complaint") == 1 && shares(&d, "complained") == 1);
    bed_end(&d.b);
}

TEST(the_news_ends_a_doubt) {
    struct desk d;
    char to[320];
    desk_start(&d);
    struct uuid id = queued(&d, doubted.state, doubted.doubts, to);
    CHECK_OK(news(&d, &id, HEARD_DELIVERED, VERDICT_NONE), &d.b.e);
    CHECK(now(&d, &id).state == LETTER_SENT && !now(&d, &id).open && shares(&d, "sent") == 1);
    CHECK_OK(news(&d, &id, HEARD_DELIVERED, VERDICT_NONE), &d.b.e);
    CHECK(shares(&d, "sent") == 1 && shares(&d, "bounced") == 0);
    id = queued(&d, unknown.state, unknown.doubts, to);
    CHECK_OK(news(&d, &id, HEARD_DELIVERED, VERDICT_NONE), &d.b.e);
    CHECK_INT(now(&d, &id).state, LETTER_SENT);
    id = queued(&d, doubted.state, doubted.doubts, to);
    for (int twice = 0; twice < 2; twice++)
        CHECK_INT(comes(&d, to, REPORT("failed", "5.1.1", "550 user unknown: \"anna.kowalska\"")), MAIL_HEARD_TAKEN);
    const struct state s = now(&d, &id);
    CHECK(s.state == LETTER_BOUNCED && !s.open && s.verdict == VERDICT_REJECT && shares(&d, "sent") == 2 && shares(&d, "bounced") == 1 && count(&d, "dead address") == 1);
    id = queued(&d, doubted.state, doubted.doubts, to);
    CHECK_INT(comes(&d, to, ARF("abuse", "")), MAIL_HEARD_TAKEN);
    CHECK(now(&d, &id).state == LETTER_SENT && count(&d, "complaint") == 1 && shares(&d, "sent") == 3);
    bed_end(&d.b);
}

TEST(no_word_of_a_stranger_is_kept) {
    struct desk d;
    char to[320];
    desk_start(&d);
    static const struct { const char *message, *said; } rows[] = {
        { REPORT("failed", "5.1.1", "550 unknown user: \"anna.kowalska\", /home/anna.kowalska/Maildir"), "5.1.1 as a report of delivery says" },
        { "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\nDear Anna Kowalska, your mailbox anna.kowalska is gone.\r\n", "as a report of delivery says" },
        { "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\n550 no such user anna.kowalska\r\n", "as a report of delivery says" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct uuid id = queued(&d, sent.state, sent.doubts, to);
        CHECK_INT(comes(&d, to, rows[i].message), MAIL_HEARD_TAKEN);
        CHECK_INT(now(&d, &id).state, LETTER_BOUNCED);
        CHECK_TEXT(now(&d, &id).said, rows[i].said);
    }
    bed_end(&d.b);
}

TEST(what_was_wrong_with_the_message_is_no_share_of_bounces) {
    static const struct { enum reply_verdict verdict; bool mail, sms; } rows[] = {
        { VERDICT_REJECT, true, true }, { VERDICT_FULL, true, true }, { VERDICT_REFUSED, true, true }, { VERDICT_MESSAGE, false, false }, { VERDICT_BLOCK, true, false }, { VERDICT_SLOW, true, false },
        { VERDICT_EXPIRED, true, false }, { VERDICT_NONE, true, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(is_share(CHANNEL_EMAIL, rows[i].verdict) == rows[i].mail && is_share(CHANNEL_SMS, rows[i].verdict) == rows[i].sms);
}

TEST(one_person_complains_once_however_many_letters_it_holds) {
    struct desk d;
    char to[320];
    desk_start(&d);
    for (int i = 0; i < 3; i++) {
        (void)letter(&d, to);
        CHECK_INT(comes(&d, to, ARF("abuse", "")), MAIL_HEARD_TAKEN);
    }
    CHECK_INT(comes(&d, to, ARF("other", "")), MAIL_HEARD_TAKEN);
    CHECK(count(&d, "complaint") == 1 && shares(&d, "complained") == 1);
    bed_end(&d.b);
}
