/* change.c — JSON Merge Patch (RFC 7396) of a record's fields: what is named is set, null clears, the rest stays. */
#include "records/change.h"

#include <stdio.h>
#include <string.h>

#include "ledger/ledger.h"
#include "records/agreed.h"
#include "records/asked.h"
#include "records/consents.h"
#include "records/held.h"
#include "records/limits.h"
#include "records/masks.h"
#include "records/reads.h"
#include "store/consent.h"

struct changing {
    const struct change_job *job;
    struct draft *d;
    struct fact_source *src;
    struct record *old;
    struct input in;
    struct mistakes *m;
    struct verdict sees, may;
    fieldset shown;                            /* of what it sees, by the answer */
    struct standing at;
    bool withdraws;                            /* the consent that the whole record rests on */
};

static void mistake_at(struct mistakes *m, const struct field *f, enum says says, const char *arg) {
    char path[96];
    snprintf(path, sizeof path, "/%s", f->name);
    if (!mistakes_have(m, path))
        mistakes_add(m, path, says, arg);
}

/* ---- who may */
/* A role that is shown nothing of the kind and yet has a move to make from the present state may make it. One that is shown some of
 * these records moves those that it may see or change. */
static bool moves_something(const struct changing *c) {
    const struct kind *k = c->old->info->kind;
    const char *reason;
    if (policy_kind(c->d->s->charter, c->d->who, c->old->info->index, V_READ).any)
        return false;
    for (size_t i = 0; i < k->move_count; i++)
        if (record_option(c->old, k->moves[i].field) == k->moves[i].from &&
            policy_move(c->d->s->charter, c->d->who, c->old->info->index, k->moves[i].field, k->moves[i].from, k->moves[i].to, &c->at, &reason))
            return true;
    return false;
}

static enum code change_allow(struct changing *c, struct err *reterr) {
    struct facts f = facts_of(c->src, c->src->now);
    enum code code = policy_sees(c->d->who, &f, &c->sees, reterr);
    if (code == OK)
        code = policy_changes(c->d->who, &f, V_CHANGE, &c->may, reterr);
    if (code == OK)
        code = policy_stands(c->d->who, &f, &c->at, reterr);
    if (code != OK)
        return code;
    if (c->sees.barred == NULL && !c->sees.any && !c->may.any && !moves_something(c))
        return err_set(reterr, E_NOT_FOUND, "there is no such record");
    if (c->sees.barred == NULL)
        code = policy_uses(c->d->who, &f, &c->sees.barred, reterr);      /* a role that may change what it does not see */
    return code == OK && c->sees.barred != NULL ? read_barred(&c->sees, reterr) : code;
}

static void allow_field(struct changing *c, size_t i) {
    const struct kind *k = c->old->info->kind;
    const char *reason = NULL;
    if (!field_has_moves(k, (int)i)) {
        if ((c->may.fields >> i & 1) == 0)
            mistake_at(c->m, &k->fields[i], SAYS_not_yours, NULL);
        return;
    }
    int from = record_option(c->old, (int)i), to = record_option(&c->d->rec, (int)i);
    if (policy_move(c->d->s->charter, c->d->who, c->old->info->index, (int)i, from, to, &c->at, &reason))
        return;
    bool declared = false;
    for (size_t n = 0; n < k->move_count; n++)
        declared = declared || (k->moves[n].field == (int)i && k->moves[n].from == from && k->moves[n].to == to);
    mistake_at(c->m, &k->fields[i], declared ? SAYS_move_who : SAYS_no_move, NULL);
}

