/* notice_test.c — told at least the span before, once for each date, anew when it moves, and never again for what was told; across
 * daylight saving, leap days and a clock that was wrong. */
#include "retention/notice.c"

#include "records/testbed.h"
#include "records/testcharters.h"
#include "retention/sweep.h"

/* ---- calendars, alone */

static usec_t at(const char *text) {
    usec_t t = 0;
    CHECK(time_parse(text, &t));
    return t;
}

TEST(the_run_is_at_eight_of_the_clock_on_every_day_of_the_year) {
    static const struct { const char *now, *last, *next; } rows[] = {
        { "2026-06-01T05:59:59Z", "2026-05-31T06:00:00Z", "2026-06-01T06:00:00Z" }, { "2026-06-01T06:00:00Z", "2026-06-01T06:00:00Z", "2026-06-02T06:00:00Z" },
        { "2026-06-01T23:30:00Z", "2026-06-01T06:00:00Z", "2026-06-02T06:00:00Z" },
        { "2026-03-29T00:30:00Z", "2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z" }, { "2026-03-28T12:00:00Z", "2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z" },
        { "2026-10-25T00:30:00Z", "2026-10-24T06:00:00Z", "2026-10-25T07:00:00Z" }, { "2028-02-29T12:00:00Z", "2028-02-29T07:00:00Z", "2028-03-01T07:00:00Z" },
        { "2027-12-31T23:30:00Z", "2027-12-31T07:00:00Z", "2028-01-01T07:00:00Z" },
    };
    AUTO(zone_free) struct zone *zone = NULL;
    struct err e;
    CHECK_OK(zone_open("Europe/Warsaw", &zone, &e), &e);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_INT(notice_run_last(zone, at(rows[i].now)), at(rows[i].last));
        CHECK_INT(notice_run_next(zone, at(rows[i].now)), at(rows[i].next));
    }
}

/* Whatever an instant is due at: of the runs of some years, in order, exactly one is the first whose horizon reaches it; it comes at least
 * the span before, and at most a day and the span. */
TEST(every_instant_is_told_of_at_least_the_span_before) {
    static const char *const zones[] = { "Europe/Warsaw", "Europe/Budapest", "America/New_York", "Australia/Lord_Howe", "UTC" };
    static const struct span spans[] = { { .days = 14 }, { .weeks = 1 }, { .months = 1 }, { .hours = 36 } };
    struct err e;
    for (size_t z = 0; z < ARRAY_LEN(zones); z++) {
        AUTO(zone_free) struct zone *zone = NULL;
        CHECK_OK(zone_open(zones[z], &zone, &e), &e);
        for (size_t s = 0; s < ARRAY_LEN(spans); s++) {
            usec_t run = notice_run_next(zone, at("2027-12-01T00:00:00Z")), reached = notice_horizon(zone, run, &spans[s]);
            for (int day = 0; day < 400; day++) {
                usec_t next = notice_run_next(zone, run), horizon = notice_horizon(zone, next, &spans[s]);
                CHECK(horizon >= reached && next - run >= 23 * USEC_PER_HOUR && next - run <= 25 * USEC_PER_HOUR);
                /* The first instant that this run tells of and the one before did not: the nearest of all. */
                CHECK(zone_add(zone, next, &spans[s], 1) <= reached);
                run = next;
                reached = horizon;
            }
        }
    }
}

/* ---- over a service */

struct crowd { const char *role; struct notice_person list[4]; size_t count, asked; };
static enum code people(void *arg, int64_t tenant UNUSED, const char *role, notice_person_fn fn, void *fn_arg, struct err *reterr UNUSED) {
    struct crowd *c = arg;
    c->asked++;
    c->role = role;
    for (size_t i = 0; i < c->count; i++)
        if (!fn(&c->list[i], fn_arg))
            break;
    return OK;
}

struct stage { struct bed b; struct crowd crowd; struct noticer *n; struct caller boss; };

static void stage_start(struct stage *g, const char *warn) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    bed_swap(&text, "    keep: 180 days after event.ends, then erase\n", warn);
    bed_start(&g->b, buf_str(&text));
    g->crowd = (struct crowd){ .list = { { "ewa@organiser.example", "Ewa Nowak", LANG_PL, { { 1 } } } }, .count = 1 };
    g->boss = bed_role(&g->b, g->b.tenant, "organiser");
    const struct noticer_options o = { .services = &g->b.service, .service_count = 1, .base_url = "https://sejf.example", .people = people, .people_arg = &g->crowd };
    CHECK_OK(noticer_open(&o, &g->n, &g->b.e), &g->b.e);
}
static void stage_end(struct stage *g) {
    g->n = noticer_close(g->n);
    bed_end(&g->b);
}
#define WARNED "    keep: 180 days after event.ends, then erase\n    warn: organiser by email 14 days before\n"
#define ROOM "    keep: 180 days after event.ends, then erase\n    warn: organiser by email 14 days before, a late notice moves the erasure by at most 7 days\n"

