/* checks.c — what must hold across the model: personal data has its reasons, forms can be filled, nothing runs in
 * circles; and which fields lie outside the sealed part. */
#include <string.h>

#include "charter/build.h"

static const struct { const char *key, *what; } reasons[] = {
    { "we_are", "`we_are`: controller, or processor for whom" }, { "about", "`about`: the person whom it is about" },
    { "because", "`because`: the legal ground" }, { "used_for", "`used_for`: the purposes" },
};

static void check_reasons(struct build *b, int kind) {
    const struct kind *k = &b->c->kinds[kind];
    for (size_t i = 0; i < ARRAY_LEN(reasons) && k->personal; i++)
        if (node_get(b->work[kind].node, reasons[i].key) == NULL && strcmp(reasons[i].key, "used_for") != 0)
            complain_key(b, "personal-needs", b->work[kind].node, NULL, "`%s` holds personal fields, so it needs %s", k->name, reasons[i].what);
}

/* A chain of belongs_to must end at the tenant. */
static void check_circle(struct build *b, int kind) {
    int at = kind;
    for (size_t step = 0; at >= 0; step++) {
        if (step > b->c->kind_count || (step > 0 && at == kind)) {
            if (at == kind)                   /* told once for each kind of the circle */
                complain(b, "circle", node_get(b->work[kind].node, "belongs_to"), NULL, "`%s` belongs to itself in the end: one of the circle must belong to the tenant", b->c->kinds[kind].name);
            return;
        }
        at = b->c->kinds[at].parent;
    }
}

static fieldset moved_fields(const struct kind *k) {
    fieldset set = 0;
    for (size_t i = 0; i < k->move_count; i++)
        set |= BIT(k->moves[i].field);
    for (size_t i = 0; i < k->limit_count; i++)
        if (k->limits[i].type == LIMIT_CAPACITY && k->limits[i].state_field >= 0)
            set |= BIT(k->limits[i].state_field);
    return set;
}

static void check_asked(struct build *b, int kind, const struct node *form, const struct capture *c) {
    struct kind *k = &b->c->kinds[kind];
    fieldset moved = moved_fields(k);
    k->asks = resolve_fields(b, form, c, kind, false);
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        bool asked = (k->asks & BIT(i)) != 0;
        if (asked && (moved & BIT(i)) != 0)
            complain_at(b, "form-state", form, c->at, c->width, NULL, "`%s` is changed by moves, so a form cannot ask for it: leave it out", f->name);
        if (asked && f->level == L_SECRET)
            complain_at(b, "form-secret", form, c->at, c->width, NULL, "`%s` is secret, so a public form cannot ask for it: leave it out", f->name);
        if (!asked && !f->optional && (moved & BIT(i)) == 0)
            complain_at(b, "form-incomplete", form, c->at, c->width, NULL, "The form never asks for `%s`, which every record needs: add it, or make the field optional", f->name);
    }
}

/* The letter goes to the first e-mail address of whom the record is about, and leads to that person's private link. The address has to be
 * findable: only then is a second letter to it known for one, and the letters that anybody can have sent there have a bound. */
static void check_confirmed(struct build *b, int kind, const struct node *form) {
    const struct kind *k = &b->c->kinds[kind];
    const struct capture *word = build_capture(b, form, "confirmed");
    size_t at = 0;
    bool link = false;
    if (word == NULL)
        return;
    while (at < k->field_count && (k->fields[at].type != T_EMAIL || k->fields[at].level == L_PLAIN || k->fields[at].masked))
        at++;
    if (at == k->field_count || (k->asks & BIT(at)) == 0 || k->fields[at].optional)
        complain_at(b, "confirmed-address", form, word->at, word->width, NULL, "Nobody can be asked to confirm: the form must ask for a personal e-mail address that is not optional");
    else if ((k->fields[at].found & FIND_EXACT) == 0)
        complain_at(b, "confirmed-found", form, word->at, word->width, NULL, "The letter goes to `%s`, which is not found again, so a stranger could have any number of letters sent to "
                    "somebody: write `found exactly` at that field", k->fields[at].name);
    for (size_t i = 0; i < b->c->sees_count; i++)
        link = link || (b->c->sees[i].by_link && b->c->sees[i].person == k->about && b->c->sees[i].kind == kind);
    if (k->about >= 0 && !link)
        complain_at(b, "confirmed-link", form, word->at, word->width, NULL, "The confirmation is a private link, which no line of who_sees gives: let `%s` see its own `%s` by private link",
                    b->c->people[k->about].name, k->name);
}