/* ---- values */
static void set_field(struct changing *c, size_t i) {
    const struct field *f = &c->old->info->kind->fields[i];
    struct value *v = &c->d->rec.values[i];
    if (c->job->file_input == NULL && f->type == T_FILE && c->in.values[i].set) {
        mistake_at(c->m, f, SAYS_file, NULL);
        return;
    }
    if (mistakes_any(c->m)) {                  /* its value may not have been read at all */
        char path[96];
        snprintf(path, sizeof path, "/%s", f->name);
        if (mistakes_have(c->m, path))
            return;
    }
    /* Whoever may neither see nor set a field is refused before values are compared: a guess must not show by its fate. */
    if (((c->may.fields | c->sees.fields) >> i & 1) == 0 && !field_has_moves(c->old->info->kind, (int)i)) {
        mistake_at(c->m, f, SAYS_not_yours, NULL);
        return;
    }
    /* What is set unseen is always written: that nothing changed would tell that the guess was right. */
    bool seen = (c->sees.fields >> i & 1) != 0 || field_has_moves(c->old->info->kind, (int)i);
    if (seen && value_same(v, &c->in.values[i]))
        return;
    *v = c->in.values[i];
    c->d->changed |= (fieldset)1 << i;
    if (v->set)
        c->d->rec.erased &= ~((fieldset)1 << i);
    if (!v->set && f->type != T_FILE && ((kind_needs(c->old->info->kind) >> i & 1) != 0 || kind_start(c->old->info->kind, (int)i) >= 0))
        mistake_at(c->m, f, SAYS_needed, NULL);
    allow_field(c, i);
}

/* A consent that is given opens its part, one that is withdrawn empties it. */
static void part_consent(struct changing *c, size_t i, bool given) {
    const struct kind *k = c->old->info->kind;
    struct record *r = &c->d->rec;
    if (given) {
        if (r->parts[i].given == 0)
            r->parts[i].given = c->src->now;
        return;
    }
    r->parts[i].given = 0;
    for (size_t f = 0; f < k->field_count; f++)
        if ((k->parts[i].fields >> f & 1) != 0 && r->values[f].set) {
            r->values[f] = (struct value){ 0 };
            c->d->changed |= (fieldset)1 << f;
        }
}

/* Whose consent it is may always take it back; it is given by whoever may write what it covers. */
static bool consent_allowed(const struct changing *c, size_t n, bool given) {
    const struct kind *k = c->old->info->kind;
    if (!c->at.writes)
        return false;
    if (use_owner(c->d->s, c->d->who) || (c->at.owns && !given))
        return true;
    if (c->at.owns && c->old->info->use_names[n] != NULL)
        return true;
    if (c->at.owns && c->old->info->agreed != NULL && strcmp(c->old->info->agreed, c->old->info->consents[n]) == 0)
        return true;
    for (size_t i = 0; i < k->part_count; i++)
        if (k->parts[i].consent != NULL && strcmp(k->parts[i].consent, c->old->info->consents[n]) == 0 && (k->parts[i].fields & c->may.fields) != 0)
            return true;
    return false;
}

static void set_consent(struct changing *c, size_t n) {
    const struct kind_info *k = c->old->info;
    bool given = c->in.consent_given[n];
    if (!consent_allowed(c, n, given)) {
        mistakes_add(c->m, "/consents", SAYS_not_yours, NULL);
        return;
    }
    for (size_t i = 0; i < k->kind->part_count; i++)
        if (k->kind->parts[i].consent != NULL && strcmp(k->kind->parts[i].consent, k->consents[n]) == 0)
            part_consent(c, i, given);
    if (k->use_names[n] != NULL)
        c->d->rec.uses = given ? c->d->rec.uses | (uint64_t)1 << n : c->d->rec.uses & ~((uint64_t)1 << n);
    if (k->agreed != NULL && strcmp(k->agreed, k->consents[n]) == 0) {
        c->withdraws = !given && c->old->agreed != 0;
        c->d->rec.agreed = !given ? 0 : c->d->rec.agreed != 0 ? c->d->rec.agreed : c->src->now;
    }
}

static void consents_hold(struct changing *c) {
    const struct kind *k = c->old->info->kind;
    for (size_t i = 0; i < k->field_count; i++)
        if ((c->d->changed >> i & 1) != 0 && c->d->rec.values[i].set && k->fields[i].consent != NULL && rule_on(RULE_consent_fields) &&
            c->d->rec.parts[k->fields[i].part].given == 0)
            mistake_at(c->m, &k->fields[i], SAYS_consent, k->fields[i].consent);
}

