/* instance_map.c — the maps of sejf.yaml: each key is a row of a table, an unknown one is told with the nearest that is known, a missing one by its name. */
#include <string.h>

#include "base/text.h"
#include "charter/instance_read.h"

#define TEXT_MOST 200u
#define KEYS_MAX 64u

const char *instance_line(struct reading *r, const struct node *n, size_t most) {
    if (!instance_scalar(r, n))
        return NULL;
    if (instance_text(n->text) && strlen(n->text) <= most)
        return arena_text(r->arena, n->text);
    instance_complain(r, n, "bad-text", arena_printf(r->arena, "at most %zu characters without control characters are read here", most));
    return NULL;
}

static void *slot(void *to, size_t at) { return (char *)to + at; }

void map_line(struct reading *r, void *to, const struct node *n, size_t at) {
    *(const char **)slot(to, at) = instance_line(r, n, TEXT_MOST);
}

void map_path(struct reading *r, void *to, const struct node *n, size_t at) {
    if (instance_scalar(r, n))
        *(const char **)slot(to, at) = instance_path(r, n);
}

void map_yes_no(struct reading *r, void *to, const struct node *n, size_t at) {
    if (!instance_scalar(r, n))
        return;
    *(bool *)slot(to, at) = strcmp(n->text, "yes") == 0;
    if (strcmp(n->text, "yes") != 0 && strcmp(n->text, "no") != 0)
        instance_complain(r, n, "not-yes-or-no", "yes or no is wanted here");
}

static const struct map_key *key_find(struct reading *r, const struct map_form *form, const struct node *n) {
    const char *words[KEYS_MAX];
    for (size_t i = 0; i < form->count; i++) {
        if (strcmp(form->keys[i].name, n->key) == 0)
            return &form->keys[i];
        if (i < KEYS_MAX)
            words[i] = form->keys[i].name;
    }
    finding_key(r->findings, r->tree, FINDING_ERROR, "unknown-key", n, nearest(n->key, words, form->count < KEYS_MAX ? form->count : KEYS_MAX), "%s has no key \"%s\"", form->whose, n->key);
    return NULL;
}

bool map_read(struct reading *r, const struct map_form *form, void *to, const struct node *n) {
    if (n->type != NODE_MAP) {
        instance_complain(r, n, "wrong-kind", form->wanted);
        return false;
    }
    for (const struct node *one = n->first; one != NULL; one = one->next) {
        const struct map_key *k = key_find(r, form, one);
        if (k != NULL && (form->fits == NULL || form->fits(r, to, k, one)))
            k->read(r, to, one, k->at);
    }
    for (size_t i = 0; i < form->count; i++)
        if (form->keys[i].is == MAP_MUST && node_get(n, form->keys[i].name) == NULL)
            finding_node(r->findings, r->tree, FINDING_ERROR, "missing-key", n, NULL, "%s needs %s%s", form->whose, form->keys[i].name, form->advice == NULL ? "" : form->advice);
    return true;
}
