/* window_test.c — windows for the operator's staff over a real store and a real keeper. */
#include "access/window.c"
#include "records/testbed.h"
#include "records/testcharters.h"

struct scene { struct bed b; struct registrar r; struct uuid helper, other, officer; };

struct join { struct uuid id; const char *role; };
static enum code member_write(struct txn *t, void *arg, struct err *e) {
    const struct join *j = arg;
    return member_put(t, &(struct member_row){ .account = j->id, .tenant = txn_tenant(t), .role = j->role }, e);
}

static void scene_start(struct scene *s) {
    bed_start(&s->b, events_charter);
    s->r = (struct registrar){ s->b.store, s->b.keeper, s->b.charter, s->b.tenant };
    struct join staff[] = { { uuid_new(), "support" }, { uuid_new(), "support" }, { uuid_new(), "security officer" } };
    for (size_t i = 0; i < ARRAY_LEN(staff); i++)
        CHECK_OK(store_write(s->b.store, 0, member_write, &staff[i], &s->b.e), &s->b.e);
    s->helper = staff[0].id;
    s->other = staff[1].id;
    s->officer = staff[2].id;
}

static enum code open_for(struct scene *s, const struct uuid *account, const char *kind, usec_t until, int64_t *ret) {
    struct actor by = { .account = s->other, .name = "Ola Owner" };
    json_t *kinds = kind == NULL ? NULL : json_pack("[s]", kind);
    struct window_wish w = { .kinds = kinds, .until = until, .why = "a report of a fault" };
    if (account != NULL)
        w.account = *account;
    s->b.e = (struct err){ 0 };
    enum code code = window_open(&s->r, &w, &by, ret, &s->b.e);
    json_decref(kinds);
    return code;
}

/* The kinds that are open, "all", or "-": none. */
static const char *seen(struct scene *s, const struct uuid *account, usec_t at, int64_t *ret_number) {
    static char text[256];
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct open_window w = { 0 };
    bool yes = false;
    CHECK_OK(window_now(s->b.store, s->b.charter, s->b.tenant, account, at, arena, &w, &yes, &s->b.e), &s->b.e);
    *ret_number = w.number;
    snprintf(text, sizeof text, "%s", !yes ? "-" : w.kinds == NULL ? "all" : "");
    for (size_t i = 0; i < w.kind_count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? "," : "", charter_kind_at(s->b.charter, w.kinds[i])->name);
    return text;
}

struct said { const char *verb; int64_t count; };
static bool said_one(const struct ledger_row *r, void *arg) {
    struct said *c = arg;
    c->count += strstr(r->entry, c->verb) != NULL;
    return true;
}

static int64_t entries(struct scene *s, const char *verb) {
    struct said c = { verb, 0 };
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(s->b.store, s->b.tenant, &v, &s->b.e), &s->b.e);
    CHECK_OK(ledger_list(view_sql(v), 0, said_one, &c, &s->b.e), &s->b.e);
    return c.count;
}

