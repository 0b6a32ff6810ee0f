/* campaign_test.c — numbers without gaps, counters that move with what came of letters, and fair turns between tenants. */
#include "store/campaign.c"
#include "store/testbed.h"

struct deed { enum { ADD, SET, REFUSE, SETTLE, PUT, SENT } what; struct campaign_row row; int64_t number; usec_t next; enum letter_state before, now; struct uuid letter; };
static enum code act(struct txn *t, void *arg, struct err *reterr) {
    struct deed *d = arg;
    struct letter_row l = { .id = d->letter, .cause = "campaign", .about = d->number, .state = d->what == SENT ? LETTER_SENT : LETTER_WAITING, .until = USEC_PER_DAY, .purpose = "", .receipt = "", .said = "" };
    switch (d->what) {
    case ADD: return campaign_add(t, &d->row, &d->number, reterr);
    case SET: return campaign_set(t, &d->row, d->next, reterr);
    case REFUSE: return campaign_refuse(t, d->number, 4, 3, reterr);
    case SETTLE: return campaign_settle(t, d->number, d->before, d->now, reterr);
    case SENT: return letter_set(t, &l, USEC_NEVER, reterr);
    default: return letter_put(t, &l, 5, reterr);
    }
}
static void deed(struct bed *b, int64_t tenant, struct deed *d) { CHECK_OK(store_write(b->store, tenant, act, d, &b->e), &b->e); }
static struct deed adding(void) {
    return (struct deed){ .what = ADD, .row = { .channel = CHANNEL_EMAIL, .kind = 3, .scope = id_of(9), .template = 2, .purpose = "news", .begins = 1000, .whose = "token 7", .key = 5, .blob = "sealed", .len = 6 } };
}

static struct campaign_row got(struct bed *b, int64_t tenant, int64_t number, struct arena *arena) {
    struct campaign_row r = { 0 };
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(campaign_get(view_sql(v), number, &r, arena, &b->e), &b->e);
    return r;
}
static bool count(const struct campaign_row *r, void *arg) {
    int64_t *sum = arg;
    *sum = *sum * 10 + r->number;
    return true;
}
static bool gate(int gate, int64_t n, void *arg) {
    *(int64_t *)arg = gate * 100 + n;
    return true;
}
static bool next(int64_t tenant, int64_t number, void *arg) {
    int64_t *sum = arg;
    *sum = *sum * 100 + tenant * 10 + number;
    return true;
}

TEST(a_campaign_is_numbered_counted_and_ends_by_its_last_letter) {
    struct bed b;
    struct deed d = adding();
    int64_t all = 0, refused = 0;
    bed_start(&b);
    bed_make(&b, 4, 1);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    for (int i = 1; i <= 3; i++) {
        deed(&b, 4, &d);
        CHECK_INT(d.number, i);
    }
    deed(&b, 5, &d);
    CHECK_INT(d.number, 1);                   /* of another tenant */
    struct campaign_row r = got(&b, 4, 2, arena), none = got(&b, 5, 1, arena);
    CHECK(r.state == CAMPAIGN_GOES && !r.walked && r.kind == 3 && r.template == 2 && r.len == 6 && memcmp(r.blob, "sealed", 6) == 0 && uuid_is_null(&r.reached) && r.made > 0);
    CHECK(r.born > 0 && none.born == 0);      /* what is made from now on is newer */
    CHECK_TEXT(r.purpose, "news");
    CHECK_TEXT(r.whose, "token 7");
    r.walked = true;
    r.queued = 3;
    r.found = 6;
    r.reached = id_of(77);
    d = (struct deed){ .what = SET, .row = r, .next = USEC_NEVER };
    deed(&b, 4, &d);
    d = (struct deed){ .what = REFUSE, .number = 2 };
    deed(&b, 4, &d);
    deed(&b, 4, &d);
    static const struct { enum letter_state before, now; int64_t sent, bounced, over, unknown; enum campaign_state state; } step[] = {
        { LETTER_WAITING, LETTER_SENT, 1, 0, 0, 0, CAMPAIGN_GOES }, { LETTER_SENT, LETTER_BOUNCED, 0, 1, 0, 0, CAMPAIGN_GOES },
        { LETTER_WAITING, LETTER_OVER, 0, 1, 1, 0, CAMPAIGN_GOES }, { LETTER_WAITING, LETTER_UNKNOWN, 0, 1, 1, 1, CAMPAIGN_DONE },
        { LETTER_UNKNOWN, LETTER_SENT, 1, 1, 1, 0, CAMPAIGN_DONE },
    };
    for (size_t i = 0; i < ARRAY_LEN(step); i++) {
        d = (struct deed){ .what = SETTLE, .number = 2, .before = step[i].before, .now = step[i].now };
        deed(&b, 4, &d);
        r = got(&b, 4, 2, arena);
        CHECK(r.sent == step[i].sent && r.bounced == step[i].bounced && r.over == step[i].over && r.unknown == step[i].unknown && r.state == step[i].state);
        CHECK((r.ended > 0) == (r.state == CAMPAIGN_DONE));
    }
    CHECK(uuid_compare(&r.reached, &(struct uuid[]){ id_of(77) }[0]) == 0 && r.found == 6);
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(campaign_list(view_sql(v), INT64_MAX, count, &all, &b.e), &b.e);
    CHECK_INT(all, 321);
    CHECK_OK(campaign_gates(view_sql(v), 2, gate, &refused, &b.e), &b.e);
    CHECK_INT(refused, 406);
    CHECK_CODE(campaign_get(view_sql(v), 9, &r, arena, &b.e), E_NOT_FOUND, &b.e);
    v = view_end(v);
    bed_end(&b);
}

