/* source.c */
#include "access/source.h"

#include <arpa/inet.h>
#include <string.h>

#include "crypto/crypto.h"

#define NOT_AN_ADDRESS 0xff                            /* the first byte of a multicast address: nobody calls from there */
static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

struct net_source source_of(const char *address) {
    struct net_source s = { { 0 } };
    struct in_addr four;
    const char *text = address == NULL ? "" : address;
    if (inet_pton(AF_INET, text, &four) == 1) {
        memcpy(s.bytes, mapped, sizeof mapped);
        memcpy(s.bytes + sizeof mapped, &four, sizeof four);
    } else if (inet_pton(AF_INET6, text, s.bytes) == 1 && s.bytes[0] != NOT_AN_ADDRESS) {
        if (memcmp(s.bytes, mapped, sizeof mapped) != 0)
            memset(s.bytes + 8, 0, 8);
    } else {
        uint8_t hash[HASH_SIZE];
        hash_sha256(text, strlen(text), hash);
        memcpy(s.bytes, hash, sizeof s.bytes);
        s.bytes[0] = NOT_AN_ADDRESS;
    }
    return s;
}

bool source_same(const struct net_source *a, const struct net_source *b) { return memcmp(a, b, sizeof *a) == 0; }

bool source_wide(const struct net_source *s, struct net_source *ret) {
    if (s->bytes[0] == NOT_AN_ADDRESS || memcmp(s->bytes, mapped, sizeof mapped) == 0)
        return false;
    *ret = *s;
    memset(ret->bytes + 6, 0, 10);
    return true;
}
