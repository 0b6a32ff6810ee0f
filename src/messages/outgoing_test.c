/* outgoing_test.c — messages to the people of records, from the queue to a mailer that does as it is told: each try reads the record anew and asks
 * the gates, and no address lies in between. */
#include "messages/outgoing.c"

#include "messages/deliver.h"
#include "messages/sendbed.h"
#include "messages/suppress.h"
#include "wire/verdict.h"

struct course {
    struct sendbed d; struct deliver deliver;
    enum mail_outcome outcome; int status; enum reply_stage stage; const char *enhanced, *said;
    bool breaks;                             /* the mailer is gone once it may go */
    int sent, asked; char to[320], from[320], message[8192]; struct uuid id;
};

static enum code course_send(void *arg, const struct mail_letter *l, mail_go_fn go, void *go_arg, bool *ret_went, struct mail_reply *ret, struct err *e) {
    struct course *c = arg;
    c->sent++;
    c->id = l->id;
    snprintf(c->to, sizeof c->to, "%s", l->to);
    snprintf(c->from, sizeof c->from, "%s", l->from);
    snprintf(c->message, sizeof c->message, "%.*s", (int)l->len, (const char *)l->message);
    enum code code = go(go_arg, e);
    *ret_went = code == OK;
    if (code != OK || c->breaks)
        return code != OK ? code : err_set(e, E_PEER, "broken off");
    *ret = (struct mail_reply){ .outcome = c->outcome, .about = true, .stage = (int)c->stage, .status = c->status };
    snprintf(ret->enhanced, sizeof ret->enhanced, "%s", c->enhanced);
    snprintf(ret->said, sizeof ret->said, "end of text: %s", c->said);
    return OK;
}
static enum code course_ask(void *arg, const struct uuid *id, uint32_t attempt, struct mail_reply *ret, struct err *e) {
    struct course *c = arg;
    (void)id;
    (void)attempt;
    (void)e;
    c->asked++;
    *ret = (struct mail_reply){ .outcome = MAIL_NEVER };
    return OK;
}
static enum code course_service(void *arg, int64_t tenant, struct service **ret, struct err *e) {
    struct course *c = arg;
    if (tenant != c->d.b.tenant)
        return err_set(e, E_NOT_FOUND, "none");
    *ret = c->d.b.service;
    return OK;
}

static void course_start_with(struct course *c, const char *messages) {
    *c = (struct course){ .outcome = MAIL_SENT, .status = 250, .enhanced = "2.0.0", .said = "ok" };
    send_start(&c->d, messages);
    c->deliver = (struct deliver){ .store = c->d.b.store, .keeper = c->d.b.keeper, .way = { .send = course_send, .ask = course_ask, .arg = c, .from = "service@seats.example", .relay = "relay.example",
                                   .base_url = "https://seats.example", .bounces = "bounces.seats.example" }, .service = course_service, .service_arg = c };
}
static void course_start(struct course *c) { course_start_with(c, MAIL_TO_PEOPLE); }

static struct uuid course_put(struct course *c, const struct uuid *person) {
    struct message_result r;
    struct message_wish w = send_wish(&c->d, person);
    w.at = 0;
    CHECK_TEXT(send_try(&c->d, &w, &r), "");
    return r.id;
}

struct seen { enum letter_state state; int tries, doubts, gate, verdict; uint64_t key; size_t len; char said[300]; };
static bool seen_take(const struct letter_row *r, void *arg) {
    struct seen *s = arg;
    *s = (struct seen){ r->state, r->tries, r->doubts, r->gate, r->verdict, r->key, r->len, "" };
    snprintf(s->said, sizeof s->said, "%s", r->said);
    return true;
}
static struct seen course_row(struct course *c, const struct uuid *id) {
    struct seen s = { 0 };
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(c->d.b.store, c->d.b.tenant, &v, &c->d.b.e), &c->d.b.e);
    CHECK_OK(letter_get(view_sql(v), id, seen_take, &s, &c->d.b.e), &c->d.b.e);
    return s;
}
static enum deliver_end course_go(struct course *c, const struct uuid *id) {
    enum deliver_end end = DELIVER_AWAY;
    CHECK_OK(deliver_one(&c->deliver, c->d.b.tenant, id, &end, &c->d.b.e), &c->d.b.e);
    return end;
}
static bool next_take(int64_t tenant UNUSED, const struct uuid *id UNUSED, usec_t next, void *arg) {
    *(usec_t *)arg = next;
    return false;
}
static usec_t course_next(struct course *c) {
    usec_t next = USEC_NEVER;
    CHECK_OK(letters_next(c->d.b.store, USEC_NEVER - 1, INT64_MIN, 1, next_take, &next, &c->d.b.e), &c->d.b.e);
    return next;
}