static struct uuid event_make(struct stage *g, const char *title, const char *ends) {
    json_t *got = NULL;
    CHECK_OK(bed_make(&g->b, &g->boss, "event", json_pack("{s:s, s:s, s:s}", "title", title, "starts", "2026-01-01T00:00:00Z", "ends", ends), &got), &g->b.e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}
static struct uuid guest_make(struct stage *g, const struct uuid *event, int n) {
    char mail[64], parent[UUID_TEXT];
    json_t *got = NULL;
    snprintf(mail, sizeof mail, "guest%d@people.example", n);
    CHECK_OK(bed_make(&g->b, &g->boss, "registration", json_pack("{s:s, s:s, s:s}", "event", uuid_format(event, parent), "name", "Jan", "email", mail), &got), &g->b.e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}
static void event_move(struct stage *g, const struct uuid *id, const char *ends) {
    json_t *got = NULL;
    CHECK_OK(bed_change(&g->b, &g->boss, "event", id, -1, json_pack("{s:s}", "ends", ends), &got), &g->b.e);
    json_decref(got);
    CHECK_OK(service_recover(g->b.service, &g->b.e), &g->b.e);
}
/* What a minute brings at that time; how many notices stand afterwards. */
static int64_t turn(struct stage *g, const char *now) {
    json_t *all = NULL;
    CHECK_OK(noticer_turn(g->n, at(now), &g->b.e), &g->b.e);
    CHECK_OK(notices_show(g->b.service, g->b.tenant, INT64_MAX, 100, &all, &g->b.e), &g->b.e);
    int64_t n = (int64_t)json_array_size(json_object_get(all, "items"));
    json_decref(all);
    return n;
}
static json_t *shown(struct stage *g, int64_t number) {
    json_t *n = NULL;
    CHECK_OK(notice_show(g->b.service, g->b.tenant, number, &n, &g->b.e), &g->b.e);
    return n;
}
static int64_t records_of(struct stage *g, int64_t number) {
    json_t *n = shown(g, number);
    int64_t records = json_integer_value(json_object_get(n, "records"));
    json_decref(n);
    return records;
}
static void state_is(struct stage *g, int64_t number, const char *state) {
    json_t *n = shown(g, number);
    CHECK_TEXT(json_string_value(json_object_get(n, "state")), state);
    json_decref(n);
}

/* As the mailer does it: each letter that waits is tried with that outcome. */
struct post_office { enum letter_state to; int status; struct uuid ids[64]; size_t count; int64_t notice; };
static bool waits(const struct letter_row *r, void *arg) {
    struct post_office *p = arg;
    if (r->state == LETTER_WAITING || r->state == LETTER_BOUNCED)
        p->ids[p->count++] = r->id;
    return true;
}
static bool stamp(const struct letter_row *r, void *arg) {
    struct letter_row *row = arg;
    *row = *r;
    row->cause = row->said = "";
    return true;
}
static enum code deliver(struct txn *t, void *arg, struct err *e) {
    struct post_office *p = arg;
    p->count = 0;
    enum code code = letters_about(txn_sql(t), "notice", p->notice, waits, p, e);
    for (size_t i = 0; i < p->count && code == OK; i++) {
        struct letter_row r;
        code = letter_get(txn_sql(t), &p->ids[i], stamp, &r, e);
        r.state = p->to;
        r.tries++;
        r.tried = txn_now(t);
        r.status = p->status;
        r.len = 0;
        if (code == OK)
            code = letter_set(t, &r, USEC_NEVER, e);
    }
    return code;
}
static size_t tried(struct stage *g, int64_t notice, enum letter_state to, int status) {
    struct post_office p = { .to = to, .status = status, .notice = notice };
    CHECK_OK(store_write(g->b.store, g->b.tenant, deliver, &p, &g->b.e), &g->b.e);
    CHECK_OK(noticer_settle(g->n, &g->b.e), &g->b.e);
    return p.count;
}

/* May the guest go at its date? */
static usec_t allowed(struct stage *g, const struct uuid *guest, bool room, usec_t *ret_due) {
    AUTO(view_end) struct view *v = NULL;
    struct row r;
    usec_t from = 0;
    int32_t kind = 0;
    for (size_t i = 0; i < g->b.service->kinds; i++)
        if (strcmp(g->b.service->info[i].kind->name, "registration") == 0)
            kind = g->b.service->info[i].number;
    const struct notice_rule rule = { .zone = charter_zone(g->b.charter), .before = { .days = 14 }, .room = { .days = room ? 7 : 0 } };
    CHECK_OK(store_view(g->b.store, g->b.tenant, &v, &g->b.e), &g->b.e);
    CHECK_OK(row_get(view_sql(v), kind, guest, &r, &g->b.e), &g->b.e);
    CHECK_OK(notice_allows(view_sql(v), &rule, kind, guest, r.due, &from, &g->b.e), &g->b.e);
    *ret_due = r.due;
    return from;
}

/* On the day that the law names, neither sooner nor later. */
static bool goes_when_due(struct stage *g, const struct uuid *guest) {
    usec_t due = 0, from = allowed(g, guest, false, &due);
    return from == due;
}

TEST(day_165_nothing_day_166_the_notice_day_180_gone) {
    struct stage g;
    usec_t due = 0;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), far = event_make(&g, "Kurs", "2027-06-10T17:00:00Z");
    struct uuid guest = guest_make(&g, &event, 1);
    (void)guest_make(&g, &event, 2);
    (void)guest_make(&g, &far, 3);
    /* 10 January + 180 days is 9 July, 19:00 by the clock, an hour earlier in UTC than in winter would be. */
    CHECK_INT(turn(&g, "2027-06-24T12:00:00Z"), 0);              /* day 165 */
    CHECK_INT(turn(&g, "2027-06-25T05:59:00Z"), 0);
    CHECK_INT(turn(&g, "2027-06-25T06:01:00Z"), 1);              /* day 166, 08:01 */
    CHECK_INT(records_of(&g, 1), 2);
    CHECK(allowed(&g, &guest, false, &due) == USEC_NEVER);
    CHECK_INT(due, at("2027-07-09T16:00:00Z"));
    state_is(&g, 1, "waiting");
    CHECK_INT(tried(&g, 1, LETTER_SENT, 250), 1);
    state_is(&g, 1, "delivered");
    CHECK(goes_when_due(&g, &guest));            /* day 180 */
    for (int day = 26; day <= 30; day++) {
        char now[40];
        snprintf(now, sizeof now, "2027-06-%dT06:01:00Z", day);
        CHECK_INT(turn(&g, now), 1);                              /* told once */
    }
    stage_end(&g);
}

TEST(a_date_that_moves_is_told_anew_both_ways_and_twice) {
    struct stage g;
    usec_t due = 0;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), guest = guest_make(&g, &event, 1);
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    (void)tried(&g, 1, LETTER_SENT, 250);
    CHECK(goes_when_due(&g, &guest));
    event_move(&g, &event, "2027-02-10T17:00:00Z");              /* later: away from what was told */
    CHECK(allowed(&g, &guest, false, &due) == USEC_NEVER);
    CHECK_INT(turn(&g, "2027-06-25T08:00:00Z"), 1);
    CHECK_INT(turn(&g, "2027-06-26T07:00:00Z"), 1);
    state_is(&g, 1, "over");                                      /* nothing of it stands */
    CHECK_INT(turn(&g, "2027-07-27T07:00:00Z"), 2);              /* 14 days before 9 August */
    (void)tried(&g, 2, LETTER_SENT, 250);
    CHECK(goes_when_due(&g, &guest));
    event_move(&g, &event, "2027-02-08T17:00:00Z");              /* earlier, within the span: at the next run, for it is late already */
    CHECK(allowed(&g, &guest, false, &due) == USEC_NEVER);
    CHECK_INT(turn(&g, "2027-07-27T08:00:00Z"), 2);
    CHECK_INT(turn(&g, "2027-07-28T07:00:00Z"), 3);
    event_move(&g, &event, "2027-01-29T17:00:00Z");              /* due before the next run: at once */
    CHECK_INT(turn(&g, "2027-07-28T08:00:00Z"), 4);
    CHECK_INT(turn(&g, "2027-07-28T08:01:00Z"), 4);
    event_move(&g, &event, "2027-02-10T17:00:00Z");              /* back to a date of which a notice told that stands no more */
    CHECK(allowed(&g, &guest, false, &due) == USEC_NEVER);
    CHECK_INT(turn(&g, "2027-07-28T09:00:00Z"), 4);
    CHECK_INT(turn(&g, "2027-07-29T07:00:00Z"), 5);
    /* The list in pages: 5 and 4, 3 and 2, 1. */
    int64_t before = INT64_MAX, seen = 0;
    for (int pages = 0; pages < 3; pages++) {
        json_t *page = NULL;
        CHECK(before > 0);
        CHECK_OK(notices_show(g.b.service, g.b.tenant, before, 2, &page, &g.b.e), &g.b.e);
        seen = seen * 10 + json_integer_value(json_object_get(json_array_get(json_object_get(page, "items"), 0), "number"));
        before = json_integer_value(json_object_get(page, "next"));
        json_decref(page);
    }
    CHECK(seen == 531 && before == 0);
    stage_end(&g);
}

