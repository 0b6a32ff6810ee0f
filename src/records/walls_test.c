/* walls_test.c — what a role may not see it may not learn in another way either: by guesses, cursors, orders, consents, scopes. */
#include "records/erase.c"
#include "base/text.h"
#include "records/testbed.h"
#include "records/testcharters.h"

static struct uuid made(struct bed *b, const struct caller *who, const char *kind, json_t *input) {
    json_t *got = NULL;
    CHECK_OK(bed_make(b, who, kind, input, &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

/* An event of today (the door's day) or of another year. */
static struct uuid event_on(struct bed *b, const struct caller *boss, bool today) {
    char starts[40], ends[40];
    usec_t now = clock_now();
    time_format(today ? now : now + 400 * USEC_PER_DAY, starts, sizeof starts);
    time_format(now + 401 * USEC_PER_DAY, ends, sizeof ends);
    return made(b, boss, "event", json_pack("{s:s,s:s,s:s}", "title", "Bieg", "starts", starts, "ends", ends));
}

static json_t *guest(const struct uuid *event, const char *name, const char *email) {
    char id[UUID_TEXT];
    return json_pack("{s:s,s:s,s:s,s:s,s:{s:b}}", "event", uuid_format(event, id), "name", name, "email", email, "diet", "bez orzechów", "consents", "diet", 1);
}

static const struct scope *narrowed(struct bed *b, struct arena *arena, const char *json) {
    struct scope *scope;
    CHECK_OK(scope_read(json, b->charter, true, arena, &scope, &b->e), &b->e);
    return scope;
}

TEST(a_scope_holds_for_erasing) {
    struct bed b;
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), reader = boss, elsewhere = boss;
    struct uuid event = event_on(&b, &boss, true);
    reader.scope = narrowed(&b, arena, "{\"verbs\":[\"read\"]}");
    elsewhere.scope = narrowed(&b, arena, "{\"kinds\":[\"invoice\"]}");
    CHECK_CODE(bed_erase(&b, &reader, "event", &event, &got), E_FORBIDDEN, &b.e);
    CHECK_CODE(bed_erase(&b, &elsewhere, "event", &event, &got), E_NOT_FOUND, &b.e);
    CHECK_OK(bed_read(&b, &boss, "event", &event, &got), &b.e);
    json_decref(got);
    bed_end(&b);
}

/* What somebody else has changed meanwhile is not erased by who has not seen it. */
TEST(an_erasure_asks_for_the_version_it_names) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    struct record_request r = { .who = &boss, .kind = charter_kind(b.charter, "event"), .id = event_on(&b, &boss, true), .if_match = 1 };
    CHECK_OK(bed_change(&b, &boss, "event", &r.id, -1, json_pack("{s:s}", "title", "Marsz"), &got), &b.e);
    json_decref(got);
    CHECK_CODE(record_erase(b.service, &r, &got, &b.e), E_STALE, &b.e);
    r.if_match = 2;
    CHECK_OK(record_erase(b.service, &r, &got, &b.e), &b.e);
    json_decref(got);
    bed_end(&b);
}

TEST(an_erased_record_is_the_tenants_business) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), door = bed_role(&b, b.tenant, "door");
    struct uuid event = event_on(&b, &boss, true), who = made(&b, &boss, "registration", guest(&event, "Ewa", "a@poczta.example"));
    CHECK_OK(bed_erase(&b, &boss, "registration", &who, &got), &b.e);
    json_decref(got);
    CHECK_CODE(bed_erase(&b, &boss, "registration", &who, &got), E_GONE, &b.e);
    CHECK_CODE(bed_erase(&b, &door, "registration", &who, &got), E_NOT_FOUND, &b.e);
    bed_end(&b);
}

