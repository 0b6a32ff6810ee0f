/* register_test.c — numbers without gaps, who is authorised when, and windows that are open or over. */
#include "store/register.c"

#include "store/testbed.h"

static struct uuid who(uint32_t n) { return id_of(n); }

struct grant { struct authorisation_row r; };
static enum code grant_write(struct txn *t, void *arg, struct err *e) {
    struct grant *g = arg;
    enum code code = authorisation_next(&t->sql, &g->r.number, e);
    return code == OK ? authorisation_put(t, &g->r, e) : code;
}
static enum code grant_again(struct txn *t, void *arg, struct err *e) { return authorisation_put(t, &((struct grant *)arg)->r, e); }
static enum code grant_set(struct txn *t, void *arg, struct err *e) { return authorisation_set(t, &((struct grant *)arg)->r, e); }

static int64_t bed_grant(struct bed *b, int64_t tenant, uint32_t account, usec_t from, usec_t until, usec_t trained) {
    struct grant g = { { .account = who(account), .from = from, .until = until, .trained = trained, .key = 70 + account, .blob = "sealed", .len = 6 } };
    CHECK_OK(store_write(b->store, tenant, grant_write, &g, &b->e), &b->e);
    return g.r.number;
}

/* -1: not in force at that time; else how long it is. */
static usec_t in_force(struct bed *b, int64_t tenant, uint32_t account, usec_t at) {
    AUTO(view_end) struct view *v = NULL;
    struct uuid id = who(account);
    bool yes = false;
    usec_t until = 0;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(authorisation_valid(view_sql(v), &id, at, &yes, &until, &b->e), &b->e);
    return yes ? until : -1;
}

static bool say_grant(const struct authorisation_row *r, void *arg) {
    buf_printf(arg, "%lld:%u %lld-%lld %.*s;", (long long)r->number, r->account.bytes[15], (long long)r->from, (long long)r->until, (int)r->len, (const char *)r->blob);
    return true;
}

TEST(an_authorisation_is_in_force_between_its_dates) {
    static const struct { usec_t from, until, trained, at, want; } rows[] = {
        { 100, 200, USEC_NEVER, 99, -1 }, { 100, 200, USEC_NEVER, 100, 200 }, { 100, 200, USEC_NEVER, 199, 200 }, { 100, 200, USEC_NEVER, 200, -1 },
        { 100, 200, 150, 120, 150 }, { 100, 200, 150, 150, -1 }, { 100, 200, 900, 120, 200 }, { 100, 200, 50, 120, -1 },
    };
    struct bed b;
    bed_start(&b);
    for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
        bed_grant(&b, 1, i, rows[i].from, rows[i].until, rows[i].trained);
        CHECK_INT(in_force(&b, 1, i, rows[i].at), rows[i].want);
        CHECK_INT(in_force(&b, 2, i, rows[i].at), -1);               /* another tenant's counts nothing here */
    }
    CHECK_INT(in_force(&b, 1, 99, 150), -1);
    bed_grant(&b, 1, 4, 100, 170, USEC_NEVER);                         /* the longest of several counts */
    CHECK_INT(in_force(&b, 1, 4, 120), 170);
    bed_end(&b);
}