TEST(ten_days_down_and_a_clock_that_was_wrong) {
    struct stage g;
    usec_t due = 0;
    stage_start(&g, ROOM);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), guest = guest_make(&g, &event, 1);
    CHECK_INT(turn(&g, "2027-06-20T07:00:00Z"), 0);
    CHECK_INT(turn(&g, "2027-07-05T15:00:00Z"), 1);              /* at once, in the afternoon: four days are left */
    CHECK(allowed(&g, &guest, true, &due) == USEC_NEVER);
    json_t *n = shown(&g, 1);
    CHECK_TEXT(json_string_value(json_object_get(n, "first")), "2027-07-09T16:00:00Z");
    json_decref(n);
    CHECK_INT(turn(&g, "2027-07-05T15:01:00Z"), 1);
    CHECK_INT(turn(&g, "2027-05-01T15:01:00Z"), 1);              /* the clock was ahead: nothing is told of twice */
    CHECK_INT(turn(&g, "2027-06-25T15:01:00Z"), 1);
    stage_end(&g);
}

TEST(a_leap_day_and_the_changing_of_clocks) {
    static const struct { const char *ends, *due, *before, *run; } rows[] = {
        { "2027-09-02T10:00:00Z", "2028-02-29T11:00:00Z", "2028-02-14T12:00:00Z", "2028-02-15T07:00:00Z" },      /* due on a leap day, in winter */
        { "2027-10-05T10:00:00Z", "2028-04-02T10:00:00Z", "2028-03-18T12:00:00Z", "2028-03-19T07:00:00Z" },      /* told before the clocks change, due after */
        { "2027-05-10T10:00:00Z", "2027-11-06T11:00:00Z", "2027-10-22T12:00:00Z", "2027-10-23T06:00:00Z" },      /* and in autumn */
        { "2027-07-12T10:00:00Z", "2028-01-08T11:00:00Z", "2027-12-24T12:00:00Z", "2027-12-25T07:00:00Z" },      /* over the end of a year */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct stage g;
        usec_t due = 0;
        stage_start(&g, WARNED);
        struct uuid event = event_make(&g, "Bal", rows[i].ends), guest = guest_make(&g, &event, 1);
        CHECK_INT(turn(&g, rows[i].before), 0);
        CHECK_INT(turn(&g, rows[i].run), 1);
        CHECK(allowed(&g, &guest, false, &due) == USEC_NEVER);
        CHECK_INT(due, at(rows[i].due));
        stage_end(&g);
    }
}

