/* masks_test.c — how masks are declared, and who switches them. */
#include "charter/masks.c"
#include "base/test.h"
#include "charter/load.h"

#define HEAD_TEXT                                                                                                                                  \
    "charter: mail\ntitle: Mail\nupdated: 2026-11-22\nclock: Europe/Warsaw\nspeaks: [en]\noperator:\n  name: Mail sp. z o.o.\n  country: PL\n"     \
    "  contact: iod@mail.example\n  authority: UODO\npeople:\n  recipient: a person\n  customer: a company\n  writer: its staff\ntenant: customer\n"
#define RECORDS_TEXT(FIELDS, PARENT)                                                                                                               \
    "records:\n  account:\n    belongs_to: customer\n    holds:\n      title: text\n" FIELDS "    keep: until the customer deletes it\n"            \
    "  delivery:\n    we_are: processor for the customer\n    belongs_to: " PARENT "\n    about: recipient\n    because: contract with the customer\n"  \
    "    used_for: [showing]\n    holds:\n      to: personal email, masked\n    keep: 90 days after created, then erase\n"                         \
    "who_sees:\n  customer: everything of own account, everything of own delivery\nagreement: needed before any personal data\n"

static struct charter *load(const char *text, struct buf *said) {
    AUTO(findings_free) struct findings *f = findings_new();
    struct charter *c = NULL;
    struct err e;
    (void)!charter_load_text("mail.yaml", text, strlen(text), f, &c, &e);
    findings_print(f, said);
    return c;
}

TEST(a_mask_is_declared_and_switched) {
    static const struct { const char *text; const char *says; bool without, chosen, outside; } row[] = {
        { HEAD_TEXT RECORDS_TEXT("", "account") "masks:\n  email: first letter and 10 stars\n", "", false, false, false },
        { HEAD_TEXT RECORDS_TEXT("", "account") "masks:\n  email: first letter and 10 stars, without domain\n", "", true, false, false },
        { HEAD_TEXT RECORDS_TEXT("      masked: yes/no, optional\n", "account") "masks:\n  email: first letter and 10 stars\n  chosen: by customer for each sending account, each change in the ledger\n", "", false, true, true },
        { HEAD_TEXT RECORDS_TEXT("", "account") "masks:\n  email: first letter and 10 stars\n  chosen: by customer for each sending account, each change in the ledger\n", "`account` needs a field `masked: yes/no, optional`", false, false, false },
        { HEAD_TEXT RECORDS_TEXT("", "customer") "masks:\n  email: first letter and 10 stars\n  chosen: by customer for each sending account, each change in the ledger\n", "belongs to nothing whose masking could be switched", false, false, false },
        { HEAD_TEXT RECORDS_TEXT("      masked: yes/no, optional\n", "account") "masks:\n  chosen: by writer for each sending account, each change in the ledger\n", "write `by customer for each sending account", false, false, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf said = BUF(1 << 16);
        struct charter *c = load(row[i].text, &said);
        if (row[i].says[0] != 0) {
            if (strstr(buf_str(&said), row[i].says) == NULL)
                fail_msg("%zu: %s", i, buf_str(&said));
        } else {
            CHECK_TEXT(buf_str(&said), "");
            const struct kind *k = charter_kind_at(c, charter_kind(c, "account"));
            CHECK(charter_masks(c).without_domain == row[i].without && charter_masks(c).chosen == row[i].chosen);
            CHECK((kind_mask_switch(k) >= 0 && (k->outside >> kind_mask_switch(k) & 1) != 0) == row[i].outside);
        }
        c = charter_free(c);
    }
}
