/* doors_test.c — a door leads to the tenant of its record, is nobody else's, and goes with the record. */
#include "store/doors.c"
#include "base/test.h"
#include "store/testbed.h"

struct step { struct uuid id; int32_t kind; bool drop, row, erase; };
static enum code take(struct txn *t, void *arg, struct err *reterr) {
    struct step *s = arg;
    const struct row r = { .kind = s->kind, .id = s->id, .version = 1, .due = USEC_NEVER, .clear = "{}" };
    enum code code = s->row ? row_put(t, &r, reterr) : OK;
    if (code == OK && s->erase)
        return row_delete(t, s->kind, &s->id, reterr);
    return code != OK ? code : s->drop ? door_drop(t, &s->id, reterr) : door_put(t, s->kind, &s->id, reterr);
}

TEST(a_door_leads_to_its_tenant) {
    struct bed b;
    struct step s = { .id = uuid_new(), .kind = 4, .row = true };
    struct uuid other = uuid_new();
    int32_t kind = 0;
    int64_t tenant = 0;
    bed_start(&b);
    CHECK_OK(store_write(b.store, 7, take, &s, &b.e), &b.e);
    CHECK_OK(door_find(b.store, &s.id, &kind, &tenant, &b.e), &b.e);
    CHECK(kind == 4 && tenant == 7);
    CHECK_CODE(door_find(b.store, &other, &kind, &tenant, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(store_write(b.store, 8, take, &s, &b.e), &b.e);               /* the same id, chosen by somebody else */
    CHECK_OK(door_find(b.store, &s.id, &kind, &tenant, &b.e), &b.e);
    CHECK_INT(tenant, 7);
    CHECK_OK(store_write(b.store, 8, take, &(struct step){ .id = s.id, .drop = true }, &b.e), &b.e);
    CHECK_OK(door_find(b.store, &s.id, &kind, &tenant, &b.e), &b.e);
    CHECK_OK(store_write(b.store, 7, take, &(struct step){ .id = s.id, .kind = 4, .erase = true }, &b.e), &b.e);
    CHECK_CODE(door_find(b.store, &s.id, &kind, &tenant, &b.e), E_NOT_FOUND, &b.e);
    bed_end(&b);
}
