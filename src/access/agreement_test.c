/* agreement_test.c — what may be recorded, what a tenant is told of it, and who has none. */
#include "access/agreement.c"
#include "records/testbed.h"
#include "records/testcharters.h"

static int64_t tenant_new(struct bed *b, const char *name) {
    int64_t tenant = 0;
    CHECK_OK(tenant_make(b->store, charter_name(b->charter), name, false, &tenant, &b->e), &b->e);
    return tenant;
}

static enum code record_it(struct bed *b, int64_t tenant, const char *on, const char *from, const char *until, const char *sha256) {
    struct agreement_wish w = { .signed_on = on, .from = from, .until = until, .kind = AGREEMENT_PAPER, .sha256 = sha256 };
    int64_t number;
    b->e = (struct err){ 0 };
    return agreement_record(b->service, tenant, &w, "operator", &number, &b->e);
}

/* "active" and the rows: "1 active 2026-11-01..2027-10-31;" */
static const char *told(struct bed *b, int64_t tenant) {
    static char text[1000];
    json_t *o = NULL, *one;
    size_t i;
    CHECK_OK(agreement_tell(b->store, b->charter, tenant, &o, &b->e), &b->e);
    snprintf(text, sizeof text, "%s:", text_at(o, "state", NULL));
    json_array_foreach(json_object_get(o, "items"), i, one)
        snprintf(text + strlen(text), sizeof text - strlen(text), " %lld %s %s..%s;", (long long)json_integer_value(json_object_get(one, "number")), text_at(one, "state", NULL),
                 text_at(one, "from", NULL) ?: "", text_at(one, "until", NULL) ?: "");
    json_decref(o);
    return text;
}

static bool agreed(struct bed *b, int64_t tenant) {
    bool yes = false;
    CHECK_OK(service_agreed(b->service, tenant, &yes, &b->e), &b->e);
    return yes;
}

struct said { const char *verb; int64_t count; };
static bool said_one(const struct ledger_row *r, void *arg) {
    struct said *c = arg;
    c->count += strstr(r->entry, c->verb) != NULL;
    return true;
}
static int64_t entries(struct bed *b, int64_t tenant, const char *verb) {
    struct said c = { verb, 0 };
    AUTO(view_end) struct view *v = NULL;
    CHECK_OK(store_view(b->store, tenant, &v, &b->e), &b->e);
    CHECK_OK(ledger_list(view_sql(v), 0, said_one, &c, &b->e), &b->e);
    return c.count;
}

