/* registrar.c — associated data has a length before each piece, so that no two places look alike. */
#include "access/registrar.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/jsontext.h"
#include "base/mem.h"

const char *actor_text(const struct actor *a, char ret[ACTOR_TEXT]) {
    char id[UUID_TEXT];
    if (uuid_is_null(&a->account))
        snprintf(ret, ACTOR_TEXT, "sejf");
    else
        snprintf(ret, ACTOR_TEXT, "account %s", uuid_format(&a->account, id));
    return ret;
}

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
    piece_add(ret, at->account.bytes, sizeof at->account.bytes);
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

static const struct zone *zone_of(const struct registrar *r) { return r->charter == NULL ? NULL : charter_zone(r->charter); }

struct civil registrar_civil(const struct registrar *r, usec_t t) {
    const struct zone *zone = zone_of(r);
    return zone == NULL ? civil_of_utc(t) : zone_civil(zone, t);
}

char *registrar_date(const struct registrar *r, usec_t t, char *ret, size_t room) {
    struct civil c = registrar_civil(r, t);
    return date_format(&c, ret, room);
}

bool registrar_day(const struct registrar *r, const char *text, bool after, usec_t *ret) {
    const struct zone *zone = zone_of(r);
    struct civil c;
    if (text == NULL || !date_parse(text, &c) || c.year < 1900 || c.year > 9998)
        return false;
    if (zone == NULL)
        *ret = civil_utc(&c) + (after ? USEC_PER_DAY : 0);
    else
        *ret = after ? zone_end_of(zone, zone_instant(zone, &c), 'd') : zone_instant(zone, &c);
    return true;
}
