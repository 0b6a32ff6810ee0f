/* log_test.c — a delivery is written with what it is of, masked, under the account that it went by. */
#include "messages/log.c"
#include "records/testbed.h"

#define TEXT                                                                                                                                         \
    "charter: mail\ntitle: Mail\nupdated: 2026-11-22\nclock: Europe/Warsaw\nspeaks: [en]\noperator:\n  name: Mail sp. z o.o.\n  country: PL\n"       \
    "  contact: iod@mail.example\n  authority: UODO\npeople:\n  recipient: a person\n  customer: a company\ntenant: customer\n"                      \
    "records:\n  account:\n    belongs_to: customer\n    holds:\n      title: text\n      pool: one of shared | dedicated\n      masked: yes/no, optional\n" \
    "      state: one of active | paused | closed\n    moves:\n      active to paused: customer\n      paused to active: customer\n      paused to closed: customer\n" \
    "    keep: until the customer deletes it\n    when_deleted: erase delivery\n"                                                                   \
    "  list:\n    belongs_to: customer\n    holds:\n      title: text\n      account: reference to account, optional, found exactly\n"              \
    "    keep: until the customer deletes it\n    when_deleted: erase subscription\n"                                                               \
    "  subscription:\n    we_are: processor for the customer\n    belongs_to: list\n    about: recipient\n    because: contract with the customer\n" \
    "    used_for: [sending]\n    holds:\n      email: personal email, found exactly\n    keep: 90 days after created, then erase\n"                 \
    "  delivery:\n    we_are: processor for the customer\n    belongs_to: account\n    about: recipient\n    because: contract with the customer\n"   \
    "    used_for: [showing]\n    holds:\n      to: personal email, masked\n      at: time, sorted\n      pool: one of shared | dedicated\n"          \
    "      code: number\n      encrypted: yes/no\n    keep: 90 days after at, then erase\n"                                                         \
    "who_sees:\n  customer: everything of own account, everything of own list, everything of own subscription, everything of own delivery\n"        \
    "agreement: needed before any personal data\nmasks:\n  email: first letter and 10 stars\n"                                                       \
    "  chosen: by customer for each sending account, each change in the ledger\n"                                                                   \
    "messages:\n  email: only to recipient of the same list, at most 3 a day for each person\n  log: each in delivery\n"

static struct uuid made(struct bed *b, const struct caller *who, const char *kind, json_t *fields) {
    json_t *one = NULL;
    CHECK_OK(bed_make(b, who, kind, fields, &one), &b->e);
    struct uuid id = id_of(one);
    json_decref(one);
    return id;
}

static enum code put(struct txn *t, void *arg, struct err *e) {
    const struct settled *s = arg;
    return log_write(t, s, s->prepared[0], e);
}

struct went { enum letter_state state; bool final; const char *to, *tls; int status; };
static void settle(struct bed *b, const struct uuid *record, const struct uuid *parent, const struct went *w) {
    const struct kind_info *k = service_kind(b->service, charter_kind(b->charter, "subscription"));
    struct letter_row row = { .id = uuid_new(), .cause = "api", .state = w->state, .status = w->status, .channel = CHANNEL_EMAIL, .kind = k->number, .record = *record };
    AUTO(outgoing_done) struct outgoing out = OUTGOING;
    snprintf(out.to, sizeof out.to, "%s", w->to);
    out.ask = (struct gate_ask){ .kind = k->index, .parent = *parent };
    struct settled s = { .service = b->service, .tenant = b->tenant, .row = &row, .out = &out, .tls = w->tls, .final = w->final };
    CHECK_OK(log_prepare(&s, &s.prepared[0], &b->e), &b->e);
    CHECK_OK(store_write(b->store, b->tenant, put, &s, &b->e), &b->e);
    if (s.prepared[0] != NULL)
        log_done(s.prepared[0]);
}

static json_t *deliveries(struct bed *b, const struct caller *who) {
    json_t *list = NULL, *query = json_pack("{s:s}", "sort", "id");
    CHECK_OK(record_list(b->service, who, charter_kind(b->charter, "delivery"), query, &list, &b->e), &b->e);
    json_decref(query);
    return list;
}

static void row_is(const json_t *list, size_t at, const struct uuid *account, const char *to, int code, bool encrypted, const char *pool) {
    char id[UUID_TEXT];
    const json_t *f = json_object_get(json_array_get(json_object_get(list, "items"), at), "fields");
    CHECK_TEXT(json_string_value(json_object_get(f, "account")), uuid_format(account, id));
    CHECK_TEXT(json_string_value(json_object_get(f, "to")), to);
    CHECK_TEXT(json_string_value(json_object_get(f, "pool")), pool);
    CHECK_INT(json_integer_value(json_object_get(f, "code")), code);
    CHECK(json_is_true(json_object_get(f, "encrypted")) == encrypted && json_is_string(json_object_get(f, "at")));
}

