/* exact_test.c — claims, counters and spans, alone and by 64 writers at once. */
#include "store/exact.c"

#include "store/testbed.h"

struct ask { int32_t rule; uint32_t what, before, by; usec_t from, until; uint32_t generation; int64_t delta, now; bool drop; };

static enum code claim(struct txn *t, void *arg, struct err *e) {
    struct ask *a = arg;
    struct uuid by = id_of(a->by);
    struct token before = token_of(a->before);
    struct mark m = { .token = token_of(a->what), .generation = a->generation, .before = a->before != 0 ? &before : NULL };
    return a->drop ? claim_drop(t, 1, a->rule, &by, e) : claim_take(t, 1, a->rule, &m, &by, e);
}

TEST(a_claim_has_one_holder) {
    struct bed b;
    bed_start(&b);
    static const struct { struct ask ask; int64_t tenant; enum code want; } rows[] = {
        { { .rule = 1, .what = 1, .by = 1 }, 1, OK },
        { { .rule = 1, .what = 1, .by = 2 }, 1, E_CONFLICT },
        { { .rule = 1, .what = 1, .by = 1 }, 1, OK },                      /* its own again */
        { { .rule = 2, .what = 1, .by = 2 }, 1, OK },                      /* another rule */
        { { .rule = 1, .what = 1, .by = 2 }, 2, OK },                      /* another tenant */
        { { .rule = 1, .what = 2, .before = 1, .by = 2 }, 1, E_CONFLICT }, /* held under the key before */
        { { .rule = 1, .what = 2, .before = 1, .by = 1 }, 1, OK },
        { { .rule = 1, .what = 2, .by = 3 }, 1, E_CONFLICT },
        { { .rule = 2, .by = 1, .drop = true }, 1, OK },                   /* drops nothing of others */
        { { .rule = 2, .what = 1, .by = 1 }, 1, E_CONFLICT },
        { { .rule = 1, .by = 1, .drop = true }, 1, OK },                   /* drops both */
        { { .rule = 1, .what = 1, .by = 3 }, 1, OK },
        { { .rule = 1, .what = 2, .by = 4 }, 1, OK },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ask a = rows[i].ask;
        CHECK_CODE(store_write(b.store, rows[i].tenant, claim, &a, &b.e), rows[i].want, &b.e);
    }
    bed_end(&b);
}

static enum code count_up(struct txn *t, void *arg, struct err *e) {
    struct ask *a = arg;
    struct uuid scope = id_of(a->what);
    enum code code = counter_add(t, 1, a->rule, &scope, 2026, a->delta, &a->now, e);
    return code == OK && a->drop ? err_set(e, E_INVALID, "rolled back") : code;
}

