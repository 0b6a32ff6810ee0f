/* base32.c */
#include "crypto/base32.h"

const char base32_rfc[33] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const char base32_crockford[33] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void base32_text(const char alphabet[33], const uint8_t *bytes, size_t len, char *ret) {
    PRE(len % 5 == 0);
    for (; len > 0; bytes += 5, len -= 5) {
        uint64_t group = (uint64_t)bytes[0] << 32 | (uint64_t)bytes[1] << 24 | (uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 8 | bytes[4];
        for (int shift = 35; shift >= 0; shift -= 5)
            *ret++ = alphabet[group >> shift & 31];
    }
    *ret = 0;
}
