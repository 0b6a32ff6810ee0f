/* campaign_test.c — a campaign reaches everybody that its search finds, once, wherever it is cut; what waits is held, freed and ended. */
#include "messages/campaign.c"
#include "messages/templates.h"
#include "records/testbed.h"

#define TEXT                                                                                                                                         \
    "charter: events\ntitle: Events\nupdated: 2026-11-22\nclock: Europe/Warsaw\nspeaks: [en]\noperator:\n  name: Seats sp. z o.o.\n  country: PL\n"    \
    "  contact: iod@seats.example\n  authority: UODO\npeople:\n  participant: a person\n  organiser: a company\ntenant: organiser\n"                  \
    "records:\n  event:\n    belongs_to: organiser\n    holds:\n      title: text\n    keep: until the organiser deletes it\n"                       \
    "    when_deleted: erase registration\n"                                                                                                         \
    "  registration:\n    we_are: processor for the organiser\n    belongs_to: event\n    about: participant\n    because: contract with the organiser\n" \
    "    used_for: [running the event]\n    holds:\n      email: personal email, found exactly\n      name: personal text, found by word\n"            \
    "      seat: number, optional, sorted\n    keep: 90 days after created, then erase\n"                                                              \
    "who_sees:\n  organiser: everything of own event, everything of own registration\nagreement: needed before any personal data\n"                   \
    "messages:\n  email: only to participant of the same event, at most 3 a day for each person\n"

static struct uuid event(struct bed *b, const struct caller *who) {
    json_t *made = NULL;
    CHECK_OK(bed_make(b, who, "event", json_pack("{s:s}", "title", "A day of plays"), &made), &b->e);
    struct uuid id = id_of(made);
    json_decref(made);
    return id;
}

static struct uuid person(struct bed *b, const struct caller *who, const struct uuid *event, int n, const char *name) {
    char id[UUID_TEXT], email[64];
    json_t *made = NULL;
    snprintf(email, sizeof email, "person%d@people.example", n);
    CHECK_OK(bed_make(b, who, "registration", json_pack("{s:s, s:s, s:s, s:i}", "event", uuid_format(event, id), "email", email, "name", name, "seat", n), &made), &b->e);
    struct uuid got = id_of(made);
    json_decref(made);
    return got;
}

struct adding { struct campaign_row row; int64_t number; };
static enum code add(struct txn *t, void *arg, struct err *e) {
    struct adding *a = arg;
    return campaign_add(t, &a->row, &a->number, e);
}

