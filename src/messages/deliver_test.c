/* deliver_test.c — what becomes of a letter for everything that a mailer can say or do, and that none goes twice. */
#include "messages/deliver.c"

#include <unistd.h>

#include "base/mem.h"
#include "messages/outbed.h"
#include "records/entry.h"
#include "store/tables.h"

#define FAR (INT64_C(4102444800) * USEC_PER_SEC)

static enum code deliver(struct outbed *o, const struct uuid *id, enum deliver_end *end) { return deliver_one(&o->d, o->b.tenant, id, end, &o->b.e); }

struct verbs { char text[2000]; size_t count; };
static bool verb_take(const struct ledger_row *r, void *arg) {
    struct verbs *v = arg;
    if (strstr(r->entry, "\"letter_") != NULL) {
        snprintf(v->text, sizeof v->text, "%s", r->entry);
        v->count++;
    }
    return true;
}
static struct verbs verbs(struct outbed *o) {
    struct verbs v = { .count = 0 };
    AUTO(view_end) struct view *w = NULL;
    CHECK_OK(store_view(o->b.store, o->b.tenant, &w, &o->b.e), &o->b.e);
    CHECK_OK(ledger_list(view_sql(w), 0, verb_take, &v, &o->b.e), &o->b.e);
    return v;
}

TEST(a_letter_is_delivered_once) {
    struct outbed o;
    enum deliver_end end;
    out_start(&o);
    struct uuid id = out_letter(&o, FAR);
    o.deed = OUT_GOES;
    o.outcome = MAIL_SENT;
    o.status = 250;
    CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    struct out_row r = out_row(&o, &id);
    CHECK(end == DELIVER_DONE && r.state == LETTER_SENT && r.tries == 1 && r.status == 250 && r.len == 0 && r.tried > 0);
    CHECK(out_next(&o) == USEC_NEVER && o.taken_count == 1);
    CHECK(strstr(o.message, "To: \"Anna\"\r\n <anna@people.example>\r\n") != NULL && strstr(o.message, "aGVsbG8=") != NULL && strstr(o.message, "From: \"Seats\"\r\n <service@seats.example>") != NULL);
    struct verbs v = verbs(&o);
    CHECK(v.count == 1 && strstr(v.text, "\"letter_sent\"") != NULL && strstr(v.text, "\"notice\"") != NULL && strstr(v.text, "TLSv1.3") != NULL && strstr(v.text, "relay.example") != NULL);
    CHECK(strstr(v.text, "anna") == NULL && strstr(v.text, "people.example") == NULL);
    CHECK_CODE(deliver(&o, &id, &end), E_CONFLICT, &o.b.e);          /* again: it has ended */
    CHECK(o.taken_count == 1);
    out_end(&o);
}