TEST(a_message_goes_to_the_address_of_its_record) {
    struct course c;
    course_start(&c);
    struct uuid person = send_person(&c.d, &c.d.event, "ewa@people.example"), id = course_put(&c, &person);
    CHECK(course_go(&c, &id) == DELIVER_DONE);
    struct seen s = course_row(&c, &id);
    CHECK(s.state == LETTER_SENT && s.tries == 1 && s.len == 0 && course_next(&c) == USEC_NEVER);
    CHECK_TEXT(c.to, "ewa@people.example");
    CHECK(strstr(c.from, "@bounces.seats.example") != NULL && strstr(c.message, "List-Unsubscribe: <https://seats.example/") != NULL && strstr(c.message, "The race begins at 9.") != NULL);
    CHECK(uuid_compare(&c.id, &id) == 0 && strstr(c.from, "ewa") == NULL);
    bed_end(&c.d.b);
}

/* An address that is corrected between two tries is the one that is used; an erased record ends its message. */
TEST(each_try_reads_the_record_anew) {
    struct course c;
    course_start(&c);
    struct uuid person = send_person(&c.d, &c.d.event, "ewa@people.example"), gone = send_person(&c.d, &c.d.event, "adam@people.example");
    struct uuid id = course_put(&c, &person), two = course_put(&c, &gone);
    c.outcome = MAIL_LATER;
    c.status = 450;
    c.enhanced = "4.2.0";
    CHECK(course_go(&c, &id) == DELIVER_DONE && course_row(&c, &id).state == LETTER_WAITING);
    json_t *patch = json_pack("{s:s}", "email", "ewa.lis@people.example"), *got = NULL, *mistakes = NULL;
    const struct record_request change = { .who = &c.d.boss, .kind = charter_kind(c.d.b.charter, "registration"), .id = person, .input = patch, .if_match = -1, .lang = LANG_EN };
    CHECK_OK(record_change(c.d.b.service, &change, &got, &mistakes, &c.d.b.e), &c.d.b.e);
    json_decref(got);
    json_decref(patch);
    c.outcome = MAIL_SENT;
    c.status = 250;
    CHECK(course_go(&c, &id) == DELIVER_DONE && course_row(&c, &id).state == LETTER_SENT);
    CHECK_TEXT(c.to, "ewa.lis@people.example");
    const struct record_request erase = { .who = &c.d.boss, .kind = charter_kind(c.d.b.charter, "registration"), .id = gone, .if_match = -1, .lang = LANG_EN };
    CHECK_OK(record_erase(c.d.b.service, &erase, &got, &c.d.b.e), &c.d.b.e);
    json_decref(got);
    int sent = c.sent;
    CHECK(course_go(&c, &two) == DELIVER_ASIDE);
    CHECK(course_row(&c, &two).state == LETTER_OVER && c.sent == sent && strstr(course_row(&c, &two).said, "erased") != NULL);
    bed_end(&c.d.b);
}

