/* consent_test.c — steps and receipt of consents, confirming by the address, what nobody confirmed, and who may be written to. */
#include "rights/consent.c"

#include "records/locks.h"
#include "records/may_send.h"
#include "records/post.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "rights/objection.h"
#include "rights/request.h"
#include "rights/restriction.h"
#include "store/hold.h"
#include "store/version.h"

static const char news[] =
    CHARTER_HEAD("news", "PL", "Europe/Warsaw")
    "people:\n  reader: who reads\n  clerk: who writes\n  owner: the customer\n"
    "tenant: owner\n"
    "records:\n"
    "  subscription:\n"
    "    we_are: processor for the owner\n    belongs_to: owner\n    about: reader\n    because: consent news\n"
    "    used_for: [sending the newsletter]\n"
    "    form: subscribe, asks email, confirmed by email\n"
    "    holds:\n"
    "      email: personal email, found exactly\n"
    "      diet: sensitive text, optional, only with consent diet\n"
    "      state: one of waiting | subscribed | left, found exactly\n"
    "    limits:\n      - one for each owner and email\n"
    "    moves:\n      waiting to subscribed: reader\n      subscribed to left: reader or owner\n"
    "    keep: 2 years after changed, then erase\n"
    "  note:\n"
    "    belongs_to: owner\n"
    "    holds:\n      text: text\n"
    "    keep: until the owner deletes it\n"
    "who_sees:\n"
    "  reader: everything of own subscription, by private link\n"
    "  owner: everything of own subscription, everything of own note\n"
    "  clerk: everything of own subscription\n"
    "  support: nothing personal\n"
    "sign_in:\n  owner: password of 12 characters and a second step\n"
    CHARTER_TAIL;

static const char orders[] =
    CHARTER_HEAD("orders", "PL", "Europe/Warsaw")
    "people:\n  buyer: who buys\n  clerk: who sells\n  owner: the customer\n"
    "tenant: owner\n"
    "records:\n"
    "  order:\n"
    "    we_are: processor for the owner\n    belongs_to: owner\n    about: buyer\n    because: contract with the buyer\n"
    "    used_for: [keeping the order, sending offers]\n"
    "    consents:\n      marketing: ends after 24 months, for sending offers\n      diet: ends after 1 year\n"
    "    holds:\n"
    "      email: personal email, found exactly\n"
    "      diet: sensitive text, optional, only with consent diet\n"
    "    keep: 5 years after created, then erase\n"
    "who_sees:\n"
    "  buyer: everything of own order, by private link\n"
    "  owner: everything of own order\n"
    "  clerk: everything of own order\n"
    "  support: nothing personal\n"
    "sign_in:\n  owner: password of 12 characters and a second step\n"
    "agreement: needed before any personal data\n"
    "connections: TLS 1.2 or newer\n"
    "backups:\n  database: every 3 hours, kept 1 year\n  files: every day, kept 1 year\n  configuration: every day, kept 1 year\n  stored: in the EEA, apart from the data\n  undo: 14 days\n"
    "logs: kept 30 days, masked when written\n"
    "transfers: never outside the EEA\n"
    "rights: answered within 1 month\n"
    "breach: controller within 24 hours, authority within 72 hours\n"
    "cookies: none but those needed\n"
    "not_sealed: []\nclaims: []\n";

static int kind_of(const struct bed *b) { return charter_kind(b->charter, "subscription"); }

