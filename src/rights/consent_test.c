/* consent_test.c — steps and receipt of consents, confirming by the address, what nobody confirmed, and who may be written to. */
#include "rights/consent.c"

#include "records/may_send.h"
#include "records/testbed.h"
#include "records/testcharters.h"
#include "rights/objection.h"
#include "rights/restriction.h"
#include "store/hold.h"

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
