/* accounts_test.c — what a charter asks of people who sign in, as the model gives it. */
#include "charter/accounts.c"
#include "base/test.h"
#include "charter/sample.h"

static void replace(struct buf *text, const char *from, const char *to) {
    AUTO(buf_done) struct buf out = BUF(1 << 16);
    const char *all = buf_str(text), *at = strstr(all, from);
    if (at == NULL)
        fail_msg("the sample has no line %s", from);
    buf_add(&out, all, (size_t)(at - all));
    buf_text(&out, to);
    buf_text(&out, at + strlen(from));
    buf_cut(text, 0);
    buf_text(text, buf_str(&out));
}

/* The sample with two pieces replaced. */
static struct charter *with_both(const char *from, const char *to, const char *second, const char *by) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf text = BUF(1 << 16), out = BUF(1 << 16);
    struct charter *c = NULL;
    struct err e;
    buf_text(&text, sample_text);
    replace(&text, from, to);
    replace(&text, second, by);
    enum code code = charter_load_text("sample.yaml", buf_str(&text), text.len, f, &c, &e);
    findings_print(f, &out);
    CHECK_TEXT(buf_str(&out), "");
    CHECK_CODE(code, OK, &e);
    return c;
}

static struct charter *with(const char *from, const char *to) { return with_both(from, to, "logs:", "logs:"); }

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

TEST(sessions_end_as_the_charter_says) {
    AUTO(charter_free) struct charter *c = with("logs:", "sessions: end after 30 minutes without use, and after 2 days\nlogs:");
    CHECK(charter_sessions(c).idle.minutes == 30 && charter_sessions(c).idle.hours == 0 && charter_sessions(c).most.days == 2 && charter_sessions(c).most.hours == 0);
}

static bool level_is(const struct charter *c, const char *kind, const char *level, int up, const char *field) {
    struct level_way l = charter_level(c, charter_kind(c, kind));
    int in = charter_kind(c, kind);
    for (int i = 0; i < up && in >= 0; i++)
        in = charter_kind_at(c, in)->parent;
    return l.kind == charter_kind(c, level) && l.kind >= 0 && l.up == up && in >= 0 && l.field == (field != NULL ? kind_field(charter_kind_at(c, in), field) : -1);
}

static bool no_level(const struct charter *c, const char *kind) { return charter_level(c, charter_kind(c, kind)).kind == -1; }

static const char positions[] = "  position:\n    belongs_to: organiser\n";
static const char replies[] = "  reply:\n    belongs_to: parcel\n    holds:\n      title: text\n    keep: as long as the parcel\n"
                              "  line:\n    belongs_to: reply\n    holds:\n      title: text\n    keep: as long as the reply\n"
                              "  tag:\n    belongs_to: organiser\n    holds:\n      who: reference to courier\n    keep: until the organiser deletes it\n"
                              "  position:\n    belongs_to: organiser\n";

TEST(gives_levels_over_what_belongs_and_refers) {
    AUTO(charter_free) struct charter *none = with(positions, replies), *c = with_both(positions, replies, "logs:", "access: none, read or write for each event and courier\nlogs:");
    const int *kinds;
    CHECK(charter_levels(none, &kinds) == 0 && no_level(none, "event") && no_level(none, "line"));
    CHECK(charter_levels(c, &kinds) == 2 && kinds[0] == charter_kind(c, "event") && kinds[1] == charter_kind(c, "courier"));
    CHECK(level_is(c, "event", "event", 0, NULL) && level_is(c, "registration", "event", 1, NULL) && level_is(c, "invoice", "event", 1, NULL));
    CHECK(level_is(c, "courier", "courier", 0, NULL) && level_is(c, "parcel", "courier", 0, "courier") && level_is(c, "position", "courier", 0, "courier"));
    CHECK(level_is(c, "reply", "courier", 1, "courier") && level_is(c, "line", "courier", 2, "courier"));
    CHECK(charter_level(c, -1).kind == -1 && charter_level(c, 99).kind == -1);
    /* what decides lies outside the sealed part */
    const struct kind *tag = charter_kind_at(c, charter_kind(c, "tag")), *before = charter_kind_at(none, charter_kind(none, "tag"));
    CHECK(tag != NULL && before != NULL && tag->outside == 1 && before->outside == 0 && level_is(c, "tag", "courier", 0, "who"));
}