TEST(each_answer_has_its_meaning) {
    static const struct { int deed, outcome; enum letter_state state; enum deliver_end end; usec_t least, most; const char *verb; int answers; } rows[] = {
        { OUT_ANSWERS, MAIL_REFUSED, LETTER_BOUNCED, DELIVER_DONE, 23 * USEC_PER_HOUR, 25 * USEC_PER_HOUR, "letter_bounced", 1 },
        { OUT_GOES, MAIL_REFUSED, LETTER_BOUNCED, DELIVER_DONE, 23 * USEC_PER_HOUR, 25 * USEC_PER_HOUR, "letter_bounced", 1 },
        { OUT_ANSWERS, MAIL_LATER, LETTER_WAITING, DELIVER_DONE, USEC_PER_MINUTE, 3 * USEC_PER_MINUTE, NULL },
        { OUT_GOES, MAIL_LATER, LETTER_WAITING, DELIVER_DONE, USEC_PER_MINUTE, 3 * USEC_PER_MINUTE, NULL },
        { OUT_ANSWERS, MAIL_RELAY, LETTER_WAITING, DELIVER_RELAY, -USEC_PER_MINUTE, USEC_PER_MINUTE, NULL },
        { OUT_GOES, MAIL_IN_DOUBT, LETTER_WAITING, DELIVER_DOUBT, 7 * USEC_PER_MINUTE, 13 * USEC_PER_MINUTE, NULL, 1 },
        { OUT_GOES, MAIL_NOT_SENT, LETTER_WAITING, DELIVER_DONE, -USEC_PER_MINUTE, USEC_PER_MINUTE, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct outbed o;
        enum deliver_end end;
        out_start(&o);
        struct uuid id = out_letter(&o, FAR);
        o.deed = rows[i].deed;
        o.outcome = rows[i].outcome;
        o.status = 550;
        CHECK_OK(deliver(&o, &id, &end), &o.b.e);
        struct out_row r = out_row(&o, &id);
        usec_t wait = out_next(&o) - clock_now();
        CHECK(r.state == rows[i].state && end == rows[i].end && r.tries == 1 && r.tried > 0 && r.status == 550);
        CHECK(wait > rows[i].least && wait < rows[i].most && r.len > 0 && r.doubts == (rows[i].outcome == MAIL_IN_DOUBT));
        CHECK(r.answers == rows[i].answers && (r.heard > 0) == (r.answers > 0));
        struct verbs v = verbs(&o);
        CHECK(rows[i].verb == NULL ? v.count == 0 : v.count == 1 && strstr(v.text, rows[i].verb) != NULL);
        out_end(&o);
    }
}

TEST(a_mailer_that_is_gone) {
    struct outbed o;
    enum deliver_end end;
    out_start(&o);
    struct uuid id = out_letter(&o, FAR), two = out_letter(&o, FAR);
    o.deed = OUT_AWAY;                       /* before anything */
    CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    struct out_row r = out_row(&o, &id);
    CHECK(end == DELIVER_AWAY && r.state == LETTER_WAITING && r.tries == 0 && r.tried == 0 && r.len > 0);
    o.deed = OUT_BREAKS;                     /* after it went: it is asked at once, and remembers */
    o.known = MAIL_SENT;
    CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    r = out_row(&o, &id);
    CHECK(o.asked == 1 && r.state == LETTER_SENT && r.len == 0 && o.taken_count == 1);
    o.known = MAIL_NEVER;                    /* it was started anew */
    CHECK_OK(deliver(&o, &two, &end), &o.b.e);
    r = out_row(&o, &two);
    CHECK(r.state == LETTER_WAITING && r.doubts == 1 && r.len > 0 && o.taken_count == 2);
    out_end(&o);
}

/* Nobody knows what came of it: it goes again under the same id, four times in all, and then it is unknown. */
TEST(what_is_in_doubt_goes_again) {
    struct outbed o;
    enum deliver_end end;
    out_start(&o);
    struct uuid id = out_letter(&o, FAR), soon = out_letter(&o, clock_now() + 5 * USEC_PER_MINUTE), sent = out_letter(&o, FAR), over = out_letter(&o, FAR);
    o.deed = OUT_GOES;
    o.outcome = MAIL_IN_DOUBT;
    for (int i = 1; i <= DOUBTS_MOST; i++) {
        CHECK_OK(deliver(&o, &id, &end), &o.b.e);
        struct out_row r = out_row(&o, &id);
        CHECK(r.doubts == i && r.tries == i && r.state == (i < DOUBTS_MOST ? LETTER_WAITING : LETTER_UNKNOWN) && (r.len == 0) == (i == DOUBTS_MOST));
    }
    CHECK(o.taken_count == DOUBTS_MOST && verbs(&o).count == 1 && strstr(verbs(&o).text, "letter_unknown") != NULL);
    for (size_t i = 1; i < o.taken_count; i++)
        CHECK(uuid_compare(&o.taken[0], &o.taken[i]) == 0);
    CHECK_CODE(deliver(&o, &id, &end), E_CONFLICT, &o.b.e);
    CHECK_OK(deliver(&o, &soon, &end), &o.b.e);                     /* its time would be over before the next */
    CHECK(out_row(&o, &soon).state == LETTER_UNKNOWN && out_row(&o, &soon).doubts == 1);
    CHECK_OK(deliver(&o, &sent, &end), &o.b.e);
    o.outcome = MAIL_SENT;
    CHECK_OK(deliver(&o, &sent, &end), &o.b.e);
    CHECK(out_row(&o, &sent).state == LETTER_SENT && out_row(&o, &sent).doubts == 1);
    o.outcome = MAIL_IN_DOUBT;
    CHECK_OK(deliver(&o, &over, &end), &o.b.e);
    AUTO(try_done) struct letter_try t = try_of(&o.d, o.b.tenant);
    CHECK_OK(try_read(&t, &over, &o.b.e), &o.b.e);
    CHECK_OK(try_give_up(&t, &end, &o.b.e), &o.b.e);        /* what may have arrived is never called over */
    CHECK(out_row(&o, &over).state == LETTER_UNKNOWN);
    out_end(&o);
}

/* The server was killed between "it goes" and the answer: a letter that is found SENDING is asked for. */
TEST(a_letter_found_on_its_way_is_asked_for) {
    static const struct { int known; enum letter_state state; } rows[] = { { MAIL_SENT, LETTER_SENT }, { MAIL_REFUSED, LETTER_BOUNCED }, { MAIL_NEVER, LETTER_WAITING }, { MAIL_NOT_SENT, LETTER_WAITING } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct outbed o;
        enum deliver_end end;
        out_start(&o);
        struct uuid id = out_letter(&o, FAR);
        AUTO(try_done) struct letter_try t = try_of(&o.d, o.b.tenant);
        CHECK_OK(try_read(&t, &id, &o.b.e), &o.b.e);
        CHECK(try_attempt(&t) != 0);
        CHECK_OK(try_may_go(&t, &o.b.e), &o.b.e);
        CHECK_CODE(try_may_go(&t, &o.b.e), E_CONFLICT, &o.b.e);              /* another server has let it go */
        struct out_row r = out_row(&o, &id);
        CHECK(r.state == LETTER_SENDING && r.tries == 1);
        o.deed = OUT_AWAY;
        CHECK_OK(deliver(&o, &id, &end), &o.b.e);
        CHECK(end == DELIVER_AWAY && out_row(&o, &id).state == LETTER_SENDING);
        o.deed = OUT_GOES;
        o.known = rows[i].known;
        CHECK_OK(deliver(&o, &id, &end), &o.b.e);
        r = out_row(&o, &id);
        CHECK(r.state == rows[i].state && o.sent == 0 && o.taken_count == 0 && r.tries == 1 && o.asked_of == t.attempt);
        out_end(&o);
    }
}

/* What the mailer remembers of a handing over that was not let go is never taken for that of another: each has its own number, and the letter is asked for by that of the one that went. */
TEST(no_two_tries_have_one_number) {
    struct outbed o;
    enum deliver_end end;
    uint32_t numbers[8];
    out_start(&o);
    struct uuid id = out_letter(&o, FAR);
    o.deed = OUT_GOES;
    for (size_t i = 0; i < ARRAY_LEN(numbers) - 1; i++) {        /* somebody writes the letter between the look and the go: it is not let go */
        AUTO(try_done) struct letter_try t = try_of(&o.d, o.b.tenant);
        CHECK_OK(try_read(&t, &id, &o.b.e), &o.b.e);
        numbers[i] = try_attempt(&t);
        t.left_tries++;
        CHECK_CODE(try_may_go(&t, &o.b.e), E_CONFLICT, &o.b.e);
        CHECK(t.left == LETTER_WAITING && out_row(&o, &id).tries == 0 && out_row(&o, &id).state == LETTER_WAITING);
    }
    o.deed = OUT_BREAKS;
    o.known = MAIL_SENT;
    CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    numbers[ARRAY_LEN(numbers) - 1] = o.attempt;
    CHECK(o.asked == 1 && o.asked_of == o.attempt && out_row(&o, &id).state == LETTER_SENT);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        for (size_t j = 0; j < i; j++)
            CHECK(numbers[i] != 0 && numbers[i] != numbers[j]);
    out_end(&o);
}

TEST(a_letter_whose_time_is_over_is_given_up) {
    struct outbed o;
    enum deliver_end end;
    out_start(&o);
    struct uuid id = out_letter(&o, clock_now() - 1), soon = out_letter(&o, clock_now() + USEC_PER_HOUR);
    CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    struct out_row r = out_row(&o, &id);
    CHECK(end == DELIVER_ASIDE && r.state == LETTER_OVER && r.len == 0 && o.sent == 0 && verbs(&o).count == 1);
    o.outcome = MAIL_REFUSED;                /* tomorrow would be after its time: it ends then */
    CHECK_OK(deliver(&o, &soon, &end), &o.b.e);
    CHECK(out_row(&o, &soon).state == LETTER_BOUNCED && out_next(&o) < clock_now() + 2 * USEC_PER_HOUR);
    out_end(&o);
}

/* A try that read the letter before somebody ended it writes nothing over that end; nor does one whose letter another one has let go. */
TEST(an_old_try_writes_nothing) {
    struct outbed o;
    enum deliver_end end;
    out_start(&o);
    struct uuid id = out_letter(&o, FAR), two = out_letter(&o, FAR);
    AUTO(try_done) struct letter_try t = try_of(&o.d, o.b.tenant), u = try_of(&o.d, o.b.tenant);
    CHECK_OK(try_read(&t, &id, &o.b.e), &o.b.e);
    CHECK_OK(try_read(&u, &two, &o.b.e), &o.b.e);
    AUTO(try_done) struct letter_try other = try_of(&o.d, o.b.tenant);
    CHECK_OK(try_read(&other, &id, &o.b.e), &o.b.e);
    CHECK_OK(try_give_up(&other, &end, &o.b.e), &o.b.e);
    CHECK_CODE(try_put_off(&t, AWAY_WAIT, DELIVER_AWAY, &end, &o.b.e), E_CONFLICT, &o.b.e);
    CHECK(out_row(&o, &id).state == LETTER_OVER && out_row(&o, &id).len == 0);
    o.deed = OUT_AWAY;                       /* the second is let go by another, whose answer is not known yet */
    AUTO(try_done) struct letter_try first = try_of(&o.d, o.b.tenant);
    CHECK_OK(try_read(&first, &two, &o.b.e), &o.b.e);
    CHECK_OK(try_may_go(&first, &o.b.e), &o.b.e);
    u.reply.outcome = MAIL_LATER;
    u.row.tries++;
    CHECK_CODE(try_settle(&u, &end, &o.b.e), E_CONFLICT, &o.b.e);
    CHECK(out_row(&o, &two).state == LETTER_SENDING && out_row(&o, &two).tries == 1);
    out_end(&o);
}

/* As large as post.h lets it be: it makes a message like any other. */
TEST(the_largest_letter_goes) {
    struct outbed o;
    enum deliver_end end;
    char *file = mem_new(POST_FILE_MAX);
    CHECK(file != NULL);
    memset(file, 'x', POST_FILE_MAX);
    out_start(&o);
    o.file = file;
    o.file_len = POST_FILE_MAX;
    struct uuid id = out_letter(&o, FAR);
    o.deed = OUT_GOES;
    o.outcome = MAIL_SENT;
    CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    CHECK(end == DELIVER_DONE && out_row(&o, &id).state == LETTER_SENT && o.taken_count == 1);
    mem_free(file);
    out_end(&o);
}

/* Somebody who has left meanwhile is not written to; who cannot be asked about now waits, and keeps nobody else. */
static enum code belongs_answer;
static enum code belongs(void *arg, int64_t tenant UNUSED, const struct uuid *account, bool *ret, struct err *e) {
    CHECK(arg == &belongs_answer);
    *ret = account->bytes[0] == 1;
    return belongs_answer == OK ? OK : err_set(e, belongs_answer, "not now");
}
TEST(who_has_left_is_not_written_to) {
    struct outbed o;
    enum deliver_end end;
    out_start(&o);
    o.d.belongs = belongs;
    o.d.belongs_arg = &belongs_answer;
    o.deed = OUT_GOES;
    o.outcome = MAIL_SENT;
    o.whom = (struct uuid){ { 2 } };
    struct uuid left = out_letter(&o, FAR);
    o.whom = (struct uuid){ { 1 } };
    struct uuid stays = out_letter(&o, FAR);
    o.whom = (struct uuid){ { 0 } };
    struct uuid nobodys = out_letter(&o, FAR);
    belongs_answer = E_IO;
    CHECK_OK(deliver(&o, &stays, &end), &o.b.e);
    CHECK(end == DELIVER_WAITS && out_row(&o, &stays).state == LETTER_WAITING && o.sent == 0);
    belongs_answer = OK;
    CHECK_OK(deliver(&o, &left, &end), &o.b.e);
    struct out_row r = out_row(&o, &left);
    CHECK(r.state == LETTER_OVER && r.len == 0 && r.tries == 0 && r.answers == 0 && o.sent == 0 && strstr(r.said, "belongs to the tenant no more") != NULL);
    CHECK_OK(deliver(&o, &stays, &end), &o.b.e);
    CHECK_OK(deliver(&o, &nobodys, &end), &o.b.e);
    CHECK(out_row(&o, &stays).state == LETTER_SENT && out_row(&o, &nobodys).state == LETTER_SENT && o.taken_count == 2);
    out_end(&o);
}

static bool doubted(struct store *s UNUSED) { return true; }
TEST(a_clock_that_is_doubted_ends_no_letter) {
    struct outbed o;
    enum deliver_end end;
    out_start(&o);
    struct uuid id = out_letter(&o, clock_now() - 1);
    o.d.clock_held = doubted;
    CHECK_OK(deliver_over(&o.d, o.b.tenant, &id, &o.b.e), &o.b.e);
    CHECK(out_row(&o, &id).state == LETTER_WAITING && out_row(&o, &id).len > 0);
    o.deed = OUT_GOES;
    o.outcome = MAIL_SENT;
    CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    CHECK(out_row(&o, &id).state == LETTER_SENT && o.taken_count == 1);
    out_end(&o);
}

TEST(without_a_relay_what_is_over_ends_and_the_rest_waits) {
    struct outbed o;
    out_start(&o);
    struct uuid over = out_letter(&o, clock_now() - 1), waits = out_letter(&o, FAR), sending = out_letter(&o, clock_now() + USEC_PER_SEC), none = uuid_new();
    AUTO(try_done) struct letter_try t = try_of(&o.d, o.b.tenant);
    CHECK_OK(try_read(&t, &sending, &o.b.e), &o.b.e);
    CHECK_OK(try_may_go(&t, &o.b.e), &o.b.e);
    o.d.way = (struct deliver_way){ .from = NULL };
    for (int i = 0; i < 600 && clock_now() < t.row.until; i++)
        (void)usleep(50000);
    const struct uuid *all[] = { &over, &waits, &sending, &none };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        CHECK_OK(deliver_over(&o.d, o.b.tenant, all[i], &o.b.e), &o.b.e);
    struct out_row r = out_row(&o, &over);
    CHECK(r.state == LETTER_OVER && r.len == 0);
    r = out_row(&o, &waits);
    CHECK(r.state == LETTER_WAITING && r.len > 0);
    r = out_row(&o, &sending);
    CHECK(r.state == LETTER_UNKNOWN && r.len == 0 && o.sent == 0 && o.asked == 0);
    out_end(&o);
}

/* There was a relay, and is none: what had gone by it may have arrived, so it is not called over; until its time it waits. */
TEST(a_letter_on_its_way_that_nobody_can_be_asked_for) {
    struct outbed o;
    enum deliver_end end;
    out_start(&o);
    struct uuid id = out_letter(&o, clock_now() + 2 * USEC_PER_SEC);
    AUTO(try_done) struct letter_try t = try_of(&o.d, o.b.tenant);
    CHECK_OK(try_read(&t, &id, &o.b.e), &o.b.e);
    CHECK(try_attempt(&t) != 0);
    CHECK_OK(try_may_go(&t, &o.b.e), &o.b.e);
    o.d.way = (struct deliver_way){ .from = NULL };
    CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    CHECK(end == DELIVER_WAITS ? out_row(&o, &id).state == LETTER_SENDING : clock_now() >= t.row.until);
    for (int i = 0; i < 600 && clock_now() < t.row.until; i++)
        (void)usleep(50000);
    if (out_row(&o, &id).state == LETTER_SENDING)
        CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    CHECK(end == DELIVER_ASIDE && out_row(&o, &id).state == LETTER_UNKNOWN && out_row(&o, &id).len == 0);
    out_end(&o);
}

/* What leads to no letter leads nowhere, and keeps nobody. */
static enum code lead_write(struct txn *x, void *arg, struct err *e) { return letter_next_set(x, arg, 1, e); }
TEST(a_letter_that_is_no_more_is_not_looked_for) {
    struct outbed o;
    enum deliver_end end = DELIVER_RELAY;
    struct uuid none = uuid_new();
    out_start(&o);
    CHECK_OK(store_write(o.b.store, o.b.tenant, lead_write, &none, &o.b.e), &o.b.e);
    CHECK(out_next(&o) == 1);
    CHECK_OK(deliver(&o, &none, &end), &o.b.e);
    CHECK(end == DELIVER_WAITS && out_next(&o) == USEC_NEVER);
    out_end(&o);
}

/* What never makes a message is given up, and is not the relay's fault. */
static enum code text_spoil(struct txn *x, void *arg, struct err *e) {
    struct letter_try *t = arg;
    return letter_set(x, &t->row, 1, e);
}
TEST(a_letter_that_makes_no_message_is_given_up) {
    struct outbed o;
    enum deliver_end end = DELIVER_RELAY;
    out_start(&o);
    struct uuid id = out_letter(&o, FAR);
    AUTO(try_done) struct letter_try t = try_of(&o.d, o.b.tenant);
    struct key key;
    bool ok = false;
    CHECK_OK(try_read(&t, &id, &o.b.e), &o.b.e);
    key_id number = t.row.key;
    CHECK_OK(keeper_open(o.b.keeper, o.b.tenant, &number, 1, &key, &ok, &o.b.e), &o.b.e);
    json_t *text = json_pack("{s:s}", "to", "anna@people.example");
    AUTO(buf_wipe) struct buf sealed = BUF(4096);
    const struct entry_place at = { "letter", o.b.tenant, 0, id, number };
    CHECK_OK(entry_seal(&at, &key, text, &sealed, &o.b.e), &o.b.e);
    json_decref(text);
    t.row.blob = sealed.data;
    t.row.len = sealed.len;
    CHECK_OK(store_write(o.b.store, o.b.tenant, text_spoil, &t, &o.b.e), &o.b.e);
    CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    CHECK(end == DELIVER_ASIDE && out_row(&o, &id).state == LETTER_OVER && out_row(&o, &id).len == 0 && o.sent == 0);
    out_end(&o);
}

/* Tries at a relay that cannot be reached are no answers about a letter, and do not make it wait longer; what is said of whom it goes to is one, also where the connection breaks after it. */
TEST(a_relay_that_fails_drives_no_letters_wait) {
    struct outbed o;
    enum deliver_end end;
    out_start(&o);
    struct uuid id = out_letter(&o, FAR);
    o.outcome = MAIL_RELAY;
    for (int i = 0; i < 12; i++)
        CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    CHECK(out_row(&o, &id).tries == 12 && out_row(&o, &id).answers == 0 && out_row(&o, &id).heard == 0);
    o.about = true;
    o.outcome = MAIL_LATER;
    CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    usec_t wait = out_next(&o) - clock_now();
    CHECK(wait > USEC_PER_MINUTE && wait < 3 * USEC_PER_MINUTE && out_row(&o, &id).answers == 1);
    o.outcome = MAIL_RELAY;
    CHECK_OK(deliver(&o, &id, &end), &o.b.e);
    CHECK(end == DELIVER_RELAY && out_row(&o, &id).answers == 2 && out_row(&o, &id).heard > 0);
    out_end(&o);
}

/* A connection that ends at a letter over and over is not the relay's fault alone: the letter waits longer and longer, and is not tried every ten seconds for days. That is no answer about it: a notice was not
 * tried by it, and the first answer makes it wait as the first. */
TEST(a_letter_that_ends_its_connection_waits) {
    static const struct { int stage, status; enum deliver_end end; } rows[] = {
        { REPLY_AT_SENDER, 0, DELIVER_LOST }, { REPLY_AT_PERSON, 0, DELIVER_LOST }, { REPLY_AT_PERSON, 421, DELIVER_LOST }, { REPLY_AT_TEXT, 0, DELIVER_LOST }, { REPLY_AT_TEXT, 421, DELIVER_LOST },
        { REPLY_AT_US, 0, DELIVER_RELAY }, { REPLY_AT_US, 421, DELIVER_RELAY }, { REPLY_AT_SENDER, 550, DELIVER_RELAY }, { REPLY_AT_PERSON, 530, DELIVER_RELAY },
    };
    struct outbed o;
    out_start(&o);
    o.outcome = MAIL_RELAY;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct uuid id = out_letter(&o, FAR);
        o.stage = rows[i].stage;
        o.status = rows[i].status;
        for (int n = 1; n <= 6; n++) {
            enum deliver_end end = DELIVER_DONE;
            CHECK_OK(deliver(&o, &id, &end), &o.b.e);
            CHECK_INT(end, rows[i].end);
        }
        usec_t wait = out_next(&o) - clock_now();
        bool its = rows[i].end == DELIVER_LOST;
        CHECK(out_row(&o, &id).answers == 0 && out_row(&o, &id).heard == 0 && (its ? wait > 5 * USEC_PER_MINUTE && wait < 11 * USEC_PER_MINUTE : wait < USEC_PER_MINUTE));
        o.outcome = MAIL_LATER;
        o.about = true;
        enum deliver_end end = DELIVER_DONE;
        CHECK_OK(deliver(&o, &id, &end), &o.b.e);
        wait = out_next(&o) - clock_now();
        CHECK(out_row(&o, &id).answers == 1 && wait > USEC_PER_MINUTE && wait < 3 * USEC_PER_MINUTE);
        o.about = false;
        o.outcome = MAIL_SENT;
        CHECK_OK(deliver(&o, &id, &end), &o.b.e);        /* out of the way of the next row */
        o.outcome = MAIL_RELAY;
    }
    out_end(&o);
}

