/* copies_test.c — a copy needs its right, two people and its day, leaves once, bears its mark, and comes in again without it. */
#include "records/copies.c"

#include <pthread.h>

#include "records/testbed.h"
#include "records/testcharters.h"

static void copies_start(struct bed *b, const char *line) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    buf_text(&text, events_charter);
    buf_text(&text, line);
    bed_start(b, buf_str(&text));
}
#define TWO "copies: at most 1 a day, approved by two people, watermarked\n"

static struct caller person(const struct bed *b, uint8_t n) {
    struct caller c = bed_role(b, b->tenant, "organiser");
    c.by_session = true;
    c.account = (struct uuid){ { n, 0, 0, 0, 0, 0, 0x70, 0, 0x80 } };
    return c;
}

static struct uuid guests_make(struct bed *b, const struct caller *boss, int n) {
    json_t *got = NULL;
    char mail[64], parent[UUID_TEXT];
    CHECK_OK(bed_make(b, boss, "event", json_pack("{s:s, s:s, s:s}", "title", "Bal", "starts", "2099-01-01T10:00:00Z", "ends", "2099-01-01T20:00:00Z"), &got), &b->e);
    struct uuid event = id_of(got);
    json_decref(got);
    for (int i = 0; i < n; i++) {
        snprintf(mail, sizeof mail, "guest%d@people.example", i);
        CHECK_OK(bed_make(b, boss, "registration", json_pack("{s:s, s:s, s:s}", "event", uuid_format(&event, parent), "name", "Ewa", "email", mail), &got), &b->e);
        json_decref(got);
    }
    return event;
}

static int kind_of(const struct bed *b) { return charter_kind(b->charter, "registration"); }

static enum code ask(struct bed *b, const struct caller *who, enum stream_format format, int64_t *ret) {
    json_t *got = NULL;
    enum code code = copy_ask(b->service, who, &(struct copy_wish){ .kind = kind_of(b), .format = format, .why = "moving house" }, &got, &b->e);
    if (code == OK)
        *ret = json_integer_value(json_object_get(got, "number"));
    json_decref(got);
    return code;
}

static enum code approve(struct bed *b, const struct caller *who, int64_t number, const char *state) {
    json_t *got = NULL;
    enum code code = copy_approve(b->service, who, number, &got, &b->e);
    if (code == OK)
        CHECK_TEXT(text_at(got, "state", NULL), state);
    json_decref(got);
    return code;
}

static enum code take(struct bed *b, const struct caller *who, int64_t number) {
    AUTO(copy_taken_done) struct copy_taken c = { 0 };
    return copy_take(b->service, who, number, kind_of(b), &c, &b->e);
}

TEST(a_copy_needs_its_right) {
    struct bed b;
    copies_start(&b, TWO);
    struct caller owner = bed_role(&b, b.tenant, "organiser"), door = bed_role(&b, b.tenant, "door"), named = door, reader = owner;
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    struct scope *may = NULL, *kinds = NULL, *reads = NULL;
    CHECK_OK(scope_read("{\"verbs\": [\"read\", \"export\"]}", b.charter, true, arena, &may, &b.e), &b.e);
    CHECK_OK(scope_read("{\"kinds\": [\"registration\"]}", b.charter, true, arena, &kinds, &b.e), &b.e);
    CHECK_OK(scope_read("{\"verbs\": [\"read\"]}", b.charter, true, arena, &reads, &b.e), &b.e);
    CHECK_OK(copy_right(b.service, &owner, kind_of(&b), &b.e), &b.e);
    CHECK_CODE(copy_right(b.service, &door, kind_of(&b), &b.e), E_FORBIDDEN, &b.e);
    named.scope = kinds;                      /* a scope that does not speak of verbs gives no right of its own */
    CHECK_CODE(copy_right(b.service, &named, kind_of(&b), &b.e), E_FORBIDDEN, &b.e);
    named.scope = may;
    CHECK_OK(copy_right(b.service, &named, kind_of(&b), &b.e), &b.e);
    named.account = uuid_new();               /* what a person writes into its own token is no right */
    CHECK_CODE(copy_right(b.service, &named, kind_of(&b), &b.e), E_FORBIDDEN, &b.e);
    reader.scope = reads;
    CHECK(copy_right(b.service, &reader, kind_of(&b), &b.e) != OK);
    bed_end(&b);
}

