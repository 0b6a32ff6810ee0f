/* deliver_sms_test.c — a text message from the queue to a provider that does as it is told: what each answer means, what is asked before it goes again and
 * after a cut, and what of it is paid. */
#include "messages/deliver_sms.c"

#include "charter/prices.h"
#include "messages/sendbed.h"
#include "messages/suppress.h"
#include "store/sms.h"

#define TEXTS "sms:\n  only_to: \"+48\"\n  spend: at most 1 EUR a day for each tenant\nmessages:\n  sms: only to participant of the same event, at most 3 a day for each person\n"
#define PRICE 50000                          /* of one part */

struct course {
    struct sendbed d; struct prices *prices; struct deliver deliver; struct sms_way way;
    enum mail_outcome outcome, known; bool refuses_go;
    int sent, asked; struct sms_question question; char to[32], text[200];
};

static enum code course_send(void *arg, const struct sms_letter *l, mail_go_fn go, void *go_arg, bool *ret_went, struct sms_reply *ret, struct err *e) {
    struct course *c = arg;
    enum code code = go(go_arg, e);
    *ret_went = code == OK;
    if (code != OK)
        return code;
    c->sent++;
    snprintf(c->to, sizeof c->to, "%s", l->to);
    snprintf(c->text, sizeof c->text, "%s", l->text);
    *ret = (struct sms_reply){ .mail = { .outcome = c->outcome, .about = c->outcome == MAIL_LATER || c->outcome == MAIL_REFUSED, .status = 7, .said = "so it says" } };
    if (c->outcome == MAIL_SENT)
        snprintf(ret->receipt, sizeof ret->receipt, "r-%d", c->sent);
    return OK;
}
static enum code course_ask(void *arg, const struct sms_question *q, struct sms_reply *ret, struct err *e) {
    struct course *c = arg;
    (void)e;
    c->asked++;
    c->question = *q;
    *ret = (struct sms_reply){ .mail = { .outcome = c->known, .said = "as it remembers" }, .verdict = c->known == MAIL_REFUSED ? VERDICT_REJECT : VERDICT_NONE };
    return OK;
}
static enum code course_service(void *arg, int64_t tenant UNUSED, struct service **ret, struct err *e UNUSED) {
    struct course *c = arg;
    *ret = c->d.b.service;
    return OK;
}

static void course_start(struct course *c) {
    AUTO(findings_free) struct findings *f = findings_new();
    static const char list[] = "+48,0.05,EUR\n";
    *c = (struct course){ .outcome = MAIL_SENT };
    send_start(&c->d, TEXTS);
    CHECK_OK(prices_load_text("prices.csv", list, strlen(list), f, &c->prices, &c->d.b.e), &c->d.b.e);
    service_prices_set(c->d.b.service, c->prices);
    c->way = (struct sms_way){ .send = course_send, .ask = course_ask, .arg = c, .host = "texts.example" };
    c->deliver = (struct deliver){ .store = c->d.b.store, .keeper = c->d.b.keeper, .service = course_service, .service_arg = c, .sms = &c->way };
}
static void course_end(struct course *c) {
    bed_end(&c->d.b);
    c->prices = prices_free(c->prices);
}

/* To a person of its own, so that no cap of a day stops it. */
static struct uuid course_put(struct course *c) {
    static int number;
    char event[UUID_TEXT], email[64], phone[16];
    json_t *got = NULL;
    struct message_result r;
    snprintf(email, sizeof email, "p%d@people.example", ++number);
    snprintf(phone, sizeof phone, "+48600%06d", number);
    CHECK_OK(bed_make(&c->d.b, &c->d.boss, "registration", json_pack("{s:s,s:s,s:s,s:s}", "event", uuid_format(&c->d.event, event), "name", "Ewa", "email", email, "phone", phone), &got), &c->d.b.e);
    struct uuid person = id_of(got);
    json_decref(got);
    struct message_wish w = send_wish(&c->d, &person);
    w.at = 0;
    w.channel = CHANNEL_SMS;
    w.subject = NULL;
    CHECK_TEXT(send_try(&c->d, &w, &r), "");
    return r.id;
}

