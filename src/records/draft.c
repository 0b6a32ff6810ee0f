/* draft.c — from values to a durable record. Order: keys (durable before they are handed out), then one write with
 * everything that stands or falls together, then the destruction of keys that are no longer needed. */
#include "records/draft.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/ledger.h"
#include "records/children.h"
#include "records/consents.h"
#include "records/doom.h"
#include "records/file.h"
#include "records/keys.h"
#include "records/limits.h"
#include "records/post.h"
#include "records/reply.h"
#include "records/spare.h"
#include "records/task.h"
#include "store/destruction.h"
#include "store/tables.h"

const char *caller_text(const struct caller *who, char *buf, size_t room) {
    char id[UUID_TEXT];
    if (who == NULL || who->by_sejf || who->by_form)
        snprintf(buf, room, "%s", who != NULL && who->by_form ? "form" : "sejf");
    else if (who->by_session)
        snprintf(buf, room, "account %s", uuid_format(&who->account, id));
    else
        snprintf(buf, room, "%s %lld", who->by_link ? "link" : who->token < 0 ? "webhook" : "token", (long long)(who->token < 0 ? -who->token : who->token));
    return buf;
}

/* ---- before the write */
static fieldset sealed_of(const struct kind *k, size_t part) { return k->parts[part].fields & ~k->outside; }

/* A record that was stored under another charter is sealed anew as a whole. */
static bool part_changed(const struct draft *d, size_t i) {
    return d->old->moved || (d->changed & sealed_of(d->rec.info->kind, i)) != 0 || d->rec.parts[i].given != d->old->parts[i].given ||
           (i == 0 && d->rec.agreed != d->old->agreed);
}

/* Does a personal value move out of it that must not be readable as long as the part? */
static bool part_left_early(const struct draft *d, size_t i) {
    const struct kind *k = d->rec.info->kind;
    usec_t due = d->old->parts[i].due > d->rec.parts[i].due ? d->old->parts[i].due : d->rec.parts[i].due;
    for (size_t f = 0; (d->old->stale >> i & 1) != 0 && f < k->field_count; f++)
        if ((d->old->misplaced >> f & 1) != 0 && k->fields[f].level != L_PLAIN && d->rec.parts[k->fields[f].part].due < due)
            return true;
    return false;
}

/* Did a personal value that was there go or give way to another? Then the key goes too. */
static bool part_outlived(const struct draft *d, size_t i) {
    fieldset set = d->changed & sealed_of(d->rec.info->kind, i);
    if ((d->old->parts[i].given != 0 && d->rec.parts[i].given == 0) || part_left_early(d, i))
        return true;
    for (size_t f = 0; f < d->rec.info->kind->field_count; f++)
        if ((set >> f & 1) != 0 && d->old->values[f].set && d->rec.info->kind->fields[f].level != L_PLAIN)
            return true;
    return false;
}

static enum code part_key(struct draft *d, size_t i, struct err *reterr) {
    struct sealed *one = &d->seals[i];
    bool ok = false;
    if (d->old == NULL || !d->old->parts[i].has || part_outlived(d, i)) {
        if (d->old != NULL && d->old->parts[i].has)
            d->doomed[d->doomed_count++] = d->old->parts[i].key;
        enum code code = d->many ? spare_ahead(d->s, d->rec.tenant, one->due, &one->id, &one->key, reterr) : spare_make(d->s, d->rec.tenant, one->due, 1, &one->id, &one->key, reterr);
        one->fresh = code == OK;
        return code;
    }
    one->id = d->old->parts[i].key;
    enum code code = keeper_open(d->s->keeper, d->rec.tenant, &one->id, 1, &one->key, &ok, reterr);
    return code == OK && !ok ? err_set(reterr, E_GONE, "a part of this record was erased meanwhile") : code;
}

