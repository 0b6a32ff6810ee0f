/* leave_test.c — a tenant that closes loses everybody, however many they are; who belongs somewhere else, too, stays there. */
#include "access/leave.c"

#include "access/peoplebed.h"

#define MANY (AT_ONCE + 6)

static size_t members_now(struct people_bed *t, int64_t tenant) {
    AUTO(view_end) struct view *v = NULL;
    struct leavers l = { .count = 0 };
    CHECK_OK(store_view(t->b.store, tenant, &v, &t->b.e), &t->b.e);
    CHECK_OK(members_of_tenant(view_sql(v), tenant, leaver_take, &l, &t->b.e), &t->b.e);
    return l.count;
}

static bool account_stands(struct people_bed *t, const struct uuid *id) {
    AUTO(view_end) struct view *v = NULL;
    struct account_row row;
    CHECK_OK(store_view(t->b.store, t->b.tenant, &v, &t->b.e), &t->b.e);
    enum code code = account_get(view_sql(v), id, &row, t->arena, &t->b.e);
    CHECK(code == OK || code == E_NOT_FOUND);
    return code == OK;
}

TEST(everybody_leaves_and_only_who_is_elsewhere_keeps_an_account) {
    struct people_bed t;
    struct uuid all[MANY], both;
    char email[64], link[TOKEN_TEXT];
    int64_t elsewhere = 0;
    start(&t);
    CHECK_OK(tenant_make(t.b.store, "events", "elsewhere", false, &elsewhere, &t.b.e), &t.b.e);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(email, sizeof email, "member.%zu@people.example", i);
        all[i] = invite(&t, t.b.tenant, i == 0 ? "organiser" : "door", email, link);
    }
    both = invite(&t, t.b.tenant, "door", "both@people.example", link);
    CHECK(uuid_compare(&both, &all[0]) != 0);
    struct uuid same = invite(&t, elsewhere, "door", "both@people.example", link);
    CHECK(uuid_compare(&both, &same) == 0);
    CHECK_OK(members_end(t.p, t.b.tenant, "sejf", &t.b.e), &t.b.e);
    CHECK(members_now(&t, t.b.tenant) == 0 && members_now(&t, elsewhere) == 1);
    for (size_t i = 0; i < MANY; i++)
        CHECK(!account_stands(&t, &all[i]));
    CHECK(account_stands(&t, &both));
    CHECK_OK(members_end(t.p, t.b.tenant, "sejf", &t.b.e), &t.b.e);      /* nobody is left, which is no mistake */
    CHECK(members_now(&t, elsewhere) == 1);
    end(&t);
}
