/* log_test.c — which kind may hold the log of deliveries: whatever could keep one of its rows from being made is a mistake, told where the line stands. */
#include "charter/log.c"

#include "base/test.h"
#include "charter/load.h"

#define TEXT                                                                                                                                         \
    "charter: mail\ntitle: Mail\nupdated: 2026-11-22\nclock: Europe/Warsaw\nspeaks: [en]\noperator:\n  name: Mail sp. z o.o.\n  country: PL\n"       \
    "  contact: iod@mail.example\n  authority: UODO\npeople:\n  recipient: a person\n  customer: a company\ntenant: customer\n"                      \
    "records:\n  account:\n    belongs_to: customer\n    holds:\n      title: text\n      pool: one of shared | dedicated\n      masked: yes/no, optional\n" \
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

/* The first error, or "". */
static void first_of_text(const char *from, const char *to, char *ret, size_t room) {
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    const struct finding *list;
    struct err e;
    const char *at = strstr(TEXT, from);
    CHECK(at != NULL);
    buf_add(&text, TEXT, (size_t)(at - TEXT));
    buf_text(&text, to);
    buf_text(&text, at + strlen(from));
    enum code code = charter_load_text("m.yaml", buf_str(&text), text.len, f, &c, &e);
    size_t n = findings_list(f, &list), i = 0;
    while (i < n && list[i].level != FINDING_ERROR)
        i++;
    snprintf(ret, room, "%s", i < n ? list[i].id : "");
    CHECK((code == OK) == (i == n));
    CHECK(strcmp(ret, "log-made") != 0 || strstr(list[i].text, "`delivery`") != NULL);
}

TEST(each_mail_makes_a_row_so_nothing_may_keep_one_out) {
    static const struct { const char *from, *to, *id; } rows[] = {
        { "    keep: 90 days after at, then erase\n", "    keep: 90 days after at, then erase\n", "" },
        { "    used_for: [showing]\n", "    used_for: [showing]\n    limits:\n      - one for each account and at\n", "log-made" },
        { "    because: contract with the customer\n    used_for: [showing]\n", "    because: consent showing\n    used_for: [showing]\n", "log-made" },
        { "      to: personal email, masked\n", "      to: personal email, masked\n      note: text, optional\n", "log-text" },
        { "      code: number\n", "      code: number\n      size: yes/no\n      other: yes/no\n", "log-field" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char id[64];
        first_of_text(rows[i].from, rows[i].to, id, sizeof id);
        CHECK_TEXT(id, rows[i].id);
    }
}
