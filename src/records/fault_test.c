/* fault_test.c — a commit that failed may be durable after all, and one that succeeded may be followed by a failure: a key that
 * may stand in a record never seals another one, and its file stays. */
#include "records/draft.c"
#include "db/sums.h"
#include "records/testbed.h"
#include "records/testcharters.h"

static json_t *event_input(const char *title) {
    return json_pack("{s:s,s:s,s:s}", "title", title, "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z");
}
static void event_make(struct bed *b, const struct caller *boss, const char *title, struct uuid *ret) {
    json_t *event = NULL;
    CHECK_OK(bed_make(b, boss, "event", event_input(title), &event), &b->e);
    *ret = id_of(event);
    json_decref(event);
}
static json_t *person(const struct uuid *event, const char *email) {
    char id[UUID_TEXT];
    return json_pack("{s:s,s:s,s:s}", "event", uuid_format(event, id), "name", "Ewa", "email", email);
}

/* Which record each key seals, over several stores. */
struct use { struct uuid id; uint64_t key; };
struct uses { struct use list[64]; size_t count, records; struct sql *q; int32_t kind; struct uuid id; struct err e; };
static bool use_part(const struct part_row *p, void *arg) {
    struct uses *u = arg;
    CHECK(u->count < ARRAY_LEN(u->list));
    u->list[u->count++] = (struct use){ u->id, p->key };
    return true;
}
static bool use_row(const struct row *row, void *arg) {
    struct uses *u = arg;
    u->id = row->id;
    u->records++;
    CHECK_OK(parts_get(u->q, row->kind, &row->id, use_part, u, &u->e), &u->e);
    return true;
}
static void uses_add(struct bed *b, struct store *store, const char *kind, struct uses *u) {
    AUTO(view_end) struct view *v = NULL;
    static const struct uuid none;
    CHECK_OK(store_view(store, b->tenant, &v, &u->e), &u->e);
    u->q = view_sql(v);
    u->records = 0;
    u->kind = service_kind(b->service, charter_kind(b->charter, kind))->number;
    CHECK_OK(rows_list(u->q, &(struct row_range){ .kind = u->kind, .after = none }, use_row, u, &u->e), &u->e);
}
static size_t shared(const struct uses *u) {
    size_t n = 0;
    for (size_t i = 0; i < u->count; i++)
        for (size_t k = 0; k < i; k++)
            n += u->list[i].key == u->list[k].key && uuid_compare(&u->list[i].id, &u->list[k].id) != 0;
    return n;
}

/* The data as a power cut would leave it at this moment, opened; from then on the disk is well again. */
static struct store *as_if_cut(struct bed *b, struct err *e) {
    char command[800], copy[100];
    struct store *s = NULL;
    snprintf(copy, sizeof copy, "%s/cut", b->directory);
    snprintf(command, sizeof command, "mkdir -p %s && cp %s/records.db %s/records.db-wal %s/index.db %s", copy, b->directory, b->directory, b->directory, copy);
    CHECK(system(command) == 0);
    sums_sync_fails = 0;
    CHECK_OK(store_open(&(struct store_options){ .directory = copy, .readers = 2, .queue = 64 }, &s, e), e);
    return s;
}

TEST(a_commit_that_failed_and_was_durable_shares_no_key) {
    struct bed b;
    struct err e;
    json_t *got = NULL;
    static struct uses u;
    struct uuid event;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, "Bieg", &event);
    sums_sync_fails = 1000000;                              /* all is written, and the disk says that it is not */
    CHECK_CODE(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), E_IO, &b.e);
    json_decref(got);
    struct store *cut = as_if_cut(&b, &e);
    uses_add(&b, cut, "registration", &u);
    CHECK(u.records == 1 && u.count > 0);                   /* there after all */
    cut = store_close(cut);
    for (int i = 0; i < 3; i++) {
        char email[32];
        snprintf(email, sizeof email, "b%d@poczta.example", i);
        CHECK_OK(bed_make(&b, &boss, "registration", person(&event, email), &got), &b.e);
        json_decref(got);
    }
    uses_add(&b, b.store, "registration", &u);
    CHECK(u.records == 3 && shared(&u) == 0);
    bed_end(&b);
}

TEST(a_refused_record_gives_its_key_to_the_next) {
    struct bed b;
    json_t *got = NULL;
    struct uuid event;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, "Bieg", &event);
    struct keeper_status before, after;
    CHECK_OK(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), &b.e);
    json_decref(got);
    CHECK_OK(keeper_status(b.keeper, &before, &b.e), &b.e);
    for (int i = 0; i < 300; i++) {
        CHECK_CODE(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), E_CONFLICT, &b.e);
        json_decref(got);
    }
    CHECK_OK(keeper_status(b.keeper, &after, &b.e), &b.e);
    CHECK(after.keys < before.keys + 300);
    bed_end(&b);
}

static bool doomed_count(int64_t tenant UNUSED, uint64_t key UNUSED, void *arg) {
    ++*(size_t *)arg;
    return true;
}
static enum code touch(struct txn *t UNUSED, void *arg UNUSED, struct err *e UNUSED) { return OK; }

