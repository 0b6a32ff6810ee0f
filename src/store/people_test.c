/* people_test.c — accounts, memberships, sessions, links: what is put is got, what ends is gone, and everything of an account goes with it. */
#include "store/people.c"

#include "store/testbed.h"

struct act { enum code (*fn)(struct txn *t, struct act *a, struct err *reterr); struct account_row account; struct member_row member; struct session_row session; struct link_row link;
             struct mark mark; struct uuid id; int64_t number, count; uint8_t hash[HASH_SIZE]; };
static enum code act_in(struct txn *t, void *arg, struct err *reterr) { struct act *a = arg; return a->fn(t, a, reterr); }
static enum code act_run(struct bed *b, struct act *a) { return store_write(b->store, 0, act_in, a, &b->e); }

static enum code do_account(struct txn *t, struct act *a, struct err *reterr) {
    enum code code = account_put(t, &a->account, reterr);
    return code == OK ? claim_take(t, ACCOUNT_CLAIM_KIND, ACCOUNT_CLAIM_RULE, &a->mark, &a->account.id, reterr) : code;
}
static enum code do_set(struct txn *t, struct act *a, struct err *reterr) { return account_set(t, &a->account, reterr); }
static enum code do_drop(struct txn *t, struct act *a, struct err *reterr) { return account_drop(t, &a->account.id, reterr); }
static enum code do_member(struct txn *t, struct act *a, struct err *reterr) { return member_put(t, &a->member, reterr); }
static enum code do_leave(struct txn *t, struct act *a, struct err *reterr) { return member_drop(t, a->member.tenant, &a->member.account, reterr); }
static enum code do_session(struct txn *t, struct act *a, struct err *reterr) { return session_put(t, &a->session, &a->number, reterr); }
static enum code do_turn(struct txn *t, struct act *a, struct err *reterr) { return session_turn(t, a->hash, &a->session, reterr); }
static enum code do_end(struct txn *t, struct act *a, struct err *reterr) { return session_drop(t, &a->session.account, a->number, reterr); }
static enum code do_ends(struct txn *t, struct act *a, struct err *reterr) { return sessions_drop(t, &a->session.account, a->number, &a->count, reterr); }
static enum code do_trim(struct txn *t, struct act *a, struct err *reterr) { return sessions_trim(t, &a->session.account, a->number, reterr); }
static enum code do_expire(struct txn *t, struct act *a, struct err *reterr) { return sessions_expire(t, a->session.ran, a->session.used_ran, reterr); }
static enum code do_link(struct txn *t, struct act *a, struct err *reterr) { return one_time_put(t, &a->link, reterr); }
static enum code do_take(struct txn *t, struct act *a, struct err *reterr) { return one_time_take(t, a->link.hash, reterr); }

static struct act account_of(uint32_t n) {
    return (struct act){ .fn = do_account, .account = { .id = id_of(n), .state = ACCOUNT_ACTIVE, .profile_key = n, .profile = "profile", .profile_len = 7, .secret_key = n + 1, .secret = "secret", .secret_len = 6 },
                         .mark = { .token = token_of(n), .generation = 1 } };
}
static bool count_member(const struct member_row *r, void *arg) { ++*(size_t *)arg; return r->role[0] != 0; }
static bool count_session(const struct session_row *r, void *arg) { ++*(size_t *)arg; return r->number > 0; }
static bool count_account(const struct account_row *r, void *arg) { ++*(size_t *)arg; return r->profile == NULL; }

static size_t sessions_count(struct bed *b, const struct uuid *account) {
    AUTO(view_end) struct view *v = NULL;
    size_t n = 0;
    CHECK_OK(store_view(b->store, 0, &v, &b->e), &b->e);
    CHECK_OK(sessions_of(view_sql(v), account, count_session, &n, &b->e), &b->e);
    return n;
}

