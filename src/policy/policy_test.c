/* policy_test.c — decisions as rows, over a charter that has every kind of grant. Facts are made up here. */
#include "policy/due.c"
#include "policy/levels.c"
#include "policy/move.c"
#include "policy/purpose.c"
#include "policy/scope.c"
#include "policy/sees.c"
#include "base/test.h"
#include "charter/load.h"

#include <stdio.h>

static const char text[] =
    "charter: courier\ntitle: {en: T}\nupdated: 2026-11-22\nclock: Europe/Budapest\nspeaks: [en]\n"
    "operator:\n  name: T Kft.\n  country: HU\n  contact: a@t.example\n  authority: NAIH\n"
    "people:\n  recipient: gets parcels\n  sender: orders\n  company: the customer\n  dispatcher: assigns\n  courier: carries\n"
    "tenant: company\n"
    "records:\n"
    "  courier:\n    we_are: processor for the company\n    belongs_to: company\n    about: courier\n    because: contract with the company\n    used_for: [work]\n"
    "    holds:\n      name: personal name\n      left: date, optional\n    keep: 1 year after left, then erase\n"
    "  paper:\n    we_are: processor for the company\n    belongs_to: company\n    about: company\n    because: contract with the company\n    used_for: [work]\n"
    "    holds:\n      name: personal name\n    keep: until the company deletes it\n"
    "  parcel:\n    we_are: processor for the company\n    belongs_to: company\n    about: recipient\n    because: contract with the company\n    used_for: [{en: carrying, pl: przewóz, hu: szállítás}, {en: settling, pl: rozliczanie, hu: elszámolás}]\n"
    "    form: order, asks name, address\n"
    "    holds:\n      name: personal name\n      address: personal address\n      weight: number, optional\n      cups: counter, optional\n"
    "      state: one of ordered | next | delivered, found exactly\n      courier: reference to courier, optional\n"
    "      picked_up: time, optional, sorted\n      delivered: time, optional, sorted\n"
    "    moves:\n      ordered to next: courier or dispatcher\n      next to delivered: courier\n"
    "    keep:\n      - fields: weight, cups, state, courier, picked_up, delivered\n        for: 8 years after end of year of delivered, then erase\n"
    "      - fields: name, address\n        for: 90 days after delivered, then erase\n"
    "relations:\n  assigned: parcel.courier\n"
    "who_sees:\n  company: everything of own parcel, everything of own courier, everything of own paper\n  dispatcher: name, state of own parcel\n"
    "  courier:\n    - address, name of assigned parcel, from parcel.picked_up until 24 hours after parcel.delivered\n    - name of own courier\n"
    "  sender: name of own parcel, by private link or sign-in\n"
    "  recipient:\n    - state, delivered of own parcel, by private link\n    - weight of own parcel, while parcel.state is next, by private link\n"
    "  support: nothing personal, unless the tenant opens a window of at most 4 hours\n"
    "who_changes:\n  dispatcher: everything of own parcel\n  courier: picked_up, delivered of assigned parcel\n  recipient: address of own parcel\n"
    "sign_in:\n  company: password of 12 characters and a second step\n  sender: password of 12 characters\n"
    "access: none, read or write for each courier\n"
    "agreement: needed before any personal data\nconnections: TLS 1.2 or newer\n"
    "backups:\n  database: every 3 hours, kept 1 year\n  files: every day, kept 1 year\n  configuration: every day, kept 1 year\n  stored: in the EEA, apart from the data\n  undo: 14 days\n"
    "logs: kept 30 days, masked when written\ntransfers: never outside the EEA\nrights: answered within 1 month\n"
    "breach: controller within 24 hours, authority within 72 hours\ncookies: none but those needed\nnot_sealed: []\nclaims: []\n";

static struct charter *charter_of(void) {
    static struct charter *c;
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf said = BUF(1 << 20);
    struct err e = { 0 };
    if (c == NULL && charter_load_text("t.yaml", text, strlen(text), f, &c, &e) != OK) {
        findings_print(f, &said);
        fprintf(stderr, "%s %s\n", e.text, buf_str(&said));
    }
    CHECK(c != NULL);
    return c;
}

