/* outgoing_test.c — messages to the people of records, from the queue to a mailer that does as it is told: each try reads the record anew and asks
 * the gates, and no address lies in between. */
#include "messages/outgoing.c"

#include "messages/deliver_int.h"
#include "messages/heard.h"
#include "messages/sendbed.h"
#include "messages/suppress.h"
#include "records/locks.h"
#include "wire/verdict.h"

struct course {
    struct sendbed d; struct deliver deliver;
    enum mail_outcome outcome; int status; enum reply_stage stage; const char *enhanced, *said;
    bool breaks, forgets;                    /* the mailer is gone once it may go; and does not come back */
    bool stays;                              /* it answers before the last byte */
    void (*before)(struct course *c);        /* what happens between the making and the last byte */
    struct uuid person;
    int sent, asked; enum mail_outcome found /* what it says when it is asked */; char to[320], from[320], message[8192]; struct uuid id;
};

static enum code course_send(void *arg, const struct mail_letter *l, mail_go_fn go, void *go_arg, bool *ret_went, struct mail_reply *ret, struct err *e) {
    struct course *c = arg;
    c->sent++;
    c->id = l->id;
    snprintf(c->to, sizeof c->to, "%s", l->to);
    snprintf(c->from, sizeof c->from, "%s", l->from);
    snprintf(c->message, sizeof c->message, "%.*s", (int)l->len, (const char *)l->message);
    if (c->before != NULL)
        c->before(c);
    enum code code = c->stays ? OK : go(go_arg, e);
    *ret_went = code == OK && !c->stays;
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
    c->asked++;
    if (c->forgets)
        return err_set(e, E_PEER, "away");
    *ret = (struct mail_reply){ .outcome = c->found };
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
    *c = (struct course){ .outcome = MAIL_SENT, .found = MAIL_NEVER, .status = 250, .enhanced = "2.0.0", .said = "ok" };
    send_start(&c->d, messages);
    c->deliver = (struct deliver){ .store = c->d.b.store, .keeper = c->d.b.keeper, .way = { .send = course_send, .ask = course_ask, .arg = c, .from = "service@seats.example", .relay = "relay.example",
                                   .base_url = "https://seats.example", .bounces = "bounces.seats.example" }, .service = course_service, .service_arg = c };
}
static void course_start(struct course *c) { course_start_with(c, MAIL_TO_PEOPLE); }

static struct uuid course_put_for(struct course *c, const struct uuid *person, const char *purpose) {
    struct message_result r;
    struct message_wish w = send_wish(&c->d, person);
    w.at = 0;
    w.purpose = purpose;
    CHECK_TEXT(send_try(&c->d, &w, &r), "");
    return r.id;
}
static struct uuid course_put(struct course *c, const struct uuid *person) { return course_put_for(c, person, NULL); }

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
static bool next_take(const struct letter_next *n, void *arg) {
    *(usec_t *)arg = n->next;
    return false;
}
static usec_t course_next(struct course *c) {
    usec_t next = USEC_NEVER;
    CHECK_OK(letters_next(c->d.b.store, CHANNEL_EMAIL, USEC_NEVER - 1, INT64_MIN, 1, next_take, &next, &c->d.b.e), &c->d.b.e);
    return next;
}

