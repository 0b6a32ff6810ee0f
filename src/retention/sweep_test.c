/* sweep_test.c — what is due goes in batches, and what must wait, or cannot be read, stops none of it. */
#include "retention/sweep.c"

#include <pthread.h>
#include <semaphore.h>

#include "ledger/ledger.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "store/destruction.h"

#define EVENT(ends) json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2020-03-01T18:00:00Z", "ends", (ends))
static struct uuid event_of(struct bed *b, const struct caller *boss, const char *ends) {
    json_t *got = NULL;
    CHECK_OK(bed_make(b, boss, "event", EVENT(ends), &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

static struct uuid person_of(struct bed *b, const struct caller *boss, const struct uuid *event, int n) {
    json_t *got = NULL;
    char id[UUID_TEXT], email[40];
    snprintf(email, sizeof email, "a%d@poczta.example", n);
    CHECK_OK(bed_make(b, boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(event, id), "name", "Ewa", "email", email), &got), &b->e);
    struct uuid who = id_of(got);
    json_decref(got);
    return who;
}

static struct retired swept(struct bed *b, int64_t tenant, usec_t now) {
    struct retired got = { 0 };
    bool more = false;
    const struct sweep_terms terms = { .now = now, .until = USEC_NEVER, .every = true };
    CHECK_OK(sweep_tenant(b->service, tenant, &terms, &got, &more, &b->e), &b->e);
    CHECK(!more);
    return got;
}

static struct overdue overdue(struct bed *b, usec_t now) {
    struct overdue o;
    CHECK_OK(sweep_overdue(b->service, now, &o, &b->e), &b->e);
    return o;
}

#define MANY ((int)RETIRE_MAX + 10)          /* more than one batch */
TEST(all_that_is_due_goes_in_batches) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), other = bed_role(&b, b.other, "organiser");
    struct uuid past = event_of(&b, &boss, "2020-03-01T21:00:00Z"), ahead = event_of(&b, &boss, "2096-03-01T21:00:00Z"), theirs = event_of(&b, &other, "2020-03-01T21:00:00Z");
    for (int i = 0; i < MANY; i++)
        (void)person_of(&b, &boss, &past, i);
    struct uuid stays = person_of(&b, &boss, &ahead, 1), is_theirs = person_of(&b, &other, &theirs, 1);
    struct overdue o = overdue(&b, clock_now());
    usec_t due;
    CHECK(time_parse("2020-08-28T20:00:00Z", &due));      /* 180 days: to the summer's clock of Warsaw, an hour of UTC sooner */
    CHECK_INT(o.records, MANY + 1);
    CHECK_INT(o.oldest, due);
    CHECK_INT(overdue(&b, due - 1).records, 0);
    CHECK_INT(swept(&b, b.tenant, due - 1).records, 0);
    CHECK_INT(swept(&b, b.tenant, due).records, MANY);
    CHECK_INT(swept(&b, b.tenant, clock_now()).records, 0);
    json_t *got = NULL;
    CHECK_OK(bed_read(&b, &boss, "registration", &stays, &got), &b.e);
    json_decref(got);
    CHECK_OK(bed_read(&b, &other, "registration", &is_theirs, &got), &b.e);
    json_decref(got);
    struct retired all = { 0 };
    bool more = false;
    CHECK_OK(sweep_service(b.service, &(struct sweep_terms){ .now = clock_now(), .until = USEC_NEVER }, &all, &more, &b.e), &b.e);
    CHECK(all.records == 1 && !more && overdue(&b, clock_now()).records == 0);
    struct keeper_status st;
    CHECK_OK(keeper_status(b.keeper, &st, &b.e), &b.e);
    CHECK(st.pending >= MANY + 1 && st.destroyed_today == 0);      /* it was to be foreseen */
    bed_end(&b);
}

TEST(a_slice_that_is_over_leaves_the_rest) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid past = event_of(&b, &boss, "2020-03-01T21:00:00Z");
    (void)person_of(&b, &boss, &past, 1);
    struct retired got = { 0 };
    bool more = false;
    CHECK_OK(sweep_service(b.service, &(struct sweep_terms){ .now = clock_now(), .until = 1 }, &got, &more, &b.e), &b.e);
    CHECK(more && got.records == 0 && overdue(&b, clock_now()).records == 1);
    bed_end(&b);
}