/* ---- what comes of it */

TEST(a_bounce_keeps_nothing_and_is_tried_again) {
    struct stage g;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), guest = guest_make(&g, &event, 1);
    g.crowd.list[1] = (struct notice_person){ "jan@organiser.example", "Jan Kowalski", LANG_EN, { { 2 } } };
    g.crowd.count = 2;
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    CHECK_TEXT(g.crowd.role, "organiser");
    CHECK_INT(tried(&g, 1, LETTER_BOUNCED, 550), 2);
    state_is(&g, 1, "bounced");
    CHECK(goes_when_due(&g, &guest));            /* an attempt is on record */
    struct noticer_status st;
    noticer_status(g.n, &st);
    CHECK(st.bounced == 1 && st.waiting == 0 && st.made == 1);
    CHECK_OK(noticer_again(g.n, g.b.service, g.b.tenant, 1, "token 1", &g.b.e), &g.b.e);
    state_is(&g, 1, "waiting");
    json_t *n = shown(&g, 1);
    CHECK_INT(json_array_size(json_object_get(n, "letters")), 4);        /* two of them taken back */
    CHECK(!json_is_null(json_object_get(n, "attempted")));
    json_decref(n);
    CHECK_INT(tried(&g, 1, LETTER_SENT, 250), 2);
    state_is(&g, 1, "delivered");
    CHECK_CODE(noticer_again(g.n, g.b.service, g.b.tenant, 1, "token 1", &g.b.e), E_CONFLICT, &g.b.e);
    CHECK_CODE(noticer_again(g.n, g.b.service, g.b.tenant, 9, "token 1", &g.b.e), E_NOT_FOUND, &g.b.e);
    CHECK_CODE(notice_show(g.b.service, g.b.other, 1, &n, &g.b.e), E_NOT_FOUND, &g.b.e);
    /* Erased meanwhile by its owner: the notice has nothing more to say. */
    CHECK_OK(bed_erase(&g.b, &g.boss, "registration", &guest, &n), &g.b.e);
    json_decref(n);
    CHECK_INT(turn(&g, "2027-06-26T07:00:00Z"), 1);
    state_is(&g, 1, "over");
    stage_end(&g);
}