static bool reason_is(const struct suppressed_row *r, void *arg) {
    *(enum suppress_reason *)arg = r->reason;
    return true;
}
static enum suppress_reason suppressed_as(struct course *c, const char *email) {
    uint8_t who[WHO_SIZE];
    enum suppress_reason reason = (enum suppress_reason)0;
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(who_of(c->d.b.service, c->d.b.tenant, CHANNEL_EMAIL, email, who, &c->d.b.e), &c->d.b.e);
    CHECK_OK(store_view(c->d.b.store, c->d.b.tenant, &v, &c->d.b.e), &c->d.b.e);
    CHECK_OK(suppressed_of(view_sql(v), CHANNEL_EMAIL, who, clock_now(), reason_is, &reason, &c->d.b.e), &c->d.b.e);
    return reason;
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

/* A first try left, and the address was corrected before the second one: whoever has the letter now is who complains of it, and whose address is dead. */
TEST(what_is_heard_is_of_the_address_of_the_last_try) {
    static const struct { enum mail_outcome last; bool refused_before; enum heard heard; enum suppress_reason reason; } rows[] = {
        { MAIL_SENT, false, HEARD_COMPLAINED, SUPPRESS_COMPLAINT }, { MAIL_SENT, false, HEARD_BOUNCED, SUPPRESS_DEAD }, { MAIL_REFUSED, false, HEARD_DELAYED, SUPPRESS_DEAD }, { MAIL_REFUSED, true, HEARD_DELAYED, SUPPRESS_DEAD },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct course c;
        course_start(&c);
        struct uuid person = send_person(&c.d, &c.d.event, "ewa@people.example"), id = course_put(&c, &person);
        c.outcome = MAIL_LATER;
        c.status = 451;
        c.enhanced = "4.3.0";
        CHECK(course_go(&c, &id) == DELIVER_DONE && course_row(&c, &id).state == LETTER_WAITING);
        json_t *got = NULL;
        CHECK_OK(bed_change(&c.d.b, &c.d.boss, "registration", &person, -1, json_pack("{s:s}", "email", "ewa.lis@people.example"), &got), &c.d.b.e);
        json_decref(got);
        c.outcome = rows[i].last;
        c.stays = rows[i].refused_before;
        c.status = rows[i].last == MAIL_SENT ? 250 : 550;
        c.enhanced = rows[i].last == MAIL_SENT ? "2.0.0" : "5.1.1";
        CHECK(course_go(&c, &id) == DELIVER_DONE && course_row(&c, &id).state == (rows[i].last == MAIL_SENT ? LETTER_SENT : LETTER_BOUNCED));
        CHECK_TEXT(c.to, "ewa.lis@people.example");
        CHECK_OK(message_heard(c.d.b.service, c.d.b.tenant, &id, &(struct heard_news){ rows[i].heard, VERDICT_REJECT, "5.1.1", "5.1.1" }, &c.d.b.e), &c.d.b.e);
        CHECK_INT(suppressed_as(&c, "ewa.lis@people.example"), rows[i].reason);
        CHECK_INT(suppressed_as(&c, "ewa@people.example"), 0);
        bed_end(&c.d.b);
    }
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
        CHECK(course_go(&c, &id) == DELIVER_CUT && c.asked == i && uuid_compare(&c.id, &id) == 0);
        CHECK(course_row(&c, &id).doubts == i && course_row(&c, &id).state == (i < 4 ? LETTER_WAITING : LETTER_UNKNOWN));
    }
    CHECK(course_next(&c) == USEC_NEVER);
    bed_end(&c.d.b);
}

/* ---- between the making and the last byte */

static void is_suppressed(struct course *c) {
    struct suppress_wish w = { .tenant = c->d.b.tenant, .channel = CHANNEL_EMAIL, .list = "", .reason = SUPPRESS_HAND, .by = "token 1" };
    bool made = false;
    CHECK_OK(who_of(c->d.b.service, c->d.b.tenant, CHANNEL_EMAIL, "ewa@people.example", w.who, &c->d.b.e), &c->d.b.e);
    CHECK_OK(suppress(c->d.b.service, &w, &made, &c->d.b.e), &c->d.b.e);
}
static void is_corrected(struct course *c) {
    json_t *patch = json_pack("{s:s}", "email", "ewa.lis@people.example"), *got = NULL, *mistakes = NULL;
    const struct record_request change = { .who = &c->d.boss, .kind = charter_kind(c->d.b.charter, "registration"), .id = c->person, .input = patch, .if_match = -1, .lang = LANG_EN };
    CHECK_OK(record_change(c->d.b.service, &change, &got, &mistakes, &c->d.b.e), &c->d.b.e);
    json_decref(got);
    json_decref(patch);
}
static void is_erased(struct course *c) {
    json_t *got = NULL;
    const struct record_request erase = { .who = &c->d.boss, .kind = charter_kind(c->d.b.charter, "registration"), .id = c->person, .if_match = -1, .lang = LANG_EN };
    CHECK_OK(record_erase(c->d.b.service, &erase, &got, &c->d.b.e), &c->d.b.e);
    json_decref(got);
}
static enum code restrict_write(struct txn *t, void *arg, struct err *e) {
    const struct course *c = arg;
    return row_mark(t, service_kind(c->d.b.service, charter_kind(c->d.b.charter, "registration"))->number, &c->person, MARK_RESTRICTED, 0, e);
}
static void is_restricted(struct course *c) { CHECK_OK(store_write(c->d.b.store, c->d.b.tenant, restrict_write, c, &c->d.b.e), &c->d.b.e); }

