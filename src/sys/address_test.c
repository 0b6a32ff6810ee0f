/* address_test.c — the first and last address of each block, and their neighbours outside. */
#include "sys/address.c"
#include "base/test.h"

#include <arpa/inet.h>

static bool is_public(const char *text) {
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return address_is_public((const struct sockaddr *)&v4);
    CHECK(inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
    return address_is_public((const struct sockaddr *)&v6);
}

TEST(blocks_begin_and_end_where_they_do) {
    static const struct { const char *address; bool want; } row[] = {
        { "0.0.0.0", false }, { "0.255.255.255", false }, { "1.0.0.0", true }, { "9.255.255.255", true }, { "10.0.0.0", false }, { "10.255.255.255", false },
        { "11.0.0.0", true }, { "100.63.255.255", true }, { "100.64.0.0", false }, { "100.127.255.255", false }, { "100.128.0.0", true },
        { "126.255.255.255", true }, { "127.0.0.1", false }, { "127.255.255.255", false }, { "128.0.0.0", true }, { "169.253.255.255", true },
        { "169.254.169.254", false }, { "169.255.0.0", true }, { "172.15.255.255", true }, { "172.16.0.0", false }, { "172.31.255.255", false },
        { "172.32.0.0", true }, { "192.0.0.1", false }, { "192.0.1.0", true }, { "192.0.2.9", false }, { "192.88.99.1", false }, { "192.167.255.255", true },
        { "192.168.0.0", false }, { "192.168.255.255", false }, { "192.169.0.0", true }, { "198.17.255.255", true }, { "198.18.0.0", false },
        { "198.19.255.255", false }, { "198.20.0.0", true }, { "198.51.100.7", false }, { "203.0.113.7", false }, { "223.255.255.255", true },
        { "224.0.0.1", false }, { "239.255.255.255", false }, { "240.0.0.0", false }, { "255.255.255.255", false },
        { "::", false }, { "::1", false }, { "::ffff:127.0.0.1", false }, { "::ffff:8.8.8.8", true }, { "::127.0.0.1", false },
        { "64:ff9b::10.0.0.1", false }, { "64:ff9b::8.8.8.8", true }, { "64:ff9b:1::8.8.8.8", false }, { "100::1", false },
        { "1fff:ffff::1", false }, { "2000::1", true }, { "2001::1", false }, { "2001:1ff::1", false }, { "2001:200::1", true }, { "2001:db7:ffff::1", true },
        { "2001:db8::1", false }, { "2001:db9::1", true }, { "2002:7f00:1::1", false }, { "2002:808:808::1", true }, { "3ffe::1", true }, { "3fff::1", false },
        { "3fff:fff::1", false }, { "3fff:1000::1", true }, { "4000::1", false }, { "fc00::1", false }, { "fdff::1", false }, { "fe80::1", false }, { "fec0::1", false }, { "ff02::1", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        if (is_public(row[i].address) != row[i].want)
            fprintf(stderr, "%s\n", row[i].address);
        CHECK(is_public(row[i].address) == row[i].want);
    }
}

TEST(another_family_is_never_public) {
    const struct sockaddr other = { .sa_family = AF_UNIX };
    CHECK(!address_is_public(&other));
}