/* The text that they all get. */
static int64_t text_of(struct bed *b, int64_t tenant) {
    const struct caller sejf = { .tenant = tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    json_t *body = json_pack("{s:s, s:{s:s, s:s}}", "kind", "registration", "en", "subject", "Doors open at 9", "text", "Come in time."), *made = NULL, *mistakes = NULL;
    int64_t number = 0;
    int kind;
    bool sms;
    CHECK_OK(template_put(b->service, &sejf, "doors", body, &made, &mistakes, &b->e), &b->e);
    CHECK_OK(template_find(b->service, tenant, "doors", &number, &kind, &sms, &b->e), &b->e);
    json_decref(made);
    json_decref(body);
    return number;
}

static int64_t campaign(struct bed *b, int64_t tenant, const struct uuid *scope, json_t *where) {
    AUTO(campaign_sealed_done) struct campaign_sealed sealed = { .id = 0 };
    const struct kind_info *k = service_kind(b->service, charter_kind(b->charter, "registration"));
    json_t *entry = json_pack("{s:s, s:o*, s:s}", "name", "Doors", "where", where, "by", "sejf");
    CHECK_OK(campaign_seal(b->service, tenant, entry, &sealed, &b->e), &b->e);
    json_decref(entry);
    struct adding a = { .row = { .kind = k->number, .scope = *scope, .template = text_of(b, tenant), .purpose = "", .begins = 1, .whose = "token 1", .key = sealed.id, .blob = sealed.blob.data, .len = sealed.blob.len } };
    CHECK_OK(store_write(b->store, tenant, add, &a, &b->e), &b->e);
    return a.number;
}

static struct campaign_row now(struct bed *b, int64_t tenant, int64_t number, struct arena *arena) {
    struct campaign_row r = { 0 };
    CHECK_OK(campaign_find(b->service, tenant, number, &r, arena, &b->e), &b->e);
    return r;
}

/* All of this file are sejf's own. */
static const struct campaign_asker nobody = { NULL, NULL };

static int steps(struct bed *b, int64_t tenant, int64_t number) {
    bool more = true;
    int n = 0;
    for (; more && n < 100; n++)
        CHECK_OK(campaign_step(b->service, tenant, number, &nobody, &more, &b->e), &b->e);
    return n;
}

/* Each letter by its record: how many of one, and how many in all and in which state. */
struct counted { struct uuid seen[2048]; size_t count, twice, state[8]; };
static bool letter_count(const struct letter_row *r, void *arg) {
    struct counted *c = arg;
    for (size_t i = 0; i < c->count; i++)
        c->twice += uuid_compare(&c->seen[i], &r->record) == 0;
    c->seen[c->count++] = r->record;
    c->state[r->state]++;
    return c->count < ARRAY_LEN(c->seen);
}
static struct counted *letters(struct bed *b, int64_t tenant, int64_t number, struct arena *arena) {
    struct counted *c = arena_array(arena, 1, sizeof *c);
    AUTO(view_end) struct view *v = NULL;
    CHECK(c != NULL);
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(letters_about(view_sql(v), "campaign", number, letter_count, c, &b->e), &b->e);
    return c;
}
static bool due_count(const struct letter_next *l, void *arg) {
    size_t *n = arg;
    n[1] += l->tenant == (int64_t)n[0];
    return true;
}
static size_t due(struct bed *b, int64_t tenant) {
    size_t n[2] = { (size_t)tenant, 0 };
    CHECK_OK(letters_next(b->store, CHANNEL_EMAIL, clock_now(), INT64_MIN, 2000, due_count, n, &b->e), &b->e);
    return n[1];
}

TEST(everybody_that_is_found_gets_one_message) {
    struct bed b;
    bed_start(&b, TEXT);
    AUTO(arena_free) struct arena *arena = arena_new(8 << 20);
    struct caller who = bed_role(&b, b.tenant, "organiser"), other = bed_role(&b, b.other, "organiser");
    struct uuid one = event(&b, &who), two = event(&b, &who), far = event(&b, &other);
    const int people = (int)SEND_MOST + 40;
    for (int i = 0; i < people; i++)
        (void)person(&b, &who, &one, i, i % 4 == 0 ? "Anna Lis" : "Jan Lis");
    (void)person(&b, &who, &two, 9000, "Anna Sroka");
    (void)person(&b, &other, &far, 9001, "Anna Kos");
    int64_t n = campaign(&b, b.tenant, &one, NULL), some = campaign(&b, b.tenant, &one, json_pack("{s:{s:s}}", "name", "word", "anna")),
            ranged = campaign(&b, b.tenant, &one, json_pack("{s:{s:i}}", "seat", "gte", people - 10)), none = campaign(&b, b.tenant, &two, json_pack("{s:s}", "email", "nobody@people.example"));
    (void)person(&b, &who, &one, 8000, "Anna Nowa");          /* made after it began */
    CHECK(steps(&b, b.tenant, n) >= 2);
    struct campaign_row r = now(&b, b.tenant, n, arena);
    CHECK(r.walked && r.found == people && r.queued == people && r.state == CAMPAIGN_GOES);
    struct counted *c = letters(&b, b.tenant, n, arena);
    CHECK(c->count == (size_t)people && c->twice == 0 && c->state[LETTER_WAITING] == c->count);
    json_t *entry = NULL;
    CHECK_OK(campaign_open(b.service, b.tenant, &r, &entry, &b.e), &b.e);
    CHECK_TEXT(json_string_value(json_object_get(entry, "name")), "Doors");
    CHECK(json_object_size(entry) == 1);       /* what was searched for has gone */
    json_decref(entry);
    (void)steps(&b, b.tenant, some);
    r = now(&b, b.tenant, some, arena);
    CHECK_INT(r.found, people / 4);
    (void)steps(&b, b.tenant, ranged);
    r = now(&b, b.tenant, ranged, arena);
    CHECK_INT(r.found, 10);
    (void)steps(&b, b.tenant, none);
    r = now(&b, b.tenant, none, arena);
    CHECK(r.found == 0 && r.state == CAMPAIGN_DONE && r.ended > 0);          /* nobody is waited for */
    CHECK(letters(&b, b.other, 1, arena)->count == 0);
    bed_end(&b);
}

struct turned { int64_t number; enum campaign_state state; enum campaign_act act; struct arena *arena; };
static enum code turn(struct txn *t, void *arg, struct err *e) {
    struct turned *w = arg;
    struct campaign_row r;
    enum code code = campaign_get(txn_sql(t), w->number, &r, w->arena, e);
    r.state = w->state;
    r.act = w->act;
    return code == OK ? campaign_set(t, &r, campaign_when(&r, txn_now(t)), e) : code;
}
static void turned(struct bed *b, int64_t tenant, int64_t number, enum campaign_state state, enum campaign_act act, struct arena *arena) {
    CHECK_OK(store_write(b->store, tenant, turn, &(struct turned){ number, state, act, arena }, &b->e), &b->e);
}

/* The charter has no such field any more: it ends, and goes on with nothing. */
TEST(one_that_cannot_go_on_is_stopped) {
    struct bed b;
    bed_start(&b, TEXT);
    AUTO(arena_free) struct arena *arena = arena_new(8 << 20);
    struct caller who = bed_role(&b, b.tenant, "organiser");
    struct uuid one = event(&b, &who);
    int64_t n = campaign(&b, b.tenant, &one, json_pack("{s:s}", "shoes", "41"));
    CHECK_INT(steps(&b, b.tenant, n), 2);
    struct campaign_row r = now(&b, b.tenant, n, arena);
    CHECK(r.state == CAMPAIGN_STOPPED && r.ended > 0 && r.found == 0);
    bed_end(&b);
}

static size_t sealed_size(struct bed *b, int64_t tenant, int64_t number, struct arena *arena) {
    const struct campaign_row r = now(b, tenant, number, arena);
    json_t *entry = NULL;
    CHECK_OK(campaign_open(b->service, tenant, &r, &entry, &b->e), &b->e);
    CHECK_TEXT(json_string_value(json_object_get(entry, "name")), "Doors");
    const size_t n = json_object_size(entry);
    json_decref(entry);
    return n;
}

/* The condition names people: of one that nobody can resume, its name alone stays. */
TEST(what_was_searched_for_goes_with_a_stop) {
    struct bed b;
    json_t *told = NULL;
    bed_start(&b, TEXT);
    AUTO(arena_free) struct arena *arena = arena_new(8 << 20);
    const struct caller who = bed_role(&b, b.tenant, "organiser"), sejf = { .tenant = b.tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    struct uuid one = event(&b, &who);
    const int64_t n = campaign(&b, b.tenant, &one, json_pack("{s:s}", "email", "anna@people.example")), lost = campaign(&b, b.tenant, &one, json_pack("{s:s}", "shoes", "41"));
    const struct campaign_row before = now(&b, b.tenant, n, arena);
    CHECK_INT(sealed_size(&b, b.tenant, n, arena), 3);
    CHECK_OK(campaign_turn(b.service, &sejf, n, CAMPAIGN_PAUSE, &told, &b.e), &b.e);
    json_decref(told);
    CHECK_INT(sealed_size(&b, b.tenant, n, arena), 3);        /* it may be resumed */
    CHECK_OK(campaign_turn(b.service, &sejf, n, CAMPAIGN_STOP, &told, &b.e), &b.e);
    CHECK_TEXT(text_at(told, "name", NULL), "Doors");
    json_decref(told);
    CHECK_INT(sealed_size(&b, b.tenant, n, arena), 1);
    CHECK(now(&b, b.tenant, n, arena).key != before.key);
    (void)steps(&b, b.tenant, lost);                           /* it cannot go on */
    CHECK(now(&b, b.tenant, lost, arena).state == CAMPAIGN_STOPPED);
    CHECK_INT(sealed_size(&b, b.tenant, lost, arena), 1);
    CHECK_CODE(campaign_turn(b.service, &sejf, n, CAMPAIGN_STOP, &told, &b.e), E_CONFLICT, &b.e);
    bed_end(&b);
}

/* The write of a page that is made twice, as after a failed commit, or by two who walk the same page. */
TEST(a_page_counts_once_and_a_stop_makes_it_void) {
    struct bed b;
    bed_start(&b, TEXT);
    AUTO(arena_free) struct arena *arena = arena_new(32 << 20);
    struct caller who = bed_role(&b, b.tenant, "organiser");
    struct uuid one = event(&b, &who);
    for (int i = 0; i < 20; i++)
        (void)person(&b, &who, &one, i, "Jan Lis");
    int64_t n = campaign(&b, b.tenant, &one, NULL);
    struct campaign_row seen = now(&b, b.tenant, n, arena);
    bool more = false;
    CHECK_OK(people_step(b.service, b.tenant, &seen, &nobody, arena, &more, &b.e), &b.e);
    CHECK_CODE(people_step(b.service, b.tenant, &seen, &nobody, arena, &more, &b.e), E_CONFLICT, &b.e);
    CHECK(letters(&b, b.tenant, n, arena)->count == 20);
    n = campaign(&b, b.tenant, &one, NULL);
    seen = now(&b, b.tenant, n, arena);
    turned(&b, b.tenant, n, CAMPAIGN_STOPPED, ACT_END, arena);
    CHECK_CODE(people_step(b.service, b.tenant, &seen, &nobody, arena, &more, &b.e), E_CONFLICT, &b.e);
    CHECK(letters(&b, b.tenant, n, arena)->count == 0);
    CHECK(steps(&b, b.tenant, n) == 1 && now(&b, b.tenant, n, arena).ended > 0);
    bed_end(&b);
}

static bool take_one(const struct letter_row *r, void *arg) {
    *(struct uuid *)arg = r->id;
    return false;
}
static enum code doubt(struct txn *t, void *arg, struct err *e) {
    struct waiting_letter w = { .waits = false };
    enum code code = letter_get(txn_sql(t), arg, letter_look, &w, e);
    w.row.doubts = 1;
    return code == OK ? letter_set(t, &w.row, txn_now(t) + 10 * USEC_PER_MINUTE, e) : code;
}

/* A letter that may have arrived did not end before it went: the mailer ends it, with its place of the day and its delivery. */
TEST(a_stop_leaves_what_is_in_doubt_to_the_next_look) {
    struct bed b;
    struct uuid id = { { 0 } };
    bed_start(&b, TEXT);
    AUTO(arena_free) struct arena *arena = arena_new(32 << 20);
    const struct caller who = bed_role(&b, b.tenant, "organiser");
    struct uuid one = event(&b, &who);
    for (int i = 0; i < 3; i++)
        (void)person(&b, &who, &one, i, "Jan Lis");
    const int64_t n = campaign(&b, b.tenant, &one, NULL);
    (void)steps(&b, b.tenant, n);
    struct view *v = NULL;
    CHECK_OK(store_view(b.store, b.tenant, &v, &b.e), &b.e);
    CHECK_OK(letters_about(view_sql(v), "campaign", n, take_one, &id, &b.e), &b.e);
    v = view_end(v);
    CHECK_OK(store_write(b.store, b.tenant, doubt, &id, &b.e), &b.e);
    CHECK_INT(due(&b, b.tenant), 2);
    turned(&b, b.tenant, n, CAMPAIGN_STOPPED, ACT_END, arena);
    CHECK_INT(steps(&b, b.tenant, n), 1);
    const struct campaign_row r = now(&b, b.tenant, n, arena);
    const struct counted *c = letters(&b, b.tenant, n, arena);
    CHECK(r.over == 2 && r.unknown == 0 && r.ended > 0);
    CHECK(c->state[LETTER_OVER] == 2 && c->state[LETTER_WAITING] == 1);
    CHECK_INT(due(&b, b.tenant), 1);           /* at once */
    bed_end(&b);
}

TEST(what_waits_is_held_freed_and_ended) {
    struct bed b;
    bed_start(&b, TEXT);
    AUTO(arena_free) struct arena *arena = arena_new(32 << 20);
    struct caller who = bed_role(&b, b.tenant, "organiser");
    struct uuid one = event(&b, &who);
    for (int i = 0; i < 20; i++)
        (void)person(&b, &who, &one, i, "Jan Lis");
    int64_t n = campaign(&b, b.tenant, &one, NULL);
    (void)steps(&b, b.tenant, n);
    CHECK_INT(due(&b, b.tenant), 20);
    struct gate_verdict v = { .passes = true };
    const struct letter_row mine = { .cause = "campaign", .about = n }, gone = { .cause = "campaign", .about = 99 }, another = { .cause = "api", .about = n };
    CHECK_OK(campaign_gate(b.service, b.tenant, &mine, &v, &b.e), &b.e);
    CHECK(v.passes);
    turned(&b, b.tenant, n, CAMPAIGN_PAUSED, ACT_HOLD, arena);
    CHECK_OK(campaign_gate(b.service, b.tenant, &mine, &v, &b.e), &b.e);
    CHECK(!v.passes && v.gate == GATE_PAUSED && v.again > clock_now());
    CHECK_INT(steps(&b, b.tenant, n), 1);
    CHECK(due(&b, b.tenant) == 0 && letters(&b, b.tenant, n, arena)->state[LETTER_WAITING] == 20);
    turned(&b, b.tenant, n, CAMPAIGN_GOES, ACT_FREE, arena);
    CHECK_INT(steps(&b, b.tenant, n), 1);
    CHECK_INT(due(&b, b.tenant), 20);
    turned(&b, b.tenant, n, CAMPAIGN_STOPPED, ACT_END, arena);
    v = (struct gate_verdict){ .passes = true };
    CHECK_OK(campaign_gate(b.service, b.tenant, &mine, &v, &b.e), &b.e);
    CHECK(!v.passes && v.again == 0);          /* at once, before each of its letters was ended */
    CHECK_INT(steps(&b, b.tenant, n), 1);
    struct campaign_row r = now(&b, b.tenant, n, arena);
    CHECK(due(&b, b.tenant) == 0 && letters(&b, b.tenant, n, arena)->state[LETTER_OVER] == 20 && r.over == 20 && r.ended > 0);
    v = (struct gate_verdict){ .passes = true };
    CHECK_OK(campaign_gate(b.service, b.tenant, &another, &v, &b.e), &b.e);
    CHECK(v.passes);
    CHECK_OK(campaign_gate(b.service, b.tenant, &gone, &v, &b.e), &b.e);
    CHECK(!v.passes);
    bed_end(&b);
}
