/* gate_suppressed_test.c — whom the gate stops: by every reason, on the list that was left alone, and until the person consents anew by its own hand. */
#include "messages/gate_suppressed.c"

#include "records/testbed.h"
#include "records/testcharters.h"

static const char letters[] =
    CHARTER_HEAD("letters", "PL", "Europe/Warsaw")
    "people:\n  reader: who reads\n  owner: the customer\n"
    "tenant: owner\n"
    "records:\n"
    "  order:\n"
    "    we_are: processor for the owner\n    belongs_to: owner\n    about: reader\n    because: contract with the reader\n    used_for: [selling, sending offers]\n"
    "    consents:\n      offers: for sending offers\n"
    "    holds:\n"
    "      email: personal email, found exactly\n"
    "    keep: 1 year after created, then erase\n"
    "who_sees:\n"
    "  reader: everything of own order, by private link\n"
    "  owner: everything of own order\n"
    "  support: nothing personal\n"
    "sign_in:\n  owner: password of 12 characters and a second step\n"
    CHARTER_TAIL;

struct desk { struct bed b; struct gate_ask ask; };
static void desk_start(struct desk *d) {
    bed_start(&d->b, letters);
    d->ask = (struct gate_ask){ .service = d->b.service, .tenant = d->b.tenant, .kind = charter_kind(d->b.charter, "order"), .record = uuid_new(), .scope = uuid_new(), .address = "anna@people.example",
                                .purpose = 1, .now = clock_now() };
    CHECK_OK(who_of(d->b.service, d->b.tenant, CHANNEL_EMAIL, d->ask.address, d->ask.who, &d->b.e), &d->b.e);
}

/* Stopped? */
static bool stops(struct desk *d) {
    struct gate_verdict v = { .passes = true };
    d->ask.now = clock_now();
    CHECK_OK(gate_suppressed_check(&d->ask, &v, &d->b.e), &d->b.e);
    CHECK(v.passes || (v.gate == GATE_SUPPRESSED && v.again == 0 && strlen(v.why) > 20 && strlen(v.why) < sizeof v.why - 1));
    return !v.passes;
}

static struct suppress_wish wish(struct desk *d, const char *list, enum suppress_reason reason) {
    struct suppress_wish w = { .tenant = d->b.tenant, .channel = CHANNEL_EMAIL, .list = list, .reason = reason, .by = "sejf" };
    memcpy(w.who, d->ask.who, sizeof w.who);
    return w;
}
static void put(struct desk *d, const char *list, enum suppress_reason reason) {
    struct suppress_wish w = wish(d, list, reason);
    bool fresh;
    CHECK_OK(suppress(d->b.service, &w, &fresh, &d->b.e), &d->b.e);
}
static void lift(struct desk *d, enum suppress_reason reason) {
    struct suppress_wish w = wish(d, NULL, reason);
    int64_t count;
    w.why = "asked for";
    CHECK_OK(suppress_lift(d->b.service, &w, LIFTED_BY_NAMED, &count, &d->b.e), &d->b.e);
    CHECK_INT(count, 1);
}

TEST(every_reason_stops_and_only_that_person) {
    struct desk d;
    desk_start(&d);
    for (int i = SUPPRESS_COMPLAINT; i <= SUPPRESS_HAND; i++) {
        CHECK(!stops(&d));
        put(&d, "", (enum suppress_reason)i);
        CHECK(stops(&d));
        d.ask.who[0] ^= 1;
        CHECK(!stops(&d));
        d.ask.who[0] ^= 1;
        d.ask.channel = CHANNEL_SMS;
        CHECK(!stops(&d));
        d.ask.channel = CHANNEL_EMAIL;
        lift(&d, (enum suppress_reason)i);
    }
    bed_end(&d.b);
}

TEST(a_list_that_was_left_is_that_list) {
    struct desk d;
    char scope[LIST_TEXT], purpose[LIST_TEXT];
    struct uuid other = uuid_new(), own;
    desk_start(&d);
    own = d.ask.scope;
    list_of_scope(&own, scope);
    list_of_purpose(charter_kind_at(d.b.charter, d.ask.kind), 1, purpose);
    CHECK_TEXT(purpose, "purpose sending offers");
    put(&d, scope, SUPPRESS_LEFT);
    CHECK(stops(&d));
    d.ask.scope = other;
    CHECK(!stops(&d));
    put(&d, purpose, SUPPRESS_LEFT);
    CHECK(stops(&d));
    d.ask.purpose = 0;
    CHECK(!stops(&d));
    bed_end(&d.b);
}

struct step { struct desk *d; enum consent_state state; const char *way; };
static enum code put_step(struct txn *t, void *arg, struct err *reterr) {
    const struct step *s = arg;
    const struct kind_info *k = service_kind(s->d->b.service, s->d->ask.kind);
    return consent_step_put(t, &(struct consent_row){ .kind = k->number, .id = s->d->ask.record, .name = "offers", .state = s->state, .until = USEC_NEVER, .way = s->way, .by = "sejf" }, reterr);
}
static void says(struct desk *d, enum consent_state state, const char *way) {
    CHECK_OK(store_write(d->b.store, d->b.tenant, put_step, &(struct step){ d, state, way }, &d->b.e), &d->b.e);
}

TEST(a_new_consent_by_its_own_hand_brings_it_back) {
    struct desk d;
    char purpose[LIST_TEXT];
    desk_start(&d);
    list_of_purpose(charter_kind_at(d.b.charter, d.ask.kind), 1, purpose);
    says(&d, CONSENT_GIVEN, "link");         /* before it left */
    put(&d, purpose, SUPPRESS_LEFT);
    CHECK(stops(&d));
    static const char *const others[] = { "api", "import", "staff", "form" };      /* the form is not confirmed: it could be anybody's */
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        says(&d, CONSENT_GIVEN, others[i]);
        CHECK(stops(&d));
    }
    says(&d, CONSENT_GIVEN, "link");
    CHECK(!stops(&d));
    says(&d, CONSENT_WITHDRAWN, "link");
    CHECK(stops(&d));
    says(&d, CONSENT_GIVEN, "account");
    CHECK(!stops(&d));
    put(&d, "", SUPPRESS_COMPLAINT);
    CHECK(stops(&d));                        /* no consent lifts that */
    bed_end(&d.b);
}
