/* consent.c — the rows of a record's consents as JSON, and as a receipt. */
#include "rights/consent.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "records/consents.h"
#include "store/consent.h"

#define HEX_TEXT (2 * HASH_SIZE + 1)
static const char *hex(const uint8_t hash[HASH_SIZE], char ret[HEX_TEXT]) {
    for (size_t i = 0; i < HASH_SIZE; i++)
        snprintf(ret + 2 * i, 3, "%02x", hash[i]);
    return ret;
}

static bool unhex(const char *text, uint8_t ret[HASH_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    if (strnlen(text, HEX_TEXT) != HEX_TEXT - 1)
        return false;
    for (size_t i = 0; i < HEX_TEXT - 1; i++) {
        const char *at = strchr(digits, text[i]);
        if (at == NULL)
            return false;
        ret[i / 2] = (uint8_t)(i % 2 == 0 ? (at - digits) << 4 : ret[i / 2] | (at - digits));
    }
    return true;
}

/* ---- what stands */
struct said { char name[128], way[16], by[CALLER_TEXT]; enum consent_state state; usec_t at, until; bool shown; uint8_t text[HASH_SIZE]; char lang[8], version[80]; };
struct history { struct service *s; struct arena *arena; struct record r; struct said *list; size_t count, room; bool failed; };

static bool take(const struct consent_row *row, void *arg) {
    struct history *h = arg;
    if (h->count == h->room) {
        size_t room = h->room == 0 ? 8 : h->room * 2;
        struct said *list = arena_array(h->arena, room, sizeof *list);
        if (list == NULL) {
            h->failed = true;
            return false;
        }
        if (h->count > 0)
            memcpy(list, h->list, h->count * sizeof *list);
        h->list = list;
        h->room = room;
    }
    struct said *to = &h->list[h->count++];
    *to = (struct said){ .state = row->state, .at = row->at, .until = row->until, .shown = row->shown };
    snprintf(to->name, sizeof to->name, "%s", row->name);
    snprintf(to->way, sizeof to->way, "%s", row->way);
    snprintf(to->by, sizeof to->by, "%s", row->by);
    memcpy(to->text, row->text, sizeof to->text);
    return true;
}

static bool take_text(const struct consent_text *t, void *arg) {
    struct said *to = arg;
    snprintf(to->lang, sizeof to->lang, "%s", t->lang);
    snprintf(to->version, sizeof to->version, "%s", t->version);
    return true;
}

/* What was given until a time that has come by now has expired then, though nobody wrote it down. */
static void expire(struct history *h, usec_t now) {
    const size_t count = h->count;
    for (size_t i = 0; i < count; i++) {
        bool last = h->list[i].state == CONSENT_GIVEN && h->list[i].until <= now;
        for (size_t n = i + 1; last && n < count; n++)
            last = strcmp(h->list[n].name, h->list[i].name) != 0;
        struct consent_row over = { .name = h->list[i].name, .state = CONSENT_EXPIRED, .at = h->list[i].until, .until = USEC_NEVER, .way = "sejf", .by = "sejf" };
        if (last && !take(&over, h))
            return;
    }
}

/* No view is open when the keeper is asked, nor when the texts, which are the instance's, are looked up. */
static enum code history_read(struct history *h, int64_t tenant, int kind, const struct uuid *id, struct err *reterr) {
    struct view *v = NULL;
    enum code code = store_view(h->s->store, tenant, &v, reterr);
    if (code == OK)
        code = record_load(view_sql(v), service_kind(h->s, kind), id, h->arena, &h->r, reterr);
    if (code == OK)
        code = consents_of(view_sql(v), service_kind(h->s, kind)->number, id, take, h, reterr);
    v = view_end(v);
    if (code == OK)
        expire(h, clock_now());
    if (code == OK && h->failed)
        code = err_set(reterr, E_MEMORY, "no memory for consents");
    if (code == OK)
        code = record_open(h->s, &h->r, h->arena, reterr);
    for (size_t i = 0; code == OK && i < h->count; i++)
        if (h->list[i].shown) {
            code = consent_text_get(h->s->store, charter_name(h->s->charter), h->list[i].text, take_text, &h->list[i], reterr);
            code = code == E_NOT_FOUND ? OK : code;
        }
    return code;
}

static json_t *consents_now(const struct history *h) {
    json_t *all = json_object();
    bool fine = all != NULL;
    for (size_t i = 0; fine && i < h->r.info->consent_count; i++)
        fine = json_object_set_new(all, h->r.info->consents[i], json_boolean(consent_given(&h->r, i))) == 0;
    if (fine)
        return all;
    json_decref(all);
    return NULL;
}

static json_t *step_json(const struct said *w) {
    char at[32], until[32], hash[HEX_TEXT];
    json_t *text = !w->shown ? json_null() : json_pack("{s:s, s:s, s:s}", "hash", hex(w->text, hash), "language", w->lang, "version", w->version);
    return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:o}", "consent", w->name, "state", consent_state_name(w->state), "at", time_format(w->at, at, sizeof at),
                     "until", w->until == USEC_NEVER ? NULL : time_format(w->until, until, sizeof until), "way", w->way, "by", w->by, "text", text);
}