struct told { int32_t kind; struct uuid id; usec_t due; };
static enum code tell_of(struct txn *t, void *arg, struct err *reterr) {
    const struct told *told = arg;
    struct notice_claim claim;
    enum code code = notice_begin(t, "organiser", 20260101, USEC_PER_HOUR, &claim, reterr);
    if (code == OK)
        code = noticed_put(t, &claim, &(struct noticed){ told->kind, told->id, told->due }, 1, reterr);
    claim.sign = claim.next;
    if (code == OK)
        code = notice_finish(t, &claim, &(struct notice_row){ .number = claim.number, .state = NOTICE_WAITING, .role = "organiser", .day = 20260101, .made = txn_now(t), .records = 1,
                                                             .first = told->due, .last = told->due, .counts = "{}" }, reterr);
    return code == OK ? notice_set(t, claim.number, NOTICE_TRIED, txn_now(t), reterr) : code;
}

TEST(nobody_was_told_so_it_waits) {
    struct bed b;
    AUTO(buf_done) struct buf charter = BUF(1u << 16);
    buf_text(&charter, events_charter);
    bed_swap(&charter, "    keep: 180 days after event.ends, then erase\n", "    keep: 180 days after event.ends, then erase\n    warn: organiser by email 14 days before\n");
    bed_start(&b, buf_str(&charter));
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid past = event_of(&b, &boss, "2020-03-01T21:00:00Z");
    struct uuid one = person_of(&b, &boss, &past, 1);
    (void)person_of(&b, &boss, &past, 2);
    struct retired r = swept(&b, b.tenant, clock_now());
    CHECK(r.records == 0 && r.waiting == 2);
    struct told told = { service_kind(b.service, charter_kind(b.charter, "registration"))->number, one, overdue(&b, clock_now()).oldest };
    CHECK_OK(store_write(b.store, b.tenant, tell_of, &told, &b.e), &b.e);
    r = swept(&b, b.tenant, clock_now());
    CHECK(r.records == 1 && r.waiting == 1);
    CHECK_INT(overdue(&b, clock_now()).records, 1);
    bed_end(&b);
}

static enum code spoil(struct txn *t, void *arg, struct err *reterr) {
    const struct told *told = arg;
    struct row row;
    enum code code = row_get(txn_sql(t), told->kind, &told->id, &row, reterr);
    row.clear = "{\"status\":";
    row.number = NULL;
    return code == OK ? row_put(t, &row, reterr) : code;
}

TEST(one_that_cannot_be_read_stops_no_other) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid past = event_of(&b, &boss, "2020-03-01T21:00:00Z"), who[5];
    for (int i = 0; i < 5; i++)
        who[i] = person_of(&b, &boss, &past, i);
    struct told bad = { service_kind(b.service, charter_kind(b.charter, "registration"))->number, who[2], 0 };
    CHECK_OK(store_write(b.store, b.tenant, spoil, &bad, &b.e), &b.e);
    struct retired r = swept(&b, b.tenant, clock_now());
    CHECK(r.records == 4 && r.failed == 1 && r.why.code == E_DAMAGED);
    CHECK_INT(overdue(&b, clock_now()).records, 1);
    bed_end(&b);
}

/* ---- several at once */
#define CROWD 700
#define ROUNDS 4
struct rounds { struct bed *b; struct retired got; enum code code; struct err e; pthread_t thread; };
static void *sweeps(void *arg) {
    struct rounds *r = arg;
    bool more = false;
    const struct sweep_terms terms = { .now = clock_now(), .until = USEC_NEVER, .every = true };
    for (int i = 0; i < 3 && r->code == OK; i++)
        r->code = sweep_tenant(r->b->service, r->b->tenant, &terms, &r->got, &more, &r->e);
    return NULL;
}

struct sums { struct sql *q; int64_t told, keys; };
static bool sum_entry(const struct ledger_row *r, void *arg) {
    struct sums *s = arg;
    json_t *o = json_loads(r->entry, 0, NULL);
    if (strcmp(text_at(o, "do", NULL) ?: "", "parts_erased") == 0)
        s->told += json_integer_value(json_object_get(json_object_get(json_object_get(o, "what"), "erased"), "registration"));
    json_decref(o);
    return true;
}
static bool sum_destroyed(const struct destruction_row *r, void *arg) {
    ((struct sums *)arg)->keys += (int64_t)r->key_count;
    return true;
}