TEST(an_account_is_put_found_and_changed_by_version) {
    struct bed b;
    bed_start(&b);
    struct act a = account_of(1), twin = account_of(2), same = account_of(1);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct account_row got;
    struct uuid holder;
    size_t n = 0;
    CHECK_OK(act_run(&b, &a), &b.e);
    CHECK_CODE(act_run(&b, &same), E_CONFLICT, &b.e);
    twin.mark = a.mark;
    CHECK_CODE(act_run(&b, &twin), E_CONFLICT, &b.e);                 /* the address is another's; and nothing of it stays */
    {
        AUTO(view_end) struct view *v = NULL;
        CHECK_OK(store_view(b.store, 0, &v, &b.e), &b.e);
        CHECK_OK(account_get(view_sql(v), &a.account.id, &got, arena, &b.e), &b.e);
        CHECK(got.version == 1 && got.state == ACCOUNT_ACTIVE && got.profile_key == 1 && got.secret_len == 6 && memcmp(got.secret, "secret", 6) == 0 && got.made > 0);
        CHECK_CODE(account_get(view_sql(v), &twin.account.id, &got, arena, &b.e), E_NOT_FOUND, &b.e);
        CHECK_OK(claim_holder(view_sql(v), ACCOUNT_CLAIM_KIND, ACCOUNT_CLAIM_RULE, &a.mark, &holder, &b.e), &b.e);
        CHECK(uuid_compare(&holder, &a.account.id) == 0);
        CHECK_OK(accounts_list(view_sql(v), &(struct uuid){ { 0 } }, count_account, &n, &b.e), &b.e);
        CHECK(n == 1);
    }
    a.fn = do_set;
    a.account.version = 1;
    a.account.state = ACCOUNT_SUSPENDED;
    CHECK_OK(act_run(&b, &a), &b.e);
    CHECK_CODE(act_run(&b, &a), E_STALE, &b.e);
    a.fn = do_drop;
    CHECK_OK(act_run(&b, &a), &b.e);
    CHECK_CODE(act_run(&b, &a), E_NOT_FOUND, &b.e);
    bed_end(&b);
}

TEST(members_are_listed_by_tenant_and_by_account) {
    struct bed b;
    bed_start(&b);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct member_row got;
    for (uint32_t i = 1; i <= 3; i++) {
        struct act m = { .fn = do_member, .member = { .account = id_of(i), .tenant = i == 3 ? 8 : 7, .role = "door", .levels = "{}" } };
        CHECK_OK(act_run(&b, &m), &b.e);
        m.member.tenant = 0;
        m.member.role = "support";
        CHECK_OK(act_run(&b, &m), &b.e);
    }
    {
        AUTO(view_end) struct view *v = NULL;
        size_t n = 0;
        CHECK_OK(store_view(b.store, 0, &v, &b.e), &b.e);
        CHECK_OK(members_of_tenant(view_sql(v), 7, count_member, &n, &b.e), &b.e);
        CHECK(n == 2);
        CHECK_OK(members_of_account(view_sql(v), &(struct uuid){ .bytes = { 0 } }, count_member, &n, &b.e), &b.e);
        CHECK(n == 2);
        struct uuid one = id_of(1);
        CHECK_OK(members_of_account(view_sql(v), &one, count_member, &n, &b.e), &b.e);
        CHECK(n == 4);
        CHECK_OK(member_get(view_sql(v), 7, &one, &got, arena, &b.e), &b.e);
        CHECK_TEXT(got.role, "door");
        CHECK(got.since > 0 && got.suspended == 0 && got.own[0] == 0);
    }
    struct act gone = { .fn = do_leave, .member = { .account = id_of(1), .tenant = 7 } };
    CHECK_OK(act_run(&b, &gone), &b.e);
    CHECK_CODE(act_run(&b, &gone), E_NOT_FOUND, &b.e);
    bed_end(&b);
}

TEST(a_session_turns_ends_and_expires) {
    struct bed b;
    bed_start(&b);
    struct act s = { .fn = do_session, .session = { .account = id_of(1), .step = 1, .factors = 1, .agent = "Firefox on Linux", .made = 5, .ran = 100, .used = 5, .used_ran = 100 } };
    for (uint8_t i = 1; i <= 4; i++) {
        s.session.hash[0] = i;
        CHECK_OK(act_run(&b, &s), &b.e);
        CHECK_INT(s.number, i);
    }
    struct act trim = { .fn = do_trim, .session = s.session, .number = 4 };
    CHECK_OK(act_run(&b, &trim), &b.e);
    CHECK_INT(sessions_count(&b, &s.session.account), 4);
    struct act turn = { .fn = do_turn, .session = s.session, .hash = { 1 } };
    turn.session.hash[0] = 9;
    turn.session.number = 1;
    CHECK_OK(act_run(&b, &turn), &b.e);
    CHECK_CODE(act_run(&b, &turn), E_NOT_FOUND, &b.e);                /* the secret before it opens nothing */
    struct act end = { .fn = do_end, .session = s.session, .number = 2 };
    CHECK_OK(act_run(&b, &end), &b.e);
    CHECK_CODE(act_run(&b, &end), E_NOT_FOUND, &b.e);
    CHECK_INT(sessions_count(&b, &s.session.account), 3);
    struct act ends = { .fn = do_ends, .session = s.session, .number = 1 };
    CHECK_OK(act_run(&b, &ends), &b.e);
    CHECK(ends.count == 2 && sessions_count(&b, &s.session.account) == 1);
    session_used(b.store, turn.session.hash, 50, 500);
    struct act idle = { .fn = do_expire, .session = { .ran = 50, .used_ran = 400 } };
    CHECK_OK(act_run(&b, &idle), &b.e);
    CHECK_INT(sessions_count(&b, &s.session.account), 1);
    idle.session.used_ran = 501;
    CHECK_OK(act_run(&b, &idle), &b.e);
    CHECK_INT(sessions_count(&b, &s.session.account), 0);
    for (uint8_t i = 1; i <= 4; i++) {
        s.session.hash[0] = i;
        CHECK_OK(act_run(&b, &s), &b.e);
    }
    trim.number = 2;
    CHECK_OK(act_run(&b, &trim), &b.e);
    CHECK_INT(sessions_count(&b, &s.session.account), 2);
    bed_end(&b);
}