/* The door may move the state, so that its changes are read; a guess at a hidden value must meet the same answer, right or wrong. */
TEST(a_guess_tells_nothing) {
    static const char *const guesses[] = { "a@poczta.example", "b@poczta.example" };
    struct bed b;
    json_t *got = NULL;
    char *said[ARRAY_LEN(guesses)];
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), door = bed_role(&b, b.tenant, "door");
    struct uuid event = event_on(&b, &boss, true), who = made(&b, &boss, "registration", guest(&event, "Ewa", guesses[0]));
    for (size_t i = 0; i < ARRAY_LEN(guesses); i++) {
        CHECK_CODE(bed_change(&b, &door, "registration", &who, -1, json_pack("{s:s}", "email", guesses[i]), &got), E_FIELDS, &b.e);
        said[i] = json_dumps(got, JSON_SORT_KEYS);
        json_decref(got);
    }
    CHECK_TEXT(said[0], said[1]);
    for (size_t i = 0; i < ARRAY_LEN(guesses); i++)
        free(said[i]);
    CHECK_OK(bed_change(&b, &door, "registration", &who, -1, json_pack("{s:s}", "name", "Ewa"), &got), &b.e);      /* seen, and as it is */
    json_decref(got);
    bed_end(&b);
}

/* What the helper may see ends with the state of the errand. */
static const char errands[] =
    CHARTER_HEAD("errands", "PL", "Europe/Warsaw")
    "people:\n  owner: the customer\n  helper: somebody who takes notes\n  guest: a person whom an errand is about\n"
    "tenant: owner\n"
    "records:\n"
    "  errand:\n"
    "    we_are: processor for the owner\n"
    "    belongs_to: owner\n"
    "    about: guest\n"
    "    because: contract with the owner\n"
    "    used_for: [running errands]\n"
    "    holds:\n"
    "      title: text\n"
    "      note: personal text, optional\n"
    "      state: one of open | closed\n"
    "    moves:\n"
    "      open to closed: owner\n"
    "    keep: until the owner deletes it\n"
    "who_sees:\n"
    "  owner: everything of own errand\n"
    "  helper: everything of own errand, while errand.state is open\n"
    "who_changes:\n"
    "  helper: title, note of own errand\n"
    "sign_in:\n  owner: password of 12 characters and a second step\n"
    CHARTER_TAIL;

/* The same request again, after the caller's window has closed and somebody else wrote: its answer tells nothing new. */
TEST(a_repeated_request_shows_what_may_be_seen_by_now) {
    struct bed b;
    json_t *got = NULL, *mistakes = NULL, *in = json_pack("{s:s,s:s}", "title", "Zakupy", "note", "dla Ewy");
    bed_start(&b, errands);
    struct caller owner = bed_role(&b, b.tenant, "owner"), helper = bed_role(&b, b.tenant, "helper");
    struct record_request r = { .who = &helper, .kind = charter_kind(b.charter, "errand"), .input = in, .if_match = -1, .idempotency = "once" };
    CHECK_OK(record_create(b.service, &r, &got, &mistakes, &b.e), &b.e);
    CHECK_TEXT(text_at(got, "fields", "note"), "dla Ewy");
    struct uuid id = id_of(got);
    json_decref(got);
    CHECK_OK(record_create(b.service, &r, &got, &mistakes, &b.e), &b.e);
    CHECK_TEXT(text_at(got, "fields", "note"), "dla Ewy");
    json_decref(got);
    CHECK_OK(bed_change(&b, &owner, "errand", &id, -1, json_pack("{s:s,s:s}", "note", "dla Oli", "state", "closed"), &got), &b.e);
    json_decref(got);
    CHECK_CODE(bed_read(&b, &helper, "errand", &id, &got), E_NOT_FOUND, &b.e);
    CHECK_OK(record_create(b.service, &r, &got, &mistakes, &b.e), &b.e);
    CHECK(text_at(got, "fields", "note") == NULL && text_at(got, "fields", "title") == NULL && text_at(got, "fields", "state") == NULL);
    json_decref(got);
    json_decref(in);
    bed_end(&b);
}

