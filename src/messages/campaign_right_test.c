/* campaign_right_test.c — a campaign goes to whom its asker finds and writes to, when it is walked: roles with windows, levels, rights that were taken away,
 * whoever resumes it; what a look beforehand tells; and who sees and turns it. */
#include <string.h>

#include "ledger/ledger.h"
#include "messages/campaign_int.h"
#include "messages/preview.h"
#include "messages/sendbed.h"
#include "records/draft.h"
#include "records/service.h"
#include "store/rows.h"

struct hall { struct sendbed d; struct caller now; enum code code; int64_t token; struct uuid here[3], there; };

static enum code asker(void *arg, struct service *s, int64_t tenant, int64_t token, const struct uuid *account, struct caller *ret, struct arena *arena, struct err *e) {
    struct hall *h = arg;
    (void)s;
    (void)arena;
    CHECK(tenant == h->now.tenant && (h->token == 0 ? uuid_compare(account, &h->now.account) == 0 : token == h->token));
    if (h->code != OK)
        return err_set(e, h->code, "not any more");
    *ret = h->now;
    return OK;
}

static void hall_start(struct hall *h, const char *messages) {
    char email[48];
    *h = (struct hall){ .token = 7 };
    send_start(&h->d, messages);
    for (size_t i = 0; i < ARRAY_LEN(h->here); i++) {
        snprintf(email, sizeof email, "ewa%zu@people.example", i);
        h->here[i] = send_person(&h->d, &h->d.event, email);
    }
    h->there = send_person(&h->d, &h->d.other_event, "jan@people.example");
    (void)send_text(&h->d, "{\"kind\": \"registration\", \"en\": {\"subject\": \"News\", \"text\": \"Come.\"}}");
    h->now = h->d.boss;
    h->now.token = 7;
}

static struct campaign_wish wish(const struct hall *h) { return (struct campaign_wish){ .kind = charter_kind(h->d.b.charter, "registration"), .template_name = "news" }; }

static int64_t made(struct hall *h, const struct caller *who, const struct campaign_wish *w) {
    int64_t number = 0;
    CHECK_OK(campaign_make(h->d.b.service, who, w, NULL, NULL, &number, &h->d.b.e), &h->d.b.e);
    return number;
}

