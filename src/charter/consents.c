/* consents.c — what a kind says of its consents under `consents`: for which purpose one is needed, and when it ends. */
#include <string.h>

#include "charter/build.h"

const struct consent_rule *kind_consent_rule(const struct kind *k, const char *name) {
    for (size_t i = 0; name != NULL && i < k->consent_count; i++)
        if (strcmp(k->consents[i].name, name) == 0)
            return &k->consents[i];
    return NULL;
}

const struct consent_rule *kind_purpose_consent(const struct kind *k, int purpose) {
    for (size_t i = 0; purpose >= 0 && i < k->consent_count; i++)
        if (k->consents[i].purpose == purpose)
            return &k->consents[i];
    return NULL;
}

/* Is it the consent of a field, or the one that the whole record rests on? */
static bool is_asked(const struct kind *k, const char *name) {
    bool asked = k->because != NULL && strncmp(k->because, "consent ", 8) == 0 && strcmp(k->because + 8, name) == 0;
    for (size_t i = 0; i < k->field_count; i++)
        asked = asked || (k->fields[i].consent != NULL && strcmp(k->fields[i].consent, name) == 0);
    return asked;
}

static void build_use(struct build *b, const struct kind *k, const struct node *n, const struct capture *text, struct consent_rule *rule) {
    rule->purpose = kind_purpose(k, text->text);
    if (rule->purpose < 0)
        complain_at(b, "unknown-purpose", n, text->at, text->width, k->used_for_count > 0 ? k->used_for[k->used_for_count - 1].in[LANG_EN] : NULL,
                    "`%s` is not used for such a purpose: name one of used_for, in any of its languages", k->name);
    else if (rule->purpose == 0)
        complain_at(b, "first-purpose", n, text->at, text->width, NULL, "The first purpose is the one that is meant where none is named, so it needs no consent of its own: put it behind "
                    "another, or rest the whole record on it (`because: consent %s`)", rule->name);
    else if (kind_purpose_consent(k, rule->purpose) != NULL)
        complain_at(b, "named-twice", n, text->at, text->width, NULL, "Another consent is needed for this purpose already: one is enough");
    if (is_asked(k, rule->name))
        complain_key(b, "consent-twice", n, NULL, "`%s` is the consent of a field, or of the whole record: give the purpose one of its own, so that each may be taken back alone", rule->name);
    if (k->about < 0)
        complain_key(b, "consent-nobody", n, NULL, "`%s` is about nobody, so nobody can give this consent: say `about`", k->name);
}

static void build_rule(struct build *b, const struct kind *k, const struct node *n, struct consent_rule *rule) {
    const struct capture *ends = build_capture(b, n, "ends"), *text = build_capture(b, n, "text");
    *rule = (struct consent_rule){ .name = n->key, .purpose = -1 };
    if (ends != NULL && !capture_span(ends, &rule->lasts))
        rule->lasts.days = 1;                  /* the pattern has let only durations pass */
    if (text != NULL)
        build_use(b, k, n, text, rule);
    else if (ends != NULL && !is_asked(k, rule->name))
        complain_key(b, "unknown-consent", n, NULL, "Nothing of `%s` needs the consent `%s`: write what it is for, or leave the line out", k->name, rule->name);
}

#define RULES_MAX 8u                           /* with the consents of fields few enough for a form */
void build_consents(struct build *b) {
    for (size_t i = 0; i < b->c->kind_count; i++) {
        struct kind *k = &b->c->kinds[i];
        const struct node *list = node_get(b->work[i].node, "consents");
        if (list == NULL || list->type != NODE_MAP)
            continue;
        struct consent_rule *rules = BUILD_NEW(b, struct consent_rule, RULES_MAX);
        if (rules == NULL)
            return;
        k->consents = rules;
        if (list->count > RULES_MAX)
            complain_key(b, "too-many", list, NULL, "At most %u consents stand here", RULES_MAX);
        for (const struct node *n = list->first; n != NULL && k->consent_count < RULES_MAX; n = n->next) {
            build_rule(b, k, n, &rules[k->consent_count]);
            k->consent_count++;
        }
    }
}