static bool consents_moved(const struct changing *c) {
    bool moved = c->d->rec.agreed != c->old->agreed || c->d->rec.uses != c->old->uses;
    for (size_t i = 0; i < c->old->info->kind->part_count; i++)
        moved = moved || c->d->rec.parts[i].given != c->old->parts[i].given;
    return moved;
}

/* The one move that the person may make from where the record begins: none, or one of several, is made by nobody. */
static void confirm_apply(struct changing *c) {
    const struct kind *k = c->old->info->kind;
    const struct move *only = NULL;
    size_t found = 0;
    c->d->rec.marks.unconfirmed = false;
    c->d->confirms = c->job->confirms;
    for (size_t i = 0; i < k->move_count; i++)
        if (k->moves[i].from == kind_start(k, k->moves[i].field) && record_option(c->old, k->moves[i].field) == k->moves[i].from && k->about >= 0 && (k->moves[i].who >> k->about & 1) != 0) {
            only = &k->moves[i];
            found++;
        }
    if (found != 1)
        return;
    const char *option = k->fields[only->field].options[only->to];
    struct raw raw = raw_cell(option, strlen(option), false);
    struct say why = { 0 };
    if (value_read(&k->fields[only->field], &raw, &c->d->s->rules, c->d->arena, &c->in.values[only->field], &why))
        c->in.given |= (fieldset)1 << only->field;
}

static enum code values_apply(struct changing *c, struct err *reterr) {
    const struct kind_info *k = c->old->info;
    enum code code = OK;
    if (c->job->file_input != NULL)
        c->in = *c->job->file_input;
    else
        code = input_read(c->d->s, k, c->job->r->input, c->job->r->consents, c->d->arena, c->m, &c->in, reterr);
    if (code != OK)
        return code;
    if (c->job->confirms != NULL)
        confirm_apply(c);
    if (c->in.has_parent && uuid_compare(&c->in.parent, &c->old->parent) != 0)
        mistakes_add(c->m, "/", SAYS_parent_fixed, NULL);
    code = masks_apply(c->src, &c->in, reterr);
    facts_end(c->src);
    c->src->q = NULL;
    if (code != OK)
        return code;
    for (size_t n = 0; n < k->consent_count; n++)
        if (c->in.consent_named[n])
            set_consent(c, n);
    for (size_t i = 0; i < k->kind->field_count; i++)
        if ((c->in.given >> i & 1) != 0)
            set_field(c, i);
    consents_hold(c);
    limits_check(&c->d->rec, c->m);
    return OK;
}

/* ---- one try */
static enum code old_load(struct changing *c, struct err *reterr) {
    struct sql *q;
    const struct record_request *r = c->job->r;
    const struct kind_info *k = service_kind(c->d->s, r->kind);
    enum code code = facts_sql(c->src, &q, reterr);
    if (code == OK)
        code = record_load(q, k, &r->id, c->d->arena, c->old, reterr);
    if (code != OK)
        return read_absent(c->d->s, c->d->who, r->kind, code, reterr);
    code = change_allow(c, reterr);
    facts_end(c->src);
    c->src->q = NULL;
    return code == OK ? record_open(c->d->s, c->old, c->d->arena, reterr) : code;
}

static enum code new_begin(struct changing *c, struct err *reterr) {
    const struct kind *k = c->old->info->kind;
    struct record *r = &c->d->rec;
    enum code code = record_blank(c->old->info, c->old->tenant, c->d->arena, r, reterr);
    if (code != OK)
        return code;
    struct value *values = r->values;
    struct part_state *parts = r->parts;
    *r = *c->old;
    r->values = memcpy(values, c->old->values, k->field_count * sizeof *values);
    r->parts = memcpy(parts, c->old->parts, k->part_count * sizeof *parts);
    r->updated = c->src->now;
    return OK;
}