TEST(waits_grow_and_differ) {
    CHECK(deliver_wait(1, 0) == 90 * USEC_PER_SEC && deliver_wait(1, 1023) == 150 * USEC_PER_SEC && deliver_wait(0, 0) == 90 * USEC_PER_SEC);
    CHECK(deliver_wait(2, 0) == 180 * USEC_PER_SEC && deliver_wait(1000, 1023) == 5 * USEC_PER_HOUR && deliver_wait(1000, 0) == 3 * USEC_PER_HOUR);
    CHECK(deliver_doubt_wait(1, 1023) == 750 * USEC_PER_SEC && deliver_doubt_wait(3, 0) == 30 * USEC_PER_MINUTE && deliver_doubt_wait(100, 0) == 2 * USEC_PER_HOUR);
    for (int i = 1; i < 30; i++)
        CHECK(deliver_wait(i, 512) <= deliver_wait(i + 1, 512));
}

/* Whatever allocation fails, the letter stays, is delivered by a later try, and goes once. */
TEST(survives_no_memory) {
    struct outbed o;
    bool reached = true;
    out_start(&o);
    o.deed = OUT_GOES;
    o.outcome = o.known = MAIL_SENT;
    for (size_t n = 1; reached && n < 2000; n++) {
        enum deliver_end end;
        struct uuid id = out_letter(&o, FAR);
        o.taken_count = 0;
        mem_fail_at = n;
        enum code code = deliver(&o, &id, &end);
        reached = mem_fail_at == 0;
        mem_fail_at = 0;
        CHECK(code == OK || code == E_MEMORY);
        struct out_row r = out_row(&o, &id);
        CHECK(r.state == LETTER_SENT || r.len > 0);
        if (r.state != LETTER_SENT)
            CHECK_OK(deliver(&o, &id, &end), &o.b.e);
        CHECK(out_row(&o, &id).state == LETTER_SENT && o.taken_count == 1);
    }
    CHECK(!reached);
    out_end(&o);
}
