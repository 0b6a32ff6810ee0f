/* reminders_test.c — what the sentences of `remind` mean, and what is refused in them. */
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "charter/charter.h"
#include "charter/load.h"

static const char before[] = "charter: t\ntitle: {en: T}\nupdated: 2026-11-23\nclock: Europe/Warsaw\nspeaks: [en]\noperator:\n  name: T\n  contact: a@t.example\n  authority: UODO\n"
    "people:\n  client: somebody\n  guest: somebody who stays\n  firm: a firm\ntenant: firm\nrecords:\n  visit:\n    we_are: processor for the firm\n    belongs_to: firm\n    about: client\n    because: contract with the client\n"
    "    used_for: [visits]\n    holds:\n      starts: time\n      day: date\n      phone: personal phone\n      place: text\n      born: personal date\n      state: one of booked | waiting | cancelled\n"
    "    moves:\n      booked to cancelled: firm\n      waiting to booked: firm\n";
static const char after[] = "    keep: 1 year after starts, then erase\nwho_sees:\n  firm: everything of own visit\nconnections: TLS 1.2 or newer\nmessages:\n  sms: only to client of the same firm, at most 2 a day for each person\nsms: {only_to: \"+48\", described_as: Poland}\n";

static enum code charter_of(const char *line, struct findings *f, struct charter **ret) {
    AUTO(buf_done) struct buf text = BUF(65536);
    struct err e;
    buf_printf(&text, "%s    remind: %s\n%s", before, line, after);
    return charter_load_text("t.yaml", buf_str(&text), text.len, f, ret, &e);
}

TEST(what_is_said_and_what_holds_by_itself) {
    static const struct { const char *line; bool sms, only; int hours, days, from, until; const char *anchor; uint64_t except; size_t fields; } rows[] = {
        { "by sms 24 hours before starts, only phone and time in the text", true, true, 24, 0, 480, 1260, "starts", 0, 1 },
        { "by sms 24 hours before starts, only phone and time in the text, not when waiting, between 8:00 and 21:00", true, true, 24, 0, 480, 1260, "starts", 2, 1 },
        { "by sms 2 days before day", true, false, 0, 2, 480, 1260, "day", 0, 0 },
        { "by sms 3 hours before starts, only phone, place and time in the text, not when waiting, between 9:30 and 18:00", true, true, 3, 0, 570, 1080, "starts", 2, 2 },
        { "by sms 1 day before starts, not when waiting or booked", true, false, 0, 1, 480, 1260, "starts", 3, 0 },
        { "by sms 1 day before starts, between 0:00 and 24:00", true, false, 0, 1, 0, 1440, "starts", 0, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(charter_free) struct charter *c = NULL;
        const struct finding *list;
        if (charter_of(rows[i].line, f, &c) != OK && findings_list(f, &list) > 0)
            fprintf(stderr, "row %zu: %s\n", i, list[0].text);
        CHECK(c != NULL);
        const struct kind *k = charter_kind_at(c, 0);
        const struct remind *r = &k->remind;
        CHECK(r->said && r->sms == rows[i].sms && r->only == rows[i].only && r->before.hours == rows[i].hours && r->before.days == rows[i].days);
        CHECK(r->from == rows[i].from && r->until == rows[i].until && r->except == rows[i].except && (size_t)__builtin_popcountll(r->fields) == rows[i].fields);
        CHECK_TEXT(k->fields[r->anchor].name, rows[i].anchor);
        CHECK(k->fields[r->anchor].sorted && k->fields[r->anchor].outside && (r->except == 0 || k->fields[r->except_field].outside));
    }
}

TEST(what_is_refused) {
    static const struct { const char *line, *id; } rows[] = {
        { "by email 1 day before starts", "no-address" }, { "by sms 1 day before phone", "anchor-type" }, { "by sms 1 day before begins", "unknown-field" },
        { "by sms 1 day before born", "personal-outside" }, { "by sms 1 day before starts, between 21:00 and 8:00", "hours" }, { "by sms 1 day before starts, between 8:00 and 8:59", "hours" },
        { "by sms 1 day before starts, between 8 and 21", "sentence" }, { "by sms 1 day before starts, between 8:00 and 25:00", "sentence" }, { "by sms 1 day before starts, between 8:60 and 21:00", "sentence" },
        { "by sms 1 day before starts, not when gone", "unknown-option" }, { "by sms 1 day before starts, only name and time in the text", "unknown-field" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(findings_free) struct findings *f = findings_new();
        struct charter *c = NULL;
        const struct finding *list;
        CHECK_INT(charter_of(rows[i].line, f, &c), E_CHARTER);
        CHECK(findings_list(f, &list) >= 1);
        CHECK_TEXT(list[0].id, rows[i].id);
    }
}

/* A reminder that no line of `messages` lets go is a mistake of the charter, and not of each day. */
TEST(who_may_not_be_written_to_is_not_reminded) {
    static const char line[] = "messages:\n  sms: only to client of the same firm, at most 2 a day for each person\n";
    static const struct { const char *messages, *why; } rows[] = {
        { "", "Nobody can be reminded by sms, for `messages.sms` is not there: name there whom such messages go to, or remind by email" },
        { "messages:\n  email: never\n  sms: never\n", "Nobody can be reminded by sms, for `messages.sms` says never: name there whom such messages go to, or remind by email" },
        { "messages:\n  sms: only to guest of the same firm, at most 2 a day for each person\n", "Nobody can be reminded of `visit` by sms, for `messages.sms` names other people than those whom it is about" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf text = BUF(65536);
        AUTO(findings_free) struct findings *f = findings_new();
        const char *at = strstr(after, line), *second = "who_sees:\n";
        struct charter *c = NULL;
        const struct finding *list;
        struct err e;
        CHECK(at != NULL);
        buf_printf(&text, "%s    remind: by sms 1 day before starts\n    keep: 1 year after starts, then erase\n  stay:\n    we_are: processor for the firm\n    belongs_to: firm\n    about: guest\n    because: contract with the guest\n"
                   "    used_for: [visits]\n    holds:\n      phone: personal phone\n    keep: 1 year after created, then erase\n", before);
        buf_printf(&text, "%.*s%s%s", (int)(at - strstr(after, second)), strstr(after, second), rows[i].messages, at + strlen(line));
        CHECK_INT(charter_load_text("t.yaml", buf_str(&text), text.len, f, &c, &e), E_CHARTER);
        bool told = false;
        for (size_t k = findings_list(f, &list); k > 0; k--)
            told = told || (strcmp(list[k - 1].id, "remind-forbidden") == 0 && strcmp(list[k - 1].text, rows[i].why) == 0);
        CHECK(told);
        c = charter_free(c);
    }
}