/* The helper may still set the note of a closed errand, which it does not see: the right guess is answered like a wrong one. */
TEST(a_field_that_is_set_unseen_is_not_compared) {
    static const char *const guesses[] = { "dla Ewy", "dla Ani" };
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, errands);
    struct caller owner = bed_role(&b, b.tenant, "owner"), helper = bed_role(&b, b.tenant, "helper");
    for (size_t i = 0; i < ARRAY_LEN(guesses); i++) {
        struct uuid id = made(&b, &owner, "errand", json_pack("{s:s,s:s}", "title", "Zakupy", "note", guesses[0]));
        CHECK_OK(bed_change(&b, &owner, "errand", &id, -1, json_pack("{s:s}", "state", "closed"), &got), &b.e);
        json_decref(got);
        CHECK_OK(bed_change(&b, &helper, "errand", &id, -1, json_pack("{s:s}", "note", guesses[i]), &got), &b.e);
        CHECK_INT(json_integer_value(json_object_get(got, "version")), 3);
        CHECK_TEXT(text_at(got, "fields", "note"), guesses[i]);
        json_decref(got);
    }
    bed_end(&b);
}

struct reads_found { size_t count; };
static bool reads_in(const struct ledger_row *row, void *arg) {
    ((struct reads_found *)arg)->count += strstr(row->entry, "records_read") != NULL;
    return true;
}

/* Entries of reading in the tenant's chain; they are written within a second. */
static size_t reads_written(struct bed *b, size_t wanted) {
    struct reads_found found = { 0 };
    for (int i = 0; i < 300 && found.count < wanted; i++) {
        AUTO(view_end) struct view *v = NULL;
        found.count = 0;
        usleep(100000);
        CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
        CHECK_OK(ledger_list(view_sql(v), 0, reads_in, &found, &b->e), &b->e);
    }
    return found.count;
}

/* The answer to a change shows the record: it is reading, and only for a token that may read. */
TEST(a_change_that_changes_nothing_is_reading) {
    struct bed b;
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), writer = boss;
    struct uuid event = event_on(&b, &boss, true), who = made(&b, &boss, "registration", guest(&event, "Ewa", "a@poczta.example"));
    writer.scope = narrowed(&b, arena, "{\"verbs\":[\"change\"]}");
    CHECK_OK(bed_change(&b, &writer, "registration", &who, -1, json_object(), &got), &b.e);
    CHECK(text_at(got, "fields", "name") == NULL && text_at(got, "fields", "email") == NULL);
    json_decref(got);
    CHECK_OK(bed_change(&b, &writer, "registration", &who, -1, json_pack("{s:s}", "name", "Ola"), &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "name"), "Ola");
    CHECK(text_at(got, "fields", "email") == NULL);
    json_decref(got);
    CHECK_OK(bed_change(&b, &boss, "registration", &who, -1, json_object(), &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "email"), "a@poczta.example");
    json_decref(got);
    CHECK_INT(reads_written(&b, 1), 1);
    bed_end(&b);
}

TEST(consents_are_shown_with_their_fields) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), door = bed_role(&b, b.tenant, "door");
    struct uuid event = event_on(&b, &boss, true), who = made(&b, &boss, "registration", guest(&event, "Ewa", "a@poczta.example"));
    CHECK_OK(bed_read(&b, &boss, "registration", &who, &got), &b.e);
    CHECK(json_is_true(json_object_get(json_object_get(got, "consents"), "diet")));
    json_decref(got);
    CHECK_OK(bed_read(&b, &door, "registration", &who, &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "name"), "Ewa");
    CHECK_INT(json_object_size(json_object_get(got, "consents")), 0);
    json_decref(got);
    bed_end(&b);
}