TEST(a_window_opens_what_it_names_for_whom_it_names) {
    struct scene s;
    int64_t number = 0, got;
    usec_t now = clock_now();
    scene_start(&s);
    CHECK_TEXT(seen(&s, &s.helper, now, &got), "-");
    CHECK_OK(open_for(&s, &s.helper, "registration", now + USEC_PER_HOUR, &number), &s.b.e);
    CHECK_INT(number, 1);
    now = clock_now();
    CHECK_TEXT(seen(&s, &s.helper, now, &got), "registration");
    CHECK_INT(got, 1);
    CHECK_TEXT(seen(&s, &s.other, now, &got), "-");
    CHECK_TEXT(seen(&s, &s.helper, now + USEC_PER_HOUR, &got), "-");
    CHECK_OK(open_for(&s, NULL, "event", 0, &number), &s.b.e);
    now = clock_now();
    CHECK_TEXT(seen(&s, &s.helper, now, &got), "registration,event");      /* together */
    CHECK_INT(got, 2);
    CHECK_TEXT(seen(&s, &s.other, now, &got), "event");
    CHECK_TEXT(seen(&s, &s.other, now + 4 * USEC_PER_HOUR + USEC_PER_MINUTE, &got), "-");      /* no longer than the charter says */
    CHECK_OK(open_for(&s, NULL, NULL, 0, &number), &s.b.e);
    CHECK_TEXT(seen(&s, &s.other, clock_now(), &got), "all");
    struct actor by = { .account = s.other };
    CHECK_OK(window_close(&s.r, 3, &by, &s.b.e), &s.b.e);
    CHECK_TEXT(seen(&s, &s.other, clock_now(), &got), "event");
    CHECK_CODE(window_close(&s.r, 3, &by, &s.b.e), E_NOT_FOUND, &s.b.e);
    CHECK_CODE(window_close(&s.r, 9, &by, &s.b.e), E_NOT_FOUND, &s.b.e);
    CHECK(entries(&s, "window_opened") == 3 && entries(&s, "window_closed") == 1 && entries(&s, "fault") == 0);
    bed_end(&s.b);
}

TEST(what_is_wrong_with_a_window_is_said) {
    struct scene s;
    int64_t number = 0;
    usec_t now = clock_now();
    scene_start(&s);
    CHECK_CODE(open_for(&s, &s.officer, NULL, 0, &number), E_FIELDS, &s.b.e);
    CHECK_TEXT(s.b.e.field, "/account");
    CHECK_CODE(open_for(&s, NULL, "person", 0, &number), E_FIELDS, &s.b.e);
    CHECK_TEXT(s.b.e.field, "/kinds");
    CHECK_CODE(open_for(&s, NULL, NULL, now + 5 * USEC_PER_HOUR, &number), E_FIELDS, &s.b.e);
    CHECK_TEXT(s.b.e.text, "a window is open for 4 hours at most");
    CHECK_CODE(open_for(&s, NULL, NULL, now - 1, &number), E_FIELDS, &s.b.e);
    CHECK_TEXT(s.b.e.field, "/until");
    struct window_wish w = { .why = "  " };
    struct actor by = { .name = NULL };
    CHECK_CODE(window_open(&s.r, &w, &by, &number, &s.b.e), E_FIELDS, &s.b.e);
    CHECK_TEXT(s.b.e.field, "/why");
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    bed_swap(&text, ", unless the tenant opens a window of at most 4 hours", "");
    bed_under(&s.b, buf_str(&text));
    s.r.charter = s.b.charter;
    s.r.store = s.b.store;
    CHECK_CODE(open_for(&s, NULL, NULL, 0, &number), E_FORBIDDEN, &s.b.e);
    bed_end(&s.b);
}

TEST(a_window_ends_by_itself_and_is_listed) {
    struct scene s;
    int64_t number = 0, got;
    json_t *list = NULL;
    scene_start(&s);
    CHECK_OK(open_for(&s, &s.helper, "registration", clock_now() + USEC_PER_SEC / 5, &number), &s.b.e);
    CHECK_OK(open_for(&s, NULL, NULL, 0, &number), &s.b.e);
    CHECK_OK(window_list(&s.r, clock_now(), &list, &s.b.e), &s.b.e);
    json_t *first = json_array_get(list, 1), *second = json_array_get(list, 0);
    CHECK(json_array_size(list) == 2 && json_integer_value(json_object_get(second, "number")) == 2);
    CHECK_TEXT(text_at(first, "why", NULL), "a report of a fault");
    CHECK_TEXT(text_at(first, "opened_by", "name"), "Ola Owner");
    CHECK(json_is_null(json_object_get(second, "account")) && json_is_null(json_object_get(second, "kinds")) && text_at(first, "account", NULL) != NULL);
    CHECK_TEXT(text_at(second, "state", NULL), "open");
    json_decref(list);
    usleep(300000);                           /* of its own time nothing ends early */
    CHECK_TEXT(seen(&s, &s.helper, clock_now(), &got), "all");
    CHECK_INT(got, 2);
    CHECK_OK(windows_end(s.b.store, clock_now(), &s.b.e), &s.b.e);
    CHECK_OK(windows_end(s.b.store, clock_now(), &s.b.e), &s.b.e);
    CHECK(entries(&s, "window_ended") == 1 && entries(&s, "window_closed") == 0);
    CHECK_OK(window_list(&s.r, clock_now(), &list, &s.b.e), &s.b.e);
    CHECK_TEXT(text_at(json_array_get(list, 1), "state", NULL), "ended");
    CHECK_TEXT(text_at(json_array_get(list, 0), "state", NULL), "open");
    json_decref(list);
    bed_end(&s.b);
}