struct seen { enum letter_state state; int tries, doubts; int64_t cost; usec_t tried; char receipt[32]; };
static bool seen_take(const struct letter_row *r, void *arg) {
    struct seen *s = arg;
    *s = (struct seen){ r->state, r->tries, r->doubts, r->cost, r->tried, "" };
    snprintf(s->receipt, sizeof s->receipt, "%s", r->receipt);
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
struct next { const struct uuid *id; usec_t at; };
static bool next_take(const struct letter_next *l, void *arg) {
    struct next *n = arg;
    if (uuid_compare(&l->id, n->id) == 0)
        n->at = l->next;
    return true;
}
/* From now. USEC_NEVER: not any more. */
static usec_t course_waits(struct course *c, const struct uuid *id) {
    struct next n = { id, USEC_NEVER };
    CHECK_OK(letters_next(c->d.b.store, CHANNEL_SMS, USEC_NEVER - 1, INT64_MIN, 100, next_take, &n, &c->d.b.e), &c->d.b.e);
    return n.at == USEC_NEVER ? USEC_NEVER : n.at - clock_now();
}
static bool spend_add(const struct sms_spend *s, void *arg) {
    *(int64_t *)arg += s->spent;
    return true;
}
static int64_t spent(struct course *c) {
    int64_t sum = 0;
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(c->d.b.store, c->d.b.tenant, &v, &c->d.b.e), &c->d.b.e);
    CHECK_OK(sms_spend_list(view_sql(v), 0, spend_add, &sum, &c->d.b.e), &c->d.b.e);
    return sum;
}

TEST(each_answer_of_a_provider_has_its_meaning_and_its_price) {
    static const struct { enum mail_outcome outcome; enum deliver_end end; enum letter_state state; int doubts; usec_t least, most; int64_t spent; } rows[] = {
        { MAIL_SENT, DELIVER_DONE, LETTER_SENT, 0, 0, 0, PRICE },
        { MAIL_REFUSED, DELIVER_DONE, LETTER_BOUNCED, 0, 0, 0, 0 },                      /* it took nothing, and nothing is paid */
        { MAIL_LATER, DELIVER_DONE, LETTER_WAITING, 0, USEC_PER_MINUTE, 3 * USEC_PER_MINUTE, PRICE },      /* still taken for the next try */
        { MAIL_RELAY, DELIVER_PROVIDER, LETTER_WAITING, 0, 0, USEC_PER_HOUR, PRICE },
        { MAIL_IN_DOUBT, DELIVER_DOUBT, LETTER_WAITING, 1, 7 * USEC_PER_MINUTE, 13 * USEC_PER_MINUTE, PRICE },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct course c;
        course_start(&c);
        struct uuid id = course_put(&c);
        CHECK(spent(&c) == PRICE);
        c.outcome = rows[i].outcome;
        CHECK_INT(course_go(&c, &id), rows[i].end);
        CHECK(c.sent == 1 && c.asked == 0);
        struct seen s = course_row(&c, &id);
        CHECK(s.state == rows[i].state && s.tries == 1 && s.doubts == rows[i].doubts && s.cost == PRICE && spent(&c) == rows[i].spent);
        CHECK_TEXT(s.receipt, rows[i].outcome == MAIL_SENT ? "r-1" : "");
        usec_t waits = course_waits(&c, &id);
        CHECK(rows[i].most == 0 ? waits == USEC_NEVER : waits > rows[i].least - USEC_PER_SEC && waits < rows[i].most);
        CHECK(strncmp(c.to, "+48600", 6) == 0 && strcmp(c.text, "The race begins at 9.") == 0);
        course_end(&c);
    }
}

/* What is in doubt is asked for first; handed over once more it is paid once more. */
TEST(what_is_in_doubt_is_asked_for_before_it_goes_again) {
    static const struct { enum mail_outcome known; int sent; enum letter_state state; int doubts; int64_t spent; } rows[] = {
        { MAIL_SENT, 1, LETTER_SENT, 1, PRICE }, { MAIL_REFUSED, 1, LETTER_BOUNCED, 1, PRICE }, { MAIL_RELAY, 1, LETTER_WAITING, 1, 2 * PRICE },
        { MAIL_NOT_SENT, 2, LETTER_SENT, 1, 2 * PRICE }, { MAIL_NEVER, 2, LETTER_SENT, 1, 2 * PRICE }, { MAIL_IN_DOUBT, 1, LETTER_UNKNOWN, 1, PRICE },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct course c;
        course_start(&c);
        struct uuid id = course_put(&c);
        c.outcome = MAIL_IN_DOUBT;
        (void)course_go(&c, &id);
        c.outcome = MAIL_SENT;
        c.known = rows[i].known;
        (void)course_go(&c, &id);
        struct seen s = course_row(&c, &id);
        CHECK(c.asked == 1 && c.sent == rows[i].sent && s.state == rows[i].state && s.doubts == rows[i].doubts && spent(&c) == rows[i].spent);
        CHECK(uuid_compare(&c.question.id, &id) == 0 && c.question.first >= c.question.last && c.question.last >= 0);
        if (rows[i].known == MAIL_RELAY) {   /* as it cannot be said now, it is asked again: what was taken meanwhile stays taken, and no more */
            (void)course_go(&c, &id);
            CHECK(c.asked == 2 && c.sent == 1 && spent(&c) == 2 * PRICE);
        }
        course_end(&c);
    }
}