/* Two people, one of whom cannot be reached: the other is told once, however often the letter of the first comes back. */
static enum code one_goes(struct txn *t, void *arg, struct err *e) {
    struct post_office *p = arg;
    p->count = 0;
    enum code code = letters_about(txn_sql(t), "notice", 1, waits, p, e);
    for (size_t i = 0; i < p->count && code == OK; i++) {
        struct letter_row r;
        code = letter_get(txn_sql(t), &p->ids[i], stamp, &r, e);
        const bool first = r.whom.bytes[0] == 1;
        r.state = first ? p->to : LETTER_BOUNCED;
        r.tries++;
        r.tried = txn_now(t);
        r.status = first ? 250 : 550;
        r.len = 0;
        if (code == OK)
            code = letter_set(t, &r, USEC_NEVER, e);
    }
    return code;
}
struct heap { size_t first, other; };
static bool heap_add(const struct letter_row *r, void *arg) {
    struct heap *h = arg;
    h->first += r->whom.bytes[0] == 1;
    h->other += r->whom.bytes[0] == 2;
    return true;
}
TEST(who_has_a_notice_is_not_sent_it_again) {
    static const enum letter_state states[] = { LETTER_SENT, LETTER_UNKNOWN, LETTER_SENDING };
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct stage g;
        stage_start(&g, WARNED);
        struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z");
        (void)guest_make(&g, &event, 1);
        g.crowd.list[1] = (struct notice_person){ "jan@organiser.example", "Jan Kowalski", LANG_EN, { { 2 } } };
        g.crowd.count = 2;
        CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
        for (int day = 26; day < 29; day++) {
            struct post_office p = { .to = states[i], .notice = 1 };
            char now[40];
            struct heap h = { 0 };
            CHECK_OK(store_write(g.b.store, g.b.tenant, one_goes, &p, &g.b.e), &g.b.e);
            CHECK_OK(noticer_settle(g.n, &g.b.e), &g.b.e);
            state_is(&g, 1, "bounced");
            snprintf(now, sizeof now, "2027-06-%dT07:00:00Z", day);
            CHECK_INT(turn(&g, now), 1);
            AUTO(view_end) struct view *v = NULL;
            CHECK_OK(store_view(g.b.store, g.b.tenant, &v, &g.b.e), &g.b.e);
            CHECK_OK(letters_about(view_sql(v), "notice", 1, heap_add, &h, &g.b.e), &g.b.e);
            CHECK(h.first == 1 && h.other == (size_t)(day - 24));
        }
        stage_end(&g);
    }
}

TEST(nobody_has_the_role_so_the_operator_is_told) {
    struct stage g;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z");
    (void)guest_make(&g, &event, 1);
    g.crowd.count = 0;
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    json_t *n = shown(&g, 1);
    CHECK_INT(json_array_size(json_object_get(n, "letters")), 1);
    json_decref(n);
    stage_end(&g);
}

