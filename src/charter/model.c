/* model.c — reading the frozen model. */
#include <string.h>

#include "base/text.h"
#include "charter/build.h"
#include "charter/spoken.h"

const char *charter_name(const struct charter *c) { return c->name; }
const char *charter_file(const struct charter *c) { return tree_name(c->tree); }
const struct words *charter_title(const struct charter *c) { return &c->title; }
const char *charter_updated(const struct charter *c) { return c->updated; }
const struct zone *charter_zone(const struct charter *c) { return c->zone; }
unsigned charter_speaks(const struct charter *c) { return c->speaks; }
enum lang charter_first_lang(const struct charter *c) { return c->first; }
const char *charter_operator(const struct charter *c) { return c->operator_name; }
const char *charter_contact(const struct charter *c) { return c->contact; }
const char *charter_authority(const struct charter *c) { return c->authority; }
int charter_tenant(const struct charter *c) { return c->tenant; }
const uint8_t *charter_hash(const struct charter *c) { return c->hash; }
const struct tree *charter_tree(const struct charter *c) { return c->tree; }

#define LIST(function, type, field) size_t function(const struct charter *c, const struct type **ret) { *ret = c->field##s; return c->field##_count; }
LIST(charter_kinds, kind, kind)
LIST(charter_relations, relation, relation)
LIST(charter_lines, line, line)
size_t charter_people(const struct charter *c, const struct person **ret) { *ret = c->people; return c->person_count; }
size_t charter_sees(const struct charter *c, const struct grant **ret) { *ret = c->sees; return c->sees_count; }
size_t charter_changes(const struct charter *c, const struct grant **ret) { *ret = c->changes; return c->changes_count; }
size_t charter_evidence(const struct charter *c, const struct evidence **ret) { *ret = c->evidence; return c->evidence_count; }

bool charter_has_changes(const struct charter *c, int person) { return person >= 0 && person < 32 && (c->changers >> person & 1) != 0; }

int charter_kind(const struct charter *c, const char *name) { return names_get(c->kind_names, name); }
int charter_person(const struct charter *c, const char *name) { return names_get(c->person_names, name); }
int charter_relation(const struct charter *c, const char *name) { return names_get(c->relation_names, name); }

int charter_form(const struct charter *c, const char *form) {
    for (size_t i = 0; i < c->kind_count; i++)
        if (c->kinds[i].form != NULL && strcmp(c->kinds[i].form, form) == 0)
            return (int)i;
    return -1;
}

int kind_field(const struct kind *k, const char *name) {
    for (size_t i = 0; i < k->field_count; i++)
        if (strcmp(k->fields[i].name, name) == 0)
            return (int)i;
    return -1;
}

int field_option(const struct field *f, const char *value) {
    for (size_t i = 0; i < f->option_count; i++)
        if (strcmp(f->options[i], value) == 0)
            return (int)i;
    return -1;
}

const struct kind *charter_kind_at(const struct charter *c, int kind) {
    return kind >= 0 && (size_t)kind < c->kind_count ? &c->kinds[kind] : NULL;
}

static const struct node *node_at(const struct charter *c, const char *path) {
    const struct node *n = tree_root(c->tree);
    while (*path != '\0' && n != NULL) {
        size_t len = strcspn(path, ".");
        int64_t at;
        const struct node *child = n->first;
        if (n->type == NODE_LIST && text_int_n(path, len, 0, INT32_MAX, &at))
            for (; child != NULL && at > 0; at--)
                child = child->next;
        else
            while (child != NULL && (child->key == NULL || strlen(child->key) != len || memcmp(child->key, path, len) != 0))
                child = child->next;
        n = child;
        path += len + (path[len] == '.');
    }
    return n;
}

const char *charter_value(const struct charter *c, const char *path) {
    const struct node *n = node_at(c, path);
    return n != NULL ? n->text : NULL;
}

const char *charter_text(const struct charter *c, const char *path, enum lang lang) { return spoken_in(node_at(c, path), lang); }
