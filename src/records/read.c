/* read.c — one record. */
#include <stdlib.h>
#include <string.h>

#include "records/dues.h"
#include "records/facts.h"
#include "records/reads.h"
#include "records/use.h"
#include "store/tables.h"

/* An erased record is told apart from one that never was only for whom it belonged to. */
enum code read_absent(const struct service *s, const struct caller *who, int kind, enum code code, struct err *reterr) {
    return code == E_GONE && !use_knows(s, who, kind) ? err_set(reterr, E_NOT_FOUND, "there is no such record") : code;
}

enum code read_barred(const struct verdict *sees, struct err *reterr) {
    return sees->barred != NULL ? err_set(reterr, E_FORBIDDEN, "%s", sees->barred) : err_set(reterr, E_NOT_FOUND, "there is no such record");
}

/* Where there is more to say than one date: of several parts, or of one that is held. NULL: there is not. */
static enum code dues_of(struct sql *q, const struct record *r, fieldset seen, usec_t now, json_t **ret, struct err *reterr) {
    json_t *list = NULL;
    enum code code = dues_tell(q, r, seen, now, &list, reterr);
    if (code == OK && json_array_size(list) == 1 && json_object_get(json_array_get(list, 0), "held") == NULL) {
        json_decref(list);
        list = NULL;
    }
    *ret = code == OK && json_array_size(list) > 0 ? json_incref(list) : NULL;
    json_decref(list);
    return code;
}

/* Behind the last member of what was shown. */
static enum code dues_add(const json_t *dues, struct buf *text, struct err *reterr) {
    char *more = dues == NULL ? NULL : json_dumps(dues, JSON_COMPACT);
    if (dues == NULL)
        return OK;
    PRE(text->len > 1 && text->data[text->len - 1] == '}');
    buf_cut(text, text->len - 1);
    buf_text(text, ",\"dues\":");
    buf_text(text, more == NULL ? "" : more);
    buf_char(text, '}');
    bool fine = more != NULL && !text->failed;
    free(more);
    return fine ? OK : err_set(reterr, E_MEMORY, "no memory for a record");
}

/* One look: the row and its parts, whether the caller may see it, and what there is to say of its dates. */
struct reading { struct record rec; struct verdict sees; json_t *dues; };
static enum code look(struct service *s, const struct record_request *r, int64_t tenant, struct arena *arena, struct reading *ret, struct err *reterr) {
    struct sql *q;
    AUTO(facts_end) struct fact_source src = { .s = s, .who = r->who, .record = &ret->rec, .arena = arena, .now = clock_now() };
    ret->rec = (struct record){ .tenant = tenant };
    enum code code = facts_sql(&src, &q, reterr);
    if (code == OK)
        code = record_find(q, service_kind(s, r->kind), &r->id, arena, &ret->rec, reterr);
    if (code != OK)
        return read_absent(s, r->who, r->kind, code, reterr);
    struct facts f = facts_of(&src, src.now);
    code = policy_sees(r->who, &f, &ret->sees, reterr);
    if (code == OK && !ret->sees.any)
        return read_barred(&ret->sees, reterr);
    if (code == OK && !ret->rec.loaded)
        code = record_load_parts(q, arena, &ret->rec, reterr);
    return code == OK ? dues_of(q, &ret->rec, ret->sees.fields, src.now, &ret->dues, reterr) : code;
}

/* The keeper is asked without a view open; what was erased or changed meanwhile is looked at once more. */
#define TORN_LOOKS 4
static enum code read_in(struct service *s, const struct record_request *r, int64_t tenant, struct arena *arena, struct record_text *ret, struct err *reterr) {
    struct reading one = { .dues = NULL };
    enum code code = OK;
    for (int looks = 0; code == OK && (looks == 0 || (one.rec.torn && looks <= TORN_LOOKS)); looks++) {
        json_decref(one.dues);
        one.dues = NULL;
        code = look(s, r, tenant, arena, &one, reterr);
        if (code == OK)
            code = record_open(s, &one.rec, arena, reterr);
    }
    if (code == OK)
        code = reads_note_one(s, r->who, READ_ONE, &one.rec, one.sees.fields, reterr);
    if (code == OK)
        code = record_give(&one.rec, one.sees.fields, ret, reterr);
    if (code == OK)
        code = dues_add(one.dues, &ret->text, reterr);
    json_decref(one.dues);
    return code;
}

/* With the wall down (mutation build), whoever owns the id is asked. */
struct others { int64_t list[1024]; size_t count; };
static bool take_tenant(const struct tenant_row *t, void *arg) {
    struct others *o = arg;
    o->list[o->count++] = t->id;
    return o->count < ARRAY_LEN(o->list);
}
static enum code read_anywhere(struct service *s, const struct record_request *r, struct arena *arena, struct record_text *ret, struct err *reterr) {
    struct others o = { .count = 0 };
    enum code code = tenants_list(s->store, charter_name(s->charter), take_tenant, &o, reterr);
    for (size_t i = 0; code == OK && i < o.count; i++) {
        struct caller who = *r->who;
        struct record_request other = *r;
        who.tenant = o.list[i];
        other.who = &who;
        if (read_in(s, &other, o.list[i], arena, ret, reterr) == OK)
            return OK;
    }
    return code == OK ? err_set(reterr, E_NOT_FOUND, "there is no such record") : code;
}

enum code record_read_text(struct service *s, const struct record_request *r, struct record_text *ret, struct err *reterr) {
    PRE(s != NULL && r != NULL && r->who != NULL && ret != NULL && reterr != NULL);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    if (!policy_kind(s->charter, r->who, r->kind, V_READ).any)
        return err_set(reterr, E_NOT_FOUND, "there is no such record");
    enum code code = policy_purpose(s->charter, r->who, r->kind, NULL, reterr);
    if (code == OK)
        code = read_in(s, r, r->who->tenant, arena, ret, reterr);
    if (code == E_NOT_FOUND && !rule_on(RULE_tenant_wall))
        code = read_anywhere(s, r, arena, ret, reterr);
    return code;
}

enum code record_read(struct service *s, const struct record_request *r, json_t **ret, struct err *reterr) {
    AUTO(record_text_done) struct record_text text = RECORD_TEXT;
    enum code code = record_read_text(s, r, &text, reterr);
    return code == OK ? shown_tree(&text.text, ret, reterr) : code;
}