TEST(rounds_that_overlap_erase_each_record_once) {
    struct bed b;
    struct rounds list[ROUNDS] = { { 0 } };
    struct sums s = { .told = 0 };
    int64_t records = 0;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid past = event_of(&b, &boss, "2020-03-01T21:00:00Z");
    for (int i = 0; i < CROWD; i++)
        (void)person_of(&b, &boss, &past, i);
    for (int i = 0; i < ROUNDS; i++) {
        list[i].b = &b;
        CHECK(pthread_create(&list[i].thread, NULL, sweeps, &list[i]) == 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(pthread_join(list[i].thread, NULL) == 0);
        CHECK_OK(list[i].code, &list[i].e);
        CHECK_INT(list[i].got.failed, 0);
        records += list[i].got.records;
    }
    CHECK_INT(records, CROWD);
    CHECK_INT(overdue(&b, clock_now()).records, 0);
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b.store, b.tenant, &v, &b.e), &b.e);
    CHECK_OK(ledger_list(view_sql(v), 0, sum_entry, &s, &b.e), &b.e);
    CHECK_OK(destructions_open(view_sql(v), sum_destroyed, &s, &b.e), &b.e);
    v = view_end(v);
    CHECK_INT(s.told, CROWD);
    CHECK_INT(s.keys, CROWD);
    bed_end(&b);
}

/* ---- giving way */
struct gate_of { sem_t in, out; };
static enum code stand_still(struct txn *t UNUSED, void *arg, struct err *e UNUSED) {
    struct gate_of *g = arg;
    (void)sem_post(&g->in);
    while (sem_wait(&g->out) != 0)
        continue;
    return OK;
}
static enum code nothing(struct txn *t UNUSED, void *arg UNUSED, struct err *e UNUSED) { return OK; }

/* What the walk itself leaves in the queue, to forget keys that are destroyed, is nobody else's: it would pause for its own sake. */
TEST(it_does_not_give_way_to_itself) {
    struct bed b;
    struct gate_of g;
    struct pace p;
    bed_start(&b, events_charter);
    CHECK(sem_init(&g.in, 0, 0) == 0 && sem_init(&g.out, 0, 0) == 0);
    pace_begin(b.service, &p);
    CHECK(!p.beside);
    store_write_later(b.store, b.tenant, stand_still, &g, NULL);
    while (sem_wait(&g.in) != 0)
        continue;
    CHECK(!others_write(b.service, &p));
    store_write_later(b.store, b.tenant, nothing, NULL, NULL);
    CHECK(!others_write(b.service, &p));
    for (int i = 0; i < 2; i++)
        store_write_later(b.store, b.tenant, nothing, NULL, NULL);
    CHECK(others_write(b.service, &p));
    CHECK(sem_post(&g.out) == 0);
    CHECK_OK(store_write(b.store, b.tenant, nothing, NULL, &b.e), &b.e);
    CHECK(others_write(b.service, &p));        /* four writes since: more than its own */
    CHECK(!others_write(b.service, &p));
    (void)sem_destroy(&g.in);
    (void)sem_destroy(&g.out);
    bed_end(&b);
}

TEST(it_pauses_as_long_as_others_are_busy) {
    CHECK_INT(share_of(1000, 1000), SHARE_LEAST);
    CHECK_INT(share_of(0, 0), SHARE_LEAST);
    CHECK_INT(share_of(700, 1000), 30);
    CHECK_INT(share_of(100, 1000), SHARE_MOST);
    CHECK_INT(pause_of(30000, 30), 70000);
    CHECK(pause_of(16000, SHARE_LEAST) >= 4 * 16000);        /* others keep four fifths */
    CHECK_INT(pause_of(PAUSE_MOST, SHARE_LEAST), PAUSE_MOST);
    CHECK_INT(pause_of(USEC_PER_HOUR, SHARE_LEAST), PAUSE_MOST);
}

static enum code hold_one(struct txn *t, void *arg, struct err *e) {
    int64_t number;
    return hold_put(t, arg, &number, e);
}
TEST(a_hold_of_another_part_is_no_ground_to_be_late) {
    struct bed b;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid past = event_of(&b, &boss, "2020-03-01T21:00:00Z"), one = person_of(&b, &boss, &past, 1);
    struct hold_row h = { .kind = service_kind(b.service, charter_kind(b.charter, "registration"))->number, .id = one, .fields = "diet", .until = USEC_NEVER, .by = "test", .blob = "", .len = 0 };
    CHECK_OK(store_write(b.store, b.tenant, hold_one, &h, &b.e), &b.e);
    struct overdue o = overdue(&b, clock_now());
    CHECK(o.records == 1 && o.held == 0);
    h.fields = "name";
    CHECK_OK(store_write(b.store, b.tenant, hold_one, &h, &b.e), &b.e);
    o = overdue(&b, clock_now());
    CHECK(o.records == 0 && o.held == 1 && o.oldest == USEC_NEVER);
    bed_end(&b);
}
