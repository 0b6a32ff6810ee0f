/* walks_test.c — different records count once each, the same again cost nothing, and neither a restart, nor being forgotten, nor a change
 * of one's own resets the day. */
#define WALK_MOST 20u
#define WALKERS_MAX 3u
#include "records/walks.c"

#include "records/reads.h"
#include "records/agedbed.h"
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

/* ---- records of yesterday, under a charter that limits copies */

#define GUESTS 2
static void guests_start(struct bed *b, struct caller *ret_boss, struct uuid ids[GUESTS]) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    json_t *got = NULL;
    char mail[64], parent[UUID_TEXT];
    buf_text(&text, events_charter);
    buf_text(&text, "copies: at most 1 a day, approved by two people\n");
    bed_start(b, buf_str(&text));
    struct caller boss = bed_role(b, b->tenant, "organiser");
    CHECK_OK(bed_make(b, &boss, "event", json_pack("{s:s, s:s, s:s}", "title", "Bal", "starts", "2099-01-01T10:00:00Z", "ends", "2099-01-01T20:00:00Z"), &got), &b->e);
    struct uuid event = id_of(got);
    json_decref(got);
    for (int i = 0; i < GUESTS; i++) {
        snprintf(mail, sizeof mail, "guest%d@people.example", i);
        CHECK_OK(bed_make(b, &boss, "registration", json_pack("{s:s, s:s, s:s}", "event", uuid_format(&event, parent), "name", "Ewa", "email", mail), &got), &b->e);
        ids[i] = id_of(got);
        json_decref(got);
        bed_age(b, "registration", &ids[i]);
    }
    *ret_boss = boss;
}

static int64_t version_of(struct bed *b, const struct uuid *id) {
    struct row row;
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(row_get(view_sql(v), service_kind(b->service, charter_kind(b->charter, "registration"))->number, id, &row, &b->e), &b->e);
    return row.version;
}

static enum code renamed(struct bed *b, const struct caller *who, const struct uuid *id, const char *name) {
    json_t *got = NULL;
    enum code code = bed_change(b, who, "registration", id, -1, json_pack("{s:s}", "name", name), &got);
    json_decref(got);
    return code;
}

static enum code seen(struct bed *b, const struct caller *who, const struct uuid *id) {
    json_t *got = NULL;
    enum code code = bed_read(b, who, "registration", id, &got);
    json_decref(got);
    return code;
}

static ssize_t send_none(void *arg UNUSED, void *ret UNUSED, size_t room UNUSED) { return 0; }

TEST(a_change_at_the_limit_is_refused_and_nothing_is_written) {
    struct bed b;
    struct caller boss;
    struct uuid ids[GUESTS];
    json_t *got = NULL;
    guests_start(&b, &boss, ids);
    int kind = charter_kind(b.charter, "registration"), badge = kind_field(charter_kind_at(b.charter, kind), "badge");
    CHECK_OK(took(&b, "token 1", 1000000, WALK_MOST), &b.e);
    int64_t before = version_of(&b, &ids[0]);
    CHECK_CODE(renamed(&b, &boss, &ids[0], "Anna"), E_TOO_MANY, &b.e);
    CHECK_CODE(renamed(&b, &boss, &ids[0], "Ewa"), E_TOO_MANY, &b.e);      /* changes nothing, but would show it */
    CHECK_CODE(file_store(b.service, &boss, kind, &ids[0], badge, "a.png", "image/png", &(struct source){ send_none, NULL }, &got, &b.e), E_TOO_MANY, &b.e);
    CHECK_INT(version_of(&b, &ids[0]), before);
    CHECK_CODE(seen(&b, &boss, &ids[0]), E_TOO_MANY, &b.e);
    struct caller other = boss;
    other.token = 2;
    CHECK_OK(renamed(&b, &other, &ids[0], "Anna"), &b.e);
    CHECK_INT(version_of(&b, &ids[0]), before + 1);
    CHECK_OK(seen(&b, &boss, &ids[0]), &b.e);              /* another's change is news, which whoever follows may read */
    bed_end(&b);
}