static enum code part_prepare(struct draft *d, size_t i, struct err *reterr) {
    struct sealed *one = &d->seals[i];
    one->due = d->rec.parts[i].due;
    if (d->old != NULL && !part_changed(d, i))
        return OK;
    if (!record_has_part(&d->rec, (int)i)) {
        one->drop = d->old != NULL && d->old->parts[i].has;
        d->rec.parts[i].has = false;
        if (one->drop)
            d->doomed[d->doomed_count++] = d->old->parts[i].key;
        return OK;
    }
    enum code code = part_key(d, i, reterr);
    if (code != OK)
        return code;
    one->blob = BUF((size_t)8 << 20);
    one->has = true;
    code = record_seal(&d->rec, (int)i, one->id, &one->key, &one->blob, reterr);
    d->rec.parts[i].has = true;
    d->rec.parts[i].key = one->id;
    return code;
}

/* What a stored record is found by changes only with the fields that it is found or sorted by. */
static bool index_changed(const struct draft *d) {
    return d->old == NULL || (d->changed & (d->rec.info->found | d->rec.info->sorted)) != 0;
}

/* What it is found by and what it claims; one that only moves its fields keeps that. */
static enum code found_prepare(struct draft *d, struct err *reterr) {
    const struct kind *k = d->rec.info->kind;
    enum code code = OK;
    if (d->quiet)
        return OK;
    d->objects = kind_objects(k);
    if (d->rec.info->found != 0 || k->limit_count > 0 || d->objects)
        code = index_keys_of(d->s, d->rec.tenant, false, d->keys, reterr);
    if (code == OK && index_changed(d))
        code = find_tokens(d->s, d->keys, &d->rec, k->field_count == 0 ? 0 : kind_all(k), d->arena, &d->tokens, reterr);
    if (code == OK)
        code = limits_claims(d->s, d->keys, &d->rec, d->arena, &d->claims, reterr);
    if (code == OK && d->old != NULL)
        code = limits_claims(d->s, d->keys, d->old, d->arena, &d->old_claims, reterr);
    return code;
}

enum code draft_prepare(struct draft *d, struct fact_source *facts, struct err *reterr) {
    const struct kind *k = d->rec.info->kind;
    size_t strays = d->old == NULL ? 0 : d->old->stray_count;
    d->seals = arena_array(d->arena, k->part_count, sizeof *d->seals);
    d->doomed = arena_array(d->arena, k->part_count + k->field_count + strays, sizeof *d->doomed);
    d->wished = arena_array(d->arena, k->field_count, sizeof *d->wished);
    if (d->seals == NULL || d->doomed == NULL || d->wished == NULL)
        return err_set(reterr, E_MEMORY, "no memory for a record");
    memcpy(d->wished, d->rec.values, k->field_count * sizeof *d->wished);
    d->rec.unsealed = 0;
    enum code code = facts_due(facts, facts->now, reterr);
    if (code == OK)
        code = found_prepare(d, reterr);
    for (size_t i = 0; code == OK && i < k->part_count; i++)
        code = part_prepare(d, i, reterr);
    for (size_t i = 0; code == OK && i < strays; i++)
        d->doomed[d->doomed_count++] = d->old->strays[i].state.key;
    d->doomed_ready = d->doomed_count;
    return code;
}

/* ---- inside the write */
/* Is it there for the caller? What its levels hide is as missing as what is not there. */
static enum code link_there(struct draft *d, struct fact_source *src, struct record *other, bool *ret, struct err *reterr) {
    enum access_level level = LEVEL_NONE;
    enum code code = OK;
    if (other != NULL) {
        struct fact_source of = *src;
        of.record = other;
        struct facts f = facts_of(&of, src->now);
        code = policy_level(d->who, &f, &level, reterr);
        src->known = of.known;
    }
    if (code == OK)
        *ret = level >= LEVEL_READ;
    return code;
}

/* Where the record stands from now on, the caller's levels must let it write. */
static enum code level_check(struct draft *d, struct fact_source *src, struct err *reterr) {
    enum access_level level = LEVEL_NONE;
    struct facts f = facts_of(src, src->now);
    enum code code = policy_level(d->who, &f, &level, reterr);
    return code != OK || level >= LEVEL_WRITE ? code : err_set(reterr, E_FORBIDDEN, "this is not yours to do: the account's level does not reach to writing there");
}

