/* spare_test.c — keys that were made and not used: of their tenant and day alone, some at a time where many follow, never more than there is room for. */
#include "records/spare.c"

#include "records/testbed.h"
#include "records/testcharters.h"

static key_id ahead(struct bed *b, int64_t tenant, usec_t due) {
    key_id id = 0;
    struct key key;
    CHECK_OK(spare_ahead(b->service, tenant, due, &id, &key, &b->e), &b->e);
    CHECK(id != 0);
    return id;
}

TEST(serve_the_same_tenant_and_day) {
    struct bed b;
    key_id ids[2], again[1];
    struct key keys[2], got[1];
    bed_start(&b, events_charter);
    struct spares *sp = b.service->spares;
    const usec_t due = clock_now() + 90 * USEC_PER_DAY;
    CHECK_OK(spare_make(b.service, b.tenant, due, 2, ids, keys, &b.e), &b.e);
    spare_give(b.service, b.tenant, due, ids, keys, 2);
    CHECK_INT(sp->count, 2);
    CHECK_OK(spare_make(b.service, b.other, due, 1, again, got, &b.e), &b.e);
    CHECK_OK(spare_make(b.service, b.tenant, due + USEC_PER_DAY, 1, again, got, &b.e), &b.e);
    CHECK_INT(sp->count, 2);
    CHECK_OK(spare_make(b.service, b.tenant, due, 1, again, got, &b.e), &b.e);
    CHECK(sp->count == 1 && (again[0] == ids[0] || again[0] == ids[1]) && memcmp(&got[0], &keys[again[0] == ids[1]], sizeof got[0]) == 0);
    bed_end(&b);
}

TEST(some_are_made_ahead_and_each_serves_once) {
    struct bed b;
    key_id seen[2 * AHEAD];
    bed_start(&b, events_charter);
    struct spares *sp = b.service->spares;
    const usec_t due = clock_now() + 90 * USEC_PER_DAY;
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        seen[i] = ahead(&b, b.tenant, due);
        for (size_t k = 0; k < i; k++)
            CHECK(seen[k] != seen[i]);
        CHECK_INT(sp->count, AHEAD - 1 - i % AHEAD);
    }
    bed_end(&b);
}

struct asker { struct bed *b; usec_t due; key_id id; enum code code; };
static void *asks(void *arg) {
    struct asker *a = arg;
    struct key key;
    struct err e;
    a->code = spare_ahead(a->b->service, a->b->tenant, a->due, &a->id, &key, &e);
    return NULL;
}

/* However many come at once, the keeper is asked once for all of them. */
TEST(those_who_come_at_once_share_what_one_of_them_brings) {
    struct bed b;
    pthread_t threads[8];
    struct asker list[8];
    bed_start(&b, events_charter);
    const usec_t due = clock_now() + 90 * USEC_PER_DAY;
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        list[i] = (struct asker){ &b, due, 0, E_BUSY };
        CHECK(pthread_create(&threads[i], NULL, asks, &list[i]) == 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        CHECK(list[i].code == OK && list[i].id != 0);
        for (size_t k = 0; k < i; k++)
            CHECK(list[k].id != list[i].id);
    }
    CHECK_INT(b.service->spares->count, AHEAD - ARRAY_LEN(list));
    bed_end(&b);
}

TEST(what_is_made_ahead_drives_nothing_out_but_what_is_old) {
    struct bed b;
    bed_start(&b, events_charter);
    struct spares *sp = b.service->spares;
    const usec_t due = clock_now() + 90 * USEC_PER_DAY, now = clock_steady();
    for (sp->count = 0; sp->count < SPARES_MAX - 3; sp->count++)
        sp->list[sp->count] = (struct spare){ b.other, 7, now, 1, { { 0 } } };
    (void)ahead(&b, b.tenant, due);
    CHECK_INT(sp->count, SPARES_MAX - 3);      /* one was made, and none to come */
    for (size_t i = 0; i < 2 * AHEAD; i++)
        sp->list[i * 3].given = now - STALE - 1;
    (void)ahead(&b, b.tenant, due);
    CHECK(sp->count <= SPARES_MAX && sp->count >= SPARES_MAX - 1 - AHEAD);
    size_t fresh = 0, mine = 0;
    for (size_t i = 0; i < sp->count; i++) {
        fresh += sp->list[i].tenant == b.other && sp->list[i].given == now;
        mine += sp->list[i].tenant == b.tenant;
    }
    CHECK_INT(mine, AHEAD - 1);
    CHECK_INT(fresh, SPARES_MAX - 3 - 2 * AHEAD);
    bed_end(&b);
}
