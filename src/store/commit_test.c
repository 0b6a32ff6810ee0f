/* commit_test.c — groups: who fails fails alone; a lost group is tried again one by one; queues have an end. */
#include "store/commit.c"

#include <stdlib.h>

#include "db/sums.h"
#include "store/testbed.h"

/* A writer that holds the commit thread until it is let go, so that those behind it form one group. */
struct gate { sem_t in, out; };
static enum code at_gate(struct txn *t UNUSED, void *arg, struct err *e UNUSED) {
    struct gate *g = arg;
    (void)sem_post(&g->in);
    (void)sem_wait(&g->out);
    return OK;
}

struct person { struct bed *b; pthread_t thread; struct make make; write_fn fn; int64_t tenant; enum code code; struct err e; int runs; };
static void *person_main(void *arg) {
    struct person *p = arg;
    p->code = store_write(p->b->store, p->tenant, p->fn, p, &p->e);
    return NULL;
}
static enum code do_make(struct txn *t, void *arg, struct err *e) {
    struct person *p = arg;
    p->runs++;
    return make_row(t, &p->make, e);
}
static enum code do_make_and_fail(struct txn *t, void *arg, struct err *e) {
    enum code code = do_make(t, arg, e);
    return code == OK ? err_set(e, E_INVALID, "this one does not want to") : code;
}
static size_t waiting(struct store *s) {
    struct store_status status;
    store_status(s, &status);
    return status.waiting;
}

/* Runs all of them in one group. */
static void together(struct bed *b, struct person *list, size_t count) {
    struct gate g;
    struct person first = { .b = b, .tenant = 0 };
    CHECK(sem_init(&g.in, 0, 0) == 0 && sem_init(&g.out, 0, 0) == 0);
    struct request gate = { .fn = at_gate, .arg = &g, .reterr = &first.e };
    sem_t done;
    CHECK(sem_init(&done, 0, 0) == 0);
    gate.done = &done;
    CHECK(queue_push(b->store, &gate));
    (void)sem_wait(&g.in);
    for (size_t i = 0; i < count; i++) {
        list[i].b = b;
        CHECK(pthread_create(&list[i].thread, NULL, person_main, &list[i]) == 0);
        while (waiting(b->store) != i + 1)
            (void)sched_yield();
    }
    (void)sem_post(&g.out);
    for (size_t i = 0; i < count; i++)
        CHECK(pthread_join(list[i].thread, NULL) == 0);
    (void)sem_wait(&done);
}

TEST(who_fails_is_rolled_back_alone) {
    struct bed b;
    struct row r = { 0 };
    struct store_status before, after;
    bed_start(&b);
    bed_make(&b, 1, 1);
    struct person list[] = { { .fn = do_make, .tenant = 1, .make = { .n = 2 } }, { .fn = do_make_and_fail, .tenant = 1, .make = { .n = 3 } },
                             { .fn = do_make, .tenant = 1, .make = { .n = 4 } }, { .fn = do_make_and_fail, .tenant = 2, .make = { .n = 5 } },
                             { .fn = do_make, .tenant = 2, .make = { .n = 6 } } };
    store_status(b.store, &before);
    together(&b, list, ARRAY_LEN(list));
    store_status(b.store, &after);
    CHECK(after.groups == before.groups + 2 && after.writes == before.writes + 4);      /* the gate's and theirs */
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        bool fails = list[i].fn == do_make_and_fail;
        struct token token = token_of(list[i].make.n);
        CHECK(list[i].code == (fails ? E_INVALID : OK) && list[i].runs == 1);
        CHECK(bed_get(&b, list[i].tenant, list[i].make.n, &r) == (fails ? E_NOT_FOUND : OK));
        CHECK(bed_found(&b, list[i].tenant, &token) == !fails);
    }
    CHECK_OK(bed_get(&b, 1, 4, &r), &b.e);
    CHECK(r.change == 3);                                   /* 2 was given back by the one that failed */
    CHECK_OK(bed_get(&b, 2, 6, &r), &b.e);
    CHECK(r.change == 1);
    bed_end(&b);
}

