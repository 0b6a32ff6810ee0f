/* postman_test.c — many letters at once, each delivered once; a relay that fails makes all wait. */
#include "messages/postman.c"

#include "messages/outbed.h"

#define FAR (INT64_C(4102444800) * USEC_PER_SEC)
#define LETTERS 40

/* Looks until fn says so; 60 s at most. */
static bool looks_until(struct outbed *o, struct postman *p, bool (*fn)(struct outbed *o, struct postman *p)) {
    usec_t next;
    for (int i = 0; i < 3000; i++) {
        CHECK_OK(postman_look(p, clock_now(), &next, &o->b.e), &o->b.e);
        if (fn(o, p))
            return true;
        (void)usleep(20000);
    }
    return false;
}
static bool all_gone(struct outbed *o, struct postman *p UNUSED) { return out_next(o) == USEC_NEVER; }
static bool relay_known(struct outbed *o UNUSED, struct postman *p) {
    struct postman_status s;
    postman_status(p, &s);
    return s.relay_failed > 0 && s.under_way == 0 && s.waits_until > 0;
}

TEST(every_letter_goes_once) {
    struct outbed o;
    struct postman *p = NULL;
    struct uuid ids[LETTERS];
    out_start(&o);
    for (int i = 0; i < LETTERS; i++)
        ids[i] = out_letter(&o, FAR);
    o.deed = OUT_GOES;
    o.outcome = MAIL_SENT;
    CHECK_OK(postman_start(&o.d, &p, &o.b.e), &o.b.e);
    CHECK(looks_until(&o, p, all_gone));
    p = postman_stop(p);
    CHECK_INT(o.taken_count, LETTERS);
    for (int i = 0; i < LETTERS; i++) {
        int times = 0;
        for (size_t k = 0; k < o.taken_count; k++)
            times += uuid_compare(&o.taken[k], &ids[i]) == 0;
        CHECK_INT(times, 1);
        CHECK(out_row(&o, &ids[i]).state == LETTER_SENT);
    }
    out_end(&o);
}

TEST(a_relay_that_fails_is_left_alone_for_a_while) {
    struct outbed o;
    struct postman *p = NULL;
    usec_t next;
    out_start(&o);
    for (int i = 0; i < 10; i++)
        (void)out_letter(&o, FAR);
    o.deed = OUT_ANSWERS;
    o.outcome = MAIL_RELAY;
    CHECK_OK(postman_start(&o.d, &p, &o.b.e), &o.b.e);
    CHECK(looks_until(&o, p, relay_known));
    unsigned sent = o.sent;
    CHECK(sent >= 1 && sent <= 10);
    for (int i = 0; i < 5; i++)
        CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
    struct postman_status s;
    postman_status(p, &s);
    CHECK(o.sent == sent && s.done == 0 && s.waits_until > clock_now());
    p = postman_stop(p);
    out_end(&o);
}

/* One tenant has far more letters than there are places; another's few go among the first, whatever their time, and each goes once. */
TEST(a_tenant_with_many_letters_keeps_nobody_waiting) {
    struct outbed o;
    struct postman *p = NULL;
    usec_t next;
    struct uuid other[2];
    out_start(&o);
    for (int i = 0; i < 300; i++)
        (void)out_letter(&o, FAR);
    for (int i = 0; i < 2; i++)
        other[i] = out_letter_of(&o, o.b.other, FAR);
    o.deed = OUT_GOES;
    o.outcome = MAIL_SENT;
    o.blocks = true;                         /* until both tenants' letters stand in line */
    CHECK_OK(postman_start(&o.d, &p, &o.b.e), &o.b.e);
    for (int i = 0; i < 3; i++)
        CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
    pthread_mutex_lock(&p->lock);
    size_t held = 0, theirs = 0;
    for (size_t i = 0; i < PLACES; i++) {
        held += p->places[i].state != FREE && p->places[i].tenant == o.b.tenant;
        theirs += p->places[i].state != FREE && p->places[i].tenant == o.b.other;
    }
    pthread_mutex_unlock(&p->lock);
    CHECK(held == PLACES_EACH && theirs == 2);
    o.blocks = false;
    for (int i = 0; i < 3000 && (out_row_of(&o, o.b.other, &other[0]).state != LETTER_SENT || out_row_of(&o, o.b.other, &other[1]).state != LETTER_SENT); i++)
        (void)usleep(20000);
    p = postman_stop(p);
    CHECK(out_row_of(&o, o.b.other, &other[0]).state == LETTER_SENT && out_row_of(&o, o.b.other, &other[1]).state == LETTER_SENT);
    out_end(&o);
}

