/* keeps.c — how long: keep rules become parts (the fields that share a rule and a consent), and what hangs on them.
 * Part names are stable as long as groups keep their order: "main", "main+diet", "keep2", … */
#include <string.h>

#include "charter/build.h"

/* "event.ends" or "issued", "created", "changed": a time or date of the kind or of its parent. */
static bool build_anchor(struct build *b, const struct node *n, int kind, const struct capture *c, struct anchor *ret) {
    const struct kind *k = &b->c->kinds[kind];
    struct anchor a = { .kind = kind, .field = -1 };
    if (strcmp(c->text, "created") == 0 || strcmp(c->text, "changed") == 0) {
        a.type = c->text[1] == 'r' ? A_CREATED : A_CHANGED;
        *ret = a;
        return true;
    }
    if (strchr(c->text, '.') != NULL) {
        if (!resolve_path(b, n, c, &a.kind, &a.field))
            return false;
        a.type = a.kind == kind ? A_FIELD : A_PARENT_FIELD;
        if (a.kind != kind && a.kind != k->parent) {
            complain_at(b, "anchor-kind", n, c->at, c->width, NULL, "`%s` does not belong to `%s`: count from a field of its own, or of what it belongs to", k->name, b->c->kinds[a.kind].name);
            return false;
        }
    } else {
        a.type = A_FIELD;
        if ((a.field = resolve_field(b, n, kind, c->text, c->at, c->width)) < 0)
            return false;
    }
    const struct field *f = &b->c->kinds[a.kind].fields[a.field];
    if (f->type != T_TIME && f->type != T_DATE) {
        complain_at(b, "anchor-type", n, c->at, c->width, NULL, "`%s` is no time: count from a field of type `time` or `date`, from `created` or `changed`", c->text);
        return false;
    }
    need_outside(b, n, a.kind, a.field, c->at, c->width, "a keep rule counts from it");
    *ret = a;
    return true;
}

/* "count by status stays": the field has few options, none of which is a person's. */
static int build_count(struct build *b, const struct node *n, int kind) {
    const struct capture *c = build_capture(b, n, "count");
    int field = c == NULL ? -1 : resolve_field(b, n, kind, c->text, c->at, c->width);
    if (field < 0)
        return -1;
    if (b->c->kinds[kind].fields[field].type != T_ONE_OF)
        complain_at(b, "count-type", n, c->at, c->width, NULL, "`%s` has no options to count by: name a field of type `one of`", c->text);
    else
        need_outside(b, n, kind, field, c->at, c->width, "what stays is counted by it");
    return field;
}

static void build_keep(struct build *b, const struct node *n, int kind, struct keep *ret) {
    const struct kind *k = &b->c->kinds[kind];
    const struct capture *person = build_capture(b, n, "person"), *span = build_capture(b, n, "span"), *anchor = build_capture(b, n, "anchor"),
                         *parent = build_capture(b, n, "parent");
    *ret = (struct keep){ .type = KEEP_OWNER, .count = -1, .pos = n->pos, .text = n->text };
    if (person != NULL) {
        int who = names_get(b->c->person_names, build_name(b, person));      /* sections.c tells of unknown people */
        if (who >= 0 && who != b->c->tenant && who != k->about && b->c->tenant >= 0)
            complain_at(b, "keep-owner", n, person->at, person->width, NULL, "`%s` is neither the tenant nor the person whom `%s` is about: one of them deletes it", b->c->people[who].name, k->name);
    } else if (parent != NULL) {
        ret->type = KEEP_WITH_PARENT;
        int p = resolve_kind(b, n, parent->text, parent->at, parent->width);
        if (p >= 0 && p != k->parent)
            complain_at(b, "keep-parent", n, parent->at, parent->width, k->parent >= 0 ? b->c->kinds[k->parent].name : NULL,
                        "`%s` does not belong to `%s`: name what it belongs to, or another rule", k->name, parent->text);
    } else if (span != NULL && anchor != NULL) {
        ret->type = KEEP_SPAN;
        if (!capture_span(span, &ret->span))
            ret->span.days = 1;               /* the pattern has let only durations pass */
        if (build_anchor(b, n, kind, anchor, &ret->anchor))
            ret->anchor.end_of = build_has(b, n, "day") ? 'd' : build_has(b, n, "month") ? 'm' : build_has(b, n, "year") ? 'y' : 0;
        ret->count = build_count(b, n, kind);
    }
}

