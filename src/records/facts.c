/* facts.c — fields, relations and ownership of one record, for policy. */
#include "records/facts.h"

#include <string.h>

#include "records/find.h"
#include "records/keys.h"
#include "records/locks.h"
#include "store/consent.h"
#include "store/version.h"

void facts_end(struct fact_source *src) { src->view = view_end(src->view); }

enum code facts_sql(struct fact_source *src, struct sql **ret, struct err *reterr) {
    if (src->q == NULL) {
        enum code code = store_view(src->s->store, src->record->tenant, &src->view, reterr);
        if (code != OK)
            return code;
        src->q = view_sql(src->view);
    }
    *ret = src->q;
    return OK;
}

enum code facts_record(struct fact_source *src, int kind, const struct uuid *id, struct record **ret, struct err *reterr) {
    for (struct looked_up *l = src->known; l != NULL; l = l->next)
        if (l->kind == kind && uuid_compare(&l->id, id) == 0) {
            *ret = l->there ? &l->record : NULL;
            return OK;
        }
    struct looked_up *l = arena_get(src->arena, sizeof *l);
    if (l == NULL)
        return err_set(reterr, E_MEMORY, "no memory for what a record is connected with");
    struct sql *q;
    enum code code = facts_sql(src, &q, reterr);
    if (code == OK)
        code = record_find(q, service_kind(src->s, kind), id, src->arena, &l->record, reterr);
    if (code != OK && code != E_NOT_FOUND && code != E_GONE)
        return code;
    l->kind = kind;
    l->id = *id;
    l->there = code == OK;
    l->next = src->known;
    src->known = l;
    *ret = l->there ? &l->record : NULL;
    return OK;
}

static enum code parent_of(struct fact_source *src, const struct record *r, struct record **ret, struct err *reterr) {
    *ret = NULL;
    if (r->info->kind->parent < 0 || uuid_is_null(&r->parent))
        return OK;
    return facts_record(src, r->info->kind->parent, &r->parent, ret, reterr);
}

enum code facts_parent(struct fact_source *src, struct record **ret, struct err *reterr) { return parent_of(src, src->record, ret, reterr); }

/* Does a reference of r lead to the one record of that kind? */
static enum code referred(struct fact_source *src, struct record *r, int kind, struct record **ret, struct err *reterr) {
    struct uuid id;
    *ret = NULL;
    for (size_t i = 0; i < r->info->kind->field_count; i++) {
        const struct field *f = &r->info->kind->fields[i];
        if (f->type == T_REFERENCE && f->refers == kind && r->values[i].set && uuid_parse(r->values[i].text, &id))
            return facts_record(src, kind, &id, ret, reterr);
    }
    return OK;
}

/* The one record of that kind that this record, or its caller, is connected with; NULL: none. */
static enum code record_of_kind(struct fact_source *src, int kind, struct record **ret, struct err *reterr) {
    const struct caller *who = src->who;
    enum code code = OK;
    for (struct record *r = src->record; r != NULL && code == OK;) {
        if (r->info->index == kind) {
            *ret = r;
            return OK;
        }
        struct record *up = NULL;
        code = parent_of(src, r, &up, reterr);
        r = up;
    }
    *ret = NULL;
    if (code == OK && who != NULL && who->subject_kind == kind && !uuid_is_null(&who->subject))
        return facts_record(src, kind, &who->subject, ret, reterr);
    return code == OK ? referred(src, src->record, kind, ret, reterr) : code;
}

/* A field of a record: what is sealed is opened when it is asked for. That another part of the record is damaged is nothing to it. */
static enum code value_of(struct fact_source *src, struct record *r, int field, const struct value **ret, struct err *reterr) {
    enum code code = OK;
    bool unread = (r->unread >> field & 1) != 0;
    if ((r->info->kind->outside >> field & 1) == 0 && (!r->opened || unread)) {
        if (src->inside)
            return err_set(reterr, E_INTERNAL, "the sealed field %s of %s cannot be asked for in a write", r->info->kind->fields[field].name, r->info->kind->name);
        struct sql *q;
        code = facts_sql(src, &q, reterr);
        if (code == OK && !r->loaded)
            code = record_load_parts(q, src->arena, r, reterr);
        if (code == OK)
            code = record_open(src->s, r, src->arena, reterr);
        if (code == E_DAMAGED && r->opened && (r->unread >> field & 1) == 0)
            code = OK;
    }
    if (code == OK)
        *ret = &r->values[field];
    return code;
}

