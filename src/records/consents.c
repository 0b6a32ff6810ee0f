/* consents.c — see consents.h. Objectors are looked for only where the tenant has any, one indexed read. */
#include "records/consents.h"

#include <string.h>

#include "records/locks.h"
#include "store/consent.h"
#include "store/version.h"

bool consent_given(const struct record *r, size_t consent) {
    const char *name = r->info->consents[consent];
    if (r->info->use_names[consent] != NULL)
        return (r->uses >> consent & 1) != 0;
    if (r->info->agreed != NULL && strcmp(r->info->agreed, name) == 0)
        return r->agreed != 0;
    for (size_t i = 0; i < r->info->kind->part_count; i++)
        if (r->info->kind->parts[i].consent != NULL && strcmp(r->info->kind->parts[i].consent, name) == 0)
            return r->parts[i].given != 0;
    return false;
}

const char *consent_way(const struct service *s, const struct caller *who, int kind) {
    if (who->by_session && (who->staff || !policy_own_is_subject(s->charter, who, kind)))
        return "staff";
    return who->by_form ? "form" : who->by_link ? "link" : who->by_session ? "account" : who->by_sejf ? "sejf" : "api";
}

static const char *way_of(const struct draft *d) {
    return d->way != NULL ? d->way : consent_way(d->s, d->confirms != NULL ? d->confirms : d->who, d->rec.info->index);
}

/* Does its person, itself, move the record out of the state that leaving a list brings it to (messages/unsubscribe.h)? */
static bool comes_back(const struct draft *d) {
    const struct kind *k = d->rec.info->kind;
    const char *way = way_of(d);
    bool moved = false;
    for (size_t i = 0; d->old != NULL && i < k->field_count; i++) {
        const int from = k->fields[i].type == T_ONE_OF && (d->changed >> i & 1) != 0 ? record_option(d->old, (int)i) : -1;
        moved |= from >= 0 && strcmp(k->fields[i].options[from], "unsubscribed") == 0;
    }
    return moved && (strcmp(way, "link") == 0 || strcmp(way, "account") == 0);
}

/* 0: nothing was said of it. */
static enum consent_state said(const struct draft *d, size_t n) {
    bool now = consent_given(&d->rec, n), before = d->old != NULL && consent_given(d->old, n);
    if (d->confirms != NULL && now)
        return CONSENT_GIVEN;                  /* anew, by the address itself */
    if (now && before && d->rec.info->agreed != NULL && strcmp(d->rec.info->agreed, d->rec.info->consents[n]) == 0 && comes_back(d))
        return CONSENT_GIVEN;                  /* anew, for it had left */
    if (now != before)
        return now ? CONSENT_GIVEN : CONSENT_WITHDRAWN;
    return d->consents_asked != NULL && d->consents_asked[n] && !now ? CONSENT_REFUSED : 0;
}

enum code consents_note(struct txn *t, const struct draft *d, struct err *reterr) {
    const struct kind_info *k = d->rec.info;
    char who[CALLER_TEXT];
    enum code code = OK;
    for (size_t i = 0; code == OK && i < k->consent_count; i++) {
        enum consent_state state = said(d, i);
        if (state == 0)
            continue;
        struct consent_row row = { .kind = k->number, .id = d->rec.id, .name = k->consents[i], .state = state, .until = USEC_NEVER, .shown = d->who->notice != NULL && state != CONSENT_WITHDRAWN,
                                   .way = way_of(d), .by = caller_text(d->confirms != NULL ? d->confirms : d->who, who, sizeof who) };
        if (row.shown)
            memcpy(row.text, d->who->notice, sizeof row.text);
        const struct consent_rule *rule = kind_consent_rule(k->kind, k->consents[i]);
        if (rule != NULL && state == CONSENT_GIVEN)
            row.until = consent_until(d->s, &rule->lasts, txn_now(t));
        code = consent_step_put(t, &row, reterr);
        if (code == OK && k->use_names[i] != NULL && state == CONSENT_GIVEN)
            code = lock_give(t, k->number, &d->rec.id, k->use_names[i], txn_now(t), reterr);
        else if (code == OK && k->use_names[i] != NULL)
            code = lock_take_back(t, k->number, &d->rec.id, k->use_names[i], reterr);
    }
    return code;
}

/* ---- objectors */
bool kind_address(const struct kind *k, int field) {
    const struct field *f = &k->fields[field];
    bool is = k->about >= 0 && (f->type == T_EMAIL || f->type == T_PHONE) && f->level != L_PLAIN && !f->masked;
    for (int i = 0; is && i < field; i++)
        is = k->fields[i].type != f->type || k->fields[i].masked;
    return is;
}

bool kind_objects(const struct kind *k) {
    bool any = false;
    for (size_t i = 0; i < k->field_count; i++)
        any = any || kind_address(k, (int)i);
    return any && k->used_for_count > 0;
}

enum code objector_mark(const struct service *s, const struct index_keys *keys, const struct kind_info *k, int64_t tenant, int field, const struct value *v,
                        struct arena *arena, bool *ret_is, struct mark *ret, struct token *ret_before, struct err *reterr) {
    *ret_is = v->set && kind_address(k->kind, field);
    if (!*ret_is)
        return OK;
    const char *fold = find_fold(&k->kind->fields[field], v, arena);
    *ret = (struct mark){ .generation = keys->generation };
    if (fold == NULL || !find_token(s, keys, k, tenant, field, FIND_EXACT, fold, strlen(fold), false, &ret->token) ||
        (keys->has_before && !find_token(s, keys, k, tenant, field, FIND_EXACT, fold, strlen(fold), true, ret_before)))
        return err_set(reterr, E_MEMORY, "no memory for an address");
    ret->before = keys->has_before ? ret_before : NULL;
    return OK;
}

static enum code field_objected(struct txn *t, struct draft *d, int field, uint64_t *purposes, struct err *reterr) {
    const struct kind_info *k = d->rec.info;
    struct token before;
    struct mark mark;
    bool is = false;
    enum code code = objector_mark(d->s, d->keys, k, d->rec.tenant, field, &d->rec.values[field], d->arena, &is, &mark, &before, reterr);
    for (size_t i = 0; code == OK && is && i < k->kind->used_for_count && i < 64; i++) {
        bool objected = false;
        code = objector_is(t, purpose_name(k->kind, (int)i), &mark, &objected, reterr);
        if (code == OK && objected)
            *purposes |= (uint64_t)1 << i;
    }
    return code;
}

enum code objections_inherit(struct txn *t, struct draft *d, uint64_t *ret_purposes, struct err *reterr) {
    const struct kind *k = d->rec.info->kind;
    bool any = false;
    enum code code = OK;
    *ret_purposes = 0;
    if (!d->objects || !rule_on(RULE_right_objection))
        return OK;
    code = objectors_any(txn_sql(t), &any, reterr);
    for (size_t i = 0; code == OK && any && i < k->field_count; i++)
        if ((d->changed >> i & 1) != 0)
            code = field_objected(t, d, (int)i, ret_purposes, reterr);
    if (code == OK && *ret_purposes != 0)
        d->rec.marks.objected = true;
    return code;
}

enum code objections_note(struct txn *t, const struct draft *d, uint64_t purposes, struct err *reterr) {
    enum code code = OK;
    for (size_t i = 0; code == OK && i < 64 && purposes >> i != 0; i++)
        if ((purposes >> i & 1) != 0)
            code = objection_put(t, &(struct objection_row){ .kind = d->rec.info->number, .id = d->rec.id, .purpose = purpose_name(d->rec.info->kind, (int)i), .by = "sejf" }, reterr);
    return code;
}