/* A law of the group's own; else the kind's, where it rests on one. What has no date is held by none. */
static bool build_law(struct build *b, const struct kind *k, const struct node *because, const struct keep *keep, struct words *ret) {
    const char *text = because == NULL ? NULL : build_text(b, because, "text");
    if (text != NULL && keep->type != KEEP_SPAN)
        complain(b, "law-without-date", because, NULL, "A law demands these fields until a date: write `for: DURATION after FIELD, then erase`");
    if (keep->type != KEEP_SPAN || (text == NULL && (k->because == NULL || strncmp(k->because, "law ", 4) != 0)))
        return false;
    *ret = text != NULL ? (struct words)WORDS(text, text, text) : k->ground;
    return true;
}

/* Adds the parts of one keep rule: its fields without consent first, then one for each consent. */
static void add_parts(struct build *b, struct kind *k, const char *name, fieldset fields, const struct keep *keep, const struct node *because) {
    struct words law = { { NULL } };
    const bool by_law = build_law(b, k, because, keep, &law);
    while (fields != 0) {
        const char *consent = NULL;
        fieldset set = 0;
        for (size_t i = 0; i < k->field_count; i++)
            if ((fields & BIT(i)) != 0 && k->fields[i].consent == NULL)
                set |= BIT(i);
        for (size_t i = 0; i < k->field_count && set == 0; i++)
            if ((fields & BIT(i)) != 0) {
                consent = k->fields[i].consent;
                for (size_t j = i; j < k->field_count; j++)
                    if ((fields & BIT(j)) != 0 && strcmp(k->fields[j].consent, consent) == 0)
                        set |= BIT(j);
            }
        for (size_t i = 0; i < k->field_count; i++)
            if ((set & BIT(i)) != 0)
                k->fields[i].part = (int)k->part_count;
        const char *full = consent != NULL ? arena_printf(b->c->arena, "%s+%s", name, consent) : name;
        b->no_memory |= full == NULL;
        k->parts[k->part_count++] = (struct part){ .name = full, .fields = set, .keep = *keep, .consent = consent, .by_law = by_law && consent == NULL, .law = law };
        fields &= ~set;
    }
}

/* Fields of one group; `number` may stand among them and means the record's own number. */
static fieldset group_fields(struct build *b, int kind, const struct node *n) {
    const struct kind *k = &b->c->kinds[kind];
    const struct capture *c = build_capture(b, n, "fields");
    fieldset set = 0;
    size_t state = 0;
    int at, width;
    if (c == NULL)
        return 0;
    for (const char *name; (name = capture_next(c, b->c->arena, &state, &at, &width)) != NULL;) {
        if (strcmp(name, "number") == 0 && k->number.set && names_get(b->work[kind].fields, name) < 0)
            continue;
        int field = resolve_field(b, n, kind, name, at, width);
        if (field < 0)
            continue;
        if ((set & BIT(field)) != 0)
            complain_at(b, "named-twice", n, at, width, NULL, "`%s` is named twice: once is enough", name);
        set |= BIT(field);
    }
    return set;
}

