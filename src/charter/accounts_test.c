/* accounts_test.c — what a charter asks of people who sign in, as the model gives it. */
#include "charter/accounts.c"
#include "base/test.h"
#include "charter/sample.h"

/* The sample with one line replaced by others. */
static struct charter *with(const char *from, const char *to) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf text = BUF(1 << 16), out = BUF(1 << 16);
    struct charter *c = NULL;
    struct err e;
    const char *at = strstr(sample_text, from);
    if (at == NULL)
        fail_msg("the sample has no line %s", from);
    buf_add(&text, sample_text, (size_t)(at - sample_text));
    buf_text(&text, to);
    buf_text(&text, at + strlen(from));
    enum code code = charter_load_text("sample.yaml", buf_str(&text), text.len, f, &c, &e);
    findings_print(f, &out);
    CHECK_TEXT(buf_str(&out), "");
    CHECK_CODE(code, OK, &e);
    return c;
}

static bool rule_is(struct sign_in_rule r, int length, bool second, bool passkey, int days) {
    return r.length == length && r.second == second && r.passkey == passkey && r.changed.days == days;
}

TEST(says_what_it_asks_of_whom) {
    AUTO(charter_free) struct charter *c = with("  organiser: password of 12 characters and a second step\n",
        "  organiser: password of 16 characters and a second step\n  door: password changed every 30 days\n  courier: password of 10 characters, changed every 90 days\n  support: passkey\n");
    CHECK(rule_is(charter_sign_in(c, charter_person(c, "organiser")), 16, true, false, 0));
    CHECK(rule_is(charter_sign_in(c, charter_person(c, "door")), 12, false, false, 30));
    CHECK(rule_is(charter_sign_in(c, charter_person(c, "courier")), 12, false, false, 90));   /* never below the floor */
    CHECK(rule_is(charter_sign_in(c, charter_person(c, "support")), 12, true, true, 0));
    CHECK(rule_is(charter_sign_in(c, charter_person(c, "administrator")), 12, false, false, 0));
    CHECK(rule_is(charter_sign_in(c, -1), 12, false, false, 0) && rule_is(charter_sign_in(c, 99), 12, false, false, 0));
}

TEST(knows_who_may_have_an_account) {
    static const struct { const char *person; bool signs_in, open, operator; } row[] = {
        { "participant", false, true, false }, { "organiser", true, false, false }, { "door", true, false, false }, { "courier", true, false, false },
        { "recipient", false, true, false }, { "support", true, false, true }, { "administrator", true, false, true }, { "security_officer", true, false, true },
        { "controller", false, false, false }, { "authority", false, false, false },
    };
    AUTO(charter_free) struct charter *c = with("logs:", "logs:"), *named = with("sign_in:\n", "sign_in:\n  recipient: password of 12 characters\n  authority: passkey\n");
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        int person = charter_person(c, row[i].person);
        CHECK(person >= 0 && charter_signs_in(c, person) == row[i].signs_in && charter_public(c, person) == row[i].open && charter_operator_staff(c, person) == row[i].operator);
    }
    CHECK(!charter_signs_in(c, -1) && !charter_signs_in(c, 99) && !charter_public(c, -1) && !charter_operator_staff(c, -1));
    CHECK(charter_signs_in(named, charter_person(named, "recipient")) && charter_signs_in(named, charter_person(named, "authority")));
}

TEST(knows_who_manages_accounts_and_what_they_need) {
    AUTO(charter_free) struct charter *c = with("logs:", "logs:");
    AUTO(charter_free) struct charter *all = with("logs:", "accounts: invited, suspended and removed by the security officer, each step in the ledger\n"
        "people_authorised: every account, with scope, purpose and end date\nagreement: needed before any personal data\nlogs:");
    CHECK(charter_accounts_by(c) == charter_tenant(c) && !charter_authorised_only(c) && !charter_agreement_first(c));
    CHECK(charter_accounts_by(all) == charter_person(all, "security_officer") && charter_authorised_only(all) && charter_agreement_first(all));
}

TEST(reads_copies_and_windows) {
    AUTO(charter_free) struct charter *c = with("logs:", "logs:"), *two = with("logs:", "copies: at most 3 a day, approved by two people, watermarked\nlogs:");
    AUTO(charter_free) struct charter *one = with("logs:", "copies: at most 20 a day\nlogs:"), *never = with(", unless the tenant opens a window of at most 4 hours", "");
    struct copies_rule r = charter_copies(c);
    CHECK(!r.said && r.a_day == 0 && r.people == 1 && !r.watermark);
    r = charter_copies(two);
    CHECK(r.said && r.a_day == 3 && r.people == 2 && r.watermark);
    r = charter_copies(one);
    CHECK(r.said && r.a_day == 20 && r.people == 1 && !r.watermark);
    CHECK(charter_window_most(c).hours == 4 && span_days(&(struct span){ .hours = 4 }) > 0);
    struct span none = charter_window_most(never);
    CHECK(span_days(&none) == 0);
}

TEST(sessions_end_without_a_line_too) {
    AUTO(charter_free) struct charter *c = with("logs:", "logs:");
    CHECK(charter_sessions(c).idle.hours == 1 && charter_sessions(c).most.hours == 12);
}

TEST(finds_a_purpose_by_its_words) {
    AUTO(charter_free) struct charter *c = with("[running the event, answering questions]", "\n      - {en: running the event, pl: prowadzenie wydarzenia}\n      - answering questions");
    const struct kind *k = charter_kind_at(c, charter_kind(c, "registration"));
    if (k == NULL)
        fail();
    CHECK_INT(kind_purpose(k, "running the event"), 0);
    CHECK_INT(kind_purpose(k, " prowadzenie wydarzenia\n"), 0);
    CHECK_INT(kind_purpose(k, "answering questions"), 1);
    CHECK(kind_purpose(k, "Running the event") == -1 && kind_purpose(k, "running the even") == -1 && kind_purpose(k, "") == -1 && kind_purpose(k, " ") == -1);
    CHECK_INT(kind_purpose(charter_kind_at(c, 0), "running the event"), -1);
}