static json_t *ledger_what(const struct changing *c) {
    const struct kind *k = c->old->info->kind;
    char id[UUID_TEXT];
    bool fine = true;
    json_t *fields = json_array();
    for (size_t i = 0; i < k->field_count; i++)
        if ((c->d->changed >> i & 1) != 0)
            fine &= json_array_append_new(fields, json_string(k->fields[i].name)) == 0;
    json_t *what = json_pack("{s:s, s:s, s:o}", "kind", k->name, "id", uuid_format(&c->old->id, id), "fields", fields);
    const int masks = charter_masks(c->d->s->charter).chosen ? kind_mask_switch(k) : -1;
    if (masks >= 0 && (c->d->changed >> masks & 1) != 0) {
        const struct value *to = &c->d->rec.values[masks];       /* what it was switched to stands beside who did it and when */
        fine &= json_object_set_new(what, "masked", to->set ? json_boolean(to->number != 0) : json_null()) == 0;
    }
    for (size_t n = 0; n < c->old->info->consent_count; n++)
        if (c->in.consent_named[n])
            fine &= json_object_set_new(what, c->in.consent_given[n] ? "given" : "withdrawn", json_string(c->old->info->consents[n])) == 0;
    if (fine)
        return what;
    json_decref(what);
    return NULL;                              /* no memory: an entry that leaves out what was changed would be a lie */
}

/* The answer shows what stood there, but to who puts a file: it is read, too. What is refused for it is refused before anything is written. */
static enum code read_note(const struct changing *c, bool writes, struct err *reterr) {
    struct service *s = c->d->s;
    const struct verdict could = policy_kind(s->charter, c->d->who, c->old->info->index, V_READ);
    fieldset fields = c->job->file_input == NULL ? c->shown & ~c->d->changed : 0;
    return reads_note_change(s, c->d->who, c->old, fields, writes ? use_shown(s, c->d->who, c->old->info->index, &could) : 0, reterr);
}

static enum code change_write(struct changing *c, struct record_text *ret, json_t **ret_mistakes, struct err *reterr) {
    struct draft *d = c->d;
    const struct record_request *r = c->job->r;
    enum code code = use_reply_begin(d->s, r, "change", 200, &d->reply, ret, reterr);
    if (code != OK || ret->text.len > 0)
        return code;
    code = asked_first(d, c->src, ASK_MOVES, c->old, c->m, reterr);
    if (code != OK || mistakes_any(c->m))
        return code == OK ? use_mistakes(c->m, E_FIELDS, ret_mistakes, reterr) : code;
    code = read_note(c, true, reterr);         /* no view is open here */
    if (code != OK)
        return code;
    d->verb = d->confirms != NULL ? "record_confirmed" : "record_changed";
    d->consents_asked = c->in.consent_named;
    d->what = ledger_what(c);
    d->file = c->job->file;
    d->file_task = c->job->file_task;
    code = d->what == NULL ? err_set(reterr, E_MEMORY, "no memory for a ledger entry") : draft_prepare(d, c->src, reterr);
    facts_end(c->src);
    if (code == OK)
        code = draft_commit(d, reterr);
    return use_finish(d, r, code, ret, ret_mistakes, reterr);
}

/* A personal value, or a file, is set where none or another one stood. What is emptied, and a move, take nothing. */
static bool takes_personal(const struct changing *c) {
    const struct kind *k = c->old->info->kind;
    for (size_t i = 0; i < k->field_count; i++)
        if ((c->d->changed >> i & 1) != 0 && c->d->rec.values[i].set && (k->fields[i].level != L_PLAIN || k->fields[i].type == T_FILE))
            return true;
    return false;
}

/* What would be erased at once is not taken: neither by accident nor to get round the date. The dates are those that the changed record has. */
static enum code still_kept(struct changing *c, struct err *reterr) {
    const struct kind *k = c->old->info->kind;
    enum code code = facts_due(c->src, c->src->now, reterr);
    for (size_t i = 0; code == OK && i < k->field_count; i++)
        if ((c->d->changed >> i & 1) != 0 && c->d->rec.values[i].set && c->d->rec.parts[k->fields[i].part].due <= c->src->now)
            mistake_at(c->m, &k->fields[i], SAYS_over, NULL);
    facts_end(c->src);
    c->src->q = NULL;
    return code;
}