/* One that the door sees, then one that it does not: the cursor of the first page must not name the second. */
TEST(a_cursor_names_nothing_hidden) {
    struct bed b;
    json_t *got = NULL, *query = json_pack("{s:i}", "limit", 1);
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), door = bed_role(&b, b.tenant, "door");
    struct uuid today = event_on(&b, &boss, true), later = event_on(&b, &boss, false);
    struct uuid first = made(&b, &boss, "registration", guest(&today, "Ewa", "a@poczta.example"));
    struct uuid hidden = made(&b, &boss, "registration", guest(&later, "Jan", "b@poczta.example"));
    struct uuid last = made(&b, &boss, "registration", guest(&today, "Ola", "c@poczta.example"));
    CHECK_OK(record_list(b.service, &door, charter_kind(b.charter, "registration"), query, &got, &b.e), &b.e);
    CHECK_INT(json_array_size(json_object_get(got, "items")), 1);
    uint8_t raw[256];
    size_t len = 0;
    const char *next = text_at(got, "next", NULL);
    CHECK(next != NULL && base64url_decode(next, strlen(next), raw, sizeof raw, &len));
    CHECK(memmem(raw, len, hidden.bytes, sizeof hidden.bytes) == NULL);
    CHECK(memmem(raw, len, first.bytes, sizeof first.bytes) == NULL);      /* it is sealed: it tells nothing at all */
    json_object_set_new(query, "cursor", json_string(next));
    json_decref(got);
    CHECK_OK(record_list(b.service, &door, charter_kind(b.charter, "registration"), query, &got, &b.e), &b.e);
    struct uuid second = id_of(json_array_get(json_object_get(got, "items"), 0));
    CHECK(uuid_compare(&second, &last) == 0);
    json_decref(got);
    json_decref(query);
    bed_end(&b);
}

/* A record about the tenant itself, with a file: the tenant's staff is no subject, and reads what is the tenant's. */
struct sent { const char *bytes; size_t len; };
static ssize_t give(void *arg, void *ret, size_t room) {
    struct sent *s = arg;
    size_t n = s->len < room ? s->len : room;
    memcpy(ret, s->bytes, n);
    s->bytes += n;
    s->len -= n;
    return (ssize_t)n;
}
static bool take_bytes(void *arg, const void *bytes, size_t len) {
    buf_add(arg, bytes, len);
    return true;
}
static bool begin_bytes(void *arg UNUSED, const struct file_info *info) { return info->size == 5; }

TEST(what_is_about_the_tenant_is_its_own) {
    static const char papers[] = CHARTER_HEAD("papers", "PL", "Europe/Warsaw")
        "people:\n  organiser: the customer\n  door: somebody at the door\ntenant: organiser\n"
        "records:\n  paper:\n    we_are: processor for the organiser\n    belongs_to: organiser\n    about: organiser\n    because: contract with the organiser\n"
        "    used_for: [keeping papers]\n    holds:\n      title: personal text\n      scan: personal file, optional\n    keep: until the organiser deletes it\n"
        "who_sees:\n  organiser: everything of own paper\n"
        "sign_in:\n  organiser: password of 12 characters and a second step\n"
        CHARTER_TAIL;
    struct bed b;
    json_t *got = NULL;
    struct uuid file;
    struct file_info info;
    struct sent in = { "hello", 5 };
    AUTO(buf_done) struct buf back = BUF(64);
    bed_start(&b, papers);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), stranger = bed_role(&b, b.other, "organiser"), door = bed_role(&b, b.tenant, "door");
    struct uuid id = made(&b, &boss, "paper", json_pack("{s:s}", "title", "Umowa"));
    int kind = charter_kind(b.charter, "paper"), field = kind_field(charter_kind_at(b.charter, kind), "scan");
    CHECK_OK(file_store(b.service, &boss, kind, &id, field, "a.txt", "text/plain", &(struct source){ give, &in }, &got, &b.e), &b.e);
    CHECK(uuid_parse(text_at(got, "id", NULL), &file));
    json_decref(got);
    CHECK_OK(bed_read(&b, &boss, "paper", &id, &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "title"), "Umowa");
    json_decref(got);
    CHECK_OK(file_fetch(b.service, &boss, &file, &info, begin_bytes, &(struct sink){ take_bytes, &back }, &b.e), &b.e);
    CHECK_TEXT(buf_str(&back), "hello");
    CHECK_CODE(file_fetch(b.service, &stranger, &file, &info, begin_bytes, &(struct sink){ take_bytes, &back }, &b.e), E_NOT_FOUND, &b.e);
    CHECK_CODE(file_fetch(b.service, &door, &file, &info, begin_bytes, &(struct sink){ take_bytes, &back }, &b.e), E_NOT_FOUND, &b.e);
    CHECK_OK(file_erase(b.service, &boss, &file, &b.e), &b.e);
    bed_end(&b);
}