TEST(a_link_is_taken_once_and_a_new_one_ends_the_one_before) {
    struct bed b;
    struct link_row got;
    bed_start(&b);
    struct act l = { .fn = do_link, .link = { .hash = { 1 }, .purpose = LINK_RESET, .account = id_of(1), .tenant = 3, .ran_until = 10, .until = 20 } }, second = l;
    second.link.hash[0] = 2;
    CHECK_OK(act_run(&b, &l), &b.e);
    CHECK_OK(act_run(&b, &second), &b.e);
    {
        AUTO(view_end) struct view *v = NULL;
        CHECK_OK(store_view(b.store, 0, &v, &b.e), &b.e);
        CHECK_CODE(one_time_get(view_sql(v), l.link.hash, &got, &b.e), E_NOT_FOUND, &b.e);
        CHECK_OK(one_time_get(view_sql(v), second.link.hash, &got, &b.e), &b.e);
        CHECK(got.purpose == LINK_RESET && got.tenant == 3 && got.until == 20 && got.ran_until == 10);
    }
    second.fn = do_take;
    CHECK_OK(act_run(&b, &second), &b.e);
    CHECK_CODE(act_run(&b, &second), E_NOT_FOUND, &b.e);
    bed_end(&b);
}

TEST(everything_of_an_account_goes_with_it) {
    struct bed b;
    bed_start(&b);
    struct act a = account_of(1);
    CHECK_OK(act_run(&b, &a), &b.e);
    struct act s = { .fn = do_session, .session = { .account = a.account.id, .hash = { 1 } } }, m = { .fn = do_member, .member = { .account = a.account.id, .tenant = 7, .role = "door" } },
               l = { .fn = do_link, .link = { .hash = { 1 }, .account = a.account.id } };
    CHECK_OK(act_run(&b, &s), &b.e);
    CHECK_OK(act_run(&b, &m), &b.e);
    CHECK_OK(act_run(&b, &l), &b.e);
    int64_t number;
    struct token_row token = { .hash = { 5 }, .tenant = 7, .role = "door", .subject_kind = -1, .expires = USEC_NEVER, .account = a.account.id, .addresses = "192.0.2.0/24" };
    CHECK_OK(token_put(b.store, &token, &number, &b.e), &b.e);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct token_row got;
    CHECK_OK(token_get(b.store, token.hash, &got, arena, &b.e), &b.e);
    CHECK(uuid_compare(&got.account, &a.account.id) == 0);
    CHECK_TEXT(got.addresses, "192.0.2.0/24");
    a.fn = do_drop;
    CHECK_OK(act_run(&b, &a), &b.e);
    CHECK_CODE(token_get(b.store, token.hash, &got, arena, &b.e), E_NOT_FOUND, &b.e);
    CHECK_INT(sessions_count(&b, &a.account.id), 0);
    AUTO(view_end) struct view *v = NULL;
    struct link_row link;
    struct member_row member;
    CHECK_OK(store_view(b.store, 0, &v, &b.e), &b.e);
    CHECK_CODE(one_time_get(view_sql(v), l.link.hash, &link, &b.e), E_NOT_FOUND, &b.e);
    CHECK_CODE(member_get(view_sql(v), 7, &a.account.id, &member, arena, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    bed_end(&b);
}
