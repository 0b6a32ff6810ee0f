/* lint_accounts.c — how people sign in, beside what they see: T18 (sensitive data behind a password alone), and a note on a role of
 * which nothing is said. */
#include "charter/lint_parts.h"

/* The first field that the person sees and that asks for more than a password: a sensitive one, or a personal one of a special
 * category. -1: none. `personal`: the first personal field will do. */
static int field_seen(const struct charter *c, const struct grant *g, bool personal) {
    const struct kind *k = charter_kind_at(c, g->kind);
    for (size_t i = 0; k != NULL && i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        bool special = f->level >= L_SENSITIVE || (f->level == L_PERSONAL && k->kind_of_data != NULL);
        if ((g->fields >> i & 1) != 0 && (personal ? f->level >= L_PERSONAL : special))
            return (int)i;
    }
    return -1;
}

/* The first grant by which the person, signed in, sees such a field; NULL. */
static const struct grant *grant_of(const struct charter *c, int person, bool personal, int *ret_field) {
    const struct grant *list;
    size_t count = charter_sees(c, &list);
    for (size_t i = 0; i < count; i++) {
        const struct grant *g = &list[i];
        if (g->person == person && !g->nothing_personal && (g->by_account || !g->by_link) && (*ret_field = field_seen(c, g, personal)) >= 0)
            return g;
    }
    return NULL;
}

static void role(struct lint *l, int person, const char *name) {
    const struct node *said = lint_get(l, "sign_in", name), *sees = lint_get(l, "who_sees", name);
    int field;
    if (!charter_signs_in(l->charter, person) || sees == NULL)
        return;
    const struct grant *g = charter_sign_in(l->charter, person).second ? NULL : grant_of(l->charter, person, false, &field);
    if (g != NULL) {
        const struct kind *k = charter_kind_at(l->charter, g->kind);
        lint_trap(l, "T18", said != NULL ? said : sees, "a password alone lets `%s` see %s of %s, which is %s; write `password of 12 characters and a second step`, or `passkey`",
                  name, k->fields[field].name, k->name, k->fields[field].level >= L_SENSITIVE ? "sensitive" : "data of a special category");
    } else if (said == NULL && lint_get(l, "sign_in", NULL) != NULL && grant_of(l->charter, person, true, &field) != NULL) {
        finding_key(l->findings, l->tree, FINDING_NOTE, "sign-in", sees, NULL,
                    "`%s` sees personal fields, and sign_in does not say how it signs in, so a password of %d characters is enough: say it", name, PASSWORD_LENGTH_LEAST);
    }
}

void lint_accounts(struct lint *l) {
    const struct person *people;
    size_t count = charter_people(l->charter, &people);
    for (size_t i = 0; i < count; i++)
        role(l, (int)i, people[i].name);
}