struct pair { struct make own, beside; bool fails; };
static enum code do_make_beside(struct txn *t, void *arg, struct err *e) {
    struct pair *p = arg;
    enum code code = make_row(t, &p->own, e);
    if (code == OK)
        code = txn_beside(t, 2, make_row, &p->beside, e);
    CHECK(txn_tenant(t) == 1);
    return code == OK && p->fails ? err_set(e, E_INVALID, "this one does not want to") : code;
}

TEST(what_one_write_writes_for_two_tenants_stands_or_falls_together) {
    struct bed b;
    struct row r = { 0 };
    bed_start(&b);
    bed_make(&b, 2, 1);
    for (uint32_t n = 0; n < 2; n++) {
        struct pair p = { .own = { .n = 10 + n }, .beside = { .n = 20 + n }, .fails = n == 0 };
        CHECK(store_write(b.store, 1, do_make_beside, &p, &b.e) == (p.fails ? E_INVALID : OK));
        CHECK(bed_get(&b, 1, 10 + n, &r) == (p.fails ? E_NOT_FOUND : OK) && bed_get(&b, 2, 20 + n, &r) == (p.fails ? E_NOT_FOUND : OK));
        CHECK(bed_get(&b, 1, 20 + n, &r) == E_NOT_FOUND && bed_get(&b, 2, 10 + n, &r) == E_NOT_FOUND);
    }
    bed_make(&b, 2, 3);
    CHECK_OK(bed_get(&b, 2, 3, &r), &b.e);
    CHECK(r.change == 3);                                   /* the one that failed took none */
    bed_end(&b);
}

static enum code do_make_on_full_disk(struct txn *t, void *arg, struct err *e) {
    struct person *p = arg;
    enum code code = do_make(t, arg, e);
    sums_fail_at = p->runs == 1 ? 1 : 0;                    /* the disk is full when the group commits, and has room again later */
    return code;
}

TEST(a_lost_group_is_tried_again_one_by_one) {
    struct bed b;
    bed_start(&b);
    struct person list[] = { { .fn = do_make, .tenant = 1, .make = { .n = 1 } }, { .fn = do_make_and_fail, .tenant = 1, .make = { .n = 2 } },
                             { .fn = do_make_on_full_disk, .tenant = 1, .make = { .n = 3 } }, { .fn = do_make, .tenant = 1, .make = { .n = 4 } } };
    together(&b, list, ARRAY_LEN(list));
    sums_fail_at = 0;
    /* 1 is alone while the disk is still full; 2 had failed by itself; 3 makes room; 4 finds it */
    static const enum code want[] = { E_FULL, E_INVALID, OK, OK };
    static const int runs[] = { 2, 1, 2, 2 };
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        CHECK_INT(list[i].code, want[i]);
        CHECK_INT(list[i].runs, runs[i]);
        CHECK(bed_get(&b, 1, list[i].make.n, NULL) == (want[i] == OK ? OK : E_NOT_FOUND));
    }
    struct row r = { 0 };
    CHECK_OK(bed_get(&b, 1, 4, &r), &b.e);
    CHECK(r.change == 2);
    CHECK_OK(store_check(b.store, &b.e), &b.e);
    bed_end(&b);
}

TEST(a_full_queue_says_so) {
    struct bed b;
    bed_start(&b);
    b.store->options.queue = 2;
    struct gate g;
    sem_t done;
    CHECK(sem_init(&g.in, 0, 0) == 0 && sem_init(&g.out, 0, 0) == 0 && sem_init(&done, 0, 0) == 0);
    struct request gate = { .fn = at_gate, .arg = &g, .reterr = &b.e, .done = &done };
    CHECK(queue_push(b.store, &gate));
    (void)sem_wait(&g.in);
    struct make *m[3];
    for (size_t i = 0; i < ARRAY_LEN(m); i++) {
        m[i] = malloc(sizeof **m);
        *m[i] = (struct make){ .n = (uint32_t)i + 1 };
        store_write_later(b.store, 1, make_row, m[i], free);
    }
    struct make late = { .n = 9 };
    struct err e;
    CHECK_CODE(store_write(b.store, 1, make_row, &late, &e), E_BUSY, &e);
    struct store_status status;
    store_status(b.store, &status);
    CHECK(status.dropped == 1 && status.waiting == 2);
    (void)sem_post(&g.out);
    (void)sem_wait(&done);
    while (waiting(b.store) > 0)
        (void)sched_yield();
    CHECK_OK(store_checkpoint(b.store, &b.e), &b.e);         /* behind all that was queued */
    CHECK(bed_get(&b, 1, 1, NULL) == OK && bed_get(&b, 1, 2, NULL) == OK && bed_get(&b, 1, 3, NULL) == E_NOT_FOUND);
    bed_end(&b);
}

