/* telling_test.c — what is told, in which order and under which name; what a peer's answer leads to; what never leaves. */
#include "messages/telling.c"

#include "records/looks.h"
#include "records/reads.h"
#include "records/agedbed.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "records/walks.h"

#define SIGNED_ONE "v1=3c2a43f6f69d57ddfe8e506b006b338393c7a8c400e77c5f191ba17e15763c74"

#define AT_ONCE_MOST 64
struct got { char body[2048], delivery[64], sign[256], stamp[32]; bool repeat; };
struct hookpeer { int status; enum code code; const char *said; struct got got[AT_ONCE_MOST]; size_t count; struct bed *b; void (*before)(struct hookpeer *p) /* while it is asked */; int64_t number; };

static enum code peer_fetch(void *arg, const struct fetch_request *r, struct fetch_reply *ret, struct err *e) {
    struct hookpeer *p = arg;
    CHECK(p->count < ARRAY_LEN(p->got) && r->use == FOR_WEBHOOKS && strcmp(r->method, "POST") == 0 && r->wait_ms == TELLING_WAIT_MS);
    struct got *g = &p->got[p->count++];
    snprintf(g->body, sizeof g->body, "%.*s", (int)r->body_len, (const char *)r->body);
    for (size_t i = 0; i < r->header_count; i++) {
        if (strcmp(r->headers[i].name, "Sejf-Delivery") == 0)
            snprintf(g->delivery, sizeof g->delivery, "%s", r->headers[i].value);
        if (strcmp(r->headers[i].name, "Sejf-Signature") == 0)
            snprintf(g->sign, sizeof g->sign, "%s", r->headers[i].value);
        if (strcmp(r->headers[i].name, "Sejf-Timestamp") == 0)
            snprintf(g->stamp, sizeof g->stamp, "%s", r->headers[i].value);
        g->repeat = g->repeat || strcmp(r->headers[i].name, "Sejf-Repeat") == 0;
    }
    if (p->before != NULL)
        p->before(p);
    if (p->code != OK)
        return err_set(e, p->code, "nobody answers");
    ret->status = p->status;
    buf_text(&ret->body, p->said == NULL ? "" : p->said);
    return OK;
}

static struct service *peer_service(void *arg, int64_t tenant UNUSED) { return ((struct hookpeer *)arg)->b->service; }
static bool never(void *arg UNUSED) { return false; }

struct scene { struct bed b; struct hookpeer peer; struct telling t; struct caller who; struct uuid event; };

static const char processor[] = "processors:\n  - name: ERP\n    for: planning\n    sees: names\n    fields: name, status of registration, title of event\n    hosts: [hooks.example]\n    in: PL\n"
                                "    agreement: 2026-01-01 to 2099-12-31\n";