static enum code fact_clear(void *arg, int kind, int field, const char **ret_text, struct err *reterr) {
    struct fact_source *src = arg;
    struct record *r;
    const struct value *v = NULL;
    enum code code = record_of_kind(src, kind, &r, reterr);
    if (code == OK && r != NULL)
        code = value_of(src, r, field, &v, reterr);
    if (code == OK)
        *ret_text = v != NULL && v->set ? v->text : NULL;
    return code;
}

/* ---- relations */
static bool names(const struct value *v, const struct uuid *id) {
    char text[UUID_TEXT];
    return v->set && !uuid_is_null(id) && strcmp(v->text, uuid_format(id, text)) == 0;
}

/* Has the relation ended by what its record says? A date lasts to the end of that day, by the charter's clock. */
static enum code ended(struct fact_source *src, const struct relation *rel, struct record *r, bool *ret, struct err *reterr) {
    const struct zone *zone = charter_zone(src->s->charter);
    const struct value *v;
    struct civil day;
    usec_t until;
    enum code code = value_of(src, r, rel->until_field, &v, reterr);
    if (code != OK)
        return code;
    *ret = false;
    if (!v->set)
        return OK;
    if (r->info->kind->fields[rel->until_field].type == T_DATE && date_parse(v->text, &day))
        until = zone_end_of(zone, zone_instant(zone, &day), 'd');
    else if (!time_parse(v->text, &until))
        return err_set(reterr, E_DAMAGED, "a stored %s of %s is neither a time nor a date", r->info->kind->fields[rel->until_field].name, r->info->kind->name);
    *ret = src->now >= until;
    return OK;
}

/* The record that carries the link: does its field name the caller, in the state that the relation asks for, before its end? */
static enum code carries(struct fact_source *src, const struct relation *rel, struct record *r, const struct uuid *self, bool *ret, struct err *reterr) {
    const struct value *link, *state;
    enum code code = value_of(src, r, rel->field, &link, reterr);
    *ret = false;
    if (code != OK || !names(link, self))
        return code;
    if (rel->until_field >= 0) {
        bool over = false;
        code = ended(src, rel, r, &over, reterr);
        if (code != OK || over)
            return code;
    }
    if (rel->while_field < 0 || rel->while_kind < 0) {
        *ret = true;
        return OK;
    }
    if (rel->while_kind == r->info->index)
        code = value_of(src, r, rel->while_field, &state, reterr);
    else {
        const char *text = NULL;
        code = fact_clear(src, rel->while_kind, rel->while_field, &text, reterr);
        if (code == OK)
            *ret = text != NULL && field_option(&service_kind(src->s, rel->while_kind)->kind->fields[rel->while_field], text) == rel->while_option;
        return code;
    }
    if (code == OK)
        *ret = record_option(r, rel->while_field) == rel->while_option;
    return code;
}

struct id_list { struct arena *arena; struct uuid *list; size_t count, room; bool failed; };
#define LINKS_MAX 10000u
static bool take_id(const struct uuid *id, void *arg) {
    struct id_list *l = arg;
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 64 : l->room * 2;
        struct uuid *list = arena_array(l->arena, room, sizeof *list);
        l->failed = list == NULL;
        if (l->failed)
            return false;
        if (l->count > 0)
            memcpy(list, l->list, l->count * sizeof *list);
        l->list = list;
        l->room = room;
    }
    l->list[l->count++] = *id;
    return l->count < LINKS_MAX;
}
static bool take_row(const struct row *row, void *arg) { return take_id(&row->id, arg); }

/* The records of the carrying kind that may name the caller: by the index where the link is found exactly, else all that
 * belong to `parent`. */