TEST(a_delivery_stands_under_the_account_that_it_went_by) {
    struct bed b;
    char id[UUID_TEXT];
    bed_start(&b, TEXT);
    struct caller who = bed_role(&b, b.tenant, "customer");
    struct uuid plain = made(&b, &who, "list", json_pack("{s:s}", "title", "News"));
    struct uuid anna = made(&b, &who, "subscription", json_pack("{s:s, s:s}", "list", uuid_format(&plain, id), "email", "anna@people.example"));
    struct gate_ask ask = { .service = b.service, .tenant = b.tenant, .channel = CHANNEL_EMAIL, .kind = charter_kind(b.charter, "subscription"), .record = anna, .parent = plain };
    struct gate_verdict v = { .passes = true };
    CHECK_OK(gate_log_check(&ask, &v, &b.e), &b.e);
    CHECK(!v.passes && v.gate == GATE_CHARTER && strstr(v.why, "make one first") != NULL);
    struct uuid first = made(&b, &who, "account", json_pack("{s:s, s:s}", "title", "one", "pool", "shared"));
    struct uuid second = made(&b, &who, "account", json_pack("{s:s, s:s, s:b}", "title", "two", "pool", "dedicated", "masked", 0));
    struct uuid own = made(&b, &who, "list", json_pack("{s:s, s:s}", "title", "Offers", "account", uuid_format(&second, id)));
    v = (struct gate_verdict){ .passes = true };
    CHECK_OK(gate_log_check(&ask, &v, &b.e), &b.e);
    CHECK(v.passes);
    settle(&b, &anna, &plain, &(struct went){ LETTER_SENT, true, "anna@people.example", "TLSv1.3", 250 });
    settle(&b, &anna, &own, &(struct went){ LETTER_BOUNCED, true, "anna@people.example", "", 550 });
    settle(&b, &anna, &plain, &(struct went){ LETTER_WAITING, false, "anna@people.example", "", 451 });       /* it is tried again */
    settle(&b, &anna, &plain, &(struct went){ LETTER_OVER, true, "anna@people.example", "", 0 });             /* a gate stopped it */
    json_t *list = deliveries(&b, &who);
    CHECK_INT(json_array_size(json_object_get(list, "items")), 2);
    row_is(list, 0, &first, "a**********@people.example", 250, true, "shared");
    row_is(list, 1, &second, "anna@people.example", 550, false, "dedicated");         /* the tenant has switched masking off there */
    json_decref(list);
    json_t *gone = NULL;
    CHECK_OK(bed_erase(&b, &who, "account", &first, &gone), &b.e);
    json_decref(gone);
    list = deliveries(&b, &who);
    CHECK_INT(json_array_size(json_object_get(list, "items")), 1);
    json_decref(list);
    bed_end(&b);
}

static void turned(struct bed *b, const struct caller *who, const struct uuid *account, const char *state) {
    json_t *got = NULL;
    CHECK_OK(bed_change(b, who, "account", account, -1, json_pack("{s:s}", "state", state), &got), &b->e);
    json_decref(got);
}

/* Asked when it is queued and when it goes; and under which account it then stands. */
TEST(nothing_goes_by_an_account_that_does_not_send) {
    struct bed b;
    char id[UUID_TEXT];
    bed_start(&b, TEXT);
    struct caller who = bed_role(&b, b.tenant, "customer");
    struct uuid first = made(&b, &who, "account", json_pack("{s:s, s:s}", "title", "one", "pool", "shared"));
    struct uuid second = made(&b, &who, "account", json_pack("{s:s, s:s}", "title", "two", "pool", "dedicated"));
    struct uuid plain = made(&b, &who, "list", json_pack("{s:s}", "title", "News")), own = made(&b, &who, "list", json_pack("{s:s, s:s}", "title", "Offers", "account", uuid_format(&second, id)));
    struct uuid anna = made(&b, &who, "subscription", json_pack("{s:s, s:s}", "list", uuid_format(&plain, id), "email", "anna@people.example"));
    const struct { const char *first, *second; bool goes[2]; enum gate gate[2]; bool later[2]; const struct uuid *by /* of the list that names none */; } row[] = {
        { NULL, NULL, { true, true }, { GATES, GATES }, { false, false }, &first },
        { NULL, "paused", { true, false }, { GATES, GATE_PAUSED }, { false, true }, &first },
        { "paused", NULL, { false, false }, { GATE_PAUSED, GATE_PAUSED }, { true, true }, &first },
        { NULL, "active", { true, true }, { GATES, GATES }, { false, false }, &second },      /* the oldest that sends */
        { "closed", NULL, { true, true }, { GATES, GATES }, { false, false }, &second },
        { NULL, "paused", { false, false }, { GATE_PAUSED, GATE_PAUSED }, { true, true }, &second },       /* it waits for the one that goes on */
        { NULL, "closed", { false, false }, { GATE_CHARTER, GATE_CHARTER }, { false, false }, &first },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
        struct record *by = NULL;
        if (row[i].first != NULL)
            turned(&b, &who, &first, row[i].first);
        if (row[i].second != NULL)
            turned(&b, &who, &second, row[i].second);
        for (int l = 0; l < 2; l++)
            for (enum gate_stage stage = STAGE_QUEUE; stage <= STAGE_SEND; stage++) {
                struct gate_ask ask = { .service = b.service, .tenant = b.tenant, .channel = CHANNEL_EMAIL, .stage = stage, .kind = charter_kind(b.charter, "subscription"), .record = anna,
                                        .parent = l == 0 ? plain : own, .now = clock_now() };
                struct gate_verdict v = { .passes = true };
                CHECK_OK(gate_log_check(&ask, &v, &b.e), &b.e);
                CHECK(v.passes == row[i].goes[l] && (v.passes || (v.gate == row[i].gate[l] && (v.again > ask.now) == row[i].later[l])));
            }
        CHECK_OK(log_account(b.service, b.tenant, charter_kind(b.charter, "subscription"), &anna, &plain, arena, &by, &b.e), &b.e);
        CHECK(uuid_compare(&by->id, row[i].by) == 0);
    }
    bed_end(&b);
}