static void check_form(struct build *b, int kind, struct names *forms) {
    const struct node *form = node_get(b->work[kind].node, "form");
    const struct capture *name = build_capture(b, form, "form"), *asks = build_capture(b, form, "asks");
    struct kind *k = &b->c->kinds[kind];
    if (name == NULL)
        return;
    k->form = name->text;
    k->confirmed = build_has(b, form, "confirmed");
    if (!names_add(forms, name->text, kind))
        complain_at(b, "form-twice", form, name->at, name->width, NULL, "`%s` makes records of `%s` already: give this form a name of its own", name->text, b->c->kinds[names_get(forms, name->text)].name);
    if (asks != NULL) {
        check_asked(b, kind, form, asks);
        check_confirmed(b, kind, form);
        return;
    }
    fieldset moved = moved_fields(k);
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        bool left_out = f->type == T_FILE || f->level == L_SECRET || (f->type == T_REFERENCE && f->optional);
        if (!left_out && (moved & BIT(i)) == 0)
            k->asks |= BIT(i);
    }
    check_confirmed(b, kind, form);
}

static void check_tenant_sees(struct build *b) {
    bool sees = b->c->tenant < 0;
    for (size_t i = 0; i < b->c->sees_count && !sees; i++)
        sees = b->c->sees[i].person == b->c->tenant;
    const struct node *map = node_get(tree_root(b->c->tree), "who_sees");
    if (!sees && map != NULL && map->type == NODE_MAP)
        complain_key(b, "tenant-blind", map, NULL, "The tenant `%s` sees nothing: say what it sees", b->c->people[b->c->tenant].name);
}

/* The law gives one month (Art. 12(3) GDPR); a promise may give less. */
static void check_rights(struct build *b) {
    static const char word[] = "within ";
    const struct node *n = node_get(tree_root(b->c->tree), "rights");
    if (n != NULL && n->type == NODE_MAP)
        n = node_get(n, "answered");
    const char *at = n == NULL || n->type != NODE_SCALAR ? NULL : strstr(n->text, word);
    struct span span, month = { .months = 1 };
    if (at != NULL && span_parse(at + strlen(word), &span) && span_days(&span) > span_days(&month))
        complain(b, "longer-than-law", n, NULL, "The law gives one month for an answer (Art. 12(3) GDPR), and this is longer: write `within 1 month` or less; two more months can be "
                 "taken for a single request, with reasons");
}

static void mark_outside(struct build *b, int kind) {
    struct kind *k = &b->c->kinds[kind];
    k->outside = b->needed[kind];
    for (size_t i = 0; i < k->field_count; i++) {
        if (k->fields[i].sorted && k->fields[i].level == L_PLAIN)
            k->outside |= BIT(i);
        k->fields[i].outside = (k->outside & BIT(i)) != 0;
    }
}

void build_checks(struct build *b) {
    struct charter *c = b->c;
    struct names *forms = names_new(c->arena, c->kind_count);
    if (forms == NULL) {
        b->no_memory = true;
        return;
    }
    for (size_t i = 0; i < c->kind_count; i++) {
        check_reasons(b, (int)i);
        check_circle(b, (int)i);
        check_form(b, (int)i, forms);
        mark_outside(b, (int)i);
    }
    check_tenant_sees(b);
    check_rights(b);
}