static enum code candidates(struct fact_source *src, const struct relation *rel, const struct uuid *parent, const struct uuid *self, struct id_list *ret, struct err *reterr) {
    const struct kind_info *k = service_kind(src->s, rel->kind);
    char text[UUID_TEXT];
    struct sql *q;
    enum code code = facts_sql(src, &q, reterr);
    if (code != OK)
        return code;
    if ((k->kind->fields[rel->field].found & FIND_EXACT) != 0 && !src->inside) {
        struct index_keys keys;
        struct token token;
        struct uuid after = { { 0 } };
        code = index_keys_of(src->s, src->record->tenant, false, &keys, reterr);
        if (code != OK)
            return code;
        uuid_format(self, text);
        for (int before = 0; code == OK && before <= (keys.has_before ? 1 : 0); before++)        /* while tokens are renewed, some have the old key */
            code = find_token(src->s, &keys, k, src->record->tenant, rel->field, FIND_EXACT, text, strlen(text), before != 0, &token)
                ? index_find(q, k->number, &token, &after, take_id, ret, reterr) : err_set(reterr, E_MEMORY, "no memory for the relations of a record");
        crypto_wipe(&keys, sizeof keys);
        return code;
    }
    struct row_range range = { .kind = k->number, .has_parent = true, .parent = *parent, .descending = true };
    return rows_list(q, &range, take_row, ret, reterr);
}

static enum code child_carries(struct fact_source *src, const struct relation *rel, const struct uuid *parent, const struct uuid *self, bool *ret, struct err *reterr) {
    struct id_list list = { .arena = src->arena };
    enum code code = candidates(src, rel, parent, self, &list, reterr);
    if (code == OK && list.failed)
        code = err_set(reterr, E_MEMORY, "no memory for the relations of a record");
    for (size_t i = 0; code == OK && !*ret && i < list.count; i++) {
        struct record *r;
        code = facts_record(src, rel->kind, &list.list[i], &r, reterr);
        if (code == OK && r != NULL && uuid_compare(&r->parent, parent) == 0)
            code = carries(src, rel, r, self, ret, reterr);
    }
    return code;
}

/* "position.courier is parcel.courier": this record on one side, the caller's own record on the other. */
static enum code same_link(struct fact_source *src, const struct relation *rel, const struct caller *who, bool *ret, struct err *reterr) {
    int here = rel->kind, here_field = rel->field, there = rel->is_kind, there_field = rel->is_field;
    struct record *other;
    const struct value *a, *b;
    if (src->record->info->index != here) {
        here = rel->is_kind;
        here_field = rel->is_field;
        there = rel->kind;
        there_field = rel->field;
    }
    if (src->record->info->index != here || who->subject_kind != there || uuid_is_null(&who->subject))
        return OK;
    enum code code = facts_record(src, there, &who->subject, &other, reterr);
    if (code != OK || other == NULL)
        return code;
    code = value_of(src, src->record, here_field, &a, reterr);
    if (code == OK)
        code = value_of(src, other, there_field, &b, reterr);
    if (code == OK)
        *ret = a->set && b->set && strcmp(a->text, b->text) == 0;
    return code;
}

static enum code fact_related(void *arg, int relation, const struct caller *who, bool *ret, struct err *reterr) {
    struct fact_source *src = arg;
    const struct relation *list;
    struct record *up;
    const struct uuid *self = uuid_is_null(&who->self) ? &who->subject : &who->self;
    bool yes = false;
    enum code code = OK;
    PRE((size_t)relation < charter_relations(src->s->charter, &list));
    const struct relation *rel = &list[relation];
    if (rel->is_kind >= 0)
        code = same_link(src, rel, who, &yes, reterr);
    else if (uuid_is_null(self))
        yes = false;
    else if (rel->kind == src->record->info->index)
        code = carries(src, rel, src->record, self, &yes, reterr);
    else if (service_kind(src->s, rel->kind)->kind->parent == src->record->info->index)
        code = child_carries(src, rel, &src->record->id, self, &yes, reterr);
    else {
        code = parent_of(src, src->record, &up, reterr);
        if (code == OK && up != NULL && up->info->index == rel->kind)
            code = carries(src, rel, up, self, &yes, reterr);
        else if (code == OK && up != NULL && service_kind(src->s, rel->kind)->kind->parent == up->info->index)
            code = child_carries(src, rel, &up->id, self, &yes, reterr);      /* both belong to the same record */
    }
    if (code == OK)
        *ret = yes;
    return code;
}