static struct uuid make(struct scene *s, const char *kind, json_t *fields) {
    json_t *made = NULL;
    CHECK_OK(bed_make(&s->b, &s->who, kind, fields, &made), &s->b.e);
    struct uuid id = id_of(made);
    json_decref(made);
    return id;
}
static struct uuid register_one(struct scene *s, int i) {
    char id[UUID_TEXT], email[64];
    snprintf(email, sizeof email, "anna.%d@people.example", i);
    return make(s, "registration", json_pack("{s:s, s:s, s:s}", "event", uuid_format(&s->event, id), "name", "Anna Zawilska", "email", email));
}
static int64_t hook_make(struct scene *s, const char *url, json_t *kinds) {
    const struct webhook_places any = { NULL, 0, true };
    const struct webhook_maker m = { s->b.service, &s->who, &any };
    json_t *in = json_pack("{s:s, s:o}", "url", url, "kinds", kinds), *made = NULL, *mistakes = NULL;
    CHECK_OK(webhook_make(&m, in, &made, &mistakes, &s->b.e), &s->b.e);
    int64_t number = json_integer_value(json_object_get(made, "number"));
    json_decref(in);
    json_decref(made);
    return number;
}
static enum telling_end run(struct scene *s, int64_t number) {
    struct telling_turn turn;
    CHECK_OK(telling_run(&s->t, s->b.tenant, number, never, NULL, &turn, &s->b.e), &s->b.e);
    return turn.end;
}
static void begin_with(struct scene *s, const char *more) {
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    *s = (struct scene){ .peer = { .status = 204 } };
    buf_text(&text, events_charter);
    buf_text(&text, processor);
    buf_text(&text, more);
    bed_start(&s->b, buf_str(&text));
    s->peer.b = &s->b;
    s->t = (struct telling){ .store = s->b.store, .way = { .places = { NULL, 0, true }, .fetch = peer_fetch, .arg = &s->peer, .hand_arg = &s->peer }, .service_of = peer_service, .arg = &s->peer };
    s->who = bed_role(&s->b, s->b.tenant, "organiser");
    s->event = make(s, "event", json_pack("{s:s, s:s, s:s}", "title", "Regatta", "starts", "2027-06-01T10:00:00Z", "ends", "2027-06-01T18:00:00Z"));
}
static void begin(struct scene *s) { begin_with(s, ""); }
static json_t *body(const struct scene *s, size_t i) {
    json_t *o = json_loads(s->peer.got[i].body, 0, NULL);
    CHECK(o != NULL);
    return o;
}

static enum code row_read(struct bed *b, int64_t number, struct webhook_row *ret, struct arena *arena) {
    AUTO(view_end) struct view *v = NULL;
    enum code code = store_view(b->store, b->tenant, &v, &b->e);
    return code == OK ? webhook_get(view_sql(v), number, ret, arena, &b->e) : code;
}

TEST(waits_grow_and_end_at_four_hours) {
    static const struct { int tries; usec_t middle; } rows[] = { { 1, 5 }, { 2, 10 }, { 3, 20 }, { 8, 640 }, { 12, 10240 }, { 13, 14400 }, { 900, 14400 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(telling_wait(rows[i].tries, 0) == rows[i].middle * USEC_PER_SEC / 4 * 3);
        CHECK(telling_wait(rows[i].tries, UINT32_MAX) == rows[i].middle * USEC_PER_SEC / 4 * 5);
        CHECK(telling_wait(rows[i].tries, UINT32_MAX) < WEBHOOK_AHEAD);
    }
}

TEST(signatures_can_be_made_by_anybody_with_the_secret) {
    static const char *const secrets[] = { "whsec_one", "whsec_two" };
    AUTO(buf_done) struct buf one = BUF(512), two = BUF(512);
    telling_sign(secrets, 1, 1700000000, "{\"a\":1}", 7, &one);      /* printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_one */
    CHECK_TEXT(buf_str(&one), SIGNED_ONE);
    telling_sign(secrets, 2, 1700000000, "{\"a\":1}", 7, &two);
    CHECK(strncmp(buf_str(&two), SIGNED_ONE ",v1=", strlen(SIGNED_ONE) + 4) == 0 && two.len == 2 * one.len + 1);
}

TEST(changes_are_told_in_their_order_with_what_the_host_may_have) {
    static struct scene s;
    begin(&s);
    int64_t near = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "registration")), far = hook_make(&s, "https://other.example/a", json_pack("[s, s]", "registration", "event"));
    CHECK(run(&s, near) == TELLING_DONE && s.peer.count == 0);
    struct uuid first = register_one(&s, 1), second = register_one(&s, 2);
    CHECK(run(&s, near) == TELLING_DONE && s.peer.count == 2);
    json_t *a = body(&s, 0), *b = body(&s, 1), *fields = json_object_get(a, "fields");
    char id[UUID_TEXT];
    CHECK_TEXT(text_at(a, "id", NULL), uuid_format(&first, id));
    CHECK_TEXT(text_at(b, "id", NULL), uuid_format(&second, id));
    CHECK_TEXT(text_at(a, "what", NULL), "created");
    CHECK(json_object_size(fields) == 2);
    CHECK_TEXT(text_at(fields, "name", NULL), "Anna Zawilska");
    CHECK_TEXT(text_at(a, "delivery", NULL), s.peer.got[0].delivery);
    CHECK(json_integer_value(json_object_get(a, "change")) < json_integer_value(json_object_get(b, "change")));
    json_decref(a);
    json_decref(b);
    CHECK(run(&s, far) == TELLING_DONE && s.peer.count == 4);
    CHECK(strstr(s.peer.got[2].body, "Zawilska") == NULL && strstr(s.peer.got[2].body, "fields") == NULL);
    bed_end(&s.b);
}

