/* pack_choices.c — what the person said yes and no to, as the registers have it, and each text that was read, once. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "rights/pack_inside.h"
#include "store/consent.h"

#define RECORDS_AT_ONCE 256u                  /* of one view */

struct choices { json_t *list, *texts; const struct subject_record *r; const char *kind; };

static json_t *time_json(usec_t t) {
    char text[40];
    return t == USEC_NEVER || t == 0 ? json_null() : json_string(time_format(t, text, sizeof text));
}

static json_t *entry(struct choices *c, const char *type) {
    char id[UUID_TEXT];
    json_t *e = json_pack("{s:s, s:s, s:s}", "type", type, "kind", c->kind, "id", uuid_format(&c->r->id, id));
    json_array_append_new(c->list, e);
    return e;
}

static bool consent_add(const struct consent_row *row, void *arg) {
    struct choices *c = arg;
    json_t *e = entry(c, "consent");
    json_object_set_new(e, "consent", json_string(row->name));
    json_object_set_new(e, "state", json_string(consent_state_name(row->state)));
    json_object_set_new(e, "at", time_json(row->at));
    json_object_set_new(e, "until", time_json(row->until));
    json_object_set_new(e, "way", json_string(row->way));
    if (row->shown) {
        AUTO(buf_done) struct buf hash = BUF(128);
        hex_encode(row->text, sizeof row->text, &hash);
        json_object_set_new(e, "text_sha256", json_string(buf_str(&hash)));
        json_object_set_new(c->texts, buf_str(&hash), json_null());
    }
    return true;
}

static bool objection_add(const struct objection_row *row, void *arg) {
    json_t *e = entry(arg, "objection");
    json_object_set_new(e, "purpose", json_string(row->purpose));
    json_object_set_new(e, "at", time_json(row->at));
    return true;
}

static bool restriction_add(const struct restriction_row *row, void *arg) {
    json_t *e = entry(arg, "restriction");
    json_object_set_new(e, "at", time_json(row->at));
    json_object_set_new(e, "lifts", time_json(row->lifts));
    return true;
}

static enum code batch_add(struct packing *p, struct choices *c, size_t from, size_t until, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct err none;
    enum code code = store_view(p->s->store, p->tenant, &v, reterr);
    for (size_t i = from; code == OK && i < until; i++) {
        const struct kind_info *k = service_kind(p->s, p->job->about->list[i].kind);
        c->r = &p->job->about->list[i];
        c->kind = k->kind->name;
        code = consents_of(view_sql(v), k->number, &c->r->id, consent_add, c, reterr);
        if (code == OK)
            code = objections_of(view_sql(v), k->number, &c->r->id, objection_add, c, reterr);
        if (code == OK) {
            code = restriction_get(view_sql(v), k->number, &c->r->id, restriction_add, c, &none);
            code = code == E_NOT_FOUND ? OK : code;
            if (code != OK)
                *reterr = none;
        }
    }
    return code;
}

static bool text_add(const struct consent_text *t, void *arg) {
    *(json_t **)arg = json_pack("{s:s, s:s, s:s}", "lang", t->lang, "version", t->version, "text", t->text);
    return true;
}

/* Each text that a consent names by its hash. */
static enum code texts_add(struct packing *p, json_t *texts, struct err *reterr) {
    const char *name;
    json_t *v;
    void *next;
    enum code code = OK;
    json_object_foreach_safe(texts, next, name, v) {
        uint8_t hash[HASH_SIZE];
        json_t *text = NULL;
        struct err e;
        if (code != OK || !hex_decode(name, strlen(name), hash, sizeof hash))
            continue;
        code = consent_text_get(p->s->store, charter_name(p->s->charter), hash, text_add, &text, &e);
        if (code == OK)
            json_object_set_new(texts, name, text);
        else if (code == E_NOT_FOUND)
            code = OK;
        else
            *reterr = e;
    }
    return code;
}

enum code packing_choices(struct packing *p, struct err *reterr) {
    struct choices c = { .list = json_array(), .texts = json_object() };
    const size_t count = p->job->about->count;
    size_t lost = mem_lost();
    enum code code = c.list == NULL || c.texts == NULL ? err_set(reterr, E_MEMORY, "no memory for an access pack") : OK;
    for (size_t at = 0; code == OK && at < count; at += RECORDS_AT_ONCE)
        code = batch_add(p, &c, at, at + RECORDS_AT_ONCE < count ? at + RECORDS_AT_ONCE : count, reterr);
    if (code == OK)
        code = texts_add(p, c.texts, reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for an access pack");
    if (code == OK)
        return packing_json(p, "choices.json", json_pack("{s:o, s:o}", "choices", c.list, "texts", c.texts), reterr);
    json_decref(c.list);
    json_decref(c.texts);
    return code;
}
