/* lint_test.c — phrases, spans, and each trap on a charter of its own: with the line that has it, and mended. */
#include "charter/lint.c"
#include "base/test.h"
#include "crypto/crypto.h"

TEST(finds_phrases_at_words) {
    static const struct { const char *text, *phrase; bool want; } row[] = {
        { "logs are kept for the necessary time", "necessary time", true }, { "necessary times", "necessary time", false },
        { "unnecessary time", "necessary time", false }, { "necessary, time", "necessary time", true }, { "we anonymised it", "anonymis~", true },
        { "pseudonymised", "anonymis~", false }, { "top-quality", "top quality", true }, { "100 % safe", "100 %", true }, { "100%", "100%", true },
        { "", "a", false }, { "a", "a", true }, { "a a b", "a b", true }, { "guarantees full security", "guarantee~ security", false },
        { "guarantees security", "guarantee~ security", true }, { "the abi", "abi", true }, { "ability", "abi", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        CHECK(phrase_in(row[i].text, row[i].phrase) == row[i].want);
}

TEST(reads_spans_behind_a_word) {
    struct span s = { 0 };
    CHECK(sentence_span("every 3 hours, kept 1 year", "kept", &s) && s.years == 1);
    CHECK(sentence_span("within 60 minutes, losing at most 24 hours", "within", &s) && s.minutes == 60);
    CHECK(sentence_span("kept 30 days", "kept", &s) && s.days == 30);
    CHECK(!sentence_span("2 times a day", "kept", &s) && !sentence_span("", "kept", &s) && !sentence_span("kept", "kept", &s));
    CHECK(!sentence_span("every day, kept for ever", "kept", &s) && !sentence_span("every day, unkept 1 year", "kept", &s) && s.days == 30);
}

/* Line 24 is the first of what a test adds. */
static const char head[] =
    "charter: lint\n" "title: {en: Lint}\n" "updated: 2026-11-22\n" "clock: Europe/Warsaw\n" "speaks: [en]\n"
    "operator:\n" "  name: Operator\n" "  contact: a@operator.example\n" "  authority: UODO\n"
    "people:\n" "  client: a person\n" "  shop: the customer\n" "tenant: shop\n"
    "records:\n" "  order:\n" "    we_are: processor for the shop\n" "    belongs_to: shop\n" "    about: client\n"
    "    because: contract with the shop\n" "    used_for: [selling]\n" "    holds: {%s}\n" "    keep: %s\n"
    "who_sees: {shop: everything of own order}\n";
static const char plain[] = "title: text", personal_field[] = "email: personal email", owner[] = "until the shop deletes it";
static const char secret_field[] = "allergy: sensitive text", special_field[] = "email: personal email}\n    kind_of_data: health\n    labels: {email: mail";

static void begin(void) {
    static bool begun;                        /* the library begins once in a process */
    struct err e;
    if (!begun)
        CHECK_OK(crypto_init(&e), &e);
    begun = true;
}

/* The head with its places filled. */
static void put_head(struct buf *ret, const char *holds, const char *keep) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    buf_printf(ret, head, holds, keep);
#pragma GCC diagnostic pop
}

static struct findings *linted(const struct buf *text, const char *today) {
    AUTO(buf_done) struct buf said = BUF(1 << 16);
    AUTO(charter_free) struct charter *c = NULL;
    struct findings *f = findings_new();
    struct err e;
    begin();
    if (charter_load_text("lint.yaml", buf_str(text), text->len, f, &c, &e) != OK) {
        findings_print(f, &said);
        fail_msg("%s", buf_str(&said));
    }
    CHECK_OK(lint_charter(c, today, f, &e), &e);
    return f;
}

static void traps_are(const char *holds, const char *keep, const char *added, const char *today, const char *want) {
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    AUTO(buf_done) struct buf got = BUF(1 << 16);
    const struct finding *list;
    put_head(&text, holds, keep);
    buf_text(&text, added);
    AUTO(findings_free) struct findings *f = linted(&text, today);
    size_t count = findings_list(f, &list);
    for (size_t i = 0; i < count; i++)
        if (list[i].level == FINDING_TRAP)
            buf_printf(&got, "%s%d:%s", got.len == 0 ? "" : " ", list[i].pos.line, list[i].id);
    if (strcmp(buf_str(&got), want) != 0)
        fprintf(stderr, "for: %s\n", added);
    CHECK_TEXT(buf_str(&got), want);
}

/* A note stands beside a role of which sign_in says nothing, where it speaks of others. */
TEST(notes_roles_that_sign_in_without_a_word) {
    static const struct { const char *holds, *added; bool note; } row[] = {
        { personal_field, "sign_in: {support: passkey}\n", true }, { personal_field, "sign_in: {shop: passkey}\n", false },
        { personal_field, "", false }, { plain, "sign_in: {support: passkey}\n", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf text = BUF(1 << 16);
        const struct finding *list;
        bool note = false;
        put_head(&text, row[i].holds, owner);
        buf_text(&text, row[i].added);
        AUTO(findings_free) struct findings *f = linted(&text, "2026-11-22");
        for (size_t k = findings_list(f, &list); k > 0; k--)
            note = note || (strcmp(list[k - 1].id, "sign-in") == 0 && list[k - 1].level == FINDING_NOTE && list[k - 1].pos.line == 23);
        CHECK(note == row[i].note);
    }
}

TEST(codes_that_several_countries_share_are_noted) {
    static const struct { const char *codes, *says; } row[] = { { "+48", NULL }, { "+48 +1", "+1 is not the United States alone" }, { "+7", "in it lie Kazakhstan" } };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf text = BUF(1 << 16);
        const struct finding *list;
        bool note = false;
        put_head(&text, plain, owner);
        buf_printf(&text, "sms: {only_to: \"%s\"}\n", row[i].codes);
        AUTO(findings_free) struct findings *f = linted(&text, "2026-11-22");
        for (size_t k = findings_list(f, &list); k > 0; k--)
            note = note || (strcmp(list[k - 1].id, "shared-code") == 0 && list[k - 1].level == FINDING_NOTE && row[i].says != NULL && strstr(list[k - 1].text, row[i].says) != NULL);
        CHECK(note == (row[i].says != NULL));
    }
}

TEST(each_trap_and_its_mending) {
    static const struct { const char *holds, *keep, *added, *want; } row[] = {
        { plain, owner, "", "" },
        { plain, owner, "sms: {only_to: \"+48 +47\", described_as: Poland}\n", "24:T1" },
        { plain, owner, "sms: {only_to: \"+48 +47\", described_as: Poland and Norway}\n", "" },
        { personal_field, owner, "claims:\n  - We do not process personal data\n", "25:T2" },
        { plain, owner, "claims:\n  - We do not process personal data\n", "" },
        { plain, owner, "claims:\n  - Logs are stored only for the necessary time\n", "25:T3" },
        { plain, owner, "claims:\n  - Logs are stored for the necessary time of 30 days\n", "" },
        { plain, owner, "backups:\n  database: every day\n", "25:T3" },
        { plain, owner, "backups:\n  database: every day, kept 30 days\n", "" },
        { personal_field, "8 years after created, then erase", "", "22:T4" },
        { plain, "8 years after created, then erase", "", "" },
        { personal_field, "90 days after created, then erase", "", "" },
        { plain, owner, "backups:\n  encrypted: AES-256, on servers of third parties\n  stored: in the EEA, only in our own data centres\n", "25:T5 26:T5" },
        { plain, owner, "backups:\n  encrypted: AES-256 before leaving the host, keys kept elsewhere\n  stored: in the EEA, only in our own data centres\n", "" },
        { plain, owner, "transfers: never outside the EEA\nprocessors:\n  - {name: A, for: keeping, sees: nothing readable, in: US, agreement: 2026-01-01 to 2027-01-01}\n", "26:T5" },
        { plain, owner, "transfers: never outside the EEA\nprocessors:\n  - {name: A, for: keeping, sees: nothing readable, in: PL, agreement: 2026-01-01 to 2027-01-01}\n", "" },
        { personal_field, owner, "not_sealed:\n  - {what: order.email, because: the load}\n", "25:T6" },
        { personal_field, owner, "not_sealed: []\n", "" },
        { plain, owner, "masks: {email: first letter and 10 stars}\nclaims:\n  - Addresses in logs are anonymised\n", "26:T7" },
        { plain, owner, "promised_for:\n  - {what: masking, by: 2026-11-21}\n", "25:T8" },
        { plain, owner, "promised_for:\n  - {what: masking, by: 2026-11-22}\n", "" },
        { plain, owner, "claims:\n  - All staff wear badges *\n", "25:T8" },
        { plain, owner, "claims:\n  - All staff wear badges *\n  - \"* but on Sundays\"\n", "" },
        { plain, owner, "claims:\n  - Last updated\n", "25:T8" },
        { plain, "90 days after created, then erase", "claims:\n  - We never delete your data\n", "25:T9" },
        { plain, owner, "claims:\n  - We never delete your data\n", "" },
        { personal_field, "180 days after created, then erase", "backups:\n  database: every 3 hours, kept 1 year\n", "22:T10" },
        { personal_field, "180 days after created, then erase", "backups:\n  database: every 3 hours, kept 1 year\n  undo: 14 days\n", "" },
        { plain, "180 days after created, then erase", "backups:\n  database: every 3 hours, kept 1 year\n", "" },
        { plain, owner, "available: 99.98 %\n", "24:T11" },
        { plain, owner, "available: 99.98 % of every calendar year\nrestore: within 60 minutes\n", "" },
        { plain, owner, "available: 99.98 % of every calendar month\nrestore: within 60 minutes\n", "24:T11" },
        { plain, owner, "available: 100 % of every calendar year\n", "24:T19" },
        { plain, owner, "devices: {say: {cups: count}}\nclaims:\n  - We do not collect personal data\n", "26:T14" },
        { personal_field, owner, "devices: {say: {cups: count}, refuse: [email]}\nclaims:\n  - From devices we do not collect personal data\n", "" },
        { plain, owner, "claims:\n  - Accepted by the PCI Security Standards Council\n", "25:T15" },
        { plain, owner, "claims:\n  - Authorities in contact with the machine\n", "25:T15" },
        { plain, owner, "cookies:\n  analytics: from www.counter.example\n", "25:T16" },
        { plain, owner, "cookies:\n  analytics: from www.counter.example, only with consent analytics\nprocessors:\n  - {name: A, for: counting, sees: visits, in: PL, "
          "agreement: 2026-01-01 to 2027-01-01, hosts: [counter.example]}\n", "" },
        { plain, owner, "claims:\n  - Analytics collect anonymous information\n", "25:T16" },
        { plain, owner, "sign_in: {shop: password changed every 30 days}\n", "24:T17" },
        { plain, owner, "sign_in: {shop: password of 8 characters}\n", "24:T17" },
        { secret_field, owner, "sign_in: {shop: password of 12 characters}\n", "24:T18" },
        { secret_field, owner, "", "23:T18" },
        { secret_field, owner, "sign_in: {shop: password of 12 characters and a second step}\n", "" },
        { secret_field, owner, "sign_in: {shop: passkey}\n", "" },
        { special_field, owner, "sign_in: {shop: password of 12 characters}\n", "26:T18" },
        { personal_field, owner, "sign_in: {shop: password of 12 characters}\n", "" },
        { plain, owner, "sign_in: {shop: password of 12 characters and a second step}\n", "" },
        { plain, owner, "claims:\n  - Measures are at the high level\n", "25:T17" },
        { plain, owner, "claims:\n  - We guarantee full protection of all data\n", "25:T19" },
        { plain, owner, "claims:\n  - Zapewniamy pełne bezpieczeństwo\n", "25:T19" },
        { plain, owner, "evidence:\n  - {what: the best locks, owner: A, every: 1 year}\n", "25:T19" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        traps_are(row[i].holds, row[i].keep, row[i].added, "2026-11-22", row[i].want);
}

/* Notes of texts and labels, where the service speaks Polish beside English. */
static void notes_are(const char *from, const char *to, const char *want) {
    AUTO(buf_done) struct buf text = BUF(1 << 16), whole = BUF(1 << 16), got = BUF(1 << 16);
    const struct finding *list;
    put_head(&text, "email: personal email, size: number", owner);
    const char *at = strstr(buf_str(&text), from);
    CHECK(at != NULL);
    buf_add(&whole, buf_str(&text), (size_t)(at - buf_str(&text)));
    buf_text(&whole, to);
    buf_text(&whole, at + strlen(from));
    AUTO(findings_free) struct findings *f = linted(&whole, "2026-11-22");
    size_t n = findings_list(f, &list);
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].id, "translation") == 0 || strcmp(list[i].id, "label") == 0)
            buf_printf(&got, "%d %s: %s\n", list[i].pos.line, list[i].id, list[i].text);
    CHECK_TEXT(buf_str(&got), want);
}

