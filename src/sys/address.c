/* address.c — the blocks that IANA's two registries of special-purpose addresses call not globally reachable, as tables. */
#include "sys/address.h"

#include <netinet/in.h>
#include <string.h>

struct block { uint8_t at[16]; unsigned bits; };

static const struct block closed4[] = {
    { { 0 }, 8 }, { { 10 }, 8 }, { { 100, 64 }, 10 }, { { 127 }, 8 }, { { 169, 254 }, 16 }, { { 172, 16 }, 12 }, { { 192, 0, 0 }, 24 },
    { { 192, 0, 2 }, 24 }, { { 192, 88, 99 }, 24 }, { { 192, 168 }, 16 }, { { 198, 18 }, 15 }, { { 198, 51, 100 }, 24 }, { { 203, 0, 113 }, 24 },
    { { 224 }, 4 }, { { 240 }, 4 },
};
/* Only what is handed out is reached (2000::/3), less what is special in it. */
static const struct block open6 = { { 0x20 }, 3 };
static const struct block closed6[] = {
    { { 0x20, 0x01, 0x00 }, 23 }, { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, { { 0x3f, 0xff }, 20 },
};
/* Blocks that carry an IPv4 address, and where in them. */
static const struct { struct block block; size_t at; } carriers[] = {
    { { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, 12 }, { { { 0x00, 0x64, 0xff, 0x9b }, 96 }, 12 }, { { { 0x20, 0x02 }, 16 }, 2 },
};

static bool in_block(const uint8_t *bytes, const struct block *b) {
    size_t whole = b->bits / 8;
    unsigned rest = b->bits % 8;
    if (memcmp(bytes, b->at, whole) != 0)
        return false;
    return rest == 0 || ((bytes[whole] ^ b->at[whole]) >> (8 - rest)) == 0;
}

static bool in_any(const uint8_t *bytes, const struct block *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (in_block(bytes, &list[i]))
            return true;
    return false;
}

static bool public4(const uint8_t *bytes) { return !in_any(bytes, closed4, ARRAY_LEN(closed4)); }

static bool public6(const uint8_t *bytes) {
    for (size_t i = 0; i < ARRAY_LEN(carriers); i++)
        if (in_block(bytes, &carriers[i].block))
            return public4(bytes + carriers[i].at);
    return in_block(bytes, &open6) && !in_any(bytes, closed6, ARRAY_LEN(closed6));
}

bool address_is_public(const struct sockaddr *address) {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof v4);
        return public4((const uint8_t *)&v4.sin_addr);
    case AF_INET6:
        memcpy(&v6, address, sizeof v6);
        return public6(v6.sin6_addr.s6_addr);
    default:
        return false;
    }
}
