/* remind_test.c — who is reminded, once, of which instant; what is not reminded; and what ends before it goes. The hours are the whole day here, so that no hour of
 * the clock matters: remind_text_test.c has those. */
#include "messages/remind.c"

#include "records/testbed.h"
#include "records/testcharters.h"

static const char visits_charter[] =
    CHARTER_HEAD("visits", "PL", "Europe/Warsaw")
    "people:\n  client: somebody\n  firm: a firm\n"
    "tenant: firm\n"
    "records:\n"
    "  visit:\n"
    "    we_are: processor for the firm\n"
    "    belongs_to: firm\n"
    "    about: client\n"
    "    because: contract with the client\n"
    "    used_for: [visits]\n"
    "    holds:\n"
    "      starts: time, optional\n"
    "      email: personal email, optional\n"
    "      note: sensitive text, optional, only with consent health\n"
    "      state: one of booked | waiting | cancelled | came\n"
    "    moves:\n"
    "      booked to cancelled: firm\n"
    "      booked to came: firm\n"
    "      waiting to booked: firm\n"
    "      booked to waiting: firm\n"
    "    remind: by email 4 hours before starts, only email and time in the text, not when waiting, between 0:00 and 24:00\n"
    "    keep: 1 year after starts, then erase\n"
    "who_sees:\n"
    "  client: everything of own visit, by private link\n"
    "  firm: everything of own visit\n"
    "sign_in:\n  firm: password of 12 characters and a second step\n"
    "messages:\n  email: only to client of the same firm, at most 50 a day for each person\n  sms: never\n"
    CHARTER_TAIL;

struct visits { struct bed b; usec_t now; };
static struct visits visits_start(void) {
    struct visits v = { .now = clock_now() };
    bed_start(&v.b, visits_charter);
    return v;
}

static json_t *at(usec_t t) {
    char text[40];
    return json_string(time_format(t, text, sizeof text));
}
static struct uuid visit_new(struct visits *v, int64_t tenant, usec_t starts, const char *state) {
    struct caller who = bed_role(&v->b, tenant, "firm");
    json_t *reply = NULL;
    CHECK_OK(bed_make(&v->b, &who, "visit", json_pack("{s:o, s:s, s:s}", "starts", at(starts), "state", state, "email", "jan@abcabc.example"), &reply), &v->b.e);
    struct uuid id = id_of(reply);
    json_decref(reply);
    return id;
}
static void visit_set(struct visits *v, const struct uuid *id, json_t *fields) {
    struct caller who = bed_role(&v->b, v->b.tenant, "firm");
    json_t *reply = NULL;
    struct err *e = &v->b.e;
    CHECK_OK(bed_change(&v->b, &who, "visit", id, -1, fields, &reply), e);
    json_decref(reply);
}
static struct reminders turn_at(struct visits *v, int64_t tenant, usec_t now) {
    struct reminders count = { 0 };
    CHECK_OK(reminders_send(v->b.service, tenant, now, &count, &v->b.e), &v->b.e);
    return count;
}

/* The letters of a tenant that still wait, the newest first. */
struct letters { struct letter_row list[40]; size_t count; };
static bool letter_take(const struct letter_row *r, void *arg) {
    struct letters *l = arg;
    CHECK(l->count < ARRAY_LEN(l->list) && strcmp(r->cause, REMIND_CAUSE) == 0);
    l->list[l->count++] = *r;
    return true;
}
static struct letters letters_of(struct visits *v, int64_t tenant) {
    static const struct uuid newest = { { 0 } };
    struct letters l = { .count = 0 };
    AUTO(view_end) struct view *view = NULL;
    CHECK_OK(store_view(v->b.store, tenant, &view, &v->b.e), &v->b.e);
    CHECK_OK(letters_list(view_sql(view), &newest, letter_take, &l, &v->b.e), &v->b.e);
    return l;
}