/* As the public form makes it. */
static struct uuid by_form(struct bed *b, const char *email, const uint8_t *notice) {
    struct caller form = { .tenant = b->tenant, .person = charter_person(b->charter, "reader"), .by_form = true, .subject_kind = -1, .notice = notice };
    json_t *got = NULL;
    CHECK_OK(bed_make(b, &form, "subscription", json_pack("{s:s, s:{s:b}}", "email", email, "consents", "news", 1), &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

static struct caller link_of(const struct bed *b, const struct uuid *id) {
    return (struct caller){ .tenant = b->tenant, .person = charter_person(b->charter, "reader"), .token = 12, .by_link = true, .subject_kind = kind_of(b), .subject = *id };
}

static enum send_bar bar_of(struct bed *b, const struct uuid *id) {
    enum send_bar bar = SEND_FINE;
    CHECK_OK(may_send(b->service, b->tenant, kind_of(b), id, 0, &bar, &b->e), &b->e);
    return bar;
}

TEST(a_record_counts_after_its_address_confirmed_it) {
    struct bed b;
    json_t *got = NULL, *list = NULL;
    bool waits = false;
    int64_t gone = -1;
    bed_start(&b, news);
    const struct uuid id = by_form(&b, "ewa@people.example", NULL);
    struct caller owner = bed_role(&b, b.tenant, "owner"), link = link_of(&b, &id);
    owner.ground = GROUND_LAW;                 /* no ground opens it */
    CHECK(bed_read(&b, &owner, "subscription", &id, &got) == E_FORBIDDEN && bed_read(&b, &link, "subscription", &id, &got) == E_FORBIDDEN);
    CHECK_OK(record_unconfirmed(b.service, b.tenant, kind_of(&b), &id, &waits, &b.e), &b.e);
    CHECK(waits && bar_of(&b, &id) == SEND_UNCONFIRMED && send_bar_text(SEND_UNCONFIRMED) != NULL && send_bar_text(SEND_FINE) == NULL);
    CHECK_OK(records_unconfirmed_go(b.service, clock_now() + CONFIRM_WITHIN - USEC_PER_HOUR, &gone, &b.e), &b.e);
    CHECK(gone == 0);
    for (int n = 0; n < 2; n++)                /* once more does nothing */
        CHECK_OK(record_confirm(b.service, &link, kind_of(&b), &id, &b.e), &b.e);
    CHECK_OK(bed_read(&b, &owner, "subscription", &id, &got), &b.e);
    CHECK_TEXT(text_at(got, "fields", "state"), "subscribed");
    CHECK(json_integer_value(json_object_get(got, "version")) == 2 && bar_of(&b, &id) == SEND_FINE);
    json_decref(got);
    CHECK_OK(consent_history(b.service, b.tenant, kind_of(&b), &id, &list, &b.e), &b.e);
    const json_t *items = json_object_get(list, "items");
    CHECK(json_array_size(items) == 2);
    CHECK_TEXT(text_at(json_array_get(items, 0), "way", NULL), "form");
    CHECK_TEXT(text_at(json_array_get(items, 1), "way", NULL), "link");
    CHECK_TEXT(text_at(json_array_get(items, 1), "by", NULL), "link 12");
    json_decref(list);
    bed_end(&b);
}

TEST(what_nobody_confirms_goes_after_two_days) {
    struct bed b;
    json_t *got = NULL;
    int64_t gone = 0;
    bed_start(&b, news);
    const struct uuid id = by_form(&b, "ewa@people.example", NULL), other = by_form(&b, "ola@people.example", NULL);
    struct caller owner = bed_role(&b, b.tenant, "owner"), link = link_of(&b, &other);
    CHECK_OK(record_confirm(b.service, &link, kind_of(&b), &other, &b.e), &b.e);
    CHECK_OK(records_unconfirmed_go(b.service, clock_now() + CONFIRM_WITHIN + USEC_PER_SEC, &gone, &b.e), &b.e);
    CHECK(gone == 1 && bed_read(&b, &owner, "subscription", &id, &got) == E_GONE);
    CHECK_OK(bed_read(&b, &owner, "subscription", &other, &got), &b.e);
    json_decref(got);
    link = link_of(&b, &id);
    CHECK(record_confirm(b.service, &link, kind_of(&b), &id, &b.e) == E_GONE);
    (void)by_form(&b, "ewa@people.example", NULL);        /* the address is free again */
    bed_end(&b);
}

TEST(the_consent_that_a_record_rests_on_takes_it_along) {
    struct bed b;
    json_t *got = NULL;
    bed_start(&b, news);
    struct caller owner = bed_role(&b, b.tenant, "owner"), clerk = bed_role(&b, b.tenant, "clerk");
    CHECK_OK(bed_make(&b, &owner, "subscription", json_pack("{s:s, s:{s:b}}", "email", "ewa@people.example", "consents", "news", 1), &got), &b.e);
    const struct uuid id = id_of(got);
    struct caller link = link_of(&b, &id);
    json_decref(got);
    CHECK(bed_change(&b, &clerk, "subscription", &id, -1, json_pack("{s:{s:b}}", "consents", "news", 0), &got) == E_FIELDS);
    json_decref(got);
    CHECK_OK(bed_change(&b, &link, "subscription", &id, -1, json_pack("{s:{s:b}}", "consents", "news", 0), &got), &b.e);
    CHECK(json_is_false(json_object_get(json_object_get(got, "consents"), "news")) && text_at(got, "fields", "email") == NULL);
    json_decref(got);
    CHECK(bed_read(&b, &owner, "subscription", &id, &got) == E_GONE);
    json_t *const without_it[] = { json_pack("{s:s}", "email", "ola@people.example"), json_pack("{s:s, s:{s:b}}", "email", "ola@people.example", "consents", "news", 0),
                                         json_pack("{s:s, s:{s:b}}", "email", "ola@people.example", "consents", "diet", 1) };
    for (size_t i = 0; i < ARRAY_LEN(without_it); i++) {       /* neither asked nor refused: what rests on a consent is not stored without it */
        CHECK(bed_make(&b, &owner, "subscription", without_it[i], &got) == E_FIELDS);
        json_decref(got);
    }
    CHECK_OK(bed_make(&b, &owner, "subscription", json_pack("{s:s, s:{s:b}}", "email", "ola@people.example", "consents", "news", 1), &got), &b.e);      /* taken elsewhere */
    const struct uuid without = id_of(got);
    json_decref(got);
    CHECK(bar_of(&b, &without) == SEND_FINE);
    CHECK_OK(objection_make(b.service, &owner, kind_of(&b), &without, "sending the newsletter", NULL, &b.e), &b.e);
    CHECK(bar_of(&b, &without) == SEND_OBJECTED);
    CHECK_OK(restriction_set(b.service, &owner, kind_of(&b), &without, 0, &b.e), &b.e);
    CHECK(bar_of(&b, &without) == SEND_RESTRICTED);
    bed_end(&b);
}

static enum code put_hold(struct txn *t, void *arg, struct err *e) {
    int64_t number;
    return hold_put(t, arg, &number, e);
}

/* A withdrawal whose erasure has to wait leaves the mark; a link that was mailed before does not bring the record back. */
TEST(a_withdrawn_record_is_confirmed_by_nobody) {
    struct bed b;
    json_t *got = NULL;
    int64_t gone = 0;
    bool waits = false;
    bed_start(&b, news);
    const struct uuid id = by_form(&b, "ewa@people.example", NULL);
    struct caller owner = bed_role(&b, b.tenant, "owner"), link = link_of(&b, &id);
    CHECK_OK(record_confirm(b.service, &link, kind_of(&b), &id, &b.e), &b.e);
    CHECK_OK(store_write(b.store, b.tenant, put_hold, &(struct hold_row){ .kind = service_kind(b.service, kind_of(&b))->number, .id = id, .fields = "", .until = USEC_NEVER, .by = "token 1" }, &b.e), &b.e);
    CHECK_OK(bed_change(&b, &link, "subscription", &id, -1, json_pack("{s:{s:b}}", "consents", "news", 0), &got), &b.e);
    json_decref(got);
    CHECK(bed_read(&b, &owner, "subscription", &id, &got) == E_FORBIDDEN);           /* held, and out of use */
    CHECK(record_unconfirmed(b.service, b.tenant, kind_of(&b), &id, &waits, &b.e) == E_GONE);
    CHECK(record_confirm(b.service, &link, kind_of(&b), &id, &b.e) == E_GONE);
    CHECK_OK(records_unconfirmed_go(b.service, clock_now() + CONFIRM_WITHIN + USEC_PER_SEC, &gone, &b.e), &b.e);
    CHECK(gone == 0 && bed_read(&b, &owner, "subscription", &id, &got) == E_FORBIDDEN);
    bed_end(&b);
}

TEST(a_receipt_tells_of_each_consent_and_of_no_value) {
    struct bed b;
    json_t *got = NULL;
    uint8_t hash[HASH_SIZE];
    char text[HEX_TEXT];
    bed_start(&b, news);
    memset(hash, 0xab, sizeof hash);
    struct consent_text row = { .service = "news", .lang = "pl", .version = "2026-11-22 0011", .text = "Zgadzam się" };
    memcpy(row.hash, hash, sizeof hash);
    CHECK_OK(consent_text_put(b.store, &row, &b.e), &b.e);
    const struct uuid id = by_form(&b, "ewa@people.example", hash);
    CHECK_OK(consent_receipt(b.service, b.tenant, "Salon", kind_of(&b), &id, &got, &b.e), &b.e);
    char *said = json_dumps(got, JSON_COMPACT);
    CHECK(strstr(said, "ewa@") == NULL && strstr(said, "\"schema:name\":\"Salon\"") != NULL && strstr(said, hex(hash, text)) != NULL && strstr(said, "dpv:ConsentGiven") != NULL);
    CHECK(strstr(said, "\"dct:language\":\"pl\"") != NULL && strstr(said, "eu-gdpr:A9-2-a") != NULL && strstr(said, "eu-gdpr:A6-1-a") == NULL);
    free(said);
    json_decref(got);
    CHECK_OK(consent_read_text(b.service, hex(hash, text), &got, &b.e), &b.e);
    CHECK_TEXT(text_at(got, "text", NULL), "Zgadzam się");
    json_decref(got);
    text[3] = 'X';
    CHECK(consent_read_text(b.service, text, &got, &b.e) == E_NOT_FOUND && consent_read_text(b.service, "ab", &got, &b.e) == E_NOT_FOUND);
    struct caller owner = bed_role(&b, b.tenant, "owner");
    CHECK_OK(bed_make(&b, &owner, "note", json_pack("{s:s}", "text", "x"), &got), &b.e);
    const struct uuid note = id_of(got), nobody = uuid_new();
    json_decref(got);
    CHECK(consent_receipt(b.service, b.tenant, "Salon", charter_kind(b.charter, "note"), &note, &got, &b.e) == E_NOT_FOUND);
    CHECK(consent_history(b.service, b.tenant, kind_of(&b), &nobody, &got, &b.e) == E_NOT_FOUND);
    bed_end(&b);
}

/* ---- a purpose that needs a consent of its own, and consents that end */
static struct uuid order(struct bed *b, const struct caller *who, json_t *input) {
    json_t *got = NULL;
    CHECK_OK(bed_make(b, who, "order", input, &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

/* Reading, listing and writing for the purpose, as that role; and the read for the first purpose, which needs no consent. */
static bool used(struct bed *b, const struct caller *as, const struct uuid *id) {
    struct caller who = *as;
    json_t *got = NULL, *list = NULL;
    enum send_bar bar;
    CHECK_OK(bed_read(b, &who, "order", id, &got), &b->e);
    json_decref(got);
    got = NULL;
    who.purpose = "sending offers";
    enum code code = bed_read(b, &who, "order", id, &got);
    CHECK(code == OK || code == E_FORBIDDEN);
    json_decref(code == OK ? got : NULL);
    CHECK_OK(record_list(b->service, &who, charter_kind(b->charter, "order"), NULL, &list, &b->e), &b->e);
    CHECK((json_array_size(json_object_get(list, "items")) == 1) == (code == OK));
    json_decref(list);
    CHECK_OK(may_send(b->service, who.tenant, charter_kind(b->charter, "order"), id, 1, &bar, &b->e), &b->e);
    CHECK(bar == (code == OK ? SEND_FINE : SEND_LOCKED));
    CHECK_OK(may_send(b->service, who.tenant, charter_kind(b->charter, "order"), id, 0, &bar, &b->e), &b->e);
    CHECK(bar == SEND_FINE);
    return code == OK;
}

static enum code says(struct bed *b, const struct caller *who, const struct uuid *id, const char *consent, bool given) {
    json_t *got = NULL;
    enum code code = bed_change(b, who, "order", id, -1, json_pack("{s:{s:b}}", "consents", consent, (int)given), &got);
    CHECK(code != OK || json_is_true(json_object_get(json_object_get(got, "consents"), consent)) == given);
    json_decref(got);
    return code;
}

static const char *state_of(struct bed *b, const struct uuid *id, size_t step) {
    static char state[16];
    json_t *list = NULL;
    CHECK_OK(consent_history(b->service, b->tenant, charter_kind(b->charter, "order"), id, &list, &b->e), &b->e);
    const char *said = text_at(json_array_get(json_object_get(list, "items"), step), "state", NULL);
    snprintf(state, sizeof state, "%s", said == NULL ? "" : said);
    json_decref(list);
    return state;
}

TEST(a_purpose_waits_for_its_consent_in_every_way) {
    struct bed b;
    bed_start(&b, orders);
    struct caller owner = bed_role(&b, b.tenant, "owner"), clerk = bed_role(&b, b.tenant, "clerk"), others = bed_role(&b, b.other, "owner");
    const struct uuid id = order(&b, &owner, json_pack("{s:s}", "email", "ewa@people.example"));
    struct caller person = { .tenant = b.tenant, .person = charter_person(b.charter, "buyer"), .token = 12, .by_link = true, .subject_kind = charter_kind(b.charter, "order"), .subject = id };
    CHECK(!used(&b, &owner, &id) && !used(&b, &clerk, &id));
    CHECK(says(&b, &clerk, &id, "marketing", true) == E_FIELDS);          /* not for it to say */
    CHECK_OK(says(&b, &person, &id, "marketing", true), &b.e);
    CHECK(used(&b, &owner, &id) && used(&b, &clerk, &id));
    CHECK_TEXT(state_of(&b, &id, 0), "given");
    CHECK_OK(says(&b, &person, &id, "marketing", false), &b.e);
    CHECK(!used(&b, &owner, &id));
    CHECK_TEXT(state_of(&b, &id, 1), "withdrawn");
    CHECK_OK(record_consent_again(b.service, &person, charter_kind(b.charter, "order"), &id, "purpose sending offers", true, &b.e), &b.e);
    CHECK(used(&b, &owner, &id));
    CHECK_TEXT(state_of(&b, &id, 2), "given");
    const struct uuid with = order(&b, &others, json_pack("{s:s, s:{s:b}}", "email", "ola@people.example", "consents", "marketing", 1));
    CHECK(used(&b, &others, &with));                                      /* of another tenant; its own gate */
    bed_end(&b);
}

struct giving { int32_t kind; struct uuid id; usec_t at; };
static enum code give_then(struct txn *t, void *arg, struct err *e) {
    const struct giving *g = arg;
    return lock_give(t, g->kind, &g->id, "purpose sending offers", g->at, e);
}
static enum code step_then(struct txn *t, void *arg, struct err *e) {
    const struct giving *g = arg;
    return consent_step_put(t, &(struct consent_row){ .kind = g->kind, .id = g->id, .name = "marketing", .state = CONSENT_GIVEN, .until = g->at + 2 * 365 * USEC_PER_DAY, .way = "api", .by = "token 1" }, e);
}

TEST(a_consent_that_ends_is_over_by_itself) {
    struct bed b;
    json_t *got = NULL, *list = NULL;
    usec_t due = 0;
    bed_start(&b, orders);
    struct caller owner = bed_role(&b, b.tenant, "owner");
    const struct uuid id = order(&b, &owner, json_pack("{s:s, s:s, s:{s:b}}", "email", "ewa@people.example", "diet", "no nuts", "consents", "diet", 1));
    struct giving g = { service_kind(b.service, charter_kind(b.charter, "order"))->number, id, clock_now() - 800 * USEC_PER_DAY };
    CHECK_OK(store_write(b.store, b.tenant, give_then, &g, &b.e), &b.e);
    CHECK_OK(store_write(b.store, b.tenant, step_then, &g, &b.e), &b.e);
    CHECK(!used(&b, &owner, &id));
    CHECK_TEXT(state_of(&b, &id, 2), "expired");
    CHECK_OK(consent_receipt(b.service, b.tenant, "Shop", charter_kind(b.charter, "order"), &id, &list, &b.e), &b.e);
    char *said = json_dumps(list, JSON_COMPACT);
    CHECK(strstr(said, "dpv:ConsentExpired") != NULL);
    free(said);
    json_decref(list);
    g.at = clock_now() - 700 * USEC_PER_DAY;
    CHECK_OK(store_write(b.store, b.tenant, give_then, &g, &b.e), &b.e);
    CHECK(used(&b, &owner, &id));
    /* A field's consent that ends is the date on which the field goes; the rest of the record has its own. */
    CHECK_OK(bed_read(&b, &owner, "order", &id, &got), &b.e);
    CHECK(time_parse(text_at(got, "due", NULL), &due) && due > clock_now() + 360 * USEC_PER_DAY && due < clock_now() + 370 * USEC_PER_DAY);
    json_decref(got);
    CHECK_OK(says(&b, &owner, &id, "diet", false), &b.e);
    CHECK_OK(bed_read(&b, &owner, "order", &id, &got), &b.e);
    CHECK(time_parse(text_at(got, "due", NULL), &due) && due > clock_now() + 1700 * USEC_PER_DAY);
    json_decref(got);
    bed_end(&b);
}

/* ---- the letter before a restriction is lifted */
struct letters { struct uuid id; size_t count; };
static bool take_letters(const struct letter_row *r, void *arg) {
    struct letters *l = arg;
    l->id = r->id;
    l->count++;
    return true;
}

static struct letters letters_now(struct bed *b, const struct uuid *id) {
    AUTO(view_end) struct view *v = NULL;
    struct letters l = { .count = 0 };
    struct row row;
    CHECK_OK(store_view(b->store, b->tenant, &v, &b->e), &b->e);
    CHECK_OK(row_get(view_sql(v), service_kind(b->service, charter_kind(b->charter, "order"))->number, id, &row, &b->e), &b->e);
    CHECK_OK(letters_about(view_sql(v), "restriction", row.born, take_letters, &l, &b->e), &b->e);
    return l;
}

struct trying { struct uuid id; int answers; bool over; };
static enum code try_letter(struct txn *t, void *arg, struct err *e) {
    const struct trying *y = arg;
    return letter_set(t, &(struct letter_row){ .id = y->id, .state = y->over ? LETTER_OVER : y->answers > 0 ? LETTER_BOUNCED : LETTER_WAITING, .tried = txn_now(t), .tries = 1, .answers = y->answers,
                                               .heard = y->answers > 0 ? txn_now(t) : 0, .said = "", .blob = "x", .len = 1 }, USEC_NEVER, e);
}

TEST(a_restriction_is_lifted_after_its_letter_was_tried) {
    struct bed b;
    bed_start(&b, orders);
    struct caller owner = bed_role(&b, b.tenant, "owner");
    const int kind = charter_kind(b.charter, "order");
    const struct uuid id = order(&b, &owner, json_pack("{s:s}", "email", "ewa@people.example"));
    CHECK(restriction_write(b.service, &owner, kind, &id, "Shop", &b.e) == E_NOT_FOUND);          /* it is not restricted */
    CHECK_OK(restriction_set(b.service, &owner, kind, &id, 0, &b.e), &b.e);
    CHECK(restriction_lift(b.service, &owner, kind, &id, 0, &b.e) == E_CONFLICT);
    for (int n = 0; n < 3; n++)                /* one letter, however often it is asked for */
        CHECK_OK(restriction_write(b.service, &owner, kind, &id, "Shop", &b.e), &b.e);
    struct letters l = letters_now(&b, &id);
    CHECK(l.count == 1 && restriction_lift(b.service, &owner, kind, &id, 0, &b.e) == E_CONFLICT);
    struct trying tried = { .id = l.id };
    CHECK_OK(store_write(b.store, b.tenant, try_letter, &tried, &b.e), &b.e);
    CHECK(restriction_lift(b.service, &owner, kind, &id, 0, &b.e) == E_CONFLICT);                   /* nobody answers at the relay: that told the person nothing */
    CHECK(strstr(b.e.text, "no mail server has answered about it yet") != NULL);
    tried.over = true;
    CHECK_OK(store_write(b.store, b.tenant, try_letter, &tried, &b.e), &b.e);
    for (int n = 0; n < 2; n++)                /* it was given up so: another is written */
        CHECK_OK(restriction_write(b.service, &owner, kind, &id, "Shop", &b.e), &b.e);
    CHECK(letters_now(&b, &id).count == 2 && restriction_lift(b.service, &owner, kind, &id, 0, &b.e) == E_CONFLICT);
    tried = (struct trying){ .id = letters_now(&b, &id).id, .answers = 1 };
    CHECK_OK(store_write(b.store, b.tenant, try_letter, &tried, &b.e), &b.e);
    CHECK_OK(restriction_lift(b.service, &owner, kind, &id, 0, &b.e), &b.e);                        /* whatever was answered */
    CHECK_OK(restriction_set(b.service, &owner, kind, &id, 0, &b.e), &b.e);
    CHECK(restriction_lift(b.service, &owner, kind, &id, 0, &b.e) == E_CONFLICT);                   /* the letter was about the one before */
    CHECK_OK(restriction_write(b.service, &owner, kind, &id, "Shop", &b.e), &b.e);
    CHECK(letters_now(&b, &id).count == 3);
    bed_end(&b);
}

struct opened { struct bed *b; char lang[8]; };
static bool take_lang_of(const struct letter_row *r, void *arg) {
    struct opened *o = arg;
    json_t *letter = NULL;
    CHECK_OK(post_open(o->b->keeper, o->b->tenant, r, &letter, &o->b->e), &o->b->e);
    snprintf(o->lang, sizeof o->lang, "%s", text_at(letter, "lang", NULL));
    json_decref(letter);
    return true;
}

TEST(the_letter_before_a_restriction_ends_is_in_the_persons_language) {
    struct bed b;
    bed_start(&b, orders);
    struct caller owner = bed_role(&b, b.tenant, "owner");
    const int kind = charter_kind(b.charter, "order");
    const struct request_desk desk = { .service = b.service, .tenant = b.tenant };
    const struct request_by by = { .who = "token 1", .name = "Anna", .caller = &owner };
    const struct request_wish wish = { .type = REQUEST_RESTRICTION, .way = REQUEST_BY_API, .lang = LANG_HU, .name = "Ewa Lis", .email = "ewa@people.example", .text = "Please.", .kind = -1 };
    struct consent_text read = { .service = "orders", .lang = "en", .version = "2026-11-22 0011", .text = "I agree" };
    memset(read.hash, 0xcd, sizeof read.hash);
    CHECK_OK(consent_text_put(b.store, &read, &b.e), &b.e);
    int64_t asked = 0;
    CHECK_OK(request_make(&desk, &wish, &by, &asked, &b.e), &b.e);
    const struct { bool read; int64_t request; const char *lang; } rows[] = {
        { false, 0, "pl" /* the charter's first */ }, { true, 0, "en" }, { false, asked, "hu" }, { true, asked, "hu" }, { true, asked + 7 /* there is none */, "en" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct caller form = owner;
        char address[64];
        form.notice = rows[i].read ? read.hash : NULL;
        snprintf(address, sizeof address, "ewa%zu@people.example", i);
        const struct uuid id = order(&b, &form, json_pack("{s:s, s:{s:b}}", "email", address, "consents", "marketing", 1));
        CHECK_OK(restriction_set(b.service, &owner, kind, &id, rows[i].request, &b.e), &b.e);
        CHECK_OK(restriction_write(b.service, &owner, kind, &id, "Shop", &b.e), &b.e);
        const struct letters l = letters_now(&b, &id);
        struct opened o = { .b = &b };
        AUTO(view_end) struct view *v = NULL;
        CHECK_OK(store_view(b.store, b.tenant, &v, &b.e), &b.e);
        CHECK_OK(letter_get(view_sql(v), &l.id, take_lang_of, &o, &b.e), &b.e);
        CHECK_TEXT(o.lang, rows[i].lang);
    }
    bed_end(&b);
}
