/* levels_test.c — accounts with levels over a tenant of halls, events and what hangs on them, against a second implementation that
 * follows every link of a table by hand. */
#include "records/roots.c"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "records/reads.h"

/* Sessions belong to events and may stand in a hall, questions belong to sessions, passes open a hall, memos hang on nothing. */
static void start(struct bed *b) {
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    buf_text(&text, events_charter);
    bed_swap(&text, "who_sees:\n",
             "  hall:\n    belongs_to: organiser\n    holds:\n      title: text\n    keep: until the organiser deletes it\n"
             "  session:\n    belongs_to: event\n    holds:\n      title: text\n      hall: reference to hall, optional, found exactly\n    keep: until the organiser deletes it\n"
             "  question:\n    belongs_to: session\n    holds:\n      title: text\n    keep: until the organiser deletes it\n"
             "  pass:\n    belongs_to: organiser\n    holds:\n      title: text\n      hall: reference to hall, optional, found exactly\n    keep: until the organiser deletes it\n"
             "  memo:\n    belongs_to: organiser\n    holds:\n      title: text\n    keep: until the organiser deletes it\nwho_sees:\n");
    bed_swap(&text, "organiser: everything of own event,", "organiser: everything of own hall, everything of own session, everything of own question, everything of own pass, everything of own memo, everything of own event,");
    bed_swap(&text, "agreement:", "access: none, read or write for each event and hall\nagreement:");
    bed_start(b, buf_str(&text));
}

/* ---- the table */
enum { EVENTS = 3, HALLS = 3, SESSIONS = 9, QUESTIONS = 8, PASSES = 5, MEMOS = 2, THINGS = EVENTS + HALLS + SESSIONS + QUESTIONS + PASSES + MEMOS };
struct thing { const char *kind; struct uuid id; int parent, hall; };
struct world { struct bed b; struct caller boss; struct thing list[THINGS]; size_t count; uint64_t seed; };

static size_t dice(struct world *w, size_t sides) {
    w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(w->seed >> 33) % sides;
}

