/* torture_test.c — opening, writing, reading and erasing with the n-th allocation failing, in whichever thread it is. */
#include "base/torture.h"
#include "store/testbed.h"

struct scene { struct bed b; uint32_t n; struct uuid last; };

static enum code open_and_close(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    AUTO(store_close) struct store *store = NULL;
    return store_open(&(struct store_options){ .directory = s->b.directory, .readers = 2, .queue = 8 }, &store, reterr);
}

static enum code write_one(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    struct make m = { .n = ++s->n, .due = s->n };
    return store_write(s->b.store, 1, make_row, &m, reterr);
}
static bool put_again(const struct change *c, void *arg) {
    struct scene *s = arg;
    struct err e;
    struct make m = { .n = (uint32_t)c->id.bytes[12] << 24 | (uint32_t)c->id.bytes[13] << 16 | (uint32_t)c->id.bytes[14] << 8 | c->id.bytes[15] };
    return c->erased || store_write(s->b.store, 1, make_row, &m, &e) == OK;
}
/* An index that could not follow a commit is caught up later, by the jobs of a server. */
static void caught_up(struct scene *s) { CHECK_OK(index_behind(s->b.store, 1, put_again, s, &s->b.e), &s->b.e); }

/* What was answered stands, whole and found; what was refused is nowhere. */
static bool all_or_nothing(void *arg, enum code code) {
    struct scene *s = arg;
    struct token t = token_of(s->n);
    caught_up(s);
    bool there = bed_get(&s->b, 1, s->n, NULL) == OK;
    return there == (code == OK) && bed_found(&s->b, 1, &t) == (there ? 1u : 0u);
}

static enum code erase(struct txn *t, void *arg, struct err *reterr) {
    struct scene *s = arg;
    int64_t change;
    struct uuid id = id_of(s->n);
    enum code code = txn_change(t, &change, reterr);
    return code == OK ? row_delete(t, 1, &id, reterr) : code;
}
static enum code erase_one(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    return store_write(s->b.store, 1, erase, s, reterr);
}
static bool gone_or_whole(void *arg, enum code code) {
    struct scene *s = arg;
    struct token t = token_of(s->n);
    caught_up(s);
    caught_up(s);
    bool there = bed_get(&s->b, 1, s->n, NULL) == OK, fine = there == (code != OK) && bed_found(&s->b, 1, &t) == (there ? 1u : 0u);
    bed_make(&s->b, 1, ++s->n);               /* the next to be erased */
    return fine;
}

static bool say_row(const struct row *r, void *arg) {
    struct buf *out = arg;
    buf_printf(out, "%u %s %s\n", r->id.bytes[15], r->clear, r->number == NULL ? "" : r->number);
    return true;
}
static bool say_id(const struct uuid *id, void *arg) {
    buf_printf(arg, "id %u\n", id->bytes[15]);
    return true;
}
static bool say_value(const struct uuid *id, const struct sorted_value *v, void *arg) {
    buf_printf(arg, "value %u %lld\n", id->bytes[15], (long long)v->number);
    return true;
}
static bool say_part(const struct part_row *p, void *arg) {
    buf_printf(arg, "part %d %zu\n", p->part, p->len);
    return true;
}
static bool say_change(const struct change *c, void *arg) {
    buf_printf(arg, "change %lld\n", (long long)c->change);
    return true;
}
static enum code read_all(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    AUTO(view_end) struct view *v = NULL;
    struct token t = token_of(3), many = token_of(1000003);
    struct uuid id = id_of(3);
    struct row r;
    struct sorted_range range = { .kind = 1, .field = 3, .number = true, .from = INT64_MIN, .until = INT64_MAX };
    enum code code = store_view(s->b.store, 1, &v, reterr);
    struct sql *q = code == OK ? view_sql(v) : NULL;
    if (code == OK && (code = row_get(q, 1, &id, &r, reterr)) == OK)
        (void)say_row(&r, outcome);
    if (code == OK)
        code = parts_get(q, 1, &id, say_part, outcome, reterr);
    if (code == OK)
        code = rows_list(q, &(struct row_range){ .kind = 1 }, say_row, outcome, reterr);
    if (code == OK)
        code = index_find(q, 1, &t, NULL, say_id, outcome, reterr);
    if (code == OK)
        code = index_find(q, 1, &many, NULL, say_id, outcome, reterr);
    if (code == OK)
        code = index_range(q, &range, say_value, outcome, reterr);
    if (code == OK)
        code = changes_list(q, 0, say_change, outcome, reterr);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}

