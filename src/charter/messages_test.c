/* messages_test.c — to whom messages go and who sends them, as the model has it; and lines by which nothing could be sent. */
#include "charter/messages.c"

#include "base/test.h"
#include "charter/lint.h"
#include "charter/load.h"
#include "charter/sample.h"

static enum code loads(const char *from, const char *to, struct findings *f, struct charter **ret, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    const char *at = strstr(sample_text, from);
    CHECK(at != NULL);
    buf_add(&text, sample_text, (size_t)(at - sample_text));
    buf_text(&text, to);
    buf_text(&text, at + strlen(from));
    return charter_load_text("s.yaml", buf_str(&text), text.len, f, ret, reterr);
}
static struct charter *load(const char *from, const char *to, struct findings *f) {
    struct charter *c = NULL;
    struct err e;
    CHECK_OK(loads(from, to, f, &c, &e), &e);
    return c;
}

#define LINE "  email: only to participant of the same event, at most 3 a day for each person\n"

TEST(models_to_whom_messages_go_and_who_sends_them) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(charter_free) struct charter *c = load(LINE, LINE, f), *other = load(LINE, "  sms: only to participant of the same organiser, at most 1 a day for each person, never to imported ones\n  sent_by: organiser or door\n", f);
    const struct message_rule mail = charter_messages(c, false), sms = charter_messages(other, true);
    CHECK(mail.said && mail.person == charter_person(c, "participant") && mail.scope == charter_kind(c, "event") && mail.a_day == 3 && !mail.not_imported);
    CHECK(!charter_messages(c, true).said && !charter_messages(other, false).said);
    CHECK(sms.said && sms.scope == -1 && sms.a_day == 1 && sms.not_imported);
    CHECK(charter_sends(c, charter_tenant(c)) && !charter_sends(c, charter_person(c, "door")) && !charter_sends(c, -1));
    CHECK(charter_sends(other, charter_tenant(other)) && charter_sends(other, charter_person(other, "door")) && !charter_sends(other, charter_person(other, "participant")));
    int registration = charter_kind(c, "registration"), event = charter_kind(c, "event");
    CHECK(kind_steps(c, registration, event) == 1 && kind_steps(c, event, event) == 0 && kind_steps(c, event, registration) == -1);
    const struct kind *k = charter_kind_at(c, registration);
    CHECK(kind_address_field(k, false) == kind_field(k, "email") && kind_address_field(k, true) == kind_field(k, "phone") && kind_address_field(charter_kind_at(c, event), false) == -1);
}

/* What a log keeps of an address is nobody's address: nothing is sent there, though it reads like one. */
TEST(a_masked_field_is_no_address) {
    struct field fields[] = { { .name = "to", .type = T_EMAIL, .masked = true }, { .name = "email", .type = T_EMAIL } };
    const struct kind both = { .fields = fields, .field_count = 2 }, one = { .fields = fields, .field_count = 1 };
    CHECK(kind_address_field(&both, false) == 1 && kind_address_field(&one, false) == -1 && kind_address_field(&both, true) == -1);
}

TEST(models_states_in_which_nothing_is_sent) {
    static const struct { const char *line, *wrong; } row[] = {
        { "  email: only to participant of the same event, at most 3 a day for each person, not when cancelled or attended\n", NULL },
        { "  email: only to participant of the same event, at most 3 a day for each person, never to imported ones, not when cancelled\n", NULL },
        { "  email: only to participant of the same event, at most 3 a day for each person, not when gone\n", "unknown-option" },
        { "  email: only to participant of the same event, at most 3 a day for each person, not when cancelled or carried\n", "unknown-option" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(charter_free) struct charter *c = NULL;
        struct err e;
        const struct finding *list;
        const enum code code = loads(LINE, row[i].line, f, &c, &e);
        const size_t n = findings_list(f, &list);
        CHECK((code == OK) == (row[i].wrong == NULL) && (row[i].wrong == NULL || (n == 1 && strcmp(list[0].id, row[i].wrong) == 0)));
        if (code != OK)
            continue;
        const struct message_rule r = charter_messages(c, false);
        CHECK(message_excepts(&r, "cancelled") && message_excepts(&r, "attended") == (i == 0) && !message_excepts(&r, "waiting") && !message_excepts(&r, NULL));
        CHECK(r.not_imported == (i == 1));
    }
}

TEST(notes_lines_by_which_nothing_is_sent) {
    static const struct { const char *line; bool note; } row[] = {
        { LINE, false }, { "  email: never\n", false },
        { "  sms: only to participant of the same event, at most 3 a day for each person\n", false },
        { "  email: only to recipient of the same organiser, at most 3 a day for each person\n", true },
        { "  email: only to participant of the same parcel, at most 3 a day for each person\n", true },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(charter_free) struct charter *c = load(LINE, row[i].line, f);
        const struct finding *list;
        struct err e;
        bool note = false;
        CHECK_OK(lint_charter(c, "2026-11-22", f, &e), &e);
        for (size_t n = findings_list(f, &list); n > 0; n--)
            note = note || (strcmp(list[n - 1].id, "audience") == 0 && list[n - 1].level == FINDING_NOTE);
        if (note != row[i].note)
            fprintf(stderr, "for: %s", row[i].line);
        CHECK(note == row[i].note);
    }
}
