/* create.c — a new record. */
#include <string.h>

#include "records/agreed.h"
#include "records/asked.h"
#include "records/draft.h"
#include "records/input.h"
#include "records/limits.h"
#include "records/masks.h"
#include "records/reads.h"
#include "records/reply.h"
#include "records/spare.h"
#include "records/use.h"

enum code use_refused(const struct service *s, const struct caller *who, int kind, const struct verdict *may, struct err *reterr) {
    struct verdict reads = policy_kind(s->charter, who, kind, V_READ);
    return reads.any ? err_set(reterr, E_FORBIDDEN, "this is not yours to do: %s", may->reason)
                     : err_set(reterr, E_NOT_FOUND, "there are no such records");
}

fieldset use_shown(const struct service *s, const struct caller *who, int kind, const struct verdict *sees) {
    return policy_scope(s->charter, who, kind, V_READ) ? sees->fields : 0;
}

bool use_owner(const struct service *s, const struct caller *who) {
    return who->by_sejf || (who->person == charter_tenant(s->charter) && !who->by_link && !who->by_form);
}

bool use_knows(const struct service *s, const struct caller *who, int kind) {
    return use_owner(s, who) && policy_level_whole(s->charter, who, kind, LEVEL_READ);
}

enum code use_mistakes(struct mistakes *m, enum code code, json_t **ret_mistakes, struct err *reterr) {
    enum code as = mistakes_take(m, ret_mistakes, reterr);
    if (as == E_MEMORY)
        return as;
    if (code == E_CONFLICT) {                  /* the status of a contradiction, the text of the mistake */
        struct err why = *reterr;
        return why.field[0] != 0 ? err_field(reterr, E_CONFLICT, why.field, "%s", why.text) : err_set(reterr, E_CONFLICT, "%s", why.text);
    }
    return as;
}

static void parent_pick(const struct kind_info *k, const struct record_request *r, const struct input *in, struct record *rec, struct mistakes *m) {
    rec->parent = uuid_is_null(&r->parent) && in->has_parent ? in->parent : r->parent;
    if (in->has_parent && uuid_compare(&rec->parent, &in->parent) != 0)
        mistakes_add(m, "/", SAYS_parent_fixed, NULL);
    if (k->kind->parent < 0)
        rec->parent = (struct uuid){ { 0 } };
}

/* What the caller may set, and what it will be shown of it. */
static enum code create_allow(struct draft *d, struct fact_source *src, const struct input *in, struct mistakes *m, struct err *reterr) {
    struct facts f = facts_of(src, src->now);
    struct verdict may, sees;
    enum code code = policy_changes(d->who, &f, V_CREATE, &may, reterr);
    if (code == OK && !may.any)
        return err_set(reterr, E_FORBIDDEN, "this is not yours to do: %s", may.reason);
    if (code == OK)
        code = policy_sees(d->who, &f, &sees, reterr);
    if (code != OK)
        return code;
    input_allow(d->rec.info, in, may.fields, m);
    d->shows = use_shown(d->s, d->who, d->rec.info->index, &sees) | (in->given & may.fields) | d->rec.info->states;
    return OK;
}

enum code create_fill(struct draft *d, struct fact_source *src, const struct record_request *r, struct input *in, struct mistakes *m, struct err *reterr) {
    d->rec.id = uuid_is_null(&r->id) ? uuid_new() : r->id;
    d->own_id = !uuid_is_null(&r->id);
    d->rec.opened = d->rec.loaded = true;
    d->rec.created = d->rec.updated = src->now;
    d->changed = kind_all(d->rec.info->kind);
    d->rec.marks.unconfirmed = d->who->by_form && d->rec.info->kind->confirmed && rule_on(RULE_double_opt_in);
    parent_pick(d->rec.info, r, in, &d->rec, m);
    enum code code = masks_apply(src, in, reterr);
    if (code != OK)
        return code;
    input_make(d->s, d->rec.info, in, use_owner(d->s, d->who), src->now, d->arena, &d->rec, m);
    limits_check(&d->rec, m);
    return create_allow(d, src, in, m, reterr);
}

static json_t *ledger_what(const struct record *r) {
    char id[UUID_TEXT];
    return json_pack("{s:s, s:s}", "kind", r->info->kind->name, "id", uuid_format(&r->id, id));
}