/* Its account goes between the making and the write: the message is settled all the same. */
TEST(a_delivery_without_its_account_is_left_out) {
    struct bed b;
    bed_start(&b, TEXT);
    struct caller who = bed_role(&b, b.tenant, "customer");
    struct uuid account = made(&b, &who, "account", json_pack("{s:s, s:s}", "title", "one", "pool", "shared"));
    struct beside *one = NULL;
    json_t *fields = json_pack("{s:s, s:s, s:s, s:i, s:b}", "to", "anna@people.example", "at", "2026-11-22T10:00:00Z", "pool", "shared", "code", 250, "encrypted", 1), *gone = NULL;
    CHECK_OK(beside_new(b.service, b.tenant, charter_kind(b.charter, "delivery"), &account, fields, &one, &b.e), &b.e);
    json_decref(fields);
    CHECK_OK(bed_erase(&b, &who, "account", &account, &gone), &b.e);
    json_decref(gone);
    struct logged *l = mem_new(sizeof *l);
    CHECK(l != NULL);
    *l = (struct logged){ one, OK };
    struct settled s = { .prepared = { l } };
    CHECK_OK(store_write(b.store, b.tenant, put, &s, &b.e), &b.e);
    CHECK(!log_again(l));
    log_done(l);
    json_t *list = deliveries(&b, &who);
    CHECK_INT(json_array_size(json_object_get(list, "items")), 0);
    json_decref(list);
    fields = json_pack("{s:s}", "shoes", "41");
    one = NULL;
    CHECK_CODE(beside_new(b.service, b.tenant, charter_kind(b.charter, "delivery"), &account, fields, &one, &b.e), E_FIELDS, &b.e);
    CHECK(one == NULL);
    json_decref(fields);
    bed_end(&b);
}

/* What cannot be logged keeps nothing else from being written: it says so in the ledger, and what only fails for a moment is tried again. */
static bool missed(const struct ledger_row *r, void *arg) {
    *(int *)arg += strstr(r->entry, "\"delivery_not_logged\"") != NULL && strstr(r->entry, "\"why\"") != NULL;
    return true;
}
static int misses(struct bed *b) {
    int count = 0;
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(ledger_list(view_sql(v), 0, missed, &count, &b->e), &b->e);
    return count;
}
static enum code put_all(struct txn *t, void *arg, struct err *e) { return settled_write(t, arg, e); }

TEST(a_delivery_that_cannot_be_logged_is_noted) {
    struct bed b;
    char id[UUID_TEXT];
    bed_start(&b, TEXT);
    struct caller who = bed_role(&b, b.tenant, "customer");
    (void)made(&b, &who, "account", json_pack("{s:s, s:s}", "title", "one", "pool", "shared"));
    struct uuid list = made(&b, &who, "list", json_pack("{s:s}", "title", "News"));
    struct uuid anna = made(&b, &who, "subscription", json_pack("{s:s, s:s}", "list", uuid_format(&list, id), "email", "anna@people.example"));
    settle(&b, &anna, &list, &(struct went){ LETTER_SENT, true, "", "", 250 });                   /* the address was corrected since it went */
    CHECK_INT(misses(&b), 1);
    settle(&b, &anna, &list, &(struct went){ LETTER_SENT, true, "no address at all", "", 250 });   /* it fits no field of the charter's */
    CHECK_INT(misses(&b), 2);
    settle(&b, &anna, &list, &(struct went){ LETTER_SENT, true, "anna@people.example", "", 250 });
    CHECK_INT(misses(&b), 2);
    struct letter_row row = { .id = uuid_new(), .cause = "api", .state = LETTER_OVER, .channel = CHANNEL_EMAIL, .kind = service_kind(b.service, charter_kind(b.charter, "subscription"))->number, .record = anna, .said = "" };
    struct settled s = { .service = b.service, .tenant = b.tenant, .row = &row, .final = true };
    CHECK_OK(settled_prepare(&s, &b.e), &b.e);                                                   /* it never went: there is nothing to find, and nothing to log */
    CHECK_OK(settled_store(&s, b.store, put_all, &s, &b.e), &b.e);
    CHECK(s.out == NULL && misses(&b) == 2);
    settled_done(&s);
    bed_end(&b);
}
