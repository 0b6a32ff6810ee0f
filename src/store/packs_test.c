/* packs_test.c — a pack ends with any key of what it holds, and its own key with it. */
#include "store/packs.c"

#include "store/testbed.h"

struct seen { int64_t numbers[8]; enum pack_state state[8]; int64_t size; size_t count; };
static bool look(const struct pack_row *r, void *arg) {
    struct seen *s = arg;
    s->numbers[s->count] = r->number;
    s->state[s->count++] = r->state;
    s->size = r->size;
    return s->count < 8;
}

struct step { int what; int64_t number; uint64_t key; enum code code; };
static enum code write_step(struct txn *t, void *arg, struct err *e) {
    struct step *s = arg;
    const uint64_t keys[] = { s->key, s->key + 1 };
    const struct pack_row row = { .number = s->number, .purpose = "access", .file = uuid_new(), .key = s->key, .until = USEC_NEVER };
    struct pack_row ready = row, taken = row;
    ready.state = PACK_READY;
    ready.size = 77;
    taken.state = PACK_TAKEN;
    switch (s->what) {
    case 'p': return packs_put(t, &row, &s->number, e);
    case 'h': return packs_hold(t, s->number, keys, 2, e);
    case 'r': return packs_move(t, &ready, PACK_MAKING, e);
    case 't': return packs_move(t, &taken, PACK_READY, e);
    case 'd': return doomed_put(t, s->key, e);
    default: return packs_drop(t, s->number, e);
    }
}
static enum code step(struct bed *b, int what, int64_t *number, uint64_t key) {
    struct step s = { .what = what, .number = *number, .key = key };
    enum code code = store_write(b->store, 1, write_step, &s, &b->e);
    *number = s.number;
    return code;
}

static size_t doomed_count;
static bool count_doomed(int64_t tenant, uint64_t key, void *arg) {
    (void)arg;
    doomed_count += tenant == 1 && key == 900;
    return true;
}

TEST(a_pack_goes_with_what_it_holds) {
    struct bed b;
    int64_t one = 0, two = 0, none = 9;
    struct seen s = { .count = 0 };
    bed_start(&b);
    CHECK_OK(step(&b, 'p', &one, 900), &b.e);
    CHECK_OK(step(&b, 'p', &two, 901), &b.e);
    CHECK(one == 1 && two == 2);
    CHECK_OK(step(&b, 'h', &one, 10), &b.e);
    CHECK_OK(step(&b, 'h', &two, 20), &b.e);
    CHECK_OK(step(&b, 'r', &one, 0), &b.e);
    CHECK_CODE(step(&b, 'r', &one, 0), E_CONFLICT, &b.e);
    CHECK_OK(step(&b, 't', &one, 0), &b.e);
    CHECK_CODE(step(&b, 't', &one, 0), E_CONFLICT, &b.e);          /* once */
    CHECK_CODE(step(&b, 'h', &one, 30), E_CONFLICT, &b.e);
    CHECK_CODE(step(&b, 'h', &none, 30), E_CONFLICT, &b.e);
    CHECK_OK(step(&b, 'd', &none, 11), &b.e);                       /* the second key of the first pack */
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(packs_list(view_sql(v), INT64_MAX, look, &s, &b.e), &b.e);
    CHECK(s.count == 2 && s.numbers[0] == 2 && s.state[0] == PACK_MAKING && s.state[1] == PACK_OVER && s.size == 77);
    CHECK_CODE(packs_get(view_sql(v), 3, look, &s, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    CHECK_OK(doomed_list(b.store, count_doomed, NULL, &b.e), &b.e);
    CHECK_INT(doomed_count, 1);
    CHECK_CODE(step(&b, 'r', &one, 0), E_CONFLICT, &b.e);
    CHECK_OK(step(&b, 'x', &one, 0), &b.e);
    CHECK_OK(step(&b, 'x', &two, 0), &b.e);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    s.count = 0;
    CHECK_OK(packs_list(view_sql(v), INT64_MAX, look, &s, &b.e), &b.e);
    CHECK(s.count == 0);
    v = view_end(v);
    bed_end(&b);
}