static void build_groups(struct build *b, int kind, const struct node *list) {
    struct kind *k = &b->c->kinds[kind];
    fieldset done = 0, all = k->field_count == 64 ? UINT64_MAX : BIT(k->field_count) - 1;
    int number = 0;
    bool whole = true;
    for (const struct node *n = list->first; n != NULL; n = n->next) {
        const struct node *fields = node_get(n, "fields"), *how = node_get(n, "for");
        struct keep keep;
        number++;
        if (build_said(b, fields)->form == FORM_NONE || build_said(b, how)->form == FORM_NONE) {
            whole = false;
            continue;
        }
        fieldset set = group_fields(b, kind, fields);
        for (size_t i = 0; i < k->field_count; i++)
            if ((set & done & BIT(i)) != 0)
                complain(b, "kept-twice", fields, NULL, "`%s` has a keep rule above already: name it in one group only", k->fields[i].name);
        build_keep(b, how, kind, &keep);
        const char *name = number == 1 ? "main" : arena_printf(b->c->arena, "keep%d", number);
        add_parts(b, k, name != NULL ? name : "", set & ~done, &keep, node_get(n, "because"));
        done |= set;
    }
    for (size_t i = 0; i < k->field_count && whole; i++)
        if (((all & ~done) & BIT(i)) != 0)
            complain_key(b, "not-kept", list, NULL, "`%s` has no keep rule: name it in one of the groups", k->fields[i].name);
}

static void build_when_deleted(struct build *b, int kind, const struct node *n) {
    const struct said *s = build_said(b, n);
    struct kind *k = &b->c->kinds[kind];
    bool erase = false;
    if (s->form == FORM_NONE)
        return;
    k->when_deleted = BUILD_NEW(b, struct when_deleted, s->count);
    for (size_t i = 0; i < s->count && k->when_deleted != NULL; i++) {
        const struct capture *c = &s->list[i];
        if (c->type == C_FLAG) {
            erase = strcmp(c->name, "erase") == 0;
            continue;
        }
        int child = resolve_kind(b, n, c->text, c->at, c->width);
        if (child < 0)
            continue;
        if (b->c->kinds[child].parent != kind)
            complain_at(b, "not-a-child", n, c->at, c->width, NULL, "`%s` does not belong to `%s`: name kinds whose `belongs_to` is `%s`", c->text, k->name, k->name);
        for (size_t j = 0; j < k->when_deleted_count; j++)
            if (k->when_deleted[j].kind == child)
                complain_at(b, "named-twice", n, c->at, c->width, NULL, "`%s` is named twice: erase it or keep it", c->text);
        k->when_deleted[k->when_deleted_count++] = (struct when_deleted){ child, erase };
    }
}

/* Whether anybody of that role can be told, sections.c says. */
static struct warn build_warn(struct build *b, const struct node *n) {
    const struct capture *person = build_capture(b, n, "person"), *span = build_capture(b, n, "span"), *room = build_capture(b, n, "room");
    struct warn w = { .person = -1 };
    if (person == NULL || span == NULL || !capture_span(span, &w.before))
        return w;
    w.person = names_get(b->c->person_names, build_name(b, person));
    if (room != NULL && !capture_span(room, &w.room))
        w.room = (struct span){ 0 };
    return w;
}

void build_keeps(struct build *b) {
    struct charter *c = b->c;
    for (size_t i = 0; i < c->kind_count && !b->no_memory; i++) {
        struct kind *k = &c->kinds[i];
        const struct node *keep = node_get(b->work[i].node, "keep");
        k->parts = BUILD_NEW(b, struct part, k->field_count + 1);
        if (k->parts == NULL)
            return;
        if (keep != NULL && keep->type == NODE_LIST) {
            build_groups(b, (int)i, keep);
        } else if (keep != NULL && build_said(b, keep)->form != FORM_NONE) {
            struct keep rule;
            build_keep(b, keep, (int)i, &rule);
            add_parts(b, k, "main", k->field_count == 64 ? UINT64_MAX : BIT(k->field_count) - 1, &rule, NULL);
        }
        build_when_deleted(b, (int)i, node_get(b->work[i].node, "when_deleted"));
        k->warn = build_warn(b, node_get(b->work[i].node, "warn"));
        build_remind(b, (int)i, node_get(b->work[i].node, "remind"));
    }
}