static json_t *input_of(const struct world *w, const char *kind, int parent, const struct uuid *other_parent, int hall, const struct uuid *other_hall) {
    char id[UUID_TEXT];
    json_t *in = json_pack("{s:s}", "title", "x");
    if (strcmp(kind, "event") == 0)
        json_object_update_new(in, json_pack("{s:s,s:s}", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z"));
    const struct uuid *up = parent >= 0 ? &w->list[parent].id : other_parent, *in_hall = hall >= 0 ? &w->list[hall].id : other_hall;
    if (up != NULL)
        json_object_set_new(in, strcmp(kind, "session") == 0 ? "event" : "session", json_string(uuid_format(up, id)));
    if (in_hall != NULL)
        json_object_set_new(in, "hall", json_string(uuid_format(in_hall, id)));
    return in;
}

static void thing_add(struct world *w, const char *kind, int parent, int hall) {
    json_t *got = NULL;
    CHECK_OK(bed_make(&w->b, &w->boss, kind, input_of(w, kind, parent, NULL, hall, NULL), &got), &w->b.e);
    w->list[w->count++] = (struct thing){ kind, id_of(got), parent, hall };
    json_decref(got);
}

static int some_hall(struct world *w, bool or_none) { return or_none && dice(w, 4) == 0 ? -1 : EVENTS + (int)dice(w, HALLS); }

static void world_make(struct world *w) {
    *w = (struct world){ .seed = 11 };
    start(&w->b);
    w->boss = bed_role(&w->b, w->b.tenant, "organiser");
    for (int i = 0; i < EVENTS; i++)
        thing_add(w, "event", -1, -1);
    for (int i = 0; i < HALLS; i++)
        thing_add(w, "hall", -1, -1);
    for (int i = 0; i < SESSIONS; i++)
        thing_add(w, "session", (int)dice(w, EVENTS), some_hall(w, true));
    for (int i = 0; i < QUESTIONS; i++)
        thing_add(w, "question", EVENTS + HALLS + (int)dice(w, SESSIONS), -1);
    for (int i = 0; i < PASSES; i++)
        thing_add(w, "pass", -1, some_hall(w, true));
    for (int i = 0; i < MEMOS; i++)
        thing_add(w, "memo", -1, -1);
}

/* ---- the second implementation */
static bool under(const struct world *w, const struct thing *t, int named) {
    const struct thing *n = &w->list[named];
    return t == n || t->hall == named || (t->parent >= 0 && under(w, &w->list[t->parent], named));
}

/* levels[i]: of thing i, -1: not named. */
struct named { enum access_level all; int of[THINGS]; };
static enum access_level slow(const struct world *w, const struct named *l, const struct thing *t) {
    int least = LEVEL_WRITE, most = (int)l->all;
    bool any = false;
    for (int i = 0; i < THINGS; i++) {
        most = l->of[i] > most ? l->of[i] : most;
        if (l->of[i] >= 0 && under(w, t, i)) {
            any = true;
            least = l->of[i] < least ? l->of[i] : least;
        }
    }
    return (enum access_level)(strcmp(t->kind, "memo") == 0 ? most : any ? least : (int)l->all);
}

static void caller_with(struct world *w, const struct named *n, struct levels *l, struct level_of list[THINGS], struct caller *ret) {
    *l = (struct levels){ .all = n->all, .list = list };
    for (int i = 0; i < THINGS; i++)
        if (n->of[i] >= 0)
            list[l->count++] = (struct level_of){ charter_kind(w->b.charter, w->list[i].kind), w->list[i].id, (enum access_level)n->of[i] };
    *ret = w->boss;
    ret->levels = l;
    ret->account = (struct uuid){ { 5 } };
}

static struct named some_levels(struct world *w) {
    struct named n = { .all = dice(w, 2) == 0 ? LEVEL_NONE : (enum access_level)dice(w, 3) };
    for (int i = 0; i < THINGS; i++)
        n.of[i] = -1;
    for (size_t i = dice(w, 4); i > 0; i--)    /* of events and halls, and now and then of another record */
        n.of[dice(w, 8) == 0 ? dice(w, THINGS) : dice(w, EVENTS + HALLS)] = (int)dice(w, 3);
    return n;
}

/* ---- what they see */
static size_t seen_of(struct world *w, const struct named *n, const char *kind) {
    size_t count = 0;
    for (size_t i = 0; i < THINGS; i++)
        count += strcmp(w->list[i].kind, kind) == 0 && slow(w, n, &w->list[i]) >= LEVEL_READ;
    return count;
}

static void check_listed(struct world *w, const struct named *n, const json_t *items, const char *kind) {
    size_t i;
    json_t *one;
    json_array_foreach(items, i, one)
        for (size_t t = 0; t < THINGS; t++) {
            struct uuid id = id_of(one);
            CHECK(uuid_compare(&id, &w->list[t].id) != 0 || (strcmp(w->list[t].kind, kind) == 0 && slow(w, n, &w->list[t]) >= LEVEL_READ));
        }
}

/* Page by page, both ways round; in order, and each once. */
static void check_list(struct world *w, const struct named *n, const struct caller *who, const char *kind, bool down) {
    char cursor[2048] = "", last[UUID_TEXT] = "";
    size_t count = 0, i;
    json_t *one;
    do {
        json_t *page = NULL, *query = json_pack("{s:i,s:s*,s:s*}", "limit", 2, "sort", down ? "-created" : NULL, "cursor", cursor[0] != 0 ? cursor : NULL);
        enum code code = record_list(w->b.service, who, charter_kind(w->b.charter, kind), query, &page, &w->b.e);
        json_decref(query);
        if (code == E_NOT_FOUND) {
            CHECK_INT(seen_of(w, n, kind), 0);
            return;
        }
        CHECK_OK(code, &w->b.e);
        check_listed(w, n, json_object_get(page, "items"), kind);
        json_array_foreach(json_object_get(page, "items"), i, one) {
            const char *id = text_at(one, "id", NULL);
            CHECK(last[0] == 0 || (down ? strcmp(id, last) < 0 : strcmp(id, last) > 0));
            snprintf(last, sizeof last, "%s", id);
            count++;
        }
        snprintf(cursor, sizeof cursor, "%s", text_at(page, "next", NULL) == NULL ? "" : text_at(page, "next", NULL));
        json_decref(page);
    } while (cursor[0] != 0);
    CHECK_INT(count, seen_of(w, n, kind));
}

static void check_search(struct world *w, const struct named *n, const struct caller *who, const char *kind) {
    json_t *page = NULL, *query = json_pack("{s:{s:{s:s}}}", "where", "title", "contains", "x");
    enum code code = record_search(w->b.service, who, charter_kind(w->b.charter, kind), query, &page, &w->b.e);
    json_decref(query);
    CHECK(code == OK || (code == E_NOT_FOUND && seen_of(w, n, kind) == 0));
    CHECK_INT(json_array_size(json_object_get(page, "items")), seen_of(w, n, kind));
    json_decref(page);
}

static void check_changes(struct world *w, const struct named *n, const struct caller *who) {
    json_t *list = NULL, *one;
    int64_t after = 0;
    bool end = false;
    size_t i, want = 0;
    CHECK_OK(record_changes(w->b.service, who, &after, 1000, NULL, &end, &list, &w->b.e), &w->b.e);
    for (size_t t = 0; t < THINGS; t++)
        want += slow(w, n, &w->list[t]) >= LEVEL_READ;
    bool hides = n->all < LEVEL_READ;
    for (size_t t = 0; t < THINGS; t++)
        hides = hides || n->of[t] == LEVEL_NONE;
    size_t got = 0;
    json_array_foreach(list, i, one) {
        got += !json_is_true(json_object_get(one, "erased"));
        CHECK(!hides || !json_is_true(json_object_get(one, "erased")) || strcmp(text_at(one, "kind", NULL), "memo") == 0);
    }
    CHECK(end);
    CHECK_INT(got, want);
    json_decref(list);
}

static bool count_bytes(void *arg, const void *bytes, size_t len) {
    for (size_t i = 0; i < len; i++)
        *(size_t *)arg += ((const char *)bytes)[i] == '\n';
    return true;
}

static void check_reads(struct world *w, const struct named *n, const struct caller *who) {
    static const char *const kinds[] = { "event", "hall", "session", "question", "pass", "memo" };
    for (size_t t = 0; t < THINGS; t++) {
        json_t *got = NULL;
        enum code code = bed_read(&w->b, who, w->list[t].kind, &w->list[t].id, &got);
        CHECK(code == (slow(w, n, &w->list[t]) >= LEVEL_READ ? OK : E_NOT_FOUND));
        json_decref(got);
    }
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        size_t lines = 0;
        check_list(w, n, who, kinds[k], false);
        check_list(w, n, who, kinds[k], true);
        check_search(w, n, who, kinds[k]);
        struct sink out = { count_bytes, &lines };
        enum code code = records_export(w->b.service, who, charter_kind(w->b.charter, kinds[k]), FORMAT_NDJSON, NULL, NULL, &out, &w->b.e);
        CHECK(code == OK || (code == E_NOT_FOUND && seen_of(w, n, kinds[k]) == 0));
        CHECK_INT(lines, seen_of(w, n, kinds[k]));
    }
    check_changes(w, n, who);
}

/* ---- what they write */
static void check_change(struct world *w, const struct named *n, const struct caller *who, const struct thing *t) {
    static int turn;
    char text[32];
    json_t *got = NULL;
    enum access_level level = slow(w, n, t);
    snprintf(text, sizeof text, "x%d", turn++);
    enum code code = bed_change(&w->b, who, t->kind, &t->id, -1, json_pack("{s:s}", "title", text), &got);
    CHECK(code == (level == LEVEL_NONE ? E_NOT_FOUND : level == LEVEL_READ ? E_FIELDS : OK));
    json_decref(got);
}

static char *refusal(struct world *w, const struct caller *who, const char *kind, json_t *in, enum code *ret_code, struct uuid *ret_id) {
    json_t *got = NULL;
    *ret_code = bed_make(&w->b, who, kind, in, &got);
    if (*ret_code == OK)
        *ret_id = id_of(got);
    char *text = got == NULL || *ret_code == OK ? strdup(w->b.e.text) : json_dumps(got, JSON_SORT_KEYS);
    json_decref(got);
    return text;
}

/* A session of that event in that hall, or none of either. What is hidden answers like what is not there. */
static void check_create(struct world *w, const struct named *n, const struct caller *who, int event, int hall) {
    const struct uuid nowhere = uuid_new();
    struct thing t = { .kind = "session", .parent = event, .hall = hall };
    bool hidden_event = slow(w, n, &w->list[event]) < LEVEL_READ, hidden_hall = hall >= 0 && slow(w, n, &w->list[hall]) < LEVEL_READ;
    enum code code, as;
    json_t *gone = NULL;
    struct uuid made;
    char *text = refusal(w, who, "session", input_of(w, "session", event, NULL, hall, NULL), &code, &made);
    if (!policy_kind(w->b.charter, who, charter_kind(w->b.charter, "session"), V_CREATE).any)
        CHECK(code == E_FORBIDDEN || code == E_NOT_FOUND);
    else if (hidden_event || hidden_hall) {
        char *like = refusal(w, who, "session", input_of(w, "session", hidden_event ? -1 : event, hidden_event ? &nowhere : NULL, hidden_hall ? -1 : hall, hidden_hall ? &nowhere : NULL), &as, &made);
        CHECK(code == E_FIELDS && as == E_FIELDS);
        CHECK_TEXT(text, like);
        free(like);
    } else
        CHECK(code == (slow(w, n, &t) >= LEVEL_WRITE ? OK : E_FORBIDDEN));
    free(text);
    if (code == OK) {
        CHECK_OK(bed_erase(&w->b, &w->boss, "session", &made, &gone), &w->b.e);
        json_decref(gone);
    }
}

/* The pass moves to another hall: both the old and the new place count. */
static void check_move(struct world *w, const struct named *n, const struct caller *who, struct thing *t, int hall) {
    struct thing then = *t;
    char id[UUID_TEXT];
    json_t *got = NULL;
    enum access_level before = slow(w, n, t);
    then.hall = hall;
    if (hall == t->hall)
        return;
    enum code code = bed_change(&w->b, who, t->kind, &t->id, -1, json_pack("{s:o}", "hall", hall < 0 ? json_null() : json_string(uuid_format(&w->list[hall].id, id))), &got);
    json_decref(got);
    if (before < LEVEL_WRITE)
        CHECK(code == (before < LEVEL_READ ? E_NOT_FOUND : E_FIELDS));
    else if (hall >= 0 && slow(w, n, &w->list[hall]) < LEVEL_READ)
        CHECK(code == E_FIELDS);
    else
        CHECK(code == (slow(w, n, &then) >= LEVEL_WRITE ? OK : E_FORBIDDEN));
    if (code == OK)
        t->hall = hall;
}

TEST(levels_hold_everywhere) {
    static struct world w;
    world_make(&w);
    for (int round = 0; round < 40; round++) {
        struct level_of list[THINGS];
        struct named n = some_levels(&w);
        struct levels l;
        struct caller who;
        caller_with(&w, &n, &l, list, &who);
        check_reads(&w, &n, &who);
        for (int i = 0; i < 4; i++) {
            check_change(&w, &n, &who, &w.list[dice(&w, THINGS)]);
            check_create(&w, &n, &who, (int)dice(&w, EVENTS), some_hall(&w, true));
            check_move(&w, &n, &who, &w.list[THINGS - MEMOS - 1 - (int)dice(&w, PASSES)], some_hall(&w, true));
            check_move(&w, &n, &who, &w.list[EVENTS + HALLS + (int)dice(&w, SESSIONS)], some_hall(&w, true));
        }
    }
    bed_end(&w.b);
}

/* ---- what else would tell or take */
static struct named with(enum access_level all, int a, int level_a, int b, int level_b) {
    struct named n = { .all = all };
    for (int i = 0; i < THINGS; i++)
        n.of[i] = i == a ? level_a : i == b ? level_b : -1;
    return n;
}

TEST(an_erasure_takes_nothing_that_a_level_keeps) {
    static struct world w;
    struct level_of list[THINGS];
    struct levels l;
    struct caller who;
    json_t *got = NULL;
    world_make(&w);
    struct named n = with(LEVEL_WRITE, EVENTS, LEVEL_NONE, -1, 0);        /* a hall is hidden: a session of any event might stand there */
    caller_with(&w, &n, &l, list, &who);
    CHECK_CODE(bed_erase(&w.b, &who, "event", &w.list[0].id, &got), E_FORBIDDEN, &w.b.e);
    CHECK_CODE(bed_erase(&w.b, &who, "hall", &w.list[EVENTS].id, &got), E_NOT_FOUND, &w.b.e);
    CHECK_OK(bed_erase(&w.b, &who, "memo", &w.list[THINGS - 1].id, &got), &w.b.e);
    json_decref(got);
    CHECK_CODE(bed_read(&w.b, &who, "memo", &w.list[THINGS - 1].id, &got), E_GONE, &w.b.e);       /* no level hides memos */
    n = with(LEVEL_NONE, 0, LEVEL_WRITE, 1, LEVEL_READ);
    caller_with(&w, &n, &l, list, &who);
    CHECK_CODE(bed_erase(&w.b, &who, "event", &w.list[1].id, &got), E_FORBIDDEN, &w.b.e);
    CHECK_OK(bed_erase(&w.b, &who, "event", &w.list[0].id, &got), &w.b.e);
    json_decref(got);
    CHECK_CODE(bed_read(&w.b, &who, "event", &w.list[0].id, &got), E_NOT_FOUND, &w.b.e);          /* that there was one is no business of it now */
    CHECK_CODE(bed_read(&w.b, &w.boss, "event", &w.list[0].id, &got), E_GONE, &w.b.e);
    bed_end(&w.b);
}

TEST(a_stored_reply_ends_with_the_level_and_belongs_to_its_account) {
    static struct world w;
    struct level_of list[THINGS];
    struct levels l;
    struct caller who;
    json_t *got = NULL, *mistakes = NULL;
    world_make(&w);
    struct named n = with(LEVEL_NONE, 0, LEVEL_WRITE, -1, 0), less = with(LEVEL_NONE, 1, LEVEL_WRITE, -1, 0);
    caller_with(&w, &n, &l, list, &who);
    json_t *in = input_of(&w, "session", 0, NULL, -1, NULL);
    struct record_request r = { .who = &who, .kind = charter_kind(w.b.charter, "session"), .input = in, .if_match = -1, .idempotency = "one" };
    CHECK_OK(record_create(w.b.service, &r, &got, &mistakes, &w.b.e), &w.b.e);
    struct uuid first = id_of(got), again, others;
    json_decref(got);
    CHECK_OK(record_create(w.b.service, &r, &got, &mistakes, &w.b.e), &w.b.e);
    again = id_of(got);
    json_decref(got);
    CHECK(uuid_compare(&first, &again) == 0);
    who.account = (struct uuid){ { 6 } };      /* another account chose the same key */
    CHECK_OK(record_create(w.b.service, &r, &got, &mistakes, &w.b.e), &w.b.e);
    others = id_of(got);
    json_decref(got);
    CHECK(uuid_compare(&first, &others) != 0);
    caller_with(&w, &less, &l, list, &who);
    CHECK_CODE(record_create(w.b.service, &r, &got, &mistakes, &w.b.e), E_NOT_FOUND, &w.b.e);
    json_decref(in);
    bed_end(&w.b);
}

struct lines { const char *text; size_t at; };
static ssize_t give(void *arg, void *ret, size_t room) {
    struct lines *l = arg;
    size_t n = strlen(l->text) - l->at;
    n = n < room ? n : room;
    memcpy(ret, l->text + l->at, n);
    l->at += n;
    return (ssize_t)n;
}
static bool keep(void *arg, const void *bytes, size_t len) {
    buf_add(arg, bytes, len);
    return true;
}

TEST(an_import_writes_where_the_level_reaches) {
    static struct world w;
    struct level_of list[THINGS];
    struct levels l;
    struct caller who;
    char text[1024], a[UUID_TEXT], b[UUID_TEXT], c[UUID_TEXT], d[UUID_TEXT];
    AUTO(buf_done) struct buf said = BUF(1 << 16);
    world_make(&w);
    struct named n = with(LEVEL_NONE, 0, LEVEL_WRITE, 1, LEVEL_READ);
    struct uuid nowhere = uuid_new();
    caller_with(&w, &n, &l, list, &who);
    snprintf(text, sizeof text, "title,event\r\na,%s\r\nb,%s\r\nc,%s\r\nd,%s\r\ne,%s\r\n", uuid_format(&w.list[0].id, a), uuid_format(&w.list[1].id, b), uuid_format(&w.list[2].id, c),
             uuid_format(&nowhere, d), a);
    struct lines in = { text, 0 };
    CHECK_OK(records_import(w.b.service, &who, charter_kind(w.b.charter, "session"), FORMAT_CSV, NULL, &(struct source){ give, &in }, &(struct sink){ keep, &said }, &w.b.e), &w.b.e);
    CHECK(strstr(buf_str(&said), "{\"made\":2,\"refused\":3}") != NULL);
    const char *hidden = strstr(buf_str(&said), "{\"line\":4,"), *missing = strstr(buf_str(&said), "{\"line\":5,");
    CHECK(hidden != NULL && missing != NULL && strstr(buf_str(&said), "{\"line\":3,") != NULL);
    size_t len = strcspn(hidden + 10, "\n");
    CHECK(len == strcspn(missing + 10, "\n") && strncmp(hidden + 10, missing + 10, len) == 0);
    bed_end(&w.b);
}

/* ---- the ways of a list */
TEST(a_level_on_few_records_leads_to_them) {
    static struct world w;
    struct level_of list[THINGS];
    struct levels l;
    struct caller who;
    struct roots r;
    world_make(&w);
    struct named n = with(LEVEL_NONE, 0, LEVEL_READ, EVENTS, LEVEL_WRITE), wide = with(LEVEL_READ, 0, LEVEL_WRITE, -1, 0);
    caller_with(&w, &n, &l, list, &who);
    static const struct { const char *kind; bool want, indexed; size_t count; } row[] = {
        { "event", true, false, 1 }, { "registration", true, false, 1 }, { "session", true, true, 2 }, { "pass", true, true, 1 }, { "hall", true, false, 1 },
        { "question", false, false, 0 }, { "memo", false, false, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        CHECK(roots_of(w.b.service, &who, service_kind(w.b.service, charter_kind(w.b.charter, row[i].kind)), &r) == row[i].want);
        CHECK(!row[i].want || (r.count == row[i].count && r.indexed == row[i].indexed));
    }
    caller_with(&w, &wide, &l, list, &who);
    CHECK(!roots_of(w.b.service, &who, service_kind(w.b.service, charter_kind(w.b.charter, "session")), &r));
    CHECK(!roots_of(w.b.service, &w.boss, service_kind(w.b.service, charter_kind(w.b.charter, "session")), &r));
    bed_end(&w.b);
}
