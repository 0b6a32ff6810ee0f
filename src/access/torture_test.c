/* torture_test.c — the registers with the n-th allocation failing, in whichever thread it is. */
#include "access/authorise.h"
#include "access/window.h"
#include "base/civil.h"
#include "base/torture.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "store/people.h"

struct scene { struct bed b; struct registrar r; struct uuid anna; char until[16]; int64_t made, windows; };

static enum code member_write(struct txn *t, void *arg, struct err *e) {
    const struct uuid *id = arg;
    return member_put(t, &(struct member_row){ .account = *id, .tenant = txn_tenant(t), .role = "door" }, e);
}

static void scene_start(struct scene *s) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    buf_text(&text, "\npeople_authorised: every account, with scope, purpose and end date\n");
    bed_start(&s->b, buf_str(&text));
    s->r = (struct registrar){ s->b.store, s->b.keeper, s->b.charter, s->b.tenant };
    s->anna = uuid_new();
    struct civil c = civil_of_utc(clock_now() + 9 * USEC_PER_DAY);
    date_format(&c, s->until, sizeof s->until);
    CHECK_OK(store_write(s->b.store, s->b.tenant, member_write, &s->anna, &s->b.e), &s->b.e);
}

/* By the number, which tells how many there are. */
static int64_t stand(struct scene *s) {
    json_t *list = NULL;
    CHECK_OK(authorise_list(&s->r, 0, 1000, clock_now(), &list, &s->b.e), &s->b.e);
    int64_t n = (int64_t)json_array_size(list);
    if (n > 0)
        CHECK(json_integer_value(json_object_get(json_array_get(list, (size_t)n - 1), "number")) == n);
    json_decref(list);
    return n;
}

static enum code give(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    int64_t number;
    const struct actor by = { .name = "Ola Owner" };
    json_t *purposes = json_pack("[s]", "running the event");
    const struct authorise_wish w = { .account = s->anna, .name = "Anna", .post = "door", .scope = "the door", .purposes = purposes, .until = s->until, .trained = s->until,
                                      .training_needed = true, .undertaking = s->until };
    enum code code = purposes == NULL ? err_set(reterr, E_MEMORY, "no memory for the test") : authorise_make(&s->r, &w, &by, &number, reterr);
    json_decref(purposes);
    return code;
}
static bool given(void *arg, enum code code) {
    struct scene *s = arg;
    int64_t before = s->made;
    s->made = stand(s);
    return s->made == before + (code == OK);
}

static enum code train(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    const struct actor by = { .name = NULL };
    return authorise_train(&s->r, 1, &(struct authorise_training){ .trained = s->until }, &by, reterr);
}

static enum code take_back(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    const struct actor by = { .name = NULL };
    return authorise_withdraw(&s->r, s->made, "left", &by, reterr);
}
/* Withdrawn, or as it was; the next is to be withdrawn. */
static bool taken_back(void *arg, enum code code) {
    struct scene *s = arg;
    json_t *entry = NULL;
    CHECK_OK(authorise_read(&s->r, s->made, clock_now(), &entry, &s->b.e), &s->b.e);
    bool gone = strcmp(text_at(entry, "state", NULL), "withdrawn") == 0;
    json_decref(entry);
    CHECK_OK(give(s, NULL, &s->b.e), &s->b.e);
    s->made++;
    return gone == (code == OK);
}

static enum code read_all(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    json_t *list = NULL;
    bool yes = false;
    usec_t until = 0;
    const usec_t at = 1795341600 * USEC_PER_SEC;                       /* states and what is said of them do not change meanwhile */
    enum code code = authorise_csv(&s->r, LANG_HU, at, outcome, reterr);
    if (code == OK)
        code = authorise_list(&s->r, 0, 1000, at, &list, reterr);
    if (code == OK) {
        json_t *first = json_array_get(list, 0);
        buf_printf(outcome, "%zu %s", json_array_size(list), text_at(first, "granted_by", "name") ?: "");
    }
    json_decref(list);
    if (code == OK)
        code = authorise_valid(s->b.store, s->b.charter, s->b.tenant, charter_person(s->b.charter, "door"), &s->anna, at, &yes, &until, reterr);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}

static enum code open_one(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    int64_t number;
    const struct actor by = { .name = "Ola Owner" };
    json_t *kinds = json_pack("[s]", "registration");
    const struct window_wish w = { .kinds = kinds, .why = "a report" };
    enum code code = kinds == NULL ? err_set(reterr, E_MEMORY, "no memory for the test") : window_open(&s->r, &w, &by, &number, reterr);
    json_decref(kinds);
    return code;
}
static bool opened(void *arg, enum code code) {
    struct scene *s = arg;
    json_t *list = NULL;
    int64_t before = s->windows;
    CHECK_OK(window_list(&s->r, clock_now(), &list, &s->b.e), &s->b.e);
    s->windows = (int64_t)json_array_size(list);
    json_decref(list);
    return s->windows == before + (code == OK);
}

static enum code windows_read(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    json_t *list = NULL;
    struct open_window w = { 0 };
    bool yes = false;
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for the test") : window_list(&s->r, clock_now(), &list, reterr);
    if (code == OK)
        code = window_now(s->b.store, s->b.charter, s->b.tenant, &s->anna, clock_now(), arena, &w, &yes, reterr);
    if (code == OK)
        buf_printf(outcome, "%zu %s %d %zu", json_array_size(list), text_at(json_array_get(list, 0), "why", NULL) ?: "", yes, w.kind_count);
    json_decref(list);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}

TEST(registers_are_whole_or_refused) {
    struct scene s = { .made = 0 };
    bool fine = true;
    scene_start(&s);
    CHECK_OK(give(&s, NULL, &s.b.e), &s.b.e);
    CHECK_OK(open_one(&s, NULL, &s.b.e), &s.b.e);
    s.made = s.windows = 1;
    fine &= torture(&(struct torture){ .name = "register", .call = read_all, .arg = &s, .stride = 3 });
    fine &= torture(&(struct torture){ .name = "windows", .call = windows_read, .arg = &s, .stride = 3 });
    fine &= torture(&(struct torture){ .name = "authorise", .call = give, .check = given, .arg = &s, .reach = TORTURE_ALL, .stride = 3 });
    fine &= torture(&(struct torture){ .name = "train", .call = train, .arg = &s, .reach = TORTURE_ALL, .stride = 3 });
    fine &= torture(&(struct torture){ .name = "withdraw", .call = take_back, .check = taken_back, .arg = &s, .reach = TORTURE_ALL, .stride = 3 });
    fine &= torture(&(struct torture){ .name = "open a window", .call = open_one, .check = opened, .arg = &s, .reach = TORTURE_ALL, .stride = 3 });
    bed_end(&s.b);
    CHECK(fine);
}