/* What an answer means for a message: who cannot be reached ends it, what is said of us or of a full box does not. */
TEST(answers_are_weighed) {
    static const struct { enum mail_outcome outcome; int status; const char *enhanced, *said; enum letter_state state; enum reply_verdict verdict; enum deliver_end end; usec_t least; } rows[] = {
        { MAIL_REFUSED, 550, "5.1.1", "no such user", LETTER_BOUNCED, VERDICT_REJECT, DELIVER_DONE, 0 },
        { MAIL_REFUSED, 552, "5.3.4", "too big", LETTER_BOUNCED, VERDICT_MESSAGE, DELIVER_DONE, 0 },
        { MAIL_REFUSED, 552, "5.2.2", "mailbox full", LETTER_WAITING, VERDICT_FULL, DELIVER_DONE, 3 * USEC_PER_HOUR },
        { MAIL_REFUSED, 554, "5.7.1", "blocked using zen.spamhaus.example", LETTER_WAITING, VERDICT_BLOCK, DELIVER_BLOCKED, USEC_PER_MINUTE },
        { MAIL_REFUSED, 550, "", "no", LETTER_BOUNCED, VERDICT_REFUSED, DELIVER_DONE, 0 },
        { MAIL_REFUSED, 0, "5.6.7", "the relay takes no address with letters beyond ASCII", LETTER_BOUNCED, VERDICT_MESSAGE, DELIVER_DONE, 0 },
        { MAIL_REFUSED, 550, "", "Domain seats.example has exceeded the max emails per hour (500/500) allowed", LETTER_WAITING, VERDICT_SLOW, DELIVER_SLOW, USEC_PER_MINUTE },
        { MAIL_LATER, 450, "4.7.1", "greylisted", LETTER_WAITING, VERDICT_DEFER, DELIVER_DONE, USEC_PER_MINUTE },
        { MAIL_LATER, 450, "4.7.1", "try again", LETTER_WAITING, VERDICT_SLOW, DELIVER_SLOW, USEC_PER_MINUTE },
        { MAIL_LATER, 451, "4.3.0", "later", LETTER_WAITING, VERDICT_DEFER, DELIVER_DONE, USEC_PER_MINUTE },
    };
    struct course c;
    course_start(&c);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char email[64];
        snprintf(email, sizeof email, "p%zu@people.example", i);
        struct uuid person = send_person(&c.d, &c.d.event, email), id = course_put(&c, &person);
        c.outcome = rows[i].outcome;
        c.status = rows[i].status;
        c.enhanced = rows[i].enhanced;
        c.said = rows[i].said;
        CHECK(course_go(&c, &id) == rows[i].end);
        struct seen s = course_row(&c, &id);
        CHECK(s.state == rows[i].state && s.verdict == (int)rows[i].verdict);
        if (rows[i].state == LETTER_WAITING) {
            enum deliver_end end;
            CHECK(course_next(&c) > clock_now() + rows[i].least);
            c.outcome = MAIL_REFUSED;
            c.status = 550;
            c.enhanced = "5.1.1";
            CHECK_OK(deliver_one(&c.deliver, c.d.b.tenant, &id, &end, &c.d.b.e), &c.d.b.e);      /* out of the way of the next row */
        }
        CHECK(course_next(&c) == USEC_NEVER);
    }
    bed_end(&c.d.b);
}