TEST(what_waits_is_written_before_the_store_closes) {
    struct bed b;
    bed_start(&b);
    for (uint32_t i = 1; i <= 50; i++) {
        struct make *m = malloc(sizeof *m);
        *m = (struct make){ .n = i };
        store_write_later(b.store, 1, make_row, m, free);
    }
    bed_reopen(&b);
    for (uint32_t i = 1; i <= 50; i++)
        CHECK_OK(bed_get(&b, 1, i, NULL), &b.e);
    bed_end(&b);
}

static enum code fail_in(struct txn *t, void *arg, struct err *e) {
    struct person *p = arg;
    (void)token_of(1);                                      /* crypto makes its context for this thread, and does without */
    mem_fail_at = p->make.due != 0 ? (size_t)p->make.due : 0;      /* on the commit thread */
    p->make.due = 0;
    enum code code = make_row(t, &p->make, e);
    p->runs = mem_fail_at == 0;
    mem_fail_at = 0;
    return code;
}

TEST(every_allocation_of_a_write_may_fail) {
    struct bed b;
    bed_start(&b);
    struct person p = { .runs = 1 };
    uint32_t n = 1;
    for (; p.runs == 1 && n < 60; n++) {
        p = (struct person){ .make = { .n = n, .due = n } };
        enum code code = store_write(b.store, 1, fail_in, &p, &b.e);
        CHECK(code == (p.runs == 1 ? E_MEMORY : OK));
        CHECK(bed_get(&b, 1, n, NULL) == (code == OK ? OK : E_NOT_FOUND));
    }
    CHECK(n > 3);
    CHECK_OK(store_check(b.store, &b.e), &b.e);
    bed_end(&b);
}

TEST(another_process_may_write_in_between) {
    struct bed a, b;
    struct row r = { 0 };
    bed_start(&a);
    b = a;
    bed_open(&b);                                           /* as the command line beside a running server */
    for (uint32_t n = 1; n <= 20; n++)
        bed_make(n % 3 == 0 ? &b : &a, 1, n);
    for (uint32_t n = 1; n <= 20; n++) {
        CHECK_OK(bed_get(&a, 1, n, &r), &a.e);
        CHECK_INT(r.change, n);
    }
    b.store = store_close(b.store);
    bed_end(&a);
}

TEST(many_tenants_do_not_stay_in_memory) {
    struct bed b;
    struct row r = { 0 };
    bed_start(&b);
    for (uint32_t n = 1; n <= STATES_MAX + 300; n++) {
        struct make *m = malloc(sizeof *m);
        *m = (struct make){ .n = n };
        store_write_later(b.store, n, make_row, m, free);
    }
    bed_make(&b, 7, 5000);
    bed_make(&b, 7, 5001);
    CHECK(b.store->state_count <= STATES_MAX + GROUP_MAX);
    CHECK_OK(bed_get(&b, 7, 5001, &r), &b.e);
    CHECK(r.change == 3);
    struct store_status status;
    store_status(b.store, &status);
    CHECK(status.records == STATES_MAX + 302 && status.dropped == 0);
    bed_end(&b);
}

/* Each write to the disk fails in its turn: what is answered OK stands, what is not does not, and the next one works. */
TEST(every_write_to_the_disk_may_fail) {
    struct bed b;
    bed_start(&b);
    uint32_t n = 1;
    for (size_t at = 1; at < 40; at++, n += 2) {
        struct make m = { .n = n };
        sums_fail_at = at;
        enum code code = store_write(b.store, 1, make_row, &m, &b.e);
        sums_fail_at = 0;
        CHECK(code == OK || code == E_FULL || code == E_IO);
        CHECK_CODE(bed_get(&b, 1, n, NULL), code == OK ? OK : E_NOT_FOUND, &b.e);
        bed_make(&b, 1, n + 1);
    }
    CHECK_OK(store_check(b.store, &b.e), &b.e);
    bed_end(&b);
}