#define HOURS(n) ((n) * USEC_PER_HOUR)
TEST(each_instant_is_reminded_once) {
    struct visits v = visits_start();
    usec_t starts = (v.now / USEC_PER_SEC) * USEC_PER_SEC + HOURS(10);
    struct uuid id = visit_new(&v, v.b.tenant, starts, "booked");
    visit_new(&v, v.b.other, starts, "booked");
    CHECK(turn_at(&v, v.b.tenant, starts - HOURS(5)).queued == 0);               /* too early */
    CHECK(turn_at(&v, v.b.tenant, starts - HOURS(4)).queued == 1);
    CHECK(turn_at(&v, v.b.tenant, starts - HOURS(4)).queued == 0 && turn_at(&v, v.b.tenant, starts - HOURS(1)).queued == 0);
    struct letters l = letters_of(&v, v.b.tenant);
    CHECK(l.count == 1 && l.list[0].about == starts && l.list[0].until == starts && l.list[0].channel == CHANNEL_EMAIL && uuid_compare(&l.list[0].record, &id) == 0 && l.list[0].len == 0 && l.list[0].template < 0);
    CHECK(letters_of(&v, v.b.other).count == 0);                                 /* its turn is its own */
    CHECK(turn_at(&v, v.b.other, starts - 1).queued == 1);
    visit_set(&v, &id, json_pack("{s:o}", "starts", at(starts + HOURS(20))));    /* moved: its new instant, and once */
    CHECK(turn_at(&v, v.b.tenant, starts).queued == 0 && turn_at(&v, v.b.tenant, starts + HOURS(16)).queued == 1 && turn_at(&v, v.b.tenant, starts + HOURS(17)).queued == 0);
    CHECK(letters_of(&v, v.b.tenant).count == 2);
    CHECK_OK(reminders_forget(v.b.service, v.b.tenant, starts + HOURS(20) + FORGET_AFTER, &v.b.e), &v.b.e);
    CHECK(turn_at(&v, v.b.tenant, starts + HOURS(19)).queued == 0);              /* only what is long over is forgotten */
    bed_end(&v.b);
}

TEST(who_is_not_reminded) {
    struct visits v = visits_start();
    usec_t starts = v.now + HOURS(10);
    struct uuid cancelled = visit_new(&v, v.b.tenant, starts, "booked"), came = visit_new(&v, v.b.tenant, starts, "booked"), later = visit_new(&v, v.b.tenant, starts, "waiting");
    visit_set(&v, &cancelled, json_pack("{s:s}", "state", "cancelled"));
    visit_set(&v, &came, json_pack("{s:s}", "state", "came"));
    visit_new(&v, v.b.tenant, v.now + HOURS(3), "booked");                       /* made when it was time already */
    CHECK(turn_at(&v, v.b.tenant, v.now + HOURS(2)).queued == 0);
    CHECK(turn_at(&v, v.b.tenant, starts - HOURS(2)).queued == 0);               /* over, over, waiting */
    visit_set(&v, &later, json_pack("{s:s}", "state", "booked"));
    CHECK(turn_at(&v, v.b.tenant, starts).queued == 0 && turn_at(&v, v.b.tenant, starts + HOURS(1)).queued == 0);      /* past: nothing is made up for */
    CHECK(turn_at(&v, v.b.tenant, starts - 1).queued == 1);
    struct letters l = letters_of(&v, v.b.tenant);
    CHECK(l.count == 1 && uuid_compare(&l.list[0].record, &later) == 0);
    bed_end(&v.b);
}

TEST(many_are_reminded_page_by_page) {
    struct visits v = visits_start();
    for (unsigned i = 0; i < PAGE / 10 + 2; i++)
        for (unsigned k = 0; k < 10; k++)
            visit_new(&v, v.b.tenant, v.now + HOURS(10) + (usec_t)(i % 3) * USEC_PER_SEC, k == 9 ? "waiting" : "booked");
    struct reminders r = turn_at(&v, v.b.tenant, v.now + HOURS(9));
    CHECK(r.queued + r.refused == (int64_t)(PAGE / 10 + 2) * 9 && r.queued == 50);        /* the bound of the charter refuses the rest, once */
    r = turn_at(&v, v.b.tenant, v.now + HOURS(9));
    CHECK(r.queued == 0 && r.refused == 0 && !r.more);
    bed_end(&v.b);
}

/* As if its letter had ended so. */
struct ending { struct letter_row row; struct service *s; };
static enum code end_write(struct txn *t, void *arg, struct err *e) {
    struct ending *x = arg;
    const struct settled s = { .service = x->s, .row = &x->row, .final = true };
    return remind_settled(t, &s, NULL, e);
}
static void letter_ends(struct visits *v, const struct letter_row *r, enum letter_state state) {
    struct ending x = { .row = *r, .s = v->b.service };
    x.row.state = state;
    x.row.cause = REMIND_CAUSE;
    CHECK_OK(store_write(v->b.store, v->b.tenant, end_write, &x, &v->b.e), &v->b.e);
}

/* A morning was called off: whoever comes behind those that nobody is reminded of has its reminder all the same, in the same turn. */
TEST(many_who_are_not_reminded_keep_nobody_waiting) {
    struct visits v = visits_start();
    usec_t starts = v.now + HOURS(10);
    for (unsigned i = 0; i < PAGES_MOST * PAGE; i++)
        visit_new(&v, v.b.tenant, starts, "waiting");
    visit_new(&v, v.b.tenant, starts + USEC_PER_MINUTE, "booked");
    struct reminders r = turn_at(&v, v.b.tenant, starts - HOURS(1));
    CHECK(r.queued == 1 && r.refused == 0 && !r.more);
    bed_end(&v.b);
}

