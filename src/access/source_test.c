/* source_test.c — which addresses are one source. */
#include "access/source.c"
#include "base/test.h"

TEST(addresses_of_one_source) {
    static const struct { const char *a, *b; bool same; } row[] = {
        { "192.0.2.1", "192.0.2.1", true }, { "192.0.2.1", "192.0.2.2", false }, { "192.0.2.1", "::ffff:192.0.2.1", true },
        { "2001:db8::1", "2001:db8::ffff:1", true }, { "2001:db8::1", "2001:db8:0:1::1", false }, { "2001:DB8::", "2001:db8:0:0:1:2:3:4", true },
        { "unix:", "unix:", true }, { "unix:", "", false }, { "", NULL, true }, { "192.0.2.01", "192.0.2.1", false }, { "ff02::1", "ff02::2", false },
        { "0.0.0.0", "::", false }, { "fe80::1%eth0", "fe80::1", false },
    };
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        struct net_source a = source_of(row[i].a), b = source_of(row[i].b);
        CHECK(source_same(&a, &b) == row[i].same);
    }
}

TEST(only_ipv6_has_a_wider_one) {
    struct err e;
    CHECK_OK(crypto_init(&e), &e);
    struct net_source a = source_of("2001:db8:1:2::1"), b = source_of("2001:db8:1:3::1"), c = source_of("2001:db8:2:2::1"), four = source_of("192.0.2.1"), other = source_of("unix:");
    struct net_source wide_a, wide_b, wide_c;
    CHECK(source_wide(&a, &wide_a) && source_wide(&b, &wide_b) && source_wide(&c, &wide_c));
    CHECK(!source_same(&a, &b) && source_same(&wide_a, &wide_b) && !source_same(&wide_a, &wide_c));
    CHECK(!source_wide(&four, &wide_a) && !source_wide(&other, &wide_a));
}