/* ---- own */
/* Is `id` (a record of that kind) one of those that r belongs to, however far up? */
static enum code belongs(struct fact_source *src, struct record *r, const struct uuid *id, bool *ret, struct err *reterr) {
    enum code code = OK;
    *ret = false;
    while (r != NULL && code == OK && !*ret) {
        *ret = uuid_compare(&r->parent, id) == 0 && !uuid_is_null(id);
        struct record *up = NULL;
        code = parent_of(src, r, &up, reterr);
        r = up;
    }
    return code;
}

/* A record is the subject's own when it is the subject's record, refers to it, belongs to it, or (for who came by a private link, or is
 * of the public) is what that record belongs to. */
static enum code owned_by(struct fact_source *src, const struct caller *who, int kind, const struct uuid *id, bool *ret, struct err *reterr) {
    struct record *own = NULL;
    const struct value *v;
    bool yes = uuid_compare(&src->record->id, id) == 0;
    enum code code = OK;
    for (size_t i = 0; !yes && code == OK && i < src->record->info->kind->field_count; i++) {
        const struct field *f = &src->record->info->kind->fields[i];
        if (f->type != T_REFERENCE || (f->refers >= 0 && f->refers != kind))
            continue;
        code = value_of(src, src->record, (int)i, &v, reterr);
        yes = code == OK && names(v, id);
    }
    if (!yes && code == OK)
        code = belongs(src, src->record, id, &yes, reterr);
    if (!yes && code == OK && kind >= 0 && (who->by_link || charter_public(src->s->charter, who->person)))
        code = facts_record(src, kind, id, &own, reterr);
    if (!yes && code == OK && own != NULL)
        code = belongs(src, own, &src->record->id, &yes, reterr);
    if (code == OK)
        *ret = yes;
    return code;
}

static enum code fact_owns(void *arg, const struct caller *who, bool *ret, struct err *reterr) {
    const struct uuid *id = who->by_link || uuid_is_null(&who->self) ? &who->subject : &who->self;
    bool yes = false;
    enum code code = uuid_is_null(id) ? OK : owned_by(arg, who, who->subject_kind, id, &yes, reterr);
    for (size_t i = 0; code == OK && !yes && i < who->owned_count; i++)
        code = owned_by(arg, who, who->owned[i].kind, &who->owned[i].id, &yes, reterr);
    if (code == OK)
        *ret = yes;
    return code;
}

/* ---- levels */
static bool refers(const struct record *r, int kind, const struct uuid *id) {
    const struct kind *k = r->info->kind;
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == T_REFERENCE && k->fields[i].refers == kind && (k->outside >> i & 1) != 0 && names(&r->values[i], id))
            return true;
    return false;
}

/* Asked in writes, too: nothing sealed is opened. */
static enum code fact_within(void *arg, int kind, const struct uuid *id, bool *ret, struct err *reterr) {
    struct fact_source *src = arg;
    enum code code = OK;
    bool yes = false;
    for (struct record *r = src->record; r != NULL && code == OK && !yes;) {
        struct record *up = NULL;
        yes = (r->info->index == kind && uuid_compare(&r->id, id) == 0) || (r->info->kind->parent == kind && uuid_compare(&r->parent, id) == 0) || refers(r, kind, id);
        if (!yes && policy_comes_under(src->s->charter, r->info->kind->parent, kind))
            code = parent_of(src, r, &up, reterr);
        r = up;
    }
    if (code == OK)
        *ret = yes;
    return code;
}

static void fact_as(void *arg, const struct caller *who) {
    struct fact_source *src = arg;
    src->who = who;
}

/* Under the name that the purpose has now: an objection to one that the charter has no more ends nothing. */
static enum code fact_objects(void *arg, int purpose, bool *ret, struct err *reterr) {
    struct fact_source *src = arg;
    struct sql *q;
    const char *name = purpose_name(src->record->info->kind, purpose);
    enum code code = facts_sql(src, &q, reterr);
    *ret = false;
    return code == OK && name != NULL ? objection_stands(q, src->record->info->number, &src->record->id, name, ret, reterr) : code;
}

static enum code fact_consented(void *arg, const struct use_lock *lock, bool *ret, struct err *reterr) {
    struct fact_source *src = arg;
    struct sql *q;
    usec_t at = 0;
    enum code code = facts_sql(src, &q, reterr);
    if (code == OK)
        code = lock_open(src->s, q, src->record->info, &src->record->id, lock, src->now, &at, reterr);
    *ret = at != 0;
    return code;
}