TEST(two_people_stand_behind_a_copy) {
    struct bed b;
    int64_t n = 0, anonymous = 0;
    copies_start(&b, TWO);
    struct caller anna = person(&b, 1), jan = person(&b, 2), ewa = person(&b, 3), nobody = bed_role(&b, b.tenant, "organiser"), tools = anna, stranger = jan;
    tools.by_session = false;                 /* a token of Anna's */
    tools.token = 9;
    stranger.tenant = b.other;
    CHECK_OK(ask(&b, &anna, FORMAT_NDJSON, &n), &b.e);
    CHECK_CODE(take(&b, &anna, n), E_CONFLICT, &b.e);
    CHECK_CODE(approve(&b, &anna, n, ""), E_FORBIDDEN, &b.e);
    CHECK_CODE(approve(&b, &tools, n, ""), E_FORBIDDEN, &b.e);             /* the same person */
    CHECK_CODE(approve(&b, &nobody, n, ""), E_FORBIDDEN, &b.e);            /* nobody's token */
    CHECK_CODE(approve(&b, &stranger, n, ""), E_NOT_FOUND, &b.e);
    CHECK_OK(approve(&b, &jan, n, "ready"), &b.e);
    CHECK_CODE(approve(&b, &ewa, n, ""), E_CONFLICT, &b.e);
    CHECK_CODE(take(&b, &jan, n), E_FORBIDDEN, &b.e);                      /* by whoever asked */
    CHECK_OK(take(&b, &tools, n), &b.e);
    CHECK_CODE(take(&b, &anna, n), E_GONE, &b.e);                          /* once */
    CHECK_OK(ask(&b, &nobody, FORMAT_NDJSON, &anonymous), &b.e);           /* who asks counts as nobody: two others are needed */
    CHECK_OK(approve(&b, &jan, anonymous, "asked"), &b.e);
    CHECK_CODE(approve(&b, &jan, anonymous, ""), E_CONFLICT, &b.e);
    CHECK_OK(approve(&b, &ewa, anonymous, "ready"), &b.e);
    CHECK_CODE(take(&b, &nobody, anonymous), E_TOO_MANY, &b.e);            /* one a day */
    bed_end(&b);
}

struct taker { struct bed *b; struct caller who; int64_t number; enum code code; };
static void *taker_main(void *arg) {
    struct taker *t = arg;
    AUTO(copy_taken_done) struct copy_taken c = { 0 };
    struct err e;
    t->code = copy_take(t->b->service, &t->who, t->number, kind_of(t->b), &c, &e);
    return NULL;
}

TEST(the_day_is_counted_exactly) {
    struct bed b;
    struct taker takers[8];
    pthread_t threads[8];
    size_t taken = 0, refused = 0;
    copies_start(&b, "copies: at most 3 a day, approved by two people\n");
    struct caller jan = person(&b, 2);
    for (size_t i = 0; i < 8; i++) {
        takers[i] = (struct taker){ .b = &b, .who = person(&b, (uint8_t)(10 + i)) };
        CHECK_OK(ask(&b, &takers[i].who, FORMAT_CSV, &takers[i].number), &b.e);
        CHECK_OK(approve(&b, &jan, takers[i].number, "ready"), &b.e);
    }
    for (size_t i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, taker_main, &takers[i]) == 0);
    for (size_t i = 0; i < 8; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        taken += takers[i].code == OK;
        refused += takers[i].code == E_TOO_MANY;
    }
    CHECK(taken == 3 && refused == 5);
    json_t *list = NULL;
    CHECK_OK(copies_told(b.service, &jan, INT64_MAX, &list, &b.e), &b.e);
    CHECK_INT(json_array_size(json_object_get(list, "items")), 8);
    json_decref(list);
    bed_end(&b);
}