/* What it waited before, for a cap of a day or a pause, the provider knows nothing of: it takes no second one as long as it remembers the first. */
TEST(a_question_tells_when_it_was_first_handed_over) {
    struct course c;
    struct sms_question q;
    course_start(&c);
    struct uuid id = course_put(&c);
    c.outcome = MAIL_IN_DOUBT;
    (void)course_go(&c, &id);
    AUTO(try_done) struct letter_try t = try_of(&c.deliver, c.d.b.tenant);
    CHECK_OK(try_read(&t, &id, &c.d.b.e), &c.d.b.e);
    CHECK_INT(t.row.doubts, 1);
    t.row.made -= 36 * USEC_PER_HOUR;
    CHECK_OK(question_of(&t, &q, &c.d.b.e), &c.d.b.e);
    CHECK(q.first >= q.last && q.first < USEC_PER_HOUR);
    t.row.id = uuid_new();                   /* nobody knows when: no later than it was */
    CHECK_OK(question_of(&t, &q, &c.d.b.e), &c.d.b.e);
    CHECK(q.first >= 36 * USEC_PER_HOUR);
    course_end(&c);
}

static bool dead_is(const struct suppressed_row *r, void *arg) {
    *(bool *)arg = r->reason == SUPPRESS_DEAD;
    return true;
}
static bool is_dead(struct course *c, const char *phone) {
    uint8_t who[WHO_SIZE];
    bool dead = false;
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(who_of(c->d.b.service, c->d.b.tenant, CHANNEL_SMS, phone, who, &c->d.b.e), &c->d.b.e);
    CHECK_OK(store_view(c->d.b.store, c->d.b.tenant, &v, &c->d.b.e), &c->d.b.e);
    CHECK_OK(suppressed_of(view_sql(v), CHANNEL_SMS, who, clock_now(), dead_is, &dead, &c->d.b.e), &c->d.b.e);
    return dead;
}
static bool record_take(const struct letter_row *r, void *arg) {
    *(struct uuid *)arg = r->record;
    return false;
}

/* The number was corrected while the provider's answer was in doubt: what it says of the first message is of the number that this one went to. */
TEST(an_answer_about_an_earlier_try_is_of_its_number) {
    struct course c;
    struct uuid person;
    struct view *v = NULL;
    char first[32];
    course_start(&c);
    struct uuid id = course_put(&c);
    c.outcome = MAIL_IN_DOUBT;
    (void)course_go(&c, &id);
    snprintf(first, sizeof first, "%s", c.to);
    CHECK_OK(store_view(c.d.b.store, c.d.b.tenant, &v, &c.d.b.e), &c.d.b.e);
    CHECK_OK(letter_get(view_sql(v), &id, record_take, &person, &c.d.b.e), &c.d.b.e);
    v = view_end(v);
    json_t *got = NULL;
    CHECK_OK(bed_change(&c.d.b, &c.d.boss, "registration", &person, -1, json_pack("{s:s}", "phone", "+48511222333"), &got), &c.d.b.e);
    json_decref(got);
    c.known = MAIL_REFUSED;
    (void)course_go(&c, &id);
    CHECK(c.asked == 1 && c.sent == 1 && course_row(&c, &id).state == LETTER_BOUNCED);
    CHECK(is_dead(&c, first) && !is_dead(&c, "+48511222333"));
    course_end(&c);
}

/* Let go, and then the server was killed: it stands SENDING. */
static struct uuid course_cut(struct course *c) {
    struct uuid id = course_put(c);
    AUTO(try_done) struct letter_try t = try_of(&c->deliver, c->d.b.tenant);
    CHECK_OK(try_read(&t, &id, &c->d.b.e), &c->d.b.e);
    CHECK(try_service(&t) && try_attempt(&t) != 0);
    CHECK_OK(outgoing_make(t.service, t.tenant, &t.row, &t.out, &t.stopped, &c->d.b.e), &c->d.b.e);
    t.made = t.stopped.passes;
    CHECK(t.made);
    CHECK_OK(try_may_go(&t, &c->d.b.e), &c->d.b.e);
    return id;
}
static enum code set_write(struct txn *x, void *arg, struct err *e) { return letter_set(x, arg, 1, e); }
/* As if that had been a while ago. */
static void course_later(struct course *c, const struct uuid *id, usec_t by) {
    AUTO(try_done) struct letter_try t = try_of(&c->deliver, c->d.b.tenant);
    CHECK_OK(try_read(&t, id, &c->d.b.e), &c->d.b.e);
    t.row.tried -= by;
    CHECK_OK(store_write(c->d.b.store, c->d.b.tenant, set_write, &t.row, &c->d.b.e), &c->d.b.e);
}

