/* show.c — a record as the API shows it. Values lie in it as canonical JSON, most of which is what a reply says, too; the rest is written
 * anew: control characters have their short names in replies, and a number whose places a double would round goes as it was read. */
#include <string.h>

#include "base/jsontext.h"
#include "base/mem.h"
#include "records/record.h"

static void name_add(struct buf *b, const char *name) {
    if (b->len > 0 && b->data[b->len - 1] != '{')
        buf_char(b, ',');
    json_text_quote(b, name, strlen(name));
    buf_char(b, ':');
}

static void plain_add(struct buf *b, const char *text) {      /* of characters that need no escape */
    buf_char(b, '"');
    buf_text(b, text);
    buf_char(b, '"');
}

static void id_add(struct buf *b, const struct uuid *id) {
    char text[UUID_TEXT];
    plain_add(b, uuid_format(id, text));
}

static void time_add(struct buf *b, usec_t t) {
    char text[32];
    if (t == USEC_NEVER)
        buf_text(b, "null");
    else
        plain_add(b, time_format(t, text, sizeof text));
}

/* ---- consents: each tells of the fields that it covers, so it is shown to those who see one of them */
static bool part_shows(const struct record *r, size_t part, const char *consent, fieldset fields) {
    const struct part *p = &r->info->kind->parts[part];
    return p->consent != NULL && (p->fields & fields) != 0 && (consent == NULL || strcmp(p->consent, consent) == 0);
}

static bool shown_before(const struct record *r, size_t part, const char *consent, fieldset fields) {
    for (size_t i = 0; i < part; i++)
        if (part_shows(r, i, consent, fields))
            return true;
    return false;
}

static bool given(const struct record *r, const char *consent, fieldset fields) {
    if (r->info->agreed != NULL && strcmp(r->info->agreed, consent) == 0)
        return r->agreed != 0;
    for (size_t i = r->info->kind->part_count; i-- > 0;)
        if (part_shows(r, i, consent, fields))
            return r->parts[i].given != 0;
    return false;
}

static void consent_add(struct buf *b, const struct record *r, const char *consent, fieldset fields) {
    name_add(b, consent);
    buf_text(b, given(r, consent, fields) ? "true" : "false");
}

static void consents_add(struct buf *b, const struct record *r, fieldset fields) {
    const size_t parts = r->info->kind->part_count;
    buf_char(b, '{');
    for (size_t i = 0; i < parts; i++) {
        const char *consent = r->info->kind->parts[i].consent;
        if (part_shows(r, i, NULL, fields) && !shown_before(r, i, consent, fields))
            consent_add(b, r, consent, fields);
    }
    if (r->info->agreed != NULL && !shown_before(r, parts, r->info->agreed, fields))
        consent_add(b, r, r->info->agreed, fields);
    for (size_t n = 0; fields != 0 && r->info->use_count > 0 && n < r->info->consent_count; n++)
        if (r->info->use_names[n] != NULL) {
            name_add(b, r->info->consents[n]);
            buf_text(b, (r->uses >> n & 1) != 0 ? "true" : "false");
        }
    buf_char(b, '}');
}

static void fields_add(struct buf *b, const struct record *r, fieldset fields) {
    const struct kind_info *k = r->info;
    const char *before = "{";
    if (k->kind->parent >= 0) {
        buf_char(b, '{');
        buf_text(b, k->parent_label);
        id_add(b, &r->parent);
        before = ",";
    }
    for (size_t f = 0; f < k->kind->field_count && !b->failed; f++) {
        bool gone = (r->erased >> f & 1) != 0;
        if ((fields >> f & 1) == 0 || !(r->values[f].set || gone))
            continue;
        buf_char(b, *before);
        buf_text(b, k->labels[f]);
        if (r->values[f].set)
            value_show(&k->kind->fields[f], &r->values[f], b);
        else
            buf_text(b, "null");
        before = ",";
    }
    buf_text(b, *before == '{' ? "{}" : "}");
}

/* Both are the same until it is changed. */
static void times_add(struct buf *b, usec_t created, usec_t updated) {
    char text[32];
    time_format(created, text, sizeof text);
    buf_text(b, ",\"created\":");
    plain_add(b, text);
    buf_text(b, ",\"updated\":");
    plain_add(b, updated == created ? text : time_format(updated, text, sizeof text));
}

/* Names of fields whose time was over: what stood there is gone. */
static void erased_names(struct buf *b, const struct record *r, fieldset fields) {
    buf_char(b, '[');
    for (size_t f = 0; f < r->info->kind->field_count; f++)
        if ((fields & r->erased) >> f & 1) {
            if (b->len > 0 && b->data[b->len - 1] != '[')
                buf_char(b, ',');
            plain_add(b, r->info->kind->fields[f].name);
        }
    buf_char(b, ']');
}

void record_show(const struct record *r, fieldset fields, struct buf *ret) {
    PRE(r != NULL && ret != NULL);
    buf_text(ret, "{\"id\":");
    id_add(ret, &r->id);
    buf_text(ret, ",\"version\":");
    json_text_integer(ret, r->version);
    times_add(ret, r->created, r->updated);
    buf_text(ret, ",\"due\":");
    time_add(ret, r->due);
    if ((r->erased & fields) != 0) {
        buf_text(ret, ",\"erased\":");
        erased_names(ret, r, fields);
    }
    if (r->number != NULL) {
        buf_text(ret, ",\"number\":");
        json_text_quote(ret, r->number, strlen(r->number));
    }
    if (r->marks.restricted)
        buf_text(ret, ",\"restricted\":true");
    if (r->info->consent_count > 0) {
        buf_text(ret, ",\"consents\":");
        consents_add(ret, r, fields);
    }
    buf_text(ret, ",\"fields\":");
    fields_add(ret, r, fields);
    buf_char(ret, '}');
}

void damage_tell(const struct damage_watch *watch, const struct kind_info *k, const struct uuid *id, const struct err *why) {
    if (watch != NULL && watch->tell != NULL)
        watch->tell(watch->arg, k->kind->name, id, why);
}

void damage_show(const struct damage_watch *watch, const struct record *r, bool hidden, struct buf *ret) {
    PRE(r->damage != NULL);
    buf_text(ret, "{\"id\":");
    if (hidden)
        buf_text(ret, "null");
    else
        id_add(ret, &r->id);
    buf_text(ret, ",\"damaged\":true");
    if (watch != NULL && watch->request != NULL) {
        buf_text(ret, ",\"request\":");
        json_text_quote(ret, watch->request, strlen(watch->request));
    }
    buf_char(ret, '}');
    damage_tell(watch, r->info, &r->id, r->damage);
}

/* The library's reader passes over memory that it could not have. */
enum code shown_tree(const struct buf *text, json_t **ret, struct err *reterr) {
    size_t lost = mem_lost();
    json_t *tree = text->failed ? NULL : json_loadb(text->data, text->len, 0, NULL);
    if (tree == NULL || mem_lost() != lost) {
        json_decref(tree);
        return err_set(reterr, E_MEMORY, "no memory for a reply");
    }
    *ret = tree;
    return OK;
}

enum code record_give(const struct record *r, fieldset fields, struct record_text *ret, struct err *reterr) {
    record_show(r, fields, &ret->text);
    if (ret->text.failed)
        return err_set(reterr, E_MEMORY, "no memory for a reply");
    ret->id = r->id;
    ret->version = r->version;
    return OK;
}

void record_text_done(struct record_text *t) { buf_wipe(&t->text); }