struct facts facts_of(struct fact_source *src, usec_t now) {
    size_t locks = 0;
    const struct use_lock *list = locks_of(src->s->locks, src->record->tenant, &locks);
    src->now = now;
    return (struct facts){ .charter = src->s->charter, .kind = src->record->info->index, .id = src->record->id, .now = now, .marks = src->record->marks, .born = src->record->born, .locks = list, .lock_count = locks, .arg = src, .consented = fact_consented,
                           .clear = fact_clear, .related = fact_related, .owns = fact_owns, .within = fact_within, .as = fact_as, .objects = fact_objects };
}

/* Was the field that a part counts from erased, or the record that holds it? Then nothing tells its date any more, and the one that is stored stays:
 * without it the part would be kept for ever. */
static enum code anchor_erased(struct fact_source *src, const struct keep *keep, bool *ret, struct err *reterr) {
    const struct record *of = src->record;
    struct record *parent = NULL;
    enum code code = OK;
    *ret = false;
    if (keep->type != KEEP_SPAN || (keep->anchor.type != A_FIELD && keep->anchor.type != A_PARENT_FIELD))
        return OK;
    if (keep->anchor.type == A_PARENT_FIELD) {
        code = facts_parent(src, &parent, reterr);
        of = parent;
    }
    if (code == OK)
        *ret = of == NULL || (of->erased >> keep->anchor.field & 1) != 0;
    return code;
}

/* *ret holds the date that is stored; one that the part never had is the record's. */
/* The end of the consent that the part rests on: its own, or the one of the whole record. Before a record is opened the row of the consent tells. */
struct given_last { const char *name; usec_t until; };
static bool take_given(const struct consent_row *r, void *arg) {
    struct given_last *g = arg;
    if (strcmp(r->name, g->name) == 0)
        g->until = r->state == CONSENT_GIVEN ? r->until : USEC_NEVER;
    return true;
}

static enum code consent_due(struct fact_source *src, size_t i, usec_t *due, struct err *reterr) {
    const struct record *r = src->record;
    const char *own = r->info->kind->parts[i].consent, *const names[] = { own, r->info->agreed };
    enum code code = OK;
    for (size_t n = 0; code == OK && n < ARRAY_LEN(names); n++) {
        const struct consent_rule *rule = kind_consent_rule(r->info->kind, names[n]);
        struct given_last last = { names[n], USEC_NEVER };
        struct sql *q;
        if (rule == NULL || span_days(&rule->lasts) <= 0)
            continue;
        if (r->opened)
            last.until = consent_until(src->s, &rule->lasts, n == 0 ? r->parts[i].given : r->agreed);
        else if ((code = facts_sql(src, &q, reterr)) == OK)
            code = consents_of(q, r->info->number, &r->id, take_given, &last, reterr);
        if (code == OK && last.until < *due)
            *due = last.until;
    }
    return code;
}

static enum code part_due(struct fact_source *src, const struct facts *f, size_t i, usec_t *ret, struct err *reterr) {
    const struct record *r = src->record;
    const struct keep *keep = &r->info->kind->parts[i].keep;
    usec_t due = USEC_NEVER;
    bool erased = false;
    enum code code = policy_due(keep, f, r->created, r->updated, &due, reterr);
    if (code == OK && due == USEC_NEVER && r->version > 0)
        code = anchor_erased(src, keep, &erased, reterr);
    if (code == OK && erased)
        due = r->parts[i].due != 0 ? r->parts[i].due : r->due;
    if (code == OK && r->info->kind->consent_count > 0)
        code = consent_due(src, i, &due, reterr);
    if (code == OK)
        *ret = due;
    return code;
}

enum code facts_due(struct fact_source *src, usec_t now, struct err *reterr) {
    struct record *r = src->record;
    struct facts f = facts_of(src, now);
    usec_t first = USEC_NEVER;
    for (size_t i = 0; i < r->info->kind->part_count; i++) {
        enum code code = part_due(src, &f, i, &r->parts[i].due, reterr);
        if (code != OK)
            return code;
        if (record_uses_part(r, (int)i) && r->parts[i].due < first)
            first = r->parts[i].due;
    }
    r->due = first;
    return OK;
}