/* A request may be under way for half a minute: nobody is asked before that, for what it has not got yet it would not know. */
TEST(after_a_cut_it_is_asked_for_when_it_can_be_under_way_no_more) {
    struct course c;
    course_start(&c);
    struct uuid id = course_cut(&c);
    CHECK(course_row(&c, &id).state == LETTER_SENDING && course_waits(&c, &id) > USEC_PER_MINUTE);
    c.known = MAIL_NOT_SENT;
    CHECK(course_go(&c, &id) == DELIVER_WAITS && c.asked == 0 && course_row(&c, &id).state == LETTER_SENDING);
    CHECK(course_waits(&c, &id) > USEC_PER_MINUTE && course_waits(&c, &id) < 2 * USEC_PER_MINUTE);
    course_end(&c);
}

TEST(what_a_provider_says_after_a_cut) {
    static const struct { enum mail_outcome known; bool over; enum letter_state state; int doubts; int64_t spent; } rows[] = {
        { MAIL_SENT, false, LETTER_SENT, 0, PRICE }, { MAIL_REFUSED, false, LETTER_BOUNCED, 0, 0 },
        { MAIL_NOT_SENT, false, LETTER_WAITING, 1, PRICE }, { MAIL_NEVER, false, LETTER_WAITING, 1, PRICE }, { MAIL_IN_DOUBT, false, LETTER_UNKNOWN, 1, PRICE },
        { MAIL_RELAY, false, LETTER_SENDING, 0, PRICE }, { MAIL_RELAY, true, LETTER_WAITING, 1, PRICE },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct course c;
        enum deliver_end end = DELIVER_AWAY;
        course_start(&c);
        struct uuid id = course_cut(&c);
        course_later(&c, &id, USEC_PER_HOUR);
        c.known = rows[i].known;
        AUTO(try_done) struct letter_try t = try_of(&c.deliver, c.d.b.tenant);
        CHECK_OK(try_read(&t, &id, &c.d.b.e), &c.d.b.e);
        CHECK(try_service(&t));
        CHECK_OK(try_sms_found(&t, rows[i].over, &end, &c.d.b.e), &c.d.b.e);
        struct seen s = course_row(&c, &id);
        CHECK(c.asked == 1 && c.sent == 0 && s.state == rows[i].state && s.doubts == rows[i].doubts && spent(&c) == rows[i].spent);
        CHECK(c.question.first >= USEC_PER_HOUR && c.question.last >= USEC_PER_HOUR);
        if (rows[i].known == MAIL_NOT_SENT)
            CHECK(course_waits(&c, &id) < USEC_PER_MINUTE);          /* it may go at once: asked once more, for it is a doubt now */
        if (rows[i].known == MAIL_RELAY && !rows[i].over)
            CHECK(end == DELIVER_PROVIDER && course_waits(&c, &id) > 0);
        course_end(&c);
    }
}

/* There was a provider, and is none, and the time is over: it is not asked for every minute for ever. */
TEST(without_a_provider_what_was_under_way_ends_with_its_time) {
    for (int over = 0; over < 2; over++) {
        struct course c;
        enum deliver_end end = DELIVER_AWAY;
        course_start(&c);
        struct uuid id = course_cut(&c);
        course_later(&c, &id, USEC_PER_HOUR);
        c.deliver.sms = NULL;
        AUTO(try_done) struct letter_try t = try_of(&c.deliver, c.d.b.tenant);
        CHECK_OK(try_read(&t, &id, &c.d.b.e), &c.d.b.e);
        CHECK(try_service(&t));
        if (over)
            t.row.until = clock_now() - 1;
        CHECK_OK(try_sms_found(&t, over, &end, &c.d.b.e), &c.d.b.e);
        CHECK(course_row(&c, &id).state == (over ? LETTER_UNKNOWN : LETTER_SENDING) && course_row(&c, &id).doubts == over);
        CHECK((course_waits(&c, &id) == USEC_NEVER) == over);
        course_end(&c);
    }
}

TEST(what_ends_without_having_gone_costs_nothing) {
    struct course c;
    enum deliver_end end;
    course_start(&c);
    struct uuid id = course_put(&c), other = course_put(&c);
    CHECK(spent(&c) == 2 * PRICE);
    AUTO(try_done) struct letter_try t = try_of(&c.deliver, c.d.b.tenant);
    CHECK_OK(try_read(&t, &id, &c.d.b.e), &c.d.b.e);
    CHECK(try_service(&t));
    CHECK_OK(try_give_up(&t, &end, &c.d.b.e), &c.d.b.e);
    CHECK(course_row(&c, &id).state == LETTER_OVER && spent(&c) == PRICE);
    (void)course_go(&c, &other);
    CHECK(course_row(&c, &other).state == LETTER_SENT && spent(&c) == PRICE);
    course_end(&c);
}