TEST(a_try_in_vain_has_its_name_again_and_carries_nothing_of_what_was_erased) {
    static struct scene s;
    begin(&s);
    int64_t number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "registration"));
    struct uuid one = register_one(&s, 1);
    json_t *ret = NULL;
    s.peer.status = 500;
    s.peer.said = "no Anna Zawilska, anna.1@people.example, +48600300400 here";
    CHECK(run(&s, number) == TELLING_WAITS && run(&s, number) == TELLING_WAITS && s.peer.count == 2);
    CHECK_TEXT(s.peer.got[1].delivery, s.peer.got[0].delivery);
    CHECK_OK(deliveries_told(s.b.service, s.b.tenant, number, INT64_MAX, 10, &ret, &s.b.e), &s.b.e);
    json_t *d = json_array_get(json_object_get(ret, "items"), 0);
    CHECK(json_integer_value(json_object_get(d, "tries")) == 2 && json_integer_value(json_object_get(d, "status")) == 500);
    CHECK_TEXT(text_at(d, "state", NULL), "failed");
    CHECK_TEXT(text_at(d, "said", NULL), "");      /* in whatever form it repeats what it was told, nothing of it is kept */
    json_decref(ret);
    CHECK_OK(bed_erase(&s.b, &s.who, "registration", &one, &ret), &s.b.e);
    json_decref(ret);
    s.peer.status = 204;
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 3);
    json_t *gone = body(&s, 2);
    CHECK_TEXT(text_at(gone, "what", NULL), "erased");
    CHECK(json_object_get(gone, "fields") == NULL);
    json_decref(gone);
    CHECK_OK(deliveries_told(s.b.service, s.b.tenant, number, INT64_MAX, 10, &ret, &s.b.e), &s.b.e);
    CHECK_TEXT(text_at(json_array_get(json_object_get(ret, "items"), 1), "state", NULL), "overtaken");       /* not left out in silence */
    json_decref(ret);
    bed_end(&s.b);
}

TEST(a_peer_that_has_gone_ends_it_and_one_that_never_answers_stops_it) {
    static struct scene s;
    begin(&s);
    int64_t number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "event")), other = hook_make(&s, "https://hooks.example/b", json_pack("[s]", "event"));
    make(&s, "event", json_pack("{s:s, s:s, s:s}", "title", "Second", "starts", "2027-06-01T10:00:00Z", "ends", "2027-06-01T18:00:00Z"));
    json_t *told = NULL;
    s.peer.status = 410;
    CHECK(run(&s, number) == TELLING_WAITS && run(&s, number) == TELLING_DONE && s.peer.count == 1);
    CHECK_OK(webhook_told(s.b.service, s.b.tenant, number, &told, &s.b.e), &s.b.e);
    CHECK_TEXT(text_at(told, "state", NULL), "ended");
    json_decref(told);
    s.peer.code = E_PEER;
    CHECK(run(&s, other) == TELLING_WAITS);
    s.peer.code = E_BUSY;
    CHECK(run(&s, other) == TELLING_BUSY);
    CHECK_OK(webhook_told(s.b.service, s.b.tenant, other, &told, &s.b.e), &s.b.e);
    CHECK(json_integer_value(json_object_get(told, "tries")) == 1);          /* what the sender could not take is no try */
    json_decref(told);
    s.peer.code = OK;
    s.peer.status = 301;
    CHECK(run(&s, other) == TELLING_WAITS);
    bed_end(&s.b);
}