/* What is known of the record of a row. */
struct known { const char *state, *picked_up, *delivered, *left; bool related, owns; };
static enum code clear(void *arg, int kind, int field, const char **ret, struct err *e UNUSED) {
    const struct known *k = arg;
    const char *name = charter_kind_at(charter_of(), kind)->fields[field].name;
    *ret = strcmp(name, "state") == 0 ? k->state : strcmp(name, "picked_up") == 0 ? k->picked_up : strcmp(name, "delivered") == 0 ? k->delivered :
           strcmp(name, "left") == 0 ? k->left : NULL;
    return OK;
}
static enum code related(void *arg, int relation UNUSED, const struct caller *who UNUSED, bool *ret, struct err *e UNUSED) {
    *ret = ((const struct known *)arg)->related;
    return OK;
}
static enum code owns(void *arg, const struct caller *who UNUSED, bool *ret, struct err *e UNUSED) {
    *ret = ((const struct known *)arg)->owns;
    return OK;
}
static usec_t at(const char *time) {
    usec_t t = 0;
    CHECK(time_parse(time, &t));
    return t;
}
static struct facts facts(struct known *k, const char *kind, const char *now) {
    return (struct facts){ .charter = charter_of(), .kind = charter_kind(charter_of(), kind), .now = at(now), .arg = k, .clear = clear, .related = related, .owns = owns };
}
static struct caller role(const char *name, bool link) {
    return (struct caller){ .tenant = 1, .person = charter_person(charter_of(), name), .by_link = link, .subject_kind = -1 };
}
static const char *names(const char *kind, const struct verdict *v) {
    static char all[256];
    const struct kind *k = charter_kind_at(charter_of(), charter_kind(charter_of(), kind));
    size_t n = 0;
    if (!v->any)
        return "-";
    all[0] = 0;
    for (size_t i = 0; i < k->field_count; i++)
        if (v->fields >> i & 1)
            n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", n == 0 ? "" : " ", k->fields[i].name);
    return all;
}

