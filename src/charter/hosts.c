/* hosts.c — `hosts` of sejf.yaml: the machines on which this installation may start, a list of maps whose keys are rows of a table. */
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "charter/instance_read.h"

#define HOSTS_MAX 64u
#define ID_LEN 32u

struct key { const char *name; bool needed; void (*read)(struct reading *r, struct own_host *h, const struct node *n); };

static void text_of(struct reading *r, const struct node *n, const char **ret) {
    if (!instance_scalar(r, n))
        return;
    if (!instance_text(n->text) || n->text[0] == 0 || strlen(n->text) > 200)
        instance_complain(r, n, "bad-text", "at most 200 characters without control characters are read here");
    else
        *ret = arena_text(r->arena, n->text);
}

static void read_id(struct reading *r, struct own_host *h, const struct node *n) {
    if (!instance_scalar(r, n))
        return;
    if (strlen(n->text) != ID_LEN || strspn(n->text, "0123456789abcdef") != ID_LEN)
        instance_complain(r, n, "bad-value", "the machine's id is wanted here: 32 characters, as `sejf host` prints them on that machine");
    else
        h->id = arena_text(r->arena, n->text);
}
static void read_name(struct reading *r, struct own_host *h, const struct node *n) { text_of(r, n, &h->name); }
static void read_owner(struct reading *r, struct own_host *h, const struct node *n) { text_of(r, n, &h->owner); }
static void read_contract(struct reading *r, struct own_host *h, const struct node *n) { text_of(r, n, &h->contract); }

static const struct key keys[] = { { "id", true, read_id }, { "name", true, read_name }, { "owner", false, read_owner }, { "contract", false, read_contract } };

static void read_entry(struct reading *r, struct own_host *h, const struct node *n) {
    const char *words[ARRAY_LEN(keys)];
    if (n->type != NODE_MAP) {
        finding_node(r->findings, r->tree, FINDING_ERROR, "wrong-kind", n, NULL, "hosts: each machine is a map of id, name, owner and contract");
        return;
    }
    for (const struct node *one = n->first; one != NULL; one = one->next) {
        size_t i = 0;
        while (i < ARRAY_LEN(keys) && strcmp(keys[i].name, one->key) != 0) {
            words[i] = keys[i].name;
            i++;
        }
        if (i < ARRAY_LEN(keys))
            keys[i].read(r, h, one);
        else
            finding_key(r->findings, r->tree, FINDING_ERROR, "unknown-key", one, nearest(one->key, words, ARRAY_LEN(words)), "a machine of hosts has no key \"%s\"", one->key);
    }
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (keys[i].needed && node_get(n, keys[i].name) == NULL)
            finding_node(r->findings, r->tree, FINDING_ERROR, "missing-key", n, NULL, "hosts: a machine needs %s", keys[i].name);
}

void hosts_read(struct reading *r, const struct node *n) {
    if (n->type != NODE_LIST || n->count > HOSTS_MAX) {
        instance_complain(r, n, "wrong-kind", n->type == NODE_LIST ? "at most 64 machines are read here" : "a list of machines is wanted here");
        return;
    }
    struct own_host *list = arena_array(r->arena, n->count + 1, sizeof *list);
    if (list == NULL)
        return;
    for (const struct node *one = n->first; one != NULL; one = one->next) {
        struct own_host h = { .id = NULL };
        read_entry(r, &h, one);
        for (size_t i = 0; h.id != NULL && i < r->to->own_count; i++)
            if (strcmp(list[i].id, h.id) == 0)
                finding_node(r->findings, r->tree, FINDING_ERROR, "two-lines-contradict", one, NULL, "hosts: two machines have the same id");
        if (h.id != NULL && h.name != NULL)
            list[r->to->own_count++] = h;
    }
    r->to->own = list;
}

const struct own_host *instance_own(const struct instance *i, const char *id) {
    for (size_t n = 0; n < i->own_count; n++)
        if (strcmp(i->own[n].id, id) == 0)
            return &i->own[n];
    return NULL;
}