TEST(notes_what_does_not_speak_every_language) {
    notes_are("selling", "selling", "");       /* one language only */
    notes_are("title: {en: Lint}\nupdated: 2026-11-22\nclock: Europe/Warsaw\nspeaks: [en]\n",
              "title: {en: Lint}\nupdated: 2026-11-22\nclock: Europe/Warsaw\nspeaks: [en, pl]\nlabels: {order: {en: order, pl: zamówienie}, shop: {pl: sklep, en: shop}}\n",
              "2 translation: The service speaks Polish too, and this text does not: it is shown as `Lint` there\n"
              "12 translation: The service speaks English and Polish, and this text is shown as written in each: give it by language, such as {en: …, pl: …, hu: …}\n"
              "13 translation: The service speaks English and Polish, and this text is shown as written in each: give it by language, such as {en: …, pl: …, hu: …}\n"
              "21 translation: The service speaks English and Polish, and this text is shown as written in each: give it by language, such as {en: …, pl: …, hu: …}\n"
              "22 label: `size` has no label, so people read it as written in every language: add one under `labels`\n");
}

TEST(traps_in_any_language_of_a_claim) {
    traps_are(plain, owner, "claims:\n  - {en: We are there for you, pl: Gwarantujemy pełne bezpieczeństwo}\n", "2026-11-22", "25:T15 25:T19");
}