static json_t *reads_of(struct scene *s, int64_t number, int64_t before, size_t limit) {
    json_t *reads = NULL;
    CHECK_OK(window_reads(&s->r, s->b.service, number, before, limit, &reads, &s->b.e), &s->b.e);
    return reads;
}

TEST(what_was_read_in_a_window_is_listed) {
    struct scene s;
    int64_t number = 0;
    json_t *reply = NULL, *event = NULL, *reads = NULL;
    scene_start(&s);
    struct caller owner = bed_role(&s.b, s.b.tenant, "organiser"), staff = bed_role(&s.b, s.b.tenant, "support");
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    CHECK_OK(bed_make(&s.b, &owner, "event", json_pack("{s:s, s:s, s:s}", "title", "Fair", "starts", "2027-05-01T10:00:00Z", "ends", "2027-05-01T18:00:00Z"), &event), &s.b.e);
    CHECK_OK(bed_make(&s.b, &owner, "registration", json_pack("{s:s, s:s, s:s}", "event", text_at(event, "id", NULL), "name", "Anna", "email", "anna@post.example"), &reply), &s.b.e);
    struct uuid id = id_of(reply);
    json_decref(reply);
    CHECK_OK(open_for(&s, &s.helper, "registration", 0, &number), &s.b.e);
    CHECK_OK(open_for(&s, NULL, "event", 0, &number), &s.b.e);
    struct open_window w;
    bool yes = false;
    CHECK_OK(window_now(s.b.store, s.b.charter, s.b.tenant, &s.helper, clock_now(), arena, &w, &yes, &s.b.e), &s.b.e);
    staff.account = s.helper;
    staff.by_session = staff.staff = yes;
    staff.token = 0;
    staff.window = &w;
    for (int i = 0; i < 3; i++) {
        CHECK_OK(bed_read(&s.b, &staff, "registration", &id, &reply), &s.b.e);      /* which waits for its trace */
        json_decref(reply);
    }
    reads = reads_of(&s, 1, INT64_MAX, 100);
    json_t *items = json_object_get(reads, "items"), *first = json_array_get(items, 0);
    CHECK(json_array_size(items) >= 1 && json_is_null(json_object_get(reads, "next")));
    CHECK_TEXT(text_at(first, "kind", NULL), "registration");
    CHECK(strstr(text_at(first, "who", NULL), "account ") != NULL && json_array_size(json_object_get(first, "records")) == 1);
    size_t all = json_array_size(items);
    json_decref(reads);
    reads = reads_of(&s, 1, INT64_MAX, 1);
    CHECK(json_array_size(json_object_get(reads, "items")) == 1 && (all == 1 || json_is_integer(json_object_get(reads, "next"))));
    json_decref(reads);
    CHECK_CODE(window_reads(&s.r, s.b.service, 9, INT64_MAX, 1, &reads, &s.b.e), E_NOT_FOUND, &s.b.e);
    json_decref(event);
    bed_end(&s.b);
}