/* As somebody does on the own private link: apart from a change of the record. */
static void consents(struct course *c, bool given) {
    CHECK_OK(record_consent_again(c->d.b.service, &c->d.boss, charter_kind(c->d.b.charter, "registration"), &c->person, "purpose sending offers", given, &c->d.b.e), &c->d.b.e);
}
static void is_taken_back(struct course *c) { consents(c, false); }

/* An objection, an erasure or a correction holds at once: the message does not go as it was made, and the next try finds what stands then. */
TEST(what_happens_before_the_last_byte_comes_first) {
    static const struct { void (*before)(struct course *c); enum letter_state then; int gate; const char *to, *purpose; } rows[] = {
        { is_suppressed, LETTER_OVER, 1 + GATE_SUPPRESSED, "" }, { is_restricted, LETTER_OVER, 1 + GATE_RESTRICTED, "" },
        { is_corrected, LETTER_SENT, 0, "ewa.lis@people.example" }, { is_erased, LETTER_OVER, 0, "" },
        { is_taken_back, LETTER_OVER, 1 + GATE_CONSENT, "", "sending offers" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct course c;
        course_start(&c);
        c.person = send_person(&c.d, &c.d.event, "ewa@people.example");
        if (rows[i].purpose != NULL)
            consents(&c, true);
        struct uuid id = course_put_for(&c, &c.person, rows[i].purpose);
        c.before = rows[i].before;
        CHECK(course_go(&c, &id) == DELIVER_WAITS && c.sent == 1);
        struct seen s = course_row(&c, &id);
        CHECK(s.state == LETTER_WAITING && s.tries == 0 && course_next(&c) < clock_now() + USEC_PER_MINUTE);
        c.before = NULL;
        c.to[0] = 0;
        (void)course_go(&c, &id);
        s = course_row(&c, &id);
        CHECK(s.state == rows[i].then && s.gate == rows[i].gate && c.sent == 1 + (rows[i].then == LETTER_SENT));
        CHECK_TEXT(c.to, rows[i].to);
        bed_end(&c.d.b);
    }
}

/* The last look compares what stands, and no clock: a row that a clock which was ahead has put, and that does not concern this message, stops it no second time; one
 * that was over and is renewed comes first, though it began long ago. */
static enum code bar_write(struct txn *t, void *arg, struct err *e) {
    bool fresh = false;
    return suppressed_put(t, arg, &fresh, e);
}
static void bar(struct course *c, const char *list, enum suppress_reason reason, usec_t since, usec_t until) {
    struct suppressed_row r = { .channel = CHANNEL_EMAIL, .list = list, .reason = reason, .since = since, .until = until, .by = "sejf" };
    CHECK_OK(who_of(c->d.b.service, c->d.b.tenant, CHANNEL_EMAIL, "ewa@people.example", r.who, &c->d.b.e), &c->d.b.e);
    CHECK_OK(store_write(c->d.b.store, c->d.b.tenant, bar_write, &r, &c->d.b.e), &c->d.b.e);
}
static void is_renewed(struct course *c) { bar(c, "", SUPPRESS_COMPLAINT, clock_now() - 400 * USEC_PER_DAY, USEC_NEVER); }

TEST(the_last_look_compares_no_clocks) {
    for (int renewed = 0; renewed < 2; renewed++) {
        struct course c;
        course_start(&c);
        c.person = send_person(&c.d, &c.d.event, "ewa@people.example");
        struct uuid id = course_put(&c, &c.person);
        if (renewed)
            bar(&c, "", SUPPRESS_COMPLAINT, clock_now() - 400 * USEC_PER_DAY, clock_now() - USEC_PER_DAY);
        else
            bar(&c, "scope 0199", SUPPRESS_LEFT, clock_now() + 20 * USEC_PER_HOUR, USEC_NEVER);
        c.before = renewed ? is_renewed : NULL;
        CHECK(course_go(&c, &id) == (renewed ? DELIVER_WAITS : DELIVER_DONE));
        CHECK(course_row(&c, &id).state == (renewed ? LETTER_WAITING : LETTER_SENT));
        bed_end(&c.d.b);
    }
}

/* One that was long on its way to the relay is asked for again: here it is made to look so. */
TEST(gates_that_were_asked_long_ago_are_asked_once_more) {
    for (int suppressed = 0; suppressed < 2; suppressed++) {
        struct course c;
        course_start(&c);
        c.person = send_person(&c.d, &c.d.event, "ewa@people.example");
        struct uuid id = course_put(&c, &c.person);
        AUTO(try_done) struct letter_try t = try_of(&c.deliver, c.d.b.tenant);
        CHECK_OK(try_read(&t, &id, &c.d.b.e), &c.d.b.e);
        CHECK(try_service(&t) && try_attempt(&t) != 0);
        CHECK_OK(outgoing_make(t.service, t.tenant, &t.row, &t.out, &t.stopped, &c.d.b.e), &c.d.b.e);
        t.made = true;
        if (suppressed)
            is_suppressed(&c);
        t.out.ask.now -= USEC_PER_HOUR;
        CHECK_CODE(try_may_go(&t, &c.d.b.e), suppressed ? E_STALE : OK, &c.d.b.e);
        CHECK(t.stopped.passes == !suppressed && t.out.ask.now > clock_now() - USEC_PER_MINUTE);
        CHECK(course_row(&c, &id).state == (suppressed ? LETTER_WAITING : LETTER_SENDING));
        bed_end(&c.d.b);
    }
}

/* ---- what is heard of one whose answer nobody knows */

static int64_t share(struct course *c, const char *what) {
    json_t *told = NULL;
    CHECK_OK(shares_told(c->d.b.service, c->d.b.tenant, &told, &c->d.b.e), &c->d.b.e);
    int64_t n = json_integer_value(json_object_get(json_array_get(json_object_get(told, "channels"), 0), what));
    json_decref(told);
    return n;
}

/* Nobody knows what came of it: whoever bounces it, complains or has it settles that, and it goes no second time. Of one that is on its way the news comes again. */
TEST(news_of_a_message_in_doubt_settles_it) {
    static const struct { bool doubt; enum heard what; const char *enhanced; enum reply_verdict verdict; enum code code; enum letter_state state; int64_t sent, bounced, complained; enum suppress_reason reason; } rows[] = {
        { true, HEARD_BOUNCED, "5.1.1", VERDICT_REJECT, OK, LETTER_BOUNCED, 1, 1, 0, SUPPRESS_DEAD },
        { true, HEARD_COMPLAINED, "", VERDICT_NONE, OK, LETTER_SENT, 1, 0, 1, SUPPRESS_COMPLAINT },
        { true, HEARD_DELIVERED, "2.0.0", VERDICT_NONE, OK, LETTER_SENT, 1, 0, 0, (enum suppress_reason)0 },
        { false, HEARD_BOUNCED, "5.1.1", VERDICT_REJECT, E_BUSY, LETTER_SENDING, 0, 0, 0, (enum suppress_reason)0 },
        { false, HEARD_DELIVERED, "2.0.0", VERDICT_NONE, E_BUSY, LETTER_SENDING, 0, 0, 0, (enum suppress_reason)0 },
        { false, HEARD_COMPLAINED, "", VERDICT_NONE, OK, LETTER_SENDING, 0, 0, 1, SUPPRESS_COMPLAINT },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct course c;
        course_start(&c);
        enum deliver_end end;
        struct uuid person = send_person(&c.d, &c.d.event, "ewa@people.example"), id = course_put(&c, &person);
        const struct heard_news news = { rows[i].what, rows[i].verdict, rows[i].enhanced, rows[i].enhanced };
        c.breaks = true;
        c.forgets = !rows[i].doubt;
        (void)course_go(&c, &id);
        CHECK(course_row(&c, &id).state == (rows[i].doubt ? LETTER_WAITING : LETTER_SENDING) && course_row(&c, &id).doubts == rows[i].doubt);
        for (int twice = 0; twice < 2; twice++)
            CHECK_CODE(message_heard(c.d.b.service, c.d.b.tenant, &id, &news, &c.d.b.e), rows[i].code, &c.d.b.e);
        CHECK(course_row(&c, &id).state == rows[i].state && (course_next(&c) == USEC_NEVER) == rows[i].doubt);
        if (rows[i].doubt)
            CHECK_CODE(deliver_one(&c.deliver, c.d.b.tenant, &id, &end, &c.d.b.e), E_CONFLICT, &c.d.b.e);
        CHECK(c.sent == 1 && suppressed_as(&c, "ewa@people.example") == rows[i].reason);
        CHECK(share(&c, "sent") == rows[i].sent && share(&c, "bounced") == rows[i].bounced && share(&c, "complained") == rows[i].complained);
        bed_end(&c.d.b);
    }
}

/* And one that is asked for after a cut counts like any other, and a complaint that comes after that finds whom it went to. */
TEST(a_message_that_is_found_after_a_cut_counts) {
    struct course c;
    course_start(&c);
    struct uuid person = send_person(&c.d, &c.d.event, "ewa@people.example"), id = course_put(&c, &person);
    c.breaks = c.forgets = true;
    CHECK(course_go(&c, &id) == DELIVER_AWAY && course_row(&c, &id).state == LETTER_SENDING);
    c.forgets = false;
    c.found = MAIL_SENT;
    CHECK(course_go(&c, &id) == DELIVER_DONE && course_row(&c, &id).state == LETTER_SENT && c.sent == 1);
    CHECK(share(&c, "sent") == 1);
    CHECK_OK(message_heard(c.d.b.service, c.d.b.tenant, &id, &(struct heard_news){ HEARD_COMPLAINED, VERDICT_NONE, "", "" }, &c.d.b.e), &c.d.b.e);
    CHECK(suppressed_as(&c, "ewa@people.example") == SUPPRESS_COMPLAINT && share(&c, "complained") == 1);
    bed_end(&c.d.b);
}

/* The charter lets a person have two a day: what was given up without having gone takes none of them. */
TEST(what_never_went_gives_its_place_of_the_day_back) {
    struct course c;
    struct message_result r;
    course_start(&c);
    struct uuid person = send_person(&c.d, &c.d.event, "ewa@people.example");
    struct message_wish w = send_wish(&c.d, &person);
    struct uuid ids[2];
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        CHECK_TEXT(send_try(&c.d, &w, &r), "");
        ids[i] = r.id;
    }
    CHECK_TEXT(send_try(&c.d, &w, &r), "rate");
    AUTO(try_done) struct letter_try t = try_of(&c.deliver, c.d.b.tenant);
    enum deliver_end end;
    CHECK_OK(try_read(&t, &ids[0], &c.d.b.e), &c.d.b.e);
    CHECK(try_service(&t));
    CHECK_OK(try_give_up(&t, &end, &c.d.b.e), &c.d.b.e);
    CHECK(course_row(&c, &ids[0]).state == LETTER_OVER);
    CHECK_TEXT(send_try(&c.d, &w, &r), "");
    CHECK_TEXT(send_try(&c.d, &w, &r), "rate");
    bed_end(&c.d.b);
}