TEST(a_page_ages_after_a_year) {
    traps_are(plain, owner, "", "2027-11-22", "");
    traps_are(plain, owner, "", "2027-11-23", "3:T8");
    traps_are(plain, owner, "", "2030-01-01", "3:T8");
}

/* What a late notice may add to a time that is kept stands in the sum. */
TEST(a_late_notice_counts_in_what_remains) {
    static const struct { const char *undo, *want; } row[] = {
        { "  undo: 14 days\n", "order: 180 days + 7 days after a late notice + 14 days until no copy, backups of keys among them, can be opened: 201 days" },
        { "", "180 days + 7 days after a late notice + 1 year in backups = 552 days: read together, the lines let personal data of order live that long; say when an erasure is "
              "final in every copy, such as `undo: 14 days` under `backups`" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf text = BUF(1 << 14);
        const struct finding *list;
        const char *said = NULL;
        put_head(&text, personal_field, "180 days after created, then erase\n    warn: shop by email 14 days before, a late notice moves the erasure by at most 7 days");
        buf_printf(&text, "backups:\n  database: every 3 hours, kept 1 year\n%s", row[i].undo);
        AUTO(findings_free) struct findings *f = linted(&text, "2026-11-22");
        size_t n = findings_list(f, &list);
        for (size_t j = 0; j < n; j++)
            if (strcmp(list[j].id, "T10") == 0)
                said = list[j].text;
        CHECK_TEXT(said, row[i].want);
    }
}

TEST(says_the_arithmetic) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    AUTO(buf_done) struct buf text = BUF(1 << 14);
    struct err e;
    const struct finding *list;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    begin();
    buf_printf(&text, head, personal_field, "180 days after created, then erase");
#pragma GCC diagnostic pop
    buf_text(&text, "backups:\n  database: every 3 hours, kept 1 year\nrestore: within 60 minutes\navailable: 99.98 %\n");
    CHECK_OK(charter_load_text("lint.yaml", buf_str(&text), text.len, f, &c, &e), &e);
    CHECK_OK(lint_charter(c, "2026-11-22", f, &e), &e);
    CHECK_INT(findings_list(f, &list), 2);
    CHECK(strstr(list[0].text, "180 days + 1 year in backups = 545 days") != NULL);
    CHECK(strstr(list[1].text, "over 30 days it allows 8.64 minutes and over a year 105.12, and one restore of 60 minutes (line 26) is 6.9 times the former and 57 % of the latter") != NULL);
}
