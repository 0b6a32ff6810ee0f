/* rights_erase.c — the children of a record go first, so that a record is not gone with its parent before it was looked at. */
#include "rights/rights_erase.h"

#include <string.h>

#include "base/mem.h"
#include "records/service.h"

#define STAYED_SHOWN 100u                     /* one by one; somebody may have thousands of invoices */
#define KEPT_MOST 64u                         /* groups of them */

struct stays { json_t *shown, *kept; };

/* What stays, and in how many groups of one kind and ground: a letter names those. */
static void stays_add(struct stays *x, json_t *one /* stolen */) {
    const char *record = json_string_value(json_object_get(one, "record")) ?: "", *ground = json_string_value(json_object_get(one, "ground")) ?: "";
    const char *due = json_string_value(json_object_get(one, "due"));
    json_t *kind = json_stringn(record, strcspn(record, "/")), *group = NULL, *at;
    size_t i;
    json_array_foreach(x->kept, i, at)
        if (group == NULL && json_equal(json_object_get(at, "kind"), kind) && strcmp(json_string_value(json_object_get(at, "ground")) ?: "", ground) == 0)
            group = at;
    if (group == NULL && json_array_size(x->kept) < KEPT_MOST) {
        group = json_pack("{s:O, s:s, s:i, s:n}", "kind", kind, "ground", ground, "count", 0, "due");
        json_array_append_new(x->kept, group);
    }
    if (group != NULL) {
        const char *last = json_string_value(json_object_get(group, "due"));
        json_object_set_new(group, "count", json_integer(json_integer_value(json_object_get(group, "count")) + 1));
        if (due != NULL && (last == NULL || strcmp(due, last) > 0))
            json_object_set_new(group, "due", json_string(due));
    }
    json_decref(kind);
    if (json_array_size(x->shown) < STAYED_SHOWN)
        json_array_append(x->shown, one);
    json_decref(one);
}

static int depth(const struct charter *c, int kind) {
    int n = 0;
    for (const struct kind *k = charter_kind_at(c, kind); k->parent >= 0 && n < 64; k = charter_kind_at(c, k->parent))
        n++;
    return n;
}

/* What stays of a record that stands: its parts' dates are the record's earliest. */
static enum code stays(struct service *s, const struct caller *who, const struct subject_record *r, const char *ground, struct stays *into, struct err *reterr) {
    char id[UUID_TEXT];
    json_t *record = NULL;
    const struct record_request q = { .who = who, .kind = r->kind, .id = r->id, .if_match = -1 };
    enum code code = record_read(s, &q, &record, reterr);
    if (code == E_NOT_FOUND || code == E_GONE)
        return OK;
    if (code != OK && code != E_DAMAGED && code != E_FORBIDDEN)
        return code;
    json_t *due = json_object_get(record, "due");
    stays_add(into, json_pack("{s:o, s:s, s:O?}", "record", json_sprintf("%s/%s", service_kind(s, r->kind)->kind->name, uuid_format(&r->id, id)), "ground", ground, "due", due));
    json_decref(record);
    return OK;
}

/* The counts of one erasure, and what a law or a hold kept of it. */
static void counts_add(json_t *into, json_t *reply, json_t *kept, struct stays *stayed) {
    const char *kind;
    json_t *value;
    size_t i;
    json_object_foreach(reply, kind, value)
        if (json_is_integer(value))
            json_object_set_new(into, kind, json_integer(json_integer_value(json_object_get(into, kind)) + json_integer_value(value)));
    json_array_foreach(kept, i, value)
        stays_add(stayed, json_pack("{s:o, s:O?, s:O?, s:O?}", "record", json_sprintf("%s/%s", json_string_value(json_object_get(value, "kind")) ?: "", json_string_value(json_object_get(value, "id")) ?: ""),
                                                "ground", json_object_get(value, "because"), "fields", json_object_get(value, "fields"), "due", json_object_get(value, "due")));
}

static enum code erase_record(struct service *s, const struct caller *who, const struct subject_record *r, json_t *erased, struct stays *stayed, struct err *reterr) {
    const struct kind *k = service_kind(s, r->kind)->kind;
    const struct record_request q = { .who = who, .kind = r->kind, .id = r->id, .if_match = -1, .by_wish = true };
    json_t *reply = NULL, *kept = NULL;
    if (k->because != NULL && strncmp(k->because, "law ", 4) == 0)
        return stays(s, who, r, k->because, stayed, reterr);
    enum code code = record_erase_told(s, &q, &reply, &kept, reterr);
    if (code == OK)
        counts_add(erased, reply, kept, stayed);
    json_decref(reply);
    json_decref(kept);
    if (code == E_NOT_FOUND || code == E_GONE)
        return OK;
    if (code == E_FORBIDDEN || code == E_CONFLICT) {
        AUTO(buf_done) struct buf why = BUF(1024);
        buf_text(&why, reterr->text);
        return stays(s, who, r, buf_str(&why), stayed, reterr);
    }
    return code;
}

enum code rights_erase(struct service *s, const struct caller *who, const struct subject_record *list, size_t count, json_t **ret, struct err *reterr) {
    PRE(s != NULL && who != NULL && ret != NULL && reterr != NULL);
    size_t lost = mem_lost();
    const struct charter *c = service_charter(s);
    json_t *erased = json_object();
    struct stays stayed = { json_array(), json_array() };
    int deepest = 0;
    enum code code = OK;
    for (size_t i = 0; i < count; i++)
        deepest = depth(c, list[i].kind) > deepest ? depth(c, list[i].kind) : deepest;
    for (int at = deepest; code == OK && at >= 0; at--)
        for (size_t i = 0; code == OK && i < count; i++)
            if (depth(c, list[i].kind) == at)
                code = erase_record(s, who, &list[i], erased, &stayed, reterr);
    if (code == OK && mem_lost() != lost)
        code = err_set(reterr, E_MEMORY, "no memory for an erasure");
    if (code == OK)
        *ret = json_pack("{s:O, s:O, s:O}", "erased", erased, "stayed", stayed.shown, "kept", stayed.kept);
    json_decref(erased);
    json_decref(stayed.shown);
    json_decref(stayed.kept);
    return code == OK && *ret == NULL ? err_set(reterr, E_MEMORY, "no memory for an erasure") : code;
}