TEST(what_is_not_of_its_kinds_is_passed_over) {
    static struct scene s;
    begin(&s);
    int64_t number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "invoice"));
    for (int i = 0; i < 20; i++)
        register_one(&s, i);
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 0);
    json_t *told = NULL;
    CHECK_OK(webhook_told(s.b.service, s.b.tenant, number, &told, &s.b.e), &s.b.e);
    CHECK(json_integer_value(json_object_get(told, "reached")) >= 21);
    json_decref(told);
    bed_end(&s.b);
}

TEST(by_hand) {
    static struct scene s;
    begin(&s);
    int64_t number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "registration"));
    register_one(&s, 1);
    json_t *said = NULL;
    struct uuid name;
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 1 && uuid_parse(s.peer.got[0].delivery, &name));
    CHECK_OK(telling_repeat(&s.t, s.b.service, s.b.tenant, number, &name, &said, &s.b.e), &s.b.e);
    CHECK(json_is_true(json_object_get(said, "delivered")) && s.peer.got[1].repeat);
    CHECK_TEXT(s.peer.got[1].delivery, s.peer.got[0].delivery);
    json_decref(said);
    s.peer.status = 500;
    s.peer.said = "no Anna Zawilska, anna.1@people.example, +48600300400 here";
    CHECK_OK(telling_repeat(&s.t, s.b.service, s.b.tenant, number, &name, &said, &s.b.e), &s.b.e);
    CHECK(json_is_false(json_object_get(said, "delivered")));
    const char *words = text_at(said, "said", NULL);           /* shown to whoever asked, masked */
    CHECK(strstr(words, "Zawilska") == NULL && strstr(words, "anna.1") == NULL && strstr(words, "600300400") == NULL && strncmp(words, "no *", 4) == 0);
    json_decref(said);
    s.peer.status = 204;
    s.peer.count--;
    CHECK(telling_repeat(&s.t, s.b.service, s.b.other, number, &name, &said, &s.b.e) == E_NOT_FOUND);
    name.bytes[0] ^= 1;
    CHECK(telling_repeat(&s.t, s.b.service, s.b.tenant, number, &name, &said, &s.b.e) == E_NOT_FOUND);
    CHECK_OK(telling_test(&s.t, s.b.service, s.b.tenant, number, &said, &s.b.e), &s.b.e);
    CHECK(strstr(s.peer.got[2].body, "\"what\":\"test\"") != NULL && strstr(s.peer.got[2].body, "kind") == NULL);
    json_decref(said);
    bed_end(&s.b);
}

static int letters_asked;
static enum code letters_none(void *arg UNUSED, struct service *s UNUSED, int64_t tenant UNUSED, const struct hook *h, enum webhook_state state, struct post_ready **ret UNUSED, size_t *ret_count UNUSED,
                              struct err *e UNUSED) {
    CHECK(state == WEBHOOK_STOPPED);
    CHECK_TEXT(h->to.host, "hooks.example");
    letters_asked++;
    return OK;
}
static enum code age_write(struct txn *t, void *arg, struct err *e) {
    struct webhook_row *row = arg;
    row->failed = txn_ran(t) - GIVEN_UP - 1;
    return webhook_set(t, row, 0, e);
}