#define ALL "name address weight cups state courier picked_up delivered"
TEST(who_sees_what_when) {
    static const struct { const char *who, *kind, *now; bool link; struct known k; const char *want; } row[] = {
        { "company", "parcel", "2026-11-22T10:00:00Z", false, { .state = "ordered" }, ALL },
        { "company", "courier", "2026-11-22T10:00:00Z", false, { 0 }, "name left" },
        { "company", "paper", "2026-11-22T10:00:00Z", false, { 0 }, "name" },          /* about the tenant, and still its own */
        { "company", "paper", "2026-11-22T10:00:00Z", true, { 0 }, "-" },
        { "dispatcher", "paper", "2026-11-22T10:00:00Z", false, { .owns = true }, "-" },
        { "dispatcher", "parcel", "2026-11-22T10:00:00Z", false, { 0 }, "name state" },
        { "dispatcher", "courier", "2026-11-22T10:00:00Z", false, { 0 }, "-" },
        { "courier", "parcel", "2026-11-22T10:00:00Z", false, { .picked_up = "2026-11-22T09:00:00Z", .related = true }, "name address" },
        { "courier", "parcel", "2026-11-22T10:00:00Z", false, { .picked_up = "2026-11-22T09:00:00Z" }, "-" },
        { "courier", "parcel", "2026-11-22T10:00:00Z", false, { .related = true }, "-" },
        { "courier", "parcel", "2026-11-22T08:59:59Z", false, { .picked_up = "2026-11-22T09:00:00Z", .related = true }, "-" },
        { "courier", "parcel", "2026-11-24T09:59:59Z", false, { .picked_up = "2026-11-22T09:00:00Z", .delivered = "2026-11-23T10:00:00Z", .related = true }, "name address" },
        { "courier", "parcel", "2026-11-24T10:00:00Z", false, { .picked_up = "2026-11-22T09:00:00Z", .delivered = "2026-11-23T10:00:00Z", .related = true }, "-" },
        { "courier", "courier", "2026-11-22T10:00:00Z", false, { .owns = true }, "name" },
        { "courier", "courier", "2026-11-22T10:00:00Z", false, { 0 }, "-" },
        { "recipient", "parcel", "2026-11-22T10:00:00Z", true, { .state = "ordered", .owns = true }, "state delivered" },
        { "recipient", "parcel", "2026-11-22T10:00:00Z", true, { .state = "next", .owns = true }, "weight state delivered" },
        { "recipient", "parcel", "2026-11-22T10:00:00Z", false, { .state = "next", .owns = true }, "-" },
        { "recipient", "parcel", "2026-11-22T10:00:00Z", true, { .state = "next" }, "-" },
        { "support", "parcel", "2026-11-22T10:00:00Z", false, { 0 }, "weight cups state picked_up delivered" },     /* and no id of a person */
        { "administrator", "parcel", "2026-11-22T10:00:00Z", false, { .owns = true, .related = true }, "-" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct known k = row[i].k;
        struct facts f = facts(&k, row[i].kind, row[i].now);
        struct caller who = role(row[i].who, row[i].link);
        struct verdict v;
        struct err e;
        CHECK_OK(policy_sees(&who, &f, &v, &e), &e);
        if (strcmp(names(row[i].kind, &v), row[i].want) != 0)
            fprintf(stderr, "row %zu\n", i);
        CHECK_TEXT(names(row[i].kind, &v), row[i].want);
    }
}

TEST(who_changes_what) {
    static const struct { const char *who, *kind; enum verb verb; bool link, form, sejf; struct known k; const char *want; } row[] = {
        { "company", "parcel", V_CHANGE, .want = ALL }, { "company", "parcel", V_CREATE, .want = ALL }, { "company", "parcel", V_ERASE, .want = ALL },
        { "dispatcher", "parcel", V_CHANGE, .want = ALL }, { "dispatcher", "parcel", V_CREATE, .want = ALL }, { "dispatcher", "parcel", V_ERASE, .want = "-" },
        { "dispatcher", "courier", V_CREATE, .want = "-" },
        { "courier", "parcel", V_CHANGE, .k = { .related = true }, .want = "picked_up delivered" }, { "courier", "parcel", V_CHANGE, .want = "-" },
        { "courier", "parcel", V_CREATE, .k = { .related = true }, .want = "-" },
        { "recipient", "parcel", V_CHANGE, .link = true, .k = { .owns = true }, .want = "address" }, { "recipient", "parcel", V_CHANGE, .link = true, .want = "-" },
        { "recipient", "parcel", V_CREATE, .form = true, .want = "name address" }, { "recipient", "parcel", V_CHANGE, .form = true, .want = "-" },
        { "recipient", "courier", V_CREATE, .form = true, .want = "-" },
        { "support", "parcel", V_CHANGE, .want = "-" }, { "support", "parcel", V_ERASE, .sejf = true, .want = ALL },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct known k = row[i].k;
        struct facts f = facts(&k, row[i].kind, "2026-11-22T10:00:00Z");
        struct caller who = role(row[i].who, row[i].link);
        struct verdict v;
        struct err e;
        who.by_form = row[i].form;
        who.by_sejf = row[i].sejf;
        CHECK_OK(policy_changes(&who, &f, row[i].verb, &v, &e), &e);
        if (strcmp(names(row[i].kind, &v), row[i].want) != 0)
            fprintf(stderr, "row %zu\n", i);
        CHECK_TEXT(names(row[i].kind, &v), row[i].want);
        CHECK(v.any || v.reason != NULL);
    }
}

TEST(scopes_narrow) {
    static const struct { const char *scope; enum verb verb; bool want; } row[] = {
        { NULL, V_ERASE, true }, { "", V_READ, true }, { "{}", V_READ, true }, { " { } ", V_READ, true }, { "{\"verbs\":[\"read\"]}", V_READ, true }, { "{\"verbs\":[\"read\"]}", V_CHANGE, false },
        { "{\"kinds\":[\"courier\"]}", V_READ, false }, { "{\"kinds\":[\"parcel\"],\"verbs\":[\"erase\"]}", V_ERASE, true }, { "{\"kinds\":[]}", V_READ, false },
        { "{\"kinds\":[\"gone\"]}", V_READ, false }, { "{\"verbs\":[]}", V_READ, false }, { "{\"purposes\":[\"gone\"]}", V_ERASE, true },
    };
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct caller who = role("company", false);
        struct scope *scope;
        struct err e;
        CHECK_OK(scope_read(row[i].scope, charter_of(), false, arena, &scope, &e), &e);
        who.scope = scope;
        CHECK(policy_kind(charter_of(), &who, charter_kind(charter_of(), "parcel"), row[i].verb).any == row[i].want);
        CHECK(policy_scope(charter_of(), &who, charter_kind(charter_of(), "parcel"), row[i].verb) == row[i].want);
    }
}

