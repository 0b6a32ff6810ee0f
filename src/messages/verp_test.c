/* verp_test.c — an address names its letter, whatever its letters; one sign changed, another tenant's or another domain's names none. */
#include "messages/verp.c"

#include "records/testbed.h"
#include "records/testcharters.h"

TEST(an_address_leads_to_its_letter) {
    struct bed b;
    struct uuid id = uuid_new();
    struct verp v;
    char address[320], low[320];
    bed_start(&b, events_charter);
    const int64_t tenants[] = { 0, 1, 31, 32, b.tenant, INT64_MAX };
    for (size_t i = 0; i < ARRAY_LEN(tenants); i++) {
        CHECK_OK(verp_make(b.service, tenants[i], &id, "bounces.seats.example", address, &b.e), &b.e);
        CHECK(strcspn(address, "@") < VERP_TEXT && strspn(address, "0123456789abcdefghijklmnopqrstuv-") == strcspn(address, "@"));
        CHECK(verp_read(address, "bounces.seats.example", &v));
        CHECK(v.tenant == tenants[i] && uuid_compare(&v.letter, &id) == 0);
        CHECK_OK(verp_check(b.keeper, &v, &b.e), &b.e);
        for (size_t k = 0; address[k] != 0; k++)
            low[k] = address[k] >= 'a' && address[k] <= 'z' ? (char)(address[k] - 32) : address[k], low[k + 1] = 0;
        CHECK(verp_read(low, "bounces.seats.example", &v));
        CHECK_OK(verp_check(b.keeper, &v, &b.e), &b.e);
        CHECK(!verp_read(address, "seats.example", &v));
    }
    bed_end(&b);
}

TEST(one_sign_changed_is_nobodys) {
    struct bed b;
    struct uuid id = uuid_new();
    char address[320], wrong[320];
    bed_start(&b, events_charter);
    CHECK_OK(verp_make(b.service, b.tenant, &id, "x.example", address, &b.e), &b.e);
    for (size_t i = 0; i < strcspn(address, "@"); i++)
        for (const char *c = "-0v@"; *c != 0; c++) {
            struct verp v;
            if (address[i] == *c)
                continue;
            snprintf(wrong, sizeof wrong, "%s", address);
            wrong[i] = *c;
            CHECK(!verp_read(wrong, "x.example", &v) || verp_check(b.keeper, &v, &b.e) == E_NOT_FOUND);
        }
    static const char *const none[] = { "", "@", "b-@x.example", "b---@x.example", "postmaster@x.example", "b-00000000000000000000000000-1-000000000000000@x.example", "b-00000000000000000000000000--0000000000000000@x.example",
                                        "b-00000000000000000000000000-01-0000000000000000@x.example", "b-00000000000000000000000000-vvvvvvvvvvvvv-0000000000000000@x.example" };
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        struct verp v;
        CHECK(!verp_read(none[i], "x.example", &v));
    }
    bed_end(&b);
}