enum code consent_history(struct service *s, int64_t tenant, int kind, const struct uuid *id, json_t **ret, struct err *reterr) {
    PRE(s != NULL && id != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct history h = { .s = s, .arena = arena };
    json_t *items = json_array();
    enum code code = arena == NULL || items == NULL ? err_set(reterr, E_MEMORY, "no memory for consents") : history_read(&h, tenant, kind, id, reterr);
    for (size_t i = 0; code == OK && i < h.count; i++)
        if (json_array_append_new(items, step_json(&h.list[i])) != 0)
            code = err_set(reterr, E_MEMORY, "no memory for consents");
    json_t *all = code == OK ? json_pack("{s:O, s:o}", "items", items, "consents", consents_now(&h)) : NULL;
    json_decref(items);
    if (code == OK && all == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for consents");
    if (code == OK)
        *ret = all;
    return code;
}

struct reading { json_t *made; const uint8_t *hash; };
static bool text_json(const struct consent_text *t, void *arg) {
    struct reading *r = arg;
    char since[32], hash[HEX_TEXT];
    r->made = json_pack("{s:s, s:s, s:s, s:s, s:s}", "hash", hex(t->hash, hash), "language", t->lang, "version", t->version, "since", time_format(t->since, since, sizeof since), "text", t->text);
    return true;
}

enum code consent_read_text(struct service *s, const char *hexed, json_t **ret, struct err *reterr) {
    PRE(s != NULL && hexed != NULL && ret != NULL && reterr != NULL);
    uint8_t hash[HASH_SIZE];
    struct reading r = { NULL, hash };
    if (!unhex(hexed, hash))
        return err_set(reterr, E_NOT_FOUND, "a text is named by its SHA-256 in 64 hexadecimal digits");
    enum code code = consent_text_get(s->store, charter_name(s->charter), hash, text_json, &r, reterr);
    if (code == OK && r.made == NULL)
        code = err_set(reterr, E_MEMORY, "no memory for a text");
    if (code == OK)
        *ret = r.made;
    return code;
}

/* ---- the receipt */
#define SCHEMA "https://w3id.org/dpv/schema/dpv-27560"

static json_t *context(void) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "dpv", "https://w3id.org/dpv#", "dct", "http://purl.org/dc/terms/", "eu-gdpr", "https://w3id.org/dpv/legal/eu/gdpr#",
                     "schema", "https://schema.org/", "xsd", "http://www.w3.org/2001/XMLSchema#");
}

