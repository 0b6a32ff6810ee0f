/* authdata.c */
#include "crypto/authdata.h"

#include <endian.h>
#include <string.h>

#define AAGUID_SIZE 16u
#define LEVELS 5

enum cbor_major { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

/* The first byte and the number behind it. 0: cut off, or of indefinite length. */
static size_t cbor_head(const uint8_t *p, size_t len, enum cbor_major *ret_major, uint64_t *ret_number) {
    if (len == 0)
        return 0;
    unsigned low = p[0] & 31;
    size_t more = low < 24 ? 0 : (size_t)1 << (low - 24);
    if (low > 27 || len - 1 < more)
        return 0;
    uint64_t n = more == 0 ? low : 0;
    for (size_t i = 0; i < more; i++)
        n = n << 8 | p[1 + i];
    *ret_major = (enum cbor_major)(p[0] >> 5);
    *ret_number = n;
    return 1 + more;
}

static size_t item(const uint8_t *p, size_t len, int levels) {
    enum cbor_major major;
    uint64_t n;
    size_t at = cbor_head(p, len, &major, &n);
    if (at == 0 || major == TAG)
        return 0;
    if (major == BYTES || major == TEXT)
        return n > len - at ? 0 : at + (size_t)n;
    if (major != ARRAY && major != MAP)
        return at;
    if (levels == 0 || n > len - at)         /* each item takes a byte at least */
        return 0;
    for (uint64_t i = major == MAP ? 2 * n : n; i > 0; i--) {
        size_t one = item(p + at, len - at, levels - 1);
        if (one == 0)
            return 0;
        at += one;
    }
    return at;
}

size_t cbor_item(const uint8_t *bytes, size_t len) { return item(bytes, len, LEVELS); }

static int64_t integer_of(enum cbor_major major, uint64_t n) { return major == UNSIGNED ? (int64_t)n : -1 - (int64_t)n; }

/* What stands at a label that we ask for; false: it stands twice, or holds neither integer nor bytes. */
static bool cose_take(int64_t label, const uint8_t *p, size_t len, struct cose *ret) {
    static const int64_t labels[COSE_LABELS] = { [COSE_KIND] = 1, [COSE_ALGORITHM] = 3, [COSE_FIRST] = -1, [COSE_SECOND] = -2, [COSE_THIRD] = -3 };
    enum cbor_major major;
    uint64_t n;
    size_t at = cbor_head(p, len, &major, &n), i = 0;
    while (i < COSE_LABELS && labels[i] != label)
        i++;
    if (i == COSE_LABELS)
        return true;
    struct cose_value *v = &ret->value[i];
    if (at == 0 || v->is_integer || v->bytes != NULL || major > BYTES || (major != BYTES && n > INT32_MAX))
        return false;
    if (major == BYTES)
        *v = (struct cose_value){ .bytes = p + at, .len = (size_t)n };
    else
        *v = (struct cose_value){ .is_integer = true, .number = integer_of(major, n) };
    return true;
}

bool cose_read(const uint8_t *bytes, size_t len, struct cose *ret) {
    enum cbor_major major;
    uint64_t pairs, label;
    struct cose c = { 0 };
    size_t at = cbor_head(bytes, len, &major, &pairs);
    if (cbor_item(bytes, len) != len || at == 0 || major != MAP)
        return false;
    for (; pairs > 0; pairs--) {
        size_t name = cbor_head(bytes + at, len - at, &major, &label), whole = cbor_item(bytes + at, len - at);
        const uint8_t *value = bytes + at + whole;
        size_t value_len = cbor_item(value, len - at - whole);
        if (name == 0 || (major != UNSIGNED && major != NEGATIVE && major != TEXT) || (major != TEXT && label > INT32_MAX)
            || (major != TEXT && !cose_take(integer_of(major, label), value, value_len, &c)))
            return false;
        at += whole + value_len;
    }
    *ret = c;
    return true;
}

static bool is_map(const uint8_t *p, size_t len) { return len > 0 && p[0] >> 5 == MAP; }

/* From *at on: make, id, key. */
static bool attested_read(const uint8_t *p, size_t len, size_t *at, struct authdata *ret) {
    uint16_t id_len;
    if (len - *at < AAGUID_SIZE + sizeof id_len)
        return false;
    ret->aaguid = p + *at;
    memcpy(&id_len, p + *at + AAGUID_SIZE, sizeof id_len);
    *at += AAGUID_SIZE + sizeof id_len;
    ret->id_len = be16toh(id_len);
    if (len - *at < ret->id_len)
        return false;
    ret->id = p + *at;
    *at += ret->id_len;
    ret->key = p + *at;
    ret->key_len = is_map(p + *at, len - *at) ? cbor_item(p + *at, len - *at) : 0;
    *at += ret->key_len;
    return ret->key_len > 0;
}

bool authdata_read(const void *bytes, size_t len, struct authdata *ret) {
    const uint8_t *p = bytes;
    uint32_t count;
    size_t at = AUTHDATA_HEAD;
    if (len < AUTHDATA_HEAD || len > AUTHDATA_MAX)
        return false;
    memcpy(&count, p + AUTHDATA_HASH_SIZE + 1, sizeof count);
    struct authdata a = { .site_hash = p, .flags = p[AUTHDATA_HASH_SIZE], .count = be32toh(count) };
    if ((a.flags & AUTHDATA_ATTESTED) != 0 && !attested_read(p, len, &at, &a))
        return false;
    if ((a.flags & AUTHDATA_EXTENDED) != 0) {
        size_t extensions = is_map(p + at, len - at) ? cbor_item(p + at, len - at) : 0;
        if (extensions == 0)
            return false;
        at += extensions;
    }
    if (at != len)
        return false;
    *ret = a;
    return true;
}
