/* reads_test.c — every read leaves its trace, is refused where none can be kept, and the operator's staff waits for its own. */
#define TRACES_MAX 4u
#define RECORDS_MAX 64u
#define WAIT_MOST (2 * USEC_PER_SEC)
#include "records/reads.c"

#include "records/testbed.h"
#include "records/testcharters.h"

/* The service gathers by this file's reads. */
struct counted { size_t entries, records; bool staff; };
static bool count_one(const struct ledger_row *row, void *arg) {
    struct counted *c = arg;
    json_t *entry = json_loads(row->entry, 0, NULL), *what = json_object_get(entry, "what");
    if (strcmp(json_string_value(json_object_get(entry, "do")), "records_read") == 0) {
        c->entries++;
        c->records += (size_t)json_integer_value(json_object_get(what, "count"));
        c->staff |= json_integer_value(json_object_get(what, "window")) == 9;
    }
    json_decref(entry);
    return true;
}

static struct counted counted(struct bed *b) {
    struct counted c = { 0 };
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(ledger_list(view_sql(v), 0, count_one, &c, &b->e), &b->e);
    return c;
}

static const struct kind_info *guests(struct bed *b) { return service_kind(b->service, charter_kind(b->charter, "registration")); }

TEST(numbers_are_told_in_runs) {
    static const struct { int64_t born[8]; size_t count; const char *text; } rows[] = {
        { { 7 }, 1, "7" }, { { 7, 8 }, 2, "7-8" }, { { 1, 3, 4, 5, 9 }, 5, "1,3-5,9" }, { { 0, 1, 2, 3, 4, 5, 6, 7 }, 8, "0-7" }, { { 1, 3, 5 }, 3, "1,3,5" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf b = BUF(100);
        records_text(rows[i].born, rows[i].count, &b);
        CHECK_TEXT(buf_str(&b), rows[i].text);
    }
}

TEST(what_is_gathered_is_written_at_a_stop) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    for (int64_t n = 0; n < 50; n++)
        CHECK_OK(reads_note(b.service, &boss, guests(&b), READ_LIST, &n, 1, kind_all(guests(&b)->kind), &b.e), &b.e);
    bed_shut(&b);
    bed_open(&b);
    CHECK_INT(counted(&b).records, 50);
    bed_end(&b);
}

/* More callers and more records than fit: readers wait until there is room, and nothing is lost. */
TEST(a_full_batch_holds_readers_up_and_loses_nothing) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    for (int64_t n = 0; n < 40; n++) {
        int64_t born[20];
        for (int i = 0; i < 20; i++)
            born[i] = n * 20 + i;
        boss.token = n % 10 + 1;
        CHECK_OK(reads_note(b.service, &boss, guests(&b), READ_ONE, born, 20, kind_all(guests(&b)->kind), &b.e), &b.e);
    }
    bed_shut(&b);
    bed_open(&b);
    CHECK_INT(counted(&b).records, 800);
    bed_end(&b);
}

TEST(the_staff_waits_for_its_trace) {
    struct bed b;
    int64_t born = 3;
    bed_start(&b, events_charter);
    struct open_window window = { .number = 9 };
    struct caller staff = bed_role(&b, b.tenant, "support");
    staff.staff = true;
    staff.window = &window;
    CHECK_OK(reads_note(b.service, &staff, guests(&b), READ_ONE, &born, 1, kind_all(guests(&b)->kind), &b.e), &b.e);
    struct counted c = counted(&b);
    CHECK(c.entries == 1 && c.staff);         /* at once, not within a second */
    bed_end(&b);
}

/* The thread that writes is held up: what does not fit is refused when the time is over. */
TEST(a_read_without_a_trace_is_refused) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct reads *r = b.service->reads, stuck = { .s = b.service, .gathering = 1 };
    struct gathered now = { .count = 0 };
    stuck.now = stuck.out = &now;             /* nobody empties it */
    pthread_mutex_init(&stuck.lock, NULL);
    pthread_cond_init(&stuck.wake, NULL);
    pthread_cond_init(&stuck.moved, NULL);
    b.service->reads = &stuck;
    for (int64_t n = 0; n < TRACES_MAX; n++) {
        boss.token = n + 1;
        CHECK_OK(reads_note(b.service, &boss, guests(&b), READ_ONE, &n, 1, kind_all(guests(&b)->kind), &b.e), &b.e);
    }
    boss.token = 99;
    CHECK_CODE(reads_note(b.service, &boss, guests(&b), READ_ONE, &boss.token, 1, kind_all(guests(&b)->kind), &b.e), E_BUSY, &b.e);
    err_set(&stuck.trouble, E_FULL, "there is no room");
    CHECK_CODE(reads_note(b.service, &boss, guests(&b), READ_ONE, &boss.token, 1, kind_all(guests(&b)->kind), &b.e), E_FULL, &b.e);
    boss.by_sejf = true;                      /* sejf itself leaves none */
    CHECK_OK(reads_note(b.service, &boss, guests(&b), READ_ONE, &boss.token, 1, kind_all(guests(&b)->kind), &b.e), &b.e);
    empty(&now);
    b.service->reads = r;
    bed_end(&b);
}
