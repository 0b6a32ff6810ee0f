/* lines.c — every line of the charter that promises something, with the rules that keep it and the promise ids in the
 * comment behind it. */
#include <string.h>

#include "charter/build.h"
#include "charter/spoken.h"

/* A rule that a form has only where this was said. */
static const struct { enum form_id form; enum rule rule; const char *said; } conditions[] = {
    { FORM_SIGN_IN_PASSWORD, RULE_second_factor, "second" }, { FORM_SIGN_IN_PASSWORD, RULE_password_change, "age" },
    { FORM_AGREEMENT, RULE_agreement_made, "made" }, { FORM_AGREEMENT, RULE_agreement_signed, "signed" }, { FORM_AGREEMENT, RULE_agreement_sent, "sent" },
    { FORM_LOGS, RULE_logs_masked, "masked" }, { FORM_LOGS, RULE_regions_labelled, "eea" },
    { FORM_BACKUPS_DATABASE, RULE_backup_keep, "kept" }, { FORM_BACKUPS_FILES, RULE_backup_keep, "kept" }, { FORM_BACKUPS_CONFIGURATION, RULE_backup_keep, "kept" },
    { FORM_BACKUPS_STORED, RULE_regions_labelled, "eea" }, { FORM_RESTORE, RULE_restore_drill, "drill" },
    { FORM_SEES_NOT_PERSONAL, RULE_reads_recorded, "window" }, { FORM_SEES_NOT_PERSONAL, RULE_window_needed, "window" }, { FORM_COOKIE, RULE_cookies_consent, "consent" },
    { FORM_FORM, RULE_double_opt_in, "confirmed" }, { FORM_FIELD, RULE_consent_fields, "consent" }, { FORM_FIELD, RULE_masked_when_written, "masked" },
};

static int kind_of(const struct build *b, const struct node *n) {
    for (; n != NULL; n = n->parent)
        if (build_said(b, n)->key == KEY_KIND)
            return names_get(b->c->kind_names, n->key);
    return -1;
}

static bool applies(const struct build *b, const struct node *n, enum form_id form, enum rule rule) {
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
        if (conditions[i].form == form && conditions[i].rule == rule)
            return build_has(b, n, conditions[i].said);
    if (form == FORM_FIELD && rule == RULE_found_by_token)
        return build_has(b, n, "level") && (build_has(b, n, "exactly") || build_has(b, n, "word") || build_has(b, n, "prefix"));
    if (form == FORM_FIELD && rule == RULE_sealed_at_rest) {
        const struct kind *k = charter_kind_at(b->c, kind_of(b, n));
        int field = k != NULL ? kind_field(k, n->key) : -1;
        return field < 0 || !k->fields[field].outside;
    }
    return true;
}

static bool by_relation(const struct build *b, const struct node *n) {
    const struct said *s = build_said(b, n);
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->list[i].name, "of") == 0 && strcmp(s->list[i].text, "own") != 0)
            return true;
    return false;
}

static void add_rules(struct build *b, const struct node *n, const struct form_spec *f, enum form_id form, struct line *l) {
    enum rule *rules = BUILD_NEW(b, enum rule, f->rule_count + 1);
    if (rules == NULL)
        return;
    for (size_t i = 0; i < f->rule_count; i++)
        if (applies(b, n, form, f->rules[i]))
            rules[l->rule_count++] = f->rules[i];
    if (by_relation(b, n))
        rules[l->rule_count++] = RULE_sees_relations;
    l->rules = rules;
    l->rule = l->rule_count > 0 ? rules[0] : RULE_COUNT;
}

/* ---- promise ids: "D-13, D-14" behind two spaces and # ---- */

static size_t id_length(const char *p) {
    size_t letters = 0, digits;
    while (p[letters] >= 'A' && p[letters] <= 'Z')
        letters++;
    if (letters == 0 || letters > 3 || p[letters] != '-')
        return 0;
    digits = strspn(p + letters + 1, "0123456789");
    return digits >= 1 && digits <= 3 ? letters + 1 + digits : 0;
}