TEST(scopes_are_held_to_the_charter_when_they_are_made) {
    static const struct { const char *scope, *says; } row[] = {
        { "[]", "the scope of a token is" }, { "not json", "the scope of a token is" }, { "{\"kinds\":\"parcel\"}", "the scope of a token is" }, { "{\"kinds\":[7]}", "the scope of a token is" },
        { "{\"kind\":[]}", "the scope of a token is" }, { "{\"kinds\":[],\"kinds\":[]}", "the scope of a token is" }, { "{\"kinds\":[\"gone\"]}", "the kind \"gone\", which courier does not have" },
        { "{\"verbs\":[\"look\"]}", "the verb \"look\"" }, { "{\"purposes\":[\"play\"]}", "the purpose \"play\"" }, { "{\"purposes\":[\"a\\nb\"]}", "the purpose \"…\"" },
        { "{\"kinds\":[\"parcel\"],\"verbs\":[\"read\"],\"purposes\":[\"work\"]}", NULL },
    };
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct scope *scope = NULL;
        struct err e = { 0 };
        enum code code = scope_read(row[i].scope, charter_of(), true, arena, &scope, &e);
        CHECK(code == (row[i].says == NULL ? OK : E_INVALID) && (scope != NULL) == (row[i].says == NULL));
        CHECK(row[i].says == NULL || strstr(e.text, row[i].says) != NULL);
    }
    struct scope *scope = NULL;
    struct err e;
    AUTO(arena_free) struct arena *small = arena_new(16);
    CHECK(scope_read("{\"verbs\":[\"read\"]}", charter_of(), true, small, &scope, &e) == E_MEMORY && scope == NULL);
}

TEST(states_move_along_their_lines) {
    static const struct { const char *who; const char *from, *to; bool link, want; } row[] = {
        { "courier", "ordered", "next", false, true }, { "dispatcher", "ordered", "next", false, true }, { "company", "ordered", "next", false, false },
        { "courier", "next", "delivered", false, true }, { "dispatcher", "next", "delivered", false, false }, { "courier", "ordered", "delivered", false, false },
        { "courier", "delivered", "ordered", false, false }, { "recipient", "ordered", "next", true, false }, { "company", "next", "next", false, true },
    };
    const struct charter *c = charter_of();
    int kind = charter_kind(c, "parcel"), field = kind_field(charter_kind_at(c, kind), "state");
    const struct field *f = &charter_kind_at(c, kind)->fields[field];
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct caller who = role(row[i].who, row[i].link);
        const char *reason = NULL;
        CHECK(policy_move(c, &who, kind, field, field_option(f, row[i].from), field_option(f, row[i].to), &(struct standing){ true, true }, &reason) == row[i].want);
        CHECK(row[i].want || reason != NULL);
    }
    const struct kind *k = charter_kind_at(c, kind);
    CHECK(kind_start(k, field) == 0 && kind_start(k, kind_field(k, "weight")) == -1);
    CHECK(kind_needs(k) == ((fieldset)1 << kind_field(k, "name") | (fieldset)1 << kind_field(k, "address")));
}