/* What the record belongs to and refers to must be there at this moment. */
static enum code links_check(struct draft *d, struct fact_source *src, struct err *reterr) {
    const struct kind *k = d->rec.info->kind;
    struct record *other;
    char path[96];
    struct uuid id;
    bool there = false;
    enum code code = OK;
    if (k->parent >= 0 && d->old == NULL) {
        code = facts_record(src, k->parent, &d->rec.parent, &other, reterr);
        if (code == OK)
            code = link_there(d, src, other, &there, reterr);
        snprintf(path, sizeof path, "/%s", service_kind(d->s, k->parent)->kind->name);
        if (code == OK && !there)
            mistakes_add(&d->mistakes, path, SAYS_missing, service_kind(d->s, k->parent)->kind->name);
    }
    for (size_t i = 0; code == OK && i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        if (f->type != T_REFERENCE || f->refers < 0 || !d->rec.values[i].set || (d->changed >> i & 1) == 0 || !uuid_parse(d->rec.values[i].text, &id))
            continue;
        code = facts_record(src, f->refers, &id, &other, reterr);
        if (code == OK)
            code = link_there(d, src, other, &there, reterr);
        snprintf(path, sizeof path, "/%s", f->name);
        if (code == OK && !there)
            mistakes_add(&d->mistakes, path, SAYS_missing, service_kind(d->s, f->refers)->kind->name);
    }
    return code == OK && mistakes_any(&d->mistakes) ? err_set(reterr, E_FIELDS, "a record that this one needs is not there") : code;
}

static enum code version_check(struct txn *t, struct draft *d, struct err *reterr) {
    struct row row;
    enum code code = row_get(txn_sql(t), d->rec.info->number, &d->rec.id, &row, reterr);
    if (d->old == NULL && (code == E_NOT_FOUND || code == E_GONE))
        return code == E_GONE ? code : OK;
    if (code == OK && d->old == NULL)
        return err_set(reterr, E_CONFLICT, "there is already a record with this id");
    if (code == OK && row.version != d->old->version) {
        d->stale = true;
        return err_set(reterr, E_STALE, "the record has changed meanwhile: read it again");
    }
    return code;
}

static enum code parts_write(struct txn *t, struct draft *d, struct err *reterr) {
    const struct kind_info *k = d->rec.info;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < k->kind->part_count; i++) {
        const struct sealed *one = &d->seals[i];
        struct part_row p = { .part = k->parts[i], .key = one->id, .due = d->rec.parts[i].due, .blob = one->blob.data, .len = one->blob.len };
        if (one->drop)
            code = part_delete(t, k->number, &d->rec.id, k->parts[i], reterr);
        else if (!one->has && d->old != NULL && d->old->parts[i].has && d->rec.parts[i].due != d->old->parts[i].due) {
            p.key = d->old->parts[i].key;
            p.blob = d->old->parts[i].blob;
            p.len = d->old->parts[i].len;
            code = part_put(t, k->number, &d->rec.id, &p, reterr);
        } else if (one->has)
            code = part_put(t, k->number, &d->rec.id, &p, reterr);
    }
    for (size_t i = 0; code == OK && d->old != NULL && i < d->old->stray_count; i++)
        code = part_delete(t, k->number, &d->rec.id, d->old->strays[i].number, reterr);
    for (size_t i = 0; code == OK && i < d->doomed_count; i++)
        code = doomed_put(t, d->doomed[i], reterr);
    return code;
}

/* Values that were corrected or emptied, and those of a consent that was taken back, are gone with their keys: a certificate tells of these. What only moves
 * its fields, under another charter, keeps them. */
static enum code destroyed_note(struct txn *t, const struct draft *d, struct err *reterr) {
    char who[CALLER_TEXT];
    int64_t number;
    bool taken_back = false;
    for (size_t i = 0; d->old != NULL && i < d->rec.info->kind->part_count; i++)
        taken_back = taken_back || (d->old->parts[i].given != 0 && d->rec.parts[i].given == 0);
    return d->old == NULL || d->quiet || d->doomed_count == 0
        ? OK : destruction_put(t, taken_back ? "consent" : "moved", caller_text(d->who, who, sizeof who), "{}", d->doomed, d->doomed_count, &number, reterr);
}