static const char *walked(struct hall *h, int64_t number, int64_t *ret_found, char state[16]) {
    const struct caller sejf = { .tenant = h->d.b.tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    const struct campaign_asker by = { asker, h };
    json_t *told = NULL;
    bool more = true;
    for (int i = 0; more && i < 50; i++)
        CHECK_OK(campaign_step(h->d.b.service, h->d.b.tenant, number, &by, &more, &h->d.b.e), &h->d.b.e);
    CHECK_OK(campaign_told(h->d.b.service, &sejf, number, &told, &h->d.b.e), &h->d.b.e);
    *ret_found = json_integer_value(json_object_get(told, "found"));
    snprintf(state, 16, "%s", json_string_value(json_object_get(told, "state")));
    json_decref(told);
    return state;
}

static int64_t seen_before(struct hall *h, const struct caller *who, const struct campaign_wish *w, const char *what) {
    json_t *told = NULL;
    CHECK_OK(campaign_preview(h->d.b.service, who, w, &told, &h->d.b.e), &h->d.b.e);
    const int64_t n = json_integer_value(json_object_get(told, what));
    json_decref(told);
    return n;
}

/* Door sees name and status of registrations on the day of the event: on every other day there is nobody for it, whatever it searches for. */
TEST(who_sees_nobody_now_writes_to_nobody_and_learns_nothing) {
    struct hall h;
    char is[16];
    int64_t found;
    hall_start(&h, MAIL_TO_PEOPLE "  sent_by: organiser, door\n");
    struct caller door = bed_role(&h.d.b, h.d.b.tenant, "door");
    door.token = 7;
    struct campaign_wish w = wish(&h);
    json_t *name = json_pack("{s:{s:s}}", "name", "prefix", "Ewa"), *mail = json_pack("{s:s}", "email", "ewa1@people.example");
    CHECK_INT(seen_before(&h, &door, &w, "found"), 0);
    w.where = name;
    CHECK_INT(seen_before(&h, &door, &w, "found"), 0);
    CHECK_INT(seen_before(&h, &h.d.boss, &w, "found"), 4);
    w.where = NULL;
    w.scope = h.d.event;                       /* which it does not see, either */
    CHECK_INT(seen_before(&h, &door, &w, "found"), 0);
    h.now = door;
    CHECK_TEXT(walked(&h, made(&h, &door, &w), &found, is), "done");
    CHECK_INT(found, 0);
    w.where = mail;                            /* a field that it never sees is none of its search */
    json_t *told = NULL;
    int64_t number;
    CHECK(campaign_preview(h.d.b.service, &door, &w, &told, &h.d.b.e) != OK && told == NULL);
    CHECK(campaign_make(h.d.b.service, &door, &w, NULL, NULL, &number, &h.d.b.e) != OK);
    json_decref(name);
    json_decref(mail);
    bed_end(&h.d.b);
}

static enum code restricted(struct txn *t, void *arg, struct err *e) {
    const struct hall *h = arg;
    return row_mark(t, service_kind(h->d.b.service, charter_kind(h->d.b.charter, "registration"))->number, &h->here[1], MARK_RESTRICTED, 0, e);
}

/* What is restricted is found by no search without a ground, and so by no campaign: how many there are is not told. */
TEST(a_look_beforehand_finds_what_a_search_finds) {
    struct hall h;
    hall_start(&h, MAIL_TO_PEOPLE);
    struct campaign_wish w = wish(&h);
    json_t *one = json_pack("{s:s}", "email", "ewa1@people.example");
    w.where = one;
    CHECK_INT(seen_before(&h, &h.d.boss, &w, "found"), 1);
    CHECK_INT(seen_before(&h, &h.d.boss, &w, "passes"), 1);
    CHECK_OK(store_write(h.d.b.store, h.d.b.tenant, restricted, &h, &h.d.b.e), &h.d.b.e);
    CHECK_INT(seen_before(&h, &h.d.boss, &w, "found"), 0);
    w.where = NULL;
    CHECK_INT(seen_before(&h, &h.d.boss, &w, "found"), 3);
    json_decref(one);
    bed_end(&h.d.b);
}

TEST(levels_are_held_against_each_record) {
    struct hall h;
    char is[16];
    int64_t found, number;
    hall_start(&h, MAIL_TO_PEOPLE);
    struct campaign_wish w = wish(&h);
    const struct level_of none = { .kind = w.kind, .id = h.here[1], .level = LEVEL_NONE }, reads = { .kind = w.kind, .id = h.here[1], .level = LEVEL_READ };
    const struct levels but_one = { LEVEL_WRITE, 1, &none }, one_read = { LEVEL_WRITE, 1, &reads }, read = { .all = LEVEL_READ };
    struct caller who = h.d.boss;
    who.token = 7;
    who.levels = &read;
    CHECK_CODE(campaign_make(h.d.b.service, &who, &w, NULL, NULL, &number, &h.d.b.e), E_FORBIDDEN, &h.d.b.e);
    const struct levels *const two[] = { &but_one, &one_read };
    for (size_t i = 0; i < ARRAY_LEN(two); i++) {
        who.levels = two[i];
        w.scope = (struct uuid){ { 0 } };
        CHECK_CODE(campaign_make(h.d.b.service, &who, &w, NULL, NULL, &number, &h.d.b.e), E_FORBIDDEN, &h.d.b.e);      /* not all of the tenant's */
        w.scope = h.d.event;
        CHECK_INT(seen_before(&h, &who, &w, "found"), 2);
        h.now = who;
        CHECK_TEXT(walked(&h, made(&h, &who, &w), &found, is), "sending");
        CHECK_INT(found, 2);
    }
    bed_end(&h.d.b);
}

struct asked { const char *by; int count; };
static bool asked_take(const struct ledger_row *r, void *arg) {
    struct asked *a = arg;
    a->count += strstr(r->entry, "\"messages_asked\"") != NULL && strstr(r->entry, a->by) != NULL;
    return true;
}
static int asked_by(struct hall *h, const char *by) {
    AUTO(view_end) struct view *v = NULL;
    struct asked a = { .by = by };
    CHECK_OK(store_view(h->d.b.store, h->d.b.tenant, &v, &h->d.b.e), &h->d.b.e);
    CHECK_OK(ledger_list(view_sql(v), 0, asked_take, &a, &h->d.b.e), &h->d.b.e);
    return a.count;
}

/* Suspended, revoked or made narrower between the asking and the walk: it pauses, and whoever resumes it answers for the rest. */
TEST(a_right_that_is_gone_pauses_it_until_another_resumes_it) {
    static const struct { enum code code; bool reads; } row[] = { { E_SIGN_IN, false }, { OK, true } };
    const struct levels read = { .all = LEVEL_READ };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct hall h;
        char is[16];
        int64_t found;
        json_t *told = NULL;
        hall_start(&h, MAIL_TO_PEOPLE);
        const struct campaign_wish w = wish(&h);
        const struct caller boss = h.now;
        const int64_t number = made(&h, &boss, &w);
        h.code = row[i].code;
        h.now.levels = row[i].reads ? &read : NULL;
        CHECK_TEXT(walked(&h, number, &found, is), "paused");
        CHECK_INT(found, 0);
        struct caller other = boss;
        other.token = 0;
        other.by_session = true;
        other.account = uuid_new();
        other.levels = &read;
        CHECK_CODE(campaign_turn(h.d.b.service, &other, number, CAMPAIGN_RESUME, &told, &h.d.b.e), E_FORBIDDEN, &h.d.b.e);
        other.levels = NULL;
        CHECK_OK(campaign_turn(h.d.b.service, &other, number, CAMPAIGN_RESUME, &told, &h.d.b.e), &h.d.b.e);
        char by[CALLER_TEXT];
        CHECK_TEXT(text_at(told, "by", NULL), caller_text(&other, by, sizeof by));
        json_decref(told);
        h.code = OK;
        h.now = other;
        h.token = 0;
        CHECK_TEXT(walked(&h, number, &found, is), "sending");
        CHECK_INT(found, 4);
        CHECK_INT(asked_by(&h, by), 1);        /* the ledger names it, and no more whoever asked first */
        CHECK_INT(asked_by(&h, "token 7"), 0);
        bed_end(&h.d.b);
    }
}

