/* consents_test.c — by which way somebody speaks of a consent: its person's own hand is told from that of the tenant's people. */
#include "records/consents.c"

#include "records/testbed.h"
#include "records/testcharters.h"

TEST(only_the_person_itself_speaks_by_its_account) {
    struct bed b;
    bed_start(&b, events_charter);
    const struct charter *c = b.charter;
    const int registration = charter_kind(c, "registration"), participant = charter_person(c, "participant");
    const struct { struct caller who; const char *way; } rows[] = {
        { { .person = participant, .by_session = true }, "account" },
        { { .person = charter_tenant(c), .by_session = true }, "staff" },
        { { .person = charter_person(c, "door"), .by_session = true }, "staff" },
        { { .person = participant, .by_session = true, .staff = true }, "staff" },
        { { .person = charter_tenant(c) }, "api" },
        { { .person = participant, .by_link = true }, "link" },
        { { .person = participant, .by_form = true }, "form" },
        { { .person = -1, .by_sejf = true }, "sejf" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_TEXT(consent_way(b.service, &rows[i].who, registration), rows[i].way);
    bed_end(&b);
}