TEST(parts_are_due_when_the_charter_says) {
    static const struct { int part; const char *delivered, *want; } row[] = {
        { 0, "2026-11-22T10:00:00Z", "2034-12-31T23:00:00Z" },         /* end of 2026 in Budapest, and 8 years */
        { 1, "2026-11-22T10:00:00Z", "2027-02-20T10:00:00Z" }, { 1, "2026-12-31T23:30:00Z", "2027-03-31T22:30:00Z" },   /* daylight saving: the wall clock stays */
        { 0, NULL, NULL }, { 1, NULL, NULL },
    };
    const struct kind *k = charter_kind_at(charter_of(), charter_kind(charter_of(), "parcel"));
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct known known = { .delivered = row[i].delivered };
        struct facts f = facts(&known, "parcel", "2026-11-22T10:00:00Z");
        usec_t due;
        struct err e;
        CHECK_OK(policy_due(&k->parts[row[i].part].keep, &f, 0, 0, &due, &e), &e);
        if (row[i].want == NULL)
            CHECK(due == USEC_NEVER);
        else {
            char got[32];
            CHECK_TEXT(time_format(due, got, sizeof got), row[i].want);
        }
    }
    struct known left = { .left = "2026-03-01" }, bad = { .left = "soon" };
    const struct kind *courier = charter_kind_at(charter_of(), charter_kind(charter_of(), "courier"));
    struct facts f = facts(&left, "courier", "2026-11-22T10:00:00Z");
    usec_t due;
    char got[32];
    struct err e;
    CHECK_OK(policy_due(&courier->parts[0].keep, &f, 0, 0, &due, &e), &e);
    CHECK_TEXT(time_format(due, got, sizeof got), "2027-02-28T23:00:00Z");
    f = facts(&bad, "courier", "2026-11-22T10:00:00Z");
    CHECK_CODE(policy_due(&courier->parts[0].keep, &f, 0, 0, &due, &e), E_DAMAGED, &e);
    CHECK(strstr(e.text, "soon") == NULL);
}

/* ---- the operator's staff */
TEST(staff_reads_what_is_opened_while_it_is_open) {
    static const int couriers[] = { 0 }, parcels[] = { 2 };
    static const struct { const char *role, *kind, *until; const int *kinds; bool staff, window; const char *want; } row[] = {
        { "support", "parcel", NULL, NULL, true, false, "weight cups state picked_up delivered" },
        { "support", "parcel", "2026-11-22T10:00:01Z", NULL, true, true, ALL }, { "support", "parcel", "2026-11-22T10:00:00Z", NULL, true, true, "weight cups state picked_up delivered" },
        { "support", "parcel", "2026-11-22T11:00:00Z", couriers, true, true, "weight cups state picked_up delivered" }, { "support", "parcel", "2026-11-22T11:00:00Z", parcels, true, true, ALL },
        { "support", "courier", "2026-11-22T11:00:00Z", couriers, true, true, "name left" }, { "support", "courier", NULL, NULL, true, false, "left" },
        { "administrator", "parcel", "2026-11-22T11:00:00Z", NULL, true, true, "-" },     /* the charter opens no window to it */
        { "dispatcher", "courier", "2026-11-22T11:00:00Z", NULL, false, true, "-" },      /* nor to who is no staff of the operator */
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct known k = { 0 };
        struct facts f = facts(&k, row[i].kind, "2026-11-22T10:00:00Z");
        struct caller who = role(row[i].role, false);
        struct open_window w = { .number = 1, .kinds = row[i].kinds, .kind_count = row[i].kinds != NULL, .until = row[i].until == NULL ? 0 : at(row[i].until) };
        struct verdict v;
        struct err e;
        who.staff = row[i].staff;
        who.window = row[i].window ? &w : NULL;
        CHECK_OK(policy_sees(&who, &f, &v, &e), &e);
        CHECK_TEXT(names(row[i].kind, &v), row[i].want);
        for (enum verb verb = V_CREATE; row[i].staff && verb < V_VERBS; verb++) {      /* reading only */
            CHECK(!policy_kind(charter_of(), &who, charter_kind(charter_of(), row[i].kind), verb).any);
            CHECK_OK(policy_changes(&who, &f, verb, &v, &e), &e);
            CHECK(!v.any);
        }
    }
}

/* ---- people of the public with an account */
struct self_known { struct uuid near, state_of; const struct caller *now; };
static enum code self_owns(void *arg, const struct caller *who, bool *ret, struct err *e UNUSED) {
    const struct self_known *k = arg;
    *ret = uuid_compare(&who->subject, &k->near) == 0;
    return OK;
}
static enum code self_clear(void *arg, int kind UNUSED, int field UNUSED, const char **ret, struct err *e UNUSED) {
    const struct self_known *k = arg;
    *ret = k->now != NULL && uuid_compare(&k->now->subject, &k->state_of) == 0 ? "next" : "ordered";
    return OK;
}
static void self_as(void *arg, const struct caller *who) { ((struct self_known *)arg)->now = who; }