/* The change is stored when its old key cannot be destroyed: the cap of a day is reached. */
TEST(what_fails_after_the_write_takes_nothing_back) {
    struct bed b;
    struct uuid event, id;
    json_t *got = NULL;
    static struct uses u;
    bed_start(&b, events_charter);
    bed_shut(&b);
    bed_keeper_end(&b);
    b.ring.destructions_per_day = 1;
    bed_keeper(&b);
    bed_open(&b);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, "Bieg", &event);
    CHECK_OK(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), &b.e);
    id = id_of(got);
    json_decref(got);
    CHECK_OK(bed_change(&b, &boss, "registration", &id, -1, json_pack("{s:s}", "name", "Iwa"), &got), &b.e);
    json_decref(got);
    /* Done is answered as done; the old key waits until a person has confirmed, and goes then. */
    CHECK_OK(bed_change(&b, &boss, "registration", &id, -1, json_pack("{s:s}", "name", "Ola"), &got), &b.e);
    json_decref(got);
    CHECK_OK(bed_read(&b, &boss, "registration", &id, &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "name"), "Ola");
    json_decref(got);
    size_t waiting = 0;
    CHECK_OK(doomed_list(b.store, doomed_count, &waiting, &b.e), &b.e);
    CHECK_INT(waiting, 1);
    /* An erasure is refused whole. */
    got = NULL;
    CHECK_CODE(bed_erase(&b, &boss, "registration", &id, &got), E_TOO_MANY, &b.e);
    CHECK(got == NULL);
    CHECK_OK(bed_read(&b, &boss, "registration", &id, &got), &b.e);
    json_decref(got);
    for (int i = 0; i < 3; i++) {
        char email[32];
        snprintf(email, sizeof email, "b%d@poczta.example", i);
        CHECK_OK(bed_make(&b, &boss, "registration", person(&event, email), &got), &b.e);
        json_decref(got);
    }
    uses_add(&b, b.store, "registration", &u);
    CHECK(u.records == 4 && shared(&u) == 0);
    CHECK_OK(keeper_allow(b.keeper, 2, &b.e), &b.e);
    CHECK_OK(service_recover(b.service, &b.e), &b.e);
    waiting = 0;
    CHECK_OK(store_write(b.store, b.tenant, touch, NULL, &b.e), &b.e);     /* what was to be forgotten is, before this */
    CHECK_OK(doomed_list(b.store, doomed_count, &waiting, &b.e), &b.e);
    CHECK_INT(waiting, 0);
    /* One more may be destroyed, and the record has it: gone is gone. */
    CHECK_OK(bed_erase(&b, &boss, "registration", &id, &got), &b.e);
    json_decref(got);
    bed_end(&b);
}

static bool put_bytes(void *arg, const void *bytes, size_t len) {
    buf_add(arg, bytes, len);
    return true;
}
static ssize_t get_bytes(void *arg, void *bytes, size_t room) {
    size_t *left = arg, n = *left < room ? *left : room;
    memset(bytes, 'b', n);
    *left -= n;
    return (ssize_t)n;
}
static bool begins(void *arg UNUSED, const struct file_info *info UNUSED) { return true; }

/* The record of the cut data names the file: it is still there, and opens. */
TEST(a_file_of_a_commit_that_failed_and_was_durable_stays) {
    struct bed b;
    struct uuid event, id, file;
    json_t *got = NULL;
    size_t left = 100000;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, "Bieg", &event);
    CHECK_OK(bed_make(&b, &boss, "registration", person(&event, "a@poczta.example"), &got), &b.e);
    id = id_of(got);
    json_decref(got);
    int kind = charter_kind(b.charter, "registration"), badge = kind_field(charter_kind_at(b.charter, kind), "badge");
    sums_sync_pass = 1;                                     /* of the note that a file comes */
    sums_sync_fails = 1000000;
    CHECK_CODE(file_store(b.service, &boss, kind, &id, badge, "a.png", "image/png", &(struct source){ get_bytes, &left }, &got, &b.e), E_IO, &b.e);
    struct store *cut = store_close(as_if_cut(&b, &b.e));
    CHECK(cut == NULL);
    char command[800];
    bed_shut(&b);                                           /* and so a power cut leaves it */
    snprintf(command, sizeof command, "rm -f %s/records.db-wal && cp %s/cut/records.db %s/records.db", b.directory, b.directory, b.directory);
    CHECK(system(command) == 0);
    bed_open(&b);
    CHECK_OK(bed_read(&b, &boss, "registration", &id, &got), &b.e);
    const json_t *value = json_object_get(json_object_get(got, "fields"), "badge");
    CHECK(uuid_parse(text_at(value, "id", NULL), &file));
    AUTO(buf_done) struct buf out = BUF(1 << 20);
    struct file_info info;
    CHECK_OK(file_fetch(b.service, &boss, &file, &info, begins, &(struct sink){ put_bytes, &out }, &b.e), &b.e);
    CHECK(out.len == 100000 && out.data[99999] == 'b');
    json_decref(got);
    bed_end(&b);
}