/* With found_by_token off (mutation build) a careless store would keep what it searches beside the row. */
static void careless(const struct record *r, struct buf *clear) {
    const struct kind *k = r->info->kind;
    buf_cut(clear, clear->len - 1);
    buf_text(clear, clear->len > 1 ? ",\"$found\":[" : "\"$found\":[");
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].found != 0 && k->fields[i].level != L_PLAIN && r->values[i].set) {
            buf_add(clear, r->values[i].json, r->values[i].len);
            buf_char(clear, ',');
        }
    buf_text(clear, "0]}");
}

static enum code row_write(struct txn *t, struct draft *d, struct err *reterr) {
    struct record *r = &d->rec;
    AUTO(buf_done) struct buf clear = BUF((size_t)1 << 20);
    enum code code = record_clear(r, &clear, reterr);
    if (code == OK && !rule_on(RULE_found_by_token))
        careless(r, &clear);
    if (code == OK)
        code = txn_change(t, &r->change, reterr);
    struct row row = { .kind = r->info->number, .id = r->id, .version = r->version, .change = r->change, .created = r->created, .updated = r->updated,
                       .due = r->due, .parent = r->parent, .clear = buf_str(&clear), .number = r->number, .restricted = r->marks.restricted,
                       .objected = r->marks.objected, .unconfirmed = r->marks.unconfirmed, .imported = r->marks.imported };
    if (code == OK)
        code = row_put(t, &row, reterr);
    return code == OK && d->old == NULL && r->info->takes_forms ? door_put(t, r->info->number, &r->id, reterr) : code;
}

static enum code index_write(struct txn *t, struct draft *d, struct err *reterr) {
    struct sorted_value *sorted;
    size_t count;
    if (!index_changed(d))
        return OK;
    enum code code = find_sorted(&d->rec, d->arena, &sorted, &count, reterr);
    if (code != OK || (d->old == NULL && d->tokens.count == 0 && count == 0))
        return code;
    return index_put(t, d->rec.info->number, &d->rec.id, d->keys->generation, d->tokens.list, d->tokens.count, sorted, count, reterr);
}

/* A write may run twice: it starts from what was asked for. */
static void begin_again(struct txn *t, struct draft *d) {
    struct record *r = &d->rec;
    memcpy(r->values, d->wished, r->info->kind->field_count * sizeof *d->wished);
    mistakes_done(&d->mistakes);
    d->replayed = d->stale = d->more = false;
    d->doomed_count = d->doomed_ready;
    r->updated = txn_now(t);
    r->created = d->old == NULL ? r->updated : d->old->created;
    r->version = d->old == NULL ? 1 : d->old->version + 1;
    if (d->quiet) {
        PRE(d->old != NULL);
        r->updated = d->old->updated;
        r->version = d->old->version;
    }
}

static enum code rest_write(struct txn *t, struct draft *d, struct fact_source *src, uint64_t objected, struct err *reterr) {
    char who[CALLER_TEXT];
    enum code code = files_write(t, d, reterr);
    if (code == OK)
        code = consents_note(t, d, reterr);
    if (code == OK)
        code = objections_note(t, d, objected, reterr);
    if (code == OK && d->letter != NULL)
        code = post_put(t, d->letter, reterr);
    if (code == OK)
        code = parts_write(t, d, reterr);
    if (code == OK)
        code = destroyed_note(t, d, reterr);
    if (code == OK && !d->quiet)
        code = index_write(t, d, reterr);
    if (code == OK && !d->quiet)
        code = limits_fill(t, d, src, reterr);
    if (code == OK && d->old != NULL)
        code = children_redate(t, d, src, reterr);
    if (code == OK && d->what != NULL)
        code = ledger_append(t, d->verb, caller_text(d->who, who, sizeof who), d->what, reterr);
    if (code == OK && d->reply.wanted)
        code = reply_write(t, d, reterr);
    return code;
}

