/* list_test.c — searches that open every record leave room for requests that do not. */
#include "records/list.c"
#include "records/testbed.h"
#include "records/testcharters.h"

static enum code search_by(struct bed *b, const struct caller *who, const char *way) {
    json_t *got = NULL, *query = way == NULL ? json_pack("{s:{s:s}}", "where", "email", "a@poczta.example")
                                             : json_pack("{s:{s:{s:s}}}", "where", "email", way, "poczta");
    enum code code = record_search(b->service, who, charter_kind(b->charter, "registration"), query, &got, &b->e);
    json_decref(query);
    json_decref(got);
    return code;
}

TEST(one_tenant_does_not_take_every_worker_with_its_searches) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), other = bed_role(&b, b.other, "organiser");
    for (size_t i = 0; i < SCANS_OF_TENANT; i++)
        CHECK(scan_begin(b.tenant));
    CHECK_CODE(search_by(&b, &boss, "contains"), E_BUSY, &b.e);
    CHECK_OK(search_by(&b, &boss, NULL), &b.e);            /* the index leads to it */
    CHECK_OK(search_by(&b, &other, "contains"), &b.e);
    for (size_t i = SCANS_OF_TENANT; i < SCANS_MAX; i++)
        CHECK(scan_begin(b.other));
    scan_end(b.tenant);
    CHECK_OK(search_by(&b, &boss, "contains"), &b.e);
    CHECK(scan_begin(b.other));
    CHECK_CODE(search_by(&b, &boss, "contains"), E_BUSY, &b.e);
    for (size_t i = 0; i < SCANS_OF_TENANT - 1; i++)
        scan_end(b.tenant);
    for (size_t i = 0; i < SCANS_MAX - SCANS_OF_TENANT + 1; i++)
        scan_end(b.other);
    CHECK_INT(scans.count, 0);
    CHECK_OK(search_by(&b, &boss, "contains"), &b.e);
    CHECK_INT(scans.count, 0);
    bed_end(&b);
}

/* ---- lists and searches that take turns */
struct turn { struct bed *b; const struct caller *who; const char *way; enum code code; bool gave_up; };
static void search_in_turn(void *arg) {
    struct turn *t = arg;
    t->code = search_by(t->b, t->who, t->way);
    t->gave_up = fiber_gave_up();
}

struct turn_list { struct turn *list; size_t count; };
static void *next_turn(void *by) {
    struct turn_list *l = by;
    return l->count == 0 ? NULL : (l->count--, l->list++);
}

TEST(a_search_that_opens_every_record_takes_no_turns) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct turn list[] = { { &b, &boss, NULL, OK, true }, { &b, &boss, "contains", OK, false }, { &b, &boss, NULL, OK, true } };
    struct turns *turns = turns_new();
    turns_run(turns, search_in_turn, next_turn, &(struct turn_list){ list, ARRAY_LEN(list) });
    CHECK(list[0].code == OK && !list[0].gave_up && list[2].code == OK && !list[2].gave_up);
    CHECK(list[1].code == E_BUSY && list[1].gave_up);
    CHECK_INT(scans.count, 0);
    search_in_turn(&list[1]);                  /* by itself */
    CHECK(list[1].code == OK && !list[1].gave_up);
    turns_free(turns);
    bed_end(&b);
}