TEST(each_tenant_has_its_turn_and_letters_that_wait_are_found_in_pages) {
    struct bed b;
    struct deed d = adding();
    int64_t turns = 0;
    usec_t when = 0;
    bed_start(&b);
    deed(&b, 4, &d);
    deed(&b, 4, &d);
    deed(&b, 5, &d);
    d.row.begins = 9000;
    deed(&b, 6, &d);
    static const struct { int64_t after, turns; } row[] = { { INT64_MIN, 4151 }, { 4, 5141 }, { 5, 4151 }, { 6, 4151 }, { INT64_MAX, 4151 } };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {      /* the oldest of each, and none whose hour has not come; whoever had the last turn is the last */
        turns = 0;
        CHECK_OK(campaigns_next(b.store, 1000, row[i].after, next, &turns, &b.e), &b.e);
        CHECK_INT(turns, row[i].turns);
    }
    CHECK_OK(campaigns_when(b.store, &when, &b.e), &b.e);
    CHECK_INT(when, 1000);
    for (uint32_t i = 1; i <= 5; i++) {
        d = (struct deed){ .what = PUT, .number = 2, .letter = id_of(i) };
        deed(&b, 4, &d);
    }
    d = (struct deed){ .what = SENT, .number = 2, .letter = id_of(2) };
    deed(&b, 4, &d);
    struct uuid ids[3], last = { { 0 } };
    size_t n = 0;
    bool more = false;
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(campaign_waiting(view_sql(v), 2, &last, 3, ids, &n, &last, &more, &b.e), &b.e);
    CHECK(n == 2 && more && ids[1].bytes[15] == 3 && last.bytes[15] == 3);
    CHECK_OK(campaign_waiting(view_sql(v), 2, &last, 3, ids, &n, &last, &more, &b.e), &b.e);
    CHECK(n == 2 && !more && ids[0].bytes[15] == 4 && last.bytes[15] == 5);
    CHECK_OK(campaign_waiting(view_sql(v), 1, &(struct uuid){ { 0 } }, 3, ids, &n, &last, &more, &b.e), &b.e);
    CHECK(n == 0 && !more);
    v = view_end(v);
    bed_end(&b);
}

struct forgetting { usec_t before; size_t most, count; };
static enum code forget(struct txn *t, void *arg, struct err *e) {
    struct forgetting *f = arg;
    return campaigns_forget(t, f->before, f->most, &f->count, e);
}
static bool key_of(int64_t tenant, uint64_t key, void *arg) {
    *(uint64_t *)arg += tenant == 4 ? key : 0;
    return true;
}

/* What ended long ago goes, with its counts, and its key is destroyed; the newest stays, whenever it ended. */
TEST(old_ones_are_forgotten_and_no_number_comes_twice) {
    struct bed b;
    struct deed d = adding(), other = adding();
    int64_t seen = 0, refused = 0, open = 0;
    uint64_t keys = 0;
    bed_start(&b);
    bed_make(&b, 4, 1);
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    for (int i = 1; i <= 5; i++) {
        d.row.key = (uint64_t)i;
        deed(&b, 4, &d);
        struct deed set = { .what = SET, .row = got(&b, 4, i, arena), .next = i == 3 ? 1000 : USEC_NEVER };
        set.row.ended = i == 3 ? 0 : i * 100;
        set.row.state = i == 3 ? CAMPAIGN_PAUSED : CAMPAIGN_DONE;
        deed(&b, 4, &set);
    }
    deed(&b, 4, &(struct deed){ .what = REFUSE, .number = 1 });
    deed(&b, 5, &other);
    CHECK_OK(campaigns_open(b.store, &open, &b.e), &b.e);
    CHECK_INT(open, 2);
    struct forgetting f = { .before = 401, .most = 2 };
    CHECK_OK(store_write(b.store, 4, forget, &f, &b.e), &b.e);
    CHECK_INT(f.count, 2);
    CHECK_OK(store_write(b.store, 4, forget, &f, &b.e), &b.e);
    CHECK_INT(f.count, 1);
    f.before = 9999;
    CHECK_OK(store_write(b.store, 4, forget, &f, &b.e), &b.e);
    CHECK_INT(f.count, 0);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, 4, &v, &b.e), &b.e);
    CHECK_OK(campaign_list(view_sql(v), INT64_MAX, count, &seen, &b.e), &b.e);
    CHECK_OK(campaign_gates(view_sql(v), 1, gate, &refused, &b.e), &b.e);
    v = view_end(v);
    CHECK_OK(doomed_list(b.store, key_of, &keys, &b.e), &b.e);
    CHECK_INT(seen, 53);
    CHECK_INT(refused, 0);
    CHECK_INT(keys, 1 + 2 + 4);
    CHECK_OK(campaigns_open(b.store, &open, &b.e), &b.e);
    CHECK_INT(open, 2);
    deed(&b, 4, &d);
    CHECK_INT(d.number, 6);
    bed_end(&b);
}