enum code draft_write(struct txn *t, struct draft *d, struct looked_up **known, struct err *reterr) {
    begin_again(t, d);
    struct fact_source src = { .s = d->s, .q = txn_sql(t), .who = d->who, .record = &d->rec, .arena = d->arena, .inside = true, .known = *known, .now = txn_now(t) };
    uint64_t objected = 0;
    enum code code = OK;
    if (d->reply.wanted)
        code = reply_check(t, d, reterr);
    if (code == OK && (d->old != NULL || d->own_id))
        code = version_check(t, d, reterr);
    if (code == OK && !d->quiet)
        code = links_check(d, &src, reterr);
    if (code == OK && !d->quiet)
        code = level_check(d, &src, reterr);
    if (code == OK && !d->quiet)
        code = limits_take(t, d, &src, reterr);
    if (code == OK && d->old == NULL)
        code = limits_number(t, d, reterr);
    if (code == OK)
        code = facts_due(&src, src.now, reterr);
    if (code == OK && !d->quiet)
        code = objections_inherit(t, d, &objected, reterr);
    if (code == OK)
        code = row_write(t, d, reterr);
    if (code == OK)
        code = rest_write(t, d, &src, objected, reterr);
    *known = src.known;
    return code;
}

static enum code write_alone(struct txn *t, void *arg, struct err *reterr) {
    struct looked_up *known = NULL;
    return draft_write(t, arg, &known, reterr);
}

/* ---- after the write */
enum code draft_settle(struct draft *d, struct err *reterr) {
    enum code code = doom_now(d->s, d->rec.tenant, d->doomed, d->doomed_count, reterr);
    if (code == OK && d->more)
        code = tasks_run(d->s, d->rec.tenant, NULL, reterr);
    return code;
}

#define GENERATIONS 3                         /* the index key was renewed under our hands: once more with the new one */
enum code draft_commit(struct draft *d, struct err *reterr) {
    enum code code = E_STALE;
    for (int n = 0; code == E_STALE && !d->stale && n < GENERATIONS; n++) {
        if (n > 0) {
            code = draft_rekey(d, reterr);
            if (code != OK)
                return code;
        }
        code = store_write(d->s->store, d->rec.tenant, write_alone, d, reterr);
        draft_answered(d, code);
    }
    struct err later;                          /* done is done: keys that could not be destroyed stand as doomed, the rest as tasks, and the upkeep goes on */
    if (code == OK)
        (void)!draft_settle(d, &later);
    return code;
}

/* New index keys: tokens and claims anew; seals stay. */
enum code draft_rekey(struct draft *d, struct err *reterr) {
    enum code code = index_keys_of(d->s, d->rec.tenant, true, d->keys, reterr);
    d->tokens.count = 0;
    memcpy(d->rec.values, d->wished, d->rec.info->kind->field_count * sizeof *d->wished);
    if (code == OK && index_changed(d))
        code = find_tokens(d->s, d->keys, &d->rec, kind_all(d->rec.info->kind), d->arena, &d->tokens, reterr);
    if (code == OK)
        code = limits_claims(d->s, d->keys, &d->rec, d->arena, &d->claims, reterr);
    if (code == OK && d->old != NULL)
        code = limits_claims(d->s, d->keys, d->old, d->arena, &d->old_claims, reterr);
    return code;
}

void draft_answered(struct draft *d, enum code code) {
    d->written = code == OK;
    d->unsure = d->unsure || (code != OK && !spare_sure(code));
}

void draft_end(struct draft *d) {
    bool unused = !d->written && !d->unsure;
    size_t parts = d->seals == NULL ? 0 : d->rec.info->kind->part_count;
    for (size_t i = 0; i < parts; i++) {
        struct sealed *one = &d->seals[i];
        if (one->fresh && unused)
            spare_give(d->s, d->rec.tenant, one->due, &one->id, &one->key, 1);
        buf_done(&one->blob);
        crypto_wipe(&one->key, sizeof one->key);
    }
    if (d->reply.wanted && unused && d->reply.id != 0)
        spare_give(d->s, d->rec.tenant, d->reply.due, &d->reply.id, &d->reply.key, 1);
    crypto_wipe(&d->reply.key, sizeof d->reply.key);
    mistakes_done(&d->mistakes);
    json_decref(d->what);
    d->what = NULL;
}
