/* recovery.c — invariant: what is hashed is the 16 symbols without dashes. */
#include "crypto/recovery.h"

#include <string.h>

#include "crypto/base32.h"

#define CODE_BYTES 10u
#define SYMBOLS 16u
#define GROUP 4u
#define TEXT_MOST 64u

_Static_assert(BASE32_ROOM(CODE_BYTES) == SYMBOLS + 1 && SYMBOLS + SYMBOLS / GROUP == RECOVERY_TEXT, "80 bits in groups");

void recovery_make(struct recovery_code ret_codes[RECOVERY_CODES], struct recovery_hash ret_hashes[RECOVERY_CODES]) {
    uint8_t bytes[CODE_BYTES];
    char symbols[SYMBOLS + 1];
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        char *to = ret_codes[i].text;
        crypto_random(bytes, sizeof bytes);
        base32_text(base32_crockford, bytes, sizeof bytes, symbols);
        hash_sha256(symbols, SYMBOLS, ret_hashes[i].bytes);
        for (size_t at = 0; at < SYMBOLS; at++) {
            if (at > 0 && at % GROUP == 0)
                *to++ = '-';
            *to++ = symbols[at];
        }
        *to = 0;
    }
    crypto_wipe(bytes, sizeof bytes);
    crypto_wipe(symbols, sizeof symbols);
}

static char symbol_of(char c) {
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        return '0';
    return c == 'I' || c == 'L' ? '1' : c;
}

static bool symbols_read(const char *text, char ret[SYMBOLS]) {
    size_t n = 0, at = 0;
    for (; at < TEXT_MOST && text[at] != 0; at++) {
        char c = symbol_of(text[at]);
        if (c == ' ' || c == '-')
            continue;
        if (n == SYMBOLS || memchr(base32_crockford, c, 32) == NULL)
            return false;
        ret[n++] = c;
    }
    return n == SYMBOLS && at < TEXT_MOST;
}

int recovery_find(const struct recovery_hash *hashes, size_t count, const char *text) {
    PRE((hashes != NULL || count == 0) && count <= RECOVERY_CODES && text != NULL);
    char symbols[SYMBOLS];
    struct recovery_hash typed;
    int found = -1;
    if (!symbols_read(text, symbols))
        return -1;
    hash_sha256(symbols, sizeof symbols, typed.bytes);
    for (size_t i = 0; i < count; i++)
        found = crypto_equal(&typed, &hashes[i], sizeof typed) ? (int)i : found;
    crypto_wipe(symbols, sizeof symbols);
    crypto_wipe(&typed, sizeof typed);
    return found;
}
