/* unsubscribe.c — token: version, tenant, then sealed: channel, kind, record, scope, who, purpose. What is left is the purpose where it rests on a consent
 * of its own, else everything about what the letter was sent among (its scope), else the purpose. */
#include "messages/unsubscribe.h"

#include <string.h>

#include "base/text.h"
#include "messages/suppress.h"
#include "records/keys.h"
#include "records/reads.h"
#include "records/service.h"

#define VERSION 1u
#define TOKEN_DOMAIN "sejf unsubscribe 1"
#define HEAD_SIZE 9u                         /* version and tenant, in clear */
#define FIXED (1 + 4 + 16 + 16 + WHO_SIZE)
#define TOKEN_BYTES (HEAD_SIZE + SEAL_OVERHEAD + FIXED + UNSUBSCRIBE_PURPOSE)
#define ADDRESS_ROOM ((size_t)8 << 10)

static void put_be(uint8_t *ret, uint64_t v, size_t len) {
    for (size_t i = len; i-- > 0; v >>= 8)
        ret[i] = (uint8_t)v;
}
static uint64_t get_be(const uint8_t *p, size_t len) {
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++)
        v = v << 8 | p[i];
    return v;
}

static enum code key_of(struct service *s, int64_t tenant, struct key *ret, struct err *reterr) {
    struct index_keys keys;
    enum code code = index_keys_of(s, tenant, false, &keys, reterr);
    if (code == OK)
        code = hkdf_sha256(keys.find.bytes, sizeof keys.find.bytes, NULL, 0, TOKEN_DOMAIN, strlen(TOKEN_DOMAIN), ret->bytes, sizeof ret->bytes, reterr);
    crypto_wipe(&keys, sizeof keys);
    return code;
}

static void associate(const struct service *s, const uint8_t head[HEAD_SIZE], struct buf *ret) {
    piece_add(ret, charter_name(s->charter), strlen(charter_name(s->charter)));
    piece_add(ret, head, HEAD_SIZE);
}

enum code unsubscribe_token(struct service *s, const struct unsubscribe *u, struct buf *ret, struct err *reterr) {
    PRE(s != NULL && u != NULL && ret != NULL && reterr != NULL);
    AUTO(buf_done) struct buf ad = BUF(1024), all = BUF(TOKEN_BYTES), text = BUF(2 * TOKEN_BYTES);
    uint8_t head[HEAD_SIZE] = { VERSION }, plain[FIXED + UNSUBSCRIBE_PURPOSE];
    size_t len = strnlen(u->purpose, sizeof u->purpose - 1);
    struct key key;
    put_be(head + 1, (uint64_t)u->tenant, 8);
    plain[0] = (uint8_t)u->channel;
    put_be(plain + 1, (uint32_t)u->kind, 4);
    memcpy(plain + 5, u->record.bytes, 16);
    memcpy(plain + 21, u->scope.bytes, 16);
    memcpy(plain + 37, u->who, WHO_SIZE);
    memcpy(plain + FIXED, u->purpose, len);
    enum code code = key_of(s, u->tenant, &key, reterr);
    associate(s, head, &ad);
    buf_add(&all, head, sizeof head);
    if (code == OK && (ad.failed || all.failed))
        code = err_set(reterr, E_MEMORY, "no memory for an address to unsubscribe by");
    if (code == OK)
        code = seal(&key, ad.data, ad.len, plain, FIXED + len, &all, reterr);
    crypto_wipe(&key, sizeof key);
    if (code != OK)
        return code;
    char *room = buf_more(&text, BASE64URL_ROOM(all.len));
    if (room == NULL)
        return err_set(reterr, E_MEMORY, "no memory for an address to unsubscribe by");
    base64url_text(all.data, all.len, room);
    buf_text(ret, room);
    return ret->failed ? err_set(reterr, E_MEMORY, "no memory for an address to unsubscribe by") : OK;
}

static enum code unknown(struct err *reterr) { return err_set(reterr, E_NOT_FOUND, "this is no address to unsubscribe by"); }

