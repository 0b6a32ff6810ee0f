/* link.c — see link.h. */
#include "records/link.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "store/tables.h"

void link_text(char ret[LINK_TEXT], uint8_t ret_hash[HASH_SIZE]) {
    uint8_t secret[LINK_SECRET_SIZE];
    _Static_assert(sizeof LINK_PREFIX_TEXT - 1 + BASE64URL_ROOM(LINK_SECRET_SIZE) <= LINK_TEXT && BASE64URL_ROOM(LINK_SECRET_SIZE) == LINK_SECRET_TEXT + 1, "a token and its end");
    crypto_random(secret, sizeof secret);
    memcpy(ret, LINK_PREFIX_TEXT, sizeof LINK_PREFIX_TEXT - 1);
    base64url_text(secret, sizeof secret, ret + sizeof LINK_PREFIX_TEXT - 1);
    crypto_wipe(secret, sizeof secret);
    hash_sha256(ret, sizeof LINK_PREFIX_TEXT - 1 + LINK_SECRET_TEXT, ret_hash);
}

enum code link_tenant(struct service *s, int64_t tenant, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    struct tenant_row t;
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a token");
    enum code code = tenant_get(s->store, tenant, &t, arena, reterr);
    if (code != OK)
        return code;
    if (strcmp(t.service, charter_name(s->charter)) != 0)
        return err_set(reterr, E_NOT_FOUND, "tenant %lld is not one of %s", (long long)tenant, charter_name(s->charter));
    return t.closed == 0 ? OK : err_set(reterr, E_CONFLICT, "tenant %lld is closed", (long long)tenant);
}

void link_like(char ret[LINK_TEXT]) {
    memset(ret, 'x', LINK_TEXT);
    ret[sizeof LINK_PREFIX_TEXT - 1 + LINK_SECRET_TEXT] = 0;
}

enum code link_ready(struct service *s, int64_t tenant, int kind, const struct uuid *record, usec_t expires, char ret[LINK_TEXT], struct link_ready *ret_row, struct err *reterr) {
    PRE(s != NULL && record != NULL && ret != NULL && ret_row != NULL && reterr != NULL);
    const struct person *people;
    const struct kind_info *k = service_kind(s, kind);
    size_t count = charter_people(s->charter, &people);
    char text[LINK_TEXT];
    if (k->kind->about < 0 || (size_t)k->kind->about >= count)
        return err_set(reterr, E_INVALID, "a %s is about nobody, so there is nobody to give a private link to", k->kind->name);
    struct token_row row = { .tenant = tenant, .role = people[k->kind->about].name, .label = "private link", .subject = *record, .subject_kind = k->number, .scope = LINK_SCOPE,
                             .made = clock_now(), .expires = expires, .addresses = "" };
    enum code code = link_tenant(s, tenant, reterr);
    if (code != OK)
        return code;
    link_text(text, row.hash);
    memcpy(ret, text, LINK_TEXT);
    crypto_wipe(text, sizeof text);
    *ret_row = (struct link_ready){ row, true };
    return OK;
}

enum code link_store(struct txn *t, const struct link_ready *r, struct err *reterr) {
    PRE(t != NULL && r != NULL && r->made && reterr != NULL);
    int64_t number = 0;
    return token_put_in(t, &r->row, &number, reterr);
}

enum code link_make(struct service *s, int64_t tenant, int kind, const struct uuid *record, usec_t expires, char ret[LINK_TEXT], struct err *reterr) {
    PRE(s != NULL && record != NULL && ret != NULL && reterr != NULL);
    struct link_ready r;
    char text[LINK_TEXT];
    int64_t number = 0;
    enum code code = link_ready(s, tenant, kind, record, expires, text, &r, reterr);
    if (code == OK)
        code = token_put(s->store, &r.row, &number, reterr);
    if (code == OK)
        memcpy(ret, text, LINK_TEXT);
    crypto_wipe(text, sizeof text);
    return code;
}

enum code link_page(const struct service *s, const char *link, enum lang lang, struct buf *ret, struct err *reterr) {
    PRE(s != NULL && link != NULL && ret != NULL && reterr != NULL);
    if (service_base(s)[0] == 0)
        return err_set(reterr, E_CONFIG, "sejf does not know its own address, so no letter can hold a private link: say it in sejf.yaml");
    buf_printf(ret, "%s/p/%s/%s?lang=%s", service_base(s), charter_name(s->charter), link, lang_code(lang));
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for a link") : OK;
}

enum code service_base_set(struct service *s, const char *base_url, struct err *reterr) {
    PRE(s != NULL && base_url != NULL && reterr != NULL);
    char *copy = mem_text(base_url);
    if (copy == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an address");
    mem_free(s->base);
    s->base = copy;
    return OK;
}

const char *service_base(const struct service *s) { return s->base == NULL ? "" : s->base; }