TEST(an_account_is_not_a_link_and_its_records_stand_alone) {
    const struct charter *c = charter_of();
    int parcel = charter_kind(c, "parcel");
    struct uuid a = { { 1 } }, b = { { 2 } };
    struct own_record owned[] = { { parcel, b } };
    struct self_known k = { .near = b };
    struct facts f = { .charter = c, .kind = parcel, .now = at("2026-11-22T10:00:00Z"), .arg = &k, .clear = self_clear, .owns = self_owns, .as = self_as };
    struct caller who = { .tenant = 1, .person = charter_person(c, "sender"), .subject_kind = parcel, .subject = a, .self = a };
    struct verdict v;
    struct err e;
    CHECK_OK(policy_sees(&who, &f, &v, &e), &e);
    CHECK(!v.any);                             /* no account, no link */
    who.account = (struct uuid){ { 9 } };
    CHECK_OK(policy_sees(&who, &f, &v, &e), &e);
    CHECK(!v.any);                             /* another's */
    who.owned = owned;
    who.owned_count = 1;
    CHECK_OK(policy_sees(&who, &f, &v, &e), &e);
    CHECK_TEXT(names("parcel", &v), "name");
    CHECK(k.now == &who);                      /* the caller is itself again */
    who.staff = true;
    CHECK_OK(policy_sees(&who, &f, &v, &e), &e);
    CHECK(!v.any);
    /* A record of its own that is in the right state opens nothing of another. */
    struct caller link = { .tenant = 1, .person = charter_person(c, "recipient"), .by_link = true, .subject_kind = parcel, .subject = a, .owned = owned, .owned_count = 1 };
    k = (struct self_known){ .near = b, .state_of = a, .now = &link };
    CHECK_OK(policy_sees(&link, &f, &v, &e), &e);
    CHECK_TEXT(names("parcel", &v), "state delivered");
    k = (struct self_known){ .near = b, .state_of = b, .now = &link };
    CHECK_OK(policy_sees(&link, &f, &v, &e), &e);
    CHECK_TEXT(names("parcel", &v), "weight state delivered");
}

/* ---- purposes */
TEST(a_call_has_a_purpose_that_the_kind_declares) {
    static const struct { const char *role, *kind, *purpose, *scope; bool link; enum code code; int want; } row[] = {
        { "company", "parcel", NULL, NULL, false, OK, 0 }, { "company", "parcel", "settling", NULL, false, OK, 1 }, { "company", "parcel", " rozliczanie ", NULL, false, OK, 1 },
        { "company", "parcel", "szállítás", NULL, false, OK, 0 }, { "company", "parcel", "advertising", NULL, false, E_FORBIDDEN, 0 }, { "company", "parcel", "", NULL, false, E_FORBIDDEN, 0 },
        { "company", "parcel", NULL, "{\"purposes\":[\"settling\"]}", false, OK, 1 }, { "company", "parcel", "carrying", "{\"purposes\":[\"settling\"]}", false, E_FORBIDDEN, 0 },
        { "company", "parcel", NULL, "{\"purposes\":[\"work\"]}", false, E_FORBIDDEN, 0 }, { "company", "courier", NULL, "{\"purposes\":[\"work\"]}", false, OK, 0 },
        { "recipient", "parcel", "advertising", NULL, true, OK, -1 }, { "support", "parcel", "advertising", NULL, false, OK, -1 },
    };
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct caller who = role(row[i].role, row[i].link);
        struct scope *scope;
        struct err e = { 0 };
        int purpose = -2;
        CHECK_OK(scope_read(row[i].scope, charter_of(), false, arena, &scope, &e), &e);
        who.scope = scope;
        who.purpose = row[i].purpose;
        CHECK_CODE(policy_purpose(charter_of(), &who, charter_kind(charter_of(), row[i].kind), &purpose, &e), row[i].code, &e);
        CHECK(purpose == (row[i].code == OK ? row[i].want : -2));
        CHECK(row[i].code == OK || row[i].scope != NULL || strstr(e.text, "\"carrying\", \"settling\"") != NULL);
        CHECK(strstr(e.text, "advertising") == NULL);
    }
}

