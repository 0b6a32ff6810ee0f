/* purpose.c — for what a record is read: one of the purposes that its kind declares, and no other. */
#include "base/buf.h"
#include "policy/policy.h"

/* Who reads for a purpose at all: not sejf itself, nor the person whose record it is by its private link; and the operator's staff has
 * none, as it sees nothing personal outside a window. */
static bool has_purpose(const struct charter *c, const struct caller *who, const struct kind *k) {
    bool outside = (who->staff || charter_operator_staff(c, who->person)) && who->window == NULL;
    return !outside && !who->by_sejf && !who->by_form && !who->by_link && (k->used_for_count > 0 || k->personal) && rule_on(RULE_purpose_bound);
}

static uint64_t allowed(const struct caller *who, int kind) {
    return who->scope == NULL || (size_t)kind >= who->scope->kinds ? ~(uint64_t)0 : who->scope->of[kind].purposes;
}

static bool may(uint64_t set, size_t purpose) { return purpose < PURPOSES_MAX ? (set >> purpose & 1) != 0 : set == ~(uint64_t)0; }

/* The purposes that there are, in the charter's words: nothing of the caller's stands in the text. */
static enum code refuse(const struct kind *k, uint64_t set, struct err *reterr) {
    AUTO(buf_done) struct buf list = BUF(1024);
    for (size_t i = 0; i < k->used_for_count; i++)
        if (may(set, i))
            buf_printf(&list, "%s\"%s\"", list.len > 0 ? ", " : "", k->used_for[i].in[LANG_EN]);
    if (k->used_for_count == 0)
        return err_set(reterr, E_FORBIDDEN, "%s declares no purposes to choose from: leave Sejf-Purpose out", k->name);
    if (list.len == 0)
        return err_set(reterr, E_FORBIDDEN, "the token's scope leaves out every purpose of %s, and nothing is read without one", k->name);
    return err_set(reterr, E_FORBIDDEN, "%s is not used for the purpose that this call names: Sejf-Purpose may be %s", k->name, buf_str(&list));
}

enum code policy_purpose(const struct charter *c, const struct caller *who, int kind, int *ret, struct err *reterr) {
    PRE(c != NULL && who != NULL && reterr != NULL);
    const struct kind *k = charter_kind_at(c, kind);
    int purpose = -1;
    if (!has_purpose(c, who, k)) {
        if (ret != NULL)
            *ret = -1;
        return OK;
    }
    uint64_t set = allowed(who, kind);
    if (who->purpose != NULL) {
        purpose = kind_purpose(k, who->purpose);
        if (purpose < 0 || !may(set, (size_t)purpose))
            return refuse(k, set, reterr);
    }
    for (size_t i = 0; purpose < 0 && i < k->used_for_count; i++)
        if (may(set, i))
            purpose = (int)i;
    if (purpose < 0 && k->used_for_count > 0)
        return refuse(k, set, reterr);
    if (ret != NULL)
        *ret = purpose;
    return OK;
}