/* A cut between two writes: nothing was told, and the next turn makes it whole. */
struct cut { struct notice_claim claim; struct uuid id; int32_t kind; };
static enum code cut_begin(struct txn *t, void *arg, struct err *e) {
    struct cut *c = arg;
    enum code code = notice_begin(t, "organiser", 20270625, 0, &c->claim, e);
    if (code == OK) {
        c->claim.sign = c->claim.next;
        code = noticed_put(t, &c->claim, &(struct noticed){ c->kind, c->id, 7 }, 1, e);
    }
    return code;
}
TEST(a_maker_that_was_cut_told_nobody) {
    struct stage g;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z"), guest = guest_make(&g, &event, 1);
    struct cut c = { .id = guest, .kind = g.b.service->info[charter_kind(g.b.charter, "registration")].number };
    CHECK_OK(store_write(g.b.store, g.b.tenant, cut_begin, &c, &g.b.e), &g.b.e);
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 0);              /* somebody is at it, as far as one can know */
    int64_t made = 0;
    CHECK_CODE(noticer_tenant(g.n, g.b.service, g.b.tenant, at("2027-06-25T07:00:00Z"), &made, &g.b.e), E_BUSY, &g.b.e);
    struct making m = { .n = g.n, .s = g.b.service, .tenant = g.b.tenant, .now = at("2027-06-25T07:00:00Z"), .person = charter_person(g.b.charter, "organiser"), .role = "organiser" };
    bool whole = false;
    m.stale = -2 * USEC_PER_MINUTE;                                /* as after two minutes */
    CHECK_OK(make(&m, &whole, &g.b.e), &g.b.e);
    CHECK(whole);
    CHECK_INT(records_of(&g, 1), 1);
    CHECK_INT(turn(&g, "2027-06-25T07:01:00Z"), 1);
    stage_end(&g);
}

static bool opened(const struct letter_row *r, void *arg) {
    struct letter_row *row = arg;
    *row = *r;
    char *copy = malloc(r->len > 0 ? r->len : 1);
    CHECK(copy != NULL);
    memcpy(copy, r->blob, r->len);
    row->blob = copy;
    return false;
}
static json_t *letter_of(struct stage *g, int64_t notice) {
    struct view *v = NULL;
    struct letter_row r = { 0 };
    json_t *letter = NULL;
    CHECK_OK(store_view(g->b.store, g->b.tenant, &v, &g->b.e), &g->b.e);
    CHECK_OK(letters_about(view_sql(v), "notice", notice, opened, &r, &g->b.e), &g->b.e);
    v = view_end(v);
    CHECK_OK(post_open(g->b.keeper, g->b.tenant, &r, &letter, &g->b.e), &g->b.e);
    free((void *)(uintptr_t)r.blob);
    return letter;
}

TEST(the_letter_says_what_goes_and_when_and_no_value_of_a_person) {
    static const char *const says[LANG_COUNT][6] = {
        { "Notice before erasure: Test, from 9 July 2027", "Hello Ewa Nowak,", "Event: Bal", "9 July 2027: registration, 12 records", "GDPR, Article 5(1)(e)", "14 days" },
        { "Zapowiedź usunięcia danych: Test, od 9 lipca 2027", "Dzień dobry,", "Wydarzenie: Bal", "9 lipca 2027: zgłoszenie, 12 rekordów", "art. 5 ust. 1 lit. e RODO", "14 dni" },
        { "Értesítés adatok törlése előtt: Test, 2027. július 9.", "Kedves Ewa Nowak!", "Rendezvény: Bal", "2027. július 9.: jelentkezés, 12 rekord", "GDPR 5. cikk", "14 nap" },
    };
    for (int l = 0; l < LANG_COUNT; l++) {
        struct stage g;
        stage_start(&g, WARNED);
        g.crowd.list[0].lang = (enum lang)l;
        struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z");
        for (int i = 0; i < 12; i++)
            (void)guest_make(&g, &event, i);
        CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
        json_t *letter = letter_of(&g, 1);
        const char *subject = json_string_value(json_object_get(letter, "subject")), *text = json_string_value(json_object_get(letter, "text"));
        CHECK_TEXT(json_string_value(json_object_get(letter, "to")), "ewa@organiser.example");
        CHECK_TEXT(subject, says[l][0]);
        if (getenv("SEJF_SHOW") != NULL)
            fprintf(stderr, "%s\n\n%s\n", subject, text);
        for (size_t i = 1; i < ARRAY_LEN(says[l]); i++)
            if (strstr(text, says[l][i]) == NULL)
                fail_msg("%s is not in:\n%s", says[l][i], text);
        CHECK(strstr(text, "guest") == NULL && strstr(text, "Jan") == NULL && strstr(text, "{") == NULL);
        CHECK(strstr(text, "https://sejf.example/account/due/") != NULL);
        json_decref(letter);
        stage_end(&g);
    }
}

