/* masks_test.c — what is masked is masked by whomever it is written, and switched by what it belongs to. */
#include "records/masks.c"
#include "records/testbed.h"
#include "store/rows.h"

#define TEXT                                                                                                                                         \
    "charter: mail\ntitle: Mail\nupdated: 2026-11-22\nclock: Europe/Warsaw\nspeaks: [en]\noperator:\n  name: Mail sp. z o.o.\n  country: PL\n"       \
    "  contact: iod@mail.example\n  authority: UODO\npeople:\n  recipient: a person\n  customer: a company\ntenant: customer\n"                      \
    "records:\n  account:\n    belongs_to: customer\n    holds:\n      title: text\n      masked: yes/no, optional\n    keep: until the customer deletes it\n" \
    "    when_deleted: erase delivery\n"                                                                                                             \
    "  delivery:\n    we_are: processor for the customer\n    belongs_to: account\n    about: recipient\n    because: contract with the customer\n"   \
    "    used_for: [showing]\n    holds:\n      to: personal email, masked\n      note: text, optional\n    keep: 90 days after created, then erase\n" \
    "who_sees:\n  customer: everything of own account, everything of own delivery\nagreement: needed before any personal data\n"                     \
    "masks:\n  email: first letter and 10 stars"
#define CHOSEN "\n  chosen: by customer for each sending account, each change in the ledger\n"

static struct uuid account(struct bed *b, const struct caller *who, json_t *fields) {
    json_t *made = NULL;
    CHECK_OK(bed_make(b, who, "account", fields, &made), &b->e);
    struct uuid id = id_of(made);
    json_decref(made);
    return id;
}

static struct uuid delivery(struct bed *b, const struct caller *who, const struct uuid *account, const char *to, const char *want) {
    char id[UUID_TEXT];
    json_t *made = NULL;
    CHECK_OK(bed_make(b, who, "delivery", json_pack("{s:s, s:s}", "account", uuid_format(account, id), "to", to), &made), &b->e);
    CHECK_TEXT(text_at(made, "fields", "to"), want);
    struct uuid got = id_of(made);
    json_decref(made);
    return got;
}

static void changed(struct bed *b, const struct caller *who, const char *kind, const struct uuid *id, json_t *patch, const char *field, const char *want) {
    json_t *now = NULL;
    CHECK_OK(bed_change(b, who, kind, id, -1, patch, &now), &b->e);
    if (want != NULL)
        CHECK_TEXT(text_at(now, "fields", field), want);
    json_decref(now);
}

TEST(an_address_is_masked_when_it_is_written) {
    static const struct { const char *to, *want; } row[] = {
        { "john.walk@abcabc.example", "j**********@abcabc.example" }, { "a@abcabc.example", "a**********@abcabc.example" },
        { "anna+list@abcabc.example", "a**********@abcabc.example" },
    };
    struct bed b;
    bed_start(&b, TEXT "\n");
    struct caller who = bed_role(&b, b.tenant, "customer"), sejf = who;
    sejf.by_sejf = true;
    struct uuid id = account(&b, &who, json_pack("{s:s, s:b}", "title", "one", "masked", 0));       /* nothing is chosen in this charter */
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct uuid one = delivery(&b, &who, &id, row[i].to, row[i].want);
        changed(&b, &who, "delivery", &one, json_pack("{s:s}", "to", "other@xyz.example"), "to", "o**********@xyz.example");
        changed(&b, &who, "delivery", &one, json_pack("{s:s}", "note", "x"), "to", "o**********@xyz.example");
        (void)delivery(&b, &sejf, &id, row[i].to, row[i].want);       /* sejf itself is no exception */
    }
    bed_end(&b);
}

TEST(masking_is_switched_by_what_the_record_belongs_to) {
    struct bed b;
    bed_start(&b, TEXT ", without domain" CHOSEN);
    struct caller who = bed_role(&b, b.tenant, "customer");
    struct uuid id = account(&b, &who, json_pack("{s:s}", "title", "one")), other = account(&b, &who, json_pack("{s:s, s:b}", "title", "two", "masked", 0));
    struct uuid one = delivery(&b, &who, &id, "john.walk@abcabc.example", "j**********");
    (void)delivery(&b, &who, &other, "john.walk@abcabc.example", "john.walk@abcabc.example");
    changed(&b, &who, "account", &id, json_pack("{s:b}", "masked", 0), NULL, NULL);
    (void)delivery(&b, &who, &id, "john.walk@abcabc.example", "john.walk@abcabc.example");
    changed(&b, &who, "delivery", &one, json_pack("{s:s}", "note", "x"), "to", "j**********");       /* what was masked stays so */
    changed(&b, &who, "delivery", &one, json_pack("{s:s}", "to", "other@xyz.example"), "to", "other@xyz.example");
    changed(&b, &who, "account", &id, json_pack("{s:b}", "masked", 1), NULL, NULL);
    (void)delivery(&b, &who, &id, "john.walk@abcabc.example", "j**********");
    changed(&b, &who, "account", &id, json_pack("{s:n}", "masked"), NULL, NULL);
    (void)delivery(&b, &who, &id, "john.walk@abcabc.example", "j**********");
    bed_end(&b);
}