enum code unsubscribe_read(struct service *s, const char *token, struct unsubscribe *ret, struct err *reterr) {
    PRE(s != NULL && token != NULL && ret != NULL && reterr != NULL);
    AUTO(buf_done) struct buf ad = BUF(1024);
    AUTO(buf_wipe) struct buf plain = BUF(FIXED + UNSUBSCRIBE_PURPOSE);
    uint8_t bytes[TOKEN_BYTES];
    size_t len = strnlen(token, 2 * TOKEN_BYTES), got = 0;
    struct unsubscribe u = { 0 };
    struct key key;
    if (token[len] != 0 || !base64url_decode(token, len, bytes, sizeof bytes, &got) || got < HEAD_SIZE + SEAL_OVERHEAD + FIXED || bytes[0] != VERSION)
        return unknown(reterr);
    u.tenant = (int64_t)get_be(bytes + 1, 8);
    if (u.tenant <= 0)
        return unknown(reterr);
    associate(s, bytes, &ad);
    enum code code = key_of(s, u.tenant, &key, reterr);
    if (code == OK && ad.failed)
        code = err_set(reterr, E_MEMORY, "no memory to unsubscribe");
    if (code == OK)
        code = seal_open(&key, ad.data, ad.len, bytes + HEAD_SIZE, got - HEAD_SIZE, &plain, reterr);
    crypto_wipe(&key, sizeof key);
    if (code != OK)
        return code == E_DAMAGED ? unknown(reterr) : code;
    const uint8_t *p = (const uint8_t *)plain.data;
    if (plain.len < FIXED || plain.len - FIXED >= sizeof u.purpose || p[0] >= CHANNELS)
        return unknown(reterr);
    u.channel = (enum channel)p[0];
    u.kind = (int32_t)get_be(p + 1, 4);
    memcpy(u.record.bytes, p + 5, 16);
    memcpy(u.scope.bytes, p + 21, 16);
    memcpy(u.who, p + 37, WHO_SIZE);
    memcpy(u.purpose, p + FIXED, plain.len - FIXED);
    *ret = u;
    return OK;
}

enum code unsubscribe_address(struct service *s, int64_t tenant, const struct letter_row *r, const uint8_t who[WHO_SIZE], const char *base_url, struct buf *ret, struct err *reterr) {
    PRE(s != NULL && r != NULL && who != NULL && ret != NULL && reterr != NULL);
    AUTO(buf_done) struct buf token = BUF(2 * TOKEN_BYTES);
    struct unsubscribe u = { .tenant = tenant, .channel = r->channel, .kind = r->kind, .record = r->record, .scope = r->scope };
    if (r->kind <= 0 || r->channel != CHANNEL_EMAIL || base_url == NULL || strncmp(base_url, "https://", 8) != 0 || strlen(r->purpose) >= sizeof u.purpose)
        return OK;
    memcpy(u.who, who, sizeof u.who);
    memcpy(u.purpose, r->purpose, strlen(r->purpose));
    enum code code = unsubscribe_token(s, &u, &token, reterr);
    if (code == OK)
        buf_printf(ret, "%s/u/%s/%s", base_url, charter_name(s->charter), buf_str(&token));
    return code == OK && ret->failed ? err_set(reterr, E_MEMORY, "no memory for the address of a letter") : code;
}

enum code unsubscribe_headers(struct service *s, int64_t tenant, const struct letter_row *r, const uint8_t who[WHO_SIZE], const char *base_url, struct buf *ret, struct err *reterr) {
    AUTO(buf_done) struct buf address = BUF(ADDRESS_ROOM);
    enum code code = unsubscribe_address(s, tenant, r, who, base_url, &address, reterr);
    if (code == OK && address.len > 0)
        buf_printf(ret, "List-Unsubscribe: <%s>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", buf_str(&address));
    return code == OK && ret->failed ? err_set(reterr, E_MEMORY, "no memory for the headers of a letter") : code;
}

/* ---- leaving */

/* kind NULL: the charter has no such kind any more. */
static void list_of(const struct unsubscribe *u, const struct kind_info *info, char ret[LIST_TEXT]) {
    int purpose = info == NULL ? -1 : kind_purpose(info->kind, u->purpose);
    if (!uuid_is_null(&u->scope) && (purpose < 0 || kind_purpose_consent(info->kind, purpose) == NULL))
        list_of_scope(&u->scope, ret);
    else if (purpose >= 0)
        list_of_purpose(info->kind, purpose, ret);
    else
        ret[0] = 0;                          /* nobody knows any more what it was for: everything */
}

static struct caller person_of(const struct service *s, const struct unsubscribe *u, const struct kind_info *info) {
    return (struct caller){ .tenant = u->tenant, .person = charter_kind_at(s->charter, info->index)->about, .subject_kind = info->index, .subject = u->record, .by_link = true };
}

/* What the record is changed by so that it comes to that state; NULL: nothing. */
static json_t *moved(const struct kind_info *info, const struct caller *who, const json_t *record, const char *from /* NULL: any */, const char *to) {
    const struct kind *k = info->kind;
    for (size_t i = 0; i < k->move_count; i++) {
        const struct move *m = &k->moves[i];
        const struct field *f = &k->fields[m->field];
        const char *now = json_string_value(json_object_get(json_object_get(record, "fields"), f->name));
        if (now != NULL && strcmp(f->options[m->from], now) == 0 && (from == NULL || strcmp(from, now) == 0) && strcmp(f->options[m->to], to) == 0 && who->person >= 0 && (m->who >> who->person & 1) != 0)
            return json_pack("{s:s}", f->name, f->options[m->to]);
    }
    return NULL;
}