TEST(three_days_in_vain_stop_it_somebody_is_told_and_it_goes_on_where_it_stood) {
    static struct scene s;
    begin(&s);
    int64_t number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "registration"));
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct webhook_row row;
    json_t *told = NULL, *mistakes = NULL;
    register_one(&s, 1);
    s.t.letters = letters_none;
    s.peer.status = 500;
    letters_asked = 0;
    CHECK(run(&s, number) == TELLING_WAITS && letters_asked == 0);
    CHECK_OK(row_read(&s.b, number, &row, arena), &s.b.e);
    CHECK(row.tries == 1 && row.failed > 0);
    CHECK_OK(store_write(s.b.store, s.b.tenant, age_write, &row, &s.b.e), &s.b.e);
    CHECK(run(&s, number) == TELLING_WAITS && letters_asked == 1 && s.peer.count == 2);
    CHECK_OK(webhook_told(s.b.service, s.b.tenant, number, &told, &s.b.e), &s.b.e);
    CHECK_TEXT(text_at(told, "state", NULL), "stopped");
    json_decref(told);
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 2);
    register_one(&s, 2);
    const struct webhook_places any = { NULL, 0, true };
    const struct webhook_maker m = { s.b.service, &s.who, &any };
    json_t *in = json_pack("{s:s}", "state", "on");
    CHECK_OK(webhook_change(&m, number, in, &told, &mistakes, &s.b.e), &s.b.e);
    CHECK(json_integer_value(json_object_get(told, "tries")) == 0);
    json_decref(told);
    json_decref(in);
    s.peer.status = 204;
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 4);
    CHECK_TEXT(s.peer.got[2].delivery, s.peer.got[0].delivery);
    bed_end(&s.b);
}

/* ---- what the charter says now */

static const char later[] = "used_for: [sending offers]";
TEST(a_purpose_that_the_charter_does_not_know_any_more_tells_no_fields) {
    static struct scene s;
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    begin(&s);
    const struct webhook_places any = { NULL, 0, true };
    const struct webhook_maker m = { s.b.service, &s.who, &any };
    json_t *in = json_pack("{s:s, s:[s], s:s}", "url", "https://hooks.example/a", "kinds", "registration", "purpose", "running the event"), *made = NULL, *mistakes = NULL;
    CHECK_OK(webhook_make(&m, in, &made, &mistakes, &s.b.e), &s.b.e);
    json_decref(in);
    int64_t number = json_integer_value(json_object_get(made, "number"));
    json_decref(made);
    register_one(&s, 1);
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 1 && strstr(s.peer.got[0].body, "Zawilska") != NULL);
    register_one(&s, 2);
    buf_text(&text, events_charter);
    buf_text(&text, processor);
    bed_swap(&text, "used_for: [running the event]", later);
    bed_under(&s.b, buf_str(&text));
    s.t.store = s.b.store;
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 2);
    CHECK(strstr(s.peer.got[1].body, "Zawilska") == NULL && strstr(s.peer.got[1].body, "\"withheld\":true") != NULL);
    bed_end(&s.b);
}

TEST(where_copies_are_limited_changes_go_on_being_told_without_fields) {
    static struct scene s;
    static int64_t born[1000];
    begin_with(&s, "copies: at most 1 a day, approved by two people\n");
    int64_t number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "registration"));
    const struct uuid one = register_one(&s, 1);
    bed_age(&s.b, "registration", &one);
    for (size_t i = 0; i < ARRAY_LEN(born); i++)
        born[i] = 100000 + (int64_t)i;
    CHECK_OK(walks_take(s.b.service->walks, s.b.service, s.b.tenant, READER_WEBHOOKS, born, ARRAY_LEN(born), &s.b.e), &s.b.e);
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 1);
    CHECK(strstr(s.peer.got[0].body, "Zawilska") == NULL && strstr(s.peer.got[0].body, "\"withheld\":true") != NULL);
    register_one(&s, 2);                     /* of today: it is told whole */
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 2 && strstr(s.peer.got[1].body, "Zawilska") != NULL);
    bed_end(&s.b);
}

static bool count_born(int64_t born UNUSED, void *arg) { return ++*(size_t *)arg > 0; }