TEST(what_ended_and_did_not_go_is_asked_for_again) {
    struct visits v = visits_start();
    usec_t starts = v.now + HOURS(4);
    visit_new(&v, v.b.tenant, starts + HOURS(1), "booked");
    CHECK(turn_at(&v, v.b.tenant, v.now + HOURS(1)).queued == 1);
    struct letters l = letters_of(&v, v.b.tenant);
    letter_ends(&v, &l.list[0], LETTER_SENT);
    letter_ends(&v, &l.list[0], LETTER_BOUNCED);
    letter_ends(&v, &l.list[0], LETTER_UNKNOWN);
    CHECK(turn_at(&v, v.b.tenant, v.now + HOURS(3)).queued == 0);                /* it went, or may have */
    letter_ends(&v, &l.list[0], LETTER_OVER);                                    /* moved away, and back again */
    CHECK(turn_at(&v, v.b.tenant, v.now + HOURS(1) / 2).queued == 0);
    CHECK(turn_at(&v, v.b.tenant, v.now + HOURS(1) + USEC_PER_MINUTE).queued == 1);
    CHECK(turn_at(&v, v.b.tenant, v.now + HOURS(3)).queued == 0);
    bed_end(&v.b);
}

static int64_t refusals(struct visits *v) {
    json_t *told = NULL, *one;
    int64_t count = 0;
    size_t i;
    CHECK_OK(gates_told(v->b.service, v->b.tenant, 3, &told, &v->b.e), &v->b.e);
    json_array_foreach(json_object_get(told, "items"), i, one) {
        const char *name;
        json_t *n;
        json_object_foreach(json_object_get(one, "refused"), name, n)
            count += json_integer_value(n);
    }
    json_decref(told);
    return count;
}

TEST(what_was_refused_may_be_mended) {
    struct visits v = visits_start();
    struct caller who = bed_role(&v.b, v.b.tenant, "firm");
    json_t *reply = NULL;
    usec_t starts = v.now + HOURS(10);
    CHECK_OK(bed_make(&v.b, &who, "visit", json_pack("{s:o, s:s}", "starts", at(starts), "state", "booked"), &reply), &v.b.e);      /* without an address */
    struct uuid id = id_of(reply);
    json_decref(reply);
    struct reminders r = turn_at(&v, v.b.tenant, starts - HOURS(4));
    CHECK(r.queued == 0 && r.refused == 1 && refusals(&v) == 1);
    r = turn_at(&v, v.b.tenant, starts - HOURS(4) + USEC_PER_MINUTE);
    CHECK(r.queued == 0 && r.refused == 0);
    r = turn_at(&v, v.b.tenant, starts - HOURS(3));                              /* looked at again, and counted once */
    CHECK(r.queued == 0 && r.refused == 0 && refusals(&v) == 1);
    visit_set(&v, &id, json_pack("{s:s}", "email", "jan@abcabc.example"));
    CHECK(turn_at(&v, v.b.tenant, starts - HOURS(3) + USEC_PER_MINUTE).queued == 0);
    CHECK(turn_at(&v, v.b.tenant, starts - HOURS(2)).queued == 1);
    CHECK(turn_at(&v, v.b.tenant, starts - HOURS(1)).queued == 0 && refusals(&v) == 1);
    bed_end(&v.b);
}

TEST(what_waits_ends_when_it_is_true_no_more) {
    struct visits v = visits_start();
    usec_t starts = v.now + HOURS(10);
    struct uuid id = visit_new(&v, v.b.tenant, starts, "booked");
    CHECK(turn_at(&v, v.b.tenant, starts - HOURS(3)).queued == 1);
    static const struct { const char *what, *state; int hours; enum code want; } rows[] = {
        { "as it was", "booked", 10, OK }, { "moved", "booked", 11, E_GONE }, { "back again", "booked", 10, OK }, { "waits", "waiting", 10, E_GONE }, { "booked again", "booked", 10, OK },
        { "cancelled", "cancelled", 10, E_GONE },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
        AUTO(view_end) struct view *view = NULL;
        struct gate_verdict verdict = { .passes = true };
        struct record rec;
        if (i > 0)
            visit_set(&v, &id, json_pack("{s:o, s:s}", "starts", at(v.now + HOURS(rows[i].hours)), "state", rows[i].state));
        struct letters l = letters_of(&v, v.b.tenant);
        CHECK_OK(store_view(v.b.store, v.b.tenant, &view, &v.b.e), &v.b.e);
        CHECK_OK(record_find(view_sql(view), service_kind(v.b.service, 0), &id, arena, &rec, &v.b.e), &v.b.e);
        enum code code = remind_stands(&l.list[0], &rec, v.now, &verdict, &v.b.e);
        if (code != rows[i].want)
            fprintf(stderr, "row %zu: %s\n", i, rows[i].what);
        CHECK(code == rows[i].want && verdict.passes);
    }
    bed_end(&v.b);
}
