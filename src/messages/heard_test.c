/* heard_test.c — what comes back finds the person of its letter, once, and nobody else, whatever it says. */
#include "messages/heard.c"

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
    static const char *const harmless[] = { REPORT("delayed", "4.4.1", "later"), REPORT("delivered", "2.0.0", "fine"), "From: anna@people.example\r\nAuto-Submitted: auto-replied\r\n\r\nAway.\r\n", "", "junk" };
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