/* A try that does not go leaves no private link behind: the one in the text that went is the only one there is. */
static bool token_count(const struct token_row *r, void *arg) {
    *(int *)arg += strcmp(r->label, "private link") == 0;
    return true;
}
static int links(struct course *c) {
    int n = 0;
    CHECK_OK(tokens_list(c->d.b.store, c->d.b.tenant, token_count, &n, &c->d.b.e), &c->d.b.e);
    return n;
}
TEST(a_private_link_opens_something_once_its_message_goes) {
    struct course c;
    course_start(&c);
    CHECK_OK(service_base_set(c.d.b.service, "https://seats.example", &c.d.b.e), &c.d.b.e);
    c.person = send_person(&c.d, &c.d.event, "ewa@people.example");
    struct message_result r;
    struct message_wish w = send_wish(&c.d, &c.person);
    w.at = 0;
    w.text = "See {{link}}";
    CHECK_TEXT(send_try(&c.d, &w, &r), "");
    struct uuid stopped = r.id;
    CHECK_TEXT(send_try(&c.d, &w, &r), "");
    CHECK(course_go(&c, &r.id) == DELIVER_DONE && course_row(&c, &r.id).state == LETTER_SENT && links(&c) == 1 && strstr(c.message, "https://seats.example/p/events/sejf_") != NULL);
    c.before = is_restricted;
    CHECK(course_go(&c, &stopped) == DELIVER_WAITS && links(&c) == 1);
    bed_end(&c.d.b);
}
