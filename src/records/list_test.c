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