/* Two servers over one store: whatever the order of their turns, everything is told of once. */
struct racer { struct noticer *n; usec_t now; enum code code; struct err e; };
static void *race(void *arg) {
    struct racer *r = arg;
    for (int i = 0; i < 5 && r->code == OK; i++)
        r->code = noticer_turn(r->n, r->now, &r->e);
    return NULL;
}
TEST(two_servers_tell_once) {
    struct stage g;
    struct noticer *other = NULL;
    stage_start(&g, WARNED);
    const struct noticer_options o = g.n->o;
    CHECK_OK(noticer_open(&o, &other, &g.b.e), &g.b.e);
    struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z");
    for (int i = 0; i < 30; i++)
        (void)guest_make(&g, &event, i);
    struct racer a = { .n = g.n, .now = at("2027-06-25T07:00:00Z") }, b = { .n = other, .now = a.now };
    pthread_t one, two;
    CHECK(pthread_create(&one, NULL, race, &a) == 0);
    CHECK(pthread_create(&two, NULL, race, &b) == 0);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    CHECK_OK(a.code, &a.e);
    CHECK_OK(b.code, &b.e);
    CHECK_INT(turn(&g, "2027-06-25T07:10:00Z"), 1);
    CHECK_INT(records_of(&g, 1), 30);
    other = noticer_close(other);
    stage_end(&g);
}

/* ---- parts with dates of their own */

#define PARCELS(spans) \
    CHARTER_HEAD("parcels", "PL", "Europe/Warsaw") \
    "people:\n  recipient: a person to whom a parcel goes\n  company: the customer\n" "tenant: company\n" "records:\n  parcel:\n    we_are: processor for the company\n" \
    "    belongs_to: company\n    about: recipient\n    because: contract with the company\n    used_for: [carrying the parcel]\n" \
    "    holds:\n      remark: text, optional, found by word\n      delivered: time, sorted\n      name: personal name, found by word\n      phone: personal phone, optional\n" \
    spans "    warn: company by email 14 days before\n" \
    "who_sees:\n  company: everything of own parcel\n  support: nothing personal, unless the tenant opens a window of at most 4 hours\n" \
    "sign_in:\n  company: password of 12 characters and a second step\nagreement: needed before any personal data\nlogs: kept 30 days, masked when written\n" \
    "rights: answered within 1 month\nbreach: controller within 24 hours, authority within 72 hours\ncookies: none but those needed\nnot_sealed: []\nclaims: []\n"
static const char two_rules[] = PARCELS("    keep:\n      - fields: remark, delivered\n        for: 8 years after end of year of delivered, then erase\n"
                                        "      - fields: name, phone\n        for: 90 days after delivered, then erase\n");
static const char near_rules[] = PARCELS("    keep:\n      - fields: remark, delivered\n        for: 95 days after delivered, then erase\n"
                                         "      - fields: name, phone\n        for: 90 days after delivered, then erase\n");