/* The stored reply of this very request, when there is one. */
static enum code answered(struct service *s, const struct record_request *r, const struct reply_wish *w, struct record_text *ret, struct err *reterr) {
    AUTO(view_end) struct view *v = NULL;
    struct reply_seen seen = { .fields = 0 };
    enum code code = store_view(s->store, r->who->tenant, &v, reterr);
    if (code == OK)
        code = reply_find(s, r, w, view_sql(v), ret, &seen, reterr);
    v = view_end(v);
    if (code == OK && seen.fields != 0)
        code = reads_note_one(s, r->who, READ_ONE, &seen.of, seen.fields, reterr);
    if (code != OK)
        record_text_done(ret);                 /* what could not be noted is not given */
    return code;
}

enum code use_reply_begin(struct service *s, const struct record_request *r, const char *what, int status, struct reply_wish *w, struct record_text *ret, struct err *reterr) {
    enum code code = reply_wish(s, r, what, w, reterr);
    if (code != OK || !w->wanted)
        return code;
    code = answered(s, r, w, ret, reterr);
    if (code != OK || ret->text.len > 0)
        return code;
    w->status = status;
    w->due = clock_now() + USEC_PER_DAY;
    return spare_make(s, r->who->tenant, w->due, 1, &w->id, &w->key, reterr);
}

/* After a write: its refusals, or a reply that another request of the same key got first. */
enum code use_finish(struct draft *d, const struct record_request *r, enum code code, struct record_text *ret, json_t **ret_mistakes, struct err *reterr) {
    if (code != OK && d->replayed)
        return answered(d->s, r, &d->reply, ret, reterr);
    if (code != OK)
        return mistakes_any(&d->mistakes) ? use_mistakes(&d->mistakes, code, ret_mistakes, reterr) : code;
    return record_give(&d->rec, d->shows, ret, reterr);
}

static enum code create(struct service *s, const struct record_request *r, struct draft *d, struct fact_source *src, struct mistakes *m,
                        struct record_text *ret, json_t **ret_mistakes, struct err *reterr) {
    struct input in;
    const struct kind_info *k = service_kind(s, r->kind);
    enum code code = record_blank(k, r->who->tenant, d->arena, &d->rec, reterr);
    if (code == OK)
        code = input_read(s, k, r->input, r->consents, d->arena, m, &in, reterr);
    if (code == OK)
        code = create_fill(d, src, r, &in, m, reterr);
    if (code != OK)
        return code;
    if (mistakes_any(m))
        return use_mistakes(m, E_FIELDS, ret_mistakes, reterr);
    code = use_reply_begin(s, r, "create", 201, &d->reply, ret, reterr);
    if (code != OK || ret->text.len > 0)
        return code;
    code = asked_first(d, src, ASK_CREATE, NULL, m, reterr);
    if (code != OK || mistakes_any(m))
        return code == OK ? use_mistakes(m, E_FIELDS, ret_mistakes, reterr) : code;
    d->verb = "record_made";
    d->consents_asked = in.consent_named;
    d->letter = r->letter;
    d->what = ledger_what(&d->rec);
    code = d->what == NULL ? err_set(reterr, E_MEMORY, "no memory for a ledger entry") : draft_prepare(d, src, reterr);
    facts_end(src);                            /* no view stays open while the write waits */
    if (code == OK)
        code = draft_commit(d, reterr);
    return use_finish(d, r, code, ret, ret_mistakes, reterr);
}

enum code record_create_text(struct service *s, const struct record_request *r, struct record_text *ret, json_t **ret_mistakes, struct err *reterr) {
    PRE(s != NULL && r != NULL && r->who != NULL && ret != NULL && reterr != NULL);
    struct verdict may = policy_kind(s->charter, r->who, r->kind, V_CREATE);
    if (!may.any)
        return use_refused(s, r->who, r->kind, &may, reterr);
    enum code code = agreed_first(s, r->who->tenant, service_kind(s, r->kind)->kind, reterr);
    if (code != OK)
        return code;
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(mistakes_done) struct mistakes m = { .lang = r->lang };
    struct index_keys keys = { 0 };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    struct draft d = { .s = s, .who = r->who, .arena = arena, .keys = &keys, .mistakes = { .lang = r->lang } };
    struct fact_source src = { .s = s, .who = r->who, .record = &d.rec, .arena = arena, .now = clock_now() };
    code = create(s, r, &d, &src, &m, ret, ret_mistakes, reterr);
    facts_end(&src);
    draft_end(&d);
    crypto_wipe(&keys, sizeof keys);
    return code;
}

enum code record_create(struct service *s, const struct record_request *r, json_t **ret, json_t **ret_mistakes, struct err *reterr) {
    AUTO(record_text_done) struct record_text text = RECORD_TEXT;
    enum code code = record_create_text(s, r, &text, ret_mistakes, reterr);
    return code == OK ? shown_tree(&text.text, ret, reterr) : code;
}