/* What is held may be added to. A person's hold keeps what stands as it stands, for a claim may rest on it; a law keeps that something stands, and
 * what is wrong may be put right. Plain fields go on: a state, a number. A hold that comes meanwhile makes the record a newer one. */
static enum code held_stays(struct changing *c, struct err *reterr) {
    const struct kind *k = c->old->info->kind;
    struct sql *q;
    uint64_t person = 0;
    fieldset emptied = 0, replaced = 0;
    for (size_t i = 0; i < k->field_count; i++)
        if ((c->d->changed >> i & 1) != 0 && c->old->values[i].set) {
            emptied |= c->d->rec.values[i].set ? 0 : (fieldset)1 << i;
            replaced |= c->d->rec.values[i].set && (k->fields[i].level != L_PLAIN || k->fields[i].type == T_FILE) ? (fieldset)1 << i : 0;
        }
    if ((emptied | replaced) == 0)
        return OK;
    enum code code = facts_sql(c->src, &q, reterr);
    if (code == OK)
        code = held_parts(q, c->old, c->src->now, HELD_BY_PERSON, &person, reterr);
    const uint64_t law = held_by_law(c->old, c->src->now);
    for (size_t i = 0; code == OK && i < k->field_count; i++)
        if (((emptied | replaced) >> i & 1) != 0 && (person >> k->fields[i].part & 1) != 0)
            mistake_at(c->m, &k->fields[i], SAYS_held, NULL);
        else if ((emptied >> i & 1) != 0 && (law >> k->fields[i].part & 1) != 0)
            mistake_at(c->m, &k->fields[i], SAYS_law, NULL);
    facts_end(c->src);
    c->src->q = NULL;
    return code;
}

/* The consent that a record rests on is taken back: no use is left from this write on, and the record is erased. Where that is held up (the
 * cap of a day, a cut), its mark stands, and the upkeep erases it. */
static enum code withdraw_note(struct txn *t, void *arg, struct err *reterr) {
    struct changing *c = arg;
    char by[CALLER_TEXT], id[UUID_TEXT];
    const struct kind_info *k = c->old->info;
    enum code code = row_mark(t, k->number, &c->old->id, MARK_UNCONFIRMED, 0, reterr);
    if (code == OK)
        code = consents_note(t, c->d, reterr);
    if (code != OK)
        return code;
    json_t *what = json_pack("{s:s, s:s, s:s}", "kind", k->kind->name, "id", uuid_format(&c->old->id, id), "consent", k->agreed);
    code = what == NULL ? err_set(reterr, E_MEMORY, "no memory for a ledger entry") : ledger_append(t, "consent_withdrawn", caller_text(c->d->who, by, sizeof by), what, reterr);
    json_decref(what);
    return code;
}

static enum code withdraw_write(struct changing *c, struct record_text *ret, struct err *reterr) {
    struct service *s = c->d->s;
    struct caller sejf = { .tenant = c->old->tenant, .person = -1, .by_sejf = true, .subject_kind = -1 };
    struct record_request r = { .who = &sejf, .kind = c->old->info->index, .id = c->old->id, .if_match = -1, .withdrawn = true };
    struct err later;
    json_t *gone = NULL;
    facts_end(c->src);
    enum code code = store_write(s->store, c->old->tenant, withdraw_note, c, reterr);
    if (code != OK)
        return code;
    (void)!record_erase(s, &r, &gone, &later);
    json_decref(gone);
    c->d->rec.version++;
    return record_give(&c->d->rec, 0, ret, reterr);
}

