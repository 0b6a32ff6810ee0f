/* task_test.c — the loop over tasks ends, whatever stands in it: tasks that nobody here can do are passed, those of a kind that is
 * gone are done with, and what stands behind them all is done. */
#define TASKS_AT_ONCE 4
#include "records/task.c"
#include <fcntl.h>
#include <sys/stat.h>
#include "records/testbed.h"
#include "records/testcharters.h"

/* A row as task_put makes it, of any words. */
struct strange { struct service *s; const char *what, *kind; struct uuid parent; };
static enum code put(struct txn *t, void *arg, struct err *reterr) {
    const struct strange *x = arg;
    char clear[256], id[UUID_TEXT];
    struct row row = { .kind = x->s->task_kind, .id = uuid_new(), .version = 1, .created = txn_now(t), .updated = txn_now(t), .due = USEC_NEVER, .parent = x->parent, .clear = clear };
    snprintf(clear, sizeof clear, "{\"do\":\"%s\",\"kind\":\"%s\",\"parent\":\"%s\"}", x->what, x->kind, uuid_format(&x->parent, id));
    enum code code = txn_change(t, &row.change, reterr);
    return code == OK ? row_put(t, &row, reterr) : code;
}
static void leave(struct bed *b, const char *what, const char *kind, const struct uuid *parent) {
    struct strange x = { b->service, what, kind, *parent };
    CHECK_OK(store_write(b->store, b->tenant, put, &x, &b->e), &b->e);
}
static int64_t left(struct bed *b) {
    int64_t n = -1;
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(rows_count(view_sql(v), b->service->task_kind, NULL, &n, &b->e), &b->e);
    return n;
}

TEST(what_nobody_can_do_is_passed) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    CHECK_OK(bed_make(&b, &boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"), &got), &b.e);
    struct uuid event = id_of(got);
    json_decref(got);
    for (int i = 0; i < 3 * TASKS_AT_ONCE; i++)
        leave(&b, "compress", "event", &event);                /* of a newer program */
    for (int i = 0; i < 2 * TASKS_AT_ONCE + 1; i++)
        leave(&b, i % 2 == 0 ? "fill" : "redate", "registration", &event);
    CHECK_INT(left(&b), 5 * TASKS_AT_ONCE + 1);
    CHECK_OK(tasks_run(b.service, b.tenant, NULL, &b.e), &b.e);
    CHECK_INT(left(&b), 3 * TASKS_AT_ONCE);
    CHECK_OK(tasks_run(b.service, b.tenant, NULL, &b.e), &b.e);
    CHECK_INT(left(&b), 3 * TASKS_AT_ONCE);
    bed_end(&b);
}

TEST(tasks_of_a_kind_that_is_gone_are_done_with) {
    struct bed b;
    struct uuid file = uuid_new();
    char path[512];
    bed_start(&b, events_charter);
    CHECK(mkdir(b.service->files, 0700) == 0 && file_path(b.service, &file, path, sizeof path));
    char *slash = strrchr(path, '/');
    *slash = 0;
    CHECK(mkdir(path, 0700) == 0);
    *slash = '/';
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && close(fd) == 0);
    for (int i = 0; i < TASKS_AT_ONCE + 1; i++)
        leave(&b, i % 3 == 0 ? "fill" : i % 3 == 1 ? "erase" : "redate", "stall", &file);
    leave(&b, "unlink", "stall", &file);
    CHECK_OK(tasks_run(b.service, b.tenant, NULL, &b.e), &b.e);
    CHECK_INT(left(&b), 0);
    CHECK(access(path, F_OK) != 0);            /* its file does not stay for ever */
    bed_end(&b);
}