/* The first mistake of the sample with this kind in it and levels for each event and courier. */
static void first_mistake(const char *kind, struct buf *ret) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = NULL;
    AUTO(buf_done) struct buf text = BUF(1 << 16), to = BUF(4096);
    const struct finding *list;
    struct err e;
    buf_text(&text, sample_text);
    buf_printf(&to, "  tag:\n    belongs_to: organiser\n%s    keep: until the organiser deletes it\n%s", kind, positions);
    replace(&text, positions, buf_str(&to));
    replace(&text, "logs:", "access: none, read or write for each event and courier\nlogs:");
    CHECK(charter_load_text("sample.yaml", buf_str(&text), text.len, f, &c, &e) == E_CHARTER);
    CHECK(findings_list(f, &list) > 0);
    buf_printf(ret, "%s: %s", list[0].id, list[0].text);
}

TEST(refuses_levels_that_nothing_decides) {
    static const struct { const char *kind, *want; } row[] = {
        { "    holds:\n      who: reference to courier\n      at: reference to event\n", "level-twice: `tag` refers to several records that have levels of access, so none decides: name one kind" },
        { "    we_are: controller\n    about: participant\n    because: interest tags\n    used_for: [tags]\n    holds:\n      who: personal reference to courier\n",
          "personal-outside: `tag.who` is personal, but levels of access depend on it, so it would lie outside the sealed part: use a field that is not personal" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf out = BUF(4096);
        first_mistake(row[i].kind, &out);
        CHECK_TEXT(buf_str(&out), row[i].want);
    }
}

TEST(gives_levels_of_sending_accounts) {
    AUTO(charter_free) struct charter *c = with_both("  courier:\n    belongs_to: organiser\n",
        "  sending_account:\n    belongs_to: organiser\n    holds:\n      title: text\n    keep: until the organiser deletes it\n  courier:\n    belongs_to: sending_account\n",
        "logs:", "sending:\n  access: none, read or write for each sending account\nlogs:");
    const int *kinds;
    CHECK(charter_levels(c, &kinds) == 1 && kinds[0] == charter_kind(c, "sending_account"));
    CHECK(level_is(c, "courier", "sending_account", 1, NULL) && no_level(c, "parcel") && no_level(c, "event"));
}

TEST(grants_by_link_and_by_sign_in) {
    static const struct { const char *way; bool link, account, open; } row[] = {
        { "", false, false, false }, { ", by private link", true, false, true }, { ", by private link or sign-in", true, true, true }, { ", by sign-in", false, true, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf line = BUF(512);
        const struct grant *list;
        buf_printf(&line, "  participant: everything of own registration%s\n", row[i].way);
        AUTO(charter_free) struct charter *c = with_both("  participant: everything of own registration, everything of own invoice, by private link\n", buf_str(&line),
                                                         "sign_in:\n", row[i].link && !row[i].account ? "sign_in:\n" : "sign_in:\n  participant: passkey\n");
        int person = charter_person(c, "participant");
        CHECK(charter_sees(c, &list) > 0 && list[0].person == person && list[0].by_link == row[i].link && list[0].by_account == row[i].account);
        CHECK(charter_public(c, person) == row[i].open && charter_signs_in(c, person) == (!row[i].link || row[i].account));
    }
}

TEST(ends_relations_by_time_and_by_state) {
    AUTO(charter_free) struct charter *c = with("  assigned: parcel.courier\n", "  assigned: parcel.courier, while parcel.state is next, until parcel.ends\n");
    const struct relation *r;
    const struct kind *p = charter_kind_at(c, charter_kind(c, "parcel"));
    CHECK(charter_relations(c, &r) == 2 && p != NULL && r[0].until_field == kind_field(p, "ends") && r[0].while_kind == charter_kind(c, "parcel") && r[1].until_field == -1);
    CHECK((p->outside >> r[0].until_field & 1) == 1);
}