static void parcels_start(struct stage *g, const char *charter) {
    bed_start(&g->b, charter);
    g->crowd = (struct crowd){ .list = { { "ewa@company.example", "Ewa Nowak", LANG_EN } }, .count = 1 };
    g->boss = bed_role(&g->b, g->b.tenant, "company");
    const struct noticer_options o = { .services = &g->b.service, .service_count = 1, .base_url = "https://sejf.example", .people = people, .people_arg = &g->crowd };
    CHECK_OK(noticer_open(&o, &g->n, &g->b.e), &g->b.e);
}
static struct uuid parcel_make(struct stage *g, const char *delivered) {
    json_t *got = NULL;
    CHECK_OK(bed_make(&g->b, &g->boss, "parcel", json_pack("{s:s,s:s,s:s}", "remark", "szkło", "delivered", delivered, "name", "Jan Kowalski"), &got), &g->b.e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

TEST(each_part_is_told_of_by_its_own_date) {
    struct stage g;
    parcels_start(&g, two_rules);
    (void)parcel_make(&g, "2027-01-10T12:00:00Z");
    CHECK_INT(turn(&g, "2027-03-27T12:00:00Z"), 1);              /* 90 days are over on 10 April */
    json_t *n = shown(&g, 1), *group = json_array_get(json_object_get(n, "groups"), 0);
    CHECK_INT(json_array_size(json_object_get(n, "groups")), 1);
    CHECK_TEXT(json_string_value(json_object_get(group, "part")), "keep2");
    CHECK_TEXT(json_string_value(json_object_get(group, "due")), "2027-04-10");
    json_decref(n);
    json_t *letter = letter_of(&g, 1);
    const char *text = json_string_value(json_object_get(letter, "text"));
    if (getenv("SEJF_SHOW") != NULL)
        fprintf(stderr, "%s\n", text);
    CHECK(strstr(text, "10 April 2027: parcel (name, phone number), 1 record") != NULL && strstr(text, "szkło") == NULL && strstr(text, "Kowalski") == NULL);
    json_decref(letter);
    (void)tried(&g, 1, LETTER_SENT, 250);
    struct retired got = { 0 };
    bool more = false;
    const struct sweep_terms terms = { .now = at("2027-04-10T12:00:00Z"), .until = USEC_NEVER, .every = true };
    CHECK_OK(sweep_tenant(g.b.service, g.b.tenant, &terms, &got, &more, &g.b.e), &g.b.e);
    CHECK(got.parts == 1 && got.records == 0);
    CHECK_INT(turn(&g, "2027-04-11T12:00:00Z"), 1);
    state_is(&g, 1, "over");                                      /* the other part has eight years left, and is told of then */
    stage_end(&g);
}

TEST(two_dates_of_one_record_stand_in_one_notice) {
    struct stage g;
    parcels_start(&g, near_rules);
    struct uuid id = parcel_make(&g, "2027-01-10T12:00:00Z");
    (void)parcel_make(&g, "2027-01-10T12:00:00Z");
    CHECK_INT(turn(&g, "2027-04-08T12:00:00Z"), 1);
    CHECK_INT(records_of(&g, 1), 2);
    json_t *n = shown(&g, 1);
    CHECK_INT(json_array_size(json_object_get(n, "groups")), 2);
    CHECK_TEXT(json_string_value(json_object_get(n, "last")), "2027-04-15T11:00:00Z");      /* 95 days, over the change of clocks */
    json_decref(n);
    (void)tried(&g, 1, LETTER_SENT, 250);
    struct retired got = { 0 };
    bool more = false;
    struct sweep_terms terms = { .now = at("2027-04-10T12:00:00Z"), .until = USEC_NEVER, .every = true };
    CHECK_OK(sweep_tenant(g.b.service, g.b.tenant, &terms, &got, &more, &g.b.e), &g.b.e);
    CHECK_INT(turn(&g, "2027-04-11T12:00:00Z"), 1);              /* the later one was told of long ago: no second letter */
    state_is(&g, 1, "delivered");
    terms.now = at("2027-04-15T11:00:00Z");
    CHECK_OK(sweep_tenant(g.b.service, g.b.tenant, &terms, &got, &more, &g.b.e), &g.b.e);
    CHECK_INT(got.records, 2);
    CHECK_CODE(bed_read(&g.b, &g.boss, "parcel", &id, &n), E_GONE, &g.b.e);
    CHECK_INT(turn(&g, "2027-04-16T12:00:00Z"), 1);
    state_is(&g, 1, "over");
    stage_end(&g);
}

/* Parents beyond what a letter holds: the rest is counted by kind, and everything is told of all the same. */
TEST(a_long_list_is_cut_in_the_letter_and_nowhere_else) {
    struct stage g;
    json_t *group;
    size_t i;
    int64_t sum = 0, more = 0;
    stage_start(&g, WARNED);
    for (int e = 0; e < (int)GROUPS_MOST + 7; e++) {
        struct uuid event = event_make(&g, "Bal", "2027-01-10T17:00:00Z");
        (void)guest_make(&g, &event, e);
    }
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    json_t *n = shown(&g, 1);
    json_array_foreach(json_object_get(n, "groups"), i, group) {
        sum += json_integer_value(json_object_get(group, "records"));
        more += json_is_true(json_object_get(group, "more")) ? json_integer_value(json_object_get(group, "records")) : 0;
    }
    CHECK(sum == GROUPS_MOST + 7 && more == 7 && records_of(&g, 1) == sum);
    json_decref(n);
    json_t *letter = letter_of(&g, 1);
    CHECK(strstr(json_string_value(json_object_get(letter, "text")), "7 rekordów") != NULL);
    json_decref(letter);
    CHECK_INT(turn(&g, "2027-06-26T07:00:00Z"), 1);
    stage_end(&g);
}

/* What a law keeps of a tenant that has closed goes at its date like everything else: after a notice, to the operator's contact. */
TEST(a_tenant_that_has_closed_is_told_of_too) {
    struct stage g;
    stage_start(&g, WARNED);
    struct uuid event = event_make(&g, "Bal", "2027-01-01T18:00:00Z");
    (void)guest_make(&g, &event, 1);
    g.crowd.count = 0;
    CHECK_OK(tenant_close(g.b.store, g.b.tenant, &g.b.e), &g.b.e);
    CHECK_INT(turn(&g, "2027-06-25T07:00:00Z"), 1);
    CHECK_INT(records_of(&g, 1), 1);
    stage_end(&g);
}
