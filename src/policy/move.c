/* move.c — what the kind says of its fields: what a new record needs, where states start, who moves them. */
#include "policy/policy.h"

fieldset kind_all(const struct kind *k) {
    return k->field_count >= FIELDS_MAX ? ~(fieldset)0 : ((fieldset)1 << k->field_count) - 1;
}

bool field_has_moves(const struct kind *k, int field) {
    for (size_t i = 0; i < k->move_count; i++)
        if (k->moves[i].field == field)
            return true;
    return false;
}

int kind_start(const struct kind *k, int field) {
    for (size_t i = 0; i < k->limit_count; i++)
        if (k->limits[i].type == LIMIT_CAPACITY && k->limits[i].state_field == field)
            return k->limits[i].full_option;
    return field_has_moves(k, field) ? 0 : -1;
}

fieldset kind_needs(const struct kind *k) {
    fieldset set = 0;
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        if (!f->optional && f->type != T_COUNTER && f->consent == NULL && kind_start(k, (int)i) < 0)
            set |= (fieldset)1 << i;
    }
    return set;
}

fieldset kind_asks(const struct kind *k) {
    fieldset set = 0;
    if (k->asks != 0)
        return k->asks;
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        if (f->type != T_FILE && f->type != T_REFERENCE && kind_start(k, (int)i) < 0)
            set |= (fieldset)1 << i;
    }
    return set;
}

enum code policy_stands(const struct caller *who, const struct facts *f, struct standing *ret, struct err *reterr) {
    PRE(who != NULL && f != NULL && ret != NULL && reterr != NULL);
    enum access_level level = LEVEL_NONE;
    struct standing at = { false, false };
    enum code code = f->owns(f->arg, who, &at.owns, reterr);
    if (code == OK)
        code = policy_level(who, f, &level, reterr);
    at.writes = level >= LEVEL_WRITE;
    if (code == OK)
        *ret = at;
    return code;
}

bool policy_move(const struct charter *c, const struct caller *who, int kind, int field, int from, int to, const struct standing *at, const char **ret_reason) {
    PRE(c != NULL && who != NULL && at != NULL && ret_reason != NULL);
    const struct kind *k = charter_kind_at(c, kind);
    const char *reason = "no declared move leads from its present state to that one";
    if (from == to || who->by_sejf || !rule_on(RULE_moves_enforced) || !field_has_moves(k, field))
        return true;
    for (size_t i = 0; i < k->move_count; i++) {
        const struct move *m = &k->moves[i];
        if (m->field != field || m->from != from || m->to != to)
            continue;
        if (at->writes && who->person >= 0 && (m->who >> who->person & 1) != 0 && (at->owns || !policy_own_is_subject(c, who, kind)))
            return true;
        reason = at->writes ? "the declared move is made by other people" : "the account's level here is to read, not to write";
    }
    *ret_reason = reason;
    return false;
}
