/* notice_test.c — nothing counts before it is whole, a due date that moved was not told of, and nobody makes two at once. */
#include "store/notice.c"
#include "store/testbed.h"

#define AT(days) ((days) * USEC_PER_DAY)

enum act { BEGIN, PUT, CLEAR, FINISH, SET, DROP, MARK };
struct deed { enum act act; struct notice_claim claim; usec_t stale; struct noticed list[4]; size_t count; struct notice_row row; bool left; struct notice_mark mark; };

static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    switch (d->act) {
    case BEGIN: return notice_begin(t, d->row.role, d->row.day, d->stale, &d->claim, reterr);
    case PUT: return noticed_put(t, &d->claim, d->list, d->count, reterr);
    case CLEAR: return notice_clear(t, &d->claim, 2, &d->left, reterr);
    case FINISH: return notice_finish(t, &d->claim, &d->row, reterr);
    case SET: return notice_set(t, d->row.number, d->row.state, d->row.attempted, reterr);
    case DROP: return noticed_drop(t, d->list[0].kind, &d->list[0].id, d->list[0].due, reterr);
    case MARK: return notice_mark_put(t, &d->mark, reterr);
    }
    return err_set(reterr, E_INTERNAL, "no such act");
}
static enum code act_do(struct bed *b, int64_t tenant, struct deed *d, enum act what) {
    d->act = what;
    enum code code = store_write(b->store, tenant, act, d, &b->e);
    if (code == OK)
        d->claim.sign = d->claim.next;
    return code;
}

static usec_t attempted(struct bed *b, int64_t tenant, uint32_t n, usec_t due) {
    AUTO(view_end) struct view *v = NULL;
    struct uuid id = id_of(n);
    usec_t at = -1;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(notice_attempted(view_sql(v), 1, &id, due, &at, &b->e), &b->e);
    return at;
}
static bool told(struct bed *b, int64_t tenant, uint32_t n, usec_t due) {
    AUTO(view_end) struct view *v = NULL;
    struct uuid id = id_of(n);
    bool is = false;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(noticed_told(view_sql(v), 1, &id, due, &is, &b->e), &b->e);
    return is;
}
static bool stands(struct bed *b, int64_t tenant, int64_t number) {
    AUTO(view_end) struct view *v = NULL;
    bool is = false;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(noticed_stands(view_sql(v), number, &is, &b->e), &b->e);
    return is;
}
static bool say_open(int64_t tenant, int64_t number, void *arg) {
    buf_printf(arg, "%lld/%lld ", (long long)tenant, (long long)number);
    return true;
}
static bool say_notice(const struct notice_row *r, void *arg) {
    buf_printf(arg, "%lld:%d:%s:%lld:%lld:%s ", (long long)r->number, r->state, r->role, (long long)r->day, (long long)r->records, r->counts);
    return true;
}
static bool say_due(usec_t due, int64_t notice, void *arg) {
    buf_printf(arg, "%lld in %lld ", (long long)(due / USEC_PER_DAY), (long long)notice);
    return true;
}

static struct deed deed_of(uint32_t first, size_t count, usec_t due) {
    struct deed d = { .count = count, .row = { .role = "organiser", .day = 20261122, .records = (int64_t)count, .first = due, .last = due, .counts = "[1]" } };
    for (size_t i = 0; i < count; i++)
        d.list[i] = (struct noticed){ 1, id_of(first + (uint32_t)i), due };
    return d;
}