TEST(a_counter_counts_what_was_committed) {
    struct bed b;
    bed_start(&b);
    static const struct { struct ask ask; enum code want; int64_t now; } rows[] = {
        { { .rule = 1, .delta = 1 }, OK, 1 }, { { .rule = 1, .delta = 1 }, OK, 2 }, { { .rule = 1, .delta = 1, .drop = true }, E_INVALID, 3 },
        { { .rule = 1, .delta = 1 }, OK, 3 }, { { .rule = 2, .delta = -4 }, OK, -4 }, { { .rule = 1, .what = 9, .delta = 5 }, OK, 5 },
        { { .rule = 2, .delta = INT64_MIN }, E_CONFLICT, 0 }, { { .rule = 2, .delta = 0 }, OK, -4 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ask a = rows[i].ask;
        CHECK_CODE(store_write(b.store, 1, count_up, &a, &b.e), rows[i].want, &b.e);
        CHECK_INT(a.now, rows[i].now);
    }
    struct view *v = NULL;
    struct uuid scope = id_of(0);
    int64_t now = 7;
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(counter_get(view_sql(v), 1, 1, &scope, 2026, &now, &b.e), &b.e);
    CHECK_INT(now, 3);
    CHECK_OK(counter_get(view_sql(v), 1, 1, &scope, 2027, &now, &b.e), &b.e);
    CHECK_INT(now, 0);
    v = view_end(v);
    bed_end(&b);
}

static enum code span(struct txn *t, void *arg, struct err *e) {
    struct ask *a = arg;
    struct uuid by = id_of(a->by);
    struct token before = token_of(a->before);
    struct mark m = { .token = token_of(a->what), .generation = a->generation, .before = a->before != 0 ? &before : NULL };
    return a->drop ? span_drop(t, 1, a->rule, &by, e) : span_take(t, 1, a->rule, &m, a->from, a->until, &by, e);
}

TEST(spans_do_not_touch) {
    struct bed b;
    bed_start(&b);
    static const struct { struct ask ask; enum code want; } rows[] = {
        { { .what = 1, .by = 1, .from = 100, .until = 200 }, OK },
        { { .what = 1, .by = 2, .from = 200, .until = 300 }, OK },             /* ends where the next begins */
        { { .what = 1, .by = 3, .from = 150, .until = 160 }, E_CONFLICT },     /* within */
        { { .what = 1, .by = 3, .from = 50, .until = 101 }, E_CONFLICT },      /* over the start */
        { { .what = 1, .by = 3, .from = 50, .until = 400 }, E_CONFLICT },      /* around all */
        { { .what = 1, .by = 3, .from = 299, .until = 301 }, E_CONFLICT },     /* over the end */
        { { .what = 1, .by = 3, .from = 50, .until = 100 }, OK },
        { { .what = 1, .by = 4, .from = 300, .until = 301 }, OK },
        { { .what = 2, .by = 5, .from = 150, .until = 160 }, OK },             /* another one's time */
        { { .what = 1, .by = 1, .from = 150, .until = 190 }, OK },             /* its own may */
        { { .what = 1, .by = 6, .from = 195, .until = 199 }, E_CONFLICT },     /* behind the inner one, within the outer */
        { { .what = 1, .by = 6, .from = 20, .until = 20 }, E_INVALID },
        { { .what = 1, .by = 6, .from = 20, .until = 10 }, E_INVALID },
        { { .what = 3, .before = 1, .by = 6, .from = 150, .until = 160 }, E_CONFLICT },
        { { .what = 3, .before = 1, .by = 6, .from = 1000, .until = 1001 }, OK },
        { { .by = 1, .drop = true }, OK },
        { { .what = 1, .by = 6, .from = 100, .until = 200 }, OK },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ask a = rows[i].ask;
        CHECK_CODE(store_write(b.store, 1, span, &a, &b.e), rows[i].want, &b.e);
    }
    bed_end(&b);
}

TEST(tokens_of_an_older_key_are_refused) {
    struct bed b;
    bed_start(&b);
    b.store->generation = 5;
    struct ask a = { .rule = 1, .what = 1, .by = 1, .from = 1, .until = 2, .generation = 4 };
    CHECK_CODE(store_write(b.store, 1, claim, &a, &b.e), E_STALE, &b.e);
    CHECK_CODE(store_write(b.store, 1, span, &a, &b.e), E_STALE, &b.e);
    a.generation = 5;
    CHECK_OK(store_write(b.store, 1, claim, &a, &b.e), &b.e);
    CHECK_OK(store_write(b.store, 1, span, &a, &b.e), &b.e);
    bed_end(&b);
}

/* ---- many at once ---- */

#define WRITERS 64
#define EACH 40

struct crowd { struct bed *b; _Atomic uint32_t next, won, lost, numbered[WRITERS * EACH + 1]; };

/* As a registration does it: claim the value, take a seat, take the next number; a full house fails after the number. */
static enum code take_seat(struct txn *t, void *arg, struct err *e) {
    struct ask *a = arg;
    struct uuid by = id_of(a->by), scope = id_of(0);
    struct mark m = { .token = token_of(a->what), .generation = 1 };
    int64_t seats = 0;
    enum code code = counter_add(t, 1, 7, &scope, 0, 1, &a->now, e);
    if (code == OK)
        code = claim_take(t, 1, 1, &m, &by, e);
    if (code == OK)
        code = counter_add(t, 1, 8, &scope, 0, 1, &seats, e);
    if (code == OK && seats > 300)
        code = err_set(e, E_CONFLICT, "no seat is left");
    return code;
}

static void *person(void *arg) {
    struct crowd *c = arg;
    struct err e;
    for (int i = 0; i < EACH; i++) {
        uint32_t n = c->next++;
        struct ask a = { .by = n + 1, .what = n / 4 };             /* four want the same value */
        enum code code = store_write(c->b->store, 1, take_seat, &a, &e);
        CHECK(code == OK || code == E_CONFLICT);
        if (code == OK) {
            c->won++;
            c->numbered[a.now]++;
        } else {
            c->lost++;
        }
    }
    return NULL;
}

TEST(sixty_four_writers_are_exact) {
    struct bed b;
    pthread_t threads[WRITERS];
    struct crowd *c = mem_new(sizeof *c);
    bed_start(&b);
    c->b = &b;
    for (int i = 0; i < WRITERS; i++)
        CHECK(pthread_create(&threads[i], NULL, person, c) == 0);
    for (int i = 0; i < WRITERS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_INT(c->won, 300);
    CHECK_INT(c->lost, WRITERS * EACH - 300);
    for (int i = 1; i <= WRITERS * EACH; i++)
        CHECK_INT(c->numbered[i], i <= 300);                       /* gapless, and none twice */
    struct store_status status;
    store_status(b.store, &status);
    CHECK(status.groups < status.writes);                          /* they did share commits */
    (void)mem_free(c);
    bed_end(&b);
}