struct text { struct buf buf; size_t at; };
static bool text_write(void *arg, const void *bytes, size_t len) {
    buf_add(&((struct text *)arg)->buf, bytes, len);
    return true;
}
static ssize_t text_read(void *arg, void *ret, size_t room) {
    struct text *t = arg;
    size_t n = t->buf.len - t->at < room ? t->buf.len - t->at : room;
    memcpy(ret, t->buf.data + t->at, n);
    t->at += n;
    return (ssize_t)n;
}

TEST(a_copy_bears_its_mark_and_comes_in_again) {
    for (int format = FORMAT_NDJSON; format <= FORMAT_CSV; format++) {
        struct bed b;
        struct text file = { .buf = BUF(1u << 20) }, said = { .buf = BUF(1u << 20) };
        AUTO(copy_taken_done) struct copy_taken c = { 0 };
        int64_t n = 0;
        uint64_t count = 0;
        copies_start(&b, TWO);
        struct caller anna = person(&b, 1), jan = person(&b, 2);
        guests_make(&b, &anna, 5);
        CHECK_OK(ask(&b, &anna, (enum stream_format)format, &n), &b.e);
        CHECK_OK(approve(&b, &jan, n, "ready"), &b.e);
        CHECK_CODE(copy_take(b.service, &anna, n, charter_kind(b.charter, "invoice"), &c, &b.e), E_NOT_FOUND, &b.e);
        CHECK_OK(copy_take(b.service, &anna, n, kind_of(&b), &c, &b.e), &b.e);
        CHECK(c.mark != NULL && copy_is_mark(c.mark, strlen(c.mark)) && strstr(c.mark, "\"number\":1") != NULL && strstr(c.mark, "running the event") != NULL);
        CHECK_OK(records_copy(b.service, &anna, kind_of(&b), c.format, c.query, &c, &count, NULL, &(struct sink){ text_write, &file }, &b.e), &b.e);
        CHECK_INT(count, 5);
        CHECK_OK(copy_given(b.service, &anna, n, count, &b.e), &b.e);
        const char *text = buf_str(&file.buf);
        CHECK(format == FORMAT_CSV ? strncmp(text, "id,", 3) == 0 && strstr(text, "{\"\"copy\"\":{") != NULL : strncmp(text, "{\"copy\":{", 9) == 0);
        CHECK_OK(records_import(b.service, &anna, kind_of(&b), (enum stream_format)format, NULL, &(struct source){ text_read, &file }, &(struct sink){ text_write, &said }, &b.e), &b.e);
        /* the same ids and addresses are refused, row by row; the mark is none of the rows */
        CHECK(strstr(buf_str(&said.buf), "\"refused\":5") != NULL && strstr(buf_str(&said.buf), "\"made\":0") != NULL);
        buf_done(&file.buf);
        buf_done(&said.buf);
        bed_end(&b);
    }
}

TEST(what_was_asked_for_is_sealed_and_goes) {
    struct bed b;
    json_t *got = NULL, *query = json_pack("{s:{s:s}}", "where", "email", "guest@people.example");
    copies_start(&b, TWO);
    struct caller anna = person(&b, 1), jan = person(&b, 2);
    CHECK_OK(copy_ask(b.service, &anna, &(struct copy_wish){ .kind = kind_of(&b), .query = query, .why = "she asked for it" }, &got, &b.e), &b.e);
    CHECK_TEXT(text_at(got, "why", NULL), "she asked for it");
    json_decref(got);
    CHECK_OK(copies_told(b.service, &jan, INT64_MAX, &got, &b.e), &b.e);
    const json_t *one = json_array_get(json_object_get(got, "items"), 0);
    CHECK(json_equal(json_object_get(one, "query"), query));               /* whoever approves sees what for */
    json_decref(got);
    CHECK_OK(approve(&b, &jan, 1, "ready"), &b.e);
    CHECK_OK(take(&b, &anna, 1), &b.e);
    CHECK_OK(copies_told(b.service, &jan, INT64_MAX, &got, &b.e), &b.e);
    one = json_array_get(json_object_get(got, "items"), 0);
    CHECK(json_object_get(one, "query") == NULL && json_object_get(one, "why") == NULL);
    CHECK_TEXT(text_at(one, "state", NULL), "taken");
    json_decref(got);
    json_decref(query);
    bed_end(&b);
}