static const char *withdrawn(const struct kind_info *info, const struct unsubscribe *u, const json_t *record) {
    int purpose = kind_purpose(info->kind, u->purpose);
    const struct consent_rule *rule = purpose < 0 ? NULL : kind_purpose_consent(info->kind, purpose);
    const char *name = rule != NULL ? rule->name : info->agreed;
    return name != NULL && json_is_true(json_object_get(json_object_get(record, "consents"), name)) ? name : NULL;
}

static bool is_gone(enum code code) { return code == E_NOT_FOUND || code == E_GONE; }

/* The record follows: the person's own move where there is one, else its consent. A record that is gone, or that somebody changes at this moment for good,
 * keeps nobody on the list: the suppression stands by then. */
static enum code record_follows(struct service *s, const struct unsubscribe *u, const struct kind_info *info, bool back, struct err *reterr) {
    const struct caller who = person_of(s, u, info), sejf = { .tenant = u->tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    json_t *record = NULL, *patch = NULL, *consents = NULL, *made = NULL, *mistakes = NULL;
    enum code code = record_read(s, &(struct record_request){ .who = &sejf, .kind = info->index, .id = u->record, .if_match = -1 }, &record, reterr);
    if (code != OK)
        return is_gone(code) ? OK : code;
    const char *consent = back ? NULL : withdrawn(info, u, record);
    patch = back ? moved(info, &who, record, "unsubscribed", "subscribed") : moved(info, &who, record, NULL, "unsubscribed");
    if (consent != NULL && (patch == NULL || info->agreed == NULL || strcmp(consent, info->agreed) != 0))
        consents = json_pack("{s:b}", consent, 0);
    if (patch != NULL || consents != NULL) {
        json_t *input = patch != NULL ? json_incref(patch) : json_object();
        code = record_change(s, &(struct record_request){ .who = &who, .kind = info->index, .id = u->record, .input = input, .consents = consents, .if_match = -1 }, &made, &mistakes, reterr);
        json_decref(input);
    }
    json_decref(record);
    json_decref(patch);
    json_decref(consents);
    json_decref(made);
    json_decref(mistakes);
    return is_gone(code) || code == E_FORBIDDEN || code == E_FIELDS || code == E_CONFLICT ? OK : code;
}

static struct suppress_wish wish_of(const struct unsubscribe *u, const char *list, const char *by) {
    struct suppress_wish w = { .tenant = u->tenant, .channel = u->channel, .list = list, .reason = SUPPRESS_LEFT, .by = by };
    memcpy(w.who, u->who, sizeof w.who);
    return w;
}

enum code unsubscribe_do(struct service *s, const struct unsubscribe *u, const char *by, struct err *reterr) {
    PRE(s != NULL && u != NULL && by != NULL && reterr != NULL);
    const struct kind_info *info = service_kind_by_number(s, u->kind);
    char list[LIST_TEXT];
    bool fresh = false;
    list_of(u, info, list);
    const struct suppress_wish w = wish_of(u, list, by);
    enum code code = suppress(s, &w, &fresh, reterr);
    return code == OK && info != NULL ? record_follows(s, u, info, false, reterr) : code;
}

enum code unsubscribe_undo(struct service *s, const struct unsubscribe *u, const char *by, struct err *reterr) {
    PRE(s != NULL && u != NULL && by != NULL && reterr != NULL);
    const struct kind_info *info = service_kind_by_number(s, u->kind);
    char list[LIST_TEXT];
    int64_t count = 0;
    list_of(u, info, list);
    const struct suppress_wish w = wish_of(u, list, by);
    enum code code = suppress_lift(s, &w, LIFTED_BY_ITSELF, &count, reterr);
    return code == OK && count > 0 && info != NULL ? record_follows(s, u, info, true, reterr) : code;
}

struct looked { const char *list; bool found; };
static bool look(const struct suppressed_row *r, void *arg) {
    struct looked *l = arg;
    l->found |= r->list[0] == 0 || strcmp(r->list, l->list) == 0;
    return !l->found;
}

enum code unsubscribe_done(struct service *s, const struct unsubscribe *u, bool *ret, struct err *reterr) {
    PRE(s != NULL && u != NULL && ret != NULL && reterr != NULL);
    AUTO(view_end) struct view *v = NULL;
    char list[LIST_TEXT];
    struct looked l = { .list = list };
    list_of(u, service_kind_by_number(s, u->kind), list);
    enum code code = store_view(service_store(s), u->tenant, &v, reterr);
    if (code == OK)
        code = suppressed_of(view_sql(v), u->channel, u->who, clock_now(), look, &l, reterr);
    if (code == OK)
        *ret = l.found;
    return code;
}
