/* sms.c — where text messages may go, what a tenant may spend on them in a day, and who approves a further prefix. */
#include <string.h>

#include "charter/build.h"
#include "charter/calling.h"
#include "charter/prices.h"

static void build_codes(struct build *b, const struct node *n) {
    const struct capture *c = build_capture(b, n, "codes");
    struct sms_rules *r = &b->c->sms;
    size_t state = 0, count = 0;
    int at, width;
    if (c == NULL)
        return;
    for (size_t s = 0; capture_next(c, b->c->arena, &s, &at, &width) != NULL;)
        count++;
    const char **codes = BUILD_NEW(b, const char *, count + 1);
    for (const char *code; codes != NULL && r->code_count < count && (code = capture_next(c, b->c->arena, &state, &at, &width)) != NULL;) {
        const struct calling *known = calling_of(code + 1);
        if (known == NULL)
            complain_at(b, "unknown-code", n, at, width, NULL, "No country has the code %s: leave it out, or write the one that is meant", code);
        else if (strcmp(known->code, code + 1) != 0)
            complain_at(b, "unknown-code", n, at, width, NULL, "%s is no code of a country: write +%s, for a list names whole countries", code, known->code);
        codes[r->code_count++] = code;
    }
    r->codes = codes;
    r->listed = true;
}

void build_sms(struct build *b) {
    const struct node *n = node_get(tree_root(b->c->tree), "sms");
    const struct node *spend = node_get(n, "spend"), *exceptions = node_get(n, "exceptions");
    const struct capture *amount = build_capture(b, spend, "amount"), *person = build_capture(b, exceptions, "person");
    struct sms_rules *r = &b->c->sms;
    r->approver = -1;
    build_codes(b, node_get(n, "only_to"));
    if (amount != NULL) {
        const char *currency = build_text(b, spend, "currency");
        r->capped = true;
        if (!price_micros(amount->text, strlen(amount->text), &r->spend))
            complain_at(b, "spend", spend, amount->at, amount->width, NULL, "A sum for a day has at most 9 digits before the point and 6 behind it");
        memcpy(r->currency, currency, strlen(currency) < sizeof r->currency ? strlen(currency) + 1 : 0);
    }
    if (person == NULL)
        return;
    const char *name = build_name(b, person);
    r->approver = name == NULL ? -1 : resolve_person(b, exceptions, name, person->at, person->width);
    if (r->approver >= 0 && !charter_operator_staff(b->c, r->approver)) {
        complain_at(b, "exceptions-by", exceptions, person->at, person->width, "administrator", "A further country is approved by the operator's staff: the administrator, the security officer or support");
        r->approver = -1;
    }
}

const struct sms_rules *charter_sms(const struct charter *c) { return &c->sms; }
