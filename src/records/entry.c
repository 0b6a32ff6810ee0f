/* entry.c — associated data has a length before each piece, so that no two places look alike. */
#include "records/entry.h"

#include <string.h>

#include "base/jsontext.h"
#include "base/mem.h"

static void put_be(struct buf *b, uint64_t v) {
    uint8_t be[8];
    for (size_t i = sizeof be; i-- > 0; v >>= 8)
        be[i] = (uint8_t)v;
    piece_add(b, be, sizeof be);
}

static void associate(const struct entry_place *at, struct buf *ret) {
    piece_add(ret, at->name, strlen(at->name));
    put_be(ret, (uint64_t)at->tenant);
    put_be(ret, (uint64_t)at->number);
    piece_add(ret, at->id.bytes, sizeof at->id.bytes);
    put_be(ret, at->key);
}

enum code entry_seal(const struct entry_place *at, const struct key *key, const json_t *entry, struct buf *ret, struct err *reterr) {
    AUTO(buf_done) struct buf ad = BUF(256);
    AUTO(buf_wipe) struct buf text = BUF(ENTRY_TEXT_MAX);
    associate(at, &ad);
    if (entry != NULL)
        json_text_add(&text, entry);
    if (entry == NULL || text.failed || ad.failed)
        return err_set(reterr, E_MEMORY, "no memory to seal an entry of a register");
    return seal(key, ad.data, ad.len, text.data, text.len, ret, reterr);
}

enum code entry_open(const struct entry_place *at, const struct key *key, const void *sealed, size_t len, json_t **ret, struct err *reterr) {
    AUTO(buf_done) struct buf ad = BUF(256);
    AUTO(buf_wipe) struct buf text = BUF(ENTRY_TEXT_MAX);
    size_t lost = mem_lost();
    associate(at, &ad);
    if (ad.failed)
        return err_set(reterr, E_MEMORY, "no memory to open an entry of a register");
    enum code code = seal_open(key, ad.data, ad.len, sealed, len, &text, reterr);
    if (code != OK)
        return code == E_DAMAGED ? err_set(reterr, E_DAMAGED, "entry %lld of a register is damaged", (long long)at->number) : code;
    json_t *entry = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (entry == NULL)
        return mem_lost() != lost ? err_set(reterr, E_MEMORY, "no memory to open an entry of a register")
                                  : err_set(reterr, E_DAMAGED, "entry %lld of a register is damaged", (long long)at->number);
    *ret = entry;
    return OK;
}
