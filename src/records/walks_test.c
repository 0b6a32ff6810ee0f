/* walks_test.c — different records count once each, the same again cost nothing, and neither a restart nor being forgotten resets the day. */
#define WALK_MOST 20u
#define WALKERS_MAX 3u
#include "records/walks.c"

#include "records/reads.h"
#include "records/testbed.h"
#include "records/testcharters.h"

static enum code took(struct bed *b, const char *who, int64_t from, size_t count) {
    int64_t born[64];
    for (size_t i = 0; i < count; i++)
        born[i] = from + (int64_t)i;
    return walks_take(b->service->walks, b->service, b->tenant, who, born, count, &b->e);
}

TEST(different_records_count_once) {
    struct bed b;
    bed_start(&b, events_charter);
    CHECK_OK(took(&b, "token 1", 0, 15), &b.e);
    CHECK_OK(took(&b, "token 1", 0, 15), &b.e);
    CHECK_OK(took(&b, "token 1", 10, 10), &b.e);
    CHECK_CODE(took(&b, "token 1", 19, 2), E_TOO_MANY, &b.e);
    CHECK_OK(took(&b, "token 1", 0, 20), &b.e);            /* nothing of what was refused counts */
    CHECK_OK(took(&b, "account a", 100, 20), &b.e);
    bed_end(&b);
}

/* Through the ledger: traces of lists count, those of exports do not. */
TEST(neither_a_restart_nor_being_forgotten_resets_the_day) {
    struct bed b;
    int64_t born[20];
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    const struct kind_info *k = service_kind(b.service, charter_kind(b.charter, "registration"));
    for (int64_t i = 0; i < 20; i++)
        born[i] = i;
    CHECK_OK(reads_note(b.service, &boss, k, READ_LIST, born, 12, kind_all(k->kind), &b.e), &b.e);
    CHECK_OK(reads_note(b.service, &boss, k, READ_EXPORT, born, 20, kind_all(k->kind), &b.e), &b.e);
    bed_shut(&b);
    bed_open(&b);
    CHECK_OK(took(&b, "token 1", 100, 8), &b.e);
    CHECK_CODE(took(&b, "token 1", 200, 1), E_TOO_MANY, &b.e);
    CHECK_OK(took(&b, "token 1", 0, 12), &b.e);
    CHECK_OK(took(&b, "token 2", 0, 1), &b.e);             /* makes place: the first is forgotten, but for what the ledger knows */
    CHECK_OK(took(&b, "token 3", 0, 1), &b.e);
    CHECK_OK(took(&b, "token 4", 0, 1), &b.e);
    CHECK_CODE(took(&b, "token 1", 300, 9), E_TOO_MANY, &b.e);
    bed_end(&b);
}