static json_t *in_languages(const struct words *w) {
    static const char *const names[] = { [LANG_EN] = "en", [LANG_PL] = "pl", [LANG_HU] = "hu" };
    json_t *all = json_array();
    for (size_t l = 0; l < ARRAY_LEN(names); l++)
        if (w->in[l] != NULL)
            json_array_append_new(all, json_pack("{s:s, s:s}", "@language", names[l], "@value", w->in[l]));
    return all;
}

/* Which fields the consent is about: those that are kept only with it; all of the record, where it rests on the consent. */
static bool covers(const struct kind_info *k, const char *consent, const struct field *f) {
    const struct consent_rule *rule = kind_consent_rule(k->kind, consent);
    if (rule != NULL && rule->purpose >= 0)
        return f->level != L_PLAIN && f->consent == NULL;
    return k->agreed != NULL && strcmp(k->agreed, consent) == 0 ? f->level != L_PLAIN : f->consent != NULL && strcmp(f->consent, consent) == 0;
}

static json_t *data_of(const struct kind_info *k, const char *consent) {
    json_t *all = json_array();
    for (size_t i = 0; i < k->kind->field_count; i++) {
        const struct field *f = &k->kind->fields[i];
        if (covers(k, consent, f))
            json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:o}", "@type", f->level == L_SENSITIVE ? "dpv:SensitivePersonalData" : "dpv:PersonalData", "dct:identifier", f->name,
                                                 "dpv:hasNecessity", f->optional ? "dpv:Optional" : "dpv:Required", "dct:title", in_languages(&f->label)));
    }
    return all;
}

static json_t *purposes_of(const struct kind_info *k, const char *consent) {
    const struct consent_rule *own = kind_consent_rule(k->kind, consent);
    json_t *all = json_array();
    for (size_t i = 0; i < k->kind->used_for_count; i++)
        if (own != NULL && own->purpose >= 0 ? own->purpose == (int)i : kind_purpose_consent(k->kind, (int)i) == NULL)
            json_array_append_new(all, json_pack("{s:s, s:o}", "@type", "dpv:Purpose", "dct:title", in_languages(&k->kind->used_for[i])));
    return all;
}

static json_t *event(const struct said *w) {
    static const char *const states[] = { [CONSENT_GIVEN] = "dpv:ConsentGiven", [CONSENT_REFUSED] = "dpv:ConsentRefused", [CONSENT_WITHDRAWN] = "dpv:ConsentWithdrawn", [CONSENT_EXPIRED] = "dpv:ConsentExpired" };
    char at[32], hash[HEX_TEXT];
    json_t *one = json_pack("{s:s, s:{s:s, s:s}, s:s, s:s}", "dpv:hasConsentStatus", states[w->state], "dpv:isIndicatedAtTime", "@type", "xsd:dateTime", "@value", time_format(w->at, at, sizeof at),
                            "dpv:hasIndicationMethod", w->way, "dpv:isIndicatedBy", strcmp(w->way, "form") == 0 || strcmp(w->way, "link") == 0 ? "dpv:DataSubject" : w->by);
    if (one != NULL && w->shown)
        json_object_set_new(one, "dpv:hasNotice", json_pack("{s:s, s:s, s:s, s:s}", "@type", "dpv:ConsentNotice", "dct:identifier", hex(w->text, hash), "dct:language", w->lang, "dct:hasVersion", w->version));
    if (one != NULL && w->until != USEC_NEVER)
        json_object_set_new(one, "dct:valid", json_string(time_format(w->until, at, sizeof at)));
    return one;
}