/* Narrower than that it looks as if the event, the kind of record or the field were not there; they are, so it pauses all the same. */
TEST(what_is_hidden_from_its_asker_pauses_it) {
    static const struct { bool elsewhere, role; } row[] = { { true, false }, { false, true } };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct hall h;
        char is[16];
        int64_t found;
        hall_start(&h, MAIL_TO_PEOPLE "  sent_by: organiser, door\n");
        const struct level_of other = { charter_kind(h.d.b.charter, "event"), h.d.other_event, LEVEL_WRITE };
        const struct levels elsewhere = { .all = LEVEL_NONE, .count = 1, .list = &other };
        struct campaign_wish w = wish(&h);
        json_t *where = json_pack("{s:s}", "email", "ewa1@people.example");
        w.scope = h.d.event;
        w.where = row[i].role ? where : NULL;
        const struct caller boss = h.now;
        const int64_t number = made(&h, &boss, &w);
        if (row[i].role) {                     /* door never sees an email */
            h.now = bed_role(&h.d.b, h.d.b.tenant, "door");
            h.now.token = 7;
        }
        h.now.levels = row[i].elsewhere ? &elsewhere : NULL;
        CHECK_TEXT(walked(&h, number, &found, is), "paused");
        CHECK_INT(found, 0);
        json_t *told = NULL;
        CHECK_OK(campaign_turn(h.d.b.service, &boss, number, CAMPAIGN_RESUME, &told, &h.d.b.e), &h.d.b.e);
        json_decref(told);
        h.now = boss;
        CHECK_TEXT(walked(&h, number, &found, is), "sending");
        CHECK_INT(found, row[i].role ? 1 : 3);
        json_decref(where);
        bed_end(&h.d.b);
    }
}

/* What its people belong to has gone, for everybody: nobody can resume it. */
TEST(a_scope_that_is_gone_stops_it) {
    struct hall h;
    char is[16];
    int64_t found;
    json_t *gone = NULL;
    hall_start(&h, MAIL_TO_PEOPLE);
    struct campaign_wish w = wish(&h);
    w.scope = h.d.event;
    const int64_t number = made(&h, &h.now, &w);
    CHECK_OK(bed_erase(&h.d.b, &h.d.boss, "event", &h.d.event, &gone), &h.d.b.e);
    json_decref(gone);
    CHECK_TEXT(walked(&h, number, &found, is), "stopped");
    bed_end(&h.d.b);
}

