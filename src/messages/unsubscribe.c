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
#define TRIES 3                              /* to change the record while others change it too */
#define UTF8_MORE 3u                         /* what a cut text may be shorter by, so that no letter is parted */

static size_t utf8_cut(const char *text, size_t most) {
    size_t n = strnlen(text, most + 1);
    if (n <= most)
        return n;
    for (n = most; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
        ;
    return n;
}

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
    const size_t len = strnlen(u->purpose, sizeof u->purpose - 1);
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

bool unsubscribe_tenant(const char *token, int64_t *ret) {
    uint8_t bytes[TOKEN_BYTES];
    size_t len = strnlen(token, 2 * TOKEN_BYTES), got = 0;
    if (token[len] != 0 || !base64url_decode(token, len, bytes, sizeof bytes, &got) || got < HEAD_SIZE + SEAL_OVERHEAD + FIXED || bytes[0] != VERSION || (int64_t)get_be(bytes + 1, 8) <= 0)
        return false;
    *ret = (int64_t)get_be(bytes + 1, 8);
    return true;
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
    if (r->kind <= 0 || r->channel != CHANNEL_EMAIL || base_url == NULL || strncmp(base_url, "https://", 8) != 0)
        return OK;
    memcpy(u.who, who, sizeof u.who);
    memcpy(u.purpose, r->purpose, utf8_cut(r->purpose, sizeof u.purpose - 1));
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

/* Of a purpose in many words the token holds the beginning. -1: the charter has no such kind or purpose any more. */
static int purpose_of(const struct kind_info *info, const struct unsubscribe *u) {
    const size_t len = strlen(u->purpose);
    int found = info == NULL ? -1 : kind_purpose(info->kind, u->purpose);
    for (size_t i = 0; found < 0 && info != NULL && len + UTF8_MORE >= UNSUBSCRIBE_PURPOSE - 1 && i < info->kind->used_for_count; i++) {
        const char *name = read_purpose(info->kind, (int)i);
        found = name != NULL && strncmp(name, u->purpose, len) == 0 ? (int)i : -1;
    }
    return found;
}

enum unsubscribe_from unsubscribe_list(const struct service *s, const struct unsubscribe *u, char ret[LIST_TEXT]) {
    const struct kind_info *info = service_kind_by_number(s, u->kind);
    const int purpose = purpose_of(info, u);
    const bool consent = purpose >= 0 && kind_purpose_consent(info->kind, purpose) != NULL;
    if (!uuid_is_null(&u->scope) && !consent) {
        list_of_scope(&u->scope, ret);
        return FROM_SCOPE;
    }
    if (purpose < 0) {
        ret[0] = 0;                          /* nobody knows any more what it was for: everything */
        return FROM_ALL;
    }
    list_of_purpose(info->kind, purpose, ret);
    return consent ? FROM_CONSENT : FROM_PURPOSE;
}

const struct words *unsubscribe_words(const struct service *s, const struct unsubscribe *u) {
    const struct kind_info *info = service_kind_by_number(s, u->kind);
    const int purpose = purpose_of(info, u);
    return purpose < 0 ? NULL : &info->kind->used_for[purpose];
}

static struct caller person_of(const struct service *s, const struct unsubscribe *u, const struct kind_info *info) {
    return (struct caller){ .tenant = u->tenant, .person = charter_kind_at(s->charter, info->index)->about, .subject_kind = info->index, .subject = u->record, .by_link = true };
}
static struct caller sejf_of(const struct unsubscribe *u) { return (struct caller){ .tenant = u->tenant, .person = -1, .by_sejf = true, .subject_kind = -1 }; }

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

/* The purpose's own. What the record itself rests on is not withdrawn by a click, for the record would be erased with it: the private link asks first. */
static const char *withdrawn(const struct kind_info *info, const struct unsubscribe *u, const json_t *record) {
    int purpose = purpose_of(info, u);
    const struct consent_rule *rule = purpose < 0 ? NULL : kind_purpose_consent(info->kind, purpose);
    if (rule == NULL || (info->agreed != NULL && strcmp(info->agreed, rule->name) == 0))
        return NULL;
    return json_is_true(json_object_get(json_object_get(record, "consents"), rule->name)) ? rule->name : NULL;
}

static bool is_gone(enum code code) { return code == E_NOT_FOUND || code == E_GONE; }

/* Somebody else who changes the record at this moment is waited for. */
static enum code changed(struct service *s, const struct record_request *r, struct err *reterr) {
    enum code code = E_CONFLICT;
    for (int i = 0; i < TRIES && code == E_CONFLICT; i++) {
        json_t *made = NULL, *mistakes = NULL;
        code = record_change(s, r, &made, &mistakes, reterr);
        json_decref(made);
        json_decref(mistakes);
    }
    return code;
}

/* sejf says it for the person, whatever the charter lets the private link do, and apart from the move: an own rule against a move keeps nobody's consent. */
static enum code consent_goes(struct service *s, const struct unsubscribe *u, const struct kind_info *info, const char *consent, struct err *reterr) {
    const struct caller who = sejf_of(u);
    json_t *input = json_object(), *consents = json_pack("{s:b}", consent, 0);
    enum code code = input == NULL || consents == NULL ? err_set(reterr, E_MEMORY, "no memory to withdraw a consent")
                     : changed(s, &(struct record_request){ .who = &who, .kind = info->index, .id = u->record, .input = input, .consents = consents, .if_match = -1, .way = "link" }, reterr);
    json_decref(input);
    json_decref(consents);
    return is_gone(code) ? OK : code;
}

/* The person's own move, where there is one. What refuses it keeps nobody on the list: the suppression stands by then. */
static enum code state_moves(struct service *s, const struct unsubscribe *u, const struct kind_info *info, const json_t *record, bool back, struct err *reterr) {
    const struct caller who = person_of(s, u, info);
    json_t *patch = back ? moved(info, &who, record, "unsubscribed", "subscribed") : moved(info, &who, record, NULL, "unsubscribed");
    enum code code = patch == NULL ? OK : changed(s, &(struct record_request){ .who = &who, .kind = info->index, .id = u->record, .input = patch, .if_match = -1 }, reterr);
    json_decref(patch);
    return is_gone(code) || code == E_FORBIDDEN || code == E_FIELDS || code == E_CONFLICT ? OK : code;
}

/* Of a record that is gone *ret stays NULL. */
static enum code record_of(struct service *s, const struct unsubscribe *u, const struct kind_info *info, json_t **ret, struct err *reterr) {
    const struct caller sejf = sejf_of(u);
    enum code code = record_read(s, &(struct record_request){ .who = &sejf, .kind = info->index, .id = u->record, .if_match = -1 }, ret, reterr);
    return is_gone(code) ? OK : code;
}

static struct suppress_wish wish_of(const struct unsubscribe *u, const char *list, const char *by) {
    struct suppress_wish w = { .tenant = u->tenant, .channel = u->channel, .list = list, .reason = SUPPRESS_LEFT, .by = by };
    memcpy(w.who, u->who, sizeof w.who);
    return w;
}

/* The address that the record holds now, where it was corrected since the letter went. *ret_other: it is another. */
static enum code present_of(struct service *s, const struct unsubscribe *u, const struct kind_info *info, const json_t *record, uint8_t ret[WHO_SIZE], bool *ret_other, struct err *reterr) {
    const int field = kind_address_field(info->kind, u->channel == CHANNEL_SMS);
    const char *address = field < 0 ? NULL : json_string_value(json_object_get(json_object_get(record, "fields"), info->kind->fields[field].name));
    enum code code = address == NULL || address[0] == 0 ? OK : who_of(s, u->tenant, u->channel, address, ret, reterr);
    if (code == OK)
        *ret_other = address != NULL && address[0] != 0 && memcmp(ret, u->who, WHO_SIZE) != 0;
    return code;
}

static enum code record_follows(struct service *s, const struct unsubscribe *u, const struct kind_info *info, const struct suppress_wish *w, struct err *reterr) {
    struct suppress_wish present = *w;
    json_t *record = NULL;
    bool other = false, fresh = false;
    enum code code = record_of(s, u, info, &record, reterr);
    if (code == OK && record != NULL)
        code = present_of(s, u, info, record, present.who, &other, reterr);
    if (code == OK && other)
        code = suppress(s, &present, &fresh, reterr);
    const char *consent = code == OK && record != NULL ? withdrawn(info, u, record) : NULL;
    if (consent != NULL)
        code = consent_goes(s, u, info, consent, reterr);
    if (code == OK && record != NULL)
        code = state_moves(s, u, info, record, false, reterr);
    json_decref(record);
    return code;
}

enum code unsubscribe_do(struct service *s, const struct unsubscribe *u, const char *by, struct err *reterr) {
    PRE(s != NULL && u != NULL && by != NULL && reterr != NULL);
    const struct kind_info *info = service_kind_by_number(s, u->kind);
    char list[LIST_TEXT];
    bool fresh = false;
    (void)unsubscribe_list(s, u, list);
    const struct suppress_wish w = wish_of(u, list, by);
    enum code code = suppress(s, &w, &fresh, reterr);
    return code == OK && info != NULL ? record_follows(s, u, info, &w, reterr) : code;
}

/* What it left when the charter had other words for the purpose: those that stand in its letter. */
static enum code lift_old_words(struct service *s, const struct unsubscribe *u, const char *by, int64_t *count, struct err *reterr) {
    char list[LIST_TEXT];
    int64_t more = 0;
    if (u->purpose[0] == 0 || purpose_of(service_kind_by_number(s, u->kind), u) >= 0)
        return OK;
    snprintf(list, sizeof list, "purpose %s", u->purpose);
    const struct suppress_wish w = wish_of(u, list, by);
    enum code code = suppress_lift(s, &w, LIFTED_BY_ITSELF, &more, reterr);
    if (code == OK)
        *count += more;
    return code;
}

/* Where the record holds another address by now, whoever has the old letter takes back what was left by that one alone: of the list, the state and the consents of whom the
 * record is written to, its own letters and its private link decide. */
enum code unsubscribe_undo(struct service *s, const struct unsubscribe *u, const char *by, struct err *reterr) {
    PRE(s != NULL && u != NULL && by != NULL && reterr != NULL);
    const struct kind_info *info = service_kind_by_number(s, u->kind);
    char list[LIST_TEXT];
    int64_t count = 0;
    bool other = false;
    json_t *record = NULL;
    (void)unsubscribe_list(s, u, list);
    struct suppress_wish w = wish_of(u, list, by);
    enum code code = suppress_lift(s, &w, LIFTED_BY_ITSELF, &count, reterr);
    if (code == OK)
        code = lift_old_words(s, u, by, &count, reterr);
    if (code == OK && count > 0 && info != NULL)
        code = record_of(s, u, info, &record, reterr);
    if (code == OK && record != NULL)
        code = present_of(s, u, info, record, w.who, &other, reterr);
    if (code == OK && record != NULL && !other)
        code = state_moves(s, u, info, record, true, reterr);
    json_decref(record);
    return code;
}

struct looked { const char *list; enum suppress_reason reason; };
static bool look(const struct suppressed_row *r, void *arg) {
    struct looked *l = arg;
    if (r->list[0] == 0 || strcmp(r->list, l->list) == 0)
        l->reason = r->reason;               /* complaints come first, lists that were left behind what is not the person's to change */
    return l->reason == 0;
}

/* What is asked is what the gate asks, so a consent that came later counts. Of a kind that the charter has no more only the list tells. */
enum code unsubscribe_done(struct service *s, const struct unsubscribe *u, enum unsubscribed *ret, struct err *reterr) {
    PRE(s != NULL && u != NULL && ret != NULL && reterr != NULL);
    const struct kind_info *info = service_kind_by_number(s, u->kind);
    struct view *v = NULL;
    char list[LIST_TEXT];
    struct looked l = { .list = list };
    enum code code;
    (void)unsubscribe_list(s, u, list);
    if (info != NULL) {
        struct gate_ask a = { .service = s, .tenant = u->tenant, .channel = u->channel, .kind = info->index, .record = u->record, .scope = u->scope, .purpose = purpose_of(info, u), .now = clock_now() };
        memcpy(a.who, u->who, sizeof a.who);
        code = suppressed_by(&a, &l.reason, reterr);
    } else {
        code = store_view(service_store(s), u->tenant, &v, reterr);
        if (code == OK)
            code = suppressed_of(view_sql(v), u->channel, u->who, clock_now(), look, &l, reterr);
        v = view_end(v);
    }
    if (code == OK)
        *ret = l.reason == 0 ? UNSUBSCRIBED_NOT : l.reason == SUPPRESS_LEFT ? UNSUBSCRIBED_LEFT : UNSUBSCRIBED_OTHER;
    return code;
}
