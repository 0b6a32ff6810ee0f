/* upload_test.c — an upload that was cut off: neither its file nor its key stays. */
#define UPLOAD_LIFE 0                        /* each one under way counts as cut off */
#include "records/task.c"
#include "records/testbed.h"
#include "records/testcharters.h"

static struct uuid registration_make(struct bed *b, const struct caller *boss) {
    json_t *got = NULL;
    char id[UUID_TEXT];
    CHECK_OK(bed_make(b, boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &got), &b->e);
    struct uuid event = id_of(got);
    json_decref(got);
    CHECK_OK(bed_make(b, boss, "registration", json_pack("{s:s,s:s,s:s}", "event", uuid_format(&event, id), "name", "Ewa", "email", "a@poczta.example"), &got), &b->e);
    struct uuid who = id_of(got);
    json_decref(got);
    return who;
}

static uint64_t destroyed(struct bed *b) {
    struct keeper_status st;
    CHECK_OK(keeper_status(b->keeper, &st, &b->e), &b->e);
    return st.destroyed_today;
}

static bool count_task(const struct row *row UNUSED, void *arg) {
    ++*(size_t *)arg;
    return true;
}
static size_t tasks_left(struct bed *b) {
    size_t n = 0;
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(rows_list(view_sql(v), &(struct row_range){ .kind = b->service->task_kind }, count_task, &n, &b->e), &b->e);
    return n;
}

/* Some bytes, then what `ends` says: 0 the end, -1 the line was cut. */
struct sending { size_t left; ssize_t ends; };
static ssize_t send_some(void *arg, void *ret, size_t room) {
    struct sending *s = arg;
    size_t n = s->left < room ? s->left : room;
    memset(ret, 'x', n);
    s->left -= n;
    return n > 0 ? (ssize_t)n : s->ends;
}
static enum code send_file(struct bed *b, const struct caller *who, const struct uuid *record, struct sending s, json_t **ret) {
    int kind = charter_kind(b->charter, "registration"), field = kind_field(charter_kind_at(b->charter, kind), "badge");
    return file_store(b->service, who, kind, record, field, "badge.png", "image/png", &(struct source){ send_some, &s }, ret, &b->e);
}

TEST(the_key_of_an_upload_that_was_cut_off_is_destroyed) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct uuid who = registration_make(&b, &boss);
    CHECK_CODE(send_file(&b, &boss, &who, (struct sending){ 300000, -1 }, &got), E_INVALID, &b.e);
    CHECK(destroyed(&b) == 1 && tasks_left(&b) == 0);
    CHECK_OK(send_file(&b, &boss, &who, (struct sending){ 300000, 0 }, &got), &b.e);
    json_decref(got);
    CHECK(destroyed(&b) == 1 && tasks_left(&b) == 0);
    bed_end(&b);
}

struct left { struct service *s; const struct kind_info *k; struct uuid file; key_id key; };
static enum code leave(struct txn *t, void *arg, struct err *reterr) {
    struct left *l = arg;
    return task_put(t, l->s, TASK_UPLOAD, l->k, &l->file, l->key, NULL, reterr);
}

TEST(the_key_of_an_upload_that_died_with_the_server_is_destroyed) {
    struct bed b;
    struct key key;
    bool ok = true;
    bed_start(&b, events_charter);
    struct left l = { .s = b.service, .k = service_kind(b.service, charter_kind(b.charter, "registration")), .file = uuid_new() };
    CHECK_OK(keeper_make(b.keeper, b.tenant, USEC_NEVER, 1, &l.key, &key, &b.e), &b.e);
    CHECK_OK(store_write(b.store, b.tenant, leave, &l, &b.e), &b.e);
    CHECK_OK(tasks_run(b.service, b.tenant, NULL, &b.e), &b.e);
    CHECK(destroyed(&b) == 1 && tasks_left(&b) == 0);
    CHECK_OK(keeper_open(b.keeper, b.tenant, &l.key, 1, &key, &ok, &b.e), &b.e);
    CHECK(!ok);
    bed_end(&b);
}
