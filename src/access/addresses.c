/* addresses.c — IPv4 counts as ::ffff:a.b.c.d, its prefixes as 96 bits longer. */
#include "access/addresses.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

struct network { uint8_t bytes[16]; unsigned bits; };

static bool address_parse(const char *text, uint8_t ret[16], bool *ret_four) {
    struct in_addr four;
    struct in6_addr six;
    *ret_four = inet_pton(AF_INET, text, &four) == 1;
    if (*ret_four) {
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
        memcpy(ret, mapped, sizeof mapped);
        memcpy(ret + 12, &four, 4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &six) != 1)
        return false;
    memcpy(ret, &six, 16);
    return true;
}

/* "192.0.2.0/24", "192.0.2.7". Bits behind the prefix must be zero: whoever wrote them meant something else. */
static bool network_parse(const char *text, size_t len, struct network *ret) {
    char copy[64];
    int64_t bits = -1;
    bool four;
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = 0;
    char *slash = strchr(copy, '/');
    if (slash != NULL) {
        *slash = 0;
        if (!text_int(slash + 1, 0, 128, &bits))
            return false;
    }
    if (!address_parse(copy, ret->bytes, &four) || (four && bits > 32))
        return false;
    ret->bits = bits < 0 ? 128 : (unsigned)bits + (four ? 96u : 0u);
    for (unsigned i = ret->bits; i < 128; i++)
        if ((ret->bytes[i / 8] >> (7 - i % 8) & 1) != 0)
            return false;
    return true;
}

enum code addresses_read(const json_t *list, struct arena *arena, const char **ret, struct err *reterr) {
    AUTO(buf_done) struct buf b = BUF(ADDRESSES_MAX * 64);
    size_t i;
    json_t *one;
    if (list != NULL && (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > ADDRESSES_MAX))
        return err_field(reterr, E_FIELDS, "/addresses", "addresses are a list of 1 to %u networks such as 192.0.2.0/24 or 2001:db8::/32; leave it out for any", ADDRESSES_MAX);
    json_array_foreach(list, i, one) {
        struct network n;
        const char *text = json_string_value(one);
        if (text == NULL || !network_parse(text, strlen(text), &n))
            return err_field(reterr, E_FIELDS, "/addresses", "number %zu of the addresses is no address and no network (192.0.2.0/24, 2001:db8::/32; the bits behind the prefix are zero)", i + 1);
        if (i > 0)
            buf_char(&b, ' ');
        buf_text(&b, text);
    }
    *ret = b.failed ? NULL : arena_text_n(arena, b.data == NULL ? "" : b.data, b.len);
    return *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for a list of addresses") : OK;
}

static bool within(const uint8_t address[16], const struct network *n) {
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    return memcmp(address, n->bytes, whole) == 0 && (rest == 0 || ((address[whole] ^ n->bytes[whole]) >> (8 - rest)) == 0);
}

bool addresses_match(const char *list, const char *address) {
    uint8_t bytes[16];
    bool four;
    if (address == NULL || !address_parse(address, bytes, &four))
        return false;
    for (const char *p = list; *p != 0;) {
        size_t len = strcspn(p, " ");
        struct network n;
        if (network_parse(p, len, &n) && within(bytes, &n))
            return true;
        p += len;
        p += strspn(p, " ");
    }
    return false;
}
