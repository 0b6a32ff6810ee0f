/* verp.c — see verp.h. */
#include "messages/verp.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VERP_DOMAIN "sejf verp 1"
#define MAC_BYTES 10u                        /* 80 bits */
#define LETTER_CHARS 26u
#define MAC_CHARS 16u
#define TENANT_CHARS 13u

static const char digits[] = "0123456789abcdefghijklmnopqrstuv";     /* base32hex (RFC 4648), which keeps order and has no look of words */

static void put_bits(const uint8_t *bytes, size_t len, char *ret) {
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 5; have -= 5)
            *ret++ = digits[bits >> (have - 5) & 31];
    }
    if (have > 0)
        *ret++ = digits[bits << (5 - have) & 31];
    *ret = 0;
}

static int digit(char c) {
    const char *at = c == 0 ? NULL : strchr(digits, c >= 'A' && c <= 'Z' ? c + 32 : c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* chars of them make len bytes, and nothing is left over. */
static bool take_bits(const char *text, size_t chars, uint8_t *ret, size_t len) {
    unsigned bits = 0, have = 0;
    size_t n = 0;
    for (size_t i = 0; i < chars; i++) {
        int d = digit(text[i]);
        if (d < 0)
            return false;
        bits = (bits << 5 | (unsigned)d) & 0xfff;
        have += 5;
        if (have >= 8 && n < len) {
            have -= 8;
            ret[n++] = (uint8_t)(bits >> have);
        }
    }
    return n == len && (bits & ((1u << have) - 1)) == 0;
}

static enum code mac_of(struct keeper_client *k, int64_t tenant, const struct uuid *letter, uint8_t ret[MAC_BYTES], struct err *reterr) {
    struct index_keys keys;
    uint8_t hash[HASH_SIZE], text[sizeof VERP_DOMAIN + 8 + 16];
    enum code code = keeper_index_keys(k, tenant, &keys, reterr);
    if (code != OK)
        return code;
    memcpy(text, VERP_DOMAIN, sizeof VERP_DOMAIN);
    for (size_t i = 0; i < 8; i++)
        text[sizeof VERP_DOMAIN + i] = (uint8_t)((uint64_t)tenant >> (56 - 8 * i));
    memcpy(text + sizeof VERP_DOMAIN + 8, letter->bytes, 16);
    hmac_sha256(keys.find.bytes, sizeof keys.find.bytes, text, sizeof text, hash);
    crypto_wipe(&keys, sizeof keys);
    memcpy(ret, hash, MAC_BYTES);
    return OK;
}

enum code verp_make(struct service *s, int64_t tenant, const struct uuid *letter, const char *domain, char ret[320], struct err *reterr) {
    PRE(s != NULL && letter != NULL && domain != NULL && ret != NULL && reterr != NULL);
    uint8_t mac[MAC_BYTES];
    char id[LETTER_CHARS + 1], code_text[MAC_CHARS + 1], number[TENANT_CHARS + 1];
    size_t at = TENANT_CHARS;
    uint64_t left = (uint64_t)tenant;
    if (tenant < 0 || strlen(domain) > 253)
        return err_set(reterr, E_INVALID, "no address for bounces can be made of that domain");
    enum code code = mac_of(service_keeper(s), tenant, letter, mac, reterr);
    if (code != OK)
        return code;
    put_bits(letter->bytes, sizeof letter->bytes, id);
    put_bits(mac, sizeof mac, code_text);
    number[at] = 0;
    do
        number[--at] = digits[left & 31];
    while ((left >>= 5) != 0);
    snprintf(ret, 320, "b-%s-%s-%s@%s", id, number + at, code_text, domain);
    return OK;
}

static bool tenant_read(const char *text, size_t len, int64_t *ret) {
    uint64_t v = 0;
    if (len == 0 || len > TENANT_CHARS || (len > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        int d = digit(text[i]);
        if (d < 0 || v > INT64_MAX >> 5)
            return false;
        v = v << 5 | (unsigned)d;
    }
    *ret = (int64_t)v;
    return true;
}

bool verp_read(const char *address, const char *domain, struct verp *ret) {
    const char *at = strrchr(address, '@');
    struct verp v = { 0 };
    if (at == NULL || at - address >= (ptrdiff_t)VERP_TEXT || strcasecmp(at + 1, domain) != 0 || strncasecmp(address, "b-", 2) != 0)
        return false;
    size_t len = (size_t)(at - address), tail = 1 + MAC_CHARS, head = 2 + LETTER_CHARS + 1;
    if (len <= head + tail || address[head - 1] != '-' || address[len - tail] != '-' || !take_bits(address + 2, LETTER_CHARS, v.letter.bytes, sizeof v.letter.bytes) ||
        !tenant_read(address + head, len - tail - head, &v.tenant) || !take_bits(address + len - MAC_CHARS, MAC_CHARS, v.mac, sizeof v.mac))
        return false;
    *ret = v;
    return true;
}

enum code verp_check(struct keeper_client *k, const struct verp *v, struct err *reterr) {
    PRE(k != NULL && v != NULL && reterr != NULL);
    uint8_t mac[MAC_BYTES];
    enum code code = mac_of(k, v->tenant, &v->letter, mac, reterr);
    if (code != OK)
        return code;
    return crypto_equal(mac, v->mac, sizeof mac) ? OK : err_set(reterr, E_NOT_FOUND, "sejf has not made this address");
}