static enum code people(void *arg, struct buf *outcome, struct err *reterr) {
    struct scene *s = arg;
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct tenant_row tenant;
    struct token_row token = { .role = "organiser", .label = "a label", .scope = "{}", .expires = USEC_NEVER }, got;
    int64_t id, number;
    int32_t name;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for the test");
    char tenant_name[32];
    snprintf(tenant_name, sizeof tenant_name, "tenant %u", ++s->n);
    memcpy(token.hash, &s->n, sizeof s->n);
    enum code code = tenant_make(s->b.store, "events", tenant_name, false, &id, reterr);
    if (code == OK)
        code = tenant_get(s->b.store, id, &tenant, arena, reterr);
    if (code == OK)
        code = name_number(s->b.store, "events", 'k', tenant_name, &name, reterr);
    token.tenant = id;
    if (code == OK)
        code = token_put(s->b.store, &token, &number, reterr);
    if (code == OK)
        code = token_get(s->b.store, token.hash, &got, arena, reterr);
    if (code == OK)
        buf_printf(outcome, "%d %s %s %s", strcmp(tenant.name, tenant_name), got.role, got.label, got.scope);
    return code == OK && outcome->failed ? err_set(reterr, E_MEMORY, "no memory for the outcome") : code;
}

static enum code rebuild(void *arg, struct buf *outcome UNUSED, struct err *reterr) {
    struct scene *s = arg;
    enum code code = index_drop_all(s->b.store, reterr);
    return code == OK ? index_behind(s->b.store, 1, put_again, s, reterr) : code;
}
static bool rebuilt(void *arg, enum code code) {
    struct scene *s = arg;
    struct token many = token_of(1000003);
    if (code != OK)
        CHECK_OK(index_behind(s->b.store, 1, put_again, s, &s->b.e), &s->b.e);
    return bed_found(&s->b, 1, &many) == 2;
}

TEST(a_store_opens_or_says_why) {
    struct scene s = { .n = 0 };
    bed_start(&s.b);
    bed_make(&s.b, 1, 1);
    s.b.store = store_close(s.b.store);
    bool fine = torture(&(struct torture){ .name = "store open", .call = open_and_close, .arg = &s, .reach = TORTURE_ALL, .stride = 11 });
    bed_open(&s.b);
    CHECK_OK(store_check(s.b.store, &s.b.e), &s.b.e);
    bed_end(&s.b);
    CHECK(fine);
}

TEST(a_write_is_whole_or_nowhere) {
    struct scene s = { .n = 0 };
    bool fine = true;
    bed_start(&s.b);
    fine &= torture(&(struct torture){ .name = "store write", .call = write_one, .check = all_or_nothing, .arg = &s, .reach = TORTURE_ALL });
    fine &= torture(&(struct torture){ .name = "store write, for good", .call = write_one, .check = all_or_nothing, .arg = &s, .reach = TORTURE_ALL, .for_good = true });
    bed_make(&s.b, 1, ++s.n);
    fine &= torture(&(struct torture){ .name = "store erase", .call = erase_one, .check = gone_or_whole, .arg = &s, .reach = TORTURE_ALL });
    fine &= torture(&(struct torture){ .name = "tenants and tokens", .call = people, .arg = &s, .reach = TORTURE_ALL });
    bed_reopen(&s.b);
    CHECK_OK(store_check(s.b.store, &s.b.e), &s.b.e);
    bed_end(&s.b);
    CHECK(fine);
}

TEST(a_read_is_whole_or_refused) {
    struct scene s = { .n = 20 };
    bool fine = true;
    bed_start(&s.b);
    for (uint32_t n = 1; n <= s.n; n++)
        bed_make(&s.b, 1, n);
    bed_reopen(&s.b);                          /* statements and pages are met for the first time */
    fine &= torture(&(struct torture){ .name = "store read", .call = read_all, .arg = &s });
    fine &= torture(&(struct torture){ .name = "index rebuild", .call = rebuild, .check = rebuilt, .arg = &s, .reach = TORTURE_ALL, .stride = 17 });
    CHECK_OK(store_check(s.b.store, &s.b.e), &s.b.e);
    bed_end(&s.b);
    CHECK(fine);
}