/* Made anew, or beside the first one, it is the same copy. */
TEST(all_webhooks_of_a_tenant_share_the_limit_of_copies) {
    static struct scene s;
    static int64_t born[999];
    size_t counted = 0;
    json_t *in = json_pack("{s:s, s:[s], s:i}", "url", "https://hooks.example/b", "kinds", "registration", "after", 0), *list = NULL, *mistakes = NULL;
    begin_with(&s, "copies: at most 1 a day, approved by two people\n");
    int64_t number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "registration"));
    const struct webhook_places any = { NULL, 0, true };
    const struct webhook_maker m = { s.b.service, &s.who, &any };
    for (int i = 1; i <= 2; i++) {
        const struct uuid one = register_one(&s, i);
        bed_age(&s.b, "registration", &one);
    }
    for (size_t i = 0; i < ARRAY_LEN(born); i++)
        born[i] = 100000 + (int64_t)i;
    CHECK_OK(walks_take(s.b.service->walks, s.b.service, s.b.tenant, READER_WEBHOOKS, born, ARRAY_LEN(born), &s.b.e), &s.b.e);
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 2);             /* the thousandth, and one more */
    CHECK(strstr(s.peer.got[0].body, "Zawilska") != NULL && strstr(s.peer.got[1].body, "\"withheld\":true") != NULL);
    CHECK_OK(webhook_remove(&m, number, &s.b.e), &s.b.e);
    CHECK_OK(webhook_make(&m, in, &list, &mistakes, &s.b.e), &s.b.e);
    CHECK(run(&s, json_integer_value(json_object_get(list, "number"))) == TELLING_DONE && s.peer.count == 4);
    CHECK(strstr(s.peer.got[2].body, "Zawilska") != NULL && strstr(s.peer.got[3].body, "Zawilska") == NULL);
    json_decref(list);
    json_decref(in);
    bed_shut(&s.b);                          /* reads are written down */
    bed_open(&s.b);
    CHECK_OK(looks_counted(s.b.service, s.b.tenant, READER_WEBHOOKS, 0, count_born, &counted, &s.b.e), &s.b.e);
    CHECK_INT(counted, 2);                   /* what a start finds: the first record, by each of the two */
    const struct looks_query q = { .who = "webhook 1", .before = INT64_MAX, .limit = 10 };
    CHECK_OK(looks_list(s.b.service, s.b.tenant, &q, &list, &s.b.e), &s.b.e);
    CHECK_INT(json_array_size(json_object_get(list, "items")), 1);           /* by its own number */
    CHECK_TEXT(text_at(json_array_get(json_object_get(list, "items"), 0), "who", NULL), "webhook 1");
    json_decref(list);
    bed_end(&s.b);
}

/* ---- what is damaged, and what happens meanwhile */

static enum code spoil_write(struct txn *t, void *arg, struct err *e) {
    struct webhook_row *row = arg;
    row->blob = "nothing that opens";
    row->len = strlen(row->blob);
    return webhook_put(t, row, e);
}

TEST(a_webhook_that_opens_no_more_waits_shows_and_can_be_removed) {
    static struct scene s;
    begin(&s);
    int64_t number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "registration")), other = hook_make(&s, "https://hooks.example/b", json_pack("[s]", "registration"));
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct webhook_row row;
    json_t *told = NULL;
    register_one(&s, 1);
    CHECK_OK(row_read(&s.b, number, &row, arena), &s.b.e);
    CHECK_OK(store_write(s.b.store, s.b.tenant, spoil_write, &row, &s.b.e), &s.b.e);
    CHECK(run(&s, number) == TELLING_WAITS && run(&s, other) == TELLING_DONE && s.peer.count == 1);
    CHECK_OK(row_read(&s.b, number, &row, arena), &s.b.e);
    CHECK(row.tries == 1 && row.failed > 0);
    CHECK_OK(webhooks_told(s.b.service, s.b.tenant, NULL, &told, &s.b.e), &s.b.e);
    json_t *first = json_array_get(json_object_get(told, "items"), 0);
    CHECK(json_array_size(json_object_get(told, "items")) == 2 && json_is_true(json_object_get(first, "damaged")));
    json_decref(told);
    CHECK_OK(store_write(s.b.store, s.b.tenant, age_write, &row, &s.b.e), &s.b.e);
    CHECK(run(&s, number) == TELLING_WAITS);
    CHECK_OK(row_read(&s.b, number, &row, arena), &s.b.e);
    CHECK_INT(row.state, WEBHOOK_STOPPED);
    const struct webhook_maker m = { s.b.service, &s.who, NULL };
    CHECK_OK(webhook_remove(&m, number, &s.b.e), &s.b.e);
    CHECK(row_read(&s.b, number, &row, arena) == E_NOT_FOUND);
    bed_end(&s.b);
}