/* The event narrows the search, whatever the charter says of the people among whom messages go. */
TEST(scope_narrows_under_every_charter) {
    static const struct { const char *messages; const char *state; int64_t queued; } row[] = {
        { MAIL_TO_PEOPLE, "sending", 3 },
        { "messages:\n  email: only to participant of the same organiser, at most 2 a day for each person\n", "sending", 3 },
        { "messages:\n  email: only to participant of the same registration, at most 2 a day for each person\n", "sending", 3 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct hall h;
        char is[16];
        int64_t found;
        hall_start(&h, row[i].messages);
        struct campaign_wish w = wish(&h);
        w.scope = h.d.event;
        CHECK_INT(seen_before(&h, &h.d.boss, &w, "passes"), row[i].queued);
        CHECK_TEXT(walked(&h, made(&h, &h.now, &w), &found, is), row[i].state);
        CHECK_INT(found, 3);
        bed_end(&h.d.b);
    }
}

static bool due_take(int64_t tenant, int64_t number, void *arg) {
    (void)tenant;
    *(int64_t *)arg = number;
    return true;
}

/* What fails for now is tried again later: the next of the same tenant has its turn. */
TEST(one_that_fails_keeps_no_other_waiting) {
    struct hall h;
    char is[16];
    int64_t found, due = 0;
    bool more;
    hall_start(&h, MAIL_TO_PEOPLE);
    const struct campaign_wish w = wish(&h);
    const struct campaign_asker by = { asker, &h };
    const int64_t one = made(&h, &h.now, &w), two = made(&h, &h.now, &w);
    h.code = E_BUSY;
    CHECK_OK(campaigns_next(h.d.b.store, clock_now(), INT64_MIN, due_take, &due, &h.d.b.e), &h.d.b.e);
    CHECK_INT(due, one);
    CHECK_CODE(campaign_step(h.d.b.service, h.d.b.tenant, one, &by, &more, &h.d.b.e), E_BUSY, &h.d.b.e);
    CHECK_OK(campaigns_next(h.d.b.store, clock_now(), INT64_MIN, due_take, &due, &h.d.b.e), &h.d.b.e);
    CHECK_INT(due, two);
    h.code = OK;
    CHECK_TEXT(walked(&h, one, &found, is), "sending");
    CHECK_INT(found, 4);
    bed_end(&h.d.b);
}

/* The tenant's own role sees all of them, others those that they asked for; a token for reading turns none. */
TEST(is_seen_and_turned_by_those_who_may) {
    struct hall h;
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct scope *reading = NULL;
    hall_start(&h, MAIL_TO_PEOPLE "  sent_by: organiser, door\n");
    struct campaign_wish w = wish(&h);
    w.scope = h.d.event;
    struct caller door = bed_role(&h.d.b, h.d.b.tenant, "door"), another = door, boss = h.d.boss, reader = h.d.boss, far = h.d.boss;
    const struct levels elsewhere = { .all = LEVEL_NONE, .count = 1, .list = &(const struct level_of){ charter_kind(h.d.b.charter, "event"), h.d.other_event, LEVEL_WRITE } };
    door.token = 7;
    another.token = 8;
    reader.token = 9;
    far.token = 10;
    far.levels = &elsewhere;
    CHECK_OK(scope_read("{\"verbs\": [\"read\"]}", h.d.b.charter, true, arena, &reading, &h.d.b.e), &h.d.b.e);
    reader.scope = reading;
    const int64_t number = made(&h, &door, &w);
    const struct { const struct caller *who; enum code told, turned; size_t listed; } row[] = {
        { &another, E_NOT_FOUND, E_NOT_FOUND, 0 }, { &far, E_NOT_FOUND, E_NOT_FOUND, 0 }, { &reader, OK, E_FORBIDDEN, 1 }, { &door, OK, OK, 1 }, { &boss, OK, OK, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        json_t *told = NULL, *list = NULL, *turned = NULL;
        CHECK_CODE(campaign_told(h.d.b.service, row[i].who, number, &told, &h.d.b.e), row[i].told, &h.d.b.e);
        CHECK_OK(campaigns_told(h.d.b.service, row[i].who, INT64_MAX, 10, &list, &h.d.b.e), &h.d.b.e);
        CHECK_INT(json_array_size(json_object_get(list, "items")), row[i].listed);
        CHECK_CODE(campaign_turn(h.d.b.service, row[i].who, number, i % 2 != 0 ? CAMPAIGN_PAUSE : i == 4 ? CAMPAIGN_RESUME : CAMPAIGN_STOP, &turned, &h.d.b.e), row[i].turned, &h.d.b.e);
        json_decref(told);
        json_decref(list);
        json_decref(turned);
    }
    bed_end(&h.d.b);
}