/* ---- levels */
struct place { bool in[8]; };                 /* under which named record of the list it lies */
static enum code within(void *arg, int kind UNUSED, const struct uuid *id, bool *ret, struct err *e UNUSED) {
    *ret = ((const struct place *)arg)->in[id->bytes[0]];
    return OK;
}
static enum access_level slow_level(const struct levels *l, const struct place *p, bool spoken) {
    enum access_level least = LEVEL_WRITE, most = l->all;
    size_t under = 0;
    for (size_t i = 0; i < l->count; i++) {
        most = l->list[i].level > most ? l->list[i].level : most;
        if (p->in[l->list[i].id.bytes[0]]) {
            under++;
            least = l->list[i].level < least ? l->list[i].level : least;
        }
    }
    return !spoken ? most : under == 0 ? l->all : least;
}

TEST(the_lowest_level_that_names_a_record_counts) {
    const struct charter *c = charter_of();
    int parcel = charter_kind(c, "parcel"), courier = charter_kind(c, "courier"), paper = charter_kind(c, "paper");
    uint64_t seed = 7;
    CHECK(policy_comes_under(c, parcel, courier) && policy_comes_under(c, courier, courier) && !policy_comes_under(c, courier, parcel) && !policy_comes_under(c, paper, courier));
    for (int round = 0; round < 20000; round++) {
        struct level_of list[8];
        struct place place;
        struct levels l = { .list = list };
        struct caller who = role("company", false);
        enum access_level got;
        struct err e;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t dice = seed >> 16;
        l.all = (enum access_level)(dice % 3);
        l.count = dice / 3 % 9;
        for (size_t i = 0; i < l.count; i++)
            list[i] = (struct level_of){ courier, { { (uint8_t)i } }, (enum access_level)(dice >> (8 + 2 * i) & 3) % 3 };
        for (size_t i = 0; i < 8; i++)
            place.in[i] = (dice >> (24 + i) & 1) != 0;
        int kind = (dice >> 40) % 3 == 0 ? paper : (dice >> 40) % 3 == 1 ? parcel : courier;
        struct facts f = { .charter = c, .kind = kind, .arg = &place, .within = within };
        who.levels = &l;
        enum access_level want = slow_level(&l, &place, kind != paper);
        CHECK_OK(policy_level(&who, &f, &got, &e), &e);
        CHECK_INT(got, want);
        CHECK(policy_level_most(c, &who, kind) >= want);
        for (enum access_level least = LEVEL_NONE; least <= LEVEL_WRITE; least++)
            CHECK(!policy_level_whole(c, &who, kind, least) || want >= least);
        CHECK(!policy_whole(c, &who) || want >= LEVEL_READ);
        CHECK(policy_kind(c, &who, kind, V_READ).any == (policy_level_most(c, &who, kind) >= LEVEL_READ));
        struct verdict sees, may;
        CHECK_OK(policy_sees(&who, &f, &sees, &e), &e);
        CHECK_OK(policy_changes(&who, &f, V_CHANGE, &may, &e), &e);
        CHECK(sees.any == (want >= LEVEL_READ) && may.any == (want >= LEVEL_WRITE));
        CHECK_OK(policy_changes(&who, &f, V_ERASE, &may, &e), &e);
        CHECK(may.any == (want >= LEVEL_WRITE));
        who.by_sejf = true;
        CHECK_OK(policy_level(&who, &f, &got, &e), &e);
        CHECK(got == LEVEL_WRITE && policy_whole(c, &who));
    }
}

TEST(levels_hide_nothing_from_who_may_read_all) {
    const struct charter *c = charter_of();
    int courier = charter_kind(c, "courier");
    struct level_of one = { courier, { { 1 } }, LEVEL_READ };
    static const struct { enum access_level all, one; bool named, want; } row[] = {
        { LEVEL_READ, LEVEL_NONE, false, true }, { LEVEL_NONE, LEVEL_NONE, false, false }, { LEVEL_NONE, LEVEL_WRITE, true, false },
        { LEVEL_READ, LEVEL_WRITE, true, true }, { LEVEL_WRITE, LEVEL_NONE, true, false }, { LEVEL_WRITE, LEVEL_READ, true, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct levels l = { .all = row[i].all, .count = row[i].named, .list = &one };
        struct caller who = role("company", false);
        one.level = row[i].one;
        CHECK(policy_whole(c, &who));
        who.levels = &l;
        CHECK(policy_whole(c, &who) == row[i].want);
    }
}
