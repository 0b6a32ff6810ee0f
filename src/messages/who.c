/* who.c — the hash is made with the tenant's key of search tokens, which a renewal of the index leaves as it is: so it outlives records, charters and
 * index keys, and nobody without the keyring can try addresses against it. A domain of its own keeps it apart from tokens of fields. */
#include "messages/who.h"

#include <string.h>

#include "base/text.h"
#include "records/keys.h"

#define WHO_DOMAIN "sejf who 1"
#define WHO_ADDRESS_MAX 512u

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Small letters throughout, as records fold an address that is found exactly: nobody comes back by writing it another way. */
static void fold(enum channel channel, const char *address, size_t len, struct buf *ret) {
    for (size_t i = 0; i < len; i++)
        if (channel == CHANNEL_EMAIL)
            buf_char(ret, address[i] >= 'A' && address[i] <= 'Z' ? (char)(address[i] + 32) : address[i]);
        else if (!is_blank(address[i]))
            buf_char(ret, address[i]);
}

enum code who_of(struct service *s, int64_t tenant, enum channel channel, const char *address, uint8_t ret[WHO_SIZE], struct err *reterr) {
    AUTO(buf_wipe) struct buf folded = BUF(WHO_ADDRESS_MAX), text = BUF(WHO_ADDRESS_MAX + 128);
    while (is_blank(*address))
        address++;
    size_t len = strnlen(address, WHO_ADDRESS_MAX + 1);
    while (len > 0 && is_blank(address[len - 1]))
        len--;
    if (len == 0 || len > WHO_ADDRESS_MAX)
        return err_set(reterr, E_INVALID, "an address of 1 to %u bytes is wanted", WHO_ADDRESS_MAX);
    struct index_keys keys;
    enum code code = index_keys_of(s, tenant, false, &keys, reterr);
    if (code != OK)
        return code;
    uint8_t hash[HASH_SIZE], which[9] = { (uint8_t)channel };
    for (size_t i = 0; i < 8; i++)
        which[1 + i] = (uint8_t)((uint64_t)tenant >> (56 - 8 * i));
    fold(channel, address, len, &folded);
    piece_add(&text, WHO_DOMAIN, strlen(WHO_DOMAIN));
    piece_add(&text, which, sizeof which);
    piece_add(&text, folded.data, folded.len);
    if (folded.failed || text.failed) {
        crypto_wipe(&keys, sizeof keys);
        return err_set(reterr, E_MEMORY, "no memory to look for an address");
    }
    hmac_sha256(keys.find.bytes, sizeof keys.find.bytes, text.data, text.len, hash);
    crypto_wipe(&keys, sizeof keys);
    memcpy(ret, hash, WHO_SIZE);
    return OK;
}

#define PHONE_HEAD 3u                        /* "+48" */
#define PHONE_TAIL 2u
void address_mask(enum channel channel, const char *address, char *ret, size_t room) {
    char place[WHO_ADDRESS_MAX * 2];         /* a mask asks for no memory, so there is always one */
    struct buf masked = buf_over(place, sizeof place);
    size_t len = strnlen(address, WHO_ADDRESS_MAX);
    if (room == 0)
        return;
    if (channel == CHANNEL_EMAIL || address[len] != 0) {
        text_mask(address[len] == 0 ? address : "", &masked);
    } else {
        bool both = len > PHONE_HEAD + PHONE_TAIL + 2;       /* else what is left out would be as good as written */
        buf_add(&masked, address, both ? PHONE_HEAD : 0);
        buf_text(&masked, "**********");
        buf_add(&masked, address + len - (both ? PHONE_TAIL : 0), both ? PHONE_TAIL : 0);
    }
    size_t n = masked.failed ? 0 : masked.len < room - 1 ? masked.len : room - 1;
    if (n > 0)
        memcpy(ret, masked.data, n);
    ret[n] = 0;
}
