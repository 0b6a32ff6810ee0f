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