TEST(counts_when_it_is_whole_and_for_its_date_alone) {
    struct bed b;
    struct deed d = deed_of(1, 3, AT(180));
    struct buf out = BUF(1000);
    bed_start(&b);
    CHECK_OK(act_do(&b, 4, &d, BEGIN), &b.e);
    CHECK(d.claim.number == 1 && !d.claim.cut);
    CHECK_OK(act_do(&b, 4, &d, PUT), &b.e);
    d.row.attempted = 7;
    d.row.state = NOTICE_TRIED;
    d.row.number = 1;
    CHECK_CODE(act_do(&b, 4, &d, SET), E_NOT_FOUND, &b.e);       /* not whole */
    CHECK(!told(&b, 4, 1, AT(180)) && attempted(&b, 4, 1, AT(180)) == 0);
    CHECK_OK(notices_open(b.store, say_open, &out, &b.e), &b.e);
    CHECK_TEXT(buf_str(&out), "");
    CHECK_OK(act_do(&b, 4, &d, FINISH), &b.e);
    CHECK(told(&b, 4, 1, AT(180)) && attempted(&b, 4, 1, AT(180)) == 0);
    CHECK_OK(act_do(&b, 4, &d, SET), &b.e);
    CHECK_INT(attempted(&b, 4, 1, AT(180)), 7);
    d.row.attempted = 9;
    d.row.state = NOTICE_BOUNCED;
    CHECK_OK(act_do(&b, 4, &d, SET), &b.e);
    CHECK_INT(attempted(&b, 4, 3, AT(180)), 7);                   /* the first stays */
    CHECK(attempted(&b, 4, 1, AT(181)) == 0 && attempted(&b, 4, 4, AT(180)) == 0 && attempted(&b, 5, 1, AT(180)) == 0);
    /* Another part of the same record is due later: a notice of its own. */
    struct deed later = deed_of(1, 1, AT(200));
    CHECK_OK(act_do(&b, 4, &later, BEGIN), &b.e);
    CHECK_OK(act_do(&b, 4, &later, PUT), &b.e);
    CHECK_OK(act_do(&b, 4, &later, FINISH), &b.e);
    CHECK_INT(later.claim.number, 2);
    CHECK(told(&b, 4, 1, AT(180)) && told(&b, 4, 1, AT(200)) && attempted(&b, 4, 1, AT(200)) == 0);
    CHECK_OK(notices_open(b.store, say_open, &out, &b.e), &b.e);
    CHECK_TEXT(buf_str(&out), "4/1 4/2 ");
    struct view *v = NULL;
    buf_cut(&out, 0);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(notices_list(view_sql(v), INT64_MAX, say_notice, &out, &b.e), &b.e);
    CHECK_OK(notice_get(view_sql(v), 1, say_notice, &out, &b.e), &b.e);
    CHECK_CODE(notice_get(view_sql(v), 3, say_notice, &out, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(noticed_of(view_sql(v), 1, &d.list[0].id, say_due, &out, &b.e), &b.e);
    v = view_end(v);
    CHECK_TEXT(buf_str(&out), "2:1:organiser:20261122:1:[1] 1:4:organiser:20261122:3:[1] 1:4:organiser:20261122:3:[1] 180 in 1 200 in 2 ");
    /* What went, or has another date, is not told of any more; when nothing stands, the notice is over. */
    for (uint32_t i = 1; i <= 3; i++) {
        CHECK(stands(&b, 4, 1));
        d.list[0].id = id_of(i);
        CHECK_OK(act_do(&b, 4, &d, DROP), &b.e);
    }
    CHECK(!stands(&b, 4, 1) && stands(&b, 4, 2) && !stands(&b, 5, 2) && !told(&b, 4, 1, AT(180)));
    d.row.state = NOTICE_OVER;
    CHECK_OK(act_do(&b, 4, &d, SET), &b.e);
    buf_cut(&out, 0);
    CHECK_OK(notices_open(b.store, say_open, &out, &b.e), &b.e);
    CHECK_TEXT(buf_str(&out), "4/2 ");
    buf_done(&out);
    bed_end(&b);
}

TEST(one_makes_it_and_what_a_cut_has_left_is_taken_away) {
    struct bed b;
    struct deed a = deed_of(1, 3, AT(180)), c = deed_of(2, 2, AT(190));
    bed_start(&b);
    CHECK_OK(act_do(&b, 4, &a, BEGIN), &b.e);
    CHECK_OK(act_do(&b, 4, &a, PUT), &b.e);
    c.row.role = "clinic";
    CHECK_CODE(act_do(&b, 4, &c, BEGIN), E_BUSY, &b.e);           /* a has given a sign since */
    CHECK_OK(act_do(&b, 5, &c, BEGIN), &b.e);                     /* another tenant's */
    c.stale = INT64_MAX;
    CHECK_OK(act_do(&b, 4, &c, BEGIN), &b.e);
    CHECK(c.claim.cut && c.claim.number == 1);
    CHECK_CODE(act_do(&b, 4, &a, PUT), E_CONFLICT, &b.e);
    CHECK_CODE(act_do(&b, 4, &a, FINISH), E_CONFLICT, &b.e);
    CHECK_OK(act_do(&b, 4, &c, CLEAR), &b.e);
    CHECK(c.left && stands(&b, 4, 1));
    CHECK_OK(act_do(&b, 4, &c, CLEAR), &b.e);
    CHECK(!c.left && !stands(&b, 4, 1));
    CHECK_OK(act_do(&b, 4, &c, PUT), &b.e);
    CHECK_OK(act_do(&b, 4, &c, FINISH), &b.e);
    CHECK(told(&b, 4, 2, AT(190)) && !told(&b, 4, 1, AT(180)) && !told(&b, 4, 2, AT(180)));
    CHECK_CODE(act_do(&b, 4, &c, FINISH), E_CONFLICT, &b.e);      /* once */
    struct buf out = BUF(100);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(notices_list(view_sql(v), INT64_MAX, say_notice, &out, &b.e), &b.e);
    v = view_end(v);
    CHECK_TEXT(buf_str(&out), "1:1:clinic:20261122:2:[1] ");
    buf_done(&out);
    bed_end(&b);
}

static usec_t allows(struct bed *b, const struct notice_rule *rule, uint32_t n, usec_t due) {
    AUTO(view_end) struct view *v = NULL;
    struct uuid id = id_of(n);
    usec_t from = -1;
    CHECK_OK(store_view(b->store, 4, &v, &b->e), &b->e);
    CHECK_OK(notice_allows(view_sql(v), rule, 1, &id, due, &from, &b->e), &b->e);
    return from;
}

/* Room of 7 days at a notice of 14: told in time, a little late, far too late. */
TEST(nothing_goes_before_an_attempt_and_a_late_one_moves_it_by_the_room_at_most) {
    static const struct { int attempted, from; } rows[] = { { 166, 180 }, { 100, 180 }, { 167, 181 }, { 170, 184 }, { 173, 187 }, { 174, 187 }, { 180, 187 }, { 200, 187 } };
    AUTO(zone_free) struct zone *zone = NULL;
    struct bed b;
    bed_start(&b);
    CHECK_OK(zone_open("UTC", &zone, &b.e), &b.e);
    struct notice_rule law = { .zone = zone, .before = { .days = 14 } }, room = { .zone = zone, .before = { .days = 14 }, .room = { .weeks = 1 } };
    CHECK_INT(allows(&b, NULL, 1, AT(180)), AT(180));
    CHECK(allows(&b, &law, 1, AT(180)) == USEC_NEVER && allows(&b, &room, 1, AT(180)) == USEC_NEVER);
    for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct deed d = deed_of(i + 1, 1, AT(180));
        CHECK_OK(act_do(&b, 4, &d, BEGIN), &b.e);
        CHECK_OK(act_do(&b, 4, &d, PUT), &b.e);
        CHECK_OK(act_do(&b, 4, &d, FINISH), &b.e);
        CHECK(allows(&b, &law, i + 1, AT(180)) == USEC_NEVER);    /* told, not tried */
        d.row.number = d.claim.number;
        d.row.state = NOTICE_BOUNCED;
        d.row.attempted = AT(rows[i].attempted);
        CHECK_OK(act_do(&b, 4, &d, SET), &b.e);
        CHECK_INT(allows(&b, &law, i + 1, AT(180)), AT(180));     /* whatever came of it */
        CHECK_INT(allows(&b, &room, i + 1, AT(180)), AT(rows[i].from));
        CHECK(allows(&b, &law, i + 1, AT(179)) == USEC_NEVER);
    }
    bed_end(&b);
}

TEST(a_mark_is_kept_for_each_tenant) {
    struct bed b;
    struct deed d = { .mark = { 7, 8, { 9 } } };
    struct view *v = NULL;
    struct notice_mark m = { .change = 1 };
    bed_start(&b);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(notice_mark_get(view_sql(v), &m, &b.e), &b.e);
    CHECK(m.change == 0 && m.ran == 0 && m.charter[0] == 0);
    v = view_end(v);
    CHECK_OK(act_do(&b, 4, &d, MARK), &b.e);
    d.mark.change = 17;
    CHECK_OK(act_do(&b, 4, &d, MARK), &b.e);
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(notice_mark_get(view_sql(v), &m, &b.e), &b.e);
    CHECK(m.change == 17 && m.ran == 8 && m.charter[0] == 9);
    v = view_end(v);
    bed_end(&b);
}
