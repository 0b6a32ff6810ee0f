/* template_test.c — versions follow one another, and the older ones are still found by number. */
#include "store/template.c"
#include "store/testbed.h"

struct deed { const char *name, *blob; bool ends; int64_t number; int version; };
static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    struct template_row r = { .name = d->name, .whose = "token 7", .key = 5, .blob = d->blob, .len = d->blob == NULL ? 0 : strlen(d->blob) };
    return d->ends ? template_end(t, d->name, reterr) : template_add(t, &r, &d->number, &d->version, reterr);
}
static void put(struct bed *b, int64_t tenant, const char *name, const char *blob, int64_t number, int version) {
    struct deed d = { .name = name, .blob = blob };
    CHECK_OK(store_write(b->store, tenant, act, &d, &b->e), &b->e);
    CHECK(d.number == number && d.version == version);
}
static bool add_number(const struct template_row *r, void *arg) {
    *(int64_t *)arg = *(int64_t *)arg * 10 + r->number;
    return true;
}

TEST(a_newer_version_takes_the_place_of_the_older) {
    struct bed b;
    bed_start(&b);
    bed_make(&b, 4, 1);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct template_row r;
    put(&b, 4, "news", "one", 1, 1);
    put(&b, 4, "autumn", "two", 2, 1);
    put(&b, 4, "news", "three", 3, 2);
    put(&b, 5, "news", "four", 1, 1);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(template_named(view_sql(v), "news", &r, arena, &b.e), &b.e);
    CHECK(r.number == 3 && r.version == 2 && r.ended == 0 && r.made > 0 && r.key == 5 && r.len == 5 && memcmp(r.blob, "three", 5) == 0 && strcmp(r.whose, "token 7") == 0);
    CHECK_OK(template_get(view_sql(v), 1, &r, arena, &b.e), &b.e);
    CHECK(r.version == 1 && r.ended > 0 && r.len == 3);
    CHECK_CODE(template_get(view_sql(v), 4, &r, arena, &b.e), E_NOT_FOUND, &b.e);
    CHECK_CODE(template_named(view_sql(v), "new", &r, arena, &b.e), E_NOT_FOUND, &b.e);
    int64_t listed = 0, after = 0;
    CHECK_OK(template_list(view_sql(v), "", add_number, &listed, &b.e), &b.e);
    CHECK_OK(template_list(view_sql(v), "autumn", add_number, &after, &b.e), &b.e);
    CHECK(listed == 23 && after == 3);
    CHECK_OK(template_version(view_sql(v), "news", 1, &r, arena, &b.e), &b.e);
    CHECK(r.number == 1);
    CHECK_CODE(template_version(view_sql(v), "news", 3, &r, arena, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    struct deed over = { .name = "news", .ends = true };
    CHECK_OK(store_write(b.store, 4, act, &over, &b.e), &b.e);
    CHECK_CODE(store_write(b.store, 4, act, &over, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_CODE(template_named(view_sql(v), "news", &r, arena, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(template_get(view_sql(v), 3, &r, arena, &b.e), &b.e);       /* letters that name it still go */
    v = view_end(v);
    put(&b, 4, "news", "five", 4, 3);
    bed_end(&b);
}

TEST(names_have_a_bound) {
    struct bed b;
    char name[16];
    bed_start(&b);
    bed_make(&b, 4, 1);
    for (int i = 1; i <= TEMPLATES_MOST; i++) {
        snprintf(name, sizeof name, "n%d", i);
        put(&b, 4, name, "x", i, 1);
    }
    struct deed more = { .name = "one_more", .blob = "x" };
    CHECK_CODE(store_write(b.store, 4, act, &more, &b.e), E_CONFLICT, &b.e);
    put(&b, 4, "n7", "y", TEMPLATES_MOST + 1, 2);      /* a newer version is no more names */
    bed_end(&b);
}