TEST(numbers_have_no_gaps_and_rows_are_changed_by_number) {
    struct bed b;
    struct buf all = BUF(1000);
    bed_start(&b);
    CHECK_INT(bed_grant(&b, 1, 1, 100, 200, USEC_NEVER), 1);
    CHECK_INT(bed_grant(&b, 1, 2, 100, 200, USEC_NEVER), 2);
    CHECK_INT(bed_grant(&b, 2, 1, 100, 200, USEC_NEVER), 1);
    struct grant again = { { .number = 2, .account = who(9) } };
    CHECK_CODE(store_write(b.store, 1, grant_again, &again, &b.e), E_CONFLICT, &b.e);
    CHECK_INT(bed_grant(&b, 1, 3, 100, 200, USEC_NEVER), 3);           /* what was refused took none */
    struct grant change = { { .number = 2, .from = 100, .until = 200, .trained = USEC_NEVER, .withdrawn = 150, .blob = "anew", .len = 4 } };
    CHECK_OK(store_write(b.store, 1, grant_set, &change, &b.e), &b.e);
    CHECK_INT(in_force(&b, 1, 2, 120), -1);                            /* withdrawn is withdrawn, whatever the time */
    change.r.number = 4;
    CHECK_CODE(store_write(b.store, 1, grant_set, &change, &b.e), E_NOT_FOUND, &b.e);
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(authorisations_list(view_sql(v), 0, say_grant, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "1:1 100-200 sealed;2:2 100-200 anew;3:3 100-200 sealed;");
    buf_cut(&all, 0);
    CHECK_OK(authorisations_list(view_sql(v), 2, say_grant, &all, &b.e), &b.e);
    CHECK_OK(authorisation_get(view_sql(v), 2, say_grant, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "3:3 100-200 sealed;2:2 100-200 anew;");
    CHECK_CODE(authorisation_get(view_sql(v), 4, say_grant, &all, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    buf_done(&all);
    bed_end(&b);
}

struct open { struct support_row r; };
static enum code open_write(struct txn *t, void *arg, struct err *e) {
    struct open *o = arg;
    enum code code = support_next(&t->sql, &o->r.number, e);
    return code == OK ? support_put(t, &o->r, e) : code;
}
static enum code close_write(struct txn *t, void *arg, struct err *e) { return support_close(t, *(int64_t *)arg, t->now, e); }

static int64_t bed_window(struct bed *b, int64_t tenant, struct uuid account, usec_t opened, usec_t until, usec_t ran) {
    struct open o = { { .account = account, .kinds = "[\"visit\"]", .by = "account x", .opened = opened, .until = until, .ran_until = ran, .key = 90, .blob = "why", .len = 3 } };
    CHECK_OK(store_write(b->store, tenant, open_write, &o, &b->e), &b->e);
    return o.r.number;
}

static bool say_window(const struct support_row *r, void *arg) {
    buf_printf(arg, "%lld:%u %s %.*s%s;", (long long)r->number, r->account.bytes[15], r->kinds, (int)r->len, (const char *)r->blob, r->closed != 0 ? " closed" : "");
    return true;
}
static bool say_over(int64_t tenant, int64_t number, void *arg) {
    buf_printf(arg, "%lld/%lld;", (long long)tenant, (long long)number);
    return true;
}

static void open_now(struct bed *b, int64_t tenant, uint32_t account, usec_t at, usec_t ran, const char *want) {
    AUTO(view_end) struct view *v = NULL;
    AUTO(buf_done) struct buf all = BUF(1000);
    struct uuid id = who(account);
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(support_open(view_sql(v), &id, at, ran, say_window, &all, &b->e), &b->e);
    CHECK_TEXT(buf_str(&all), want);
}

static void over_at(struct bed *b, usec_t at, const char *want) {
    AUTO(buf_done) struct buf all = BUF(1000);
    CHECK_OK(support_over(b->store, at, say_over, &all, &b->e), &b->e);
    CHECK_TEXT(buf_str(&all), want);
}

TEST(a_window_is_open_for_whom_it_names_until_it_ends) {
    struct bed b;
    struct uuid any = { { 0 } };
    bed_start(&b);
    CHECK_INT(bed_window(&b, 1, who(7), 100, 200, 1000), 1);
    CHECK_INT(bed_window(&b, 1, any, 100, 300, 1000), 2);
    CHECK_INT(bed_window(&b, 2, any, 100, 250, 1000), 1);
    open_now(&b, 1, 7, 150, 500, "1:7 [\"visit\"] why;2:0 [\"visit\"] why;");
    open_now(&b, 1, 8, 150, 500, "2:0 [\"visit\"] why;");
    open_now(&b, 1, 7, 99, 500, "");                                   /* not before it was opened */
    open_now(&b, 1, 7, 200, 500, "2:0 [\"visit\"] why;");
    open_now(&b, 1, 7, 150, 1000, "");                                 /* a wall clock that was put back does not lengthen it */
    over_at(&b, 199, "");
    over_at(&b, 300, "1/1;2/1;1/2;");
    int64_t second = 2;
    CHECK_OK(store_write(b.store, 1, close_write, &second, &b.e), &b.e);
    CHECK_CODE(store_write(b.store, 1, close_write, &second, &b.e), E_NOT_FOUND, &b.e);
    open_now(&b, 1, 8, 150, 500, "");
    over_at(&b, 300, "1/1;2/1;");
    AUTO(view_end) struct view *v = NULL;
    AUTO(buf_done) struct buf all = BUF(1000);
    CHECK_OK(store_view(b.store, 1, &v, &b.e), &b.e);
    CHECK_OK(support_list(view_sql(v), say_window, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "1:7 [\"visit\"] why;2:0 [\"visit\"] why closed;");
    buf_cut(&all, 0);
    CHECK_OK(support_get(view_sql(v), 2, say_window, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "2:0 [\"visit\"] why closed;");
    CHECK_CODE(support_get(view_sql(v), 3, say_window, &all, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    bed_end(&b);
}

static enum code drop_write(struct txn *t, void *arg UNUSED, struct err *e) { return registers_drop(t, e); }
static bool say_doomed(int64_t tenant, uint64_t key, void *arg) {
    buf_printf(arg, "%lld:%llu;", (long long)tenant, (unsigned long long)key);
    return true;
}

TEST(registers_go_with_their_keys) {
    struct bed b;
    AUTO(buf_done) struct buf all = BUF(1000);
    bed_start(&b);
    bed_grant(&b, 1, 1, 100, 200, USEC_NEVER);
    bed_grant(&b, 2, 1, 100, 200, USEC_NEVER);
    bed_window(&b, 1, who(7), 100, 200, 1000);
    CHECK_OK(store_write(b.store, 1, drop_write, NULL, &b.e), &b.e);
    CHECK_INT(in_force(&b, 1, 1, 150), -1);
    CHECK_INT(in_force(&b, 2, 1, 150), 200);
    open_now(&b, 1, 7, 150, 500, "");
    over_at(&b, 300, "");
    CHECK_OK(doomed_list(b.store, say_doomed, &all, &b.e), &b.e);
    CHECK_TEXT(buf_str(&all), "1:71;1:90;");
    bed_end(&b);
}