static json_t *process_of(const struct history *h, const char *consent, bool given) {
    const struct kind_info *k = h->r.info;
    char until[32];
    json_t *events = json_array(), *data = data_of(k, consent);
    bool special = k->kind->kind_of_data != NULL;
    for (size_t i = 0; i < k->kind->field_count; i++)
        special = special || (covers(k, consent, &k->kind->fields[i]) && k->kind->fields[i].level == L_SENSITIVE);
    for (size_t i = 0; i < h->count; i++)
        if (strcmp(h->list[i].name, consent) == 0)
            json_array_append_new(events, event(&h->list[i]));
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:{s:s, s:s?}, s:{s:s, s:s}}", "@type", "dpv:Process", "dct:identifier", consent, "dpv:hasLegalBasis", special ? "eu-gdpr:A9-2-a" : "eu-gdpr:A6-1-a",
                     "dpv:hasPurpose", purposes_of(k, consent), "dpv:hasPersonalData", data, "schema:active", (int)given, "dpv:hasConsentStatus", events,
                     "dpv:hasStorageCondition", "@type", "dpv:StorageDeletion", "dct:date", h->r.due == USEC_NEVER ? NULL : time_format(h->r.due, until, sizeof until),
                     "dpv:hasConsentControl", "@type", "dpv:WithdrawConsent", "dpv:isExercisedAt", "the private link of the record, or a change of it by API");
}

static json_t *recipients_of(const struct charter *c) {
    json_t *all = json_array();
    char path[64];
    const char *name;
    for (size_t i = 0; snprintf(path, sizeof path, "processors.%zu.name", i) > 0 && (name = charter_value(c, path)) != NULL; i++)
        json_array_append_new(all, json_pack("{s:s, s:s}", "@type", "dpv:DataProcessor", "schema:name", name));
    return all;
}

static json_t *receipt(const struct history *h, const char *tenant_name) {
    const struct charter *c = h->s->charter;
    const struct kind_info *k = h->r.info;
    char now[32];
    bool processor = k->kind->we_are != NULL && strncmp(k->kind->we_are, "processor", 9) == 0;
    AUTO(buf_done) struct buf name = BUF(512);
    buf_printf(&name, "urn:sejf:%s:%lld:%lld", charter_name(c), (long long)h->r.tenant, (long long)h->r.born);       /* its pseudonym: erasure cuts it off */
    json_t *processes = json_array();
    for (size_t i = 0; i < k->consent_count; i++)
        json_array_append_new(processes, process_of(h, k->consents[i], consent_given(&h->r, i)));
    json_t *record = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:s, s:s?, s:o, s:o}", "@type", "dpv:ConsentRecord", "@id", buf_str(&name), "dct:conformsTo", SCHEMA "#record",
                               "dpv:hasDataSubject", "@type", "dpv:DataSubject", "@id", buf_str(&name),
                               "dpv:hasDataController", "@type", "dpv:DataController", "schema:name", processor && tenant_name != NULL ? tenant_name : charter_operator(c),
                               "dpv:hasApplicableLaw", "eu-gdpr:GDPR", "dpv:hasJurisdiction", charter_value(c, "operator.country"), "dpv:hasRecipient", recipients_of(c), "dpv:hasProcess", processes);
    if (record != NULL && processor)
        json_object_set_new(record, "dpv:hasDataProcessor", json_pack("{s:s, s:s}", "@type", "dpv:DataProcessor", "schema:name", charter_operator(c)));
    return json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "@context", context(), "@type", "dpv:ConsentReceipt", "dct:conformsTo", SCHEMA "#receipt", "schema:schemaVersion", "ISO/IEC TS 27560:2023",
                     "dct:created", time_format(clock_now(), now, sizeof now), "dct:publisher", charter_operator(c), "schema:email", charter_contact(c), "dpv:hasAuthority", charter_authority(c),
                     "dct:hasVersion", charter_updated(c), "dpv:hasRecordOfActivity", record);
}

enum code consent_receipt(struct service *s, int64_t tenant, const char *tenant_name, int kind, const struct uuid *id, json_t **ret, struct err *reterr) {
    PRE(s != NULL && id != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct history h = { .s = s, .arena = arena };
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a receipt") : history_read(&h, tenant, kind, id, reterr);
    if (code != OK)
        return code;
    if (h.r.info->consent_count == 0)
        return err_set(reterr, E_NOT_FOUND, "no consent is asked for a record of this kind");
    json_t *made = receipt(&h, tenant_name);
    if (made == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a receipt");
    *ret = made;
    return OK;
}