TEST(an_agreement_opens_the_gate_and_its_end_shuts_it) {
    static const char hash[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    struct bed b;
    json_t *o = NULL;
    bed_start(&b, events_charter);
    int64_t tenant = tenant_new(&b, "three");
    CHECK(!agreed(&b, tenant));
    CHECK_TEXT(told(&b, tenant), "missing:");
    CHECK_OK(record_it(&b, tenant, "2026-01-05", NULL, "2999-12-31", hash), &b.e);
    CHECK(agreed(&b, tenant));
    CHECK_TEXT(told(&b, tenant), "active: 1 active 2026-01-05..2999-12-31;");
    CHECK_OK(agreement_tell(b.store, b.charter, tenant, &o, &b.e), &b.e);
    const json_t *first = json_array_get(json_object_get(o, "items"), 0);
    CHECK(json_is_true(json_object_get(o, "needed")));
    CHECK_TEXT(text_at(first, "sha256", NULL), hash);
    CHECK_TEXT(text_at(first, "by", NULL), "operator");
    json_decref(o);
    CHECK(entries(&b, tenant, "\"agreement_active\"") == 1 && entries(&b, tenant, hash) == 1 && entries(&b, tenant, "\"agreement_ended\"") == 0);
    CHECK_OK(agreement_stop(b.service, tenant, "account 0193", &b.e), &b.e);
    CHECK(!agreed(&b, tenant) && entries(&b, tenant, "\"agreement_ended\"") == 1);
    CHECK_CODE(agreement_stop(b.service, tenant, "operator", &b.e), E_NOT_FOUND, &b.e);
    CHECK_INT(entries(&b, tenant, "\"agreement_ended\""), 1);
    CHECK(strncmp(told(&b, tenant), "ended: 1 ended ", 15) == 0);
    CHECK_OK(record_it(&b, tenant, "2026-02-01", "2998-01-01", NULL, NULL), &b.e);       /* signed, and not begun */
    CHECK(!agreed(&b, tenant) && strncmp(told(&b, tenant), "future:", 7) == 0);
    bed_end(&b);
}

TEST(what_is_no_agreement_is_refused_with_its_place) {
    static const struct { const char *on, *from, *until, *sha256, *field; } rows[] = {
        { NULL, NULL, NULL, NULL, "/signed" }, { "yesterday", NULL, NULL, NULL, "/signed" }, { "2026-02-30", NULL, NULL, NULL, "/signed" }, { "2999-01-01", NULL, NULL, NULL, "/signed" },
        { "2026-01-05", "5 January", NULL, NULL, "/from" }, { "2026-01-05", NULL, "never", NULL, "/until" }, { "2026-01-05", NULL, "2026-01-04", NULL, "/until" },
        { "2026-01-05", NULL, "2026-01-05", NULL, "/until" }, { "2026-01-05", "2998-01-02", "2998-01-01", NULL, "/until" },
        { "2026-01-05", NULL, NULL, "", "/sha256" }, { "2026-01-05", NULL, NULL, "9f86", "/sha256" },
        { "2026-01-05", NULL, NULL, "zz86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "/sha256" },
    };
    struct bed b;
    bed_start(&b, events_charter);
    int64_t tenant = tenant_new(&b, "three");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_CODE(record_it(&b, tenant, rows[i].on, rows[i].from, rows[i].until, rows[i].sha256), E_FIELDS, &b.e);
        CHECK_TEXT(b.e.field, rows[i].field);
    }
    CHECK(!agreed(&b, tenant) && entries(&b, tenant, "agreement") == 0);
    bed_end(&b);
}

static void lacking_are(struct bed *b, const char *want) {
    AUTO(buf_done) struct buf said = BUF(1000);
    json_t *list = NULL, *one;
    size_t i;
    CHECK_OK(agreements_lacking(b->service, &list, &b->e), &b->e);
    json_array_foreach(list, i, one)
        buf_printf(&said, "%lld %s;", (long long)json_integer_value(json_object_get(one, "tenant")), text_at(one, "state", NULL));
    json_decref(list);
    CHECK_TEXT(buf_str(&said), want);
}

TEST(tenants_that_held_records_before_go_on_until_one_is_recorded) {
    struct bed b;
    AUTO(buf_done) struct buf text = BUF(1u << 16);
    json_t *made = NULL;
    char want[100];
    buf_text(&text, events_charter);
    bed_swap(&text, "agreement: needed before any personal data\n", "");
    bed_start(&b, buf_str(&text));
    int64_t full = tenant_new(&b, "full"), empty = tenant_new(&b, "empty");
    struct caller organiser = bed_role(&b, full, "organiser");
    CHECK_OK(bed_make(&b, &organiser, "event", json_pack("{s:s, s:s, s:s}", "title", "Meetup", "starts", "2027-03-01T10:00:00Z", "ends", "2027-03-01T12:00:00Z"), &made), &b.e);
    json_decref(made);
    CHECK_TEXT(told(&b, full), "none:");
    lacking_are(&b, "");
    bed_under(&b, events_charter);
    for (int i = 0; i < 2; i++)                                       /* once, however often a start is cut off */
        CHECK_OK(agreements_carry_on(b.service, &b.e), &b.e);
    CHECK(agreed(&b, full) && !agreed(&b, empty) && agreed(&b, b.tenant));
    CHECK_TEXT(told(&b, full), "not recorded: 1 not recorded ..;");
    CHECK_INT(entries(&b, full, "\"agreement_not_recorded\""), 1);
    snprintf(want, sizeof want, "%lld not recorded;%lld missing;", (long long)full, (long long)empty);
    lacking_are(&b, want);
    CHECK_OK(record_it(&b, full, "2026-01-05", NULL, NULL, NULL), &b.e);
    snprintf(want, sizeof want, "%lld missing;", (long long)empty);
    lacking_are(&b, want);
    CHECK(agreed(&b, full));
    bed_end(&b);
}