/* Only an answer that says so puts a person on the list of dead addresses: three digits, what our relay cannot do, and what is said of a text do not. */
TEST(nobody_is_dead_by_three_digits) {
    static const struct { enum reply_stage stage; int status; const char *enhanced, *said; enum reply_verdict verdict; int dead; } rows[] = {
        { REPLY_AT_PERSON, 550, "", "no", VERDICT_REFUSED, 0 }, { REPLY_AT_TEXT, 550, "", "Message rejected", VERDICT_MESSAGE, 0 }, { REPLY_AT_TEXT, 0, "5.6.7", "no such addresses here", VERDICT_MESSAGE, 0 },
        { REPLY_AT_SENDER, 550, "", "sender unknown", VERDICT_BLOCK, 0 }, { REPLY_AT_PERSON, 553, "", "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", VERDICT_BLOCK, 0 },
        { REPLY_AT_PERSON, 550, "5.1.1", "no such user", VERDICT_REJECT, 1 },
    };
    struct course c;
    course_start(&c);
    c.outcome = MAIL_REFUSED;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char email[64];
        uint8_t who[WHO_SIZE];
        json_t *told = NULL;
        snprintf(email, sizeof email, "p%zu@people.example", i);
        struct uuid person = send_person(&c.d, &c.d.event, email), id = course_put(&c, &person);
        c.stage = rows[i].stage;
        c.status = rows[i].status;
        c.enhanced = rows[i].enhanced;
        c.said = rows[i].said;
        (void)course_go(&c, &id);
        CHECK_INT(course_row(&c, &id).verdict, (int)rows[i].verdict);
        CHECK_OK(who_of(c.d.b.service, c.d.b.tenant, CHANNEL_EMAIL, email, who, &c.d.b.e), &c.d.b.e);
        CHECK_OK(suppressions_of(c.d.b.service, c.d.b.tenant, CHANNEL_EMAIL, who, &told, &c.d.b.e), &c.d.b.e);
        CHECK_INT(json_integer_value(json_object_get(json_object_get(told, "counts"), "dead address")), rows[i].dead);
        json_decref(told);
    }
    bed_end(&c.d.b);
}

/* Where the charter hides the domain of what it masks, what a mail server said of an address shows none. */
TEST(the_words_of_a_server_hide_what_masks_hide) {
    static const char *const masks[] = { "", "masks:\n  email: first letter and 10 stars, without domain\n" };
    for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
        struct course c;
        AUTO(buf_done) struct buf both = BUF(4096);
        buf_printf(&both, "%s%s", masks[i], MAIL_TO_PEOPLE);
        course_start_with(&c, buf_str(&both));
        struct uuid person = send_person(&c.d, &c.d.event, "ewa@people.example"), id = course_put(&c, &person);
        c.outcome = MAIL_REFUSED;
        c.status = 550;
        c.enhanced = "5.1.1";
        c.said = "<e**********@people.example>: no such user";
        CHECK(course_go(&c, &id) == DELIVER_DONE);
        CHECK_TEXT(course_row(&c, &id).said, i == 0 ? "end of text: <e**********@people.example>: no such user" : "end of text: <e**********>: no such user");
        bed_end(&c.d.b);
    }
}

/* A gate that closes after the message was queued stops it, and says so. */
TEST(gates_are_asked_again) {
    struct course c;
    course_start(&c);
    struct uuid person = send_person(&c.d, &c.d.event, "ewa@people.example"), id = course_put(&c, &person);
    struct suppress_wish w = { .tenant = c.d.b.tenant, .channel = CHANNEL_EMAIL, .list = "", .reason = SUPPRESS_HAND, .by = "token 1" };
    bool made = false;
    CHECK_OK(who_of(c.d.b.service, c.d.b.tenant, CHANNEL_EMAIL, "ewa@people.example", w.who, &c.d.b.e), &c.d.b.e);
    CHECK_OK(suppress(c.d.b.service, &w, &made, &c.d.b.e), &c.d.b.e);
    CHECK(course_go(&c, &id) == DELIVER_ASIDE && course_row(&c, &id).state == LETTER_OVER && c.sent == 0);
    CHECK(course_row(&c, &id).gate == 1 + GATE_SUPPRESSED);
    bed_end(&c.d.b);
}

/* The mailer was killed after it might go: nobody knows, so it goes again under the same id, and nothing of it lay in the queue meanwhile. */
TEST(a_message_in_doubt_goes_again) {
    struct course c;
    course_start(&c);
    struct uuid person = send_person(&c.d, &c.d.event, "ewa@people.example"), id = course_put(&c, &person);
    c.breaks = true;
    for (int i = 1; i <= 4; i++) {
        CHECK(course_go(&c, &id) == DELIVER_DOUBT && c.asked == i && uuid_compare(&c.id, &id) == 0);
        CHECK(course_row(&c, &id).doubts == i && course_row(&c, &id).state == (i < 4 ? LETTER_WAITING : LETTER_UNKNOWN));
    }
    CHECK(course_next(&c) == USEC_NEVER);
    bed_end(&c.d.b);
}