static enum code change_try(struct changing *c, struct record_text *ret, json_t **ret_mistakes, struct err *reterr) {
    const struct record_request *r = c->job->r;
    enum code code = old_load(c, reterr);
    if (code != OK)
        return code;
    if (r->if_match >= 0 && r->if_match != c->old->version)
        return err_set(reterr, E_STALE, "the record has version %lld: read it again and repeat the change", (long long)c->old->version);
    code = new_begin(c, reterr);
    if (code == OK)
        code = values_apply(c, reterr);
    if (code == OK && takes_personal(c))
        code = agreed_first(c->d->s, c->d->who->tenant, c->old->info->kind, reterr);
    if (code != OK)
        return code;
    if (mistakes_any(c->m))
        return use_mistakes(c->m, E_FIELDS, ret_mistakes, reterr);
    c->shown = use_shown(c->d->s, c->d->who, c->old->info->index, &c->sees);
    c->d->shows = c->shown | c->d->changed;
    c->src->record = &c->d->rec;
    if (c->withdraws && rule_on(RULE_consent_withdrawn))
        return withdraw_write(c, ret, reterr);
    if (c->d->changed != 0 && ((code = still_kept(c, reterr)) != OK || (code = held_stays(c, reterr)) != OK))
        return code;
    if (mistakes_any(c->m))
        return use_mistakes(c->m, E_FIELDS, ret_mistakes, reterr);
    if (c->d->changed != 0 || consents_moved(c) || c->d->confirms != NULL)
        return change_write(c, ret, ret_mistakes, reterr);
    code = read_note(c, false, reterr);
    return code == OK ? record_give(c->old, c->d->shows, ret, reterr) : code;
}

static enum code change_once(const struct change_job *job, bool *ret_stale, struct record_text *ret, json_t **ret_mistakes, struct err *reterr) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    AUTO(mistakes_done) struct mistakes m = { .lang = job->r->lang };
    struct index_keys keys = { 0 };
    struct record old = { .tenant = job->r->who->tenant };
    if (arena == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    struct draft d = { .s = job->s, .who = job->r->who, .arena = arena, .keys = &keys, .old = &old, .way = job->r->way, .mistakes = { .lang = job->r->lang } };
    struct fact_source src = { .s = job->s, .who = job->r->who, .record = &old, .arena = arena, .now = clock_now() };
    struct changing c = { .job = job, .d = &d, .src = &src, .old = &old, .m = &m };
    enum code code = change_try(&c, ret, ret_mistakes, reterr);
    *ret_stale = d.stale;
    if (job->ret_kept != NULL)
        *job->ret_kept = d.written || d.unsure;
    facts_end(&src);
    draft_end(&d);
    crypto_wipe(&keys, sizeof keys);
    return code;
}

#define TRIES 20                              /* without If-Match, a change that another one overtook is made again */
enum code change_run(const struct change_job *job, struct record_text *ret, json_t **ret_mistakes, struct err *reterr) {
    bool stale = true;
    enum code code = E_STALE;
    for (int n = 0; stale && n < TRIES; n++) {
        code = change_once(job, &stale, ret, ret_mistakes, reterr);
        stale = stale && code == E_STALE && job->r->if_match < 0;
    }
    return code;
}

enum code record_change_text(struct service *s, const struct record_request *r, struct record_text *ret, json_t **ret_mistakes, struct err *reterr) {
    PRE(s != NULL && r != NULL && r->who != NULL && ret != NULL && reterr != NULL);
    struct change_job job = { .s = s, .r = r };
    struct verdict may = { .reason = "the token's scope leaves this out" };
    if (!policy_scope(s->charter, r->who, r->kind, V_CHANGE))
        return use_refused(s, r->who, r->kind, &may, reterr);
    if (!policy_kind(s->charter, r->who, r->kind, V_CHANGE).any && !policy_kind(s->charter, r->who, r->kind, V_READ).any)
        return err_set(reterr, E_NOT_FOUND, "there is no such record");
    enum code code = policy_purpose(s->charter, r->who, r->kind, NULL, reterr);      /* the answer shows the record */
    return code == OK ? change_run(&job, ret, ret_mistakes, reterr) : code;
}

enum code record_change(struct service *s, const struct record_request *r, json_t **ret, json_t **ret_mistakes, struct err *reterr) {
    AUTO(record_text_done) struct record_text text = RECORD_TEXT;
    enum code code = record_change_text(s, r, &text, ret_mistakes, reterr);
    return code == OK ? shown_tree(&text.text, ret, reterr) : code;
}