/* A comment that is anything but a list of ids is just a comment. */
static void add_ids(struct build *b, const char *comment, struct line *l) {
    size_t count = 0;
    const char *p = comment;
    while (p != NULL) {
        size_t n = id_length(p);
        if (n == 0)
            return;
        count++;
        p += n;
        p += strspn(p, " ");
        if (*p == '\0')
            break;
        if (*p != ',')
            return;
        p++;
        p += strspn(p, " ");
    }
    if (count == 0)
        return;
    const char **ids = BUILD_NEW(b, const char *, count);
    p = comment;
    for (size_t i = 0; i < count && ids != NULL; i++) {
        size_t n = id_length(p);
        ids[i] = arena_text_n(b->c->arena, p, n);
        b->no_memory |= ids[i] == NULL;
        p += n;
        p += strspn(p, " ,");
    }
    l->ids = ids;
    l->id_count = ids != NULL ? count : 0;
}

/* ---- texts and paths ---- */

static void join(const struct node *n, enum key_id key, struct buf *ret) {
    for (const struct node *c = n->first; c != NULL; c = c->next) {
        const char *text = spoken_text(c);
        if (c != n->first)
            buf_text(ret, ", ");
        if (key == KEY_HOLDS)
            buf_text(ret, c->key);
        else if (text == NULL)
            join(c, key, ret);
        else if (c->key != NULL)
            buf_printf(ret, "%s: %s", c->key, text);
        else
            buf_text(ret, text);
    }
}

/* The value as written, of a text by language the English one; of a map or list what says most: an item by its first value. */
static const char *text_of(struct build *b, const struct node *n, enum key_id key) {
    bool spoken = n->type == NODE_SCALAR || (key_spec(key)->flags & FLAG_SPOKEN) != 0;
    const char *said = spoken ? spoken_text(n) : NULL, *first = n->type == NODE_MAP && n->key == NULL && key != KEY_KEEP_ITEM ? spoken_text(n->first) : NULL;
    if (said != NULL || first != NULL)
        return said != NULL ? said : first;
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    if (key != KEY_PROCESSORS && key != KEY_EVIDENCES && key != KEY_PROMISED_FOR && key != KEY_NOT_SEALED && key != KEY_RECORDS && key != KEY_KIND)
        join(n, key, &text);
    const char *copy = arena_text(b->c->arena, buf_str(&text));
    b->no_memory |= copy == NULL;
    return copy != NULL ? copy : "";
}

/* The first node of a source line has its comment. */
static bool *comment_owners(struct build *b) {
    const struct tree *t = b->c->tree;
    size_t lines = (size_t)tree_lines(t), nodes = tree_nodes(t);
    bool *taken = BUILD_NEW(b, bool, lines + 1), *owner = BUILD_NEW(b, bool, nodes);
    for (size_t i = 0; i < nodes && taken != NULL && owner != NULL; i++) {
        int line = node_line(tree_node(t, i));
        if (b->c->said[i].form == FORM_NONE || line < 1 || (size_t)line > lines || taken[line])
            continue;
        taken[line] = owner[i] = true;
    }
    return owner;
}

static void add_line(struct build *b, const struct node *n, bool owns_comment) {
    struct charter *c = b->c;
    const struct said *s = build_said(b, n);
    const struct form_spec *f = form_spec(s->form);
    const struct key_spec *k = key_spec(s->key);
    struct line l = { .pos = n->key != NULL ? n->key_pos : n->pos, .rule = RULE_COUNT, .detail = (k->flags & FLAG_DETAIL) != 0,
                      .kind = f->keeper == KEEPER_RULE ? LINE_RULE : f->keeper == KEEPER_PAPER ? LINE_EVIDENCE : LINE_TEXT };
    if (owns_comment)
        add_ids(b, tree_comment(c->tree, node_line(n)), &l);
    if ((k->flags & (f->pattern != NULL ? FLAG_SHOWN : FLAG_HEADED)) == 0 && l.id_count == 0)
        return;
    AUTO(buf_done) struct buf path = BUF(4096);
    l.path = arena_text(c->arena, node_path(n, &path));
    l.text = text_of(b, n, s->key);
    l.number = kind_of(b, n);
    add_rules(b, n, f, s->form, &l);
    b->no_memory |= l.path == NULL;
    c->line_nodes[c->line_count] = n;
    c->lines[c->line_count++] = l;
}

void build_lines(struct build *b) {
    struct charter *c = b->c;
    size_t nodes = tree_nodes(c->tree);
    bool *owner = comment_owners(b);
    c->lines = BUILD_NEW(b, struct line, nodes);
    c->line_nodes = BUILD_NEW(b, const struct node *, nodes);
    for (size_t i = 0; i < nodes && !b->no_memory; i++)
        if (c->said[i].form != FORM_NONE)
            add_line(b, tree_node(c->tree, i), owner[i]);
}