/* What is queued goes by turns: whoever comes after 40 letters of another does not wait for them. */
TEST(the_next_is_of_whoever_had_fewer) {
    static const struct { int64_t tenant; int count; } comes[] = { { 4, 60 }, { 5, 3 }, { 6, 2 } };
    struct postman p = { .after = INT64_MIN, .window = WINDOW_FULL };
    int64_t order[16];
    pthread_mutex_init(&p.lock, NULL);
    pthread_cond_init(&p.work, NULL);
    for (size_t i = 0; i < ARRAY_LEN(comes); i++)
        for (int k = 0; k < comes[i].count; k++)
            CHECK(queue(&p, &(struct place){ .tenant = comes[i].tenant, .id = uuid_new() }));
    CHECK(p.after == 6);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        struct place *at = next_place(&p);
        CHECK(at != NULL);
        p.turn = at->turn;
        order[i] = at->tenant;
        at->state = FREE;
    }
    size_t five = 0, six = 0;
    for (size_t i = 0; i < 9; i++) {
        five += order[i] == 5;
        six += order[i] == 6;
    }
    CHECK(five == 3 && six == 2);
    for (size_t i = 0; i < THREADS - 1; i++) {       /* all threads but one are its: it gets no other */
        next_place(&p)->state = TAKEN;
        p.status.under_way++;
    }
    CHECK(next_place(&p) == NULL);
    CHECK(queue(&p, &(struct place){ .tenant = 7, .id = uuid_new() }));
    CHECK(next_place(&p) != NULL && next_place(&p)->tenant == 7);
    p.window = 4 * WINDOW_ONE;               /* the way wants less: nobody gets one */
    CHECK(next_place(&p) == NULL);
    pthread_cond_destroy(&p.work);
    pthread_mutex_destroy(&p.lock);
}

/* All threads but one may be held by one tenant's letters that the relay stalls. */
TEST(a_thread_is_left_for_others) {
    struct outbed o;
    struct postman *p = NULL;
    usec_t next;
    out_start(&o);
    for (size_t i = 0; i < 2 * THREADS; i++)
        (void)out_letter(&o, FAR);
    o.deed = OUT_GOES;
    o.outcome = MAIL_SENT;
    o.stalls = true;
    CHECK_OK(postman_start(&o.d, &p, &o.b.e), &o.b.e);
    CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
    for (int i = 0; i < 3000 && o.held < THREADS - 1; i++)
        (void)usleep(20000);
    CHECK_INT(o.held, THREADS - 1);
    struct uuid other = out_letter_of(&o, o.b.other, FAR);
    pthread_mutex_lock(&o.lock);
    o.lets = other;
    pthread_mutex_unlock(&o.lock);
    CHECK_OK(postman_look(p, clock_now(), &next, &o.b.e), &o.b.e);
    for (int i = 0; i < 3000 && o.taken_count == 0; i++)
        (void)usleep(20000);
    CHECK(o.taken_count == 1 && uuid_compare(&o.taken[0], &other) == 0);
    o.stalls = false;
    CHECK(looks_until(&o, p, all_gone));
    p = postman_stop(p);
    out_end(&o);
}

/* What the way says of our speed halves what goes at a time, once for each burst; what it takes brings it back; at one, all wait. */
TEST(a_way_that_is_too_fast_gets_less_at_a_time) {
    struct postman p = { .window = WINDOW_FULL };
    usec_t began = clock_steady();
    note(&p, OK, DELIVER_SLOW, began);
    CHECK(p.window == WINDOW_FULL / 2 && p.resume == 0);
    note(&p, OK, DELIVER_SLOW, began - 1);           /* had left before: the same burst */
    CHECK(p.window == WINDOW_FULL / 2 && p.status.slowed == 2);
    for (unsigned i = 0; i < WINDOW_FULL; i++)
        note(&p, OK, DELIVER_DONE, began);
    CHECK(p.window == WINDOW_FULL);
    for (int i = 0; i < 20 && p.resume == 0; i++)
        note(&p, OK, DELIVER_SLOW, clock_steady() + 1);
    CHECK(p.window == WINDOW_ONE && p.resume > clock_steady() && p.status.relay_failed == 1);
    note(&p, OK, DELIVER_DONE, began);
    CHECK(p.resume == 0 && p.window == WINDOW_ONE + 1);
    note(&p, OK, DELIVER_RELAY, began);
    usec_t resume = p.resume;
    note(&p, OK, DELIVER_ASIDE, began);              /* what a gate ended, or went by another way, tells nothing of the relay */
    CHECK(resume > 0 && p.resume == resume && p.faults > 0 && p.window == WINDOW_ONE + 1);
}

/* One answer about us may be about its text; several in a row make all wait, and so do several of which nothing came. */
TEST(a_way_that_does_not_want_us_is_left_alone) {
    static const enum deliver_end ends[] = { DELIVER_BLOCKED, DELIVER_DOUBT };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct postman p = { .window = WINDOW_FULL };
        for (unsigned k = 1; k < STRANGE_MOST; k++)
            note(&p, OK, ends[i], 0);
        CHECK(p.resume == 0);
        note(&p, OK, DELIVER_DONE, 0);
        for (unsigned k = 1; k <= STRANGE_MOST; k++)
            note(&p, OK, ends[i], 0);
        CHECK(p.resume > clock_steady() && p.window > WINDOW_FULL / 2);
        CHECK(p.status.blocked == (ends[i] == DELIVER_BLOCKED ? 2 * STRANGE_MOST - 1 : 0) && p.status.doubts == (ends[i] == DELIVER_DOUBT ? 2 * STRANGE_MOST - 1 : 0));
    }
}
