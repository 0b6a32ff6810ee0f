/* preview.c — see preview.h. */
#include "messages/preview.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "messages/right.h"
#include "messages/values.h"
#include "records/link.h"
#include "store/template.h"
#include "wire/gsm.h"

struct wish { int kind; struct uuid id; bool with_record, has_lang; enum lang lang; json_t *values; int64_t version; };

static enum code wish_read(const struct service *s, json_t *body, int kind, struct wish *ret, struct err *reterr) {
    static const char *const members[] = { "kind", "id", "lang", "values", "version" };
    const char *kind_name = json_string_value(json_object_get(body, "kind")), *id = json_string_value(json_object_get(body, "id")), *lang = json_string_value(json_object_get(body, "lang")), *name;
    json_t *value;
    size_t known = 0;
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        known += json_object_get(body, members[i]) != NULL;
    *ret = (struct wish){ .kind = kind, .with_record = id != NULL, .values = json_object_get(body, "values"), .version = json_integer_value(json_object_get(body, "version")) };
    ret->has_lang = lang != NULL;
    if (known != json_object_size(body))
        return err_field(reterr, E_FIELDS, "", "a look is asked for by {id?, kind?, lang?, values?, version?}");
    if (kind_name != NULL && charter_kind(s->charter, kind_name) != kind)
        return err_field(reterr, E_FIELDS, "/kind", "this template is for records of the kind %s", service_kind(s, kind)->kind->name);
    if (id != NULL && !uuid_parse(id, &ret->id))
        return err_field(reterr, E_FIELDS, "/id", "id names a record of the kind");
    if (lang != NULL && !lang_parse(lang, strlen(lang), &ret->lang))
        return err_field(reterr, E_FIELDS, "/lang", "lang is one of en, pl, hu");
    if (ret->values != NULL && !json_is_object(ret->values))
        return err_field(reterr, E_FIELDS, "/values", "values are {name: text}");
    json_object_foreach(ret->values, name, value)
        if (!json_is_string(value))
            return err_field(reterr, E_FIELDS, "/values", "values are {name: text}");
    return OK;
}

/* Any of them, as the caller sees it. */
static enum code read_one(struct service *s, const struct caller *who, int kind, const struct uuid *id, json_t **ret, struct err *reterr) {
    const struct record_request r = { .who = who, .kind = kind, .id = *id, .if_match = -1 };
    return record_read(s, &r, ret, reterr);
}

static enum code parent_values(struct service *s, const struct caller *who, int kind, json_t *fields, enum lang lang, json_t *values, struct err *reterr) {
    const struct kind *k = service_kind(s, kind)->kind, *p = k->parent < 0 ? NULL : service_kind(s, k->parent)->kind;
    json_t *parent = NULL;
    struct uuid id;
    char prefix[100];
    const char *text = p == NULL ? NULL : json_string_value(json_object_get(fields, p->name));
    if (text == NULL || !uuid_parse(text, &id))
        return OK;
    enum code code = read_one(s, who, k->parent, &id, &parent, reterr);
    snprintf(prefix, sizeof prefix, "%s.", p->name);
    if (code == OK)
        code = values_add(s, k->parent, prefix, json_object_get(parent, "fields"), kind_all(p), lang, values, reterr);
    json_decref(parent);
    return code == E_NOT_FOUND || code == E_FORBIDDEN || code == E_GONE ? OK : code;
}

static enum lang lang_of(const struct service *s, const struct wish *w, json_t *fields) {
    const char *said = json_string_value(json_object_get(fields, "lang")) ?: json_string_value(json_object_get(fields, "language"));
    enum lang lang = charter_first_lang(s->charter);
    if (w->has_lang)
        return w->lang;
    return said != NULL && lang_parse(said, strlen(said), &lang) ? lang : lang;
}

static bool put(json_t *o, const char *name, json_t *it) { return it != NULL && json_object_set(o, name, it) == 0; }

static enum code record_values(struct service *s, const struct caller *who, struct wish *w, const struct template *t, json_t *values, struct err *reterr) {
    json_t *record = NULL;
    enum code code = read_one(s, who, w->kind, &w->id, &record, reterr);
    json_t *fields = json_object_get(record, "fields"), *number = json_object_get(record, "number");
    w->lang = template_lang(t, lang_of(s, w, fields));
    if (code == OK)
        code = values_add(s, w->kind, "", fields, value_fields(s, w->kind), w->lang, values, reterr);
    if (code == OK && json_is_string(number) && json_object_get(values, "number") == NULL && !put(values, "number", number))
        code = err_set(reterr, E_MEMORY, "no memory for a look");
    if (code == OK)
        code = parent_values(s, who, w->kind, fields, w->lang, values, reterr);
    json_decref(record);
    return code;
}