TEST(a_change_of_ones_own_counts_as_reading_does) {
    struct bed b;
    struct caller boss;
    struct uuid ids[GUESTS];
    guests_start(&b, &boss, ids);
    CHECK_OK(took(&b, "token 1", 1000000, WALK_MOST - 1), &b.e);
    CHECK_OK(renamed(&b, &boss, &ids[0], "Anna"), &b.e);
    CHECK_OK(renamed(&b, &boss, &ids[0], "Ola"), &b.e);    /* counted once */
    CHECK_OK(seen(&b, &boss, &ids[0]), &b.e);
    CHECK_CODE(renamed(&b, &boss, &ids[1], "Anna"), E_TOO_MANY, &b.e);
    CHECK_CODE(took(&b, "token 1", 2000000, 1), E_TOO_MANY, &b.e);
    bed_end(&b);
}

TEST(a_day_that_found_no_memory_is_not_taken_for_a_whole_one) {
    struct bed b;
    int64_t born[WALK_MOST], next = 500;
    int lost = 0;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    const struct kind_info *k = service_kind(b.service, charter_kind(b.charter, "registration"));
    for (size_t i = 0; i < WALK_MOST; i++)
        born[i] = (int64_t)i;
    CHECK_OK(reads_note(b.service, &boss, k, READ_LIST, born, WALK_MOST, kind_all(k->kind), &b.e), &b.e);
    bed_shut(&b);
    bed_open(&b);
    for (size_t at = 1; at < 1000; at++) {
        mem_fail_at = at;
        enum code code = walks_take(b.service->walks, b.service, b.tenant, "token 1", &next, 1, &b.e);
        bool failed = mem_fail_at == 0;
        mem_fail_at = 0;
        if (!failed)
            break;
        CHECK(code == E_MEMORY || code == E_TOO_MANY);     /* never counted from nothing */
        lost += code == E_MEMORY;
    }
    CHECK(lost > 0);
    CHECK_CODE(took(&b, "token 1", next, 1), E_TOO_MANY, &b.e);
    bed_end(&b);
}

/* Whoever counts opens a view of its own: it must not wait for one that its own caller holds. */
#define READERS 8
static bool begin_any(void *arg UNUSED, const struct file_info *info UNUSED) { return true; }
static bool take_any(void *arg UNUSED, const void *data UNUSED, size_t len UNUSED) { return true; }

TEST(one_view_is_enough_to_be_counted) {
    struct bed b;
    struct caller boss;
    struct uuid ids[GUESTS], file;
    struct view *held[READERS - 1] = { NULL };
    struct file_info info;
    json_t *got = NULL, *mistakes = NULL, *patch = json_pack("{s:s}", "name", "Anna");
    guests_start(&b, &boss, ids);
    int kind = charter_kind(b.charter, "registration"), badge = kind_field(charter_kind_at(b.charter, kind), "badge");
    struct record_request r = { .who = &boss, .kind = kind, .id = ids[0], .input = patch, .if_match = -1, .idempotency = "once" };
    CHECK_OK(file_store(b.service, &boss, kind, &ids[0], badge, "a.png", "image/png", &(struct source){ send_none, NULL }, &got, &b.e), &b.e);
    CHECK(uuid_parse(text_at(got, "id", NULL), &file));
    json_decref(got);
    CHECK_OK(record_change(b.service, &r, &got, &mistakes, &b.e), &b.e);
    json_decref(got);
    CHECK_OK(renamed(&b, &boss, &ids[0], "Ola"), &b.e);    /* the repeated reply has to look again at what it may show */
    bed_age(&b, "registration", &ids[0]);
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        CHECK_OK(store_view(b.store, b.tenant, &held[i], &b.e), &b.e);
    b.service->walks = walks_free(b.service->walks);
    b.service->walks = walks_new();                        /* it has to ask the ledger */
    CHECK_OK(file_fetch(b.service, &boss, &file, &info, begin_any, &(struct sink){ take_any, NULL }, &b.e), &b.e);
    b.service->walks = walks_free(b.service->walks);
    b.service->walks = walks_new();
    CHECK_OK(record_change(b.service, &r, &got, &mistakes, &b.e), &b.e);
    json_decref(got);
    CHECK_INT(b.service->walks->count, 1);                 /* and it was counted */
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        held[i] = view_end(held[i]);
    json_decref(patch);
    bed_end(&b);
}