static void remake(struct hookpeer *p) {
    const struct webhook_maker m = { p->b->service, &(struct caller){ .tenant = p->b->tenant, .person = charter_person(p->b->charter, "organiser"), .token = 1, .subject_kind = -1 }, NULL };
    p->before = NULL;
    CHECK_OK(webhook_remove(&m, p->number, &p->b->e), &p->b->e);
}
static void move(struct hookpeer *p) {
    const struct webhook_places any = { NULL, 0, true };
    const struct webhook_maker m = { p->b->service, &(struct caller){ .tenant = p->b->tenant, .person = charter_person(p->b->charter, "organiser"), .token = 1, .subject_kind = -1 }, &any };
    json_t *in = json_pack("{s:s}", "url", "https://hooks.example/moved"), *told = NULL, *mistakes = NULL;
    p->before = NULL;
    CHECK_OK(webhook_change(&m, p->number, in, &told, &mistakes, &p->b->e), &p->b->e);
    json_decref(in);
    json_decref(told);
}

TEST(what_is_under_way_for_one_that_was_moved_or_removed_counts_for_no_other) {
    static struct scene s;
    begin(&s);
    int64_t number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "registration"));
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct webhook_row row;
    struct uuid name;
    json_t *said = NULL;
    register_one(&s, 1);
    s.peer.number = number;
    s.peer.before = move;
    s.peer.status = 410;                     /* of the old address */
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 1);
    CHECK_OK(row_read(&s.b, number, &row, arena), &s.b.e);
    CHECK(row.state == WEBHOOK_ON && row.tries == 0);
    s.peer.status = 204;
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 2);
    CHECK(strcmp(s.peer.got[1].delivery, s.peer.got[0].delivery) != 0);      /* another address sees other names */
    CHECK(uuid_parse(s.peer.got[1].delivery, &name));
    s.peer.before = remake;
    CHECK_OK(telling_repeat(&s.t, s.b.service, s.b.tenant, number, &name, &said, &s.b.e), &s.b.e);
    json_decref(said);
    int64_t next = hook_make(&s, "https://hooks.example/b", json_pack("[s]", "registration"));
    CHECK_INT(next, number + 1);             /* a number is given once */
    CHECK(deliveries_told(s.b.service, s.b.tenant, number, INT64_MAX, 10, &said, &s.b.e) == E_NOT_FOUND);
    CHECK_OK(deliveries_told(s.b.service, s.b.tenant, next, INT64_MAX, 10, &said, &s.b.e), &s.b.e);
    CHECK(json_array_size(json_object_get(said, "items")) == 0);
    json_decref(said);
    bed_end(&s.b);
}

/* Before its turn looks: its maker adds registrations to its kinds, and one is made. */
static bool add_kind(void *arg) {
    struct scene *s = arg;
    const struct webhook_places any = { NULL, 0, true };
    const struct webhook_maker m = { s->b.service, &s->who, &any };
    json_t *in = json_pack("{s:[s, s]}", "kinds", "event", "registration"), *told = NULL, *mistakes = NULL;
    if (s->peer.number != 0) {
        CHECK_OK(webhook_change(&m, s->peer.number, in, &told, &mistakes, &s->b.e), &s->b.e);
        s->peer.number = 0;
        register_one(s, 1);
    }
    json_decref(told);
    json_decref(in);
    return false;
}