/* What the letter would have, and this has not: addresses that lead nowhere. */
static enum code addresses(const struct service *s, enum lang lang, json_t *values, struct err *reterr) {
    const char *base = service_base(s)[0] == 0 ? "https://localhost" : service_base(s), *name = charter_name(s->charter);
    char link[LINK_TEXT];
    link_like(link);                         /* a text message has as many parts as it will have */
    json_t *to = json_sprintf("%s/p/%s/%s?lang=%s", base, name, link, lang_code(lang)), *leave = json_sprintf("%s/u/%s/preview", base, name);
    bool fine = put(values, "link", to) && put(values, "unsubscribe", leave);
    json_decref(to);
    json_decref(leave);
    return fine ? OK : err_set(reterr, E_MEMORY, "no memory for a look");
}

static enum code shown(const struct template *t, const struct wish *w, json_t *values, const struct mail_brand *brand, json_t **ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf subject = BUF(1024), text = BUF((size_t)1 << 20), html = BUF((size_t)2 << 20), page = BUF((size_t)3 << 20);
    bool sms = !template_has_subject(t);
    struct gsm_measure m = { 0 };
    enum code code = template_render(t, w->lang, values, sms, &subject, &text, &html, reterr);
    if (code != OK)
        return code;
    if (sms) {
        bool whole = gsm_measure(buf_str(&text), text.len, &m);
        *ret = json_pack("{s:s, s:s, s:s, s:i, s:i}", "lang", lang_code(w->lang), "text", buf_str(&text), "encoding", whole ? gsm_encoding_name(m.encoding) : "", "parts", m.parts, "units", m.units);
    } else {
        mail_page(brand, w->lang, buf_str(&subject), buf_str(&html), &page);
        *ret = page.failed ? NULL : json_pack("{s:s, s:s, s:s, s:s}", "lang", lang_code(w->lang), "subject", buf_str(&subject), "text", buf_str(&text), "html", buf_str(&page));
    }
    return *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for a look") : OK;
}

static enum code text_find(struct service *s, int64_t tenant, const char *name, json_t *body, struct text_ready *ret, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
    AUTO(view_end) struct view *v = NULL;
    struct template_row r = { 0 };
    const json_t *version = json_object_get(body, "version");
    if (version != NULL && (!json_is_integer(version) || json_integer_value(version) < 1))
        return err_field(reterr, E_FIELDS, "/version", "version is the number of one");
    enum code code = arena == NULL ? err_set(reterr, E_MEMORY, "no memory for a look") : store_view(s->store, tenant, &v, reterr);
    if (code == OK)
        code = version == NULL ? template_named(view_sql(v), name, &r, arena, reterr) : template_version(view_sql(v), name, (int)json_integer_value(version), &r, arena, reterr);
    v = view_end(v);
    return code == OK ? text_open(s, tenant, r.number, ret, reterr) : code;
}

enum code template_preview(struct service *s, const struct caller *who, const char *name, json_t *body, const struct mail_brand *brand, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && name != NULL && brand != NULL && ret != NULL && reterr != NULL);
    AUTO(text_ready_free) struct text_ready text = { 0 };
    struct wish w = { .kind = -1 };
    json_t *values = NULL;
    const struct message_deed any = { .verb = MESSAGES_READ };
    enum code code = message_right(s, who, &any, NULL, reterr);
    if (code == OK)
        code = text_find(s, who->tenant, name, body, &text, reterr);
    if (code == OK)
        code = message_right(s, who, &(const struct message_deed){ .verb = MESSAGES_READ, .reach = REACH_KIND, .kind = text.kind }, NULL, reterr);
    if (code == OK)
        code = wish_read(s, body, text.kind, &w, reterr);
    if (code == OK)
        code = values_further(s, w.kind, w.values, &values, reterr);
    if (code == OK && w.with_record) {
        code = record_values(s, who, &w, text.template, values, reterr);
    } else if (code == OK) {
        w.lang = template_lang(text.template, w.has_lang ? w.lang : charter_first_lang(s->charter));
        code = values_invented(s, text.kind, w.lang, values, reterr);
    }
    if (code == OK)
        code = addresses(s, w.lang, values, reterr);
    if (code == OK)
        code = shown(text.template, &w, values, brand, ret, reterr);
    json_decref(values);
    return code;
}
