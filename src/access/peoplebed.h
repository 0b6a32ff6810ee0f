/* peoplebed.h — for the tests of people who sign in: a store, a keeper and a charter, and people who have come in. A cheap cost of hashing,
 * since nothing here is about time. */
#pragma once
#include "access/people.h"

#include "access/inside.h"
#include "access/signin.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/totp.h"
#include "ledger/ledger.h"
#include "records/testbed.h"

static const char charter[] =
    "charter: events\n"
    "title: {en: Events, pl: Wydarzenia, hu: Események}\n"
    "updated: 2026-11-22\nclock: Europe/Warsaw\nspeaks: [pl, en, hu]\n"
    "operator: {name: Seats, contact: privacy@seats.example, authority: UODO}\n"
    "people:\n  organiser: the customer\n  door: lets people in\n  participant: comes\n"
    "tenant: organiser\n"
    "records:\n"
    "  event:\n    belongs_to: organiser\n    holds:\n      title: text\n      starts: time, sorted\n    keep: until the organiser deletes it\n"
    "  registration:\n    we_are: processor for the organiser\n    belongs_to: event\n    about: participant\n    because: contract with the organiser\n"
    "    used_for: [running the event]\n    holds:\n      name: personal text\n    keep: 180 days after created, then erase\n"
    "who_sees:\n  organiser: everything of own event, everything of own registration\n  door: name of own registration\n  support: nothing personal, unless the tenant opens a window of at most 4 hours\n"
    "sign_in:\n  organiser: password of 12 characters and a second step\n  door: password of 14 characters\n  support: passkey\n"
    "agreement: needed before any personal data\n"
    "connections: TLS 1.2 or newer\n"
    "backups:\n  database: every day, kept 30 days\n  files: every day, kept 30 days\n  configuration: every day, kept 30 days\n  stored: in the EEA, apart from the data\n"
    "restore: within 2 hours, losing at most 24 hours, rehearsed every 3 months\n"
    "available: 99.9 % of every calendar year\nlogs: kept 30 days, masked when written\n"
    "transfers: never outside the EEA\nrights: answered within 1 month\nbreach: controller within 24 hours, authority within 72 hours\ncookies: none but those needed\n";

#define GOOD "oranżowy-kaktus-plywa-7"
#define BETTER "zielone piorka 42 tramwaje"
struct people_bed { struct bed b; struct people *p; struct arena *arena; };
static const struct visitor visitor = { "192.0.2.9", "Firefox on Linux" };

UNUSED static void start(struct people_bed *t) {
    bed_start(&t->b, charter);
    struct service *list[] = { t->b.service };
    CHECK_OK(people_open(&(struct people_options){ .store = t->b.store, .keeper = t->b.keeper, .services = list, .service_count = 1, .base_url = "https://sejf.example:8443",
             .cost = { PASSWORD_OPS_LEAST, 8 << 10 } }, &t->p, &t->b.e), &t->b.e);
    t->arena = arena_new(16 << 20);
}
UNUSED static void end(struct people_bed *t) {
    t->p = people_close(t->p);
    t->arena = arena_free(t->arena);
    bed_end(&t->b);
}

UNUSED static struct uuid invite(struct people_bed *t, int64_t tenant, const char *role, const char *email, char link[TOKEN_TEXT]) {
    struct uuid id;
    struct member_wish w = { .tenant = tenant, .role = role };
    CHECK_OK(member_invite(t->p, &w, email, "Anna Nowak", LANG_PL, "sejf", link, &id, &t->b.e), &t->b.e);
    return id;
}

/* A door keeper needs no second step. */
UNUSED static struct uuid joined(struct people_bed *t, const char *role, const char *email, char secret[SESSION_TEXT], struct session *s) {
    char link[TOKEN_TEXT];
    struct uuid id = invite(t, t->b.tenant, role, email, link);
    CHECK_OK(link_accept(t->p, &visitor, link, NULL, GOOD, LANG_EN, secret, s, &t->b.e), &t->b.e);
    return id;
}

UNUSED static enum code caller(struct people_bed *t, const char *secret, int64_t wanted, struct caller *ret) {
    return session_caller(t->p, t->b.service, secret, wanted, false, ret, t->arena, &t->b.e);
}

/* What an authenticator would show so many steps from now. */
UNUSED static void code_of(json_t *begun, int64_t steps, char ret[8]) {
    /* what an authenticator would show: by the secret of the begun one */
    char command[256];
    snprintf(command, sizeof command, "oathtool --totp -b -N '%lld seconds' '%s' 2>/dev/null", (long long)steps * TOTP_STEP_SECONDS, json_string_value(json_object_get(begun, "secret")));
    FILE *f = popen(command, "re");
    CHECK(f != NULL && fgets(ret, 8, f) != NULL);
    ret[6] = 0;
    (void)pclose(f);
}