TEST(what_is_of_kinds_that_were_added_during_a_turn_is_told) {
    static struct scene s;
    struct telling_turn turn;
    begin(&s);
    s.peer.number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "event"));
    int64_t number = s.peer.number;
    CHECK_OK(telling_run(&s.t, s.b.tenant, number, add_kind, &s, &turn, &s.b.e), &s.b.e);
    CHECK(turn.end == TELLING_DONE && s.peer.count == 0);
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 1);
    CHECK(strstr(s.peer.got[0].body, "registration") != NULL);
    bed_end(&s.b);
}

static enum code letters_fail(void *arg UNUSED, struct service *s UNUSED, int64_t tenant UNUSED, const struct hook *h UNUSED, enum webhook_state state UNUSED, struct post_ready **ret UNUSED,
                              size_t *ret_count UNUSED, struct err *e) {
    return err_set(e, E_PEER, "the keeper is away");
}

TEST(a_repeat_in_vain_is_not_told_and_where_no_letter_can_be_made_the_try_is_written_all_the_same) {
    static struct scene s;
    begin(&s);
    int64_t number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "registration"));
    AUTO(arena_free) struct arena *arena = arena_new(1u << 20);
    struct webhook_row row;
    json_t *said = NULL;
    struct uuid name, id = register_one(&s, 1);
    s.peer.status = 500;
    CHECK(run(&s, number) == TELLING_WAITS && uuid_parse(s.peer.got[0].delivery, &name));
    CHECK_OK(bed_erase(&s.b, &s.who, "registration", &id, &said), &s.b.e);
    json_decref(said);
    s.peer.status = 204;
    CHECK(run(&s, number) == TELLING_DONE && s.peer.count == 2);
    s.peer.status = 500;
    CHECK_OK(telling_repeat(&s.t, s.b.service, s.b.tenant, number, &name, &said, &s.b.e), &s.b.e);
    json_decref(said);
    CHECK_OK(deliveries_told(s.b.service, s.b.tenant, number, INT64_MAX, 10, &said, &s.b.e), &s.b.e);
    CHECK_TEXT(text_at(json_array_get(json_object_get(said, "items"), 1), "state", NULL), "overtaken");
    json_decref(said);
    s.t.letters = letters_fail;
    s.peer.status = 410;
    register_one(&s, 2);
    CHECK(run(&s, number) == TELLING_WAITS);
    CHECK_OK(row_read(&s.b, number, &row, arena), &s.b.e);
    CHECK(row.tries == 1 && row.state == WEBHOOK_ON);          /* nobody could be told: it ends at the next try */
    s.t.letters = NULL;
    CHECK(run(&s, number) == TELLING_WAITS);
    CHECK_OK(row_read(&s.b, number, &row, arena), &s.b.e);
    CHECK_INT(row.state, WEBHOOK_ENDED);
    size_t asked = s.peer.count;
    CHECK(telling_test(&s.t, s.b.service, s.b.tenant, number, &said, &s.b.e) == E_CONFLICT && s.peer.count == asked);
    bed_end(&s.b);
}

TEST(a_place_is_asked_for_before_each_try) {
    static struct scene s;
    static const int64_t theirs[] = { 77 };
    const struct destination inside = { .host = "hooks.example", .port = 443, .use = FOR_WEBHOOKS, .private = true, .tenants = theirs, .tenant_count = 1 };
    begin(&s);
    int64_t number = hook_make(&s, "https://hooks.example/a", json_pack("[s]", "registration"));
    json_t *said = NULL;
    register_one(&s, 1);
    s.t.way.places = (struct webhook_places){ &inside, 1, true };          /* sejf.yaml gives it to somebody else now */
    CHECK(run(&s, number) == TELLING_WAITS && s.peer.count == 0);
    CHECK_OK(deliveries_told(s.b.service, s.b.tenant, number, INT64_MAX, 10, &said, &s.b.e), &s.b.e);
    CHECK(strncmp(text_at(json_array_get(json_object_get(said, "items"), 0), "said", NULL), "sejf.yaml", 9) == 0);
    json_decref(said);
    bed_end(&s.b);
}
